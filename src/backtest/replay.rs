//! What was published at the time, beside what the review says of the same dates: models were
//! edited and exports corrected since, and a review that does not say so flatters itself.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::board::Board;
use super::candidates::IN_FORCE;
use super::evaluate::ALL;
use super::figures::{About, Figures, Size};
use crate::stats;
use crate::trail::{Finding, Severity};

/// Points by which two scores may differ before it is called a difference.
const TOLERANCE: f64 = 1.0;

/// A score published at the time and the one of the review.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// The account.
    pub account_id: String,
    /// The date.
    pub as_of: NaiveDate,
    /// As published; `None` where it was not scored.
    pub published: Option<f64>,
    /// As replayed; `None` where it is not scored.
    pub replayed: Option<f64>,
    /// The model that scored at the time.
    pub model_hash: String,
}

impl Replayed {
    /// Returns the replayed less the published score, where both exist.
    #[must_use]
    pub fn difference(&self) -> Option<f64> {
        Some(self.replayed? - self.published?)
    }

    /// Returns whether the two differ by more than a point, or one of them does not exist.
    #[must_use]
    pub fn differs(&self) -> bool {
        match self.difference() {
            Some(difference) => difference.abs() > TOLERANCE,
            None => self.published.is_some() != self.replayed.is_some(),
        }
    }
}

/// Returns the dates of the rows, each once, rising.
#[must_use]
pub fn dates(board: &Board) -> Vec<NaiveDate> {
    let mut dates: Vec<NaiveDate> = board.rows.iter().map(|row| row.as_of).collect();
    dates.sort_unstable();
    dates.dedup();
    dates
}

/// Pairs published scores, (account, date) to score and model, with the rows of the board.
#[must_use]
pub fn pair(
    board: &Board,
    published: &BTreeMap<(String, NaiveDate), (Option<f64>, String)>,
) -> Vec<Replayed> {
    let mut pairs: BTreeMap<(NaiveDate, &str), Replayed> = BTreeMap::new();
    for (row, score) in board.rows.iter().zip(&board.in_force().score) {
        let key = (row.account_id.clone(), row.as_of);
        if let Some((then, model_hash)) = published.get(&key) {
            pairs.insert(
                (row.as_of, &row.account_id),
                Replayed {
                    account_id: row.account_id.clone(),
                    as_of: row.as_of,
                    published: *then,
                    replayed: *score,
                    model_hash: model_hash.clone(),
                },
            );
        }
    }
    pairs.into_values().collect()
}

/// Adds the share that differs, and says so where any does.
pub fn judge(replayed: &[Replayed], figures: &mut Figures) -> Option<Finding> {
    let about = About {
        candidate: IN_FORCE.to_owned(),
        target: "none",
        lead_days: None,
        slice: ALL.to_owned(),
        slice_value: "published_at_the_time".to_owned(),
    };
    let differing = replayed.iter().filter(|own| own.differs()).count();
    let size = Size {
        n: replayed.len() as u64,
        events: differing as u64,
    };
    let share = stats::wilson(differing as f64, replayed.len() as f64);
    figures.estimate(&about, "share_that_differs", size, share);
    let differences = replayed.iter().filter_map(Replayed::difference);
    let largest = differences.map(f64::abs).fold(0.0, f64::max);
    if differing == 0 {
        return None;
    }
    Some(Finding {
        finding: "replay_differs",
        severity: Severity::Warning,
        subject: "published scores".to_owned(),
        count: differing as u64,
        share: Some(differing as f64 / replayed.len() as f64),
        evidence: format!(
            "{differing} of {} scores differ from what was published at the time by more than a point; the largest difference is {largest:.1}",
            replayed.len()
        ),
        advice: "replay has them by name: the model was edited, an export was corrected later, or a cell is not declared with the moment it became known".to_owned(),
    })
}
