//! What stands, said on MQTT: seen by whoever comes later, gone when the monitor is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use sanmen::alarms::event::{AlarmId, AlarmState};
use sanmen::base::Span;
use sanmen::monitor::lease::Lease;
use sanmen::telemetry::link::LinkState;
use sanmen::telemetry::subscriber::{Arrival, Subscriber, SubscriberSettings};
use tokio::sync::mpsc;

use super::{PATIENCE, Place, Program, ledger, noticed};
use crate::support::mosquitto::Mosquitto;
use crate::support::old_broker;

const ALARMS: &str = "sanmen/v1/k7/alarm/#";
const MARK: &str = "sanmen/v1/k7/mark";
const LOW: &str = "sanmen/v1/k7/alarm/sanmen/finished-chlorine-low/AIT-301";

type Kept = BTreeMap<String, Lease>;

/// A message that came.
struct Heard {
    topic: String,
    payload: Vec<u8>,
    retained: bool,
}

async fn listen(broker: &Mosquitto, name: &str) -> (Subscriber, mpsc::Receiver<Arrival>) {
    let filters = vec![ALARMS.to_owned(), MARK.to_owned()];
    let (subscriber, reader) =
        Subscriber::start(SubscriberSettings::new(broker.url(), name, filters));
    let mut status = subscriber.status();
    let connected = status.wait_for(|now| now.state == LinkState::Connected);
    let connected = tokio::time::timeout(PATIENCE, connected).await;
    assert!(connected.is_ok_and(|found| found.is_ok()), "never connected");
    (subscriber, reader)
}

/// Everything that has come until now.
async fn heard(broker: &Mosquitto, reader: &mut mpsc::Receiver<Arrival>) -> Vec<Heard> {
    static MARKS: AtomicU32 = AtomicU32::new(0);
    let mark = MARKS.fetch_add(1, Ordering::Relaxed).to_string();
    broker.publish(&["-t", MARK, "-m", &mark, "-q", "1"]).await;
    let mut heard = Vec::new();
    loop {
        let arrival = tokio::time::timeout(PATIENCE, reader.recv()).await;
        let arrival = arrival.expect("in time").expect("the subscriber runs");
        let Arrival { topic, payload, retained, ack, .. } = arrival;
        ack.acknowledge();
        match topic == MARK {
            true if payload == mark.as_bytes() => return heard,
            true => {}
            false => heard.push(Heard { topic, payload, retained }),
        }
    }
}

/// What the broker tells somebody who comes now.
async fn kept(broker: &Mosquitto) -> Kept {
    let (late, mut reader) = listen(broker, "sanmen-test-late").await;
    let mut kept = Kept::new();
    for arrival in heard(broker, &mut reader).await.into_iter().filter(|it| it.retained) {
        let lease: Lease = serde_json::from_slice(&arrival.payload).expect("a lease");
        let Lease { alarm, .. } = &lease;
        let tag = alarm.tag.as_ref().map_or("plant", |tag| tag.as_str());
        let topic = format!("sanmen/v1/k7/alarm/{}/{}/{tag}", alarm.plant, alarm.rule);
        assert_eq!(arrival.topic, topic);
        assert!(kept.insert(topic, lease).is_none(), "one lease an alarm");
    }
    late.stop().await;
    kept
}

/// Asks again and again until what is kept is as wanted.
async fn until_kept(broker: &Mosquitto, wanted: impl Fn(&Kept) -> bool) -> Kept {
    let mut last = Kept::new();
    let waiting = async {
        loop {
            last = kept(broker).await;
            if wanted(&last) {
                return;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(found.is_ok(), "never so, but {last:#?}");
    last
}

/// The topics of what stands, as `alarms list` says it.
async fn listed(place: &Place) -> Vec<String> {
    let mut list = place.sanmen(&["alarms", "list", "--data", "data/k7", "--format", "json"]);
    let mut topics = Vec::new();
    while let Some(line) = list.out.recv().await {
        let alarm: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let id = &alarm["id"];
        let word = |key: &str| id[key].as_str().unwrap_or("plant").to_owned();
        let (plant, rule, tag) = (word("plant"), word("rule"), word("tag"));
        topics.push(format!("sanmen/v1/k7/alarm/{plant}/{rule}/{tag}"));
    }
    assert_eq!(list.ends().await.0, 0);
    topics.sort();
    topics
}

/// The same, as `alarms list` hears it on the broker, with no ledger.
async fn heard_by_list(place: &Place, url: &str) -> Vec<String> {
    let args = ["alarms", "list", "--broker", url, "--space", "k7", "--format", "json"];
    let mut list = place.sanmen(&args);
    let mut topics = Vec::new();
    while let Some(line) = list.out.recv().await {
        let Lease { alarm, .. } = serde_json::from_str(&line).expect("a lease");
        let tag = alarm.tag.as_ref().map_or("plant", |tag| tag.as_str());
        topics.push(format!("sanmen/v1/k7/alarm/{}/{}/{tag}", alarm.plant, alarm.rule));
    }
    assert_eq!(list.ends().await.0, 0);
    topics.sort();
    topics
}

/// A monitor that has watched the whole trouble.
async fn watched(place: &Place, url: &str) -> Program {
    let mut monitor = place.monitor(url);
    monitor.says("connected to").await;
    let mut plant = place.simulate(url);
    monitor.tells(|entry| noticed(entry, "offline")).await;
    assert_eq!(plant.ends().await.0, 0);
    monitor
}

/// Acknowledges an alarm whose condition has gone: that ends it. Gives its topic.
async fn end_one(place: &Place, kept: &Kept) -> String {
    let gone = kept.iter().find(|(_, it)| it.alarm.state == AlarmState::ReturnedUnacknowledged);
    let (topic, lease) = gone.expect("a test needs an alarm that has gone");
    let alarm = AlarmId { n: lease.alarm.n, ..lease.alarm.id() }.to_string();
    let arguments = ["alarms", "acknowledge", &alarm, "--data", "data/k7", "--by", "Li"];
    assert_eq!(place.sanmen(&arguments).ends().await.0, 0);
    topic.clone()
}

fn ended(heard: &[Heard]) -> Vec<&str> {
    heard.iter().filter(|it| it.payload.is_empty()).map(|it| it.topic.as_str()).collect()
}

#[tokio::test]
async fn what_stands_is_kept_while_the_monitor_lives_and_no_longer() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let (_live, mut reader) = listen(&broker, "sanmen-test-live").await;
    let mut monitor = watched(&place, &url).await;
    let standing = listed(&place).await;
    assert!(standing.contains(&LOW.to_owned()), "a test needs an alarm: {standing:?}");
    let are = |wanted: &[String], kept: &Kept| kept.keys().eq(wanted);
    let before = until_kept(&broker, |kept| are(&standing, kept)).await;
    assert_eq!(heard_by_list(&place, &url).await, standing);
    let low = &before[LOW];
    assert_eq!(low.alarm.exercise.as_deref(), Some("trouble-20241205"));
    assert_eq!(low.alarm.title.zh, "出厂水游离氯偏低");
    assert_eq!(low.valid_until - low.sent_at, Span::seconds(3));

    let over = end_one(&place, &before).await;
    let standing: Vec<String> = standing.into_iter().filter(|topic| *topic != over).collect();
    until_kept(&broker, |kept| are(&standing, kept)).await;
    let live = heard(&broker, &mut reader).await;
    assert_eq!(ended(&live), [&over]);
    assert!(live.iter().all(|it| !it.retained), "those who listen hear news");

    monitor.kill().await;
    until_kept(&broker, Kept::is_empty).await;
    let mut monitor = place.monitor(&url);
    let after = until_kept(&broker, |kept| are(&standing, kept)).await;
    assert_ne!(after[LOW].monitor, low.monitor, "another run says it");
    assert_eq!(after[LOW].alarm, low.alarm, "and says the same");
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    until_kept(&broker, Kept::is_empty).await;
    let live = heard(&broker, &mut reader).await;
    // The next run does not know whether the broker heard of the end.
    assert!(ended(&live).iter().all(|topic| *topic == over), "nothing ends with its monitor");
    let entries = ledger(&place.folder.path().join("data/k7")).await;
    assert!(!entries.iter().any(|entry| noticed(entry, "refused")), "it hears not itself");
}

#[tokio::test]
async fn a_lease_of_an_alarm_that_ended_while_nobody_looked_is_taken_back() {
    use std::io::Write as _;
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut monitor = place.monitor(&url);
    monitor.says("connected to").await;
    monitor.kill().await;
    // As a run leaves it that is killed between its record of the end and its word to the broker.
    let path = place.folder.path().join("data/k7/leases");
    let mut list =
        std::fs::OpenOptions::new().append(true).create(true).open(path).expect("a file");
    list.write_all(b"sanmen/finished-chlorine-low/AIT-301\n").expect("written");
    let strangers = "sanmen/v1/k8/alarm/sanmen/finished-chlorine-low/AIT-301";
    for topic in [LOW, strangers] {
        broker.publish(&["-V", "5", "-q", "1", "-r", "-t", topic, "-m", "old"]).await;
    }
    let (_live, mut reader) = listen(&broker, "sanmen-test-live").await;
    let old = heard(&broker, &mut reader).await;
    assert_eq!(old.iter().map(|it| it.retained).collect::<Vec<_>>(), [true]);
    let _monitor = place.monitor(&url);
    let news = tokio::time::timeout(PATIENCE, reader.recv()).await.expect("in time");
    let news = news.expect("the subscriber runs");
    assert_eq!((news.topic.as_str(), news.payload.is_empty()), (LOW, true));
    assert!(kept(&broker).await.is_empty());
    assert_eq!(broker.read_first(strangers).await, "old", "what is not ours stays");
}

#[tokio::test]
async fn over_3_1_1_what_stands_is_said_and_nothing_is_kept() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let old = old_broker::start(broker.port()).await.to_string();
    let (_live, mut reader) = listen(&broker, "sanmen-test-live").await;
    let _monitor = watched(&place, &old).await;
    let hears_low = async {
        loop {
            let arrival = reader.recv().await.expect("the subscriber runs");
            if arrival.topic == LOW && !arrival.payload.is_empty() {
                return serde_json::from_slice::<Lease>(&arrival.payload).expect("a lease");
            }
        }
    };
    let first = tokio::time::timeout(PATIENCE, hears_low).await.expect("it is said");
    assert_eq!(first.valid_until - first.sent_at, Span::seconds(3));
    assert!(kept(&broker).await.is_empty());
    let again = async {
        loop {
            let arrival = reader.recv().await.expect("the subscriber runs");
            let lease = serde_json::from_slice::<Lease>(&arrival.payload);
            if arrival.topic == LOW && lease.is_ok_and(|it| it.sent_at > first.sent_at) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("it is said again");
}
