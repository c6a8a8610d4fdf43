//! Messages that make no sense: refused or flagged, counted, told; never a crash, never a silent
//! drop, and nothing that the other plants notice.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom as _;
use sanmen::base::random::{Seed, stream};
use sanmen::base::{Flag, Span, Stamp};
use sanmen::ingest::observation::{IngestChange, PlantIndex};
use sanmen::ledger::record::Record;
use sanmen::monitor::{Input, Outcome};
use sanmen::telemetry::topic::Kind;
use serde_json::{Value, json};

use super::{Days, Sent, alarms, hear, in_order, more, records};

/// Who talks nonsense.
const SPEAKER: usize = 0;

/// Larger than any value that is meant.
const ABSURD: f64 = 1e12;

/// What the monitor must have counted.
#[derive(Default)]
struct Wanted {
    /// Refused, by reason.
    refused: BTreeMap<&'static str, u64>,
    /// Absurd readings: kept, and failed.
    absurd: usize,
}

/// The payload, with something in it that cannot be.
fn spoilt(payload: &[u8], chance: &mut ChaCha8Rng, wanted: &mut Wanted) -> Vec<u8> {
    let text = String::from_utf8(payload.to_vec()).expect("JSON");
    let mut message: Value = serde_json::from_str(&text).expect("JSON");
    let readings = |message: &Value| -> u64 {
        let columns = message["readings"].as_array().into_iter().flatten();
        columns.map(|column| column["ms"].as_array().map_or(0, Vec::len) as u64).sum()
    };
    let away = |message: &mut Value, days: i64| {
        let from = message["from"].as_str().and_then(|from| Stamp::parse(from).ok());
        let from = from.expect("a time").0 + Span::hours(24 * days);
        message["from"] = json!(from.to_string());
    };
    let mut refuse = |reason, count| *wanted.refused.entry(reason).or_default() += count;
    match chance.random_range(0..7) {
        0 => {
            refuse("not-json", 1);
            let word = ["NaN", "Infinity", "-Infinity", "1e999", "nan"].choose(chance);
            let word = format!("\"value\":[{},", word.expect("some"));
            return text.replacen("\"value\":[", &word, 1).into_bytes();
        }
        1 => {
            refuse("not-json", 1);
            return payload[..chance.random_range(1..payload.len())].to_vec();
        }
        2 => {
            refuse("not-utf8", 1);
            return [payload, &[0xff]].concat();
        }
        3 => {
            refuse("future", readings(&message));
            away(&mut message, 400);
        }
        4 => {
            refuse("past", readings(&message));
            away(&mut message, -400);
        }
        5 => {
            refuse("unknown-tag", 1);
            message["readings"][0]["tag"] = json!("NOBODY");
        }
        _ => {
            let values = message["readings"][0]["value"].as_array_mut().into_iter().flatten();
            for value in values.filter(|value| !value.is_null()) {
                let absurd = [f64::MAX, f64::MIN, 3.4e38, -2.0 * ABSURD];
                *value = json!(absurd.choose(chance).expect("some"));
                wanted.absurd += 1;
            }
        }
    }
    serde_json::to_vec(&message).expect("always JSON")
}

/// The inputs, two in five of the data messages of the speaker spoilt.
fn nonsense(days: &Days, seed: u64) -> (Vec<Input>, Wanted) {
    let mut chance = stream(Seed(seed), "arrivals/nonsense");
    let (mut wanted, mut heard, mut ticks) = (Wanted::default(), Vec::new(), Vec::new());
    for sent in &days.sent {
        let mut sent = sent.clone();
        if sent.plant == SPEAKER && sent.kind == Kind::Data && chance.random_bool(0.4) {
            sent.payload = spoilt(&sent.payload, &mut chance, &mut wanted);
        }
        ticks.push(sent.at);
        heard.push(days.arrival(&sent, sent.at));
    }
    (in_order(heard, ticks.into_iter()), wanted)
}

/// Readings of the speaker that are beyond what can be meant.
fn absurd(outcomes: &[Outcome]) -> Vec<Flag> {
    let observations = outcomes.iter().flat_map(|outcome| &outcome.observations);
    let absurd = observations.filter(|it| it.plant == PlantIndex(SPEAKER));
    absurd.filter(|it| it.value.abs() > ABSURD).map(|it| it.flag).collect()
}

#[test]
fn nonsense_is_counted_told_and_nobody_elses_trouble() {
    for seed in 0..2 * more() {
        let days = Days::clean(seed);
        let ticks = days.sent.iter().map(|it| it.at);
        let plain = days.sent.iter().map(|it| days.arrival(it, it.at)).collect();
        let plain = hear(&mut days.monitor(), &in_order(plain, ticks));
        let (inputs, wanted) = nonsense(&days, seed);
        let mut monitor = days.monitor();
        let found = hear(&mut monitor, &inputs);

        let snapshot = monitor.snapshot();
        let counted: Vec<(&str, u64)> =
            snapshot.refused.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        assert_eq!(counted, Vec::from_iter(wanted.refused), "seed {seed}");
        let told: u64 = records(&found).iter().map(refused).sum();
        assert_eq!(told, snapshot.refused.values().sum::<u64>(), "seed {seed}");
        let absurd = absurd(&found);
        assert!(absurd.len() == wanted.absurd && wanted.absurd > 0, "seed {seed}: {absurd:?}");
        assert!(absurd.iter().all(|flag| *flag == Flag::Fail), "seed {seed}: {absurd:?}");
        let doubted = records(&found).iter().any(|it| matches!(it, Record::Quality(_)));
        assert!(doubted, "seed {seed}");

        let (mut plain, mut found) = (alarms(&plain), alarms(&found));
        let speaker = &days.plants[SPEAKER].id;
        plain.remove(speaker);
        found.remove(speaker);
        assert_eq!(found, plain, "seed {seed}");
    }
}

fn refused(record: &Record) -> u64 {
    match record {
        Record::Ingest(event) => match event.what {
            IngestChange::Refused { count, .. } => count,
            _ => 0,
        },
        _ => 0,
    }
}

#[test]
fn a_restart_amid_nonsense_changes_nothing() {
    for seed in 0..more() {
        let days = Days::clean(seed);
        let (inputs, _) = nonsense(&days, seed);
        super::restart::restarts_of_inputs(&days, &inputs, |n, _| n % 15 == 0);
    }
}

/// The message as the next boot would say it.
fn of_the_next_boot(sent: &Sent, first: u64, back: Span) -> Sent {
    let mut message: Value = serde_json::from_slice(&sent.payload).expect("JSON");
    message["boot_id"] = json!(2);
    let seq = message["seq"].as_u64().expect("a number");
    if !matches!(sent.kind, Kind::Ticket | Kind::Lab) {
        message["seq"] = json!(seq - first + 1);
    }
    for key in ["sent_at", "from"] {
        if let Some(Ok((at, _))) = message[key].as_str().map(Stamp::parse) {
            message[key] = json!((at - back).to_string());
        }
    }
    let payload = serde_json::to_vec(&message).expect("always JSON");
    Sent { payload, ..sent.clone() }
}

/// A gateway starts anew with a clock two hours behind, which is set an hour later, and with
/// another unit for one of its instruments.
#[test]
fn a_clock_that_goes_back_and_a_unit_that_changes_are_told_and_cost_nobody_a_reading() {
    let days = Days::clean(3);
    let own = |it: &&Sent| it.plant == SPEAKER;
    let number = |sent: &Sent| -> u64 {
        let message: Value = serde_json::from_slice(&sent.payload).expect("JSON");
        message["seq"].as_u64().expect("a number")
    };
    let at = days.sent[0].at + Span::hours(3);
    let data = |it: &&Sent| it.kind == Kind::Data && it.at >= at;
    let first = number(days.sent.iter().filter(own).find(data).expect("it goes on"));
    let birth = days.sent.iter().filter(own).find(|it| it.kind == Kind::Birth).expect("a birth");
    let mut changed: Value = serde_json::from_slice(&birth.payload).expect("JSON");
    let tag = changed["tags"][0]["tag"].as_str().expect("a tag").to_owned();
    let other = if changed["tags"][0]["quantity"] == "ph" { ("voltage", "V") } else { ("ph", "1") };
    changed["tags"][0]["quantity"] = json!(other.0);
    changed["tags"][0]["unit"] = json!(other.1);
    let (boot, back) = (at - Span::seconds(30), Span::hours(2));
    changed["boot_id"] = json!(2);
    changed["sent_at"] = json!((boot - back).to_string());
    let payload = serde_json::to_vec(&changed).expect("always JSON");
    let mut heard = vec![days.arrival(&Sent { payload, ..birth.clone() }, boot)];
    for sent in &days.sent {
        let back = if sent.at < at + Span::HOUR { back } else { Span::ZERO };
        let of_next = own(&sent) && sent.at >= at;
        let sent = if of_next { of_the_next_boot(sent, first, back) } else { sent.clone() };
        heard.push(days.arrival(&sent, sent.at));
    }
    let mut monitor = days.monitor();
    let outcomes = hear(&mut monitor, &in_order(heard, days.sent.iter().map(|it| it.at)));

    let told: Vec<IngestChange> = records(&outcomes)
        .into_iter()
        .filter_map(|record| match record {
            Record::Ingest(event) => Some(event.what),
            _ => None,
        })
        .collect();
    let backs = told.iter().filter(|it| matches!(it, IngestChange::ClockBack { boot_id: 2, .. }));
    assert_eq!(backs.count(), 1, "{told:#?}");
    let is_mismatch = |it: &IngestChange| match it {
        IngestChange::TagMismatch { tag: it, .. } => it.as_str() == tag,
        _ => false,
    };
    assert!(told.iter().any(is_mismatch), "{told:#?}");
    let mut plain = days.monitor();
    hear(&mut plain, &days.plain());
    let readings = |monitor: &sanmen::monitor::Monitor| {
        monitor.snapshot().plants.into_iter().map(|it| it.counters.readings).collect::<Vec<_>>()
    };
    assert_eq!(readings(&monitor), readings(&plain), "all are kept");
    assert!(monitor.snapshot().refused.is_empty(), "and none refused");
    let of_tag = |outcome: &Outcome| {
        let observations = outcome.observations.iter();
        let tag = sanmen::plant::tags::TagIndex(
            days.plants[SPEAKER]
                .instruments
                .iter()
                .position(|it| it.tag.id.as_str() == tag)
                .expect("an instrument"),
        );
        let late = observations.filter(|it| it.received_at > at);
        late.filter(|it| it.plant == PlantIndex(SPEAKER) && it.tag == tag)
            .map(|it| it.flag)
            .collect::<Vec<_>>()
    };
    let flags: Vec<Flag> = outcomes.iter().flat_map(of_tag).collect();
    assert!(!flags.is_empty());
    let is_none_of_ours = |flag: &Flag| matches!(flag, Flag::Fail | Flag::Missing);
    assert!(flags.iter().all(is_none_of_ours), "a value of another unit: {flags:?}");
}
