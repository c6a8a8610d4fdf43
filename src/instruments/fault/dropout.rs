//! Dropout (掉线): readings get lost on the way to the gateway, at random.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// Does this reading get lost? `share` of them do: 0 none, 1 all.
pub fn loses(share: f64, chance: &mut ChaCha8Rng) -> bool {
    chance.random::<f64>() < share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Seed, stream};

    fn lost_of_10_000(share: f64) -> usize {
        let mut chance = stream(Seed(5), "dropout");
        (0..10_000).filter(|_| loses(share, &mut chance)).count()
    }

    #[test]
    fn the_stated_share_is_lost() {
        assert_eq!(lost_of_10_000(0.0), 0);
        assert_eq!(lost_of_10_000(1.0), 10_000);
        // 3,000 expected; the standard deviation is √(10,000 · 0.3 · 0.7) = 46.
        assert!(lost_of_10_000(0.3).abs_diff(3_000) < 200, "{}", lost_of_10_000(0.3));
    }
}
