//! Decisions as the business recorded them: an outcomes table, or cancellation events.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use polars::prelude::*;

use super::lines::Line;
use super::resolve::{Cells, Extract, Outcomes};
use super::{Decision, Outcome};
use crate::domain::one_line;
use crate::exports::Exports;
use crate::exports::as_of::{ACCOUNT, FROM, NEVER};
use crate::trail::{Finding, Severity};

/// A record of a decision.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    decision: String,
    account_id: String,
    line: Option<String>,
    date: NaiveDate,
    known: NaiveDate,
    outcome: Outcome,
    before: Option<f64>,
    after: Option<f64>,
    currency: Option<String>,
    reason: Option<String>,
}

/// Reads the records known at `as_of`; those that cannot be read are findings.
pub(super) fn read(
    source: &Extract,
    exports: &Exports,
    as_of: NaiveDate,
    findings: &mut Vec<Finding>,
) -> PolarsResult<Vec<Record>> {
    let frame = source.read(exports, as_of)?;
    let cells = Cells(&frame);
    let (accounts, names, lines) = (
        cells.texts(ACCOUNT)?,
        cells.texts("decision")?,
        cells.texts("line")?,
    );
    let (known, dates, outcomes) = (
        cells.dates(FROM)?,
        cells.dates("date")?,
        cells.texts("outcome")?,
    );
    let (before, after) = (cells.numbers("before")?, cells.numbers("after")?);
    let (currencies, reasons) = (cells.texts("currency")?, cells.texts("reason")?);
    let mut records = Vec::new();
    let mut unreadable = Vec::new();
    for row in 0..frame.height() {
        let outcome = outcomes[row].as_deref().and_then(Outcome::of_word);
        let (Some(account_id), Some(decision), Some(date), Some(outcome)) = (
            accounts[row].clone(),
            names[row].clone(),
            dates[row],
            outcome,
        ) else {
            let word = outcomes[row].as_deref().unwrap_or("null");
            let name = names[row].as_deref().unwrap_or("no id");
            unreadable.push(format!("{} ({})", one_line(name), one_line(word)));
            continue;
        };
        records.push(Record {
            decision,
            account_id,
            line: lines[row].clone(),
            date,
            known: known[row].unwrap_or(date),
            outcome,
            before: before[row],
            after: after[row],
            currency: currencies[row].clone(),
            reason: reasons[row].clone(),
        });
    }
    if !unreadable.is_empty() {
        findings.push(Finding {
            finding: "unreadable_outcome",
            severity: Severity::Warning,
            subject: source.table.clone(),
            count: unreadable.len() as u64,
            share: Some(unreadable.len() as f64 / frame.height() as f64),
            evidence: format!(
                "{} records have no id, date or known outcome, such as {}",
                unreadable.len(),
                unreadable[..unreadable.len().min(3)].join(", ")
            ),
            advice: "an outcome is renewed, expanded, contracted, churned or reactivated; translate others in `outcome`, with CASE".to_owned(),
        });
    }
    Ok(records)
}

/// Turns records into decisions: those of an account that fall together are one, due on the
/// first of their contractual dates; amounts are added, and the account has left only if it left
/// with all of them.
pub(super) fn decisions(
    records: &[Record],
    lines: &[Line],
    outcomes: &Outcomes,
    as_of: NaiveDate,
) -> Vec<Decision> {
    let by_name: HashMap<&str, &Line> = lines
        .iter()
        .map(|line| (line.line.as_str(), line))
        .collect();
    let line_of = |record: &Record| {
        let name = record.line.as_deref()?;
        by_name.get(name).copied()
    };
    let contractual = |record: &Record| match line_of(record) {
        Some(line) if record.outcome != Outcome::Reactivated && line.ends < NEVER => line.ends,
        _ => record.date,
    };
    let mut order: Vec<&Record> = records.iter().collect();
    order.sort_by_key(|record| {
        (
            record.account_id.clone(),
            record.outcome == Outcome::Reactivated,
            contractual(record),
            record.decision.clone(),
        )
    });
    let mut decisions = Vec::new();
    let mut rest = order.as_slice();
    while let Some(first) = rest.first() {
        let is_of_first = |record: &Record| {
            record.account_id == first.account_id
                && (record.outcome == Outcome::Reactivated)
                    == (first.outcome == Outcome::Reactivated)
                && outcomes.is_together(contractual(first), contractual(record))
        };
        let short = line_of(first).is_some_and(|line| line.is_short_term);
        // Monthly terms follow each other within a month, and each is a decision of its own.
        let n = if short {
            1
        } else {
            rest.iter().take_while(|record| is_of_first(record)).count()
        };
        let (group, others) = rest.split_at(n);
        rest = others;
        let grace = contractual(first)
            .checked_add_days(Days::new(outcomes.grace_days.unsigned_abs()))
            .unwrap_or(NEVER);
        let sum = |amount: fn(&Record) -> Option<f64>| {
            let amounts = group.iter().map(|record| amount(record));
            amounts
                .collect::<Option<Vec<_>>>()
                .map(|amounts| amounts.iter().sum())
        };
        let (before, after) = (sum(|record| record.before), sum(|record| record.after));
        let is_one = group.iter().all(|record| record.outcome == first.outcome);
        let outcome = if grace > as_of {
            Outcome::NotYetDue
        } else if is_one {
            first.outcome
        } else {
            super::decisions::compared(before, after)
        };
        let of_lines = || group.iter().filter_map(|record| line_of(record));
        let notice = of_lines().filter_map(|line| line.notice).min();
        let known = group
            .iter()
            .map(|record| record.known)
            .min()
            .unwrap_or(first.known);
        let left = outcome == Outcome::Churned;
        let stopped = of_lines().filter_map(|line| line.stopped).min();
        decisions.push(Decision {
            decision_id: first.decision.clone(),
            account_id: first.account_id.clone(),
            term_start: of_lines().map(|line| line.starts).min(),
            signed: of_lines().map(|line| line.signed).min(),
            contractual_date: contractual(first),
            decision_date: stopped
                .filter(|_| left)
                .map_or(first.date, |stopped| stopped.min(first.date)),
            known_date: notice
                .filter(|_| left)
                .map_or(known, |notice| notice.min(known)),
            outcome,
            amount_before: before,
            amount_after: after.filter(|_| outcome != Outcome::NotYetDue),
            currency: first.currency.clone(),
            reason: group.iter().find_map(|record| record.reason.clone()),
            is_short_term: short,
        });
    }
    decisions
}
