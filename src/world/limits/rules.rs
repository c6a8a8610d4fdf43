//! Where each limit lies, and what is looked at. Bounds without a source are `[D]`.

use super::{Place, Sight};
use crate::base::limit::Limit;
use crate::base::units::{Flow, Quantity};
use crate::plant::Plant;
use crate::plant::network::{Lift, Link, LinkKind, NodeKind};
use crate::plant::tags;
use crate::world::emptying::Emptying;
use crate::world::hydraulics::{Solution, Warning};
use crate::world::quality::{AGE, CHLORINE, Carried};
use crate::world::truth::WorksTruth;

/// A change of velocity that makes a wave worth telling: 7 m in plastic pipes, 22 m in iron.
const JOLT_M_PER_S: f64 = 0.2;

/// Below this pressure head (m) water that passes is told of: less is within the solver's error.
const BELOW_ZERO_M: f64 = -0.5;

/// Flows below this (m³/h) are none.
const NO_FLOW_M3_PER_H: f64 = 0.1;

/// A meter sees water flow back from this share of its range on.
const METER_SHARE: f64 = 0.01;

/// Hazen–Williams holds up to about this velocity `[M]`.
const FAST_M_PER_S: f64 = 3.0;

/// What mains are made for at most, m: 1.6 MPa `[M]`.
const RATED_M: f64 = 163.0;

/// A pump that gives less than this share of its curve's last flow lifts nothing.
const IDLE_SHARE: f64 = 0.005;

/// Where the decay rates hold, °C: see `quality::reaction`.
const KINETICS_DEG_C: (f64, f64) = (0.0, 35.0);

/// Where the formula for Giardia holds: see `treatment::contact`.
const GIARDIA_DEG_C: (f64, f64) = (0.5, 25.0);
const GIARDIA_PH: (f64, f64) = (6.0, 9.0);

/// Above this raw turbidity flocs hinder each other, NTU.
const RAW_NTU: f64 = 1_000.0;

/// Chlorine up to which decay has been measured in such networks, mg/L `[S34]`.
const CHLORINE_MG_PER_L: f64 = 5.0;

/// Age up to which first-order decay is all that happens, h.
const AGE_H: f64 = 120.0;

/// Flows before and after something happened, m³/s per link.
#[derive(Debug)]
pub struct Jolt<'w> {
    pub before: &'w [f64],
    pub after: &'w [Flow],
}

/// What is true in a part of a step.
pub struct Moment<'w> {
    pub solution: &'w Solution,
    pub waters: &'w [Carried],
    pub works: &'w WorksTruth,
    pub emptying: &'w Emptying,
}

/// What never changes of nodes and links.
#[derive(Debug)]
pub struct Places {
    links: Vec<Way>,
    is_source: Vec<bool>,
    /// Start and end of each link.
    ends: Vec<[usize; 2]>,
    /// Links that lead away from a source, and the sign of a flow that leads back to it.
    sources: Vec<(usize, f64)>,
    /// Links with a meter that counts one way, and the flow back from which on it matters, m³/h.
    meters: Vec<(usize, f64)>,
}

#[derive(Debug)]
enum Way {
    /// A pipe: its cross-section, m².
    Pipe { area_m2: f64 },
    /// A pump: the last flow of its curve, m³/h.
    Pump { most_m3_per_h: f64 },
    /// Nothing to leave the range of.
    Other,
}

impl Way {
    fn new(link: &Link) -> Self {
        match &link.kind {
            LinkKind::Pipe { diameter, .. } => {
                let diameter = diameter.as_m();
                Self::Pipe { area_m2: std::f64::consts::FRAC_PI_4 * diameter * diameter }
            }
            LinkKind::Pump { lift: Lift::Curve(curve), .. } => {
                let last = curve.last().map_or(0.0, |(flow, _)| flow.as_m3_per_h());
                // A curve of one point ends at twice its flow: EPANET's standard curve.
                let most_m3_per_h = if curve.len() == 1 { 2.0 * last } else { last };
                Self::Pump { most_m3_per_h }
            }
            // A pump of constant power has no curve that it could leave.
            LinkKind::Pump { lift: Lift::Power(_), .. } | LinkKind::Valve { .. } => Self::Other,
        }
    }
}

impl Places {
    /// The nodes and links of `plant`.
    pub fn new(plant: &Plant) -> Self {
        let network = &plant.network;
        let meter = |instrument: &tags::Instrument| match instrument.place {
            tags::Place::Link(link) if instrument.tag.quantity == Quantity::Flow => {
                let (low, high) = instrument.tag.range;
                (low >= 0.0).then_some((link.0, METER_SHARE * high))
            }
            _ => None,
        };
        let nodes = network.nodes.iter();
        let is_source: Vec<bool> =
            nodes.map(|node| matches!(node.kind, NodeKind::Reservoir)).collect();
        let back = |(at, link): (usize, &Link)| {
            let ends = [(link.start, -1.0), (link.end, 1.0)];
            let at_source = ends.into_iter().filter(|(node, _)| is_source[node.0]);
            at_source.map(|(_, sign)| (at, sign)).collect::<Vec<_>>()
        };
        Self {
            links: network.links.iter().map(Way::new).collect(),
            ends: network.links.iter().map(|link| [link.start.0, link.end.0]).collect(),
            sources: network.links.iter().enumerate().flat_map(back).collect(),
            is_source,
            meters: plant.instruments.iter().filter_map(meter).collect(),
        }
    }

    /// Which mains feel a wave?
    pub fn feel(&self, jolt: &Jolt<'_>, sight: &mut Sight) {
        for (at, way) in self.links.iter().enumerate() {
            let Way::Pipe { area_m2 } = way else { continue };
            let change = (jolt.after[at].as_m3_per_s() - jolt.before[at]).abs() / area_m2;
            if change >= JOLT_M_PER_S {
                sight.add(Limit::WaterHammer, Place::Link(at), (change, "m/s"), change);
            }
        }
    }

    /// What is outside at this moment?
    pub fn look(&self, moment: &Moment<'_>, sight: &mut Sight) {
        self.look_at_links(moment, sight);
        self.look_at_nodes(moment, sight);
        look_at_works(moment.works, sight);
        if moment.solution.warning == Some(Warning::Unbalanced) {
            sight.add(Limit::Unsolved, Place::Works, NOTHING, 0.0);
        }
    }

    fn look_at_links(&self, moment: &Moment<'_>, sight: &mut Sight) {
        let solution = moment.solution;
        for (at, way) in self.links.iter().enumerate() {
            let flow = solution.flow[at];
            match *way {
                Way::Pipe { area_m2 } => {
                    let speed = flow.as_m3_per_s().abs() / area_m2;
                    if speed > FAST_M_PER_S {
                        sight.add(Limit::FastWater, Place::Link(at), (speed, "m/s"), speed);
                    }
                    if let Some(dry) = moment.emptying.empties_for(at) {
                        let hours = dry.as_hours();
                        sight.add(Limit::DryPipes, Place::Link(at), (hours, "h"), hours);
                    }
                }
                Way::Pump { most_m3_per_h } if solution.open[at] => {
                    let flow = flow.as_m3_per_h();
                    if flow > most_m3_per_h {
                        let more = flow / most_m3_per_h;
                        sight.add(Limit::PumpBeyondCurve, Place::Link(at), (flow, "m³/h"), more);
                    } else if flow < IDLE_SHARE * most_m3_per_h {
                        sight.add(Limit::PumpWithoutFlow, Place::Link(at), NOTHING, 0.0);
                    }
                }
                Way::Pump { .. } | Way::Other => {}
            }
            self.look_below_zero(at, solution, sight);
        }
        let back = self.sources.iter().map(|(at, sign)| (*at, *sign, NO_FLOW_M3_PER_H));
        let counted = self.meters.iter().map(|(at, least)| (*at, -1.0, *least));
        for (at, sign, least) in back.chain(counted) {
            let flow = solution.flow[at].as_m3_per_h() * sign;
            if flow > least {
                sight.add(Limit::Backflow, Place::Link(at), (flow, "m³/h"), flow);
            }
        }
    }

    /// Does this link bring water to a point below zero?
    fn look_below_zero(&self, at: usize, solution: &Solution, sight: &mut Sight) {
        let flow = solution.flow[at].as_m3_per_h();
        if flow.abs() < NO_FLOW_M3_PER_H {
            return;
        }
        let [start, end] = self.ends[at];
        let to = if flow > 0.0 { end } else { start };
        let pressure = solution.pressure[to].as_m();
        if solution.reached[to] && pressure < BELOW_ZERO_M {
            sight.add(Limit::BelowZero, Place::Node(to), (pressure, "m"), -pressure);
        }
    }

    fn look_at_nodes(&self, moment: &Moment<'_>, sight: &mut Sight) {
        let solution = moment.solution;
        let nodes = self.is_source.iter().zip(moment.waters).enumerate();
        for (at, (_, water)) in nodes.filter(|(_, (is_source, _))| !**is_source) {
            let pressure = solution.pressure[at].as_m();
            if pressure > RATED_M {
                sight.add(Limit::HighPressure, Place::Node(at), (pressure, "m"), pressure);
            }
            let chlorine = water[CHLORINE];
            if chlorine > CHLORINE_MG_PER_L {
                sight.add(Limit::StrongChlorine, Place::Node(at), (chlorine, "mg/L"), chlorine);
            }
            let age = water[AGE];
            if age > AGE_H && solution.delivered[at] > Flow::ZERO {
                sight.add(Limit::OldWater, Place::Node(at), (age, "h"), age);
            }
        }
    }
}

/// The value of what has none.
const NOTHING: (f64, &str) = (0.0, "");

fn look_at_works(works: &WorksTruth, sight: &mut Sight) {
    let mut range = |limit, value: f64, (low, high): (f64, f64), unit| {
        let beyond = (low - value).max(value - high);
        if beyond > 0.0 {
            sight.add(limit, Place::Works, (value, unit), beyond / (high - low));
        }
    };
    let deg_c = works.temperature.as_deg_c();
    range(Limit::Temperature, deg_c, KINETICS_DEG_C, "°C");
    range(Limit::GiardiaFormula, deg_c, GIARDIA_DEG_C, "°C");
    range(Limit::GiardiaFormula, works.raw_ph, GIARDIA_PH, "pH");
    range(Limit::RawTurbidity, works.raw_turbidity.as_ntu(), (0.0, RAW_NTU), "NTU");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::{Temperature, Turbidity};

    fn seen(deg_c: f64, ph: f64, raw_ntu: f64) -> Vec<(Limit, f64)> {
        let works = WorksTruth {
            temperature: Temperature::deg_c(deg_c),
            raw_ph: ph,
            raw_turbidity: Turbidity::ntu(raw_ntu),
            ..WorksTruth::default()
        };
        let mut sight = Sight::default();
        look_at_works(&works, &mut sight);
        let all = Limit::CHOICES.iter().zip(sight.0);
        all.filter_map(|((_, limit), seen)| Some((*limit, seen?.value))).collect()
    }

    #[test]
    fn formulas_hold_up_to_their_ends_and_the_worse_end_is_told() {
        use Limit::{GiardiaFormula, RawTurbidity, Temperature};
        assert_eq!(seen(25.0, 9.0, 1_000.0), []);
        assert_eq!(seen(0.5, 6.0, 10.0), []);
        assert_eq!(seen(26.0, 7.0, 10.0), [(GiardiaFormula, 26.0)]);
        assert_eq!(seen(26.0, 9.5, 1_001.0), [(GiardiaFormula, 9.5), (RawTurbidity, 1_001.0)]);
        assert_eq!(seen(36.0, 7.0, 10.0), [(Temperature, 36.0), (GiardiaFormula, 36.0)]);
        assert_eq!(seen(-0.1, 7.0, 10.0), [(Temperature, -0.1), (GiardiaFormula, -0.1)]);
    }
}
