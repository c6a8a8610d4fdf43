//! `sanmen plant new`: EPANET's public networks become plants that play a day.
#![expect(clippy::disallowed_methods, reason = "edge: runs the binary in folders of its own")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn sanmen(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sanmen"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the binary starts")
}

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
