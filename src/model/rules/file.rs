//! The rules of a model file exactly as written.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::file::Text;
use crate::config::Spanned;

/// A condition about one account that somebody should know of.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalFile {
    /// Its name in the tables.
    pub id: Text,
    /// What people call it.
    pub title: String,
    /// The category it belongs to; `overall` when left out.
    pub category: Option<Text>,
    /// Makes the rule speak of every category, or of every cap that held the score down.
    pub each: Option<Spanned<Each>>,
    /// The condition; a rule about caps may leave it out.
    pub when: Option<Text>,
    /// How bad it is, unless one of `severity_when` holds.
    pub severity: Spanned<Severity>,
    /// Other severities with their conditions; the first that holds is taken.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "$ref": "#/definitions/Severity" }))]
    pub severity_when: IndexMap<Spanned<Severity>, Text>,
    /// What was seen, with `{…}` filled from the data.
    pub evidence: Text,
    /// What to do, in words that its owner can act on.
    pub action: String,
    /// The role that does it.
    pub owner: Role,
    /// Working days until it is due.
    pub due_days: Spanned<u32>,
    /// Whether it is due before the notice deadline, wherever one lies ahead.
    #[serde(default)]
    pub before_renewal: bool,
    /// What is expected of it.
    pub outcome: String,
    /// Working days after the due date on which to look again; 5 when left out.
    pub check_days: Option<Spanned<u32>>,
}

/// A condition under which an account could grow or speak for us.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpportunityFile {
    /// Its name in the tables.
    pub id: Text,
    /// What people call it.
    pub title: String,
    /// Growth, or speaking for us.
    pub kind: OpportunityKind,
    /// The condition, over measures, account columns and scores.
    pub when: Text,
    /// What was seen in the account's use, with `{…}` filled from the data.
    pub evidence: Text,
    /// What it may be worth, in the account's currency, as a formula.
    pub value: Option<Text>,
    /// What to do, in words that its owner can act on.
    pub next_step: String,
    /// The role that does it.
    pub owner: Role,
    /// Working days until the next step is due.
    pub due_days: Spanned<u32>,
}

/// What is done for an account in a band, by its weakest category.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlayFile {
    /// The label of the band.
    pub band: Text,
    /// The weakest category; any when left out.
    pub weakest: Option<Text>,
    /// What to do, in words that its owner can act on.
    pub action: String,
    /// The role that does it.
    pub owner: Role,
    /// Working days until it is due.
    pub due_days: Spanned<u32>,
    /// Whether it is due before the notice deadline, wherever one lies ahead.
    #[serde(default)]
    pub before_renewal: bool,
    /// What is expected of it.
    pub outcome: String,
    /// Working days after the due date on which to look again; 5 when left out.
    pub check_days: Option<Spanned<u32>>,
}

/// What rules and lists need to know of an account, by the measure or account column that says it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactsFile {
    /// The people who fill a role for the account.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "$ref": "#/definitions/Role" }))]
    pub people: IndexMap<Spanned<Role>, Text>,
    /// The yearly amount at stake; what is done first depends on it.
    pub amount: Option<Text>,
    /// The currency of amounts.
    pub currency: Option<Text>,
    /// The next renewal.
    pub renewal_date: Option<Text>,
    /// The last day on which notice can be given.
    pub notice_deadline: Option<Text>,
}

/// What a rule is repeated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// Every category of the model.
    Category,
    /// Every cap, where it held the score down.
    Cap,
}

/// How bad a signal is, worst first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema, Serialize,
)]
pub enum Severity {
    /// Somebody acts this week.
    High,
    /// Somebody acts.
    Medium,
    /// Somebody knows.
    Low,
}

impl Severity {
    /// Returns how it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Low => "Low",
        }
    }
}

/// Who does what has to be done.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema, Serialize,
)]
pub enum Role {
    /// The customer-success manager.
    #[serde(rename = "CSM")]
    Csm,
    /// Support.
    Support,
    /// Product.
    Product,
    /// Sales.
    Sales,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Csm, Self::Support, Self::Product, Self::Sales];

    /// Returns how it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Csm => "CSM",
            Self::Support => "Support",
            Self::Product => "Product",
            Self::Sales => "Sales",
        }
    }
}

/// What kind of opportunity it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OpportunityKind {
    /// The account could buy more.
    Expansion,
    /// The account could speak for us.
    Advocacy,
}

impl OpportunityKind {
    /// Returns how it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Expansion => "expansion",
            Self::Advocacy => "advocacy",
        }
    }
}
