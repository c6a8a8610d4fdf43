//! All tests at one instrument: the flag of each reading, in one pass.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::flat_line::{FlatLineTest, Run, rests};
use super::partner::{Multivariate, Neighbour, Recent, WAITING_MAX, Waiting, decide};
use super::range::{Bounds, Climatology, GrossRange, Today, syntax};
use super::rate::{RateState, RateTest};
use super::silence::Patience;
use super::spec::{TestKind, TestSpec, in_force};
use super::spike::{SpikeState, SpikeTest};
use super::spread::{Attenuation, Spread};
use super::timing::Pace;
use super::{Judged, Later};
use crate::base::time::UtcOffset;
use crate::base::units::Quantity;
use crate::base::{Flag, QualityTest, QualityTests, Span, Stamp, Text};
use crate::plant::profile::Profile;
use crate::plant::tags::Tag;

/// The tests in force at one instrument, and what they remember.
#[derive(Debug, Clone)]
pub struct Checks {
    quantity: Quantity,
    range: Bounds,
    poll: Span,
    utc_offset: UtcOffset,
    /// After so long without a reading, a signal begins anew.
    patience: Span,
    tests: InForce,
    /// The other instruments that may confirm a jump, each with the change that does; and those
    /// that should agree.
    partners: [Vec<(usize, f64)>; 2],
    /// How long its readings are remembered for others that look at it.
    keep: Option<Span>,
    today: Option<Today>,
    state: ChecksState,
}

#[derive(Debug, Clone, Default)]
struct InForce {
    pace: Pace,
    gross: Option<GrossRange>,
    climatology: Option<Box<Climatology>>,
    spike: Option<SpikeTest>,
    rate: Option<RateTest>,
    flat: Option<FlatLineTest>,
    attenuation: Option<Attenuation>,
    multivariate: Option<Box<Multivariate>>,
    neighbour: Option<Box<Neighbour>>,
}

/// What a restart must not forget of the tests.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ChecksState {
    /// The last reading with a value.
    last: Option<Stamp>,
    /// What was said of the last one that had not failed.
    said: Judged,
    spike: SpikeState,
    rate: RateState,
    past: Spread,
    flat: Run,
    spread: Spread,
    jump: RateState,
    recent: Recent,
    /// Readings that wait for others: jumps, and those that should agree with neighbours.
    waiting: [VecDeque<Waiting>; 2],
}

/// The tests that look at others, in the order of `waiting` and `partners`.
const LOOKING: [QualityTest; 2] = [QualityTest::Multivariate, QualityTest::Neighbour];

impl Checks {
    /// The tests of `specs` in force at each instrument of a plant, in the order of `tags`.
    pub fn of_plant(specs: &[TestSpec], profile: &Profile, tags: &[Tag]) -> Vec<Self> {
        let in_force: Vec<_> = tags.iter().map(|tag| in_force(specs, profile, tag)).collect();
        let new = |(tag, specs): (&Tag, &Vec<&TestSpec>)| Self::new(specs, profile, tags, tag);
        let mut all: Vec<Self> = tags.iter().zip(&in_force).map(new).collect();
        for at in 0..all.len() {
            let tests = &all[at].tests;
            let withins = [
                tests.multivariate.as_ref().map(|test| test.within),
                tests.neighbour.as_ref().map(|test| test.within),
            ];
            for (partners, within) in all[at].partners.clone().into_iter().zip(withins) {
                // A partner may be ahead of the moment that is looked at.
                let keep = within.map(|within| within * 3);
                for (other, _) in partners {
                    all[other].keep = all[other].keep.max(keep);
                }
            }
        }
        all
    }

    fn new(specs: &[&TestSpec], profile: &Profile, tags: &[Tag], tag: &Tag) -> Self {
        let (mut tests, mut partners) = (InForce::default(), [Vec::new(), Vec::new()]);
        for spec in specs {
            let which = LOOKING.iter().position(|test| *test == spec.kind.test());
            if let Some(which) = which {
                let looked_at = tags.iter().enumerate();
                partners[which] = looked_at
                    .filter_map(|(at, other)| Some((at, spec.kind.looks_at(tag, other)?)))
                    .collect();
                if partners[which].is_empty() {
                    continue; // nobody to look at
                }
            }
            match &spec.kind {
                TestKind::Timing(test) => tests.pace = *test,
                TestKind::GrossRange(test) => tests.gross = Some(*test),
                TestKind::Climatology(test) => tests.climatology = Some(test.clone()),
                TestKind::Spike(test) => tests.spike = Some(*test),
                TestKind::RateOfChange(test) => tests.rate = Some(*test),
                TestKind::FlatLine(test) => tests.flat = Some(*test),
                TestKind::AttenuatedSignal(test) => tests.attenuation = Some(*test),
                TestKind::Multivariate(test) => tests.multivariate = Some(Box::new(test.clone())),
                TestKind::Neighbour(test) => tests.neighbour = Some(Box::new(test.clone())),
            }
        }
        Self {
            quantity: tag.quantity,
            range: tag.range,
            poll: tag.poll,
            utc_offset: profile.utc_offset,
            patience: Patience::USUAL.for_poll(tag.poll),
            tests,
            partners,
            keep: None,
            today: None,
            state: ChecksState::default(),
        }
    }

    /// Takes a reading with a value, newer than all before it. `later` gets what is now known of
    /// the one before it.
    pub fn judge(&mut self, at: Stamp, value: f64, later: &mut Option<Later>) -> Judged {
        let mut judged = Judged::default();
        judged.note(QualityTest::Syntax, syntax(self.quantity, value));
        judged.note(QualityTest::Timing, self.tests.pace.judge(self.state.last, self.poll, at));
        if self.state.last.is_some_and(|last| at - last > self.patience) {
            self.state.flat.forget();
        }
        if let Some(test) = self.tests.gross {
            judged.note(QualityTest::GrossRange, test.judge(self.range, value));
        }
        if judged.fail.is_empty() {
            *later = self.judge_signal(at, value, &mut judged);
        }
        self.state.last = Some(at);
        judged
    }

    /// The tests that remember: what has failed already is no part of the signal for them.
    fn judge_signal(&mut self, at: Stamp, value: f64, judged: &mut Judged) -> Option<Later> {
        let (tests, state) = (&self.tests, &mut self.state);
        if let Some(test) = &tests.climatology {
            let flag = test.judge(&mut self.today, self.utc_offset, at, value);
            judged.note(QualityTest::Climatology, flag);
        }
        if let Some(test) = &tests.rate {
            let flag = test.judge(&mut state.rate, &mut state.past, self.poll, at, value);
            judged.note(QualityTest::RateOfChange, flag);
        }
        if let Some(test) = &tests.flat {
            judged.note(QualityTest::FlatLine, test.judge(&mut state.flat, self.range, at, value));
        }
        if let Some(test) = &tests.attenuation {
            let flag = test.judge(&mut state.spread, at, value);
            if !rests(self.range, 0.0, value) {
                judged.note(QualityTest::AttenuatedSignal, flag);
            }
        }
        if let Some(keep) = self.keep {
            state.recent.push(keep, at, value);
        }
        let spike = tests.spike.and_then(|test| {
            let (observed_at, value, flag) = test.judge(&mut state.spike, self.poll, at, value)?;
            let (test, known_at) = (QualityTest::Spike, at);
            let before = state.said;
            Some(Later { observed_at, value, known_at, test, flag, before })
        });
        if let Some(spike) = spike {
            let waiting = state.waiting.iter_mut().filter_map(|list| list.back_mut());
            for waiting in waiting.filter(|waiting| waiting.observed_at == spike.observed_at) {
                waiting.before.note(spike.test, spike.flag);
            }
        }
        state.said = *judged;
        self.wait(at, value, *judged);
        spike
    }

    /// Lets a reading wait for what others show, if a test asks for that.
    fn wait(&mut self, at: Stamp, value: f64, judged: Judged) {
        let (tests, state) = (&self.tests, &mut self.state);
        let jump = tests.multivariate.as_ref().filter(|test| {
            matches!(test.jump.judge(&mut state.jump, at, value), Flag::Suspect | Flag::Fail)
        });
        let withins =
            [jump.map(|test| test.within), tests.neighbour.as_ref().map(|test| test.within)];
        for (list, within) in state.waiting.iter_mut().zip(withins) {
            let Some(within) = within else { continue };
            if list.len() == WAITING_MAX {
                list.pop_front();
            }
            let before = judged;
            list.push_back(Waiting { observed_at: at, value, due: at + within, before });
        }
    }

    /// When the next reading that waits can be judged.
    pub fn due(&self) -> Stamp {
        let first = self.state.waiting.iter().filter_map(VecDeque::front).map(|it| it.due);
        first.min().unwrap_or(Stamp::MAX)
    }

    /// Judges the next reading that waits and is due before `to`, by what its partners `show` from
    /// one moment to another.
    pub fn settle(
        &mut self,
        to: Stamp,
        show: impl Fn(usize, Stamp, Stamp) -> Option<Bounds>,
    ) -> Option<Later> {
        let next = self.state.waiting.iter().enumerate().filter_map(|(which, list)| {
            let due = list.front()?.due;
            (due < to).then_some((due, which))
        });
        let (due, which) = next.min()?;
        let waiting = self.state.waiting[which].pop_front()?;
        let from = waiting.observed_at - (due - waiting.observed_at);
        let partners = self.partners[which].iter();
        let seen = partners.map(|(partner, confirm)| (show(*partner, from, due), *confirm));
        let neighbour = self.tests.neighbour.as_deref().filter(|_| which == 1);
        let flag = decide(waiting.value, neighbour, seen);
        if which == 0 {
            // The other test may still look at the same reading.
            let other = &mut self.state.waiting[1];
            let same = other.iter_mut().find(|other| other.observed_at == waiting.observed_at);
            if let Some(same) = same {
                same.before.note(LOOKING[which], flag);
            }
        }
        Some(Later {
            observed_at: waiting.observed_at,
            value: waiting.value,
            known_at: due,
            test: LOOKING[which],
            flag,
            before: waiting.before,
        })
    }

    /// Lowest and highest of what was shown from `from` to `to`.
    pub fn shown(&self, from: Stamp, to: Stamp) -> Option<Bounds> {
        self.state.recent.between(from, to)
    }

    /// What the tests that found something have seen, for a person; `now` is the moment of the
    /// last reading.
    pub fn evidence(&mut self, found: QualityTests, now: Stamp) -> Option<Text> {
        if found.contains(QualityTest::FlatLine) {
            let (lasts, readings) = (self.state.flat.lasts(now), self.state.flat.readings());
            return Some(Text {
                en: format!("for {lasts} ({readings} readings)"),
                zh: format!("已 {lasts}({readings} 个读数)"),
            });
        }
        let test =
            self.tests.attenuation.filter(|_| found.contains(QualityTest::AttenuatedSignal))?;
        let unit = self.quantity.measured_in().symbol;
        let moved = test.measured(&mut self.state.spread);
        let window = test.window;
        Some(Text {
            en: format!("by {moved:.4} {unit} in {window}"),
            zh: format!("{window} 内仅 {moved:.4} {unit}"),
        })
    }

    /// Forgets all that was seen.
    pub fn forget(&mut self) {
        self.state = ChecksState::default();
    }

    /// For a checkpoint.
    pub fn state(&self) -> ChecksState {
        self.state.clone()
    }

    /// Continues from a checkpoint.
    pub fn resume(&mut self, state: &ChecksState) {
        self.state = state.clone();
    }
}
