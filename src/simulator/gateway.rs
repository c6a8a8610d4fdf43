//! The gateway (网关) of a plant: collects readings, numbers messages, and sometimes falls silent.
//!
//! What it has to say does not depend on how often it sends: what is read while it is silent is
//! lost, and what was read before has left by the time the silence begins.

use super::{Batch, Outgoing, SimulatorError};
use crate::base::ids::InjectionId;
use crate::base::lab_result::LabResult;
use crate::base::{Flag, PlantId, Stamp, TagId};
use crate::instruments::Reading;
use crate::plant::Plant;
use crate::plant::tags::Tag;
use crate::scenario::injection::{GatewayEvent, Injection, InjectionKind};
use crate::telemetry::wire::{
    Birth, Body, Clock, Column, Envelope, MESSAGE_BYTES_MAX, Message, NUMBER_MAX, TagBirth, Ticket,
    split,
};
use crate::world::residents::Complaint;
use crate::world::situation;

/// Who a gateway says it is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The plant.
    pub plant: PlantId,
    /// Which start of it this is.
    pub boot_id: u64,
    /// The exercise it belongs to.
    pub exercise: Option<String>,
}

/// A plant's gateway, from its boot on.
#[derive(Debug)]
pub struct Gateway {
    identity: Identity,
    tags: Vec<TagId>,
    /// Until it has been sent.
    birth: Option<Birth>,
    /// The number of the next birth or data message.
    seq: u64,
    batch: Batch,
    flush_at: Stamp,
    /// What the last message said as its `sent_at`: it never goes back.
    sent_at: Stamp,
    /// Read and not yet sent.
    pending: Vec<Reading>,
    /// The last reading of each tag, for a gateway that freezes.
    last: Vec<Option<Reading>>,
    /// Those that happen to it, then those for want of power.
    silences: Vec<Injection>,
    own_silences: usize,
    freezes: Vec<Injection>,
}

impl Gateway {
    /// A gateway that boots at `start`. Errors: too many instruments for one birth.
    pub fn new(
        plant: &Plant,
        identity: Identity,
        batch: Batch,
        start: Stamp,
        injections: &[Injection],
    ) -> Result<Self, SimulatorError> {
        let tags: Vec<&Tag> = plant.instruments.iter().map(|i| i.tag.as_ref()).collect();
        let birth = Birth { tags: tags.iter().map(|tag| describe(tag)).collect() };
        let of = |wanted: fn(&GatewayEvent) -> bool| {
            let is = |injection: &&Injection| match &injection.kind {
                InjectionKind::Gateway(event) => wanted(event),
                _ => false,
            };
            injections.iter().filter(is).cloned().collect()
        };
        let mut silences: Vec<Injection> = of(|event| *event == GatewayEvent::Silence);
        let own_silences = silences.len();
        silences.extend(without_power(plant, injections));
        let gateway = Self {
            identity,
            tags: tags.iter().map(|tag| tag.id.clone()).collect(),
            birth: Some(birth.clone()),
            seq: 0,
            batch,
            flush_at: start + batch.every,
            sent_at: start,
            pending: Vec::new(),
            last: vec![None; tags.len()],
            silences,
            own_silences,
            freezes: of(|event| matches!(event, GatewayEvent::Frozen { .. })),
        };
        let bytes = gateway.message(NUMBER_MAX, start, Body::Birth(birth)).payload.len();
        if bytes > MESSAGE_BYTES_MAX {
            return Err(SimulatorError::BirthTooLarge { plant: plant.id.clone(), bytes });
        }
        Ok(gateway)
    }

    /// The same gateway after another start, which nobody has heard yet.
    pub fn again(
        &self,
        plant: &Plant,
        boot_id: u64,
        start: Stamp,
        injections: &[Injection],
    ) -> Result<Self, SimulatorError> {
        let identity = Identity { boot_id, ..self.identity.clone() };
        Self::new(plant, identity, self.batch, start, injections)
    }

    /// When it has no power, now that more is known of what happens.
    pub fn learn_power(&mut self, plant: &Plant, injections: &[Injection]) {
        self.silences.truncate(self.own_silences);
        self.silences.extend(without_power(plant, injections));
    }

    /// Something befalls it that nobody has foreseen.
    pub fn happen(&mut self, injection: Injection) {
        match injection.kind {
            InjectionKind::Gateway(GatewayEvent::Silence) => {
                self.silences.insert(self.own_silences, injection);
                self.own_silences += 1;
            }
            InjectionKind::Gateway(GatewayEvent::Frozen { .. }) => self.freezes.push(injection),
            _ => {}
        }
    }

    /// Ends its silence or freeze of this name, unless it is over by `now`.
    pub fn end(&mut self, id: &InjectionId, now: Stamp) {
        let all = self.silences[..self.own_silences].iter_mut().chain(&mut self.freezes);
        for injection in all.filter(|injection| injection.id == *id) {
            injection.end_at(now);
        }
    }

    /// Takes what was read from the last call on until `now`, and adds to `out` what is sent.
    pub fn take(&mut self, readings: &[Reading], now: Stamp, out: &mut Vec<Outgoing>) {
        let silences = &self.silences;
        let is_heard = |at: Stamp| !silences.iter().any(|silence| silence.is_active(at));
        for reading in readings.iter().filter(|reading| is_heard(reading.ready)) {
            let freeze = self.freezes.iter().find(|freeze| freeze.is_active(reading.ready));
            let Some(last) = self.last.get_mut(reading.tag.0) else { continue };
            let sent = match freeze {
                Some(freeze) => frozen(*reading, *last, freeze),
                None => *last.insert(*reading),
            };
            self.pending.push(sent);
        }
        self.pending.sort_by_key(|reading| (reading.ready, reading.tag)); // stable, mostly sorted
        self.send_birth(out);
        let begun = self.silences.iter().map(|silence| silence.from).filter(|from| *from <= now);
        if let Some(silence) = begun.max() {
            self.flush(silence, out);
        }
        if now >= self.flush_at {
            self.flush(now, out);
            while self.flush_at <= now {
                self.flush_at += self.batch.every;
            }
        }
    }

    /// Sends what is left and says goodbye at `now`, unless it is silent.
    pub fn close(&mut self, now: Stamp, out: &mut Vec<Outgoing>) {
        self.flush(now, out);
        if !self.silences.iter().any(|silence| silence.is_active(now)) {
            out.push(self.message(self.seq, now, Body::Death));
        }
    }

    /// Which start of it this is.
    pub fn boot_id(&self) -> u64 {
        self.identity.boot_id
    }

    /// What the broker says for a gateway that has vanished; made at `now`, when it connects.
    pub fn will(&self, now: Stamp) -> Outgoing {
        self.message(0, now, Body::Death)
    }

    /// How simulated time runs: at `now` it was `wall` on the wall.
    pub fn clock(&self, now: Stamp, wall: Stamp, speed: f64) -> Outgoing {
        self.message(self.seq, now, Body::Clock(Clock { sim: now, wall, speed }))
    }

    /// A complaint as the hotline passes it on; it has numbers of its own and another way than
    /// readings.
    pub fn ticket(&self, complaint: Complaint, n: u64, now: Stamp) -> Outgoing {
        let Complaint { village, problem, channel, noticed_at, filed_at } = complaint;
        let ticket = Ticket { village, problem, channel, noticed_at, filed_at };
        self.message(n, now, Body::Ticket(ticket))
    }

    /// A result as the laboratory passes it on; it has numbers of its own, and another way too.
    pub fn lab(&self, result: LabResult, n: u64, now: Stamp) -> Outgoing {
        self.message(n, now, Body::Lab(result))
    }

    /// The birth comes first, just before the first reading.
    fn send_birth(&mut self, out: &mut Vec<Outgoing>) {
        let Some(first) = self.pending.first() else { return };
        if let Some(birth) = self.birth.take() {
            out.push(self.message(self.seq, first.ready, Body::Birth(birth)));
            self.seq += 1;
        }
    }

    /// Sends everything it got before `now`. Each message says as its `sent_at` the moment of the
    /// oldest reading still to come, the last one `now`: nothing older follows it, unless an
    /// instrument's clock is wrong or its readings come late.
    fn flush(&mut self, now: Stamp, out: &mut Vec<Outgoing>) {
        let count = self.pending.partition_point(|reading| reading.ready < now);
        let mut bodies = Vec::new();
        let mut pending = std::mem::take(&mut self.pending);
        for part in pending[..count].chunks_mut(self.batch.readings.max(1)) {
            part.sort_by_key(|reading| (reading.at, reading.tag)); // a message's times rise
            bodies.extend(split(self.columns(part)));
        }
        self.pending = pending;
        self.pending.drain(..count);
        let mut bodies = bodies.into_iter().peekable();
        while let Some(body) = bodies.next() {
            let oldest =
                |body: &Vec<Column>| body.iter().filter_map(|c| c.at.first()).min().copied();
            let sent_at = bodies.peek().and_then(oldest).unwrap_or(now);
            self.sent_at = sent_at.min(now).max(self.sent_at);
            out.push(self.message(self.seq, self.sent_at, Body::Data(body)));
            self.seq += 1;
        }
    }

    /// Readings, sorted by time, as columns in the order of the tags.
    fn columns(&self, readings: &[Reading]) -> Vec<Column> {
        let mut counts = vec![0; self.tags.len()];
        for reading in readings {
            if let Some(count) = counts.get_mut(reading.tag.0) {
                *count += 1;
            }
        }
        let empty = |(tag, count): (&TagId, usize)| Column {
            tag: tag.clone(),
            at: Vec::with_capacity(count),
            value: Vec::with_capacity(count),
            flag: Vec::with_capacity(count),
        };
        let mut columns: Vec<Column> = self.tags.iter().zip(counts).map(empty).collect();
        for reading in readings {
            if let Some(column) = columns.get_mut(reading.tag.0) {
                column.at.push(reading.at);
                column.value.push(reading.value);
                column.flag.push(reading.flag);
            }
        }
        columns
    }

    fn message(&self, seq: u64, sent_at: Stamp, body: Body) -> Outgoing {
        let kind = body.kind();
        let Identity { plant, boot_id, exercise } = self.identity.clone();
        let envelope = Envelope { plant, boot_id, seq, sent_at, exercise };
        Outgoing { kind, sent_at, due: sent_at, payload: Message { envelope, body }.encode() }
    }
}

/// What a frozen gateway sends instead of `reading`: what it had `last`, if anything.
fn frozen(reading: Reading, last: Option<Reading>, freeze: &Injection) -> Reading {
    let Some(last) = last else {
        return Reading { value: None, flag: Flag::Missing, ..reading };
    };
    let old = InjectionKind::Gateway(GatewayEvent::Frozen { old_times: true });
    let at = if freeze.kind == old { last.at } else { reading.at };
    Reading { at, value: last.value, flag: last.flag, ..reading }
}

/// When the gateway has no power, as silences.
fn without_power(plant: &Plant, injections: &[Injection]) -> impl Iterator<Item = Injection> {
    let silences = situation::power(plant, injections).silences().into_iter();
    silences.map(|(from, until)| Injection {
        id: InjectionId::new("no-power").expect("a constant that is an id"),
        from,
        until,
        kind: InjectionKind::Gateway(GatewayEvent::Silence),
    })
}

/// An instrument as its birth says it.
pub fn describe(tag: &Tag) -> TagBirth {
    TagBirth {
        tag: tag.id.clone(),
        quantity: tag.quantity,
        unit: tag.quantity.unit().to_owned(),
        range: tag.range,
        poll_ms: tag.poll,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::plant::sample;
    use crate::plant::tags::TagIndex;
    use crate::telemetry::wire::decode;

    fn at(minute: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000).expect("a time") + Span::minutes(minute)
    }

    fn silence(from: i64, until: i64) -> Injection {
        Injection {
            id: InjectionId::new("s").expect("an id"),
            from: at(from),
            until: Some(at(until)),
            kind: InjectionKind::Gateway(GatewayEvent::Silence),
        }
    }

    fn every(minutes: i64) -> Batch {
        Batch { every: Span::minutes(minutes), ..Batch::default() }
    }

    fn gateway(plant: &Plant, batch: Batch, injections: &[Injection]) -> Gateway {
        let identity = Identity { plant: plant.id.clone(), boot_id: 7, exercise: None };
        Gateway::new(plant, identity, batch, at(0), injections).expect("a small birth")
    }

    /// Both instruments of the small plant read once a minute; value = minute.
    fn run(gateway: &mut Gateway, minutes: i64) -> Vec<Message> {
        let mut out = Vec::new();
        for minute in 0..minutes {
            let reading = |tag| Reading {
                tag: TagIndex(tag),
                at: at(minute),
                ready: at(minute),
                value: Some(minute as f64),
                flag: Flag::Good,
            };
            gateway.take(&[reading(0), reading(1)], at(minute + 1), &mut out);
        }
        gateway.close(at(minutes), &mut out);
        let decode = |sent: &Outgoing| {
            assert!(sent.payload.len() <= MESSAGE_BYTES_MAX);
            let message = decode(sent.kind, &sent.payload).expect("our own message");
            assert_eq!(message.envelope.sent_at, sent.sent_at);
            message
        };
        out.iter().map(decode).collect()
    }

    /// Each message in short: what, seq, minute sent, minutes of its first column.
    fn short(messages: &[Message]) -> Vec<String> {
        let minute = |stamp: Stamp| (stamp - at(0)).as_ms() / 60_000;
        let describe = |message: &Message| {
            let (seq, sent) = (message.envelope.seq, minute(message.envelope.sent_at));
            match &message.body {
                Body::Birth(_) => format!("birth {seq} @{sent}"),
                Body::Data(columns) => {
                    let minutes: Vec<i64> = columns[0].at.iter().map(|at| minute(*at)).collect();
                    format!("data {seq} @{sent} {minutes:?}")
                }
                Body::Death => format!("death {seq} @{sent}"),
                Body::Clock(_) => format!("clock {seq} @{sent}"),
                Body::Ticket(_) => format!("ticket {seq} @{sent}"),
                Body::Lab(_) => format!("lab {seq} @{sent}"),
            }
        };
        messages.iter().map(describe).collect()
    }

    #[test]
    fn the_birth_comes_first_then_numbered_data_then_the_death() {
        let plant = sample::plant();
        let messages = run(&mut gateway(&plant, Batch::default(), &[]), 3);
        let wanted =
            ["birth 0 @0", "data 1 @1 [0]", "data 2 @2 [1]", "data 3 @3 [2]", "death 4 @3"];
        assert_eq!(short(&messages), wanted);
        let Body::Birth(birth) = &messages[0].body else { panic!("a birth") };
        assert_eq!(birth.tags.len(), 2);
        assert_eq!((birth.tags[0].unit.as_str(), birth.tags[0].range), ("mg/L", (0.0, 5.0)));
    }

    #[test]
    fn a_longer_batch_carries_the_same_readings_and_its_rest_at_the_end() {
        let plant = sample::plant();
        let messages = run(&mut gateway(&plant, every(3), &[]), 5);
        let wanted = ["birth 0 @0", "data 1 @3 [0, 1, 2]", "data 2 @5 [3, 4]", "death 3 @5"];
        assert_eq!(short(&messages), wanted);
    }

    #[test]
    fn one_reading_a_message_says_how_far_the_past_is_complete() {
        let plant = sample::plant();
        let batch = Batch { every: Span::minutes(2), readings: 1 };
        let messages = run(&mut gateway(&plant, batch, &[]), 2);
        let wanted = [
            "birth 0 @0",
            "data 1 @0 [0]", // the other instrument's reading of minute 0 follows
            "data 2 @1 [0]",
            "data 3 @1 [1]",
            "data 4 @2 [1]",
            "death 5 @2",
        ];
        assert_eq!(short(&messages), wanted);
    }

    #[test]
    fn a_large_batch_is_cut_and_every_message_fits() {
        let plant = sample::plant();
        let messages = run(&mut gateway(&plant, every(900), &[]), 900);
        assert!(messages.len() > 4, "{}", messages.len());
        let count = |message: &Message| match &message.body {
            Body::Data(columns) => columns.iter().map(|column| column.at.len()).sum(),
            _ => 0,
        };
        assert_eq!(messages.iter().map(count).sum::<usize>(), 1_800);
        let numbers: Vec<u64> = messages.iter().map(|m| m.envelope.seq).collect();
        assert_eq!(numbers, (0..messages.len() as u64).collect::<Vec<_>>());
        assert!(messages.is_sorted_by_key(|message| message.envelope.sent_at));
    }

    #[test]
    fn a_silence_loses_its_readings_and_no_number_whatever_the_batch() {
        let plant = sample::plant();
        let messages = run(&mut gateway(&plant, Batch::default(), &[silence(1, 3)]), 4);
        let wanted = ["birth 0 @0", "data 1 @1 [0]", "data 2 @4 [3]", "death 3 @4"];
        assert_eq!(short(&messages), wanted);
        let messages = run(&mut gateway(&plant, every(4), &[silence(1, 3)]), 4);
        assert_eq!(short(&messages), wanted);
    }

    #[test]
    fn a_gateway_silent_from_the_start_is_born_afterwards_and_dies_without_a_word() {
        let plant = sample::plant();
        let messages = run(&mut gateway(&plant, Batch::default(), &[silence(0, 2)]), 3);
        assert_eq!(short(&messages), ["birth 0 @2", "data 1 @3 [2]", "death 2 @3"]);
        let messages = run(&mut gateway(&plant, Batch::default(), &[silence(1, 9)]), 3);
        assert_eq!(short(&messages), ["birth 0 @0", "data 1 @1 [0]"]);
    }

    #[test]
    fn a_frozen_gateway_goes_on_with_its_last_values_under_new_times() {
        let plant = sample::plant();
        let mut frozen = silence(2, 4);
        frozen.kind = InjectionKind::Gateway(GatewayEvent::Frozen { old_times: false });
        let messages = run(&mut gateway(&plant, every(5), &[frozen]), 5);
        assert_eq!(short(&messages)[1], "data 1 @5 [0, 1, 2, 3, 4]");
        let Body::Data(columns) = &messages[1].body else { panic!("data") };
        assert_eq!(columns[0].value, [0.0, 1.0, 1.0, 1.0, 4.0].map(Some));
    }

    #[test]
    fn or_under_the_old_times_with_numbers_that_go_on() {
        let plant = sample::plant();
        let mut frozen = silence(2, 4);
        frozen.kind = InjectionKind::Gateway(GatewayEvent::Frozen { old_times: true });
        let messages = run(&mut gateway(&plant, Batch::default(), &[frozen]), 5);
        let wanted = [
            "birth 0 @0",
            "data 1 @1 [0]",
            "data 2 @2 [1]",
            "data 3 @3 [1]",
            "data 4 @4 [1]",
            "data 5 @5 [4]",
            "death 6 @5",
        ];
        assert_eq!(short(&messages), wanted);
    }

    #[test]
    fn readings_with_wrong_times_go_out_in_the_order_of_their_times() {
        let plant = sample::plant();
        let mut gateway = gateway(&plant, every(3), &[]);
        let mut out = Vec::new();
        let reading =
            |at, ready| Reading { tag: TagIndex(0), at, ready, value: Some(1.0), flag: Flag::Good };
        // A clock that is set back by two minutes, and a reading that comes late.
        let (odd, late) = (reading(at(0), at(2)), reading(at(1), at(4)));
        gateway.take(&[reading(at(1), at(1)), odd, late], at(3), &mut out);
        gateway.take(&[], at(6), &mut out);
        let messages: Vec<_> =
            out.iter().map(|sent| decode(sent.kind, &sent.payload).expect("ours")).collect();
        assert_eq!(short(&messages), ["birth 0 @1", "data 1 @3 [0, 1]", "data 2 @6 [1]"]);
    }

    #[test]
    fn a_clock_carries_the_next_number_and_a_will_none() {
        let plant = sample::plant();
        let mut gateway = gateway(&plant, Batch::default(), &[]);
        run(&mut gateway, 2);
        let read = |sent: Outgoing| decode(sent.kind, &sent.payload).expect("our own message");
        assert_eq!(short(&[read(gateway.clock(at(2), at(0), 60.0))]), ["clock 3 @2"]);
        assert_eq!(short(&[read(gateway.will(at(0)))]), ["death 0 @0"]);
    }

    #[test]
    fn too_many_instruments_for_one_birth_are_refused() {
        let mut plant = sample::plant();
        plant.instruments = vec![plant.instruments[0].clone(); 200];
        let identity = Identity { plant: plant.id.clone(), boot_id: 7, exercise: None };
        let refused = Gateway::new(&plant, identity, Batch::default(), at(0), &[]);
        assert!(matches!(refused, Err(SimulatorError::BirthTooLarge { .. })));
    }
}
