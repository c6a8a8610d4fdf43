//! The words of alarms that scenarios, records and people share.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::{Span, Stamp};

/// What can happen to an alarm; the words are those of records and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmChange {
    /// The condition has held for the on-delay.
    Raised,
    /// The condition has been gone for the off-delay.
    Cleared,
    /// A person has seen it.
    Acknowledged,
    /// It stands unanswered too long, or is raised again while latched: it asks again.
    ReAlarmed,
    /// Nobody has answered it in time: it is one priority more urgent.
    Escalated,
    /// Somebody has answered: it has the priority of its level again.
    SteppedDown,
    /// The value has reached a further level: the alarm is as urgent as that.
    Risen,
    /// The value is clear of a level: the alarm is as urgent as the one below.
    Fallen,
    /// It comes and goes: it is announced no more until it calms.
    Chattering,
    /// It no longer comes and goes.
    Calmed,
    /// A latched alarm was reset by a person.
    Reset,
    /// Set aside by a person for a time.
    Shelved,
    /// A person took it from the shelf.
    Unshelved,
    /// Its time on the shelf is over.
    ShelfExpired,
    /// Suppressed by design (a parent alarm, a state of the plant).
    Suppressed,
    /// No longer suppressed.
    Unsuppressed,
    /// Taken out of service.
    RemovedFromService,
    /// Back in service.
    ReturnedToService,
    /// A stop of supply is announced, in which it is kept silent by design.
    StopAnnounced,
    /// The announcement is taken back, or the stop is over earlier.
    StopWithdrawn,
    /// There is nothing to judge by any more; the alarm keeps its state.
    NoData,
    /// There are values again.
    DataBack,
}

/// What happens to a flood of alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FloodChange {
    /// There are more new alarms than anybody can answer.
    Begun,
    /// There are few again.
    Ended,
}

impl FloodChange {
    /// As records and files write it.
    pub const CHOICES: [(&'static str, Self); 2] = [("begun", Self::Begun), ("ended", Self::Ended)];
}

impl AlarmChange {
    /// As records and files write it.
    pub const CHOICES: [(&'static str, Self); 22] = [
        ("raised", Self::Raised),
        ("cleared", Self::Cleared),
        ("acknowledged", Self::Acknowledged),
        ("re-alarmed", Self::ReAlarmed),
        ("escalated", Self::Escalated),
        ("stepped-down", Self::SteppedDown),
        ("risen", Self::Risen),
        ("fallen", Self::Fallen),
        ("chattering", Self::Chattering),
        ("calmed", Self::Calmed),
        ("reset", Self::Reset),
        ("shelved", Self::Shelved),
        ("unshelved", Self::Unshelved),
        ("shelf-expired", Self::ShelfExpired),
        ("suppressed", Self::Suppressed),
        ("unsuppressed", Self::Unsuppressed),
        ("removed-from-service", Self::RemovedFromService),
        ("returned-to-service", Self::ReturnedToService),
        ("stop-announced", Self::StopAnnounced),
        ("stop-withdrawn", Self::StopWithdrawn),
        ("no-data", Self::NoData),
        ("data-back", Self::DataBack),
    ];

    /// The word of records and files.
    pub fn name(self) -> &'static str {
        let found = Self::CHOICES.iter().find(|(_, known)| *known == self);
        found.map_or("", |(name, _)| *name)
    }

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Raised => "报警",
            Self::Cleared => "恢复",
            Self::Acknowledged => "已确认",
            Self::ReAlarmed => "重报",
            Self::Escalated => "升级",
            Self::SteppedDown => "降级",
            Self::Risen => "加重",
            Self::Fallen => "减轻",
            Self::Chattering => "抖动",
            Self::Calmed => "平稳",
            Self::Reset => "复位",
            Self::Shelved => "搁置",
            Self::Unshelved => "取消搁置",
            Self::ShelfExpired => "搁置到时",
            Self::Suppressed => "抑制",
            Self::Unsuppressed => "解除抑制",
            Self::RemovedFromService => "停用",
            Self::ReturnedToService => "恢复使用",
            Self::StopAnnounced => "预告停水",
            Self::StopWithdrawn => "停水预告结束",
            Self::NoData => "无数据",
            Self::DataBack => "数据恢复",
        }
    }
}

/// What a person does with an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// "I have seen it."
    Acknowledge,
    /// Set it aside for so long.
    Shelve(Span),
    /// Take it from the shelf.
    Unshelve,
    /// Reset a latched alarm.
    Reset,
    /// Take it out of service.
    RemoveFromService,
    /// Put it back into service.
    ReturnToService,
    /// Announce a stop of supply that explains it.
    Announce(Stop),
    /// Say that the announced stop is over, or does not take place.
    Withdraw,
}

/// A stop of supply that is announced (计划停水).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// When supply stops.
    pub from: Stamp,
    /// When there is water again: what lasts longer is an alarm.
    pub until: Stamp,
}

impl Action {
    /// As `[[answer]]`s write it; how long a shelf lasts stands beside it. Stops have a form of
    /// their own.
    pub const CHOICES: [(&'static str, Self); 6] = [
        ("acknowledge", Self::Acknowledge),
        ("shelve", Self::Shelve(Span::ZERO)),
        ("unshelve", Self::Unshelve),
        ("reset", Self::Reset),
        ("remove-from-service", Self::RemoveFromService),
        ("return-to-service", Self::ReturnToService),
    ];

    /// Is it about one occurrence, not about the alarm as such?
    pub fn answers(self) -> bool {
        matches!(self, Self::Acknowledge | Self::Reset)
    }

    /// Must somebody say why?
    pub fn needs_reason(self) -> bool {
        matches!(self, Self::Shelve(_) | Self::RemoveFromService | Self::Announce(_))
    }
}

/// The word of files and of the command line.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Announce(_) => return f.pad("announce"),
            Self::Withdraw => return f.pad("withdraw"),
            _ => {}
        }
        let plain = if matches!(self, Self::Shelve(_)) { Self::Shelve(Span::ZERO) } else { *self };
        let found = Self::CHOICES.iter().find(|(_, known)| *known == plain);
        f.pad(found.map_or("", |(name, _)| *name))
    }
}
