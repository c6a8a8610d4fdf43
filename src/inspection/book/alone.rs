//! One rule taken out of its book, to be tried by itself.

use super::{Book, InspectionRule, Kind};
use crate::inspection::finding::RuleIndex;
use crate::inspection::signal::spec::TestSpec;

impl Book {
    /// A book of this rule, which comes first, the rules that inhibit it, and the tests of signal
    /// quality that these count; no other test has a say in it.
    pub fn alone(&self, rule: &InspectionRule) -> Self {
        let parents = self.rules.iter().filter(|it| rule.inhibited_by.contains(&it.id));
        let rules: Vec<InspectionRule> =
            std::iter::once(rule).chain(parents.filter(|it| it.id != rule.id)).cloned().collect();
        let counts = |test: &&TestSpec| {
            rules.iter().any(|rule| match rule.kind {
                Kind::Quality(it) => it.tests.contains(test.kind.test()),
                _ => false,
            })
        };
        let tests = self.tests.iter().filter(counts).cloned().collect();
        let by_id = rules.iter().enumerate().map(|(i, it)| (it.id.clone(), RuleIndex(i))).collect();
        Self { rules, tests, by_id, handling: self.handling.clone() }
    }
}
