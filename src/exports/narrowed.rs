//! Files with columns of types that the engine cannot even pass over, such as intervals: it is
//! given the columns that are used, and never hears of the others.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use parquet::errors::Result;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaDataBuilder, ParquetMetaDataReader,
    ParquetMetaDataWriter,
};
use parquet::schema::types::{SchemaDescriptor, Type};

/// Returns the Parquet file that has nothing but the `wanted` columns of another, in its order.
///
/// Pages are copied as they are. The writer's own description of its types is left out, so
/// columns have the types that Parquet says.
///
/// # Errors
/// When the file cannot be read.
pub fn narrowed(path: &Path, wanted: &BTreeSet<&str>) -> Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let whole = ParquetMetaDataReader::new().parse_and_finish(&file)?;
    let about = whole.file_metadata();
    let fields = about.schema().get_fields().iter();
    let fields = fields.filter(|field| wanted.contains(field.name()));
    let schema = Type::group_type_builder(about.schema().name())
        .with_fields(fields.cloned().collect())
        .build()?;
    let schema = Arc::new(SchemaDescriptor::new(Arc::new(schema)));
    let about = FileMetaData::new(
        about.version(),
        about.num_rows(),
        about.created_by().map(str::to_owned),
        None,
        schema.clone(),
        None,
    );
    let mut bytes = MAGIC.to_vec();
    let mut narrow = ParquetMetaDataBuilder::new(about);
    for group in whole.row_groups() {
        let is_wanted = |column: &&ColumnChunkMetaData| {
            let root = column.column_path().parts().first();
            root.is_some_and(|root| wanted.contains(root.as_str()))
        };
        let columns = group
            .columns()
            .iter()
            .filter(is_wanted)
            .map(|column| copied(column, &mut file, &mut bytes))
            .collect::<Result<Vec<_>>>()?;
        let group = parquet::file::metadata::RowGroupMetaData::builder(schema.clone())
            .set_num_rows(group.num_rows())
            .set_total_byte_size(
                columns
                    .iter()
                    .map(ColumnChunkMetaData::uncompressed_size)
                    .sum(),
            )
            .set_column_metadata(columns)
            .build()?;
        narrow = narrow.add_row_group(group);
    }
    ParquetMetaDataWriter::new(&mut bytes, &narrow.build()).finish()?;
    Ok(bytes)
}

const MAGIC: [u8; 4] = *b"PAR1";

/// Copies the pages of a column, and returns where they lie now.
fn copied(
    column: &ColumnChunkMetaData,
    file: &mut File,
    bytes: &mut Vec<u8>,
) -> Result<ColumnChunkMetaData> {
    let (start, length) = column.byte_range();
    let moved = |offset: i64| offset - start as i64 + bytes.len() as i64;
    let copied = column
        .clone()
        .into_builder()
        .set_data_page_offset(moved(column.data_page_offset()))
        .set_dictionary_page_offset(column.dictionary_page_offset().map(moved))
        .set_index_page_offset(None)
        .set_bloom_filter_offset(None)
        .set_bloom_filter_length(None)
        .set_column_index_offset(None)
        .set_column_index_length(None)
        .set_offset_index_offset(None)
        .set_offset_index_length(None)
        .build()?;
    file.seek(SeekFrom::Start(start))?;
    let read = file.take(length).read_to_end(bytes)?;
    if read as u64 != length {
        return Err(parquet::errors::ParquetError::EOF(format!(
            "the pages of `{}` end too early",
            column.column_path()
        )));
    }
    Ok(copied)
}
