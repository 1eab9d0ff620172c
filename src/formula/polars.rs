//! From the checked expression to Polars expressions.
//!
//! Two rules make the result the same on every run. Numbers are summed as integers where they are
//! whole or decimal, and floats are summed in sorted order, so neither threads nor row order show.
//! A division by a constant goes through a column: Polars would multiply by the reciprocal, which
//! is one bit off about a third of the time.

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use polars::lazy::dsl::{max_horizontal, min_horizontal};
use polars::prelude::*;

use super::calendar::Calendar;
use super::tree::{
    Aggregate, Arithmetic, Comparison, Expr as Formula, Kind, Literal, Node, Scalar as Function,
};

/// Returns the Polars expression of a formula without aggregates, with numbers as they are typed.
///
/// # Panics
/// When an aggregate stands in it, which the check has refused.
pub fn row_wise(formula: &Formula) -> Expr {
    match &formula.node {
        Node::Column(name) => number(col(name.as_str()), formula.kind),
        Node::OfAccount(name) => number(col(account_column(name)), formula.kind),
        Node::AsOf => col("as_of"),
        Node::EndOfAsOf(zone) => moment_of(date_of_days(days(col("as_of")) + lit(1)), *zone),
        Node::Literal(literal) => constant(literal),
        Node::Negate(x) => lit(0) - row_wise(x),
        Node::Not(x) => row_wise(x).not(),
        Node::Arithmetic(op, a, b) => arithmetic(*op, a, b),
        Node::Compare(op, a, b) => compare(*op, row_wise(a), row_wise(b)),
        Node::And(a, b) => row_wise(a).and(row_wise(b)),
        Node::Or(a, b) => row_wise(a).or(row_wise(b)),
        Node::IsNull(x) => row_wise(x).is_null(),
        Node::IsTrue(x, wanted) => row_wise(x).eq_missing(lit(*wanted)),
        Node::In(x, list) => any_of(
            list.iter()
                .map(|item| row_wise(x).eq(row_wise(item)))
                .collect(),
        ),
        Node::Like(x, pattern) => row_wise(x).str().contains(lit(regex_of(pattern)), true),
        Node::Case(arms, otherwise) => {
            let last = otherwise
                .as_ref()
                .map_or_else(|| lit(NULL), |otherwise| of_kind(otherwise, formula.kind));
            arms.iter().rev().fold(last, |rest, (condition, value)| {
                when(row_wise(condition))
                    .then(of_kind(value, formula.kind))
                    .otherwise(rest)
            })
        }
        Node::Cast(x) => cast(x, formula.kind),
        Node::BusinessHours(calendar, zone, from, to) => {
            business_hours(calendar, *zone, row_wise(from), row_wise(to))
        }
        Node::Call(function, arguments) => call(*function, arguments, formula.kind),
        Node::Aggregate(..) => {
            unreachable!("the check refuses an aggregate where there is one row")
        }
    }
}

/// Returns the column of a joined panel that holds a measure or column of the row's account.
#[must_use]
pub fn account_column(name: &str) -> String {
    format!("account.{name}")
}

/// The type of moments: microseconds, in UTC.
pub fn moments() -> DataType {
    DataType::Datetime(TimeUnit::Microseconds, Some(time_zone(Tz::UTC)))
}

/// Returns the moments at which the clocks of a zone show a date or a time.
///
/// Of a time that comes twice it is the first; a time that clocks skip is an hour later.
pub fn moment_of(wall_clock: Expr, zone: Tz) -> Expr {
    const HOUR: i64 = 3_600_000_000;
    let naive = DataType::Datetime(TimeUnit::Microseconds, None);
    let on_clocks = wall_clock.cast(naive.clone());
    let later = (on_clocks.clone().cast(DataType::Int64) + lit(HOUR)).cast(naive);
    let placed = |time: Expr| {
        time.dt()
            .replace_time_zone(Some(time_zone(zone)), lit("earliest"), NonExistent::Null)
    };
    coalesce(&[placed(on_clocks), placed(later)])
        .dt()
        .convert_time_zone(time_zone(Tz::UTC))
}

fn time_zone(zone: Tz) -> TimeZone {
    TimeZone::opt_try_new(Some(zone.name()))
        .ok()
        .flatten()
        .expect("a known zone has a name")
}

fn business_hours(calendar: &Arc<Calendar>, zone: Tz, from: Expr, to: Expr) -> Expr {
    let wall_clock = |moment: Expr| {
        moment
            .cast(moments())
            .dt()
            .convert_time_zone(time_zone(zone))
            .dt()
            .replace_time_zone(None, lit("raise"), NonExistent::Raise)
            .cast(DataType::Int64)
    };
    let calendar = calendar.clone();
    wall_clock(from).map_many(
        move |moments| {
            let [from, to] = moments else {
                unreachable!("there are two arguments")
            };
            let (from, to) = (from.i64()?, to.i64()?);
            let hours = pairs(from.len(), to.len())
                .map(|(m, n)| Some(calendar.hours_between(from.get(m)?, to.get(n)?)));
            let hours: Float64Chunked = hours.collect();
            Ok(hours.with_name(PlSmallStr::EMPTY).into_column())
        },
        &[wall_clock(to)],
        |_, fields| Ok(Field::new(fields[0].name().clone(), DataType::Float64)),
    )
}

/// Returns the places in two columns of one length, where a column of one value stands for as many
/// as the other has.
fn pairs(a: usize, b: usize) -> impl Iterator<Item = (usize, usize)> {
    let place = |len: usize, n: usize| if len == 1 { 0 } else { n };
    let len = if a == 1 { b } else { a };
    (0..len).map(move |n| (place(a, n), place(b, n)))
}

/// Returns the list without any element, as a constant.
pub fn empty_list() -> Expr {
    let nothing = Series::new_empty(PlSmallStr::EMPTY, &DataType::String);
    lit(Scalar::new(data_type(Kind::List), AnyValue::List(nothing)))
}

/// Returns a list as people read it.
pub fn shown_list(list: Expr) -> Expr {
    list.list().join(lit("; "), true)
}

fn list_except(a: Expr, b: Expr) -> Expr {
    a.map_many(
        |lists| {
            let [a, b] = lists else {
                unreachable!("there are two arguments")
            };
            let (a, b) = (a.list()?, b.list()?);
            let texts = |list: Series| -> PolarsResult<Vec<String>> {
                Ok(list.str()?.iter().flatten().map(str::to_owned).collect())
            };
            let mut left = ListStringChunkedBuilder::new(a.name().clone(), a.len(), a.len());
            for (m, n) in pairs(a.len(), b.len()) {
                match (a.get_as_series(m), b.get_as_series(n)) {
                    (Some(a), Some(b)) => {
                        let (a, b) = (texts(a)?, texts(b)?);
                        left.append_values_iter(
                            a.iter()
                                .filter(|text| !b.contains(text))
                                .map(String::as_str),
                        );
                    }
                    _ => left.append_null(),
                }
            }
            Ok(left.finish().into_column())
        },
        &[b],
        |_, fields| Ok(Field::new(fields[0].name().clone(), data_type(Kind::List))),
    )
}

/// Returns a date as a constant of the type Date; Polars' own literal is an instant, whose range
/// ends in 2262.
pub fn date_literal(date: NaiveDate) -> Expr {
    let days = date.signed_duration_since(NaiveDate::default()).num_days();
    lit(Scalar::new(
        DataType::Date,
        AnyValue::Date(i32::try_from(days).unwrap_or(i32::MAX)),
    ))
}

/// Returns whether any of the conditions holds, as a tree that stays shallow however many they are.
pub fn any_of(mut conditions: Vec<Expr>) -> Expr {
    match conditions.len() {
        0 => lit(false),
        1 => conditions.remove(0),
        n => {
            let rest = conditions.split_off(n / 2);
            any_of(conditions).or(any_of(rest))
        }
    }
}

/// Returns the Polars expression of one aggregate over the rows of a group where `mask` is true.
///
/// `order` are the columns that tell which row is the newest: the instant first, then the row key.
/// A group without any such row gives NULL, except for the counts, which give 0.
pub fn summary(
    aggregate: Aggregate,
    arguments: &[Formula],
    filter: Option<&Formula>,
    mask: &Expr,
    order: &[String],
) -> Expr {
    let mask = match filter {
        Some(filter) => mask.clone().and(row_wise(filter)),
        None => mask.clone(),
    };
    let rows = |x: Expr| x.filter(mask.clone());
    // The same for what passes nulls over: values are blanked in one sweep over all rows, where a
    // filter would be one per group.
    let among = |x: Expr| when(mask.clone()).then(x).otherwise(lit(NULL));
    let x = || row_wise(&arguments[0]);
    let known = || among(x()).count();
    match aggregate {
        Aggregate::CountRows => mask.cast(DataType::Int64).sum(),
        Aggregate::Count => known().cast(DataType::Int64),
        Aggregate::CountDistinct => rows(x()).drop_nulls().n_unique().cast(DataType::Int64),
        Aggregate::Sum => {
            let sum = match arguments[0].kind {
                Kind::Integer => whole_sum(x(), &among),
                Kind::Null => among(x()).sum(),
                Kind::Decimal => decimal_sum(&arguments[0], &rows),
                _ => in_order(rows(x())).sum(),
            };
            when(known().gt(lit(0))).then(sum).otherwise(lit(NULL))
        }
        Aggregate::Avg => match arguments[0].kind {
            // Whole numbers sum to the same in any order.
            Kind::Integer => when(known().gt(lit(0)))
                .then(whole_sum(x(), &among) / known().cast(DataType::Float64))
                .otherwise(lit(NULL)),
            Kind::Decimal => when(known().gt(lit(0)))
                .then(decimal_sum(&arguments[0], &rows) / known().cast(DataType::Float64))
                .otherwise(lit(NULL)),
            _ => in_order(rows(x().cast(DataType::Float64))).mean(),
        },
        Aggregate::Min => among(x()).min(),
        Aggregate::Max => among(x()).max(),
        Aggregate::Median => rows(x().cast(DataType::Float64)).median(),
        Aggregate::StdDev => in_order(rows(x().cast(DataType::Float64))).std(1),
        // Nulls go last: where no row of any group counts, the engine would make nothing of the
        // groups first, and then look for different values in groups that hold none.
        Aggregate::ListDistinct => among(x())
            .unique()
            .drop_nulls()
            .sort(SortOptions::default()),
        Aggregate::Latest => newest(x(), &mask.and(x().is_not_null()), order),
        Aggregate::LatestRow => newest(x(), &mask, order),
        Aggregate::RegrSlope => {
            let (y, x) = (
                row_wise(&arguments[0]).cast(DataType::Float64),
                row_wise(&arguments[1]).cast(DataType::Float64),
            );
            slope(&y, &x, &mask)
        }
    }
}

/// Returns numbers in an order that is theirs alone, whatever the order of the rows: floats sum to
/// other last bits in another order.
pub fn in_order(numbers: Expr) -> Expr {
    kept(numbers.sort(SortOptions::default()))
}

/// Keeps the order of numbers where they are summed.
///
/// To the engine a sum has no order, so it takes away a sort that stands right before one. A slice
/// looks at the order, also one of everything.
fn kept(sorted: Expr) -> Expr {
    sorted.slice(lit(0u32), lit(u32::MAX))
}

/// Returns the slope of the least-squares line of y over x, from centred sums in a fixed order.
fn slope(y: &Expr, x: &Expr, mask: &Expr) -> Expr {
    let both = mask
        .clone()
        .and(x.clone().is_not_null())
        .and(y.clone().is_not_null());
    let among = |column: &Expr| when(both.clone()).then(column.clone()).otherwise(lit(NULL));
    let (ys, xs) = (among(y), among(x));
    let by = [xs.clone(), ys.clone()];
    let sorted = |column: &Expr| {
        let column = column.clone();
        kept(column.sort_by(by.clone(), SortMultipleOptions::default()))
    };
    let dx = sorted(&xs) - sorted(&xs).mean();
    let dy = sorted(&ys) - sorted(&ys).mean();
    let spread = (dx.clone() * dx.clone()).sum();
    let several = xs.drop_nulls().n_unique().gt(lit(1));
    when(several)
        .then((dx * dy).sum() / spread)
        .otherwise(lit(NULL))
}

/// Returns x of the newest row where `mask` is true.
///
/// Rows outside the mask sort first instead of being taken out: a group may have none inside.
fn newest(x: Expr, mask: &Expr, order: &[String]) -> Expr {
    let mut by = vec![mask.clone()];
    by.extend(order.iter().map(|column| col(column.as_str())));
    by.push(x.clone());
    let last = x.sort_by(by, SortMultipleOptions::default()).last();
    when(mask.clone().any(true)).then(last).otherwise(lit(NULL))
}

/// Returns whether several different x share the newest instant where `mask` is true, so that
/// nothing but their size decides which of them LATEST gives; `None` for other aggregates.
#[must_use]
pub fn tie(
    aggregate: Aggregate,
    arguments: &[Formula],
    mask: &Expr,
    instant: &str,
) -> Option<Expr> {
    let x = row_wise(arguments.first()?);
    let counts = match aggregate {
        Aggregate::Latest => mask.clone().and(x.clone().is_not_null()),
        Aggregate::LatestRow => mask.clone(),
        _ => return None,
    };
    let newest = col(instant).filter(counts.clone()).max();
    Some(
        x.filter(counts.and(col(instant).eq(newest)))
            .n_unique()
            .gt(lit(1)),
    )
}

/// Sums whole numbers in 128 bits: ids and bytes add up to more than 64 bits hold, and a sum that
/// wraps around is wrong by any measure.
fn whole_sum(x: Expr, rows: &impl Fn(Expr) -> Expr) -> Expr {
    rows(x.cast(DataType::Decimal(38, 0)))
        .sum()
        .cast(DataType::Float64)
}

fn decimal_sum(argument: &Formula, rows: &impl Fn(Expr) -> Expr) -> Expr {
    match &argument.node {
        Node::Column(name) => rows(col(name.as_str())).sum().cast(DataType::Float64),
        _ => in_order(rows(row_wise(argument))).sum(),
    }
}

/// Decimals leave the exact world where anything but a sum is asked of them.
fn number(column: Expr, kind: Kind) -> Expr {
    if kind == Kind::Decimal {
        column.cast(DataType::Float64)
    } else {
        column
    }
}

fn of_kind(formula: &Formula, kind: Kind) -> Expr {
    let expr = row_wise(formula);
    if kind == Kind::Float && formula.kind == Kind::Integer {
        expr.cast(DataType::Float64)
    } else {
        expr
    }
}

fn constant(literal: &Literal) -> Expr {
    match literal {
        Literal::Integer(integer) => lit(*integer),
        Literal::Float(float) => lit(*float),
        Literal::Text(text) => lit(text.clone()),
        Literal::Boolean(truth) => lit(*truth),
        Literal::Date(date) => date_literal(*date),
        Literal::Null => lit(NULL),
    }
}

fn arithmetic(op: Arithmetic, a: &Formula, b: &Formula) -> Expr {
    let (x, y) = (row_wise(a), row_wise(b));
    match op {
        Arithmetic::Add => x + y,
        Arithmetic::Subtract => x - y,
        Arithmetic::Multiply => x.cast(DataType::Float64) * y.cast(DataType::Float64),
        Arithmetic::Divide => quotient(x.cast(DataType::Float64), y.cast(DataType::Float64)),
    }
}

/// Returns x / y, NULL where y is zero.
fn quotient(x: Expr, y: Expr) -> Expr {
    let divisor = when(x.clone().is_not_null().and(y.clone().neq(lit(0.0))))
        .then(y)
        .otherwise(lit(NULL));
    x / divisor
}

fn compare(op: Comparison, a: Expr, b: Expr) -> Expr {
    match op {
        Comparison::Equal => a.eq(b),
        Comparison::NotEqual => a.neq(b),
        Comparison::Less => a.lt(b),
        Comparison::LessOrEqual => a.lt_eq(b),
        Comparison::Greater => a.gt(b),
        Comparison::GreaterOrEqual => a.gt_eq(b),
    }
}

fn cast(x: &Formula, kind: Kind) -> Expr {
    let value = row_wise(x);
    match (x.kind, kind) {
        (from, to) if from == to => value,
        (Kind::List, Kind::Text) => shown_list(value),
        (Kind::Text, Kind::Float) => {
            let parsed = value.cast(DataType::Float64);
            when(parsed.clone().is_finite())
                .then(parsed)
                .otherwise(lit(NULL))
        }
        // The day is what the first ten characters say, also where a time follows.
        (Kind::Text, Kind::Date) => value.str().head(lit(10)).str().to_date(StrptimeOptions {
            format: Some("%Y-%m-%d".into()),
            strict: false,
            ..StrptimeOptions::default()
        }),
        (_, kind) => value.cast(data_type(kind)),
    }
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Integer => DataType::Int64,
        Kind::Decimal | Kind::Float => DataType::Float64,
        Kind::Text => DataType::String,
        Kind::Boolean => DataType::Boolean,
        Kind::Date => DataType::Date,
        Kind::Instant => moments(),
        Kind::List => DataType::List(Box::new(DataType::String)),
        Kind::Null => DataType::Null,
    }
}

fn call(function: Function, arguments: &[Formula], kind: Kind) -> Expr {
    let all = || -> Vec<Expr> {
        arguments
            .iter()
            .map(|argument| of_kind(argument, kind))
            .collect()
    };
    let first = || row_wise(&arguments[0]);
    match function {
        Function::Coalesce => coalesce(&all()),
        Function::NullIf => when(first().eq(row_wise(&arguments[1])).fill_null(lit(false)))
            .then(lit(NULL))
            .otherwise(first()),
        Function::Least => unless_null(&all(), min_horizontal(all())),
        Function::Greatest => unless_null(&all(), max_horizontal(all())),
        Function::Round => {
            let places = match arguments.get(1).map(|places| &places.node) {
                Some(Node::Literal(Literal::Integer(places))) => {
                    u32::try_from(*places).unwrap_or(0)
                }
                _ => 0,
            };
            first()
                .cast(DataType::Float64)
                .round(places, RoundMode::HalfAwayFromZero)
        }
        Function::Abs => first().abs(),
        Function::DateDiff => days(row_wise(&arguments[2])) - days(row_wise(&arguments[1])),
        Function::HoursBetween => {
            let number = |moment: &Formula| row_wise(moment).cast(moments()).cast(DataType::Int64);
            let passed = number(&arguments[2]) - number(&arguments[1]);
            quotient(passed.cast(DataType::Float64), lit(3_600_000_000.0))
        }
        Function::DateAdd => {
            let whole = |number: Expr| number.cast(DataType::Int64).cast(DataType::Float64);
            // Of a constant the engine would make a column of one row, and then miss the others.
            let from = match &arguments[2].node {
                Node::Literal(Literal::Date(date)) => {
                    let days = date.signed_duration_since(NaiveDate::default()).num_days();
                    lit(days as f64)
                }
                _ => whole(days(row_wise(&arguments[2]))),
            };
            date_of_days(whole(row_wise(&arguments[1])) + from)
        }
        Function::Concat => concat_str(all(), "", false),
        Function::ListExcept => list_except(first(), row_wise(&arguments[1])),
        Function::ListSize => first().list().len().cast(DataType::Int64),
        Function::Lower => first().str().to_lowercase(),
        Function::Upper => first().str().to_uppercase(),
        Function::Left => first().str().head(row_wise(&arguments[1])),
    }
}

/// Returns a value of several arguments, NULL where any of them is: what is missing is not passed
/// over, or a share of seats that nobody knows would become the limit it is held to.
fn unless_null(arguments: &[Expr], value: PolarsResult<Expr>) -> Expr {
    let known = arguments
        .iter()
        .cloned()
        .map(Expr::is_not_null)
        .reduce(Expr::and);
    when(known.expect("the check demands an argument"))
        .then(value.expect("the check demands an argument"))
        .otherwise(lit(NULL))
}

fn days(date: Expr) -> Expr {
    date.cast(DataType::Date)
        .cast(DataType::Int32)
        .cast(DataType::Int64)
}

/// Returns the dates so many days after 1970 began; NULL outside the years 1 to 9999.
fn date_of_days(days: Expr) -> Expr {
    const FIRST: i32 = -719_162;
    const LAST: i32 = 2_932_896;
    when(
        days.clone()
            .gt_eq(lit(FIRST))
            .and(days.clone().lt_eq(lit(LAST))),
    )
    .then(days.cast(DataType::Int32).cast(DataType::Date))
    .otherwise(lit(NULL))
}

/// Turns a LIKE pattern into an anchored regular expression: `%` any text, `_` one character.
fn regex_of(pattern: &str) -> String {
    let mut regex = String::from(r"(?s)\A");
    for c in pattern.chars() {
        match c {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            c if c.is_ascii_punctuation() => {
                regex.push('\\');
                regex.push(c);
            }
            c => regex.push(c),
        }
    }
    regex.push_str(r"\z");
    regex
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Returns an aggregate of x (and y, behind it) over one group, with the rows in that order.
    fn over(aggregate: Aggregate, rows: &[(f64, f64)]) -> f64 {
        let (x, y): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
        let column = |name: &str| Formula {
            node: Node::Column(name.into()),
            kind: Kind::Float,
            span: 0..0,
        };
        let arguments = [column("x"), column("y")];
        let mask = col("x").is_not_null();
        let group = vec![1; rows.len()];
        let frame = df!("group" => group, "x" => x, "y" => y).unwrap();
        let found = frame
            .lazy()
            .group_by([col("group")])
            .agg([summary(aggregate, &arguments, None, &mask, &[]).alias("found")])
            .collect()
            .unwrap();
        found
            .column("found")
            .unwrap()
            .f64()
            .unwrap()
            .get(0)
            .unwrap()
    }

    /// The engine speaks up where groups reach beyond the values they are groups of.
    #[test]
    fn no_aggregate_of_rows_of_which_none_counts_leaves_its_groups() {
        static SPOKEN: AtomicUsize = AtomicUsize::new(0);
        polars::error::set_warning_function(|_, _| {
            SPOKEN.fetch_add(1, Ordering::Relaxed);
        });
        let column = |name: &str, kind: Kind| Formula {
            node: Node::Column(name.into()),
            kind,
            span: 0..0,
        };
        let frame = df!(
            "group" => ["a", "a", "b", "c"], "counts" => [false; 4],
            "x" => [1.5, 2.5, 3.5, 4.5], "word" => ["p", "q", "p", "q"], "n" => [1i64, 2, 3, 4],
        )
        .unwrap();
        let order = ["n".to_owned()];
        let numbers = [
            Aggregate::CountDistinct,
            Aggregate::Sum,
            Aggregate::Avg,
            Aggregate::Min,
            Aggregate::Median,
            Aggregate::StdDev,
            Aggregate::Latest,
            Aggregate::LatestRow,
            Aggregate::RegrSlope,
        ];
        let numbers = numbers.map(|aggregate| (aggregate, column("x", Kind::Float)));
        let list = (Aggregate::ListDistinct, column("word", Kind::Text));
        for (aggregate, argument) in numbers.into_iter().chain([list]) {
            let arguments = [argument.clone(), argument];
            let expr = summary(aggregate, &arguments, None, &col("counts"), &order);
            let groups = frame.clone().lazy().group_by([col("group")]);
            let found = groups.agg([expr.alias("found")]).collect().unwrap();
            assert_eq!(found.height(), 3);
            assert_eq!(SPOKEN.load(Ordering::Relaxed), 0, "{aggregate:?}");
        }
    }

    #[test]
    fn floats_are_summed_in_one_order_whatever_that_of_the_rows() {
        // The sum of the first three is 1.4 or 1.4000000000000001, by their order.
        let rows = [
            (0.5, 0.1),
            (0.7000000000000001, 0.7),
            (0.2, 0.30000000000000004),
            (1e16, 3.3),
            (1.1, 1e-3),
        ];
        let mut turned = rows;
        for aggregate in [
            Aggregate::Sum,
            Aggregate::Avg,
            Aggregate::StdDev,
            Aggregate::RegrSlope,
        ] {
            let expected = over(aggregate, &rows).to_bits();
            for _ in 0..rows.len() {
                turned.rotate_left(1);
                assert_eq!(
                    over(aggregate, &turned).to_bits(),
                    expected,
                    "{aggregate:?}"
                );
                turned.reverse();
                assert_eq!(
                    over(aggregate, &turned).to_bits(),
                    expected,
                    "{aggregate:?}"
                );
                turned.reverse();
            }
        }
    }
}
