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

mod running;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::alarms::event::{AlarmChange, AlarmState, Priority};
use crate::alarms::level::Rungs;
use crate::alarms::policy::Policy;
pub use crate::base::alarm::Stop;
use crate::base::{Span, Stamp};
use crate::inspection::finding::Verdict;
use running::Running;

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
    /// An announced stop of supply that has not ended; suppressed by design while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// That stop has begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_stop: bool,
    /// Only the stop keeps the present occurrence from being announced, and that has been said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hushed: bool,
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
    /// It comes and goes, and is announced no more until it calms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chatter: Option<Chatter>,
    /// How many occurrences have been announced.
    pub occurrence: u64,
    /// When something was last said of it. Readings may come behind event time; nothing that
    /// follows from them is said earlier than what was said before.
    #[serde(default)]
    pub said_at: Option<Stamp>,
}

/// An alarm that comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chatter {
    /// The first of the announcements that were too many.
    pub since: Stamp,
    /// How often it has come, announced or not.
    pub times: u32,
    /// When it last came or went.
    pub moved_at: Stamp,
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
    /// It has been announced too often in too short a time.
    Chatters {
        /// The first of these announcements.
        since: Stamp,
        /// How many.
        times: u32,
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
    /// A person announces a stop of supply that explains it.
    Announce(Stop),
    /// A person says that the stop is over, or does not take place.
    Withdraw,
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
                | Self::Chatters { .. }
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
    /// How it chatters, while it does.
    pub chatter: Option<Chatter>,
    /// The announced stop of supply that has not ended.
    pub stop: Option<Stop>,
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
    StopBegins,
    StopEnds,
    Unshelve,
    Rise,
    OnDelay,
    OffDelay,
    Fall,
    Calm,
    ReAlarm,
    Escalate,
}

impl State {
    /// What a person sees.
    pub fn shown(&self) -> AlarmState {
        let active = self.stands();
        match (self.phase, self.unanswered) {
            _ if self.out_of_service => AlarmState::OutOfService,
            _ if self.suppressed || self.in_stop => AlarmState::SuppressedByDesign,
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

    /// When it is calm, if it chatters and does not move before.
    pub fn calm_at(&self, policy: &Policy) -> Option<Stamp> {
        self.chatter.map(|it| it.moved_at + policy.calm)
    }

    /// How long what has gone is held while the alarm chatters.
    fn held_for(&self, policy: &Policy) -> Span {
        self.chatter.map_or(Span::ZERO, |_| policy.calm)
    }

    /// Is anything keeping it silent?
    pub fn is_silent(&self) -> bool {
        self.out_of_service || self.suppressed || self.in_stop || self.shelved_until.is_some()
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
        let stop = self.stop.map(|stop| {
            if self.in_stop { (stop.until, Due::StopEnds) } else { (stop.from, Due::StopBegins) }
        });
        let delay = match self.phase {
            Phase::Pending { from, .. } => Some((from + policy.on_delay, Due::OnDelay)),
            Phase::Latched { again } => again.map(|since| (since + policy.on_delay, Due::OnDelay)),
            Phase::Clearing { gone, .. } => {
                Some((gone + policy.off_delay.max(self.held_for(policy)), Due::OffDelay))
            }
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
        let fall = self.rungs.next_fall(policy, self.held_for(policy)).map(|at| (at, Due::Fall));
        let calm = self.calm_at(policy).map(|at| (at, Due::Calm));
        [stop, shelf, delay, again, urge, rise, fall, calm].into_iter().flatten().min()
    }
}
