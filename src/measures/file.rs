//! `measures.toml` exactly as written.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Spanned;
use crate::domain::{Better, DayCount, Timing};

/// What can be measured; shared by all models.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasuresFile {
    /// By the name that models and other formulas use.
    pub measures: IndexMap<Spanned<String>, MeasureFile>,
}

/// One value per account and as-of date.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    /// Length of the window in days, such as `28d`, the as-of date included; without it every
    /// visible row counts.
    pub window: Option<Spanned<DayCount>>,
    /// Days between the as-of date and the end of the window: with `28d` and an offset of `28d` it
    /// is the 28 days before the last 28.
    pub offset: Option<Spanned<DayCount>>,
    /// Rows that count: a SQL condition over the export's columns.
    #[serde(rename = "where")]
    pub condition: Option<Spanned<String>>,
    /// The value, as a SQL expression: with `from` an aggregate over the rows, such as `SUM(seats)`
    /// or `COUNT(*) FILTER (WHERE …)`; without `from` a formula over measures and account columns.
    pub value: Spanned<String>,
    /// The value of an observed account that has no row in the window; missing when left out. The
    /// export says in `observed` which accounts it covers.
    pub none: Option<Spanned<Constant>>,
}

/// A constant in configuration.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema, Serialize)]
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
