//! Measures over the rows of one export, by the definition plan: the rows meet the panel on their
//! account, those visible on each date stay, and one GROUP BY (account, as-of date) gives every
//! measure over that export.
//!
//! This is the meaning of a measure, and what a SQL engine would be given. Where the panel holds most
//! accounts on each of its dates, rows need not meet it: they are grouped date by date. Where there are
//! many rows and their measures fold, [`super::folded`] is faster; it must equal this plan.

use std::collections::HashMap;

use chrono::NaiveDate;
use indexmap::IndexMap;
use indexmap::map::Entry;
use polars::prelude::*;

use super::batches::batches;
use super::catalog::{Measure, RowMeasure, summary_name};
use super::compute::{beside, newest_name, published, tie_name, unpriced_name};
use super::folded;
use super::money;
use crate::domain::Window;
use crate::exports::as_of::{ACCOUNT, AS_OF, CODE, EVENT, PART, masked, visible};
use crate::exports::rows::Rows;
use crate::exports::{Exports, lookup};
use crate::formula::{Expr as Formula, Node, account_column, date_literal, row_wise, summary, tie};
use crate::panel::{self, ACCOUNT_ID};

/// Values of some measures, and the columns of the panel that they belong to.
pub(super) struct Values {
    /// One row per group that has a visible row.
    pub(super) frame: DataFrame,
    /// What names a group.
    pub(super) on: Vec<&'static str>,
}

impl Values {
    /// Puts the values beside the pairs of a panel, which stay where they are.
    pub(super) fn beside(self, panel: DataFrame) -> PolarsResult<DataFrame> {
        if self.on != [CODE, AS_OF] {
            return beside(panel.lazy(), self.frame, &self.on, &self.on).collect();
        }
        // Accounts have numbers, so that a pair's place is known and nothing is looked for.
        let groups = |frame: &DataFrame| -> PolarsResult<Vec<(Option<IdxSize>, Option<i32>)>> {
            let days = frame.column(AS_OF)?.date()?.physical().clone();
            let codes = frame.column(CODE)?.idx()?.clone();
            Ok(codes.iter().zip(days.iter()).collect())
        };
        let mut places: HashMap<i32, Vec<Option<IdxSize>>> = HashMap::new();
        for ((code, day), place) in groups(&self.frame)?.into_iter().zip(0..) {
            if let (Some(code), Some(day)) = (code, day) {
                let of_day = places.entry(day).or_default();
                let code = code as usize;
                of_day.resize(of_day.len().max(code + 1), None);
                of_day[code] = Some(place);
            }
        }
        let place = |(code, day): (Option<IdxSize>, Option<i32>)| {
            places.get(&day?)?.get(code? as usize).copied().flatten()
        };
        let found: IdxCa = groups(&panel)?.into_iter().map(place).collect();
        let values = self.frame.drop(CODE)?.drop(AS_OF)?.take(&found)?;
        panel.hstack(values.columns())
    }
}

/// Computes all measures over one export.
///
/// `panel` holds whatever of the accounts the rows are compared with; `all` are the measures over that
/// export that are asked for at any time.
pub(super) fn over_rows(
    exports: &Exports,
    rows: &Rows,
    panel: &DataFrame,
    measures: &[(&Measure, &RowMeasure)],
    all: &[(&Measure, &RowMeasure)],
) -> PolarsResult<Vec<Values>> {
    let by = |meeting, measures: &[(&Measure, &RowMeasure)]| {
        grouped(exports, rows, meeting, panel, measures)
    };
    if let Some(unit) = exports.unit.as_ref().filter(|_| !rows.table.is_reference()) {
        let named = rows.table.names_part(unit);
        return Ok(vec![by(Meeting::OnPart { named }, measures)?]);
    }
    if !rows.table.is_reference() {
        let can_fold = |(_, measure): &&(_, &RowMeasure)| folded::can_fold(&rows.table, measure);
        let (folding, mut others): (Vec<_>, Vec<_>) = measures.iter().partition(can_fold);
        let mut values = Vec::new();
        let mut is_folded = false;
        if rows.may_be_walked() && !folding.is_empty() && panel.height() > 0 {
            let rest = folded::rest(rows, all);
            if let Some(folded) = folded::folded(rows, panel, &folding, rest.as_ref())? {
                values = folded;
                is_folded = true;
            }
        }
        if !is_folded {
            if !folding.is_empty() {
                // Rows that were kept of a walk for others are not enough.
                rows.kept()?;
            }
            others = measures.to_vec();
        }
        let mut dates = panel::dates(panel)?;
        dates.sort();
        let pairs = exports.accounts().frame()?.height() * dates.len();
        let is_dense = panel.height() > 0 && 2 * panel.height() >= pairs;
        let (alone, met): (Vec<_>, Vec<_>) =
            (others.into_iter()).partition(|(_, rows)| is_dense && rows.of_account().is_empty());
        if !alone.is_empty() {
            let of_date = |date: &NaiveDate| {
                let pairs = panel::on_date(panel, *date)?;
                let values = grouped(exports, rows, Meeting::OnDate(*date), &pairs, &alone)?;
                Ok(values.frame.lazy())
            };
            let of_dates = dates
                .iter()
                .map(of_date)
                .collect::<PolarsResult<Vec<_>>>()?;
            values.push(Values {
                frame: concat(of_dates, UnionArgs::default())?.collect()?,
                on: vec![CODE, AS_OF],
            });
        }
        if !met.is_empty() {
            values.push(by(Meeting::OnAccount, &met)?);
        }
        return Ok(values);
    }
    // What the same rows say is the same for every account that they are not compared with.
    let (compared, alike): (Vec<_>, Vec<_>) = measures
        .iter()
        .partition(|(_, rows)| !rows.of_account().is_empty());
    [(Meeting::Once, alike), (Meeting::WithEach, compared)]
        .into_iter()
        .filter(|(_, measures)| !measures.is_empty())
        .map(|(meeting, measures)| by(meeting, &measures))
        .collect()
}

/// The id of the pair that a row met; rows may have a column of the panel's name for it.
const PAIR: &str = "__pair";

/// How the rows of an export meet the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meeting {
    /// Each row one date; the panel is not asked which of the accounts it holds.
    OnDate(NaiveDate),
    /// Each row those pairs that are of its account.
    OnAccount,
    /// Each row those pairs that are parts of its account; only the part it names, if it does.
    OnPart { named: bool },
    /// Every row every pair.
    WithEach,
    /// Every row every date.
    Once,
}

impl Meeting {
    /// Returns the columns that name a group, as the panel calls them.
    fn on(self) -> Vec<&'static str> {
        match self {
            Self::OnDate(_) => vec![CODE, AS_OF],
            Self::OnAccount | Self::OnPart { .. } | Self::WithEach => vec![ACCOUNT_ID, AS_OF],
            Self::Once => vec![AS_OF],
        }
    }

    /// Returns the dates of a panel, with their accounts where rows belong to some.
    fn pairs(self, exports: &Exports, panel: &DataFrame) -> PolarsResult<DataFrame> {
        let account = col(panel::account_column(exports)).alias(ACCOUNT);
        let columns = match self {
            Self::OnDate(_) | Self::OnAccount | Self::OnPart { .. } => vec![col(AS_OF), account],
            Self::WithEach | Self::Once => vec![col(AS_OF)],
        };
        let pairs = panel.clone().lazy().select(columns);
        pairs
            .unique_generic(None, UniqueKeepStrategy::Any)
            .collect()
    }

    /// Joins rows with the pairs they meet.
    ///
    /// Where whole accounts are scored, a row carries the id of its pair as [`ACCOUNT`] already.
    fn join(self, rows: LazyFrame, panel: &DataFrame, compared: &[&str]) -> LazyFrame {
        let of_account = compared
            .iter()
            .map(|name| col(*name).alias(account_column(name)));
        let pairs = panel.clone().lazy();
        match self {
            Self::OnDate(date) => rows
                .filter(col(CODE).is_not_null())
                .with_column(date_literal(date).alias(AS_OF)),
            Self::OnAccount => {
                let pair = [col(ACCOUNT_ID).alias(ACCOUNT), col(AS_OF)];
                let pairs = pairs.select(pair.into_iter().chain(of_account).collect::<Vec<_>>());
                let on = [col(ACCOUNT)];
                rows.join(pairs, on.clone(), on, JoinArgs::new(JoinType::Inner))
            }
            Self::OnPart { named } => {
                let mut on = vec![col(ACCOUNT)];
                on.extend(named.then(|| col(PART)));
                let pair = [col(ACCOUNT_ID).alias(PAIR), col(AS_OF)];
                let pair = pair.into_iter().chain(on.clone()).chain(of_account);
                let pairs = pairs.select(pair.collect::<Vec<_>>());
                rows.join(pairs, on.clone(), on, JoinArgs::new(JoinType::Inner))
            }
            Self::WithEach => {
                let pair = [col(ACCOUNT_ID).alias(PAIR), col(AS_OF)];
                let pairs = pairs.select(pair.into_iter().chain(of_account).collect::<Vec<_>>());
                rows.cross_join(pairs, None)
            }
            Self::Once => {
                let dates = pairs.select([col(AS_OF).unique()]);
                rows.cross_join(dates, None)
            }
        }
    }
}

fn grouped(
    exports: &Exports,
    rows: &Rows,
    meeting: Meeting,
    panel: &DataFrame,
    measures: &[(&Measure, &RowMeasure)],
) -> PolarsResult<Values> {
    let mut compared: Vec<&str> = Vec::new();
    for name in measures.iter().flat_map(|(_, rows)| rows.of_account()) {
        if !compared.contains(&name) {
            compared.push(name);
        }
    }
    let day = |date: Expr| date.cast(DataType::Int32);
    let age = (day(col(AS_OF)) - day(col(EVENT))).alias("__age");
    let reach = measures.iter().map(|(_, rows)| rows.window.reach());
    let reach = reach.collect::<Option<Vec<_>>>();
    let reach = reach.and_then(|reach| reach.into_iter().max());
    let frame = rows.measured()?;
    let cells: Vec<Expr> = rows
        .demand
        .columns
        .iter()
        .filter(|column| frame.column(column).is_ok())
        .map(|column| masked(&rows.table, column, col(AS_OF)))
        .collect();
    // Each distinct window and condition becomes one mask, shared by all measures that have it.
    let mut masks: IndexMap<String, Expr> = IndexMap::new();
    let first = |name: &&str| col(account_column(name)).first();
    let mut aggregates: Vec<Expr> = compared.iter().map(first).collect();
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
                when(mask.clone())
                    .then(col(EVENT))
                    .otherwise(lit(NULL))
                    .max()
                    .alias(format!("__last_{n}")),
            );
        }
        for (k, part) in definition.summaries.iter().enumerate() {
            let expr = summary(
                part.aggregate,
                &part.arguments,
                part.filter.as_ref(),
                &mask,
                &order,
            );
            aggregates.push(expr.alias(scratch(measure, k)));
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
        let mut outer = whole(measure, definition);
        if let Some(unpriced) = money::unpriced(&rows.table, definition, &mask) {
            let name = unpriced_name(&measure.name);
            aggregates.push(unpriced.alias(name.as_str()));
            outer = when(col(name.as_str())).then(lit(NULL)).otherwise(outer);
            values.push(col(name));
        }
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
    let on = meeting.on();
    let within: Vec<Expr> = on
        .iter()
        .map(|name| match (*name, meeting) {
            // A row carries its account already.
            (ACCOUNT_ID, Meeting::OnAccount) => col(ACCOUNT),
            (ACCOUNT_ID, _) => col(PAIR),
            _ => col(*name),
        })
        .collect();
    let named = within
        .iter()
        .zip(&on)
        .map(|(column, name)| column.clone().alias(*name));
    let values: Vec<Expr> = named.chain(values).collect();
    // On one date, the account alone names a group.
    let (within, date) = match meeting {
        Meeting::OnDate(_) => (vec![col(CODE)], vec![col(AS_OF).first()]),
        _ => (within, vec![]),
    };
    aggregates.extend(date);
    let mut parts = Vec::new();
    for batch in batches(panel, reach)? {
        let mut seen = meeting
            .join(batch.rows(frame), &batch.panel, &compared)
            .filter(visible(col(AS_OF)))
            .with_column(age.clone());
        if let Some(reach) = reach {
            seen = seen.filter(col("__age").lt_eq(lit(reach)));
        }
        seen = seen.with_columns(&cells);
        if !rows.demand.taken.is_empty() {
            let pairs = meeting.pairs(exports, &batch.panel)?;
            seen = lookup::attach(seen, rows, exports, &pairs)?;
        }
        let part = seen
            .with_columns(&masks)
            .group_by(&within)
            .agg(&aggregates)
            .select(&values)
            .collect()?;
        parts.push(part.lazy());
    }
    let frame = concat(parts, UnionArgs::default())?.collect()?;
    Ok(Values { frame, on })
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

/// Returns the column that holds the k-th aggregate of a measure.
pub(super) fn scratch(measure: &Measure, k: usize) -> String {
    format!("__{}_{k}", measure.name)
}

/// Returns the value of a measure whose aggregates are in their columns.
pub(super) fn whole(measure: &Measure, definition: &RowMeasure) -> Expr {
    row_wise(&renamed(definition, &|k| scratch(measure, k)))
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
