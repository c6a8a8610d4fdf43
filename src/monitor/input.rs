//! What the monitor is told, and how the ledger keeps it.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::alarms::command::Command;
use crate::base::{Span, Stamp};
use crate::ingest::trust::Belief;
use crate::telemetry::mapping::Foreign;

/// First byte of an arrival that nobody had to sign, as it is kept; JSON begins otherwise.
const UNSIGNED: u8 = 1;
/// The same of one that is signed.
const SIGNED: u8 = 2;

/// Bytes of a kept input that are no input.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// An arrival that breaks off, or is out of time.
    #[error("an arrival is damaged")]
    Damaged,
    /// Anything else.
    #[error("an input is not as this version writes it")]
    Unreadable(#[from] serde_json::Error),
}

/// What the monitor is told. Everything it does follows from these, in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// A message came.
    Arrival {
        /// Its topic.
        topic: String,
        /// Its payload, whatever it is.
        #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
        payload: Vec<u8>,
        /// What is believed of it, by the keys of its day.
        #[serde(default, skip_serializing_if = "Belief::is_unsigned")]
        belief: Belief,
        /// When, on the monitor's clock.
        received_at: Stamp,
    },
    /// A message came that the broker had kept from before we listened. Plants let nothing be kept:
    /// its readings may be a year old, so it is refused.
    Retained {
        /// Its topic.
        topic: String,
        /// Its payload, whatever it is.
        #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
        payload: Vec<u8>,
        /// When, on the monitor's clock.
        received_at: Stamp,
    },
    /// What a mapping has made of a message of a device that knows nothing of our wire.
    Foreign(Box<Foreign>),
    /// Time passes, on the monitor's clock.
    Tick {
        /// Its time.
        now: Stamp,
    },
    /// Whoever could say again what is missing has gone for good.
    Over {
        /// When, on the monitor's clock.
        now: Stamp,
    },
    /// Readings may come this late from now on.
    Lateness {
        /// The bound; see `ingest`.
        lateness: Span,
    },
    /// A person answers an alarm.
    Command(Command),
}

impl Input {
    /// A message that came, of somebody who need not sign.
    pub fn arrival(topic: String, payload: &[u8], received_at: Stamp) -> Self {
        let belief = Belief::Unsigned;
        Self::Arrival { topic, payload: payload.to_vec(), belief, received_at }
    }

    /// When it comes, on the monitor's clock; none of what has no time.
    pub fn at(&self) -> Option<Stamp> {
        match self {
            Self::Arrival { received_at, .. } | Self::Retained { received_at, .. } => {
                Some(*received_at)
            }
            Self::Foreign(foreign) => Some(foreign.received_at),
            Self::Tick { now } | Self::Over { now } => Some(*now),
            Self::Command(command) => Some(command.at),
            Self::Lateness { .. } => None,
        }
    }

    /// As the ledger keeps it: a usual arrival as its own bytes, anything else as JSON.
    ///
    /// Errors: a number that JSON does not have.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let Self::Arrival { topic, payload, belief, received_at } = self else {
            return serde_json::to_vec(self);
        };
        let (first, length) = match (belief, u16::try_from(topic.len())) {
            (Belief::Unsigned, Ok(length)) => (UNSIGNED, length),
            (Belief::Signed, Ok(length)) => (SIGNED, length),
            _ => return serde_json::to_vec(self),
        };
        let mut bytes = Vec::with_capacity(HEAD_BYTES + topic.len() + payload.len());
        bytes.push(first);
        bytes.extend(received_at.as_ms().to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(topic.as_bytes());
        bytes.extend(payload);
        Ok(bytes)
    }

    /// Reads what `encode` has written, now or in an earlier version.
    pub fn decode(bytes: &[u8]) -> Result<Self, InputError> {
        let belief = match bytes.first() {
            Some(&UNSIGNED) => Belief::Unsigned,
            Some(&SIGNED) => Belief::Signed,
            _ => return Ok(serde_json::from_slice(bytes)?),
        };
        let (ms, rest) = bytes[1..].split_first_chunk().ok_or(InputError::Damaged)?;
        let (length, rest) = rest.split_first_chunk().ok_or(InputError::Damaged)?;
        let length = usize::from(u16::from_le_bytes(*length));
        let (topic, payload) = rest.split_at_checked(length).ok_or(InputError::Damaged)?;
        let topic = String::from_utf8(topic.to_vec()).map_err(|_| InputError::Damaged)?;
        let received_at =
            Stamp::from_ms(i64::from_le_bytes(*ms)).map_err(|_| InputError::Damaged)?;
        Ok(Self::Arrival { topic, payload: payload.to_vec(), belief, received_at })
    }
}

/// What stands before the topic of an arrival: its kind, its time, the length of its topic.
const HEAD_BYTES: usize = 1 + 8 + 2;

/// Bytes that are text travel as text, others as a list of numbers.
fn write_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => serializer.serialize_str(text),
        Err(_) => serializer.collect_seq(bytes),
    }
}

fn read_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Bytes<'a> {
        Text(#[serde(borrow)] Cow<'a, str>),
        Numbers(Vec<u8>),
    }
    Ok(match Bytes::deserialize(deserializer)? {
        Bytes::Text(text) => text.into_owned().into_bytes(),
        Bytes::Numbers(bytes) => bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::trust::Doubt;
    use proptest::prelude::*;

    fn any_input() -> impl Strategy<Value = Input> {
        let belief = prop::sample::select(vec![
            Belief::Unsigned,
            Belief::Signed,
            Belief::Doubted { doubt: Doubt::Forged, detail: "no".to_owned() },
        ]);
        let bytes = prop::collection::vec(any::<u8>(), 0..40);
        (".{0,20}", bytes, belief, 0_i64..4_000_000_000_000, any::<bool>()).prop_map(
            |(topic, payload, belief, ms, retained)| {
                let received_at = Stamp::from_ms(ms).expect("in range");
                if retained {
                    Input::Retained { topic, payload, received_at }
                } else {
                    Input::Arrival { topic, payload, belief, received_at }
                }
            },
        )
    }

    proptest! {
        #[test]
        fn every_input_comes_back_and_so_does_what_an_earlier_version_kept(input in any_input()) {
            let bytes = input.encode().expect("it can be kept");
            prop_assert_eq!(&Input::decode(&bytes).expect("it can be read"), &input);
            let json = serde_json::to_vec(&input).expect("JSON");
            prop_assert_eq!(&Input::decode(&json).expect("it can be read"), &input);
        }

        #[test]
        fn damaged_bytes_are_refused_and_never_more(input in any_input(), cut in 0_usize..60) {
            let mut bytes = input.encode().expect("it can be kept");
            bytes.truncate(cut);
            if let Ok(read) = Input::decode(&bytes) {
                prop_assert!(read.encode().is_ok());
            }
        }
    }

    #[test]
    fn a_usual_arrival_is_kept_as_its_own_bytes() {
        let at = Stamp::from_ms(0).expect("in range");
        let input = Input::arrival("sanmen/v1/k7/sanmen/data".to_owned(), b"{\"a\":1}", at);
        let bytes = input.encode().expect("it can be kept");
        assert_eq!(bytes.len(), HEAD_BYTES + 24 + 7);
        assert!(bytes.ends_with(b"{\"a\":1}"));
    }
}
