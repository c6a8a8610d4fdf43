//! What every part speaks: units, ids, time, chance, quality flags, and mistakes in files.
//!
//! In: nothing. Out: small value types. Must not know: anything else of ours.

pub mod alarm;
pub mod analyte;
pub mod complaint;
pub mod flag;
pub mod foreign;
pub mod hex;
pub mod ids;
pub mod lab_result;
pub mod limit;
pub mod problem;
pub mod quality;
pub mod random;
pub mod sampling;
mod spoken;
pub mod text;
pub mod time;
pub mod units;

pub use flag::Flag;
pub use ids::{PlantId, RuleId, TagId};
pub use quality::{QualityTest, QualityTests};
pub use text::Text;
pub use time::{Span, Stamp};
