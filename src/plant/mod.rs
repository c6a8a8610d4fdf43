//! A waterworks as described in its folder: network, treatment, instruments, people.
//!
//! In: the files of `config/plants/NAME`. Out: a checked `Plant` that cannot hold a wrong value.
//! Must not know: what happens.

pub mod ageing;
pub mod calendar;
pub mod draft;
pub mod efficiency;
mod entry;
pub mod fleet;
pub mod inp;
pub mod laboratory;
pub mod load;
pub mod network;
pub mod power;
mod production;
pub mod profile;
#[cfg(test)]
pub(crate) mod sample;
pub mod station;
pub mod tags;
pub mod train;

use std::sync::Arc;

use crate::base::PlantId;
use crate::base::problem::Problems;
use ageing::Ageing;
use calendar::Calendar;
use laboratory::SamplingPlan;
use network::Network;
use power::OwnPower;
use profile::Profile;
use station::Station;
use tags::Instrument;
use train::Train;

/// A plant, complete and checked.
#[derive(Debug, Clone)]
pub struct Plant {
    /// Its id: the name of its folder.
    pub id: PlantId,
    /// People, villages, source: what picks its limits.
    pub profile: Profile,
    /// Pipes, pumps, tanks, in SI; who simulates the plant shares it.
    pub network: Arc<Network>,
    /// Treatment, from raw water to the clear well.
    pub train: Train,
    /// Its instruments, in the order of `instruments.toml`.
    pub instruments: Vec<Instrument>,
    /// Who takes samples, where and when, as `laboratory.toml` says; nobody without it.
    pub sampling: SamplingPlan,
    /// States of wear it can start from, such as `aged`, `normal`, `renewed`.
    pub conditions: Vec<Condition>,
    /// How it ages, if its folder says so.
    pub ageing: Option<Ageing>,
    /// What keeps it running when the mains fail.
    pub own_power: OwnPower,
    /// When its people draw more water than usual.
    pub calendar: Calendar,
    /// Remote stations on battery and sun.
    pub stations: Vec<Station>,
    /// Why its water cannot be simulated, with the places in its files; empty when it can. Such a
    /// plant can be monitored all the same.
    pub unsimulated: Problems,
}

impl Plant {
    /// Errors: what of it cannot be simulated.
    pub fn check_simulated(&self) -> Result<(), Problems> {
        self.unsimulated.clone().into_result(Some(()))
    }
}

/// A state of wear of the whole plant: what seven years without renewal leave behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Name of the file, such as `aged`.
    pub name: String,
    /// Pipe roughness C is multiplied by this (1 = as in the network file).
    pub roughness_factor: f64,
    /// Head of every pump curve is multiplied by this.
    pub pump_head_factor: f64,
    /// Background leakage at every junction with demand, m³/h at 20 m pressure, in all.
    pub leakage_m3_per_h_at_20_m: f64,
    /// Chlorine wall decay is multiplied by this.
    pub wall_decay_factor: f64,
    /// Share of turbidity the filters let through is multiplied by this.
    pub filter_passage_factor: f64,
    /// The dosing set point, mg/L, when it differs from the train's.
    pub dose_mg_per_l: Option<f64>,
}
