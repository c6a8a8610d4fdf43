//! What pages are told of the monitor and of its connection: whether what they show is of now.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::base::time::wall_now;
use crate::base::{Span, Stamp};
use crate::desk::stream::Connection;
use crate::exercise::live::watch::{Obstacle, Unstored};
use crate::monitor::Snapshot;
use crate::telemetry::link::{LinkState, LinkStatus};

/// A monitor looks at its timers four times a second; one that says nothing for so long is stuck.
const SILENT: Span = Span::seconds(10);

/// How a desk knows of the monitor.
pub enum Monitoring {
    /// It is in this process.
    Here {
        /// Its connection.
        link: watch::Receiver<LinkStatus>,
        /// Why it can store nothing, while it cannot.
        unstored: watch::Receiver<Option<Unstored>>,
    },
    /// It is in another, if it runs at all: what its ledger tells of it.
    Elsewhere(watch::Receiver<Writer>),
}

/// Whoever writes a ledger, as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// It writes.
    Writes,
    /// It has the ledger open, and has written nothing since (wall clock).
    Silent(Stamp),
    /// There is none.
    Gone,
}

/// Notices whether a ledger grows.
#[derive(Debug, Clone, Copy)]
pub struct Pulse {
    inputs: i64,
    grown: Stamp,
}

impl Pulse {
    /// Of a ledger with so many inputs, first looked at now (wall clock).
    pub fn new(inputs: i64, wall: Stamp) -> Self {
        Self { inputs, grown: wall }
    }

    /// How its writer is, when it has so many inputs at `wall`. `is_open`: somebody has it open to
    /// write; `is_heard`: the monitor has heard a plant, so that it stores how time goes on.
    pub fn look(&mut self, inputs: i64, (is_open, is_heard): (bool, bool), wall: Stamp) -> Writer {
        if inputs != self.inputs {
            *self = Self { inputs, grown: wall };
        }
        match (is_open, is_heard && wall - self.grown > SILENT) {
            (false, _) => Writer::Gone,
            (true, true) => Writer::Silent(self.grown),
            (true, false) => Writer::Writes,
        }
    }
}

/// Tells how the monitor stands, in the desk's words, until it ends.
pub async fn tell(
    monitoring: Monitoring,
    snapshots: watch::Receiver<Snapshot>,
    said: watch::Sender<Connection>,
) {
    match monitoring {
        Monitoring::Here { link, unstored } => tell_own((link, unstored), snapshots, &said).await,
        Monitoring::Elsewhere(mut writer) => loop {
            said.send_replace(elsewhere(*writer.borrow_and_update()));
            if writer.changed().await.is_err() {
                return;
            }
        },
    }
}

fn elsewhere(writer: Writer) -> Connection {
    let (monitor, since) = match writer {
        Writer::Writes => ("runs", None),
        Writer::Silent(since) => ("silent", Some(since.as_ms())),
        Writer::Gone => ("gone", None),
    };
    Connection { state: "ledger", reason: String::new(), monitor, since }
}

/// What is known of a monitor in this process.
#[derive(Debug, Clone)]
struct Known {
    link: LinkState,
    /// Since when the link is as it is, on the wall clock.
    linked: Stamp,
    unstored: Option<Unstored>,
    /// When the monitor last said how everything stands, once that is too long ago.
    silent: Option<Stamp>,
}

impl Known {
    fn told(&self) -> Connection {
        let (state, reason) = match &self.link {
            LinkState::Connecting => ("connecting", ""),
            LinkState::Connected => ("connected", ""),
            LinkState::Disconnected { reason }
            | LinkState::Refused { reason }
            | LinkState::Ended { reason } => ("lost", reason.as_str()),
        };
        let (monitor, since) = match (self.unstored, self.silent) {
            (Some(Unstored { why, since }), _) => (obstacle(why), Some(since)),
            (None, Some(since)) => ("silent", Some(since)),
            (None, None) => ("runs", (state != "connected").then_some(self.linked)),
        };
        Connection { state, reason: reason.to_owned(), monitor, since: since.map(Stamp::as_ms) }
    }
}

fn obstacle(why: Obstacle) -> &'static str {
    match why {
        Obstacle::Full => "full",
        Obstacle::ReadOnly => "read-only",
    }
}

async fn tell_own(
    (mut link, mut unstored): (watch::Receiver<LinkStatus>, watch::Receiver<Option<Unstored>>),
    mut snapshots: watch::Receiver<Snapshot>,
    said: &watch::Sender<Connection>,
) {
    let patience = Duration::from_millis(SILENT.as_ms().unsigned_abs());
    let (mut heard, mut due) = (wall_now(), Instant::now() + patience);
    let mut known =
        Known { link: LinkState::Connecting, linked: heard, unstored: None, silent: None };
    loop {
        let (now, hindered) =
            (link.borrow_and_update().state.clone(), *unstored.borrow_and_update());
        if std::mem::discriminant(&now) != std::mem::discriminant(&known.link) {
            known.linked = wall_now();
        }
        (known.link, known.unstored) = (now, hindered);
        let told = known.told();
        said.send_if_modified(|before| {
            let differs = *before != told;
            *before = told;
            differs
        });
        let goes_on = tokio::select! {
            changed = link.changed() => changed,
            changed = unstored.changed() => changed,
            changed = snapshots.changed() => {
                (heard, due, known.silent) = (wall_now(), Instant::now() + patience, None);
                changed
            }
            () = tokio::time::sleep_until(due), if known.silent.is_none() => {
                known.silent = Some(heard);
                Ok(())
            }
        };
        if goes_on.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("in range")
    }

    #[test]
    fn a_ledger_that_no_longer_grows_has_a_writer_that_is_stuck_or_gone() {
        let mut pulse = Pulse::new(7, at(100));
        let runs = (true, true);
        assert_eq!(pulse.look(7, runs, at(105)), Writer::Writes);
        assert_eq!(pulse.look(8, runs, at(109)), Writer::Writes);
        assert_eq!(pulse.look(8, runs, at(119)), Writer::Writes);
        assert_eq!(pulse.look(8, (true, false), at(120)), Writer::Writes, "nothing to say yet");
        assert_eq!(pulse.look(8, runs, at(120)), Writer::Silent(at(109)));
        assert_eq!(pulse.look(8, (false, true), at(121)), Writer::Gone);
        assert_eq!(pulse.look(9, runs, at(122)), Writer::Writes, "it has begun again");
    }

    #[test]
    fn what_keeps_values_from_being_of_now_is_said_with_its_beginning() {
        let runs =
            Known { link: LinkState::Connected, linked: at(1), unstored: None, silent: None };
        let told = |known: Known| {
            let Connection { state, monitor, since, .. } = known.told();
            (state, monitor, since)
        };
        assert_eq!(told(runs.clone()), ("connected", "runs", None));
        let lost = LinkState::Disconnected { reason: "cut".to_owned() };
        let lost = Known { link: lost, linked: at(5), ..runs.clone() };
        assert_eq!(told(lost.clone()), ("lost", "runs", Some(5_000)));
        let silent = Known { silent: Some(at(4)), ..lost };
        assert_eq!(told(silent.clone()), ("lost", "silent", Some(4_000)));
        let unstored = Some(Unstored { why: Obstacle::Full, since: at(3) });
        assert_eq!(told(Known { unstored, ..silent }), ("lost", "full", Some(3_000)));
    }

    #[test]
    fn a_ledger_that_nobody_writes_says_so() {
        let told = [Writer::Writes, Writer::Silent(at(9)), Writer::Gone].map(elsewhere);
        assert_eq!(told.each_ref().map(|it| it.monitor), ["runs", "silent", "gone"]);
        assert_eq!(told.map(|it| it.since), [None, Some(9_000), None]);
    }
}
