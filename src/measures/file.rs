//! `measures.toml` exactly as written.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::domain::{Better, DayCount, Timing};

/// What can be measured; shared by all models.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuresFile {
    /// By the name that models and other formulas use.
    pub measures: IndexMap<Spanned<String>, MeasureFile>,
}

/// One value per account and as-of date.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureFile {
    /// What people call it.
    pub label: Option<String>,
    /// Unit of the value, such as `users` or `share`.
    pub unit: Option<String>,
    /// What it says, in plain words.
    pub description: Option<String>,
    /// Which way it is better; left out where neither holds.
    pub better: Option<Spanned<Better>>,
    /// Whether it foretells what will happen or tells what has.
    pub timing: Option<Timing>,
    /// The export it aggregates; without it `value` is a formula over measures and account columns.
    pub from: Option<Spanned<String>>,
    /// Length of the window in days; without it every visible row counts.
    pub window: Option<Spanned<DayCount>>,
    /// Days between the as-of date and the end of the window.
    pub offset: Option<Spanned<DayCount>>,
    /// Rows that count.
    #[serde(rename = "where")]
    pub condition: Option<Spanned<String>>,
    /// The value, as a SQL expression.
    pub value: Spanned<String>,
    /// The value of an observed account that has no row in the window.
    pub none: Option<Spanned<Constant>>,
}

/// A constant in configuration.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Constant {
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
    /// A list; only the empty one means something where there is no row.
    List([String; 0]),
}
