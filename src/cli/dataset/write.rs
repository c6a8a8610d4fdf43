#![expect(clippy::disallowed_methods, reason = "edge: writes the files of a dataset")]
//! Rows into files: CSV, and Parquet in builds with the feature `columns`.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

#[cfg(feature = "columns")]
use super::parquet::ParquetTable;
use super::table::{Cell, Table};
use crate::base::Stamp;
use crate::base::time::UtcOffset;

/// Which files to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formats {
    /// CSV.
    pub csv: bool,
    /// Parquet.
    pub parquet: bool,
}

/// One table on its way to its files.
pub struct TableFile {
    csv: Option<CsvTable>,
    #[cfg(feature = "columns")]
    parquet: Option<ParquetTable>,
    rows: u64,
}

impl TableFile {
    /// New files in `folder`.
    pub fn create(folder: &Path, table: &Table, formats: Formats) -> io::Result<Self> {
        let file = |ending: &str| File::create(folder.join(format!("{}.{ending}", table.name)));
        Ok(Self {
            csv: formats.csv.then(|| CsvTable::new(file("csv")?, table)).transpose()?,
            #[cfg(feature = "columns")]
            parquet: formats
                .parquet
                .then(|| ParquetTable::new(file("parquet")?, table))
                .transpose()?,
            rows: 0,
        })
    }

    /// Adds a row: one cell for each column.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        if let Some(csv) = &mut self.csv {
            csv.row(cells)?;
        }
        #[cfg(feature = "columns")]
        if let Some(parquet) = &mut self.parquet {
            parquet.row(cells)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// Completes the files, down to the disk; gives how many rows there are.
    pub fn finish(self) -> io::Result<u64> {
        if let Some(csv) = self.csv {
            csv.finish()?;
        }
        #[cfg(feature = "columns")]
        if let Some(parquet) = self.parquet {
            parquet.finish()?;
        }
        Ok(self.rows)
    }
}

/// RFC 4180, with `\n` at the end of lines; nothing for an empty cell.
struct CsvTable {
    out: csv::Writer<BufWriter<File>>,
    text: Vec<u8>,
    /// Times come in runs: the last ones, already written out, newest first.
    times: [(Stamp, String); 3],
}

impl CsvTable {
    fn new(file: File, table: &Table) -> io::Result<Self> {
        let mut out = csv::Writer::from_writer(BufWriter::new(file));
        out.write_record(table.columns.iter().map(|column| column.name))?;
        let known = || (Stamp::MAX, moment(Stamp::MAX));
        Ok(Self { out, text: Vec::new(), times: [known(), known(), known()] })
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for cell in cells {
            self.text.clear();
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => self.text.extend_from_slice(text.as_bytes()),
                Cell::Count(count) => write!(self.text, "{count}")?,
                Cell::Number(number) => write!(self.text, "{number}")?,
                Cell::Time(time) => {
                    if self.times[0].0 != *time {
                        let known = self.times.iter().position(|(known, _)| known == time);
                        self.times[..=known.unwrap_or(2)].rotate_right(1);
                        if known.is_none() {
                            self.times[0] = (*time, moment(*time));
                        }
                    }
                    self.text.extend_from_slice(self.times[0].1.as_bytes());
                }
            }
            self.out.write_field(&self.text)?;
        }
        self.out.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        let buffered =
            self.out.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        let file = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()
    }
}

/// RFC 3339 in UTC, always with milliseconds: readers guess a column's form from its first rows.
fn moment(time: Stamp) -> String {
    let text = time.at(UtcOffset::UTC);
    let text = text.trim_end_matches('Z');
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{seconds}.{fraction:0<3}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_has_the_same_length() {
        let text = |ms| moment(Stamp::from_ms(ms).expect("a time"));
        assert_eq!(text(1_733_356_800_000), "2024-12-05T00:00:00.000Z");
        assert_eq!(text(1_733_356_800_200), "2024-12-05T00:00:00.200Z");
        assert_eq!(text(1_733_356_800_034), "2024-12-05T00:00:00.034Z");
    }
}
