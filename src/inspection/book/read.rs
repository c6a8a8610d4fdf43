//! Rule files, read: before what stands in them is held against each other.

use std::sync::Arc;

use super::Place;
use super::packs::OfFile;
use crate::base::RuleId;
use crate::base::problem::{Problems, Source, read_toml};
use crate::inspection::pack;
use crate::inspection::rule_file;
use crate::inspection::signal::spec::TestSpec;
use crate::inspection::signal::spec_file;

/// What stands in rule files, before it is held against each other.
#[derive(Default)]
pub(super) struct Read {
    /// The rules that are sound, by file.
    pub files: Vec<OfFile>,
    /// The tests that are sound.
    pub tests: Vec<TestSpec>,
    /// Every rule that has an id, sound or not.
    pub named: Vec<(RuleId, Place)>,
    /// Every test that has an id.
    pub named_tests: Vec<(RuleId, Place)>,
}

impl Read {
    /// Reads the files; what is wrong with them goes to `problems`.
    pub fn files(sources: &[Arc<Source>], problems: &mut Problems) -> Self {
        let mut all = Self::default();
        for source in sources {
            let read = read_toml(source, |table| {
                let head = pack::head(table);
                let tests = spec_file::read(table, &mut all.named_tests);
                Some((tests, OfFile { head, rules: rule_file::read(table, &mut all.named) }))
            });
            match read {
                Ok((tests, file)) => {
                    all.tests.extend(tests);
                    all.files.push(file);
                }
                Err(mistakes) => problems.absorb(mistakes),
            }
        }
        all
    }
}
