//! A stranger on the broker, and the signatures that keep him out, in an exercise about forged
//! messages.
//!
//! In: what the plant says, and the exercise's attacks. Out: what the stranger says and when, and
//! what is believed of everything by the keys of its day. Must not know: clocks, MQTT. He knows the
//! space and hears everything; what he has not is a key.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::base::ids::{OperatorId, RequestId, Space};
use crate::base::random::{Seed, stream};
use crate::base::{Flag, PlantId, Stamp, TagId};
use crate::ingest::gate::{Gate, Refused};
use crate::ingest::trust::{Belief, Trust, Unsigned};
use crate::monitor::Input;
use crate::scenario::exercise::attack::{Attack, AttackKind};
use crate::scenario::exercise::deed::Deed;
use crate::telemetry::request::{Command, VALID};
use crate::telemetry::signature::{PublicKey, Signer};
use crate::telemetry::topic::{Kind, Talk, TalkTopic, Topic};
use crate::telemetry::wire::{self, Body, Column, Envelope, MESSAGE_BYTES_MAX, Message};

/// Something said on the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Under which topic.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// Did the broker keep it for whoever comes later?
    pub retained: bool,
}

/// Somebody who knows the space and has no key.
#[derive(Debug)]
pub struct Stranger {
    space: Space,
    plant: PlantId,
    attacks: Vec<Attack>,
    /// What he will say again, by attack.
    heard: BTreeMap<usize, Vec<Said>>,
    /// The last message of the plant that he has read.
    last: Option<Envelope>,
    /// Up to when he has spoken.
    spoken: Stamp,
    chance: ChaCha8Rng,
    orders: u32,
}

impl Stranger {
    /// Who will say `attacks` about `plant` in `space`, from `start` on.
    pub fn new(
        (space, plant): (Space, PlantId),
        attacks: Vec<Attack>,
        start: Stamp,
        seed: Seed,
    ) -> Self {
        let chance = stream(seed, "exercise/stranger");
        let heard = BTreeMap::new();
        Self { space, plant, attacks, heard, last: None, spoken: start, chance, orders: 0 }
    }

    /// He hears what the plant says at `at`; true: he will say it again.
    pub fn overhear(&mut self, at: Stamp, topic: &str, payload: &[u8]) -> bool {
        let Ok(Topic { kind: Kind::Data, .. }) = Topic::parse(topic) else { return false };
        let mut is_kept = false;
        if let Ok(message) = wire::decode(Kind::Data, payload) {
            self.last = Some(message.envelope);
        }
        for (n, attack) in self.attacks.iter().enumerate() {
            if let AttackKind::Replay { of } = attack.kind
                && (of..=of + attack.lasting).contains(&at)
                && attack.at > self.spoken
            {
                let said =
                    Said { topic: topic.to_owned(), payload: payload.to_vec(), retained: false };
                self.heard.entry(n).or_default().push(said);
                is_kept = true;
            }
        }
        is_kept
    }

    /// What he says up to `now`, since he was asked last.
    pub fn say(&mut self, now: Stamp) -> Vec<Said> {
        let before = std::mem::replace(&mut self.spoken, now);
        let mut said = Vec::new();
        for n in 0..self.attacks.len() {
            for _ in 0..self.attacks[n].times(before, now) {
                self.attack(n, now, &mut said);
            }
        }
        said
    }

    /// He knows no longer where everybody is.
    pub fn lose(&mut self) {
        self.attacks.clear();
    }

    fn attack(&mut self, n: usize, now: Stamp, said: &mut Vec<Said>) {
        match self.attacks[n].kind.clone() {
            AttackKind::ForgedReading { tag, value } => {
                said.push(self.reading(tag, value, now, false));
            }
            AttackKind::Retained { tag, value } => said.push(self.reading(tag, value, now, true)),
            AttackKind::Replay { .. } => said.extend(self.heard.remove(&n).unwrap_or_default()),
            AttackKind::ForgedCommand { order } => said.push(self.order(&order, now)),
            AttackKind::Flood { messages } => {
                for n in 0..messages {
                    let payload = match n % 3 {
                        0 => vec![b' '; MESSAGE_BYTES_MAX + 1],
                        1 => (0..300).map(|_| self.chance.random()).collect(),
                        _ => br#"{"plant":"<script>alert(1)</script>"#.to_vec(),
                    };
                    said.push(Said { topic: self.topic(), payload, retained: false });
                }
            }
        }
    }

    fn topic(&self) -> String {
        let (space, plant) = (self.space.clone(), self.plant.clone());
        Topic { space, plant, kind: Kind::Data }.to_string()
    }

    /// A reading that would be the plant's next one.
    fn reading(&self, tag: TagId, value: f64, now: Stamp, retained: bool) -> Said {
        let next = |last: &Envelope| Envelope { seq: last.seq + 1, sent_at: now, ..last.clone() };
        let first = || Envelope {
            plant: self.plant.clone(),
            boot_id: 1,
            seq: 1,
            sent_at: now,
            exercise: None,
        };
        let envelope = self.last.as_ref().map_or_else(first, next);
        let column =
            Column { tag, at: vec![now], value: vec![Some(value)], flag: vec![Flag::Good] };
        let payload = Message { envelope, body: Body::Data(vec![column]) }.encode();
        Said { topic: self.topic(), payload, retained }
    }

    fn order(&mut self, order: &Deed, now: Stamp) -> Said {
        self.orders += 1;
        let id = RequestId::new(&format!("order-{}", self.orders)).expect("an id");
        let command = Command {
            plant: self.plant.clone(),
            id,
            issued_at: now,
            expires_at: now + VALID,
            by: OperatorId::new("li").expect("a constant that is an id"),
            verb: order.verb().name.to_owned(),
            args: order.args().to_vec(),
        };
        let head = Topic::head(&self.space, &self.plant);
        let topic = format!("{head}{}", Talk::Command.name());
        Said { topic, payload: command.encode(), retained: false }
    }
}

/// What is believed of what is said: the plant's key, and no operator's.
#[derive(Debug)]
pub struct Guard {
    signer: Signer,
    trust: Trust,
    gate: Gate,
}

impl Guard {
    /// With a key for `plant` that the seed draws, listening from `start` on.
    pub fn new(plant: &PlantId, start: Stamp, seed: Seed) -> Self {
        let mut secret = [0; 32];
        stream(seed, "exercise/key").fill(&mut secret);
        let signer = Signer::from_secret(&secret);
        let mut trust = Trust::new(Unsigned::Refuse);
        trust.add(Some(plant), signer.public(), false);
        let gate = Gate::new(Trust::new(Unsigned::Refuse), start);
        Self { signer, trust, gate }
    }

    /// The half of the plant's key that everybody may know.
    pub fn public(&self) -> PublicKey {
        self.signer.public()
    }

    /// What the plant says, signed.
    pub fn sign(&self, topic: &str, payload: Vec<u8>) -> Vec<u8> {
        self.signer.sign(topic, payload)
    }

    /// What the monitor is told of something that came at `received_at`.
    pub fn judge(&mut self, said: Said, received_at: Stamp) -> Input {
        let Said { topic, payload, retained } = said;
        if retained {
            return Input::Retained { topic, payload, received_at };
        }
        let belief = match TalkTopic::parse(&topic) {
            Ok(TalkTopic { plant, talk: Talk::Command, .. }) => {
                let asked = (topic.as_str(), payload.as_slice());
                match self.gate.admit::<Command>(&plant, asked, received_at) {
                    Ok(_) => Belief::Signed,
                    Err(Refused { doubt, detail }) => Belief::Doubted { doubt, detail },
                }
            }
            _ => self.trust.belief(&topic, &payload),
        };
        Input::Arrival { topic, payload, belief, received_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::ingest::trust::Doubt;

    fn at(min: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000).expect("a time") + Span::minutes(min)
    }

    fn attack(min: i64, kind: AttackKind) -> Attack {
        Attack { id: "a".to_owned(), at: at(min), lasting: Span::MINUTE, kind }
    }

    fn tag() -> TagId {
        TagId::new("AIT-1").expect("an id")
    }

    fn plant() -> PlantId {
        PlantId::new("small").expect("an id")
    }

    fn stranger(attacks: Vec<Attack>) -> Stranger {
        let space = Space::new("k7").expect("an id");
        Stranger::new((space, plant()), attacks, at(0), Seed(1))
    }

    fn belief(input: &Input) -> Option<&Belief> {
        match input {
            Input::Arrival { belief, .. } => Some(belief),
            _ => None,
        }
    }

    #[test]
    fn nothing_of_a_stranger_is_believed_but_what_the_plant_has_said_itself() {
        let mut guard = Guard::new(&plant(), at(0), Seed(1));
        let order = Deed::parse("set-dose 0").expect("a deed");
        let mut stranger = stranger(vec![
            attack(5, AttackKind::ForgedReading { tag: tag(), value: 0.0 }),
            attack(10, AttackKind::Replay { of: at(1) }),
            attack(15, AttackKind::Retained { tag: tag(), value: 0.5 }),
            attack(20, AttackKind::ForgedCommand { order }),
            attack(25, AttackKind::Flood { messages: 30 }),
        ]);
        let heard = stranger.reading(tag(), 0.5, at(1), false);
        let payload = guard.sign(&heard.topic, heard.payload);
        stranger.overhear(at(1), &heard.topic, &payload);
        let mut judged = |min| -> Vec<Input> {
            let said = stranger.say(at(min));
            said.into_iter().map(|it| guard.judge(it, at(min))).collect()
        };
        assert_eq!(judged(4), []);
        let forged = judged(5);
        assert!(matches!(belief(&forged[0]), Some(Belief::Doubted { doubt: Doubt::Unsigned, .. })));
        let replayed: Vec<Input> = (6..=10).flat_map(&mut judged).collect();
        let again = replayed.last().expect("the message of minute 1");
        assert_eq!(belief(again), Some(&Belief::Signed));
        assert!(matches!(again, Input::Arrival { payload: said, .. } if *said == payload));
        assert!(matches!(judged(15)[..], [Input::Retained { .. }]));
        judged(19);
        assert!(matches!(belief(&judged(20)[0]), Some(Belief::Doubted { .. })));
        judged(24);
        assert_eq!(judged(25).len(), 30);
    }

    #[test]
    fn a_stranger_who_has_lost_the_space_is_silent() {
        let mut stranger = stranger(vec![attack(5, AttackKind::Flood { messages: 3 })]);
        assert_eq!(stranger.say(at(5)).len(), 3);
        stranger.lose();
        assert_eq!(stranger.say(at(6)), []);
    }
}
