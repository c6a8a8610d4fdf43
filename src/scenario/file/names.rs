//! Names a scenario may use, looked up in its plant; the nearest known one when it misses.

use std::ops::Range;

use crate::base::TagId;
use crate::base::ids::VillageId;
use crate::base::problem::{Spanned, Table};
use crate::plant::Plant;
use crate::plant::network::{LinkIndex, LinkKind, NodeIndex, NodeKind, ValveKind};
use crate::plant::profile::Village;
use crate::plant::tags::{Place, SiteIndex, Tag};

/// The names of a plant. Without a plant every look-up gives none and notes no mistake: the
/// unknown plant has been noted already.
pub struct Names<'p> {
    plant: Option<&'p Plant>,
}

type Name = Spanned<String>;

impl<'p> Names<'p> {
    /// The names of `plant`.
    pub fn of(plant: Option<&'p Plant>) -> Self {
        Self { plant }
    }

    /// Is the plant known?
    pub fn is_known_plant(&self) -> bool {
        self.plant.is_some()
    }

    /// A condition by its name, without a word when there is none.
    pub fn find_condition(&self, name: &str) -> Option<usize> {
        self.plant?.conditions.iter().position(|condition| condition.name == name)
    }

    /// A condition of the plant.
    pub fn condition(&self, table: &Table<'_>, name: &Name) -> Option<usize> {
        let conditions = &self.plant?.conditions;
        let known = conditions.iter().enumerate().map(|(index, c)| (c.name.as_str(), index));
        look_up(table, "condition", name, known)
    }

    /// Is it known that the plant has no generator?
    pub fn lacks_generator(&self) -> bool {
        self.plant.is_some_and(|plant| plant.own_power.generator.is_none())
    }

    /// The valve that sets the works' production.
    pub fn production(&self) -> Option<LinkIndex> {
        self.plant.map(|plant| plant.train.production)
    }

    /// A pump of the network.
    pub fn pump(&self, table: &Table<'_>, name: &Name) -> Option<LinkIndex> {
        self.link(table, "pump", name, |kind| matches!(kind, LinkKind::Pump { .. }))
    }

    fn link(
        &self,
        table: &Table<'_>,
        what: &str,
        name: &Name,
        fits: impl Fn(&LinkKind) -> bool,
    ) -> Option<LinkIndex> {
        let links = self.plant?.network.links.iter().enumerate();
        let known = links
            .filter(|(_, link)| fits(&link.kind))
            .map(|(index, link)| (link.id.as_str(), LinkIndex(index)));
        look_up(table, what, name, known)
    }

    /// A pipe or valve of the network: what can be shut.
    pub fn pipe_or_valve(&self, table: &Table<'_>, name: &Name) -> Option<LinkIndex> {
        self.link(table, "pipe or valve", name, |kind| !matches!(kind, LinkKind::Pump { .. }))
    }

    /// A pressure-reducing valve of the network.
    pub fn prv(&self, table: &Table<'_>, name: &Name) -> Option<LinkIndex> {
        let is_prv = |kind: &LinkKind| matches!(kind, LinkKind::Valve { kind: ValveKind::Prv, .. });
        self.link(table, "pressure-reducing valve", name, is_prv)
    }

    /// The valves on which a village hangs, or all villages when none is named.
    pub fn entries(&self, table: &Table<'_>, village: Option<&Name>) -> Option<Vec<LinkIndex>> {
        let plant = self.plant?;
        let only = match village {
            Some(name) => Some(self.village(table, name)?),
            None => None,
        };
        let villages = &plant.profile.villages;
        let meant = villages.iter().filter(|own| only.as_ref().is_none_or(|id| own.id == *id));
        let entry = |village: &Village| {
            let entry = plant.entry(village);
            if entry.is_none() {
                let span = village_span(table);
                let text = format!("no single valve shuts off the village {}", village.id);
                let help = "shut its mains one by one, with `valve-shut`";
                table.add_with_help(span, text, help);
            }
            entry
        };
        let entries: Vec<_> = meant.map(entry).collect();
        entries.into_iter().collect()
    }

    /// A junction of the network.
    pub fn junction(&self, table: &Table<'_>, name: &Name) -> Option<NodeIndex> {
        let nodes = self.plant?.network.nodes.iter().enumerate();
        let junctions = nodes
            .filter(|(_, node)| matches!(node.kind, NodeKind::Junction { .. }))
            .map(|(index, node)| (node.id.as_str(), NodeIndex(index)));
        look_up(table, "junction", name, junctions)
    }

    /// A tap: a junction where a village draws water.
    pub fn tap(&self, table: &Table<'_>, name: &Name) -> Option<NodeIndex> {
        let plant = self.plant?;
        let taps = plant.profile.villages.iter().flat_map(|village| &village.taps);
        let known = taps.map(|tap| (plant.network.nodes[tap.0].id.as_str(), *tap));
        look_up(table, "tap", name, known)
    }

    /// Every tap of a village.
    pub fn taps_of(&self, village: &VillageId) -> Option<Vec<NodeIndex>> {
        Some(self.plant?.profile.village(village.as_str())?.taps.clone())
    }

    /// A remote station, by its position.
    pub fn station(&self, table: &Table<'_>, name: &Name) -> Option<usize> {
        let stations = self.plant?.stations.iter().enumerate();
        look_up(table, "station", name, stations.map(|(at, station)| (station.id.as_str(), at)))
    }

    /// The dosing pump of the works.
    pub fn dosing_pump(&self, table: &Table<'_>, name: &Name) -> Option<()> {
        let id = self.plant?.train.dosing.id.as_str();
        look_up(table, "dosing pump", name, std::iter::once((id, ())))
    }

    /// Does the plant say how it ages?
    pub fn ages(&self) -> Option<bool> {
        Some(self.plant?.ageing.is_some())
    }

    /// How many filters the works has.
    pub fn filters(&self) -> Option<usize> {
        Some(self.plant?.train.bank.count)
    }

    /// A village.
    pub fn village(&self, table: &Table<'_>, name: &Name) -> Option<VillageId> {
        let villages = &self.plant?.profile.villages;
        let known = villages.iter().map(|village| (village.id.as_str(), village.id.clone()));
        look_up(table, "village", name, known)
    }

    /// A sampling site, and what it touches.
    pub fn site(&self, table: &Table<'_>, name: &Name) -> Option<(SiteIndex, Place)> {
        let plant = self.plant?;
        let sites = plant.profile.sites.iter().zip(&plant.sampling.places).enumerate();
        let known = sites.map(|(at, (site, place))| (site.id.as_str(), (SiteIndex(at), *place)));
        look_up(table, "sampling site", name, known)
    }

    /// A round of those who take samples.
    pub fn round(&self, table: &Table<'_>, name: &Name) -> Option<usize> {
        let rounds = self.plant?.sampling.rounds.iter().enumerate();
        look_up(table, "round", name, rounds.map(|(at, round)| (round.id.as_str(), at)))
    }

    /// What an alarm may be about: an instrument or a sampling site.
    pub fn watched(&self, table: &Table<'_>, name: &Name) -> Option<TagId> {
        let plant = self.plant?;
        let tags = plant.instruments.iter().map(|found| &found.tag.id);
        let known = tags.chain(plant.profile.sites.iter().map(|site| &site.id));
        look_up(table, "tag", name, known.map(|id| (id.as_str(), id.clone())))
    }

    /// Is it a sampling site?
    pub fn is_site(&self, name: &TagId) -> bool {
        self.plant.is_some_and(|plant| plant.profile.sites.iter().any(|site| site.id == *name))
    }

    /// An instrument.
    pub fn tag(&self, table: &Table<'_>, name: &Name) -> Option<&'p Tag> {
        let instruments = &self.plant?.instruments;
        let known = instruments.iter().map(|found| (found.tag.id.as_str(), found.tag.as_ref()));
        look_up(table, "tag", name, known)
    }
}

/// Where the village is named, or the whole table.
fn village_span(table: &Table<'_>) -> Range<usize> {
    table.key_span("village").unwrap_or_else(|| table.span())
}

/// The value that goes with `name`; notes the nearest known name when there is none.
fn look_up<'k, T>(
    table: &Table<'_>,
    what: &str,
    name: &Name,
    known: impl Iterator<Item = (&'k str, T)>,
) -> Option<T> {
    let (names, values): (Vec<&str>, Vec<T>) = known.unzip();
    table.offer_at(name, names.iter().copied());
    let found = names.iter().position(|candidate| candidate == name.get_ref());
    if found.is_none() {
        table.unknown(name.span(), what, name.get_ref(), &names);
    }
    values.into_iter().nth(found?)
}
