//! From a frame to the bytes of a Parquet file, with sorting, descriptions and origin in its footer.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray, RecordBatch, StringArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowNativeType, DataType as ArrowType, Date32Type, Field, Float64Type as ArrowFloat64,
    Int32Type as ArrowInt32, Int64Type as ArrowInt64, Schema, TimeUnit as ArrowUnit,
    TimestampMicrosecondType,
};
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
    let mut bytes = Vec::new();
    let pieces = [Ok(frame.clone())];
    encode_pieces(pieces, sorted_by, descriptions, stamp, &mut bytes)?;
    Ok(bytes)
}

/// Writes the same of the pieces of a frame; there is at least one, with or without rows.
///
/// # Errors
/// When a piece cannot be made, or a column's type is not one that every reader knows.
pub fn encode_pieces<W: Write + Send>(
    pieces: impl IntoIterator<Item = PolarsResult<DataFrame>>,
    sorted_by: &[String],
    descriptions: &[(String, String)],
    stamp: &Stamp,
    to: W,
) -> Result<(), EncodeError> {
    let mut to = Some(to);
    let mut writer: Option<(Arc<Schema>, ArrowWriter<W>)> = None;
    for piece in pieces {
        let piece = piece?;
        let mut begin = 0;
        // A little at a time, so that what is handed over need not be there twice as a whole.
        while begin == 0 || begin < piece.height() {
            let rows = piece.slice(begin as i64, AT_A_TIME);
            begin += AT_A_TIME;
            let columns = rows.columns().iter().map(hand_over);
            let (types, arrays): (Vec<_>, Vec<_>) =
                columns.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
            if let Some(to) = to.take() {
                let schema = schema(&rows, types, descriptions);
                let properties = properties(&rows, sorted_by, descriptions, stamp)?;
                let begun = ArrowWriter::try_new(to, schema.clone(), Some(properties))?;
                writer = Some((schema, begun));
            }
            if let Some((schema, writer)) = &mut writer {
                writer.write(&RecordBatch::try_new(schema.clone(), arrays)?)?;
            }
        }
    }
    if let Some((_, writer)) = writer {
        writer.close()?;
    }
    Ok(())
}

/// So many rows are handed over at a time. Where a page of the file ends depends on it; what stands in
/// the file does not.
const AT_A_TIME: usize = 64 * 1024;

/// The different values of a column are listed up to so many bytes. Where there are more, nearly every
/// value is another, and looking each of them up costs more than writing it out.
const DICTIONARY: usize = 128 * 1024;

fn schema(
    frame: &DataFrame,
    types: Vec<ArrowType>,
    descriptions: &[(String, String)],
) -> Arc<Schema> {
    let fields = frame.get_column_names().into_iter().zip(types);
    let fields = fields.map(|(column, data_type)| {
        let about = descriptions
            .iter()
            .find(|(name, _)| name == column.as_str());
        let about = about.map(|(_, text)| ("description".to_owned(), text.clone()));
        let metadata: std::collections::HashMap<String, String> = about.into_iter().collect();
        Field::new(column.as_str(), data_type, true).with_metadata(metadata)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn properties(
    frame: &DataFrame,
    sorted_by: &[String],
    descriptions: &[(String, String)],
    stamp: &Stamp,
) -> Result<WriterProperties, EncodeError> {
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
    Ok(WriterProperties::builder()
        .set_created_by(stamp.program.clone())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_dictionary_page_size_limit(DICTIONARY)
        .set_key_value_metadata(Some(pairs))
        .set_sorting_columns(Some(sorting))
        .build())
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
        DataType::String => (ArrowType::Utf8, Arc::new(texts(series.str()?))),
        DataType::Float64 => (
            ArrowType::Float64,
            Arc::new(numbers::<_, ArrowFloat64, _>(series.f64()?)),
        ),
        DataType::Int64 => (
            ArrowType::Int64,
            Arc::new(numbers::<_, ArrowInt64, _>(series.i64()?)),
        ),
        DataType::Int32 => (
            ArrowType::Int32,
            Arc::new(numbers::<_, ArrowInt32, _>(series.i32()?)),
        ),
        DataType::Boolean => (
            ArrowType::Boolean,
            Arc::new(BooleanArray::new(
                bits(series.bool()?),
                nulls(series.bool()?),
            )),
        ),
        DataType::Date => (
            ArrowType::Date32,
            Arc::new(numbers::<_, Date32Type, _>(series.date()?.physical())),
        ),
        DataType::Datetime(TimeUnit::Microseconds, zone) => {
            let zone: Option<Arc<str>> = zone.as_ref().map(|zone| zone.to_string().into());
            let array = numbers::<_, TimestampMicrosecondType, _>(series.datetime()?.physical());
            (
                ArrowType::Timestamp(ArrowUnit::Microsecond, zone.clone()),
                Arc::new(array.with_timezone_opt(zone)),
            )
        }
        DataType::Decimal(_, _) => {
            let series = series.cast(&DataType::Float64)?;
            (
                ArrowType::Float64,
                Arc::new(numbers::<_, ArrowFloat64, _>(series.f64()?)),
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

/// Copies texts one behind the other.
fn texts(column: &StringChunked) -> StringArray {
    let length = column.iter().flatten().map(str::len).sum();
    let (mut bytes, mut ends) = (
        Vec::with_capacity(length),
        Vec::with_capacity(column.len() + 1),
    );
    ends.push(0);
    for text in column.iter() {
        bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        ends.push(bytes.len() as i32);
    }
    StringArray::new(OffsetBuffer::new(ends.into()), bytes.into(), nulls(column))
}

/// Copies numbers as they lie in memory.
fn numbers<P, A, N>(column: &ChunkedArray<P>) -> PrimitiveArray<A>
where
    P: PolarsNumericType<Native = N>,
    A: ArrowPrimitiveType<Native = N>,
    N: NumericNative + ArrowNativeType,
{
    let column = column.rechunk();
    let values = column.downcast_as_array().values().as_slice().to_vec();
    PrimitiveArray::new(values.into(), nulls(&column))
}

/// Returns which cells are there, if any is not.
fn nulls<P: PolarsDataType>(column: &ChunkedArray<P>) -> Option<NullBuffer> {
    (column.null_count() > 0).then(|| NullBuffer::new(bits(&column.is_not_null())))
}

/// Copies bits as they lie in memory.
fn bits(column: &BooleanChunked) -> BooleanBuffer {
    let column = column.rechunk();
    let (bytes, offset, height) = column.downcast_as_array().values().as_slice();
    BooleanBuffer::new(bytes.to_vec().into(), offset, height)
}
