//! Order by `(boot_id, seq)`: every message once, in order, and every loss said.
//!
//! A gap-free message is released at once. One that comes too early is held until the gap before
//! it fills, or until nothing of the gap can still come in time; then the gap is given up. A
//! message of a gap that was given up is late: it is handed on, marked. A number seen before is a
//! duplicate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::Stamp;

/// Most messages held for one plant; one more, and the first gap is given up.
pub const HELD_MAX: usize = 256;

/// Most gaps remembered for late messages; older ones are forgotten (late ones then count as
/// duplicates).
pub const GAPS_MAX: usize = 64;

/// A message's place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which start of the gateway.
    pub boot_id: u64,
    /// Its number within the boot.
    pub seq: u64,
    /// The gateway's clock when it was sent.
    pub sent_at: Stamp,
}

/// What a place means, seen from what has come so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is new: in order, or early.
    New,
    /// It belongs to a gap that has been given up.
    Late,
    /// Its number has been seen.
    Duplicate,
    /// A newer boot has begun since.
    OldBoot,
}

/// What comes out, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<T> {
    /// The next message.
    Release(Place, T),
    /// A message of a gap that had been given up.
    Late(Place, T),
    /// Messages `from..=to` did not come in time.
    Gap {
        /// Their boot.
        boot_id: u64,
        /// First missing number.
        from: u64,
        /// Last missing number.
        to: u64,
    },
}

/// The order of one plant's births and data. `T` is what a message carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sequence<T> {
    boot_id: Option<u64>,
    /// The number that is released at once.
    next: u64,
    /// The first contact ever has not led to an order yet: what came before we listened is no loss.
    joining: bool,
    held: BTreeMap<u64, Held<T>>,
    /// Given up, still welcome late: `from..=to`, oldest first.
    given_up: Vec<(u64, u64)>,
    /// The number that would have come next, as a goodbye says that came before some below it; and
    /// when that was sent.
    #[serde(default)]
    announced: Option<(u64, Stamp)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Held<T> {
    sent_at: Stamp,
    content: T,
}

impl<T> Default for Sequence<T> {
    fn default() -> Self {
        let (held, given_up) = (BTreeMap::new(), Vec::new());
        Self { boot_id: None, next: 0, joining: true, held, given_up, announced: None }
    }
}

impl<T> Sequence<T> {
    /// The newest boot heard of.
    pub fn boot_id(&self) -> Option<u64> {
        self.boot_id
    }

    /// Is anything held back by a gap?
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty() || self.announced.is_some()
    }

    /// The numbers that are waited for, `from..=to` of the boot, lowest first: later ones came, or
    /// a goodbye.
    pub fn missing(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let mut next = self.next;
        let announced = self.announced.map(|(seq, _)| seq);
        let known = self.held.keys().copied().chain(announced).filter(|_| !self.joining);
        known.filter_map(move |seq| {
            let from = std::mem::replace(&mut next, seq + 1);
            Some((self.boot_id?, from, seq.checked_sub(1)?)).filter(|_| from < seq)
        })
    }

    /// A goodbye has come: it carries the number that the next message would have carried. What of
    /// the same boot is below it and has not come is waited for.
    pub fn announce(&mut self, end: Place) {
        let last = self.held.last_key_value().map(|(seq, _)| seq + 1);
        let is_beyond = end.seq > last.unwrap_or(self.next);
        if self.boot_id == Some(end.boot_id) && !self.joining && is_beyond {
            self.announced = Some((end.seq, end.sent_at));
        }
    }

    /// What a message at this place would be.
    pub fn standing(&self, boot_id: u64, seq: u64) -> Standing {
        match self.boot_id {
            Some(known) if boot_id < known => Standing::OldBoot,
            Some(known) if boot_id == known => {
                if self.given_up.iter().any(|(from, to)| (*from..=*to).contains(&seq)) {
                    Standing::Late
                } else if seq < self.next || self.held.contains_key(&seq) {
                    Standing::Duplicate
                } else {
                    Standing::New
                }
            }
            _ => Standing::New,
        }
    }

    /// Takes a message in; what can go on comes out in `steps`. A duplicate, or a message of an old
    /// boot, goes no further. `history`: it was sent long before it came (the broker kept it), so
    /// the numbers after it may have gone by before we listened.
    pub fn accept(&mut self, place: Place, history: bool, content: T, steps: &mut Vec<Step<T>>) {
        match self.standing(place.boot_id, place.seq) {
            Standing::Duplicate | Standing::OldBoot => return,
            Standing::Late => {
                self.forget_gap(place.seq);
                steps.push(Step::Late(place, content));
                return;
            }
            Standing::New => {}
        }
        if self.boot_id != Some(place.boot_id) {
            self.begin(place.boot_id, steps);
        }
        if place.seq == self.next {
            self.next += 1;
            self.joining &= history;
            steps.push(Step::Release(place, content));
            self.release_ready(steps);
        } else {
            self.held.insert(place.seq, Held { sent_at: place.sent_at, content });
            if self.held.len() > HELD_MAX {
                self.give_up_first_gap(steps);
            }
        }
        let last = self.held.last_key_value().map(|(seq, _)| seq + 1);
        self.announced.take_if(|(end, _)| *end <= last.unwrap_or(self.next));
    }

    /// Gives up every gap before a held message, or a goodbye, that was sent before `bound`, and
    /// releases it.
    pub fn give_up(&mut self, bound: Stamp, steps: &mut Vec<Step<T>>) {
        while self.held.first_key_value().is_some_and(|(_, held)| held.sent_at < bound) {
            self.give_up_first_gap(steps);
        }
        if self.held.is_empty() && self.announced.is_some_and(|(_, sent_at)| sent_at < bound) {
            self.give_up_first_gap(steps);
        }
    }

    /// Gives up every gap, and releases everything held.
    pub fn flush(&mut self, steps: &mut Vec<Step<T>>) {
        while self.is_holding() {
            self.give_up_first_gap(steps);
        }
    }

    /// A new boot: what the old one still holds goes first.
    fn begin(&mut self, boot_id: u64, steps: &mut Vec<Step<T>>) {
        self.flush(steps);
        self.joining = self.boot_id.is_none();
        self.boot_id = Some(boot_id);
        self.next = 0;
        self.given_up.clear();
    }

    fn give_up_first_gap(&mut self, steps: &mut Vec<Step<T>>) {
        let held = self.held.first_key_value().map(|(seq, _)| *seq);
        let first = held.or_else(|| self.announced.take().map(|(end, _)| end));
        let (Some(first), Some(boot_id)) = (first, self.boot_id) else { return };
        let (from, to) = (self.next, first - 1); // held numbers lie beyond `next`
        if self.given_up.len() == GAPS_MAX {
            self.given_up.remove(0);
        }
        self.given_up.push((from, to));
        if !self.joining {
            steps.push(Step::Gap { boot_id, from, to });
        }
        self.joining = false;
        self.next = first;
        self.release_ready(steps);
    }

    fn release_ready(&mut self, steps: &mut Vec<Step<T>>) {
        let Some(boot_id) = self.boot_id else { return };
        while let Some(held) = self.held.remove(&self.next) {
            let place = Place { boot_id, seq: self.next, sent_at: held.sent_at };
            steps.push(Step::Release(place, held.content));
            self.next += 1;
        }
    }

    /// Takes one number out of the gaps, so that it is a duplicate from now on.
    fn forget_gap(&mut self, seq: u64) {
        let Some(at) = self.given_up.iter().position(|(from, to)| (*from..=*to).contains(&seq))
        else {
            return;
        };
        let (from, to) = self.given_up.remove(at);
        if seq < to && self.given_up.len() < GAPS_MAX {
            self.given_up.insert(at, (seq + 1, to));
        }
        if from < seq && self.given_up.len() < GAPS_MAX {
            self.given_up.insert(at, (from, seq - 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("in range")
    }

    /// Feeds `(boot, seq)` pairs, each sent at `seq` seconds; gives what came out as text.
    fn run(sequence: &mut Sequence<()>, messages: &[(u64, u64)]) -> Vec<String> {
        let mut steps = Vec::new();
        for &(boot_id, seq) in messages {
            let place = Place { boot_id, seq, sent_at: at(seq.cast_signed()) };
            sequence.accept(place, false, (), &mut steps);
        }
        say(&steps)
    }

    fn give_up(sequence: &mut Sequence<()>, bound_s: i64) -> Vec<String> {
        let mut steps = Vec::new();
        sequence.give_up(at(bound_s), &mut steps);
        say(&steps)
    }

    fn say(steps: &[Step<()>]) -> Vec<String> {
        steps
            .iter()
            .map(|step| match step {
                Step::Release(place, ()) => format!("{}.{}", place.boot_id, place.seq),
                Step::Late(place, ()) => format!("late {}.{}", place.boot_id, place.seq),
                Step::Gap { boot_id, from, to } => format!("gap {boot_id}.{from}-{to}"),
            })
            .collect()
    }

    #[test]
    fn a_gap_free_message_goes_on_at_once() {
        let mut sequence = Sequence::default();
        assert_eq!(run(&mut sequence, &[(1, 0), (1, 1), (1, 2)]), ["1.0", "1.1", "1.2"]);
        assert!(!sequence.is_holding());
    }

    #[test]
    fn an_early_message_waits_until_the_gap_fills() {
        let mut sequence = Sequence::default();
        assert_eq!(run(&mut sequence, &[(1, 0), (1, 2), (1, 3)]), ["1.0"]);
        assert_eq!(run(&mut sequence, &[(1, 1)]), ["1.1", "1.2", "1.3"]);
    }

    #[test]
    fn what_is_missing_is_known_until_it_comes_or_is_given_up() {
        let mut sequence = Sequence::default();
        let missing = |sequence: &Sequence<()>| sequence.missing().collect::<Vec<_>>();
        run(&mut sequence, &[(3, 0), (3, 4), (3, 5), (3, 9)]);
        assert_eq!(missing(&sequence), [(3, 1, 3), (3, 6, 8)]);
        run(&mut sequence, &[(3, 2), (3, 7)]);
        assert_eq!(missing(&sequence), [(3, 1, 1), (3, 3, 3), (3, 6, 6), (3, 8, 8)]);
        give_up(&mut sequence, 6);
        assert_eq!(missing(&sequence), [(3, 6, 6), (3, 8, 8)]);
        run(&mut sequence, &[(3, 8), (3, 6)]);
        assert!(missing(&sequence).is_empty());
        let mut joining = Sequence::default();
        let history = Place { boot_id: 1, seq: 0, sent_at: at(0) };
        joining.accept(history, true, (), &mut Vec::new());
        run(&mut joining, &[(1, 500)]);
        assert!(missing(&joining).is_empty(), "it was said before we listened");
    }

    #[test]
    fn a_goodbye_says_what_has_not_come_before_it() {
        let end = |seq, s| Place { boot_id: 1, seq, sent_at: at(s) };
        let missing = |sequence: &Sequence<()>| sequence.missing().collect::<Vec<_>>();
        let mut sequence = Sequence::default();
        run(&mut sequence, &[(1, 0), (1, 2)]);
        sequence.announce(end(6, 9));
        assert_eq!(missing(&sequence), [(1, 1, 1), (1, 3, 5)]);
        assert_eq!(run(&mut sequence, &[(1, 1), (1, 4)]), ["1.1", "1.2"]);
        assert_eq!(missing(&sequence), [(1, 3, 3), (1, 5, 5)]);
        assert_eq!(run(&mut sequence, &[(1, 3)]), ["1.3", "1.4"]);
        assert!(give_up(&mut sequence, 9).is_empty() && sequence.is_holding());
        assert_eq!(give_up(&mut sequence, 10), ["gap 1.5-5"]);
        assert!(!sequence.is_holding() && missing(&sequence).is_empty());
        assert_eq!(run(&mut sequence, &[(1, 5), (1, 6)]), ["late 1.5", "1.6"]);

        sequence.announce(end(7, 20));
        assert!(!sequence.is_holding(), "it has all come");
        sequence.announce(end(9, 20));
        assert_eq!(run(&mut sequence, &[(1, 7), (1, 8)]), ["1.7", "1.8"]);
        assert!(!sequence.is_holding(), "it has all come by now");
        sequence.announce(end(11, 30));
        run(&mut sequence, &[(1, 12)]);
        assert_eq!(missing(&sequence), [(1, 9, 11)], "it speaks again");
        sequence.announce(Place { boot_id: 2, ..end(50, 40) });
        assert_eq!(missing(&sequence), [(1, 9, 11)], "another start");
        assert_eq!(run(&mut sequence, &[(2, 0)]), ["gap 1.9-11", "1.12", "2.0"]);
        sequence.announce(Place { boot_id: 2, ..end(3, 50) });
        assert_eq!(run(&mut sequence, &[(3, 0)]), ["gap 2.1-2", "3.0"], "no loss is left unsaid");
    }

    #[test]
    fn a_gap_is_given_up_only_when_the_bound_has_passed_what_follows_it() {
        let mut sequence = Sequence::default();
        run(&mut sequence, &[(1, 0), (1, 3), (1, 6)]);
        assert!(give_up(&mut sequence, 3).is_empty(), "sent at 3 s is not before 3 s");
        assert_eq!(give_up(&mut sequence, 4), ["gap 1.1-2", "1.3"]);
        assert!(sequence.is_holding());
    }

    #[test]
    fn a_late_message_counts_once_and_then_is_a_duplicate() {
        let mut sequence = Sequence::default();
        run(&mut sequence, &[(1, 0), (1, 5)]);
        give_up(&mut sequence, 100);
        assert_eq!(run(&mut sequence, &[(1, 2), (1, 2), (1, 4), (1, 0)]), ["late 1.2", "late 1.4"]);
        assert_eq!(sequence.standing(1, 2), Standing::Duplicate);
        assert_eq!(sequence.standing(1, 3), Standing::Late);
    }

    #[test]
    fn duplicates_and_old_boots_go_no_further() {
        let mut sequence = Sequence::default();
        assert_eq!(run(&mut sequence, &[(2, 0), (2, 0), (1, 9), (2, 1)]), ["2.0", "2.1"]);
        assert_eq!(sequence.standing(1, 9), Standing::OldBoot);
    }

    #[test]
    fn a_new_boot_starts_afresh_after_what_the_old_one_still_held() {
        let mut sequence = Sequence::default();
        let out = run(&mut sequence, &[(1, 0), (1, 2), (2, 0)]);
        assert_eq!(out, ["1.0", "gap 1.1-1", "1.2", "2.0"]);
        // The birth of boot 3 is lost: that is a loss, for we were there.
        assert!(run(&mut sequence, &[(3, 1)]).is_empty());
        assert_eq!(give_up(&mut sequence, 100), ["gap 3.0-0", "3.1"]);
    }

    #[test]
    fn what_came_before_we_listened_is_no_loss() {
        let mut sequence = Sequence::default();
        let mut steps = Vec::new();
        let birth = Place { boot_id: 1, seq: 0, sent_at: at(0) };
        sequence.accept(birth, true, (), &mut steps); // kept by the broker
        assert!(run(&mut sequence, &[(1, 500)]).is_empty());
        assert_eq!(give_up(&mut sequence, 1_000), ["1.500"]);
        assert!(run(&mut sequence, &[(1, 502)]).is_empty());
        assert_eq!(give_up(&mut sequence, 1_000), ["gap 1.501-501", "1.502"]);
    }

    #[test]
    fn memory_is_bounded_whatever_numbers_come() {
        let mut sequence = Sequence::default();
        for n in 0..10_000_u64 {
            run(&mut sequence, &[(1, n * 1_000_000)]);
        }
        assert!(sequence.held.len() <= HELD_MAX);
        assert!(sequence.given_up.len() <= GAPS_MAX);
    }

    proptest! {
        #[test]
        fn any_order_of_arrival_gives_every_message_once_in_order(
            order in Just((0..40_u64).collect::<Vec<_>>()).prop_shuffle(),
            again in prop::collection::vec(0..40_u64, 0..20),
        ) {
            let mut sequence = Sequence::default();
            let mut out = Vec::new();
            for (i, seq) in order.iter().enumerate() {
                out.extend(run(&mut sequence, &[(7, *seq)]));
                if let Some(seq) = again.get(i).filter(|seq| order[..=i].contains(seq)) {
                    out.extend(run(&mut sequence, &[(7, *seq)]));
                }
            }
            let expected: Vec<String> = (0..40).map(|seq| format!("7.{seq}")).collect();
            prop_assert_eq!(out, expected);
        }
    }
}
