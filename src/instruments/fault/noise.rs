//! Noise (噪声增大): more than the instrument should have.

use rand::rngs::ChaCha8Rng;

use crate::base::random::normal;

/// A draw with standard deviation `spread`, in the quantity's unit.
pub fn draw(spread: f64, chance: &mut ChaCha8Rng) -> f64 {
    spread * normal(chance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Seed, stream};

    #[test]
    fn its_spread_is_what_was_asked_for() {
        let mut chance = stream(Seed(4), "noise");
        let squares: f64 = (0..10_000).map(|_| draw(0.05, &mut chance)).map(|x| x * x).sum();
        // the standard error of a standard deviation of 10,000 draws is 0.7 %
        assert!((libm::sqrt(squares / 10_000.0) - 0.05).abs() < 0.002);
    }
}
