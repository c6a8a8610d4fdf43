//! The network file's simple controls, as EPANET applies them.
//!
//! A level control acts at every solve at which its condition holds; a time control once, at its
//! time. Later controls win. Source: EPANET 2.3 `hydraul.c`, `controls`.

use super::Boundary;
use super::tanks::time_to;
use crate::base::time::UtcOffset;
use crate::base::units::Length;
use crate::base::{Span, Stamp};
use crate::plant::network::{
    ControlAction, ControlWhen, LinkIndex, LinkKind, LinkStatus, Network, NodeKind, SimpleControl,
};

/// A level this close to a control's has reached it, m.
const AT_M: f64 = 1e-6;

/// Two controls that undo each other at nearly one level must not stop the clock: a step ends
/// for a control after this at the earliest. EPANET, too, steps in whole seconds.
const SHORTEST: Span = Span::SECOND;

/// The clock of the controls.
#[derive(Debug, Clone)]
pub(super) struct Controls {
    start: Stamp,
    offset: UtcOffset,
    last: Option<Stamp>,
}

impl Controls {
    pub fn new(start: Stamp, offset: UtcOffset) -> Self {
        Self { start, offset, last: None }
    }

    /// Lets every control act whose time has come. `pressure`: of the last solution.
    pub fn apply(
        &mut self,
        network: &Network,
        now: Stamp,
        boundary: &mut Boundary,
        pressure: &[Length],
    ) {
        for control in &network.controls {
            if self.holds(network, control, now, boundary, pressure) {
                act(network, control.link, control.action, boundary);
            }
        }
        self.last = Some(now);
    }

    fn holds(
        &self,
        network: &Network,
        control: &SimpleControl,
        now: Stamp,
        boundary: &Boundary,
        pressure: &[Length],
    ) -> bool {
        // Before the first solution there is no pressure to act on.
        let value = |node: usize| match network.nodes[node].kind {
            NodeKind::Tank(_) => Some(boundary.tank_level[node].as_m()),
            _ => self.last.and(Some(pressure[node].as_m())),
        };
        match control.when {
            ControlWhen::Above(node, level) => {
                value(node.0).is_some_and(|value| value >= level.as_m() - AT_M)
            }
            ControlWhen::Below(node, level) => {
                value(node.0).is_some_and(|value| value <= level.as_m() + AT_M)
            }
            ControlWhen::AtTime(time) => self.is_due(self.start + time, now),
            ControlWhen::AtClockTime(time) => {
                let today = now.midnight(self.offset) + time;
                let last = if today <= now { today } else { today - Span::DAY };
                self.is_due(last, now)
            }
        }
    }

    /// Did `moment` come since the last solve?
    fn is_due(&self, moment: Stamp, now: Stamp) -> bool {
        moment <= now && self.last.map_or(moment == now, |last| last < moment)
    }

    /// When the next control by tank level or time acts, if one does. `inflow`: m³/s per node.
    pub fn until_event(
        &self,
        network: &Network,
        now: Stamp,
        levels: &[Length],
        inflow: &[f64],
    ) -> Option<Span> {
        let until = |control: &SimpleControl| match control.when {
            ControlWhen::Above(node, level) | ControlWhen::Below(node, level) => {
                let NodeKind::Tank(tank) = &network.nodes[node.0].kind else { return None };
                let distance = (level - levels[node.0]).as_m();
                let rises = matches!(control.when, ControlWhen::Above(..));
                let ahead = if rises { distance > AT_M } else { distance < -AT_M };
                let time = time_to(tank.between_m3(levels[node.0], level), inflow[node.0]);
                time.filter(|_| ahead).map(|time| time.max(SHORTEST))
            }
            ControlWhen::AtTime(time) => {
                let moment = self.start + time;
                (moment > now).then(|| moment - now)
            }
            ControlWhen::AtClockTime(time) => {
                let today = now.midnight(self.offset) + time;
                Some(if today > now { today - now } else { today + Span::DAY - now })
            }
        };
        network.controls.iter().filter_map(until).min()
    }
}

/// Does to a link what a control says.
pub(super) fn act(
    network: &Network,
    LinkIndex(at): LinkIndex,
    action: ControlAction,
    boundary: &mut Boundary,
) {
    let kind = &network.links[at].kind;
    let is_pump = matches!(kind, LinkKind::Pump { .. });
    match action {
        ControlAction::Closed => boundary.status[at] = LinkStatus::Closed,
        ControlAction::Open => {
            boundary.status[at] = LinkStatus::opened(kind);
            if is_pump {
                boundary.speed[at] = 1.0; // as EPANET does
            }
        }
        ControlAction::Setting(value) => {
            boundary.status[at] = LinkStatus::Open;
            let values = if is_pump { &mut boundary.speed } else { &mut boundary.setting };
            values[at] = value;
        }
    }
}
