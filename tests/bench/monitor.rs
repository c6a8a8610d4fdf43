//! The monitor on readings that are decoded, and on messages.

use std::sync::Arc;

use sanmen::base::units::Quantity;
use sanmen::base::{Flag, QualityTests, Span, Stamp};
use sanmen::cli::library::Library;
use sanmen::ingest::Batch;
use sanmen::ingest::observation::{Observation, PlantIndex};
use sanmen::inspection::book::Book;
use sanmen::monitor::{Input, Inspected, Monitor, MonitorSettings};
use sanmen::plant::Plant;
use sanmen::plant::tags::TagIndex;
use sanmen::telemetry::wire::{Body, Column, Envelope, Message};

use crate::{medians, report};

/// Seconds of readings, one a second from every instrument.
const SECONDS: i64 = 3_600;

/// Seconds of readings in a message: what fits into 8 KiB.
const MESSAGE_S: i64 = 5;

/// A plant, the rules, and what it says in an hour.
pub struct Scene {
    pub plant: Arc<Plant>,
    pub book: Book,
    pub messages: Vec<Input>,
}

impl Scene {
    pub fn new() -> Self {
        let library = Library::default();
        let plant = library.plant("sanmen").expect("the plant ships");
        let book = library.book().expect("the rules ship");
        let messages = (0..SECONDS / MESSAGE_S).map(|n| message(&plant, n)).collect();
        Self { plant, book, messages }
    }
}

/// Readings a second and core, decoded; and the share of the whole that decoding takes.
pub fn bench() {
    let Scene { plant, book, messages } = Scene::new();
    let mut batches: Vec<Batch> = (0..SECONDS).map(|s| batch(&plant, s)).collect();
    let readings = SECONDS as f64 * plant.instruments.len() as f64;
    let mut decoded = || {
        let mut monitor = monitor(&plant, &book);
        let mut inspected = Inspected::default();
        for batch in &mut batches {
            for observation in &mut batch.observations {
                (observation.flag, observation.tests) = (Flag::Good, QualityTests::NONE);
            }
            monitor.inspect(batch, &mut inspected);
        }
        let Inspected { alarms, amended, .. } = inspected;
        assert!(alarms.is_empty() && amended.is_empty(), "a sound plant: {alarms:?} {amended:?}");
    };
    let mut whole = || {
        let mut monitor = monitor(&plant, &book);
        for message in &messages {
            monitor.accept(message);
        }
        assert_eq!(monitor.snapshot().readings(), readings as u64);
    };
    let [decoded, whole] = medians(7, [&mut decoded, &mut whole]);
    let rate = |time: std::time::Duration| readings / time.as_secs_f64() / 1e6;
    report(
        "monitor: decoded readings through quality tests, rules and alarms",
        &format!("{:.2} M readings/s; from JSON on, {:.2} M/s", rate(decoded), rate(whole)),
        "≥ 2 M readings/s on a quiet core",
        rate(decoded) >= 2.0,
    );
}

pub fn monitor(plant: &Arc<Plant>, book: &Book) -> Monitor {
    Monitor::new(vec![Arc::clone(plant)], book.clone(), MonitorSettings::default())
}

fn at(s: i64) -> Stamp {
    Stamp::from_ms((1_733_356_800 + s) * 1_000).expect("in range")
}

/// A value well inside the range, that moves as a live signal does.
fn value(plant: &Plant, tag: usize, s: i64) -> f64 {
    let tag = &plant.instruments[tag].tag;
    if tag.quantity == Quantity::State {
        return 1.0; // everything runs
    }
    let ripple = ((s * 7 + 3) % 11) as f64 / 1_000.0;
    let sound = match tag.quantity.unit() {
        "mg/L" if tag.quantity == Quantity::Ammonia => 0.1,
        "mg/L" => 0.6,
        "V" => 12.7,
        "NTU" => 0.2,
        "kPa" => 300.0,
        // As much as leaves the works reaches the seven villages.
        "m3/h" if tag.village.is_some() => 17.0,
        _ => tag.range.0 + 0.4 * (tag.range.1 - tag.range.0),
    };
    (sound * (1.0 + ripple) * 1_000.0).round() / 1_000.0 // three decimals, as instruments show
}

fn batch(plant: &Plant, s: i64) -> Batch {
    let reading = |tag| Observation {
        plant: PlantIndex(0),
        tag: TagIndex(tag),
        observed_at: at(s),
        received_at: at(s),
        value: value(plant, tag, s),
        flag: Flag::Good,
        tests: QualityTests::NONE,
    };
    let observations = (0..plant.instruments.len()).map(reading).collect();
    Batch {
        plant: PlantIndex(0),
        restart: false,
        link: None,
        frontier: at(s),
        late: false,
        observations,
    }
}

/// `MESSAGE_S` seconds of every instrument in one message.
fn message(plant: &Plant, n: i64) -> Input {
    let seconds = || n * MESSAGE_S..(n + 1) * MESSAGE_S;
    let column = |(tag, instrument): (usize, &sanmen::plant::tags::Instrument)| Column {
        tag: instrument.tag.id.clone(),
        at: seconds().map(at).collect(),
        value: seconds().map(|s| Some(value(plant, tag, s))).collect(),
        flag: vec![Flag::Good; MESSAGE_S as usize],
    };
    let columns = plant.instruments.iter().enumerate().map(column).collect();
    let sent_at = at((n + 1) * MESSAGE_S - 1);
    let seq = n.cast_unsigned();
    let envelope = Envelope { plant: plant.id.clone(), boot_id: 1, seq, sent_at, exercise: None };
    let payload = Message { envelope, body: Body::Data(columns) }.encode();
    let topic = format!("sanmen/v1/bench/{}/data", plant.id);
    Input::arrival(topic, &payload, sent_at + Span::SECOND)
}
