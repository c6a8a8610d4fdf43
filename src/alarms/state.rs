//! The life of one alarm: the states of ISA-18.2 as a pure transition function.
//!
//! Three things run side by side: the condition with its delays (`Phase`), whether somebody has
//! answered, and what keeps the alarm silent (shelved, suppressed, out of service). The nine states
//! A to I are what a person sees of them. A silent alarm is evaluated all the same.
//!
//! Deadlines fire once time has gone *past* them, stamped with their own moment: a verdict at the
//! very moment of a deadline comes first.
//!
//! Sources: ISA-18.2 state diagram `[M]`; delays, deadbands and re-alarm time, OPC UA part 9
//! `[S44j][S44k]`.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::alarms::event::{AlarmChange, AlarmState, Priority};
use crate::alarms::level::Rungs;
use crate::alarms::policy::Policy;
use crate::base::{Span, Stamp};
use crate::inspection::book::NoData;
use crate::inspection::finding::Verdict;

/// Where the condition stands with its delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It does not hold.
    #[default]
    Clear,
    /// It holds; the on-delay runs.
    Pending {
        /// Since when it holds.
        since: Stamp,
        /// What the delay counts from: `since`, or the end of a suppression.
        from: Stamp,
    },
    /// It has held for the on-delay.
    Active {
        /// Since when it holds.
        since: Stamp,
    },
    /// It has gone; the off-delay runs.
    Clearing {
        /// Since when it held.
        since: Stamp,
        /// Since when it has been gone.
        gone: Stamp,
    },
    /// It has been gone for the off-delay; a person must reset the alarm.
    Latched {
        /// Holds again since; the on-delay runs.
        again: Option<Stamp>,
    },
}

/// One alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    /// The condition with its delays.
    pub phase: Phase,
    /// The present occurrence has been announced and has not ended.
    pub announced: bool,
    /// Somebody must answer the last occurrence that was announced.
    pub unanswered: bool,
    /// It has been said that a standing alarm has nothing to judge by.
    pub without_data: bool,
    /// On the shelf until.
    pub shelved_until: Option<Stamp>,
    /// Suppressed by design.
    pub suppressed: bool,
    /// Out of service.
    pub out_of_service: bool,
    /// When somebody was last called, or last answered.
    pub called_at: Option<Stamp>,
    /// Levels beyond the rule's own limit, with their delays.
    #[serde(default, skip_serializing_if = "Rungs::are_off")]
    pub rungs: Rungs,
    /// The level that was last announced; 0: the rule's own limit.
    #[serde(default)]
    pub reached: u8,
    /// By how many priorities it has become more urgent than its level, waiting for an answer.
    #[serde(default)]
    pub level: u8,
    /// Since when it has asked without an answer, or since it last became more urgent.
    #[serde(default)]
    pub asks_since: Option<Stamp>,
    /// How many occurrences have been announced.
    pub occurrence: u64,
    /// When something was last said of it. Readings may come behind event time; nothing that
    /// follows from them is said earlier than what was said before.
    #[serde(default)]
    pub said_at: Option<Stamp>,
}

/// What an alarm is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Time has reached `now`; nothing else.
    Time,
    /// A rule's verdict.
    Verdict {
        /// What it says.
        verdict: Verdict,
        /// How many levels beyond the rule's own limit the value has reached.
        level: u8,
    },
    /// The plant's time begins again: what stood has ended, whatever its delays.
    BeginAgain,
    /// A person has seen it.
    Acknowledge,
    /// A person sets it aside for a time.
    Shelve {
        /// Until when.
        until: Stamp,
    },
    /// A person takes it from the shelf.
    Unshelve,
    /// A parent alarm speaks for it.
    Suppress,
    /// No parent alarm speaks for it any more.
    Unsuppress,
    /// A person takes it out of service.
    RemoveFromService,
    /// A person puts it back into service.
    ReturnToService,
    /// A person resets a latched alarm.
    Reset,
}

impl Input {
    fn is_a_persons(self) -> bool {
        !matches!(
            self,
            Self::Time
                | Self::Verdict { .. }
                | Self::BeginAgain
                | Self::Suppress
                | Self::Unsuppress
        )
    }
}

/// What happened to an alarm, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Event time; of a deadline, its own moment. Never before the change before it.
    pub at: Stamp,
    /// What.
    pub change: AlarmChange,
    /// The state after it.
    pub state: AlarmState,
    /// Since when the condition holds, while it does.
    pub since: Option<Stamp>,
    /// By how many priorities it is more urgent than usual.
    pub steps: u8,
    /// How many occurrences have been announced, this one included.
    pub occurrence: u64,
}

/// Tells an alarm `input` at `now`: first everything fires that was due before `now`, then the
/// input has its effect. An input that does not apply changes nothing. A person acts on what is
/// seen, on a clock that may be ahead of event time: such an input fires nothing.
pub fn transition(state: State, input: Input, policy: &Policy, now: Stamp) -> (State, Vec<Change>) {
    let mut alarm = Running { state, policy, changes: Vec::new() };
    while let Some((at, due)) = alarm.state.next_due(policy).filter(|(at, _)| *at < now) {
        if input.is_a_persons() {
            break;
        }
        alarm.fire(due, at);
    }
    alarm.apply(input, now);
    (alarm.state, alarm.changes)
}

/// What can become due; in this order at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Unshelve,
    Rise,
    OnDelay,
    OffDelay,
    Fall,
    ReAlarm,
    Escalate,
}

impl State {
    /// What a person sees.
    pub fn shown(&self) -> AlarmState {
        let active = self.stands();
        match (self.phase, self.unanswered) {
            _ if self.out_of_service => AlarmState::OutOfService,
            _ if self.suppressed => AlarmState::SuppressedByDesign,
            _ if self.shelved_until.is_some() => AlarmState::Shelved,
            (Phase::Latched { .. }, true) => AlarmState::LatchedUnacknowledged,
            (Phase::Latched { .. }, false) => AlarmState::LatchedAcknowledged,
            (_, false) if active && self.announced => AlarmState::Acknowledged,
            _ if active => AlarmState::Unacknowledged, // unsaid so far: about to be announced
            (_, true) => AlarmState::ReturnedUnacknowledged,
            (_, false) => AlarmState::Normal,
        }
    }

    /// Has the condition held for its on-delay, and not been gone for its off-delay?
    pub fn stands(&self) -> bool {
        matches!(self.phase, Phase::Active { .. } | Phase::Clearing { .. })
    }

    /// Has a person been told of it, and not yet seen that it is over?
    fn is_known(&self) -> bool {
        self.announced || self.unanswered
    }

    /// By how many priorities it is more urgent than its rule's own limit makes it.
    pub fn steps(&self, policy: &Policy) -> u8 {
        policy.steps_at(self.reached) + self.level
    }

    /// Is anything keeping it silent?
    pub fn is_silent(&self) -> bool {
        self.out_of_service || self.suppressed || self.shelved_until.is_some()
    }

    /// Does its condition hold, delays counted in its favour? Such an alarm speaks for others.
    pub fn holds(&self) -> bool {
        match self.phase {
            Phase::Pending { .. } | Phase::Active { .. } | Phase::Clearing { .. } => true,
            Phase::Latched { again } => again.is_some(),
            Phase::Clear => false,
        }
    }

    /// Since when the condition holds, while it does.
    pub fn since(&self) -> Option<Stamp> {
        match self.phase {
            Phase::Pending { since, .. } | Phase::Active { since } => Some(since),
            Phase::Latched { again } => again,
            Phase::Clear | Phase::Clearing { .. } => None,
        }
    }

    /// The next moment at which something fires by itself.
    pub fn deadline(&self, policy: &Policy) -> Option<Stamp> {
        self.next_due(policy).map(|(at, _)| at)
    }

    fn next_due(&self, policy: &Policy) -> Option<(Stamp, Due)> {
        let shelf = self.shelved_until.map(|until| (until, Due::Unshelve));
        let delay = match self.phase {
            Phase::Pending { from, .. } => Some((from + policy.on_delay, Due::OnDelay)),
            Phase::Latched { again } => again.map(|since| (since + policy.on_delay, Due::OnDelay)),
            Phase::Clearing { gone, .. } => Some((gone + policy.off_delay, Due::OffDelay)),
            Phase::Clear | Phase::Active { .. } => None,
        };
        let asks = self.announced && self.stands() && !self.is_silent();
        let again = self.called_at.zip(policy.re_alarm).filter(|_| asks);
        let again = again.map(|(called, span)| (called + span, Due::ReAlarm));
        let waits =
            asks && self.unanswered && self.steps(policy) < policy.priority.below(Priority::High);
        let urge = self.asks_since.zip(policy.escalate).filter(|_| waits);
        let urge = urge.map(|(since, span)| (since + span, Due::Escalate));
        let rise = self.rungs.next_rise(policy).map(|at| (at, Due::Rise));
        let fall = self.rungs.next_fall(policy).map(|at| (at, Due::Fall));
        [shelf, delay, again, urge, rise, fall].into_iter().flatten().min()
    }
}

/// An alarm while something happens to it.
struct Running<'a> {
    state: State,
    policy: &'a Policy,
    changes: Vec<Change>,
}

impl Running<'_> {
    fn say(&mut self, change: AlarmChange, at: Stamp) {
        let State { occurrence, said_at, .. } = self.state;
        let at = said_at.map_or(at, |said| said.max(at));
        self.state.said_at = Some(at);
        let (state, since) = (self.state.shown(), self.state.since());
        let steps = self.state.steps(self.policy);
        self.changes.push(Change { at, change, state, since, steps, occurrence });
    }

    fn fire(&mut self, due: Due, at: Stamp) {
        match due {
            Due::Unshelve => self.unshelve(AlarmChange::ShelfExpired, at),
            Due::OnDelay => self.activate(at),
            Due::OffDelay => self.end(at),
            Due::Rise => {
                self.state.rungs.rise(self.policy, at);
                self.settle(at);
            }
            Due::Fall => {
                self.state.rungs.fall(self.policy, at);
                self.settle(at);
            }
            Due::ReAlarm => self.ask_again(at),
            Due::Escalate => {
                self.state.level += 1;
                self.state.asks_since = Some(at);
                self.say(AlarmChange::Escalated, at);
            }
        }
    }

    fn apply(&mut self, input: Input, now: Stamp) {
        match input {
            Input::Verdict { verdict, level } => self.judge(verdict, level, now),
            Input::BeginAgain => self.begin_again(now),
            Input::Acknowledge if self.state.unanswered && !self.state.is_silent() => {
                self.state.unanswered = false;
                self.state.called_at = Some(now);
                self.say(AlarmChange::Acknowledged, now);
                if self.state.level > 0 {
                    self.state.level = 0;
                    self.say(AlarmChange::SteppedDown, now);
                }
            }
            Input::Shelve { until } if until > now && !self.state.out_of_service => {
                self.state.shelved_until = Some(until);
                self.say(AlarmChange::Shelved, now);
            }
            Input::Unshelve if self.state.shelved_until.is_some() => {
                self.unshelve(AlarmChange::Unshelved, now);
            }
            Input::Suppress if !self.state.suppressed => {
                self.state.suppressed = true;
                if self.state.is_known() {
                    self.say(AlarmChange::Suppressed, now);
                }
            }
            Input::Unsuppress if self.state.suppressed => self.unsuppress(now),
            Input::RemoveFromService if !self.state.out_of_service => {
                self.state.out_of_service = true;
                self.say(AlarmChange::RemovedFromService, now);
            }
            Input::ReturnToService if self.state.out_of_service => {
                self.state.out_of_service = false;
                self.say(AlarmChange::ReturnedToService, now);
                self.speak_again(now);
            }
            Input::Reset => self.reset(now),
            _ => {} // time alone, or what does not apply
        }
    }

    fn judge(&mut self, verdict: Verdict, level: u8, now: Stamp) {
        let holds = match (verdict, self.policy.no_data) {
            (Verdict::NoData, NoData::Hold) => return self.lose_data(now),
            (Verdict::Abnormal, _) | (Verdict::NoData, NoData::Alarm) => true,
            (Verdict::Normal, _) | (Verdict::NoData, NoData::Clear) => false,
        };
        if self.state.without_data {
            self.state.without_data = false;
            self.say(AlarmChange::DataBack, now);
        }
        match verdict {
            Verdict::NoData if holds => self.state.rungs.lose_data(),
            _ => self.state.rungs.tell(if holds { level } else { 0 }, self.policy, now),
        }
        if holds {
            self.begin(now);
        } else {
            self.cease(now);
        }
        self.settle(now);
    }

    /// Does what the levels in force ask for: one of them raises an alarm whose own on-delay still
    /// runs, and one that stands moves to the highest.
    fn settle(&mut self, at: Stamp) {
        let level = self.state.rungs.highest();
        match self.state.phase {
            Phase::Pending { .. } | Phase::Latched { again: Some(_) } if level > 0 => {
                self.activate(at);
            }
            Phase::Active { .. } | Phase::Clearing { .. } if self.state.announced => {
                match level.cmp(&self.state.reached) {
                    Ordering::Greater => self.rise(level, at),
                    Ordering::Less => {
                        self.state.reached = level;
                        self.say(AlarmChange::Fallen, at);
                    }
                    Ordering::Equal => {}
                }
            }
            _ => {}
        }
    }

    /// It is worse than what people have been told; waiting never makes it less urgent.
    fn rise(&mut self, level: u8, at: Stamp) {
        let before = self.state.steps(self.policy);
        self.state.reached = level;
        self.state.level = before.saturating_sub(self.policy.steps_at(level));
        if self.policy.rise_asks_again {
            self.state.shelved_until = None;
            self.state.unanswered = true;
            (self.state.called_at, self.state.asks_since) = (Some(at), Some(at));
        }
        self.say(AlarmChange::Risen, at);
    }

    /// Nothing to judge by proves neither that the condition holds nor that it has gone: what
    /// stands keeps standing, and a delay that runs starts again with the next verdict.
    fn lose_data(&mut self, now: Stamp) {
        self.state.phase = match self.state.phase {
            Phase::Clear | Phase::Pending { .. } => Phase::Clear,
            Phase::Active { since } | Phase::Clearing { since, .. } => Phase::Active { since },
            Phase::Latched { .. } => Phase::Latched { again: None },
        };
        self.state.rungs.lose_data();
        if self.state.announced && !self.state.without_data {
            self.state.without_data = true;
            self.say(AlarmChange::NoData, now);
        }
    }

    /// The condition holds.
    fn begin(&mut self, now: Stamp) {
        match self.state.phase {
            Phase::Clear => self.state.phase = Phase::Pending { since: now, from: now },
            Phase::Latched { again: None } => {
                self.state.phase = Phase::Latched { again: Some(now) };
            }
            Phase::Clearing { since, .. } => return self.state.phase = Phase::Active { since },
            Phase::Pending { .. } | Phase::Active { .. } | Phase::Latched { .. } => return,
        }
        if self.policy.on_delay == Span::ZERO {
            self.activate(now);
        }
    }

    /// The condition does not hold.
    fn cease(&mut self, now: Stamp) {
        match self.state.phase {
            Phase::Pending { .. } => self.state.phase = Phase::Clear,
            Phase::Latched { .. } => self.state.phase = Phase::Latched { again: None },
            Phase::Active { since } => {
                self.state.phase = Phase::Clearing { since, gone: now };
                if self.policy.off_delay == Span::ZERO {
                    self.end(now);
                }
            }
            Phase::Clear | Phase::Clearing { .. } => {}
        }
    }

    /// The condition has held for the on-delay.
    fn activate(&mut self, at: Stamp) {
        let again = matches!(self.state.phase, Phase::Latched { .. });
        let since = self.state.since().unwrap_or(at);
        self.state.phase = Phase::Active { since };
        if again { self.ask_again(at) } else { self.announce(at) }
    }

    /// Somebody must answer the same occurrence once more.
    fn ask_again(&mut self, at: Stamp) {
        if !self.state.unanswered {
            self.state.asks_since = Some(at);
        }
        self.state.unanswered = true;
        self.state.called_at = Some(at);
        self.state.reached = self.state.rungs.highest();
        self.say(AlarmChange::ReAlarmed, at);
    }

    /// A new occurrence, unless something keeps the alarm silent.
    fn announce(&mut self, at: Stamp) {
        if self.state.is_silent() {
            return;
        }
        self.state.announced = true;
        self.state.unanswered = true;
        self.state.occurrence += 1;
        self.state.called_at = Some(at);
        (self.state.level, self.state.asks_since) = (0, Some(at));
        self.state.reached = self.state.rungs.highest();
        self.say(AlarmChange::Raised, at);
    }

    /// The condition has been gone for the off-delay.
    fn end(&mut self, at: Stamp) {
        self.state.rungs = Rungs::default(); // what it had reached stays to be read
        if !self.state.announced {
            self.state.phase = Phase::Clear;
            return;
        }
        if self.policy.latched {
            self.state.phase = Phase::Latched { again: None };
        } else {
            self.state.phase = Phase::Clear;
            self.state.announced = false;
        }
        self.say(AlarmChange::Cleared, at);
    }

    fn begin_again(&mut self, now: Stamp) {
        let (hidden, said) = (self.state.suppressed && self.state.is_known(), self.changes.len());
        self.state.suppressed = false;
        self.state.without_data = false;
        self.state.rungs = Rungs::default();
        self.state.said_at = None; // time itself has gone back
        match self.state.phase {
            Phase::Clear | Phase::Pending { .. } => self.state.phase = Phase::Clear,
            Phase::Active { .. } | Phase::Clearing { .. } => self.end(now),
            Phase::Latched { .. } => self.state.phase = Phase::Latched { again: None },
        }
        if hidden && self.changes.len() == said {
            self.say(AlarmChange::Unsuppressed, now);
        }
    }

    fn reset(&mut self, now: Stamp) {
        let Phase::Latched { again } = self.state.phase else { return };
        if self.state.is_silent() {
            return;
        }
        let pending = |since| Phase::Pending { since, from: since };
        self.state.phase = again.map_or(Phase::Clear, pending);
        self.state.announced = false;
        self.state.without_data = false;
        self.say(AlarmChange::Reset, now);
    }

    fn unshelve(&mut self, change: AlarmChange, at: Stamp) {
        self.state.shelved_until = None;
        self.say(change, at);
        self.speak_again(at);
    }

    /// The parent alarm has gone. What it spoke for gets its on-delay again before it is announced:
    /// after a link comes back, every instrument may first send its reading.
    fn unsuppress(&mut self, now: Stamp) {
        self.state.suppressed = false;
        let waits = match self.state.phase {
            Phase::Active { since } if !self.state.announced && !self.state.is_silent() => {
                self.state.phase = Phase::Pending { since, from: now };
                self.state.rungs.wait_again(self.policy, now);
                true
            }
            _ => false,
        };
        if self.state.is_known() {
            self.say(AlarmChange::Unsuppressed, now);
        }
        if !waits {
            self.speak_again(now);
        } else if self.policy.on_delay == Span::ZERO {
            self.activate(now);
        } else {
            self.settle(now);
        }
    }

    /// Nothing keeps it silent any more: an occurrence that began in silence is announced now, one
    /// that is just going away is not.
    fn speak_again(&mut self, now: Stamp) {
        if self.state.is_silent() {
            return;
        }
        match self.state.phase {
            Phase::Active { .. } | Phase::Clearing { .. } if self.state.announced => {
                self.state.called_at = Some(now);
                self.state.asks_since = Some(now);
            }
            Phase::Active { .. } => self.announce(now),
            Phase::Clearing { .. } => self.state.phase = Phase::Clear,
            Phase::Clear | Phase::Pending { .. } | Phase::Latched { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
