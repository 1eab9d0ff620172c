//! What accounts add up to for their parents.

use healthscore::jobs::settings::Overrides;
use polars::prelude::*;

use crate::harness::{World, cell, dates};

/// A (70 points, 10 seats) and B (80, 5) belong to P, C (68, 2) to B, D to Q and has no seats, E
/// to R and is not scored.
fn world() -> World {
    let world = World::base();
    let begun = ["2025-01-01"; 5];
    world.export(
        "accounts",
        df!(
            "account_id" => ["A", "B", "C", "D", "E"],
            "created_on" => dates(&begun),
            "sales_region" => ["north", "south", "north", "north", "north"],
            "parent" => [Some("P"), Some("P"), Some("B"), Some("Q"), Some("R")],
        ),
    );
    world.export(
        "contracts",
        df!(
            "line_id" => ["L1", "L2", "L3", "L4", "L5"],
            "account_id" => ["A", "B", "C", "D", "E"],
            "signed_on" => dates(&begun),
            "starts_on" => dates(&begun),
            "ends_on" => dates(&["2027-01-01"; 5]),
            "seats" => [Some(10i64), Some(5), Some(2), None, Some(4)],
            "product" => ["core"; 5],
        ),
    );
    world.add(
        "exports.toml",
        "[parents]\ncolumn = \"parent\"\nrevenue = \"seats\"\ncurrency = \"counted_in\"",
    );
    world.add("measures.toml", "[measures.counted_in]\nvalue = \"CASE WHEN sales_region = 'nowhere' THEN 'USD' ELSE 'EUR' END\"");
    world.edit("model.toml", "from = 50", "from = 75");
    world.edit(
        "model.toml",
        "label = \"Bad\"",
        "label = \"Bad\"\nat_risk = true",
    );
    world.add(
        "model.toml",
        "[[variants]]\nid = \"young\"\nwhen = \"account_id = 'E'\"\nno_scorecard = \"too young\"",
    );
    world
}

fn parents(world: &World) -> DataFrame {
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let table = scorecards[0]
        .tables
        .iter()
        .find(|table| table.name == "parent_scores");
    let mut frame = table.unwrap().frame().unwrap();
    frame.rename("parent_id", "account_id".into()).unwrap();
    frame
}

#[test]
fn scores_are_weighed_by_revenue_and_the_worst_is_named() {
    let frame = parents(&world());
    let (number, count) = (AnyValue::Float64, AnyValue::Int64);
    let text = |text: &str| AnyValue::StringOwned(text.into());
    let missing = || AnyValue::Null;
    let columns = [
        "accounts",
        "accounts_scored",
        "health_score",
        "worst_account_id",
        "worst_score",
        "revenue",
        "revenue_scored",
        "revenue_at_risk",
        "share_at_risk",
        "currency",
        "reason",
    ];
    let cases = [
        (
            "P",
            [
                count(2),
                count(2),
                number((70.0 * 10.0 + 80.0 * 5.0) / 15.0),
                text("A"),
                number(70.0),
                number(15.0),
                number(15.0),
                number(10.0),
                number(10.0 / 15.0),
                text("EUR"),
                missing(),
            ],
        ),
        // B counts among its own, and for P as well.
        (
            "B",
            [
                count(2),
                count(2),
                number((80.0 * 5.0 + 68.0 * 2.0) / 7.0),
                text("C"),
                number(68.0),
                number(7.0),
                number(7.0),
                number(2.0),
                number(2.0 / 7.0),
                text("EUR"),
                missing(),
            ],
        ),
        (
            "Q",
            [
                count(1),
                count(1),
                missing(),
                text("D"),
                number(100.0),
                missing(),
                missing(),
                missing(),
                missing(),
                missing(),
                text("no scored account has revenue"),
            ],
        ),
        (
            "R",
            [
                count(1),
                count(0),
                missing(),
                missing(),
                missing(),
                number(4.0),
                missing(),
                missing(),
                missing(),
                text("EUR"),
                text("no account is scored"),
            ],
        ),
    ];
    assert_eq!(frame.height(), cases.len());
    for (parent, expected) in cases {
        for (column, value) in columns.iter().zip(expected) {
            assert_eq!(cell(&frame, parent, column), value, "{column} of {parent}");
        }
    }
}

#[test]
fn revenue_of_several_currencies_is_not_added_up() {
    let world = world();
    world.edit("measures.toml", "'nowhere'", "'south'");
    let frame = parents(&world);
    for column in [
        "health_score",
        "revenue",
        "revenue_at_risk",
        "share_at_risk",
        "currency",
    ] {
        assert_eq!(cell(&frame, "P", column), AnyValue::Null, "{column}");
    }
    let reason = AnyValue::StringOwned("several currencies: EUR, USD".into());
    assert_eq!(cell(&frame, "P", "reason"), reason);
    assert_eq!(cell(&frame, "P", "worst_score"), AnyValue::Float64(70.0));
    // A model that says of no band that it is at risk says nothing of revenue at risk.
    world.edit("model.toml", "at_risk = true\n", "");
    world.edit("measures.toml", "'south'", "'nowhere'");
    let frame = parents(&world);
    assert_eq!(cell(&frame, "P", "share_at_risk"), AnyValue::Null);
    assert_eq!(cell(&frame, "P", "revenue"), AnyValue::Float64(15.0));
}

#[test]
fn misused_parents_say_what_to_do() {
    for (from, to, message) in [
        (
            "column = \"parent\"",
            "column = \"parents\"",
            "export `accounts` has no column `parents`",
        ),
        (
            "revenue = \"seats\"",
            "revenue = \"seets\"",
            "there is no account column and no measure `seets`",
        ),
        (
            "revenue = \"seats\"",
            "revenue = \"sales_region\"",
            "`sales_region` is a text, which does not fit here",
        ),
        (
            "currency = \"counted_in\"",
            "",
            "nothing says which currency the revenue is in",
        ),
        (
            "currency = \"counted_in\"",
            "currency = \"seats\"",
            "`seats` is a number, which does not fit here",
        ),
    ] {
        let world = world();
        world.edit("exports.toml", from, to);
        let found = world.complaints();
        assert!(found.contains(message), "{message}: {found}");
    }
}
