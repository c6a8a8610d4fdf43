//! One rule watching one instrument: the verdict so far, and when it changes.

use serde::{Deserialize, Serialize};

use crate::base::time::UtcOffset;
use crate::base::units::Quantity;
use crate::base::{Flag, Span, Stamp, TagId};
use crate::inspection::book::{AcceptFlags, InspectionRule, Kind};
use crate::inspection::finding::{Finding, Verdict, Watch, Why};
use crate::inspection::limit::LimitInForce;
use crate::inspection::plausibility::flow_window::{FlowState, FlowVerdict, FlowWindow};
use crate::inspection::signal::flat_line::{FlatLine, Run};
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
        limit: LimitInForce,
        what: String,
        broken: bool,
    },
    FlatLine(FlatLine),
    FlowWindow(FlowWindow),
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
    Limit { broken: bool },
    FlatLine(Option<Run>),
    FlowWindow(FlowState),
}

impl Watcher {
    /// The watcher of `rule` at `tag`; none when the rule looks for silence or not at this tag.
    pub fn new(rule: &InspectionRule, watch: Watch, profile: &Profile, tag: &Tag) -> Option<Self> {
        if !rule.watches(profile, tag) {
            return None;
        }
        let detector = match rule.kind {
            Kind::Limit(limit) => {
                Detector::Limit { limit, what: "the limit of".to_owned(), broken: false }
            }
            Kind::ServicePressure(heads) => {
                let storeys = tag.storeys?;
                let houses = if storeys < 2 { "1 storey" } else { &format!("{storeys} storeys") };
                let what = format!("the service head for {houses} of");
                let limit = heads.limit(storeys, tag.rise_m);
                Detector::Limit { limit, what, broken: false }
            }
            Kind::NightFlow(test) | Kind::NoDraw(test) => {
                let usual = tag.night_flow?.usual_m3_per_h;
                let flow = FlowWindow::new(test, usual, tag.poll, profile.utc_offset);
                Detector::FlowWindow(flow)
            }
            Kind::FlatLine(test) => Detector::FlatLine(FlatLine::new(test, tag.range)),
            Kind::TagSilence | Kind::GatewaySilence { .. } => return None,
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
            Detector::Limit { broken, .. } => *broken = false,
            Detector::FlatLine(line) => line.forget(),
            Detector::FlowWindow(flow) => flow.resume(FlowState::default()),
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

    /// Takes a reading that it accepts; `window` holds it already.
    pub fn observe(
        &mut self,
        at: Stamp,
        value: f64,
        label: &Label,
        window: &Window,
        findings: &mut Vec<Finding>,
    ) {
        let abnormal = match &mut self.detector {
            Detector::Limit { limit, broken, .. } => {
                *broken = limit.judge(*broken, value);
                *broken
            }
            Detector::FlatLine(line) => line.judge(at, value),
            Detector::FlowWindow(flow) => {
                flow.observe(at, value);
                return;
            }
        };
        self.no_data_at = Some(at + self.patience);
        let verdict = if abnormal { Verdict::Abnormal } else { Verdict::Normal };
        if self.verdict == Some(verdict) {
            return;
        }
        if self.conclude(verdict) {
            let text = self.sentence(at, value, label);
            let why = Why {
                value: Some(value),
                limit: self.limit().map(|limit| limit.raise),
                window: window.to_vec(),
                text,
            };
            self.report(at, verdict, why, findings);
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
        if let Detector::FlatLine(line) = &mut self.detector {
            line.forget();
        }
        if self.conclude(Verdict::NoData) {
            let text = format!("no usable reading of {} for {}", label.tag, self.patience);
            let limit = self.limit().map(|limit| limit.raise);
            let why = Why { value: None, limit, window: window.to_vec(), text };
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
            text: flow.sentence(label.tag.as_str(), found),
        };
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
        findings.push(Finding { watch: self.watch, at, verdict, why });
    }

    fn limit(&self) -> Option<LimitInForce> {
        match &self.detector {
            Detector::Limit { limit, .. } => Some(*limit),
            Detector::FlowWindow(flow) => Some(flow.limit()),
            Detector::FlatLine(_) => None,
        }
    }

    fn sentence(&self, at: Stamp, value: f64, label: &Label) -> String {
        let tag = label.tag.as_str();
        match &self.detector {
            Detector::Limit { limit, what, .. } => limit.sentence(label.quantity, tag, what, value),
            Detector::FlatLine(line) => line.sentence(label.quantity, tag, at, value),
            Detector::FlowWindow(_) => String::new(), // judged by block, not by reading
        }
    }

    /// Before this moment `advance` has nothing to find.
    pub fn deadline(&self) -> Stamp {
        let window = match &self.detector {
            Detector::FlowWindow(flow) => flow.deadline(),
            Detector::Limit { .. } | Detector::FlatLine(_) => self.no_data_at,
        };
        window.unwrap_or(Stamp::MAX)
    }

    /// For a checkpoint.
    pub fn state(&self) -> WatcherState {
        let detector = match &self.detector {
            Detector::Limit { broken, .. } => DetectorState::Limit { broken: *broken },
            Detector::FlatLine(line) => DetectorState::FlatLine(line.run()),
            Detector::FlowWindow(flow) => DetectorState::FlowWindow(flow.state()),
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
            (Detector::Limit { broken, .. }, DetectorState::Limit { broken: then }) => {
                *broken = *then;
            }
            (Detector::FlatLine(line), DetectorState::FlatLine(run)) => line.resume(*run),
            (Detector::FlowWindow(flow), DetectorState::FlowWindow(then)) => flow.resume(*then),
            _ => return,
        }
        self.started = state.started;
        self.verdict = state.verdict;
        self.changed_at = state.changed_at;
        self.no_data_at = state.no_data_at;
    }
}
