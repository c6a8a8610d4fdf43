#![expect(clippy::disallowed_methods, reason = "edge: opens recordings")]
//! Rows of a Parquet file, a row group after the other.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;

use super::guard::Progress;
use super::rows::{Next, Owned};
use crate::base::Stamp;
use crate::cli::exit::Failure;

/// Rows of a Parquet file.
pub struct ParquetRows {
    path: PathBuf,
    rows: RowIter<'static>,
    names: Vec<String>,
    row: Vec<Owned>,
    number: u64,
    progress: Progress,
    /// Bytes of the file that a row stands for.
    bytes_a_row: f64,
    told: u64,
}

impl ParquetRows {
    /// Opens a file. Errors: it cannot be read, or is no Parquet.
    pub fn open(path: &Path, progress: &Progress) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| Failure::file(path, error))?;
        let bytes = file.metadata().map_or(0, |about| about.len());
        let wrong = |error| Failure::usage(format!("{}: no Parquet file: {error}", path.display()));
        let reader = SerializedFileReader::new(file).map_err(wrong)?;
        let about = reader.metadata().file_metadata();
        let count = about.num_rows().max(1);
        let fields = about.schema().get_fields();
        let names = fields.iter().map(|field| field.name().to_owned()).collect();
        let rows = reader.into_iter();
        let (path, progress) = (path.to_owned(), progress.clone());
        let bytes_a_row = bytes as f64 / count as f64;
        let row = Vec::new();
        Ok(Self { path, rows, names, row, number: 0, progress, bytes_a_row, told: 0 })
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The present row.
    pub fn row(&self) -> &[Owned] {
        &self.row
    }

    /// Goes to the next row. Errors: the file is damaged.
    pub fn advance(&mut self) -> Result<Next, Failure> {
        let Some(row) = self.rows.next() else { return Ok(Next::End) };
        self.number += 1;
        let row = row.map_err(|error| {
            let (path, number) = (self.path.display(), self.number);
            Failure::usage(format!("{path}: row {number}: {error}"))
        })?;
        let read = (self.number as f64 * self.bytes_a_row) as u64;
        self.progress.add(read.saturating_sub(self.told));
        self.told = read.max(self.told);
        self.row.clear();
        self.row.extend(row.get_column_iter().map(|(_, field)| owned(field)));
        Ok(Next::Row(self.number))
    }
}

fn owned(field: &Field) -> Owned {
    let moment = |ms| Stamp::from_ms(ms).map_or(Owned::Foreign, Owned::Time);
    match field {
        Field::Null => Owned::Empty,
        Field::Str(text) => Owned::Text(text.clone()),
        Field::Bytes(bytes) => {
            let text = std::str::from_utf8(bytes.data());
            text.map_or(Owned::Foreign, |text| Owned::Text(text.to_owned()))
        }
        Field::Bool(is) => Owned::Number(f64::from(u8::from(*is))),
        Field::Byte(number) => Owned::Number(f64::from(*number)),
        Field::Short(number) => Owned::Number(f64::from(*number)),
        Field::Int(number) => Owned::Number(f64::from(*number)),
        Field::Long(number) => Owned::Number(*number as f64),
        Field::UByte(number) => Owned::Number(f64::from(*number)),
        Field::UShort(number) => Owned::Number(f64::from(*number)),
        Field::UInt(number) => Owned::Number(f64::from(*number)),
        Field::ULong(number) => Owned::Number(*number as f64),
        Field::Float(number) => Owned::Number(f64::from(*number)),
        Field::Double(number) => Owned::Number(*number),
        Field::TimestampMillis(ms) => moment(*ms),
        Field::TimestampMicros(us) => moment(us.div_euclid(1_000)),
        _ => Owned::Foreign,
    }
}
