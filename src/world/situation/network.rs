//! What injections make of pipes, pumps, valves and tanks.

use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp};
use crate::plant::network::{LinkKind, NodeIndex};
use crate::plant::{Condition, Plant};
use crate::scenario::injection::{NetworkEvent, Switch};

/// The setting of a pressure-reducing valve that is stuck open: more than any main has, m.
const STUCK_OPEN_M: f64 = 10_000.0;

/// The state pipes, pumps, valves and tanks are put in.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkState {
    /// Tripped pumps, pipes and valves that are shut, what has no power: one per link.
    pub is_shut: Vec<bool>,
    /// What somebody has switched or turned by hand, whatever the controls say: on or open, or not;
    /// one per link.
    pub by_hand: Vec<Option<bool>>,
    /// Where a failed valve stands: one per link.
    pub stuck_setting: Vec<Option<f64>>,
    /// Share of the head each pump has left, its condition included: one per link, 1 for others.
    pub head_share: Vec<f64>,
    /// Water lost by bursts, m³/h at 20 m: one per node.
    pub burst_m3_per_h: Vec<f64>,
    leaks: Vec<Leak>,
}

/// A leak that grows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Leak {
    node: NodeIndex,
    since: Stamp,
    per_day_m3_per_h: f64,
}

impl NetworkState {
    /// A plant as worn as `wear` says, to which nothing happens.
    pub fn new(plant: &Plant, wear: &Condition) -> Self {
        let (nodes, links) = (plant.network.nodes.len(), plant.network.links.len());
        Self {
            is_shut: vec![false; links],
            by_hand: vec![None; links],
            stuck_setting: vec![None; links],
            head_share: vec![wear.pump_head_factor; links],
            burst_m3_per_h: vec![0.0; nodes],
            leaks: Vec::new(),
        }
    }

    /// Is anything shut, opened, broken or stuck here that was not in `other`, or the other way?
    pub fn differs_at_once(&self, other: &Self) -> bool {
        self.is_shut != other.is_shut
            || self.by_hand != other.by_hand
            || self.stuck_setting != other.stuck_setting
            || self.burst_m3_per_h != other.burst_m3_per_h
    }

    /// Stops every pump of the plant and its production, for want of power.
    pub fn black_out(&mut self, plant: &Plant) {
        for (own, link) in self.is_shut.iter_mut().zip(&plant.network.links) {
            *own |= matches!(link.kind, LinkKind::Pump { .. });
        }
        self.is_shut[plant.train.production.0] = true;
    }

    /// Lets `event`, in force since `since`, happen on top of what is at `now`.
    pub fn apply(&mut self, event: &NetworkEvent, since: Stamp, now: Stamp, offset: UtcOffset) {
        match event {
            NetworkEvent::PumpTrip { pump: link } | NetworkEvent::ValveShut { link } => {
                self.is_shut[link.0] = true;
            }
            NetworkEvent::PumpSwitch { pump, to } => {
                self.by_hand[pump.0] = match to {
                    Switch::On => Some(true),
                    Switch::Off => Some(false),
                    Switch::Auto => None,
                };
            }
            NetworkEvent::ValveTurn { link, open } => {
                self.is_shut[link.0] &= !open; // whoever has left it shut
                self.by_hand[link.0] = (!open).then_some(false);
            }
            NetworkEvent::PumpWear { pump, head_share } => self.head_share[pump.0] *= head_share,
            NetworkEvent::Burst { node, m3_per_h_at_20_m }
            | NetworkEvent::Intrusion { node, m3_per_h_at_20_m, .. } => {
                self.burst_m3_per_h[node.0] += m3_per_h_at_20_m;
            }
            NetworkEvent::Leak { node, per_day_m3_per_h_at_20_m } => {
                let per_day_m3_per_h = *per_day_m3_per_h_at_20_m;
                self.leaks.push(Leak { node: *node, since, per_day_m3_per_h });
            }
            NetworkEvent::PrvFailure { valve, stuck_at_m } => {
                self.stuck_setting[valve.0] = Some(stuck_at_m.unwrap_or(STUCK_OPEN_M));
            }
            // Its check valve is none of the plant's: see `world::foreign`.
            NetworkEvent::CrossConnection { .. } => {}
            NetworkEvent::Rationing { valves, open } => {
                let time = now.time_of_day(offset);
                if !open.iter().any(|(from, until)| *from <= time && time < *until) {
                    for valve in valves {
                        self.is_shut[valve.0] = true;
                    }
                }
            }
        }
    }

    /// What the growing leaks lose by `now`, m³/h at 20 m.
    pub fn leaks_at(&self, now: Stamp) -> impl Iterator<Item = (NodeIndex, f64)> {
        let grown = move |leak: &Leak| leak.per_day_m3_per_h * (now - leak.since).as_days();
        self.leaks.iter().map(move |leak| (leak.node, grown(leak).max(0.0)))
    }
}

/// When `event` next changes something of itself after `now`, if it does.
pub fn next_turn(event: &NetworkEvent, now: Stamp, offset: UtcOffset) -> Option<Stamp> {
    let NetworkEvent::Rationing { open, .. } = event else { return None };
    let days = [now.midnight(offset), now.midnight(offset) + Span::DAY];
    let edges = open.iter().flat_map(|(from, until)| [*from, *until]);
    let moments = edges.flat_map(|edge| days.map(|day| day + edge));
    moments.filter(|moment| *moment > now).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::network::LinkIndex;
    use crate::plant::sample;

    fn at(time: &str) -> (Stamp, UtcOffset) {
        Stamp::parse(&format!("2024-12-05T{time}:00+08:00")).expect("a time")
    }

    #[test]
    fn rationed_water_comes_at_its_hours_and_turns_at_their_ends() {
        let plant = sample::plant();
        let hours = |from, until| (Span::hours(from), Span::hours(until));
        let open = vec![hours(6, 8), hours(17, 20)];
        let event = NetworkEvent::Rationing { valves: vec![LinkIndex(2)], open };
        let is_shut = |time: &str| {
            let (now, offset) = at(time);
            let mut state = NetworkState::new(&plant, &plant.conditions[0]);
            state.apply(&event, at("00:00").0, now, offset);
            state.is_shut[2]
        };
        let shut = ["05:59", "06:00", "07:59", "08:00", "19:59", "20:00"].map(is_shut);
        assert_eq!(shut, [true, false, false, true, false, true]);
        let next = |time: &str| {
            let (now, offset) = at(time);
            next_turn(&event, now, offset).expect("a turn") - at("00:00").0
        };
        assert_eq!(next("05:00"), Span::hours(6));
        assert_eq!(next("06:00"), Span::hours(8));
        assert_eq!(next("20:00"), Span::hours(30));
    }

    #[test]
    fn what_is_turned_by_hand_stays_so_and_a_valve_left_shut_can_be_opened() {
        let plant = sample::plant();
        let (now, offset) = at("06:00");
        let link = LinkIndex(2);
        let mut state = NetworkState::new(&plant, &plant.conditions[0]);
        let mut happens = |event| {
            state.apply(&event, now, now, offset);
            (state.is_shut[2], state.by_hand[2])
        };
        assert_eq!(happens(NetworkEvent::ValveShut { link }), (true, None));
        assert_eq!(happens(NetworkEvent::ValveTurn { link, open: true }), (false, None));
        assert_eq!(happens(NetworkEvent::ValveTurn { link, open: false }), (false, Some(false)));
        assert_eq!(happens(NetworkEvent::ValveTurn { link, open: true }), (false, None));
        let pump = link;
        for (to, by_hand) in
            [(Switch::On, Some(true)), (Switch::Off, Some(false)), (Switch::Auto, None)]
        {
            assert_eq!(happens(NetworkEvent::PumpSwitch { pump, to }), (false, by_hand));
        }
    }

    #[test]
    fn a_leak_grows_straight_from_its_start() {
        let plant = sample::plant();
        let mut state = NetworkState::new(&plant, &plant.conditions[0]);
        let (since, offset) = at("06:00");
        let node = NodeIndex(3);
        let leak = NetworkEvent::Leak { node, per_day_m3_per_h_at_20_m: 0.4 };
        state.apply(&leak, since, since, offset);
        assert_eq!(state.leaks_at(since).collect::<Vec<_>>(), [(node, 0.0)]);
        let (_, lost) = state.leaks_at(since + Span::hours(36)).next().expect("one leak");
        assert!((lost - 0.6).abs() < 1e-12, "{lost}");
    }
}
