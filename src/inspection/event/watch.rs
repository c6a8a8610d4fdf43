//! One rule of kind `event` at one place: its steps, its verdict, and which signals contributed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::text::Lang;
use crate::base::{Flag, Span, Stamp, TagId, Text};
use crate::inspection::book::{AcceptFlags, InspectionRule, Kind};
use crate::inspection::event::EventRule;
use crate::inspection::event::compare::{Difference, Member, Past, distance};
use crate::inspection::event::discriminator::{Said, Seen};
use crate::inspection::event::resample::Gathered;
use crate::inspection::finding::{Finding, Verdict, Watch, Why};
use crate::inspection::limit::Side;
use crate::inspection::sight::Sight;
use crate::inspection::unit_keys::{shown, spoken};
use crate::inspection::watcher::nothing_usable;
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
        let said = Text::of(|lang| {
            let place = self.place(lang);
            nothing_usable(&place, self.patience).get(lang).to_owned()
        });
        let window = self.state.window.to_vec();
        let why = Why { window, ..Why::default() }.saying(said);
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
        let value = judged.values.first().copied().flatten();
        let window = self.state.window.to_vec();
        let text = Text::of(|lang| self.sentence(judged, verdict, said, lang));
        let why = Why { value, window, ..Why::default() }.saying(text);
        findings.push(Finding { watch: self.watch, at: judged.end, verdict, level: 0, why });
    }

    fn sentence(&self, judged: &Judged<'_>, verdict: Verdict, said: Said, lang: Lang) -> String {
        let bed = &self.rule.discriminator;
        let (place, steps, step) = (self.place(lang), bed.steps, self.rule.interval);
        let (outliers, timeout) = (judged.outliers, bed.timeout_steps);
        let probability = bed.probability(outliers);
        match (lang, said, verdict) {
            (Lang::En, Said::TimedOut, _) => format!(
                "what has changed in {place} has lasted for {timeout} steps of {step}: from now \
                 on it counts as usual"
            ),
            (Lang::Zh, Said::TimedOut, _) => {
                format!("{place}的变化已持续 {timeout} 步(每步 {step}):今后视为平常")
            }
            (_, _, Verdict::Abnormal) => {
                let signals = self.contributions(&judged.differences, lang);
                match lang {
                    Lang::En => format!(
                        "{outliers} of the last {steps} steps of {step} do not fit (probability \
                         {probability:.2}): {signals}"
                    ),
                    Lang::Zh => format!(
                        "最近 {steps} 步(每步 {step})中有 {outliers} 步不符(概率 \
                         {probability:.2}):{signals}"
                    ),
                }
            }
            (Lang::En, ..) => format!(
                "{place} is as before: {outliers} of the last {steps} steps of {step} do not fit"
            ),
            (Lang::Zh, ..) => {
                format!("{place}一如既往:最近 {steps} 步(每步 {step})中有 {outliers} 步不符")
            }
        }
    }

    /// What it sees, as its last step has shown.
    pub fn sight(&self) -> Sight {
        let judged = self.state.window.to_vec();
        let said = Text::of(|lang| self.seen(lang));
        Sight { verdict: self.state.verdict, judged, ..Sight::default() }.saying(said)
    }

    fn seen(&self, lang: Lang) -> String {
        let (place, step) = (self.place(lang), self.rule.interval);
        let (outliers, bed) = (self.state.seen.outliers(), &self.rule.discriminator);
        let (steps, probability) = (bed.steps, bed.probability(outliers));
        let text = match (self.state.past.lacks(&self.rule, lang), lang) {
            (Some(lacks), Lang::En) => format!("{place}: {lacks}, then it judges"),
            (Some(lacks), Lang::Zh) => format!("{place}:{lacks},足够后才判断"),
            (None, Lang::En) => format!(
                "{place}: {outliers} of the last {steps} steps of {step} do not fit (probability \
                 {probability:.2})"
            ),
            (None, Lang::Zh) => format!(
                "{place}:最近 {steps} 步(每步 {step})中有 {outliers} 步不符(概率 \
                 {probability:.2})"
            ),
        };
        let held =
            self.state.held_until.filter(|until| self.state.end.is_some_and(|it| it <= *until));
        let why_held = lang
            .pick("; held, as the works has changed how it runs", ";水厂改变了运行方式,暂不判断");
        text + held.map_or("", |_| why_held)
    }

    /// The signals that made the step an outlier, the largest difference first: those beyond the
    /// threshold alone, or the largest when only all of them together are.
    fn contributions(&self, differences: &[Difference], lang: Lang) -> String {
        let mut sorted: Vec<&Difference> = differences.iter().collect();
        sorted.sort_by(|a, b| b.sd.abs().total_cmp(&a.sd.abs()));
        let beyond = sorted.iter().filter(|it| it.sd.abs() >= self.rule.outlier_sd).count();
        let said = sorted.iter().take(beyond.max(1)).filter_map(|it| {
            let member = self.members.get(it.member)?;
            let side = if it.sd < 0.0 { Side::Below } else { Side::Above }.word(lang);
            let (name, id) = (spoken(member.quantity, lang), &member.id);
            let [value, expected] =
                [it.value, it.expected].map(|value| shown(member.quantity, value));
            let sd = it.sd.abs();
            Some(match lang {
                Lang::En => {
                    format!("{name} at {id} is {value}, {sd:.1} SD {side} the expected {expected}")
                }
                Lang::Zh => {
                    format!("{id} {name} {value},{side}预期的 {expected} 达 {sd:.1} 倍标准差")
                }
            })
        });
        said.collect::<Vec<_>>().join(lang.pick("; ", ";"))
    }

    /// `the water at AIT-303`.
    fn place(&self, lang: Lang) -> String {
        let first = self.members.first().map(|it| it.id.as_str()).unwrap_or_default();
        match lang {
            Lang::En => format!("the water at {first}"),
            Lang::Zh => format!("{first} 处的水"),
        }
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
