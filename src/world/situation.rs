//! What injections make of the plant at one moment.

use super::treatment::dosing::Prime;
use super::treatment::source::Storm;
use crate::base::Stamp;
use crate::base::units::Concentration;
use crate::plant::Plant;
use crate::scenario::injection::{Injection, InjectionKind};

/// The state a plant is put in, beside its water.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// Position in `Plant::conditions`.
    pub condition: usize,
    /// Tripped pumps: one per link.
    pub is_tripped: Vec<bool>,
    /// Share of the head each pump has left, its condition included: one per link, 1 for others.
    pub head_share: Vec<f64>,
    /// Water lost by bursts, m³/h at 20 m: one per node.
    pub burst_m3_per_h: Vec<f64>,
    /// Demand is multiplied by this: one per village.
    pub demand: Vec<f64>,
    /// The same for taps of no village.
    pub other_demand: f64,
    /// Dose that is set.
    pub dose: Concentration,
    /// Does the dosing pump deliver?
    pub prime: Prime,
}

impl Situation {
    /// The plant in `condition` with what is in force at `now`; later injections win.
    pub fn at(plant: &Plant, condition: usize, injections: &[Injection], now: Stamp) -> Self {
        let in_force = || injections.iter().filter(|injection| injection.is_active(now));
        let renewed = in_force().filter_map(|injection| match injection.kind {
            InjectionKind::Condition { to } => Some(to),
            _ => None,
        });
        let condition = renewed.fold(condition, |_, later| later);
        let wear = &plant.conditions[condition];
        let dose = wear.dose_mg_per_l.unwrap_or(plant.train.dosing.dose_mg_per_l);
        let mut situation = Self {
            condition,
            is_tripped: vec![false; plant.network.links.len()],
            head_share: vec![wear.pump_head_factor; plant.network.links.len()],
            burst_m3_per_h: vec![0.0; plant.network.nodes.len()],
            demand: vec![1.0; plant.profile.villages.len()],
            other_demand: 1.0,
            dose: Concentration::mg_per_l(dose),
            prime: Prime::Kept,
        };
        for injection in in_force() {
            situation.apply(plant, &injection.kind);
        }
        situation
    }

    fn apply(&mut self, plant: &Plant, kind: &InjectionKind) {
        match kind {
            InjectionKind::PumpTrip { pump } => self.is_tripped[pump.0] = true,
            InjectionKind::PumpWear { pump, head_share } => self.head_share[pump.0] *= head_share,
            InjectionKind::DosingNoFlow { keep_signal } => {
                self.prime = Prime::Lost { keeps_signal: *keep_signal };
            }
            InjectionKind::DosingSet { dose_mg_per_l } => {
                self.dose = Concentration::mg_per_l(*dose_mg_per_l);
            }
            InjectionKind::Burst { node, m3_per_h_at_20_m } => {
                self.burst_m3_per_h[node.0] += m3_per_h_at_20_m;
            }
            InjectionKind::Demand { village: None, factor } => {
                self.demand.iter_mut().for_each(|own| *own *= factor);
                self.other_demand *= factor;
            }
            InjectionKind::Demand { village: Some(id), factor } => {
                let villages = plant.profile.villages.iter();
                for (own, _) in self.demand.iter_mut().zip(villages).filter(|(_, v)| v.id == *id) {
                    *own *= factor;
                }
            }
            // The condition is applied first, storms are the source's; the rest is no matter of
            // the water.
            InjectionKind::Condition { .. }
            | InjectionKind::RawStorm { .. }
            | InjectionKind::GatewaySilence
            | InjectionKind::Instrument { .. } => {}
        }
    }
}

/// The storms among `injections`. A storm runs its own course: its end is not the scenario's.
pub fn storms(injections: &[Injection]) -> Vec<Storm> {
    let storm = |injection: &Injection| match injection.kind {
        InjectionKind::RawStorm { peak_ntu, rise_h, recession_h } => {
            Some(Storm { from: injection.from, peak_ntu, rise_h, recession_h })
        }
        _ => None,
    };
    injections.iter().filter_map(storm).collect()
}

/// When the situation changes next: the first start or end after `now`, if any.
pub fn next_change(injections: &[Injection], now: Stamp) -> Option<Stamp> {
    let moments = injections.iter().flat_map(|injection| [Some(injection.from), injection.until]);
    moments.flatten().filter(|moment| *moment > now).min()
}
