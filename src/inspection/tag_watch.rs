//! All rules at work on one instrument of a plant.

use serde::{Deserialize, Serialize};

use crate::base::{Flag, QualityTest, QualityTests, RuleId, Stamp, TagId};
use crate::ingest::observation::{Observation, PlantIndex};
use crate::inspection::book::{Book, Kind};
use crate::inspection::finding::{Finding, RuleIndex, Watch};
use crate::inspection::sight::Sight;
use crate::inspection::signal::checks::{Checks, ChecksState};
use crate::inspection::signal::notice::{Doubt, Notice, Told, Untold};
use crate::inspection::signal::spec::made_at;
use crate::inspection::signal::{Judged, Later};
use crate::inspection::silence_watch::{
    SilenceState, SilenceWatch, Who, resume_silences, silence_states,
};
use crate::inspection::watcher::{Label, Watcher, WatcherState, Weighed};
use crate::inspection::window::Window;
use crate::plant::profile::Profile;
use crate::plant::tags::{Tag, TagIndex};

/// All rules at work on one instrument.
#[derive(Debug, Clone)]
pub(super) struct TagWatch {
    pub(super) label: Label,
    place: (PlantIndex, TagIndex),
    pub(super) last: Option<Stamp>,
    /// The last usable values.
    pub(super) window: Window,
    /// The last values, doubtful ones too.
    pub(super) seen: Window,
    pub(super) checks: Checks,
    untold: Untold,
    pub(super) watchers: Vec<Watcher>,
    pub(super) silences: Vec<SilenceWatch>,
    /// Before this moment no watcher has anything to find. It may be earlier than the first of
    /// their deadlines, for these move on with every reading; it is set right when it is reached.
    due: Stamp,
    /// Does no quality rule doubt anything? Then a sound reading changes no verdict of theirs.
    is_calm: bool,
}

/// What a restart must not forget of an instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TagState {
    pub(super) id: TagId,
    last: Option<Stamp>,
    window: Window,
    seen: Window,
    checks: ChecksState,
    untold: Untold,
    watchers: Vec<(RuleId, WatcherState)>,
    silences: Vec<(RuleId, SilenceState)>,
}

impl TagWatch {
    pub(super) fn new(
        book: &Book,
        place: (PlantIndex, TagIndex),
        profile: &Profile,
        tag: &Tag,
        checks: Checks,
    ) -> Self {
        let (mut watchers, mut silences) = (Vec::new(), Vec::new());
        let made = made_at(book.tests(), profile, tag);
        for (i, rule) in book.rules().iter().enumerate() {
            let watch = Watch { rule: RuleIndex(i), plant: place.0, tag: Some(place.1) };
            let idle = matches!(rule.kind, Kind::Quality(it) if it.tests.and(made).is_empty());
            watchers.extend(Watcher::new(rule, watch, profile, tag).filter(|_| !idle));
            if rule.kind == Kind::TagSilence && rule.watches(profile, tag) {
                let patience = rule.patience.for_poll(tag.poll);
                silences.push(SilenceWatch::new(watch, rule.accept, patience));
            }
        }
        let label =
            Label { tag: tag.id.clone(), quantity: tag.quantity, utc_offset: profile.utc_offset };
        let (window, seen) = (Window::default(), Window::default());
        let untold = Untold::default();
        Self {
            label,
            place,
            last: None,
            window,
            seen,
            checks,
            untold,
            watchers,
            silences,
            due: Stamp::MAX,
            is_calm: false,
        }
    }

    pub(super) fn begin_again(&mut self) {
        (self.last, self.window, self.seen) = (None, Window::default(), Window::default());
        self.checks.forget();
        self.untold = Untold::default();
        self.watchers.iter_mut().for_each(Watcher::begin_again);
        self.silences.iter_mut().for_each(SilenceWatch::begin_again);
        self.look_again();
    }

    /// What is known about all watchers together, from each of them.
    fn look_again(&mut self) {
        self.due = self.watchers.iter().map(Watcher::deadline).min().unwrap_or(Stamp::MAX);
        self.is_calm = self.watchers.iter().all(Watcher::is_calm);
    }

    pub(super) fn start(&mut self, now: Stamp) {
        self.silences.iter_mut().for_each(|silence| silence.start(now));
        self.watchers.iter_mut().for_each(|watcher| watcher.start(now));
        self.look_again();
    }

    /// Takes a reading; gives its flag and the tests that set it.
    pub(super) fn observe(
        &mut self,
        observation: &Observation,
        findings: &mut Vec<Finding>,
        told: &mut Told,
    ) -> (Flag, QualityTests) {
        let (at, value) = (observation.observed_at, observation.value);
        let own = if value.is_finite() { observation.flag } else { Flag::Missing };
        for silence in self.silences.iter_mut().filter(|silence| silence.accept().contains(own)) {
            silence.hear(at);
        }
        if let Some(last) = self.last.filter(|last| at <= *last) {
            return self.hear_again(last, observation, findings, told);
        }
        self.last = Some(at);
        self.advance(at, findings);
        if own == Flag::Missing {
            return (own, QualityTests::NONE);
        }
        let mut later = None;
        let judged = match observation.tests {
            QualityTests::NONE => self.checks.judge(at, value, &mut later),
            // Intake has found that the value is none of ours.
            tests => Judged { evaluated: tests, fail: tests, ..Judged::default() },
        };
        if let Some(later) = &later {
            self.amend(later, findings, told);
        }
        let flag = own.worst(judged.flag());
        self.seen.push(at, value);
        if flag.is_usable() {
            self.window.push(at, value);
        }
        for watcher in self.watchers.iter_mut().filter(|it| it.accepts(flag)) {
            watcher.observe(at, value, &self.label, &self.window, findings);
            self.due = self.due.min(watcher.deadline());
        }
        self.weigh(at, &Weighed { value, judged, before: None }, findings);
        self.doubt(at, observation, judged, told);
        (flag, judged.found())
    }

    /// A reading that is not newer than the last one is alive, and nothing else: it may come twice,
    /// and when it is older, its time cannot be right.
    fn hear_again(
        &mut self,
        last: Stamp,
        observation: &Observation,
        findings: &mut Vec<Finding>,
        told: &mut Told,
    ) -> (Flag, QualityTests) {
        let mut judged = Judged::default();
        if observation.observed_at < last && observation.flag != Flag::Missing {
            judged.note(QualityTest::Timing, Flag::Suspect);
            let weighed = Weighed { value: observation.value, judged, before: None };
            self.weigh(last, &weighed, findings);
            self.doubt(last, observation, judged, told);
        }
        (observation.flag.worst(judged.flag()), observation.tests | judged.found())
    }

    /// Takes a verdict that came after its reading.
    pub(super) fn amend(&mut self, later: &Later, findings: &mut Vec<Finding>, told: &mut Told) {
        let mut judged = Judged::default();
        judged.note(later.test, later.flag);
        let (value, at) = (later.value, later.known_at);
        self.weigh(at, &Weighed { value, judged, before: Some(later.before) }, findings);
        if judged.found().is_empty() {
            return;
        }
        let flag = later.before.flag().worst(later.flag);
        let (plant, tag) = self.place;
        let (observed_at, tests) = (later.observed_at, judged.found());
        told.doubts.push(Doubt { plant, tag, observed_at, tests, flag, later: true });
        self.tell(at, observed_at, value, (later.test, later.flag), told);
    }

    fn weigh(&mut self, at: Stamp, weighed: &Weighed, findings: &mut Vec<Finding>) {
        let is_due = self.due <= at;
        if self.is_calm && !is_due && weighed.is_sound() {
            if weighed.before.is_none() {
                self.watchers.iter_mut().for_each(|watcher| watcher.count_sound(at));
            }
            return;
        }
        let checks = &mut self.checks;
        let mut evidence = |found: QualityTests| checks.evidence(found, at);
        let mut is_calm = true;
        for watcher in self.watchers.iter_mut().filter(|watcher| watcher.judges_quality()) {
            if is_due {
                watcher.advance(at, &self.label, &self.seen, findings);
            }
            watcher.weigh(at, weighed, &self.label, &self.seen, &mut evidence, findings);
            self.due = self.due.min(watcher.deadline());
            is_calm &= watcher.is_calm();
        }
        self.is_calm = is_calm;
    }

    /// Tells what the tests have found in a reading.
    fn doubt(&mut self, at: Stamp, observation: &Observation, judged: Judged, told: &mut Told) {
        if judged.found().is_empty() {
            return;
        }
        let (plant, tag) = self.place;
        let (observed_at, value) = (observation.observed_at, observation.value);
        let (tests, flag) = (judged.found(), judged.flag());
        told.doubts.push(Doubt { plant, tag, observed_at, tests, flag, later: false });
        for test in tests.iter() {
            let flag = if judged.fail.contains(test) { Flag::Fail } else { Flag::Suspect };
            self.tell(at, observed_at, value, (test, flag), told);
        }
    }

    fn tell(
        &mut self,
        at: Stamp,
        observed_at: Stamp,
        value: f64,
        (test, flag): (QualityTest, Flag),
        told: &mut Told,
    ) {
        let (plant, tag) = self.place;
        if let Some(count) = self.untold.count(test, at) {
            told.notices.push(Notice { plant, tag, at, test, flag, observed_at, value, count });
        }
    }

    pub(super) fn advance(&mut self, to: Stamp, findings: &mut Vec<Finding>) {
        if self.due > to {
            return;
        }
        for watcher in &mut self.watchers {
            watcher.advance(to, &self.label, &self.window, findings);
        }
        self.look_again();
    }

    pub(super) fn advance_silences(&mut self, to: Stamp, findings: &mut Vec<Finding>) {
        for silence in &mut self.silences {
            let (who, offset) = (Who::Tag(&self.label.tag), self.label.utc_offset);
            while silence.advance(to, who, offset, Some(&self.window), findings).is_some() {}
        }
    }

    /// What a rule sees here, if it watches here.
    pub(super) fn sight(&self, watch: Watch) -> Option<Sight> {
        let judged = self.window.to_vec();
        let seen = self.seen.to_vec();
        let left_out = seen.into_iter().filter(|it| !judged.contains(it)).collect();
        let watcher = self.watchers.iter().find(|it| it.watch() == watch);
        if let Some(watcher) = watcher {
            return Some(
                watcher.sight(&self.label, Sight { judged, left_out, ..Sight::default() }),
            );
        }
        let silence = self.silences.iter().find(|it| it.watch() == watch)?;
        let sight = silence.sight(Who::Tag(&self.label.tag), self.label.utc_offset);
        Some(Sight { judged, left_out, ..sight })
    }

    /// Before this moment there is nothing to find; `listening`: silences count.
    pub(super) fn deadline(&self, listening: bool) -> Stamp {
        let silences = self.silences.iter().filter(|_| listening).map(SilenceWatch::deadline);
        silences.fold(self.due, Stamp::min)
    }

    pub(super) fn state(&self, rules: &[RuleId]) -> TagState {
        let watchers = self.watchers.iter().filter_map(|watcher| {
            Some((rules.get(watcher.watch().rule.0)?.clone(), watcher.state()))
        });
        TagState {
            id: self.label.tag.clone(),
            last: self.last,
            window: self.window.clone(),
            seen: self.seen.clone(),
            checks: self.checks.state(),
            untold: self.untold.clone(),
            watchers: watchers.collect(),
            silences: silence_states(&self.silences, rules),
        }
    }

    pub(super) fn resume(&mut self, rules: &[RuleId], state: &TagState) {
        self.last = state.last;
        self.window = state.window.clone();
        self.seen = state.seen.clone();
        self.checks.resume(&state.checks);
        self.untold = state.untold.clone();
        for watcher in &mut self.watchers {
            let id = rules.get(watcher.watch().rule.0);
            if let Some((_, state)) = state.watchers.iter().find(|(rule, _)| Some(rule) == id) {
                watcher.resume(state);
            }
        }
        resume_silences(&mut self.silences, rules, &state.silences);
        self.look_again();
    }
}
