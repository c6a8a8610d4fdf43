//! Plants that sign, and what others say in their name.

use serde_json::Value;

use super::{Place, Program, SPEED, alarm, noticed};
use crate::support::mosquitto::Mosquitto;
use sanmen::ledger::record::{Entry, Record};

/// `sanmen keys …`, to its end; gives what it wrote.
pub(super) async fn keys(place: &Place, arguments: &[&str]) -> String {
    let mut program = place.sanmen(&[&["keys"], arguments].concat());
    let mut lines = Vec::new();
    while let Some(line) = program.out.recv().await {
        lines.push(line);
    }
    let (code, said) = program.ends().await;
    assert_eq!(code, 0, "{said}");
    lines.join("\n")
}

/// The public half of the key that a plant has here.
async fn public(place: &Place, plant: &str) -> String {
    let list = keys(place, &["list", "--format", "json"]).await;
    let rows = list.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let own = rows.filter(|row| row["plant"] == plant && row["private_here"] == true);
    let keys: Vec<String> = own.filter_map(|row| row["key"].as_str().map(str::to_owned)).collect();
    keys.last().expect("it has one").clone()
}

/// Alarms of the plant's own readings, in order; those about messages are others.
fn of_readings(told: &[Entry]) -> Vec<String> {
    let mut alarms: Vec<String> =
        told.iter().filter_map(alarm).filter(|line| !line.contains("/messages-")).collect();
    alarms.sort();
    alarms
}

/// A monitor in another folder that believes nobody whose key it does not know.
fn strict_monitor(place: &Place, arguments: &[&str]) -> Program {
    place.write("strict.toml", "[trust]\nunsigned = \"refuse\"\n");
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sanmen"));
    command.args(["monitor", "--data", "data", "--format", "json", "--settings", "strict.toml"]);
    command.args(arguments).current_dir(place.folder.path());
    Program::start(command)
}

fn refusals(told: &[Entry]) -> Vec<(String, u64)> {
    let records = told.iter().map(|entry| serde_json::to_value(&entry.record).expect("JSON"));
    let refused = records.filter(|record| record["what"] == "refused");
    let count = |record: Value| {
        (record["reason"].as_str().unwrap_or_default().to_owned(), record["count"].as_u64())
    };
    refused.map(count).map(|(reason, count)| (reason, count.unwrap_or(0))).collect()
}

#[tokio::test]
async fn a_plant_with_a_key_is_believed_by_it_and_nobody_else_in_its_name() {
    let (here, there) = (Place::new(), Place::new());
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    keys(&there, &["new", "sanmen"]).await;
    let key = public(&there, "sanmen").await;
    assert!(keys(&here, &["trust", "sanmen", &key]).await.contains("is believed"));
    let mut monitor = here.monitor(&url);
    monitor.says("connected to").await;
    let mut plant = there.simulate(&url);
    let mut told = monitor.tells(super::is_raised).await;
    let head =
        r#"{"plant":"sanmen","boot_id":9000000000000,"seq":0,"sent_at":"2024-12-05T20:00:00Z""#;
    let clock = format!(
        "{head},\"exercise\":\"trouble-20241205\",\"sim\":\"2031-01-01T00:00:00Z\",\
         \"wall\":\"2031-01-01T00:00:00Z\",\"speed\":1.0}}"
    );
    let death = format!("{head},\"exercise\":\"trouble-20241205\"}}");
    for (kind, payload) in [("clock", &clock), ("death", &death)] {
        let topic = format!("sanmen/v1/k7/sanmen/{kind}");
        broker.publish(&["-q", "1", "-t", &topic, "-m", payload]).await;
    }
    assert_eq!(plant.ends().await.0, 0);
    told.extend(monitor.tells(|entry| noticed(entry, "offline")).await);
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    assert_eq!(of_readings(&told), here.alarms_offline().await);
    let refused: u64 = refusals(&told).iter().map(|(_, count)| count).sum();
    assert_eq!(refused, 2, "{:?}", refusals(&told));
    let forged = |entry: &&Entry| match &entry.record {
        Record::Alarm(event) => event.id.rule.as_str() == "messages-forged",
        _ => false,
    };
    let forged: Vec<&Entry> = told.iter().filter(forged).collect();
    assert!(!forged.is_empty(), "it is an alarm");
}

#[tokio::test]
async fn a_key_that_is_revoked_speaks_no_more_and_its_follower_does() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    keys(&place, &["new", "sanmen", "--monitor"]).await;
    let old = public(&place, "sanmen").await;
    let said = keys(&place, &["rotate", "sanmen"]).await;
    assert_ne!(public(&place, "sanmen").await, old);
    let left = said.lines().last().expect("it says what is left");
    let id = left.rsplit(' ').next().expect("a name").trim_matches('`').to_owned();
    keys(&place, &["revoke", &id]).await;
    let list = keys(&place, &["list"]).await;
    assert!(list.contains(&old) && list.contains("revoked"), "{list}");
    let mut monitor = place.monitor(&url);
    monitor.says("connected to").await;
    let mut plant = place.simulate(&url);
    let told = monitor.tells(super::is_raised).await;
    assert!(refusals(&told).is_empty(), "{told:#?}");
    plant.kill().await;
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
}

#[tokio::test]
async fn without_any_key_nothing_is_believed_where_the_settings_ask_for_keys() {
    let (here, there) = (Place::new(), Place::new());
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut monitor = strict_monitor(&here, &["--space", "k7", "--broker", &url]);
    monitor.says("no key of sanmen is known, so nothing in that name is believed").await;
    monitor.says("connected to").await;
    let mut plant = there.simulate(&url);
    let told = monitor.tells(|entry| noticed(entry, "refused")).await;
    assert_eq!(refusals(&told)[0].0, "unknown-key", "{told:#?}");
    assert!(!told.iter().any(|entry| noticed(entry, "online")));
    plant.kill().await;
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
}

#[tokio::test]
async fn whoever_joins_by_the_address_of_an_exercise_believes_its_plants() {
    let (here, there) = (Place::new(), Place::new());
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let common = ["simulate", "trouble.toml", "--speed", SPEED, "--share", "--broker", &url];
    let mut plant = there.sanmen(&common);
    let said = plant.says("join: ").await;
    let (_, address) = said.split_once("join: ").expect("it was waited for");
    let mut monitor = strict_monitor(&here, &["--join", address]);
    monitor.says("joined: plants sanmen are believed by the keys of the address").await;
    let told = monitor.tells(super::is_raised).await;
    assert!(told.iter().any(|entry| noticed(entry, "online")), "{told:#?}");
    assert!(refusals(&told).is_empty(), "{told:#?}");
    plant.kill().await;
    monitor.interrupt().await;
    let (code, said) = monitor.ends().await;
    assert_eq!((code, said.contains("no key of")), (0, false), "{said}");
}

#[tokio::test]
async fn a_monitor_that_starts_first_believes_plants_whose_key_is_drawn_after_it() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut monitor = strict_monitor(&place, &["--space", "k7", "--broker", &url]);
    monitor.says("connected to").await;
    let mut plant = place.simulate(&url);
    monitor.says("of the space k7 has come: it is believed").await;
    let told = monitor.tells(super::is_raised).await;
    assert!(refusals(&told).is_empty(), "{told:#?}");
    plant.kill().await;
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
}

/// `sanmen keys …` that is refused; gives what it said.
async fn refused(place: &Place, arguments: &[&str]) -> String {
    let (code, said) = place.sanmen(&[&["keys"], arguments].concat()).ends().await;
    assert_eq!(code, 2, "{said}");
    said
}

#[tokio::test]
async fn keys_of_monitor_and_operators_are_listed_rotated_and_never_believed_again() {
    let place = Place::new();
    keys(&place, &["new", "--monitor", "--operator", "lin"]).await;
    let old = public(&place, "operator:lin").await;
    let old_monitor = public(&place, "monitor").await;
    let said = refused(&place, &["new", "--monitor"]).await;
    assert!(said.contains("`sanmen keys rotate monitor`"), "{said}");
    let said = refused(&place, &["new", "--operator", "lin"]).await;
    assert!(said.contains("`sanmen keys rotate operator:lin`"), "{said}");
    let said = refused(&place, &["rotate", "operator:wang"]).await;
    assert!(said.contains("`sanmen keys new --operator wang`"), "{said}");
    keys(&place, &["rotate", "operator:lin"]).await;
    keys(&place, &["rotate", "monitor"]).await;
    assert_ne!(public(&place, "operator:lin").await, old);
    let monitor = public(&place, "monitor").await;
    assert_ne!(monitor, old_monitor);
    assert!(keys(&place, &["list"]).await.contains(&monitor));
    keys(&place, &["revoke", "operator:lin"]).await;
    for holder in ["*", "operator:lin", "operator:wang"] {
        let said = refused(&place, &["trust", holder, &old]).await;
        assert!(said.contains("of operator:lin was revoked at"), "{said}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_private_key_that_others_may_read_is_refused_with_the_way_out() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    keys(&place, &["new", "sanmen"]).await;
    let path = place.path("sanmen-data/keys/plant-sanmen.key");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&path, open).expect("its owner may");
    let said = refused(&place, &["list"]).await;
    assert!(said.contains("chmod 600") && said.contains("plant-sanmen.key"), "{said}");
}
