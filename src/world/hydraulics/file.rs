//! Any EPANET file, solved by EPANET's own stepping, in SI units.
//!
//! In: the path of a `.inp` file. Out: heads, pressures, demands, flows and quality, one reporting
//! step at a time. The steps, controls, rules and patterns are EPANET's, not ours.

pub mod model;

use std::path::Path;

use super::engine::file::{FileEngine, QualityInfo, TimeParameter};
use super::engine::{EngineError, LinkProperty, NodeProperty, Warning};
use crate::base::units::{Flow, Length, Power, Volume};

pub use super::engine::file::decode;
pub use crate::plant::network::SolvedStatus as Status;

const FT: f64 = 0.3048;
const FT3: f64 = FT * FT * FT;
const GALLON: f64 = 0.003_785_411_784;
const IMPERIAL_GALLON: f64 = 0.004_546_09;
const ACRE_FOOT: f64 = 43_560.0 * FT3;
const DAY_S: f64 = 86_400.0;

/// EPANET's flow units, in the order of `EN_FlowUnits`: name, m³/s in one of it, length unit in m.
const FLOW_UNITS: [(&str, f64, f64); 11] = [
    ("CFS", FT3, FT),
    ("GPM", GALLON / 60.0, FT),
    ("MGD", GALLON * 1e6 / DAY_S, FT),
    ("IMGD", IMPERIAL_GALLON * 1e6 / DAY_S, FT),
    ("AFD", ACRE_FOOT / DAY_S, FT),
    ("LPS", 1e-3, 1.0),
    ("LPM", 1e-3 / 60.0, 1.0),
    ("MLD", 1e3 / DAY_S, 1.0),
    ("CMH", 1.0 / 3_600.0, 1.0),
    ("CMD", 1.0 / DAY_S, 1.0),
    ("CMS", 1.0, 1.0),
];

/// EPANET's kinds of nodes, in the order of `EN_NodeType`.
const NODE_KINDS: [&str; 3] = ["junction", "reservoir", "tank"];

/// EPANET's kinds of links, in the order of `EN_LinkType`.
const LINK_KINDS: [&str; 10] =
    ["pipe with check valve", "pipe", "pump", "PRV", "PSV", "PBV", "FCV", "TCV", "GPV", "PCV"];

/// What replaces the file's own times.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// How long, in seconds.
    pub duration_s: Option<i64>,
    /// Between reports, in seconds; hydraulic steps get no longer than this.
    pub step_s: Option<i64>,
}

/// A node or link of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// EPANET's id.
    pub id: String,
    /// EPANET's word for its kind, such as `junction` or `PRV`.
    pub kind: &'static str,
}

/// What the file computes besides hydraulics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QualityKind {
    /// Nothing.
    None,
    /// A dissolved substance in mg/L.
    Chemical(String),
    /// Age of the water in h.
    Age,
    /// Share of the water that comes from this node, in %.
    Trace(String),
}

/// What stays the same from step to step.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Nodes in EPANET's order: junctions first.
    pub nodes: Vec<Item>,
    /// Links in EPANET's order.
    pub links: Vec<Item>,
    /// What `NodeState::quality` is.
    pub quality: QualityKind,
    /// The file's flow unit, such as `GPM`.
    pub flow_unit: &'static str,
    /// Simulated time, s.
    pub duration_s: i64,
    /// Time between reports, s.
    pub step_s: i64,
    /// Longest time between solutions, s.
    pub hydraulic_step_s: i64,
}

/// A node at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeState {
    /// Head above the file's datum.
    pub head: Length,
    /// Head above the node (above the bottom of a tank; 0 at a reservoir).
    pub pressure: Length,
    /// What leaves the network here, with emitters and leaks; what enters a tank; negative where
    /// a reservoir or tank gives.
    pub demand: Flow,
    /// In the unit of `Layout::quality`; none when the file computes no quality.
    pub quality: Option<f64>,
}

/// A link at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkState {
    /// From start to end.
    pub flow: Flow,
    /// Does it let water pass?
    pub status: Status,
    /// Electrical power of a pump; none for other links.
    pub power: Power,
}

/// What EPANET found odd about one of its solutions, which it still gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepWarning {
    /// Seconds from the start.
    pub time_s: i64,
    /// EPANET's warning code as a word.
    pub kind: Warning,
    /// EPANET's words, without the time.
    pub text: String,
}

/// All nodes and links at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// Seconds from the start.
    pub time_s: i64,
    /// In the order of `Layout::nodes`.
    pub nodes: Vec<NodeState>,
    /// In the order of `Layout::links`.
    pub links: Vec<LinkState>,
    /// Of this moment, and of those since the last report.
    pub warnings: Vec<StepWarning>,
}

/// Water that has crossed the network's borders, over all hydraulic steps so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    /// Out of reservoirs, less what has gone back.
    pub supplied: Volume,
    /// Out of junctions: demands, emitters, leaks.
    pub delivered: Volume,
    /// Into tanks, less what has come out.
    pub stored: Volume,
}

/// A file on its way through time.
pub struct FileRun {
    engine: FileEngine,
    layout: Layout,
    factors: Factors,
    elevations: Vec<f64>,
    next_report_s: i64,
    solved_s: i64,
    finished: bool,
    totals: Totals,
    step: Step,
    buffers: Buffers,
}

/// From the file's units to SI.
#[derive(Debug, Clone, Copy)]
struct Factors {
    flow: f64,
    length: f64,
    quality: f64,
}

/// Values as EPANET gives them; kept, so that a step allocates nothing.
#[derive(Debug, Default)]
struct Buffers {
    heads: Vec<f64>,
    demands: Vec<f64>,
    quality: Vec<f64>,
    flows: Vec<f64>,
    status: Vec<f64>,
    power: Vec<f64>,
}

/// EPANET refuses the file or finds no solution.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct FileError {
    /// EPANET's answer.
    pub error: EngineError,
    /// What it has written about it, one line each; `mistakes::in_report` reads them.
    pub report: Vec<String>,
}

impl From<EngineError> for FileError {
    fn from(error: EngineError) -> Self {
        Self { error, report: Vec::new() }
    }
}

impl FileRun {
    /// Lets EPANET read and check the file. `report`: a file for EPANET's list of the mistakes in
    /// it, for a second try after a refusal.
    pub fn open(path: &Path, report: Option<&Path>, times: Times) -> Result<Self, FileError> {
        let mut engine = FileEngine::open(path, report)?;
        if let Some(duration) = times.duration_s {
            engine.set_time(TimeParameter::Duration, duration)?;
        }
        if let Some(step) = times.step_s {
            engine.set_time(TimeParameter::ReportStep, step)?;
        }
        if let Err(error) = engine.start() {
            return Err(FileError { error, report: engine.take_lines() });
        }
        let (layout, factors) = layout(&engine)?;
        let mut elevations = Vec::new();
        engine.engine().node_values(NodeProperty::Elevation, &mut elevations)?;
        let next_report_s = engine.time(TimeParameter::ReportStart)?;
        Ok(Self {
            engine,
            layout,
            factors,
            elevations,
            next_report_s,
            solved_s: 0,
            finished: false,
            totals: Totals::default(),
            step: Step::default(),
            buffers: Buffers::default(),
        })
    }

    /// Names and times.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Water over the borders so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Time of EPANET's latest solution in seconds. After the end it is the duration, unless EPANET
    /// has stopped early: it could not balance the system, and the file says `UNBALANCED STOP`.
    pub fn solved_s(&self) -> i64 {
        self.solved_s
    }

    /// Warnings since the last reported step.
    pub fn warnings(&self) -> &[StepWarning] {
        &self.step.warnings
    }

    /// Solves up to the next reporting time; none after the end.
    ///
    /// Errors: EPANET finds no solution, or runs out of memory; the report says more.
    pub fn next_step(&mut self) -> Result<Option<&Step>, FileError> {
        self.step.warnings.clear();
        while !self.finished {
            let reported = self
                .solve()
                .map_err(|error| FileError { error, report: self.engine.take_lines() })?;
            if reported {
                return Ok(Some(&self.step));
            }
        }
        Ok(None)
    }

    /// One hydraulic step; was it one to report?
    fn solve(&mut self) -> Result<bool, EngineError> {
        let (now, warning) = self.engine.solve_now()?;
        self.solved_s = now;
        self.note_warnings(warning);
        let engine = self.engine.engine();
        engine.node_values(NodeProperty::Demand, &mut self.buffers.demands)?;
        let report = now >= self.next_report_s;
        if report {
            self.next_report_s += self.layout.step_s;
            self.step.time_s = now;
            self.read()?;
        }
        let ahead = self.engine.advance()?;
        self.finished = ahead == 0;
        self.add_up(ahead as f64);
        Ok(report)
    }

    fn read(&mut self) -> Result<(), EngineError> {
        let Buffers { heads, demands, quality, flows, status, power } = &mut self.buffers;
        let engine = self.engine.engine();
        engine.node_values(NodeProperty::Head, heads)?;
        engine.node_values(NodeProperty::Quality, quality)?;
        engine.link_values(LinkProperty::Flow, flows)?;
        engine.link_values(LinkProperty::Status, status)?;
        engine.link_values(LinkProperty::Energy, power)?;
        let factors = self.factors;
        let has_quality = self.layout.quality != QualityKind::None;
        self.step.nodes.clear();
        self.step.nodes.extend(heads.iter().zip(&self.elevations).zip(demands).zip(quality).map(
            |(((head, elevation), demand), quality)| NodeState {
                head: Length::m(*head * factors.length),
                pressure: Length::m((*head - *elevation) * factors.length),
                demand: Flow::m3_per_s(*demand * factors.flow),
                quality: has_quality.then_some(*quality * factors.quality),
            },
        ));
        self.step.links.clear();
        let items = self.layout.links.iter().zip(flows).zip(status).zip(power);
        self.step.links.extend(items.map(|(((item, flow), status), power)| LinkState {
            flow: Flow::m3_per_s(*flow * factors.flow),
            status: Status::from_epanet(*status),
            // EPANET gives one for what any link loses.
            power: if item.kind == "pump" { Power::kw(*power) } else { Power::ZERO },
        }));
        Ok(())
    }

    fn add_up(&mut self, seconds: f64) {
        for (item, demand) in self.layout.nodes.iter().zip(&self.buffers.demands) {
            let volume = Volume::m3(demand * self.factors.flow * seconds);
            match item.kind {
                "reservoir" => self.totals.supplied += -volume,
                "tank" => self.totals.stored += volume,
                _ => self.totals.delivered += volume,
            }
        }
    }

    fn note_warnings(&mut self, code: Option<Warning>) {
        let said = self.engine.take_lines();
        let time_s = self.solved_s;
        let mut found: Vec<_> = said.iter().filter_map(|line| read_warning(line)).collect();
        if let Some(kind) = code.filter(|kind| !found.iter().any(|(found, _)| found == kind)) {
            found.push((kind, words(kind).to_owned()));
        }
        let found = found.into_iter().map(|(kind, text)| StepWarning { time_s, kind, text });
        self.step.warnings.extend(found);
    }
}

fn layout(engine: &FileEngine) -> Result<(Layout, Factors), EngineError> {
    let (node_count, link_count) = engine.counts()?;
    let item = |(id, kind): (String, i32), kinds: &[&'static str]| {
        let kind = usize::try_from(kind).ok().and_then(|kind| kinds.get(kind)).copied();
        Item { id, kind: kind.unwrap_or("link") }
    };
    let nodes = (1..=node_count)
        .map(|index| Ok(item(engine.node(index)?, &NODE_KINDS)))
        .collect::<Result<Vec<_>, EngineError>>()?;
    let links = (1..=link_count)
        .map(|index| Ok(item(engine.link(index)?, &LINK_KINDS)))
        .collect::<Result<Vec<_>, EngineError>>()?;
    let units = engine.flow_units()?;
    let (flow_unit, flow, length) = usize::try_from(units)
        .ok()
        .and_then(|units| FLOW_UNITS.get(units))
        .copied()
        .ok_or_else(|| EngineError::Input(format!("flow units {units} are not known")))?;
    let (quality, quality_factor) = quality(engine.quality()?, &nodes);
    let factors = Factors { flow, length, quality: quality_factor };
    let layout = Layout {
        nodes,
        links,
        quality,
        flow_unit,
        duration_s: engine.time(TimeParameter::Duration)?,
        step_s: engine.time(TimeParameter::ReportStep)?,
        hydraulic_step_s: engine.time(TimeParameter::HydraulicStep)?,
    };
    Ok((layout, factors))
}

/// The kind of quality, and the factor to its unit.
fn quality(info: QualityInfo, nodes: &[Item]) -> (QualityKind, f64) {
    match info.kind {
        1 => {
            let micrograms = info.unit.to_ascii_lowercase().starts_with("ug");
            (QualityKind::Chemical(info.name), if micrograms { 1e-3 } else { 1.0 })
        }
        2 => (QualityKind::Age, 1.0),
        3 => {
            let traced = usize::try_from(info.traced - 1).ok().and_then(|index| nodes.get(index));
            (QualityKind::Trace(traced.map_or_else(String::new, |node| node.id.clone())), 1.0)
        }
        _ => (QualityKind::None, 1.0),
    }
}

/// EPANET's general words for a warning, when it has not said which pump or node.
fn words(kind: Warning) -> &'static str {
    match kind {
        Warning::Unbalanced => "System unbalanced",
        Warning::Unstable => "Maximum trials exceeded; the system may be unstable",
        Warning::Disconnected => "System disconnected",
        Warning::Pumps => "Pumps cannot deliver enough flow or head",
        Warning::Valves => "Valves cannot deliver enough flow",
        Warning::NegativePressure => "Negative pressures",
    }
}

/// Reads a line such as `WARNING: Pump 9 open but exceeds maximum flow at 5:00:00 hrs.`
fn read_warning(line: &str) -> Option<(Warning, String)> {
    let text = line.trim().strip_prefix("WARNING: ")?;
    let text = text.rsplit_once(" at ").map_or(text, |(text, _)| text).trim_end_matches('.');
    let kind = match text {
        _ if text.starts_with("System unbalanced") => Warning::Unbalanced,
        _ if text.starts_with("Maximum trials") => Warning::Unstable,
        _ if text.contains("disconnected") => Warning::Disconnected,
        _ if text.starts_with("Pump ") => Warning::Pumps,
        _ if text.starts_with("Negative pressures") => Warning::NegativePressure,
        _ => Warning::Valves,
    };
    let text = if kind == Warning::Unstable { words(kind).to_owned() } else { text.to_owned() };
    Some((kind, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_read_without_its_time() {
        let read = |line| read_warning(line).expect("a warning");
        assert_eq!(
            read("WARNING: Pump 9 open but exceeds maximum flow at 5:00:00 hrs."),
            (Warning::Pumps, "Pump 9 open but exceeds maximum flow".to_owned())
        );
        assert_eq!(
            read("WARNING: Node 7 disconnected at 0:00:00 hrs"),
            (Warning::Disconnected, "Node 7 disconnected".to_owned())
        );
        assert_eq!(
            read("WARNING: PRV V1 open but cannot deliver pressure at 1:00:00 hrs."),
            (Warning::Valves, "PRV V1 open but cannot deliver pressure".to_owned())
        );
        assert_eq!(read_warning("Maximum flow change = 0.1 for Link 3"), None);
    }

    #[test]
    fn micrograms_become_milligrams() {
        let info = |unit: &str| QualityInfo {
            kind: 1,
            name: "Lead".to_owned(),
            unit: unit.to_owned(),
            traced: 0,
        };
        let lead = || QualityKind::Chemical("Lead".to_owned());
        assert_eq!(quality(info("ug/L"), &[]), (lead(), 1e-3));
        assert_eq!(quality(info("mg/L"), &[]), (lead(), 1.0));
    }
}
