//! Seconds until a job is ready to run: `cargo bench --bench load`.
//!
//! It reads the shipped configuration (22 exports, 226 measures, two models with their rules), the
//! footers of the sample, and checks every formula. No row is read. The second figure is the same with
//! every measure there twice, the copy read by nobody: the difference is what unused measures cost.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use healthscore::jobs::settings::{self, Overrides};

fn load(bench: &mut Criterion) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let jobs = project.join("jobs");
    let doubled = tempfile::tempdir().unwrap();
    let twice = with_unused_copies(&jobs, doubled.path());
    let today = "2026-11-24".parse().unwrap();
    let overrides = Overrides {
        as_of: Some("2026-10-31".to_owned()),
        exports: Some(project.join("sample_data")),
        ..Overrides::default()
    };
    let nightly = jobs.join("nightly.toml");
    for (name, job) in [
        ("load the nightly job", nightly),
        ("load it with every measure there twice", twice),
    ] {
        bench.bench_function(name, |b| {
            b.iter(|| settings::load(black_box(&job), &overrides, today).unwrap());
        });
    }
}

/// Copies the configuration, adds each measure again under another name, and returns the job.
fn with_unused_copies(jobs: &Path, to: &Path) -> PathBuf {
    fs::create_dir(to.join("models")).unwrap();
    for file in [
        "nightly.toml",
        "exports.toml",
        "models/five_category.toml",
        "models/scorecard_1to5.toml",
    ] {
        fs::copy(jobs.join(file), to.join(file)).unwrap();
    }
    let measures = fs::read_to_string(jobs.join("measures.toml")).unwrap();
    let copies = measures.replace("[measures.", "[measures.unused_");
    fs::write(to.join("measures.toml"), format!("{measures}\n{copies}")).unwrap();
    to.join("nightly.toml")
}

criterion_group!(benches, load);
criterion_main!(benches);
