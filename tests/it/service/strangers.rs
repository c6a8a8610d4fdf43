//! What others publish into our space.

use super::{Place, alarms, noticed};
use crate::support::mosquitto::Mosquitto;

#[tokio::test]
async fn garbage_among_the_readings_is_refused_by_reason_and_changes_no_alarm() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let large = "x".repeat(9_000);
    let elsewhere = concat!(
        r#"{"plant":"elsewhere","boot_id":1,"seq":0,"sent_at":"2031-01-01T00:00:00Z","#,
        r#""exercise":"x","sim":"2031-01-01T00:00:00Z","wall":"2031-01-01T00:00:00Z","speed":1.0}"#
    );
    let liar = elsewhere.replace("elsewhere", "baishui");
    let garbage = [
        ("sanmen/v1/k7/sanmen/data", "[[[[[[[[", "too-deep"),
        ("sanmen/v1/k7/sanmen/data", "{\"plant\":\"sanmen\"}", "wrong-shape"),
        ("sanmen/v1/k7/sanmen/birth", "not json", "not-json"),
        ("sanmen/v1/k7/sanmen/data", large.as_str(), "too-large"),
        ("sanmen/v1/k7/elsewhere/clock", elsewhere, "unknown-plant"),
        ("sanmen/v1/k7/sanmen/clock", liar.as_str(), "wrong-topic"),
    ];
    let mut monitor = place.monitor(&url);
    monitor.says("connected to").await;
    let mut told = Vec::new();
    for (topic, payload, _) in garbage {
        broker.publish(&["-q", "1", "-t", topic, "-m", payload]).await; // before any plant
    }
    let mut plant = place.simulate(&url);
    told.extend(monitor.tells(super::is_raised).await);
    for (topic, payload, _) in garbage {
        broker.publish(&["-q", "1", "-t", topic, "-m", payload]).await;
    }
    assert_eq!(plant.ends().await.0, 0);
    told.extend(monitor.tells(|entry| noticed(entry, "offline")).await);
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    let about_messages = |line: &String| line.contains("/messages-");
    let (about, own): (Vec<_>, Vec<_>) = alarms(&told).into_iter().partition(about_messages);
    assert_eq!(own, place.alarms_offline().await);
    let raised = about.iter().filter(|line| line.contains("Raised")).count();
    assert!((1..=4).contains(&raised), "before the plant speaks, and after: {about:?}");
    for (_, _, reason) in garbage {
        let count: u64 = told
            .iter()
            .map(|entry| serde_json::to_value(&entry.record).expect("always JSON"))
            .filter(|record| record["what"] == "refused" && record["reason"] == reason)
            .filter_map(|record| record["count"].as_u64())
            .sum();
        assert_eq!(count, 2, "{reason}: {told:#?}");
    }
}
