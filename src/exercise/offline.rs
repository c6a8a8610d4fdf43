//! A scenario played offline: one thread, simulated time, as fast as the processor.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::alarms::command::Reply;
use crate::alarms::event::{AlarmChange, AlarmEvent};
use crate::alarms::flood::FloodEvent;
use crate::base::ids::Space;
use crate::base::random::Seed;
use crate::base::{Flag, PlantId, Span, Stamp, TagId};
use crate::exercise::answers::{Answers, Unanswered, objection};
use crate::exercise::stranger::{Guard, Said, Stranger};
use crate::ingest::observation::TicketEvent;
use crate::inspection::book::Book;
use crate::ledger::chain::Heads;
use crate::ledger::record::{Entry, Record};
use crate::monitor::{Input, Monitor, MonitorSettings};
use crate::plant::Plant;
use crate::plant::network::LinkIndex;
use crate::plant::tags::TagIndex;
use crate::scenario::Scenario;
use crate::scenario::exercise::attack::Attack;
use crate::simulator::{Batch, Outgoing, Run, Simulator, SimulatorError};
use crate::telemetry::radio::{Delivery, Radio};
use crate::telemetry::topic::Topic;
use crate::world::truth::{LinkTruth, Truth};
use crate::world::{Outside, Soundness};

/// Why a scenario cannot be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The plant has no next step.
    #[error("the plant cannot be simulated")]
    Simulator(#[from] SimulatorError),
    /// Whoever wanted it wants it no more.
    #[error("it was stopped")]
    Stopped,
    /// A record cannot be kept.
    #[error("a record does not become JSON")]
    Record(#[from] serde_json::Error),
}

/// What a played scenario leaves behind.
#[derive(Debug, Clone)]
pub struct Played {
    /// The seed it was played with.
    pub seed: Seed,
    /// The ledger: what the monitor said, chained.
    pub entries: Vec<Entry>,
    /// When each of them was known, on the monitor's clock.
    pub kept: Vec<Stamp>,
    /// What was true: one value a step.
    pub truths: Series,
    /// What the tags showed, doubtful or not.
    pub shown: Series,
    /// Readings the monitor accepted.
    pub readings: u64,
    /// Answers of people that could not be given.
    pub unanswered: Vec<Unanswered>,
    /// Can the truth be trusted?
    pub soundness: Soundness,
    /// When and where something lay outside the range of the model.
    pub outside: Vec<Outside>,
    /// What the pumps took and lifted since the start, step by step: those that expectations name.
    pub pumps: BTreeMap<LinkIndex, Vec<Lifting>>,
    /// What all pumps took for each m³ they lifted, kWh; none when they lifted nothing.
    pub kwh_per_m3: Option<f64>,
}

/// What a pump has done since the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lifting {
    /// Up to then.
    pub at: Stamp,
    /// Electrical energy.
    pub kwh: f64,
    /// Water.
    pub m3: f64,
}

impl Lifting {
    fn new(at: Stamp, link: &LinkTruth) -> Self {
        Self { at, kwh: link.energy_kwh, m3: link.lifted.as_m3() }
    }
}

/// Values over time, in each tag's unit: whole for the tags that expectations name, from shortly
/// before its first alarm for any other.
#[derive(Debug, Clone, Default)]
pub struct Series {
    kept: BTreeMap<TagIndex, Vec<(Stamp, f64)>>,
    recent: BTreeMap<TagIndex, VecDeque<(Stamp, f64)>>,
}

impl Series {
    /// What is known of a tag, by rising time; empty when nothing was kept.
    pub fn of(&self, tag: TagIndex) -> &[(Stamp, f64)] {
        self.kept.get(&tag).map_or(&[], Vec::as_slice)
    }

    fn keep(&mut self, tag: TagIndex) {
        let recent = self.recent.remove(&tag).unwrap_or_default();
        self.kept.entry(tag).or_insert_with(|| recent.into());
    }

    fn push(&mut self, tag: TagIndex, at: Stamp, value: f64) {
        if let Some(series) = self.kept.get_mut(&tag) {
            series.push((at, value));
            return;
        }
        let recent = self.recent.entry(tag).or_default();
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back((at, value));
    }
}

/// Values of a tag that are at hand when it raises an alarm that nobody expected: enough to see
/// an on-delay of ten minutes.
const RECENT: usize = 12;

impl Played {
    /// Every change of an alarm, in the ledger's order.
    pub fn alarm_events(&self) -> impl Iterator<Item = &AlarmEvent> {
        alarm_events(&self.entries)
    }

    /// Every flood of alarms that began or ended, in the ledger's order.
    pub fn floods(&self) -> impl Iterator<Item = &FloodEvent> {
        self.entries.iter().filter_map(|entry| match &entry.record {
            Record::Flood(event) => Some(event),
            _ => None,
        })
    }

    /// Every complaint, in the ledger's order.
    pub fn tickets(&self) -> impl Iterator<Item = &TicketEvent> {
        self.entries.iter().filter_map(|entry| match &entry.record {
            Record::Ticket(event) => Some(event),
            _ => None,
        })
    }

    fn keep(&mut self, plant: &Plant, tag: &TagId) {
        let index = plant.instruments.iter().position(|i| i.tag.id == *tag).map(TagIndex);
        if let Some(index) = index {
            self.truths.keep(index);
            self.shown.keep(index);
        }
    }

    /// How many alarms were raised.
    pub fn alarms_raised(&self) -> usize {
        self.alarm_events().filter(|event| event.change == AlarmChange::Raised).count()
    }
}

/// Changes of alarms among records, in their order.
pub(super) fn alarm_events(entries: &[Entry]) -> impl Iterator<Item = &AlarmEvent> {
    entries.iter().filter_map(|entry| match &entry.record {
        Record::Alarm(event) => Some(event),
        Record::Ingest(_)
        | Record::Ticket(_)
        | Record::Lab(_)
        | Record::Quality(_)
        | Record::Flood(_)
        | Record::Monitor(_) => None,
    })
}

/// Plays `scenario` from start to end through both halves and the wire between them.
pub fn play(
    plant: &Arc<Plant>,
    scenario: &Scenario,
    book: &Book,
    seed: Option<Seed>,
) -> Result<Played, PlayError> {
    Ok(play_until(plant, scenario, book, seed, Stamp::MAX)?.0)
}

/// The same up to the first step at or after `until`; with the monitor as it stands then.
pub fn play_until(
    plant: &Arc<Plant>,
    scenario: &Scenario,
    book: &Book,
    seed: Option<Seed>,
    until: Stamp,
) -> Result<(Played, Monitor), PlayError> {
    let seed = seed.unwrap_or(scenario.seed);
    let stage = staged(plant, scenario, Stage::new(plant, scenario, book, seed), until)?;
    Ok((stage.played, stage.monitor))
}

/// All that reaches the monitor in a scenario, and what is true beside it: no rule changes it, so
/// that other rules can be held against it without simulating again.
#[derive(Debug, Clone)]
pub struct Tape {
    inputs: Vec<Input>,
    /// What was played, without what the monitor said.
    blank: Played,
}

/// Plays `scenario` as `play` does, and keeps what reached the monitor.
pub fn record(
    plant: &Arc<Plant>,
    scenario: &Scenario,
    book: &Book,
    seed: Option<Seed>,
) -> Result<(Played, Tape), PlayError> {
    let seed = seed.unwrap_or(scenario.seed);
    let mut stage = Stage::new(plant, scenario, book, seed);
    stage.tape = Some(Vec::new());
    let mut stage = staged(plant, scenario, stage, Stamp::MAX)?;
    let inputs = stage.tape.take().unwrap_or_default();
    let blank = Played {
        entries: Vec::new(),
        kept: Vec::new(),
        shown: Series::default(),
        readings: 0,
        unanswered: Vec::new(),
        ..stage.played.clone()
    };
    Ok((stage.played, Tape { inputs, blank }))
}

impl Tape {
    /// The same scenario with these rules; what the tags showed is not kept.
    pub fn play(
        &self,
        plant: &Arc<Plant>,
        scenario: &Scenario,
        book: &Book,
    ) -> Result<Played, PlayError> {
        let mut stage = Stage::new(plant, scenario, book, self.blank.seed);
        stage.played = self.blank.clone();
        for input in &self.inputs {
            stage.take(input)?;
        }
        Ok(stage.played)
    }
}

/// The stage after the scenario, or after the first step at or after `until`.
fn staged<'a>(
    plant: &'a Arc<Plant>,
    scenario: &Scenario,
    mut stage: Stage<'a>,
    until: Stamp,
) -> Result<Stage<'a>, PlayError> {
    let seed = stage.played.seed;
    let name = exercise_name(scenario, seed);
    let (mut simulator, mut air) = begin(plant, (scenario, name), seed, &mut stage)?;
    while !simulator.is_over() && simulator.now() < until {
        air.step(&mut simulator, &mut stage)?;
    }
    stage.sum_up(&simulator);
    if simulator.is_over() {
        air.close(simulator, &mut stage)?;
    }
    Ok(stage)
}

/// A plant at the start of a scenario, which is called so in messages, and the air between it and
/// the monitor of `stage`.
pub(super) fn begin(
    plant: &Arc<Plant>,
    (scenario, exercise): (&Scenario, Option<String>),
    seed: Seed,
    stage: &mut Stage<'_>,
) -> Result<(Simulator, Air), PlayError> {
    let run = Run { seed: Some(seed), boot_id: BOOT, exercise, batch: Batch::default() };
    let simulator = Simulator::new(Arc::clone(plant), scenario, run)?;
    stage.keep_expected(scenario, &simulator);
    Ok((simulator, Air { radio: Radio::default(), plant: plant.id.clone(), beset: None }))
}

/// What lies between a plant and its monitor when both are offline.
pub(super) struct Air {
    radio: Radio,
    plant: PlantId,
    /// Somebody else is in the air, and what keeps him out.
    beset: Option<(Stranger, Guard)>,
}

impl Air {
    /// A stranger comes, who will say `attacks`: from now on the plant signs what it says.
    pub(super) fn beset(&mut self, attacks: &[Attack], start: Stamp, seed: Seed) {
        let space = Space::new(SPACE).expect("a constant that is an id");
        let who = (space, self.plant.clone());
        let stranger = Stranger::new(who, attacks.to_vec(), start, seed);
        self.beset = Some((stranger, Guard::new(&self.plant, start, seed)));
    }

    /// Everybody goes where the stranger cannot follow.
    pub(super) fn leave_stranger(&mut self) {
        if let Some((stranger, _)) = &mut self.beset {
            stranger.lose();
        }
    }

    fn send(&mut self, message: Outgoing) {
        let space = Space::new(SPACE).expect("a constant that is an id");
        let topic = Topic { space, plant: self.plant.clone(), kind: message.kind }.to_string();
        let payload = match &self.beset {
            Some((_, guard)) => guard.sign(&topic, message.payload),
            None => message.payload,
        };
        self.radio.send(topic, payload, message.due);
    }

    /// The plant goes a step on, and the monitor hears of it, and of whoever else speaks.
    pub(super) fn step(
        &mut self,
        simulator: &mut Simulator,
        stage: &mut Stage<'_>,
    ) -> Result<(), PlayError> {
        let step = simulator.step()?;
        stage.see(step.now, step.truth, step.at_tags);
        let now = step.now;
        for message in step.messages {
            self.send(message);
        }
        while let Some(delivery) = self.radio.receive(now) {
            let input = self.arrival(delivery);
            stage.take(&input)?;
        }
        if let Some((stranger, guard)) = &mut self.beset {
            for said in stranger.say(now) {
                stage.take(&guard.judge(said, now))?;
            }
        }
        stage.take(&Input::Tick { now })
    }

    fn arrival(&mut self, delivery: Delivery) -> Input {
        let Delivery { topic, payload, received_at } = delivery;
        match &mut self.beset {
            Some((stranger, guard)) => {
                stranger.overhear(received_at, &topic, &payload);
                guard.judge(Said { topic, payload, retained: false }, received_at)
            }
            // It has come no way on which anybody could have changed it.
            None => Input::arrival(topic, &payload, received_at),
        }
    }

    /// The plant shuts down; what is still in the air comes through.
    fn close(mut self, simulator: Simulator, stage: &mut Stage<'_>) -> Result<(), PlayError> {
        let end = simulator.now();
        for message in simulator.close() {
            self.send(message);
        }
        while let Some(delivery) = self.radio.receive(end + Span::HOUR) {
            let input = self.arrival(delivery);
            stage.take(&input)?;
        }
        Ok(())
    }
}

/// The name that marks an exercise in every message.
pub fn exercise_name(scenario: &Scenario, seed: Seed) -> Option<String> {
    let path = scenario.source.path.as_str();
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".toml");
    // On the wire a name is 1 to 64 plain ASCII characters.
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let stem: String = stem.chars().take(40).map(plain).collect();
    Some(format!("{stem}-{}", seed.0))
}

/// The name that marks an exercise with people in every message: they hear all of them, and that of
/// its file may say what they are to find out.
pub fn neutral_name(seed: Seed) -> String {
    format!("exercise-{}", seed.0)
}

/// Offline, the plant's gateway starts once.
const BOOT: u64 = 1;

/// Offline, nobody else is in the air.
const SPACE: &str = "offline";

/// The monitor half of a played scenario, and the people before it.
pub(super) struct Stage<'a> {
    plant: &'a Plant,
    monitor: Monitor,
    heads: Heads,
    answers: Answers,
    played: Played,
    /// What came from outside, when it is kept.
    tape: Option<Vec<Input>>,
    /// Everything that the monitor heard, people too, when it is kept.
    inputs: Option<Vec<Input>>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(plant: &'a Arc<Plant>, scenario: &Scenario, book: &Book, seed: Seed) -> Self {
        let monitor =
            Monitor::new(vec![Arc::clone(plant)], book.clone(), MonitorSettings::default());
        let played = Played {
            seed,
            entries: Vec::new(),
            kept: Vec::new(),
            truths: Series::default(),
            shown: Series::default(),
            readings: 0,
            unanswered: Vec::new(),
            soundness: Soundness::default(),
            outside: Vec::new(),
            pumps: BTreeMap::new(),
            kwh_per_m3: None,
        };
        let (heads, answers) = (Heads::default(), Answers::of(scenario, plant, book));
        Self { plant, monitor, heads, answers, played, tape: None, inputs: None }
    }

    /// The same, that keeps everything the monitor hears.
    pub(super) fn keeping_inputs(self) -> Self {
        Self { inputs: Some(Vec::new()), ..self }
    }

    /// What the monitor has heard so far, where it is kept.
    pub(super) fn take_inputs(&mut self) -> Vec<Input> {
        self.inputs.take().unwrap_or_default()
    }

    /// What expectations name is kept whole.
    fn keep_expected(&mut self, scenario: &Scenario, simulator: &Simulator) {
        let played = &mut self.played;
        for tag in scenario.expectations.iter().filter_map(|e| e.alarm.tag.as_ref()) {
            played.keep(self.plant, tag);
        }
        for LinkIndex(pump) in scenario.energy.iter().map(|expectation| expectation.pump) {
            let start = Lifting::new(scenario.start, &simulator.truth().links[pump]);
            played.pumps.insert(LinkIndex(pump), vec![start]);
        }
    }

    /// What is true after a step.
    fn see(&mut self, now: Stamp, truth: &Truth, at_tags: &[Option<f64>]) {
        for (LinkIndex(pump), series) in &mut self.played.pumps {
            series.push(Lifting::new(now, &truth.links[*pump]));
        }
        for (tag, value) in at_tags.iter().enumerate() {
            if let Some(value) = value {
                self.played.truths.push(TagIndex(tag), now, *value);
            }
        }
    }

    /// How many records there are.
    pub(super) fn records(&self) -> usize {
        self.played.entries.len()
    }

    /// Changes of alarms among the records from the `first`th on.
    pub(super) fn events_since(&self, first: usize) -> impl Iterator<Item = &AlarmEvent> {
        alarm_events(&self.played.entries[first..])
    }

    /// What was played.
    pub(super) fn into_played(self) -> Played {
        self.played
    }

    /// What can be said of the simulation so far.
    pub(super) fn sum_up(&mut self, simulator: &Simulator) {
        let played = &mut self.played;
        played.soundness = simulator.soundness();
        played.outside = simulator.outside().to_vec();
        let links = &simulator.truth().links;
        let kwh: f64 = links.iter().map(|link| link.energy_kwh).sum();
        let m3: f64 = links.iter().map(|link| link.lifted.as_m3()).sum();
        played.kwh_per_m3 = (m3 > 0.0).then(|| kwh / m3);
    }

    /// Something comes from outside, or time passes: then people answer what is due.
    fn take(&mut self, input: &Input) -> Result<(), PlayError> {
        self.hear(input)?;
        if let Input::Tick { now } = *input {
            self.answer(now)?;
        }
        if let Some(tape) = &mut self.tape {
            tape.push(input.clone());
        }
        Ok(())
    }

    /// The monitor takes an input; what follows is kept.
    pub(super) fn hear(&mut self, input: &Input) -> Result<Option<Reply>, PlayError> {
        if let Some(inputs) = &mut self.inputs {
            inputs.push(input.clone());
        }
        let outcome = self.monitor.accept(input);
        let played = &mut self.played;
        played.readings += outcome.observations.len() as u64;
        for observation in &outcome.observations {
            if observation.flag != Flag::Missing {
                played.shown.push(observation.tag, observation.observed_at, observation.value);
            }
        }
        let records: Vec<Record> = outcome.outputs.into_iter().map(Record::from).collect();
        for record in &records {
            if let Record::Alarm(event) = record
                && event.change == AlarmChange::Raised
            {
                self.answers.see(event);
                if let Some(tag) = &event.id.tag {
                    played.keep(self.plant, tag);
                }
            }
        }
        if !records.is_empty() {
            let sealed = self.heads.seal(&records)?;
            self.heads.advance(&sealed);
            let at = input.at().or(played.kept.last().copied()).unwrap_or(Stamp::MAX);
            played.kept.extend(sealed.iter().map(|_| at));
            played.entries.extend(sealed.into_iter().map(|sealed| sealed.entry));
        }
        Ok(outcome.reply)
    }

    /// People answer what they answer by `now`.
    fn answer(&mut self, now: Stamp) -> Result<(), PlayError> {
        for (answer, command) in self.answers.due(now) {
            let at = command.at;
            let reply = self.hear(&Input::Command(command))?;
            self.played.unanswered.extend(objection(answer, at, reply.as_ref()));
        }
        Ok(())
    }
}
