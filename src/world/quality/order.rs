//! The order in which nodes get their water: upstream before downstream.

use std::collections::VecDeque;

use crate::plant::network::{Network, NodeKind};

/// Flow below this stands still, m³/s: 3.6 L/h, less than a solver can tell from zero.
pub const STAGNANT_M3_PER_S: f64 = 1e-6;

/// The direction of a link: 1 start to end, −1 end to start, 0 stagnant.
pub fn direction(flow_m3_per_s: f64) -> i8 {
    if flow_m3_per_s >= STAGNANT_M3_PER_S {
        1
    } else if flow_m3_per_s <= -STAGNANT_M3_PER_S {
        -1
    } else {
        0
    }
}

/// Links at each node, and the nodes sorted along the flow.
#[derive(Debug, Clone)]
pub struct Order {
    ends: Vec<(usize, usize)>,
    is_tank: Vec<bool>,
    /// Where each node's links begin in `links`; one more than nodes.
    first: Vec<usize>,
    links: Vec<usize>,
    directions: Vec<i8>,
    nodes: Vec<usize>,
    rank: Vec<usize>,
    waiting: Vec<u32>,
    ready: VecDeque<usize>,
    is_sorted: bool,
    has_loop: bool,
}

impl Order {
    /// The order of a network in which everything stands still.
    pub fn new(network: &Network) -> Self {
        let ends: Vec<_> = network.links.iter().map(|link| (link.start.0, link.end.0)).collect();
        let count = network.nodes.len();
        let mut at_node = vec![Vec::new(); count];
        for (link, (start, end)) in ends.iter().enumerate() {
            at_node[*start].push(link);
            at_node[*end].push(link);
        }
        let mut first = vec![0];
        let mut links = Vec::with_capacity(ends.len() * 2);
        for own in &at_node {
            links.extend(own);
            first.push(links.len());
        }
        Self {
            is_tank: network.nodes.iter().map(|n| matches!(n.kind, NodeKind::Tank(_))).collect(),
            first,
            links,
            directions: vec![0; ends.len()],
            ends,
            nodes: Vec::with_capacity(count),
            rank: vec![usize::MAX; count],
            waiting: vec![0; count],
            ready: VecDeque::with_capacity(count),
            is_sorted: false,
            has_loop: false,
        }
    }

    /// Takes new flows, m³/s, one per link; sorts again only when a direction changed.
    pub fn update(&mut self, flows: &[f64]) {
        for (known, flow) in self.directions.iter_mut().zip(flows) {
            let new = direction(*flow);
            if *known != new {
                *known = new;
                self.is_sorted = false;
            }
        }
        if !self.is_sorted {
            self.sort();
            self.is_sorted = true;
        }
    }

    /// Nodes, upstream first.
    pub fn nodes(&self) -> &[usize] {
        &self.nodes
    }

    /// The links that touch a node.
    pub fn links_at(&self, node: usize) -> &[usize] {
        &self.links[self.first[node]..self.first[node + 1]]
    }

    /// 1, −1 or 0, see `direction`.
    pub fn direction_of(&self, link: usize) -> i8 {
        self.directions[link]
    }

    /// Does water run in a circle, so that some node had to come before its own supply?
    pub fn has_loop(&self) -> bool {
        self.has_loop
    }

    /// The node a link brings water to and the one it takes it from; none when it stands still.
    pub fn from_to(&self, link: usize) -> Option<(usize, usize)> {
        let (start, end) = self.ends[link];
        match self.directions[link] {
            1 => Some((start, end)),
            -1 => Some((end, start)),
            _ => None,
        }
    }

    /// Does `a` come before `b`?
    pub fn is_before(&self, a: usize, b: usize) -> bool {
        self.rank[a] < self.rank[b]
    }

    /// Kahn's sort; a loop is cut at its first tank, or else at its first node.
    fn sort(&mut self) {
        let count = self.rank.len();
        self.nodes.clear();
        self.rank.fill(usize::MAX);
        self.waiting.fill(0);
        self.ready.clear();
        self.has_loop = false;
        for link in 0..self.ends.len() {
            if let Some((_, to)) = self.from_to(link) {
                self.waiting[to] += 1;
            }
        }
        self.ready.extend((0..count).filter(|node| self.waiting[*node] == 0));
        while self.nodes.len() < count {
            let Some(node) = self.ready.pop_front().or_else(|| self.cut()) else { break };
            if self.rank[node] != usize::MAX {
                continue; // a cut node whose supply came later after all
            }
            self.rank[node] = self.nodes.len();
            self.nodes.push(node);
            for at in self.first[node]..self.first[node + 1] {
                let link = self.links[at];
                if let Some((from, to)) = self.from_to(link)
                    && from == node
                {
                    self.waiting[to] = self.waiting[to].saturating_sub(1);
                    if self.waiting[to] == 0 {
                        self.ready.push_back(to);
                    }
                }
            }
        }
    }

    fn cut(&mut self) -> Option<usize> {
        self.has_loop = true;
        let open = |node: &usize| self.rank[*node] == usize::MAX;
        let mut all = 0..self.rank.len();
        all.clone().find(|node| open(node) && self.is_tank[*node]).or_else(|| all.find(open))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::network;
    use super::*;
    use crate::plant::network::Reactions;

    #[test]
    fn upstream_comes_before_downstream_and_turns_with_the_flow() {
        let pipes = [(0, 1, 10.0, 0.1), (1, 2, 10.0, 0.1), (2, 3, 10.0, 0.1)];
        let mut order = Order::new(&network("RJJT", &pipes, Reactions::default()));
        order.update(&[0.01, 0.01, 0.01]);
        assert_eq!(order.nodes(), [0, 1, 2, 3]);
        order.update(&[0.01, -0.01, -0.02]);
        assert!(order.is_before(3, 2) && order.is_before(2, 1) && !order.has_loop());
    }

    #[test]
    fn a_loop_is_cut_at_its_tank() {
        let pipes = [(0, 1, 10.0, 0.1), (1, 2, 10.0, 0.1), (2, 0, 10.0, 0.1)];
        let mut order = Order::new(&network("JTJ", &pipes, Reactions::default()));
        order.update(&[0.01; 3]);
        assert!(order.has_loop());
        assert_eq!(order.nodes(), [1, 2, 0]);
        order.update(&[0.01, 0.01, 0.0]);
        assert!(!order.has_loop());
        assert_eq!(order.nodes(), [0, 1, 2]);
    }

    #[test]
    fn a_trickle_stands_still() {
        assert_eq!([direction(9e-7), direction(-9e-7), direction(0.0)], [0, 0, 0]);
        assert_eq!([direction(1e-6), direction(-1e-6)], [1, -1]);
    }
}
