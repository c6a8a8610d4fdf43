//! Weather drawn for long runs: the storms of some years.

use rand::RngExt;

use super::course::Course;
use super::season::{DAYS_PER_YEAR, day};
use crate::base::random::{Seed, normal, stream};
use crate::base::{Span, Stamp};
use crate::plant::profile::SourceKind;

/// Storms a month, January to December, that make a mountain stream turbid `[D]`: the plum rains
/// (梅雨) of June and July, dry winters.
const STORMS_A_MONTH: [f64; 12] = [0.3, 0.5, 1.0, 2.0, 3.0, 4.0, 4.0, 2.5, 1.5, 1.0, 0.5, 0.3];

/// Median peak of a storm in a river, NTU, and the spread of its logarithm `[D]`, within what
/// storms bring `[S39a]`.
const PEAK_NTU: f64 = 120.0;
const PEAK_SPREAD: f64 = 0.9;
const PEAK_NTU_MOST: f64 = 3_000.0;

/// A drawn storm: its course and its peak in a river, NTU.
pub type Storm = (Course, f64);

/// The storms from `from` on for `days` days: each day has one with the month's chance.
pub fn storms(seed: Seed, from: Stamp, days: u32) -> Vec<Storm> {
    let mut rng = stream(seed, "source/weather");
    let mut storms = Vec::new();
    for number in 0..days {
        // Every day takes the same number of draws, so that no storm moves the next.
        let [chance, hour, rise, recession] = std::array::from_fn(|_| rng.random::<f64>());
        let peak = PEAK_NTU * libm::exp(PEAK_SPREAD * normal(&mut rng));
        let today = from + Span::DAY * i64::from(number);
        if chance < STORMS_A_MONTH[month(today)] / 30.4 {
            let course = Course {
                from: today + Span::from_seconds_f64(hour * 86_400.0),
                until: None,
                rise_h: 1.0 + 2.0 * rise,
                recession_h: 8.0 + 24.0 * recession,
            };
            storms.push((course, peak.min(PEAK_NTU_MOST)));
        }
    }
    storms
}

/// Share of a river's storm that another source shows `[D]`: reservoirs settle, springs and wells
/// filter.
pub fn shown(kind: SourceKind) -> f64 {
    match kind {
        SourceKind::River => 1.0,
        SourceKind::Reservoir => 0.25,
        SourceKind::Spring => 0.4,
        SourceKind::Well => 0.02,
    }
}

/// Twelfth of the year, 0 for January.
fn month(now: Stamp) -> usize {
    let month = (12.0 * day(now) / DAYS_PER_YEAR) as usize;
    month.min(STORMS_A_MONTH.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Stamp {
        Stamp::parse("2025-01-01T00:00:00+08:00").expect("a time").0
    }

    #[test]
    fn ten_years_have_their_number_of_storms_and_most_of_them_in_summer() {
        let storms = storms(Seed(5), start(), 3_652);
        // 20.6 a year; the standard deviation of 206 is 14
        assert!(storms.len().abs_diff(206) < 45, "{}", storms.len());
        let is_wet = |(course, _): &&Storm| (3..9).contains(&month(course.from));
        let wet = storms.iter().filter(is_wet).count();
        assert!(wet * 10 > storms.len() * 7, "{wet} of {}", storms.len());
        let mut peaks: Vec<f64> = storms.iter().map(|(_, peak)| *peak).collect();
        peaks.sort_by(f64::total_cmp);
        assert!((80.0..180.0).contains(&peaks[peaks.len() / 2]), "{}", peaks[peaks.len() / 2]);
        assert!(peaks.last().is_some_and(|most| (500.0..=3_000.0).contains(most)));
    }

    #[test]
    fn a_longer_run_has_the_same_storms_at_first() {
        let short = storms(Seed(7), start(), 200);
        let long = storms(Seed(7), start(), 400);
        assert!(!short.is_empty() && long.starts_with(&short));
        assert_ne!(short, storms(Seed(8), start(), 200));
    }
}
