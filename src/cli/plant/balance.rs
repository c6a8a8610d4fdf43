//! `sanmen plant balance NAME [SCENARIO]`: where all water and everything in it went.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use crate::base::analyte::Analyte;
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::base::units::Unit;
use crate::base::{Span, Stamp};
use crate::cli::common::{Format, Language, PlantShelf, SeedFlag};
use crate::cli::exit::Failure;
use crate::cli::library::{self, Script};
use crate::plant::Plant;
use crate::plant::train::Agent;
use crate::scenario::injection::Injection;
use crate::world::quality::{Account, Books, Species, part_of};
use crate::world::{Soundness, World};

/// The day that is played without a scenario: midnight in China.
const DAY: &str = "2024-12-05T00:00:00+08:00";

/// Arguments of `sanmen plant balance`.
#[derive(Debug, Args)]
pub struct BalanceArgs {
    /// The plant: the name of its folder
    name: String,
    /// A scenario of that plant; a quiet winter day when left out
    scenario: Option<PathBuf>,
    #[command(flatten)]
    seed: SeedFlag,
    #[command(flatten)]
    shelf: PlantShelf,
    /// What stdout carries: a table for people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

/// What is played.
struct Play {
    condition: usize,
    start: Stamp,
    duration: Span,
    step: Span,
    seed: Seed,
    injections: Vec<Injection>,
}

/// Plays and writes the account. Errors: no such plant or scenario, one of another plant, no
/// solution, an account that does not close.
pub fn run(args: &BalanceArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let plants = args.shelf.library().plants()?;
    let plant = args.shelf.library().plant(&args.name)?;
    plant.check_simulated()?;
    let mut play = match &args.scenario {
        None => quiet_day(&plant)?,
        Some(path) => {
            let source = library::scenario_source(path)?;
            let Script::Plant(scenario) = library::script(&source, &plants)? else {
                let text = format!("{} happens to a fleet, not to one plant", path.display());
                return Err(Failure::usage(text));
            };
            if scenario.plant != plant.id {
                let text = format!("{} happens to {}", path.display(), scenario.plant);
                return Err(Failure::usage(text));
            }
            let seed = args.seed.or(scenario.seed);
            Play {
                condition: scenario.condition,
                start: scenario.start,
                duration: scenario.duration,
                step: scenario.step,
                seed,
                injections: scenario.injections_with(seed),
            }
        }
    };
    play.seed = args.seed.or(play.seed);
    let world = played(&plant, &play)?;
    let (books, soundness) = (world.books(), world.soundness());
    let liquid =
        Liquid { agent: plant.train.dosing.agent, substance: world.truth().works.substance };
    match args.format {
        Format::Json => {
            let object = json!({
                "plant": plant.id, "hours": play.duration.as_hours(), "seed": play.seed.0,
                "steps": books.steps, "unclosed": books.unclosed,
                "numerical_share": soundness.numerical_share,
                "accounts": accounts(books, liquid).map(|(row, account)| object(&row, &account))
                    .collect::<Vec<_>>(),
            });
            writeln!(out, "{object}")?;
        }
        Format::Text => write_table((books, liquid), &soundness, args.lang.into(), out)?,
    }
    let hint = "this is a mistake of the program, not of your files";
    if soundness.is_sound() { Ok(()) } else { Err(Failure::usage(format!("{soundness}: {hint}"))) }
}

fn quiet_day(plant: &Plant) -> Result<Play, Failure> {
    let (start, _) = Stamp::parse(DAY).map_err(|_| Failure::Bug)?;
    let usual = plant.conditions.iter().position(|condition| condition.name == "normal");
    Ok(Play {
        condition: usual.unwrap_or(0),
        start,
        duration: Span::DAY,
        step: Span::MINUTE,
        seed: Seed(1),
        injections: Vec::new(),
    })
}

fn played(plant: &Arc<Plant>, play: &Play) -> Result<World, Failure> {
    let cannot = |error| Failure::usage(format!("the plant cannot be simulated: {error}"));
    let world = World::new(plant, play.condition, play.start, play.seed, &play.injections);
    let mut world = world.map_err(cannot)?.with_step(play.step);
    while world.truth().at < play.start + play.duration {
        world.step().map_err(cannot)?;
    }
    Ok(world)
}

/// What some species of it are.
#[derive(Clone, Copy)]
struct Liquid {
    agent: Agent,
    /// The dissolved substance that befalls its source.
    substance: Option<Analyte>,
}

/// A row: its name in both languages, and the unit of its amounts.
struct Row {
    name: &'static str,
    zh: &'static str,
    unit: &'static str,
}

/// Water first, then everything in it; of a dissolved substance where there is one.
fn accounts(books: &Books, liquid: Liquid) -> impl Iterator<Item = (Row, Account)> {
    let water = (Row { name: "water", zh: "水", unit: "m³" }, *books.water());
    let species = Species::ALL.into_iter().filter_map(move |species| {
        let account = *books.account(species);
        let (zh, unit) = of_species(species);
        match (species, liquid) {
            (Species::Chlorine, Liquid { agent: Agent::ChlorineDioxide, .. }) => {
                Some((Row { name: "chlorine dioxide", zh: "二氧化氯", unit }, account))
            }
            (Species::Substance, Liquid { substance, .. }) => {
                let analyte = substance?;
                let is_activity = analyte.measured_in() == Unit::BQ_PER_L;
                let unit = if is_activity { "kBq" } else { unit };
                let row = Row { name: analyte.spoken(), zh: analyte.zh(), unit };
                Some((row, account.in_units_of(part_of(analyte))))
            }
            _ => Some((Row { name: species.name(), zh, unit }, account)),
        }
    });
    std::iter::once(water).chain(species)
}

/// The Chinese name of a species, and its unit times m³.
fn of_species(species: Species) -> (&'static str, &'static str) {
    match species {
        Species::Chlorine => ("游离氯", "g"),
        Species::Turbidity => ("浑浊度", "NTU·m³"),
        Species::Conductivity => ("电导率", "µS/cm·m³"),
        Species::Age => ("水龄", "h·m³"),
        Species::Chlorate => ("氯酸盐", "g"),
        Species::Combined => ("化合氯", "g"),
        Species::EColi => ("大肠埃希氏菌", "10⁴ MPN"),
        Species::ByProduct => ("三卤甲烷", "g"),
        Species::Organics => ("高锰酸盐指数", "g"),
        Species::Ammonia => ("氨", "g"),
        Species::Aluminium => ("铝", "g"),
        Species::Manganese => ("锰", "g"),
        Species::Chlorite => ("亚氯酸盐", "g"),
        Species::Substance => ("溶解性物质", "g"),
    }
}

/// What of an account is shown, in the order of the columns.
fn amounts(account: &Account) -> [(&'static str, &'static str, f64); 10] {
    [
        ("opening", "期初", account.opening),
        ("entered", "取水", account.entered),
        ("added", "投加", account.added),
        ("taps", "用户", account.withdrawn),
        ("leaks", "漏失", account.lost),
        ("overflow", "溢流", account.overflowed),
        ("sludge_wash", "排泥反洗", account.wasted),
        ("reacted", "反应", account.reacted),
        ("numerical", "数值", account.numerical),
        ("stored", "期末", account.stored),
    ]
}

fn object(row: &Row, account: &Account) -> Value {
    let mut object = json!({ "of": row.name, "unit": row.unit });
    for (key, _, amount) in amounts(account) {
        object[key] = json!(amount);
    }
    object["residual_share"] = json!(account.residual_share());
    object["worst_step"] = json!(account.worst_residual);
    object
}

fn write_table(
    (books, liquid): (&Books, Liquid),
    soundness: &Soundness,
    lang: Lang,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::TableStyle::new());
    let columns = amounts(books.water()).map(|(key, zh, _)| match lang {
        Lang::En => key.replace("sludge_wash", "sludge, wash"),
        Lang::Zh => zh.to_owned(),
    });
    let residual = match lang {
        Lang::En => "residual",
        Lang::Zh => "残差",
    };
    let ends = [String::new(), String::new()];
    table.set_header(ends.into_iter().chain(columns).chain([residual.to_owned()]));
    for (row, account) in accounts(books, liquid) {
        let name = match lang {
            Lang::En => row.name,
            Lang::Zh => row.zh,
        };
        let head = [name.to_owned(), row.unit.to_owned()];
        let cells = amounts(&account).map(|(_, _, amount)| number(amount));
        let residual = format!("{:.0e}", account.residual_share());
        table.add_row(head.into_iter().chain(cells).chain([residual]));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    let (steps, unclosed) = (books.steps, books.unclosed);
    let share = soundness.numerical_share;
    match lang {
        Lang::En => writeln!(
            out,
            "stored = opening + entered + added - taps - leaks - overflow - sludge, wash + reacted \
             + numerical; {unclosed} of {steps} steps do not close to 1e-9; numerical error at \
             most {share:.0e} of what was handled"
        )?,
        Lang::Zh => writeln!(
            out,
            "期末 = 期初 + 取水 + 投加 - 用户 - 漏失 - 溢流 - 排泥反洗 + 反应 + 数值;\
             {steps} 步中 {unclosed} 步未闭合到 1e-9;数值误差至多 {share:.0e}"
        )?,
    }
    Ok(())
}

/// Five digits are enough to add up by eye.
fn number(amount: f64) -> String {
    match amount.abs() {
        0.0 => "0".to_owned(),
        size if size < 0.01 => format!("{amount:.0e}"),
        size if size < 10.0 => format!("{amount:.2}"),
        size if size < 1e6 => format!("{amount:.0}"),
        _ => format!("{amount:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_need() {
        let cases = [(0.0, "0"), (1e-4, "1e-4"), (2.345, "2.35"), (-123.4, "-123")];
        for (amount, text) in cases {
            assert_eq!(number(amount), text);
        }
        assert_eq!(number(1.5e7), "1.50e7");
    }
}
