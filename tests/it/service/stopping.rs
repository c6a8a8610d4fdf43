//! Ctrl-C ends every live command well.

use super::{Place, is_raised, ledger, noticed};
use crate::support::mosquitto::Mosquitto;

#[tokio::test]
async fn ctrl_c_ends_a_plant_with_its_death_and_a_monitor_with_a_summary() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut monitor = place.monitor(&url);
    monitor.says("connected to").await;
    let mut plant = place.simulate(&url);
    let mut told = monitor.tells(is_raised).await;
    plant.interrupt().await;
    let (code, said) = plant.ends().await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("stopping; Ctrl-C again ends at once"), "{said}");
    assert!(said.contains("stopped at 2024-12-05T"), "{said}");
    told.extend(monitor.tells(|entry| noticed(entry, "offline")).await);
    assert!(!told.iter().any(|entry| noticed(entry, "gap")), "its last words came: {told:#?}");
    monitor.interrupt().await;
    let (code, said) = monitor.ends().await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("alarms raised: 1, cleared: 0\n"), "{said}");
    let kept = ledger(&place.folder.path().join("data/k7")).await;
    let last = serde_json::to_value(&kept.last().expect("entries").record).expect("JSON");
    assert_eq!((&last["kind"], &last["change"]), (&"monitor".into(), &"stopped".into()));
}

#[tokio::test]
async fn ctrl_c_ends_a_run_of_everything() {
    let place = Place::new();
    let mut run = place.sanmen(&[
        "run",
        "trouble.toml",
        "--speed",
        super::SPEED,
        "--format",
        "json",
        "--data",
        "data",
        "--space",
        "k7",
    ]);
    run.tells(is_raised).await;
    run.interrupt().await;
    let (code, said) = run.ends().await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("alarms raised"), "{said}");
    let kept = ledger(&place.folder.path().join("data/k7")).await;
    assert!(kept.iter().any(|entry| noticed(entry, "offline")), "the plant said goodbye");
}
