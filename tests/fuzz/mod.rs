//! Inputs of a kept corpus, changed at random, given to everything that reads what others write.
//!
//! The bounded run is part of the ordinary tests, seeded: the same inputs every time. A longer one:
//!
//! ```sh
//! PROPTEST_CASES=1000000 PROPTEST_RNG_SEED=7 cargo test --all-features --test it fuzz
//! ```
//!
//! An input that finds something is printed, already made small, and belongs into the corpus.
#![expect(clippy::disallowed_methods, reason = "edge: reads the corpus")]

mod change;
mod targets;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use change::Change;

/// What a target says of an input: nothing, or what is wrong.
type Verdict = Result<(), String>;

/// The inputs that are kept of a target, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("a corpus")
        .map(|it| it.expect("a file").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    let read = |path: PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        (name.unwrap_or_default(), std::fs::read(path).expect("a file of the corpus"))
    };
    files.into_iter().map(read).collect()
}

/// Every input as it is kept, then `cases` changed ones.
fn play(target: &str, cases: u32, words: &[&str], judge: impl Fn(&[u8]) -> Verdict) {
    let kept = corpus(target);
    for (name, input) in &kept {
        assert_eq!(judge(input), Ok(()), "{target}/{name}");
    }
    let asked = Config::default();
    let seed = match asked.rng_seed {
        RngSeed::Random => RngSeed::Fixed(2024),
        fixed @ RngSeed::Fixed(_) => fixed,
    };
    // Without PROPTEST_CASES it says 256 of its own: then each target knows what fits a test.
    let cases = if asked.cases == 256 { cases } else { asked.cases };
    let config = Config { cases, rng_seed: seed, failure_persistence: None, ..asked };
    let inputs = (0..kept.len(), prop::collection::vec(Change::any(), 1..8));
    let outcome = TestRunner::new(config).run(&inputs, |(at, changes)| {
        let mut input = kept[at].1.clone();
        for change in &changes {
            change.make(&mut input, &kept, words);
        }
        judge(&input).map_err(|why| {
            let shown = String::from_utf8_lossy(&input);
            TestCaseError::fail(format!("{why}: {shown:?}, bytes {input:02x?}"))
        })
    });
    let said = outcome.err().map(|error| error.to_string());
    assert_eq!(said, None, "{target}, seed {seed:?}");
}

#[test]
fn wire() {
    let words = [
        "null",
        "[]",
        "{}",
        "\"\"",
        "1e308",
        "-0.0",
        "9007199254740992",
        "\"flag\":",
        "\"value\":",
        "0000-00-00T00:00:00Z",
        "2024-12-05T00:00:00Z",
        "\\u0000",
        "[[[[[",
        "\"exercise\":",
    ];
    play("wire", 1_500, &words, targets::wire);
}

#[test]
fn topic() {
    let words = ["sanmen/", "/v1/", "+", "#", "spBv1.0/", "NBIRTH", "DDATA", "data", "水", "\0"];
    play("topic", 1_500, &words, targets::topic);
}

#[test]
fn signature() {
    play("signature", 600, &[",\"sig\":\"", "\"}", ".", "=", "AA"], targets::signature);
}

#[cfg(feature = "sparkplug")]
#[test]
fn sparkplug() {
    let words = ["\u{0}", "\u{8}", "\u{12}", "bdSeq", "Node Control/Rebirth", "AIT-301", "\u{7f}"];
    play("sparkplug", 1_000, &words, targets::sparkplug);
}

#[test]
fn mapping() {
    let words = ["null", "[]", "{}", "1e999", "\"NaN\"", "true", "\"ts\":", "\"samples\":", "-1"];
    play("mapping", 1_000, &words, targets::mapping);
}

#[test]
fn inp() {
    let words = ["[JUNCTIONS]", "[PIPES]", "[RULES]", "[END]", ";", "\n", "1e309", "-1", "LINK"];
    play("inp", 300, &words, targets::inp);
}

#[test]
fn toml() {
    let words = ["[[", "]]", "\"\"\"", "''", "=", "1e400", "-inf", "nan", "{ }", "\n", "#", "0x"];
    play("toml", 150, &words, targets::toml);
}
