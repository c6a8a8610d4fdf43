//! Side by side with what people script: subscribe, a threshold with hysteresis and delay,
//! publish; all behind one Mosquitto. Against a script for paho (PyPI), a flow of Node-RED (npm).
//!
//! Needs Mosquitto, Python 3 with `venv`, Node.js with `npm`; packages are installed below
//! `target/peers` the first time. Reads what processes took from /proc: Linux.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use sanmen::base::ids::{PlantId, TagId};
use sanmen::base::units::Quantity;
use sanmen::base::{Flag, Span, Stamp};
use sanmen::cli::library::Library;
use sanmen::telemetry::wire::{Birth, Body, Column, Envelope, Message, TagBirth};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::mosquitto::{Mosquitto, free_port};
use crate::{peers, report, took};

/// Seconds of readings, one a second of each instrument.
const SECONDS: i64 = 3_000;

/// Seconds in a message when readings come in batches.
const BATCH_S: i64 = 10;

/// An engine that has said nothing for so long says nothing more.
const PATIENCE: Duration = Duration::from_mins(1);

/// What an engine took for a reading, in µs, and how often it raised and cleared.
struct Taken {
    us: f64,
    raised: usize,
    cleared: usize,
}

/// The three engines, one after the other, on the same readings.
pub fn bench() {
    let (Some(python), Some(node_red)) = (peers::python("paho-mqtt"), node_red()) else {
        println!("side by side behind Mosquitto: left out, it needs Python 3, Node.js and npm");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let lines = runtime.block_on(async {
        let mosquitto = Mosquitto::start().await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ports = (mosquitto.port(), free_port().await);
        let engines = [
            ("Sanmen", sanmen(&folder, mosquitto.port()), Some(folder.path())),
            ("paho script", paho(&python, mosquitto.port()), None),
            ("Node-RED flow", flow(&node_red, &folder, ports), None),
        ];
        let mut lines = Vec::new();
        for (name, mut command, ledger) in engines {
            let process = command.spawn().expect("it starts");
            let mut engine = Engine { process, ledger: ledger.map(Path::to_owned) };
            let mut feed = Feed::new(mosquitto.port());
            feed.warm_up().await;
            let single = feed.run(&engine, 1).await;
            let batched = feed.run(&engine, BATCH_S).await;
            engine.stop();
            lines.push((name, single, batched));
        }
        lines
    });
    let expected = expected(tags().len());
    let line = |(name, single, batched): &(&str, Taken, Taken)| {
        let [one, many] = [single, batched].map(|it| (it.us, it.raised, it.cleared));
        format!(
            "{name}: {:.1} µs a reading, one in a message; {:.1} µs in batches; raised {} and {}, \
             cleared {} and {}",
            one.0, many.0, one.1, many.1, one.2, many.2
        )
    };
    let text: Vec<String> = lines.iter().map(line).collect();
    let alike = lines.iter().all(|(_, single, batched)| {
        [single, batched].iter().all(|it| [it.raised, it.cleared] == expected)
    });
    assert!(alike, "each must raise and clear {expected:?}: {text:#?}");
    let [ours, script, _] = lines.as_slice() else { return };
    let (one, many) = (ours.1.us / script.1.us, ours.2.us / script.1.us);
    report(
        "processor time behind one Mosquitto: threshold with hysteresis and delay",
        &format!("{}\n    of the script's: {one:.2}, {many:.3} in batches", text.join("\n    ")),
        "≤ 1/3 of the script's, ≤ 1/15 of that in batches",
        one <= 1.0 / 3.0 && many <= 1.0 / 15.0,
    );
}

/// A process that ends with its value.
struct Engine {
    process: Child,
    /// Where it keeps what it has raised: a monitor says what stands, as often as is polite, and
    /// not each coming and going in thousandfold time.
    ledger: Option<PathBuf>,
}

impl Engine {
    /// How often its ledger says that an alarm was raised, and cleared; none without a ledger.
    fn kept(&self) -> Option<[usize; 2]> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanmen"));
        command.current_dir(self.ledger.as_ref()?).args(["alarms", "report", "--format", "json"]);
        command.args(["--data", "data", "--space", "bench", "--plants", "plants"]);
        let output = command.args(["--rules", "rules"]).output().expect("it runs");
        let said: Value = serde_json::from_slice(&output.stdout).expect("an object");
        let episodes = said["episodes"].as_array().expect("a list");
        let cleared = episodes.iter().filter(|it| !it["cleared"].is_null()).count();
        Some([episodes.len(), cleared])
    }

    fn stop(&mut self) {
        self.process.kill().expect("it ran");
        self.process.wait().expect("it ran");
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.stop();
        }
    }
}

/// A monitor with the one rule, at the plant whose instruments are read every second.
fn sanmen(folder: &TempDir, port: u16) -> Command {
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/plants/sanmen");
    for name in ["network.inp", "plant.toml", "instruments.toml", "conditions/normal.toml"] {
        let text = std::fs::read_to_string(shipped.join(name)).expect("it ships");
        let fast = |line: &str| match line.split_once("poll_s = ") {
            Some(("", _)) => "poll_s = 1\n".to_owned(),
            _ => format!("{line}\n"),
        };
        write(&format!("plants/sanmen/{name}"), &text.lines().map(fast).collect::<String>());
    }
    write("rules/high.toml", include_str!("peers/high.toml"));
    write("alarms.toml", "[load]\nchattering_calm_min = 0\n"); // every coming and going is told
    write("settings.toml", "[leases]\nper_second = 1000\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanmen"));
    command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let broker = format!("mqtt://127.0.0.1:{port}");
    command.args(["monitor", "--broker", &broker, "--space", "bench", "--plant", "sanmen"]);
    command.args(["--plants", "plants", "--rules", "rules", "--alarms", "alarms.toml"]);
    command.args(["--settings", "settings.toml", "--data", "data"]);
    command
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/peers")
}

fn paho(python: &Path, port: u16) -> Command {
    let mut command = Command::new(python);
    command.arg(scripts().join("threshold.py")).arg(port.to_string());
    command
}

/// `port`: the broker's, and one for its own pages, which nobody asks for.
fn flow(node_red: &Path, folder: &TempDir, port: (u16, u16)) -> Command {
    let home = folder.path().join("node-red");
    std::fs::create_dir_all(&home).expect("made");
    let flow = std::fs::read_to_string(scripts().join("flow.json")).expect("it is there");
    let flow = flow.replace("PORT", &port.0.to_string());
    std::fs::write(home.join("flow.json"), flow).expect("written");
    let settings = format!(
        "module.exports = {{ flowFile: 'flow.json', uiHost: '127.0.0.1', uiPort: {}, \
         httpAdminRoot: false, httpNodeRoot: false, logging: {{ console: {{ level: 'error' }} }} }}",
        port.1
    );
    std::fs::write(home.join("settings.js"), settings).expect("written");
    let mut command = Command::new("node");
    command.arg(node_red).arg("--userDir").arg(&home).stdout(Stdio::null());
    command
}

/// Node-RED, installed the first time; none where that cannot be.
fn node_red() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/node");
    let program = folder.join("node_modules/node-red/red.js");
    if !program.exists() {
        std::fs::create_dir_all(&folder).ok()?;
        let quiet = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"];
        let made = Command::new("npm").args(quiet).arg(&folder).arg("node-red").status().ok()?;
        made.success().then_some(())?;
    }
    Some(program)
}

/// Instruments and their values at each second: spikes that are too short, excesses with dips.
fn value(tag: usize, s: i64) -> f64 {
    match (s + 13 * tag as i64).rem_euclid(120) {
        40..42 => 2.0,
        70 => 1.6,
        60..90 => 1.9,
        90..100 => 1.65,
        _ => 1.0,
    }
}

/// How often an alarm is raised and cleared by that, at all but the last instrument.
fn expected(tags: usize) -> [usize; 2] {
    let (mut raised, mut cleared) = (0, 0);
    for tag in 0..tags - 1 {
        let (mut since, mut stands) = (None, false);
        // What stands at the end is let go.
        for value in (0..SECONDS).map(|s| value(tag, s)).chain([1.0]).enumerate() {
            match value {
                (s, high) if high > 1.8 => since = since.or(Some(s)),
                (_, low) if low < 1.5 => {
                    cleared += usize::from(stands);
                    (since, stands) = (None, false);
                }
                _ => {}
            }
            if !stands && since.is_some_and(|since| value.0 - since >= 3) {
                (stands, raised) = (true, raised + 1);
            }
        }
    }
    [raised, cleared]
}

/// The plant's instruments of turbidity.
fn tags() -> Vec<TagId> {
    let plant = Library::default().plant("sanmen").expect("the plant ships");
    let tags = plant.instruments.iter().map(|it| &it.tag);
    tags.filter(|tag| tag.quantity == Quantity::Turbidity).map(|tag| tag.id.clone()).collect()
}

/// A plant that publishes, and whoever listens to what is said of it.
struct Feed {
    client: AsyncClient,
    /// Tag, and whether it is raised.
    alerts: UnboundedReceiver<(String, bool)>,
    tags: Vec<TagId>,
    /// Seconds of simulated time that have been told.
    told: i64,
    boot_id: u64,
    seq: u64,
}

impl Feed {
    fn new(port: u16) -> Self {
        let mut options = MqttOptions::new("feed", "127.0.0.1", port);
        options.set_inflight(1_000);
        let (client, mut events) = AsyncClient::new(options, 1_000);
        let (heard, alerts) = unbounded_channel();
        let listener = client.clone();
        tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                match event {
                    Event::Incoming(Packet::ConnAck(_)) => {
                        for topic in ["peers/alert", "sanmen/v1/bench/alarm/#"] {
                            listener.try_subscribe(topic, QoS::AtLeastOnce).expect("room");
                        }
                    }
                    Event::Incoming(Packet::Publish(message)) => {
                        let said = alert(&message.topic, &message.payload);
                        if said.is_some_and(|said| heard.send(said).is_err()) {
                            break;
                        }
                    }
                    _ => {}
                }
            }
        });
        Self { client, alerts, tags: tags(), told: 0, boot_id: 0, seq: 0 }
    }

    fn at(s: i64) -> Stamp {
        Stamp::from_ms((1_733_356_800 + s) * 1_000).expect("in range")
    }

    async fn say(&mut self, sent_at: i64, body: Body) {
        let plant = PlantId::new("sanmen").expect("an id");
        let topic = format!("sanmen/v1/bench/sanmen/{}", body.kind().name());
        let (sent_at, exercise) = (Self::at(sent_at), Some("bench".to_owned()));
        let envelope = Envelope { plant, boot_id: self.boot_id, seq: self.seq, sent_at, exercise };
        self.seq += 1;
        let payload = Message { envelope, body }.encode();
        let sent = self.client.publish(topic, QoS::AtLeastOnce, false, payload).await;
        sent.expect("the broker is there");
    }

    /// The next `seconds`, so many in a message, of each tag by itself when it is one.
    async fn tell(&mut self, seconds: i64, batch: i64, value: impl Fn(usize, i64) -> f64) {
        let start = self.told;
        self.told += seconds;
        for first in (0..seconds).step_by(usize::try_from(batch).expect("a few")) {
            let times = first..(first + batch).min(seconds);
            let column = |(n, tag): (usize, &TagId)| Column {
                tag: tag.clone(),
                at: times.clone().map(|s| Self::at(start + s)).collect(),
                value: times.clone().map(|s| Some(value(n, s))).collect(),
                flag: vec![Flag::Good; times.clone().count()],
            };
            let columns: Vec<Column> = self.tags.iter().enumerate().map(column).collect();
            let sent_at = start + times.end - 1;
            let each = if batch == 1 { 1 } else { columns.len() };
            for columns in columns.chunks(each) {
                self.say(sent_at, Body::Data(columns.to_vec())).await;
            }
        }
    }

    /// Speaks until the engine listens: the first instrument is too high until that is said.
    async fn warm_up(&mut self) {
        let mut hears = false;
        while !hears {
            assert!(self.boot_id < 120, "the engine says nothing");
            (self.boot_id, self.seq) = (self.boot_id + 1, 0);
            let births = self.tags.iter().map(|tag| TagBirth {
                tag: tag.clone(),
                quantity: Quantity::Turbidity,
                unit: Quantity::Turbidity.unit().to_owned(),
                range: (0.0, 100.0),
                poll_ms: Span::SECOND,
            });
            let birth = Birth { tags: births.collect() };
            self.say(self.told, Body::Birth(birth)).await;
            self.tell(10, 1, |tag, _| if tag == 0 { 2.0 } else { 1.0 }).await;
            let said = tokio::time::timeout(Duration::from_millis(500), self.alerts.recv()).await;
            hears = matches!(said, Ok(Some((_, true))));
        }
        self.tell(10, 1, |_, _| 1.0).await;
        while self.next().await.1 {}
    }

    async fn next(&mut self) -> (String, bool) {
        let said = tokio::time::timeout(PATIENCE, self.alerts.recv()).await;
        said.expect("it speaks in time").expect("the listener lives")
    }

    /// All readings; what the engine took until it had said that the last instrument, which shows
    /// nothing before, is too high.
    async fn run(&mut self, engine: &Engine, batch: i64) -> Taken {
        let (before, kept) = (took(&engine.process), engine.kept());
        let last = self.tags.len() - 1;
        self.tell(SECONDS, batch, |tag, s| if tag == last { 1.0 } else { value(tag, s) }).await;
        self.tell(10, batch, |_, _| 1.0).await;
        self.tell(10, batch, |tag, _| if tag == last { 2.0 } else { 1.0 }).await;
        let mut heard = [0, 0];
        loop {
            let (tag, is_raised) = self.next().await;
            if tag == self.tags[last].as_str() && is_raised {
                break;
            }
            heard[usize::from(!is_raised)] += 1;
        }
        let readings = ((SECONDS + 20) * self.tags.len() as i64) as f64;
        let us = (took(&engine.process) - before) * 1e6 / readings;
        if let Some(([raised, cleared], now)) = kept.zip(engine.kept()) {
            heard = [now[0] - raised - 1, now[1] - cleared];
        }
        self.tell(10, batch, |_, _| 1.0).await; // the last alarm clears
        while self.next().await != (self.tags[last].to_string(), false) {}
        Taken { us, raised: heard[0], cleared: heard[1] }
    }
}

/// What a message says: an engine of others in its own words, ours by what stands.
fn alert(topic: &str, payload: &[u8]) -> Option<(String, bool)> {
    let said: Option<Value> = serde_json::from_slice(payload).ok();
    let state = said.as_ref().and_then(|said| said["state"].as_str()).unwrap_or_default();
    if topic == "peers/alert" {
        return Some((said.as_ref()?["tag"].as_str()?.to_owned(), state == "raised"));
    }
    let tag = topic.rsplit('/').next()?.to_owned();
    Some((tag, state == "unacknowledged"))
}
