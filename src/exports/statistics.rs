//! What footers say of the dates in a table, so that its age is known before any data is read.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeZone};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::statistics::Statistics;

use super::as_of::{ALWAYS, NEVER};
use super::contract::{History, Table};
use super::parquet_files::Stored;

/// The first and the last moment of a column; those with a zone are in UTC.
pub type Span = (NaiveDateTime, NaiveDateTime);

/// Returns the span of every column of dates or instants of which the footer says it; a column
/// with nothing but nulls has none.
#[must_use]
pub fn spans(metadata: &ParquetMetaData) -> BTreeMap<String, Span> {
    let mut spans: BTreeMap<String, Option<Span>> = BTreeMap::new();
    for group in metadata.row_groups() {
        for chunk in group.columns() {
            let [name] = chunk.column_path().parts() else {
                continue;
            };
            let Some(per_second) = ticks(chunk) else {
                continue;
            };
            let all_null = chunk
                .statistics()
                .and_then(Statistics::null_count_opt)
                .is_some_and(|nulls| i64::try_from(nulls) == Ok(chunk.num_values()));
            if all_null {
                continue;
            }
            let here = chunk
                .statistics()
                .and_then(|statistics| ends(statistics, per_second));
            let together = spans.entry(name.clone()).or_insert(here);
            // Where one part does not say it, nothing is known of the whole.
            *together = match (*together, here) {
                (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
                _ => None,
            };
        }
    }
    spans
        .into_iter()
        .filter_map(|(name, span)| Some((name, span?)))
        .collect()
}

/// Returns how many ticks of a column make a second; zero where it counts days, `None` where it
/// holds no dates.
fn ticks(chunk: &ColumnChunkMetaData) -> Option<i64> {
    let column = chunk.column_descr();
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Some(0),
        (Some(LogicalType::Timestamp(timestamp)), _) => Some(match timestamp.unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        }),
        (None, ConvertedType::TIMESTAMP_MILLIS) => Some(1_000),
        (None, ConvertedType::TIMESTAMP_MICROS) => Some(1_000_000),
        _ => None,
    }
}

fn ends(statistics: &Statistics, per_second: i64) -> Option<Span> {
    let (min, max) = match statistics {
        Statistics::Int32(days) => (i64::from(*days.min_opt()?), i64::from(*days.max_opt()?)),
        Statistics::Int64(ticks) => (*ticks.min_opt()?, *ticks.max_opt()?),
        _ => return None,
    };
    let moment = |value: i64| -> Option<NaiveDateTime> {
        if per_second == 0 {
            let day = Days::new(value.unsigned_abs());
            let epoch = NaiveDate::default();
            let date = if value < 0 {
                epoch.checked_sub_days(day)
            } else {
                epoch.checked_add_days(day)
            };
            return date?.and_hms_opt(0, 0, 0);
        }
        Some(DateTime::from_timestamp(value.div_euclid(per_second), 0)?.naive_utc())
    };
    Some((moment(min)?, moment(max)?))
}

impl Table {
    /// Returns the column that says how new its rows are; `None` for dumps that their path dates,
    /// and for a table without dates.
    #[must_use]
    pub fn dated_by(&self) -> Option<&String> {
        match &self.history {
            History::Loads(column) | History::Dumps(Some(column)) => Some(column),
            History::Dumps(None) => None,
            History::Versions { from, .. } => self.time.as_ref().or(Some(from)),
            History::Events => self.time.as_ref(),
        }
    }

    /// Returns the first and the last date of its rows by the footers alone, where they say it.
    #[must_use]
    pub fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        if self.history == History::Dumps(None) {
            let dates = || self.files.iter().filter_map(|file| file.dump);
            return Some((dates().min()?, dates().max()?));
        }
        let column = self.columns.get(self.dated_by()?)?;
        let mut span: Option<(NaiveDate, NaiveDate)> = None;
        for file in self.files.iter().filter(|file| file.rows > 0) {
            let stored = *file.columns.get(&column.theirs)?;
            if stored == Stored::Nothing {
                continue;
            }
            let (from, to) = *file.spans.get(&column.theirs)?;
            let local = |moment: NaiveDateTime| match stored {
                Stored::Instant { zoned: true, .. } => {
                    self.zone.from_utc_datetime(&moment).date_naive()
                }
                _ => moment.date(),
            };
            let (from, to) = (local(from), local(to));
            span = Some(span.map_or((from, to), |(a, b)| (a.min(from), b.max(to))));
        }
        // Dates by which some systems say "always" and "never" are no dates.
        span.filter(|(from, to)| *from >= ALWAYS && *to < NEVER)
    }
}
