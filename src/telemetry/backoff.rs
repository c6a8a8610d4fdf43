//! How long to wait before the next attempt: longer each time, with full jitter, so that many
//! clients do not come back at the same moment.

use std::time::Duration;

/// The bounds of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Longest wait before the second attempt; doubled with each one after it.
    pub least: Duration,
    /// Longest wait of all.
    pub most: Duration,
    /// A connection that held this long makes the next wait short again.
    pub stable: Duration,
    /// How long to wait for an answer that should come at once (CONNACK, PUBACK).
    pub patience: Duration,
}

impl Default for Pace {
    /// 1 s growing to 60 s, short again after 30 s; answers are due within 20 s.
    fn default() -> Self {
        let s = Duration::from_secs;
        Self { least: s(1), most: s(60), stable: s(30), patience: s(20) }
    }
}

/// Counts attempts.
#[derive(Debug, Clone)]
pub struct Backoff {
    pace: Pace,
    attempts: u32,
}

impl Backoff {
    /// Nothing tried yet.
    pub fn new(pace: Pace) -> Self {
        Self { pace, attempts: 0 }
    }

    /// The wait before the next attempt; `chance` is a draw from 0 to 1. The last connection held
    /// for `held`, none if it never came up.
    pub fn next(&mut self, held: Option<Duration>, chance: f64) -> Duration {
        if held.is_some_and(|held| held >= self.pace.stable) {
            self.attempts = 0;
        }
        let factor = 1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX);
        self.attempts = self.attempts.saturating_add(1);
        let longest = self.pace.least.saturating_mul(factor).min(self.pace.most);
        longest.mul_f64(chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_limit_and_start_again_after_a_stable_connection() {
        let mut backoff = Backoff::new(Pace::default());
        let waits: Vec<u64> = (0..8).map(|_| backoff.next(None, 1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        let short = Some(Duration::from_secs(29));
        assert_eq!(backoff.next(short, 1.0).as_secs(), 60, "a short success changes nothing");
        assert_eq!(backoff.next(Some(Duration::from_secs(30)), 1.0).as_secs(), 1);
    }

    #[test]
    fn chance_spreads_the_wait_from_nothing_to_its_limit() {
        let mut backoff = Backoff::new(Pace::default());
        assert_eq!(backoff.next(None, 0.0), Duration::ZERO);
        assert_eq!(backoff.next(None, 0.5), Duration::from_secs(1));
        for _ in 0..100 {
            assert!(backoff.next(None, 1.0) <= Pace::default().most);
        }
    }
}
