//! SQL expressions in configuration: parsed, checked against columns and functions, then turned
//! into Polars expressions.
//!
//! The checked [`Expr`] is the single source of truth. It says nothing that a distributed SQL
//! engine could not also say; windows, visibility and the account key are added by the engine and
//! never by a formula.

mod bounds;
mod calendar;
mod check;
mod functions;
mod parse;
mod polars;
mod tree;

pub use bounds::{contradict, imply};
pub use calendar::Calendar;
pub use check::{Aggregates, Clock, Scope, check, instant_name, reserved, shown_name};
pub use functions::{FUNCTIONS, Function};
pub use parse::{FormulaError, Parsed, parse};
pub use polars::{
    account_column, any_of, date_literal, empty_list, in_order, moment_of, moments, row_wise,
    shown_list, summary, tie,
};
pub use tree::{Aggregate, Arithmetic, Comparison, Expr, Kind, Literal, Node, Scalar};

use crate::config::{Problem, Source, Spanned};

/// Turns what is wrong with a formula into a problem that points inside the quoted text.
#[must_use]
pub fn problem(source: &Source, text: &Spanned<String>, error: &FormulaError) -> Problem {
    let problem = source.problem(source.inside(text, error.span.clone()), error.title.clone());
    match &error.help {
        Some(help) => problem.help(help.clone()),
        None => problem,
    }
}
