//! The keys of a rule file that carry a unit: which unit suits which quantity.

use crate::base::units::{KPA_PER_M, Quantity};

/// A unit as keys spell it, and the keys that may carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitKeys {
    /// As people write it.
    pub symbol: &'static str,
    /// Raises above this.
    pub above: &'static str,
    /// Raises below this.
    pub below: &'static str,
    /// Clears at or beyond this.
    pub clear: &'static str,
    /// Clears this far from the limit.
    pub deadband: &'static str,
    /// Values this near to each other count as equal.
    pub tolerance: &'static str,
}

impl UnitKeys {
    /// All its keys.
    pub fn all(&self) -> [&'static str; 5] {
        [self.above, self.below, self.clear, self.deadband, self.tolerance]
    }
}

macro_rules! keys {
    ($symbol:literal, $suffix:literal) => {
        UnitKeys {
            symbol: $symbol,
            above: concat!("above_", $suffix),
            below: concat!("below_", $suffix),
            clear: concat!("clear_", $suffix),
            deadband: concat!("deadband_", $suffix),
            tolerance: concat!("tolerance_", $suffix),
        }
    };
}

const MG_PER_L: UnitKeys = keys!("mg/L", "mg_per_l");
const NTU: UnitKeys = keys!("NTU", "ntu");
const KPA: UnitKeys = keys!("kPa", "kpa");
const M: UnitKeys = keys!("m", "m");
const M3_PER_H: UnitKeys = keys!("m³/h", "m3_per_h");
const US_PER_CM: UnitKeys = keys!("µS/cm", "us_per_cm");
const DEG_C: UnitKeys = keys!("°C", "deg_c");
const PH: UnitKeys = keys!("(pH)", "ph");
const SHARE: UnitKeys = keys!("(share)", "share");
const KWH: UnitKeys = keys!("kWh", "kwh");

/// Every unit that a key of a rule file may carry.
pub const ALL: [UnitKeys; 10] = [MG_PER_L, NTU, KPA, M, M3_PER_H, US_PER_CM, DEG_C, PH, SHARE, KWH];

/// Units that suit `quantity`, with the factor to its own unit; the first is its own.
pub fn units_of(quantity: Quantity) -> &'static [(UnitKeys, f64)] {
    match quantity {
        // Service heads are spoken of in metres of water, instruments show kPa.
        Quantity::Pressure => &[(KPA, 1.0), (M, KPA_PER_M)],
        Quantity::Flow => &[(M3_PER_H, 1.0)],
        Quantity::Level => &[(M, 1.0)],
        Quantity::FreeChlorine | Quantity::ChlorineDioxide => &[(MG_PER_L, 1.0)],
        Quantity::Turbidity => &[(NTU, 1.0)],
        Quantity::Conductivity => &[(US_PER_CM, 1.0)],
        Quantity::Temperature => &[(DEG_C, 1.0)],
        Quantity::Ph => &[(PH, 1.0)],
        Quantity::State => &[(SHARE, 1.0)],
        Quantity::Energy => &[(KWH, 1.0)],
    }
}

/// Values that water can have at all, in the quantity's unit: a limit outside can never be met.
///
/// Bounds are generous `[D]`; 0 to 14 for pH and 0 to 1 for states are definitions.
pub fn physical_range(quantity: Quantity) -> (f64, f64) {
    match quantity {
        Quantity::Pressure => (-101.325, 10_000.0),
        Quantity::Flow => (-100_000.0, 100_000.0),
        Quantity::Level => (0.0, 1_000.0),
        Quantity::FreeChlorine | Quantity::ChlorineDioxide => (0.0, 100.0),
        Quantity::Turbidity => (0.0, 10_000.0),
        Quantity::Conductivity => (0.0, 100_000.0),
        Quantity::Temperature => (-10.0, 100.0),
        Quantity::Ph => (0.0, 14.0),
        Quantity::State => (0.0, 1.0),
        Quantity::Energy => (0.0, 1e12),
    }
}

/// `value` as a person reads it: decimals that matter, and the unit; pressures in metres too.
pub fn shown(quantity: Quantity, value: f64) -> String {
    let symbol = units_of(quantity)[0].0.symbol;
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
pub fn spoken(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::FreeChlorine => "free chlorine",
        Quantity::ChlorineDioxide => "chlorine dioxide",
        Quantity::Ph => "pH",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quantity_has_its_own_unit_first_and_only_known_units() {
        for quantity in Quantity::ALL {
            let units = units_of(quantity);
            assert_eq!(units[0].1, 1.0, "{quantity:?}");
            assert!(units.iter().all(|(keys, _)| ALL.contains(keys)), "{quantity:?}");
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
