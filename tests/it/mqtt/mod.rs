//! Publisher and subscriber against Debian's Mosquitto and against the embedded broker.

mod delivery;
mod guest;
mod kept;
mod listeners;
mod outage;
mod resend;
mod spool;
mod strangers;
mod traps;

use std::time::Duration;

use sanmen::telemetry::access::Access;
use sanmen::telemetry::backoff::Pace;
use sanmen::telemetry::link::{LinkState, LinkStatus};
use sanmen::telemetry::publisher::{Publisher, PublisherSettings};
use sanmen::telemetry::subscriber::{Arrival, Subscriber, SubscriberSettings};
use tokio::sync::{mpsc, watch};

const TOPIC: &str = "sanmen/v1/k7/sanmen/data";
const DEATH: &str = "sanmen/v1/k7/sanmen/death";

/// Longer than anything here takes, shorter than anybody waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// Quick attempts, so that a test takes a second.
fn quick() -> Pace {
    let ms = Duration::from_millis;
    Pace { least: ms(20), most: ms(100), stable: ms(1_000), patience: ms(1_000) }
}

fn publisher(broker: impl Into<Access>) -> Publisher {
    let settings = PublisherSettings::new(broker, "sanmen-test-plant");
    Publisher::start(PublisherSettings {
        pace: quick(),
        will: Some((DEATH.to_owned(), b"will".to_vec())),
        ..settings
    })
}

/// Subscribed to everything of the space, with a session.
fn subscriber(broker: impl Into<Access>) -> (Subscriber, mpsc::Receiver<Arrival>) {
    let filters = vec!["sanmen/v1/k7/#".to_owned()];
    let settings = SubscriberSettings::new(broker, "sanmen-test-monitor", filters);
    let session = Some(Duration::from_mins(1));
    Subscriber::start(SubscriberSettings { pace: quick(), session, ..settings })
}

/// Waits until the connection is as wanted.
async fn until(mut status: watch::Receiver<LinkStatus>, wanted: impl Fn(&LinkStatus) -> bool) {
    let waiting = tokio::time::timeout(PATIENCE, status.wait_for(|now| wanted(now)));
    let reached = waiting.await.is_ok_and(|found| found.is_ok());
    assert!(reached, "never reached; last was {:?}", status.borrow());
}

async fn until_connected(status: watch::Receiver<LinkStatus>) {
    until(status, |now| now.state == LinkState::Connected).await;
}

async fn next(reader: &mut mpsc::Receiver<Arrival>) -> Arrival {
    let arrival = tokio::time::timeout(PATIENCE, reader.recv()).await;
    arrival.expect("a message in time").expect("the subscriber runs")
}

async fn publish_numbers(publisher: &Publisher, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let sent = publisher.publish(TOPIC.to_owned(), number.to_string().into_bytes()).await;
        sent.expect("the publisher runs");
    }
}

/// Reads and acknowledges until all of these numbers have come; gives them in order of first
/// sight, and how many came again. Others are passed over.
async fn read_numbers(
    reader: &mut mpsc::Receiver<Arrival>,
    wanted: std::ops::Range<u32>,
) -> (Vec<u32>, usize) {
    let mut first_sights = Vec::new();
    let mut again = 0;
    while first_sights.len() < wanted.len() {
        let arrival = next(reader).await;
        if arrival.topic == TOPIC {
            let text = String::from_utf8(arrival.payload).expect("a number");
            let number = text.parse().expect("a number");
            if first_sights.contains(&number) {
                again += 1;
            } else if wanted.contains(&number) {
                first_sights.push(number);
            }
        }
        arrival.ack.acknowledge();
    }
    (first_sights, again)
}
