//! The house rules a machine can check: imports, sizes, words, and that the README tells the truth.
#![expect(clippy::disallowed_methods, reason = "edge: reads the project's own files")]

use std::path::{Path, PathBuf};

/// Who may import whom: module, then what it may name in `crate::…` paths.
///
/// `base` may be imported by all, and every module may import itself.
///
/// Three rows are wider than the design's first sketch: an alarm is about a plant and a tag, so
/// `alarms` knows their indices, and the ledger names tags; the desk folds the ledger's records,
/// and those carry what intake has noticed.
const IMPORTS: [(&str, &[&str]); 13] = [
    ("base", &[]),
    ("plant", &[]),
    ("scenario", &["plant"]),
    ("world", &["plant", "scenario::injection"]),
    ("instruments", &["plant", "scenario::injection", "world::truth"]),
    ("telemetry", &[]),
    ("simulator", &["plant", "scenario", "world", "instruments", "telemetry"]),
    (
        "ingest",
        &[
            "plant::tags",
            "telemetry::wire",
            "telemetry::topic",
            "telemetry::signature",
            "telemetry::request",
            "telemetry::mapping",
        ],
    ),
    ("inspection", &["plant::tags", "plant::profile", "ingest"]),
    ("alarms", &["inspection", "ingest::observation", "plant::tags"]),
    (
        "monitor",
        &["plant", "telemetry::wire", "telemetry::mapping", "ingest", "inspection", "alarms"],
    ),
    ("ledger", &["ingest", "inspection", "alarms", "plant::tags"]),
    (
        "desk",
        &[
            "plant::tags",
            "plant::profile",
            "scenario::injection",
            "ingest::observation",
            "alarms",
            "ledger",
            "monitor::Snapshot",
        ],
    ),
];

/// Modules that may see everything; whoever adds another must give it a row above.
const SEE_ALL: [&str; 4] = ["lib", "main", "exercise", "cli"];

/// Files that touch the outside world; everything else but `cli` and `exercise::live` is core.
const EDGES: [&str; 14] = [
    "src/telemetry/publisher",
    "src/telemetry/subscriber",
    "src/telemetry/broker",
    "src/telemetry/ceiling",
    "src/telemetry/probe",
    "src/telemetry/link",
    "src/telemetry/spool",
    "src/telemetry/sparkplug/node",
    "src/ledger/store",
    "src/ledger/sqlite",
    "src/desk/api",
    "src/desk/stream",
    "src/exercise/live",
    "src/cli",
];

const BANNED_WORDS: [&str; 7] =
    ["TODO", "FIXME", "XXX", "dummy", "mod utils", "mod helpers", "mod manager"];

/// What the core must not name, outside tests.
const BANNED_IN_CORE: [&str; 15] = [
    "tokio",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "std::process",
    "async fn",
    "Instant",
    "SystemTime",
    "HashMap",
    "HashSet",
    "static mut",
    "thread_local!",
    "OnceLock",
    "LazyLock",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(next) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else { continue };
        for entry in entries.flatten() {
            let path: PathBuf = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
                let name = path.strip_prefix(root()).expect("below the root");
                found.push((name.display().to_string(), text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{ending} files below {folder}");
    found
}

/// The text of a source file without its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn is_edge(name: &str) -> bool {
    EDGES.iter().any(|edge| name.starts_with(edge)) || name == "src/main.rs"
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The `crate::…` paths a line names, with `{a, b::c}` groups spread out one level.
fn crate_paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest: String =
            text[at + "crate::".len()..].chars().filter(|c| !c.is_whitespace()).collect();
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut item = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 || (depth == 1 && c == ',') {
                    paths.push(std::mem::take(&mut item));
                } else {
                    item.push(c);
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            paths.push(
                rest.chars().take_while(|c| c.is_alphanumeric() || "_:".contains(*c)).collect(),
            );
        }
    }
    paths
}

/// What a source file imports and must not.
fn import_faults(name: &str, text: &str) -> Vec<String> {
    let module = name.trim_start_matches("src/").split(['/', '.']).next().unwrap_or("");
    if SEE_ALL.contains(&module) {
        return Vec::new();
    }
    let Some((_, allowed)) = IMPORTS.iter().find(|(owner, _)| *owner == module) else {
        return vec![format!("{name}: {module} has no row in the table of imports")];
    };
    let mut faults = Vec::new();
    for path in crate_paths(without_tests(text)) {
        let fits = |prefix: &str| {
            path == prefix || path.starts_with(&format!("{prefix}::")) || path.is_empty()
        };
        if !(fits("base") || fits(module) || allowed.iter().any(|prefix| fits(prefix))) {
            faults.push(format!("{name}: {module} must not import {path}"));
        }
    }
    faults
}

/// Where a core file names the outside world.
fn core_faults(name: &str, text: &str) -> Vec<String> {
    let exempt = is_edge(name) || name == "src/base/time.rs" || name.ends_with("/tests.rs");
    let mut faults = Vec::new();
    for (number, line) in without_tests(text).lines().enumerate().filter(|_| !exempt) {
        let code = line.split("//").next().unwrap_or("");
        let found = BANNED_IN_CORE.iter().filter(|word| code.contains(**word));
        let say = |word| format!("{name}:{}: the core must not use {word}", number + 1);
        faults.extend(found.map(say));
    }
    faults
}

#[test]
fn imports_point_upstream() {
    let faults = |(name, text): (String, String)| import_faults(&name, &text);
    report(&files("src", "rs").into_iter().flat_map(faults).collect::<Vec<_>>());
}

#[test]
fn an_import_against_the_stream_is_found_however_it_is_written() {
    let monitor = "src/monitor/any.rs";
    for bad in [
        "use crate::world::truth::Truth;",
        "use crate::{base::Stamp, world};",
        "use crate::{\n    base::Stamp,\n    world::{demand, truth::Truth},\n};",
        "fn f(x: &crate::world::Truth) {}",
        "use crate::telemetry::radio::Radio;",
    ] {
        assert_eq!(import_faults(monitor, bad).len(), 1, "{bad}");
    }
    for good in ["use crate::base::Stamp;", "use crate::{base, ingest::{Batch, Taken}};"] {
        assert!(import_faults(monitor, good).is_empty(), "{good}");
    }
    assert_eq!(import_faults("src/ingest/x.rs", "use crate::plant::Plant;").len(), 1);
    assert!(import_faults("src/ingest/x.rs", "use crate::plant::tags::Tag;").is_empty());
    assert_eq!(import_faults("src/newcomer.rs", "").len(), 1, "every module has a row");
    let tests_may = "\n#[cfg(test)]\nmod tests {\n    use crate::world::Truth;\n}";
    assert!(import_faults(monitor, tests_may).is_empty());
}

#[test]
fn the_core_touches_nothing_outside() {
    let faults = |(name, text): (String, String)| core_faults(&name, &text);
    report(&files("src", "rs").into_iter().flat_map(faults).collect::<Vec<_>>());
}

#[test]
fn a_core_file_that_opens_a_file_or_reads_a_clock_is_found_and_an_edge_is_not() {
    for bad in ["std::fs::read(path)", "use std::collections::HashMap;", "Instant::now()"] {
        assert_eq!(core_faults("src/alarms/any.rs", bad).len(), 1, "{bad}");
        assert!(core_faults("src/cli/any.rs", bad).is_empty(), "{bad}");
    }
    assert!(core_faults("src/alarms/any.rs", "/// Like `std::fs`, but not.").is_empty());
}

#[test]
fn unsafe_code_stays_in_the_epanet_wrapper() {
    let mut faults = Vec::new();
    for (name, text) in files("src", "rs") {
        let allowed = name.starts_with("src/world/hydraulics/engine");
        if !allowed && text.lines().any(|l| l.contains("unsafe ") && !l.trim().starts_with("//")) {
            faults.push(name);
        }
    }
    report(&faults);
}

#[test]
fn files_and_lines_keep_their_size() {
    let mut faults = Vec::new();
    for (name, text) in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        let lines = text.lines().count();
        if lines > 600 {
            faults.push(format!("{name}: {lines} lines, at most 600"));
        }
        for (number, line) in text.lines().enumerate() {
            if line.chars().count() > 100 && !line.contains("http") {
                faults.push(format!("{name}:{}: over 100 columns", number + 1));
            }
        }
        if name == "src/main.rs" && lines > 20 {
            faults.push(format!("{name}: {lines} lines, at most 20"));
        }
    }
    report(&faults);
}

#[test]
fn no_word_promises_later_work() {
    let mut faults = Vec::new();
    for (name, text) in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        if name == "tests/it/tidy.rs" {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for word in BANNED_WORDS {
                if line.contains(word) {
                    faults.push(format!("{name}:{}: {word}", number + 1));
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn every_module_says_what_comes_in_and_goes_out() {
    let mut faults = Vec::new();
    for (name, text) in files("src", "rs") {
        if !text.starts_with("//!") && !text.starts_with("#![") {
            faults.push(format!("{name}: no opening doc comment"));
        }
        let depth = name.matches('/').count();
        if name.ends_with("/mod.rs") && depth == 2 && !text.contains("Must not know") {
            faults.push(format!("{name}: does not say what it must not know"));
        }
    }
    report(&faults);
}

#[test]
fn the_core_builds_without_the_edges() {
    // The features are what the manifest says: the core's list carries no runtime, no client.
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    for crate_name in ["tokio", "rumqttc", "mqtt5", "sqlx", "ratatui", "clap", "epanet-sys"] {
        let line = manifest
            .lines()
            .find(|line| line.starts_with(&format!("{crate_name} =")))
            .expect("the dependency is listed");
        assert!(line.contains("optional = true"), "{crate_name} must be optional");
    }
}

#[test]
fn every_dependency_says_why() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let mut section = "";
    let mut faults = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && line.contains(" = ") && !line.contains('#')
        {
            faults.push(format!("Cargo.toml: no reason beside {line}"));
        }
    }
    report(&faults);
}

#[test]
fn commands_of_the_readme_exist() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let commands = std::fs::read_to_string(root().join("src/cli/mod.rs")).expect("src/cli/mod.rs");
    let mut seen = 0;
    for part in readme.split("sanmen ").skip(1) {
        let word: String = part.chars().take_while(char::is_ascii_lowercase).collect();
        let known = ["run", "simulate", "monitor", "test", "network", "config", "alarms"];
        if known.contains(&word.as_str()) {
            seen += 1;
            let mut variant = word.clone();
            variant[..1].make_ascii_uppercase();
            assert!(commands.contains(&variant), "README names `sanmen {word}`");
        }
    }
    assert!(seen >= 6, "the README shows every command");
    for path in ["tests/all", "src/docs/wire.md", "src/docs/records.md", "src/docs/rules.md"] {
        assert!(readme.contains(path), "the README leads to {path}");
        assert!(root().join(path).exists(), "{path} exists");
    }
}
