//! A fleet's scenario on all cores, works by works.

use std::num::NonZero;
use std::sync::Mutex;

use super::{Outcome, on_all_cores};
use crate::base::limit::Limit;
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::cli::exit;
use crate::exercise::fleet::{WorksError, WorksPlayed, judge, play_works, unknown_rules};
use crate::inspection::book::Book;
use crate::plant::fleet::Fleet;
use crate::scenario::fleet::FleetScenario;

/// Plays every works; the order of the results is the fleet's at any number of threads.
pub(super) fn play(
    fleet: &Fleet,
    scenario: FleetScenario,
    book: &Book,
    seed: Option<Seed>,
    threads: Option<NonZero<usize>>,
) -> Outcome {
    let unknown = unknown_rules(&scenario, &[book]);
    if !unknown.is_empty() {
        return Outcome::Mistakes(unknown);
    }
    let seed = seed.unwrap_or(scenario.seed);
    let works = match scenario.plants {
        Some(count) => fleet.draw(seed, count),
        None => fleet.works(seed),
    };
    let slots: Vec<Mutex<Option<Result<WorksPlayed, WorksError>>>> =
        works.iter().map(|_| Mutex::new(None)).collect();
    on_all_cores(works.len(), threads, |at| {
        let played = play_works(fleet, &scenario, &works[at], book, seed);
        if let Ok(mut slot) = slots[at].lock() {
            *slot = Some(played);
        }
    });
    let mut played = Vec::with_capacity(works.len());
    for slot in slots {
        match slot.into_inner() {
            Ok(Some(Ok(one))) => played.push(one),
            Ok(Some(Err(error))) => return Outcome::Broken(exit::chain(&error)),
            // The thread that had it panicked, and has said so.
            Ok(None) | Err(_) => return Outcome::Broken("a works was not played".to_owned()),
        }
    }
    let failing = judge(fleet, &scenario, &played);
    Outcome::Fleet(Box::new((scenario, seed, played, failing)))
}

/// What lay outside the model, and in how many plants.
pub(super) fn notes(played: &[WorksPlayed]) -> Vec<String> {
    let note = |(id, limit): (&str, Limit)| {
        let is_outside = |works: &&WorksPlayed| works.outside.iter().any(|it| it.limit == limit);
        let count = played.iter().filter(is_outside).count();
        let sentence = limit.sentence(Lang::En);
        (count > 0).then(|| format!("outside the model: {id}, in {count} plants: {sentence}"))
    };
    Limit::CHOICES.into_iter().filter_map(note).collect()
}

/// What was played, in a line.
pub(super) fn summary(scenario: &FleetScenario, seed: Seed, played: &[WorksPlayed]) -> String {
    let readings: u64 = played.iter().map(|works| works.readings).sum();
    let raised: usize = played.iter().map(|works| works.raised.len()).sum();
    format!(
        "{} ({} plants, {}, {readings} readings, {raised} alarms, seed {})",
        scenario.title.en,
        played.len(),
        scenario.duration,
        seed.0
    )
}
