#![expect(
    clippy::disallowed_methods,
    reason = "edge: keeps beside the ledger which leases a broker may hold"
)]
//! Says on MQTT what stands, beside a running monitor; what it says is in `monitor::lease`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;

use crate::alarms::event::AlarmId;
use crate::base::ids::Space;
use crate::base::time::wall_now;
use crate::exercise::live::stop::Stop;
use crate::inspection::book::Book;
use crate::monitor::Snapshot;
use crate::monitor::lease::{LeaseSettings, Leases, Say};
use crate::telemetry::link::LinkState;
use crate::telemetry::publisher::{Keep, PublishError, Publisher};
use crate::telemetry::signature::Signer;
use crate::telemetry::topic::AlarmTopic;

/// How often it looks whether something is to be said.
const LOOK: Duration = Duration::from_millis(200);

/// How long the last messages may take when the monitor ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Says what stands until it is told to stop, or the monitor ends.
pub struct LeaseService {
    publisher: Publisher,
    space: Space,
    snapshots: watch::Receiver<Snapshot>,
    book: Book,
    leases: Leases,
    /// What they are signed by, if by anything.
    signer: Option<Signer>,
    /// The connection on which listeners were told what `leases` knows.
    connects: u64,
    list: List,
}

impl LeaseService {
    /// Says in `space` what `snapshots` show, by `publisher`, as the run `monitor`. What an
    /// earlier run has left with the broker stands in `folder`.
    pub fn new(
        (publisher, space): (Publisher, Space),
        (snapshots, book): (watch::Receiver<Snapshot>, Book),
        (settings, monitor, signer): (LeaseSettings, String, Option<Signer>),
        folder: &Path,
    ) -> Self {
        let list = List::open(folder);
        let leases = Leases::new(settings, monitor, list.read(), wall_now());
        Self { publisher, space, snapshots, book, leases, signer, connects: 0, list }
    }

    /// Runs until told to stop. What stands then is left to run out: an ended message says that an
    /// alarm has ended, never that nobody looks any more.
    pub async fn run(mut self, stop: Stop) {
        self.snapshots.mark_changed();
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.wait() => break,
                _ = looks.tick() => {}
            }
            match self.snapshots.has_changed() {
                Ok(true) => {
                    let snapshot = self.snapshots.borrow_and_update();
                    self.leases.see(&snapshot, &self.book, wall_now());
                }
                Ok(false) => {}
                Err(_) => break, // the monitor has ended
            }
            if self.speak().await.is_err() {
                break;
            }
        }
        if self.is_connected() {
            // What the broker has not taken by then runs out, or is said again by the next run.
            let _ = self.publisher.drain(LAST_WORDS).await;
        }
    }

    fn is_connected(&self) -> bool {
        self.publisher.status().borrow().state == LinkState::Connected
    }

    /// Says what is due, while there is a connection: what waited would be old.
    async fn speak(&mut self) -> Result<(), PublishError> {
        if !self.is_connected() {
            return Ok(());
        }
        let connects = self.publisher.status().borrow().connects;
        if connects != self.connects {
            self.connects = connects;
            self.leases.again();
        }
        let says = self.leases.turn(wall_now());
        self.list.keep(self.leases.held());
        for say in says {
            match self.publish(say).await {
                Err(PublishError::TooLarge { bytes }) => {
                    tracing::warn!(bytes, "an alarm is too large for a message, and is not said");
                }
                said => said?,
            }
        }
        Ok(())
    }

    async fn publish(&self, say: Say) -> Result<(), PublishError> {
        let topic = |AlarmId { plant, rule, tag, .. }: AlarmId| {
            AlarmTopic { space: self.space.clone(), plant, rule, tag }.to_string()
        };
        match say {
            Say::Stands(lease) => {
                let payload = serde_json::to_vec(&lease);
                let payload = payload.expect("numbers, texts and lists are always JSON");
                let keep = Keep::Until(lease.valid_until);
                let topic = topic(lease.alarm.id());
                let payload = match &self.signer {
                    Some(signer) => signer.sign(&topic, payload),
                    None => payload,
                };
                self.publisher.publish_for(keep, topic, payload).await
            }
            Say::Ended(id) => {
                self.publisher.publish_for(Keep::NoLonger, topic(id), Vec::new()).await
            }
        }
    }
}

/// The alarms of which a broker may still hold a lease that the monitor over `folder` gave.
pub fn left_behind(folder: &Path) -> Vec<AlarmId> {
    List::open(folder).read()
}

/// Nothing is left with the broker any more. Errors: the list cannot be removed.
pub fn forget(folder: &Path) -> io::Result<()> {
    match std::fs::remove_file(List::open(folder).path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The alarms that a broker may hold a lease of, a line each in a file: so that a lease of an
/// alarm that has ended while nobody looked is taken back.
struct List {
    path: PathBuf,
    /// What stands in the file.
    written: BTreeSet<AlarmId>,
    /// It could not be written, and that has been said.
    failed: bool,
}

impl List {
    fn open(folder: &Path) -> Self {
        Self { path: folder.join("leases"), written: BTreeSet::new(), failed: false }
    }

    /// What an earlier run has left. Lines that do not read are passed over: what they stood for
    /// runs out by itself.
    fn read(&self) -> Vec<AlarmId> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        text.lines().filter_map(|line| AlarmId::parse(line).ok()).collect()
    }

    /// Writes the list when it has changed: new lines are added, old ones dropped now and then.
    fn keep<'a>(&mut self, held: impl Iterator<Item = &'a AlarmId>) {
        let held: BTreeSet<AlarmId> = held.cloned().collect();
        let new: Vec<&AlarmId> = held.difference(&self.written).collect();
        let is_long = self.written.len() > 2 * held.len() + 16;
        if new.is_empty() && !is_long {
            return;
        }
        let mut text = String::new();
        let lines = if self.written.is_empty() || is_long { held.iter().collect() } else { new };
        for id in &lines {
            writeln!(text, "{id}").expect("a string takes everything");
        }
        let is_whole = lines.len() == held.len();
        match self.write(&text, is_whole) {
            Ok(()) if is_whole => self.written = held,
            Ok(()) => self.written.extend(held),
            Err(error) if !self.failed => {
                self.failed = true;
                tracing::warn!(%error, path = %self.path.display(), "cannot note our leases");
            }
            Err(_) => {}
        }
    }

    fn write(&self, text: &str, is_whole: bool) -> io::Result<()> {
        if is_whole {
            let fresh = self.path.with_extension("new");
            std::fs::write(&fresh, text)?;
            return std::fs::rename(&fresh, &self.path);
        }
        let file = std::fs::OpenOptions::new().append(true).create(true).open(&self.path);
        file?.write_all(text.as_bytes())
    }
}
