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

pub const ACCOUNTS: usize = 60;

pub fn id(n: usize) -> String {
    format!("A{n:02}")
}

pub fn leaves(n: usize) -> bool {
    n.is_multiple_of(3)
}

pub fn ends(n: usize) -> NaiveDate {
    date("2025-02-01") + Days::new(4 * n as u64)
}

/// What may differ between two worlds.
#[derive(Clone, Copy)]
pub struct Twist {
    /// Whether rows stand the other way round.
    pub is_reversed: bool,
    /// What accounts are called.
    pub prefix: &'static str,
    /// Days before the term's end at which the tickets of those who leave were opened; a negative
    /// number is a day after it.
    pub tickets_before_end: i64,
    /// Days before the term's end at which a ticket of everybody is opened that no row may see.
    pub unseen_ticket: Option<i64>,
    /// Whether tickets have nothing to do with leaving.
    pub is_null: bool,
    /// Accounts, and days from the end of one's term to that of the next.
    pub accounts: (usize, u64),
    /// The account from which on those who stayed left and those who left stayed.
    pub turned_from: usize,
}

pub const PLAIN: Twist = Twist {
    is_reversed: false,
    prefix: "A",
    tickets_before_end: 120,
    unseen_ticket: None,
    is_null: false,
    accounts: (ACCOUNTS, 4),
    turned_from: usize::MAX,
};

pub fn world(twist: Twist) -> World {
    let world = World::base();
    let (accounts, apart) = twist.accounts;
    let ends = |n: usize| date("2025-02-01") + Days::new(apart * n as u64);
    let mut order: Vec<usize> = (0..accounts).collect();
    if twist.is_reversed {
        order.reverse();
    }
    let name = |n: usize| id(n).replace('A', twist.prefix);
    let same = |text: &str| vec![date(text); accounts];
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
        if leaves(n) == (n >= twist.turned_from) {
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

pub fn review(world: &World) -> ReviewRun {
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
pub fn plain() -> &'static (World, ReviewRun) {
    static PLAIN_WORLD: OnceLock<(World, ReviewRun)> = OnceLock::new();
    PLAIN_WORLD.get_or_init(|| {
        let world = world(PLAIN);
        let run = review(&world);
        (world, run)
    })
}

pub fn published(world: &World, table: &str) -> DataFrame {
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

pub fn figure(
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
fn the_number_of_threads_changes_no_figure() {
    let (world, run) = plain();
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .stack_size(8 << 20)
        .build();
    let alone = one.unwrap().install(|| review(world));
    assert_eq!(alone.figures.0, run.figures.0);
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

#[test]
fn scores_published_at_the_time_are_compared_with_the_replay() {
    let world = world(PLAIN);
    world.edit(
        "review.toml",
        "segments =",
        "published = \"job\"\nsegments =",
    );
    // A00 thirty days before its term ends, and A15 ninety days before.
    let as_of = ends(0) - Days::new(30);
    let overrides = Overrides {
        as_of: Some(as_of.to_string()),
        ..Overrides::default()
    };
    world.publish(&overrides).unwrap();
    let same = review(&world);
    let accounts = |run: &ReviewRun| -> Vec<String> {
        let replayed = run.replayed.iter();
        replayed.map(|own| own.account_id.clone()).collect()
    };
    assert_eq!(accounts(&same), ["A00", "A15"]);
    for own in &same.replayed {
        assert_eq!(own.difference(), Some(0.0), "{own:?}");
    }
    let share = |run: &ReviewRun| {
        let figures = run.figures.0.iter();
        let mut found = figures.filter(|own| own.figure == "share_that_differs");
        (found.next().unwrap().value, found.count())
    };
    assert_eq!(share(&same), (Some(0.0), 0));
    // The model is edited afterwards: what was published is not what a replay says.
    world.edit("model.toml", "weight = 0.6", "weight = 0.2");
    world.edit("model.toml", "weight = 0.4", "weight = 0.8");
    let edited = review(&world);
    assert_eq!(share(&edited), (Some(1.0), 0));
    let finding = edited.findings.iter();
    let mut finding = finding.filter(|own| own.finding == "replay_differs");
    assert_eq!(finding.next().unwrap().count, 2);
    assert_eq!(published(&world, "replay").height(), 2);
}

#[test]
fn a_mismatch_names_the_signals_that_had_fired_by_then() {
    let world = world(PLAIN);
    world.add("model.toml", SIGNALS);
    let run = review(&world);
    let of = |account: &str| {
        let mut own = run
            .mismatches
            .iter()
            .filter(|own| own.account_id == account);
        own.next()
            .unwrap_or_else(|| panic!("{account} was judged rightly"))
    };
    // Two tickets, the second opened less than thirty days before the judged date.
    assert_eq!(of("A00").mismatch, "healthy_but_churned");
    let expected = [("fell".to_owned(), 90), ("tickets_pile_up".to_owned(), 90)];
    assert_eq!(of("A00").signals, expected);
    // They are those that the nightly run of that date publishes.
    let as_of = ends(0) - Days::new(90);
    let overrides = Overrides {
        as_of: Some(as_of.to_string()),
        ..Overrides::default()
    };
    world.publish(&overrides).unwrap();
    let folder = world.path().join(format!("out/job/as_of={as_of}"));
    let nightly = decode(&folder.join("signals.parquet")).unwrap();
    let accounts = nightly.column("account_id").unwrap().str().unwrap().clone();
    let signals = nightly.column("signal").unwrap().str().unwrap().clone();
    let mut fired: Vec<&str> = (accounts.iter().zip(signals.iter()))
        .filter_map(|(account, signal)| signal.filter(|_| account == Some("A00")))
        .collect();
    fired.sort_unstable();
    assert_eq!(fired, ["fell", "tickets_pile_up"]);
    // Without rules nothing of ours had warned.
    let (plain_world, plain) = plain();
    assert!(plain.mismatches.iter().all(|own| own.signals.is_empty()));
    let table = published(plain_world, "mismatches");
    let words = table.column("signals").unwrap().str().unwrap().clone();
    assert!(table.height() > 0 && words.iter().all(|word| word == Some("none of ours")));
}

const SIGNALS: &str = r#"
[[signals]]
id = "tickets_pile_up"
title = "Tickets pile up"
when = "open_tickets >= 2"
severity = "Low"
evidence = "{open_tickets} open tickets"
owner = "CSM"
action = "Close them"
due_days = 7
outcome = "None is open"

[[signals]]
id = "fell"
title = "The score fell"
when = "change_30d <= -10"
severity = "Medium"
evidence = "{ABS(change_30d)} points fewer than 30 days ago"
owner = "CSM"
action = "Call"
due_days = 7
outcome = "The cause is known"
"#;

#[test]
fn a_metric_s_figures_are_those_of_the_published_rows() {
    let (world, run) = plain();
    let (found, _) = figure(run, "metric/open_tickets", "auc", "all");
    let rows = published(world, "backtest_rows")
        .lazy()
        .filter(
            col("candidate")
                .eq(lit("in_force"))
                .and(col("lead_days").eq(lit(90))),
        )
        .collect()
        .unwrap();
    let risks: Vec<f64> = rows
        .column("metric_open_tickets")
        .unwrap()
        .f64()
        .unwrap()
        .into_no_null_iter()
        .map(|health| -health)
        .collect();
    let outcomes = rows.column("outcome").unwrap().str().unwrap().clone();
    let event: Vec<bool> = outcomes
        .iter()
        .map(|word| word == Some("churned"))
        .collect();
    let by_hand = healthscore::stats::auc(&risks, &event).unwrap();
    assert_eq!(found, Some(by_hand));
    // Tickets tell at both leads, so they lead, though their measure says that they lag.
    let timing = run
        .figures
        .0
        .iter()
        .find(|own| own.figure == "timing" && own.about.candidate == "metric/open_tickets");
    let timing = timing.unwrap();
    assert_eq!(timing.value, Some(1.0));
    let remark = timing.reason.clone().unwrap();
    assert_eq!(remark, "leads, though its measure says that it lags");
}

#[test]
fn one_variable_at_a_time_moves_what_it_can_move() {
    let (world, run) = plain();
    let table = published(world, "sensitivity");
    let figures: usize = table.column("figure").unwrap().n_unique().unwrap();
    assert_eq!(figures, 8);
    assert_eq!(table.height(), 8 * run.effects.len());
    let threshold = run
        .effects
        .iter()
        .find(|own| own.kind == "threshold" && own.step == "+5 points")
        .unwrap();
    let change = |name: &str| threshold.of(name).unwrap().change.clone().unwrap();
    // A threshold changes nobody's rank.
    let auc = change("auc");
    assert_eq!((auc.value, auc.low, auc.high), (0.0, 0.0, 0.0));
    let weight = run.effects.iter().find(|own| own.kind == "category_weight");
    assert!(weight.unwrap().of("auc").unwrap().change.is_ok());
    let off = run
        .effects
        .iter()
        .find(|own| own.variable == "open_tickets" && own.step == "off");
    let off = off.unwrap().of("auc").unwrap().change.clone().unwrap();
    // Without the tickets nothing ranks.
    assert!(off.high < 0.0, "{off:?}");
    let (recall, _) = figure(run, "in_force", "recall", "Bad or worse");
    assert!(recall.is_some());
}

#[test]
fn who_was_acted_on_is_shown_with_and_without() {
    let world = world(PLAIN);
    let treated: Vec<usize> = (0..ACCOUNTS).filter(|n| n % 10 == 1).collect();
    world.export(
        "actions",
        df!(
            "action_id" => treated.iter().map(|n| format!("X{n}")).collect::<Vec<_>>(),
            "account_id" => treated.iter().map(|n| id(*n)).collect::<Vec<_>>(),
            "raised_on" => treated.iter().map(|n| ends(*n) - Days::new(60)).collect::<Vec<_>>(),
        ),
    );
    world.add(
        "exports.toml",
        "[tables.actions]\npath = \"actions.parquet\"\nkey = [\"action_id\"]\ntime = \"raised_on\"\nobserved = \"all\"\n",
    );
    world.add(
        "review.toml",
        "[acted_on]\nfrom = \"actions\"\ndate = \"raised_on\"\n",
    );
    let run = review(&world);
    let sizes = |slice_value: &str| {
        let found = run.figures.0.iter().find(|own| {
            own.about.candidate == "in_force"
                && own.about.lead_days == Some(90)
                && own.about.slice_value == slice_value
                && own.figure == "auc"
        });
        found.map(|own| (own.n, own.events)).unwrap()
    };
    // Of the six, 21 and 51 left anyway.
    assert_eq!(treated, [1, 11, 21, 31, 41, 51]);
    assert_eq!(sizes("untreated_alone"), (54, 18));
    assert_eq!(sizes("treated_counted_as_churned"), (60, 24));
}
