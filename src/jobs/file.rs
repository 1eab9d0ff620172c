//! A job file exactly as written.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::review_file::{ActedOnFile, ReviewFile};
use crate::config::{Datetime, Spanned};
use crate::domain::{Comparator, DayCount, Period};
use crate::outcomes::file::OutcomesFile;

/// A piece of text with its place in the file.
pub type Text = Spanned<String>;

/// What to run.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    /// What the scores are compared with: numbers of days, `1y`, `prior_period`, `last_scorecard`.
    #[serde(default)]
    pub compare: Vec<Spanned<Comparator>>,
    /// The calendar period that `prior_period` speaks of; a month when left out.
    #[serde(default)]
    pub period: Period,
    /// Whether the readings before a date are computed too, by which noise is told from news; they
    /// are when left out.
    pub look_back: Option<Spanned<bool>>,
    /// Further models that are scored beside the one in force.
    #[serde(default)]
    pub challengers: Vec<Text>,
    /// What to do when an export is older than it may be.
    #[serde(default)]
    pub stale: StalePolicy,
    /// How many of an export's rows may be lost, set aside or leading nowhere, before the run says
    /// so (from 0.01 when left out) or refuses (above 0.25 when left out).
    #[serde(default)]
    pub tolerance: LimitsFile,
    /// What must not change much from one run to the next.
    #[serde(default)]
    pub guard: GuardFile,
    /// What becomes of days already published; each can be run again when left out.
    pub late_data: Option<LateDataFile>,
    /// The tables to publish; scores and insights when left out.
    pub publish: Option<Vec<TableGroup>>,
    /// How the list of actions is drawn up.
    #[serde(default)]
    pub actions: ActionsFile,
    /// Which signals a review has to talk about.
    #[serde(default)]
    pub exceptions: ExceptionsFile,
    /// How accounts are set apart in the tables about all of them together.
    #[serde(default)]
    pub portfolio: PortfolioFile,
    /// Where decisions come from, for a review.
    pub outcomes: Option<OutcomesFile>,
    /// How the past is looked at, for a review.
    pub review: Option<ReviewFile>,
    /// The log of actions, for a review.
    pub acted_on: Option<ActedOnFile>,
}

/// Tables that are published together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableGroup {
    /// `account_scores`, `category_scores`, `metric_scores`.
    Scores,
    /// `signals`, `opportunities`, `actions`.
    Insights,
    /// `exceptions`.
    Exceptions,
    /// `portfolio_bands` and the other tables about all accounts together.
    Portfolio,
    /// The pictures in `charts/`, of what the other groups publish.
    Charts,
}

/// How accounts are set apart in the tables about all of them together.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortfolioFile {
    /// Stages of an account's life with their conditions; the first that holds is taken.
    #[serde(default)]
    pub stages: IndexMap<Text, Text>,
    /// Account columns and measures by which accounts are set apart.
    #[serde(default)]
    pub slices: Vec<Text>,
    /// How far back the work on actions is counted; 30 days when left out.
    pub period: Option<DayCount>,
}

/// Which signals a review has to talk about.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionsFile {
    /// Ids of the model's signals.
    #[serde(default)]
    pub signals: Vec<Text>,
}

/// How the list of actions is drawn up.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionsFile {
    /// The export in which actions are kept, so that none is raised twice.
    pub log: Option<Text>,
    /// Days off besides Saturdays and Sundays.
    #[serde(default)]
    pub holidays: Vec<Spanned<Datetime>>,
    /// So many an owner can take on in a week; the rest is counted.
    pub per_owner_and_week: Option<Spanned<u32>>,
    /// For so long after an action is closed its cause raises no new one.
    pub quiet: Option<DayCount>,
    /// What nobody wants to hear of for a while.
    #[serde(default)]
    pub snooze: Vec<SnoozeFile>,
}

/// What nobody wants to hear of for a while.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeFile {
    /// The account's id.
    pub account: String,
    /// The signal or band; everything about the account when left out.
    pub cause: Option<Text>,
    /// The last day of silence.
    pub until: Spanned<Datetime>,
    /// Why, for whoever reads the job.
    pub reason: String,
}

/// A part of an account that is scored by itself, such as one of its products.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitFile {
    /// The export whose rows say which parts an account has.
    pub from: Text,
    /// The column that names the part.
    pub by: Text,
}

/// The kind of run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Scores accounts.
    Score,
    /// Compares past scores with what happened.
    Review,
}

/// What to do when an export is older than it may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StalePolicy {
    /// Its measures are missing, and the run says so.
    #[default]
    Missing,
    /// The run refuses.
    Refuse,
}

/// What must not change much from one published run to the next.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardFile {
    /// The share of the accounts scored in both runs that change band.
    #[serde(default)]
    pub bands: LimitsFile,
    /// How much an export grows or shrinks, as a share of the rows it had; from 0.5 on it is a
    /// warning when left out.
    #[serde(default)]
    pub volume: LimitsFile,
}

/// Shares from which on somebody should look, and above which nothing is published.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsFile {
    /// From this share on, the finding is a warning.
    pub warn: Option<Spanned<f64>>,
    /// Above this share, the run refuses.
    pub refuse: Option<Spanned<f64>>,
}

/// What becomes of days already published, of which more may have become known since.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LateDataFile {
    /// Days published within so long before the as-of date are computed and published again with
    /// every run; earlier ones are frozen.
    pub restate: DayCount,
}
