//! QARTOD's timing test: do the readings of an instrument come in the order and at the pace in
//! which it is read? By the instrument's own clock: when they arrived is of no matter here.
//!
//! A reading that is older than the one before it is always found suspect: a clock has jumped back,
//! or it came out of order; nothing else can be made of it.

use crate::base::{Flag, Span, Stamp};

/// The pace at which readings come.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pace {
    /// More polls than this after the one before it, a reading follows a gap.
    pub gap_polls: Option<f64>,
    /// Fewer polls than this after the one before it, a reading comes too soon.
    pub early_polls: Option<f64>,
}

impl Pace {
    /// What a reading at `at` is when the one before it was at `last`.
    pub fn judge(&self, last: Option<Stamp>, poll: Span, at: Stamp) -> Flag {
        let Some(last) = last else { return Flag::NotEvaluated };
        let polls = (at - last).as_seconds() / poll.as_seconds().max(1e-3);
        let gap = self.gap_polls.is_some_and(|most| polls > most);
        let early = self.early_polls.is_some_and(|least| polls < least);
        if gap || early { Flag::Suspect } else { Flag::Good }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_and_a_hurry_are_found_and_the_usual_unrest_of_polls_is_not() {
        let pace = Pace { gap_polls: Some(5.0), early_polls: Some(0.2) };
        let at = |s: i64| Stamp::from_ms(s * 1_000).expect("a small number");
        let judge = |s| pace.judge(Some(at(0)), Span::MINUTE, at(s));
        let found = [5, 12, 61, 300, 301].map(judge);
        assert_eq!(found, [Flag::Suspect, Flag::Good, Flag::Good, Flag::Good, Flag::Suspect]);
        assert_eq!(pace.judge(None, Span::MINUTE, at(0)), Flag::NotEvaluated);
    }
}
