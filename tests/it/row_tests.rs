//! `healthscore test`: literal rows in, measures and scores out, by the code that scores every night.

use std::path::{Path, PathBuf};

use healthscore::config::Problem;
use healthscore::jobs::row_tests::{self, Outcome};
use healthscore::jobs::settings::Overrides;
use healthscore::trail::Trail;

use crate::harness::{World, date, files_below};

fn titles(outcomes: &[Outcome]) -> Vec<String> {
    let differences = outcomes.iter().flat_map(|outcome| &outcome.differences);
    differences
        .map(|Problem { title, .. }| title.clone())
        .collect()
}

#[test]
fn shipped_tests_of_shipped_measures_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs/tests");
    let run = |path: PathBuf| {
        row_tests::run(&path, None, date("2026-11-20"), &mut Trail::silent()).unwrap()
    };
    let outcomes: Vec<Outcome> = files_below(&folder).into_iter().flat_map(run).collect();
    assert_eq!(titles(&outcomes), Vec::<String>::new());
    assert!(outcomes.len() >= 10, "{}", outcomes.len());
}

/// Two open tickets of five: half way down the curve. Five seats of ten: half way up the other.
const SCORED: &str = r#"
job = "job.toml"

[[tests]]
name = "half of each curve is half of the score"
as_of = 2026-01-31
account = "A"

[tests.given]
accounts = [{ account_id = "A", created_on = 2025-01-01 }]
contracts = [{ line_id = "L1", account_id = "A", signed_on = 2025-01-01, starts_on = 2025-01-01, ends_on = 2027-01-01, seats = 5 }]
tickets = [
    { ticket_id = "T1", account_id = "A", opened_at = 2026-01-01 },
    { ticket_id = "T2", account_id = "A", opened_at = 2026-01-31 },
    { ticket_id = "T3", account_id = "A", opened_at = 2026-01-01, closed_at = 2026-01-31 },
    { ticket_id = "T4", account_id = "A", opened_at = 2026-02-01 },
]

[tests.expect]
measures = { open_tickets = 2, tickets_per_seat = 0.4 }
metrics = { open_tickets = 50, seats = 50 }
categories = { support = 50, commercial = 50 }
health_score = 50
band = "Good"
"#;

fn world(tests: &str) -> World {
    let world = World::base();
    world.write("tests.toml", tests);
    world
}

fn screen(world: &World) -> String {
    let output = world.command(&["test", "tests.toml"]);
    let text = |bytes: Vec<u8>| world.without_paths(&String::from_utf8(bytes).unwrap());
    let status = output.status.code().unwrap();
    format!(
        "{}{}exit status {status}",
        text(output.stdout),
        text(output.stderr)
    )
}

#[test]
fn scores_and_bands_are_checked_too() {
    let outcomes = row_tests::run(
        &world(SCORED).path().join("tests.toml"),
        None,
        date("2026-06-30"),
        &mut Trail::silent(),
    );
    assert_eq!(titles(&outcomes.unwrap()), Vec::<String>::new());
}

#[test]
fn a_difference_says_what_was_found_where_what_was_expected() {
    let world = world(SCORED);
    world.edit("tests.toml", "open_tickets = 2,", "open_tickets = 3,");
    world.edit(
        "tests.toml",
        "tickets_per_seat = 0.4",
        "tickets_per_seat = 0.41",
    );
    world.edit("tests.toml", "seats = 50 }", "seats = 49.9 }");
    world.edit("tests.toml", "\"Good\"", "\"Bad\"");
    world.add("tests.toml", "missing = [\"seats\"]");
    insta::assert_snapshot!(screen(&world));
}

#[test]
fn every_mistake_of_a_test_is_told_at_once() {
    let world = world(SCORED);
    world.edit("tests.toml", "seats = 5 }", "seets = 5 }");
    world.edit(
        "tests.toml",
        "opened_at = 2026-01-31",
        "opened_at = \"today\"",
    );
    world.edit("tests.toml", "open_tickets = 2,", "open_tikets = 2,");
    world.edit("tests.toml", "support = 50", "suport = 50");
    insta::assert_snapshot!(screen(&world));
}

#[test]
fn an_account_that_is_not_scored_fails_the_test() {
    let world = world(SCORED);
    world.edit("tests.toml", "account = \"A\"", "account = \"B\"");
    let screen = screen(&world);
    assert!(
        screen.contains("account `B` is not among those scored"),
        "{screen}"
    );
    assert!(screen.ends_with("exit status 2"), "{screen}");
}

#[test]
fn the_dictionary_of_a_job_says_what_is_read_measured_believed_and_published() {
    let world = World::base();
    let job = world.load(&Overrides::default()).unwrap();
    let text = healthscore::jobs::catalog::markdown(&job).unwrap();
    for part in [
        "### Export `tickets`",
        "### Measure `open_tickets`",
        "## Model `base`",
        "### `account_scores.parquet`",
        "| `health_score` | f64 |",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}
