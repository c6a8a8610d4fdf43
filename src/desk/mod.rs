//! The desk: what the monitor knows, in a browser, and people's answers.
//!
//! In: the monitor's snapshots and records, what never changes of plants and rules, requests over
//! HTTP. Out: pages, JSON, a stream of events; answers of people, into the ledger. Must not know:
//! the world, the rules' insides, MQTT.

pub mod api;
pub mod assets;
pub mod catalogue;
pub mod feed;
pub mod guard;
pub mod history;
pub mod map;
pub mod past;
pub mod person;
pub mod role;
pub mod shown;
pub mod stream;
pub mod tickets;
