//! The contract with the warehouse: rows that break its rules, what footers say, what changes
//! from run to run, and what becomes of days already published.

use std::collections::BTreeMap;

use healthscore::jobs::check;
use healthscore::jobs::score_run::Scorecard;
use healthscore::jobs::settings::Overrides;
use healthscore::trail::Trail;
use polars::prelude::*;

use crate::harness::{AS_OF, World, dates};

/// Tickets with a rating that is known later; one is rated off the scale, one closed too early.
fn rated() -> World {
    let world = World::base();
    world.edit(
        "exports.toml",
        "known = { closed_at = \"closed_at\" }",
        "known = { closed_at = \"closed_at\", csat = \"rated_at\" }\nrules = { on_scale = { must = \"csat BETWEEN 0 AND 10\", otherwise = \"reject\" }, closed_once_opened = { must = \"closed_at >= opened_at\" } }",
    );
    world.edit("job.toml", "as_of", "tolerance = { refuse = 0.5 }\nas_of");
    world.export(
        "tickets",
        df!(
            "ticket_id" => ["T1", "T2", "T3", "T4"],
            "account_id" => ["A", "A", "B", "B"],
            "opened_at" => dates(&["2026-01-05", "2026-01-10", "2026-01-10", "2026-01-12"]),
            "closed_at" => dates(&["", "", "2026-01-08", ""]),
            "rated_at" => dates(&["2026-01-06", "2026-01-25", "", ""]),
            "csat" => [Some(10i64), Some(99), None, None],
        ),
    );
    world
}

fn published(world: &World, as_of: &str) -> Scorecard {
    let overrides = Overrides {
        as_of: Some(as_of.into()),
        ..Overrides::default()
    };
    world.publish(&overrides).unwrap().remove(0)
}

fn rejects(scorecard: &Scorecard) -> Vec<[String; 5]> {
    let table = scorecard
        .tables
        .iter()
        .find(|table| table.name == "rejects");
    let frame = &table.unwrap().frame().unwrap();
    let text = |column: &str, row: usize| {
        let column = frame.column(column).unwrap().str().unwrap().clone();
        column.get(row).unwrap_or_default().to_owned()
    };
    let columns = ["export", "row_key", "column", "rule", "found"];
    (0..frame.height())
        .map(|row| columns.map(|column| text(column, row)))
        .collect()
}

fn told(scorecard: &Scorecard) -> BTreeMap<String, String> {
    let all = scorecard.findings.iter().chain(&scorecard.moment);
    all.map(|finding| {
        let key = format!("{} {}", finding.finding, finding.subject);
        (key, finding.evidence.clone())
    })
    .collect()
}

fn ledger(scorecard: &Scorecard, export: &str) -> [u64; 4] {
    let ledgers = scorecard.manifest["ledger"].as_array().unwrap();
    let ledger = ledgers.iter().find(|ledger| ledger["export"] == export);
    ["seen", "used", "outside_every_window", "set_aside"]
        .map(|count| ledger.unwrap()[count].as_u64().unwrap())
}

#[test]
fn a_row_is_set_aside_from_the_day_on_which_it_breaks_a_rule() {
    let world = rated();
    let before = published(&world, "2026-01-24");
    assert_eq!(rejects(&before), Vec::<[String; 5]>::new());
    assert_eq!(ledger(&before, "tickets"), [4, 4, 0, 0]);
    let after = published(&world, AS_OF);
    let expected = ["tickets", "T2", "csat", "on_scale", "csat = 99"].map(str::to_owned);
    assert_eq!(rejects(&after), [expected]);
    assert_eq!(ledger(&after, "tickets"), [4, 3, 0, 1]);
    assert_eq!(world.measure("open_tickets", "A"), AnyValue::Float64(1.0));
    assert_eq!(
        told(&after)["row_rejected tickets"],
        "1 of 4 rows (25.0 %) break `on_scale`: csat BETWEEN 0 AND 10, such as T2"
    );
}

#[test]
fn a_row_that_breaks_a_rule_which_only_warns_is_used() {
    let after = published(&rated(), AS_OF);
    assert_eq!(
        told(&after)["row_rule tickets"],
        "1 of 3 rows (33.3 %) break `closed_once_opened`: closed_at >= opened_at, such as T3"
    );
}

#[test]
fn a_rule_that_reads_a_missing_cell_is_not_broken() {
    let world = rated();
    world.edit("exports.toml", "csat BETWEEN 0 AND 10", "csat < 0");
    // T3 and T4 were never rated.
    let after = published(&world, AS_OF);
    let keys: Vec<String> = rejects(&after)
        .into_iter()
        .map(|[_, key, ..]| key)
        .collect();
    assert_eq!(keys, ["T1", "T2"]);
}

#[test]
fn too_many_rejected_rows_refuse_the_run() {
    let world = rated();
    world.edit("job.toml", "refuse = 0.5", "refuse = 0.24");
    let output = world.command(&["run", "job.toml"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(
        message.contains("tickets: 1 of 4 rows (25.0 %) break `on_scale`"),
        "{message}"
    );
}

#[test]
fn rows_dated_before_what_they_hang_on_are_counted_set_aside_or_passed_over() {
    let world = World::base();
    world.edit("job.toml", "as_of", "tolerance = { refuse = 1 }\nas_of");
    world.export(
        "tickets",
        df!(
            // C is there from 15 December on.
            "ticket_id" => ["T1", "T2", "T3"],
            "account_id" => ["A", "C", "C"],
            "opened_at" => dates(&["2026-01-05", "2025-12-14", "2025-12-15"]),
            "closed_at" => dates(&["", "", ""]),
        ),
    );
    assert_eq!(
        told(&published(&world, AS_OF))["before_parent tickets"],
        "1 of 3 rows (33.3 %) are dated, by `opened_at`, before what they hang on in accounts, such as T2"
    );
    assert_eq!(world.measure("open_tickets", "C"), AnyValue::Float64(2.0));
    let policy = |policy: &str| {
        let line = format!("before_parent = \"{policy}\"\nkey = [\"ticket_id\"]");
        world.edit("exports.toml", "key = [\"ticket_id\"]", &line);
    };
    policy("reject");
    let scorecard = published(&world, AS_OF);
    let expected = [
        "tickets",
        "T2",
        "opened_at",
        "before_parent",
        "opened_at = 2025-12-14",
    ];
    assert_eq!(rejects(&scorecard), [expected.map(str::to_owned)]);
    assert_eq!(ledger(&scorecard, "tickets"), [3, 2, 0, 1]);
    assert_eq!(world.measure("open_tickets", "C"), AnyValue::Float64(1.0));
    // The day before, the account was not there: the row led nowhere, and was no reject.
    let earlier = published(&world, "2025-12-14");
    assert_eq!(rejects(&earlier), Vec::<[String; 5]>::new());
    assert_eq!(earlier.unseen[2].unresolved, 1);
    world.edit("exports.toml", "\"reject\"", "\"ignore\"");
    assert!(!told(&published(&world, AS_OF)).contains_key("before_parent tickets"));
}

#[test]
fn repeats_of_a_key_that_say_the_same_are_told_from_those_that_do_not() {
    let world = World::base();
    world.edit("job.toml", "as_of", "tolerance = { refuse = 0.6 }\nas_of");
    world.export(
        "tickets",
        df!(
            "ticket_id" => ["T1", "T1", "T2", "T2"],
            "account_id" => ["A", "A", "B", "B"],
            "opened_at" => dates(&["2026-01-05", "2026-01-05", "2026-01-05", "2026-01-07"]),
            "closed_at" => dates(&["", "", "", ""]),
        ),
    );
    let scorecard = published(&world, AS_OF);
    let repeats: Vec<&str> = scorecard
        .findings
        .iter()
        .filter(|finding| finding.finding == "repeated_key")
        .map(|finding| finding.evidence.as_str())
        .collect();
    assert_eq!(
        repeats,
        [
            "1 of 4 rows (25.0 %) repeat the `ticket_id` of another and say something else, such as T2",
            "1 of 4 rows (25.0 %) repeat the `ticket_id` of another and say the same, such as T1",
        ]
    );
}

#[test]
fn of_a_repeated_key_the_row_stays_that_breaks_no_rule() {
    let world = rated();
    world.edit(
        "exports.toml",
        "csat BETWEEN 0 AND 10",
        "priority IN ('high', 'low')",
    );
    world.export(
        "tickets",
        df!(
            "ticket_id" => ["T1", "T1"],
            "account_id" => ["A", "A"],
            "opened_at" => dates(&["2026-01-05", "2026-01-06"]),
            "closed_at" => dates(&["", ""]),
            "rated_at" => dates(&["", ""]),
            "csat" => [1i64, 1],
            "priority" => ["?", "low"],
        ),
    );
    let scorecard = published(&world, AS_OF);
    let rules: Vec<String> = rejects(&scorecard)
        .into_iter()
        .map(|[.., rule, _]| rule)
        .collect();
    assert_eq!(rules, ["on_scale"]);
    assert_eq!(ledger(&scorecard, "tickets"), [2, 1, 0, 1]);
    assert_eq!(world.measure("open_tickets", "A"), AnyValue::Float64(1.0));
}

#[test]
fn a_rejected_row_is_lost_once_however_many_versions_its_account_has() {
    let world = rated();
    world.edit(
        "exports.toml",
        "time = \"created_on\"",
        "valid_from = \"created_on\"",
    );
    world.export(
        "accounts",
        df!(
            "account_id" => ["A", "A", "A", "B"],
            "created_on" => dates(&["2025-01-01", "2026-01-15", "2026-01-28", "2025-01-01"]),
            "tier" => [1i64, 2, 3, 1],
        ),
    );
    world.edit("exports.toml", "csat BETWEEN 0 AND 10", "ticket_id <> 'T1'");
    for (day, seen) in [("2026-01-10", 3), ("2026-01-20", 4), (AS_OF, 4)] {
        let scorecard = published(&world, day);
        assert_eq!(
            ledger(&scorecard, "tickets"),
            [seen, seen - 1, 0, 1],
            "{day}"
        );
        let lost = &scorecard.unseen[2];
        assert_eq!((lost.unresolved, lost.superseded), (0, 0), "{day}");
    }
}

#[test]
fn the_check_of_rows_finds_what_a_run_would_and_reads_every_export() {
    let world = rated();
    let job = world.load(&Overrides::default()).unwrap();
    let judged = check::rows(&job, &mut Trail::silent()).unwrap().judged;
    let exports: Vec<&str> = judged
        .accounts
        .iter()
        .map(|account| account.ledger.export.as_str())
        .collect();
    assert_eq!(exports, ["accounts", "contracts", "tickets"]);
    for (account, unseen) in judged.accounts.iter().zip(&judged.unseen) {
        let table = &job.contract.tables[&account.ledger.export];
        let elsewhere =
            unseen.without_time + unseen.not_yet_known + unseen.superseded + unseen.unresolved;
        assert_eq!(table.rows_in_files(), account.ledger.seen + elsewhere);
    }
}

#[test]
fn the_rows_that_no_score_rests_on_can_be_had_as_a_list() {
    let world = rated();
    world.edit("exports.toml", "csat BETWEEN 0 AND 10", "ticket_id <> 'T1'");
    world.export(
        "tickets",
        df!(
            "ticket_id" => ["T1", "T2", "T3", "T4", "T5", "T5"],
            "account_id" => ["A", "X", "B", "B", "B", "B"],
            "opened_at" => dates(&["2026-01-05", "2026-01-10", "", "2026-01-12", "2026-01-12", "2026-01-12"]),
            "closed_at" => dates(&["", "", "", "", "", ""]),
            "rated_at" => dates(&["", "", "", "", "", ""]),
            "csat" => [1i64; 6],
        ),
    );
    let output = world.command(&["check", "job.toml", "--rows", "lost"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let lost = healthscore::publish::decode(&world.path().join("lost/rejects.parquet")).unwrap();
    let cells = |column: &str| -> Vec<String> {
        let column = lost.column(column).unwrap().str().unwrap().clone();
        column.iter().flatten().map(str::to_owned).collect()
    };
    assert_eq!(cells("row_key"), ["T1", "T5", "T2", "T3"]);
    assert_eq!(
        cells("rule"),
        [
            "on_scale",
            "repeated_key",
            "unknown_account",
            "without_time"
        ]
    );
    assert_eq!(cells("found")[2..], ["X", "null"]);
    // What is written is not written over.
    let again = world.command(&["check", "job.toml", "--rows", "lost"]);
    assert_eq!(again.status.code(), Some(1));
}

/// Runs the footer check of the job.
fn footers(world: &World) -> BTreeMap<String, String> {
    let job = world.load(&Overrides::default()).unwrap();
    let footers = check::footers(&job, true);
    let all = footers.age.iter().chain(&footers.files);
    all.map(|finding| {
        let key = format!("{} {}", finding.finding, finding.subject);
        (key, finding.evidence.clone())
    })
    .collect()
}

#[test]
fn footers_tell_of_exports_that_are_empty_stale_or_dated_in_the_future() {
    let world = World::base();
    let none: [&str; 0] = [];
    world.export("contracts", df!("line_id" => none, "account_id" => none, "signed_on" => dates(&[]), "starts_on" => dates(&[]), "ends_on" => dates(&[]), "seats" => Vec::<i64>::new(), "product" => none));
    world.export(
        "accounts",
        df!("account_id" => ["A", "B"], "created_on" => dates(&["2025-01-01", "2062-01-01"])),
    );
    world.edit(
        "exports.toml",
        "opened_at\"\n",
        "opened_at\"\nfresh_within = \"10d\"\n",
    );
    let expected = [
        (
            "dated_in_future accounts",
            "the newest row, by `created_on`, is of 2062-01-01, and today is 2026-06-30",
        ),
        ("empty_export contracts", "its files hold no row"),
        (
            "stale_export tickets",
            "the newest row is of 2026-01-20, 11d before 2026-01-31, allowed are 10d",
        ),
    ];
    let expected = expected.map(|(kind, evidence)| (kind.to_owned(), evidence.to_owned()));
    assert_eq!(footers(&world), BTreeMap::from(expected));
}

#[test]
fn the_last_day_by_the_footers_is_that_of_the_tables_zone() {
    let world = World::base();
    let opened = crate::harness::instants(&["2026-01-20T23:30:00"], Some("UTC"));
    world.export(
        "tickets",
        df!("ticket_id" => ["T1"], "account_id" => ["A"], "opened_at" => opened, "closed_at" => dates(&[""])),
    );
    world.edit(
        "exports.toml",
        "[population]",
        "timezone = \"Asia/Tokyo\"\n[population]",
    );
    let job = world.load(&Overrides::default()).unwrap();
    let day = crate::harness::date("2026-01-21");
    assert_eq!(job.contract.tables["tickets"].span(), Some((day, day)));
}

#[test]
fn a_stale_export_that_the_job_refuses_is_refused_before_data_is_read() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "opened_at\"\n",
        "opened_at\"\nfresh_within = \"10d\"\n",
    );
    world.edit("job.toml", "as_of", "stale = \"refuse\"\nas_of");
    let job = world.load(&Overrides::default()).unwrap();
    assert_eq!(check::footers(&job, false).refusals.len(), 1);
}

#[test]
fn every_broken_file_of_a_folder_is_named_at_once() {
    let world = World::base();
    std::fs::remove_file(world.path().join("data/tickets.parquet")).unwrap();
    world.edit(
        "exports.toml",
        "path = \"tickets.parquet\"",
        "path = \"tickets/*.parquet\"",
    );
    world.write("data/tickets/1.parquet", "cut short");
    world.write("data/tickets/2.parquet", "");
    let message = world.complaints();
    for part in ["1.parquet is not", "2.parquet is not"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn columns_that_come_and_go_are_told_against_the_run_before() {
    let world = World::base();
    published(&world, "2026-01-30");
    world.export("accounts", df!("account_id" => ["A", "B", "C"], "created_on" => dates(&["2025-01-01", "2025-01-01", "2025-12-15"]), "tier" => [1i64, 2, 3]));
    assert_eq!(
        footers(&world)["columns_changed accounts"],
        "since the run published for 2026-01-30: `sales_region` is gone, `tier` is new"
    );
}

#[test]
fn a_jump_of_an_exports_volume_is_a_warning_or_refused_until_it_is_accepted() {
    let world = World::base();
    published(&world, "2026-01-30");
    let (ids, accounts): (Vec<String>, Vec<&str>) = (0..9).map(|n| (format!("T{n}"), "A")).unzip();
    world.export("tickets", df!("ticket_id" => ids, "account_id" => accounts, "opened_at" => dates(&["2026-01-05"; 9]), "closed_at" => dates(&[""; 9])));
    assert_eq!(
        told(&published(&world, AS_OF))["volume_changed tickets"],
        "9 rows in its files, 3 in the run published for 2026-01-30"
    );
    world.edit(
        "job.toml",
        "as_of",
        "guard = { volume = { refuse = 1.9 } }\nas_of",
    );
    let output = world.command(&["run", "job.toml"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(
        message.contains("tickets: 9 rows in its files, 3 in the run"),
        "{message}"
    );
    let accepted = world.command(&["run", "job.toml", "--accept-changes"]);
    assert_eq!(accepted.status.code(), Some(4));
}

#[test]
fn too_many_accounts_in_another_band_refuse_the_run() {
    let world = World::base();
    published(&world, "2026-01-30");
    world.edit("model.toml", "[4, 0]", "[2, 0]");
    let job = std::fs::read_to_string(world.path().join("job.toml")).unwrap();
    let run = |bands: &str| {
        world.write(
            "job.toml",
            &format!("{job}\n[guard]\nbands = {{ {bands} }}\n"),
        );
        let output = world.command(&["run", "job.toml"]);
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(text).unwrap(),
        )
    };
    let evidence = "accounts are in another band than in the run published for 2026-01-30, by another model, such as A (Good to Bad)";
    let (status, text) = run("warn = 0.2");
    assert!(status == 4 && text.contains(evidence), "{status} {text}");
    let (status, text) = run("warn = 0.2, refuse = 0.3");
    assert!(status == 3 && text.contains(evidence), "{status} {text}");
    // A third of them is not more than 0.4.
    let (status, text) = run("refuse = 0.4");
    assert!(
        status == 0 && !text.contains("bands_moved"),
        "{status} {text}"
    );
}

#[test]
fn a_restated_run_says_so_and_what_differs() {
    let world = World::base();
    let first = published(&world, AS_OF);
    assert!(!told(&first).contains_key("restated as_of=2026-01-31"));
    let manifest = || -> serde_json::Value {
        let path = world.path().join("out/job/as_of=2026-01-31/manifest.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    assert!(manifest()["run"]["restates"].is_null());
    published(&world, AS_OF);
    assert_eq!(
        manifest()["run"]["restates"]["changed"],
        serde_json::json!([])
    );
    // A ticket came late.
    world.export(
        "tickets",
        df!("ticket_id" => ["T1", "T9"], "account_id" => ["A", "B"], "opened_at" => dates(&["2026-01-05", "2026-01-06"]), "closed_at" => dates(&["", ""])),
    );
    let again = published(&world, AS_OF);
    let evidence = &told(&again)["restated as_of=2026-01-31"];
    let (_, differs) = evidence.split_once("what differs: ").unwrap();
    assert!(
        differs.split(", ").any(|part| part == "ledger"),
        "{evidence}"
    );
    assert_eq!(manifest()["run"]["restates"]["published_before"], 2);
}

#[test]
fn the_last_days_are_restated_and_earlier_ones_frozen() {
    let world = World::base();
    for day in ["2026-01-20", "2026-01-29", "2026-01-30"] {
        published(&world, day);
    }
    world.edit(
        "job.toml",
        "as_of",
        "late_data = { restate = \"2d\" }\nas_of",
    );
    let output = world.command(&["run", "job.toml"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains(
            "published 3 folders up to out/job/as_of=2026-01-31, 2 of them published before, in "
        ),
        "{text}"
    );
    let frozen = world.command(&["run", "job.toml", "--as-of", "2026-01-20"]);
    let message = String::from_utf8(frozen.stderr).unwrap();
    assert_eq!(frozen.status.code(), Some(2), "{message}");
    assert!(
        message
            .contains("2026-01-20 is published and frozen: the job restates 2d before 2026-01-31"),
        "{message}"
    );
    let restated = world.command(&["run", "job.toml", "--as-of", "2026-01-20", "--restate"]);
    assert_eq!(restated.status.code(), Some(0));
}

#[test]
fn folders_may_be_called_by_what_patterns_are_made_of() {
    let world = World::base();
    let folder = world.path().join("ex[p]orts*");
    std::fs::rename(world.path().join("data"), &folder).unwrap();
    std::fs::create_dir(folder.join("con[1]tracts")).unwrap();
    let moved = folder.join("con[1]tracts/part-0.parquet");
    std::fs::rename(folder.join("contracts.parquet"), moved).unwrap();
    world.edit("job.toml", "\"data\"", "\"ex[p]orts*\"");
    world.edit("exports.toml", "\"contracts.parquet\"", "\"con[1]tracts\"");
    world.edit("exports.toml", "\"tickets.parquet\"", "\"tick*.parquet\"");
    assert_eq!(world.complaints(), "");
    assert_eq!(world.measure("seats", "A"), AnyValue::Float64(10.0));
}

#[test]
fn rows_that_an_exports_own_condition_leaves_out_stand_in_the_ledger() {
    // T1 is open, T2 is closed after the date, T3 was closed before it.
    let left_out = |condition: &str, lookup: &str| {
        let world = World::base();
        let known = "known = { closed_at = \"closed_at\" }";
        let with = format!("{known}\nwhere = \"{condition}\"\n{lookup}");
        world.edit("exports.toml", known, &with);
        let scorecard = published(&world, AS_OF);
        let ledgers = scorecard.manifest["ledger"].as_array().unwrap();
        let ledger = ledgers.iter().find(|ledger| ledger["export"] == "tickets");
        ["seen", "used", "left_out"].map(|count| ledger.unwrap()[count].as_u64().unwrap())
    };
    assert_eq!(left_out("ticket_id <> 'T1'", ""), [3, 2, 1]);
    assert_eq!(left_out("closed_at IS NULL", ""), [3, 2, 1]);
    assert_eq!(left_out("opened_at > as_of", ""), [3, 0, 3]);
    let lookup = "lookup = { account_id = { table = \"contracts\", on = \"account_id\", take = [\"product\"] } }";
    assert_eq!(left_out("product = 'plus'", lookup), [3, 0, 3]);
}
