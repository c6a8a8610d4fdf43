//! Messages that wait on disk while the broker is away.

use std::path::Path;

use sanmen::telemetry::publisher::{Publisher, PublisherSettings};
use sanmen::telemetry::spool::{Spool, SpoolSettings};
use sanmen::telemetry::url::BrokerUrl;

use super::{PATIENCE, publish_numbers, quick, read_numbers, subscriber, until_connected};
use crate::support::mosquitto::Mosquitto;

/// With its spool in `folder`.
fn spooled(broker: BrokerUrl, folder: &Path, bytes_max: u64) -> Publisher {
    let settings = PublisherSettings::new(broker, "sanmen-test-plant");
    let spool = Spool::open(SpoolSettings { folder: folder.to_owned(), bytes_max });
    let settings = PublisherSettings { pace: quick(), ..settings };
    Publisher::start_with(settings, Some(spool.expect("a folder")))
}

#[tokio::test]
async fn a_broker_that_is_away_costs_no_message_and_makes_nobody_wait() {
    let mut broker = Mosquitto::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("spool");
    let (listener, mut reader) = subscriber(broker.url());
    until_connected(listener.status()).await;
    let publisher = spooled(broker.url(), &place, 16 * 1024 * 1024);
    publish_numbers(&publisher, 0..50).await;
    broker.save().await;
    broker.kill().await;
    publish_numbers(&publisher, 50..3_000).await; // far more than any outbox holds in memory
    broker.restart().await;
    publish_numbers(&publisher, 3_000..3_010).await;
    let (numbers, _) = read_numbers(&mut reader, 0..3_010).await;
    assert_eq!(numbers, (0..3_010).collect::<Vec<_>>(), "none lost, and in order");
    assert_eq!(publisher.counts().dropped, 0);
    publisher.drain(PATIENCE).await.expect("delivered");
    assert!(!place.exists(), "it leaves nothing behind");
}

#[tokio::test]
async fn what_a_killed_publisher_has_spooled_goes_out_first_after_its_restart() {
    let mut broker = Mosquitto::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    broker.kill().await;
    let publisher = spooled(broker.url(), folder.path(), 16 * 1024 * 1024);
    publish_numbers(&publisher, 0..301).await;
    drop(publisher); // the last message may still have been on its way to the disk
    broker.restart().await;
    let (listener, mut reader) = subscriber(broker.url());
    until_connected(listener.status()).await;
    let publisher = spooled(broker.url(), folder.path(), 16 * 1024 * 1024);
    publish_numbers(&publisher, 400..410).await;
    let (numbers, _) = read_numbers(&mut reader, 0..300).await;
    assert_eq!(numbers, (0..300).collect::<Vec<_>>());
    let (numbers, _) = read_numbers(&mut reader, 400..410).await;
    assert_eq!(numbers, (400..410).collect::<Vec<_>>());
    publisher.drain(PATIENCE).await.expect("delivered");
}

#[tokio::test]
async fn a_full_spool_gives_up_the_oldest_and_counts_them() {
    let mut broker = Mosquitto::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    broker.kill().await;
    let publisher = spooled(broker.url(), folder.path(), 0);
    for n in 0..300 {
        let payload = format!("{n:>7000}").into_bytes();
        publisher.publish(super::TOPIC.to_owned(), payload).await.expect("taken");
    }
    let counts = publisher.counts();
    assert!(counts.dropped > 50, "{counts:?}");
    let left = publisher.give_up().messages;
    assert!(left + counts.dropped >= 298, "{left} left, {counts:?}");
}
