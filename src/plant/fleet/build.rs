//! The plant of a works: a branched network with its tank, villages, treatment, instruments.
//!
//! Sizes follow the peak hour; every figure is invented `[D]`.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::{Feed, Fleet, Works, name, share};
use crate::base::problem::Problems;
use crate::base::random::{Seed, stream};
use crate::base::units::{Flow, Length};
use crate::plant::draft::{Draft, DraftVillage, Folder, WorksPlaces, add_link, add_node};
use crate::plant::network::{
    ControlAction, ControlWhen, Lift, LinkKind, Network, NodeIndex, NodeKind, PressureDriven,
    Reactions, SimpleControl, Tank,
};
use crate::plant::{Plant, load};

/// Design over average flow: the largest day, and what filters use themselves `[D]`.
const CAPACITY: f64 = 1.5;
/// Busiest hour over the average, as people draw in `world::demand`.
const PEAK: f64 = 2.6;
/// What the water does in mains in the busiest hour, m/s: slow, so that little head is lost.
const MAIN_SPEED_M_PER_S: f64 = 0.5;
const RISING_MAIN_SPEED_M_PER_S: f64 = 0.7;
/// What a pump gives over the average flow: it rests a third of the day.
const PUMP: f64 = 1.7;
/// The high-level tank holds so many hours of average flow.
const TANK_H: f64 = 7.0;
const TANK_M: (f64, f64) = (0.3, 3.5);
/// How far villages lie below the tank: static heads stay below 40 m `[S13w]`.
const BELOW_M: (f64, f64) = (23.0, 31.0);
/// Inner diameters of PE pipes, m; as in the Sanmen plant.
const BORES: [f64; 12] =
    [0.0354, 0.0444, 0.0554, 0.066, 0.0792, 0.0968, 0.1102, 0.141, 0.1762, 0.2204, 0.2776, 0.3966];

impl Fleet {
    /// The plant of one works, checked as if it had been read from its folder.
    pub fn plant(&self, works: &Works, seed: Seed) -> Result<Plant, Problems> {
        let folder = self.folder(works, seed);
        load::load(works.id.clone(), &folder.files(&format!("{}/", works.id)))
    }

    /// The folder of one works: the same seed, the same texts.
    pub fn folder(&self, works: &Works, seed: Seed) -> Folder {
        let rng = stream(seed, &format!("fleet/{}/network", works.id));
        let template = &self.templates[works.template];
        let average = works.people as f64 * works.litres_a_head / 24_000.0;
        let mut site = Site { network: bare_network(), rng, next: (0.0, 0.0) };
        let (source, head, clear_well) = site.begin(template.feed, average);
        let mut names = stream(seed, &format!("fleet/{}/names", works.id));
        let (low, high) = template.villages;
        let count = site.rng.random_range(low..=high).min(works.people);
        let weights: Vec<f64> = (0..count).map(|_| 0.5 + site.rng.random::<f64>()).collect();
        let people = share::apportion(works.people, &weights);
        let mut left = average;
        let mut from = source;
        let mut villages = Vec::new();
        for (at, people) in people.into_iter().enumerate() {
            let people = people.max(1);
            let share = average * people as f64 / works.people as f64;
            from = site.main(from, head, left, at);
            left = (left - share).max(0.0);
            let taps = site.village(from, at, share, template.taps_a_village);
            villages.push(DraftVillage {
                id: format!("village-{}", at + 1),
                title: name::draw(&mut names),
                people: people as u32,
                storeys: 2,
                taps,
            });
        }
        let capacity = round_up(average * CAPACITY);
        let places = Draft::works_before(&mut site.network, clear_well, capacity);
        self.draft(works, site.network, places, villages, capacity, average).folder()
    }

    fn draft(
        &self,
        works: &Works,
        network: Network,
        places: WorksPlaces,
        villages: Vec<DraftVillage>,
        capacity: f64,
        average: f64,
    ) -> Draft {
        let template = &self.templates[works.template];
        let mut title = works.title.clone();
        let dispersed = template.supply == super::Supply::Dispersed;
        title.en.push_str(if dispersed { " supply" } else { " waterworks" });
        title.zh.push_str(if dispersed { "供水点" } else { "水厂" });
        Draft {
            title,
            fiction: self.fiction.clone(),
            county: self.counties[works.county].title.clone(),
            capacity_m3_per_day: capacity * 24.0,
            source: works.source,
            network,
            works: places,
            villages,
            detail: template.detail,
            leakage_m3_per_h: 0.1 * average,
            guesses: Vec::new(),
        }
    }
}

fn bare_network() -> Network {
    Network {
        pressure_driven: PressureDriven::default(),
        reactions: Reactions { bulk_per_day: 0.6, wall_m_per_day: 0.02 },
        ..Network::default()
    }
}

/// Two digits, and never less.
fn round_up(value: f64) -> f64 {
    let size = libm::pow(10.0, libm::floor(libm::log10(value.max(0.1))) - 1.0);
    (libm::ceil(value / size) * size).max(0.1)
}

/// The pipe that carries this at this speed.
fn bore(m3_per_h: f64, m_per_s: f64) -> f64 {
    let wanted = libm::sqrt(m3_per_h / 3_600.0 / m_per_s / std::f64::consts::FRAC_PI_4);
    BORES.into_iter().find(|bore| *bore >= wanted).unwrap_or(wanted)
}

fn pipe(length: f64, diameter: f64) -> LinkKind {
    LinkKind::Pipe {
        length: Length::m(libm::round(length)),
        diameter: Length::m(diameter),
        roughness: 145.0,
        minor_loss: 0.0,
        check_valve: false,
    }
}

/// A network in the making.
struct Site {
    network: Network,
    rng: ChaCha8Rng,
    /// Where the next node of the main stands, m.
    next: (f64, f64),
}

impl Site {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.rng.random::<f64>()
    }

    fn junction(&mut self, id: &str, elevation: f64, demand_m3_per_h: f64) -> NodeIndex {
        let kind =
            NodeKind::Junction { base_demand: Flow::m3_per_h(demand_m3_per_h), pattern: None };
        add_node(&mut self.network, id, kind, Length::m(elevation), Some(self.next))
    }

    /// From the source to where the villages begin. Gives that node, the bottom of the body of
    /// water that stands above them, and the source.
    fn begin(&mut self, feed: Feed, average: f64) -> (NodeIndex, f64, NodeIndex) {
        let ground = libm::round(self.between(60.0, 240.0));
        let top = Length::m(ground);
        let source =
            add_node(&mut self.network, "CLEARWELL", NodeKind::Reservoir, top, Some(self.next));
        if feed == Feed::Gravity {
            return (source, ground - 3.0, source);
        }
        let lift = libm::round(self.between(25.0, 60.0));
        let bottom = ground + lift;
        let flow = average * PUMP;
        let length = self.between(400.0, 1_200.0);
        let main = bore(flow, RISING_MAIN_SPEED_M_PER_S);
        let after = self.junction("J-DISCHARGE", ground - 3.0, 0.0);
        self.next = (length, 0.0);
        let (low, high) = TANK_M;
        let area = TANK_H * average / (high - low);
        let diameter = Length::m(libm::sqrt(area.max(0.5) / std::f64::consts::FRAC_PI_4));
        let tank = Tank::cylinder([2.8, low, high].map(Length::m), diameter);
        let tank = add_node(
            &mut self.network,
            "TANK-1",
            NodeKind::Tank(tank),
            Length::m(bottom),
            Some(self.next),
        );
        // Losses of a smooth pipe at 0.7 m/s, with room: 1.1 m in 100 m of the narrowest.
        let head = lift + high + 2.0 + 0.011 * length;
        let lift = Lift::Curve(vec![(Flow::m3_per_h(flow), Length::m(head))]);
        let pump = LinkKind::Pump { efficiency: lift.usual_efficiency(), lift, speed: 1.0 };
        let pump = add_link(&mut self.network, "P-1", source, after, pump);
        add_link(&mut self.network, "M-1", after, tank, pipe(length, main));
        for (action, when) in [
            (ControlAction::Closed, ControlWhen::Above(tank, Length::m(3.2))),
            (ControlAction::Open, ControlWhen::Below(tank, Length::m(2.4))),
        ] {
            self.network.controls.push(SimpleControl { link: pump, action, when });
        }
        (tank, bottom, source)
    }

    /// The next piece of the main, which carries `average` m³/h; gives its end.
    fn main(&mut self, from: NodeIndex, head: f64, average: f64, at: usize) -> NodeIndex {
        let length = self.between(250.0, 700.0);
        let turn = self.between(-0.5, 0.5) * length;
        self.next = (self.next.0 + length, self.next.1 + turn);
        let (near, far) = BELOW_M;
        let height = libm::round(head - self.between(near, far));
        let node = self.junction(&format!("G-{}", at + 1), height, 0.0);
        let kind = pipe(length, bore(average * PEAK, MAIN_SPEED_M_PER_S));
        add_link(&mut self.network, &format!("G-M{}", at + 1), from, node, kind);
        node
    }

    /// The taps of a village off the main: a street, a tap at each of its corners.
    fn village(&mut self, from: NodeIndex, at: usize, average: f64, taps: u64) -> Vec<NodeIndex> {
        let height = self.network.nodes[from.0].elevation.as_m();
        let (x, y) = self.next;
        let mut corner = from;
        let mut found = Vec::new();
        for number in 1..=taps {
            self.next = (x, y + 140.0 * number as f64);
            let length = self.between(80.0, 200.0);
            let elevation = libm::round(height + self.between(-2.0, 1.5));
            let id = format!("V{}-{number}", at + 1);
            let tap = self.junction(&id, elevation, average / taps as f64);
            let carried = average * (taps + 1 - number) as f64 / taps as f64;
            let kind = pipe(length, bore(carried * PEAK, MAIN_SPEED_M_PER_S));
            add_link(&mut self.network, &format!("{id}-P"), corner, tap, kind);
            corner = tap;
            found.push(tap);
        }
        self.next = (x, y);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::xianning;
    use super::*;

    #[test]
    fn every_drawn_plant_loads_and_serves_its_people() {
        let fleet = xianning();
        let seed = Seed(3);
        for works in fleet.draw(seed, 60) {
            let plant = fleet.plant(&works, seed).unwrap_or_else(|p| panic!("{}", p.render(false)));
            assert_eq!(u64::from(plant.profile.population), works.people, "{}", works.id);
            let drawn: f64 = plant
                .network
                .nodes
                .iter()
                .map(|node| match node.kind {
                    NodeKind::Junction { base_demand, .. } => base_demand.as_m3_per_h(),
                    _ => 0.0,
                })
                .sum();
            let wanted = works.people as f64 * works.litres_a_head / 24_000.0;
            assert!((drawn / wanted - 1.0).abs() < 1e-3, "{}: {drawn} of {wanted}", works.id);
            assert!((3..=40).contains(&plant.instruments.len()), "{}", works.id);
        }
    }

    #[test]
    fn the_same_works_is_the_same_folder() {
        let fleet = xianning();
        let works = fleet.draw(Seed(5), 3);
        assert_eq!(fleet.folder(&works[1], Seed(5)), fleet.folder(&works[1], Seed(5)));
    }
}
