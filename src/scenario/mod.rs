//! A scenario: what happens to a plant, when, and what must and must not follow.
//!
//! In: a TOML file. Out: timetable, injections, expectations. Must not know: how the world works.

pub mod injection;
