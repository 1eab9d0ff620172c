//! The `[review]` and `[acted_on]` sections of a job exactly as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::file::Text;
use crate::config::{Datetime, Spanned};
use crate::domain::DayCount;

/// How the past is looked at.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewFile {
    /// One row per decision and lead, or per account and month end.
    pub sampling: SamplingFile,
    /// Days before the contractual date at which scores are looked at; 30, 60, 90 and 180 when
    /// left out. Renewal sampling only.
    #[serde(default)]
    pub leads: Vec<Spanned<DayCount>>,
    /// The lead of the primary figure; 90 when left out.
    pub primary_lead: Option<Spanned<DayCount>>,
    /// Days after the month end that count; 90 when left out. Calendar sampling only.
    pub horizon: Option<Spanned<DayCount>>,
    /// The first contractual date, or month end, that counts.
    pub from: Option<Spanned<Datetime>>,
    /// Model files that are compared with the one in force.
    #[serde(default)]
    pub challengers: Vec<Text>,
    /// The job whose published scores are compared with the replay; it publishes in the same `out`.
    pub published: Option<Text>,
    /// Account columns by which figures are cut.
    #[serde(default)]
    pub segments: Vec<Text>,
    /// The measure that holds the days an account has been here, by which figures are cut too.
    pub tenure: Option<Text>,
    /// The account column that names the parent.
    pub parent: Option<Text>,
    /// Metrics that know how near the renewal is.
    #[serde(default)]
    pub proximity: Vec<Text>,
    /// Share of accounts the team can work on; 0.1 when left out.
    pub capacity: Option<Spanned<f64>>,
    /// Days between the close of what is learned from and the dates it is tried on.
    pub gap: Option<DayCount>,
    /// Resamples of every bootstrap; 2,000 when left out.
    pub resamples: Option<Spanned<u32>>,
    /// Permutations of every null; 1,000 when left out.
    pub permutations: Option<Spanned<u32>>,
    /// Where the random numbers begin; 1 when left out.
    pub seed: Option<u64>,
    /// By how much a weight is moved; 0.05 when left out.
    pub weight_step: Option<Spanned<f64>>,
    /// By how many points a threshold is moved; 5 when left out.
    pub threshold_step: Option<Spanned<f64>>,
}

/// How rows are drawn from the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SamplingFile {
    /// One row per decision and lead.
    Renewal,
    /// One row per account and month end.
    Calendar,
}

/// The log of actions, so that a review can say with and without.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActedOnFile {
    /// The export that holds the log.
    pub from: Text,
    /// A date: when the action began.
    pub date: Text,
}
