//! From measures to scores: worked examples that fit on paper, and properties that always hold.

use healthscore::jobs::settings::Overrides;
use polars::prelude::*;

use crate::harness::{World, cell, dates};

fn published(world: &World, table: &str) -> DataFrame {
    let scorecards = world.publish(&Overrides::default()).unwrap();
    scorecards[0]
        .tables
        .iter()
        .find(|candidate| candidate.name == table)
        .unwrap()
        .frame()
        .unwrap()
}

fn number(frame: &DataFrame, account: &str, column: &str) -> Option<f64> {
    match cell(frame, account, column) {
        AnyValue::Float64(number) => Some(number),
        AnyValue::Null => None,
        other => panic!("{column}: {other:?}"),
    }
}

fn text(frame: &DataFrame, account: &str, column: &str) -> Option<String> {
    cell(frame, account, column).get_str().map(str::to_owned)
}

#[test]
fn a_score_is_the_weighted_mean_of_its_categories() {
    let world = World::base();
    let scores = published(&world, "account_scores");
    // A: 2 open tickets → 50, 10 seats → 100: 0.6 × 50 + 0.4 × 100.
    assert_eq!(number(&scores, "A", "health_score"), Some(70.0));
    assert_eq!(text(&scores, "A", "band").as_deref(), Some("Good"));
    // B: no open ticket → 100, 5 seats → 50.
    assert_eq!(number(&scores, "B", "health_score"), Some(80.0));
    // 30 days before, on 1 January, A had no ticket and B one.
    assert_eq!(number(&scores, "A", "change_30d"), Some(-30.0));
    assert_eq!(text(&scores, "A", "direction_30d").as_deref(), Some("down"));
    assert_eq!(number(&scores, "B", "change_30d"), Some(15.0));
    assert_eq!(number(&scores, "A", "coverage"), Some(1.0));
}

#[test]
fn missing_metrics_give_their_weight_away_or_follow_their_rule() {
    let cases = [
        ("reweight", "", Some(40.0), 0.4),
        ("worst", "missing = \"worst\"\n", Some(16.0), 0.4),
        ("neutral", "missing = { neutral = 50 }\n", Some(46.0), 0.4),
    ];
    for (name, rule, expected, coverage) in cases {
        let world = World::base();
        // Nobody covers D, so its tickets are unknown; it has 4 seats → 40.
        world.edit(
            "exports.toml",
            "known = { closed_at = \"closed_at\" }\nobserved = \"all\"",
            "known = { closed_at = \"closed_at\" }\nobserved = \"any row\"",
        );
        world.edit(
            "model.toml",
            "name = \"base\"",
            "name = \"base\"\ncoverage_floor = 0.4",
        );
        world.edit(
            "model.toml",
            "better = \"lower\"\n",
            &format!("better = \"lower\"\n{rule}"),
        );
        world.export(
            "contracts",
            df!(
                "line_id" => ["L1", "L4"], "account_id" => ["A", "C"], "signed_on" => dates(&["2025-01-01", "2025-12-20"]),
                "starts_on" => dates(&["2025-01-01", "2025-12-20"]), "ends_on" => dates(&["2027-01-01", "2027-01-01"]),
                "seats" => [10i64, 4], "product" => ["core", "core"],
            ),
        );
        let scores = published(&world, "account_scores");
        assert_eq!(number(&scores, "C", "health_score"), expected, "{name}");
        assert_eq!(number(&scores, "C", "coverage"), Some(coverage), "{name}");
        // 0.4 × 40 with the missing part worst, and 60 more with it best.
        assert_eq!(
            (
                number(&scores, "C", "score_low"),
                number(&scores, "C", "score_high")
            ),
            (Some(16.0), Some(76.0)),
            "{name}"
        );
    }
}

#[test]
fn below_the_coverage_floor_an_account_is_not_scored() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "known = { closed_at = \"closed_at\" }\nobserved = \"all\"",
        "known = { closed_at = \"closed_at\" }\nobserved = \"any row\"",
    );
    let scores = published(&world, "account_scores");
    assert_eq!(number(&scores, "C", "health_score"), None);
    assert_eq!(text(&scores, "C", "band"), None);
    assert_eq!(
        text(&scores, "C", "not_scored_reason").as_deref(),
        Some("coverage 40 % is below the floor of 50 %")
    );
    assert_eq!(number(&scores, "C", "coverage"), Some(0.4));
}

#[test]
fn a_carried_value_serves_for_its_validity_and_does_not_count_as_coverage() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "known = { closed_at = \"closed_at\" }",
        "known = { closed_at = \"closed_at\" }\nfresh_within = \"10d\"",
    );
    // The newest ticket is of 20 January: stale on the 31st, fresh on the 24th, when A had two open.
    world.edit(
        "model.toml",
        "better = \"lower\"\n",
        "better = \"lower\"\nmissing = { carry = \"14d\" }\n",
    );
    world.edit(
        "model.toml",
        "name = \"base\"",
        "name = \"base\"\ncoverage_floor = 0.4",
    );
    let scores = published(&world, "account_scores");
    assert_eq!(number(&scores, "A", "health_score"), Some(70.0));
    assert_eq!(number(&scores, "A", "coverage"), Some(0.4));
    world.edit("model.toml", "carry = \"14d\"", "carry = \"6d\"");
    assert_eq!(
        number(&published(&world, "account_scores"), "A", "health_score"),
        Some(100.0)
    );
}

#[test]
fn a_metric_that_does_not_concern_an_account_leaves_the_coverage_alone() {
    let world = World::base();
    world.edit(
        "model.toml",
        "better = \"lower\"\n",
        "better = \"lower\"\napplies_when = \"sales_region = 'south'\"\n",
    );
    let scores = published(&world, "account_scores");
    assert_eq!(number(&scores, "A", "health_score"), Some(100.0));
    assert_eq!(number(&scores, "A", "coverage"), Some(1.0));
    assert_eq!(number(&scores, "B", "health_score"), Some(80.0));
}

#[test]
fn caps_and_floors_are_parts_of_their_own() {
    let world = World::base();
    let model = std::fs::read_to_string(world.path().join("model.toml")).unwrap();
    let limits = "\n[[caps]]\nid = \"tickets\"\nwhen = \"open_tickets >= 2\"\nat_most = 49.9\nreason = \"two tickets are open\"\n\n[[floors]]\nid = \"south\"\nwhen = \"sales_region = 'south'\"\nat_least = 90\nreason = \"for the test\"\n";
    world.write("model.toml", &(model + limits));
    let scores = published(&world, "account_scores");
    assert_eq!(number(&scores, "A", "base_score"), Some(70.0));
    assert_eq!(number(&scores, "A", "health_score"), Some(49.9));
    assert_eq!(number(&scores, "A", "limit_points"), Some(-20.1));
    assert_eq!(text(&scores, "A", "limits").as_deref(), Some("tickets"));
    assert_eq!(text(&scores, "A", "band").as_deref(), Some("Bad"));
    assert_eq!(number(&scores, "B", "health_score"), Some(90.0));
    assert_eq!(text(&scores, "C", "limits"), None);
}

#[test]
fn a_band_is_that_of_the_score_as_it_is_shown() {
    let world = World::base();
    // A: 0.6 × 50 + 0.4 × 49.9 = 49.96, shown as 50.0.
    world.edit("model.toml", "[[0, 0], [10, 100]]", "[[0, 0], [10, 49.9]]");
    let scores = published(&world, "account_scores");
    assert_eq!(number(&scores, "A", "score_shown"), Some(50.0));
    assert_eq!(text(&scores, "A", "band").as_deref(), Some("Good"));
}

#[test]
fn variants_change_weights_curves_and_bands_or_say_that_no_scorecard_applies() {
    let world = World::base();
    let model = std::fs::read_to_string(world.path().join("model.toml")).unwrap();
    let variants = "\n[[variants]]\nid = \"new\"\nwhen = \"DATEDIFF('day', created_on, as_of) < 60\"\nno_scorecard = \"younger than 60 days\"\n\n[[variants]]\nid = \"south\"\nwhen = \"sales_region = 'south'\"\nweights = { support = 0.2, commercial = 0.8 }\nmetrics = { seats = { curve = { points = [[0, 0], [20, 100]] }, target = 20 } }\nbands = { Good = 30 }\n";
    world.write("model.toml", &(model + variants));
    let scores = published(&world, "account_scores");
    assert_eq!(
        text(&scores, "C", "not_scored_reason").as_deref(),
        Some("no scorecard applies: younger than 60 days")
    );
    assert_eq!(text(&scores, "C", "variant").as_deref(), Some("new"));
    // B: 0.2 × 100 + 0.8 × 25.
    assert_eq!(number(&scores, "B", "health_score"), Some(40.0));
    assert_eq!(text(&scores, "B", "band").as_deref(), Some("Good"));
    assert_eq!(text(&scores, "A", "variant"), None);
    assert_eq!(number(&scores, "A", "health_score"), Some(70.0));
}

#[test]
fn on_a_scale_of_one_to_five_the_total_runs_from_twenty_to_a_hundred() {
    let world = World::base();
    world.edit(
        "model.toml",
        "name = \"base\"",
        "name = \"base\"\nscale = [1, 5]",
    );
    world.edit("model.toml", "[[0, 100], [4, 0]]", "[[0, 5], [4, 1]]");
    world.edit("model.toml", "[[0, 0], [10, 100]]", "[[0, 1], [10, 5]]");
    let scores = published(&world, "account_scores");
    // A: support 3 of 5, commercial 5 of 5.
    assert_eq!(number(&scores, "A", "health_score"), Some(76.0));
    world.edit("model.toml", "[[0, 5], [4, 1]]", "[[0, 1], [4, 1]]");
    world.edit("model.toml", "[[0, 1], [10, 5]]", "[[0, 1], [10, 1]]");
    assert_eq!(
        number(&published(&world, "account_scores"), "A", "health_score"),
        Some(20.0)
    );
}

#[test]
fn parts_sum_to_the_whole_raw_and_as_shown() {
    let world = World::base();
    world.edit(
        "model.toml",
        "[[0, 100], [4, 0]]",
        "[[0, 97.77], [3, 11.13]]",
    );
    world.edit(
        "model.toml",
        "[[0, 0], [10, 100]]",
        "[[0, 0.03], [11, 99.99]]",
    );
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let table = |name: &str| {
        scorecards[0]
            .tables
            .iter()
            .find(|table| table.name == name)
            .unwrap()
            .frame()
            .unwrap()
    };
    let accounts = table("account_scores");
    for part in ["category_scores", "metric_scores"] {
        let sums = table(part)
            .lazy()
            .group_by([col("account_id")])
            .agg([col("contribution").sum(), col("points").sum()])
            .collect()
            .unwrap();
        for account in ["A", "B", "C"] {
            let raw = number(&sums, account, "contribution").unwrap()
                - number(&accounts, account, "base_score").unwrap();
            assert!(raw.abs() < 1e-9, "{part} {account} {raw}");
            let shown = number(&sums, account, "points").unwrap()
                - number(&accounts, account, "score_shown").unwrap();
            assert!(shown.abs() < 1e-9, "{part} {account} {shown}");
        }
    }
}

#[test]
fn neither_the_order_of_rows_nor_the_other_accounts_nor_names_change_a_score() {
    let world = World::base();
    let before = published(&world, "account_scores");
    let tickets = df!(
        "ticket_id" => ["T3", "T2", "T1"], "account_id" => ["B", "A", "A"],
        "opened_at" => dates(&["2025-12-20", "2026-01-20", "2026-01-05"]), "closed_at" => dates(&["2026-01-10", "2026-02-10", ""]),
    );
    world.export("tickets", tickets);
    assert!(published(&world, "account_scores").equals_missing(&before));
    world.export(
        "accounts",
        df!("account_id" => ["A", "C"], "created_on" => dates(&["2025-01-01", "2025-12-15"]), "sales_region" => ["other", "north"]),
    );
    world.edit("job.toml", "as_of", "tolerance = { refuse = 1 }\nas_of");
    let alone = published(&world, "account_scores");
    for column in ["health_score", "coverage", "change_30d"] {
        assert_eq!(
            number(&alone, "A", column),
            number(&before, "A", column),
            "{column}"
        );
    }
}

#[test]
fn text_from_outside_reaches_the_terminal_without_its_control_characters() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "eligible",
        "show = [\"sales_region\"]\neligible",
    );
    world.export(
        "accounts",
        df!("account_id" => ["A\u{1b}[31m", "B"], "created_on" => dates(&["2025-01-01", "2025-01-01"]), "sales_region" => ["x\u{1b}]0;y\u{7}\n", "south"]),
    );
    world.edit("job.toml", "as_of", "tolerance = { refuse = 1 }\nas_of");
    world.edit("exports.toml", "active_lines > 0", "TRUE");
    for arguments in [
        &["run", "job.toml"][..],
        &["run", "job.toml", "--account", "A\u{1b}[31m"],
        &["explain", "job.toml", "--account", "A\u{1b}[31m"],
    ] {
        let output = world.command(arguments);
        let text = [output.stdout, output.stderr].concat();
        assert!(
            !text.contains(&0x1b) && !text.contains(&0x07),
            "{arguments:?}"
        );
    }
}
