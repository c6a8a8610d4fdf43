//! People answer alarms: of a running monitor, of one that was killed, and of a run that is over.

use super::{Place, Program, is_raised, ledger};
use crate::support::mosquitto::Mosquitto;
use sanmen::alarms::event::{AlarmChange, AlarmEvent};
use sanmen::ledger::record::{Entry, Record};

const LOW: &str = "sanmen/finished-chlorine-low/AIT-301";
const WRONG: &str = "sanmen/finished-chlorine-lo/AIT-301/1";

/// `sanmen alarms WORDS --data data`: exit code, what it put out, what it said.
async fn alarms(place: &Place, words: &[&str]) -> (i32, String, String) {
    let mut program = place.sanmen(&[&["alarms"], words, &["--data", "data"]].concat());
    let mut out = Vec::new();
    while let Some(line) = program.out.recv().await {
        out.push(line);
    }
    let (code, said) = program.ends().await;
    (code, out.join("\n"), said)
}

fn answers(entries: &[Entry]) -> Vec<&AlarmEvent> {
    let events = entries.iter().filter_map(|entry| match &entry.record {
        Record::Alarm(event) => Some(event),
        _ => None,
    });
    events.filter(|event| event.by.is_some()).collect()
}

async fn raised(place: &Place, url: &str) -> (Program, Program) {
    let mut monitor = place.monitor(url);
    monitor.says("connected to").await;
    let plant = place.simulate(url);
    monitor.tells(is_raised).await;
    (monitor, plant)
}

#[tokio::test]
async fn a_running_monitor_is_answered_through_its_ledger_and_remembers_after_a_kill() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let (mut monitor, mut plant) = raised(&place, &url).await;
    // However slow this machine is: the alarm does not rise, and ask again, between two answers.
    plant.interrupt().await;
    assert_eq!(plant.ends().await.0, 0);
    let (code, list, said) = alarms(&place, &["list"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(list.contains(LOW) && list.contains("unacknowledged"), "{list}");
    assert!(said.contains("shelved 0 · suppressed-by-design 0 · out-of-service 0"), "{said}");

    let ack = ["acknowledge", LOW, "--by", "Li", "--reason", "on my way"];
    let (code, told, said) = alarms(&place, &ack).await;
    assert_eq!((code, told.as_str()), (0, &*format!("{LOW}/1 is now acknowledged")), "{said}");
    monitor.kill().await; // the reply came, so it is kept
    let mut monitor = place.monitor(&url);
    monitor.says("connected to").await;
    let (code, told, said) = alarms(&place, &ack).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(told, format!("{LOW}/1 is acknowledged already: nothing to do"));

    let (code, _, said) = alarms(&place, &["ack", WRONG, "--by", "Li"]).await;
    let text = "there is no alarm sanmen/finished-chlorine-lo/AIT-301/1; did you mean";
    assert!(code == 2 && said.contains(text), "{said}");
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    let kept = ledger(&place.folder.path().join("data/k7")).await;
    let [answer] = answers(&kept)[..] else { panic!("one answer: {:#?}", answers(&kept)) };
    assert_eq!((answer.change, answer.id.n), (AlarmChange::Acknowledged, 1));
    let by = answer.by.as_ref().map(|by| (by.name.as_str(), by.reason.as_str()));
    assert_eq!(by, Some(("Li", "on my way")));
}

#[tokio::test]
async fn a_run_that_is_over_can_be_answered_and_its_next_monitor_knows_it() {
    let place = Place::new();
    let arguments = ["run", "trouble.toml", "--speed", "max", "--format", "json"];
    let mut run = place.sanmen(&[&arguments[..], &["--data", "data", "--space", "k7"]].concat());
    while run.out.recv().await.is_some() {}
    assert_eq!(run.ends().await.0, 0);
    let before = ledger(&place.folder.path().join("data/k7")).await.len();
    let shelve = ["shelve", LOW, "--for-min", "30", "--by", "Li", "--reason", "pump is changed"];
    let (code, told, said) = alarms(&place, &shelve).await;
    assert_eq!((code, told.as_str()), (0, &*format!("{LOW} is now shelved")), "{said}");
    let (code, list, said) = alarms(&place, &["list", "--all", "--format", "json"]).await;
    assert!(code == 0 && list.contains("\"state\":\"shelved\""), "{list} {said}");
    let kept = ledger(&place.folder.path().join("data/k7")).await;
    assert_eq!(kept.len(), before + 1, "the answer, and nothing about the monitor");
    assert_eq!(answers(&kept)[0].change, AlarmChange::Shelved);
}

#[tokio::test]
async fn what_cannot_be_answered_says_why() {
    let place = Place::new();
    let (code, _, said) = alarms(&place, &["list"]).await;
    let text = "error: there is no ledger in data: name the data folder of a run with --data";
    assert_eq!((code, said.as_str()), (2, text));
    let (code, _, said) = alarms(&place, &["ack", "low-chlorine", "--by", "Li"]).await;
    assert!(code == 2 && said.contains("names no alarm: write plant/rule/tag"), "{said}");
    let (code, _, said) = alarms(&place, &["shelve", LOW, "--by", "Li"]).await;
    assert!(code == 2 && said.contains("--reason <TEXT>"), "{said}");
    let (code, _, said) = alarms(&place, &["shelve", LOW, "--by", "Li", "--reason", " "]).await;
    assert!(code == 2 && said.contains("must say something"), "{said}");
}
