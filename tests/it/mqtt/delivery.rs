//! What arrives while nothing goes wrong.

use std::time::Duration;

use sanmen::base::{Flag, PlantId, Stamp, TagId};
use sanmen::telemetry::broker::{Broker, BrokerError};
use sanmen::telemetry::link::{LinkState, LinkStatus, Protocol};
use sanmen::telemetry::publisher::{PublishError, Undelivered};
use sanmen::telemetry::url::BrokerUrl;
use sanmen::telemetry::wire::{Body, Column, Envelope, MESSAGE_BYTES_MAX, Message};

use super::{
    DEATH, PATIENCE, TOPIC, next, publish_numbers, publisher, read_numbers, subscriber, until,
    until_connected,
};
use crate::support::mosquitto::{Mosquitto, free_port};
use crate::support::old_broker;

async fn everything_arrives_once_and_in_order(broker: BrokerUrl) {
    let (subscriber, mut reader) = subscriber(broker.clone());
    until_connected(subscriber.status()).await;
    let publisher = publisher(broker);
    publish_numbers(&publisher, 0..2_000).await;
    let (numbers, again) = read_numbers(&mut reader, 0..2_000).await;
    assert_eq!(numbers, (0..2_000).collect::<Vec<_>>());
    assert_eq!(again, 0);
    publisher.drain(PATIENCE).await.expect("all acknowledged");
    subscriber.stop().await;
}

#[tokio::test]
async fn messages_arrive_in_order_through_mosquitto() {
    let broker = Mosquitto::start().await;
    everything_arrives_once_and_in_order(broker.url()).await;
}

#[tokio::test]
async fn messages_arrive_in_order_through_the_embedded_broker() {
    let broker = Broker::start(0).await.expect("a free port");
    everything_arrives_once_and_in_order(broker.url()).await;
    broker.stop().await;
}

#[tokio::test]
async fn a_broker_that_speaks_only_3_1_1_is_served_too() {
    let mosquitto = Mosquitto::start().await;
    let url = old_broker::start(mosquitto.port()).await;
    let (subscriber, mut reader) = subscriber(url.clone());
    until_connected(subscriber.status()).await;
    assert_eq!(subscriber.status().borrow().protocol, Protocol::V311);
    let publisher = publisher(url);
    publish_numbers(&publisher, 0..200).await;
    let (numbers, _) = read_numbers(&mut reader, 0..200).await;
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    publisher.drain(PATIENCE).await.expect("all acknowledged");
}

#[tokio::test]
async fn the_will_is_sent_when_a_publisher_vanishes_and_only_then() {
    let broker = Mosquitto::start().await;
    let (subscriber, mut reader) = subscriber(broker.url());
    until_connected(subscriber.status()).await;

    let polite = publisher(broker.url());
    publish_numbers(&polite, 0..1).await;
    polite.drain(PATIENCE).await.expect("all acknowledged");
    let rude = publisher(broker.url());
    publish_numbers(&rude, 1..2).await;
    for expected in ["0", "1"] {
        let arrival = next(&mut reader).await;
        assert_eq!(
            (arrival.topic.as_str(), arrival.payload.as_slice()),
            (TOPIC, expected.as_bytes())
        );
        arrival.ack.acknowledge();
    }
    drop(rude);
    let arrival = next(&mut reader).await;
    assert_eq!((arrival.topic.as_str(), arrival.payload.as_slice()), (DEATH, b"will".as_slice()));
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_after_a_restart_of_the_reader() {
    let broker = Mosquitto::start().await;
    let (first, mut reader) = subscriber(broker.url());
    until_connected(first.status()).await;
    let publisher = publisher(broker.url());
    publish_numbers(&publisher, 0..10).await;
    for number in 0..10 {
        let arrival = next(&mut reader).await;
        if number < 4 {
            arrival.ack.acknowledge();
        }
    }
    first.stop().await;
    publish_numbers(&publisher, 10..12).await;
    publisher.drain(PATIENCE).await.expect("all acknowledged");
    let (_second, mut reader) = subscriber(broker.url());
    let mut numbers = Vec::new();
    while numbers.last().is_none_or(|last| last != "11") {
        numbers.push(String::from_utf8(next(&mut reader).await.payload).expect("a number"));
    }
    assert_eq!(numbers, ["4", "5", "6", "7", "8", "9", "10", "11"]);
}

#[tokio::test]
async fn a_message_too_large_for_every_reader_is_not_accepted() {
    let publisher = publisher(BrokerUrl::loopback(free_port().await));
    let bytes = MESSAGE_BYTES_MAX + 1;
    let refused = publisher.publish(TOPIC.to_owned(), vec![b'x'; bytes]).await;
    assert_eq!(refused, Err(PublishError::TooLarge { bytes }));
}

#[tokio::test]
async fn without_a_broker_draining_says_how_much_is_undelivered() {
    let publisher = publisher(BrokerUrl::loopback(free_port().await));
    publish_numbers(&publisher, 0..3).await;
    let left = publisher.drain(Duration::from_millis(200)).await;
    assert_eq!(left, Err(Undelivered { messages: 3 }));
}

#[tokio::test]
async fn a_broker_that_wants_a_login_says_so() {
    let broker = Mosquitto::start_with("allow_anonymous false\n").await;
    let publisher = publisher(broker.url());
    let wanted = |now: &LinkStatus| match &now.state {
        LinkState::Refused { reason } => reason.starts_with("it wants a login: give --user"),
        _ => false,
    };
    until(publisher.status(), wanted).await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let first = Broker::start(0).await.expect("a free port");
    let port = first.url().port;
    let error = Broker::start(port).await.expect_err("taken");
    assert_eq!(error, BrokerError::Busy { port });
    assert_eq!(
        error.to_string(),
        format!("port {port} is in use: give another one, or 0 for any free port")
    );
    first.stop().await;
    let again = Broker::start(port).await.expect("free again");
    again.stop().await;
}

#[tokio::test]
async fn mosquitto_sub_shows_readable_json() {
    let broker = Mosquitto::start().await;
    let filter = "sanmen/v1/k7/+/data";
    broker.keep(filter).await;
    let at = |text| Stamp::parse(text).expect("a time").0;
    let message = Message {
        envelope: Envelope {
            plant: PlantId::new("sanmen").expect("an id"),
            boot_id: 1,
            seq: 1,
            sent_at: at("2024-12-05T00:01:00Z"),
            exercise: Some("quiet-day".to_owned()),
        },
        body: Body::Data(vec![Column {
            tag: TagId::new("AIT-301").expect("an id"),
            at: vec![at("2024-12-05T00:00:00Z"), at("2024-12-05T00:01:00Z")],
            value: vec![Some(0.52), Some(0.51)],
            flag: vec![Flag::Good, Flag::Good],
        }]),
    };
    let publisher = publisher(broker.url());
    publisher.publish(TOPIC.to_owned(), message.encode()).await.expect("accepted");
    assert_eq!(
        broker.read_kept(filter).await,
        concat!(
            "sanmen/v1/k7/sanmen/data ",
            r#"{"plant":"sanmen","boot_id":1,"seq":1,"sent_at":"2024-12-05T00:01:00Z","#,
            r#""exercise":"quiet-day","from":"2024-12-05T00:00:00Z","#,
            r#""readings":[{"tag":"AIT-301","ms":[0,60000],"value":[0.52,0.51]}]}"#
        )
    );
}
