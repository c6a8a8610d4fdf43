//! The house rules a machine can check: imports, sizes, words, and that the README tells the truth.
#![expect(clippy::disallowed_methods, reason = "edge: reads the project's own files")]

use std::path::{Path, PathBuf};

/// Who may import whom: module, then what it may name in `crate::…` paths.
///
/// `base` may be imported by all, and every module may import itself.
const IMPORTS: [(&str, &[&str]); 11] = [
    ("base", &[]),
    ("plant", &[]),
    ("scenario", &["plant"]),
    ("world", &["plant", "scenario::injection"]),
    ("instruments", &["plant", "scenario::injection", "world::truth"]),
    ("telemetry", &[]),
    ("simulator", &["plant", "scenario", "world", "instruments", "telemetry"]),
    ("ingest", &["plant::tags", "telemetry::wire", "telemetry::topic", "telemetry::signature"]),
    ("inspection", &["plant::tags", "plant::profile", "ingest"]),
    ("alarms", &["inspection", "ingest::observation", "plant::tags"]),
    ("monitor", &["plant", "telemetry::wire", "ingest", "inspection", "alarms"]),
];

/// The ledger reads what the monitor's stages write, and nothing of the simulator.
const LEDGER_IMPORTS: &[&str] = &["ingest", "inspection", "alarms", "plant::tags"];

/// Files that touch the outside world; everything else but `cli` and `exercise::live` is core.
const EDGES: [&str; 8] = [
    "src/telemetry/publisher",
    "src/telemetry/subscriber",
    "src/telemetry/broker",
    "src/telemetry/link",
    "src/ledger/store",
    "src/ledger/sqlite",
    "src/exercise/live",
    "src/cli",
];

const BANNED_WORDS: [&str; 7] =
    ["TODO", "FIXME", "XXX", "dummy", "mod utils", "mod helpers", "mod manager"];

/// What the core must not name, outside tests.
const BANNED_IN_CORE: [&str; 7] =
    ["tokio", "std::fs", "std::net", "std::thread", "std::env", "async fn", "Instant"];

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

#[test]
fn imports_point_upstream() {
    let mut faults = Vec::new();
    for (name, text) in files("src", "rs") {
        let module = name.trim_start_matches("src/").split(['/', '.']).next().unwrap_or("");
        let allowed = match module {
            "ledger" => LEDGER_IMPORTS,
            _ => match IMPORTS.iter().find(|(owner, _)| *owner == module) {
                Some((_, allowed)) => allowed,
                None => continue, // lib, main, exercise and cli may see everything
            },
        };
        for path in crate_paths(without_tests(&text)) {
            let fits = |prefix: &str| {
                path == prefix || path.starts_with(&format!("{prefix}::")) || path.is_empty()
            };
            if !(fits("base") || fits(module) || allowed.iter().any(|prefix| fits(prefix))) {
                faults.push(format!("{name}: {module} must not import {path}"));
            }
        }
    }
    report(&faults);
}

#[test]
fn the_core_touches_nothing_outside() {
    let mut faults = Vec::new();
    for (name, text) in files("src", "rs") {
        if is_edge(&name) || name == "src/base/time.rs" || name.ends_with("/tests.rs") {
            continue;
        }
        for (number, line) in without_tests(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for word in BANNED_IN_CORE {
                if code.contains(word) {
                    faults.push(format!("{name}:{}: the core must not use {word}", number + 1));
                }
            }
        }
    }
    report(&faults);
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
        let known = ["run", "simulate", "monitor", "test", "network", "config"];
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
