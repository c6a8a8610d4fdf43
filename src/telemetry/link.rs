//! A connection that heals itself: after every loss it waits a little longer, then connects again
//! with a new client, because an old one may be wedged for good and forgets what it accepted.
//! What was on its way, and what was subscribed, is the owner's to repeat.

mod connection;
mod loss;

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::base::Stamp;
use crate::base::random::{Seed, fnv1a_64, stream};
use crate::base::time::wall_now;
use crate::telemetry::access::Access;
use crate::telemetry::backoff::{Backoff, Pace};
use crate::telemetry::outbox::Entry;
use connection::Connection;
pub(super) use connection::{Event, Incoming, Ticket};
use loss::{CLOSED, Loss, LossKind};

/// How to connect.
#[derive(Debug, Clone)]
pub(super) struct LinkSettings {
    pub access: Arc<Access>,
    pub client_id: String,
    pub will: Option<(String, Vec<u8>)>,
    pub keep_alive: Duration,
    /// How long the broker keeps our session while we are away; none: not at all.
    pub session: Option<Duration>,
    pub pace: Pace,
}

/// The version of MQTT spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// MQTT 5.
    V5,
    /// MQTT 3.1.1, for brokers that refuse 5.
    V311,
}

/// How the connection to the broker stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// Not yet connected.
    Connecting,
    /// Connected and, for a subscriber, subscribed.
    Connected,
    /// Lost, or not reached; the next attempt follows by itself.
    Disconnected {
        /// What happened.
        reason: String,
    },
    /// It cannot work (login, certificate, topic) until somebody changes something; attempts go
    /// on, with the longest waits.
    Refused {
        /// Why not.
        reason: String,
    },
    /// Given up for good: another client keeps taking our place.
    Ended {
        /// What happened.
        reason: String,
    },
}

/// What a broker says of its limits when it accepts us, over MQTT 5; none: it said nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offers {
    /// Largest packet it takes.
    pub packet_bytes_max: Option<u32>,
    /// Messages it takes without having acknowledged them.
    pub receive_max: Option<u16>,
    /// How long it keeps a session, where that is not what we asked for.
    pub session_s: Option<u32>,
    /// How often it wants to hear from us, where that is not what we proposed.
    pub keep_alive_s: Option<u16>,
}

/// State and history of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStatus {
    /// How it stands.
    pub state: LinkState,
    /// The version of the protocol.
    pub protocol: Protocol,
    /// What the broker said when it last came up.
    pub offers: Offers,
    /// How often it came up.
    pub connects: u64,
    /// How often it was lost after that.
    pub losses: u64,
}

enum Phase {
    Up(Connection),
    Down {
        until: Instant,
    },
    /// For good.
    Ended,
}

/// So many times another client may take our place before we leave it to it.
const TAKEOVERS_MAX: u32 = 3;

/// So many connections in a row may be accepted and closed before we believe the same. Brokers
/// that say who closed it say so in a packet that the client does not understand when it is short.
const DROPPED_MAX: u32 = 5;

/// Said then.
const QUARREL: &str = "another client keeps connecting with our client id; it may be another \
                       monitor over a copy of our data folder: end one of the two";

/// A connection that held so long was no part of a quarrel about a name.
const CALM: Duration = Duration::from_mins(10);

/// The self-healing connection.
pub(super) struct Link {
    settings: LinkSettings,
    protocol: Protocol,
    /// Attempts in a row that were closed before the broker accepted us.
    unanswered: u32,
    /// How often another client took our place.
    takeovers: u32,
    /// Connections in a row that the broker accepted, and closed soon and without a word.
    dropped: u32,
    backoff: Backoff,
    chance: ChaCha8Rng,
    phase: Phase,
    connected_at: Option<Instant>,
    opened_at: Instant,
    status: watch::Sender<LinkStatus>,
}

impl Link {
    /// Starts to connect; needs a tokio runtime.
    pub(super) fn open(settings: LinkSettings) -> (Self, watch::Receiver<LinkStatus>) {
        let protocol = settings.access.protocol.unwrap_or(Protocol::V5);
        let (status, watching) = watch::channel(LinkStatus {
            state: LinkState::Connecting,
            protocol,
            offers: Offers::default(),
            connects: 0,
            losses: 0,
        });
        let seed = fnv1a_64(settings.client_id.as_bytes()) ^ wall_now().as_ms().unsigned_abs();
        let link = Self {
            phase: Phase::Up(Connection::open(&settings, protocol)),
            backoff: Backoff::new(settings.pace),
            chance: stream(Seed(seed), "reconnect"),
            settings,
            protocol,
            unanswered: 0,
            takeovers: 0,
            dropped: 0,
            connected_at: None,
            opened_at: Instant::now(),
            status,
        };
        (link, watching)
    }

    /// The next event; reconnects after a loss. May be given up at any time.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            match &mut self.phase {
                Phase::Ended => return std::future::pending().await,
                Phase::Down { until } => {
                    tokio::time::sleep_until(*until).await;
                    self.opened_at = Instant::now();
                    self.phase = Phase::Up(Connection::open(&self.settings, self.protocol));
                }
                Phase::Up(connection) => {
                    let event = if self.connected_at.is_some() {
                        connection.next().await
                    } else {
                        let due = self.opened_at + self.settings.pace.patience;
                        let answer = tokio::time::timeout_at(due, connection.next()).await;
                        answer.unwrap_or_else(|_| Event::Lost(Loss::broken("no answer to CONNECT")))
                    };
                    return self.note(event);
                }
            }
        }
    }

    fn note(&mut self, event: Event) -> Event {
        match event {
            Event::Connected { offers, .. } => {
                self.unanswered = 0;
                self.connected_at = Some(Instant::now());
                let protocol = self.protocol;
                self.status.send_modify(|status| {
                    status.connects += 1;
                    status.protocol = protocol;
                    status.offers = offers;
                });
                event
            }
            Event::Lost(loss) => Event::Lost(self.close(loss)),
            event => event,
        }
    }

    /// Ends the connection, if it is up, as if the broker had; the next attempt follows.
    pub(super) fn fail(&mut self, reason: &str) {
        if matches!(self.phase, Phase::Up(_)) {
            self.close(Loss::broken(reason));
        }
    }

    fn close(&mut self, mut loss: Loss) -> Loss {
        let held = self.connected_at.take().map(|since| since.elapsed());
        let mut wait = self.backoff.next(held, self.chance.random());
        match loss.kind {
            LossKind::Version => self.other_protocol(&mut loss),
            LossKind::Unanswered if held.is_none() => {
                self.unanswered += 1;
                if self.unanswered >= 2 {
                    self.other_protocol(&mut loss);
                }
            }
            LossKind::TakenOver => {
                let calm = held.is_some_and(|held| held >= CALM);
                self.takeovers = if calm { 1 } else { self.takeovers + 1 };
            }
            LossKind::Unanswered | LossKind::Refused | LossKind::Broken => {}
        }
        if let Some(held) = held {
            let is_drop = loss.kind == LossKind::Unanswered && held < self.settings.pace.stable;
            self.dropped = if is_drop { self.dropped + 1 } else { 0 };
            if self.dropped >= DROPPED_MAX {
                loss = Loss { reason: QUARREL.to_owned(), kind: LossKind::Refused };
            } else if loss.reason.starts_with(CLOSED) {
                loss.reason.truncate(CLOSED.len()); // it was the right port
            }
        }
        if loss.kind == LossKind::Refused {
            wait = self.settings.pace.most;
        }
        let ended = self.takeovers >= TAKEOVERS_MAX;
        let reason = loss.reason.clone();
        tracing::debug!(broker = %self.settings.access, reason, ?wait, "connection lost");
        self.status.send_modify(|status| {
            status.losses += u64::from(held.is_some());
            status.state = match loss.kind {
                LossKind::Refused => LinkState::Refused { reason },
                _ if ended => LinkState::Ended { reason: QUARREL.to_owned() },
                _ => LinkState::Disconnected { reason },
            };
        });
        self.phase =
            if ended { Phase::Ended } else { Phase::Down { until: Instant::now() + wait } };
        loss
    }

    /// Speaks the other version next time; where only one may be spoken, that is the end of it.
    fn other_protocol(&mut self, loss: &mut Loss) {
        self.unanswered = 0;
        if self.settings.access.protocol.is_some() {
            if loss.kind == LossKind::Version {
                loss.reason += ": leave out --mqtt";
                loss.kind = LossKind::Refused;
            }
            return;
        }
        self.protocol = match self.protocol {
            Protocol::V5 => Protocol::V311,
            Protocol::V311 => Protocol::V5,
        };
    }

    /// Tells whoever watches that the owner has what it needs.
    pub(super) fn report(&self, state: LinkState) {
        self.status.send_modify(|status| status.state = state);
    }

    /// What the broker is to say should the next connection end without a goodbye.
    #[cfg(feature = "sparkplug")]
    pub(super) fn set_will(&mut self, topic: String, payload: Vec<u8>) {
        self.settings.will = Some((topic, payload));
    }

    /// Hands a message over at `now` (wall clock); false when there is no connection to take it.
    pub(super) fn publish(&self, entry: &Entry, now: Stamp) -> bool {
        self.connection().is_some_and(|connection| connection.publish(entry, now))
    }

    /// Asks for topics; false when there is no connection.
    pub(super) fn subscribe(&self, filters: &[String]) -> bool {
        self.connection().is_some_and(|connection| connection.subscribe(filters))
    }

    /// Says goodbye and waits until the broker has hung up, at most as long as an answer may take.
    /// Hanging up first would be a reset when something is still on its way to us, and the broker
    /// would then throw away the acknowledgements it has not yet read.
    pub(super) async fn goodbye(mut self) {
        let Phase::Up(connection) = &mut self.phase else { return };
        if self.connected_at.is_none() || !connection.disconnect() {
            return;
        }
        let hung_up = async { while !matches!(connection.next().await, Event::Lost(_)) {} };
        // No answer in time means that the broker is gone: nobody to say goodbye to.
        let _ = tokio::time::timeout(self.settings.pace.patience, hung_up).await;
    }

    fn connection(&self) -> Option<&Connection> {
        match (&self.phase, self.connected_at) {
            (Phase::Up(connection), Some(_)) => Some(connection),
            _ => None,
        }
    }
}
