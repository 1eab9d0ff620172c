//! A run's folder: whole or not at all, the same bytes every time, and nothing earlier lost.

use std::collections::BTreeMap;

use healthscore::jobs::JobError;
use healthscore::jobs::settings::{Backfill, Every, Overrides};
use healthscore::publish::{Lock, LockError};

use crate::harness::{AS_OF, World, date};

#[test]
fn a_second_run_and_any_number_of_threads_give_the_same_bytes() {
    let world = World::base();
    let mut seen: Vec<BTreeMap<String, Vec<u8>>> = Vec::new();
    for threads in ["1", "1", "4"] {
        let status = std::process::Command::new(env!("CARGO_BIN_EXE_healthscore"))
            .args(["run", "job.toml", "--quiet"])
            .current_dir(world.path())
            .env_clear()
            .env("POLARS_MAX_THREADS", threads)
            .status()
            .unwrap();
        assert!(status.success());
        seen.push(world.published(AS_OF));
    }
    assert_eq!(
        seen[0].keys().map(String::as_str).collect::<Vec<_>>(),
        [
            "account_scores.parquet",
            "actions.parquet",
            "category_scores.parquet",
            "drivers.parquet",
            "findings.parquet",
            "manifest.json",
            "metric_scores.parquet",
            "model.json",
            "model.toml",
            "opportunities.parquet",
            "rejects.parquet",
            "signals.parquet",
        ]
    );
    assert!(seen.iter().all(|run| *run == seen[0]));
}

#[test]
fn a_backfill_publishes_what_single_runs_would() {
    let world = World::base();
    let backfill = Backfill {
        from: date("2025-11-30"),
        to: date(AS_OF),
        every: Every::Month,
    };
    let scorecards = world
        .publish(&Overrides {
            backfill: Some(backfill),
            ..Overrides::default()
        })
        .unwrap();
    assert_eq!(scorecards.len(), 3);
    let together: Vec<_> = ["2025-11-30", "2025-12-31", AS_OF]
        .map(|day| world.published(day))
        .into();
    for (day, expected) in ["2025-11-30", "2025-12-31", AS_OF]
        .into_iter()
        .zip(together)
    {
        world
            .publish(&Overrides {
                as_of: Some(day.into()),
                ..Overrides::default()
            })
            .unwrap();
        assert!(world.published(day) == expected, "{day}");
    }
    let latest = std::fs::read_to_string(world.path().join("out/job/latest.json")).unwrap();
    assert!(latest.contains("\"as_of\": \"2026-01-31\""), "{latest}");
}

#[test]
fn a_run_that_fails_leaves_the_earlier_one_as_it_was() {
    let world = World::base();
    world.publish(&Overrides::default()).unwrap();
    let before = world.published(AS_OF);
    world.write("data/tickets.parquet", "cut short");
    assert!(matches!(
        world.publish(&Overrides::default()),
        Err(JobError::Problems(_))
    ));
    assert_eq!(world.published(AS_OF), before);
}

#[test]
fn a_run_replaces_the_earlier_one_of_its_date_and_clears_what_a_killed_one_left() {
    let world = World::base();
    world.publish(&Overrides::default()).unwrap();
    world.write(
        "out/job/as_of=2026-01-31/stray.txt",
        "from an older program",
    );
    world.write("out/job/.staging-killed/half.parquet", "half");
    let output = world.command(&["run", "job.toml"]);
    assert!(output.status.success());
    assert!(!world.published(AS_OF).contains_key("stray.txt"));
    let left: Vec<String> = std::fs::read_dir(world.path().join("out/job"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(".staging"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn two_runs_of_a_job_do_not_meet() {
    let world = World::base();
    let held = Lock::take(&world.path().join("out/job")).unwrap();
    assert!(matches!(
        Lock::take(&world.path().join("out/job")),
        Err(LockError::Held(_))
    ));
    let output = world.command(&["run", "job.toml"]);
    assert_eq!(output.status.code(), Some(5));
    drop(held);
    assert_eq!(world.command(&["run", "job.toml"]).status.code(), Some(0));
}

#[test]
fn a_dry_run_shows_who_would_change_band_and_publishes_nothing() {
    let world = World::base();
    let model = std::fs::read_to_string(world.path().join("model.toml")).unwrap();
    world.write(
        "edited.toml",
        &model
            .replace("[4, 0]", "[2, 0]")
            .replace("name = \"base\"", "name = \"edited\""),
    );
    let output = world.command(&["run", "job.toml", "--model", "edited.toml", "--dry-run"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("1 accounts would change band from base ("),
        "{text}"
    );
    assert!(text.contains("A            70.0 Good → 40.0 Bad"), "{text}");
    assert!(!world.path().join("out").exists());
}

#[test]
fn a_dry_run_of_the_jobs_own_model_compares_with_what_is_published() {
    let world = World::base();
    let run = |world: &World| {
        String::from_utf8(world.command(&["run", "job.toml", "--dry-run"]).stdout).unwrap()
    };
    assert!(
        run(&world).contains("nothing to compare with"),
        "{}",
        run(&world)
    );
    world.publish(&Overrides::default()).unwrap();
    let before = world.published(AS_OF);
    world.edit("model.toml", "[4, 0]", "[2, 0]");
    let text = run(&world);
    assert!(
        text.contains("1 accounts would change band from the run published for 2026-01-31"),
        "{text}"
    );
    assert!(text.contains("A            70.0 Good → 40.0 Bad"), "{text}");
    assert_eq!(world.published(AS_OF), before);
}

#[test]
fn every_footer_says_where_the_file_comes_from_and_what_its_columns_mean() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let world = World::base();
    world.publish(&Overrides::default()).unwrap();
    for table in [
        "account_scores",
        "category_scores",
        "metric_scores",
        "rejects",
        "findings",
    ] {
        let path = world
            .path()
            .join(format!("out/job/as_of=2026-01-31/{table}.parquet"));
        let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
        let metadata = reader.metadata().file_metadata().clone();
        let pairs: BTreeMap<String, String> = metadata
            .key_value_metadata()
            .unwrap()
            .iter()
            .map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default()))
            .collect();
        assert_eq!(pairs["as_of"], "2026-01-31");
        assert_eq!(pairs["model_hash"].len(), 16);
        assert!(pairs["program"].starts_with("healthscore "));
        assert!(metadata.created_by().unwrap().starts_with("healthscore "));
        for column in metadata.schema_descr().columns() {
            assert!(
                pairs.contains_key(&format!("column.{}", column.name())),
                "{table}.{}",
                column.name()
            );
        }
    }
}
