//! A world that does not play along: no broker, a busy port, a data folder that cannot be used.

use std::process::Command;

use super::exercise::Desk;
use super::{Place, alarms, is_raised, ledger, noticed};
use crate::support::mosquitto::{Mosquitto, free_port};

#[tokio::test]
async fn without_a_broker_everybody_says_so_and_keeps_trying() {
    let place = Place::new();
    let port = free_port().await;
    let url = format!("mqtt://127.0.0.1:{port}");
    let mut monitor = place.monitor(&url);
    let mut plant = place.simulate(&url);
    for program in [&mut monitor, &mut plant] {
        let line = program.says("no connection to").await;
        assert!(line.contains(&url) && line.ends_with("; trying again"), "{line}");
    }
    let broker = Mosquitto::start_at(port, "allow_anonymous true\n").await;
    monitor.says("connected to").await;
    monitor.tells(is_raised).await;
    assert_eq!(plant.ends().await.0, 0);
    drop(broker);
}

#[tokio::test]
async fn stopped_without_a_broker_a_monitor_has_lost_nothing_and_a_plant_says_what_it_has() {
    let place = Place::new();
    let url = format!("mqtt://127.0.0.1:{}", free_port().await);
    let mut monitor = place.monitor(&url);
    let mut plant = place.simulate(&url);
    let mut run = place.sanmen(&["run", "trouble.toml", "--broker", &url, "--data", "of-run"]);
    for program in [&mut monitor, &mut plant] {
        program.says("no connection to").await;
    }
    let line = run.says(&format!("waiting for the broker at {url}; Ctrl-C ends: ")).await;
    assert!(line.to_lowercase().contains("connection refused"), "{line}");
    for program in [&monitor, &plant, &run] {
        program.interrupt().await;
    }
    assert_eq!(monitor.ends().await.0, 0);
    let (code, said) = plant.ends().await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("error: the run ended before the broker had everything: "), "{said}");
    assert!(said.ends_with(" messages were not acknowledged by the broker"), "{said}");
    let (code, said) = run.ends().await;
    let last = format!("error: stopped before the broker at {url} answered");
    assert_eq!((code, said.lines().last()), (3, Some(last.as_str())), "{said}");
}

#[tokio::test]
async fn a_space_in_use_is_named_on_this_machine_and_from_another() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let simulate = |spool: &str| {
        let common = ["simulate", "trouble.toml", "--speed", "60", "--space", "k7"];
        place.sanmen(&[&common[..], &["--broker", &url, "--spool", spool]].concat())
    };
    let mut first = simulate("spool");
    first.says("connected to").await;
    let (code, said) = simulate("spool").ends().await;
    let text =
        "error: the space k7 is in use: another sanmen simulate speaks in it, with its spool";
    assert!(code == 3 && said.contains(text), "{said}");
    let mut elsewhere = simulate("elsewhere");
    for program in [&mut first, &mut elsewhere] {
        program.says("the space k7 is in use: somebody else speaks as sanmen in it").await;
    }
}

#[tokio::test]
async fn a_plant_that_was_killed_does_not_take_what_it_says_again_for_a_stranger() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut monitor = place.monitor(&url);
    monitor.says("connected to").await;
    let mut plant = place.simulate(&url);
    monitor.tells(|entry| noticed(entry, "online")).await;
    plant.kill().await;
    let (code, said) = place.simulate(&url).ends().await;
    assert!(code == 0 && !said.contains("somebody else speaks as"), "{said}");
}

#[tokio::test]
async fn a_busy_port_is_named() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let port = broker.port().to_string();
    let mut run = place.sanmen(&["run", "trouble.toml", "--broker-port", &port, "--data", "data"]);
    let text = format!("error: port {port} is in use: give another one, or 0 for any free port");
    assert_eq!(run.ends().await, (3, text));
}

#[tokio::test]
async fn a_data_folder_in_use_is_named() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut first = place.monitor(&url);
    first.says("connected to").await;
    let (code, said) = place.monitor(&url).ends().await;
    let text = "error: the data folder data/k7 is in use by another sanmen: stop it, or choose \
                another with --data";
    assert_eq!((code, said.lines().last()), (3, Some(text)), "{said}");
}

#[tokio::test]
async fn a_data_folder_that_is_a_file_is_named() {
    let place = Place::new();
    place.write("data", "a file");
    let url = format!("mqtt://127.0.0.1:{}", free_port().await);
    let (code, said) = place.monitor(&url).ends().await;
    let text = "error: cannot use the data folder data/k7: Not a directory (os error 20)";
    assert_eq!((code, said.lines().last()), (3, Some(text)), "{said}");
}

#[tokio::test]
async fn two_monitors_of_one_space_do_not_take_each_others_connection() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut first = place.monitor(&url);
    first.says("connected to").await;
    let other = ["monitor", "--space", "k7", "--data", "other", "--format", "json"];
    let mut second = place.sanmen(&[&other[..], &["--broker", &url]].concat());
    second.says("connected to").await;
    let mut plant = place.simulate(&url);
    let end = |entry: &_| noticed(entry, "offline");
    let (one, two) = (first.tells(end).await, second.tells(end).await);
    assert_eq!(alarms(&one), alarms(&two));
    assert_eq!(plant.ends().await.0, 0);
    for monitor in [&mut first, &mut second] {
        monitor.interrupt().await;
        let (code, said) = monitor.ends().await;
        assert!(code == 0 && !said.contains("no connection"), "{said}");
    }
}

/// A small disk of its own, given back when dropped.
#[cfg(target_os = "linux")]
pub(super) struct SmallDisk(String);

#[cfg(target_os = "linux")]
impl SmallDisk {
    /// None where we may not mount: then there is nothing to prove.
    pub(super) fn mount(folder: &str) -> Option<Self> {
        std::fs::DirBuilder::new().create(folder).expect("a new folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "sanmen-test", folder])
            .output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(folder.to_owned()))
    }

    fn ballast(&self) -> String {
        format!("{}/ballast", self.0)
    }

    /// Fills what is left, as somebody else might.
    pub(super) fn fill(&self) {
        let filled = Command::new("dd")
            .args(["if=/dev/zero", &format!("of={}", self.ballast()), "bs=4k"])
            .output()
            .expect("dd");
        assert!(!filled.status.success(), "it stops when the disk is full");
    }

    /// Takes that away again, and makes the disk larger.
    pub(super) fn make_room(&self) {
        std::fs::remove_file(self.ballast()).expect("it was there");
        let grown = Command::new("mount").args(["-o", "remount,size=64m", &self.0]).status();
        assert!(grown.expect("mount").success());
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a killed monitor may still be letting go of its files.
        let _ = Command::new("umount").args(["-l", &self.0]).status();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[expect(clippy::print_stderr, reason = "says why there is nothing to prove")]
async fn a_full_disk_stops_acknowledging_and_space_brings_everything_back() {
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(&place.path("data")) else {
        eprintln!("skipped: mounting a small disk needs root");
        return;
    };
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut monitor = place.monitor(&url);
    let desk = Desk::of(&mut monitor).await;
    monitor.says("connected to").await;
    desk.tells_of_monitor("runs").await;
    // What is left is filled up by somebody else, who later takes it away.
    disk.fill();
    let mut plant = place.simulate(&url);
    let line = monitor.says("nothing is acknowledged until it can").await;
    assert!(line.contains("no space left for the ledger in data/k7"), "{line}");
    let link = desk.tells_of_monitor("full").await;
    assert!(link["since"].is_i64(), "since when: {link}");
    assert_eq!(plant.ends().await.0, 0, "the broker keeps what we cannot");
    disk.make_room();
    monitor.says("the ledger takes records again").await;
    let told = monitor.tells(|entry| noticed(entry, "offline")).await;
    let link = desk.tells_of_monitor("runs").await;
    assert!(link["since"].is_null(), "{link}");
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    assert_eq!(alarms(&told), place.alarms_offline().await);
    assert!(!told.iter().any(|entry| noticed(entry, "gap")), "{told:#?}");
    let kept = ledger(&place.folder.path().join("data/k7")).await;
    assert_eq!(alarms(&kept), alarms(&told));
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[expect(clippy::print_stderr, reason = "says why there is nothing to prove")]
async fn a_read_only_data_folder_is_named() {
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(&place.path("data")) else {
        eprintln!("skipped: mounting a small disk needs root");
        return;
    };
    let made = Command::new("mount").args(["-o", "remount,ro", &disk.0]).status();
    assert!(made.expect("mount").success());
    let url = format!("mqtt://127.0.0.1:{}", free_port().await);
    let (code, said) = place.monitor(&url).ends().await;
    let text = "error: cannot use the data folder data/k7: Read-only file system (os error 30)";
    assert_eq!((code, said.lines().last()), (3, Some(text)), "{said}");
}
