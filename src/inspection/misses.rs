//! Why a rule is not for a place: what it asks for, and what is there instead.

use std::fmt;

use crate::base::Text;
use crate::base::ids::VillageId;
use crate::base::units::Quantity;
use crate::inspection::book::{InspectionRule, Kind};
use crate::inspection::select::{Selector, Supply};
use crate::plant::profile::Profile;
use crate::plant::tags::{SamplingPoint, Site, Tag};

/// A sentence for what is asked for and not there.
fn miss(is_there: bool, asked: Text, here: Text) -> Option<Text> {
    (!is_there).then(|| Text {
        en: format!("it asks for {}, and here is {}", asked.en, here.en),
        zh: format!("要求{},此处为{}", asked.zh, here.zh),
    })
}

/// Something that is written the same in both languages.
fn same(text: impl fmt::Display) -> Text {
    Text { en: text.to_string(), zh: format!(" {text}") }
}

fn text(en: impl Into<String>, zh: impl Into<String>) -> Text {
    Text { en: en.into(), zh: zh.into() }
}

fn water(point: SamplingPoint) -> Text {
    text(point.name(), point.zh())
}

/// What a selector asks for, in words.
fn only(part: &Selector) -> Text {
    Text::of(|lang| part.words(lang).join(", "))
}

impl Selector {
    fn misses_of_plant(&self, profile: &Profile) -> Vec<Text> {
        let here = Supply::of(profile);
        let class = profile.size_class();
        let blank = Selector::default;
        let county = &profile.county;
        let misses = [
            self.disinfectant.and_then(|asked| {
                let here = profile.disinfectant;
                let part = Selector { disinfectant: Some(asked), ..blank() };
                miss(asked == here, only(&part), text(here.name(), here.zh()))
            }),
            self.supply.and_then(|asked| {
                let part = Selector { supply: Some(asked), ..blank() };
                miss(asked == here, only(&part), Text::of(|lang| here.word(lang).to_owned()))
            }),
            self.size_class.and_then(|asked| {
                let part = Selector { size_class: Some(asked), ..blank() };
                let here = text(format!("{class:?}"), format!(" {class:?} 型"));
                miss(asked.contains(class), only(&part), here)
            }),
            self.water_source.and_then(|asked| {
                let here = profile.source.water();
                let part = Selector { water_source: Some(asked), ..blank() };
                miss(asked == here, only(&part), Text::of(|lang| here.word(lang).to_owned()))
            }),
            self.people_from.and_then(|asked| {
                let people = profile.population;
                let wanted = text(format!("{asked} people or more"), format!("不少于 {asked} 人"));
                miss(people >= asked, wanted, same(people))
            }),
            self.people_below.and_then(|asked| {
                let people = profile.population;
                let wanted = text(format!("fewer than {asked} people"), format!("少于 {asked} 人"));
                miss(people < asked, wanted, same(people))
            }),
            self.plant.as_ref().and_then(|asked| {
                let id = profile.id.as_str();
                miss(
                    asked.fits(id),
                    text(format!("plant {asked}"), format!("水厂 {asked}")),
                    same(id),
                )
            }),
            self.county.as_ref().and_then(|asked| {
                let is_it = *asked == county.zh || asked.eq_ignore_ascii_case(&county.en);
                let wanted = text(format!("county {asked}"), format!("县 {asked}"));
                miss(is_it, wanted, county.clone())
            }),
        ];
        misses.into_iter().flatten().collect()
    }

    /// What it asks of an instrument and does not find at this one.
    pub fn misses_of_tag(&self, tag: &Tag) -> Vec<Text> {
        let misses = [
            self.quantity.and_then(|asked| {
                let of = |it: Quantity| text(it.name(), it.zh());
                miss(asked == tag.quantity, of(asked), of(tag.quantity))
            }),
            self.point.and_then(|asked| miss(asked == tag.point, water(asked), water(tag.point))),
            self.miss_of_name(tag.id.as_str()),
            self.miss_of_village(tag.village.as_ref()),
        ];
        misses.into_iter().flatten().collect()
    }

    /// What it asks of a sampling site and does not find at this one.
    pub fn misses_of_site(&self, site: &Site) -> Vec<Text> {
        let wanted = Selector { point: self.point, ..Selector::default() };
        let point =
            self.point.map_or_else(|| text("water that people drink", "人们饮用的水"), water);
        let misses = [
            miss(wanted.wants_site(site), point, water(site.point)),
            self.miss_of_name(site.id.as_str()),
            self.miss_of_village(site.village.as_ref()),
        ];
        misses.into_iter().flatten().collect()
    }

    fn miss_of_name(&self, name: &str) -> Option<Text> {
        let asked = self.tag.as_ref()?;
        miss(asked.fits(name), same(asked), same(name))
    }

    fn miss_of_village(&self, village: Option<&VillageId>) -> Option<Text> {
        let asked = self.village.as_ref()?;
        let here = village.map_or_else(|| text("no village", "无村"), same);
        let wanted = text(format!("village {asked}"), format!("村 {asked}"));
        miss(Some(asked) == village, wanted, here)
    }
}

impl InspectionRule {
    /// What it asks of a plant and does not find at this one; empty when it is for it.
    pub fn misses_of_plant(&self, profile: &Profile) -> Vec<Text> {
        let pack = self.pack.as_ref().filter(|pack| !pack.is_chosen(profile));
        let pack = pack.map(|pack| {
            let id = &pack.id;
            text(format!("its pack {id} is not chosen here"), format!("此处未选用规则包 {id}"))
        });
        pack.into_iter().chain(self.select.misses_of_plant(profile)).collect()
    }
}

impl Kind {
    /// What a rule of this kind needs of a place, for one that its selector has let through.
    pub fn needs(&self) -> Text {
        let (en, zh) = match self {
            Self::Limit(_) | Self::Quality(_) | Self::TagSilence => (
                "it watches instruments that a test or a limit of it applies to",
                "只监视其限值或检验所适用的仪表",
            ),
            Self::ServicePressure(_) => (
                "it watches pressures of villages whose storeys are known",
                "只监视已知房屋层数的村的水压",
            ),
            Self::NightFlow(_) => (
                "it watches flow meters whose usual night flow is known",
                "只监视已知平常夜间流量的流量计",
            ),
            Self::NoDraw(_) => (
                "it watches flow meters of villages whose usual night flow is known",
                "只监视已知平常夜间流量的各村流量计",
            ),
            Self::Event(_) => (
                "it has one verdict for a place, at the first of its instruments",
                "每处只有一个判定,记在该处第一块仪表上",
            ),
            Self::GrabSample(_) => (
                "it watches instruments beside which samples are taken: of the same water, and of \
                 the same village",
                "只监视旁边有采样的仪表:同一种水、同一个村",
            ),
            Self::LabLimit(..) => (
                "it judges results of samples: name a sampling site",
                "判定的是水样结果,请指定采样点",
            ),
            Self::Round(duty) if duty.each_site => (
                "each sampling site of that water has its own round: name one",
                "该水样类型的各采样点分别计,请指定采样点",
            ),
            Self::Round(_) => (
                "samples from any site of that water count together: name no site",
                "该水样类型任一采样点的水样合并计,不要指定采样点",
            ),
            Self::Expression(_) => (
                "its inputs are other instruments, or not all of them are there",
                "其输入是别的仪表,或此处不齐",
            ),
            Self::GatewaySilence { .. } | Self::Refusal(_) => {
                ("it watches the plant as a whole: name no instrument", "监视的是全厂,不要指定仪表")
            }
        };
        text(en, zh)
    }
}
