//! Findings → alarms with a full life (ISA-18.2).
//!
//! In: `Finding`s, people's answers, time. Out: `AlarmEvent`s. Must not know: readings.

pub mod event;
