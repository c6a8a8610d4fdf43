//! The state the treatment is put in.

use crate::base::units::Concentration;
use crate::plant::{Condition, Plant};
use crate::scenario::injection::WorksEvent;
use crate::world::treatment::Settings;
use crate::world::treatment::clarifier::Order;
use crate::world::treatment::coagulant::PumpState;
use crate::world::treatment::dosing::Prime;

/// The state the treatment is put in.
#[derive(Debug, Clone, PartialEq)]
pub struct WorksState {
    /// What the units are set to.
    pub settings: Settings,
    /// Share of the capacity that the intake lets through.
    pub intake_share: f64,
}

impl WorksState {
    /// A works as worn as `wear` says, to which nothing happens.
    pub fn new(plant: &Plant, wear: &Condition) -> Self {
        let dose = wear.dose_mg_per_l.unwrap_or(plant.train.dosing.dose_mg_per_l);
        let order = Order {
            coagulant_mg_per_l: plant.train.clarifying.dose_mg_per_l,
            pump: PumpState::USUAL,
            passage_factor: wear.filter_passage_factor,
            wash: Vec::new(),
        };
        let settings = Settings {
            order,
            dose: Concentration::mg_per_l(dose),
            prime: Prime::Kept,
            drum_share: None,
            strength_share: 1.0,
        };
        Self { settings, intake_share: 1.0 }
    }

    /// Lets `event` happen on top of what is.
    pub fn apply(&mut self, event: &WorksEvent) {
        let settings = &mut self.settings;
        match event {
            WorksEvent::DosingNoFlow { keep_signal } => {
                settings.prime = Prime::Lost { keeps_signal: *keep_signal };
            }
            WorksEvent::DosingSet { dose_mg_per_l } => {
                settings.dose = Concentration::mg_per_l(*dose_mg_per_l);
            }
            WorksEvent::DosingDrum { share } => settings.drum_share = Some(*share),
            WorksEvent::DosingWeak { share } => settings.strength_share *= share,
            WorksEvent::CoagulantOff => settings.order.coagulant_mg_per_l = Some(0.0),
            WorksEvent::CoagulantSet { dose_mg_per_l } => {
                settings.order.coagulant_mg_per_l = Some(*dose_mg_per_l);
            }
            WorksEvent::CoagulantNoFlow { keep_signal } => {
                settings.order.pump.prime = Prime::Lost { keeps_signal: *keep_signal };
            }
            WorksEvent::CoagulantStroke { share } => settings.order.pump.stroke *= share,
            WorksEvent::CoagulantDrum { share } => settings.order.pump.drum_share = Some(*share),
            WorksEvent::FilterWash { filter } => settings.order.wash.push(*filter),
            WorksEvent::FilterLeak { factor } => settings.order.passage_factor *= factor,
            WorksEvent::IntakeClogged { share } => self.intake_share *= share,
        }
    }
}
