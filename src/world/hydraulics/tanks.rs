//! Tank levels between two solves: straight lines in time.

use super::Volumes;
use crate::base::Span;
use crate::base::units::{Length, Volume};
use crate::plant::network::{Network, NodeKind, Shape, Tank};

/// Two levels this close are the same: rounding, far below what matters.
const SAME_M: f64 = 1e-9;

/// Longest span a tank's event is looked for: a year.
const FAR_S: f64 = 31_536_000.0;

/// The time a tank's inflow needs for `volume_m3`, rounded up to whole milliseconds; none if the
/// level moves away or that takes longer than a year.
pub(super) fn time_to(volume_m3: f64, inflow_m3_per_s: f64) -> Option<Span> {
    let seconds = volume_m3 / inflow_m3_per_s;
    let moves = inflow_m3_per_s != 0.0 && seconds > 0.0 && seconds < FAR_S;
    moves.then(|| Span::ms(libm::ceil(seconds * 1_000.0 - 1e-6).max(1.0) as i64))
}

/// When the next tank becomes full or empty, if one does. `inflow`: m³/s net, per node.
pub(super) fn until_event(network: &Network, levels: &[Length], inflow: &[f64]) -> Option<Span> {
    let tanks = network.nodes.iter().enumerate().filter_map(|(at, node)| match &node.kind {
        NodeKind::Tank(tank) => Some((at, tank)),
        _ => None,
    });
    tanks
        .filter_map(|(at, tank)| {
            let bound = if inflow[at] > 0.0 { tank.max_level } else { tank.min_level };
            time_to(tank.between_m3(levels[at], bound), inflow[at])
        })
        .min()
}

/// Moves every tank's level by its inflow over `span`, within its limits.
///
/// What a full tank cannot take has spilled. An empty one gives nothing more; the solver sees to
/// that, so that only rounding (below 1 ms of flow) is cut off here.
pub(super) fn advance(
    network: &Network,
    levels: &mut [Length],
    inflow: &[f64],
    span: Span,
    volumes: &mut Volumes,
) {
    for (at, node) in network.nodes.iter().enumerate() {
        if let NodeKind::Tank(tank) = &node.kind {
            let came = inflow[at] * span.as_seconds();
            let level = level_after(tank, levels[at], came);
            let spilled = (came - tank.between_m3(levels[at], tank.max_level)).max(0.0);
            volumes.overflow[at] = Volume::m3(spilled);
            volumes.stored[at] = tank.volume(level) - tank.volume(levels[at]);
            levels[at] = level;
        }
    }
}

/// Where a tank's level stands after so much water came in or went out, within its limits.
pub(super) fn level_after(tank: &Tank, level: Length, came_m3: f64) -> Length {
    let wanted = match &tank.shape {
        Shape::Cylinder { .. } => level + tank.level(Volume::m3(came_m3)),
        Shape::Curve(_) => tank.level(tank.volume(level) + Volume::m3(came_m3)),
    };
    Length::m(settled(tank, wanted.as_m()))
}

/// Inside the limits, and exactly on one that is as near as rounding: EPANET compares exactly.
fn settled(tank: &Tank, level: f64) -> f64 {
    let (min, max) = (tank.min_level.as_m(), tank.max_level.as_m());
    if level > max - SAME_M {
        max
    } else if level < min + SAME_M {
        min
    } else {
        level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_a_level_is_rounded_up_and_never_nothing() {
        assert_eq!(time_to(1.0, 0.003), Some(Span::ms(333_334)));
        assert_eq!(time_to(-2.0, -0.5), Some(Span::seconds(4)));
        assert_eq!(time_to(1e-12, 1.0), Some(Span::ms(1)));
        for never in [(1.0, -0.1), (1.0, 0.0), (0.0, 0.1), (1.0, 1e-12)] {
            assert_eq!(time_to(never.0, never.1), None, "{never:?}");
        }
    }
}
