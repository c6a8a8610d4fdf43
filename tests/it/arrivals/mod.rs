//! The whole monitor, by every rule that ships, before what plants in trouble say: whatever becomes
//! of their messages on the way, and whenever the monitor is restarted, the alarms are the same;
//! and what makes no sense is refused or flagged, counted, told, and costs nobody else anything.
//!
//! `SANMEN_ARRIVALS=20 cargo nextest run arrivals` draws twenty times as much.
#![expect(clippy::disallowed_methods, reason = "edge: the environment says how much")]

mod forgery;
mod nonsense;
mod order;
mod restart;

use std::collections::BTreeMap;
use std::sync::Arc;

use sanmen::alarms::event::AlarmEvent;
use sanmen::base::ids::Space;
use sanmen::base::problem::Source;
use sanmen::base::random::Seed;
use sanmen::base::{PlantId, Span, Stamp};
use sanmen::cli::library::{self, Library};
use sanmen::ingest::Bounds;
use sanmen::inspection::book::Book;
use sanmen::ledger::record::Record;
use sanmen::monitor::{Input, Monitor, MonitorSettings, Outcome};
use sanmen::plant::Plant;
use sanmen::scenario::load;
use sanmen::simulator::{Batch, Outgoing, Run, Simulator};
use sanmen::telemetry::radio::DELAY;
use sanmen::telemetry::topic::{Kind, Topic};

/// A message of a plant, and when it would come if nothing kept it.
#[derive(Clone)]
struct Sent {
    plant: usize,
    kind: Kind,
    at: Stamp,
    payload: Vec<u8>,
}

/// What some plants say, in the order of time; real ones, to the monitor.
struct Days {
    plants: Vec<Arc<Plant>>,
    book: Book,
    sent: Vec<Sent>,
}

/// Two days of the Sanmen plant: long enough for what is judged by a day of its past (events), with
/// a dosing pump that runs dry (levels), a burst (expressions), and instruments that fail.
const SANMEN: &str = r#"
title = { en = "Everything at Sanmen", zh = "三门水厂诸事" }
plant = "sanmen"
condition = "normal"
start = 2024-12-05T00:00:00+08:00
duration_h = 40
step_s = 300
seed = 20241205
residents = true
laboratory = true

[[inject]]
id = "stuck"
at_min = 300
until_min = 600
kind = "instrument-stuck"
target = "AIT-401"

[[inject]]
id = "burst"
at_min = 600
until_min = 800
kind = "burst"
target = "FL-1"
m3_per_h_at_20_m = 90

[[inject]]
id = "waste"
at_min = 1800
until_min = 2100
kind = "raw-pollution"
conductivity_us_per_cm = 60
rise_h = 2
recession_h = 12

[[inject]]
id = "prime"
at_min = 1830
kind = "dosing-no-flow"
target = "DP-1"
keep_signal = true
"#;

/// What `plant` says in a scenario.
fn play(plant: &Arc<Plant>, text: &str, index: usize) -> Vec<Sent> {
    let scenario = load(&Source::new("arrivals.toml", text), std::slice::from_ref(plant))
        .unwrap_or_else(|problems| unreachable!("{}\n{text}", problems.render(false)));
    let run = Run { seed: None, boot_id: 1, exercise: None, batch: Batch::default() };
    let mut simulator = Simulator::new(Arc::clone(plant), &scenario, run).expect("it starts");
    let mut sent = Vec::new();
    let mut keep = |messages: Vec<Outgoing>| {
        sent.extend(messages.into_iter().map(|it| {
            let at = it.due + DELAY;
            Sent { plant: index, kind: it.kind, at, payload: it.payload }
        }));
    };
    while !simulator.is_over() {
        keep(simulator.step().expect("it goes on").messages.into_iter().collect());
    }
    keep(simulator.close().into_iter().collect());
    sent
}

impl Days {
    fn of(days: Vec<(Arc<Plant>, String)>) -> Self {
        let book = Library::default().book().expect("the rules ship");
        let all = days.iter().enumerate();
        let mut sent: Vec<Sent> =
            all.flat_map(|(index, (plant, text))| play(plant, text, index)).collect();
        sent.sort_by_key(|it| it.at);
        Self { plants: days.into_iter().map(|(plant, _)| plant).collect(), book, sent }
    }

    /// Two days at Sanmen.
    fn long() -> Self {
        let sanmen = Library::default().plant("sanmen").expect("the plant ships");
        Self::of(vec![(sanmen, SANMEN.to_owned())])
    }

    /// Three plants in the troubles of `seed`, six hours each.
    fn short(seed: u64) -> Self {
        Self::three(seed, drawn)
    }

    /// Three plants without troubles, six hours each: what is wrong then is their messages.
    fn clean(seed: u64) -> Self {
        Self::three(seed, |plant, seed| {
            let text = drawn(plant, seed);
            text.split("\n[[inject]]").next().unwrap_or_default().to_owned()
        })
    }

    fn three(seed: u64, drawn: impl Fn(&Arc<Plant>, u64) -> String) -> Self {
        let sanmen = Library::default().plant("sanmen").expect("the plant ships");
        let fleet = library::fleet("xianning").expect("the fleet ships");
        let mut days = vec![(Arc::clone(&sanmen), drawn(&sanmen, seed))];
        for works in fleet.draw(Seed(seed), 2) {
            let plant = fleet.plant(&works, Seed(seed));
            let plant = plant.unwrap_or_else(|found| unreachable!("{}", found.render(false)));
            let plant = Arc::new(plant);
            days.push((Arc::clone(&plant), drawn(&plant, seed)));
        }
        Self::of(days)
    }

    fn monitor(&self) -> Monitor {
        let bounds = Bounds { lateness: LATENESS, ..Bounds::default() };
        Monitor::new(self.plants.clone(), self.book.clone(), MonitorSettings { bounds })
    }

    fn arrival(&self, sent: &Sent, received_at: Stamp) -> (Stamp, Input) {
        let space = Space::new("arrivals").expect("an id");
        let topic = Topic { space, plant: self.plants[sent.plant].id.clone(), kind: sent.kind };
        (received_at, Input::arrival(topic.to_string(), &sent.payload, received_at))
    }

    /// Everything as it was sent, with a tick every minute.
    fn plain(&self) -> Vec<Input> {
        let heard = self.sent.iter().map(|it| self.arrival(it, it.at)).collect();
        let (first, last) = (self.sent[0].at, self.sent[self.sent.len() - 1].at);
        let minutes = (last - first).as_ms() / 60_000;
        in_order(heard, (0..minutes).map(|min| first + Span::minutes(min)))
    }
}

/// The troubles that the swarm draws.
fn drawn(plant: &Arc<Plant>, seed: u64) -> String {
    let text = crate::swarm::draw::scenario(plant, seed, None);
    // One day for all, so that they are heard together.
    let start = text.lines().find(|line| line.starts_with("start")).expect("it has a start");
    text.replace(start, "start = 2024-12-05T06:00:00+08:00")
}

/// How late readings may come.
const LATENESS: Span = Span::minutes(20);

/// Arrivals and ticks in the order of time; then time passes until nothing can come any more.
fn in_order(mut heard: Vec<(Stamp, Input)>, ticks: impl Iterator<Item = Stamp>) -> Vec<Input> {
    heard.extend(ticks.map(|now| (now, Input::Tick { now })));
    heard.sort_by_key(|(at, _)| *at);
    let end = heard.last().map_or(Stamp::MAX, |(at, _)| *at);
    let rest = (1..=6).map(|n| Input::Tick { now: end + Span::minutes(20 * n) });
    heard.into_iter().map(|(_, input)| input).chain(rest).collect()
}

fn hear(monitor: &mut Monitor, inputs: &[Input]) -> Vec<Outcome> {
    inputs.iter().map(|input| monitor.accept(input)).collect()
}

fn records(outcomes: &[Outcome]) -> Vec<Record> {
    let outputs = outcomes.iter().flat_map(|outcome| outcome.outputs.iter().cloned());
    outputs.map(Record::from).collect()
}

/// The alarms of each plant, in the order of its ledger.
fn alarms(outcomes: &[Outcome]) -> BTreeMap<PlantId, Vec<AlarmEvent>> {
    let mut alarms: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for record in records(outcomes) {
        if let Record::Alarm(event) = record {
            alarms.entry(event.id.plant.clone()).or_default().push(event);
        }
    }
    alarms
}

/// How many times as much is drawn as by default.
fn more() -> u64 {
    std::env::var("SANMEN_ARRIVALS").ok().and_then(|number| number.parse().ok()).unwrap_or(1)
}
