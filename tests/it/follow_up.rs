//! Signals, opportunities and actions: what they say, of whom, and what is done about it by when.

use healthscore::jobs::settings::Overrides;
use polars::prelude::*;

use crate::harness::{AS_OF, World, cell, dates};

/// Three accounts: A has two open tickets and an owner, B an owner with a hostile name and a notice
/// deadline next week, C nobody and no revenue.
fn world(rules: &str) -> World {
    let world = World::base();
    world.export(
        "accounts",
        df!(
            "account_id" => ["A", "B", "C"],
            "created_on" => dates(&["2025-01-01", "2025-01-01", "2025-12-15"]),
            "owner" => [Some("Ann"), Some("Bo\nb"), None],
            "sponsor_left" => dates(&["2025-12-24", "", ""]),
            "deadline" => dates(&["2026-06-30", "2026-02-06", ""]),
            "revenue" => [Some(12_500.0), Some(900.4), None],
            "currency" => [Some("EUR"), Some("USD"), None],
        ),
    );
    world.export(
        "tickets",
        df!(
            "ticket_id" => ["T1", "T2", "T3"],
            "account_id" => ["A", "A", "B"],
            "opened_at" => dates(&["2026-01-05", "2026-01-20", "2025-12-20"]),
            "closed_at" => dates(&["", "2026-02-10", "2026-01-10"]),
        ),
    );
    let model = std::fs::read_to_string(world.path().join("model.toml")).unwrap();
    let facts = "[follow_up]\namount = \"revenue\"\ncurrency = \"currency\"\nnotice_deadline = \"deadline\"\npeople = { CSM = \"owner\" }\n";
    world.write("model.toml", &format!("{model}\n{facts}\n{rules}"));
    world
}

fn signal(id: &str, when: &str, evidence: &str, rest: &str) -> String {
    let has = |key: &str| rest.contains(&format!("{key} ="));
    let mut text = format!(
        "[[signals]]\nid = \"{id}\"\ntitle = \"{id}\"\nwhen = \"{when}\"\nevidence = \"{evidence}\"\n{rest}\n"
    );
    for (key, value) in [
        ("severity", "\"Medium\""),
        ("action", "\"call them\""),
        ("owner", "\"CSM\""),
        ("due_days", "3"),
        ("outcome", "\"better\""),
    ] {
        if !has(key) {
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    text
}

fn table(world: &World, name: &str) -> DataFrame {
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let tables = &scorecards[0].tables;
    let table = tables.iter().find(|table| table.name == name);
    table.unwrap().frame.clone()
}

/// Returns the cells of some columns, row by row.
fn rows(frame: &DataFrame, columns: &[&str]) -> Vec<Vec<String>> {
    (0..frame.height())
        .map(|row| {
            let cell = |name: &&str| match frame.column(name).unwrap().get(row).unwrap() {
                AnyValue::Null => "–".to_owned(),
                AnyValue::String(text) => text.to_owned(),
                other => other.to_string(),
            };
            columns.iter().map(cell).collect()
        })
        .collect()
}

#[test]
fn evidence_is_filled_from_the_data() {
    let rules = [
        signal(
            "sponsor_gone",
            "sponsor_left IS NOT NULL",
            "sponsor left on {sponsor_left}, {open_tickets} open tickets, {tickets_per_seat:percent} a seat, {revenue:money}",
            "category = \"commercial\"\nseverity_when = { High = \"open_tickets >= 2\" }",
        ),
        signal(
            "owner",
            "revenue > 0",
            "{owner} answers for {revenue:2} at {health_score}, {base_score - support.score:1} over support, {change_30d} in a month",
            "severity = \"Low\"",
        ),
        signal("all", "TRUE", "{owner}, {sponsor_left}, {band}", ""),
    ];
    let found = table(&world(&rules.concat()), "signals");
    let columns = ["account_id", "signal", "category", "severity", "evidence"];
    let expected = [
        [
            "A",
            "sponsor_gone",
            "commercial",
            "High",
            "sponsor left on 2025-12-24, 2 open tickets, 20 % a seat, 12,500 EUR",
        ],
        ["A", "all", "overall", "Medium", "Ann, 2025-12-24, Good"],
        [
            "A",
            "owner",
            "overall",
            "Low",
            "Ann answers for 12,500.00 at 70, 20.0 over support, -30 in a month",
        ],
        [
            "B",
            "all",
            "overall",
            "Medium",
            "Bo\u{fffd}b, not in the data, Good",
        ],
        [
            "B",
            "owner",
            "overall",
            "Low",
            "Bo\u{fffd}b answers for 900.40 at 80, -20.0 over support, 15 in a month",
        ],
        [
            "C",
            "all",
            "overall",
            "Medium",
            "not in the data, not in the data, Good",
        ],
    ];
    assert_eq!(rows(&found, &columns), expected);
    let _ = (AS_OF, cell);
}
