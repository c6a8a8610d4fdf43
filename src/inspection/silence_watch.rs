//! One rule listening for silence: of an instrument, or of a whole plant.

use serde::{Deserialize, Serialize};

use crate::base::time::UtcOffset;
use crate::base::{RuleId, Span, Stamp};
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
        who: &str,
        utc_offset: UtcOffset,
        window: Option<&Window>,
        findings: &mut Vec<Finding>,
    ) -> Option<Change> {
        let change = self.silence.due(now)?;
        let verdict = if change.silent { Verdict::Abnormal } else { Verdict::Normal };
        self.verdict = Some(verdict);
        let patience = self.silence.patience();
        let clock = |at: Stamp| at.month_day_time(utc_offset);
        let text = if !change.silent {
            format!("{who} is heard again")
        } else if self.goodbye == Some(change.at) {
            format!("{who} has gone offline at {}", clock(change.at))
        } else {
            format!("nothing from {who} for {patience}, since {}", clock(change.at - patience))
        };
        let window = window.map(Window::to_vec).unwrap_or_default();
        let why = Why { value: None, limit: None, window, text };
        findings.push(Finding { watch: self.watch, at: change.at, verdict, level: 0, why });
        Some(change)
    }

    /// What it hears of `who`.
    pub fn sight(&self, who: &str, utc_offset: UtcOffset) -> Sight {
        let clock = |at: Stamp| at.month_day_time(utc_offset);
        let patience = self.silence.patience();
        let text = match (self.silent_since(), self.silence.deadline()) {
            (Some(since), _) => format!("{who} is silent since {}", clock(since)),
            (None, Some(due)) => {
                format!(
                    "{who} was heard at {}, and may be silent for {patience}",
                    clock(due - patience)
                )
            }
            (None, None) => format!("{who} has not been heard"),
        };
        let no_data_at = self.silence.deadline().filter(|_| self.silent_since().is_none());
        let changed_at = self.silent_since();
        // Whoever has been heard and may be silent still has never been found silent.
        let verdict = self.verdict.or(no_data_at.map(|_| Verdict::Normal));
        Sight { verdict, changed_at, text, no_data_at, ..Sight::default() }
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
