//! The year: warm and cold, wet (丰水期) and dry (枯水期).

use crate::base::Stamp;
use crate::plant::profile::SourceKind;
use crate::plant::train::Seasons;

/// Day of the year on which the water is warmest `[D]`: late July.
const WARMEST_DAY: f64 = 206.0;

/// Middle of the wet season, April to September `[D]`: early July.
const WETTEST_DAY: f64 = 183.0;

/// Length of the mean year.
pub const DAYS_PER_YEAR: f64 = 365.25;

/// Day of the mean year, 0 to 365.25; time began on a first of January.
pub fn day(now: Stamp) -> f64 {
    (now.as_ms() as f64 / 86_400_000.0).rem_euclid(DAYS_PER_YEAR)
}

/// Daily mean temperature of the water, °C.
///
/// A cosine between the coldest and the warmest day, damped by the ground `[D]`.
pub fn temperature_deg_c(seasons: Seasons, kind: SourceKind, now: Stamp) -> f64 {
    let mean = f64::midpoint(seasons.coldest_deg_c, seasons.warmest_deg_c);
    let swing = (seasons.warmest_deg_c - seasons.coldest_deg_c) / 2.0;
    let phase = std::f64::consts::TAU * (day(now) - WARMEST_DAY) / DAYS_PER_YEAR;
    mean + swing * ground(kind) * libm::cos(phase)
}

/// Daily mean temperature of the air, °C: that of a river's water, which nothing damps `[D]`.
pub fn air_deg_c(seasons: Seasons, now: Stamp) -> f64 {
    temperature_deg_c(seasons, SourceKind::River, now)
}

/// How far into the wet season it is: 0 in early January, 1 in early July.
pub fn wetness(now: Stamp) -> f64 {
    let phase = std::f64::consts::TAU * (day(now) - WETTEST_DAY) / DAYS_PER_YEAR;
    f64::midpoint(1.0, libm::cos(phase))
}

/// The share of the year's swing of temperature that a kind of source shows `[D]`.
fn ground(kind: SourceKind) -> f64 {
    match kind {
        SourceKind::River => 1.0,
        SourceKind::Reservoir => 0.8,
        SourceKind::Spring => 0.3,
        SourceKind::Well => 0.1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(date: &str) -> Stamp {
        let text = format!("{date}T12:00:00+08:00");
        Stamp::parse(&text).expect("a time").0
    }

    const SEASONS: Seasons = Seasons { coldest_deg_c: 6.0, warmest_deg_c: 28.0 };

    fn mean(kind: SourceKind, date: &str) -> f64 {
        temperature_deg_c(SEASONS, kind, on(date))
    }

    #[test]
    fn late_july_is_warmest_late_january_coldest_and_a_well_hardly_changes() {
        assert!((mean(SourceKind::River, "2024-07-25") - 28.0).abs() < 0.02);
        assert!((mean(SourceKind::River, "2025-01-23") - 6.0).abs() < 0.02);
        assert!((mean(SourceKind::Well, "2024-07-25") - 18.1).abs() < 0.02);
        assert!((mean(SourceKind::River, "2031-07-25") - 28.0).abs() < 0.05, "years later too");
    }

    #[test]
    fn july_is_wet_january_dry_april_between() {
        let wet = |date| wetness(on(date));
        assert!(wet("2024-07-02") > 0.999 && wet("2025-01-01") < 0.001);
        assert!((wet("2024-04-02") - 0.5).abs() < 0.02);
    }
}
