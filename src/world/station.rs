//! Remote stations: their batteries fill by day and empty by night.

use super::situation::StationState;
use super::sky::Sky;
use super::truth::StationTruth;
use crate::base::random::Seed;
use crate::base::{Span, Stamp};
use crate::plant::Plant;
use crate::plant::station::Station;

/// What a battery holds when a plant is first looked at, two days before the start `[D]`.
const FIRST_CHARGE: f64 = 0.8;

/// What the charger takes with its load cut off, as a share of the load `[D]`.
const STANDBY: f64 = 0.02;

/// The stations of a plant.
#[derive(Debug, Clone)]
pub struct Stations {
    sky: Sky,
    list: Vec<Station>,
    /// Wh, one per station.
    charge: Vec<f64>,
    truths: Vec<StationTruth>,
}

impl Stations {
    /// The stations of `plant` under the sky of `seed`.
    pub fn new(plant: &Plant, seed: Seed) -> Self {
        let first = StationTruth { is_on: true, volts: Station::voltage(FIRST_CHARGE, 0.0) };
        Self {
            sky: Sky::new(seed, plant.profile.utc_offset),
            charge: plant.stations.iter().map(|own| own.battery_wh * FIRST_CHARGE).collect(),
            truths: vec![first; plant.stations.len()],
            list: plant.stations.clone(),
        }
    }

    /// Goes on by `span` from `now` on, in the state that `states` says: one per station.
    pub fn advance(&mut self, now: Stamp, span: Span, states: &[StationState]) {
        for (at, station) in self.list.iter().enumerate() {
            let (state, truth) = (states[at], &mut self.truths[at]);
            let capacity = station.battery_wh * state.battery_share;
            let sun = self.sky.panel_share(now, station.latitude_deg) * state.sun_share;
            let panel_w = station.panel_w * sun * state.panel_share;
            let load_w = station.load_w * if truth.is_on { 1.0 } else { STANDBY };
            let gained = (panel_w - load_w) * span.as_hours();
            self.charge[at] = (self.charge[at] + gained).clamp(0.0, capacity);
            let share = self.charge[at] / capacity;
            truth.is_on = if truth.is_on {
                share >= station.off_below_share
            } else {
                share >= station.on_above_share
            };
            let charging = (panel_w - load_w) / station.panel_w.max(f64::MIN_POSITIVE);
            truth.volts = Station::voltage(share, charging);
        }
    }

    /// How they are: one per station.
    pub fn truths(&self) -> &[StationTruth] {
        &self.truths
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Text;
    use crate::base::ids::StationId;
    use crate::plant::sample;

    fn start() -> Stamp {
        Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time").0
    }

    fn plant() -> Plant {
        let title = Text { en: "Far".to_owned(), zh: "远".to_owned() };
        let station = Station {
            id: StationId::new("far").expect("an id"),
            title,
            battery_wh: 100.0,
            load_w: 5.0,
            panel_w: 100.0,
            off_below_share: 0.2,
            on_above_share: 0.35,
            latitude_deg: 30.0,
        };
        Plant { stations: vec![station], ..sample::plant() }
    }

    /// The hours of so many days, counted from midnight, in which the station is off.
    fn off_hours(days: i64, state: StationState) -> Vec<i64> {
        let mut stations = Stations::new(&plant(), Seed(1));
        let mut off = Vec::new();
        for hour in 0..days * 24 {
            for minute in 0..12 {
                let now = start() + Span::hours(hour) + Span::minutes(5 * minute);
                stations.advance(now, Span::minutes(5), &[state]);
            }
            if !stations.truths()[0].is_on {
                off.push(hour);
            }
        }
        off
    }

    #[test]
    fn with_its_sun_a_station_is_off_for_a_dark_day_in_two_weeks_at_most() {
        let off = off_hours(14, StationState::USUAL);
        assert!(off.len() <= 24, "{off:?}");
    }

    #[test]
    fn under_a_dark_sky_it_goes_off_and_stays_so() {
        let dark = StationState { sun_share: 0.0, ..StationState::USUAL };
        // 80 Wh; 60 Wh at 5 W are twelve hours: it goes off at the end of the twelfth
        assert_eq!(off_hours(2, dark), (11..48).collect::<Vec<_>>());
    }

    #[test]
    fn an_old_battery_empties_by_night_and_comes_back_by_day_without_chattering() {
        let old = StationState { battery_share: 0.5, ..StationState::USUAL };
        let off = off_hours(4, old);
        assert!(!off.is_empty(), "40 usable Wh last eight hours, a night has fourteen");
        for hour in &off {
            assert!(!(11..20).contains(&(hour % 24)), "off at {hour}");
        }
        let switches = off.windows(2).filter(|two| two[1] - two[0] > 1).count();
        assert!(switches <= 8, "twice a night at most: {off:?}");
    }

    #[test]
    fn a_dirty_panel_gives_less_and_the_voltage_tells() {
        let volts = |state| {
            let mut stations = Stations::new(&plant(), Seed(1));
            let noon = start() + Span::hours(12);
            stations.advance(noon, Span::hours(1), &[state]);
            stations.truths()[0].volts
        };
        let dirty = StationState { panel_share: 0.1, ..StationState::USUAL };
        assert!(volts(StationState::USUAL) > volts(dirty) + 0.2);
    }
}
