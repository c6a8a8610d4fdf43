//! What was true when, at every place of the network and at every instrument: for those who lead or
//! judge. It follows from the log like all else, and is kept nowhere but in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Session;
use crate::base::Stamp;
use crate::base::units::Quantity;
use crate::plant::Plant;
use crate::plant::network::{NodeIndex, NodeKind};
use crate::plant::tags::Place;
use crate::world::truth::Truth;

/// Moments kept at most; of a longer run every second one goes, as often as it takes.
const MOST: usize = 2_000;

/// Nodes of all of those together: some 32 MB. A large network has fewer moments.
const NODES: usize = 1_000_000;

/// Moments kept of a network of so many nodes, at most.
fn most(nodes: usize) -> usize {
    (NODES / nodes.max(1)).clamp(20, MOST)
}

/// What was true at a moment. `f32` is finer than any instrument, and half as much to keep.
#[derive(Debug, PartialEq)]
struct Then {
    at: Stamp,
    /// One per instrument, in its unit; none where there is nothing to see.
    tags: Vec<Option<f32>>,
    /// One per node of the network, of `quantities`.
    nodes: Vec<[Option<f32>; 4]>,
}

/// The truth of moments that have been.
#[derive(Debug, Clone)]
pub struct Hindsight {
    /// Of every so many steps, from the first on.
    kept: Vec<Arc<Then>>,
    every: usize,
    /// Steps so far.
    steps: usize,
    newest: Option<Arc<Then>>,
}

impl Default for Hindsight {
    fn default() -> Self {
        Self { kept: Vec::new(), every: 1, steps: 0, newest: None }
    }
}

impl Hindsight {
    /// The truth after a step, and at the plant's tags.
    fn keep(&mut self, plant: &Plant, truth: &Truth, at_tags: &[Option<f64>]) {
        let tags = at_tags.iter().map(|value| value.map(|value| value as f32)).collect();
        let nodes = (0..truth.nodes.len()).map(|at| at_node(plant, truth, NodeIndex(at)));
        let then = Arc::new(Then { at: truth.at, tags, nodes: nodes.collect() });
        self.newest = Some(Arc::clone(&then));
        if self.steps.is_multiple_of(self.every) {
            if self.kept.len() >= most(truth.nodes.len()) {
                self.kept = self.kept.drain(..).step_by(2).collect();
                self.every *= 2;
            }
            self.kept.push(then);
        }
        self.steps += 1;
    }

    /// The last moment kept at or before `at`; without one the newest.
    fn moment(&self, at: Option<Stamp>) -> Option<&Then> {
        let newest = self.newest.as_ref()?;
        let Some(at) = at.filter(|at| *at < newest.at) else { return Some(newest) };
        let n = self.kept.partition_point(|it| it.at <= at);
        n.checked_sub(1).and_then(|n| self.kept.get(n)).map(AsRef::as_ref)
    }

    /// What was true at `plant` at a moment, as pages get it: `at` (ms since 1970; null: nothing is
    /// known of then), `tags` by their ids in the units of their readings, `nodes` by their ids of
    /// the `quantities` named: kPa, mg/L, NTU and hours since the filters.
    pub fn shown(&self, plant: &Plant, at: Option<Stamp>) -> Value {
        let moment = self.moment(at);
        let tags: BTreeMap<&str, f64> = moment.map_or_else(BTreeMap::new, |it| {
            let tags = plant.instruments.iter().zip(&it.tags);
            tags.filter_map(|(tag, value)| Some((tag.tag.id.as_str(), rounded(*value)?))).collect()
        });
        let nodes: BTreeMap<&str, [Option<f64>; 4]> = moment.map_or_else(BTreeMap::new, |it| {
            let nodes = plant.network.nodes.iter().zip(&it.nodes);
            nodes.map(|(node, values)| (node.id.as_str(), values.map(rounded))).collect()
        });
        json!({
            "plant": plant.id,
            "at": moment.map(|it| it.at.as_ms()),
            "tags": tags,
            "quantities": quantities(plant).map(|it| it.map_or("age", Quantity::name)),
            "nodes": nodes,
        })
    }
}

/// As a page gets it: to four places.
fn rounded(value: Option<f32>) -> Option<f64> {
    value.map(|value| (f64::from(value) * 1e4).round() / 1e4)
}

/// What is shown of a node; none: the age of its water, which no instrument measures.
fn quantities(plant: &Plant) -> [Option<Quantity>; 4] {
    let residual = plant.profile.disinfectant.residual();
    [Some(Quantity::Pressure), Some(residual), Some(Quantity::Turbidity), None]
}

fn at_node(plant: &Plant, truth: &Truth, node: NodeIndex) -> [Option<f32>; 4] {
    let kind = plant.network.nodes.get(node.0).map(|it| &it.kind);
    let has_pressure = matches!(kind, Some(NodeKind::Junction { .. }));
    quantities(plant).map(|quantity| {
        let value = match quantity {
            Some(Quantity::Pressure) if !has_pressure => None,
            Some(quantity) => truth.value(Place::Node(node), quantity),
            None => truth.nodes.get(node.0).map(|it| it.water.age_h),
        };
        value.filter(|it| it.is_finite()).map(|value| value as f32)
    })
}

impl Session {
    /// The same, keeping in mind from now on what was true when.
    pub fn with_hindsight(mut self) -> Self {
        self.hindsight = Some(Arc::default());
        self
    }

    /// What was true when; none where nobody wanted that kept.
    pub fn hindsight(&self) -> Option<&Arc<Hindsight>> {
        self.hindsight.as_ref()
    }

    /// Keeps what is true now.
    pub(super) fn keep_in_mind(&mut self, truth: &Truth, at_tags: &[Option<f64>]) {
        if let Some(hindsight) = &mut self.hindsight {
            Arc::make_mut(hindsight).keep(&self.plant, truth, at_tags);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::{Concentration, Length};
    use crate::plant::sample;
    use crate::world::truth::{NodeTruth, PowerState, WorksTruth};

    fn minute(n: usize) -> Stamp {
        Stamp::from_ms(60_000 * n as i64).expect("in range")
    }

    fn truth(plant: &Plant, n: usize) -> Truth {
        Truth {
            at: minute(n),
            nodes: vec![NodeTruth::default(); plant.network.nodes.len()],
            links: Vec::new(),
            works: WorksTruth::default(),
            power: PowerState::USUAL,
            stations: Vec::new(),
        }
    }

    /// At the moment shown, as minutes since the first; none: nothing is known.
    fn minute_of(shown: &Value) -> Option<i64> {
        shown["at"].as_i64().map(|ms| ms / 60_000)
    }

    #[test]
    fn a_moment_is_told_as_it_was_and_nothing_of_before_the_first() {
        let plant = sample::plant();
        let mut hindsight = Hindsight::default();
        assert_eq!(hindsight.shown(&plant, None)["nodes"], json!({}), "nothing yet");
        let places = plant.network.nodes.iter();
        let place = |is: fn(&NodeKind) -> bool| places.clone().position(|it| is(&it.kind));
        let junction = place(|it| matches!(it, NodeKind::Junction { .. })).expect("one");
        let source = place(|it| matches!(it, NodeKind::Reservoir)).expect("one");
        for n in 1..=3 {
            let mut truth = truth(&plant, n);
            truth.nodes[junction].pressure = Length::m(10.0 * n as f64);
            truth.nodes[junction].water.chlorine = Concentration::mg_per_l(0.3);
            truth.nodes[junction].water.age_h = 5.0 + n as f64;
            let at_tags = vec![Some(n as f64); plant.instruments.len()];
            hindsight.keep(&plant, &truth, &at_tags);
        }
        let shown = hindsight.shown(&plant, Some(minute(2)));
        assert_eq!(shown["quantities"], json!(["pressure", "free-chlorine", "turbidity", "age"]));
        let node = &shown["nodes"][plant.network.nodes[junction].id.as_str()];
        let kpa = node[0].as_f64().expect("a pressure");
        assert!((196.0..196.3).contains(&kpa), "20 m of water: {kpa}");
        assert_eq!((&node[1], &node[3]), (&json!(0.3), &json!(7.0)));
        let source = &shown["nodes"][plant.network.nodes[source].id.as_str()];
        assert!(source[0].is_null() && source[3].is_number(), "no pressure there: {source}");
        assert_eq!(shown["tags"][plant.instruments[0].tag.id.as_str()], 2.0);
        let between = Stamp::from_ms(2 * 60_000 + 59_999).expect("in range");
        assert_eq!(minute_of(&hindsight.shown(&plant, Some(between))), Some(2));
        assert_eq!(minute_of(&hindsight.shown(&plant, Some(minute(0)))), None);
        for at in [None, Some(minute(3)), Some(minute(99))] {
            assert_eq!(minute_of(&hindsight.shown(&plant, at)), Some(3));
        }
    }

    #[test]
    fn a_long_run_is_thinned_evenly_and_its_end_is_known() {
        let plant = sample::plant();
        let mut hindsight = Hindsight::default();
        let steps = 3 * MOST + 2;
        for n in 1..=steps {
            hindsight.keep(&plant, &truth(&plant, n), &[]);
        }
        assert!(hindsight.kept.len() <= MOST && hindsight.kept.len() > MOST / 2);
        let apart = hindsight.kept.windows(2).map(|pair| pair[1].at - pair[0].at);
        assert!(apart.clone().all(|span| span == minute(4) - minute(0)), "every fourth step");
        let known = |at| minute_of(&hindsight.shown(&plant, at));
        assert_eq!(known(None), Some(steps as i64));
        assert_eq!(known(Some(minute(1))), Some(1));
        assert_eq!(known(Some(minute(steps - 1))), Some(steps as i64 - 1));
        assert_eq!(known(Some(minute(100))), Some(97), "the last one kept before");
        assert_eq!([0, 94, 10_000, usize::MAX].map(most), [MOST, MOST, 100, 20]);
    }
}
