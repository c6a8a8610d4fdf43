//! A checked expression: terms that look at readings, numbers, and conditions over them.

use crate::base::Span;
use crate::inspection::expression::unit::Dimension;
use crate::plant::profile::Profile;

/// A value taken from the readings of an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Position of its input.
    pub input: usize,
    /// What of the readings.
    pub look: Look,
    /// How far back.
    pub window: Span,
    /// What of a set; none when the input is one instrument.
    pub over: Option<Over>,
    /// Its unit.
    pub dimension: Dimension,
    /// As it was written, such as `mean(outlet, 1 h)`.
    pub text: String,
}

/// What a term takes of the readings of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The last one.
    Last,
    /// Their mean.
    Mean,
    /// The lowest.
    Min,
    /// The highest.
    Max,
    /// The last one less the last one before the window.
    Change,
}

impl Look {
    /// As expressions write it.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("last", Self::Last),
        ("mean", Self::Mean),
        ("min", Self::Min),
        ("max", Self::Max),
        ("change", Self::Change),
    ];
}

/// What a term takes of the values of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Their sum.
    Sum,
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

impl Over {
    /// As expressions write it.
    pub const NAMES: [(&'static str, Self); 3] =
        [("sum", Self::Sum), ("min", Self::Min), ("max", Self::Max)];

    /// Of these values; none when one of them has no data.
    pub fn of(self, values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
        let mut all: Option<f64> = None;
        for value in values {
            let value = value?;
            all = Some(match (all, self) {
                (None, _) => value,
                (Some(all), Self::Sum) => all + value,
                (Some(all), Self::Min) => all.min(value),
                (Some(all), Self::Max) => all.max(value),
            });
        }
        all
    }
}

/// A number, in the unit that the check has found.
#[derive(Debug, Clone, PartialEq)]
pub enum Num {
    /// Written in the rule.
    Constant(f64),
    /// Position of a term.
    Term(usize),
    /// A figure of the plant; `at` makes a constant of it.
    Plant(Figure),
    /// Without its sign.
    Abs(Box<Num>),
    /// With the other sign.
    Neg(Box<Num>),
    /// Two numbers.
    Two(Calc, Box<Num>, Box<Num>),
    /// One or the other.
    If(Box<Cond>, Box<Num>, Box<Num>),
}

/// What an expression may ask of the plant itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Surface of the clear well, m².
    WellArea,
    /// Share of its volume that counts as contact volume.
    WellBaffling,
}

impl Figure {
    /// As expressions write it.
    pub const NAMES: [(&'static str, Self); 2] =
        [("well_area", Self::WellArea), ("well_baffling", Self::WellBaffling)];

    /// Its value at a plant.
    pub fn of(self, profile: &Profile) -> f64 {
        match self {
            Self::WellArea => profile.well.area_m2,
            Self::WellBaffling => profile.well.baffling_factor,
        }
    }
}

/// What is made of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calc {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient; by zero there is none.
    Div,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// True, false or, where data is missing, unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Cond {
    /// Written in the rule.
    Constant(bool),
    /// A comparison.
    Compare(Order, Num, Num),
    /// Not.
    Not(Box<Cond>),
    /// Both.
    And(Box<Cond>, Box<Cond>),
    /// At least one.
    Or(Box<Cond>, Box<Cond>),
}

impl Num {
    /// Its value where the terms have these; none: unknown.
    pub fn value(&self, terms: &[Option<f64>]) -> Option<f64> {
        let value = match self {
            Self::Constant(value) => *value,
            Self::Term(at) => terms.get(*at).copied().flatten()?,
            Self::Plant(_) => return None,
            Self::Abs(num) => num.value(terms)?.abs(),
            Self::Neg(num) => -num.value(terms)?,
            Self::If(cond, yes, no) => {
                if cond.holds(terms)? {
                    yes.value(terms)?
                } else {
                    no.value(terms)?
                }
            }
            Self::Two(calc, one, other) => {
                let (one, other) = (one.value(terms)?, other.value(terms)?);
                match calc {
                    Calc::Add => one + other,
                    Calc::Sub => one - other,
                    Calc::Mul => one * other,
                    Calc::Div => one / other,
                }
            }
        };
        value.is_finite().then_some(value)
    }
}

impl Num {
    /// The same at a plant.
    pub fn at(&self, profile: &Profile) -> Self {
        let at = |num: &Self| Box::new(num.at(profile));
        match self {
            Self::Constant(_) | Self::Term(_) => self.clone(),
            Self::Plant(figure) => Self::Constant(figure.of(profile)),
            Self::Abs(num) => Self::Abs(at(num)),
            Self::Neg(num) => Self::Neg(at(num)),
            Self::Two(calc, one, other) => Self::Two(*calc, at(one), at(other)),
            Self::If(cond, yes, no) => Self::If(Box::new(cond.at(profile)), at(yes), at(no)),
        }
    }

    /// Does it ask for a figure of the plant?
    fn asks(&self) -> bool {
        match self {
            Self::Constant(_) | Self::Term(_) => false,
            Self::Plant(_) => true,
            Self::Abs(num) | Self::Neg(num) => num.asks(),
            Self::Two(_, one, other) => one.asks() || other.asks(),
            Self::If(cond, yes, no) => cond.asks() || yes.asks() || no.asks(),
        }
    }
}

impl Cond {
    /// The same at a plant.
    pub fn at(&self, profile: &Profile) -> Self {
        let at = |cond: &Self| Box::new(cond.at(profile));
        match self {
            Self::Constant(_) => self.clone(),
            Self::Compare(order, one, other) => {
                Self::Compare(*order, one.at(profile), other.at(profile))
            }
            Self::Not(cond) => Self::Not(at(cond)),
            Self::And(one, other) => Self::And(at(one), at(other)),
            Self::Or(one, other) => Self::Or(at(one), at(other)),
        }
    }

    /// Does it ask for a figure of the plant?
    pub fn asks(&self) -> bool {
        match self {
            Self::Constant(_) => false,
            Self::Compare(_, one, other) => one.asks() || other.asks(),
            Self::Not(cond) => cond.asks(),
            Self::And(one, other) | Self::Or(one, other) => one.asks() || other.asks(),
        }
    }

    /// Does it hold where the terms have these values? None: unknown.
    pub fn holds(&self, terms: &[Option<f64>]) -> Option<bool> {
        match self {
            Self::Constant(holds) => Some(*holds),
            Self::Not(cond) => Some(!cond.holds(terms)?),
            Self::And(one, other) => match (one.holds(terms), other.holds(terms)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(one, other) => match (one.holds(terms), other.holds(terms)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Compare(order, one, other) => {
                let (one, other) = (one.value(terms)?, other.value(terms)?);
                Some(match order {
                    Order::Less => one < other,
                    Order::AtMost => one <= other,
                    Order::More => one > other,
                    Order::AtLeast => one >= other,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positive(at: usize) -> Cond {
        Cond::Compare(Order::More, Num::Term(at), Num::Constant(0.0))
    }

    #[test]
    fn what_is_unknown_decides_nothing_and_hinders_nothing() {
        let (yes, no, unknown) = (Some(1.0), Some(-1.0), None);
        let and = Cond::And(Box::new(positive(0)), Box::new(positive(1)));
        let or = Cond::Or(Box::new(positive(0)), Box::new(positive(1)));
        for (one, other, both, any) in [
            (yes, yes, Some(true), Some(true)),
            (yes, no, Some(false), Some(true)),
            (no, no, Some(false), Some(false)),
            (yes, unknown, None, Some(true)),
            (no, unknown, Some(false), None),
            (unknown, unknown, None, None),
        ] {
            for terms in [[one, other], [other, one]] {
                assert_eq!((and.holds(&terms), or.holds(&terms)), (both, any), "{terms:?}");
            }
        }
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        let two = |calc| Num::Two(calc, Box::new(Num::Term(0)), Box::new(Num::Term(1)));
        assert_eq!(two(Calc::Div).value(&[Some(3.0), Some(0.0)]), None);
        assert_eq!(two(Calc::Div).value(&[Some(3.0), Some(2.0)]), Some(1.5));
        assert_eq!(Over::Sum.of([Some(1.0), None].into_iter()), None);
        assert_eq!(Over::Max.of([Some(1.0), Some(4.0)].into_iter()), Some(4.0));
    }
}
