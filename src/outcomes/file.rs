//! The `[outcomes]` section of a job exactly as written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::Spanned;
use crate::domain::DayCount;

/// A piece of text with its place in the file.
pub type Text = Spanned<String>;

/// Where decisions come from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomesFile {
    /// Contract lines or subscriptions.
    pub lines: Option<LinesFile>,
    /// Records of decisions, or cancellation events.
    pub records: Option<RecordsFile>,
    /// How late a signature may come before it counts as churn; 45 days when left out.
    pub grace: Option<DayCount>,
    /// Lines of an account that end within so many days are one decision; 30 when left out.
    pub together: Option<DayCount>,
}

/// Contract lines: every value is a SQL expression over the export's columns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinesFile {
    /// The export that holds them, one row per contract line or subscription.
    pub from: Text,
    /// Text that names a line.
    pub line: Text,
    /// The product; lines of one product follow each other.
    pub product: Option<Text>,
    /// First day of the line.
    pub starts: Text,
    /// The contractual end; leave out where terms have none.
    pub ends: Option<Text>,
    /// The day it was really stopped, if before its end.
    pub stopped: Option<Text>,
    /// The day notice was given.
    pub notice: Option<Text>,
    /// Recurring revenue a year.
    pub amount: Option<Text>,
    /// The currency of `amount`.
    pub currency: Option<Text>,
    /// Whether it renews by itself every month or so.
    pub short_term: Option<Text>,
    /// Why it ended.
    pub reason: Option<Text>,
}

/// Decision records: every value is a SQL expression over the export's columns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordsFile {
    /// The export that holds them, one row per decision.
    pub from: Text,
    /// Text that names the decision.
    pub decision: Text,
    /// The line that came up, as `lines` names it.
    pub line: Option<Text>,
    /// The day of the decision.
    pub date: Text,
    /// renewed, expanded, contracted, churned or reactivated.
    pub outcome: Text,
    /// Recurring revenue a year before the decision.
    pub before: Option<Text>,
    /// Recurring revenue a year after the decision.
    pub after: Option<Text>,
    /// The currency of both.
    pub currency: Option<Text>,
    /// Why it was decided so.
    pub reason: Option<Text>,
}
