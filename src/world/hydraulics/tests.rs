//! One small works, and what must and must not happen in it.
#![cfg(feature = "epanet")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use super::*;
use crate::base::problem::Source;
use crate::base::units::Volume;
use crate::plant::inp;
use crate::plant::network::NodeIndex;

/// A pump lifts to a tank from which a village lives; a second village behind a closed valve.
const WORKS: &str = "\
[JUNCTIONS]
 A   10  0
 B   20  3
 C   22  2
 D   18  1
[RESERVOIRS]
 R   12
[TANKS]
 T   60  2.0  0.5  3.0  6.0
[PIPES]
 P1  A  B  800  150  130
 P2  B  T  600  150  130
 P3  B  C  900  80   120
 P4  C  D  300  80   120
[PUMPS]
 PU  R  A  HEAD H
[CURVES]
 H  0   75
 H  10  60
 H  20  20
[CONTROLS]
 LINK PU CLOSED IF NODE T ABOVE 2.8
 LINK PU OPEN IF NODE T BELOW 1.0
[OPTIONS]
 UNITS LPS
 HEADLOSS H-W
 DEMAND MODEL PDA
 REQUIRED PRESSURE 10
 ACCURACY 0.00001
 TRIALS 200
";

/// Only a reservoir, a flow control valve and a tank: the tank fills by 10 L/s exactly.
const FILL: &str = "\
[JUNCTIONS]
 A   100  0
 B   50   0
[RESERVOIRS]
 R   120
[TANKS]
 T   40  1.0  0.5  3.0  6.0  0  *  NO
[PIPES]
 P1  R  A  10  300  130
 P2  B  T  10  300  130
[VALVES]
 V   A  B  200  FCV  10
[OPTIONS]
 UNITS LPS
 HEADLOSS H-W
";

fn network(text: &str) -> Network {
    let source: Arc<Source> = Source::new("test.inp", text);
    inp::read(&source).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn start() -> Stamp {
    Stamp::parse("2024-12-05T00:00:00Z").expect("valid").0
}

fn hydraulics(text: &str) -> Hydraulics {
    let network = Arc::new(network(text));
    let driven = network.pressure_driven;
    Hydraulics::new(network, driven, start(), UtcOffset::UTC).expect("a sound network")
}

impl Hydraulics {
    fn at(&self, id: &str) -> usize {
        let NodeIndex(at) = self.network.node(id).expect("a node of the test");
        at
    }

    fn link_at(&self, id: &str) -> usize {
        self.network.link(id).expect("a link of the test").0
    }

    fn step(&mut self, now: Stamp, limit: Span) -> Span {
        let (_, span) = self.solve(now, limit).expect("solvable");
        self.advance(span);
        span
    }

    fn pressure(&self, id: &str) -> f64 {
        self.solution.pressure[self.at(id)].as_m()
    }
}

#[test]
fn the_built_network_solves_as_the_file_that_epanet_reads() {
    let mut text = tempfile::NamedTempFile::new().expect("a file");
    text.write_all(WORKS.as_bytes()).expect("written");
    let mut file = engine::file::FileEngine::open(text.path(), None).expect("EPANET reads it");
    file.start().expect("complete");
    assert_eq!(file.solve_now(), Ok((0, None)));
    let (mut heads, mut flows) = (Vec::new(), Vec::new());
    file.engine().node_values(engine::NodeProperty::Head, &mut heads).expect("solved");
    file.engine().link_values(engine::LinkProperty::Flow, &mut flows).expect("solved");

    let mut ours = hydraulics(WORKS);
    ours.step(start(), Span::MINUTE);
    for (node, theirs) in ours.solution.head.iter().zip(heads) {
        assert!((node.as_m() - theirs).abs() < 1e-6, "{node} here, {theirs} m from the file");
    }
    for (link, theirs) in ours.solution.flow.iter().zip(flows) {
        assert!((link.as_m3_per_s() * 1_000.0 - theirs).abs() < 1e-6, "{link}, {theirs} L/s");
    }
}

#[test]
fn a_day_by_our_clock_is_a_day_by_epanets() {
    let text = format!("{WORKS}[TIMES]\n DURATION 24:00\n HYDRAULIC TIMESTEP 0:01\n");
    let mut path = tempfile::NamedTempFile::new().expect("a file");
    path.write_all(text.as_bytes()).expect("written");
    let mut file = engine::file::FileEngine::open(path.path(), None).expect("EPANET reads it");
    file.start().expect("complete");
    let mut heads = Vec::new();
    let mut ours = hydraulics(&text);
    let tank = ours.at("T");
    let mut now = start();
    let mut hours = 0;
    loop {
        let (time_s, _) = file.solve_now().expect("solvable");
        while now < start() + Span::seconds(time_s) {
            now += ours.step(now, start() + Span::seconds(time_s) - now);
        }
        if time_s % 3_600 == 0 {
            file.engine().node_values(engine::NodeProperty::Head, &mut heads).expect("solved");
            let theirs = heads[heads.len() - 1] - 60.0;
            let level = ours.boundary().tank_level[tank].as_m();
            assert!((level - theirs).abs() < 0.005, "{level} here, {theirs} there, {now}");
            hours += 1;
        }
        if file.advance().expect("solvable") == 0 {
            break;
        }
    }
    assert_eq!(hours, 25);
}

#[test]
fn a_solver_that_finds_nothing_is_counted_and_the_last_solution_stands() {
    let mut works = hydraulics(WORKS);
    works.step(start(), Span::MINUTE);
    let before = works.solution.clone();
    works.solver.give_up_after(1.0).expect("an option");
    let at = works.at("D");
    works.boundary().demand[at] = Flow::m3_per_h(40.0);
    works.step(start() + Span::MINUTE, Span::MINUTE);
    assert_eq!(works.unsolved(), 1);
    assert_eq!(works.solution.warning, Some(Warning::Unbalanced));
    assert_eq!(works.solution.flow, before.flow);
    works.solver.give_up_after(200.0).expect("an option");
    works.step(start() + Span::MINUTE * 2, Span::MINUTE);
    assert_eq!((works.unsolved(), works.solution.warning), (1, None));
    assert!(works.solution.delivered[at].as_m3_per_h() > 8.0);

    let mut new = hydraulics(WORKS);
    new.solver.give_up_after(1.0).expect("an option");
    let error = new.solve(start(), Span::MINUTE).expect_err("no first solution");
    assert_eq!(error, HydraulicsError::Engine(EngineError::NotConverged));
}

#[test]
fn a_tank_is_full_at_the_computed_second_and_then_takes_nothing() {
    let mut works = hydraulics(FILL);
    let (tank, inlet) = (works.at("T"), works.link_at("P2"));
    // 2 m of 28.274 m² by 10 L/s: 5,654.87 s.
    let (_, span) = works.solve(start(), Span::HOUR * 3).expect("solvable");
    let flow = works.solution.flow[inlet].as_m3_per_s();
    assert!((flow - 0.010).abs() < 1e-6, "{flow}");
    assert!((span.as_seconds() - 5_654.87).abs() < 1.0, "{span:?}");
    let volumes = works.advance(span).clone();
    assert!((volumes.stored[tank].as_m3() - 56.5487).abs() < 1e-3);
    assert!(volumes.overflow[tank].as_m3() < 1e-4);
    assert_eq!(works.boundary().tank_level[tank], Length::m(3.0));
    let now = start() + span;
    assert_eq!(works.step(now, Span::HOUR), Span::HOUR);
    assert!(works.solution.flow[inlet].as_m3_per_s().abs() < 1e-9);
    assert_eq!(works.boundary().tank_level[tank], Length::m(3.0));
}

#[test]
fn a_full_tank_that_may_spill_spills_what_comes() {
    let mut works = hydraulics(&FILL.replace("*  NO", "*  YES").replace("40  1.0", "40  3.0"));
    let tank = works.at("T");
    assert_eq!(works.step(start(), Span::HOUR), Span::HOUR);
    let spilled = works.volumes.overflow[tank].as_m3();
    assert!((spilled - 36.0).abs() < 0.01, "{spilled}");
    assert_eq!(works.boundary().tank_level[tank], Length::m(3.0));
    assert_eq!(works.volumes.stored[tank], Volume::ZERO);
}

#[test]
fn an_empty_tank_gives_nothing_and_its_village_is_dry() {
    let mut works = hydraulics(WORKS);
    let (tank, pump, village) = (works.at("T"), works.link_at("PU"), works.at("B"));
    works.boundary().forced_closed[pump] = true;
    let mut now = start();
    for _ in 0..20 {
        now += works.step(now, Span::HOUR);
    }
    assert_eq!(works.boundary().tank_level[tank], Length::m(0.5));
    works.step(now, Span::HOUR);
    assert!(!works.solution.reached[village]);
    assert_eq!(works.solution.delivered[village], Flow::ZERO);
    assert_eq!(works.solution.pressure[village], Length::ZERO);
    assert_eq!(works.boundary().tank_level[tank], Length::m(0.5));
}

#[test]
fn a_level_control_acts_at_its_level_and_not_before() {
    let mut works = hydraulics(WORKS);
    let (tank, pump) = (works.at("T"), works.link_at("PU"));
    let mut now = start();
    let mut closed_at = None;
    for _ in 0..2_000 {
        let (solution, span) = works.solve(now, Span::MINUTE * 5).expect("solvable");
        if closed_at.is_none() && !solution.open[pump] {
            closed_at = Some(works.boundary().tank_level[tank].as_m());
        }
        works.advance(span);
        now += span;
        let level = works.boundary().tank_level[tank].as_m();
        assert!((0.99..2.81).contains(&level), "{level} at {now}");
    }
    let level = closed_at.expect("the pump fills the tank");
    assert!((2.8..2.801).contains(&level), "{level}");
}

#[test]
fn a_trip_overrides_the_controls_and_a_repair_gives_the_pump_back() {
    let mut works = hydraulics(&WORKS.replace("60  2.0  0.5", "60  0.9  0.5"));
    let pump = works.link_at("PU");
    works.boundary().forced_closed[pump] = true;
    works.step(start(), Span::MINUTE);
    assert!(!works.solution.open[pump]);
    assert_eq!(works.solution.flow[pump], Flow::ZERO);
    works.boundary().forced_closed[pump] = false;
    works.step(start() + Span::MINUTE, Span::MINUTE);
    assert!(works.solution.open[pump]);
    assert!(works.solution.flow[pump].as_m3_per_s() > 0.005);
}

#[test]
fn controls_by_time_end_the_step_and_act_once() {
    let text = WORKS
        .replace("LINK PU CLOSED IF NODE T ABOVE 2.8", "LINK PU CLOSED AT TIME 0:10")
        .replace("LINK PU OPEN IF NODE T BELOW 1.0", "LINK PU OPEN AT CLOCKTIME 0:30");
    let mut works = hydraulics(&text);
    let pump = works.link_at("PU");
    let mut now = start();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let span = works.step(now, Span::HOUR);
        seen.push((now - start(), works.solution.open[pump]));
        now += span;
    }
    let minutes = |m| Span::minutes(m);
    let wanted =
        [(minutes(0), true), (minutes(10), false), (minutes(30), true), (minutes(90), true)];
    assert_eq!(seen, wanted);
}

#[test]
fn a_part_cut_off_has_no_water_and_no_absurd_head() {
    let mut works = hydraulics(WORKS);
    let valve = works.link_at("P3");
    works.boundary().forced_closed[valve] = true;
    works.step(start(), Span::MINUTE);
    for id in ["C", "D"] {
        let at = works.at(id);
        assert!(!works.solution.reached[at]);
        assert_eq!(works.solution.pressure[at], Length::ZERO);
        assert_eq!(works.solution.delivered[at], Flow::ZERO);
        assert!(works.solution.head[at].as_m() < 30.0);
    }
    assert!(works.pressure("B") > 10.0);
    works.boundary().forced_closed[valve] = false;
    works.step(start() + Span::MINUTE, Span::MINUTE);
    assert!(works.pressure("D") > 10.0);
}

#[test]
fn a_burst_takes_what_its_pressure_says_and_a_repair_ends_it() {
    let mut works = hydraulics(WORKS);
    let at = works.at("C");
    works.step(start(), Span::MINUTE);
    let before = works.pressure("C");
    works.boundary().leak_m3_per_h_at_20_m[at] = 15.0;
    works.step(start() + Span::MINUTE, Span::MINUTE);
    let pressure = works.pressure("C");
    let leak = works.solution.leakage[at].as_m3_per_h();
    assert!(pressure < before - 1.0, "{pressure} of {before}");
    assert!((leak - 15.0 * (pressure / 20.0).sqrt()).abs() < 1e-9);
    let balance: f64 = works
        .network
        .links
        .iter()
        .zip(&works.solution.flow)
        .map(|(link, flow)| {
            let flow = flow.as_m3_per_h();
            f64::from(u8::from(link.end.0 == at)) * flow
                - f64::from(u8::from(link.start.0 == at)) * flow
        })
        .sum();
    let taken = leak + works.solution.delivered[at].as_m3_per_h();
    assert!((balance - taken).abs() < 1e-3, "{balance} flows in, {taken} is taken");

    works.boundary().leak_m3_per_h_at_20_m[at] = 0.0;
    works.step(start() + Span::MINUTE * 2, Span::MINUTE);
    assert_eq!(works.solution.leakage[at], Flow::ZERO);
    assert!((works.pressure("C") - before).abs() < 0.05);
}

#[test]
fn low_pressure_delivers_less_than_wanted_and_never_a_negative_amount() {
    let mut works = hydraulics(WORKS);
    let at = works.at("D");
    works.boundary().demand[at] = Flow::m3_per_h(60.0);
    works.step(start(), Span::MINUTE);
    let got = works.solution.delivered[at].as_m3_per_h();
    assert!(got > 1.0 && got < 50.0, "{got}");
    assert!(works.pressure("D") < 10.0);
    // Above the required pressure EPANET lets demand rise by about 1e-5 of itself.
    let full = works.solution.delivered[works.at("B")].as_m3_per_h();
    assert!((full - 10.8).abs() < 1e-3, "{full}");
}

#[test]
fn a_worn_pump_and_rough_pipes_give_less() {
    let mut works = hydraulics(WORKS);
    let at = works.link_at("PU");
    let pump = LinkIndex(at);
    works.step(start(), Span::MINUTE);
    let good = works.solution.flow[at].as_m3_per_s();
    works.set_pump_head_factor(pump, 0.9).expect("a pump");
    works.step(start() + Span::MINUTE, Span::MINUTE);
    let worn = works.solution.flow[at].as_m3_per_s();
    works.set_pump_head_factor(pump, 1.0).expect("a pump");
    works.set_roughness_factor(0.6).expect("above 0");
    works.step(start() + Span::MINUTE * 2, Span::MINUTE);
    let rough = works.solution.flow[at].as_m3_per_s();
    works.set_roughness_factor(1.0).expect("above 0");
    works.step(start() + Span::MINUTE * 3, Span::MINUTE);
    let again = works.solution.flow[at].as_m3_per_s();
    assert!(works.set_pump_head_factor(pump, 0.0).is_err());
    assert!(works.set_roughness_factor(f64::NAN).is_err());
    assert!(worn < 0.95 * good && rough < 0.95 * good, "{good} {worn} {rough}");
    assert!((again - good).abs() < 0.01 * good, "{good} {again}");
}

#[test]
fn what_is_no_number_is_refused_by_name() {
    let mut works = hydraulics(WORKS);
    let at = works.at("C");
    works.boundary().demand[at] = Flow::m3_per_s(f64::NAN);
    let error = works.solve(start(), Span::MINUTE).expect_err("NaN");
    assert_eq!(error.to_string(), "demand of C must be a finite number, 0 or more");
    works.boundary().demand[at] = Flow::ZERO;
    works.step(start(), Span::MINUTE);
}

/// Six hours with a burst in the middle, as text: every bit of every result.
fn six_hours() -> String {
    let mut works = hydraulics(WORKS);
    let at = works.at("D");
    let mut now = start();
    let mut text = String::new();
    while now < start() + Span::HOUR * 6 {
        let burst = now >= start() + Span::HOUR * 2 && now < start() + Span::HOUR * 4;
        works.boundary().leak_m3_per_h_at_20_m[at] = if burst { 8.0 } else { 0.0 };
        let (solution, span) = works.solve(now, Span::MINUTE).expect("solvable");
        writeln!(text, "{now} {:?} {:?}", solution.head, solution.flow).expect("a string");
        works.advance(span);
        now += span;
    }
    text
}

#[test]
fn two_plants_in_two_threads_give_the_same_bits() {
    let alone = six_hours();
    let both = std::thread::scope(|scope| {
        let threads = [scope.spawn(six_hours), scope.spawn(six_hours)];
        threads.map(|thread| thread.join().expect("no panic"))
    });
    assert!(both.iter().all(|text| *text == alone));
}

#[test]
fn the_sanmen_works_run_a_day_with_water_for_all() {
    let text = include_str!("../../../config/plants/sanmen/network.inp");
    let mut works = hydraulics(text);
    let mut now = start();
    let mut steps = 0;
    let mut wanted = 0.0;
    let mut delivered = 0.0;
    while now < start() + Span::DAY {
        let (solution, span) = works.solve(now, Span::MINUTE).expect("solvable");
        assert!(solution.reached.iter().all(|reached| *reached), "cut off at {now}");
        let got: f64 = solution.delivered.iter().map(|flow| flow.as_m3_per_s()).sum();
        delivered += got * span.as_seconds();
        let demand: f64 = works.boundary().demand.iter().map(|flow| flow.as_m3_per_s()).sum();
        wanted += demand * span.as_seconds();
        works.advance(span);
        now += span;
        steps += 1;
    }
    assert_eq!(works.unsolved(), 0);
    assert!(steps >= 1_440, "{steps}");
    assert!(delivered > 0.999 * wanted, "{delivered} of {wanted} m³");
}

#[test]
fn a_check_valve_can_be_held_shut_and_given_back() {
    let text = WORKS.replace("P3  B  C  900  80   120", "P3  B  C  900  80   120  0  CV");
    let mut works = hydraulics(&text);
    let valve = works.link_at("P3");
    let flow = |works: &mut Hydraulics, is_shut| {
        works.boundary().forced_closed[valve] = is_shut;
        works.step(start(), Span::MINUTE);
        works.solution.flow[valve].as_m3_per_s() * 1_000.0
    };
    let open = flow(&mut works, false);
    assert!((open - 3.0).abs() < 1e-3, "the two villages behind it want 3 L/s, not {open}");
    assert_eq!(flow(&mut works, true), 0.0);
    assert_eq!(works.pressure("C"), 0.0);
    assert!((flow(&mut works, false) - open).abs() < 1e-6);
    let backwards = text.replace("P3  B  C", "P3  C  B");
    let mut works = hydraulics(&backwards);
    works.step(start(), Span::MINUTE);
    assert!(!works.solution.reached[works.at("C")], "it leads one way only");
}

#[test]
fn a_failed_valve_stands_where_it_stuck_whatever_its_setting() {
    let text = WORKS
        .replace(" P3  B  C  900  80   120\n", "")
        .replace("[PUMPS]", "[VALVES]\n V  B  C  80  PRV  15\n[PUMPS]");
    let mut works = hydraulics(&text);
    let valve = works.link_at("V");
    let pressure = |works: &mut Hydraulics, stuck| {
        works.boundary().stuck_setting[valve] = stuck;
        works.step(start(), Span::MINUTE);
        works.pressure("C")
    };
    assert!((pressure(&mut works, None) - 15.0).abs() < 1e-6);
    assert!((pressure(&mut works, Some(25.0)) - 25.0).abs() < 1e-6);
    let open = pressure(&mut works, Some(10_000.0));
    let before = works.pressure("B") - 2.0; // C lies 2 m above B
    assert!((open - before).abs() < 1e-3, "{open} m behind an open valve, {before} m before it");
    assert!((pressure(&mut works, None) - 15.0).abs() < 1e-6);
}
