//! Closed forms and conservation.

use proptest::prelude::*;

use super::reaction::TRIHALOMETHANE_YIELD;
use super::segment::SEGMENTS_MAX;
use super::*;
use crate::base::units::{Flow, Length};
use crate::plant::network::{
    Link, LinkIndex, LinkKind, LinkStatus, Liquid, Network, Node, NodeIndex, NodeKind, Reactions,
    Tank,
};

/// A network to carry water through: nodes `R` reservoir, `T` tank, `J` junction.
pub(super) fn network(
    nodes: &str,
    pipes: &[(usize, usize, f64, f64)],
    reactions: Reactions,
) -> Network {
    let node = |(i, kind): (usize, char)| Node {
        id: format!("{kind}{i}"),
        kind: match kind {
            'R' => NodeKind::Reservoir,
            'T' => {
                let diameter = Length::m(2.0 / libm::sqrt(std::f64::consts::PI));
                let levels = [2.0, 0.0, 4.0].map(Length::m);
                NodeKind::Tank(Tank { overflow: true, ..Tank::cylinder(levels, diameter) })
            }
            _ => NodeKind::Junction { base_demand: Flow::ZERO, pattern: None },
        },
        elevation: Length::ZERO,
        coordinates: None,
    };
    let link = |(i, (start, end, length, diameter)): (usize, &(usize, usize, f64, f64))| Link {
        id: format!("P{i}"),
        start: NodeIndex(*start),
        end: NodeIndex(*end),
        kind: LinkKind::Pipe {
            length: Length::m(*length),
            diameter: Length::m(*diameter),
            roughness: 130.0,
            minor_loss: 0.0,
            check_valve: false,
        },
        initial: LinkStatus::Open,
    };
    let nodes: Vec<Node> = nodes.chars().enumerate().map(node).collect();
    let links: Vec<Link> = pipes.iter().enumerate().map(link).collect();
    Network {
        node_index: nodes.iter().enumerate().map(|(i, n)| (n.id.clone(), NodeIndex(i))).collect(),
        link_index: links.iter().enumerate().map(|(i, l)| (l.id.clone(), LinkIndex(i))).collect(),
        nodes,
        links,
        reactions,
        ..Network::default()
    }
}

fn step(transport: &mut Transport, links: &[f64], withdrawn: &[f64], tanks: &[f64]) -> bool {
    let flows = Flows {
        dt_s: 60.0,
        temperature_deg_c: 20.0,
        links,
        withdrawn,
        tank_volumes: tanks,
        spilled: &vec![0.0; tanks.len()],
    };
    transport.step(&flows)
}

const BULK: Reactions = Reactions { bulk_per_day: 2.0, wall_m_per_day: 0.0 };
const NEW: Carried = {
    let mut new = NOTHING;
    new[CHLORINE] = 1.0;
    new[TURBIDITY] = 0.05;
    new[CONDUCTIVITY] = 200.0;
    new[CHLORATE] = 1.0;
    new[SUBSTANCE] = 300.0;
    new
};
const NOTHING: Carried = [0.0; SPECIES];

/// A pipe of 10 m³ fed with 0.1 m³ a minute: 100 minutes.
fn long_pipe(reactions: Reactions) -> (Transport, [f64; 1], [f64; 2]) {
    let diameter = 0.2;
    let length = 10.0 / (std::f64::consts::FRAC_PI_4 * diameter * diameter);
    let network = network("RJ", &[(0, 1, length, diameter)], reactions);
    let mut transport = Transport::new(&network, NOTHING, 0.0);
    transport.set_boundary(NodeIndex(0), NEW);
    let flow = 0.1 / 60.0;
    (transport, [flow], [0.0, flow])
}

#[test]
fn a_front_arrives_after_volume_by_flow_and_has_decayed_as_the_closed_form_says() {
    let (mut transport, links, withdrawn) = long_pipe(BULK);
    for minute in 0..100 {
        assert!(step(&mut transport, &links, &withdrawn, &[0.0; 2]));
        let chlorate = transport.waters()[1][CHLORATE];
        assert!(chlorate < 1e-9, "nothing new after {minute} min, got {chlorate}");
        assert!(transport.waters()[1][SUBSTANCE] < 1e-6);
    }
    step(&mut transport, &links, &withdrawn, &[0.0; 2]);
    let water = transport.waters()[1];
    assert!((water[CHLORATE] - 1.0).abs() < 1e-9, "all new after 101 min");
    assert!((water[SUBSTANCE] - 300.0).abs() < 1e-6, "whatever is dissolved stays: {water:?}");
    let exact = libm::exp(-2.0 * 100.0 / 1_440.0);
    assert!((water[CHLORINE] - exact).abs() < 1e-3, "{} {exact}", water[CHLORINE]);
    let made = TRIHALOMETHANE_YIELD * (1.0 - exact);
    assert!((water[BY_PRODUCT] - made).abs() < 1e-3 * TRIHALOMETHANE_YIELD, "{made}");
    // Water joins its segment up to 0.1 h: the mean is right, a single parcel within that.
    assert!((water[AGE] - 100.0 / 60.0).abs() < 0.11, "{}", water[AGE]);
}

#[test]
fn wall_decay_follows_its_closed_form() {
    let wall = Reactions { bulk_per_day: 0.0, wall_m_per_day: 0.3 };
    let (mut transport, links, withdrawn) = long_pipe(wall);
    for _ in 0..300 {
        step(&mut transport, &links, &withdrawn, &[0.0; 2]);
    }
    let diameter = 0.2;
    let area = std::f64::consts::FRAC_PI_4 * diameter * diameter;
    let bore = reaction::Bore { length_m: 10.0 / area, diameter_m: diameter };
    let rate = reaction::Kinetics::new(wall, Liquid::default()).wall_per_s(bore, links[0] / area);
    let exact = libm::exp(-rate * 6_000.0);
    let chlorine = transport.waters()[1][CHLORINE];
    assert!(exact < 0.9 && (chlorine - exact).abs() < 2e-3, "{chlorine} {exact}");
    let made = transport.waters()[1][BY_PRODUCT];
    assert_eq!(made, 0.0, "what a wall takes becomes no trihalomethanes");
}

#[test]
fn a_tank_washes_out_as_a_mixed_one_does() {
    let pipes = [(0, 1, 1.0, 0.1), (1, 2, 1.0, 0.1)];
    let network = network("RTJ", &pipes, Reactions::default());
    let mut transport = Transport::new(&network, NEW, 0.0);
    transport.set_boundary(NodeIndex(0), NOTHING);
    let flow = 2.0 / 36_000.0; // 2 m³ in ten hours
    for _ in 0..600 {
        assert!(step(&mut transport, &[flow; 2], &[0.0, 0.0, flow], &[0.0, 2.0, 0.0]));
    }
    let share = transport.waters()[1][CHLORATE];
    // mixed a minute at a time: exp(−1) but for half a step in 600
    assert!((share / libm::exp(-1.0) - 1.0).abs() < 5e-3, "{share}");
}

#[test]
fn a_full_tank_spills_its_own_water_and_the_books_know() {
    let network = network("RT", &[(0, 1, 1.0, 0.1)], Reactions::default());
    let mut transport = Transport::new(&network, NEW, 0.0);
    transport.set_boundary(NodeIndex(0), NOTHING);
    let flows = Flows {
        dt_s: 60.0,
        temperature_deg_c: 20.0,
        links: &[2.0 / 60.0],
        withdrawn: &[0.0; 2],
        tank_volumes: &[0.0, 2.5],
        spilled: &[0.0, 1.5],
    };
    assert!(transport.step(&flows));
    let chlorate = transport.books().account(Species::Chlorate);
    let pipe = transport.pipe(LinkIndex(0)).expect("a pipe").volume();
    let share = (2.0 + pipe) / 4.0; // the pipe's old water came first
    assert!((chlorate.overflowed - 1.5 * share).abs() < 1e-9, "{chlorate:?}");
    assert!(chlorate.numerical.abs() < 1e-12, "{chlorate:?}");
}

#[test]
fn standing_water_ages_an_hour_an_hour_and_decays_in_place() {
    let (mut transport, ..) = long_pipe(BULK);
    transport.set_boundary(NodeIndex(1), NEW);
    for _ in 0..60 {
        assert!(step(&mut transport, &[1e-8], &[0.0; 2], &[0.0; 2]));
    }
    let pipe = transport.pipe(LinkIndex(0)).expect("a pipe");
    assert!((pipe.segments()[0].carried[AGE] - 1.0).abs() < 1e-12);
    let node = transport.waters()[1];
    assert!((node[AGE] - 1.0).abs() < 1e-12, "a still node ages with it");
    assert!((node[CHLORINE] - libm::exp(-2.0 / 24.0)).abs() < 1e-12);
    assert_eq!(node[CONDUCTIVITY], 200.0);
}

#[test]
fn turbidity_settles_in_a_slow_pipe_and_comes_back_in_a_fast_one() {
    let (mut transport, ..) = long_pipe(Reactions::default());
    let mut turbid = NOTHING;
    turbid[TURBIDITY] = 2.0;
    transport.set_boundary(NodeIndex(0), turbid);
    let carry = |transport: &mut Transport, flow: f64, minutes: usize| {
        for _ in 0..minutes {
            assert!(step(transport, &[flow], &[0.0, flow], &[0.0; 2]));
        }
        transport.waters()[1][TURBIDITY]
    };
    let slow = carry(&mut transport, 0.0005, 1_000); // 0.016 m/s
    assert!(slow < 1.5, "{slow}");
    let deposit = transport.pipe(LinkIndex(0)).expect("a pipe").deposit;
    assert!(deposit > 1.0, "{deposit}");
    let fast = carry(&mut transport, 0.0314, 5); // 1 m/s
    assert!(fast > 2.0, "the deposit comes on top: {fast}");
    let later = carry(&mut transport, 0.0314, 600);
    assert!((later - 2.0).abs() < 0.01, "washed clean: {later}");
}

#[test]
fn a_step_costs_the_same_after_months() {
    let (mut transport, ..) = long_pipe(BULK);
    let mut most = 0;
    for minute in 0..100_000_i32 {
        // a dead end with pulses of either sign, and water that never stays the same
        let flow = f64::from(minute % 7 - 3) * 1e-5;
        let mut water = NEW;
        water[CHLORINE] = f64::from(minute % 11) * 0.1;
        transport.set_boundary(NodeIndex(0), water);
        step(&mut transport, &[flow], &[0.0, flow.max(0.0)], &[0.0; 2]);
        most = most.max(transport.segments());
    }
    assert!(most <= SEGMENTS_MAX, "{most}");
}

#[test]
fn water_in_a_loop_is_carried_and_accounted_for() {
    // 1 → 2 → 3 → 1 runs in a circle beside the flow from the reservoir; pipes shorter than a step
    let pipes = [(0, 1, 5.0, 0.1), (1, 2, 1.0, 0.05), (2, 3, 1.0, 0.05), (3, 1, 1.0, 0.05)];
    let network = network("RJJJ", &pipes, BULK);
    let mut transport = Transport::new(&network, NOTHING, 0.0);
    transport.set_boundary(NodeIndex(0), NEW);
    for _ in 0..100 {
        let links = [0.001, 0.002, 0.002, 0.002];
        assert!(step(&mut transport, &links, &[0.0, 0.001, 0.0, 0.0], &[0.0; 4]));
    }
    assert!(transport.waters().iter().flatten().all(|value| value.is_finite()));
}

proptest! {
    /// A tree from a reservoir with a tank at its far end; demands and the tank's flow at random.
    #[test]
    fn nothing_is_lost_whatever_way_the_water_runs(
        parents in prop::collection::vec(0.0_f64..1.0, 3..12),
        steps in prop::collection::vec(prop::collection::vec(0.0_f64..0.002, 16), 5..40),
        into_tank in prop::collection::vec(-0.004_f64..0.004, 40),
    ) {
        let count = parents.len() + 2; // reservoir, junctions, tank
        let parent = |node: usize| match node {
            _ if node == count - 1 => count - 2,
            _ => (parents[node - 1] * node as f64) as usize,
        };
        let pipes: Vec<_> =
            (1..count).map(|node| (parent(node), node, 20.0 * node as f64, 0.05)).collect();
        let kinds: String = (0..count)
            .map(|i| if i == 0 { 'R' } else if i == count - 1 { 'T' } else { 'J' })
            .collect();
        let reactions = Reactions { bulk_per_day: 1.0, wall_m_per_day: 0.1 };
        let mut transport = Transport::new(&network(&kinds, &pipes, reactions), NOTHING, 1.0);
        transport.set_boundary(NodeIndex(0), NEW);
        let mut volume = 2.0;
        for (at, demands) in steps.iter().enumerate() {
            let change = into_tank[at].clamp(-volume / 60.0, (4.0 - volume) / 60.0);
            let mut withdrawn = vec![0.0; count];
            withdrawn[1..count - 1].copy_from_slice(&demands[..count - 2]);
            let mut links = vec![0.0; count - 1];
            let mut needs = withdrawn.clone();
            needs[count - 1] = change;
            for node in (1..count).rev() {
                links[node - 1] = needs[node];
                needs[parent(node)] += needs[node];
            }
            volume += change * 60.0;
            let mut tanks = vec![0.0; count];
            tanks[count - 1] = volume;
            prop_assert!(step(&mut transport, &links, &withdrawn, &tanks));
        }
        for species in Species::ALL {
            let account = transport.books().account(species);
            let gap = (account.expected() - account.stored).abs();
            prop_assert!(gap <= 1e-9 * (account.entered + account.opening + account.reacted.abs()));
            prop_assert!(account.numerical_share() < 1e-4, "{} {account:?}", species.name());
        }
        prop_assert!(transport.waters().iter().flatten().all(|v| v.is_finite() && *v >= 0.0));
    }
}
