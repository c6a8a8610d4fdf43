//! What a broker keeps for whoever comes later, and for how long.

use sanmen::base::Span;
use sanmen::base::time::wall_now;
use sanmen::telemetry::broker::Broker;
use sanmen::telemetry::link::{LinkState, LinkStatus};
use sanmen::telemetry::publisher::{Keep, Publisher};
use sanmen::telemetry::subscriber::{Subscriber, SubscriberSettings};
use sanmen::telemetry::url::BrokerUrl;

use super::{PATIENCE, next, publisher, quick, until, until_connected};
use crate::support::mosquitto::{Mosquitto, free_port};
use crate::support::old_broker;

const ALARM: &str = "sanmen/v1/k7/alarm/sanmen/gateway-silent/plant";
const MARK: &str = "sanmen/v1/k7/mark";

async fn keep(publisher: &Publisher, keep: Keep, payload: &str) {
    let sent = publisher.publish_for(keep, ALARM.to_owned(), payload.as_bytes().to_vec()).await;
    sent.expect("the publisher runs");
}

fn in_s(s: i64) -> Keep {
    Keep::Until(wall_now() + Span::seconds(s))
}

/// What the broker has kept for somebody who subscribes now.
async fn kept(broker: BrokerUrl, publisher: &Publisher) -> Vec<String> {
    let filters = vec!["sanmen/v1/k7/#".to_owned()];
    let settings = SubscriberSettings::new(broker, "sanmen-test-late", filters);
    let (subscriber, mut reader) =
        Subscriber::start(SubscriberSettings { pace: quick(), ..settings });
    until_connected(subscriber.status()).await;
    publisher.publish(MARK.to_owned(), Vec::new()).await.expect("the publisher runs");
    let mut kept = Vec::new();
    loop {
        let arrival = next(&mut reader).await;
        let is_mark = arrival.topic == MARK;
        arrival.ack.acknowledge();
        if is_mark {
            break;
        }
        if arrival.retained {
            kept.push(String::from_utf8(arrival.payload).expect("text"));
        }
    }
    subscriber.stop().await;
    kept
}

async fn a_message_is_kept_until_it_runs_out_or_is_taken_back(broker: BrokerUrl) {
    let publisher = publisher(broker.clone());
    keep(&publisher, in_s(600), "one").await;
    assert_eq!(kept(broker.clone(), &publisher).await, ["one"]);
    keep(&publisher, in_s(600), "two").await;
    assert_eq!(kept(broker.clone(), &publisher).await, ["two"]);
    keep(&publisher, Keep::NoLonger, "").await;
    assert_eq!(kept(broker.clone(), &publisher).await, [""; 0]);
    keep(&publisher, in_s(3), "three").await;
    assert_eq!(kept(broker.clone(), &publisher).await, ["three"]);
    let gone = async { while !kept(broker.clone(), &publisher).await.is_empty() {} };
    tokio::time::timeout(PATIENCE, gone).await.expect("it runs out");
    publisher.drain(PATIENCE).await.expect("all acknowledged");
}

#[tokio::test]
async fn mosquitto_keeps_a_message_until_it_runs_out_or_is_taken_back() {
    let broker = Mosquitto::start().await;
    a_message_is_kept_until_it_runs_out_or_is_taken_back(broker.url()).await;
}

#[tokio::test]
async fn the_embedded_broker_keeps_a_message_until_it_runs_out_or_is_taken_back() {
    let broker = Broker::start(0).await.expect("a free port");
    a_message_is_kept_until_it_runs_out_or_is_taken_back(broker.url()).await;
    broker.stop().await;
}

#[tokio::test]
async fn over_3_1_1_nothing_is_kept_and_what_was_kept_can_be_taken_back() {
    let mosquitto = Mosquitto::start().await;
    let first = publisher(mosquitto.url());
    keep(&first, in_s(600), "by 5").await;
    assert_eq!(kept(mosquitto.url(), &first).await, ["by 5"]);
    first.drain(PATIENCE).await.expect("all acknowledged");
    let old = publisher(old_broker::start(mosquitto.port()).await);
    keep(&old, in_s(600), "by 3.1.1").await;
    assert_eq!(kept(mosquitto.url(), &old).await, ["by 5"]);
    keep(&old, Keep::NoLonger, "").await;
    assert_eq!(kept(mosquitto.url(), &old).await, [""; 0]);
}

#[tokio::test]
async fn what_runs_out_while_the_broker_is_away_is_never_told() {
    let port = free_port().await;
    let publisher = publisher(BrokerUrl::loopback(port));
    let down = |now: &LinkStatus| matches!(now.state, LinkState::Disconnected { .. });
    until(publisher.status(), down).await;
    keep(&publisher, in_s(0), "old").await;
    keep(&publisher, in_s(600), "new").await;
    let broker = Mosquitto::start_at(port, "allow_anonymous true\n").await;
    until_connected(publisher.status()).await;
    assert_eq!(kept(broker.url(), &publisher).await, ["new"]);
    assert_eq!(publisher.counts().expired, 1);
    publisher.drain(PATIENCE).await.expect("the others are acknowledged");
}
