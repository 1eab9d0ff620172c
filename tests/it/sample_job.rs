//! The job that the README runs, on the sample that comes with the program.

use std::path::PathBuf;

use healthscore::publish::{Stamp, encode};
use polars::prelude::*;

use crate::catalogue::NIGHTLY;
use crate::harness::{SAMPLE, date, files_below};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_sample_is_what_the_command_makes() {
    let made = &*SAMPLE;
    let folder = root().join("sample_data");
    let mut expected: Vec<PathBuf> = made
        .exports
        .iter()
        .map(|export| folder.join(&export.path))
        .collect();
    expected.extend([folder.join("truth.json"), folder.join("README.md")]);
    expected.sort();
    assert_eq!(
        files_below(&folder),
        expected,
        "refresh with `healthscore sample --out sample_data` into an empty folder"
    );
    let stamp = Stamp {
        program: healthscore::jobs::manifest::PROGRAM.to_owned(),
        pairs: vec![],
    };
    for export in &made.exports {
        let bytes = encode(&export.frame, &[], &[], &stamp).unwrap();
        assert!(
            bytes == std::fs::read(folder.join(&export.path)).unwrap(),
            "{} is not current",
            export.path
        );
    }
    let size: u64 = expected
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert!(size < 15_000_000, "{size} bytes");
}

#[test]
fn the_nightly_job_scores_the_sample() {
    let (job, run) = &*NIGHTLY;
    assert_eq!(job.dates, [date("2026-10-31")]);
    let scorecard = run
        .scorecard(job, job.dates[0], &mut healthscore::trail::Trail::silent())
        .unwrap();
    let table = |name: &str| {
        scorecard
            .tables
            .iter()
            .find(|table| table.name == name)
            .unwrap()
            .frame()
            .unwrap()
    };
    let accounts = table("account_scores");
    let scored = accounts.height() - accounts.column("health_score").unwrap().null_count();
    // About 600 active accounts, a few of them without enough data.
    assert!(
        (550..=650).contains(&accounts.height()),
        "{}",
        accounts.height()
    );
    let unscored = (accounts.height() - scored) as f64 / accounts.height() as f64;
    assert!((0.005..0.06).contains(&unscored), "{unscored}");
    assert_eq!(
        (
            scorecard.heads.excluded["trial"],
            scorecard.heads.excluded["test"]
        ),
        (20, 6)
    );
    // Every band is lived in, none by nearly everybody.
    let bands = accounts
        .clone()
        .lazy()
        .filter(col("band").is_not_null())
        .group_by([col("band")])
        .agg([len()])
        .collect()
        .unwrap();
    assert_eq!(bands.height(), 4);
    let largest = bands
        .column("len")
        .unwrap()
        .cast(&DataType::Float64)
        .unwrap()
        .f64()
        .unwrap()
        .max()
        .unwrap();
    assert!(largest / (scored as f64) < 0.5);
    // The ledger balances for every export.
    for (account, rows) in scorecard.unseen.iter().zip(run.exports.tables.values()) {
        let ledger = scorecard.manifest["ledger"]
            .as_array()
            .unwrap()
            .iter()
            .find(|ledger| ledger["export"] == rows.table.name.as_str())
            .unwrap();
        let count = |key: &str| ledger[key].as_u64().unwrap();
        assert!(count("used") > 0, "{ledger}");
        assert_eq!(
            count("seen"),
            count("used") + count("left_out") + count("outside_every_window") + count("set_aside"),
            "{ledger}"
        );
        if ledger["since"].is_null() {
            let elsewhere = account.without_time
                + account.not_yet_known
                + account.superseded
                + account.unresolved;
            assert_eq!(
                rows.decoded(),
                count("seen") + elsewhere,
                "{ledger} {account:?}"
            );
        }
    }
    // Contributions sum to the base score, points to what is shown.
    let sums = table("metric_scores")
        .lazy()
        .group_by([col("account_id")])
        .agg([col("contribution").sum(), col("points").sum()]);
    let compared = accounts
        .lazy()
        .filter(col("health_score").is_not_null())
        .join(
            sums,
            [col("account_id")],
            [col("account_id")],
            JoinArgs::new(JoinType::Inner),
        )
        .select([
            (col("contribution") - col("base_score")).abs().max(),
            (col("points") - (col("score_shown") - col("limit_points") - col("override_points")))
                .abs()
                .max()
                .alias("shown"),
        ])
        .collect()
        .unwrap();
    for column in compared.columns() {
        assert!(column.f64().unwrap().get(0).unwrap() < 1e-9, "{column:?}");
    }
}
