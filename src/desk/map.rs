//! A plant's network as a drawing shows it: where its nodes lie, what joins them, and which
//! instruments sit there. What flows in it is no part of this: only readings say that.

use serde::Serialize;

use crate::base::TagId;

/// Nodes and links with a place on the map.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NetworkMap {
    /// Where pipes meet, and where water is kept.
    pub nodes: Vec<Spot>,
    /// What joins them.
    pub links: Vec<Line>,
    /// Nodes that the file gives no coordinates, and that are left out with their links.
    pub unplaced: usize,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spot {
    /// Its id in the network file.
    pub id: String,
    /// What it is.
    pub kind: SpotKind,
    /// Coordinates as in the file, m: x to the east …
    pub x: f64,
    /// … and y to the north.
    pub y: f64,
    /// Its height, m.
    pub elevation_m: f64,
    /// The village whose tap it is.
    pub village: Option<String>,
    /// Instruments that sit there.
    pub tags: Vec<TagId>,
}

/// Kinds of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpotKind {
    /// Where pipes meet, or a tap.
    Junction,
    /// An endless body of water.
    Reservoir,
    /// A tank.
    Tank,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Its id in the network file.
    pub id: String,
    /// What it is.
    pub kind: LineKind,
    /// Position of the node it begins at …
    pub from: usize,
    /// … and of the one it ends at.
    pub to: usize,
    /// Instruments that sit in it.
    pub tags: Vec<TagId>,
}

/// Kinds of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    /// A pipe.
    Pipe,
    /// A pump.
    Pump,
    /// A valve.
    Valve,
}
