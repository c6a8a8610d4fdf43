//! Watches for what lies outside the range of the model, and remembers when and where it did.
//!
//! In: the solution and the water of each part of a step. Out: `Outside`, one for each time.
//! It is truth: it never goes to MQTT, to the monitor or to a trainee.

mod rules;

use crate::base::limit::Limit;
use crate::base::text::Lang;
use crate::base::{Span, Stamp};
use crate::plant::Plant;
use crate::plant::network::Network;
use rules::Places;
pub(super) use rules::{Jolt, Moment};

/// What is outside again within this time has never been inside.
const GAP: Span = Span::HOUR;

/// A time outside the range of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// What is outside.
    pub limit: Limit,
    /// From when.
    pub first: Stamp,
    /// Until when: the end of the last part of a step in which it was outside.
    pub last: Stamp,
    /// How long, gaps left out; zero for what happens at one moment.
    pub lasted: Span,
    /// The worst place: a node or a link; none for the works.
    pub place: Option<String>,
    /// How many places at the same time, at most.
    pub places: usize,
    /// The worst value.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// How bad that is: compares with the same limit only.
    pub severity: f64,
}

impl Outside {
    /// Where and how much, such as `M-1 and 3 more, 0.58 m/s`.
    pub fn detail(&self, lang: Lang) -> String {
        let zh = lang == Lang::Zh;
        let mut text = self.place.clone().unwrap_or_default();
        if self.places > 1 {
            let more = self.places - 1;
            let more = if zh { format!("等{}处", more + 1) } else { format!(" and {more} more") };
            text.push_str(&more);
        }
        if !self.unit.is_empty() {
            if !text.is_empty() {
                text.push_str(if zh { "，" } else { ", " });
            }
            let decimals = usize::from(self.value.abs() < 100.0) + usize::from(self.value < 10.0);
            text.push_str(&format!("{:.decimals$} {}", self.value, self.unit));
        }
        if self.limit == Limit::WaterHammer {
            let [plastic, iron] = surge_m(self.value).map(|head| format!("{head:.0} m"));
            text.push_str(&if zh {
                format!("：压力可能突变 {plastic}（塑料管）至 {iron}（铸铁管）")
            } else {
                format!(" at once: pressure may jump by {plastic} (plastic) to {iron} (iron)")
            });
        }
        text
    }
}

/// Speed of a pressure wave in plastic and in iron pipes, m/s `[M]`.
const WAVE_M_PER_S: [f64; 2] = [350.0, 1_100.0];

/// Head of the wave that a change of velocity makes, m: Joukowsky's a·Δv/g, in plastic and in iron
/// pipes.
pub fn surge_m(change_m_per_s: f64) -> [f64; 2] {
    WAVE_M_PER_S.map(|wave| wave * change_m_per_s / 9.81)
}

/// What one limit shows at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    place: Place,
    places: usize,
    value: f64,
    unit: &'static str,
    severity: f64,
}

/// Where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Node(usize),
    Link(usize),
    Works,
}

impl Place {
    fn name(self, network: &Network) -> Option<String> {
        match self {
            Self::Node(at) => network.nodes.get(at).map(|node| node.id.clone()),
            Self::Link(at) => network.links.get(at).map(|link| link.id.clone()),
            Self::Works => None,
        }
    }
}

/// Everything seen at one moment, by `Limit as usize`.
#[derive(Debug, Default)]
struct Sight([Option<Seen>; Limit::COUNT]);

impl Sight {
    /// This place is outside too.
    fn add(
        &mut self,
        limit: Limit,
        place: Place,
        (value, unit): (f64, &'static str),
        severity: f64,
    ) {
        let new = Seen { place, places: 1, value, unit, severity };
        let slot = &mut self.0[limit as usize];
        *slot = Some(match slot {
            Some(old) if old.severity >= severity => Seen { places: old.places + 1, ..*old },
            Some(old) => Seen { places: old.places + 1, ..new },
            None => new,
        });
    }
}

/// The watch.
#[derive(Debug)]
pub(super) struct Limits {
    places: Places,
    outside: Vec<Outside>,
    /// Per limit: the last time of it in `outside`.
    latest: [Option<usize>; Limit::COUNT],
}

impl Limits {
    /// Nothing seen yet.
    pub fn new(plant: &Plant) -> Self {
        Self { places: Places::new(plant), outside: Vec::new(), latest: [None; Limit::COUNT] }
    }

    /// Every time so far, in the order of their beginnings.
    pub fn outside(&self) -> &[Outside] {
        &self.outside
    }

    /// Forgets what was seen.
    pub fn forget(&mut self) {
        self.outside.clear();
        self.latest = [None; Limit::COUNT];
    }

    /// What has just happened changed the flows at once, at `now`.
    pub fn feel(&mut self, network: &Network, now: Stamp, jolt: &Jolt<'_>) {
        let mut sight = Sight::default();
        self.places.feel(jolt, &mut sight);
        self.keep(network, &sight, now, Span::ZERO);
    }

    /// Looks at everything that was so from `now` on for `span`.
    pub fn look(&mut self, network: &Network, now: Stamp, span: Span, moment: &Moment<'_>) {
        let mut sight = Sight::default();
        self.places.look(moment, &mut sight);
        self.keep(network, &sight, now, span);
    }

    fn keep(&mut self, network: &Network, sight: &Sight, now: Stamp, span: Span) {
        let until = now + span;
        let seen = Limit::CHOICES.iter().zip(&sight.0).zip(&mut self.latest);
        for (((_, limit), seen), latest) in seen {
            let Some(seen) = seen else { continue };
            let known = latest.and_then(|at| self.outside.get_mut(at));
            if let Some(known) = known.filter(|known| now - known.last <= GAP) {
                known.last = until;
                known.lasted = known.lasted + span;
                known.places = known.places.max(seen.places);
                if seen.severity > known.severity {
                    known.place = seen.place.name(network);
                    (known.value, known.unit) = (seen.value, seen.unit);
                    known.severity = seen.severity;
                }
                continue;
            }
            *latest = Some(self.outside.len());
            self.outside.push(Outside {
                limit: *limit,
                first: now,
                last: until,
                lasted: span,
                place: seen.place.name(network),
                places: seen.places,
                value: seen.value,
                unit: seen.unit,
                severity: seen.severity,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::sample;

    fn at(minutes: i64) -> Stamp {
        Stamp::from_ms(0).expect("in range") + Span::minutes(minutes)
    }

    /// A minute with too fast water at the links of the sample plant, m/s.
    fn fast(speeds: &[(usize, f64)]) -> Sight {
        let mut sight = Sight::default();
        for (link, speed) in speeds {
            sight.add(Limit::FastWater, Place::Link(*link), (*speed, "m/s"), *speed);
        }
        sight
    }

    #[test]
    fn a_time_keeps_its_worst_place_and_how_many_there_were() {
        let plant = sample::plant();
        let mut limits = Limits::new(&plant);
        for (minute, speeds) in
            [(0, vec![(2, 3.1)]), (1, vec![(2, 3.2), (3, 4.0), (4, 3.3)]), (2, vec![(2, 3.9)])]
        {
            limits.keep(&plant.network, &fast(&speeds), at(minute), Span::MINUTE);
        }
        let [seen] = limits.outside() else { panic!("{:?}", limits.outside()) };
        assert_eq!((seen.first, seen.last, seen.lasted), (at(0), at(3), Span::minutes(3)));
        assert_eq!(seen.place.as_deref(), Some(plant.network.links[3].id.as_str()));
        assert_eq!((seen.places, seen.value, seen.unit), (3, 4.0, "m/s"));
        let id = &plant.network.links[3].id;
        assert_eq!(seen.detail(Lang::En), format!("{id} and 2 more, 4.00 m/s"));
        assert_eq!(seen.detail(Lang::Zh), format!("{id}等3处，4.00 m/s"));
    }

    #[test]
    fn a_short_time_inside_is_a_gap_and_a_long_one_an_end() {
        let plant = sample::plant();
        let mut limits = Limits::new(&plant);
        for minute in [0, 60, 200] {
            limits.keep(&plant.network, &fast(&[(2, 3.1)]), at(minute), Span::MINUTE);
        }
        let times: Vec<_> = limits.outside().iter().map(|it| (it.first, it.last)).collect();
        assert_eq!(times, [(at(0), at(61)), (at(200), at(201))]);
        assert_eq!(limits.outside()[0].lasted, Span::minutes(2));
        limits.forget();
        assert!(limits.outside().is_empty());
    }

    #[test]
    fn a_stop_of_one_metre_a_second_raises_36_m_in_plastic_and_112_m_in_iron() {
        let [plastic, iron] = surge_m(1.0);
        assert!((plastic - 35.68).abs() < 0.01 && (iron - 112.13).abs() < 0.01);
    }
}
