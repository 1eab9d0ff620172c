//! Money is added up only where it is of one currency.

use polars::prelude::*;

use super::catalog::RowMeasure;
use crate::exports::contract::Table;
use crate::formula::{any_of, row_wise};

/// Returns whether a measure cannot be computed for a group, where it reads money: without a
/// currency of the job if an aggregate meets several, with one if it meets a currency without a
/// rate. `None` where it reads none.
pub(super) fn unpriced(table: &Table, definition: &RowMeasure, mask: &Expr) -> Option<Expr> {
    let mut conditions = Vec::new();
    for summary in &definition.summaries {
        let counted = match &summary.filter {
            Some(filter) => mask.clone().and(row_wise(filter)),
            None => mask.clone(),
        };
        let read: Vec<&str> = summary
            .arguments
            .iter()
            .flat_map(|argument| argument.columns())
            .collect();
        for (amount, currency) in &table.money {
            let of_currency = table.base(currency);
            let mut amounts = table.base(amount);
            amounts.retain(|name| {
                let column = table.columns.get(*name);
                column.is_some_and(|column| column.kind.is_number()) && !of_currency.contains(name)
            });
            if !read.iter().any(|column| amounts.contains(column)) {
                continue;
            }
            let is_there = |meets: Expr, column: &&str| meets.and(col(*column).is_not_null());
            let meets = amounts.iter().fold(counted.clone(), is_there);
            conditions.push(match table.scope.derived.get(amount) {
                Some(converted) if table.scope.currency.is_some() => {
                    meets.and(row_wise(converted).is_null()).any(true)
                }
                _ => {
                    let currency = match table.scope.derived.get(currency) {
                        Some(derived) => row_wise(derived),
                        None => col(currency.as_str()),
                    };
                    currency.filter(meets).n_unique().gt(lit(1))
                }
            });
        }
    }
    (!conditions.is_empty()).then(|| any_of(conditions))
}
