//! Rule files, read: before what stands in them is held against each other.

use std::sync::Arc;

use super::Place;
use super::packs::OfFile;
use crate::base::RuleId;
use crate::base::problem::{Problems, Source, read_toml_partly};
use crate::inspection::pack;
use crate::inspection::rule_file::{self, Named};
use crate::inspection::signal::spec::TestSpec;
use crate::inspection::signal::spec_file;

/// What stands in rule files, before it is held against each other.
#[derive(Default)]
pub(super) struct Read {
    /// The rules, by file.
    pub files: Vec<OfFile>,
    /// The tests that are sound.
    pub tests: Vec<TestSpec>,
    /// Tests with mistakes that can still be held against instruments.
    pub test_drafts: Vec<TestSpec>,
    /// Every rule that has an id, sound or not, with the rules that it names.
    pub named: Vec<Named>,
    /// Every test that has an id.
    pub named_tests: Vec<(RuleId, Place)>,
    /// Some rule has no id that can be read: others may mean it.
    pub has_nameless: bool,
}

impl Read {
    /// Reads the files; what is wrong with them goes to `problems`.
    pub fn files(sources: &[Arc<Source>], problems: &mut Problems) -> Self {
        let mut all = Self::default();
        for source in sources {
            let (file, mistakes) = read_toml_partly(source, &["rule", "quality-test"], |table| {
                let before = table.mistakes();
                let head = pack::head(table);
                let has_sound_head = table.mistakes() == before;
                let tests = spec_file::read(table, &mut all.named_tests);
                all.tests.extend(tests.sound);
                all.test_drafts.extend(tests.drafts);
                let found = rule_file::read(table, &mut all.named);
                all.has_nameless |= found.has_nameless;
                // Without its pack nobody can say for which plants a rule is.
                let drafts = if has_sound_head { found.drafts } else { Vec::new() };
                Some(OfFile { head, rules: found.sound, drafts })
            });
            // What is no TOML may be a rule.
            all.has_nameless |= mistakes.iter().any(|it| it.text().starts_with("not TOML"));
            problems.absorb(mistakes);
            all.files.extend(file);
        }
        all
    }
}
