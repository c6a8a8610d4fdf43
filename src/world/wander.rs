//! A value that wanders about its mean: what people and weather do between the patterns.

use rand::rngs::ChaCha8Rng;

use crate::base::Span;
use crate::base::random::{Seed, normal, stream};

/// An AR(1) process with mean 0 and standard deviation 1, the same for any length of step.
#[derive(Debug)]
pub struct Wander {
    rng: ChaCha8Rng,
    time_constant: Span,
    value: f64,
}

impl Wander {
    /// A process on its own stream of `seed`; `time_constant`: when memory has sunk to 1/e.
    pub fn new(seed: Seed, name: &str, time_constant: Span) -> Self {
        let mut rng = stream(seed, name);
        let value = normal(&mut rng);
        Self { rng, time_constant, value }
    }

    /// Goes one step on.
    pub fn advance(&mut self, step: Span) {
        let memory = libm::exp(-step.as_seconds() / self.time_constant.as_seconds());
        let fresh = libm::sqrt(1.0 - memory * memory);
        self.value = memory * self.value + fresh * normal(&mut self.rng);
    }

    /// The value now; two thirds of the time within ±1.
    pub fn value(&self) -> f64 {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_its_spread_and_its_memory() {
        let mut wander = Wander::new(Seed(1), "test", Span::minutes(30));
        let (mut squares, mut products, mut last) = (0.0, 0.0, wander.value());
        let count = 50_000;
        for _ in 0..count {
            wander.advance(Span::minutes(30));
            squares += wander.value() * wander.value();
            products += wander.value() * last;
            last = wander.value();
        }
        let (variance, memory) = (squares / f64::from(count), products / squares);
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
        assert!((memory - libm::exp(-1.0)).abs() < 0.03, "{memory}");
    }
}
