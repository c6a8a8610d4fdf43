//! A recording taken through the monitor half, as fast as the processor.
//!
//! In: readings that were decoded before, or messages as they came. Out: what the monitor makes of
//! them, plant by plant. Must not know: files and their formats, who looks at what comes of it.
//!
//! Readings that carry the number of their message go through intake as that message did. Readings
//! that do not are put in the order of their times within the lateness bound; what comes later than
//! that is late, as it would be live. Plants start when they are first heard of.

mod order;
mod staged;
pub mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::lab_result::LabResult;
use crate::base::{Flag, PlantId, QualityTests, Span, Stamp};
use crate::ingest::observation::{Observation, PlantIndex};
use crate::ingest::sequence::Place;
use crate::ingest::trust::Belief;
use crate::ingest::{Bounds, Decoded};
use crate::inspection::book::Book;
use crate::monitor::{Input, Monitor, MonitorSettings, Outcome};
use crate::plant::Plant;
use crate::plant::tags::TagIndex;
use crate::telemetry::topic::{Kind, Topic};
use crate::telemetry::wire::{Body, Envelope, Message};
use order::{Order, Ready};
pub use staged::Staged;

/// A reading as a recording has it, in the unit of its tag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Given {
    /// Position of its plant in the list that `Replay` was made with.
    pub plant: usize,
    /// Position of its instrument in the plant's list.
    pub tag: TagIndex,
    /// The instrument's clock.
    pub observed_at: Stamp,
    /// None: the instrument gave no answer.
    pub value: Option<f64>,
    /// What the recording says of its quality.
    pub flag: Flag,
    /// The message it came in, if the recording knows.
    pub sent: Option<Sent>,
}

/// A message that a recording knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its number.
    pub seq: u64,
    /// The gateway's clock when it sent it.
    pub sent_at: Stamp,
    /// When it came.
    pub received_at: Stamp,
}

/// What a recording gives, in its own order.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A reading.
    Reading(Given),
    /// A message as it came over MQTT.
    Message {
        /// Its topic.
        topic: String,
        /// Its payload, whatever it is.
        payload: Vec<u8>,
        /// When, on the monitor's clock.
        received_at: Stamp,
        /// Had the broker kept it from before anybody listened?
        retained: bool,
    },
    /// Readings may come this late from now on.
    Lateness(Span),
    /// A laboratory reports.
    Result {
        /// Position of the plant.
        plant: usize,
        /// When it came.
        received_at: Stamp,
        /// What it says.
        result: Box<LabResult>,
    },
}

/// Where what followed is told: the plant's position (none: strangers' messages), and what.
pub type Hear<'h> = &'h mut dyn FnMut(Option<usize>, Outcome);

/// A monitor for each plant that is heard of.
pub struct Replay {
    plants: Vec<Arc<Plant>>,
    by_id: BTreeMap<PlantId, usize>,
    book: Book,
    bounds: Bounds,
    /// Names the recording where something of it is refused.
    source: String,
    courses: Vec<Option<Box<Course>>>,
    misses_all: bool,
    strangers: Monitor,
    /// The latest moment heard of.
    now: Option<Stamp>,
}

/// Recordings know of one start of a gateway.
const BOOT: u64 = 1;

/// Timers are looked at this often, as in a scenario that is played offline.
const TICK: Span = Span::MINUTE;

impl Replay {
    /// Nothing heard yet. `source` names the recording.
    pub fn new(plants: Vec<Arc<Plant>>, book: Book, bounds: Bounds, source: &str) -> Self {
        let by_id = plants.iter().enumerate().map(|(at, plant)| (plant.id.clone(), at)).collect();
        let strangers = Monitor::new(Vec::new(), Book::default(), MonitorSettings { bounds });
        let courses = plants.iter().map(|_| None).collect();
        let source = source.to_owned();
        Self {
            plants,
            by_id,
            book,
            bounds,
            source,
            courses,
            misses_all: true,
            strangers,
            now: None,
        }
    }

    /// Instruments that the recording does not have are not missed: their silence is no alarm.
    #[must_use]
    pub fn missing_only_what_spoke(mut self) -> Self {
        self.misses_all = false;
        self
    }

    /// Takes the next item; `hear` is told what followed.
    pub fn take(&mut self, item: Item, hear: Hear<'_>) {
        match item {
            Item::Reading(given) => {
                let now = given.sent.map_or(given.observed_at, |sent| sent.received_at);
                self.now = self.now.max(Some(now));
                self.course(given.plant, |course| course.reading(&given, hear));
            }
            Item::Result { plant, received_at, result } => {
                self.now = self.now.max(Some(received_at));
                self.course(plant, |course| course.result(*result, received_at, hear));
            }
            Item::Lateness(lateness) => {
                self.bounds.lateness = lateness;
                for course in self.courses.iter_mut().flatten() {
                    course.monitor.accept(&Input::Lateness { lateness });
                }
            }
            Item::Message { topic, payload, received_at, retained } => {
                self.now = self.now.max(Some(received_at));
                for course in self.courses.iter_mut().flatten() {
                    course.time_passes(received_at, hear);
                }
                let plant = Topic::parse(&topic).ok().map(|topic| topic.plant);
                let at = plant.and_then(|plant| self.by_id.get(&plant).copied());
                let input = if retained {
                    Input::Retained { topic, payload, received_at }
                } else {
                    Input::Arrival { topic, payload, belief: Belief::Unsigned, received_at }
                };
                match at {
                    Some(at) => self.course(at, |course| {
                        course.time_passes(received_at, hear);
                        hear(Some(at), course.monitor.accept(&input));
                    }),
                    None => hear(None, self.strangers.accept(&input)),
                }
            }
        }
    }

    /// The monitor's clock reaches `now`, whether or not there is an item as late.
    pub fn reach(&mut self, now: Stamp) {
        self.now = self.now.max(Some(now));
    }

    /// The recording is over: what waits goes on, and what was due until its end fires.
    pub fn finish(&mut self, hear: Hear<'_>) {
        let Some(now) = self.now else { return };
        for course in self.courses.iter_mut().flatten() {
            course.finish(now, hear);
        }
        hear(None, self.strangers.accept(&Input::Tick { now }));
    }

    /// What was refused of it, by reason.
    pub fn refused(&self) -> BTreeMap<String, u64> {
        let mut all = self.strangers.snapshot().refused;
        for (_, monitor) in self.monitors() {
            for (reason, count) in monitor.snapshot().refused {
                *all.entry(reason).or_default() += count;
            }
        }
        all
    }

    /// The monitors of the plants that were heard of, by their position.
    pub fn monitors(&self) -> impl Iterator<Item = (usize, &Monitor)> {
        let courses = self.courses.iter().enumerate();
        courses.filter_map(|(at, course)| Some((at, &course.as_ref()?.monitor)))
    }

    /// The monitor of a plant that was heard of.
    pub fn into_monitor(mut self, at: usize) -> Option<Monitor> {
        Some(self.courses.get_mut(at)?.take()?.monitor)
    }

    fn course(&mut self, at: usize, tell: impl FnOnce(&mut Course)) {
        let Some((slot, plant)) = self.courses.get_mut(at).zip(self.plants.get(at)) else { return };
        let settings = MonitorSettings { bounds: self.bounds };
        let course = slot.get_or_insert_with(|| {
            let monitor = Monitor::new(vec![Arc::clone(plant)], self.book.clone(), settings);
            let monitor = if self.misses_all { monitor } else { monitor.of_a_recording() };
            let own = (plant.id.clone(), self.source.clone());
            Box::new(Course::new(at, own, monitor, self.bounds.lateness))
        });
        tell(course);
    }
}

/// One plant on its way through a recording.
struct Course {
    at: usize,
    plant: PlantId,
    monitor: Monitor,
    source: String,
    order: Order,
    /// The message whose readings are being collected.
    open: Option<(Sent, Vec<Observation>)>,
    /// The number of the next message that we make up.
    seq: u64,
    results: u64,
    ticked: Option<Stamp>,
    heard: bool,
}

/// Every monitor has one plant.
const PLANT: PlantIndex = PlantIndex(0);

impl Course {
    fn new(
        at: usize,
        (plant, source): (PlantId, String),
        monitor: Monitor,
        lateness: Span,
    ) -> Self {
        Self {
            at,
            plant,
            monitor,
            source,
            order: Order::new(lateness),
            open: None,
            seq: 0,
            results: 0,
            ticked: None,
            heard: false,
        }
    }

    fn reading(&mut self, given: &Given, hear: Hear<'_>) {
        let received_at = given.sent.map_or(given.observed_at, |sent| sent.received_at);
        let observation = Observation {
            plant: PLANT,
            tag: given.tag,
            observed_at: given.observed_at,
            received_at,
            value: given.value.unwrap_or(0.0),
            flag: if given.value.is_some() { given.flag } else { Flag::Missing },
            tests: QualityTests::NONE,
        };
        if let Some(sent) = given.sent {
            self.of_message(sent, observation, hear);
        } else {
            self.order.take(observation);
            self.go_on(hear);
        }
    }

    /// A reading whose message is known: the message is whole when another one begins.
    fn of_message(&mut self, sent: Sent, observation: Observation, hear: Hear<'_>) {
        let goes_on = self.open.as_ref().is_some_and(|(open, readings)| {
            // A message that came twice at once begins again with its first reading.
            let is_again = readings.first().is_some_and(|first| {
                (first.tag, first.observed_at) == (observation.tag, observation.observed_at)
            });
            *open == sent && !is_again
        });
        if !goes_on {
            self.close(hear);
        }
        self.open.get_or_insert_with(|| (sent, Vec::new())).1.push(observation);
    }

    /// The message that is being collected is whole.
    fn close(&mut self, hear: Hear<'_>) {
        let Some((sent, readings)) = self.open.take() else { return };
        let Sent { seq, sent_at, received_at } = sent;
        self.time_passes(received_at, hear);
        if !std::mem::replace(&mut self.heard, true) && seq > 0 {
            // What came first was the birth, which a recording of readings does not keep.
            let first = readings.iter().map(|reading| reading.observed_at).min();
            let place = Place { boot_id: BOOT, seq: 0, sent_at: first.unwrap_or(sent_at) };
            self.decoded(place, false, Vec::new(), received_at, hear);
        }
        let place = Place { boot_id: BOOT, seq, sent_at };
        self.decoded(place, false, readings, received_at, hear);
    }

    /// What has come to be in order goes on.
    fn go_on(&mut self, hear: Hear<'_>) {
        while let Some(ready) = self.order.ready() {
            let (readings, late, now) = match ready {
                Ready::InOrder(readings, now) => (readings, false, now),
                Ready::Late(readings, now) => (readings, true, now),
            };
            let Some(last) = readings.last().map(|reading| reading.observed_at) else { continue };
            let place = Place { boot_id: BOOT, seq: self.seq, sent_at: last.min(now) };
            self.seq += u64::from(!late);
            self.decoded(place, late, readings, now, hear);
            self.time_passes(now, hear);
        }
    }

    fn decoded(
        &mut self,
        place: Place,
        late: bool,
        readings: Vec<Observation>,
        received_at: Stamp,
        hear: Hear<'_>,
    ) {
        let decoded = Decoded { place, late, readings };
        let outcome = self.monitor.accept_decoded(PLANT, decoded, &self.source, received_at);
        hear(Some(self.at), outcome);
    }

    fn result(&mut self, result: LabResult, received_at: Stamp, hear: Hear<'_>) {
        self.close(hear);
        self.time_passes(received_at, hear);
        let plant = self.plant.clone();
        let seq = self.results;
        self.results += 1;
        let topic = format!("sanmen/v1/replay/{plant}/{}", Kind::Lab.name());
        let sent_at = received_at;
        let envelope = Envelope { plant, boot_id: BOOT, seq, sent_at, exercise: None };
        let payload = Message { envelope, body: Body::Lab(result) }.encode();
        let outcome = self.monitor.accept(&Input::arrival(topic, &payload, received_at));
        hear(Some(self.at), outcome);
    }

    /// The monitor's clock has reached `now`.
    fn time_passes(&mut self, now: Stamp, hear: Hear<'_>) {
        let whole = now - Span::ms(now.as_ms().rem_euclid(TICK.as_ms()));
        if self.ticked < Some(whole) {
            self.ticked = Some(whole);
            hear(Some(self.at), self.monitor.accept(&Input::Tick { now: whole }));
        }
    }

    fn finish(&mut self, now: Stamp, hear: Hear<'_>) {
        self.close(hear);
        self.order.finish();
        self.go_on(hear);
        hear(Some(self.at), self.monitor.accept(&Input::Tick { now }));
        // What is missing does not come any more: nothing waits for it.
        hear(Some(self.at), self.monitor.accept(&Input::Over { now }));
    }
}
