//! Thresholds chosen on some seeds, and judged on others.

use super::play::Stage;
use super::report::{Judged, Report, Tuned, Tuning};
use super::words::Words;
use super::{ScoreArgs, parts};
use crate::base::Span;
use crate::cli::dataset::SeedList;
use crate::cli::exit::Failure;
use crate::exercise::score::tune::{Variant, best, variants};
use crate::exercise::score::{Figures, Run, Score, measure};
use crate::inspection::book::InspectionRule;

/// Chooses on the first seeds, judges on the second; all other figures are of the second, under the
/// rules as they ship.
pub(super) fn report(
    args: &ScoreArgs,
    [train, test]: [&SeedList; 2],
    words: &'static Words,
    gap: Span,
) -> Result<Report, Failure> {
    let stage = Stage::new(args)?;
    let variants = variants(stage.book.rules());
    if variants.is_empty() {
        return Err(Failure::usage(
            "no rule of kind `event` is in force: there is nothing to tune",
        ));
    }
    let tried = stage.book.with_rules(variants.iter().map(|it| it.rule.clone()).collect());
    let trained = measure(&stage.play(&parts(args, Some(train))?, &tried)?, gap);
    let picks: Vec<[&Variant; 2]> = picks(&variants, &trained);
    // The shipped rules and what was chosen see the same readings; only the former are scored as a
    // whole.
    let extra: Vec<InspectionRule> =
        picks.iter().flat_map(|pick| pick.iter().map(|it| it.rule.clone())).collect();
    let mut both = stage.book.rules().to_vec();
    for rule in extra {
        if both.iter().all(|it| it.id != rule.id) {
            both.push(rule);
        }
    }
    let mut runs = stage.play(&parts(args, Some(test))?, &stage.book.with_rules(both))?;
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
