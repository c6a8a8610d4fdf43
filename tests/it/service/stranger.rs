//! The stranger of an exercise, on a real broker.

use sanmen::base::Stamp;
use sanmen::ledger::record::{Entry, Record};

use super::{Place, alarm, is_raised, ledger};
use crate::support::mosquitto::Mosquitto;

const E7: &str = include_str!("../../../scenarios/exercises/e7-forged-messages.toml");

/// E7 in fewer minutes: nobody waits for anybody.
fn quick() -> String {
    let quick = E7.replace("attend_speed = 4\n", "attend_speed = 600\n");
    let quick = quick.replace("\nspeed = 60\n", "\nspeed = 600\n");
    assert!(quick.matches("= 600\n").count() == 2, "it has both speeds");
    quick
}

/// Minutes after its start at which an alarm of the rule was raised.
fn raised(entries: &[Entry], rule: &str) -> Vec<f64> {
    let (start, _) = Stamp::parse("2024-12-05T14:00:00+08:00").expect("a time");
    let of_rule = |entry: &&Entry| {
        is_raised(entry) && alarm(entry).is_some_and(|it| it.contains(&format!("/{rule}/")))
    };
    let at = |entry: &Entry| match &entry.record {
        Record::Alarm(event) => Some((event.at - start).as_seconds() / 60.0),
        _ => None,
    };
    entries.iter().filter(of_rule).filter_map(at).collect()
}

/// Messages that were refused for this reason.
fn refused(entries: &[Entry], reason: &str) -> u64 {
    let records = entries.iter().map(|it| serde_json::to_value(&it.record).expect("always JSON"));
    let of = records.filter(|it| it["what"] == "refused" && it["reason"] == reason);
    of.filter_map(|it| it["count"].as_u64()).sum()
}

#[tokio::test]
async fn what_a_stranger_forges_over_a_broker_is_counted_and_believed_by_nobody() {
    let place = Place::new();
    place.write("e7.toml", &quick());
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let flags = ["--broker", &url, "--space", "k7", "--data", "data", "--listen", "off"];
    let common = ["run", "e7.toml", "--format", "json"];
    let mut run = place.sanmen(&[&common[..], &flags].concat());
    run.tells(|entry| raised(std::slice::from_ref(entry), "tank-level-low").len() == 1).await;
    run.interrupt().await;
    assert_eq!(run.ends().await.0, 0);
    let folder = place.folder.path().join("data/k7");
    let log = tokio::fs::read_to_string(folder.join("exercise.jsonl")).await.expect("it is kept");
    assert!(log.lines().next().is_some_and(|line| line.contains("beset")), "{log}");
    let all = ledger(&folder).await;

    // What E7 expects of its alarms when nobody acts. A message that is refused bears no time that
    // can be believed: it is dated by what the plant said last, which at this speed is minutes ago.
    let once = |rule: &str| {
        let found = raised(&all, rule);
        assert_eq!(found.len(), 1, "{rule}: {found:?}");
        found[0]
    };
    let (forged, broken) = (once("messages-forged"), once("messages-broken"));
    // Who listens already is told of a kept message as of any other: the flood is what breaks.
    assert!(forged < broken, "{forged} {broken}");
    let tank = once("tank-level-low");
    assert!((130.0..=320.0).contains(&tank), "{tank}");
    let low = raised(&all, "service-pressure-low");
    assert!((30.0..=35.0).contains(&low[0]), "the real burst is seen: {low:?}");
    for rule in ["tap-chlorine-low", "finished-chlorine-low", "gateway-silent", "tag-silent"] {
        assert_eq!(raised(&all, rule), Vec::<f64>::new(), "{rule}");
    }
    // 31 zeros, the kept one and the order; a third of 4,000 in a flood is too long. He asks for no
    // acknowledgement, so a broker may drop of a flood what its listener is too slow for.
    assert!(refused(&all, "unsigned") >= 33, "{}", refused(&all, "unsigned"));
    assert!(refused(&all, "too-large") >= 100, "{}", refused(&all, "too-large"));
    // Nothing of the plant's own is lost.
    let gaps = all.iter().filter(|entry| super::noticed(entry, "gap")).count();
    assert_eq!(gaps, 0);
}

#[tokio::test]
async fn after_a_kill_a_stranger_says_again_what_he_heard_before_and_nobody_believes_it() {
    let place = Place::new();
    place.write("e7.toml", &quick());
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let flags = ["--broker", &url, "--space", "k7", "--data", "data", "--listen", "off"];
    let arguments = [&["run", "e7.toml", "--format", "json"][..], &flags].concat();
    let is_raised = |rule: &'static str| {
        move |entry: &Entry| !raised(std::slice::from_ref(entry), rule).is_empty()
    };
    let mut first = place.sanmen(&arguments);
    first.tells(is_raised("messages-forged")).await;
    first.kill().await;

    // The plant has a new key by now; he says again what the old one has signed.
    let mut second = place.sanmen(&arguments);
    second.says("going on at 2024-12-05T14:").await;
    second.tells(is_raised("messages-broken")).await;
    second.interrupt().await;
    assert_eq!(second.ends().await.0, 0);
    let all = ledger(&place.folder.path().join("data/k7")).await;
    assert!(refused(&all, "unknown-key") >= 5, "{}", refused(&all, "unknown-key"));
    assert_eq!(raised(&all, "messages-forged").len(), 1, "it is the same stranger");
}
