//! What the desk's pages need to know of plants and rules, written once.

use std::collections::BTreeMap;

use super::{Room, scheme};
use crate::base::RuleId;
use crate::base::text::Lang;
use crate::cli::view::plant::unit;
use crate::desk::catalogue::{
    Catalogue, HandlingCard, LimitCard, PlantCard, RuleCard, TagCard, VillageCard,
};
use crate::inspection::book::{Book, InspectionRule, Kind};
use crate::inspection::grab_watch::{GrabSample, beside};
use crate::inspection::limit::Side;
use crate::plant::Plant;
use crate::plant::tags::{SiteIndex, Tag};

/// Everything that never changes.
pub(super) fn catalogue(room: &Room) -> Catalogue {
    let book = &room.book;
    let handling = book.handling();
    Catalogue {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        title: room.title.clone(),
        by: room.by.clone(),
        plants: room.plants.iter().map(|plant| plant_card(plant, book)).collect(),
        rules: rules(room),
        handling: HandlingCard {
            longest_min: handling.shelving.longest.as_seconds() / 60.0,
            at_most: handling.shelving.at_most,
            reasons: handling.shelving.permit.reasons.clone(),
            out_of_service_reasons: handling.out_of_service.reasons.clone(),
        },
    }
}

/// The rules that are for any of the plants.
fn rules(room: &Room) -> BTreeMap<RuleId, RuleCard> {
    let wanted =
        |rule: &&InspectionRule| room.plants.iter().any(|plant| rule.is_for(&plant.profile));
    let rules = room.book.rules().iter().filter(wanted);
    rules.map(|rule| (rule.id.clone(), rule_card(rule))).collect()
}

fn rule_card(rule: &InspectionRule) -> RuleCard {
    RuleCard {
        title: rule.title.clone(),
        advice: rule.advice.clone(),
        condition: rule.condition(Lang::En),
        source: rule.source.en.clone(),
        source_zh: rule.source.other_zh().map(str::to_owned),
        priority: rule.priority.name(),
        kind: rule.kind.name(),
        of_water: matches!(rule.kind, Kind::Limit(_) | Kind::ServicePressure(_) | Kind::Event(_)),
        runbook: rule.runbook.clone(),
    }
}

fn plant_card(plant: &Plant, book: &Book) -> PlantCard {
    let profile = &plant.profile;
    let scheme = scheme::draw(plant);
    let tags = plant.instruments.iter().map(|instrument| TagCard {
        station: scheme.station_of(plant, instrument),
        ..tag_card(plant, &instrument.tag, book)
    });
    let tags = tags.collect();
    let villages = profile.villages.iter().map(|village| VillageCard {
        id: village.id.to_string(),
        title: village.title.clone(),
        people: village.people,
    });
    PlantCard {
        id: plant.id.clone(),
        title: profile.title.clone(),
        county: profile.county.clone(),
        fiction: profile.fiction.clone(),
        people: profile.population,
        utc_offset_s: profile.utc_offset.as_seconds(),
        residual: profile.disinfectant.residual().name(),
        villages: villages.collect(),
        tags,
        scheme: scheme.stations,
    }
}

fn tag_card(plant: &Plant, tag: &Tag, book: &Book) -> TagCard {
    let watching = || book.rules().iter().filter(|rule| rule.watches(&plant.profile, tag));
    let limit = |rule: &InspectionRule| {
        let limit = rule.limit_for(&plant.profile, tag)?;
        let (below, at) = (limit.side == Side::Below, limit.raise);
        Some(LimitCard { rule: rule.id.clone(), below, at, clear: limit.clear })
    };
    let sites = beside(&plant.profile, tag);
    let sites = sites.filter_map(|SiteIndex(at)| plant.profile.sites.get(at));
    TagCard {
        id: tag.id.clone(),
        title: tag.title.clone(),
        quantity: tag.quantity.name(),
        unit: unit(tag.quantity),
        point: tag.point.name(),
        range: tag.range,
        poll_s: tag.poll.as_seconds(),
        village: tag.village.as_ref().map(ToString::to_string),
        station: None,
        limits: watching().filter_map(limit).collect(),
        rules: watching().map(|rule| rule.id.clone()).collect(),
        sites: sites.map(|site| site.id.clone()).collect(),
        analyte: GrabSample::analyte(tag.quantity),
    }
}
