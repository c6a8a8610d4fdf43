//! Publishes messages, each until the broker acknowledges it.
//!
//! A full outbox makes `publish` wait: nothing is dropped, the sender slows down, and the waits
//! are counted. With a spool messages go through files instead: the sender never waits for the
//! broker, a killed process loses nothing, and only when the files are full the oldest are
//! given up.
//!
//! What the broker has is kept as long as there is room, and published again as it was when
//! somebody has missed it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{Instrument, info_span};

use crate::base::time::wall_now;
use crate::telemetry::access::Access;
use crate::telemetry::backoff::Pace;
use crate::telemetry::ceiling::Ceiling;
use crate::telemetry::link::{Event, Link, LinkSettings, LinkState, LinkStatus};
pub use crate::telemetry::outbox::Keep;
use crate::telemetry::outbox::{Entry, Outbox};
use crate::telemetry::request::RESEND_MAX;
use crate::telemetry::sent::Sent;
pub use crate::telemetry::sent::Wanted;
use crate::telemetry::spool::Spool;
use crate::telemetry::wire::MESSAGE_BYTES_MAX;

/// Messages that may wait for their turn: at 8 KiB each, 32 MiB at most.
pub const OUTBOX_MESSAGES: usize = 4_096;

/// How many of them may have reached the client; the others wait in the channel to the task.
const IN_HAND: usize = 128;

/// How many of those may be messages that are said again: new ones go on meanwhile.
const AGAIN_IN_HAND: usize = 16;

/// Messages that may wait to be said again; those beyond are asked for another time.
const AGAIN_MAX: usize = 2 * RESEND_MAX as usize;

/// Questions that may wait for the task.
const WANTED_WAITING: usize = 16;

/// Most memory for what was sent, without a spool; at 8 KiB a message 2,048 of them.
const SENT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How to publish.
#[derive(Debug, Clone)]
pub struct PublisherSettings {
    /// Where, and how to get in.
    pub broker: Access,
    /// A name no other client of the broker has; 1 to 23 characters suit every broker.
    pub client_id: String,
    /// Topic and payload that the broker sends for us when we vanish without goodbye.
    pub will: Option<(String, Vec<u8>)>,
    /// How often a silent connection is tested; at least 5 s.
    pub keep_alive: Duration,
    /// How to come back.
    pub pace: Pace,
    /// Messages that may wait, besides the 128 at most that are on their way.
    pub outbox: usize,
    /// Most bytes of messages that are kept for those who have missed them; in memory 16 MiB at
    /// most. With a spool its own bound holds.
    pub sent_bytes: u64,
    /// How long after its last message, and after each question, it stays there for those who have
    /// missed some; in all at most five times as long.
    pub linger: Duration,
}

impl PublisherSettings {
    /// The usual: tested every 15 s, `OUTBOX_MESSAGES` kept, no will, nothing said again.
    pub fn new(broker: impl Into<Access>, client_id: &str) -> Self {
        Self {
            broker: broker.into(),
            client_id: client_id.to_owned(),
            will: None,
            keep_alive: Duration::from_secs(15),
            pace: Pace::default(),
            outbox: OUTBOX_MESSAGES,
            sent_bytes: 0,
            linger: Duration::ZERO,
        }
    }
}

/// A message that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No reader would accept it.
    #[error("a message of {bytes} bytes is above the limit of {MESSAGE_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The publisher's task has ended.
    #[error("the publisher has ended")]
    Ended,
}

/// Messages that the broker never acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{messages} messages were not acknowledged by the broker")]
pub struct Undelivered {
    /// How many.
    pub messages: u64,
}

/// What happened to messages so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublisherCounts {
    /// Taken by `publish`.
    pub accepted: u64,
    /// Acknowledged by the broker, messages that were said again included.
    pub acknowledged: u64,
    /// Refused by the broker one by one (no permission, quota), and given up.
    pub rejected: u64,
    /// Given up because they had run out before the broker could take them.
    pub expired: u64,
    /// Given up because the spool was full.
    pub dropped: u64,
    /// Times that `publish` waited for room.
    pub waited: u64,
    /// Published again for somebody who had missed them.
    pub again: u64,
}

#[derive(Debug, Default)]
struct Counters {
    accepted: AtomicU64,
    acknowledged: AtomicU64,
    rejected: AtomicU64,
    expired: AtomicU64,
    dropped: AtomicU64,
    waited: AtomicU64,
    again: AtomicU64,
}

impl Counters {
    /// What the broker does not have, and is still to get.
    fn waiting(&self) -> u64 {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let done = [&self.acknowledged, &self.rejected, &self.expired, &self.dropped];
        let done: u64 = done.into_iter().map(read).sum();
        (read(&self.accepted) + read(&self.again)).saturating_sub(done)
    }
}

/// Counts the messages of a publisher that the broker does not have yet, whoever owns it.
#[derive(Debug, Clone)]
pub struct Tally(Weak<Counters>);

impl Tally {
    /// How many those are; none once the publisher has gone.
    pub fn waiting(&self) -> Option<u64> {
        self.0.upgrade().map(|counters| counters.waiting())
    }
}

/// Asks a publisher to say messages again.
#[derive(Debug, Clone)]
pub struct Prompter(mpsc::Sender<Wanted>);

impl Prompter {
    /// Asks for what is `wanted`: what of it is still kept is published again, as it was. Asked
    /// more often than it can answer, it does not.
    pub fn ask(&self, wanted: Wanted) {
        let _ = self.0.try_send(wanted); // whoever has missed them asks again
    }
}

/// Publishes over one connection. Dropping it cuts the connection: the broker sends the will.
#[derive(Debug)]
pub struct Publisher {
    inbox: Option<mpsc::Sender<Entry>>,
    prompter: Prompter,
    counters: Arc<Counters>,
    status: watch::Receiver<LinkStatus>,
    /// Starts of gateways whose messages an earlier run has left in the spool.
    boots: BTreeSet<u64>,
    task: JoinHandle<()>,
}

impl Publisher {
    /// Starts to connect; needs a tokio runtime.
    pub fn start(settings: PublisherSettings) -> Self {
        Self::start_with(settings, None)
    }

    /// The same, with messages in a spool until the broker has them; what an earlier run has left
    /// in it goes out first.
    pub fn start_with(settings: PublisherSettings, spool: Option<Spool>) -> Self {
        let ceiling = settings.broker.ceiling.clone();
        let (link, status) = Link::open(LinkSettings {
            access: Arc::new(settings.broker),
            client_id: settings.client_id,
            will: settings.will,
            keep_alive: settings.keep_alive,
            session: None, // the outbox knows better what is missing
            pace: settings.pace,
        });
        // What is spooled at once need not wait in memory, where a kill would lose it.
        let waiting = if spool.is_some() { 1 } else { settings.outbox.max(1) };
        let (inbox, messages) = mpsc::channel(waiting);
        let (prompts, wanted) = mpsc::channel(WANTED_WAITING);
        let sent_bytes = if spool.is_some() { 0 } else { settings.sent_bytes.min(SENT_BYTES_MAX) };
        let counters = Arc::new(Counters::default());
        let left = spool.as_ref().map_or(0, Spool::waiting);
        let boots = spool.as_ref().map(|spool| spool.boots().clone()).unwrap_or_default();
        counters.accepted.store(left as u64, Ordering::Relaxed);
        let task = Task {
            link,
            messages,
            outbox: Outbox::new(IN_HAND),
            window: 0,
            ceiling,
            again_at: None,
            patience: settings.pace.patience,
            progress: Instant::now(),
            counters: Arc::clone(&counters),
            stuck: None,
            complained: false,
            spool,
            sent: Sent::new(usize::try_from(sent_bytes).unwrap_or(usize::MAX)),
            wanted,
            answering: Vec::new(),
            again: VecDeque::new(),
            linger: settings.linger,
        };
        let (inbox, prompter) = (Some(inbox), Prompter(prompts));
        Self { inbox, prompter, counters, status, boots, task: tokio::spawn(task.run()) }
    }

    /// Starts of gateways whose messages an earlier run has left in the spool: they are said again.
    pub fn boots(&self) -> &BTreeSet<u64> {
        &self.boots
    }

    /// Accepts a message; waits while the outbox is full. Messages arrive in the order of calls,
    /// at least once. Errors: too large, or the publisher has ended.
    pub async fn publish(&self, topic: String, payload: Vec<u8>) -> Result<(), PublishError> {
        self.publish_for(Keep::No, topic, payload).await
    }

    /// As `publish`; the broker keeps of it what `keep` says. A message that has run out before
    /// the broker could take it is given up.
    pub async fn publish_for(
        &self,
        keep: Keep,
        topic: String,
        payload: Vec<u8>,
    ) -> Result<(), PublishError> {
        if payload.len() > MESSAGE_BYTES_MAX {
            return Err(PublishError::TooLarge { bytes: payload.len() });
        }
        let span = info_span!("publish", %topic, bytes = payload.len());
        self.publish_any(keep, topic, payload).instrument(span).await
    }

    /// As `publish_for`, whatever its size: what no reader of ours accepts, a stranger may say.
    pub async fn publish_any(
        &self,
        keep: Keep,
        topic: String,
        payload: Vec<u8>,
    ) -> Result<(), PublishError> {
        self.hand_over(Entry { topic, payload: Bytes::from(payload), keep }).await
    }

    async fn hand_over(&self, entry: Entry) -> Result<(), PublishError> {
        let Some(inbox) = &self.inbox else { return Err(PublishError::Ended) };
        match inbox.try_send(entry) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(entry)) => {
                self.counters.waited.fetch_add(1, Ordering::Relaxed);
                inbox.send(entry).await.map_err(|_| PublishError::Ended)?;
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(PublishError::Ended),
        }
        self.counters.accepted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// What asks it to say messages again.
    pub fn prompter(&self) -> Prompter {
        self.prompter.clone()
    }

    /// How the connection stands, now and whenever it changes.
    pub fn status(&self) -> watch::Receiver<LinkStatus> {
        self.status.clone()
    }

    /// What counts its messages while somebody else owns it.
    pub fn tally(&self) -> Tally {
        Tally(Arc::downgrade(&self.counters))
    }

    /// What happened to messages so far.
    pub fn counts(&self) -> PublisherCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PublisherCounts {
            accepted: read(&self.counters.accepted),
            acknowledged: read(&self.counters.acknowledged),
            rejected: read(&self.counters.rejected),
            expired: read(&self.counters.expired),
            dropped: read(&self.counters.dropped),
            waited: read(&self.counters.waited),
            again: read(&self.counters.again),
        }
    }

    /// Waits until every message is acknowledged, then says goodbye, so that no will is sent: the
    /// caller publishes its own death message last. Errors: time ran out; the connection is cut.
    pub async fn drain(self, timeout: Duration) -> Result<(), Undelivered> {
        self.drain_until(tokio::time::sleep(timeout)).await
    }

    /// As `drain`; time runs out when `enough` returns.
    pub async fn drain_until(
        mut self,
        enough: impl Future<Output = ()>,
    ) -> Result<(), Undelivered> {
        self.inbox = None; // the task ends when nobody can send any more and all is delivered
        let in_time = tokio::select! {
            ended = &mut self.task => ended.is_ok(),
            () = enough => false,
        };
        let left = self.give_up();
        if in_time && left.messages == 0 { Ok(()) } else { Err(left) }
    }

    /// Cuts the connection; gives how much the broker never acknowledged.
    pub fn give_up(self) -> Undelivered {
        Undelivered { messages: self.counters.waiting() }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Task {
    link: Link,
    messages: mpsc::Receiver<Entry>,
    outbox: Outbox,
    /// How many messages the broker takes without acknowledging; none while not connected.
    window: usize,
    ceiling: Option<Ceiling>,
    /// When the ceiling lets the next message through, if one waits for that.
    again_at: Option<Instant>,
    patience: Duration,
    /// When the broker last took something, or had nothing to take.
    progress: Instant,
    counters: Arc<Counters>,
    spool: Option<Spool>,
    /// A message that the spool could not take; nothing overtakes it.
    stuck: Option<Entry>,
    /// It has been said that the spool does not work.
    complained: bool,
    /// What was sent, where there is no spool.
    sent: Sent,
    wanted: mpsc::Receiver<Wanted>,
    /// The questions whose answers are in `again`.
    answering: Vec<Wanted>,
    /// Messages that wait to be said again.
    again: VecDeque<Entry>,
    linger: Duration,
}

/// See `PublisherSettings::linger`.
const LINGERS_MAX: u32 = 5;

/// How soon a spool that could not take a message is tried again.
const SPOOL_AGAIN: Duration = Duration::from_secs(1);

impl Task {
    async fn run(mut self) {
        let mut open = true;
        let mut done_at = None;
        let mut asked_at = Instant::now();
        loop {
            self.fill();
            let is_done = !open && self.stuck.is_none() && self.outbox.is_empty();
            let now = Instant::now();
            let leaves = is_done.then(|| {
                let done_at = *done_at.get_or_insert(now);
                (done_at.max(asked_at) + self.linger).min(done_at + self.linger * LINGERS_MAX)
            });
            if leaves.is_some_and(|leaves| leaves <= now) {
                break;
            }
            self.give();
            let due = self.progress + self.patience;
            tokio::select! {
                event = self.link.next() => self.note(event),
                message = self.messages.recv(), if open && self.takes() => {
                    match message {
                        Some(entry) => self.take(entry),
                        None => open = false,
                    }
                }
                Some(wanted) = self.wanted.recv() => {
                    asked_at = now;
                    self.answer(wanted);
                }
                () = tokio::time::sleep_until(leaves.unwrap_or(due)), if leaves.is_some() => {}
                () = tokio::time::sleep(SPOOL_AGAIN), if self.stuck.is_some() => {
                    if let Some(entry) = self.stuck.take() {
                        self.take(entry);
                    }
                }
                () = tokio::time::sleep_until(self.again_at.unwrap_or(due)),
                    if self.again_at.is_some() => {}
                () = tokio::time::sleep_until(due), if self.outbox.in_flight() > 0 => {
                    self.link.fail("no acknowledgement");
                    self.rewind();
                }
            }
        }
        if let Some(spool) = self.spool.take() {
            spool.close();
        }
        self.link.goodbye().await;
    }

    /// May another message come? While the broker takes them, the sender waits before any is given
    /// up; while it is away, nobody waits for it.
    fn takes(&self) -> bool {
        let has_room = |spool: &Spool| self.window == 0 || !spool.is_half_full();
        let spooled = self.spool.as_ref().is_some_and(has_room);
        self.stuck.is_none() && (spooled || self.outbox.has_room())
    }

    fn take(&mut self, entry: Entry) {
        let Some(spool) = &mut self.spool else {
            self.sent.keep(&entry);
            return self.outbox.push(entry);
        };
        match spool.append(&entry) {
            Ok(()) => self.complained = false,
            Err(error) => {
                if !std::mem::replace(&mut self.complained, true) {
                    tracing::error!(%error, "the spool cannot be written; the plants wait");
                }
                self.stuck = Some(entry);
            }
        }
        self.count_dropped();
    }

    /// Looks for messages that somebody has missed.
    fn answer(&mut self, wanted: Wanted) {
        if self.again.is_empty() {
            self.answering.clear();
        }
        if self.answering.contains(&wanted) {
            return; // they are on their way
        }
        let room = AGAIN_MAX - self.again.len();
        let found = match &self.spool {
            Some(spool) => spool.find(&wanted, room).unwrap_or_else(|error| {
                tracing::warn!(%error, "what was sent cannot be read");
                Vec::new()
            }),
            None => self.sent.find(&wanted, room),
        };
        let Wanted { head, boot_id, from, to } = &wanted;
        let count = found.len();
        tracing::info!(head, boot_id, from, to, count, "somebody has missed messages");
        self.again.extend(found);
        self.answering.push(wanted);
    }

    /// Brings messages that are said again, and those of the spool, into the outbox.
    fn fill(&mut self) {
        while self.outbox.has_room()
            && self.outbox.again() < AGAIN_IN_HAND
            && let Some(entry) = self.again.pop_front()
        {
            self.outbox.push_again(entry);
            self.counters.again.fetch_add(1, Ordering::Relaxed);
        }
        while let Some(spool) = self.spool.as_mut().filter(|_| self.outbox.has_room()) {
            match spool.take() {
                Ok(Some(entry)) => self.outbox.push(entry),
                Ok(None) => break,
                Err(error) => tracing::error!(%error, "messages in the spool cannot be read"),
            }
            self.count_dropped();
        }
    }

    fn count_dropped(&self) {
        let dropped = self.spool.as_ref().map_or(0, Spool::dropped);
        let before = self.counters.dropped.swap(dropped, Ordering::Relaxed);
        if before == 0 && dropped > 0 {
            tracing::error!("the spool is full: the oldest messages are given up");
        }
    }

    /// The broker has, or will never have, the message with this identifier.
    fn done(&mut self, packet: u16) {
        let oldest = self.outbox.acknowledged(packet);
        if let Some(spool) = &mut self.spool {
            spool.acknowledged(oldest);
        }
        self.progress = Instant::now();
    }

    fn give(&mut self) {
        let mut in_flight = self.outbox.in_flight();
        if in_flight == 0 {
            self.progress = Instant::now();
        }
        if self.window == 0 {
            return;
        }
        let now = wall_now();
        let expired = self.outbox.expire(now) as u64;
        self.counters.expired.fetch_add(expired, Ordering::Relaxed);
        self.again_at = None;
        while in_flight < self.window && self.outbox.has_waiting() {
            if let Some(Err(later)) = self.ceiling.as_ref().map(Ceiling::take) {
                self.again_at = Some(later);
                break;
            }
            let Some(entry) = self.outbox.give() else { break };
            if !self.link.publish(entry, now) {
                self.link.fail("the client takes no messages");
                self.rewind();
                break;
            }
            in_flight += 1;
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Connected { window, .. } => {
                self.window = window;
                self.link.report(LinkState::Connected);
            }
            Event::Sent(packet) => self.outbox.sent(packet),
            Event::Acknowledged(packet) => {
                self.done(packet);
                self.counters.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Event::Rejected(packet, reason) => {
                tracing::warn!(reason, "the broker refuses a message");
                self.done(packet);
                self.counters.rejected.fetch_add(1, Ordering::Relaxed);
            }
            Event::Lost(_) => self.rewind(),
            Event::Subscribed(_) | Event::Arrived(_) => {}
        }
    }

    fn rewind(&mut self) {
        self.window = 0;
        self.outbox.rewind();
    }
}
