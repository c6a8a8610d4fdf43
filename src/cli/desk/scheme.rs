//! The way of the water as a drawing shows it: intake, treatment, clear well, and from there tanks,
//! pumps, valves and villages, each behind the one its water comes from.

use std::collections::VecDeque;

use crate::desk::catalogue::{Station, StationKind};
use crate::plant::Plant;
use crate::plant::network::{LinkIndex, LinkKind, NodeIndex, NodeKind};
use crate::plant::profile::Village;
use crate::plant::tags::{Instrument, Place, SamplingPoint};

const RAW: usize = 0;
const PROCESS: usize = 1;
const FINISHED: usize = 2;

/// The boxes, and which box each part of the network belongs to.
pub(super) struct Scheme {
    pub(super) stations: Vec<Station>,
    of_node: Vec<Option<usize>>,
    of_link: Vec<Option<usize>>,
}

/// Follows the water from the clear well to every village.
pub(super) fn draw(plant: &Plant) -> Scheme {
    let network = &plant.network;
    let well = plant.train.clear_well;
    let mut scheme = Scheme {
        stations: Vec::new(),
        of_node: vec![None; network.nodes.len()],
        of_link: vec![None; network.links.len()],
    };
    scheme.add(StationKind::Raw, "raw", None, None);
    scheme.add(StationKind::Process, "process", None, Some(RAW));
    let height = network.nodes.get(well.0).map(|node| node.elevation.as_m());
    scheme.add(StationKind::Finished, "finished", height, Some(PROCESS));
    let mut beside: Vec<Vec<(LinkIndex, NodeIndex)>> = vec![Vec::new(); network.nodes.len()];
    for (at, link) in network.links.iter().enumerate() {
        let at = LinkIndex(at);
        if at != plant.train.production {
            beside[link.start.0].push((at, link.end));
            beside[link.end.0].push((at, link.start));
        }
    }
    scheme.of_node[well.0] = Some(FINISHED);
    let mut open = VecDeque::from([well]);
    while let Some(from) = open.pop_front() {
        for &(link, to) in &beside[from.0] {
            if scheme.of_node[to.0].is_some() || to == plant.train.outlet {
                continue;
            }
            let behind = scheme.of_node[from.0];
            let behind = scheme.through(plant, link, from, behind);
            scheme.of_node[to.0] = scheme.at(plant, to, behind);
            open.push_back(to);
        }
    }
    scheme
}

impl Scheme {
    fn add(
        &mut self,
        kind: StationKind,
        id: &str,
        elevation_m: Option<f64>,
        from: Option<usize>,
    ) -> usize {
        self.stations.push(Station { kind, id: id.to_owned(), elevation_m, from });
        self.stations.len() - 1
    }

    /// A pump or valve on the way is a box of its own.
    fn through(
        &mut self,
        plant: &Plant,
        link: LinkIndex,
        from: NodeIndex,
        behind: Option<usize>,
    ) -> Option<usize> {
        let found = plant.network.links.get(link.0)?;
        let kind = match found.kind {
            LinkKind::Pump { .. } => StationKind::Pump,
            LinkKind::Valve { .. } => StationKind::Valve,
            LinkKind::Pipe { .. } => {
                self.of_link[link.0] = behind;
                return behind;
            }
        };
        let height = plant.network.nodes.get(from.0).map(|node| node.elevation.as_m());
        let station = self.add(kind, &found.id, height, behind);
        self.of_link[link.0] = Some(station);
        Some(station)
    }

    /// A tank, or the first tap of a village, is a box of its own.
    fn at(&mut self, plant: &Plant, node: NodeIndex, behind: Option<usize>) -> Option<usize> {
        let found = plant.network.nodes.get(node.0)?;
        if matches!(found.kind, NodeKind::Tank(_)) {
            let height = Some(found.elevation.as_m());
            return Some(self.add(StationKind::Tank, &found.id, height, behind));
        }
        let mut villages = plant.profile.villages.iter();
        let Some(village) = villages.find(|village| village.taps.contains(&node)) else {
            return behind;
        };
        let id = village.id.as_str();
        let known = self.stations.iter();
        let known = known.clone().position(|it| it.kind == StationKind::Village && it.id == id);
        Some(
            known.unwrap_or_else(|| {
                self.add(StationKind::Village, id, height(plant, village), behind)
            }),
        )
    }

    /// The box that an instrument belongs to.
    pub(super) fn station_of(&self, plant: &Plant, instrument: &Instrument) -> Option<usize> {
        let tag = &instrument.tag;
        let of_village = tag.village.as_ref().and_then(|village| {
            let mut stations = self.stations.iter();
            stations.position(|it| it.kind == StationKind::Village && it.id == village.as_str())
        });
        let placed = match instrument.place {
            Place::Node(node) if node == plant.train.clear_well => Some(FINISHED),
            Place::Node(node) => self.of_node.get(node.0).copied().flatten(),
            Place::Link(link) => self.of_link.get(link.0).copied().flatten(),
            Place::Raw => Some(RAW),
            _ => Some(PROCESS),
        };
        of_village.or(match tag.point {
            SamplingPoint::RawWater => Some(RAW),
            SamplingPoint::Process => placed.or(Some(PROCESS)),
            SamplingPoint::FinishedWater => Some(FINISHED),
            SamplingPoint::Network | SamplingPoint::TapWater => placed,
        })
    }
}

/// Mean height of a village's taps.
fn height(plant: &Plant, village: &Village) -> Option<f64> {
    let heights = village.taps.iter().filter_map(|tap| plant.network.nodes.get(tap.0));
    let (sum, count) =
        heights.fold((0.0, 0_u32), |(sum, count), node| (sum + node.elevation.as_m(), count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::library::Library;

    #[test]
    fn every_village_of_every_shipped_plant_is_behind_its_clear_well() {
        for plant in Library::default().plants().expect("they ship").values() {
            let scheme = draw(plant);
            for village in &plant.profile.villages {
                let mut at = scheme.stations.iter().position(|it| it.id == village.id.as_str());
                let mut steps = 0;
                while let Some(next) = at.and_then(|at| scheme.stations[at].from) {
                    at = Some(next);
                    steps += 1;
                }
                assert!(at == Some(RAW) && steps >= 3, "{} {}", plant.id, village.id);
            }
            for instrument in &plant.instruments {
                assert!(scheme.station_of(plant, instrument).is_some(), "{}", instrument.tag.id);
            }
        }
    }
}
