#![expect(clippy::disallowed_methods, reason = "edge: opens recordings")]
//! A file read from front to back: how far one is, and no line that would fill the memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read, Stdin};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::form::{Packing, is_standard_input, named};
use super::frames::Frames;
use crate::cli::exit::Failure;

/// Longest line of a recording, in bytes.
pub const LINE_MAX: usize = 1024 * 1024;

/// Read at a time.
const CHUNK: usize = 256 * 1024;

/// How far the reading of a file is, in bytes; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// So many more have been read.
    pub fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

enum Input {
    File(File),
    Standard(Stdin),
}

/// An input that counts what is read of it.
struct Counted(Input, Progress);

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.0 {
            Input::File(file) => file.read(bytes)?,
            Input::Standard(input) => input.read(bytes)?,
        };
        self.1.add(count as u64);
        Ok(count)
    }
}

/// The first bytes, which have been looked at, and the rest.
type Looked = Chain<Cursor<Vec<u8>>, Counted>;

enum Bytes {
    Plain(Looked),
    Gzip(Box<MultiGzDecoder<Looked>>),
    Zstandard(Box<Frames<Looked>>),
}

/// Passes bytes on, and fails at a line that does not end.
pub struct Guard {
    bytes: Bytes,
    line: usize,
}

impl Guard {
    /// Opens a file, or standard input, and unpacks what is packed: its name says so, or its first
    /// bytes do. Errors: it cannot be opened or read, or is a folder.
    pub fn open(path: &Path, progress: &Progress) -> Result<Self, Failure> {
        let open = || {
            if is_standard_input(path) {
                return Ok(Input::Standard(io::stdin()));
            }
            let file = File::open(path)?;
            if file.metadata()?.is_dir() {
                return Err(io::Error::other("this is a folder, not a file"));
            }
            Ok(Input::File(file))
        };
        let look = |input| {
            let mut input = Counted(input, progress.clone());
            let mut first = Vec::new();
            input.by_ref().take(4).read_to_end(&mut first)?;
            Ok((first, input))
        };
        let looked = open().and_then(look);
        let (first, input) = looked.map_err(|error| Failure::file(&named(path), error))?;
        let packing = Packing::by_name(path).or_else(|| Packing::by_bytes(&first));
        let input = Cursor::new(first).chain(input);
        let bytes = match packing {
            None => Bytes::Plain(input),
            Some(Packing::Gzip) => Bytes::Gzip(Box::new(MultiGzDecoder::new(input))),
            Some(Packing::Zstandard) => Bytes::Zstandard(Box::new(Frames::new(input))),
        };
        Ok(Self { bytes, line: 0 })
    }

    /// With a buffer before it.
    pub fn buffered(self) -> BufReader<Self> {
        BufReader::with_capacity(CHUNK, self)
    }
}

impl Read for Guard {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.bytes {
            Bytes::Plain(input) => input.read(bytes)?,
            Bytes::Gzip(input) => input.read(bytes)?,
            Bytes::Zstandard(input) => input.read(bytes)?,
        };
        for part in bytes[..count].split_inclusive(|byte| *byte == b'\n') {
            self.line += part.len();
            if self.line > LINE_MAX {
                let text = format!("a line has more than {LINE_MAX} bytes: this is no recording");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            if part.ends_with(b"\n") {
                self.line = 0;
            }
        }
        Ok(count)
    }
}

/// What was found where a line should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The end of the file.
    Nothing,
    /// A line.
    Line,
    /// The last line, and it does not end.
    Unended,
}

/// The next line that is not blank, without its end, into `line`. Counts lines in `number`.
pub fn next_line(
    file: &mut BufReader<Guard>,
    line: &mut Vec<u8>,
    number: &mut u64,
) -> io::Result<Found> {
    loop {
        line.clear();
        if file.read_until(b'\n', line)? == 0 {
            return Ok(Found::Nothing);
        }
        *number += 1;
        let found = if line.ends_with(b"\n") { Found::Line } else { Found::Unended };
        if *number == 1 && line.starts_with(BOM) {
            line.drain(..BOM.len());
        }
        while line.last().is_some_and(u8::is_ascii_whitespace) {
            line.pop();
        }
        if !line.is_empty() {
            return Ok(found);
        }
    }
}

/// What some programs write before UTF-8.
pub const BOM: &[u8] = b"\xef\xbb\xbf";
