//! What the desk's pages offer to choose from in an exercise.

use serde_json::{Value, json};

use crate::base::Span;
use crate::exercise::places::places;
use crate::plant::Plant;
use crate::scenario::exercise::cause::CAUSES;
use crate::scenario::exercise::deed::{Reach, VERBS};
use crate::scenario::exercise::words::word_list;
use crate::scenario::exercise::{Exercise, Role};
use crate::simulator::orders::verb_of;

/// Verbs with the words that may follow, and what else pages offer to choose from.
pub fn menu(exercise: &Exercise, plant: &Plant) -> Value {
    let verbs = VERBS.iter().map(|verb| {
        let words = (0..verb.wants.len()).map(|at| word_list(plant, exercise, verb.name, at));
        let minutes = match verb.reach {
            Reach::Desk => 0.0,
            Reach::Field(span) => span.as_seconds() / 60.0,
        };
        json!({
            "name": verb.name, "wants": verb.wants, "order": verb.is_order,
            "minutes": minutes, "words": words.collect::<Vec<_>>(),
            "most": verb_of(verb.name).and_then(|order| order.most),
        })
    });
    let causes = CAUSES.iter().map(|(code, en, zh)| json!({ "id": code, "en": en, "zh": zh }));
    let minutes = |span: Span| span.as_seconds() / 60.0;
    let checks = exercise
        .checks
        .iter()
        .map(|it| json!({ "id": it.id, "title": it.title, "minutes": minutes(it.takes) }));
    let jobs = exercise
        .jobs
        .iter()
        .map(|it| json!({ "id": it.id, "title": it.title, "minutes": minutes(it.takes) }));
    let villages = plant.profile.villages.iter();
    let villages = villages.map(|it| json!({ "id": it.id, "title": it.title }));
    json!({
        "verbs": verbs.collect::<Vec<_>>(),
        "causes": causes.collect::<Vec<_>>(),
        "checks": checks.collect::<Vec<_>>(),
        "jobs": jobs.collect::<Vec<_>>(),
        "villages": villages.collect::<Vec<_>>(),
        "places": places(plant),
        "roles": Role::CHOICES.map(|(name, _)| name),
    })
}
