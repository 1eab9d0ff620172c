//! What a score means beside its number: which way it is going, what is at risk and what could
//! grow, and what is to be done about it.

pub mod action_log;
pub mod actions;
mod evidence;
pub mod exceptions;
pub mod opportunities;
pub mod parents;
pub mod portfolio;
pub mod signals;
pub mod trends;
mod vocabulary;
pub mod working_days;

use polars::prelude::*;

/// Puts what the rules of a model found under each other; the columns are there without a rule too.
fn stacked(found: Vec<LazyFrame>, columns: &[(&str, DataType)]) -> PolarsResult<LazyFrame> {
    let fields = columns
        .iter()
        .map(|(name, kind)| Field::new((*name).into(), kind.clone()));
    let none = DataFrame::empty_with_schema(&fields.collect::<Schema>());
    concat([vec![none.lazy()], found].concat(), UnionArgs::default())
}
