//! Tells pages what happens: one task listens to the monitor, each page hears what that task tells.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::stream::{Stream, unfold};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use tokio::time::MissedTickBehavior;

use crate::base::time::wall_now;
use crate::base::{PlantId, Span, Stamp};
use crate::desk::feed::{Feed, Missed, Piece, PieceId};
use crate::desk::shown::Shown;
use crate::ledger::record::{Entry, Record};
use crate::monitor::Snapshot;

/// How often pages are told what has changed.
const EVERY: Duration = Duration::from_millis(250);

/// After so many times of that they hear that we are still there.
const BEAT: u32 = 8;

/// Pieces that may wait for a page that is slow; one that falls behind further looks again.
const WAITING: usize = 256;

/// Records kept for pages that come later.
pub const RECORDS: u32 = 300;

/// The window in which alarms that call are counted.
const WINDOW: Span = Span::minutes(10);

/// The kind of piece that only those hear who see the truth.
const STATION: &str = "station";

/// How the monitor and its connection to the plants stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// `connecting`, `connected`, `lost`, or `ledger`: there is none, the desk reads a ledger.
    pub state: &'static str,
    /// Why it is lost.
    pub reason: String,
    /// `runs`; `full`, `read-only`: it cannot store, so it judges nothing; `silent`: it says
    /// nothing any more; `gone`: nobody writes the ledger.
    pub monitor: &'static str,
    /// Since when (ms since 1970, wall clock) what is shown is not of now; none: it is, or nobody
    /// knows since when.
    pub since: Option<i64>,
}

impl Default for Connection {
    fn default() -> Self {
        let (state, reason) = ("connecting", String::new());
        Self { state, reason, monitor: "runs", since: None }
    }
}

/// What a desk listens to.
pub struct Sources {
    /// The newest records of before.
    pub past: Vec<Entry>,
    /// How the monitor stands.
    pub snapshots: watch::Receiver<Snapshot>,
    /// How its connection stands.
    pub connection: watch::Receiver<Connection>,
    /// What it stores.
    pub records: broadcast::Receiver<Arc<Entry>>,
    /// True once everything ends.
    pub ended: watch::Receiver<bool>,
}

/// What pages can ask for, and hear.
pub struct Hub {
    snapshots: watch::Receiver<Snapshot>,
    connection: watch::Receiver<Connection>,
    ended: watch::Receiver<bool>,
    told: Mutex<Told>,
    pages: broadcast::Sender<Arc<Piece>>,
}

struct Told {
    feed: Feed,
    records: VecDeque<Arc<Entry>>,
    calls: BTreeMap<PlantId, VecDeque<Stamp>>,
}

impl Told {
    fn record(&mut self, entry: &Arc<Entry>) {
        if let (Some(plant), Record::Alarm(event)) = (&entry.plant, &entry.record)
            && event.calls()
        {
            let calls = self.calls.entry(plant.clone()).or_default();
            let newest = calls.iter().copied().max().unwrap_or(event.at).max(event.at);
            calls.push_back(event.at);
            calls.retain(|at| *at > newest - WINDOW);
        }
        if self.records.len() == RECORDS as usize {
            self.records.pop_front();
        }
        self.records.push_back(Arc::clone(entry));
    }

    fn calls(&self, plant: &PlantId, now: Option<Stamp>) -> usize {
        let (Some(calls), Some(now)) = (self.calls.get(plant), now) else { return 0 };
        calls.iter().filter(|at| **at > now - WINDOW).count()
    }
}

impl Hub {
    /// Listens from now on.
    pub fn open(sources: Sources) -> Arc<Self> {
        let Sources { past, snapshots, connection, records, ended } = sources;
        let (pages, _) = broadcast::channel(WAITING);
        let feed = Feed::new(wall_now().as_ms());
        let mut told = Told { feed, records: VecDeque::new(), calls: BTreeMap::new() };
        for entry in past {
            told.record(&Arc::new(entry));
        }
        let told = Mutex::new(told);
        let hub = Arc::new(Self { snapshots, connection, ended, told, pages });
        tokio::spawn(Arc::clone(&hub).listen(records));
        hub
    }

    /// Nothing that could fail happens while it is held.
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, kind: &'static str, data: &Value) {
        let mut told = self.told();
        let piece = told.feed.tell(kind, data.to_string());
        // Nobody may be listening; what counts is the order.
        let _ = self.pages.send(piece);
    }

    async fn listen(self: Arc<Self>, mut records: broadcast::Receiver<Arc<Entry>>) {
        let (mut snapshots, mut connection) = (self.snapshots.clone(), self.connection.clone());
        let mut ended = self.ended.clone();
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = Shown::default();
        let (mut beats, mut is_newer) = (0, true);
        loop {
            tokio::select! {
                _ = ended.wait_for(|ended| *ended) => return,
                changed = snapshots.changed(), if !is_newer => match changed {
                    Ok(()) => is_newer = true,
                    Err(_) => return,
                },
                entry = records.recv() => match entry {
                    Ok(entry) => {
                        self.told().record(&entry);
                        self.tell("record", &json!(*entry));
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        self.tell("resync", &json!({}));
                    }
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                Ok(()) = connection.changed() => {
                    let now = connection.borrow_and_update().clone();
                    self.tell("link", &json!(now));
                }
                _ = ticks.tick() => {
                    beats += 1;
                    if self.pages.receiver_count() > 0 {
                        self.beat(&mut last, &mut is_newer, beats % BEAT == 0);
                    }
                }
            }
        }
    }

    /// Tells pages to look at the exercise again.
    pub fn tell_exercise(&self) {
        self.tell("exercise", &json!({}));
    }

    /// Tells whoever leads or judges the exercise what has changed at their station.
    pub fn tell_station(&self, data: &Value) {
        self.tell(STATION, data);
    }

    /// Tells what has changed since the last time, and now and then that we are there.
    fn beat(&self, last: &mut Shown, is_newer: &mut bool, is_due: bool) {
        if std::mem::take(is_newer) {
            let now = self.shown();
            let changes = now.changes(last);
            *last = now;
            if !changes.is_empty() {
                self.tell("state", &json!({ "wall": wall_now().as_ms(), "plants": changes }));
                return;
            }
        }
        if is_due {
            self.tell("tick", &json!({ "wall": wall_now().as_ms() }));
        }
    }

    fn shown(&self) -> Shown {
        let told = self.told();
        Shown::of(&self.snapshots.borrow(), |plant, now| told.calls(plant, now))
    }

    /// Of each plant, what there is one of, as pages get it.
    pub fn heads(&self) -> Vec<Value> {
        self.shown().heads()
    }

    /// The last values of each instrument of the plant at this position, oldest first.
    pub fn trends(&self, at: usize) -> Option<Value> {
        let snapshot = self.snapshots.borrow();
        Some(snapshot.plants.get(at)?.tags.iter().map(|tag| json!(tag.trend)).collect())
    }

    /// Everything, at this moment, but what has been before: trends are asked for where they are
    /// seen. Whoever has it goes on with the pieces after `id`.
    pub fn whole(&self) -> Value {
        // The number first: what is told between the two is heard again, and says the same.
        let id = self.told().feed.last().to_string();
        let shown = self.shown();
        let told = self.told();
        let snapshot = self.snapshots.borrow();
        let records: Vec<&Entry> = told.records.iter().map(AsRef::as_ref).collect();
        json!({
            "id": id, "wall": wall_now().as_ms(), "link": *self.connection.borrow(),
            "plants": shown.whole(), "records": records, "refused": snapshot.refused,
        })
    }

    /// What a page hears from now on, after the piece it heard last, until everything ends; what
    /// only those may know who see the truth, if it is one of theirs.
    pub fn hear(
        self: &Arc<Self>,
        after: Option<&str>,
        sees_truth: bool,
    ) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
        let (missed, pages) = {
            let told = self.told();
            let missed = match after.map(PieceId::parse) {
                None => VecDeque::new(),
                Some(heard) => match heard.map(|heard| told.feed.since(heard)) {
                    Some(Missed::Pieces(pieces)) => pieces.into(),
                    Some(Missed::TooMuch) | None => VecDeque::from([told.feed.resync()]),
                },
            };
            (missed, self.pages.subscribe())
        };
        let (hub, ended) = (Arc::clone(self), self.ended.clone());
        let hearing = Hearing { hub, missed, pages, ended, sees_truth };
        unfold(hearing, |mut hearing| async move {
            let piece = hearing.next().await?;
            let event = Event::default().id(piece.id.to_string()).event(piece.kind);
            Some((Ok(event.data(&piece.data)), hearing))
        })
    }
}

/// One page's ear.
struct Hearing {
    hub: Arc<Hub>,
    missed: VecDeque<Arc<Piece>>,
    pages: broadcast::Receiver<Arc<Piece>>,
    ended: watch::Receiver<bool>,
    sees_truth: bool,
}

impl Hearing {
    async fn next(&mut self) -> Option<Arc<Piece>> {
        let piece = self.any().await?;
        if self.sees_truth || piece.kind != STATION {
            return Some(piece);
        }
        // Pages miss no number: others are told that there was one, and not what.
        Some(Arc::new(Piece { id: piece.id, kind: "tick", data: "{}".to_owned() }))
    }

    async fn any(&mut self) -> Option<Arc<Piece>> {
        if let Some(piece) = self.missed.pop_front() {
            return Some(piece);
        }
        tokio::select! {
            _ = self.ended.wait_for(|ended| *ended) => None,
            piece = self.pages.recv() => match piece {
                Ok(piece) => Some(piece),
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    // What was missed is in the state that it looks at next.
                    self.pages = self.pages.resubscribe();
                    Some(self.hub.told().feed.resync())
                }
                Err(broadcast::error::RecvError::Closed) => None,
            }
        }
    }
}
