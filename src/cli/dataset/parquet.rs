//! A table as Parquet: row groups of a bounded size, compressed with Snappy.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::table::{Cell, Column, Kind, Table};

/// Rows of a row group: a table holds no more than this in memory.
const GROUP_ROWS: usize = 64 * 1024;

/// A Parquet file on its way.
pub struct ParquetTable {
    out: SerializedFileWriter<File>,
    columns: Vec<Values>,
    rows: usize,
    /// Every text so far, kept once: tags, units, villages.
    texts: BTreeMap<String, ByteArray>,
}

/// The values of one column in the present row group.
struct Values {
    kind: Kind,
    /// 1 where there is a value; none for a column that has one in every row.
    present: Option<Vec<i16>>,
    texts: Vec<ByteArray>,
    numbers: Vec<f64>,
    /// Counts, and milliseconds since 1970 UTC.
    wholes: Vec<i64>,
}

impl ParquetTable {
    /// An empty table.
    pub fn new(file: File, table: &Table) -> io::Result<Self> {
        let schema = parse_message_type(&schema(table)).map_err(other)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let out = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties));
        Ok(Self {
            out: out.map_err(other)?,
            columns: table.columns.iter().map(Values::new).collect(),
            rows: 0,
            texts: BTreeMap::new(),
        })
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            if let Some(present) = &mut column.present {
                present.push(i16::from(*cell != Cell::Empty));
            }
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    if !self.texts.contains_key(*text) {
                        let bytes = ByteArray::from(text.as_bytes().to_vec());
                        self.texts.insert((*text).to_owned(), bytes);
                    }
                    column.texts.extend(self.texts.get(*text).cloned());
                }
                Cell::Count(count) => column.wholes.push(count.cast_signed()),
                Cell::Number(number) => column.numbers.push(*number),
                Cell::Time(time) => column.wholes.push(time.as_ms()),
            }
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> io::Result<()> {
        let mut group = self.out.next_row_group().map_err(other)?;
        for column in &mut self.columns {
            column.write(&mut group).map_err(other)?;
        }
        group.close().map_err(other)?;
        self.rows = 0;
        Ok(())
    }

    /// Completes the file, down to the disk.
    pub fn finish(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.out.into_inner().map_err(other)?.sync_all()
    }
}

impl Values {
    fn new(column: &Column) -> Self {
        Self {
            kind: column.kind,
            present: column.may_be_empty.then(Vec::new),
            texts: Vec::new(),
            numbers: Vec::new(),
            wholes: Vec::new(),
        }
    }

    /// Writes the column's chunk of the row group, and forgets its values.
    fn write(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, File>,
    ) -> Result<(), ParquetError> {
        let Some(mut writer) = group.next_column()? else { return Ok(()) };
        let present = self.present.as_deref();
        match self.kind {
            Kind::Text => {
                writer.typed::<ByteArrayType>().write_batch(&self.texts, present, None)?;
            }
            Kind::Number => {
                writer.typed::<DoubleType>().write_batch(&self.numbers, present, None)?;
            }
            Kind::Count | Kind::Time => {
                writer.typed::<Int64Type>().write_batch(&self.wholes, present, None)?;
            }
        }
        writer.close()?;
        self.texts.clear();
        self.numbers.clear();
        self.wholes.clear();
        if let Some(present) = &mut self.present {
            present.clear();
        }
        Ok(())
    }
}

/// In Parquet's own language.
fn schema(table: &Table) -> String {
    let mut text = format!("message {} {{\n", table.name);
    for column in table.columns {
        let presence = if column.may_be_empty { "OPTIONAL" } else { "REQUIRED" };
        let (physical, logical) = match column.kind {
            Kind::Text => ("BYTE_ARRAY", " (STRING)"),
            Kind::Count => ("INT64", " (INTEGER(64,false))"),
            Kind::Number => ("DOUBLE", ""),
            Kind::Time => ("INT64", " (TIMESTAMP(MILLIS,true))"),
        };
        text.push_str(&format!("  {presence} {physical} {}{logical};\n", column.name));
    }
    text.push('}');
    text
}

fn other(error: ParquetError) -> io::Error {
    io::Error::other(error)
}
