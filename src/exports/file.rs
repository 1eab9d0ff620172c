//! `exports.toml` exactly as written.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{Datetime, Spanned};
use crate::domain::DayCount;

/// A piece of text with its place in the file.
pub type Text = Spanned<String>;

/// What the warehouse hands over, and whom the scores are about.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportsFile {
    /// The zone in which an instant becomes a local date; UTC when left out.
    pub timezone: Option<Text>,
    /// Which hours are business hours.
    pub calendar: Option<CalendarFile>,
    /// Where the worth of currencies stands.
    pub rates: Option<RatesFile>,
    /// Who is scored.
    #[serde(default)]
    pub population: PopulationFile,
    /// How accounts add up to the parents they belong to.
    pub parents: Option<ParentsFile>,
    /// One table each, by our name for it. `accounts` is required.
    #[schemars(extend("required" = ["accounts"]))]
    pub tables: IndexMap<Text, TableFile>,
}

/// When work is done.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarFile {
    /// The days of the week on which people work: `monday` to `sunday`.
    pub weekdays: Vec<Text>,
    /// From and until, such as `["09:00", "17:00"]`, on the clocks of each table's zone.
    pub hours: Spanned<[String; 2]>,
    /// The days on which nobody works all the same, such as `2026-12-25` without quotes.
    #[serde(default)]
    pub holidays: Vec<Spanned<Datetime>>,
}

/// Dated exchange rates, for jobs that count in one currency.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatesFile {
    /// The reference table; its newest visible row of a currency counts.
    pub table: Text,
    /// Its column with the currency.
    pub currency: Text,
    /// Its column with the worth of one unit, for all currencies in one and the same.
    pub value: Text,
}

/// Who is scored.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopulationFile {
    /// A condition over measures and account columns; an account is scored on the dates it holds.
    pub eligible: Option<Text>,
    /// Named conditions that keep an account out, each counted under its name.
    #[serde(default)]
    pub exclude: IndexMap<Text, Text>,
    /// Account columns and measures that are published beside each score, the account's name first.
    #[serde(default)]
    pub show: Vec<Text>,
}

/// How accounts add up to the parents they belong to.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParentsFile {
    /// The account column that names the parent.
    pub column: Text,
    /// The measure by which scores are weighed.
    pub revenue: Text,
    /// The measure or account column that names its currency; not needed where the job counts in
    /// one.
    pub currency: Option<Text>,
}

/// One table that the warehouse hands over as Parquet.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableFile {
    /// A file, a folder, or a pattern, from the data folder. `{as_of}` stands for the date of a
    /// full dump.
    pub path: Text,
    /// Our column names and theirs, where they differ: `{ account_id = "org_id" }`.
    #[serde(default)]
    pub columns: IndexMap<Text, Text>,
    /// Columns made from others by a SQL expression: `{ day = "CAST(day_text AS DATE)" }`.
    #[serde(default)]
    pub derive: IndexMap<Text, Text>,
    /// The columns that together name a row; repeats are set aside.
    #[serde(default)]
    pub key: Vec<Text>,
    /// The column that names the account; `account_id` when left out.
    pub account: Option<Text>,
    /// The table through which a row reaches its account: our column, and the table whose key it
    /// is, as in `{ column = "subscription_id", table = "subscriptions" }`.
    pub via: Option<ViaFile>,
    /// Whether its rows belong to no account but are there for all of them.
    #[serde(default)]
    pub reference: bool,
    /// Columns taken from other tables, each by a column of this one:
    /// `{ feature = { table = "features", take = ["is_core"] } }`.
    #[serde(default)]
    pub lookup: IndexMap<Text, LookupFile>,
    /// The column that says when the event happened; the row is invisible before.
    pub time: Option<Text>,
    /// The column that says when the warehouse loaded the row; of several loads of a key the newest not after as-of wins.
    pub loaded: Option<Text>,
    /// The column with the first day on which this version of the row holds.
    pub valid_from: Option<Text>,
    /// The column with the first day on which it no longer holds.
    pub valid_to: Option<Text>,
    /// The column, or the part of the path, that dates a full dump.
    pub snapshot: Option<Text>,
    /// Cells that are filled in later, each with the column that says when:
    /// `{ closed_at = "closed_at", csat = "rated_at" }`.
    #[serde(default)]
    pub known: IndexMap<Text, Text>,
    /// Columns of which only today's value is known; scores of the past that read them are marked.
    #[serde(default)]
    pub current: Vec<Text>,
    /// Columns of whole numbers that count the time since 1970 began, in UTC, and in what:
    /// `{ created = "seconds" }`.
    #[serde(default)]
    pub epoch: IndexMap<Text, Epoch>,
    /// The condition that rows fulfil to count in any measure.
    #[serde(rename = "where")]
    pub condition: Option<Text>,
    /// Decimals of a money column that is stored as a float, so that it sums exactly:
    /// `{ amount = 2 }`.
    #[serde(default)]
    pub scale: IndexMap<Text, u8>,
    /// Columns of money, each with the column that names its currency: `{ amount = "currency" }`.
    #[serde(default)]
    pub money: IndexMap<Text, Text>,
    /// How old the newest row may be, such as `2d`, before the export counts as stale and its
    /// measures as missing.
    pub fresh_within: Option<DayCount>,
    /// Which accounts the feed covers: `all`, `any row`, or a condition over account columns.
    pub observed: Option<Text>,
    /// What must hold of every row, under the name by which its breaches are told.
    #[serde(default)]
    pub rules: IndexMap<Text, RuleFile>,
    /// What becomes of rows dated before the account, or the row, that they hang on.
    #[serde(default)]
    pub before_parent: Breach,
    /// The zone of this table's instants, where it differs.
    pub timezone: Option<Text>,
}

/// What numbers of time are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Epoch {
    /// Seconds.
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Millionths of a second.
    Microseconds,
}

impl Epoch {
    /// Returns how many microseconds one of them is.
    #[must_use]
    pub fn microseconds(self) -> i64 {
        match self {
            Self::Seconds => 1_000_000,
            Self::Milliseconds => 1_000,
            Self::Microseconds => 1,
        }
    }
}

/// What must hold of every row.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// A condition over the row's columns; where one of them is missing it is not broken.
    pub must: Text,
    /// What becomes of a row that breaks it.
    #[serde(default)]
    pub otherwise: Breach,
}

/// What becomes of a row that breaks a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// Nothing is said about it.
    Ignore,
    /// It is counted, and used all the same.
    #[default]
    Warn,
    /// It is set aside, with its reason, and no score rests on it.
    Reject,
}

/// Columns taken from another table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupFile {
    /// The other table.
    pub table: Text,
    /// Its columns, under their own names.
    pub take: Vec<Text>,
    /// Its column that holds the value; the first of its key when left out.
    pub on: Option<Text>,
}

/// A link to another table's key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ViaFile {
    /// Our column that holds the other table's key.
    pub column: Text,
    /// The other table.
    pub table: Text,
}
