//! Junctions, reservoirs and tanks of a file, their patterns and sources.

use super::super::super::engine::{EngineError, NodeProperty, SolverOption};
use super::super::QualityKind;
use super::{Model, Reader, Supply, epanet_index};
use crate::base::units::{Flow, Length, Volume};
use crate::plant::network::{
    Link, LinkIndex, LinkKind, LinkStatus, Mixing, Node, NodeIndex, NodeKind, Shape, Tank,
    ValveKind,
};

/// EPANET's error "there is no source at this node".
const NO_SOURCE: i32 = 240;

/// Length and diameter of the pipe beside a supply's valve, m: its water does not matter.
const STUB_M: (f64, f64) = (1.0, 0.3);

/// How far a supply stands above everything else, m: its valve always has head to throttle.
const SUPPLY_ABOVE_M: f64 = 500.0;

/// What nodes say besides what they are; lists have one entry per node.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    pub initial_quality: Vec<f64>,
    pub emitters: Vec<f64>,
    pub demands: Vec<Vec<(Flow, usize)>>,
    pub heads: Vec<(usize, Length, usize)>,
    pub sources: Vec<Source>,
}

/// What is put into the water of a node, in the file's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Source {
    /// Where.
    pub node: NodeIndex,
    /// How.
    pub kind: SourceType,
    /// How much: a concentration, or mass a minute.
    pub strength: f64,
    /// Index of its pattern; 0 for none.
    pub(super) pattern: usize,
}

/// EPANET's kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceType {
    /// The concentration of what comes from outside.
    Concentration,
    /// So much mass a minute.
    Mass,
    /// What is missing to a concentration.
    SetPoint,
    /// So much on top of what is there.
    FlowPaced,
}

impl Reader<'_> {
    pub(super) fn read_nodes(&mut self) -> Result<Nodes, EngineError> {
        let mut nodes = Nodes::default();
        let exponent = self.file.option(SolverOption::EmitterExponent)?;
        for at in 0..self.layout.nodes.len() {
            let item = self.layout.nodes[at].clone();
            let elevation = self.length(at, NodeProperty::Elevation)?;
            let emitter = self.node(at, NodeProperty::Emitter)? * self.units.flow * 3_600.0;
            if emitter != 0.0 && (exponent - 0.5).abs() > 1e-9 {
                self.refuse(format!("{}: an emitter with an exponent other than 0.5", item.id));
            }
            nodes.emitters.push(emitter * (20.0 / self.units.pressure).sqrt());
            nodes.initial_quality.push(self.node(at, NodeProperty::InitialQuality)?);
            nodes.demands.push(self.demand(at, item.kind)?);
            let kind = match item.kind {
                "junction" => NodeKind::Junction { base_demand: Flow::ZERO, pattern: None },
                "tank" => NodeKind::Tank(self.tank(at)?),
                _ => {
                    let pattern = self.node(at, NodeProperty::Pattern)? as usize;
                    if pattern > 0 {
                        nodes.heads.push((at, elevation, pattern));
                    }
                    NodeKind::Reservoir
                }
            };
            nodes.sources.extend(self.source(at)?);
            self.add_node(item.id, kind, elevation);
        }
        Ok(nodes)
    }

    fn node(&self, at: usize, property: NodeProperty) -> Result<f64, EngineError> {
        self.file.node_value(epanet_index(at), property)
    }

    fn length(&self, at: usize, property: NodeProperty) -> Result<Length, EngineError> {
        Ok(Length::m(self.node(at, property)? * self.units.length))
    }

    /// The categories of a junction's demand; none for others.
    fn demand(&self, at: usize, kind: &str) -> Result<Vec<(Flow, usize)>, EngineError> {
        if kind != "junction" {
            return Ok(Vec::new());
        }
        let multiplier = self.file.option(SolverOption::DemandMultiplier)?;
        let usual = self.file.option(SolverOption::DemandPattern)? as usize;
        let category = |(base, pattern): (f64, i32)| {
            let pattern = usize::try_from(pattern).unwrap_or(0);
            let pattern = if pattern == 0 { usual } else { pattern };
            (Flow::m3_per_s(base * multiplier * self.units.flow), pattern)
        };
        Ok(self.file.demands(epanet_index(at))?.into_iter().map(category).collect())
    }

    fn tank(&self, at: usize) -> Result<Tank, EngineError> {
        let [min_level, max_level] =
            [self.length(at, NodeProperty::MinLevel)?, self.length(at, NodeProperty::MaxLevel)?];
        let levels = [self.length(at, NodeProperty::TankLevel)?, min_level, max_level];
        let diameter = self.length(at, NodeProperty::TankDiameter)?;
        let cylinder = Tank {
            overflow: self.node(at, NodeProperty::CanOverflow)? != 0.0,
            mixing: self.mixing(at)?,
            ..Tank::cylinder(levels, diameter)
        };
        let unit = self.units.length * self.units.length * self.units.length;
        let curve = self.node(at, NodeProperty::VolumeCurve)? as i32;
        if curve != 0 {
            let point =
                |(level, volume)| (Length::m(level * self.units.length), Volume::m3(volume * unit));
            let points = self.file.curve(curve)?.into_iter().map(point);
            return Ok(Tank { shape: Shape::Curve(points.collect()), ..cylinder });
        }
        let least = Volume::m3(self.node(at, NodeProperty::MinVolume)? * unit);
        Ok(cylinder.with_least_volume(least))
    }

    fn mixing(&self, at: usize) -> Result<Mixing, EngineError> {
        Ok(match self.node(at, NodeProperty::MixModel)? as i32 {
            1 => Mixing::TwoCompartments { inlet_share: self.node(at, NodeProperty::MixFraction)? },
            2 => Mixing::FirstInFirstOut,
            3 => Mixing::LastInFirstOut,
            _ => Mixing::Complete,
        })
    }

    fn source(&self, at: usize) -> Result<Option<Source>, EngineError> {
        if !matches!(self.layout.quality, QualityKind::Chemical(_)) {
            return Ok(None);
        }
        let kind = match self.node(at, NodeProperty::SourceType) {
            Err(EngineError::Engine { code: NO_SOURCE, .. }) => return Ok(None),
            kind => match kind? as i32 {
                1 => SourceType::Mass,
                2 => SourceType::SetPoint,
                3 => SourceType::FlowPaced,
                _ => SourceType::Concentration,
            },
        };
        Ok(Some(Source {
            node: NodeIndex(at),
            kind,
            strength: self.node(at, NodeProperty::SourceQuality)?,
            pattern: self.node(at, NodeProperty::SourcePattern)? as usize,
        }))
    }

    fn add_node(&mut self, id: String, kind: NodeKind, elevation: Length) -> NodeIndex {
        let index = NodeIndex(self.network.nodes.len());
        self.network.node_index.insert(id.clone(), index);
        self.network.nodes.push(Node { id, kind, elevation, coordinates: None });
        index
    }

    /// Gives every junction whose demand may be negative a reservoir and a valve.
    pub(super) fn add_supplies(&mut self, model: &mut Model) {
        let highest = self.network.nodes.iter().map(|node| node.elevation.as_m());
        let head = Length::m(highest.fold(0.0, f64::max) + SUPPLY_ABOVE_M);
        for junction in 0..self.layout.nodes.len() {
            let is_negative = |(base, pattern): &(Flow, usize)| {
                let (low, high) = model.patterns.extremes(*pattern);
                base.as_m3_per_s() * low < 0.0 || base.as_m3_per_s() * high < 0.0
            };
            if !model.demands[junction].iter().any(is_negative) {
                continue;
            }
            let id = self.network.nodes[junction].id.clone();
            let elevation = self.network.nodes[junction].elevation;
            let bare = NodeKind::Junction { base_demand: Flow::ZERO, pattern: None };
            let mut names = ["from", "in", "main", "valve"]
                .map(|word| self.free_name(&format!("{word}-{id}")))
                .into_iter();
            let mut name = || names.next().unwrap_or_default();
            let reservoir = self.add_node(name(), NodeKind::Reservoir, head);
            let before = self.add_node(name(), bare, elevation);
            let stub = LinkKind::Pipe {
                length: Length::m(STUB_M.0),
                diameter: Length::m(STUB_M.1),
                roughness: self.network.friction.like_c(140.0, Length::m(STUB_M.1)),
                minor_loss: 0.0,
                check_valve: false,
            };
            self.add_link(name(), reservoir, before, stub, LinkStatus::Open);
            let valve = LinkKind::Valve {
                kind: ValveKind::Fcv,
                diameter: Length::m(STUB_M.1),
                setting: 0.0,
                minor_loss: 0.0,
                curve: Vec::new(),
            };
            let to = NodeIndex(junction);
            let LinkIndex(valve) = self.add_link(name(), before, to, valve, LinkStatus::Open);
            model.supplies.push(Supply { junction, reservoir: reservoir.0, valve });
            // EPANET gives no concentration to water that nobody brings.
            model.initial_quality.extend([0.0; 2]);
            model.emitters.extend([0.0; 2]);
            model.demands.extend([Vec::new(), Vec::new()]);
        }
    }

    /// A name that no node and no link of the file has, of at most EPANET's 31 bytes.
    fn free_name(&self, wanted: &str) -> String {
        let mut name: String = wanted.chars().take(24).collect();
        while self.network.node_index.contains_key(&name)
            || self.network.link_index.contains_key(&name)
        {
            name.push('_');
        }
        name
    }

    pub(super) fn add_link(
        &mut self,
        id: String,
        start: NodeIndex,
        end: NodeIndex,
        kind: LinkKind,
        initial: LinkStatus,
    ) -> LinkIndex {
        let index = LinkIndex(self.network.links.len());
        self.network.link_index.insert(id.clone(), index);
        self.network.links.push(Link { id, start, end, kind, initial });
        index
    }
}
