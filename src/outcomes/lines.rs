//! Contract lines: what ran from when to when, for how much.

use chrono::NaiveDate;
use polars::prelude::*;

use super::resolve::{Cells, Extract};
use crate::exports::Exports;
use crate::exports::as_of::{ACCOUNT, FROM, NEVER};
use crate::trail::{Finding, Severity};

/// A contract line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What names it.
    pub line: String,
    /// Whose it is.
    pub account_id: String,
    /// Its product; lines without one are of the same.
    pub product: Option<String>,
    /// The first day on which it was known: its signing.
    pub signed: NaiveDate,
    /// First day.
    pub starts: NaiveDate,
    /// The contractual end, the first day after it; far away where there is none.
    pub ends: NaiveDate,
    /// The day it was stopped, where that was before its end.
    pub stopped: Option<NaiveDate>,
    /// The day notice was given.
    pub notice: Option<NaiveDate>,
    /// Recurring revenue.
    pub amount: Option<f64>,
    /// Its currency.
    pub currency: Option<String>,
    /// Whether it renews by itself every month or so.
    pub is_short_term: bool,
    /// Why it ended.
    pub reason: Option<String>,
}

/// Contract lines of one account.
pub type Lines<'a> = &'a [Line];

impl Line {
    /// Returns the first day on which it no longer runs.
    #[must_use]
    pub fn over(&self) -> NaiveDate {
        self.stopped
            .map_or(self.ends, |stopped| stopped.min(self.ends))
    }

    /// Returns whether it runs on a day.
    #[must_use]
    pub fn runs_on(&self, day: NaiveDate) -> bool {
        self.starts <= day && day < self.over()
    }
}

/// Reads the lines known at `as_of`, by account and start; lines that cannot be are findings.
pub(super) fn read(
    source: &Extract,
    exports: &Exports,
    as_of: NaiveDate,
    findings: &mut Vec<Finding>,
) -> PolarsResult<Vec<Line>> {
    let frame = source.read(exports, as_of)?;
    let cells = Cells(&frame);
    let (accounts, names, products) = (
        cells.texts(ACCOUNT)?,
        cells.texts("line")?,
        cells.texts("product")?,
    );
    let (signed, starts, ends) = (
        cells.dates(FROM)?,
        cells.dates("starts")?,
        cells.dates("ends")?,
    );
    let (stopped, notice) = (cells.dates("stopped")?, cells.dates("notice")?);
    let (amounts, currencies) = (cells.numbers("amount")?, cells.texts("currency")?);
    let (short, reasons) = (cells.conditions("short_term")?, cells.texts("reason")?);
    let mut lines = Vec::new();
    let mut impossible = Vec::new();
    for row in 0..frame.height() {
        let (Some(account_id), Some(line)) = (accounts[row].clone(), names[row].clone()) else {
            impossible.push("a line without a name".to_owned());
            continue;
        };
        let ends = ends[row].unwrap_or(NEVER);
        let Some(starts) = starts[row].filter(|starts| *starts < ends) else {
            impossible.push(line);
            continue;
        };
        lines.push(Line {
            line,
            account_id,
            product: products[row].clone(),
            signed: signed[row].unwrap_or(starts),
            starts,
            ends,
            stopped: stopped[row].filter(|stopped| *stopped < ends),
            notice: notice[row],
            amount: amounts[row],
            currency: currencies[row].clone(),
            is_short_term: short[row],
            reason: reasons[row].clone(),
        });
    }
    if !impossible.is_empty() {
        findings.push(Finding {
            finding: "impossible_term",
            severity: Severity::Warning,
            subject: source.table.clone(),
            count: impossible.len() as u64,
            share: Some(impossible.len() as f64 / frame.height() as f64),
            evidence: format!(
                "{} lines do not begin before they end, such as {}",
                impossible.len(),
                impossible[..impossible.len().min(3)].join(", ")
            ),
            advice: "no decision is made of them; have the warehouse mend their dates".to_owned(),
        });
    }
    lines.sort_by(|a, b| {
        (&a.account_id, a.starts, a.ends, &a.line).cmp(&(&b.account_id, b.starts, b.ends, &b.line))
    });
    Ok(lines)
}
