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
    let names = ["gb5749-2022", "plausibility", "pressure", "signal-quality"];
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
    assert_eq!(unmatched.len(), 7, "{unmatched:?}");
}
