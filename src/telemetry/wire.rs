//! Wire v1: what goes over MQTT, as JSON that a person can read with `mosquitto_sub`.
//!
//! These are the checked values, which cannot hold a wrong one; `raw` mirrors the text. `split`
//! keeps batches small enough. The page for readers is `src/docs/wire.md`.

mod decode;
mod encode;
mod lab;
mod raw;
mod split;
mod ticket;

pub use decode::{Refusal, decode, is_exercise, place};
pub use split::split;
pub use ticket::Ticket;

use serde::{Deserialize, Serialize};

use crate::base::lab_result::LabResult;
use crate::base::units::Quantity;
use crate::base::{Flag, PlantId, Span, Stamp, TagId};
use crate::telemetry::topic::{Kind, Topic};

/// Largest message in bytes, both ways.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024;
/// Most instruments in a birth, and most columns in a data message.
pub const TAGS_MAX: usize = 256;
/// Most readings in a column.
pub const READINGS_MAX: usize = 1_024;
/// Largest `boot_id` and `seq`: 2⁵³ − 1, the largest whole number every JSON reader keeps.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;
/// Largest absolute value of a range or a result. A reading may be any number: that it cannot be
/// meant is for the tests of signal quality to say, and costs no other instrument a reading.
pub const VALUE_MAX: f64 = 1e12;
/// Longest name of an exercise in bytes.
pub const EXERCISE_BYTES_MAX: usize = 64;
/// Longest poll interval.
pub const POLL_MAX: Span = Span::hours(24 * 366);
/// Fastest simulated time, in simulated seconds per second.
pub const SPEED_MAX: f64 = 1e9;

/// One message of a plant.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who says it, and where it stands in the order.
    pub envelope: Envelope,
    /// What it says.
    pub body: Body,
}

/// What came under a topic of a plant, decoded once for everybody who needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Where it came.
    pub topic: Topic,
    /// The message, or why it is none.
    pub message: Result<Message, Refusal>,
}

impl Read {
    /// Decodes what came under `topic`.
    pub fn new(topic: Topic, payload: &[u8]) -> Self {
        let message = decode(topic.kind, payload);
        Self { topic, message }
    }
}

/// Who sends, and where the message stands in the order `(boot_id, seq)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The plant.
    pub plant: PlantId,
    /// Grows with each start of the plant's gateway; at most `NUMBER_MAX`.
    pub boot_id: u64,
    /// Births and data count 0, 1, 2, … within a boot; a clock, or a death on purpose, carries the
    /// number that the next birth or data message will carry; a will carries 0. Tickets count for
    /// themselves, and so do laboratory results.
    pub seq: u64,
    /// The gateway's clock when it sent this: nothing older than this is still to come.
    pub sent_at: Stamp,
    /// The exercise it belongs to, 1 to 64 printable ASCII characters without `"` and `\`; none
    /// for a real plant.
    pub exercise: Option<String>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// "I am here, and these are my instruments" (topic `birth`, first of each boot).
    Birth(Birth),
    /// Readings (topic `data`).
    Data(Vec<Column>),
    /// "I am gone": sent on purpose, or by the broker as the will (topic `death`).
    Death,
    /// How simulated time runs (topic `clock`).
    Clock(Clock),
    /// A resident complains (topic `ticket`).
    Ticket(Ticket),
    /// A laboratory reports (topic `lab`).
    Lab(LabResult),
}

impl Body {
    /// What kind of message carries it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Birth(_) => Kind::Birth,
            Self::Data(_) => Kind::Data,
            Self::Death => Kind::Death,
            Self::Clock(_) => Kind::Clock,
            Self::Ticket(_) => Kind::Ticket,
            Self::Lab(_) => Kind::Lab,
        }
    }
}

/// A plant's instruments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Birth {
    /// Each instrument.
    pub tags: Vec<TagBirth>,
}

/// One instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagBirth {
    /// Its tag.
    pub tag: TagId,
    /// What it measures.
    pub quantity: Quantity,
    /// Unit of its values: `quantity.unit()`.
    pub unit: String,
    /// Lowest and highest value it can show.
    pub range: (f64, f64),
    /// How often it is read.
    pub poll_ms: Span,
}

/// The readings of one tag, oldest first; the three lists are equally long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The instrument.
    pub tag: TagId,
    /// The instrument's clock at each reading.
    pub at: Vec<Stamp>,
    /// The value in the tag's unit; none: it should have read, and could not.
    pub value: Vec<Option<f64>>,
    /// The instrument's own opinion: `Missing` where, and only where, there is no value. Absent
    /// on the wire when every value there is `Good`.
    pub flag: Vec<Flag>,
}

/// How simulated time runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Simulated time.
    pub sim: Stamp,
    /// Wall-clock time at that moment.
    pub wall: Stamp,
    /// Simulated seconds per second.
    pub speed: f64,
}
