//! One rule watching one instrument: the verdict so far, and when it changes.

use serde::{Deserialize, Serialize};

use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::units::Quantity;
use crate::base::{Flag, QualityTests, Span, Stamp, TagId, Text};
use crate::inspection::book::{AcceptFlags, InspectionRule, Kind};
use crate::inspection::finding::{Finding, Verdict, Watch, Why};
use crate::inspection::level::Ladder;
use crate::inspection::limit::{LimitInForce, LimitName};
use crate::inspection::plausibility::flow_window::{FlowState, FlowVerdict, FlowWindow};
use crate::inspection::sight::Sight;
use crate::inspection::signal::Judged;
use crate::inspection::signal::quality::{Counts, QualityRule, findings as what_is_found};
use crate::inspection::unit_keys::{shown, spoken};
use crate::inspection::window::Window;
use crate::plant::profile::Profile;
use crate::plant::tags::Tag;

/// What a sentence about an instrument needs to know of it.
#[derive(Debug, Clone)]
pub struct Label {
    /// Its tag.
    pub tag: TagId,
    /// What it measures.
    pub quantity: Quantity,
    /// Local time of its plant.
    pub utc_offset: UtcOffset,
}

/// How a rule looks at its instrument's values.
#[derive(Debug, Clone)]
enum Detector {
    /// `what` names the limit in a sentence.
    Limit {
        ladder: Ladder,
        what: LimitName,
        /// How many of its limits hold.
        held: u8,
    },
    FlowWindow(Box<FlowWindow>),
    Quality {
        rule: QualityRule,
        counts: Counts,
    },
}

/// One rule watching one instrument.
#[derive(Debug, Clone)]
pub struct Watcher {
    watch: Watch,
    accept: AcceptFlags,
    patience: Span,
    detector: Detector,
    verdict: Option<Verdict>,
    changed_at: Option<Stamp>,
    started: bool,
    /// Without a usable value until here there is nothing to judge by.
    no_data_at: Option<Stamp>,
}

/// What the tests say of a reading.
#[derive(Debug, Clone, Copy)]
pub struct Weighed {
    /// Its value.
    pub value: f64,
    /// What they say.
    pub judged: Judged,
    /// What they had said before, when this came after its reading; none for a new reading.
    pub before: Option<Judged>,
}

impl Weighed {
    /// Does no test doubt it, and has none before?
    pub fn is_sound(&self) -> bool {
        let is_sound = |judged: &Judged| judged.found().is_empty();
        is_sound(&self.judged) && self.before.as_ref().is_none_or(is_sound)
    }
}

/// What a restart must not forget of a watcher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatcherState {
    started: bool,
    verdict: Option<Verdict>,
    changed_at: Option<Stamp>,
    no_data_at: Option<Stamp>,
    detector: DetectorState,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DetectorState {
    Limit { held: u8 },
    FlowWindow(FlowState),
    Quality(Counts),
}

/// What the tests say of the readings of an instrument, whose last one has this value; `found`: by
/// which tests, how many of the window, and what they have seen.
fn doubt(
    label: &Label,
    value: f64,
    holds: bool,
    (about, counted, detail): (QualityTests, Option<String>, Option<&str>),
    lang: Lang,
) -> String {
    let (tag, found) = (&label.tag, what_is_found(about, lang));
    let (what, value) = (spoken(label.quantity, lang), shown(label.quantity, value));
    let detail = detail.map(|text| format!("{}{text}", lang.pick(" ", ","))).unwrap_or_default();
    match (lang, counted, holds) {
        (Lang::En, Some(counted), true) => {
            format!("{counted} of {tag} are doubtful ({found}), the last one {value}")
        }
        (Lang::En, Some(counted), false) => {
            format!("{tag} has recovered: {counted} are doubtful ({found})")
        }
        (Lang::En, None, true) => format!("{what} at {tag} is {value}: {found}{detail}"),
        (Lang::En, None, false) => format!("{what} at {tag} is {value}: no longer {found}"),
        (Lang::Zh, Some(counted), true) => {
            format!("{tag} {counted}可疑({found}),最新为 {value}")
        }
        (Lang::Zh, Some(counted), false) => format!("{tag} 已恢复:{counted}可疑({found})"),
        (Lang::Zh, None, true) => format!("{tag} {what} {value}:{found}{detail}"),
        (Lang::Zh, None, false) => format!("{tag} {what} {value}:已无此现象({found})"),
    }
}

/// There is nothing to judge by at a place.
pub(super) fn nothing_usable(place: &str, patience: Span) -> Text {
    Text {
        en: format!("no usable reading of {place} for {patience}"),
        zh: format!("{place} 已 {patience} 无可用读数"),
    }
}

impl Watcher {
    /// The watcher of `rule` at `tag`; none when the rule looks for silence or not at this tag.
    pub fn new(rule: &InspectionRule, watch: Watch, profile: &Profile, tag: &Tag) -> Option<Self> {
        if !rule.watches(profile, tag) {
            return None;
        }
        let detector = match rule.kind {
            Kind::Limit(limit) => {
                let ladder = Ladder::new(limit, &rule.levels);
                Detector::Limit { ladder, what: LimitName::Limit, held: 0 }
            }
            Kind::ServicePressure(heads) => {
                let storeys = tag.storeys?;
                let what = LimitName::ServiceHead(storeys);
                let ladder = Ladder::new(heads.limit(storeys, tag.rise_m), &rule.levels);
                Detector::Limit { ladder, what, held: 0 }
            }
            Kind::NightFlow(test) | Kind::NoDraw(test) => {
                let usual = tag.night_flow?.usual_m3_per_h;
                let flow = FlowWindow::new(test, usual, tag.poll, profile.utc_offset);
                Detector::FlowWindow(Box::new(flow))
            }
            Kind::Quality(rule) => Detector::Quality { rule, counts: Counts::default() },
            Kind::LabLimit(..)
            | Kind::GrabSample(_)
            | Kind::Round(_)
            | Kind::Event(_)
            | Kind::Expression(_)
            | Kind::Refusal(_)
            | Kind::TagSilence
            | Kind::GatewaySilence { .. } => return None,
        };
        Some(Self {
            watch,
            accept: rule.accept,
            patience: rule.patience.for_poll(tag.poll),
            detector,
            verdict: None,
            changed_at: None,
            started: false,
            no_data_at: None,
        })
    }

    /// Forgets all that was seen.
    pub fn begin_again(&mut self) {
        (self.verdict, self.changed_at, self.no_data_at) = (None, None, None);
        self.started = false;
        match &mut self.detector {
            Detector::Limit { held, .. } => *held = 0,
            Detector::FlowWindow(flow) => flow.resume(FlowState::default()),
            Detector::Quality { counts, .. } => *counts = Counts::default(),
        }
    }

    /// Which rule, where.
    pub fn watch(&self) -> Watch {
        self.watch
    }

    /// The verdict so far; none before the first.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// The watch begins, unless it has begun already.
    pub fn start(&mut self, now: Stamp) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        if let Detector::FlowWindow(flow) = &mut self.detector {
            flow.start(now);
        } else {
            self.no_data_at = Some(now + self.patience);
        }
    }

    /// Does it judge readings with this flag?
    pub fn accepts(&self, flag: Flag) -> bool {
        self.accept.contains(flag)
    }

    /// Does it judge the signal, whatever the flag?
    pub fn judges_quality(&self) -> bool {
        matches!(self.detector, Detector::Quality { .. })
    }

    /// Has the last word about the signal been a good one? Yes, where it judges no signals.
    pub fn is_calm(&self) -> bool {
        match &self.detector {
            Detector::Quality { counts, .. } => {
                self.verdict == Some(Verdict::Normal) && counts.is_calm()
            }
            Detector::Limit { .. } | Detector::FlowWindow(_) => true,
        }
    }

    /// What `weigh` makes of a new reading that nothing doubts while the watcher is calm: it only
    /// counts it.
    pub fn count_sound(&mut self, at: Stamp) {
        if let Detector::Quality { rule, counts } = &mut self.detector {
            rule.count_sound(counts, at);
            self.no_data_at = Some(at + self.patience);
        }
    }

    /// Takes a reading that it accepts; `window` holds it already.
    pub fn observe(
        &mut self,
        at: Stamp,
        value: f64,
        label: &Label,
        window: &Window,
        findings: &mut Vec<Finding>,
    ) {
        let (before, held) = match &mut self.detector {
            Detector::Limit { ladder, held, .. } => {
                let before = *held;
                *held = ladder.judge(before, value);
                (before, *held)
            }
            Detector::FlowWindow(flow) => {
                flow.observe(at, value);
                return;
            }
            Detector::Quality { .. } => return, // it is told by `weigh`
        };
        self.no_data_at = Some(at + self.patience);
        let verdict = if held > 0 { Verdict::Abnormal } else { Verdict::Normal };
        if self.verdict == Some(verdict) && held == before {
            return;
        }
        let moved = held != before && self.verdict == Some(verdict); // to another level
        if self.conclude(verdict) || moved {
            let limit = self.limit().map(|limit| limit.raise);
            let (value, said) = (Some(value), self.sentence(value, label));
            let why = Why { value, limit, window: window.to_vec(), ..Why::default() };
            self.report(at, verdict, why.saying(said), findings);
        }
    }

    /// Takes what the tests say of a reading; known at `at`, up to which it has advanced. `seen`
    /// holds the last values, doubtful ones too; `evidence` says what tests have seen, where they
    /// can.
    pub fn weigh(
        &mut self,
        at: Stamp,
        weighed: &Weighed,
        label: &Label,
        seen: &Window,
        evidence: &mut dyn FnMut(QualityTests) -> Option<Text>,
        findings: &mut Vec<Finding>,
    ) {
        let held = self.verdict == Some(Verdict::Abnormal);
        let Detector::Quality { rule, counts } = &mut self.detector else { return };
        let holds = match &weighed.before {
            Some(_) if self.verdict == Some(Verdict::NoData) => return,
            Some(before) => rule.count_later(counts, at, (before, &weighed.judged), held),
            None => rule.count(counts, at, &weighed.judged, held),
        };
        if weighed.before.is_none() {
            self.no_data_at = Some(at + self.patience);
        }
        let verdict = if holds { Verdict::Abnormal } else { Verdict::Normal };
        if self.verdict == Some(verdict) || !self.conclude(verdict) {
            return;
        }
        let Detector::Quality { rule, counts } = &self.detector else { return };
        let about = rule.about(counts);
        let detail = if holds && rule.window.is_none() { evidence(about) } else { None };
        let (value, window) = (Some(weighed.value), seen.to_vec());
        let said = Text::of(|lang| {
            let counted = rule.seen(counts, lang);
            let detail = detail.as_ref().map(|detail| detail.get(lang));
            doubt(label, weighed.value, holds, (about, counted, detail), lang)
        });
        let why = Why { value, window, ..Why::default() }.saying(said);
        self.report(at, verdict, why, findings);
    }

    /// Doubtful readings leave the window of a rule that holds: does it still hold?
    fn forget_doubts(
        &mut self,
        now: Stamp,
        label: &Label,
        seen: &Window,
        findings: &mut Vec<Finding>,
    ) {
        while self.verdict == Some(Verdict::Abnormal)
            && let Detector::Quality { rule, counts } = &mut self.detector
        {
            let next = rule.next_part(counts).filter(|next| *next < now);
            let Some(next) = next.filter(|next| self.no_data_at.is_none_or(|it| *next <= it))
            else {
                return;
            };
            if rule.still_holds(counts, next) {
                continue;
            }
            let said = Text::of(|lang| {
                let (tag, counted) = (&label.tag, rule.seen(counts, lang).unwrap_or_default());
                match lang {
                    Lang::En => format!("{tag} has recovered: {counted} are doubtful"),
                    Lang::Zh => format!("{tag} 已恢复:{counted}可疑"),
                }
            });
            if self.conclude(Verdict::Normal) {
                let why = Why { window: seen.to_vec(), ..Why::default() }.saying(said);
                self.report(next, Verdict::Normal, why, findings);
            }
        }
    }

    /// Event time has reached `now`: what was due before it is found at its own moment.
    pub fn advance(
        &mut self,
        now: Stamp,
        label: &Label,
        window: &Window,
        findings: &mut Vec<Finding>,
    ) {
        self.forget_doubts(now, label, window, findings);
        if let Some(deadline) = self.no_data_at.filter(|deadline| *deadline < now) {
            self.lose_data(deadline, label, window, findings);
        }
        while let Detector::FlowWindow(flow) = &mut self.detector {
            let Some(found) = flow.due(now) else { break };
            self.judge_flow(found, label, window, findings);
        }
    }

    fn lose_data(
        &mut self,
        at: Stamp,
        label: &Label,
        window: &Window,
        findings: &mut Vec<Finding>,
    ) {
        self.no_data_at = None;
        if let Detector::Quality { counts, .. } = &mut self.detector {
            *counts = Counts::default();
        }
        if self.conclude(Verdict::NoData) {
            let limit = self.limit().map(|limit| limit.raise);
            let said = nothing_usable(label.tag.as_str(), self.patience);
            let why = Why { limit, window: window.to_vec(), ..Why::default() }.saying(said);
            self.report(at, Verdict::NoData, why, findings);
        }
    }

    fn judge_flow(
        &mut self,
        found: FlowVerdict,
        label: &Label,
        window: &Window,
        findings: &mut Vec<Finding>,
    ) {
        if !self.conclude(found.verdict) {
            return;
        }
        let Detector::FlowWindow(flow) = &self.detector else { return };
        let why = Why {
            value: found.mean,
            limit: Some(flow.limit().raise),
            window: window.to_vec(),
            ..Why::default()
        };
        let why = why.saying(Text::of(|lang| flow.sentence(label.tag.as_str(), found, lang)));
        self.report(found.at, found.verdict, why, findings);
    }

    /// Takes a verdict; is it news? The first normal one is not.
    fn conclude(&mut self, verdict: Verdict) -> bool {
        let before = self.verdict.replace(verdict);
        before != Some(verdict) && !(before.is_none() && verdict == Verdict::Normal)
    }

    fn report(&mut self, at: Stamp, verdict: Verdict, why: Why, findings: &mut Vec<Finding>) {
        // A reading that came late changes the present verdict, not the past.
        let at = self.changed_at.map_or(at, |before| before.max(at));
        self.changed_at = Some(at);
        let level = match self.detector {
            Detector::Limit { held, .. } => held.saturating_sub(1),
            _ => 0,
        };
        findings.push(Finding { watch: self.watch, at, verdict, level, why });
    }

    fn limit(&self) -> Option<LimitInForce> {
        match &self.detector {
            Detector::Limit { ladder, held, .. } => Some(ladder.in_force(*held)),
            Detector::FlowWindow(flow) => Some(flow.limit()),
            Detector::Quality { .. } => None,
        }
    }

    fn sentence(&self, value: f64, label: &Label) -> Text {
        let tag = label.tag.as_str();
        match &self.detector {
            Detector::Limit { ladder, what, held } => {
                let what = if *held > 1 { LimitName::Further } else { *what };
                ladder.in_force(*held).sentence(label.quantity, tag, what, value)
            }
            // Judged by block, and by what the tests say.
            Detector::FlowWindow(_) | Detector::Quality { .. } => Text::default(),
        }
    }

    /// What it sees; `around` holds the values of its instrument.
    pub fn sight(&self, label: &Label, around: Sight) -> Sight {
        let last = around.judged.last().map(|it| it.1);
        let tag = label.tag.as_str();
        let said = match (&self.detector, last) {
            (Detector::Limit { ladder, what, held: 0 }, Some(value)) => {
                ladder.in_force(0).kept(label.quantity, tag, *what, value)
            }
            (Detector::Limit { .. }, Some(value)) => self.sentence(value, label),
            (Detector::Limit { .. }, None) => Text::default(),
            (Detector::FlowWindow(flow), _) => Text::of(|lang| flow.progress(tag, lang)),
            (Detector::Quality { rule, counts }, _) => {
                Text::of(|lang| rule.progress(counts, tag, lang))
            }
        };
        let (verdict, changed_at) = (self.verdict, self.changed_at);
        Sight { verdict, changed_at, no_data_at: self.no_data_at, ..around }.saying(said)
    }

    /// Before this moment `advance` has nothing to find.
    pub fn deadline(&self) -> Stamp {
        let next = match &self.detector {
            Detector::FlowWindow(flow) => flow.deadline(),
            Detector::Limit { .. } => self.no_data_at,
            Detector::Quality { rule, counts } => {
                let held = self.verdict == Some(Verdict::Abnormal);
                let next = if held { rule.next_part(counts) } else { None };
                next.into_iter().chain(self.no_data_at).min()
            }
        };
        next.unwrap_or(Stamp::MAX)
    }

    /// For a checkpoint.
    pub fn state(&self) -> WatcherState {
        let detector = match &self.detector {
            Detector::Limit { held, .. } => DetectorState::Limit { held: *held },
            Detector::FlowWindow(flow) => DetectorState::FlowWindow(flow.state()),
            Detector::Quality { counts, .. } => DetectorState::Quality(counts.clone()),
        };
        WatcherState {
            started: self.started,
            verdict: self.verdict,
            changed_at: self.changed_at,
            no_data_at: self.no_data_at,
            detector,
        }
    }

    /// Continues from a checkpoint, unless the rule was of another kind then.
    pub fn resume(&mut self, state: &WatcherState) {
        match (&mut self.detector, &state.detector) {
            (Detector::Limit { held, .. }, DetectorState::Limit { held: then }) => {
                *held = *then;
            }
            (Detector::FlowWindow(flow), DetectorState::FlowWindow(then)) => flow.resume(*then),
            (Detector::Quality { counts, .. }, DetectorState::Quality(then)) => {
                *counts = then.clone();
            }
            _ => return,
        }
        self.started = state.started;
        self.verdict = state.verdict;
        self.changed_at = state.changed_at;
        self.no_data_at = state.no_data_at;
    }
}
