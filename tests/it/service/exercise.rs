//! An exercise that is killed midway, and goes on from its log.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Place, Program, ledger};

const EXERCISE: &str = include_str!("../../browser/exercise.toml");

/// A desk, for whoever holds a token.
struct Desk {
    address: String,
    token: String,
}

impl Desk {
    /// That of a run that has just said its link.
    async fn of(run: &mut Program) -> Self {
        let line = run.says("desk: http://").await;
        let (_, link) = line.split_once("http://").expect("just waited for");
        let (address, token) = link.split_once("/#token=").expect("a link with a token");
        Self { address: address.to_owned(), token: token.to_owned() }
    }

    async fn call(&self, method: &str, path: &str, key: &str, body: &Value) -> Value {
        let Self { address, token } = self;
        let body = body.to_string();
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request = format!(
            "{method} /api/{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        let (_, json) = answer.split_once("\r\n\r\n").expect("a head and a body");
        serde_json::from_str(json).expect("JSON")
    }

    async fn act(&self, key: &str, deed: &str) -> Value {
        let said = json!({ "by": "Li", "deed": deed });
        self.call("POST", "exercise/act", key, &said).await
    }

    /// How often something was done, by the log that pages show.
    async fn done(&self, deed: &str) -> usize {
        let shown = self.call("GET", "exercise", "looking", &json!({})).await;
        let log = shown["log"].as_array().expect("a log");
        log.iter().filter(|entry| entry["what"] == "did" && entry["deed"] == deed).count()
    }
}

fn run(place: &Place, seed: &str) -> Program {
    let flags = ["--space", "k7", "--data", "data", "--listen", "127.0.0.1:0", "--format", "json"];
    let common = ["run", "exercise.toml", "--seed", seed];
    place.sanmen(&[&common[..], &flags].concat())
}

#[tokio::test]
async fn what_was_said_to_be_done_stays_done_when_an_exercise_is_killed_and_goes_on() {
    let place = Place::new();
    place.write("exercise.toml", EXERCISE);
    let mut first = run(&place, "20241205");
    let desk = Desk::of(&mut first).await;
    assert_eq!(desk.act("the-first-wish", "send-crew mend").await["done"], true);
    // The same request again, as after a lost answer, is done once.
    assert_eq!(desk.act("the-first-wish", "send-crew mend").await["done"], true);
    assert_eq!(desk.done("send-crew mend").await, 1);
    first.kill().await;

    // Another exercise does not write over it.
    let mut other = run(&place, "7");
    let (code, said) = other.ends().await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("choose another --space to begin anew"), "{said}");

    let mut second = run(&place, "20241205");
    second.says("going on at 2024-12-05T09:").await;
    let desk = Desk::of(&mut second).await;
    assert_eq!(desk.done("send-crew mend").await, 1);
    let refused = desk.act("a-second-wish", "start-pump P-77").await;
    assert!(refused["error"].as_str().is_some_and(|why| why.contains("no P-77")), "{refused}");
    assert_eq!(desk.act("a-third-wish", "check road").await["done"], true);
    second.interrupt().await;
    assert_eq!(second.ends().await.0, 0);

    let folder = place.folder.path().join("data/k7");
    let log = tokio::fs::read_to_string(folder.join("exercise.jsonl")).await.expect("it is kept");
    let deeds = |deed: &str| log.lines().filter(|line| line.contains(deed)).count();
    assert_eq!((deeds("\"send-crew mend\""), deeds("\"check road\"")), (1, 1), "{log}");
    assert!(!folder.join("report").exists(), "it is not over");
    let boots = ledger(&folder).await;
    assert!(!boots.is_empty());
}
