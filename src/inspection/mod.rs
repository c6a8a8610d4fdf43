//! Observations → findings: the rules.
//!
//! In: `Observation`s in order, and time. Out: `Finding`s. Must not know: the simulator, MQTT.

pub mod finding;
