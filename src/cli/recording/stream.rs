//! A recorded MQTT stream: a message a line, as it came.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::moment::TimeFormat;
use super::refused::{Refused, shown};
use super::rows::{Cell, JsonRows};
use crate::base::time::UtcOffset;
use crate::base::{PlantId, Span, Stamp};
use crate::cli::exit::Failure;
use crate::exercise::live::clock::TimeBase;
use crate::exercise::replay::Item;
use crate::ingest::Bounds;
use crate::monitor::Snapshot;

/// When a message came, as we call it, and as `mosquitto_sub -F %J` does.
const RECEIVED: [&str; 2] = ["received_at", "tst"];

/// As `mosquitto_sub` writes it.
const TST: &str = "%Y-%m-%dT%H:%M:%S%.f%z";

/// A recorded MQTT stream.
pub struct Stream {
    lines: JsonRows,
    plants: BTreeSet<PlantId>,
    bounds: Bounds,
    lateness_wall: Span,
    lateness: Span,
    base: Option<TimeBase>,
    wall: Option<Stamp>,
    waiting: Option<Item>,
}

/// Is it a message?
pub fn is_message(object: &Map<String, Value>) -> bool {
    let has = |key: &str| object.contains_key(key);
    has("topic") && (has("payload") || has("payload_base64"))
}

impl Stream {
    /// Of messages of `plants`. `lateness_wall`: as the settings of a monitor have it.
    pub fn new(
        lines: JsonRows,
        plants: BTreeSet<PlantId>,
        bounds: Bounds,
        lateness_wall: Span,
    ) -> Self {
        let lateness = bounds.lateness;
        let (base, wall, waiting) = (None, None, None);
        Self { lines, plants, bounds, lateness_wall, lateness, base, wall, waiting }
    }

    /// The next message. Errors: the file cannot be read on.
    pub fn take(&mut self, refused: &mut Refused) -> Result<Option<Item>, Failure> {
        if let Some(item) = self.waiting.take() {
            return Ok(Some(item));
        }
        loop {
            let object = match self.lines.object()? {
                None => return Ok(None),
                Some(Ok(object)) => object,
                Some(Err(text)) => {
                    refused.note("bad-row", self.lines.line(), || text);
                    continue;
                }
            };
            match self.read(object) {
                Ok(item) => return Ok(Some(item)),
                Err((reason, text)) => refused.note(reason, self.lines.line(), || text),
            }
        }
    }

    fn read(&mut self, mut object: Map<String, Value>) -> Result<Item, (&'static str, String)> {
        let time = RECEIVED.iter().find_map(|key| object.get(*key));
        let wall = time.map_or(Err("there is no received_at".to_owned()), received);
        let wall = wall.map_err(|text| ("bad-time", text))?;
        // A clock that was set back while it recorded does not set time back.
        let wall = self.wall.map_or(wall, |last| last.max(wall));
        self.wall = Some(wall);
        let Some(Value::String(topic)) = object.remove("topic") else {
            return Err(("bad-row", "topic is no text".to_owned()));
        };
        let payload = match (object.remove("payload_base64"), object.remove("payload")) {
            (Some(Value::String(text)), _) => STANDARD
                .decode(text.as_bytes())
                .map_err(|_| ("bad-row", format!("no base64: {}", shown(&text))))?,
            (_, Some(Value::String(text))) => text.into_bytes(),
            (_, Some(Value::Null) | None) => Vec::new(),
            (_, Some(value)) => value.to_string().into_bytes(),
        };
        let retained = match ["retained", "retain"].iter().find_map(|key| object.get(*key)) {
            Some(Value::Bool(is)) => *is,
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            _ => false,
        };
        let base = self.base.get_or_insert_with(|| {
            let mut base = TimeBase::resume(&Snapshot::default(), wall);
            base.listen(wall);
            base
        });
        if !retained {
            base.hear(&topic, &payload, &self.plants, wall);
        }
        let received_at = base.now(wall).unwrap_or(wall);
        let speed = base.speed();
        let more = if speed > 1.0 { self.lateness_wall.as_seconds() * speed } else { 0.0 };
        let lateness = self.bounds.lateness + Span::from_seconds_f64(more);
        let message = Item::Message { topic, payload, received_at, retained };
        if lateness == self.lateness {
            return Ok(message);
        }
        self.lateness = lateness;
        self.waiting = Some(message);
        Ok(Item::Lateness(lateness))
    }
}

fn received(value: &Value) -> Result<Stamp, String> {
    match value {
        Value::String(text) => {
            let read = TimeFormat::Rfc3339.read(Cell::Text(text));
            read.or_else(|wrong| Stamp::parse_as(text, TST, UtcOffset::UTC).map_err(|_| wrong))
        }
        Value::Number(number) => {
            TimeFormat::Rfc3339.read(Cell::Number(number.as_f64().unwrap_or(f64::NAN)))
        }
        other => Err(format!("{} is no time", shown(&other.to_string()))),
    }
}
