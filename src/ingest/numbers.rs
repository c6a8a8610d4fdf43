//! Which messages of a kind that counts for itself have come: each is taken once, in any order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ingest::sequence::Standing;

/// Numbers remembered beyond a missing one; what is missing longer than that is given up.
const AHEAD_MAX: usize = 256;

/// Numbers of one boot that have come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Numbers {
    boot_id: u64,
    /// All below have come, or have been given up.
    next: u64,
    /// What has come beyond it.
    ahead: BTreeSet<u64>,
}

impl Numbers {
    /// Takes a number; says whether it is new. A newer boot begins anew.
    pub fn take(&mut self, boot_id: u64, seq: u64) -> Standing {
        if boot_id < self.boot_id {
            return Standing::OldBoot;
        }
        if boot_id > self.boot_id {
            *self = Self { boot_id, ..Self::default() };
        }
        if seq < self.next || !self.ahead.insert(seq) {
            return Standing::Duplicate;
        }
        if self.ahead.len() > AHEAD_MAX {
            self.next = self.ahead.first().copied().unwrap_or(self.next);
        }
        while self.ahead.remove(&self.next) {
            self.next += 1;
        }
        Standing::New
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_new_once_in_any_order_and_an_old_boot_never() {
        let mut numbers = Numbers::default();
        let mut take = |boot_id, seq| numbers.take(boot_id, seq);
        assert_eq!(take(1, 0), Standing::New);
        assert_eq!(take(1, 2), Standing::New);
        assert_eq!(take(1, 1), Standing::New, "it was overtaken");
        for seq in 0..3 {
            assert_eq!(take(1, seq), Standing::Duplicate);
        }
        assert_eq!(take(2, 0), Standing::New);
        assert_eq!(take(1, 3), Standing::OldBoot);
        assert_eq!(take(2, 0), Standing::Duplicate);
    }

    #[test]
    fn memory_is_bounded_whatever_numbers_come() {
        let mut numbers = Numbers::default();
        for seq in 0..10_000 {
            assert_eq!(numbers.take(1, 7 + 3 * seq), Standing::New);
        }
        assert!(numbers.ahead.len() <= AHEAD_MAX);
        assert_eq!(numbers.take(1, 8), Standing::Duplicate, "given up long ago");
        assert_eq!(numbers.take(1, u64::MAX - 1), Standing::New);
    }

    proptest! {
        #[test]
        fn each_of_a_hundred_is_taken_once(
            order in Just((0..100_u64).collect::<Vec<_>>()).prop_shuffle(),
            again in prop::collection::vec(0..100_u64, 0..50),
        ) {
            let mut numbers = Numbers::default();
            let all = order.iter().chain(&again);
            let new = all.filter(|seq| numbers.take(1, **seq) == Standing::New).count();
            prop_assert_eq!(new, 100);
            prop_assert!(numbers.ahead.is_empty());
        }
    }
}
