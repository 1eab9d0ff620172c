//! Seconds until a column of values has its scores: `cargo bench --bench curves`.
//!
//! A run scores every metric of every account once, so a curve over 100,000 values is what one more
//! metric costs a night of that many accounts. A tenth of the values is missing.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use healthscore::model::curve::Curve;
use healthscore::model::file::{Better, CurveFile, MapFile, PercentileFile};
use healthscore::scores;
use polars::prelude::*;

const VALUES: usize = 100_000;
const TEXTS: [&str; 5] = ["active", "idle", "new", "paused", "vacant"];

/// Whole numbers below `highest` that follow no order, as parts of `highest`; or nothing.
fn numbers(highest: usize) -> impl Iterator<Item = Option<usize>> {
    (0..VALUES).map(move |n| (n % 10 != 3).then_some(n * 7919 % highest))
}

fn values() -> DataFrame {
    df!(
        "number" => numbers(1009).map(|n| n.map(|n| n as f64 / 1009.0)).collect::<Vec<_>>(),
        "text" => numbers(TEXTS.len()).map(|n| n.map(|n| TEXTS[n])).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn written() -> [(&'static str, &'static str, CurveFile); 4] {
    let shares = (0..=100).map(|n| f64::from(n * n) / 10_000.0);
    [
        (
            "lines of 4 points",
            "number",
            CurveFile::Points(vec![[0.0, 0.0], [0.2, 40.0], [0.6, 80.0], [0.9, 100.0]]),
        ),
        (
            "4 steps",
            "number",
            CurveFile::Steps(vec![[0.0, 0.0], [0.2, 40.0], [0.6, 80.0], [0.9, 100.0]]),
        ),
        (
            "percentile of 101 points",
            "number",
            CurveFile::Percentile(PercentileFile {
                as_of: "2026-01-31".parse().unwrap(),
                population: "all".to_owned(),
                accounts: 1000,
                points: shares.zip(0u8..).map(|(x, y)| [x, y.into()]).collect(),
            }),
        ),
        (
            "map of 5 texts",
            "text",
            CurveFile::Map(MapFile {
                values: TEXTS
                    .iter()
                    .zip(1u8..)
                    .map(|(text, n)| ((*text).to_owned(), f64::from(20 * n)))
                    .collect(),
                other: None,
            }),
        ),
    ]
}

fn curves(bench: &mut Criterion) {
    let values = values();
    let mut group = bench.benchmark_group(format!("{VALUES} values"));
    for (name, column, file) in written() {
        let better = matches!(file, CurveFile::Percentile(_)).then_some(Better::Higher);
        let curve = Curve::resolve(&file, [0.0, 100.0], better).unwrap();
        let score = scores::curve(&col(column), &curve).alias("score");
        group.bench_function(name, |b| {
            b.iter(|| {
                let values = black_box(&values).clone().lazy();
                values.select([score.clone()]).collect().unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, curves);
criterion_main!(benches);
