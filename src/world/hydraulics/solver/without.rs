//! A build without the feature `epanet`: everything compiles, nothing can be solved.

use super::{Found, Wanted};
use crate::plant::network::{LinkIndex, Network, PressureDriven, SolvedStatus};
use crate::world::hydraulics::HydraulicsError;
use crate::world::hydraulics::outcome::{EngineError, Warning};

/// There is none: no value of this type exists.
pub enum Solver {}

impl Solver {
    pub fn new(_network: &Network, _driven: PressureDriven) -> Result<Self, HydraulicsError> {
        Err(HydraulicsError::NoSolver)
    }

    pub fn set_roughness_factor(
        &mut self,
        _network: &Network,
        _factor: f64,
    ) -> Result<(), EngineError> {
        match *self {}
    }

    pub fn set_pump_head_factor(
        &mut self,
        _network: &Network,
        _pump: LinkIndex,
        _factor: f64,
    ) -> Result<(), EngineError> {
        match *self {}
    }

    pub fn solve(&mut self, _wanted: &Wanted) -> Result<Option<Warning>, EngineError> {
        match *self {}
    }

    pub fn status(&self, _link: LinkIndex) -> SolvedStatus {
        match *self {}
    }

    pub fn found(&self) -> &Found {
        match *self {}
    }
}
