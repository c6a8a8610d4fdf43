//! One rule listening for silence: of an instrument, or of a whole plant.

use serde::{Deserialize, Serialize};

use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::{PlantId, RuleId, Span, Stamp, TagId, Text};
use crate::inspection::book::AcceptFlags;
use crate::inspection::finding::{Finding, Verdict, Watch, Why};
use crate::inspection::sight::Sight;
use crate::inspection::signal::silence::{Change, Silence};
use crate::inspection::window::Window;

/// One rule listening for silence.
#[derive(Debug, Clone)]
pub struct SilenceWatch {
    watch: Watch,
    accept: AcceptFlags,
    silence: Silence,
    goodbye: Option<Stamp>,
    verdict: Option<Verdict>,
    started: bool,
}

/// Who is listened to.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// A whole plant.
    Plant(&'a PlantId),
    /// An instrument.
    Tag(&'a TagId),
}

impl Who<'_> {
    fn words(self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Plant(id), Lang::En) => format!("plant {id}"),
            (Self::Plant(id), Lang::Zh) => format!("水厂 {id}"),
            (Self::Tag(id), _) => id.to_string(),
        }
    }
}

/// What a restart must not forget of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SilenceState {
    started: bool,
    silence: Silence,
    goodbye: Option<Stamp>,
    verdict: Option<Verdict>,
}

impl SilenceWatch {
    /// A listener that reports silence longer than `patience`.
    pub fn new(watch: Watch, accept: AcceptFlags, patience: Span) -> Self {
        let silence = Silence::new(patience);
        Self { watch, accept, silence, goodbye: None, verdict: None, started: false }
    }

    /// Forgets all that was heard.
    pub fn begin_again(&mut self) {
        *self = Self::new(self.watch, self.accept, self.silence.patience());
    }

    /// Which rule, where.
    pub fn watch(&self) -> Watch {
        self.watch
    }

    /// The verdict so far; none before the first.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// Which readings count as heard.
    pub fn accept(&self) -> AcceptFlags {
        self.accept
    }

    /// The watch begins, unless it has begun already: as if something had been heard.
    pub fn start(&mut self, now: Stamp) {
        if !std::mem::replace(&mut self.started, true) {
            self.hear(now);
        }
    }

    /// Something was heard.
    pub fn hear(&mut self, at: Stamp) {
        self.silence.hear(at);
    }

    /// It said goodbye.
    pub fn goodbye(&mut self, at: Stamp) {
        self.silence.cut(at);
        self.goodbye = Some(at);
    }

    /// See [`Silence::excuse`].
    pub fn excuse(&mut self, from: Stamp, to: Stamp) {
        self.silence.excuse(from, to);
    }

    /// Since when it is silent, as far as judged.
    pub fn silent_since(&self) -> Option<Stamp> {
        self.silence.silent_since()
    }

    /// Before this moment `advance` has nothing to find.
    pub fn deadline(&self) -> Stamp {
        self.silence.deadline().unwrap_or(Stamp::MAX)
    }

    /// The next change before `now`, reported; `who` is silent or speaks again.
    pub fn advance(
        &mut self,
        now: Stamp,
        who: Who<'_>,
        utc_offset: UtcOffset,
        window: Option<&Window>,
        findings: &mut Vec<Finding>,
    ) -> Option<Change> {
        let change = self.silence.due(now)?;
        let verdict = if change.silent { Verdict::Abnormal } else { Verdict::Normal };
        self.verdict = Some(verdict);
        let patience = self.silence.patience();
        let clock = |at: Stamp| at.month_day_time(utc_offset);
        let Text { en: who, zh } = Text::of(|lang| who.words(lang));
        let said = if !change.silent {
            Text { en: format!("{who} is heard again"), zh: format!("{zh} 恢复上报") }
        } else if self.goodbye == Some(change.at) {
            let at = clock(change.at);
            Text {
                en: format!("{who} has gone offline at {at}"), zh: format!("{zh} 于 {at} 离线")
            }
        } else {
            let since = clock(change.at - patience);
            Text {
                en: format!("nothing from {who} for {patience}, since {since}"),
                zh: format!("{zh} 自 {since} 起已 {patience} 无数据"),
            }
        };
        let window = window.map(Window::to_vec).unwrap_or_default();
        let why = Why { window, ..Why::default() }.saying(said);
        findings.push(Finding { watch: self.watch, at: change.at, verdict, level: 0, why });
        Some(change)
    }

    /// What it hears of `who`.
    pub fn sight(&self, who: Who<'_>, utc_offset: UtcOffset) -> Sight {
        let clock = |at: Stamp| at.month_day_time(utc_offset);
        let patience = self.silence.patience();
        let Text { en: who, zh } = Text::of(|lang| who.words(lang));
        let said = match (self.silent_since(), self.silence.deadline()) {
            (Some(since), _) => {
                let since = clock(since);
                Text {
                    en: format!("{who} is silent since {since}"),
                    zh: format!("{zh} 自 {since} 起无数据"),
                }
            }
            (None, Some(due)) => {
                let at = clock(due - patience);
                Text {
                    en: format!("{who} was heard at {at}, and may be silent for {patience}"),
                    zh: format!("{zh} 于 {at} 有数据,容许 {patience} 无数据"),
                }
            }
            (None, None) => {
                Text { en: format!("{who} has not been heard"), zh: format!("{zh} 尚无数据") }
            }
        };
        let no_data_at = self.silence.deadline().filter(|_| self.silent_since().is_none());
        let changed_at = self.silent_since();
        // Whoever has been heard and may be silent still has never been found silent.
        let verdict = self.verdict.or(no_data_at.map(|_| Verdict::Normal));
        Sight { verdict, changed_at, no_data_at, ..Sight::default() }.saying(said)
    }

    /// For a checkpoint.
    pub fn state(&self) -> SilenceState {
        SilenceState {
            started: self.started,
            silence: self.silence.clone(),
            goodbye: self.goodbye,
            verdict: self.verdict,
        }
    }

    /// Continues from a checkpoint, with the patience of today's rule.
    pub fn resume(&mut self, state: &SilenceState) {
        let patience = self.silence.patience();
        self.silence = state.silence.clone().with_patience(patience);
        self.started = state.started;
        self.goodbye = state.goodbye;
        self.verdict = state.verdict;
    }
}

/// For a checkpoint; `rules`: ids of all rules.
pub fn silence_states(silences: &[SilenceWatch], rules: &[RuleId]) -> Vec<(RuleId, SilenceState)> {
    silences
        .iter()
        .filter_map(|silence| Some((rules.get(silence.watch().rule.0)?.clone(), silence.state())))
        .collect()
}

/// Continues from a checkpoint.
pub fn resume_silences(
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
