//! What an edge node says: our messages of one plant as payloads.
//!
//! Numbers begin anew with every session, which is one connection; what a session before it could
//! not deliver is said again in the next, marked as historical.

use std::collections::BTreeMap;

use srad_types::payload::metric::Value;
use srad_types::payload::{DataType, Message as _, Metric, Payload};

use super::metric::{self, born, millis, payload, told};
use super::topic::{Group, Kind, Topic};
use super::{BD_SEQ, EXERCISE, REBIRTH};
use crate::base::{Flag, PlantId, Span, Stamp, TagId};
use crate::telemetry::wire::{Body, Clock, Column, MESSAGE_BYTES_MAX, Message, TagBirth};

/// The device whose metrics are the instruments of a plant.
pub const DEVICE: &str = "instruments";

/// Aliases of instruments begin here; before them are those of the node.
const INSTRUMENTS_FROM: u64 = 16;

/// Most readings of one message: 24 bytes each, 70 where there is something to say of its quality.
const READINGS_MAX: usize = 256;

/// So many numbers a gap is at most: beyond that nobody can tell it from an old message.
const GAP_MAX: u64 = 128;

/// Topic and payload.
pub type Said = (String, Vec<u8>);

/// An edge node: a plant's gateway as a host of Sparkplug sees it.
#[derive(Debug, Clone)]
pub struct Edge {
    group: Group,
    plant: PlantId,
    bd_seq: u8,
    /// The number of the next message.
    seq: u8,
    /// Have its births been said in this session?
    born: bool,
    /// The latest time that it has said.
    now: Stamp,
    exercise: Option<String>,
    clock: Option<Clock>,
    tags: Vec<TagBirth>,
    /// The last reading of each instrument.
    last: BTreeMap<TagId, Reading>,
    /// The same of what the broker has: where the next session begins.
    delivered: BTreeMap<TagId, Reading>,
    /// The number of our own wire that comes next in this boot.
    next: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    at: Stamp,
    value: Option<f64>,
    flag: Flag,
}

impl Edge {
    /// The node of a plant, at `now`, whose first session has the number `bd_seq`.
    pub fn new(group: Group, plant: PlantId, bd_seq: u8, now: Stamp) -> Self {
        Self {
            group,
            plant,
            bd_seq,
            seq: 0,
            born: false,
            now,
            exercise: None,
            clock: None,
            tags: Vec::new(),
            last: BTreeMap::new(),
            delivered: BTreeMap::new(),
            next: None,
        }
    }

    /// Begins another session. Its births say what the broker has: what it has not comes after
    /// them, in order, and nothing overtakes it.
    pub fn next_session(&mut self) {
        self.bd_seq = self.bd_seq.wrapping_add(1);
        (self.seq, self.born, self.next) = (0, false, None);
        self.last.clone_from(&self.delivered);
    }

    /// What its instruments are, by a birth that will be said later.
    pub fn learn(&mut self, message: &Message) {
        if let Body::Birth(birth) = &message.body
            && self.tags.is_empty()
        {
            self.tags.clone_from(&birth.tags);
            self.exercise.clone_from(&message.envelope.exercise);
        }
    }

    /// Does it know its instruments?
    pub fn knows_itself(&self) -> bool {
        !self.tags.is_empty()
    }

    /// `message` is the oldest that is to come. Births that have no reading to tell of are before
    /// its readings: what is older than a birth would be late.
    pub fn begin_before(&mut self, message: &Message) {
        if self.delivered.is_empty() {
            let of_data = match &message.body {
                Body::Data(columns) => columns.iter().flat_map(|it| &it.at).min().copied(),
                _ => None,
            };
            let oldest = of_data.unwrap_or(message.envelope.sent_at);
            self.now = self.now.min(oldest - Span::ms(1));
        }
    }

    /// Is a message of a later start of the plant than what this session has said?
    pub fn is_another_start(&self, message: &Message) -> bool {
        self.next.is_some_and(|(boot, _)| message.envelope.boot_id > boot)
    }

    /// The plant has started anew, at `at`: of an exercise, its time may have gone back, and what
    /// was read then has not been read yet.
    pub fn start_anew(&mut self, at: Stamp) {
        if at < self.now {
            self.last.clear();
            self.delivered.clear();
        }
        self.now = at;
    }

    /// The broker has all of a message.
    pub fn delivered(&mut self, message: &Message) {
        if let Body::Data(columns) = &message.body {
            for (tag, reading) in columns.iter().flat_map(readings) {
                keep_newest(&mut self.delivered, tag, reading);
            }
        }
    }

    /// What the broker is to say should the session end without a goodbye.
    pub fn will(&self) -> Said {
        let payload = payload(self.now, None, vec![self.bd_seq(self.now)]);
        self.said(Kind::Death, None, &payload)
    }

    /// The topic under which a host asks for births.
    pub fn commands(&self) -> String {
        let (group, node) = (self.group.as_str(), self.plant.as_str());
        Topic { group, kind: Kind::Command, node, device: None }.to_string()
    }

    /// Does a message ask for births?
    pub fn is_rebirth(&self, topic: &str, payload: &[u8]) -> bool {
        let is_it = |metric: &Metric| {
            metric.name.as_deref() == Some(REBIRTH)
                && metric.value == Some(Value::BooleanValue(true))
        };
        topic == self.commands()
            && payload.len() <= MESSAGE_BYTES_MAX
            && Payload::decode(payload).is_ok_and(|payload| payload.metrics.iter().any(is_it))
    }

    /// Its births, as far as it knows itself: numbers begin with 0 again.
    pub fn births(&mut self) -> Vec<Said> {
        if self.tags.is_empty() {
            return Vec::new();
        }
        (self.seq, self.born) = (0, true);
        let at = self.now;
        let mut rebirth = born(REBIRTH, None, at, DataType::Boolean);
        rebirth.set_value(Value::BooleanValue(false));
        let mut metrics = vec![self.bd_seq(at), rebirth];
        if let Some(name) = &self.exercise {
            let mut metric = born(EXERCISE[0], Some(0), at, DataType::String);
            metric.set_value(Value::StringValue(name.clone()));
            metrics.push(metric);
            let kinds = [DataType::DateTime, DataType::DateTime, DataType::Double];
            for ((alias, name), kind) in (1..).zip(&EXERCISE[1..]).zip(kinds) {
                let mut metric = born(name, Some(alias), at, kind);
                if let Some(clock) = &self.clock {
                    metric.set_value(of_clock(clock, alias));
                }
                metrics.push(metric);
            }
        }
        let node = self.numbered(Kind::Birth, None, at, metrics);
        let instruments = (INSTRUMENTS_FROM..).zip(&self.tags);
        let metrics = instruments.map(|(alias, tag)| self.instrument(alias, tag)).collect();
        let device = self.numbered(Kind::Birth, Some(DEVICE), at, metrics);
        vec![node, device]
    }

    /// A message of ours as payloads; `historical`: it could not be said when it was news. None for
    /// what Sparkplug knows no place for, and for what was said before.
    pub fn say(&mut self, message: &Message, historical: bool) -> Vec<Said> {
        let envelope = &message.envelope;
        let Some(is_late) = self.place(message) else { return Vec::new() };
        if !is_late {
            self.now = self.now.max(envelope.sent_at);
            self.exercise.clone_from(&envelope.exercise);
        }
        match &message.body {
            Body::Birth(birth) => {
                self.tags.clone_from(&birth.tags);
                self.births()
            }
            Body::Data(columns) => {
                let mut said = if self.born { Vec::new() } else { self.births() };
                said.extend(self.data(columns, envelope.sent_at, historical || is_late));
                said
            }
            Body::Clock(clock) => {
                self.clock = Some(*clock);
                if !self.born {
                    return Vec::new(); // its births will say it
                }
                let metrics =
                    (1..=3).zip([DataType::DateTime, DataType::DateTime, DataType::Double]);
                let metrics = metrics.map(|(alias, kind)| {
                    let mut metric = told(alias, envelope.sent_at, kind);
                    metric.set_value(of_clock(clock, alias));
                    metric
                });
                vec![self.numbered(Kind::Data, None, envelope.sent_at, metrics.collect())]
            }
            Body::Death if self.born => {
                let at = envelope.sent_at;
                self.born = false;
                let device = self.numbered(Kind::Death, Some(DEVICE), at, Vec::new());
                let payload = payload(at, None, vec![self.bd_seq(at)]);
                vec![device, self.said(Kind::Death, None, &payload)]
            }
            Body::Death | Body::Ticket(_) | Body::Lab(_) => Vec::new(),
        }
    }

    /// Does a message come late? None: it has been said. Numbers that are missing are missing in
    /// ours too, so that whoever listens knows of them.
    fn place(&mut self, message: &Message) -> Option<bool> {
        let (boot, seq) = (message.envelope.boot_id, message.envelope.seq);
        if !matches!(message.body, Body::Birth(_) | Body::Data(_)) {
            return Some(false);
        }
        let (known, next) = self.next.filter(|(known, _)| *known >= boot).unwrap_or((boot, seq));
        if boot < known {
            return None;
        }
        if seq < next {
            return matches!(message.body, Body::Data(_)).then_some(true);
        }
        let gap = (seq - next).min(GAP_MAX);
        self.seq = self.seq.wrapping_add(gap as u8);
        self.next = Some((boot, seq + 1));
        Some(false)
    }

    fn bd_seq(&self, at: Stamp) -> Metric {
        let mut metric = born(BD_SEQ, None, at, DataType::Int64);
        metric.set_value(Value::LongValue(self.bd_seq.into()));
        metric
    }

    /// An instrument as its birth describes it.
    fn instrument(&self, alias: u64, tag: &TagBirth) -> Metric {
        let last = self.last.get(&tag.tag);
        let at = last.map_or(self.now, |last| last.at);
        let mut metric = born(tag.tag.as_str(), Some(alias), at, DataType::Double);
        let mut said = vec![
            (metric::UNIT, metric::text(&tag.unit)),
            (metric::LOW, metric::double(tag.range.0)),
            (metric::HIGH, metric::double(tag.range.1)),
            (metric::QUANTITY, metric::text(tag.quantity.name())),
            (metric::POLL_MS, metric::long(tag.poll_ms.as_ms())),
        ];
        if let Some(Reading { value, flag, .. }) = last {
            metric.value = value.map(Value::DoubleValue);
            metric.is_null = value.is_none().then_some(true);
            said.extend(metric::of_flag(*flag));
        }
        if last.is_none_or(|last| last.flag == Flag::Good) {
            said.push(metric::good());
        }
        metric.properties = metric::properties(said);
        metric
    }

    /// Readings, oldest first. Each message says as its time that of the oldest reading still to
    /// come, the last one `sent_at`.
    fn data(&mut self, columns: &[Column], sent_at: Stamp, historical: bool) -> Vec<Said> {
        let mut all: Vec<(u64, Reading)> = Vec::new();
        for (tag, reading) in columns.iter().flat_map(readings) {
            let at = self.tags.iter().position(|known| known.tag == *tag);
            let Some(alias) = at.map(|at| INSTRUMENTS_FROM + at as u64) else { continue };
            all.push((alias, reading));
            keep_newest(&mut self.last, tag, reading);
        }
        all.sort_by_key(|(alias, reading)| (reading.at, *alias));
        let mut said = Vec::new();
        let mut parts = parts(&all).into_iter().peekable();
        while let Some(part) = parts.next() {
            let next = parts.peek().and_then(|part| part.first()).map(|(_, first)| first.at);
            let at = next.map_or(sent_at, |next| next.min(sent_at));
            let metrics =
                part.iter().map(|(alias, reading)| of_reading(*alias, reading, historical));
            said.push(self.numbered(Kind::Data, Some(DEVICE), at, metrics.collect()));
        }
        said
    }

    /// The next message of the session.
    fn numbered(
        &mut self,
        kind: Kind,
        device: Option<&str>,
        at: Stamp,
        metrics: Vec<Metric>,
    ) -> Said {
        let payload = payload(at, Some(self.seq), metrics);
        self.seq = self.seq.wrapping_add(1);
        self.said(kind, device, &payload)
    }

    fn said(&self, kind: Kind, device: Option<&str>, payload: &Payload) -> Said {
        let (group, node) = (self.group.as_str(), self.plant.as_str());
        (Topic { group, kind, node, device }.to_string(), payload.encode_to_vec())
    }
}

/// The readings of a column.
fn readings(column: &Column) -> impl Iterator<Item = (&TagId, Reading)> {
    let lists = column.at.iter().zip(&column.value).zip(&column.flag);
    lists.map(|((at, value), flag)| (&column.tag, Reading { at: *at, value: *value, flag: *flag }))
}

fn keep_newest(last: &mut BTreeMap<TagId, Reading>, tag: &TagId, reading: Reading) {
    match last.get_mut(tag) {
        Some(known) if known.at > reading.at => {}
        Some(known) => *known = reading,
        None => drop(last.insert(tag.clone(), reading)),
    }
}

/// Readings in parts that are messages of their own.
fn parts(readings: &[(u64, Reading)]) -> Vec<&[(u64, Reading)]> {
    let (mut parts, mut begin, mut bytes) = (Vec::new(), 0, 0);
    for (at, (_, reading)) in readings.iter().enumerate() {
        let more = if reading.flag == Flag::Good { 32 } else { 80 };
        if at - begin >= READINGS_MAX || bytes + more > MESSAGE_BYTES_MAX - 64 {
            parts.push(&readings[begin..at]);
            (begin, bytes) = (at, 0);
        }
        bytes += more;
    }
    if begin < readings.len() {
        parts.push(&readings[begin..]);
    }
    parts
}

fn of_reading(alias: u64, reading: &Reading, historical: bool) -> Metric {
    let mut metric = told(alias, reading.at, DataType::Double);
    if let Some(value) = reading.value {
        metric.set_value(Value::DoubleValue(value));
    }
    metric.is_historical = historical.then_some(true);
    metric.properties = metric::properties(metric::of_flag(reading.flag));
    metric
}

fn of_clock(clock: &Clock, alias: u64) -> Value {
    match alias {
        1 => Value::LongValue(millis(clock.sim)),
        2 => Value::LongValue(millis(clock.wall)),
        _ => Value::DoubleValue(clock.speed),
    }
}
