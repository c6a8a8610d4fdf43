//! What injections make of the plant at one moment: one file per part of the plant.

mod network;
mod people;
mod works;

use crate::base::Stamp;
use crate::plant::Plant;
use crate::scenario::injection::{AssetEvent, Injection, InjectionKind};

pub use network::NetworkState;
pub use people::PeopleState;
pub use works::WorksState;

/// The state a plant is put in, beside its water.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// Position in `Plant::conditions`.
    pub condition: usize,
    /// Pipes, pumps, valves, tanks.
    pub network: NetworkState,
    /// Treatment.
    pub works: WorksState,
    /// What people want.
    pub people: PeopleState,
}

impl Situation {
    /// The plant in `condition` with what is in force at `now`; later injections win.
    pub fn at(plant: &Plant, condition: usize, injections: &[Injection], now: Stamp) -> Self {
        let in_force = || injections.iter().filter(|injection| injection.is_active(now));
        let renewed = in_force().filter_map(|injection| match injection.kind {
            InjectionKind::Assets(AssetEvent::Condition { to }) => Some(to),
            _ => None,
        });
        let condition = renewed.fold(condition, |_, later| later);
        let wear = &plant.conditions[condition];
        let mut situation = Self {
            condition,
            network: NetworkState::new(plant, wear),
            works: WorksState::new(plant, wear),
            people: PeopleState::new(plant),
        };
        for injection in in_force() {
            match &injection.kind {
                InjectionKind::Network(event) => situation.network.apply(event),
                InjectionKind::Works(event) => situation.works.apply(event),
                InjectionKind::People(event) => situation.people.apply(plant, event),
                // The condition is applied first, raw water is the source's; the rest is no matter
                // of the water.
                InjectionKind::Assets(_)
                | InjectionKind::Source(_)
                | InjectionKind::Gateway(_)
                | InjectionKind::Instrument { .. } => {}
            }
        }
        situation
    }
}

/// When the situation changes next: the first start or end after `now`, if any.
pub fn next_change(injections: &[Injection], now: Stamp) -> Option<Stamp> {
    let moments = injections.iter().flat_map(|injection| [Some(injection.from), injection.until]);
    moments.flatten().filter(|moment| *moment > now).min()
}
