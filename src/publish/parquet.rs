//! From a frame to the bytes of a Parquet file, with sorting, descriptions and origin in its footer.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType as ArrowType, Field, Schema, TimeUnit as ArrowUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;
use polars::prelude::*;

/// Where a file comes from; it stands in the footer.
#[derive(Debug, Clone, Default)]
pub struct Stamp {
    /// The program and its version.
    pub program: String,
    /// Key-value pairs.
    pub pairs: Vec<(String, String)>,
}

/// Why a table could not be turned into Parquet.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Polars could not hand a column over.
    #[error("column could not be read: {0}")]
    Polars(#[from] PolarsError),
    /// A column has a type that not every reader knows.
    #[error("column {column} has the type {found}, which is not published")]
    Type {
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
    },
    /// The writer failed.
    #[error("{0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The columns do not fit together.
    #[error("{0}")]
    Arrow(#[from] arrow::error::ArrowError),
}

/// Returns the bytes of a Parquet file; the same frame and stamp give the same bytes.
///
/// `sorted_by` are leading columns by which the rows are known to rise; `descriptions` say what
/// each column means.
///
/// # Errors
/// When a column's type is not one that every reader knows.
pub fn encode(
    frame: &DataFrame,
    sorted_by: &[String],
    descriptions: &[(String, String)],
    stamp: &Stamp,
) -> Result<Vec<u8>, EncodeError> {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for column in frame.columns() {
        let (data_type, array) = hand_over(column)?;
        let about = descriptions
            .iter()
            .find(|(name, _)| name == column.name().as_str());
        let metadata: std::collections::HashMap<String, String> = about
            .map(|(_, text)| ("description".to_owned(), text.clone()))
            .into_iter()
            .collect();
        fields.push(Field::new(column.name().as_str(), data_type, true).with_metadata(metadata));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays)?;
    let sorting = sorted_by
        .iter()
        .filter_map(|name| frame.get_column_index(name))
        .map(|index| SortingColumn {
            column_idx: index as i32,
            descending: false,
            nulls_first: true,
        })
        .collect();
    let described = descriptions
        .iter()
        .map(|(name, text)| KeyValue::new(format!("column.{name}"), text.clone()));
    let pairs = stamp
        .pairs
        .iter()
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
        .chain(described)
        .collect();
    let properties = WriterProperties::builder()
        .set_created_by(stamp.program.clone())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_key_value_metadata(Some(pairs))
        .set_sorting_columns(Some(sorting))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(bytes)
}

/// Reads a published table back.
///
/// # Errors
/// When the file cannot be read.
pub fn decode(path: &Path) -> PolarsResult<DataFrame> {
    let path = path.to_string_lossy();
    let args = ScanArgsParquet {
        glob: false,
        ..ScanArgsParquet::default()
    };
    LazyFrame::scan_parquet(PlRefPath::new(path.as_ref()), args)?.collect()
}

/// Copies a column into the plain type that every reader knows.
fn hand_over(column: &Column) -> Result<(ArrowType, ArrayRef), EncodeError> {
    let series = column.as_materialized_series();
    Ok(match series.dtype() {
        DataType::String => (
            ArrowType::Utf8,
            Arc::new(series.str()?.iter().collect::<StringArray>()),
        ),
        DataType::Float64 => (
            ArrowType::Float64,
            Arc::new(series.f64()?.iter().collect::<Float64Array>()),
        ),
        DataType::Int64 => (
            ArrowType::Int64,
            Arc::new(series.i64()?.iter().collect::<Int64Array>()),
        ),
        DataType::Int32 => (
            ArrowType::Int32,
            Arc::new(series.i32()?.iter().collect::<Int32Array>()),
        ),
        DataType::Boolean => (
            ArrowType::Boolean,
            Arc::new(series.bool()?.iter().collect::<BooleanArray>()),
        ),
        DataType::Date => (
            ArrowType::Date32,
            Arc::new(series.date()?.physical().iter().collect::<Date32Array>()),
        ),
        DataType::Datetime(TimeUnit::Microseconds, zone) => {
            let zone: Option<Arc<str>> = zone.as_ref().map(|zone| zone.to_string().into());
            let array: TimestampMicrosecondArray = series.datetime()?.physical().iter().collect();
            (
                ArrowType::Timestamp(ArrowUnit::Microsecond, zone.clone()),
                Arc::new(array.with_timezone_opt(zone)),
            )
        }
        DataType::Decimal(_, _) => {
            let series = series.cast(&DataType::Float64)?;
            (
                ArrowType::Float64,
                Arc::new(series.f64()?.iter().collect::<Float64Array>()),
            )
        }
        other => {
            return Err(EncodeError::Type {
                column: column.name().to_string(),
                found: other.clone(),
            });
        }
    })
}
