//! What people call the places and pipes of a network: by village, by what they are, and by what
//! measures there. A network file has ids only.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::base::Text;
use crate::plant::Plant;
use crate::plant::network::{LinkIndex, LinkKind, NodeIndex, NodeKind};
use crate::plant::tags::Place;

/// Nodes and links with a title each, and the village whose water alone passes there, if it is one.
pub fn places(plant: &Plant) -> Value {
    let groups = groups(plant);
    let nodes = plant.network.nodes.iter().zip(&groups).enumerate().map(|(at, (node, group))| {
        let at = NodeIndex(at);
        json!({
            "id": node.id, "title": node_title(plant, at, *group),
            "village": village_id(plant, *group), "tags": tags(plant, Place::Node(at)),
        })
    });
    let links = plant.network.links.iter().enumerate().map(|(at, link)| {
        let (from, to) = (groups[link.start.0], groups[link.end.0]);
        json!({
            "id": link.id, "title": link_title(plant, LinkIndex(at), from != to && to.is_some()),
            "village": village_id(plant, to), "tags": tags(plant, Place::Link(LinkIndex(at))),
        })
    });
    json!({ "nodes": nodes.collect::<Vec<_>>(), "links": links.collect::<Vec<_>>() })
}

/// What people call each node and link, by its id: its village, unless its title names it, and its
/// title.
pub fn titles(plant: &Plant) -> BTreeMap<&str, Text> {
    let groups = groups(plant);
    let nodes = plant.network.nodes.iter().enumerate().map(|(at, node)| {
        let title = node_title(plant, NodeIndex(at), groups[at]);
        (node.id.as_str(), with_village(plant, &title, groups[at]))
    });
    let links = plant.network.links.iter().enumerate().map(|(at, link)| {
        let (from, to) = (groups[link.start.0], groups[link.end.0]);
        let title = link_title(plant, LinkIndex(at), from != to && to.is_some());
        (link.id.as_str(), with_village(plant, &title, to))
    });
    links.chain(nodes).collect()
}

fn with_village(plant: &Plant, title: &Text, village: Option<usize>) -> Text {
    let village = village.map(|at| &plant.profile.villages[at].title);
    let whole = |title: &str, village: Option<&str>| match village {
        Some(village) if !title.starts_with(village) => format!("{village} {title}"),
        _ => title.to_owned(),
    };
    let (en, zh) = (village.map(|it| it.en.as_str()), village.map(|it| it.zh.as_str()));
    text(whole(&title.en, en), whole(&title.zh, zh))
}

/// What people call a node or a link: its village, unless its title names it, its title, its id.
/// None: the network has no such place.
pub fn place(plant: &Plant, id: &str) -> Option<Text> {
    let groups = groups(plant);
    let node = plant.network.nodes.iter().position(|node| node.id == id);
    let found = node.map(|at| (node_title(plant, NodeIndex(at), groups[at]), groups[at]));
    let (title, village) = found.or_else(|| {
        let at = plant.network.links.iter().position(|link| link.id == id)?;
        let link = &plant.network.links[at];
        let (from, to) = (groups[link.start.0], groups[link.end.0]);
        Some((link_title(plant, LinkIndex(at), from != to && to.is_some()), to))
    })?;
    let Text { en, zh } = with_village(plant, &title, village);
    Some(text(format!("{en} {id}"), format!("{zh} {id}")))
}

fn village_id(plant: &Plant, village: Option<usize>) -> Option<&str> {
    Some(plant.profile.villages[village?].id.as_str())
}

fn tags(plant: &Plant, place: Place) -> Vec<&str> {
    let there = plant.instruments.iter().filter(|it| it.place == place);
    there.map(|it| it.tag.id.as_str()).collect()
}

/// The village of each node: whose tap it is, or the only one that water reaches from there when it
/// runs along the links as the file directs them. Tanks and the works are none's.
fn groups(plant: &Plant) -> Vec<Option<usize>> {
    let network = &plant.network;
    let mut after = vec![Vec::new(); network.nodes.len()];
    for link in &network.links {
        after[link.start.0].push(link.end.0);
    }
    let mut tap_of = vec![None; network.nodes.len()];
    for (village, it) in plant.profile.villages.iter().enumerate() {
        for tap in &it.taps {
            tap_of[tap.0] = Some(village);
        }
    }
    let group = |node: usize| {
        let is_junction = matches!(network.nodes[node].kind, NodeKind::Junction { .. });
        if tap_of[node].is_some() || !is_junction {
            return tap_of[node];
        }
        let (mut seen, mut open) = (BTreeSet::from([node]), vec![node]);
        let mut reached = BTreeSet::new();
        while let Some(at) = open.pop() {
            reached.extend(tap_of[at]);
            open.extend(after[at].iter().filter(|next| seen.insert(**next)));
        }
        reached.pop_first().filter(|_| reached.is_empty())
    };
    (0..network.nodes.len()).map(group).collect()
}

fn text(en: impl Into<String>, zh: impl Into<String>) -> Text {
    Text { en: en.into(), zh: zh.into() }
}

fn node_title(plant: &Plant, at: NodeIndex, village: Option<usize>) -> Text {
    let mut sites = plant.profile.sites.iter().zip(&plant.sampling.places);
    if let Some((site, _)) = sites.find(|(_, place)| **place == Place::Node(at)) {
        return site.title.clone();
    }
    let node = &plant.network.nodes[at.0];
    let is_tap = village.is_some_and(|it| plant.profile.villages[it].taps.contains(&at));
    match &node.kind {
        NodeKind::Tank(_) if at == plant.train.clear_well => text("clear well", "清水池"),
        NodeKind::Tank(_) => text("tank", "水池"),
        NodeKind::Reservoir if at == plant.train.outlet => text("filtered water", "滤后水"),
        NodeKind::Reservoir => text("source", "水源"),
        NodeKind::Junction { .. } if is_tap => text("tap", "用水点"),
        NodeKind::Junction { .. } => beside_water(plant, at).unwrap_or_else(|| {
            let height = node.elevation.as_m();
            text(format!("on the main, at {height:.0} m"), format!("干管,高程{height:.0} m"))
        }),
    }
}

/// What a junction is that lies right behind the filters, or before or behind a tank.
fn beside_water(plant: &Plant, at: NodeIndex) -> Option<Text> {
    let nodes = &plant.network.nodes;
    let tank = |node: NodeIndex| {
        let is_tank = matches!(nodes[node.0].kind, NodeKind::Tank(_));
        let id = &nodes[node.0].id;
        let of_works = node == plant.train.clear_well;
        let name = if of_works { text("the clear well", "清水池") } else { text(id, id) };
        is_tank.then_some(name)
    };
    plant.network.links.iter().find_map(|link| {
        if link.end == at && link.start == plant.train.outlet {
            return Some(text("behind the filters", "滤池之后"));
        }
        let behind = tank(link.start).filter(|_| link.end == at);
        let behind = behind.map(|it| text(format!("outlet of {}", it.en), it.zh + "出口"));
        let before = || tank(link.end).filter(|_| link.start == at);
        behind.or_else(|| {
            Some(before()?).map(|it| text(format!("inlet of {}", it.en), it.zh + "进口"))
        })
    })
}

fn link_title(plant: &Plant, at: LinkIndex, enters: bool) -> Text {
    let network = &plant.network;
    let link = &network.links[at.0];
    let [from, to] = [link.start, link.end].map(|end| network.nodes[end.0].id.as_str());
    let (en, zh) = match &link.kind {
        LinkKind::Pump { .. } => ("pump".to_owned(), "水泵".to_owned()),
        LinkKind::Valve { .. } if at == plant.train.production => {
            ("production valve".to_owned(), "产水阀".to_owned())
        }
        LinkKind::Valve { .. } => ("valve".to_owned(), "阀门".to_owned()),
        LinkKind::Pipe { diameter, .. } => {
            let mm = diameter.as_m() * 1000.0;
            let (en, zh) = if enters { ("pipe into it", "进村管") } else { ("pipe", "管段") };
            (format!("{en}, {mm:.0} mm"), format!("{zh},{mm:.0} mm"))
        }
    };
    text(format!("{en}, {from} to {to}"), format!("{zh},{from}至{to}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::library::Library;

    fn found<'v>(list: &'v Value, id: &str) -> &'v Value {
        let all = list.as_array().expect("a list");
        all.iter().find(|it| it["id"] == id).expect("it is there")
    }

    #[test]
    fn places_and_pipes_of_the_sanmen_plant_are_grouped_by_the_village_they_serve() {
        let plants = Library::default().plants().expect("they ship");
        let all = places(&plants["sanmen"]);
        for (id, village, zh) in [
            ("CP-9", Some("chaping"), "茶坪村末户"),
            ("CP-3", Some("chaping"), "干管,高程185 m"),
            ("CP-4", Some("chaping"), "用水点"),
            ("SY-0", Some("suiyang"), "干管,高程120 m"),
            ("CLEARWELL", None, "清水池"),
            ("J-DISCHARGE", None, "出厂水"),
            ("T-2", None, "干管,高程117 m"),
            ("J-FILTERED", None, "滤池之后"),
            ("J-SUCTION", None, "清水池出口"),
        ] {
            let node = found(&all["nodes"], id);
            assert_eq!((&node["village"], &node["title"]["zh"]), (&json!(village), &json!(zh)));
        }
        let enters = found(&all["links"], "SY-P0");
        assert_eq!(enters["village"], "suiyang");
        assert_eq!(enters["title"]["en"], "pipe into it, 176 mm, T-2 to SY-0");
        assert_eq!(found(&all["links"], "V-PRODUCTION")["village"], Value::Null);
        for (id, zh) in [
            ("CP-9", "茶坪村末户 CP-9"),
            ("CP-4", "茶坪村 用水点 CP-4"),
            ("CLEARWELL", "清水池 CLEARWELL"),
        ] {
            assert_eq!(place(&plants["sanmen"], id).map(|it| it.zh).as_deref(), Some(zh));
        }
        assert_eq!(place(&plants["sanmen"], "NOWHERE"), None);
    }

    #[test]
    fn every_place_of_a_shipped_plant_has_a_title_in_both_languages() {
        for plant in Library::default().plants().expect("they ship").values() {
            let all = places(plant);
            let lists = ["nodes", "links"].map(|key| all[key].as_array().expect("a list").clone());
            assert_eq!(lists[0].len(), plant.network.nodes.len());
            assert_eq!(lists[1].len(), plant.network.links.len());
            for it in lists.concat() {
                let has = |lang: &str| it["title"][lang].as_str().is_some_and(|it| !it.is_empty());
                assert!(has("en") && has("zh"), "{} {it}", plant.id);
            }
        }
    }
}
