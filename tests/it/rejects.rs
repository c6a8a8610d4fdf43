//! Every mistake a user can make with files and arguments, word for word as the command says it.
#![expect(clippy::disallowed_methods, reason = "edge: runs the command")]

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

/// What the command says at the project's root: paths are the same on every machine.
fn said(args: &str) -> String {
    said_in(Path::new(env!("CARGO_MANIFEST_DIR")), args)
}

/// The arguments, all that was said on stdout and stderr, the exit code.
fn said_in(folder: &Path, args: &str) -> String {
    let words = args.split(' ').map(|word| if word == "''" { "" } else { word });
    let output = Command::new(env!("CARGO_BIN_EXE_sanmen"))
        .args(words)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .output()
        .expect("the command was built with this test");
    let code = output.status.code().expect("it ends by itself");
    let stdout = String::from_utf8(output.stdout).expect("text");
    // How long it took is no part of what it says.
    let stdout: String =
        stdout.split_inclusive('\n').filter(|line| !line.starts_with("played in ")).collect();
    let stderr = String::from_utf8(output.stderr).expect("text");
    format!("$ sanmen {args}\n{stdout}{stderr}exit code {code}")
}

/// Several runs, one after the other.
fn all_said(runs: &[&str]) -> String {
    let runs: Vec<String> = runs.iter().map(|args| said(args)).collect();
    runs.join("\n\n")
}

#[test]
fn what_ships_has_no_mistake() {
    for paths in [
        "",
        " config",
        " scenarios",
        " config scenarios",
        " config/plants/sanmen",
        " config/plants/sanmen/conditions/aged.toml",
        " config/plants/sanmen/laboratory.toml",
        " --plants config/plants --rules config/rules scenarios/story.toml",
    ] {
        let said = said(&format!("config check{paths}"));
        assert!(said.ends_with(", no mistake\nexit code 0"), "{said}");
        assert!(!said.contains("error"), "{said}");
    }
    let one_file = said("config check scenarios/story.toml");
    assert_eq!(
        one_file,
        "$ sanmen config check scenarios/story.toml\n1 file, no mistake\nexit code 0"
    );
}

#[test]
fn a_plant_may_be_the_current_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/plants/sanmen");
    let said = said_in(&folder, "config check .");
    assert_eq!(said, "$ sanmen config check .\n7 files, no mistake\nexit code 0");
}

#[test]
fn settings_are_shown_as_they_are_in_force() {
    let defaults = said("config show");
    assert!(defaults.contains("\n[ledger]\n") && defaults.contains("\nretention_days = 30\n"));
    let mine = said("config show --settings tests/data/rejects/mixed/good.toml");
    assert_eq!(
        mine.split_once('\n').map(|(_, shown)| shown.to_owned()),
        defaults
            .split_once('\n')
            .map(|(_, shown)| shown.replace("retention_days = 30", "retention_days = 7")),
    );
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    assert_snapshot!(all_said(&[
        "config check nowhere.toml",
        "config check tests/data/rejects/empty.toml",
        "config check tests/data/rejects/latin1.toml",
        "config check tests/data/rejects/unknown-kind.toml",
        "config check tests/it",
        "config show --settings nowhere.toml",
        "config show --settings src",
        "config show --settings tests/data/rejects/empty.toml",
        "test tests/data/rejects/latin1.toml",
        "simulate src",
        "network nowhere.inp",
        "network src",
    ]));
}

#[test]
fn a_pipe_that_nobody_may_ever_write_to_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe.toml");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("every system has it");
    assert!(made.success());
    for command in ["rules check", "config check", "test", "config show --settings", "network"] {
        let said = said_in(folder.path(), &format!("{command} pipe.toml"));
        assert!(said.contains("pipe.toml: this is no file but a pipe or a device"), "{said}");
        assert!(said.ends_with("exit code 2"), "{said}");
    }
    // A mistake of one file hides none of another, nor does one that cannot be read.
    let other = include_str!("../data/rejects/rule-parent.toml");
    std::fs::write(folder.path().join("other.toml"), other).expect("written");
    let said = said_in(folder.path(), "rules check .");
    assert!(said.contains("pipe.toml: this is no file"), "{said}");
    assert!(said.contains("other.toml:12:17: rule child is inhibited by chlid"), "{said}");
}

#[test]
fn a_shelf_that_holds_nothing_says_so() {
    assert_snapshot!(all_said(&[
        "config check --plants nowhere",
        "config check --plants scenarios",
        "config check --rules nowhere",
        "config check --rules src/base",
        "test quiet-day --plants README.md",
    ]));
}

#[test]
fn rules_are_listed_and_checked_by_a_command_of_their_own() {
    let list = said("rules list --plant sanmen");
    let row = list.lines().find(|line| line.contains("service-pressure-low")).unwrap_or_default();
    assert!(row.contains("PIT-407") && row.contains("below 98.1 kPa (10.0 m)"), "{row}");
    assert!(!list.contains("chlorine-dioxide-low"), "it watches nothing there");
    let whole = said("rules list");
    assert!(whole.contains("finished-chlorine-dioxide-low"), "{whole}");
    let json = said("rules list --format json --plant sanmen");
    assert!(json.contains(r#""plant":"sanmen","tag":"AIT-301""#), "{json}");
    // Rules for plants of other kinds than those that ship are all there is to warn of.
    let check = said("rules check");
    let warned: Vec<&str> = check.lines().filter(|line| line.starts_with("warning")).collect();
    assert!(warned.iter().all(|it| it.contains("watches nothing")), "{check}");
    assert!(check.ends_with(" warnings\nexit code 0"), "{check}");
    assert_snapshot!(all_said(&[
        "rules list --plant sanmn",
        "rules check config/rules/tanks.toml",
        "rules check config/rules/pressure.toml",
        "rules check tests/data/rejects/rule-warnings.toml",
        "rules check tests/data/rejects/rule-warnings.toml --strict",
        "rules check tests/data/rejects/rule-texts.toml",
        "rules check tests/data/rejects/rule-beyond-range.toml",
        "rules check tests/data/rejects/rule-at-once.toml",
        "rules check scenarios config/default.toml nowhere",
    ]));
}

#[test]
fn tests_of_rules_pass_and_a_failing_one_says_why() {
    let shipped = said("rules test");
    assert!(shipped.ends_with(" passed, 0 failed\nexit code 0"), "{shipped}");
    let json = said("rules test --rule finished-chlorine-low --format json");
    assert!(json.contains(r#""passed":true"#) && json.contains(r#""at_min":15.0"#), "{json}");
    assert_snapshot!(all_said(&[
        "rules test tests/data/rejects/rule-tests-fail.toml",
        "rules test tests/data/rejects/rule-tests.toml",
        "rules test --rule finished-chlorine-lo",
    ]));
}

#[test]
fn every_mistake_of_a_scenario_comes_at_once() {
    assert_snapshot!(all_said(&[
        "config check tests/data/rejects/broken.toml",
        "config check tests/data/rejects/scenario.toml",
        "config check tests/data/rejects/scenario-plant.toml",
        "config check tests/data/rejects/scenario-rule.toml",
        "test tests/data/rejects/scenario-rule.toml",
        "simulate tests/data/rejects/scenario-plant.toml",
    ]));
}

#[test]
fn every_mistake_of_rules_comes_at_once() {
    assert_snapshot!(all_said(&[
        "config check tests/data/rejects/rules.toml",
        "config check tests/data/rejects/quality-tests.toml",
        "config check tests/data/rejects/quality-beyond.toml",
        "config check tests/data/rejects/rule-beyond-range.toml",
        "config check tests/data/rejects/rule-at-once.toml",
        "config check tests/data/rejects/rule-parent.toml",
        "config check tests/data/rejects/rule-event.toml",
        "config check tests/data/rejects/rule-levels.toml",
    ]));
}

#[test]
fn every_mistake_of_a_plant_comes_at_once() {
    assert_snapshot!(all_said(&[
        "config check tests/data/rejects/hamlet",
        "config check tests/data/rejects/lonely",
    ]));
}

#[test]
fn names_and_sums_of_a_plant_are_checked_across_its_files() {
    let cases = [
        (
            ("plant.toml", "population = 16000", "population = 15000"),
            "error: sanmen/plant.toml:",
            "the villages' people add up to 16000, not 15000",
        ),
        (
            ("instruments.toml", "node = \"CLEARWELL\"", "node = \"CLEARWEL\""),
            "node \"CLEARWEL\" is not in the network",
            "= help: did you mean \"CLEARWELL\"?",
        ),
        (
            ("instruments.toml", "village = \"yunding\"", "village = \"yundign\""),
            "`village` \"yundign\" is not known",
            "= help: did you mean \"yunding\"?",
        ),
    ];
    for (edit, wrong, way_out) in cases {
        let said = shipped_but(edit);
        assert!(said.contains(wrong) && said.contains(way_out), "{said}");
        assert!(said.ends_with("\n1 mistake\nexit code 2"), "{said}");
    }
}

/// What is said of the plant that ships after an edit: file, old text, new text.
fn shipped_but((edited, from, to): (&str, &str, &str)) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let plant = folder.path().join("sanmen");
    std::fs::create_dir_all(plant.join("conditions")).expect("a folder");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/plants/sanmen");
    for file in ["network.inp", "plant.toml", "instruments.toml", "conditions/normal.toml"] {
        let mut text = std::fs::read_to_string(Path::new(shipped).join(file)).expect("it ships");
        if file == edited {
            assert!(text.contains(from), "{file} has {from}");
            text = text.replacen(from, to, 1);
        }
        std::fs::write(plant.join(file), text).expect("room for a file");
    }
    said_in(folder.path(), "config check sanmen")
}

#[test]
fn every_mistake_of_settings_comes_at_once() {
    assert_snapshot!(all_said(&[
        "config check tests/data/rejects/settings.toml",
        "config show --settings tests/data/rejects/settings.toml",
    ]));
}

#[test]
fn every_mistake_of_the_handling_of_alarms_comes_at_once() {
    assert_snapshot!(all_said(&[
        "config check tests/data/rejects/alarms.toml",
        "test --alarms tests/data/rejects/alarms.toml scenarios/quiet-day.toml",
    ]));
}

#[test]
fn every_mistake_of_a_network_comes_at_once() {
    assert_snapshot!(all_said(&[
        "config check tests/data/rejects/village.inp",
        "network tests/data/rejects/village.inp",
    ]));
}

#[test]
fn a_folder_of_good_and_bad_files_reports_them_all_and_counts() {
    assert_snapshot!(said("config check tests/data/rejects/mixed"));
}

#[test]
fn bad_arguments_say_what_would_be_right() {
    assert_snapshot!(all_said(&[
        "tset",
        "run --speed fast",
        "run --speed -1",
        "run --space a/b",
        "run --broker mqtts://[::1",
        "run --broker mqtt://x/topic",
        "monitor --space s --broker mqtts://x --ca nowhere.pem",
        "monitor --space s --broker mqtts://x --ca README.md",
        "monitor --space s --broker mqtts://x --cert Cargo.toml",
        "monitor --space s --broker mqtts://x --password-file nowhere",
        "monitor --space s --mqtt 4",
        "run --broker http://x",
        "run --broker mqtt://x:99999",
        "run --broker ''",
        "run --broker-port 70000",
        "run --listen 70000",
        "run --broker-port 1883 --broker mqtt://x",
        "run --listen 0.0.0.0:8080",
        "run strory",
        "simulate",
        "monitor",
        "monitor --space a --plant sanmne",
        "test --seed -1",
        "test --threads 0",
        "test quiet-dya",
        "test src",
        "network a.inp --hours soon",
        "network a.inp --step 0",
        "config",
    ]));
}

#[cfg(feature = "sparkplug")]
#[test]
fn groups_of_sparkplug_that_there_cannot_be() {
    assert_snapshot!(all_said(&[
        "monitor --space k7 --sparkplug a/b",
        "simulate battery-low --encoding tahu",
        "simulate battery-low --group rural-water",
        "config check tests/data/rejects/mapping-group.toml",
    ]));
}

/// A rule with one mistake.
const MISSPELT: &str = r#"
[[rule]]
id = "misspelt"
title = { en = "a", zh = "a" }
source = "a plan [D]"
kind = "limit"
quantity = "free-chlorine"
below_mg_per_l = 0.3
clear_mg_per_l = 0.33
on_delay_min = 5
off_delay_min = 5
priority = "hgh"
no_data = "hold"
advice = { en = "a", zh = "a" }
"#;

#[test]
fn rules_that_are_tried_are_told_every_mistake_in_one_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let sound = |id: &str, more: &str| {
        MISSPELT.replace("misspelt", id).replace("hgh", "high").replace("no_data", more)
    };
    let beyond = sound("beyond", "no_data").replace("0.3\n", "99\n").replace("0.33", "100");
    let lone = sound("lone", "tag = \"AIT-39*\"\nno_data");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a folder of ours");
    };
    write("rules.toml", &format!("{MISSPELT}{beyond}{lone}"));
    let tried = said_in(folder.path(), "rules try rules.toml --on quiet-day");
    for wanted in ["`priority` \"hgh\" is not known", "rule beyond: AIT-301", "exit code 2"] {
        assert!(tried.contains(wanted), "no {wanted} in\n{tried}");
    }
    let nowhere = said_in(folder.path(), "rules try rules.toml --on nowhere");
    for wanted in ["\"hgh\"", "rule beyond: AIT-301", "error: nowhere: there is no scenario"] {
        assert!(nowhere.contains(wanted), "no {wanted} in\n{nowhere}");
    }
    // Of what is sound it is said that there is nothing to watch.
    write("rules.toml", &lone);
    let idle = said_in(folder.path(), "rules try rules.toml --on quiet-day");
    assert!(idle.contains("rule lone: no plant at hand has the tag"), "{idle}");
    assert!(idle.ends_with("exit code 0"), "{idle}");
}

#[test]
fn mistakes_of_rules_hide_none_of_plants_and_scenarios_and_are_hidden_by_none() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["rules", "plants", "plants/works"] {
        std::fs::create_dir(folder.path().join(name)).expect("a folder of ours");
    }
    for (name, text) in [
        ("rules/own.toml", MISSPELT),
        ("plants/works/plant.toml", "people = 1\n"),
        ("day.toml", "plant = \"sanmen\"\nduration_hh = 1\n"),
    ] {
        std::fs::write(folder.path().join(name), text).expect("a folder of ours");
    }
    let works = "plants/works/instruments.toml: there is no such file";
    for (command, other) in [
        ("replay nowhere.csv --rules rules", "nowhere.csv: there is no such file"),
        ("score day.toml --rules rules", "key \"duration_hh\" is not known"),
        ("run day.toml --rules rules", "key \"duration_hh\" is not known"),
        ("test --plants plants --rules rules", works),
        ("explain low --scenario day.toml --plants plants --rules rules", works),
        ("rounds day.toml --plants plants --rules rules", works),
        ("rules list --plants plants --rules rules", works),
        ("monitor --space s --plants plants --rules rules", works),
    ] {
        let said = said_in(folder.path(), command);
        for wanted in ["`priority` \"hgh\" is not known", other] {
            assert!(said.contains(wanted), "no {wanted} in\n{said}");
        }
        assert!(said.ends_with("exit code 2"), "{said}");
    }
}
