//! `sanmen plant new`: EPANET's public networks become plants that play a day.
#![expect(clippy::disallowed_methods, reason = "edge: runs the binary in folders of its own")]

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::command::sanmen;

fn new(folder: &Path, name: &str, file: &str) -> Output {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/parity/");
    sanmen(folder, &["plant", "new", name, "--network", &format!("{data}{file}")])
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn public_networks_become_plants_that_play_a_day() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, people) in [("Net1", 59_959), ("Net2", 18_145), ("Net3", 596_755)] {
        let made = new(folder.path(), name, &format!("{name}.inp"));
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let said = text(&made.stdout);
        assert!(said.contains("sanmen run plants/") && said.contains("became its clear well"));
        let shown = ["plant", "show", name, "--plants", "plants", "--format", "json"];
        let shown = sanmen(folder.path(), &shown);
        let shown: Value = serde_json::from_slice(&shown.stdout).expect("one object");
        // Its average demand at 100 L a head and day.
        assert_eq!(shown["people"], people, "{name}");
        assert!((20..=50).contains(&shown["tag_list"].as_array().map_or(0, Vec::len)), "{name}");
        // These networks have pressures that a village must not have: alarms are right.
        let day = format!("plants/{name}/quiet-day.toml");
        let played = sanmen(folder.path(), &["test", &day, "--plants", "plants"]);
        let said = text(&played.stdout);
        assert!(matches!(played.status.code(), Some(0 | 1)), "{}", text(&played.stderr));
        assert!(!said.contains("cannot be trusted") && !said.contains("cannot be sim"), "{said}");
        let own = sanmen(folder.path(), &["network", &format!("plants/{name}/network.inp")]);
        assert_eq!(own.status.code(), Some(0), "EPANET takes it: {}", text(&own.stderr));
    }
    let listed = sanmen(folder.path(), &["plant", "list", "--plants", "plants"]);
    assert_eq!(text(&listed.stdout).lines().count(), 4, "a head and three plants");
}

/// A file whose pump stops in the evening of its one day; no plant can have its other controls as
/// they are.
const ONE_DAY: &str = "[JUNCTIONS]\n A 10 5\n B 12 7.5\n A2 12 0\n[RESERVOIRS]\n R 60\n\
    [TANKS]\n T 50 1 0.5 3 8\n\
    [PIPES]\n 1 R A 100 150 130\n 2 A B 800 150 130\n 3 A2 T 10 100 130\n[PUMPS]\n P B A2 HEAD C\n\
    [CURVES]\n C 20 30\n E 0 0\n E 20 70\n E 40 120\n[ENERGY]\n PUMP P EFFIC E\n[CONTROLS]\n\
    LINK P CLOSED AT TIME 16\n LINK P OPEN AT TIME 30\n LINK P OPEN IF NODE T BELOW 0.4\n\
    LINK P CLOSED IF NODE T ABOVE 3.0005\n[RULES]\n RULE 1\n IF SYSTEM TIME >= 20\n\
    THEN PUMP P STATUS IS CLOSED\n[TIMES]\n START CLOCKTIME 6 AM\n[OPTIONS]\n Units CMH\n[END]\n";

#[test]
fn what_a_file_does_once_a_plant_does_every_day() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("day.inp"), ONE_DAY).expect("written");
    let made = sanmen(folder.path(), &["plant", "new", "day", "--network", "day.inp"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let read = |name: &str| fs::read_to_string(folder.path().join("plants/day").join(name));
    let network = read("network.inp").expect("written");
    let controls = network.split("[CONTROLS]").nth(1).expect("a section");
    let controls: Vec<_> = controls.lines().filter(|line| line.starts_with("LINK P ")).collect();
    let evening = "LINK P CLOSED AT CLOCKTIME 22:00:00";
    assert_eq!(controls, [evening, "LINK P CLOSED IF NODE T ABOVE 3"]);
    assert!(network.contains("SYSTEM CLOCKTIME >= 2:00:00"), "20 h after 6 AM: {network}");
    let notes = read("plant.toml").expect("written");
    for note in [
        "P: its control at 16 h acts every day",
        "P: its control at 1 d 6 h is left out: every day is like the first",
        "P: its control at 0.40 m of T is left out: the tank's level is never there",
        "rule 1: SYSTEM TIME is the time of day",
    ] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
    // Every later day is refused in a plant's own file, with the way out.
    let path = folder.path().join("plants/day/network.inp");
    fs::write(&path, network.replace("AT CLOCKTIME 22:00:00", "AT TIME 46")).expect("written");
    let refused = sanmen(folder.path(), &["plant", "show", "day", "--plants", "plants"]);
    let said = text(&refused.stderr);
    assert!(said.contains("this would never come") && said.contains("below 24:00"), "{said}");
}

#[test]
fn what_no_plant_can_have_is_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    // Leaks, emitters and Chezy–Manning losses find their place in a plant.
    let taken = new(folder.path(), "kinds", "kinds-us.inp");
    assert_eq!(taken.status.code(), Some(0), "{}", text(&taken.stderr));
    let again = new(folder.path(), "kinds", "kinds-us.inp");
    assert!(text(&again.stderr).contains("plants/kinds exists already"));
    let dry = folder.path().join("dry.inp");
    let text_of = "[JUNCTIONS]\n A 0 0\n[RESERVOIRS]\n R 9\n[PIPES]\n 1 R A 9 90 130\n\
        [OPTIONS]\n Units CMH\n[END]\n";
    fs::write(&dry, text_of).expect("written");
    let refused = sanmen(folder.path(), &["plant", "new", "dry", "--network", "dry.inp"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("dry.inp: nobody draws water"));
}

#[test]
fn the_account_of_a_plant_closes_whatever_happens_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for scenario in ["burst-by-day", "tank-runs-dry", "intrusion"] {
        let told = ["plant", "balance", "sanmen", scenario, "--format", "json"];
        let told = sanmen(folder.path(), &told);
        assert_eq!(told.status.code(), Some(0), "{}", text(&told.stderr));
        let told: Value = serde_json::from_slice(&told.stdout).expect("one object");
        let accounts = told["accounts"].as_array().expect("a list");
        assert_eq!(told["unclosed"], 0, "{told}");
        for account in accounts {
            let amount = |key: &str| account[key].as_f64().expect("a number");
            let came = amount("opening") + amount("entered") + amount("added");
            let left = ["taps", "leaks", "overflow", "sludge_wash"].map(amount);
            let gained = amount("reacted") + amount("numerical");
            let open = came - left.iter().sum::<f64>() + gained - amount("stored");
            assert!(open.abs() <= 1e-9 * (came + amount("reacted").abs()), "{account}");
        }
        let water = &accounts[0];
        assert!(water["of"] == "water" && water["entered"].as_f64() > Some(100.0), "{water}");
    }
    let wrong = sanmen(folder.path(), &["plant", "balance", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(2));
}
