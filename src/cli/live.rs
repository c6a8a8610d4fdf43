#![expect(clippy::disallowed_methods, reason = "edge: keeps the monitor's client id in its folder")]
//! What live commands share: the runtime, Ctrl-C, connections made from settings, progress.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rand::TryRng;
use rand::rngs::SysRng;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::base::Span;
use crate::base::ids::Space;
use crate::base::text::Lang;
use crate::cli::exit::Failure;
use crate::cli::ready::Outline;
use crate::cli::settings::Settings;
pub use crate::cli::stderr::say;
use crate::cli::view::words::Words;
use crate::exercise::live::company::Company;
use crate::exercise::live::leases::LeaseService;
use crate::exercise::live::pace::Pace;
use crate::exercise::live::quarantine::Quarantine;
use crate::exercise::live::simulate::Progress;
use crate::exercise::live::stop::{self, Stop, Stopper};
use crate::exercise::live::watch::{Asked, Unstored, Watch, WatchSettings};
use crate::ingest::trust::Trust;
use crate::inspection::book::Book;
use crate::ledger::record::Entry;
use crate::ledger::sqlite::Sqlite;
use crate::ledger::store::{Ledger, Roster};
use crate::monitor::{Monitor, Snapshot};
use crate::plant::Plant;
use crate::simulator::Batch;
use crate::telemetry::access::Access;
use crate::telemetry::backoff;
use crate::telemetry::link::{LinkState, LinkStatus};
use crate::telemetry::publisher::{Publisher, PublisherSettings};
use crate::telemetry::signature::{Keychain, Signer};
use crate::telemetry::spool::{Spool, SpoolSettings};
use crate::telemetry::subscriber::{Arrival, Subscriber, SubscriberSettings};
use crate::telemetry::topic::{self, Topic};

/// Records that may wait for whoever shows them.
const RECORDS_WAITING: usize = 1_024;

/// Plants that speak over one connection.
const PLANTS_A_CONNECTION: usize = 50;

/// Most connections of one process: public brokers ask their guests for few.
pub const CONNECTIONS_MAX: usize = 5;

/// How long plants that have said goodbye answer those who have missed something: the first
/// question comes half a second after the loss is known, over a connection of its own.
pub const LINGER: Duration = Duration::from_millis(1_500);

/// How long the broker keeps our session while we are away.
const SESSION: Duration = Duration::from_mins(10);

/// Births of Sparkplug are longer than any message of our wire.
#[cfg(feature = "sparkplug")]
const LONGER: Option<(&str, usize)> = {
    use crate::telemetry::sparkplug::{PAYLOAD_BYTES_MAX, topic::NAMESPACE};
    Some((NAMESPACE, PAYLOAD_BYTES_MAX))
};
#[cfg(not(feature = "sparkplug"))]
const LONGER: Option<(&str, usize)> = None;

/// Runs `work` on tokio. Ctrl-C says stop (so does SIGTERM, and so may the work itself); asking
/// again after that ends the process at once.
pub fn block_on<F, T>(work: impl FnOnce(Stopper, Stop) -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    block_on_in(Lang::En, work)
}

/// The same, for people who read this language.
pub fn block_on_in<F, T>(lang: Lang, work: impl FnOnce(Stopper, Stop) -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::outside)?;
    let (stopper, stop) = stop::stop();
    let (hand, said) = (stopper.clone(), stop.clone());
    runtime.spawn(async move {
        loop {
            asked_to_stop().await;
            if said.is_set() {
                std::process::exit(0);
            }
            hand.set();
            say(lang.pick("stopping; Ctrl-C again ends at once", "正在停止;再按Ctrl-C立即结束"));
        }
    });
    let result = runtime.block_on(work(stopper, stop));
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

/// Returns at Ctrl-C, or when whoever runs services asks for an end.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            tokio::select! {
                _ = interrupt.recv() => return,
                _ = terminate.recv() => return,
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await; // nobody can ask
    }
}

/// A run's private name: 26 random characters that nobody guesses.
pub fn random_space() -> Space {
    let mut bytes = [0_u8; 16];
    if SysRng.try_fill_bytes(&mut bytes).is_err() {
        // Without the system's randomness, the clock still tells two runs apart.
        let now = crate::base::time::wall_now().as_ms().to_be_bytes();
        bytes[..8].copy_from_slice(&now);
    }
    topic::private_space(bytes)
}

/// How a gateway batches: a minute, or what passes in `batch_wall` at an accelerated pace.
pub fn batch(pace: Pace, settings: &Settings) -> Batch {
    let accelerated = settings.batch_wall.as_seconds() * pace.speed();
    Batch { every: Span::from_seconds_f64(accelerated.max(60.0)), ..Batch::default() }
}

fn pace_of(settings: &Settings) -> backoff::Pace {
    backoff::Pace {
        least: duration(settings.reconnect_first),
        most: duration(settings.reconnect_longest),
        ..backoff::Pace::default()
    }
}

fn duration(span: Span) -> Duration {
    Duration::from_millis(span.as_ms().unsigned_abs())
}

/// The connections of a company. One that is a plant's own has its will; one of many plants has
/// none: their silence is noticed as silence. In `spool`, if there is one, messages wait until the
/// broker has them. Errors: the spool cannot be used.
pub fn publishers(
    broker: &Access,
    space: &Space,
    (company, keys): (&Company, &Keychain),
    (settings, spool, linger): (&Settings, Option<&Path>, Duration),
) -> Result<Vec<Publisher>, Failure> {
    let alone = company.ids().len() == 1;
    let will = company.will(0).filter(|_| alone).zip(company.ids().first());
    let will = will.map(|(will, plant)| {
        let topic = Topic { space: space.clone(), plant: plant.clone(), kind: will.kind };
        let topic = topic.to_string();
        let payload = keys.sign(plant, &topic, will.payload);
        (topic, payload)
    });
    let count = company.ids().len().div_ceil(PLANTS_A_CONNECTION).min(CONNECTIONS_MAX);
    let one = |n: usize| {
        let spool = spool.map(|it| self::spool(space, it.join(n.to_string()), settings));
        let spool = spool.transpose()?;
        let settings = PublisherSettings {
            will: will.clone(),
            sent_bytes: settings.spool_bytes,
            linger,
            ..publishing(broker, settings)
        };
        Ok(Publisher::start_with(settings, spool))
    };
    (0..count.max(1)).map(one).collect()
}

/// Opens the spool in `folder`. Errors: it cannot be used, or another process speaks in `space`.
pub fn spool(space: &Space, folder: PathBuf, settings: &Settings) -> Result<Spool, Failure> {
    let at = SpoolSettings { folder: folder.clone(), bytes_max: settings.spool_bytes };
    Spool::open(at).map_err(|error| no_spool(space, &folder, error))
}

fn no_spool(space: &Space, folder: &Path, error: io::Error) -> Failure {
    if error.kind() != io::ErrorKind::ResourceBusy {
        return Failure::file(folder, error);
    }
    Failure::outside(format!(
        "the space {space} is in use: another sanmen simulate speaks in it, with its spool in {}; \
         end that, or take another --space",
        folder.display()
    ))
}

/// A connection that listens; the broker keeps what comes while we are away.
pub fn listener(
    broker: &Access,
    filters: Vec<String>,
    client_id: &str,
    settings: &Settings,
) -> (Subscriber, mpsc::Receiver<Arrival>) {
    Subscriber::start(SubscriberSettings {
        session: Some(SESSION),
        keep_alive: duration(settings.keep_alive),
        pace: pace_of(settings),
        longer: LONGER,
        ..SubscriberSettings::new(broker.clone(), client_id, filters)
    })
}

/// A connection that hears what is asked now; the broker keeps nothing for it.
pub fn hearer(
    broker: &Access,
    filters: Vec<String>,
    settings: &Settings,
) -> (Subscriber, mpsc::Receiver<Arrival>) {
    Subscriber::start(SubscriberSettings {
        keep_alive: duration(settings.keep_alive),
        pace: pace_of(settings),
        ..SubscriberSettings::new(broker.clone(), &client_id("h", &random_space()), filters)
    })
}

/// A connection that speaks for others, without a will.
pub fn speaker(broker: &Access, settings: &Settings) -> Publisher {
    Publisher::start(publishing(broker, settings))
}

/// How to publish over a connection of its own.
pub fn publishing(broker: &Access, settings: &Settings) -> PublisherSettings {
    PublisherSettings {
        keep_alive: duration(settings.keep_alive),
        pace: pace_of(settings),
        outbox: settings.outbox_messages,
        ..PublisherSettings::new(broker.clone(), &client_id("p", &random_space()))
    }
}

/// Says on MQTT what stands, beside a monitor whose ledger is in `folder`, over a connection of
/// its own; does nothing when the settings say so.
pub fn say_alarms(
    (broker, space): (&Access, &Space),
    (told, book): (&Told, &Book),
    (folder, settings, signer): (&Path, &Settings, Option<Signer>),
    stop: Stop,
) -> JoinHandle<()> {
    let Some(lease) = settings.lease() else { return tokio::spawn(async {}) };
    let run = random_space();
    let publisher = Publisher::start(PublisherSettings {
        keep_alive: duration(settings.keep_alive),
        pace: pace_of(settings),
        ..PublisherSettings::new(broker.clone(), &client_id("a", &run))
    });
    let seen = (told.snapshots.clone(), book.clone());
    // Not the client's name: whoever knows that can take its connection.
    let named = (lease, random_space().to_string(), signer);
    let service = LeaseService::new((publisher, space.clone()), seen, named, folder);
    tokio::spawn(service.run(stop))
}

/// The name of the monitor that keeps its ledger in `folder`: drawn once and kept there, so that
/// the broker knows it again after a restart, and knows it from every other.
pub fn own_client_id(folder: &Path) -> Result<String, Failure> {
    let path = folder.join("mqtt-client-id");
    if let Ok(text) = std::fs::read_to_string(&path)
        && let Ok(kept) = Space::new(text.trim())
    {
        return Ok(kept.as_str().to_owned());
    }
    let drawn = drawn_client_id();
    let no_name = |error| Failure::outside(NoName { path: path.clone(), error });
    std::fs::write(&path, &drawn).map_err(no_name)?;
    Ok(drawn)
}

/// A client's name that nobody else has.
pub fn drawn_client_id() -> String {
    client_id("m", &random_space())
}

#[derive(Debug, thiserror::Error)]
#[error("cannot keep our MQTT client id in {}", path.display())]
struct NoName {
    path: PathBuf,
    #[source]
    error: io::Error,
}

/// A client's name: short enough for every broker, and as unique as `tail`.
fn client_id(role: &str, tail: &Space) -> String {
    let tail: String = tail.as_str().chars().take(13).collect();
    format!("sanmen-{role}-{tail}")
}

/// Waits until the connection stands; says so when that takes long, and why, whenever that changes.
/// Errors: the broker refuses us, or we are stopped before it answers.
pub async fn connected(
    mut status: watch::Receiver<LinkStatus>,
    broker: &Access,
    stop: &Stop,
) -> Result<(), Failure> {
    const PATIENCE: Duration = Duration::from_secs(3);
    let waits = format!("waiting for the broker at {broker}; Ctrl-C ends");
    let mut said: Option<String> = None;
    loop {
        let state = status.borrow_and_update().state.clone();
        match state {
            LinkState::Connected => return Ok(()),
            LinkState::Refused { reason } | LinkState::Ended { reason } => {
                return Err(Failure::outside(no_use(broker, &reason)));
            }
            LinkState::Disconnected { reason } if said.as_ref() != Some(&reason) => {
                say(&format!("{waits}: {reason}"));
                said = Some(reason);
            }
            LinkState::Disconnected { .. } | LinkState::Connecting => {}
        }
        tokio::select! {
            changed = status.changed() => changed.map_err(|_| Failure::Bug)?,
            () = tokio::time::sleep(PATIENCE), if said.is_none() => {
                say(&waits);
                said = Some(String::new());
            }
            () = stop.wait() => {
                let text = format!("stopped before the broker at {broker} answered");
                return Err(Failure::outside(text));
            }
        }
    }
}

fn no_use(broker: &Access, reason: &str) -> String {
    format!("the broker at {broker} cannot be used: {reason}")
}

/// Watches for connections that are given up for good, or are of no use from the start.
pub struct Quitters {
    watching: Vec<JoinHandle<Option<Failure>>>,
    stopper: Stopper,
}

impl Quitters {
    /// Says stop when it happens to one of these.
    pub fn watch(
        links: Vec<watch::Receiver<LinkStatus>>,
        broker: &Access,
        (stopper, stop): (&Stopper, &Stop),
    ) -> Self {
        let one = |link| {
            let hands = (stopper.clone(), stop.clone());
            tokio::spawn(given_up(link, broker.clone(), hands))
        };
        Self { watching: links.into_iter().map(one).collect(), stopper: stopper.clone() }
    }

    /// Stops whatever still runs. Errors: it has happened.
    pub async fn verdict(self) -> Result<(), Failure> {
        self.stopper.set();
        for watching in self.watching {
            if let Some(failure) = watching.await.map_err(|_| Failure::Bug)? {
                return Err(failure);
            }
        }
        Ok(())
    }
}

async fn given_up(
    mut status: watch::Receiver<LinkStatus>,
    broker: Access,
    (stopper, stop): (Stopper, Stop),
) -> Option<Failure> {
    let for_good = |status: &LinkStatus| match &status.state {
        LinkState::Refused { .. } => status.connects == 0,
        state => matches!(state, LinkState::Ended { .. }),
    };
    let reason = tokio::select! {
        found = status.wait_for(for_good) => match &found.ok()?.state {
            LinkState::Refused { reason } | LinkState::Ended { reason } => reason.clone(),
            _ => return None,
        },
        () = stop.wait() => return None,
    };
    stopper.set();
    Some(Failure::outside(no_use(&broker, &reason)))
}

/// Says on stderr when the broker goes away and when it is back; why is an error, which is English.
pub async fn report_link(mut status: watch::Receiver<LinkStatus>, broker: Access, lang: Lang) {
    let mut last = None;
    loop {
        let (state, connects) = {
            let status = status.borrow_and_update();
            (status.state.clone(), status.connects)
        };
        let text = match &state {
            LinkState::Connected => Some(match lang {
                Lang::En => format!("connected to {broker}"),
                Lang::Zh => format!("已连接{broker}"),
            }),
            LinkState::Disconnected { reason } => Some(match lang {
                Lang::En => format!("no connection to {broker} ({reason}); trying again"),
                Lang::Zh => format!("未连接{broker}({reason});正在重试"),
            }),
            // Whoever ends the command says why.
            LinkState::Refused { .. } if connects == 0 => None,
            LinkState::Connecting | LinkState::Ended { .. } => None,
            LinkState::Refused { reason } => Some(match lang {
                Lang::En => format!("{}; trying again once a minute", no_use(&broker, reason)),
                Lang::Zh => format!("{broker}不可用({reason});每分钟重试一次"),
            }),
        };
        let kind = std::mem::discriminant(&state);
        if let Some(text) = text
            && last != Some(kind)
        {
            say(&text);
            last = Some(kind);
        }
        if status.changed().await.is_err() {
            return;
        }
    }
}

/// Says on stderr when the plants do not run as fast as they are to, and when they do again.
pub async fn report_pace(mut seen: watch::Receiver<Progress>, pace: Pace, lang: Lang) {
    let Pace::Times(wanted) = pace else { return };
    let [behind, again] = Words::of(lang).pace;
    let mut was_behind = false;
    while seen.changed().await.is_ok() {
        let real = seen.borrow_and_update().speed;
        if real.is_some() != was_behind {
            was_behind = real.is_some();
            say(&match real {
                Some(real) => format!("{behind} {real:.0}× / {wanted}×"),
                None => format!("{again} {wanted}×"),
            });
        }
    }
}

/// What a running monitor tells.
pub struct Told {
    /// Records as they are stored.
    pub records: mpsc::Receiver<Vec<Entry>>,
    /// The state after each batch.
    pub snapshots: watch::Receiver<Snapshot>,
    /// Why nothing is stored, while nothing is.
    pub unstored: watch::Receiver<Option<Unstored>>,
}

/// Requests of people in this process that may wait.
const ASKED_WAITING: usize = 64;

/// How people in this process ask the monitor for something.
pub type Hand = mpsc::Sender<Asked>;

/// That hand, and what it reaches.
pub fn hand() -> (Hand, mpsc::Receiver<Asked>) {
    mpsc::channel(ASKED_WAITING)
}

/// A monitor over the ledger in `folder`, taken up where it was left, that believes whom `trust`
/// names and keeps what it refuses.
pub async fn watch_service(
    (plants, book): (Vec<Arc<Plant>>, Book),
    trust: Trust,
    folder: &Path,
    settings: &Settings,
) -> Result<(Watch, Told), Failure> {
    let store = Sqlite::open(folder, roster(&plants)).await.map_err(Failure::outside)?;
    let (service, told) = watch_over(store, plants, book, settings).await?;
    Ok((service.believing(trust).keeping(Quarantine::new(folder)), told))
}

/// A monitor over an open ledger, taken up where it was left.
pub async fn watch_over(
    store: Sqlite,
    plants: Vec<Arc<Plant>>,
    book: Book,
    settings: &Settings,
) -> Result<(Watch, Told), Failure> {
    let ledger = Ledger::Sqlite(Box::new(store));
    let monitor = Monitor::new(plants, book, settings.monitor());
    let (records, told_records) = mpsc::channel(RECORDS_WAITING);
    let (snapshots, told_snapshots) = watch::channel(monitor.snapshot());
    let watch_settings = WatchSettings {
        lateness: settings.lateness,
        lateness_wall: settings.lateness_wall,
        tick_wall: settings.tick_wall,
        checkpoint_inputs: settings.checkpoint_inputs,
        retention: settings.retention,
    };
    let service = Watch::resume(monitor, ledger, watch_settings, records, snapshots)
        .await
        .map_err(Failure::outside)?;
    let unstored = service.unstored();
    Ok((service, Told { records: told_records, snapshots: told_snapshots, unstored }))
}

/// Plants and their tags, in the monitor's order.
pub fn roster(plants: &[Arc<Plant>]) -> Roster {
    let tags = |plant: &Arc<Plant>| {
        let tags = plant.instruments.iter().map(|instrument| instrument.tag.id.clone()).collect();
        (plant.id.clone(), tags)
    };
    Roster::new(plants.iter().map(tags).collect())
}

/// Shows how far a scenario is, on a terminal; gives the last progress.
pub fn progress_bar(
    outline: &Outline,
    mut seen: watch::Receiver<Progress>,
    lang: Lang,
) -> JoinHandle<Progress> {
    let Outline { start, utc_offset: offset, duration, .. } = *outline;
    let minutes = u64::try_from(duration.as_ms() / 60_000).unwrap_or(1);
    tokio::spawn(async move {
        let bar = ProgressBar::with_draw_target(Some(minutes), ProgressDrawTarget::stderr());
        let style = lang.pick(
            "{msg} {wide_bar} {percent}% {eta} left",
            "{msg} {wide_bar} {percent}% 剩余{eta}",
        );
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        while seen.changed().await.is_ok() {
            let progress = *seen.borrow_and_update();
            bar.set_message(progress.now.month_day_time(offset));
            bar.set_position(
                u64::try_from((progress.now - start).as_ms() / 60_000).unwrap_or_default(),
            );
        }
        bar.finish_and_clear();
        *seen.borrow()
    })
}
