//! The monitor behind Mosquitto, beside a bare subscriber that only counts what comes: processor
//! time for a message at QoS 0 and 1, plain and signed, one reading in it or as plants batch; and
//! whether twenty thousand messages a second all arrive.
//!
//! Needs Mosquitto. Reads what processes took from /proc: Linux.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use sanmen::base::{PlantId, Stamp};
use sanmen::monitor::Input;
use sanmen::telemetry::signature::{Signed, Signer};
use sanmen::telemetry::topic::Kind;
use sanmen::telemetry::wire::{Birth, Body, Column, Envelope, Message, TagBirth, decode};
use tempfile::TempDir;

use super::monitor::Scene;
use crate::mosquitto::{Mosquitto, free_port};
use crate::{report, took};

/// The word that makes a bare subscriber of this program.
pub const BARE: &str = "bare-subscriber";

/// Messages of one reading that are measured.
const SINGLES: usize = 30_000;

/// A second, for this long, so many messages of one reading.
const RATE: usize = 20_000;
const RATE_S: usize = 5;

/// Whoever has not taken everything by then never will.
const PATIENCE: Duration = Duration::from_mins(2);

/// Bytes a second while processor time is measured: 10,000 messages of one reading.
const BYTES_PER_S: f64 = 1.8e6;

/// What a monitor counts.
pub const MESSAGES: &str = "sanmen_messages_total";
pub const LOST: &str = "sanmen_lost_messages_total";

/// What is published: topic and payload.
type Said = (String, Vec<u8>);

/// Every kind of message through both, then the rate.
pub fn bench() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mosquitto = Mosquitto::start().await;
        let port = mosquitto.port();
        let scene = Scene::new();
        let batched: Vec<Said> = scene.messages.iter().filter_map(parts).collect();
        let singles = singles(&scene, SINGLES);
        for (what, said) in [("one reading", &singles), ("285 readings", &batched)] {
            let mut lines = Vec::new();
            let mut worst: f64 = 0.0;
            let readings = readings(&said[0].1) as f64;
            for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
                let bare = Engine::bare(port, said.len()).measure(port, &scene, said, qos).await;
                let engine = Engine::monitor(port, None).await;
                let plain = engine.measure(port, &scene, said, qos).await;
                let signer = Signer::from_secret(&[7; 32]);
                let engine = Engine::monitor(port, Some(&signer)).await;
                let signed = engine.measure(port, &scene, &sign(&signer, said), qos).await;
                worst = worst.max(plain / bare);
                lines.push(format!(
                    "QoS {}: bare {bare:.1} µs, monitor {plain:.1} ({:.1} ×; {:.1} a reading), \
                     signed {signed:.1} ({:.2} × unsigned)",
                    qos as u8,
                    plain / bare,
                    plain / readings,
                    signed / plain
                ));
            }
            report(
                &format!("processor time for a message of {what} behind Mosquitto"),
                &lines.join("\n    "),
                "≤ 3 × a bare subscriber, unsigned",
                worst <= 3.0,
            );
        }
        let engine = Engine::monitor(port, None).await;
        let said = self::singles(&scene, RATE * RATE_S);
        let (behind, lost) = engine.keep_up(port, &scene, &said).await;
        report(
            &format!("{RATE} messages a second for {RATE_S} s, one reading in each"),
            &format!("{lost} lost; all were taken {:.1} s after the last", behind.as_secs_f64()),
            "no loss",
            lost == 0,
        );
    });
}

/// A subscriber that counts, and says when it has so many: the other side of `Engine::bare`.
pub fn bare(words: &[String]) {
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<usize>().ok());
    let (Some(port), Some(count)) = (number(0), number(1)) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let port = u16::try_from(port).expect("a port");
        let mut options = MqttOptions::new("bare", "127.0.0.1", port);
        options.set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut events) = AsyncClient::new(options, 10);
        client.try_subscribe("sanmen/v1/bench/#", QoS::AtLeastOnce).expect("room");
        let mut heard = 0;
        while let Ok(event) = events.poll().await {
            match event {
                Event::Incoming(Packet::SubAck(_)) => println!("listens"),
                Event::Incoming(Packet::Publish(_)) => {
                    heard += 1;
                    if heard == count {
                        println!("all");
                    }
                }
                _ => {}
            }
        }
    });
}

/// A process that subscribes; it ends with its value.
pub struct Engine {
    pub process: Child,
    /// How it says what it has taken.
    tells: Tells,
    _folder: Option<TempDir>,
}

enum Tells {
    /// Lines of the bare subscriber.
    Lines(BufReader<std::process::ChildStdout>),
    /// The port of the monitor's metrics.
    Metrics(u16),
}

impl Engine {
    fn bare(port: u16, count: usize) -> Self {
        let own = std::env::current_exe().expect("this program");
        let mut command = Command::new(own);
        // The birth comes first.
        command.args([BARE, &port.to_string(), &(count + 1).to_string()]);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut engine = Self { process, tells: Tells::Lines(lines), _folder: None };
        engine.line("listens");
        engine
    }

    async fn monitor(port: u16, signer: Option<&Signer>) -> Self {
        let key = signer.map(|signer| signer.public().to_string());
        let trust = key.iter().flat_map(|key| ["--trust", key.as_str()]);
        let words: Vec<&str> = ["--plant", "sanmen"].into_iter().chain(trust).collect();
        Self::monitor_of(port, &words).await
    }

    /// A monitor whose plants these words name.
    pub async fn monitor_of(port: u16, words: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let metrics = free_port().await;
        let settings = format!("[metrics]\nlisten = \"127.0.0.1:{metrics}\"\n");
        std::fs::write(folder.path().join("settings.toml"), settings).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanmen"));
        command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let broker = format!("mqtt://127.0.0.1:{port}");
        command.args(["monitor", "--broker", &broker, "--space", "bench"]).args(words);
        command.args(["--settings", "settings.toml", "--data", "data"]);
        let process = command.spawn().expect("it starts");
        Self { process, tells: Tells::Metrics(metrics), _folder: Some(folder) }
    }

    fn line(&mut self, wanted: &str) {
        let Tells::Lines(lines) = &mut self.tells else { return };
        let mut line = String::new();
        while line.trim() != wanted {
            line.clear();
            let length = lines.read_line(&mut line).expect("it speaks");
            assert!(length > 0, "it has ended");
        }
    }

    /// A counter of the monitor, of all its plants; 0 before it answers.
    pub fn counter(&self, name: &str) -> usize {
        let Tells::Metrics(port) = self.tells else { return 0 };
        let asked = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(("127.0.0.1", port))?;
            write!(stream, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        let text = asked().unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with(name));
        let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok());
        values.sum()
    }

    /// Returns when it has taken so many messages.
    async fn has_taken(&mut self, messages: usize) {
        if matches!(self.tells, Tells::Lines(_)) {
            return tokio::task::block_in_place(|| self.line("all"));
        }
        let since = Instant::now();
        // What a broker has thrown away is known to be lost by its number.
        while self.counter(MESSAGES) + self.counter(LOST) < messages {
            assert!(since.elapsed() < PATIENCE, "it has not taken all");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Publishes the birth until a monitor listens.
    async fn born(&mut self, client: &AsyncClient, scene: &Scene, signs: bool) {
        let (topic, payload) = birth(scene);
        let payload =
            if signs { Signer::from_secret(&[7; 32]).sign(&topic, payload) } else { payload };
        let since = Instant::now();
        loop {
            let sent = client.publish(&topic, QoS::AtLeastOnce, false, payload.clone()).await;
            sent.expect("the broker is there");
            if matches!(self.tells, Tells::Lines(_)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            if self.counter(MESSAGES) > 0 {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "it does not listen");
        }
    }

    /// Processor time for a message of `said`, µs.
    async fn measure(mut self, port: u16, scene: &Scene, said: &[Said], qos: QoS) -> f64 {
        let client = feed(port);
        let signs = Signed::read(&said[0].1).is_some();
        self.born(&client, scene, signs).await;
        let (before, has) = (took(&self.process), self.counter(MESSAGES));
        // Flat out a broker throws away what it need not keep, at QoS 0.
        let rate = BYTES_PER_S / said[0].1.len() as f64;
        publish(&client, said, qos, rate).await;
        self.has_taken(has + said.len()).await;
        (took(&self.process) - before) * 1e6 / said.len() as f64
    }

    /// Publishes at the rate. How long after the last message all had been taken; messages lost.
    async fn keep_up(mut self, port: u16, scene: &Scene, said: &[Said]) -> (Duration, usize) {
        let client = feed(port);
        self.born(&client, scene, false).await;
        let has = self.counter(MESSAGES);
        publish(&client, said, QoS::AtMostOnce, RATE as f64).await;
        let last = Instant::now();
        self.has_taken(has + said.len()).await;
        (last.elapsed(), self.counter(LOST))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Publishes at so many messages a second.
async fn publish(client: &AsyncClient, said: &[Said], qos: QoS, rate: f64) {
    let start = Instant::now();
    for (n, (topic, payload)) in said.iter().enumerate() {
        let due = Duration::from_secs_f64(n as f64 / rate);
        if let Some(wait) = due.checked_sub(start.elapsed()).filter(|it| it.as_millis() > 1) {
            tokio::time::sleep(wait).await;
        }
        client.publish(topic, qos, false, payload.clone()).await.expect("the broker is there");
    }
}

/// A client that publishes; its connection lives as long as it.
fn feed(port: u16) -> AsyncClient {
    feed_as("feed", port)
}

/// The same, under a name of its own.
pub fn feed_as(name: &str, port: u16) -> AsyncClient {
    let mut options = MqttOptions::new(name, "127.0.0.1", port);
    options.set_inflight(1_000);
    options.set_max_packet_size(1 << 20, 1 << 20);
    let (client, mut events) = AsyncClient::new(options, 1_000);
    tokio::spawn(async move { while events.poll().await.is_ok() {} });
    client
}

/// What a plant says in an exercise: of a real one, times that are long past would be refused.
fn parts(input: &Input) -> Option<Said> {
    let Input::Arrival { topic, payload, .. } = input else { return None };
    let mut message = decode(Kind::Data, payload).expect("it is ours");
    message.envelope.exercise = Some(EXERCISE.to_owned());
    message.envelope.seq += 1; // the birth came first
    Some((topic.clone(), message.encode()))
}

/// How many readings a message has.
fn readings(payload: &[u8]) -> usize {
    match decode(Kind::Data, payload).expect("it is ours").body {
        Body::Data(columns) => columns.iter().map(|column| column.at.len()).sum(),
        _ => 0,
    }
}

/// The name of the exercise.
const EXERCISE: &str = "bench";

fn sign(signer: &Signer, said: &[Said]) -> Vec<Said> {
    let sign = |(topic, payload): &Said| (topic.clone(), signer.sign(topic, payload.clone()));
    said.iter().map(sign).collect()
}

fn plant(scene: &Scene) -> PlantId {
    scene.plant.id.clone()
}

fn birth(scene: &Scene) -> Said {
    let tags = scene.plant.instruments.iter().map(|instrument| TagBirth {
        tag: instrument.tag.id.clone(),
        quantity: instrument.tag.quantity,
        unit: instrument.tag.quantity.unit().to_owned(),
        range: instrument.tag.range,
        poll_ms: instrument.tag.poll,
    });
    let sent_at = Stamp::from_ms(1_733_356_800_000).expect("in range");
    let envelope = Envelope {
        plant: plant(scene),
        boot_id: 1,
        seq: 0,
        sent_at,
        exercise: Some(EXERCISE.to_owned()),
    };
    let payload = Message { envelope, body: Body::Birth(Birth { tags: tags.collect() }) }.encode();
    (format!("sanmen/v1/bench/{}/birth", plant(scene)), payload)
}

/// One reading in each message, of one instrument after the other.
fn singles(scene: &Scene, count: usize) -> Vec<Said> {
    let tags = &scene.plant.instruments;
    let single = |n: usize| {
        let tag = &tags[n % tags.len()].tag;
        let at = Stamp::from_ms(1_733_356_800_000 + (n / tags.len()) as i64 * 1_000);
        let sent_at = at.expect("in range");
        let column = Column {
            tag: tag.id.clone(),
            at: vec![sent_at],
            value: vec![Some(tag.range.0)],
            flag: vec![sanmen::base::Flag::Good],
        };
        let (plant, seq) = (plant(scene), n as u64 + 1);
        let envelope =
            Envelope { plant, boot_id: 1, seq, sent_at, exercise: Some(EXERCISE.to_owned()) };
        let payload = Message { envelope, body: Body::Data(vec![column]) }.encode();
        (format!("sanmen/v1/bench/{}/data", scene.plant.id), payload)
    };
    (0..count).map(single).collect()
}
