//! What people want: the average of the network file, times the hour of the day it is, the day's
//! whim, and what a scenario does to it.

mod day;
mod lunar;

pub use day::{Mood, home_more};

use super::residents::{PEOPLE_PER_HOUSEHOLD, service_head};
use super::situation::PeopleState;
use super::wander::Wander;
use crate::base::random::Seed;
use crate::base::time::UtcOffset;
use crate::base::units::{Flow, Length};
use crate::base::{Span, Stamp};
use crate::plant::Plant;
use crate::plant::calendar::Calendar;
use crate::plant::network::{NodeIndex, NodeKind};
use crate::plant::train::Seasons;
use day::Day;

/// Standard deviation of a village's demand about its pattern, as a share `[D]`.
const WHIM_SHARE: f64 = 0.06;

/// How long a whim lasts `[D]`.
const WHIM_LASTS: Span = Span::minutes(30);

/// Lowest factor a whim may come to: people never stop altogether.
const WHIM_LEAST: f64 = 0.2;

/// The demand of a whole plant.
#[derive(Debug)]
pub struct Demand {
    offset: UtcOffset,
    calendar: Calendar,
    seasons: Option<Seasons>,
    taps: Vec<Tap>,
    villages: Vec<Neighbours>,
    /// The number of the day that the villages' days are of.
    today: Option<i64>,
}

/// A junction with demand.
#[derive(Debug, Clone, Copy)]
struct Tap {
    node: NodeIndex,
    average: Flow,
    village: Option<usize>,
    /// What runs there when every household lets a tap run.
    running: Flow,
}

/// The people of one village.
#[derive(Debug)]
struct Neighbours {
    away_share: f64,
    whim: Wander,
    day: Day,
}

/// The pressure head from which on each node's taps give all that is wanted: the service head of
/// the village's houses `[S13w]`, and what the network file says where there is no village.
pub fn required_heads(plant: &Plant) -> Vec<Length> {
    let mut heads = vec![plant.network.pressure_driven.required; plant.network.nodes.len()];
    for village in &plant.profile.villages {
        for NodeIndex(tap) in &village.taps {
            heads[*tap] = service_head(village.storeys);
        }
    }
    heads
}

impl Demand {
    /// The demand of `plant`, each village on its own stream of `seed`.
    pub fn new(plant: &Plant, seed: Seed) -> Self {
        let villages = &plant.profile.villages;
        let whim = |id| Wander::new(seed, &format!("demand/{id}"), WHIM_LASTS);
        Self {
            offset: plant.profile.utc_offset,
            calendar: plant.calendar.clone(),
            seasons: plant.train.raw.seasons,
            taps: taps(plant),
            villages: villages
                .iter()
                .map(|village| Neighbours {
                    away_share: village.away_share,
                    whim: whim(&village.id),
                    day: Day::USUAL,
                })
                .collect(),
            today: None,
        }
    }

    /// Junctions with demand.
    pub fn taps(&self) -> impl Iterator<Item = NodeIndex> {
        self.taps.iter().map(|tap| tap.node)
    }

    /// Draws the whims of the step that begins at `now`, and looks at the calendar.
    pub fn advance(&mut self, now: Stamp, step: Span) {
        let today = now.day_number(self.offset);
        let is_new = self.today.replace(today) != Some(today);
        for (at, village) in self.villages.iter_mut().enumerate() {
            village.whim.advance(step);
            if is_new {
                let (calendar, away) = (&self.calendar, village.away_share);
                village.day = Day::of(calendar, self.seasons, at, away, now, self.offset);
            }
        }
    }

    /// What people want at `now` when `people` are in such a state; one for each tap.
    pub fn at(&self, now: Stamp, people: &PeopleState) -> impl Iterator<Item = (NodeIndex, Flow)> {
        let draw = |(village, (mood, factor)): (&Neighbours, (&Mood, &f64))| {
            let whim = (1.0 + WHIM_SHARE * village.whim.value()).max(WHIM_LEAST);
            let draw = village.day.draw(now, self.offset, *mood);
            (draw.share * (whim * factor), draw.frost)
        };
        let states = people.moods.iter().zip(&people.demand);
        let draws: Vec<(f64, f64)> = self.villages.iter().zip(states).map(draw).collect();
        let others = Day::USUAL.draw(now, self.offset, Mood::default()).share * people.other_demand;
        self.taps.iter().map(move |tap| {
            let (share, frost) = tap.village.map_or((others, 0.0), |village| draws[village]);
            (tap.node, tap.average * share + tap.running * frost)
        })
    }
}

/// Every junction with demand.
fn taps(plant: &Plant) -> Vec<Tap> {
    let villages = &plant.profile.villages;
    let base = |node: NodeIndex| match plant.network.nodes[node.0].kind {
        NodeKind::Junction { base_demand, .. } => base_demand,
        NodeKind::Reservoir | NodeKind::Tank(_) => Flow::ZERO,
    };
    let all = (0..plant.network.nodes.len()).map(NodeIndex);
    let tap = |node: NodeIndex| {
        let (average, village) = (base(node), villages.iter().position(|v| v.taps.contains(&node)));
        let running = village.map_or(Flow::ZERO, |at| {
            let of_all: f64 = villages[at].taps.iter().map(|tap| base(*tap).as_m3_per_s()).sum();
            let households = f64::from(villages[at].people) / PEOPLE_PER_HOUSEHOLD;
            let litres = households * plant.calendar.frost_l_per_h;
            Flow::m3_per_h(litres / 1_000.0 * average.as_m3_per_s() / of_all)
        });
        Tap { node, average, village, running }
    };
    all.filter(|node| base(*node) > Flow::ZERO).map(tap).collect()
}
