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
use crate::plant::station::Station;
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
            "station": instrument.station.map(|at| &plant.stations[at].id),
        })
    });
    let conditions = plant.conditions.iter().map(|condition| condition.name.as_str());
    object["village_list"] = villages.collect();
    object["tag_list"] = tags.collect();
    object["station_list"] = station_objects(plant);
    object["conditions"] = conditions.collect();
    object
}

fn station_objects(plant: &Plant) -> serde_json::Value {
    let station = |(at, station): (usize, &Station)| {
        json!({
            "station": station.id,
            "title": station.title,
            "battery_wh": station.battery_wh,
            "load_w": station.load_w,
            "panel_w": station.panel_w,
            "off_below_percent": percent(station.off_below_share),
            "on_above_percent": percent(station.on_above_share),
            "latitude_deg": station.latitude_deg,
            "hours_without_sun": station.hours_without_sun(),
            "tags": carried(plant, at),
        })
    };
    plant.stations.iter().enumerate().map(station).collect()
}

/// As files write it: whole or with a few digits, whatever the share is in binary.
fn percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}

/// The tags of the instruments that live on this station.
fn carried(plant: &Plant, station: usize) -> Vec<&str> {
    let own = plant.instruments.iter().filter(|instrument| instrument.station == Some(station));
    own.map(|instrument| instrument.tag.id.as_str()).collect()
}

fn stations_text(plant: &Plant, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    if plant.stations.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", lang.pick("stations on battery and sun", "电池与太阳能供电的测站"))?;
    for (at, station) in plant.stations.iter().enumerate() {
        let Station { id, title, battery_wh, load_w, panel_w, latitude_deg, .. } = station;
        let (hours, tags) = (station.hours_without_sun(), carried(plant, at).join(" "));
        let (off, on) = (percent(station.off_below_share), percent(station.on_above_share));
        let says = match lang {
            Lang::En => format!(
                "battery {battery_wh} Wh, load {load_w} W, panel {panel_w} W at {latitude_deg} \
                 °N; {hours:.0} h without sun; off below {off} %, on above {on} %"
            ),
            Lang::Zh => format!(
                "电池{battery_wh} Wh,负载{load_w} W,光伏板{panel_w} W(北纬{latitude_deg}°);无日照可用\
                 {hours:.0}小时;低于{off} %关机,高于{on} %开机"
            ),
        };
        writeln!(out, "  {id:<12} {}: {says}; {tags}", title.get(lang))?;
    }
    Ok(())
}

/// Name, place, size, and what of it is invented.
fn profile_text(plant: &Plant, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let profile = &plant.profile;
    writeln!(out, "{}: {} ({})", plant.id, profile.title.get(lang), profile.county.get(lang))?;
    writeln!(out, "{}", profile.fiction.get(lang))?;
    let (class, source) = (profile.size_class(), list::source_in(profile.source, lang));
    let (capacity, people) = (profile.design_capacity_m3_per_day, profile.population);
    let line = match lang {
        Lang::En => format!("class {class:?}, {capacity} m³/d, {people} people, source: {source}"),
        Lang::Zh => format!("{class:?}型,{capacity} m³/d,{people}人,水源:{source}"),
    };
    writeln!(out, "{line}")?;
    Ok(())
}

fn network_text(plant: &Plant, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let count = |wanted: &dyn Fn(&LinkKind) -> bool| {
        plant.network.links.iter().filter(|link| wanted(&link.kind)).count()
    };
    let nodes = &plant.network.nodes;
    let tanks = nodes.iter().filter(|node| matches!(node.kind, NodeKind::Tank(_))).count();
    let pipes = count(&|kind| matches!(kind, LinkKind::Pipe { .. }));
    let pumps = count(&|kind| matches!(kind, LinkKind::Pump { .. }));
    let valves = count(&|kind| matches!(kind, LinkKind::Valve { .. }));
    let (nodes, controls) = (nodes.len(), plant.network.controls.len());
    match lang {
        Lang::En => writeln!(
            out,
            "network: {nodes} nodes ({tanks} tanks), {pipes} pipes, {pumps} pumps, {valves} \
             valves, {controls} controls"
        )?,
        Lang::Zh => writeln!(
            out,
            "管网:节点{nodes}个(其中水池{tanks}座),管段{pipes}条,水泵{pumps}台,阀门{valves}个,控制{controls}条"
        )?,
    }
    Ok(())
}

fn villages_text(plant: &Plant, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "\n{}", lang.pick("villages", "村庄"))?;
    for village in &plant.profile.villages {
        let (id, title, people) = (&village.id, village.title.get(lang), village.people);
        let taps = village.taps.len();
        match lang {
            Lang::En => writeln!(out, "  {id:<12} {title}: {people} people, {taps} taps")?,
            Lang::Zh => writeln!(out, "  {id:<12} {title}:{people}人,龙头{taps}个")?,
        }
    }
    Ok(())
}

fn treatment_text(plant: &Plant, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let train = &plant.train;
    let name = |at: usize| plant.network.nodes[at].id.as_str();
    let (outlet, well) = (name(train.outlet.0), name(train.clear_well.0));
    let (capacity, dosing) = (train.capacity_m3_per_h, &train.dosing.id);
    let (start, stop, dose) = (train.start_level_m, train.stop_level_m, train.dosing.dose_mg_per_l);
    match lang {
        Lang::En => writeln!(
            out,
            "\ntreatment: {capacity} m³/h at most from {outlet}, clear well {well} ({start} to \
             {stop} m), {dosing} at {dose} mg/L"
        )?,
        Lang::Zh => writeln!(
            out,
            "\n制水:{outlet}最大{capacity} m³/h,清水池{well}({start}至{stop} m),{dosing}投加{dose} mg/L"
        )?,
    }
    Ok(())
}

fn instruments_text(plant: &Plant, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "\n{}", lang.pick("instruments", "仪表"))?;
    for instrument in &plant.instruments {
        let tag = &instrument.tag;
        let (id, title, unit) = (&tag.id, tag.title.get(lang), tag.quantity.unit());
        let point = SamplingPoint::CHOICES.iter().find(|(_, point)| *point == tag.point);
        let point = lang.pick(point.map_or("", |(word, _)| *word), tag.point.zh());
        let every = lang.pick("every", "每");
        writeln!(out, "  {id:<10} {title} [{unit}], {point}, {every} {}", tag.poll)?;
    }
    Ok(())
}

fn text(plant: &Plant, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    profile_text(plant, lang, out)?;
    network_text(plant, lang, out)?;
    villages_text(plant, lang, out)?;
    treatment_text(plant, lang, out)?;
    instruments_text(plant, lang, out)?;
    stations_text(plant, lang, out)?;
    let conditions: Vec<&str> = plant.conditions.iter().map(|c| c.name.as_str()).collect();
    writeln!(out, "\n{}: {}", lang.pick("conditions", "工况"), conditions.join(", "))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::library::Library;

    #[test]
    fn a_station_is_shown_with_what_it_carries() {
        let plant = Library::default().plant("sanmen").expect("it ships");
        let tags = ["PIT-407", "AIT-407", "AIT-417", "EIT-407"];
        let shown = &object(&plant)["station_list"][0];
        assert_eq!(shown["station"], "yunding-tap");
        assert_eq!(shown["off_below_percent"], 20.0);
        assert_eq!(shown["hours_without_sun"], 96.0);
        assert_eq!(shown["tags"], json!(tags));
        let mut out = Vec::new();
        text(&plant, Lang::En, &mut out).expect("a buffer takes everything");
        let said = String::from_utf8(out).expect("text");
        let line = "  yunding-tap  Yunding tap station: battery 240 Wh, load 2 W, panel 80 W at \
                    29.7 °N; 96 h without sun; off below 20 %, on above 35 %; ";
        let line = format!("{line}{}\n", tags.join(" "));
        assert!(said.contains(&line), "{said}");
        let mut out = Vec::new();
        text(&plant, Lang::Zh, &mut out).expect("a buffer takes everything");
        let said = String::from_utf8(out).expect("text");
        for line in [
            "电池240 Wh,负载2 W,光伏板80 W(北纬29.7°);无日照可用96小时",
            "工况: aged, normal, renewed",
        ] {
            assert!(said.contains(line), "{said}");
        }
        let without = Plant { stations: Vec::new(), ..(*plant).clone() };
        let mut out = Vec::new();
        text(&without, Lang::En, &mut out).expect("a buffer takes everything");
        assert!(!String::from_utf8(out).expect("text").contains("battery and sun"));
    }
}
