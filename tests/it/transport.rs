//! Our transport of water quality on EPANET's flows, against EPANET's own.
#![cfg(feature = "epanet")]
#![expect(clippy::disallowed_methods, reason = "edge: gives EPANET its file")]

use std::path::Path;

use sanmen::base::problem::Source;
use sanmen::plant::inp;
use sanmen::plant::network::{Network, NodeKind};
use sanmen::world::hydraulics::file::{FileRun, Step, Times};
use sanmen::world::quality::{Carried, Flows, Species, Transport};

const STEP_S: i64 = 60;
const HOURS: i64 = 72;

/// Compared from the third day on: by then the water of the start has gone.
const FROM_S: i64 = 48 * 3_600;

/// Less water than this a node may call standing, m³/s.
const FLOWING: f64 = 2e-5;

/// Differences to EPANET over all flowing nodes at all full hours.
struct Gap {
    mean: f64,
    /// 95 of 100 are below it.
    p95: f64,
    count: usize,
}

fn network(text: &str) -> Network {
    let read = inp::read(&Source::new("network.inp", text));
    read.map_err(|problems| problems.render(false)).expect("a sound file")
}

/// The Sanmen network in EPANET and in our transport, which gets EPANET's flows.
fn compare(text: &str, species: Species, finished: Carried) -> Gap {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network.inp");
    std::fs::write(&path, text).expect("a file");
    let mut gaps = Vec::new();
    carry(&path, &network(text), finished, |step, transport, network| {
        if step.time_s < FROM_S || step.time_s % 3_600 != 0 {
            return;
        }
        let mut passing = vec![0.0_f64; network.nodes.len()];
        for (link, state) in network.links.iter().zip(&step.links) {
            let flow = state.flow.as_m3_per_s().abs();
            passing[link.start.0] = passing[link.start.0].max(flow);
            passing[link.end.0] = passing[link.end.0].max(flow);
        }
        for (at, node) in network.nodes.iter().enumerate() {
            if passing[at] > FLOWING && !matches!(node.kind, NodeKind::Reservoir) {
                let theirs = step.nodes[at].quality.expect("the file computes quality");
                gaps.push((transport.waters()[at][species as usize] - theirs).abs());
            }
        }
    });
    gaps.sort_by(f64::total_cmp);
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    Gap { mean, p95: gaps[gaps.len() * 95 / 100], count: gaps.len() }
}

fn carry(
    path: &Path,
    network: &Network,
    finished: Carried,
    mut see: impl FnMut(&Step, &Transport, &Network),
) {
    let times = Times { duration_s: Some(HOURS * 3_600), step_s: Some(STEP_S) };
    let mut run = FileRun::open(path, None, times).expect("EPANET reads it");
    for (theirs, ours) in run.layout().nodes.iter().zip(&network.nodes) {
        assert_eq!(theirs.id, ours.id, "the orders agree");
    }
    let mut transport = Transport::new(network, finished, 0.0);
    let mut last: Option<Step> = None;
    while let Some(step) = run.next_step().expect("EPANET goes on") {
        if let Some(last) = &last {
            advance(&mut transport, network, last, step);
        }
        see(step, &transport, network);
        last = Some(step.clone());
    }
    assert_eq!(transport.books().unclosed, 0);
}

/// Carries the water from `last` to `next` with the flows of `last`.
fn advance(transport: &mut Transport, network: &Network, last: &Step, next: &Step) {
    let links: Vec<f64> = last.links.iter().map(|link| link.flow.as_m3_per_s()).collect();
    let node = |at: usize| &network.nodes[at].kind;
    let withdrawn = last.nodes.iter().enumerate().map(|(at, state)| match node(at) {
        NodeKind::Junction { .. } => state.demand.as_m3_per_s(),
        _ => 0.0,
    });
    let volumes = next.nodes.iter().enumerate().map(|(at, state)| match node(at) {
        NodeKind::Tank(tank) => tank.volume(state.pressure).as_m3(),
        _ => 0.0,
    });
    transport.step(&Flows {
        dt_s: (next.time_s - last.time_s) as f64,
        temperature_deg_c: 20.0, // where the file's coefficients hold
        links: &links,
        withdrawn: &withdrawn.collect::<Vec<_>>(),
        tank_volumes: &volumes.collect::<Vec<_>>(),
        spilled: &vec![0.0; network.nodes.len()],
    });
}

fn carrying(species: Species, value: f64) -> Carried {
    let mut carried = Carried::default();
    carried[species as usize] = value;
    carried
}

const SANMEN: &str = include_str!("../../config/plants/sanmen/network.inp");

#[test]
fn chlorine_agrees_with_epanets_on_every_flowing_node() {
    let gap = compare(SANMEN, Species::Chlorine, carrying(Species::Chlorine, 0.6));
    assert!(gap.count > 1_000 && gap.mean < 0.01 && gap.p95 < 0.02, "{} {}", gap.mean, gap.p95);
}

#[test]
fn age_agrees_with_epanets_on_every_flowing_node() {
    let text = SANMEN.replace("Quality             Chlorine mg/L", "Quality             Age");
    assert_ne!(text, SANMEN);
    // The file's [QUALITY] section then says that water of 0.6 h comes out of the filters.
    let gap = compare(&text, Species::Age, carrying(Species::Age, 0.6));
    assert!(gap.count > 1_000 && gap.mean < 0.1 && gap.p95 < 0.2, "{} {}", gap.mean, gap.p95);
}
