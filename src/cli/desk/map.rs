//! The map of a plant's network, from its network file and its instruments.

use crate::base::TagId;
use crate::desk::map::{Line, LineKind, NetworkMap, Spot, SpotKind};
use crate::plant::Plant;
use crate::plant::network::{LinkIndex, LinkKind, NodeIndex, NodeKind};
use crate::plant::tags::Place;

/// Draws it; empty when the file has no coordinates.
pub(super) fn draw(plant: &Plant) -> NetworkMap {
    let mut places = vec![None; plant.network.nodes.len()];
    let mut map = NetworkMap::default();
    for (at, node) in plant.network.nodes.iter().enumerate() {
        let Some((x, y)) = node.coordinates.filter(|(x, y)| x.is_finite() && y.is_finite()) else {
            map.unplaced += 1;
            continue;
        };
        let kind = match node.kind {
            NodeKind::Junction { .. } => SpotKind::Junction,
            NodeKind::Reservoir => SpotKind::Reservoir,
            NodeKind::Tank(_) => SpotKind::Tank,
        };
        let at = NodeIndex(at);
        let village = plant.profile.villages.iter().find(|it| it.taps.contains(&at));
        if let Some(place) = places.get_mut(at.0) {
            *place = Some(map.nodes.len());
        }
        map.nodes.push(Spot {
            id: node.id.clone(),
            kind,
            x,
            y,
            elevation_m: node.elevation.as_m(),
            village: village.map(|it| it.id.to_string()),
            tags: tags(plant, |place| *place == Place::Node(at)),
        });
    }
    let placed = |node: NodeIndex| places.get(node.0).copied().flatten();
    for (at, link) in plant.network.links.iter().enumerate() {
        let (Some(from), Some(to)) = (placed(link.start), placed(link.end)) else { continue };
        let kind = match link.kind {
            LinkKind::Pipe { .. } => LineKind::Pipe,
            LinkKind::Pump { .. } => LineKind::Pump,
            LinkKind::Valve { .. } => LineKind::Valve,
        };
        let tags = tags(plant, |place| *place == Place::Link(LinkIndex(at)));
        map.links.push(Line { id: link.id.clone(), kind, from, to, tags });
    }
    map
}

fn tags(plant: &Plant, sits_there: impl Fn(&Place) -> bool) -> Vec<TagId> {
    let there = plant.instruments.iter().filter(|instrument| sits_there(&instrument.place));
    there.map(|instrument| instrument.tag.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cli::library::Library;

    #[test]
    fn every_node_of_a_shipped_plant_has_its_place_and_every_instrument_of_a_tap_its_node() {
        for plant in Library::default().plants().expect("they ship").values() {
            let map = draw(plant);
            assert_eq!(map.unplaced, 0, "{}", plant.id);
            assert_eq!(map.nodes.len(), plant.network.nodes.len(), "{}", plant.id);
            assert_eq!(map.links.len(), plant.network.links.len(), "{}", plant.id);
            for instrument in &plant.instruments {
                let tag = &instrument.tag;
                let of_tap = tag.village.is_some() && matches!(instrument.place, Place::Node(_));
                let spot = map.nodes.iter().find(|spot| spot.tags.contains(&tag.id));
                if of_tap {
                    let village = spot.and_then(|spot| spot.village.as_deref());
                    assert!(
                        village.is_none_or(|id| tag
                            .village
                            .as_ref()
                            .is_some_and(|it| it.as_str() == id))
                    );
                    assert!(spot.is_some(), "{} {}", plant.id, tag.id);
                }
            }
        }
    }

    #[test]
    fn what_has_no_coordinates_is_left_out_with_its_links_and_counted() {
        let library = Library::default();
        let mut plant = library.plants().expect("they ship")["sanmen"].as_ref().clone();
        let whole = draw(&plant);
        let network = Arc::make_mut(&mut plant.network);
        network.nodes[0].coordinates = None;
        network.nodes[1].coordinates = Some((f64::NAN, 0.0));
        let map = draw(&plant);
        assert_eq!((map.unplaced, map.nodes.len() + 2), (2, whole.nodes.len()));
        assert!(map.links.len() < whole.links.len());
        let ids = |map: &NetworkMap, line: &Line| {
            (map.nodes[line.from].id.clone(), map.nodes[line.to].id.clone())
        };
        for line in &map.links {
            let before = whole.links.iter().find(|it| it.id == line.id).expect("the same link");
            assert_eq!(ids(&map, line), ids(&whole, before));
        }
    }
}
