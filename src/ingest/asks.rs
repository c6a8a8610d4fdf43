//! When to ask a plant for messages again that have not come, and when no more.
//!
//! A message that another has overtaken comes by itself; so the first question waits a moment. Each
//! of the next waits twice as long as the one before it, and after the last one nothing is asked
//! any more: the gap ends as every gap does, when nothing of it can still come in time. What comes
//! of an answer begins the count again, for there may be more where it came from.

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
}

/// What has been asked for.
#[derive(Debug, Default)]
pub struct Asks {
    open: Vec<Asked>,
}

#[derive(Debug, Clone)]
struct Asked {
    missing: Missing,
    /// How often in a row without anything having come of it.
    asks: u32,
    next: Stamp,
}

impl Asks {
    /// What is to be asked now, `missing` being all that is waited for; at `now` by the wall clock.
    pub fn due(&mut self, missing: Vec<Missing>, now: Stamp) -> Vec<Missing> {
        let known = |missing: Missing| {
            let before = self.open.iter().find(|asked| asked.missing.covers(&missing));
            match before {
                Some(asked) if asked.missing == missing => asked.clone(),
                // Some of it has come: more may be on its way.
                Some(asked) if asked.asks > 0 => Asked { missing, asks: 0, next: now + PAUSE },
                Some(asked) => Asked { missing, ..asked.clone() },
                None => Asked { missing, asks: 0, next: now + FIRST },
            }
        };
        self.open = missing.into_iter().map(known).collect();
        let is_due = |asked: &&mut Asked| asked.asks < ASKS_MAX && asked.next <= now;
        let mut due = Vec::new();
        for asked in self.open.iter_mut().filter(is_due).take(TURN_MAX) {
            asked.next = now + PAUSE * (1_i64 << asked.asks);
            asked.asks += 1;
            let Missing { from, to, .. } = asked.missing;
            let to = to.min(from.saturating_add(RESEND_MAX - 1));
            due.push(Missing { to, ..asked.missing.clone() });
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Stamp {
        Stamp::from_ms(ms).expect("in range")
    }

    fn missing(from: u64, to: u64) -> Missing {
        Missing { plant: PlantId::new("sanmen").expect("an id"), boot_id: 3, from, to }
    }

    #[test]
    fn a_gap_is_asked_for_ever_more_rarely_and_then_no_more() {
        let mut asks = Asks::default();
        let mut asked = Vec::new();
        for ms in (0..100_000).step_by(100) {
            for question in asks.due(vec![missing(4, 9)], at(ms)) {
                assert_eq!(question, missing(4, 9));
                asked.push(ms);
            }
        }
        assert_eq!(asked, [300, 1_300, 3_300, 7_300, 15_300]);
    }

    #[test]
    fn what_closes_by_itself_is_not_asked_for_and_an_answer_begins_the_count_again() {
        let mut asks = Asks::default();
        assert!(asks.due(vec![missing(4, 9)], at(0)).is_empty());
        assert!(asks.due(vec![], at(200)).is_empty());
        assert!(asks.due(vec![missing(12, 12)], at(400)).is_empty(), "another one");
        assert_eq!(asks.due(vec![missing(12, 12)], at(700)).len(), 1);
        let mut asks = Asks::default();
        asks.due(vec![missing(4, 9)], at(0));
        for ms in [300, 1_300, 3_300, 7_300, 15_300] {
            assert_eq!(asks.due(vec![missing(4, 9)], at(ms)).len(), 1);
        }
        assert!(asks.due(vec![missing(6, 9)], at(20_000)).is_empty(), "it is being answered");
        assert_eq!(asks.due(vec![missing(6, 9)], at(21_000)), [missing(6, 9)]);
    }

    #[test]
    fn much_is_asked_for_in_pieces_and_few_at_a_time() {
        let mut asks = Asks::default();
        asks.due(vec![missing(0, 5_000)], at(0));
        assert_eq!(asks.due(vec![missing(0, 5_000)], at(300)), [missing(0, RESEND_MAX - 1)]);
        let many: Vec<Missing> = (0..100).map(|n| missing(3 * n, 3 * n + 1)).collect();
        asks.due(many.clone(), at(1_000));
        assert_eq!(asks.due(many.clone(), at(2_000)).len(), TURN_MAX);
        assert_eq!(asks.due(many.clone(), at(2_100))[0], many[TURN_MAX]);
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
                for question in asks.due(gaps.clone(), at(now)) {
                    prop_assert!(gaps.contains(&question));
                    in_a_row += 1;
                }
                prop_assert!(in_a_row <= 5 * ASKS_MAX);
            }
        }
    }
}
