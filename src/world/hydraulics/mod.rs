//! Pressure and flow of one plant: EPANET solves, the clock, tanks and controls are ours.
//!
//! In: a `Network`, demands, leaks, switches. Out: heads, flows and tank levels, step by step.
//! Must not know: water quality, people, instruments.

#[cfg(feature = "epanet")]
#[allow(dead_code, reason = "its callers follow")]
mod engine;
#[cfg(feature = "epanet")]
pub mod file;
pub mod mistakes;

#[cfg(feature = "epanet")]
pub use engine::{EngineError, Warning};
