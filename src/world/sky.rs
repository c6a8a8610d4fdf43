//! The sun and the clouds before it, for whatever lives on a solar panel.

use std::f64::consts::TAU;

use super::treatment::source::season::{DAYS_PER_YEAR, day};
use crate::base::Stamp;
use crate::base::random::{Seed, normal, stream};
use crate::base::time::UtcOffset;

/// Day of the year on which day and night are equal, before summer `[M]`: 21 March.
const EQUINOX_DAY: f64 = 80.0;

/// The axis of the earth, ° `[M]`.
const TILT_DEG: f64 = 23.44;

/// What the sun has above the air, as a share of the 1,000 W/m² of a panel's rating `[M]`.
const ABOVE_AIR: f64 = 1.353;

/// What remains of a panel's rating for heat, age, cables and charging `[D]`.
const PANEL_SHARE: f64 = 0.75;

/// How much of a sunny day's light a day has, from the darkest to the brightest `[D]`.
const DARKEST: f64 = 0.15;

/// How much yesterday's clouds tell of today's `[D]`.
const STAYS: f64 = 0.7;

/// The sky above a plant.
#[derive(Debug, Clone)]
pub struct Sky {
    seed: Seed,
    offset: UtcOffset,
    /// The number of a day, and how clear it is.
    today: Option<(i64, f64)>,
}

impl Sky {
    /// The sky as `seed` draws it: each day from a stream of its own, whenever the run begins.
    pub fn new(seed: Seed, offset: UtcOffset) -> Self {
        Self { seed, offset, today: None }
    }

    /// What a clean panel that is tilted by its latitude gives at `now`, as a share of its rating.
    pub fn panel_share(&mut self, now: Stamp, latitude_deg: f64) -> f64 {
        let clear = clear_sun(now, self.offset, latitude_deg);
        if clear <= 0.0 {
            return 0.0;
        }
        let number = now.day_number(self.offset);
        let today = self.today.filter(|(known, _)| *known == number);
        let (_, clearness) = today.unwrap_or_else(|| (number, self.clearness(number)));
        self.today = Some((number, clearness));
        PANEL_SHARE * clear * clearness
    }

    /// How clear a day is, `DARKEST` to 1: half of the days are above 0.6.
    fn clearness(&self, number: i64) -> f64 {
        let draw = |day: i64| normal(&mut stream(self.seed, &format!("sky/{day}")));
        let sum = draw(number) + STAYS * draw(number - 1);
        let x = sum / libm::sqrt(1.0 + STAYS * STAYS);
        (0.6 + 0.35 * x).clamp(DARKEST, 1.0)
    }
}

/// What a cloudless sky gives on a panel tilted to the south by its latitude, as a share of
/// 1,000 W/m².
///
/// Direct light through the air: 1.353 · 0.7^(m^0.678) kW/m² at the air mass m (Meinel) `[M]`, and
/// the cosine of its angle to the panel. Clocks are taken for the sun's `[D]`.
fn clear_sun(now: Stamp, offset: UtcOffset, latitude_deg: f64) -> f64 {
    let declination =
        TILT_DEG.to_radians() * libm::sin(TAU * (day(now) - EQUINOX_DAY) / DAYS_PER_YEAR);
    let hour = (now.time_of_day(offset).as_hours() - 12.0) * TAU / 24.0;
    let latitude = latitude_deg.to_radians();
    let height = libm::sin(latitude) * libm::sin(declination)
        + libm::cos(latitude) * libm::cos(declination) * libm::cos(hour);
    let on_panel = libm::cos(declination) * libm::cos(hour);
    if height <= 0.0 || on_panel <= 0.0 {
        return 0.0;
    }
    ABOVE_AIR * libm::pow(0.7, libm::pow(1.0 / height, 0.678)) * on_panel
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    fn at(text: &str) -> Stamp {
        Stamp::parse(&format!("{text}:00+08:00")).expect("a time").0
    }

    /// Hours of full sun of a cloudless day.
    fn sun_hours(date: &str) -> f64 {
        let midnight = at(&format!("{date}T00:00"));
        let sun = |min| clear_sun(midnight + Span::minutes(min), UtcOffset::CHINA, 29.7);
        (0..1_440).map(sun).sum::<f64>() / 60.0
    }

    #[test]
    fn noon_is_bright_night_is_dark_and_winter_days_are_short() {
        let noon = clear_sun(at("2024-03-21T12:00"), UtcOffset::CHINA, 29.7);
        assert!((0.85..1.0).contains(&noon), "{noon}");
        assert_eq!(clear_sun(at("2024-06-21T22:00"), UtcOffset::CHINA, 29.7), 0.0);
        assert_eq!(clear_sun(at("2024-12-21T06:00"), UtcOffset::CHINA, 29.7), 0.0);
        let (winter, spring) = (sun_hours("2024-12-21"), sun_hours("2024-03-21"));
        assert!((4.5..6.0).contains(&winter) && spring > winter + 0.5, "{winter} {spring}");
    }

    #[test]
    fn days_differ_follow_each_other_and_do_not_hang_on_where_a_run_begins() {
        let sky = Sky::new(Seed(4), UtcOffset::CHINA);
        let days: Vec<f64> = (20_000..21_000).map(|day| sky.clearness(day)).collect();
        let mean = days.iter().sum::<f64>() / 1_000.0;
        assert!((0.55..0.65).contains(&mean), "{mean}");
        let dark = days.iter().filter(|clear| **clear < 0.3).count();
        assert!((120..280).contains(&dark), "{dark} dark days of a thousand");
        let pairs = days.windows(2).map(|two| (two[0] - mean) * (two[1] - mean)).sum::<f64>();
        let squares = days.iter().map(|day| (day - mean) * (day - mean)).sum::<f64>();
        assert!((0.3..0.6).contains(&(pairs / squares)), "{}", pairs / squares);
        let noon = at("2024-12-05T12:00");
        let mut late = Sky::new(Seed(4), UtcOffset::CHINA);
        let mut early = Sky::new(Seed(4), UtcOffset::CHINA);
        early.panel_share(noon - Span::DAY, 29.7);
        assert_eq!(late.panel_share(noon, 29.7), early.panel_share(noon, 29.7));
    }
}
