//! The file that a recording is written to: whole lines only, whatever happens.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::cli::exit::Failure;
use crate::cli::recording::heard::is_message;

/// Read at a time when the end of a file is looked for.
const CHUNK: u64 = 64 * 1024;

/// A file of whole lines.
pub struct Tape {
    path: PathBuf,
    file: File,
    /// Where the next line begins.
    end: u64,
    /// Bytes of a message that was being written when an earlier recording was cut off.
    pub torn: u64,
}

impl Tape {
    /// Opens a file, a new one or one to go on with; nobody else may write to it meanwhile. What
    /// is left of a line that never was whole is dropped. Errors: it cannot be written, another
    /// recording is being written to it, or it is no recording.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let unusable = |error| Failure::file(path, error);
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.display();
                let text = "another recording is being written to it: choose another with --out";
                return Err(Failure::usage(format!("{path}: {text}")));
            }
            // Some file systems know no locks; nobody need be kept from recording by that.
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, "the recording cannot be locked");
            }
        }
        if !is_recording(&mut file).map_err(unusable)? {
            let path = path.display();
            let text = "it is there already, and is no recording: choose another with --out";
            return Err(Failure::usage(format!("{path}: {text}")));
        }
        let length = file.seek(SeekFrom::End(0)).map_err(unusable)?;
        let end = after_last_line(&mut file, length).map_err(unusable)?;
        let mut tape = Self { path: path.to_owned(), file, end, torn: length - end };
        tape.cut().map_err(unusable)?;
        Ok(tape)
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.end
    }

    /// Adds whole lines; they survive the end of this process. Errors: the file does not take
    /// them; then it is as it was.
    pub fn add(&mut self, lines: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(lines) {
            self.cut()?;
            return Err(error);
        }
        self.end += lines.len() as u64;
        Ok(())
    }

    /// Waits until the disk has everything. Errors: it has not.
    pub fn close(self) -> Result<(), Failure> {
        self.file.sync_all().map_err(|error| Failure::outside(NotKept { path: self.path, error }))
    }

    /// Forgets what lies behind the last whole line.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end)).map(drop)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot keep the recording in {}", path.display())]
struct NotKept {
    path: PathBuf,
    #[source]
    error: io::Error,
}

/// Is the file empty, or does it begin with a message?
fn is_recording(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::new();
    file.take(CHUNK).read_to_end(&mut head)?;
    let line = match head.iter().position(|byte| *byte == b'\n') {
        Some(end) => &head[..end],
        // Cut off within its first message.
        None => return Ok(head.is_empty() || head.starts_with(b"{\"received_at\":")),
    };
    Ok(serde_json::from_slice::<Map<String, Value>>(line).is_ok_and(|object| is_message(&object)))
}

/// Where the line after the last end of a line begins.
fn after_last_line(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut part = Vec::new();
    while end > 0 {
        let begin = end.saturating_sub(CHUNK);
        file.seek(SeekFrom::Start(begin))?;
        part.clear();
        file.take(end - begin).read_to_end(&mut part)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(begin + at as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "looks at what was written")]
mod tests {
    use super::*;

    const LINE: &[u8] =
        b"{\"received_at\":\"2024-12-05T00:00:00Z\",\"topic\":\"a\",\"payload\":\"\"}\n";

    fn read(path: &Path) -> Vec<u8> {
        std::fs::read(path).expect("it was written")
    }

    #[test]
    fn a_recording_goes_on_after_the_last_whole_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.jsonl");
        let mut tape = Tape::open(&path).expect("a new file");
        tape.add(LINE).expect("room");
        tape.add(&LINE[..20]).expect("room"); // a `kill -9` in the middle of a line
        tape.close().expect("room");
        let mut tape = Tape::open(&path).expect("a recording");
        assert_eq!(tape.torn, 20);
        tape.add(LINE).expect("room");
        tape.close().expect("room");
        assert_eq!(read(&path), [LINE, LINE].concat());
    }

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.jsonl");
        for text in ["time,PIT-1\n1,2\n", "{\"a\":1}\n", "notes"] {
            std::fs::write(&path, text).expect("written");
            let said = Tape::open(&path).err().map(|failure| failure.message(false));
            assert!(said.is_some_and(|said| said.ends_with("choose another with --out")));
            assert_eq!(read(&path), text.as_bytes());
        }
    }

    #[test]
    fn two_recordings_do_not_write_to_one_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.jsonl");
        let _first = Tape::open(&path).expect("a new file");
        let said = Tape::open(&path).err().map(|failure| failure.message(false));
        assert!(said.is_some_and(|said| said.contains("another recording is being written")));
    }
}
