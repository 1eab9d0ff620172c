//! Columns taken from another table, as that table was known at each as-of date.
//!
//! A lookup goes through the same guard as everything else: only rows visible at the as-of date
//! are looked at, with the cells that were known then, and of those the newest is taken.

use chrono::NaiveDate;
use polars::prelude::*;

use super::Exports;
use super::as_of::{ACCOUNT, AS_OF, masked, visible};
use super::contract::{Lookup, Table};
use super::ledger::in_reach;
use super::rows::Rows;
use super::scan::as_id;
use crate::formula::{date_literal, row_wise};

/// Scratch columns: the value that two tables have in common, and whether it was found.
const VALUE: &str = "__value";
const FOUND: &str = "__found";

/// Adds the taken columns to rows of a table that have met their as-of dates, and whose cells are
/// as they were known then.
///
/// `pairs` holds the dates, each once; where rows belong to accounts, with the accounts that are
/// asked for on each, so that a review of many dates looks nobody up whom it does not ask for.
///
/// # Errors
/// When Polars fails.
pub fn attach(
    mut seen: LazyFrame,
    rows: &Rows,
    exports: &Exports,
    pairs: &DataFrame,
) -> PolarsResult<LazyFrame> {
    for (lookup, target) in needed(rows, exports) {
        seen = joined(seen, &rows.table, lookup, target, pairs)?
            .select([all().exclude_cols([VALUE, FOUND]).as_expr()]);
    }
    Ok(seen)
}

/// The rows of a date that looked for something and did not find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfound {
    /// The column with the value.
    pub column: String,
    /// The table that does not have it.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// Some of the values.
    pub values: Vec<String>,
}

impl Rows {
    /// Returns what the lookups did not find for the rows seen by `as_of`, of those that any window
    /// reaches from there on.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn unfound(
        &self,
        exports: &Exports,
        as_of: NaiveDate,
        since: Option<NaiveDate>,
    ) -> PolarsResult<Vec<Unfound>> {
        let dates = DataFrame::new_infer_height(vec![Column::new(AS_OF.into(), [as_of])])?;
        let seen = visible(date_literal(as_of))
            .and(col(ACCOUNT).is_not_null())
            .and(in_reach(since));
        let mut found = Vec::new();
        for (lookup, target) in needed(self, exports).filter(|(lookup, _)| !lookup.is_of_rates()) {
            let rows = self
                .frame()?
                .clone()
                .lazy()
                .filter(seen.clone())
                .with_column(date_literal(as_of).alias(AS_OF))
                .with_columns(cells(&self.table, [lookup.column.as_str()]));
            let without = joined(rows, &self.table, lookup, target, &dates)?
                .filter(col(VALUE).is_not_null().and(col(FOUND).is_null()))
                .group_by([col(VALUE)])
                .agg([len().cast(DataType::UInt64).alias("n")])
                .sort([VALUE], SortMultipleOptions::default())
                .collect()?;
            if without.height() > 0 {
                let values = without.column(VALUE)?.str()?;
                found.push(Unfound {
                    column: lookup.column.clone(),
                    table: lookup.table.clone(),
                    rows: without.column("n")?.u64()?.sum().unwrap_or(0),
                    values: values.iter().flatten().take(3).map(str::to_owned).collect(),
                });
            }
        }
        Ok(found)
    }
}

/// Returns the lookups of which anything was asked, each with the table that has the answer.
fn needed<'a>(
    rows: &'a Rows,
    exports: &'a Exports,
) -> impl Iterator<Item = (&'a Lookup, &'a Rows)> {
    let is_asked = |lookup: &&Lookup| {
        let mut taken = rows.demand.taken.iter();
        taken.any(|name| lookup.take.contains_key(name))
    };
    rows.table
        .lookups
        .iter()
        .filter(is_asked)
        .filter_map(|lookup| Some((lookup, exports.tables.get(&lookup.table)?)))
}

/// Joins rows with what a lookup finds for them.
fn joined(
    seen: LazyFrame,
    table: &Table,
    lookup: &Lookup,
    target: &Rows,
    pairs: &DataFrame,
) -> PolarsResult<LazyFrame> {
    let mut on = vec![col(AS_OF), col(VALUE)];
    // An account's score depends on its own rows.
    if !target.table.is_reference() {
        on.push(col(ACCOUNT));
    }
    let value = as_id(value(table, &lookup.column), table, &lookup.column);
    Ok(seen.with_column(value.alias(VALUE)).join(
        newest(lookup, target, pairs, &on)?,
        on.clone(),
        on,
        JoinArgs::new(JoinType::Left),
    ))
}

/// Returns what the newest visible row says, for each date and value.
fn newest(
    lookup: &Lookup,
    target: &Rows,
    pairs: &DataFrame,
    by: &[Expr],
) -> PolarsResult<LazyFrame> {
    let table = &target.table;
    let frame = target.frame()?;
    let there = |name: &&String| {
        let base = table.base(name);
        base.iter().all(|name| frame.column(name).is_ok())
    };
    let take: Vec<(&String, &String)> = lookup
        .take
        .iter()
        .filter(|(_, theirs)| there(theirs))
        .collect();
    let names = take
        .iter()
        .map(|(_, theirs)| theirs.as_str())
        .chain([lookup.on.as_str()]);
    let id = as_id(value(table, &lookup.on), table, &lookup.on);
    let taken = take
        .iter()
        .map(|(ours, theirs)| value(table, theirs).alias(ours.as_str()));
    let order = target.order();
    let columns: Vec<Expr> = [col(AS_OF), col(ACCOUNT), id.alias(VALUE)]
        .into_iter()
        .chain(order.iter().map(|column| col(column.as_str())))
        .chain(taken)
        .collect();
    let last = take.iter().map(|(ours, _)| col(ours.as_str()).last());
    let last: Vec<Expr> = last.chain([len().gt(lit(0)).alias(FOUND)]).collect();
    let rows = frame.clone().lazy();
    let met = if !table.is_reference() && pairs.column(ACCOUNT).is_ok() {
        let on = [col(ACCOUNT)];
        rows.join(
            pairs.clone().lazy(),
            on.clone(),
            on,
            JoinArgs::new(JoinType::Inner),
        )
    } else {
        let dates = pairs.clone().lazy().select([col(AS_OF).unique()]);
        rows.cross_join(dates, None)
    };
    Ok(met
        .filter(visible(col(AS_OF)).and(col(ACCOUNT).is_not_null()))
        .with_columns(cells(table, names))
        .select(columns)
        .filter(col(VALUE).is_not_null())
        .sort(order, SortMultipleOptions::default())
        .group_by_stable(by)
        .agg(last))
}

/// Returns the cells that names rest on, as they were known.
fn cells<'a>(table: &Table, names: impl IntoIterator<Item = &'a str>) -> Vec<Expr> {
    let mut base: Vec<&str> = Vec::new();
    for name in names {
        for column in table.base(name) {
            if !base.contains(&column) {
                base.push(column);
            }
        }
    }
    base.into_iter()
        .map(|column| masked(table, column, col(AS_OF)))
        .collect()
}

fn value(table: &Table, name: &str) -> Expr {
    match table.scope.derived.get(name) {
        Some(expr) => row_wise(expr),
        None => col(name),
    }
}
