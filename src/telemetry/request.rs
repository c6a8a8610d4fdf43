//! What is asked of a plant over MQTT: its form, apart from whether it may be asked.
//!
//! Every request has a name of its own and an end, so that it can be done once and not later.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::ids::{OperatorId, RequestId};
use crate::base::{PlantId, Span, Stamp};
use crate::telemetry::signature::unsigned;
use crate::telemetry::wire::{MESSAGE_BYTES_MAX, NUMBER_MAX};

/// Longest time between the two ends of a request: so long a plant must remember it.
pub const VALID_MAX: Span = Span::minutes(5);

/// How long a request is good for unless somebody says otherwise.
pub const VALID: Span = Span::MINUTE;

/// Most messages that one request may ask for again.
pub const RESEND_MAX: u64 = 1_000;

/// What every request says.
pub trait Request: DeserializeOwned {
    /// Of whom it is asked.
    fn plant(&self) -> &PlantId;
    /// Its name.
    fn id(&self) -> &RequestId;
    /// From when until when, by the wall clock, it is good.
    fn validity(&self) -> (Stamp, Stamp);
    /// Is what it asks for possible at all?
    fn is_sound(&self) -> bool;

    /// Reads a request, signed or not; none when it is none. Whether its signature is true is for
    /// others to say.
    fn read(payload: &[u8]) -> Option<Self> {
        if payload.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let request: Self = serde_json::from_slice(&unsigned(payload.to_vec())).ok()?;
        let (issued_at, expires_at) = request.validity();
        let lasts = expires_at - issued_at;
        (lasts > Span::ZERO && lasts <= VALID_MAX && request.is_sound()).then_some(request)
    }
}

/// "Say these again": messages that somebody has missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    /// Of whom.
    pub plant: PlantId,
    /// Its name.
    pub id: RequestId,
    /// By the wall clock of whoever asks.
    pub issued_at: Stamp,
    /// Nobody answers it after that.
    pub expires_at: Stamp,
    /// Of which start of the gateway.
    pub boot_id: u64,
    /// The first number that is missing.
    pub from: u64,
    /// The last one; at most `RESEND_MAX` numbers in all.
    pub to: u64,
}

impl Resend {
    /// As it goes out, before it is signed.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers and texts are always JSON")
    }
}

impl Request for Resend {
    fn plant(&self) -> &PlantId {
        &self.plant
    }

    fn id(&self) -> &RequestId {
        &self.id
    }

    fn validity(&self) -> (Stamp, Stamp) {
        (self.issued_at, self.expires_at)
    }

    fn is_sound(&self) -> bool {
        let (from, to) = (self.from, self.to);
        from <= to && to <= NUMBER_MAX && to - from < RESEND_MAX
    }
}

/// Most words behind a verb, and the most characters of each.
const ARGS_MAX: (usize, usize) = (4, 48);

/// "Do this": what an operator orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Of whom.
    pub plant: PlantId,
    /// Its name.
    pub id: RequestId,
    /// By the wall clock of whoever orders.
    pub issued_at: Stamp,
    /// Nobody carries it out after that.
    pub expires_at: Stamp,
    /// Who says that they order it; the key says whether they may.
    pub by: OperatorId,
    /// What.
    pub verb: String,
    /// Of what, or how much.
    pub args: Vec<String>,
}

impl Command {
    /// As it goes out, before it is signed.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts are always JSON")
    }
}

impl Request for Command {
    fn plant(&self) -> &PlantId {
        &self.plant
    }

    fn id(&self) -> &RequestId {
        &self.id
    }

    fn validity(&self) -> (Stamp, Stamp) {
        (self.issued_at, self.expires_at)
    }

    fn is_sound(&self) -> bool {
        let (count, chars) = ARGS_MAX;
        let is_word = |text: &String| {
            (1..=chars).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        };
        self.args.len() <= count && is_word(&self.verb) && self.args.iter().all(is_word)
    }
}

/// What came of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// It is carried out.
    Done,
    /// The plant cannot do it.
    Refused,
}

/// "This came of it": what a plant answers to a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Who answers.
    pub plant: PlantId,
    /// Which command.
    pub id: RequestId,
    /// By the plant's own clock: simulated time in an exercise.
    pub at: Stamp,
    /// What came of it.
    pub state: Done,
    /// In words.
    pub detail: String,
}

impl Answer {
    /// As it goes out, before it is signed.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts are always JSON")
    }

    /// Reads an answer, signed or not; none when it is none.
    pub fn read(payload: &[u8]) -> Option<Self> {
        if payload.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        serde_json::from_slice(&unsigned(payload.to_vec())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_command_and_its_answer_look_as_their_page_shows_them() {
        let command = Command {
            plant: PlantId::new("sanmen").expect("an id"),
            id: RequestId::new("r1").expect("an id"),
            issued_at: at(0),
            expires_at: at(60),
            by: OperatorId::new("li").expect("an id"),
            verb: "start-pump".to_owned(),
            args: vec!["P-2".to_owned()],
        };
        let text = concat!(
            r#"{"plant":"sanmen","id":"r1","issued_at":"2024-12-05T00:00:00Z","#,
            r#""expires_at":"2024-12-05T00:01:00Z","by":"li","verb":"start-pump","args":["P-2"]}"#
        );
        assert_eq!(String::from_utf8(command.encode()).as_deref(), Ok(text));
        assert_eq!(Command::read(text.as_bytes()), Some(command.clone()));
        for wrong in [
            Command { verb: "start pump".to_owned(), ..command.clone() },
            Command { verb: String::new(), ..command.clone() },
            Command { args: vec!["x".to_owned(); 5], ..command.clone() },
            Command { args: vec!["x".repeat(49)], ..command.clone() },
        ] {
            assert_eq!(Command::read(&wrong.encode()), None, "{wrong:?}");
        }
        let Command { plant, id, .. } = command;
        let detail = "start-pump P-2".to_owned();
        let answer = Answer { plant, id, at: at(0), state: Done::Done, detail };
        let text = concat!(
            r#"{"plant":"sanmen","id":"r1","at":"2024-12-05T00:00:00Z","state":"done","#,
            r#""detail":"start-pump P-2"}"#
        );
        assert_eq!(String::from_utf8(answer.encode()).as_deref(), Ok(text));
        assert_eq!(Answer::read(text.as_bytes()), Some(answer));
    }

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000 + s * 1_000).expect("in range")
    }

    fn resend() -> Resend {
        Resend {
            plant: PlantId::new("sanmen").expect("an id"),
            id: RequestId::new("r1").expect("an id"),
            issued_at: at(0),
            expires_at: at(60),
            boot_id: 3,
            from: 17,
            to: 19,
        }
    }

    #[test]
    fn a_request_reads_back_and_looks_as_its_page_shows_it() {
        let text = concat!(
            r#"{"plant":"sanmen","id":"r1","issued_at":"2024-12-05T00:00:00Z","#,
            r#""expires_at":"2024-12-05T00:01:00Z","boot_id":3,"from":17,"to":19}"#
        );
        assert_eq!(String::from_utf8(resend().encode()).as_deref(), Ok(text));
        assert_eq!(Resend::read(text.as_bytes()), Some(resend()));
    }

    #[test]
    fn what_lasts_too_long_asks_for_too_much_or_says_more_is_no_request() {
        for wrong in [
            Resend { expires_at: at(301), ..resend() },
            Resend { expires_at: at(0), ..resend() },
            Resend { to: 16, ..resend() },
            Resend { to: 17 + RESEND_MAX, ..resend() },
            Resend { from: NUMBER_MAX, to: NUMBER_MAX + 1, ..resend() },
        ] {
            assert_eq!(Resend::read(&wrong.encode()), None, "{wrong:?}");
        }
        let text = String::from_utf8(resend().encode()).expect("JSON");
        for wrong in [
            text.replace("\"to\":19", "\"to\":19,\"more\":1"),
            text.replace("\"to\":19", "\"to\":19,\"to\":19"),
            text.replace("\"r1\"", "\"no id\""),
            text.replace("17", "-17"),
            format!("{text} {}", " ".repeat(MESSAGE_BYTES_MAX)),
        ] {
            assert_eq!(Resend::read(wrong.as_bytes()), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn anything_may_come(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Resend::read(&bytes), None);
        }
    }
}
