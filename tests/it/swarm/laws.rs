//! What holds of every plant, whatever befalls it.

use std::collections::{BTreeMap, BTreeSet};

use sanmen::alarms::event::{AlarmChange, AlarmEvent, AlarmState};
use sanmen::base::Stamp;
use sanmen::base::units::Flow;
use sanmen::ingest::observation::IngestChange;
use sanmen::ledger::record::Record;
use sanmen::plant::Plant;
use sanmen::plant::network::NodeKind;
use sanmen::world::truth::{LinkTruth, NodeTruth, Truth, Water, WorksTruth};

use super::play::Played;

/// Rounding of the solver's flows, m³/h.
const FLOW_EPSILON: f64 = 1e-3;

/// What EPANET's accuracy leaves of a demand: it ends when all flows together hardly change.
const DEMAND_SHARE: f64 = 0.02;

/// Every figure of a truth is a number, nothing that cannot be is below zero, levels lie within
/// their tanks, and where it is dry there is neither pressure nor water. Nobody gets more than
/// they want while all is `solved`. Gives what is not so.
pub fn broken(plant: &Plant, truth: &Truth, solved: bool) -> Option<String> {
    let nodes = plant.network.nodes.iter().zip(&truth.nodes);
    let at_nodes = nodes.filter_map(|(node, is)| {
        let what = node_broken(&node.kind, is, solved)?;
        Some(format!("{what} at {}: {is:?}", node.id))
    });
    let links = plant.network.links.iter().zip(&truth.links);
    let at_links = links.filter_map(|(link, is)| {
        let LinkTruth { flow, power, energy_kwh, lifted, .. } = is;
        let never_less = [power.as_kw(), *energy_kwh, lifted.as_m3()];
        let sound = flow.as_m3_per_h().is_finite() && never_less.into_iter().all(sound);
        (!sound).then(|| format!("no figure of {}: {is:?}", link.id))
    });
    let at_stations = truth.stations.iter().filter_map(|station| {
        let sound = (11.0..=14.0).contains(&station.volts);
        (!sound).then(|| format!("no voltage: {station:?}"))
    });
    let at_works = works_broken(&truth.works);
    let what = at_nodes.chain(at_links).chain(at_stations).chain(at_works).next();
    what.map(|what| format!("{what} ({})", truth.at))
}

fn sound(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

fn node_broken(kind: &NodeKind, is: &NodeTruth, solved: bool) -> Option<&'static str> {
    let pressure = is.pressure.as_m();
    let flows = [is.demand, is.delivered, is.leakage, is.filling].map(Flow::as_m3_per_h);
    let [demand, delivered, ..] = flows;
    let is_junction = matches!(kind, NodeKind::Junction { .. });
    let is_outside = match kind {
        NodeKind::Tank(tank) => is.pressure < tank.min_level || is.pressure > tank.max_level,
        _ => false,
    };
    let greedy = is_junction && delivered > demand * (1.0 + DEMAND_SHARE) + FLOW_EPSILON;
    let checks = [
        (!pressure.is_finite(), "no pressure"),
        (is_junction && flows.iter().any(|flow| *flow < -FLOW_EPSILON), "a flow below zero"),
        (!flows.iter().all(|flow| flow.is_finite()), "a flow without end"),
        (solved && greedy, "more water than people want"),
        (is_junction && is.is_dry && pressure != 0.0, "pressure without water"),
        (is_junction && is.is_dry && delivered > FLOW_EPSILON, "water where it is dry"),
        (is_outside, "a level outside the tank"),
        (!carried(&is.water).into_iter().all(sound), "water that cannot be"),
    ];
    checks.into_iter().find(|(broken, _)| *broken).map(|(_, what)| what)
}

fn carried(water: &Water) -> [f64; 16] {
    [
        water.chlorine.as_mg_per_l(),
        water.combined.as_mg_per_l(),
        water.chlorine_dioxide.as_mg_per_l(),
        water.turbidity.as_ntu(),
        water.conductivity.as_us_per_cm(),
        water.age_h,
        water.e_coli.as_per_100_ml(),
        water.trihalomethanes.as_mg_per_l(),
        water.chlorite.as_mg_per_l(),
        water.chlorate.as_mg_per_l(),
        water.codmn.as_mg_per_l(),
        water.ammonia.as_mg_per_l(),
        water.aluminium.as_mg_per_l(),
        water.iron.as_mg_per_l(),
        water.manganese.as_mg_per_l(),
        water.colour_pt_co,
    ]
}

fn works_broken(works: &WorksTruth) -> Option<String> {
    let figures = [
        works.raw_turbidity.as_ntu(),
        works.raw_conductivity.as_us_per_cm(),
        works.raw_ph,
        works.raw_codmn.as_mg_per_l(),
        works.raw_ammonia.as_mg_per_l(),
        works.raw_e_coli.as_per_100_ml(),
        works.raw_iron.as_mg_per_l(),
        works.raw_manganese.as_mg_per_l(),
        works.raw_colour_pt_co,
        works.intake.as_m3_per_h(),
        works.production.as_m3_per_h(),
        works.coagulant.as_mg_per_l(),
        works.settled_turbidity.as_ntu(),
        works.head_loss.as_m(),
        works.wash.as_m3_per_h(),
        works.filtered_turbidity.as_ntu(),
        works.filtered_e_coli.as_per_100_ml(),
        works.dosed.as_mg_per_l(),
        works.stock_level.as_m(),
        works.contact_min,
        works.ct,
        works.giardia_log,
    ];
    let temperature = works.temperature.as_deg_c();
    let others = [temperature, works.raw_level.as_m()].into_iter().all(f64::is_finite);
    (!others || !figures.into_iter().all(sound)).then(|| format!("the works: {works:?}"))
}

/// What is known of one alarm so far.
#[derive(Debug, Default)]
struct Life {
    last: Option<Stamp>,
    occurrence: u64,
    stands: bool,
    without_data: bool,
    state: Option<AlarmState>,
}

impl Life {
    /// Time never goes back; an alarm is raised, then cleared, and counted; data go, then come
    /// back.
    fn obeys(&mut self, event: &AlarmEvent) -> bool {
        let in_order = self.last.is_none_or(|last| last <= event.at);
        (self.last, self.state) = (Some(event.at), Some(event.state));
        let legal = match event.change {
            AlarmChange::Raised => {
                self.occurrence += 1;
                !std::mem::replace(&mut self.stands, true) && event.id.n == self.occurrence
            }
            AlarmChange::Cleared => {
                std::mem::replace(&mut self.stands, false) && event.id.n == self.occurrence
            }
            AlarmChange::NoData => self.stands && !std::mem::replace(&mut self.without_data, true),
            AlarmChange::DataBack => std::mem::replace(&mut self.without_data, false),
            _ => true,
        };
        in_order && legal
    }
}

/// Every alarm lives a legal life, and what the views list as standing is what the ledger's records
/// fold to. Gives how many were raised.
pub fn alarms_obey(played: &Played, text: &str) -> usize {
    let mut lives: BTreeMap<(String, Option<String>), Life> = BTreeMap::new();
    let key = |event: &AlarmEvent| {
        (event.id.rule.to_string(), event.id.tag.as_ref().map(ToString::to_string))
    };
    let mut raised = 0;
    for record in &played.records {
        let Record::Alarm(event) = record else { continue };
        let life = lives.entry(key(event)).or_default();
        assert!(life.obeys(event), "{event:?} after {life:?}\n{text}");
        raised += usize::from(event.change == AlarmChange::Raised);
    }
    // What is suppressed may wait in a view without ever having been announced.
    let is_seen = |state| !matches!(state, AlarmState::Normal | AlarmState::SuppressedByDesign);
    let folded: BTreeMap<_, _> = lives
        .into_iter()
        .filter_map(|(key, life)| Some((key, life.state.filter(|state| is_seen(*state))?)))
        .collect();
    let listed: BTreeMap<_, _> = (played.view.standing.iter())
        .filter(|event| is_seen(event.state))
        .map(|event| (key(event), event.state))
        .collect();
    assert_eq!(listed, folded, "a view that is no fold of the ledger\n{text}");
    raised
}

/// Every message is accepted once, counted as a duplicate, refused, or counted as lost; and the
/// counters of the view are what the ledger's records sum up to.
pub fn nothing_is_lost_uncounted(played: &Played, text: &str) {
    let (came, view) = (&played.came, &played.view);
    let counters = view.counters;
    let distinct = came.numbers.len() as u64;
    let published = came.numbers.last().map_or(0, |last| last + 1);
    let first = came.numbers.first().copied().unwrap_or(0);
    // What went by before the first message is no loss: nobody listened yet.
    let missing = published - first - distinct;
    let said = || format!("{counters:?}, {published} published, {distinct} came\n{text}");
    assert_eq!(counters.lost - counters.late, missing, "{}", said());
    assert_eq!(counters.duplicates, came.numbered - distinct, "{}", said());
    // Refused are readings whose times cannot be, one by one.
    assert_eq!(counters.readings + view.refused, came.readings, "{}", said());
    assert_eq!(counters.messages, came.messages, "{}", said());
    let (mut lost, mut late, mut refused) = (0, 0, 0);
    let (mut tickets, mut results, mut reasons) = (0, 0, BTreeSet::new());
    for record in &played.records {
        match record {
            Record::Ticket(_) => tickets += 1,
            Record::Lab(_) => results += 1,
            Record::Ingest(event) => match &event.what {
                IngestChange::Gap { from, to, .. } => lost += to + 1 - from,
                IngestChange::Late { .. } => late += 1,
                IngestChange::Refused { count, reason, .. } => {
                    refused += count;
                    reasons.insert(reason.as_str());
                }
                _ => {}
            },
            _ => {}
        }
    }
    let booked = (counters.lost, counters.late, view.refused);
    assert_eq!((lost, late, refused), booked, "records and counters\n{text}");
    assert!(reasons.is_subset(&BTreeSet::from(["future", "past"])), "{reasons:?}\n{text}");
    assert_eq!((tickets, results), (came.tickets, came.results), "tickets and results\n{text}");
}
