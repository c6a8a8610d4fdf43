//! What nodes say comes back as it was; what nobody could mean is refused.

use proptest::prelude::*;
use srad_types::payload::metric::Value;
use srad_types::payload::{DataType, Message as _, Metric, Payload};

use super::edge::{Edge, Said};
use super::host::{Book, Host, Names};
use super::metric;
use super::topic::{Group, Kind, Topic};
use crate::base::ids::Space;
use crate::base::units::Quantity;
use crate::base::{Flag, PlantId, Span, Stamp, TagId};
use crate::telemetry::encoding::{Encoding, Translated};
use crate::telemetry::mapping::Misfit;
use crate::telemetry::topic;
use crate::telemetry::wire::{self, Birth, Body, Clock, Column, Envelope, Message, TagBirth};

const GROUP: &str = "rural-water";

fn at(s: i64) -> Stamp {
    Stamp::from_ms(1_733_356_800_000 + s * 1_000).expect("a time")
}

fn tag(name: &str, quantity: Quantity, range: (f64, f64)) -> TagBirth {
    TagBirth {
        tag: TagId::new(name).expect("an id"),
        quantity,
        unit: quantity.unit().to_owned(),
        range,
        poll_ms: Span::MINUTE,
    }
}

fn tags() -> Vec<TagBirth> {
    vec![
        tag("AIT-301", Quantity::FreeChlorine, (0.0, 5.0)),
        tag("PIT-407", Quantity::Pressure, (0.0, 1_000.0)),
    ]
}

fn plant() -> PlantId {
    PlantId::new("sanmen").expect("an id")
}

fn group() -> Group {
    Group::new(GROUP).expect("a group")
}

fn host_with(names: Names) -> Host {
    let book = Book::new([(plant(), tags())], names);
    Host::new(group(), Space::new("k7").expect("an id"), book, true)
}

fn host() -> Host {
    host_with(Names::default())
}

fn edge() -> Edge {
    Edge::new(group(), plant(), 7, at(0))
}

fn message(seq: u64, s: i64, body: Body) -> Message {
    let exercise = Some("drill".to_owned());
    let envelope = Envelope { plant: plant(), boot_id: 3, seq, sent_at: at(s), exercise };
    Message { envelope, body }
}

fn birth() -> Message {
    message(0, 0, Body::Birth(Birth { tags: tags() }))
}

/// One reading of the first instrument.
fn data(seq: u64, s: i64, value: f64) -> Message {
    let tag = tags()[0].tag.clone();
    let (at_, value, flag) = (vec![at(s)], vec![Some(value)], vec![Flag::Good]);
    message(seq, s + 1, Body::Data(vec![Column { tag, at: at_, value, flag }]))
}

fn say(edge: &mut Edge, message: &Message) -> Vec<Said> {
    let said = edge.say(message, false);
    edge.delivered(message);
    said
}

fn hear(host: &mut Host, said: &[Said]) -> Vec<Translated> {
    said.iter().map(|(topic, payload)| host.read(topic, payload, at(10_000))).collect()
}

/// The messages of our wire that came of it.
fn heard(host: &mut Host, said: &[Said]) -> Vec<Message> {
    let all = hear(host, said).into_iter().flat_map(|told| told.messages);
    all.map(|(topic, payload)| {
        let topic = topic::Topic::parse(&topic).expect("a topic of ours");
        wire::decode(topic.kind, &payload).expect("a message of ours")
    })
    .collect()
}

fn refused(told: &Translated) -> Vec<Misfit> {
    let aside = told.aside.iter().flat_map(|aside| &aside.refused);
    aside.map(|unfit| unfit.reason).collect()
}

fn values(messages: &[Message]) -> Vec<f64> {
    let columns = messages.iter().filter_map(|message| match &message.body {
        Body::Data(columns) => Some(columns),
        _ => None,
    });
    columns.flatten().flat_map(|column| column.value.iter().flatten().copied()).collect()
}

/// A payload of a stranger.
fn stranger(kind: Kind, device: Option<&str>, seq: Option<u64>, metrics: Vec<Metric>) -> Said {
    let payload =
        Payload { timestamp: Some(1_733_356_800_000), metrics, seq, uuid: None, body: None };
    let topic = Topic { group: GROUP, kind, node: "sanmen", device };
    (topic.to_string(), payload.encode_to_vec())
}

fn bd_seq(number: u64) -> Metric {
    let mut metric = metric::born("bdSeq", None, at(0), DataType::Int64);
    metric.set_value(Value::LongValue(number));
    metric
}

fn number(name: Option<&str>, alias: u64, value: f64) -> Metric {
    let mut metric = metric::told(alias, at(60), DataType::Double);
    metric.name = name.map(str::to_owned);
    metric.set_value(Value::DoubleValue(value));
    metric
}

#[test]
fn a_plant_comes_back_as_it_spoke() {
    let (mut edge, mut host) = (edge(), host());
    let clock = message(1, 5, Body::Clock(Clock { sim: at(5), wall: at(9), speed: 60.0 }));
    let all = [birth(), data(1, 1, 0.5), clock, data(2, 61, 0.25), message(3, 70, Body::Death)];
    let said: Vec<Said> = all.iter().flat_map(|message| say(&mut edge, message)).collect();
    let kinds: Vec<&str> =
        said.iter().map(|(topic, _)| topic.split('/').nth(2).unwrap_or_default()).collect();
    assert_eq!(kinds, ["NBIRTH", "DBIRTH", "DDATA", "NDATA", "DDATA", "DDEATH", "NDEATH"]);
    let back = heard(&mut host, &said);
    let (boot, wanted) = (back[0].envelope.boot_id, all);
    assert_eq!(back.len(), wanted.len());
    for (back, mut wanted) in back.into_iter().zip(wanted) {
        // A clock says the number of the next message; all else is the same but for the boot.
        wanted.envelope.boot_id = boot;
        if matches!(wanted.body, Body::Clock(_)) {
            wanted.envelope.seq = 2;
        }
        assert_eq!(back, wanted);
    }
}

#[test]
fn numbers_wrap_and_one_that_is_missing_is_missing_on_our_wire_too() {
    let (mut edge, mut host) = (edge(), host());
    let mut said = say(&mut edge, &birth());
    for n in 1..=600 {
        said.extend(say(&mut edge, &data(n, n as i64, 0.5)));
    }
    said.remove(400);
    let told = hear(&mut host, &said);
    let asked: Vec<usize> = (0..told.len()).filter(|at| told[*at].question.is_some()).collect();
    assert_eq!(asked, [400], "a gap is a question, once");
    let mut host = self::host();
    let seqs: Vec<u64> = heard(&mut host, &said).iter().map(|it| it.envelope.seq).collect();
    let wanted: Vec<u64> = (0..=600).filter(|n| *n != 399).collect();
    assert_eq!(seqs, wanted);
}

#[test]
fn a_message_that_comes_twice_counts_once_and_a_late_one_is_kept_aside() {
    let (mut edge, mut host) = (edge(), host());
    let mut said = say(&mut edge, &birth());
    for n in 1..=4 {
        said.extend(say(&mut edge, &data(n, n as i64, n as f64)));
    }
    let late = said.remove(3);
    said.extend([said[3].clone(), late.clone(), late]);
    let told = hear(&mut host, &said);
    let count = |told: &Translated| (told.messages.len(), told.aside.is_some());
    let tail: Vec<_> = told[5..].iter().map(count).collect();
    assert_eq!(tail, [(0, false), (0, true), (0, false)]);
    let aside = told[6].aside.as_ref().expect("late readings");
    assert_eq!(aside.readings.len(), 1);
    assert!(aside.refused.is_empty());
}

#[test]
fn a_monitor_that_comes_later_asks_and_understands_after_the_rebirth() {
    let (mut edge, mut host) = (edge(), host());
    say(&mut edge, &birth());
    let before = say(&mut edge, &data(1, 1, 0.5));
    let told = hear(&mut host, &before);
    assert_eq!(refused(&told[0]), [Misfit::Unborn]);
    let (topic, payload) = told[0].question.clone().expect("it asks");
    assert!(edge.is_rebirth(&topic, &payload));
    assert_eq!(topic, "spBv1.0/rural-water/NCMD/sanmen");
    let again = hear(&mut host, &say(&mut edge, &data(2, 2, 0.6)));
    assert!(again[0].question.is_none(), "it asks politely");
    let births = edge.births();
    let back = heard(&mut host, &births);
    assert!(matches!(back[0].body, Body::Birth(_)), "{back:?}");
    assert_eq!(values(&back), [0.6], "what was read last is in the birth");
    assert_eq!(values(&heard(&mut host, &say(&mut edge, &data(3, 3, 0.7)))), [0.7]);
    // Another rebirth tells nothing new.
    assert_eq!(values(&heard(&mut host, &edge.births())), [0.0; 0]);
}

#[test]
fn a_death_counts_for_its_own_session_only() {
    let (mut edge, mut host) = (edge(), host());
    let old = edge.will();
    heard(&mut host, &say(&mut edge, &birth()));
    edge.next_session();
    let back = heard(&mut host, &edge.births());
    assert!(matches!(back[0].body, Body::Birth(_)));
    assert!(heard(&mut host, std::slice::from_ref(&old)).is_empty(), "a late will");
    let back = heard(&mut host, &[edge.will()]);
    assert!(matches!(back[..], [Message { body: Body::Death, .. }]), "{back:?}");
    assert!(heard(&mut host, &[edge.will()]).is_empty(), "once");
}

#[test]
fn what_waited_for_the_broker_comes_after_the_births_in_order() {
    let (mut edge, mut host) = (edge(), host());
    let first = [birth(), data(1, 1, 0.1)];
    let mut said: Vec<Said> = first.iter().flat_map(|message| say(&mut edge, message)).collect();
    let waits = [data(2, 2, 0.2), data(3, 3, 0.3)];
    said.extend(edge.say(&waits[0], false)); // it arrives, and nobody says so
    edge.next_session();
    said.extend(edge.births());
    said.extend(waits.iter().flat_map(|message| edge.say(message, true)));
    let told = hear(&mut host, &said);
    assert!(told.iter().all(|told| told.aside.is_none()), "none is late");
    let back = heard(&mut self::host(), &said);
    assert_eq!(values(&back), [0.1, 0.2, 0.3], "each once");
}

#[test]
fn history_that_others_have_overtaken_is_late() {
    let mut host = host();
    let mut old = number(None, 1, 0.4);
    old.timestamp = Some(metric::millis(at(30)));
    old.is_historical = Some(true);
    let birth = vec![bd_seq(0), number(Some("AIT-301"), 1, 0.5)];
    let said = [
        stranger(Kind::Birth, None, Some(0), birth),
        stranger(Kind::Data, None, Some(1), vec![old]),
    ];
    let told = hear(&mut host, &said);
    assert_eq!(told[1].messages.len(), 0);
    assert_eq!(told[1].aside.as_ref().map(|aside| aside.readings.len()), Some(1));
}

#[test]
fn other_names_and_units_become_ours() {
    let mut names = Names::default();
    names.plants.insert("gateway-7".to_owned(), "sanmen".to_owned());
    names.tags.insert("Network/Village pressure".to_owned(), "PIT-407".to_owned());
    let mut host = host_with(names);
    let mut pressure = number(Some("Village pressure"), 4, 0.21);
    pressure.properties = metric::properties(vec![(metric::UNIT, metric::text("MPa"))]);
    let mut bad = number(None, 4, 0.3);
    bad.properties = metric::properties(metric::of_flag(Flag::Fail));
    let topic = |said: Said| (said.0.replace("/sanmen", "/gateway-7"), said.1);
    let said = [
        stranger(Kind::Birth, None, Some(0), vec![bd_seq(0)]),
        stranger(Kind::Birth, Some("Network"), Some(1), vec![pressure]),
        stranger(Kind::Data, Some("Network"), Some(2), vec![bad]),
    ]
    .map(topic);
    let back = heard(&mut host, &said);
    assert_eq!(back.len(), 3, "{back:?}");
    assert!((values(&back)[0] - 210.0).abs() < 1e-9);
    let Body::Data(columns) = &back[2].body else { panic!("data") };
    assert_eq!((columns[0].tag.as_str(), columns[0].flag[0]), ("PIT-407", Flag::Fail));
}

#[test]
fn what_nobody_could_mean_is_refused() {
    let fresh = || {
        let mut host = host();
        let birth = vec![bd_seq(0), number(Some("AIT-301"), 1, 0.5)];
        hear(&mut host, &[stranger(Kind::Birth, None, Some(0), birth)]);
        host
    };
    let mut unit = number(Some("AIT-301"), 1, 0.5);
    unit.properties = metric::properties(vec![(metric::UNIT, metric::text("bar"))]);
    let mut text = number(None, 1, 0.0);
    text.set_value(Value::StringValue("high".to_owned()));
    let mut empty = number(None, 1, 0.0);
    empty.value = None;
    let mut timeless = number(None, 1, 0.0);
    timeless.timestamp = Some(u64::MAX);
    let of = |seq, metric| stranger(Kind::Data, None, seq, vec![metric]);
    let garbage = (of(None, text.clone()).0, b"{\"json\":true}".to_vec());
    let long = (garbage.0.clone(), vec![0; super::PAYLOAD_BYTES_MAX + 1]);
    for (said, why) in [
        (garbage, Misfit::NotSparkplug),
        (long, Misfit::TooLarge),
        (of(None, number(None, 1, 0.5)), Misfit::BadSeq),
        (of(Some(256), number(None, 1, 0.5)), Misfit::BadSeq),
        (of(Some(1), number(None, 99, 0.5)), Misfit::Unborn),
        (of(Some(1), number(Some("AIT-999"), 99, 0.5)), Misfit::Unborn),
        (of(Some(1), text), Misfit::BadValue),
        (of(Some(1), empty), Misfit::BadValue),
        (of(Some(1), timeless), Misfit::BadTime),
        (stranger(Kind::Data, Some("d"), Some(1), vec![number(None, 1, 1.0)]), Misfit::Unborn),
        (stranger(Kind::Birth, None, Some(0), vec![]), Misfit::BadSeq),
        (stranger(Kind::Birth, None, Some(0), vec![bd_seq(1), unit]), Misfit::BadUnit),
        (
            stranger(Kind::Birth, None, Some(0), vec![bd_seq(1), number(Some("FIT-1"), 2, 1.0)]),
            Misfit::UnknownTag,
        ),
        (stranger(Kind::Death, None, None, vec![]), Misfit::BadSeq),
    ] {
        let told = hear(&mut fresh(), std::slice::from_ref(&said)).remove(0);
        assert_eq!(refused(&told), [why], "{said:?}: {told:?}");
        assert!(told.aside.is_some_and(|aside| aside.readings.is_empty()));
    }
}

/// Topics and payloads as the reference implementation writes them.
fn reference() -> Vec<Said> {
    let lines = include_str!("../../../tests/data/sparkplug/tahu.txt").lines();
    let bytes = |hex: &str| -> Vec<u8> {
        let pair = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("digits");
        (0..hex.len() / 2).map(pair).collect()
    };
    let said = lines.filter_map(|line| line.split_once(' '));
    said.map(|(topic, hex)| (topic.to_owned(), bytes(hex))).collect()
}

#[test]
fn the_reference_implementation_is_understood() {
    let said = reference();
    let back = heard(&mut host(), &said);
    let kinds: Vec<&str> = back.iter().map(|message| message.body.kind().name()).collect();
    let wanted = ["birth", "data", "data", "data", "death"];
    assert_eq!(kinds, wanted);
    assert_eq!(values(&back), [0.5, 210.0, 0.25, 300.0]);
    let Body::Data(columns) = &back[3].body else { panic!("data") };
    let flags: Vec<Flag> = columns.iter().map(|column| column.flag[0]).collect();
    assert_eq!(flags, [Flag::Missing, Flag::Fail]);
    assert!(edge().is_rebirth(&said[4].0, &said[4].1));
}

#[test]
fn data_are_byte_for_byte_what_the_reference_implementation_writes() {
    let mut edge = edge();
    say(&mut edge, &birth());
    let mut message = data(1, 60, 0.25);
    message.envelope.sent_at = at(0);
    assert_eq!(say(&mut edge, &message), [reference()[2].clone()]);
}

#[test]
fn nodes_that_are_nobodys_take_little_and_are_asked_nothing() {
    let mut host = host();
    for n in 0..3_000 {
        let topic = format!("spBv1.0/{GROUP}/NDATA/node-{n}");
        let said = stranger(Kind::Data, None, Some(1), vec![number(None, 1, 1.0)]);
        let told = host.read(&topic, &said.1, at(0));
        assert_eq!(refused(&told), [Misfit::UnknownPlant]);
        assert!(told.question.is_none());
    }
    assert!(!host.is_of("spBv1.0/other/NDATA/sanmen") && host.is_of("spBv1.0/rural-water/NDATA/x"));
}

proptest! {
    /// Whatever a plant reads comes back, value for value and flag for flag.
    #[test]
    fn readings_come_back(
        readings in prop::collection::vec(
            (0_i64..100_000, any::<f64>(), 0_usize..5, 0_usize..2), 1..600,
        )
    ) {
        let flags = [Flag::Good, Flag::NotEvaluated, Flag::Suspect, Flag::Fail, Flag::Missing];
        let (mut edge, mut host) = (edge(), host());
        let mut columns: Vec<Column> = tags()
            .into_iter()
            .map(|it| Column { tag: it.tag, at: vec![], value: vec![], flag: vec![] })
            .collect();
        let mut readings = readings;
        readings.sort_by_key(|it| it.0);
        for (s, value, flag, tag) in readings {
            let value = Some(value).filter(|it| it.is_finite() && flags[flag] != Flag::Missing);
            columns[tag].at.push(at(s));
            columns[tag].value.push(value);
            columns[tag].flag.push(if value.is_some() { flags[flag] } else { Flag::Missing });
        }
        columns.retain(|column| !column.at.is_empty());
        let wanted = columns.clone();
        let mut said = say(&mut edge, &birth());
        said.extend(say(&mut edge, &message(1, 200_000, Body::Data(columns))));
        prop_assert!(said.iter().all(|(_, payload)| payload.len() <= wire::MESSAGE_BYTES_MAX));
        let mut back: Vec<Column> = Vec::new();
        for message in heard(&mut host, &said) {
            let Body::Data(columns) = message.body else { continue };
            for column in columns {
                match back.iter_mut().find(|it| it.tag == column.tag) {
                    Some(known) => {
                        known.at.extend(column.at);
                        known.value.extend(column.value);
                        known.flag.extend(column.flag);
                    }
                    None => back.push(column),
                }
            }
        }
        back.sort_by(|a, b| a.tag.cmp(&b.tag));
        prop_assert_eq!(back, wanted);
    }

    #[test]
    fn anything_may_come(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        kind in 0_usize..6,
    ) {
        let kind = ["NBIRTH/sanmen", "NDATA/sanmen", "NDEATH/sanmen", "DBIRTH/sanmen/d",
            "DDATA/sanmen/d", "DDEATH/sanmen/d"][kind];
        let mut host = host();
        heard(&mut host, &say(&mut edge(), &birth()));
        let told = host.read(&format!("spBv1.0/{GROUP}/{kind}"), &bytes, at(0));
        prop_assert!(told.messages.len() <= 1);
    }
}
