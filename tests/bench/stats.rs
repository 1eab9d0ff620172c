//! Seconds per figure of the review's statistics: `cargo bench --bench stats`.
//!
//! Inputs are whole-number arithmetic, so that `stats.py` beside this file times scikit-learn
//! on the very same rows. Two cores, nothing else running, one after the other:
//!
//! | figure | here | scikit-learn 1.9.1 |
//! |---|---|---|
//! | AUC, 20,000 rows | 0.30 ms | 6.7 ms |
//! | AUC with DeLong interval, 20,000 rows | 0.54 ms | has none |
//! | AUC, 200,000 rows | 4.0 ms | 59 ms |
//! | 2,000 resamples of an AUC, 20,000 rows | 0.086 s | 22 s (one, times 2,000) |
//! | 2,000 resamples of seven figures, 20,000 rows | 0.11 s | 72 s for the two AUCs and two APs among them |
//!
//! A plain AUC is one sort in both; the figures with intervals are where the time goes.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use healthscore::stats::{
    Clusters, Depth, Draws, Plan, RankFigure, Ranking, auc, bootstrap, brier_rows, delong,
    delong_paired,
};

struct Rows {
    first: Vec<f64>,
    second: Vec<f64>,
    event: Vec<bool>,
    cluster: Vec<u32>,
}

/// Rows with 12 % events; five in six stand in a cluster of their own.
fn rows(n: u64) -> Rows {
    let event = |i: u64| i * 104_729 % 1000 < 120;
    let risk = |a: u64, m: u64, lift: u64| -> Vec<f64> {
        let of = |i: u64| i * a % m + lift * u64::from(event(i));
        (0..n).map(|i| of(i) as f64).collect()
    };
    Rows {
        first: risk(7919, 100_003, 9000),
        second: risk(6101, 100_019, 7000),
        event: (0..n).map(event).collect(),
        cluster: (0..n)
            .map(|i| if i % 6 == 5 { i - 1 } else { i } as u32)
            .collect(),
    }
}

fn figures(c: &mut Criterion) {
    for n in [20_000, 200_000] {
        let rows = rows(n);
        c.bench_function(&format!("auc/{n}"), |b| {
            b.iter(|| auc(black_box(&rows.first), &rows.event));
        });
        c.bench_function(&format!("delong/{n}"), |b| {
            b.iter(|| delong(black_box(&rows.first), &rows.event));
        });
        c.bench_function(&format!("delong paired/{n}"), |b| {
            b.iter(|| delong_paired(&rows.first, &rows.second, &rows.event));
        });
    }
}

/// Two thousand resamples of four figures of two candidates and their differences.
fn resampling(c: &mut Criterion) {
    let rows = rows(20_000);
    let clusters = Clusters::new(&rows.cluster, &[&rows.first, &rows.second]).unwrap();
    let rankings =
        [&rows.first, &rows.second].map(|risk| Ranking::new(risk, &rows.event, None).unwrap());
    let probability: Vec<f64> = rows.first.iter().map(|risk| risk / 120_000.0).collect();
    let losses = brier_rows(&probability, &rows.event).unwrap();
    let mut group = c.benchmark_group("2000 resamples of 20000 rows");
    group.sample_size(10);
    let one = [clusters.figures(&rankings[0], &[RankFigure::Auc])];
    group.bench_function("draws and one AUC", |b| {
        b.iter(|| bootstrap(&clusters, &one, &Draws::new(Plan::new(1))));
    });
    let each = [
        RankFigure::Auc,
        RankFigure::AveragePrecision,
        RankFigure::Capture(Depth::Share(0.1)),
    ];
    let all = [
        clusters.figures(&rankings[0], &each),
        clusters.figures(&rankings[1], &each),
        clusters.mean(&losses, None).unwrap(),
    ];
    group.bench_function("seven figures", |b| {
        b.iter(|| bootstrap(&clusters, &all, &Draws::new(Plan::new(1))));
    });
}

criterion_group!(benches, figures, resampling);
criterion_main!(benches);
