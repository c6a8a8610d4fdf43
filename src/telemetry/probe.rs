//! What a broker offers, found by trying it: in a space of its own, and nothing is left behind.

use std::time::Duration;

use rumqttc::tokio_rustls::TlsConnector;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use x509_cert::der::Decode;

use crate::base::ids::Space;
use crate::base::time::wall_now;
use crate::base::{Span, Stamp};
use crate::telemetry::access::Access;
use crate::telemetry::backoff::Pace;
use crate::telemetry::link::{LinkState, LinkStatus, Offers, Protocol};
use crate::telemetry::publisher::{Keep, Publisher, PublisherSettings};
use crate::telemetry::subscriber::{Arrival, Subscriber, SubscriberSettings};

/// How long any one answer may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// Round trips that are timed.
const ROUNDS: usize = 7;

/// How long a kept message is to live when it is seen whether it dies.
const SHORT_LIFE: Span = Span::seconds(2);

/// What was found. Where nothing could be tried, there is nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Until when the broker's certificate is valid.
    pub certificate_until: Option<Stamp>,
    /// MQTT 5: what the broker said of itself, or why it does not work.
    pub v5: Result<Offers, String>,
    /// MQTT 3.1.1: does it work, or why not?
    pub v311: Result<(), String>,
    /// What works over the better of the two.
    pub works: Option<Works>,
}

/// What works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Works {
    /// Times from a message to its arrival back here, shortest first; empty: none came back.
    pub round_trips: Vec<Duration>,
    /// Were they acknowledged one by one?
    pub acknowledged: bool,
    /// Was a message kept for us while we were away?
    pub session: bool,
    /// Was a message kept for who subscribes later? None: over 3.1.1 we let nothing be kept.
    pub retained: Option<bool>,
    /// Was it gone when its time had come?
    pub expiry: Option<bool>,
}

/// Tries the broker. `space` is drawn for this and used by nobody else.
pub async fn probe(access: &Access, space: &Space) -> Found {
    let only = |protocol| Access { protocol: Some(protocol), ..access.clone() };
    let v5 = reach(only(Protocol::V5), space).await;
    let v311 = reach(only(Protocol::V311), space).await.map(drop);
    let best = match (&v5, &v311) {
        (Ok(_), _) => Some(Protocol::V5),
        (_, Ok(())) => Some(Protocol::V311),
        _ => None,
    };
    let works = match best {
        Some(protocol) => Some(Try::new(only(protocol), space).run(protocol).await),
        None => None,
    };
    Found { certificate_until: certificate_until(access).await, v5, v311, works }
}

async fn certificate_until(access: &Access) -> Option<Stamp> {
    let url = &access.url;
    let name = ServerName::try_from(url.name().to_owned()).ok().filter(|_| url.encrypted)?;
    let hello = async {
        let tcp = TcpStream::connect((url.name(), url.port)).await.ok()?;
        let connector = TlsConnector::from(access.tls.config());
        let tls = connector.connect(name, tcp).await.ok()?;
        let certificate = tls.get_ref().1.peer_certificates()?.first()?.clone();
        let certificate = x509_cert::Certificate::from_der(&certificate).ok()?;
        let end = certificate.tbs_certificate.validity.not_after.to_unix_duration();
        Stamp::from_ms(i64::try_from(end.as_millis()).ok()?).ok()
    };
    timeout(PATIENCE, hello).await.ok().flatten()
}

async fn reach(access: Access, space: &Space) -> Result<Offers, String> {
    let settings = SubscriberSettings::new(access, &client(space, 'r'), vec![filter(space)]);
    let (subscriber, _reader) = Subscriber::start(SubscriberSettings { pace: once(), ..settings });
    let status = settled(subscriber.status()).await;
    let answer = match status.state {
        LinkState::Connected => Ok(status.offers),
        LinkState::Refused { reason }
        | LinkState::Ended { reason }
        | LinkState::Disconnected { reason } => Err(reason),
        LinkState::Connecting => Err("no answer".to_owned()),
    };
    subscriber.stop().await;
    answer
}

/// A name that suits every broker: 22 characters.
fn client(space: &Space, role: char) -> String {
    let tail: String = space.as_str().chars().take(13).collect();
    format!("sanmen-{role}-{tail}")
}

/// One attempt only.
fn once() -> Pace {
    let never = Duration::from_hours(1_000);
    Pace { least: never, most: never, patience: PATIENCE, ..Pace::default() }
}

async fn settled(mut status: watch::Receiver<LinkStatus>) -> LinkStatus {
    let known = status.wait_for(|now| now.state != LinkState::Connecting);
    // Connecting ends by itself within the patience of the link; a little more for its goodbye.
    let _ = timeout(PATIENCE * 2, known).await;
    status.borrow().clone()
}

/// As the monitor subscribes: with a wild card for the plant.
fn filter(space: &Space) -> String {
    format!("sanmen/v1/{space}/+/data")
}

struct Try<'a> {
    access: Access,
    space: &'a Space,
}

impl<'a> Try<'a> {
    fn new(access: Access, space: &'a Space) -> Self {
        Self { access, space }
    }

    async fn run(&self, protocol: Protocol) -> Works {
        let publisher = self.publisher();
        let round_trips = self.round_trips(&publisher).await;
        let session = self.session(&publisher).await;
        let (mut retained, mut expiry) = (None, None);
        if protocol == Protocol::V5 {
            let topic = self.topic("kept");
            let end = wall_now() + Span::minutes(5);
            let is_kept = self.keeps(&publisher, Keep::Until(end), &topic).await;
            retained = Some(is_kept);
            if is_kept {
                expiry = Some(self.forgets(&publisher, &topic).await);
            }
            let gone = publisher.publish_for(Keep::NoLonger, topic, Vec::new());
            let _ = gone.await; // what is left then runs out within five minutes
        }
        let acknowledged = publisher.drain(PATIENCE).await.is_ok();
        Works { round_trips, acknowledged, session, retained, expiry }
    }

    fn topic(&self, plant: &str) -> String {
        format!("sanmen/v1/{}/{plant}/data", self.space)
    }

    fn publisher(&self) -> Publisher {
        let settings = PublisherSettings::new(self.access.clone(), &client(self.space, 'p'));
        Publisher::start(PublisherSettings { pace: once(), ..settings })
    }

    async fn subscriber(
        &self,
        filter: &str,
        session: Option<Duration>,
    ) -> Option<(Subscriber, mpsc::Receiver<Arrival>)> {
        let id = client(self.space, 's');
        let settings = SubscriberSettings::new(self.access.clone(), &id, vec![filter.to_owned()]);
        let settings = SubscriberSettings { pace: once(), session, ..settings };
        let (subscriber, reader) = Subscriber::start(settings);
        let status = settled(subscriber.status()).await;
        (status.state == LinkState::Connected).then_some((subscriber, reader))
    }

    async fn round_trips(&self, publisher: &Publisher) -> Vec<Duration> {
        let mut times = Vec::new();
        let topic = self.topic("round");
        let Some((subscriber, mut reader)) = self.subscriber(&filter(self.space), None).await
        else {
            return times;
        };
        settled(publisher.status()).await;
        for _ in 0..ROUNDS {
            let sent = Instant::now();
            let text = b"sanmen broker check".to_vec();
            if publisher.publish(topic.clone(), text).await.is_err()
                || heard(&mut reader, &topic).await.is_none()
            {
                break;
            }
            times.push(sent.elapsed());
        }
        subscriber.stop().await;
        times.sort();
        times
    }

    /// Does a message wait for a subscriber that is away?
    async fn session(&self, publisher: &Publisher) -> bool {
        let topic = self.topic("away");
        let minute = Some(Duration::from_mins(1));
        let Some((subscriber, _)) = self.subscriber(&topic, minute).await else { return false };
        subscriber.stop().await;
        let sent = publisher.publish(topic.clone(), b"sanmen broker check".to_vec()).await.is_ok();
        // The broker must have it before we come back, or it would be no wonder.
        acknowledged(publisher).await;
        let mut came = false;
        if let Some((subscriber, mut reader)) = self.subscriber(&topic, minute).await {
            came = sent && heard(&mut reader, &topic).await.is_some();
            subscriber.stop().await;
        }
        if let Some((subscriber, _)) = self.subscriber(&topic, None).await {
            subscriber.stop().await; // a clean start: the broker forgets the session
        }
        came
    }

    /// Is a message kept for who comes later?
    async fn keeps(&self, publisher: &Publisher, keep: Keep, topic: &str) -> bool {
        let text = b"sanmen broker check".to_vec();
        if publisher.publish_for(keep, topic.to_owned(), text).await.is_err() {
            return false;
        }
        acknowledged(publisher).await;
        self.is_kept(publisher, topic).await
    }

    async fn forgets(&self, publisher: &Publisher, topic: &str) -> bool {
        let end = wall_now() + SHORT_LIFE;
        if !self.keeps(publisher, Keep::Until(end), topic).await {
            return false;
        }
        // Brokers count whole seconds, each from its own moment.
        tokio::time::sleep(Duration::from_secs(4)).await;
        !self.is_kept(publisher, topic).await
    }

    /// Is there something that was kept? A message sent after subscribing says when all has come.
    async fn is_kept(&self, publisher: &Publisher, topic: &str) -> bool {
        let mark = self.topic("mark");
        let Some((subscriber, mut reader)) = self.subscriber(&filter(self.space), None).await
        else {
            return false;
        };
        let sent = publisher.publish(mark.clone(), b"sanmen broker check".to_vec()).await.is_ok();
        let mut kept = false;
        while sent && let Some(arrival) = heard_any(&mut reader).await {
            kept |= arrival.retained && arrival.topic == topic;
            let is_mark = arrival.topic == mark;
            arrival.ack.acknowledge();
            if is_mark {
                break;
            }
        }
        subscriber.stop().await;
        kept
    }
}

async fn acknowledged(publisher: &Publisher) {
    let all = async {
        while publisher.counts().acknowledged + publisher.counts().rejected
            < publisher.counts().accepted
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = timeout(PATIENCE, all).await; // what follows shows that it is missing
}

async fn heard_any(reader: &mut mpsc::Receiver<Arrival>) -> Option<Arrival> {
    timeout(PATIENCE, reader.recv()).await.ok().flatten()
}

async fn heard(reader: &mut mpsc::Receiver<Arrival>, topic: &str) -> Option<()> {
    loop {
        let arrival = heard_any(reader).await?;
        let is_it = arrival.topic == topic;
        arrival.ack.acknowledge();
        if is_it {
            return Some(());
        }
    }
}
