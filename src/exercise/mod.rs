//! Both halves together: a scenario played offline or live, and judged.
//!
//! In: plant, scenario, rules. Out: records, truth beside readings, what was not met.
//! Must not know: how any of it is shown. The only module that may see both halves.

pub mod answers;
pub mod assess;
pub mod dataset;
pub mod debrief;
pub mod fleet;
pub mod improvised;
pub mod journal;
pub mod judge;
pub mod labels;
#[cfg(feature = "live")]
pub mod live;
pub mod names;
pub mod offline;
pub mod places;
pub mod rehearsal;
pub mod replay;
pub mod rule_test;
pub mod score;
pub mod session;
pub mod stranger;
