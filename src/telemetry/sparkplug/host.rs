//! What a host hears of a group: births, values and deaths of its nodes as messages of our wire.
//!
//! A session of a node becomes a boot of its plants, and the numbers of the node become theirs.
//! What a host cannot know without a birth it does not guess: it asks for one.

mod book;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use srad_types::payload::metric::Value;
use srad_types::payload::{DataType, Message as _, Metric, Payload};

pub use book::{Book, Names};

use super::metric;
use super::session::{Meaning, PlantState, Session, Standing};
use super::topic::{Group, Kind, Topic};
use super::{BD_SEQ, EXERCISE, PAYLOAD_BYTES_MAX, REBIRTH, SAMPLE_BYTES};
use crate::base::ids::Space;
use crate::base::{Flag, PlantId, Span, Stamp, TagId};
use crate::telemetry::encoding::{Encoding, Translated};
use crate::telemetry::mapping::{Foreign, Misfit, Reading, Unfit};
use crate::telemetry::topic;
use crate::telemetry::wire::{
    self, Birth, Body, Clock, Column, Envelope, Message, NUMBER_MAX, TagBirth,
};

/// Most nodes that are followed, besides those that are called like a plant of ours.
const NODES_MAX: usize = 1_024;

/// Most metrics of one message.
const MESSAGE_METRICS_MAX: usize = super::session::METRICS_MAX;

/// A node is asked again for its births after so long, then after twice as long, …
const ASK_AGAIN: Span = Span::seconds(30);

/// … and at least once in this time. Nothing asked for so long is as if nothing had been.
const ASK_AGAIN_MOST: Span = Span::minutes(10);

/// Longest text of what did not fit, in characters.
const DETAIL_CHARS: usize = 120;

/// A host application, as far as a monitor is one: it hears, and asks for births.
#[derive(Debug, Clone)]
pub struct Host {
    group: Group,
    space: Space,
    book: Book,
    nodes: BTreeMap<String, Node>,
    asks: bool,
}

#[derive(Debug, Clone, Default)]
struct Node {
    session: Option<Session>,
    /// What the last session knew, if it is over, and the latest time that it said.
    remembered: Option<(BTreeMap<PlantId, PlantState>, Stamp)>,
    last_boot: u64,
    /// When it was last asked for its births, and how long after that it may be asked again.
    asked: Option<(Stamp, Span)>,
}

/// What a message gives.
#[derive(Default)]
struct Telling {
    messages: Vec<(PlantId, Message)>,
    late: Vec<Reading>,
    wrong: Vec<(Misfit, Option<PlantId>, String)>,
    /// Something is not understood that a birth would explain.
    ask: bool,
}

impl Telling {
    fn refuse(&mut self, why: Misfit, plant: Option<&PlantId>, detail: impl Into<String>) {
        self.wrong.push((why, plant.cloned(), detail.into()));
    }
}

/// One reading of ours.
struct Told {
    tag: TagId,
    at: Stamp,
    value: Option<f64>,
    flag: Flag,
    historical: bool,
}

impl Host {
    /// A host of `group` that makes of what it hears messages of `space`; `asks`: may it ask nodes
    /// for their births?
    pub fn new(group: Group, space: Space, book: Book, asks: bool) -> Self {
        Self { group, space, book, nodes: BTreeMap::new(), asks }
    }

    fn take(&mut self, topic: Topic<'_>, payload: &Payload, wall: Stamp, told: &mut Telling) {
        let plant = self.book.plant(topic.node, topic.device);
        if plant.is_none()
            && !self.nodes.contains_key(topic.node)
            && (self.nodes.len() >= NODES_MAX || topic.kind != Kind::Birth)
        {
            let (why, most) = (Misfit::UnknownPlant, NODES_MAX);
            let text =
                format!("{} is no plant; at most {most} other nodes are followed", topic.node);
            return told.refuse(why, None, text);
        }
        let node = self.nodes.entry(topic.node.to_owned()).or_default();
        let hearing = Hearing { book: &self.book, topic, plant: plant.as_ref() };
        match (topic.kind, topic.device) {
            (Kind::Birth, None) => hearing.node_birth(node, payload, wall, told),
            (Kind::Birth, Some(_)) => hearing.device_birth(node, payload, told),
            (Kind::Data, _) => hearing.data(node, payload, told),
            (Kind::Death, None) => hearing.node_death(node, payload, told),
            (Kind::Death, Some(device)) => hearing.device_death(node, device, payload, told),
            (Kind::Command, _) => {}
        }
    }

    /// The question for births, if it is time for it.
    fn question(&mut self, about: Topic<'_>, wall: Stamp) -> Option<(String, Vec<u8>)> {
        let is_ours = self.book.plant(about.node, about.device).is_some();
        let has_ours = |node: &Node| node.session.as_ref().is_some_and(|it| !it.plants.is_empty());
        let node = self.nodes.get_mut(about.node).filter(|_| self.asks)?;
        if !is_ours && !has_ours(node) {
            return None;
        }
        let wait = match node.asked {
            Some((at, wait)) if wall - at < wait => return None,
            Some((at, wait)) if wall - at < ASK_AGAIN_MOST * 2 => (wait * 2).min(ASK_AGAIN_MOST),
            _ => ASK_AGAIN,
        };
        node.asked = Some((wall, wait));
        let mut rebirth = metric::born(REBIRTH, None, wall, DataType::Boolean);
        rebirth.set_value(Value::BooleanValue(true));
        let payload = metric::payload(wall, None, vec![rebirth]);
        let group = self.group.as_str();
        let topic = Topic { group, kind: Kind::Command, node: about.node, device: None };
        Some((topic.to_string(), payload.encode_to_vec()))
    }

    /// As a message of our wire: its topic and its payload.
    fn written(&self, plant: &PlantId, message: &Message) -> (String, Vec<u8>) {
        let (space, plant, kind) = (self.space.clone(), plant.clone(), message.body.kind());
        (topic::Topic { space, plant, kind }.to_string(), message.encode())
    }
}

impl Encoding for Host {
    fn is_of(&self, topic: &str) -> bool {
        Topic::parse(topic).is_some_and(|topic| topic.group == self.group.as_str())
    }

    fn read(&mut self, topic: &str, payload: &[u8], wall: Stamp) -> Translated {
        let Some(parsed) = Topic::parse(topic) else { return Translated::default() };
        let mut told = Telling::default();
        match decode(payload) {
            Ok(payload) => self.take(parsed, &payload, wall, &mut told),
            Err((why, text)) => {
                let plant = self.book.plant(parsed.node, parsed.device);
                told.refuse(why, plant.as_ref(), text);
            }
        }
        let question = told.ask.then(|| self.question(parsed, wall)).flatten();
        let messages = told.messages.iter().map(|(plant, message)| self.written(plant, message));
        let messages = messages.collect();
        let aside = (!told.late.is_empty() || !told.wrong.is_empty()).then(|| Foreign {
            topic: topic.to_owned(),
            received_at: wall,
            lateness: Span::ZERO,
            readings: told.late,
            refused: unfit(told.wrong, payload),
        });
        Translated { messages, aside, question }
    }
}

fn decode(payload: &[u8]) -> Result<Payload, (Misfit, String)> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err((Misfit::TooLarge, format!("more than {PAYLOAD_BYTES_MAX} bytes")));
    }
    let payload = Payload::decode(payload).map_err(|e| (Misfit::NotSparkplug, e.to_string()))?;
    if payload.metrics.len() > MESSAGE_METRICS_MAX {
        return Err((Misfit::TooMany, format!("more than {MESSAGE_METRICS_MAX} metrics")));
    }
    Ok(payload)
}

/// What did not fit, each kind once.
fn unfit(wrong: Vec<(Misfit, Option<PlantId>, String)>, payload: &[u8]) -> Vec<Unfit> {
    let mut all: Vec<Unfit> = Vec::new();
    let begin = payload.get(..SAMPLE_BYTES).unwrap_or(payload);
    let sample = STANDARD.encode(begin);
    for (reason, plant, detail) in wrong {
        match all.iter_mut().find(|it| it.reason == reason && it.plant == plant) {
            Some(same) => same.count += 1,
            None => all.push(Unfit {
                plant,
                reason,
                count: 1,
                detail: detail.chars().take(DETAIL_CHARS).collect(),
                sample: sample.clone(),
            }),
        }
    }
    all
}

/// One message on its way.
struct Hearing<'h> {
    book: &'h Book,
    topic: Topic<'h>,
    /// The plant that its node or device is.
    plant: Option<&'h PlantId>,
}

impl Hearing<'_> {
    /// The number and the time of a message. Errors: it has none, which is said.
    fn head(&self, payload: &Payload, told: &mut Telling) -> Option<(u8, Stamp)> {
        let number = payload.seq.and_then(|seq| u8::try_from(seq).ok());
        if number.is_none() {
            let text = format!("seq {:?} is not 0 to 255", payload.seq);
            told.refuse(Misfit::BadSeq, self.plant, text);
        }
        let at = metric::moment(payload.timestamp);
        if at.is_none() {
            let text = format!("{:?} is no time", payload.timestamp);
            told.refuse(Misfit::BadTime, self.plant, text);
        }
        number.zip(at)
    }

    fn node_birth(&self, node: &mut Node, payload: &Payload, wall: Stamp, told: &mut Telling) {
        let Some((number, at)) = self.head(payload, told) else { return };
        let named =
            |name: &str| payload.metrics.iter().find(|metric| metric.name.as_deref() == Some(name));
        let Some(bd_seq) = named(BD_SEQ).and_then(metric::whole) else {
            return told.refuse(Misfit::BadSeq, self.plant, "a birth without bdSeq");
        };
        let exercise = named(EXERCISE[0]).and_then(metric::words);
        if exercise.is_some_and(|name| !wire::is_exercise(name)) {
            return told.refuse(Misfit::BadValue, self.plant, "no name of an exercise");
        }
        if let Some(same) = node.session.as_mut().filter(|session| session.bd_seq == bd_seq) {
            same.begin_again(number);
        } else {
            let wall = u64::try_from(wall.as_ms()).unwrap_or(0);
            node.last_boot = wall.max(node.last_boot + 1).min(NUMBER_MAX);
            let old = node.session.take().map(|old| (old.plants, old.said_at));
            let mut session = Session::new(bd_seq, node.last_boot, number, at);
            if let Some((plants, said_at)) = old.or(node.remembered.take()) {
                session.inherit(plants, said_at);
            }
            node.session = Some(session);
        }
        let Some(session) = &mut node.session else { return };
        session.exercise = exercise.map(str::to_owned);
        session.said_at = at;
        self.declare(session, payload, at, told);
    }

    fn device_birth(&self, node: &mut Node, payload: &Payload, told: &mut Telling) {
        let Some((session, standing, at)) = self.counted(node, payload, told) else { return };
        if standing == Standing::Late {
            told.ask = true; // it may tell of metrics that have changed since
            return;
        }
        session.forget(self.topic.device);
        self.declare(session, payload, at, told);
    }

    /// The session of a message that counts, and where it stands. None: there is nothing to read.
    fn counted<'s>(
        &self,
        node: &'s mut Node,
        payload: &Payload,
        told: &mut Telling,
    ) -> Option<(&'s mut Session, Standing, Stamp)> {
        let (number, at) = self.head(payload, told)?;
        let Some(session) = &mut node.session else {
            told.ask = true;
            told.refuse(Misfit::Unborn, self.plant, "nothing is known of it before its birth");
            return None;
        };
        let standing = session.numbers.take(number);
        match standing {
            Standing::Again => return None,
            Standing::Next { missing } if missing > 0 => {
                told.ask = true;
                // Of several plants nobody knows whose messages they were.
                let each = if session.plants.len() == 1 { missing } else { 1 };
                for plant in session.plants.values_mut() {
                    plant.next += each;
                }
            }
            Standing::Next { .. } | Standing::Late => {}
        }
        session.said_at = session.said_at.max(at);
        Some((session, standing, at))
    }

    /// Learns the metrics of a birth; says what they are of ours, and their values.
    fn declare(&self, session: &mut Session, payload: &Payload, at: Stamp, told: &mut Telling) {
        let device = self.topic.device;
        let (mut births, mut has_clock) = (Vec::new(), false);
        for one in &payload.metrics {
            let Some(name) = one.name.as_deref() else {
                told.refuse(Misfit::BadValue, self.plant, "a birth of a metric without a name");
                continue;
            };
            let part = EXERCISE.iter().position(|known| device.is_none() && *known == name);
            let meaning = match (part, self.plant) {
                (Some(part), _) => Meaning::Clock(part),
                (None, Some(plant)) => match self.book.instrument(self.topic, plant, one) {
                    Ok(Some((instrument, birth))) => {
                        births.push(birth);
                        Meaning::Reading(instrument)
                    }
                    Ok(None) => Meaning::None,
                    Err((why, text)) => {
                        told.refuse(why, self.plant, text.clone());
                        if why == Misfit::BadUnit {
                            Meaning::BadUnit(plant.clone(), text)
                        } else {
                            Meaning::None
                        }
                    }
                },
                (None, None) => Meaning::None,
            };
            if let Meaning::Clock(part) = meaning {
                has_clock |= set_clock(&mut session.clock, part, one);
            }
            if !session.declare((device, name), one.alias, (one.datatype, meaning)) {
                return told.refuse(Misfit::TooMany, self.plant, "too many metrics of one node");
            }
        }
        if !births.is_empty() || (has_clock && self.plant.is_some()) {
            self.say_birth(session, births, (at, has_clock), told);
        }
        self.values(session, payload, (at, Values::OfBirth), told);
    }

    fn say_birth(
        &self,
        session: &mut Session,
        tags: Vec<TagBirth>,
        (at, has_clock): (Stamp, bool),
        told: &mut Telling,
    ) {
        let Some(plant) = self.plant else { return };
        let state = session.plants.entry(plant.clone()).or_default();
        if !tags.is_empty() {
            state.devices.push(self.topic.device.unwrap_or_default().to_owned());
            let seq = state.next;
            state.next += 1;
            let message = said(session, plant, seq, at, Body::Birth(Birth { tags }));
            told.messages.push((plant.clone(), message));
        }
        if has_clock {
            self.say_clock(session, at, told);
        }
    }

    /// How the time of an exercise runs, in the name of one of the node's plants.
    fn say_clock(&self, session: &Session, at: Stamp, told: &mut Telling) {
        let plant = self.plant.filter(|plant| session.plants.contains_key(*plant));
        let Some(plant) = plant.or(session.plants.keys().next()) else { return };
        if session.exercise.is_none() {
            return;
        }
        let seq = session.plants.get(plant).map_or(0, |state| state.next);
        let message = said(session, plant, seq, at, Body::Clock(session.clock));
        told.messages.push((plant.clone(), message));
    }

    fn data(&self, node: &mut Node, payload: &Payload, told: &mut Telling) {
        let Some((session, standing, at)) = self.counted(node, payload, told) else { return };
        let values = if standing == Standing::Late { Values::Late } else { Values::News };
        self.values(session, payload, (at, values), told);
    }

    fn device_death(&self, node: &mut Node, device: &str, payload: &Payload, told: &mut Telling) {
        let Some((session, _, at)) = self.counted(node, payload, told) else { return };
        let is_of = |state: &PlantState| state.devices.iter().any(|known| known == device);
        let of: Vec<PlantId> = session
            .plants
            .iter()
            .filter(|(_, state)| is_of(state))
            .map(|(plant, _)| plant.clone())
            .collect();
        session.forget(Some(device));
        for plant in of {
            let state = session.plants.get(&plant).filter(|state| state.devices.is_empty());
            let Some(seq) = state.map(|state| state.next) else { continue };
            let message = said(session, &plant, seq, at, Body::Death);
            told.messages.push((plant, message));
        }
    }

    fn node_death(&self, node: &mut Node, payload: &Payload, told: &mut Telling) {
        let named = |metric: &&Metric| metric.name.as_deref() == Some(BD_SEQ);
        let Some(bd_seq) = payload.metrics.iter().find(named).and_then(metric::whole) else {
            return told.refuse(Misfit::BadSeq, self.plant, "a death without bdSeq");
        };
        // A late will of a session that has been replaced means nothing.
        let Some(session) = node.session.take_if(|session| session.bd_seq == bd_seq) else {
            return;
        };
        let at = metric::moment(payload.timestamp).unwrap_or(session.said_at);
        for (plant, state) in &session.plants {
            if !state.devices.is_empty() {
                told.messages.push((plant.clone(), said(&session, plant, 0, at, Body::Death)));
            }
        }
        node.remembered = Some((session.plants, session.said_at));
    }

    /// What the metrics of a message say.
    fn values(
        &self,
        session: &mut Session,
        payload: &Payload,
        (sent_at, values): (Stamp, Values),
        told: &mut Telling,
    ) {
        let mut readings: BTreeMap<PlantId, Vec<Told>> = BTreeMap::new();
        let mut has_clock = false;
        let mut clock = session.clock;
        for one in &payload.metrics {
            let (name, alias) = (one.name.as_deref(), one.alias);
            let found = session.find(self.topic.device, name, alias);
            let Some(declared) = found else {
                if name != Some(BD_SEQ) {
                    told.ask = true;
                    let text = format!("metric {name:?}, alias {alias:?}, of no birth");
                    told.refuse(Misfit::Unborn, self.plant, text);
                }
                continue;
            };
            match &declared.meaning {
                Meaning::BadUnit(..) if values == Values::OfBirth => {}
                Meaning::BadUnit(plant, text) => {
                    told.refuse(Misfit::BadUnit, Some(plant), text.clone());
                }
                Meaning::Clock(part) if values == Values::News => {
                    has_clock |= set_clock(&mut clock, *part, one);
                }
                Meaning::Clock(_) | Meaning::None => {}
                Meaning::Reading(instrument) => {
                    match reading(instrument, one, declared.kind, sent_at) {
                        Ok(reading) => {
                            readings.entry(instrument.plant.clone()).or_default().push(reading);
                        }
                        Err((why, text)) => {
                            let text = format!("{}: {text}", instrument.tag);
                            told.refuse(why, Some(&instrument.plant), text);
                        }
                    }
                }
            }
        }
        session.clock = clock;
        for (plant, readings) in readings {
            say_readings(session, &plant, readings, (sent_at, values), told);
        }
        if has_clock {
            self.say_clock(session, sent_at, told);
        }
    }
}

/// What kind of message the values are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    /// A birth: what was read last, which may be known.
    OfBirth,
    /// Data, in order.
    News,
    /// Data that was given up.
    Late,
}

fn reading(
    instrument: &super::session::Instrument,
    one: &Metric,
    kind: Option<u32>,
    sent_at: Stamp,
) -> Result<Told, (Misfit, String)> {
    let at = match one.timestamp {
        None => sent_at,
        Some(ms) => {
            metric::moment(Some(ms)).ok_or_else(|| (Misfit::BadTime, format!("{ms} is no time")))?
        }
    };
    let value = metric::number(one, kind).map_err(|text| (Misfit::BadValue, text))?;
    let flag = metric::flag(one).map_err(|text| (Misfit::BadFlag, text))?;
    let value = value.map(|value| instrument.convert.apply(value));
    let value = value.filter(|value| value.is_finite() && flag != Flag::Missing);
    let flag = if value.is_some() { flag } else { Flag::Missing };
    let historical = one.is_historical == Some(true);
    Ok(Told { tag: instrument.tag.clone(), at, value, flag, historical })
}

/// Readings of a plant: those that are news in messages, the others beside them.
fn say_readings(
    session: &mut Session,
    plant: &PlantId,
    readings: Vec<Told>,
    (sent_at, values): (Stamp, Values),
    told: &mut Telling,
) {
    let state = session.plants.entry(plant.clone()).or_default();
    let reached = state.reached;
    let mut columns: BTreeMap<TagId, Vec<Told>> = BTreeMap::new();
    for one in readings {
        let recent = state.recent.entry(one.tag.clone()).or_default();
        let is_known = match values {
            Values::OfBirth => one.value.is_none() || recent.reaches(one.at),
            Values::News => one.historical && recent.knows(one.at),
            Values::Late => recent.knows(one.at),
        };
        if is_known {
            continue;
        }
        if values == Values::Late || (one.historical && Some(one.at) < reached) {
            let Told { tag, at, value, flag, .. } = one;
            told.late.push(Reading { plant: plant.clone(), tag, at, value, flag });
            continue;
        }
        state.reached = state.reached.max(Some(one.at));
        recent.keep(one.at);
        columns.entry(one.tag.clone()).or_default().push(one);
    }
    let column = |(tag, mut readings): (TagId, Vec<Told>)| {
        readings.sort_by_key(|reading| reading.at);
        let at = readings.iter().map(|it| it.at).collect();
        let value = readings.iter().map(|it| it.value).collect();
        let flag = readings.iter().map(|it| it.flag).collect();
        Column { tag, at, value, flag }
    };
    let bodies = wire::split(columns.into_iter().map(column).collect());
    let mut bodies = bodies.into_iter().peekable();
    while let Some(body) = bodies.next() {
        let oldest = |body: &Vec<Column>| body.iter().filter_map(|c| c.at.first()).min().copied();
        let at = bodies.peek().and_then(oldest).map_or(sent_at, |oldest| oldest.min(sent_at));
        let state = session.plants.entry(plant.clone()).or_default();
        let seq = state.next;
        state.next += 1;
        told.messages.push((plant.clone(), said(session, plant, seq, at, Body::Data(body))));
    }
}

fn said(session: &Session, plant: &PlantId, seq: u64, sent_at: Stamp, body: Body) -> Message {
    let (boot_id, exercise) = (session.boot_id, session.exercise.clone());
    Message { envelope: Envelope { plant: plant.clone(), boot_id, seq, sent_at, exercise }, body }
}

/// Takes one part of a clock from a metric; false when it says nothing of it.
fn set_clock(clock: &mut Clock, part: usize, one: &Metric) -> bool {
    match part {
        1 => metric::time(one).map(|at| clock.sim = at).is_some(),
        2 => metric::time(one).map(|at| clock.wall = at).is_some(),
        3 => {
            let speed = metric::number(one, None).ok().flatten();
            let speed = speed.filter(|speed| (0.0..=wire::SPEED_MAX).contains(speed));
            speed.map(|speed| clock.speed = speed).is_some()
        }
        _ => false,
    }
}
