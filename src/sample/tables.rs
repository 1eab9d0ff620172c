//! Rows in, a frame with columns of the exported types out.

use polars::prelude::*;

use crate::sample::timeline::{Day, Instant};

/// A frame in the making: one column after the other over the same rows.
pub struct Table<'a, T> {
    rows: &'a [T],
    columns: Vec<Column>,
}

impl<'a, T> Table<'a, T> {
    pub fn over(rows: &'a [T]) -> Self {
        Table {
            rows,
            columns: Vec::new(),
        }
    }

    pub fn text(self, name: &str, of: impl Fn(&'a T) -> &'a str) -> Self {
        self.optional_text(name, |row| Some(of(row)))
    }

    pub fn optional_text(self, name: &str, of: impl Fn(&'a T) -> Option<&'a str>) -> Self {
        let mut column = StringChunkedBuilder::new(name.into(), self.rows.len());
        for row in self.rows {
            column.append_option(of(row));
        }
        self.with(column.finish().into_column())
    }

    pub fn whole(self, name: &str, of: impl Fn(&'a T) -> Option<i32>) -> Self {
        let values: Int32Chunked = self.rows.iter().map(of).collect();
        self.with(values.with_name(name.into()).into_column())
    }

    pub fn flag(self, name: &str, of: impl Fn(&'a T) -> bool) -> Self {
        self.optional_flag(name, |row| Some(of(row)))
    }

    pub fn optional_flag(self, name: &str, of: impl Fn(&'a T) -> Option<bool>) -> Self {
        let values: BooleanChunked = self.rows.iter().map(of).collect();
        self.with(values.with_name(name.into()).into_column())
    }

    pub fn number(self, name: &str, of: impl Fn(&'a T) -> Option<f64>) -> Self {
        let values: Float64Chunked = self.rows.iter().map(of).collect();
        self.with(values.with_name(name.into()).into_column())
    }

    /// Adds an amount, in the currency that stands beside it.
    pub fn money(self, name: &str, of: impl Fn(&'a T) -> f64) -> Self {
        self.number(name, |row| Some(of(row)))
    }

    pub fn date(self, name: &str, of: impl Fn(&'a T) -> Option<Day>) -> Self {
        let values: Int32Chunked = self.rows.iter().map(of).collect();
        self.with(values.with_name(name.into()).into_date().into_column())
    }

    /// Adds an instant, in UTC.
    pub fn instant(self, name: &str, of: impl Fn(&'a T) -> Option<Instant>) -> Self {
        let values: Int64Chunked = self.rows.iter().map(of).collect();
        let named = values.with_name(name.into());
        self.with(
            named
                .into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))
                .into_column(),
        )
    }

    pub fn frame(self) -> PolarsResult<DataFrame> {
        DataFrame::new(self.rows.len(), self.columns)
    }

    fn with(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }
}

/// Returns the amount as the currency writes it: no decimals in yen, two elsewhere.
pub fn rounded(amount: f64, currency: &str) -> f64 {
    if currency == "JPY" {
        amount.round()
    } else {
        (amount * 100.0).round() / 100.0
    }
}
