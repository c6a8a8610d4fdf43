//! Between the halves: messages, topics, and the MQTT edge.
//!
//! In: readings. Out: the same readings elsewhere, with an order that shows losses.
//! Must not know: plants, rules.

pub mod backoff;
pub mod encoding;
pub mod mapping;
pub mod public;
pub mod radio;
pub mod request;
pub mod signature;
#[cfg(feature = "sparkplug")]
pub mod sparkplug;
pub mod topic;
pub mod url;
pub mod wire;

#[cfg(feature = "live")]
pub mod access;
#[cfg(feature = "live")]
pub mod broker;
#[cfg(feature = "live")]
pub mod ceiling;
#[cfg(feature = "live")]
pub mod link;
#[cfg(feature = "live")]
mod outbox;
#[cfg(feature = "live")]
pub mod probe;
#[cfg(feature = "live")]
pub mod publisher;
#[cfg(feature = "live")]
mod sent;
#[cfg(feature = "live")]
pub mod spool;
#[cfg(feature = "live")]
pub mod subscriber;
