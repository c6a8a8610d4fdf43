//! Receives messages, and acknowledges each only when its reader says so.
//!
//! The broker keeps what is not acknowledged (with a session), and sends at most a window of it:
//! that is the back-pressure. A reader that falls behind even so loses the connection, not the
//! process its memory; messages without assurance (QoS 0) are then dropped and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::base::Stamp;
use crate::base::time::wall_now;
use crate::telemetry::access::Access;
use crate::telemetry::backoff::Pace;
use crate::telemetry::link::{Event, Incoming, Link, LinkSettings, LinkState, LinkStatus, Ticket};
use crate::telemetry::wire::MESSAGE_BYTES_MAX;

/// Messages that may wait for the reader: three seconds of 20,000, for a disk that is busy.
const ARRIVALS: usize = 65_536;

/// Bytes of messages that may wait until they are stored.
const ARRIVALS_BYTES: usize = 64 * 1024 * 1024;

/// How to receive.
#[derive(Debug, Clone)]
pub struct SubscriberSettings {
    /// Where, and how to get in.
    pub broker: Access,
    /// A name no other client of the broker has, and the same after a restart when a session is
    /// to be found again.
    pub client_id: String,
    /// The topics wanted, with MQTT's wild cards.
    pub filters: Vec<String>,
    /// How long the broker keeps messages for us while we are away; none: not at all.
    pub session: Option<Duration>,
    /// How often a silent connection is tested; at least 5 s.
    pub keep_alive: Duration,
    /// How to come back.
    pub pace: Pace,
    /// Messages of other encodings may be longer: under topics that begin so, by so many bytes.
    pub longer: Option<(&'static str, usize)>,
}

impl SubscriberSettings {
    /// The usual: tested every 15 s, no session.
    pub fn new(broker: impl Into<Access>, client_id: &str, filters: Vec<String>) -> Self {
        Self {
            broker: broker.into(),
            client_id: client_id.to_owned(),
            filters,
            session: None,
            keep_alive: Duration::from_secs(15),
            pace: Pace::default(),
            longer: None,
        }
    }
}

/// A message as it came: nothing in it has been checked.
#[derive(Debug)]
pub struct Arrival {
    /// Its topic.
    pub topic: String,
    /// Its bytes, cut one byte above `MESSAGE_BYTES_MAX` (or what `longer` says) when there are
    /// more.
    pub payload: Vec<u8>,
    /// The wall clock when it came.
    pub received_wall: Stamp,
    /// The broker had kept it from before we subscribed: history, not news.
    pub retained: bool,
    /// To be used when the message is safely stored.
    pub ack: AckToken,
}

/// The acknowledgement that a message still waits for. Dropped unused, or used after its
/// connection has ended, it changes nothing: the broker sends the message again.
#[must_use = "the broker keeps a message until it is acknowledged"]
pub struct AckToken {
    ticket: Ticket,
    _held: Held,
}

impl AckToken {
    /// Tells the broker that the message is stored. Call in the order of arrival.
    pub fn acknowledge(self) {
        self.ticket.acknowledge();
    }
}

/// The bytes of a message that waits until it is stored, among those of the others.
struct Held(Arc<AtomicUsize>, usize);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for AckToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AckToken")
    }
}

/// Receives over one connection. Dropping it cuts the connection.
#[derive(Debug)]
pub struct Subscriber {
    status: watch::Receiver<LinkStatus>,
    dropped: Arc<AtomicU64>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Subscriber {
    /// Starts to connect; needs a tokio runtime. Messages come out of the channel in the order
    /// in which the broker sent them.
    pub fn start(settings: SubscriberSettings) -> (Self, mpsc::Receiver<Arrival>) {
        let (link, status) = Link::open(LinkSettings {
            access: Arc::new(settings.broker),
            client_id: settings.client_id,
            will: None,
            keep_alive: settings.keep_alive,
            session: settings.session,
            pace: settings.pace,
        });
        let (arrivals, reader) = mpsc::channel(ARRIVALS);
        let dropped = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = oneshot::channel();
        let (filters, longer) = (settings.filters, settings.longer);
        let (held, counted) = (Arc::default(), Arc::clone(&dropped));
        let task = Task { link, filters, longer, arrivals, held, dropped: counted };
        let task = tokio::spawn(task.run(stopped));
        (Self { status, dropped, stop: Some(stop), task }, reader)
    }

    /// How the connection stands, now and whenever it changes; `Connected` says that the
    /// subscriptions are in place.
    pub fn status(&self) -> watch::Receiver<LinkStatus> {
        self.status.clone()
    }

    /// Messages without assurance that came while the reader was too far behind.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Says goodbye. A session stays with the broker for as long as was asked.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(()); // an error says that the task has ended already
        }
        let _ = (&mut self.task).await; // it ends by itself; a panic there has been reported
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Task {
    link: Link,
    filters: Vec<String>,
    longer: Option<(&'static str, usize)>,
    arrivals: mpsc::Sender<Arrival>,
    /// Bytes that wait until they are stored.
    held: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
}

impl Task {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                event = self.link.next() => self.note(event),
                _ = &mut stopped => break,
                () = self.arrivals.closed() => break,
            }
        }
        self.link.goodbye().await;
    }

    fn note(&mut self, event: Event) {
        match event {
            // Always, even when the broker kept a session: it may be one of other filters.
            Event::Connected { .. } => {
                if !self.link.subscribe(&self.filters) {
                    self.link.fail("the client takes no subscription");
                }
            }
            Event::Subscribed(answers) => self.check(&answers),
            Event::Arrived(incoming) => self.forward(incoming),
            Event::Sent(_) | Event::Acknowledged(_) | Event::Rejected(..) | Event::Lost(_) => {}
        }
    }

    fn check(&self, answers: &[Result<(), String>]) {
        let refused = self.filters.iter().zip(answers).find_map(|(filter, answer)| {
            answer.as_ref().err().map(|why| format!("the broker refuses {filter}: {why}"))
        });
        self.link.report(match refused {
            Some(reason) => LinkState::Refused { reason },
            None => LinkState::Connected,
        });
    }

    fn forward(&mut self, incoming: Incoming) {
        let longer = self.longer.filter(|(begin, _)| incoming.topic.starts_with(begin));
        let most = longer.map_or(MESSAGE_BYTES_MAX, |(_, most)| most);
        let shown = incoming.payload.len().min(most + 1);
        let bytes = incoming.topic.len() + shown;
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        let held = Held(Arc::clone(&self.held), bytes);
        let arrival = Arrival {
            topic: incoming.topic,
            payload: incoming.payload[..shown].to_vec(),
            received_wall: wall_now(),
            retained: incoming.retained,
            ack: AckToken { ticket: incoming.ticket, _held: held },
        };
        let left = if before + bytes > ARRIVALS_BYTES {
            Some(arrival)
        } else {
            match self.arrivals.try_send(arrival) {
                Err(mpsc::error::TrySendError::Full(arrival)) => Some(arrival),
                // A closed channel ends the task at its next turn.
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => None,
            }
        };
        match left {
            Some(arrival) if arrival.ack.ticket.is_assured() => {
                self.link.fail("the reader is too far behind");
            }
            Some(_) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            None => {}
        }
    }
}
