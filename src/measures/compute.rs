//! Measures over a panel, by the definition plan: the rows of an export meet the panel on their
//! account, those visible on each date stay, and one GROUP BY (account, as-of date) gives every
//! measure over that export.
//!
//! This is the meaning of a measure, and what a SQL engine would be given. Plans that are faster
//! for some shapes of data may stand beside [`over_rows`]; each must equal it.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use indexmap::IndexMap;
use indexmap::map::Entry;
use polars::lazy::dsl::min_horizontal;
use polars::prelude::*;

use super::catalog::{Definition, Measure, RowMeasure, summary_name};
use super::file::Constant;
use super::plan::{CARRY_STEP, Plan};
use crate::domain::{DayCount, Window};
use crate::exports::Exports;
use crate::exports::as_of::{ACCOUNT, AS_OF, EVENT, masked, visible};
use crate::exports::contract::Observed;
use crate::exports::rows::Rows;
use crate::formula::{Expr as Formula, Node, any_of, date_literal, row_wise, summary, tie};
use crate::panel::{self, ACCOUNT_ID};
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
    let measured = measured(exports, panel, plan, trail)?;
    if plan.carried.is_empty() {
        return Ok(measured);
    }
    trail.step("carrying values");
    carry(exports, measured, plan)
}

fn measured(
    exports: &Exports,
    panel: &DataFrame,
    plan: &Plan,
    trail: &mut Trail<'_>,
) -> PolarsResult<DataFrame> {
    let dates = panel::dates(panel)?;
    let mut frame = panel.clone().lazy();
    for (name, rows) in &exports.tables {
        let measures: Vec<(&Measure, &RowMeasure)> = plan.over(name).collect();
        if measures.is_empty() {
            continue;
        }
        trail.step(&format!("measuring {name}"));
        let values = over_rows(rows, panel, &measures)?;
        let on = [col(ACCOUNT_ID), col(AS_OF)];
        let keep_order = JoinArgs {
            maintain_order: MaintainOrderJoin::Left,
            ..JoinArgs::new(JoinType::Left)
        };
        frame = frame.join(values.lazy(), on.clone(), on, keep_order.clone());
        if matches!(rows.table.observed, Observed::AnyRow) {
            frame = frame.join(
                rows.first_seen()?.lazy(),
                [col(ACCOUNT_ID)],
                [col(ACCOUNT)],
                keep_order,
            );
        }
        let fresh = fresh(rows, plan, &dates);
        let observed = observed(rows);
        frame = frame
            .with_columns(
                measures
                    .iter()
                    .map(|(measure, rows)| settled(measure, rows, &fresh, &observed))
                    .collect::<Vec<_>>(),
            )
            .select([all().exclude_cols(["^__rows_.*$", "^__seen$"]).as_expr()]);
    }
    for level in levels(plan) {
        let columns = level.into_iter().flat_map(|(measure, expr)| {
            let newest = newest_of(expr, plan).alias(newest_name(&measure.name));
            [published(row_wise(expr), measure), newest]
        });
        frame = frame.with_columns(columns.collect::<Vec<_>>());
    }
    frame.collect()
}

/// Returns the formulas over measures, those first that rest on no other formula.
fn levels(plan: &Plan) -> Vec<Vec<(&Measure, &Formula)>> {
    let mut level_of: IndexMap<&str, usize> = IndexMap::new();
    let mut levels: Vec<Vec<(&Measure, &Formula)>> = Vec::new();
    for measure in &plan.measures {
        let Definition::Formula(expr) = &measure.definition else {
            continue;
        };
        let below = expr
            .columns()
            .into_iter()
            .filter_map(|name| level_of.get(name))
            .max();
        let level = below.map_or(0, |level| level + 1);
        level_of.insert(&measure.name, level);
        levels.resize_with(levels.len().max(level + 1), Vec::new);
        levels[level].push((measure, expr));
    }
    levels
}

/// Computes all measures over one export: one row per pair of the panel that has a visible row.
fn over_rows(
    rows: &Rows,
    panel: &DataFrame,
    measures: &[(&Measure, &RowMeasure)],
) -> PolarsResult<DataFrame> {
    let pairs = panel
        .clone()
        .lazy()
        .select([col(ACCOUNT_ID).alias(ACCOUNT), col(AS_OF)]);
    let day = |date: Expr| date.cast(DataType::Int32);
    let age = (day(col(AS_OF)) - day(col(EVENT))).alias("__age");
    let mut seen = rows
        .frame
        .clone()
        .lazy()
        .join(
            pairs,
            [col(ACCOUNT)],
            [col(ACCOUNT)],
            JoinArgs::new(JoinType::Inner),
        )
        .filter(visible(col(AS_OF)))
        .with_column(age);
    if let Some(reach) = measures
        .iter()
        .map(|(_, rows)| rows.window.reach())
        .collect::<Option<Vec<_>>>()
    {
        seen = seen.filter(col("__age").lt_eq(lit(reach.into_iter().max().unwrap_or(0))));
    }
    let cells: Vec<Expr> = rows
        .demand
        .columns
        .iter()
        .map(|column| masked(&rows.table, column, col(AS_OF)))
        .collect();
    // Each distinct window and condition becomes one mask, shared by all measures that have it.
    let mut masks: IndexMap<String, Expr> = IndexMap::new();
    let mut aggregates = Vec::new();
    let mut values = Vec::new();
    let order = rows.order();
    for (measure, definition) in measures {
        let entry = masks.entry(format!(
            "{} {:?}",
            definition.window, measure.written.condition
        ));
        let (n, is_new) = (entry.index(), matches!(entry, Entry::Vacant(_)));
        entry.or_insert_with(|| mask(definition));
        let mask = col(format!("__mask_{n}"));
        if is_new {
            aggregates.push(
                mask.clone()
                    .cast(DataType::UInt32)
                    .sum()
                    .alias(format!("__count_{n}")),
            );
            aggregates.push(
                col(EVENT)
                    .filter(mask.clone())
                    .max()
                    .alias(format!("__last_{n}")),
            );
        }
        let scratch = |k: usize| format!("__{}_{k}", measure.name);
        for (k, part) in definition.summaries.iter().enumerate() {
            let expr = summary(
                part.aggregate,
                &part.arguments,
                part.filter.as_ref(),
                &mask,
                &order,
            );
            aggregates.push(expr.alias(scratch(k)));
        }
        // With a row key there is a last row; without one, rows of one instant may disagree.
        let ties = definition
            .summaries
            .iter()
            .filter_map(|part| tie(part.aggregate, &part.arguments, &mask, &order[0]));
        if let Some(tied) = ties.reduce(Expr::or).filter(|_| rows.table.key.is_empty()) {
            aggregates.push(tied.alias(tie_name(&measure.name)));
            values.push(col(tie_name(&measure.name)));
        }
        let outer = row_wise(&renamed(definition, &scratch));
        values.extend([
            published(outer, measure),
            col(format!("__count_{n}")).alias(format!("__rows_{}", measure.name)),
            col(format!("__last_{n}")).alias(newest_name(&measure.name)),
        ]);
    }
    let masks: Vec<Expr> = masks
        .into_values()
        .enumerate()
        .map(|(n, mask)| mask.alias(format!("__mask_{n}")))
        .collect();
    seen.with_columns(cells)
        .with_columns(masks)
        .group_by([col(ACCOUNT), col(AS_OF)])
        .agg(aggregates)
        .select(
            [col(ACCOUNT).alias(ACCOUNT_ID), col(AS_OF)]
                .into_iter()
                .chain(values)
                .collect::<Vec<_>>(),
        )
        .collect()
}

/// Returns which rows count for a measure: those of its window that fulfil its condition.
fn mask(definition: &RowMeasure) -> Expr {
    let Window { days, offset } = definition.window;
    let mut mask = lit(true);
    if offset.0 > 0 {
        mask = mask.and(col("__age").gt_eq(lit(offset.0)));
    }
    if days.is_some() {
        mask = mask.and(col("__age").lt_eq(lit(definition.window.reach().unwrap_or(0))));
    }
    if let Some(condition) = &definition.condition {
        mask = mask.and(row_wise(condition));
    }
    // Broadcast over a column, so that a measure of all rows has a mask of full length too.
    col(AS_OF).is_not_null().and(mask).fill_null(lit(false))
}

/// Returns the formula around the aggregates with the measure's own columns in their places.
fn renamed(definition: &RowMeasure, scratch: &impl Fn(usize) -> String) -> Formula {
    definition.outer.rebuilt(&mut |mut part| {
        if let Node::Column(name) = &mut part.node
            && let Some(k) = (0..definition.summaries.len()).find(|k| *name == summary_name(*k))
        {
            *name = scratch(k);
        }
        part
    })
}

/// Applies what a measure says of accounts without a row, and of exports that are not fresh.
fn settled(measure: &Measure, rows: &RowMeasure, fresh: &Expr, observed: &Expr) -> Expr {
    let value = col(measure.name.as_str());
    let has_rows = col(format!("__rows_{}", measure.name))
        .fill_null(lit(0))
        .gt(lit(0));
    let none = match &rows.none {
        None => lit(NULL),
        Some(Constant::Number(number)) => when(observed.clone())
            .then(lit(*number))
            .otherwise(lit(NULL)),
        Some(Constant::Boolean(truth)) => when(observed.clone())
            .then(lit(*truth))
            .otherwise(lit(NULL)),
        Some(Constant::Text(text)) => when(observed.clone())
            .then(lit(text.clone()))
            .otherwise(lit(NULL)),
    };
    when(fresh.clone())
        .then(when(has_rows).then(value).otherwise(none))
        .otherwise(lit(NULL))
        .alias(measure.name.as_str())
}

/// Returns on which as-of dates an export has something fresh to say.
fn fresh(rows: &Rows, plan: &Plan, dates: &[NaiveDate]) -> Expr {
    let is_fresh = |date: &&NaiveDate| !rows.is_stale(**date, plan.since(&rows.table, **date));
    any_of(
        dates
            .iter()
            .filter(is_fresh)
            .map(|date| col(AS_OF).eq(date_literal(*date)))
            .collect(),
    )
}

fn observed(rows: &Rows) -> Expr {
    match &rows.table.observed {
        Observed::Undeclared => lit(false),
        Observed::All => lit(true),
        Observed::AnyRow => col("__seen").lt_eq(col(AS_OF)).fill_null(lit(false)),
        Observed::Where(condition) => row_wise(condition).fill_null(lit(false)),
    }
}

fn published(value: Expr, measure: &Measure) -> Expr {
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

/// Looks for the last value of measures that may be carried, in steps back from the as-of date.
///
/// The value of an earlier date is computed by the same function as the value of this one, from
/// what was known then; a feed that stopped three days ago still speaks for a while.
fn carry(exports: &Exports, frame: DataFrame, plan: &Plan) -> PolarsResult<DataFrame> {
    let is_null = |(name, _): &(String, DayCount)| col(name.as_str()).is_null();
    let missing_any = plan
        .carried
        .iter()
        .map(is_null)
        .reduce(Expr::or)
        .expect("something is carried");
    let missing = frame
        .clone()
        .lazy()
        .filter(missing_any)
        .select([col(ACCOUNT_ID), col(AS_OF)])
        .collect()?;
    let dates = panel::dates(&missing)?;
    let (mut nows, mut thens, mut ages) = (Vec::new(), Vec::new(), Vec::new());
    for date in dates {
        for (step, then) in (1u32..).zip(plan.carry_dates(date)) {
            nows.push(date);
            thens.push(then);
            ages.push(step * CARRY_STEP.0);
        }
    }
    let steps = DataFrame::new_infer_height(vec![
        Column::new(AS_OF.into(), nows),
        Column::new("__then".into(), thens),
        Column::new("__carried_days".into(), ages),
    ])?;
    let wanted = missing
        .lazy()
        .join(
            steps.lazy(),
            [col(AS_OF)],
            [col(AS_OF)],
            JoinArgs::new(JoinType::Inner),
        )
        .collect()?;
    let pairs = wanted
        .clone()
        .lazy()
        .select([col(ACCOUNT_ID), col("__then").alias(AS_OF)])
        .unique_generic(None, UniqueKeepStrategy::Any)
        .collect()?;
    let pairs = panel::known_pairs(exports.accounts(), &pairs, &plan.attributes)?;
    let earlier = measured(exports, &pairs, plan, &mut Trail::silent())?;
    let names: BTreeSet<&str> = plan.carried.iter().map(|(name, _)| name.as_str()).collect();
    let names: Vec<Expr> = names.into_iter().map(col).collect();
    let earlier = earlier.lazy().select(
        [col(ACCOUNT_ID), col(AS_OF).alias("__then")]
            .into_iter()
            .chain(names)
            .collect::<Vec<_>>(),
    );
    let newest: Vec<Expr> = plan
        .carried
        .iter()
        .map(|(name, validity)| {
            let valid = col("__carried_days")
                .lt_eq(lit(validity.0))
                .and(col(name.as_str()).is_not_null());
            col(name.as_str())
                .filter(valid)
                .first()
                .alias(carried_name(name, *validity))
        })
        .collect();
    let carried = wanted
        .lazy()
        .join(
            earlier,
            [col(ACCOUNT_ID), col("__then")],
            [col(ACCOUNT_ID), col("__then")],
            JoinArgs::new(JoinType::Inner),
        )
        .sort(["__carried_days"], SortMultipleOptions::default())
        .group_by_stable([col(ACCOUNT_ID), col(AS_OF)])
        .agg(newest);
    let keep_order = JoinArgs {
        maintain_order: MaintainOrderJoin::Left,
        ..JoinArgs::new(JoinType::Left)
    };
    frame
        .lazy()
        .join(
            carried,
            [col(ACCOUNT_ID), col(AS_OF)],
            [col(ACCOUNT_ID), col(AS_OF)],
            keep_order,
        )
        .collect()
}
