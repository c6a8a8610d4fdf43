//! How a file's substance reacts: of first order, in pipes and tanks as each of them says.

use super::super::super::engine::{EngineError, LinkProperty, NodeProperty, SolverOption};
use super::super::QualityKind;
use super::{Reader, epanet_index};
use crate::plant::network::{LinkIndex, LinkKind, NodeIndex, NodeKind, Reactions};

/// What differs from the coefficients of the network.
#[derive(Debug, Clone, Default)]
pub struct OwnReactions {
    /// Pipes.
    pub pipes: Vec<(LinkIndex, Reactions)>,
    /// Tanks.
    pub tanks: Vec<(NodeIndex, Reactions)>,
}

impl Reader<'_> {
    /// Refuses what is not of first order; takes the first pipe's coefficients for the network's.
    pub(super) fn check_reactions(&mut self) -> Result<(), EngineError> {
        if !matches!(self.layout.quality, QualityKind::Chemical(_)) {
            return Ok(());
        }
        let all = self.all_reactions()?;
        self.network.reactions = all.pipes.first().map_or_else(Reactions::default, |(_, own)| *own);
        let each = || {
            let pipes = all.pipes.iter().map(|(_, own)| own);
            pipes.chain(all.tanks.iter().map(|(_, own)| own))
        };
        let has_bulk = each().any(|own| own.bulk_per_day != 0.0);
        let has_wall = each().any(|own| own.wall_m_per_day != 0.0);
        if each().any(|own| own.bulk_per_day < 0.0 || own.wall_m_per_day < 0.0) {
            self.refuse("[REACTIONS]: growth; only decay");
        }
        for (option, name, is_used) in [
            (SolverOption::BulkOrder, "ORDER BULK", has_bulk),
            (SolverOption::TankOrder, "ORDER TANK", has_bulk),
            (SolverOption::WallOrder, "ORDER WALL", has_wall),
        ] {
            if is_used && self.file.option(option)? != 1.0 {
                self.refuse(format!("[REACTIONS] {name}: only 1"));
            }
        }
        if has_bulk && self.file.option(SolverOption::LimitingConcentration)? != 0.0 {
            self.refuse("[REACTIONS] LIMITING POTENTIAL: none");
        }
        Ok(())
    }

    /// The coefficients that are not the network's.
    pub(super) fn own_reactions(&self) -> Result<OwnReactions, EngineError> {
        if !matches!(self.layout.quality, QualityKind::Chemical(_)) {
            return Ok(OwnReactions::default());
        }
        let usual = self.network.reactions;
        let mut own = self.all_reactions()?;
        own.pipes.retain(|(_, own)| *own != usual);
        own.tanks.retain(|(_, own)| own.bulk_per_day != usual.bulk_per_day);
        Ok(own)
    }

    fn all_reactions(&self) -> Result<OwnReactions, EngineError> {
        let mut all = OwnReactions::default();
        for (at, link) in self.network.links.iter().take(self.layout.links.len()).enumerate() {
            if matches!(link.kind, LinkKind::Pipe { .. }) {
                let value = |property| self.file.link_value(epanet_index(at), property);
                let own = Reactions {
                    bulk_per_day: 0.0 - value(LinkProperty::Bulk)?,
                    wall_m_per_day: (0.0 - value(LinkProperty::Wall)?) * self.units.length,
                };
                all.pipes.push((LinkIndex(at), own));
            }
        }
        for (at, node) in self.network.nodes.iter().take(self.layout.nodes.len()).enumerate() {
            if matches!(node.kind, NodeKind::Tank(_)) {
                let bulk = self.file.node_value(epanet_index(at), NodeProperty::TankBulk)?;
                let own = Reactions { bulk_per_day: 0.0 - bulk, wall_m_per_day: 0.0 };
                all.tanks.push((NodeIndex(at), own));
            }
        }
        Ok(all)
    }
}
