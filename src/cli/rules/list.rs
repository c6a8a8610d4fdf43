//! `sanmen rules list`: the rules, and what they watch at a plant.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use crate::base::ids::PackId;
use crate::base::text::Lang;
use crate::base::{Span, TagId};
use crate::cli::common::{Format, Language, Shelves, place_name};
use crate::cli::exit::{Failure, both};
use crate::cli::table;
use crate::cli::view::words::Words;
use crate::inspection::book::{Book, InspectionRule, Kind, NoData};
use crate::inspection::limit::{LimitInForce, Side};
use crate::inspection::unit_keys::Measured;
use crate::plant::Plant;
use crate::plant::tags::{Tag, TagIndex};

/// Arguments of `sanmen rules list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Show what each rule watches at this plant, with the limits in force there
    #[arg(long, value_name = "NAME")]
    plant: Option<String>,
    /// Only rules of this pack
    #[arg(long, value_name = "ID", value_parser = PackId::new)]
    pack: Option<PackId>,
    #[command(flatten)]
    shelves: Shelves,
    /// What stdout carries: a table for people, or one JSON object a rule
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

/// Writes a line a rule. Errors: every mistake of rules and plants.
pub fn run(args: &ListArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let library = args.shelves.library();
    let plants: Result<Vec<Arc<Plant>>, Failure> = match &args.plant {
        Some(name) => library.plant(name).map(|plant| vec![plant]),
        None => library.plants().map(|all| all.into_values().collect()).map_err(Failure::from),
    };
    let (plants, book) = both(plants, Path::new("--plant"), library.book())?;
    if let Some((text, help)) = args.pack.as_ref().and_then(|id| book.no_pack(id)) {
        return Err(Failure::usage(format!("{text}; {help}")));
    }
    let is_wanted = |rule: &&InspectionRule| {
        args.pack.is_none() || args.pack.as_ref() == rule.pack.as_ref().map(|it| &it.id)
    };
    let rules: Vec<&InspectionRule> = book.rules().iter().filter(is_wanted).collect();
    if args.format == Format::Json {
        for rule in rules {
            writeln!(out, "{}", object(rule, &plants))?;
        }
        return Ok(());
    }
    let (lang, here) = (args.lang.into(), args.plant.is_some());
    let line = |rule: &&InspectionRule| {
        if here { row_at(rule, &plants[0], lang) } else { Some(row(rule, lang)) }
    };
    let rows: Vec<[String; 8]> = rules.iter().filter_map(line).collect();
    let idle = rules.len() - rows.len();
    let head = lang.pick(
        ["rule", "title", "watches", "looks for", "delays", "priority", "pack", "source"],
        ["规则", "名称", "对象", "条件", "延时", "优先级", "规则包", "依据"],
    );
    let mut lines = table::plain(&head);
    lines.add_rows(rows);
    table::write(&lines, out)?;
    if args.pack.is_none() {
        packs(&book, &plants, lang, out)?;
    }
    if rules.iter().any(|rule| !rule.mark().is_empty()) {
        let [en, zh] = ["[M]: from memory, unverified", "[M]:凭记忆,未核实"];
        writeln!(out, "\n{}", if lang == Lang::Zh { zh } else { en })?;
    }
    if idle > 0 {
        let says = match lang {
            Lang::En => format!("{idle} rules watch nothing at this plant"),
            Lang::Zh => format!("另有{idle}条规则在该水厂无对象"),
        };
        writeln!(out, "\n{says}")?;
    }
    Ok(())
}

/// The packs there are, and where each is in force.
fn packs(book: &Book, plants: &[Arc<Plant>], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    if book.packs().is_empty() {
        return Ok(());
    }
    let mut lines = table::plain(&lang.pick(
        ["pack", "title", "edition", "in force at", "source"],
        ["规则包", "名称", "版本", "生效水厂", "依据"],
    ));
    for pack in book.packs() {
        let within = pack.within();
        let there = plants.iter().filter(|plant| within.is_chosen(&plant.profile));
        let there: Vec<&str> = there.map(|plant| plant.id.as_str()).collect();
        let nowhere = match lang {
            Lang::En => "no plant chooses it: name it in `packs`",
            Lang::Zh => "无水厂选用(在 packs 中选用)",
        };
        let there = if there.is_empty() { nowhere.to_owned() } else { there.join(" ") };
        let note = pack.note.as_ref().map_or("", |note| note.get(lang));
        let source = [pack.source.get(lang), note].join(" ").trim_end().to_owned();
        let edition = pack.edition.clone().unwrap_or_default();
        let title = pack.title.get(lang).to_owned();
        lines.add_row([pack.id.to_string(), title, edition, there, source]);
    }
    writeln!(out)?;
    table::write(&lines, out)
}

/// A rule as its file says it.
fn row(rule: &InspectionRule, lang: Lang) -> [String; 8] {
    cells(rule, lang, rule.scope(lang), rule.condition(lang))
}

/// A rule at a plant, if it watches anything there.
fn row_at(rule: &InspectionRule, plant: &Plant, lang: Lang) -> Option<[String; 8]> {
    let places = places(rule, plant);
    if places.is_empty() {
        return None;
    }
    let names = places.iter().map(|place| place.name(lang)).collect::<Vec<_>>().join(" ");
    let mut limits: Vec<String> = Vec::new();
    for place in &places {
        let limit = place.limit.map(|(limit, measured)| limit.words(measured, lang));
        let limit = limit.map(|words| words + &rule.further_levels(lang));
        let words = limit.unwrap_or_else(|| rule.condition(lang));
        if !limits.contains(&words) {
            limits.push(words);
        }
    }
    Some(cells(rule, lang, names, limits.join(lang.pick("; ", ";"))))
}

fn cells(rule: &InspectionRule, lang: Lang, watches: String, looks_for: String) -> [String; 8] {
    let delays = match (rule.on_delay, rule.off_delay) {
        (Span::ZERO, Span::ZERO) => lang.pick("at once", "立即").to_owned(),
        (on, off) => match lang {
            Lang::En => format!("on {on}, off {off}"),
            Lang::Zh => format!("报警{on},恢复{off}"),
        },
    };
    [
        rule.id.to_string(),
        rule.title.get(lang).to_owned(),
        watches,
        looks_for,
        delays,
        Words::of(lang).priorities[rule.priority as usize].to_owned(),
        rule.pack.as_ref().map(|pack| pack.id.to_string()).unwrap_or_default(),
        rule.source.get(lang).to_owned(),
    ]
}

/// What a rule watches: an instrument, a sampling site, or the plant.
pub(super) struct Place {
    /// The instrument or site.
    pub(super) tag: Option<TagId>,
    /// The limit in force there, if the rule has one.
    pub(super) limit: Option<(LimitInForce, Measured)>,
}

impl Place {
    pub(super) fn name(&self, lang: Lang) -> &str {
        place_name(self.tag.as_ref(), lang)
    }
}

/// Where a rule looks at a plant.
pub(super) fn places(rule: &InspectionRule, plant: &Plant) -> Vec<Place> {
    let profile = &plant.profile;
    if !rule.is_chosen(profile) {
        return Vec::new();
    }
    if rule.watches_plant(profile) {
        return vec![Place { tag: None, limit: None }];
    }
    let tags = plant.instruments.iter().map(|instrument| &instrument.tag);
    if let Kind::Expression(expression) = &rule.kind {
        let tags: Vec<Tag> = tags.map(|tag| tag.as_ref().clone()).collect();
        let bindings = expression.bind(profile, &tags).unwrap_or_default().into_iter();
        let tag = |about: TagIndex| tags.get(about.0).map(|tag| tag.id.clone());
        let places = bindings.map(|it| Place { tag: it.about.and_then(tag), limit: None });
        return places.collect();
    }
    let instruments = tags.filter(|tag| rule.watches(profile, tag)).map(|tag| {
        let limit = rule.limit_for(profile, tag);
        let limit = limit.map(|limit| (limit, Measured::Quantity(tag.quantity)));
        Place { tag: Some(tag.id.clone()), limit }
    });
    let sites = profile.sites.iter().filter(|site| rule.watches_site(profile, site)).map(|site| {
        let limit = match rule.kind {
            Kind::LabLimit(analyte, limit, _) => Some((limit, Measured::Analyte(analyte))),
            _ => None,
        };
        Place { tag: Some(site.id.clone()), limit }
    });
    instruments.chain(sites).collect()
}

fn object(rule: &InspectionRule, plants: &[Arc<Plant>]) -> Value {
    let watches: Vec<Value> = plants
        .iter()
        .flat_map(|plant| {
            places(rule, plant).into_iter().map(|place| {
                let limit = place.limit.map(|(limit, measured)| {
                    json!({
                        "side": if limit.side == Side::Below { "below" } else { "above" },
                        "raise": limit.raise,
                        "clear": limit.clear,
                        "unit": measured.measured_in().wire,
                    })
                });
                json!({ "plant": plant.id, "tag": place.tag, "limit": limit })
            })
        })
        .collect();
    let further = rule.levels.further.iter();
    let levels: Vec<Value> = further
        .map(|level| {
            json!({
                "priority": level.priority.name(),
                "raise": level.limit.raise,
                "clear": level.limit.clear,
                "on_delay_min": level.on_delay.as_seconds() / 60.0,
                "off_delay_min": level.off_delay.as_seconds() / 60.0,
            })
        })
        .collect();
    json!({
        "rule": rule.id,
        "title": rule.title,
        "kind": rule.kind.name(),
        "scope": rule.select.words(Lang::En),
        "looks_for": rule.condition(Lang::En),
        "on_delay_min": rule.on_delay.as_seconds() / 60.0,
        "off_delay_min": rule.off_delay.as_seconds() / 60.0,
        "priority": rule.priority.name(),
        "levels": levels,
        "no_data": no_data(rule.no_data),
        "pack": rule.pack.as_ref().map(|pack| &pack.id),
        "source": rule.source.en,
        "source_zh": rule.source.other_zh(),
        "unverified": !rule.mark().is_empty(),
        "edition": rule.edition,
        "advice": rule.advice,
        "labels": rule.labels,
        "runbook": rule.runbook,
        "watches": watches,
    })
}

fn no_data(policy: NoData) -> &'static str {
    match policy {
        NoData::Hold => "hold",
        NoData::Alarm => "alarm",
        NoData::Clear => "clear",
    }
}
