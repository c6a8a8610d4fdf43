//! `sanmen rounds`: which samples are due where, from a ledger or from a scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::alarms::{Scene, WhereArgs};
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::base::{PlantId, Stamp};
use crate::cli::common::{Format, moment};
use crate::cli::exit::{self, Failure};
use crate::cli::library::{self, Script};
use crate::cli::live::{self, say};
use crate::exercise::{judge, offline};
use crate::ingest::observation::{IngestChange, LabEvent, PlantIndex, SiteResult};
use crate::inspection::book::{Book, InspectionRule, Kind};
use crate::inspection::round::{Duty, Standing, Status};
use crate::inspection::round_watch::{Rounds, shown};
use crate::ledger::record::{Entry, Record};
use crate::plant::Plant;
use crate::plant::tags::SiteIndex;

/// Arguments of `sanmen rounds`.
#[derive(Debug, Args)]
pub struct RoundsArgs {
    /// A scenario to play, a file or the name of one that ships; a ledger by default
    #[arg(value_name = "SCENARIO", conflicts_with_all = ["data", "space"])]
    scenario: Option<PathBuf>,
    /// Seed of every random draw, instead of the scenario's
    #[arg(long, value_name = "N", requires = "scenario")]
    seed: Option<u64>,
    /// Only the rounds of this plant; may be given several times
    #[arg(long, value_name = "PLANT", value_parser = PlantId::new)]
    plant: Vec<PlantId>,
    /// As it was known at this moment, such as 2024-12-05T12:00:00+08:00; now by default
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Stamp>,
    #[command(flatten)]
    place: WhereArgs,
}

/// What is known of some plants.
struct Found {
    book: Book,
    plants: Vec<Arc<Plant>>,
    /// Results by plant, as they came.
    results: BTreeMap<PlantId, Vec<LabEvent>>,
    /// Up to when, by plant.
    known_to: BTreeMap<PlantId, Stamp>,
}

/// Writes a line a round and place, the worst first.
pub fn run(args: &RoundsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let found = match &args.scenario {
        Some(path) => of_scenario(path, args)?,
        None => of_ledger(args)?,
    };
    if let Some(unknown) = args.plant.iter().find(|id| !found.plants.iter().any(|it| it.id == **id))
    {
        let known: Vec<&str> = found.plants.iter().map(|plant| plant.id.as_str()).collect();
        let known = known.join(", ");
        return Err(Failure::usage(format!("nothing is known of {unknown}; known: {known}")));
    }
    let lang = args.place.lang.into();
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::TableStyle::new());
    table.set_header(HEAD.map(|(en, zh)| if lang == Lang::Zh { zh } else { en }));
    let mut lines = Vec::new();
    let mut unsampled = BTreeSet::new();
    for plant in &found.plants {
        let wanted = args.plant.is_empty() || args.plant.contains(&plant.id);
        let Some(now) = args.at.or_else(|| found.known_to.get(&plant.id).copied()) else {
            continue;
        };
        if !wanted {
            continue;
        }
        if plant.profile.sites.is_empty() {
            unsampled.insert(plant.id.as_str());
        }
        let rounds = found.judged(plant, now);
        let mut rows: Vec<Row<'_>> = (rounds.statuses(now))
            .filter_map(|(watch, what, status)| {
                let rule = found.book.rule(watch.rule)?;
                let Kind::Round(duty) = rule.kind else { return None };
                let place = watch.tag.map_or("", |_| what);
                Some(Row { plant, rule, duty, place, status })
            })
            .collect();
        rows.sort_by_key(|row| row.status.standing);
        for row in &rows {
            table.add_row(row.cells(lang));
            lines.push(row.json(now));
        }
    }
    match args.place.format {
        Format::Json => lines.iter().try_for_each(|line| writeln!(out, "{line}"))?,
        Format::Text if lines.is_empty() => writeln!(
            out,
            "{}",
            lang.pick("no round is due at these plants", "这些水厂没有应做的采样巡检")
        )?,
        Format::Text => {
            for line in table.lines() {
                writeln!(out, "{}", line.trim_end())?;
            }
        }
    }
    out.flush()?;
    if !unsampled.is_empty() {
        let plants: Vec<&str> = unsampled.into_iter().collect();
        let plants = plants.join(lang.pick(", ", "、"));
        say(&match lang {
            Lang::En => format!("no sampling sites, so that nobody can sample: {plants}"),
            Lang::Zh => format!("没有采样点,无法采样:{plants}"),
        });
    }
    Ok(())
}

impl Found {
    /// The rounds of a plant, with every result that was reported by `now`.
    fn judged(&self, plant: &Plant, now: Stamp) -> Rounds {
        let mut rounds =
            Rounds::new(&self.book, PlantIndex(0), &plant.profile, plant.instruments.len());
        let mut findings = Vec::new();
        let mut results: Vec<&LabEvent> =
            self.results.get(&plant.id).into_iter().flatten().collect();
        results.retain(|event| !event.late && event.result.reported_at <= now);
        results.sort_by_key(|event| (event.result.reported_at, event.result.taken_at, event.n));
        for event in results {
            let site = plant.profile.sites.iter().position(|site| site.id == event.result.site);
            let Some(site) = site.map(SiteIndex) else { continue };
            let result = SiteResult { plant: PlantIndex(0), site, result: event.result.clone() };
            rounds.observe(&result, &mut findings);
            findings.clear();
        }
        rounds.advance(now, &mut findings);
        rounds
    }

    fn take(&mut self, entry: &Entry) {
        match (&entry.plant, &entry.record) {
            (Some(plant), Record::Lab(event)) => {
                self.results.entry(plant.clone()).or_default().push(event.clone());
            }
            (Some(plant), Record::Ingest(event))
                if matches!(event.what, IngestChange::ClockBack { real: false, .. }) =>
            {
                self.results.remove(plant); // another exercise
            }
            _ => {}
        }
    }
}

fn of_ledger(args: &RoundsArgs) -> Result<Found, Failure> {
    live::block_on(|_, _| async {
        let scene = Scene::open(&args.place).await?;
        let mut found = Found {
            book: scene.book.clone(),
            plants: scene.plants.clone(),
            results: BTreeMap::new(),
            known_to: BTreeMap::new(),
        };
        scene.read(&mut |entry| found.take(entry)).await?;
        for plant in scene.snapshot().await?.plants {
            found.known_to.extend(plant.frontier.map(|to| (plant.id, to)));
        }
        Ok(found)
    })
}

fn of_scenario(path: &Path, args: &RoundsArgs) -> Result<Found, Failure> {
    let library = args.place.shelves.library();
    let (plants, book) = library.plants_and_book()?;
    let source = library::scenario_source(path)?;
    let Script::Plant(scenario) = library::script(&source, &plants)? else {
        let text = "nobody samples the works of a fleet: name a scenario of one plant";
        return Err(Failure::usage(text));
    };
    let plant = plants.get(scenario.plant.as_str()).ok_or(Failure::Bug)?;
    let book = library.judging(&book, scenario.judged_by.as_ref())?.into_owned();
    judge::unknown_rules(&scenario, &[&book]).into_result(Some(()))?;
    let played = offline::play(plant, &scenario, &book, args.seed.map(Seed));
    let played = played.map_err(|error| Failure::usage(exit::chain(&error)))?;
    let mut found = Found {
        book,
        plants: vec![plant.clone()],
        results: BTreeMap::new(),
        known_to: BTreeMap::from([(plant.id.clone(), scenario.end())]),
    };
    played.entries.iter().for_each(|entry| found.take(entry));
    Ok(found)
}

/// The columns.
const HEAD: [(&str, &str); 8] = [
    ("state", "状态"),
    ("plant", "水厂"),
    ("rule", "规则"),
    ("at", "采样点"),
    ("period", "周期"),
    ("lacking", "缺项"),
    ("done", "已完成"),
    ("missed", "漏采"),
];

struct Row<'a> {
    plant: &'a Plant,
    rule: &'a InspectionRule,
    duty: Duty,
    /// The site; empty when any site will do.
    place: &'a str,
    status: Status,
}

impl Row<'_> {
    fn period(&self, lang: Lang) -> String {
        let offset = self.plant.profile.utc_offset;
        self.status.period.map_or_else(String::new, |period| shown(period, offset, lang))
    }

    fn cells(&self, lang: Lang) -> [String; 8] {
        let point = self.rule.select.point.map_or("", |it| lang.pick(it.name(), it.zh()));
        let place = if self.place.is_empty() { point } else { self.place };
        [
            word(self.status.standing, lang).to_owned(),
            self.plant.id.to_string(),
            self.rule.id.to_string(),
            place.to_owned(),
            self.period(lang),
            self.status.lacking.spoken_in(lang),
            self.status.done.to_string(),
            self.status.missed.to_string(),
        ]
    }

    fn json(&self, now: Stamp) -> serde_json::Value {
        let lacking: Vec<_> = self.status.lacking.iter().collect();
        let analytes: Vec<_> = self.duty.analytes.iter().collect();
        let site = (!self.place.is_empty()).then_some(self.place);
        json!({
            "at": now,
            "plant": self.plant.id,
            "rule": self.rule.id,
            "source": self.rule.source.en,
            "source_zh": self.rule.source.other_zh(),
            "point": self.rule.select.point,
            "site": site,
            "standing": self.status.standing,
            "from": self.status.period.map(|it| it.from),
            "until": self.status.period.map(|it| it.until),
            "results_by": self.status.period.map(|it| it.until + self.duty.grace),
            "analytes": analytes,
            "days": self.duty.times,
            "lacking": lacking,
            "periods_done": self.status.done,
            "periods_missed": self.status.missed,
        })
    }
}

fn word(standing: Standing, lang: Lang) -> &'static str {
    let (en, zh) = match standing {
        Standing::Missed => ("missed", "漏采"),
        Standing::Late => ("late", "逾期"),
        Standing::Due => ("due", "待采"),
        Standing::Done => ("done", "已采"),
        Standing::NotBegun => ("not begun", "未开始"),
    };
    if lang == Lang::Zh { zh } else { en }
}
