//! How others write what we know: units, times, words of quality.
//!
//! In: what a recording or a device says. Out: our own units, moments, flags. Must not know: where
//! it comes from.

pub mod moment;
pub mod unit;
pub mod words;
