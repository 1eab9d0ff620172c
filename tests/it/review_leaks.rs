//! What knows more than it could have known is a suspected leak, and no discovery: one test for each
//! sign by which it is told.

use chrono::{Days, NaiveDate};
use healthscore::jobs::review_run::ReviewRun;
use polars::prelude::*;

use crate::harness::{World, date};
use crate::review::{ACCOUNTS, PLAIN, Twist, ends, id, leaves, plain, review, world};

/// Returns what is held against a metric, which then may not stand out at any lead.
fn suspicion(run: &ReviewRun, metric: &str) -> String {
    let mut leaks = run.findings.iter();
    let leak = leaks.find(|own| own.finding == "suspected_leak" && own.subject == metric);
    let leak = leak.unwrap_or_else(|| panic!("{metric} is not suspected: {:?}", run.findings));
    let own = run.powers.iter().filter(|power| power.metric == metric);
    assert!(own.clone().all(|power| !power.stands_out()));
    let about = format!("metric/{metric}");
    let figures = run.figures.0.iter();
    let mut aucs = figures.filter(|own| own.figure == "auc" && own.about.candidate == about);
    let says = |own: &healthscore::backtest::figures::Figure| {
        let reason = own.reason.as_deref().unwrap_or_default();
        reason.contains("suspected leak, no discovery")
    };
    assert!(aucs.all(says), "the table does not say so");
    let mut lines = run.verdicts.iter();
    let line = lines.find(|line| line.subject.starts_with("Metrics that stand out"));
    let verdict = &line.unwrap().verdict;
    assert!(
        verdict.contains(&format!("suspected leaks: {metric}")),
        "{verdict}"
    );
    leak.evidence.clone()
}

/// Leaves half of its category's weight to another metric.
fn halve_tickets(world: &World) {
    let own = "[categories.support.metrics.open_tickets]\nweight = ";
    world.edit("model.toml", &format!("{own}1"), &format!("{own}0.5"));
}

/// Adds a metric that rests on a column of the accounts of which only today's value is known.
fn with_current(world: &World, values: Vec<Option<i64>>) {
    world.export(
        "accounts",
        df!(
            "account_id" => (0..ACCOUNTS).map(id).collect::<Vec<_>>(),
            "created_on" => vec![date("2024-01-01"); ACCOUNTS],
            "sales_region" => vec!["north"; ACCOUNTS],
            "exit_call" => values,
        ),
    );
    world.edit(
        "exports.toml",
        "time = \"created_on\"",
        "time = \"created_on\"\ncurrent = [\"exit_call\"]",
    );
    world.add(
        "measures.toml",
        "[measures.exit_call_held]\nvalue = \"exit_call\"",
    );
    halve_tickets(world);
    world.add(
        "model.toml",
        "[categories.support.metrics.exit_call_held]\nweight = 0.5\ncurve = { points = [[0, 100], [10, 0]] }",
    );
}

#[test]
fn an_auc_that_is_too_good_is_suspected() {
    let world = world(PLAIN);
    // Overwritten when an account leaves: ten for all of them but one, one or two for the others.
    let value = |n: usize| {
        if leaves(n) && n != 30 {
            10
        } else {
            (n % 3).max(1) as i64
        }
    };
    with_current(&world, (0..ACCOUNTS).map(|n| Some(value(n))).collect());
    let run = review(&world);
    let evidence = suspicion(&run, "exit_call_held");
    assert!(evidence.contains("its AUC is 0.9"), "{evidence}");
    // That only today's value is known is said too, and the model is shown without it.
    let mut findings = run.findings.iter();
    assert!(findings.any(|own| own.finding == "not_point_in_time"));
    let mut candidates = run.board.candidates.iter();
    assert!(candidates.any(|own| own.name == "without_current"));
    // The terminal shows it.
    let shown = world.command(&["backtest", "review.toml"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("suspected_leak exit_call_held: its AUC is 0.9"),
        "{shown}"
    );
}

#[test]
fn a_value_whose_absence_tells_who_leaves_is_suspected() {
    let world = world(PLAIN);
    // Most of those who leave are called, and few of the others; what they say tells nothing.
    let is_there = |n: usize| leaves(n) != n.is_multiple_of(5);
    let value = |n: usize| is_there(n).then_some((n * 7 % 10) as i64);
    with_current(&world, (0..ACCOUNTS).map(value).collect());
    let evidence = suspicion(&review(&world), "exit_call_held");
    let expected = "whether it has a value at all tells who leaves (AUC 0.2";
    assert!(evidence.contains(expected), "{evidence}");
    assert!(!evidence.contains("jumps"), "{evidence}");
}

#[test]
fn an_auc_that_jumps_at_the_shortest_lead_is_suspected() {
    // Those who leave complain between the two leads, so that nothing tells at the longer one.
    let world = world(Twist {
        tickets_before_end: 45,
        ..PLAIN
    });
    let evidence = suspicion(&review(&world), "open_tickets");
    let expected = "its AUC jumps from 0.500 at 90 days to 0.8";
    assert!(evidence.contains(expected), "{evidence}");
}

#[test]
fn a_value_that_is_there_only_near_the_decision_is_suspected() {
    let world = world(PLAIN);
    let rated: Vec<NaiveDate> = (0..ACCOUNTS).map(|n| ends(n) - Days::new(40)).collect();
    world.export(
        "talks",
        df!(
            "talk_id" => (0..ACCOUNTS).map(|n| format!("K{n}")).collect::<Vec<_>>(),
            "account_id" => (0..ACCOUNTS).map(id).collect::<Vec<_>>(),
            "held_on" => rated,
            "rating" => (0..ACCOUNTS).map(|n| (n * 7 % 10) as i64).collect::<Vec<_>>(),
        ),
    );
    world.add(
        "exports.toml",
        "[tables.talks]\npath = \"talks.parquet\"\nkey = [\"talk_id\"]\ntime = \"held_on\"",
    );
    world.add(
        "measures.toml",
        "[measures.talk_rating]\nfrom = \"talks\"\nvalue = \"LATEST(rating)\"",
    );
    halve_tickets(&world);
    world.add(
        "model.toml",
        "[categories.support.metrics.talk_rating]\nweight = 0.5\ncurve = { points = [[0, 0], [10, 100]] }",
    );
    let evidence = suspicion(&review(&world), "talk_rating");
    assert_eq!(
        evidence,
        "it has values only near the decision: 100 % at 30 days, 0 % at 90"
    );
}

#[test]
fn honest_metrics_are_not_suspected() {
    let (_, run) = plain();
    let mut findings = run.findings.iter();
    assert!(findings.all(|own| own.finding != "suspected_leak"));
    assert!(run.powers.iter().any(|power| power.stands_out()));
}
