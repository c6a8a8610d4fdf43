//! A value against a limit, with a deadband: separate predicates for raising and clearing.
//!
//! A value equal to the limit complies. Once broken, the limit stays broken until the value has
//! reached the clear threshold (a value equal to it clears); in between nothing changes. Delays
//! come after this, in the alarm (OPC UA Part 9 B.1.5).

use crate::base::units::Quantity;
use crate::inspection::unit_keys::{shown, spoken};

/// Which side of the limit breaks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Values below it.
    Below,
    /// Values above it.
    Above,
}

/// A limit and where it clears, in the unit of the quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitInForce {
    /// Which side breaks it.
    pub side: Side,
    /// The limit: a value equal to it complies.
    pub raise: f64,
    /// The clear threshold: a value equal to it clears.
    pub clear: f64,
    /// Is it from memory only? Then whoever sees it sees the mark `[M]` too.
    pub unverified: bool,
}

impl LimitInForce {
    /// What stands behind its figure: ` [M]` when it is from memory only.
    pub fn mark(&self) -> &'static str {
        if self.unverified { " [M]" } else { "" }
    }

    /// Does `value` break the limit?
    pub fn breaks(&self, value: f64) -> bool {
        match self.side {
            Side::Below => value < self.raise,
            Side::Above => value > self.raise,
        }
    }

    /// Is `value` good enough to end a break?
    pub fn clears(&self, value: f64) -> bool {
        match self.side {
            Side::Below => value >= self.clear,
            Side::Above => value <= self.clear,
        }
    }

    /// Is the limit broken after `value`, when it was `broken` before?
    pub fn judge(&self, broken: bool, value: f64) -> bool {
        if broken { !self.clears(value) } else { self.breaks(value) }
    }

    /// How `value` stands to the limit, in words before it.
    pub fn relation(&self, value: f64) -> &'static str {
        match (self.breaks(value), self.side) {
            (true, Side::Below) => "below",
            (true, Side::Above) => "above",
            (false, _) if !self.clears(value) => "back, but not yet clear of",
            (false, Side::Below) => "no longer below",
            (false, Side::Above) => "no longer above",
        }
    }

    /// One sentence about `value`, at the instrument `at`; `what` names the limit.
    pub fn sentence(&self, quantity: Quantity, at: &str, what: &str, value: f64) -> String {
        let (limit, mark) = (shown(quantity, self.raise), self.mark());
        let relation = self.relation(value);
        format!(
            "{} at {at} is {}, {relation} {what} {limit}{mark}",
            spoken(quantity),
            shown(quantity, value)
        )
    }

    /// The same about a value that breaks nothing.
    pub fn kept(&self, quantity: Quantity, at: &str, what: &str, value: f64) -> String {
        let side = match self.side {
            Side::Below => "below",
            Side::Above => "above",
        };
        let (value, limit) = (shown(quantity, value), shown(quantity, self.raise));
        let mark = self.mark();
        format!("{} at {at} is {value}, not {side} {what} {limit}{mark}", spoken(quantity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: LimitInForce =
        LimitInForce { side: Side::Below, raise: 0.30, clear: 0.33, unverified: false };
    const HIGH: LimitInForce =
        LimitInForce { side: Side::Above, raise: 1.0, clear: 0.9, unverified: false };

    #[test]
    fn a_value_equal_to_the_limit_complies() {
        assert!(!LOW.judge(false, 0.30));
        assert!(LOW.judge(false, 0.2999));
        assert!(!HIGH.judge(false, 1.0));
        assert!(HIGH.judge(false, 1.0001));
    }

    #[test]
    fn a_broken_limit_clears_only_at_the_clear_threshold() {
        assert!(LOW.judge(true, 0.32));
        assert!(!LOW.judge(true, 0.33));
        assert!(HIGH.judge(true, 0.95));
        assert!(!HIGH.judge(true, 0.9));
    }

    #[test]
    fn the_sentence_names_value_place_limit_and_units() {
        let text = LOW.sentence(Quantity::FreeChlorine, "AIT-301", "the limit of", 0.21);
        assert_eq!(text, "free chlorine at AIT-301 is 0.21 mg/L, below the limit of 0.30 mg/L");
        let memory = LimitInForce { unverified: true, ..LOW };
        let text = memory.sentence(Quantity::FreeChlorine, "AIT-301", "the limit of", 0.21);
        assert!(text.ends_with("below the limit of 0.30 mg/L [M]"), "{text}");
        let text = HIGH.sentence(Quantity::Turbidity, "AIT-302", "the limit of", 0.4);
        assert_eq!(text, "turbidity at AIT-302 is 0.40 NTU, no longer above the limit of 1.00 NTU");
    }
}
