//! The truth: hydraulics, water quality, treatment, demand.
//!
//! In: a plant, a condition, a seed, injections. Out: `Truth`, step by step.
//! Must not know: instruments, MQTT, rules.

pub mod demand;
pub mod hydraulics;
pub mod quality;
pub mod situation;
pub mod treatment;
pub mod truth;
pub mod wander;
