//! `sanmen network` gives EPANET's own answers, in SI units, as recorded in `tests/data/parity`.
#![expect(clippy::disallowed_methods, reason = "edge: reads recorded results, writes small files")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sanmen::base::units::Volume;
use sanmen::world::hydraulics::Warning;
use sanmen::world::hydraulics::file::{FileRun, Status, Step, Times};
use serde_json::Value;

/// Largest difference, as a part of the value: what the units' last digits leave.
const RELATIVE: f64 = 1e-6;
/// Largest difference near zero: m of head or pressure, m³/s, mg/L, h or %.
const NEAR_ZERO: f64 = 1e-8;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn open(path: &Path, times: Times) -> FileRun {
    FileRun::open(path, None, times).expect("EPANET opens the file")
}

fn agree(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= NEAR_ZERO + RELATIVE * theirs.abs()
}

/// Every recorded value of one step, beside ours: what it is, ours, EPANET's.
fn pairs(run: &[(String, String)], step: &Step, recorded: &Value) -> Vec<(String, f64, f64)> {
    let number = |kind: &str, id: &str, n: usize| recorded[kind][id][n].as_f64();
    let (nodes, links) = run.split_at(step.nodes.len());
    let mut pairs = Vec::new();
    for ((_, id), node) in nodes.iter().zip(&step.nodes) {
        let ours = [
            Some(node.head.as_m()),
            Some(node.pressure.as_m()),
            Some(node.demand.as_m3_per_s()),
            node.quality,
        ];
        for (n, what) in ["head", "pressure", "demand", "quality"].into_iter().enumerate() {
            let theirs = number("nodes", id, n);
            assert_eq!(ours[n].is_some(), theirs.is_some(), "{what} of {id}");
            pairs.extend(
                ours[n].zip(theirs).map(|(ours, theirs)| (format!("{what} of {id}"), ours, theirs)),
            );
        }
    }
    for ((_, id), link) in links.iter().zip(&step.links) {
        let flow = number("links", id, 0).expect("a recorded flow");
        pairs.push((format!("flow of {id}"), link.flow.as_m3_per_s(), flow));
        let status = number("links", id, 1).expect("a recorded status");
        let ours = match link.status {
            Status::Closed => 0.0,
            Status::Open => 1.0,
            Status::Active => 2.0,
        };
        pairs.push((format!("status of {id}"), ours, status));
    }
    pairs
}

/// Compares every recorded step of a network; gives how many values were compared.
fn compare(name: &str) -> usize {
    let text = fs::read_to_string(data(&format!("parity/{name}.jsonl"))).expect("recorded");
    let mut recorded = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut next = recorded.next();
    let mut run = open(&data(&format!("parity/{name}.inp")), Times::default());
    let layout = run.layout().clone();
    let items = layout.nodes.iter().chain(&layout.links);
    let items: Vec<_> = items.map(|item| (item.kind.to_owned(), item.id.clone())).collect();
    let mut compared = 0;
    while let Some(step) = run.next_step().expect("EPANET solves") {
        let Some(theirs) = next.as_ref().filter(|line| line["time_s"] == step.time_s) else {
            continue; // not every step of the larger networks is recorded
        };
        for (what, ours, theirs) in pairs(&items, step, theirs) {
            let at = step.time_s;
            assert!(agree(ours, theirs), "{name}, {at} s, {what}: {ours}, EPANET says {theirs}");
            compared += 1;
        }
        next = recorded.next();
    }
    assert_eq!(next, None, "{name}: a recorded step never came");
    compared
}

#[test]
fn public_networks_give_epanets_own_answers() {
    assert_eq!(compare("Net1"), 25 * (11 * 4 + 13 * 2));
    assert_eq!(compare("Net2"), 56 * (36 * 4 + 40 * 2));
    assert_eq!(compare("Net3"), 29 * (97 * 4 + 119 * 2));
}

#[test]
fn every_kind_of_link_and_control_gives_epanets_own_answers() {
    assert_eq!(compare("kinds-si"), 25 * (27 * 4 + 30 * 2));
    assert_eq!(compare("kinds-us"), 25 * (9 * 4 + 9 * 2));
}

#[test]
fn every_flow_unit_carries_the_same_water() {
    let folder = tempfile::tempdir().expect("a folder");
    // 36 m³/h through one pipe, 5 m below a reservoir; in each unit, with its lengths.
    let units = [
        ("CFS", 0.353_147, false),
        ("GPM", 158.503, false),
        ("MGD", 0.228_245, false),
        ("IMGD", 0.190_053, false),
        ("AFD", 0.700_456, false),
        ("LPS", 10.0, true),
        ("LPM", 600.0, true),
        ("MLD", 0.864, true),
        ("CMH", 36.0, true),
        ("CMD", 864.0, true),
        ("CMS", 0.01, true),
    ];
    let hazen_williams = 10.667 * 100.0 * libm::pow(0.01, 1.852)
        / (libm::pow(130.0, 1.852) * libm::pow(0.15, 4.871));
    for (unit, demand, metric) in units {
        let (m, mm) = if metric { (1.0, 1.0) } else { (1.0 / 0.3048, 1.0 / 25.4) };
        let text = format!(
            "[JUNCTIONS]\n J {} {demand}\n[RESERVOIRS]\n R {}\n[PIPES]\n P R J {} {} 130\n\
             [OPTIONS]\n UNITS {unit}\n HEADLOSS H-W\n QUALITY NONE\n[END]\n",
            45.0 * m,
            50.0 * m,
            100.0 * m,
            150.0 * mm
        );
        let path = folder.path().join("one-pipe.inp");
        fs::write(&path, text).expect("written");
        let mut run = open(&path, Times::default());
        assert_eq!(run.layout().flow_unit, unit);
        let step = run.next_step().expect("EPANET solves").expect("a step");
        let (flow, node) = (step.links[0].flow.as_m3_per_h(), step.nodes[0]);
        assert!((flow - 36.0).abs() < 0.001, "{unit}: {flow} m³/h");
        let lost = 50.0 - node.head.as_m();
        assert!((lost - hazen_williams).abs() < 0.001, "{unit}: {lost} m lost");
        assert!((node.pressure.as_m() - (5.0 - lost)).abs() < 1e-4, "{unit}");
        assert_eq!(node.quality, None);
    }
}

#[test]
fn warnings_name_what_they_are_about() {
    let mut run = open(&data("parity/kinds-si.inp"), Times::default());
    let mut found = Vec::new();
    while let Some(step) = run.next_step().expect("EPANET solves") {
        found.extend(step.warnings.iter().cloned());
    }
    let pump = found.iter().find(|warning| warning.text.contains("PU1")).expect("PU1 runs out");
    assert_eq!(pump.kind, Warning::Pumps);
    assert_eq!(pump.text, "Pump PU1 open but exceeds maximum flow");
    assert!(found.iter().all(|warning| warning.kind == Warning::Pumps), "{found:?}");
}

#[test]
fn duration_and_step_can_be_chosen() {
    let times = Times { duration_s: Some(7_200), step_s: Some(600) };
    let mut run = open(&data("parity/Net1.inp"), times);
    let mut seen = Vec::new();
    while let Some(step) = run.next_step().expect("EPANET solves") {
        seen.push(step.time_s);
    }
    assert_eq!(seen, (0..=12).map(|n| n * 600).collect::<Vec<_>>());
}

#[test]
fn water_is_accounted_for() {
    let mut run = open(&data("parity/Net1.inp"), Times::default());
    while run.next_step().expect("EPANET solves").is_some() {}
    let totals = run.totals();
    let [supplied, delivered, stored] =
        [totals.supplied, totals.delivered, totals.stored].map(Volume::as_m3);
    assert!(delivered > 5_000.0, "{totals:?}");
    assert!((supplied - delivered - stored).abs() < 1e-5 * supplied, "{totals:?}");
}

fn sanmen(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sanmen"))
        .current_dir(data(""))
        .args(arguments)
        .output()
        .expect("the binary starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn json_is_one_line_a_step_with_exactly_these_names() {
    let output = sanmen(&[
        "network",
        "parity/Net1.inp",
        "--hours",
        "2",
        "--step",
        "1800",
        "--format",
        "json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is an object"))
        .collect();
    let keys = |value: &Value| -> Vec<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    assert_eq!(lines.len(), 5);
    for (n, line) in lines.iter().enumerate() {
        assert_eq!(line["time_s"], n * 1_800);
        assert_eq!(keys(line), ["links", "nodes", "time_s"]);
        assert_eq!(line["nodes"].as_object().map(serde_json::Map::len), Some(11));
        assert_eq!(line["links"].as_object().map(serde_json::Map::len), Some(13));
        let node = &line["nodes"]["32"];
        assert_eq!(keys(node), ["demand_m3_per_s", "head_m", "pressure_m", "quality"]);
        assert!(node.as_object().is_some_and(|node| node.values().all(Value::is_number)));
        let pump = &line["links"]["9"];
        assert_eq!(keys(pump), ["flow_m3_per_s", "status"]);
        assert_eq!(pump["status"], "open");
    }
}

#[test]
fn csv_has_one_row_for_each_node_and_link() {
    let output = sanmen(&["network", "parity/Net1.inp", "--hours", "1", "--format", "csv"]);
    let rows: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(
        rows[0],
        "time_s,kind,id,head_m,pressure_m,demand_m3_per_s,quality,flow_m3_per_s,status"
    );
    assert_eq!(rows.len(), 1 + 2 * (11 + 13));
    assert!(rows.iter().all(|row| row.matches(',').count() == 8));
    assert!(rows[1].starts_with("0,junction,10,"), "{}", rows[1]);
}

#[test]
fn every_mistake_of_a_bad_file_comes_at_its_line() {
    let output = sanmen(&["network", "rejects/village.inp"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    insta::assert_snapshot!(text(&output.stderr));
}

#[test]
fn a_run_that_epanet_stops_early_is_no_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let text_of = fs::read_to_string(data("parity/kinds-us.inp")).expect("the network");
    // Both pumps now answer to the pressure that they make themselves, which cannot settle.
    let restless = text_of
        .replace("UNBALANCED  CONTINUE 10", "UNBALANCED  STOP")
        .replace("ABOVE 72", "ABOVE 69")
        .replace("BELOW 62", "BELOW 65");
    let path = folder.path().join("restless.inp");
    fs::write(&path, restless).expect("written");
    let output = sanmen(&["network", &path.to_string_lossy(), "--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("warning: System unbalanced"), "{said}");
    assert!(said.contains("restless.inp: EPANET stopped at "), "{said}");
    assert!(said.ends_with("the file says UNBALANCED STOP\n"), "{said}");
}

#[test]
fn a_missing_file_is_named_with_its_cause() {
    let output = sanmen(&["network", "no-such.inp"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    assert!(
        text(&output.stderr).starts_with("error: no-such.inp: there is no such file"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_run_leaves_no_file_behind_and_prints_nothing_of_epanets() {
    let folder = tempfile::tempdir().expect("a folder");
    for (file, code) in [("parity/Net1.inp", 0), ("rejects/village.inp", 2)] {
        let output = Command::new(env!("CARGO_BIN_EXE_sanmen"))
            .args(["network", "--format", "json", "--hours", "0"])
            .arg(data(file))
            .current_dir(folder.path())
            .env("TMPDIR", folder.path())
            .output()
            .expect("the binary starts");
        assert_eq!(output.status.code(), Some(code));
        assert!(!text(&output.stdout).contains("EPANET"), "{}", text(&output.stdout));
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0, "{file}");
    }
}
