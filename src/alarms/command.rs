//! What a person may ask of an alarm, and what the monitor replies.

use serde::{Deserialize, Serialize};

use crate::alarms::event::{AlarmId, AlarmState, By};
use crate::alarms::state::{Input, Phase, State};
use crate::base::Stamp;
pub use crate::base::alarm::Action;

/// What a person asks of one alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Which alarm. An answer names the occurrence it answers.
    pub alarm: AlarmId,
    /// What.
    pub action: Action,
    /// Who, and why.
    pub by: By,
}

/// A person's request at its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// When, on the monitor's clock.
    pub at: Stamp,
    /// What is asked.
    pub ask: Ask,
}

impl Ask {
    /// The request, heard at `at`.
    pub fn at(self, at: Stamp) -> Command {
        Command { at, ask: self }
    }
}

/// The input that an action is to the alarm's state, at `now`.
pub(super) fn input(action: Action, now: Stamp) -> Input {
    match action {
        Action::Acknowledge => Input::Acknowledge,
        Action::Shelve(span) => Input::Shelve { until: now + span },
        Action::Unshelve => Input::Unshelve,
        Action::RemoveFromService => Input::RemoveFromService,
        Action::ReturnToService => Input::ReturnToService,
        Action::Reset => Input::Reset,
    }
}

/// Is everything as asked, so that there is nothing to do? Whoever asks again because no reply came
/// must not be told that it cannot be done.
pub(super) fn is_done(action: Action, state: &State) -> bool {
    match action {
        Action::Acknowledge => state.occurrence > 0 && !state.unanswered,
        Action::Shelve(_) => false,
        Action::Unshelve => state.shelved_until.is_none(),
        Action::RemoveFromService => state.out_of_service,
        Action::ReturnToService => !state.out_of_service,
        Action::Reset => state.occurrence > 0 && state.phase == Phase::Clear,
    }
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It is done and recorded.
    Done {
        /// The alarm's state since.
        state: AlarmState,
    },
    /// It was so already: nothing has changed.
    Already {
        /// The alarm's state.
        state: AlarmState,
    },
    /// It is not done; nothing has changed.
    Refused(CommandRefused),
}

impl Reply {
    /// Why it was not done, if so.
    pub fn refused(&self) -> Option<&CommandRefused> {
        match self {
            Self::Refused(refused) => Some(refused),
            Self::Done { .. } | Self::Already { .. } => None,
        }
    }
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "refused", rename_all = "kebab-case")]
pub enum CommandRefused {
    /// No such plant, rule or instrument.
    #[error("there is no alarm {alarm}")]
    NoSuchAlarm {
        /// What was named.
        alarm: AlarmId,
    },
    /// It has never been raised.
    #[error("{alarm} has never been raised")]
    NeverRaised {
        /// What was named.
        alarm: AlarmId,
    },
    /// Another version of the program wrote the request.
    #[error("the monitor does not understand this request: is it of another version?")]
    NotUnderstood,
    /// The answer is for an occurrence that is over, or has not been.
    #[error("{alarm} is not the present occurrence, which is {last}")]
    OtherOccurrence {
        /// What was named.
        alarm: AlarmId,
        /// The last occurrence.
        last: u64,
    },
    /// The alarm's state does not allow it.
    #[error("{alarm} is {state}, which does not allow this")]
    NotNow {
        /// What was named.
        alarm: AlarmId,
        /// Its state.
        state: AlarmState,
    },
}
