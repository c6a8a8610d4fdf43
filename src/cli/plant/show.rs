//! `sanmen plant show NAME`: one plant as its folder describes it.

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::list;
use crate::base::text::Lang;
use crate::cli::common::{Format, Language, PlantShelf};
use crate::cli::exit::Failure;
use crate::plant::Plant;
use crate::plant::network::{LinkKind, NodeKind};
use crate::plant::tags::SamplingPoint;

/// Arguments of `sanmen plant show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The plant: the name of its folder
    name: String,
    #[command(flatten)]
    shelves: PlantShelf,
    /// What stdout carries: text for people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

/// Writes what there is to know. Errors: no such plant, mistakes in the plants.
pub fn run(args: &ShowArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let plant = args.shelves.library().plant(&args.name)?;
    match args.format {
        Format::Json => writeln!(out, "{}", object(&plant))?,
        Format::Text => text(&plant, args.lang.into(), out)?,
    }
    Ok(())
}

fn object(plant: &Plant) -> serde_json::Value {
    let mut object = list::object(plant);
    let villages = plant.profile.villages.iter().map(|village| {
        json!({
            "village": village.id,
            "title": village.title,
            "people": village.people,
            "storeys": village.storeys,
            "taps": village.taps.len(),
        })
    });
    let tags = plant.instruments.iter().map(|instrument| {
        let tag = &instrument.tag;
        json!({
            "tag": tag.id,
            "title": tag.title,
            "quantity": tag.quantity.name(),
            "unit": tag.quantity.unit(),
            "poll_s": tag.poll.as_seconds(),
        })
    });
    let conditions = plant.conditions.iter().map(|condition| condition.name.as_str());
    object["village_list"] = villages.collect();
    object["tag_list"] = tags.collect();
    object["conditions"] = conditions.collect();
    object
}

fn text(plant: &Plant, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let profile = &plant.profile;
    writeln!(out, "{}: {} ({})", plant.id, profile.title.get(lang), profile.county.get(lang))?;
    writeln!(out, "{}", profile.fiction.get(lang))?;
    writeln!(
        out,
        "class {:?}, {} m³/d, {} people, source: {}",
        profile.size_class(),
        profile.design_capacity_m3_per_day,
        profile.population,
        list::source(profile.source),
    )?;
    let count = |wanted: &dyn Fn(&LinkKind) -> bool| {
        plant.network.links.iter().filter(|link| wanted(&link.kind)).count()
    };
    let is_tank = |kind: &NodeKind| matches!(kind, NodeKind::Tank(_));
    writeln!(
        out,
        "network: {} nodes ({} tanks), {} pipes, {} pumps, {} valves, {} controls",
        plant.network.nodes.len(),
        plant.network.nodes.iter().filter(|node| is_tank(&node.kind)).count(),
        count(&|kind| matches!(kind, LinkKind::Pipe { .. })),
        count(&|kind| matches!(kind, LinkKind::Pump { .. })),
        count(&|kind| matches!(kind, LinkKind::Valve { .. })),
        plant.network.controls.len(),
    )?;
    writeln!(out, "\nvillages")?;
    for village in &profile.villages {
        let (id, title, people) = (&village.id, village.title.get(lang), village.people);
        let taps = village.taps.len();
        writeln!(out, "  {id:<12} {title}: {people} people, {taps} taps")?;
    }
    let train = &plant.train;
    let name = |at: usize| plant.network.nodes[at].id.as_str();
    writeln!(
        out,
        "\ntreatment: {} m³/h at most from {}, clear well {} ({} to {} m), {} at {} mg/L",
        train.capacity_m3_per_h,
        name(train.outlet.0),
        name(train.clear_well.0),
        train.start_level_m,
        train.stop_level_m,
        train.dosing.id,
        train.dosing.dose_mg_per_l,
    )?;
    writeln!(out, "\ninstruments")?;
    for instrument in &plant.instruments {
        let tag = &instrument.tag;
        let (id, title, unit) = (&tag.id, tag.title.get(lang), tag.quantity.unit());
        let point = SamplingPoint::CHOICES.iter().find(|(_, point)| *point == tag.point);
        let point = point.map_or("", |(word, _)| *word);
        writeln!(out, "  {id:<10} {title} [{unit}], {point}, every {}", tag.poll)?;
    }
    let conditions: Vec<&str> = plant.conditions.iter().map(|c| c.name.as_str()).collect();
    writeln!(out, "\nconditions: {}", conditions.join(", "))?;
    Ok(())
}
