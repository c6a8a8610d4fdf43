#![expect(clippy::disallowed_methods, reason = "edge: keeps messages that were refused in files")]
//! Messages that were refused, kept for people to look at: a few of each kind, in bounded files, in
//! the form of a recorded stream, so that `sanmen replay` reads them too.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::base::{Span, Stamp};
use crate::monitor::Input;
use crate::telemetry::wire::Refusal;

/// The file that is written to, in the folder of a ledger.
pub const FILE: &str = "quarantine.jsonl";

/// The one before it: with it what is kept is at most twice `FILE_BYTES_MAX`.
pub const OLDER: &str = "quarantine.older.jsonl";

/// A file grows no longer than this and one message.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Of each reason so many may come at once, and then one in each `EVERY`: a flood of one kind
/// drives nothing else out.
const AT_ONCE: f64 = 50.0;

/// See `AT_ONCE`.
const EVERY: Span = Span::minutes(1);

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// When it came, by the wall clock.
    pub received_at: Stamp,
    /// Why it was refused, a stable word.
    pub reason: String,
    /// What exactly.
    pub detail: String,
    /// Its topic.
    pub topic: String,
    /// Its payload, when that is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Its payload, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_base64: Option<String>,
    /// Had the broker kept it?
    #[serde(default)]
    pub retained: bool,
}

/// Where messages are kept that were refused.
#[derive(Debug)]
pub struct Quarantine {
    folder: PathBuf,
    file: Option<(File, u64)>,
    /// Per reason: how many may still be kept, and when that was counted.
    allowances: BTreeMap<&'static str, (f64, Stamp)>,
    /// It has been said that it cannot be written.
    complained: bool,
}

impl Quarantine {
    /// In the folder of a ledger; nothing is written before there is something to keep.
    pub fn new(folder: &Path) -> Self {
        let allowances = BTreeMap::new();
        Self { folder: folder.to_owned(), file: None, allowances, complained: false }
    }

    /// Keeps a message that a monitor has refused, or part of it; `raw`: the message itself, where
    /// the input is only what was made of it.
    pub fn take(&mut self, refusal: &Refusal, (input, raw): (&Input, Option<&[u8]>), now: Stamp) {
        match input {
            Input::Arrival { topic, payload, .. } => {
                self.keep(refusal, (topic, payload, false), now);
            }
            Input::Retained { topic, payload, .. } => {
                self.keep(refusal, (topic, payload, true), now);
            }
            Input::Foreign(foreign) => {
                let payload = raw.unwrap_or_default();
                self.keep(refusal, (&foreign.topic, payload, false), now);
            }
            Input::Tick { .. }
            | Input::Over { .. }
            | Input::Lateness { .. }
            | Input::Command(_) => {}
        }
    }

    /// Keeps a message that came at `now` (wall clock), unless there are too many of its kind.
    fn keep(
        &mut self,
        refusal: &Refusal,
        (topic, payload, retained): (&str, &[u8], bool),
        now: Stamp,
    ) {
        if !self.allows(refusal.reason, now) {
            return;
        }
        let text = std::str::from_utf8(payload).ok().map(str::to_owned);
        let payload_base64 = text.is_none().then(|| STANDARD.encode(payload));
        let kept = Kept {
            received_at: now,
            reason: refusal.reason.to_owned(),
            detail: refusal.detail.clone(),
            topic: topic.to_owned(),
            payload: text,
            payload_base64,
            retained,
        };
        match self.write(&kept) {
            Ok(()) => self.complained = false,
            // The ledger says more about a full disk; what is refused must not stop anything.
            Err(error) if !self.complained => {
                self.complained = true;
                tracing::warn!(%error, "messages that are refused cannot be kept");
            }
            Err(_) => {}
        }
    }

    fn allows(&mut self, reason: &'static str, now: Stamp) -> bool {
        let (left, counted_at) = self.allowances.entry(reason).or_insert((AT_ONCE, now));
        let passed = (now - *counted_at).as_seconds().max(0.0) / EVERY.as_seconds();
        (*left, *counted_at) = ((*left + passed).min(AT_ONCE), now);
        let allows = *left >= 1.0;
        if allows {
            *left -= 1.0;
        }
        allows
    }

    fn write(&mut self, kept: &Kept) -> io::Result<()> {
        let mut line = serde_json::to_vec(kept).map_err(io::Error::other)?;
        line.push(b'\n');
        let path = self.folder.join(FILE);
        if self.file.as_ref().is_some_and(|(_, bytes)| *bytes >= FILE_BYTES_MAX) {
            self.file = None;
            std::fs::rename(&path, self.folder.join(OLDER))?;
        }
        let (mut file, bytes) = if let Some(open) = self.file.take() {
            open
        } else {
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            let bytes = file.metadata()?.len();
            (file, bytes)
        };
        file.write_all(&line)?;
        self.file = Some((file, bytes + line.len() as u64));
        Ok(())
    }
}

/// What is kept in a folder, oldest first. A last line that a kill has cut short is passed over.
pub fn read(folder: &Path) -> io::Result<Vec<Kept>> {
    let mut all = Vec::new();
    for name in [OLDER, FILE] {
        match std::fs::read_to_string(folder.join(name)) {
            Ok(text) => all.extend(text.lines().filter_map(|line| serde_json::from_str(line).ok())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::mapping::Foreign;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000 + s * 1_000).expect("in range")
    }

    fn refusal(reason: &'static str) -> Refusal {
        Refusal { reason, detail: "as the test says".to_owned() }
    }

    #[test]
    fn what_is_kept_comes_back_whatever_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut quarantine = Quarantine::new(folder.path());
        quarantine.keep(&refusal("not-json"), ("a/b", b"{", false), at(0));
        quarantine.keep(&refusal("not-utf8"), ("a/c", b"\xff\n", true), at(1));
        // A restart goes on in the same file; a line that was cut short costs nothing else.
        OpenOptions::new()
            .append(true)
            .open(folder.path().join(FILE))
            .and_then(|mut file| file.write_all(b"{\"received_at\":\"2024"))
            .expect("written");
        let kept = read(folder.path()).expect("it reads");
        assert_eq!(kept.len(), 2);
        assert_eq!(kept[0].payload.as_deref(), Some("{"));
        assert_eq!(kept[1].payload_base64.as_deref(), Some("/wo="));
        assert!(kept[1].retained);
    }

    #[test]
    fn what_a_foreign_device_says_is_kept_as_it_came() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut quarantine = Quarantine::new(folder.path());
        let foreign = Foreign {
            topic: "factory/site-3/analyser".to_owned(),
            received_at: at(0),
            lateness: Span::ZERO,
            readings: Vec::new(),
            refused: Vec::new(),
        };
        let input = Input::Foreign(Box::new(foreign));
        let raw = Some(&br#"{"cl":"much"}"#[..]);
        quarantine.take(&refusal("bad-value"), (&input, raw), at(0));
        let kept = read(folder.path()).expect("it reads");
        let shown: Vec<_> = kept.iter().map(|it| (&*it.topic, it.payload.as_deref())).collect();
        assert_eq!(shown, [("factory/site-3/analyser", Some(r#"{"cl":"much"}"#))]);
    }

    #[test]
    fn a_flood_of_one_kind_is_bounded_and_drives_nothing_else_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut quarantine = Quarantine::new(folder.path());
        let large = vec![b'x'; 8_000];
        for n in 0..2_000 {
            quarantine.keep(&refusal("too-large"), ("a/b", &large, false), at(n));
        }
        quarantine.keep(&refusal("forged"), ("a/b", b"{}", false), at(2_000));
        let kept = read(folder.path()).expect("it reads");
        let of = |reason: &str| kept.iter().filter(|it| it.reason == reason).count();
        assert_eq!((of("too-large"), of("forged")), (50 + 33, 1));
    }

    #[test]
    fn the_files_are_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut quarantine = Quarantine::new(folder.path());
        let large = vec![b'x'; 100_000];
        for n in 0..100 {
            quarantine.keep(&refusal("too-large"), ("a/b", &large, false), at(n * 60));
        }
        let bytes =
            |name: &str| std::fs::metadata(folder.path().join(name)).expect("it is there").len();
        for name in [FILE, OLDER] {
            assert!(bytes(name) <= FILE_BYTES_MAX + 110_000, "{name}: {}", bytes(name));
        }
        assert_eq!(
            read(folder.path()).expect("it reads").last().map(|it| it.received_at),
            Some(at(99 * 60))
        );
    }
}
