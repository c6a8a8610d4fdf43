//! Rules about the signal itself: does it come, does it move? Names and ideas from QARTOD.
//!
//! In: times and values of one instrument. Out: does the rule's condition hold, and since when.
//! Must not know: limits of standards.

pub mod flat_line;
pub mod silence;
