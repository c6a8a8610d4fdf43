//! EPANET's public networks, stepped by our clock, tanks, controls, rules and transport, beside
//! EPANET's own stepping: the example networks 1 to 3 of the EPANET 2.2 distribution (Rossman et
//! al. 2020), and one that has every kind of link, tank, control and source.
#![expect(clippy::disallowed_methods, reason = "edge: runs the binary on files of its own")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const NET1: &str = include_str!("../data/parity/Net1.inp");
const NET2: &str = include_str!("../data/parity/Net2.inp");
const NET3: &str = include_str!("../data/parity/Net3.inp");
const KINDS: &str = include_str!("../data/parity/kinds-si.inp");

fn sanmen(arguments: &[&str], file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sanmen"))
        .args(["network", "--engine", "world"])
        .args(arguments)
        .arg(file)
        .output()
        .expect("the binary starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// A file with this text, and the folder that keeps it.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network.inp");
    fs::write(&path, text).expect("written");
    (folder, path)
}

/// How far the engines differ: by quantity and water, the largest, 95 of 100, mean.
struct Gaps(BTreeMap<String, [f64; 3]>);

impl Gaps {
    fn of(network: &str) -> Self {
        let (_folder, path) = file(network);
        let output = sanmen(&["--compare", "--format", "json"], &path);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "");
        let mut gaps = BTreeMap::new();
        for line in text(&output.stdout).lines() {
            let gap: Value = serde_json::from_str(line).expect("JSON");
            let word = |key: &str| gap[key].as_str().expect("a text").to_owned();
            let number = |key: &str| gap[key].as_f64().expect("a number");
            assert!(number("count") >= 1.0);
            let name = format!("{} {}", word("quantity"), word("water"));
            gaps.insert(name, [number("max"), number("p95"), number("mean")]);
        }
        Self(gaps)
    }

    fn within(&self, name: &str, most: [f64; 3]) {
        let found = self.0.get(name).expect("it was compared");
        let is_within = found.iter().zip(&most).all(|(found, most)| found <= most);
        assert!(is_within, "{name}: {found:?}, at most {most:?}");
    }
}

/// The same network with another `Quality` line in `[OPTIONS]`.
fn asking_for(network: &str, quality: &str) -> String {
    let is_option = |line: &&str| line.trim_start().starts_with("Quality  ");
    let old = network.lines().find(is_option).expect("a Quality line");
    network.replace(old, &format!(" Quality {quality}"))
}

#[test]
fn net1_has_epanets_heads_flows_and_chlorine() {
    let gaps = Gaps::of(NET1);
    gaps.within("head, m all", [0.001, 0.001, 0.0005]);
    gaps.within("flow, m3/h all", [0.005, 0.005, 0.001]);
    gaps.within("concentration, mg/L flowing", [0.01, 0.006, 0.003]);
    gaps.within("concentration, mg/L standing", [0.01, 0.01, 0.01]);
}

#[test]
fn net1_has_epanets_age_and_trace() {
    let age = Gaps::of(&asking_for(NET1, "Age"));
    age.within("age, h flowing", [0.15, 0.08, 0.03]);
    age.within("age, h standing", [0.01, 0.01, 0.01]);
    let trace = Gaps::of(&asking_for(NET1, "Trace 9"));
    trace.within("trace, % flowing", [2.0, 1.5, 0.6]);
    trace.within("trace, % standing", [0.1, 0.1, 0.1]);
}

#[test]
fn net2_has_epanets_fluoride_whose_source_is_a_junction() {
    let gaps = Gaps::of(NET2);
    gaps.within("head, m all", [0.005, 0.002, 0.001]);
    gaps.within("flow, m3/h all", [0.3, 0.01, 0.005]);
    gaps.within("concentration, mg/L flowing", [0.04, 0.01, 0.003]);
}

#[test]
fn net3_has_epanets_heads_flows_trace_and_age_over_a_week() {
    let gaps = Gaps::of(NET3);
    gaps.within("head, m all", [0.05, 0.015, 0.006]);
    gaps.within("flow, m3/h all", [5.0, 0.8, 0.2]);
    // The largest are fronts that pass minutes earlier or later.
    gaps.within("trace, % flowing", [50.0, 0.5, 0.2]);
    let age = Gaps::of(&asking_for(NET3, "Age"));
    age.within("age, h flowing", [30.0, 0.4, 0.15]);
}

#[test]
fn net3_has_epanets_chlorine_with_decay_in_water_and_at_walls() {
    let chlorine = asking_for(NET3, "Chlorine mg/L")
        .replace("Global Bulk           \t0.0", "Global Bulk -0.5")
        .replace("Global Wall           \t0.0", "Global Wall -1")
        .replace("[QUALITY]", "[QUALITY]\n Lake 1\n River 1\n 1 1\n 2 1\n 3 1");
    assert!(chlorine.contains("Global Bulk -0.5") && chlorine.contains("Global Wall -1"));
    let gaps = Gaps::of(&chlorine);
    gaps.within("concentration, mg/L flowing", [0.1, 0.015, 0.006]);
}

#[test]
fn every_kind_of_link_tank_control_and_source_steps_as_in_epanet() {
    let gaps = Gaps::of(KINDS);
    gaps.within("head, m all", [0.02, 0.001, 0.0005]);
    gaps.within("flow, m3/h all", [0.1, 0.005, 0.002]);
    gaps.within("concentration, mg/L flowing", [0.1, 0.02, 0.006]);
    for quality in ["Age", "Trace R"] {
        let gaps = Gaps::of(&KINDS.replace("Chlorine mg/L", quality));
        gaps.within("head, m all", [0.02, 0.001, 0.0005]);
        if quality == "Age" {
            gaps.within("age, h flowing", [0.5, 0.1, 0.05]);
        } else {
            gaps.within("trace, % flowing", [10.0, 0.1, 0.05]);
        }
    }
}

#[test]
fn the_sanmen_network_steps_as_in_epanet() {
    let gaps = Gaps::of(include_str!("../../config/plants/sanmen/network.inp"));
    // The largest: a pump that starts a step earlier or later.
    gaps.within("head, m all", [10.0, 0.02, 0.03]);
    gaps.within("concentration, mg/L flowing", [0.3, 0.03, 0.01]);
}

#[test]
fn what_our_world_cannot_do_is_refused_by_name_all_at_once() {
    let text_of = KINDS
        .replace("ORDER BULK      1", "ORDER BULK 2")
        .replace("GLOBAL WALL    -0.05", "GLOBAL WALL 0.05\n LIMITING POTENTIAL 2")
        .replace("EMITTER EXPONENT 0.5", "EMITTER EXPONENT 0.6")
        .replace("[QUALITY]", "[LEAKAGE]\n P2 0.5 0.01\n[QUALITY]");
    let (folder, _) = file(&text_of);
    let output = Command::new(env!("CARGO_BIN_EXE_sanmen"))
        .args(["network", "--engine", "world", "network.inp"])
        .current_dir(folder.path())
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    insta::assert_snapshot!(text(&output.stderr));
}

#[test]
fn a_file_with_a_mistake_is_refused_as_epanet_refuses_it() {
    let (_folder, path) = file(&NET1.replace(" 9               	800", " 9               	eight"));
    let output = sanmen(&[], &path);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("network.inp:"), "{}", text(&output.stderr));
}

#[test]
fn the_results_have_the_form_of_epanets_and_water_is_accounted_for() {
    let (_folder, path) = file(NET1);
    let output = sanmen(&["--format", "json", "--hours", "3"], &path);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 4);
    for line in &lines {
        let demand = |id: &str| line["nodes"][id]["demand_m3_per_s"].as_f64().expect("a demand");
        let all = line["nodes"].as_object().expect("nodes");
        let sum: f64 = all.keys().map(|id| demand(id)).sum();
        assert!(sum.abs() < 1e-6, "{sum}");
        assert!(demand("9") < 0.0, "the reservoir gives");
    }
}

#[test]
fn a_comparison_needs_two_engines() {
    let output = Command::new(env!("CARGO_BIN_EXE_sanmen"))
        .args(["network", "--compare", "tests/data/parity/Net1.inp"])
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "error: --compare needs --engine world\n");
}
