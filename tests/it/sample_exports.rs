//! What the sample exports promise: rates, relations, dirt, stories, and rows that agree with each other.

use std::collections::{BTreeMap, HashSet};

use healthscore::sample::{self, Sample, Settings};
use polars::prelude::*;

use crate::harness::{SAMPLE, date};

fn table_of(sample: &Sample, name: &str) -> DataFrame {
    let path = format!("{name}.parquet");
    let mut exports = sample.exports.iter();
    let export = exports.find(|export| export.path == path);
    export.unwrap_or_else(|| panic!("no {path}")).frame.clone()
}

fn table(name: &str) -> DataFrame {
    table_of(&SAMPLE, name)
}

/// Returns each month of usage.
fn usage() -> impl Iterator<Item = DataFrame> {
    let exports = SAMPLE.exports.iter();
    let monthly = exports.filter(|export| export.path.starts_with("usage/"));
    monthly.map(|export| export.frame.clone())
}

fn count(frame: &DataFrame, condition: Expr) -> usize {
    filtered(frame, condition).height()
}

fn filtered(frame: &DataFrame, condition: Expr) -> DataFrame {
    frame.clone().lazy().filter(condition).collect().unwrap()
}

fn texts<'a>(frame: &'a DataFrame, column: &str) -> Vec<&'a str> {
    let column = frame.column(column).unwrap().str().unwrap();
    column.iter().map(Option::unwrap_or_default).collect()
}

fn numbers(frame: &DataFrame, column: &str) -> Vec<f64> {
    let column = frame.column(column).unwrap().cast(&DataType::Float64);
    let column = column.unwrap();
    column
        .f64()
        .unwrap()
        .iter()
        .map(|x| x.unwrap_or(f64::NAN))
        .collect()
}

fn joined(left: &DataFrame, right: &DataFrame, key: &str) -> DataFrame {
    let right = right.clone().lazy();
    let join = JoinArgs::new(JoinType::Inner);
    let both = left
        .clone()
        .lazy()
        .join(right, [col(key)], [col(key)], join);
    both.collect().unwrap()
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[track_caller]
fn assert_near(found: f64, expected: f64, tolerance: f64) {
    let near = (found - expected).abs() <= tolerance;
    assert!(near, "{found} is not {expected} ± {tolerance}");
}

/// Ranks from 1, ties in the middle of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |x: f64| values.iter().filter(|y| **y < x).count() as f64;
    let equal = |x: f64| values.iter().filter(|y| **y == x).count() as f64;
    values
        .iter()
        .map(|x| below(*x) + (equal(*x) + 1.0) / 2.0)
        .collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |x: &[f64], mean_x: f64, y: &[f64], mean_y: f64| -> f64 {
        x.iter()
            .zip(y)
            .map(|(x, y)| (x - mean_x) * (y - mean_y))
            .sum()
    };
    let spread = product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b);
    product(a, mean_a, b, mean_b) / spread.sqrt()
}

/// Decisions over annual contracts of customers, with the truth behind them.
fn annual_decisions() -> DataFrame {
    let annual = filtered(&table("contracts"), col("term").eq(lit("annual")));
    let annual = annual.select(["contract_line_id"]).unwrap();
    let accounts = table("accounts").select(["account_id", "tier"]).unwrap();
    let outcomes = filtered(&table("outcomes"), col("outcome").neq(lit("reactivated")));
    let decisions = joined(&outcomes, &annual, "contract_line_id");
    joined(
        &joined(&decisions, &accounts, "account_id"),
        &table("truth/decisions"),
        "decision_id",
    )
}

fn active_accounts() -> DataFrame {
    let end = lit(date("2026-10-31"));
    let lines = filtered(
        &table("contracts"),
        (col("start_date")
            .lt_eq(end.clone())
            .and(col("end_date").gt(end.clone())))
        .and(col("ended_date").is_null().or(col("ended_date").gt(end))),
    );
    let seats = lines
        .lazy()
        .group_by([col("account_id")])
        .agg([col("seats").sum()]);
    joined(&seats.collect().unwrap(), &table("accounts"), "account_id")
}

#[test]
fn the_same_settings_give_the_same_exports_however_small() {
    let settings = Settings {
        accounts: 30,
        months: 12,
        ..Settings::default()
    };
    let [first, again] = [&settings; 2].map(|settings| sample::generate(settings).unwrap());
    assert_eq!(first.truth, again.truth);
    for (export, same) in first.exports.iter().zip(&again.exports) {
        assert_eq!(export.path, same.path);
        assert!(export.frame.equals_missing(&same.frame), "{}", export.path);
    }
    let other = Settings {
        seed: 7,
        ..settings
    };
    let other = sample::generate(&other).unwrap();
    let contracts = |sample: &Sample| table_of(sample, "contracts");
    assert!(!contracts(&first).equals_missing(&contracts(&other)));
    // The accounts of the larger sample are the same ones and more.
    let names = |frame: &DataFrame| -> HashSet<String> {
        texts(frame, "account_name")
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    assert!(names(&table_of(&first, "accounts")).is_subset(&names(&table("accounts"))));
}

#[test]
fn as_many_decide_as_promised_and_as_often_for_each_outcome() {
    let customers = filtered(&table("accounts"), col("account_type").eq(lit("customer")));
    for (tier, promised) in [("SMB", 0.6), ("mid-market", 0.3), ("enterprise", 0.1)] {
        let of_tier = count(&customers, col("tier").eq(lit(tier)));
        assert_near(share(of_tier, customers.height()), promised, 0.04);
    }
    let active = count(&active_accounts(), col("account_type").eq(lit("customer")));
    assert_near(active as f64, 600.0, 35.0);
    let decisions = annual_decisions();
    assert_near(decisions.height() as f64, 1_700.0, 100.0);
    let rate = |frame: &DataFrame, outcome: &str| {
        share(
            count(frame, col("outcome").eq(lit(outcome))),
            frame.height(),
        )
    };
    // Two standard errors of a rate among so many.
    for (tier, promised, tolerance) in [
        ("SMB", 0.19, 0.03),
        ("mid-market", 0.12, 0.03),
        ("enterprise", 0.07, 0.04),
    ] {
        let of_tier = filtered(&decisions, col("tier").eq(lit(tier)));
        assert_near(rate(&of_tier, "churned"), promised, tolerance);
    }
    assert_near(rate(&decisions, "churned"), 0.14, 0.025);
    assert_near(rate(&decisions, "contracted"), 0.09, 0.02);
    assert_near(rate(&decisions, "expanded"), 0.18, 0.02);
    let drawn = &SAMPLE.truth["decisions"]["drawn"];
    let special = |name: &str| drawn[name].as_f64().unwrap();
    assert_near(special("left_in_mid_term") / special("churned"), 0.1, 0.03);
    assert_near(special("reactivated"), 12.0, 4.0);
    assert_near(special("signed_late"), 15.0, 5.0);
    assert_near(special("notices_75_days_early"), 10.0, 4.0);
}

#[test]
fn health_decides_as_planted_and_acting_helps() {
    let auc = &SAMPLE.truth["decisions"]["auc_of_latent_health"];
    let auc = |weights: &str| auc[weights].as_f64().unwrap();
    assert_near(auc("shipped_weights"), 0.78, 0.015);
    assert_near(
        auc("after_one_review") - auc("shipped_weights"),
        0.019,
        0.004,
    );
    assert!(auc("true_weights") > auc("after_one_review"));
    // The figures above, from the rows that anyone can read.
    let decisions = annual_decisions();
    let left: Vec<bool> = texts(&decisions, "outcome")
        .iter()
        .map(|o| *o == "churned")
        .collect();
    let by_rank = ranks(&numbers(&decisions, "decisive_health"));
    let of_those_who_left: f64 = by_rank
        .iter()
        .zip(&left)
        .filter(|pair| *pair.1)
        .map(|p| p.0)
        .sum();
    let leaving = left.iter().filter(|left| **left).count() as f64;
    let staying = left.len() as f64 - leaving;
    let above = (of_those_who_left - leaving * (leaving + 1.0) / 2.0) / (leaving * staying);
    assert_near(1.0 - above, auc("true_weights"), 0.005);
    // Four in ten at risk are acted on.
    let overall = col("usage") * lit(0.30)
        + col("adoption") * lit(0.20)
        + col("lifecycle") * lit(0.15)
        + col("support") * lit(0.20)
        + col("commercial") * lit(0.15);
    let at_risk = filtered(&decisions, overall.lt(lit(60.0)));
    let acted = count(&at_risk, col("is_acted_on"));
    assert_near(share(acted, at_risk.height()), 0.4, 0.06);
    assert_eq!(SAMPLE.truth["decisions"]["churn_odds_after_action"], 0.7);
}

#[test]
fn support_shows_at_a_lead_of_90_days_and_much_less_at_180() {
    let tickets = table("tickets").select(["account_id", "opened_at", "csat"]);
    let rated = filtered(&tickets.unwrap(), col("csat").is_not_null());
    let both = joined(&annual_decisions(), &rated, "account_id");
    let lead = (col("decision_date") - col("opened_at").dt().date()).dt();
    let both = both
        .lazy()
        .with_column(lead.total_days(false).alias("lead"));
    // How far the ratings of the quarter before a lead go along with the support that decided.
    let seen_at = |days: i64| {
        let quarter = (col("lead").gt_eq(lit(days))).and(col("lead").lt(lit(days + 90)));
        let known = both.clone().filter(quarter).group_by([col("decision_id")]);
        let known = known.agg([col("csat").mean(), col("support").first(), len()]);
        let known = filtered(&known.collect().unwrap(), col("len").gt_eq(lit(3)));
        assert!(known.height() > 600, "{}", known.height());
        correlation(&numbers(&known, "csat"), &numbers(&known, "support"))
    };
    let (at_90, at_180) = (seen_at(90), seen_at(180));
    assert!(at_90 > 0.8 && at_180 < 0.65, "{at_90} {at_180}");
}

#[test]
fn without_a_planted_relation_behaviour_stays_and_decides_nothing() {
    let settings = Settings {
        accounts: 400,
        months: 14,
        ..Settings::default()
    };
    let planted = sample::generate(&settings).unwrap();
    let null = Settings {
        null: true,
        ..settings
    };
    let null = sample::generate(&null).unwrap();
    // What does not hang on how long an account stays is the same to the cell.
    for name in ["milestones", "features", "exchange_rates"] {
        assert!(
            table_of(&planted, name).equals_missing(&table_of(&null, name)),
            "{name}"
        );
    }
    let levels = |sample: &Sample| {
        let columns = ["decision_id", "usage", "support"];
        table_of(sample, "truth/decisions").select(columns).unwrap()
    };
    let both = joined(&levels(&planted), &levels(&null), "decision_id");
    assert!(both.height() > 300);
    assert_eq!(numbers(&both, "support"), numbers(&both, "support_right"));
    let auc = |sample: &Sample| {
        let figures = &sample.truth["decisions"]["auc_of_latent_health"];
        figures["true_weights"].as_f64().unwrap()
    };
    assert!(auc(&planted) > 0.7, "{}", auc(&planted));
    assert_near(auc(&null), 0.5, 0.1);
}

#[test]
fn one_metric_is_redundant_one_is_noise_and_one_is_a_leak() {
    let last = usage().last().unwrap().lazy();
    let by_account = last.group_by([col("account_id")]).agg([
        (col("events").sum() / col("user_id").n_unique()).alias("events"),
        (col("minutes").sum() / col("user_id").n_unique()).alias("minutes"),
    ]);
    let used = joined(
        &by_account.collect().unwrap(),
        &active_accounts(),
        "account_id",
    );
    let rank = |column: &str| ranks(&numbers(&used, column));
    assert_near(correlation(&rank("events"), &rank("minutes")), 0.85, 0.03);

    let contacts = filtered(&table("interactions"), col("kind").neq(lit("QBR")));
    let mails = contacts.lazy().group_by([col("account_id")]).agg([
        col("kind").eq(lit("email")).mean().alias("share_of_mails"),
        len().alias("contacts"),
    ]);
    let outcomes = annual_decisions()
        .lazy()
        .group_by([col("account_id")])
        .agg([
            col("outcome").eq(lit("churned")).max().alias("left"),
            col("decisive_health").mean(),
        ]);
    let both = joined(
        &mails.collect().unwrap(),
        &outcomes.collect().unwrap(),
        "account_id",
    );
    let both = filtered(&both, col("contacts").gt_eq(lit(8)));
    for told in ["left", "decisive_health"] {
        let told = correlation(&numbers(&both, "share_of_mails"), &numbers(&both, told));
        assert_near(told, 0.0, 0.12);
    }

    // Whoever got the win-back owner has given notice some days before.
    let contracts = table("contracts").lazy().group_by([col("account_id")]);
    let notice = contracts
        .agg([col("cancelled_at").max()])
        .collect()
        .unwrap();
    let moved = joined(
        &filtered(&table("accounts"), col("owner_changed_at").is_not_null()),
        &notice,
        "account_id",
    );
    assert!(moved.height() > 150, "{}", moved.height());
    let after_notice = col("owner_changed_at").gt(col("cancelled_at"));
    assert_eq!(count(&moved, after_notice), moved.height());
}

/// Cells that are known at a moment of their own: the moment, and whether they are always filled then.
const KNOWN: [(&str, &str, &str, bool); 24] = [
    ("contracts", "ended_date", "cancelled_at", false),
    ("trainings", "attended", "attended_known_at", true),
    ("tickets", "csat", "csat_rated_at", true),
    ("surveys", "score", "responded_at", true),
    ("surveys", "comment", "responded_at", false),
    ("interactions", "participants", "held_at", true),
    ("interactions", "includes_sponsor", "held_at", true),
    ("interactions", "summary", "held_at", true),
    ("interactions", "outcome", "held_at", true),
    ("interactions", "follow_up", "held_at", true),
    ("interactions", "sentiment", "held_at", false),
    ("interactions", "topic", "held_at", false),
    ("interactions", "answered_by", "answered_at", true),
    ("opportunities", "outcome", "closed_at", true),
    // Moments that imply another.
    ("tickets", "closed_at", "solved_at", false),
    ("tickets", "csat_rated_at", "solved_at", false),
    ("tickets", "solved_at", "first_response_at", false),
    ("users", "deactivated_at", "invited_at", false),
    ("interactions", "answered_at", "direction", false),
    ("milestones", "completed_at", "planned_at", false),
    ("stakeholders", "until_date", "from_date", false),
    ("risks", "resolved_at", "raised_at", false),
    ("actions", "closed_at", "raised_at", false),
    ("accounts", "owner_changed_at", "owner", false),
];

#[test]
fn no_cell_is_filled_before_its_moment() {
    for (name, cell, moment, is_always_filled) in KNOWN {
        let frame = table(name);
        let too_early = col(cell).is_not_null().and(col(moment).is_null());
        assert_eq!(count(&frame, too_early), 0, "{name}.{cell}");
        let missing = col(cell).is_null().and(col(moment).is_not_null());
        assert!(
            !is_always_filled || count(&frame, missing) == 0,
            "{name}.{cell}"
        );
        assert!(count(&frame, col(cell).is_not_null()) > 0, "{name}.{cell}");
    }
}

#[test]
fn moments_follow_one_another_and_none_lies_after_the_end() {
    let planned_ahead = ["trainings.held_at"];
    for export in &SAMPLE.exports {
        let name = export.path.trim_end_matches(".parquet");
        for column in export.frame.columns() {
            let full = format!("{name}.{}", column.name());
            if !column.dtype().is_datetime() || planned_ahead.contains(&full.as_str()) {
                continue;
            }
            let after = col(column.name().as_str())
                .dt()
                .date()
                .gt(lit(date("2026-10-31")));
            assert_eq!(count(&export.frame, after), 0, "{full}");
        }
    }
    for (name, columns) in [
        (
            "tickets",
            &["opened_at", "first_response_at", "solved_at", "closed_at"][..],
        ),
        ("tickets", &["opened_at", "escalated_at"]),
        ("tickets", &["solved_at", "csat_rated_at"]),
        ("users", &["invited_at", "activated_at", "deactivated_at"]),
        ("interactions", &["created_at", "held_at", "answered_at"]),
        ("surveys", &["sent_at", "responded_at"]),
        ("integrations", &["enabled_at", "disabled_at"]),
        ("opportunities", &["opened_at", "closed_at"]),
        ("risks", &["raised_at", "resolved_at"]),
        ("actions", &["raised_at", "closed_at"]),
        ("invoices", &["issued_at", "paid_at"]),
        ("invoices", &["issued_at", "voided_at"]),
        ("stakeholders", &["from_date", "until_date"]),
        ("goals", &["valid_from", "valid_to"]),
        ("rollouts", &["from_date", "until_date"]),
        ("contracts", &["start_date", "end_date"]),
        ("contracts", &["start_date", "ended_date", "renewal_date"]),
    ] {
        let frame = table(name);
        for pair in columns.windows(2) {
            let backwards = col(pair[1]).lt(col(pair[0]));
            assert_eq!(count(&frame, backwards), 0, "{name}: {pair:?}");
        }
    }
    // A status says what the moments say.
    let tickets = table("tickets");
    let closed = col("status").eq(lit("closed"));
    assert_eq!(
        count(&tickets, closed.clone().neq(col("closed_at").is_not_null())),
        0
    );
    assert_eq!(
        count(&tickets, closed.eq(col("next_step").is_not_null())),
        0
    );
}

#[test]
fn rows_point_at_what_exists() {
    let accounts = table("accounts");
    let accounts: HashSet<&str> = texts(&accounts, "account_id").into_iter().collect();
    let soiled = ["tickets", "surveys", "invoices", "interactions"];
    for export in &SAMPLE.exports {
        let Ok(column) = export.frame.column("account_id") else {
            continue;
        };
        let ids = column.str().unwrap().iter().flatten();
        let orphans = ids.filter(|id| !accounts.contains(id)).count();
        let is_soiled = soiled.iter().any(|name| export.path.starts_with(name));
        let most = if is_soiled || export.path.starts_with("usage/") {
            0.003
        } else {
            0.0
        };
        let found = share(orphans, export.frame.height());
        assert!(found <= most, "{}: {found}", export.path);
    }
    let lines = table("contracts");
    let lines: HashSet<&str> = texts(&lines, "contract_line_id").into_iter().collect();
    for id in texts(&table("outcomes"), "contract_line_id") {
        assert!(lines.contains(id), "{id}");
    }
}

#[test]
fn users_are_those_whom_usage_knows_and_use_what_their_plan_includes() {
    let users = table("users").lazy().select([
        col("user_id"),
        col("activated_at").dt().date(),
        col("deactivated_at").dt().date(),
    ]);
    let tiers = table("accounts").select(["account_id", "tier"]).unwrap();
    let features = table("features").lazy();
    let features = features.select([col("feature"), col("plan_rank"), col("released_at")]);
    let rank = |tier: &str| match tier {
        "SMB" => 1.0,
        "mid-market" => 2.0,
        _ => 3.0,
    };
    for month in usage() {
        let known = filtered(&month, col("account_id").lt(lit("ACC-X")));
        let by_user = known.clone().lazy().group_by([col("user_id")]).agg([
            col("usage_date").min().alias("first"),
            col("usage_date").max().alias("last"),
        ]);
        let by_user = by_user.collect().unwrap();
        let both = joined(&by_user, &users.clone().collect().unwrap(), "user_id");
        assert_eq!(both.height(), by_user.height());
        let outside = col("activated_at")
            .gt(col("first"))
            .or(col("activated_at").is_null());
        assert_eq!(
            count(&both, outside.or(col("deactivated_at").lt(col("last")))),
            0
        );

        let used = known.lazy().group_by([col("account_id"), col("feature")]);
        let used = used
            .agg([col("usage_date").min().alias("first")])
            .collect()
            .unwrap();
        let used = joined(&used, &features.clone().collect().unwrap(), "feature");
        assert_eq!(count(&used, col("first").lt(col("released_at"))), 0);
        let used = joined(&used, &tiers, "account_id");
        let included = texts(&used, "tier").into_iter().map(rank);
        let needed = numbers(&used, "plan_rank");
        assert!(
            included
                .zip(needed)
                .all(|(included, needed)| needed <= included)
        );
    }
    // Some were invited and never came, a few are no people.
    let users = table("users");
    let never = count(&users, col("activated_at").is_null());
    assert_near(share(never, users.height()), 0.15, 0.08);
    assert_near(count(&users, col("is_service")) as f64, 20.0, 15.0);
}

/// Repeated rows and rows without an account, as shares of all.
fn dirt_of(frame: &DataFrame, key: &[&str]) -> (f64, f64) {
    let different = frame.unique_stable(Some(&key.map_owned()), UniqueKeepStrategy::First, None);
    let repeated = frame.height() - different.unwrap().height();
    let orphans = count(frame, col("account_id").gt_eq(lit("ACC-X")));
    (
        share(repeated, frame.height()),
        share(orphans, frame.height()),
    )
}

trait Owned {
    fn map_owned(&self) -> Vec<String>;
}

impl Owned for &[&str] {
    fn map_owned(&self) -> Vec<String> {
        self.iter().map(|name| (*name).to_owned()).collect()
    }
}

#[test]
fn there_is_a_little_dirt_of_each_kind() {
    for (frame, key) in [
        (table("tickets"), &["ticket_id"][..]),
        (table("interactions"), &["interaction_id"]),
        (table("surveys"), &["survey_id"]),
        (table("invoices"), &["invoice_id"]),
        (
            usage().last().unwrap(),
            &["account_id", "user_id", "feature", "usage_date"],
        ),
    ] {
        let (repeated, orphaned) = dirt_of(&frame, key);
        assert_near(repeated, 0.002, 0.0012);
        assert_near(orphaned, 0.001, 0.0008);
    }
    // Reopened tickets: the same key with and without an end.
    let ends = table("tickets").lazy().group_by([col("ticket_id")]).agg([
        len().alias("rows"),
        col("solved_at").null_count().alias("open"),
    ]);
    let torn = col("open").gt(lit(0)).and(col("open").lt(col("rows")));
    assert_eq!(count(&ends.collect().unwrap(), torn), 5);
    // The ticket feed ends two days early; usage goes on.
    let last = |frame: &DataFrame, column: &str| {
        let last = frame
            .clone()
            .lazy()
            .select([col(column).cast(DataType::Date).max()]);
        let last = last.collect().unwrap();
        last.column(column).unwrap().get(0).unwrap().to_string()
    };
    assert_eq!(last(&table("tickets"), "opened_at"), "2026-10-29");
    assert_eq!(last(&usage().last().unwrap(), "usage_date"), "2026-10-31");
    // One region's month is lost.
    let regions = table("accounts").select(["account_id", "region"]).unwrap();
    let from_apac = |month: usize| {
        let month = usage().nth(month).unwrap();
        count(
            &joined(&month, &regions, "account_id"),
            col("region").eq(lit("APAC")),
        )
    };
    assert!(from_apac(26) > 1_000 && from_apac(28) > 1_000);
    assert_eq!(from_apac(27), 0);

    let accounts = table("accounts");
    let customers = filtered(&accounts, col("account_type").eq(lit("customer")));
    let of_type = |kind: &str| count(&accounts, col("account_type").eq(lit(kind)));
    assert_eq!((of_type("trial"), of_type("test")), (20, 6));
    assert_near(count(&accounts, col("owner").is_null()) as f64, 20.0, 12.0);
    let answered = filtered(&table("surveys"), col("responded_at").is_not_null());
    let answered = answered.lazy().group_by([col("account_id")]).agg([len()]);
    let answered = joined(&customers, &answered.collect().unwrap(), "account_id").height();
    assert_near(1.0 - share(answered, customers.height()), 0.45, 0.03);
    // Most small accounts are served digitally and have no contacts.
    let met = table("interactions")
        .lazy()
        .group_by([col("account_id")])
        .agg([len()]);
    let small = filtered(&customers, col("tier").eq(lit("SMB")));
    let met = joined(&small, &met.collect().unwrap(), "account_id").height();
    assert_near(share(met, small.height()), 0.4, 0.06);
}

#[test]
fn a_name_a_subject_and_a_note_try_to_break_whoever_prints_them() {
    let accounts = table("accounts");
    let tickets = filtered(&table("tickets"), col("account_id").eq(lit("ACC-0013")));
    let notes = table("notes");
    let holds = |texts: Vec<&str>, parts: &[&str]| {
        texts
            .iter()
            .any(|text| parts.iter().all(|part| text.contains(part)))
    };
    assert!(holds(
        texts(&accounts, "account_name"),
        &["=HYPERLINK", "<script>", "\u{1b}[", "\n"]
    ));
    assert!(holds(
        texts(&tickets, "subject"),
        &["=cmd", "<script>", "\u{1b}[", "\u{202e}"]
    ));
    assert!(holds(
        texts(&notes, "text"),
        &["@SUM", "<img", "\u{1b}]", "\u{202e}", "\n"]
    ));
}

/// Rows of one account.
fn of(frame: &DataFrame, account: &str) -> DataFrame {
    filtered(frame, col("account_id").eq(lit(account)))
}

/// Different people and days in a month of usage, service users left out.
fn log_ins(account: &str, month: usize) -> usize {
    let rows = of(&usage().nth(month).unwrap(), account);
    let people = rows
        .lazy()
        .filter(col("user_id").str().ends_with(lit("-000")).not());
    let visits = people
        .group_by([col("user_id"), col("usage_date")])
        .agg([len()]);
    visits.collect().unwrap().height()
}

#[test]
fn the_stories_are_in_the_rows() {
    let (tickets, stakeholders) = (table("tickets"), table("stakeholders"));
    let outcome = |account: &str| {
        let decisions = of(&table("outcomes"), account);
        let last = texts(&decisions, "outcome")
            .last()
            .map(|outcome| (*outcome).to_owned());
        last.unwrap_or_default()
    };
    for (account, decided) in [
        ("ACC-9003", "renewed"),
        ("ACC-9004", "churned"),
        ("ACC-9005", "renewed"),
        ("ACC-9006", "churned"),
        ("ACC-9008", "churned"),
        ("ACC-9009", "renewed"),
        ("ACC-9012", "renewed"),
    ] {
        assert_eq!(outcome(account), decided, "{account}");
    }
    // 40 quick tickets, 12 slow and escalated ones, 25 in a rollout.
    let days = |frame: &DataFrame| {
        let days = (col("solved_at") - col("opened_at")).dt().total_hours(true);
        let days = frame.clone().lazy().select([days.median().alias("hours")]);
        numbers(&days.collect().unwrap(), "hours")[0] / 24.0
    };
    let since = |day: &str| col("opened_at").dt().date().gt(lit(date(day)));
    let quick = filtered(&of(&tickets, "ACC-9003"), since("2026-06-01"));
    assert!(quick.height() >= 40 && days(&quick) < 1.0);
    let slow = filtered(&of(&tickets, "ACC-9004"), since("2026-04-01"));
    let slow = filtered(&slow, col("escalated_at").is_not_null());
    assert!(slow.height() >= 11 && days(&slow) > 20.0);
    let rollout = of(&table("rollouts"), "ACC-9013");
    assert_eq!(rollout.height(), 1);
    let spike = filtered(&of(&tickets, "ACC-9013"), since("2026-09-23"));
    assert!(spike.height() >= 20, "{}", spike.height());
    // Automation: log-ins fall by 60 %, the work goes on.
    let (before, after) = (log_ins("ACC-9005", 31), log_ins("ACC-9005", 34));
    assert_near(share(after, before), 0.4, 0.1);
    let service = of(&usage().nth(34).unwrap(), "ACC-9005");
    assert_eq!(
        count(&service, col("user_id").str().ends_with(lit("-000"))),
        30
    );
    // A detractor writes what a detractor writes.
    let answers = of(&table("surveys"), "ACC-9006");
    assert_eq!(
        count(
            &answers,
            col("kind").eq(lit("NPS")).and(col("score").gt(lit(4)))
        ),
        0
    );
    assert!(count(&answers, col("comment").is_not_null()) > 0);
    // The sponsor is gone without a successor, and somebody noted it.
    let sponsors = |account: &str| {
        filtered(
            &of(&stakeholders, account),
            col("role").eq(lit("executive_sponsor")),
        )
    };
    assert_eq!(count(&sponsors("ACC-9007"), col("until_date").is_null()), 0);
    assert!(sponsors("ACC-9007").height() > 0);
    let noted = of(&table("risks"), "ACC-9007");
    let open = col("severity")
        .eq(lit("High"))
        .and(col("resolved_at").is_null());
    assert_eq!(count(&noted, open), 1);
    // Somebody stepped in; nobody did where nothing showed.
    assert_eq!(of(&table("actions"), "ACC-9009").height(), 1);
    assert_eq!(of(&table("actions"), "ACC-9008").height(), 0);
    // One onboarding is stuck, the other done.
    let open = |account: &str| {
        count(
            &of(&table("milestones"), account),
            col("completed_at").is_null(),
        )
    };
    assert!(
        open("ACC-9010") >= 2 && open("ACC-9011") == 0,
        "{} {}",
        open("ACC-9010"),
        open("ACC-9011")
    );
    // Paid more than a month late, though nothing else is wrong; some invoices had to be voided.
    let invoices = of(&table("invoices"), "ACC-9012");
    assert!(count(&invoices, col("voided_at").is_not_null()) >= 2);
    let family = filtered(&table("accounts"), col("parent_id").eq(lit("ACC-9014")));
    assert_eq!(
        texts(&family, "account_id"),
        ["ACC-9015", "ACC-9016", "ACC-9017"]
    );
    // 35 % of the seats are used.
    let users = of(&usage().last().unwrap(), "ACC-9018").lazy();
    let users = users
        .group_by([col("user_id")])
        .agg([len()])
        .collect()
        .unwrap();
    assert_near(users.height() as f64 / 60.0, 0.35, 0.05);
    let champions = of(&stakeholders, "ACC-9019");
    let champions = filtered(&champions, col("role").eq(lit("champion")));
    assert_eq!(count(&champions, col("until_date").is_null()), 3);
    let growth = of(&table("opportunities"), "ACC-9019");
    let open = col("kind")
        .eq(lit("expansion"))
        .and(col("closed_at").is_null());
    assert_eq!(count(&growth, open), 1);
}

#[test]
fn a_review_planned_ahead_is_seen_before_it_is_held() {
    let reviews = filtered(&table("interactions"), col("kind").eq(lit("QBR")));
    let ahead = col("planned_date").gt(lit(date("2026-10-31")));
    assert!(count(&reviews, ahead.clone()) > 50);
    assert_eq!(count(&reviews, ahead.and(col("held_at").is_not_null())), 0);
    // Some fall through.
    let missed = col("held_at")
        .is_null()
        .and(col("planned_date").lt_eq(lit(date("2026-10-31"))));
    assert_near(share(count(&reviews, missed), reviews.height()), 0.1, 0.06);
    // A sponsor is met only where there is one.
    let met = filtered(&reviews, col("includes_sponsor")).lazy();
    let met = met
        .group_by([col("account_id")])
        .agg([len()])
        .collect()
        .unwrap();
    let sponsors = filtered(
        &table("stakeholders"),
        col("role").eq(lit("executive_sponsor")),
    )
    .lazy();
    let sponsors = sponsors
        .group_by([col("account_id")])
        .agg([len().alias("sponsors")]);
    let orphans = count(&met, col("account_id").gt_eq(lit("ACC-X")));
    let sponsored = joined(&met, &sponsors.collect().unwrap(), "account_id").height();
    assert_eq!(sponsored, met.height() - orphans);
}

#[test]
fn usage_has_its_seasons_and_a_change_of_definition() {
    let per_day = |month: usize, weekend: bool| {
        let day = col("usage_date").dt().weekday();
        let is_weekend = day.gt(lit(5));
        let month = usage().nth(month).unwrap();
        let rows = filtered(
            &month,
            if weekend {
                is_weekend
            } else {
                is_weekend.not()
            },
        );
        let days = rows
            .clone()
            .lazy()
            .group_by([col("usage_date")])
            .agg([len()]);
        share(rows.height(), days.collect().unwrap().height())
    };
    // Month 0 is November 2023, so 25 is December 2025 and 33 is August 2026.
    let around = |month: usize| (per_day(month - 1, false) + per_day(month + 1, false)) / 2.0;
    assert_near(per_day(25, false) / around(25), 0.75, 0.06);
    assert_near(per_day(33, false) / around(33), 0.85, 0.06);
    assert_near(per_day(30, true) / per_day(30, false), 0.2, 0.05);
    let events_per_row = |month: usize| {
        let month = usage().nth(month).unwrap();
        numbers(&month, "events").iter().sum::<f64>() / month.height() as f64
    };
    assert_near(events_per_row(20) / events_per_row(19), 0.7, 0.04);
}

#[test]
fn the_readme_counts_and_tells_what_is_there() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let mut rows: BTreeMap<String, usize> = BTreeMap::new();
    for export in &SAMPLE.exports {
        let is_usage = export.path.starts_with("usage/");
        let name = if is_usage {
            "usage/month=*/part-0.parquet"
        } else {
            &export.path
        };
        *rows.entry(name.to_owned()).or_default() += export.frame.height();
    }
    for (name, count) in rows {
        let line = readme
            .lines()
            .find(|line| line.contains(&format!("| `{name}` |")));
        let told = line.unwrap_or_else(|| panic!("{name} is not in the README"));
        let told = told.split('|').nth(2).unwrap().trim().replace(',', "");
        assert_eq!(told, count.to_string(), "{name}");
    }
    for (account, title) in SAMPLE.truth["stories"].as_object().unwrap() {
        let row = format!("| {account} | {} |", title.as_str().unwrap());
        assert!(readme.contains(&row), "{row}");
    }
}
