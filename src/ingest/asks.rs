//! When to ask a plant for messages again that have not come, and when no more.
//!
//! A message that another has overtaken comes by itself; so the first question waits a moment. Each
//! of the next waits twice as long as the one before it, and after the last one nothing is asked
//! any more: the gap ends as every gap does, when nothing of it can still come in time. What comes
//! of an answer begins the count again, for there may be more where it came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{PlantId, Span, Stamp};
use crate::telemetry::request::RESEND_MAX;

/// How long a gap may close by itself `[D]`.
pub const FIRST: Span = Span::ms(300);

/// How long the first question waits for its answer; each of the next twice as long `[D]`.
pub const PAUSE: Span = Span::SECOND;

/// Most questions in a row that bring nothing.
pub const ASKS_MAX: u32 = 5;

/// Most questions of one turn: a second has five.
pub const TURN_MAX: usize = 4;

/// Messages of one plant that are waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The plant.
    pub plant: PlantId,
    /// Which start of its gateway.
    pub boot_id: u64,
    /// The first number.
    pub from: u64,
    /// The last one.
    pub to: u64,
}

impl Missing {
    fn covers(&self, other: &Self) -> bool {
        self.plant == other.plant
            && self.boot_id == other.boot_id
            && self.from <= other.from
            && other.to <= self.to
    }

    fn count(&self) -> u64 {
        (self.to + 1).saturating_sub(self.from)
    }

    /// How many messages both name.
    fn shares(&self, other: &Self) -> u64 {
        if self.plant != other.plant || self.boot_id != other.boot_id {
            return 0;
        }
        (self.to.min(other.to) + 1).saturating_sub(self.from.max(other.from))
    }
}

/// All that is waited for, and what no longer is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Messages that are waited for.
    pub missing: Vec<Missing>,
    /// How many have been given up so far, by plant; none of a plant that has lost nothing.
    pub lost: BTreeMap<PlantId, u64>,
}

/// What has come of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AskCounts {
    /// Questions.
    pub questions: u64,
    /// Messages that were asked for.
    pub asked: u64,
    /// Of these, how many have come.
    pub answered: u64,
    /// Of these, how many were given up.
    pub lost: u64,
}

/// What has been asked for.
#[derive(Debug, Default)]
pub struct Asks {
    open: Vec<Asked>,
    counts: AskCounts,
    /// How many had been given up at the last look.
    lost: BTreeMap<PlantId, u64>,
}

#[derive(Debug, Clone)]
struct Asked {
    missing: Missing,
    /// It has been asked for up to this number.
    last: Option<u64>,
    /// How often in a row without anything having come of it.
    asks: u32,
    next: Stamp,
}

impl Asks {
    /// What is to be asked now, by what is waited for; at `now` by the wall clock.
    pub fn due(&mut self, waiting: &Waiting, now: Stamp) -> Vec<Missing> {
        self.look(waiting, now);
        let is_due = |asked: &&mut Asked| asked.asks < ASKS_MAX && asked.next <= now;
        let mut due = Vec::new();
        for asked in self.open.iter_mut().filter(is_due).take(TURN_MAX) {
            asked.next = now + PAUSE * (1_i64 << asked.asks);
            asked.asks += 1;
            let Missing { from, to, .. } = asked.missing;
            let to = to.min(from.saturating_add(RESEND_MAX - 1));
            let first = asked.last.map_or(from, |last| from.max(last + 1));
            self.counts.asked += (to + 1).saturating_sub(first);
            self.counts.questions += 1;
            asked.last = asked.last.max(Some(to));
            due.push(Missing { to, ..asked.missing.clone() });
        }
        due
    }

    /// Sees what has come or been given up, while nothing can be asked.
    pub fn look(&mut self, waiting: &Waiting, now: Stamp) {
        self.count(waiting);
        let known = |missing: &Missing| {
            let before = self.open.iter().find(|asked| asked.missing.covers(missing));
            let missing = missing.clone();
            let (last, next) = match before {
                Some(asked) if asked.missing == missing => return asked.clone(),
                // Some of it has come: more may be on its way.
                Some(asked) if asked.asks > 0 => (asked.last, now + PAUSE),
                Some(asked) => (asked.last, asked.next),
                None => (None, now + FIRST),
            };
            Asked { missing, last, asks: 0, next }
        };
        self.open = waiting.missing.iter().map(known).collect();
    }

    /// What has come of it so far.
    pub fn counts(&self) -> AskCounts {
        self.counts
    }

    /// Counts what was asked for and is waited for no longer.
    fn count(&mut self, waiting: &Waiting) {
        let mut gone: BTreeMap<&PlantId, u64> = BTreeMap::new();
        for Asked { missing, last, .. } in &self.open {
            let Some(last) = last.filter(|last| *last >= missing.from) else {
                continue;
            };
            let asked = Missing { to: missing.to.min(last), ..missing.clone() };
            let still: u64 = waiting.missing.iter().map(|it| it.shares(&asked)).sum();
            *gone.entry(&missing.plant).or_default() += asked.count().saturating_sub(still);
        }
        for (plant, gone) in gone {
            let total = |lost: &BTreeMap<PlantId, u64>| lost.get(plant).copied().unwrap_or(0);
            let lost = total(&waiting.lost).saturating_sub(total(&self.lost)).min(gone);
            self.counts.lost += lost;
            self.counts.answered += gone - lost;
        }
        if self.lost != waiting.lost {
            self.lost.clone_from(&waiting.lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Stamp {
        Stamp::from_ms(ms).expect("in range")
    }

    fn wait(missing: Vec<Missing>) -> Waiting {
        Waiting { missing, lost: BTreeMap::new() }
    }

    fn missing(from: u64, to: u64) -> Missing {
        Missing { plant: PlantId::new("sanmen").expect("an id"), boot_id: 3, from, to }
    }

    #[test]
    fn a_gap_is_asked_for_ever_more_rarely_and_then_no_more() {
        let mut asks = Asks::default();
        let mut asked = Vec::new();
        for ms in (0..100_000).step_by(100) {
            for question in asks.due(&wait(vec![missing(4, 9)]), at(ms)) {
                assert_eq!(question, missing(4, 9));
                asked.push(ms);
            }
        }
        assert_eq!(asked, [300, 1_300, 3_300, 7_300, 15_300]);
    }

    #[test]
    fn what_closes_by_itself_is_not_asked_for_and_an_answer_begins_the_count_again() {
        let mut asks = Asks::default();
        assert!(asks.due(&wait(vec![missing(4, 9)]), at(0)).is_empty());
        assert!(asks.due(&wait(vec![]), at(200)).is_empty());
        assert!(asks.due(&wait(vec![missing(12, 12)]), at(400)).is_empty(), "another one");
        assert_eq!(asks.due(&wait(vec![missing(12, 12)]), at(700)).len(), 1);
        let mut asks = Asks::default();
        asks.due(&wait(vec![missing(4, 9)]), at(0));
        for ms in [300, 1_300, 3_300, 7_300, 15_300] {
            assert_eq!(asks.due(&wait(vec![missing(4, 9)]), at(ms)).len(), 1);
        }
        assert!(
            asks.due(&wait(vec![missing(6, 9)]), at(20_000)).is_empty(),
            "it is being answered"
        );
        assert_eq!(asks.due(&wait(vec![missing(6, 9)]), at(21_000)), [missing(6, 9)]);
    }

    #[test]
    fn much_is_asked_for_in_pieces_and_few_at_a_time() {
        let mut asks = Asks::default();
        asks.due(&wait(vec![missing(0, 5_000)]), at(0));
        assert_eq!(asks.due(&wait(vec![missing(0, 5_000)]), at(300)), [missing(0, RESEND_MAX - 1)]);
        let many: Vec<Missing> = (0..100).map(|n| missing(3 * n, 3 * n + 1)).collect();
        asks.due(&wait(many.clone()), at(1_000));
        assert_eq!(asks.due(&wait(many.clone()), at(2_000)).len(), TURN_MAX);
        assert_eq!(asks.due(&wait(many.clone()), at(2_100))[0], many[TURN_MAX]);
    }

    #[test]
    fn what_comes_of_asking_is_counted() {
        let plant = || PlantId::new("sanmen").expect("an id");
        let lost = |n| BTreeMap::from([(plant(), n)]);
        let mut asks = Asks::default();
        // Two were lost before anything was asked.
        let mut look = |missing, n, ms| {
            asks.due(&Waiting { missing, lost: lost(n) }, at(ms));
            let AskCounts { questions, asked, answered, lost } = asks.counts();
            [questions, asked, answered, lost]
        };
        assert_eq!(look(vec![missing(4, 9), missing(20, 21)], 2, 0), [0, 0, 0, 0]);
        assert_eq!(look(vec![missing(4, 9)], 2, 100), [0, 0, 0, 0], "it came by itself");
        assert_eq!(look(vec![missing(4, 9)], 2, 400), [1, 6, 0, 0]);
        assert_eq!(look(vec![missing(4, 4), missing(7, 9)], 2, 500), [1, 6, 2, 0]);
        assert_eq!(look(vec![missing(4, 4), missing(7, 9)], 2, 1_600), [3, 6, 2, 0], "again");
        assert_eq!(look(vec![missing(8, 9)], 3, 1_700), [3, 6, 3, 1], "one of the two was lost");
        assert_eq!(look(vec![], 5, 1_800), [3, 6, 3, 3]);
        let mut asks = Asks::default();
        for ms in [0, 400] {
            asks.due(&wait(vec![missing(0, 5_000)]), at(ms));
        }
        asks.due(&wait(vec![missing(300, 5_000)]), at(500));
        let AskCounts { asked, answered, .. } = asks.counts();
        assert_eq!((asked, answered), (RESEND_MAX, RESEND_MAX.min(300)));
    }

    proptest! {
        /// Whatever comes and whenever it is looked at: no more questions than allowed between two
        /// messages that come, and none for what is there.
        #[test]
        fn questions_are_bounded(steps in prop::collection::vec((0_i64..3_000, 0_u64..8), 1..200)) {
            let mut asks = Asks::default();
            let (mut now, mut here, mut in_a_row) = (0, std::collections::BTreeSet::new(), 0);
            for (passed, came) in steps {
                now += passed;
                if came < 5 && here.insert(came) {
                    in_a_row = 0;
                }
                let gaps: Vec<Missing> =
                    (0..5).filter(|n| !here.contains(n)).map(|n| missing(n, n)).collect();
                for question in asks.due(&wait(gaps.clone()), at(now)) {
                    prop_assert!(gaps.contains(&question));
                    in_a_row += 1;
                }
                prop_assert!(in_a_row <= 5 * ASKS_MAX);
            }
        }
    }
}
