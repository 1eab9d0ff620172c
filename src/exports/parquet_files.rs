//! Finding Parquet files and reading their footers, before any data is read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use chrono::NaiveDate;
use chrono_tz::Tz;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::{ConvertedType, LogicalType};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::statistics::Statistics;
use parquet::schema::types::Type;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::statistics::{self, Span};
use crate::formula::Kind;

/// How a column is stored, as far as it matters to reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Whole numbers of any width.
    Integer,
    /// Floats of any width.
    Float,
    /// Decimals with that many places.
    Decimal(u8),
    /// Text, also when it is stored through a dictionary.
    Text,
    /// True or false.
    Boolean,
    /// Local dates.
    Date,
    /// Instants: with a zone they are moments, without they are wall-clock times.
    Instant {
        /// Whether a zone is given.
        zoned: bool,
        /// Ticks a second.
        per_second: i64,
    },
    /// Nothing but nulls, of no type.
    Nothing,
    /// Something a formula cannot use, such as a nested column.
    Other,
}

impl Stored {
    /// Returns the type that formulas see.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        Some(match self {
            Self::Integer => Kind::Integer,
            Self::Float => Kind::Float,
            Self::Decimal(_) => Kind::Decimal,
            Self::Text => Kind::Text,
            Self::Boolean => Kind::Boolean,
            Self::Date | Self::Instant { .. } => Kind::Date,
            Self::Nothing => Kind::Null,
            Self::Other => return None,
        })
    }

    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float,
            data_type if data_type.is_integer() => Self::Integer,
            DataType::Decimal256(precision, _) if *precision > DIGITS => Self::Other,
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
            | DataType::Decimal256(_, scale) => Self::Decimal(u8::try_from(*scale).unwrap_or(0)),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Dictionary(_, values) => Self::of(values),
            DataType::Date32 => Self::Date,
            DataType::Date64 => Self::Instant {
                zoned: false,
                per_second: 1_000,
            },
            DataType::Null => Self::Nothing,
            DataType::Timestamp(unit, zone) => Self::Instant {
                zoned: zone.is_some(),
                per_second: match unit {
                    TimeUnit::Second => 1,
                    TimeUnit::Millisecond => 1_000,
                    TimeUnit::Microsecond => 1_000_000,
                    TimeUnit::Nanosecond => 1_000_000_000,
                },
            },
            _ => Self::Other,
        }
    }
}

/// A Parquet file as its footer describes it.
#[derive(Debug, Clone)]
pub struct ParquetFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Rows in it.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// The bytes of each column by its own name, as they lie in the file.
    pub column_bytes: BTreeMap<String, u64>,
    /// SHA-256 of the footer, which changes with the content.
    pub footer_hash: String,
    /// Its columns by their own names.
    pub columns: BTreeMap<String, Stored>,
    /// Its columns in order, each with the very type it has.
    pub schema: SchemaRef,
    /// The types of those that formulas cannot use, in words.
    pub unusable: BTreeMap<String, String>,
    /// Whether some have a type that the engine cannot even pass over.
    pub is_foreign: bool,
    /// The first and the last moment of its columns of dates, where the footer says it.
    pub spans: BTreeMap<String, Span>,
    /// The values that Hive folders of its path carry.
    pub folders: BTreeMap<String, String>,
    /// The date of the full dump it is a part of.
    pub dump: Option<NaiveDate>,
}

impl ParquetFile {
    /// Returns whether nothing but the rows and the values of folders tells two files apart, so that
    /// they are read as one.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        !self.is_foreign
            && !other.is_foreign
            && self.schema == other.schema
            && self.columns == other.columns
            && self.dump == other.dump
            && self.folders.keys().eq(other.folders.keys())
    }
}

/// Why a file or a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing is at that place.
    #[error("nothing is at {0}")]
    Missing(String),
    /// There is a folder or a pattern, but no Parquet file in it.
    #[error("no .parquet file in {0}")]
    Empty(String),
    /// The file is there but cannot be read as Parquet.
    #[error("{path} is not a Parquet file: {cause}")]
    NotParquet {
        /// The file.
        path: String,
        /// What the reader said.
        cause: String,
    },
    /// The pattern is not one.
    #[error("{0} is not a path pattern: {1}")]
    Pattern(String, String),
    /// A full dump's date cannot be read off its path.
    #[error("{0} has no date of the form 2026-01-31 where `{{as_of}}` stands")]
    Undated(String),
}

/// Returns the files of a path or a pattern below `root`, in the order of their names.
///
/// # Errors
/// When there is none; and with every one that is not Parquet.
pub fn find(root: &Path, pattern: &str) -> Result<Vec<ParquetFile>, Vec<FileError>> {
    let paths = paths(root, pattern).map_err(|error| vec![error])?;
    let dated = pattern.contains("{as_of}");
    let read = |path: &PathBuf| {
        let mut file = footer(path)?;
        if dated {
            let date = dump_date(root, pattern, path)
                .ok_or_else(|| FileError::Undated(path.display().to_string()))?;
            file.dump = Some(date);
        }
        Ok(file)
    };
    // Thousands of small files take their time to open, not to read.
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for file in paths.par_iter().map(read).collect::<Vec<_>>() {
        match file {
            Ok(file) => files.push(file),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(files)
    } else {
        Err(errors)
    }
}

/// Returns the paths of a pattern, in the order of their names.
fn paths(root: &Path, pattern: &str) -> Result<Vec<PathBuf>, FileError> {
    let pattern_of_dates = pattern.replace("{as_of}", "*");
    let full = root.join(&pattern_of_dates);
    let shown = root.join(pattern).display().to_string();
    let mut paths = if full.is_file() {
        vec![full]
    } else if full.is_dir() {
        matching(&literally(&full).join("**").join("*.parquet"))?
    } else if pattern.contains(['*', '?', '[', '{']) {
        matching(&literally(root).join(&pattern_of_dates))?
            .into_iter()
            .filter(|path| path.is_file())
            .collect()
    } else {
        return Err(FileError::Missing(shown));
    };
    paths.retain(|path| {
        !path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(['.', '_']))
    });
    paths.sort();
    if paths.is_empty() {
        return Err(FileError::Empty(shown));
    }
    Ok(paths)
}

/// Returns the pattern that only this path matches, whatever its folders are called.
pub(super) fn literally(path: &Path) -> PathBuf {
    glob::Pattern::escape(&path.to_string_lossy()).into()
}

fn matching(pattern: &Path) -> Result<Vec<PathBuf>, FileError> {
    let text = pattern.to_string_lossy();
    let found = glob::glob(&text)
        .map_err(|error| FileError::Pattern(text.to_string(), error.to_string()))?;
    Ok(found.filter_map(Result::ok).collect())
}

/// Reads the date that stands where the pattern has `{as_of}`.
fn dump_date(root: &Path, pattern: &str, path: &Path) -> Option<NaiveDate> {
    let (before, _) = pattern.split_once("{as_of}")?;
    let depth = before.matches('/').count();
    let part = path
        .strip_prefix(root)
        .ok()?
        .iter()
        .nth(depth)?
        .to_string_lossy()
        .into_owned();
    let start = before.rsplit('/').next().unwrap_or_default().len();
    part.get(start..start + 10)?.parse().ok()
}

/// Reads the footer of one file.
///
/// # Errors
/// When it cannot be opened or is not Parquet.
pub fn footer(path: &Path) -> Result<ParquetFile, FileError> {
    let fail = |cause: String| FileError::NotParquet {
        path: path.display().to_string(),
        cause,
    };
    let mut file = File::open(path).map_err(|error| fail(error.to_string()))?;
    let bytes = file
        .metadata()
        .map_err(|error| fail(error.to_string()))?
        .len();
    let metadata = ParquetMetaDataReader::new()
        .parse_and_finish(&file)
        .map_err(|error| fail(error.to_string()))?;
    let about = metadata.file_metadata();
    let read_schema = |hints| {
        parquet_to_arrow_schema(about.schema_descr(), hints)
            .map_err(|error| fail(error.to_string()))
    };
    // What the writer says of its types goes beyond what Parquet knows; where it says too much,
    // only Parquet's own types count.
    let mut schema: Schema = read_schema(about.key_value_metadata())?;
    let is_foreign = schema.fields().iter().any(|field| is_foreign(field));
    if is_foreign {
        schema = read_schema(None)?;
    }
    let mut columns = BTreeMap::new();
    let mut unusable = BTreeMap::new();
    for (field, written) in schema.fields().iter().zip(about.schema().get_fields()) {
        let stored = if is_text(written) || exceeds_64_bits(&metadata, field) {
            Stored::Text
        } else {
            Stored::of(field.data_type())
        };
        columns.insert(field.name().clone(), stored);
        if stored == Stored::Other {
            unusable.insert(field.name().clone(), in_words(field.data_type()));
        }
    }
    let footer_hash = hash_footer(&mut file, bytes).map_err(|error| fail(error.to_string()))?;
    let mut column_bytes: BTreeMap<String, u64> = BTreeMap::new();
    let chunks = metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns());
    for chunk in chunks {
        let name = chunk.column_path().parts().first().cloned();
        let bytes = u64::try_from(chunk.compressed_size()).unwrap_or(0);
        *column_bytes.entry(name.unwrap_or_default()).or_default() += bytes;
    }
    Ok(ParquetFile {
        column_bytes,
        path: path.to_owned(),
        rows: u64::try_from(about.num_rows()).unwrap_or(0),
        bytes,
        footer_hash,
        columns,
        schema: Arc::new(schema),
        unusable,
        is_foreign,
        spans: statistics::spans(&metadata),
        folders: folders(path),
        dump: None,
    })
}

/// Returns whether a column has a type that the engine does not know, not even to pass it over.
fn is_foreign(field: &Field) -> bool {
    field.extension_type_name().is_some()
        || match field.data_type() {
            DataType::Timestamp(_, Some(zone)) => zone.parse::<Tz>().is_err(),
            DataType::Decimal256(precision, _) => *precision > DIGITS,
            DataType::List(inner)
            | DataType::LargeList(inner)
            | DataType::FixedSizeList(inner, _)
            | DataType::Map(inner, _) => is_foreign(inner),
            DataType::Struct(fields) => fields.iter().any(|field| is_foreign(field)),
            DataType::Dictionary(_, values) => {
                is_foreign(&Field::new("values", values.as_ref().clone(), true))
            }
            DataType::Interval(_)
            | DataType::Union(..)
            | DataType::ListView(_)
            | DataType::LargeListView(_)
            | DataType::RunEndEncoded(..) => true,
            _ => false,
        }
}

/// Most digits that a decimal may have.
const DIGITS: u8 = 38;

/// Returns whether a column is text by what it stands for, though the writer calls it bytes.
fn is_text(written: &Type) -> bool {
    let info = written.get_basic_info();
    written.is_primitive()
        && (matches!(
            info.logical_type_ref(),
            Some(LogicalType::Enum | LogicalType::Json)
        ) || matches!(
            info.converted_type(),
            ConvertedType::ENUM | ConvertedType::JSON
        ))
}

/// Returns whether a column has whole numbers that 64 bits with a sign cannot hold; they name
/// things, and are read as text.
fn exceeds_64_bits(metadata: &ParquetMetaData, field: &Field) -> bool {
    if *field.data_type() != DataType::UInt64 {
        return false;
    }
    let of_column = |column: &&ColumnChunkMetaData| {
        let path = column.column_path().parts();
        path.len() == 1 && path[0] == *field.name()
    };
    let mut chunks = metadata
        .row_groups()
        .iter()
        .filter_map(|group| group.columns().iter().find(of_column));
    chunks.any(|chunk| match chunk.statistics() {
        // Read as unsigned, the largest has the first bit set.
        Some(Statistics::Int64(numbers)) => numbers.max_opt().is_some_and(|max| *max < 0),
        _ => false,
    })
}

/// Returns a type that formulas cannot use as people call it.
fn in_words(data_type: &DataType) -> String {
    match data_type {
        DataType::Interval(_) | DataType::Duration(_) => "an interval".into(),
        DataType::Struct(_) => "a record of several fields".into(),
        DataType::Map(..) => "a map".into(),
        DataType::Time32(_) | DataType::Time64(_) => "a time of day".into(),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "bytes".into(),
        DataType::Decimal256(precision, _) => format!("a decimal of {precision} digits"),
        data_type if data_type.is_nested() => "a list".into(),
        data_type => format!("{data_type}"),
    }
}

/// The last eight bytes of a Parquet file are the footer's length and the magic word.
fn hash_footer(file: &mut File, bytes: u64) -> std::io::Result<String> {
    let mut tail = [0u8; 8];
    file.seek(SeekFrom::Start(bytes.saturating_sub(8)))?;
    file.read_exact(&mut tail)?;
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    file.seek(SeekFrom::Start(bytes.saturating_sub(8 + length)))?;
    let mut footer = Vec::new();
    file.read_to_end(&mut footer)?;
    Ok(hex(&Sha256::digest(&footer)))
}

/// Returns bytes as small hexadecimal letters.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn folders(path: &Path) -> BTreeMap<String, String> {
    path.parent()
        .into_iter()
        .flat_map(Path::iter)
        .filter_map(|part| part.to_str()?.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_dated_by_the_place_of_the_placeholder() {
        let root = Path::new("/data");
        let path = Path::new("/data/accounts/dt=2026-01-31/part-0.parquet");
        let date = NaiveDate::from_ymd_opt(2026, 1, 31);
        assert_eq!(dump_date(root, "accounts/dt={as_of}/*.parquet", path), date);
        assert_eq!(
            dump_date(
                root,
                "accounts/{as_of}.parquet",
                Path::new("/data/accounts/2026-01-31.parquet")
            ),
            date
        );
        assert_eq!(
            dump_date(
                root,
                "accounts/dt={as_of}/*.parquet",
                Path::new("/data/accounts/dt=latest/x")
            ),
            None
        );
    }
}
