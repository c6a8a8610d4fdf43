//! Many plants from a few templates: a region's waterworks, drawn so that its totals are met.
//!
//! In: the file of a fleet, a seed. Out: works with people, sources and names, and the plant of
//! each. Must not know: what happens to them.

mod build;
mod file;
mod name;
mod share;

use rand::RngExt;
use rand::seq::SliceRandom;

use crate::base::problem::Listed;
use crate::base::random::{Seed, normal, stream};
use crate::base::{PlantId, Text};
use crate::plant::draft::Detail;
use crate::plant::profile::SourceKind;

pub use file::read;

/// A fleet as its file describes it.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// Its id: the name of its file.
    pub id: String,
    /// Its name for people.
    pub title: Text,
    /// What of each plant is invented.
    pub fiction: Text,
    /// Where every draw comes from, unless a run says otherwise.
    pub seed: Seed,
    /// People of the region who are to be served.
    pub rural_residents: u64,
    /// Share of them with tap water, %.
    pub tap_water_percent: f64,
    /// Its counties.
    pub counties: Vec<County>,
    /// Kinds of works.
    pub templates: Vec<Template>,
    /// Packs of rules, and files or folders of them, by which its plants are judged; none: by those
    /// in force.
    pub judged_by: Option<Listed>,
}

/// A county of a fleet.
#[derive(Debug, Clone)]
pub struct County {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// Share of the region's rural residents, %.
    pub people_percent: f64,
}

/// A kind of works.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// Whom it serves.
    pub supply: Supply,
    /// How many there are in the fleet.
    pub works: u64,
    /// Share of the people of its kind of supply, %.
    pub people_percent: f64,
    /// Fewest and most people of one works.
    pub people: (u64, u64),
    /// Least and most that a person uses on an average day, L.
    pub litres_a_head: (f64, f64),
    /// Fewest and most villages.
    pub villages: (u64, u64),
    /// Taps of a village.
    pub taps_a_village: u64,
    /// How the water gets to the villages.
    pub feed: Feed,
    /// How much is measured.
    pub detail: Detail,
    /// Weights of the kinds of source.
    pub sources: Vec<(SourceKind, f64)>,
}

/// Whom a works serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// Those with tap water (自来水).
    Centralised,
    /// Those without: straight from the source.
    Dispersed,
}

/// How water gets to the villages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// A pump lifts it to a high-level tank.
    Pumped,
    /// The clear well stands above the villages.
    Gravity,
}

/// One works of a fleet, drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Works {
    /// Its id, such as `tongshan-small-07`.
    pub id: PlantId,
    /// Its invented name.
    pub title: Text,
    /// Position in `Fleet::counties`.
    pub county: usize,
    /// Position in `Fleet::templates`.
    pub template: usize,
    /// People it serves.
    pub people: u64,
    /// Where its water comes from.
    pub source: SourceKind,
    /// What a person uses on an average day, L.
    pub litres_a_head: f64,
}

/// How the region's people divide.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// With tap water, in all; the percentage rounded to whole people.
    pub with_tap_water: u64,
    /// What rounding to whole people took away (or gave), in people: below 0.5.
    pub residual: f64,
    /// Per county and template: how many works, and how many people they are to serve.
    pub targets: Vec<Vec<(u64, u64)>>,
}

impl Fleet {
    /// How the people divide among counties and templates; the same for every seed.
    pub fn shares(&self) -> Shares {
        let exact = self.rural_residents as f64 * self.tap_water_percent / 100.0;
        let with_tap_water = libm::round(exact) as u64;
        let weights: Vec<f64> = self.counties.iter().map(|c| c.people_percent).collect();
        let residents = share::apportion(self.rural_residents, &weights);
        let by_people: Vec<f64> = residents.iter().map(|people| *people as f64).collect();
        let piped = share::apportion(with_tap_water, &by_people);
        let works: Vec<Vec<u64>> = self
            .templates
            .iter()
            .map(|template| share::apportion(template.works, &weights))
            .collect();
        let targets = (0..self.counties.len()).map(|county| {
            let part = |supply, people| {
                let own = |t: &Template| if t.supply == supply { t.people_percent } else { 0.0 };
                let weights: Vec<f64> = self.templates.iter().map(own).collect();
                let any = weights.iter().any(|weight| *weight > 0.0);
                if any { share::apportion(people, &weights) } else { vec![0; weights.len()] }
            };
            let central = part(Supply::Centralised, piped[county]);
            let dispersed = part(Supply::Dispersed, residents[county] - piped[county]);
            let target = |at: usize| (works[at][county], central[at] + dispersed[at]);
            (0..self.templates.len()).map(target).collect()
        });
        Shares {
            with_tap_water,
            residual: exact - with_tap_water as f64,
            targets: targets.collect(),
        }
    }

    /// Every works of the fleet, by county and template. Nobody is left out: a fleet whose people
    /// do not fit its works is no fleet (see `read`).
    pub fn works(&self, seed: Seed) -> Vec<Works> {
        let mut all = Vec::new();
        let targets = self.shares().targets;
        for (county_at, county) in self.counties.iter().enumerate() {
            let mut taken: Vec<Text> = Vec::new();
            let mut names = stream(seed, &format!("fleet/{}/names", county.id));
            for (template_at, template) in self.templates.iter().enumerate() {
                let (count, people) = targets[county_at][template_at];
                let name = format!("fleet/{}/{}/people", county.id, template.id);
                let mut rng = stream(seed, &name);
                // Log-normal: many small works, a few large ones.
                let drawn: Vec<f64> =
                    (0..count).map(|_| libm::exp(0.5 * normal(&mut rng))).collect();
                let (low, high) = template.people;
                let sizes = share::fit(people, &drawn, low, high).unwrap_or_default();
                for (number, people) in sizes.into_iter().enumerate() {
                    let id = format!("{}-{}-{:02}", county.id, template.id, number + 1);
                    let title = invented(&mut names, &mut taken);
                    all.push(self.one(seed, id, title, (county_at, template_at), people));
                }
            }
        }
        all
    }

    /// So many works of the fleet, as `draw` gives them; all of them when no number is named.
    pub fn pick(&self, seed: Seed, count: Option<usize>) -> Vec<Works> {
        count.map_or_else(|| self.works(seed), |count| self.draw(seed, count))
    }

    /// `count` works: a sample of the fleet in its order; beyond its size further fleets of the
    /// same kind begin, each on a seed of its own.
    pub fn draw(&self, seed: Seed, count: usize) -> Vec<Works> {
        let mut all = Vec::new();
        let mut lap = 0;
        while all.len() < count {
            let own = Seed(seed.0.wrapping_add(lap));
            let mut works = self.works(own);
            if works.is_empty() {
                break;
            }
            let left = count - all.len();
            if left < works.len() {
                let mut order: Vec<usize> = (0..works.len()).collect();
                order.shuffle(&mut stream(own, "fleet/draw"));
                order.truncate(left);
                order.sort_unstable();
                works = order.into_iter().map(|at| works[at].clone()).collect();
            }
            if lap > 0 {
                for one in &mut works {
                    one.id = PlantId::new(&format!("{}-{}", one.id, lap + 1))
                        .expect("ids of a fleet leave room for a number");
                }
            }
            all.extend(works);
            lap += 1;
        }
        all
    }

    fn one(
        &self,
        seed: Seed,
        id: String,
        title: Text,
        (county, template): (usize, usize),
        people: u64,
    ) -> Works {
        let kind = &self.templates[template];
        let mut rng = stream(seed, &format!("fleet/{id}/source"));
        let (low, high) = kind.litres_a_head;
        let litres_a_head = low + (high - low) * rng.random::<f64>();
        let all: f64 = kind.sources.iter().map(|(_, weight)| weight).sum();
        let mut left = all * rng.random::<f64>();
        let found = kind.sources.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        let source = found.or(kind.sources.last()).map_or(SourceKind::River, |(kind, _)| *kind);
        let id = PlantId::new(&id).expect("ids of counties and templates are short");
        Works { id, title, county, template, people, source, litres_a_head }
    }
}

/// A name that its county has not got yet, as long as there are names.
fn invented(rng: &mut rand::rngs::ChaCha8Rng, taken: &mut Vec<Text>) -> Text {
    let mut title = name::draw(rng);
    for _ in 0..200 {
        if !taken.contains(&title) {
            break;
        }
        title = name::draw(rng);
    }
    taken.push(title.clone());
    title
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::Source;

    pub(super) const XIANNING: &str = include_str!("../../../config/fleets/xianning.toml");

    pub(super) fn xianning() -> Fleet {
        read("xianning", &Source::new("xianning.toml", XIANNING))
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
    }

    #[test]
    fn xianning_has_the_people_that_the_article_says() {
        let fleet = xianning();
        let shares = fleet.shares();
        // 2,190,000 × 96.55 % are whole people: nothing is rounded.
        assert_eq!((shares.with_tap_water, shares.residual), (2_114_445, 0.0));
        for seed in [1, 20_241_206] {
            let works = fleet.works(Seed(seed));
            let with = |supply| -> u64 {
                let own = works.iter().filter(|w| fleet.templates[w.template].supply == supply);
                own.map(|works| works.people).sum()
            };
            assert_eq!(with(Supply::Centralised), 2_114_445);
            assert_eq!(with(Supply::Dispersed), 75_555);
            assert_eq!(works.len(), 62 + 190 + 130);
            for one in &works {
                let (low, high) = fleet.templates[one.template].people;
                assert!((low..=high).contains(&one.people), "{}: {}", one.id, one.people);
            }
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_works_and_another_draws_others() {
        let fleet = xianning();
        assert_eq!(fleet.works(Seed(7)), fleet.works(Seed(7)));
        assert_ne!(fleet.works(Seed(7)), fleet.works(Seed(8)));
    }

    #[test]
    fn a_draw_is_a_sample_and_a_large_one_has_no_id_twice() {
        let fleet = xianning();
        let few = fleet.draw(Seed(7), 12);
        assert_eq!(few.len(), 12);
        let all = fleet.works(Seed(7));
        assert!(few.iter().all(|works| all.contains(works)));
        let many = fleet.draw(Seed(7), 1_000);
        let ids: std::collections::BTreeSet<&str> = many.iter().map(|w| w.id.as_str()).collect();
        assert_eq!((many.len(), ids.len()), (1_000, 1_000));
    }
}
