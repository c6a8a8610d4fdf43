//! Every kind of listener that brokers have, and every way in which one may not work.

use std::fmt::Write as _;
use std::path::Path;

use sanmen::telemetry::access::Access;
use sanmen::telemetry::link::{LinkState, Protocol};
use sanmen::telemetry::url::BrokerUrl;
use tokio::net::{TcpListener, TcpStream};

use super::{
    PATIENCE, publish_numbers, publisher, read_numbers, subscriber, until, until_connected,
};
use crate::support::certificates::Authority;
use crate::support::command::sanmen;
use crate::support::listeners::{Door, Listeners};
use crate::support::mosquitto::free_port;

#[tokio::test]
async fn messages_pass_every_kind_of_listener_in_both_versions() {
    let server = Listeners::start().await;
    let doors = [Door::Plain, Door::Login, Door::Tls, Door::TlsBoth, Door::Web, Door::WebTls];
    for door in doors {
        for protocol in [Protocol::V5, Protocol::V311] {
            let access = Access { protocol: Some(protocol), ..server.access(door) };
            let (subscriber, mut reader) = subscriber(access.clone());
            until_connected(subscriber.status()).await;
            assert_eq!(subscriber.status().borrow().protocol, protocol, "{door:?}");
            let publisher = publisher(access);
            publish_numbers(&publisher, 0..200).await;
            let (numbers, again) = read_numbers(&mut reader, 0..200).await;
            assert_eq!(numbers, (0..200).collect::<Vec<_>>(), "{door:?} {protocol:?}");
            assert_eq!(again, 0, "{door:?} {protocol:?}");
            publisher.drain(PATIENCE).await.expect("all acknowledged");
            subscriber.stop().await;
        }
    }
}

/// Carries whoever comes to a port of `[::1]` to the same broker; none: this machine has no IPv6.
async fn by_ipv6(port: u16) -> Option<u16> {
    let listener = TcpListener::bind(("::1", 0)).await.ok()?;
    let own = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    });
    Some(own)
}

#[tokio::test]
async fn messages_pass_over_ipv6_with_and_without_tls_and_websockets() {
    let server = Listeners::start().await;
    for door in [Door::Plain, Door::Tls, Door::Web, Door::WebTls] {
        let Some(port) = by_ipv6(server.port(door)).await else { return };
        let access = server.access(door);
        let text = format!("{}://[::1]:{port}", access.url.scheme());
        let url = BrokerUrl::parse(&text).expect("an address");
        for protocol in [Protocol::V5, Protocol::V311] {
            let at = Access { protocol: Some(protocol), url: url.clone(), ..access.clone() };
            let (subscriber, mut reader) = subscriber(at.clone());
            until_connected(subscriber.status()).await;
            let publisher = publisher(at);
            publish_numbers(&publisher, 0..20).await;
            let (numbers, _) = read_numbers(&mut reader, 0..20).await;
            assert_eq!(numbers, (0..20).collect::<Vec<_>>(), "{text} {protocol:?}");
            publisher.drain(PATIENCE).await.expect("all acknowledged");
            subscriber.stop().await;
        }
    }
}

/// Why there is no connection, and whether that may change by itself.
async fn verdict(access: Access) -> String {
    let (subscriber, _reader) = subscriber(access);
    let status = subscriber.status();
    until(status.clone(), |now| now.state != LinkState::Connecting).await;
    let now = status.borrow().clone();
    match now.state {
        LinkState::Refused { reason } => format!("for good: {reason}"),
        LinkState::Disconnected { reason } => format!("for now: {reason}"),
        state => format!("{state:?}"),
    }
}

#[tokio::test]
async fn a_broker_that_cannot_be_used_is_told_in_one_sentence() {
    let server = Listeners::start().await;
    let nobody = free_port().await;
    let stranger = Authority::new().vouch(&["client"], 2099);
    let stale = server.vouch_client(2020);
    let at = |scheme: &str, door: Door| Access::from(server.url(scheme, door));
    let knowing = |scheme: &str, door: Door| Access { tls: server.trust(), ..at(scheme, door) };
    let login = |user: &str, password: &str| {
        let mut access = server.access(Door::Login);
        access.url.login = Some((user.to_owned(), password.to_owned()));
        access
    };
    let showing = |own| Access { tls: server.showing(own), ..server.access(Door::TlsBoth) };
    let nowhere = BrokerUrl::parse("mqtt://broker.invalid").expect("an address");
    let cases = [
        ("a port where nobody listens", Access::from(BrokerUrl::loopback(nobody))),
        ("a name that is none", Access::from(nowhere)),
        ("an unknown authority", at("mqtts", Door::Tls)),
        ("an unknown authority, websocket", at("wss", Door::WebTls)),
        ("an expired certificate", knowing("mqtts", Door::Expired)),
        ("a certificate for another name", knowing("mqtts", Door::Elsewhere)),
        ("no certificate of ours", knowing("mqtts", Door::TlsBoth)),
        ("a certificate of ours that it does not know", showing(&stranger)),
        ("a certificate of ours that has expired", showing(&stale)),
        ("no login", at("mqtt", Door::Login)),
        ("a user without a password", login("rw", "")),
        ("a wrong password", login("rw", "wrong")),
        ("TLS where there is none", knowing("mqtts", Door::Plain)),
        ("no TLS where there is one", at("mqtt", Door::Tls)),
        ("a websocket where there is none", at("ws", Door::Plain)),
        ("a websocket with TLS where there is none", knowing("wss", Door::Web)),
        ("no websocket where there is one", at("mqtt", Door::Web)),
    ];
    let mut told = String::new();
    for (what, access) in cases {
        let port = access.url.port.to_string();
        let five = Access { protocol: Some(Protocol::V5), ..access.clone() };
        let old = Access { protocol: Some(Protocol::V311), ..access };
        let (five, old) = (verdict(five).await, verdict(old).await);
        writeln!(told, "{what}\n  {}", five.replace(&port, "PORT")).expect("a string");
        if old != five {
            writeln!(told, "  3.1.1: {}", old.replace(&port, "PORT")).expect("a string");
        }
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn the_command_says_why_and_ends_when_a_broker_is_of_no_use() {
    let server = Listeners::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let url = server.url("mqtts", Door::Expired).to_string();
    let ca = server.ca_file(folder.path()).await;
    let run = move |folder: &Path, ca: &str| {
        let args = ["simulate", "story", "--broker", &url, "--ca", ca, "--speed", "600"];
        let output = sanmen(folder, &args);
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let place = folder.path().to_owned();
    let (code, said) = tokio::task::spawn_blocking(move || run(&place, &ca)).await.expect("it ran");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("its certificate has expired on 2020-12-31"), "{said}");
    assert_eq!(said.matches("expired").count(), 1, "said once: {said}");
}
