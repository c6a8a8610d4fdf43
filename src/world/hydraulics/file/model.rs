//! Any EPANET file as a network of ours: units in SI, patterns, sources, controls.
//!
//! EPANET reads the text, so that both engines understand it alike. What our clock, tanks, controls
//! or transport cannot do is refused by name: nothing of a file is silently left out.

mod controls;
mod every_day;
mod links;
mod nodes;
mod reactions;

use std::path::Path;
use std::sync::Arc;

use super::super::engine::file::{FileEngine, TimeParameter};
use super::super::engine::{EngineError, SolverOption};
use super::super::state::Boundary;
use super::{FT, Layout, QualityKind, Times, layout};
use crate::base::Span;
use crate::base::units::{Flow, Length};
use crate::plant::network::{
    Friction, LinkStatus, Liquid, Network, NodeIndex, NodeKind, PressureDriven, RuleStep,
};

/// Feet of water in a psi, as EPANET has it.
const FT_PER_PSI: f64 = 1.0 / 0.4333;

/// EPANET's pressure units in m of water, in the order of `EN_PressUnits`.
const PRESSURE_UNITS: [f64; 5] =
    [FT * FT_PER_PSI, FT * FT_PER_PSI / 6.895, 1.0, FT * FT_PER_PSI / 0.068_948, FT];

pub use nodes::{Source, SourceType};
pub use reactions::OwnReactions;

/// A file as our world sees it.
#[derive(Debug, Clone)]
pub struct Model {
    /// Names and times, as EPANET's own run has them.
    pub layout: Layout,
    /// The file's nodes and links in EPANET's order, then what stands for water from outside.
    pub network: Arc<Network>,
    /// Quality of each node of the network at the start, in the file's unit.
    pub initial_quality: Vec<f64>,
    /// From the file's unit of quality to that of `Layout::quality`.
    pub quality_factor: f64,
    /// Time of the first report, s.
    pub report_start_s: i64,
    /// Longest step of the transport, s.
    pub quality_step_s: i64,
    /// Time of day at the start, s.
    pub clock_start_s: i64,
    /// Weight of the liquid over that of water.
    pub specific_gravity: f64,
    /// Emitters: m³/h at 20 m, per node.
    emitters: Vec<f64>,
    patterns: Patterns,
    /// Categories of each node: flow and index of the pattern.
    demands: Vec<Vec<(Flow, usize)>>,
    /// Reservoirs whose head has a pattern.
    heads: Vec<(usize, Length, usize)>,
    /// Pumps whose speed has a pattern.
    speeds: Vec<(usize, usize)>,
    supplies: Vec<Supply>,
    sources: Vec<Source>,
    /// Pipes and tanks with coefficients of their own.
    pub own_reactions: OwnReactions,
    /// What is not exactly as in the file, a sentence each; only `read_for_plant` approximates.
    pub approximated: Vec<String>,
}

/// What a file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To be solved as it is.
    Solve,
    /// To become a plant.
    Plant,
}

/// Water that comes into a junction from outside (a negative demand): a reservoir of our own and a
/// valve that lets the wanted flow through.
#[derive(Debug, Clone, Copy)]
struct Supply {
    junction: usize,
    reservoir: usize,
    valve: usize,
}

#[derive(Debug, Clone, Default)]
struct Patterns {
    factors: Vec<Vec<f64>>,
    step_s: i64,
    start_s: i64,
}

impl Patterns {
    /// The factor at a time; pattern 0 is EPANET's word for none.
    fn at(&self, pattern: usize, time_s: i64) -> f64 {
        let period = (time_s + self.start_s) / self.step_s.max(1);
        let factors = pattern.checked_sub(1).and_then(|at| self.factors.get(at));
        match factors {
            Some(factors) if !factors.is_empty() => factors[period as usize % factors.len()],
            _ => 1.0,
        }
    }

    fn until_next(&self, time_s: i64) -> i64 {
        let step = self.step_s.max(1);
        step - (time_s + self.start_s) % step
    }

    /// The lowest and the highest factor.
    fn extremes(&self, pattern: usize) -> (f64, f64) {
        match pattern.checked_sub(1).and_then(|at| self.factors.get(at)) {
            Some(factors) => {
                let sorted = factors.iter().copied();
                (sorted.clone().fold(f64::INFINITY, f64::min), sorted.fold(f64::MIN, f64::max))
            }
            None => (1.0, 1.0),
        }
    }
}

/// Why a file cannot be solved by our world.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// EPANET refuses it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It holds what our world cannot do: a sentence for each.
    #[error("the file holds what the engine `world` cannot do")]
    Unsupported(Vec<String>),
}

/// From the file's units to SI.
#[derive(Debug, Clone, Copy)]
struct Units {
    is_metric: bool,
    flow: f64,
    length: f64,
    /// Diameters of pipes and valves: inches or millimetres.
    diameter: f64,
    pressure: f64,
}

/// A file on its way to a model.
struct Reader<'f> {
    file: &'f FileEngine,
    purpose: Purpose,
    approximated: Vec<String>,
    units: Units,
    quality_factor: f64,
    layout: Layout,
    network: Network,
    refused: Vec<String>,
}

impl Model {
    /// Reads the file at `path`, which EPANET must have accepted before.
    ///
    /// Errors: `Unsupported` with everything that our world cannot do.
    pub fn read(path: &Path, times: Times) -> Result<Self, ModelError> {
        Self::read_for(Purpose::Solve, path, times)
    }

    /// Reads what a plant can use of it: its water quality is left out.
    ///
    /// Errors: `Unsupported` with everything that our world cannot do even so.
    pub fn read_for_plant(path: &Path) -> Result<Self, ModelError> {
        Self::read_for(Purpose::Plant, path, Times::default())
    }

    fn read_for(purpose: Purpose, path: &Path, times: Times) -> Result<Self, ModelError> {
        let mut file = FileEngine::open(path, None)?;
        if let Some(duration) = times.duration_s {
            file.set_time(TimeParameter::Duration, duration)?;
        }
        if let Some(step) = times.step_s {
            file.set_time(TimeParameter::ReportStep, step)?;
        }
        file.start()?;
        let (mut layout, factors) = layout(&file)?;
        if purpose == Purpose::Plant {
            layout.quality = QualityKind::None;
        }
        let metric = layout.flow_unit.starts_with(['L', 'C']) || layout.flow_unit == "MLD";
        let metric = metric && layout.flow_unit != "CFS";
        let unit = file.option(SolverOption::PressureUnit)? as usize;
        // Some units of pressure are a weight: a heavier liquid has less height for it.
        let gravity = file.option(SolverOption::SpecificGravity)?;
        let weighs = !matches!(unit, 2 | 4);
        let units = Units {
            is_metric: metric,
            flow: factors.flow,
            length: factors.length,
            diameter: if metric { 1e-3 } else { FT / 12.0 },
            pressure: PRESSURE_UNITS.get(unit).copied().unwrap_or(1.0)
                / if weighs { gravity } else { 1.0 },
        };
        let mut reader = Reader {
            file: &file,
            purpose,
            approximated: Vec::new(),
            units,
            quality_factor: factors.quality,
            layout,
            network: Network::default(),
            refused: Vec::new(),
        };
        let model = reader.model()?;
        if reader.refused.is_empty() {
            Ok(model)
        } else {
            Err(ModelError::Unsupported(reader.refused))
        }
    }

    /// Sets what the patterns say at `time_s`, as EPANET does before each of its solutions.
    pub fn set(&self, time_s: i64, boundary: &mut Boundary) {
        for (at, categories) in self.demands.iter().enumerate() {
            boundary.demand[at] = Flow::m3_per_s(self.wanted(categories, time_s).max(0.0));
        }
        for supply in &self.supplies {
            let inflow = -self.wanted(&self.demands[supply.junction], time_s);
            boundary.setting[supply.valve] = inflow.max(0.0);
        }
        for (node, head, pattern) in &self.heads {
            boundary.reservoir_head[*node] = *head * self.patterns.at(*pattern, time_s);
        }
        for (pump, pattern) in &self.speeds {
            let speed = self.patterns.at(*pattern, time_s);
            boundary.speed[*pump] = speed;
            boundary.status[*pump] =
                if speed > 0.0 { LinkStatus::Open } else { LinkStatus::Closed };
        }
        boundary.leak_m3_per_h_at_20_m.copy_from_slice(&self.emitters);
    }

    /// Seconds from `time_s` until a pattern may change.
    pub fn until_pattern_s(&self, time_s: i64) -> i64 {
        self.patterns.until_next(time_s)
    }

    /// What is put into the water at `time_s`; water from outside a junction has a reservoir of
    /// its own.
    pub fn sources(&self, time_s: i64) -> impl Iterator<Item = Source> {
        let at = move |source: &Source| Source {
            strength: source.strength * self.patterns.at(source.pattern, time_s),
            ..*source
        };
        self.sources.iter().map(at)
    }

    /// Water that comes into a junction from outside, m³/s. `flows`: one per link of the network.
    pub fn inflow_at(&self, junction: usize, flows: &[f64]) -> f64 {
        let own = self.supplies.iter().filter(|supply| supply.junction == junction);
        own.map(|supply| flows[supply.valve]).sum()
    }

    fn wanted(&self, categories: &[(Flow, usize)], time_s: i64) -> f64 {
        let one = |(base, pattern): &(Flow, usize)| {
            base.as_m3_per_s() * self.patterns.at(*pattern, time_s)
        };
        categories.iter().map(one).sum()
    }
}

impl Reader<'_> {
    fn refuse(&mut self, text: impl Into<String>) {
        self.refused.push(text.into());
    }

    fn model(&mut self) -> Result<Model, EngineError> {
        self.read_options()?;
        let patterns = Patterns {
            factors: self.file.patterns()?,
            step_s: self.file.time(TimeParameter::PatternStep)?,
            start_s: self.file.time(TimeParameter::PatternStart)?,
        };
        let nodes = self.read_nodes()?;
        let speeds = self.read_links()?;
        self.read_controls()?;
        self.check_reactions()?;
        let mut model = Model {
            initial_quality: nodes.initial_quality,
            quality_factor: self.quality_factor,
            report_start_s: self.file.time(TimeParameter::ReportStart)?,
            quality_step_s: self.file.time(TimeParameter::QualityStep)?.max(1),
            clock_start_s: self.file.time(TimeParameter::ClockStart)?,
            emitters: nodes.emitters,
            specific_gravity: self.file.option(SolverOption::SpecificGravity)?,
            patterns,
            demands: nodes.demands,
            heads: nodes.heads,
            speeds,
            supplies: Vec::new(),
            sources: Vec::new(),
            own_reactions: self.own_reactions()?,
            approximated: std::mem::take(&mut self.approximated),
            network: Arc::default(),
            layout: self.layout.clone(),
        };
        self.add_supplies(&mut model);
        for source in nodes.sources {
            let supply = model.supplies.iter().find(|supply| supply.junction == source.node.0);
            let from = match (source.kind, supply) {
                (SourceType::Concentration, Some(supply)) => NodeIndex(supply.reservoir),
                _ => source.node,
            };
            let kind = match (source.kind, &self.network.nodes[from.0].kind) {
                // EPANET gives no concentration to water that nobody brings.
                (SourceType::Concentration, NodeKind::Junction { .. }) => continue,
                (SourceType::Concentration, NodeKind::Tank(_)) => SourceType::FlowPaced,
                (kind, _) => kind,
            };
            model.sources.push(Source { node: from, kind, ..source });
        }
        model.network = Arc::new(std::mem::take(&mut self.network));
        Ok(model)
    }

    fn read_options(&mut self) -> Result<(), EngineError> {
        self.network.friction = match self.file.option(SolverOption::HeadLoss)? {
            1.0 => Friction::DarcyWeisbach,
            2.0 => Friction::ChezyManning,
            _ => Friction::HazenWilliams,
        };
        self.network.liquid = Liquid {
            viscosity: self.file.option(SolverOption::Viscosity)?,
            diffusivity: self.file.option(SolverOption::Diffusivity)?,
        };
        let rule_step = self.file.time(TimeParameter::RuleStep)?.max(1);
        self.network.rule_step = RuleStep(Span::seconds(rule_step));
        let demand = self.file.demand_model()?;
        if demand.is_pressure_driven {
            self.network.pressure_driven = PressureDriven {
                minimum: Length::m(demand.minimum * self.units.pressure),
                required: Length::m(demand.required * self.units.pressure),
                exponent: demand.exponent,
            };
        }
        self.network.demand_driven = !demand.is_pressure_driven;
        Ok(())
    }
}

/// EPANET counts from 1.
fn epanet_index(at: usize) -> i32 {
    i32::try_from(at + 1).unwrap_or(i32::MAX)
}

/// Ours count from 0; none for EPANET's 0.
fn our_index(index: i32) -> Option<usize> {
    usize::try_from(index).ok()?.checked_sub(1)
}
