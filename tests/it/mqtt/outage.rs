//! What arrives although the broker goes away.

use std::time::Duration;

use sanmen::telemetry::link::{LinkState, LinkStatus};
use sanmen::telemetry::publisher::{Publisher, PublisherSettings};
use sanmen::telemetry::url::BrokerUrl;

use super::{PATIENCE, publish_numbers, publisher, quick, read_numbers, subscriber};
use super::{until, until_connected};
use crate::support::mosquitto::{Mosquitto, free_port};

fn all(count: u32) -> Vec<u32> {
    (0..count).collect()
}

#[tokio::test]
async fn a_broker_killed_between_messages_loses_none() {
    let mut broker = Mosquitto::start().await;
    let (subscriber, mut reader) = subscriber(broker.url());
    until_connected(subscriber.status()).await;
    let publisher = publisher(broker.url());
    publish_numbers(&publisher, 0..200).await;
    read_numbers(&mut reader, 0..200).await;

    broker.save().await;
    broker.kill().await;
    let lost = |now: &LinkStatus| now.losses > 0 && now.state != LinkState::Connected;
    until(publisher.status(), lost).await;
    until(subscriber.status(), lost).await;
    publish_numbers(&publisher, 200..600).await;
    broker.restart().await;
    until_connected(subscriber.status()).await;
    publish_numbers(&publisher, 600..800).await;
    let (numbers, _) = read_numbers(&mut reader, 200..800).await;
    assert_eq!(numbers, (200..800).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_broker_restarted_while_messages_flow_loses_none_and_keeps_their_order() {
    let mut broker = Mosquitto::start().await;
    let (subscriber, mut reader) = subscriber(broker.url());
    until_connected(subscriber.status()).await;
    let publisher = publisher(broker.url());
    let sending = async {
        publish_numbers(&publisher, 0..3_000).await;
    };
    let restarting = async {
        until(publisher.status(), |now| now.connects == 1).await;
        broker.stop().await;
        broker.restart().await;
    };
    let reading = read_numbers(&mut reader, 0..3_000);
    let ((), (), (numbers, _)) = tokio::join!(sending, restarting, reading);
    assert_eq!(numbers, all(3_000));
    assert!(publisher.status().borrow().connects >= 2, "the restart was noticed");
}

#[tokio::test]
async fn messages_in_a_frozen_broker_that_dies_are_sent_again() {
    let mut broker = Mosquitto::start().await;
    let (subscriber, mut reader) = subscriber(broker.url());
    until_connected(subscriber.status()).await;
    let publisher = publisher(broker.url());
    publish_numbers(&publisher, 0..100).await;
    read_numbers(&mut reader, 0..100).await;

    broker.save().await;
    broker.freeze().await;
    publish_numbers(&publisher, 100..400).await;
    until(publisher.status(), |now| now.losses > 0).await;
    let reason = publisher.status().borrow().state.clone();
    assert_eq!(reason, LinkState::Disconnected { reason: "no acknowledgement".to_owned() });
    broker.kill().await;
    broker.restart().await;
    publish_numbers(&publisher, 400..500).await;

    let (numbers, _) = read_numbers(&mut reader, 100..500).await;
    assert_eq!(numbers, (100..500).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_broker_that_thaws_goes_on_where_it_stopped() {
    let broker = Mosquitto::start().await;
    let (subscriber, mut reader) = subscriber(broker.url());
    until_connected(subscriber.status()).await;
    let publisher = publisher(broker.url());
    until_connected(publisher.status()).await;
    publish_numbers(&publisher, 0..100).await;
    broker.freeze().await;
    publish_numbers(&publisher, 100..300).await;
    until(publisher.status(), |now| now.losses > 0).await;
    broker.thaw().await;
    let (numbers, _) = read_numbers(&mut reader, 0..300).await;
    assert_eq!(numbers, all(300));
}

#[tokio::test]
async fn a_broker_that_comes_late_gets_everything() {
    let port = free_port().await;
    let (subscriber, mut reader) = subscriber(BrokerUrl::loopback(port));
    let publisher = publisher(BrokerUrl::loopback(port));
    let down = |now: &LinkStatus| match &now.state {
        LinkState::Disconnected { reason } => reason.contains("refused"),
        _ => false,
    };
    until(subscriber.status(), down).await;
    until(publisher.status(), down).await;
    let broker = Mosquitto::start_at(port, "allow_anonymous true\n").await;
    until_connected(subscriber.status()).await;
    publish_numbers(&publisher, 0..100).await;
    let (numbers, _) = read_numbers(&mut reader, 0..100).await;
    assert_eq!(numbers, all(100));
    drop(broker);
}

#[tokio::test]
async fn subscriptions_come_back_when_the_broker_has_forgotten_them() {
    let mut broker = Mosquitto::start().await;
    let (subscriber, mut reader) = subscriber(broker.url());
    until_connected(subscriber.status()).await;
    let publisher = publisher(broker.url());
    broker.kill().await;
    broker.restart().await;
    until(subscriber.status(), |now| now.connects == 2 && now.state == LinkState::Connected).await;
    publish_numbers(&publisher, 0..10).await;
    let (numbers, _) = read_numbers(&mut reader, 0..10).await;
    assert_eq!(numbers, all(10));
}

#[tokio::test]
async fn a_full_outbox_makes_the_sender_wait_and_counts_it() {
    let port = free_port().await;
    let settings = PublisherSettings::new(BrokerUrl::loopback(port), "full");
    let settings = PublisherSettings { pace: quick(), outbox: 10, ..settings };
    let publisher = Publisher::start(settings);
    let mut sending = Box::pin(publish_numbers(&publisher, 0..200));
    let stuck = tokio::time::timeout(Duration::from_millis(200), &mut sending).await;
    assert!(stuck.is_err(), "138 of 200 have room");
    let counts = publisher.counts();
    assert_eq!((counts.accepted, counts.acknowledged), (138, 0));
    assert!(counts.waited > 0);
    let _broker = Mosquitto::start_at(port, "allow_anonymous true\n").await;
    sending.as_mut().await;
    drop(sending);
    assert_eq!(publisher.counts().accepted, 200);
    publisher.drain(PATIENCE).await.expect("all acknowledged");
}
