//! Messages that were accepted and not yet acknowledged, in order.
//!
//! The MQTT client forgets what it accepted when a session is lost, so nothing is forgotten here
//! until the broker's PUBACK. After a loss everything left is published again, oldest first:
//! readers see duplicates, which `(boot_id, seq)` tells apart, and never a gap or a new order.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::base::{Span, Stamp};

/// What the broker is to keep for whoever subscribes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Nothing: the message is for those who listen now.
    #[default]
    No,
    /// This message, until the wall clock reads so; nobody is told it any more after that. MQTT
    /// 3.1.1 knows no end of a message: there it is kept not at all.
    Until(Stamp),
    /// No longer what it kept under this topic; the message itself is empty.
    NoLonger,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it goes.
    pub topic: String,
    /// What it says.
    pub payload: Bytes,
    /// What stays of it.
    pub keep: Keep,
}

impl Entry {
    /// Is it worth nothing any more at `now`?
    fn is_over(&self, now: Stamp) -> bool {
        matches!(self.keep, Keep::Until(end) if end - now < Span::seconds(1))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    /// Given to the client, which has not numbered it yet.
    Given,
    /// On its way under this packet identifier.
    Sent(u16),
    Acknowledged,
}

#[derive(Debug)]
struct Item {
    entry: Entry,
    stage: Stage,
    /// Is it said again, for somebody who has missed it?
    again: bool,
}

/// A bounded list of messages until their acknowledgement.
#[derive(Debug)]
pub struct Outbox {
    items: VecDeque<Item>,
    capacity: usize,
}

impl Outbox {
    /// Room for `capacity` messages.
    pub fn new(capacity: usize) -> Self {
        Self { items: VecDeque::new(), capacity }
    }

    /// May another message come in?
    pub fn has_room(&self) -> bool {
        self.items.len() < self.capacity
    }

    /// Has everything been acknowledged?
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Keeps a message. The caller has asked `has_room`.
    pub fn push(&mut self, entry: Entry) {
        self.items.push_back(Item { entry, stage: Stage::Waiting, again: false });
    }

    /// Keeps a message that has been said before. The caller has asked `has_room`.
    pub fn push_again(&mut self, entry: Entry) {
        self.items.push_back(Item { entry, stage: Stage::Waiting, again: true });
    }

    /// How many there are that have been said before.
    pub fn again(&self) -> usize {
        self.items.iter().filter(|item| item.again).count()
    }

    /// How many are with the client, given or sent.
    pub fn in_flight(&self) -> usize {
        self.items.iter().take_while(|item| item.stage != Stage::Waiting).count()
    }

    /// Drops messages that the client does not have yet and that are worth nothing any more at
    /// `now`; gives how many.
    pub fn expire(&mut self, now: Stamp) -> usize {
        let before = self.items.len();
        self.items.retain(|item| item.stage != Stage::Waiting || !item.entry.is_over(now));
        before - self.items.len()
    }

    /// Is there a message that the client does not have yet?
    pub fn has_waiting(&self) -> bool {
        self.items.iter().any(|item| item.stage == Stage::Waiting)
    }

    /// The oldest message that the client does not have yet; from now on it has it.
    pub fn give(&mut self) -> Option<&Entry> {
        let item = self.items.iter_mut().find(|item| item.stage == Stage::Waiting)?;
        item.stage = Stage::Given;
        Some(&item.entry)
    }

    /// The client has sent the oldest message it was given, under this packet identifier.
    pub fn sent(&mut self, packet: u16) {
        let given = self.items.iter_mut().find(|item| item.stage == Stage::Given);
        if let Some(item) = given {
            item.stage = Stage::Sent(packet);
        }
    }

    /// The broker has the message with this packet identifier; an identifier nobody waits for
    /// changes nothing. Gives how many of the oldest messages it has with that, and are forgotten;
    /// those that had been said before do not count.
    pub fn acknowledged(&mut self, packet: u16) -> usize {
        let sent = self.items.iter_mut().find(|item| item.stage == Stage::Sent(packet));
        if let Some(item) = sent {
            item.stage = Stage::Acknowledged;
        }
        let mut count = 0;
        while let Some(item) = self.items.pop_front_if(|it| it.stage == Stage::Acknowledged) {
            count += usize::from(!item.again);
        }
        count
    }

    /// The connection is gone: what is not acknowledged must go out again, in order.
    pub fn rewind(&mut self) {
        for item in self.items.iter_mut().filter(|item| item.stage != Stage::Acknowledged) {
            item.stage = Stage::Waiting;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(number: usize) -> Entry {
        Entry { topic: number.to_string(), payload: Bytes::new(), keep: Keep::No }
    }

    fn given(outbox: &mut Outbox) -> Option<String> {
        outbox.give().map(|entry| entry.topic.clone())
    }

    #[test]
    fn a_message_leaves_only_with_its_acknowledgement() {
        let mut outbox = Outbox::new(2);
        outbox.push(entry(0));
        outbox.push(entry(1));
        assert!(!outbox.has_room());
        assert_eq!(given(&mut outbox).as_deref(), Some("0"));
        assert_eq!(given(&mut outbox).as_deref(), Some("1"));
        assert_eq!(given(&mut outbox), None);
        outbox.sent(7);
        outbox.acknowledged(8);
        assert!(!outbox.has_room(), "8 was never sent");
        outbox.acknowledged(7);
        assert_eq!(outbox.in_flight(), 1);
        assert!(outbox.has_room() && !outbox.is_empty());
    }

    #[test]
    fn what_is_said_again_counts_for_nothing_but_its_room() {
        let mut outbox = Outbox::new(3);
        outbox.push(entry(0));
        outbox.push_again(entry(1));
        outbox.push(entry(2));
        assert!(!outbox.has_room() && outbox.again() == 1);
        (1..=3).for_each(|packet| {
            given(&mut outbox);
            outbox.sent(packet);
        });
        assert_eq!([2, 1, 3].map(|packet| outbox.acknowledged(packet)), [0, 1, 1]);
        assert_eq!(outbox.again(), 0);
    }

    #[test]
    fn after_a_loss_everything_unacknowledged_goes_out_again_in_order() {
        let mut outbox = Outbox::new(9);
        (0..4).for_each(|number| outbox.push(entry(number)));
        (0..3).for_each(|_| drop(given(&mut outbox)));
        (1..=3).for_each(|packet| outbox.sent(packet));
        outbox.acknowledged(2);
        outbox.rewind();
        let again: Vec<String> = std::iter::from_fn(|| given(&mut outbox)).collect();
        assert_eq!(again, ["0", "2", "3"]);
    }

    #[test]
    fn what_has_run_out_while_it_waited_is_not_sent_and_what_is_on_its_way_stays() {
        let at = |s: i64| Stamp::from_ms(s * 1_000).expect("in range");
        let mut outbox = Outbox::new(9);
        for (number, end) in [(0, 10), (1, 10), (2, 99)] {
            outbox.push(Entry { keep: Keep::Until(at(end)), ..entry(number) });
        }
        outbox.push(Entry { keep: Keep::NoLonger, ..entry(3) });
        assert_eq!(given(&mut outbox).as_deref(), Some("0"));
        outbox.sent(1);
        assert_eq!(outbox.expire(at(9)), 0);
        assert_eq!(outbox.expire(at(50)), 1);
        assert_eq!(outbox.in_flight(), 1);
        assert_eq!(given(&mut outbox).as_deref(), Some("2"));
        assert_eq!(given(&mut outbox).as_deref(), Some("3"));
        outbox.rewind();
        assert_eq!(outbox.expire(at(50)), 1, "what was on its way has run out too");
    }

    proptest! {
        /// A broker that loses connections at random sees each message first in order, and all.
        #[test]
        fn nothing_is_lost_and_first_sights_are_in_order(
            steps in prop::collection::vec((0_u8..5, any::<prop::sample::Index>()), 0..300)
        ) {
            let mut outbox = Outbox::new(8);
            let (mut next, mut packet) = (0, 0);
            let mut given_now = VecDeque::new();
            let mut unacknowledged: Vec<u16> = Vec::new();
            let mut seen: Vec<usize> = Vec::new();
            let finish = [(1, 40), (2, 40), (3, 40)].into_iter().cycle().take(360);
            let steps = steps.into_iter().map(|(step, index)| (step, Some(index)));
            for (step, index) in steps.chain(finish.map(|(step, _)| (step, None))) {
                match step {
                    0 if outbox.has_room() => {
                        outbox.push(entry(next));
                        next += 1;
                    }
                    1 => given_now.extend(outbox.give().map(|entry| entry.topic.clone())),
                    2 => if let Some(topic) = given_now.pop_front() {
                        packet += 1;
                        outbox.sent(packet);
                        unacknowledged.push(packet);
                        let number: usize = topic.parse().expect("a number");
                        if !seen.contains(&number) {
                            seen.push(number);
                        }
                    },
                    3 if !unacknowledged.is_empty() => {
                        let at = index.map_or(0, |index| index.index(unacknowledged.len()));
                        outbox.acknowledged(unacknowledged.remove(at));
                    }
                    4 => {
                        outbox.rewind();
                        given_now.clear();
                        unacknowledged.clear();
                    }
                    _ => {}
                }
                prop_assert!(outbox.items.len() <= 8);
            }
            prop_assert_eq!(seen, (0..next).collect::<Vec<_>>());
            prop_assert!(outbox.is_empty());
        }
    }
}
