//! Plays a scenario through both halves, and counts on the way what really came.

use std::collections::BTreeSet;
use std::sync::Arc;

use sanmen::base::Span;
use sanmen::base::ids::Space;
use sanmen::base::limit::Limit;
use sanmen::inspection::book::Book;
use sanmen::ledger::record::Record;
use sanmen::monitor::{Input, Monitor, MonitorSettings, PlantSnapshot};
use sanmen::plant::Plant;
use sanmen::scenario::Scenario;
use sanmen::simulator::{Batch, Outgoing, Run, Simulator};
use sanmen::telemetry::radio::Radio;
use sanmen::telemetry::topic::{Kind, Topic};
use sanmen::telemetry::wire::{Body, decode};
use sanmen::world::Soundness;
use sanmen::world::truth::Truth;

/// Messages as they came to the monitor.
#[derive(Default)]
pub struct Came {
    /// Of births and data.
    pub numbers: BTreeSet<u64>,
    /// All of them, copies too.
    pub messages: u64,
    /// Births and data.
    pub numbered: u64,
    /// In births and data, each once.
    pub readings: u64,
    pub tickets: usize,
    pub results: usize,
}

impl Came {
    fn see(&mut self, sent: &Outgoing) {
        let message = decode(sent.kind, &sent.payload).expect("our own message");
        self.messages += 1;
        self.tickets += usize::from(sent.kind == Kind::Ticket);
        self.results += usize::from(sent.kind == Kind::Lab);
        if !matches!(sent.kind, Kind::Birth | Kind::Data) {
            return;
        }
        self.numbered += 1;
        let is_new = self.numbers.insert(message.envelope.seq);
        let Body::Data(columns) = message.body else { return };
        let mut values = columns.iter().flat_map(|column| &column.value);
        assert!(values.all(|value| value.is_none_or(f64::is_finite)), "{columns:?}");
        if is_new {
            self.readings += columns.iter().map(|column| column.at.len() as u64).sum::<u64>();
        }
    }

    fn hear(&mut self, sent: Outgoing, radio: &mut Radio, topic: &Topic) {
        self.see(&sent);
        let topic = Topic { kind: sent.kind, ..topic.clone() };
        radio.send(topic.to_string(), sent.payload, sent.due);
    }
}

/// What is left in the end.
pub struct Played {
    pub came: Came,
    /// What the ledger keeps, in order.
    pub records: Vec<Record>,
    /// The plant as views show it.
    pub view: PlantSnapshot,
    pub soundness: Soundness,
    /// Did the world say that it found no pressures?
    pub says_unsolved: bool,
}

/// Plays `scenario`; `see` is shown the truth after each step, and whether all was solved so far.
pub fn play(
    plant: &Arc<Plant>,
    scenario: &Scenario,
    book: &Book,
    mut see: impl FnMut(&Truth, bool),
) -> Played {
    let run = Run { seed: None, boot_id: 1, exercise: None, batch: Batch::default() };
    let mut simulator = Simulator::new(Arc::clone(plant), scenario, run).expect("it starts");
    let mut monitor =
        Monitor::new(vec![Arc::clone(plant)], book.clone(), MonitorSettings::default());
    let space = Space::new("swarm").expect("an id");
    let topic = Topic { space, plant: plant.id.clone(), kind: Kind::Data };
    let (mut radio, mut came, mut records) = (Radio::default(), Came::default(), Vec::new());
    let mut listen = |monitor: &mut Monitor, radio: &mut Radio, now| {
        while let Some(delivery) = radio.receive(now) {
            let (topic, received_at) = (delivery.topic, delivery.received_at);
            let arrival = Input::arrival(topic, &delivery.payload, received_at);
            records.extend(monitor.accept(&arrival).outputs.into_iter().map(Record::from));
        }
        let outcome = monitor.accept(&Input::Tick { now });
        records.extend(outcome.outputs.into_iter().map(Record::from));
    };
    while !simulator.is_over() {
        let step = simulator.step().expect("it goes on");
        let (now, messages) = (step.now, step.messages);
        see(simulator.truth(), simulator.soundness().unsolved == 0);
        for sent in messages {
            came.hear(sent, &mut radio, &topic);
        }
        listen(&mut monitor, &mut radio, now);
    }
    let (end, soundness) = (simulator.now(), simulator.soundness());
    let says_unsolved = simulator.outside().iter().any(|it| it.limit == Limit::Unsolved);
    for sent in simulator.close() {
        came.hear(sent, &mut radio, &topic);
    }
    listen(&mut monitor, &mut radio, end + Span::HOUR);
    let view = monitor.snapshot().plants.swap_remove(0);
    Played { came, records, view, soundness, says_unsolved }
}
