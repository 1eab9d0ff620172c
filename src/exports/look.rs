//! A look at somebody's folder: which Parquet files are there, and what their columns hold.
//!
//! Footers say how many rows there are and between which dates; of the rows themselves a bounded
//! number is read, from the beginning, the middle and the end.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, NaiveDate};
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::statistics::Statistics;
use polars::prelude::*;

use super::ReadError;
use super::parquet_files::{ParquetFile, Stored, footer};
use super::scan::as_stored;

/// Rows of one table that are looked at.
pub const ROWS_LOOKED_AT: usize = 60_000;
/// Values of one column that are compared with another table's key.
pub const IDS_LOOKED_AT: usize = 2_000_000;
/// Parts of one table that are looked at.
const PARTS_LOOKED_AT: usize = 6;
/// Different values of a column that are kept.
const VALUES_KEPT: usize = 40;

/// What a folder holds.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// Tables with rows.
    pub tables: Vec<Seen>,
    /// What cannot be used, each with the reason.
    pub unusable: Vec<(String, String)>,
}

/// One table as its files show it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The name of its file or folder.
    pub name: String,
    /// The path to declare, from the folder.
    pub path: String,
    /// Its files.
    pub files: Vec<ParquetFile>,
    /// Rows in all of them.
    pub rows: u64,
    /// Whether each part is a dump of everything, dated by its folder.
    pub is_dump: bool,
    /// The columns that every part has.
    pub columns: Vec<SeenColumn>,
    /// The rows that were looked at.
    pub sample: DataFrame,
}

/// One column of the rows that were looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenColumn {
    /// Its name in the files.
    pub name: String,
    /// How it is stored.
    pub stored: Stored,
    /// What its values look like.
    pub shape: Shape,
    /// Share of cells without a value, 0 to 1.
    pub nulls: f64,
    /// Different values.
    pub distinct: usize,
    /// The values as text, the most frequent first; empty where there are too many.
    pub values: Vec<String>,
    /// Smallest and largest number.
    pub range: Option<[f64; 2]>,
    /// First and last day; of dates from the statistics of the footers where they say so.
    pub days: Option<[NaiveDate; 2]>,
}

/// What the values of a column look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Dates or instants, as the type says.
    Moment,
    /// Text that begins with a date such as 2026-01-31.
    TextMoment,
    /// Ticks since 1970, so many a second.
    Epoch(i64),
    /// Numbers such as 20260131.
    DayNumber,
    /// Whole numbers, also where they are stored as floats.
    Whole,
    /// Numbers.
    Number,
    /// True or false, also as 0 and 1 or yes and no.
    Flag,
    /// Text.
    Text,
    /// Nothing that a formula can use.
    Nothing,
}

impl SeenColumn {
    /// Returns whether its values say when something was.
    #[must_use]
    pub fn is_moment(&self) -> bool {
        matches!(
            self.shape,
            Shape::Moment | Shape::TextMoment | Shape::Epoch(_) | Shape::DayNumber
        )
    }

    /// Returns whether its values are numbers with a size.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self.shape, Shape::Whole | Shape::Number)
            && !matches!(self.stored, Stored::Text | Stored::Boolean)
    }
}

impl Seen {
    /// Returns a column by its name in the files.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&SeenColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the rows that were looked at.
    #[must_use]
    pub fn looked_at(&self) -> usize {
        self.sample.height()
    }

    /// Returns the share of the rows looked at that the columns name alone, 0 to 1; rows in which
    /// one of them is null name nothing.
    #[must_use]
    pub fn uniqueness(&self, columns: &[&str]) -> f64 {
        let Ok(texts) = columns
            .iter()
            .map(|name| text_of(self.sample.column(name)?))
            .collect::<PolarsResult<Vec<_>>>()
        else {
            return 0.0;
        };
        let mut seen = HashSet::new();
        for row in 0..self.sample.height() {
            let values: Option<Vec<&str>> = texts.iter().map(|text| text.get(row)).collect();
            if let Some(values) = values {
                seen.insert(values.join("\u{1f}"));
            }
        }
        seen.len() as f64 / self.sample.height().max(1) as f64
    }

    /// Returns the different values of a column, as text, in the rows that were looked at.
    #[must_use]
    pub fn ids(&self, column: &str) -> BTreeSet<String> {
        self.sample
            .column(column)
            .and_then(text_of)
            .map(|text| texts(&text))
            .unwrap_or_default()
    }

    /// Returns the different values of a column, as text, in all rows up to [`IDS_LOOKED_AT`].
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn all_ids(&self, column: &str) -> Result<HashSet<String>, ReadError> {
        let fail = |cause| ReadError {
            export: self.name.clone(),
            cause,
        };
        let mut all = HashSet::new();
        let mut left = IDS_LOOKED_AT;
        for file in self.files.iter().filter(|file| file.rows > 0) {
            if left == 0 || !file.columns.contains_key(column) {
                break;
            }
            let rows = slice(file, &[column], 0, left).map_err(fail)?;
            left -= rows.height().min(left);
            let text = rows.column(column).and_then(text_of).map_err(fail)?;
            all.extend(texts(&text));
        }
        Ok(all)
    }

    /// Returns the share of rows in which two columns agree on whether there is a value, 0 to 1.
    #[must_use]
    pub fn missing_together(&self, a: &str, b: &str) -> f64 {
        let (Ok(a), Ok(b)) = (self.sample.column(a), self.sample.column(b)) else {
            return 0.0;
        };
        let (a, b) = (a.is_null(), b.is_null());
        let same = a.iter().zip(b.iter()).filter(|(a, b)| a == b).count();
        same as f64 / self.sample.height().max(1) as f64
    }
}

/// Looks at every Parquet file below a folder.
///
/// # Errors
/// When a file whose footer can be read cannot be decoded.
pub fn look(root: &Path) -> Result<Folder, ReadError> {
    let mut folder = Folder::default();
    let mut footers: BTreeMap<PathBuf, ParquetFile> = BTreeMap::new();
    let mut broken: Vec<PathBuf> = Vec::new();
    for (path, inside) in files_below(root) {
        let is_parquet = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
        if !is_parquet {
            let what = "not a Parquet file, so it is not read".to_owned();
            if is_data(&path) {
                folder
                    .unusable
                    .push((inside.to_string_lossy().into_owned(), what));
            }
            continue;
        }
        match footer(&path) {
            Ok(file) => {
                footers.insert(inside, file);
            }
            Err(error) => {
                folder
                    .unusable
                    .push((inside.to_string_lossy().into_owned(), error.to_string()));
                broken.push(inside);
            }
        }
    }
    for group in groups(&footers) {
        let members: Vec<ParquetFile> = group
            .members
            .iter()
            .map(|inside| footers[inside].clone())
            .collect();
        let spoilt = broken.iter().find(|inside| {
            group
                .folder
                .as_ref()
                .is_some_and(|of| inside.starts_with(of))
        });
        if let Some(part) = spoilt {
            let reason = format!(
                "its part {} cannot be read; take it away and look again",
                part.display()
            );
            folder.unusable.push((group.path, reason));
            continue;
        }
        if members.iter().all(|file| file.rows == 0) {
            folder
                .unusable
                .push((group.path, "it has no rows".to_owned()));
            continue;
        }
        folder.tables.push(seen(group, members)?);
    }
    folder.tables.sort_by(|a, b| a.path.cmp(&b.path));
    folder.unusable.sort();
    Ok(folder)
}

/// Returns every file below a folder with its path from there, hidden ones aside.
fn files_below(root: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let escaped = glob::Pattern::escape(&root.to_string_lossy());
    let pattern = Path::new(&escaped).join("**").join("*");
    let Ok(found) = glob::glob(&pattern.to_string_lossy()) else {
        return BTreeMap::new();
    };
    found
        .filter_map(Result::ok)
        .filter(|path| path.is_file())
        .filter_map(|path| {
            let inside = path.strip_prefix(root).ok()?.to_owned();
            let hidden = |part: &std::ffi::OsStr| part.to_string_lossy().starts_with(['.', '_']);
            let name = inside.file_name()?;
            (!hidden(name)).then_some((path, inside))
        })
        .collect()
}

/// Whether a file looks like data that somebody meant to hand over.
fn is_data(path: &Path) -> bool {
    const ENDINGS: &[&str] = &[
        "csv", "tsv", "json", "jsonl", "ndjson", "xlsx", "xls", "avro", "orc", "gz", "feather",
    ];
    path.extension()
        .is_some_and(|ending| ENDINGS.contains(&ending.to_string_lossy().to_lowercase().as_str()))
}

/// Files that are one table.
struct Group {
    name: String,
    path: String,
    folder: Option<PathBuf>,
    members: Vec<PathBuf>,
    /// The path to declare if each part turns out to be a dump of everything.
    dumped: Option<String>,
}

/// Sorts files into tables: a folder of parts, a folder of Hive partitions, numbered files side by
/// side, or a file by itself.
fn groups(footers: &BTreeMap<PathBuf, ParquetFile>) -> Vec<Group> {
    let mut by_folder: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for inside in footers.keys() {
        let mut folder = PathBuf::new();
        for part in inside.parent().into_iter().flat_map(Path::iter) {
            if part.to_string_lossy().contains('=') {
                break;
            }
            folder.push(part);
        }
        by_folder.entry(folder).or_default().push(inside.clone());
    }
    let mut groups = Vec::new();
    for (folder, members) in by_folder {
        let is_root = folder.as_os_str().is_empty();
        let is_hive = members
            .iter()
            .any(|inside| inside.parent().is_some_and(|parent| parent != folder));
        let alone = |inside: &PathBuf| {
            let stem = inside.file_stem().unwrap_or_default().to_string_lossy();
            Group {
                name: stem.into_owned(),
                path: inside.to_string_lossy().into_owned(),
                folder: None,
                members: vec![inside.clone()],
                dumped: None,
            }
        };
        if !is_root && (is_hive || same_columns(&members, footers)) {
            let whole = members.len() > 1 || is_hive || is_part(&members[0]);
            if whole {
                groups.push(of_folder(&folder, members));
                continue;
            }
        }
        // Files side by side whose names differ in a number or a date, and in nothing else.
        let mut by_stem: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for inside in members {
            let stem = inside.file_stem().unwrap_or_default().to_string_lossy();
            let base = stem.trim_end_matches(|c: char| c.is_ascii_digit() || "-_.".contains(c));
            by_stem.entry(base.to_owned()).or_default().push(inside);
        }
        for (base, members) in &by_stem {
            let is_prefix = by_stem
                .keys()
                .any(|other| other != base && other.starts_with(base.as_str()));
            if members.len() < 2 || base.is_empty() || is_prefix || !same_columns(members, footers)
            {
                groups.extend(members.iter().map(alone));
                continue;
            }
            let escaped = glob::Pattern::escape(&folder.join(base).to_string_lossy());
            groups.push(Group {
                name: ["part", "chunk"]
                    .iter()
                    .find_map(|word| base.strip_suffix(word))
                    .map(|name| name.trim_end_matches(['-', '_', '.']))
                    .filter(|name| !name.is_empty())
                    .unwrap_or(base)
                    .to_owned(),
                path: format!("{escaped}*.parquet"),
                folder: None,
                members: members.clone(),
                dumped: None,
            });
        }
    }
    groups
}

fn is_part(inside: &Path) -> bool {
    let stem = inside.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.to_lowercase();
    stem.starts_with("part") || stem.starts_with("data") || stem.chars().all(|c| !c.is_alphabetic())
}

fn same_columns(members: &[PathBuf], footers: &BTreeMap<PathBuf, ParquetFile>) -> bool {
    let names = |inside: &PathBuf| footers[inside].columns.keys().collect::<BTreeSet<_>>();
    let first = names(&members[0]);
    members.iter().all(|inside| {
        let here = names(inside);
        2 * here.intersection(&first).count() > here.len().max(first.len())
    })
}

fn of_folder(folder: &Path, members: Vec<PathBuf>) -> Group {
    const DATED: &[&str] = &[
        "dt",
        "ds",
        "date",
        "day",
        "snapshot",
        "snapshot_date",
        "as_of",
        "load_date",
        "dump_date",
        "run_date",
    ];
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let inside_of = |inside: &PathBuf| {
        inside
            .strip_prefix(folder)
            .map(Path::to_owned)
            .unwrap_or_default()
    };
    // One folder a day, straight below: possibly a dump of everything.
    let dated = |inside: &PathBuf| {
        let below = inside_of(inside);
        let mut parts = below.iter();
        let first = parts.next()?.to_string_lossy().into_owned();
        let (key, value) = first.split_once('=')?;
        value.parse::<NaiveDate>().ok()?;
        (DATED.contains(&key) && parts.count() == 1).then(|| key.to_owned())
    };
    let keys: BTreeSet<Option<String>> = members.iter().map(dated).collect();
    let path = folder.to_string_lossy().into_owned();
    let dumped = match (keys.len(), keys.into_iter().next(), members.len()) {
        (1, Some(Some(key)), 2..) => Some(format!("{path}/{key}={{as_of}}/*.parquet")),
        _ => None,
    };
    Group {
        name: name.into_owned(),
        path,
        folder: Some(folder.to_owned()),
        members,
        dumped,
    }
}

/// Returns whether two parts hold the same things: then each is a dump of everything, and no row is
/// an event of its day.
fn repeats_everything(
    first: &ParquetFile,
    last: &ParquetFile,
    columns: &[&str],
) -> PolarsResult<bool> {
    let is_id = |name: &str| {
        let name = name.to_lowercase();
        name == "id" || name.ends_with("id") || name.contains("key") || name.contains("uuid")
    };
    for name in columns.iter().filter(|name| is_id(name)) {
        let of = |file: &ParquetFile| -> PolarsResult<(bool, BTreeSet<String>)> {
            let rows = slice(file, &[name], 0, ROWS_LOOKED_AT)?;
            let text = text_of(rows.column(name)?)?;
            let ids = texts(&text);
            Ok((ids.len() == rows.height(), ids))
        };
        let ((once_then, then), (once_now, now)) = (of(first)?, of(last)?);
        let both = then.intersection(&now).count();
        if once_then && once_now && 2 * both > then.len().min(now.len()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn seen(group: Group, files: Vec<ParquetFile>) -> Result<Seen, ReadError> {
    let fail = |cause| ReadError {
        export: group.name.clone(),
        cause,
    };
    let names: Vec<&String> = files[0]
        .columns
        .keys()
        .filter(|name| {
            files.iter().all(|file| {
                file.columns
                    .get(*name)
                    .is_some_and(|stored| stored.kind().is_some())
            })
        })
        .collect();
    let with_rows: Vec<&ParquetFile> = files.iter().filter(|file| file.rows > 0).collect();
    let step = with_rows.len().div_ceil(PARTS_LOOKED_AT).max(1);
    let mut parts: Vec<&ParquetFile> = with_rows.iter().copied().step_by(step).collect();
    let last = with_rows[with_rows.len() - 1];
    if parts.last().is_none_or(|part| part.path != last.path) {
        parts.push(last);
    }
    let each = ROWS_LOOKED_AT / parts.len();
    let columns: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let mut frames = Vec::new();
    for part in &parts {
        let rows = usize::try_from(part.rows).unwrap_or(usize::MAX);
        let third = each / 3;
        let slices = if rows <= each {
            vec![(0, rows)]
        } else {
            vec![
                (0, third),
                (rows / 2 - third / 2, third),
                (rows - third, third),
            ]
        };
        for (start, length) in slices {
            let mut frame = slice(part, &columns, start, length).map_err(fail)?;
            for (key, value) in &part.folders {
                if !part.columns.contains_key(key) && group.folder.is_some() {
                    let texts = vec![value.as_str(); frame.height()];
                    let series = Series::new(key.as_str().into(), texts);
                    frame.with_column(series.into_column()).map_err(fail)?;
                }
            }
            frames.push(frame);
        }
    }
    // Parts may hold a column in several widths.
    let sample = concat(
        frames.into_iter().map(IntoLazy::lazy).collect::<Vec<_>>(),
        UnionArgs {
            to_supertypes: true,
            ..UnionArgs::default()
        },
    )
    .and_then(LazyFrame::collect)
    .map_err(fail)?;
    let bounds = dates_in_footers(&files);
    let is_dump = match &group.dumped {
        Some(_) => repeats_everything(with_rows[0], last, &columns).map_err(fail)?,
        None => false,
    };
    let path = match (group.dumped, is_dump) {
        (Some(dumped), true) => dumped,
        _ => group.path,
    };
    let stored_of = |name: &str| {
        let in_path = || {
            with_rows[0]
                .folders
                .contains_key(name)
                .then_some(Stored::Text)
        };
        with_rows[0].columns.get(name).copied().or_else(in_path)
    };
    let columns = sample
        .get_column_names()
        .into_iter()
        .map(|name| name.as_str())
        .filter(|name| !is_dump || !with_rows[0].folders.contains_key(*name))
        .filter_map(|name| column(name, stored_of(name)?, sample.column(name).ok()?, &bounds))
        .collect();
    Ok(Seen {
        rows: files.iter().map(|file| file.rows).sum(),
        name: group.name,
        path,
        is_dump,
        files,
        columns,
        sample,
    })
}

fn slice(
    file: &ParquetFile,
    columns: &[&str],
    start: usize,
    rows: usize,
) -> PolarsResult<DataFrame> {
    let wanted: Vec<Expr> = columns.iter().map(|name| col(*name)).collect();
    as_stored(&[file], columns.iter().copied())?
        .slice(
            i64::try_from(start).unwrap_or(i64::MAX),
            IdxSize::try_from(rows).unwrap_or(IdxSize::MAX),
        )
        .select(wanted)
        .collect()
}

/// Returns a column as text, whole numbers without decimals, as ids are compared.
fn text_of(column: &Column) -> PolarsResult<StringChunked> {
    let series = column.as_materialized_series();
    let text = match series.dtype() {
        DataType::Float32 | DataType::Float64 => {
            let floats = series.cast(&DataType::Float64)?;
            if floats.f64()?.iter().flatten().all(|x| x.fract() == 0.0) {
                floats.cast(&DataType::Int64)?.cast(&DataType::String)?
            } else {
                floats.cast(&DataType::String)?
            }
        }
        _ => series.cast(&DataType::String)?,
    };
    Ok(text.str()?.clone())
}

fn texts(text: &StringChunked) -> BTreeSet<String> {
    text.iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}

fn column(
    name: &str,
    stored: Stored,
    cells: &Column,
    bounds: &HashMap<String, [NaiveDate; 2]>,
) -> Option<SeenColumn> {
    let text = text_of(cells).ok()?;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for value in text.iter().flatten() {
        *counts.entry(value).or_default() += 1;
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
fn dates_in_footers(files: &[ParquetFile]) -> HashMap<String, [NaiveDate; 2]> {
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
