//! What injections make of the demand.

use crate::plant::Plant;
use crate::scenario::injection::PeopleEvent;

/// What multiplies demand.
#[derive(Debug, Clone, PartialEq)]
pub struct PeopleState {
    /// One factor per village.
    pub demand: Vec<f64>,
    /// The same for taps of no village.
    pub other_demand: f64,
}

impl PeopleState {
    /// Usual demand.
    pub fn new(plant: &Plant) -> Self {
        Self { demand: vec![1.0; plant.profile.villages.len()], other_demand: 1.0 }
    }

    /// Lets `event` happen on top of what is.
    pub fn apply(&mut self, plant: &Plant, event: &PeopleEvent) {
        match event {
            PeopleEvent::Demand { village: None, factor } => {
                self.demand.iter_mut().for_each(|own| *own *= factor);
                self.other_demand *= factor;
            }
            PeopleEvent::Demand { village: Some(id), factor } => {
                let villages = plant.profile.villages.iter();
                for (own, _) in self.demand.iter_mut().zip(villages).filter(|(_, v)| v.id == *id) {
                    *own *= factor;
                }
            }
        }
    }
}
