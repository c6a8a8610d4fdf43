//! Instruments at sensible places: what leaves the works, tanks, pumps, the far and the extreme.
//!
//! Noise, resolution and lag are those of the Sanmen plant's instruments, with their sources there.

use std::fmt::Write as _;

use super::graph::{Graph, taps};
use super::text::{both, quoted, short};
use super::{Draft, DraftVillage};
use crate::base::Text;
use crate::plant::network::{LinkKind, LinkStatus, NodeIndex, NodeKind};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// A works with people in it: everything usual.
    Full,
    /// A works that somebody visits: what leaves it, its tanks and pumps, a tap a village.
    Usual,
    /// A spring and a tank: chlorine, turbidity, level, flow and one tap.
    Few,
}

/// More tanks and pumps than these are left out: a birth message has its limit.
const MOST: usize = 6;

/// Pressure that a usual transmitter shows at most, kPa.
const RANGE_KPA: f64 = 1_600.0;

/// What an instrument of a quantity is like: `range_`, `resolution_`, `noise_` (with its unit),
/// share of noise in percent, poll and lag in s.
struct Kind {
    quantity: &'static str,
    unit: &'static str,
    resolution: f64,
    noise: f64,
    noise_percent: f64,
    poll_s: u32,
    lag_s: u32,
}

const fn kind(
    quantity: &'static str,
    unit: &'static str,
    (resolution, noise, noise_percent): (f64, f64, f64),
    (poll_s, lag_s): (u32, u32),
) -> Kind {
    Kind { quantity, unit, resolution, noise, noise_percent, poll_s, lag_s }
}

const CHLORINE: Kind = kind("free-chlorine", "mg_per_l", (0.01, 0.008, 1.0), (180, 60));
const TURBIDITY: Kind = kind("turbidity", "ntu", (0.001, 0.003, 1.0), (60, 30));
const CONDUCTIVITY: Kind = kind("conductivity", "us_per_cm", (0.1, 0.3, 0.5), (300, 30));
const PRESSURE: Kind = kind("pressure", "kpa", (0.1, 1.5, 0.0), (60, 2));
const FLOW: Kind = kind("flow", "m3_per_h", (0.01, 0.05, 0.5), (60, 5));
const LEVEL: Kind = kind("level", "m", (0.001, 0.003, 0.0), (60, 5));
const STATE: Kind = kind("state", "share", (1.0, 0.0, 0.0), (60, 0));

/// Where and what, in words of the file.
struct Place<'a> {
    point: &'static str,
    /// `at`, `node` or `link`.
    key: &'static str,
    name: &'a str,
    village: Option<&'a DraftVillage>,
}

struct Sheet {
    text: String,
}

impl Sheet {
    fn add(&mut self, tag: &str, title: (String, String), kind: &Kind, top: f64, at: &Place<'_>) {
        let title = both(&Text { en: title.0, zh: title.1 });
        let unit = kind.unit;
        let _ = write!(
            self.text,
            "\n[[instrument]]\ntag = \"{tag}\"\ntitle = {title}\nquantity = \"{}\"\n\
             point = \"{}\"\n{} = {}\nrange_{unit} = [0, {}]\nresolution_{unit} = {}\n",
            kind.quantity,
            at.point,
            at.key,
            quoted(at.name),
            short(top),
            kind.resolution,
        );
        for (key, value) in
            [(format!("noise_{unit}"), kind.noise), ("noise_percent".into(), kind.noise_percent)]
        {
            if value > 0.0 {
                let _ = writeln!(self.text, "{key} = {value}");
            }
        }
        if let Some(village) = at.village {
            let _ = writeln!(self.text, "village = \"{}\"", village.id);
        }
        let _ = writeln!(self.text, "poll_s = {}", kind.poll_s);
        if kind.lag_s > 0 {
            let _ = writeln!(self.text, "lag_s = {}", kind.lag_s);
        }
    }
}

fn words(en: impl Into<String>, zh: impl Into<String>) -> (String, String) {
    (en.into(), zh.into())
}

/// `instruments.toml`.
pub(super) fn write(draft: &Draft) -> String {
    let mut sheet = Sheet {
        text:
            "# The instruments. FICTION: drafted, at places that are worth a look. 仪表均为虚构。\n"
                .to_owned(),
    };
    works(draft, &mut sheet);
    finished(draft, &mut sheet);
    if draft.detail != Detail::Few {
        pumps(draft, &mut sheet);
    }
    tanks(draft, &mut sheet);
    villages(draft, &mut sheet);
    if draft.detail == Detail::Full {
        extremes(draft, &mut sheet);
    }
    sheet.text
}

fn works(draft: &Draft, sheet: &mut Sheet) {
    let at = |point, name| Place { point, key: "at", name, village: None };
    let raw = at("raw-water", "raw");
    let most = draft.capacity_m3_per_day / 24.0 * 2.0;
    if draft.detail != Detail::Few {
        sheet.add("AIT-101", words("Raw water turbidity", "原水浑浊度"), &TURBIDITY, 1_000.0, &raw);
    }
    if draft.detail == Detail::Full {
        let title = words("Raw water conductivity", "原水电导率");
        sheet.add("AIT-102", title, &CONDUCTIVITY, 2_000.0, &raw);
        sheet.add("FIT-101", words("Raw water flow", "原水流量"), &FLOW, most, &raw);
        let filtered = at("process", "filtered");
        let title = words("Filtered water turbidity", "滤后水浑浊度");
        sheet.add("AIT-201", title, &TURBIDITY, 100.0, &filtered);
        let pump = at("process", "dosing-pump");
        sheet.add("XS-201", words("Dosing pump runs", "加药泵运行"), &STATE, 1.0, &pump);
        let drum = at("process", "dosing-stock");
        sheet.add("LIT-201", words("Hypochlorite drum level", "药桶液位"), &LEVEL, 1.0, &drum);
    }
}

fn finished(draft: &Draft, sheet: &mut Sheet) {
    let network = &draft.network;
    let well = draft.works.clear_well;
    let name = network.nodes[well.0].id.as_str();
    let at = |point, key, name| Place { point, key, name, village: None };
    let water = at("finished-water", "node", name);
    sheet.add(
        "AIT-301",
        words("Finished water free chlorine", "出厂水游离氯"),
        &CHLORINE,
        5.0,
        &water,
    );
    sheet.add(
        "AIT-302",
        words("Finished water turbidity", "出厂水浑浊度"),
        &TURBIDITY,
        100.0,
        &water,
    );
    let process = at("process", "node", name);
    sheet.add("LIT-301", words("Clear well level", "清水池液位"), &LEVEL, 4.0, &process);
    // The widest way out that is not the works' own.
    let inlet = network.links[draft.works.production.0].end;
    let leaves = |at: &usize| {
        let link = &network.links[*at];
        link.start == well || (link.end == well && link.start != inlet)
    };
    let width = |at: &usize| match network.links[*at].kind {
        LinkKind::Pump { .. } => f64::INFINITY,
        LinkKind::Pipe { diameter, .. } | LinkKind::Valve { diameter, .. } => diameter.as_m(),
    };
    let outlet =
        (0..network.links.len()).filter(leaves).rev().max_by(|a, b| width(a).total_cmp(&width(b)));
    let Some(outlet) = outlet else { return };
    let link = &network.links[outlet];
    let most = draft.capacity_m3_per_day / 24.0 * 4.0;
    let flow = at("finished-water", "link", link.id.as_str());
    sheet.add("FIT-301", words("Finished water flow", "出厂水流量"), &FLOW, most, &flow);
    let other = if link.start == well { link.end } else { link.start };
    let node = &network.nodes[other.0];
    if matches!(node.kind, NodeKind::Junction { .. }) && draft.detail != Detail::Few {
        let pressure = at("finished-water", "node", node.id.as_str());
        let title = words("Finished water pressure", "出厂水压力");
        sheet.add("PIT-301", title, &PRESSURE, RANGE_KPA, &pressure);
    }
}

fn pumps(draft: &Draft, sheet: &mut Sheet) {
    let pumps =
        draft.network.links.iter().filter(|link| matches!(link.kind, LinkKind::Pump { .. }));
    let most = draft.capacity_m3_per_day / 24.0 * 4.0;
    for (at, pump) in pumps.take(MOST).enumerate() {
        let id = &pump.id;
        let place = Place { point: "process", key: "link", name: id, village: None };
        let number = 311 + at;
        let title = words(format!("Pump {id} runs"), format!("{id}水泵运行"));
        sheet.add(&format!("XS-{number}"), title, &STATE, 1.0, &place);
        if draft.detail == Detail::Full {
            let title = words(format!("Pump {id} flow"), format!("{id}水泵流量"));
            sheet.add(&format!("FIT-{number}"), title, &FLOW, most, &place);
        }
    }
}

fn tanks(draft: &Draft, sheet: &mut Sheet) {
    let is_high = |at: &usize| *at != draft.works.clear_well.0;
    let nodes = draft.network.nodes.iter().enumerate().filter(|(at, _)| is_high(at));
    let tanks = nodes.filter_map(|(_, node)| match &node.kind {
        NodeKind::Tank(tank) => Some((node.id.as_str(), tank.max_level.as_m())),
        NodeKind::Junction { .. } | NodeKind::Reservoir => None,
    });
    for (at, (id, top)) in tanks.take(MOST).enumerate() {
        let place = Place { point: "network", key: "node", name: id, village: None };
        let title = words(format!("{id} level"), format!("{id}水池液位"));
        sheet.add(&format!("LIT-{}", 501 + at), title, &LEVEL, (top * 1.2).max(1.0), &place);
        if at == 0 && draft.detail == Detail::Full {
            let title = words(format!("{id} free chlorine"), format!("{id}水池游离氯"));
            sheet.add("AIT-501", title, &CHLORINE, 5.0, &place);
        }
    }
}

/// Pressure at every far end; chlorine and turbidity at the ends of the first and the last.
fn villages(draft: &Draft, sheet: &mut Sheet) {
    let last = draft.villages.len().saturating_sub(1);
    for (at, village) in draft.villages.iter().enumerate() {
        let Some(end) = village.taps.last() else { continue };
        let name = draft.network.nodes[end.0].id.as_str();
        let place = Place { point: "tap-water", key: "node", name, village: Some(village) };
        let (number, Text { en, zh }) = (401 + at, &village.title);
        let title = words(format!("{en} tap pressure"), format!("{zh}末梢压力"));
        sheet.add(&format!("PIT-{number}"), title, &PRESSURE, RANGE_KPA, &place);
        let is_watched = at == last || (at == 0 && draft.detail == Detail::Full);
        if is_watched {
            let title = words(format!("{en} tap free chlorine"), format!("{zh}末梢游离氯"));
            sheet.add(&format!("AIT-{number}"), title, &CHLORINE, 5.0, &place);
        }
        if at == last && draft.detail != Detail::Few {
            let title = words(format!("{en} tap turbidity"), format!("{zh}末梢浑浊度"));
            sheet.add(&format!("AIT-{}", number + 10), title, &TURBIDITY, 100.0, &place);
        }
    }
}

/// The highest, the lowest and the farthest tap, where no village has an instrument yet.
fn extremes(draft: &Draft, sheet: &mut Sheet) {
    let network = &draft.network;
    let far = Graph::new(network).distances(&[draft.works.clear_well]);
    let taps = taps(network);
    let height = |tap: &&NodeIndex| network.nodes[tap.0].elevation.as_m();
    let picks = [
        ("PIT-511", "highest", "最高", taps.iter().max_by(|a, b| height(a).total_cmp(&height(b)))),
        ("PIT-512", "lowest", "最低", taps.iter().min_by(|a, b| height(a).total_cmp(&height(b)))),
        ("PIT-513", "farthest", "最远", taps.iter().max_by(|a, b| far[a.0].total_cmp(&far[b.0]))),
    ];
    let mut taken: Vec<NodeIndex> =
        draft.villages.iter().filter_map(|village| village.taps.last().copied()).collect();
    for (tag, en, zh, pick) in picks {
        let Some(pick) = pick.filter(|pick| !taken.contains(pick)) else { continue };
        taken.push(*pick);
        let id = network.nodes[pick.0].id.as_str();
        let place = Place { point: "network", key: "node", name: id, village: None };
        let title = words(format!("Pressure at {id}, the {en} tap"), format!("{zh}点{id}压力"));
        sheet.add(tag, title, &PRESSURE, RANGE_KPA, &place);
    }
    let usable = network.links.iter().filter(|link| link.initial == LinkStatus::Open);
    let valves = usable.filter_map(|link| match link.kind {
        LinkKind::Valve { kind: crate::plant::network::ValveKind::Prv, .. } => Some(link.end),
        _ => None,
    });
    for (at, behind) in valves.take(2).filter(|node| !taken.contains(node)).enumerate() {
        let id = network.nodes[behind.0].id.as_str();
        let place = Place { point: "network", key: "node", name: id, village: None };
        let title =
            words(format!("Pressure behind the valve at {id}"), format!("{id}减压阀后压力"));
        sheet.add(&format!("PIT-{}", 521 + at), title, &PRESSURE, RANGE_KPA, &place);
    }
}
