//! What a person may ask of an alarm.

use serde::{Deserialize, Serialize};

use crate::alarms::event::{AlarmId, AlarmState, By};
use crate::alarms::state::Input;
use crate::base::Stamp;

/// A person's request about one alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// When, on the monitor's clock.
    pub at: Stamp,
    /// Which alarm. An answer names the occurrence it answers.
    pub alarm: AlarmId,
    /// What.
    pub action: Action,
    /// Who, and why.
    pub by: By,
}

/// What to do with an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// "I have seen it."
    Acknowledge,
    /// Set it aside.
    Shelve {
        /// Until when.
        until: Stamp,
    },
    /// Take it from the shelf.
    Unshelve,
    /// Take it out of service.
    RemoveFromService,
    /// Put it back into service.
    ReturnToService,
    /// Reset a latched alarm.
    Reset,
}

impl Action {
    pub(super) fn input(self) -> Input {
        match self {
            Self::Acknowledge => Input::Acknowledge,
            Self::Shelve { until } => Input::Shelve { until },
            Self::Unshelve => Input::Unshelve,
            Self::RemoveFromService => Input::RemoveFromService,
            Self::ReturnToService => Input::ReturnToService,
            Self::Reset => Input::Reset,
        }
    }

    /// Is it about one occurrence, not about the alarm as such?
    pub(super) fn answers(self) -> bool {
        matches!(self, Self::Acknowledge | Self::Reset)
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
    /// The answer is for an occurrence that is over.
    #[error("{alarm} is over: the last occurrence is {last}")]
    OtherOccurrence {
        /// What was named.
        alarm: AlarmId,
        /// The last occurrence, 0 for none.
        last: u64,
    },
    /// The alarm's state does not allow it.
    #[error("{alarm} is {state:?}, which does not allow this")]
    NotNow {
        /// What was named.
        alarm: AlarmId,
        /// Its state.
        state: AlarmState,
    },
}
