//! What injections make of remote stations.

use crate::plant::Plant;
use crate::scenario::injection::StationEvent;

/// The state a station is put in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StationState {
    /// Share of the sun that the clouds leave besides those of the sky.
    pub sun_share: f64,
    /// Share of its light that reaches the panel.
    pub panel_share: f64,
    /// Share of its capacity that the battery has left.
    pub battery_share: f64,
}

impl StationState {
    /// Clean and new.
    pub const USUAL: Self = Self { sun_share: 1.0, panel_share: 1.0, battery_share: 1.0 };

    /// Every station of `plant`, clean and new.
    pub fn all(plant: &Plant) -> Vec<Self> {
        vec![Self::USUAL; plant.stations.len()]
    }
}

/// Lets `event` happen on top of what is; one state per station.
pub fn apply(states: &mut [StationState], event: &StationEvent) {
    match *event {
        StationEvent::SolarDirty { station, share_lost } => {
            states[station].panel_share *= 1.0 - share_lost;
        }
        StationEvent::Overcast { sun_share } => {
            for state in states {
                state.sun_share *= sun_share;
            }
        }
        StationEvent::BatteryWorn { station, share_left } => {
            states[station].battery_share *= share_left;
        }
    }
}
