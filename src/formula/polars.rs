//! From the checked expression to Polars expressions.
//!
//! Two rules make the result the same on every run. Numbers are summed as integers where they are
//! whole or decimal, and floats are summed in sorted order, so neither threads nor row order show.
//! A division by a constant goes through a column: Polars would multiply by the reciprocal, which
//! is one bit off about a third of the time.

use chrono::NaiveDate;
use polars::lazy::dsl::{max_horizontal, min_horizontal};
use polars::prelude::*;

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
        Node::AsOf => col("as_of"),
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
        Node::Call(function, arguments) => call(*function, arguments, formula.kind),
        Node::Aggregate(..) => {
            unreachable!("the check refuses an aggregate where there is one row")
        }
    }
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
    let x = || row_wise(&arguments[0]);
    let known = || rows(x()).count();
    let in_order = |x: Expr| x.sort(SortOptions::default());
    match aggregate {
        Aggregate::CountRows => mask.cast(DataType::Int64).sum(),
        Aggregate::Count => known().cast(DataType::Int64),
        Aggregate::CountDistinct => rows(x()).drop_nulls().n_unique().cast(DataType::Int64),
        Aggregate::Sum => {
            let sum = match arguments[0].kind {
                Kind::Integer | Kind::Null => rows(x()).sum(),
                Kind::Decimal => decimal_sum(&arguments[0], &rows),
                _ => in_order(rows(x())).sum(),
            };
            when(known().gt(lit(0))).then(sum).otherwise(lit(NULL))
        }
        Aggregate::Avg => match arguments[0].kind {
            Kind::Decimal => when(known().gt(lit(0)))
                .then(decimal_sum(&arguments[0], &rows) / known().cast(DataType::Float64))
                .otherwise(lit(NULL)),
            _ => in_order(rows(x().cast(DataType::Float64))).mean(),
        },
        Aggregate::Min => rows(x()).min(),
        Aggregate::Max => rows(x()).max(),
        Aggregate::Median => rows(x().cast(DataType::Float64)).median(),
        Aggregate::StdDev => in_order(rows(x().cast(DataType::Float64))).std(1),
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
        column
            .clone()
            .sort_by(by.clone(), SortMultipleOptions::default())
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

fn decimal_sum(argument: &Formula, rows: &impl Fn(Expr) -> Expr) -> Expr {
    match &argument.node {
        Node::Column(name) => rows(col(name.as_str())).sum().cast(DataType::Float64),
        _ => rows(row_wise(argument)).sort(SortOptions::default()).sum(),
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
        Arithmetic::Divide => {
            let (x, y) = (x.cast(DataType::Float64), y.cast(DataType::Float64));
            let divisor = when(x.clone().is_not_null().and(y.clone().neq(lit(0.0))))
                .then(y)
                .otherwise(lit(NULL));
            x / divisor
        }
    }
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
        Function::Lower => first().str().to_lowercase(),
        Function::Upper => first().str().to_uppercase(),
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
