//! Messages → observations: decoded, in order, once; losses counted and said.
//!
//! In: topic, payload, time of receipt. Out: `Observation`s and `IngestEvent`s.
//! Must not know: scenario, world, instruments.

pub mod observation;
