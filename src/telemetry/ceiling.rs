//! A ceiling on messages a second: a bucket that fills slowly, and a token for each message.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Tokens for messages. Time is counted from any moment that its owner keeps to.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    per_s: f64,
    tokens: f64,
    filled_at: Duration,
}

impl Bucket {
    /// Lets `per_s` messages through in a second, and as many at once after a pause, at least one.
    pub fn new(per_s: f64) -> Self {
        Self { per_s, tokens: per_s.max(1.0), filled_at: Duration::ZERO }
    }

    /// Takes a token at `now`. Errors: there is none; in so long there will be.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let passed = now.saturating_sub(self.filled_at).as_secs_f64();
        self.filled_at = self.filled_at.max(now);
        self.tokens = (self.tokens + passed * self.per_s).min(self.per_s.max(1.0));
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        // A millisecond more, so that rounding never asks again in vain.
        let left = Duration::from_secs_f64((1.0 - self.tokens) / self.per_s);
        Err(left + Duration::from_millis(1))
    }
}

/// A bucket that several publishers draw from; cheap to clone.
#[derive(Debug, Clone)]
pub struct Ceiling {
    per_s: f64,
    bucket: Arc<Mutex<Bucket>>,
    since: Instant,
}

impl Ceiling {
    /// As `Bucket::new`; time is counted from now on.
    pub fn new(per_s: f64) -> Self {
        let bucket = Arc::new(Mutex::new(Bucket::new(per_s)));
        Self { per_s, bucket, since: Instant::now() }
    }

    /// Messages a second.
    pub fn per_s(&self) -> f64 {
        self.per_s
    }

    /// Takes a token. Errors: when to ask again.
    pub fn take(&self) -> Result<(), Instant> {
        let now = self.since.elapsed();
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.take(now).map_err(|wait| self.since + now + wait)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_second_of_messages_goes_at_once_and_the_rest_at_its_rate() {
        let mut bucket = Bucket::new(20.0);
        let mut now = Duration::from_secs(7);
        for _ in 0..20 {
            assert_eq!(bucket.take(now), Ok(()));
        }
        let wait = bucket.take(now).expect_err("none left");
        assert_eq!(wait.as_millis(), 51);
        now += wait;
        assert_eq!(bucket.take(now), Ok(()));
        assert!(bucket.take(now).is_err());
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_and_one_second_of_it(
            per_s in 0.1..50.0,
            steps in prop::collection::vec(0_u64..2_000, 1..300),
        ) {
            let mut bucket = Bucket::new(per_s);
            let (mut now, mut taken) = (Duration::ZERO, 0_u32);
            for step in steps {
                now += Duration::from_millis(step);
                while bucket.take(now).is_ok() {
                    taken += 1;
                }
            }
            let most = per_s * now.as_secs_f64() + per_s.max(1.0);
            prop_assert!(f64::from(taken) <= most + 1e-6);
            prop_assert!(f64::from(taken) + 1.0 >= most.min(per_s.max(1.0)));
        }
    }
}
