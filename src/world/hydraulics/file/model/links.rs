//! Pipes, pumps, valves and simple controls of a file.

use super::super::super::engine::read::{RawControl, SET_CLOSED, SET_OPEN};
use super::super::super::engine::{EngineError, LinkProperty, SolverOption};
use super::{Purpose, Reader, epanet_index, our_index};
use crate::base::Span;
use crate::base::units::{Flow, Length};
use crate::plant::efficiency::{EPANET_DEFAULT, Efficiency};
use crate::plant::network::{
    ControlAction, ControlWhen, LinkIndex, LinkKind, LinkStatus, NodeIndex, NodeKind,
    SimpleControl, ValveKind,
};

/// A setting below this is EPANET's word for none: the valve is held open or shut.
const NO_SETTING: f64 = -1e9;

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
            let is_closed = self.link(at, LinkProperty::InitialStatus)? == 0.0;
            let initial =
                if is_closed && !is_check { LinkStatus::Closed } else { LinkStatus::Open };
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
        Ok(LinkKind::Pipe {
            length: Length::m(self.link(at, LinkProperty::Length)? * self.units.length),
            diameter: Length::m(diameter),
            // Darcy–Weisbach's is in thousandths of the length unit.
            roughness_c: self.loss.as_c(roughness, roughness * self.units.length / 1e3, diameter),
            minor_loss: self.link(at, LinkProperty::MinorLoss)?,
            check_valve,
        })
    }

    fn pump(&mut self, at: usize) -> Result<LinkKind, EngineError> {
        let index = self.link(at, LinkProperty::HeadCurve)? as i32;
        if index == 0 {
            let id = self.layout.links[at].id.clone();
            self.refuse(format!("{id}: a pump of constant power; give it a head curve (HEAD)"));
            let efficiency = Efficiency::constant(EPANET_DEFAULT);
            return Ok(LinkKind::Pump { curve: Vec::new(), speed: 1.0, efficiency });
        }
        let point = |(flow, head): (f64, f64)| {
            (Flow::m3_per_s(flow * self.units.flow), Length::m(head * self.units.length))
        };
        let curve: Vec<(Flow, Length)> = self.file.curve(index)?.into_iter().map(point).collect();
        Ok(LinkKind::Pump {
            efficiency: self.efficiency(at, &curve)?,
            curve,
            speed: self.link(at, LinkProperty::InitialSetting)?.max(0.0),
        })
    }

    /// The pump's own curve, else the file's one for all; a plant has better than EPANET's
    /// default when the file gives none.
    fn efficiency(&self, at: usize, curve: &[(Flow, Length)]) -> Result<Efficiency, EngineError> {
        let own = self.link(at, LinkProperty::EfficiencyCurve)? as i32;
        if own > 0 {
            let flow = |flow: f64| Flow::m3_per_s(flow * self.units.flow);
            let points = self.file.curve(own)?.into_iter();
            let points = points.map(|(x, percent)| (flow(x), percent / 100.0));
            return Ok(Efficiency::Points(points.collect()));
        }
        let global = self.file.option(SolverOption::GlobalEfficiency)? / 100.0;
        let is_unsaid = (global - EPANET_DEFAULT).abs() < 1e-9;
        Ok(match self.purpose {
            Purpose::Plant if is_unsaid => Efficiency::usual(curve),
            _ => Efficiency::constant(global),
        })
    }

    fn valve(&mut self, at: usize) -> Result<LinkKind, EngineError> {
        let item = self.layout.links[at].clone();
        let (kind, factor) = match item.kind {
            "PRV" => (ValveKind::Prv, self.units.pressure),
            "PSV" => (ValveKind::Psv, self.units.pressure),
            "FCV" => (ValveKind::Fcv, self.units.flow),
            "TCV" => (ValveKind::Tcv, 1.0),
            other => {
                self.refuse(format!(
                    "{}: a valve of kind {other}; write a PRV, PSV, FCV or TCV",
                    item.id
                ));
                (ValveKind::Tcv, 1.0)
            }
        };
        let diameter = Length::m(self.link(at, LinkProperty::Diameter)? * self.units.diameter);
        let minor_loss = self.link(at, LinkProperty::MinorLoss)?;
        let setting = self.link(at, LinkProperty::InitialSetting)?;
        if setting > NO_SETTING {
            return Ok(LinkKind::Valve { kind, diameter, setting: setting * factor, minor_loss });
        }
        let index = epanet_index(at);
        if self.file.controls()?.iter().any(|control| control.link == index) {
            self.refuse(format!("{}: a valve held open or shut that has controls", item.id));
        }
        // Whatever it would regulate, it is its minor loss, or shut.
        Ok(LinkKind::Valve { kind: ValveKind::Tcv, diameter, setting: minor_loss, minor_loss })
    }

    pub(super) fn read_controls(&mut self) -> Result<(), EngineError> {
        for control in self.file.controls()? {
            let Some(link) = our_index(control.link) else { continue };
            let Some(action) = self.action(link, &control) else { continue };
            let Some(when) = self.when(&control) else { continue };
            self.network.controls.push(SimpleControl { link: LinkIndex(link), action, when });
        }
        Ok(())
    }

    fn action(&mut self, link: usize, control: &RawControl) -> Option<ControlAction> {
        let setting = control.setting;
        let opens = setting == SET_OPEN;
        let closes = setting == SET_CLOSED;
        let factor = match &self.network.links[link].kind {
            LinkKind::Pipe { .. } if closes || setting == 0.0 => {
                return Some(ControlAction::Closed);
            }
            LinkKind::Pipe { .. } => return Some(ControlAction::Open),
            _ if closes => return Some(ControlAction::Closed),
            LinkKind::Pump { .. } if opens => return Some(ControlAction::Open),
            LinkKind::Valve { .. } if opens => {
                let id = self.network.links[link].id.clone();
                self.refuse(format!("{id}: a control that holds a valve open; give it a setting"));
                return None;
            }
            LinkKind::Valve { kind: ValveKind::Prv | ValveKind::Psv, .. } => self.units.pressure,
            LinkKind::Valve { kind: ValveKind::Fcv, .. } => self.units.flow,
            LinkKind::Valve { kind: ValveKind::Tcv, .. } | LinkKind::Pump { .. } => 1.0,
        };
        Some(ControlAction::Setting(setting * factor))
    }

    fn when(&self, control: &RawControl) -> Option<ControlWhen> {
        let time = Span::seconds(control.level.round() as i64);
        let node = our_index(control.node);
        let level = |node: usize| {
            let is_tank = matches!(self.network.nodes[node].kind, NodeKind::Tank(_));
            let unit = if is_tank { self.units.length } else { self.units.pressure };
            Length::m(control.level * unit)
        };
        match (control.kind, node) {
            (0, Some(node)) => Some(ControlWhen::Below(NodeIndex(node), level(node))),
            (1, Some(node)) => Some(ControlWhen::Above(NodeIndex(node), level(node))),
            (2, _) => Some(ControlWhen::AtTime(time)),
            (3, _) => Some(ControlWhen::AtClockTime(time)),
            _ => None,
        }
    }
}
