//! The score of BATADAL, the battle of the attack detection algorithms `[S66]`: how soon, and how
//! cleanly.
//!
//! `S_TTD = 1 − mean(TTD / D)` over the events, where an event that is not found while it lasts
//! counts with its whole length `D`; `S_CLF = (TPR + TNR) / 2` over time; and
//! `S = γ · S_TTD + (1 − γ) · S_CLF`.

use crate::base::Span;

/// Weight of the time to detection; that of the contest `[S66]`.
pub const GAMMA: f64 = 0.5;

/// How soon events were found: for each the time to its first alert, none when there was none, and
/// how long it lasted. 1 is at once, 0 is never; none without events.
///
/// An event of no length is found at once or never.
pub fn time_score(events: &[(Option<Span>, Span)]) -> Option<f64> {
    let share = |(found, length): &(Option<Span>, Span)| match found {
        None => 1.0,
        Some(delay) if *length <= Span::ZERO => f64::from(u8::from(*delay > Span::ZERO)),
        Some(delay) => (delay.as_seconds() / length.as_seconds()).clamp(0.0, 1.0),
    };
    let sum: f64 = events.iter().map(share).sum();
    (!events.is_empty()).then(|| 1.0 - sum / events.len() as f64)
}

/// How time is told apart: share of the time with events in which there was an alert, share of the
/// time without in which there was none; none without both kinds of time.
pub fn class_score(
    true_positive_rate: Option<f64>,
    true_negative_rate: Option<f64>,
) -> Option<f64> {
    Some(f64::midpoint(true_positive_rate?, true_negative_rate?))
}

/// Both together.
pub fn score(time_score: Option<f64>, class_score: Option<f64>) -> Option<f64> {
    Some(GAMMA * time_score? + (1.0 - GAMMA) * class_score?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_worked_example() {
        // Seven attacks, hours to detection and hours of attack [S67]: 0.8389.
        let pairs = [(8, 69), (9, 64), (8, 30), (1, 30), (7, 99), (15, 79), (9, 29)];
        let events: Vec<_> =
            pairs.iter().map(|(ttd, d)| (Some(Span::hours(*ttd)), Span::hours(*d))).collect();
        let found = time_score(&events).expect("there are events");
        assert!((found - 0.8389).abs() < 5e-5, "{found}");
    }

    #[test]
    fn the_whole_is_the_mean_of_both_as_another_program_has_it() {
        // From a report of ipal_evaluate [S66].
        let found = score(Some(0.9937578027465668), Some(0.9478758405312051));
        assert!((found.expect("both are known") - 0.9708168216388859).abs() < 1e-15);
        assert_eq!(score(Some(0.0), Some(0.5)), Some(0.25), "from another one: nothing was found");
    }

    #[test]
    fn what_is_never_found_or_too_late_counts_with_its_whole_length() {
        let hour = Span::HOUR;
        assert_eq!(time_score(&[(None, hour)]), Some(0.0));
        assert_eq!(time_score(&[(Some(hour + hour), hour)]), Some(0.0));
        assert_eq!(time_score(&[(Some(Span::ZERO), hour), (None, hour)]), Some(0.5));
        assert_eq!(time_score(&[(Some(Span::ZERO), Span::ZERO)]), Some(1.0));
        assert_eq!(time_score(&[]), None);
        assert_eq!(class_score(Some(1.0), None), None);
    }
}
