//! Thresholds chosen on some seeds, and judged on others.

use std::collections::BTreeSet;

use super::play::Stage;
use super::report::{Judged, Report, Tuned, Tuning};
use super::words::Words;
use super::{ScoreArgs, parts};
use crate::base::{RuleId, Span};
use crate::cli::dataset::SeedList;
use crate::cli::exit::Failure;
use crate::exercise::score::tune::{self, Variant, best};
use crate::exercise::score::{Figures, Run, Score, measure};
use crate::inspection::book::Book;

/// Chooses on the first seeds, judges on the second; all other figures are of the second, under the
/// rules as they ship.
pub(super) fn report(
    args: &ScoreArgs,
    [train, test]: [&SeedList; 2],
    words: &'static Words,
    gap: Span,
) -> Result<Report, Failure> {
    let (stage, training) = Stage::with_parts(args, Some(train))?;
    let training = stage.judged(training)?;
    let variants = tune::variants(&training.rules());
    if variants.is_empty() {
        return Err(Failure::usage(
            "no rule of kind `event` is in force: there is nothing to tune",
        ));
    }
    let of_book = |book: &Book| tune::variants(book.rules()).into_iter().map(|it| it.rule);
    let trained = measure(&stage.play(&training.with(|book| of_book(book).collect()))?, gap);
    let picks: Vec<[&Variant; 2]> = picks(&variants, &trained);
    // The shipped rules and what was chosen see the same readings; only the former are scored as a
    // whole.
    let extra: BTreeSet<&RuleId> = picks.iter().flatten().map(|it| &it.rule.id).collect();
    let testing = stage.judged(parts(args, Some(test))?)?;
    let both = |book: &Book| {
        let chosen = of_book(book).filter(|rule| extra.contains(&rule.id));
        book.rules().iter().cloned().chain(chosen).collect()
    };
    let mut runs = stage.play(&testing.with(both))?;
    let judged = measure(&runs, gap);
    let of = |variant: &Variant| Judged {
        setting: variant.setting,
        train: figures(&trained, variant),
        test: figures(&judged, variant),
    };
    let rules = picks.iter().map(|[shipped, chosen]| Tuned {
        rule: shipped.of.to_string(),
        shipped: of(shipped),
        chosen: of(chosen),
    });
    let tuning =
        Tuning { train: train.to_string(), test: test.to_string(), rules: rules.collect() };
    for run in &mut runs {
        keep_shipped(run, &variants);
    }
    Ok(Report::new(words, runs.len(), measure(&runs, gap)).with(tuning))
}

fn keep_shipped(run: &mut Run, variants: &[Variant]) {
    run.alerts.retain(|alert| variants.iter().all(|it| it.rule.id.as_str() != alert.by));
}

/// For each rule its own variant and the best one.
fn picks<'v>(variants: &'v [Variant], trained: &Score) -> Vec<[&'v Variant; 2]> {
    let mut picks = Vec::new();
    let mut rest = variants;
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|it| it.of == first.of).count();
        let (group, others) = rest.split_at(count);
        let figures: Vec<Figures> = group.iter().map(|it| figures(trained, it)).collect();
        let chosen = best(figures.iter()).and_then(|at| group.get(at)).unwrap_or(first);
        picks.push([first, chosen]);
        rest = others;
    }
    picks
}

/// The figures of a variant; one that never said anything found nothing.
fn figures(score: &Score, variant: &Variant) -> Figures {
    score.detectors.get(variant.rule.id.as_str()).cloned().unwrap_or_else(|| score.silent.clone())
}
