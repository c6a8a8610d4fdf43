//! Junctions, reservoirs and tanks of a file, their patterns and sources.

use super::super::super::engine::{EngineError, NodeProperty, SolverOption};
use super::super::QualityKind;
use super::{Model, Purpose, Reader, Supply, epanet_index};
use crate::base::units::{Flow, Length};
use crate::plant::network::{
    Link, LinkIndex, LinkKind, LinkStatus, Node, NodeIndex, NodeKind, Tank, ValveKind,
};

/// EPANET's error "there is no source at this node".
const NO_SOURCE: i32 = 240;

/// EPANET's source type "concentration of the inflow".
const CONCENTRATION: f64 = 0.0;

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
    pub sources: Vec<(usize, f64, usize)>,
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
            let source = self.source(at)?;
            nodes.sources.extend(source.map(|(strength, pattern)| (at, strength, pattern)));
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

    fn tank(&mut self, at: usize) -> Result<Tank, EngineError> {
        let mut tank = Tank {
            initial_level: self.length(at, NodeProperty::TankLevel)?,
            min_level: self.length(at, NodeProperty::MinLevel)?,
            max_level: self.length(at, NodeProperty::MaxLevel)?,
            diameter: self.length(at, NodeProperty::TankDiameter)?,
            overflow: self.node(at, NodeProperty::CanOverflow)? != 0.0,
        };
        let id = self.layout.nodes[at].id.clone();
        let unit = self.units.length * self.units.length * self.units.length;
        let least = self.node(at, NodeProperty::MinVolume)? * unit;
        let cylinder = tank.volume(tank.min_level).as_m3();
        let curve = self.node(at, NodeProperty::VolumeCurve)? as i32;
        if self.purpose == Purpose::Plant {
            if curve != 0 {
                let points = self.file.curve(curve)?;
                self.make_cylinder(&mut tank, &points, &id);
            }
        } else if curve != 0 {
            self.refuse(format!("{id}: a tank with a volume curve; only cylinders"));
        } else if (least - cylinder).abs() > 1e-3 * tank.volume(tank.max_level).as_m3() {
            self.refuse(format!("{id}: a minimum volume that is not that of its lowest level"));
        }
        if self.node(at, NodeProperty::MixModel)? != 0.0 && self.layout.quality != QualityKind::None
        {
            self.refuse(format!("{id}: a tank that is not completely mixed ([MIXING])"));
        }
        Ok(tank)
    }

    /// The cylinder that holds as much between the tank's lowest and highest level.
    fn make_cylinder(&mut self, tank: &mut Tank, points: &[(f64, f64)], id: &str) {
        let unit = self.units.length;
        let (low, high) = (tank.min_level.as_m(), tank.max_level.as_m());
        let at = |level: f64| curve_at(points, level / unit) * unit * unit * unit;
        let area = (at(high) - at(low)) / (high - low).max(1e-6);
        tank.diameter = Length::m(libm::sqrt(area.max(0.1) / std::f64::consts::FRAC_PI_4));
        self.approximated.push(format!("{id}: a cylinder of the same volume as its curve"));
    }

    /// Strength and pattern of a source of concentration; others are refused.
    fn source(&mut self, at: usize) -> Result<Option<(f64, usize)>, EngineError> {
        if !matches!(self.layout.quality, QualityKind::Chemical(_)) {
            return Ok(None);
        }
        let kind = match self.node(at, NodeProperty::SourceType) {
            Err(EngineError::Engine { code: NO_SOURCE, .. }) => return Ok(None),
            kind => kind?,
        };
        if kind != CONCENTRATION {
            let id = self.layout.nodes[at].id.clone();
            self.refuse(format!("{id}: a source that is no CONCEN ([SOURCES])"));
        }
        let pattern = self.node(at, NodeProperty::SourcePattern)? as usize;
        Ok(Some((self.node(at, NodeProperty::SourceQuality)?, pattern)))
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
                roughness_c: 140.0,
                minor_loss: 0.0,
                check_valve: false,
            };
            self.add_link(name(), reservoir, before, stub, LinkStatus::Open);
            let valve = LinkKind::Valve {
                kind: ValveKind::Fcv,
                diameter: Length::m(STUB_M.1),
                setting: 0.0,
                minor_loss: 0.0,
            };
            let to = NodeIndex(junction);
            let LinkIndex(valve) = self.add_link(name(), before, to, valve, LinkStatus::Open);
            model.supplies.push(Supply { junction, reservoir: reservoir.0, valve });
            let quality = model.initial_quality[junction];
            model.initial_quality.extend([quality; 2]);
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

/// The height of a rising curve at `x`, straight between its points, flat beyond them.
fn curve_at(points: &[(f64, f64)], x: f64) -> f64 {
    let next = points.partition_point(|(at, _)| *at < x);
    match (next.checked_sub(1).map(|before| points[before]), points.get(next)) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (None, Some((_, y))) => *y,
        (Some((_, y)), None) => y,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_straight_between_its_points_and_flat_beyond_them() {
        let points = [(0.0, 10.0), (2.0, 30.0), (3.0, 90.0)];
        let at = |x| curve_at(&points, x);
        assert_eq!([at(-1.0), at(0.0), at(1.0), at(2.5), at(9.0)], [10.0, 10.0, 20.0, 60.0, 90.0]);
        assert_eq!(curve_at(&[], 1.0), 0.0);
    }
}
