//! Measures over the rows of one export by a fused plan: rows are grouped once, however many
//! windows and dates there are.
//!
//! The first and the last days of all windows on all dates of the panel cut time into *pieces*. The
//! rows of an account that lie in one piece, and are visible on the same of those dates, count
//! together or not at all. So the rows are grouped once by account, piece and the dates on which
//! they are visible, into *partial results*: how many fulfil each condition, the newest of those,
//! sums of whole numbers, smallest and largest values. There are a few partial results per account,
//! and for each date those whose pieces lie in a measure's window are folded: counts and sums are
//! added, of the smallest the smallest is taken. Nothing of this rounds, so the result is that of
//! the definition plan to the last bit; a test holds both together.
//!
//! What an account, a piece and a range of dates are called is one number, the *key* of a row: it
//! is worked out in one sweep, and grouping by one number is what the engine does best.
//!
//! Left to the definition plan are measures that are not folded exactly (means of fractions,
//! medians, LATEST), whose rows say different things on different dates (cells under `known`,
//! lookups, `as_of` in a condition), or that look at their account.

use std::collections::HashMap;

use chrono::NaiveDate;
use indexmap::IndexMap;
use polars::prelude::*;

use super::catalog::{Measure, RowMeasure, Summary};
use super::compute::{newest_name, published};
use super::over_rows::{Values, scratch, whole};
use crate::domain::Window;
use crate::exports::as_of::{AS_OF, CODE, EVENT, FROM, TO, day};
use crate::exports::contract::Table;
use crate::exports::rows::Rows;
use crate::formula::{Aggregate, Expr as Formula, Kind, Node, date_literal, row_wise};

/// The key of a row, then of a partial result.
const KEY: &str = "__key";
/// Scratch columns of partial results: their piece, the first of the dates on which they are
/// visible, and the first behind them.
const PIECE: &str = "__piece";
const FIRST: &str = "__first";
const BEHIND: &str = "__behind";

/// Returns whether a measure may be computed by the fused plan.
pub(super) fn is_fusable(table: &Table, measure: &RowMeasure) -> bool {
    let is_fixed = |name: &str| {
        !table.known.contains_key(name)
            && table.lookup_of(name).is_none()
            && !table.money.contains_key(name)
    };
    let folds = |summary: &Summary| match summary.aggregate {
        Aggregate::CountRows | Aggregate::Count | Aggregate::Min | Aggregate::Max => true,
        Aggregate::Sum => matches!(summary.arguments[0].kind, Kind::Integer | Kind::Null),
        _ => false,
    };
    let mut says_the_same = true;
    for expr in measure.of_rows() {
        expr.walk(&mut |part| {
            says_the_same &= match &part.node {
                Node::Column(name) => is_fixed(name),
                Node::AsOf | Node::EndOfAsOf(_) | Node::OfAccount(_) => false,
                _ => true,
            }
        });
    }
    says_the_same && measure.of_account().is_empty() && measure.summaries.iter().all(folds)
}

/// Computes measures on some dates, for every account that has a visible row.
///
/// `dates` rise; every measure [`is_fusable`].
pub(super) fn fused(
    rows: &Rows,
    dates: &[NaiveDate],
    measures: &[(&Measure, &RowMeasure)],
) -> PolarsResult<Values> {
    let pieces = Pieces::of(dates, measures);
    let mut partials = Partials::default();
    let mut folds = Folds::default();
    let (mut parts, mut values) = (Vec::new(), Vec::new());
    for (measure, definition) in measures {
        let counted = Counted::of(measure, definition, &mut partials);
        let window = definition.window;
        let count = folds.add(window, &counted.rows, Reduction::Sum);
        let last = folds.add(window, &counted.last, Reduction::Max);
        for (k, summary) in definition.summaries.iter().enumerate() {
            let part = counted.folded(rows.frame()?, summary, window, &mut partials, &mut folds);
            parts.push(part.alias(scratch(measure, k)));
        }
        values.extend([
            published(whole(measure, definition), measure),
            col(count).alias(format!("__rows_{}", measure.name)),
            col(last).alias(newest_name(&measure.name)),
        ]);
    }
    let frame = partials.collected(rows, &pieces)?;
    let of_dates = (0..dates.len())
        .map(|n| {
            let visible = col(FIRST)
                .lt_eq(lit(n as u64))
                .and(col(BEHIND).gt(lit(n as u64)));
            let named = [col(CODE), col(AS_OF)];
            frame
                .clone()
                .lazy()
                .filter(visible)
                .group_by([col(CODE)])
                .agg(folds.on(dates[n], &pieces))
                .with_columns(parts.clone())
                // Formulas around aggregates may speak of it.
                .with_column(date_literal(dates[n]).alias(AS_OF))
                .select(named.into_iter().chain(values.clone()).collect::<Vec<_>>())
        })
        .collect::<Vec<_>>();
    Ok(Values {
        frame: concat(of_dates, UnionArgs::default())?.collect()?,
        on: vec![CODE, AS_OF],
    })
}

/// How partial results come about, and how they are folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reduction {
    Sum,
    Count,
    Min,
    Max,
}

impl Reduction {
    fn of(self, x: Expr) -> Expr {
        match self {
            Self::Sum => x.sum(),
            Self::Count => x.count(),
            Self::Min => x.min(),
            Self::Max => x.max(),
        }
    }
}

/// The partial results that are wanted of the rows, each once: what is reduced, and how.
#[derive(Default)]
struct Partials(IndexMap<String, (Expr, Reduction)>);

impl Partials {
    /// Asks for a partial result and returns its column; `says` is what tells it from others.
    fn add(&mut self, says: String, value: Expr, reduction: Reduction) -> String {
        let entry = self.0.entry(format!("{reduction:?} {says}"));
        let name = format!("__partial_{}", entry.index());
        entry.or_insert((value, reduction));
        name
    }

    /// Groups the rows.
    fn collected(self, rows: &Rows, pieces: &Pieces) -> PolarsResult<DataFrame> {
        let name = |n: usize| format!("__partial_{n}");
        let (mut inputs, mut aggregates) = (Vec::new(), Vec::new());
        for (n, (value, reduction)) in self.0.into_values().enumerate() {
            inputs.push(value.alias(name(n)));
            aggregates.push(reduction.of(col(name(n))));
        }
        let mut frame = rows.frame()?.clone();
        let keys = pieces.keys(&frame)?;
        frame.with_column(keys.with_name(KEY.into()).into_column())?;
        let inputs: Vec<Expr> = [col(KEY)].into_iter().chain(inputs).collect();
        let dates = lit(pieces.dates.len() as u64 + 1);
        let cell = || col(KEY) % lit(pieces.cells());
        frame
            .lazy()
            .select(inputs)
            .filter(col(KEY).is_not_null())
            .group_by([col(KEY)])
            .agg(aggregates)
            .with_columns([
                col(KEY)
                    .floor_div(lit(pieces.cells()))
                    .alias(CODE)
                    .cast(IDX_DTYPE),
                cell().floor_div(dates.clone() * dates.clone()).alias(PIECE),
                (cell().floor_div(dates.clone()) % dates.clone()).alias(FIRST),
                (cell() % dates).alias(BEHIND),
            ])
            .collect_with_engine(Engine::Streaming)
            .map(|result| result.unwrap_single())
    }
}

/// The columns of the rows that count for a measure, whatever its window.
struct Counted {
    /// What names the condition.
    condition: String,
    mask: Option<Expr>,
    /// How many they are.
    rows: String,
    /// The date of the newest of them.
    last: String,
}

impl Counted {
    fn of(measure: &Measure, definition: &RowMeasure, partials: &mut Partials) -> Self {
        let condition = format!("{:?}", measure.written.condition);
        let mask = definition
            .condition
            .as_ref()
            .map(|condition| row_wise(condition).fill_null(lit(false)));
        Self {
            rows: partials.add(condition.clone(), one(&mask), Reduction::Sum),
            last: partials.add(
                format!("{condition} event"),
                among(&mask, col(EVENT)),
                Reduction::Max,
            ),
            condition,
            mask,
        }
    }

    /// Returns an aggregate of the rows that count, made of folded partial results.
    fn folded(
        &self,
        rows: &DataFrame,
        summary: &Summary,
        window: Window,
        partials: &mut Partials,
        folds: &mut Folds,
    ) -> Expr {
        let filter = summary.filter.as_ref().map(row_wise);
        let mask = match (&self.mask, filter) {
            (Some(mask), Some(filter)) => Some(mask.clone().and(filter)),
            (None, filter) => filter,
            (mask, None) => mask.clone(),
        };
        let says = |what: &str| format!("{} {:?} {what}", self.condition, summary.filter);
        if summary.aggregate == Aggregate::CountRows {
            let count = match summary.filter {
                None => self.rows.clone(),
                Some(_) => partials.add(says("rows"), one(&mask), Reduction::Sum),
            };
            return col(folds.add(window, &count, Reduction::Sum)).cast(DataType::Int64);
        }
        let x = &summary.arguments[0];
        let says = says(&format!("{:?}", x.node));
        // As wide as the definition plan adds whole numbers up, where 64 bits might not do.
        let is_wide =
            summary.aggregate == Aggregate::Sum && x.kind == Kind::Integer && !fits(rows, x);
        let value = match is_wide {
            true => among(&mask, row_wise(x).cast(DataType::Decimal(38, 0))),
            false => among(&mask, row_wise(x)),
        };
        // Where no cell is empty, the rows have been counted already.
        let is_full = match &x.node {
            Node::Column(name) => rows.column(name).is_ok_and(|x| x.null_count() == 0),
            _ => false,
        };
        let known = if is_full && summary.filter.is_none() {
            self.rows.clone()
        } else {
            partials.add(says.clone(), value.clone(), Reduction::Count)
        };
        let mut fold = |reduction: Reduction| {
            let partial = partials.add(says.clone(), value.clone(), reduction);
            col(folds.add(window, &partial, reduction))
        };
        match summary.aggregate {
            Aggregate::Min => fold(Reduction::Min),
            Aggregate::Max => fold(Reduction::Max),
            Aggregate::Sum => {
                let sum = match x.kind {
                    Kind::Integer => fold(Reduction::Sum).cast(DataType::Float64),
                    _ => fold(Reduction::Sum),
                };
                let known = col(folds.add(window, &known, Reduction::Sum));
                when(known.gt(lit(0))).then(sum).otherwise(lit(NULL))
            }
            _ => col(folds.add(window, &known, Reduction::Sum)).cast(DataType::Int64),
        }
    }
}

/// Returns whether all values of a column of whole numbers surely add up to 64 bits.
fn fits(rows: &DataFrame, x: &Formula) -> bool {
    let Node::Column(name) = &x.node else {
        return false;
    };
    let Some(x) = rows.column(name).ok().and_then(|x| x.i64().ok()) else {
        return false;
    };
    let largest = [x.min(), x.max()].into_iter().flatten();
    let largest = largest.map(i64::unsigned_abs).max().unwrap_or(0);
    u128::from(largest) * (rows.height() as u128) < i64::MAX as u128
}

/// Returns one for every row that counts.
fn one(mask: &Option<Expr>) -> Expr {
    // Spread over a column, so that a condition for every row has full length too.
    let everything = || col(KEY).is_not_null();
    mask.clone()
        .map_or_else(everything, |mask| mask.fill_null(lit(false)))
        .cast(DataType::UInt32)
}

fn among(mask: &Option<Expr>, x: Expr) -> Expr {
    match mask {
        None => x,
        Some(mask) => when(mask.clone()).then(x).otherwise(lit(NULL)),
    }
}

/// The folds of partial results over windows, each once.
#[derive(Default)]
struct Folds(IndexMap<(String, String, Reduction), Window>);

impl Folds {
    /// Asks for a fold and returns its column.
    fn add(&mut self, window: Window, partial: &str, reduction: Reduction) -> String {
        let entry = self
            .0
            .entry((window.to_string(), partial.to_owned(), reduction));
        let name = format!("__fold_{}", entry.index());
        entry.or_insert(window);
        name
    }

    /// Returns the folds on a date.
    fn on(&self, date: NaiveDate, pieces: &Pieces) -> Vec<Expr> {
        let folds = self.0.iter().enumerate();
        folds
            .map(|(n, ((_, partial, reduction), window))| {
                let value = match pieces.inside(*window, date) {
                    None => col(partial.as_str()),
                    Some(inside) => when(inside)
                        .then(col(partial.as_str()))
                        .otherwise(lit(NULL)),
                };
                reduction.of(value).alias(format!("__fold_{n}"))
            })
            .collect()
    }
}

/// Time, cut where a window begins or ends on one of the dates.
struct Pieces {
    /// The dates, as days.
    dates: Vec<i32>,
    /// The first days of the pieces, all but that of the first; rising.
    bounds: Vec<i32>,
}

impl Pieces {
    fn of(dates: &[NaiveDate], measures: &[(&Measure, &RowMeasure)]) -> Self {
        let mut bounds: Vec<i32> = dates
            .iter()
            .flat_map(|date| {
                let windows = measures.iter().map(|(_, rows)| rows.window);
                windows.flat_map(|window| ends(window, *date))
            })
            .flatten()
            .collect();
        bounds.sort_unstable();
        bounds.dedup();
        Self {
            dates: dates.iter().map(|date| day(*date)).collect(),
            bounds,
        }
    }

    /// Returns how many keys an account may have.
    fn cells(&self) -> u64 {
        let dates = self.dates.len() as u64 + 1;
        // One piece more than there are bounds, and one for rows without a date.
        (self.bounds.len() as u64 + 2) * dates * dates
    }

    /// Returns the piece of a day; rows without one come behind all pieces.
    fn piece(&self, day: Option<i32>) -> u64 {
        let piece = day.map_or(self.bounds.len() + 1, |day| {
            self.bounds.partition_point(|bound| *bound <= day)
        });
        piece as u64
    }

    /// Returns the key of every row; null for rows that are never seen.
    fn keys(&self, rows: &DataFrame) -> PolarsResult<UInt64Chunked> {
        let days = |name: &str| PolarsResult::Ok(rows.column(name)?.date()?.physical().clone());
        let (events, from, to) = (days(EVENT)?, days(FROM)?, days(TO)?);
        let before = |day: i32| self.dates.partition_point(|date| *date < day) as u64;
        let dates = self.dates.len() as u64 + 1;
        let mut known: HashMap<(Option<i32>, i32, i32), Option<u64>> = HashMap::new();
        let mut cell = |event: Option<i32>, from: i32, to: i32| {
            *known.entry((event, from, to)).or_insert_with(|| {
                let (first, behind) = (before(from), before(to));
                let piece = self.piece(event);
                (first < behind).then_some((piece * dates + first) * dates + behind)
            })
        };
        // Rows of a day mostly stand together.
        let mut last = ((None, 0, 0), None);
        let rows = rows.column(CODE)?.idx()?.iter();
        let keys = rows.zip(events.iter()).zip(from.iter().zip(to.iter()));
        let keys = keys.map(|((code, event), (from, to))| {
            let (code, from, to) = (code?, from?, to?);
            if last.0 != (event, from, to) || last.1.is_none() {
                last = ((event, from, to), cell(event, from, to));
            }
            Some(u64::from(code) * self.cells() + last.1?)
        });
        Ok(keys.collect())
    }

    /// Returns whether partial results lie in a window on a date; `None` if all do.
    fn inside(&self, window: Window, date: NaiveDate) -> Option<Expr> {
        let [from, behind] = ends(window, date);
        let last = lit(self.bounds.len() as u64);
        let has_date = || col(PIECE).lt_eq(last.clone());
        let from = from.map(|day| col(PIECE).gt_eq(lit(self.piece(Some(day)))));
        let behind = behind.map(|day| col(PIECE).lt(lit(self.piece(Some(day)))));
        let inside = from.into_iter().chain(behind).reduce(Expr::and)?;
        Some(inside.and(has_date()))
    }
}

/// Returns the first day of a window on a date, if it has a begin, and the first behind it, if
/// that is not the day after the date: later rows are not visible anyway.
pub(super) fn ends(window: Window, date: NaiveDate) -> [Option<i32>; 2] {
    let back = |days: u32| day(date).saturating_sub_unsigned(days);
    let ends_earlier = window.offset.0 > 0;
    [
        window.reach().map(back),
        ends_earlier.then(|| back(window.offset.0 - 1)),
    ]
}
