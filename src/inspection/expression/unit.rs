//! Units of computed values: what may be added, compared, and what a product is measured in.

use std::fmt;

use crate::base::units::{KPA_PER_M, Unit};
use crate::inspection::expression::tree::Figure;

/// What units are made of. A litre is made of metres: 1 mg/L = 1 g/m³.
const BASES: [&str; 9] = ["kPa", "kWh", "V", "g", "m", "h", "NTU", "pH", "°C"];
const KPA: usize = 0;
const KWH: usize = 1;
const VOLT: usize = 2;
const GRAM: usize = 3;
const METRE: usize = 4;
const HOUR: usize = 5;
const NTU: usize = 6;
const PH: usize = 7;
const DEG_C: usize = 8;

/// A unit as powers of its bases; conductivity, colour and counts have none but themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimension {
    powers: [i8; BASES.len()],
    /// Powers of what is made of nothing else: microsiemens a centimetre, platinum-cobalt, counts.
    own: [i8; OWN.len()],
}

const OWN: [&str; 5] = ["µS/cm", "Pt-Co", "/100 mL", "/mL", "Bq/L"];

/// The units that expressions can write as functions, with the factor to the unit they stand for.
pub const FUNCTIONS: [(&str, Dimension, f64); 17] = [
    ("kpa", base(KPA, 1), 1.0),
    ("head_m", base(KPA, 1), KPA_PER_M),
    ("m3_per_h", Dimension::flow(), 1.0),
    ("m3", base(METRE, 3), 1.0),
    ("m2", base(METRE, 2), 1.0),
    ("m", base(METRE, 1), 1.0),
    ("mg_per_l", Dimension::concentration(), 1.0),
    ("g", base(GRAM, 1), 1.0),
    ("ntu", base(NTU, 1), 1.0),
    ("us_per_cm", own(0), 1.0),
    ("deg_c", base(DEG_C, 1), 1.0),
    ("ph", base(PH, 1), 1.0),
    ("kwh", base(KWH, 1), 1.0),
    ("kwh_per_m3", Dimension::energy_per_volume(), 1.0),
    ("v", base(VOLT, 1), 1.0),
    ("h", base(HOUR, 1), 1.0),
    ("share", Dimension::NONE, 1.0),
];

const fn base(at: usize, power: i8) -> Dimension {
    let mut dimension = Dimension::NONE;
    dimension.powers[at] = power;
    dimension
}

const fn own(at: usize) -> Dimension {
    let mut dimension = Dimension::NONE;
    dimension.own[at] = 1;
    dimension
}

impl Dimension {
    /// A plain number.
    pub const NONE: Self = Self { powers: [0; BASES.len()], own: [0; OWN.len()] };
    /// A time, in hours.
    pub const TIME: Self = base(HOUR, 1);

    const fn flow() -> Self {
        let mut it = base(METRE, 3);
        it.powers[HOUR] = -1;
        it
    }

    const fn concentration() -> Self {
        let mut it = base(GRAM, 1);
        it.powers[METRE] = -3;
        it
    }

    const fn energy_per_volume() -> Self {
        let mut it = base(KWH, 1);
        it.powers[METRE] = -3;
        it
    }

    /// Of values in this unit.
    pub fn of(unit: Unit) -> Self {
        match unit {
            Unit::PT_CO => own(1),
            Unit::PER_100_ML => own(2),
            Unit::PER_ML => own(3),
            Unit::BQ_PER_L => own(4),
            unit => {
                let known = FUNCTIONS.iter().find(|(name, ..)| *name == unit.suffix);
                known.map_or(Self::NONE, |(_, dimension, _)| *dimension)
            }
        }
    }

    /// Of a figure of the plant.
    pub const fn of_figure(figure: Figure) -> Self {
        match figure {
            Figure::WellArea => base(METRE, 2),
            Figure::WellBaffling => Self::NONE,
        }
    }

    /// Of a product, or of a quotient (`sign` −1).
    pub fn times(self, other: Self, sign: i8) -> Self {
        let mut it = self;
        for (power, more) in it.powers.iter_mut().zip(other.powers) {
            *power = power.saturating_add(more.saturating_mul(sign));
        }
        for (power, more) in it.own.iter_mut().zip(other.own) {
            *power = power.saturating_add(more.saturating_mul(sign));
        }
        it
    }

    /// The function that writes a number in this unit, such as `kpa`.
    pub fn function(self) -> Option<&'static str> {
        FUNCTIONS.iter().find(|(_, it, _)| *it == self).map(|(name, ..)| *name)
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::concentration() {
            return f.write_str("mg/L");
        }
        let names = || BASES.iter().zip(self.powers).chain(OWN.iter().zip(self.own));
        let part = |sign: i8| {
            let part = names().filter(|(_, power)| power.signum() == sign);
            let part = part.map(|(name, power)| match power.unsigned_abs() {
                1 => (*name).to_owned(),
                2 => format!("{name}²"),
                3 => format!("{name}³"),
                power => format!("{name}^{power}"),
            });
            part.collect::<Vec<_>>()
        };
        let (above, below) = (part(1).join("·"), part(-1).join("·"));
        match (above.is_empty(), below.is_empty()) {
            (true, true) => f.write_str("a plain number"),
            (false, true) => f.write_str(&above),
            (true, false) => write!(f, "1/{below}"),
            (false, false) => write!(f, "{above}/{below}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Quantity;

    #[test]
    fn every_quantity_but_a_state_has_a_unit_of_its_own_that_can_be_written() {
        for quantity in Quantity::ALL {
            let dimension = Dimension::of(quantity.measured_in());
            assert_eq!(dimension == Dimension::NONE, quantity == Quantity::State, "{quantity:?}");
            assert!(dimension.function().is_some(), "{quantity:?}");
        }
    }

    #[test]
    fn products_are_measured_in_products() {
        let flow = Dimension::of(Unit::M3_PER_H);
        let load = flow.times(Dimension::of(Unit::MG_PER_L), 1);
        assert_eq!(load.to_string(), "g/h");
        assert_eq!(flow.times(Dimension::TIME, 1).to_string(), "m³");
        assert_eq!(Dimension::of(Unit::KWH).times(base(METRE, 3), -1).to_string(), "kWh/m³");
        assert_eq!(flow.times(flow, -1).to_string(), "a plain number");
        assert_eq!(Dimension::NONE.times(flow, -1).to_string(), "h/m³");
    }
}
