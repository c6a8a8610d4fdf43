//! A fleet live: many plants in one process, a monitor in another, real Mosquitto between them.

use std::collections::BTreeSet;

use sanmen::ledger::record::Entry;

use super::{Place, Program, alarms, entry, noticed};
use crate::support::mosquitto::Mosquitto;

/// Ten hours of one storm over so many works.
fn storm(plants: usize) -> String {
    format!(
        r#"
title = {{ en = "One storm over many works", zh = "一场暴雨，多座水厂" }}
fleet = "xianning"
plants = {plants}
start = 2024-06-28T08:00:00+08:00
duration_h = 10
step_s = 300
seed = 20240628

[[inject]]
id = "storm"
at_min = 60
kind = "raw-storm"
peak_ntu = 2500
rise_h = 2
recession_h = 12
lag_min = [0, 60]
size_percent = [80, 140]
"#
    )
}

const PLANTS: usize = 12;

fn place(plants: usize) -> Place {
    let place = Place::new();
    place.write("storm.toml", &storm(plants));
    place
}

async fn all(program: &mut Program) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some(line) = program.out.recv().await {
        entries.push(entry(&line));
    }
    entries
}

/// Alarms of the same storm played offline.
async fn offline(place: &Place) -> Vec<String> {
    let mut program = place.sanmen(&["test", "storm.toml", "--format", "json"]);
    let alarms = alarms(&all(&mut program).await);
    assert!(alarms.len() >= PLANTS, "a test needs alarms: {alarms:?}");
    alarms
}

#[tokio::test]
async fn a_dozen_plants_over_a_broker_give_the_alarms_of_an_offline_test_and_lose_nothing() {
    let place = place(PLANTS);
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let watch = ["monitor", "--space", "k7", "--data", "data", "--format", "json"];
    let fleet = ["--fleet", "xianning", "--works", "12", "--seed", "20240628", "--broker", &url];
    let mut monitor = place.sanmen(&[&watch[..], &fleet[..]].concat());
    monitor.says("connected to").await;
    let play = ["simulate", "storm.toml", "--speed", "max", "--space", "k7", "--broker", &url];
    let mut plants = place.sanmen(&play);
    let line = plants.says("watch it:").await;
    let named = "--fleet xianning --works 12 --seed 20240628 --trust ";
    assert!(line.contains(named), "{line}");
    let mut told = Vec::new();
    let mut gone = BTreeSet::new();
    while gone.len() < PLANTS {
        let entries = monitor.tells(|entry| noticed(entry, "offline")).await;
        gone.extend(entries.last().and_then(|entry| entry.plant.clone()));
        told.extend(entries);
    }
    assert_eq!(plants.ends().await.0, 0);
    monitor.interrupt().await;
    let (code, said) = monitor.ends().await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("plants with alarms:"), "{said}");
    assert_eq!(alarms(&told), offline(&place).await);
    for trouble in ["gap", "refused", "late"] {
        assert!(!told.iter().any(|entry| noticed(entry, trouble)), "{trouble}: {told:#?}");
    }
}

#[tokio::test]
async fn a_fleet_in_one_process_gives_the_same_alarms_and_its_lines_name_the_plants() {
    let place = place(PLANTS);
    let run = ["run", "storm.toml", "--speed", "max", "--data", "data"];
    let mut json = place.sanmen(&[&run[..], &["--format", "json"]].concat());
    let told = all(&mut json).await;
    assert_eq!(json.ends().await.0, 0);
    assert_eq!(alarms(&told), offline(&place).await);

    let mut plain = place.sanmen(&run);
    let mut lines = Vec::new();
    while let Some(line) = plain.out.recv().await {
        lines.push(line);
    }
    let (code, said) = plain.ends().await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!(" / {PLANTS}\n")), "{said}");
    let text = lines.join("\n");
    assert!(text.contains("  ALARM  ") && text.contains(" waterworks"), "{text}");
    assert!(text.contains("people concerned:"), "{text}");
}

#[tokio::test]
async fn ctrl_c_ends_a_fleet_with_a_summary() {
    let place = place(4);
    let run = ["run", "storm.toml", "--speed", "60", "--data", "data", "--format", "json"];
    let mut run = place.sanmen(&run);
    run.tells(|entry| noticed(entry, "online")).await;
    run.interrupt().await;
    let (code, said) = run.ends().await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("plants with alarms: 0 / 4"), "{said}");
}

#[tokio::test]
async fn flags_that_would_do_nothing_are_refused_with_the_way_out() {
    let place = place(4);
    let shelf = concat!(env!("CARGO_MANIFEST_DIR"), "/config/plants");
    for (arguments, way) in [
        (&["monitor", "--space", "k7", "--seed", "5"][..], "name the fleet with --fleet"),
        (&["monitor", "--space", "k7", "--works", "5"], "name the fleet with --fleet"),
        (&["simulate", "storm.toml", "--plants", shelf], "which draws its own"),
        (&["simulate", "storm.toml", "--rules", "."], "rules belong to whoever watches"),
        (&["test", "storm.toml", "--speed", "5"], "as fast as the processor"),
    ] {
        let (code, said) = place.sanmen(arguments).ends().await;
        assert_eq!(code, 2, "{arguments:?}: {said}");
        assert!(said.contains(way), "{arguments:?}: {said}");
    }
}
