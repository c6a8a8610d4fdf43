//! The score of the Numenta Anomaly Benchmark `[S68]`: early is better, false is worse, and by how
//! much is a profile's business.
//!
//! Time is cut into rows. In each window the earliest detection counts, by a sigmoid of where it
//! lies; a window without one costs; and so does each detection outside, the less the closer behind
//! a window.

/// What a benchmark's user cares for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// As NAB calls it.
    pub name: &'static str,
    /// For a window that is found at its first row.
    pub hit: f64,
    /// For a window that is not found.
    pub miss: f64,
    /// For a detection far from any window.
    pub false_alarm: f64,
}

/// NAB's profiles, with the weights of its file `config/profiles.json` `[S68]`.
pub const PROFILES: [Profile; 3] = [
    Profile { name: "standard", hit: 1.0, miss: 1.0, false_alarm: 0.11 },
    Profile { name: "reward_low_FP_rate", hit: 1.0, miss: 1.0, false_alarm: 0.22 },
    Profile { name: "reward_low_FN_rate", hit: 1.0, miss: 2.0, false_alarm: 0.11 },
];

/// From this many lengths behind a window on, a detection is as false as one can be.
const FAR: f64 = 3.0;

/// What a detection is worth at a position: −1 is the first row of a window, 0 just behind its
/// last, 1 one length behind it.
pub fn sigmoid(position: f64) -> f64 {
    if position >= FAR { -1.0 } else { 2.0 / (1.0 + libm::exp(5.0 * position)) - 1.0 }
}

/// A window: its first and last row.
pub type Window = (i64, i64);

/// The score of one series. `windows`: sorted, apart from each other; `detections`: rows.
///
/// A window of one row has no length to count in behind it: there a row is a length, where NAB's
/// own program divides by nothing.
pub fn raw(profile: &Profile, windows: &[Window], detections: &[i64]) -> f64 {
    let best = sigmoid(-1.0);
    let mut found: Vec<Option<f64>> = vec![None; windows.len()];
    let mut score = 0.0;
    for row in detections {
        let behind = windows.partition_point(|(first, _)| first <= row);
        let before = behind.checked_sub(1).and_then(|at| Some((at, *windows.get(at)?)));
        match before {
            Some((at, (first, last))) if *row <= last => {
                let width = (last - first + 1) as f64;
                let worth = sigmoid(-((last - row + 1) as f64) / width) / best * profile.hit;
                if let Some(found) = found.get_mut(at) {
                    *found = Some(found.map_or(worth, |known: f64| known.max(worth)));
                }
            }
            Some((_, (first, last))) => {
                let length = (last - first).max(1) as f64;
                score += sigmoid((row - last) as f64 / length) * profile.false_alarm;
            }
            None => score -= profile.false_alarm,
        }
    }
    score + found.iter().map(|worth| worth.unwrap_or(-profile.miss)).sum::<f64>()
}

/// A score on the scale on which a detector that never says anything has 0 and one that finds every
/// window at once and nothing else has 100; below 0 is worse than silence. None without windows.
pub fn normalised(profile: &Profile, raw: f64, windows: usize) -> Option<f64> {
    let count = windows as f64;
    let (null, perfect) = (-profile.miss * count, profile.hit * count);
    (windows > 0).then(|| 100.0 * (raw - null) / (perfect - null))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weights of NAB's own tests.
    const ONES: Profile = Profile { name: "ones", hit: 1.0, miss: 1.0, false_alarm: 1.0 };

    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 5e-5, "{found}, not {wanted}");
    }

    #[test]
    fn the_sigmoid_is_as_nab_describes_it() {
        // Doc comment of scaledSigmoid, nab/sweeper.py.
        close(sigmoid(-1.0), 0.98661);
        close(sigmoid(-0.5), 0.84828);
        assert_eq!(sigmoid(0.0), 0.0);
        close(sigmoid(1.0), -0.98661);
        assert_eq!(sigmoid(3.0), -1.0);
    }

    #[test]
    fn an_example_with_everything_in_it() {
        // scorer_test.py, testScoringAllMetrics: 100 rows, two windows of five: rows 30 to 34 and
        // 65 to 69; detections at the first window's first and second row and three behind it.
        close(raw(&ONES, &[(30, 34), (65, 69)], &[30, 31, 37]), -0.9540);
    }

    #[test]
    fn hits_misses_and_false_alarms_alone() {
        // true_positive_test.py, false_positive_test.py, false_negative_test.py, scorer_test.py.
        assert_eq!(raw(&ONES, &[(4, 5)], &[4]), 1.0, "at the first row of a window");
        assert_eq!(raw(&ONES, &[(4, 6)], &[4]), 1.0, "however long it is");
        assert_eq!(raw(&ONES, &[(4, 5)], &[4, 5]), 1.0, "only the first counts");
        assert!(raw(&ONES, &[(4, 5)], &[4]) > raw(&ONES, &[(4, 5)], &[5]));
        assert_eq!(raw(&ONES, &[], &[0]), -1.0, "a false alarm where there is no window");
        let four = [(392, 401), (794, 803), (1196, 1205), (1598, 1607)];
        assert_eq!(raw(&ONES, &four, &[]), -4.0);
        assert_eq!(raw(&ONES, &[], &[]), 0.0);
        let window = [(495, 504)];
        assert!(raw(&ONES, &window, &[0, 1]) < raw(&ONES, &window, &[0]));
        assert!(raw(&ONES, &[(4, 5)], &[6]) > raw(&ONES, &[(4, 5)], &[7]));
    }

    #[test]
    fn at_a_windows_end_a_hit_and_a_false_alarm_cancel_out() {
        // true_positive_test.py, testTruePositiveAtRightEdgeOfWindow, to three places.
        let window = [(450, 549)];
        let both = raw(&ONES, &window, &[549]) + raw(&ONES, &window, &[550]);
        assert!((both + 1.0).abs() < 5e-4, "{both}");
    }

    #[test]
    fn profiles_weigh_misses_and_false_alarms() {
        // scorer_test.py, testRewardLowFalseNegatives and testRewardLowFalsePositives.
        let [standard, low_false, low_miss] = &PROFILES;
        assert_eq!(raw(standard, &[(45, 54)], &[]), 0.5 * raw(low_miss, &[(45, 54)], &[]));
        assert_eq!(raw(standard, &[], &[0]), 0.5 * raw(low_false, &[], &[0]));
    }

    #[test]
    fn silence_is_0_and_perfection_is_100() {
        for profile in &PROFILES {
            let windows = [(10, 19), (50, 59)];
            let scale = |detections: &[i64]| {
                normalised(profile, raw(profile, &windows, detections), 2).expect("two windows")
            };
            assert_eq!(scale(&[]), 0.0);
            assert_eq!(scale(&[10, 50]), 100.0);
            assert!(scale(&[0, 1, 2]) < 0.0);
        }
        assert_eq!(normalised(&ONES, -1.0, 0), None);
    }

    #[test]
    fn behind_a_window_of_one_row_a_row_is_a_length() {
        close(raw(&ONES, &[(5, 5)], &[5, 6]), 1.0 - 0.98661);
    }
}
