//! A monitor killed at any moment, on the same data folder again.

use std::time::Duration;

use rand::RngExt as _;
use sanmen::base::random::{Seed, stream};

use super::{Place, alarms, ledger, noticed};
use crate::support::mosquitto::Mosquitto;

/// Kills in one run.
const KILLS: usize = 4;

#[tokio::test]
async fn a_monitor_killed_again_and_again_keeps_the_records_of_one_that_was_not() {
    let seed = Seed(7);
    let mut chance = stream(seed, "kill");
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut monitor = place.monitor(&url);
    monitor.says("connected to").await;
    let mut plant = place.simulate(&url);
    for _ in 0..KILLS {
        let while_it_works = Duration::from_millis(chance.random_range(100..900));
        let ended = tokio::time::timeout(while_it_works, plant.child.wait()).await;
        assert!(ended.is_err(), "the plant has ended before the last kill");
        monitor.kill().await;
        monitor = place.monitor(&url);
        monitor.says("connected to").await;
    }
    assert_eq!(plant.ends().await.0, 0);
    monitor.tells(|entry| noticed(entry, "offline")).await;
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    let kept = ledger(&place.folder.path().join("data/k7")).await;
    assert_eq!(alarms(&kept), place.alarms_offline().await, "seed {}", seed.0);
    assert!(!kept.iter().any(|entry| noticed(entry, "gap")), "seed {}: {kept:#?}", seed.0);
}
