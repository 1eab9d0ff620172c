//! Signals, opportunities and actions: what they say, of whom, and what is done about it by when.

use healthscore::jobs::settings::Overrides;
use polars::prelude::*;

use crate::harness::{World, dates};

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
    table.unwrap().frame().unwrap()
}

/// Returns rows account by account, in their order.
fn by_account(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    rows.sort_by(|a, b| a[0].cmp(&b[0]));
    rows
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
}

#[test]
fn every_cap_that_bit_and_every_category_that_contradicts_is_called_out() {
    let each = [
        signal(
            "capped",
            "TRUE",
            "held at {cap.at_most}, the parts give {base_score}: {cap.reason}",
            "each = \"cap\"",
        )
        .replace("when = \"TRUE\"\n", ""),
        signal(
            "contradicts",
            "ABS(category.score - base_score) >= 25",
            "{category.title} at {category.score}, the whole at {base_score}",
            "each = \"category\"",
        ),
    ];
    let cap = |id: &str, when: &str, at_most: f64| {
        format!(
            "[[caps]]\nid = \"{id}\"\nwhen = \"{when}\"\nat_most = {at_most}\nreason = \"since {id}\"\n"
        )
    };
    let caps = [
        cap("open", "open_tickets > 0", 60.5),
        cap("open_two", "open_tickets > 1", 49.9),
        // Holds, and takes nothing.
        cap("loose", "TRUE", 99.0),
    ];
    let found = table(&world(&(caps.concat() + &each.concat())), "signals");
    let expected = [
        [
            "A",
            "capped",
            "overall",
            "held at 60.5, the parts give 70: since open",
        ],
        [
            "A",
            "capped",
            "overall",
            "held at 49.9, the parts give 70: since open_two",
        ],
        [
            "A",
            "contradicts",
            "commercial",
            "commercial at 100, the whole at 70",
        ],
        [
            "B",
            "contradicts",
            "commercial",
            "commercial at 50, the whole at 80",
        ],
        [
            "C",
            "contradicts",
            "support",
            "support at 100, the whole at 68",
        ],
        [
            "C",
            "contradicts",
            "commercial",
            "commercial at 20, the whole at 68",
        ],
    ];
    assert_eq!(
        rows(&found, &["account_id", "signal", "category", "evidence"]),
        expected
    );
}

const OPPORTUNITY: &str = r#"
[[opportunities]]
id = "full"
title = "Seats are in use"
kind = "expansion"
when = "open_tickets = 0 AND seats >= 2"
evidence = "{seats} seats in use"
value = "revenue * 0.2"
next_step = "Offer more seats"
owner = "Sales"
due_days = 2
"#;

#[test]
fn an_opportunity_has_evidence_a_value_and_a_next_step() {
    let world = world(OPPORTUNITY);
    world.edit(
        "job.toml",
        "compare",
        "actions = { holidays = [2026-02-02] }\ncompare",
    );
    let found = table(&world, "opportunities");
    let columns = [
        "account_id",
        "evidence",
        "estimated_value",
        "currency",
        "next_step",
        "owner",
        "due_date",
    ];
    // The as-of date is a Saturday, and Monday is a holiday.
    let expected = [
        [
            "B",
            "5 seats in use",
            "180.08",
            "USD",
            "Offer more seats",
            "Sales",
            "2026-02-04",
        ],
        [
            "C",
            "2 seats in use",
            "–",
            "–",
            "Offer more seats",
            "Sales",
            "2026-02-04",
        ],
    ];
    assert_eq!(rows(&found, &columns), expected);
}

const PLAYS: &str = r#"
[[actions]]
band = "Good"
weakest = "support"
action = "review the tickets"
owner = "CSM"
due_days = 10
outcome = "fewer tickets"
[[actions]]
band = "Good"
action = "prepare the renewal"
owner = "CSM"
due_days = 20
before_renewal = true
outcome = "renewed"
check_days = 1
"#;

/// Rules that raise something for every account: two causes for the account manager, one for
/// Support, and the play of the band.
fn rules() -> String {
    [
        signal(
            "ageing",
            "open_tickets > 0",
            "{open_tickets} open",
            "owner = \"Support\"\ndue_days = 1\nseverity = \"High\"",
        ),
        signal(
            "small",
            "seats < 6",
            "{seats} seats",
            "due_days = 15\naction = \"talk about seats\"",
        ),
        signal(
            "calm",
            "open_tickets = 0",
            "{open_tickets} open",
            "action = \"thank them\"\nseverity = \"Low\"",
        ),
        PLAYS.to_owned(),
    ]
    .concat()
}

const LIST: [&str; 9] = [
    "account_id",
    "action",
    "owner",
    "owner_role",
    "due_date",
    "bucket",
    "source",
    "check_date",
    "status",
];

#[test]
fn the_causes_of_one_account_and_owner_are_one_conversation() {
    let found = table(&world(&rules()), "actions");
    let expected = [
        [
            "A",
            "call them",
            "Support",
            "Support",
            "2026-02-02",
            "this week",
            "ageing",
            "2026-02-09",
            "new",
        ],
        [
            "A",
            "review the tickets",
            "Ann",
            "CSM",
            "2026-02-13",
            "this month",
            "Good",
            "2026-02-20",
            "new",
        ],
        // The notice deadline is Friday the 6th; nothing is due after the day before it.
        [
            "B",
            "prepare the renewal; talk about seats; thank them",
            "Bo\u{fffd}b",
            "CSM",
            "2026-02-04",
            "this week",
            "Good, small, calm",
            "2026-02-06",
            "new",
        ],
        // Nobody knows a deadline, so that the renewal has its twenty working days.
        [
            "C",
            "prepare the renewal; talk about seats; thank them",
            "CSM",
            "CSM",
            "2026-02-04",
            "this week",
            "Good, small, calm",
            "2026-02-11",
            "new",
        ],
    ];
    assert_eq!(by_account(rows(&found, &LIST)), expected);
}

/// Adds a log of actions: one open and overdue, one open without a date or an owner, one closed ten
/// days ago, and one that was closed after the as-of date.
fn with_log(world: &World, settings: &str) {
    world.export(
        "log",
        df!(
            "action_id" => ["X1", "X2", "X3", "X4"],
            "account_id" => ["A", "B", "B", "C"],
            "raised_at" => dates(&["2026-01-01", "2026-01-20", "2026-01-02", "2026-01-29"]),
            "what" => ["chase the tickets", "mind the seats", "thanked", "renew"],
            "owner" => [Some("Ann"), None, Some("Bo"), Some("Zoe")],
            "due_date" => dates(&["2026-01-15", "", "2026-01-10", "2026-03-15"]),
            "cause" => ["ageing, something_else", "small", "calm", "Good"],
            "status" => ["in progress", "open", "done", "open"],
            "closed_at" => dates(&["", "", "2026-01-21", "2026-02-01"]),
        ),
    );
    let exports = std::fs::read_to_string(world.path().join("exports.toml")).unwrap();
    world.write(
        "exports.toml",
        &format!(
            "{exports}\n[tables.log]\npath = \"log.parquet\"\nkey = [\"action_id\"]\ntime = \"raised_at\"\ncolumns = {{ title = \"what\" }}\nknown = {{ closed_at = \"closed_at\" }}\n"
        ),
    );
    world.edit(
        "job.toml",
        "compare",
        &format!("actions = {{ log = \"log\"{settings} }}\ncompare"),
    );
}

#[test]
fn an_action_in_hand_is_carried_forward_and_not_raised_again() {
    let world = world(&rules());
    with_log(&world, ", quiet = \"11d\"");
    let found = table(&world, "actions");
    let columns = [
        "account_id",
        "action",
        "owner",
        "owner_role",
        "due_date",
        "bucket",
        "source",
        "status",
        "age_days",
        "log_id",
    ];
    let expected = [
        [
            "A",
            "chase the tickets",
            "Ann",
            "Support",
            "2026-01-15",
            "this week",
            "ageing, something_else",
            "in progress",
            "30",
            "X1",
        ],
        [
            "A",
            "review the tickets",
            "Ann",
            "CSM",
            "2026-02-13",
            "this month",
            "Good",
            "new",
            "0",
            "–",
        ],
        // Without a date it is due at once, and without an owner it is the account's.
        [
            "B",
            "mind the seats",
            "Bo\u{fffd}b",
            "CSM",
            "2026-02-02",
            "this week",
            "small",
            "open",
            "11",
            "X2",
        ],
        [
            "B",
            "prepare the renewal",
            "Bo\u{fffd}b",
            "CSM",
            "2026-02-05",
            "this week",
            "Good",
            "new",
            "0",
            "–",
        ],
        [
            "C",
            "talk about seats; thank them",
            "CSM",
            "CSM",
            "2026-02-04",
            "this week",
            "small, calm",
            "new",
            "0",
            "–",
        ],
        [
            "C",
            "renew",
            "Zoe",
            "CSM",
            "2026-03-15",
            "before renewal",
            "Good",
            "open",
            "2",
            "X4",
        ],
    ];
    assert_eq!(by_account(rows(&found, &columns)), expected);
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let held_back = &scorecards[0].manifest["actions"];
    // Ageing of A, small of B and Good of C are in hand; calm of B was closed ten days ago.
    assert_eq!(
        (
            &held_back["in_hand"],
            &held_back["quiet"],
            &held_back["without_date"]
        ),
        (&3.into(), &1.into(), &1.into())
    );
}

#[test]
fn what_is_snoozed_or_over_the_limit_is_counted() {
    let world = world(&rules());
    let snooze = ", per_owner_and_week = 1, snooze = [\
        { account = \"C\", cause = \"calm\", until = 2026-01-31, reason = \"on leave\" },\
        { account = \"B\", until = 2026-01-30, reason = \"over\" }]";
    with_log(&world, snooze);
    let found = table(&world, "actions");
    // Bo has X2 in hand this week already, so that the play of B has to wait.
    let expected = [
        ["A", "chase the tickets"],
        ["A", "review the tickets"],
        ["B", "mind the seats"],
        ["C", "talk about seats"],
        ["C", "renew"],
    ];
    assert_eq!(
        by_account(rows(&found, &["account_id", "action"])),
        expected
    );
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let held_back = &scorecards[0].manifest["actions"];
    assert_eq!(held_back["snoozed"], 1);
    assert_eq!(held_back["over_limit"].to_string(), "[[\"Bo\u{fffd}b\",1]]");
    let over = scorecards[0]
        .findings
        .iter()
        .find(|finding| finding.finding == "actions_over_limit");
    assert_eq!(over.unwrap().count, 1);
}

#[test]
fn what_needs_attention_and_is_worth_much_comes_first() {
    let rule = signal("all", "TRUE", "{band}", "");
    let columns = ["rank", "account_id", "amount"];
    // A is worst, then C; without a common currency nothing more can be said.
    let several = world(&rule);
    let expected = [["1", "A", "12500.0"], ["2", "C", "–"], ["3", "B", "900.4"]];
    assert_eq!(rows(&table(&several, "actions"), &columns), expected);
    let scorecard = several.publish(&Overrides::default()).unwrap().remove(0);
    let kinds = scorecard.findings.iter().map(|finding| finding.finding);
    assert!(kinds.clone().any(|kind| kind == "actions_not_by_amount"));
    // Of amounts that can be compared the unknown one comes last.
    let one = world(&rule);
    one.edit("model.toml", "currency = \"currency\"\n", "");
    let expected = [["1", "A", "12500.0"], ["2", "B", "900.4"], ["3", "C", "–"]];
    assert_eq!(rows(&table(&one, "actions"), &columns), expected);
}

#[test]
fn the_portfolio_counts_every_account_once_in_each_slice() {
    let world = world(&rules());
    with_log(&world, "");
    world.edit(
        "job.toml",
        "compare = [\"30d\"]",
        "compare = [\"30d\", \"60d\"]\npublish = [\"portfolio\"]\nportfolio = { slices = [\"currency\"], period = \"20d\", stages = { young = \"DATEDIFF('day', created_on, as_of) < 90\", old = \"TRUE\" } }",
    );
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let found = |name: &str, columns: &[&str]| {
        let tables = &scorecards[0].tables;
        let table = tables.iter().find(|table| table.name == name).unwrap();
        rows(&table.frame().unwrap(), columns)
    };
    let bands = [
        "on_date",
        "slice",
        "slice_value",
        "band",
        "accounts",
        "share",
    ];
    let expected = [
        // Sixty days before C was no customer yet, and no ticket was known of anybody.
        ["2025-12-02", "all", "all", "not scored", "2", "1.0"],
        ["2025-12-02", "currency", "EUR", "not scored", "1", "1.0"],
        ["2025-12-02", "currency", "USD", "not scored", "1", "1.0"],
        ["2025-12-02", "stage", "old", "not scored", "2", "1.0"],
    ];
    assert_eq!(found("portfolio_bands", &bands)[..4], expected);
    let migration = ["slice_value", "band_before", "band_after", "accounts"];
    let expected = [
        ["all", "Good", "Good", "3"],
        ["EUR", "Good", "Good", "1"],
        ["USD", "Good", "Good", "1"],
        ["not in the data", "Good", "Good", "1"],
        ["old", "Good", "Good", "2"],
        ["young", "Good", "Good", "1"],
        ["all", "not scored", "Good", "2"],
        ["all", "not in the panel", "Good", "1"],
    ];
    assert_eq!(found("portfolio_migration", &migration)[..8], expected);
    let revenue = [
        "slice_value",
        "currency",
        "band",
        "accounts",
        "amount",
        "share",
        "coverage_by_amount",
    ];
    let expected = [
        ["all", "EUR", "Good", "1", "12500.0", "1.0", "1.0"],
        ["all", "USD", "Good", "1", "900.4", "1.0", "1.0"],
    ];
    assert_eq!(found("portfolio_revenue", &revenue)[..2], expected);
    let causes = [
        "comparator",
        "slice_value",
        "category",
        "accounts_fallen",
        "accounts",
        "share",
        "mean_change",
    ];
    let expected = [
        ["30d", "all", "support", "1", "1", "1.0", "-50.0"],
        ["30d", "all", "commercial", "1", "0", "0.0", "–"],
    ];
    assert_eq!(found("portfolio_causes", &causes)[..2], expected);
    let signals = ["slice_value", "signal", "severity", "accounts"];
    let expected = [
        ["all", "ageing", "High", "1"],
        ["all", "calm", "Low", "2"],
        ["all", "small", "Medium", "2"],
    ];
    assert_eq!(found("portfolio_signals", &signals)[..3], expected);
    let actions = [
        "owner",
        "raised",
        "closed",
        "open",
        "overdue",
        "new",
        "share_overdue",
    ];
    let expected = [
        ["Ann", "0", "0", "1", "1", "1", "1.0"],
        ["Bo", "0", "1", "0", "0", "0", "–"],
        ["Bo\u{fffd}b", "0", "0", "0", "0", "1", "–"],
        ["CSM", "0", "0", "0", "0", "1", "–"],
        ["Zoe", "1", "0", "1", "0", "0", "0.0"],
        ["not in the data", "1", "0", "1", "0", "0", "0.0"],
    ];
    assert_eq!(found("portfolio_actions", &actions), expected);
    let all = |name: &str, columns: &[&str]| -> Vec<Vec<String>> {
        let columns = [&["slice"], columns].concat();
        let counted = found(name, &columns).into_iter();
        let counted = counted.filter(|row| row[0] == "all");
        counted.map(|row| row[1..].to_vec()).collect()
    };
    // A 100 → 70, B 65 → 80, C 68 → 68; sixty days before nobody had a score.
    assert_eq!(
        all("portfolio_scores", &["on_date", "points_from", "accounts"]),
        [
            ["2026-01-01", "65", "2"],
            ["2026-01-01", "95", "1"],
            ["2026-01-31", "65", "1"],
            ["2026-01-31", "70", "1"],
            ["2026-01-31", "80", "1"],
        ]
    );
    let coverage = [
        "on_date",
        "category",
        "accounts",
        "accounts_scored",
        "accounts_complete",
        "mean_score",
        "mean_coverage",
    ];
    assert_eq!(
        all("portfolio_coverage", &coverage)[3..],
        [
            // One open ticket of B's is a quarter of its support, two of A's are half of it.
            ["2026-01-01", "overall", "3", "3", "3", "77.666667", "1.0"],
            ["2026-01-01", "support", "3", "3", "3", "91.666667", "1.0"],
            [
                "2026-01-01",
                "commercial",
                "3",
                "3",
                "3",
                "56.666667",
                "1.0"
            ],
            ["2026-01-31", "overall", "3", "3", "3", "72.666667", "1.0"],
            ["2026-01-31", "support", "3", "3", "3", "83.333333", "1.0"],
            [
                "2026-01-31",
                "commercial",
                "3",
                "3",
                "3",
                "56.666667",
                "1.0"
            ],
        ]
    );
    let changes = [
        "comparator",
        "accounts_compared",
        "fell",
        "rose",
        "to_a_worse_band",
        "mean_change",
    ];
    assert_eq!(
        all("portfolio_changes", &changes),
        [
            ["30d", "3", "1", "1", "0", "-5.0"],
            ["60d", "0", "0", "0", "0", "–"],
        ]
    );
    let drivers = [
        "comparator",
        "cause",
        "metric",
        "accounts_fallen",
        "accounts",
        "points",
    ];
    assert_eq!(
        all("portfolio_drivers", &drivers),
        [["30d", "behaviour", "open_tickets", "1", "1", "-30.0"]]
    );
    let movers = [
        "rank",
        "account_id",
        "score_then",
        "score_now",
        "category",
        "points",
    ];
    assert_eq!(
        found("portfolio_movers", &movers),
        [
            ["1", "A", "100.0", "70.0", "support", "-30.0"],
            ["2", "B", "65.0", "80.0", "support", "15.0"],
        ]
    );
    // The model of this world names no renewal date.
    assert!(found("portfolio_renewals", &["month"]).is_empty());
}

/// D was a customer until the middle of the month, E is one since then.
#[test]
fn who_came_or_left_is_counted_and_totals_stand_beside_the_moves() {
    let world = World::base();
    let ids = ["A", "B", "C", "D", "E"];
    let begun = dates(&[
        "2025-01-01",
        "2025-01-01",
        "2025-01-01",
        "2025-01-01",
        "2026-01-10",
    ]);
    let ends = dates(&[
        "2027-01-01",
        "2027-01-01",
        "2027-01-01",
        "2026-01-15",
        "2027-01-01",
    ]);
    world.export(
        "accounts",
        df!("account_id" => ids, "created_on" => begun.clone(), "size" => ["big", "big", "small", "small", "small"]),
    );
    world.export(
        "contracts",
        df!(
            "line_id" => ids, "account_id" => ids, "signed_on" => begun.clone(),
            "starts_on" => begun, "ends_on" => ends, "seats" => [10i64, 5, 2, 2, 2],
            "product" => ["core"; 5],
        ),
    );
    // A ticket of the first day keeps the feed from being too young for the comparison.
    world.export(
        "tickets",
        df!(
            "ticket_id" => ["T0", "T1"], "account_id" => ["A", "B"],
            "opened_at" => dates(&["2025-12-20", "2026-01-30"]), "closed_at" => dates(&["2025-12-21", ""]),
        ),
    );
    let with_stages = "publish = [\"portfolio\"]\nportfolio = { slices = [\"size\"], stages = { young = \"DATEDIFF('day', created_on, as_of) < 370\", old = \"TRUE\" } }";
    world.edit(
        "job.toml",
        "compare = [\"30d\"]",
        &format!("compare = [\"30d\"]\n{with_stages}"),
    );
    let found = |name: &str, columns: &[&str]| rows(&table(&world, name), columns);
    let migration = [
        "slice_value",
        "band_before",
        "band_after",
        "accounts",
        "accounts_before",
        "accounts_after",
    ];
    let expected = [
        ["all", "Good", "Good", "3", "4", "4"],
        ["all", "Good", "not in the panel", "1", "4", "1"],
        ["all", "not in the panel", "Good", "1", "1", "4"],
        ["big", "Good", "Good", "2", "2", "2"],
        ["small", "Good", "Good", "1", "2", "2"],
        ["small", "Good", "not in the panel", "1", "2", "1"],
        ["small", "not in the panel", "Good", "1", "1", "2"],
        ["old", "Good", "Good", "3", "3", "3"],
        // As old as it was when it was there.
        ["young", "Good", "not in the panel", "1", "1", "1"],
        ["young", "not in the panel", "Good", "1", "1", "1"],
    ];
    assert_eq!(found("portfolio_migration", &migration), expected);
    let of_all = |name: &str, columns: &[&str]| -> Vec<Vec<String>> {
        let all = found(name, &[&["slice"], columns].concat()).into_iter();
        all.filter(|row| row[0] == "all")
            .map(|row| row[1..].to_vec())
            .collect()
    };
    assert_eq!(
        of_all("portfolio_bands", &["on_date", "band", "accounts"]),
        [["2026-01-01", "Good", "4"], ["2026-01-31", "Good", "4"]]
    );
    let scored = of_all(
        "portfolio_coverage",
        &["on_date", "category", "accounts", "accounts_scored"],
    );
    assert_eq!(scored[0], ["2026-01-01", "overall", "4", "4"]);
    let in_bins = of_all("portfolio_scores", &["on_date", "accounts"]);
    let then = in_bins.iter().filter(|row| row[0] == "2026-01-01");
    assert_eq!(
        then.map(|row| row[1].parse::<u32>().unwrap()).sum::<u32>(),
        4
    );
}

#[test]
fn neither_names_nor_the_order_of_rows_matter() {
    let columns = [
        "account_id",
        "action",
        "owner",
        "due_date",
        "source",
        "status",
        "priority",
    ];
    let evidence = ["account_id", "signal", "severity", "evidence", "owner"];
    let drawn_up = |names: [&str; 3]| {
        let world = world(&rules());
        with_log(&world, "");
        if names != ["A", "B", "C"] {
            for file in ["accounts", "contracts", "tickets", "log"] {
                let path = world.path().join(format!("data/{file}.parquet"));
                let frame = healthscore::publish::decode(&path).unwrap();
                let ids = frame.column("account_id").unwrap().str().unwrap();
                let renamed: Vec<&str> = ids
                    .iter()
                    .map(|id| names["ABC".find(id.unwrap()).unwrap()])
                    .collect();
                let mut frame = frame.clone();
                frame
                    .with_column(Column::new("account_id".into(), renamed))
                    .unwrap();
                world.export(file, Ok(frame.reverse()));
            }
        }
        let original = |mut rows: Vec<Vec<String>>| {
            for row in &mut rows {
                let place = names.iter().position(|name| *name == row[0]).unwrap();
                row[0] = ["A", "B", "C"][place].to_owned();
            }
            rows.sort();
            rows
        };
        [
            original(rows(&table(&world, "actions"), &columns)),
            original(rows(&table(&world, "signals"), &evidence)),
        ]
    };
    let plain = drawn_up(["A", "B", "C"]);
    assert!(plain[0].len() >= 6 && plain[1].len() >= 4);
    assert_eq!(drawn_up(["Z", "Y", "X"]), plain);
}

/// The shipped rules on the sample: every one fires somewhere, none on an account at its best.
#[test]
fn every_shipped_rule_fires_on_the_sample_and_none_on_the_healthiest_account() {
    let root = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let job = healthscore::jobs::settings::load(
        &root.join("jobs/nightly.toml"),
        &Overrides::default(),
        crate::harness::date("2026-11-20"),
    )
    .unwrap();
    let run = healthscore::jobs::score_run::score_run(
        &job,
        None,
        &mut healthscore::trail::Trail::silent(),
    )
    .unwrap();
    let scorecard = run
        .scorecard(&job, job.dates[0], &mut healthscore::trail::Trail::silent())
        .unwrap();
    let table = |name: &str| {
        let table = scorecard.tables.iter().find(|table| table.name == name);
        table.unwrap().frame().unwrap()
    };
    let found = |table: &DataFrame, column: &str| -> std::collections::BTreeSet<String> {
        let texts = table.column(column).unwrap().str().unwrap().clone();
        texts.iter().flatten().map(str::to_owned).collect()
    };
    let (signals, opportunities, actions) =
        (table("signals"), table("opportunities"), table("actions"));
    let rules = &job.model.rules;
    let fired = found(&signals, "signal");
    for rule in &rules.signals {
        assert!(fired.contains(&rule.id), "{} never fires", rule.id);
    }
    let held = found(&opportunities, "opportunity");
    for rule in &rules.opportunities {
        assert!(held.contains(&rule.id), "{} never holds", rule.id);
    }
    let scores = table("account_scores");
    let best = scores
        .sort(
            ["health_score"],
            SortMultipleOptions::default()
                .with_order_descending(true)
                .with_nulls_last(true),
        )
        .unwrap();
    let best = best.column("account_id").unwrap().str().unwrap().get(0);
    let best = best.unwrap().to_owned();
    assert!(!found(&signals, "account_id").contains(&best), "{best}");
    // Evidence is filled: no place is left open, and nothing breaks the line.
    for text in found(&signals, "evidence").union(&found(&opportunities, "evidence")) {
        assert!(!text.contains(['{', '}', '\n']), "{text}");
    }
    // Nobody is asked for more than fits into a week, beside what is in hand.
    let new = actions
        .lazy()
        .filter(col("status").eq(lit("new")))
        .with_column(
            (col("due_date").cast(DataType::Int32) + lit(3))
                .floor_div(lit(7))
                .alias("week"),
        )
        .group_by([col("owner"), col("week")])
        .agg([len().alias("n")])
        .select([col("n").max()])
        .collect()
        .unwrap();
    assert_eq!(new.columns()[0].u32().unwrap().get(0), Some(25));
    // What is due before a renewal is due before notice can be given.
    let held_back = &scorecard.manifest["actions"];
    assert!(held_back["in_hand"].as_u64().unwrap() > 0, "{held_back}");
}
