//! Plants as edge nodes of Sparkplug B, and a monitor that hears their group.

use super::{Place, Program, SPEED, TROUBLE, alarms, noticed};
use crate::support::mosquitto::Mosquitto;

impl Place {
    fn edge_node(&self, broker: &str, speed: &str) -> Program {
        self.edge_node_of("trouble.toml", broker, speed)
    }

    fn edge_node_of(&self, scenario: &str, broker: &str, speed: &str) -> Program {
        let common = ["simulate", scenario, "--speed", speed, "--space", "k7"];
        let encoding = ["--encoding", "sparkplug", "--group", "rural-water"];
        self.sanmen(&[&common[..], &encoding, &["--broker", broker]].concat())
    }

    fn host(&self, broker: &str) -> Program {
        let common = ["monitor", "--space", "k7", "--data", "data", "--format", "json"];
        self.sanmen(&[&common[..], &["--sparkplug", "rural-water", "--broker", broker]].concat())
    }
}

#[tokio::test]
async fn an_edge_node_gives_the_alarms_of_json_though_its_broker_is_killed_in_between() {
    let place = Place::new();
    let mut broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut host = place.host(&url);
    host.says("connected to").await;
    let mut node = place.edge_node(&url, SPEED);
    node.says("--sparkplug rural-water").await;
    let mut told = host.tells(super::is_raised).await;
    broker.save().await;
    broker.kill().await;
    host.says("no connection to").await;
    node.says("no connection to").await;
    broker.restart().await;
    let (code, said) = node.ends().await;
    assert_eq!(code, 0, "{said}");
    told.extend(host.tells(|entry| noticed(entry, "offline")).await);
    host.interrupt().await;
    assert_eq!(host.ends().await.0, 0);
    assert_eq!(alarms(&told), place.alarms_offline().await);
}

#[tokio::test]
async fn an_edge_node_that_is_there_before_its_broker_loses_nothing() {
    let place = Place::new();
    let mut broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut host = place.host(&url);
    host.says("connected to").await;
    broker.save().await; // it knows the host when it is back, whoever comes first
    broker.kill().await;
    host.says("no connection to").await;
    let mut node = place.edge_node(&url, SPEED);
    node.says("outside the model").await; // the pipe bursts, at 10:00
    broker.restart().await;
    let (code, said) = node.ends().await;
    assert_eq!(code, 0, "{said}");
    let told = host.tells(|entry| noticed(entry, "offline")).await;
    host.interrupt().await;
    assert_eq!(host.ends().await.0, 0);
    assert!(!told.iter().any(|entry| noticed(entry, "late") || noticed(entry, "gap")), "{told:#?}");
    assert_eq!(alarms(&told), place.alarms_offline().await);
}

#[tokio::test]
async fn what_a_killed_edge_node_has_spooled_comes_as_history_before_what_the_next_one_says() {
    let place = Place::new();
    let begin = TROUBLE.split("[[inject]]").next().unwrap_or_default();
    place.write("later.toml", &begin.replace("05T08:00", "05T17:00").replace("_h = 8", "_h = 1"));
    let mut broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut host = place.host(&url);
    host.says("connected to").await;
    broker.save().await; // it knows the host when it is back, whoever comes first
    broker.kill().await;
    host.says("no connection to").await;
    let mut node = place.edge_node(&url, SPEED);
    node.says("outside the model").await; // the pipe bursts, at 10:00
    node.says("outside the model").await; // it is mended, at 13:00
    node.kill().await;
    broker.restart().await;
    let mut node = place.edge_node_of("later.toml", &url, SPEED);
    let (code, said) = node.ends().await;
    assert_eq!(code, 0, "{said}");
    // The first goodbye is that of the session that told the history.
    let mut told = host.tells(|entry| noticed(entry, "offline")).await;
    told.extend(host.tells(|entry| noticed(entry, "offline")).await);
    host.interrupt().await;
    assert_eq!(host.ends().await.0, 0);
    assert!(!told.iter().any(|entry| noticed(entry, "late") || noticed(entry, "gap")), "{told:#?}");
    let told = alarms(&told);
    let offline = place.alarms_offline().await;
    let is_early = |line: &&String| ["T01:", "T02:", "T03:"].iter().any(|it| line.contains(it));
    let early: Vec<_> = offline.iter().filter(is_early).collect();
    assert!(early.len() >= 3, "{offline:?}");
    assert!(early.iter().all(|line| told.contains(line)), "{early:#?} in {told:#?}");
    let spool = place.folder.path().join("sanmen-data/spool/k7/nodes/sanmen");
    assert!(!spool.exists(), "it leaves nothing behind");
}

#[tokio::test]
async fn a_host_that_comes_later_asks_for_births_and_one_that_may_not_refuses_what_it_hears() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    // Slowly: two programs start meanwhile.
    let mut node = place.edge_node(&url, "1500");
    node.says("connected to").await;
    let silent = ["monitor", "--space", "k7", "--data", "other", "--format", "json"];
    let flags = ["--sparkplug", "rural-water", "--rebirth", "never", "--broker", &url];
    let mut silent = place.sanmen(&[&silent[..], &flags].concat());
    // They must not ask for each other: the births of one would be heard by both.
    let told = silent.tells(|entry| refused(entry, "unborn")).await;
    assert!(alarms(&told).is_empty(), "{told:#?}");
    silent.kill().await;
    let mut host = place.host(&url);
    let told = host.tells(|entry| noticed(entry, "offline")).await;
    assert!(told.iter().any(|entry| noticed(entry, "online")), "{told:#?}");
    assert!(!alarms(&told).is_empty());
    assert_eq!(node.ends().await.0, 0);
}

#[tokio::test]
async fn what_strangers_say_in_the_group_is_one_alarm_and_changes_no_other() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut host = place.host(&url);
    host.says("connected to").await;
    let large = "x".repeat(70_000);
    let garbage = [
        ("spBv1.0/rural-water/NDATA/sanmen", "no payload", "not-sparkplug"),
        ("spBv1.0/rural-water/DDATA/sanmen/instruments", "", "bad-seq"),
        ("spBv1.0/rural-water/NDEATH/sanmen", "", "bad-seq"),
        ("spBv1.0/rural-water/NBIRTH/sanmen", large.as_str(), "too-large"),
        ("spBv1.0/rural-water/NDATA/elsewhere", "", "unknown-plant"),
    ];
    let say = async || {
        for (topic, payload, _) in garbage {
            broker.publish(&["-q", "1", "-t", topic, "-m", payload]).await;
        }
    };
    say().await;
    let mut node = place.edge_node(&url, SPEED);
    let mut told = host.tells(super::is_raised).await;
    say().await;
    assert_eq!(node.ends().await.0, 0);
    told.extend(host.tells(|entry| noticed(entry, "offline")).await);
    host.interrupt().await;
    assert_eq!(host.ends().await.0, 0);
    let about_messages = |line: &String| line.contains("/messages-broken");
    let (about, own): (Vec<_>, Vec<_>) = alarms(&told).into_iter().partition(about_messages);
    assert_eq!(own, place.alarms_offline().await);
    let raised = about.iter().filter(|line| line.contains("Raised")).count();
    assert!((1..=2).contains(&raised), "before the node speaks, and after: {about:?}");
    for (_, _, reason) in garbage {
        assert!(told.iter().any(|entry| refused(entry, reason)), "{reason}: {told:#?}");
    }
}

fn refused(entry: &sanmen::ledger::record::Entry, reason: &str) -> bool {
    let json = serde_json::to_value(&entry.record).expect("always JSON");
    noticed(entry, "refused") && json["reason"] == reason
}
