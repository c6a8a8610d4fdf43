//! Batches into the ledger, and what is said while it takes none.

use std::time::Duration;

use tracing::{Instrument, info_span};

use super::Watch;
use crate::base::Stamp;
use crate::base::time::wall_now;
use crate::exercise::live::LiveError;
use crate::exercise::live::stop::Stop;
use crate::ledger::store::{Batch, Store, StoreError};

/// The ledger takes nothing for now, so nothing is judged either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unstored {
    /// Why.
    pub why: Obstacle,
    /// Since when, on the wall clock.
    pub since: Stamp,
}

/// What keeps a ledger from taking records until somebody takes it away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The disk is full.
    Full,
    /// The ledger cannot be written.
    ReadOnly,
}

impl Obstacle {
    /// Why the same batch may be kept later; none: it may not.
    pub(super) fn of(error: &StoreError) -> Option<Self> {
        match error {
            StoreError::Full { .. } => Some(Self::Full),
            StoreError::ReadOnly { .. } => Some(Self::ReadOnly),
            _ => None,
        }
    }
}

impl Watch {
    /// Appends, and while the ledger cannot (a full disk), says so and tries again: nothing is
    /// acknowledged meanwhile, so the broker keeps what comes.
    pub(super) async fn store(
        &mut self,
        batch: Batch,
        stop: Option<&Stop>,
    ) -> Result<(), LiveError> {
        let mut pause = Duration::from_millis(250);
        loop {
            match self.ledger.append(&batch).instrument(info_span!("append")).await {
                Ok(entries) => {
                    if self.unstored.send_replace(None).is_some() {
                        tracing::warn!("the ledger takes records again");
                    }
                    if !entries.is_empty() {
                        let _ = self.records.send(entries).await;
                    }
                    return Ok(());
                }
                Err(error) => {
                    let passes = Obstacle::of(&error);
                    let goes_on = stop.filter(|stop| !stop.is_set());
                    let (Some(why), Some(stop)) = (passes, goes_on) else {
                        return Err(error.into());
                    };
                    if self.hinder(why) {
                        tracing::error!(
                            %error,
                            "the ledger cannot store; nothing is acknowledged until it can"
                        );
                    }
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = stop.wait() => {}
                    }
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
            }
        }
    }

    /// Tells what hinders; says whether that is news.
    fn hinder(&self, why: Obstacle) -> bool {
        let begins = self.unstored.borrow().is_none();
        self.unstored.send_if_modified(|told| {
            let since = told.map_or_else(wall_now, |told| told.since);
            let now = Some(Unstored { why, since });
            std::mem::replace(told, now) != now
        });
        begins
    }
}
