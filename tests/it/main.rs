//! What only the whole crate can prove. One binary: one link.

#[cfg(all(feature = "cli", feature = "live", feature = "sqlite", feature = "epanet"))]
mod alarm_report;
#[cfg(feature = "cli")]
mod arrivals;
mod closed_forms;
#[cfg(feature = "cli")]
mod dataset;
mod debrief;
#[cfg(feature = "cli")]
mod desk_past;
#[cfg(feature = "cli")]
mod disinfectants;
#[cfg(feature = "cli")]
mod engine_world;
mod explain;
mod failures;
#[cfg(feature = "cli")]
mod fleet;
#[cfg(feature = "cli")]
#[path = "../fuzz/mod.rs"]
mod fuzz;
#[cfg(feature = "cli")]
mod judge;
#[cfg(feature = "cli")]
mod judged_by;
#[cfg(feature = "sqlite")]
mod languages;
mod ledger;
#[cfg(feature = "cli")]
mod link_books;
#[cfg(feature = "live")]
mod mqtt;
#[cfg(feature = "cli")]
mod mutate;
mod parity;
#[cfg(feature = "cli")]
mod plant_new;
mod pump_energy;
#[cfg(feature = "cli")]
mod rejects;
#[cfg(feature = "cli")]
mod replay;
mod rounds;
mod rules;
mod sanmen;
mod score;
#[cfg(all(feature = "cli", feature = "live", feature = "sqlite", feature = "epanet"))]
mod service;
mod soak;
#[cfg(feature = "live")]
mod support;
#[cfg(feature = "cli")]
mod swarm;
mod tidy;
mod transport;
