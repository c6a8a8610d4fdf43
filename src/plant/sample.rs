//! A waterworks of a few nodes, for tests of the parts that need some plant.

use std::sync::Arc;

use super::calendar::{AWAY_SHARE, Calendar};
use super::laboratory::{Days, Round, SamplingPlan};
use super::network::{
    Lift, Link, LinkIndex, LinkKind, LinkStatus, Network, Node, NodeIndex, NodeKind, Tank,
    ValveKind,
};
use super::power::OwnPower;
use super::production::control_production;
use super::profile::{Disinfectant, Profile, SourceKind, Village, Well};
use super::tags::{Behaviour, Instrument, Place, SamplingPoint, Site, SiteIndex, Tag};
use super::train::{Agent, Clarifying, Dosing, FilterBank, Filters, RawWater, Train};
use super::{Condition, Plant};
use crate::base::analyte::Analyte;
use crate::base::ids::VillageId;
use crate::base::problem::Problems;
use crate::base::time::UtcOffset;
use crate::base::units::{Flow, Length, Quantity};
use crate::base::{PlantId, Span, TagId, Text};

/// Filters `OUT` (node 0), clear well `CW` (1), pump main `J-1` (2), the village `J-2` (3); valve
/// `FCV-1` (link 0), pump `P-1` (1), pipe `L-1` (2); instruments `AIT-1` (chlorine at `CW`) and
/// `PT-1` (pressure at `J-2`), one a minute; sampling sites `FINISHED` (at `CW`) and `UPPER` (at
/// `J-2`), visited daily at 09:00 and 09:20 for E. coli and chlorine.
pub fn plant() -> Plant {
    let id = PlantId::new("small").expect("an id");
    let (mut network, train) = (network(), train());
    control_production(&mut network, &train);
    Plant {
        profile: profile(id.clone()),
        network: Arc::new(network),
        train,
        instruments: vec![
            instrument("AIT-1", Quantity::FreeChlorine, NodeIndex(1), (0.0, 5.0), 0.01),
            instrument("PT-1", Quantity::Pressure, NodeIndex(3), (0.0, 1_000.0), 0.5),
        ],
        sampling: SamplingPlan {
            places: vec![Place::Node(NodeIndex(1)), Place::Node(NodeIndex(3))],
            rounds: vec![Round {
                id: "daily".to_owned(),
                days: Days::Every,
                at: Span::hours(9),
                apart: Span::minutes(20),
                sites: vec![SiteIndex(0), SiteIndex(1)],
                analytes: vec![Analyte::EColi, Analyte::FreeChlorine],
            }],
        },
        conditions: ["aged", "normal", "renewed"].map(condition).to_vec(),
        ageing: None,
        own_power: OwnPower::default(),
        calendar: Calendar::USUAL,
        unsimulated: Problems::new(),
        stations: Vec::new(),
        id,
    }
}

fn text(en: &str) -> Text {
    Text { en: en.to_owned(), zh: en.to_owned() }
}

fn condition(name: &str) -> Condition {
    Condition {
        name: name.to_owned(),
        roughness_factor: 1.0,
        pump_head_factor: 1.0,
        leakage_m3_per_h_at_20_m: 0.0,
        wall_decay_factor: 1.0,
        filter_passage_factor: 1.0,
        dose_mg_per_l: None,
    }
}

fn profile(id: PlantId) -> Profile {
    Profile {
        id,
        title: text("Small works"),
        fiction: text("All of it is invented"),
        county: text("nowhere"),
        utc_offset: UtcOffset::CHINA,
        design_capacity_m3_per_day: 480.0,
        population: 1_000,
        source: SourceKind::Spring,
        disinfectant: Disinfectant::FreeChlorine,
        well: Well { area_m2: 20.0, baffling_factor: 0.5 },
        villages: vec![Village {
            id: VillageId::new("upper").expect("an id"),
            title: text("Upper"),
            fiction: true,
            people: 1_000,
            storeys: 2,
            away_share: AWAY_SHARE,
            taps: vec![NodeIndex(3)],
        }],
        packs: None,
        sites: vec![
            site("FINISHED", SamplingPoint::FinishedWater, None),
            site("UPPER", SamplingPoint::TapWater, Some("upper")),
        ],
    }
}

fn site(id: &str, point: SamplingPoint, village: Option<&str>) -> Site {
    let village = village.map(|village| VillageId::new(village).expect("an id"));
    Site { id: TagId::new(id).expect("an id"), title: text(id), point, village }
}

fn node(id: &str, kind: NodeKind, elevation: f64) -> Node {
    Node { id: id.to_owned(), kind, elevation: Length::m(elevation), coordinates: None }
}

fn link(id: &str, start: usize, end: usize, kind: LinkKind) -> Link {
    let (start, end) = (NodeIndex(start), NodeIndex(end));
    Link { id: id.to_owned(), start, end, kind, initial: LinkStatus::Open }
}

fn network() -> Network {
    let levels = [2.0, 0.0, 3.0].map(Length::m);
    let well = Tank { overflow: true, ..Tank::cylinder(levels, Length::m(6.0)) };
    let junction =
        |m3_per_h| NodeKind::Junction { base_demand: Flow::m3_per_h(m3_per_h), pattern: None };
    let nodes = vec![
        node("OUT", NodeKind::Reservoir, 105.0),
        node("CW", NodeKind::Tank(well), 100.0),
        node("J-1", junction(0.0), 95.0),
        node("J-2", junction(10.0), 120.0),
        node("J-OUT", junction(0.0), 99.0),
        node("J-IN", junction(0.0), 99.0),
    ];
    let production = LinkKind::Valve {
        kind: ValveKind::Fcv,
        diameter: Length::m(0.1),
        setting: Flow::m3_per_h(20.0).as_m3_per_s(),
        minor_loss: 0.0,
        curve: Vec::new(),
    };
    let lift = Lift::Curve(vec![(Flow::m3_per_h(20.0), Length::m(50.0))]);
    let pump = LinkKind::Pump { efficiency: lift.usual_efficiency(), lift, speed: 1.0 };
    let pipe = |length| LinkKind::Pipe {
        length: Length::m(length),
        diameter: Length::m(0.1),
        roughness: 130.0,
        minor_loss: 0.0,
        check_valve: false,
    };
    let links = vec![
        link("FCV-1", 4, 5, production),
        link("P-1", 1, 2, pump),
        link("L-1", 2, 3, pipe(500.0)),
        link("L-OUT", 0, 4, pipe(5.0)),
        link("L-IN", 5, 1, pipe(5.0)),
    ];
    let node_index =
        nodes.iter().enumerate().map(|(i, node)| (node.id.clone(), NodeIndex(i))).collect();
    let link_index =
        links.iter().enumerate().map(|(i, link)| (link.id.clone(), LinkIndex(i))).collect();
    Network { nodes, links, node_index, link_index, ..Network::default() }
}

fn train() -> Train {
    Train {
        outlet: NodeIndex(0),
        production: LinkIndex(0),
        clear_well: NodeIndex(1),
        capacity_m3_per_h: 20.0,
        start_level_m: 2.0,
        stop_level_m: 2.8,
        raw: RawWater::of(8.0, 150.0, 12.0),
        filters: Filters {
            passage: 0.03,
            overload_ntu: 100.0,
            overload_passage_per_ntu: 0.0002,
            floor_ntu: 0.1,
            volume_m3: 20.0,
        },
        clarifying: Clarifying::USUAL,
        bank: FilterBank::USUAL,
        dosing: Dosing {
            id: "DP-1".to_owned(),
            agent: Agent::Chlorine,
            dose_mg_per_l: 1.0,
            instant_demand_mg_per_l: 0.3,
            stock_g_per_l: 10.0,
            stock_decay_per_day: 0.0,
            drum_l: 200.0,
            drum_height_m: 0.8,
            initial_share: 0.9,
            refill_below_share: 0.25,
        },
        baffling_factor: 0.3,
    }
}

fn instrument(
    id: &str,
    quantity: Quantity,
    node: NodeIndex,
    range: (f64, f64),
    resolution: f64,
) -> Instrument {
    Instrument {
        tag: Arc::new(Tag {
            id: TagId::new(id).expect("an id"),
            title: text(id),
            quantity,
            point: SamplingPoint::Network,
            range,
            poll: Span::MINUTE,
            village: None,
            storeys: None,
            rise_m: 0.0,
            night_flow: None,
        }),
        place: Place::Node(node),
        behaviour: Behaviour { resolution, noise: 0.0, noise_share: 0.0, lag: Span::ZERO },
        station: None,
    }
}
