//! Spikes (尖峰) and bubbles (气泡): single readings jump, both ways or upward only.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// By how much this reading jumps: nothing, unless it is one of the `share`; then evenly drawn
/// from 0 to `up_to`, in the quantity's unit. Every reading takes two draws.
pub fn bubble(share: f64, up_to: f64, chance: &mut ChaCha8Rng) -> f64 {
    let is_hit = chance.random::<f64>() < share;
    let height: f64 = chance.random();
    if is_hit { up_to * height } else { 0.0 }
}

/// The same, up or down alike. Every reading takes two draws.
pub fn spike(share: f64, up_to: f64, chance: &mut ChaCha8Rng) -> f64 {
    let is_hit = chance.random::<f64>() < share;
    let height: f64 = chance.random();
    if is_hit { up_to * (2.0 * height - 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Seed, stream};

    #[test]
    fn the_stated_share_jumps_and_bubbles_only_up() {
        let mut chance = stream(Seed(6), "bubbles");
        let jumps: Vec<f64> = (0..10_000).map(|_| bubble(0.05, 2.0, &mut chance)).collect();
        let hit = jumps.iter().filter(|jump| **jump > 0.0).count();
        // 500 expected; the standard deviation is √(10,000 · 0.05 · 0.95) = 22
        assert!(hit.abs_diff(500) < 90, "{hit}");
        assert!(jumps.iter().all(|jump| (0.0..2.0).contains(jump)));
        let mean = jumps.iter().sum::<f64>() / hit as f64;
        assert!((mean - 1.0).abs() < 0.1, "evenly drawn from 0 to 2: {mean}");
    }

    #[test]
    fn spikes_go_both_ways() {
        let mut chance = stream(Seed(6), "spikes");
        let jumps: Vec<f64> = (0..2_000).map(|_| spike(1.0, 3.0, &mut chance)).collect();
        let up = jumps.iter().filter(|jump| **jump > 0.0).count();
        assert!(up.abs_diff(1_000) < 120, "{up}");
        assert!(jumps.iter().all(|jump| jump.abs() <= 3.0));
    }
}
