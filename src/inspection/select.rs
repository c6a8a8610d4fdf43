//! Which rule watches which instrument of which plant.

use std::fmt;

use crate::base::TagId;
use crate::base::ids::VillageId;
use crate::base::text::Lang;
use crate::base::units::Quantity;
use crate::plant::profile::{Disinfectant, Profile, SizeClass, WaterSource};
use crate::plant::tags::{SamplingPoint, Site, Tag};

/// Which supplies a rule is for: the relaxed limits hang on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// Small centralised supply (小型集中式供水).
    Small,
    /// Any other.
    Other,
}

impl Supply {
    /// As files write it.
    pub const CHOICES: [(&'static str, Self); 2] = [("small", Self::Small), ("other", Self::Other)];

    /// Which one a plant is.
    pub fn of(profile: &Profile) -> Self {
        if profile.is_small_supply() { Self::Small } else { Self::Other }
    }

    /// The word of files, or the Chinese one.
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Small => lang.pick("small", "小型供水"),
            Self::Other => lang.pick("other", "非小型供水"),
        }
    }
}

/// Size classes as files write them.
pub const SIZE_CLASSES: [(&str, SizeClass); 5] = [
    ("I", SizeClass::I),
    ("II", SizeClass::II),
    ("III", SizeClass::III),
    ("IV", SizeClass::IV),
    ("V", SizeClass::V),
];

/// A set of size classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeClasses(u8);

impl SizeClasses {
    /// The set of these.
    pub fn of(classes: impl IntoIterator<Item = SizeClass>) -> Self {
        Self(classes.into_iter().fold(0, |set, class| set | 1 << class as u8))
    }

    /// Is it one of them?
    pub fn contains(self, class: SizeClass) -> bool {
        self.0 & (1 << class as u8) != 0
    }
}

/// Names of plants or instruments: one, or all that fit a text in which each `*` stands for any
/// characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

/// A text that names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no name and no pattern: use 1 to 48 of A-Z a-z 0-9 . _ - and *")]
pub struct NotAPattern {
    /// What was given.
    pub text: String,
}

impl Pattern {
    /// Checks `text`.
    pub fn new(text: &str) -> Result<Self, NotAPattern> {
        let wrong = || NotAPattern { text: text.chars().take(60).collect() };
        // With a letter for each star it must be a name.
        TagId::new(&text.replace('*', "x")).map_err(|_| wrong())?;
        Ok(Self(text.to_owned()))
    }

    /// Does the name fit?
    pub fn fits(&self, name: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else {
            return false;
        };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        true
    }

    /// Does it name one thing only?
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// A name that fits.
    pub fn example(&self) -> String {
        self.0.replace('*', "1")
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a rule asks of a plant and of an instrument; what is none is not asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selector {
    /// What the instrument measures.
    pub quantity: Option<Quantity>,
    /// Which water it looks at.
    pub point: Option<SamplingPoint>,
    /// These instruments, or these sampling sites, only.
    pub tag: Option<Pattern>,
    /// Those that stand for this village only.
    pub village: Option<VillageId>,
    /// These plants only.
    pub plant: Option<Pattern>,
    /// Plants of this county only, by its name in either language.
    pub county: Option<String>,
    /// What disinfects the plant's water.
    pub disinfectant: Option<Disinfectant>,
    /// Small supply or other.
    pub supply: Option<Supply>,
    /// Size classes of the plant.
    pub size_class: Option<SizeClasses>,
    /// Surface water or groundwater.
    pub water_source: Option<WaterSource>,
    /// Plants that serve at least so many people …
    pub people_from: Option<u32>,
    /// … and fewer than so many.
    pub people_below: Option<u32>,
}

impl Selector {
    /// Is the rule for this plant?
    pub fn wants_plant(&self, profile: &Profile) -> bool {
        self.disinfectant.is_none_or(|wanted| wanted == profile.disinfectant)
            && self.supply.is_none_or(|wanted| wanted == Supply::of(profile))
            && self.size_class.is_none_or(|wanted| wanted.contains(profile.size_class()))
            && self.water_source.is_none_or(|wanted| wanted == profile.source.water())
            && self.people_from.is_none_or(|least| profile.population >= least)
            && self.people_below.is_none_or(|bound| profile.population < bound)
            && self.plant.as_ref().is_none_or(|wanted| wanted.fits(profile.id.as_str()))
            && self.county.as_ref().is_none_or(|wanted| {
                let county = &profile.county;
                *wanted == county.zh || wanted.eq_ignore_ascii_case(&county.en)
            })
    }

    /// Does it ask for a plant, a county, a village or an instrument by name?
    pub fn names_a_place(&self) -> bool {
        self.tag.is_some()
            || self.village.is_some()
            || self.plant.is_some()
            || self.county.is_some()
    }

    /// How much it asks: the more, the fewer instruments are meant. A tag counts most.
    pub fn asks(&self) -> u32 {
        let asked = [
            self.quantity.is_some(),
            self.point.is_some(),
            self.disinfectant.is_some(),
            self.supply.is_some(),
            self.size_class.is_some(),
            self.water_source.is_some(),
            self.people_from.is_some(),
            self.people_below.is_some(),
            self.tag.as_ref().is_some_and(|tag| !tag.is_exact()),
            self.village.is_some(),
            self.plant.is_some(),
            self.county.is_some(),
        ];
        let tag = if self.tag.as_ref().is_some_and(Pattern::is_exact) {
            asked.len() as u32 + 1
        } else {
            0
        };
        tag + asked.into_iter().map(u32::from).sum::<u32>()
    }

    /// Is the rule for this instrument, if it is for its plant?
    pub fn wants_tag(&self, tag: &Tag) -> bool {
        self.quantity.is_none_or(|wanted| wanted == tag.quantity)
            && self.point.is_none_or(|wanted| wanted == tag.point)
            && self.tag.as_ref().is_none_or(|wanted| wanted.fits(tag.id.as_str()))
            && (self.village.is_none() || self.village == tag.village)
    }

    /// Is the rule for this sampling site, if it is for its plant? Unless it asks for another water
    /// it is about the water that people drink.
    pub fn wants_site(&self, site: &Site) -> bool {
        let is_drunk = !matches!(site.point, SamplingPoint::RawWater | SamplingPoint::Process);
        self.point.map_or(is_drunk, |wanted| wanted == site.point)
            && self.tag.as_ref().is_none_or(|wanted| wanted.fits(site.id.as_str()))
            && (self.village.is_none() || self.village == site.village)
    }
}

#[cfg(test)]
mod tests {
    use crate::base::Text;
    use crate::base::analyte::Analyte;
    use crate::inspection::book::{InspectionRule, Kind};
    use crate::inspection::testing::{book, profile, tag};

    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        let fits = |pattern: &str, name: &str| Pattern::new(pattern).expect("one").fits(name);
        for (pattern, name) in
            [("AIT-4*", "AIT-401"), ("*", "x"), ("A*1", "A1"), ("*-4*7", "AIT-407"), ("A-1", "A-1")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("AIT-4*", "AIT-301"), ("A-1", "A-11"), ("*-4*7", "AIT-4"), ("a*", "A")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        for bad in ["", "a b", "水*", &"*".repeat(49)] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn plants_are_asked_for_by_name_and_county_instruments_by_village() {
        let mut profile = profile(2_400.0, 16_000, Disinfectant::FreeChlorine);
        profile.county = Text { en: "Chibi".to_owned(), zh: "赤壁市".to_owned() };
        let plant = |pattern| Some(Pattern::new(pattern).expect("one"));
        let asks = |county: &str, pattern| {
            let county = Some(county.to_owned());
            Selector { county, plant: plant(pattern), ..Selector::default() }.wants_plant(&profile)
        };
        assert!(asks("chibi", "te*") && asks("赤壁市", "test"));
        assert!(!asks("tongshan", "te*") && !asks("chibi", "sanmen"));
        let mut tag = tag("PIT-1", Quantity::Pressure, SamplingPoint::TapWater, 1);
        let village = |id| VillageId::new(id).ok();
        let select = Selector { village: village("suiyang"), ..Selector::default() };
        assert!(!select.wants_tag(&tag));
        tag.village = village("suiyang");
        assert!(select.wants_tag(&tag));
    }

    /// Rules of the book that watch the finished turbidity of a plant.
    fn turbidity_rules(m3_per_day: f64, people: u32) -> Vec<String> {
        let profile = profile(m3_per_day, people, Disinfectant::FreeChlorine);
        let tag = tag("AIT-302", Quantity::Turbidity, SamplingPoint::FinishedWater, 5);
        let book = book();
        let watching = book.rules().iter().filter(|rule| rule.watches(&profile, &tag));
        let limits = watching.filter(|rule| rule.limit_for(&profile, &tag).is_some());
        limits.map(|rule| rule.id.to_string()).collect()
    }

    #[test]
    fn a_supply_below_1000_m3_per_day_or_10000_people_has_the_relaxed_turbidity() {
        for (m3_per_day, people, relaxed) in [
            (999.0, 16_000, true),
            (1_000.0, 16_000, false),
            (2_400.0, 9_999, true),
            (2_400.0, 10_000, false),
            (900.0, 16_000, true),
            (2_400.0, 16_000, false),
        ] {
            let wanted =
                if relaxed { "finished-turbidity-high-small" } else { "finished-turbidity-high" };
            assert_eq!(turbidity_rules(m3_per_day, people), [wanted], "{m3_per_day} {people}");
        }
    }

    #[test]
    fn the_disinfectant_picks_the_residual_that_is_watched() {
        let tag = tag("AIT-301", Quantity::ChlorineDioxide, SamplingPoint::TapWater, 5);
        let watched = |disinfectant| {
            let profile = profile(2_400.0, 16_000, disinfectant);
            let book = book();
            let limit = |id| {
                let index = book.index(id).expect("a rule of the book");
                book.limit_for(index, &profile, &tag).map(|limit| limit.raise)
            };
            (limit("tap-chlorine-dioxide-low"), limit("tap-chlorine-low"))
        };
        assert_eq!(watched(Disinfectant::ChlorineDioxide), (Some(0.02), None));
        assert_eq!(watched(Disinfectant::FreeChlorine), (None, None));
    }

    /// A plant at a boundary: m³/d, people; its turbidity and colony limits, and its class, by the
    /// rounds of finished water that it owes.
    const BOUNDARIES: [(f64, u32, f64, f64, &str); 11] = [
        (10_000.0, 100_000, 1.0, 100.0, ""),
        (1_000.0, 16_000, 1.0, 100.0, ""),
        (999.0, 16_000, 3.0, 500.0, "-iv"),
        (900.0, 16_000, 3.0, 500.0, "-iv"), // small by its design, however many people
        (2_400.0, 10_000, 1.0, 100.0, ""),
        (2_400.0, 9_999, 3.0, 500.0, ""), // small by its people, yet of class III
        (1_000.0, 10_000, 1.0, 100.0, ""),
        (999.0, 9_999, 3.0, 500.0, "-iv"),
        (100.0, 900, 3.0, 500.0, "-iv"),
        (99.0, 900, 3.0, 500.0, "-v"),
        (10.0, 20_000, 3.0, 500.0, "-v"),
    ];

    #[test]
    fn every_boundary_of_size_picks_its_limits_and_its_rounds() {
        let book = book();
        let turbid = tag("AIT-302", Quantity::Turbidity, SamplingPoint::FinishedWater, 5);
        for (m3_per_day, people, ntu, colonies, class) in BOUNDARIES {
            let plant = profile(m3_per_day, people, Disinfectant::FreeChlorine);
            let wanted = |rule: &&InspectionRule| rule.select.wants_plant(&plant);
            let rules: Vec<&InspectionRule> = book.rules().iter().filter(wanted).collect();
            let limits = rules.iter().filter_map(|rule| rule.limit_for(&plant, &turbid));
            let found: Vec<f64> = limits.map(|limit| limit.raise).collect();
            assert_eq!(found, [ntu], "{m3_per_day} {people}");
            let counts = rules.iter().filter_map(|rule| match rule.kind {
                Kind::LabLimit(Analyte::ColonyCount, limit, _) => Some(limit.raise),
                _ => None,
            });
            assert_eq!(counts.collect::<Vec<_>>(), [colonies], "{m3_per_day} {people}");
            let rounds = rules.iter().map(|rule| rule.id.as_str());
            let rounds = rounds.filter_map(|id| id.strip_prefix("round-finished-microbes"));
            assert_eq!(rounds.collect::<Vec<_>>(), [class], "{m3_per_day} {people}");
        }
    }

    #[test]
    fn each_disinfectant_has_its_own_least_and_most_in_finished_and_in_tap_water() {
        let book = book();
        for (disinfectant, finished, at_tap) in [
            (Disinfectant::FreeChlorine, &[0.3, 2.0][..], &[0.05, 2.0][..]),
            (Disinfectant::ChlorineDioxide, &[0.1, 0.8], &[0.02, 0.8]),
            (Disinfectant::Chloramine, &[0.5, 3.0], &[0.05, 3.0]),
            (Disinfectant::Ozone, &[0.3], &[0.02, 0.3]),
            (Disinfectant::MixedChlorineDioxide, &[0.8], &[0.8]), // the least: of two, one
        ] {
            let plant = profile(2_400.0, 16_000, disinfectant);
            let limits = |point| {
                let tag = tag("AIT-1", disinfectant.residual(), point, 5);
                let limits = book.rules().iter().filter_map(|rule| rule.limit_for(&plant, &tag));
                limits.map(|limit| limit.raise).collect::<Vec<f64>>()
            };
            assert_eq!(limits(SamplingPoint::FinishedWater), finished, "{disinfectant:?}");
            assert_eq!(limits(SamplingPoint::TapWater), at_tap, "{disinfectant:?}");
        }
    }
}
