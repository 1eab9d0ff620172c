//! Decoding an export: once, only the columns and the range of dates that somebody asked for.

use chrono::{Days, NaiveDate};
use polars::prelude::*;

use super::as_of::{ALWAYS, EVENT, EVERYBODY, INSTANT, NEVER, PART};
use super::contract::{Column, Contract, History, Table};
use super::parquet_files::{ParquetFile, Stored};
use crate::formula::{Kind, date_literal, moment_of, moments, row_wise};

/// What a run wants of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// Columns that formulas read, by our names.
    pub columns: Vec<String>,
    /// Names that come from lookups.
    pub taken: Vec<String>,
    /// The column that names the part of the account, where parts are scored by themselves.
    pub part: Option<String>,
    /// The first event date that any window reaches; `None` where there is no first.
    pub since: Option<NaiveDate>,
    /// The as-of dates, sorted.
    pub dates: Vec<NaiveDate>,
    /// Whether it is worth walking through the rows in place of keeping them.
    pub may_be_walked: bool,
    /// The dates that the ledger will be asked for after a walk, each with the first event date it
    /// counts.
    pub counted_on: Vec<(NaiveDate, Option<NaiveDate>)>,
}

/// The value that links the row to its account or to another table.
pub(super) const LINK: &str = "__link";
/// When this version of the row began; this and the next are there only where rows supersede each
/// other.
pub(super) const START: &str = "__start";
/// The same as a moment, to order versions of one day.
pub(super) const START_INSTANT: &str = "__start_instant";
/// When this version ended, where the export says so.
pub(super) const END: &str = "__end";

/// Returns the name of the n-th column of the row key.
pub(super) fn key_column(n: usize) -> String {
    format!("__key_{n}")
}

/// Decodes the rows of a table.
///
/// Besides the demanded columns the frame holds the structural ones of this module.
///
/// # Errors
/// When a file cannot be read.
pub fn decode(table: &Table, demand: &Demand) -> PolarsResult<DataFrame> {
    let mut frame = scanned(table, demand)?.collect()?;
    frame.rechunk_mut();
    Ok(frame)
}

/// Returns the same rows before anything is read.
pub(super) fn scanned(table: &Table, demand: &Demand) -> PolarsResult<LazyFrame> {
    let wanted = wanted_files(table, demand);
    Ok(match wanted.as_slice() {
        // No dump is old enough, or no folder of the right days: the shape of the first, without its rows.
        [] => rows_of(&[&table.files[0]], table, demand)?.limit(0),
        files => rows_of(files, table, demand)?,
    })
}

/// Returns the rows of files, in order.
fn rows_of(files: &[&ParquetFile], table: &Table, demand: &Demand) -> PolarsResult<LazyFrame> {
    let columns = base_columns(table, demand);
    // A thousand scans cost more than one of a thousand files.
    let parts = files
        .chunk_by(|one, next| one.is_like(next))
        .map(|files| part(table, files, &columns, demand))
        .collect::<PolarsResult<Vec<_>>>()?;
    let in_order = UnionArgs {
        maintain_order: true,
        ..UnionArgs::default()
    };
    concat(parts, in_order)
}

/// Returns how many bytes of a table's files are read for a demand, and how many are not: columns
/// nobody asked for, dumps of other dates, and folders of days that no window reaches.
///
/// Row groups that the reader skips by their range of dates count as read.
#[must_use]
pub fn bytes(table: &Table, demand: &Demand) -> [u64; 2] {
    let columns = base_columns(table, demand);
    let of_file = |file: &ParquetFile| -> u64 {
        let theirs = columns.iter().map(|ours| &table.columns[ours].theirs);
        theirs.filter_map(|name| file.column_bytes.get(name)).sum()
    };
    let read = wanted_files(table, demand).into_iter().map(of_file).sum();
    let all: u64 = table.files.iter().map(|file| file.bytes).sum();
    [read, all.saturating_sub(read)]
}

/// Returns the dates of all dumps, sorted, each once.
pub(super) fn dump_dates(table: &Table) -> Vec<NaiveDate> {
    let mut dates: Vec<NaiveDate> = table.files.iter().filter_map(|file| file.dump).collect();
    dates.sort();
    dates.dedup();
    dates
}

/// Of full dumps, only the newest not after each as-of date is read; of folders of days, those that a
/// window reaches.
fn wanted_files<'a>(table: &'a Table, demand: &Demand) -> Vec<&'a ParquetFile> {
    if table.history != History::Dumps(None) {
        let days = days_of_folders(table).filter(|_| table.can_skip_by_time());
        let (Some(days), Some(until)) = (days, demand.dates.last()) else {
            return table.files.iter().collect();
        };
        let is_reached = |day: &Option<NaiveDate>| {
            let since = demand.since.unwrap_or(NaiveDate::MIN);
            day.is_none_or(|day| since <= day && day <= *until)
        };
        let of_days = table.files.iter().zip(&days);
        let wanted = of_days.filter(|(_, day)| is_reached(day));
        return wanted.map(|(file, _)| file).collect();
    }
    let dumps = dump_dates(table);
    let wanted: Vec<NaiveDate> = demand
        .dates
        .iter()
        .filter_map(|as_of| dumps.iter().rev().find(|dump| *dump <= as_of).copied())
        .collect();
    table
        .files
        .iter()
        .filter(|file| file.dump.is_some_and(|dump| wanted.contains(&dump)))
        .collect()
}

/// Returns the day of the events in each file, where the folders alone say it.
fn days_of_folders(table: &Table) -> Option<Vec<Option<NaiveDate>>> {
    let time = table.time.as_ref()?;
    let base = table.base(time);
    let theirs = |ours: &str| Some(&table.columns.get(ours)?.theirs);
    let of_folder = |ours: &str| {
        let value = |file: &ParquetFile| file.folders.get(theirs(ours)?).cloned();
        let is_in_file =
            |file: &ParquetFile| theirs(ours).is_some_and(|name| file.columns.contains_key(name));
        let values: Option<Vec<String>> = table.files.iter().map(value).collect();
        let values = values.filter(|_| !table.files.iter().any(is_in_file))?;
        Some(Series::new(ours.into(), values).into_column())
    };
    let columns: Option<Vec<_>> = base.into_iter().map(of_folder).collect();
    let folders = DataFrame::new_infer_height(columns?).ok()?;
    let day = value(table, time).cast(DataType::Date).alias(EVENT);
    let days = folders.lazy().select([day]).collect().ok()?;
    Some(
        days.column(EVENT)
            .ok()?
            .date()
            .ok()?
            .as_date_iter()
            .collect(),
    )
}

/// Returns the columns of the files that the demand and the table's structure rest on.
pub(crate) fn base_columns(table: &Table, demand: &Demand) -> Vec<String> {
    let link = table.owner.column().map(str::to_owned);
    let history: Vec<&String> = match &table.history {
        History::Loads(column) | History::Dumps(Some(column)) => vec![column],
        History::Versions { from, to } => [Some(from), to.as_ref()].into_iter().flatten().collect(),
        History::Events | History::Dumps(None) => vec![],
    };
    let of_rules: Vec<String> = table
        .rules
        .iter()
        .flat_map(|rule| rule.must.columns())
        .map(str::to_owned)
        .collect();
    let mut columns: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if table.columns.contains_key(name) && !columns.iter().any(|known| known == name) {
            columns.push(name.to_owned());
        }
    };
    for name in demand
        .columns
        .iter()
        .chain(&table.key)
        .chain(&table.time)
        .chain(&link)
        .chain(&demand.part)
        .chain(history)
        .chain(&of_rules)
    {
        match table.scope.derived.get(name) {
            Some(expr) => expr.columns().into_iter().for_each(&mut add),
            None => add(name),
        }
    }
    let moments: Vec<String> = columns
        .iter()
        .filter_map(|column| table.known.get(column).cloned())
        .collect();
    for moment in moments {
        if !columns.contains(&moment) {
            columns.push(moment);
        }
    }
    columns
}

/// The column with the path of a row's file.
const PATH: &str = "__path";

/// Returns the column with what the folders of a row's file say.
fn folder_column(theirs: &str) -> String {
    format!("__folder_{theirs}")
}

/// Scans files that are alike as they are stored, with [`PATH`] where they are several; of a file with
/// types that the engine does not know, `columns` alone.
pub(super) fn as_stored<'a>(
    files: &[&'a ParquetFile],
    columns: impl Iterator<Item = &'a str>,
) -> PolarsResult<LazyFrame> {
    let args = ScanArgsParquet {
        glob: false,
        cache: false,
        hive_options: polars::io::HiveOptions {
            enabled: Some(false),
            ..Default::default()
        },
        include_file_paths: (files.len() > 1).then(|| PATH.into()),
        ..ScanArgsParquet::default()
    };
    if let [file] = files
        && file.is_foreign
    {
        let bytes = narrowed(file, columns)?;
        return LazyFrame::scan_parquet_sources(ScanSources::Buffers([bytes.into()].into()), args);
    }
    let paths = files.iter().map(|file| file.path.to_string_lossy());
    let paths = paths.map(|path| PlRefPath::new(path.as_ref())).collect();
    LazyFrame::scan_parquet_files(paths, args)
}

/// Returns the rows of some files that are alike.
fn part(
    table: &Table,
    files: &[&ParquetFile],
    columns: &[String],
    demand: &Demand,
) -> PolarsResult<LazyFrame> {
    let theirs = columns
        .iter()
        .map(|ours| table.columns[ours].theirs.as_str());
    let file = files[0];
    let of_folders: Vec<&str> = theirs
        .clone()
        .filter(|name| !file.columns.contains_key(*name))
        .filter(|name| {
            files
                .iter()
                .any(|other| other.folders[*name] != file.folders[*name])
        })
        .collect();
    let mut rows = as_stored(files, theirs)?;
    let since = demand.since.filter(|_| table.can_skip_by_time());
    let until = demand.dates.last().copied();
    let skips = table.can_skip_by_time()
        && !until.is_some_and(|until| {
            let mut files = files.iter();
            files.all(|file| lies_within(table, file, since, until))
        });
    if let (true, Some(time), Some(until)) = (
        skips,
        table.time.as_ref().and_then(|time| table.columns.get(time)),
        until,
    ) {
        rows = skip(rows, file, time, since, until)?;
    }
    if !of_folders.is_empty() {
        rows = beside_folders(rows, files, &of_folders)?;
    }
    let structural = structural(table, file, demand);
    let read = |column: &Column| match of_folders.contains(&column.theirs.as_str()) {
        true => col(folder_column(&column.theirs)),
        false => read(table, file, column),
    };
    let mut rows = rows.select(
        columns
            .iter()
            .map(|ours| read(&table.columns[ours]).alias(ours.as_str()))
            .chain(instants(table, file))
            .collect::<Vec<_>>(),
    );
    rows = rows.with_columns(structural);
    if skips && let Some(until) = until {
        let in_range = col(EVENT)
            .lt_eq(date_literal(until))
            .and(since.map_or_else(|| lit(true), |since| col(EVENT).gt_eq(date_literal(since))));
        rows = rows.filter(in_range.or(col(EVENT).is_null()));
    }
    Ok(rows)
}

/// Puts what the folders of each file say beside its rows.
fn beside_folders(
    rows: LazyFrame,
    files: &[&ParquetFile],
    names: &[&str],
) -> PolarsResult<LazyFrame> {
    let paths = files.iter().map(|file| file.path.to_string_lossy());
    let mut columns = vec![Series::new(PATH.into(), paths.collect::<Vec<_>>()).into_column()];
    for name in names {
        let values: Vec<&str> = files
            .iter()
            .map(|file| file.folders[*name].as_str())
            .collect();
        columns.push(Series::new(folder_column(name).into(), values).into_column());
    }
    let how = JoinArgs {
        maintain_order: MaintainOrderJoin::Left,
        ..JoinArgs::new(JoinType::Left)
    };
    let folders = DataFrame::new_infer_height(columns)?.lazy();
    Ok(rows.join(folders, [col(PATH)], [col(PATH)], how))
}

/// Returns what is used of a file with columns that Polars does not know.
fn narrowed<'a>(
    file: &'a ParquetFile,
    used: impl Iterator<Item = &'a str>,
) -> PolarsResult<Vec<u8>> {
    // Where only the path is used, some column has to say how many rows there are.
    let is_plain = |(_, stored): &(&String, &Stored)| **stored != Stored::Other;
    let some = file.columns.iter().find(is_plain);
    let some = some.map(|(name, _)| name.as_str());
    super::narrowed::narrowed(&file.path, &used.chain(some).collect())
        .map_err(|error| polars_err!(ComputeError: "{}: {error}", file.path.display()))
}

/// Returns whether no row of a file lies outside a range of dates, by its footer; two days of slack
/// cover every time zone.
fn lies_within(
    table: &Table,
    file: &ParquetFile,
    since: Option<NaiveDate>,
    until: NaiveDate,
) -> bool {
    let time = table.time.as_ref().and_then(|time| table.columns.get(time));
    let stored = time.and_then(|time| file.columns.get(&time.theirs));
    let Some((first, last)) = time.and_then(|time| file.spans.get(&time.theirs)) else {
        return false;
    };
    let slack = Days::new(if stored == Some(&Stored::Date) { 0 } else { 2 });
    since.is_none_or(|since| first.date() >= since + slack) && last.date() + slack <= until
}

/// Lets the reader skip row groups by their statistics; two days of slack cover every time zone.
fn skip(
    rows: LazyFrame,
    file: &ParquetFile,
    time: &Column,
    since: Option<NaiveDate>,
    until: NaiveDate,
) -> PolarsResult<LazyFrame> {
    let mut rows = rows;
    let slack = Days::new(2);
    let data_type = match file.columns.get(&time.theirs) {
        Some(Stored::Date) => DataType::Date,
        Some(Stored::Instant { .. }) => match rows.collect_schema()?.get(&time.theirs) {
            Some(data_type) => data_type.clone(),
            None => return Ok(rows),
        },
        _ => return Ok(rows),
    };
    let bound = |date: NaiveDate| -> Expr {
        match &data_type {
            DataType::Datetime(unit, zone) => {
                let ticks = match unit {
                    TimeUnit::Nanoseconds => 1_000_000_000,
                    TimeUnit::Microseconds => 1_000_000,
                    TimeUnit::Milliseconds => 1_000,
                };
                let days = date.signed_duration_since(NaiveDate::default()).num_days();
                let value = AnyValue::DatetimeOwned(
                    days * 86_400 * ticks,
                    *unit,
                    zone.clone().map(std::sync::Arc::new),
                );
                lit(Scalar::new(data_type.clone(), value))
            }
            _ => date_literal(date),
        }
    };
    let column = || col(time.theirs.as_str());
    let mut in_range = column().lt_eq(bound(until + slack));
    if let Some(since) = since {
        in_range = in_range.and(column().gt_eq(bound(since - slack)));
    }
    Ok(rows.filter(in_range.or(column().is_null())))
}

/// Returns a column of a file as formulas see it.
fn read(table: &Table, file: &ParquetFile, column: &Column) -> Expr {
    let Some(stored) = file.columns.get(&column.theirs) else {
        return lit(file
            .folders
            .get(&column.theirs)
            .cloned()
            .unwrap_or_default());
    };
    let (raw, stored) = &of_epoch(col(column.theirs.as_str()), *stored, column);
    let raw = raw.clone();
    if column.kind == Kind::Instant {
        return moment(raw, *stored, table);
    }
    let decimal = |raw: Expr, places: u8| {
        raw.cast(DataType::Decimal(
            38,
            usize::from(column.scale.unwrap_or(places)),
        ))
    };
    let finite = |raw: Expr| when(raw.clone().is_finite()).then(raw).otherwise(lit(NULL));
    match (stored, column.stored) {
        (Stored::Nothing, _) => lit(NULL).cast(data_type(column)),
        (Stored::Float, _) if column.scale.is_some() => decimal(finite(raw), 0),
        (Stored::Float, _) => finite(raw.cast(DataType::Float64)),
        (Stored::Integer, Stored::Float) => raw.cast(DataType::Float64),
        (Stored::Integer, Stored::Text) => raw.cast(DataType::String),
        (Stored::Integer | Stored::Decimal(_), Stored::Decimal(places)) => decimal(raw, places),
        (Stored::Integer, _) => raw.strict_cast(DataType::Int64),
        (Stored::Text, _) if column.is_currency => raw.cast(DataType::String).str().to_uppercase(),
        (Stored::Text, _) => raw.cast(DataType::String),
        (Stored::Instant { zoned: true, .. }, _) => {
            local(of_this_world(raw, *stored), table).dt().date()
        }
        (Stored::Instant { zoned: false, .. } | Stored::Date, _) => {
            of_this_world(raw, *stored).cast(DataType::Date)
        }
        _ => raw,
    }
}

/// Returns a column of numbers that count the time since 1970 as the instants that they mean.
fn of_epoch(raw: Expr, stored: Stored, column: &Column) -> (Expr, Stored) {
    let (Some(epoch), Stored::Integer) = (column.epoch, stored) else {
        return (raw, stored);
    };
    let microseconds = epoch.microseconds();
    let number = raw.strict_cast(DataType::Int64);
    // What is outside the years of any calendar would leave the range of 64 bits.
    let days = |date: NaiveDate| date.signed_duration_since(NaiveDate::default()).num_days();
    let of_days = |days: i64| lit(days * 86_400 * (1_000_000 / microseconds));
    let is_of_this_world = number
        .clone()
        .gt_eq(of_days(days(ALWAYS)))
        .and(number.clone().lt(of_days(days(NEVER))));
    let instant = when(is_of_this_world)
        .then(number * lit(microseconds))
        .otherwise(lit(NULL))
        .cast(DataType::Int64)
        .cast(moments());
    let stored = Stored::Instant {
        zoned: true,
        per_second: 1_000_000,
    };
    (instant, stored)
}

/// Returns the type in which a column is held, for parts that have nothing but nulls in it.
fn data_type(column: &Column) -> DataType {
    if column.kind == Kind::Instant {
        return moments();
    }
    match column.stored {
        Stored::Integer => DataType::Int64,
        Stored::Float if column.scale.is_none() => DataType::Float64,
        Stored::Float => DataType::Decimal(38, usize::from(column.scale.unwrap_or(0))),
        Stored::Decimal(places) => {
            DataType::Decimal(38, usize::from(column.scale.unwrap_or(places)))
        }
        Stored::Text => DataType::String,
        Stored::Boolean => DataType::Boolean,
        Stored::Date | Stored::Instant { .. } => DataType::Date,
        Stored::Nothing | Stored::Other => DataType::Null,
    }
}

/// Takes away dates and instants outside the years 1 to 9999, with which some systems say "never"
/// or "always", and which no calendar can hold.
fn of_this_world(raw: Expr, stored: Stored) -> Expr {
    const DAY: i64 = 86_400;
    let (per_day, number) = match stored {
        Stored::Instant { per_second, .. } => (
            DAY.saturating_mul(per_second),
            raw.clone().cast(DataType::Int64),
        ),
        _ => (1, raw.clone().cast(DataType::Int32).cast(DataType::Int64)),
    };
    let days = |date: NaiveDate| date.signed_duration_since(NaiveDate::default()).num_days();
    let from = days(ALWAYS).saturating_mul(per_day);
    let to = days(NEVER).saturating_mul(per_day);
    when(number.clone().gt_eq(lit(from)).and(number.lt(lit(to))))
        .then(raw)
        .otherwise(lit(NULL))
}

/// Returns the moments of a column; those without a zone are read off the clocks of the table's.
fn moment(raw: Expr, stored: Stored, table: &Table) -> Expr {
    match stored {
        Stored::Instant { zoned: true, .. } => of_this_world(raw, stored).cast(moments()),
        Stored::Instant { zoned: false, .. } => moment_of(of_this_world(raw, stored), table.zone),
        _ => lit(NULL).cast(moments()),
    }
}

fn local(instant: Expr, table: &Table) -> Expr {
    let zone = TimeZone::opt_try_new(Some(table.zone.name()))
        .ok()
        .flatten();
    instant
        .dt()
        .convert_time_zone(zone.expect("the contract holds a valid zone"))
}

/// Returns the moments that order rows, before instants become dates.
fn instants(table: &Table, file: &ParquetFile) -> Vec<Expr> {
    let moment = |name: &str, alias: &str| {
        let stored = table
            .columns
            .get(name)
            .and_then(|column| file.columns.get(&column.theirs));
        let microseconds = DataType::Datetime(TimeUnit::Microseconds, None);
        let column = table.columns.get(name);
        let read = column
            .zip(stored)
            .map(|(column, stored)| of_epoch(col(column.theirs.as_str()), *stored, column));
        let expr = match read {
            Some((raw, stored @ Stored::Instant { zoned: true, .. })) => {
                let utc = TimeZone::opt_try_new(Some("UTC"))
                    .ok()
                    .flatten()
                    .expect("UTC is a zone");
                of_this_world(raw, stored)
                    .dt()
                    .convert_time_zone(utc)
                    .dt()
                    .replace_time_zone(None, lit("raise"), NonExistent::Raise)
            }
            Some((_, Stored::Nothing)) => lit(NULL),
            Some((raw, stored)) => of_this_world(raw, stored),
            None => row_wise(&table.scope.derived[name]),
        };
        expr.cast(microseconds).alias(alias)
    };
    let mut exprs = Vec::new();
    // A derived time is a date made from other columns; it has no finer order than the day.
    if let Some(time) = table
        .time
        .as_ref()
        .filter(|time| table.columns.contains_key(*time))
    {
        exprs.push(moment(time, INSTANT));
    }
    if let History::Loads(loaded) = &table.history
        && table.columns.contains_key(loaded)
    {
        exprs.push(moment(loaded, START_INSTANT));
    }
    exprs
}

/// Returns the columns that decide which row this is, whose, and when it holds.
fn structural(table: &Table, file: &ParquetFile, demand: &Demand) -> Vec<Expr> {
    let value = |name: &str| value(table, name);
    let link = match table.owner.column() {
        Some(link) => as_id(value(link), table, link),
        None => lit(EVERYBODY),
    };
    let mut exprs = vec![link.alias(LINK)];
    if let Some(part) = &demand.part {
        exprs.push(as_id(value(part), table, part).alias(PART));
    }
    exprs.extend(
        table
            .key
            .iter()
            .enumerate()
            .map(|(n, column)| key(value(column), table, column).alias(key_column(n))),
    );
    let microseconds = DataType::Datetime(TimeUnit::Microseconds, None);
    if let Some(time) = &table.time {
        exprs.push(value(time).cast(DataType::Date).alias(EVENT));
        if !table.columns.contains_key(time) {
            exprs.push(value(time).cast(microseconds.clone()).alias(INSTANT));
        }
    } else {
        exprs.push(lit(NULL).cast(DataType::Date).alias(EVENT));
        exprs.push(lit(NULL).cast(microseconds.clone()).alias(INSTANT));
    }
    let (start, end) = match &table.history {
        // Of rows that do not supersede each other there are no versions.
        History::Events => return exprs,
        History::Loads(column) => (Some(value(column)), None),
        History::Versions { from, to } => (Some(value(from)), to.as_ref().map(|to| value(to))),
        History::Dumps(Some(column)) => (Some(value(column)), None),
        History::Dumps(None) => (file.dump.map(date_literal), None),
    };
    let absent = || lit(NULL).cast(DataType::Date);
    exprs.push(
        start
            .clone()
            .unwrap_or_else(absent)
            .cast(DataType::Date)
            .alias(START),
    );
    exprs.push(end.unwrap_or_else(absent).cast(DataType::Date).alias(END));
    let exact =
        matches!(&table.history, History::Loads(loaded) if table.columns.contains_key(loaded));
    if !exact {
        exprs.push(
            start
                .unwrap_or_else(absent)
                .cast(microseconds)
                .alias(START_INSTANT),
        );
    }
    exprs
}

/// Returns a column of the row key: an id, or a date, which sorts as its text would.
fn key(value: Expr, table: &Table, column: &str) -> Expr {
    match super::contract::kind_of(&table.scope, column) {
        Some(Kind::Date) => value,
        _ => as_id(value, table, column),
    }
}

/// Returns what tells the ids of a column apart as well as [`as_id`], at less cost; empty texts are
/// left as they are.
pub(super) fn telling(table: &Table, column: &str) -> Expr {
    match super::contract::kind_of(&table.scope, column) {
        Some(Kind::Text | Kind::Integer | Kind::Date) => value(table, column),
        _ => as_id(value(table, column), table, column),
    }
}

/// Returns the same as text.
pub(super) fn telling_text(table: &Table, column: &str) -> Expr {
    match super::contract::kind_of(&table.scope, column) {
        Some(Kind::Text) => value(table, column),
        _ => as_id(value(table, column), table, column),
    }
}

fn value(table: &Table, name: &str) -> Expr {
    match table.scope.derived.get(name) {
        Some(expr) => row_wise(expr),
        None => col(name),
    }
}

/// Returns how many rows a demand decodes at most, by the footers.
pub(super) fn most_rows(table: &Table, demand: &Demand) -> u64 {
    let wanted = wanted_files(table, demand).into_iter();
    wanted.map(|file| file.rows).sum()
}

/// Ids are text: one export has them as numbers, the next as strings. An empty one names nothing.
pub(super) fn as_id(id: Expr, table: &Table, column: &str) -> Expr {
    let whole = match super::contract::kind_of(&table.scope, column) {
        Some(Kind::Float | Kind::Decimal) => id.cast(DataType::Int64),
        _ => id,
    };
    let text = whole.cast(DataType::String);
    when(text.clone().neq(lit("")))
        .then(text)
        .otherwise(lit(NULL))
}

/// Returns the newest date, at most `until`, on which every export with a bound on its age is fresh
/// and at least one of them has data.
///
/// # Errors
/// When a file cannot be read.
pub fn latest_complete(
    contract: &Contract,
    until: NaiveDate,
) -> Result<NaiveDate, super::ReadError> {
    let (mut latest, mut newest_of_all) = (until, None);
    for (name, table) in &contract.tables {
        let Some(limit) = table.fresh_within else {
            continue;
        };
        let newest = newest(table, until).map_err(|cause| super::ReadError {
            export: name.clone(),
            cause,
        })?;
        if let Some(newest) = newest {
            latest = latest.min(newest + Days::new(u64::from(limit.0)));
            newest_of_all = newest_of_all.max(Some(newest));
        }
    }
    // Being fresh for some days more is no reason to score days of which nobody knows anything.
    Ok(newest_of_all.map_or(latest, |newest| latest.min(newest)))
}

/// Returns the newest date up to `until` that an export has news of; only that column is read.
fn newest(table: &Table, until: NaiveDate) -> PolarsResult<Option<NaiveDate>> {
    if table.history == History::Dumps(None) {
        return Ok(dump_dates(table)
            .into_iter()
            .rev()
            .find(|dump| *dump <= until));
    }
    if let Some((_, newest)) = table.span().filter(|(_, newest)| *newest <= until) {
        return Ok(Some(newest));
    }
    let Some(dated) = table.dated_by() else {
        return Ok(None);
    };
    let value = value(table, dated);
    let demand = Demand {
        columns: vec![dated.clone()],
        taken: vec![],
        part: None,
        since: None,
        dates: vec![],
        may_be_walked: false,
        counted_on: vec![],
    };
    let keyless = Table {
        key: vec![],
        rules: vec![],
        ..table.clone()
    };
    let files: Vec<&ParquetFile> = table.files.iter().collect();
    let newest = rows_of(&files, &keyless, &demand)?
        .select([value.alias(EVENT)])
        .filter(col(EVENT).lt_eq(date_literal(until)))
        .select([col(EVENT).max()])
        .collect()?;
    Ok(newest
        .column(EVENT)?
        .date()?
        .as_date_iter()
        .next()
        .flatten())
}
