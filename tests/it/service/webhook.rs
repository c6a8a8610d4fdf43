//! Alarms by HTTP, to a real server that is at first out of order.

use std::convert::Infallible;

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Collected, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use sanmen::ledger::record::Entry;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{PATIENCE, Place, Program, alarm, ledger, noticed};
use crate::support::mosquitto::Mosquitto;

const SECRET: &str = "a secret of the test";

/// A receiver that answers 503 so many times; gives its address, and what it has taken.
pub(super) async fn receiver(
    out_of_order: usize,
) -> (String, mpsc::UnboundedReceiver<(HeaderMap, Bytes)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback");
    let address = listener.local_addr().expect("bound").to_string();
    let (sender, taken) = mpsc::unbounded_channel();
    let left = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(out_of_order));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (sender, left) = (sender.clone(), left.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                let (sender, left) = (sender.clone(), left.clone());
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
                    let order = std::sync::atomic::Ordering::SeqCst;
                    let is_down = left.fetch_update(order, order, |it| it.checked_sub(1)).is_ok();
                    let mut answer = Response::new(Empty::<Bytes>::new());
                    if is_down {
                        *answer.status_mut() = hyper::StatusCode::SERVICE_UNAVAILABLE;
                    } else {
                        let _ = sender.send((head.headers, body));
                    }
                    Ok::<_, Infallible>(answer)
                }
            });
            let server = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(server);
        }
    });
    (address, taken)
}

fn monitor(place: &Place, broker: &str) -> Program {
    let common = ["monitor", "--space", "k7", "--data", "data", "--format", "json"];
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sanmen"));
    command.args(common).args(["--broker", broker, "--settings", "posted.toml"]);
    command.current_dir(place.folder.path());
    Program::start(command)
}

/// The key of the next alarm that was taken; its signature is right.
async fn next(taken: &mut mpsc::UnboundedReceiver<(HeaderMap, Bytes)>) -> String {
    let next = tokio::time::timeout(PATIENCE, taken.recv()).await.expect("in time");
    let (head, body) = next.expect("the receiver runs");
    let header = |name: &str| head[name].to_str().expect("text").to_owned();
    let signature = header("x-sanmen-signature");
    let (at, hex) = signature.split_once(",v1=").expect("two parts");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(at.trim_start_matches("t=").as_bytes());
    mac.update(b".");
    mac.update(&body);
    let mut wanted = String::new();
    for byte in mac.finalize().into_bytes() {
        wanted.push_str(&format!("{byte:02x}"));
    }
    assert_eq!(hex, wanted);
    assert_eq!(header("x-sanmen-space"), "k7");
    let entry: Entry = serde_json::from_slice(&body).expect("an entry of the ledger");
    assert!(alarm(&entry).is_some(), "{entry:?}");
    // Whoever is called by it must know that nothing has happened.
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["record"]["exercise"], "trouble-20241205", "{body}");
    assert_eq!(header("x-sanmen-exercise"), "trouble-20241205");
    let key = header("idempotency-key");
    assert_eq!(key, format!("sanmen/{}", entry.n));
    key
}

#[tokio::test]
async fn every_change_of_an_alarm_is_posted_in_order_over_an_outage_and_a_kill() {
    let place = Place::new();
    let (address, mut taken) = receiver(2).await;
    place.write("secret", &format!("{SECRET}\n"));
    let settings = format!(
        "[publisher]\nreconnect_first_ms = 50\nreconnect_longest_s = 0.2\n\
         [webhook]\nurl = \"http://{address}/alarms\"\nsecret_file = \"secret\"\n"
    );
    place.write("posted.toml", &settings);
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let mut first = monitor(&place, &url);
    first.says("connected to").await;
    let mut plant = place.simulate(&url);
    first.says("takes no alarms (it answers 503").await;
    first.says("takes alarms again").await;
    let mut keys = vec![next(&mut taken).await];
    first.kill().await;
    let mut second = monitor(&place, &url);
    second.tells(|entry| noticed(entry, "offline")).await;
    assert_eq!(plant.ends().await.0, 0);
    second.interrupt().await;
    assert_eq!(second.ends().await.0, 0);
    let kept = ledger(&place.folder.path().join("data/k7")).await;
    let alarms = kept.iter().filter(|entry| alarm(entry).is_some());
    let kept: Vec<String> = alarms.map(|entry| format!("sanmen/{}", entry.n)).collect();
    let _third = monitor(&place, &url); // what was left when the second ended
    while keys.last() != kept.last() {
        let key = next(&mut taken).await;
        if keys.last() != Some(&key) {
            keys.push(key); // the one that was on its way at the kill may come twice
        }
    }
    assert_eq!(keys, kept);
}
