//! What others may put into our topics without stopping us.

use sanmen::telemetry::topic::Kind;
use sanmen::telemetry::wire::{MESSAGE_BYTES_MAX, decode};

use super::{TOPIC, next, publish_numbers, publisher, read_numbers, subscriber, until_connected};
use crate::support::mosquitto::Mosquitto;

#[tokio::test]
async fn a_large_retained_message_does_not_stop_the_subscriber() {
    let broker = Mosquitto::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    for (name, size) in [("large", 20_000), ("huge", 400_000)] {
        let file = folder.path().join(name);
        tokio::fs::write(&file, vec![b'x'; size]).await.expect("written");
        let (topic, file) = (format!("sanmen/v1/k7/{name}/data"), file.display().to_string());
        broker.publish(&["-r", "-q", "1", "-t", &topic, "-f", &file]).await;
    }
    let (subscriber, mut reader) = subscriber(broker.url());
    let large = next(&mut reader).await;
    assert_eq!(large.topic, "sanmen/v1/k7/large/data");
    assert!(large.retained, "it is history");
    assert_eq!(large.payload.len(), MESSAGE_BYTES_MAX + 1, "cut: it will be refused anyway");
    let refusal = decode(Kind::Data, &large.payload).expect_err("too large");
    assert_eq!(refusal.reason, "too-large");
    large.ack.acknowledge();

    let publisher = publisher(broker.url());
    publish_numbers(&publisher, 0..10).await;
    let (numbers, _) = read_numbers(&mut reader, 0..10).await;
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    let status = subscriber.status().borrow().clone();
    assert_eq!((status.connects, status.losses), (1, 0), "the huge one cost no connection");
}

#[tokio::test]
async fn garbage_passes_through_as_it_is() {
    let broker = Mosquitto::start().await;
    let (subscriber, mut reader) = subscriber(broker.url());
    until_connected(subscriber.status()).await;
    let publisher = publisher(broker.url());
    let garbage: [&[u8]; 4] = [b"", b"\xff\xfe\x00", b"[[[[[[[[", b"{\"plant\":\"sanmen\"}"];
    for payload in garbage {
        publisher.publish(TOPIC.to_owned(), payload.to_vec()).await.expect("accepted");
    }
    for payload in garbage {
        let arrival = next(&mut reader).await;
        assert_eq!(arrival.payload, payload);
        assert!(decode(Kind::Data, &arrival.payload).is_err());
        arrival.ack.acknowledge();
    }
    assert_eq!(subscriber.status().borrow().losses, 0);
}
