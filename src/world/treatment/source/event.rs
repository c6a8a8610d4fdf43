//! What happens to the raw water, and what it does to each of its values.

use super::course::Course;
use super::weather;
use crate::base::Stamp;
use crate::base::random::Seed;
use crate::plant::profile::SourceKind;
use crate::scenario::injection::{Injection, InjectionKind, Pollution, SourceEvent};
use crate::world::quality::part_of;

/// Share of conductivity that rain water takes away at a storm's peak `[D]`.
const DILUTION: f64 = 0.35;

/// What a storm takes from pH at its peak: rain has no buffer `[D]`.
const STORM_PH: f64 = -0.4;

/// Growth of organic matter and colour at a storm's peak, as a share `[D]`: rain raises NOM
/// `[S39b]`.
const STORM_ORGANICS: f64 = 1.5;

/// Colour that comes with turbidity, mg/L Pt-Co per NTU, and its most `[D]`.
const STORM_COLOUR_PER_NTU: f64 = 0.06;
const STORM_COLOUR_MOST: f64 = 60.0;

/// Growth of microbes at a storm's peak, as a share `[D]`.
const STORM_MICROBES: f64 = 20.0;

/// What a bloom adds to pH all day, and half of its swing through the day `[D]`: more than 0.5
/// from night to afternoon.
const BLOOM_PH: f64 = 0.4;
const BLOOM_PH_SWING: f64 = 0.35;

/// Organic matter of algae, mg/L of CODMn per million cells a litre `[D]`.
const BLOOM_CODMN: f64 = 0.03;

/// Longest stretch for which weather is drawn, days: the longest scenario, and a bit.
const WEATHER_DAYS: u32 = 1_130;

/// What all events together do to the raw water.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sum {
    /// Added, NTU.
    pub turbidity_ntu: f64,
    /// Share of the conductivity that is gone.
    pub dilution: f64,
    /// Added, µS/cm.
    pub conductivity_us_per_cm: f64,
    /// Added.
    pub ph: f64,
    /// Added, mg/L Pt-Co.
    pub colour_pt_co: f64,
    /// Growth of colour and CODMn, as a share.
    pub organics_share: f64,
    /// Added, mg/L of O₂.
    pub codmn_mg_per_l: f64,
    /// Added, mg/L of N.
    pub ammonia_mg_per_l: f64,
    /// Added, mg/L.
    pub manganese_mg_per_l: f64,
    /// Added, parts of `quality::part_of`.
    pub substance_parts: f64,
    /// Added, million cells a litre.
    pub algae_million_per_l: f64,
    /// Growth of microbes, as a share.
    pub microbes_share: f64,
    /// What is left of the yield, m³/h.
    pub yield_m3_per_h: f64,
    /// Share of the depth that is gone.
    pub fallen: f64,
}

impl Default for Sum {
    /// Nothing happens.
    fn default() -> Self {
        Self {
            turbidity_ntu: 0.0,
            dilution: 0.0,
            conductivity_us_per_cm: 0.0,
            ph: 0.0,
            colour_pt_co: 0.0,
            organics_share: 0.0,
            codmn_mg_per_l: 0.0,
            ammonia_mg_per_l: 0.0,
            manganese_mg_per_l: 0.0,
            substance_parts: 0.0,
            algae_million_per_l: 0.0,
            microbes_share: 0.0,
            yield_m3_per_h: f64::INFINITY,
            fallen: 0.0,
        }
    }
}

/// One event and its course.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    course: Course,
    effect: Effect,
}

#[derive(Debug, Clone, PartialEq)]
enum Effect {
    Storm { peak_ntu: f64 },
    Bloom { million_per_l: f64, turbidity_ntu: f64 },
    Ammonia { mg_per_l: f64 },
    Pollution(Pollution),
    Substance { parts: f64 },
    Drought { need_m3_per_h: f64, yield_share: f64 },
}

impl Event {
    /// What `injection` brings: nothing when it is not the raw water's, many storms when it is the
    /// weather. `need_m3_per_h`: what the source gives before a drought.
    pub fn of(
        injection: &Injection,
        kind: SourceKind,
        seed: Seed,
        need_m3_per_h: f64,
    ) -> Vec<Self> {
        let InjectionKind::Source(event) = &injection.kind else { return Vec::new() };
        let (from, until) = (injection.from, injection.until);
        let course = |rise_h, recession_h| Course { from, until, rise_h, recession_h };
        let one = |course, effect| vec![Self { course, effect }];
        match *event {
            SourceEvent::RawStorm { peak_ntu, rise_h, recession_h } => {
                one(course(rise_h, recession_h), Effect::Storm { peak_ntu })
            }
            SourceEvent::AlgaeBloom { million_per_l, turbidity_ntu, rise_d, recession_d } => one(
                course(24.0 * rise_d, 24.0 * recession_d),
                Effect::Bloom { million_per_l, turbidity_ntu },
            ),
            SourceEvent::AmmoniaEvent { peak_mg_per_l, rise_h, recession_h } => {
                one(course(rise_h, recession_h), Effect::Ammonia { mg_per_l: peak_mg_per_l })
            }
            SourceEvent::RawPollution { peak, rise_h, recession_h } => {
                one(course(rise_h, recession_h), Effect::Pollution(peak))
            }
            SourceEvent::RawSubstance { analyte, peak, rise_h, recession_h } => one(
                course(rise_h, recession_h),
                Effect::Substance { parts: peak / part_of(analyte) },
            ),
            SourceEvent::Drought { yield_share, falls_d } => {
                // It lasts until rain ends it; then the source recovers as fast as it fell.
                let lasting = until.or(Some(Stamp::MAX));
                let course = Course { until: lasting, ..course(24.0 * falls_d, 24.0 * falls_d) };
                one(course, Effect::Drought { need_m3_per_h, yield_share })
            }
            SourceEvent::Weather => weather::storms(seed, from, WEATHER_DAYS)
                .into_iter()
                .filter(|(storm, _)| until.is_none_or(|until| storm.from < until))
                .map(|(course, peak_ntu)| {
                    let peak_ntu = peak_ntu * weather::shown(kind);
                    Self { course, effect: Effect::Storm { peak_ntu } }
                })
                .collect(),
        }
    }

    /// Adds what it does at `now`.
    ///
    /// * `usual_ntu`: a storm's peak is a total, not an addition. `afternoon`: 1 then, −1 at night.
    pub fn add(&self, now: Stamp, usual_ntu: f64, afternoon: f64, sum: &mut Sum) {
        let strength = self.course.strength(now);
        if strength <= 0.0 {
            return;
        }
        match &self.effect {
            Effect::Storm { peak_ntu } => {
                let rise = (peak_ntu - usual_ntu).max(0.0) * strength;
                // How much rain it takes shows in the turbidity: a drizzle thins nothing.
                let rain = strength * (rise / (rise + usual_ntu.max(1.0)));
                sum.turbidity_ntu += rise;
                sum.dilution = sum.dilution.max(DILUTION * strength);
                sum.ph = sum.ph.min(STORM_PH * strength);
                sum.organics_share = sum.organics_share.max(STORM_ORGANICS * strength);
                sum.colour_pt_co =
                    sum.colour_pt_co.max((STORM_COLOUR_PER_NTU * rise).min(STORM_COLOUR_MOST));
                sum.microbes_share = sum.microbes_share.max(STORM_MICROBES * rain);
            }
            Effect::Bloom { million_per_l, turbidity_ntu } => {
                sum.algae_million_per_l += million_per_l * strength;
                sum.turbidity_ntu += turbidity_ntu * strength;
                sum.ph += (BLOOM_PH + BLOOM_PH_SWING * afternoon) * strength;
                sum.codmn_mg_per_l += BLOOM_CODMN * million_per_l * strength;
            }
            Effect::Ammonia { mg_per_l } => sum.ammonia_mg_per_l += mg_per_l * strength,
            Effect::Pollution(peak) => {
                sum.conductivity_us_per_cm += peak.conductivity_us_per_cm * strength;
                sum.codmn_mg_per_l += peak.codmn_mg_per_l * strength;
                sum.ammonia_mg_per_l += peak.ammonia_mg_per_l * strength;
                sum.manganese_mg_per_l += peak.manganese_mg_per_l * strength;
            }
            Effect::Substance { parts } => sum.substance_parts += parts * strength,
            Effect::Drought { need_m3_per_h, yield_share } => {
                let gone = (1.0 - yield_share) * strength;
                sum.yield_m3_per_h = sum.yield_m3_per_h.min(need_m3_per_h * (1.0 - gone));
                sum.fallen = sum.fallen.max(0.8 * gone);
            }
        }
    }
}
