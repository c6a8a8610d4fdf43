//! What happened, kept for ever: append-only, chained by hashes.
//!
//! In: records. Out: the same, and views folded from them. Must not know: who reads it.

pub mod chain;
pub mod memory;
pub mod record;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod store;
