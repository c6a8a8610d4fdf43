//! Messages that a broker has lost, and that the monitor asks the plant for.

use std::time::Duration;

use sanmen::telemetry::backoff::Pace;
use sanmen::telemetry::subscriber::{Arrival, Subscriber, SubscriberSettings};
use sanmen::telemetry::url::BrokerUrl;
use tokio::sync::mpsc;

use super::{PATIENCE, Place, Program, alarms, noticed};
use crate::support::mosquitto::Mosquitto;
use crate::support::proxy::{Fault, Proxy};

/// Eight hours in sixteen seconds.
const SPEED: &str = "1800";

/// Small batches, and a bound that does not end while a slow machine still asks.
const SLOW: &str = "[publisher]\nreconnect_first_ms = 50\nreconnect_longest_s = 0.2\n\
                    batch_wall_ms = 50\n[monitor]\nlateness_wall_s = 30\n";

fn place() -> Place {
    let place = Place::new();
    place.write("slow.toml", SLOW);
    place
}

fn start(place: &Place, arguments: &[&str], broker: &str) -> Program {
    let common = ["--space", "k7", "--broker", broker, "--settings", "slow.toml"];
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sanmen"));
    command.args(arguments).args(common).current_dir(place.folder.path());
    Program::start(command)
}

fn monitor(place: &Place, broker: &str) -> Program {
    start(place, &["monitor", "--data", "data", "--format", "json"], broker)
}

fn simulate(place: &Place, broker: &str) -> Program {
    start(place, &["simulate", "trouble.toml", "--speed", SPEED], broker)
}

/// Hears one kind of message of the space, with quick reconnecting and without a session.
fn hear(broker: BrokerUrl, kind: &str) -> (Subscriber, mpsc::Receiver<Arrival>) {
    let filters = vec![format!("sanmen/v1/k7/+/{kind}")];
    let ms = Duration::from_millis;
    let pace = Pace { least: ms(20), most: ms(50), stable: ms(1_000), patience: ms(5_000) };
    let name = format!("sanmen-test-{kind}");
    let settings = SubscriberSettings::new(broker, &name, filters);
    Subscriber::start(SubscriberSettings { pace, ..settings })
}

async fn read(reader: &mut mpsc::Receiver<Arrival>, count: usize) {
    for _ in 0..count {
        let arrival = tokio::time::timeout(PATIENCE, reader.recv()).await.expect("in time");
        arrival.expect("it listens").ack.acknowledge();
    }
}

#[tokio::test]
async fn what_a_subscriber_without_a_session_has_missed_costs_no_alarm() {
    let place = place();
    let mut broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let (listener, mut data) = hear(broker.url(), "data");
    let (asked, mut resends) = hear(broker.url(), "resend");
    let mut monitor = monitor(&place, &url);
    monitor.says("connected to").await;
    let mut plant = simulate(&place, &url);
    let mut told = monitor.tells(super::is_raised).await;
    read(&mut data, 1).await;
    // The broker forgets every session, and the plant is back before the monitor is.
    monitor.signal("STOP").await;
    broker.kill().await;
    plant.says("no connection to").await;
    while let Ok(arrival) = data.try_recv() {
        arrival.ack.acknowledge();
    }
    broker.restart().await;
    plant.says("connected to").await;
    read(&mut data, 20).await;
    monitor.signal("CONT").await;
    assert_eq!(plant.ends().await.0, 0);
    told.extend(monitor.tells(|entry| noticed(entry, "offline")).await);
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    assert!(resends.try_recv().is_ok(), "it has asked");
    assert!(!told.iter().any(|entry| noticed(entry, "gap")), "nothing stayed lost: {told:#?}");
    assert_eq!(alarms(&told), place.alarms_offline().await);
    listener.stop().await;
    asked.stop().await;
}

#[tokio::test]
async fn what_a_broker_with_short_queues_drops_costs_no_alarm() {
    let place = place();
    let port = crate::support::mosquitto::free_port().await;
    let lines = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 20\n\
         max_inflight_messages 5\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Mosquitto::start_in(folder, port, &lines).await;
    let url = broker.url().to_string();
    let (listener, mut data) = hear(broker.url(), "data");
    let (asked, mut resends) = hear(broker.url(), "resend");
    // Over MQTT 5 our own window, which is large, would hold before its queue.
    let flags = ["monitor", "--data", "data", "--format", "json", "--mqtt", "3.1.1"];
    let mut monitor = start(&place, &flags, &url);
    monitor.says("connected to").await;
    let mut plant = simulate(&place, &url);
    let mut told = monitor.tells(super::is_raised).await;
    monitor.signal("STOP").await;
    while let Ok(arrival) = data.try_recv() {
        arrival.ack.acknowledge();
    }
    read(&mut data, 80).await;
    monitor.signal("CONT").await;
    assert_eq!(plant.ends().await.0, 0);
    told.extend(monitor.tells(|entry| noticed(entry, "offline")).await);
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    assert!(resends.try_recv().is_ok(), "it has asked");
    assert!(!told.iter().any(|entry| noticed(entry, "gap")), "nothing stayed lost: {told:#?}");
    assert_eq!(alarms(&told), place.alarms_offline().await);
    listener.stop().await;
    asked.stop().await;
}

#[tokio::test]
async fn what_is_lost_while_a_network_cuts_and_truncates_costs_no_alarm() {
    let place = place();
    let port = crate::support::mosquitto::free_port().await;
    let lines = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 20\n\
         max_inflight_messages 5\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Mosquitto::start_in(folder, port, &lines).await;
    let network = Proxy::start(port).await;
    let (listener, mut data) = hear(broker.url(), "data");
    let (asked, mut resends) = hear(broker.url(), "resend");
    let mut monitor = monitor(&place, &network.url.to_string());
    monitor.says("connected to").await;
    let mut plant = simulate(&place, &broker.url().to_string());
    let mut told = monitor.tells(super::is_raised).await;
    network.set(Fault::Cut);
    while let Ok(arrival) = data.try_recv() {
        arrival.ack.acknowledge();
    }
    read(&mut data, 80).await;
    network.set(Fault::None);
    read(&mut resends, 1).await;
    // The answers break off, and so do those to the next question.
    for most in [400, 2_000] {
        let before = network.accepted();
        network.set(Fault::Truncate(most));
        let broken = async {
            while network.accepted() == before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, broken).await.expect("it connects again");
        network.set(Fault::None);
        read(&mut data, 10).await;
    }
    while let Ok(arrival) = data.try_recv() {
        arrival.ack.acknowledge();
    }
    let emptied = tokio::spawn(async move { while data.recv().await.is_some() {} });
    assert_eq!(plant.ends().await.0, 0);
    told.extend(monitor.tells(|entry| noticed(entry, "offline")).await);
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    assert!(!told.iter().any(|entry| noticed(entry, "gap")), "nothing stayed lost: {told:#?}");
    assert_eq!(alarms(&told), place.alarms_offline().await);
    emptied.abort();
    listener.stop().await;
    asked.stop().await;
}

/// A message of an exercise that nobody simulates.
async fn say(broker: &Mosquitto, kind: &str, seq: u32, rest: &str) {
    let payload = format!(
        "{{\"plant\":\"sanmen\",\"boot_id\":3,\"seq\":{seq},\
         \"sent_at\":\"2024-12-05T00:00:0{seq}Z\",\"exercise\":\"x\"{rest}}}"
    );
    let topic = format!("sanmen/v1/k7/sanmen/{kind}");
    broker.publish(&["-q", "1", "-t", &topic, "-m", &payload]).await;
}

const NO_READINGS: &str = r#","from":"2024-12-05T00:00:00Z","readings":[]"#;

#[tokio::test]
async fn what_is_missing_at_the_end_is_asked_for_after_the_goodbye_and_what_stays_lost_is_said() {
    let place = Place::new();
    place.write("slow.toml", "[metrics]\nlisten = \"127.0.0.1:0\"\n");
    let broker = Mosquitto::start().await;
    let (asked, mut resends) = hear(broker.url(), "resend");
    let mut monitor = monitor(&place, &broker.url().to_string());
    let line = monitor.says("metrics at http://").await;
    let address = line.trim_start_matches("metrics at http://").trim_end_matches("/metrics");
    monitor.says("connected to").await;
    say(&broker, "birth", 0, r#","tags":[]"#).await;
    say(&broker, "data", 1, NO_READINGS).await;
    say(&broker, "death", 4, "").await; // 2 and 3 never came
    let question = tokio::time::timeout(PATIENCE, resends.recv()).await.expect("in time");
    let question = question.expect("it listens");
    let json: serde_json::Value = serde_json::from_slice(&question.payload).expect("JSON");
    assert_eq!((&json["boot_id"], &json["from"], &json["to"]), (&3.into(), &2.into(), &3.into()));
    question.ack.acknowledge();
    say(&broker, "data", 2, NO_READINGS).await;
    let counted = async {
        loop {
            let text = super::metrics::get(address, "/metrics").await;
            if text.contains("sanmen_resend_answered_total 1\n") {
                return text;
            }
            tokio::task::yield_now().await;
        }
    };
    let text = tokio::time::timeout(PATIENCE, counted).await.expect("it is counted");
    assert!(text.contains("sanmen_resend_asked_total 2\n"), "{text}");
    let mut told = monitor.tells(|entry| noticed(entry, "offline")).await;
    monitor.interrupt().await;
    told.extend(monitor.tells(|entry| noticed(entry, "gap")).await);
    assert_eq!(monitor.ends().await.0, 0);
    let gap = serde_json::to_value(&told.last().expect("a gap").record).expect("always JSON");
    assert_eq!((&gap["from"], &gap["to"]), (&3.into(), &3.into()));
    asked.stop().await;
}

/// The real minute of the promise; run it with `--run-ignored all`.
#[tokio::test]
#[ignore = "a broker is away for a minute of real time"]
async fn a_broker_away_for_a_minute_costs_no_reading() {
    let place = place();
    let mut broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut monitor = monitor(&place, &url);
    monitor.says("connected to").await;
    // Ten simulated minutes and more pass while it is away.
    let mut plant = start(&place, &["simulate", "trouble.toml", "--speed", "300"], &url);
    let mut told = monitor.tells(|entry| noticed(entry, "online")).await;
    broker.kill().await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    broker.restart().await;
    told.extend(monitor.tells(super::is_raised).await);
    while !told.iter().any(|entry| noticed(entry, "offline")) {
        told.extend(monitor.tells(|_| true).await);
    }
    assert_eq!(plant.ends().await.0, 0);
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    assert!(!told.iter().any(|entry| noticed(entry, "gap")), "nothing was lost: {told:#?}");
    assert_eq!(alarms(&told), place.alarms_offline().await);
}
