//! The text of messages as it stands: keys and types, nothing checked.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use super::Envelope;
use crate::base::analyte::{Analyte, Sign};
use crate::base::complaint::{Channel, Problem};
use crate::base::sampling::SamplingPoint;
use crate::base::units::Quantity;

/// A message: the keys of every envelope, then those of its kind, in this order, then its signature
/// if it has one.
macro_rules! raw {
    ($name:ident { $($(#[$serde:meta])? $key:ident: $type:ty,)* }) => {
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name<'a> {
            #[serde(borrow)]
            plant: Cow<'a, str>,
            boot_id: u64,
            seq: u64,
            #[serde(borrow)]
            sent_at: Cow<'a, str>,
            #[serde(borrow, deserialize_with = "text_or_null")]
            exercise: Option<Cow<'a, str>>,
            $($(#[$serde])? pub(super) $key: $type,)*
            /// Judged where the bytes are at hand, see `telemetry::signature`.
            #[serde(default, rename = "sig", skip_serializing)]
            _sig: IgnoredAny,
        }

        impl<'a> $name<'a> {
            #[allow(clippy::too_many_arguments, reason = "one for each key of a kind")]
            pub(super) fn new(envelope: &'a Envelope, $($key: $type,)*) -> Self {
                Self {
                    plant: envelope.plant.as_str().into(),
                    boot_id: envelope.boot_id,
                    seq: envelope.seq,
                    sent_at: envelope.sent_at.to_string().into(),
                    exercise: envelope.exercise.as_deref().map(Cow::from),
                    $($key,)*
                    _sig: IgnoredAny,
                }
            }

            pub(super) fn head(&self) -> RawEnvelope<'_> {
                RawEnvelope {
                    plant: &self.plant,
                    boot_id: self.boot_id,
                    seq: self.seq,
                    sent_at: &self.sent_at,
                    exercise: self.exercise.as_deref(),
                }
            }
        }
    };
}

/// The keys that every message has.
pub(super) struct RawEnvelope<'a> {
    pub(super) plant: &'a str,
    pub(super) boot_id: u64,
    pub(super) seq: u64,
    pub(super) sent_at: &'a str,
    pub(super) exercise: Option<&'a str>,
}

raw!(RawBirth {
    #[serde(borrow)]
    tags: Vec<RawTag<'a>>,
});
raw!(RawData {
    #[serde(borrow)]
    from: Cow<'a, str>,
    #[serde(borrow)]
    readings: Vec<RawColumn<'a>>,
});
raw!(RawDeath {});
raw!(RawClock {
    #[serde(borrow)]
    sim: Cow<'a, str>,
    #[serde(borrow)]
    wall: Cow<'a, str>,
    speed: f64,
});

raw!(RawTicket {
    #[serde(borrow)]
    village: Cow<'a, str>,
    problem: Problem,
    channel: Channel,
    #[serde(borrow)]
    noticed_at: Cow<'a, str>,
    #[serde(borrow)]
    filed_at: Cow<'a, str>,
});

raw!(RawLab {
    #[serde(borrow)]
    sample: Cow<'a, str>,
    #[serde(borrow)]
    site: Cow<'a, str>,
    point: SamplingPoint,
    #[serde(borrow)]
    taken_at: Cow<'a, str>,
    #[serde(borrow)]
    reported_at: Cow<'a, str>,
    analyte: Analyte,
    sign: Sign,
    value: f64,
    #[serde(borrow)]
    unit: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
});

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTag<'a> {
    #[serde(borrow)]
    pub(super) tag: Cow<'a, str>,
    pub(super) quantity: Quantity,
    #[serde(borrow)]
    pub(super) unit: Cow<'a, str>,
    pub(super) range: [f64; 2],
    pub(super) poll_ms: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawColumn<'a> {
    #[serde(borrow)]
    pub(super) tag: Cow<'a, str>,
    pub(super) ms: Vec<i64>,
    pub(super) value: Vec<Option<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_list")]
    pub(super) flag: Option<Vec<u8>>,
}

/// The key must be there, even if it says null.
fn text_or_null<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    Option::<Text<'a>>::deserialize(deserializer).map(|text| text.map(|text| text.0))
}

/// The key may be left out, but not be null.
fn some_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}
