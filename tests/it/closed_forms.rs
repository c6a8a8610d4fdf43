//! Our hydraulics against formulas that can be worked out by hand.
//!
//! Pressure-driven demand and leaks in the form of WNTR's documentation (Klise et al., "WNTR User
//! Manual", hydraulic simulation: Wagner et al. 1988 for demands, Crowl and Louvar 2011 for leaks).
//! First-order decay, washing out and filling of tanks have theirs beside the modules.
#![cfg(feature = "epanet")]

use std::sync::Arc;

use sanmen::base::problem::Source;
use sanmen::base::time::UtcOffset;
use sanmen::base::{Span, Stamp};
use sanmen::plant::inp;
use sanmen::world::hydraulics::{Hydraulics, Solution};

const GRAVITY: f64 = 9.81;

fn start() -> Stamp {
    Stamp::from_ms(1_733_356_800_000).expect("a time")
}

fn hydraulics(text: &str) -> Hydraulics {
    let network = inp::read(&Source::new("network.inp", text))
        .map_err(|problems| problems.render(false))
        .expect("a sound file");
    let driven = network.pressure_driven;
    Hydraulics::new(Arc::new(network), driven, start(), UtcOffset::CHINA)
        .expect("a network that can be built")
}

/// The solution after `change`; nodes and links in the order of the file.
fn solve(text: &str, change: impl FnOnce(&mut Hydraulics)) -> Solution {
    let mut hydraulics = hydraulics(text);
    change(&mut hydraulics);
    hydraulics.solve(start(), Span::MINUTE).expect("a solution").0.clone()
}

/// A junction at 0 m beside a reservoir, through a pipe that loses nothing.
fn beside(head_m: f64) -> String {
    format!(
        "[JUNCTIONS]\n J 0 5\n[RESERVOIRS]\n R {head_m}\n[PIPES]\n P R J 1 2000 150\n\
         [OPTIONS]\n UNITS LPS\n HEADLOSS H-W\n DEMAND MODEL PDA\n MINIMUM PRESSURE 3.5\n \
         REQUIRED PRESSURE 21\n PRESSURE EXPONENT 0.5\n"
    )
}

#[test]
fn demand_follows_wagners_curve_between_minimum_and_required_pressure() {
    for head_m in [-2.0, 2.0, 3.5, 4.0, 7.0, 12.0, 17.5, 20.9, 21.0, 60.0] {
        let solution = solve(&beside(head_m), |_| {});
        let pressure = solution.pressure[0].as_m();
        assert!((pressure - head_m).abs() < 1e-4, "{pressure}");
        let share = ((pressure - 3.5) / (21.0 - 3.5)).clamp(0.0, 1.0).sqrt();
        let delivered = solution.delivered[0].as_m3_per_s() * 1_000.0;
        assert!((delivered - 5.0 * share).abs() < 5e-3, "{delivered} L/s at {head_m} m");
    }
}

#[test]
fn every_tap_follows_wagners_curve_up_to_its_own_required_pressure() {
    // A summit gives two taps the same pressure: houses of one storey (5 m) and of three (13.5 m).
    let required = [5.0, 13.5];
    let text = |head_m: f64| {
        format!(
            "[JUNCTIONS]\n J 0 5\n K 0 4\n[RESERVOIRS]\n R {head_m}\n\
             [PIPES]\n P R J 1 2000 150\n Q R K 1 2000 150\n\
             [OPTIONS]\n UNITS LPS\n HEADLOSS H-W\n DEMAND MODEL PDA\n REQUIRED PRESSURE 5\n"
        )
    };
    for head_m in [-2.0, 0.3, 2.0, 4.9, 5.1, 9.0, 13.4, 13.6, 30.0] {
        let mut hydraulics = hydraulics(&text(head_m));
        for (own, required) in hydraulics.boundary().required.iter_mut().zip(required) {
            *own = sanmen::base::units::Length::m(required);
        }
        // Twice, as in two steps: the second begins where the first ended.
        for solves in [2, 3] {
            let solution = hydraulics.solve(start(), Span::MINUTE).expect("a solution").0.clone();
            for (at, demand) in [5.0, 4.0].into_iter().enumerate() {
                let pressure = solution.pressure[at].as_m();
                let share = (pressure / required[at]).clamp(0.0, 1.0).sqrt();
                let delivered = solution.delivered[at].as_m3_per_s() * 1_000.0;
                let wanted = demand * share;
                assert!((delivered - wanted).abs() < 5e-3, "{delivered} L/s at {head_m} m");
            }
            assert!(hydraulics.solves() <= solves, "once a step, and once more to turn");
        }
    }
}

#[test]
fn a_hole_loses_what_an_orifice_does() {
    const DISCHARGE: f64 = 0.75; // turbulent flow, as WNTR has it
    let area = std::f64::consts::FRAC_PI_4 * 0.02 * 0.02; // a hole of 2 cm
    let orifice = |head_m: f64| DISCHARGE * area * (2.0 * GRAVITY * head_m).sqrt();
    for head_m in [0.5, 5.0, 20.0, 45.0, 80.0] {
        let solution = solve(&beside(head_m), |hydraulics| {
            let boundary = hydraulics.boundary();
            boundary.demand[0] = sanmen::base::units::Flow::ZERO;
            boundary.leak_m3_per_h_at_20_m[0] = orifice(20.0) * 3_600.0;
        });
        let head_m = solution.pressure[0].as_m();
        let leaked = solution.leakage[0].as_m3_per_s();
        assert!((leaked / orifice(head_m) - 1.0).abs() < 1e-6, "{leaked} m³/s at {head_m} m");
        let carried = solution.flow[0].as_m3_per_s();
        assert!((carried - leaked).abs() < 1e-6, "{carried} flows, {leaked} leaks");
    }
}

/// A reservoir at 60 m, a valve, a village that wants 8 L/s at 0 m.
fn through(valve: &str, supply_m: f64) -> Solution {
    let text = format!(
        "[JUNCTIONS]\n A 0 0\n B 0 0\n C 0 8\n[RESERVOIRS]\n R {supply_m}\n\
         [PIPES]\n P1 R A 50 150 130\n P2 B C 50 150 130\n\
         [VALVES]\n V A B 150 {valve}\n\
         [OPTIONS]\n UNITS LPS\n HEADLOSS H-W\n DEMAND MODEL PDA\n REQUIRED PRESSURE 10\n"
    );
    solve(&text, |_| {})
}

#[test]
fn a_pressure_reducing_valve_holds_its_setting_and_opens_when_there_is_less() {
    let holding = through("PRV 30 0", 60.0);
    assert!((holding.pressure[1].as_m() - 30.0).abs() < 1e-3, "{:?}", holding.pressure);
    assert!(holding.pressure[0].as_m() > 55.0);
    let open = through("PRV 30 0", 25.0);
    assert!((open.pressure[1] - open.pressure[0]).as_m().abs() < 0.01, "{:?}", open.pressure);
}

#[test]
fn a_flow_control_valve_lets_its_setting_through_and_no_more() {
    let holding = through("FCV 3 0", 60.0);
    assert!((holding.flow[2].as_m3_per_s() - 0.003).abs() < 1e-6, "{:?}", holding.flow);
    assert!((holding.delivered[2].as_m3_per_s() - 0.003).abs() < 1e-5);
    let open = through("FCV 30 0", 60.0);
    assert!((open.flow[2].as_m3_per_s() - 0.008).abs() < 1e-5, "{:?}", open.flow);
}

#[test]
fn a_throttle_valve_loses_its_coefficient_times_the_velocity_head() {
    let solution = through("TCV 40 0", 60.0);
    let velocity = 0.008 / (std::f64::consts::FRAC_PI_4 * 0.15 * 0.15);
    let lost = 40.0 * velocity * velocity / (2.0 * GRAVITY);
    let found = (solution.head[0] - solution.head[1]).as_m();
    assert!((found / lost - 1.0).abs() < 2e-3, "{found} m, by hand {lost} m");
}

/// Two reservoirs, at 60 m and at 10 m; a pipe, a valve and another pipe of the same kind between.
fn between(valve: &str, more: &str) -> Solution {
    let text = format!(
        "[JUNCTIONS]\n A 0 0\n B 0 0\n[RESERVOIRS]\n R1 60\n R2 10\n\
         [PIPES]\n P1 R1 A 500 150 130\n P2 B R2 500 150 130\n\
         [VALVES]\n V A B 150 {valve}\n{more}\
         [OPTIONS]\n UNITS LPS\n HEADLOSS H-W\n"
    );
    solve(&text, |_| {})
}

/// Hazen and Williams: m lost in one of the pipes at a flow, m³/s.
fn pipe_loses(flow: f64) -> f64 {
    let resistance = 10.67 * 500.0 / (libm::pow(130.0, 1.852) * libm::pow(0.15, 4.871));
    resistance * libm::pow(flow, 1.852)
}

/// The flow at which both pipes and a valve lose the 50 m together, by halving.
fn flow_by_hand(valve_loses: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let flow = f64::midpoint(low, high);
        let lost = 2.0 * pipe_loses(flow) + valve_loses(flow);
        if lost > 50.0 { high = flow } else { low = flow }
    }
    low
}

/// Flow in L/s, heads before and behind the valve in m, against what was worked out by hand.
fn assert_flow(solution: &Solution, flow: f64, case: &str) {
    let found = solution.flow[2].as_m3_per_s();
    assert!((found / flow - 1.0).abs() < 2e-3, "{case}: {found} m³/s, by hand {flow}");
    for (at, by_hand) in [(0, 60.0 - pipe_loses(flow)), (1, 10.0 + pipe_loses(flow))] {
        let head = solution.head[at].as_m();
        assert!((head - by_hand).abs() < 0.05, "{case}: {head} m, by hand {by_hand} m");
    }
}

#[test]
fn a_pressure_sustaining_valve_keeps_what_is_before_it_and_opens_when_there_is_more() {
    // 40 m before it: the first pipe loses 20 m, the second as much, the valve the last 10 m.
    let holding = between("PSV 40 0", "");
    assert!((holding.head[0].as_m() - 40.0).abs() < 1e-3, "{:?}", holding.head);
    assert_flow(&holding, flow_by_hand(|_| 10.0), "it holds 40 m");
    // With 20 m to keep and 35 m there it stands open: 25 m a pipe.
    assert_flow(&between("PSV 20 0", ""), flow_by_hand(|_| 0.0), "it is open");
}

#[test]
fn a_pressure_breaker_loses_its_setting() {
    assert_flow(&between("PBV 15 0", ""), flow_by_hand(|_| 15.0), "it breaks 15 m");
}

#[test]
fn a_general_valve_loses_what_its_curve_says() {
    let curve = "[CURVES]\n G 0 0\n G 20 20\n G 40 60\n"; // L/s, m
    let by_hand = |flow: f64| {
        let l_per_s = flow * 1_000.0;
        if l_per_s < 20.0 { l_per_s } else { 20.0 + 2.0 * (l_per_s - 20.0) }
    };
    assert_flow(&between("GPV G 0", curve), flow_by_hand(by_hand), "1 m for each L/s up to 20");
}

#[test]
fn a_positional_valve_loses_by_how_far_it_is_open() {
    // Half open it has 30 % of the flow coefficient that it has when open: 1/0.3² the loss.
    let curve = "[CURVES]\n C 0 0\n C 50 30\n C 100 100\n";
    let area = std::f64::consts::FRAC_PI_4 * 0.15 * 0.15;
    let by_hand = |flow: f64| 10.0 / 0.09 * (flow / area).powi(2) / (2.0 * GRAVITY);
    assert_flow(&between("PCV 50 10 C", curve), flow_by_hand(by_hand), "half open");
}
