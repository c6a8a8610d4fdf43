//! The binomial event discriminator (BED): how many outliers are an event?
//!
//! With `k` outliers among the last `steps`, an event is as probable as the sum of the binomial
//! distribution up to `k` `[S46a]`: how rarely there would be more, were outliers mere chance. An
//! event begins at `event_probability`; it is over at one half or below; and when it has lasted for
//! `timeout_steps`, what is new has become usual.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Half of the sum of a binomial distribution may miss one half by this.
const ROUNDING: f64 = 1e-12;

/// When outliers are an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Discriminator {
    /// It looks at so many steps.
    pub steps: usize,
    /// How probable an outlier is taken to be, 0 to 1.
    pub outlier_probability: f64,
    /// From this probability on it is an event, 0.5 to 1.
    pub event_probability: f64,
    /// So many steps of an event, and it counts as usual.
    pub timeout_steps: u32,
}

/// What it has seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The last steps: was it an outlier? Oldest first; steps before the first were none.
    steps: VecDeque<bool>,
    /// How many steps the event has lasted.
    lasted: u32,
}

/// What it says of the last step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// There is no event.
    Quiet,
    /// Neither: what was said before still holds.
    Undecided,
    /// There is an event.
    Event,
    /// The event has lasted so long that it counts as usual.
    TimedOut,
}

impl Seen {
    /// Outliers among the last steps.
    pub fn outliers(&self) -> usize {
        self.steps.iter().filter(|is_outlier| **is_outlier).count()
    }
}

impl Discriminator {
    /// Probability of an event with so many outliers among its steps: the distribution's sum up to
    /// there.
    pub fn probability(&self, outliers: usize) -> f64 {
        let (n, p) = (self.steps as f64, self.outlier_probability);
        let mut term = libm::pow(1.0 - p, n);
        let mut sum = term;
        for k in 1..=outliers.min(self.steps) {
            term *= (n - k as f64 + 1.0) / k as f64 * (p / (1.0 - p));
            sum += term;
        }
        sum.min(1.0)
    }

    /// The fewest outliers among its steps that are an event.
    pub fn fewest(&self) -> usize {
        let is_event = |k: &usize| self.probability(*k) + ROUNDING >= self.event_probability;
        (0..=self.steps).find(is_event).unwrap_or(self.steps)
    }

    /// Takes a step.
    pub fn take(&self, seen: &mut Seen, is_outlier: bool) -> Said {
        seen.steps.push_back(is_outlier);
        if seen.steps.len() > self.steps {
            seen.steps.pop_front();
        }
        let probability = self.probability(seen.outliers());
        if probability + ROUNDING >= self.event_probability {
            seen.lasted += 1;
            if seen.lasted >= self.timeout_steps {
                *seen = Seen::default();
                return Said::TimedOut;
            }
            return Said::Event;
        }
        if probability > 0.5 + ROUNDING {
            return Said::Undecided;
        }
        seen.lasted = 0;
        Said::Quiet
    }
}

#[cfg(test)]
mod tests {
    use super::Said::{Event, Quiet, TimedOut, Undecided};
    use super::*;

    fn bed(steps: usize, event_probability: f64) -> Discriminator {
        Discriminator { steps, outlier_probability: 0.5, event_probability, timeout_steps: 12 }
    }

    #[test]
    fn so_many_outliers_are_an_event() {
        // Sums of binomial coefficients over 2^n, by hand: n = 6: 57/64 = 0.891 at 4, 63/64 at 5.
        assert!((bed(6, 1.0).probability(4) - 57.0 / 64.0).abs() < 1e-12);
        assert!((bed(6, 1.0).probability(5) - 63.0 / 64.0).abs() < 1e-12);
        for (steps, at_85, at_95, at_99) in
            [(6, 4, 5, 6), (10, 7, 8, 9), (12, 8, 9, 10), (18, 11, 12, 14)]
        {
            let fewest = [0.85, 0.95, 0.99].map(|limit| bed(steps, limit).fewest());
            assert_eq!(fewest, [at_85, at_95, at_99], "{steps} steps");
        }
    }

    #[test]
    fn a_rare_outlier_needs_fewer_of_them() {
        // n = 4, p = 0.1: 0.9^4 = 0.6561, and 4 × 0.1 × 0.9^3 = 0.2916 more with one.
        let bed = Discriminator { outlier_probability: 0.1, ..bed(4, 0.94) };
        assert!((bed.probability(0) - 0.6561).abs() < 1e-12);
        assert!((bed.probability(1) - 0.9477).abs() < 1e-12);
        assert_eq!(bed.fewest(), 1);
    }

    #[test]
    fn an_event_begins_with_the_fourth_of_six_and_ends_with_two_left() {
        let (bed, mut seen) = (bed(6, 0.85), Seen::default());
        let mut said = |is_outlier| bed.take(&mut seen, is_outlier);
        let up = [true, true, true, true].map(&mut said);
        assert_eq!(up, [Quiet, Quiet, Undecided, Event]);
        let down = [false, false, false, false].map(&mut said);
        assert_eq!(down, [Event, Event, Undecided, Quiet]);
    }

    #[test]
    fn after_twelve_steps_of_an_event_it_counts_as_usual() {
        let (bed, mut seen) = (bed(6, 0.85), Seen::default());
        let said: Vec<Said> = (0..15).map(|_| bed.take(&mut seen, true)).collect();
        assert_eq!(said.iter().filter(|it| **it == Event).count(), 11);
        assert_eq!(said.last(), Some(&TimedOut));
        assert_eq!(seen, Seen::default());
    }
}
