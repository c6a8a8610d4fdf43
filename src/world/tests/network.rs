//! What happens to pipes, valves and tanks of the Sanmen plant.

use super::*;
use crate::plant::network::LinkKind;
use crate::scenario::injection::ForeignWater;
use crate::world::residents::service_head;

/// Of the network, from hour to hour.
fn happens(from: i64, until: i64, event: NetworkEvent) -> Injection {
    let mut found = injection(at(from), InjectionKind::Network(event));
    found.until = Some(at(until));
    found
}

fn node(plant: &Plant, id: &str) -> usize {
    plant.network.node(id).expect("a node of Sanmen").0
}

#[test]
fn behind_a_shut_valve_it_is_dry_and_the_water_that_comes_back_is_brown() {
    let plant = sanmen();
    let link = plant.network.link("SY-P0").expect("the entry of Suiyang");
    let (far, before) = (node(&plant, "SY-9"), node(&plant, "T-2"));
    let shut = happens(2, 5, NetworkEvent::ValveShut { link });
    let mut worst = [0.0_f64; 2];
    let world = run(world(&plant, NORMAL, &[shut]), 8, |truth| {
        let tap = &truth.nodes[far];
        let is_shut = truth.at > at(2) && truth.at <= at(5);
        assert_eq!(tap.is_dry, is_shut, "{}", truth.at);
        assert!(!truth.nodes[before].is_dry);
        if is_shut {
            assert_eq!((tap.pressure.as_m(), tap.delivered), (0.0, Flow::ZERO));
        }
        let phase = usize::from(truth.at > at(5));
        worst[phase] = worst[phase].max(tap.water.turbidity.as_ntu());
    });
    assert!(worst[1] > worst[0] + 0.3, "{worst:?} NTU");
    assert!(world.soundness().is_sound(), "{}", world.soundness());
}

#[test]
fn a_stuck_reducing_valve_gives_the_pressure_of_the_tank_or_its_own() {
    let plant = sanmen();
    let valve = plant.network.link("PRV-1").expect("the valve");
    let behind = node(&plant, "V-2");
    let mut fails = [None, Some(8.0)].map(|stuck_at_m| {
        let failure = happens(2, 3, NetworkEvent::PrvFailure { valve, stuck_at_m });
        let mut seen = Vec::new();
        run(world(&plant, NORMAL, &[failure]), 4, |truth| {
            seen.push(truth.nodes[behind].pressure.as_m());
        });
        // the ends of the first, the third and the last hour
        [seen[11], seen[35], seen[47]]
    });
    for seen in &mut fails {
        assert!((seen[0] - 23.0).abs() < 0.01 && (seen[2] - 23.0).abs() < 0.01, "{seen:?}");
    }
    // TANK-1 stands at 152.3 to 155.6 m, the valve at 101 m; the mains take little at night
    assert!((50.0..54.6).contains(&fails[0][1]), "{fails:?}");
    assert!((fails[1][1] - 8.0).abs() < 0.01, "{fails:?}");
}

#[test]
fn a_leak_grows_by_the_day_and_ends_with_its_repair() {
    let plant = sanmen();
    let node = plant.network.node("FL-2").expect("a junction");
    let leak = NetworkEvent::Leak { node, per_day_m3_per_h_at_20_m: 2.4 };
    run(world(&plant, NORMAL, &[happens(2, 10, leak)]), 12, |truth| {
        let here = &truth.nodes[node.0];
        // 0.1 m³/h an hour at 20 m, as it was when the step began; FL-2 has no taps, no other leak
        let hours = (truth.at - Span::minutes(5) - at(2)).as_hours();
        let hours = if truth.at <= at(10) { hours.max(0.0) } else { 0.0 };
        let wanted = 0.1 * hours * (here.pressure.as_m() / 20.0).sqrt();
        assert!((here.leakage.as_m3_per_h() - wanted).abs() < 1e-9, "{here:?} at {}", truth.at);
    });
}

#[test]
fn a_burst_is_over_when_it_is_repaired() {
    let plant = sanmen();
    let node = plant.network.node("FL-1").expect("a junction");
    let burst = NetworkEvent::Burst { node, m3_per_h_at_20_m: 90.0 };
    let pressures = |injections: &[Injection]| {
        let mut seen = Vec::new();
        run(world(&plant, NORMAL, injections), 8, |truth| seen.push(truth.nodes[node.0].pressure));
        seen
    };
    let (quiet, loud) = (pressures(&[]), pressures(&[happens(1, 2, burst)]));
    let lost = |step: usize| (quiet[step] - loud[step]).as_m();
    assert!(lost(18) > 5.0, "{} m at half past one", lost(18));
    // TANK-1 has given water, so that a little of its level is missing
    assert!(lost(24).abs() < 2.0 && lost(95).abs() < 2.0, "{} {}", lost(24), lost(95));
}

#[test]
fn rationed_villages_have_water_at_their_hours_only() {
    let plant = sanmen();
    let village = plant.profile.village("yunding").expect("a village");
    let entry = plant.entry(village).expect("one main");
    assert_eq!(plant.network.links[entry.0].id, "H-M2");
    let open = vec![(Span::hours(3), Span::hours(4))];
    let event = NetworkEvent::Rationing { valves: vec![entry], open };
    let (yunding, chaping) = (node(&plant, "YD-9"), node(&plant, "CP-9"));
    run(world(&plant, NORMAL, &[happens(1, 6, event)]), 8, |truth| {
        let hours = (truth.at - at(0)).as_hours();
        let dry = (hours > 1.0 && hours <= 3.0) || (hours > 4.0 && hours <= 6.0);
        assert_eq!(truth.nodes[yunding].is_dry, dry, "{}", truth.at);
        assert!(!truth.nodes[chaping].is_dry, "{}", truth.at);
    });
}

#[test]
fn foreign_water_comes_in_only_while_the_mains_have_less_pressure() {
    let plant = sanmen();
    let link = plant.network.link("SY-P0").expect("the entry of Suiyang");
    let tap = plant.network.node("SY-9").expect("a tap");
    let well = |from, until| {
        let event = NetworkEvent::CrossConnection {
            node: tap,
            pressure_m: 15.0,
            water: ForeignWater {
                turbidity_ntu: 20.0,
                conductivity_us_per_cm: 900.0,
                e_coli_per_100_ml: 500.0,
            },
        };
        happens(from, until, event)
    };
    let shut = happens(2, 5, NetworkEvent::ValveShut { link });
    let mut seen = Vec::new();
    let world = run(world(&plant, NORMAL, &[shut, well(1, 8)]), 8, |truth| {
        let here = &truth.nodes[tap.0];
        let water = &here.water;
        if truth.at > at(2) && truth.at <= at(5) {
            // At night the well gives what the village draws, and its hose takes little pressure.
            assert!((14.0..=15.001).contains(&here.pressure.as_m()), "{}", here.pressure.as_m());
        } else {
            assert!(here.pressure.as_m() > 15.1, "{}", here.pressure.as_m());
        }
        let (salts, chlorine) = (water.conductivity.as_us_per_cm(), water.chlorine.as_mg_per_l());
        seen.push((truth.at, salts, chlorine, water.e_coli.as_per_100_ml()));
    });
    let when = |time: Stamp| *seen.iter().find(|seen| seen.0 == time).expect("that moment");
    let (before, during, after) = (when(at(2)), when(at(4)), when(at(8)));
    assert!(before.1 < 400.0 && before.2 > 0.1 && before.3 == 0.0, "{before:?}");
    assert!((during.1 - 900.0).abs() < 1.0 && during.2 < 1e-3 && during.3 > 400.0, "{during:?}");
    assert!(after.1 < 400.0 && after.2 > 0.1 && after.3 == 0.0, "{after:?}");
    assert!(world.soundness().is_sound(), "{}", world.soundness());
}

#[test]
fn a_hole_lets_the_water_of_the_ground_in_once_the_pressure_is_gone_and_leaks_before() {
    let plant = sanmen();
    let entry = plant.network.link("SY-P0").expect("the entry of Suiyang");
    let node = plant.network.node("SY-1").expect("a junction without taps");
    let hole = NetworkEvent::Intrusion {
        node,
        m3_per_h_at_20_m: 12.0,
        groundwater_m: 2.0,
        water: ForeignWater {
            turbidity_ntu: 60.0,
            conductivity_us_per_cm: 700.0,
            e_coli_per_100_ml: 0.0,
        },
    };
    let shut = happens(2, 5, NetworkEvent::ValveShut { link: entry });
    let foreign = plant.network.links.len(); // behind all others
    let mut came_in = 0.0;
    let world = run(world(&plant, NORMAL, &[shut, happens(1, 6, hole)]), 8, |truth| {
        let (here, flow) = (&truth.nodes[node.0], truth.links[foreign].flow.as_m3_per_h());
        if truth.at > at(2) && truth.at <= at(5) {
            let missing = 2.0 - here.pressure.as_m();
            let wanted = 12.0 * (missing / 20.0).sqrt(); // as through any hole
            assert!((flow / wanted - 1.0).abs() < 0.01, "{flow}, {wanted} at {}", truth.at);
            came_in += flow / 12.0;
        } else {
            assert!(flow.abs() < 1e-9, "{flow} at {}", truth.at);
            let leaks = truth.at > at(1) && truth.at <= at(6);
            let wanted = if leaks { 12.0 * (here.pressure.as_m() / 20.0).sqrt() } else { 0.0 };
            assert!((here.leakage.as_m3_per_h() - wanted).abs() < 1e-6, "{here:?}");
        }
    });
    assert!(came_in > 0.1, "{came_in} m³ in three hours of the night");
    assert!(world.soundness().is_sound(), "{}", world.soundness());
}

#[test]
fn every_village_gets_its_water_down_to_the_head_its_own_houses_need() {
    let plant = sanmen();
    let worn = 0; // the condition `aged`: its mornings are short
    let mut short = 0;
    let mut steps = 0;
    let world = run(world(&plant, worn, &[]), 24, |truth| {
        steps += 1;
        for village in &plant.profile.villages {
            let required = service_head(village.storeys).as_m();
            for tap in &village.taps {
                let here = &truth.nodes[tap.0];
                let share = (here.pressure.as_m() / required).min(1.0).sqrt();
                let (wanted, got) = (here.demand.as_m3_per_h(), here.delivered.as_m3_per_h());
                assert!((got - wanted * share).abs() < 1e-3 * wanted + 1e-9, "{here:?} {share}");
                short += usize::from(share < 0.999);
            }
        }
    });
    assert!(short > 100, "{short} taps and steps short of their head");
    // A step has a part for each event in it, and the run-in had 288 steps.
    let each = world.hydraulics.solves() as f64 / f64::from(288 + steps);
    assert!(each < 1.25, "{each} solutions a step");
}

#[test]
fn a_village_shut_off_for_hours_fills_its_pipes_before_it_has_pressure() {
    let plant = sanmen();
    let link = plant.network.link("SY-P0").expect("the entry of Suiyang");
    let far = node(&plant, "SY-9");
    let half: f64 = (plant.network.links.iter())
        .filter(|link| link.id.starts_with("SY-P") && link.id != "SY-P0")
        .map(|link| match link.kind {
            LinkKind::Pipe { length, diameter, .. } => {
                length.as_m() * std::f64::consts::FRAC_PI_4 * diameter.as_m().powi(2) / 2.0
            }
            _ => 0.0,
        })
        .sum();
    let mut filled = 0.0;
    let mut pressures = Vec::new();
    let shut = happens(2, 5, NetworkEvent::ValveShut { link });
    let world = run(world(&plant, NORMAL, &[shut]), 8, |truth| {
        let filling: f64 = truth.nodes.iter().map(|node| node.filling.as_m3_per_h()).sum();
        assert!(truth.at > at(5) || filling == 0.0, "{filling} at {}", truth.at);
        filled += filling / 12.0;
        if truth.at > at(5) {
            pressures.push(truth.nodes[far].pressure.as_m());
        }
    });
    // The last of it within a step of five minutes, in which a pipe may be full before its end.
    assert!((filled / half - 1.0).abs() < 0.25 && filled >= half, "{filled} of {half} m³");
    assert!(pressures[0] < pressures[5] - 5.0, "{pressures:?} m");
    assert!(world.soundness().is_sound(), "{}", world.soundness());
}
