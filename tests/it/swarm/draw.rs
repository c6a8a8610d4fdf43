//! Scenarios drawn from a seed: a few troubles of any kind that a scenario file may name.

use std::fmt::Write;
use std::sync::Arc;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use sanmen::base::problem::Source;
use sanmen::base::random::{Seed, stream};
use sanmen::plant::Plant;
use sanmen::plant::network::{LinkKind, NodeIndex, NodeKind, ValveKind};
use sanmen::plant::tags::Tag;
use sanmen::scenario::injection::foreign_units;
use sanmen::scenario::{injection_kinds, load};

/// How long a scenario lasts.
const MINUTES: u32 = 360;

/// Troubles of a scenario whose turn it is.
const ROUND: usize = 5;

/// A scenario of six hours with two to seven troubles. Those with a `turn` go, turn by turn,
/// through all kinds, in an order of the swarm's own; the others draw theirs.
pub fn scenario(plant: &Arc<Plant>, seed: u64, turn: Option<usize>) -> String {
    let mut rng = stream(Seed(seed), "swarm");
    let condition = &plant.conditions[rng.random_range(0..plant.conditions.len())].name;
    let (hour, month) = (rng.random_range(0..24), rng.random_range(1..=12));
    let mut text = format!(
        "title = {{ en = \"Swarm {seed}\", zh = \"随机 {seed}\" }}\nplant = \"{}\"\n\
         condition = \"{condition}\"\nstart = 2024-{month:02}-05T{hour:02}:00:00+08:00\n\
         duration_h = {}\nstep_s = 300\nseed = {seed}\nresidents = true\nlaboratory = true\n",
        plant.id,
        MINUTES / 60,
    );
    let mut kinds: Vec<&str> = injection_kinds().collect();
    kinds.shuffle(&mut stream(Seed(0), "swarm/round"));
    let mut wanted: Vec<&str> = match turn {
        Some(turn) => kinds.iter().cycle().skip(turn * ROUND).take(ROUND).copied().collect(),
        None => Vec::new(),
    };
    let more = if turn.is_some() { 0..=2 } else { 2..=6 };
    wanted.extend((0..rng.random_range(more)).filter_map(|_| kinds.choose(&mut rng).copied()));
    for (n, kind) in wanted.iter().enumerate() {
        // What contradicts an earlier trouble is drawn again, at another time or place.
        let longer = (0..16).find_map(|_| {
            let longer = format!("{text}{}", trouble(plant, n, kind, &mut rng)?);
            (!contradicts(plant, &longer)).then_some(longer)
        });
        text = longer.unwrap_or(text);
    }
    text
}

/// Is this scenario refused because its last trouble contradicts an earlier one?
fn contradicts(plant: &Arc<Plant>, text: &str) -> bool {
    let read = load(&Source::new("swarm.toml", text), std::slice::from_ref(plant));
    let said = read.err().map(|problems| problems.to_string()).unwrap_or_default();
    said.contains("already decided by") || said.contains("at the same moment")
}

/// One trouble as a file says it; none when the plant has nothing that it could happen to.
fn trouble(plant: &Plant, n: usize, kind: &str, rng: &mut ChaCha8Rng) -> Option<String> {
    let keys = keys(plant, kind, rng)?;
    let at = rng.random_range(0..MINUTES - 30);
    let mut text =
        format!("\n[[inject]]\nid = \"i{n}\"\nat_min = {at}\nkind = \"{kind}\"\n{keys}\n");
    if kind != "lab-sample" && rng.random_bool(0.6) {
        let _ = writeln!(text, "until_min = {}", at + rng.random_range(1..MINUTES - at));
    }
    Some(text)
}

/// The keys of a trouble of this kind, besides those that every trouble has.
fn keys(plant: &Plant, kind: &str, rng: &mut ChaCha8Rng) -> Option<String> {
    let share: f64 = rng.random_range(0.0..1.0);
    if let Some(fault) = kind.strip_prefix("instrument-") {
        return fault_keys(plant, fault, share, rng);
    }
    on_the_network(plant, kind, share, rng)
        .or_else(|| at_the_works(plant, kind, share, rng))
        .or_else(|| on_the_way(plant, kind, share, rng))
        .unwrap_or_else(|| unreachable!("the swarm cannot draw {kind} yet: teach it here"))
}

/// What happens to a plant: none when the kind is of another part, none within when the plant has
/// nothing that it could happen to.
type Drawn = Option<Option<String>>;

fn on_the_network(plant: &Plant, kind: &str, share: f64, rng: &mut ChaCha8Rng) -> Drawn {
    let mut junction = || {
        let nodes = plant.network.nodes.iter();
        let is = |kind: &NodeKind| matches!(kind, NodeKind::Junction { .. });
        let known: Vec<_> = nodes.filter(|node| is(&node.kind)).map(|node| &node.id).collect();
        known.choose(rng).map(|id| format!("target = \"{id}\""))
    };
    let dirt = format!(
        "turbidity_ntu = {}\nconductivity_us_per_cm = {}\ne_coli_per_100_ml = {}",
        200.0 * share,
        2_000.0 * share,
        1e4 * share
    );
    let with =
        |target: Option<String>, keys: String| Some(target.map(|it| format!("{it}\n{keys}")));
    let is_pump = |kind: &LinkKind| matches!(kind, LinkKind::Pump { .. });
    match kind {
        "burst" => with(junction(), format!("m3_per_h_at_20_m = {}", 1.0 + 400.0 * share * share)),
        "leak" => {
            with(junction(), format!("per_day_m3_per_h_at_20_m = {}", 0.001 + 90.0 * share * share))
        }
        "cross-connection" => with(junction(), format!("pressure_m = {}\n{dirt}", 90.0 * share)),
        "intrusion" => with(
            junction(),
            format!("m3_per_h_at_20_m = {}\ngroundwater_m = {}\n{dirt}", 0.1 + share, 9.0 * share),
        ),
        "pump-trip" | "pump-start" | "pump-stop" | "pump-auto" => {
            with(link(plant, &is_pump, rng), String::new())
        }
        "pump-wear" => {
            let percent = 30.0 + 70.0 * share;
            with(link(plant, &is_pump, rng), format!("head_percent = {percent}"))
        }
        "intake-cut" | "intake-resume" => Some(Some(String::new())),
        "valve-shut" | "valve-close" | "valve-open" => {
            with(link(plant, &|kind| !is_pump(kind), rng), String::new())
        }
        "prv-failure" => {
            let is = |kind: &LinkKind| matches!(kind, LinkKind::Valve { kind: ValveKind::Prv, .. });
            let stuck = format!("stuck_at_m = {}", 150.0 * share);
            let stuck = if share < 0.5 { String::new() } else { stuck };
            with(link(plant, &is, rng), stuck)
        }
        "rationing" => {
            let villages = plant.profile.villages.iter();
            let cut: Vec<_> = villages.filter(|it| plant.entry(it).is_some()).collect();
            let village = cut.choose(rng);
            let hours = 8.0 + 4.0 * share;
            Some(
                village.map(|it| {
                    format!("village = \"{}\"\nopen_hours = [6, {hours}, 17, 20.5]", it.id)
                }),
            )
        }
        _ => None,
    }
}

/// A link of this kind as a target.
fn link(plant: &Plant, is: &dyn Fn(&LinkKind) -> bool, rng: &mut ChaCha8Rng) -> Option<String> {
    let links = plant.network.links.iter().filter(|link| is(&link.kind));
    let known: Vec<_> = links.map(|link| &link.id).collect();
    known.choose(rng).map(|id| format!("target = \"{id}\""))
}

fn at_the_works(plant: &Plant, kind: &str, share: f64, rng: &mut ChaCha8Rng) -> Drawn {
    let percent = 100.0 * share;
    let dosing = format!("target = \"{}\"", plant.train.dosing.id);
    let times = format!("rise_h = {}\nrecession_h = 6", 0.1 + 3.0 * share);
    let days = format!("rise_d = {}\nrecession_d = 3", 0.1 + share);
    let ages = plant.ageing.is_some() && plant.conditions.iter().any(|it| it.name == "renewed");
    let parts = ["pipes", "pumps", "filters", "instruments"].choose(rng).expect("four");
    let condition = &plant.conditions[rng.random_range(0..plant.conditions.len())].name;
    let station = plant.stations.choose(rng).map(|it| format!("target = \"{}\"\n", it.id));
    Some(match kind {
        "intake-clogged" | "overcast" | "coagulant-stroke" | "coagulant-drum" => {
            Some(format!("percent = {percent}"))
        }
        "coagulant-no-flow" => Some(format!("keep_signal = {}", share < 0.5)),
        "coagulant-off" | "weather" | "grid-cut" => Some(String::new()),
        "coagulant-set" => Some(format!("dose_mg_per_l = {}", 60.0 * share)),
        "filter-wash" => Some(format!("filter = {}", rng.random_range(1..=plant.train.bank.count))),
        "filter-leak" => Some(format!("factor = {}", 1.0 + 99.0 * share)),
        "dosing-no-flow" => Some(format!("{dosing}\nkeep_signal = {}", share < 0.5)),
        "dosing-set" => Some(format!("{dosing}\ndose_mg_per_l = {}", 10.0 * share)),
        "dosing-drum" | "dosing-weak" => Some(format!("{dosing}\npercent = {percent}")),
        "dosing-reset" => Some(dosing),
        "generator-start" => plant.own_power.generator.map(|_| String::new()),
        "raw-storm" => Some(format!("peak_ntu = {}\n{times}", 5_000.0 * share)),
        "algae-bloom" => Some(format!(
            "algae_million_per_l = {}\nturbidity_ntu = {}\n{days}",
            500.0 * share,
            50.0 * share
        )),
        "ammonia-event" => Some(format!("peak_mg_per_l = {}\n{times}", 5.0 * share)),
        "raw-pollution" => Some(format!(
            "conductivity_us_per_cm = {}\ncodmn_mg_per_l = {}\nammonia_mg_per_l = {share}\n\
             manganese_mg_per_l = {share}\n{times}",
            3_000.0 * share,
            30.0 * share
        )),
        // One and the same: the water of a run holds one dissolved substance.
        "raw-substance" => {
            Some(format!("analyte = \"cadmium\"\nby_mg_per_l = {}\n{times}", 0.1 * share))
        }
        "drought" => Some(format!("yield_percent = {percent}\nfalls_d = {}", 0.1 + share)),
        "condition" => Some(format!("to = \"{condition}\"")),
        "ageing" => ages.then(|| format!("age_years = {}", 20.0 * share)),
        "renewal" if share < 0.5 => ages.then(String::new),
        "renewal" => ages.then(|| format!("parts = [\"{parts}\"]")),
        "solar-dirty" => station.map(|it| format!("{it}percent = {percent}")),
        "station-battery-worn" => station.map(|it| format!("{it}percent = {}", 1.0 + 99.0 * share)),
        _ => return None,
    })
}

/// What happens to people, samples, and messages.
fn on_the_way(plant: &Plant, kind: &str, share: f64, rng: &mut ChaCha8Rng) -> Drawn {
    let percent = 100.0 * share;
    let villages = &plant.profile.villages;
    let village = villages.choose(rng).expect("a plant has a village");
    let tap = village.taps.choose(rng).map(|NodeIndex(tap)| &plant.network.nodes[*tap].id);
    let event = ["market-day", "harvest", "festival-return", "heat", "frost"].choose(rng)?;
    let site = plant.profile.sites.choose(rng).map(|it| format!("target = \"{}\"\n", it.id));
    let any_site = site.clone().filter(|_| share < 0.7).unwrap_or_default();
    let round = plant.sampling.rounds.choose(rng).map(|it| format!("round = \"{}\"", it.id));
    Some(match kind {
        "demand" if share < 0.5 => Some(format!("factor = {}", 8.0 * share)),
        "demand" => Some(format!("village = \"{}\"\nfactor = {}", village.id, 10.0 * share)),
        "calendar" => Some(format!("event = \"{event}\"\npercent = {percent}")),
        "cut-off" if share < 0.5 => Some(format!("village = \"{}\"", village.id)),
        "cut-off" => tap.map(|tap| format!("target = \"{tap}\"")),
        "lab-sample" => site.map(|it| format!("{it}analytes = [\"turbidity\"]")),
        "lab-missed" => Some(round.filter(|_| share < 0.7).unwrap_or_default()),
        "lab-spoilt" => Some(any_site),
        "lab-contaminated" => Some(format!("{any_site}coliforms_per_100_ml = {}", 1.0 + percent)),
        "lab-error" => Some(format!("analyte = \"turbidity\"\nfactor = {}", 0.1 + 9.0 * share)),
        "gateway-silence" => Some(String::new()),
        "gateway-frozen" if share < 0.5 => Some("times = \"new\"".to_owned()),
        "gateway-frozen" => Some("times = \"old\"".to_owned()),
        "link-loss" => Some(format!("percent = {}", 60.0 * share)),
        "link-delay" => Some(format!("delay_s = {}\njitter_s = 90", 400.0 * share)),
        "link-duplicate" => Some(format!("percent = {percent}")),
        "link-reorder" => Some(format!("percent = 30\nby_s = {}", 1.0 + 900.0 * share)),
        "link-outage" => Some(format!("keeps_h = {share}")),
        _ => return None,
    })
}

/// The keys of a fault of an instrument that it can happen to.
fn fault_keys(plant: &Plant, fault: &str, share: f64, rng: &mut ChaCha8Rng) -> Option<String> {
    let twin = |tag: &Tag| {
        let mut tags = plant.instruments.iter().map(|other| &other.tag);
        let is = |other: &Tag| other.quantity == tag.quantity && other.id != tag.id;
        tags.find(|other| is(other)).map(|other| other.id.clone())
    };
    let fits = |tag: &Tag| match fault {
        "sample-loss" | "fouling" | "bubbles" => tag.quantity.needs_sample(),
        "wrong-unit" => !foreign_units(tag.quantity).is_empty(),
        "swapped" => twin(tag).is_some(),
        _ => true,
    };
    let tags = plant.instruments.iter().map(|instrument| instrument.tag.as_ref());
    let tags: Vec<&Tag> = tags.filter(|tag| fits(tag)).collect();
    let tag = *tags.choose(rng)?;
    let key = |stem| tag.quantity.measured_in().key(stem);
    let (percent, (low, high)) = (100.0 * share, tag.range);
    let keys = match fault {
        "sample-loss" => format!("decay_h = {}", 0.1 + share),
        "slow" => format!("lag_s = {}", 1.0 + 900.0 * share),
        "fouling" => {
            format!("{} = {share}\nclean_every_h = {}", key("per_day"), 0.1 + share)
        }
        "drift" => format!("{} = {}", key("per_day"), 4.0 * (share - 0.5)),
        "bias" => format!("{} = {}\nramp_min = 30\nramp = \"smooth\"", key("by"), share - 0.5),
        "percent" => format!("by_percent = {}", percent - 50.0),
        "calibration" => format!(
            "gain_percent = {}\n{} = {}\nramp_min = 60\nramp = \"exponential\"",
            percent - 50.0,
            key("offset"),
            share - 0.5
        ),
        "noise" => format!("{} = {}", key("spread"), 0.01 + share),
        "spikes" | "bubbles" => format!("percent = {percent}\n{} = {}", key("up_to"), 1.0 + share),
        "clip" => format!("{} = {}", key("high"), low + share * (high - low)),
        "stuck" => String::new(),
        "stuck-at" => format!("{} = {}", key("at"), low.max(0.0)),
        "wrong-unit" => {
            let units = foreign_units(tag.quantity);
            format!("as = \"{}\"", units.choose(rng)?.0)
        }
        "dropout" | "duplicate" => format!("percent = {percent}"),
        "burst-loss" => format!("percent = {}\nmean_readings = 5", 0.1 + percent / 3.0),
        "battery-low" => format!("lasts_h = {}", 0.1 + 5.0 * share),
        "clock-skew" => format!("by_s = {}", 20.0 * percent - 1_000.0),
        "clock-drift" => format!("per_day_s = {}", 100.0 * percent - 5_000.0),
        "late" => format!("percent = {percent}\nby_s = {}", 1.0 + 900.0 * share),
        "swapped" => format!("with = \"{}\"", twin(tag)?),
        _ => unreachable!("the swarm cannot draw instrument-{fault} yet: teach it here"),
    };
    Some(format!("target = \"{}\"\n{keys}", tag.id))
}
