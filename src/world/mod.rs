//! The truth: hydraulics, water quality, treatment, demand.
//!
//! In: a plant, a condition, a seed, injections. Out: `Truth`, step by step.
//! Must not know: instruments, MQTT, rules.

mod account;
mod assay;
mod begin;
pub mod demand;
mod emptying;
mod foreign;
pub mod hydraulics;
pub mod limits;
#[cfg(feature = "epanet")]
pub mod network_run;
pub mod power;
mod pump;
pub mod quality;
pub mod residents;
pub mod situation;
pub mod sky;
mod soundness;
pub mod station;
mod step;
pub mod treatment;
pub mod truth;
pub mod wander;

#[cfg(all(test, feature = "epanet"))]
mod tests;

pub use begin::{RUN_IN, RUN_IN_STEP};
pub use limits::Outside;
pub use soundness::Soundness;
pub use step::{STEP, World};

use crate::base::analyte::Analyte;
use crate::base::ids::InjectionId;
use hydraulics::HydraulicsError;

/// Why a world cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A condition that the plant has not got.
    #[error("the plant has no condition number {0}")]
    NoSuchCondition(usize),
    /// An injection names a node or a pump that the plant has not got.
    #[error("injection {0} names a place that the plant has not got")]
    NoSuchPlace(InjectionId),
    /// An injection brings another dissolved substance than the one before it.
    #[error("injection {0} brings a second dissolved substance beside {name}", name = .1.spoken())]
    OtherSubstance(InjectionId, Analyte),
    /// No pressures and flows.
    #[error("the hydraulics of the plant fail")]
    Hydraulics(#[from] HydraulicsError),
}
