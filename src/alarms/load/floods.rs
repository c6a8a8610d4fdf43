//! Floods that were recorded, as a report shows them.

use serde::Serialize;

use crate::alarms::event::AlarmEvent;
use crate::alarms::flood::{Flood, FloodChange, FloodEvent};
use crate::base::{PlantId, Span, Stamp};

/// A flood of the period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PastFlood {
    /// Whose.
    pub plant: PlantId,
    /// When it was over; the end of the period for one that was not.
    pub to: Stamp,
    /// Its beginning, and how many alarms.
    #[serde(flatten)]
    pub flood: Flood,
}

/// The floods that were recorded, by their beginning. Of one that had not ended at `to` the record
/// knows the beginning alone: its alarms are counted among `calls`, which are in the order of time.
pub(super) fn past(
    events: &[FloodEvent],
    calls: &[&AlarmEvent],
    (from, to): (Stamp, Stamp),
    window: Span,
) -> Vec<PastFlood> {
    let mut floods: Vec<PastFlood> = Vec::new();
    let mut open: Vec<FloodEvent> = Vec::new();
    for event in events.iter().filter(|event| (from..=to).contains(&event.at)) {
        open.retain(|it| it.plant != event.plant);
        match event.change {
            FloodChange::Begun => open.push(event.clone()),
            FloodChange::Ended => {
                let FloodEvent { plant, at, flood, .. } = event.clone();
                floods.push(PastFlood { plant, to: at, flood });
            }
        }
    }
    floods.extend(open.into_iter().map(|FloodEvent { plant, flood, .. }| {
        let of_it = calls.iter().filter(|it| it.id.plant == plant && it.at >= flood.from);
        let times: Vec<Stamp> = of_it.map(|it| it.at).collect();
        let alarms = times.len().max(flood.alarms);
        let peak = most_within(&times, window).max(flood.peak);
        PastFlood { plant, to, flood: Flood { alarms, peak, ..flood } }
    }));
    floods
        .sort_by(|one, other| (one.flood.from, &one.plant).cmp(&(other.flood.from, &other.plant)));
    floods
}

/// Most of these times that lie in one window; they are in order.
fn most_within(times: &[Stamp], window: Span) -> usize {
    let first = |last: Stamp| times.partition_point(|at| *at + window <= last);
    times.iter().enumerate().map(|(n, last)| n + 1 - first(*last)).max().unwrap_or(0)
}

/// How long there was a flood somewhere; floods are in the order of their beginnings.
pub(super) fn covered(floods: &[PastFlood]) -> Span {
    let mut known: Option<Stamp> = None;
    let mut long = Span::ZERO;
    for PastFlood { to, flood, .. } in floods {
        let from = known.map_or(flood.from, |known| flood.from.max(known));
        if *to > from {
            long = long + (*to - from);
            known = Some(*to);
        }
    }
    long
}
