//! Rules about the works as a whole: what no standard forbids but no sound plant shows.
//!
//! In: values of an instrument over hours. Out: does the rule's condition hold, and since when.
//! Must not know: how the signal came.

pub mod flow_window;
