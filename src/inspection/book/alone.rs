//! Rules taken out of their book, or put in the place of others, to be tried.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::check::{Known, check_ids};
use super::part::Beside;
use super::{Book, Drafts, InspectionRule, Kind, Read, packs};
use crate::base::RuleId;
use crate::base::problem::{Problems, Source};
use crate::inspection::rule_file::Named;
use crate::inspection::signal::spec::TestSpec;

impl Book {
    /// A book of this rule, which comes first, the rules that inhibit it, and the tests of signal
    /// quality that these count; no other test has a say in it. They are in force whatever packs
    /// are chosen.
    pub fn alone(&self, rule: &InspectionRule) -> Self {
        let parents = self.rules.iter().filter(|it| rule.inhibited_by.contains(&it.id));
        let rules = std::iter::once(rule).chain(parents.filter(|it| it.id != rule.id));
        let rules: Vec<InspectionRule> =
            rules.map(|rule| InspectionRule { pack: None, ..rule.clone() }).collect();
        let counts = |test: &&TestSpec| {
            rules.iter().any(|rule| match rule.kind {
                Kind::Quality(it) => it.tests.contains(test.kind.test()),
                _ => false,
            })
        };
        let tests = self.tests.iter().filter(counts).cloned().collect();
        Self { tests, ..self.with_rules(rules) }
    }

    /// This book with the rules and tests of some files in the place of those of the same ids; and
    /// the ids of the files' rules, in their order. Those are in force whatever packs are chosen:
    /// who names a file wants to see it at work. What they name and nobody here has stands in other
    /// `places`. Beside them the files' drafts and every mistake of every file, none of those
    /// places. `is_whole`: this is all of the book, and these are all the files; where one could
    /// not be read, a rule that is named may stand there.
    pub fn with_files(
        &self,
        sources: &[Arc<Source>],
        places: &[Vec<Arc<Source>>],
        is_whole: bool,
    ) -> (Self, Vec<RuleId>, Drafts, Problems) {
        let mut problems = Problems::new();
        let read = Read::files(sources, &mut problems);
        let replaced: BTreeSet<RuleId> = read.named.iter().map(|it| it.id.clone()).collect();
        let replaced_tests: BTreeSet<&RuleId> = read.named_tests.iter().map(|it| &it.0).collect();
        let kept = self.rules.iter().filter(|rule| !replaced.contains(&rule.id)).cloned();
        let joined = packs::join(read.files, &self.packs, &mut problems);
        let always = |rule| InspectionRule { pack: None, ..rule };
        let new = joined.rules.into_iter().map(always);
        let mut rules: Vec<InspectionRule> = kept.chain(new).collect();
        let has_all_tests = read.tests.len() + read.test_drafts.len() == read.named_tests.len();
        let kept = self.tests.iter().filter(|test| !replaced_tests.contains(&test.id)).cloned();
        let tests: Vec<TestSpec> = kept.chain(read.tests).collect();
        let ours = self.rules.iter().filter(|rule| !replaced.contains(&rule.id));
        let all: Vec<Named> = ours.map(Named::of).chain(read.named.iter().cloned()).collect();
        let beside = Beside::read(places, &all.iter().map(|it| it.id.clone()).collect());
        let known = Known {
            rules: &all,
            tests: &read.named_tests,
            beside: &beside.rules,
            has_nameless: read.has_nameless || !is_whole,
        };
        check_ids(&known, &mut problems);
        rules.extend(beside.lend(&rules));
        let ids = read.named.into_iter().map(|it| it.id).collect();
        let drafts = Drafts {
            rules: joined.drafts.into_iter().map(always).collect(),
            tests: read.test_drafts,
            has_all_tests,
        };
        (Self { tests, ..self.with_rules(rules) }, ids, drafts, problems)
    }

    /// The same rules, with other tests of signal quality.
    pub fn with_tests(&self, tests: Vec<TestSpec>) -> Self {
        Self { tests, ..self.clone() }
    }

    /// A book of these rules and those that inhibit them, directly or not; with every test of
    /// signal quality, for these set the flags that rules accept.
    pub fn only(&self, wanted: &[RuleId]) -> Self {
        let mut ids: BTreeSet<&RuleId> = wanted.iter().collect();
        loop {
            let found = self.rules.iter().filter(|rule| ids.contains(&rule.id));
            let parents: BTreeSet<&RuleId> = found.flat_map(|rule| &rule.inhibited_by).collect();
            let count = ids.len();
            ids.extend(parents);
            if ids.len() == count {
                break;
            }
        }
        let rules = self.rules.iter().filter(|rule| ids.contains(&rule.id)).cloned().collect();
        self.with_rules(rules)
    }
}
