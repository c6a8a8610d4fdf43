//! An exercise that is killed midway and goes on from its log, and one whose instructor goes back.

use std::path::Path;

use sanmen::ledger::record::Entry;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Place, Program, alarm, ledger};

pub(super) const EXERCISE: &str = include_str!("../../browser/exercise.toml");

/// A desk, for whoever holds a token.
pub(super) struct Desk {
    pub(super) address: String,
    pub(super) token: String,
}

impl Desk {
    /// That of a run that has just said its link.
    pub(super) async fn of(run: &mut Program) -> Self {
        let line = run.says("desk: http://").await;
        let (_, link) = line.split_once("http://").expect("just waited for");
        let (address, token) = link.split_once("/#token=").expect("a link with a token");
        Self { address: address.to_owned(), token: token.to_owned() }
    }

    pub(super) async fn call(&self, method: &str, path: &str, key: &str, body: &Value) -> Value {
        self.answer(method, path, key, body).await.1
    }

    /// The same, with the status of the answer; what is no JSON is a text.
    pub(super) async fn answer(
        &self,
        method: &str,
        path: &str,
        key: &str,
        body: &Value,
    ) -> (u16, Value) {
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
        let (head, json) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status");
        (status, serde_json::from_str(json).unwrap_or_else(|_| json!(json)))
    }

    /// Looks until pages are told this of the monitor; gives all they are told of it then.
    pub(super) async fn tells_of_monitor(&self, wanted: &str) -> Value {
        let waiting = async {
            loop {
                let link = self.call("GET", "snapshot", "looking", &json!({})).await["link"].take();
                if link["monitor"] == wanted {
                    return link;
                }
            }
        };
        let found = tokio::time::timeout(super::PATIENCE, waiting).await;
        assert!(found.is_ok(), "pages were never told {wanted:?} of the monitor");
        found.unwrap_or_default()
    }

    /// That of the instructor, said after the operator's.
    pub(super) async fn of_instructor(run: &mut Program) -> Self {
        Self::of_role(run, "instructor").await
    }

    /// That of a role: after the operator's come the instructor's, the evaluator's, the viewer's.
    pub(super) async fn of_role(run: &mut Program, role: &str) -> Self {
        let line = run.says(&format!("{role}: http://")).await;
        let (_, link) = line.split_once("http://").expect("just waited for");
        let (address, token) = link.split_once("/#token=").expect("a link with a token");
        Self { address: address.to_owned(), token: token.to_owned() }
    }

    pub(super) async fn direct(&self, key: &str, direction: &Value) -> Value {
        let said = json!({ "by": "Wang", "direction": direction });
        self.call("POST", "exercise/direct", key, &said).await
    }

    pub(super) async fn shown(&self) -> Value {
        self.call("GET", "exercise", "looking", &json!({})).await
    }

    /// Looks until what is shown is as wanted; each look is a request, so time passes.
    async fn shows(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let shown = self.shown().await;
                if wanted(&shown) {
                    return shown;
                }
            }
        };
        let found = tokio::time::timeout(super::PATIENCE, waiting).await;
        assert!(found.is_ok(), "it never showed {what}");
        found.unwrap_or_default()
    }

    async fn act(&self, key: &str, deed: &str) -> Value {
        let said = json!({ "by": "Li", "deed": deed });
        self.call("POST", "exercise/act", key, &said).await
    }

    /// How often something was done, by the log that pages show.
    async fn done(&self, deed: &str) -> usize {
        done_in(&self.shown().await, deed)
    }
}

fn done_in(shown: &Value, deed: &str) -> usize {
    let log = shown["log"].as_array().expect("a log");
    log.iter().filter(|entry| entry["what"] == "did" && entry["deed"] == deed).count()
}

fn has(shown: &Value, what: &str) -> bool {
    shown["log"].as_array().is_some_and(|log| log.iter().any(|entry| entry["what"] == what))
}

async fn read(path: &Path) -> String {
    tokio::fs::read_to_string(path).await.expect("it is there")
}

pub(super) fn run(place: &Place, seed: &str) -> Program {
    run_with(place, &["--seed", seed])
}

fn run_with(place: &Place, more: &[&str]) -> Program {
    let flags = ["--space", "k7", "--data", "data", "--listen", "127.0.0.1:0", "--format", "json"];
    let common = ["run", "exercise.toml"];
    place.sanmen(&[&common[..], &flags, more].concat())
}

#[tokio::test]
async fn an_exercise_goes_on_from_the_condition_and_by_the_file_that_it_began_with() {
    let place = Place::new();
    place.write("exercise.toml", EXERCISE);
    let (code, said) = run_with(&place, &["--condition", "agd"]).ends().await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("did you mean \"aged\"?"), "{said}");

    let mut first = run_with(&place, &["--condition", "aged"]);
    let desk = Desk::of(&mut first).await;
    let answer = desk.act("the-first-wish", "send-crew mend").await;
    assert_eq!(answer["done"], true, "{answer}");
    first.kill().await;
    let kept = read(&place.folder.path().join("data/k7/exercise.toml")).await;
    assert!(kept.contains("condition = \"aged\"\n"), "{kept}");
    assert_eq!(kept.replace("\"aged\"", "\"normal\""), EXERCISE);

    let (code, said) = run_with(&place, &["--condition", "renewed"]).ends().await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("leave --condition out to go on with it"), "{said}");

    let file = place.folder.path().join("exercise.toml");
    tokio::fs::write(file, format!("# changed meanwhile\n{EXERCISE}")).await.expect("written");
    let mut second = run_with(&place, &[]);
    second.says("going on by the file that exercise began with").await;
    second.says("going on at 2024-12-05T09:").await;
    let desk = Desk::of(&mut second).await;
    assert_eq!(desk.done("send-crew mend").await, 1);
    second.interrupt().await;
    assert_eq!(second.ends().await.0, 0);
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
    // An alarm that was never raised can be set aside too, as for a repair.
    let shelve = "alarms shelve sanmen/tap-chlorine-low/AIT-401 --for-min 30 --by Li --reason wire";
    let words: Vec<&str> = shelve.split(' ').chain(["--space", "k7", "--data", "data"]).collect();
    let mut aside = place.sanmen(&words);
    let (code, said) = aside.ends().await;
    assert_eq!(code, 0, "{said}");
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
    for (key, deed) in [("out-of-range", "set-dose nan"), ("far-too-much", "set-coagulant 1e308")] {
        let refused = desk.act(key, deed).await;
        let why = refused["error"].as_str().unwrap_or_default();
        assert!(why.contains("is no number from 0 to"), "{deed}: {refused}");
    }
    assert!(!has(&desk.shown().await, "failed"), "it has not come as far as the plant");
    assert_eq!(desk.act("a-third-wish", "check road").await["done"], true);
    second.interrupt().await;
    assert_eq!(second.ends().await.0, 0);

    let folder = place.folder.path().join("data/k7");
    let log = tokio::fs::read_to_string(folder.join("exercise.jsonl")).await.expect("it is kept");
    let deeds = |deed: &str| log.lines().filter(|line| line.contains(deed)).count();
    assert_eq!((deeds("\"send-crew mend\""), deeds("\"check road\"")), (1, 1), "{log}");
    assert_eq!(deeds("set-dose") + deeds("set-coagulant"), 0, "{log}");
    assert_eq!(deeds("shelve tap-chlorine-low AIT-401"), 1, "{log}");
    assert!(!folder.join("report").exists(), "it is not over");
    let boots = ledger(&folder).await;
    assert!(!boots.is_empty());
}

/// Every raise of an alarm in a ledger.
fn raised(entries: &[Entry]) -> Vec<String> {
    entries.iter().filter_map(alarm).filter(|it| it.contains("Raised")).collect()
}

const ACK: &str = "acknowledge service-pressure-low PIT-404";

#[tokio::test]
async fn an_instructor_goes_back_and_the_run_goes_on_as_a_branch_that_survives_a_kill() {
    let place = Place::new();
    place.write("exercise.toml", EXERCISE);
    let folder = place.folder.path().join("data/k7");
    let mut first = run(&place, "20241205");
    let desk = Desk::of(&mut first).await;
    let leader = Desk::of_instructor(&mut first).await;
    desk.shows("an alarm", |it| has(it, "raised")).await;
    assert_eq!(desk.act("acknowledging-it", ACK).await["done"], true);
    desk.shows("that it is acknowledged", |it| done_in(it, ACK) == 1).await;
    let mark = json!({ "direction": "mark", "name": "seen" });
    assert_eq!(leader.direct("marking-it", &mark).await["done"], true);
    let twice = leader.direct("marking-it-again", &mark).await;
    assert!(twice["error"].as_str().is_some_and(|why| why.contains("already")), "{twice}");
    let at = leader.shown().await["now"].clone();
    assert_eq!(desk.act("sending-a-crew", "send-crew mend").await["done"], true);
    desk.shows("a later minute", |it| it["now"] != at && has(it, "returned")).await;

    // Nobody goes back to what has not been; a trainee goes nowhere.
    let nowhere = json!({ "direction": "back-to-mark", "mark": "unseen" });
    let refused = leader.direct("going-nowhere", &nowhere).await;
    assert!(refused["error"].as_str().is_some_and(|why| why.contains("no mark")), "{refused}");
    let later = json!({ "direction": "back", "to": "2024-12-05T12:00:00+08:00" });
    let refused = leader.direct("going-on-ahead", &later).await;
    assert!(refused["error"].as_str().is_some_and(|why| why.contains("before")), "{refused}");
    let back = json!({ "direction": "back-to-mark", "mark": "seen" });
    assert!(desk.direct("going-back", &back).await["error"].is_string());
    assert_eq!(leader.direct("going-back-too", &back).await["done"], true);

    // The same desk, at the same address, of a run in which the crew was never sent.
    first.says("branch 2, from 2024-12-05T09:").await;
    let again = Desk::of(&mut first).await;
    assert_eq!((&again.address, &again.token), (&desk.address, &desk.token));
    let shown = desk.shows("the branch", |it| it["branch"] == 2).await;
    assert_eq!((done_in(&shown, ACK), done_in(&shown, "send-crew mend")), (1, 0), "{shown}");
    assert!(has(&shown, "branched") && !has(&shown, "directed"), "{shown}");
    assert_eq!(desk.act("another-deed", "check road").await["done"], true);
    first.kill().await;

    let mut second = run(&place, "20241205");
    second.says("going on at 2024-12-05T09:").await;
    let desk = Desk::of(&mut second).await;
    let leader = Desk::of_instructor(&mut second).await;
    let shown = desk.shown().await;
    assert_eq!((&shown["branch"], done_in(&shown, "check road")), (&json!(2), 1), "{shown}");
    // What had come after is no alarm of this branch; and nobody is asked twice.
    let marks = leader.shown().await["marks"].clone();
    assert_eq!(marks.as_array().map(Vec::len), Some(1), "{marks}");
    assert_eq!(leader.direct("ending-it", &json!({ "direction": "end" })).await["done"], true);
    second.says("practice: the instructor went back").await;
    second.says("report: ").await;
    second.interrupt().await;
    assert_eq!(second.ends().await.0, 0);

    let own = folder.join("branch-2");
    let report = read(&own.join("report/report.json")).await;
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((&report["practice"], &report["differences"]), (&json!(true), &json!([])));
    assert_eq!(report["head"]["branches"][0]["n"], 1, "{}", report["head"]);
    assert!(read(&folder.join("exercise.jsonl")).await.contains("\"send-crew mend\""));
    assert!(!read(&own.join("exercise.jsonl")).await.contains("\"send-crew mend\""));
    let (left, gone_on) = (ledger(&folder).await, ledger(&own).await);
    let (left, gone_on) = (raised(&left), raised(&gone_on));
    assert_eq!(left.first(), gone_on.first(), "it knows what was raised before");
    let of_first = gone_on.iter().filter(|it| Some(*it) == left.first());
    assert_eq!(of_first.count(), 1, "and raises nothing twice: {gone_on:#?}");

    // Played again from its log, it has the same score.
    let log = own.join("exercise.jsonl").display().to_string();
    let played = ["exercise", "play", "exercise.toml", "--log", &log, "--format", "json"];
    let mut played = place.sanmen(&played);
    let line = played.out.recv().await.expect("its marks");
    let marks: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((&marks["total"], &marks["practice"]), (&report["total"], &json!(true)));
}

/// `sanmen desk` over the ledger of such a run.
pub(super) fn desk_alone(place: &Place) -> Program {
    place.sanmen(&["desk", "--data", "data", "--space", "k7", "--listen", "127.0.0.1:0"])
}

#[tokio::test]
async fn an_exercise_that_is_over_is_at_the_desk_again_with_its_report_and_its_forms() {
    let place = Place::new();
    place.write("exercise.toml", EXERCISE);
    let mut played = run(&place, "20241205");
    let desk = Desk::of(&mut played).await;
    let leader = Desk::of_instructor(&mut played).await;
    assert_eq!(desk.act("sending-a-crew", "send-crew mend").await["done"], true);
    let mut early = desk_alone(&place);
    early.says("the exercise here is not over").await;
    early.kill().await;
    assert_eq!(leader.direct("ending-it", &json!({ "direction": "end" })).await["done"], true);
    played.says("report: ").await;
    let live = leader.shown().await;
    played.interrupt().await;
    assert_eq!(played.ends().await.0, 0);
    // What it was played from may have gone.
    tokio::fs::remove_file(place.path("exercise.toml")).await.expect("it was there");

    let mut alone = desk_alone(&place);
    let again = Desk::of(&mut alone).await;
    assert_eq!(again.token, desk.token, "whoever had a link has it still, at another address");
    let (desk, leader) = (again, Desk::of_instructor(&mut alone).await);
    let judge = Desk::of_role(&mut alone, "evaluator").await;
    let shown = leader.shown().await;
    for key in ["title", "log", "ended", "right_cause", "tasks", "toll"] {
        assert_eq!(shown[key], live[key], "{key}");
    }
    assert_eq!(shown["ended"], true);
    assert!(desk.shown().await["truth"].is_null(), "trainees are not told now either");
    let form = json!({ "objectives": [{ "task": shown["tasks"][0]["id"], "rating": "P" }] });
    let said = json!({ "by": "Zhao", "judgement": form });
    let kept = judge.call("POST", "exercise/judge", "a-judgement", &said).await;
    assert_eq!(kept["done"], true, "{kept}");
    let said = json!({ "by": "Li", "reflection": { "happened": "A burst." } });
    let kept = desk.call("POST", "exercise/reflect", "a-thought", &said).await;
    assert_eq!(kept["done"], true, "{kept}");
    for refused in [
        desk.act("a-late-deed", "check road").await,
        leader.direct("a-late-word", &json!({ "direction": "freeze" })).await,
    ] {
        assert_eq!(refused["error"], "the exercise is over", "{refused}");
    }
    let none = json!({});
    let refused = desk.call("GET", "exercise/report/evaluations.json", "looking", &none).await;
    assert!(refused["error"].is_string(), "{refused}");
    alone.interrupt().await;
    assert_eq!(alone.ends().await.0, 0);

    let mut alone = desk_alone(&place);
    let desk = Desk::of(&mut alone).await;
    let judge = Desk::of_role(&mut alone, "evaluator").await;
    let forms = judge.call("GET", "exercise/report/evaluations.json", "looking", &none).await;
    assert_eq!(forms[0]["evaluator"], "Zhao", "{forms}");
    let report = desk.call("GET", "exercise/report/report.json", "looking", &none).await;
    assert_eq!(report["evaluations"][0]["objectives"][0]["rating"], "P", "{report}");
    assert_eq!(report["self_assessments"][0]["happened"], "A burst.", "{report}");
    assert_eq!(
        report["total"].as_f64().map(f64::round),
        shown["score"]["total"].as_f64().map(f64::round)
    );
    alone.interrupt().await;
    assert_eq!(alone.ends().await.0, 0);
}

#[tokio::test]
async fn what_trainees_get_does_not_name_the_file_of_the_exercise() {
    let place = Place::new();
    place.write("the-hidden-lesson.toml", EXERCISE);
    let flags = ["--space", "k7", "--data", "data", "--listen", "127.0.0.1:0", "--format", "json"];
    let mut run = place.sanmen(&[&["run", "the-hidden-lesson.toml"], &flags[..]].concat());
    let desk = Desk::of(&mut run).await;
    desk.shows("a reading", |it| it["now"] != it["start"]).await;
    let mut said = String::new();
    for path in ["catalogue", "snapshot", "exercise", "exercise/menu", "past/span", "tickets"] {
        let got = desk.call("GET", path, "looking", &json!({})).await;
        assert!(got["error"].is_null(), "{path}: {got}");
        said.push_str(&got.to_string());
    }
    assert!(said.contains("A burst, in short"), "its title everybody may know");
    assert!(!said.contains("hidden"), "{said}");
    run.interrupt().await;
    assert_eq!(run.ends().await.0, 0);
    let births = ledger(&place.folder.path().join("data/k7")).await;
    let births = serde_json::to_string(&births).expect("JSON");
    assert!(!births.contains("hidden"), "{births}");
}
