//! An exercise played again from its log comes to the same; its report says what happened, and
//! needs nothing else.
#![expect(clippy::disallowed_methods, reason = "edge: runs the command, reads what it wrote")]

use std::fs;
use std::path::Path;
use std::slice;
use std::sync::Arc;

use serde_json::{Value, json};

use sanmen::base::text::Lang;
use sanmen::cli::library::{self, Library};
use sanmen::exercise::assess::assess;
use sanmen::exercise::debrief::form::{Evaluation, FormError, Mark, Rating, SelfAssessment};
use sanmen::exercise::debrief::page::html;
use sanmen::exercise::debrief::{Clock, Debrief, Material, Owner, debrief};
use sanmen::exercise::names::Names;
use sanmen::exercise::rehearsal::{Rehearsal, rehearse};
use sanmen::exercise::session::log::{Direction, Entry, What};
use sanmen::exercise::session::play::{Difference, Replayed, Run, replay, replay_until};
use sanmen::inspection::book::Book;
use sanmen::plant::Plant;
use sanmen::scenario::exercise::Exercise;

use crate::support::command::said;

/// E6, its plant, the rules, and its three runs.
struct Stage {
    plant: Arc<Plant>,
    exercise: Arc<Exercise>,
    book: Book,
    rehearsal: Rehearsal,
}

fn stage() -> Stage {
    let library = Library::default();
    let plants = library.plants().expect("plants that ship");
    let book = library.book().expect("rules that ship");
    let name = Path::new("exercises/e6-sensor-drift");
    let source = library::scenario_source(name).expect("an exercise that ships");
    let exercise = library::exercise(&source, &plants).expect("an exercise");
    let exercise = Arc::new(exercise.expect("one without mistakes"));
    let plant = Arc::clone(&plants["sanmen"]);
    let seed = exercise.scenario.seed;
    let rehearsal = rehearse(&plant, &exercise, &book, seed).expect("it can be played");
    Stage { plant, exercise, book, rehearsal }
}

impl Stage {
    fn replay(&self, log: &[Entry]) -> Replayed {
        let seed = self.exercise.scenario.seed;
        replay(&self.plant, &self.exercise, &self.book, seed, log).expect("it can be played")
    }
}

impl Stage {
    fn debrief(
        &self,
        run: &Run,
        evaluation: Option<&Evaluation>,
        self_assessment: Option<&SelfAssessment>,
    ) -> Debrief {
        let (rehearsal, book) = (&self.rehearsal, &self.book);
        let played_by = "robot";
        let log = None;
        let evaluations = evaluation.map_or(&[][..], slice::from_ref);
        let self_assessments = self_assessment.map_or(&[][..], slice::from_ref);
        let material =
            Material { run, played_by, rehearsal, book, evaluations, self_assessments, log };
        debrief(&material).expect("a log becomes JSON")
    }
}

/// The log as a live run keeps it, read again.
fn through_a_file(log: &[Entry]) -> Vec<Entry> {
    let line = |entry: &Entry| serde_json::to_string(entry).expect("an entry becomes JSON");
    let lines: Vec<String> = log.iter().map(line).collect();
    lines.iter().map(|line| serde_json::from_str(line).expect("and an entry again")).collect()
}

#[test]
fn a_log_played_again_comes_to_the_same_log_cost_and_marks() {
    let stage = stage();
    for run in [&stage.rehearsal.careless, &stage.rehearsal.reference] {
        let log = through_a_file(run.session.log());
        let again = stage.replay(&log);
        assert_eq!(again.differences, []);
        assert_eq!(again.run.session.log(), run.session.log());
        assert_eq!(again.run.session.toll(), run.session.toll());
        let anchors = &stage.rehearsal.anchors;
        assert_eq!(assess(&again.run.session, anchors), assess(&run.session, anchors));
    }
}

#[test]
fn a_replay_says_where_it_does_not_come_to_its_log() {
    let stage = stage();
    let mut log = stage.rehearsal.reference.session.log().to_vec();
    // Somebody takes the order to the crew out of the log: nobody comes back either.
    let is_crew = |entry: &Entry| match &entry.what {
        What::Did { deed } => deed.to_string() == "send-crew calibrate-outlet-probe",
        _ => false,
    };
    let sent = log.iter().position(is_crew).expect("the reference sends it");
    log.remove(sent);
    let again = stage.replay(&log);
    let lost = again.differences.iter().any(|difference| match difference {
        Difference::Missing(entry) => matches!(&entry.what, What::Returned { .. }),
        _ => false,
    });
    assert!(lost, "{:?}", again.differences);
}

#[test]
fn a_replay_stops_where_it_is_asked_to_and_ends_where_an_instructor_ended_it() {
    let stage = stage();
    let log = stage.rehearsal.reference.session.log();
    let is_deed = |entry: &Entry| matches!(entry.what, What::Did { .. });
    let last = log.iter().rposition(is_deed).expect("the reference does something");
    let (part, moment) = (&log[..=last], log[last].moment);
    let (plant, exercise, seed) = (&stage.plant, &stage.exercise, stage.exercise.scenario.seed);
    let again = replay_until(plant, exercise, &stage.book, seed, (part, moment.at));
    let again = again.expect("it can be played");
    assert_eq!(again.run.session.log(), part);
    assert_eq!(again.run.session.facts().now.at, moment.at);
    assert_eq!(again.simulator.now(), moment.at);
    assert!(again.run.session.errands().next().is_some(), "somebody is still on the way");

    let end = What::Directed { direction: Direction::End };
    let ended = Entry { moment, who: "teacher".to_owned(), what: end };
    let again = stage.replay(&[part, &[ended]].concat());
    assert!(again.run.session.is_ended());
    assert_eq!(again.simulator.now(), moment.at);
    assert_eq!(again.differences, []);
}

#[test]
fn the_report_of_the_reference_run_proves_every_mark() {
    let stage = stage();
    let debrief = stage.debrief(&stage.rehearsal.reference, None, None);
    let log = stage.rehearsal.reference.session.log();
    assert_eq!(debrief.log, log);
    assert_eq!(debrief.head.log_sha256.len(), 64);
    assert!(debrief.met && debrief.total >= 85.0, "{}", debrief.total);
    let sum: f64 = debrief.reasons.iter().map(|reason| reason.line.marks).sum();
    assert!((sum - debrief.total).abs() < 1e-9, "{sum}");
    for reason in debrief.reasons.iter().filter(|reason| reason.line.moment.is_some()) {
        let n = reason.log_line.expect("what was done stands in the log");
        let entry = &log[n - 1];
        assert!(matches!(entry.what, What::Did { .. }), "{reason:?}: {entry:?}");
        assert_eq!(Some(entry.moment.at), reason.line.moment.map(|moment| moment.at));
    }
    assert_eq!(debrief.lanes.people, debrief.lanes.reference, "it is the reference");
    // A drifting probe: the truth never crosses a limit, the alarm comes all the same.
    let is_it = |clock: &&Clock| clock.rule.as_str() == "chlorine-disagrees";
    let clock = debrief.clocks.iter().find(is_it).expect("it is expected");
    assert!(clock.times[1].is_none() && clock.times[3].is_some(), "{clock:?}");
    let answered = clock.delays.iter().find(|it| it.owners == [Owner::Acknowledging]);
    let answered = answered.expect("somebody acknowledges it");
    assert!(answered.wall_s.is_some() && answered.ran_out.is_empty(), "{answered:?}");
    let value = serde_json::to_value(&debrief).expect("a report becomes JSON");
    assert_eq!(value["alarms"]["rows"][0]["verdict"], "right");
}

/// Every exercise that ships, with its plant.
fn shipped() -> Vec<(Exercise, Arc<Plant>)> {
    let library = Library::default();
    let plants = library.plants().expect("plants that ship");
    let names = ["e2-turbidity-storm", "e3-dosing-failure", "e4-burst", "e5-power-cut"];
    let more = ["e6-sensor-drift", "e6b-dosing-fails-behind-a-drift", "e7-forged-messages"];
    let read = |name: &&str| {
        let path = format!("exercises/{name}");
        let source = library::scenario_source(Path::new(&path)).expect("an exercise that ships");
        let exercise = library::exercise(&source, &plants).expect("an exercise");
        let exercise = exercise.expect("one without mistakes");
        let plant = Arc::clone(&plants[exercise.scenario.plant.as_str()]);
        (exercise, plant)
    };
    names.iter().chain(&more).map(read).collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn what_happens_in_an_exercise_that_ships_is_called_by_names_and_not_by_ids() {
    let book = Library::default().book().expect("rules that ship");
    for (exercise, plant) in shipped() {
        let names = Names::new(&exercise, &plant).with_rules(&book);
        for (id, text) in names.script() {
            assert!(is_chinese(&text.zh), "{id}: {}", text.zh);
            assert!(!text.en.starts_with(&id) && !is_chinese(&text.en), "{id}: {}", text.en);
        }
        let robots = &exercise.robots;
        let moves = robots.careless.iter().chain(&robots.reference);
        // What is reported has no list: people write it.
        for own in moves.filter(|it| it.deed.verb().name != "report") {
            // A number is a number in both; an English word may be the one of files.
            for part in names.deed(&own.deed).zh.split(" · ") {
                let is_raw = |word: &String| word == part && word.parse::<f64>().is_err();
                assert!(!own.deed.args().iter().any(is_raw), "{}: {part}", own.deed);
            }
        }
    }
}

#[test]
fn the_page_says_what_people_call_it_in_both_languages() {
    let stage = stage();
    let report = stage.debrief(&stage.rehearsal.reference, None, None);
    let page = html(&report, Lang::Zh).expect("a page");
    let shown = page.split("<script").next().expect("what is shown comes before the data");
    for (en, zh) in [
        ("Opened trend · Finished total chlorine AIT-304", "查看趋势 · 出厂水总氯 AIT-304"),
        (
            "Take a grab sample · clear well CLEARWELL · free chlorine",
            "现场取样 · 清水池 CLEARWELL",
        ),
        ("Instrument drifts", "仪表漂移"),
        ("Laboratory: Planned round", "化验室:"),
    ] {
        assert!(shown.contains(en) && shown.contains(zh), "{en} {zh}");
    }
    for raw in ["open-trend", "grab-sample", "send-crew", "instrument-drift", "free-chlorine"] {
        assert!(!shown.contains(raw), "{raw}");
    }
}

#[test]
fn a_careless_run_leaves_findings_that_rest_on_something() {
    let stage = stage();
    let debrief = stage.debrief(&stage.rehearsal.careless, None, None);
    assert!(!debrief.met && debrief.critical.iter().any(|it| it.done.is_none()));
    let rests = |n: u8| debrief.findings.iter().filter(|it| it.rests_on == n).count();
    assert!(rests(6) > 0, "marks");
    assert_eq!(rests(7), 1, "a needless warning costs the people served");
    assert!(debrief.consequences.weighed > debrief.consequences.anchors.reference);
}

/// Is it well formed, as XML is? Gives the names of its elements.
fn elements(page: &str) -> Vec<String> {
    let body = page.strip_prefix("<!doctype html>\n").expect("a document type");
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(!text.contains('>'), "a stray > in {text:?}");
        let end = rest[at..].find('>').expect("a tag that ends") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed");
            continue;
        }
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(!name.is_empty(), "a tag without a name: {tag:?}");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in {tag:?}");
        if !tag.ends_with('/') {
            open.push(name.clone());
        }
        seen.push(name);
    }
    assert_eq!(open, Vec::<String>::new(), "still open");
    seen
}

#[test]
fn the_page_is_well_formed_and_asks_for_nothing_else() {
    let stage = stage();
    for run in [&stage.rehearsal.null, &stage.rehearsal.careless, &stage.rehearsal.reference] {
        let page = html(&stage.debrief(run, None, None), Lang::Zh).expect("a page");
        let seen = elements(&page);
        assert_eq!(seen.iter().filter(|name| *name == "svg").count(), 2);
        assert_eq!(seen.iter().filter(|name| *name == "section").count(), 10);
        for foreign in ["http:", "https:", "src=", "@import", "url(", "javascript:", "<link"] {
            assert!(!page.contains(foreign), "the page asks for {foreign}");
        }
        assert_eq!(page.matches("href=").count(), page.matches("href=\"#").count());
        assert!(page.contains("id=\"zh\" checked"));
    }
}

#[test]
fn what_people_wrote_stays_text() {
    let stage = stage();
    let hostile = "</script></title><img src=x onerror=alert(1)>\u{202e}'\"";
    let mut evaluation = Evaluation::blank(&stage.exercise);
    evaluation.evaluator = hostile.to_owned();
    evaluation.objectives[0].remark = hostile.to_owned();
    let at = stage.exercise.scenario.start;
    evaluation.marks.push(Mark { at, remark: hostile.to_owned() });
    let own = SelfAssessment { who: hostile.to_owned(), ..SelfAssessment::default() };
    let mut log = stage.rehearsal.reference.session.log().to_vec();
    log.iter_mut().filter(|entry| !entry.who.is_empty()).for_each(|it| it.who = hostile.to_owned());
    let again = stage.replay(&log);
    assert!(again.run.balked.is_empty(), "a name is no reason to refuse: {:?}", again.run.balked);
    let report = stage.debrief(&again.run, Some(&evaluation), Some(&own));
    let page = html(&report, Lang::En).expect("a page");
    let seen = elements(&page);
    assert!(!seen.iter().any(|name| name == "img"));
    assert_eq!(seen.iter().filter(|name| *name == "script").count(), 1, "the data, which is JSON");
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert!(!page.contains('\u{202e}'));
}

#[test]
fn a_form_speaks_of_the_exercise_or_is_refused() {
    let stage = stage();
    let read = |json: &Value| Evaluation::read(&json.to_string(), &stage.exercise);
    let objectives = json!([{ "task": "sample", "rating": "S", "remark": "late" }]);
    let form = read(&json!({ "evaluator": "Li", "objectives": objectives })).expect("a form");
    assert_eq!(form.of("sample").and_then(|it| it.rating), Some(Rating::S));
    let twice = json!([{ "task": "sample" }, { "task": "sample" }]);
    let far = json!([{ "at": "2030-01-01T00:00:00Z" }]);
    let long = "x".repeat(5_000);
    for (bad, why) in [
        (json!({ "objectives": [{ "task": "dance" }] }), "no task \"dance\""),
        (json!({ "objectives": twice }), "rated twice"),
        (json!({ "marks": far }), "the exercise runs from"),
        (json!({ "evaluator": long }), "at most 4000 characters"),
        (json!({ "marks_of": 1 }), "no such form"),
    ] {
        let error: FormError = read(&bad).expect_err(why);
        assert!(error.to_string().contains(why), "{error}");
    }
    let several = json!([{ "evaluator": "Li" }, { "evaluator": "王" }]).to_string();
    let several = Evaluation::read_all(&several, &stage.exercise).expect("two forms");
    let names: Vec<&str> = several.iter().map(|form| form.evaluator.as_str()).collect();
    assert_eq!(names, ["Li", "王"]);
    let debrief = stage.debrief(&stage.rehearsal.reference, Some(&form), None);
    let plain = stage.debrief(&stage.rehearsal.reference, None, None);
    assert_eq!(debrief.total, plain.total, "an opinion changes no marks");
}

#[test]
fn an_exercise_is_played_reported_and_played_again_by_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let play = ["exercise", "play", "e6-sensor-drift"];
    let (first, second) = (path("first"), path("second"));
    let robot = ["--robot", "careless", "--format", "json", "--report", &first];
    let (code, out, heard) = said(&[&play[..], &robot].concat());
    assert_eq!(code, Some(0), "{heard}");
    let marks: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(marks["met"], false);
    let log = format!("{first}/exercise.jsonl");
    let form = json!({ "evaluator": "Li", "objectives": [{ "task": "sample", "rating": "U" }] });
    fs::write(format!("{first}/evaluation.json"), form.to_string()).expect("room");
    let again = ["--log", &log, "--format", "json", "--report", &second];
    let (code, out, heard) = said(&[&play[..], &again].concat());
    assert_eq!(code, Some(0), "{heard}");
    let replayed: Value = serde_json::from_str(&out).expect("one object");
    for key in ["total", "reasons", "log_sha256"] {
        assert_eq!(replayed[key], marks[key], "{key}");
    }
    assert_eq!(replayed["differences"], json!([]));
    let page = fs::read_to_string(format!("{second}/report.html")).expect("a page");
    assert!(page.contains("U 1"), "the form beside the log is read");
    let events = fs::read_to_string(format!("{second}/events.csv")).expect("a table");
    assert!(events.starts_with("line,at,wall_s,who,what,"), "{events}");

    fs::write(&log, "{}\n").expect("room");
    let (code, _, heard) = said(&[&play[..], &["--log", &log]].concat());
    assert!(code == Some(2) && heard.contains("exercise.jsonl:1: this is no line"), "{heard}");
}

#[test]
fn exercises_are_listed_without_their_cause_and_checked_like_tests() {
    let (code, text, heard) = said(&["exercise", "list"]);
    assert_eq!(code, Some(0), "{heard}");
    assert!(text.contains("e6-sensor-drift") && !text.contains("sensor/drift"), "{text}");
    let (code, text, heard) = said(&["exercise", "check", "e6-sensor-drift", "--lang", "zh"]);
    let (tested, ..) = said(&["test", "scenarios/exercises/e6-sensor-drift.toml"]);
    assert_eq!((code, heard.as_str()), (tested, ""), "as `sanmen test` has it");
    assert!(text.starts_with("通过") == (code == Some(0)) && text.contains("参考"), "{text}");
    let (code, _, heard) = said(&["exercise", "check", "quiet-day"]);
    assert!(code == Some(2) && heard.contains("is no exercise"), "{heard}");
    let (code, text, _) = said(&["exercise", "form", "e6-sensor-drift"]);
    let form: Value = serde_json::from_str(&text).expect("JSON");
    assert!(code == Some(0) && form["objectives"][0]["task"] == "notice-disagreement");
}
