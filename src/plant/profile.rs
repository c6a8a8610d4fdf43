//! What picks a plant's limits: size, people, source, disinfectant, villages.

use std::ops::Range;
use std::sync::Arc;

use crate::base::ids::{PackId, VillageId};
use crate::base::problem::Source;
use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::units::Quantity;
use crate::base::{PlantId, Text};
use crate::plant::network::NodeIndex;
use crate::plant::tags::Site;
use crate::plant::train::Agent;

/// A plant as an inspector files it.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its id.
    pub id: PlantId,
    /// Its name.
    pub title: Text,
    /// What of it is real and what is invented, shown wherever the plant is.
    pub fiction: Text,
    /// County, such as `chibi`.
    pub county: Text,
    /// Local time: rules for hours of the day use it.
    pub utc_offset: UtcOffset,
    /// Design capacity (供水规模).
    pub design_capacity_m3_per_day: f64,
    /// People served.
    pub population: u32,
    /// Where the raw water comes from.
    pub source: SourceKind,
    /// What disinfects it.
    pub disinfectant: Disinfectant,
    /// Its clear well.
    pub well: Well,
    /// Villages, in the order of the file; their people add up to `population`.
    pub villages: Vec<Village>,
    /// Where samples are taken, in the order of `laboratory.toml`.
    pub sites: Vec<Site>,
    /// Packs of inspection rules in force here; none: those of the settings.
    pub packs: Option<Vec<ChosenPack>>,
}

/// The clear well (清水池), as far as rules ask: there the water has its time with the disinfectant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Well {
    /// Surface at the middle of its use, m².
    pub area_m2: f64,
    /// Share of its volume that counts as contact volume (T10/T), 0.1 to 1.
    pub baffling_factor: f64,
}

/// A pack of rules that a plant chooses.
#[derive(Debug, Clone)]
pub struct ChosenPack {
    /// The pack.
    pub id: PackId,
    /// Where the plant's file says so.
    pub place: Option<(Arc<Source>, Range<usize>)>,
}

/// A village and its taps.
#[derive(Debug, Clone)]
pub struct Village {
    /// Its id.
    pub id: VillageId,
    /// Its name.
    pub title: Text,
    /// Is it invented?
    pub fiction: bool,
    /// People.
    pub people: u32,
    /// Storeys of its usual houses: picks the service head.
    pub storeys: u32,
    /// Share of its people who work away but for Spring Festival (外出务工), 0 to below 1; the
    /// demand of the network file is that of those who stay.
    pub away_share: f64,
    /// Junctions where its people draw water; the last is the far end.
    pub taps: Vec<NodeIndex>,
}

/// Kind of source (水源).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// River or stream.
    River,
    /// Reservoir.
    Reservoir,
    /// Spring.
    Spring,
    /// Well.
    Well,
}

impl SourceKind {
    /// As files write it.
    pub const CHOICES: [(&'static str, Self); 4] = [
        ("river", Self::River),
        ("reservoir", Self::Reservoir),
        ("spring", Self::Spring),
        ("well", Self::Well),
    ];

    /// Surface water or groundwater; what a spring gives has come through the ground.
    pub fn water(self) -> WaterSource {
        match self {
            Self::River | Self::Reservoir => WaterSource::Surface,
            Self::Spring | Self::Well => WaterSource::Ground,
        }
    }
}

/// Surface water or groundwater (地表水源, 地下水源): how often raw water is looked at hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaterSource {
    /// Of rivers and reservoirs.
    Surface,
    /// Of wells and springs.
    Ground,
}

impl WaterSource {
    /// As files write it.
    pub const CHOICES: [(&'static str, Self); 2] =
        [("surface", Self::Surface), ("ground", Self::Ground)];

    /// The word of files, or the Chinese one.
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Surface => lang.pick("surface", "地表水源"),
            Self::Ground => lang.pick("ground", "地下水源"),
        }
    }
}

/// Disinfectant (消毒剂); GB 5749-2022 table 2 has its own limits for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disinfectant {
    /// Free chlorine, as sodium hypochlorite or gas.
    FreeChlorine,
    /// Chlorine dioxide.
    ChlorineDioxide,
    /// Chloramine (total chlorine).
    Chloramine,
    /// Ozone.
    Ozone,
    /// Chlorine dioxide and chlorine of one generator (复合二氧化氯).
    MixedChlorineDioxide,
}

impl Disinfectant {
    /// As files write it.
    pub const CHOICES: [(&'static str, Self); 5] = [
        ("free-chlorine", Self::FreeChlorine),
        ("chlorine-dioxide", Self::ChlorineDioxide),
        ("chloramine", Self::Chloramine),
        ("ozone", Self::Ozone),
        ("mixed-chlorine-dioxide", Self::MixedChlorineDioxide),
    ];

    /// What the model carries for it; none for what it cannot simulate.
    pub fn agent(self) -> Option<Agent> {
        match self {
            Self::FreeChlorine => Some(Agent::Chlorine),
            Self::ChlorineDioxide => Some(Agent::ChlorineDioxide),
            Self::Chloramine | Self::Ozone | Self::MixedChlorineDioxide => None,
        }
    }

    /// What is left of it in the water, as instruments measure it; of two things the first.
    pub fn residual(self) -> Quantity {
        match self {
            Self::ChlorineDioxide | Self::MixedChlorineDioxide => Quantity::ChlorineDioxide,
            Self::Chloramine => Quantity::TotalChlorine,
            Self::FreeChlorine => Quantity::FreeChlorine,
            Self::Ozone => Quantity::Ozone,
        }
    }

    /// Can there be any of `quantity` in water that it disinfects? Chlorine there can be in any:
    /// it may be added behind.
    pub fn allows(self, quantity: Quantity) -> bool {
        match quantity {
            Quantity::ChlorineDioxide => {
                matches!(self, Self::ChlorineDioxide | Self::MixedChlorineDioxide)
            }
            Quantity::Ozone => self == Self::Ozone,
            _ => true,
        }
    }

    /// As files write it.
    pub fn name(self) -> &'static str {
        let found = Self::CHOICES.iter().find(|(_, choice)| *choice == self);
        found.map_or("", |(name, _)| name)
    }

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::FreeChlorine => "游离氯",
            Self::ChlorineDioxide => "二氧化氯",
            Self::Chloramine => "氯胺",
            Self::Ozone => "臭氧",
            Self::MixedChlorineDioxide => "复合二氧化氯",
        }
    }
}

/// Size class by design capacity W, m³/d: Ⅰ ≥ 10,000 · Ⅱ ≥ 5,000 · Ⅲ ≥ 1,000 · Ⅳ ≥ 100 · Ⅴ below.
///
/// Source: rural water supply works code, table 1.0.3 `[S12w]` (secondary; same bounds in
/// SL 310-2019 `[M]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SizeClass {
    /// Ⅰ
    I,
    /// Ⅱ
    II,
    /// Ⅲ
    III,
    /// Ⅳ
    IV,
    /// Ⅴ
    V,
}

impl Profile {
    /// Its size class.
    pub fn size_class(&self) -> SizeClass {
        match self.design_capacity_m3_per_day {
            w if w >= 10_000.0 => SizeClass::I,
            w if w >= 5_000.0 => SizeClass::II,
            w if w >= 1_000.0 => SizeClass::III,
            w if w >= 100.0 => SizeClass::IV,
            _ => SizeClass::V,
        }
    }

    /// Small centralised supply (小型集中式供水): design below 1,000 m³/d or below 10,000 people.
    ///
    /// Source: GB 5749-2022 definitions `[S4]`. The relaxed limits hang on it `[M]`.
    pub fn is_small_supply(&self) -> bool {
        self.design_capacity_m3_per_day < 1_000.0 || self.population < 10_000
    }

    /// A village by its id.
    pub fn village(&self, id: &str) -> Option<&Village> {
        self.villages.iter().find(|village| village.id.as_str() == id)
    }
}
