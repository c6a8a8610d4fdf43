//! The rules we ship meet the plants we ship.
#![expect(clippy::disallowed_methods, reason = "edge: reads the project's own files")]

use std::path::Path;
use std::sync::Arc;

use sanmen::base::problem::Source;
use sanmen::base::{PlantId, RuleId};
use sanmen::inspection::book::Book;
use sanmen::plant::load::{Files, load};
use sanmen::plant::tags::Tag;

fn source(path: &str) -> Arc<Source> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    Source::new(path, text.expect("a file of the project"))
}

fn book() -> Book {
    let names = ["gb5749-2022", "laboratory", "plausibility", "pressure", "signal-quality"];
    let sources = names.map(|name| source(&format!("config/rules/{name}.toml")));
    Book::load(&sources).expect("the rules we ship are sound")
}

#[test]
fn every_rule_fits_the_instruments_of_the_sanmen_plant() {
    let folder = "config/plants/sanmen";
    let files = Files {
        network: source(&format!("{folder}/network.inp")),
        plant: source(&format!("{folder}/plant.toml")),
        instruments: source(&format!("{folder}/instruments.toml")),
        laboratory: Some(source(&format!("{folder}/laboratory.toml"))),
        conditions: vec![(
            "normal".to_owned(),
            source(&format!("{folder}/conditions/normal.toml")),
        )],
    };
    let plant =
        load(PlantId::new("sanmen").expect("an id"), &files).expect("the plant we ship is sound");
    let tags: Vec<Tag> = plant.instruments.iter().map(|i| Tag::clone(&i.tag)).collect();
    let review = book().check_against(&[(&plant.profile, &tags)]);
    assert!(review.problems.is_empty(), "{}", review.problems.render(false));
    // It is no small supply and uses free chlorine: only these watch nothing.
    let unmatched: Vec<&str> = review.unmatched.iter().map(RuleId::as_str).collect();
    let expected = |id: &&str| id.ends_with("-small") || id.contains("chlorine-dioxide");
    assert!(unmatched.iter().all(expected), "{unmatched:?}");
    assert_eq!(unmatched.len(), 11, "{unmatched:?}");
}

/// Every `S…` mark in brackets, such as `S7` of `[S7][M]`.
fn marks(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.split('[').skip(1).filter_map(|rest| Some(rest.split_once(']')?.0));
    inside.filter(|mark| {
        let digits = mark.strip_prefix('S').map(|rest| rest.trim_end_matches(char::is_lowercase));
        digits.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// The texts below a folder of the project.
fn texts(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            found.push((path.display().to_string(), text));
        }
    }
}

#[test]
fn every_mark_in_the_project_leads_to_its_source() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["config", "scenarios", "src"] {
        texts(&root.join(folder), &mut files);
    }
    let page = source("src/docs/sources.md");
    let rows: Vec<&str> = page.text.lines().filter_map(|line| line.split('|').nth(1)).collect();
    let mut used = 0;
    for (path, text) in &files {
        for mark in marks(text) {
            assert!(rows.iter().any(|row| row.trim() == mark), "{path}: [{mark}] has no source");
            used += 1;
        }
    }
    assert!(used > 20, "marks are found at all, not {used}");
}
