//! A value against a limit, with a deadband: separate predicates for raising and clearing.
//!
//! A value equal to the limit complies. Once broken, the limit stays broken until the value has
//! reached the clear threshold (a value equal to it clears); in between nothing changes. Delays
//! come after this, in the alarm (OPC UA Part 9 B.1.5).

use crate::base::text::{Lang, Text};
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

impl Side {
    /// `below` or `above`.
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Below => lang.pick("below", "低于"),
            Self::Above => lang.pick("above", "高于"),
        }
    }

    /// What keys of files begin with that give a limit of this side.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Below => "below_",
            Self::Above => "above_",
        }
    }
}

/// What a limit is called in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitName {
    /// The rule's own.
    Limit,
    /// That of a further level.
    Further,
    /// The head that houses of so many storeys need.
    ServiceHead(u32),
}

impl LimitName {
    fn words(self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Limit, Lang::En) => "the limit of".to_owned(),
            (Self::Limit, Lang::Zh) => "限值".to_owned(),
            (Self::Further, Lang::En) => "the further limit of".to_owned(),
            (Self::Further, Lang::Zh) => "更高一级的限值".to_owned(),
            (Self::ServiceHead(0 | 1), Lang::En) => "the service head for 1 storey of".to_owned(),
            (Self::ServiceHead(n), Lang::En) => format!("the service head for {n} storeys of"),
            (Self::ServiceHead(n), Lang::Zh) => format!("{}层房屋的最小服务水头", n.max(1)),
        }
    }
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
    pub fn relation(&self, value: f64, lang: Lang) -> &'static str {
        match (self.breaks(value), self.side) {
            (true, side) => side.word(lang),
            (false, _) if !self.clears(value) => {
                lang.pick("back, but not yet clear of", "已回到限内,但尚未达到解除值;")
            }
            (false, Side::Below) => lang.pick("no longer below", "不再低于"),
            (false, Side::Above) => lang.pick("no longer above", "不再高于"),
        }
    }

    /// One sentence about `value`, at the instrument `at`; `what` names the limit.
    pub fn sentence(&self, quantity: Quantity, at: &str, what: LimitName, value: f64) -> Text {
        Text::of(|lang| {
            let (limit, mark) = (shown(quantity, self.raise), self.mark());
            let (relation, name) = (self.relation(value, lang), spoken(quantity, lang));
            let (what, value) = (what.words(lang), shown(quantity, value));
            match lang {
                Lang::En => format!("{name} at {at} is {value}, {relation} {what} {limit}{mark}"),
                Lang::Zh => format!("{at} {name} {value},{relation}{what} {limit}{mark}"),
            }
        })
    }

    /// The same about a value that breaks nothing.
    pub fn kept(&self, quantity: Quantity, at: &str, what: LimitName, value: f64) -> Text {
        Text::of(|lang| {
            let (limit, mark) = (shown(quantity, self.raise), self.mark());
            let (side, name) = (self.side.word(lang), spoken(quantity, lang));
            let (what, value) = (what.words(lang), shown(quantity, value));
            match lang {
                Lang::En => format!("{name} at {at} is {value}, not {side} {what} {limit}{mark}"),
                Lang::Zh => format!("{at} {name} {value},不{side}{what} {limit}{mark}"),
            }
        })
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
        let text = LOW.sentence(Quantity::FreeChlorine, "AIT-301", LimitName::Limit, 0.21);
        assert_eq!(text.zh, "AIT-301 游离氯 0.21 mg/L,低于限值 0.30 mg/L");
        assert_eq!(text.en, "free chlorine at AIT-301 is 0.21 mg/L, below the limit of 0.30 mg/L");
        let memory = LimitInForce { unverified: true, ..LOW };
        let text = memory.sentence(Quantity::FreeChlorine, "AIT-301", LimitName::Limit, 0.21);
        assert!(text.en.ends_with("below the limit of 0.30 mg/L [M]"), "{text:?}");
        assert!(text.zh.ends_with("低于限值 0.30 mg/L [M]"), "{text:?}");
        let text = HIGH.sentence(Quantity::Turbidity, "AIT-302", LimitName::Limit, 0.4);
        let wanted = "turbidity at AIT-302 is 0.40 NTU, no longer above the limit of 1.00 NTU";
        assert_eq!(text.en, wanted);
    }
}
