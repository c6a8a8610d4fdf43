//! Foreign water: private wells that somebody has connected to the mains (交叉连接), and water of
//! the ground that finds a hole in them (外水渗入).
//!
//! Each becomes a reservoir behind a short pipe with a check valve, part of the network from the
//! beginning and shut until its injection begins: a running solver takes no new nodes. Why the
//! mains have too little pressure is the solver's matter: a shut valve, a summit, an empty tank.

use std::sync::Arc;

use super::quality::{CONDUCTIVITY, Carried, E_COLI, SPECIES, TURBIDITY};
use crate::base::units::Length;
use crate::plant::Plant;
use crate::plant::network::{Link, LinkIndex, LinkKind, LinkStatus, Node, NodeIndex, NodeKind};
use crate::scenario::injection::{ForeignWater, Injection, InjectionKind, NetworkEvent};

/// The hose or pipe of a household `[D]`: length, inner diameter, Hazen–Williams C.
const PIPE: (Length, Length, f64) = (Length::m(10.0), Length::m(0.05), 130.0);

/// What stands for a hole: a pipe so short and wide that only its minor loss counts.
const HOLE: (Length, Length, f64) = (Length::m(0.1), Length::m(0.2), 150.0);

/// Difference of head at which the size of a hole is stated, m.
const HOLE_AT_M: f64 = 20.0;

/// Twice the acceleration of gravity, m/s².
const TWO_G: f64 = 2.0 * 9.81;

/// One connection.
#[derive(Debug, Clone, Copy)]
pub struct Foreign {
    /// Which injection: its position in the scenario.
    pub injection: usize,
    /// Where the water comes from.
    pub reservoir: NodeIndex,
    /// The pipe with the check valve.
    pub link: LinkIndex,
    /// What it carries; it has no disinfectant.
    pub water: Carried,
}

/// How foreign water comes in.
struct Way {
    node: NodeIndex,
    pressure_m: f64,
    pipe: (Length, Length, f64),
    minor_loss: f64,
    water: ForeignWater,
}

/// The way `event` opens, if it opens one.
fn way(event: &NetworkEvent) -> Option<Way> {
    match *event {
        NetworkEvent::CrossConnection { node, pressure_m, water } => {
            Some(Way { node, pressure_m, pipe: PIPE, minor_loss: 0.0, water })
        }
        NetworkEvent::Intrusion { node, m3_per_h_at_20_m, groundwater_m, water } => Some(Way {
            node,
            pressure_m: groundwater_m,
            pipe: HOLE,
            minor_loss: loss_of_hole(m3_per_h_at_20_m),
            water,
        }),
        _ => None,
    }
}

/// The minor loss coefficient of `HOLE` that lets so much through at 20 m: K = 2·g·h/v².
fn loss_of_hole(m3_per_h: f64) -> f64 {
    let diameter = HOLE.1.as_m();
    let area = std::f64::consts::FRAC_PI_4 * diameter * diameter;
    let speed = m3_per_h / 3_600.0 / area;
    TWO_G * HOLE_AT_M / (speed * speed)
}

/// Adds what `injections` connect to the network of `plant`, behind all nodes and links that it
/// has. A plant to which nothing is connected stays shared.
pub fn connect(plant: &mut Arc<Plant>, injections: &[Injection]) -> Vec<Foreign> {
    let mut connections = Vec::new();
    for (at, injection) in injections.iter().enumerate() {
        let InjectionKind::Network(event) = &injection.kind else { continue };
        let Some(way) = way(event) else { continue };
        let network = Arc::make_mut(&mut Arc::make_mut(plant).network);
        let (reservoir, link) = (NodeIndex(network.nodes.len()), LinkIndex(network.links.len()));
        network.nodes.push(Node {
            id: format!("foreign~{at}"),
            kind: NodeKind::Reservoir,
            elevation: network.nodes[way.node.0].elevation + Length::m(way.pressure_m),
            coordinates: None,
        });
        let (length, diameter, c) = way.pipe;
        let roughness = network.friction.like_c(c, diameter);
        network.links.push(Link {
            id: format!("foreign~{at}"),
            start: reservoir,
            end: way.node,
            kind: LinkKind::Pipe {
                length,
                diameter,
                roughness,
                minor_loss: way.minor_loss,
                check_valve: true,
            },
            initial: LinkStatus::Open,
        });
        let mut water = [0.0; SPECIES];
        water[TURBIDITY] = way.water.turbidity_ntu;
        water[CONDUCTIVITY] = way.water.conductivity_us_per_cm;
        water[E_COLI] = way.water.e_coli_per_100_ml;
        connections.push(Foreign { injection: at, reservoir, link, water });
    }
    connections
}
