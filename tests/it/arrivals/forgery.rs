//! Ten thousand messages of somebody who knows the space, and has heard everything, among what
//! three plants say and sign: not one is believed, and not one of the plants' own is lost.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};
use sanmen::alarms::event::{AlarmChange, AlarmEvent};
use sanmen::base::random::{Seed, stream};
use sanmen::base::{Span, Stamp};
use sanmen::ingest::observation::{IngestChange, IngestEvent, Observation};
use sanmen::ingest::trust::{Trust, Unsigned};
use sanmen::ledger::record::Record;
use sanmen::monitor::{Input, Outcome};
use sanmen::telemetry::signature::{Signer, unsigned};
use sanmen::telemetry::topic::Kind;

use super::{Days, Sent, hear, in_order, records};

/// So many are forged.
const HOSTILE: usize = 10_000;

/// What is done with a message that was heard.
const TRICKS: usize = 9;

fn signer(plant: usize) -> Signer {
    Signer::from_secret(&[plant as u8 + 1; 32])
}

/// What is on the wire: when, under which topic, what, and whether the broker says that it kept it.
struct Wire {
    at: Stamp,
    topic: String,
    payload: Vec<u8>,
    retained: bool,
}

impl Wire {
    fn hear(&self, trust: &Trust) -> (Stamp, Input) {
        let (topic, payload, received_at) = (self.topic.clone(), self.payload.clone(), self.at);
        let input = if self.retained {
            Input::Retained { topic, payload, received_at }
        } else {
            let belief = trust.belief(&topic, &payload);
            Input::Arrival { topic, payload, belief, received_at }
        };
        (self.at, input)
    }
}

fn topic(days: &Days, plant: usize, kind: Kind) -> String {
    format!("sanmen/v1/arrivals/{}/{}", days.plants[plant].id, kind.name())
}

fn signed(days: &Days, sent: &Sent) -> Wire {
    let topic = topic(days, sent.plant, sent.kind);
    let payload = signer(sent.plant).sign(&topic, sent.payload.clone());
    Wire { at: sent.at, topic, payload, retained: false }
}

/// What somebody makes of a message that was heard, and whether it is only said again.
fn forged(days: &Days, sent: &Sent, trick: usize, chance: &mut impl Rng) -> (Wire, bool) {
    let heard = signed(days, sent);
    let (at, mut topic, mut payload) = (sent.at + Span::ms(1), heard.topic, heard.payload);
    let other = (sent.plant + 1) % days.plants.len();
    match trick {
        0 => payload.clone_from(&sent.payload), // without its signature
        1 => payload = signer(other).sign(&topic, sent.payload.clone()),
        2 => {
            let at = chance.random_range(0..payload.len());
            payload[at] ^= 1 << chance.random_range(0..7);
        }
        3 => topic = self::topic(days, other, sent.kind),
        4 => {
            // Another boot, under the old signature.
            let text = String::from_utf8_lossy(&payload).into_owned();
            payload = text.replacen("\"boot_id\":1", "\"boot_id\":9", 1).into_bytes();
        }
        5 => payload = (0..300).map(|_| chance.random()).collect(),
        6 => payload.resize(20_000, b' '),
        7 => {
            payload = unsigned(payload);
            payload.pop();
            payload.extend_from_slice(br#","sig":"0"}"#);
        }
        _ => return (Wire { at, topic, payload, retained: false }, true),
    }
    let retained = trick == 0 && chance.random_ratio(1, 4);
    (Wire { at, topic, payload, retained }, false)
}

/// What an alarm did, whatever else stood at the time.
fn alarms(outcomes: &[Outcome]) -> (Vec<String>, Vec<AlarmEvent>) {
    let all = records(outcomes).into_iter().filter_map(|record| match record {
        Record::Alarm(event) => Some(event),
        _ => None,
    });
    let (told, own): (Vec<_>, Vec<_>) =
        all.partition(|event| event.id.rule.as_str().starts_with("messages-"));
    let line = |it: &AlarmEvent| format!("{} {:?} {} {:?}", it.id, it.change, it.at, it.state);
    (own.iter().map(line).collect(), told)
}

fn readings(outcomes: &[Outcome]) -> Vec<Observation> {
    outcomes.iter().flat_map(|outcome| outcome.observations.iter().copied()).collect()
}

/// How many were refused, by reason.
fn refused(outcomes: &[Outcome]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for record in records(outcomes) {
        if let Record::Ingest(IngestEvent { what, .. }) = record
            && let IngestChange::Refused { reason, count, .. } = what
        {
            *counts.entry(reason).or_insert(0) += count;
        }
    }
    counts
}

#[test]
fn of_ten_thousand_forged_messages_none_is_believed_and_no_genuine_one_is_lost() {
    let days = Days::short(7);
    let mut trust = Trust::new(Unsigned::Refuse);
    for (at, plant) in days.plants.iter().enumerate() {
        trust.add(Some(&plant.id), signer(at).public(), false);
    }
    let genuine: Vec<Wire> = days.sent.iter().map(|sent| signed(&days, sent)).collect();
    let ticks = || {
        let (first, last) = (days.sent[0].at, days.sent[days.sent.len() - 1].at);
        (0..(last - first).as_ms() / 60_000).map(move |min| first + Span::minutes(min))
    };
    let alone = genuine.iter().map(|wire| wire.hear(&trust)).collect();
    let alone = hear(&mut days.monitor(), &in_order(alone, ticks()));
    assert!(refused(&alone).is_empty(), "{:?}", refused(&alone));

    let mut chance = stream(Seed(20_241_206), "forger");
    let mut again = 0;
    let mut all: Vec<Wire> = genuine;
    for n in 0..HOSTILE {
        let sent = &days.sent[chance.random_range(0..days.sent.len())];
        let (wire, is_again) = forged(&days, sent, n % TRICKS, &mut chance);
        again += usize::from(is_again);
        all.push(wire);
    }
    let among = all.iter().map(|wire| wire.hear(&trust)).collect();
    let among = hear(&mut days.monitor(), &in_order(among, ticks()));

    assert_eq!(readings(&among), readings(&alone), "every reading, and no other");
    let ((own, told), (wanted, _)) = (alarms(&among), alarms(&alone));
    assert!(wanted.len() > 3, "a test needs alarms: {wanted:?}");
    assert_eq!(own, wanted);
    let counts = refused(&among);
    assert_eq!(counts.values().sum::<u64>(), (HOSTILE - again) as u64, "{counts:?}");
    for reason in ["forged", "unknown-key", "unsigned", "wrong-topic", "not-utf8", "too-large"] {
        assert!(counts.get(reason).is_some_and(|count| *count > 100), "{reason}: {counts:?}");
    }
    let raised = |rule: &str| {
        let of_rule = told.iter().filter(|event| event.id.rule.as_str() == rule);
        of_rule.filter(|event| event.change == AlarmChange::Raised).count()
    };
    let plants = days.plants.len();
    assert_eq!([raised("messages-forged"), raised("messages-broken")], [plants, plants]);
}
