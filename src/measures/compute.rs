//! Measures over a panel, stage by stage: first over the rows of the exports, then the formulas
//! over those, then rows again where they are compared with something of their account.

use chrono::NaiveDate;
use polars::lazy::dsl::min_horizontal;
use polars::prelude::*;

use super::carry::carry;
use super::catalog::{Measure, RowMeasure};
use super::file::Constant;
use super::over_rows::over_rows;
use super::plan::{Plan, Stage};
use crate::domain::DayCount;
use crate::exports::Exports;
use crate::exports::as_of::{ACCOUNT, AS_OF, CODE};
use crate::exports::contract::Observed;
use crate::exports::rows::Rows;
use crate::formula::{Expr as Formula, any_of, date_literal, empty_list, row_wise};
use crate::panel;
use crate::trail::Trail;

/// Returns the column that holds the date of the newest row a measure rests on.
#[must_use]
pub fn newest_name(measure: &str) -> String {
    format!("__newest_{measure}")
}

/// Returns the column that holds a value of a measure carried for at most so long.
#[must_use]
pub fn carried_name(measure: &str, validity: DayCount) -> String {
    format!("__carried_{validity}_{measure}")
}

/// Returns the column that says whether a LATEST of a measure was decided by nothing but size; it
/// is there only for exports without a row key.
#[must_use]
pub fn tie_name(measure: &str) -> String {
    format!("__tied_{measure}")
}

/// Returns the column that says whether a measure is missing since its money cannot be added up;
/// it is there only for measures that read money.
#[must_use]
pub fn unpriced_name(measure: &str) -> String {
    format!("__unpriced_{measure}")
}

/// Computes the plan's measures for every pair of the panel.
///
/// Returns the panel with one column per measure; a value is null where it is missing. The order
/// of the panel is kept.
///
/// # Errors
/// When Polars fails.
pub fn compute(
    exports: &Exports,
    panel: &DataFrame,
    plan: &Plan,
    trail: &mut Trail<'_>,
) -> PolarsResult<DataFrame> {
    let mut measured = measured(exports, panel, plan, plan.stages(), trail)?;
    if !plan.carried.is_empty() {
        trail.step("carrying values");
        measured = carry(exports, measured, plan)?;
    }
    measured.drop_in_place(CODE)?;
    Ok(measured)
}

/// Computes the measures of some stages of a plan.
///
/// How far back an export is looked at, and so whether it is fresh, remains a matter of the whole
/// plan.
pub(super) fn measured(
    exports: &Exports,
    panel: &DataFrame,
    plan: &Plan,
    stages: Vec<Stage<'_>>,
    trail: &mut Trail<'_>,
) -> PolarsResult<DataFrame> {
    let dates = panel::dates(panel)?;
    let mut known = panel.clone();
    for stage in stages {
        for (name, rows) in &exports.tables {
            let measures = stage.over(name);
            if measures.is_empty() {
                continue;
            }
            trail.step(&format!("measuring {name}"));
            let asked: Vec<_> = plan.over(name).collect();
            let mut frame = known.clone();
            for values in over_rows(exports, rows, &known, &measures, &asked)? {
                frame = values.beside(frame)?;
            }
            let mut frame = frame.lazy();
            if matches!(rows.table.observed, Observed::AnyRow) {
                let seen = rows.first_seen()?;
                let account = panel::account_column(exports);
                frame = beside(frame, seen, &[account], &[ACCOUNT]);
            }
            let fresh = fresh(rows, plan, &dates)?;
            let observed = observed(rows);
            let settled: Vec<Expr> = measures
                .iter()
                .map(|(measure, rows)| settled(measure, rows, &fresh, &observed))
                .collect();
            // Export by export: one plan over all of them would be as deep as they are many.
            known = frame
                .with_columns(settled)
                .select([all().exclude_cols(["^__rows_.*$", "^__seen$"]).as_expr()])
                .collect()?;
        }
        let mut frame = known.lazy();
        for level in stage.formulas {
            let columns = level.into_iter().flat_map(|(measure, expr)| {
                let newest = newest_of(expr, plan).alias(newest_name(&measure.name));
                [published(row_wise(expr), measure), newest]
            });
            frame = frame.with_columns(columns.collect::<Vec<_>>());
        }
        known = frame.collect()?;
    }
    Ok(known)
}

/// Puts values beside a frame, whose order stays.
pub(super) fn beside(
    frame: LazyFrame,
    values: DataFrame,
    left: &[&str],
    right: &[&str],
) -> LazyFrame {
    let columns = |names: &[&str]| names.iter().map(|name| col(*name)).collect::<Vec<_>>();
    let keep_order = JoinArgs {
        maintain_order: MaintainOrderJoin::Left,
        ..JoinArgs::new(JoinType::Left)
    };
    frame.join(values.lazy(), columns(left), columns(right), keep_order)
}

/// Applies what a measure says of accounts without a row, and of exports that are not fresh.
fn settled(measure: &Measure, rows: &RowMeasure, fresh: &Expr, observed: &Expr) -> Expr {
    let value = col(measure.name.as_str());
    let has_rows = col(format!("__rows_{}", measure.name))
        .fill_null(lit(0))
        .gt(lit(0));
    // Where it is not known what a row is compared with, nobody can say that there is none.
    let speaks = rows
        .of_account()
        .into_iter()
        .map(|name| col(name).is_not_null())
        .fold(observed.clone(), Expr::and);
    let none = rows.none.as_ref().map_or_else(
        || lit(NULL),
        |none| when(speaks).then(constant(none)).otherwise(lit(NULL)),
    );
    when(fresh.clone())
        .then(when(has_rows).then(value).otherwise(none))
        .otherwise(lit(NULL))
        .alias(measure.name.as_str())
}

fn constant(constant: &Constant) -> Expr {
    match constant {
        Constant::Number(number) => lit(*number),
        Constant::Boolean(truth) => lit(*truth),
        Constant::Text(text) => lit(text.clone()),
        Constant::List(_) => empty_list(),
    }
}

/// Returns on which as-of dates an export has something fresh to say.
fn fresh(rows: &Rows, plan: &Plan, dates: &[NaiveDate]) -> PolarsResult<Expr> {
    // A review has hundreds of dates, and of most exports none is stale.
    let mut stale = Vec::new();
    for date in dates {
        if rows.is_stale(*date, plan.since(&rows.table, *date))? {
            stale.push(col(AS_OF).eq(date_literal(*date)));
        }
    }
    Ok(any_of(stale).not())
}

fn observed(rows: &Rows) -> Expr {
    match &rows.table.observed {
        Observed::Undeclared => lit(false),
        Observed::All => lit(true),
        Observed::AnyRow => col("__seen").lt_eq(col(AS_OF)).fill_null(lit(false)),
        Observed::Where(condition) => row_wise(condition).fill_null(lit(false)),
    }
}

pub(super) fn published(value: Expr, measure: &Measure) -> Expr {
    let value = if measure.kind.is_number() {
        value.cast(DataType::Float64)
    } else {
        value
    };
    value.alias(measure.name.as_str())
}

/// Returns the date of the oldest of the newest rows that a formula's parts rest on.
fn newest_of(expr: &Formula, plan: &Plan) -> Expr {
    let parts: Vec<Expr> = expr
        .columns()
        .into_iter()
        .filter(|name| plan.measures.iter().any(|measure| measure.name == *name))
        .map(|name| col(newest_name(name)))
        .collect();
    min_horizontal(parts).unwrap_or_else(|_| lit(NULL).cast(DataType::Date))
}
