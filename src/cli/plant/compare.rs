//! `sanmen plant compare NAME`: new, worn, renewed; the same winter day three times.

use std::io::Write;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::json;

use crate::base::ids::InjectionId;
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::base::units::{Flow, Length, Quantity};
use crate::base::{Span, Stamp};
use crate::cli::common::{Format, Language, PlantShelf};
use crate::cli::exit::Failure;
use crate::instruments::{Instruments, Reading};
use crate::plant::Plant;
use crate::plant::ageing::{NEW, Part};
use crate::plant::tags::Place;
use crate::scenario::injection::{AssetEvent, Injection, InjectionKind};
use crate::world::World;
use crate::world::residents::service_head;
use crate::world::truth::Truth;

/// A winter day, as everywhere: midnight in China.
const DAY: &str = "2024-12-05T00:00:00+08:00";

/// Length of a step of the comparison.
const STEP: Span = Span::minutes(5);

/// Arguments of `sanmen plant compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The plant: the name of its folder
    name: String,
    /// Years without renewal
    #[arg(long, value_name = "N", default_value_t = 7.0)]
    years: f64,
    /// What is renewed after them
    #[arg(long, value_enum, value_delimiter = ',', default_value = "all")]
    renew: Vec<Renew>,
    #[command(flatten)]
    shelves: PlantShelf,
    /// What stdout carries: a table for people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

/// What a renewal renews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Renew {
    /// Everything
    All,
    /// Pipes and valves
    Pipes,
    /// Pumps
    Pumps,
    /// Filter media
    Filters,
    /// Instruments
    Instruments,
}

/// One day of a plant, in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Lowest pressure at the worst tap of each village, m, in the order of the profile.
    pub lowest_m: Vec<f64>,
    /// People in villages that fall below their service head at some time.
    pub people_below: u32,
    /// Lowest residual of the disinfectant at any tap, mg/L.
    pub tap_chlorine_mg_per_l: f64,
    /// Highest turbidity behind the filters, NTU.
    pub filtered_ntu: f64,
    /// Least that flows at night, m³/h.
    pub night_flow_m3_per_h: f64,
    /// Share of what enters the network that leaks.
    pub leakage_share: f64,
    /// Energy of all pumps for each m³ that people get, kWh.
    pub kwh_per_m3: f64,
    /// How far readings are from the truth on average, kPa: of pressures.
    pub pressure_error_kpa: f64,
    /// The same, mg/L: of free chlorine.
    pub chlorine_error_mg_per_l: f64,
    /// The same, NTU: of turbidity in finished water and at taps.
    pub turbidity_error_ntu: f64,
    /// The same: of pH.
    pub ph_error: f64,
}

/// Writes the comparison. Errors: no such plant, one that does not say how it ages, no solution.
pub fn run(args: &CompareArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if !(0.0..=100.0).contains(&args.years) {
        return Err(Failure::usage(format!("--years {}: from 0 to 100", args.years)));
    }
    let plant = args.shelves.library().plant(&args.name)?;
    plant.check_simulated()?;
    let Some(ageing) = &plant.ageing else {
        let text = "does not say how it ages: describe it under [ageing] in plant.toml";
        return Err(Failure::usage(format!("{} {text}", plant.id)));
    };
    let parts = parts(&args.renew);
    let cost: f64 = parts.iter().map(|part| ageing.cost(*part)).sum();
    let days = [(0.0, &[][..]), (args.years, &[]), (args.years, parts.as_slice())];
    let [new, worn, renewed] = days.map(|(years, parts)| day(&plant, years, parts));
    let figures = [new?, worn?, renewed?];
    match args.format {
        Format::Json => {
            let [new, worn, renewed] = &figures;
            let object = json!({
                "plant": plant.id, "years": args.years, "renewal_cny": cost,
                "new": new, "worn": worn, "renewed": renewed,
            });
            writeln!(out, "{object}")?;
        }
        Format::Text => {
            for line in table(&plant, args, &figures, cost).lines() {
                writeln!(out, "{}", line.trim_end())?;
            }
        }
    }
    Ok(())
}

fn parts(renew: &[Renew]) -> Vec<Part> {
    let is_renewed = |part: Part| {
        renew.iter().any(|wanted| match wanted {
            Renew::All => true,
            Renew::Pipes => part == Part::Pipes,
            Renew::Pumps => part == Part::Pumps,
            Renew::Filters => part == Part::Filters,
            Renew::Instruments => part == Part::Instruments,
        })
    };
    let all = Part::CHOICES.map(|(_, part)| part);
    all.into_iter().filter(|part| is_renewed(*part)).collect()
}

/// One day of `plant`, `years` old, `parts` of it just renewed. The day before lets the water of
/// that state into every pipe.
fn day(plant: &Arc<Plant>, years: f64, parts: &[Part]) -> Result<Figures, Failure> {
    let Some(new) = plant.conditions.iter().position(|condition| condition.name == NEW) else {
        let text = format!("{} has no condition {NEW} to age from", plant.id);
        return Err(Failure::usage(text));
    };
    let (midnight, _) = Stamp::parse(DAY).map_err(|_| Failure::Bug)?;
    let start = midnight - Span::DAY;
    let injection = |id: &str, event| -> Result<Injection, Failure> {
        let id = InjectionId::new(id).map_err(|_| Failure::Bug)?;
        Ok(Injection { id, from: start, until: None, kind: InjectionKind::Assets(event) })
    };
    let mut injections = vec![injection("ageing", AssetEvent::Ageing { new, years })?];
    if !parts.is_empty() {
        let parts = parts.to_vec();
        injections.push(injection("renewal", AssetEvent::Renewal { parts })?);
    }
    let world = World::new(plant, new, start, Seed(1), &injections).map_err(cannot)?;
    let mut world = world.with_step(STEP);
    let mut instruments = Instruments::new(plant, Seed(1), start, &injections);
    let (mut count, mut readings) = (Count::new(plant), Vec::new());
    while world.truth().at < midnight + Span::DAY {
        let before = world.truth();
        let now = before.at;
        readings.clear();
        instruments.read(before, now, now + STEP, &mut readings);
        if now >= midnight {
            count.read(plant, before, &readings);
        }
        let truth = world.step().map_err(cannot)?;
        if truth.at > midnight {
            count.see(plant, truth);
        }
    }
    Ok(count.figures(plant))
}

fn cannot(error: crate::world::WorldError) -> Failure {
    Failure::usage(format!("the plant cannot be simulated: {error}"))
}

/// What a day adds up to.
struct Count {
    lowest: Vec<Length>,
    chlorine: f64,
    filtered: f64,
    night: f64,
    delivered_m3: f64,
    leaked_m3: f64,
    /// At the first step and at the last.
    kwh: Option<(f64, f64)>,
    /// How far readings were from the truth in all, and how many: of `ERRORS`.
    errors: [(f64, u32); 4],
}

/// What readings are held against the truth for.
const ERRORS: [Quantity; 4] =
    [Quantity::Pressure, Quantity::FreeChlorine, Quantity::Turbidity, Quantity::Ph];

impl Count {
    fn new(plant: &Plant) -> Self {
        Self {
            lowest: vec![Length::m(f64::INFINITY); plant.profile.villages.len()],
            chlorine: f64::INFINITY,
            filtered: 0.0,
            night: f64::INFINITY,
            delivered_m3: 0.0,
            leaked_m3: 0.0,
            kwh: None,
            errors: [(0.0, 0); 4],
        }
    }

    /// Holds what was read while `truth` stood against it; raw turbidity has another scale.
    fn read(&mut self, plant: &Plant, truth: &Truth, readings: &[Reading]) {
        for reading in readings {
            let instrument = &plant.instruments[reading.tag.0];
            let quantity = instrument.tag.quantity;
            let is_raw = quantity == Quantity::Turbidity && instrument.place == Place::Raw;
            let at = ERRORS.iter().position(|of| *of == quantity).filter(|_| !is_raw);
            let is_true = truth.value(instrument.place, quantity);
            if let Some(((at, shown), is_true)) = at.zip(reading.value).zip(is_true) {
                let (sum, number) = &mut self.errors[at];
                *sum += (shown - is_true).abs();
                *number += 1;
            }
        }
    }

    fn see(&mut self, plant: &Plant, truth: &Truth) {
        for (lowest, village) in self.lowest.iter_mut().zip(&plant.profile.villages) {
            for tap in &village.taps {
                let node = &truth.nodes[tap.0];
                if node.pressure < *lowest {
                    *lowest = node.pressure;
                }
                self.chlorine = self.chlorine.min(node.water.disinfectant().as_mg_per_l());
            }
        }
        self.filtered = self.filtered.max(truth.works.filtered_turbidity.as_ntu());
        let sum = |flow: fn(&crate::world::truth::NodeTruth) -> Flow| {
            truth.nodes.iter().map(|node| flow(node).as_m3_per_h()).sum::<f64>()
        };
        let (delivered, leaked) = (sum(|node| node.delivered), sum(|node| node.leakage));
        self.night = self.night.min(delivered + leaked);
        self.delivered_m3 += delivered * STEP.as_hours();
        self.leaked_m3 += leaked * STEP.as_hours();
        let kwh = truth.links.iter().map(|link| link.energy_kwh).sum();
        self.kwh = Some((self.kwh.map_or(kwh, |(first, _)| first), kwh));
    }

    fn figures(self, plant: &Plant) -> Figures {
        let villages = plant.profile.villages.iter().zip(&self.lowest);
        let below = villages.filter(|(village, low)| **low < service_head(village.storeys));
        let (first, last) = self.kwh.unwrap_or_default();
        let [pressure, chlorine, turbidity, ph] =
            self.errors.map(|(sum, number)| sum / f64::from(number.max(1)));
        Figures {
            people_below: below.map(|(village, _)| village.people).sum(),
            lowest_m: self.lowest.iter().map(|low| low.as_m()).collect(),
            tap_chlorine_mg_per_l: self.chlorine,
            filtered_ntu: self.filtered,
            night_flow_m3_per_h: self.night,
            leakage_share: self.leaked_m3 / (self.delivered_m3 + self.leaked_m3).max(1e-9),
            kwh_per_m3: (last - first) / self.delivered_m3.max(1e-9),
            pressure_error_kpa: pressure,
            chlorine_error_mg_per_l: chlorine,
            turbidity_error_ntu: turbidity,
            ph_error: ph,
        }
    }
}

/// The words of the table: what it compares, the rows below the villages.
struct Words {
    columns: [&'static str; 4],
    rows: [&'static str; 11],
}

fn words(lang: Lang) -> Words {
    match lang {
        Lang::En => Words {
            columns: ["on a winter day", "new", "worn", "renewed"],
            rows: [
                "people below their service head",
                "lowest residual at a tap, mg/L",
                "highest filtered turbidity, NTU",
                "least flow at night, m³/h",
                "leakage, % of what enters",
                "energy, kWh/m³ delivered",
                "mean error of pressure readings, kPa",
                "mean error of free chlorine readings, mg/L",
                "mean error of treated turbidity readings, NTU",
                "mean error of pH readings",
                "cost of the renewal, CNY",
            ],
        },
        Lang::Zh => Words {
            columns: ["冬季某日", "全新", "老旧", "改造后"],
            rows: [
                "低于服务水头的人口",
                "末梢最低游离氯 mg/L",
                "滤后最高浑浊度 NTU",
                "夜间最小流量 m³/h",
                "漏损占供水 %",
                "电耗 kWh/m³",
                "压力读数平均误差 kPa",
                "游离氯读数平均误差 mg/L",
                "处理后浑浊度读数平均误差 NTU",
                "pH读数平均误差",
                "改造费用 元",
            ],
        },
    }
}

fn table(
    plant: &Plant,
    args: &CompareArgs,
    figures: &[Figures; 3],
    cost: f64,
) -> comfy_table::Table {
    let lang: Lang = args.lang.into();
    let Words { columns, rows } = words(lang);
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::TableStyle::new());
    let years = args.years;
    table.set_header([
        columns[0].to_owned(),
        columns[1].to_owned(),
        format!("{} ({years} a)", columns[2]),
        columns[3].to_owned(),
    ]);
    let mut row = |title: String, value: &dyn Fn(&Figures) -> String| {
        table.add_row(std::iter::once(title).chain(figures.iter().map(value)));
    };
    for (at, village) in plant.profile.villages.iter().enumerate() {
        let need = service_head(village.storeys).as_m();
        let title = match lang {
            Lang::En => format!("lowest pressure, {} (needs {need} m)", village.title.en),
            Lang::Zh => format!("{}最低水压(需 {need} m)", village.title.zh),
        };
        row(title, &|of| format!("{:.1} m", of.lowest_m[at]));
    }
    row(rows[0].to_owned(), &|of| of.people_below.to_string());
    row(rows[1].to_owned(), &|of| format!("{:.2}", of.tap_chlorine_mg_per_l));
    row(rows[2].to_owned(), &|of| format!("{:.2}", of.filtered_ntu));
    row(rows[3].to_owned(), &|of| format!("{:.1}", of.night_flow_m3_per_h));
    row(rows[4].to_owned(), &|of| format!("{:.0}", 100.0 * of.leakage_share));
    row(rows[5].to_owned(), &|of| format!("{:.2}", of.kwh_per_m3));
    row(rows[6].to_owned(), &|of| format!("{:.1}", of.pressure_error_kpa));
    row(rows[7].to_owned(), &|of| format!("{:.3}", of.chlorine_error_mg_per_l));
    row(rows[8].to_owned(), &|of| format!("{:.3}", of.turbidity_error_ntu));
    row(rows[9].to_owned(), &|of| format!("{:.2}", of.ph_error));
    table.add_row([rows[10].to_owned(), String::new(), String::new(), format!("{cost:.0}")]);
    table
}
