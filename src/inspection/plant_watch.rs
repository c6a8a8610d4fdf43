//! All rules at work on one plant: a dense table by instrument, and one deadline for them all.

use serde::{Deserialize, Serialize};

use crate::base::time::UtcOffset;
use crate::base::{Flag, PlantId, RuleId, Stamp, TagId};
use crate::ingest::observation::{Observation, PlantIndex};
use crate::inspection::book::{Book, Kind};
use crate::inspection::finding::{Finding, RuleIndex, Verdict, Watch};
use crate::inspection::silence_watch::{SilenceState, SilenceWatch};
use crate::inspection::watcher::{Label, Watcher, WatcherState};
use crate::inspection::window::Window;
use crate::plant::profile::Profile;
use crate::plant::tags::{Tag, TagIndex};

/// All rules at work on one plant.
#[derive(Debug, Clone)]
pub struct PlantWatch {
    id: PlantId,
    utc_offset: UtcOffset,
    /// Ids of all rules, for checkpoints.
    rules: Vec<RuleId>,
    started: bool,
    /// Nothing is due before this moment.
    next_deadline: Stamp,
    gateway: Vec<SilenceWatch>,
    tags: Vec<TagWatch>,
}

#[derive(Debug, Clone)]
struct TagWatch {
    label: Label,
    last: Option<Stamp>,
    window: Window,
    watchers: Vec<Watcher>,
    silences: Vec<SilenceWatch>,
}

/// What a restart must not forget of a plant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlantState {
    id: PlantId,
    gateway: Vec<(RuleId, SilenceState)>,
    tags: Vec<TagState>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct TagState {
    id: TagId,
    last: Option<Stamp>,
    window: Window,
    watchers: Vec<(RuleId, WatcherState)>,
    silences: Vec<(RuleId, SilenceState)>,
}

impl PlantWatch {
    /// Sets the rules of `book` to work on a plant.
    pub fn new(book: &Book, plant: PlantIndex, profile: &Profile, tags: &[Tag]) -> Self {
        let tags = tags
            .iter()
            .enumerate()
            .map(|(i, tag)| TagWatch::new(book, plant, profile, TagIndex(i), tag))
            .collect();
        let gateway = book.rules().iter().enumerate().filter_map(|(i, rule)| {
            let Kind::GatewaySilence { after } = rule.kind else { return None };
            let watch = Watch { rule: RuleIndex(i), plant, tag: None };
            let wanted = rule.select.wants_plant(profile);
            wanted.then(|| SilenceWatch::new(watch, rule.accept, after))
        });
        Self {
            id: profile.id.clone(),
            utc_offset: profile.utc_offset,
            rules: book.rules().iter().map(|rule| rule.id.clone()).collect(),
            started: false,
            next_deadline: Stamp::MAX,
            gateway: gateway.collect(),
            tags,
        }
    }

    fn start(&mut self, now: Stamp) {
        self.started = true;
        self.gateway.iter_mut().for_each(|silence| silence.start(now));
        for tag in &mut self.tags {
            tag.silences.iter_mut().for_each(|silence| silence.start(now));
            tag.watchers.iter_mut().for_each(|watcher| watcher.start(now));
        }
        self.next_deadline = self.deadline();
    }

    /// See `Inspection::observe`.
    pub fn observe(&mut self, observation: &Observation, findings: &mut Vec<Finding>) {
        let at = observation.observed_at;
        if !self.started {
            self.start(at);
        }
        for silence in &mut self.gateway {
            silence.hear(at);
            self.next_deadline = self.next_deadline.min(silence.deadline());
        }
        if let Some(tag) = self.tags.get_mut(observation.tag.0) {
            let deadline = tag.observe(observation, findings);
            self.next_deadline = self.next_deadline.min(deadline);
        }
    }

    /// See `Inspection::presence`.
    pub fn presence(&mut self, at: Stamp, online: bool) {
        if !self.started {
            self.start(at);
        }
        for silence in &mut self.gateway {
            if online {
                silence.hear(at);
            } else {
                silence.goodbye(at);
            }
            self.next_deadline = self.next_deadline.min(silence.deadline());
        }
    }

    /// See `Inspection::advance`.
    pub fn advance(&mut self, to: Stamp, findings: &mut Vec<Finding>) {
        if !self.started {
            self.start(to);
        }
        if to <= self.next_deadline {
            return;
        }
        let first = findings.len();
        let listen_until = self.advance_gateway(to, findings);
        for tag in &mut self.tags {
            tag.advance(to, findings);
            tag.advance_silences(listen_until, findings);
        }
        if let Some(new) = findings.get_mut(first..) {
            new.sort_by_key(|finding| (finding.at, finding.watch));
        }
        self.next_deadline = self.deadline();
    }

    /// Judges the gateway up to `to`. While nothing is heard of a plant, no single instrument is to
    /// blame: their silences are judged up to where the plant's began, and excused until it ended.
    /// Gives the moment up to which instruments may be blamed.
    fn advance_gateway(&mut self, to: Stamp, findings: &mut Vec<Finding>) -> Stamp {
        let who = format!("plant {}", self.id);
        for (i, silence) in self.gateway.iter_mut().enumerate() {
            loop {
                let silent_since = silence.silent_since();
                let change = silence.advance(to, &who, self.utc_offset, None, findings);
                let Some(change) = change else { break };
                // The first gateway rule excuses; others only report.
                if i > 0 || change.silent {
                    continue;
                }
                let from = silent_since.unwrap_or(change.at);
                for tag in &mut self.tags {
                    tag.advance_silences(from, findings);
                    tag.silences.iter_mut().for_each(|tag| tag.excuse(from, change.at));
                }
            }
        }
        self.gateway.first().and_then(SilenceWatch::silent_since).unwrap_or(to)
    }

    fn deadline(&self) -> Stamp {
        let gateway = self.gateway.iter().map(SilenceWatch::deadline);
        let silent = self.gateway.first().is_some_and(|gateway| gateway.silent_since().is_some());
        let tags = self.tags.iter().map(|tag| tag.deadline(!silent));
        gateway.chain(tags).min().unwrap_or(Stamp::MAX)
    }

    /// See `Inspection::begin_again`.
    pub fn begin_again(&mut self) {
        self.started = false;
        self.next_deadline = Stamp::MAX;
        self.gateway.iter_mut().for_each(SilenceWatch::begin_again);
        for tag in &mut self.tags {
            (tag.last, tag.window) = (None, Window::default());
            tag.watchers.iter_mut().for_each(Watcher::begin_again);
            tag.silences.iter_mut().for_each(SilenceWatch::begin_again);
        }
    }

    /// Every rule at every place it watches, with its verdict.
    pub fn watches(&self) -> impl Iterator<Item = (Watch, Option<Verdict>)> + '_ {
        let silences = |silences: &'_ [SilenceWatch]| {
            silences.iter().map(|s| (s.watch(), s.verdict())).collect::<Vec<_>>()
        };
        silences(&self.gateway).into_iter().chain(self.tags.iter().flat_map(move |tag| {
            let watchers = tag.watchers.iter().map(|w| (w.watch(), w.verdict()));
            watchers.chain(silences(&tag.silences))
        }))
    }

    /// For a checkpoint.
    pub fn state(&self) -> PlantState {
        PlantState {
            id: self.id.clone(),
            gateway: silence_states(&self.gateway, &self.rules),
            tags: self.tags.iter().map(|tag| tag.state(&self.rules)).collect(),
        }
    }

    /// Is the state of this plant?
    pub fn is(&self, state: &PlantState) -> bool {
        self.id == state.id
    }

    /// Continues from a checkpoint.
    pub fn resume(&mut self, state: &PlantState) {
        self.started = false; // the next mention starts the rules that the checkpoint lacks
        resume_silences(&mut self.gateway, &self.rules, &state.gateway);
        for tag in &mut self.tags {
            if let Some(state) = state.tags.iter().find(|state| state.id == tag.label.tag) {
                tag.resume(&self.rules, state);
            }
        }
        self.next_deadline = self.deadline();
    }
}

impl TagWatch {
    fn new(book: &Book, plant: PlantIndex, profile: &Profile, index: TagIndex, tag: &Tag) -> Self {
        let mut watchers = Vec::new();
        let mut silences = Vec::new();
        for (i, rule) in book.rules().iter().enumerate() {
            let watch = Watch { rule: RuleIndex(i), plant, tag: Some(index) };
            watchers.extend(Watcher::new(rule, watch, profile, tag));
            if rule.kind == Kind::TagSilence && rule.watches(profile, tag) {
                let patience = rule.patience.for_poll(tag.poll);
                silences.push(SilenceWatch::new(watch, rule.accept, patience));
            }
        }
        let label =
            Label { tag: tag.id.clone(), quantity: tag.quantity, utc_offset: profile.utc_offset };
        Self { label, last: None, window: Window::default(), watchers, silences }
    }

    /// Takes a reading; gives the moment before which nothing is due here.
    fn observe(&mut self, observation: &Observation, findings: &mut Vec<Finding>) -> Stamp {
        let (at, value) = (observation.observed_at, observation.value);
        let flag = if value.is_finite() { observation.flag } else { Flag::Missing };
        for silence in self.silences.iter_mut().filter(|silence| silence.accept().contains(flag)) {
            silence.hear(at);
        }
        if self.last.is_some_and(|last| at <= last) {
            return self.deadline(true);
        }
        self.last = Some(at);
        if self.watchers.iter().any(|watcher| watcher.deadline() <= at) {
            self.advance(at, findings);
        }
        if flag.is_usable() {
            self.window.push(at, value);
        }
        for watcher in &mut self.watchers {
            if watcher.accepts(flag) {
                watcher.observe(at, value, &self.label, &self.window, findings);
            }
        }
        self.deadline(true)
    }

    fn advance(&mut self, to: Stamp, findings: &mut Vec<Finding>) {
        for watcher in &mut self.watchers {
            watcher.advance(to, &self.label, &self.window, findings);
        }
    }

    fn advance_silences(&mut self, to: Stamp, findings: &mut Vec<Finding>) {
        for silence in &mut self.silences {
            let (who, offset) = (self.label.tag.as_str(), self.label.utc_offset);
            while silence.advance(to, who, offset, Some(&self.window), findings).is_some() {}
        }
    }

    fn deadline(&self, listening: bool) -> Stamp {
        let silences = self.silences.iter().filter(|_| listening).map(SilenceWatch::deadline);
        self.watchers.iter().map(Watcher::deadline).chain(silences).min().unwrap_or(Stamp::MAX)
    }

    fn state(&self, rules: &[RuleId]) -> TagState {
        let watchers = self.watchers.iter().filter_map(|watcher| {
            Some((rules.get(watcher.watch().rule.0)?.clone(), watcher.state()))
        });
        TagState {
            id: self.label.tag.clone(),
            last: self.last,
            window: self.window.clone(),
            watchers: watchers.collect(),
            silences: silence_states(&self.silences, rules),
        }
    }

    fn resume(&mut self, rules: &[RuleId], state: &TagState) {
        self.last = state.last;
        self.window = state.window.clone();
        for watcher in &mut self.watchers {
            let id = rules.get(watcher.watch().rule.0);
            if let Some((_, state)) = state.watchers.iter().find(|(rule, _)| Some(rule) == id) {
                watcher.resume(state);
            }
        }
        resume_silences(&mut self.silences, rules, &state.silences);
    }
}

fn silence_states(silences: &[SilenceWatch], rules: &[RuleId]) -> Vec<(RuleId, SilenceState)> {
    silences
        .iter()
        .filter_map(|silence| Some((rules.get(silence.watch().rule.0)?.clone(), silence.state())))
        .collect()
}

fn resume_silences(
    silences: &mut [SilenceWatch],
    rules: &[RuleId],
    states: &[(RuleId, SilenceState)],
) {
    for silence in silences {
        let id = rules.get(silence.watch().rule.0);
        if let Some((_, state)) = states.iter().find(|(rule, _)| Some(rule) == id) {
            silence.resume(state);
        }
    }
}
