//! How a review looks at the past: decided before any figure is computed.

use chrono::NaiveDate;
use indexmap::IndexMap;

use crate::domain::Timing;
use crate::outcomes::Outcome;

/// How rows are drawn from the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// One row per decision and lead, counted back from the contractual date.
    Renewal,
    /// Every account in the panel at each month end; did it leave within the horizon?
    Calendar {
        /// Days after the month end that count.
        horizon: u32,
    },
}

impl Sampling {
    /// Returns what a row is, in words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Renewal => {
                "one row per decision and lead, counted back from the contractual date".to_owned()
            }
            Self::Calendar { horizon } => {
                format!("every account at each month end: did it leave within {horizon} days?")
            }
        }
    }
}

/// What counts as the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The account left.
    Churn,
    /// It left, or went on for less.
    ChurnOrContraction,
    /// It went on for more; health should foresee this the other way round.
    Expansion,
}

impl Target {
    /// The targets in the order of the tables.
    pub const ALL: [Self; 3] = [Self::Churn, Self::ChurnOrContraction, Self::Expansion];

    /// Returns the word of the tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Churn => "churn",
            Self::ChurnOrContraction => "churn_or_contraction",
            Self::Expansion => "expansion",
        }
    }

    /// Returns whether an outcome is the event; `None` is an account that had nothing to decide.
    #[must_use]
    pub fn is_event(self, outcome: Option<Outcome>) -> bool {
        match self {
            Self::Churn => outcome == Some(Outcome::Churned),
            Self::ChurnOrContraction => {
                matches!(outcome, Some(Outcome::Churned | Outcome::Contracted))
            }
            Self::Expansion => outcome == Some(Outcome::Expanded),
        }
    }

    /// Returns how the event's risk follows from a health score: low health for churn, high
    /// health for expansion. The direction is fixed and never turned by the data.
    #[must_use]
    pub fn risk(self, health: f64) -> f64 {
        match self {
            Self::Churn | Self::ChurnOrContraction => -health,
            Self::Expansion => health,
        }
    }
}

/// Everything a review decided beforehand.
#[derive(Debug, Clone)]
pub struct Design {
    /// How rows are drawn.
    pub sampling: Sampling,
    /// Days before the decision at which scores are looked at, rising.
    pub leads: Vec<u32>,
    /// The lead of the primary figure.
    pub primary_lead: u32,
    /// The first contractual date, or month end, that counts.
    pub from: Option<NaiveDate>,
    /// Account columns by which figures are cut.
    pub segments: Vec<String>,
    /// The measure that holds the days an account has been here.
    pub tenure: Option<String>,
    /// The account column that names the parent; accounts of one parent are drawn together.
    pub parent: Option<String>,
    /// Metrics that know how near the renewal is.
    pub proximity: Vec<String>,
    /// Whether metrics are meant to foretell or to tell what has happened, where that is said.
    pub timing: IndexMap<String, Timing>,
    /// Share of accounts the team can work on.
    pub capacity: f64,
    /// Days between the close of what is learned from and the dates it is tried on.
    pub gap_days: i32,
    /// Resamples of a bootstrap.
    pub resamples: usize,
    /// Permutations of a null.
    pub permutations: usize,
    /// Where the random numbers begin.
    pub seed: u64,
    /// Share of the whole by which a weight is moved.
    pub weight_step: f64,
    /// Points by which a threshold is moved.
    pub threshold_step: f64,
}
