//! Side by side with what people would use otherwise, in one run: `ioos_qc` (PyPI) for the tests of
//! signal quality.
//!
//! Needs Python 3 with `venv`; the package is installed below `target/peers` the first time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use rand::RngExt as _;
use sanmen::base::problem::Source;
use sanmen::base::random::{self, Seed};
use sanmen::base::units::Quantity;
use sanmen::base::{Flag, Span, Stamp};
use sanmen::cli::library::Library;
use sanmen::inspection::book::Book;
use sanmen::inspection::signal::checks::Checks;
use sanmen::plant::tags::Tag;
use serde_json::Value;

use crate::report;

/// Samples, one a second.
const SAMPLES: usize = 1_000_000;

/// Each test of the other library, and ours with the same limits, by itself.
const TESTS: [(&str, &str); 5] = [
    ("gross range", "test = \"gross-range\"\noperator_mg_per_l = [0.05, 1.5]"),
    ("spike", "test = \"spike\"\nsuspect_mg_per_l = 0.2\nfail_mg_per_l = 0.6"),
    ("rate of change", "test = \"rate-of-change\"\nsuspect_mg_per_l = 0.25\nper_min = 0.1"),
    (
        "flat line",
        "test = \"flat-line\"\ntolerance_mg_per_l = 0.0005\nsuspect_readings = 61\n\
         suspect_min = 1\nfail_readings = 121\nfail_min = 2",
    ),
    (
        "attenuated signal",
        "test = \"attenuated-signal\"\nmeasure = \"range\"\nsuspect_mg_per_l = 0.002\n\
         fail_mg_per_l = 0.0005\nwindow_min = 10\nreadings = 60",
    ),
];

/// The other library's tests over a million samples, and ours.
pub fn bench() {
    let Some(python) = python("ioos_qc") else {
        println!("side by side with ioos_qc: left out, Python 3 with venv and pip is needed");
        return;
    };
    let samples = samples();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("samples.f64");
    let bytes: Vec<u8> = samples.iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(&file, bytes).expect("the samples are written");
    let theirs = theirs(&python, &file);
    let mut lines = Vec::new();
    let mut all_theirs = 0.0;
    for (one, (seconds, doubtful)) in TESTS.iter().zip(theirs) {
        let (ours, found) = ours(&samples, std::slice::from_ref(one));
        all_theirs += seconds;
        lines.push(format!(
            "{}: {ours:.2} s against {seconds:.2} s; doubtful {found} and {doubtful}",
            one.0
        ));
    }
    let all_ours = ours(&samples, &TESTS).0;
    lines.push(format!("all five, ours in one pass: {all_ours:.2} s against {all_theirs:.2} s"));
    report(
        "tests of signal quality on 1 M samples, Sanmen's streams against ioos_qc's arrays",
        &lines.join("\n    "),
        "no slower, all five together",
        all_ours <= all_theirs,
    );
}

/// A signal with noise, now and then a spike, a dead stretch, a weak stretch.
fn samples() -> Vec<f64> {
    let mut rng = random::stream(Seed(1), "peers");
    let mut value = |n: usize| {
        let (slow, noise) = ((n as f64 / 3_000.0).sin() * 0.2, 0.01 * random::normal(&mut rng));
        let spike = if rng.random_bool(0.000_2) { 0.8 } else { 0.0 };
        match n % 100_000 {
            50_000..50_300 => 0.6,
            70_000..71_500 => 0.6 + noise * 0.01,
            _ => 0.6 + slow + noise + spike,
        }
    };
    (0..SAMPLES).map(&mut value).collect()
}

/// Seconds that these tests take in one pass over the samples, and how many readings they doubt.
fn ours(samples: &[f64], tests: &[(&str, &str)]) -> (f64, usize) {
    let head = "source = \"the same limits [D]\"\nquantity = \"free-chlorine\"";
    let spec = |(n, (_, text)): (usize, &(&str, &str))| {
        format!("[[quality-test]]\nid = \"test-{n}\"\n{head}\n{text}\n")
    };
    let text: String = tests.iter().enumerate().map(spec).collect();
    let book = Book::load(&[Source::new("peers.toml", &text)]).expect("sound tests");
    let plant = Library::default().plant("sanmen").expect("the plant ships");
    let is_chlorine = |tag: &&Arc<Tag>| tag.quantity == Quantity::FreeChlorine;
    let tag = plant.instruments.iter().map(|it| &it.tag).find(is_chlorine).expect("it has one");
    let tag = Tag { poll: Span::SECOND, range: (0.0, 2.0), ..tag.as_ref().clone() };
    let mut checks = Checks::of_plant(book.tests(), &plant.profile, std::slice::from_ref(&tag));
    let checks = checks.first_mut().expect("one instrument");
    let start = Stamp::from_ms(1_733_356_800_000).expect("in range");
    let begun = Instant::now();
    let mut doubtful = 0;
    for (n, value) in samples.iter().enumerate() {
        let mut later = None;
        let judged = checks.judge(start + Span::SECOND * n as i64, *value, &mut later);
        let now = !judged.suspect.is_empty() || !judged.fail.is_empty();
        let before = later.is_some_and(|it| matches!(it.flag, Flag::Suspect | Flag::Fail));
        doubtful += usize::from(now) + usize::from(before);
    }
    (begun.elapsed().as_secs_f64(), doubtful)
}

/// What each of their tests took, and how many samples it doubts.
fn theirs(python: &Path, file: &Path) -> Vec<(f64, u64)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/peers/quality.py");
    let output = Command::new(python).arg(script).arg(file).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).expect("a list");
    let one = |it: &Value| (it["seconds"].as_f64(), it["doubtful"].as_u64());
    found.iter().map(one).map(|(s, n)| (s.expect("seconds"), n.expect("a count"))).collect()
}

/// A Python with the package in it, made the first time; none where that cannot be.
pub fn python(package: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers");
    let python = folder.join("bin/python");
    if !python.exists() {
        let made = Command::new("python3").args(["-m", "venv"]).arg(&folder).status().ok()?;
        made.success().then_some(())?;
    }
    let install = ["-m", "pip", "install", "--quiet", package];
    Command::new(&python).args(install).status().ok()?.success().then_some(python)
}
