//! What the values of a column look like.

use std::collections::{HashMap, HashSet};
use std::fs::File;

use chrono::{DateTime, Days, NaiveDate};
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::statistics::Statistics;
use polars::prelude::*;

use super::{ParquetFile, SeenColumn, Shape, Stored, text_of};

/// Different values of a column that are kept.
const VALUES_KEPT: usize = 40;

/// Returns what the cells of a column look like; `None` where they cannot be read.
///
/// `bounds` holds what footers say of the days in columns of dates.
pub(super) fn column(
    name: &str,
    stored: Stored,
    cells: &Column,
    bounds: &HashMap<String, [NaiveDate; 2]>,
) -> Option<SeenColumn> {
    let (different, times) = counted(cells).ok()?;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (value, times) in different.iter().zip(times) {
        if let Some(value) = value {
            *counts.entry(value).or_default() += times;
        }
    }
    let mut values: Vec<(&str, usize)> = counts.iter().map(|(value, n)| (*value, *n)).collect();
    values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let distinct = values.len();
    let kept = if distinct <= VALUES_KEPT {
        values
            .iter()
            .map(|(value, _)| (*value).to_owned())
            .collect()
    } else {
        vec![]
    };
    let series = cells.as_materialized_series();
    let numbers: Vec<f64> = if series.dtype().is_primitive_numeric() || series.dtype().is_decimal()
    {
        let floats = series.cast(&DataType::Float64).ok()?;
        let floats = floats.f64().ok()?;
        floats.iter().flatten().filter(|x| x.is_finite()).collect()
    } else {
        vec![]
    };
    let range = (!numbers.is_empty()).then(|| {
        numbers
            .iter()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| {
                [low.min(*x), high.max(*x)]
            })
    });
    let shape = shape(name, stored, &values, &numbers, range);
    let days = match shape {
        Shape::Moment => bounds.get(name).copied().or_else(|| day_range(series)),
        Shape::TextMoment => extremes(values.iter().filter_map(|(text, _)| day_of_text(text))),
        Shape::Epoch(ticks) => extremes(numbers.iter().filter_map(|x| day_of_epoch(*x, ticks))),
        Shape::DayNumber => extremes(numbers.iter().filter_map(|x| day_of_number(*x))),
        _ => None,
    };
    Some(SeenColumn {
        name: name.to_owned(),
        stored,
        shape,
        nulls: cells.null_count() as f64 / cells.len().max(1) as f64,
        distinct,
        values: kept,
        range,
        days,
    })
}

/// Returns the different values of a column as text, each with how many cells hold it; writing every
/// cell out would cost more than all else.
fn counted(cells: &Column) -> PolarsResult<(StringChunked, Vec<usize>)> {
    const TIMES: &str = "__times";
    let name = cells.name().clone();
    let counted = DataFrame::new_infer_height(vec![cells.clone()])?
        .lazy()
        .group_by([col(name.clone())])
        .agg([len().cast(DataType::UInt64).alias(TIMES)])
        .collect()?;
    let times = counted.column(TIMES)?.u64()?.into_no_null_iter();
    let times = times.map(|times| usize::try_from(times).unwrap_or(usize::MAX));
    Ok((text_of(counted.column(&name)?)?, times.collect()))
}

/// Returns what most of the values look like; the name tells ticks since 1970 from other large numbers.
fn shape(
    name: &str,
    stored: Stored,
    values: &[(&str, usize)],
    numbers: &[f64],
    range: Option<[f64; 2]>,
) -> Shape {
    const FLAGS: &[&str] = &["0", "1", "true", "false", "yes", "no", "y", "n", "t", "f"];
    let most = |fits: &dyn Fn(&str) -> bool| {
        let fitting: usize = values.iter().filter(|(v, _)| fits(v)).map(|(_, n)| n).sum();
        let all: usize = values.iter().map(|(_, n)| n).sum();
        all > 0 && fitting as f64 >= 0.95 * all as f64
    };
    let is_flag = (1..=2).contains(&values.len())
        && values
            .iter()
            .all(|(value, _)| FLAGS.contains(&value.to_lowercase().as_str()));
    match stored {
        Stored::Boolean => Shape::Flag,
        Stored::Date | Stored::Instant { .. } => Shape::Moment,
        Stored::Nothing | Stored::Other => Shape::Nothing,
        Stored::Text if values.is_empty() => Shape::Nothing,
        Stored::Text if most(&|text| day_of_text(text).is_some()) => Shape::TextMoment,
        Stored::Text if is_flag => Shape::Flag,
        Stored::Text if most(&|text| text.parse::<f64>().is_ok_and(f64::is_finite)) => {
            Shape::Number
        }
        Stored::Text => Shape::Text,
        _ => {
            let Some([low, high]) = range else {
                return Shape::Nothing;
            };
            let whole = numbers.iter().all(|x| x.fract() == 0.0);
            let name = name.to_lowercase();
            let speaks_of_time = [
                "time", "day", "date", "_at", "created", "updated", "_on", "ts", "epoch",
            ]
            .iter()
            .any(|word| name.contains(word));
            if is_flag {
                return Shape::Flag;
            }
            // From 2000 to 2040 in seconds, milli-, micro- and nanoseconds.
            for ticks in [1i64, 1_000, 1_000_000, 1_000_000_000] {
                let per = ticks as f64;
                if speaks_of_time && low >= 946_684_800.0 * per && high < 2_208_988_800.0 * per {
                    return Shape::Epoch(ticks);
                }
            }
            let is_day = |x: &f64| day_of_number(*x).is_some();
            if speaks_of_time && whole && numbers.iter().all(is_day) {
                return Shape::DayNumber;
            }
            if whole { Shape::Whole } else { Shape::Number }
        }
    }
}

fn day_of_text(text: &str) -> Option<NaiveDate> {
    let rest = text.get(10..)?;
    let day = text.get(..10)?.parse().ok()?;
    (rest.is_empty() || rest.starts_with([' ', 'T'])).then_some(day)
}

fn day_of_epoch(value: f64, ticks: i64) -> Option<NaiveDate> {
    let seconds = value / ticks as f64;
    (0.0..1e11)
        .contains(&seconds)
        .then(|| DateTime::from_timestamp(seconds as i64, 0))
        .flatten()
        .map(|moment| moment.date_naive())
}

fn day_of_number(value: f64) -> Option<NaiveDate> {
    if !(19_000_101.0..21_000_101.0).contains(&value) || value.fract() != 0.0 {
        return None;
    }
    let number = value as u32;
    NaiveDate::from_ymd_opt((number / 10_000) as i32, number / 100 % 100, number % 100)
}

fn extremes(days: impl Iterator<Item = NaiveDate>) -> Option<[NaiveDate; 2]> {
    days.fold(None, |range, day| match range {
        None => Some([day, day]),
        Some([first, last]) => Some([first.min(day), last.max(day)]),
    })
}

fn day_range(series: &Series) -> Option<[NaiveDate; 2]> {
    let days = series.cast(&DataType::Date).ok()?;
    let days = days.cast(&DataType::Int32).ok()?;
    let days = days.i32().ok()?;
    extremes(
        days.iter()
            .flatten()
            .filter_map(|day| after_1970(i64::from(day))),
    )
}

fn after_1970(days: i64) -> Option<NaiveDate> {
    let start = NaiveDate::default();
    match u64::try_from(days) {
        Ok(days) => start.checked_add_days(Days::new(days)),
        Err(_) => start.checked_sub_days(Days::new(days.unsigned_abs())),
    }
}

/// Returns first and last day of every column of dates and instants whose statistics are complete.
pub(super) fn dates_in_footers(files: &[ParquetFile]) -> HashMap<String, [NaiveDate; 2]> {
    let mut bounds: HashMap<String, [NaiveDate; 2]> = HashMap::new();
    let mut unknown: HashSet<String> = HashSet::new();
    for file in files.iter().filter(|file| file.rows > 0) {
        let Some(metadata) = File::open(&file.path)
            .ok()
            .and_then(|open| ParquetMetaDataReader::new().parse_and_finish(&open).ok())
        else {
            return HashMap::new();
        };
        for group in metadata.row_groups() {
            for chunk in group.columns() {
                let name = chunk.column_path().string();
                let per_day = match file.columns.get(&name) {
                    Some(Stored::Date) => 1,
                    Some(Stored::Instant { per_second, .. }) => 86_400 * per_second,
                    _ => continue,
                };
                let ends = match chunk.statistics() {
                    Some(Statistics::Int32(ends)) => ends
                        .min_opt()
                        .zip(ends.max_opt())
                        .map(|(low, high)| [i64::from(*low), i64::from(*high)]),
                    Some(Statistics::Int64(ends)) => ends
                        .min_opt()
                        .zip(ends.max_opt())
                        .map(|(low, high)| [*low, *high]),
                    _ => None,
                };
                let is_empty = chunk
                    .statistics()
                    .and_then(Statistics::null_count_opt)
                    .is_some_and(|nulls| i64::try_from(nulls) == Ok(group.num_rows()));
                let days = ends.map(|ends| ends.map(|end| after_1970(end.div_euclid(per_day))));
                match days {
                    Some([Some(first), Some(last)]) => {
                        let range = bounds.entry(name).or_insert([first, last]);
                        *range = [range[0].min(first), range[1].max(last)];
                    }
                    _ if is_empty => {}
                    _ => {
                        unknown.insert(name);
                    }
                }
            }
        }
    }
    bounds.retain(|name, _| !unknown.contains(name));
    bounds
}
