//! A scenario of a whole fleet: the same weather, the same grid, many plants.
//!
//! Plants never touch each other, so a fleet's scenario is a scenario for each of them: shared
//! events come to each with a lag and a size of its own.

use std::ops::Range;
use std::sync::Arc;

use rand::RngExt;

use super::Scenario;
use super::injection::{Injection, InjectionKind, NetworkEvent, PeopleEvent, SourceEvent};
use crate::base::problem::{Listed, Source};
use crate::base::random::{Seed, fnv1a_64, stream};
use crate::base::time::UtcOffset;
use crate::base::{PlantId, RuleId, Span, Stamp, Text};
use crate::plant::Plant;
use crate::plant::network::{LinkIndex, LinkKind};
use crate::plant::profile::SourceKind;

/// A fleet's scenario, complete and checked against its fleet.
#[derive(Debug, Clone)]
pub struct FleetScenario {
    /// The file it came from.
    pub source: Arc<Source>,
    /// Its name for people.
    pub title: Text,
    /// What it shows, when the file says so.
    pub about: Option<Text>,
    /// How many works of the fleet it draws; none: all of them.
    pub plants: Option<usize>,
    /// Name of the condition that every plant starts from.
    pub condition: String,
    /// When it starts.
    pub start: Stamp,
    /// The offset the start was written in.
    pub utc_offset: UtcOffset,
    /// How long it runs.
    pub duration: Span,
    /// Where every draw comes from, that of the works included.
    pub seed: Seed,
    /// Hydraulic step.
    pub step: Span,
    /// Simulated seconds a second when it is shown live; none: as the settings say.
    pub speed: Option<f64>,
    /// Packs of rules, and files or folders of them, by which the plants are judged; none: as the
    /// fleet says.
    pub judged_by: Option<Listed>,
    /// What happens.
    pub events: Vec<FleetEvent>,
    /// What must and must not follow.
    pub expectations: Vec<FleetExpectation>,
}

/// Something that happens to many plants.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetEvent {
    /// As it happens to a plant without lag, at full size.
    pub injection: Injection,
    /// Does every pump of the plant trip? `injection` then says when.
    pub trips_pumps: bool,
    /// Positions of the counties it comes to; empty: all.
    pub counties: Vec<usize>,
    /// It comes later by a draw from this range.
    pub lag: (Span, Span),
    /// Its size is multiplied by a draw from this range.
    pub size: (f64, f64),
}

/// How many plants must raise an alarm, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetExpectation {
    /// `file:line`, for messages.
    pub place: String,
    /// The rule; whether there is such a rule, the caller knows.
    pub rule: RuleId,
    /// Where the file names it, in bytes.
    pub rule_span: Range<usize>,
    /// Position of the only county whose plants count.
    pub county: Option<usize>,
    /// Fewest plants.
    pub at_least: usize,
    /// Most plants; none: any number.
    pub at_most: Option<usize>,
    /// Alarms raised in this time count, both ends included.
    pub from: Stamp,
    /// See `from`.
    pub until: Stamp,
}

/// Share of a river's storm that another source shows, as for the storms that the world draws
/// `[D]`: reservoirs settle, springs and wells filter.
fn storm_share(source: SourceKind) -> f64 {
    match source {
        SourceKind::River => 1.0,
        SourceKind::Reservoir => 0.25,
        SourceKind::Spring => 0.4,
        SourceKind::Well => 0.02,
    }
}

impl FleetScenario {
    /// The seed of one plant: no two draw the same noise.
    pub fn seed_of(&self, plant: &PlantId, seed: Seed) -> Seed {
        Seed(fnv1a_64(format!("{}/{plant}", seed.0).as_bytes()))
    }

    /// What the scenario is for one plant, which stands in `county`; none when the plant has not
    /// got the condition. `seed`: the whole run's.
    pub fn for_plant(&self, plant: &Plant, county: usize, seed: Seed) -> Option<Scenario> {
        let condition = plant.conditions.iter().position(|c| c.name == self.condition)?;
        let comes =
            |event: &&FleetEvent| event.counties.is_empty() || event.counties.contains(&county);
        let events = self.events.iter().filter(comes);
        let injections = events.flat_map(|event| event.for_plant(plant, seed));
        Some(Scenario {
            source: Arc::clone(&self.source),
            title: self.title.clone(),
            about: self.about.clone(),
            plant: plant.id.clone(),
            condition,
            start: self.start,
            utc_offset: self.utc_offset,
            duration: self.duration,
            seed: self.seed_of(&plant.id, seed),
            step: self.step,
            speed: self.speed,
            judged_by: self.judged_by.clone(),
            residents: false,
            laboratory: false,
            injections: injections.collect(),
            repairs: Vec::new(),
            answers: Vec::new(),
            announcements: Vec::new(),
            expectations: Vec::new(),
            tickets: Vec::new(),
            energy: Vec::new(),
            limits: Vec::new(),
            floods: Vec::new(),
            allowed: Vec::new(),
        })
    }
}

impl FleetEvent {
    /// With this plant's lag and size; one injection a pump when it trips them.
    fn for_plant(&self, plant: &Plant, seed: Seed) -> Vec<Injection> {
        let name = format!("fleet/{}/{}", self.injection.id, plant.id);
        let mut rng = stream(seed, &name);
        let (soonest, latest) = self.lag;
        let lag = Span::from_seconds_f64(
            soonest.as_seconds() + (latest - soonest).as_seconds() * rng.random::<f64>(),
        );
        let (low, high) = self.size;
        let size = low + (high - low) * rng.random::<f64>();
        let mut injection = self.injection.clone();
        injection.from += lag;
        injection.until = injection.until.map(|until| until + lag);
        scale(&mut injection.kind, size, plant.profile.source);
        if !self.trips_pumps {
            return vec![injection];
        }
        let links = plant.network.links.iter().enumerate();
        let pumps = links.filter(|(_, link)| matches!(link.kind, LinkKind::Pump { .. }));
        pumps
            .map(|(at, _)| Injection {
                kind: InjectionKind::Network(NetworkEvent::PumpTrip { pump: LinkIndex(at) }),
                ..injection.clone()
            })
            .collect()
    }
}

/// The size of what happens, by the key that a scenario gives it, where a plant may have its own.
pub fn size(kind: &InjectionKind) -> Option<(&'static str, f64)> {
    match kind {
        InjectionKind::Source(SourceEvent::RawStorm { peak_ntu, .. }) => {
            Some(("peak_ntu", *peak_ntu))
        }
        InjectionKind::Source(SourceEvent::AmmoniaEvent { peak_mg_per_l, .. }) => {
            Some(("peak_mg_per_l", *peak_mg_per_l))
        }
        InjectionKind::People(PeopleEvent::Demand { factor, .. }) => Some(("factor", *factor)),
        _ => None,
    }
}

fn scale(kind: &mut InjectionKind, size: f64, source: SourceKind) {
    match kind {
        InjectionKind::Source(SourceEvent::RawStorm { peak_ntu, .. }) => {
            *peak_ntu *= size * storm_share(source);
        }
        InjectionKind::Source(SourceEvent::AmmoniaEvent { peak_mg_per_l, .. }) => {
            *peak_mg_per_l *= size;
        }
        InjectionKind::People(PeopleEvent::Demand { factor, .. }) => *factor *= size,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::InjectionId;
    use crate::plant::sample;

    fn event(kind: InjectionKind, trips_pumps: bool) -> FleetEvent {
        let (from, _) = Stamp::parse("2024-06-28T20:00:00+08:00").expect("a time");
        let id = InjectionId::new("storm").expect("an id");
        FleetEvent {
            injection: Injection { id, from, until: None, kind },
            trips_pumps,
            counties: Vec::new(),
            lag: (Span::minutes(10), Span::minutes(70)),
            size: (0.5, 1.5),
        }
    }

    #[test]
    fn a_storm_comes_to_each_plant_at_its_time_and_in_its_size() {
        let storm = SourceEvent::RawStorm { peak_ntu: 1_000.0, rise_h: 2.0, recession_h: 12.0 };
        let event = event(InjectionKind::Source(storm), false);
        let mut seen = Vec::new();
        for name in ["a", "b", "c", "d"] {
            let mut plant = sample::plant(); // a spring: 40 % of the storm
            plant.id = PlantId::new(name).expect("an id");
            let got = event.for_plant(&plant, Seed(1));
            assert_eq!(got, event.for_plant(&plant, Seed(1)), "the same seed, the same storm");
            let lag = got[0].from - event.injection.from;
            assert!((Span::minutes(10)..=Span::minutes(70)).contains(&lag), "{lag}");
            let InjectionKind::Source(SourceEvent::RawStorm { peak_ntu, .. }) = got[0].kind else {
                panic!("a storm")
            };
            assert!((200.0..=600.0).contains(&peak_ntu), "{peak_ntu}");
            seen.push(lag);
        }
        seen.dedup();
        assert_eq!(seen.len(), 4, "no two plants have the same lag");
    }

    #[test]
    fn a_grid_cut_trips_every_pump_of_the_plant() {
        let event = event(InjectionKind::Source(SourceEvent::Weather), true);
        let plant = sample::plant();
        let got = event.for_plant(&plant, Seed(1));
        let pump = NetworkEvent::PumpTrip { pump: LinkIndex(1) };
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].kind, InjectionKind::Network(pump));
    }
}
