//! Evidence: templates filled from the values of each account.

use polars::prelude::*;

use crate::domain::one_line;
use crate::formula::{Expr as Formula, Kind, row_wise, shown_list};
use crate::model::rules::Facts;
use crate::model::rules::template::{Format, Piece, Template};

/// What stands where the data has nothing to say.
const MISSING: &str = "not in the data";

/// Returns the text of a template for each account.
pub(super) fn text(template: &Template, facts: &Facts) -> Expr {
    let pieces: Vec<Expr> = template
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => lit(text.clone()),
            Piece::Value(formula, format) => value(formula, *format, facts).fill_null(lit(MISSING)),
        })
        .collect();
    concat_str(pieces, "", false)
}

fn value(formula: &Formula, format: Format, facts: &Facts) -> Expr {
    let value = row_wise(formula);
    match (format, formula.kind) {
        (Format::Decimals(decimals), _) => number(value, move |x| decimal(x, decimals.into())),
        (Format::Percent, _) => number(value, |x| format!("{} %", decimal(x * 100.0, 0))),
        (Format::Money, _) => {
            let currency = facts.currency.as_deref().map_or_else(|| lit(NULL), col);
            let currency = on_one_line(currency.cast(DataType::String)).fill_null(lit("?"));
            concat_str([number(value, |x| decimal(x, 0)), currency], " ", false)
        }
        (Format::Plain, Kind::Text) => on_one_line(value),
        (Format::Plain, Kind::List) => {
            let shown = shown_list(value);
            when(shown.clone().eq(lit("")))
                .then(lit("none"))
                .otherwise(on_one_line(shown))
        }
        (Format::Plain, Kind::Boolean) => when(value.clone())
            .then(lit("yes"))
            .when(value.is_not_null())
            .then(lit("no"))
            .otherwise(lit(NULL)),
        (Format::Plain, Kind::Date | Kind::Null) => value.cast(DataType::String),
        (Format::Plain, _) => number(value, plain),
    }
}

/// Makes outside text safe to show; empty text says nothing.
pub(super) fn on_one_line(text: Expr) -> Expr {
    text.map(
        |column| {
            let texts = column.str()?.iter();
            let texts = texts.map(|text| text.filter(|text| !text.is_empty()).map(one_line));
            let safe: StringChunked = texts.collect();
            Ok(safe.with_name(column.name().clone()).into_column())
        },
        as_text,
    )
}

fn number(value: Expr, write: impl Fn(f64) -> String + Send + Sync + 'static) -> Expr {
    value.cast(DataType::Float64).map(
        move |column| {
            let written: StringChunked = column.f64()?.iter().map(|x| x.map(&write)).collect();
            Ok(written.with_name(column.name().clone()).into_column())
        },
        as_text,
    )
}

fn as_text(_: &Schema, field: &Field) -> PolarsResult<Field> {
    Ok(Field::new(field.name().clone(), DataType::String))
}

/// Writes a number as a person would: whole ones whole, small ones with two decimals, others with
/// one.
fn plain(x: f64) -> String {
    let is_whole = (x - x.round()).abs() < 1e-9;
    let decimals = match (is_whole, x.abs() < 1.0) {
        (true, _) => 0,
        (false, true) => 2,
        (false, false) => 1,
    };
    decimal(x, decimals)
}

/// Writes a number with so many decimals, halves away from zero, thousands set apart.
fn decimal(x: f64, decimals: usize) -> String {
    let grid = 10f64.powi(decimals as i32);
    // What binary fractions take from a half is given back first.
    let steps = ((x.abs() * grid * 1e6).round() / 1e6 + 0.5).floor();
    let digits = format!("{:.decimals$}", steps / grid);
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let groups: Vec<&str> = whole
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    let sign = if x < 0.0 && steps > 0.0 { "-" } else { "" };
    format!("{sign}{}{rest}", groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_a_person_writes_them() {
        let shown: Vec<String> = [0.0, 12.0, 12.34, 0.256, -3.75, 1_234_567.0, 999.96]
            .map(plain)
            .to_vec();
        assert_eq!(
            shown,
            ["0", "12", "12.3", "0.26", "-3.8", "1,234,567", "1,000.0"]
        );
    }

    #[test]
    fn halves_go_away_from_zero_whatever_binary_fractions_say() {
        assert_eq!(decimal(1.005, 2), "1.01");
        assert_eq!(decimal(-2.5, 0), "-3");
        assert_eq!(decimal(-0.2, 0), "0");
    }
}
