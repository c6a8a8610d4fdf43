//! How an instrument fails.

use serde::{Deserialize, Serialize};

/// How an instrument fails.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum InstrumentFault {
    /// It shows its last value for ever (卡死).
    Stuck,
    /// It drifts by this much a day, from zero at the start (漂移).
    Drift {
        /// In the quantity's unit.
        per_day: f64,
    },
    /// It is off by a constant.
    Bias {
        /// In the quantity's unit.
        by: f64,
    },
    /// It loses this share of its readings, at random.
    Dropout {
        /// 0 to 1; 1 is silent.
        share: f64,
    },
}
