//! A look at somebody's folder: which Parquet files are there, and what their columns hold.
//!
//! Footers say how many rows there are and between which dates; of the rows themselves a bounded
//! number is read, from the beginning, the middle and the end.

mod columns;
mod groups;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use polars::prelude::*;

use self::columns::{column, dates_in_footers};
use self::groups::{Group, groups};

use super::ReadError;
use super::parquet_files::{ParquetFile, Stored, footer, literally};
use super::scan::as_stored;

/// Rows of one table that are looked at.
pub const ROWS_LOOKED_AT: usize = 60_000;
/// Values of one column that are compared with another table's key.
pub const IDS_LOOKED_AT: usize = 2_000_000;
/// Parts of one table that are looked at.
const PARTS_LOOKED_AT: usize = 6;

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
    let pattern = literally(root).join("**").join("*");
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
