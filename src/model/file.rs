//! A model file exactly as written.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reading::{ExpectedDipFile, NoiseFile};
use super::rules::file::{FactsFile, OpportunityFile, PlayFile, SignalFile};
use crate::config::{Datetime, Spanned};
use crate::domain::DayCount;

pub use crate::domain::Better;

/// A piece of text with its place in the file.
pub type Text = Spanned<String>;

/// What we believe about health; immutable once published.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Short name, as it stands in the tables.
    pub name: Text,
    /// What people call it.
    pub title: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Its version, such as `2.0`; it stands in the manifest of every run.
    pub version: Option<String>,
    /// Since when it is in force.
    pub effective_date: Option<Datetime>,
    /// How often it is looked at: monthly, quarterly, annual or event-based.
    pub review_cycle: Option<String>,
    /// Draft, in review or approved.
    pub status: Option<String>,
    /// Decimals of a score as it is shown; 1 when left out.
    pub decimals: Option<Spanned<u32>>,
    /// Lowest and highest score of a metric; 0 and 100 when left out.
    pub scale: Option<Spanned<[f64; 2]>>,
    /// Share of weight that must rest on present, fresh data for an account to be scored.
    pub coverage_floor: Option<Spanned<f64>>,
    /// Change in points, up or down, that still counts as flat; from the score's own recent noise
    /// when left out.
    pub flat_band: Option<Spanned<f64>>,
    /// What a score means, from the top down.
    pub bands: Vec<BandFile>,
    /// Weighted groups of metrics.
    pub categories: IndexMap<Text, CategoryFile>,
    /// Conditions under which a score cannot be above a limit.
    #[serde(default)]
    pub caps: Vec<CapFile>,
    /// Conditions under which a score cannot be below a limit.
    #[serde(default)]
    pub floors: Vec<FloorFile>,
    /// Other weights, curves and thresholds for some accounts; the first that holds is taken.
    #[serde(default)]
    pub variants: Vec<VariantFile>,
    /// Where scores that somebody sets by hand come from.
    #[serde(rename = "override")]
    pub by_hand: Option<OverrideFile>,
    /// How noise is told from news.
    #[serde(default)]
    pub noise: NoiseFile,
    /// Dips that are expected, so that nobody is alarmed by them.
    #[serde(default)]
    pub expected_dips: Vec<ExpectedDipFile>,
    /// What rules and lists need to know of an account.
    #[serde(default)]
    pub follow_up: FactsFile,
    /// Conditions that somebody should know of.
    #[serde(default)]
    pub signals: Vec<SignalFile>,
    /// Conditions under which an account could grow or speak for us.
    #[serde(default)]
    pub opportunities: Vec<OpportunityFile>,
    /// What is done in each band; the first that fits an account is taken.
    #[serde(default)]
    pub actions: Vec<PlayFile>,
    /// What changed, when, and on what review.
    #[serde(default)]
    pub changes: Vec<ChangeFile>,
}

/// A range of the overall score: from here up to the next band.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BandFile {
    /// What it is called.
    pub label: Text,
    /// The lowest score that belongs to it.
    pub from: Spanned<f64>,
    /// The lowest score above it that does not; where it is given it must be the next band's `from`.
    pub below: Option<Spanned<f64>>,
    /// What must be done for an account in it.
    pub action: Option<String>,
    /// Whether the revenue of an account in it counts as at risk.
    #[serde(default)]
    pub at_risk: bool,
}

/// A weighted group of metrics.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryFile {
    /// What people call it.
    pub title: Option<String>,
    /// Its share of the overall score.
    pub weight: Spanned<f64>,
    /// What to ask when it has fallen.
    #[serde(default)]
    pub questions: Vec<String>,
    /// Its metrics.
    pub metrics: IndexMap<Text, MetricFile>,
}

/// A measure scored onto the scale.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricFile {
    /// What people call it; the measure's label when left out.
    pub title: Option<String>,
    /// The measure; of the same name when left out.
    pub measure: Option<Text>,
    /// Its share of the category; 0 only watches it.
    pub weight: Spanned<f64>,
    /// From value to score.
    pub curve: Spanned<CurveFile>,
    /// Which way is better; where it is given the curve must go that way.
    pub better: Option<Better>,
    /// The value to aim at.
    pub target: Option<f64>,
    /// What happens when the value is missing; `reweight` when left out.
    #[serde(default)]
    pub missing: MissingFile,
    /// A condition outside of which the metric does not concern an account.
    pub applies_when: Option<Text>,
}

/// What happens when a value is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingFile {
    /// Leave it out and share its weight among the others of the category.
    #[default]
    Reweight,
    /// Give the lowest score.
    Worst,
    /// Give a stated score: `{ neutral = 50 }`.
    Neutral(f64),
    /// Take the last value, if it is not older than this: `{ carry = "28d" }`.
    Carry(DayCount),
}

/// From value to score.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CurveFile {
    /// Straight lines between (value, score) points, flat outside them:
    /// `[[0, 0], [0.5, 60], [1, 100]]`.
    Points(Vec<[f64; 2]>),
    /// (value, score) pairs: from this value on, this score; below the first value, the first
    /// score: `[[0, 100], [1, 60], [3, 0]]`.
    Steps(Vec<[f64; 2]>),
    /// A score for each text, or for `true` and `false`.
    Map(MapFile),
    /// The share of a frozen reference population that is worse.
    Percentile(PercentileFile),
}

/// A score for each text.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapFile {
    /// The score of each text, or of `true` and `false`: `{ active = 100, vacant = 0 }`.
    pub values: IndexMap<String, f64>,
    /// For every other value; without it such a value counts as missing.
    pub other: Option<f64>,
}

/// A reference distribution, as `healthscore freeze` prints it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PercentileFile {
    /// The date it was taken at.
    pub as_of: Datetime,
    /// The population it was taken from, in words.
    pub population: String,
    /// How many accounts had a value.
    pub accounts: u32,
    /// (value, share of the population below it in percent, ties counted half), rising.
    pub points: Vec<[f64; 2]>,
}

/// A condition under which a score cannot be above a limit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapFile {
    /// Its name in the tables.
    pub id: Text,
    /// The condition, over measures and account columns.
    pub when: Text,
    /// The score it cannot be above, on the scale of 0 to 100.
    pub at_most: Spanned<f64>,
    /// Why, in words that an account manager can repeat.
    pub reason: String,
}

/// A condition under which a score cannot be below a limit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorFile {
    /// Its name in the tables.
    pub id: Text,
    /// The condition, over measures and account columns.
    pub when: Text,
    /// The score it cannot be below, on the scale of 0 to 100.
    pub at_least: Spanned<f64>,
    /// Why, in words that an account manager can repeat.
    pub reason: String,
}

/// What is different for some accounts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantFile {
    /// Its name in the tables.
    pub id: Text,
    /// For whom: a condition over measures and account columns.
    pub when: Text,
    /// Why no scorecard applies to them at all.
    pub no_scorecard: Option<String>,
    /// Other category weights, by category; those not named keep theirs.
    #[serde(default)]
    pub weights: IndexMap<Text, f64>,
    /// Other weights, curves and targets, by metric.
    #[serde(default)]
    pub metrics: IndexMap<Text, MetricChange>,
    /// Other band thresholds, by label.
    #[serde(default)]
    pub bands: IndexMap<Text, f64>,
}

/// What is different about a metric in a variant.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricChange {
    /// Another share of the category.
    pub weight: Option<f64>,
    /// Another curve.
    pub curve: Option<Spanned<CurveFile>>,
    /// Another target.
    pub target: Option<f64>,
}

/// Scores that somebody sets by hand: measures over the export they are entered in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideFile {
    /// The measure with the score, 0 to 100.
    pub score: Text,
    /// The measure that says who set it.
    pub author: Text,
    /// The measure that says why.
    pub reason: Text,
    /// The measure with the last day on which it is in force.
    pub expires_on: Text,
    /// Above this share of the scored accounts the run warns; 0.05 when left out.
    pub warn_share: Option<Spanned<f64>>,
}

/// A note on what changed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeFile {
    /// When it changed, such as `2026-10-31` without quotes.
    pub date: Datetime,
    /// What moved.
    pub what: String,
    /// On what review.
    pub review: Option<String>,
}
