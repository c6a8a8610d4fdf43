//! What every store of the ledger does, whichever it is.
//!
//! **One transaction an append.** A batch holds what the monitor was given and all that it made of
//! it; it is kept whole or not at all, even if the process is killed. After an error nothing of the
//! batch is kept, and the same batch can be appended again (after space was made on the disk, say):
//! that is why `append` only borrows it.
//!
//! **Restart.** `resume` gives the newest checkpoint and every input since. The monitor restores
//! the checkpoint and takes those inputs again; because it is deterministic, it is then exactly
//! where it was. What it puts out during this replay is dropped, not appended: those records were
//! kept together with the inputs that caused them. So a restart at any moment gives the same
//! records as none.

use std::error::Error;
use std::future::Future;
use std::io;
use std::path::PathBuf;

use super::chain::Broken;
use super::memory::Memory;
use super::record::{Entry, Record};
use crate::alarms::command::{Ask, Reply};
use crate::base::{Flag, PlantId, Stamp, TagId};
use crate::ingest::observation::{Observation, PlantIndex};
use crate::plant::tags::TagIndex;

#[cfg(all(test, feature = "sqlite"))]
mod suite;

/// What is kept together or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// What the monitor was given (messages, ticks, commands), in its own encoding, in order.
    pub inputs: Vec<Vec<u8>>,
    /// The readings it accepted.
    pub observations: Vec<Observation>,
    /// The records it made.
    pub records: Vec<Record>,
    /// What it replies to people who asked through the ledger.
    pub replies: Vec<(RequestKey, Reply)>,
    /// Its state after these inputs, from time to time.
    pub checkpoint: Option<Vec<u8>>,
    /// The monitor's clock.
    pub now: Stamp,
}

impl Batch {
    /// Nothing yet.
    pub fn new(now: Stamp) -> Self {
        let (inputs, observations, records, replies) = (vec![], vec![], vec![], vec![]);
        Self { inputs, observations, records, replies, checkpoint: None, now }
    }
}

/// The name of a request, drawn by whoever asks: asked twice, it is done once.
pub type RequestKey = String;

/// What a person asks through the ledger; it waits there until a monitor has replied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its name.
    pub key: RequestKey,
    /// What is asked; none when another version wrote what this one cannot read.
    pub ask: Option<Ask>,
}

/// Requests taken at a time.
pub const REQUESTS_MAX: u32 = 256;

/// What the monitor needs to go on where it stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resume {
    /// Its newest state that was kept; none before the first checkpoint.
    pub checkpoint: Option<Vec<u8>>,
    /// What it was given since then (since ever, without a checkpoint), in order.
    pub inputs_after: Vec<Vec<u8>>,
}

/// Which entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Only this plant's chain.
    pub plant: Option<PlantId>,
    /// Behind this row; 0 for the beginning, `Page::last` for the next page.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// Some entries, in the order in which they were appended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// When each of them was kept, on the monitor's clock; empty where nobody knows.
    pub kept: Vec<Stamp>,
    /// Row of the last of them, or `Query::after` when there is none.
    pub last: u64,
}

/// A kept reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The instrument's clock.
    pub observed_at: Stamp,
    /// The monitor's clock.
    pub received_at: Stamp,
    /// In the tag's unit; none when there was none.
    pub value: Option<f64>,
    /// The instrument's own opinion.
    pub flag: Flag,
}

/// The names behind `PlantIndex` and `TagIndex`, which hold for one run only.
#[derive(Debug, Clone, Default)]
pub struct Roster(Vec<(PlantId, Vec<TagId>)>);

impl Roster {
    /// Plants in the monitor's order, each with its tags in the plant's order.
    pub fn new(plants: Vec<(PlantId, Vec<TagId>)>) -> Self {
        Self(plants)
    }

    /// Every plant with its tags.
    pub fn plants(&self) -> impl Iterator<Item = (PlantIndex, &PlantId, &[TagId])> {
        self.0.iter().enumerate().map(|(n, (plant, tags))| (PlantIndex(n), plant, tags.as_slice()))
    }

    /// The name of a plant.
    pub fn plant(&self, plant: usize) -> Option<&PlantId> {
        self.0.get(plant).map(|(id, _)| id)
    }

    /// The names of an observation's plant and tag.
    pub fn names(
        &self,
        plant: PlantIndex,
        tag: TagIndex,
    ) -> Result<(&PlantId, &TagId), StoreError> {
        let unknown = StoreError::UnknownTag { plant: plant.0, tag: tag.0 };
        let Some((id, tags)) = self.0.get(plant.0) else { return Err(unknown) };
        tags.get(tag.0).map(|tag| (id, tag)).ok_or(unknown)
    }
}

/// Why the ledger does not keep or give something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full. Appending the same batch again works once there is space.
    #[error(
        "no space left for the ledger in {}: make room, and it goes on; \
         nothing acknowledged is lost",
        folder.display()
    )]
    Full {
        /// The data folder.
        folder: PathBuf,
    },
    /// The data folder cannot be written.
    #[error("the ledger in {} cannot be written: it is read-only", folder.display())]
    ReadOnly {
        /// The data folder.
        folder: PathBuf,
    },
    /// The data folder cannot be made or opened.
    #[error("cannot use the data folder {}", folder.display())]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Two writers would tear the chains.
    #[error(
        "the data folder {} is in use by another sanmen: stop it, or choose another with --data",
        folder.display()
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// A later version has changed the file.
    #[error(
        "the ledger in {} was written by a newer sanmen (schema {found}, this one knows {known})",
        folder.display()
    )]
    Newer {
        /// The data folder.
        folder: PathBuf,
        /// Schema of the file.
        found: i64,
        /// Newest schema of this program.
        known: i64,
    },
    /// There is no ledger to look into.
    #[error(
        "there is no ledger in {}: name the data folder of a run with --data",
        folder.display()
    )]
    Absent {
        /// The data folder.
        folder: PathBuf,
    },
    /// The monitor that writes the ledger is of an older version.
    #[error(
        "the ledger in {} was written by an older sanmen (schema {found}, this one needs {known}): \
         start its monitor once with this version",
        folder.display()
    )]
    Older {
        /// The data folder.
        folder: PathBuf,
        /// Schema of the file.
        found: i64,
        /// Schema of this program.
        known: i64,
    },
    /// An observation of a tag that the roster does not name.
    #[error("tag {tag} of plant {plant} is not in the roster")]
    UnknownTag {
        /// Its plant's position.
        plant: usize,
        /// Its position.
        tag: usize,
    },
    /// A kept value that this version cannot read, or a record that cannot be kept.
    #[error("{what} cannot be read or written")]
    Unreadable {
        /// Which.
        what: String,
        /// Why.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// A chain does not hold.
    #[error("the ledger was tampered with or torn")]
    Broken(#[from] Broken),
    /// Any other answer of the database.
    #[error("the ledger's database fails")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

/// A place where the ledger is kept; one task owns it.
pub trait Store: Send {
    /// Keeps a batch, whole, and gives the entries that its records have become.
    ///
    /// Errors: nothing of it was kept. Without waiting for the answer nobody knows; the ledger
    /// stays sound all the same.
    fn append(
        &mut self,
        batch: &Batch,
    ) -> impl Future<Output = Result<Vec<Entry>, StoreError>> + Send;

    /// What the monitor needs to go on.
    fn resume(&mut self) -> impl Future<Output = Result<Resume, StoreError>> + Send;

    /// A page of entries.
    fn entries(&mut self, query: &Query) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Readings of an instrument with `from <= observed_at < to`, by that time.
    fn readings(
        &mut self,
        plant: &PlantId,
        tag: &TagId,
        from: Stamp,
        to: Stamp,
    ) -> impl Future<Output = Result<Vec<Reading>, StoreError>> + Send;

    /// Requests without a reply, oldest first, at most `REQUESTS_MAX`.
    fn requests(&mut self) -> impl Future<Output = Result<Vec<Request>, StoreError>> + Send;

    /// Forgets inputs that a checkpoint covers, and readings observed before `before`, and
    /// requests that have their reply. Records are never forgotten.
    fn prune(&mut self, before: Stamp) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Checks every chain from its first entry on. Errors: `Broken`, naming the entry.
    fn verify(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends well: nothing is left half done.
    fn close(self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The store that the settings name.
pub enum Ledger {
    /// Gone with the process: for tests and offline runs.
    Memory(Memory),
    /// A file in the data folder.
    #[cfg(feature = "sqlite")]
    Sqlite(Box<super::sqlite::Sqlite>),
}

macro_rules! either {
    ($self:expr, $store:ident => $call:expr) => {
        match $self {
            Ledger::Memory($store) => $call,
            #[cfg(feature = "sqlite")]
            Ledger::Sqlite($store) => $call,
        }
    };
}

impl Store for Ledger {
    async fn append(&mut self, batch: &Batch) -> Result<Vec<Entry>, StoreError> {
        either!(self, store => store.append(batch).await)
    }

    async fn resume(&mut self) -> Result<Resume, StoreError> {
        either!(self, store => store.resume().await)
    }

    async fn entries(&mut self, query: &Query) -> Result<Page, StoreError> {
        either!(self, store => store.entries(query).await)
    }

    async fn readings(
        &mut self,
        plant: &PlantId,
        tag: &TagId,
        from: Stamp,
        to: Stamp,
    ) -> Result<Vec<Reading>, StoreError> {
        either!(self, store => store.readings(plant, tag, from, to).await)
    }

    async fn requests(&mut self) -> Result<Vec<Request>, StoreError> {
        either!(self, store => store.requests().await)
    }

    async fn prune(&mut self, before: Stamp) -> Result<(), StoreError> {
        either!(self, store => store.prune(before).await)
    }

    async fn verify(&mut self) -> Result<(), StoreError> {
        either!(self, store => store.verify().await)
    }

    async fn close(self) -> Result<(), StoreError> {
        either!(self, store => store.close().await)
    }
}
