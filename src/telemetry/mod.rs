//! Between the halves: messages, topics, and the MQTT edge.
//!
//! In: readings. Out: the same readings elsewhere, with an order that shows losses.
//! Must not know: plants, rules.

pub mod radio;
pub mod topic;
pub mod wire;
