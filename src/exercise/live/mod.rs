//! Live runs: tokio tasks that pace plants, and that keep a monitor fed and its ledger written.

pub mod asking;
pub mod clock;
pub mod company;
pub mod conduct;
pub mod drill;
pub mod hearing;
pub mod intruder;
pub mod leases;
pub mod orders;
pub mod pace;
pub mod people;
pub mod quarantine;
pub mod simulate;
pub mod stop;
pub mod watch;

use crate::ledger::store::StoreError;
use crate::monitor::RestoreError;
use crate::monitor::input::InputError;
use crate::simulator::SimulatorError;
use crate::telemetry::publisher::{PublishError, Undelivered};

/// Why a live run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The plant has no next step.
    #[error("the plant cannot be simulated further")]
    Simulator(#[from] SimulatorError),
    /// A message was not taken.
    #[error("a message cannot be published")]
    Publish(#[from] PublishError),
    /// Messages were left when the run ended.
    #[error("the run ended before the broker had everything")]
    Undelivered(#[from] Undelivered),
    /// The ledger fails.
    #[error("the ledger fails")]
    Store(#[from] StoreError),
    /// The ledger's checkpoint does not fit these plants and rules.
    #[error("the ledger's checkpoint cannot be used")]
    Restore(#[from] RestoreError),
    /// An input in the ledger does not read.
    #[error("an input in the ledger does not read")]
    Input(#[from] InputError),
    /// An input that the ledger cannot keep.
    #[error("an input cannot be kept")]
    Unkept(#[source] serde_json::Error),
}
