//! An exercise played live by people: their deeds come in, views of it go out, and its log is on
//! disk before anybody is told that something is done.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::base::{Span, Stamp};
use crate::exercise::assess::{Anchors, assess};
use crate::exercise::debrief::Beyond;
use crate::exercise::names::Names;
use crate::exercise::session::hindsight::Hindsight;
use crate::exercise::session::log::{Direction, Entry, Moment, What};
use crate::exercise::session::{Effect, Ordered, Session};
use crate::ledger::record::{Entry as RecordEntry, Record};
use crate::plant::Plant;
use crate::scenario::exercise::Message;
use crate::scenario::exercise::deed::Deed;
use crate::simulator::orders::{NotDone, Order};
use crate::world::Outside;
use crate::world::truth::Truth;

/// What people want that may wait for their turn.
const WAITING: usize = 64;

/// Answers remembered, so that what is asked twice is done once.
const REMEMBERED: usize = 1_000;

/// What somebody wants of the exercise.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// A trainee does something.
    Act(Deed),
    /// An instructor directs something.
    Direct(Direction),
}

/// A wish on its way.
#[derive(Debug)]
struct Asked {
    who: String,
    key: String,
    wish: Wish,
    reply: oneshot::Sender<Result<(), String>>,
}

/// A wish that has been answered: whose, what, and what came of it.
type Answered = (String, Wish, Result<(), String>);

/// Brings wishes to an exercise.
#[derive(Debug, Clone)]
pub struct DrillHand(mpsc::Sender<Asked>);

impl DrillHand {
    /// Has it done; the same key is done once. Errors, in words: it cannot be done, or the exercise
    /// is over.
    pub async fn ask(&self, who: String, key: String, wish: Wish) -> Result<(), String> {
        let over = || "the exercise is over".to_owned();
        let (reply, answer) = oneshot::channel();
        self.0.send(Asked { who, key, wish, reply }).await.map_err(|_| over())?;
        answer.await.unwrap_or_else(|_| Err(over()))
    }
}

/// What pages show of an exercise: for those who must not see the truth, and for those who may.
#[derive(Debug, Clone, Default)]
pub struct Views {
    /// For trainees and whoever looks on.
    pub trainee: Value,
    /// For instructors and evaluators.
    pub instructor: Value,
    /// Changes when more than time has passed.
    pub news: u64,
    /// What was true when, for instructors and evaluators; none: nobody wanted that kept.
    pub hindsight: Option<Arc<Hindsight>>,
}

/// Keeps how far an exercise is, and whether it is over.
pub type Keep = Box<dyn Fn(Moment, bool) + Send>;

/// An order on its way to the plant, and where its answer goes.
pub type Sent = (Order, oneshot::Sender<Result<(), NotDone>>);

/// An exercise, live.
pub struct Drill {
    session: Session,
    asked: mpsc::Receiver<Asked>,
    records: broadcast::Receiver<Arc<RecordEntry>>,
    /// Where orders go, to reach the plant as anybody's would.
    orders: mpsc::Sender<Sent>,
    /// Where what came of orders comes back.
    done: mpsc::UnboundedReceiver<(String, Deed, NotDone)>,
    came: mpsc::UnboundedSender<(String, Deed, NotDone)>,
    shown: watch::Sender<Views>,
    /// Has everybody gone to another broker?
    lost: watch::Sender<bool>,
    log: LogFile,
    answered: BTreeMap<String, Answered>,
    /// The truth at the tags, for instructors.
    truths: BTreeMap<String, f64>,
    /// What lay outside the range of the model, for instructors.
    outside: Vec<Beyond>,
    /// What is in the script by its ids, as people call it, for instructors.
    script: Value,
    /// What robots came to, once they have played.
    anchors: Arc<OnceLock<Anchors>>,
    keep: Keep,
}

impl Drill {
    /// A session that hears records, orders by `orders`, and writes its log to `log`; with the way
    /// in and what is shown of it. Errors: the log cannot be opened.
    pub fn new(
        session: Session,
        records: broadcast::Receiver<Arc<RecordEntry>>,
        orders: mpsc::Sender<Sent>,
        (log, anchors, keep): (PathBuf, Arc<OnceLock<Anchors>>, Keep),
    ) -> io::Result<(Self, DrillHand, watch::Receiver<Views>)> {
        let (hand, asked) = mpsc::channel(WAITING);
        let (came, done) = mpsc::unbounded_channel();
        let (shown, seen) = watch::channel(Views::default());
        let written = session.log().len();
        let log = LogFile { path: log, written };
        log.check()?;
        let (answered, truths) = (BTreeMap::new(), BTreeMap::new());
        let script = script(&session);
        let drill = Self {
            session,
            asked,
            records,
            orders,
            done,
            came,
            shown,
            lost: watch::Sender::default(),
            log,
            answered,
            truths,
            outside: Vec::new(),
            script,
            anchors,
            keep,
        };
        (drill.keep)(drill.session.facts().now, false);
        drill.show();
        Ok((drill, DrillHand(hand), seen))
    }

    /// Simulated seconds a second; none while it stands frozen.
    pub fn speed(&self) -> Option<f64> {
        (!self.session.is_frozen()).then(|| self.session.speed())
    }

    /// Has the instructor ended it?
    pub fn is_ended(&self) -> bool {
        self.session.is_ended()
    }

    /// Has the instructor ended it, or gone back in time?
    pub fn is_done(&self) -> bool {
        self.session.is_done()
    }

    /// The exercise's stranger speaks from now on.
    pub fn beset(&mut self) {
        self.session.beset();
        let _ = self.write(); // said in the log; the next one is tried again
    }

    /// Turns true when everybody has gone to another broker, where no stranger follows.
    pub fn lost(&self) -> watch::Receiver<bool> {
        self.lost.subscribe()
    }

    /// So many seconds have passed on the wall.
    pub fn pass(&mut self, wall_s: f64) {
        self.session.pass(wall_s);
    }

    /// Waits for something to happen from outside, and takes it in; for ever when nobody is left
    /// who could do anything.
    pub async fn wake(&mut self) {
        tokio::select! {
            Some(asked) = self.asked.recv() => self.take(asked),
            record = heard(&mut self.records) => self.hear(&record),
            Some((who, deed, why)) = self.done.recv() => self.session.fail(&who, &deed, &why.0),
        }
        // What has come meanwhile is taken in one go.
        while let Ok(record) = self.records.try_recv() {
            self.hear(&record);
        }
        let _ = self.write(); // said in the log; the next one is tried again
        self.show();
    }

    fn hear(&mut self, entry: &RecordEntry) {
        if let Record::Alarm(event) = &entry.record {
            self.session.hear(event);
        }
    }

    fn take(&mut self, asked: Asked) {
        let Asked { who, key, wish, reply } = asked;
        let answer = match self.answered.get(&key) {
            Some((by, same, answer)) if (by, same) == (&who, &wish) => answer.clone(),
            Some(_) => {
                let text = "another wish has been asked under this Idempotency-Key: nothing is \
                            done; ask again under a new one";
                Err(text.to_owned())
            }
            None => self.grant(&who, key, wish),
        };
        let _ = reply.send(answer); // whoever asked may have gone
    }

    /// Does what somebody wants, for the first time under this key.
    fn grant(&mut self, who: &str, key: String, wish: Wish) -> Result<(), String> {
        let asked = (who.to_owned(), wish.clone());
        let done = match wish {
            Wish::Act(deed) => self.session.act(who, &deed),
            Wish::Direct(direction) => {
                let is_fault = matches!(direction, Direction::Inject { .. });
                let done = self.session.direct(who, direction);
                if is_fault {
                    self.script = script(&self.session); // it has a name now
                }
                done
            }
        };
        // Written first: what is said to be done stays done.
        let done = done.map_err(|why| why.0).and(self.write());
        if self.answered.len() == REMEMBERED {
            self.answered.pop_first();
        }
        self.answered.insert(key, (asked.0, asked.1, done.clone()));
        done
    }

    /// The plant has gone a step on.
    pub fn step(
        &mut self,
        (truth, at_tags): (&Truth, &[Option<f64>]),
        outside: &[Outside],
        step: Span,
    ) {
        self.session.step(truth, at_tags, step);
        self.truths = truths(self.session.plant(), at_tags);
        self.outside = outside.iter().map(Beyond::of).collect();
        let _ = self.write();
        (self.keep)(self.session.facts().now, false);
        self.show();
    }

    /// What is to befall the plant; orders and answers have been sent on.
    pub fn effects(&mut self) -> Vec<Effect> {
        let (orders, rest): (Vec<Effect>, Vec<Effect>) = self
            .session
            .effects()
            .into_iter()
            .partition(|effect| matches!(effect, Effect::Order(..)));
        for effect in orders {
            if let Effect::Order(ordered) = effect {
                self.send(ordered);
            }
        }
        rest
    }

    fn send(&self, Ordered { who, deed, order }: Ordered) {
        let (orders, came) = (self.orders.clone(), self.came.clone());
        tokio::spawn(async move {
            let gone = || NotDone("the plant does not answer".to_owned());
            let (reply, answer) = oneshot::channel();
            let done = match orders.send((order, reply)).await {
                Ok(()) => answer.await.unwrap_or_else(|_| Err(gone())),
                Err(_) => Err(gone()),
            };
            if let Err(why) = done {
                let _ = came.send((who, deed, why)); // the exercise may be over
            }
        });
    }

    fn write(&mut self) -> Result<(), String> {
        self.log.write(self.session.log()).map_err(|error| {
            tracing::error!(%error, "the log of the exercise cannot be written");
            format!("the log of the exercise cannot be written: {error}")
        })
    }

    fn show(&self) {
        self.lost.send_if_modified(|lost| {
            let is_news = !*lost && self.session.has_done("switch-broker");
            *lost |= is_news;
            is_news
        });
        let _ = self.shown.send(self.views());
    }

    fn views(&self) -> Views {
        let shown = (&self.truths, self.outside.as_slice(), &self.script);
        views(&self.session, shown, self.anchors.get())
    }

    /// It is left before its end; gives the session.
    pub fn leave(self) -> Session {
        self.session
    }

    /// It is over; gives the session.
    pub fn finish(mut self) -> Session {
        self.session.finish();
        let _ = self.write();
        (self.keep)(self.session.facts().now, true);
        self.show();
        self.session
    }
}

/// What is in the script by its ids, as people call it.
fn script(session: &Session) -> Value {
    let names = Names::new(session.exercise(), session.plant()).with_log(session.log());
    json!(names.script())
}

fn truths(plant: &Plant, at_tags: &[Option<f64>]) -> BTreeMap<String, f64> {
    let truths = plant.instruments.iter().zip(at_tags);
    truths.filter_map(|(it, value)| Some((it.tag.id.as_str().to_owned(), (*value)?))).collect()
}

/// What pages show of an exercise that is over, whose plant stood like this in the end.
pub fn views_of_past(
    session: &Session,
    (at_tags, outside): (&[Option<f64>], &[Outside]),
    anchors: &Anchors,
) -> Views {
    let outside: Vec<Beyond> = outside.iter().map(Beyond::of).collect();
    let script = script(session);
    views(session, (&truths(session.plant(), at_tags), &outside, &script), Some(anchors))
}

fn views(
    session: &Session,
    (truths, outside, script): (&BTreeMap<String, f64>, &[Beyond], &Value),
    anchors: Option<&Anchors>,
) -> Views {
    let trainee = trainee(session);
    let mut instructor = trainee.clone();
    if let Value::Object(map) = &mut instructor {
        map.extend(instructors(session, truths));
        map.insert("outside".to_owned(), json!(outside));
        map.insert("script".to_owned(), script.clone());
        if let Some(anchors) = anchors {
            let score = assess(session, anchors);
            let practice = score.practice;
            let score = json!({ "total": score.total, "met": score.met, "practice": practice });
            map.insert("score".to_owned(), score);
        }
    }
    let marks = [session.is_frozen(), session.wants_attention(), session.is_done()];
    let marks = marks.iter().fold(0, |all, mark| all * 2 + u64::from(*mark));
    let news = session.log().len() as u64 * 8 + marks;
    Views { trainee, instructor, news, hindsight: session.hindsight().cloned() }
}

/// What trainees see: what they were told and did, who is away, what they may do.
fn trainee(session: &Session) -> Value {
    let exercise = session.exercise();
    let now = session.facts().now;
    let (scenario, public) = (&exercise.scenario, session.log().iter().filter(|it| it.is_public()));
    let errands = session.errands().map(|(deed, due)| json!({ "deed": deed, "due": due }));
    let questions = session.questions().map(question);
    // Those that have been answered too: the log names them by their ids.
    let told = session.log().iter().filter_map(|entry| match &entry.what {
        What::Told { message, .. } => exercise.message(message.as_ref()?),
        _ => None,
    });
    let asked = told.filter(|message| !message.choices.is_empty()).map(question);
    json!({
        "title": scenario.title,
        "goal": exercise.goal,
        "briefing": exercise.briefing,
        "start": scenario.start,
        "end": scenario.end(),
        "now": now.at,
        "wall_s": now.wall_s,
        "speed": if session.is_frozen() { 0.0 } else { session.speed() },
        "frozen": session.is_frozen(),
        "attention": session.wants_attention(),
        "ended": session.is_ended(),
        "branch": session.branches().len() + 1,
        "branches": session.branches(),
        "hints": session.hints_left(),
        "log": public.collect::<Vec<&Entry>>(),
        "errands": errands.collect::<Vec<_>>(),
        "questions": questions.collect::<Vec<_>>(),
        "asked": asked.collect::<Vec<_>>(),
        "cause": session.named_cause(),
    })
}

fn question(message: &Message) -> Value {
    let choices = message.choices.iter();
    let choices = choices.map(|choice| json!({ "id": choice.id, "text": choice.text }));
    json!({ "id": message.id, "text": message.text, "choices": choices.collect::<Vec<_>>() })
}

/// What instructors and evaluators see beyond that.
fn instructors(
    session: &Session,
    truths: &BTreeMap<String, f64>,
) -> serde_json::Map<String, Value> {
    let exercise = session.exercise();
    let facts = session.facts();
    let tasks = exercise.tasks.iter().zip(session.begun()).zip(&facts.done);
    let tasks = tasks.map(|((task, begun), done)| {
        json!({
            "id": task.id, "title": task.title, "part": task.part, "critical": task.critical,
            "points": task.points, "begun": begun, "done": done,
        })
    });
    let offset = exercise.scenario.utc_offset;
    let waiting = session.waiting().into_iter().map(|(id, when, text)| {
        json!({ "id": id, "when": exercise.told_of(when, offset), "text": text })
    });
    let marks = session.marks().map(|(name, at)| json!({ "name": name, "at": at }));
    let more = json!({
        "marks": marks.collect::<Vec<_>>(),
        "log": session.log(),
        "right_cause": exercise.cause,
        "truth": truths,
        "waiting": waiting.collect::<Vec<_>>(),
        "tasks": tasks.collect::<Vec<_>>(),
        "toll": session.toll().all,
    });
    match more {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}

/// The next record; waits for ever once the monitor has ended.
async fn heard(records: &mut broadcast::Receiver<Arc<RecordEntry>>) -> Arc<RecordEntry> {
    loop {
        match records.recv().await {
            Ok(entry) => return entry,
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "the exercise has not heard all records");
            }
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// The log on disk: a line of JSON for each entry.
struct LogFile {
    path: PathBuf,
    /// Entries that are there.
    written: usize,
}

impl LogFile {
    fn check(&self) -> io::Result<()> {
        OpenOptions::new().create(true).append(true).open(&self.path).map(drop)
    }

    /// Adds what is not there yet, and waits until the disk has it.
    fn write(&mut self, log: &[Entry]) -> io::Result<()> {
        let new = &log[self.written..];
        if new.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for entry in new {
            text.push_str(&serde_json::to_string(entry)?);
            text.push('\n');
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        self.written = log.len();
        Ok(())
    }
}

/// When simulated time is to have gone a step on: what of it is left, and how fast it runs.
#[derive(Debug, Clone, Copy)]
pub struct Left {
    step: Span,
    /// Simulated seconds.
    simulated_s: f64,
    since: Stamp,
}

impl Left {
    /// A whole step from `wall` on.
    pub fn whole(step: Span, wall: Stamp) -> Self {
        Self { step, simulated_s: step.as_seconds(), since: wall }
    }

    /// The wall's time has come to `wall` at this speed; gives the seconds that have passed.
    pub fn pass(&mut self, wall: Stamp, speed: Option<f64>) -> f64 {
        let passed = (wall - self.since).as_seconds().max(0.0);
        self.since = wall;
        let Some(speed) = speed else { return 0.0 };
        self.simulated_s -= passed * speed;
        passed
    }

    /// When the step is due; none while time stands.
    pub fn due(&self, speed: Option<f64>) -> Option<Stamp> {
        let wait = self.simulated_s.max(0.0) / speed?;
        Some(self.since + Span::from_seconds_f64(wait))
    }

    /// Has the step come? Then the next one begins.
    pub fn take_step(&mut self) -> bool {
        let has_come = self.simulated_s <= 0.001;
        if has_come {
            // Time that a busy machine has lost is not made up for.
            self.simulated_s = self.step.as_seconds();
        }
        has_come
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("in range")
    }

    #[test]
    fn a_step_is_due_by_the_speed_and_stands_while_frozen() {
        let mut left = Left::whole(Span::MINUTE, at(0));
        assert_eq!(left.due(Some(60.0)), Some(at(1)));
        assert_eq!(left.due(None), None);
        // Half of it fast, then slow.
        assert_eq!(left.pass(Stamp::from_ms(500).expect("in range"), Some(60.0)), 0.5);
        assert_eq!(left.due(Some(6.0)), Some(Stamp::from_ms(5_500).expect("in range")));
        // Frozen for a while: nothing passes.
        assert_eq!(left.pass(at(10), None), 0.0);
        assert_eq!(left.due(Some(6.0)), Some(at(15)));
        assert!(!left.take_step());
        left.pass(at(15), Some(6.0));
        assert!(left.take_step());
        assert_eq!(left.due(Some(60.0)), Some(at(16)));
    }
}
