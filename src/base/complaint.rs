//! What residents complain about, and by which way.

use serde::{Deserialize, Serialize};

/// What a resident notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// Too little pressure (水压不足).
    LowPressure,
    /// No water (无水).
    NoWater,
    /// Turbid or coloured water (水浑).
    Turbid,
    /// It smells of chlorine (氯味).
    Smell,
}

impl Problem {
    /// As files write it.
    pub const CHOICES: [(&'static str, Self); 4] = [
        ("low-pressure", Self::LowPressure),
        ("no-water", Self::NoWater),
        ("turbid", Self::Turbid),
        ("smell", Self::Smell),
    ];

    /// As files and the wire write it.
    pub fn name(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, problem)| *problem == self).map_or("", |(name, _)| name)
    }
}

/// How a complaint comes in: the article's ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// The hotline 12345.
    Hotline,
    /// The app 监督一点通.
    App,
    /// Said to an inspector on a visit (巡查走访).
    Visit,
    /// In the media (媒体).
    Media,
}

impl Channel {
    /// As files and the wire write it.
    pub const CHOICES: [(&'static str, Self); 4] = [
        ("hotline", Self::Hotline),
        ("app", Self::App),
        ("visit", Self::Visit),
        ("media", Self::Media),
    ];

    /// As files and the wire write it.
    pub fn name(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, channel)| *channel == self).map_or("", |(name, _)| name)
    }
}
