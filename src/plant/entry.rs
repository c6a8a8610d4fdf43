//! Where a village hangs on the network: the one valve that shuts it off and nobody else.

use super::Plant;
use super::network::{LinkIndex, LinkKind, NodeIndex, NodeKind};
use super::profile::Village;

impl Plant {
    /// The pipe or valve whose closure takes the water from every tap of `village` and from no
    /// other tap; the farthest from its taps if there are several. None in a looped network.
    pub fn entry(&self, village: &Village) -> Option<LinkIndex> {
        let links = self.network.links.iter().enumerate();
        let valves = links.filter(|(_, link)| !matches!(link.kind, LinkKind::Pump { .. }));
        let cuts = valves.filter_map(|(at, _)| {
            let reached = self.reached_without(at);
            let own = village.taps.iter().all(|tap| !reached[tap.0]);
            let lost = reached.iter().filter(|reached| !**reached).count();
            (own && self.others_are_served(village, &reached)).then_some((lost, at))
        });
        cuts.max().map(|(_, at)| LinkIndex(at))
    }

    fn others_are_served(&self, village: &Village, reached: &[bool]) -> bool {
        self.network.nodes.iter().enumerate().all(|(at, node)| {
            let NodeKind::Junction { base_demand, .. } = node.kind else { return reached[at] };
            base_demand.as_m3_per_s() <= 0.0 || reached[at] || village.taps.contains(&NodeIndex(at))
        })
    }

    /// Per node: does it hang together with a reservoir when this link is cut?
    fn reached_without(&self, cut: usize) -> Vec<bool> {
        let nodes = &self.network.nodes;
        let mut reached: Vec<bool> =
            nodes.iter().map(|node| matches!(node.kind, NodeKind::Reservoir)).collect();
        let mut grows = true;
        while grows {
            grows = false;
            for (at, link) in self.network.links.iter().enumerate() {
                let (start, end) = (link.start.0, link.end.0);
                if at != cut && reached[start] != reached[end] {
                    (reached[start], reached[end], grows) = (true, true, true);
                }
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::plant::sample;

    #[test]
    fn a_village_hangs_on_the_pipe_that_feeds_it_alone() {
        let mut plant = sample::plant();
        let village = plant.profile.villages[0].clone();
        let entry = plant.entry(&village).expect("one main");
        assert_eq!(plant.network.links[entry.0].id, "L-1");

        let second = plant.network.links[entry.0].clone();
        Arc::make_mut(&mut plant.network).links.push(second);
        assert_eq!(plant.entry(&village), None, "two mains: no one valve shuts it off");
    }
}
