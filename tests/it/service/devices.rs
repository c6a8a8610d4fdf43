//! Devices that know nothing of our wire, heard through the mapping that ships.

use std::fmt::Write as _;

use sanmen::base::Stamp;
use sanmen::base::time::wall_now;
use sanmen::base::{Span, time};
use sanmen::exercise::live::quarantine::{self, Kept};
use sanmen::ledger::record::Entry;

use super::{Place, Program, alarms, ledger, noticed};
use crate::support::mosquitto::Mosquitto;

const ANALYSER: &str = "factory/site-3/analyser";

impl Place {
    fn monitor_of_devices(&self, broker: &str) -> Program {
        let common = ["monitor", "--space", "k7", "--data", "data", "--format", "json"];
        let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/config/mappings/example.toml");
        self.sanmen(&[&common[..], &["--mapping", mapping, "--broker", broker]].concat())
    }
}

/// Samples of the analyser, one a minute up to `last`; too little chlorine in all of them.
fn samples(last: Stamp, count: i64) -> String {
    let mut text = String::new();
    for back in (0..count).rev() {
        let at = (last - Span::minutes(back)).at(time::UtcOffset::CHINA);
        let ntu = 0.30 + (back % 7) as f64 / 1_000.0;
        let cl = 0.10 + (back % 5) as f64 / 1_000.0;
        let comma = if text.is_empty() { "" } else { "," };
        write!(text, "{comma}{{\"at\":\"{at}\",\"cl\":{cl},\"ntu\":{ntu}}}").expect("a string");
    }
    format!("{{\"samples\":[{text}]}}")
}

fn low_chlorine(entries: &[Entry]) -> usize {
    let is_it = |alarm: &&String| alarm.contains("finished-chlorine-low/AIT-301");
    let raised = alarms(entries);
    raised.iter().filter(is_it).filter(|alarm| alarm.contains("Raised")).count()
}

#[tokio::test]
async fn foreign_devices_raise_alarms_and_a_killed_monitor_takes_nothing_twice() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut monitor = place.monitor_of_devices(&url);
    monitor.says("connected to").await;
    let begin = wall_now() - Span::minutes(1);
    let say = async |topic: &str, payload: &str| {
        broker.publish(&["-q", "1", "-t", topic, "-m", payload]).await;
    };
    // Half an hour, as of a device that keeps its samples.
    say(ANALYSER, &samples(begin, 31)).await;
    let told = monitor.tells(|entry| low_chlorine(std::slice::from_ref(entry)) > 0).await;
    assert!(told.iter().any(|entry| noticed(entry, "online")), "{told:#?}");
    monitor.kill().await;

    let mut monitor = place.monitor_of_devices(&url);
    monitor.says("connected to").await;
    say(ANALYSER, &samples(begin, 31)).await; // it comes again
    say(ANALYSER, "{\"samples\":").await;
    say("factory/site-3/nobody/telemetry", "{\"ts\":1733356800000,\"data\":{\"p\":0.2}}").await;
    say("factory/site-3/yunding-p/telemetry", "{\"ts\":1733356800000,\"data\":{\"p\":0.2}}").await;
    let told = monitor.tells(|entry| refused(entry, "past")).await;
    for reason in ["not-json", "unknown-tag", "past"] {
        assert!(told.iter().any(|entry| refused(entry, reason)), "{reason}: {told:#?}");
    }
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    let refused_messages = quarantine::read(&place.folder.path().join("data/k7"));
    let refused_messages = refused_messages.expect("it reads");
    for (reason, payload) in [
        ("not-json", "{\"samples\":"),
        ("unknown-tag", "{\"ts\":1733356800000,\"data\":{\"p\":0.2}}"),
        ("past", "{\"ts\":1733356800000,\"data\":{\"p\":0.2}}"),
    ] {
        let is_kept = |it: &Kept| it.reason == reason && it.payload.as_deref() == Some(payload);
        assert!(refused_messages.iter().any(is_kept), "{reason}: {refused_messages:#?}");
    }
    let kept = ledger(&place.folder.path().join("data/k7")).await;
    assert_eq!(low_chlorine(&kept), 1, "{:#?}", alarms(&kept));
    assert!(!kept.iter().any(|entry| noticed(entry, "late")), "duplicates are no late readings");
}

fn refused(entry: &Entry, reason: &str) -> bool {
    let json = serde_json::to_value(&entry.record).expect("always JSON");
    noticed(entry, "refused") && json["reason"] == reason
}
