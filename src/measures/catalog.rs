//! `measures.toml` as meant: every formula checked, every dependency in order.

use indexmap::IndexMap;
use serde::Serialize;

use super::file::Constant;
use crate::config::Source;
use crate::domain::{Better, Timing, Window};
use crate::formula::{Aggregate, Expr, Kind, Scope};

/// Everything that can be measured with the exports at hand.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// Each behind those it is made from.
    pub measures: IndexMap<String, Measure>,
    /// Measures whose export is not configured, with the reason; an error only where one is used.
    pub unavailable: IndexMap<String, String>,
    /// Names of all measures as written, also of those that are wrong.
    pub declared: Vec<String>,
    /// Measures and account columns, as conditions of models see them.
    pub scope: Scope,
    /// Where it was written.
    pub source: Source,
}

/// One measure.
#[derive(Debug, Clone)]
pub struct Measure {
    /// Its name in formulas.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Unit of the value.
    pub unit: Option<String>,
    /// What it says.
    pub description: Option<String>,
    /// Which way it is better, where it has a way.
    pub better: Option<Better>,
    /// Whether it foretells what will happen or tells what has.
    pub timing: Option<Timing>,
    /// Type of the value.
    pub kind: Kind,
    /// How it is computed.
    pub definition: Definition,
    /// The formula as written, for people and for the model's hash.
    pub written: Written,
}

/// A measure's formula as written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Written {
    /// The export it reads.
    pub from: Option<String>,
    /// The days it reads.
    pub window: Option<Window>,
    /// Rows that count.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// The value.
    pub value: String,
    /// The value where there is no row.
    pub none: Option<Constant>,
}

/// How a measure is computed.
#[derive(Debug, Clone)]
pub enum Definition {
    /// From the rows of an export.
    Rows(RowMeasure),
    /// From other measures and account columns.
    Formula(Expr),
}

/// A measure over the rows of an export.
#[derive(Debug, Clone)]
pub struct RowMeasure {
    /// The export.
    pub table: String,
    /// The days that count.
    pub window: Window,
    /// Rows that count.
    pub condition: Option<Expr>,
    /// The aggregates of the formula, in order of appearance.
    pub summaries: Vec<Summary>,
    /// The formula around them; the n-th aggregate is the column [`summary_name`]`(n)`.
    pub outer: Expr,
    /// The value of an observed account without a row.
    pub none: Option<Constant>,
}

/// One aggregate of a formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Which.
    pub aggregate: Aggregate,
    /// Of what.
    pub arguments: Vec<Expr>,
    /// Over which rows.
    pub filter: Option<Expr>,
}

/// Returns the column that stands for the n-th aggregate in a formula.
#[must_use]
pub fn summary_name(n: usize) -> String {
    format!("__summary_{n}")
}

impl Measure {
    /// Returns the measures and account columns it is made from, each once.
    #[must_use]
    pub fn parts(&self) -> Vec<&str> {
        match &self.definition {
            Definition::Formula(expr) => expr.columns(),
            Definition::Rows(rows) => rows.of_account(),
        }
    }
}

impl RowMeasure {
    /// Returns every expression that is asked of a row.
    pub fn of_rows(&self) -> impl Iterator<Item = &Expr> {
        self.summaries
            .iter()
            .flat_map(|summary| summary.arguments.iter().chain(&summary.filter))
            .chain(&self.condition)
    }

    /// Returns the measures and columns of the row's account that it reads, each once.
    #[must_use]
    pub fn of_account(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self
            .of_rows()
            .chain([&self.outer])
            .flat_map(|expr| expr.of_account())
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

impl Catalog {
    /// Returns the names together with all that their formulas rest on.
    #[must_use]
    pub fn closure(&self, names: &[String]) -> Vec<String> {
        let mut wanted = names.to_vec();
        let mut next = 0;
        while let Some(name) = wanted.get(next) {
            let parts = self.measures.get(name).map(Measure::parts);
            for part in parts.unwrap_or_default() {
                if !wanted.iter().any(|known| known == part) {
                    wanted.push(part.to_owned());
                }
            }
            next += 1;
        }
        wanted
    }
}
