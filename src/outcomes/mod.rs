//! Renewal records become labels: what was decided, when it was due, when it was known. Nothing
//! here knows a score.
//!
//! ```text
//! contract lines ─► decisions ─┐
//!                              ├─► decisions with their outcome, and contradictions as findings
//! decision records ────────────┘
//! ```

mod contradictions;
mod decisions;
pub mod file;
mod lines;
mod records;
pub mod resolve;

use chrono::NaiveDate;
use polars::prelude::*;

use crate::exports::Exports;
use crate::trail::Finding;

pub use lines::{Line, Lines};
pub use resolve::{Outcomes, resolve};

/// What happened to an account's recurring business at a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Everything went on, worth the same.
    Renewed,
    /// It went on and is worth more.
    Expanded,
    /// Some of it went on, or all of it for less; a dropped product is this.
    Contracted,
    /// Nothing went on within the grace.
    Churned,
    /// The account came back after the grace.
    Reactivated,
    /// Its window has not closed; it is no non-churn.
    NotYetDue,
}

impl Outcome {
    /// The outcomes in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::Renewed,
        Self::Expanded,
        Self::Contracted,
        Self::Churned,
        Self::Reactivated,
        Self::NotYetDue,
    ];

    /// Returns the word of the tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Renewed => "renewed",
            Self::Expanded => "expanded",
            Self::Contracted => "contracted",
            Self::Churned => "churned",
            Self::Reactivated => "reactivated",
            Self::NotYetDue => "not_yet_due",
        }
    }

    /// Returns the outcome of a word, whatever its capitals.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let word = word.trim().to_lowercase().replace([' ', '-'], "_");
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// One decision about an account's business: the unit of a backtest.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What names it: the record's id, or the account with the contractual date.
    pub decision_id: String,
    /// Whose it is.
    pub account_id: String,
    /// First day of the term that comes up; `None` where no contract line says so.
    pub term_start: Option<NaiveDate>,
    /// From when on the contractual date was known: the signing of its first line.
    pub signed: Option<NaiveDate>,
    /// The day the term comes up by contract; lead times count back from here.
    pub contractual_date: NaiveDate,
    /// The day on which it really came about; earlier than the contractual date in mid-term churn.
    pub decision_date: NaiveDate,
    /// The day from which everybody knew: a notice, a signature, or the end of the grace.
    pub known_date: NaiveDate,
    /// What came of it.
    pub outcome: Outcome,
    /// Recurring revenue of the account before, in `currency`; `None` where nothing says.
    pub amount_before: Option<f64>,
    /// The same after.
    pub amount_after: Option<f64>,
    /// The currency of both.
    pub currency: Option<String>,
    /// Why, in the words of the export; a failed payment is a reason of its own.
    pub reason: Option<String>,
    /// Whether the term renews by itself every month or so: too short for lead times.
    pub is_short_term: bool,
}

impl Decision {
    /// Returns whether the business ended before its contractual date.
    #[must_use]
    pub fn is_mid_term(&self) -> bool {
        self.outcome == Outcome::Churned && self.decision_date < self.contractual_date
    }
}

/// Everything that is known about decisions at the date of a review.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// The decisions, by account and contractual date.
    pub decisions: Vec<Decision>,
    /// The contract lines they were made of, if the job names any.
    pub lines: Vec<Line>,
    /// Contradicting or unreadable records.
    pub findings: Vec<Finding>,
}

/// Reads decisions from the exports as they were known at the end of `as_of`.
///
/// Records, where the job names them, are the word of the business and win; contract lines add
/// the terms, give what is not yet due, and are compared with them. Without records the lines
/// alone decide.
///
/// # Errors
/// When Polars fails.
pub fn decide(outcomes: &Outcomes, exports: &Exports, as_of: NaiveDate) -> PolarsResult<Decided> {
    let mut findings = Vec::new();
    let lines = match &outcomes.lines {
        Some(source) => lines::read(source, exports, as_of, &mut findings)?,
        None => Vec::new(),
    };
    let derived = decisions::derive(&lines, outcomes, as_of);
    let mut decisions = match &outcomes.records {
        None => derived,
        Some(source) => {
            let records = records::read(source, exports, as_of, &mut findings)?;
            let recorded = records::decisions(&records, &lines, outcomes, as_of);
            findings.extend(contradictions::between(&recorded, &derived, outcomes));
            // What the lines know to be due and no record speaks of is not yet due.
            let open = derived.into_iter().filter(|decision| {
                decision.outcome == Outcome::NotYetDue
                    && !recorded.iter().any(|recorded| {
                        recorded.account_id == decision.account_id
                            && outcomes
                                .is_together(recorded.contractual_date, decision.contractual_date)
                    })
            });
            let open: Vec<Decision> = open.collect();
            recorded.into_iter().chain(open).collect()
        }
    };
    decisions.sort_by(|a, b| {
        let key = |d: &Decision| {
            (
                d.account_id.clone(),
                d.contractual_date,
                d.decision_id.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    Ok(Decided {
        decisions,
        lines,
        findings,
    })
}
