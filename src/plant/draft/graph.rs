//! Ways through a network, as far as its links may ever let water pass.

use std::collections::BTreeSet;

use crate::plant::network::{LinkKind, LinkStatus, Network, NodeIndex, NodeKind};

/// Neighbours of each node with the length of the way, m; which way the water runs is not asked.
pub(super) struct Graph(Vec<Vec<(usize, f64)>>);

impl Graph {
    /// Closed links count when a control may open them.
    pub fn new(network: &Network) -> Self {
        let controlled: BTreeSet<usize> =
            network.controls.iter().map(|control| control.link.0).collect();
        let mut neighbours = vec![Vec::new(); network.nodes.len()];
        for (at, link) in network.links.iter().enumerate() {
            if link.initial == LinkStatus::Closed && !controlled.contains(&at) {
                continue;
            }
            let length = match link.kind {
                LinkKind::Pipe { length, .. } => length.as_m(),
                LinkKind::Pump { .. } | LinkKind::Valve { .. } => 1.0,
            };
            neighbours[link.start.0].push((link.end.0, length));
            neighbours[link.end.0].push((link.start.0, length));
        }
        Self(neighbours)
    }

    /// Shortest way from any of `starts` to each node, m; infinite where there is none.
    pub fn distances(&self, starts: &[NodeIndex]) -> Vec<f64> {
        let mut best = vec![f64::INFINITY; self.0.len()];
        // Lengths are not negative: their bits sort as they do.
        let mut open: BTreeSet<(u64, usize)> = BTreeSet::new();
        for start in starts {
            best[start.0] = 0.0;
            open.insert((0, start.0));
        }
        while let Some((bits, node)) = open.pop_first() {
            let so_far = f64::from_bits(bits);
            if so_far > best[node] {
                continue;
            }
            for (next, length) in &self.0[node] {
                let way = so_far + length.max(0.0);
                if way < best[*next] {
                    best[*next] = way;
                    open.insert((way.to_bits(), *next));
                }
            }
        }
        best
    }
}

/// Junctions where somebody draws water.
pub(super) fn taps(network: &Network) -> Vec<NodeIndex> {
    let draws = |at: &usize| demand_m3_per_h(network, NodeIndex(*at)) > 0.0;
    (0..network.nodes.len()).filter(draws).map(NodeIndex).collect()
}

/// Average demand of a node; 0 where nobody draws.
pub(super) fn demand_m3_per_h(network: &Network, NodeIndex(at): NodeIndex) -> f64 {
    match network.nodes[at].kind {
        NodeKind::Junction { base_demand, .. } => base_demand.as_m3_per_h(),
        NodeKind::Reservoir | NodeKind::Tank(_) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::Source;
    use crate::plant::inp::read;

    #[test]
    fn the_shortest_way_counts_and_a_closed_pipe_is_none() {
        let text = "[JUNCTIONS]\n A 0 1\n B 0 1\n C 0 1\n D 0 0\n[RESERVOIRS]\n R 9\n[PIPES]\n\
            1 R A 100 90 130\n 2 A B 50 90 130\n 3 R B 400 90 130\n\
            4 B C 10 90 130 0 Closed\n 5 C D 10 90 130\n[OPTIONS]\n Units CMH\n";
        let network = read(&Source::new("x.inp", text)).expect("a sound file");
        let graph = Graph::new(&network);
        let from = network.node("R").expect("it is there");
        let far = graph.distances(&[from]);
        assert_eq!(far, [100.0, 150.0, f64::INFINITY, f64::INFINITY, 0.0]);
        assert_eq!(taps(&network), [NodeIndex(0), NodeIndex(1), NodeIndex(2)]);
    }
}
