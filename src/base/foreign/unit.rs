//! Units of other people's recordings, and what they are in ours.
//!
//! Factors are definitions: 1 bar = 100 kPa, 1 atm = 101.325 kPa, 1 psi = 6.894757 kPa, 1 kgf/cm² =
//! 98.0665 kPa, 1 US gallon = 3.785411784 L, 1 ft = 0.3048 m `[M]`; a metre of water is the
//! project's own 9.807 kPa.

use crate::base::units::{KPA_PER_M, Quantity};

/// From a unit to that of the quantity: `value × times + plus`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conversion {
    times: f64,
    plus: f64,
}

/// Every name of a unit, with the factor to the quantity's own.
type Known = &'static [(&'static [&'static str], f64)];

impl Conversion {
    /// Values are in our unit already.
    pub const NONE: Self = Self { times: 1.0, plus: 0.0 };

    /// From `unit` to the unit of `quantity`; none when the unit does not suit it.
    pub fn of(quantity: Quantity, unit: &str) -> Option<Self> {
        let unit = unit.trim();
        let exact = |name: &&str| *name == unit;
        // Files write mpa for MPa, and nobody measures water in millipascals.
        let loose = |name: &&str| name.to_lowercase() == unit.to_lowercase();
        if quantity == Quantity::Temperature {
            let is = |names: &[&str]| names.iter().any(loose);
            return match () {
                () if is(&["degC", "°C", "C", "℃", "celsius"]) => Some(Self::NONE),
                () if is(&["degF", "°F", "F", "℉", "fahrenheit"]) => {
                    Some(Self { times: 5.0 / 9.0, plus: -160.0 / 9.0 })
                }
                () if is(&["K", "kelvin"]) => Some(Self { times: 1.0, plus: -273.15 }),
                () => None,
            };
        }
        let known = known(quantity);
        let find = |like: &dyn Fn(&&str) -> bool| {
            known.iter().find(|(names, _)| names.iter().any(like)).map(|(_, times)| *times)
        };
        let times = find(&exact).or_else(|| find(&loose))?;
        Some(Self { times, plus: 0.0 })
    }

    /// The value in our unit.
    pub fn apply(self, value: f64) -> f64 {
        if self == Self::NONE { value } else { value * self.times + self.plus }
    }
}

/// The units that suit a quantity, each by its first name.
pub fn names(quantity: Quantity) -> Vec<&'static str> {
    if quantity == Quantity::Temperature {
        return vec!["degC", "degF", "K"];
    }
    known(quantity).iter().filter_map(|(names, _)| names.first().copied()).collect()
}

fn known(quantity: Quantity) -> Known {
    match quantity {
        Quantity::Pressure => &[
            (&["kPa"], 1.0),
            (&["MPa"], 1_000.0),
            (&["Pa"], 0.001),
            (&["bar", "barg"], 100.0),
            (&["mbar"], 0.1),
            (&["m", "mH2O", "mH₂O", "mwc", "m水柱"], KPA_PER_M),
            (&["psi", "psig"], 6.894_757),
            (&["kgf/cm2", "kgf/cm²", "kg/cm2", "kg/cm²"], 98.066_5),
            (&["atm"], 101.325),
        ],
        Quantity::Flow => &[
            (&["m3/h", "m³/h", "cmh"], 1.0),
            (&["m3/d", "m³/d", "t/d"], 1.0 / 24.0),
            (&["m3/s", "m³/s"], 3_600.0),
            (&["L/s", "l/s", "lps"], 3.6),
            (&["L/min", "lpm"], 0.06),
            (&["L/h"], 0.001),
            (&["ML/d", "MLD"], 1_000.0 / 24.0),
            (&["gpm"], 0.227_124_707_04),
            (&["t/h"], 1.0),
        ],
        Quantity::Level => &[(&["m"], 1.0), (&["cm"], 0.01), (&["mm"], 0.001), (&["ft"], 0.304_8)],
        Quantity::FreeChlorine
        | Quantity::TotalChlorine
        | Quantity::ChlorineDioxide
        | Quantity::Ozone
        | Quantity::Ammonia
        | Quantity::CodMn => {
            &[(&["mg/L", "ppm", "g/m3", "g/m³"], 1.0), (&["ug/L", "µg/L", "μg/L", "ppb"], 0.001)]
        }
        Quantity::Turbidity => &[(&["NTU", "FTU", "FNU"], 1.0), (&["mNTU"], 0.001)],
        Quantity::Conductivity => &[
            (&["uS/cm", "µS/cm", "μS/cm"], 1.0),
            (&["mS/cm"], 1_000.0),
            (&["mS/m"], 10.0),
            (&["S/m"], 10_000.0),
        ],
        Quantity::Temperature => &[],
        Quantity::Ph => &[(&["1", "pH", ""], 1.0)],
        Quantity::State => &[(&["1", "share", ""], 1.0), (&["%"], 0.01)],
        Quantity::Energy => &[
            (&["kWh"], 1.0),
            (&["Wh"], 0.001),
            (&["MWh"], 1_000.0),
            (&["MJ"], 1.0 / 3.6),
            (&["GJ"], 1_000.0 / 3.6),
        ],
        Quantity::Voltage => &[(&["V"], 1.0), (&["mV"], 0.001)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_units_become_ours() {
        let converted = |quantity, unit, value| {
            Conversion::of(quantity, unit).map(|it| (it.apply(value) * 1e6).round() / 1e6)
        };
        for (quantity, unit, value, ours) in [
            (Quantity::Pressure, "MPa", 0.3, 300.0),
            (Quantity::Pressure, "mpa", 0.3, 300.0),
            (Quantity::Pressure, "mbar", 1_000.0, 100.0),
            (Quantity::Pressure, "m", 10.0, 98.07),
            (Quantity::Pressure, "psi", 14.503_774, 100.000_0),
            (Quantity::Flow, "L/s", 10.0, 36.0),
            (Quantity::Flow, "m3/d", 2_400.0, 100.0),
            (Quantity::FreeChlorine, "ppm", 0.5, 0.5),
            (Quantity::Turbidity, "FTU", 0.4, 0.4),
            (Quantity::Temperature, "°F", 50.0, 10.0),
            (Quantity::Temperature, "K", 283.15, 10.0),
            (Quantity::State, "%", 50.0, 0.5),
            (Quantity::Conductivity, "mS/m", 20.0, 200.0),
        ] {
            let found = converted(quantity, unit, value).expect("a unit of it");
            assert!((found - ours).abs() < 1e-4, "{value} {unit} is {found}");
        }
        assert_eq!(Conversion::of(Quantity::Pressure, "NTU"), None);
    }

    #[test]
    fn every_quantity_knows_its_own_unit_as_it_is() {
        for quantity in Quantity::ALL {
            let own = Conversion::of(quantity, quantity.unit());
            assert_eq!(own, Some(Conversion::NONE), "{quantity:?}");
            assert_eq!(names(quantity).first().copied(), Some(quantity.unit()));
        }
    }
}
