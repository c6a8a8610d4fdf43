//! An exercise played live: its session beside the plant, its door at the desk, its orders over
//! MQTT.

mod after;
mod branch;
mod fault;
mod kept;
mod menu;
pub mod past;
mod refused;
mod way;

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::alarms::command::Command as AlarmCommand;
use crate::base::PlantId;
use crate::base::ids::Space;
use crate::base::random::Seed;
use crate::base::text::{Lang, is_seen};
use crate::cli::command::may_pass;
use crate::cli::exit::Failure;
use crate::cli::keys::ring;
use crate::cli::live::{self, Hand, say};
use crate::cli::ready::Ready;
use crate::cli::settings::Settings;
use crate::cli::talk::Askers;
use crate::desk::api::drill::{Drill as Door, Reporting, Views, Wanted, Wish as Wanting};
use crate::exercise::assess::Anchors;
use crate::exercise::live::LiveError;
use crate::exercise::live::company::{Company, Voices};
use crate::exercise::live::conduct::{Answers, conduct};
use crate::exercise::live::drill::{self, Drill, DrillHand, Sent, Wish};
use crate::exercise::live::intruder::{Ears, Intruder, Notebook};
use crate::exercise::live::orders::{OrderHand, Orders};
use crate::exercise::live::pace::Pace;
use crate::exercise::live::simulate::{Aside, Progress, simulate};
use crate::exercise::live::stop::Stop;
use crate::exercise::live::watch::Asked;
use crate::exercise::rehearsal::{Rehearsal, rehearse};
use crate::exercise::session::Session;
use crate::exercise::session::branch::Back;
use crate::exercise::session::log::Direction;
use crate::exercise::stranger::Stranger;
use crate::ingest::trust::{Trust, Unsigned};
use crate::inspection::book::Book;
use crate::ledger::record::Entry;
use crate::plant::Plant;
use crate::scenario::exercise::Exercise;
use crate::scenario::exercise::deed::Deed;
use crate::telemetry::access::Access;
use crate::telemetry::signature::Signer;
use crate::telemetry::topic::{Kind, Topic};
use after::After;
pub use branch::branch;
use kept::Kept;
pub use kept::{as_it_began, branch_of, folder_of, resume};
use menu::menu;
use way::{OrderWay, bring};

/// Orders that may wait for the plant's answer to the one before.
const WAITING: usize = 16;

/// The file that an exercise's log is kept in, beside the ledger.
pub const LOG: &str = "exercise.jsonl";

/// What its stranger has heard, beside the first branch's ledger.
const HEARD: &str = "stranger.jsonl";

/// The folder of its after-action report, beside the ledger.
pub const REPORT: &str = "report";

/// An exercise about to be played.
pub struct Staged {
    /// What plays it.
    drill: Drill,
    /// The plant.
    plant: PlantId,
    /// For the desk.
    pub door: Door,
    /// Where people's answers to alarms go.
    answers: Answers,
    /// Orders on their way.
    orders: mpsc::Receiver<Sent>,
    /// What robots make of it, once they have played.
    rehearsed: JoinHandle<Option<Rehearsal>>,
    /// What is written when it is over.
    after: Arc<After>,
    /// Who speaks in the plant's name.
    stranger: Option<(Stranger, Notebook)>,
}

/// Prepares the exercise of a run, if it is one, beside the ledger in `folder`, which is that of
/// one branch of the run in `home`; in the space `beset` its stranger speaks. Errors: its log
/// cannot be written.
pub fn stage(
    (ready, session, beset): (&Ready, Option<Session>, Option<Space>),
    (records, hand): (broadcast::Receiver<Arc<Entry>>, Hand),
    (home, folder, book): (&Path, &Path, &Book),
) -> Result<Option<Staged>, Failure> {
    let plants = ready.plants();
    let Some((exercise, plant)) = ready.exercise.as_ref().zip(plants.first()) else {
        return Ok(None);
    };
    let begun = || Session::new(Arc::clone(exercise), Arc::clone(plant)).with_hindsight();
    let session = session.unwrap_or_else(begun);
    let stranger = beset.map(|space| {
        let now = session.facts().now.at;
        let attacks = exercise.attacks.clone();
        let mut stranger = Stranger::new((space, plant.id.clone()), attacks, now, ready.seed);
        let path = home.join(HEARD);
        let notebook = Notebook::open(&path, now, &mut stranger);
        notebook.map(|it| (stranger, it)).map_err(|error| Failure::file(&path, error))
    });
    let stranger = stranger.transpose()?;
    let (orders, ordered) = mpsc::channel(WAITING);
    let log = folder.join(LOG);
    let anchors = Arc::new(OnceLock::new());
    let rehearsed = rehearsal((exercise, plant), (book, ready.seed), Arc::clone(&anchors));
    kept::keep_file(home, exercise).map_err(|error| Failure::file(home, error))?;
    let kept = Kept::of(ready, home, branch_of(home));
    let keep = Box::new(move |moment, ended| kept.keep(moment, ended)) as _;
    let opened = Drill::new(session, records, orders, (log.clone(), anchors, keep));
    let (mut drill, wishes, seen) = opened.map_err(|error| Failure::file(&log, error))?;
    if stranger.is_some() {
        drill.beset();
    }
    let (answers, asked) = mpsc::unbounded_channel();
    tokio::spawn(answer(asked, hand));
    let after = Arc::new(After {
        exercise: Arc::clone(exercise),
        plant: Arc::clone(plant),
        book: book.clone(),
        seed: ready.seed,
        folder: folder.to_owned(),
        over: Mutex::new(None),
        forms: Mutex::default(),
    });
    let door = door(exercise, plant, (wishes, seen), (folder, Arc::clone(&after)));
    let plant = plant.id.clone();
    let orders = ordered;
    Ok(Some(Staged { drill, plant, door, answers, orders, rehearsed, after, stranger }))
}

/// Lets robots play it meanwhile: their runs anchor the score.
fn rehearsal(
    (exercise, plant): (&Arc<Exercise>, &Arc<Plant>),
    (book, seed): (&Book, Seed),
    anchors: Arc<OnceLock<Anchors>>,
) -> JoinHandle<Option<Rehearsal>> {
    let (exercise, plant, book) = (Arc::clone(exercise), Arc::clone(plant), book.clone());
    tokio::task::spawn_blocking(move || match rehearse(&plant, &exercise, &book, seed) {
        Ok(rehearsal) => {
            let _ = anchors.set(rehearsal.anchors); // nobody else sets them
            Some(rehearsal)
        }
        Err(error) => {
            tracing::warn!(%error, "robots cannot play the exercise: it has no score");
            None
        }
    })
}

/// Brings people's answers to the monitor.
async fn answer(mut asked: mpsc::UnboundedReceiver<AlarmCommand>, hand: Hand) {
    while let Some(command) = asked.recv().await {
        let (reply, told) = oneshot::channel();
        if hand.send(Asked { ask: command.ask, reply }).await.is_err() {
            return;
        }
        if let Ok(reply) = told.await
            && let Some(why) = reply.refused()
        {
            tracing::warn!(%why, "an answer cannot be given");
        }
    }
}

/// Leaves the desk open until a stop: people still read what is there.
async fn keep_open(stop: &Stop, lang: Lang) {
    if stop.is_set() {
        return;
    }
    say(match lang {
        Lang::En => "the exercise is over; the desk stays open until Ctrl-C",
        Lang::Zh => "演练结束;按Ctrl-C前监控台保持打开",
    });
    stop.wait().await;
}

/// The desk's side of it.
fn door(
    exercise: &Arc<Exercise>,
    plant: &Arc<Plant>,
    (wishes, mut seen): (DrillHand, watch::Receiver<drill::Views>),
    (folder, after): (&Path, Arc<After>),
) -> Door {
    let (shown, views) = watch::channel(Views::default());
    let (known, of) = (seen.clone(), Arc::clone(plant));
    // The answer is made outside of what the exercise waits for.
    let truth = move |at| {
        let hindsight = known.borrow().hindsight.clone().unwrap_or_default();
        hindsight.shown(&of, at)
    };
    tokio::spawn(async move {
        loop {
            let drill::Views { trainee, instructor, news, .. } = seen.borrow_and_update().clone();
            let _ = shown.send(Views { trainee, instructor, news }); // there may be no desk
            if seen.changed().await.is_err() {
                return;
            }
        }
    });
    let own = Arc::clone(plant);
    let report = reports(&after);
    let ask = move |wanted: Wanted| {
        let (wishes, after, plant) = (wishes.clone(), Arc::clone(&after), Arc::clone(&own));
        Box::pin(async move { wish(&wishes, &after, &plant, wanted).await }) as _
    };
    let menu = Arc::new(menu(exercise, plant));
    let ledger = folder.to_owned();
    let quarantine = move || Box::pin(refused::refused(ledger.clone())) as _;
    let quarantine = Arc::new(quarantine);
    let (fault, improvised) = (fault::filling(plant), fault::making(exercise, plant, folder));
    let (truth, ask) = (Arc::new(truth), Arc::new(ask));
    Door { views, truth, menu, ask, report, quarantine, fault, improvised }
}

/// Gives the files of its report, and the forms that evaluators have handed in, which are there
/// before the report is.
fn reports(after: &Arc<After>) -> Arc<dyn Fn(String) -> Reporting + Send + Sync> {
    let (folder, after) = (after.folder.join(REPORT), Arc::clone(after));
    Arc::new(move |file| {
        let (path, after) = (folder.join(&file), Arc::clone(&after));
        Box::pin(async move {
            if file == "evaluations.json" { after.evaluations() } else { read_report(&path).await }
        })
    })
}

/// What an instructor directs; a fault comes as the keys of an `[[inject]]`.
fn direction(value: Value, plant: &Plant) -> Result<Direction, String> {
    if let Some(keys) = value.get("toml").and_then(Value::as_str) {
        return fault::direction(keys, plant);
    }
    let direction = serde_json::from_value(value).map_err(|error| error.to_string())?;
    match &direction {
        // What has not been read against the plant may name what it has not got.
        Direction::Inject { .. } => Err("say it as `toml`: the keys of an [[inject]]".to_owned()),
        Direction::Say { text, .. } if ![&text.en, &text.zh].iter().all(|it| is_seen(it)) => {
            let text = "a message says something in both languages, and all of it can be seen";
            Err(text.to_owned())
        }
        _ => Ok(direction),
    }
}

async fn read_report(path: &Path) -> Result<Vec<u8>, String> {
    let none = |_| "the report is written when the exercise is over".to_owned();
    tokio::fs::read(path).await.map_err(none)
}

async fn wish(
    wishes: &DrillHand,
    after: &Arc<After>,
    plant: &Arc<Plant>,
    Wanted { by, key, wish }: Wanted,
) -> Result<(), String> {
    let wish = match wish {
        Wanting::Act(words) => Wish::Act(Deed::parse(&words).map_err(|why| why.0)?),
        Wanting::Direct(value) => Wish::Direct(direction(value, plant)?),
        Wanting::Judge(value) => return after.judge(value).await,
        Wanting::Reflect(value) => return after.reflect(&value).await,
    };
    wishes.ask(by, key, wish).await
}

/// Who may order something of a run's plants, and how: operators of a ring, and in an exercise
/// those at its desk.
pub struct Backstage {
    signer: Option<Signer>,
    by_hand: OrderHand,
    may_pass: bool,
    trust: Trust,
}

impl Backstage {
    /// For a run over `broker` whose plants sign by `trust`; in an exercise the desk's orders are
    /// signed by a key of their own, over a broker on this machine.
    pub fn new(
        is_exercise: bool,
        (operators, by_hand): (Option<Trust>, OrderHand),
        (trust, broker): (&Trust, &Access),
    ) -> Result<(Self, Askers), Failure> {
        let signer = is_exercise.then(ring::draw).transpose()?;
        let mut operators = operators;
        if let Some(signer) = signer.as_ref().filter(|_| broker.url.is_loopback()) {
            let known = operators.get_or_insert_with(|| Trust::new(Unsigned::Refuse));
            known.add(None, signer.public(), false);
        }
        let may_pass = operators.is_some();
        let operators = operators.map(|operators| (operators, by_hand.clone()));
        let askers = Askers { monitors: trust.clone(), operators };
        Ok((Self { signer, by_hand, may_pass, trust: trust.clone() }, askers))
    }
}

/// Lets the stranger speak over the broker: a client of his own, as others are.
fn intrude(
    (stranger, notebook): (Stranger, Notebook),
    (broker, space, plant): (&Access, &Space, &PlantId),
    (progress, lost): (watch::Receiver<Progress>, watch::Receiver<bool>),
    (settings, stop): (&Settings, &Stop),
) {
    let topic = Topic { space: space.clone(), plant: plant.clone(), kind: Kind::Data };
    let (listener, arrivals) = live::hearer(broker, vec![topic.to_string()], settings);
    let intruder = Intruder::new(stranger, notebook, live::speaker(broker, settings));
    let stop = stop.clone();
    tokio::spawn(async move {
        intruder.run(Ears { arrivals, progress, lost }, stop).await;
        listener.stop().await;
    });
}

/// Does the stranger of this exercise speak over this broker: one on this machine, or the one that
/// somebody has `named`? Says so when he does not.
pub fn is_beset(ready: &Ready, broker: &Access, named: Option<&str>) -> bool {
    let has_stranger = ready.exercise.as_ref().is_some_and(|it| !it.attacks.is_empty());
    let may = may_pass(&broker.url, named);
    if has_stranger && !may {
        let host = &broker.url.host;
        say(&format!(
            "the stranger of this exercise does not speak over {host}: --allow-stranger {host} \
             lets him"
        ));
    }
    has_stranger && may
}

/// Runs the plants of a run: by the exercise that is `staged`, or by themselves; gives where its
/// instructor wants to go back to, if so.
pub fn start(
    (company, voices, pace): (Company, Voices, Pace),
    (staged, backstage): (Option<Staged>, Backstage),
    (aside, orders): (Aside, Orders),
    ((broker, space), settings, lang): ((&Access, &Space), &Settings, Lang),
    stopped: &Stop,
) -> JoinHandle<Result<Option<Back>, LiveError>> {
    let Backstage { signer, by_hand, may_pass, trust } = backstage;
    let (Some(staged), Some(signer)) = (staged, signer) else {
        let simulating = simulate(company, voices, pace, (aside, orders), stopped.clone());
        return tokio::spawn(async move { simulating.await.map(|()| None) });
    };
    let Staged { drill, answers, orders: sent, rehearsed, plant, after, stranger, .. } = staged;
    if let Some(stranger) = stranger {
        let ears = (aside.progress.subscribe(), drill.lost());
        intrude(stranger, (broker, space, &plant), ears, (settings, stopped));
    }
    let by_hand = (!may_pass).then_some(by_hand);
    let way = OrderWay { plant, signer, trust, by_hand };
    let at = (broker.clone(), space.clone());
    tokio::spawn(bring(way, at, settings.clone(), sent, stopped.clone()));
    let over = stopped.clone();
    tokio::spawn(async move {
        let with = (aside, orders, answers);
        let session = conduct(company, voices, drill, with, over.clone()).await?;
        if session.is_ended() {
            after.finish(&session, rehearsed, lang).await;
            keep_open(&over, lang).await;
        }
        Ok(session.going_back().cloned())
    })
}
