//! What an edge node has not said yet, oldest first: in memory, or in a spool until the broker has
//! it.
//!
//! A spool holds messages of our own wire. What they are as payloads depends on the session in
//! which they are said, and that is not known before.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::telemetry::outbox::{Entry, Keep};
use crate::telemetry::spool::Spool;
use crate::telemetry::topic::Kind;
use crate::telemetry::wire::{Body, Message, decode};

/// So many messages of a spool are read ahead.
const READ_AHEAD: usize = 16;

/// A message, and whether it is history by now.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) message: Message,
    pub(super) historical: bool,
}

/// Messages until the broker has them.
#[derive(Debug)]
pub(super) struct Backlog {
    /// Next to be said; behind them come those of the spool.
    waiting: VecDeque<Item>,
    /// Most that wait in memory without a spool.
    most: usize,
    spool: Option<Spool>,
    /// So many messages that come next out of the spool are history.
    history: usize,
    /// What the spool could not take; nothing overtakes it.
    stuck: Option<Message>,
    complained: bool,
    /// Messages of the spool that were given up or could not be understood.
    lost: u64,
}

impl Backlog {
    /// With at most so many messages in memory; those that a spool holds are history.
    pub(super) fn new(most: usize, spool: Option<Spool>) -> Self {
        let history = spool.as_ref().map_or(0, Spool::waiting);
        Self {
            waiting: VecDeque::new(),
            most: most.max(1),
            spool,
            history,
            stuck: None,
            complained: false,
            lost: 0,
        }
    }

    /// Does nothing wait?
    pub(super) fn is_empty(&self) -> bool {
        let spooled = self.spool.as_ref().map_or(0, Spool::waiting);
        self.waiting.is_empty() && self.stuck.is_none() && spooled == 0
    }

    /// Is the next message history?
    pub(super) fn begins_with_history(&self) -> bool {
        self.waiting.front().map_or(self.history > 0, |item| item.historical)
    }

    /// The next message, if it is history.
    pub(super) fn oldest_history(&mut self) -> Option<&Message> {
        if self.waiting.is_empty() {
            self.read_ahead();
        }
        self.waiting.front().filter(|item| item.historical).map(|item| &item.message)
    }

    /// Is the next message a birth, as far as it is known?
    pub(super) fn begins_with_birth(&self) -> bool {
        self.waiting.front().is_some_and(|item| matches!(item.message.body, Body::Birth(_)))
    }

    /// May another message come? While the node is heard, the sender waits before any is given up;
    /// while it is not, nobody waits for the broker.
    pub(super) fn takes(&self, is_up: bool) -> bool {
        match &self.spool {
            Some(spool) => self.stuck.is_none() && (!is_up || !spool.is_half_full()),
            None => self.waiting.len() < self.most,
        }
    }

    /// Is there a message that the disk has not taken yet?
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.is_some()
    }

    /// Tries again to keep what the disk did not take.
    pub(super) fn try_again(&mut self, is_up: bool) {
        if let Some(message) = self.stuck.take() {
            self.push(message, is_up);
        }
    }

    /// Keeps a message; what nobody hears at once is history when it is said.
    pub(super) fn push(&mut self, message: Message, is_up: bool) {
        let Some(spool) = &mut self.spool else {
            return self.waiting.push_back(Item { message, historical: !is_up });
        };
        let payload = Bytes::from(message.encode());
        let topic = message.body.kind().name().to_owned();
        let before = spool.dropped();
        match spool.append(&Entry { topic, payload, keep: Keep::No }) {
            Ok(()) => {
                self.complained = false;
                let dropped = spool.dropped() - before;
                if dropped > 0 && before == 0 {
                    tracing::error!("the spool is full: the oldest messages are given up");
                }
                self.lost += dropped;
                self.history = self.history.saturating_sub(dropped as usize);
                if !is_up {
                    self.history = spool.waiting();
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.complained, true) {
                    tracing::error!(%error, "the spool cannot be written; the plant waits");
                }
                self.stuck = Some(message);
            }
        }
    }

    /// The oldest message.
    pub(super) fn next(&mut self) -> Option<Item> {
        if self.waiting.is_empty() {
            self.read_ahead();
        }
        self.waiting.pop_front()
    }

    /// It was too early for this one.
    pub(super) fn put_back(&mut self, item: Item) {
        self.waiting.push_front(item);
    }

    fn read_ahead(&mut self) {
        let Some(spool) = &mut self.spool else { return };
        while self.waiting.len() < READ_AHEAD {
            let before = spool.dropped();
            let taken = spool.take();
            let dropped = spool.dropped() - before;
            self.lost += dropped;
            self.history = self.history.saturating_sub(dropped as usize);
            let entry = match taken {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "messages in the spool cannot be read");
                    continue;
                }
            };
            let historical = self.history > 0;
            self.history = self.history.saturating_sub(1);
            let kind = Kind::ALL.into_iter().find(|kind| kind.name() == entry.topic);
            if let Some(message) = kind.and_then(|kind| decode(kind, &entry.payload).ok()) {
                self.waiting.push_back(Item { message, historical });
            } else {
                tracing::error!("a message in the spool is none of ours: it is left out");
                spool.acknowledged(1);
                self.lost += 1;
            }
        }
    }

    /// The session is over: `said` in it, oldest first, is not with the broker; with it all that
    /// waits is history.
    pub(super) fn becomes_history(&mut self, said: impl DoubleEndedIterator<Item = Item>) {
        for item in said.rev() {
            self.waiting.push_front(item);
        }
        for item in &mut self.waiting {
            item.historical = true;
        }
        self.history = self.spool.as_ref().map_or(0, Spool::waiting);
    }

    /// The broker has the oldest message that was given.
    pub(super) fn delivered(&mut self) {
        if let Some(spool) = &mut self.spool {
            spool.acknowledged(1);
        }
    }

    /// How many messages have been lost since the last call.
    pub(super) fn new_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// The broker has everything: leaves nothing behind.
    pub(super) fn close(self) {
        if let Some(spool) = self.spool {
            spool.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::{PlantId, Stamp};
    use crate::telemetry::spool::SpoolSettings;
    use crate::telemetry::wire::Envelope;

    fn goodbye(seq: u64) -> Message {
        let plant = PlantId::new("sanmen").expect("an id");
        let sent_at = Stamp::from_ms(1_733_356_800_000).expect("in range");
        let envelope = Envelope { plant, boot_id: 1, seq, sent_at, exercise: None };
        Message { envelope, body: Body::Death }
    }

    fn spool(folder: &Path) -> Spool {
        let settings = SpoolSettings { folder: folder.join("spool"), bytes_max: 1024 * 1024 };
        Spool::open(settings).expect("it opens")
    }

    /// All that waits: number, and whether it is history.
    fn all(backlog: &mut Backlog) -> Vec<(u64, bool)> {
        let next = || backlog.next().map(|item| (item.message.envelope.seq, item.historical));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn what_nobody_hears_is_history_in_memory_and_on_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        for spool in [None, Some(spool(folder.path()))] {
            let mut backlog = Backlog::new(100, spool);
            (0..40).for_each(|seq| backlog.push(goodbye(seq), false));
            assert!(backlog.oldest_history().is_some() && backlog.begins_with_history());
            (40..80).for_each(|seq| backlog.push(goodbye(seq), true));
            let expected: Vec<_> = (0..80).map(|seq| (seq, seq < 40)).collect();
            assert_eq!(all(&mut backlog), expected);
            assert!(backlog.is_empty() && !backlog.begins_with_history());
        }
    }

    #[test]
    fn what_was_said_in_a_session_that_broke_comes_first_in_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        for spool in [None, Some(spool(folder.path()))] {
            let mut backlog = Backlog::new(100, spool);
            (0..30).for_each(|seq| backlog.push(goodbye(seq), true));
            let said: Vec<Item> = (0..3).filter_map(|_| backlog.next()).collect();
            assert!(said.iter().all(|item| !item.historical));
            backlog.delivered(); // the first of them
            backlog.becomes_history(said.into_iter().skip(1));
            backlog.push(goodbye(30), true);
            let expected: Vec<_> = (1..31).map(|seq| (seq, seq < 30)).collect();
            assert_eq!(all(&mut backlog), expected);
        }
    }

    #[test]
    fn a_spool_outlives_its_process_and_leaves_nothing_when_all_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut backlog = Backlog::new(1, Some(spool(folder.path())));
        (0..20).for_each(|seq| backlog.push(goodbye(seq), true));
        drop(backlog);
        let mut backlog = Backlog::new(1, Some(spool(folder.path())));
        backlog.push(goodbye(20), true);
        let expected: Vec<_> = (0..21).map(|seq| (seq, seq < 20)).collect();
        assert_eq!(all(&mut backlog), expected);
        (0..21).for_each(|_| backlog.delivered());
        backlog.close();
        assert!(!folder.path().join("spool").exists());
    }

    #[test]
    fn what_is_none_of_ours_in_a_spool_is_left_out_and_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut foreign = spool(folder.path());
        let entry = |topic: &str, payload: &'static str| Entry {
            topic: topic.to_owned(),
            payload: Bytes::from(payload),
            keep: Keep::No,
        };
        foreign.append(&entry("death", "no message")).expect("it takes it");
        foreign.append(&entry("elsewhere", "{}")).expect("it takes it");
        drop(foreign);
        let mut backlog = Backlog::new(1, Some(spool(folder.path())));
        backlog.push(goodbye(7), true);
        assert_eq!(all(&mut backlog), [(7, false)]);
        assert_eq!((backlog.new_lost(), backlog.new_lost()), (2, 0));
    }
}
