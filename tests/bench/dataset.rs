//! Datasets: rows a second on one thread and on two, through the command that users call.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::report;

/// Parts of one call: two scenarios with as many seeds each.
const SEEDS: &str = "1..24";

/// The same parts on one thread and on two: all rows, and what the second thread brings.
pub fn bench() {
    let (one, rows) = write("1");
    let (two, same) = write("2");
    assert_eq!(rows, same, "the rows do not depend on the threads");
    let gain = one.as_secs_f64() / two.as_secs_f64();
    let rate = |took: Duration| rows as f64 / took.as_secs_f64() / 1e6;
    report(
        "a dataset of 48 parts as CSV",
        &format!(
            "{:.2} M rows/s on one thread, {:.2} M on two ({gain:.2} ×); {rows} rows",
            rate(one),
            rate(two),
        ),
        "the second core brings ≥ 1.6 ×",
        gain >= 1.6,
    );
}

/// Writes the dataset into a folder that vanishes; gives the time and the number of rows.
fn write(threads: &str) -> (Duration, u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let begin = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_sanmen"))
        .args(["dataset", "burst-at-night", "turbidity-storm", "--seeds", SEEDS])
        .args(["--threads", threads, "--out"])
        .arg(folder.path())
        .output()
        .expect("the binary is built")
        .status;
    let took = begin.elapsed();
    assert!(status.success(), "the dataset is written");
    (took, rows(folder.path()))
}

fn rows(folder: &Path) -> u64 {
    let text = std::fs::read_to_string(folder.join("manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    let parts = manifest["parts"].as_array().expect("parts");
    let tables = parts.iter().filter_map(|part| part["rows"].as_object());
    tables.flat_map(|table| table.values()).filter_map(Value::as_u64).sum()
}
