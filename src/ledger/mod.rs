//! What happened, kept for ever: append-only, chained by hashes.
//!
//! In: records. Out: the same, and views folded from them. Must not know: who reads it.

pub mod record;
