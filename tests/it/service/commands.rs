//! Orders to running plants, over a real broker.

use sanmen::base::ids::{OperatorId, RequestId};
use sanmen::base::time::wall_now;
use sanmen::base::{PlantId, Span};
use sanmen::telemetry::link::LinkState;
use sanmen::telemetry::request::{Answer, Command, Done};
use sanmen::telemetry::signature::Signer;
use sanmen::telemetry::subscriber::{Arrival, Subscriber, SubscriberSettings};
use sanmen::telemetry::topic::Kind;
use sanmen::telemetry::url::BrokerUrl;
use sanmen::telemetry::wire::{Body, Message, decode};
use tokio::sync::mpsc;

use super::metrics::counting;
use super::trust::keys;
use super::{PATIENCE, Place, Program, alarm, alarms, noticed};
use crate::support::mosquitto::Mosquitto;

/// The pumps stand by hand, and the dosing pump runs dry: an alarm, and something to do.
const STANDBY: &str = r#"
title = { en = "Somebody has stopped the pumps", zh = "水泵被停" }
plant = "sanmen"
condition = "normal"
start = 2024-12-05T08:00:00+08:00
duration_h = 4
seed = 20241205

[[inject]]
id = "prime"
at_min = 0
kind = "dosing-no-flow"
target = "DP-1"

[[inject]]
id = "stop-1"
at_min = 0
kind = "pump-stop"
target = "P-1"

[[inject]]
id = "stop-2"
at_min = 0
kind = "pump-stop"
target = "P-2"
"#;

/// Four hours in 24 seconds.
const SPEED: &str = "600";

const TOPIC: &str = "sanmen/v1/k7/sanmen/cmd";

fn simulate(place: &Place, broker: &str, flags: &[&str]) -> Program {
    let common = ["simulate", "standby.toml", "--speed", SPEED, "--space", "k7"];
    place.sanmen(&[&common[..], &["--broker", broker], flags].concat())
}

/// `sanmen command sanmen …`, to its end: its exit code, and everything it said.
async fn command(place: &Place, words: &[&str], broker: &str, flags: &[&str]) -> (i32, String) {
    let common = ["--space", "k7", "--broker", broker];
    let mut program = place.sanmen(&[&["command", "sanmen"][..], words, &common, flags].concat());
    let mut lines = Vec::new();
    while let Some(line) = program.out.recv().await {
        lines.push(line);
    }
    let (code, said) = program.ends().await;
    (code, format!("{}{said}", lines.join("\n")))
}

/// The same, again while nobody answers: the plant may not listen yet.
async fn ordered(place: &Place, words: &[&str], broker: &str, flags: &[&str]) -> (i32, String) {
    let flags = [flags, &["--wait-s", "5"]].concat();
    let asking = async {
        loop {
            let (code, said) = command(place, words, broker, &flags).await;
            if code != 3 {
                return (code, said);
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("somebody answers")
}

/// Hears some kind of message of the space.
async fn hear(broker: BrokerUrl, kind: &str) -> (Subscriber, mpsc::Receiver<Arrival>) {
    let filters = vec![format!("sanmen/v1/k7/+/{kind}")];
    let settings = SubscriberSettings::new(broker, &format!("sanmen-test-{kind}"), filters);
    let (subscriber, arrivals) = Subscriber::start(settings);
    let mut status = subscriber.status();
    let connected = status.wait_for(|it| it.state == LinkState::Connected);
    tokio::time::timeout(PATIENCE, connected).await.expect("in time").expect("it runs");
    (subscriber, arrivals)
}

/// The next values of an instrument on the wire.
async fn shown(data: &mut mpsc::Receiver<Arrival>, tag: &str) -> Vec<f64> {
    loop {
        let arrival = tokio::time::timeout(PATIENCE, data.recv()).await.expect("in time");
        let Arrival { payload, ack, .. } = arrival.expect("it listens");
        ack.acknowledge();
        let Ok(Message { body: Body::Data(columns), .. }) = decode(Kind::Data, &payload) else {
            continue;
        };
        if let Some(column) = columns.iter().find(|column| column.tag.as_str() == tag) {
            return column.value.iter().copied().flatten().collect();
        }
    }
}

fn with_an_operator() -> Place {
    let place = Place::new();
    place.write("standby.toml", STANDBY);
    place
}

fn read(place: &Place, name: &str) -> String {
    use std::io::Read as _;
    let mut text = String::new();
    if let Ok(mut file) = std::fs::OpenOptions::new().read(true).open(place.path(name)) {
        file.read_to_string(&mut text).expect("it reads");
    }
    text
}

#[tokio::test]
async fn a_command_starts_a_pump_and_the_run_can_be_played_again() {
    let place = with_an_operator();
    keys(&place, &["new", "--operator", "li"]).await;
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let (listener, mut data) = hear(broker.url(), "data").await;
    let mut monitor = place.monitor(&url);
    monitor.says("connected to").await;
    let mut plant = simulate(&place, &url, &[]);
    plant.says("connected to").await;
    shown(&mut data, "PIT-301").await; // it begins while the pumps still run
    let before = shown(&mut data, "PIT-301").await;
    let (code, said) = ordered(&place, &["start-pump", "P-2"], &url, &[]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("done: start-pump P-2, at 2024-12-05T0"), "{said}");
    let (code, said) = ordered(&place, &["start-pump", "P-22"], &url, &[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("refused: the plant has no pump P-22; did you mean P-2?"), "{said}");
    let running = async { while shown(&mut data, "XS-302").await.last() != Some(&1.0) {} };
    tokio::time::timeout(PATIENCE, running).await.expect("its signal says that it runs");
    let after = shown(&mut data, "PIT-301").await;
    assert!(after[after.len() - 1] > before[before.len() - 1] + 20.0, "{before:?}, {after:?}");
    assert_eq!(plant.ends().await.0, 0);
    let told = monitor.tells(|entry| noticed(entry, "offline")).await;
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    assert!(!told.iter().any(|entry| noticed(entry, "refused")), "{told:#?}");
    // The scenario and what was ordered: the same again.
    let orders = read(&place, "sanmen-data/orders/k7.toml");
    assert!(orders.contains("[[inject]] # li: start-pump P-2\nid = \"order-1\"\n"), "{orders}");
    place.write("again.toml", &format!("{STANDBY}{orders}"));
    let mut again = place.sanmen(&["test", "again.toml", "--format", "json"]);
    let mut offline = Vec::new();
    while let Some(line) = again.out.recv().await {
        offline.extend(alarm(&super::entry(&line)));
    }
    offline.sort();
    assert!(!offline.is_empty());
    assert_eq!(alarms(&told), offline);
    listener.stop().await;
}

#[tokio::test]
async fn a_number_that_no_plant_takes_is_refused_before_anybody_is_asked() {
    let place = with_an_operator();
    for number in ["nan", "-1", "1e308", "-1e9"] {
        // Nobody has a key here, and nobody listens there.
        let (code, said) = command(&place, &["set-dose", number], "127.0.0.1:9", &[]).await;
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(&format!("{number} is no number from 0 to 20 mg/L")), "{said}");
    }
}

/// A command of `li` to start P-2, made so many seconds ago.
fn made(id: &str, seconds_ago: i64) -> Command {
    let issued_at = wall_now() - Span::seconds(seconds_ago);
    Command {
        plant: PlantId::new("sanmen").expect("an id"),
        id: RequestId::new(id).expect("an id"),
        issued_at,
        expires_at: issued_at + Span::MINUTE,
        by: OperatorId::new("li").expect("an id"),
        verb: "start-pump".to_owned(),
        args: vec!["P-2".to_owned()],
    }
}

#[tokio::test]
async fn what_no_operator_has_signed_or_comes_again_does_nothing_and_is_not_answered() {
    let place = with_an_operator();
    keys(&place, &["new", "--operator", "li"]).await;
    let pem = read(&place, "sanmen-data/keys/operator-li.key");
    let signer = Signer::from_pem(&pem).expect("as it was written");
    let stranger = Signer::from_secret(&[7; 32]);
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let (listener, mut answers) = hear(broker.url(), "answer").await;
    let (mut monitor, metrics) = counting(&place, &url).await;
    monitor.says("connected to").await;
    let mut plant = simulate(&place, &url, &[]);
    plant.says("connected to").await;
    let mut told = monitor.tells(|entry| noticed(entry, "online")).await;
    let (code, said) = ordered(&place, &["pump-auto", "P-1"], &url, &[]).await;
    assert_eq!(code, 0, "{said}");
    while answers.try_recv().is_ok() {}
    let count =
        |place: &Place| read(place, "sanmen-data/orders/k7.toml").matches("[[inject]]").count();
    let before = count(&place);
    let good = signer.sign(TOPIC, made("good", 0).encode());
    let mut forged = signer.sign(TOPIC, made("forged", 0).encode());
    let at = forged.windows(3).position(|it| it == b"P-2").expect("it is there");
    forged[at + 2] = b'1';
    for payload in [
        made("unsigned", 0).encode(),
        stranger.sign(TOPIC, made("stranger", 0).encode()),
        forged,
        signer.sign("sanmen/v1/k7/qingxi/cmd", made("elsewhere", 0).encode()),
        signer.sign(TOPIC, made("expired", 120).encode()),
        good.clone(),
        good, // said again
    ] {
        let text = String::from_utf8(payload).expect("JSON");
        broker.publish(&["-q", "1", "-t", TOPIC, "-m", &text]).await;
    }
    let answer = tokio::time::timeout(PATIENCE, answers.recv()).await.expect("in time");
    let answer = Answer::read(&answer.expect("it listens").payload).expect("an answer");
    assert_eq!((answer.id.as_str(), answer.state), ("good", Done::Done));
    let is_forged = |entry: &sanmen::ledger::record::Entry| {
        alarm(entry).is_some_and(|it| it.contains("messages-forged") && it.contains("Raised"))
    };
    if !told.iter().any(is_forged) {
        told.extend(monitor.tells(is_forged).await);
    }
    // Whoever looks after many plants sees in counters what was ordered and refused, and why.
    let counted = async {
        loop {
            let text = super::metrics::get(&metrics, "/metrics").await;
            let refused = text.lines().filter_map(|it| it.strip_prefix("sanmen_commands_refused_"));
            let refused: Vec<_> = refused.filter(|it| it.starts_with("total")).collect();
            if refused.iter().any(|it| it.contains("replayed")) {
                return refused.join("\n");
            }
            tokio::task::yield_now().await;
        }
    };
    let counted = tokio::time::timeout(PATIENCE, counted).await.expect("the last is counted too");
    let of = |reason: &str| format!("total{{reason=\"{reason}\"}}");
    for (reason, count) in
        [("unsigned", 1), ("unknown-key", 1), ("forged", 2), ("expired", 1), ("replayed", 1)]
    {
        assert!(counted.contains(&format!("{} {count}", of(reason))), "{reason}: {counted}");
    }
    plant.interrupt().await;
    assert_eq!(plant.ends().await.0, 0);
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    assert!(answers.try_recv().is_err(), "one answer");
    assert_eq!(count(&place), before + 1);
    listener.stop().await;
}

#[tokio::test]
async fn over_a_broker_elsewhere_commands_pass_only_where_both_sides_name_it() {
    let place = with_an_operator();
    keys(&place, &["new", "--operator", "li"]).await;
    let broker = Mosquitto::start().await;
    // The same machine under a name that does not say so.
    let url = format!("mqtt://0.0.0.0:{}", broker.port());
    let mut plant = simulate(&place, &url, &["--own"]);
    plant.says("no commands are taken over 0.0.0.0").await;
    plant.says("connected to").await;
    let words = ["start-pump", "P-2"];
    let (code, said) = command(&place, &words, &url, &["--own"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("--allow-commands 0.0.0.0"), "{said}");
    let named = ["--own", "--allow-commands", "0.0.0.0", "--wait-s", "1"];
    let (code, said) = command(&place, &words, &url, &named).await;
    assert_eq!(code, 3, "{said}");
    plant.kill().await;
    let mut plant = simulate(&place, &url, &["--own", "--allow-commands", "0.0.0.0"]);
    plant.says("connected to").await;
    let (code, said) = ordered(&place, &words, &url, &named[..3]).await;
    assert_eq!(code, 0, "{said}");
    plant.kill().await;
}
