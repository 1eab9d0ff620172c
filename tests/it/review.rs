//! A review through the library, on a small world made by hand: sixty accounts with a yearly term
//! each, of which a third leaves.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::{Days, NaiveDate};
use healthscore::jobs::manifest::Moment;
use healthscore::jobs::review_run::{self, ReviewRun};
use healthscore::jobs::review_settings;
use healthscore::jobs::settings::Overrides;
use healthscore::publish::{Lock, decode};
use healthscore::trail::Trail;
use polars::prelude::*;

use crate::harness::{World, date};

const ACCOUNTS: usize = 60;

fn id(n: usize) -> String {
    format!("A{n:02}")
}

fn leaves(n: usize) -> bool {
    n.is_multiple_of(3)
}

fn ends(n: usize) -> NaiveDate {
    date("2025-02-01") + Days::new(4 * n as u64)
}

/// What may differ between two worlds.
#[derive(Clone, Copy)]
struct Twist {
    /// Whether rows stand the other way round.
    is_reversed: bool,
    /// What accounts are called.
    prefix: &'static str,
    /// Days before the term's end at which the tickets of those who leave were opened; a negative
    /// number is a day after it.
    tickets_before_end: i64,
    /// Days before the term's end at which a ticket of everybody is opened that no row may see.
    unseen_ticket: Option<i64>,
    /// Whether tickets have nothing to do with leaving.
    is_null: bool,
}

const PLAIN: Twist = Twist {
    is_reversed: false,
    prefix: "A",
    tickets_before_end: 120,
    unseen_ticket: None,
    is_null: false,
};

fn world(twist: Twist) -> World {
    let world = World::base();
    let mut order: Vec<usize> = (0..ACCOUNTS).collect();
    if twist.is_reversed {
        order.reverse();
    }
    let name = |n: usize| id(n).replace('A', twist.prefix);
    let same = |text: &str| vec![date(text); ACCOUNTS];
    world.export(
        "accounts",
        df!(
            "account_id" => order.iter().map(|n| name(*n)).collect::<Vec<_>>(),
            "created_on" => same("2024-01-01"),
            "sales_region" => order.iter().map(|n| if n % 2 == 0 { "north" } else { "south" }).collect::<Vec<_>>(),
        ),
    );
    let mut lines = Vec::new();
    for n in order.iter().copied() {
        let first = ends(n) - Days::new(365);
        lines.push((format!("L{n}-1"), n, first, first, ends(n), 10i64));
        if !leaves(n) {
            let signed = ends(n) - Days::new(10);
            lines.push((
                format!("L{n}-2"),
                n,
                signed,
                ends(n),
                ends(n) + Days::new(365),
                10 + n as i64 % 2,
            ));
        }
    }
    world.export(
        "contracts",
        df!(
            "line_id" => lines.iter().map(|line| line.0.clone()).collect::<Vec<_>>(),
            "account_id" => lines.iter().map(|line| name(line.1)).collect::<Vec<_>>(),
            "signed_on" => lines.iter().map(|line| line.2).collect::<Vec<_>>(),
            "starts_on" => lines.iter().map(|line| line.3).collect::<Vec<_>>(),
            "ends_on" => lines.iter().map(|line| line.4).collect::<Vec<_>>(),
            "seats" => lines.iter().map(|line| line.5).collect::<Vec<_>>(),
            "product" => vec!["core"; lines.len()],
        ),
    );
    let mut tickets: Vec<(String, usize, NaiveDate)> = Vec::new();
    for n in order {
        // Every account has one now and then, so that the ranking is not perfect.
        for k in 0..(n % 4) + if leaves(n) && !twist.is_null { 2 } else { 0 } {
            let days = twist.tickets_before_end - k as i64;
            let opened = ends(n) - chrono::Duration::days(days);
            tickets.push((format!("T{n}-{k}"), n, opened));
        }
        if let Some(days) = twist.unseen_ticket {
            let opened = ends(n) - chrono::Duration::days(days);
            tickets.push((format!("U{n}"), n, opened));
        }
    }
    world.export(
        "tickets",
        df!(
            "ticket_id" => tickets.iter().map(|ticket| ticket.0.clone()).collect::<Vec<_>>(),
            "account_id" => tickets.iter().map(|ticket| name(ticket.1)).collect::<Vec<_>>(),
            "opened_at" => tickets.iter().map(|ticket| ticket.2).collect::<Vec<_>>(),
            "closed_at" => vec![None::<NaiveDate>; tickets.len()],
        ),
    );
    world.write("review.toml", REVIEW);
    world
}

const REVIEW: &str = r#"
kind = "review"
exports = "exports.toml"
measures = "measures.toml"
model = "model.toml"
data = "data"
out = "out"
as_of = "2026-01-31"

[outcomes.lines]
from = "contracts"
line = "line_id"
starts = "starts_on"
ends = "ends_on"
amount = "seats"

[review]
sampling = "renewal"
leads = ["30d", "90d"]
primary_lead = "90d"
segments = ["sales_region"]
resamples = 200
permutations = 200
"#;

fn review(world: &World) -> ReviewRun {
    let path = world.path().join("review.toml");
    let job = review_settings::load(&path, &Overrides::default(), date("2026-06-30")).unwrap();
    let mut trail = Trail::silent();
    let run = review_run::review_run(&job, &mut trail).unwrap();
    let lock = Lock::take(&job.score.folder).unwrap();
    run.publish(&job, &lock, &Moment::default(), &mut trail)
        .unwrap();
    run
}

/// Returns the plain world with its review, made once for all tests.
fn plain() -> &'static (World, ReviewRun) {
    static PLAIN_WORLD: OnceLock<(World, ReviewRun)> = OnceLock::new();
    PLAIN_WORLD.get_or_init(|| {
        let world = world(PLAIN);
        let run = review(&world);
        (world, run)
    })
}

fn published(world: &World, table: &str) -> DataFrame {
    let folder = world.path().join("out/review/as_of=2026-01-31");
    decode(&folder.join(format!("{table}.parquet"))).unwrap()
}

/// Returns (account, as-of date) with the bits of the score.
fn scores(frame: &DataFrame, candidate: &str) -> BTreeMap<(String, NaiveDate), u64> {
    let frame = frame
        .clone()
        .lazy()
        .filter(col("candidate").eq(lit(candidate)))
        .collect()
        .unwrap();
    let accounts = frame.column("account_id").unwrap().str().unwrap().clone();
    let dates: Vec<_> = frame
        .column("scored_on")
        .unwrap()
        .date()
        .unwrap()
        .as_date_iter()
        .collect();
    let scores = frame.column("health_score").unwrap().f64().unwrap().clone();
    (0..frame.height())
        .map(|n| {
            let key = (accounts.get(n).unwrap().to_owned(), dates[n].unwrap());
            (key, scores.get(n).unwrap().to_bits())
        })
        .collect()
}

fn figure(
    run: &ReviewRun,
    candidate: &str,
    figure: &str,
    slice_value: &str,
) -> (Option<f64>, Option<String>) {
    let found = run.figures.0.iter().find(|own| {
        own.about.candidate == candidate
            && own.about.target == "churn"
            && own.about.lead_days == Some(90)
            && own.figure == figure
            && own.about.slice_value == slice_value
    });
    let found = found.unwrap_or_else(|| panic!("no {figure} of {candidate} for {slice_value}"));
    (found.value, found.reason.clone())
}

#[test]
fn a_past_score_in_a_review_is_what_the_nightly_run_of_that_date_publishes() {
    let (world, _) = plain();
    let replayed = scores(&published(world, "backtest_rows"), "in_force");
    assert_eq!(replayed.len(), 2 * ACCOUNTS);
    let mut compared = 0;
    for ((account, as_of), bits) in replayed.iter().step_by(40) {
        let overrides = Overrides {
            as_of: Some(as_of.to_string()),
            ..Overrides::default()
        };
        world.publish(&overrides).unwrap();
        let folder = world.path().join(format!("out/job/as_of={as_of}"));
        let nightly = decode(&folder.join("account_scores.parquet")).unwrap();
        let score = crate::harness::cell(&nightly, account, "health_score");
        assert_eq!(
            score.try_extract::<f64>().unwrap().to_bits(),
            *bits,
            "{account} at {as_of}"
        );
        compared += 1;
    }
    assert_eq!(compared, 3);
}

#[test]
fn what_became_known_after_its_date_changes_no_row() {
    let (plain, _) = plain();
    let later = world(Twist {
        unseen_ticket: Some(29),
        ..PLAIN
    });
    let seen = world(Twist {
        unseen_ticket: Some(90),
        ..PLAIN
    });
    review(&later);
    review(&seen);
    let rows = |world: &World| scores(&published(world, "backtest_rows"), "in_force");
    assert_eq!(rows(plain), rows(&later));
    // A ticket on the row's own date is seen: the comparison can fail.
    assert_ne!(rows(plain), rows(&seen));
}

#[test]
fn neither_the_order_of_rows_nor_names_change_a_figure() {
    let (_, a) = plain();
    let b = review(&world(Twist {
        is_reversed: true,
        prefix: "Z",
        ..PLAIN
    }));
    assert!(a.figures.0.len() > 200);
    assert_eq!(a.figures.0, b.figures.0);
}

#[test]
fn a_relation_is_found_and_the_auc_is_that_of_the_published_rows() {
    let (world, run) = plain();
    let (auc, _) = figure(run, "in_force", "auc", "all");
    // Counted by hand over all pairs of one who left and one who stayed.
    let rows = published(world, "backtest_rows")
        .lazy()
        .filter(
            col("candidate")
                .eq(lit("in_force"))
                .and(col("lead_days").eq(lit(90))),
        )
        .collect()
        .unwrap();
    let outcomes = rows.column("outcome").unwrap().str().unwrap().clone();
    let scores = rows.column("health_score").unwrap().f64().unwrap().clone();
    let of = |left: bool| -> Vec<f64> {
        let rows = (0..rows.height()).filter(|n| (outcomes.get(*n) == Some("churned")) == left);
        rows.map(|n| scores.get(n).unwrap()).collect()
    };
    let (left, stayed) = (of(true), of(false));
    assert_eq!((left.len(), stayed.len()), (20, 40));
    let mut won = 0.0;
    for one in &left {
        for other in &stayed {
            won += if one < other {
                1.0
            } else if one == other {
                0.5
            } else {
                0.0
            };
        }
    }
    let by_hand = won / 800.0;
    assert!((auc.unwrap() - by_hand).abs() < 1e-12, "{auc:?} {by_hand}");
    assert!(by_hand > 0.8);
    assert!(
        run.verdicts[0].verdict.starts_with("foresees it"),
        "{:?}",
        run.verdicts[0]
    );
    assert!(
        run.findings
            .iter()
            .all(|finding| finding.finding != "nothing_there")
    );
    assert_eq!(figure(run, "in_force", "f1", "Bad or worse").1, None);
}

#[test]
fn where_behaviour_says_nothing_the_review_says_so() {
    let run = review(&world(Twist {
        is_null: true,
        ..PLAIN
    }));
    let kinds: Vec<&str> = run.findings.iter().map(|finding| finding.finding).collect();
    assert!(kinds.contains(&"nothing_there"), "{kinds:?}");
    for line in &run.verdicts {
        assert!(!line.verdict.contains("predictive"), "{line:?}");
        assert!(!line.verdict.contains("foresees it"), "{line:?}");
    }
}

#[test]
fn where_few_left_a_figure_is_refused_with_its_reason() {
    let (_, run) = plain();
    let (value, reason) = figure(run, "in_force", "auc", "2025-Q1");
    assert_eq!(value, None);
    assert!(reason.unwrap().contains("at least 10 are needed"));
}

#[test]
fn a_later_date_that_slipped_in_is_suspected_as_a_leak() {
    let world = world(Twist {
        tickets_before_end: -5,
        ..PLAIN
    });
    // The ticket system files what was reported after the end under an earlier day.
    world.edit(
        "exports.toml",
        "time = \"opened_at\"\nknown",
        "time = \"filed_at\"\nknown",
    );
    let tickets = decode(&world.path().join("data/tickets.parquet")).unwrap();
    let opened: Vec<NaiveDate> = tickets
        .column("opened_at")
        .unwrap()
        .date()
        .unwrap()
        .as_date_iter()
        .flatten()
        .collect();
    let accounts = tickets.column("account_id").unwrap().str().unwrap().clone();
    let only_left = |n: &usize| {
        let n: usize = accounts.get(*n).unwrap()[1..].parse().unwrap();
        leaves(n)
    };
    let rows: Vec<usize> = (0..tickets.height()).filter(only_left).collect();
    world.export(
        "tickets",
        df!(
            "ticket_id" => rows.iter().map(|n| format!("T{n}")).collect::<Vec<_>>(),
            "account_id" => rows.iter().map(|n| accounts.get(*n).unwrap()).collect::<Vec<_>>(),
            "opened_at" => rows.iter().map(|n| opened[*n]).collect::<Vec<_>>(),
            "filed_at" => rows.iter().map(|n| opened[*n] - Days::new(200)).collect::<Vec<_>>(),
            "closed_at" => vec![None::<NaiveDate>; rows.len()],
        ),
    );
    let run = review(&world);
    let leak = run
        .findings
        .iter()
        .find(|finding| finding.finding == "suspected_leak");
    assert_eq!(leak.unwrap().subject, "open_tickets");
    let (_, plain) = plain();
    assert!(
        plain
            .findings
            .iter()
            .all(|finding| finding.finding != "suspected_leak")
    );
}

#[test]
fn rows_kept_out_are_counted_and_the_ledger_balances() {
    let (_, run) = plain();
    for ledger in &run.ledger {
        let out: u64 = ledger.excluded.values().sum();
        assert_eq!(ledger.considered, ledger.used + out);
        assert_eq!(ledger.used, ACCOUNTS as u64);
        // The second terms of the forty who stayed.
        assert_eq!(ledger.excluded["not_yet_due"], 40);
    }
}
