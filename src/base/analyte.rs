//! What a laboratory measures in a sample, and how it says what it found.

use serde::{Deserialize, Serialize};

use super::units::Unit;

/// What a laboratory measures. Each has one unit on the wire and in every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Analyte {
    /// Escherichia coli (大肠埃希氏菌).
    EColi,
    /// Total coliforms, E. coli among them (总大肠菌群).
    TotalColiforms,
    /// Colony count, heterotrophic plate count (菌落总数).
    ColonyCount,
    /// Free chlorine (游离氯).
    FreeChlorine,
    /// Total chlorine (总氯).
    TotalChlorine,
    /// Turbidity (浑浊度).
    Turbidity,
    /// Colour (色度).
    Colour,
    /// pH.
    Ph,
    /// Permanganate index, of O₂ (高锰酸盐指数).
    CodMn,
    /// Ammonia, of N (氨).
    Ammonia,
    /// Iron (铁).
    Iron,
    /// Manganese (锰).
    Manganese,
    /// Aluminium (铝).
    Aluminium,
    /// Arsenic (砷).
    Arsenic,
    /// Chloroform (三氯甲烷).
    Chloroform,
    /// Trihalomethanes: the sum of what is measured of each over its limit in GB 5749 (三卤甲烷).
    Trihalomethanes,
    /// Chlorite (亚氯酸盐).
    Chlorite,
    /// Chlorate (氯酸盐).
    Chlorate,
    /// Chlorine dioxide (二氧化氯).
    ChlorineDioxide,
    /// Ozone (臭氧).
    Ozone,
    /// Cadmium (镉).
    Cadmium,
    /// Chromium of valence six (铬(六价)).
    ChromiumVi,
    /// Lead (铅).
    Lead,
    /// Mercury (汞).
    Mercury,
    /// Cyanide (氰化物).
    Cyanide,
    /// Fluoride (氟化物).
    Fluoride,
    /// Nitrate, of N (硝酸盐).
    Nitrate,
    /// Dibromochloromethane, CHClBr₂ (一氯二溴甲烷); Chinese names bromine last.
    Dibromochloromethane,
    /// Bromodichloromethane, CHCl₂Br (二氯一溴甲烷).
    Bromodichloromethane,
    /// Bromoform (三溴甲烷).
    Bromoform,
    /// Dichloroacetic acid (二氯乙酸).
    DichloroaceticAcid,
    /// Trichloroacetic acid (三氯乙酸).
    TrichloroaceticAcid,
    /// Bromate (溴酸盐).
    Bromate,
    /// Copper (铜).
    Copper,
    /// Zinc (锌).
    Zinc,
    /// Chloride (氯化物).
    Chloride,
    /// Sulphate (硫酸盐).
    Sulphate,
    /// Total dissolved solids (溶解性总固体).
    DissolvedSolids,
    /// Total hardness, of CaCO₃ (总硬度).
    Hardness,
    /// Gross alpha activity (总α放射性).
    GrossAlpha,
    /// Gross beta activity (总β放射性).
    GrossBeta,
}

impl Analyte {
    /// Every analyte, in the order of the enum.
    pub const ALL: [Self; 41] = [
        Self::EColi,
        Self::TotalColiforms,
        Self::ColonyCount,
        Self::FreeChlorine,
        Self::TotalChlorine,
        Self::Turbidity,
        Self::Colour,
        Self::Ph,
        Self::CodMn,
        Self::Ammonia,
        Self::Iron,
        Self::Manganese,
        Self::Aluminium,
        Self::Arsenic,
        Self::Chloroform,
        Self::Trihalomethanes,
        Self::Chlorite,
        Self::Chlorate,
        Self::ChlorineDioxide,
        Self::Ozone,
        Self::Cadmium,
        Self::ChromiumVi,
        Self::Lead,
        Self::Mercury,
        Self::Cyanide,
        Self::Fluoride,
        Self::Nitrate,
        Self::Dibromochloromethane,
        Self::Bromodichloromethane,
        Self::Bromoform,
        Self::DichloroaceticAcid,
        Self::TrichloroaceticAcid,
        Self::Bromate,
        Self::Copper,
        Self::Zinc,
        Self::Chloride,
        Self::Sulphate,
        Self::DissolvedSolids,
        Self::Hardness,
        Self::GrossAlpha,
        Self::GrossBeta,
    ];

    /// Dissolved substances that basins, sand and chlorine leave in the water `[D]`: what is let
    /// into a source of them comes to the taps.
    pub const DISSOLVED: [Self; 16] = [
        Self::Arsenic,
        Self::Cadmium,
        Self::ChromiumVi,
        Self::Lead,
        Self::Mercury,
        Self::Cyanide,
        Self::Fluoride,
        Self::Nitrate,
        Self::Copper,
        Self::Zinc,
        Self::Chloride,
        Self::Sulphate,
        Self::DissolvedSolids,
        Self::Hardness,
        Self::GrossAlpha,
        Self::GrossBeta,
    ];

    /// Is it one of `DISSOLVED`?
    pub fn is_dissolved(self) -> bool {
        Self::DISSOLVED.contains(&self)
    }

    /// Is it a dissolved substance of which natural water always has some, as it has salts?
    pub fn is_in_every_water(self) -> bool {
        matches!(
            self,
            Self::Fluoride
                | Self::Nitrate
                | Self::Chloride
                | Self::Sulphate
                | Self::DissolvedSolids
                | Self::Hardness
        )
    }

    /// How much of a dissolved substance matters, in its unit: the limit of GB 5749-2022, marks in
    /// `src/docs/laboratory.md`. What is finer than a hundredth of it nobody tells apart.
    pub fn weighty(self) -> f64 {
        match self {
            Self::Mercury => 0.001,
            Self::Cadmium => 0.005,
            Self::Arsenic | Self::Lead => 0.01,
            Self::ChromiumVi | Self::Cyanide => 0.05,
            Self::GrossAlpha => 0.5,
            Self::Nitrate => 10.0,
            Self::Chloride | Self::Sulphate => 250.0,
            Self::Hardness => 450.0,
            Self::DissolvedSolids => 1_000.0,
            _ => 1.0,
        }
    }

    /// As files and the wire write it, such as `e-coli`.
    pub fn name(self) -> &'static str {
        match self {
            Self::EColi => "e-coli",
            Self::TotalColiforms => "total-coliforms",
            Self::ColonyCount => "colony-count",
            Self::FreeChlorine => "free-chlorine",
            Self::TotalChlorine => "total-chlorine",
            Self::Turbidity => "turbidity",
            Self::Colour => "colour",
            Self::Ph => "ph",
            Self::CodMn => "cod-mn",
            Self::Ammonia => "ammonia",
            Self::Iron => "iron",
            Self::Manganese => "manganese",
            Self::Aluminium => "aluminium",
            Self::Arsenic => "arsenic",
            Self::Chloroform => "chloroform",
            Self::Trihalomethanes => "trihalomethanes",
            Self::Chlorite => "chlorite",
            Self::Chlorate => "chlorate",
            Self::ChlorineDioxide => "chlorine-dioxide",
            Self::Ozone => "ozone",
            Self::Cadmium => "cadmium",
            Self::ChromiumVi => "chromium-vi",
            Self::Lead => "lead",
            Self::Mercury => "mercury",
            Self::Cyanide => "cyanide",
            Self::Fluoride => "fluoride",
            Self::Nitrate => "nitrate",
            Self::Dibromochloromethane => "dibromochloromethane",
            Self::Bromodichloromethane => "bromodichloromethane",
            Self::Bromoform => "bromoform",
            Self::DichloroaceticAcid => "dichloroacetic-acid",
            Self::TrichloroaceticAcid => "trichloroacetic-acid",
            Self::Bromate => "bromate",
            Self::Copper => "copper",
            Self::Zinc => "zinc",
            Self::Chloride => "chloride",
            Self::Sulphate => "sulphate",
            Self::DissolvedSolids => "dissolved-solids",
            Self::Hardness => "hardness",
            Self::GrossAlpha => "gross-alpha",
            Self::GrossBeta => "gross-beta",
        }
    }

    /// Its name in running text, such as `E. coli`.
    pub fn spoken(self) -> &'static str {
        match self {
            Self::EColi => "E. coli",
            Self::TotalColiforms => "total coliforms",
            Self::ColonyCount => "colony count",
            Self::FreeChlorine => "free chlorine",
            Self::TotalChlorine => "total chlorine",
            Self::Ph => "pH",
            Self::CodMn => "permanganate index",
            Self::ChlorineDioxide => "chlorine dioxide",
            Self::ChromiumVi => "chromium(VI)",
            Self::DichloroaceticAcid => "dichloroacetic acid",
            Self::TrichloroaceticAcid => "trichloroacetic acid",
            Self::DissolvedSolids => "total dissolved solids",
            Self::Hardness => "total hardness",
            Self::GrossAlpha => "gross alpha activity",
            Self::GrossBeta => "gross beta activity",
            other => other.name(),
        }
    }

    /// The unit of its values.
    pub fn measured_in(self) -> Unit {
        match self {
            Self::EColi | Self::TotalColiforms => Unit::PER_100_ML,
            Self::ColonyCount => Unit::PER_ML,
            Self::Turbidity => Unit::NTU,
            Self::Colour => Unit::PT_CO,
            Self::Ph => Unit::PH,
            Self::Trihalomethanes => Unit::SHARE,
            Self::GrossAlpha | Self::GrossBeta => Unit::BQ_PER_L,
            _ => Unit::MG_PER_L,
        }
    }

    /// The unit on the wire.
    pub fn unit(self) -> &'static str {
        self.measured_in().wire
    }

    /// Are microbes counted?
    pub fn is_count(self) -> bool {
        matches!(self, Self::EColi | Self::TotalColiforms | Self::ColonyCount)
    }

    /// The highest value that water can have at all: a limit beyond it can never be broken `[D]`.
    pub fn highest(self) -> f64 {
        match self {
            Self::Ph => 14.0,
            _ if self.is_count() => 1e9,
            _ => 1e4,
        }
    }

    /// `value` as a person reads it, with its unit.
    pub fn shown(self, value: f64) -> String {
        let symbol = self.measured_in().symbol;
        match self {
            Self::Ph | Self::Trihalomethanes => format!("{value}"),
            _ => format!("{value} {symbol}"),
        }
    }
}

/// A set of analytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Analytes(u64);

impl Analytes {
    /// The set with one more.
    #[must_use]
    pub fn with(self, analyte: Analyte) -> Self {
        Self(self.0 | 1_u64 << analyte as u32)
    }

    /// Is it one of them?
    pub fn contains(self, analyte: Analyte) -> bool {
        self.0 & (1_u64 << analyte as u32) != 0
    }

    /// Each of them, in the order of the enum.
    pub fn iter(self) -> impl Iterator<Item = Analyte> {
        Analyte::ALL.into_iter().filter(move |analyte| self.contains(*analyte))
    }

    /// As people say them: `colony count, colour`.
    pub fn spoken(self) -> String {
        self.iter().map(Analyte::spoken).collect::<Vec<_>>().join(", ")
    }
}

/// How a value stands to what was in the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sign {
    /// It was measured.
    #[serde(rename = "=")]
    Equal,
    /// Not detected: less than the value, which is the least the method finds (未检出).
    #[serde(rename = "<")]
    Below,
    /// More than the value, which is the most the method can tell.
    #[serde(rename = ">")]
    Above,
}

impl Sign {
    /// As the wire and tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Below => "<",
            Self::Above => ">",
        }
    }

    /// As people write it; nothing before what was measured.
    pub fn symbol(self) -> &'static str {
        if self == Self::Equal { "" } else { self.name() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_serde_reads_and_every_analyte_is_there_once() {
        for (at, analyte) in Analyte::ALL.into_iter().enumerate() {
            let json = serde_json::to_string(&analyte).expect("a unit variant");
            assert_eq!(json, format!("\"{}\"", analyte.name()));
            assert_eq!(analyte as usize, at);
        }
    }

    #[test]
    fn what_every_water_has_is_dissolved() {
        let natural = Analyte::ALL.into_iter().filter(|analyte| analyte.is_in_every_water());
        assert!(natural.clone().all(Analyte::is_dissolved));
        assert_eq!(natural.count(), 6);
    }
}
