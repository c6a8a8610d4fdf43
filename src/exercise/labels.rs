//! Labels: what failed, where, from when to when, and whom it reached.
//!
//! A village is affected when it lacks something that it does not lack, at the same moment, in the
//! twin of the plant to which nothing happens: same plant, condition, weather and people. What is
//! bad anyway, such as the morning peak of a worn-out plant, is nobody's fault.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::base::random::Seed;
use crate::base::units::{Flow, Length};
use crate::base::{Span, Stamp};
use crate::inspection::service_pressure::ServiceHead;
use crate::plant::Plant;
use crate::plant::profile::{Disinfectant, Profile, Village};
use crate::plant::tags::Instrument;
use crate::scenario::Scenario;
use crate::scenario::injection::{Injection, InjectionKind, PowerEvent};
use crate::world::truth::{NodeTruth, Truth, Water};

/// How long after its end an injection still answers for what villages lack `[D]`: bad water needs
/// up to a day to the last tap.
pub const AFTERMATH: Span = Span::DAY;

/// Rural service heads by storeys `[S13w]`, without a deadband: a label has no memory.
const SERVICE: ServiceHead = ServiceHead {
    one_storey: Length::m(5.0),
    two_storeys: Length::m(10.0),
    further_storey: Length::m(3.5),
    deadband: Length::ZERO,
};

/// People get less than this share of what they want: they notice `[D]`.
const SERVED_SHARE_LOW: f64 = 0.9;

/// What a village can lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// The far tap has less than the service head of the village's houses.
    Pressure,
    /// Its people get less than nine tenths of the water they want.
    Supply,
    /// Disinfectant at the far tap is outside GB 5749-2022.
    Disinfectant,
    /// Turbidity at the far tap is above GB 5749-2022.
    Turbidity,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pressure => "pressure",
            Self::Supply => "supply",
            Self::Disinfectant => "disinfectant",
            Self::Turbidity => "turbidity",
        })
    }
}

/// How a village is served at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Pressure head at its far tap; 0 where no water gets.
    pub pressure: Length,
    /// The water at its far tap.
    pub water: Water,
    /// What its people want, at all taps.
    pub demand: Flow,
    /// What they get.
    pub delivered: Flow,
    /// What it lacks.
    pub lacks: BTreeSet<Lack>,
}

impl Service {
    /// Share of the demand that is delivered, 0 to 1; 1 when nobody wants water.
    pub fn served_share(&self) -> f64 {
        let wanted = self.demand.as_m3_per_s();
        if wanted > 0.0 { (self.delivered.as_m3_per_s() / wanted).min(1.0) } else { 1.0 }
    }
}

/// What a village may ask for.
#[derive(Debug, Clone)]
struct Claim {
    head: Length,
    /// mg/L, lowest and highest.
    disinfectant: Option<(f64, f64)>,
    turbidity_ntu: f64,
}

/// Tells how villages are served.
#[derive(Debug, Clone)]
pub struct Services {
    claims: Vec<Claim>,
}

impl Services {
    /// What the villages of `plant` may ask for.
    pub fn new(plant: &Plant) -> Self {
        let profile = &plant.profile;
        let claim = |village: &Village| Claim {
            head: SERVICE.head(village.storeys) + rise(village, &plant.instruments),
            disinfectant: disinfectant_limits(profile.disinfectant),
            turbidity_ntu: turbidity_limit(profile),
        };
        Self { claims: profile.villages.iter().map(claim).collect() }
    }

    /// How every village of `plant` is served, in the profile's order; into `out`.
    pub fn tell(&self, plant: &Plant, truth: &Truth, out: &mut Vec<Service>) {
        out.clear();
        for (village, claim) in plant.profile.villages.iter().zip(&self.claims) {
            out.push(claim.serve(village, truth));
        }
    }
}

impl Claim {
    fn serve(&self, village: &Village, truth: &Truth) -> Service {
        let far = village.taps.last().map(|tap| truth.nodes[tap.0]).unwrap_or_default();
        let sum = |of: fn(&NodeTruth) -> Flow| {
            village.taps.iter().fold(Flow::ZERO, |sum, tap| sum + of(&truth.nodes[tap.0]))
        };
        let mut service = Service {
            pressure: far.pressure,
            water: far.water,
            demand: sum(|node| node.demand),
            delivered: sum(|node| node.delivered),
            lacks: BTreeSet::new(),
        };
        let residual = far.water.disinfectant().as_mg_per_l();
        let is_outside = |(low, high)| residual < low || residual > high;
        let lacking = [
            (Lack::Pressure, far.pressure < self.head),
            (Lack::Supply, service.served_share() < SERVED_SHARE_LOW),
            (Lack::Disinfectant, self.disinfectant.is_some_and(is_outside)),
            (Lack::Turbidity, far.water.turbidity.as_ntu() > self.turbidity_ntu),
        ];
        service.lacks = lacking.into_iter().filter(|(_, is)| *is).map(|(lack, _)| lack).collect();
        service
    }
}

/// How far the highest house lies above the tap, as the village's own gauge has it.
fn rise(village: &Village, instruments: &[Instrument]) -> Length {
    let own = instruments.iter().filter(|i| i.tag.village.as_ref() == Some(&village.id));
    Length::m(own.map(|instrument| instrument.tag.rise_m).fold(0.0, f64::max))
}

/// At the tap, mg/L: GB 5749-2022 table 2 `[S8][S9]`; none for what this world does not compute.
fn disinfectant_limits(disinfectant: Disinfectant) -> Option<(f64, f64)> {
    match disinfectant {
        Disinfectant::FreeChlorine => Some((0.05, 2.0)),
        Disinfectant::ChlorineDioxide => Some((0.02, 0.8)),
        Disinfectant::Chloramine | Disinfectant::Ozone | Disinfectant::MixedChlorineDioxide => None,
    }
}

/// 1 NTU; 3 NTU for small centralised supplies `[M]`.
fn turbidity_limit(profile: &Profile) -> f64 {
    if profile.is_small_supply() { 3.0 } else { 1.0 }
}

/// One injection and whom it reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Position in `Scenario::injections`.
    pub injection: usize,
    /// Villages it reached, by position in the profile, with what they came to lack.
    pub villages: BTreeMap<usize, BTreeSet<Lack>>,
    /// First step at which a village lacked something through it.
    pub first: Option<Stamp>,
    /// Last such step.
    pub last: Option<Stamp>,
}

impl Label {
    /// People in the villages it reached.
    pub fn people(&self, profile: &Profile) -> u64 {
        self.villages.keys().map(|at| u64::from(profile.villages[*at].people)).sum()
    }

    /// Everything that any village came to lack.
    pub fn lacks(&self) -> BTreeSet<Lack> {
        self.villages.values().flatten().copied().collect()
    }
}

/// Follows a run and labels every injection of its scenario.
#[derive(Debug, Clone)]
pub struct Labels {
    injections: Vec<Injection>,
    labels: Vec<Label>,
}

impl Labels {
    /// Before the first step of a run of `scenario` with `seed`.
    pub fn new(scenario: &Scenario, seed: Seed) -> Self {
        let label =
            |injection| Label { injection, villages: BTreeMap::new(), first: None, last: None };
        Self {
            labels: (0..scenario.injections.len()).map(label).collect(),
            injections: scenario.injections_with(seed),
        }
    }

    /// Notes the step that ended `at`: how villages are served, and how they are in the twin.
    ///
    /// Every injection that is in force, or has ended within `AFTERMATH`, answers for what a
    /// village lacks in addition; several at once all do.
    pub fn note(&mut self, at: Stamp, services: &[Service], twin: &[Service]) {
        let mut added: Vec<(usize, BTreeSet<Lack>)> = Vec::new();
        for (village, (service, normal)) in services.iter().zip(twin).enumerate() {
            if service.lacks.is_subset(&normal.lacks) {
                continue;
            }
            added.push((village, service.lacks.difference(&normal.lacks).copied().collect()));
        }
        for (injection, label) in self.injections.iter().zip(&mut self.labels) {
            if added.is_empty() || !answers(injection, at) {
                continue;
            }
            for (village, lacks) in &added {
                label.villages.entry(*village).or_default().extend(lacks);
            }
            label.first.get_or_insert(at);
            label.last = Some(at);
        }
    }

    /// One label for each injection, in the scenario's order.
    pub fn finish(self) -> Vec<Label> {
        self.labels
    }
}

/// Can what happens at `at` come from this injection? A failed instrument or a lost sample changes
/// no water, and help harms nobody.
fn answers(injection: &Injection, at: Stamp) -> bool {
    let touches_water = !matches!(
        injection.kind,
        InjectionKind::Instrument { .. }
            | InjectionKind::Gateway(_)
            | InjectionKind::Station(_)
            | InjectionKind::Laboratory(_)
            | InjectionKind::Power(PowerEvent::GeneratorStart | PowerEvent::DosingReset)
    );
    // A truth told at the end of a step shows what was in force before it.
    touches_water
        && injection.from < at
        && injection.until.is_none_or(|until| at <= until + AFTERMATH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::InjectionId;
    use crate::base::problem::Source;
    use crate::base::units::Concentration;
    use crate::plant::sample;
    use crate::scenario::load;
    use crate::world::truth::{PowerState, WorksTruth};
    use std::sync::Arc;

    const TWO: &str = r#"
title = { en = "Two", zh = "二" }
plant = "small"
start = 2024-12-05T08:00:00+08:00
duration_h = 60
seed = 1

[[inject]]
id = "trip"
at_min = 60
until_min = 120
kind = "pump-trip"
target = "P-1"

[[inject]]
id = "stuck"
at_min = 60
kind = "instrument-stuck"
target = "AIT-1"
"#;

    fn scenario() -> Scenario {
        load(&Source::new("two.toml", TWO), &[Arc::new(sample::plant())]).expect("a scenario")
    }

    fn service(lacks: &[Lack]) -> Service {
        Service {
            pressure: Length::m(20.0),
            water: Water::default(),
            demand: Flow::ZERO,
            delivered: Flow::ZERO,
            lacks: lacks.iter().copied().collect(),
        }
    }

    /// Labels of a run in which the first village lacks `ours`, and in the twin `normal`.
    fn labels(minute: i64, ours: &[Lack], normal: &[Lack]) -> Vec<Label> {
        let scenario = scenario();
        let mut labels = Labels::new(&scenario, scenario.seed);
        let at = scenario.start + Span::minutes(minute);
        labels.note(at, &[service(ours)], &[service(normal)]);
        labels.finish()
    }

    #[test]
    fn what_a_village_lacks_in_addition_is_laid_to_what_is_in_force() {
        let found = labels(61, &[Lack::Pressure, Lack::Supply], &[Lack::Pressure]);
        assert_eq!(found[0].lacks(), BTreeSet::from([Lack::Supply]));
        assert_eq!(found[0].first, found[0].last);
        assert_eq!(found[0].people(&sample::plant().profile), 1_000);
    }

    #[test]
    fn what_is_bad_anyway_and_what_comes_too_early_or_too_late_is_not() {
        let pressure = [Lack::Pressure];
        assert!(labels(61, &pressure, &pressure)[0].villages.is_empty(), "bad anyway");
        assert!(labels(60, &pressure, &[])[0].villages.is_empty(), "the step before");
        assert!(!labels(120 + 24 * 60, &pressure, &[])[0].villages.is_empty(), "the aftermath");
        assert!(labels(121 + 24 * 60, &pressure, &[])[0].villages.is_empty(), "after it");
    }

    #[test]
    fn a_failed_instrument_reaches_nobody() {
        let stuck = &labels(61, &[Lack::Pressure], &[])[1];
        assert!(stuck.villages.is_empty() && stuck.first.is_none());
        let id = InjectionId::new("stuck").expect("an id");
        assert_eq!(scenario().injections[stuck.injection].id, id);
    }

    #[test]
    fn a_village_lacks_what_its_limits_say() {
        let plant = sample::plant();
        let village = &plant.profile.villages[0];
        let mut truth = Truth {
            at: scenario().start,
            nodes: vec![NodeTruth::default(); plant.network.nodes.len()],
            links: Vec::new(),
            works: WorksTruth::default(),
            power: PowerState::USUAL,
            stations: Vec::new(),
        };
        let far = village.taps.last().expect("a tap").0;
        let mut serve = |head_m: f64, chlorine: f64, delivered: f64| {
            truth.nodes[far].pressure = Length::m(head_m);
            truth.nodes[far].demand = Flow::m3_per_s(0.01);
            truth.nodes[far].delivered = Flow::m3_per_s(delivered);
            truth.nodes[far].water.chlorine = Concentration::mg_per_l(chlorine);
            let mut services = Vec::new();
            Services::new(&plant).tell(&plant, &truth, &mut services);
            services[0].clone()
        };
        assert!(serve(30.0, 0.3, 0.01).lacks.is_empty());
        assert_eq!(serve(1.0, 0.3, 0.01).lacks, BTreeSet::from([Lack::Pressure]));
        assert_eq!(serve(30.0, 0.04, 0.01).lacks, BTreeSet::from([Lack::Disinfectant]));
        let thirsty = serve(30.0, 0.3, 0.008);
        assert_eq!(thirsty.lacks, BTreeSet::from([Lack::Supply]));
        assert!((thirsty.served_share() - 0.8).abs() < 1e-12);
    }
}
