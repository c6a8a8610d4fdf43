//! Residents: they notice what comes out of *their* taps at *their* hour, and some complain.
//!
//! How often people complain is nobody's published figure: all rates are invented `[D]`.

use std::collections::VecDeque;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::truth::{Truth, Water};
use crate::base::complaint::{Channel, Problem};
use crate::base::ids::VillageId;
use crate::base::random::{Seed, poisson, stream};
use crate::base::time::UtcOffset;
use crate::base::units::{Flow, Length};
use crate::base::{Span, Stamp};
use crate::plant::Plant;
use crate::plant::profile::Village;

/// People in a household `[D]`.
pub(super) const PEOPLE_PER_HOUSEHOLD: f64 = 3.0;

/// People who get less than this share of what they want have no water to speak of `[D]`.
const DRY_SHARE: f64 = 0.2;

/// Turbidity that people see in a glass, NTU `[M]`: 4 to 5.
const VISIBLE_NTU: f64 = 4.0;

/// Free chlorine that people smell, mg/L `[D]`.
const SMELT_MG_PER_L: f64 = 2.0;

/// Chlorine dioxide that people smell, mg/L `[M]`.
const DIOXIDE_SMELT_MG_PER_L: f64 = 0.4;

/// Complaints for each household and hour in which it notices `[D]`; no water is told most.
const PER_HOUSEHOLD_HOUR: [(Problem, f64); 4] = [
    (Problem::LowPressure, 0.004),
    (Problem::NoWater, 0.006),
    (Problem::Turbid, 0.003),
    (Problem::Smell, 0.003),
];

/// At night people sleep: a tenth of them notices `[D]`.
const ASLEEP: f64 = 0.1;

/// A household that has complained waits so long before it does again `[D]`.
const PATIENCE: Span = Span::DAY;

/// Share of complaints that come twice, by another way `[D]`.
const TWICE: f64 = 0.1;

/// Complaints a day, in each village, about nothing at all `[D]`.
const NOISE_PER_DAY: f64 = 0.01;

/// Ways with their share and the mean time from noticing to filing `[D]`.
const CHANNELS: [(Channel, f64, Span); 4] = [
    (Channel::Hotline, 0.70, Span::minutes(25)),
    (Channel::App, 0.20, Span::minutes(15)),
    (Channel::Visit, 0.08, Span::hours(20)),
    (Channel::Media, 0.02, Span::hours(36)),
];

/// A complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// From where.
    pub village: VillageId,
    /// What about.
    pub problem: Problem,
    /// By which way.
    pub channel: Channel,
    /// When it was noticed.
    pub noticed_at: Stamp,
    /// When it is told.
    pub filed_at: Stamp,
}

/// The residents of a plant.
#[derive(Debug)]
pub struct Residents {
    offset: UtcOffset,
    villages: Vec<Neighbours>,
    /// Noticed and not yet told, by time of filing.
    waiting: Vec<Complaint>,
}

/// The households of one village.
#[derive(Debug)]
struct Neighbours {
    village: Village,
    households: f64,
    /// When each of those who have lost patience lately did.
    told: VecDeque<Stamp>,
    chance: ChaCha8Rng,
}

impl Residents {
    /// The people of `plant`. Each village draws from a stream of its own.
    pub fn new(plant: &Plant, seed: Seed) -> Self {
        let neighbours = |village: &Village| Neighbours {
            households: f64::from(village.people) / PEOPLE_PER_HOUSEHOLD,
            told: VecDeque::new(),
            chance: stream(seed, &format!("residents/{}", village.id)),
            village: village.clone(),
        };
        Self {
            offset: plant.profile.utc_offset,
            villages: plant.profile.villages.iter().map(neighbours).collect(),
            waiting: Vec::new(),
        }
    }

    /// Lets everybody look at `truth`, which has stood for `step`; gives the complaints filed by
    /// then, oldest first.
    pub fn notice(&mut self, truth: &Truth, step: Span) -> Vec<Complaint> {
        let hours = truth.at.time_of_day(self.offset).as_hours();
        let awake = if (6.0..23.0).contains(&hours) { 1.0 } else { ASLEEP };
        for neighbours in &mut self.villages {
            neighbours.notice(truth, step, awake, &mut self.waiting);
        }
        let (filed, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|it| it.filed_at <= truth.at);
        self.waiting = waiting;
        let mut filed = filed;
        filed.sort_by_key(|complaint| complaint.filed_at);
        filed
    }
}

impl Neighbours {
    fn notice(&mut self, truth: &Truth, step: Span, awake: f64, out: &mut Vec<Complaint>) {
        let now = truth.at;
        while self.told.front().is_some_and(|told| *told + PATIENCE <= now) {
            self.told.pop_front();
        }
        for (problem, rate) in PER_HOUSEHOLD_HOUR {
            let affected = affected_share(&self.village, truth, problem);
            let patient = (self.households - self.told.len() as f64).max(0.0);
            let noise = NOISE_PER_DAY / 24.0 / PER_HOUSEHOLD_HOUR.len() as f64;
            let mean = (affected * patient * rate * awake + noise) * step.as_hours();
            for _ in 0..poisson(mean, &mut self.chance) {
                self.told.push_back(now);
                let first = self.complaint(problem, now, None);
                let channel = first.channel;
                out.push(first);
                if self.chance.random::<f64>() < TWICE {
                    out.push(self.complaint(problem, now, Some(channel)));
                }
            }
        }
    }

    /// A complaint that is not told by the way `told`, by which it was before.
    fn complaint(
        &mut self,
        problem: Problem,
        noticed_at: Stamp,
        told: Option<Channel>,
    ) -> Complaint {
        let [way, wait] = std::array::from_fn(|_| self.chance.random::<f64>());
        let open = CHANNELS.iter().filter(|(channel, _, _)| Some(*channel) != told);
        let mut left = way * open.clone().map(|(_, share, _)| share).sum::<f64>();
        let pick = open.clone().find(|(_, share, _)| {
            left -= share;
            left < 0.0
        });
        let (channel, _, mean) = *pick.or_else(|| open.clone().next()).unwrap_or(&CHANNELS[0]);
        let delay = -mean.as_seconds() * libm::log(1.0 - wait); // exponential
        let filed_at = noticed_at + Span::from_seconds_f64(delay);
        Complaint { village: self.village.id.clone(), problem, channel, noticed_at, filed_at }
    }
}

/// Does the water smell of what disinfects it?
fn smells(water: &Water) -> bool {
    water.chlorine.as_mg_per_l() > SMELT_MG_PER_L
        || water.chlorine_dioxide.as_mg_per_l() > DIOXIDE_SMELT_MG_PER_L
}

/// The share of a village's taps at which people meet the problem.
fn affected_share(village: &Village, truth: &Truth, problem: Problem) -> f64 {
    let head = service_head(village.storeys); // below it the upper floor has no shower
    let meets = |tap: usize| {
        truth.nodes.get(tap).is_some_and(|node| {
            let is_dry = node.demand > Flow::ZERO && node.delivered < node.demand * DRY_SHARE;
            match problem {
                Problem::LowPressure => node.pressure < head && !is_dry,
                Problem::NoWater => is_dry,
                Problem::Turbid => node.water.turbidity.as_ntu() > VISIBLE_NTU && !is_dry,
                Problem::Smell => smells(&node.water) && !is_dry,
            }
        })
    };
    let met = village.taps.iter().filter(|tap| meets(tap.0)).count();
    met as f64 / village.taps.len().max(1) as f64
}

/// Head that houses of so many storeys need: 5 m, 10 m, 3.5 m for each further one `[S13w]`.
pub fn service_head(storeys: u32) -> Length {
    match storeys {
        0 | 1 => Length::m(5.0),
        more => Length::m(10.0 + 3.5 * f64::from(more - 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::sample;
    use crate::world::truth::{LinkTruth, NodeTruth, WorksTruth};

    /// Monday, 08:00 in China.
    fn start() -> Stamp {
        Stamp::parse("2024-12-02T08:00:00+08:00").expect("a time").0
    }

    fn truth(at: Stamp, head_m: f64, ntu: f64) -> Truth {
        let node = NodeTruth {
            pressure: Length::m(head_m),
            demand: Flow::m3_per_h(1.0),
            delivered: Flow::m3_per_h(1.0),
            water: Water { turbidity: crate::base::units::Turbidity::ntu(ntu), ..<_>::default() },
            ..<_>::default()
        };
        Truth {
            at,
            nodes: vec![node; 4],
            links: vec![LinkTruth::default(); 3],
            works: WorksTruth::default(),
            power: crate::world::power::PowerState::USUAL,
            stations: Vec::new(),
        }
    }

    /// Complaints of so many hours from 08:00 on.
    fn complaints(seed: u64, hours: i64, head_m: f64, ntu: f64) -> Vec<Complaint> {
        let mut residents = Residents::new(&sample::plant(), Seed(seed));
        (1..=hours * 12)
            .flat_map(|n| {
                let at = start() + Span::minutes(5) * n;
                residents.notice(&truth(at, head_m, ntu), Span::minutes(5))
            })
            .collect()
    }

    #[test]
    fn good_water_brings_hardly_a_complaint_and_low_pressure_brings_its_number() {
        let people: u32 = sample::plant().profile.villages.iter().map(|v| v.people).sum();
        assert!(complaints(1, 24, 30.0, 0.3).len() <= 2);
        let low = complaints(1, 12, 2.0, 0.3);
        let households = f64::from(people) / PEOPLE_PER_HOUSEHOLD;
        let expected = households * 0.004 * 12.0 * 1.1;
        assert!(expected > 3.0, "enough people to count: {expected}");
        let found = low.len() as f64;
        assert!(found > 0.3 * expected && found < 1.9 * expected, "{found} of {expected}");
        assert!(
            low.iter().filter(|it| it.problem == Problem::LowPressure).count() + 2 >= low.len()
        );
        assert!(low.iter().all(|complaint| complaint.filed_at >= complaint.noticed_at));
        assert!(low.is_sorted_by_key(|complaint| complaint.filed_at.as_ms() / 300_000));
    }

    #[test]
    fn people_complain_about_what_they_see() {
        let turbid = complaints(2, 12, 30.0, 8.0);
        assert!(turbid.iter().any(|complaint| complaint.problem == Problem::Turbid));
        assert!(turbid.iter().all(|complaint| complaint.problem != Problem::NoWater));
    }

    #[test]
    fn each_way_has_its_share_and_its_delay_and_nobody_tells_twice_by_one() {
        let mut residents = Residents::new(&sample::plant(), Seed(6));
        let neighbours = &mut residents.villages[0];
        let all: Vec<Complaint> =
            (0..5_000).map(|_| neighbours.complaint(Problem::NoWater, start(), None)).collect();
        for (channel, share, mean) in CHANNELS {
            let waits: Vec<f64> = all
                .iter()
                .filter(|complaint| complaint.channel == channel)
                .map(|complaint| (complaint.filed_at - complaint.noticed_at).as_seconds())
                .collect();
            let number = waits.len() as f64;
            let spread = libm::sqrt(5_000.0 * share);
            assert!((number - 5_000.0 * share).abs() < 4.0 * spread, "{channel:?}: {number}");
            let found = waits.iter().sum::<f64>() / number;
            let off = (found / mean.as_seconds() - 1.0).abs();
            assert!(off < 4.0 / libm::sqrt(number), "{channel:?}: {found} s");
        }
        let told = Some(Channel::Hotline);
        let again: Vec<Complaint> =
            (0..200).map(|_| neighbours.complaint(Problem::NoWater, start(), told)).collect();
        assert!(again.iter().all(|complaint| complaint.channel != Channel::Hotline));
        assert!(again.iter().any(|complaint| complaint.channel == Channel::Visit));
    }

    #[test]
    fn the_same_seed_gives_the_same_complaints() {
        assert_eq!(complaints(3, 12, 2.0, 0.3), complaints(3, 12, 2.0, 0.3));
        assert_ne!(complaints(3, 12, 2.0, 0.3), complaints(4, 12, 2.0, 0.3));
    }

    #[test]
    fn storeys_need_their_head() {
        assert_eq!([1, 2, 3, 4].map(|s| service_head(s).as_m()), [5.0, 10.0, 13.5, 17.0]);
    }
}
