//! Stops of supply that a person announces, and takes back.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use serde_json::json;

use super::ask::{put, some_text};
use super::{Scene, WhereArgs, words};
use crate::alarms::command::{Action, Ask, Reply};
use crate::alarms::event::{AlarmId, By};
use crate::alarms::stop::{Announced, Stop, owed};
use crate::base::ids::VillageId;
use crate::base::problem::nearest;
use crate::base::text::Lang;
use crate::base::{PlantId, Stamp};
use crate::cli::common::{Format, moment, place_name};
use crate::cli::exit::Failure;
use crate::cli::live;
use crate::cli::stderr::say;
use crate::ingest::observation::PlantIndex;
use crate::monitor::Monitor;
use crate::plant::Plant;

/// Which stop.
#[derive(Debug, Args)]
pub struct AnnounceArgs {
    #[command(flatten)]
    zone: ZoneArgs,
    /// When supply stops, such as 2024-12-06T09:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Stamp,
    /// When there is water again; what lasts longer is an alarm
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Stamp,
    /// What for
    #[arg(long, value_name = "TEXT", value_parser = some_text)]
    reason: String,
}

/// Which stop is over.
#[derive(Debug, Args)]
pub struct WithdrawArgs {
    #[command(flatten)]
    zone: ZoneArgs,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Where supply stops, and who says so.
#[derive(Debug, Args)]
struct ZoneArgs {
    /// The plant
    #[arg(value_name = "PLANT", value_parser = PlantId::new)]
    plant: PlantId,
    /// A village by its id; may be given several times; all of them by default
    #[arg(long, value_name = "VILLAGE")]
    village: Vec<String>,
    /// Who says so
    #[arg(long, value_name = "NAME", env = "USER", value_parser = some_text)]
    by: String,
    #[command(flatten)]
    place: WhereArgs,
}

/// Announces.
pub fn announce(args: &AnnounceArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let stop = Stop { from: args.from, until: args.until };
    let now = ask(&args.zone, Action::Announce(stop), &args.reason, out)?;
    let notes = now.map(|now| owed(now, stop)).unwrap_or_default();
    for note in notes {
        say(note.get(args.zone.place.lang.into()));
    }
    Ok(())
}

/// Takes back.
pub fn withdraw(args: &WithdrawArgs, out: &mut dyn Write) -> Result<(), Failure> {
    ask(&args.zone, Action::Withdraw, &args.reason, out).map(|_| ())
}

/// Asks for the same of every alarm that the stop explains; gives the event time it was asked at.
fn ask(
    zone: &ZoneArgs,
    action: Action,
    reason: &str,
    out: &mut dyn Write,
) -> Result<Option<Stamp>, Failure> {
    let by = By { name: zone.by.clone(), reason: reason.trim().to_owned() };
    let (now, replies) = live::block_on(|_, _| async {
        let scene = Scene::open(&zone.place).await?;
        let monitor = scene.monitor().await?;
        let (at, plant) = plant_of(&scene, &zone.plant)?;
        let villages = zone.village.iter().map(|name| village_of(plant, name));
        let villages: Vec<VillageId> = villages.collect::<Result<_, _>>()?;
        let alarms = monitor.alarms_of_stops(at, &villages);
        if alarms.is_empty() {
            let text = format!("no rule looks for what a stop of supply brings at {}", plant.id);
            return Err(Failure::usage(format!("{text}: `silent_in_stops = true` says so")));
        }
        let mut replies = Vec::new();
        for alarm in alarms {
            let ask = Ask { alarm: alarm.clone(), action, by: by.clone() };
            replies.push((alarm, put(&scene, ask).await?));
        }
        Ok((reached(&monitor, &zone.plant), replies))
    })?;
    tell(zone, action, &replies, out)?;
    Ok(now)
}

fn tell(
    zone: &ZoneArgs,
    action: Action,
    replies: &[(AlarmId, Reply)],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if zone.place.format == Format::Json {
        for (alarm, reply) in replies {
            writeln!(out, "{}", json!({ "alarm": alarm, "reply": reply }))?;
        }
    }
    if let Some(refused) = replies.iter().find_map(|(_, reply)| reply.refused()) {
        return Err(Failure::usage(refused.to_string()));
    }
    if zone.place.format == Format::Text {
        let done = replies.iter().filter(|(_, reply)| matches!(reply, Reply::Done { .. })).count();
        let (is_withdrawn, plant) = (action == Action::Withdraw, zone.plant.as_str());
        let lang = zone.place.lang.into();
        writeln!(out, "{}", words::told(lang, is_withdrawn, (done, replies.len()), plant))?;
    }
    out.flush()?;
    Ok(())
}

/// The event time that the rules of a plant have reached.
fn reached(monitor: &Monitor, plant: &PlantId) -> Option<Stamp> {
    let snapshot = monitor.snapshot();
    snapshot.plants.iter().find(|it| it.id == *plant)?.frontier
}

fn plant_of<'s>(scene: &'s Scene, wanted: &PlantId) -> Result<(PlantIndex, &'s Plant), Failure> {
    let at = scene.plants.iter().position(|plant| plant.id == *wanted);
    let found = at.and_then(|at| Some((PlantIndex(at), scene.plants.get(at)?.as_ref())));
    found.ok_or_else(|| {
        let known: Vec<&str> = scene.plants.iter().map(|plant| plant.id.as_str()).collect();
        let known = known.join(", ");
        Failure::usage(format!("the ledger knows nothing of plant {wanted}; it has {known}"))
    })
}

fn village_of(plant: &Plant, wanted: &str) -> Result<VillageId, Failure> {
    let villages = &plant.profile.villages;
    let found = villages.iter().find(|village| village.id.as_str() == wanted);
    found.map(|village| village.id.clone()).ok_or_else(|| {
        let known: Vec<&str> = villages.iter().map(|village| village.id.as_str()).collect();
        let help = nearest(wanted, &known).map_or_else(
            || format!("it has {}", known.join(", ")),
            |it| format!("did you mean {it}?"),
        );
        Failure::usage(format!("plant {} has no village {wanted:?}: {help}", plant.id))
    })
}

/// A line for each stop that is announced and has not ended.
pub(super) fn lines(scene: &Scene, announced: &[(AlarmId, Announced)], lang: Lang) -> Vec<String> {
    let mut stops: BTreeMap<(String, bool, String), Vec<&str>> = BTreeMap::new();
    for (alarm, Announced { stop, by, has_begun }) in announced {
        let plant = scene.plants.iter().find(|plant| plant.id == alarm.plant);
        let local = |at: Stamp| match plant {
            Some(plant) => at.month_day_time(plant.profile.utc_offset),
            None => at.to_string(),
        };
        let span = words::span(lang, &local(stop.from), &local(stop.until));
        let words = format!("{}: {span}, {} ({})", alarm.plant, by.reason, by.name);
        let tag = place_name(alarm.tag.as_ref(), lang);
        let tags = stops.entry((alarm.plant.to_string(), !has_begun, words)).or_default();
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let line = |((_, is_to_come, words), tags): ((String, bool, String), Vec<&str>)| {
        let what = words::stop(lang, is_to_come);
        format!("{what} {words}: {}", tags.join(" "))
    };
    stops.into_iter().map(line).collect()
}
