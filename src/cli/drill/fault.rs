//! What an instructor lets happen beside the script: its form at the desk, and the exercise's file
//! with it.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::LOG;
use crate::base::Text;
use crate::base::problem::Source;
use crate::cli::exercise::cards::units;
use crate::cli::exercise::play::read_log;
use crate::cli::exercise::short_name;
use crate::desk::api::drill::{Ask, Filling, Make, Making};
use crate::desk::api::editor::Denied;
use crate::exercise::improvised::as_improvised;
use crate::exercise::places::titles;
use crate::exercise::session::log::Direction;
use crate::plant::Plant;
use crate::scenario::draft::{Change, begun_fault, changed_fault, described_fault, fault_kinds};
use crate::scenario::exercise::Exercise;
use crate::scenario::read_fault;

/// Bytes of a fault's text at most: it has a few keys.
const TEXT_MAX: usize = 4 * 1024;

/// What a page says: each wish has its own part of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    text: String,
    kind: Option<String>,
    change: Option<Change>,
}

/// The direction to let happen at `plant` what `keys` say. Errors: every mistake of theirs.
pub(super) fn direction(keys: &str, plant: &Plant) -> Result<Direction, String> {
    let injection = read_fault(&Source::new("fault", keys), plant);
    let injection = injection.map_err(|problems| problems.to_string())?;
    Ok(Direction::Inject { injection, keys: Some(keys.to_owned()) })
}

/// Helps to fill in what is to happen at `plant`.
pub(super) fn filling(plant: &Arc<Plant>) -> Filling {
    let plant = Arc::clone(plant);
    Arc::new(move |ask, said| {
        let said: Said =
            serde_json::from_value(said).map_err(|why| Denied::Senseless(why.to_string()))?;
        answer(ask, &said, &plant)
    })
}

fn answer(ask: Ask, said: &Said, plant: &Plant) -> Result<Value, Denied> {
    let senseless = |text: &str| Denied::Senseless(text.to_owned());
    if said.text.len() > TEXT_MAX {
        return Err(Denied::Conflict(format!("the text is longer than {} KiB", TEXT_MAX / 1024)));
    }
    match ask {
        Ask::Choices => Ok(choices(plant)),
        Ask::Begun => {
            let kind = said.kind.as_deref().ok_or_else(|| senseless("say the kind"))?;
            let none = || Denied::Conflict(format!("{kind} cannot come to this plant midway"));
            Ok(described(&begun_fault(kind, plant).ok_or_else(none)?, plant))
        }
        Ask::Described => Ok(described(&said.text, plant)),
        Ask::Changed => {
            let Some(Change::Set { path, value }) = &said.change else {
                return Err(senseless("say which value is set"));
            };
            let text = changed_fault(&said.text, (path, value.as_ref()), plant);
            Ok(described(&text.map_err(|why| Denied::Conflict(why.to_string()))?, plant))
        }
    }
}

fn described(text: &str, plant: &Plant) -> Value {
    let (draft, fault) = described_fault(text, plant);
    let holds = fault.is_some();
    json!({ "text": text, "form": draft.form, "mistakes": draft.mistakes, "holds": holds })
}

/// The kinds that there are, and what people call this plant's places.
fn choices(plant: &Plant) -> Value {
    let faults = fault_kinds(plant).into_iter();
    let faults = faults.map(|(part, kinds)| json!({ "part": part, "kinds": kinds }));
    let mut names = Map::new();
    let mut call = |id: &str, title: &Text| {
        names.insert(id.to_owned(), json!(title));
    };
    for (id, title) in titles(plant) {
        call(id, &title);
    }
    for village in &plant.profile.villages {
        call(village.id.as_str(), &village.title);
    }
    for instrument in &plant.instruments {
        call(instrument.tag.id.as_str(), &instrument.tag.title);
    }
    for station in &plant.stations {
        call(station.id.as_str(), &station.title);
    }
    let dosing = Text { en: "dosing pump".to_owned(), zh: "加药泵".to_owned() };
    call(plant.train.dosing.id.as_str(), &dosing);
    let tags: Vec<&str> = plant.instruments.iter().map(|it| it.tag.id.as_str()).collect();
    let id = plant.id.as_str();
    let own = json!({ "title": plant.profile.title, "names": names, "tags": tags, "words": {} });
    json!({
        "faults": faults.collect::<Vec<_>>(),
        "cards": {
            "units": units(), "rules": {}, "causes": {}, "verbs": [], "plants": { id: own },
        },
    })
}

/// Makes the file of `exercise` with what its instructor let happen, as the log in `folder` says.
pub(super) fn making(exercise: &Arc<Exercise>, plant: &Arc<Plant>, folder: &Path) -> Make {
    let own = (Arc::clone(exercise), Arc::clone(plant), folder.join(LOG));
    Arc::new(move || {
        let (exercise, plant, log) = own.clone();
        Box::pin(async move {
            let made = tokio::task::spawn_blocking(move || {
                let log = read_log(&log).map_err(|_| "the log of the exercise cannot be read")?;
                let text = as_improvised(&exercise, &plant, &log);
                let text = text.ok_or("nothing has been let happen beside the script")?;
                let name = short_name(&exercise.scenario.source.path);
                Ok::<_, &str>((format!("{name}-improvised.toml"), text))
            });
            let made = made.await.map_err(|error| error.to_string())?;
            made.map_err(str::to_owned)
        }) as Making
    })
}

#[cfg(test)]
mod tests {
    //! Nothing that a plant lacks is offered, and what is offered can be let happen.

    use super::*;
    use crate::cli::library::Library;

    fn sanmen() -> Arc<Plant> {
        Arc::clone(&Library::default().plants().expect("they ship")["sanmen"])
    }

    fn said(value: Value) -> Said {
        serde_json::from_value(value).expect("what a page says")
    }

    fn list(value: &Value) -> &[Value] {
        value.as_array().map_or(&[], Vec::as_slice)
    }

    #[test]
    fn whatever_can_be_chosen_begins_without_a_mistake_and_can_be_directed() {
        let plant = sanmen();
        let choices = answer(Ask::Choices, &said(json!({})), &plant).expect("it is told");
        let kinds = list(&choices["faults"]).iter().flat_map(|it| list(&it["kinds"]));
        let kinds: Vec<&str> = kinds.filter_map(Value::as_str).collect();
        assert!(kinds.len() > 60, "{} {kinds:?}", kinds.len());
        let names = &choices["cards"]["plants"]["sanmen"]["names"];
        for kind in kinds {
            let begun = answer(Ask::Begun, &said(json!({ "kind": kind })), &plant);
            let begun = begun.expect("it can begin");
            assert_eq!((&begun["holds"], &begun["mistakes"]), (&json!(true), &json!([])), "{kind}");
            let text = begun["text"].as_str().expect("a text");
            let direction = direction(text, &plant).expect("it can be let happen");
            let Direction::Inject { keys, .. } = direction else { panic!("{direction:?}") };
            assert_eq!(keys.as_deref(), Some(text));
            // Each choice of a target has a name that people know.
            let targets = list(&begun["form"]["fields"]).iter().filter(|it| it["key"] == "target");
            for id in targets.flat_map(|it| list(&it["known"])).filter_map(Value::as_str) {
                assert!(names[id]["zh"].is_string() && names[id]["en"].is_string(), "{kind} {id}");
            }
        }
    }

    #[test]
    fn a_value_that_cannot_be_stands_at_its_field_and_is_not_let_happen() {
        let plant = sanmen();
        let begun = answer(Ask::Begun, &said(json!({ "kind": "burst" })), &plant).expect("begun");
        let text = begun["text"].as_str().expect("a text");
        for (key, value, why) in [
            ("m3_per_h_at_20_m", json!(-3), "must lie in 0.01 to 5000, found -3"),
            ("target", json!("FL-77"), "junction \"FL-77\" is not known"),
            ("for_min", json!("soon"), "must be a number"),
        ] {
            let change = json!({ "change": "set", "path": [key], "value": value });
            let now = said(json!({ "text": text, "change": change }));
            let now = answer(Ask::Changed, &now, &plant).expect("it is changed");
            let [mistake] = list(&now["mistakes"]) else { panic!("one mistake: {now}") };
            assert_eq!(mistake["path"], json!([key]));
            assert!(mistake["text"].as_str().is_some_and(|text| text.contains(why)), "{mistake}");
            assert_eq!(now["holds"], false);
            let refused = direction(now["text"].as_str().expect("a text"), &plant);
            assert!(refused.is_err_and(|text| text.contains(why)), "{key}");
        }
    }

    #[test]
    fn another_substance_comes_with_an_amount_of_its_own() {
        let plant = sanmen();
        let begun = answer(Ask::Begun, &said(json!({ "kind": "raw-substance" })), &plant);
        let text = begun.expect("begun")["text"].as_str().expect("a text").to_owned();
        assert!(text.contains("analyte = \"cadmium\"\nby_mg_per_l = 0.015\n"), "{text}");
        for (analyte, amount) in
            [("gross-alpha", "by_bq_per_l = 1.5\n"), ("hardness", "by_mg_per_l = 1350")]
        {
            let change = json!({ "change": "set", "path": ["analyte"], "value": analyte });
            let now = said(json!({ "text": text, "change": change }));
            let now = answer(Ask::Changed, &now, &plant).expect("it is changed");
            assert_eq!(now["holds"], true, "{now}");
            let text = now["text"].as_str().expect("a text");
            assert!(text.contains(amount) && text.matches("by_").count() == 1, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let plant = sanmen();
        for (ask, wish) in [
            (Ask::Begun, json!({})),
            (Ask::Changed, json!({ "text": "kind = \"grid-cut\"" })),
            (Ask::Changed, json!({ "change": { "change": "add", "path": [], "after": null } })),
        ] {
            let denied = answer(ask, &said(wish), &plant);
            assert!(matches!(denied, Err(Denied::Senseless(_))), "{denied:?}");
        }
        for (ask, wish) in [
            (Ask::Begun, json!({ "kind": "lab-missed" })),
            (Ask::Begun, json!({ "kind": "explosion" })),
            (Ask::Described, json!({ "text": "x".repeat(TEXT_MAX + 1) })),
        ] {
            let denied = answer(ask, &said(wish), &plant);
            assert!(matches!(denied, Err(Denied::Conflict(_))), "{denied:?}");
        }
        let read = direction("kind = \"grid-cut\"", &plant).expect("no mistake");
        let raw = serde_json::to_value(read).expect("JSON");
        assert!(super::super::direction(raw, &plant).is_err(), "nothing unread befalls a plant");
    }
}
