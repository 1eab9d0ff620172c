//! Measures over the rows of one export that are added up while it is walked through: no row is
//! grouped, and none is kept but those that other measures need ([`rest`]).
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
//! Different values cannot be added: which of them a link has in which piece is kept aside.
//!
//! Left to the definition plan are measures that are not folded exactly (means of fractions, medians,
//! LATEST), lookups, money, and what looks at the account.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chrono::NaiveDate;
use indexmap::{IndexMap, IndexSet};
use polars::prelude::*;

use super::catalog::{Measure, RowMeasure, Summary};
use super::compute::{newest_name, published};
use super::over_rows::{Values, scratch, whole};
use crate::domain::Window;
use crate::exports::as_of::{AS_OF, CODE, EVENT, day, masked};
use crate::exports::contract::Table;
use crate::exports::rows::Rows;
use crate::exports::walk::{Batch, NOWHERE, Places, Rest};
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
            Aggregate::CountDistinct => matches!(
                kind(),
                Kind::Integer | Kind::Date | Kind::Instant | Kind::Text | Kind::Boolean
            ),
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
    measure.of_rows().all(|expr| says_the_same(table, expr))
}

fn says_the_same(table: &Table, expr: &Formula) -> bool {
    let mut is_fixed = true;
    expr.walk(&mut |part| {
        is_fixed &= match &part.node {
            Node::Column(name) => {
                !table.known.contains_key(name) && table.lookup_of(name).is_none()
            }
            Node::AsOf | Node::EndOfAsOf(_) => false,
            _ => true,
        }
    });
    is_fixed
}

/// Returns the rows that must be kept of a walk for measures that cannot fold, if there are any.
///
/// They serve all dates that the export may be asked for.
pub(super) fn rest(rows: &Rows, measures: &[(&Measure, &RowMeasure)]) -> Option<Rest> {
    let oldest = *rows.demand.dates.first()?;
    let (folding, others): (Vec<_>, Vec<_>) =
        (measures.iter().copied()).partition(|(_, measure)| can_fold(&rows.table, measure));
    let reads = |measures: &[(&Measure, &RowMeasure)]| -> BTreeSet<String> {
        let exprs = measures.iter().flat_map(|(_, measure)| measure.of_rows());
        exprs
            .flat_map(|expr| expr.columns().into_iter().map(str::to_owned))
            .collect()
    };
    let (of_folding, of_others) = (reads(&folding), reads(&others));
    let keep = others.iter().map(|(_, measure)| {
        let [from, _] = ends(measure.window, oldest);
        let condition = measure.condition.as_ref().filter(|condition| {
            let mut looks_elsewhere = false;
            condition.walk(&mut |part| {
                looks_elsewhere |= matches!(part.node, Node::OfAccount(_));
            });
            !looks_elsewhere && says_the_same(&rows.table, condition)
        });
        let begins = from.map(|from| col(EVENT).cast(DataType::Int32).gt_eq(lit(from)));
        let holds = condition.map(|condition| row_wise(condition).fill_null(lit(false)));
        (begins.into_iter().chain(holds)).fold(col(EVENT).is_not_null(), Expr::and)
    });
    let keep = keep.reduce(Expr::or)?;
    let columns = rows.demand.columns.iter();
    let is_read = |name: &&String| of_others.contains(*name) || !of_folding.contains(*name);
    Some(Rest {
        keep,
        columns: columns.filter(is_read).cloned().collect(),
    })
}

/// Computes measures for the pairs of a panel.
///
/// Every measure [`can_fold`], and the export may be walked through; `rest` are its rows that are
/// kept. Returns `None` where it could not be after all, or where there would be more cells than is
/// worth it.
pub(super) fn folded(
    rows: &Rows,
    panel: &DataFrame,
    measures: &[(&Measure, &RowMeasure)],
    rest: Option<&Rest>,
) -> PolarsResult<Option<Vec<Values>>> {
    let places = rows.places()?;
    let reached = Reached::of(panel, &places)?;
    let dates: Vec<NaiveDate> = reached.keys().copied().collect();
    let of_date = |date: &NaiveDate, measures: &[_]| Part::of(rows, &[*date], true, measures);
    let (fixed, dated): (Vec<_>, Vec<_>) =
        (measures.iter().copied()).partition(|(_, measure)| is_fixed(&rows.table, measure));
    // On one date nothing is shared between dates.
    let groups: Vec<Vec<Part>> = if dates.len() == 1 {
        vec![vec![of_date(&dates[0], measures)]]
    } else {
        let of_dates = dates.iter().map(|date| of_date(date, &dated)).collect();
        vec![vec![Part::of(rows, &dates, false, &fixed)], of_dates]
    };
    let groups: Vec<Vec<Part>> = (groups.into_iter())
        .map(|parts| {
            parts
                .into_iter()
                .filter(|part| !part.measures.is_empty())
                .collect()
        })
        .filter(|parts: &Vec<Part>| !parts.is_empty())
        .collect();
    let parts = || groups.iter().flatten();
    let numbers: usize = parts().map(|part| part.width() * part.pieces.len()).sum();
    let most = NUMBERS_PER_ROW * (rows.most() as usize).max(FEW_ROWS);
    if numbers * places.codes.len() > most {
        return Ok(None);
    }
    let prepared = parts().flat_map(|part| part.prepared(rows)).collect();
    let inputs = (parts().enumerate())
        .flat_map(|(n, part)| part.inputs(n))
        .collect();
    let sums = (parts().enumerate()).map(|(n, part)| Sums::new(n, part, places.codes.len()));
    let Some(sums) = rows.walk(prepared, inputs, rest, sums.collect(), add)? else {
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
                let Some(frame) = part.on(*date, &sums, &reached[date])? else {
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
const NUMBERS_PER_ROW: usize = 32;
/// Of fewer rows, nobody counts the numbers.
const FEW_ROWS: usize = 100_000;

/// Measures whose rows go into the same cells.
struct Part {
    dates: Vec<NaiveDate>,
    /// The date on which cells of rows are looked at, where they differ.
    known_on: Option<NaiveDate>,
    pieces: Pieces,
    /// What rows are asked for, each once, by what tells one from others: conditions, and values.
    masks: IndexMap<String, Expr>,
    values: IndexMap<String, Expr>,
    /// What cells hold, each once.
    numbers: IndexSet<Number>,
    folds: IndexMap<(String, Number), Window>,
    /// The aggregates of measures, made of folds, and what is made of those.
    aggregates: Vec<Expr>,
    measures: Vec<Expr>,
}

/// The rows that count for a number: all, or those that fulfil a condition, by its place.
type Those = Option<usize>;

/// A number that a cell holds; values by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Number {
    /// How many rows there are.
    Rows(Those),
    /// The day of the newest of them.
    Last(Those),
    Sum(Those, usize),
    Min(Those, usize),
    Max(Those, usize),
    /// How many rows have no value; there only once one has none.
    Missing(Those, usize),
    /// How many different values there are; kept aside, since they cannot be added.
    Distinct(Those, usize),
}

impl Number {
    /// Returns what a cell holds before its first row.
    fn neutral(self) -> i64 {
        match self {
            Self::Last(_) | Self::Max(..) => i64::MIN,
            Self::Min(..) => i64::MAX,
            _ => 0,
        }
    }

    /// Returns whether it stands in cells.
    fn is_in_cells(self) -> bool {
        !matches!(self, Self::Missing(..) | Self::Distinct(..))
    }

    /// Adds a number to another, and returns whether there was no room for the sum.
    fn fold(self, sum: &mut i64, more: i64) -> bool {
        match self {
            Self::Last(_) | Self::Max(..) => *sum = (*sum).max(more),
            Self::Min(..) => *sum = (*sum).min(more),
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
            masks: IndexMap::new(),
            values: IndexMap::new(),
            numbers: IndexSet::new(),
            folds: IndexMap::new(),
            aggregates: Vec::new(),
            measures: Vec::new(),
        };
        for (measure, definition) in measures {
            part.add(&rows.table, measure, definition);
        }
        part
    }

    fn add(&mut self, table: &Table, measure: &Measure, definition: &RowMeasure) {
        let window = definition.window;
        let condition = definition.condition.as_ref();
        let those = self.those(&[condition]);
        let rows = self.fold(window, Number::Rows(those));
        let last = self.fold(window, Number::Last(those));
        for (k, summary) in definition.summaries.iter().enumerate() {
            let value = self.aggregate(table, window, condition, summary);
            self.aggregates.push(value.alias(scratch(measure, k)));
        }
        let newest = when(rows.clone().gt(lit(0)))
            .then(last)
            .otherwise(lit(NULL));
        self.measures.extend([
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
        let those = self.those(&[condition, summary.filter.as_ref()]);
        let rows = self.fold(window, Number::Rows(those));
        if summary.aggregate == Aggregate::CountRows {
            return rows;
        }
        let x = &summary.arguments[0];
        let is_time = matches!(&x.node, Node::Column(name) if Some(name) == table.time.as_ref());
        if summary.aggregate == Aggregate::Max && x.kind == Kind::Date && is_time {
            let last = self.fold(window, Number::Last(those));
            let last = when(rows.gt(lit(0))).then(last).otherwise(lit(NULL));
            return of_kind(last, Kind::Date);
        }
        let value = self.of_rows(row_wise(x));
        let entry = self.values.entry(format!("{:?}", x.node));
        let place = entry.index();
        entry.or_insert(value);
        if summary.aggregate == Aggregate::CountDistinct {
            return self.fold(window, Number::Distinct(those, place));
        }
        let known = rows - self.fold(window, Number::Missing(those, place));
        let any = known.clone().gt(lit(0));
        let value = match summary.aggregate {
            Aggregate::Count => return known,
            Aggregate::Min => of_kind(self.fold(window, Number::Min(those, place)), x.kind),
            Aggregate::Max => of_kind(self.fold(window, Number::Max(those, place)), x.kind),
            Aggregate::Avg => {
                let sum = self.fold(window, Number::Sum(those, place));
                sum.cast(DataType::Float64) / known.cast(DataType::Float64)
            }
            _ => (self.fold(window, Number::Sum(those, place))).cast(DataType::Float64),
        };
        when(any).then(value).otherwise(lit(NULL))
    }

    /// Asks for the rows that fulfil all conditions.
    fn those(&mut self, conditions: &[Option<&Formula>]) -> Those {
        let conditions: Vec<&Formula> = conditions.iter().copied().flatten().collect();
        let masks = conditions
            .iter()
            .map(|condition| self.of_rows(row_wise(condition)).fill_null(lit(false)));
        let mask = masks.reduce(Expr::and)?;
        let says = conditions
            .iter()
            .map(|condition| format!("{:?}", condition.node));
        let entry = self.masks.entry(says.collect::<Vec<_>>().join(" and "));
        let place = entry.index();
        entry.or_insert(mask);
        Some(place)
    }

    /// Asks for a number to be folded over a window, and returns its column.
    fn fold(&mut self, window: Window, number: Number) -> Expr {
        self.numbers.insert(number);
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
        let masks = self.masks.values().enumerate();
        let masks = masks.map(|(k, mask)| mask.clone().alias(mask_name(n, k)));
        let values = self.values.values().enumerate();
        let values = values.map(|(k, value)| value.clone().alias(value_name(n, k)));
        masks.chain(values).collect()
    }

    /// Returns how many numbers a cell holds.
    fn width(&self) -> usize {
        self.numbers
            .iter()
            .filter(|number| number.is_in_cells())
            .count()
    }

    /// Returns the measures on a date, or nothing where a number has no room.
    fn on(
        &self,
        date: NaiveDate,
        sums: &Sums,
        reached: &Reached,
    ) -> PolarsResult<Option<DataFrame>> {
        let mut columns = Vec::new();
        for (n, ((_, number), window)) in self.folds.iter().enumerate() {
            let pieces = self.pieces.of_window(*window, date);
            let Some(folded) = sums.folded(*number, pieces, reached) else {
                return Ok(None);
            };
            columns.push(Column::new(fold_name(n).into(), folded));
        }
        columns.push(Column::new(CODE.into(), reached.codes.as_slice()));
        let named = [col(CODE), col(AS_OF)].into_iter();
        DataFrame::new_infer_height(columns)?
            .lazy()
            .with_columns(self.aggregates.clone())
            // Formulas around aggregates may speak of it.
            .with_column(date_literal(date).alias(AS_OF))
            .select(named.chain(self.measures.clone()).collect::<Vec<_>>())
            .collect()
            .map(Some)
    }
}

fn fold_name(n: usize) -> String {
    format!("__fold_{n}")
}

fn mask_name(part: usize, mask: usize) -> String {
    format!("__mask_{part}_{mask}")
}

fn value_name(part: usize, value: usize) -> String {
    format!("__value_{part}_{value}")
}

fn known_name(column: &str, date: NaiveDate) -> String {
    format!("__known_{date}_{column}")
}

/// Returns a whole number as the date or moment that it counts.
fn of_kind(number: Expr, kind: Kind) -> Expr {
    match kind {
        Kind::Date => number.cast(DataType::Int32).cast(DataType::Date),
        Kind::Instant => number.cast(moments()),
        _ => number,
    }
}

/// The accounts of a panel on a date.
struct Reached {
    /// Their numbers.
    codes: Vec<IdxSize>,
    /// The links that lead to them then, each with where its account stands among them.
    links: Vec<(u32, u32)>,
    /// Where the account of each link stands, by its place; [`NOWHERE`] if it leads to none of them.
    at: Vec<u32>,
    /// Whether each has one link at most.
    is_single: bool,
}

impl Reached {
    /// Returns the accounts of each date of a panel.
    fn of(panel: &DataFrame, places: &Places) -> PolarsResult<BTreeMap<NaiveDate, Self>> {
        let dates = panel.column(AS_OF)?.date()?.as_date_iter();
        let mut codes: BTreeMap<NaiveDate, Vec<IdxSize>> = BTreeMap::new();
        for (date, code) in dates.zip(panel.column(CODE)?.idx()?.iter()) {
            if let (Some(date), Some(code)) = (date, code) {
                codes.entry(date).or_default().push(code);
            }
        }
        let on = |(date, codes)| (date, Self::on(date, codes, places));
        Ok(codes.into_iter().map(on).collect())
    }

    fn on(date: NaiveDate, codes: Vec<IdxSize>, places: &Places) -> Self {
        let mut at_code = vec![NOWHERE; places.accounts()];
        for (code, n) in codes.iter().zip(0u32..) {
            if let Some(at) = at_code.get_mut(*code as usize) {
                *at = n;
            }
        }
        let day = day(date);
        let at_place = |(place, code): (usize, &IdxSize)| match places.leads(place, day) {
            true => at_code[*code as usize],
            false => NOWHERE,
        };
        let at: Vec<u32> = places.codes.iter().enumerate().map(at_place).collect();
        let links = (0u32..).zip(at.iter().copied());
        let links: Vec<(u32, u32)> = links.filter(|(_, at)| *at != NOWHERE).collect();
        let mut is_linked = vec![false; codes.len()];
        let mut is_single = true;
        for (_, at) in &links {
            is_single &= !std::mem::replace(&mut is_linked[*at as usize], true);
        }
        Self {
            codes,
            links,
            at,
            is_single,
        }
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
    fn len(&self) -> usize {
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

/// Returns the first day of a window on a date, if it has a begin, and the first behind it, if
/// that is not the day after the date: later rows are not visible anyway.
fn ends(window: Window, date: NaiveDate) -> [Option<i32>; 2] {
    let back = |days: u32| day(date).saturating_sub_unsigned(days);
    let ends_earlier = window.offset.0 > 0;
    [
        window.reach().map(back),
        ends_earlier.then(|| back(window.offset.0 - 1)),
    ]
}

/// The cells of a part.
struct Sums {
    part: usize,
    pieces: Pieces,
    links: usize,
    /// What stands in cells, in their order.
    numbers: Vec<Number>,
    /// The numbers of a cell stand together, the cells of a piece too: rows that come together are
    /// of few pieces.
    cells: Vec<i64>,
    /// Counts of empty values, by cell; there only once one was empty.
    missing: Vec<(Number, Option<Vec<i64>>)>,
    distinct: Vec<(Number, Distinct)>,
    overflows: bool,
    /// Of the rows at hand that have a cell, kept for its memory.
    at: Vec<u32>,
    picked: Vec<u32>,
    masks: Vec<Vec<bool>>,
    values: Vec<Numbers>,
}

impl Sums {
    fn new(n: usize, part: &Part, links: usize) -> Self {
        let numbers = || part.numbers.iter().copied();
        let in_cells: Vec<Number> = numbers().filter(|number| number.is_in_cells()).collect();
        let neutral: Vec<i64> = in_cells.iter().map(|number| number.neutral()).collect();
        let is_missing = |number: &Number| matches!(number, Number::Missing(..));
        let is_distinct = |number: &Number| matches!(number, Number::Distinct(..));
        Self {
            part: n,
            links,
            cells: neutral.repeat(links * part.pieces.len()),
            numbers: in_cells,
            missing: numbers()
                .filter(is_missing)
                .map(|number| (number, None))
                .collect(),
            distinct: numbers()
                .filter(is_distinct)
                .map(|number| (number, Distinct::default()))
                .collect(),
            pieces: part.pieces.clone(),
            overflows: false,
            at: Vec::new(),
            picked: Vec::new(),
            masks: vec![Vec::new(); part.masks.len()],
            values: (0..part.values.len()).map(|_| Numbers::default()).collect(),
        }
    }

    fn add(&mut self, batch: &Batch<'_>) -> PolarsResult<()> {
        let (mut last, mut piece) = (None, None);
        self.at.clear();
        self.picked.clear();
        for ((place, day), row) in batch.places.iter().zip(batch.days).zip(0u32..) {
            if last != Some(*day) {
                (last, piece) = (Some(*day), self.pieces.piece(*day));
            }
            if let (true, Some(piece)) = (*place != NOWHERE, piece) {
                self.at.push(place + (piece * self.links) as u32);
                self.picked.push(row);
            }
        }
        if self.picked.is_empty() {
            return Ok(());
        }
        for (n, mask) in self.masks.iter_mut().enumerate() {
            let column = batch.inputs.column(&mask_name(self.part, n))?;
            let all = column.bool()?;
            mask.clear();
            let bits = all.downcast_as_array().values();
            mask.extend(self.picked.iter().map(|row| bits.get_bit(*row as usize)));
        }
        for (n, values) in self.values.iter_mut().enumerate() {
            let column = batch.inputs.column(&value_name(self.part, n))?;
            values.take(column, &self.picked)?;
        }
        self.add_cells(batch.days);
        for (number, missing) in &mut self.missing {
            let Number::Missing(those, value) = *number else {
                continue;
            };
            let known = &self.values[value].known;
            if known.is_empty() {
                continue;
            }
            let cells = self.links * self.pieces.len();
            let missing = missing.get_or_insert_with(|| vec![0; cells]);
            let mask = those.map(|mask| &self.masks[mask]);
            for (row, (cell, known)) in self.at.iter().zip(known).enumerate() {
                let counts = !known && mask.is_none_or(|mask| mask[row]);
                missing[*cell as usize] += i64::from(counts);
            }
        }
        for (number, distinct) in &mut self.distinct {
            let Number::Distinct(those, value) = *number else {
                continue;
            };
            let values = &self.values[value];
            let mask = those.map(|mask| &self.masks[mask]);
            for (row, cell) in self.at.iter().enumerate() {
                let is_known = values.known.get(row).is_none_or(|known| *known);
                if is_known && mask.is_none_or(|mask| mask[row]) {
                    let (place, piece) = (*cell as usize % self.links, *cell as usize / self.links);
                    distinct.add(place as u32, values.numbers[row], piece);
                }
            }
        }
        Ok(())
    }

    /// Adds up what stands in cells, a few rows at a time, so that their cells are still at hand for
    /// the next number.
    fn add_cells(&mut self, days: &[i32]) {
        const AT_A_TIME: usize = 256;
        let width = self.numbers.len();
        for begin in (0..self.at.len()).step_by(AT_A_TIME) {
            let rows = begin..self.at.len().min(begin + AT_A_TIME);
            for (n, number) in self.numbers.iter().enumerate() {
                let (cells, overflows) = (&mut self.cells, &mut self.overflows);
                let at = &self.at[rows.clone()];
                let picked = &self.picked[rows.clone()];
                let (those, value) = match *number {
                    Number::Rows(those) | Number::Last(those) => (those, None),
                    Number::Sum(those, value)
                    | Number::Min(those, value)
                    | Number::Max(those, value)
                    | Number::Missing(those, value)
                    | Number::Distinct(those, value) => (those, Some(&self.values[value])),
                };
                let mask = those.map_or(&[][..], |mask| &self.masks[mask][rows.clone()]);
                let known = value.map_or(&[][..], |value| value.known_of(rows.clone()));
                let numbers = value.map_or(&[][..], |value| &value.numbers[rows.clone()]);
                let cell = |row: usize| at[row] as usize * width + n;
                match *number {
                    Number::Rows(_) => counted(mask, known, at.len(), |row| cells[cell(row)] += 1),
                    Number::Last(_) => counted(mask, known, at.len(), |row| {
                        let last = &mut cells[cell(row)];
                        *last = (*last).max(days[picked[row] as usize].into());
                    }),
                    Number::Sum(..) => counted(mask, known, at.len(), |row| {
                        let sum = &mut cells[cell(row)];
                        let (added, overflow) = sum.overflowing_add(numbers[row]);
                        *sum = added;
                        *overflows |= overflow;
                    }),
                    _ => counted(mask, known, at.len(), |row| {
                        number.fold(&mut cells[cell(row)], numbers[row]);
                    }),
                }
            }
        }
    }

    /// Folds a number over pieces for every account; nothing where it has no room.
    fn folded(&self, number: Number, pieces: Range<usize>, reached: &Reached) -> Option<Vec<i64>> {
        match number {
            Number::Missing(..) => {
                let (_, missing) = self.missing.iter().find(|(known, _)| *known == number)?;
                match missing {
                    None => Some(vec![0; reached.codes.len()]),
                    Some(missing) => {
                        self.folded_cells(number, pieces, reached, |cell| missing[cell])
                    }
                }
            }
            Number::Distinct(..) => {
                let (_, distinct) = self.distinct.iter().find(|(known, _)| *known == number)?;
                Some(distinct.folded(pieces, reached))
            }
            _ => {
                let width = self.numbers.len();
                let n = self.numbers.iter().position(|known| *known == number)?;
                let of_cell = |cell: usize| self.cells[cell * width + n];
                self.folded_cells(number, pieces, reached, of_cell)
            }
        }
    }

    fn folded_cells(
        &self,
        number: Number,
        pieces: Range<usize>,
        reached: &Reached,
        of_cell: impl Fn(usize) -> i64,
    ) -> Option<Vec<i64>> {
        let mut folded = vec![number.neutral(); reached.codes.len()];
        let mut overflows = false;
        for piece in pieces {
            for (place, at) in &reached.links {
                let more = of_cell(piece * self.links + *place as usize);
                overflows |= number.fold(&mut folded[*at as usize], more);
            }
        }
        (!overflows).then_some(folded)
    }
}

/// Calls on every row that counts: those with a value that fulfil the condition, where either is asked.
#[inline]
fn counted(mask: &[bool], known: &[bool], rows: usize, mut add: impl FnMut(usize)) {
    if mask.is_empty() && known.is_empty() {
        return (0..rows).for_each(add);
    }
    for row in 0..rows {
        let fulfils = mask.get(row).is_none_or(|fulfils| *fulfils);
        if fulfils && known.get(row).is_none_or(|known| *known) {
            add(row);
        }
    }
}

/// The values of a formula in the rows at hand, as whole numbers.
#[derive(Default)]
struct Numbers {
    numbers: Vec<i64>,
    /// Whether each is there; empty where all are.
    known: Vec<bool>,
    /// The numbers of the texts seen so far.
    texts: PlHashMap<String, i64>,
}

impl Numbers {
    fn take(&mut self, column: &Column, picked: &[u32]) -> PolarsResult<()> {
        let column = column.as_materialized_series().to_physical_repr();
        let picked = || picked.iter().map(|row| *row as usize);
        self.numbers.clear();
        self.known.clear();
        if column.null_count() > 0 {
            let is_known = column.is_not_null();
            let bits = is_known.downcast_as_array().values();
            self.known.extend(picked().map(|row| bits.get_bit(row)));
        }
        match column.dtype() {
            DataType::Int64 => {
                let numbers = column.i64()?.downcast_as_array().values();
                self.numbers.extend(picked().map(|row| numbers[row]));
            }
            DataType::Int32 => {
                let numbers = column.i32()?.downcast_as_array().values();
                self.numbers
                    .extend(picked().map(|row| i64::from(numbers[row])));
            }
            DataType::String => {
                let texts = column.str()?.downcast_as_array();
                for (slot, row) in picked().enumerate() {
                    let text = if self.known.get(slot).is_none_or(|known| *known) {
                        texts.value(row)
                    } else {
                        ""
                    };
                    let number = match self.texts.get(text) {
                        Some(number) => *number,
                        None => {
                            let number = self.texts.len() as i64;
                            self.texts.insert(text.to_owned(), number);
                            number
                        }
                    };
                    self.numbers.push(number);
                }
            }
            _ => {
                let numbers = column.cast(&DataType::Int64)?;
                let numbers = numbers.i64()?.downcast_as_array().values();
                self.numbers.extend(picked().map(|row| numbers[row]));
            }
        }
        Ok(())
    }

    /// Returns whether some of the values are there; nothing where all are.
    fn known_of(&self, rows: Range<usize>) -> &[bool] {
        match self.known.is_empty() {
            true => &[],
            false => &self.known[rows],
        }
    }
}

/// The different values of every link, with the pieces in which each was seen: a bit for each piece,
/// in as many words as there are pieces for.
#[derive(Default)]
struct Distinct(PlHashMap<(u32, u32, i64), u64>);

impl Distinct {
    /// Returns the word of a piece, and its bit there.
    fn bit(piece: usize) -> (u32, u64) {
        let word = piece / u64::BITS as usize;
        (word as u32, 1 << (piece % u64::BITS as usize))
    }

    fn add(&mut self, place: u32, value: i64, piece: usize) {
        let (word, bit) = Self::bit(piece);
        *self.0.entry((place, word, value)).or_default() |= bit;
    }

    /// Returns how many different values each account has in some pieces.
    fn folded(&self, pieces: Range<usize>, reached: &Reached) -> Vec<i64> {
        let mut wanted: Vec<u64> = Vec::new();
        for (word, bit) in pieces.map(Self::bit) {
            wanted.resize(wanted.len().max(word as usize + 1), 0);
            wanted[word as usize] |= bit;
        }
        let words = wanted.iter().filter(|word| **word != 0).count();
        let mut folded = vec![0; reached.codes.len()];
        // A value may come through several links of an account, and stand in several words.
        let stands_once = reached.is_single && words < 2;
        let mut seen = PlHashSet::default();
        for ((place, word, value), pieces) in &self.0 {
            let at = reached.at[*place as usize];
            let counts = wanted
                .get(*word as usize)
                .is_some_and(|wanted| pieces & wanted != 0);
            if at != NOWHERE && counts && (stands_once || seen.insert((at, *value))) {
                folded[at as usize] += 1;
            }
        }
        folded
    }
}

#[allow(clippy::ptr_arg)] // The walk hands over what it was given.
fn add(sums: &mut Vec<Sums>, batch: &Batch<'_>) -> PolarsResult<()> {
    sums.iter_mut().try_for_each(|sums| sums.add(batch))
}
