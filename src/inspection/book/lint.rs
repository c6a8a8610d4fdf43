//! What in a book is worth a second look, though nothing in it is wrong.

use super::{InspectionRule, Kind, packs};
use crate::base::Span;
use crate::base::problem::Problems;
use crate::inspection::select::{Selector, Supply};
use crate::plant::profile::{Profile, SizeClass};
use crate::plant::tags::Tag;

/// Warnings about rules as they meet plants.
pub(super) fn warnings(rules: &[InspectionRule], plants: &[(&Profile, &[Tag])]) -> Problems {
    let mut found = packs::doubled(rules, plants);
    for (at, rule) in rules.iter().enumerate() {
        let mut warn = |key: &str, text: String, help: &str| {
            let text = format!("rule {}: {text}", rule.id);
            rule.place.add(&[&[key]], text, &mut found).help(help);
        };
        if let Some(twin) = rules[..at].iter().find(|other| are_twins(other, rule)) {
            let there = twin.place.source.place(twin.place.span.start);
            warn(
                "id",
                format!("looks for the same as {} ({there}), at the same instruments", twin.id),
                "keep one; escalate_min makes one alarm more urgent with time",
            );
        }
        let is_small = rule.select.supply == Some(Supply::Small);
        if speaks_of_small_supplies(rule) && !is_small {
            warn(
                "source",
                "a relaxation for small supplies, but every plant is given it".to_owned(),
                "add supply = \"small\": plants that do not qualify keep the strict limit",
            );
        }
        let large = [SizeClass::I, SizeClass::II, SizeClass::III];
        let classes = rule.select.size_class;
        if rule.select.supply == Some(Supply::Other)
            && classes.is_some_and(|asked| !large.iter().any(|class| asked.contains(*class)))
        {
            warn(
                "size_class",
                "no plant can be what it asks for".to_owned(),
                "classes IV and V are below 1,000 m³/d, which makes a plant a small supply",
            );
        }
        if let Some(profile) = unqualified(rule, plants).filter(|_| is_small) {
            let (capacity, people) = (profile.design_capacity_m3_per_day, profile.population);
            warn(
                "supply",
                format!(
                    "{} claims a relaxation for small supplies, but has {capacity} m³/d and \
                     {people} people",
                    profile.id
                ),
                "a small supply has less than 1,000 m³/d or fewer than 10,000 people",
            );
        }
    }
    found
}

/// A value seen once must be seen again before a delay is over.
pub(super) fn check_delays(rule: &InspectionRule, at: &str, tag: &Tag, problems: &mut Problems) {
    let judges_values =
        matches!(rule.kind, Kind::Limit(_) | Kind::ServicePressure(_) | Kind::Quality(_));
    let further = rule.levels.further.iter().enumerate();
    let further = further.filter(|(_, level)| level.on_delay != rule.on_delay);
    let further = further.map(|(n, level)| (Some(n.to_string()), level.on_delay));
    let delays = std::iter::once((None, rule.on_delay)).chain(further);
    for (level, delay) in delays {
        if !judges_values || delay == Span::ZERO || delay >= tag.poll {
            continue;
        }
        let (id, poll) = (&rule.id, tag.poll);
        let text =
            format!("rule {id}: the on-delay of {delay} is shorter than the poll of {at}, {poll}");
        let help = format!("make on_delay_min 0 or at least {poll}");
        let path = match &level {
            Some(level) => vec!["level", level, "on_delay_min"],
            None => vec!["on_delay_min"],
        };
        rule.place.add(&[&path], text, problems).help(help);
    }
}

/// Same instruments, same condition, same standard: one cause, two alarms.
fn are_twins(one: &InspectionRule, other: &InspectionRule) -> bool {
    let standard = |rule: &InspectionRule| rule.source.en.split(' ').next().map(str::to_owned);
    one.pack == other.pack
        && one.kind == other.kind
        && one.select == other.select
        && one.accept == other.accept
        && one.patience == other.patience
        && one.edition == other.edition
        && standard(one) == standard(other)
}

fn speaks_of_small_supplies(rule: &InspectionRule) -> bool {
    let limits = matches!(rule.kind, Kind::Limit(_) | Kind::LabLimit(..));
    let source = rule.source.en.to_lowercase();
    limits && (source.contains("small supply") || source.contains("小型集中式供水"))
}

/// A plant that the rule names, by its own name, county, village or instrument, and which would be
/// watched if it were small; none when any that qualifies is watched.
fn unqualified<'p>(rule: &InspectionRule, plants: &[(&'p Profile, &[Tag])]) -> Option<&'p Profile> {
    let names = rule.select.names_a_place();
    let select = Selector { supply: None, ..rule.select.clone() };
    let open = InspectionRule { select, ..rule.clone() };
    let is_watched = |rule: &InspectionRule, (profile, tags): &(&Profile, &[Tag])| {
        tags.iter().any(|tag| rule.watches(profile, tag))
            || profile.sites.iter().any(|site| rule.watches_site(profile, site))
    };
    if !names || plants.iter().any(|plant| is_watched(rule, plant)) {
        return None;
    }
    plants.iter().find(|plant| is_watched(&open, plant)).map(|(profile, _)| *profile)
}
