//! One rule of kind `event` at one place: its steps, its verdict, and which signals contributed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::{Flag, Span, Stamp, TagId};
use crate::inspection::book::{AcceptFlags, InspectionRule, Kind};
use crate::inspection::event::EventRule;
use crate::inspection::event::compare::{Difference, Member, Past, distance};
use crate::inspection::event::discriminator::{Said, Seen};
use crate::inspection::event::resample::Gathered;
use crate::inspection::finding::{Finding, Verdict, Watch, Why};
use crate::inspection::sight::Sight;
use crate::inspection::unit_keys::{shown, spoken};
use crate::inspection::window::Window;
use crate::plant::profile::Profile;
use crate::plant::tags::{Tag, TagIndex};

/// One rule at one place. Channels are its signals, then its operations.
#[derive(Debug, Clone)]
pub struct EventWatch {
    watch: Watch,
    rule: Arc<EventRule>,
    accept: AcceptFlags,
    patience: Span,
    members: Vec<Member>,
    operations: Vec<Operating>,
    state: State,
}

/// An instrument that shows an operation.
#[derive(Debug, Clone)]
struct Operating {
    id: TagId,
    tag: TagIndex,
    change: f64,
    hold: Span,
}

/// What a restart must not forget of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EventState {
    /// Its channels, in order.
    channels: Vec<TagId>,
    interval_ms: i64,
    state: State,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct State {
    /// The end of the step that is open; none before the watch begins.
    end: Option<Stamp>,
    verdict: Option<Verdict>,
    gathered: Vec<Gathered>,
    past: Past,
    seen: Seen,
    /// Nothing is judged before.
    held_until: Option<Stamp>,
    /// The end of the last step with a value.
    known: Option<Stamp>,
    /// The first signal's last steps.
    window: Window,
}

/// What the last step has shown.
struct Judged<'a> {
    end: Stamp,
    values: &'a [Option<f64>],
    differences: Vec<Difference>,
    /// Outliers among the steps of the discriminator, this one among them.
    outliers: usize,
}

impl EventWatch {
    /// The watches of `rule` at a plant, one for each place: a water of a village, or of none.
    pub fn of_plant(
        rule: &InspectionRule,
        watch: Watch,
        profile: &Profile,
        tags: &[Tag],
    ) -> Vec<Self> {
        let Kind::Event(event) = &rule.kind else { return Vec::new() };
        let mut places: Vec<&Tag> = Vec::new();
        let mut watches = Vec::new();
        for (at, first) in tags.iter().enumerate().filter(|(_, it)| rule.watches(profile, it)) {
            if places.iter().any(|it| (it.point, &it.village) == (first.point, &first.village)) {
                continue;
            }
            places.push(first);
            let watch = Watch { tag: Some(TagIndex(at)), ..watch };
            watches.push(Self::new(rule, event, watch, first, tags));
        }
        watches
    }

    fn new(
        rule: &InspectionRule,
        event: &Arc<EventRule>,
        watch: Watch,
        first: &Tag,
        tags: &[Tag],
    ) -> Self {
        let operations = event.operations.iter().flat_map(|operation| {
            let by = tags.iter().enumerate().filter(|(_, tag)| operation.by.wants(first, tag));
            by.map(|(at, tag)| Operating {
                id: tag.id.clone(),
                tag: TagIndex(at),
                change: operation.change,
                hold: operation.hold,
            })
        });
        let mut watch = Self {
            watch,
            rule: Arc::clone(event),
            accept: rule.accept,
            patience: rule.patience.for_poll(event.interval),
            members: event.members(first, tags),
            operations: operations.collect(),
            state: State::default(),
        };
        watch.begin_again();
        watch
    }

    /// Which rule, where.
    pub fn watch(&self) -> Watch {
        self.watch
    }

    /// The verdict so far; none before the first.
    pub fn verdict(&self) -> Option<Verdict> {
        self.state.verdict
    }

    /// The instruments whose readings it takes; channels count in them.
    pub fn channels(&self) -> impl Iterator<Item = TagIndex> + '_ {
        let members = self.members.iter().map(|it| it.tag);
        members.chain(self.operations.iter().map(|it| it.tag))
    }

    /// Forgets all that was seen.
    pub fn begin_again(&mut self) {
        let channels = self.members.len() + self.operations.len();
        self.state = State {
            gathered: vec![Gathered::default(); channels],
            past: Past::new(self.rule.method),
            ..State::default()
        };
    }

    /// The watch begins, unless it has begun already.
    pub fn start(&mut self, now: Stamp) {
        let step = self.rule.interval;
        self.state.end.get_or_insert(now - Span::ms(now.as_ms().rem_euclid(step.as_ms())) + step);
    }

    /// Takes a reading of a channel, unless its flag forbids.
    pub fn observe(&mut self, channel: usize, at: Stamp, value: f64, flag: Flag) {
        let Some(end) = self.state.end.filter(|_| self.accept.contains(flag)) else { return };
        let number = self.number(at);
        let open = self.number(end) - 1;
        if let Some(gathered) = self.state.gathered.get_mut(channel) {
            gathered.take(number, open, value);
        }
    }

    fn number(&self, at: Stamp) -> i64 {
        at.as_ms().div_euclid(self.rule.interval.as_ms())
    }

    /// Before this moment `advance` has nothing to find.
    pub fn deadline(&self) -> Stamp {
        self.state.end.unwrap_or(Stamp::MAX)
    }

    /// Event time has reached `now`: steps that ended before it are judged, each at its end.
    pub fn advance(&mut self, now: Stamp, findings: &mut Vec<Finding>) {
        while let Some(end) = self.state.end.filter(|end| *end < now) {
            self.state.end = Some(end + self.rule.interval);
            self.close(end, findings);
            self.skip(now);
        }
    }

    /// Nothing has come for so long that it has been said: steps without a value change nothing.
    fn skip(&mut self, now: Stamp) {
        let idle = self.state.verdict == Some(Verdict::NoData)
            && self.state.gathered.iter().all(Gathered::is_empty);
        if idle && let Some(end) = self.state.end.filter(|end| *end < now) {
            let ahead = (now - end).as_ms() / self.rule.interval.as_ms();
            self.state.end = Some(end + self.rule.interval * (ahead - 1).max(0));
        }
    }

    fn close(&mut self, end: Stamp, findings: &mut Vec<Finding>) {
        let begin = end - self.rule.interval;
        let number = self.number(begin);
        let mut shown = self.state.gathered.iter_mut().map(|it| it.close(number));
        let values: Vec<Option<f64>> =
            shown.by_ref().take(self.members.len()).map(|it| it.map(|it| it.mean)).collect();
        for (shown, operation) in shown.zip(&self.operations) {
            if shown.is_some_and(|it| it.change >= operation.change) {
                let until = end + operation.hold;
                let held = &mut self.state.held_until;
                *held = Some(held.map_or(until, |held| held.max(until)));
            }
        }
        if values.iter().all(Option::is_none) {
            self.miss(end, findings);
            return;
        }
        self.state.known = Some(end);
        if let Some(value) = values.first().copied().flatten() {
            self.state.window.push(end, value);
        }
        if self.state.held_until.is_none_or(|until| until <= begin) {
            self.judge(end, &values, findings);
        }
    }

    fn miss(&mut self, end: Stamp, findings: &mut Vec<Finding>) {
        let known = *self.state.known.get_or_insert(end);
        if end - known < self.patience || self.state.verdict == Some(Verdict::NoData) {
            return;
        }
        self.state.verdict = Some(Verdict::NoData);
        let (place, patience) = (self.place(), self.patience);
        let text = format!("no usable reading of {place} for {patience}");
        let window = self.state.window.to_vec();
        let why = Why { value: None, limit: None, window, text };
        findings.push(Finding {
            watch: self.watch,
            at: end,
            verdict: Verdict::NoData,
            level: 0,
            why,
        });
    }

    fn judge(&mut self, end: Stamp, values: &[Option<f64>], findings: &mut Vec<Finding>) {
        let number = self.number(end - self.rule.interval);
        let (rule, members) = (&self.rule, self.members.as_slice());
        let past = &mut self.state.past;
        let differences = past.differences(rule, members, number, values);
        let far = |it: &Vec<Difference>| distance(rule.method, members, it) >= rule.outlier_sd;
        let is_outlier = differences.as_ref().is_some_and(far);
        past.push(rule, members, number, values, is_outlier);
        let Some(differences) = differences else { return };
        let said = rule.discriminator.take(&mut self.state.seen, is_outlier);
        if said == Said::TimedOut {
            past.accept(rule);
        }
        let verdict = match said {
            Said::Event => Verdict::Abnormal,
            Said::Undecided if self.state.verdict == Some(Verdict::Abnormal) => Verdict::Abnormal,
            Said::Undecided | Said::Quiet | Said::TimedOut => Verdict::Normal,
        };
        let before = self.state.verdict.replace(verdict);
        let is_news = before != Some(verdict) && (before, verdict) != (None, Verdict::Normal);
        if is_news {
            let outliers = self.state.seen.outliers();
            let judged = Judged { end, values, differences, outliers };
            self.report(&judged, verdict, said, findings);
        }
    }

    fn report(
        &self,
        judged: &Judged<'_>,
        verdict: Verdict,
        said: Said,
        findings: &mut Vec<Finding>,
    ) {
        let (place, steps, step) =
            (self.place(), self.rule.discriminator.steps, self.rule.interval);
        let outliers = judged.outliers;
        let text = match (said, verdict) {
            (Said::TimedOut, _) => format!(
                "what has changed in {place} has lasted for {} steps of {step}: from now on it \
                 counts as usual",
                self.rule.discriminator.timeout_steps
            ),
            (_, Verdict::Abnormal) => format!(
                "{outliers} of the last {steps} steps of {step} do not fit (probability {:.2}): {}",
                self.rule.discriminator.probability(outliers),
                self.contributions(&judged.differences)
            ),
            _ => format!(
                "{place} is as before: {outliers} of the last {steps} steps of {step} do not fit"
            ),
        };
        let value = judged.values.first().copied().flatten();
        let window = self.state.window.to_vec();
        let why = Why { value, limit: None, window, text };
        findings.push(Finding { watch: self.watch, at: judged.end, verdict, level: 0, why });
    }

    /// What it sees, as its last step has shown.
    pub fn sight(&self) -> Sight {
        let (place, step) = (self.place(), self.rule.interval);
        let outliers = self.state.seen.outliers();
        let discriminator = &self.rule.discriminator;
        let text = match self.state.past.lacks(&self.rule) {
            Some(lacks) => format!("{place}: {lacks}, then it judges"),
            None => format!(
                "{place}: {outliers} of the last {} steps of {step} do not fit (probability {:.2})",
                discriminator.steps,
                discriminator.probability(outliers)
            ),
        };
        let held =
            self.state.held_until.filter(|until| self.state.end.is_some_and(|it| it <= *until));
        let held = if held.is_some() { "; held, as the works has changed how it runs" } else { "" };
        let judged = self.state.window.to_vec();
        let verdict = self.state.verdict;
        Sight { verdict, text: text + held, judged, ..Sight::default() }
    }

    /// The signals that made the step an outlier, the largest difference first: those beyond the
    /// threshold alone, or the largest when only all of them together are.
    fn contributions(&self, differences: &[Difference]) -> String {
        let mut sorted: Vec<&Difference> = differences.iter().collect();
        sorted.sort_by(|a, b| b.sd.abs().total_cmp(&a.sd.abs()));
        let beyond = sorted.iter().filter(|it| it.sd.abs() >= self.rule.outlier_sd).count();
        let said = sorted.iter().take(beyond.max(1)).filter_map(|it| {
            let member = self.members.get(it.member)?;
            let side = if it.sd < 0.0 { "below" } else { "above" };
            Some(format!(
                "{} at {} is {}, {:.1} SD {side} the expected {}",
                spoken(member.quantity),
                member.id,
                shown(member.quantity, it.value),
                it.sd.abs(),
                shown(member.quantity, it.expected)
            ))
        });
        said.collect::<Vec<_>>().join("; ")
    }

    /// `the water at AIT-303`.
    fn place(&self) -> String {
        let first = self.members.first().map(|it| it.id.as_str()).unwrap_or_default();
        format!("the water at {first}")
    }

    fn ids(&self) -> impl Iterator<Item = &TagId> {
        self.members.iter().map(|it| &it.id).chain(self.operations.iter().map(|it| &it.id))
    }

    /// For a checkpoint.
    pub fn state(&self) -> EventState {
        EventState {
            channels: self.ids().cloned().collect(),
            interval_ms: self.rule.interval.as_ms(),
            state: self.state.clone(),
        }
    }

    /// Continues from a checkpoint, if it is of the same instruments in the same steps.
    pub fn resume(&mut self, then: &EventState) {
        let same = then.channels.iter().eq(self.ids()) && then.state.past.is_like(&self.state.past);
        if same && then.interval_ms == self.rule.interval.as_ms() {
            self.state = then.state.clone();
        }
    }
}
