#![expect(clippy::disallowed_methods, reason = "edge: opens recordings")]
//! A file read from front to back: how far one is, and no line that would fill the memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

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

/// A file that counts what is read of it.
#[derive(Debug)]
struct Counted(File, Progress);

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(bytes)?;
        self.1.add(count as u64);
        Ok(count)
    }
}

#[derive(Debug)]
enum Bytes {
    Plain(Counted),
    /// Of a file that ends with `.gz`; several members are one recording, as of rotated logs.
    Packed(Box<MultiGzDecoder<Counted>>),
}

/// Does the name say that the file is compressed, by gzip?
pub fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"))
}

/// Passes bytes on, and fails at a line that does not end.
#[derive(Debug)]
pub struct Guard {
    bytes: Bytes,
    line: usize,
}

impl Guard {
    /// Opens a file, and unpacks one that ends with `.gz`. Errors: it cannot be opened, or is a
    /// folder.
    pub fn open(path: &Path, progress: &Progress) -> Result<Self, Failure> {
        let open = || {
            let file = File::open(path)?;
            if file.metadata()?.is_dir() {
                return Err(io::Error::other("this is a folder, not a file"));
            }
            Ok(file)
        };
        let file = open().map_err(|error| Failure::file(path, error))?;
        let file = Counted(file, progress.clone());
        let bytes = if is_packed(path) {
            Bytes::Packed(Box::new(MultiGzDecoder::new(file)))
        } else {
            Bytes::Plain(file)
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
            Bytes::Plain(file) => file.read(bytes)?,
            Bytes::Packed(file) => file.read(bytes)?,
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
