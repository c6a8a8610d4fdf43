//! The real program in processes of its own, with Debian's Mosquitto between them.

mod answers;
mod commands;
mod crash;
mod devices;
mod exercise;
mod fleets;
mod guests;
mod leases;
mod metrics;
#[cfg(feature = "otel")]
mod otel;
mod outside;
mod people;
mod recording;
mod resend;
#[cfg(feature = "sparkplug")]
mod sparkplug;
mod stopping;
mod stranger;
mod strangers;
mod together;
mod trust;
mod truth;
mod webhook;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use sanmen::alarms::event::AlarmEvent;
use sanmen::base::PlantId;
use sanmen::ledger::record::{Entry, Record};
use sanmen::ledger::sqlite::Sqlite;
use sanmen::ledger::store::{Query, Roster, Store};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

/// Longer than anything here takes, shorter than anybody waits.
const PATIENCE: Duration = Duration::from_mins(1);

/// Eight hours with a burst main and a dosing pump that runs dry: alarms raised and cleared.
const TROUBLE: &str = r#"
title = { en = "Two troubles in a day", zh = "一日两障" }
plant = "sanmen"
condition = "normal"
start = 2024-12-05T08:00:00+08:00
duration_h = 8
seed = 20241205

[[inject]]
id = "prime"
at_min = 0
kind = "dosing-no-flow"
target = "DP-1"
keep_signal = true

[[inject]]
id = "burst"
at_min = 120
until_min = 300
kind = "burst"
target = "FL-1"
m3_per_h_at_20_m = 90
"#;

/// Simulated seconds per second: the eight hours take five seconds.
const SPEED: &str = "6000";

/// A folder with the scenario in it, and with settings for quick reconnecting and short leases.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = "[publisher]\nreconnect_first_ms = 50\nreconnect_longest_s = 0.2\n\
                        [leases]\nvalid_s = 3\n";
        let place = Self { folder };
        place.write("trouble.toml", TROUBLE);
        place.write("quick.toml", settings);
        place
    }

    fn write(&self, name: &str, text: &str) {
        use std::io::Write as _;
        let path = self.folder.path().join(name);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).open(path).expect("a new file");
        file.write_all(text.as_bytes()).expect("written");
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// `sanmen ARGUMENTS`, with quick reconnecting, in this folder.
    fn sanmen(&self, arguments: &[&str]) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanmen"));
        command.args(arguments).current_dir(self.folder.path());
        if matches!(
            arguments.first(),
            Some(&"run" | &"simulate" | &"monitor" | &"record" | &"command")
        ) {
            command.args(["--settings", "quick.toml"]);
        }
        Program::start(command)
    }

    fn simulate(&self, broker: &str) -> Program {
        let common = ["simulate", "trouble.toml", "--speed", SPEED, "--space", "k7"];
        self.sanmen(&[&common[..], &["--broker", broker]].concat())
    }

    /// Its ledger is in `data/k7`.
    fn monitor(&self, broker: &str) -> Program {
        let common = ["monitor", "--space", "k7", "--data", "data", "--format", "json"];
        self.sanmen(&[&common[..], &["--broker", broker]].concat())
    }

    /// What the same scenario gives offline.
    async fn alarms_offline(&self) -> Vec<String> {
        let mut program = self.sanmen(&["test", "trouble.toml", "--format", "json"]);
        let mut alarms = Vec::new();
        while let Some(line) = program.out.recv().await {
            alarms.extend(alarm(&entry(&line)));
        }
        assert!(alarms.len() >= 3, "a test needs alarms: {alarms:?}");
        alarms.sort();
        alarms
    }
}

/// A running program; killed when dropped.
struct Program {
    child: Child,
    /// Lines on standard output.
    out: mpsc::UnboundedReceiver<String>,
    /// Lines on standard error.
    said: mpsc::UnboundedReceiver<String>,
    /// Those already read, for when a test fails.
    heard: Vec<String>,
}

impl Program {
    fn start(mut command: Command) -> Self {
        command.kill_on_drop(true).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("our own program");
        let out = lines(child.stdout.take().expect("piped"));
        let said = lines(child.stderr.take().expect("piped"));
        Self { child, out, said, heard: Vec::new() }
    }

    /// Waits for a line on standard error with this text in it.
    async fn says(&mut self, text: &str) -> String {
        let waiting = async {
            while let Some(line) = self.said.recv().await {
                self.heard.push(line.clone());
                if line.contains(text) {
                    return Some(line);
                }
            }
            None
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await.ok().flatten();
        assert!(found.is_some(), "never said {text:?}, but {:#?}", self.heard);
        found.unwrap_or_default()
    }

    /// Waits for an entry on standard output that is as wanted; gives all up to it.
    async fn tells(&mut self, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut entries = Vec::new();
        let waiting = async {
            while let Some(line) = self.out.recv().await {
                entries.push(entry(&line));
                if entries.last().is_some_and(&wanted) {
                    return true;
                }
            }
            false
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await.unwrap_or(false);
        assert!(found, "never told it, but {entries:#?}");
        entries
    }

    /// Asks it to end, as Ctrl-C does.
    async fn interrupt(&self) {
        self.signal("INT").await;
    }

    /// `INT`, or `STOP` and `CONT` to hold it up.
    async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(status.expect("a kill command").success());
    }

    /// `kill -9`.
    async fn kill(&mut self) {
        self.child.kill().await.expect("it ran");
    }

    /// Waits for its end; gives its exit code and what else it said.
    async fn ends(&mut self) -> (i32, String) {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.expect("it ends in time").expect("it ran");
        while let Some(line) = self.said.recv().await {
            self.heard.push(line);
        }
        let said = self.heard.join("\n");
        assert!(!said.contains("panicked"), "{said}");
        (status.code().unwrap_or(-1), said)
    }
}

fn lines(stream: impl AsyncRead + Unpin + Send + 'static) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut lines = BufReader::new(stream).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn entry(line: &str) -> Entry {
    serde_json::from_str(line).expect("an entry of the ledger")
}

/// An alarm's change in short: what, which, when.
fn alarm(entry: &Entry) -> Option<String> {
    match &entry.record {
        Record::Alarm(AlarmEvent { id, at, change, .. }) => Some(format!("{id} {change:?} {at}")),
        _ => None,
    }
}

fn alarms(entries: &[Entry]) -> Vec<String> {
    let mut alarms: Vec<String> = entries.iter().filter_map(alarm).collect();
    alarms.sort();
    alarms
}

fn is_raised(entry: &Entry) -> bool {
    alarm(entry).is_some_and(|alarm| alarm.contains("Raised"))
}

/// Intake noticed this: `online`, `offline`, `gap`, `refused`…
fn noticed(entry: &Entry, what: &str) -> bool {
    let json = serde_json::to_value(&entry.record).expect("always JSON");
    json["kind"] == "ingest" && json["what"] == what
}

/// Everything in a ledger nobody uses any more; its chains hold.
async fn ledger(folder: &Path) -> Vec<Entry> {
    let plant = PlantId::new("sanmen").expect("an id");
    let mut ledger =
        Sqlite::open(folder, Roster::new(vec![(plant, Vec::new())])).await.expect("it opens");
    ledger.verify().await.expect("its chains hold");
    let all = Query { plant: None, after: 0, limit: 100_000 };
    let page = ledger.entries(&all).await.expect("it reads");
    ledger.close().await.expect("it closes");
    page.entries
}
