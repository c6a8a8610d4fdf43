//! Looks up what the other files of a plant name in its network.

use std::collections::BTreeMap;

use crate::base::problem::{Spanned, Table};
use crate::plant::network::{
    Link, LinkIndex, LinkKind, Network, Node, NodeIndex, NodeKind, Tank, ValveKind,
};

/// The network's nodes and links by name. With no network, lookups find nothing and report
/// nothing: the network's own mistakes have been.
pub(super) struct Names<'n> {
    network: Option<&'n Network>,
}

impl<'n> Names<'n> {
    /// Of the network, when it could be read.
    pub(super) fn new(network: Option<&'n Network>) -> Self {
        Self { network }
    }

    /// The network itself.
    pub(super) fn network(&self) -> Option<&'n Network> {
        self.network
    }

    /// The node that `name` (the value of `key`) means.
    pub(super) fn find_node(
        &self,
        table: &Table<'_>,
        key: &str,
        name: &Spanned<String>,
    ) -> Option<(NodeIndex, &'n Node)> {
        let network = self.network?;
        let Some(index) = network.node(name.get_ref()) else {
            let known: Vec<&str> = network.node_index.keys().map(String::as_str).collect();
            unknown(table, name, &format!("`{key}`: node"), &known, "network.inp has no such node");
            return None;
        };
        network.nodes.get(index.0).map(|node| (index, node))
    }

    /// The node under `key`, which must be there.
    pub(super) fn node(&self, table: &Table<'_>, key: &'static str) -> Option<NodeIndex> {
        let name = table.text(key)?;
        self.find_node(table, key, &name).map(|(index, _)| index)
    }

    /// The link under `key`, which must be there.
    pub(super) fn link(&self, table: &Table<'_>, key: &'static str) -> Option<LinkIndex> {
        let name = table.text(key)?;
        self.find_link(table, key, &name).map(|(index, _)| index)
    }

    fn find_link(
        &self,
        table: &Table<'_>,
        key: &str,
        name: &Spanned<String>,
    ) -> Option<(LinkIndex, &'n Link)> {
        let network = self.network?;
        let Some(index) = network.link(name.get_ref()) else {
            let known: Vec<&str> = network.link_index.keys().map(String::as_str).collect();
            unknown(table, name, &format!("`{key}`: link"), &known, "network.inp has no such link");
            return None;
        };
        network.links.get(index.0).map(|link| (index, link))
    }

    /// The reservoir under `key`.
    pub(super) fn reservoir(&self, table: &Table<'_>, key: &'static str) -> Option<NodeIndex> {
        let name = table.text(key)?;
        let (index, node) = self.find_node(table, key, &name)?;
        if matches!(node.kind, NodeKind::Reservoir) {
            return Some(index);
        }
        wrong_kind(table, key, &name, "a reservoir", node_kind(&node.kind));
        None
    }

    /// The tank under `key`.
    pub(super) fn tank(
        &self,
        table: &Table<'_>,
        key: &'static str,
    ) -> Option<(NodeIndex, &'n Tank)> {
        let name = table.text(key)?;
        let (index, node) = self.find_node(table, key, &name)?;
        if let NodeKind::Tank(tank) = &node.kind {
            return Some((index, tank));
        }
        wrong_kind(table, key, &name, "a tank", node_kind(&node.kind));
        None
    }

    /// The flow-control valve under `key`, and its setting in m³/s.
    pub(super) fn flow_control(
        &self,
        table: &Table<'_>,
        key: &'static str,
    ) -> Option<(LinkIndex, f64)> {
        let name = table.text(key)?;
        let (index, link) = self.find_link(table, key, &name)?;
        if let LinkKind::Valve { kind: ValveKind::Fcv, setting, .. } = link.kind {
            return Some((index, setting));
        }
        wrong_kind(table, key, &name, "a flow-control valve (FCV)", link_kind(&link.kind));
        None
    }
}

fn unknown(table: &Table<'_>, name: &Spanned<String>, what: &str, known: &[&str], none: &str) {
    let found = name.get_ref();
    let help = match crate::base::problem::nearest(found, known) {
        Some(near) => format!("did you mean {near:?}?"),
        None => none.to_owned(),
    };
    table.add_with_help(name.span(), format!("{what} {found:?} is not in the network"), help);
}

fn wrong_kind(table: &Table<'_>, key: &str, name: &Spanned<String>, wanted: &str, found: &str) {
    let text = format!("`{key}` must be {wanted}, but {:?} is {found}", name.get_ref());
    table.add(name.span(), text);
}

/// The id under `key`, which must be there, and be no other `what`'s: `seen` says where each was
/// first used.
pub(super) fn new_id<T: Ord + Clone + AsRef<str>, E: std::fmt::Display>(
    table: &Table<'_>,
    (key, what): (&str, &str),
    check: impl FnOnce(&str) -> Result<T, E>,
    seen: &mut BTreeMap<T, String>,
) -> Option<Spanned<T>> {
    let id = table.parse(key, check)?;
    let place = table.source().place(id.span().start);
    if let Some(first) = seen.get(id.get_ref()) {
        let text = format!("{what} {:?} is there twice", id.get_ref().as_ref());
        table.add_with_help(id.span(), text, format!("the first is at {first}"));
    } else {
        seen.insert(id.get_ref().clone(), place);
    }
    Some(id)
}

/// A node's kind in words, with its article.
pub(super) fn node_kind(kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::Junction { .. } => "a junction",
        NodeKind::Reservoir => "a reservoir",
        NodeKind::Tank(_) => "a tank",
    }
}

/// A link's kind in words, with its article.
pub(super) fn link_kind(kind: &LinkKind) -> &'static str {
    match kind {
        LinkKind::Pipe { .. } => "a pipe",
        LinkKind::Pump { .. } => "a pump",
        LinkKind::Valve { kind: ValveKind::Prv, .. } => "a pressure-reducing valve",
        LinkKind::Valve { kind: ValveKind::Psv, .. } => "a pressure-sustaining valve",
        LinkKind::Valve { kind: ValveKind::Fcv, .. } => "a flow-control valve",
        LinkKind::Valve { kind: ValveKind::Tcv, .. } => "a throttle valve",
        LinkKind::Valve { kind: ValveKind::Pbv, .. } => "a pressure breaker",
        LinkKind::Valve { kind: ValveKind::Gpv, .. } => "a general purpose valve",
        LinkKind::Valve { kind: ValveKind::Pcv, .. } => "a positional valve",
    }
}
