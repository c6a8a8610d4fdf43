//! An exercise, rehearsed by its robots.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Outcome;
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::cli::exit;
use crate::exercise::judge;
use crate::exercise::rehearsal::{Rehearsal, rehearse};
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::scenario::exercise::Exercise;

/// Plays the exercise with every robot.
pub(super) fn play(
    exercise: Exercise,
    plants: &BTreeMap<String, Arc<Plant>>,
    book: &Book,
    seed: Seed,
) -> Outcome {
    let Some(plant) = plants.get(exercise.scenario.plant.as_str()) else {
        return Outcome::Broken(format!("there is no plant {}", exercise.scenario.plant));
    };
    let unknown = judge::unknown_rules_of(&exercise, &[book]);
    if !unknown.is_empty() {
        return Outcome::Mistakes(unknown);
    }
    let exercise = Arc::new(exercise);
    match rehearse(plant, &exercise, book, seed) {
        Err(error) => Outcome::Broken(exit::chain(&error)),
        Ok(rehearsal) => {
            let failing = rehearsal.failing(&exercise, plant, book);
            Outcome::Exercise(Box::new((exercise, rehearsal, failing)))
        }
    }
}

/// What was played, in a line.
pub(super) fn summary(exercise: &Exercise, rehearsal: &Rehearsal, lang: Lang) -> String {
    let scenario = &exercise.scenario;
    let [null, careless, reference] = rehearsal.scores.each_ref().map(|score| score.total);
    let raised = rehearsal.null.played.alarms_raised();
    let (title, span) = (scenario.title.get(lang), scenario.duration);
    let seed = rehearsal.null.played.seed.0;
    match lang {
        Lang::En => format!(
            "{title} (exercise, {span}, {raised} alarms; marks: nobody {null:.0}, careless \
             {careless:.0}, reference {reference:.0}; seed {seed})"
        ),
        Lang::Zh => format!(
            "{title} (演练, {span}, 报警{raised}条; 得分: 无人处置{null:.0}, 草率{careless:.0}, \
             参考{reference:.0}; 种子{seed})"
        ),
    }
}
