//! `sanmen alarms list`: what stands, waits for an answer, or is set aside.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use serde_json::json;

use super::heard::{self, HeardArgs};
use super::{Scene, WhereArgs, stops, words};
use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId, AlarmState};
use crate::alarms::flood::Flood;
use crate::alarms::group::{Fold, fold};
use crate::base::text::Lang;
use crate::base::{RuleId, Stamp};
use crate::cli::common::Format;
use crate::cli::exit::Failure;
use crate::cli::live::{self, say};
use crate::ledger::record::{Entry, Record};
use crate::monitor::PlantSnapshot;

/// Arguments of `sanmen alarms list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    place: WhereArgs,
    /// Also those that are shelved, suppressed, or out of service
    #[arg(long)]
    all: bool,
    /// One line for all that belong together: their cause or the first out, and how many there are
    #[arg(long)]
    group: bool,
    /// Also what to do about each: the rule's advice, and where the procedure stands
    #[arg(long)]
    advice: bool,
    #[command(flatten)]
    heard: HeardArgs,
}

/// Writes a line an alarm, and on stderr how many are set aside.
pub fn run(args: &ListArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(broker) = &args.heard.broker {
        return heard::run(&args.heard, broker, &args.place, out);
    }
    let lang: Lang = args.place.lang.into();
    let (scene, monitor, others) = live::block_on(|_, _| async {
        let scene = Scene::open(&args.place).await?;
        let monitor = scene.monitor().await?;
        let others = of_other_rules(&scene, lang).await?;
        Ok((scene, monitor, others))
    })?;
    let (snapshot, stops) = (monitor.snapshot(), monitor.announced_stops());
    let floods = snapshot.plants.iter().filter_map(|plant| flood_words(plant, lang));
    let floods: Vec<String> = floods.collect();
    let mut standing: Vec<AlarmEvent> =
        snapshot.plants.into_iter().flat_map(|plant| plant.standing).collect();
    standing.sort_by_key(AlarmEvent::rank);
    let aside = AlarmState::SET_ASIDE.map(|state| {
        let count = standing.iter().filter(|event| event.state == state).count();
        format!("{} {count}", words::state(lang, state))
    });
    standing.retain(|event| args.all || !event.state.is_set_aside());
    match args.place.format {
        Format::Json if args.group => {
            for fold in fold(&standing) {
                let of = fold.all.iter().find_map(|event| event.group.as_deref());
                let line = json!({
                    "first_out": fold.lead.belongs_to(),
                    "cause": of.and_then(|of| of.cause.as_ref()),
                    "count": fold.all.len(),
                    "alarms": fold.all,
                });
                writeln!(out, "{line}")?;
            }
        }
        Format::Json => {
            for event in &standing {
                let line = serde_json::to_string(event).map_err(Failure::outside)?;
                writeln!(out, "{line}")?;
            }
        }
        Format::Text if standing.is_empty() => writeln!(out, "{}", words::nothing(lang))?,
        Format::Text => {
            let folds = if args.group { fold(&standing) } else { Fold::each(&standing) };
            for line in table(&scene, &folds, lang).lines() {
                writeln!(out, "{}", line.trim_end())?;
            }
            if args.advice {
                write_advice(&scene, &standing, lang, out)?;
            }
        }
    }
    out.flush()?;
    say(&aside.join(" · "));
    for line in floods.iter().chain(&stops::lines(&scene, &stops, lang)).chain(&others) {
        say(line);
    }
    Ok(())
}

/// What stands by rules that are not known here: the monitor may have had others.
async fn of_other_rules(scene: &Scene, lang: Lang) -> Result<Option<String>, Failure> {
    let mut last: BTreeMap<AlarmId, AlarmState> = BTreeMap::new();
    let is_known = |rule: &RuleId| scene.book.index(rule.as_str()).is_some();
    let mut take = |entry: &Entry| {
        if let Record::Alarm(event) = &entry.record
            && !is_known(&event.id.rule)
        {
            last.insert(event.id.as_such(), event.state);
        }
    };
    scene.read(&mut take).await?;
    let mut rules: BTreeMap<&RuleId, usize> = BTreeMap::new();
    let stand = last.iter().filter(|(_, state)| **state != AlarmState::Normal);
    stand.for_each(|(id, _)| *rules.entry(&id.rule).or_default() += 1);
    let count: usize = rules.values().sum();
    let rules: Vec<String> = rules.iter().map(|(rule, n)| format!("{rule} ×{n}")).collect();
    let rules = rules.join(", ");
    Ok((count > 0).then(|| words::others(lang, count, &rules)))
}

/// The flood of a plant that goes on.
fn flood_words(plant: &PlantSnapshot, lang: Lang) -> Option<String> {
    let Flood { from, alarms, peak, first_out } = plant.flood.as_ref()?;
    let place = (plant.id.as_str(), &*from.to_string());
    Some(words::flood(lang, place, (*alarms, *peak), &first_out.to_string()))
}

/// What to do about each alarm.
fn write_advice(
    scene: &Scene,
    standing: &[AlarmEvent],
    lang: Lang,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    for event in standing {
        let rule = scene.book.rules().iter().find(|rule| rule.id == event.id.rule);
        writeln!(out, "\n{}\n    {}", event.id, event.advice_in(rule, lang))?;
        let runbook = event.texts.as_ref().and_then(|texts| texts.runbook.as_ref());
        if let Some(runbook) = runbook {
            writeln!(out, "    {runbook}")?;
        }
        for (name, text) in event.labels.iter().flat_map(|labels| &labels.0) {
            writeln!(out, "    {name}: {text}")?;
        }
    }
    Ok(())
}

/// Which others a line speaks for, such as `with 5 more (tag-silent ×5); `; empty: for none.
fn others(fold: &Fold<'_>, lang: Lang) -> String {
    let others = fold.all.iter().filter(|event| event.id != fold.lead.id);
    let mut rules: BTreeMap<&RuleId, usize> = BTreeMap::new();
    others.for_each(|event| *rules.entry(&event.id.rule).or_default() += 1);
    let count: usize = rules.values().sum();
    if count == 0 {
        return String::new();
    }
    let rules: Vec<String> = rules.iter().map(|(rule, n)| format!("{rule} ×{n}")).collect();
    words::company(lang, count, &rules.join(", "))
}

/// A line a fold: state and priority are those of its most urgent alarm.
fn table(scene: &Scene, folds: &[Fold<'_>], lang: Lang) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::TableStyle::new());
    table.set_header(words::head(lang));
    for fold in folds {
        let event = fold.lead;
        let state = fold.all.first().map_or(event.state, |first| first.state);
        let priority = fold.all.iter().map(|event| event.priority).max();
        let rule = scene.book.rules().iter().find(|rule| rule.id == event.id.rule);
        let title = event.title_in(rule, lang);
        let local = |at: Stamp| match scene.plant(event) {
            Some(plant) => at.month_day_time(plant.profile.utc_offset),
            None => at.to_string(),
        };
        let is_raised = event.change == AlarmChange::Raised;
        let raised = if is_raised { local(event.at) } else { "–".to_owned() };
        let chattering =
            event.chattering.as_ref().map(|it| words::chattering(lang, it.times, &local(it.since)));
        let why = others(fold, lang) + &chattering.unwrap_or_default() + event.why.said(lang);
        table.add_row([
            words::state(lang, state),
            words::priority(lang, priority.unwrap_or(event.priority)).to_owned(),
            raised,
            event.id.to_string(),
            title.to_owned(),
            why,
        ]);
    }
    table
}
