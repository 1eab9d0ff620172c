//! The review that comes with the program, from the command line to the charts, on a small sample:
//! a plan that a stack cannot hold, or that the engine refuses, is a red test here.

use std::path::Path;

use healthscore::publish::decode;

use crate::harness::World;

#[test]
fn the_quarterly_job_reviews_a_small_sample_with_the_shipped_model() {
    let world = World::empty();
    let made = world.command(&[
        "sample",
        "--accounts",
        "60",
        "--months",
        "18",
        "--out",
        "data",
    ]);
    assert!(made.status.success(), "{made:?}");
    let jobs = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs");
    let mut job = std::fs::read_to_string(jobs.join("quarterly.toml")).unwrap();
    for name in ["exports.toml", "measures.toml", "models/five_category.toml"] {
        let path = jobs.join(name).display().to_string();
        job = job.replace(&format!("\"{name}\""), &format!("\"{path}\""));
    }
    // Two leads tell as much as four here, and fewer draws do.
    for (from, to) in [
        ("../sample_data", "data"),
        ("../reports", "out"),
        ("\"30d\", \"60d\", \"90d\", \"180d\"", "\"30d\", \"90d\""),
        ("resamples = 2000", "resamples = 100"),
        ("permutations = 1000", "permutations = 100"),
    ] {
        assert!(job.contains(from), "quarterly.toml does not hold {from}");
        job = job.replace(from, to);
    }
    world.write("quarterly.toml", &job);
    let run = world.command(&["run", "quarterly.toml"]);
    let shown = String::from_utf8(run.stdout).unwrap();
    let complaints = String::from_utf8(run.stderr).unwrap();
    let status = run.status.code();
    assert!(
        matches!(status, Some(0 | 4)),
        "{status:?}\n{shown}\n{complaints}"
    );
    assert!(!complaints.contains("panicked"), "{complaints}");
    for line in [
        "AUC for churn at 90 days",
        "Categories by AUC",
        "published ",
    ] {
        assert!(shown.contains(line), "no {line}:\n{shown}");
    }
    let folder = world.path().join("out/quarterly/as_of=2026-10-31");
    for table in [
        "backtest_rows",
        "backtest_figures",
        "mismatches",
        "profiles",
        "sensitivity",
    ] {
        let frame = decode(&folder.join(format!("{table}.parquet"))).unwrap();
        assert!(frame.height() > 0, "{table} is empty");
    }
    let charts = std::fs::read_dir(folder.join("charts")).unwrap();
    assert_eq!(charts.count(), 18);
}
