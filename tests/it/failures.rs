//! The page of failures keeps its word: what it names exists, its scenarios expect what it says.

#![expect(clippy::disallowed_methods, reason = "edge: shipped files on disk")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../src/docs/failures.md");

/// One scenario as its file says it.
struct Shipped {
    /// The kinds of its injections.
    injected: BTreeSet<String>,
    /// The rules it expects an alarm of; `complaints` and `energy` where it expects such.
    expected: BTreeSet<String>,
}

impl Shipped {
    fn read(name: &str) -> Self {
        let path = folder().join(format!("{name}.toml"));
        let text = fs::read_to_string(&path).expect(name);
        let table: toml::Table = text.parse().expect(name);
        let rows = |key: &str| {
            let rows = table.get(key).and_then(toml::Value::as_array);
            rows.cloned().unwrap_or_default()
        };
        let word = |row: &toml::Value, key: &str| {
            row.get(key).and_then(toml::Value::as_str).map(str::to_owned)
        };
        let is_wanted = |row: &&toml::Value| {
            row.get("never").is_none()
                && row.get("at_most").is_none_or(|n| n.as_integer() != Some(0))
        };
        let injects = rows("inject");
        let expects = rows("expect");
        let wanted: Vec<_> = expects.iter().filter(is_wanted).collect();
        let told = [("ticket", "complaints"), ("pump", "energy")].into_iter();
        let others = told.filter(|(key, _)| wanted.iter().any(|row| row.get(*key).is_some()));
        Self {
            injected: injects.iter().filter_map(|row| word(row, "kind")).collect(),
            expected: (wanted.iter().filter_map(|row| word(row, "rule")))
                .chain(others.map(|(_, word)| word.to_owned()))
                .collect(),
        }
    }
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// The names of what ships in `below`, a folder of that folder.
fn names(below: &str) -> Vec<String> {
    let files = fs::read_dir(folder().join(below)).expect("a folder");
    let paths = files.map(|entry| entry.expect("a file").path());
    let stem = |path: std::path::PathBuf| {
        path.is_file().then(|| path.file_stem().expect("a name").to_string_lossy().into_owned())
    };
    paths.filter_map(stem).collect()
}

/// The words in backquotes of a cell.
fn words(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The rows of the tables that have so many columns, heads left out.
fn rows(columns: usize) -> Vec<Vec<&'static str>> {
    let cells = PAGE
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let of_it = cells.filter(|row| row.len() == columns && !row[0].starts_with("---"));
    of_it.skip(1).collect()
}

#[test]
fn every_failure_is_injected_and_told_as_the_page_says() {
    let failures = rows(6);
    assert!(failures.len() >= 22, "only {} failures", failures.len());
    for row in failures {
        let (failure, kinds, rules) = (row[0], words(row[3]), words(row[5]));
        let plays: Vec<_> = words(row[4]).into_iter().map(Shipped::read).collect();
        assert!(!plays.is_empty() && !kinds.is_empty() && !rules.is_empty(), "{failure}: a gap");
        for play in &plays {
            let is_played = kinds.iter().any(|kind| play.injected.contains(*kind));
            assert!(is_played, "{failure}: a scenario injects none of {kinds:?}");
        }
        for kind in kinds {
            let is_used = plays.iter().any(|play| play.injected.contains(kind));
            assert!(is_used, "{failure}: no scenario injects {kind}");
        }
        for rule in rules {
            let is_expected = plays.iter().any(|play| play.expected.contains(rule));
            assert!(is_expected, "{failure}: no scenario expects {rule}");
        }
    }
}

#[test]
fn every_shipped_scenario_stands_on_the_page() {
    let told: BTreeSet<&str> = (rows(6).into_iter().flat_map(|row| words(row[4])))
        .chain(rows(2).into_iter().flat_map(|row| words(row[1])))
        .collect();
    let limits = names("substances").into_iter().map(|name| format!("substances/{name}"));
    for name in names("").into_iter().chain(limits) {
        assert!(told.contains(name.as_str()), "src/docs/failures.md does not name {name}");
    }
}

#[test]
fn every_shipped_exercise_stands_on_the_page_of_exercises() {
    let page = include_str!("../../src/docs/exercises.md");
    let names = names("exercises");
    assert!(names.len() >= 8, "exercises are found at all: {names:?}");
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "src/docs/exercises.md does not name {name}");
    }
}

#[test]
fn every_shipped_rule_is_raised_by_a_scenario_or_by_a_test_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenarios = names("").into_iter().map(|name| Shipped::read(&name));
    let played: BTreeSet<String> = scenarios.flat_map(|play| play.expected).collect();
    let rows = |table: &toml::Table, key: &str| {
        table.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default()
    };
    let mut rules = 0;
    for entry in fs::read_dir(root.join("config/rules")).expect("rules") {
        let path = entry.expect("a file").path();
        let text = fs::read_to_string(&path).expect("a file of the project");
        let file: toml::Table = text.parse().expect("TOML");
        for rule in rows(&file, "rule") {
            let rule = rule.as_table().expect("a table");
            let id = rule.get("id").and_then(toml::Value::as_str).expect("an id");
            let expected =
                rows(rule, "test").into_iter().filter_map(|it| it.get("expect").cloned());
            let is_tried = expected
                .filter_map(|it| it.as_array().cloned())
                .flatten()
                .any(|it| it.get("state").and_then(toml::Value::as_str) == Some("raised"));
            assert!(
                is_tried || played.contains(id),
                "{}: no scenario and no [[rule.test]] raises {id}",
                path.display()
            );
            rules += 1;
        }
    }
    assert!(rules > 80, "rules are found at all, not {rules}");
}

#[test]
fn the_scenario_of_the_readme_holds_as_it_stands_there() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```toml\ntitle").expect("a scenario");
    let (scenario, _) = rest.split_once("```").expect("its end");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("my.toml"), format!("title{scenario}")).expect("written");
    let output = crate::support::command::sanmen(folder.path(), &["test", "my.toml"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
}
