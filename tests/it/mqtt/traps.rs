//! What networks, brokers and other clients do to a connection, and what becomes of it.

use std::time::Duration;

use sanmen::telemetry::access::Access;
use sanmen::telemetry::backoff::Pace;
use sanmen::telemetry::link::{LinkState, LinkStatus, Protocol};
use sanmen::telemetry::publisher::{Publisher, PublisherSettings};
use sanmen::telemetry::subscriber::{Subscriber, SubscriberSettings};
use sanmen::telemetry::url::BrokerUrl;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::{
    PATIENCE, TOPIC, next, publish_numbers, publisher, quick, read_numbers, subscriber, until,
    until_connected,
};
use crate::support::listeners::{Door, Listeners};
use crate::support::mosquitto::Mosquitto;
use crate::support::proxy::{Fault, Proxy};

fn is_down(now: &LinkStatus) -> bool {
    matches!(now.state, LinkState::Disconnected { .. })
}

fn reason(now: &LinkStatus) -> &str {
    match &now.state {
        LinkState::Disconnected { reason } | LinkState::Ended { reason } => reason,
        _ => "",
    }
}

/// Messages pass before, during or after `fault`, all of them and in order.
async fn nothing_is_lost_through(fault: Fault, costs_a_connection: bool) {
    let broker = Mosquitto::start().await;
    let (up, down) = (Proxy::start(broker.port()).await, Proxy::start(broker.port()).await);
    let (subscriber, mut reader) = subscriber(down.url.clone());
    until_connected(subscriber.status()).await;
    let publisher = publisher(up.url.clone());
    publish_numbers(&publisher, 0..50).await;
    read_numbers(&mut reader, 0..50).await;
    for proxy in [&up, &down] {
        proxy.set(fault);
    }
    publish_numbers(&publisher, 50..100).await;
    if costs_a_connection {
        until(publisher.status(), |now| now.losses > 0).await;
    }
    for proxy in [&up, &down] {
        if costs_a_connection {
            proxy.set(Fault::None);
        }
    }
    let (numbers, _) = read_numbers(&mut reader, 50..100).await;
    assert_eq!(numbers, (50..100).collect::<Vec<_>>(), "{fault:?}");
    publisher.drain(PATIENCE).await.expect("all acknowledged");
}

#[tokio::test]
async fn connections_that_are_cut_lose_nothing() {
    nothing_is_lost_through(Fault::Cut, true).await;
}

#[tokio::test]
async fn bytes_that_arrive_as_others_lose_nothing() {
    nothing_is_lost_through(Fault::Corrupt, true).await;
}

#[tokio::test]
async fn a_packet_cut_in_two_loses_nothing() {
    nothing_is_lost_through(Fault::Truncate(1), true).await;
}

#[tokio::test]
async fn a_slow_network_loses_nothing_and_costs_no_connection() {
    nothing_is_lost_through(Fault::Delay(Duration::from_millis(30)), false).await;
}

#[tokio::test]
async fn a_publisher_notices_that_nothing_passes_any_more() {
    nothing_is_lost_through(Fault::Swallow, true).await;
}

#[tokio::test]
async fn a_subscriber_notices_that_nothing_passes_any_more() {
    let broker = Mosquitto::start().await;
    let proxy = Proxy::start(broker.port()).await;
    let settings = SubscriberSettings::new(proxy.url.clone(), "half-open", vec![TOPIC.to_owned()]);
    let keep_alive = Duration::from_secs(5);
    let (subscriber, _reader) =
        Subscriber::start(SubscriberSettings { pace: quick(), keep_alive, ..settings });
    until_connected(subscriber.status()).await;
    proxy.set(Fault::Swallow);
    until(subscriber.status(), |now| now.losses > 0).await;
    let said = subscriber.status().borrow().clone();
    assert!(reason(&said).contains("no answer to a ping"), "{said:?}");
    proxy.set(Fault::None);
    until(subscriber.status(), |now| now.connects > 1 && now.state == LinkState::Connected).await;
}

#[tokio::test]
async fn a_broker_that_accepts_and_says_nothing_is_given_up_in_time() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback");
    let port = listener.local_addr().expect("bound").port();
    for scheme in ["mqtt", "mqtts", "ws", "wss"] {
        let text = format!("{scheme}://127.0.0.1:{port}");
        let (subscriber, _reader) = subscriber(BrokerUrl::parse(&text).expect("an address"));
        let (_silent, _) = listener.accept().await.expect("it comes");
        until(subscriber.status(), is_down).await;
        assert_eq!(reason(&subscriber.status().borrow()), "no answer to CONNECT", "{scheme}");
    }
}

#[tokio::test]
async fn a_broker_that_sends_garbage_is_told_as_that() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback");
    let url = BrokerUrl::loopback(listener.local_addr().expect("bound").port());
    for protocol in [Protocol::V5, Protocol::V311] {
        let access = Access { protocol: Some(protocol), ..Access::from(url.clone()) };
        let (subscriber, _reader) = subscriber(access);
        let (mut client, _) = listener.accept().await.expect("it comes");
        client.write_all(&[0xff; 64]).await.expect("sent");
        until(subscriber.status(), is_down).await;
        let said = subscriber.status().borrow().clone();
        assert!(reason(&said).contains("no MQTT"), "{said:?}");
    }
}

#[tokio::test]
async fn a_connection_that_is_accepted_and_dropped_is_not_tried_again_at_once() {
    let broker = Mosquitto::start().await;
    let proxy = Proxy::start(broker.port()).await;
    let slow =
        Pace { least: Duration::from_hours(100), most: Duration::from_hours(100), ..quick() };
    let settings = PublisherSettings::new(proxy.url.clone(), "dropped");
    let publisher = Publisher::start(PublisherSettings { pace: slow, ..settings });
    until_connected(publisher.status()).await;
    proxy.set(Fault::Cut);
    until(publisher.status(), is_down).await;
    proxy.set(Fault::None);
    // Meanwhile others do a thousand things.
    let (subscriber, mut reader) = subscriber(broker.url());
    until_connected(subscriber.status()).await;
    let other = super::publisher(broker.url());
    publish_numbers(&other, 0..1_000).await;
    read_numbers(&mut reader, 0..1_000).await;
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn of_two_clients_with_one_name_one_says_so_and_stands_back() {
    let broker = Mosquitto::start().await;
    let publisher = || {
        let settings = PublisherSettings::new(broker.url(), "the-same-name");
        Publisher::start(PublisherSettings { pace: quick(), ..settings })
    };
    let (one, two) = (publisher(), publisher());
    let told = |now: &LinkStatus| match &now.state {
        LinkState::Refused { reason } | LinkState::Ended { reason } => {
            reason.starts_with("another client keeps connecting with our client id")
        }
        _ => false,
    };
    tokio::select! {
        () = until(one.status(), told) => {}
        () = until(two.status(), told) => {}
    }
    // Messages of both get through all the same.
    publish_numbers(&one, 0..10).await;
    publish_numbers(&two, 0..10).await;
    let delivered = async { tokio::join!(one.drain(PATIENCE), two.drain(PATIENCE)) };
    let (one, two) = delivered.await;
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
}

#[tokio::test]
async fn a_large_retained_message_stops_nobody_over_3_1_1_either() {
    let broker = Mosquitto::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("large").display().to_string();
    tokio::fs::write(&file, vec![b'x'; 20_000]).await.expect("written");
    broker.publish(&["-r", "-q", "1", "-t", "sanmen/v1/k7/large/data", "-f", &file]).await;
    let access = Access { protocol: Some(Protocol::V311), ..Access::from(broker.url()) };
    let (subscriber, mut reader) = subscriber(access.clone());
    let large = next(&mut reader).await;
    assert_eq!(large.topic, "sanmen/v1/k7/large/data");
    large.ack.acknowledge();
    let publisher = publisher(access);
    publish_numbers(&publisher, 0..10).await;
    read_numbers(&mut reader, 0..10).await;
    assert_eq!(subscriber.status().borrow().losses, 0);
}

#[tokio::test]
async fn what_a_login_may_not_write_is_counted_and_stops_nobody() {
    let server = Listeners::start().await;
    let mut access = server.access(Door::Login);
    access.url.login = Some(("ro".to_owned(), "readonly".to_owned()));
    let publisher = publisher(access);
    publish_numbers(&publisher, 0..5).await;
    let counts = loop {
        let counts = publisher.counts();
        if counts.rejected + counts.acknowledged == 5 {
            break counts;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((counts.rejected, counts.acknowledged), (5, 0));
    assert_eq!(publisher.status().borrow().losses, 0);
}

#[tokio::test]
async fn the_will_of_a_connection_that_died_may_come_after_its_successor_has_spoken() {
    let broker = Mosquitto::start().await;
    let proxy = Proxy::start(broker.port()).await;
    let (subscriber, mut reader) = subscriber(broker.url());
    until_connected(subscriber.status()).await;
    let settings = PublisherSettings::new(proxy.url.clone(), "old-boot");
    let will = Some((super::DEATH.to_owned(), b"old".to_vec()));
    let old = Publisher::start(PublisherSettings { pace: quick(), will, ..settings });
    until_connected(old.status()).await;
    let settings = PublisherSettings::new(broker.url(), "new-boot");
    let new = Publisher::start(PublisherSettings { pace: quick(), ..settings });
    publish_numbers(&new, 0..1).await;
    read_numbers(&mut reader, 0..1).await;
    drop(old);
    let will = next(&mut reader).await;
    assert_eq!((will.topic.as_str(), will.payload.as_slice()), (super::DEATH, b"old".as_slice()));
    will.ack.acknowledge();
}
