//! A book held against itself and against plants: every mistake, and what is worth a second look.

use std::collections::BTreeMap;

use super::place::limit_key;
use super::{Book, Drafts, InspectionRule, Kind, Place, lint, misnamed};
use crate::base::problem::{Problems, nearest};
use crate::base::{RuleId, Span};
use crate::inspection::rule_file::{Named, Parent, Relation};
use crate::inspection::signal::spec::{self, TestSpec};
use crate::inspection::unit_keys::shown;
use crate::plant::profile::Profile;
use crate::plant::tags::Tag;

/// What came out of holding a book against plants.
#[derive(Debug, Default)]
pub struct Review {
    /// Mistakes: the book cannot be used with these plants.
    pub problems: Problems,
    /// What is worth a second look, but no mistake.
    pub warnings: Problems,
    /// Rules and tests that are for these plants and watch nothing there: worth a warning.
    pub unmatched: Vec<RuleId>,
}

impl Book {
    /// Holds the rules against plants: limits their instruments cannot show, delays shorter than
    /// a poll, rules that watch nothing.
    pub fn check_against(&self, plants: &[(&Profile, &[Tag])]) -> Review {
        self.review(&Drafts::none(), plants)
    }

    /// The same, and beside the rules of the book drafts of others: only their mistakes are told.
    pub fn review(&self, drafts: &Drafts, plants: &[(&Profile, &[Tag])]) -> Review {
        let warnings = lint::warnings(&self.rules, plants);
        let mut review = Review { warnings, ..Review::default() };
        let misnamed = misnamed::warn(&self.rules, &self.tests, plants, &mut review.warnings);
        for rule in &self.rules {
            let matched = self.check_rule(rule, plants, &mut review.problems);
            let counts_others = matches!(rule.kind, Kind::Quality(_)) && !drafts.has_all_tests;
            if !matched && !counts_others && !misnamed.contains(&rule.id) {
                review.unmatched.push(rule.id.clone());
            }
        }
        for rule in &drafts.rules {
            self.check_rule(rule, plants, &mut review.problems);
        }
        review.problems.absorb(self.unknown_packs(plants.iter().map(|(profile, _)| *profile)));
        let tests: Vec<TestSpec> = self.tests.iter().chain(&drafts.tests).cloned().collect();
        let idle = spec::check_against(&tests, plants, &mut review.problems);
        let is_told =
            |id: &RuleId| misnamed.contains(id) || drafts.tests.iter().any(|test| test.id == *id);
        review.unmatched.extend(idle.into_iter().filter(|id| !is_told(id)));
        review
    }

    /// Holds one rule against plants; has it anything to watch, or is it for others?
    fn check_rule(
        &self,
        rule: &InspectionRule,
        plants: &[(&Profile, &[Tag])],
        problems: &mut Problems,
    ) -> bool {
        check_step(rule, problems);
        // What other works owe is no mistake: smaller ones, with another disinfectant, or with
        // a laboratory.
        let is_for_others = !plants.iter().any(|(it, _)| rule.is_for(it));
        let is_duty = matches!(rule.kind, Kind::Round(duty) if !duty.each_site);
        let mut matched = is_for_others || is_duty;
        for (profile, tags) in plants {
            matched |= rule.watches_plant(profile);
            matched |= check_bound(rule, profile, tags, problems);
            matched |= profile.sites.iter().any(|site| rule.watches_site(profile, site));
            for tag in tags.iter().filter(|tag| rule.watches(profile, tag)) {
                matched |= match rule.kind {
                    Kind::Quality(it) => {
                        let made = spec::made_at(&self.tests, profile, tag);
                        !it.tests.and(made).is_empty()
                    }
                    _ => true,
                };
                check_tag(rule, profile, tag, problems);
            }
        }
        matched
    }
}

/// Every name there is: of the rules and tests of some files, sound or not, and of rules elsewhere.
pub(super) struct Known<'k> {
    pub rules: &'k [Named],
    pub tests: &'k [(RuleId, Place)],
    pub beside: &'k [InspectionRule],
    /// Some rule has a name that cannot be read: a name that is near none may be its.
    pub has_nameless: bool,
}

/// No id twice, and no parent that is none.
pub(super) fn check_ids(known: &Known<'_>, problems: &mut Problems) {
    let mut first: BTreeMap<&RuleId, &Place> = BTreeMap::new();
    let rules = known.rules.iter().map(|it| ("rule", &it.id, &it.place));
    let all = rules.chain(known.tests.iter().map(|(id, place)| ("test", id, place)));
    for (what, id, place) in all {
        if let Some(earlier) = first.get(id) {
            let there = earlier.source.place(earlier.span.start);
            let text = format!("{what} {id} is there already, at {there}");
            problems.add(&place.source, place.span.clone(), text).help("give one another id");
        } else {
            first.insert(id, place);
        }
    }
    let others = known.beside.iter().map(|rule| (&rule.id, rule.kind.is_of_results()));
    let named = known.rules.iter().map(|it| (&it.id, it.is_of_results));
    let of_results: BTreeMap<&str, bool> =
        others.chain(named).map(|(id, is)| (id.as_str(), is)).collect();
    let names: Vec<&str> = of_results.keys().copied().collect();
    for rule in known.rules {
        let source = &rule.place.source;
        for Parent { relation, id, span } in &rule.parents {
            match (of_results.get(id.as_str()), relation) {
                (Some(true), Relation::InhibitedBy) => {
                    let text = format!("rule {} is inhibited by {id}, a laboratory's", rule.id);
                    let help =
                        "its results are known hours or days later: nothing can wait for them";
                    problems.add(source, span.clone(), text).help(help);
                }
                (Some(_), _) => {}
                (None, _) => {
                    let near = nearest(id.as_str(), &names);
                    if near.is_none() && known.has_nameless {
                        continue;
                    }
                    let how = relation.words();
                    let text = format!("rule {} {how} {id}, which is no rule", rule.id);
                    let problem = problems.add(source, span.clone(), text);
                    if let Some(name) = near {
                        problem.help(format!("did you mean {name:?}?"));
                    }
                }
            }
        }
    }
}

/// What is judged in steps must be seen in two of them before a delay is over.
fn check_step(rule: &InspectionRule, problems: &mut Problems) {
    let Kind::Expression(expression) = &rule.kind else { return };
    let every = expression.every;
    if rule.on_delay > Span::ZERO && rule.on_delay < every {
        let (id, delay) = (&rule.id, rule.on_delay);
        let text = format!("rule {id}: the on-delay of {delay} is shorter than its step, {every}");
        let help = format!("make on_delay_min 0 or at least {every}");
        rule.place.add(&[&["on_delay_min"]], text, problems).help(help);
    }
}

/// Binds an expression rule to a plant; does it find its instruments there?
fn check_bound(
    rule: &InspectionRule,
    profile: &Profile,
    tags: &[Tag],
    problems: &mut Problems,
) -> bool {
    let Kind::Expression(expression) = &rule.kind else { return false };
    if !rule.is_chosen(profile) {
        return false;
    }
    match expression.bind(profile, tags) {
        Ok(bindings) => !bindings.is_empty(),
        Err(several) => {
            let text = format!(
                "rule {}: the input {:?} could be {} of {}",
                rule.id,
                several.input,
                several.tags.join(" or "),
                profile.id
            );
            let help = "say which by point or tag, or take them all with every or each = true";
            rule.place.add(&[&["inputs", &several.input]], text, problems).help(help);
            true
        }
    }
}

fn check_tag(rule: &InspectionRule, profile: &Profile, tag: &Tag, problems: &mut Problems) {
    let place = &rule.place;
    let at = format!("{} of {}", tag.id, profile.id);
    check_limits(rule, (profile, tag), &at, problems);
    lint::check_delays(rule, &at, tag, problems);
    if rule.patience.for_poll(tag.poll) <= tag.poll {
        let text = format!(
            "rule {}: silence of {} is no silence for {at}, which is read every {}",
            rule.id,
            rule.patience.for_poll(tag.poll),
            tag.poll
        );
        let help = "make silence_at_most_min longer than the poll";
        let keys: [&[&str]; 3] =
            [&["silence_at_most_min"], &["silence_at_least_min"], &["silence_polls"]];
        place.add(&keys, text, problems).help(help);
    }
    if let Kind::Event(event) = &rule.kind
        && event.interval < tag.poll
    {
        let (id, step, poll) = (&rule.id, event.interval, tag.poll);
        let text =
            format!("rule {id}: a step of {step} holds no reading of {at}, read every {poll}");
        let help = "make interval_min at least one poll";
        place.add(&[&["interval_min"]], text, problems).help(help);
    }
    if let Kind::NightFlow(test) | Kind::NoDraw(test) = rule.kind
        && test.average < tag.poll
    {
        let text = format!(
            "rule {}: a block of {} holds no reading of {at}, which is read every {}",
            rule.id, test.average, tag.poll
        );
        let help = "make average_min at least one poll";
        place.add(&[&["average_min"]], text, problems).help(help);
    }
}

/// A limit that the instrument cannot show, or from which it cannot show the way back.
fn check_limits(
    rule: &InspectionRule,
    (profile, tag): (&Profile, &Tag),
    at: &str,
    problems: &mut Problems,
) {
    let (low, high) = tag.range;
    let key = limit_key(rule, tag);
    let own = rule.limit_for(profile, tag).map(|limit| (None, limit));
    let further = rule.levels.further.iter().enumerate();
    let further = further.map(|(n, level)| (Some(n.to_string()), level.limit));
    for (level, limit) in own.into_iter().chain(further) {
        let shows = |value| (low..=high).contains(&value);
        if shows(limit.raise) && shows(limit.clear) {
            continue;
        }
        let text = format!(
            "rule {}: {at} cannot show the limit {} (clear at {})",
            rule.id,
            shown(tag.quantity, limit.raise),
            shown(tag.quantity, limit.clear)
        );
        let range = format!("its range is {low} to {}", shown(tag.quantity, high));
        let raise = if level.is_some() { limit.side.stem() } else { key };
        let keys = if shows(limit.raise) { ["clear_", "deadband_", raise] } else { [raise; 3] };
        let paths = keys.map(|key| match &level {
            Some(level) => vec!["level", level, key],
            None => vec![key],
        });
        rule.place.add(&paths.each_ref().map(Vec::as_slice), text, problems).help(range);
    }
}
