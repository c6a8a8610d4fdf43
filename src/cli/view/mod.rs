//! The live terminal view: pictures built from snapshots and records, drawn ten times a second.

pub mod build;
mod draw;
pub mod model;
pub mod terminal;
mod words;
