//! A guest at a broker: what it finds out, what it leaves behind, and how much it says.

use sanmen::ledger::sqlite::Sqlite;
use sanmen::ledger::store::{Roster, Store};
use sanmen::telemetry::access::Access;
use sanmen::telemetry::ceiling::Ceiling;
use sanmen::telemetry::subscriber::{Subscriber, SubscriberSettings};
use sanmen::telemetry::url::BrokerUrl;

use super::{next, publish_numbers, publisher, quick, read_numbers, subscriber, until_connected};
use crate::support::command::sanmen;
use crate::support::listeners::{Door, Listeners};
use crate::support::mosquitto::{Mosquitto, free_port};

/// Exit code, stdout and stderr of the command, without holding up the test's own tasks.
async fn said(args: &[&str]) -> (Option<i32>, String, String) {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let run = move || {
        let folder = tempfile::tempdir().expect("a folder");
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = sanmen(folder.path(), &args);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    tokio::task::spawn_blocking(run).await.expect("it ran")
}

/// Everything that the broker keeps below `filter`.
async fn kept(broker: &BrokerUrl, filter: &str) -> Vec<String> {
    let filters = vec![filter.to_owned(), "mark/kept".to_owned()];
    let settings = SubscriberSettings::new(broker.clone(), "looks-after", filters);
    let (subscriber, mut reader) =
        Subscriber::start(SubscriberSettings { pace: quick(), ..settings });
    until_connected(subscriber.status()).await;
    let other = publisher(broker.clone());
    other.publish("mark/kept".to_owned(), b"mark".to_vec()).await.expect("accepted");
    let mut topics = Vec::new();
    loop {
        let arrival = next(&mut reader).await;
        let topic = arrival.topic.clone();
        arrival.ack.acknowledge();
        if topic == "mark/kept" {
            return topics;
        }
        topics.push(topic);
    }
}

#[tokio::test]
async fn a_check_says_what_works_and_leaves_nothing() {
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let (code, out, err) = said(&["broker", "check", &url, "--format", "json"]).await;
    assert_eq!(code, Some(0), "{err}");
    let found: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    for (pointer, wanted) in [
        ("/usable", true),
        ("/encrypted", false),
        ("/mqtt_5/works", true),
        ("/mqtt_3_1_1/works", true),
        ("/works/qos1", true),
        ("/works/wildcards", true),
        ("/works/session", true),
        ("/works/retained", true),
        ("/works/expiry", true),
    ] {
        assert_eq!(found.pointer(pointer), Some(&wanted.into()), "{pointer} in {out}");
    }
    let times = found.pointer("/works/round_trip_ms").and_then(|times| times.as_array());
    assert_eq!(times.map(Vec::len), Some(7), "{out}");
    assert_eq!(kept(&broker.url(), "sanmen/#").await, [""; 0]);
}

#[tokio::test]
async fn a_check_over_tls_says_until_when_the_certificate_is_valid() {
    let server = Listeners::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let ca = server.ca_file(folder.path()).await;
    let url = server.url("mqtts", Door::Tls).to_string();
    let (code, out, err) = said(&["broker", "check", &url, "--ca", &ca]).await;
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("TLS; certificate until 2099-12-31"), "{out}");
    let web = server.url("wss", Door::WebTls).to_string();
    let args = ["broker", "check", &web, "--ca", &ca, "--mqtt", "3.1.1", "--format", "json"];
    let (code, out, err) = said(&args).await;
    assert_eq!(code, Some(0), "{err}{out}");
}

#[tokio::test]
async fn a_check_of_nothing_is_the_outside_worlds_fault() {
    let url = BrokerUrl::loopback(free_port().await).to_string();
    let (code, out, err) = said(&["broker", "check", &url]).await;
    assert_eq!(code, Some(3), "{out}");
    assert!(err.contains("nothing listens at port"), "{err}");
}

#[tokio::test]
async fn cleaning_takes_back_what_is_on_our_list_and_nothing_else() {
    let broker = Mosquitto::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("k7");
    tokio::fs::create_dir_all(&own).await.expect("a folder");
    tokio::fs::write(own.join("leases"), "sanmen/low/AIT-1/2\n").await.expect("written");
    let ours = "sanmen/v1/k7/alarm/sanmen/low/AIT-1";
    let theirs = "sanmen/v1/k7/alarm/sanmen/high/AIT-1";
    for topic in [ours, theirs] {
        broker.publish(&["-r", "-q", "1", "-t", topic, "-m", "{}"]).await;
    }
    let (url, data) = (broker.url().to_string(), folder.path().display().to_string());
    let args = ["broker", "clean", "--broker", &url, "--space", "k7", "--data", &data];
    let monitor = Sqlite::open(&own, Roster::new(Vec::new())).await.expect("a ledger");
    let (code, _, err) = said(&args).await;
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("the monitor of k7 is running"), "{err}");
    assert_eq!(kept(&broker.url(), "sanmen/#").await.len(), 2);
    Box::new(monitor).close().await.expect("closed");
    let (code, _, err) = said(&args).await;
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("taken back: 1 alarms"), "{err}");
    assert_eq!(kept(&broker.url(), "sanmen/#").await, [theirs]);
    assert!(!own.join("leases").exists(), "the list is gone");
}

#[tokio::test]
async fn a_guest_takes_no_space_that_others_may_guess_and_no_full_speed() {
    // Not a name of this machine, although it is reached like one.
    let url = format!("mqtt://0.0.0.0:{}", free_port().await);
    let args = ["simulate", "story", "--broker", &url, "--space", "my-first-run"];
    let (code, _, err) = said(&args).await;
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("anybody at 0.0.0.0 could guess the space my-first-run"), "{err}");
    let (code, _, err) = said(&["run", "story", "--broker", &url, "--speed", "max"]).await;
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("--speed max would flood 0.0.0.0"), "{err}");
}

#[tokio::test]
async fn a_ceiling_holds_messages_back_and_loses_none() {
    let broker = Mosquitto::start().await;
    let (subscriber, mut reader) = subscriber(broker.url());
    until_connected(subscriber.status()).await;
    // Four messages at once, and then one in a quarter of a second.
    let access = Access { ceiling: Some(Ceiling::new(4.0)), ..Access::from(broker.url()) };
    let one = publisher(access.clone());
    publish_numbers(&one, 0..8).await;
    let counts = one.counts();
    assert_eq!(counts.accepted, 8);
    assert!(counts.acknowledged < 8, "{counts:?}");
    let (numbers, again) = read_numbers(&mut reader, 0..8).await;
    assert_eq!((numbers, again), ((0..8).collect(), 0));
}
