//! Hours between instants: elapsed, and on the clocks of the desk.

use polars::prelude::*;

use crate::harness::{AS_OF, World, cell, instants};

/// Three tickets of A, in UTC, and the same as wall-clock times of Berlin.
///
/// 1 was opened on Friday 23 January 16:00 in Berlin and solved on Monday at 10:30; 2 is open; 3 is
/// solved after the as-of date.
fn world() -> World {
    let world = World::base();
    let utc = [
        "2026-01-23T15:00:00",
        "2026-01-30T10:00:00",
        "2026-01-29T11:00:00",
    ];
    let berlin = [
        "2026-01-23T16:00:00",
        "2026-01-30T11:00:00",
        "2026-01-29T12:00:00",
    ];
    let cases = |opened: Series, solved: Series| {
        df!(
            "id" => ["1", "2", "3"],
            "account_id" => ["A", "A", "A"],
            "opened_at" => opened,
            "solved_at" => solved,
            "due" => crate::harness::dates(&["2026-01-25", "2026-01-31", "2026-01-30"]),
        )
    };
    world.export(
        "cases",
        cases(
            instants(&utc, Some("UTC")),
            instants(
                &["2026-01-26T09:30:00", "", "2026-02-01T00:30:00"],
                Some("UTC"),
            ),
        ),
    );
    world.export(
        "local",
        cases(
            instants(&berlin, None),
            instants(&["2026-01-26T10:30:00", "", "2026-02-01T01:30:00"], None),
        ),
    );
    let calendar = "[calendar]\nweekdays = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\"]\nhours = [\"09:00\", \"17:00\"]\nholidays = [2026-01-27]\n";
    world.edit(
        "exports.toml",
        "[population]",
        &format!("{calendar}[population]"),
    );
    for name in ["cases", "local"] {
        world.add("exports.toml", &format!("[tables.{name}]\npath = \"{name}.parquet\"\nkey = [\"id\"]\ntime = \"opened_at\"\nknown = {{ solved_at = \"solved_at\" }}\ntimezone = \"Europe/Berlin\"\nderive = {{ took = \"BUSINESS_HOURS(opened_at, solved_at)\" }}"));
    }
    world
}

#[test]
fn hours_lie_between_instants_as_they_were_known() {
    let world = world();
    // What is not solved yet lasts until the end of the as-of day in Berlin, 23:00 in UTC.
    let cases = [
        ("SUM(DATEDIFF('hour', opened_at, solved_at))", 66.5),
        (
            "MIN(DATEDIFF('hour', opened_at, COALESCE(solved_at, as_of)))",
            37.0,
        ),
        ("MAX(DATEDIFF('hour', solved_at, opened_at))", -66.5),
        ("DATEDIFF('hour', MIN(opened_at), MAX(opened_at))", 163.0),
        // Friday 16:00 to 17:00, Monday 9:00 to 10:30.
        ("SUM(took)", 2.5),
        // 2: Friday 11:00 to 17:00. 3: Thursday 12:00 to 17:00 and all of Friday.
        (
            "SUM(BUSINESS_HOURS(opened_at, COALESCE(solved_at, as_of)))",
            2.5 + 6.0 + 13.0,
        ),
        ("COUNT(*) FILTER (WHERE took < 3)", 1.0),
        ("SUM(DATEDIFF('day', opened_at, solved_at))", 3.0),
    ];
    for table in ["cases", "local"] {
        for (n, (formula, _)) in cases.iter().enumerate() {
            world.add(
                "measures.toml",
                &format!("[measures.{table}_{n}]\nfrom = \"{table}\"\nvalue = \"{formula}\""),
            );
        }
    }
    let names =
        ["cases", "local"].map(|table| (0..cases.len()).map(move |n| format!("{table}_{n}")));
    let names: Vec<String> = names.into_iter().flatten().collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let frame = world.run_with(&names, AS_OF);
    for table in ["cases", "local"] {
        for (n, (formula, hours)) in cases.iter().enumerate() {
            let value = cell(&frame, "A", &format!("{table}_{n}"));
            assert_eq!(value, AnyValue::Float64(*hours), "{formula} from {table}");
        }
    }
}

#[test]
fn a_time_that_clocks_skip_or_repeat_is_placed() {
    let world = World::base();
    // Berlin went from 2:00 to 3:00 on 29 March 2026, and from 3:00 back to 2:00 on 26 October 2025.
    world.export(
        "calls",
        df!(
            "account_id" => ["A", "B"],
            "begun" => instants(&["2026-03-29T01:00:00", "2025-10-26T01:00:00"], None),
            "ended" => instants(&["2026-03-29T02:30:00", "2025-10-26T02:30:00"], None),
        ),
    );
    world.add(
        "exports.toml",
        "[tables.calls]\npath = \"calls.parquet\"\ntime = \"begun\"\ntimezone = \"Europe/Berlin\"",
    );
    world.add(
        "measures.toml",
        "[measures.x]\nfrom = \"calls\"\nvalue = \"MAX(DATEDIFF('hour', begun, ended))\"",
    );
    let frame = world.run_with(&["x"], "2026-03-31");
    assert_eq!(cell(&frame, "A", "x"), AnyValue::Float64(1.5));
    assert_eq!(cell(&frame, "B", "x"), AnyValue::Float64(1.5));
}

#[test]
fn misused_hours_say_what_to_do() {
    let cases = [
        (
            "MAX(DATEDIFF('hour', opened_at, due))",
            "`due` holds dates, and hours lie between instants",
        ),
        (
            "MAX(DATEDIFF('week', opened_at, due))",
            "DATEDIFF counts in 'day' or 'hour' only",
        ),
        (
            "MAX(BUSINESS_HOURS(opened_at))",
            "BUSINESS_HOURS does not take 1 arguments",
        ),
        (
            "MAX(DATEADD('month', 1, due))",
            "DATEADD counts in 'day' only",
        ),
        (
            "MIN(CONCAT(id, 5))",
            "CONCAT needs a text, found a whole number",
        ),
    ];
    for (formula, message) in cases {
        let world = world();
        world.add(
            "measures.toml",
            &format!("[measures.x]\nfrom = \"cases\"\nvalue = \"{formula}\""),
        );
        let found = world.complaints();
        assert!(found.contains(message), "{formula}: {found}");
    }
    let without = world();
    without.edit(
        "exports.toml",
        "hours = [\"09:00\", \"17:00\"]",
        "hours = [\"17:00\", \"9\"]",
    );
    assert!(
        without
            .complaints()
            .contains("`hours` are two times of day")
    );
    without.edit("exports.toml", "\"monday\"", "\"moonday\"");
    without.edit(
        "exports.toml",
        "hours = [\"17:00\", \"9\"]",
        "hours = [\"17:00\", \"09:00\"]",
    );
    let found = without.complaints();
    assert!(
        found.contains("`moonday` is not a day of the week"),
        "{found}"
    );
    assert!(found.contains("the calendar is never open"), "{found}");
}
