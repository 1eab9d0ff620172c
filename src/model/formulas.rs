//! Formulas in a model file: parsed, checked, and every mistake put in its place.

use std::ops::Range;

use super::file::Text;
use super::health_model::Condition;
use crate::config::{Problems, Source};
use crate::formula::{self, Aggregates, Expr, FormulaError, Kind, Parsed, Scope};
use crate::measures::catalog::Catalog;

/// Where formulas are written, and what can be measured.
#[derive(Clone, Copy)]
pub(super) struct Formulas<'a> {
    pub source: &'a Source,
    pub catalog: &'a Catalog,
}

impl Formulas<'_> {
    /// Parses a part of a text; `None` if that fails, or if it names what cannot be computed.
    pub fn parsed(
        &self,
        text: &Text,
        part: Range<usize>,
        problems: &mut Problems,
    ) -> Option<Parsed> {
        let parsed = match formula::parse(&text.get_ref()[part.clone()]) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.report(text, &part, error, problems);
                return None;
            }
        };
        let names = parsed.names();
        let is_known = |name: &String| self.is_computable(name, text, problems);
        names.iter().all(is_known).then_some(parsed)
    }

    /// Checks a parsed part of a text.
    pub fn checked(
        &self,
        parsed: &Parsed,
        text: &Text,
        part: Range<usize>,
        scope: &Scope,
        problems: &mut Problems,
    ) -> Option<Expr> {
        match formula::check(parsed, scope, Aggregates::Refused) {
            Ok(expr) => Some(expr),
            Err(error) => {
                self.report(text, &part, error, problems);
                None
            }
        }
    }

    /// Takes an expression for a condition, if it is one.
    pub fn condition(
        &self,
        expr: Expr,
        text: &Text,
        key: &str,
        problems: &mut Problems,
    ) -> Option<Condition> {
        if expr.kind != Kind::Boolean {
            problems.push(self.source.problem(
                text.span(),
                format!("`{key}` needs a condition, found a {}", expr.kind),
            ));
            return None;
        }
        Some(Condition {
            written: text.get_ref().clone(),
            expr,
        })
    }

    /// Returns whether a name can be computed, as far as that is this file's business: what is
    /// wrong with the measure itself has been reported there.
    fn is_computable(&self, name: &String, text: &Text, problems: &mut Problems) -> bool {
        let catalog = self.catalog;
        if let Some(reason) = catalog.unavailable.get(name) {
            let title = format!("`{name}` cannot be computed: {reason}");
            problems.push(self.source.problem(text.span(), title));
            return false;
        }
        !catalog.declared.contains(name) || catalog.measures.contains_key(name)
    }

    fn report(
        &self,
        text: &Text,
        part: &Range<usize>,
        error: FormulaError,
        problems: &mut Problems,
    ) {
        let error = FormulaError {
            span: part.start + error.span.start..part.start + error.span.end,
            ..error
        };
        problems.push(formula::problem(self.source, text, &error));
    }
}
