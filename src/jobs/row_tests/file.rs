//! A file of tests exactly as written.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::config::{Datetime, Spanned};

/// A piece of text with its place in the file.
pub type Text = Spanned<String>;

/// Tests of the measures, and of the model, of one job.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestsFile {
    /// The job whose exports, measures and model are tested; its path starts from this file's
    /// folder.
    pub job: Text,
    /// The tests.
    pub tests: Vec<TestFile>,
}

/// A few rows, and what must come of them for one account.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestFile {
    /// What it shows, in a sentence.
    pub name: Text,
    /// The date that is looked at, such as `2026-01-31` without quotes.
    pub as_of: Spanned<Datetime>,
    /// The account that is looked at.
    pub account: Text,
    /// The rows of each export, by our names of exports and columns. What is left out of a row is
    /// missing there; an export that is left out has no rows.
    pub given: IndexMap<Text, Vec<IndexMap<Text, Spanned<Cell>>>>,
    /// What must come of it.
    pub expect: ExpectFile,
}

/// What must come of the rows. A number is compared to the decimals it is written with.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectFile {
    /// Values of measures.
    #[serde(default)]
    pub measures: IndexMap<Text, Spanned<Cell>>,
    /// Measures that must have no value.
    #[serde(default)]
    pub missing: Vec<Text>,
    /// Scores of metrics.
    #[serde(default)]
    pub metrics: IndexMap<Text, Spanned<Cell>>,
    /// Scores of categories.
    #[serde(default)]
    pub categories: IndexMap<Text, Spanned<Cell>>,
    /// The overall score.
    pub health_score: Option<Spanned<Cell>>,
    /// The label of the band.
    pub band: Option<Spanned<Cell>>,
}

impl ExpectFile {
    /// Returns whether the model is asked, not only measures.
    #[must_use]
    pub fn asks_the_model(&self) -> bool {
        !self.metrics.is_empty()
            || !self.categories.is_empty()
            || self.health_score.is_some()
            || self.band.is_some()
    }
}

/// A value of a row: text, a number, true or false, a date or an instant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Cell(pub toml::Value);

impl JsonSchema for Cell {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Cell".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // A date is a text to a schema.
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "number" }, { "type": "boolean" }] })
    }
}
