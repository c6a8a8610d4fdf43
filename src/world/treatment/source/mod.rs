//! Raw water: a usual day, its small wander, the year, and what happens to it.

mod course;
mod event;
pub mod season;
mod weather;

use crate::base::random::Seed;
use crate::base::time::UtcOffset;
use crate::base::units::Temperature;
use crate::base::{Span, Stamp};
use crate::plant::train::RawWater;
use crate::scenario::injection::Injection;
use crate::world::quality::{
    AMMONIA, CONDUCTIVITY, Carried, E_COLI, MANGANESE, ORGANICS, SPECIES, SUBSTANCE, TURBIDITY,
};
use crate::world::wander::Wander;
use event::{Event, Sum};

/// Standard deviation of the logarithm of turbidity on usual days `[D]`.
const TURBIDITY_SPREAD: f64 = 0.12;

/// How long a wander of the raw water lasts `[D]`.
const WANDER_LASTS: Span = Span::hours(6);

/// Half the daily range of the water's temperature, °C `[D]`; warmest at 16:00.
const DAILY_SWING_DEG_C: f64 = 0.6;

/// What the wettest day adds to values of a usual day, which is dry, as a share `[D]`: rain washes
/// soil, leaves and microbes in, and thins the salts.
const WET: Wet = Wet { turbidity: 0.8, conductivity: -0.15, organics: 0.3, microbes: 3.0 };

struct Wet {
    turbidity: f64,
    conductivity: f64,
    organics: f64,
    microbes: f64,
}

/// Lowest and highest pH that natural water comes to `[D]`.
const PH: (f64, f64) = (5.5, 10.0);

/// Hour of the day with the warmest water, and with the highest pH of a bloom.
const AFTERNOON_H: f64 = 16.0;

/// Raw water at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Raw {
    /// NTU.
    pub turbidity_ntu: f64,
    /// µS/cm.
    pub conductivity_us_per_cm: f64,
    /// Of the raw water, and of all water in the plant.
    pub temperature: Temperature,
    /// pH.
    pub ph: f64,
    /// Colour, mg/L Pt-Co.
    pub colour_pt_co: f64,
    /// Permanganate index (CODMn), mg/L of O₂.
    pub codmn_mg_per_l: f64,
    /// Ammonia, mg/L of N.
    pub ammonia_mg_per_l: f64,
    /// Algae, million cells a litre.
    pub algae_million_per_l: f64,
    /// E. coli, MPN in 100 mL.
    pub e_coli_per_100_ml: f64,
    /// Iron, mg/L: comes with turbidity.
    pub iron_mg_per_l: f64,
    /// Manganese, mg/L.
    pub manganese_mg_per_l: f64,
    /// The dissolved substance that befalls it, in parts of `quality::part_of`.
    pub substance_parts: f64,
    /// What the source gives at most, m³/h; infinite when it is never short.
    pub yield_m3_per_h: f64,
    /// Level at the intake, m.
    pub level_m: f64,
}

impl From<&Raw> for Carried {
    fn from(raw: &Raw) -> Self {
        let mut carried = [0.0; SPECIES];
        carried[TURBIDITY] = raw.turbidity_ntu;
        carried[CONDUCTIVITY] = raw.conductivity_us_per_cm;
        carried[E_COLI] = raw.e_coli_per_100_ml;
        carried[ORGANICS] = raw.codmn_mg_per_l;
        carried[AMMONIA] = raw.ammonia_mg_per_l;
        carried[MANGANESE] = raw.manganese_mg_per_l;
        carried[SUBSTANCE] = raw.substance_parts;
        carried
    }
}

/// The source.
#[derive(Debug)]
pub struct Source {
    usual: RawWater,
    offset: UtcOffset,
    seed: Seed,
    wander: Wander,
    events: Vec<Event>,
}

impl Source {
    /// A source about its usual values.
    pub fn new(usual: RawWater, offset: UtcOffset, seed: Seed) -> Self {
        let wander = Wander::new(seed, "source/turbidity", WANDER_LASTS);
        Self { usual, offset, seed, wander, events: Vec::new() }
    }

    /// What happens to it, in any order; `need_m3_per_h`: what the works takes at most.
    pub fn begin(&mut self, injections: &[Injection], need_m3_per_h: f64) {
        let need = self.usual.yield_m3_per_h.unwrap_or(need_m3_per_h);
        let of = |injection| Event::of(injection, self.usual.kind, self.seed, need);
        self.events = injections.iter().flat_map(of).collect();
    }

    /// Draws the wander of the next step.
    pub fn advance(&mut self, step: Span) {
        self.wander.advance(step);
    }

    /// The raw water at `now`.
    pub fn at(&self, now: Stamp) -> Raw {
        let usual = &self.usual;
        let wet = usual.seasons.map_or(0.0, |_| season::wetness(now));
        let hours = now.time_of_day(self.offset).as_hours();
        let afternoon = libm::cos(std::f64::consts::TAU * (hours - AFTERNOON_H) / 24.0);
        let mean = usual.seasons.map_or(usual.temperature_deg_c, |seasons| {
            season::temperature_deg_c(seasons, usual.kind, now)
        });
        let turbidity = usual.turbidity_ntu * (1.0 + WET.turbidity * wet);
        let mut sum = Sum::default();
        for event in &self.events {
            event.add(now, turbidity, afternoon, &mut sum);
        }
        let wander = libm::exp(TURBIDITY_SPREAD * self.wander.value());
        let organics = (1.0 + WET.organics * wet) * (1.0 + sum.organics_share);
        let yields = usual.yield_m3_per_h.unwrap_or(f64::INFINITY);
        Raw {
            turbidity_ntu: turbidity * wander + sum.turbidity_ntu,
            conductivity_us_per_cm: usual.conductivity_us_per_cm
                * (1.0 + WET.conductivity * wet)
                * (1.0 - sum.dilution)
                + sum.conductivity_us_per_cm,
            temperature: Temperature::deg_c(mean + DAILY_SWING_DEG_C * afternoon),
            ph: (usual.ph + sum.ph).clamp(PH.0, PH.1),
            colour_pt_co: usual.colour_pt_co * organics + sum.colour_pt_co,
            codmn_mg_per_l: usual.codmn_mg_per_l * organics + sum.codmn_mg_per_l,
            ammonia_mg_per_l: usual.ammonia_mg_per_l + sum.ammonia_mg_per_l,
            algae_million_per_l: usual.algae_million_per_l + sum.algae_million_per_l,
            e_coli_per_100_ml: usual.e_coli_per_100_ml
                * (1.0 + WET.microbes * wet)
                * (1.0 + sum.microbes_share),
            iron_mg_per_l: usual.iron_mg_per_l * (turbidity * wander + sum.turbidity_ntu)
                / usual.turbidity_ntu.max(f64::MIN_POSITIVE),
            manganese_mg_per_l: usual.manganese_mg_per_l + sum.manganese_mg_per_l,
            substance_parts: sum.substance_parts,
            yield_m3_per_h: yields.min(sum.yield_m3_per_h),
            level_m: usual.depth_m * (1.0 - sum.fallen),
        }
    }
}

impl Raw {
    /// The raw water of a usual dry day.
    pub fn usual(usual: &RawWater) -> Self {
        Self {
            turbidity_ntu: usual.turbidity_ntu,
            conductivity_us_per_cm: usual.conductivity_us_per_cm,
            temperature: Temperature::deg_c(usual.temperature_deg_c),
            ph: usual.ph,
            colour_pt_co: usual.colour_pt_co,
            codmn_mg_per_l: usual.codmn_mg_per_l,
            ammonia_mg_per_l: usual.ammonia_mg_per_l,
            algae_million_per_l: usual.algae_million_per_l,
            e_coli_per_100_ml: usual.e_coli_per_100_ml,
            iron_mg_per_l: usual.iron_mg_per_l,
            manganese_mg_per_l: usual.manganese_mg_per_l,
            substance_parts: 0.0,
            yield_m3_per_h: usual.yield_m3_per_h.unwrap_or(f64::INFINITY),
            level_m: usual.depth_m,
        }
    }
}

/// Raw water of this turbidity (NTU) and conductivity (µS/cm).
#[cfg(test)]
pub fn raw(turbidity_ntu: f64, conductivity_us_per_cm: f64) -> Raw {
    Raw::usual(&RawWater::of(turbidity_ntu, conductivity_us_per_cm, 10.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::InjectionId;
    use crate::plant::train::Seasons;
    use crate::scenario::injection::{InjectionKind, SourceEvent};

    /// Midnight in China.
    fn at(hours: i64) -> Stamp {
        Stamp::from_ms(1_733_328_000_000).expect("in range") + Span::hours(hours)
    }

    fn with(event: SourceEvent) -> Source {
        let mut source = Source::new(RawWater::of(12.0, 180.0, 10.0), UtcOffset::CHINA, Seed(3));
        let injection = Injection {
            id: InjectionId::new("e").expect("an id"),
            from: at(0),
            until: None,
            kind: InjectionKind::Source(event),
        };
        source.begin(&[injection], 100.0);
        source
    }

    fn nothing() -> Source {
        Source::new(RawWater::of(12.0, 180.0, 10.0), UtcOffset::CHINA, Seed(3))
    }

    #[test]
    fn a_storm_brings_turbidity_colour_organics_and_microbes_and_takes_salts_and_ph() {
        let storm = SourceEvent::RawStorm { peak_ntu: 800.0, rise_h: 2.0, recession_h: 12.0 };
        let (before, peak) = (nothing().at(at(2)), with(storm).at(at(2)));
        assert!(before.turbidity_ntu > 6.0 && before.turbidity_ntu < 24.0);
        assert!((peak.turbidity_ntu - before.turbidity_ntu - 788.0).abs() < 1e-9);
        assert!((peak.conductivity_us_per_cm - 117.0).abs() < 1e-9);
        assert!((peak.ph - before.ph + 0.4).abs() < 1e-9);
        assert!((peak.codmn_mg_per_l / before.codmn_mg_per_l - 2.5).abs() < 1e-9);
        assert!(peak.colour_pt_co > before.colour_pt_co + 20.0);
        assert!(peak.e_coli_per_100_ml > 10.0 * before.e_coli_per_100_ml);
        assert_eq!(peak.temperature, before.temperature);
    }

    #[test]
    fn a_bloom_lets_ph_swing_through_the_day_and_an_ammonia_event_adds_ammonia() {
        let bloom = SourceEvent::AlgaeBloom {
            million_per_l: 60.0,
            turbidity_ntu: 30.0,
            rise_d: 2.0,
            recession_d: 10.0,
        };
        let bloom = with(bloom);
        let day: Vec<f64> = (48..72).map(|hour| bloom.at(at(hour)).ph).collect();
        let (low, high) = day.iter().fold((14.0_f64, 0.0_f64), |(l, h), p| (l.min(*p), h.max(*p)));
        assert!(high - low > 0.5, "pH day swing of a bloom: {}", high - low);
        assert!((bloom.at(at(48)).algae_million_per_l - 60.5).abs() < 1e-9);
        let event = SourceEvent::AmmoniaEvent { peak_mg_per_l: 1.5, rise_h: 3.0, recession_h: 6.0 };
        let before = nothing().at(at(3));
        let peak = with(event).at(at(3));
        assert!((peak.ammonia_mg_per_l - before.ammonia_mg_per_l - 1.5).abs() < 1e-12);
        assert_eq!(peak.turbidity_ntu, before.turbidity_ntu);
    }

    #[test]
    fn a_drought_takes_the_yield_and_the_level_day_by_day() {
        let drought = with(SourceEvent::Drought { yield_share: 0.4, falls_d: 4.0 });
        assert_eq!(nothing().at(at(0)).yield_m3_per_h, f64::INFINITY);
        let begun = drought.at(at(1)).yield_m3_per_h;
        assert!((99.0..100.0).contains(&begun), "what the works needs, and no more: {begun}");
        assert!((drought.at(at(48)).yield_m3_per_h - 70.0).abs() < 1e-9, "half-way to 40 %");
        assert!((drought.at(at(96)).yield_m3_per_h - 40.0).abs() < 1e-9);
        assert!(drought.at(at(96)).level_m < 0.6 * nothing().at(at(96)).level_m);
    }

    #[test]
    fn the_seasons_move_a_source_that_has_them_and_no_other() {
        let seasons = Seasons { coldest_deg_c: 6.0, warmest_deg_c: 28.0 };
        let usual = RawWater { seasons: Some(seasons), ..RawWater::of(12.0, 180.0, 10.0) };
        let source = Source::new(usual, UtcOffset::CHINA, Seed(3));
        let (winter, summer) = (source.at(at(24 * 27)), source.at(at(24 * 210)));
        assert!(summer.temperature.as_deg_c() > winter.temperature.as_deg_c() + 15.0);
        assert!(summer.turbidity_ntu > 1.5 * winter.turbidity_ntu);
        assert!(summer.conductivity_us_per_cm < winter.conductivity_us_per_cm);
        let (winter, summer) = (nothing().at(at(24 * 27)), nothing().at(at(24 * 210)));
        assert_eq!(winter, summer);
    }
}
