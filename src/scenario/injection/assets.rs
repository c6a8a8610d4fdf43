//! What happens to the state of wear.

use serde::{Deserialize, Serialize};

use super::{Injection, InjectionKind};
use crate::base::Stamp;
use crate::base::time::UtcOffset;
use crate::plant::ageing::{Part, Years};

/// Length of the mean year, days.
const DAYS_PER_YEAR: f64 = 365.25;

/// What happens to the state of wear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AssetEvent {
    /// The plant changes into another condition, such as `renewed` (改造).
    Condition {
        /// Position in `Plant::conditions`.
        to: usize,
    },
    /// From now on its wear is computed day by day.
    Ageing {
        /// Position of the new plant in `Plant::conditions`.
        new: usize,
        /// Years since everything was new, at the start.
        years: f64,
    },
    /// Parts are renewed (更新改造): they age anew from then on.
    Renewal {
        /// Which.
        parts: Vec<Part>,
    },
}

/// What the state of wear comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WearFrom {
    /// A condition: position in `Plant::conditions`.
    Condition(usize),
    /// Years since everything was as in a condition.
    Years {
        /// Position in `Plant::conditions`.
        new: usize,
        /// Whole days, counted at midnight.
        years: Years,
    },
}

impl WearFrom {
    /// At `now`, for a plant that started from `condition`; later ones of the injections
    /// `in_force` win.
    pub fn of<'a>(
        condition: usize,
        in_force: impl Iterator<Item = &'a Injection>,
        now: Stamp,
        offset: UtcOffset,
    ) -> Self {
        let mut from = Self::Condition(condition);
        for injection in in_force {
            let InjectionKind::Assets(event) = &injection.kind else { continue };
            let passed = (now.midnight(offset) - injection.from).as_days().max(0.0) / DAYS_PER_YEAR;
            match event {
                AssetEvent::Condition { to } => from = Self::Condition(*to),
                AssetEvent::Ageing { new, years } => {
                    from = Self::Years { new: *new, years: Years::all(years + passed) };
                }
                AssetEvent::Renewal { parts } => {
                    if let Self::Years { years, .. } = &mut from {
                        for part in parts {
                            years.set(*part, passed);
                        }
                    }
                }
            }
        }
        from
    }
}
