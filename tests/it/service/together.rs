//! Plant and monitor as two processes, and everything in one.

use super::{Place, alarms, entry, ledger, noticed};
use crate::support::mosquitto::Mosquitto;

#[tokio::test]
async fn a_broker_killed_and_restarted_in_between_costs_no_alarm_and_doubles_none() {
    let place = Place::new();
    let mut broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut monitor = place.monitor(&url);
    monitor.says("connected to").await;
    let mut plant = place.simulate(&url);
    let mut told = monitor.tells(super::is_raised).await;
    broker.save().await;
    broker.kill().await;
    monitor.says("no connection to").await;
    plant.says("no connection to").await;
    broker.restart().await;
    let (code, said) = plant.ends().await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the scenario has ended"), "{said}");
    told.extend(monitor.tells(|entry| noticed(entry, "offline")).await);
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    assert_eq!(alarms(&told), place.alarms_offline().await);
    assert!(!told.iter().any(|entry| noticed(entry, "gap")), "nothing was lost: {told:#?}");
    let kept = ledger(&place.folder.path().join("data/k7")).await;
    assert_eq!(alarms(&kept), alarms(&told));
}

#[tokio::test]
async fn everything_in_one_process_gives_the_alarms_of_an_offline_test() {
    let place = Place::new();
    let arguments = ["run", "trouble.toml", "--speed", "max", "--format", "json"];
    let mut run = place.sanmen(&[&arguments[..], &["--data", "data", "--space", "k7"]].concat());
    let mut told = Vec::new();
    while let Some(line) = run.out.recv().await {
        told.push(entry(&line));
    }
    let (code, said) = run.ends().await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("alarms raised"), "{said}");
    assert_eq!(alarms(&told), place.alarms_offline().await);
    assert_eq!(ledger(&place.folder.path().join("data/k7")).await, told);
}

#[tokio::test]
async fn without_a_terminal_a_run_writes_plain_lines() {
    let place = Place::new();
    let mut run = place.sanmen(&["run", "trouble.toml", "--speed", "max", "--data", "data"]);
    let mut lines = Vec::new();
    while let Some(line) = run.out.recv().await {
        lines.push(line);
    }
    assert_eq!(run.ends().await.0, 0);
    let text = lines.join("\n");
    assert!(text.contains("AIT-301 Too little chlorine leaves the plant"), "{text}");
    assert!(text.contains(" · taps kPa: "), "{text}");
    assert!(!text.contains('\u{1b}'), "no escape codes: {text}");
}

#[tokio::test]
async fn a_monitor_that_starts_after_the_plant_takes_it_up_and_calls_nothing_lost() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut plant = place.simulate(&url);
    plant.says("connected to").await;
    let mut monitor = place.monitor(&url);
    let told = monitor.tells(|entry| noticed(entry, "offline")).await;
    assert!(told.iter().any(|entry| noticed(entry, "online")), "{told:#?}");
    assert!(!told.iter().any(|entry| noticed(entry, "gap")), "{told:#?}");
    assert!(!alarms(&told).is_empty());
    assert_eq!(plant.ends().await.0, 0);
}

#[tokio::test]
async fn mosquitto_sub_shows_what_a_plant_says_as_readable_json() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let filter = "sanmen/v1/k7/+/data";
    broker.keep(filter).await;
    let mut plant = place.simulate(&broker.url().to_string());
    assert_eq!(plant.ends().await.0, 0);
    let shown = broker.read_kept(filter).await;
    let json = shown.strip_prefix("sanmen/v1/k7/sanmen/data ").expect("topic and payload");
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(json["plant"], "sanmen");
    assert_eq!(json["exercise"], "trouble-20241205");
    assert_eq!(json["from"], "2024-12-05T00:00:00Z");
    assert_eq!(json["seq"], 1);
    let tags: Vec<&str> = json["readings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|column| column["tag"].as_str())
        .collect();
    assert!(tags.contains(&"AIT-301"), "{tags:?}");
}
