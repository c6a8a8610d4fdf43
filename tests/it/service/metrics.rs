//! Counters as Prometheus fetches them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Place, Program, noticed};
use crate::support::mosquitto::Mosquitto;

/// What a server answers to a bare request.
pub async fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    answer
}

/// A monitor that counts, with its ledger in `data/k7`, and where it shows what it has counted.
pub async fn counting(place: &Place, broker: &str) -> (Program, String) {
    place.write("counted.toml", "[metrics]\nlisten = \"127.0.0.1:0\"\n");
    let common = ["monitor", "--space", "k7", "--data", "data", "--format", "json"];
    // The last of several settings files would count: this command takes its own.
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sanmen"));
    command.args(common).args(["--broker", broker, "--settings", "counted.toml"]);
    command.current_dir(place.folder.path());
    let mut monitor = Program::start(command);
    let line = monitor.says("metrics at http://").await;
    let address = line.trim_start_matches("metrics at http://").trim_end_matches("/metrics");
    (monitor, address.to_owned())
}

#[tokio::test]
async fn the_counters_of_a_monitor_can_be_fetched_and_are_those_of_its_ledger() {
    let place = Place::new();
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let (mut monitor, address) = counting(&place, &url).await;
    monitor.says("connected to").await;
    broker.publish(&["-q", "1", "-t", "sanmen/v1/k7/sanmen/data", "-m", "nonsense"]).await;
    let mut plant = place.simulate(&url);
    monitor.tells(|entry| noticed(entry, "offline")).await;
    assert_eq!(plant.ends().await.0, 0);
    let answer = get(&address, "/metrics").await;
    let (head, text) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let has = |line: &str| text.lines().any(|found| found == line);
    for line in [
        "sanmen_link_connected 1",
        "sanmen_link_connects_total 1",
        "sanmen_refused_total{reason=\"not-json\"} 1",
        "sanmen_lost_messages_total{plant=\"sanmen\"} 0",
        "sanmen_resend_asked_total 0",
        "sanmen_resend_lost_total 0",
    ] {
        assert!(has(line), "{line} in {text}");
    }
    let readings = text.lines().find_map(|line| {
        line.strip_prefix("sanmen_readings_total{plant=\"sanmen\"} ")?.parse::<u64>().ok()
    });
    assert!(readings.is_some_and(|count| count > 10_000), "{text}");
    assert!(text.contains("sanmen_alarms{plant=\"sanmen\",priority=\"high\"}"), "{text}");
    assert!(get(&address, "/").await.starts_with("HTTP/1.1 404"));
}
