//! What a label stands for: a failure that ought to be found, or something else under way.

use crate::base::Span;
use crate::exercise::labels::AFTERMATH;

/// What happens, as far as alerts are held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A failure that changes water, pressure or flow.
    Water,
    /// A failure of an instrument, a station, a gateway or its link.
    Signal,
    /// A failure of those who take samples and analyse them.
    Laboratory,
    /// No failure: weather, a holiday, a repair. Nobody has to find it, and an alert is not false
    /// that comes while it lasts.
    Circumstance,
}

/// Kinds of injection that are no failure.
const CIRCUMSTANCES: [&str; 14] = [
    "ageing",
    "calendar",
    "coagulant-set",
    "condition",
    "cut-off",
    "demand",
    "dosing-reset",
    "filter-wash",
    "generator-start",
    "lab-sample",
    "overcast",
    "rationing",
    "renewal",
    "weather",
];

/// How the kinds begin that are failures of signals.
const SIGNALS: [&str; 5] = ["instrument-", "gateway-", "link-", "station-", "solar-"];

/// What a kind of injection is; one that is not known here is taken for a failure of the water.
pub fn class_of(kind: &str) -> Class {
    if CIRCUMSTANCES.contains(&kind) {
        Class::Circumstance
    } else if SIGNALS.iter().any(|stem| kind.starts_with(stem)) {
        Class::Signal
    } else if kind.starts_with("lab-") {
        Class::Laboratory
    } else {
        Class::Water
    }
}

impl Class {
    /// Ought somebody to find it?
    pub fn is_failure(self) -> bool {
        self != Self::Circumstance
    }

    /// How long after its end an alert may still be about it `[D]`: bad water needs up to a day to
    /// the last tap, a backlog is sent within the hour, and a missed sample is missed days later.
    pub fn aftermath(self) -> Span {
        match self {
            Self::Water | Self::Circumstance => AFTERMATH,
            Self::Signal => Span::HOUR,
            Self::Laboratory => Span::hours(7 * 24),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::injection_kinds;

    #[test]
    fn every_kind_that_is_named_here_is_one_that_scenarios_know() {
        let known: Vec<&str> = injection_kinds().collect();
        for kind in CIRCUMSTANCES {
            assert!(known.contains(&kind), "{kind}");
        }
        for stem in SIGNALS {
            assert!(known.iter().any(|kind| kind.starts_with(stem)), "{stem}");
        }
    }

    #[test]
    fn a_burst_is_found_a_holiday_is_not() {
        assert_eq!(class_of("burst"), Class::Water);
        assert_eq!(class_of("instrument-stuck"), Class::Signal);
        assert_eq!(class_of("link-outage"), Class::Signal);
        assert_eq!(class_of("lab-missed"), Class::Laboratory);
        assert!(!class_of("calendar").is_failure() && !class_of("lab-sample").is_failure());
    }
}
