//! What a run noticed and what it lost: findings, the row ledger, and the name of the step at work.

use std::fmt;

use serde::Serialize;

/// How much a finding should worry the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; the run stays "done".
    Note,
    /// Somebody should look; the run ends as "done with findings".
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
        })
    }
}

/// A doubt about the data or the run, with evidence and advice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// A stable name of the kind of doubt, such as `stale_export`.
    pub finding: &'static str,
    /// How much it should worry the reader.
    pub severity: Severity,
    /// The export, measure or metric it is about.
    pub subject: String,
    /// How many rows, accounts or values it concerns.
    pub count: u64,
    /// The same as a share of all of them; `None` where there is no total.
    pub share: Option<f64>,
    /// What was seen.
    pub evidence: String,
    /// What to do about it.
    pub advice: String,
}

/// The steps of a run as they begin, for whoever watches.
pub struct Trail<'a> {
    watch: Box<dyn FnMut(&str) + 'a>,
}

impl<'a> Trail<'a> {
    /// Returns a trail that tells `watch` the name of each step.
    pub fn new(watch: impl FnMut(&str) + 'a) -> Self {
        Self {
            watch: Box::new(watch),
        }
    }

    /// Returns a trail that nobody watches.
    #[must_use]
    pub fn silent() -> Trail<'static> {
        Trail::new(|_| ())
    }

    /// Says that a step begins.
    pub fn step(&mut self, name: &str) {
        (self.watch)(name);
    }
}

impl fmt::Debug for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trail")
    }
}
