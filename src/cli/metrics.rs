//! What a running monitor counts, for Prometheus: `http://ADDRESS/metrics`. The names are in
//! `src/docs/metrics.md`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::alarms::event::Priority;
use crate::cli::exit::Failure;
use crate::cli::live::say;
use crate::exercise::live::watch::Watch;
use crate::ingest::Counters;
use crate::ingest::asks::AskCounts;
use crate::monitor::{PlantSnapshot, Snapshot};
use crate::telemetry::link::{LinkState, LinkStatus};

/// Who asks must have asked by then.
const PATIENCE: Duration = Duration::from_secs(5);

/// After a connection that could not be taken.
const PAUSE: Duration = Duration::from_millis(200);

/// As OpenMetrics has it.
const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Counts = Family<Labels, Counter<u64, AtomicU64>>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;
type Whole = Family<Labels, Gauge<i64, AtomicI64>>;

/// What is counted, as it stands whenever somebody asks.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// How the monitor stands.
    snapshots: watch::Receiver<Snapshot>,
    /// How its connection stands.
    link: watch::Receiver<LinkStatus>,
    /// What has come of asking for messages again.
    asks: watch::Receiver<AskCounts>,
    /// Orders to plants that were refused, by reason.
    orders: watch::Receiver<BTreeMap<&'static str, u64>>,
}

/// A counter: name, what it is, and where it stands.
type Counted = (&'static str, &'static str, fn(&Counters) -> u64);

/// What every plant counts.
const COUNTERS: [Counted; 6] = [
    ("messages", "Messages accepted, duplicates included", |it| it.messages),
    ("readings", "Readings accepted, late ones included", |it| it.readings),
    ("duplicates", "Messages or readings seen before", |it| it.duplicates),
    ("old_boots", "Messages of a boot that has been replaced", |it| it.old_boots),
    ("lost_messages", "Messages that never came", |it| it.lost),
    ("late_messages", "Messages that came after they had been given up", |it| it.late),
];

const PRIORITIES: [(Priority, &str); 3] =
    [(Priority::Low, "low"), (Priority::Medium, "medium"), (Priority::High, "high")];

impl Metrics {
    /// What a monitor counts that has yet to run.
    pub fn of(
        service: &Watch,
        snapshots: watch::Receiver<Snapshot>,
        link: watch::Receiver<LinkStatus>,
    ) -> Self {
        let (asks, orders) = (service.asks().subscribe(), service.refused_orders());
        Self { snapshots, link, asks, orders }
    }

    /// Answers at `listen` until the process ends. Errors: the address cannot be had.
    pub async fn serve(self, listen: SocketAddr) -> Result<JoinHandle<()>, Failure> {
        let unusable = |error| {
            let text =
                format!("metrics cannot be had at {listen}: {error}; choose another address");
            Failure::outside(format!("{text} in [metrics] of the settings"))
        };
        let listener = TcpListener::bind(listen).await.map_err(unusable)?;
        let own = listener.local_addr().map_err(unusable)?;
        say(&format!("metrics at http://{own}/metrics"));
        Ok(tokio::spawn(self.answer_all(listener)))
    }

    async fn answer_all(self, listener: TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(PAUSE).await; // no more files may be open just now
                continue;
            };
            let metrics = self.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let answer = metrics.answer(request.method(), request.uri().path());
                    async move { Ok::<_, Infallible>(answer) }
                });
                let mut server = http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
                // Whoever hangs up in the middle gets no answer.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let (status, text) = match (method, path) {
            (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, self.text()),
            (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "GET it\n".to_owned()),
            _ => (StatusCode::NOT_FOUND, "look at /metrics\n".to_owned()),
        };
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        let kind = if status == StatusCode::OK { TYPE } else { "text/plain; charset=utf-8" };
        response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
        response
    }

    /// Everything in the text format.
    fn text(&self) -> String {
        let mut registry = Registry::with_prefix("sanmen");
        {
            let snapshot = self.snapshots.borrow();
            plants(&mut registry, &snapshot.plants);
            let refused = Counts::default();
            for (reason, count) in &snapshot.refused {
                refused.get_or_create(&vec![("reason", reason.clone())]).inc_by(*count);
            }
            registry.register("refused", "Messages or parts of them that were refused", refused);
        }
        asks(&mut registry, *self.asks.borrow());
        let orders = Counts::default();
        for (reason, count) in &*self.orders.borrow() {
            orders.get_or_create(&vec![("reason", (*reason).to_owned())]).inc_by(*count);
        }
        registry.register("commands_refused", "Orders to plants that were refused", orders);
        link(&mut registry, &self.link.borrow());
        let mut text = String::new();
        encode(&mut text, &registry).expect("a string takes everything");
        text
    }
}

fn plants(registry: &mut Registry, plants: &[PlantSnapshot]) {
    let of = |plant: &PlantSnapshot| ("plant", plant.id.to_string());
    for (name, help, count) in COUNTERS {
        let counts = Counts::default();
        for plant in plants {
            counts.get_or_create(&vec![of(plant)]).inc_by(count(&plant.counters));
        }
        registry.register(name, help, counts);
    }
    let (alarms, online, lag) = (Whole::default(), Whole::default(), Gauges::default());
    for plant in plants {
        for (priority, word) in PRIORITIES {
            let count = plant.standing.iter().filter(|alarm| alarm.priority == priority).count();
            let labels = vec![of(plant), ("priority", word.to_owned())];
            alarms.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        if let Some(is_online) = plant.online {
            online.get_or_create(&vec![of(plant)]).set(i64::from(is_online));
        }
        if let (Some(heard), Some(reached)) = (plant.heard_at, plant.frontier) {
            lag.get_or_create(&vec![of(plant)]).set((heard - reached).as_seconds().max(0.0));
        }
    }
    registry.register("alarms", "Alarms that stand and that a person should see", alarms);
    registry.register("plant_online", "Is the plant's gateway there", online);
    let help = "From the time judged to the last message, on the plants' clock";
    registry.register("lag_seconds", help, lag);
}

fn asks(registry: &mut Registry, asks: AskCounts) {
    let AskCounts { questions, asked, answered, lost } = asks;
    for (name, help, count) in [
        ("resend_questions", "Questions for messages that had not come", questions),
        ("resend_asked", "Messages that were asked for", asked),
        ("resend_answered", "Of these, how many came", answered),
        ("resend_lost", "Of these, how many were given up", lost),
    ] {
        register(registry, (name, help, count));
    }
}

fn register(registry: &mut Registry, (name, help, count): (&'static str, &'static str, u64)) {
    let counter: Counter<u64, AtomicU64> = Counter::default();
    counter.inc_by(count);
    registry.register(name, help, counter);
}

fn link(registry: &mut Registry, status: &LinkStatus) {
    let connected: Gauge<i64, AtomicI64> = Gauge::default();
    connected.set(i64::from(status.state == LinkState::Connected));
    registry.register("link_connected", "Is the monitor connected to the broker", connected);
    let counts = [
        ("link_connects", "How often the connection came up", status.connects),
        ("link_losses", "How often it was lost after that", status.losses),
    ];
    for counted in counts {
        register(registry, counted);
    }
}
