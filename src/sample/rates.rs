//! Exchange rates at the end of every month, from one before the first covered.

use polars::prelude::*;

use crate::sample::random::{self, Purpose, stream};
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, Timeline};

/// What one unit was worth in US dollars before the first month.
const AT_FIRST: [(&str, f64); 4] = [("EUR", 1.08), ("GBP", 1.26), ("JPY", 0.0067), ("USD", 1.0)];
const MONTHLY_SPREAD: f64 = 0.015;

struct RateRow {
    currency: &'static str,
    day: Day,
    dollars: f64,
}

/// Returns `exchange_rates.parquet`.
pub fn frame(timeline: &Timeline, seed: u64) -> PolarsResult<DataFrame> {
    let mut rows = Vec::new();
    for ((currency, at_first), number) in AT_FIRST.into_iter().zip(0..) {
        let mut rng = stream(seed, number, Purpose::Rates);
        let mut dollars = at_first;
        for month in 0..=timeline.months {
            let day = timeline.month_start(month) - 1;
            if day <= timeline.last {
                // Six significant digits, as banks quote them.
                let digits = if dollars < 0.1 { 1e8 } else { 1e6 };
                rows.push(RateRow {
                    currency,
                    day,
                    dollars: (dollars * digits).round() / digits,
                });
            }
            if currency != "USD" {
                dollars *= (MONTHLY_SPREAD * random::normal(&mut rng)).exp();
            }
        }
    }
    Table::over(&rows)
        .text("currency", |row| row.currency)
        .date("rate_date", |row| Some(row.day))
        .number("usd_per_unit", |row| Some(row.dollars))
        .frame()
}
