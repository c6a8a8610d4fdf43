//! Answers of a person: done by the running monitor, or in the ledger of one that stands still.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::{Scene, WhereArgs, words};
use crate::alarms::command::{Action, Ask, CommandRefused, Reply};
use crate::alarms::event::{AlarmEvent, AlarmId, By};
use crate::base::Span;
use crate::base::problem::nearest;
use crate::base::text::{Lang, is_seen};
use crate::cli::common::Format;
use crate::cli::exit::Failure;
use crate::cli::live;
use crate::ledger::sqlite::{Sqlite, Visitor};
use crate::ledger::store::StoreError;

/// How long a running monitor may take to reply.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which alarms, who answers, and perhaps why.
#[derive(Debug, Args)]
pub struct AskArgs {
    #[command(flatten)]
    who: WhoArgs,
    /// What is being done about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Which alarms, who, and why: there must be a reason.
#[derive(Debug, Args)]
pub struct ReasonedArgs {
    #[command(flatten)]
    who: WhoArgs,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = some_text)]
    reason: String,
}

/// The same, and for how long.
#[derive(Debug, Args)]
pub struct ShelveArgs {
    #[command(flatten)]
    reasoned: ReasonedArgs,
    /// For so many minutes, on the plant's clock
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = minutes)]
    for_min: f64,
}

#[derive(Debug, Args)]
struct WhoArgs {
    /// The alarms, as `list` names them: plant/rule/tag/n; without /n the present occurrence
    #[arg(value_name = "ALARM", required = true, value_parser = AlarmId::parse)]
    alarms: Vec<AlarmId>,
    /// Who answers
    #[arg(long, value_name = "NAME", env = "USER", value_parser = some_text)]
    by: String,
    #[command(flatten)]
    place: WhereArgs,
}

pub(super) fn some_text(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    is_seen(text).then(|| text.to_owned()).ok_or("must say something, and all of it must be seen")
}

fn minutes(text: &str) -> Result<f64, &'static str> {
    let found = text.parse::<f64>().ok().filter(|minutes| (0.1..=525_600.0).contains(minutes));
    found.ok_or("must be a number of minutes from 0.1 to 525600")
}

/// Acknowledges.
pub fn acknowledge(args: &AskArgs, out: &mut dyn Write) -> Result<(), Failure> {
    ask(&args.who, Action::Acknowledge, &args.reason, out)
}

/// Shelves.
pub fn shelve(args: &ShelveArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let span = Span::from_seconds_f64(args.for_min * 60.0);
    ask(&args.reasoned.who, Action::Shelve(span), &args.reasoned.reason, out)
}

/// Takes from the shelf.
pub fn unshelve(args: &AskArgs, out: &mut dyn Write) -> Result<(), Failure> {
    ask(&args.who, Action::Unshelve, &args.reason, out)
}

/// Resets.
pub fn reset(args: &AskArgs, out: &mut dyn Write) -> Result<(), Failure> {
    ask(&args.who, Action::Reset, &args.reason, out)
}

/// Takes out of service.
pub fn remove_from_service(args: &ReasonedArgs, out: &mut dyn Write) -> Result<(), Failure> {
    ask(&args.who, Action::RemoveFromService, &args.reason, out)
}

/// Puts back into service.
pub fn return_to_service(args: &AskArgs, out: &mut dyn Write) -> Result<(), Failure> {
    ask(&args.who, Action::ReturnToService, &args.reason, out)
}

/// Asks for the same of every alarm named, one after the other; what is refused stops none of the
/// others, and is said at the end.
fn ask(who: &WhoArgs, action: Action, reason: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let by = By { name: who.by.clone(), reason: reason.trim().to_owned() };
    let replies = live::block_on(|_, _| async {
        let scene = Scene::open(&who.place).await?;
        let snapshot = scene.snapshot().await?;
        let standing: Vec<AlarmEvent> =
            snapshot.plants.into_iter().flat_map(|plant| plant.standing).collect();
        let mut replies = Vec::new();
        for alarm in &who.alarms {
            let alarm = present(alarm, action, &standing)?;
            let ask = Ask { alarm: alarm.clone(), action, by: by.clone() };
            replies.push((alarm, put(&scene, ask).await?));
        }
        Ok((replies, standing))
    })?;
    let (replies, standing) = replies;
    let lang: Lang = who.place.lang.into();
    let mut refused = Vec::new();
    for (alarm, reply) in &replies {
        match (who.place.format, reply) {
            (Format::Json, _) => writeln!(out, "{}", json!({ "alarm": alarm, "reply": reply }))?,
            (Format::Text, Reply::Done { state }) => {
                writeln!(out, "{}", words::done(lang, &alarm.to_string(), *state))?;
            }
            (Format::Text, Reply::Already { state }) => {
                writeln!(out, "{}", words::already(lang, &alarm.to_string(), *state))?;
            }
            (Format::Text, Reply::Refused(_)) => {}
        }
        refused.extend(reply.refused().map(|refused| sentence(refused, &standing)));
    }
    out.flush()?;
    if refused.is_empty() { Ok(()) } else { Err(Failure::usage(refused.join("\n       "))) }
}

/// The occurrence that is meant: an answer without a number is for the one that is seen now.
fn present(alarm: &AlarmId, action: Action, standing: &[AlarmEvent]) -> Result<AlarmId, Failure> {
    if alarm.n > 0 || !action.answers() {
        return Ok(alarm.clone());
    }
    let seen = standing.iter().map(|event| &event.id).find(|id| id.is_of(alarm));
    seen.cloned().ok_or_else(|| {
        let text = format!("nothing of {}/… waits for an answer", alarm.as_such());
        Failure::usage(format!("{text}{}", hint(alarm, standing)))
    })
}

fn sentence(refused: &CommandRefused, standing: &[AlarmEvent]) -> String {
    match refused {
        CommandRefused::NoSuchAlarm { alarm } => format!("{refused}{}", hint(alarm, standing)),
        _ => refused.to_string(),
    }
}

/// The alarm that may have been meant.
fn hint(alarm: &AlarmId, standing: &[AlarmEvent]) -> String {
    let names: Vec<String> = standing.iter().map(|event| event.id.as_such().to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match nearest(&alarm.as_such().to_string(), &names) {
        Some(name) => format!("; did you mean {name}?"),
        None => "; `sanmen alarms list --all` shows those there are".to_owned(),
    }
}

/// Has it done: by ourselves when no monitor has the ledger, else by the monitor that has it.
pub(super) async fn put(scene: &Scene, ask: Ask) -> Result<Reply, Failure> {
    match Sqlite::open(&scene.folder, live::roster(&scene.plants)).await {
        Ok(store) => {
            let (plants, book) = (scene.plants.clone(), scene.book.clone());
            let (mut watch, _told) = live::watch_over(store, plants, book, &scene.settings).await?;
            let reply = watch.answer(ask, None).await.map_err(Failure::outside)?;
            watch.leave().await.map_err(Failure::outside)?;
            Ok(reply)
        }
        Err(StoreError::InUse { folder }) => through_the_ledger(folder, &ask).await,
        Err(error) => Err(Failure::outside(error)),
    }
}

/// Leaves the request in the ledger and waits for the reply of the monitor that writes it.
async fn through_the_ledger(folder: PathBuf, ask: &Ask) -> Result<Reply, Failure> {
    let mut visitor = Visitor::open(&folder).await.map_err(Failure::outside)?;
    let key = live::random_space().to_string();
    let reply = visitor.have_done(&key, ask, PATIENCE).await.map_err(Failure::outside)?;
    visitor.close().await.map_err(Failure::outside)?;
    reply.ok_or_else(|| {
        Failure::outside(format!(
            "the monitor that has {} does not reply; the request is taken back",
            folder.display()
        ))
    })
}
