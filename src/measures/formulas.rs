//! Formulas over measures and account columns, wherever they are written: parsed, checked, and
//! every mistake put in its place.

use std::ops::Range;

use super::catalog::Catalog;
use crate::config::{Problems, Source, Spanned};
use crate::formula::{self, Aggregates, Expr, FormulaError, Kind, Parsed, Scope};

/// The file that formulas are written in, and what can be measured.
#[derive(Debug, Clone, Copy)]
pub struct Formulas<'a> {
    /// The file.
    pub source: &'a Source,
    /// What can be measured.
    pub catalog: &'a Catalog,
}

impl Formulas<'_> {
    /// Returns the condition that a text is, or reports why it is none; `key` is where it stands.
    pub fn condition(
        &self,
        text: &Spanned<String>,
        key: &str,
        problems: &mut Problems,
    ) -> Option<Expr> {
        let whole = 0..text.get_ref().len();
        let parsed = self.parsed(text, whole.clone(), problems)?;
        let expr = self.checked(&parsed, text, whole, &self.catalog.scope, problems)?;
        self.boolean(expr, text, key, problems)
    }

    /// Parses a part of a text; `None` if that fails, or if it names what cannot be computed.
    pub fn parsed(
        &self,
        text: &Spanned<String>,
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
        text: &Spanned<String>,
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

    /// Lets an expression pass that is a condition.
    pub fn boolean(
        &self,
        expr: Expr,
        text: &Spanned<String>,
        key: &str,
        problems: &mut Problems,
    ) -> Option<Expr> {
        if expr.kind == Kind::Boolean {
            return Some(expr);
        }
        let title = format!("`{key}` needs a condition, found a {}", expr.kind);
        problems.push(self.source.problem(text.span(), title));
        None
    }

    /// Returns whether a name can be computed, as far as that is this file's business: what is
    /// wrong with the measure itself has been reported there.
    fn is_computable(&self, name: &str, text: &Spanned<String>, problems: &mut Problems) -> bool {
        let catalog = self.catalog;
        if let Some(reason) = catalog.unavailable.get(name) {
            let title = format!("`{name}` cannot be computed: {reason}");
            problems.push(self.source.problem(text.span(), title));
            return false;
        }
        let is_declared = catalog.declared.iter().any(|declared| declared == name);
        !is_declared || catalog.measures.contains_key(name)
    }

    fn report(
        &self,
        text: &Spanned<String>,
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
