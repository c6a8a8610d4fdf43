//! Physical quantities as types: a flow cannot be added to a pressure.
//!
//! Each type keeps one SI-like unit, named in its documentation. `from_…` checks numbers that come
//! from outside; the plain constructor (`Flow::m3_per_s`) is for numbers the code has computed.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use serde::{Deserialize, Serialize};

/// A number that is infinite or no number at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a finite number")]
pub struct NotFinite;

/// Lets a finite number through.
pub fn finite(value: f64) -> Result<f64, NotFinite> {
    if value.is_finite() { Ok(value) } else { Err(NotFinite) }
}

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $symbol:literal, $plain:ident, $from:ident, $as:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0.0);

            #[doc = concat!("A computed value in ", $symbol, ".")]
            pub const fn $plain(value: f64) -> Self {
                Self(value)
            }

            #[doc = concat!("A value from outside in ", $symbol, ". Errors: not finite.")]
            pub fn $from(value: f64) -> Result<Self, NotFinite> {
                finite(value).map(Self)
            }

            #[doc = concat!("The value in ", $symbol, ".")]
            pub const fn $as(self) -> f64 {
                self.0
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)?;
                f.write_str(concat!(" ", $symbol))
            }
        }
    };
}

unit! {
    /// A length, a level above a bottom, an elevation or a head; kept in m (of water for heads).
    Length, "m", m, from_m, as_m
}
unit! {
    /// Volume flow, kept in m³/s; positive from a link's start node to its end node.
    Flow, "m³/s", m3_per_s, from_m3_per_s, as_m3_per_s
}
unit! {
    /// A volume of water, kept in m³.
    Volume, "m³", m3, from_m3, as_m3
}
unit! {
    /// Mass concentration, kept in mg/L (= g/m³).
    Concentration, "mg/L", mg_per_l, from_mg_per_l, as_mg_per_l
}
unit! {
    /// Turbidity, kept in NTU.
    Turbidity, "NTU", ntu, from_ntu, as_ntu
}
unit! {
    /// Electrical conductivity, kept in µS/cm.
    Conductivity, "µS/cm", us_per_cm, from_us_per_cm, as_us_per_cm
}
unit! {
    /// Microbes, as counted (MPN or CFU), kept per 100 mL.
    Microbes, "/100 mL", per_100_ml, from_per_100_ml, as_per_100_ml
}
unit! {
    /// Temperature, kept in °C.
    Temperature, "°C", deg_c, from_deg_c, as_deg_c
}
unit! {
    /// Electrical power, kept in kW.
    Power, "kW", kw, from_kw, as_kw
}

/// Kilopascals in one metre of water: 1 m = 9.807 kPa `[D]` (1,000 kg/m³ × 9.807 m/s²).
pub const KPA_PER_M: f64 = 9.807;

impl Length {
    /// A pressure head as kPa.
    pub fn as_kpa(self) -> f64 {
        self.0 * KPA_PER_M
    }

    /// A pressure in kPa as metres of water.
    pub fn kpa(value: f64) -> Self {
        Self(value / KPA_PER_M)
    }
}

impl Flow {
    /// A computed value in m³/h.
    pub fn m3_per_h(value: f64) -> Self {
        Self(value / 3_600.0)
    }

    /// The value in m³/h.
    pub fn as_m3_per_h(self) -> f64 {
        self.0 * 3_600.0
    }
}

/// A unit of measured values: on the wire, for people, and at the end of keys in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// On the wire, ASCII only.
    pub wire: &'static str,
    /// As people write it.
    pub symbol: &'static str,
    /// What the keys of files end with.
    pub suffix: &'static str,
}

impl Unit {
    /// Kilopascal.
    pub const KPA: Self = Self::new("kPa", "kPa", "kpa");
    /// Cubic metre an hour.
    pub const M3_PER_H: Self = Self::new("m3/h", "m³/h", "m3_per_h");
    /// Metre.
    pub const M: Self = Self::new("m", "m", "m");
    /// Milligram a litre.
    pub const MG_PER_L: Self = Self::new("mg/L", "mg/L", "mg_per_l");
    /// Nephelometric turbidity unit.
    pub const NTU: Self = Self::new("NTU", "NTU", "ntu");
    /// Microsiemens a centimetre.
    pub const US_PER_CM: Self = Self::new("uS/cm", "µS/cm", "us_per_cm");
    /// Degree Celsius.
    pub const DEG_C: Self = Self::new("degC", "°C", "deg_c");
    /// None, for pH.
    pub const PH: Self = Self::new("1", "(pH)", "ph");
    /// None, for states and shares.
    pub const SHARE: Self = Self::new("1", "(share)", "share");
    /// Kilowatt-hour.
    pub const KWH: Self = Self::new("kWh", "kWh", "kwh");
    /// Volt.
    pub const V: Self = Self::new("V", "V", "v");
    /// Microbes in 100 mL, as counted: MPN or CFU.
    pub const PER_100_ML: Self = Self::new("1/100mL", "/100 mL", "per_100_ml");
    /// Microbes in 1 mL, as counted.
    pub const PER_ML: Self = Self::new("1/mL", "/mL", "per_ml");
    /// Colour on the platinum-cobalt scale, degrees.
    pub const PT_CO: Self = Self::new("Pt-Co", "Pt-Co", "pt_co");
    /// Becquerel a litre.
    pub const BQ_PER_L: Self = Self::new("Bq/L", "Bq/L", "bq_per_l");

    /// Every unit.
    pub const ALL: [Self; 15] = [
        Self::KPA,
        Self::M3_PER_H,
        Self::M,
        Self::MG_PER_L,
        Self::NTU,
        Self::US_PER_CM,
        Self::DEG_C,
        Self::PH,
        Self::SHARE,
        Self::KWH,
        Self::PER_100_ML,
        Self::PER_ML,
        Self::PT_CO,
        Self::BQ_PER_L,
        Self::V,
    ];

    const fn new(wire: &'static str, symbol: &'static str, suffix: &'static str) -> Self {
        Self { wire, symbol, suffix }
    }

    /// The key of a file that begins with `stem` and carries this unit, such as `range_kpa`.
    pub fn key(&self, stem: &str) -> String {
        format!("{stem}_{}", self.suffix)
    }
}

/// What an instrument measures. Each has one unit on the wire and in every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// Pressure (水压).
    Pressure,
    /// Volume flow (流量).
    Flow,
    /// Water level above a tank's bottom, or of a chemical in its drum (液位).
    Level,
    /// Free chlorine (游离氯).
    FreeChlorine,
    /// Total chlorine, free and combined (总氯).
    TotalChlorine,
    /// Chlorine dioxide (二氧化氯).
    ChlorineDioxide,
    /// Ozone (臭氧).
    Ozone,
    /// Turbidity (浑浊度).
    Turbidity,
    /// Conductivity (电导率).
    Conductivity,
    /// Temperature (水温).
    Temperature,
    /// pH.
    Ph,
    /// Ammonia, of N (氨氮).
    Ammonia,
    /// Permanganate index, of O₂ (高锰酸盐指数).
    CodMn,
    /// A state or a share: pump runs 0 or 1, stroke 0 to 1.
    State,
    /// Electrical energy counted up (电能).
    Energy,
    /// Voltage of a station's battery (电池电压).
    Voltage,
}

impl Quantity {
    /// Every quantity, in the order of the enum.
    pub const ALL: [Self; 16] = [
        Self::Pressure,
        Self::Flow,
        Self::Level,
        Self::FreeChlorine,
        Self::TotalChlorine,
        Self::ChlorineDioxide,
        Self::Ozone,
        Self::Turbidity,
        Self::Conductivity,
        Self::Temperature,
        Self::Ph,
        Self::Ammonia,
        Self::CodMn,
        Self::State,
        Self::Energy,
        Self::Voltage,
    ];

    /// Is it measured in water that flows through the instrument?
    pub fn needs_sample(self) -> bool {
        use Quantity::{Energy, Flow, Level, Pressure, State, Voltage};
        !matches!(self, Pressure | Flow | Level | State | Energy | Voltage)
    }

    /// The unit of its values.
    pub fn measured_in(self) -> Unit {
        match self {
            Self::Pressure => Unit::KPA,
            Self::Flow => Unit::M3_PER_H,
            Self::Level => Unit::M,
            Self::FreeChlorine
            | Self::TotalChlorine
            | Self::ChlorineDioxide
            | Self::Ozone
            | Self::Ammonia
            | Self::CodMn => Unit::MG_PER_L,
            Self::Turbidity => Unit::NTU,
            Self::Conductivity => Unit::US_PER_CM,
            Self::Temperature => Unit::DEG_C,
            Self::Ph => Unit::PH,
            Self::State => Unit::SHARE,
            Self::Energy => Unit::KWH,
            Self::Voltage => Unit::V,
        }
    }

    /// The unit on the wire: one of `mg/L NTU kPa m3/h m uS/cm degC 1 kWh V`.
    pub fn unit(self) -> &'static str {
        self.measured_in().wire
    }

    /// As files write it, such as `free-chlorine`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pressure => "pressure",
            Self::Flow => "flow",
            Self::Level => "level",
            Self::FreeChlorine => "free-chlorine",
            Self::TotalChlorine => "total-chlorine",
            Self::ChlorineDioxide => "chlorine-dioxide",
            Self::Ozone => "ozone",
            Self::Turbidity => "turbidity",
            Self::Conductivity => "conductivity",
            Self::Temperature => "temperature",
            Self::Ph => "ph",
            Self::Ammonia => "ammonia",
            Self::CodMn => "cod-mn",
            Self::State => "state",
            Self::Energy => "energy",
            Self::Voltage => "voltage",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_agree_with_the_handbook() {
        assert!((Flow::m3_per_h(3_600.0).as_m3_per_s() - 1.0).abs() < 1e-12);
        assert!((Length::m(10.0).as_kpa() - 98.07).abs() < 1e-9);
        assert!((Length::kpa(98.07).as_m() - 10.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_finite_stays_outside() {
        assert_eq!(Flow::from_m3_per_s(f64::NAN), Err(NotFinite));
        assert_eq!(Length::from_m(f64::INFINITY), Err(NotFinite));
    }

    #[test]
    fn names_are_what_serde_reads() {
        for quantity in Quantity::ALL {
            let json = serde_json::to_string(&quantity).expect("a unit variant");
            assert_eq!(json, format!("\"{}\"", quantity.name()));
        }
    }
}
