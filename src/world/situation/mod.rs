//! What injections make of the plant at one moment: one file per part of the plant.

mod assets;
mod network;
mod people;
mod station;
mod works;

use super::power::{Power, PowerState};
use super::treatment::dosing::Prime;
use crate::base::Stamp;
use crate::plant::{Condition, Plant};
use crate::scenario::injection::{Injection, InjectionKind};

pub use network::NetworkState;
pub use people::PeopleState;
pub use station::StationState;
pub use works::WorksState;

/// The state a plant is put in, beside its water.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// Its state of wear.
    pub wear: Condition,
    /// Pipes, pumps, valves, tanks.
    pub network: NetworkState,
    /// Treatment.
    pub works: WorksState,
    /// What people want.
    pub people: PeopleState,
    /// What has power.
    pub power: PowerState,
    /// Remote stations: one per station of the plant.
    pub stations: Vec<StationState>,
}

impl Situation {
    /// The plant in `condition` with what is in force at `now`; later injections win.
    pub fn at(plant: &Plant, condition: usize, injections: &[Injection], now: Stamp) -> Self {
        let in_force = || injections.iter().filter(|injection| injection.is_active(now));
        let wear = assets::wear(plant, condition, in_force(), now);
        let mut situation = Self {
            network: NetworkState::new(plant, &wear),
            works: WorksState::new(plant, &wear),
            wear,
            people: PeopleState::new(plant),
            stations: StationState::all(plant),
            power: power(plant, injections).at(now),
        };
        for injection in in_force() {
            match &injection.kind {
                InjectionKind::Network(event) => {
                    let offset = plant.profile.utc_offset;
                    situation.network.apply(event, injection.from, now, offset);
                }
                InjectionKind::Works(event) => situation.works.apply(event),
                InjectionKind::People(event) => situation.people.apply(plant, event),
                InjectionKind::Station(event) => station::apply(&mut situation.stations, event),
                // The condition is applied first, power last, raw water is the source's; the rest
                // is no matter of the water.
                InjectionKind::Assets(_)
                | InjectionKind::Source(_)
                | InjectionKind::Power(_)
                | InjectionKind::Gateway(_)
                | InjectionKind::Laboratory(_)
                | InjectionKind::Instrument { .. } => {}
            }
        }
        if !situation.power.is_powered() {
            situation.network.black_out(plant);
        }
        if !situation.power.dosing {
            situation.works.settings.prime = Prime::Lost { keeps_signal: false };
        }
        situation
    }
}

/// The power of `plant` over the whole run.
pub fn power(plant: &Plant, injections: &[Injection]) -> Power {
    Power::of(&plant.own_power, plant.profile.utc_offset, injections)
}

/// When the situation changes next after `now`, if it does: an injection starts, ends or turns, or
/// what it has begun comes to its end.
pub fn next_change(plant: &Plant, injections: &[Injection], now: Stamp) -> Option<Stamp> {
    let offset = plant.profile.utc_offset;
    let turn = |injection: &Injection| match &injection.kind {
        InjectionKind::Network(event) if injection.is_active(now) => {
            network::next_turn(event, now, offset)
        }
        _ => None,
    };
    let moments = injections
        .iter()
        .flat_map(|injection| [Some(injection.from), injection.until, turn(injection)]);
    let by_power = power(plant, injections).next_change(now);
    let by_age = assets::next_day(plant, injections, now);
    moments.flatten().filter(|moment| *moment > now).chain(by_power).chain(by_age).min()
}
