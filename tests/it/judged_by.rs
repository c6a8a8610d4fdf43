//! Scenarios and fleets say by which rules their plants are judged.
#![expect(clippy::disallowed_methods, reason = "edge: writes files and runs the command")]

use std::fs;
use std::path::Path;

use crate::support::command::sanmen;

/// A quiet hour whose own rule says that water flows; `rules` are what its plant is judged by.
fn scenario(rules: &str) -> String {
    format!(
        "title = {{ en = \"Q\", zh = \"静\" }}\nplant = \"sanmen\"\n{rules}\n\
         start = 2024-12-05T10:00:00+08:00\nduration_h = 0.5\nseed = 1\n\
         [[expect]]\nrule = \"water-flows\"\ntag = \"FIT-301\"\n"
    )
}

const FLOWS: &str = r#"
[pack]
id = "mine"
title = { en = "Mine", zh = "本例" }
source = "an example [D]"

[[rule]]
id = "water-flows"
title = { en = "Water flows", zh = "有水流" }
source = "an example [D]"
kind = "limit"
quantity = "flow"
point = "finished-water"
above_m3_per_h = 1
on_delay_min = 5
off_delay_min = 5
priority = "low"
no_data = "hold"
advice = { en = "None.", zh = "无。" }
"#;

/// Exit code and all that is said of a scenario whose plant is judged by `rules`.
fn tested(folder: &Path, rules: &str) -> (Option<i32>, String) {
    fs::write(folder.join("s.toml"), scenario(rules)).expect("a folder of ours");
    let output = sanmen(folder, &["test", "s.toml"]);
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("text"))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("own")).expect("a folder of ours");
    fs::write(folder.path().join("own/flows.toml"), FLOWS).expect("a folder of ours");
    folder
}

#[test]
fn a_scenario_is_judged_by_the_packs_files_and_folders_that_it_names() {
    let folder = folder();
    let (code, said) = tested(folder.path(), "");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("water-flows"), "without its file there is no such rule: {said}");
    for rules in ["\"own/\"", "\"own/flows.toml\"", "\"who\", \"gb5749-2006\", \"own/\""] {
        let (code, said) = tested(folder.path(), &format!("rules = [{rules}]"));
        assert_eq!(code, Some(0), "{rules}: {said}");
    }
}

#[test]
fn every_mistake_of_such_a_list_is_told_at_its_place() {
    let folder = folder();
    let (code, said) = tested(folder.path(), "rules = [\"whoo\", \"owm/\", \"own/\"]");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("s.toml:3:10: there is no pack \"whoo\""), "{said}");
    assert!(said.contains("did you mean \"who\"?"), "{said}");
    assert!(said.contains("s.toml:3:18: there is no file or folder owm/"), "{said}");
    let (code, said) = tested(folder.path(), "rules = []");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("`rules` names nothing"), "{said}");
}

#[test]
fn a_fleet_says_it_for_its_plants_and_a_scenario_of_it_may_say_otherwise() {
    let folder = folder();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fleet = fs::read_to_string(root.join("config/fleets/xianning.toml")).expect("it ships");
    let fleet = fleet.replace("\nseed =", "\nrules = [\"whoo\"]\nseed =");
    fs::write(folder.path().join("f.toml"), fleet).expect("a folder of ours");
    let head = "title = { en = \"F\", zh = \"群\" }\nfleet = \"f.toml\"\nplants = 1\n\
                start = 2024-12-05T10:00:00+08:00\nduration_h = 0.5\nstep_s = 300\nseed = 1\n";
    let tested = |text: String| {
        fs::write(folder.path().join("s.toml"), text).expect("a folder of ours");
        let output = sanmen(folder.path(), &["test", "s.toml"]);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).expect("text"))
    };
    let (code, said) = tested(head.to_owned());
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("f.toml:") && said.contains("there is no pack \"whoo\""), "{said}");
    let (code, said) = tested(format!("{head}rules = [\"who\"]\n"));
    assert_eq!(code, Some(0), "{said}");
}

/// Exit code, what is put out, and what is said.
fn ran(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = sanmen(folder, args);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_is_scored_is_judged_by_the_rules_that_each_scenario_names() {
    let folder = folder();
    let write = |name: &str, rules: &str| {
        let text = scenario(rules).replace("duration_h = 0.5", "duration_h = 2");
        let text = text.split("[[expect]]").next().unwrap_or_default().to_owned();
        fs::write(folder.path().join(name), text).expect("a folder of ours");
    };
    write("plain.toml", "");
    write("own.toml", "rules = [\"own/\"]");
    let scored =
        |name: &str| ran(folder.path(), &["score", name, "--lead-h", "0", "--format", "json"]);
    let alarms = |(code, out, said): (Option<i32>, String, String)| {
        assert_eq!(code, Some(0), "{said}");
        let json: serde_json::Value = serde_json::from_str(&out).expect("one object");
        json["score"]["detectors"]["water-flows"].is_object()
    };
    assert!(!alarms(scored("plain.toml")), "no list, no such rule");
    assert!(alarms(scored("own.toml")), "it names the file that has it");
    write("own.toml", "rules = [\"whoo\"]");
    let (code, _, said) = scored("own.toml");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("did you mean \"who\"?"), "{said}");
}

/// The same rule with another limit: nobody has so much water.
fn tighter() -> String {
    FLOWS.replace("above_m3_per_h = 1\n", "above_m3_per_h = 290\n").replace(
        "\n[pack]\nid = \"mine\"\ntitle = { en = \"Mine\", zh = \"本例\" }\n\
                  source = \"an example [D]\"\n",
        "",
    )
}

#[test]
fn a_rule_is_tried_beside_those_that_the_scenario_is_judged_by() {
    let folder = folder();
    fs::write(folder.path().join("s.toml"), scenario("rules = [\"own/\"]")).expect("ours");
    fs::write(folder.path().join("tighter.toml"), tighter()).expect("a folder of ours");
    let args = ["rules", "try", "tighter.toml", "--on", "s.toml", "--compare", "--format", "json"];
    let (code, out, said) = ran(folder.path(), &args);
    assert_eq!(code, Some(0), "{said}");
    let row = out.lines().map(serde_json::from_str::<serde_json::Value>);
    let row = row.map(|row| row.expect("an object")).find(|row| row["tag"] == "FIT-301");
    let row = row.expect("the instrument is there");
    assert_eq!((&row["tried"]["times"], &row["in_force"]["times"]), (&0.into(), &1.into()));
}

#[test]
fn wrong_rules_are_shown_to_scenarios_that_name_their_own() {
    let folder = folder();
    fs::write(folder.path().join("s.toml"), scenario("rules = [\"own/\"]")).expect("ours");
    let args = ["rules", "mutate", "own", "--rule", "water-flows", "--on", "s.toml"];
    let (code, out, said) = ran(folder.path(), &args);
    assert_eq!(said, "");
    assert!(out.contains("noticed water-flows: the rule is gone: s.toml"), "{out}");
    assert!(!out.contains("left out"), "{out}");
    assert_eq!(code, Some(1), "one expectation does not notice everything: {out}");
}

#[test]
fn a_check_of_files_knows_the_rules_that_a_scenario_names() {
    let folder = folder();
    fs::write(folder.path().join("s.toml"), scenario("rules = [\"own/\"]")).expect("ours");
    let (code, _, said) = ran(folder.path(), &["config", "check", "s.toml"]);
    assert_eq!(code, Some(0), "{said}");
    fs::write(folder.path().join("s.toml"), scenario("rules = [\"owm/\"]")).expect("ours");
    let (code, _, said) = ran(folder.path(), &["config", "check", "s.toml"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("there is no file or folder owm/"), "{said}");
}
