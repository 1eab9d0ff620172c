//! Exports that are not there or not as promised: a clear error or a finding, and what was
//! published before stays as it was.

use polars::prelude::*;

use crate::harness::{AS_OF, World, dates};

fn refused(world: &World) -> String {
    let output = world.command(&["run", "job.toml"]);
    let message = world.without_paths(&String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(3), "{message}");
    message
}

fn findings(world: &World) -> Vec<(String, String)> {
    let scorecards = world.publish(&Default::default()).unwrap();
    let all = scorecards[0].findings.iter().chain(&scorecards[0].moment);
    all.map(|finding| (finding.finding.to_owned(), finding.subject.clone()))
        .collect()
}

#[test]
fn a_missing_file_is_refused_with_its_path() {
    let world = World::base();
    std::fs::remove_file(world.path().join("data/tickets.parquet")).unwrap();
    assert!(
        refused(&world).contains("export `tickets`: nothing is at data/tickets.parquet"),
        "{}",
        refused(&world)
    );
}

#[test]
fn a_folder_without_parquet_is_refused() {
    let world = World::base();
    std::fs::remove_file(world.path().join("data/tickets.parquet")).unwrap();
    world.write("data/tickets.parquet/readme.txt", "nothing here");
    assert!(
        refused(&world).contains("no .parquet file in data/tickets.parquet"),
        "{}",
        refused(&world)
    );
}

#[test]
fn a_file_that_is_not_parquet_is_refused() {
    let world = World::base();
    world.write("data/tickets.parquet", "ticket_id,account_id\nT1,A\n");
    assert!(
        refused(&world).contains("tickets.parquet is not a Parquet file"),
        "{}",
        refused(&world)
    );
}

#[test]
fn a_missing_column_names_the_nearest_one() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "known = { closed_at = \"closed_at\" }",
        "known = { closed_on = \"closed_at\" }",
    );
    let message = refused(&world);
    assert!(
        message.contains("export `tickets` has no column `closed_on`")
            && message.contains("did you mean `closed_at`?"),
        "{message}"
    );
}

#[test]
fn a_column_of_the_wrong_type_is_refused_where_it_is_used() {
    let world = World::base();
    world.export(
        "tickets",
        df!("ticket_id" => ["T1"], "account_id" => ["A"], "opened_at" => ["yesterday"], "closed_at" => dates(&[""])),
    );
    let message = refused(&world);
    assert!(
        message
            .contains("`opened_at` of export `tickets` is a text, expected a date or an instant"),
        "{message}"
    );
}

#[test]
fn parts_that_lack_a_column_are_named() {
    let world = World::base();
    std::fs::remove_file(world.path().join("data/tickets.parquet")).unwrap();
    world.edit(
        "exports.toml",
        "path = \"tickets.parquet\"",
        "path = \"tickets/*.parquet\"",
    );
    let days = |text: &str| dates(&[text]);
    world.export("tickets/1", df!("ticket_id" => ["T1"], "account_id" => ["A"], "opened_at" => days("2026-01-05"), "closed_at" => days("")));
    world.export(
        "tickets/2",
        df!("ticket_id" => ["T2"], "account_id" => ["A"], "closed_at" => days("")),
    );
    let message = refused(&world);
    assert!(
        message.contains(
            "`opened_at` of export `tickets` cannot be used: data/tickets/2.parquet lacks it"
        ),
        "{message}"
    );
}

#[test]
fn an_empty_file_is_missing_data_and_never_zero() {
    let world = World::base();
    let none: [&str; 0] = [];
    world.export("tickets", df!("ticket_id" => none, "account_id" => none, "opened_at" => dates(&[]), "closed_at" => dates(&[])));
    assert!(findings(&world).contains(&("empty_export".into(), "tickets".into())));
    assert_eq!(world.measure("open_tickets", "A"), AnyValue::Null);
}

#[test]
fn an_export_that_ends_long_before_is_a_finding() {
    let world = World::base();
    // Twelve days back there is a ticket, in the last seven there is none.
    let measures = std::fs::read_to_string(world.path().join("measures.toml")).unwrap();
    world.write("measures.toml", &(measures + "\n[measures.recent]\nfrom = \"tickets\"\nwindow = \"7d\"\nvalue = \"COUNT(*)\"\nnone = 0\n"));
    world.edit(
        "model.toml",
        "[categories.commercial.metrics.seats]",
        "[categories.commercial.metrics.recent]",
    );
    assert!(findings(&world).contains(&("export_ends_early".into(), "tickets".into())));
}

#[test]
fn a_stale_export_makes_its_measures_missing_or_the_run_refuse() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "known = { closed_at = \"closed_at\" }",
        "known = { closed_at = \"closed_at\" }\nfresh_within = \"10d\"",
    );
    // The newest ticket is of 20 January, 11 days before.
    assert!(findings(&world).contains(&("stale_export".into(), "tickets".into())));
    assert_eq!(world.measure("open_tickets", "B"), AnyValue::Null);
    let before = world.published(AS_OF);
    world.edit("job.toml", "as_of", "stale = \"refuse\"\nas_of");
    let message = refused(&world);
    assert!(
        message.contains(
            "tickets: the newest row is of 2026-01-20, 11d before 2026-01-31, allowed are 10d"
        ),
        "{message}"
    );
    assert_eq!(world.published(AS_OF), before);
}

#[test]
fn more_lost_rows_than_tolerated_refuse_the_run() {
    let world = World::base();
    world.export(
        "tickets",
        df!(
            "ticket_id" => ["T1", "T2", "T3"],
            "account_id" => ["A", "X", "Y"],
            "opened_at" => dates(&["2026-01-05", "2026-01-20", "2025-12-20"]),
            "closed_at" => dates(&["", "", ""]),
        ),
    );
    let message = refused(&world);
    assert!(
        message.contains(
            "tickets: 2 rows lead to no account that was known, by `account_id`, such as X, Y"
        ),
        "{message}"
    );
    world.edit("job.toml", "as_of", "tolerance = { refuse = 0.7 }\nas_of");
    assert!(findings(&world).contains(&("unknown_account".into(), "tickets".into())));
}

#[test]
fn a_future_as_of_date_is_refused_on_the_command_line_too() {
    let world = World::base();
    let output = world.command(&["run", "job.toml", "--as-of", "2999-01-01"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("the as-of date 2999-01-01 lies in the future")
    );
}

#[test]
fn parts_that_disagree_are_named_and_those_that_can_be_joined_are() {
    let world = World::base();
    std::fs::remove_file(world.path().join("data/tickets.parquet")).unwrap();
    world.edit(
        "exports.toml",
        "path = \"tickets.parquet\"",
        "path = \"tickets/*.parquet\"",
    );
    let day = || dates(&["2026-01-05"]);
    let open = || dates(&[""]);
    world.export("tickets/1", df!("ticket_id" => [1i64], "account_id" => ["A"], "opened_at" => day(), "closed_at" => open()));
    world.export("tickets/2", df!("closed_at" => open(), "ticket_id" => ["T2"], "account_id" => ["A"], "opened_at" => day()));
    assert_eq!(world.measure("open_tickets", "A"), AnyValue::Float64(2.0));
    world.export("tickets/2", df!("ticket_id" => ["T2"], "account_id" => ["A"], "opened_at" => [true], "closed_at" => open()));
    let message = refused(&world);
    assert!(
        message.contains("data/tickets/1.parquet and data/tickets/2.parquet hold different types"),
        "{message}"
    );
}

#[test]
fn rows_of_accounts_that_have_ended_are_no_reason_to_refuse() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "time = \"created_on\"",
        "valid_from = \"created_on\"\nvalid_to = \"left_on\"",
    );
    world.export(
        "accounts",
        df!(
            "account_id" => ["A", "B"],
            "created_on" => dates(&["2025-01-01", "2025-01-01"]),
            "left_on" => dates(&["", "2026-01-20"]),
        ),
    );
    world.export(
        "contracts",
        df!(
            "line_id" => ["L1", "L2"], "account_id" => ["A", "B"], "signed_on" => dates(&["2025-01-01", "2025-01-01"]),
            "starts_on" => dates(&["2025-01-01", "2025-01-01"]), "ends_on" => dates(&["2027-01-01", "2027-01-01"]),
            "seats" => [10i64, 5], "product" => ["core", "core"],
        ),
    );
    let scorecards = world.publish(&Default::default()).unwrap();
    assert!(
        scorecards[0].moment.is_empty(),
        "{:?}",
        scorecards[0].moment
    );
    let accounts = &scorecards[0].tables[0].frame().unwrap();
    assert_eq!(accounts.height(), 1);
}

#[test]
fn a_shown_measure_cannot_be_called_like_a_column_of_the_scores() {
    let world = World::base();
    world.add(
        "measures.toml",
        "[measures.coverage]\nvalue = \"seats * 2\"\n[measures.change_7d]\nvalue = \"seats * 2\"",
    );
    assert_eq!(world.complaints(), "");
    world.edit(
        "exports.toml",
        "[population]",
        "[population]\nshow = [\"coverage\", \"change_7d\"]",
    );
    let output = world.command(&["run", "job.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr);
    for expected in [
        "account_scores has a column `coverage` already",
        "account_scores has a column `change_7d` already",
        "call it otherwise, such as `account_coverage`",
        "exports.toml:2:",
    ] {
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn an_export_may_have_columns_of_reserved_names_and_is_told_what_to_do_where_they_are_used() {
    let world = World::base();
    let accounts = |since: &str| {
        df!(
            "account_id" => ["A", "B", "C"],
            since => dates(&["2025-01-01", "2025-01-01", "2025-12-15"]),
            "__event" => [1i64, 2, 3],
            "__index_level_0__" => [1i64, 2, 3],
        )
    };
    world.export("accounts", accounts("as_of"));
    world.edit("exports.toml", "time = \"created_on\"", "time = \"as_of\"");
    let message = refused(&world);
    assert!(
        message.contains("`as_of` of export `accounts` cannot be used: `as_of` is the date that a score speaks about; give the column another: columns = { as_of_date = \"as_of\" }"),
        "{message}"
    );
    world.edit(
        "exports.toml",
        "time = \"as_of\"",
        "columns = { as_of_date = \"as_of\" }\ntime = \"as_of_date\"",
    );
    world.add(
        "measures.toml",
        "[measures.odd]\nvalue = \"seats + __event\"",
    );
    let message = world.complaints();
    assert!(
        message.contains("give the column another: columns = { event = \"__event\" }"),
        "{message}"
    );
    world.edit(
        "exports.toml",
        "columns = {",
        "columns = { event = \"__event\",",
    );
    world.edit("measures.toml", "__event", "event");
    assert_eq!(world.measure("odd", "B"), AnyValue::Float64(7.0));
}
