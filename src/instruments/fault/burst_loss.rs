//! Rows of losses (成段丢数): a good and a bad state follow each other (Gilbert's channel).

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// Is the next reading lost, when the one before was (`was_lost`)? Takes one draw.
///
/// * `share`: of all readings, 0 to 0.5. `mean`: length of a row of losses, readings, at least 1.
/// * Source: E. N. Gilbert, Capacity of a burst-noise channel, 1960: a row ends with probability
///   1/mean; one begins with probability share / (mean · (1 − share)), which balances the two.
pub fn loses(share: f64, mean: f64, was_lost: bool, chance: &mut ChaCha8Rng) -> bool {
    let draw: f64 = chance.random();
    if was_lost { draw >= 1.0 / mean } else { draw < share / (mean * (1.0 - share)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Seed, stream};

    #[test]
    fn the_stated_share_is_lost_in_rows_of_the_stated_length() {
        let mut chance = stream(Seed(8), "burst-loss");
        let (mut lost, mut rows, mut was_lost) = (0_u32, 0_u32, false);
        for _ in 0..100_000 {
            let now = loses(0.2, 10.0, was_lost, &mut chance);
            lost += u32::from(now);
            rows += u32::from(now && !was_lost);
            was_lost = now;
        }
        assert!((f64::from(lost) / 100_000.0 - 0.2).abs() < 0.02, "{lost}");
        assert!((f64::from(lost) / f64::from(rows) - 10.0).abs() < 1.0, "{rows}");
    }
}
