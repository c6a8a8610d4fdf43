#![expect(clippy::disallowed_methods, reason = "edge: keeps messages in files")]
//! Messages on disk until the broker has them: first in, first out, in files of bounded size.
//!
//! What `append` has taken survives a kill of the process (not a loss of power: nothing waits for
//! the disk). After a restart what was not acknowledged goes out first, oldest first; a file whose
//! messages were acknowledged in part goes out again as a whole, which readers know as duplicates.
//! When there is no room the oldest file is given up: the newest messages say how things stand, and
//! readers see the gap in their numbers.
//!
//! What the broker has stays as long as there is room, for those who have missed it, and is the
//! first to be given up. It is of no use to a later run, whose gateway begins to count again.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::telemetry::outbox::{Entry, Keep};
use crate::telemetry::sent::{Numbers, Wanted};
use crate::telemetry::wire::place;

/// A file is closed once it is as long as this.
const FILE_BYTES: u64 = 256 * 1024;

/// Where messages wait, and how much of the disk they may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolSettings {
    /// A folder of their own.
    pub folder: PathBuf,
    /// Most bytes; at least two files' worth are used.
    pub bytes_max: u64,
}

/// A message as a line of a file. Only those are kept that the broker is not to keep.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    topic: &'a str,
    payload: &'a str,
}

/// How the files end whose messages the broker has.
const SENT: &str = "sent";

/// The file that whoever uses the folder holds.
const LOCK: &str = "spool.lock";

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    bytes: u64,
    numbers: Numbers,
    messages: usize,
    /// Of these, how many have been handed out.
    taken: usize,
    /// Of these, how many the broker has.
    done: usize,
}

impl Segment {
    /// Of a file without messages.
    fn new(path: PathBuf) -> Self {
        let numbers = Numbers::default();
        Self { path, bytes: 0, numbers, messages: 0, taken: 0, done: 0 }
    }
}

/// Keeps others out of the folder.
fn lock(folder: &Path) -> io::Result<File> {
    let file = File::create(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::ResourceBusy.into()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Messages on disk.
#[derive(Debug)]
pub struct Spool {
    settings: SpoolSettings,
    /// Oldest first; the last may be written to.
    segments: VecDeque<Segment>,
    /// What the broker has, oldest first.
    sent: VecDeque<Segment>,
    writer: Option<File>,
    next_number: u64,
    /// Messages of a segment that are read and not handed out.
    ready: VecDeque<Entry>,
    /// Which segment they are of: its place.
    reading: Option<usize>,
    dropped: u64,
    /// Starts of gateways whose messages an earlier run has left here.
    boots: BTreeSet<u64>,
    /// Messages on their way whose files were given up meanwhile.
    orphans: usize,
    /// Held while it is open; the system lets go of it even after `kill -9`.
    _lock: File,
}

impl Spool {
    /// Opens a folder, with what an earlier run has left there. Errors: it cannot be used;
    /// `ResourceBusy`: another process has it open.
    pub fn open(settings: SpoolSettings) -> io::Result<Self> {
        fs::create_dir_all(&settings.folder)?;
        let lock = lock(&settings.folder)?;
        let mut names: Vec<(u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&settings.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == SENT) {
                fs::remove_file(&path)?;
                continue;
            }
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            if let Some(number) =
                number.filter(|_| path.extension().is_some_and(|it| it == "jsonl"))
            {
                names.push((number, path));
            }
        }
        names.sort();
        let next_number = names.last().map_or(0, |(number, _)| number + 1);
        let (mut segments, mut boots) = (VecDeque::new(), BTreeSet::new());
        for (_, path) in names {
            let (bytes, entries) = (fs::metadata(&path)?.len(), read(&path)?);
            let mut segment = Segment { bytes, messages: entries.len(), ..Segment::new(path) };
            for entry in &entries {
                segment.numbers.add(&entry.payload);
                boots.extend(place(&entry.payload).map(|(boot_id, _)| boot_id));
            }
            segments.push_back(segment);
        }
        Ok(Self {
            settings,
            segments,
            sent: VecDeque::new(),
            writer: None,
            next_number,
            ready: VecDeque::new(),
            reading: None,
            dropped: 0,
            boots,
            orphans: 0,
            _lock: lock,
        })
    }

    /// How many messages wait that have not been handed out.
    pub fn waiting(&self) -> usize {
        self.segments.iter().map(|segment| segment.messages - segment.taken).sum()
    }

    /// Starts of gateways whose messages an earlier run has left here: they are said again.
    pub fn boots(&self) -> &BTreeSet<u64> {
        &self.boots
    }

    /// Is half of its room taken?
    pub fn is_half_full(&self) -> bool {
        self.bytes() > self.settings.bytes_max / 2
    }

    /// How many were given up for want of room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Keeps a message. Errors: the disk does not take it; then nothing has changed.
    pub fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let payload = std::str::from_utf8(&entry.payload).map_err(io::Error::other)?;
        let mut line = serde_json::to_vec(&Line { topic: &entry.topic, payload })?;
        line.push(b'\n');
        let full = self.segments.back().is_some_and(|segment| segment.bytes >= FILE_BYTES);
        if self.writer.is_none() || full {
            let path = self.settings.folder.join(format!("{:012}.jsonl", self.next_number));
            let file = OpenOptions::new().create_new(true).append(true).open(&path)?;
            self.writer = Some(file);
            self.next_number += 1;
            self.segments.push_back(Segment::new(path));
        }
        let (Some(file), Some(segment)) = (&mut self.writer, self.segments.back_mut()) else {
            return Ok(());
        };
        if let Err(error) = file.write_all(&line) {
            // A torn line must not meet the next one.
            self.writer = None;
            let _ = OpenOptions::new()
                .write(true)
                .open(&segment.path)
                .and_then(|file| file.set_len(segment.bytes));
            return Err(error);
        }
        segment.bytes += line.len() as u64;
        segment.messages += 1;
        segment.numbers.add(&entry.payload);
        self.make_room();
        Ok(())
    }

    /// Gives up the oldest files while there is too much.
    fn make_room(&mut self) {
        let most = self.settings.bytes_max.max(2 * FILE_BYTES);
        let kept = |sent: &VecDeque<Segment>| sent.iter().map(|it| it.bytes).sum::<u64>();
        while self.bytes() + kept(&self.sent) > most {
            let Some(oldest) = self.sent.pop_front() else { break };
            let _ = fs::remove_file(&oldest.path);
        }
        while self.segments.len() > 1 && self.bytes() > most {
            let Some(oldest) = self.segments.pop_front() else { break };
            self.dropped += (oldest.messages - oldest.taken) as u64;
            self.orphans += oldest.taken - oldest.done;
            match self.reading {
                Some(0) => {
                    self.ready.clear();
                    self.reading = None;
                }
                other => self.reading = other.map(|at| at - 1),
            }
            let _ = fs::remove_file(&oldest.path); // what stays is sent again, later
        }
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// The oldest message that has not been handed out. Errors: its file cannot be read; the
    /// messages in it are lost.
    pub fn take(&mut self) -> io::Result<Option<Entry>> {
        loop {
            if let (Some(entry), Some(at)) = (self.ready.pop_front(), self.reading) {
                if let Some(segment) = self.segments.get_mut(at) {
                    segment.taken += 1;
                }
                return Ok(Some(entry));
            }
            self.reading = None;
            let at = self.segments.iter().position(|segment| segment.taken < segment.messages);
            let Some((at, segment)) = at.and_then(|at| Some((at, self.segments.get_mut(at)?)))
            else {
                return Ok(None);
            };
            match read(&segment.path) {
                Ok(all) if all.len() > segment.taken => {
                    self.ready = all.into_iter().skip(segment.taken).collect();
                    self.reading = Some(at);
                }
                outcome => {
                    self.dropped += (segment.messages - segment.taken) as u64;
                    segment.messages = segment.taken;
                    outcome?;
                }
            }
        }
    }

    /// The broker has the oldest `count` messages that were handed out.
    pub fn acknowledged(&mut self, mut count: usize) {
        let orphans = count.min(self.orphans);
        (self.orphans, count) = (self.orphans - orphans, count - orphans);
        for segment in &mut self.segments {
            let now = count.min(segment.taken - segment.done);
            segment.done += now;
            count -= now;
            if count == 0 {
                break;
            }
        }
        let closed = |segment: &Segment| segment.done == segment.messages;
        while self.segments.len() > 1 && self.segments.front().is_some_and(closed) {
            self.set_aside_oldest();
        }
        // The last one is only removed when it is worth it: a file a message would cost more.
        let is_long =
            self.segments.front().is_some_and(|it| closed(it) && it.bytes >= FILE_BYTES / 4);
        if self.segments.len() == 1 && is_long {
            self.writer = None;
            self.set_aside_oldest();
        }
    }

    /// The broker has all of the oldest file.
    fn set_aside_oldest(&mut self) {
        let Some(mut oldest) = self.segments.pop_front() else { return };
        self.reading = self.reading.and_then(|at| at.checked_sub(1));
        let aside = oldest.path.with_extension(SENT);
        if fs::rename(&oldest.path, &aside).is_ok() {
            oldest.path = aside;
            self.sent.push_back(oldest);
        } else {
            let _ = fs::remove_file(&oldest.path); // what stays is sent again, later
        }
    }

    /// The messages that are wanted, were handed out, and are still here: at most `most`, oldest
    /// first. Errors: a file cannot be read.
    pub(super) fn find(&self, wanted: &Wanted, most: usize) -> io::Result<Vec<Entry>> {
        let mut found = Vec::new();
        for segment in self.sent.iter().chain(&self.segments) {
            if segment.taken == 0 || !segment.numbers.may_hold(wanted) {
                continue;
            }
            let taken = read(&segment.path)?.into_iter().take(segment.taken);
            found.extend(taken.filter(|entry| wanted.is_met_by(entry)));
            if found.len() >= most {
                found.truncate(most);
                break;
            }
        }
        Ok(found)
    }

    /// Everything has been acknowledged: leaves nothing behind.
    pub fn close(mut self) {
        self.writer = None;
        if self.segments.iter().all(|segment| segment.done == segment.messages) {
            for segment in self.segments.iter().chain(&self.sent) {
                let _ = fs::remove_file(&segment.path);
            }
            let _ = fs::remove_file(self.settings.folder.join(LOCK));
            let _ = fs::remove_dir(&self.settings.folder); // unless something of others is in it
        }
    }
}

/// The messages of a file; a last line that was cut short is none.
fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let text = fs::read(path)?;
    let whole = text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let entry = |line: &[u8]| {
        // Texts with escapes are no slices of their line.
        #[derive(Deserialize)]
        struct Owned {
            topic: String,
            payload: String,
        }
        let Owned { topic, payload } = serde_json::from_slice(line).ok()?;
        Some(Entry { topic, payload: Bytes::from(payload), keep: Keep::No })
    };
    Ok(whole.filter_map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(n: usize) -> Entry {
        let payload = Bytes::from(format!("{{\"n\":{n},\"text\":\"\\\"quoted\\\"\"}}"));
        Entry { topic: format!("a/{n}"), payload, keep: Keep::No }
    }

    fn settings(folder: &Path) -> SpoolSettings {
        SpoolSettings { folder: folder.join("spool"), bytes_max: 1024 * 1024 }
    }

    fn all(spool: &mut Spool) -> Vec<String> {
        let next = || spool.take().expect("it reads").map(|entry| entry.topic);
        std::iter::from_fn(next).collect()
    }

    fn topics(numbers: std::ops::Range<usize>) -> Vec<String> {
        numbers.map(|n| format!("a/{n}")).collect()
    }

    #[test]
    fn a_folder_has_one_user_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let spool = Spool::open(settings(folder.path())).expect("opens");
        let other = Spool::open(settings(folder.path())).map_err(|error| error.kind());
        assert_eq!(other.err(), Some(io::ErrorKind::ResourceBusy));
        drop(spool);
        assert!(Spool::open(settings(folder.path())).is_ok());
    }

    #[test]
    fn what_was_taken_comes_back_in_order_and_after_a_kill() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::open(settings(folder.path())).expect("opens");
        for n in 0..10 {
            spool.append(&entry(n)).expect("taken");
        }
        assert_eq!(spool.take().expect("reads").map(|it| it.payload), Some(entry(0).payload));
        spool.acknowledged(1);
        drop(spool); // as a kill would
        let path = folder.path().join("spool/000000000000.jsonl");
        let mut file = OpenOptions::new().append(true).open(path).expect("it is there");
        file.write_all(b"{\"topic\":\"cut sho").expect("written");
        let mut spool = Spool::open(settings(folder.path())).expect("opens");
        assert_eq!(spool.waiting(), 10, "again as a whole");
        spool.append(&entry(10)).expect("taken");
        assert_eq!(all(&mut spool), topics(0..11));
        spool.acknowledged(11);
        spool.close();
        assert!(!folder.path().join("spool").exists(), "it leaves nothing");
    }

    #[test]
    fn what_the_broker_has_can_be_had_again_until_its_room_is_needed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::open(settings(folder.path())).expect("opens");
        let numbered = |seq: usize| {
            let fill = "x".repeat(7_000);
            let text = format!("{{\"plant\":\"a\",\"boot_id\":3,\"seq\":{seq},\"f\":\"{fill}\"}}");
            Entry { topic: "s/a/data".to_owned(), payload: Bytes::from(text), keep: Keep::No }
        };
        let find = |spool: &Spool, from, to| {
            let wanted = Wanted { head: "s/a/".to_owned(), boot_id: 3, from, to };
            spool.find(&wanted, 20).expect("it reads")
        };
        for seq in 0..120 {
            spool.append(&numbered(seq)).expect("taken");
            if seq < 110 {
                spool.take().expect("reads");
                spool.acknowledged(1);
            }
        }
        assert_eq!(find(&spool, 3, 5), [numbered(3), numbered(4), numbered(5)]);
        assert_eq!(find(&spool, 108, 119), [numbered(108), numbered(109)], "the others will come");
        assert_eq!(find(&spool, 0, 100).len(), 20, "the most that were wanted at once");
        for seq in 120..200 {
            spool.append(&numbered(seq)).expect("taken");
        }
        assert!(find(&spool, 3, 5).is_empty(), "what waits has its room");
        assert_eq!(spool.dropped(), 0);
        drop(spool);
        let spool = Spool::open(settings(folder.path())).expect("opens");
        assert!(find(&spool, 0, 199).is_empty(), "nothing has been handed out yet");
        assert!(spool.waiting() < 200, "what the broker has is not sent again");
    }

    #[test]
    fn without_room_the_oldest_are_given_up_and_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let small = SpoolSettings { bytes_max: 0, ..settings(folder.path()) };
        let mut spool = Spool::open(small).expect("opens");
        let large = |n| Entry { payload: Bytes::from("x".repeat(8_000)), ..entry(n) };
        for n in 0..200 {
            spool.append(&large(n)).expect("taken");
        }
        assert!(spool.bytes() <= 3 * FILE_BYTES);
        let left = all(&mut spool);
        assert_eq!(left.len() as u64 + spool.dropped(), 200);
        assert_eq!(left, topics(200 - left.len()..200), "the newest");
        spool.acknowledged(left.len());
        assert_eq!(spool.waiting(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever the order of appending, handing out, acknowledging and restarts: nothing is
        /// lost, nothing overtakes, and what comes again had been handed out before.
        #[test]
        fn nothing_is_lost_and_nothing_overtakes(
            steps in prop::collection::vec((0_u8..4, 1_usize..40), 1..60),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let mut spool = Spool::open(settings(folder.path())).expect("opens");
            let (mut appended, mut expected, mut done) = (0, 0, 0);
            for (what, count) in steps {
                match what {
                    0 => for _ in 0..count {
                        let padded = Bytes::from("x".repeat(2_000));
                        spool.append(&Entry { payload: padded, ..entry(appended) }).expect("taken");
                        appended += 1;
                    },
                    1 => for _ in 0..count {
                        let Some(next) = spool.take().expect("reads") else { break };
                        prop_assert_eq!(next.topic, format!("a/{}", expected));
                        expected += 1;
                    },
                    2 => {
                        let now = count.min(expected - done);
                        spool.acknowledged(now);
                        done += now;
                    }
                    _ => {
                        drop(spool);
                        spool = Spool::open(settings(folder.path())).expect("opens");
                        // It goes on no later than at the first that is not acknowledged.
                        let waiting = spool.waiting();
                        prop_assert!(appended - waiting <= done);
                        (expected, done) = (appended - waiting, appended - waiting);
                    }
                }
            }
            let rest = all(&mut spool);
            prop_assert_eq!(rest, topics(expected..appended));
            prop_assert_eq!(spool.dropped(), 0);
        }
    }
}
