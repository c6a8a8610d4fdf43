//! What the editor's page gives to choose from, with names in both languages.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Hall;
use crate::base::units::Unit;
use crate::plant::Plant;
use crate::scenario::exercise::cause::CAUSES;
use crate::scenario::exercise::deed::VERBS;
use crate::scenario::exercise::words::{Own, words_of};

/// Everything that stays the same while somebody edits.
pub(super) fn cards(hall: &Hall) -> Value {
    let rules = hall.book.rules().iter().map(|rule| (rule.id.as_str(), json!(rule.title)));
    let causes = CAUSES.iter().map(|(code, en, zh)| (*code, json!({ "en": en, "zh": zh })));
    let verbs = VERBS.iter().map(|verb| json!({ "name": verb.name, "wants": verb.wants }));
    json!({
        "rules": rules.collect::<BTreeMap<_, _>>(),
        "causes": causes.collect::<BTreeMap<_, _>>(),
        "verbs": verbs.collect::<Vec<_>>(),
        "units": units(),
        "plants": hall.plants.iter().map(|(id, it)| (id, plant(it))).collect::<BTreeMap<_, _>>(),
    })
}

/// How keys end, and the unit that this means.
pub fn units() -> Value {
    let units = Unit::ALL.iter();
    units.map(|unit| json!({ "suffix": unit.suffix, "symbol": unit.symbol })).collect()
}

fn plant(plant: &Plant) -> Value {
    let mut names = Map::new();
    for village in &plant.profile.villages {
        names.insert(village.id.to_string(), json!(village.title));
    }
    for instrument in &plant.instruments {
        names.insert(instrument.tag.id.to_string(), json!(instrument.tag.title));
    }
    let tags: Vec<&str> = plant.instruments.iter().map(|it| it.tag.id.as_str()).collect();
    let own = Own::default();
    let words = VERBS.iter().map(|verb| {
        let lists = (0..verb.wants.len()).map(|at| words_of(plant, &own, verb.name, at));
        (verb.name, lists.collect::<Vec<_>>())
    });
    json!({
        "title": plant.profile.title,
        "names": names,
        "tags": tags,
        "words": words.collect::<BTreeMap<_, _>>(),
    })
}
