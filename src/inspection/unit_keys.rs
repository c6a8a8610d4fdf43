//! The keys of a rule file that carry a unit: which unit suits which quantity.

use crate::base::analyte::Analyte;
use crate::base::text::Lang;
use crate::base::units::{KPA_PER_M, Quantity, Unit};

/// What the keys of a rule that carry a unit begin with: raises above, raises below, clears at or
/// beyond, clears this far from the limit.
pub const STEMS: [&str; 4] = ["above", "below", "clear", "deadband"];

/// What a limit is about: an instrument's quantity, or what a laboratory measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// By an instrument.
    Quantity(Quantity),
    /// By a laboratory.
    Analyte(Analyte),
}

impl Measured {
    /// As files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quantity(quantity) => quantity.name(),
            Self::Analyte(analyte) => analyte.name(),
        }
    }

    /// In running text.
    pub fn spoken(self) -> &'static str {
        match self {
            Self::Quantity(quantity) => in_english(quantity),
            Self::Analyte(analyte) => analyte.spoken(),
        }
    }

    /// Its own unit.
    pub fn measured_in(self) -> Unit {
        match self {
            Self::Quantity(quantity) => quantity.measured_in(),
            Self::Analyte(analyte) => analyte.measured_in(),
        }
    }

    /// Units that suit it, with the factor to its own, which is the first.
    pub fn units(self) -> Vec<(Unit, f64)> {
        match self {
            Self::Quantity(quantity) => units_of(quantity),
            Self::Analyte(analyte) => vec![(analyte.measured_in(), 1.0)],
        }
    }

    /// Values that water can have at all: a limit outside can never be met.
    pub fn physical_range(self) -> (f64, f64) {
        match self {
            Self::Quantity(quantity) => physical_range(quantity),
            Self::Analyte(analyte) => (0.0, analyte.highest()),
        }
    }

    /// `value` as a person reads it.
    pub fn shown(self, value: f64) -> String {
        match self {
            Self::Quantity(quantity) => shown(quantity, value),
            Self::Analyte(analyte) => analyte.shown(value),
        }
    }
}

/// Units that suit `quantity`, with the factor to its own unit; the first is its own.
pub fn units_of(quantity: Quantity) -> Vec<(Unit, f64)> {
    let mut units = vec![(quantity.measured_in(), 1.0)];
    if quantity == Quantity::Pressure {
        // Service heads are spoken of in metres of water, instruments show kPa.
        units.push((Unit::M, KPA_PER_M));
    }
    units
}

/// Values that water can have at all, in the quantity's unit: a limit outside can never be met.
///
/// Bounds are generous `[D]`; 0 to 14 for pH and 0 to 1 for states are definitions.
pub fn physical_range(quantity: Quantity) -> (f64, f64) {
    match quantity {
        Quantity::Pressure => (-101.325, 10_000.0),
        Quantity::Flow => (-100_000.0, 100_000.0),
        Quantity::Level | Quantity::Voltage => (0.0, 1_000.0),
        Quantity::FreeChlorine
        | Quantity::TotalChlorine
        | Quantity::ChlorineDioxide
        | Quantity::Ozone => (0.0, 100.0),
        Quantity::Turbidity => (0.0, 10_000.0),
        Quantity::Conductivity => (0.0, 100_000.0),
        Quantity::Temperature => (-10.0, 100.0),
        Quantity::Ph => (0.0, 14.0),
        Quantity::Ammonia | Quantity::CodMn => (0.0, 500.0),
        Quantity::State => (0.0, 1.0),
        Quantity::Energy => (0.0, 1e12),
    }
}

/// `value` as a person reads it: decimals that matter, and the unit; pressures in metres too.
pub fn shown(quantity: Quantity, value: f64) -> String {
    let symbol = quantity.measured_in().symbol;
    match quantity {
        Quantity::Pressure => format!("{value:.1} kPa ({:.1} m)", value / KPA_PER_M),
        Quantity::Ph | Quantity::State => format!("{value:.2}"),
        Quantity::Flow | Quantity::Temperature | Quantity::Conductivity | Quantity::Energy => {
            format!("{value:.1} {symbol}")
        }
        _ => format!("{value:.2} {symbol}"),
    }
}

/// The quantity's name in running text, such as `free chlorine`.
pub fn spoken(quantity: Quantity, lang: Lang) -> &'static str {
    lang.pick(in_english(quantity), quantity.zh())
}

fn in_english(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::FreeChlorine => "free chlorine",
        Quantity::TotalChlorine => "total chlorine",
        Quantity::ChlorineDioxide => "chlorine dioxide",
        Quantity::Ph => "pH",
        Quantity::CodMn => "permanganate index",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quantity_has_its_own_unit_first_and_a_range() {
        for quantity in Quantity::ALL {
            let units = units_of(quantity);
            assert_eq!(units[0], (quantity.measured_in(), 1.0), "{quantity:?}");
            let (low, high) = physical_range(quantity);
            assert!(low < high, "{quantity:?}");
        }
    }

    #[test]
    fn values_are_shown_with_their_unit_and_pressures_as_heads_too() {
        assert_eq!(shown(Quantity::FreeChlorine, 0.05), "0.05 mg/L");
        assert_eq!(shown(Quantity::Pressure, 98.07), "98.1 kPa (10.0 m)");
        assert_eq!(shown(Quantity::Flow, 31.26), "31.3 m³/h");
    }
}
