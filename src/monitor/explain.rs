//! Why an alarm is raised, or is not: all that the monitor knows of one rule at one place.

use serde::Serialize;

use super::Monitor;
use crate::alarms::event::AlarmId;
use crate::alarms::standing::Standing;
use crate::alarms::stop::Announced;
use crate::base::ids::VillageId;
use crate::base::{Flag, PlantId, QualityTests, RuleId, Stamp, TagId, Text};
use crate::ingest::observation::PlantIndex;
use crate::inspection::book::{Book, InspectionRule};
use crate::inspection::finding::{RuleIndex, Watch};
use crate::inspection::sight::Sight;
use crate::plant::tags::TagIndex;

/// All that is known of one rule at one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The plant.
    pub plant: PlantId,
    /// The rule.
    pub rule: RuleId,
    /// The instrument or the sampling site; none: the plant as a whole.
    pub tag: Option<TagId>,
    /// Event time that the rules have reached at this plant; none before anything came.
    pub reached: Option<Stamp>,
    /// What the rule sees; none when it does not watch there.
    pub sight: Option<Sight>,
    /// What it asks for and does not find there, such as `point tap-water, here finished-water`.
    pub not_for: Vec<Text>,
    /// The last reading of the instrument.
    pub latest: Option<Latest>,
    /// How its alarm stands.
    pub alarm: Standing,
}

/// The last reading of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latest {
    /// When it was taken.
    pub at: Stamp,
    /// Its value, in the tag's unit; none when it has none.
    pub value: Option<f64>,
    /// Its flag, as far as it was known at once.
    pub flag: Flag,
    /// The tests that set the flag.
    pub tests: QualityTests,
}

impl Monitor {
    /// Where a rule of the book watches at a plant, in the order of its instruments and sites.
    pub fn places_of(&self, plant: PlantIndex, rule: RuleIndex) -> Vec<Option<TagIndex>> {
        let watches = self.inspection.watches().map(|(watch, _)| watch);
        let here = watches.filter(|watch| watch.plant == plant && watch.rule == rule);
        here.map(|watch| watch.tag).collect()
    }

    /// The alarms of a plant that a stop of supply in these villages explains, all of them when
    /// none is named. `book` is the monitor's own.
    pub fn alarms_of_stops(&self, plant: PlantIndex, villages: &[VillageId]) -> Vec<AlarmId> {
        let Some(whole) = self.plants.get(plant.0) else { return Vec::new() };
        let wanted = |village: &Option<VillageId>| match village {
            Some(village) => villages.is_empty() || villages.contains(village),
            None => villages.is_empty(),
        };
        let watches = self.inspection.watches().map(|(watch, _)| watch);
        let here = watches
            .filter(|watch| watch.plant == plant && self.alarms.is_silent_in_stops(watch.rule));
        let concerned = here.filter(|watch| {
            let tag = watch.tag.and_then(|tag| whole.instruments.get(tag.0));
            tag.map_or(villages.is_empty(), |it| wanted(&it.tag.village))
        });
        concerned.filter_map(|watch| self.alarms.name(watch)).collect()
    }

    /// Every alarm with an announced stop of supply that has not ended, of every plant.
    pub fn announced_stops(&self) -> Vec<(AlarmId, Announced)> {
        let plants = (0..self.plants.len()).map(PlantIndex);
        plants.flat_map(|plant| self.alarms.announced(plant)).collect()
    }

    /// Why the alarm of a rule at a place is raised, or is not; `book` is the monitor's own. None
    /// when there is no such plant, rule or tag.
    pub fn explain(&self, book: &Book, watch: Watch) -> Option<Explanation> {
        let plant = self.plants.get(watch.plant.0)?;
        let rule = book.rules().get(watch.rule.0)?;
        let sight = self.inspection.sight(watch);
        let shown = self.views.get(watch.plant.0)?.latest(watch.tag);
        let latest = shown.map(|it| Latest {
            at: it.observed_at,
            value: Some(it.value).filter(|value| value.is_finite()),
            flag: it.flag,
            tests: it.tests,
        });
        let reached = self.ingest.intake(watch.plant).and_then(|intake| intake.frontier);
        let instruments = plant.instruments.len();
        let tag = match watch.tag {
            Some(TagIndex(at)) => Some(match at.checked_sub(instruments) {
                Some(site) => plant.profile.sites.get(site)?.id.clone(),
                None => plant.instruments.get(at)?.tag.id.clone(),
            }),
            None => None,
        };
        let not_for = match sight {
            Some(_) => Vec::new(),
            None => self.not_for(rule, watch),
        };
        Some(Explanation {
            plant: plant.id.clone(),
            rule: rule.id.clone(),
            tag,
            reached,
            sight,
            not_for,
            latest,
            alarm: self.alarms.standing_at(watch),
        })
    }

    fn not_for(&self, rule: &InspectionRule, watch: Watch) -> Vec<Text> {
        let Some(plant) = self.plants.get(watch.plant.0) else { return Vec::new() };
        let mut not_for = rule.misses_of_plant(&plant.profile);
        let at = watch.tag.map(|tag| tag.0);
        let instruments = plant.instruments.len();
        if let Some(instrument) = at.and_then(|at| plant.instruments.get(at)) {
            not_for.extend(rule.select.misses_of_tag(&instrument.tag));
        } else if let Some(site) =
            at.and_then(|at| plant.profile.sites.get(at.checked_sub(instruments)?))
        {
            not_for.extend(rule.select.misses_of_site(site));
        }
        if not_for.is_empty() {
            not_for.push(rule.kind.needs());
        }
        not_for
    }
}
