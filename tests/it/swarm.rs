//! Random troubles by the dozen: whatever happens to the plant, its numbers and its alarms keep
//! their laws. A failure prints the scenario, to be saved and played with `sanmen test`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use sanmen::alarms::event::{AlarmChange, AlarmEvent};
use sanmen::base::Stamp;
use sanmen::base::problem::Source;
use sanmen::base::random::{Seed, stream};
use sanmen::base::units::Quantity;
use sanmen::cli::library::Library;
use sanmen::exercise::offline;
use sanmen::plant::Plant;
use sanmen::plant::network::{LinkKind, NodeKind};
use sanmen::plant::tags::Instrument;
use sanmen::scenario::injection::foreign_units;
use sanmen::scenario::load;

const MINUTES: u32 = 360;

/// Scenarios in each half; an unoptimised build plays fewer.
const DRAWS: u64 = if cfg!(debug_assertions) { 12 } else { 40 };

/// A scenario of six hours with one to five troubles.
fn scenario(plant: &Arc<Plant>, seed: u64) -> String {
    let mut rng = stream(Seed(seed), "swarm");
    let condition = &plant.conditions[rng.random_range(0..plant.conditions.len())].name;
    let hour = rng.random_range(0..24);
    let mut text = format!(
        "title = {{ en = \"Swarm {seed}\", zh = \"随机 {seed}\" }}\nplant = \"{}\"\n\
         condition = \"{condition}\"\nstart = 2024-12-05T{hour:02}:00:00+08:00\n\
         duration_h = {}\nstep_s = 300\nseed = {seed}\n",
        plant.id,
        MINUTES / 60,
    );
    for n in 0..rng.random_range(1..=5) {
        let at = rng.random_range(0..MINUTES - 30);
        let mut longer = text.clone();
        let _ = write!(longer, "\n[[inject]]\nid = \"i{n}\"\nat_min = {at}\n");
        if rng.random_bool(0.6) {
            let _ = writeln!(longer, "until_min = {}", at + rng.random_range(1..MINUTES - at));
        }
        longer.push_str(&trouble(plant, &mut rng));
        if !contradicts(plant, &longer) {
            text = longer;
        }
    }
    text
}

/// Is this scenario refused because its last trouble contradicts an earlier one?
fn contradicts(plant: &Arc<Plant>, text: &str) -> bool {
    let read = load(&Source::new("swarm.toml", text), std::slice::from_ref(plant));
    let said = read.err().map(|problems| problems.to_string()).unwrap_or_default();
    said.contains("already decided by") || said.contains("at the same moment")
}

/// The keys of one trouble.
fn trouble(plant: &Plant, rng: &mut ChaCha8Rng) -> String {
    let pumps: Vec<&str> = plant
        .network
        .links
        .iter()
        .filter(|link| matches!(link.kind, LinkKind::Pump { .. }))
        .map(|link| link.id.as_str())
        .collect();
    let junctions: Vec<&str> = plant
        .network
        .nodes
        .iter()
        .filter(|node| matches!(node.kind, NodeKind::Junction { .. }))
        .map(|node| node.id.as_str())
        .collect();
    let pump = pumps[rng.random_range(0..pumps.len())];
    let junction = junctions[rng.random_range(0..junctions.len())];
    let instrument = rng.random_range(0..plant.instruments.len());
    let village = &plant.profile.villages[rng.random_range(0..plant.profile.villages.len())].id;
    let dosing = &plant.train.dosing.id;
    let share = rng.random_range(0.0..1.0);
    let times = if share < 0.5 { "new" } else { "old" };
    match rng.random_range(0..26) {
        0 => format!("kind = \"pump-trip\"\ntarget = \"{pump}\"\n"),
        1 => format!(
            "kind = \"pump-wear\"\ntarget = \"{pump}\"\nhead_percent = {}\n",
            30.0 + 70.0 * share
        ),
        2 => format!("kind = \"dosing-no-flow\"\ntarget = \"{dosing}\"\nkeep_signal = true\n"),
        3 => format!(
            "kind = \"dosing-set\"\ntarget = \"{dosing}\"\ndose_mg_per_l = {}\n",
            10.0 * share
        ),
        4 => format!(
            "kind = \"burst\"\ntarget = \"{junction}\"\nm3_per_h_at_20_m = {}\n",
            1.0 + 400.0 * share * share
        ),
        5 => format!("kind = \"demand\"\nvillage = \"{village}\"\nfactor = {}\n", 10.0 * share),
        6 => format!("kind = \"demand\"\nfactor = {}\n", 5.0 * share),
        7 => format!(
            "kind = \"raw-storm\"\npeak_ntu = {}\nrise_h = 1\nrecession_h = 6\n",
            5_000.0 * share
        ),
        8 => "kind = \"gateway-silence\"\n".to_owned(),
        9 => format!("kind = \"gateway-frozen\"\ntimes = \"{times}\"\n"),
        10 => format!("kind = \"link-loss\"\npercent = {}\n", 60.0 * share),
        11 => format!("kind = \"link-delay\"\ndelay_s = {}\njitter_s = 90\n", 400.0 * share),
        12 => format!("kind = \"link-duplicate\"\npercent = {}\n", 100.0 * share),
        13 => format!("kind = \"link-reorder\"\npercent = 30\nby_s = {}\n", 1.0 + 900.0 * share),
        14 => format!("kind = \"link-outage\"\nkeeps_h = {share}\n"),
        _ => fault(plant, instrument, rng),
    }
}

/// The keys of one fault of an instrument, each kind as likely as the others; what does not suit
/// the tag gives way to a dropout.
fn fault(plant: &Plant, at: usize, rng: &mut ChaCha8Rng) -> String {
    let tag = &plant.instruments[at].tag;
    let key = |stem| tag.quantity.measured_in().key(stem);
    let share: f64 = rng.random_range(0.0..1.0);
    let percent = 100.0 * share;
    let alike = |other: &&Instrument| other.tag.quantity == tag.quantity && other.tag.id != tag.id;
    let other = plant.instruments.iter().find(alike).map(|other| &other.tag.id);
    let unit = foreign_units(tag.quantity).first().map(|(name, _)| name);
    let (low, high) = tag.range;
    let has_sample = !matches!(
        tag.quantity,
        Quantity::Pressure | Quantity::Flow | Quantity::Level | Quantity::State | Quantity::Energy
    );
    let keys = match (rng.random_range(0..21), other, unit) {
        (0, ..) => {
            format!("bias\"\n{} = {}\nramp_min = 30\nramp = \"smooth\"", key("by"), share - 0.5)
        }
        (1, ..) => format!("percent\"\nby_percent = {}", percent - 50.0),
        (2, ..) => format!("noise\"\n{} = {}", key("spread"), 0.01 + share),
        (3, ..) => format!("burst-loss\"\npercent = {}\nmean_readings = 5", 0.1 + percent / 3.0),
        (4, ..) => format!("battery-low\"\nlasts_h = {}", 0.1 + 5.0 * share),
        (5, ..) => format!("clock-skew\"\nby_s = {}", 20.0 * percent - 1_000.0),
        (6, ..) => format!("clock-drift\"\nper_day_s = {}", 100.0 * percent - 5_000.0),
        (7, ..) => format!("duplicate\"\npercent = {percent}"),
        (8, ..) => format!("late\"\npercent = {percent}\nby_s = {}", 1.0 + 900.0 * share),
        (9, ..) => format!("slow\"\nlag_s = {}", 1.0 + 900.0 * share),
        (10, ..) => format!("stuck-at\"\n{} = {}", key("at"), low.max(0.0)),
        (11, ..) => "stuck\"".to_owned(),
        (12, ..) => format!("drift\"\n{} = {}", key("per_day"), 4.0 * (share - 0.5)),
        (13, ..) => format!(
            "calibration\"\ngain_percent = {}\n{} = {}\nramp_min = 60\nramp = \"exponential\"",
            percent - 50.0,
            key("offset"),
            share - 0.5
        ),
        (14, ..) => format!("spikes\"\npercent = {percent}\n{} = {}", key("up_to"), 1.0 + share),
        (15, ..) => format!("clip\"\n{} = {}", key("high"), low + share * (high - low)),
        (16, ..) if has_sample => format!("sample-loss\"\ndecay_h = {}", 0.1 + share),
        (17, ..) if has_sample => {
            format!("bubbles\"\npercent = {percent}\n{} = {}", key("up_to"), 1.0 + share)
        }
        (18, ..) if has_sample => {
            format!("fouling\"\n{} = {share}\nclean_every_h = {}", key("per_day"), 0.1 + share)
        }
        (19, Some(other), _) => format!("swapped\"\nwith = \"{other}\""),
        (20, _, Some(unit)) => format!("wrong-unit\"\nas = \"{unit}\""),
        _ => format!("dropout\"\npercent = {percent}"),
    };
    format!("kind = \"instrument-{keys}\ntarget = \"{}\"\n", tag.id)
}

/// What is known of one alarm so far.
#[derive(Debug, Default)]
struct Life {
    last: Option<Stamp>,
    occurrence: u64,
    stands: bool,
    without_data: bool,
}

/// Time never goes back; an alarm is raised, then cleared, and counted; data go, then come back.
fn obeys(life: &mut Life, event: &AlarmEvent) -> bool {
    let in_order = life.last.is_none_or(|last| last <= event.at);
    life.last = Some(event.at);
    let legal = match event.change {
        AlarmChange::Raised => {
            life.occurrence += 1;
            !std::mem::replace(&mut life.stands, true) && event.id.n == life.occurrence
        }
        AlarmChange::Cleared => {
            std::mem::replace(&mut life.stands, false) && event.id.n == life.occurrence
        }
        AlarmChange::NoData => life.stands && !std::mem::replace(&mut life.without_data, true),
        AlarmChange::DataBack => std::mem::replace(&mut life.without_data, false),
        _ => true,
    };
    in_order && legal
}

fn swarm(seeds: Range<u64>) {
    let library = Library::default();
    let plant = library.plant("sanmen").expect("the plant ships");
    let book = library.book().expect("the rules ship");
    let mut raised = 0;
    for seed in seeds {
        let text = scenario(&plant, seed);
        let scenario = load(&Source::new("swarm.toml", text.clone()), std::slice::from_ref(&plant))
            .unwrap_or_else(|problems| unreachable!("{}", problems.render(false)));
        let played = offline::play(&plant, &scenario, &book, None)
            .unwrap_or_else(|error| unreachable!("{error}: {:?}\n{text}", error));
        assert!(played.soundness.is_sound(), "{}\n{text}", played.soundness);
        if seed % 4 == 0 {
            let again = offline::play(&plant, &scenario, &book, None).expect("it went before");
            assert!(again.entries == played.entries, "another ledger the second time\n{text}");
        }
        let mut lives: BTreeMap<String, Life> = BTreeMap::new();
        for event in played.alarm_events() {
            let tag = event.id.tag.as_ref().map(ToString::to_string).unwrap_or_default();
            let life = lives.entry(format!("{}/{tag}", event.id.rule)).or_default();
            assert!(obeys(life, event), "{event:?} after {life:?}\n{text}");
            raised += usize::from(event.change == AlarmChange::Raised);
        }
    }
    assert!(raised > 0, "troubles that nobody notices prove nothing");
}

// Two halves, so that two cores share them.

#[test]
fn random_troubles_break_no_law() {
    swarm(0..DRAWS);
}

#[test]
fn other_random_troubles_break_no_law() {
    swarm(1_000..1_000 + DRAWS);
}
