//! Measures over the rows of one export that are added up while it is walked through: no row is
//! kept, and none is grouped.
//!
//! The first and the last days of all windows on all dates cut time into *pieces*. Whatever a row says
//! goes into the *cell* of its link and its piece, which holds a few whole numbers: how many rows
//! fulfil a condition, the newest of them, sums, the smallest and the largest. Afterwards the cells of
//! each window are folded for every date on which their link leads to an account: counts and sums are
//! added, of the smallest the smallest is taken. Whole numbers round nowhere, so the result is that
//! of the definition plan to the last bit; a test holds both together.
//!
//! Where rows say different things on different dates (cells under `known`, `as_of` in a condition)
//! each date has cells of its own, filled from the rows as they were known then.
//!
//! A cell is found by counting, links being numbered from zero, and its numbers stand together. So a
//! row costs one look into memory, where grouping costs a search among hashes for every one of them.
//!
//! Left to the other plans are measures that are not folded exactly (means of fractions, medians,
//! distinct values, LATEST), lookups, money, and what looks at the account.

use std::ops::Range;

use chrono::NaiveDate;
use indexmap::IndexMap;
use polars::prelude::*;

use super::catalog::{Measure, RowMeasure, Summary};
use super::compute::{newest_name, published};
use super::fused::ends;
use super::over_rows::{Values, scratch, whole};
use crate::domain::Window;
use crate::exports::as_of::{AS_OF, CODE, day, masked};
use crate::exports::contract::Table;
use crate::exports::rows::Rows;
use crate::exports::walk::{Batch, NOWHERE, Places};
use crate::formula::{Aggregate, Expr as Formula, Kind, Node, date_literal, moments, row_wise};

/// Returns whether a measure may be added up row by row.
pub(super) fn can_fold(table: &Table, measure: &RowMeasure) -> bool {
    let folds = |summary: &Summary| {
        let kind = || summary.arguments[0].kind;
        match summary.aggregate {
            Aggregate::CountRows | Aggregate::Count => true,
            Aggregate::Min | Aggregate::Max => {
                matches!(kind(), Kind::Integer | Kind::Date | Kind::Instant)
            }
            Aggregate::Sum | Aggregate::Avg => kind() == Kind::Integer,
            _ => false,
        }
    };
    let mut says_it_itself = true;
    for expr in measure.of_rows() {
        expr.walk(&mut |part| {
            says_it_itself &= match &part.node {
                Node::Column(name) => {
                    table.lookup_of(name).is_none() && !table.money.contains_key(name)
                }
                Node::EndOfAsOf(_) | Node::OfAccount(_) => false,
                _ => true,
            }
        });
    }
    says_it_itself && measure.of_account().is_empty() && measure.summaries.iter().all(folds)
}

/// Returns whether rows say the same on every date.
fn is_fixed(table: &Table, measure: &RowMeasure) -> bool {
    let mut is_fixed = true;
    for expr in measure.of_rows() {
        expr.walk(&mut |part| {
            is_fixed &= match &part.node {
                Node::Column(name) => !table.known.contains_key(name),
                Node::AsOf => false,
                _ => true,
            }
        });
    }
    is_fixed
}

/// Computes measures on some dates, for every account that has a link.
///
/// `dates` rise; every measure [`can_fold`], and the export may be walked through. Returns `None`
/// where it could not be after all, or where there would be more cells than is worth it.
pub(super) fn folded(
    rows: &Rows,
    dates: &[NaiveDate],
    measures: &[(&Measure, &RowMeasure)],
) -> PolarsResult<Option<Vec<Values>>> {
    let places = rows.places()?;
    let of_date = |date: &NaiveDate, measures: &[_]| Part::of(rows, &[*date], true, measures);
    let (fixed, dated): (Vec<_>, Vec<_>) =
        (measures.iter().copied()).partition(|(_, measure)| is_fixed(&rows.table, measure));
    // On one date nothing is shared between dates.
    let groups: Vec<Vec<Part>> = if dates.len() == 1 {
        vec![vec![of_date(&dates[0], measures)]]
    } else {
        let of_dates = dates.iter().map(|date| of_date(date, &dated)).collect();
        vec![vec![Part::of(rows, dates, false, &fixed)], of_dates]
    };
    let groups: Vec<Vec<Part>> = (groups.into_iter())
        .map(|parts| {
            parts
                .into_iter()
                .filter(|part| !part.values.is_empty())
                .collect()
        })
        .filter(|parts: &Vec<Part>| !parts.is_empty())
        .collect();
    let parts = || groups.iter().flatten();
    let numbers: usize = parts().map(|part| part.width() * part.pieces.cells()).sum();
    if numbers * places.codes.len() > NUMBERS_PER_ROW * rows.most() as usize {
        return Ok(None);
    }
    let prepared = parts().flat_map(|part| part.prepared(rows)).collect();
    let inputs = (parts().enumerate())
        .flat_map(|(n, part)| part.inputs(n))
        .collect();
    let sums = (parts().enumerate()).map(|(n, part)| Sums::new(n, part, places.codes.len()));
    let Some(sums) = rows.walk(prepared, inputs, sums.collect(), add)? else {
        return Ok(None);
    };
    let sums: Vec<Sums> = sums;
    if sums.iter().any(|sums| sums.overflows) {
        return Ok(None);
    }
    let mut sums = sums.into_iter();
    let mut values = Vec::new();
    for parts in &groups {
        let mut frames = Vec::new();
        for part in parts {
            let sums = sums.next().expect("every part has its sums");
            for date in &part.dates {
                let Some(frame) = part.on(*date, &sums, &places)? else {
                    return Ok(None);
                };
                frames.push(frame.lazy());
            }
        }
        values.push(Values {
            frame: concat(frames, UnionArgs::default())?.collect()?,
            on: vec![CODE, AS_OF],
        });
    }
    Ok(Some(values))
}

/// So many numbers may be held in place of a row; a row that is kept takes more.
const NUMBERS_PER_ROW: usize = 8;

/// Measures whose rows go into the same cells.
struct Part {
    dates: Vec<NaiveDate>,
    /// The date on which cells of rows are looked at, where they differ.
    known_on: Option<NaiveDate>,
    pieces: Pieces,
    /// The columns that rows are asked for, each once: what tells one from others, and the number.
    columns: IndexMap<String, Expr>,
    /// What cells hold, each once.
    numbers: IndexMap<Number, ()>,
    folds: IndexMap<(String, Number), Window>,
    /// The aggregates of measures, made of folds, and what is made of those.
    parts: Vec<Expr>,
    values: Vec<Expr>,
}

/// A number that a cell holds; columns by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Number {
    /// How many rows there are.
    Rows,
    /// The day of the newest of them.
    Last,
    /// How many rows fulfil a condition.
    Count(usize),
    /// The day of the newest of them.
    LastOf(usize),
    /// How many rows fulfil it and have an empty cell; there only once one has.
    Missing(usize),
    Sum(usize),
    Min(usize),
    Max(usize),
}

impl Number {
    /// Returns what a cell holds before its first row.
    fn neutral(self) -> i64 {
        match self {
            Self::Last | Self::LastOf(_) | Self::Max(_) => i64::MIN,
            Self::Min(_) => i64::MAX,
            _ => 0,
        }
    }

    /// Adds a number to another, and returns whether there was no room for the sum.
    fn fold(self, sum: &mut i64, more: i64) -> bool {
        match self {
            Self::Last | Self::LastOf(_) | Self::Max(_) => *sum = (*sum).max(more),
            Self::Min(_) => *sum = (*sum).min(more),
            _ => {
                let (added, overflows) = sum.overflowing_add(more);
                *sum = added;
                return overflows;
            }
        }
        false
    }
}

impl Part {
    fn of(
        rows: &Rows,
        dates: &[NaiveDate],
        is_dated: bool,
        measures: &[(&Measure, &RowMeasure)],
    ) -> Self {
        let mut part = Self {
            dates: dates.to_vec(),
            known_on: is_dated.then(|| dates[0]),
            pieces: Pieces::of(dates, measures),
            columns: IndexMap::new(),
            numbers: IndexMap::new(),
            folds: IndexMap::new(),
            parts: Vec::new(),
            values: Vec::new(),
        };
        for (measure, definition) in measures {
            part.add(&rows.table, measure, definition);
        }
        part
    }

    fn add(&mut self, table: &Table, measure: &Measure, definition: &RowMeasure) {
        let window = definition.window;
        let condition = definition.condition.as_ref();
        let counts = self.counts(&[condition]);
        let (rows, last) = (self.fold(window, counts.0), self.fold(window, counts.1));
        for (k, summary) in definition.summaries.iter().enumerate() {
            let value = self.aggregate(table, window, condition, summary);
            self.parts.push(value.alias(scratch(measure, k)));
        }
        let newest = when(rows.clone().gt(lit(0)))
            .then(last)
            .otherwise(lit(NULL));
        self.values.extend([
            published(whole(measure, definition), measure),
            rows.alias(format!("__rows_{}", measure.name)),
            of_kind(newest, Kind::Date).alias(newest_name(&measure.name)),
        ]);
    }

    /// Returns an aggregate of the rows that count, made of folds.
    fn aggregate(
        &mut self,
        table: &Table,
        window: Window,
        condition: Option<&Formula>,
        summary: &Summary,
    ) -> Expr {
        let conditions = [condition, summary.filter.as_ref()];
        let (count, last) = self.counts(&conditions);
        let rows = self.fold(window, count);
        if summary.aggregate == Aggregate::CountRows {
            return rows;
        }
        let x = &summary.arguments[0];
        let is_time = matches!(&x.node, Node::Column(name) if Some(name) == table.time.as_ref());
        if summary.aggregate == Aggregate::Max && x.kind == Kind::Date && is_time {
            let last = when(rows.gt(lit(0)))
                .then(self.fold(window, last))
                .otherwise(lit(NULL));
            return of_kind(last, Kind::Date);
        }
        let (mask, says) = (self.mask(&conditions), says(&conditions));
        let says = format!("{says} of {:?}", x.node);
        let value = self.of_rows(row_wise(x));
        let is_missing = and(mask.clone(), value.clone().is_null()).cast(DataType::Int64);
        let missing = self.column(format!("no {says}"), is_missing);
        let known = rows - self.fold(window, Number::Missing(missing));
        if summary.aggregate == Aggregate::Count {
            return known;
        }
        let number = value.cast(DataType::Int64);
        let fold = |part: &mut Self, number_of: fn(usize) -> Number| {
            let nothing = lit(number_of(0).neutral());
            let among = match &mask {
                None => number.clone(),
                Some(mask) => when(mask.clone())
                    .then(number.clone())
                    .otherwise(nothing.clone()),
            };
            let of = match number_of(0).neutral() {
                0 => "sum",
                i64::MAX => "min",
                _ => "max",
            };
            let column = part.column(format!("{of} {says}"), among.fill_null(nothing));
            part.fold(window, number_of(column))
        };
        let any = known.clone().gt(lit(0));
        let value = match summary.aggregate {
            Aggregate::Min => of_kind(fold(self, Number::Min), x.kind),
            Aggregate::Max => of_kind(fold(self, Number::Max), x.kind),
            Aggregate::Avg => {
                fold(self, Number::Sum).cast(DataType::Float64) / known.cast(DataType::Float64)
            }
            _ => fold(self, Number::Sum).cast(DataType::Float64),
        };
        when(any).then(value).otherwise(lit(NULL))
    }

    /// Asks for how many rows fulfil all conditions, and for the newest of them.
    fn counts(&mut self, conditions: &[Option<&Formula>]) -> (Number, Number) {
        match self.mask(conditions) {
            None => (Number::Rows, Number::Last),
            Some(mask) => {
                let column = self.column(says(conditions), mask.cast(DataType::Int64));
                (Number::Count(column), Number::LastOf(column))
            }
        }
    }

    fn mask(&self, conditions: &[Option<&Formula>]) -> Option<Expr> {
        let conditions = conditions.iter().flatten();
        let masks =
            conditions.map(|condition| self.of_rows(row_wise(condition)).fill_null(lit(false)));
        masks.reduce(Expr::and)
    }

    /// Asks for a column and returns its place.
    fn column(&mut self, says: String, value: Expr) -> usize {
        let entry = self.columns.entry(says);
        let place = entry.index();
        entry.or_insert(value);
        place
    }

    /// Asks for a number to be folded over a window, and returns its column.
    fn fold(&mut self, window: Window, number: Number) -> Expr {
        self.numbers.entry(number).or_insert(());
        let entry = self.folds.entry((window.to_string(), number));
        let place = entry.index();
        entry.or_insert(window);
        col(fold_name(place))
    }

    /// Returns an expression as the rows were known on the date, where they differ.
    fn of_rows(&self, expr: Expr) -> Expr {
        let Some(date) = self.known_on else {
            return expr;
        };
        expr.map_expr(|part| match &part {
            Expr::Column(name) if name.as_str() == AS_OF => date_literal(date),
            Expr::Column(name) => col(known_name(name, date)),
            _ => part,
        })
    }

    /// Returns the columns of rows as they were known on the date, where they differ.
    fn prepared(&self, rows: &Rows) -> Vec<Expr> {
        let Some(date) = self.known_on else {
            return vec![];
        };
        let columns = rows.demand.columns.iter();
        let known = |name: &String| {
            masked(&rows.table, name, date_literal(date)).alias(known_name(name, date))
        };
        columns.map(known).collect()
    }

    fn inputs(&self, n: usize) -> Vec<Expr> {
        let columns = self.columns.values().enumerate();
        columns
            .map(|(k, value)| value.clone().alias(input_name(n, k)))
            .collect()
    }

    /// Returns how many numbers a cell holds.
    fn width(&self) -> usize {
        self.numbers.len()
    }

    /// Returns the measures on a date, or nothing where a number has no room.
    fn on(&self, date: NaiveDate, sums: &Sums, places: &Places) -> PolarsResult<Option<DataFrame>> {
        let accounts = places
            .codes
            .iter()
            .max()
            .map_or(0, |code| *code as usize + 1);
        let folds: Vec<(Number, usize, Range<usize>)> = (self.folds.iter())
            .map(|((_, number), window)| {
                let pieces = self.pieces.of_window(*window, date);
                (*number, sums.place(*number), pieces)
            })
            .collect();
        let empty = |(number, ..): &(Number, _, _)| vec![number.neutral(); accounts];
        let mut folded: Vec<Vec<i64>> = folds.iter().map(empty).collect();
        let today = day(date);
        for (place, code) in places.codes.iter().enumerate() {
            if places.from[place] > today || places.to[place] <= today {
                continue;
            }
            for ((number, n, pieces), folded) in folds.iter().zip(&mut folded) {
                for piece in pieces.clone() {
                    let more = sums.number(*n, place, piece);
                    if number.fold(&mut folded[*code as usize], more) {
                        return Ok(None);
                    }
                }
            }
        }
        let mut columns: Vec<Column> = (folded.into_iter().enumerate())
            .map(|(n, folded)| Column::new(fold_name(n).into(), folded))
            .collect();
        let codes = (0..accounts as IdxSize).collect::<Vec<_>>();
        columns.push(Column::new(CODE.into(), codes));
        let named = [col(CODE), col(AS_OF)];
        DataFrame::new_infer_height(columns)?
            .lazy()
            .with_columns(self.parts.clone())
            // Formulas around aggregates may speak of it.
            .with_column(date_literal(date).alias(AS_OF))
            .select(
                named
                    .into_iter()
                    .chain(self.values.clone())
                    .collect::<Vec<_>>(),
            )
            .collect()
            .map(Some)
    }
}

fn fold_name(n: usize) -> String {
    format!("__fold_{n}")
}

fn input_name(part: usize, column: usize) -> String {
    format!("__input_{part}_{column}")
}

fn known_name(column: &str, date: NaiveDate) -> String {
    format!("__known_{date}_{column}")
}

/// Returns what tells conditions from others.
fn says(conditions: &[Option<&Formula>]) -> String {
    let nodes = conditions
        .iter()
        .flatten()
        .map(|condition| format!("{:?}", condition.node));
    nodes.collect::<Vec<_>>().join(" and ")
}

fn and(mask: Option<Expr>, other: Expr) -> Expr {
    match mask {
        None => other,
        Some(mask) => mask.and(other),
    }
}

/// Returns a whole number as the date or moment that it counts.
fn of_kind(number: Expr, kind: Kind) -> Expr {
    match kind {
        Kind::Date => number.cast(DataType::Int32).cast(DataType::Date),
        Kind::Instant => number.cast(moments()),
        _ => number,
    }
}

/// Time, cut where a window begins or ends on one of the dates.
#[derive(Debug, Clone)]
struct Pieces {
    /// The first days of the pieces, all but that of the first; rising.
    bounds: Vec<i32>,
    /// The first piece that any window reaches.
    first: usize,
}

impl Pieces {
    fn of(dates: &[NaiveDate], measures: &[(&Measure, &RowMeasure)]) -> Self {
        let windows = || measures.iter().map(|(_, rows)| rows.window);
        let mut bounds: Vec<i32> = dates
            .iter()
            .flat_map(|date| {
                let ends = windows().flat_map(|window| ends(window, *date)).flatten();
                ends.chain([day(*date) + 1]).collect::<Vec<_>>()
            })
            .collect();
        bounds.sort_unstable();
        bounds.dedup();
        let all_begin = windows().all(|window| window.days.is_some());
        Self {
            bounds,
            first: usize::from(all_begin),
        }
    }

    /// Returns how many pieces are looked at: all but what lies before every window and behind
    /// every date.
    fn cells(&self) -> usize {
        self.bounds.len() - self.first
    }

    /// Returns the piece of a day, if any window may reach it.
    fn piece(&self, day: i32) -> Option<usize> {
        let piece = self.bounds.partition_point(|bound| *bound <= day);
        (piece >= self.first && piece < self.bounds.len()).then(|| piece - self.first)
    }

    /// Returns the pieces that lie in a window on a date.
    fn of_window(&self, window: Window, date: NaiveDate) -> Range<usize> {
        let [from, behind] = ends(window, date);
        let place = |day: i32| self.bounds.partition_point(|bound| *bound <= day) - self.first;
        from.map_or(0, place)..place(behind.unwrap_or(day(date) + 1))
    }
}

/// The cells of a part.
struct Sums {
    part: usize,
    pieces: Pieces,
    numbers: Vec<Number>,
    /// The numbers of a cell stand together, the cells of a link too. Counts of empty cells stand
    /// aside.
    cells: Vec<i64>,
    width: usize,
    /// By the place of the number; there only once a cell was empty.
    missing: Vec<Option<Vec<i64>>>,
    overflows: bool,
    /// The cell of each row of a batch, kept for its memory.
    at: Vec<usize>,
}

/// No cell.
const NO_CELL: usize = usize::MAX;

impl Sums {
    fn new(n: usize, part: &Part, links: usize) -> Self {
        let is_aside = |number: &Number| matches!(number, Number::Missing(_));
        let mut numbers: Vec<Number> = part.numbers.keys().copied().collect();
        numbers.sort_by_key(is_aside);
        let width = numbers.iter().filter(|number| !is_aside(number)).count();
        let neutral: Vec<i64> = numbers[..width]
            .iter()
            .map(|number| number.neutral())
            .collect();
        Self {
            part: n,
            cells: neutral.repeat(links * part.pieces.cells()),
            missing: vec![None; numbers.len() - width],
            width,
            numbers,
            pieces: part.pieces.clone(),
            overflows: false,
            at: Vec::new(),
        }
    }

    /// Returns the place of a number within a cell.
    fn place(&self, number: Number) -> usize {
        let place = self.numbers.iter().position(|known| *known == number);
        place.expect("every fold is of a number")
    }

    /// Returns the n-th number in the cell of a link and a piece.
    fn number(&self, n: usize, place: usize, piece: usize) -> i64 {
        let cell = place * self.pieces.cells() + piece;
        match n.checked_sub(self.width) {
            None => self.cells[cell * self.width + n],
            Some(aside) => self.missing[aside]
                .as_ref()
                .map_or(0, |missing| missing[cell]),
        }
    }

    fn add(&mut self, batch: &Batch<'_>) -> PolarsResult<()> {
        let (mut last, mut piece) = (None, None);
        let mut at = std::mem::take(&mut self.at);
        at.clear();
        at.extend((batch.places.iter().zip(batch.days)).map(|(place, day)| {
            if last != Some(*day) {
                (last, piece) = (Some(*day), self.pieces.piece(*day));
            }
            match (*place, piece) {
                (NOWHERE, _) | (_, None) => NO_CELL,
                (place, Some(piece)) => place as usize * self.pieces.cells() + piece,
            }
        }));
        let column = |number: &Number| -> PolarsResult<&[i64]> {
            match number {
                Number::Rows | Number::Last => Ok(&[]),
                Number::Count(n)
                | Number::LastOf(n)
                | Number::Missing(n)
                | Number::Sum(n)
                | Number::Min(n)
                | Number::Max(n) => {
                    let column = batch.inputs.column(&input_name(self.part, *n))?;
                    column.i64()?.cont_slice()
                }
            }
        };
        let columns = self.numbers.iter().map(column);
        let columns = columns.collect::<PolarsResult<Vec<_>>>()?;
        // A few rows at a time, so that their cells are still at hand for the next number.
        const AT_A_TIME: usize = 512;
        for begin in (0..at.len()).step_by(AT_A_TIME) {
            let rows = begin..at.len().min(begin + AT_A_TIME);
            let numbers = self.numbers[..self.width].iter().zip(&columns);
            for (n, (number, x)) in numbers.enumerate() {
                let mut put = |row: usize, more: i64| {
                    if at[row] != NO_CELL {
                        let sum = &mut self.cells[at[row] * self.width + n];
                        self.overflows |= number.fold(sum, more);
                    }
                };
                match number {
                    Number::Rows => rows.clone().for_each(|row| put(row, 1)),
                    Number::Last => {
                        rows.clone()
                            .for_each(|row| put(row, batch.days[row].into()));
                    }
                    Number::LastOf(_) => rows.clone().for_each(|row| {
                        if x[row] != 0 {
                            put(row, batch.days[row].into());
                        }
                    }),
                    _ => rows.clone().for_each(|row| put(row, x[row])),
                }
            }
        }
        for (n, missing) in self.missing.iter_mut().enumerate() {
            let x = columns[self.width + n];
            if x.iter().all(|is_missing| *is_missing == 0) {
                continue;
            }
            let cells = self.cells.len() / self.width;
            let missing = missing.get_or_insert_with(|| vec![0; cells]);
            for (cell, is_missing) in at.iter().zip(x) {
                if *cell != NO_CELL {
                    missing[*cell] += is_missing;
                }
            }
        }
        self.at = at;
        Ok(())
    }
}

#[allow(clippy::ptr_arg)] // The walk hands over what it was given.
fn add(sums: &mut Vec<Sums>, batch: &Batch<'_>) -> PolarsResult<()> {
    sums.iter_mut().try_for_each(|sums| sums.add(batch))
}
