//! A space is recorded, and said again.
#![expect(clippy::disallowed_methods, reason = "edge: looks at what was recorded")]

use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use super::{Place, Program, alarms, entry, noticed};
use crate::support::mosquitto::Mosquitto;
use sanmen::telemetry::signature::unsigned;

impl Place {
    fn record(&self, broker: &str, space: &str, out: &str) -> Program {
        self.sanmen(&["record", "--broker", broker, "--space", space, "--out", out])
    }

    /// The alarms of `sanmen replay NAME`, and what it says.
    async fn replayed(&self, name: &str) -> (Vec<String>, String) {
        let mut program = self.sanmen(&["replay", name, "--format", "json"]);
        let mut entries = Vec::new();
        while let Some(line) = program.out.recv().await {
            entries.push(entry(&line));
        }
        let (code, said) = program.ends().await;
        assert_eq!(code, 0, "{said}");
        (alarms(&entries), said)
    }
}

/// What plants said: the topic behind the space, and the payload. Clocks say another wall clock
/// each time.
fn messages(path: &Path) -> Vec<(String, String)> {
    let file = std::fs::File::open(path).expect("it was written");
    let text = std::io::read_to_string(file).expect("text");
    let line = |line: &str| {
        let heard: Value = serde_json::from_str(line).expect("whole lines of JSON");
        let text = |key: &str| heard[key].as_str().expect("a text").to_owned();
        let topic = text("topic").splitn(4, '/').nth(3).expect("in a space").to_owned();
        // What is said again is signed again.
        let payload = unsigned(text("payload").into_bytes());
        (topic, String::from_utf8(payload).expect("text still"))
    };
    let all = text.lines().map(line);
    all.filter(|(topic, _)| !topic.ends_with("/clock") && !topic.starts_with("alarm/")).collect()
}

#[tokio::test]
async fn a_recording_goes_on_with_its_own_space_and_with_no_other() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    for again in [false, true] {
        let mut recorder = place.record(&url, "k7", "run.jsonl");
        recorder.says("connected to").await;
        recorder.interrupt().await;
        let (code, said) = recorder.ends().await;
        assert_eq!(code, 0, "{said} {again}");
    }
    let (code, said) = place.record(&url, "k8", "run.jsonl").ends().await;
    assert_eq!(code, 2, "{said}");
    let wanted = "run.jsonl is a recording of space k7, not of k8: name another file with --out";
    assert!(said.contains(wanted), "{said}");
}

#[tokio::test]
async fn a_recording_has_the_alarms_of_the_live_monitor_and_can_be_said_again_at_any_speed() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut recorder = place.record(&url, "k7", "run.jsonl");
    recorder.says("connected to").await;
    let mut monitor = place.monitor(&url);
    monitor.says("connected to").await;
    let mut plant = place.simulate(&url);
    let live = alarms(&monitor.tells(|entry| noticed(entry, "offline")).await);
    assert_eq!(plant.ends().await.0, 0);
    recorder.says("sanmen is gone").await;
    recorder.interrupt().await;
    let (code, said) = recorder.ends().await;
    assert!(code == 0 && said.ends_with("play it: sanmen replay run.jsonl"), "{said}");
    let (replayed, said) = place.replayed("run.jsonl").await;
    assert_eq!(replayed, live, "{said}");
    assert!(!said.contains("refused") && !said.contains("lost"), "{said}");

    let again = ["monitor", "--space", "k8", "--data", "other", "--format", "json"];
    let mut monitor = place.sanmen(&[&again[..], &["--broker", &url]].concat());
    let mut recorder = place.record(&url, "k8", "again.jsonl");
    for program in [&mut monitor, &mut recorder] {
        program.says("connected to").await;
    }
    let replay = ["replay", "run.jsonl", "--space", "k8", "--speed", "12000"];
    let mut player = place.sanmen(&[&replay[..], &["--broker", &url]].concat());
    let told = monitor.tells(|entry| noticed(entry, "offline")).await;
    assert_eq!(alarms(&told), live);
    recorder.says("sanmen is gone").await;
    recorder.interrupt().await;
    assert_eq!(recorder.ends().await.0, 0);
    let (code, said) = player.ends().await;
    assert!(code == 0 && said.contains("alarms of a monitor"), "{said}");
    let [first, second] =
        ["run.jsonl", "again.jsonl"].map(|it| messages(Path::new(&place.path(it))));
    assert!(first.len() > 20);
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_recording_that_was_killed_goes_on_and_misses_nothing() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut recorder = place.record(&url, "k7", "run.jsonl");
    recorder.says("connected to").await;
    let mut plant = place.simulate(&url);
    recorder.says("sanmen speaks").await;
    recorder.kill().await;
    // Whatever it was at: the line that it did not finish.
    let mut file = std::fs::OpenOptions::new();
    let mut file = file.append(true).open(place.path("run.jsonl")).expect("it was written");
    file.write_all(b"{\"received_at\":\"2026-").expect("written");
    drop(file);
    let (_, said) = place.sanmen(&["replay", "run.jsonl"]).ends().await;
    assert!(said.contains("torn-line 1"), "{said}");
    let mut recorder = place.record(&url, "k7", "run.jsonl");
    recorder.says("run.jsonl ended within a message: 21 bytes of it are dropped").await;
    assert_eq!(plant.ends().await.0, 0);
    recorder.says("sanmen is gone").await;
    recorder.interrupt().await;
    assert_eq!(recorder.ends().await.0, 0);
    let (replayed, said) = place.replayed("run.jsonl").await;
    assert_eq!(replayed, place.alarms_offline().await, "{said}");
    assert!(!said.contains("lost") && !said.contains("torn-line"), "{said}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[expect(clippy::print_stderr, reason = "says why there is nothing to prove")]
async fn a_recording_on_a_full_disk_waits_for_room() {
    let place = Place::new();
    let Some(disk) = super::outside::SmallDisk::mount(&place.path("disk")) else {
        eprintln!("skipped: mounting a small disk needs root");
        return;
    };
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut recorder = place.record(&url, "k7", "disk/run.jsonl");
    recorder.says("connected to").await;
    disk.fill();
    let mut plant = place.simulate(&url);
    recorder.says("no space left; nothing is acknowledged until there is").await;
    disk.make_room();
    recorder.says("disk/run.jsonl takes messages again").await;
    assert_eq!(plant.ends().await.0, 0);
    recorder.says("sanmen is gone").await;
    recorder.interrupt().await;
    assert_eq!(recorder.ends().await.0, 0);
    let (replayed, said) = place.replayed("disk/run.jsonl").await;
    assert_eq!(replayed, place.alarms_offline().await, "{said}");
}

#[tokio::test]
async fn what_cannot_be_recorded_or_said_again_is_told_with_the_way_out() {
    let place = Place::new();
    place.write("notes.jsonl", "{\"a\":1}\n");
    place.write("table.csv", "time,PIT-407\n");
    let mut all = Vec::new();
    for arguments in [
        "record --space k7 --out notes.jsonl",
        "record --space k7 --out run.csv",
        "record --space k7 --out nowhere/run.jsonl",
        "record",
        "replay table.csv --broker mqtt://127.0.0.1",
        "replay notes.jsonl --broker mqtt://127.0.0.1",
        "replay notes.jsonl --broker mqtt://127.0.0.1 --data kept",
        "replay notes.jsonl --speed 6",
    ] {
        let words: Vec<&str> = arguments.split(' ').collect();
        let mut program = place.sanmen(&words);
        let (code, said) = program.ends().await;
        let said = said.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        all.push(format!("$ sanmen {arguments}\n{said}\nexit code {code}"));
    }
    insta::assert_snapshot!(all.join("\n\n"));
}
