//! Many plants over few connections, through Mosquitto to one monitor: each says something every
//! 15 s, as plants do. What that takes of the processor and of memory; what is lost. And the same
//! of one plant.
//!
//! By hand, because it takes minutes: `cargo bench --all-features -- crowd 10000`. Needs Mosquitto,
//! and Linux.

use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, QoS};
use sanmen::base::random::Seed;
use sanmen::base::time::wall_now;
use sanmen::base::{Flag, Span, Stamp};
use sanmen::cli::library;
use sanmen::plant::Plant;
use sanmen::telemetry::wire::{Birth, Body, Column, Envelope, Message, TagBirth};

use super::behind::{Engine, LOST, MESSAGES, feed_as};
use crate::mosquitto::Mosquitto;
use crate::{report, took};

/// Connections that the plants share.
const CONNECTIONS: usize = 4;

/// How often each plant says something.
const EVERY: Duration = Duration::from_secs(15);

/// Times that it does while it is measured.
const ROUNDS: usize = 4;

/// Whoever is not ready by then never will be.
const PATIENCE: Duration = Duration::from_mins(20);

/// The seed of the fleet.
const SEED: u64 = 1;

/// So many plants, 10,000 unless said otherwise, and one.
pub fn bench(count: Option<usize>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for count in [count.unwrap_or(10_000), 1] {
        runtime.block_on(measure(count));
    }
}

async fn measure(count: usize) {
    let mosquitto = Mosquitto::start().await;
    let port = mosquitto.port();
    let fleet = library::fleet("xianning").expect("it is compiled in");
    let works = fleet.pick(Seed(SEED), Some(count));
    let plants: Vec<Plant> =
        works.iter().map(|works| fleet.plant(works, Seed(SEED)).expect("a plant")).collect();
    let tags = plants.iter().map(|plant| plant.instruments.len()).sum::<usize>() / count;
    let clients: Vec<AsyncClient> =
        (0..CONNECTIONS).map(|n| feed_as(&format!("feed-{n}"), port)).collect();

    let begin = Instant::now();
    let (works, seed) = (count.to_string(), SEED.to_string());
    let words = ["--fleet", "xianning", "--works", &works, "--seed", &seed];
    let engine = Engine::monitor_of(port, &words).await;
    // The first is said until somebody listens: that is what is not heard of it before.
    let mut said = 0;
    while engine.counter(MESSAGES) == 0 {
        assert!(begin.elapsed() < PATIENCE, "it does not listen");
        say(&clients, &plants, 0, said).await;
        said += 1;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let start_s = begin.elapsed().as_secs_f64();
    for n in 1..count {
        say(&clients, &plants, n, 0).await;
    }
    let begin = Instant::now();
    while engine.counter(MESSAGES) < count {
        assert!(begin.elapsed() < PATIENCE, "births are missing");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let births_s = begin.elapsed().as_secs_f64();

    let (before, heard, since) = (took(&engine.process), engine.counter(MESSAGES), Instant::now());
    for round in 1..=ROUNDS {
        for n in 0..count {
            let due = EVERY.mul_f64(round as f64 - 1.0 + n as f64 / count as f64);
            if let Some(wait) = due.checked_sub(since.elapsed()).filter(|it| it.as_millis() > 1) {
                tokio::time::sleep(wait).await;
            }
            let seq = if n == 0 { said + round - 1 } else { round };
            say(&clients, &plants, n, seq).await;
        }
    }
    let (last, wanted) = (Instant::now(), heard + ROUNDS * count);
    while engine.counter(MESSAGES) < wanted && last.elapsed() < Duration::from_mins(1) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let (s, cpu) = (since.elapsed().as_secs_f64(), took(&engine.process) - before);
    let lost = wanted.saturating_sub(engine.counter(MESSAGES)).max(engine.counter(LOST));
    report(
        &format!(
            "{count} plants of {tags} instruments, a message each in 15 s, {CONNECTIONS} \
             connections"
        ),
        &format!(
            "{:.1} % of a core, {:.0} µs a message; {:.0} MiB; {lost} lost; the last was taken \
             {:.1} s after it was said; the monitor started in {start_s:.1} s, heard all births \
             {births_s:.1} s after the last",
            100.0 * cpu / s,
            cpu * 1e6 / (ROUNDS * count) as f64,
            resident_mib(&engine),
            last.elapsed().as_secs_f64(),
        ),
        "no loss, less than a core, ≤ 4 GiB",
        lost == 0 && cpu < s && resident_mib(&engine) <= 4_096.0,
    );
}

/// Memory of the monitor that is in use, from Linux.
fn resident_mib(engine: &Engine) -> f64 {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", engine.process.id()));
    let pages = statm.unwrap_or_default().split(' ').nth(1).and_then(|word| word.parse().ok());
    pages.unwrap_or(0.0) * 4_096.0 / f64::from(1 << 20)
}

/// Plant `n` says its birth, or a reading of each instrument.
async fn say(clients: &[AsyncClient], plants: &[Plant], n: usize, seq: usize) {
    let (plant, now) = (&plants[n], wall_now());
    let body = if seq == 0 { birth(plant) } else { data(plant, now) };
    let kind = body.kind().name();
    let (id, seq) = (plant.id.clone(), seq as u64);
    let envelope = Envelope { plant: id, boot_id: 1, seq, sent_at: now, exercise: None };
    let payload = Message { envelope, body }.encode();
    let topic = format!("sanmen/v1/bench/{}/{kind}", plant.id);
    let client = &clients[n % clients.len()];
    client.publish(topic, QoS::AtLeastOnce, false, payload).await.expect("the broker is there");
}

/// The birth of a plant.
pub fn birth(plant: &Plant) -> Body {
    let tags = plant.instruments.iter().map(|instrument| TagBirth {
        tag: instrument.tag.id.clone(),
        quantity: instrument.tag.quantity,
        unit: instrument.tag.quantity.unit().to_owned(),
        range: instrument.tag.range,
        poll_ms: instrument.tag.poll,
    });
    Body::Birth(Birth { tags: tags.collect() })
}

fn data(plant: &Plant, now: Stamp) -> Body {
    let column = |instrument: &sanmen::plant::tags::Instrument| {
        let (low, high) = instrument.tag.range;
        Column {
            tag: instrument.tag.id.clone(),
            at: vec![now - Span::SECOND],
            value: vec![Some(low + 0.4 * (high - low))],
            flag: vec![Flag::Good],
        }
    };
    Body::Data(plant.instruments.iter().map(column).collect())
}
