//! A part of a larger book: the rules of some files, with what they need of the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::check::{Known, check_ids};
use super::packs::Joined;
use super::{Book, InspectionRule, Kind, Read, packs};
use crate::base::RuleId;
use crate::base::problem::{Problems, Source};
use crate::inspection::pack::Pack;
use crate::inspection::signal::spec::TestSpec;

/// Rules of some files, which may name rules and packs that stand elsewhere.
#[derive(Debug, Clone)]
pub struct Part {
    /// The rules of the files, and behind them those that were lent.
    pub book: Book,
    /// Rules that stand elsewhere: those of the files name them.
    pub lent: BTreeSet<RuleId>,
    /// How many tests of signal quality the files have themselves; those of elsewhere are in the
    /// book when they have none, and a rule that counts them.
    pub own_tests: usize,
}

/// What in rule files has mistakes and is yet clear enough to be held against plants: what it
/// watches is known, and what it looks for.
#[derive(Debug, Clone)]
pub struct Drafts {
    /// The rules. What could not be read of them is such that no plant could mind it.
    pub rules: Vec<InspectionRule>,
    /// The tests of signal quality.
    pub tests: Vec<TestSpec>,
    /// Are these, and those of the book, all the tests that the files have?
    pub has_all_tests: bool,
}

impl Drafts {
    /// Those of files without a mistake.
    pub fn none() -> Self {
        Self { rules: Vec::new(), tests: Vec::new(), has_all_tests: true }
    }
}

impl Part {
    /// The book without the rules that were lent.
    pub fn own(&self) -> Book {
        let rules = self.book.rules.iter().filter(|rule| !self.lent.contains(&rule.id));
        self.book.with_rules(rules.cloned().collect())
    }
}

/// What stands in other files: the nearest first. Their mistakes are of no matter here.
pub(super) struct Beside {
    pub rules: Vec<InspectionRule>,
    packs: Vec<Pack>,
    tests: Vec<TestSpec>,
}

impl Beside {
    /// Of several places, the first that has a rule or a pack of that name counts; tests of signal
    /// quality are those of the first that has any.
    pub fn read(places: &[Vec<Arc<Source>>], named: &BTreeSet<RuleId>) -> Self {
        let mut beside = Self { rules: Vec::new(), packs: Vec::new(), tests: Vec::new() };
        let mut taken = named.clone();
        for place in places {
            let mut mistakes = Problems::new();
            let read = Read::files(place, &mut mistakes);
            let Joined { rules, packs, .. } = packs::join(read.files, &beside.packs, &mut mistakes);
            beside.rules.extend(rules.into_iter().filter(|rule| taken.insert(rule.id.clone())));
            beside.packs.extend(packs);
            if beside.tests.is_empty() {
                beside.tests = read.tests;
            }
        }
        beside
    }

    /// The rules that `rules` name, and those that these name in turn.
    pub fn lend(&self, rules: &[InspectionRule]) -> Vec<InspectionRule> {
        let mut lent: Vec<InspectionRule> = Vec::new();
        loop {
            let all = || rules.iter().chain(&lent);
            let parents: BTreeSet<&RuleId> =
                all().flat_map(|it| it.inhibited_by.iter().chain(&it.follows)).collect();
            let there: BTreeSet<&RuleId> = all().map(|rule| &rule.id).collect();
            let is_wanted = |id| parents.contains(id) && !there.contains(id);
            let more: Vec<InspectionRule> =
                self.rules.iter().filter(|rule| is_wanted(&rule.id)).cloned().collect();
            if more.is_empty() {
                return lent;
            }
            lent.extend(more);
        }
    }
}

impl Book {
    /// Reads rule files that are part of a larger book: what they name and do not have stands in
    /// other places, the nearest first. Errors: every mistake of every file, none of those places.
    pub fn load_part(
        sources: &[Arc<Source>],
        places: &[Vec<Arc<Source>>],
    ) -> Result<Part, Problems> {
        let (part, _, problems) = Self::read_part(sources, places, true);
        problems.into_result(Some(part))
    }

    /// The same, whatever mistakes there are: the rules without any, those with some that can still
    /// be held against plants, and every mistake. `is_whole`: these are all the files; where one
    /// could not be read, a rule that is named may stand there.
    pub fn read_part(
        sources: &[Arc<Source>],
        places: &[Vec<Arc<Source>>],
        is_whole: bool,
    ) -> (Part, Drafts, Problems) {
        let mut problems = Problems::new();
        let read = Read::files(sources, &mut problems);
        let named = read.named.iter().map(|it| it.id.clone()).collect();
        let beside = Beside::read(places, &named);
        let mut joined = packs::join(read.files, &beside.packs, &mut problems);
        let known = Known {
            rules: &read.named,
            tests: &read.named_tests,
            beside: &beside.rules,
            has_nameless: read.has_nameless || !is_whole,
        };
        check_ids(&known, &mut problems);
        let own_tests = read.named_tests.len();
        let has_all_tests = read.tests.len() + read.test_drafts.len() == own_tests;
        let drafts = Drafts { rules: joined.drafts, tests: read.test_drafts, has_all_tests };
        let counts = joined.rules.iter().any(|rule| matches!(rule.kind, Kind::Quality(_)));
        let lends = counts && own_tests == 0;
        let tests = if lends { beside.tests.clone() } else { read.tests };
        let lent = beside.lend(&joined.rules);
        let ids = lent.iter().map(|rule| rule.id.clone()).collect();
        joined.rules.extend(lent);
        joined.packs.extend(beside.packs);
        let empty = Self { packs: joined.packs, tests, ..Self::default() };
        let book = empty.with_rules(joined.rules);
        (Part { book, lent: ids, own_tests }, drafts, problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, more: &str) -> String {
        format!(
            r#"
[[rule]]
id = "{id}"
title = {{ en = "Low", zh = "低" }}
source = "a plan [D]"
kind = "limit"
quantity = "free-chlorine"
below_mg_per_l = 0.3
on_delay_min = 5
off_delay_min = 5
priority = "low"
no_data = "hold"
advice = {{ en = "Look.", zh = "看。" }}
{more}
"#
        )
    }

    fn file(text: impl Into<String>) -> Vec<Arc<Source>> {
        vec![Source::new("rules.toml", text)]
    }

    #[test]
    fn what_a_file_names_is_lent_by_the_nearest_place_with_what_that_names() {
        let ours = file(rule("ours", "follows = [\"near\"]"));
        let near = file(rule("near", "inhibited_by = [\"far\"]") + &rule("aside", ""));
        let far = file(rule("far", "") + &rule("near", "") + &rule("other", ""));
        let part = Book::load_part(&ours, &[near, far]).expect("a sound part");
        let ids: Vec<&str> = part.book.rules().iter().map(|rule| rule.id.as_str()).collect();
        assert_eq!(ids, ["ours", "near", "far"]);
        assert_eq!(part.own().rules().len(), 1);
        assert!(Book::load(&ours).is_err(), "alone it names a rule that is none");
    }

    #[test]
    fn a_name_that_stands_nowhere_is_a_mistake_and_those_of_other_files_are_none() {
        let ours = file(rule("ours", "follows = [\"naer\"]"));
        let beside = file(rule("near", "priority = \"lo\""));
        let mistakes = Book::load_part(&ours, std::slice::from_ref(&beside));
        let text = mistakes.expect_err("a misspelling").to_string();
        assert!(text.contains("follows naer, which is no rule"), "{text}");
        let sound = Book::load_part(&file(rule("ours", "")), &[beside]);
        assert_eq!(sound.expect("it names nothing").book.rules().len(), 1);
    }
}
