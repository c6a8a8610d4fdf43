//! Chance: every draw comes from a named stream of the scenario's seed.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// The seed of a run; printed at start and at every failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed(pub u64);

/// One stream per use, such as `"instrument/AIT-201/noise"`; a new one changes no other.
pub fn stream(seed: Seed, name: &str) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed.0);
    rng.set_stream(fnv1a_64(name.as_bytes()));
    rng
}

/// A draw from the standard normal distribution (Box–Muller; `libm`, so equal on every machine).
pub fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let u: f64 = 1.0 - rng.random::<f64>(); // (0, 1]: the logarithm stays finite
    let v: f64 = rng.random();
    libm::sqrt(-2.0 * libm::log(u)) * libm::cos(std::f64::consts::TAU * v)
}

/// A draw from the Poisson distribution with this mean, which is finite: one random number for each
/// unit of it.
pub fn poisson(mean: f64, rng: &mut ChaCha8Rng) -> usize {
    // Knuth: how many factors until the product falls below e^-mean; in parts, for exp not to
    // vanish.
    let (mut count, mut left) = (0, mean);
    while left > 0.0 {
        let part = left.min(20.0);
        let floor = libm::exp(-part);
        let mut product: f64 = rng.random();
        while product > floor {
            count += 1;
            product *= rng.random::<f64>();
        }
        left -= part;
    }
    count
}

/// The 64-bit FNV-1a hash.
pub fn fnv1a_64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_do_not_touch_each_other() {
        let draw = |seed, name| stream(Seed(seed), name).random::<u64>();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
    }

    #[test]
    fn normal_draws_have_mean_zero_and_variance_one() {
        let mut rng = stream(Seed(7), "normal");
        let draws: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.04, "variance {variance}");
    }

    #[test]
    fn poisson_draws_have_their_mean_and_variance() {
        let mut rng = stream(Seed(5), "poisson");
        for mean in [0.3, 4.0, 50.0] {
            let draws: Vec<f64> = (0..4_000).map(|_| poisson(mean, &mut rng) as f64).collect();
            let found = draws.iter().sum::<f64>() / 4_000.0;
            let variance = draws.iter().map(|x| (x - found) * (x - found)).sum::<f64>() / 4_000.0;
            assert!((found / mean - 1.0).abs() < 0.1, "{found} of {mean}");
            assert!((variance / mean - 1.0).abs() < 0.15, "{variance} of {mean}");
        }
        assert_eq!(poisson(0.0, &mut rng), 0);
    }

    #[test]
    fn fnv_gives_its_published_values() {
        assert_eq!(fnv1a_64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a_64(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
