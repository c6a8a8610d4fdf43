//! What an instrument has shown, in as few points as a picture has columns.

use serde::Serialize;

use crate::base::analyte::Sign;
use crate::base::ids::SampleId;
use crate::base::{Flag, PlantId, Stamp};
use crate::desk::catalogue::TagCard;
use crate::desk::past::Chronicle;
use crate::ledger::store::Reading;

/// Most points that anybody gets.
pub const POINTS_MAX: usize = 4_000;

/// A point of a curve: when (ms since 1970), what, and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point(i64, Option<f64>, Flag);

/// What an instrument has shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    /// How many readings there were.
    pub readings: usize,
    /// Are these the readings themselves, or the extremes of columns?
    pub thinned: bool,
    /// By time.
    pub points: Vec<Point>,
    /// What a laboratory found in samples that were taken beside the instrument.
    pub samples: Vec<Sample>,
}

/// What a laboratory found: when the sample was taken (ms since 1970), its value, how that stands
/// to what was in the sample, and the sample's name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample(i64, f64, Sign, SampleId);

/// Samples taken beside an instrument, in the order in which their results came.
pub fn samples(
    chronicle: &Chronicle,
    plant: &PlantId,
    card: &TagCard,
    (from, to): (Stamp, Stamp),
) -> Vec<Sample> {
    let results = chronicle.results(plant, to).map(|event| &event.result);
    let beside = results.filter(|it| card.sites.contains(&it.site));
    let same = beside.filter(|it| Some(it.analyte) == card.analyte && it.taken_at >= from);
    same.map(|it| Sample(it.taken_at.as_ms(), it.value, it.sign, it.sample.clone())).collect()
}

fn point(reading: &Reading) -> Point {
    let value = reading.value.filter(|value| value.is_finite());
    Point(reading.observed_at.as_ms(), value, reading.flag)
}

/// Readings between `from` and `to`, by time, in at most `max` points. When there are more, time is
/// cut into columns, and each keeps its lowest, its highest, and a reading that cannot be trusted:
/// no peak, gap or doubt vanishes.
pub fn thin(readings: &[Reading], (from, to): (Stamp, Stamp), max: usize) -> History {
    let max = max.clamp(8, POINTS_MAX);
    let count = readings.len();
    if count <= max {
        let points = readings.iter().map(point).collect();
        return History { readings: count, thinned: false, points, samples: Vec::new() };
    }
    let columns = (max / 3) as i64;
    let width = ((to - from).as_ms() / columns).max(1);
    let column =
        |reading: &Reading| ((reading.observed_at - from).as_ms() / width).clamp(0, columns - 1);
    let mut points = Vec::with_capacity(max);
    for readings in readings.chunk_by(|a, b| column(a) == column(b)) {
        let valued = || readings.iter().enumerate().filter_map(|(n, it)| Some((n, it.value?)));
        let lowest = valued().min_by(|a, b| a.1.total_cmp(&b.1)).map(|it| it.0);
        let highest = valued().max_by(|a, b| a.1.total_cmp(&b.1)).map(|it| it.0);
        let doubtful = readings.iter().position(|it| it.value.is_none());
        let doubtful = doubtful.or(readings.iter().position(|it| !it.flag.is_usable()));
        let mut kept: Vec<usize> = [lowest, highest, doubtful].into_iter().flatten().collect();
        kept.sort_unstable();
        kept.dedup();
        points.extend(kept.into_iter().filter_map(|n| readings.get(n)).map(point));
    }
    History { readings: count, thinned: true, points, samples: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("in range")
    }

    fn reading(s: i64, value: Option<f64>, flag: Flag) -> Reading {
        Reading { observed_at: at(s), received_at: at(s), value, flag }
    }

    #[test]
    fn few_readings_stay_as_they_are() {
        let readings = [reading(1, Some(2.0), Flag::Good), reading(2, None, Flag::Missing)];
        let history = thin(&readings, (at(0), at(10)), 100);
        assert!(!history.thinned);
        let missing = Point(2_000, None, Flag::Missing);
        assert_eq!(history.points, [Point(1_000, Some(2.0), Flag::Good), missing]);
    }

    #[test]
    fn of_many_readings_every_peak_and_every_gap_stays() {
        let one = |s: i64| match s {
            4_321 => reading(s, Some(99.0), Flag::Good),
            5_555 => reading(s, Some(-3.0), Flag::Suspect),
            7_000 => reading(s, None, Flag::Missing),
            s => reading(s, Some(f64::from(s as i32 % 7)), Flag::Good),
        };
        let readings: Vec<Reading> = (0..10_000).map(one).collect();
        let history = thin(&readings, (at(0), at(10_000)), 300);
        assert!(history.thinned && history.points.len() <= 300, "{}", history.points.len());
        assert_eq!(history.readings, 10_000);
        for kept in [4_321, 5_555, 7_000].map(|s| s * 1_000) {
            assert!(history.points.iter().any(|point| point.0 == kept), "{kept}");
        }
        assert!(history.points.is_sorted_by_key(|point| point.0));
    }
}
