//! What pumps take, beside EPANET's own account of it: the example networks 1 and 3 of the EPANET
//! 2.2 distribution (Rossman et al. 2020), and network 1 with an efficiency curve.
#![cfg(feature = "epanet")]
#![expect(clippy::disallowed_methods, reason = "edge: writes small files for EPANET")]

use std::fs;

use sanmen::world::hydraulics::file::model::Model;
use sanmen::world::hydraulics::file::{FileRun, Times};
use sanmen::world::network_run::NetworkRun;

const NET1: &str = include_str!("../data/parity/Net1.inp");
const NET3: &str = include_str!("../data/parity/Net3.inp");

/// Power of all pumps at each reporting time, kW: EPANET's and ours.
fn powers(text: &str) -> Vec<(f64, f64)> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network.inp");
    fs::write(&path, text).expect("written");
    let mut theirs = FileRun::open(&path, None, Times::default()).expect("EPANET reads it");
    let model = Model::read(&path, Times::default()).expect("our world can do it");
    let mut ours = NetworkRun::new(model).expect("solvable");
    let sum = |links: &[sanmen::world::hydraulics::file::LinkState]| {
        links.iter().map(|link| link.power.as_kw()).sum::<f64>()
    };
    let mut powers = Vec::new();
    while let Some(step) = theirs.next_step().expect("EPANET solves") {
        let our_step = ours.next_step().expect("we solve").expect("as many steps");
        assert_eq!(our_step.time_s, step.time_s);
        powers.push((sum(&step.links), sum(&our_step.links)));
    }
    powers
}

/// EPANET's ρ·g is 0.7457 kW/hp / 8.814 in feet: 9.802 kN/m³, ours 9.807.
const RHO_G: f64 = 0.7457 / 8.814 / (0.3048 * 0.3048 * 0.3048 * 0.3048) / 9.807;

/// The day's energy by both, and the largest gap at one moment, as a share of the largest power.
fn compare(text: &str) -> (f64, f64) {
    let powers = powers(text);
    let ours = powers.iter().map(|(_, ours)| ours * RHO_G);
    let total: f64 = powers.iter().map(|(theirs, _)| theirs).sum();
    let most = powers.iter().map(|(theirs, _)| *theirs).fold(0.0, f64::max);
    assert!(total > 0.0);
    let gaps = ours.clone().zip(&powers).map(|(ours, (theirs, _))| (ours - theirs).abs());
    ((ours.sum::<f64>() / total - 1.0).abs(), gaps.fold(0.0, f64::max) / most)
}

#[test]
fn net1_takes_the_energy_of_epanets_report() {
    let (total, largest) = compare(NET1);
    assert!(total < 1e-4 && largest < 1e-3, "{total} {largest}");
}

#[test]
fn net3_takes_the_energy_of_epanets_report_over_its_run() {
    let (total, largest) = compare(NET3);
    assert!(total < 1e-3 && largest < 0.01, "{total} {largest}");
}

#[test]
fn a_pump_with_an_efficiency_curve_and_another_speed_takes_what_epanet_says() {
    let text = NET1
        .replace(" Global Efficiency  \t75", " Pump 9 Efficiency E\n Global Efficiency 50")
        .replace("[CURVES]", "[STATUS]\n 9 0.95\n[CURVES]\n E 500 50\n E 1500 78\n E 3000 60");
    assert!(text.contains("Pump 9 Efficiency E") && text.contains("E 1500 78"));
    let (total, largest) = compare(&text);
    assert!(total < 1e-4 && largest < 1e-3, "{total} {largest}");
}
