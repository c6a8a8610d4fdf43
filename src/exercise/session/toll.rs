//! What an exercise costs the people served: person-hours and water, from the truth (TRAINING F6).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::ids::VillageId;
use crate::base::{Span, Stamp};
use crate::plant::Plant;
use crate::plant::profile::Village;
use crate::scenario::exercise::{Consequence, means_village};
use crate::world::truth::{NodeTruth, Truth};

/// Service pressure below which it counts as low, kPa: about the head of a two-storey house `[D]`.
const LOW_KPA: f64 = 100.0;

/// Pressure below which a tap counts as dry, kPa `[A]`.
const DRY_KPA: f64 = 20.0;

/// So long it takes until a notice has reached people `[D]`.
pub const NOTICE_REACHES: Span = Span::minutes(15);

/// So long a tanker serves a village `[D]`.
const TANKER_SERVES: Span = Span::hours(6);

/// Person-hours of one kind or another, and water lost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Hours {
    /// Person-hours below service pressure.
    pub low: f64,
    /// Person-hours without water.
    pub dry: f64,
    /// Person-hours with unsafe water and no warning.
    pub unsafe_water: f64,
    /// Person-hours with a warning and safe water.
    pub deprived: f64,
    /// Water lost, m³.
    pub lost_m3: f64,
}

impl Hours {
    /// The sum that counts.
    pub fn weighed(&self, weights: &Consequence) -> f64 {
        weights.low * self.low
            + weights.dry * self.dry
            + weights.unsafe_water * self.unsafe_water
            + weights.deprived * self.deprived
            + weights.lost * self.lost_m3
    }
}

/// What the public is told, and where tankers stand.
#[derive(Debug, Clone, Default)]
pub struct Relief {
    /// Notices in force: kind, villages, from when on they have reached people.
    notices: Vec<(String, Vec<String>, Stamp)>,
    /// Tankers: village, from when on.
    tankers: Vec<(String, Stamp)>,
}

impl Relief {
    /// A notice is published.
    pub fn publish(&mut self, kind: &str, villages: &[String], now: Stamp) {
        self.notices.push((kind.to_owned(), villages.to_vec(), now + NOTICE_REACHES));
    }

    /// Notices of this kind are withdrawn; gives whether there were any.
    pub fn withdraw(&mut self, kind: &str) -> bool {
        let before = self.notices.len();
        self.notices.retain(|(known, ..)| known != kind);
        self.notices.len() < before
    }

    /// A tanker has come.
    pub fn bring(&mut self, village: &str, now: Stamp) {
        self.tankers.push((village.to_owned(), now));
    }

    /// Do people of the village know that they should not drink it as it comes?
    fn is_warned(&self, village: &VillageId, now: Stamp) -> bool {
        let warns = |kind: &str| matches!(kind, "do-not-drink" | "boil");
        self.notices.iter().any(|(kind, villages, from)| {
            warns(kind) && *from <= now && villages.iter().any(|it| means_village(it, village))
        })
    }

    fn has_tanker(&self, village: &VillageId, now: Stamp) -> bool {
        let serves = |from: Stamp| from <= now && now < from + TANKER_SERVES;
        self.tankers.iter().any(|(it, from)| means_village(it, village) && serves(*from))
    }
}

/// The toll so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Toll {
    /// All villages together.
    pub all: Hours,
    /// Each village; water lost belongs to none.
    pub villages: BTreeMap<VillageId, Hours>,
}

impl Toll {
    /// Adds a step of length `step` that ended with `truth`.
    pub fn add(
        &mut self,
        plant: &Plant,
        truth: &Truth,
        step: Span,
        (relief, weights): (&Relief, &Consequence),
    ) {
        let hours = step.as_hours();
        for village in &plant.profile.villages {
            let (relief, now) = ((relief.is_warned(&village.id, truth.at), relief), truth.at);
            let (is_warned, relief) = relief;
            let mut own = Hours::default();
            let share = f64::from(village.people) / village.taps.len().max(1) as f64 * hours;
            for tap in &village.taps {
                let node = &truth.nodes[tap.0];
                let kpa = if node.is_dry { 0.0 } else { node.pressure.as_kpa() };
                if kpa < LOW_KPA {
                    own.low += share;
                }
                if kpa < DRY_KPA && !relief.has_tanker(&village.id, now) {
                    own.dry += share;
                }
                match (kpa >= DRY_KPA && is_unsafe(node, weights), is_warned) {
                    (true, false) => own.unsafe_water += share,
                    (false, true) => own.deprived += share,
                    _ => {}
                }
            }
            self.book(village, own);
        }
        let leaking: f64 = truth.nodes.iter().map(|node| node.leakage.as_m3_per_h()).sum();
        self.all.lost_m3 += leaking * hours;
    }

    fn book(&mut self, village: &Village, own: Hours) {
        let sum = self.villages.entry(village.id.clone()).or_default();
        for all in [sum, &mut self.all] {
            all.low += own.low;
            all.dry += own.dry;
            all.unsafe_water += own.unsafe_water;
            all.deprived += own.deprived;
        }
    }
}

/// Is what comes out of this tap unfit to drink? Too little disinfectant, too turbid, or E. coli.
fn is_unsafe(node: &NodeTruth, weights: &Consequence) -> bool {
    let water = &node.water;
    water.disinfectant().as_mg_per_l() < weights.chlorine_below_mg_per_l
        || water.turbidity.as_ntu() > weights.turbidity_above_ntu
}
