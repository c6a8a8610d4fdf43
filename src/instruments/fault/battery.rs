//! Battery (电池欠压): readings get rarer, then there are none.

use crate::base::Span;

/// The share of readings lost `since` the battery began to run down: none at first, all after
/// `lasts`, in proportion between.
pub fn share_lost(lasts: Span, since: Span) -> f64 {
    (since.as_seconds() / lasts.as_seconds()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_time_half_the_readings() {
        let lost = [0, 24, 48, 90].map(|h| share_lost(Span::hours(48), Span::hours(h)));
        assert_eq!(lost, [0.0, 0.5, 1.0, 1.0]);
    }
}
