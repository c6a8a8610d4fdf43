//! Messages that somebody has missed, said again.

use std::path::Path;

use sanmen::telemetry::publisher::{Publisher, PublisherSettings, Wanted};
use sanmen::telemetry::spool::{Spool, SpoolSettings};
use tokio::sync::mpsc;

use super::{PATIENCE, TOPIC, next, quick, subscriber, until_connected};
use crate::support::mosquitto::Mosquitto;
use sanmen::telemetry::subscriber::Arrival;

fn message(seq: u64) -> Vec<u8> {
    format!("{{\"plant\":\"sanmen\",\"boot_id\":3,\"seq\":{seq},\"as\":\"it was\"}}").into_bytes()
}

async fn publish(publisher: &Publisher, numbers: std::ops::Range<u64>) {
    for seq in numbers {
        publisher.publish(TOPIC.to_owned(), message(seq)).await.expect("taken");
    }
}

/// The next messages, as they came.
async fn read(reader: &mut mpsc::Receiver<Arrival>, count: usize) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    while payloads.len() < count {
        let arrival = next(reader).await;
        assert_eq!(arrival.topic, TOPIC);
        payloads.push(arrival.payload);
        arrival.ack.acknowledge();
    }
    payloads
}

async fn says_again_what_nobody_heard(folder: Option<&Path>) {
    let broker = Mosquitto::start().await;
    let settings = PublisherSettings::new(broker.url(), "sanmen-test-plant");
    let settings = PublisherSettings { pace: quick(), sent_bytes: 1_000_000, ..settings };
    let spool = folder.map(|folder| {
        let folder = folder.join("spool");
        Spool::open(SpoolSettings { folder, bytes_max: 1_000_000 }).expect("a folder")
    });
    let publisher = Publisher::start_with(settings, spool);
    publish(&publisher, 0..300).await;
    let all_there = async {
        while publisher.counts().acknowledged < 300 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, all_there).await.expect("the broker takes them");
    // Nobody was subscribed; from here on somebody is.
    let (listener, mut reader) = subscriber(broker.url());
    until_connected(listener.status()).await;
    publish(&publisher, 300..301).await;
    assert_eq!(read(&mut reader, 1).await, [message(300)]);
    let wanted = Wanted { head: "sanmen/v1/k7/sanmen/".to_owned(), boot_id: 3, from: 17, to: 42 };
    for other in [Wanted { boot_id: 2, ..wanted.clone() }, wanted.clone(), wanted] {
        publisher.prompter().ask(other);
    }
    let again = read(&mut reader, 26).await;
    assert_eq!(again, (17..=42).map(message).collect::<Vec<_>>(), "as they were, in order, once");
    publish(&publisher, 301..302).await;
    assert_eq!(read(&mut reader, 1).await, [message(301)]);
    assert_eq!(publisher.counts().again, 26);
    publisher.drain(PATIENCE).await.expect("delivered");
    assert!(folder.is_none_or(|it| !it.join("spool").exists()), "it leaves nothing behind");
}

#[tokio::test]
async fn a_publisher_says_again_what_is_in_its_memory() {
    says_again_what_nobody_heard(None).await;
}

#[tokio::test]
async fn a_publisher_says_again_what_is_in_its_spool() {
    let folder = tempfile::tempdir().expect("a folder");
    says_again_what_nobody_heard(Some(folder.path())).await;
}

#[tokio::test]
async fn a_publisher_that_has_said_everything_stays_for_those_who_have_missed_the_end() {
    let broker = Mosquitto::start().await;
    let settings = PublisherSettings::new(broker.url(), "sanmen-test-plant");
    let linger = std::time::Duration::from_secs(2);
    let settings = PublisherSettings { pace: quick(), sent_bytes: 1_000_000, linger, ..settings };
    let publisher = Publisher::start(settings);
    let (listener, mut reader) = subscriber(broker.url());
    until_connected(listener.status()).await;
    publish(&publisher, 0..3).await;
    read(&mut reader, 3).await;
    let prompter = publisher.prompter();
    let drained = tokio::spawn(publisher.drain(PATIENCE));
    let head = "sanmen/v1/k7/sanmen/".to_owned();
    prompter.ask(Wanted { head, boot_id: 3, from: 2, to: 2 });
    assert_eq!(read(&mut reader, 1).await, [message(2)]);
    assert!(!drained.is_finished(), "somebody may ask again");
    assert_eq!(drained.await.expect("it ends"), Ok(()));
}
