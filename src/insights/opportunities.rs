//! Opportunities: which accounts could grow or speak for us, on what evidence, and what it is
//! worth.

use polars::prelude::*;

use super::actions::owner;
use super::evidence::{self, on_one_line};
use super::signals::holds;
use super::stacked;
use super::vocabulary::spoken;
use super::working_days::Calendar;
use crate::domain::AsOf;
use crate::formula::{date_literal, row_wise};
use crate::model::HealthModel;
use crate::model::rules::{Facts, Opportunity};
use crate::panel::ACCOUNT_ID;

const COLUMNS: [(&str, DataType); 12] = [
    (ACCOUNT_ID, DataType::String),
    ("opportunity", DataType::String),
    ("title", DataType::String),
    ("kind", DataType::String),
    ("evidence", DataType::String),
    ("estimated_value", DataType::Float64),
    ("currency", DataType::String),
    ("next_step", DataType::String),
    ("owner", DataType::String),
    ("owner_role", DataType::String),
    ("due_date", DataType::Date),
    ("__order", DataType::Int32),
];

/// Returns one row per account and opportunity, in model order.
///
/// `compared` has one row per account, all of the date `as_of`.
///
/// # Errors
/// When Polars fails.
pub fn find(
    compared: &DataFrame,
    model: &HealthModel,
    calendar: &Calendar,
    as_of: AsOf,
) -> PolarsResult<DataFrame> {
    let frame = spoken(compared, model)?;
    let rules = (0i32..).zip(&model.rules.opportunities);
    let found: Vec<LazyFrame> = rules
        .map(|(n, rule)| {
            let due = date_literal(calendar.after(as_of, rule.due_days));
            let mut columns = columns(rule, &model.rules.facts, due);
            columns.push(lit(n).alias("__order"));
            frame.clone().filter(holds(&rule.when)).select(columns)
        })
        .collect();
    stacked(found, &COLUMNS)?
        .sort([ACCOUNT_ID, "__order"], SortMultipleOptions::default())
        .select([all().exclude_cols(["__order"]).as_expr()])
        .collect()
}

fn columns(rule: &Opportunity, facts: &Facts, due: Expr) -> Vec<Expr> {
    let none = || lit(NULL).cast(DataType::Float64);
    let value = rule
        .value
        .as_ref()
        .map_or_else(none, |value| row_wise(&value.expr).cast(DataType::Float64));
    let currency = match &facts.currency {
        Some(currency) => on_one_line(col(currency.as_str())),
        None => lit(NULL).cast(DataType::String),
    };
    let has_value = value.clone().is_not_null();
    vec![
        col(ACCOUNT_ID),
        lit(rule.id.clone()).alias("opportunity"),
        lit(rule.title.clone()).alias("title"),
        lit(rule.kind.word()).alias("kind"),
        evidence::text(&rule.evidence, facts).alias("evidence"),
        value.alias("estimated_value"),
        when(has_value)
            .then(currency)
            .otherwise(lit(NULL))
            .alias("currency"),
        lit(rule.next_step.clone()).alias("next_step"),
        owner(rule.owner, facts).alias("owner"),
        lit(rule.owner.word()).alias("owner_role"),
        due.alias("due_date"),
    ]
}
