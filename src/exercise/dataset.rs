//! A run as data: readings as they arrive, the truth beside them, and labels of what failed.
//!
//! In: a plant, a scenario, a seed. Out: the rows of each step, then one label an injection.
//! Must not know: files and their formats.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::ids::Space;
use crate::base::lab_result::LabResult;
use crate::base::random::Seed;
use crate::base::{Flag, Span, Stamp};
use crate::exercise::labels::{Label, Labels, Service, Services};
use crate::exercise::offline::exercise_name;
use crate::plant::Plant;
use crate::plant::tags::TagIndex;
use crate::scenario::Scenario;
use crate::simulator::{Batch, Outgoing, Run, Simulator, SimulatorError};
use crate::telemetry::radio::{Delivery, Radio};
use crate::telemetry::topic::Topic;
use crate::telemetry::wire::{Body, decode};
use crate::world::truth::WorksTruth;
use crate::world::{Outside, Soundness, World, WorldError};

/// A reading as it arrives at the monitor's door, before anything is made of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadingRow {
    /// Which instrument: position in `Plant::instruments`.
    pub tag: TagIndex,
    /// The instrument's clock.
    pub observed_at: Stamp,
    /// When the message arrived.
    pub received_at: Stamp,
    /// In the quantity's unit; none: it gave no answer.
    pub value: Option<f64>,
    /// The instrument's own opinion.
    pub flag: Flag,
    /// The number of its message.
    pub seq: u64,
    /// The gateway's clock when it sent that.
    pub sent_at: Stamp,
}

/// A laboratory result as it arrives at the monitor's door.
#[derive(Debug, Clone, PartialEq)]
pub struct LabRow {
    /// When the message arrived.
    pub received_at: Stamp,
    /// What it says.
    pub result: LabResult,
}

/// What has arrived.
#[derive(Debug, Default)]
pub struct Arrived {
    /// Readings, in the order of arrival.
    pub readings: Vec<ReadingRow>,
    /// Laboratory results, in the order of arrival.
    pub results: Vec<LabRow>,
}

/// What one step adds.
#[derive(Debug)]
pub struct Rows<'r> {
    /// The end of the step.
    pub now: Stamp,
    /// What arrived during it.
    pub arrived: &'r Arrived,
    /// The truth at its end, one per tag in its unit; none where there is nothing to see.
    pub at_tags: &'r [Option<f64>],
    /// How each village is served at its end, in the profile's order.
    pub services: &'r [Service],
    /// The works at its end.
    pub works: WorksTruth,
}

/// Why a run cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The plant has no next step.
    #[error("the plant cannot be simulated")]
    Simulator(#[from] SimulatorError),
    /// The twin, to which nothing happens, has no next step.
    #[error("the plant to which nothing happens cannot be simulated")]
    Twin(#[from] WorldError),
}

/// A run on its way to its data.
pub struct Recording {
    plant: Arc<Plant>,
    simulator: Simulator,
    /// The same plant with nothing happening to it; none when nothing happens anyway.
    twin: Option<World>,
    radio: Radio,
    space: Space,
    tags: BTreeMap<String, TagIndex>,
    served: Services,
    labels: Labels,
    arrived: Arrived,
    at_tags: Vec<Option<f64>>,
    services: Vec<Service>,
    normal: Vec<Service>,
}

impl Recording {
    /// Before the first step.
    pub fn new(plant: &Arc<Plant>, scenario: &Scenario, seed: Seed) -> Result<Self, DatasetError> {
        let run = Run {
            seed: Some(seed),
            boot_id: 1,
            exercise: exercise_name(scenario, seed),
            batch: Batch::default(),
        };
        let simulator = Simulator::new(Arc::clone(plant), scenario, run)?;
        let twin = if scenario.injections.is_empty() {
            None
        } else {
            let twin = World::new(plant, scenario.condition, scenario.start, seed, &[])?;
            Some(twin.with_step(scenario.step))
        };
        let instruments = plant.instruments.iter().enumerate();
        Ok(Self {
            simulator,
            twin,
            radio: Radio::default(),
            space: Space::new("offline").expect("a constant that is an id"),
            tags: instruments.map(|(at, i)| (i.tag.id.to_string(), TagIndex(at))).collect(),
            served: Services::new(plant),
            labels: Labels::new(scenario, seed),
            arrived: Arrived::default(),
            at_tags: Vec::new(),
            services: Vec::new(),
            normal: Vec::new(),
            plant: Arc::clone(plant),
        })
    }

    /// The next step; none after the end.
    pub fn step(&mut self) -> Result<Option<Rows<'_>>, DatasetError> {
        if self.simulator.is_over() {
            return Ok(None);
        }
        let step = self.simulator.step()?;
        let (now, works) = (step.now, step.truth.works);
        self.at_tags.clear();
        self.at_tags.extend_from_slice(step.at_tags);
        self.served.tell(&self.plant, step.truth, &mut self.services);
        let messages = step.messages;
        if let Some(twin) = &mut self.twin {
            let normal = twin.step()?;
            self.served.tell(&self.plant, normal, &mut self.normal);
            self.labels.note(now, &self.services, &self.normal);
        }
        self.arrived.clear();
        for message in messages {
            send(&mut self.radio, &self.space, &self.plant, message);
        }
        hear(&mut self.radio, &self.tags, now, &mut self.arrived);
        Ok(Some(Rows {
            now,
            arrived: &self.arrived,
            at_tags: &self.at_tags,
            services: &self.services,
            works,
        }))
    }

    /// Can the truth be trusted so far?
    pub fn soundness(&self) -> Soundness {
        self.simulator.soundness()
    }

    /// When and where something lay outside the range of the model so far.
    pub fn outside(&self) -> &[Outside] {
        self.simulator.outside()
    }

    /// Shuts the gateway down: what was still on its way, and the labels.
    pub fn finish(self) -> (Arrived, Vec<Label>) {
        let Self { simulator, mut radio, space, plant, tags, mut arrived, labels, .. } = self;
        let end = simulator.now();
        for message in simulator.close() {
            send(&mut radio, &space, &plant, message);
        }
        arrived.clear();
        // Who listens stays on for an hour, as in a run with a monitor.
        hear(&mut radio, &tags, end + Span::HOUR, &mut arrived);
        (arrived, labels.finish())
    }
}

fn send(radio: &mut Radio, space: &Space, plant: &Plant, message: Outgoing) {
    let topic = Topic { space: space.clone(), plant: plant.id.clone(), kind: message.kind };
    radio.send(topic.to_string(), message.payload, message.due);
}

impl Arrived {
    fn clear(&mut self) {
        self.readings.clear();
        self.results.clear();
    }
}

/// Adds what is in every message that has arrived at `now`.
fn hear(radio: &mut Radio, tags: &BTreeMap<String, TagIndex>, now: Stamp, out: &mut Arrived) {
    while let Some(Delivery { topic, payload, received_at }) = radio.receive(now) {
        let Ok(Topic { kind, .. }) = Topic::parse(&topic) else { continue };
        let Ok(message) = decode(kind, &payload) else { continue };
        let (seq, sent_at) = (message.envelope.seq, message.envelope.sent_at);
        let columns = match message.body {
            Body::Data(columns) => columns,
            Body::Lab(result) => {
                out.results.push(LabRow { received_at, result });
                continue;
            }
            _ => continue,
        };
        for column in &columns {
            let Some(tag) = tags.get(column.tag.as_str()) else { continue };
            let times = column.at.iter().zip(&column.value).zip(&column.flag);
            out.readings.extend(times.map(|((at, value), flag)| ReadingRow {
                tag: *tag,
                observed_at: *at,
                received_at,
                value: *value,
                flag: *flag,
                seq,
                sent_at,
            }));
        }
    }
}

#[cfg(all(test, feature = "epanet"))]
mod tests {
    use super::*;
    use crate::base::problem::Source;
    use crate::exercise::labels::Lack;
    use crate::plant::sample;
    use crate::scenario::load;

    const TRIP: &str = r#"
title = { en = "The pump trips", zh = "水泵跳闸" }
plant = "small"
start = 2024-12-05T08:00:00+08:00
duration_h = 3
seed = 7

[[inject]]
id = "trip"
at_min = 60
until_min = 90
kind = "pump-trip"
target = "P-1"
"#;

    /// Rows of readings, rows of truth, and the labels of a run.
    fn record(text: &str) -> (Vec<ReadingRow>, usize, Vec<Label>) {
        let plant = Arc::new(sample::plant());
        let scenario =
            load(&Source::new("s.toml", text), &[Arc::clone(&plant)]).expect("a scenario");
        let mut recording =
            Recording::new(&plant, &scenario, scenario.seed).expect("the plant starts");
        let (mut readings, mut steps) = (Vec::new(), 0);
        while let Some(rows) = recording.step().expect("it goes on") {
            readings.extend_from_slice(&rows.arrived.readings);
            steps += 1;
        }
        let (rest, labels) = recording.finish();
        readings.extend(rest.readings);
        (readings, steps, labels)
    }

    #[test]
    fn every_reading_of_a_sound_link_arrives_once_and_after_it_was_made() {
        let (readings, steps, _) = record(TRIP);
        assert_eq!((readings.len(), steps), (2 * 180, 180), "two tags, once a minute");
        assert!(readings.iter().all(|row| row.received_at > row.observed_at));
        let mut seen: Vec<_> = readings.iter().map(|row| (row.tag, row.observed_at)).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), readings.len());
    }

    #[test]
    fn a_tripped_pump_reaches_the_village_and_the_label_says_so() {
        let (_, _, labels) = record(TRIP);
        assert!(labels[0].lacks().contains(&Lack::Pressure), "{labels:?}");
        assert_eq!(labels[0].people(&sample::plant().profile), 1_000);
    }

    #[test]
    fn what_happens_to_nobody_is_laid_to_nobody() {
        let quiet = TRIP
            .replace("kind = \"pump-trip\"\ntarget = \"P-1\"", "kind = \"demand\"\nfactor = 1.0");
        let (_, _, labels) = record(&quiet);
        assert!(labels[0].villages.is_empty(), "{labels:?}");
    }
}
