//! Villages for a network that names none: taps that lie close together.

use super::graph::{Graph, demand_m3_per_h, taps};
use crate::plant::network::{Network, NodeIndex};

/// What a person uses a day, m³ `[D]`: 100 L, as in works of this size in Hubei.
pub(super) const M3_PER_HEAD_AND_DAY: f64 = 0.1;

/// People of a usual village `[D]`.
const PEOPLE: f64 = 2_300.0;

/// More villages than this would fill a birth message with their instruments.
const MOST: usize = 8;

/// Taps of each village, the far end last; and its people.
pub(super) struct Cluster {
    pub taps: Vec<NodeIndex>,
    pub people: u32,
}

/// Parts the taps that a way leads to from `source`: centres as far from each other as they go,
/// each tap to its nearest. Villages come in the order of their way from the source.
pub(super) fn draw(network: &Network, graph: &Graph, source: NodeIndex) -> Vec<Cluster> {
    let far = graph.distances(&[source]);
    let mut taps = taps(network);
    taps.sort_by(|a, b| far[a.0].total_cmp(&far[b.0]).then(a.cmp(b)));
    let head = |tap: &NodeIndex| demand_m3_per_h(network, *tap) * 24.0 / M3_PER_HEAD_AND_DAY;
    let people: f64 = taps.iter().map(head).sum();
    let wanted = (libm::round(people / PEOPLE) as usize).clamp(1, MOST).min(taps.len());
    let mut centres = Vec::new();
    let mut ways: Vec<Vec<f64>> = Vec::new();
    while centres.len() < wanted {
        let near = |tap: &NodeIndex| {
            let own = ways.iter().map(|way| way[tap.0]);
            own.fold(f64::INFINITY, f64::min)
        };
        let next = if centres.is_empty() {
            taps.first()
        } else {
            taps.iter().max_by(|a, b| near(a).total_cmp(&near(b)))
        };
        let Some(next) = next.copied() else { break };
        centres.push(next);
        ways.push(graph.distances(&[next]));
    }
    let mut clusters: Vec<Vec<NodeIndex>> = vec![Vec::new(); centres.len()];
    for tap in taps {
        let nearest = (0..centres.len()).min_by(|a, b| ways[*a][tap.0].total_cmp(&ways[*b][tap.0]));
        if let Some(nearest) = nearest {
            clusters[nearest].push(tap);
        }
    }
    clusters.retain(|cluster| !cluster.is_empty());
    let mean = |cluster: &Vec<NodeIndex>| {
        cluster.iter().map(|tap| far[tap.0]).sum::<f64>() / cluster.len() as f64
    };
    clusters.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
    let people = |cluster: &Vec<NodeIndex>| cluster.iter().map(head).sum::<f64>().round().max(1.0);
    let with_people = |taps: Vec<NodeIndex>| Cluster { people: people(&taps) as u32, taps };
    clusters.into_iter().map(with_people).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::Source;
    use crate::plant::inp::read;

    #[test]
    fn taps_that_lie_together_are_a_village_and_its_far_end_comes_last() {
        // Two groups 5 km apart; 20 m³/h are 4,800 people: two villages.
        let text = "[JUNCTIONS]\n A1 0 5\n A2 0 5\n B2 0 4\n B1 0 6\n[RESERVOIRS]\n R 9\n[PIPES]\n\
            1 R A1 100 90 130\n 2 A1 A2 50 90 130\n 3 A2 B1 5000 90 130\n 4 B1 B2 80 90 130\n\
            [OPTIONS]\n Units CMH\n";
        let network = read(&Source::new("x.inp", text)).expect("a sound file");
        let source = network.node("R").expect("it is there");
        let villages = draw(&network, &Graph::new(&network), source);
        let names: Vec<Vec<&str>> = villages
            .iter()
            .map(|v| v.taps.iter().map(|t| network.nodes[t.0].id.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["A1", "A2"], vec!["B1", "B2"]]);
        assert_eq!(villages.iter().map(|v| v.people).collect::<Vec<_>>(), [2_400, 2_400]);
    }
}
