//! `sanmen plant list`: the plants there are.

use std::io::Write;

use clap::Args;
use serde_json::json;

use crate::base::text::Lang;
use crate::cli::common::{Format, Language, PlantShelf};
use crate::cli::exit::Failure;
use crate::plant::Plant;
use crate::plant::profile::SourceKind;

/// Arguments of `sanmen plant list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    shelves: PlantShelf,
    /// What stdout carries: a table for people, or one JSON object a plant
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

/// Writes a line a plant. Errors: every mistake of every plant.
pub fn run(args: &ListArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let plants = args.shelves.library().plants()?;
    let lang: Lang = args.lang.into();
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::TableStyle::new());
    table.set_header(lang.pick(
        ["plant", "name", "class", "m³/d", "people", "source", "nodes", "tags"],
        ["水厂", "名称", "类型", "m³/d", "人口", "水源", "节点", "测点"],
    ));
    for plant in plants.values() {
        match args.format {
            Format::Json => writeln!(out, "{}", object(plant))?,
            Format::Text => {
                let profile = &plant.profile;
                table.add_row([
                    plant.id.to_string(),
                    profile.title.get(lang).to_owned(),
                    format!("{:?}", profile.size_class()),
                    profile.design_capacity_m3_per_day.to_string(),
                    profile.population.to_string(),
                    source_in(profile.source, lang).to_owned(),
                    plant.network.nodes.len().to_string(),
                    plant.instruments.len().to_string(),
                ]);
            }
        }
    }
    if args.format == Format::Text {
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

/// A plant in figures.
pub(super) fn object(plant: &Plant) -> serde_json::Value {
    let profile = &plant.profile;
    json!({
        "plant": plant.id,
        "title": profile.title,
        "county": profile.county,
        "class": format!("{:?}", profile.size_class()),
        "design_capacity_m3_per_day": profile.design_capacity_m3_per_day,
        "people": profile.population,
        "source": source(profile.source),
        "villages": profile.villages.len(),
        "nodes": plant.network.nodes.len(),
        "links": plant.network.links.len(),
        "tags": plant.instruments.len(),
    })
}

/// As files write it.
pub fn source(kind: SourceKind) -> &'static str {
    let found = SourceKind::CHOICES.iter().find(|(_, known)| *known == kind);
    found.map_or("", |(word, _)| *word)
}

/// For people.
pub fn source_in(kind: SourceKind, lang: Lang) -> &'static str {
    let zh = match kind {
        SourceKind::River => "河流",
        SourceKind::Reservoir => "水库",
        SourceKind::Spring => "泉水",
        SourceKind::Well => "井水",
    };
    lang.pick(source(kind), zh)
}
