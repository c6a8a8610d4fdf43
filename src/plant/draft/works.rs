//! Puts a waterworks before a network: filters' outlet, production valve, clear well.

use crate::base::units::{Flow, Length};
use crate::plant::network::{
    ControlAction, ControlWhen, Link, LinkIndex, LinkKind, LinkStatus, Network, Node, NodeIndex,
    NodeKind, SimpleControl, Tank, ValveKind,
};

/// Depth of the clear well, m; it counts as empty at its lowest.
const HIGHEST_M: f64 = 3.0;
const LOWEST_M: f64 = 0.5;
/// Production starts and stops at these levels, m.
pub(super) const START_M: f64 = 2.2;
pub(super) const STOP_M: f64 = 2.9;

/// Share of a day's production that the clear well holds: 20–40 % in small rural works `[M]`.
const CLEAR_WELL_SHARE: f64 = 0.25;

/// How far the filters' outlet lies above a full clear well, m.
const FILTERS_ABOVE_M: f64 = 3.0;

/// What the water does at most in the pipes of the works, m/s.
const WORKS_SPEED_M_PER_S: f64 = 0.8;

/// Where the works stands in the network.
#[derive(Debug, Clone, Copy)]
pub struct WorksPlaces {
    /// The reservoir that stands for the filters' outlet.
    pub outlet: NodeIndex,
    /// The flow-control valve that sets the production.
    pub production: LinkIndex,
    /// The clear well.
    pub clear_well: NodeIndex,
}

/// Turns the reservoir `source` into the clear well of a works that produces `capacity_m3_per_h`;
/// a full clear well has the reservoir's head.
pub(super) fn put_before(
    network: &mut Network,
    source: NodeIndex,
    capacity_m3_per_h: f64,
) -> WorksPlaces {
    let capacity = Flow::m3_per_h(capacity_m3_per_h);
    let top = network.nodes[source.0].elevation;
    let floor = top - Length::m(HIGHEST_M);
    network.nodes[source.0].elevation = floor;
    let levels = [2.5, LOWEST_M, HIGHEST_M].map(Length::m);
    network.nodes[source.0].kind =
        NodeKind::Tank(Tank::cylinder(levels, diameter(capacity_m3_per_h)));
    let at = network.nodes[source.0].coordinates;
    let beside = |metres: f64| at.map(|(x, y)| (x - metres, y));
    let bare = || NodeKind::Junction { base_demand: Flow::ZERO, pattern: None };
    let above = top + Length::m(FILTERS_ABOVE_M);
    let outlet = add_node(network, "R-FILTERED", NodeKind::Reservoir, above, beside(30.0));
    let before = add_node(network, "J-FILTERED", bare(), floor, beside(20.0));
    let behind = add_node(network, "J-INLET", bare(), floor, beside(10.0));
    let area = capacity.as_m3_per_s() / WORKS_SPEED_M_PER_S;
    let bore = Length::m(libm::sqrt(area / std::f64::consts::FRAC_PI_4).max(0.05));
    let friction = network.friction;
    let pipe = |metres| LinkKind::Pipe {
        length: Length::m(metres),
        diameter: bore,
        roughness: friction.like_c(145.0, bore),
        minor_loss: 0.0,
        check_valve: false,
    };
    add_link(network, "W-0", outlet, before, pipe(30.0));
    let valve = LinkKind::Valve {
        kind: ValveKind::Fcv,
        diameter: bore,
        setting: capacity.as_m3_per_s(),
        minor_loss: 0.0,
        curve: Vec::new(),
    };
    let production = add_link(network, "V-PRODUCTION", before, behind, valve);
    add_link(network, "W-1", behind, source, pipe(20.0));
    for (action, when) in [
        (ControlAction::Closed, ControlWhen::Above(source, Length::m(STOP_M))),
        (
            ControlAction::Setting(capacity.as_m3_per_s()),
            ControlWhen::Below(source, Length::m(START_M)),
        ),
    ] {
        network.controls.push(SimpleControl { link: production, action, when });
    }
    WorksPlaces { outlet, production, clear_well: source }
}

/// Of the clear well.
fn diameter(capacity_m3_per_h: f64) -> Length {
    let volume = CLEAR_WELL_SHARE * 24.0 * capacity_m3_per_h;
    let area = (volume / (HIGHEST_M - LOWEST_M)).max(4.0);
    Length::m(libm::sqrt(area / std::f64::consts::FRAC_PI_4))
}

/// Adds a node; an id that is taken gets a `_` behind it.
pub(crate) fn add_node(
    network: &mut Network,
    id: &str,
    kind: NodeKind,
    elevation: Length,
    coordinates: Option<(f64, f64)>,
) -> NodeIndex {
    let mut id = id.to_owned();
    while network.node_index.contains_key(&id) {
        id.push('_');
    }
    let index = NodeIndex(network.nodes.len());
    network.node_index.insert(id.clone(), index);
    network.nodes.push(Node { id, kind, elevation, coordinates });
    index
}

/// Adds an open link; an id that is taken gets a `_` behind it.
pub(crate) fn add_link(
    network: &mut Network,
    id: &str,
    start: NodeIndex,
    end: NodeIndex,
    kind: LinkKind,
) -> LinkIndex {
    let mut id = id.to_owned();
    while network.link_index.contains_key(&id) {
        id.push('_');
    }
    let index = LinkIndex(network.links.len());
    network.link_index.insert(id.clone(), index);
    network.links.push(Link { id, start, end, kind, initial: LinkStatus::Open });
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clear_well_holds_a_quarter_of_a_day() {
        let diameter = diameter(100.0).as_m();
        let volume = std::f64::consts::FRAC_PI_4 * diameter * diameter * (HIGHEST_M - LOWEST_M);
        assert!((volume - 600.0).abs() < 1e-9, "{volume} m³");
    }

    #[test]
    fn a_full_clear_well_has_the_head_of_the_source() {
        let mut network = Network::default();
        let source =
            add_node(&mut network, "R", NodeKind::Reservoir, Length::m(80.0), Some((100.0, 7.0)));
        let taken = add_node(&mut network, "R-FILTERED", NodeKind::Reservoir, Length::m(1.0), None);
        let places = put_before(&mut network, source, 36.0);
        let NodeKind::Tank(tank) = &network.nodes[source.0].kind else { panic!("a tank") };
        assert_eq!(network.nodes[source.0].elevation + tank.max_level, Length::m(80.0));
        assert_ne!(places.outlet, taken);
        assert_eq!(network.nodes[places.outlet.0].id, "R-FILTERED_");
        assert_eq!(network.nodes[places.outlet.0].coordinates, Some((70.0, 7.0)));
        let LinkKind::Valve { setting, .. } = network.links[places.production.0].kind else {
            panic!("a valve")
        };
        assert!((setting - 0.01).abs() < 1e-15);
        assert_eq!(network.controls.len(), 2);
    }
}
