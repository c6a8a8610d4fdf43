//! Sparkplug B (Eclipse Sparkplug 3.0) as a second encoding of what plants say, out and in.
//!
//! In: our own messages, or payloads of strangers. Out: payloads, or our own messages. A plant is
//! an edge node; its instruments are metrics of a device. The page for readers is
//! `src/docs/sparkplug.md`. Must not know: what becomes of readings.

#[cfg(feature = "live")]
mod backlog;
pub mod edge;
pub mod host;
mod metric;
#[cfg(feature = "live")]
pub mod node;
mod session;
#[cfg(test)]
mod tests;
pub mod topic;

/// Longest payload that is read, in bytes: a birth of some 500 metrics.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// The metric that tells sessions apart.
const BD_SEQ: &str = "bdSeq";

/// The metric by which a host asks for births.
const REBIRTH: &str = "Node Control/Rebirth";

/// Which exercise a simulated plant plays, and how its time runs: simulated time, the wall's at
/// that moment, simulated seconds per second. No part of the specification.
const EXERCISE: [&str; 4] =
    ["Exercise/Name", "Exercise/Time", "Exercise/Wall Time", "Exercise/Speed"];

/// What is left of a message that did not fit, in bytes.
const SAMPLE_BYTES: usize = 240;
