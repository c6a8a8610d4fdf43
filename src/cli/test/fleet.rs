//! A fleet's scenario on all cores, works by works.

use std::num::NonZero;
use std::ops::ControlFlow;

use super::Outcome;
use crate::base::limit::Limit;
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::cli::cores::on_all_cores;
use crate::cli::exit;
use crate::exercise::fleet::{WorksPlayed, judge, play_works, unknown_rules};
use crate::inspection::book::Book;
use crate::plant::fleet::Fleet;
use crate::scenario::fleet::FleetScenario;

/// Plays every works; the order of the results is the fleet's at any number of threads.
pub(super) fn play(
    fleet: &Fleet,
    scenario: FleetScenario,
    book: &Book,
    seed: Seed,
    threads: Option<NonZero<usize>>,
) -> Outcome {
    let unknown = unknown_rules(&scenario, &[book]);
    if !unknown.is_empty() {
        return Outcome::Mistakes(unknown);
    }
    let works = fleet.pick(seed, scenario.plants);
    let results = on_all_cores(works.len(), threads, |at| {
        match play_works(fleet, &scenario, &works[at], book, seed) {
            Ok(played) => ControlFlow::Continue(Ok(played)),
            Err(error) => ControlFlow::Break(Err(error)),
        }
    });
    let broken = results.iter().flatten().find_map(|result| result.as_ref().err());
    if let Some(error) = broken {
        return Outcome::Broken(exit::chain(error));
    }
    let played: Vec<WorksPlayed> = results.into_iter().flatten().flatten().collect();
    if played.len() < works.len() {
        // The thread that had it panicked, and has said so.
        return Outcome::Broken("a works was not played".to_owned());
    }
    let failing = judge(fleet, &scenario, &played);
    Outcome::Fleet(Box::new((scenario, seed, played, failing)))
}

/// What lay outside the model, and in how many plants.
pub(super) fn notes(played: &[WorksPlayed], lang: Lang) -> Vec<String> {
    let note = |(id, limit): (&str, Limit)| {
        let is_outside = |works: &&WorksPlayed| works.outside.iter().any(|it| it.limit == limit);
        let count = played.iter().filter(is_outside).count();
        let sentence = limit.sentence(lang);
        (count > 0).then(|| match lang {
            Lang::En => format!("outside the model: {id}, in {count} plants: {sentence}"),
            Lang::Zh => format!("超出模型范围: {id}, {count}座水厂: {sentence}"),
        })
    };
    Limit::CHOICES.into_iter().filter_map(note).collect()
}

/// What was played, in a line.
pub(super) fn summary(
    scenario: &FleetScenario,
    seed: Seed,
    played: &[WorksPlayed],
    lang: Lang,
) -> String {
    let readings: u64 = played.iter().map(|works| works.readings).sum();
    let raised: usize = played.iter().map(|works| works.raised.len()).sum();
    let (title, span, plants) = (scenario.title.get(lang), scenario.duration, played.len());
    let seed = seed.0;
    match lang {
        Lang::En => format!(
            "{title} ({plants} plants, {span}, {readings} readings, {raised} alarms, seed {seed})"
        ),
        Lang::Zh => format!(
            "{title} (水厂{plants}座, {span}, 读数{readings}个, 报警{raised}条, 种子{seed})"
        ),
    }
}
