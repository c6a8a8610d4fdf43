//! How much of a pump's current becomes lift, by its flow.

use crate::base::units::{Flow, Length};

/// Share of the current that becomes lift at a pump's best flow, motor included, when nobody has
/// said `[D]`: a good small pump of 75 % with a motor of 87 %.
const BEST: f64 = 0.65;

/// EPANET's efficiency of a file that gives none, as a share (User Manual 2.2, `[ENERGY]`).
pub const EPANET_DEFAULT: f64 = 0.75;

/// Least efficiency, as EPANET has it.
pub const LEAST: f64 = 0.01;

/// Shares of the current that become lift, from the wire to the water.
#[derive(Debug, Clone, PartialEq)]
pub enum Efficiency {
    /// `best` at the flow `at`, nothing without flow and at twice that flow, a parabola between.
    Parabola {
        /// At the best flow.
        best: f64,
        /// The best flow, at full speed.
        at: Flow,
    },
    /// Straight lines between points of rising flow, the ends hold beyond them: EPANET's
    /// efficiency curve. One point: the same at every flow.
    Points(Vec<(Flow, f64)>),
}

impl Efficiency {
    /// The usual parabola of a pump with this head curve: pumps are chosen for, and best at, the
    /// point of their curve with the most power (flow times head).
    pub fn usual(curve: &[(Flow, Length)]) -> Self {
        let power = |point: &&(Flow, Length)| point.0.as_m3_per_s() * point.1.as_m();
        let best = curve.iter().max_by(|a, b| power(a).total_cmp(&power(b)));
        match best {
            Some((at, _)) if *at > Flow::ZERO => Self::Parabola { best: BEST, at: *at },
            _ => Self::constant(BEST),
        }
    }

    /// The same at every flow.
    pub fn constant(share: f64) -> Self {
        Self::Points(vec![(Flow::ZERO, share)])
    }

    /// The share at `flow` and a relative `speed` above 0; 0.01 to 1.
    ///
    /// At another speed the curve's flows go with the speed, and what is lost grows with its tenth
    /// root (Sarbu and Borza 1998), as in EPANET 2.3 `hydraul.c`, `getenergy`.
    pub fn share(&self, flow: Flow, speed: f64) -> f64 {
        let at_full_speed = flow * (1.0 / speed);
        let share = match self {
            Self::Parabola { best, at } => {
                let x = at_full_speed.as_m3_per_s() / at.as_m3_per_s();
                best * x * (2.0 - x)
            }
            Self::Points(points) if points.len() < 2 => {
                let share = points.first().map_or(BEST, |(_, share)| *share);
                return share.clamp(LEAST, 1.0);
            }
            Self::Points(points) => between(points, at_full_speed),
        };
        let lost = (1.0 - share) * libm::pow(1.0 / speed, 0.1);
        (1.0 - lost).clamp(LEAST, 1.0)
    }
}

/// On the line through the points about `flow`; at least two of them.
fn between(points: &[(Flow, f64)], flow: Flow) -> f64 {
    let after = points.partition_point(|(x, _)| *x <= flow);
    let (Some(from), Some(to)) = (after.checked_sub(1).map(|at| points[at]), points.get(after))
    else {
        let end = if after == 0 { points.first() } else { points.last() };
        return end.map_or(BEST, |(_, share)| *share);
    };
    let along = (flow - from.0).as_m3_per_s() / (to.0 - from.0).as_m3_per_s();
    from.1 + (to.1 - from.1) * along
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(m3_per_h: f64) -> Flow {
        Flow::m3_per_h(m3_per_h)
    }

    #[test]
    fn a_pump_is_best_at_the_point_of_most_power_and_three_quarters_as_good_at_half_its_flow() {
        let curve = [(0.0, 90.0), (110.0, 69.0), (165.0, 42.0)];
        let curve = curve.map(|(q, h)| (flow(q), Length::m(h)));
        let usual = Efficiency::usual(&curve);
        assert_eq!(usual, Efficiency::Parabola { best: BEST, at: flow(110.0) });
        for (q, share) in [(110.0, 0.65), (55.0, 0.65 * 0.75), (165.0, 0.65 * 0.75), (0.0, 0.01)] {
            let found = usual.share(flow(q), 1.0);
            assert!((found - share).abs() < 1e-12, "{found} at {q} m³/h");
        }
    }

    #[test]
    fn points_are_joined_by_lines_and_hold_beyond_their_ends() {
        let points = [(50.0, 0.6), (100.0, 0.8), (120.0, 0.7)];
        let curve = Efficiency::Points(points.map(|(q, share)| (flow(q), share)).to_vec());
        for (q, share) in [(10.0, 0.6), (50.0, 0.6), (75.0, 0.7), (110.0, 0.75), (300.0, 0.7)] {
            let found = curve.share(flow(q), 1.0);
            assert!((found - share).abs() < 1e-12, "{found} at {q} m³/h");
        }
    }

    #[test]
    fn a_slower_pump_is_best_at_less_flow_and_loses_a_little_more() {
        let usual = Efficiency::Parabola { best: 0.8, at: flow(100.0) };
        // by hand: 1 − 0.2 · 2^0.1
        let wanted = 1.0 - 0.2 * 1.071_773_462_536_293;
        let found = usual.share(flow(50.0), 0.5);
        assert!((found - wanted).abs() < 1e-12, "{found}");
        assert_eq!(Efficiency::constant(0.75).share(flow(50.0), 0.5), 0.75);
    }
}
