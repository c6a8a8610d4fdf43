//! What was sent, kept for a while for those who have missed it.

use std::collections::VecDeque;

use crate::telemetry::outbox::Entry;
use crate::telemetry::topic::Kind;
use crate::telemetry::wire::place;

/// Messages of one plant that somebody has missed: births and data, which are numbered together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The topics of the plant up to their kind, see `Topic::head`.
    pub head: String,
    /// Which start of its gateway.
    pub boot_id: u64,
    /// The first number.
    pub from: u64,
    /// The last one.
    pub to: u64,
}

impl Wanted {
    /// Is this one of them?
    pub(super) fn is_met_by(&self, entry: &Entry) -> bool {
        let kind = entry.topic.strip_prefix(self.head.as_str());
        let is_numbered = [Kind::Birth, Kind::Data].iter().any(|it| Some(it.name()) == kind);
        is_numbered && place(&entry.payload).is_some_and(|(boot_id, seq)| self.meets(boot_id, seq))
    }

    fn meets(&self, boot_id: u64, seq: u64) -> bool {
        boot_id == self.boot_id && (self.from..=self.to).contains(&seq)
    }
}

/// The numbers of some messages, whoever's they are: where to look at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Numbers(Option<((u64, u64), (u64, u64))>);

impl Numbers {
    /// With those of one more message.
    pub fn add(&mut self, payload: &[u8]) {
        let Some(new) = place(payload) else { return };
        let wider = |(least, most): (u64, u64), n: u64| (least.min(n), most.max(n));
        let old = self.0.unwrap_or(((new.0, new.0), (new.1, new.1)));
        self.0 = Some((wider(old.0, new.0), wider(old.1, new.1)));
    }

    /// May a message that is wanted be among them?
    pub fn may_hold(&self, wanted: &Wanted) -> bool {
        self.0.is_some_and(|((boot_least, boot_most), (least, most))| {
            (boot_least..=boot_most).contains(&wanted.boot_id)
                && least <= wanted.to
                && wanted.from <= most
        })
    }
}

/// The last messages, in memory: as many as fit.
#[derive(Debug, Default)]
pub(super) struct Sent {
    entries: VecDeque<Entry>,
    bytes: usize,
    bytes_max: usize,
}

impl Sent {
    /// Room for so many bytes of messages.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, ..Self::default() }
    }

    /// Keeps a message, if it is one that can be asked for; the oldest make room.
    pub fn keep(&mut self, entry: &Entry) {
        if place(&entry.payload).is_none() || self.bytes_max == 0 {
            return;
        }
        self.bytes += size(entry);
        self.entries.push_back(entry.clone());
        while self.bytes > self.bytes_max {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= size(&oldest);
        }
    }

    /// The messages that are wanted and still here, at most `most`, oldest first.
    pub fn find(&self, wanted: &Wanted, most: usize) -> Vec<Entry> {
        self.entries.iter().filter(|it| wanted.is_met_by(it)).take(most).cloned().collect()
    }
}

fn size(entry: &Entry) -> usize {
    entry.topic.len() + entry.payload.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::outbox::Keep;

    fn entry(kind: &str, boot_id: u64, seq: u64) -> Entry {
        let payload = format!("{{\"plant\":\"a\",\"boot_id\":{boot_id},\"seq\":{seq},\"x\":1}}");
        Entry { topic: format!("s/a/{kind}"), payload: payload.into(), keep: Keep::No }
    }

    fn wanted(boot_id: u64, from: u64, to: u64) -> Wanted {
        Wanted { head: "s/a/".to_owned(), boot_id, from, to }
    }

    #[test]
    fn what_is_found_is_what_was_asked_for() {
        let mut sent = Sent::new(10_000);
        for (kind, boot_id, seq) in [
            ("birth", 3, 0),
            ("data", 3, 1),
            ("clock", 3, 2), // carries the number of the next
            ("data", 3, 2),
            ("ticket", 3, 1), // has numbers of its own
            ("data", 3, 3),
            ("data", 4, 2),
        ] {
            sent.keep(&entry(kind, boot_id, seq));
        }
        let found = sent.find(&wanted(3, 0, 2), 9);
        assert_eq!(found, [entry("birth", 3, 0), entry("data", 3, 1), entry("data", 3, 2)]);
        assert_eq!(sent.find(&wanted(3, 0, 2), 1), [entry("birth", 3, 0)]);
        assert!(sent.find(&Wanted { head: "s/b/".to_owned(), ..wanted(3, 0, 2) }, 9).is_empty());
    }

    #[test]
    fn the_oldest_make_room() {
        let one = size(&entry("data", 1, 10));
        let mut sent = Sent::new(3 * one);
        for seq in 10..50 {
            sent.keep(&entry("data", 1, seq));
        }
        assert_eq!(sent.entries.len(), 3);
        assert_eq!(sent.find(&wanted(1, 0, 99), 9).len(), 3);
        let mut none = Sent::new(0);
        none.keep(&entry("data", 1, 10));
        assert!(none.entries.is_empty());
    }

    #[test]
    fn numbers_say_where_to_look() {
        let mut numbers = Numbers::default();
        assert!(!numbers.may_hold(&wanted(3, 0, 99)));
        numbers.add(b"no message of ours");
        for seq in [5, 9] {
            numbers.add(&entry("data", 3, seq).payload);
        }
        assert!(numbers.may_hold(&wanted(3, 0, 5)) && numbers.may_hold(&wanted(3, 6, 7)));
        assert!(!numbers.may_hold(&wanted(3, 0, 4)) && !numbers.may_hold(&wanted(3, 10, 99)));
        assert!(!numbers.may_hold(&wanted(2, 0, 99)));
    }
}
