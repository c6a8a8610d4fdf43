//! An edge node, live: one connection with a will of its own, births after each connect, and what
//! the broker does not have yet said again after them, out of a spool if there is one.
//!
//! The specification publishes with QoS 0. Messages here go with QoS 1, so that what was on its way
//! when a connection broke is known, and nothing is lost; a host that subscribes with QoS 0 sees no
//! difference.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant};

use super::backlog::{Backlog, Item};
use super::edge::{Edge, Said};
use crate::base::time::wall_now;
use crate::telemetry::ceiling::Ceiling;
use crate::telemetry::link::{Event, Incoming, Link, LinkSettings, LinkState, LinkStatus};
use crate::telemetry::outbox::{Entry, Keep, Outbox};
use crate::telemetry::publisher::{PublisherSettings, Undelivered};
use crate::telemetry::spool::Spool;
use crate::telemetry::wire::Message;

/// Births are said at most so often, however often somebody asks.
const BIRTHS_EVERY: Duration = Duration::from_secs(1);

/// How soon a spool that could not take a message is tried again.
const SPOOL_AGAIN: Duration = Duration::from_secs(1);

/// How many payloads may be with the client.
const IN_HAND: usize = 128;

/// Publishes what a plant says over a connection of its own. Dropping it cuts the connection: the
/// broker says that the node is gone.
#[derive(Debug)]
pub struct EdgeNode {
    inbox: Option<mpsc::Sender<Message>>,
    /// Messages taken that the broker does not have yet.
    open: Arc<AtomicU64>,
    status: watch::Receiver<LinkStatus>,
    task: JoinHandle<()>,
}

impl EdgeNode {
    /// Starts to connect; needs a tokio runtime. The will of `settings` is the node's own business.
    /// Messages are in `spool`, if there is one, until the broker has them; what an earlier run has
    /// left in it goes out first.
    pub fn start(settings: PublisherSettings, edge: Edge, spool: Option<Spool>) -> Self {
        let ceiling = settings.broker.ceiling.clone();
        let (link, status) = Link::open(LinkSettings {
            access: Arc::new(settings.broker),
            client_id: settings.client_id,
            will: Some(edge.will()),
            keep_alive: settings.keep_alive,
            session: None,
            pace: settings.pace,
        });
        let (inbox, messages) = mpsc::channel(1);
        let left = spool.as_ref().map_or(0, Spool::waiting);
        let open = Arc::new(AtomicU64::new(left as u64));
        let task = Task {
            link,
            edge,
            messages,
            is_open: true,
            backlog: Backlog::new(settings.outbox, spool),
            outbox: Outbox::new(IN_HAND),
            owners: VecDeque::new(),
            window: 0,
            is_up: false,
            births_due: false,
            born_at: None,
            ceiling,
            again_at: None,
            patience: settings.pace.patience,
            progress: Instant::now(),
            open: Arc::clone(&open),
        };
        Self { inbox: Some(inbox), open, status, task: tokio::spawn(task.run()) }
    }

    /// Takes a message; waits while too many wait. False: the node has ended.
    pub async fn say(&self, message: Message) -> bool {
        let Some(inbox) = &self.inbox else { return false };
        self.open.fetch_add(1, Ordering::Relaxed);
        inbox.send(message).await.is_ok()
    }

    /// Counts messages taken that the broker does not have yet; gone with the node.
    pub fn open(&self) -> Weak<AtomicU64> {
        Arc::downgrade(&self.open)
    }

    /// How the connection stands, now and whenever it changes.
    pub fn status(&self) -> watch::Receiver<LinkStatus> {
        self.status.clone()
    }

    /// Waits until the broker has everything, then says goodbye. Errors: `enough` returned before;
    /// the connection is cut.
    pub async fn drain_until(
        mut self,
        enough: impl Future<Output = ()>,
    ) -> Result<(), Undelivered> {
        self.inbox = None;
        let in_time = tokio::select! {
            ended = &mut self.task => ended.is_ok(),
            () = enough => false,
        };
        let left = self.give_up();
        if in_time && left.messages == 0 { Ok(()) } else { Err(left) }
    }

    /// Cuts the connection; gives how much the broker never acknowledged.
    pub fn give_up(self) -> Undelivered {
        Undelivered { messages: self.open.load(Ordering::Relaxed) }
    }
}

impl Drop for EdgeNode {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Task {
    link: Link,
    edge: Edge,
    messages: mpsc::Receiver<Message>,
    is_open: bool,
    /// Messages that this session has not said.
    backlog: Backlog,
    /// Payloads that it has.
    outbox: Outbox,
    /// For each of them the messages that are delivered with it.
    owners: VecDeque<Vec<Item>>,
    window: usize,
    /// Are we connected, and heard?
    is_up: bool,
    births_due: bool,
    born_at: Option<Instant>,
    ceiling: Option<Ceiling>,
    again_at: Option<Instant>,
    patience: Duration,
    progress: Instant,
    open: Arc<AtomicU64>,
}

impl Task {
    async fn run(mut self) {
        loop {
            self.fill();
            if !self.is_open && self.backlog.is_empty() && self.outbox.is_empty() {
                break;
            }
            self.give();
            let due = self.progress + self.patience;
            let births_at = self.born_at.map_or_else(Instant::now, |at| at + BIRTHS_EVERY);
            tokio::select! {
                event = self.link.next() => self.note(event),
                message = self.messages.recv(),
                    if self.is_open && self.backlog.takes(self.is_up) =>
                {
                    match message {
                        Some(message) => self.take(message),
                        None => self.is_open = false,
                    }
                }
                () = tokio::time::sleep(SPOOL_AGAIN), if self.backlog.is_stuck() => {
                    self.backlog.try_again(self.is_up);
                }
                () = tokio::time::sleep_until(births_at), if self.births_due && self.is_up => {
                    self.births_due = false;
                    self.born_at = Some(Instant::now());
                    let births = self.edge.births();
                    self.push(births, None);
                }
                () = tokio::time::sleep_until(self.again_at.unwrap_or(due)),
                    if self.again_at.is_some() => {}
                () = tokio::time::sleep_until(due), if self.outbox.in_flight() > 0 => {
                    self.link.fail("no acknowledgement");
                    self.lost();
                }
            }
        }
        self.backlog.close();
        self.link.goodbye().await;
    }

    fn take(&mut self, message: Message) {
        // What an earlier run has left is told of instruments that it need not describe itself.
        self.edge.learn(&message);
        self.backlog.push(message, self.is_up);
    }

    /// Says what waits, as far as there is room.
    fn fill(&mut self) {
        while self.is_up && self.outbox.has_room() {
            if self.backlog.begins_with_history() && !self.edge.knows_itself() {
                break; // until its plant has said what it is
            }
            let Some(item) = self.backlog.next() else { break };
            if self.edge.is_another_start(&item.message) {
                // Whoever was before it has the last word in a session of its own.
                let is_free = self.outbox.is_empty();
                let at = item.message.envelope.sent_at;
                self.backlog.put_back(item);
                if is_free {
                    self.link.fail("the plant has started anew");
                    self.edge.start_anew(at);
                    self.lost();
                }
                break;
            }
            let said = self.edge.say(&item.message, item.historical);
            self.push(said, Some(item));
        }
        let lost = self.backlog.new_lost();
        self.open.fetch_sub(lost, Ordering::Relaxed);
    }

    /// Payloads go out in this order; with the last of them `item` is delivered. Where it needs
    /// none, it is when all before it are.
    fn push(&mut self, said: Vec<Said>, item: Option<Item>) {
        for (topic, payload) in said {
            self.outbox.push(Entry { topic, payload: Bytes::from(payload), keep: Keep::No });
            self.owners.push_back(Vec::new());
        }
        match (item, self.owners.back_mut()) {
            (Some(item), Some(last)) => last.push(item),
            (Some(item), None) => self.delivered(&item),
            (None, _) => {}
        }
    }

    fn delivered(&mut self, item: &Item) {
        self.edge.delivered(&item.message);
        self.backlog.delivered();
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    fn give(&mut self) {
        let mut in_flight = self.outbox.in_flight();
        if in_flight == 0 {
            self.progress = Instant::now();
        }
        self.again_at = None;
        while self.is_up && in_flight < self.window && self.outbox.has_waiting() {
            if let Some(Err(later)) = self.ceiling.as_ref().map(Ceiling::take) {
                self.again_at = Some(later);
                break;
            }
            let Some(entry) = self.outbox.give() else { break };
            if !self.link.publish(entry, wall_now()) {
                self.link.fail("the client takes no messages");
                return self.lost();
            }
            in_flight += 1;
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Connected { window, .. } => {
                self.window = window;
                if !self.link.subscribe(&[self.edge.commands()]) {
                    self.link.fail("the client takes no subscription");
                    self.lost();
                }
            }
            // A broker that lets nobody command us still takes what we say.
            Event::Subscribed(_) => {
                self.is_up = true;
                if let Some(message) = self.backlog.oldest_history() {
                    self.edge.begin_before(message);
                }
                if !self.backlog.begins_with_birth() {
                    let births = self.edge.births();
                    self.push(births, None);
                }
                self.link.report(LinkState::Connected);
            }
            Event::Sent(packet) => self.outbox.sent(packet),
            Event::Acknowledged(packet) => self.done(packet),
            Event::Rejected(packet, reason) => {
                tracing::warn!(reason, "the broker refuses a message");
                self.done(packet);
            }
            Event::Arrived(incoming) => self.hear(incoming),
            Event::Lost(_) => self.lost(),
        }
    }

    fn done(&mut self, packet: u16) {
        for _ in 0..self.outbox.acknowledged(packet) {
            for item in self.owners.pop_front().unwrap_or_default() {
                self.delivered(&item);
            }
        }
        self.progress = Instant::now();
    }

    fn hear(&mut self, incoming: Incoming) {
        if !incoming.retained && self.edge.is_rebirth(&incoming.topic, &incoming.payload) {
            self.births_due = true;
        }
        incoming.ticket.acknowledge();
    }

    /// The session is over: what the broker does not have comes again in the next, as history.
    fn lost(&mut self) {
        (self.is_up, self.window, self.births_due) = (false, 0, false);
        self.outbox = Outbox::new(IN_HAND);
        self.backlog.becomes_history(self.owners.drain(..).flatten());
        self.edge.next_session();
        let (topic, payload) = self.edge.will();
        self.link.set_will(topic, payload);
    }
}
