//! A job file exactly as written.

use serde::Deserialize;
use toml::Spanned;

use super::review_file::{ActedOnFile, ReviewFile};
use crate::domain::DayCount;
use crate::outcomes::file::OutcomesFile;

/// A piece of text with its place in the file.
pub type Text = Spanned<String>;

/// What to run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobFile {
    /// The kind of run.
    pub kind: JobKind,
    /// The file that describes the exports; paths start from the job file's folder.
    pub exports: Text,
    /// The file that describes the measures.
    pub measures: Text,
    /// The model in force.
    pub model: Text,
    /// The folder the exports lie in.
    pub data: Text,
    /// The folder to publish below; the run goes to `<out>/<job>/as_of=<date>`.
    pub out: Text,
    /// A date, `yesterday`, or `latest_complete`.
    pub as_of: Text,
    /// The currency that money is counted in; each amount stays in its own when left out.
    pub currency: Option<Text>,
    /// What is scored, where it is not the account as a whole.
    pub unit: Option<UnitFile>,
    /// How many days back the scores are compared with.
    #[serde(default)]
    pub compare: Vec<Spanned<DayCount>>,
    /// What to do when an export is older than it may be.
    #[serde(default)]
    pub stale: StalePolicy,
    /// How many rows may be lost before the run says so, or refuses.
    #[serde(default)]
    pub tolerance: ToleranceFile,
    /// Where decisions come from, for a review.
    pub outcomes: Option<OutcomesFile>,
    /// How the past is looked at, for a review.
    pub review: Option<ReviewFile>,
    /// The log of actions, for a review.
    pub acted_on: Option<ActedOnFile>,
}

/// A part of an account that is scored by itself, such as one of its products.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitFile {
    /// The export whose rows say which parts an account has.
    pub from: Text,
    /// The column that names the part.
    pub by: Text,
}

/// The kind of run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Scores accounts.
    Score,
    /// Compares past scores with what happened.
    Review,
}

/// What to do when an export is older than it may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StalePolicy {
    /// Its measures are missing, and the run says so.
    #[default]
    Missing,
    /// The run refuses.
    Refuse,
}

/// Shares of an export's known rows that are set aside or lead to no account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToleranceFile {
    /// From this share on, the finding is a warning; 0.01 when left out.
    pub warn: Option<Spanned<f64>>,
    /// Above this share, the run refuses; 0.25 when left out.
    pub refuse: Option<Spanned<f64>>,
}
