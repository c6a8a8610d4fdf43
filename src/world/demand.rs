//! What people want: the average of the network file, times the hour, the day's whim, and what a
//! scenario does to it.

use super::residents::service_head;
use super::wander::Wander;
use crate::base::random::Seed;
use crate::base::time::UtcOffset;
use crate::base::units::{Flow, Length};
use crate::base::{Span, Stamp};
use crate::plant::Plant;
use crate::plant::network::{NodeIndex, NodeKind};

/// Demand of each hour as a share of the day's mean; the value holds at half past the hour.
///
/// Two peaks and a noon, as in villages: 06–08, 11–12 and 17–20. The hourly factor Kh of rural
/// works of 1,000–5,000 m³/d is 1.8–2.2 and of smaller ones to 2.5 `[M]`; here the busiest hour
/// averages 2.36. Values: `[D]`, as the pattern `DAY` of the Sanmen network file.
const HOURS: [f64; 24] = [
    0.2, 0.15, 0.12, 0.12, 0.2, 0.6, 1.7, 2.6, 1.6, 1.05, 0.91, 1.4, //
    1.5, 0.9, 0.75, 0.75, 0.95, 1.5, 1.95, 1.9, 1.4, 0.95, 0.5, 0.3,
];

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
    taps: Vec<Tap>,
    whims: Vec<Wander>,
}

/// A junction with demand.
#[derive(Debug, Clone, Copy)]
struct Tap {
    node: NodeIndex,
    average: Flow,
    village: Option<usize>,
}

/// The hour's share of the day's mean demand, 0.12 to 2.6; between half hours it is interpolated.
pub fn hour_factor(now: Stamp, offset: UtcOffset) -> f64 {
    let hours = now.time_of_day(offset).as_hours() + 23.5; // since half past the hour before
    let whole = hours.floor();
    let at = |hour: f64| HOURS[hour as usize % 24];
    at(whole) + (at(whole + 1.0) - at(whole)) * (hours - whole)
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
        let taps = plant.network.nodes.iter().enumerate().filter_map(|(i, node)| {
            let NodeKind::Junction { base_demand, .. } = node.kind else { return None };
            let node = NodeIndex(i);
            let village = villages.iter().position(|village| village.taps.contains(&node));
            (base_demand > Flow::ZERO).then_some(Tap { node, average: base_demand, village })
        });
        let whim = |id| Wander::new(seed, &format!("demand/{id}"), WHIM_LASTS);
        Self {
            offset: plant.profile.utc_offset,
            taps: taps.collect(),
            whims: villages.iter().map(|village| whim(&village.id)).collect(),
        }
    }

    /// Junctions with demand.
    pub fn taps(&self) -> impl Iterator<Item = NodeIndex> {
        self.taps.iter().map(|tap| tap.node)
    }

    /// Draws the whims of the next step.
    pub fn advance(&mut self, step: Span) {
        for whim in &mut self.whims {
            whim.advance(step);
        }
    }

    /// What people want at `now`; `factors`: one per village; `others` for taps of no village.
    pub fn at(
        &self,
        now: Stamp,
        factors: &[f64],
        others: f64,
    ) -> impl Iterator<Item = (NodeIndex, Flow)> {
        let hour = hour_factor(now, self.offset);
        self.taps.iter().map(move |tap| {
            let factor = tap.village.map_or(others, |village| {
                let whim = (1.0 + WHIM_SHARE * self.whims[village].value()).max(WHIM_LEAST);
                whim * factors[village]
            });
            (tap.node, tap.average * (hour * factor))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(time: &str) -> f64 {
        let text = format!("2024-12-05T{time}:00+08:00");
        let (now, offset) = Stamp::parse(&text).expect("a time");
        hour_factor(now, offset)
    }

    #[test]
    fn the_day_has_mean_one_and_the_peaks_of_a_village() {
        let (midnight, offset) = Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time");
        let sum: f64 =
            (0..1_440).map(|min| hour_factor(midnight + Span::minutes(min), offset)).sum();
        assert!((sum / 1_440.0 - 1.0).abs() < 1e-3, "{}", sum / 1_440.0);
        let busiest: f64 =
            (420..480).map(|min| hour_factor(midnight + Span::minutes(min), offset)).sum();
        assert!((busiest / 60.0 - 2.36).abs() < 0.01, "{}", busiest / 60.0);
    }

    #[test]
    fn the_factor_holds_at_half_past_and_runs_straight_between() {
        assert!((factor("07:30") - 2.6).abs() < 1e-12);
        assert!((factor("08:00") - 2.1).abs() < 1e-12);
        assert!((factor("00:00") - 0.25).abs() < 1e-12);
        assert!((factor("23:30") - 0.3).abs() < 1e-12);
    }
}
