//! The monitor half, pure: what comes over MQTT in, alarms out.
//!
//! In: arrivals, ticks, people's commands. Out: what the ledger keeps, and snapshots for views.
//! Must not know: the simulator half, files, sockets, clocks.
//!
//! # The contract of time
//!
//! Alarms live in event time. From the first mention of a plant on, the same readings give the
//! same alarm events, each at the same moment, whatever the batches, the ticks, the speed, and the
//! order of arrival within the lateness bound (see `ingest`): every plant is taken through its
//! readings in the order of their times, and before each one everything fires that was due before
//! it. A restart from a checkpoint at any point changes nothing either.

pub mod explain;
pub mod input;
pub mod lease;
#[cfg(test)]
mod quality_tests;
pub mod snapshot;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracing::info_span;

use crate::alarms::command::{Command, CommandRefused, Reply};
use crate::alarms::event::AlarmEvent;
use crate::alarms::flood::FloodEvent;
use crate::alarms::policy::{AlarmRule, Clock};
use crate::alarms::{self, Alarms, PlantWords};
use crate::base::Stamp;
use crate::base::ids::VillageId;
use crate::ingest::asks::{Missing, Waiting};
use crate::ingest::observation::{IngestEvent, LabEvent, Observation, PlantIndex, TicketEvent};
use crate::ingest::{Batch, Bounds, Decoded, Ingest, IngestState, Taken};
use crate::inspection::book::Book;
use crate::inspection::finding::{Finding, QualityEvent};
use crate::inspection::signal::notice::{Doubt, Notice, Told};
use crate::inspection::{self, Inspection};
use crate::plant::Plant;
use crate::plant::tags::Tag;
use crate::telemetry::wire::{Read, Refusal};
pub use input::Input;
pub use snapshot::{PlantSnapshot, Snapshot, TagSnapshot};
use snapshot::{PlantView, Remembered};

/// Layout of the checkpoint; a checkpoint of another layout is not read.
const CHECKPOINT_VERSION: u32 = 5;

/// How the monitor runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MonitorSettings {
    /// How far times may lie apart.
    pub bounds: Bounds,
}

/// What the ledger keeps of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Something intake noticed.
    Ingest(IngestEvent),
    /// A resident complains.
    Ticket(TicketEvent),
    /// A laboratory reports.
    Lab(LabEvent),
    /// Doubtful readings.
    Quality(QualityEvent),
    /// A change of an alarm.
    Alarm(AlarmEvent),
    /// More alarms than anybody can answer; or no longer.
    Flood(FloodEvent),
}

/// What followed from an input.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// For the ledger: intake first, then tickets, laboratory results, doubtful readings, and
    /// alarms in the order of event time per plant; of laboratory results, which are judged
    /// later, after the others. Then floods.
    pub outputs: Vec<Output>,
    /// Readings accepted, for the store, each with its flag as far as it was known at once.
    pub observations: Vec<Observation>,
    /// Readings of this outcome, or of an earlier one, whose flag has changed since.
    pub amended: Vec<Doubt>,
    /// Why the message, or parts of it, were refused.
    pub refused: Vec<Refusal>,
    /// What came of a person's command.
    pub reply: Option<Reply>,
}

/// What followed from readings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inspected {
    /// Changes of alarms, in the order of event time.
    pub alarms: Vec<AlarmEvent>,
    /// Floods of them that have begun or ended.
    pub floods: Vec<FloodEvent>,
    /// Readings that a test has come to doubt after the rules had seen them.
    pub amended: Vec<Doubt>,
    /// What people should know of doubtful readings.
    pub notices: Vec<Notice>,
}

/// A checkpoint that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It is damaged.
    #[error("the checkpoint cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// Another version of the program wrote it.
    #[error("the checkpoint has layout {found}, this version reads layout {CHECKPOINT_VERSION}")]
    OtherLayout {
        /// Its layout.
        found: u32,
    },
}

/// Knows nothing but what came over the wire.
#[derive(Debug, Clone)]
pub struct Monitor {
    plants: Vec<Arc<Plant>>,
    ingest: Ingest,
    inspection: Inspection,
    alarms: Alarms,
    views: Vec<PlantView>,
    /// Empty between inputs; kept for its memory.
    findings: Vec<Finding>,
}

#[derive(Serialize, Deserialize)]
struct Checkpoint {
    layout: u32,
    ingest: IngestState,
    inspection: inspection::Checkpoint,
    alarms: alarms::Checkpoint,
    views: Vec<Remembered>,
}

impl Monitor {
    /// A monitor of these plants by these rules. Plants count in the order given.
    pub fn new(plants: Vec<Arc<Plant>>, book: Book, settings: MonitorSettings) -> Self {
        let tags: Vec<Vec<Tag>> = plants.iter().map(|plant| tags_of(plant)).collect();
        let with_tags = || plants.iter().zip(&tags);
        let ids = with_tags().map(|(plant, tags)| (plant.id.clone(), tags.iter()));
        let sites = plants.iter().map(|plant| plant.profile.sites.as_slice());
        let ingest = Ingest::new(ids, settings.bounds).with_sites(sites);
        let watched: Vec<_> =
            with_tags().map(|(plant, tags)| (&plant.profile, tags.as_slice())).collect();
        let inspection = Inspection::new(&book, &watched);
        let names = with_tags().map(|(plant, tags)| {
            let sites = plant.profile.sites.iter().map(|site| site.id.clone());
            (plant.id.clone(), tags.iter().map(|tag| tag.id.clone()).chain(sites).collect())
        });
        let mut alarms = Alarms::new(AlarmRule::of_book(&book), names.collect())
            .with_handling(book.handling().clone());
        if alarms.needs_words() {
            alarms = alarms.with_words(plants.iter().map(|plant| words_of(plant)));
        }
        let views = tags.iter().map(|tags| PlantView::new(tags.len())).collect();
        Self { plants, ingest, inspection, alarms, views, findings: Vec::new() }
    }

    /// This one hears a recording: instruments that never speak in it are not missed.
    pub fn of_a_recording(mut self) -> Self {
        self.inspection.miss_only_what_spoke();
        self
    }

    /// Takes one input; gives everything that follows from it.
    pub fn accept(&mut self, input: &Input) -> Outcome {
        self.accept_read(input, None)
    }

    /// The same, where somebody has decoded the message of an arrival before: `read` is what that
    /// very topic and payload say.
    pub fn accept_read(&mut self, input: &Input, read: Option<Read>) -> Outcome {
        match input {
            Input::Arrival { topic, payload, belief, received_at } => {
                let raw = (topic.as_str(), payload.as_slice());
                let taken = info_span!("intake")
                    .in_scope(|| self.ingest.accept(raw, read, belief, *received_at));
                self.take(taken, *received_at)
            }
            Input::Retained { topic, payload, received_at } => {
                let taken = self.ingest.refuse_retained(topic, payload, *received_at);
                self.take(taken, *received_at)
            }
            Input::Foreign(foreign) => {
                let taken = info_span!("intake").in_scope(|| self.ingest.accept_foreign(foreign));
                self.take(taken, foreign.received_at)
            }
            Input::Tick { now } => {
                let taken = info_span!("intake").in_scope(|| self.ingest.tick(*now));
                let mut outcome = self.take(taken, *now);
                let mut events = Vec::new();
                for plant in (0..self.plants.len()).map(PlantIndex) {
                    self.alarms.advance(plant, Clock::Arrivals, *now, &mut events);
                }
                outcome.outputs.extend(events.into_iter().map(|event| self.said(event)));
                outcome
            }
            Input::Over { now } => {
                let taken = self.ingest.give_up(*now);
                self.take(taken, *now)
            }
            Input::Lateness { lateness } => {
                self.ingest.set_lateness(*lateness);
                Outcome::default()
            }
            Input::Command(command) => self.command(command),
        }
    }

    /// Takes readings of a plant that were decoded elsewhere, as if their message had come at
    /// `received_at`; `source` names where they are from, for what is refused of them.
    pub fn accept_decoded(
        &mut self,
        plant: PlantIndex,
        decoded: Decoded,
        source: &str,
        received_at: Stamp,
    ) -> Outcome {
        let taken = self.ingest.accept_decoded(plant, decoded, source, received_at);
        self.take(taken, received_at)
    }

    /// Takes one plant through readings that are certain: what `accept` does once a message is
    /// decoded, and the way in for readings from a data set. They are in the order of their times,
    /// and nothing of this plant before `batch.frontier` comes later. They get their flags by the
    /// tests of signal quality, as far as those know at once.
    pub fn inspect(&mut self, batch: &mut Batch, out: &mut Inspected) {
        let plant = batch.plant;
        let events = &mut out.alarms;
        if batch.restart {
            self.inspection.begin_again(plant);
            self.alarms.begin_again(plant, batch.frontier, events);
            if let Some((view, whole)) = self.views.get_mut(plant.0).zip(self.plants.get(plant.0)) {
                *view = PlantView::new(whole.instruments.len());
            }
        }
        if let Some(link) = batch.link {
            self.inspection.presence(plant, link.at, link.online);
        }
        if batch.late {
            return; // the rules do not go back
        }
        for observation in &mut batch.observations {
            self.advance(plant, observation.observed_at.min(batch.frontier), events);
            let flagged = self.inspection.observe(observation, &mut self.findings);
            (observation.flag, observation.tests) = flagged;
            if !self.findings.is_empty() {
                self.alarms.apply(&mut self.findings, events);
            }
            if let Some(view) = self.views.get_mut(plant.0) {
                view.see(observation);
            }
        }
        self.advance(plant, batch.frontier, events);
        let Told { doubts, notices } = self.inspection.told();
        for doubt in doubts.drain(..) {
            if let Some(view) = self.views.get_mut(plant.0) {
                view.doubt(&doubt);
            }
            out.amended.extend(doubt.later.then_some(doubt));
        }
        out.notices.append(notices);
        out.floods.extend(self.alarms.told_floods());
    }

    /// Messages that are waited for, because later ones have come: somebody may ask for them again.
    pub fn missing(&self) -> Vec<Missing> {
        self.ingest.missing()
    }

    /// The same, and how many have been given up.
    pub fn waiting(&self) -> Waiting {
        self.ingest.waiting()
    }

    /// What a view needs to know.
    pub fn snapshot(&self) -> Snapshot {
        snapshot::take(self)
    }

    /// Everything a restart must not forget, as JSON.
    pub fn checkpoint(&self) -> Vec<u8> {
        let views = self.plants.iter().zip(&self.views);
        let checkpoint = Checkpoint {
            layout: CHECKPOINT_VERSION,
            ingest: self.ingest.state(),
            inspection: self.inspection.checkpoint(),
            alarms: self.alarms.checkpoint(),
            views: views.map(|(plant, view)| Remembered::new(plant, view)).collect(),
        };
        serde_json::to_vec(&checkpoint).expect("numbers, texts and lists are always JSON")
    }

    /// Goes on from a checkpoint. Plants, instruments and rules that have come since start afresh,
    /// those that have gone are forgotten. Errors: it cannot be read; then nothing has changed.
    pub fn restore(&mut self, checkpoint: &[u8]) -> Result<(), RestoreError> {
        #[derive(Deserialize)]
        struct Layout {
            layout: u32,
        }
        let Layout { layout: found } = serde_json::from_slice(checkpoint)?;
        if found != CHECKPOINT_VERSION {
            return Err(RestoreError::OtherLayout { found });
        }
        let checkpoint: Checkpoint = serde_json::from_slice(checkpoint)?;
        self.ingest.resume(checkpoint.ingest);
        self.inspection.resume(&checkpoint.inspection);
        self.alarms.resume(checkpoint.alarms);
        for remembered in checkpoint.views {
            let at = self.plants.iter().position(|plant| remembered.is_of(plant));
            if let Some(view) = at.and_then(|at| self.views.get_mut(at)) {
                *view = remembered.view;
            }
        }
        Ok(())
    }

    /// Everything that follows from what was taken in at `now`, on the monitor's clock.
    fn take(&mut self, mut taken: Taken, now: Stamp) -> Outcome {
        let mut inspected = Inspected::default();
        info_span!("rules").in_scope(|| {
            for batch in &mut taken.batches {
                self.inspect(batch, &mut inspected);
            }
        });
        let _alarms = info_span!("alarms").entered();
        for result in &taken.certain {
            self.inspection.result(result, &mut self.findings);
            if !self.findings.is_empty() {
                self.alarms.apply(&mut self.findings, &mut inspected.alarms);
            }
        }
        for (plant, before) in &taken.settled {
            self.inspection.settle_results(*plant, *before, &mut self.findings);
            if !self.findings.is_empty() {
                self.alarms.apply(&mut self.findings, &mut inspected.alarms);
            }
            self.alarms.advance(*plant, Clock::Results, *before, &mut inspected.alarms);
        }
        for (plant, Refusal { reason, detail }) in &taken.refused {
            let Some(plant) = plant else { continue };
            self.inspection.refusal(*plant, (reason, detail), now, &mut self.findings);
            if !self.findings.is_empty() {
                self.alarms.apply(&mut self.findings, &mut inspected.alarms);
            }
        }
        inspected.floods.extend(self.alarms.told_floods());
        let Inspected { alarms, floods, amended, notices } = inspected;
        let alarms = alarms.into_iter().map(|event| self.said(event));
        let tickets = taken.tickets.into_iter().map(Output::Ticket);
        let results = taken.results.into_iter().map(Output::Lab);
        let ingest = taken.events.into_iter().map(Output::Ingest);
        let quality = notices.iter().filter_map(|it| self.quality_event(it)).map(Output::Quality);
        let outputs = ingest.chain(tickets).chain(results).chain(quality).chain(alarms);
        let outputs = outputs.chain(floods.into_iter().map(Output::Flood)).collect();
        let observations = taken.batches.into_iter().flat_map(|it| it.observations).collect();
        let refused = taken.refused.into_iter().map(|(_, refusal)| refusal).collect();
        Outcome { outputs, observations, amended, refused, reply: None }
    }

    /// With the exercise that its plant plays now.
    fn said(&self, event: AlarmEvent) -> Output {
        let exercise = self.ingest.plays(&event.id.plant).map(Box::from);
        Output::Alarm(AlarmEvent { exercise, ..event })
    }

    fn quality_event(&self, notice: &Notice) -> Option<QualityEvent> {
        let plant = self.plants.get(notice.plant.0)?;
        let tag = &plant.instruments.get(notice.tag.0)?.tag;
        Some(QualityEvent {
            at: notice.at,
            plant: plant.id.clone(),
            tag: tag.id.clone(),
            test: notice.test,
            flag: notice.flag,
            observed_at: notice.observed_at,
            value: Some(notice.value).filter(|value| value.is_finite()),
            count: notice.count,
        })
    }

    fn command(&mut self, command: &Command) -> Outcome {
        let watch = self.alarms.watch_of(&command.ask.alarm);
        let is_there = |watch| self.inspection.watches().any(|(known, _)| known == watch);
        if !watch.is_some_and(is_there) {
            let refused = CommandRefused::NoSuchAlarm { alarm: command.ask.alarm.clone() };
            return Outcome { reply: Some(Reply::Refused(refused)), ..Outcome::default() };
        }
        let (reply, events) = self.alarms.command(command);
        let floods: Vec<_> = self.alarms.told_floods().map(Output::Flood).collect();
        let outputs = events.into_iter().map(|event| self.said(event)).chain(floods).collect();
        Outcome { outputs, reply: Some(reply), ..Outcome::default() }
    }

    /// Event time of a plant reaches `to`: what was due before fires.
    fn advance(&mut self, plant: PlantIndex, to: Stamp, events: &mut Vec<AlarmEvent>) {
        let Some(view) = self.views.get_mut(plant.0) else { return };
        if view.reached >= Some(to) {
            return;
        }
        view.reached = Some(to);
        self.inspection.advance(plant, to, &mut self.findings);
        if !self.findings.is_empty() {
            self.alarms.apply(&mut self.findings, events);
        }
        self.alarms.advance(plant, Clock::Readings, to, events);
    }
}

fn tags_of(plant: &Plant) -> Vec<Tag> {
    plant.instruments.iter().map(|instrument| (*instrument.tag).clone()).collect()
}

/// What texts of rules may name of a plant; sites count on after the instruments.
fn words_of(plant: &Plant) -> PlantWords {
    let profile = &plant.profile;
    let village = |id: &Option<VillageId>| {
        id.as_ref().and_then(|id| profile.village(id.as_str())).map(|it| it.title.clone())
    };
    let tags = plant.instruments.iter().map(|instrument| {
        let tag = &instrument.tag;
        (village(&tag.village), tag.quantity.measured_in().symbol)
    });
    let sites = profile.sites.iter().map(|site| (village(&site.village), ""));
    let (title, utc_offset) = (profile.title.clone(), profile.utc_offset);
    PlantWords { title, utc_offset, tags: tags.chain(sites).collect() }
}
