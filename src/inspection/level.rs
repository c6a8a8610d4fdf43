//! Levels of one rule: its own limit, and further ones beyond it, each more urgent.
//!
//! Every level is judged by itself, with its own clear threshold: a further level never changes
//! when the alarm itself is raised or clears.

use std::sync::Arc;

use crate::base::Span;
use crate::inspection::book::Urgency;
use crate::inspection::limit::LimitInForce;

/// At most so many levels lie above a rule's own: there are three priorities.
pub const LEVELS_MAX: usize = 2;

/// A further level of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// How urgent the alarm is there.
    pub priority: Urgency,
    /// What must be broken.
    pub limit: LimitInForce,
    /// It must be broken this long before the alarm rises.
    pub on_delay: Span,
    /// It must be clear this long before the alarm falls.
    pub off_delay: Span,
}

/// The further levels of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// From the least urgent one; each beyond the one before.
    pub further: Arc<[Level]>,
    /// Does a rise undo what people answered to less: the acknowledgement, and the shelf?
    pub rise_asks_again: bool,
}

impl Default for Levels {
    fn default() -> Self {
        Self { further: Arc::default(), rise_asks_again: true }
    }
}

/// The limits of a rule at one instrument, its own first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ladder {
    own: LimitInForce,
    further: [Option<LimitInForce>; LEVELS_MAX],
}

impl Ladder {
    /// Of the rule's own limit at an instrument, and its further levels.
    pub fn new(own: LimitInForce, levels: &Levels) -> Self {
        let mut further = [None; LEVELS_MAX];
        for (limit, level) in further.iter_mut().zip(levels.further.iter()) {
            *limit = Some(level.limit);
        }
        Self { own, further }
    }

    fn limits(&self) -> impl Iterator<Item = LimitInForce> {
        std::iter::once(self.own).chain(self.further.into_iter().flatten())
    }

    /// How many limits hold after `value`, when `held` did before: 0 none, 1 the rule's own.
    pub fn judge(&self, held: u8, value: f64) -> u8 {
        if !self.own.judge(held > 0, value) {
            return 0; // what almost every reading comes to
        }
        let holds = |(n, limit): &(u8, LimitInForce)| limit.judge(*n < held, value);
        (0..).zip(self.limits()).take_while(holds).count() as u8
    }

    /// The limit that matters while `held` of them hold.
    pub fn in_force(&self, held: u8) -> LimitInForce {
        let highest = usize::from(held.max(1)) - 1;
        self.limits().nth(highest).unwrap_or(self.own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspection::limit::Side;

    const HIGH: Ladder = Ladder {
        own: LimitInForce { side: Side::Above, raise: 1.0, clear: 0.9, unverified: false },
        further: [
            Some(LimitInForce { side: Side::Above, raise: 3.0, clear: 2.5, unverified: false }),
            None,
        ],
    };

    #[test]
    fn each_limit_raises_above_it_and_holds_until_its_own_clear_threshold() {
        let life = [1.0, 1.1, 3.0, 3.1, 2.6, 2.5, 3.0, 0.95, 0.9, 9.0, 0.95, 0.5];
        let mut held = 0;
        let held: Vec<u8> = life
            .iter()
            .map(|value| {
                held = HIGH.judge(held, *value);
                held
            })
            .collect();
        assert_eq!(held, [0, 1, 1, 2, 2, 1, 1, 1, 0, 2, 1, 0]);
        let raise = [0, 1, 2].map(|held| HIGH.in_force(held).raise);
        assert_eq!(raise, [1.0, 1.0, 3.0]);
    }
}
