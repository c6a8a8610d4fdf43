//! A scenario as a recording: what its plant says, as it would come over MQTT.

use std::sync::Arc;

use super::Item;
use crate::base::ids::Space;
use crate::base::random::Seed;
use crate::base::{Span, Stamp};
use crate::exercise::offline::exercise_name;
use crate::plant::Plant;
use crate::scenario::Scenario;
use crate::simulator::{Batch, Outgoing, Run, Simulator, SimulatorError};
use crate::telemetry::radio::{Delivery, Radio};
use crate::telemetry::topic::Topic;

/// A scenario on its way to its messages; nobody answers its alarms.
pub struct Staged {
    plant: Arc<Plant>,
    space: Space,
    simulator: Option<Simulator>,
    radio: Radio,
    end: Stamp,
}

impl Staged {
    /// `plant` at the start of `scenario`. Errors: it cannot be simulated.
    pub fn new(
        plant: &Arc<Plant>,
        scenario: &Scenario,
        seed: Option<Seed>,
    ) -> Result<Self, SimulatorError> {
        let seed = seed.unwrap_or(scenario.seed);
        let exercise = exercise_name(scenario, seed);
        let run = Run { seed: Some(seed), boot_id: 1, exercise, batch: Batch::default() };
        Ok(Self {
            plant: Arc::clone(plant),
            space: Space::new("offline").expect("a constant that is an id"),
            simulator: Some(Simulator::new(Arc::clone(plant), scenario, run)?),
            radio: Radio::default(),
            end: scenario.end(),
        })
    }

    /// What came during the next step; none after the end.
    pub fn step(&mut self) -> Result<Option<Vec<Item>>, SimulatorError> {
        let Some(mut simulator) = self.simulator.take() else { return Ok(None) };
        if simulator.is_over() {
            for message in simulator.close() {
                self.send(message);
            }
            return Ok(Some(self.arrived(self.end + Span::HOUR)));
        }
        let step = simulator.step()?;
        let now = step.now;
        for message in step.messages {
            self.send(message);
        }
        self.simulator = Some(simulator);
        Ok(Some(self.arrived(now)))
    }

    fn send(&mut self, message: Outgoing) {
        let (space, plant) = (self.space.clone(), self.plant.id.clone());
        let topic = Topic { space, plant, kind: message.kind };
        self.radio.send(topic.to_string(), message.payload, message.due);
    }

    fn arrived(&mut self, now: Stamp) -> Vec<Item> {
        let item = |Delivery { topic, payload, received_at }| Item::Message {
            topic,
            payload,
            received_at,
            retained: false,
        };
        std::iter::from_fn(|| self.radio.receive(now)).map(item).collect()
    }
}
