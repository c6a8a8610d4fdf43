//! Tables row by row, whatever the file: CSV, JSON lines, Parquet.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use serde_json::{Map, Value};

use super::form::named;
use super::guard::{BOM, Found, Guard, LINE_MAX, Progress, next_line};
#[cfg(feature = "columns")]
use super::parquet::ParquetRows;
use super::refused::{shown, told};
use crate::base::{Stamp, Text};
use crate::cli::exit::Failure;

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'r> {
    /// The row has no such column.
    Absent,
    /// The column says nothing: an empty cell of CSV, `null`.
    Empty,
    /// Text, without spaces around it.
    Text(&'r str),
    /// Bytes that are no UTF-8, or something that is no value: a list, an object.
    Foreign,
    /// A number.
    Number(f64),
    /// A moment.
    Time(Stamp),
}

/// A value that is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Owned {
    /// As `Cell::Absent`.
    Absent,
    /// As `Cell::Empty`.
    Empty,
    /// Text.
    Text(String),
    /// As `Cell::Foreign`.
    Foreign,
    /// A number.
    Number(f64),
    /// A moment.
    #[cfg_attr(
        not(feature = "columns"),
        expect(dead_code, reason = "only Parquet has values that are moments")
    )]
    Time(Stamp),
}

impl Owned {
    fn cell(&self) -> Cell<'_> {
        match self {
            Self::Absent => Cell::Absent,
            Self::Empty => Cell::Empty,
            Self::Text(text) => text_cell(text),
            Self::Foreign => Cell::Foreign,
            Self::Number(number) => Cell::Number(*number),
            Self::Time(time) => Cell::Time(*time),
        }
    }
}

fn text_cell(text: &str) -> Cell<'_> {
    let text = text.trim();
    if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
}

/// What the next row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A row, at this line.
    Row(u64),
    /// What stands at this line is no row, and why.
    Bad(u64, Text),
    /// There is none.
    End,
}

/// A table, from its first row to its last.
pub enum Rows {
    /// Text with separators.
    Csv(CsvRows),
    /// An object a line.
    Json(JsonRows),
    /// Columns.
    #[cfg(feature = "columns")]
    Parquet(ParquetRows),
}

impl Rows {
    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        match self {
            Self::Csv(rows) => &rows.names,
            Self::Json(rows) => &rows.names,
            #[cfg(feature = "columns")]
            Self::Parquet(rows) => rows.names(),
        }
    }

    /// Must every column be there that is asked for? Objects may leave out what they do not know.
    pub fn is_fixed(&self) -> bool {
        !matches!(self, Self::Json(_))
    }

    /// Adds names that objects may have which the first one lacks.
    pub fn also(&mut self, names: impl Iterator<Item = String>) {
        if let Self::Json(rows) = self {
            for name in names {
                rows.add(name);
            }
        }
    }

    /// Goes to the next row. Errors: the file cannot be read on.
    pub fn advance(&mut self) -> Result<Next, Failure> {
        match self {
            Self::Csv(rows) => rows.advance(),
            Self::Json(rows) => rows.advance(),
            #[cfg(feature = "columns")]
            Self::Parquet(rows) => rows.advance(),
        }
    }

    /// A value of the present row.
    pub fn cell(&self, at: usize) -> Cell<'_> {
        match self {
            Self::Csv(rows) => rows.cell(at),
            Self::Json(rows) => rows.row.get(at).map_or(Cell::Absent, Owned::cell),
            #[cfg(feature = "columns")]
            Self::Parquet(rows) => rows.row().get(at).map_or(Cell::Absent, Owned::cell),
        }
    }
}

/// Rows of text with separators.
pub struct CsvRows {
    path: PathBuf,
    reader: csv::Reader<Chain<Cursor<Vec<u8>>, BufReader<Guard>>>,
    names: Vec<String>,
    record: ByteRecord,
    /// How many lines the reader is behind when a row begins: it counts a line at its `\n`, and of
    /// `\r\n` it has taken only the first by then.
    behind: u64,
}

impl CsvRows {
    /// Opens a file and reads its head. `separator`: found in the head when none is given.
    /// Errors: it cannot be read, it is empty, its head is no UTF-8.
    pub fn open(path: &Path, separator: Option<u8>, progress: &Progress) -> Result<Self, Failure> {
        let mut guard = Guard::open(path, progress)?.buffered();
        let path = &named(path);
        let head = head(&mut guard).map_err(|error| Failure::file(path, error))?;
        let separator = separator.unwrap_or_else(|| sniff(&head));
        let behind = u64::from(head.ends_with(b"\r\n"));
        let mut builder = csv::ReaderBuilder::new();
        builder.delimiter(separator).flexible(true);
        let mut reader = builder.from_reader(Cursor::new(head).chain(guard));
        let wrong = |text: String| Failure::usage(format!("{}: {text}", path.display()));
        let head = reader.byte_headers().map_err(|error| wrong(error.to_string()))?;
        let mut names = Vec::new();
        for (at, name) in head.iter().enumerate() {
            let name = if at == 0 { name.strip_prefix(BOM).unwrap_or(name) } else { name };
            let Some(name) = std::str::from_utf8(name).ok().filter(|name| !name.contains('\0'))
            else {
                return Err(wrong(NOT_UTF8.to_owned()));
            };
            names.push(name.trim().to_owned());
        }
        if names.iter().all(String::is_empty) {
            return Err(wrong("it is empty: there is no line of column names".to_owned()));
        }
        Ok(Self { path: path.to_owned(), reader, names, record: ByteRecord::new(), behind })
    }

    fn advance(&mut self) -> Result<Next, Failure> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(Next::End),
            Ok(true) => {
                let line = self.record.position().map_or(0, csv::Position::line) + self.behind;
                let (found, wanted) = (self.record.len(), self.names.len());
                if found == wanted {
                    Ok(Next::Row(line))
                } else {
                    let en = format!("it has {found} cells, the head has {wanted}");
                    let zh = format!("有{found}格,表头有{wanted}格");
                    Ok(Next::Bad(line, told(en, zh)))
                }
            }
            Err(error) => {
                let line = self.reader.position().line() + self.behind;
                let path = self.path.display();
                Err(Failure::usage(format!("{path}: near line {line}: {error}")))
            }
        }
    }

    fn cell(&self, at: usize) -> Cell<'_> {
        match self.record.get(at).map(std::str::from_utf8) {
            None => Cell::Absent,
            Some(Err(_)) => Cell::Foreign,
            Some(Ok(text)) => text_cell(text),
        }
    }
}

const NOT_UTF8: &str = "its column names are no UTF-8: convert it first, such as with \
                        `iconv -f GB18030 -t UTF-8 IN > OUT`";

/// All until the end of the first line that is not blank: standard input is read only once.
fn head(file: &mut BufReader<Guard>) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while head.iter().all(u8::is_ascii_whitespace) && head.len() <= LINE_MAX {
        if file.read_until(b'\n', &mut head)? == 0 {
            break;
        }
    }
    Ok(head)
}

/// The separator of the first line: what it has most of.
fn sniff(head: &[u8]) -> u8 {
    let line = String::from_utf8_lossy(head);
    // The last of equals is the comma.
    let found = ['|', '\t', ';', ','].into_iter().max_by_key(|it| line.matches(*it).count());
    found.and_then(|it| u8::try_from(it).ok()).unwrap_or(b',')
}

/// A line as an object, or why it is none.
pub type Object = Result<Map<String, Value>, Text>;

/// Rows of which each is an object on a line of its own.
pub struct JsonRows {
    path: PathBuf,
    file: BufReader<Guard>,
    line: Vec<u8>,
    number: u64,
    /// What the last line was.
    found: Found,
    names: Vec<String>,
    places: BTreeMap<String, usize>,
    row: Vec<Owned>,
    /// The first object, which was read to learn the names.
    first: Option<Map<String, Value>>,
}

impl JsonRows {
    /// Opens a file and reads its first object. Errors: it cannot be read, or begins with none.
    pub fn open(path: &Path, progress: &Progress) -> Result<Self, Failure> {
        let mut rows = Self {
            path: named(path),
            file: Guard::open(path, progress)?.buffered(),
            line: Vec::new(),
            number: 0,
            found: Found::Nothing,
            names: Vec::new(),
            places: BTreeMap::new(),
            row: Vec::new(),
            first: None,
        };
        let shown_path = rows.path.display().to_string();
        match rows.object()? {
            None => Err(Failure::usage(format!("{shown_path}: it is empty"))),
            Some(Ok(first)) => {
                for name in first.keys() {
                    rows.add(name.clone());
                }
                rows.first = Some(first);
                Ok(rows)
            }
            Some(Err(text)) => {
                let text = format!(
                    "{shown_path}:{}: {}: a recording in JSON has one object a line \
                     (`jq -c '.[]'` makes that of a list)",
                    rows.number, text.en
                );
                Err(Failure::usage(text))
            }
        }
    }

    /// The first object: what kind of recording it is.
    pub fn first(&self) -> Option<&Map<String, Value>> {
        self.first.as_ref()
    }

    /// The next line as an object, or why it is none; none at the end.
    pub fn object(&mut self) -> Result<Option<Object>, Failure> {
        if let Some(first) = self.first.take() {
            return Ok(Some(Ok(first)));
        }
        let read = next_line(&mut self.file, &mut self.line, &mut self.number);
        self.found = read.map_err(|error| Failure::file(&self.path, error))?;
        if self.found == Found::Nothing {
            return Ok(None);
        }
        let object = serde_json::from_slice(&self.line);
        let text = || shown(&String::from_utf8_lossy(&self.line));
        Ok(Some(object.map_err(|_| {
            let text = text();
            told(format!("no JSON object: {text}"), format!("不是 JSON 对象:{text}"))
        })))
    }

    /// Does the file end within the last object?
    pub fn is_torn(&self) -> bool {
        self.found == Found::Unended
    }

    /// The line of the last object.
    pub fn line(&self) -> u64 {
        self.number
    }

    fn add(&mut self, name: String) {
        if !self.places.contains_key(&name) {
            self.places.insert(name.clone(), self.names.len());
            self.names.push(name);
        }
    }

    fn advance(&mut self) -> Result<Next, Failure> {
        let object = match self.object()? {
            None => return Ok(Next::End),
            Some(Err(text)) => return Ok(Next::Bad(self.number, text)),
            Some(Ok(object)) => object,
        };
        self.row.clear();
        self.row.resize(self.names.len(), Owned::Absent);
        for (name, value) in object {
            let place = self.places.get(&name).and_then(|at| self.row.get_mut(*at));
            let Some(place) = place else { continue };
            *place = match value {
                Value::Null => Owned::Empty,
                Value::String(text) => Owned::Text(text),
                Value::Bool(is) => Owned::Number(f64::from(u8::from(is))),
                Value::Number(number) => number.as_f64().map_or(Owned::Foreign, Owned::Number),
                Value::Array(_) | Value::Object(_) => Owned::Foreign,
            };
        }
        Ok(Next::Row(self.number))
    }
}
