//! The one place where features and outcomes meet.
//!
//! A row is an account on a date of the past. Its features are those of that date, from the same
//! `measures` that tonight's run computes; its label is what was decided later. Which rows there
//! are depends only on what was known on the row's date, and on whether its outcome is ripe.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, Days, Months, NaiveDate};
use indexmap::IndexMap;
use polars::prelude::*;
use serde::Serialize;

use super::design::{Design, Sampling};
use crate::exports::Exports;
use crate::exports::as_of::AS_OF;
use crate::measures::compute;
use crate::measures::plan::Plan;
use crate::outcomes::{Decided, Decision, Outcome, Outcomes};
use crate::panel::{self, ACCOUNT_ID};
use crate::population::Population;
use crate::trail::Trail;

/// An account on a date of the past, with what was decided later.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What names the decision; the account and the date, where there was none.
    pub decision_id: String,
    /// The account.
    pub account_id: String,
    /// The date of the features.
    pub as_of: NaiveDate,
    /// Days to the contractual date, or the horizon.
    pub lead_days: u32,
    /// The contractual date; the end of the horizon in a calendar sample.
    pub due: NaiveDate,
    /// The day the decision came about.
    pub decision_date: NaiveDate,
    /// The day on which the label was ripe.
    pub closed: NaiveDate,
    /// What was decided; `None` where nothing was to decide.
    pub outcome: Option<Outcome>,
    /// Recurring revenue at stake.
    pub amount: Option<f64>,
    /// Its currency.
    pub currency: Option<String>,
    /// Why, in the words of the export.
    pub reason: Option<String>,
}

/// Where the rows of one lead went; `considered = used + Σ excluded`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RowLedger {
    /// The lead.
    pub lead_days: u32,
    /// Decisions, or accounts at month ends, looked at.
    pub considered: u64,
    /// Rows kept out, by the first reason that holds.
    pub excluded: BTreeMap<&'static str, u64>,
    /// Rows every figure rests on.
    pub used: u64,
}

/// Rows with their features.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The rows, by lead, date, account and decision.
    pub rows: Vec<Row>,
    /// Measures of every row, in the same order.
    pub measures: DataFrame,
    /// Per lead where the rows went.
    pub ledger: Vec<RowLedger>,
}

/// Returns the rows that may be drawn, and the ledger of those that may not.
///
/// Nothing here looks at a feature.
#[must_use]
pub fn rows(
    decided: &Decided,
    outcomes: &Outcomes,
    design: &Design,
    accounts: &[String],
    review: NaiveDate,
) -> (Vec<Row>, Vec<RowLedger>) {
    match design.sampling {
        Sampling::Renewal => renewal_rows(decided, outcomes, design),
        Sampling::Calendar { horizon } => {
            calendar_rows(decided, outcomes, design, horizon, accounts, review)
        }
    }
}

fn plus(date: NaiveDate, days: i64) -> NaiveDate {
    date.checked_add_days(Days::new(days.unsigned_abs()))
        .unwrap_or(NaiveDate::MAX)
}

fn renewal_rows(
    decided: &Decided,
    outcomes: &Outcomes,
    design: &Design,
) -> (Vec<Row>, Vec<RowLedger>) {
    let mut rows = Vec::new();
    let mut ledgers = Vec::new();
    for lead in &design.leads {
        let mut ledger = RowLedger {
            lead_days: *lead,
            ..RowLedger::default()
        };
        for decision in &decided.decisions {
            ledger.considered += 1;
            let as_of = decision
                .contractual_date
                .checked_sub_days(Days::new(u64::from(*lead)))
                .unwrap_or(NaiveDate::MIN);
            if let Some(reason) = kept_out(decision, as_of, design) {
                *ledger.excluded.entry(reason).or_default() += 1;
                continue;
            }
            ledger.used += 1;
            rows.push(Row {
                decision_id: decision.decision_id.clone(),
                account_id: decision.account_id.clone(),
                as_of,
                lead_days: *lead,
                due: decision.contractual_date,
                decision_date: decision.decision_date,
                closed: plus(decision.contractual_date, outcomes.grace_days),
                outcome: Some(decision.outcome),
                amount: decision.amount_before,
                currency: decision.currency.clone(),
                reason: decision.reason.clone(),
            });
        }
        ledgers.push(ledger);
    }
    (rows, ledgers)
}

/// Returns why a decision is no row on a date.
fn kept_out(decision: &Decision, as_of: NaiveDate, design: &Design) -> Option<&'static str> {
    let before = |date: Option<NaiveDate>| date.is_some_and(|date| date > as_of);
    match decision.outcome {
        Outcome::Reactivated => Some("a_return"),
        _ if decision.is_short_term => Some("short_term"),
        Outcome::NotYetDue => Some("not_yet_due"),
        _ if design
            .from
            .is_some_and(|from| decision.contractual_date < from) =>
        {
            Some("before_the_period")
        }
        _ if before(decision.term_start) => Some("lead_longer_than_term"),
        _ if before(decision.signed) => Some("date_not_yet_known"),
        _ if decision.decision_date <= as_of => Some("already_left"),
        _ if decision.known_date <= as_of => Some("already_decided"),
        _ => None,
    }
}

fn calendar_rows(
    decided: &Decided,
    outcomes: &Outcomes,
    design: &Design,
    horizon: u32,
    accounts: &[String],
    review: NaiveDate,
) -> (Vec<Row>, Vec<RowLedger>) {
    let mut by_account: HashMap<&str, Vec<&Decision>> = HashMap::new();
    for decision in &decided.decisions {
        by_account
            .entry(&decision.account_id)
            .or_default()
            .push(decision);
    }
    let mut ledger = RowLedger {
        lead_days: horizon,
        ..RowLedger::default()
    };
    let mut rows = Vec::new();
    let first = decided
        .decisions
        .iter()
        .map(|decision| decision.decision_date);
    let Some(from) = design.from.or_else(|| first.min()) else {
        return (rows, vec![ledger]);
    };
    for as_of in month_ends(from, review) {
        let until = plus(as_of, i64::from(horizon));
        let closed = plus(until, outcomes.grace_days);
        for account in accounts {
            ledger.considered += 1;
            let own = by_account.get(account.as_str());
            let own = own.into_iter().flatten().filter(|decision| {
                !matches!(decision.outcome, Outcome::Reactivated | Outcome::NotYetDue)
            });
            let ahead: Vec<&&Decision> = own
                .filter(|decision| {
                    decision.decision_date > as_of && decision.decision_date <= until
                })
                .collect();
            // The gravest of what came about within the horizon.
            let gravest = ahead.iter().min_by_key(|decision| {
                let gravity = [Outcome::Churned, Outcome::Contracted, Outcome::Expanded];
                let place = gravity.iter().position(|other| *other == decision.outcome);
                (place.unwrap_or(gravity.len()), decision.decision_date)
            });
            let reason = if closed > review {
                Some("not_yet_due")
            } else if gravest.is_some_and(|decision| {
                decision.outcome == Outcome::Churned
                    && decision.known_date <= as_of
                    && decision.known_date < decision.decision_date
            }) {
                Some("already_decided")
            } else {
                None
            };
            if let Some(reason) = reason {
                *ledger.excluded.entry(reason).or_default() += 1;
                continue;
            }
            ledger.used += 1;
            rows.push(Row {
                decision_id: gravest.map_or_else(
                    || format!("{account}@{as_of}"),
                    |decision| format!("{}@{as_of}", decision.decision_id),
                ),
                account_id: account.clone(),
                as_of,
                lead_days: horizon,
                due: until,
                decision_date: gravest.map_or(until, |decision| decision.decision_date),
                closed,
                outcome: gravest.map(|decision| decision.outcome),
                amount: gravest.and_then(|decision| decision.amount_before),
                currency: gravest.and_then(|decision| decision.currency.clone()),
                reason: gravest.and_then(|decision| decision.reason.clone()),
            });
        }
    }
    (rows, vec![ledger])
}

fn month_ends(from: NaiveDate, until: NaiveDate) -> Vec<NaiveDate> {
    let first = from.with_day(1).unwrap_or(from);
    (1..)
        .map_while(|n| first.checked_add_months(Months::new(n))?.pred_opt())
        .take_while(|date| *date <= until)
        .filter(|date| *date >= from)
        .collect()
}

/// Gives rows their features: the panel of all their dates at once, through the function that
/// measures tonight's panel. Rows whose account was not in the population then go to the ledger.
///
/// # Errors
/// When Polars fails.
pub fn measured(
    exports: &Exports,
    plan: &Plan,
    population: &Population,
    rows: Vec<Row>,
    mut ledger: Vec<RowLedger>,
    trail: &mut Trail<'_>,
) -> PolarsResult<Sample> {
    let pairs = pairs(&rows)?;
    let known = panel::known_pairs(exports, &pairs, &plan.attributes)?;
    let measured = compute::compute(exports, &known, plan, trail)?;
    let selected = population.select(measured)?.frame;
    let places = places(&selected)?;
    let was_known = self::places(&known)?;
    let mut kept: Vec<(Row, u32)> = Vec::new();
    for row in rows {
        let key = (row.account_id.clone(), row.as_of);
        if let Some(place) = places.get(&key) {
            kept.push((row, *place));
            continue;
        }
        let reason = if was_known.contains_key(&key) {
            "not_in_the_population"
        } else {
            "account_not_known"
        };
        let of_lead = ledger
            .iter_mut()
            .find(|ledger| ledger.lead_days == row.lead_days);
        if let Some(ledger) = of_lead {
            *ledger.excluded.entry(reason).or_default() += 1;
            ledger.used -= 1;
        }
    }
    kept.sort_by(|(a, _), (b, _)| {
        (a.lead_days, a.as_of, &a.account_id, &a.decision_id).cmp(&(
            b.lead_days,
            b.as_of,
            &b.account_id,
            &b.decision_id,
        ))
    });
    let (rows, at): (Vec<Row>, Vec<u32>) = kept.into_iter().unzip();
    let at = IdxCa::from_vec("at".into(), at);
    Ok(Sample {
        rows,
        measures: selected.take(&at)?,
        ledger,
    })
}

fn pairs(rows: &[Row]) -> PolarsResult<DataFrame> {
    let unique: IndexMap<(&str, NaiveDate), ()> = rows
        .iter()
        .map(|row| ((row.account_id.as_str(), row.as_of), ()))
        .collect();
    let (accounts, dates): (Vec<&str>, Vec<NaiveDate>) = unique.into_keys().unzip();
    DataFrame::new_infer_height(vec![
        Column::new(ACCOUNT_ID.into(), accounts),
        Column::new(AS_OF.into(), dates),
    ])
}

fn places(frame: &DataFrame) -> PolarsResult<HashMap<(String, NaiveDate), u32>> {
    let accounts = frame.column(ACCOUNT_ID)?.str()?.iter();
    let dates = frame.column(AS_OF)?.date()?.as_date_iter();
    Ok(accounts
        .zip(dates)
        .zip(0u32..)
        .filter_map(|((account, date), place)| Some(((account?.to_owned(), date?), place)))
        .collect())
}
