//! From rows as written to the Parquet files that an export consists of, typed as the job's own.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};
use indexmap::IndexMap;
use polars::prelude::*;

use super::file::{Cell, Text};
use crate::config::{Problems, Source, Spanned};
use crate::exports::contract::{Column as Declared, Table};
use crate::exports::parquet_files::Stored;

/// A row as written.
pub(super) type Row = IndexMap<Text, Spanned<Cell>>;

/// Makes the rows of one export, under the warehouse's names of its columns.
pub(super) fn frame(
    table: &Table,
    rows: &[Row],
    source: &Source,
    problems: &mut Problems,
) -> PolarsResult<DataFrame> {
    let names: Vec<&String> = table
        .columns
        .keys()
        .filter(|name| !name.starts_with("__"))
        .collect();
    for name in rows.iter().flat_map(IndexMap::keys) {
        if !names.contains(&name.get_ref()) {
            let title = format!("export `{}` has no column `{name}`", table.name);
            let problem = source.problem(name.span(), title);
            problems.push(if table.scope.derived.contains_key(name.get_ref()) {
                problem.help("it is made by a formula: give the columns that the formula reads")
            } else {
                problem.nearest(name.get_ref(), names.iter().map(|name| name.as_str()))
            });
        }
    }
    let mut columns: Vec<Column> = Vec::new();
    for name in names {
        let declared = &table.columns[name];
        if columns
            .iter()
            .any(|column| column.name() == declared.theirs.as_str())
        {
            continue;
        }
        let cells = rows.iter().map(|row| row.get(name.as_str()));
        columns.push(column(table, name, declared, cells, source, problems)?);
    }
    DataFrame::new(rows.len(), columns)
}

fn column<'a>(
    table: &Table,
    name: &str,
    declared: &Declared,
    cells: impl Iterator<Item = Option<&'a Spanned<Cell>>>,
    source: &Source,
    problems: &mut Problems,
) -> PolarsResult<Column> {
    let mut fit = |cell: Option<&Spanned<Cell>>, expected: &str, fits: bool| {
        if let (Some(cell), false) = (cell, fits) {
            let title = format!(
                "`{name}` of export `{}` is {expected}, found {}",
                table.name,
                called(&cell.get_ref().0)
            );
            let problem = source.problem(cell.span(), title);
            problems.push(problem.label(format!("not {expected}")));
        }
    };
    let value = |cell: Option<&'a Spanned<Cell>>| cell.map(|cell| &cell.get_ref().0);
    macro_rules! collect {
        ($expected:literal, $read:expr) => {
            cells
                .map(|cell| {
                    let read = value(cell).and_then($read);
                    fit(cell, $expected, read.is_some());
                    read
                })
                .collect::<Vec<_>>()
        };
    }
    let theirs: PlSmallStr = declared.theirs.as_str().into();
    Ok(match declared.stored {
        Stored::Integer => Column::new(theirs, collect!("a whole number", toml::Value::as_integer)),
        Stored::Float | Stored::Decimal(_) => Column::new(theirs, collect!("a number", number)),
        Stored::Boolean => Column::new(theirs, collect!("true or false", toml::Value::as_bool)),
        Stored::Date => Column::new(
            theirs,
            collect!("a date such as 2026-01-31", |value| {
                let time = wall_clock(value)?;
                (time.time() == NaiveTime::MIN).then(|| time.date())
            }),
        ),
        Stored::Instant { zoned, .. } => {
            let micros = collect!("an instant such as 2026-01-31T09:30:00", |value| {
                let time = wall_clock(value)?;
                if !zoned {
                    return Some(time.and_utc().timestamp_micros());
                }
                let moment = match offset(value) {
                    Some(minutes) => time.and_utc() - chrono::Duration::minutes(minutes),
                    None => table.zone.from_local_datetime(&time).earliest()?.to_utc(),
                };
                Some(moment.timestamp_micros())
            });
            let zone = zoned.then_some(TimeZone::UTC);
            Column::new(theirs, micros).cast(&DataType::Datetime(TimeUnit::Microseconds, zone))?
        }
        Stored::Text | Stored::Nothing | Stored::Other => Column::new(
            theirs,
            collect!("text", |value| value.as_str().map(str::to_owned)),
        ),
    })
}

fn number(value: &toml::Value) -> Option<f64> {
    value
        .as_float()
        .or_else(|| value.as_integer().map(|whole| whole as f64))
}

/// Returns what a date or a time says on the clock; a date alone is its midnight.
pub(super) fn wall_clock(value: &toml::Value) -> Option<NaiveDateTime> {
    let written = value.as_datetime()?;
    let date = written.date?;
    let date = NaiveDate::from_ymd_opt(
        i32::from(date.year),
        u32::from(date.month),
        u32::from(date.day),
    )?;
    let time = written.time.map_or(Some(NaiveTime::MIN), |time| {
        NaiveTime::from_hms_nano_opt(
            u32::from(time.hour),
            u32::from(time.minute),
            u32::from(time.second.unwrap_or(0)),
            time.nanosecond.unwrap_or(0),
        )
    })?;
    Some(date.and_time(time))
}

/// Returns the minutes that a time is ahead of UTC, where it says so.
fn offset(value: &toml::Value) -> Option<i64> {
    match value.as_datetime()?.offset? {
        toml::value::Offset::Z => Some(0),
        toml::value::Offset::Custom { minutes } => Some(i64::from(minutes)),
    }
}

fn called(value: &toml::Value) -> &'static str {
    match value {
        toml::Value::String(_) => "text",
        toml::Value::Integer(_) => "a whole number",
        toml::Value::Float(_) => "a number with decimals",
        toml::Value::Boolean(_) => "true or false",
        toml::Value::Datetime(_) => "a date or an instant",
        toml::Value::Array(_) => "a list",
        toml::Value::Table(_) => "a table",
    }
}
