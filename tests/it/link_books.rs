//! Whatever a link does to messages, the monitor's books agree with what really came: every message
//! is accepted once, counted as a duplicate, or counted as lost.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use rand::RngExt;
use sanmen::base::Span;
use sanmen::base::ids::Space;
use sanmen::base::problem::Source;
use sanmen::base::random::{Seed, stream};
use sanmen::cli::library::Library;
use sanmen::ingest::Counters;
use sanmen::monitor::{Input, Monitor, MonitorSettings};
use sanmen::scenario::load;
use sanmen::simulator::{Batch, Outgoing, Run, Simulator};
use sanmen::telemetry::radio::Radio;
use sanmen::telemetry::topic::{Kind, Topic};
use sanmen::telemetry::wire::{Body, decode};

/// Three hours with every trouble that a link can have, each at some time.
fn scenario(seed: u64) -> String {
    let mut rng = stream(Seed(seed), "link-books");
    let mut text = format!(
        "title = {{ en = \"Link {seed}\", zh = \"链路 {seed}\" }}\nplant = \"sanmen\"\n\
         start = 2024-12-05T06:00:00+08:00\nduration_h = 3\nstep_s = 60\nseed = {seed}\n"
    );
    let percent: f64 = rng.random_range(5.0..40.0);
    let seconds: f64 = rng.random_range(1.0..400.0);
    let kinds = [
        format!("link-loss\"\npercent = {percent}"),
        format!("link-delay\"\ndelay_s = {seconds}\njitter_s = 60"),
        format!("link-duplicate\"\npercent = {percent}"),
        format!("link-reorder\"\npercent = {percent}\nby_s = {seconds}"),
        format!("link-outage\"\nkeeps_h = {}", percent / 40.0),
        "gateway-silence\"".to_owned(),
        "gateway-frozen\"\ntimes = \"old\"".to_owned(),
    ];
    for (n, kind) in kinds.iter().enumerate() {
        // The first minutes are sound: what came before the first contact is no loss.
        let at = rng.random_range(15..120);
        let until = at + rng.random_range(5..50);
        let _ = write!(
            text,
            "\n[[inject]]\nid = \"i{n}\"\nat_min = {at}\nuntil_min = {until}\nkind = \"{kind}\n"
        );
    }
    text
}

/// Births and data as they came.
#[derive(Default)]
struct Came {
    numbers: BTreeSet<u64>,
    messages: u64,
    readings: u64,
}

impl Came {
    fn see(&mut self, sent: &Outgoing) {
        let message = decode(sent.kind, &sent.payload).expect("our own message");
        if !matches!(sent.kind, Kind::Birth | Kind::Data) {
            return;
        }
        self.messages += 1;
        let is_new = self.numbers.insert(message.envelope.seq);
        if let Body::Data(columns) = message.body
            && is_new
        {
            self.readings += columns.iter().map(|column| column.at.len() as u64).sum::<u64>();
        }
    }

    fn hear(&mut self, sent: Outgoing, radio: &mut Radio, topic: &Topic) {
        self.see(&sent);
        let topic = Topic { kind: sent.kind, ..topic.clone() };
        radio.send(topic.to_string(), sent.payload, sent.due);
    }
}

/// Plays one scenario through both halves; gives what the monitor counted.
fn books_agree(seed: u64) -> Counters {
    let library = Library::default();
    let plant = library.plant("sanmen").expect("the plant ships");
    let text = scenario(seed);
    let scenario = load(&Source::new("link.toml", text.clone()), std::slice::from_ref(&plant))
        .unwrap_or_else(|problems| unreachable!("{}", problems.render(false)));
    let run = Run { seed: None, boot_id: 1, exercise: None, batch: Batch::default() };
    let mut simulator = Simulator::new(Arc::clone(&plant), &scenario, run).expect("it starts");
    let book = library.book().expect("the rules ship");
    let mut monitor = Monitor::new(vec![Arc::clone(&plant)], book, MonitorSettings::default());
    let space = Space::new("link").expect("an id");
    let topic = Topic { space, plant: plant.id.clone(), kind: Kind::Data };
    let (mut radio, mut came) = (Radio::default(), Came::default());
    let listen = |monitor: &mut Monitor, radio: &mut Radio, now| {
        while let Some(delivery) = radio.receive(now) {
            let (topic, received_at) = (delivery.topic, delivery.received_at);
            monitor.accept(&Input::arrival(topic, &delivery.payload, received_at));
        }
        monitor.accept(&Input::Tick { now });
    };
    while !simulator.is_over() {
        let step = simulator.step().expect("it goes on");
        let now = step.now;
        step.messages.into_iter().for_each(|sent| came.hear(sent, &mut radio, &topic));
        listen(&mut monitor, &mut radio, now);
    }
    let end = simulator.now();
    simulator.close().into_iter().for_each(|sent| came.hear(sent, &mut radio, &topic));
    listen(&mut monitor, &mut radio, end + Span::HOUR);

    let counters = monitor.snapshot().plants[0].counters;
    let last = *came.numbers.last().expect("some came");
    let distinct = came.numbers.len() as u64;
    assert_eq!(counters.lost - counters.late, last + 1 - distinct, "{counters:?}\n{text}");
    assert_eq!(counters.duplicates, came.messages - distinct, "{counters:?}\n{text}");
    assert_eq!(counters.readings, came.readings, "{counters:?}\n{text}");
    counters
}

#[test]
fn every_message_is_accepted_doubled_or_lost_and_the_books_say_so() {
    let all: Vec<Counters> = (0..6).map(books_agree).collect();
    let sum = |of: fn(&Counters) -> u64| all.iter().map(of).sum::<u64>();
    let (lost, late, duplicates) = (sum(|c| c.lost), sum(|c| c.late), sum(|c| c.duplicates));
    assert!(lost > 0 && late > 0 && duplicates > 0, "nothing proved: {all:?}");
}
