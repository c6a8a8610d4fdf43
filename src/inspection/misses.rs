//! Why a rule is not for a place: what it asks for, and what is there instead.

use crate::base::ids::VillageId;
use crate::inspection::book::{InspectionRule, Kind};
use crate::inspection::select::{Selector, Supply};
use crate::plant::profile::{Profile, WaterSource};
use crate::plant::tags::{Site, Tag};

/// A sentence for what is asked for and not there.
fn miss(is_there: bool, asked: String, here: &str) -> Option<String> {
    (!is_there).then(|| format!("it asks for {asked}, and here is {here}"))
}

impl Selector {
    fn misses_of_plant(&self, profile: &Profile) -> Vec<String> {
        let supply = |it: Supply| Supply::CHOICES.iter().find(|known| known.1 == it);
        let supply = |it| supply(it).map_or("", |it| it.0);
        let source = |it: WaterSource| WaterSource::CHOICES.iter().find(|known| known.1 == it);
        let source = |it| source(it).map_or("", |it| it.0);
        let here = Supply::of(profile);
        let class = profile.size_class();
        let only = |part: Selector| part.words().join(", ");
        let county = &profile.county;
        let misses = [
            self.disinfectant.and_then(|asked| {
                let here = profile.disinfectant;
                miss(asked == here, format!("disinfectant {}", asked.name()), here.name())
            }),
            self.supply.and_then(|asked| {
                miss(asked == here, format!("supply {}", supply(asked)), supply(here))
            }),
            self.size_class.and_then(|asked| {
                let words = only(Selector { size_class: Some(asked), ..Selector::default() });
                miss(asked.contains(class), words, &format!("{class:?}"))
            }),
            self.water_source.and_then(|asked| {
                let here = profile.source.water();
                miss(asked == here, format!("{} water", source(asked)), source(here))
            }),
            self.people_from.and_then(|asked| {
                let people = profile.population;
                miss(people >= asked, format!("{asked} people or more"), &people.to_string())
            }),
            self.people_below.and_then(|asked| {
                let people = profile.population;
                miss(people < asked, format!("fewer than {asked} people"), &people.to_string())
            }),
            self.plant.as_ref().and_then(|asked| {
                let id = profile.id.as_str();
                miss(asked.fits(id), format!("plant {asked}"), id)
            }),
            self.county.as_ref().and_then(|asked| {
                let is_it = *asked == county.zh || asked.eq_ignore_ascii_case(&county.en);
                miss(is_it, format!("county {asked}"), &county.en)
            }),
        ];
        misses.into_iter().flatten().collect()
    }

    /// What it asks of an instrument and does not find at this one.
    pub fn misses_of_tag(&self, tag: &Tag) -> Vec<String> {
        let misses = [
            self.quantity.and_then(|asked| {
                miss(asked == tag.quantity, asked.name().to_owned(), tag.quantity.name())
            }),
            self.point.and_then(|asked| {
                miss(asked == tag.point, asked.name().to_owned(), tag.point.name())
            }),
            self.miss_of_name(tag.id.as_str()),
            self.miss_of_village(tag.village.as_ref()),
        ];
        misses.into_iter().flatten().collect()
    }

    /// What it asks of a sampling site and does not find at this one.
    pub fn misses_of_site(&self, site: &Site) -> Vec<String> {
        let wanted = Selector { point: self.point, ..Selector::default() };
        let point = self.point.map_or("water that people drink", |point| point.name()).to_owned();
        let misses = [
            miss(wanted.wants_site(site), point, site.point.name()),
            self.miss_of_name(site.id.as_str()),
            self.miss_of_village(site.village.as_ref()),
        ];
        misses.into_iter().flatten().collect()
    }

    fn miss_of_name(&self, name: &str) -> Option<String> {
        let asked = self.tag.as_ref()?;
        miss(asked.fits(name), asked.to_string(), name)
    }

    fn miss_of_village(&self, village: Option<&VillageId>) -> Option<String> {
        let asked = self.village.as_ref()?;
        let here = village.map_or("no village", VillageId::as_str);
        miss(Some(asked) == village, format!("village {asked}"), here)
    }
}

impl InspectionRule {
    /// What it asks of a plant and does not find at this one; empty when it is for it.
    pub fn misses_of_plant(&self, profile: &Profile) -> Vec<String> {
        let pack = self.pack.as_ref().filter(|pack| !pack.is_chosen(profile));
        let pack = pack.map(|pack| format!("its pack {} is not chosen here", pack.id));
        pack.into_iter().chain(self.select.misses_of_plant(profile)).collect()
    }
}

impl Kind {
    /// What a rule of this kind needs of a place, for one that its selector has let through.
    pub fn needs(&self) -> &'static str {
        match self {
            Self::Limit(_) | Self::Quality(_) | Self::TagSilence => {
                "it watches instruments that a test or a limit of it applies to"
            }
            Self::ServicePressure(_) => "it watches pressures of villages whose storeys are known",
            Self::NightFlow(_) => "it watches flow meters whose usual night flow is known",
            Self::NoDraw(_) => "it watches flow meters of villages whose usual night flow is known",
            Self::Event(_) => "it has one verdict for a place, at the first of its instruments",
            Self::GrabSample(_) => {
                "it watches instruments beside which samples are taken: of the same water, and of \
                 the same village"
            }
            Self::LabLimit(..) => "it judges results of samples: name a sampling site",
            Self::Round(_) => "it counts samples: of a sampling site, or of the plant as a whole",
            Self::Expression(_) => "its inputs are other instruments, or not all of them are there",
            Self::GatewaySilence { .. } | Self::Refusal(_) => {
                "it watches the plant as a whole: name no instrument"
            }
        }
    }
}
