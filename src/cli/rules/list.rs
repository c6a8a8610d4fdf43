//! `sanmen rules list`: the rules, and what they watch at a plant.

use std::io::Write;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use crate::base::text::Lang;
use crate::base::{Span, TagId};
use crate::cli::common::{Format, Language, Shelves};
use crate::cli::exit::Failure;
use crate::cli::table;
use crate::inspection::book::{InspectionRule, Kind, NoData};
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
    let book = library.book()?;
    let plants: Vec<Arc<Plant>> = match &args.plant {
        Some(name) => vec![library.plant(name)?],
        None => library.plants()?.into_values().collect(),
    };
    if args.format == Format::Json {
        for rule in book.rules() {
            writeln!(out, "{}", object(rule, &plants))?;
        }
        return Ok(());
    }
    let (lang, here) = (args.lang.into(), args.plant.is_some());
    let rows: Vec<[String; 7]> = book
        .rules()
        .iter()
        .filter_map(
            |rule| if here { row_at(rule, &plants[0], lang) } else { Some(row(rule, lang)) },
        )
        .collect();
    let idle = book.rules().len() - rows.len();
    let head = ["rule", "title", "watches", "looks for", "delays", "priority", "source"];
    let mut rules = table::plain(&head);
    rules.add_rows(rows);
    table::write(&rules, out)?;
    if idle > 0 {
        writeln!(out, "\n{idle} rules watch nothing at this plant")?;
    }
    Ok(())
}

/// A rule as its file says it.
fn row(rule: &InspectionRule, lang: Lang) -> [String; 7] {
    cells(rule, lang, rule.scope(), rule.condition())
}

/// A rule at a plant, if it watches anything there.
fn row_at(rule: &InspectionRule, plant: &Plant, lang: Lang) -> Option<[String; 7]> {
    let places = places(rule, plant);
    if places.is_empty() {
        return None;
    }
    let names = places.iter().map(Place::name).collect::<Vec<_>>().join(" ");
    let mut limits: Vec<String> = Vec::new();
    for place in &places {
        let limit = place.limit.map(|(limit, measured)| limit.words(measured));
        let limit = limit.map(|words| words + &rule.further_levels());
        let words = limit.unwrap_or_else(|| rule.condition());
        if !limits.contains(&words) {
            limits.push(words);
        }
    }
    Some(cells(rule, lang, names, limits.join("; ")))
}

fn cells(rule: &InspectionRule, lang: Lang, watches: String, looks_for: String) -> [String; 7] {
    let delays = match (rule.on_delay, rule.off_delay) {
        (Span::ZERO, Span::ZERO) => "at once".to_owned(),
        (on, off) => format!("on {on}, off {off}"),
    };
    [
        rule.id.to_string(),
        rule.title.get(lang).to_owned(),
        watches,
        looks_for,
        delays,
        rule.priority.name().to_owned(),
        rule.source.clone(),
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
    fn name(&self) -> &str {
        self.tag.as_ref().map_or("plant", TagId::as_str)
    }
}

/// Where a rule looks at a plant.
pub(super) fn places(rule: &InspectionRule, plant: &Plant) -> Vec<Place> {
    let profile = &plant.profile;
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
            Kind::LabLimit(analyte, limit) => Some((limit, Measured::Analyte(analyte))),
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
        "scope": rule.select.words(),
        "looks_for": rule.condition(),
        "on_delay_min": rule.on_delay.as_seconds() / 60.0,
        "off_delay_min": rule.off_delay.as_seconds() / 60.0,
        "priority": rule.priority.name(),
        "levels": levels,
        "no_data": no_data(rule.no_data),
        "source": rule.source,
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
