//! A recorded MQTT stream: a message a line, as it came.

use std::collections::BTreeSet;
use std::path::Path;

use super::form::Form;
use super::guard::Progress;
use super::heard::{Heard, is_message, is_of_monitor};
use super::refused::{Refused, told};
use super::rows::{JsonRows, Rows};
use crate::base::{PlantId, Span, Stamp, Text};
use crate::cli::exit::Failure;
use crate::exercise::live::clock::TimeBase;
use crate::exercise::replay::Item;
use crate::ingest::Bounds;
use crate::monitor::Snapshot;
use crate::telemetry::topic::Topic;
use crate::telemetry::wire::Read;

/// A recorded MQTT stream, from front to back.
pub struct Messages {
    lines: JsonRows,
    /// Whose words move time; none: everybody's that speaks in it.
    plants: Option<BTreeSet<PlantId>>,
    heard: BTreeSet<PlantId>,
    base: Option<TimeBase>,
    wall: Option<Stamp>,
}

/// A message, and when it came by the clock that a monitor counts by.
pub struct Timed {
    /// The message.
    pub heard: Heard,
    /// On the monitor's clock.
    pub received_at: Stamp,
    /// Simulated seconds per second; 1 for real plants.
    pub speed: f64,
}

impl Messages {
    /// Of a file whose lines are known to be messages.
    pub fn new(lines: JsonRows, plants: Option<BTreeSet<PlantId>>) -> Self {
        Self { lines, plants, heard: BTreeSet::new(), base: None, wall: None }
    }

    /// Opens a stream, whoever speaks in it. Errors: the file cannot be read, or is none.
    pub fn open(path: &Path, form: Option<Form>, progress: &Progress) -> Result<Self, Failure> {
        if let Rows::Json(lines) = super::open((path, form), None, progress)?
            && lines.first().is_some_and(is_message)
        {
            return Ok(Self::new(lines, None));
        }
        let text = "it is no recorded MQTT stream: only such a recording, as `sanmen record` \
                    makes it, has messages for a broker";
        Err(Failure::usage(format!("{}: {text}", path.display())))
    }

    /// The next message; what is none is counted. Errors: the file cannot be read on.
    pub fn take(&mut self, refused: &mut Refused) -> Result<Option<Timed>, Failure> {
        loop {
            let read = match self.lines.object()? {
                None => return Ok(None),
                Some(Ok(object)) => Heard::read(object),
                Some(Err(text)) if self.lines.is_torn() => {
                    let Text { en, zh } = text;
                    let en = format!("the recording ends within a message: {en}");
                    Err(("torn-line", told(en, format!("记录在一条消息中间结束:{zh}"))))
                }
                Some(Err(text)) => Err(("bad-row", text)),
            };
            match read {
                Ok(heard) => return Ok(Some(self.timed(heard))),
                Err((reason, text)) => refused.note(reason, self.lines.line(), || text),
            }
        }
    }

    /// The plants that have spoken in the messages taken.
    pub fn heard(&self) -> &BTreeSet<PlantId> {
        &self.heard
    }

    fn timed(&mut self, heard: Heard) -> Timed {
        // A clock that was set back while it recorded does not set time back.
        let wall = self.wall.map_or(heard.received_wall, |last| last.max(heard.received_wall));
        self.wall = Some(wall);
        let base = self.base.get_or_insert_with(|| {
            let mut base = TimeBase::resume(&Snapshot::default(), wall);
            base.listen(wall);
            base
        });
        if self.plants.is_none()
            && let Ok(topic) = Topic::parse(&heard.topic)
        {
            self.heard.insert(topic.plant);
        }
        if !heard.retained {
            let plants = self.plants.as_ref().unwrap_or(&self.heard);
            let topic = Topic::parse(&heard.topic);
            if let Some(topic) = topic.ok().filter(|topic| plants.contains(&topic.plant)) {
                base.hear(&Read::new(topic, &heard.payload), plants, wall);
            }
        }
        let received_at = base.now(wall).unwrap_or(wall);
        Timed { heard, received_at, speed: base.speed() }
    }
}

/// A recorded MQTT stream on its way into a monitor.
pub struct Stream {
    messages: Messages,
    bounds: Bounds,
    lateness_wall: Span,
    lateness: Span,
    waiting: Option<Item>,
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
        let messages = Messages::new(lines, Some(plants));
        Self { messages, bounds, lateness_wall, lateness, waiting: None }
    }

    /// The next message. Errors: the file cannot be read on.
    pub fn take(&mut self, refused: &mut Refused) -> Result<Option<Item>, Failure> {
        if let Some(item) = self.waiting.take() {
            return Ok(Some(item));
        }
        loop {
            let Some(Timed { heard, received_at, speed }) = self.messages.take(refused)? else {
                return Ok(None);
            };
            // No monitor listens to what monitors say.
            if is_of_monitor(&heard.topic) {
                continue;
            }
            let Heard { topic, payload, retained, .. } = heard;
            let more = if speed > 1.0 { self.lateness_wall.as_seconds() * speed } else { 0.0 };
            let lateness = self.bounds.lateness + Span::from_seconds_f64(more);
            let message = Item::Message { topic, payload, received_at, retained };
            if lateness == self.lateness {
                return Ok(Some(message));
            }
            self.lateness = lateness;
            self.waiting = Some(message);
            return Ok(Some(Item::Lateness(lateness)));
        }
    }
}
