//! What happens to remote stations on battery and sun.

use serde::{Deserialize, Serialize};

/// What happens to remote stations on battery and sun.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum StationEvent {
    /// Dust, leaves or snow lie on the panel (光伏板积灰).
    SolarDirty {
        /// Position in `Plant::stations`.
        station: usize,
        /// Share of its light that is taken away, 0 to 1.
        share_lost: f64,
    },
    /// Days of rain (连阴雨): every station has less sun.
    Overcast {
        /// Share of the sun that is left, 0 to 1.
        sun_share: f64,
    },
    /// The battery is old (蓄电池老化): it holds less.
    BatteryWorn {
        /// Position in `Plant::stations`.
        station: usize,
        /// Share of its capacity that is left, above 0 to 1.
        share_left: f64,
    },
}
