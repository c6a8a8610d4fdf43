//! Reads a plant's folder: every mistake of all its files in one run.
//!
//! In: the texts of `network.inp`, `plant.toml`, `instruments.toml`, `conditions/*.toml`, perhaps
//! `laboratory.toml`. Out: a checked `Plant`. Must not know: where the texts come from.

mod ageing;
mod calendar;
mod condition_file;
mod instruments_file;
mod laboratory_file;
mod names;
mod place;
mod plant_file;
mod power;
mod station;
mod train;

use std::sync::Arc;

use crate::base::PlantId;
use crate::base::problem::{Problems, Source, Spanned};
use crate::plant::laboratory::SamplingPlan;
use crate::plant::production::control_production;
use crate::plant::{Plant, inp};
use laboratory_file::Others;
use names::Names;
use plant_file::Described;

/// The texts of a plant's folder.
#[derive(Debug, Clone)]
pub struct Files {
    /// `network.inp`
    pub network: Arc<Source>,
    /// `plant.toml`
    pub plant: Arc<Source>,
    /// `instruments.toml`
    pub instruments: Arc<Source>,
    /// `laboratory.toml`, if there is one.
    pub laboratory: Option<Arc<Source>>,
    /// `conditions/NAME.toml`, each with its NAME.
    pub conditions: Vec<(String, Arc<Source>)>,
}

/// Reads and checks a plant. Conditions come in the order of `files`.
///
/// Errors: every mistake of every file. Names of the network are checked once the network itself
/// is free of mistakes, villages once `plant.toml` is.
pub fn load(id: PlantId, files: &Files) -> Result<Plant, Problems> {
    let mut problems = Problems::new();
    let network = keep(&mut problems, inp::read(&files.network));
    let names = Names::new(network.as_ref());
    let described = keep(&mut problems, plant_file::read(&id, &files.plant, &names));
    let owners = described.as_ref().map(|found| instruments_file::Owners {
        villages: &found.profile.villages,
        disinfectant: found.profile.disinfectant,
        stations: &found.stations,
    });
    let instruments =
        keep(&mut problems, instruments_file::read(&files.instruments, &names, owners));
    if let (Some(described), Some(instruments)) = (&described, &instruments) {
        station::check_carry(&described.stations, instruments, &files.plant, &mut problems);
    }
    let others = Others {
        names: &names,
        villages: owners.map(|owners| owners.villages),
        instruments: instruments.as_deref(),
    };
    let sampling = match &files.laboratory {
        Some(source) => keep(&mut problems, laboratory_file::read(source, &others)),
        None => Some((Vec::new(), SamplingPlan::default())),
    };
    if files.conditions.is_empty() {
        problems
            .add(&files.plant, 0..0, "the plant has no condition to start from")
            .help("write conditions/normal.toml beside plant.toml");
    }
    let mut conditions = Vec::new();
    for (name, source) in &files.conditions {
        conditions.extend(keep(&mut problems, condition_file::read(name, source)));
    }
    let whole = || {
        let (sites, sampling) = sampling?;
        let described = described?;
        let unsimulated = unsimulated(&files.plant, &described);
        let Described { mut profile, mut train, own_power, ageing, calendar, stations, .. } =
            described;
        (profile.sites, train.raw.kind) = (sites, profile.source);
        let mut network = network?;
        control_production(&mut network, &train);
        Some(Plant {
            id,
            profile,
            network: Arc::new(network),
            train,
            instruments: instruments?,
            sampling,
            conditions,
            ageing,
            own_power,
            calendar,
            stations: stations.into_iter().map(Spanned::into_inner).collect(),
            unsimulated,
        })
    };
    let plant = whole();
    problems.into_result(plant)
}

/// What of the plant the model cannot carry; who only monitors it does not mind.
fn unsimulated(source: &Arc<Source>, described: &Described) -> Problems {
    let mut problems = Problems::new();
    let disinfectant = described.profile.disinfectant;
    if disinfectant.agent().is_none() {
        let text = format!("water disinfected with {} is not simulated", disinfectant.name());
        problems.add(source, described.disinfectant_at.clone(), text).help(
            "`sanmen monitor` watches such a plant; to simulate it write \"free-chlorine\" or \
             \"chlorine-dioxide\"",
        );
    }
    problems
}

/// The value, or its mistakes into `problems`.
fn keep<T>(problems: &mut Problems, result: Result<T, Problems>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(found) => {
            problems.absorb(found);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::base::analyte::Analyte;
    use crate::base::units::Quantity;
    use crate::plant::ageing::Years;
    use crate::plant::laboratory::Round;
    use crate::plant::network::{LinkIndex, LinkKind, NodeIndex, NodeKind};
    use crate::plant::tags::{Place, SamplingPoint, Site, SiteIndex};
    use crate::world::truth::{LinkTruth, NodeTruth, PowerState, StationTruth, Truth, WorksTruth};

    macro_rules! sanmen {
        ($path:literal) => {
            Source::new($path, include_str!(concat!("../../../config/plants/sanmen/", $path)))
        };
    }

    fn files() -> Files {
        Files {
            network: sanmen!("network.inp"),
            plant: sanmen!("plant.toml"),
            instruments: sanmen!("instruments.toml"),
            laboratory: Some(sanmen!("laboratory.toml")),
            conditions: vec![
                ("aged".to_owned(), sanmen!("conditions/aged.toml")),
                ("normal".to_owned(), sanmen!("conditions/normal.toml")),
                ("renewed".to_owned(), sanmen!("conditions/renewed.toml")),
            ],
        }
    }

    fn id() -> PlantId {
        PlantId::new("sanmen").expect("an id")
    }

    fn sanmen() -> Plant {
        load(id(), &files()).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
    }

    fn mistakes(files: &Files) -> String {
        load(id(), files).expect_err("the files have mistakes").render(false)
    }

    /// `source` with `from` replaced, which must be there exactly once.
    fn edited(source: &Arc<Source>, edits: &[(&str, &str)]) -> Arc<Source> {
        let mut text = source.text.clone();
        for (from, to) in edits {
            assert_eq!(text.matches(from).count(), 1, "{from:?} must be there once");
            text = text.replace(from, to);
        }
        Source::new(source.path.clone(), text)
    }

    #[test]
    fn seven_years_without_renewal_lead_to_the_aged_plant() {
        let plant = sanmen();
        let of = |name: &str| {
            let found = plant.conditions.iter().find(|condition| condition.name == name);
            found.expect("a condition of Sanmen").clone()
        };
        let ageing = plant.ageing.expect("Sanmen says how it ages");
        let worn = ageing.wear(&of("renewed"), Years::all(7.0));
        let aged = of("aged");
        for (worn, aged) in [
            (worn.roughness_factor, aged.roughness_factor),
            (worn.pump_head_factor, aged.pump_head_factor),
            (worn.leakage_m3_per_h_at_20_m, aged.leakage_m3_per_h_at_20_m),
            (worn.wall_decay_factor, aged.wall_decay_factor),
            (worn.filter_passage_factor, aged.filter_passage_factor),
        ] {
            assert!((worn / aged - 1.0).abs() < 0.01, "{worn} {aged}");
        }
    }

    #[test]
    fn the_sanmen_folder_loads_and_has_what_the_article_says() {
        let plant = sanmen();
        assert_eq!(plant.profile.population, 16_000);
        assert_eq!(plant.profile.villages.len(), 7);
        assert!((60..=120).contains(&plant.network.nodes.len()));
        assert!(plant.instruments.len() >= 28);
        let names: Vec<&str> = plant.conditions.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["aged", "normal", "renewed"]);
        let real: Vec<&str> =
            plant.profile.villages.iter().filter(|v| !v.fiction).map(|v| v.id.as_str()).collect();
        assert_eq!(real, ["suiyang"]);
    }

    #[test]
    fn every_village_has_its_entry_flow_and_its_far_tap_watched() {
        let plant = sanmen();
        for village in &plant.profile.villages {
            let far = village.taps.last().copied().map(Place::Node);
            let own =
                || plant.instruments.iter().filter(|i| i.tag.village.as_ref() == Some(&village.id));
            let pressure =
                own().find(|i| i.tag.quantity == Quantity::Pressure).expect("a pressure");
            assert_eq!(Some(pressure.place), far);
            assert_eq!(pressure.tag.storeys, Some(village.storeys));
            assert!(own().any(|i| i.tag.night_flow.is_some()), "{}", village.id);
        }
    }

    #[test]
    fn base_demands_are_a_hundred_litres_a_head_and_day() {
        let plant = sanmen();
        for village in &plant.profile.villages {
            let flow: f64 = village
                .taps
                .iter()
                .map(|tap| match &plant.network.nodes[tap.0].kind {
                    NodeKind::Junction { base_demand, .. } => base_demand.as_m3_per_h(),
                    _ => 0.0,
                })
                .sum();
            let wanted = f64::from(village.people) * 0.1 / 24.0;
            assert!((flow - wanted).abs() < 0.005, "{}: {flow} m³/h, not {wanted}", village.id);
        }
    }

    #[test]
    fn the_truth_has_a_value_for_everything_that_may_be_measured() {
        let network = sanmen().network;
        let truth = Truth {
            at: Stamp::from_ms(0).expect("a time"),
            nodes: vec![NodeTruth::default(); network.nodes.len()],
            links: vec![LinkTruth::default(); network.links.len()],
            works: WorksTruth::default(),
            power: PowerState::USUAL,
            stations: vec![StationTruth { is_on: true, volts: 12.0 }],
        };
        let nodes = (0..network.nodes.len()).map(|n| Place::Node(NodeIndex(n)));
        let links = (0..network.links.len()).map(|n| Place::Link(LinkIndex(n)));
        let works = [
            Place::Raw,
            Place::CoagulantPump,
            Place::CoagulantStock,
            Place::Filtered,
            Place::DosingPump,
            Place::DosingStock,
            Place::Mains,
            Place::Generator,
            Place::StationBattery(0),
        ];
        for place in nodes.chain(links).chain(works) {
            for quantity in Quantity::ALL {
                let offered = place::measurable(place, &network).1.contains(&quantity)
                    && quantity != Quantity::Ozone; // measured at plants that are not simulated
                let known = truth.value(place, quantity).is_some();
                assert!(!offered || known, "{quantity:?} at {place:?} is offered but never true");
            }
        }
    }

    #[test]
    fn pumps_and_the_production_valve_are_what_the_train_says() {
        let plant = sanmen();
        let production = &plant.network.links[plant.train.production.0];
        assert!(matches!(production.kind, LinkKind::Valve { .. }));
        assert_eq!(plant.network.nodes[plant.train.clear_well.0].id, "CLEARWELL");
        let finished = plant.instruments.iter().find(|i| i.tag.id.as_str() == "AIT-301");
        assert_eq!(finished.map(|i| i.tag.point), Some(SamplingPoint::FinishedWater));
    }

    #[test]
    fn mistakes_in_plant_toml_come_all_at_once() {
        let mut files = files();
        files.plant = edited(
            &files.plant,
            &[
                ("utc_offset = \"+08:00\"", "utc_offset = \"Asia/Shanghai\""),
                ("population = 16000", "population = 15800"),
                ("source = \"reservoir\"", "source = \"resevoir\""),
                ("id = \"shijing\"", "id = \"zhuping\""),
                ("storeys = 3\naway_percent = 25", "storeys = 9\naway_percent = 95"),
                ("\"ZP-4\", \"ZP-5\"", "\"SY-4\", \"ZP_5\""),
                ("\"CP-4\", \"CP-5\"", "\"CP-1\", \"TANK-2\""),
                ("outlet = \"R-FILTERED\"", "outlet = \"CLEARWELL\""),
                ("production = \"V-PRODUCTION\"", "production = \"PRV-1\""),
                ("start_level_m = 2.2", "start_level_m = 3.5"),
                ("baffling_factor = 0.5", "bafling_factor = 0.5"),
                ("turbidity_ntu = 12 ", "turbidity_ntu = \"12\" "),
            ],
        );
        insta::assert_snapshot!(mistakes(&files));
    }

    #[test]
    fn people_and_taps_must_add_up() {
        let mut files = files();
        files.plant = edited(
            &files.plant,
            &[("people = 1400", "people = 1500"), (", \"YD-8\", \"YD-9\"", ", \"YD-9\"")],
        );
        insta::assert_snapshot!(mistakes(&files));
    }

    #[test]
    fn mistakes_in_instruments_toml_come_all_at_once() {
        let mut files = files();
        let text = r#"
[[instrument]]
tag = "PIT 1"
title = { en = "Pressure", zh = "压力" }
quantity = "pressure"
point = "network"
node = "J-DISCHARG"
range_m = [0, 100]
resolution_m = 0.1
poll_s = 60

[[instrument]]
tag = "LIT-1"
title = { en = "Level", zh = "液位" }
quantity = "level"
point = "netwrok"
node = "SY-1"
link = "P-1"
range_m = [4, 0]
resolution_m = 0
poll_s = 0

[[instrument]]
tag = "LIT-1"
title = { en = "Level" }
quantity = "level"
point = "tap-water"
node = "SY-1"
village = "suiyan"
range_m = [0, 4]
resolution_m = 0.001
noise_m = 9
usual_night_m3_per_h = 3
poll_s = 60
lag = 3

[[instrument]]
tag = "PIT-2"
title = { en = "Pressure", zh = "压力" }
quantity = "pressure"
point = "tap-water"
node = "SY-1"
village = "suiyang"
range_kpa = [0, 600]
poll_s = 60

[[instrument]]
tag = "XS-1"
title = { en = "Pump", zh = "水泵" }
quantity = "flwo"
point = "process"
link = "P-9"
range_kpa = [0, 600]
poll_s = 60
"#;
        files.instruments = Source::new("instruments.toml", text.trim_start());
        insta::assert_snapshot!(mistakes(&files));
    }

    #[test]
    fn mistakes_of_several_files_come_together() {
        let mut files = files();
        files.network = edited(&files.network, &[("V-1          V-2", "V-1          V-3")]);
        files.instruments = edited(&files.instruments, &[("tag = \"AIT-101\"", "tag = \"\"")]);
        files.conditions = vec![(
            "aged".to_owned(),
            Source::new("conditions/aged.toml", "roughness_factor = 0\npump_head = 1\n"),
        )];
        insta::assert_snapshot!(mistakes(&files));
    }

    #[test]
    fn a_plant_without_conditions_is_told_where_to_write_one() {
        let mut files = files();
        files.conditions.clear();
        insta::assert_snapshot!(mistakes(&files));
    }

    #[test]
    fn mistakes_in_laboratory_toml_come_all_at_once() {
        let mut files = files();
        let text = r#"
[[site]]
id = "AIT-301"
title = { en = "Finished", zh = "出厂水" }
point = "finished-water"
node = "J-DISCHARG"

[[site]]
id = "FAR"
title = { en = "Far", zh = "末梢" }
point = "tap-water"
node = "SY-9"
village = "zhuping"

[[site]]
id = "FAR"
title = { en = "Far", zh = "末梢" }
point = "tapwater"
at = "raw"
node = "SY-9"

[[site]]
id = "RAW"
title = { en = "Raw", zh = "原水" }
point = "raw-water"
at = "row"

[[site]]
id = "R"
title = { en = "Raw", zh = "原水" }
point = "raw-water"
at = "raw"

[[round]]
id = "a"
at = "9"
sites = ["FAR", "FAAR"]
analytes = ["e-coli"]

[[round]]
id = "a"
at = "23:00"
apart_min = 60
sites = ["FAR", "R"]
analytes = ["ph", "turbidity", "leed"]
weekdays = ["mon", "tues"]

[[round]]
id = "c"
at = "09:00"
sites = ["FAR"]
analytes = ["e-coli"]
days_of_month = [1, 31]
hour = 9

[[round]]
id = "d"
at = "23:30"
apart_min = 40
sites = ["R", "FAR"]
analytes = ["turbidity"]
weekdays = ["mon"]
days_of_month = [1]

[[round]]
id = "e"
at = "23:30"
"#;
        files.laboratory = Some(Source::new("laboratory.toml", text.trim_start()));
        insta::assert_snapshot!(mistakes(&files));
    }

    #[test]
    fn the_laboratory_visits_every_village_and_its_keys_stand_in_the_page() {
        let plant = sanmen();
        assert_eq!(plant.profile.sites.len(), plant.sampling.places.len());
        for village in &plant.profile.villages {
            let of = |site: &Site| site.village.as_ref() == Some(&village.id);
            let at = plant.profile.sites.iter().position(of).map(SiteIndex);
            let goes_there = |round: &Round| at.is_some_and(|at| round.sites.contains(&at));
            assert!(plant.sampling.rounds.iter().any(goes_there), "{}", village.id);
        }
        let page = include_str!("../../docs/laboratory.md");
        let keys = ["id", "title", "point", "node", "at", "village", "sites", "apart_min"];
        let more = ["analytes", "weekdays", "days_of_month"];
        let analytes = Analyte::ALL.map(Analyte::name);
        for word in keys.iter().chain(&more).chain(&analytes) {
            assert!(page.contains(&format!("`{word}`")), "laboratory.md does not name {word}");
        }
    }
}
