//! Whether a truth can be trusted: was it solved, and is all its water accounted for?

use std::fmt;

/// Most that numerical error may gain or lose, as a share of what was handled.
pub const NUMERICAL_SHARE_MAX: f64 = 1e-4;

/// What went wrong in the numbers of a world since its start; all zero in a perfect one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Soundness {
    /// Times the solver found nothing and the last solution had to do, the run-in included.
    pub unsolved: u64,
    /// Parts of steps after which some species was not accounted for.
    pub unclosed: u64,
    /// The largest `Account::numerical_share` of any species.
    pub numerical_share: f64,
}

impl Soundness {
    /// Was every step solved, and is everything accounted for?
    pub fn is_sound(&self) -> bool {
        // written so that a not-a-number is not sound
        self.unsolved == 0 && self.unclosed == 0 && self.numerical_share <= NUMERICAL_SHARE_MAX
    }
}

/// What is wrong, for a person.
impl fmt::Display for Soundness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} steps without pressures, {} in which water was not accounted for, numerical error \
             {:.1e}",
            self.unsolved, self.unclosed, self.numerical_share
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_flaw_is_enough() {
        let sound = Soundness { numerical_share: 1e-6, ..Soundness::default() };
        assert!(sound.is_sound());
        assert!(!Soundness { unsolved: 1, ..sound }.is_sound());
        assert!(!Soundness { unclosed: 1, ..sound }.is_sound());
        assert!(!Soundness { numerical_share: 2e-4, ..sound }.is_sound());
        assert!(!Soundness { numerical_share: f64::NAN, ..sound }.is_sound());
    }
}
