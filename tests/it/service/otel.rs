//! Spans, as a collector gets them.

use super::{Place, Program, noticed};
use crate::support::mosquitto::Mosquitto;

#[tokio::test]
async fn a_collector_gets_the_spans_of_the_monitors_path() {
    let place = Place::new();
    let (address, mut taken) = super::webhook::receiver(0).await;
    place.write("traced.toml", &format!("[otel]\nendpoint = \"http://{address}\"\n"));
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let arguments = ["monitor", "--space", "k7", "--data", "data", "--settings", "traced.toml"];
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sanmen"));
    command.args(arguments).args(["--format", "json", "--broker", &url]);
    command.current_dir(place.folder.path());
    let mut monitor = Program::start(command);
    monitor.says(&format!("traces to http://{address}/v1/traces")).await;
    monitor.says("connected to").await;
    broker.publish(&["-q", "1", "-t", "sanmen/v1/k7/sanmen/data", "-m", "nonsense"]).await;
    monitor.tells(|entry| noticed(entry, "refused")).await;
    monitor.interrupt().await;
    assert_eq!(monitor.ends().await.0, 0);
    let mut sent = Vec::new();
    while let Ok((head, body)) = taken.try_recv() {
        let kind = head.get("content-type").and_then(|kind| kind.to_str().ok());
        assert_eq!(kind, Some("application/x-protobuf"));
        sent.extend_from_slice(&body);
    }
    let text = String::from_utf8_lossy(&sent);
    for name in ["sanmen", "arrivals", "intake", "rules", "alarms", "append"] {
        assert!(text.contains(name), "{name} in {text:?}");
    }
}
