//! What a person may ask of an alarm, and what the monitor replies.

use serde::{Deserialize, Serialize};

use crate::alarms::event::{AlarmId, AlarmState, By};
use crate::alarms::state::{Input, Phase, State};
pub use crate::base::alarm::Action;
use crate::base::{PlantId, Span, Stamp};
use crate::inspection::handling::Handling;

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
        Action::Announce(stop) => Input::Announce(stop),
        Action::Withdraw => Input::Withdraw,
    }
}

/// May this person ask for it, with this reason and for so long? How full the shelf is, is not
/// looked at here.
pub(super) fn check(ask: &Ask, handling: &Handling) -> Result<(), CommandRefused> {
    let Handling { shelving, out_of_service, .. } = handling;
    let permit = match ask.action {
        Action::Shelve(_) => &shelving.permit,
        Action::RemoveFromService => out_of_service,
        Action::Announce(_) if ask.by.reason.trim().is_empty() => {
            return Err(CommandRefused::NoReason { alarm: ask.alarm.clone() });
        }
        _ => return Ok(()),
    };
    let By { name, reason } = &ask.by;
    if !permit.by.is_empty() && !permit.by.contains(name) {
        return Err(CommandRefused::NotYou { name: name.clone(), by: permit.by.clone() });
    }
    let reasons = &permit.reasons;
    if reason.trim().is_empty() {
        return Err(CommandRefused::NoReason { alarm: ask.alarm.clone() });
    }
    if !reasons.is_empty() && !reasons.iter().any(|known| reason.starts_with(known.as_str())) {
        let (reason, reasons) = (reason.clone(), reasons.clone());
        return Err(CommandRefused::OtherReason { reason, reasons });
    }
    match ask.action {
        Action::Shelve(span) if span > shelving.longest => {
            Err(CommandRefused::TooLong { longest: shelving.longest })
        }
        _ => Ok(()),
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
        Action::Announce(stop) => state.stop == Some(stop),
        Action::Withdraw => state.stop.is_none(),
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
    /// Nobody sets an alarm aside without a reason.
    #[error("{alarm} is set aside with a reason only")]
    NoReason {
        /// What was named.
        alarm: AlarmId,
    },
    /// Reasons are listed, and this is none of them.
    #[error("{reason:?} is no reason here; say one of: {}", reasons.join(", "))]
    OtherReason {
        /// What was said.
        reason: String,
        /// What it may begin with.
        reasons: Vec<String>,
    },
    /// Somebody else may.
    #[error("{name} may not do this; {} may", by.join(", "))]
    NotYou {
        /// Who asks.
        name: String,
        /// Who may.
        by: Vec<String>,
    },
    /// Longer than alarms are shelved here.
    #[error("alarms are shelved for {longest} at most")]
    TooLong {
        /// The longest time.
        longest: Span,
    },
    /// As many alarms as may lie on the shelf do.
    #[error("{at_most} alarms of {plant} are shelved, which is as many as may be")]
    ShelfFull {
        /// The plant.
        plant: PlantId,
        /// So many.
        at_most: usize,
    },
    /// A stop of supply is no reason for it.
    #[error("a stop of supply does not explain {alarm}: its rule has no `silent_in_stops = true`")]
    NoMatterOfStops {
        /// What was named.
        alarm: AlarmId,
    },
    /// The stop is over before it is announced, or ends before it begins.
    #[error(
        "a stop from {from} to {until} is none: it is {at}, and a stop must end after it begins"
    )]
    NoStop {
        /// When it was announced.
        at: Stamp,
        /// Its beginning.
        from: Stamp,
        /// Its end.
        until: Stamp,
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
