//! What injections make of the treatment.

use crate::base::units::Concentration;
use crate::plant::{Condition, Plant};
use crate::scenario::injection::WorksEvent;
use crate::world::treatment::dosing::Prime;

/// The state the treatment is put in.
#[derive(Debug, Clone, PartialEq)]
pub struct WorksState {
    /// Dose that is set.
    pub dose: Concentration,
    /// Does the dosing pump deliver?
    pub prime: Prime,
}

impl WorksState {
    /// A works as worn as `wear` says, to which nothing happens.
    pub fn new(plant: &Plant, wear: &Condition) -> Self {
        let dose = wear.dose_mg_per_l.unwrap_or(plant.train.dosing.dose_mg_per_l);
        Self { dose: Concentration::mg_per_l(dose), prime: Prime::Kept }
    }

    /// Lets `event` happen on top of what is.
    pub fn apply(&mut self, event: &WorksEvent) {
        match event {
            WorksEvent::DosingNoFlow { keep_signal } => {
                self.prime = Prime::Lost { keeps_signal: *keep_signal };
            }
            WorksEvent::DosingSet { dose_mg_per_l } => {
                self.dose = Concentration::mg_per_l(*dose_mg_per_l);
            }
        }
    }
}
