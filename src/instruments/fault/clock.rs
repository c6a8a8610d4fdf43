//! Clock (时钟漂移): the time stamps of an instrument run away.

use crate::base::Span;

/// How far a clock that gains `per_day` is ahead, `since` it was right.
pub fn gained(per_day: Span, since: Span) -> Span {
    Span::from_seconds_f64(per_day.as_seconds() * since.as_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_gains_a_minute_a_day_is_half_a_minute_ahead_at_noon() {
        assert_eq!(gained(Span::MINUTE, Span::hours(12)), Span::seconds(30));
        assert_eq!(gained(Span::seconds(-8), Span::DAY * 3), Span::seconds(-24));
    }
}
