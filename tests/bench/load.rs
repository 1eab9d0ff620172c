//! Seconds until a job is ready to run: `cargo bench --bench load`.
//!
//! It reads the shipped configuration (22 exports, 226 measures, a model with its rules), the
//! footers of the sample, and checks every formula. No row is read.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use healthscore::jobs::settings::{self, Overrides};

fn load(bench: &mut Criterion) {
    let job = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs/nightly.toml");
    let today = "2026-11-24".parse().unwrap();
    let overrides = Overrides {
        as_of: Some("2026-10-31".to_owned()),
        ..Overrides::default()
    };
    bench.bench_function("load the nightly job", |b| {
        b.iter(|| settings::load(black_box(&job), &overrides, today).unwrap());
    });
}

criterion_group!(benches, load);
criterion_main!(benches);
