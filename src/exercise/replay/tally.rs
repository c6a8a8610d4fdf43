//! What came of a recording, counted as it goes by.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId, Priority};
use crate::base::{Flag, QualityTest, QualityTests, Span, Stamp, TagId, Text};
use crate::ingest::observation::IngestChange;
use crate::monitor::{Outcome, Output};
use crate::plant::Plant;
use crate::plant::tags::TagIndex;

/// Occurrences of one alarm whose times are kept; all are counted.
const EPISODES_MAX: usize = 10_000;

/// What came of a recording.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Readings accepted, late ones included.
    pub readings: u64,
    /// First and last time of those that came in time.
    pub span: Option<(Stamp, Stamp)>,
    /// Readings without a value.
    pub missing: u64,
    /// Readings that came later than the bound allows.
    pub late: u64,
    /// Messages that never came.
    pub lost: u64,
    /// Readings that the recording itself calls suspect or failed.
    pub doubted: u64,
    /// Readings that a test of signal quality doubts.
    pub flagged: BTreeMap<QualityTest, u64>,
    /// Laboratory results.
    pub results: u64,
    /// Why intake refused something, each reason with the first of them in words.
    pub refused: BTreeMap<String, String>,
    /// Every alarm that was raised.
    pub alarms: BTreeMap<AlarmId, Raised>,
    /// Readings with a value of each instrument, by the position of its plant.
    pub heard: BTreeMap<usize, Vec<u64>>,
}

/// How often and for how long one alarm was raised.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// What a person calls it.
    pub title: String,
    /// How urgent.
    pub priority: Priority,
    /// How often.
    pub times: u64,
    /// For how long in all; what stands counts once `Tally::settle` is called.
    pub total: Span,
    /// For how long at most.
    pub longest: Span,
    /// Why, the last time it was raised.
    pub why: Text,
    /// From when to when, in the order of time; without an end it stands.
    pub episodes: Vec<Episode>,
    since: Option<Stamp>,
}

/// From when to when an alarm was raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Episode {
    /// From.
    pub raised: Stamp,
    /// To; none while it stands.
    pub cleared: Option<Stamp>,
}

impl Raised {
    /// Does it stand?
    pub fn stands(&self) -> bool {
        self.since.is_some()
    }

    /// When it was raised first.
    pub fn first(&self) -> Option<Stamp> {
        self.episodes.first().map(|episode| episode.raised)
    }

    fn end(&mut self, at: Stamp) {
        let Some(since) = self.since else { return };
        let lasted = at - since;
        self.total = self.total + lasted;
        self.longest = self.longest.max(lasted);
    }
}

impl Tally {
    /// Counts what followed from an item at a plant; none: from a stranger's.
    pub fn count(&mut self, plant: Option<usize>, outcome: &Outcome) {
        if let Some(plant) = plant.filter(|_| !outcome.observations.is_empty()) {
            let heard = self.heard.entry(plant).or_default();
            for observation in outcome.observations.iter().filter(|it| it.flag != Flag::Missing) {
                let TagIndex(tag) = observation.tag;
                if heard.len() <= tag {
                    heard.resize(tag + 1, 0);
                }
                heard[tag] += 1;
            }
        }
        for observation in &outcome.observations {
            self.readings += 1;
            let tests = observation.tests;
            match observation.flag {
                Flag::Missing => self.missing += 1,
                Flag::Suspect | Flag::Fail if tests.is_empty() => self.doubted += 1,
                _ => {}
            }
            self.flag(tests);
            let at = observation.observed_at;
            self.span = Some(self.span.map_or((at, at), |(from, to)| (from.min(at), to.max(at))));
        }
        for doubt in &outcome.amended {
            self.flag(doubt.tests);
        }
        for output in &outcome.outputs {
            match output {
                Output::Alarm(event) => self.alarm(event),
                Output::Lab(_) => self.results += 1,
                Output::Ingest(event) => {
                    self.intake(&event.what, outcome.observations.len() as u64);
                }
                Output::Quality(_) | Output::Ticket(_) | Output::Flood(_) => {}
            }
        }
    }

    /// The recording is over: what stands has stood until then.
    pub fn settle(&mut self) {
        let Some((_, end)) = self.span else { return };
        for raised in self.alarms.values_mut() {
            raised.end(end.max(raised.since.unwrap_or(end)));
        }
    }

    /// The instruments of a plant that were never heard of, though others were: the recording does
    /// not have them.
    pub fn unheard<'p>(&self, at: usize, plant: &'p Plant) -> Vec<&'p TagId> {
        let Some(heard) = self.heard.get(&at) else { return Vec::new() };
        let tags = plant.instruments.iter().enumerate();
        let unheard = tags.filter(|(tag, _)| heard.get(*tag).is_none_or(|count| *count == 0));
        unheard.map(|(_, instrument)| &instrument.tag.id).collect()
    }

    fn flag(&mut self, tests: QualityTests) {
        if !tests.is_empty() {
            for test in tests.iter() {
                *self.flagged.entry(test).or_default() += 1;
            }
        }
    }

    fn intake(&mut self, what: &IngestChange, readings: u64) {
        match what {
            IngestChange::Refused { reason, detail, .. } => {
                self.refused.entry(reason.clone()).or_insert_with(|| detail.clone());
            }
            IngestChange::Gap { from, to, .. } => {
                self.lost = self.lost.saturating_add(to - from + 1);
            }
            IngestChange::Late { .. } => self.late += readings,
            _ => {}
        }
    }

    fn alarm(&mut self, event: &AlarmEvent) {
        match event.change {
            AlarmChange::Raised => {
                let raised = self.alarms.entry(event.id.as_such()).or_insert_with(|| Raised {
                    title: event.title.clone(),
                    priority: event.priority,
                    times: 0,
                    total: Span::ZERO,
                    longest: Span::ZERO,
                    why: Text::default(),
                    episodes: Vec::new(),
                    since: None,
                });
                raised.times += 1;
                raised.since = Some(event.at);
                raised.why = Text::of(|lang| event.why.said(lang).to_owned());
                if raised.episodes.len() < EPISODES_MAX {
                    raised.episodes.push(Episode { raised: event.at, cleared: None });
                }
            }
            AlarmChange::Cleared => {
                let Some(raised) = self.alarms.get_mut(&event.id.as_such()) else { return };
                raised.end(event.at);
                let begun = raised.since.take();
                let last = raised.episodes.last_mut().filter(|it| Some(it.raised) == begun);
                if let Some(last) = last {
                    last.cleared = Some(event.at);
                }
            }
            _ => {}
        }
    }
}
