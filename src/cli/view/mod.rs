//! The live terminal view: pictures built from snapshots and records, drawn ten times a second.

pub mod alarm_list;
pub mod build;
pub mod cells;
pub mod desk;
pub mod draw;
mod draw_overview;
pub mod model;
mod overview;
pub mod plant;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod words;
