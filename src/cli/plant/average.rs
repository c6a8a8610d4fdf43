//! An EPANET file as a network of averages: what its patterns say over a day becomes one flow.

use std::collections::BTreeMap;

use crate::base::units::{Flow, Length};
use crate::plant::network::{LinkKind, LinkStatus, Network, NodeKind};
use crate::world::hydraulics::Boundary;
use crate::world::hydraulics::file::model::Model;

/// Moments at which a day's patterns are looked at, s.
const EVERY_S: i64 = 900;
const DAY_S: i64 = 86_400;

/// Pressure head that an inflow keeps up in a network without a tank, m `[D]`.
const INFLOW_HEAD_M: f64 = 40.0;
/// How far it stands above the highest tank, m `[D]`.
const ABOVE_TANKS_M: f64 = 5.0;
/// What its water does in the new main, m/s `[D]`.
const MAIN_SPEED_M_PER_S: f64 = 0.8;

/// The averages of a file.
pub(super) struct Average {
    /// Its network: demands, heads of reservoirs and speeds of pumps are a day's means.
    pub network: Network,
    /// What its emitters lose, m³/h at 20 m.
    pub leakage_m3_per_h: f64,
    /// What is no longer as in the file, a sentence each.
    pub changes: Vec<String>,
}

/// Over the first day of the file.
pub(super) fn of(model: &Model, text: &str) -> Average {
    let mut network = Network::clone(&model.network);
    let (nodes, links) = (network.nodes.len(), network.links.len());
    let mut demand = vec![0.0; nodes];
    let mut head = vec![0.0; nodes];
    let mut setting = vec![0.0; links];
    let mut speed = vec![0.0; links];
    let mut boundary = Boundary::at_start(&network);
    let moments = DAY_S / EVERY_S;
    for moment in 0..moments {
        model.set(moment * EVERY_S, &mut boundary);
        let add = |sum: &mut f64, value: f64| *sum += value / moments as f64;
        (0..nodes).for_each(|at| {
            add(&mut demand[at], boundary.demand[at].as_m3_per_s());
            add(&mut head[at], boundary.reservoir_head[at].as_m());
        });
        (0..links).for_each(|at| {
            add(&mut setting[at], boundary.setting[at]);
            add(&mut speed[at], boundary.speed[at]);
        });
    }
    let mut changes = model.approximated.clone();
    let coordinates = coordinates(text);
    for (at, node) in network.nodes.iter_mut().enumerate() {
        node.coordinates = coordinates.get(node.id.as_str()).copied();
        match &mut node.kind {
            NodeKind::Junction { base_demand, .. } => *base_demand = Flow::m3_per_s(demand[at]),
            NodeKind::Reservoir if (head[at] - node.elevation.as_m()).abs() > 1e-9 => {
                node.elevation = Length::m(head[at]);
                changes.push(format!("{}: the mean of its head over a day", node.id));
            }
            NodeKind::Reservoir | NodeKind::Tank(_) => {}
        }
    }
    for (at, link) in network.links.iter_mut().enumerate() {
        // EPANET tells a pump that begins switched off as one of speed 0.
        if let LinkKind::Pump { speed, .. } = &mut link.kind
            && *speed == 0.0
        {
            *speed = 1.0;
            link.initial = LinkStatus::Closed;
        }
        if let LinkKind::Pump { speed: own, .. } = &mut link.kind
            && speed[at] > 0.0
            && (speed[at] - *own).abs() > 1e-9
        {
            *own = speed[at];
            changes.push(format!("{}: the mean of its speed over a day", link.id));
        }
    }
    let own_links = model.layout.links.len();
    replace_inflows(&mut network, own_links, &setting, &mut changes);
    let leakage_m3_per_h = boundary.leak_m3_per_h_at_20_m.iter().sum();
    if leakage_m3_per_h > 0.0 {
        changes.push("emitters became leakage of the conditions, spread over the taps".to_owned());
    }
    changes.push("patterns became means: how people draw over the day is the plant's".to_owned());
    Average { network, leakage_m3_per_h, changes }
}

/// A wanted inflow into a junction becomes a source that feeds it by gravity.
///
/// What stands for it in the model, from link `own_links` on, is a reservoir, a stub, a valve.
fn replace_inflows(
    network: &mut Network,
    own_links: usize,
    setting: &[f64],
    changes: &mut Vec<String>,
) {
    let tops = network.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Tank(tank) => Some((node.elevation + tank.max_level).as_m()),
        _ => None,
    });
    let highest_tank = tops.fold(f64::NEG_INFINITY, f64::max);
    for (at, wanted) in setting.iter().enumerate().skip(own_links) {
        let LinkKind::Valve { .. } = network.links[at].kind else { continue };
        let (before, junction) = (network.links[at].start, network.links[at].end);
        let ground = network.nodes[junction.0].elevation.as_m();
        let head = (highest_tank + ABOVE_TANKS_M).max(ground + INFLOW_HEAD_M);
        let reservoir = network.links[own_links..at].iter().rev().find(|stub| stub.end == before);
        let Some(reservoir) = reservoir.map(|stub| stub.start) else { continue };
        network.nodes[reservoir.0].elevation = Length::m(head);
        // Pressure near the source is what the main leaves: twice the mean flow is a peak hour.
        let area = 2.0 * wanted.max(1e-4) / MAIN_SPEED_M_PER_S;
        let bore = libm::sqrt(area / std::f64::consts::FRAC_PI_4).max(0.05);
        network.links[at].kind = LinkKind::Pipe {
            length: Length::m(100.0),
            diameter: Length::m(bore),
            roughness: network.friction.like_c(145.0, Length::m(bore)),
            minor_loss: 0.0,
            check_valve: true,
        };
        network.links[at].initial = LinkStatus::Open;
        changes.push(format!(
            "{}: its inflow became a source at {head:.0} m that feeds it by gravity",
            network.nodes[junction.0].id
        ));
    }
}

/// What `[COORDINATES]` says; a line that says nothing is left out, as EPANET does.
fn coordinates(text: &str) -> BTreeMap<&str, (f64, f64)> {
    let is_section = |line: &&str| line.trim_start().starts_with('[');
    let lines = text.lines().skip_while(|line| !line.trim_start().starts_with("[COORD")).skip(1);
    let lines = lines.take_while(|line| !is_section(line));
    let point = |line: &'_ str| {
        let mut words = line.split(';').next().unwrap_or("").split_ascii_whitespace();
        let id = words.next()?;
        let x: f64 = words.next()?.parse().ok()?;
        let y: f64 = words.next()?.parse().ok()?;
        // Borrowed from the text, not from the line's copy.
        let start = id.as_ptr() as usize - text.as_ptr() as usize;
        Some((&text[start..start + id.len()], (x, y)))
    };
    lines.filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_read_and_nonsense_is_left_out() {
        let text =
            "[PIPES]\n a 1 2\n[COORDINATES]\n;id x y\n a  1.5 -2 ; here\n b x 3\n[END]\nc 1 1\n";
        let found = coordinates(text);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("a", (1.5, -2.0))]);
    }
}
