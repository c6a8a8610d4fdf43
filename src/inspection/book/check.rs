//! A book held against itself and against plants: every mistake, and what is worth a second look.

use std::collections::{BTreeMap, BTreeSet};

use super::{Book, InspectionRule, Kind, Place, lint};
use crate::base::problem::{Problems, nearest};
use crate::base::{RuleId, Span};
use crate::inspection::signal::spec;
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
    /// Rules that are for these plants and watch nothing there, and tests: worth a warning.
    pub unmatched: Vec<RuleId>,
}

impl Book {
    /// Holds the rules against plants: limits their instruments cannot show, delays shorter than
    /// a poll, rules that watch nothing.
    pub fn check_against(&self, plants: &[(&Profile, &[Tag])]) -> Review {
        let warnings = lint::warnings(&self.rules, plants);
        let mut review = Review { warnings, ..Review::default() };
        for rule in &self.rules {
            check_step(rule, &mut review.problems);
            // What other works owe is no mistake: smaller ones, with another disinfectant, or with
            // a laboratory.
            let is_for_others = !plants.iter().any(|(it, _)| rule.is_for(it));
            let is_duty = matches!(rule.kind, Kind::Round(duty) if !duty.each_site);
            let mut matched = is_for_others || is_duty;
            for (profile, tags) in plants {
                matched |= rule.watches_plant(profile);
                matched |= check_bound(rule, profile, tags, &mut review.problems);
                matched |= profile.sites.iter().any(|site| rule.watches_site(profile, site));
                for tag in tags.iter().filter(|tag| rule.watches(profile, tag)) {
                    matched |= match rule.kind {
                        Kind::Quality(it) => {
                            let made = spec::made_at(&self.tests, profile, tag);
                            !it.tests.and(made).is_empty()
                        }
                        _ => true,
                    };
                    check_tag(rule, profile, tag, &mut review.problems);
                }
            }
            if !matched {
                review.unmatched.push(rule.id.clone());
            }
        }
        review.problems.absorb(self.unknown_packs(plants.iter().map(|(profile, _)| *profile)));
        let idle = spec::check_against(&self.tests, plants, &mut review.problems);
        review.unmatched.extend(idle);
        review
    }
}

/// No id twice, and no parent that is none: neither among those `named` nor `beside` them.
pub(super) fn check_ids(
    [named, named_tests]: [&[(RuleId, Place)]; 2],
    rules: &[InspectionRule],
    beside: &[InspectionRule],
    problems: &mut Problems,
) {
    let mut first: BTreeMap<&RuleId, &Place> = BTreeMap::new();
    let rules_first = named.iter().map(|it| ("rule", it));
    let all = rules_first.chain(named_tests.iter().map(|it| ("test", it)));
    for (what, (id, place)) in all {
        if let Some(earlier) = first.get(id) {
            let there = earlier.source.place(earlier.span.start);
            let text = format!("{what} {id} is there already, at {there}");
            problems.add(&place.source, place.span.clone(), text).help("give one another id");
        } else {
            first.insert(id, place);
        }
    }
    let others = beside.iter().map(|rule| &rule.id);
    let known: BTreeSet<&str> =
        named.iter().map(|(id, _)| id).chain(others).map(RuleId::as_str).collect();
    let known: Vec<&str> = known.into_iter().collect();
    let is_lab = |id: &RuleId| {
        rules.iter().chain(beside).any(|rule| rule.id == *id && rule.kind.is_of_results())
    };
    for rule in rules {
        for parent in rule.inhibited_by.iter().filter(|id| is_lab(id)) {
            let text = format!("rule {} is inhibited by {parent}, a laboratory's", rule.id);
            let help = "its results are known hours or days later: nothing can wait for them";
            problems.add(&rule.place.source, rule.place.span.clone(), text).help(help);
        }
        let inhibiting = rule.inhibited_by.iter().map(|id| ("is inhibited by", id));
        let parents = inhibiting.chain(rule.follows.iter().map(|id| ("follows", id)));
        for (how, parent) in parents.filter(|(_, id)| !known.contains(&id.as_str())) {
            let text = format!("rule {} {how} {parent}, which is no rule", rule.id);
            let problem = problems.add(&rule.place.source, rule.place.span.clone(), text);
            if let Some(name) = nearest(parent.as_str(), &known) {
                problem.help(format!("did you mean {name:?}?"));
            }
        }
    }
}

/// What is judged in steps must be seen in two of them before a delay is over.
fn check_step(rule: &InspectionRule, problems: &mut Problems) {
    let Kind::Expression(expression) = &rule.kind else { return };
    let every = expression.every;
    if rule.on_delay > Span::ZERO && rule.on_delay < every {
        let (id, delay, place) = (&rule.id, rule.on_delay, &rule.place);
        let text = format!("rule {id}: the on-delay of {delay} is shorter than its step, {every}");
        let help = format!("make on_delay_min 0 or at least {every}");
        problems.add(&place.source, place.span.clone(), text).help(help);
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
    let place = &rule.place;
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
            problems.add(&place.source, place.span.clone(), text).help(help);
            true
        }
    }
}

fn check_tag(rule: &InspectionRule, profile: &Profile, tag: &Tag, problems: &mut Problems) {
    let place = &rule.place;
    let at = format!("{} of {}", tag.id, profile.id);
    let (low, high) = tag.range;
    let own = rule.limit_for(profile, tag);
    let further = rule.levels.further.iter();
    for limit in own.into_iter().chain(further.map(|level| level.limit)) {
        if (low..=high).contains(&limit.raise) && (low..=high).contains(&limit.clear) {
            continue;
        }
        let text = format!(
            "rule {}: {at} cannot show the limit {} (clear at {})",
            rule.id,
            shown(tag.quantity, limit.raise),
            shown(tag.quantity, limit.clear)
        );
        let range = format!("its range is {low} to {}", shown(tag.quantity, high));
        problems.add(&place.source, place.span.clone(), text).help(range);
    }
    lint::check_delays(rule, &at, tag, problems);
    if rule.patience.for_poll(tag.poll) <= tag.poll {
        let text = format!(
            "rule {}: silence of {} is no silence for {at}, which is read every {}",
            rule.id,
            rule.patience.for_poll(tag.poll),
            tag.poll
        );
        let help = "make silence_at_most_min longer than the poll";
        problems.add(&place.source, place.span.clone(), text).help(help);
    }
    if let Kind::Event(event) = &rule.kind
        && event.interval < tag.poll
    {
        let (id, step, poll) = (&rule.id, event.interval, tag.poll);
        let text =
            format!("rule {id}: a step of {step} holds no reading of {at}, read every {poll}");
        let help = "make interval_min at least one poll";
        problems.add(&place.source, place.span.clone(), text).help(help);
    }
    if let Kind::NightFlow(test) | Kind::NoDraw(test) = rule.kind
        && test.average < tag.poll
    {
        let text = format!(
            "rule {}: a block of {} holds no reading of {at}, which is read every {}",
            rule.id, test.average, tag.poll
        );
        let help = "make average_min at least one poll";
        problems.add(&place.source, place.span.clone(), text).help(help);
    }
}
