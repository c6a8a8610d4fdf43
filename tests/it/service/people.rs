//! People with links of their own: what they do bears their name, and nobody does it but they.
#![expect(clippy::disallowed_methods, reason = "edge: reads every file that a run has left")]

use std::path::Path;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::exercise::{Desk, EXERCISE};
use super::{PATIENCE, Place, Program, ledger};

fn run(place: &Place) -> Program {
    let flags = ["--space", "k7", "--data", "data", "--listen", "127.0.0.1:0", "--format", "json"];
    let people = ["--trainee", "李明", "--trainee", "Wang Fang:evaluator"];
    place.sanmen(&[&["run", "exercise.toml"], &flags[..], &people].concat())
}

fn with_token(desk: &Desk, token: &str) -> Desk {
    Desk { address: desk.address.clone(), token: token.to_owned() }
}

/// The desk of somebody whose link has just been said.
async fn desk_of(run: &mut Program, who: &str) -> Desk {
    let line = run.says(&format!("{who}: http://")).await;
    let (_, link) = line.split_once("http://").expect("just waited for");
    let (address, token) = link.split_once("/#token=").expect("a link with a token");
    Desk { address: address.to_owned(), token: token.to_owned() }
}

async fn does(desk: &Desk, key: &str, by: &str, deed: &str) -> Value {
    desk.call("POST", "exercise/act", key, &json!({ "by": by, "deed": deed })).await
}

fn is_refused(answer: &Value, why: &str) -> bool {
    answer["error"].as_str().is_some_and(|text| text.contains(why))
}

/// Who did it, by the log.
fn doers(shown: &Value, deed: &str) -> Vec<String> {
    let log = shown["log"].as_array().expect("a log");
    let did = log.iter().filter(|it| it["what"] == "did" && it["deed"] == deed);
    did.map(|it| it["who"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn revoke(leader: &Desk, name: &str) -> Value {
    let all = leader.call("GET", "exercise/invitations", "looking", &Value::Null).await;
    let people = all["people"].as_array().expect("a list");
    let id = people.iter().find(|it| it["name"] == name).and_then(|it| it["id"].as_str());
    let path = format!("exercise/people/{}", id.expect("invited"));
    leader.call("DELETE", &path, "revoking", &Value::Null).await
}

/// The stream of a page.
struct Pages(TcpStream, String);

impl Pages {
    async fn of(desk: &Desk) -> Self {
        let mut stream = TcpStream::connect(&desk.address).await.expect("it listens");
        let (address, token) = (&desk.address, &desk.token);
        let request = format!(
            "GET /api/stream HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("it reads");
        Self(stream, String::new())
    }

    /// Reads until this comes, or to the end without one.
    async fn until(&mut self, text: Option<&str>) -> &str {
        let reading = async {
            let mut bytes = [0_u8; 4096];
            while !text.is_some_and(|text| self.1.contains(text)) {
                match self.0.read(&mut bytes).await.expect("it answers") {
                    0 => break,
                    n => self.1.push_str(&String::from_utf8_lossy(&bytes[..n])),
                }
            }
        };
        let read = tokio::time::timeout(PATIENCE, reading).await;
        assert!(read.is_ok(), "{text:?} never came: {}", self.1);
        &self.1
    }
}

#[tokio::test]
async fn who_has_a_link_of_their_own_acts_in_their_name_and_nobody_else_does() {
    let place = Place::new();
    place.write("exercise.toml", EXERCISE);
    let mut first = run(&place);
    let shared = Desk::of(&mut first).await;
    let own = desk_of(&mut first, "李明 (operator)").await;
    let judge = desk_of(&mut first, "Wang Fang (evaluator)").await;

    // The link says who it is; a name in the request says nothing more.
    let catalogue = own.call("GET", "catalogue", "looking", &Value::Null).await;
    assert_eq!((&catalogue["person"], &catalogue["role"]), (&json!("李明"), &json!("operator")));
    assert_eq!(does(&own, "her-first-deed", "", "send-crew mend").await["done"], true);
    let refused = does(&own, "in-anothers-name", "Li", "check road").await;
    assert!(is_refused(&refused, "this link is 李明's"), "{refused}");
    // Who shares a link is somebody else, and acts as before.
    for name in ["李明", " 李明 ", "wang fang"] {
        let refused = does(&shared, "not-her-at-all", name, "check road").await;
        assert!(is_refused(&refused, "has a link of their own"), "{refused}");
    }
    assert_eq!(does(&shared, "the-others-deed", "Li", "check road").await["done"], true);
    let ack = json!({ "by": "李明" });
    let path = "alarms/sanmen/service-pressure-low/PIT-404/ack";
    let refused = shared.call("POST", path, "answering-as-her", &ack).await;
    assert!(is_refused(&refused, "has a link of their own"), "{refused}");
    // A role is what it is.
    let refused = does(&judge, "no-deed-of-hers", "", "check road").await;
    assert!(is_refused(&refused, "not for evaluators"), "{refused}");
    for (path, method) in [("exercise/invitations", "GET"), ("exercise/people/x", "DELETE")] {
        let refused = own.call(method, path, "not-her-task", &Value::Null).await;
        assert!(is_refused(&refused, "only an instructor"), "{refused}");
    }
    let shown = shared.shown().await;
    assert_eq!(doers(&shown, "send-crew mend"), ["李明"]);
    assert_eq!(doers(&shown, "check road"), ["Li"]);
    first.kill().await;

    // After a restart the same links lead in; an invitation can be taken back.
    let mut second = run(&place);
    let leader = Desk::of_instructor(&mut second).await;
    let again = desk_of(&mut second, "李明 (operator)").await;
    assert_eq!(again.token, own.token);
    assert_eq!(doers(&again.shown().await, "send-crew mend"), ["李明"]);
    assert_eq!(does(&again, "her-second-deed", "李明", "open-ledger").await["done"], true);
    let mut station = Pages::of(&leader).await;
    let mut page = Pages::of(&again).await;
    station.until(Some("event: station")).await;
    page.until(Some("event: state")).await;
    let left = revoke(&leader, "李明").await;
    assert_eq!(left["people"].as_array().map(Vec::len), Some(1), "{left}");
    let heard = page.until(None).await;
    assert!(heard.trim_end_matches(['\r', '\n', '0']).ends_with("{}"), "{heard}");
    assert!(heard.contains("event: resync") && !heard.contains("event: station"), "{heard}");
    let refused = does(&again, "too-late-for-it", "", "check road").await;
    assert!(is_refused(&refused, "come in by the link"), "{refused}");

    // Invited at the station, with another link; asked twice, with the same.
    let invite = json!({ "name": "李明", "role": "operator" });
    let mut links = Vec::new();
    for key in ["inviting", "and-again"] {
        let all = leader.call("POST", "exercise/invitations", key, &invite).await;
        links.push(all["people"][1]["link"].as_str().expect("invited").to_owned());
    }
    assert_eq!(links[0], links[1]);
    let (_, token) = links[0].split_once("#token=").expect("a link with a token");
    assert_ne!(token, own.token);
    let back = with_token(&again, token);
    assert_eq!(does(&back, "her-third-deed", "", "escalate lead").await["done"], true);
    let end = json!({ "by": "Zhao", "direction": { "direction": "end" } });
    leader.call("POST", "exercise/direct", "ending-it", &end).await;
    second.says("report: ").await;
    second.interrupt().await;
    assert_eq!(second.ends().await.0, 0);

    let folder = place.folder.path().join("data/k7");
    let report = tokio::fs::read_to_string(folder.join("report/report.json")).await;
    let report: Value = serde_json::from_str(&report.expect("written")).expect("JSON");
    assert_eq!(report["head"]["people"], json!(["Li", "李明"]), "{}", report["head"]);
    assert!(!ledger(&folder).await.is_empty());
    let people = [own.token.as_str(), &judge.token, token];
    assert_eq!(keepers(&folder, people), ["desk-people"], "a token is nowhere else");
}

/// The files in which one of these stands.
fn keepers(folder: &Path, tokens: [&str; 3]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("it is there") {
            let path = entry.expect("it reads").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("it reads");
            let has = |token: &&str| bytes.windows(token.len()).any(|it| it == token.as_bytes());
            if tokens.iter().any(has) {
                found.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            }
        }
    }
    found
}

#[tokio::test]
async fn nobody_is_invited_to_what_is_no_exercise_or_has_no_desk() {
    let place = Place::new();
    place.write("exercise.toml", EXERCISE);
    for (arguments, why) in [
        (&["run", "trouble.toml", "--trainee", "Li"][..], "nobody is trained in a scenario"),
        (&["run", "exercise.toml", "--trainee", "Li", "--listen", "off"], "without a desk"),
        (&["run", "exercise.toml", "--trainee", "Li:king"], "\"king\" is no role"),
        (&["run", "exercise.toml", "--trainee", " "], "a name has 1 to 60 characters"),
    ] {
        let (code, said) = place.sanmen(arguments).ends().await;
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(why), "{said}");
    }
}
