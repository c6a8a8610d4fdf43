//! The desk in Chromium while two hundred plants say something five times a second: how soon a page
//! shows values, the longest task of the page meanwhile, and how long after its reading an alarm is
//! on the screen.
//!
//! By hand, because it needs a browser: `tests/browser/run`, once, then
//! `cargo bench --all-features -- desk`. Needs Mosquitto, Node and Chromium.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, QoS};
use sanmen::base::random::Seed;
use sanmen::base::time::wall_now;
use sanmen::base::{Flag, Span, Stamp};
use sanmen::cli::library;
use sanmen::plant::Plant;
use sanmen::plant::tags::Instrument;
use sanmen::telemetry::wire::{Body, Column, Envelope, Message};
use tokio::sync::mpsc;

use super::behind::feed_as;
use super::crowd::birth;
use crate::mosquitto::Mosquitto;
use crate::report;

/// Plants that speak, and how often each does.
const PLANTS: usize = 200;
const EVERY: Duration = Duration::from_millis(200);

/// How long the page is watched, s.
const WATCHED_S: u64 = 30;

/// The seed of the fleet.
const SEED: u64 = 1;

/// Readings that show an alarm's cause go back so far.
const BACK: Span = Span::minutes(90);

/// First values, tasks, an alarm.
pub fn bench() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let mosquitto = Mosquitto::start().await;
    let port = mosquitto.port();
    let fleet = library::fleet("xianning").expect("it is compiled in");
    let works = fleet.pick(Seed(SEED), Some(PLANTS));
    let plants: Vec<Plant> =
        works.iter().map(|works| fleet.plant(works, Seed(SEED)).expect("a plant")).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut monitor, link) = monitor(port, folder.path());
    let clients: Vec<AsyncClient> = (0..4).map(|n| feed_as(&format!("feed-{n}"), port)).collect();
    for n in 0..PLANTS {
        say(&clients, &plants, n, 0, birth(&plants[n])).await;
    }
    // The last plant keeps silent until it is its turn.
    let (last, silent) = (PLANTS - 1, plants[PLANTS - 1].id.to_string());
    let (mut browser, mut lines) = browser(&link, &silent);
    let (begin, mut round, mut told) = (Instant::now(), 0, Vec::new());
    let mut said_at = None;
    loop {
        round += 1;
        for n in 0..last {
            let due = EVERY.mul_f64(f64::from(round) - 1.0 + n as f64 / PLANTS as f64);
            if let Some(wait) = due.checked_sub(begin.elapsed()).filter(|it| it.as_millis() > 1) {
                tokio::time::sleep(wait).await;
            }
            let body = steady(&plants[n], wall_now(), round);
            say(&clients, &plants, n, u64::from(round), body).await;
        }
        while let Ok(line) = lines.try_recv() {
            if line.starts_with("ready") {
                let now = wall_now();
                say(&clients, &plants, last, 1, dry(&plants[last], now)).await;
                said_at = Some(now);
            }
            told.push(line);
        }
        if lines.is_closed() && lines.is_empty() {
            break;
        }
    }
    assert!(browser.wait().expect("it ran").success(), "the browser's part failed: {told:?}");
    // They may have ended by themselves.
    let _ = monitor.kill();
    let _ = monitor.wait();
    tell(&told, said_at.expect("it was ready"));
}

/// What the browser has told, against the budgets.
fn tell(told: &[String], said_at: Stamp) {
    let number = |what: &str| -> f64 {
        let line = told.iter().find_map(|line| line.strip_prefix(what)?.trim().parse().ok());
        line.unwrap_or(f64::NAN)
    };
    let (first, longest, long) = (number("first "), number("longest "), number("long "));
    let late = number("seen ") - said_at.as_ms() as f64;
    let speaking = format!("{PLANTS} plants that speak every {} ms", EVERY.as_millis());
    report(
        &format!("a page of {speaking}: first values"),
        &format!("{first:.0} ms after it is asked for, median of five"),
        "≤ 300 ms",
        first <= 300.0,
    );
    report(
        &format!("the same page for {WATCHED_S} s: tasks"),
        &format!("{long:.0} over 50 ms, the longest {longest:.0} ms"),
        "none over 50 ms",
        long == 0.0,
    );
    report(
        "the same page: an alarm is on the screen",
        &format!("{late:.0} ms after its reading was said"),
        "≤ 1000 ms",
        late <= 1_000.0,
    );
}

/// A monitor with a desk, and the link to it.
fn monitor(port: u16, folder: &Path) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanmen"));
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped());
    let broker = format!("mqtt://127.0.0.1:{port}");
    command.args(["monitor", "--broker", &broker, "--space", "bench", "--fleet", "xianning"]);
    command.args(["--works", &PLANTS.to_string(), "--seed", &SEED.to_string()]);
    command.args(["--accept-unsigned", "--data", "data", "--listen", "127.0.0.1:0"]);
    let mut process = command.spawn().expect("it starts");
    let lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
    let mut lines = lines.map_while(Result::ok);
    let link = lines.find_map(|line| line.strip_prefix("desk: ").map(str::to_owned));
    // Nobody reads the rest, and a full pipe would stop it.
    std::thread::spawn(move || lines.for_each(drop));
    (process, link.expect("it says its link"))
}

/// The browser's part, and what it says.
fn browser(link: &str, plant: &str) -> (Child, mpsc::UnboundedReceiver<String>) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/bench.js");
    let mut command = Command::new("node");
    command.arg(script).args([link, plant, &WATCHED_S.to_string()]).stdout(Stdio::piped());
    let mut process = command.spawn().expect("Node is installed");
    let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let _ = lines.map_while(Result::ok).try_for_each(|line| sender.send(line));
    });
    (process, receiver)
}

async fn say(clients: &[AsyncClient], plants: &[Plant], n: usize, seq: u64, body: Body) {
    let (id, kind) = (plants[n].id.clone(), body.kind().name());
    let topic = format!("sanmen/v1/bench/{id}/{kind}");
    let envelope = Envelope { plant: id, boot_id: 1, seq, sent_at: wall_now(), exercise: None };
    let payload = Message { envelope, body }.encode();
    let client = &clients[n % clients.len()];
    client.publish(topic, QoS::AtLeastOnce, false, payload).await.expect("the broker is there");
}

fn column(instrument: &Instrument, at: Vec<Stamp>, share: f64) -> Column {
    let (low, high) = instrument.tag.range;
    let (value, flag) =
        (vec![Some(low + share * (high - low)); at.len()], vec![Flag::Good; at.len()]);
    Column { tag: instrument.tag.id.clone(), at, value, flag }
}

/// A reading of each instrument, a little other than the last.
fn steady(plant: &Plant, now: Stamp, round: u32) -> Body {
    let share = 0.4 + 0.001 * f64::from(round % 5);
    Body::Data(plant.instruments.iter().map(|it| column(it, vec![now], share)).collect())
}

/// Everything has shown nothing for so long.
fn dry(plant: &Plant, now: Stamp) -> Body {
    let minutes = BACK.as_ms() / 60_000;
    let at: Vec<Stamp> = (0..minutes).rev().map(|n| now - Span::minutes(n)).collect();
    Body::Data(plant.instruments.iter().map(|it| column(it, at.clone(), 0.0)).collect())
}
