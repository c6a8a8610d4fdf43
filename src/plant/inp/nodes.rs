//! `[JUNCTIONS]`, `[RESERVOIRS]`, `[TANKS]`, `[MIXING]`, `[DEMANDS]` and `[COORDINATES]`.

use std::collections::BTreeSet;

use super::Reader;
use super::line::{Line, Word};
use crate::base::units::{Flow, Length, Volume};
use crate::plant::network::{Mixing, Node, NodeIndex, NodeKind, Shape, Tank};

impl<'a> Reader<'a> {
    pub(super) fn read_nodes(&mut self) {
        for line in self.lines("JUNCTIONS") {
            if let Some((elevation, kind)) = self.junction(&line) {
                self.push_node(&line.words[0], elevation, kind);
            }
        }
        for line in self.lines("RESERVOIRS") {
            if let Some((elevation, kind)) = self.reservoir(&line) {
                self.push_node(&line.words[0], elevation, kind);
            }
        }
        for line in self.lines("TANKS") {
            if let Some((elevation, kind)) = self.tank(&line) {
                self.push_node(&line.words[0], elevation, kind);
            }
        }
        self.read_demands();
        for line in self.lines("COORDINATES") {
            if !self.has_columns(&line, 3, "node x y") {
                continue;
            }
            let node = self.node(&line.words[0]);
            let (x, y) = (self.number(&line.words[1], "x"), self.number(&line.words[2], "y"));
            if let Some(node) = node {
                self.network.nodes[node.0].coordinates = x.zip(y);
            }
        }
    }

    fn push_node(&mut self, id: &Word<'a>, elevation: f64, kind: NodeKind) {
        let index = NodeIndex(self.network.nodes.len());
        self.network.node_index.insert(id.text.to_owned(), index);
        let elevation = Length::m(elevation);
        self.network.nodes.push(Node {
            id: id.text.to_owned(),
            kind,
            elevation,
            coordinates: None,
        });
    }

    fn junction(&mut self, line: &Line<'a>) -> Option<(f64, NodeKind)> {
        let declared = self.declare_node(&line.words[0]);
        if !self.has_columns(line, 2, "id elevation demand pattern") {
            return None;
        }
        let elevation = self.number(&line.words[1], "the elevation");
        let base_demand = match line.words.get(2) {
            Some(word) => self.demand(word),
            None => Some(Flow::ZERO),
        };
        let pattern = line.words.get(3).and_then(|word| self.pattern(word));
        declared?;
        Some((elevation?, NodeKind::Junction { base_demand: base_demand?, pattern }))
    }

    fn demand(&mut self, word: &Word<'a>) -> Option<Flow> {
        let value = self.not_negative(word, "the demand")?;
        Some(self.options.flow(value * self.options.demand_multiplier))
    }

    fn reservoir(&mut self, line: &Line<'a>) -> Option<(f64, NodeKind)> {
        let declared = self.declare_node(&line.words[0]);
        if let Some(pattern) = line.words.get(2) {
            let help = "remove the pattern: a scenario moves the source";
            self.add(&pattern.span, "a plant's reservoir has one head", help);
            return None;
        }
        if !self.has_columns(line, 2, "id head") {
            return None;
        }
        let head = self.number(&line.words[1], "the head");
        declared?;
        Some((head?, NodeKind::Reservoir))
    }

    fn tank(&mut self, line: &Line<'a>) -> Option<(f64, NodeKind)> {
        const COLUMNS: &str = "id elevation initial-level min-level max-level diameter min-volume \
                               volume-curve(*) overflow(YES|NO)";
        let declared = self.declare_node(&line.words[0]);
        if !self.has_columns(line, 6, COLUMNS) {
            return None;
        }
        let words = &line.words;
        let elevation = self.number(&words[1], "the elevation");
        let initial = self.not_negative(&words[2], "the initial level");
        let min = self.not_negative(&words[3], "the lowest level");
        let max = self.positive(&words[4], "the highest level");
        let diameter = self.positive(&words[5], "the diameter");
        let least_volume = match words.get(6) {
            Some(word) => self.not_negative(word, "the smallest volume"),
            None => Some(0.0),
        };
        // With eight columns the last is the curve, or the overflow when it says so.
        let (curve, overflow) = match words.get(7) {
            Some(word) if words.len() == 8 && (word.is("YES") || word.is("NO")) => {
                (None, Some(word))
            }
            curve => (curve, words.get(8)),
        };
        let overflow = match overflow {
            Some(word) => self.keyword("overflow", word, &["NO", "YES"])? == 1,
            None => false,
        };
        let (initial, min, max) = (initial?, min?, max?);
        if !(min <= initial && initial <= max && min < max) {
            let span = words[2].span.start..words[4].span.end;
            let text = format!("levels must rise: lowest {min}, initial {initial}, highest {max}");
            self.add(&span, text, "the columns are initial, lowest, highest");
        }
        let curve = curve.filter(|word| word.text != "*");
        let shape = curve.map(|curve| self.volume_curve(curve, min, max));
        declared?;
        let levels = [initial, min, max].map(Length::m);
        let tank = Tank { overflow, ..Tank::cylinder(levels, Length::m(diameter?)) };
        let tank = match shape {
            Some(shape) => Tank { shape: shape?, ..tank },
            None => tank.with_least_volume(Volume::m3(least_volume?)),
        };
        Some((elevation?, NodeKind::Tank(tank)))
    }

    fn volume_curve(&mut self, word: &Word<'a>, min: f64, max: f64) -> Option<Shape> {
        let points = self.rising_curve(word, "a volume curve")?;
        let (first, last) = (points.first()?.0, points.last()?.0);
        if first > min || last < max {
            let text = format!("curve {:?} goes from {first} to {last} m only", word.text);
            let help = "give volumes from the lowest level of the tank to its highest";
            self.add(&word.span, text, help);
            return None;
        }
        let point = |(level, volume): &(f64, f64)| (Length::m(*level), Volume::m3(*volume));
        Some(Shape::Curve(points.iter().map(point).collect()))
    }

    /// `[MIXING]`, once the tanks are there.
    pub(super) fn read_mixing(&mut self) {
        for line in self.lines("MIXING") {
            if !self.has_columns(&line, 2, "tank model fraction") {
                continue;
            }
            let node = self.node(&line.words[0]);
            let known = ["MIXED", "2COMP", "FIFO", "LIFO"];
            let model = self.keyword("mixing model", &line.words[1], &known);
            let share = match line.words.get(2) {
                Some(word) => {
                    let is_share = |share| share > 0.0 && share <= 1.0;
                    self.bounded(word, "the fraction", "above 0 and at most 1", is_share)
                }
                None => Some(1.0),
            };
            let (Some(node), Some(model), Some(inlet_share)) = (node, model, share) else {
                continue;
            };
            let mixing = match model {
                1 => Mixing::TwoCompartments { inlet_share },
                2 => Mixing::FirstInFirstOut,
                3 => Mixing::LastInFirstOut,
                _ => Mixing::Complete,
            };
            if let NodeKind::Tank(tank) = &mut self.network.nodes[node.0].kind {
                tank.mixing = mixing;
            } else {
                let text = format!("{:?} is no tank", line.words[0].text);
                self.add(&line.words[0].span, text, "name a tank of [TANKS]");
            }
        }
    }

    fn read_demands(&mut self) {
        let mut seen = BTreeSet::new();
        for line in self.lines("DEMANDS") {
            if !self.has_columns(&line, 2, "node demand pattern") {
                continue;
            }
            let word = &line.words[0];
            let node = self.node(word);
            let demand = self.demand(&line.words[1]);
            let named = line.words.get(2).and_then(|word| self.pattern(word));
            if !seen.insert(word.text) {
                let text = format!("{:?} has more than one demand", word.text);
                self.add(&word.span, text, "add them up in one line");
                continue;
            }
            let (Some(node), Some(demand)) = (node, demand) else { continue };
            if let NodeKind::Junction { base_demand, pattern } =
                &mut self.network.nodes[node.0].kind
            {
                *base_demand = demand;
                *pattern = named;
            } else {
                let text = format!("{:?} is no junction", word.text);
                self.add(&word.span, text, "demand belongs to a junction");
            }
        }
    }
}
