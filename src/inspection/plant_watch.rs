//! All rules at work on one plant: a dense table by instrument, and one deadline for them all.

use serde::{Deserialize, Serialize};

use crate::base::time::UtcOffset;
use crate::base::{Flag, PlantId, QualityTests, RuleId, Stamp};
use crate::ingest::observation::{Observation, PlantIndex, SiteResult};
use crate::inspection::book::{Book, Kind};
use crate::inspection::event::plant::Events;
use crate::inspection::event::watch::EventState;
use crate::inspection::expression::plant::Expressions;
use crate::inspection::expression::watch::ExpressionState;
use crate::inspection::finding::{Finding, RuleIndex, Verdict, Watch};
use crate::inspection::grab_watch::{GrabState, Grabs};
use crate::inspection::lab_watch::{SiteState, SiteWatch};
use crate::inspection::refusal_watch::Refusals;
use crate::inspection::round_watch::{RoundState, Rounds};
use crate::inspection::sight::Sight;
use crate::inspection::signal::checks::Checks;
use crate::inspection::signal::notice::Told;
use crate::inspection::silence_watch::{
    SilenceState, SilenceWatch, Who, resume_silences, silence_states,
};
use crate::inspection::tag_watch::{TagState, TagWatch};
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
    /// Instruments are watched from their first reading on; one that never speaks is not missed.
    only_heard: bool,
    /// Nothing is due before this moment.
    next_deadline: Stamp,
    /// No test that looks at other instruments knows anything new before this moment.
    next_settling: Stamp,
    gateway: Vec<SilenceWatch>,
    refusals: Refusals,
    tags: Vec<TagWatch>,
    sites: Vec<SiteWatch>,
    grabs: Grabs,
    rounds: Rounds,
    events: Events,
    expressions: Expressions,
}

/// What a restart must not forget of a plant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlantState {
    id: PlantId,
    gateway: Vec<(RuleId, SilenceState)>,
    tags: Vec<TagState>,
    #[serde(default)]
    sites: Vec<SiteState>,
    #[serde(default)]
    grabs: Vec<GrabState>,
    #[serde(default)]
    rounds: Vec<RoundState>,
    #[serde(default)]
    events: Vec<(RuleId, EventState)>,
    #[serde(default)]
    expressions: Vec<ExpressionState>,
}

impl PlantWatch {
    /// Sets the rules of `book` to work on a plant.
    pub fn new(book: &Book, plant: PlantIndex, profile: &Profile, tags: &[Tag]) -> Self {
        let sites =
            profile.sites.iter().enumerate().map(|(i, site)| {
                SiteWatch::new(book, plant, profile, TagIndex(tags.len() + i), site)
            });
        let sites = sites.collect();
        let grabs = Grabs::new(book, plant, profile, tags);
        let rounds = Rounds::new(book, plant, profile, tags.len());
        let events = Events::new(book, plant, profile, tags);
        let checks = Checks::of_plant(book.tests(), profile, tags);
        let expressions = Expressions::new(book, plant, profile, tags);
        let tags = tags.iter().zip(checks).enumerate();
        let tags = tags.map(|(i, (tag, checks))| {
            TagWatch::new(book, (plant, TagIndex(i)), profile, tag, checks)
        });
        let gateway = book.rules().iter().enumerate().filter_map(|(i, rule)| {
            let Kind::GatewaySilence { after } = rule.kind else { return None };
            let watch = Watch { rule: RuleIndex(i), plant, tag: None };
            let wanted = rule.is_for(profile);
            wanted.then(|| SilenceWatch::new(watch, rule.accept, after))
        });
        Self {
            id: profile.id.clone(),
            utc_offset: profile.utc_offset,
            rules: book.rules().iter().map(|rule| rule.id.clone()).collect(),
            started: false,
            only_heard: false,
            next_deadline: Stamp::MAX,
            next_settling: Stamp::MAX,
            gateway: gateway.collect(),
            refusals: Refusals::new(book, plant, profile),
            tags: tags.collect(),
            sites,
            grabs,
            rounds,
            events,
            expressions,
        }
    }

    /// See `Inspection::miss_only_what_spoke`.
    pub fn miss_only_what_spoke(&mut self) {
        self.only_heard = true;
    }

    fn start(&mut self, now: Stamp) {
        self.started = true;
        self.gateway.iter_mut().for_each(|silence| silence.start(now));
        self.events.start(now);
        self.expressions.start(now);
        if !self.only_heard {
            self.tags.iter_mut().for_each(|tag| tag.start(now));
        }
        self.next_deadline = self.deadline();
    }

    /// See `Inspection::observe`.
    pub fn observe(
        &mut self,
        observation: &Observation,
        findings: &mut Vec<Finding>,
        told: &mut Told,
    ) -> (Flag, QualityTests) {
        let at = observation.observed_at;
        if !self.started {
            self.start(at);
        }
        for silence in &mut self.gateway {
            silence.hear(at);
            self.next_deadline = self.next_deadline.min(silence.deadline());
        }
        let Some(tag) = self.tags.get_mut(observation.tag.0) else {
            return (observation.flag, observation.tests);
        };
        if self.only_heard && tag.last.is_none() {
            tag.start(at);
        }
        let is_newer = tag.last.is_none_or(|last| at > last);
        let flagged = tag.observe(observation, findings, told);
        if is_newer {
            self.grabs.observe(observation.tag, at, observation.value, flagged.0);
            self.events.observe(observation.tag, at, observation.value, flagged.0);
            self.expressions.observe(observation.tag, at, observation.value, flagged.0);
        }
        self.next_deadline = self.next_deadline.min(tag.deadline(true));
        self.next_settling = self.next_settling.min(tag.checks.due());
        flagged
    }

    /// See `Inspection::result`.
    pub fn result(&mut self, result: &SiteResult, findings: &mut Vec<Finding>) {
        if let Some(site) = self.sites.get_mut(result.site.0) {
            site.observe(&result.result, findings);
        }
        self.grabs.result(result, findings);
        self.rounds.observe(result, findings);
    }

    /// See `Inspection::settle_results`.
    pub fn settle_results(&mut self, to: Stamp, findings: &mut Vec<Finding>) {
        self.rounds.advance(to, findings);
    }

    /// See `Inspection::refusal`.
    pub fn refusal(&self, told: (&str, &str), at: Stamp, findings: &mut Vec<Finding>) {
        self.refusals.observe(told.0, told.1, at, findings);
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
    pub fn advance(&mut self, to: Stamp, findings: &mut Vec<Finding>, told: &mut Told) {
        if !self.started {
            self.start(to);
        }
        if to <= self.next_deadline.min(self.next_settling) {
            return;
        }
        let first = findings.len();
        self.settle(to, findings, told);
        if to > self.next_deadline {
            let listen_until = self.advance_gateway(to, findings);
            for tag in &mut self.tags {
                tag.advance(to, findings);
                tag.advance_silences(listen_until, findings);
            }
            self.events.advance(to, findings);
            self.expressions.advance(to, findings);
            self.next_deadline = self.deadline();
        }
        if let Some(new) = findings.get_mut(first..) {
            new.sort_by_key(|finding| (finding.at, finding.watch));
        }
    }

    /// Gives their flags to readings that have waited for those of other instruments.
    fn settle(&mut self, to: Stamp, findings: &mut Vec<Finding>, told: &mut Told) {
        while self.next_settling < to {
            let next = self.tags.iter().enumerate().map(|(at, tag)| (tag.checks.due(), at)).min();
            let Some((due, at)) = next.filter(|(due, _)| *due < to) else { break };
            let (before, rest) = self.tags.split_at_mut(at);
            let Some((tag, after)) = rest.split_first_mut() else { break };
            let others = |other: usize| match other.checked_sub(at + 1) {
                Some(behind) => after.get(behind),
                None => before.get(other),
            };
            let later = tag
                .checks
                .settle(to, |other, from, until| others(other)?.checks.shown(from, until));
            if let Some(later) = later {
                tag.amend(&later, findings, told);
                self.next_deadline = self.next_deadline.min(tag.deadline(true));
            }
            self.next_settling = due;
        }
        let dues = self.tags.iter().map(|tag| tag.checks.due());
        self.next_settling = dues.min().unwrap_or(Stamp::MAX);
    }

    /// Judges the gateway up to `to`. While nothing is heard of a plant, no single instrument is to
    /// blame: their silences are judged up to where the plant's began, and excused until it ended.
    /// Gives the moment up to which instruments may be blamed.
    fn advance_gateway(&mut self, to: Stamp, findings: &mut Vec<Finding>) -> Stamp {
        let who = Who::Plant(&self.id);
        for (i, silence) in self.gateway.iter_mut().enumerate() {
            loop {
                let silent_since = silence.silent_since();
                let change = silence.advance(to, who, self.utc_offset, None, findings);
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
        let own = gateway.chain(tags).min().unwrap_or(Stamp::MAX);
        own.min(self.events.deadline()).min(self.expressions.deadline())
    }

    /// See `Inspection::begin_again`.
    pub fn begin_again(&mut self) {
        self.started = false;
        (self.next_deadline, self.next_settling) = (Stamp::MAX, Stamp::MAX);
        self.gateway.iter_mut().for_each(SilenceWatch::begin_again);
        self.sites.iter_mut().for_each(SiteWatch::begin_again);
        self.grabs.begin_again();
        self.rounds.begin_again();
        self.events.begin_again();
        self.expressions.begin_again();
        self.tags.iter_mut().for_each(TagWatch::begin_again);
    }

    /// Every rule at every place it watches, with its verdict.
    pub fn watches(&self) -> impl Iterator<Item = (Watch, Option<Verdict>)> + '_ {
        let silences = |silences: &'_ [SilenceWatch]| {
            silences.iter().map(|s| (s.watch(), s.verdict())).collect::<Vec<_>>()
        };
        let tags = self.tags.iter().flat_map(move |tag| {
            let watchers = tag.watchers.iter().map(|w| (w.watch(), w.verdict()));
            watchers.chain(silences(&tag.silences))
        });
        let sites = self.sites.iter().flat_map(SiteWatch::watches);
        silences(&self.gateway)
            .into_iter()
            .chain(tags)
            .chain(sites)
            .chain(self.events.watches())
            .chain(self.grabs.watches())
            .chain(self.rounds.watches())
            .chain(self.expressions.watches())
            .chain(self.refusals.watches())
    }

    /// See `Inspection::sight`.
    pub fn sight(&self, watch: Watch) -> Option<Sight> {
        let gateway = || self.gateway.iter().find(|it| it.watch() == watch);
        let tag = || self.tags.get(watch.tag?.0)?.sight(watch);
        let site = || self.sites.iter().find_map(|site| site.sight(watch));
        (gateway().map(|it| it.sight(Who::Plant(&self.id), self.utc_offset)))
            .or_else(tag)
            .or_else(site)
            .or_else(|| self.grabs.sight(watch))
            .or_else(|| self.rounds.sight(watch))
            .or_else(|| self.events.sight(watch))
            .or_else(|| self.expressions.sight(watch))
            .or_else(|| self.refusals.sight(watch))
    }

    /// For a checkpoint.
    pub fn state(&self) -> PlantState {
        PlantState {
            id: self.id.clone(),
            gateway: silence_states(&self.gateway, &self.rules),
            tags: self.tags.iter().map(|tag| tag.state(&self.rules)).collect(),
            sites: self.sites.iter().map(|site| site.state(&self.rules)).collect(),
            grabs: self.grabs.states(&self.rules),
            rounds: self.rounds.state(&self.rules),
            events: self.events.states(&self.rules),
            expressions: self.expressions.states(),
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
        self.sites.iter_mut().for_each(|site| site.resume(&self.rules, &state.sites));
        self.grabs.resume(&self.rules, &state.grabs);
        self.rounds.resume(&self.rules, &state.rounds);
        self.events.resume(&self.rules, &state.events);
        self.expressions.resume(&state.expressions);
        for tag in &mut self.tags {
            if let Some(state) = state.tags.iter().find(|state| state.id == tag.label.tag) {
                tag.resume(&self.rules, state);
            }
        }
        self.next_deadline = self.deadline();
        let dues = self.tags.iter().map(|tag| tag.checks.due());
        self.next_settling = dues.min().unwrap_or(Stamp::MAX);
    }
}
