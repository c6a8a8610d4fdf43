//! `sanmen fleet …`: the works of a region, drawn from templates and a seed.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::common::{Format, Language};
use super::exit::Failure;
use super::plant::{source, source_in};
use super::{library, plant};
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::plant::fleet::{Fleet, Supply, Works};
use crate::plant::profile::SourceKind;

/// Arguments of `sanmen fleet`.
#[derive(Debug, Args)]
pub struct FleetArgs {
    #[command(subcommand)]
    command: Command,
}

/// What can be done with a fleet.
#[derive(Debug, Subcommand)]
enum Command {
    /// Count works, people and sources by county and template, beside the totals
    Show(ShowArgs),
    /// Write the works of a fleet as plant folders
    Write(WriteArgs),
}

/// Which fleet, and which draw of it.
#[derive(Debug, Args)]
struct Which {
    /// The fleet: one that is compiled in, or a file (.toml)
    #[arg(default_value = "xianning")]
    fleet: String,
    /// Seed of every draw, instead of the fleet's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// So many works instead of all: a sample, or more fleets of the same kind
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    works: Option<u32>,
}

/// Arguments of `sanmen fleet show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    which: Which,
    /// What stdout carries: tables for people, or one JSON object a works
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

/// Arguments of `sanmen fleet write`.
#[derive(Debug, Args)]
pub struct WriteArgs {
    #[command(flatten)]
    which: Which,
    /// The folder of plant folders to write them to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Which {
    fn draw(&self) -> Result<(Fleet, Seed, Vec<Works>), Failure> {
        let fleet = library::fleet(&self.fleet)?;
        let seed = self.seed.map_or(fleet.seed, Seed);
        let works = fleet.pick(seed, self.works.map(|count| count as usize));
        Ok((fleet, seed, works))
    }
}

/// Runs the subcommand; `out` is standard output.
pub fn run(args: &FleetArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        Command::Show(args) => show(args, out),
        Command::Write(args) => write(args, out),
    }
}

fn show(args: &ShowArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let (fleet, seed, works) = args.which.draw()?;
    if args.format == Format::Json {
        for one in &works {
            writeln!(out, "{}", object(&fleet, one))?;
        }
        return Ok(());
    }
    let lang: Lang = args.lang.into();
    let seed_word = lang.pick("seed", "种子");
    writeln!(out, "{}: {} ({seed_word} {})", fleet.id, fleet.title.get(lang), seed.0)?;
    writeln!(out, "{}\n", fleet.fiction.get(lang))?;
    table(&fleet, &works, lang, out)?;
    if args.which.works.is_none() {
        totals(&fleet, &works, lang, out)?;
    }
    Ok(())
}

fn object(fleet: &Fleet, works: &Works) -> serde_json::Value {
    let template = &fleet.templates[works.template];
    json!({
        "plant": works.id,
        "title": works.title,
        "county": fleet.counties[works.county].id,
        "template": template.id,
        "tap_water": template.supply == Supply::Centralised,
        "people": works.people,
        "source": source(works.source),
        "litres_a_head": (works.litres_a_head * 10.0).round() / 10.0,
    })
}

/// Works and people by county and template, and works by source.
fn table(fleet: &Fleet, works: &[Works], lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::TableStyle::new());
    let people = lang.pick("people", "人口");
    let mut head = vec![lang.pick("county", "县市区"), lang.pick("works", "水厂"), people];
    for template in &fleet.templates {
        head.extend([template.id.as_str(), people]);
    }
    head.extend(SourceKind::CHOICES.map(|(_, kind)| source_in(kind, lang)));
    table.set_header(head);
    let mut row = |name: &str, own: &[&Works]| {
        let count = |wanted: &dyn Fn(&Works) -> bool| {
            let own = own.iter().filter(|works| wanted(works));
            own.fold((0_u64, 0_u64), |(n, people), one| (n + 1, people + one.people))
        };
        let (all, people) = count(&|_| true);
        let mut cells = vec![name.to_owned(), all.to_string(), people.to_string()];
        for at in 0..fleet.templates.len() {
            let (number, people) = count(&|works| works.template == at);
            cells.extend([number.to_string(), people.to_string()]);
        }
        for (_, kind) in SourceKind::CHOICES {
            cells.push(count(&|works| works.source == kind).0.to_string());
        }
        table.add_row(cells);
    };
    let mut by_county: BTreeMap<usize, Vec<&Works>> = BTreeMap::new();
    for one in works {
        by_county.entry(one.county).or_default().push(one);
    }
    for (county, own) in &by_county {
        row(fleet.counties[*county].title.get(lang), own);
    }
    row(lang.pick("all", "合计"), &works.iter().collect::<Vec<_>>());
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The region's totals, and how exactly the works meet them.
fn totals(fleet: &Fleet, works: &[Works], lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let residual = fleet.shares().residual;
    let own = |supply| {
        let own = works.iter().filter(|works| fleet.templates[works.template].supply == supply);
        own.map(|works| works.people).sum::<u64>()
    };
    let (piped, other) = (own(Supply::Centralised), own(Supply::Dispersed));
    let (all, wanted) = (fleet.rural_residents, fleet.tap_water_percent);
    let percent = piped as f64 / all as f64 * 100.0;
    let nobody = all.saturating_sub(piped + other);
    match lang {
        Lang::En => writeln!(
            out,
            "\nrural residents {all}; with tap water {piped} = {percent:.4} % (wanted {wanted} %, \
             rounded to whole people by {residual:.2}); dispersed supply {other}; served by nobody \
             {nobody}"
        )?,
        Lang::Zh => writeln!(
            out,
            "\n农村常住人口{all};自来水人口{piped},占{percent:.4} %(目标{wanted} %,取整差{residual:.2}人);\
             分散供水{other};无人供水{nobody}"
        )?,
    }
    Ok(())
}

fn write(args: &WriteArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let (fleet, seed, works) = args.which.draw()?;
    let exists = works.iter().map(|one| args.out.join(one.id.as_str())).find(|path| path.exists());
    if let Some(path) = exists {
        let path = path.display();
        return Err(Failure::usage(format!("{path} exists already: take another --out")));
    }
    for one in &works {
        plant::write(&args.out.join(one.id.as_str()), &fleet.folder(one, seed))?;
    }
    let folder = args.out.display();
    writeln!(
        out,
        "{} plant folders in {folder}; next: sanmen plant list --plants {folder}",
        works.len()
    )?;
    Ok(())
}
