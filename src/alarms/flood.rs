//! Floods of alarms: more new ones than anybody can answer `[S44a]`.
//!
//! One meter serves whoever watches as it happens and whoever counts afterwards.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::alarms::event::AlarmId;
pub use crate::base::alarm::FloodChange;
use crate::base::{PlantId, Stamp};
use crate::inspection::handling::LoadMarks;

/// More alarms than anybody can answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flood {
    /// When its first alarm was raised.
    pub from: Stamp,
    /// Its alarms so far.
    pub alarms: usize,
    /// Most of them in one window.
    pub peak: usize,
    /// The first of them: what began it, as likely as not.
    pub first_out: AlarmId,
}

/// A flood has begun, or is over; the ledger keeps these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FloodEvent {
    /// Event time of the change.
    pub at: Stamp,
    /// The plant.
    pub plant: PlantId,
    /// What changed.
    pub change: FloodChange,
    /// The flood so far.
    #[serde(flatten)]
    pub flood: Flood,
}

/// Counts the alarms of one operator position.
///
/// A flood begins with an alarm before which, it included, more than so many lie in the window, and
/// ends when fewer than so many lie in the window before a moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FloodMeter {
    window: VecDeque<(Stamp, AlarmId)>,
    flood: Option<Flood>,
}

impl FloodMeter {
    /// Has nothing been counted that still matters?
    pub fn is_idle(&self) -> bool {
        self.window.is_empty() && self.flood.is_none()
    }

    /// The flood that goes on.
    pub fn flood(&self) -> Option<&Flood> {
        self.flood.as_ref()
    }

    /// When the flood that goes on is over, unless more alarms come.
    fn ends_at(&self, marks: &LoadMarks) -> Option<Stamp> {
        self.flood.as_ref()?;
        let last = self.window.len().checked_sub(marks.flood_ends_below)?;
        self.window.get(last).map(|(at, _)| *at + marks.window)
    }

    /// The flood that is over by `now`, and when it was.
    pub fn end_by(&mut self, now: Stamp, marks: &LoadMarks) -> Option<(Stamp, Flood)> {
        let over = self.ends_at(marks).filter(|over| *over <= now)?;
        self.flood.take().map(|flood| (over, flood))
    }

    /// Counts an alarm. Is it the beginning of a flood? What is over by then has been asked for by
    /// `end_by`. One that is found behind the time of another calls no earlier than that one did.
    pub fn count(&mut self, at: Stamp, alarm: &AlarmId, marks: &LoadMarks) -> Option<&Flood> {
        let at = self.window.back().map_or(at, |(last, _)| at.max(*last));
        self.window.push_back((at, alarm.clone()));
        while self.window.front().is_some_and(|(first, _)| *first + marks.window <= at) {
            self.window.pop_front();
        }
        let in_window = self.window.len();
        if let Some(flood) = &mut self.flood {
            flood.alarms += 1;
            flood.peak = flood.peak.max(in_window);
            return None;
        }
        if in_window <= marks.flood_begins_above {
            return None;
        }
        let (from, first_out) = self.window.front().cloned()?;
        let (alarms, peak) = (in_window, in_window);
        self.flood = Some(Flood { from, alarms, peak, first_out });
        self.flood.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    #[test]
    fn a_flood_begins_with_the_eleventh_alarm_in_ten_minutes_and_ends_with_the_calm() {
        let marks = LoadMarks::default();
        let alarm = |n| AlarmId::parse(&format!("sanmen/chlorine-low/AIT-{n}/1")).expect("an id");
        let at = |s: i64| Stamp::from_ms(s * 1_000).expect("in range");
        let mut meter = FloodMeter::default();
        for n in 0..10 {
            assert_eq!(meter.count(at(n * 60), &alarm(n), &marks), None, "{n}");
        }
        let begun = meter.count(at(599), &alarm(10), &marks).cloned().expect("eleven in 10 min");
        assert_eq!((begun.from, begun.alarms), (at(0), 11));
        assert_eq!(begun.first_out, alarm(0));
        // Of the eleven, the fifth from the end is that of 360 s: when it leaves, four are left.
        assert_eq!(meter.ends_at(&marks), Some(at(360) + Span::minutes(10)));
        assert_eq!(meter.end_by(at(959), &marks), None);
        let (over, flood) = meter.end_by(at(5_000), &marks).expect("calm");
        assert_eq!((over, flood.peak), (at(960), 11));
        assert_eq!(meter.count(at(5_000), &alarm(0), &marks), None, "one is no flood");
    }
}
