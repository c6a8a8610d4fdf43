//! Which water is looked at.

use serde::{Deserialize, Serialize};

/// Which water an instrument or a sample looks at: picks the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamplingPoint {
    /// Raw water (原水).
    RawWater,
    /// Inside the plant, before it is finished.
    Process,
    /// Finished water (出厂水).
    FinishedWater,
    /// In the network, tanks and pumping stations included (管网水).
    Network,
    /// At a user's tap (末梢水).
    TapWater,
}

impl SamplingPoint {
    /// As files write it.
    pub const CHOICES: [(&'static str, Self); 5] = [
        ("raw-water", Self::RawWater),
        ("process", Self::Process),
        ("finished-water", Self::FinishedWater),
        ("network", Self::Network),
        ("tap-water", Self::TapWater),
    ];

    /// As files and the wire write it.
    pub fn name(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, point)| *point == self).map_or("", |(name, _)| name)
    }

    /// In running text, such as `finished water`.
    pub fn spoken(self) -> &'static str {
        match self {
            Self::RawWater => "raw water",
            Self::Process => "water in the works",
            Self::FinishedWater => "finished water",
            Self::Network => "water in the network",
            Self::TapWater => "tap water",
        }
    }
}
