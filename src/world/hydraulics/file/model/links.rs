//! Pipes, pumps and valves of a file.

use super::super::super::engine::{EngineError, LinkProperty, SolverOption};
use super::{Purpose, Reader, epanet_index, our_index};
use crate::base::units::{Flow, Length, Power};
use crate::plant::efficiency::{EPANET_DEFAULT, Efficiency, LEAST};
use crate::plant::network::{Friction, Lift, LinkKind, LinkStatus, NodeIndex, ValveKind};

/// kW in a horsepower, as EPANET has it.
const KW_PER_HP: f64 = 0.7457;

impl Reader<'_> {
    /// Gives the pumps whose speed has a pattern.
    pub(super) fn read_links(&mut self) -> Result<Vec<(usize, usize)>, EngineError> {
        let mut speeds = Vec::new();
        for at in 0..self.layout.links.len() {
            let item = self.layout.links[at].clone();
            let (start, end) = self.file.link_ends(epanet_index(at))?;
            let (Some(start), Some(end)) = (our_index(start), our_index(end)) else { continue };
            let pattern = self.link(at, LinkProperty::SpeedPattern)? as usize;
            if pattern > 0 {
                speeds.push((at, pattern));
            }
            if self.link(at, LinkProperty::LeakArea)? != 0.0
                || self.link(at, LinkProperty::LeakExpansion)? != 0.0
            {
                let text = format!("{}: a pipe that leaks ([LEAKAGE])", item.id);
                match self.purpose {
                    Purpose::Solve => self.refuse(text),
                    // A plant's leakage comes from its condition.
                    Purpose::Plant => self.approximated.push(format!("{text}: left out")),
                }
            }
            let is_check = item.kind == "pipe with check valve";
            let kind = match item.kind {
                "pipe" | "pipe with check valve" => self.pipe(at, is_check)?,
                "pump" => self.pump(at)?,
                _ => self.valve(at)?,
            };
            let initial = match self.link(at, LinkProperty::InitialStatus)? {
                _ if is_check => LinkStatus::Open,
                0.0 => LinkStatus::Closed,
                1.0 => LinkStatus::opened(&kind),
                _ => LinkStatus::Open, // a valve that regulates
            };
            self.add_link(item.id, NodeIndex(start), NodeIndex(end), kind, initial);
        }
        Ok(speeds)
    }

    fn link(&self, at: usize, property: LinkProperty) -> Result<f64, EngineError> {
        self.file.link_value(epanet_index(at), property)
    }

    fn pipe(&self, at: usize, check_valve: bool) -> Result<LinkKind, EngineError> {
        let diameter = self.link(at, LinkProperty::Diameter)? * self.units.diameter;
        let roughness = self.link(at, LinkProperty::Roughness)?;
        let is_height = self.network.friction == Friction::DarcyWeisbach;
        Ok(LinkKind::Pipe {
            length: Length::m(self.link(at, LinkProperty::Length)? * self.units.length),
            diameter: Length::m(diameter),
            // A height is in thousandths of the length unit.
            roughness: if is_height { roughness * self.units.length / 1e3 } else { roughness },
            minor_loss: self.link(at, LinkProperty::MinorLoss)?,
            check_valve,
        })
    }

    fn pump(&self, at: usize) -> Result<LinkKind, EngineError> {
        let index = self.link(at, LinkProperty::HeadCurve)? as i32;
        let lift = if index == 0 {
            let unit = if self.units.is_metric { 1.0 } else { KW_PER_HP };
            Lift::Power(Power::kw(self.link(at, LinkProperty::PumpPower)? * unit))
        } else {
            let point = |(flow, head): (f64, f64)| {
                (Flow::m3_per_s(flow * self.units.flow), Length::m(head * self.units.length))
            };
            Lift::Curve(self.file.curve(index)?.into_iter().map(point).collect())
        };
        Ok(LinkKind::Pump {
            efficiency: self.efficiency(at, &lift)?,
            lift,
            speed: self.link(at, LinkProperty::InitialSetting)?.max(0.0),
        })
    }

    /// The pump's own curve, else the file's one for all; a plant has better than EPANET's
    /// default when the file gives none.
    fn efficiency(&self, at: usize, lift: &Lift) -> Result<Efficiency, EngineError> {
        let own = self.link(at, LinkProperty::EfficiencyCurve)? as i32;
        if own > 0 {
            let flow = |flow: f64| Flow::m3_per_s(flow * self.units.flow);
            let points = self.file.curve(own)?.into_iter();
            let share = |percent: f64| (percent / 100.0).clamp(LEAST, 1.0); // as EPANET takes it
            let points = points.map(|(x, percent)| (flow(x), share(percent)));
            return Ok(Efficiency::Points(points.collect()));
        }
        let global = self.file.option(SolverOption::GlobalEfficiency)? / 100.0;
        let is_unsaid = (global - EPANET_DEFAULT).abs() < 1e-9;
        Ok(match self.purpose {
            Purpose::Plant if is_unsaid => lift.usual_efficiency(),
            _ => Efficiency::constant(global),
        })
    }

    fn valve(&self, at: usize) -> Result<LinkKind, EngineError> {
        let word = self.layout.links[at].kind;
        let kind = ValveKind::CHOICES.iter().find(|(own, _)| *own == word);
        let kind = kind.map_or(ValveKind::Tcv, |(_, kind)| *kind);
        let setting = match kind {
            ValveKind::Gpv => 0.0, // EPANET keeps the curve's number there
            _ => self.link(at, LinkProperty::InitialSetting)? * self.setting_unit(kind),
        };
        Ok(LinkKind::Valve {
            kind,
            diameter: Length::m(self.link(at, LinkProperty::Diameter)? * self.units.diameter),
            setting,
            minor_loss: self.link(at, LinkProperty::MinorLoss)?,
            curve: self.valve_curve(at, kind)?,
        })
    }

    fn valve_curve(&self, at: usize, kind: ValveKind) -> Result<Vec<(f64, f64)>, EngineError> {
        let (property, x, y) = match kind {
            ValveKind::Gpv => (LinkProperty::GpvCurve, self.units.flow, self.units.length),
            ValveKind::Pcv => (LinkProperty::PcvCurve, 1.0, 1.0),
            _ => return Ok(Vec::new()),
        };
        let index = self.link(at, property)? as i32;
        if index == 0 {
            return Ok(Vec::new());
        }
        Ok(self.file.curve(index)?.into_iter().map(|point| (point.0 * x, point.1 * y)).collect())
    }

    /// A valve's setting in SI, of one in the file's unit.
    pub(super) fn setting_unit(&self, kind: ValveKind) -> f64 {
        match kind {
            ValveKind::Prv | ValveKind::Psv | ValveKind::Pbv => self.units.pressure,
            ValveKind::Fcv => self.units.flow,
            ValveKind::Tcv | ValveKind::Gpv | ValveKind::Pcv => 1.0,
        }
    }
}
