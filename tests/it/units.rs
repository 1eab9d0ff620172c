//! Parts of accounts that are scored by themselves.

use healthscore::jobs::settings::Overrides;
use polars::prelude::*;

use crate::harness::{AS_OF, World, cell, date, dates};

/// A has the products core (10 seats) and plus (4, signed in January), B core alone (5), and C a
/// line without a product. Events name their product, tickets do not.
fn world() -> World {
    let world = World::base();
    world.export(
        "contracts",
        df!(
            "line_id" => ["L1", "L2", "L3", "L4"],
            "account_id" => ["A", "A", "B", "C"],
            "signed_on" => dates(&["2025-01-01", "2026-01-15", "2025-01-01", "2025-12-15"]),
            "starts_on" => dates(&["2025-01-01", "2026-01-15", "2025-01-01", "2025-12-15"]),
            "ends_on" => dates(&["2027-01-01"; 4]),
            "seats" => [10i64, 4, 5, 2],
            "product" => [Some("core"), Some("plus"), Some("core"), None],
        ),
    );
    world.export(
        "events",
        df!(
            "account_id" => ["A", "A", "A", "B"],
            "day" => dates(&["2026-01-20", "2026-01-21", "2026-01-22", "2026-01-23"]),
            "product" => ["core", "core", "plus", "core"],
        ),
    );
    world.add("exports.toml", "[tables.events]\npath = \"events.parquet\"\ntime = \"day\"\nobserved = \"any row\"\n[parents]\ncolumn = \"sales_region\"\nrevenue = \"seats\"\ncurrency = \"sales_region\"");
    world.add("measures.toml", "[measures.events]\nfrom = \"events\"\nvalue = \"COUNT(*)\"\nnone = 0\n[measures.big_lines]\nfrom = \"contracts\"\nwhere = \"seats >= account.events * 2\"\nvalue = \"SUM(seats)\"\nnone = 0");
    world.edit(
        "job.toml",
        "as_of",
        "unit = { from = \"contracts\", by = \"product\" }\nas_of",
    );
    world
}

#[test]
fn rows_belong_to_the_part_they_name_or_to_all_of_them() {
    let world = world();
    let names = ["seats", "events", "open_tickets", "big_lines"];
    let frame = world.run_with(&names, AS_OF);
    let ids: Vec<_> = frame
        .column("account_id")
        .unwrap()
        .str()
        .unwrap()
        .iter()
        .flatten()
        .collect();
    assert_eq!(ids, ["A\u{1f}core", "A\u{1f}plus", "B\u{1f}core"]);
    for (id, expected) in [
        ("A\u{1f}core", [10.0, 2.0, 2.0, 10.0]),
        ("A\u{1f}plus", [4.0, 1.0, 2.0, 4.0]),
        ("B\u{1f}core", [5.0, 1.0, 0.0, 5.0]),
    ] {
        for (name, value) in names.iter().zip(expected) {
            assert_eq!(
                cell(&frame, id, name),
                AnyValue::Float64(value),
                "{name} of {id}"
            );
        }
    }
    // The second product was not there yet.
    assert_eq!(world.run_with(&names, "2026-01-14").height(), 2);
}

#[test]
fn published_ids_are_taken_apart() {
    let world = world();
    let scorecards = world.publish(&Overrides::default()).unwrap();
    for table in &scorecards[0].tables {
        if ["account_scores", "category_scores", "metric_scores"].contains(&table.name) {
            let names = table.frame().unwrap().get_column_names_owned();
            assert_eq!(names[..2], ["account_id", "product"], "{}", table.name);
            assert_eq!(table.sorted_by, ["account_id", "product"]);
            assert_eq!(table.descriptions.len(), names.len());
        }
    }
    let scores = &scorecards[0].tables[0].frame().unwrap();
    let text = |column: &str| -> Vec<String> {
        let column = scores.column(column).unwrap().str().unwrap().clone();
        column.iter().flatten().map(str::to_owned).collect()
    };
    assert_eq!(text("account_id"), ["A", "A", "B"]);
    assert_eq!(text("product"), ["core", "plus", "core"]);
    // The parts of A are one account of its parent, and compare with their own past.
    let parents = scorecards[0]
        .tables
        .iter()
        .find(|table| table.name == "parent_scores")
        .unwrap();
    assert_eq!(
        parents
            .frame()
            .unwrap()
            .column("accounts")
            .unwrap()
            .i64()
            .unwrap()
            .iter()
            .flatten()
            .collect::<Vec<_>>(),
        [1, 1]
    );
    let change = scores.column("change_30d").unwrap();
    assert!(!change.get(0).unwrap().is_null());
    assert!(change.get(1).unwrap().is_null());
    assert_eq!(date(AS_OF), scorecards[0].as_of);
}

#[test]
fn some_accounts_are_looked_at_with_all_their_parts() {
    let world = world();
    let run = world.command(&["explain", "job.toml", "--account", "A"]);
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(
        text.contains("A/core") && text.contains("A/plus") && !text.contains("B/core"),
        "{text}"
    );
    world.publish(&Overrides::default()).unwrap();
    let run = world.command(&["run", "job.toml", "--dry-run"]);
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(text.contains("0 accounts would change band"), "{text}");
}

#[test]
fn misused_units_say_what_to_do() {
    for (from, to, message) in [
        (
            "from = \"contracts\"",
            "from = \"contrats\"",
            "there is no table `contrats`",
        ),
        (
            "from = \"contracts\"",
            "from = \"accounts\"",
            "the rows of `accounts` are no parts of accounts",
        ),
        (
            "by = \"product\"",
            "by = \"produkt\"",
            "export `contracts` has no column `produkt`",
        ),
    ] {
        let world = world();
        world.edit("job.toml", from, to);
        let found = world.complaints();
        assert!(found.contains(message), "{message}: {found}");
    }
    let world = world();
    world.edit(
        "exports.toml",
        "time = \"day\"\nobserved",
        "time = \"day\"\nknown = { product = \"day\" }\nobserved",
    );
    assert!(
        world
            .complaints()
            .contains("`product` of export `events` becomes known later")
    );
}
