//! What was planted, in words and numbers, so that a review can be held against it.

use serde_json::{Map, Value, json};

use crate::sample::Settings;
use crate::sample::contracts::{self, Decision, Life, Outcome};
use crate::sample::dirt::Counts;
use crate::sample::health::{self, Levels};
use crate::sample::portfolio::{self, Account, Kind, TermKind, Tier};
use crate::sample::stories;
use crate::sample::tickets;
use crate::sample::timeline::{Timeline, day_at};
use crate::sample::usage;

/// Returns the planted truth and the counts of what it led to.
pub fn truth(
    settings: &Settings,
    timeline: &Timeline,
    accounts: &[Account],
    lives: &[Life],
    dirt: &Counts,
) -> Value {
    let churn_rate = |tier| match settings.null {
        true => contracts::NULL_CHURN_RATE,
        false => contracts::churn_rate(tier),
    };
    json!({
        "seed": settings.seed,
        "accounts": settings.accounts,
        "months": timeline.months,
        "end": settings.end.to_string(),
        "null": settings.null,
        "health": {
            "categories": health::CATEGORIES,
            "shipped_weights": by_category(&health::SHIPPED_WEIGHTS),
            "true_weights": by_category(&health::TRUE_WEIGHTS),
            "persistence_by_month": by_category(&health::PERSISTENCE),
            "shared_persistence": health::SHARED_PERSISTENCE,
            "correlation_of_categories": health::SHARED,
            "lifecycle_matters_below_days": health::LIFECYCLE_DAYS,
            "support_is_averaged_over_months": health::SUPPORT_MONTHS,
        },
        "decisions": {
            "settled_days_ahead": contracts::LEAD_DAYS,
            "churn_log_odds_per_15_points": if settings.null { 0.0 } else { -15.0 * contracts::CHURN_SLOPE },
            "contraction_log_odds_per_15_points": if settings.null { 0.0 } else { -15.0 * contracts::CHANGE_SLOPE },
            "expansion_log_odds_per_15_points": if settings.null { 0.0 } else { 15.0 * contracts::CHANGE_SLOPE },
            "account_effect_sd": if settings.null { 0.0 } else { contracts::ACCOUNT_EFFECT },
            "circumstances_sd": if settings.null { 0.0 } else { contracts::CIRCUMSTANCES },
            "churn_odds_after_action": if settings.null { 1.0 } else { contracts::ACTION_ODDS },
            "acted_on_share_of_those_at_risk": contracts::ACTED_SHARE,
            "at_risk_below": contracts::AT_RISK,
            "base_rates": {
                "churned": {
                    "SMB": churn_rate(Tier::Smb),
                    "mid-market": churn_rate(Tier::Mid),
                    "enterprise": churn_rate(Tier::Enterprise),
                },
                "contracted": contracts::CONTRACTED_RATE,
                "expanded": contracts::EXPANDED_RATE,
            },
            "drawn": drawn(accounts, lives),
            "auc_of_latent_health": {
                "shipped_weights": latent_auc(accounts, lives, health::overall),
                "after_one_review": latent_auc(accounts, lives, health::reviewed),
                "true_weights": latent_auc(accounts, lives, |levels| health::decisive(levels, health::LIFECYCLE_DAYS)),
            },
        },
        "usage": {
            "december": usage::DECEMBER,
            "august": usage::AUGUST,
            "weekend": usage::WEEKEND,
            "definition_changed_in": month_name(timeline, usage::DEFINITION_MONTH),
        },
        "metrics": {
            "redundant": "minutes per active user in 28 days, a near copy of events per active user (rank correlation about 0.85 over accounts)",
            "noise": "the share of e-mails among calls, e-mails and meetings",
            "leak": "accounts.owner, reassigned after the notice (owner_changed_at)",
        },
        "dirt": {
            "rows": dirt.as_json(),
            "usage_gap": { "month": month_name(timeline, usage::GAP_MONTH), "region": usage::GAP_REGION },
            "ticket_feed_ends_days_early": tickets::FEED_LAG_DAYS,
            "trial_accounts": count(accounts, |account| account.kind == Kind::Trial),
            "test_accounts": count(accounts, |account| account.kind == Kind::Test),
            "accounts_without_owner": count(accounts, |account| account.owner.is_none()),
            "accounts_without_support_plan": count(accounts, |account| !account.has_support_plan),
            "accounts_without_instrumentation": count(accounts, |account| !account.is_instrumented),
        },
        "stories": stories::all().iter().map(|story| (portfolio::account_id(story.number), json!(story.title))).collect::<Map<_, _>>(),
    })
}

fn by_category(values: &[f64; 5]) -> Value {
    let pairs = health::CATEGORIES.iter().zip(values);
    pairs
        .map(|(category, value)| ((*category).to_owned(), json!(value)))
        .collect::<Map<_, _>>()
        .into()
}

fn month_name(timeline: &Timeline, month: u32) -> Option<String> {
    (month < timeline.months).then(|| timeline.month_name(month))
}

fn count(accounts: &[Account], holds: impl Fn(&Account) -> bool) -> usize {
    accounts.iter().filter(|account| holds(account)).count()
}

/// Returns how many decisions of each outcome there are, and how many of the special cases.
fn drawn(accounts: &[Account], lives: &[Life]) -> Value {
    let customers = || {
        accounts
            .iter()
            .zip(lives)
            .filter(|(account, _)| account.kind == Kind::Customer)
            .map(|pair| pair.1)
    };
    let decisions = || customers().flat_map(|life| &life.decisions);
    let terms = || customers().flat_map(|life| &life.terms);
    let of = |outcome: Outcome| {
        decisions()
            .filter(|decision| decision.outcome == outcome)
            .count()
    };
    let late = |decision: &&Decision| {
        !matches!(decision.outcome, Outcome::Churned | Outcome::Reactivated)
            && day_at(decision.known) > decision.date
    };
    json!({
        "renewed": of(Outcome::Renewed),
        "expanded": of(Outcome::Expanded),
        "contracted": of(Outcome::Contracted),
        "churned": of(Outcome::Churned),
        "reactivated": of(Outcome::Reactivated),
        "left_in_mid_term": terms().filter(|term| term.ended.is_some()).count(),
        "signed_late": decisions().filter(late).count(),
        "notices_75_days_early": terms().filter(|term| term.cancelled.is_some_and(|at| term.ended.is_none() && term.end - day_at(at) >= 75)).count(),
        "actions": customers().map(|life| life.actions.len()).sum::<usize>(),
    })
}

/// Returns how well a health, seen without noise, tells who left at an annual decision; ties count one half.
fn latent_auc(
    accounts: &[Account],
    lives: &[Life],
    health: impl Fn(&Levels) -> f64,
) -> Option<f64> {
    let annual = accounts
        .iter()
        .zip(lives)
        .filter(|(account, _)| account.kind == Kind::Customer && account.term == TermKind::Annual);
    let decisions = annual
        .flat_map(|(_, life)| &life.decisions)
        .filter(|decision| decision.outcome != Outcome::Reactivated);
    let (left, stayed): (Vec<_>, Vec<_>) =
        decisions.partition(|decision| decision.outcome == Outcome::Churned);
    let levels = |decision: &Decision| health(&decision.settled.levels);
    let mut stayed: Vec<f64> = stayed.into_iter().map(levels).collect();
    stayed.sort_by(f64::total_cmp);
    let told = |level: f64| {
        let below = stayed.partition_point(|stayed| *stayed < level);
        let above = stayed.len() - stayed.partition_point(|stayed| *stayed <= level);
        // Those who stayed and were healthier count one, those just as healthy one half.
        (stayed.len() + above - below) as f64 / 2.0
    };
    let pairs = left.len() * stayed.len();
    let sum: f64 = left.into_iter().map(levels).map(told).sum();
    (pairs > 0).then(|| (sum / pairs as f64 * 10_000.0).round() / 10_000.0)
}
