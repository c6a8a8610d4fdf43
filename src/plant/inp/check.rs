//! What only the whole network can get wrong.

use super::Reader;
use crate::plant::network::NodeKind;

impl Reader<'_> {
    /// Is there water, and does every node have a link?
    pub(super) fn check_whole(&mut self) {
        let is_source = |kind: &NodeKind| !matches!(kind, NodeKind::Junction { .. });
        let nodes = &self.network.nodes;
        // A line with a mistake may have been the source: then one mistake is enough.
        if !nodes.iter().any(|node| is_source(&node.kind)) && nodes.len() == self.nodes.len() {
            let help = "add a reservoir or a tank";
            self.add(&(0..0), "the network has no water: no reservoir and no tank", help);
        }
        if self.network.links.len() != self.links.len() {
            return;
        }
        let mut linked = vec![false; self.network.nodes.len()];
        for link in &self.network.links {
            linked[link.start.0] = true;
            linked[link.end.0] = true;
        }
        for (index, linked) in linked.into_iter().enumerate() {
            let id = self.network.nodes[index].id.clone();
            if let Some(span) = self.nodes.get(id.as_str()).cloned().filter(|_| !linked) {
                let text = format!("node {id:?} is connected to nothing");
                self.add(&span, text, "add a pipe, or remove the node");
            }
        }
    }
}
