//! Thresholds of `event` rules, chosen on one set of runs to be judged on another.
//!
//! Each rule is varied over a grid; all its variants watch the same readings in one run, and the
//! one whose figures are best is chosen.

use std::sync::Arc;

use serde::Serialize;

use super::Figures;
use crate::base::RuleId;
use crate::inspection::book::{InspectionRule, Kind};
use crate::inspection::event::EventRule;
use crate::inspection::event::discriminator::Discriminator;

/// Outlier thresholds that are tried, standard deviations `[D]`.
pub const OUTLIER_SD: [f64; 7] = [0.6, 0.8, 1.0, 1.3, 1.6, 2.0, 3.0];

/// Steps of the discriminator that are tried `[D]`.
pub const WINDOW_STEPS: [usize; 4] = [4, 6, 9, 12];

/// Where in `Figures::nab` the profile stands by which variants are compared: false alarms weigh
/// twice, because whoever is called in vain stops listening `[D]`.
pub const JUDGED_BY: usize = 1;

/// What is varied.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Setting {
    /// A step that differs by so many standard deviations is an outlier.
    pub outlier_sd: f64,
    /// So many steps are looked at.
    pub window_steps: usize,
}

/// A rule with another setting.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The rule it is made of.
    pub of: RuleId,
    /// Its setting.
    pub setting: Setting,
    /// The rule, under a name of its own.
    pub rule: InspectionRule,
}

/// The setting of a rule; none for one of another kind.
pub fn setting(rule: &InspectionRule) -> Option<Setting> {
    let Kind::Event(event) = &rule.kind else { return None };
    let (outlier_sd, window_steps) = (event.outlier_sd, event.discriminator.steps);
    Some(Setting { outlier_sd, window_steps })
}

/// A rule with another setting; none when it is of another kind, or its name leaves no room.
pub fn variant(rule: &InspectionRule, setting: Setting) -> Option<Variant> {
    let Kind::Event(event) = &rule.kind else { return None };
    let Setting { outlier_sd, window_steps } = setting;
    let id = RuleId::new(&format!("{}.{outlier_sd}.{window_steps}", rule.id)).ok()?;
    let discriminator = Discriminator { steps: window_steps, ..event.discriminator };
    let event = EventRule { outlier_sd, discriminator, ..(**event).clone() };
    let rule_of = rule.id.clone();
    let rule = InspectionRule { id, kind: Kind::Event(Arc::new(event)), ..rule.clone() };
    Some(Variant { of: rule_of, setting, rule })
}

/// Every variant of every `event` rule among `rules`; its own setting comes first.
pub fn variants(rules: &[InspectionRule]) -> Vec<Variant> {
    let mut all = Vec::new();
    for rule in rules {
        let Some(own) = setting(rule) else { continue };
        let grid = OUTLIER_SD.iter().flat_map(|outlier_sd| {
            WINDOW_STEPS.map(|window_steps| Setting { outlier_sd: *outlier_sd, window_steps })
        });
        let settings = std::iter::once(own).chain(grid.filter(|it| *it != own));
        all.extend(settings.filter_map(|setting| variant(rule, setting)));
    }
    all
}

/// The position of the best figures: the highest score of NAB's profile `JUDGED_BY`, of several the
/// fewest false alarms, of several of these the first.
pub fn best<'f>(figures: impl Iterator<Item = &'f Figures>) -> Option<usize> {
    let mut best: Option<(usize, f64, f64)> = None;
    for (at, it) in figures.enumerate() {
        let score = it.nab.get(JUDGED_BY).copied().flatten().unwrap_or(f64::NEG_INFINITY);
        let wrong = it.false_per_quiet_day.unwrap_or(0.0);
        let is_better = |(_, most, fewest)| score > most || (score == most && wrong < fewest);
        if best.is_none_or(is_better) {
            best = Some((at, score, wrong));
        }
    }
    best.map(|(at, ..)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::Source;
    use crate::inspection::book::Book;

    const RULE: &str = r#"
[[rule]]
id = "event"
title = { en = "E", zh = "E" }
source = "[D]"
kind = "event"
point = "tap-water"
method = "nearest-neighbour"
interval_min = 10
history_steps = 144
outlier_sd = 0.8
window_steps = 6
event_probability = 0.85
timeout_steps = 12
on_delay_min = 0
off_delay_min = 10
priority = "medium"
no_data = "hold"
advice = { en = "A", zh = "A" }

[[rule.signal]]
quantity = "free-chlorine"
precision_mg_per_l = 0.06
"#;

    #[test]
    fn a_rule_is_varied_over_the_grid_its_own_setting_first() {
        let book = Book::load(&[Source::new("r.toml", RULE)]).expect("a rule");
        let all = variants(book.rules());
        assert_eq!(all.len(), OUTLIER_SD.len() * WINDOW_STEPS.len());
        assert_eq!(all[0].setting, Setting { outlier_sd: 0.8, window_steps: 6 });
        assert_eq!(all[0].rule.id.as_str(), "event.0.8.6");
        assert_eq!(setting(&all[5].rule), Some(all[5].setting));
        let mut names: Vec<&str> = all.iter().map(|it| it.rule.id.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn the_best_has_the_highest_score_then_the_fewest_false_alarms_then_comes_first() {
        let figures = |score: f64, wrong: f64| Figures {
            nab: [None, Some(score), None],
            false_per_quiet_day: Some(wrong),
            ..Figures::default()
        };
        let all = [figures(1.0, 0.0), figures(5.0, 0.3), figures(5.0, 0.1), figures(5.0, 0.1)];
        assert_eq!(best(all.iter()), Some(2));
        assert_eq!(best([].iter()), None);
    }
}
