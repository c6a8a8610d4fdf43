//! Plants at a broker that is somebody else's.

use super::Place;
use crate::support::mosquitto::Mosquitto;

/// A week in which nothing happens: what is said of it is far more than a guest may say at once.
const WEEK: &str = r#"
title = { en = "A week", zh = "一周" }
plant = "sanmen"
condition = "normal"
start = 2024-12-05T08:00:00+08:00
duration_h = 168
seed = 20241205
"#;

#[tokio::test]
async fn plants_that_are_held_back_say_how_far_they_are_behind_and_the_way_out() {
    let place = Place::new();
    place.write("week.toml", WEEK);
    let broker = Mosquitto::start().await;
    // This machine under a name that does not say so.
    let url = format!("mqtt://0.0.0.0:{}", broker.port());
    let common = ["simulate", "week.toml", "--speed", "20000", "--broker", &url];
    let mut guest = place.sanmen(&common);
    let line = guest.says("the plants fall behind").await;
    for part in ["messages wait for their turn", "at 2 a second", "0.0.0.0", "--speed", "--own"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    guest.says("the plants fall behind").await; // it has doubled since
    guest.kill().await;
    let mut guest = place.sanmen(&[&common[..], &["--lang", "zh"]].concat());
    guest.says("水厂消息滞后").await;
    guest.kill().await;
}
