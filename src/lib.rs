//! Sanmen simulates rural waterworks and monitors drinking water.
//!
//! ```text
//! scenario ─Injection─▶ world ─Truth─▶ instruments ─Reading─▶ telemetry::wire ─┐  simulator
//!                                                                      MQTT · radio
//! desk ◀─ ledger ◀─Record─ alarms ◀─Finding─ inspection ◀─Observation─ ingest ◀────────┘  monitor
//! ```
//!
//! Two pure halves meet only on the wire: the monitor knows readings, never the truth.

pub mod alarms;
pub mod base;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "desk")]
pub mod desk;
pub mod exercise;
pub mod ingest;
pub mod inspection;
pub mod instruments;
pub mod ledger;
pub mod monitor;
pub mod plant;
pub mod scenario;
pub mod simulator;
pub mod telemetry;
pub mod world;
