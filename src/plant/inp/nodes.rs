//! `[JUNCTIONS]`, `[RESERVOIRS]`, `[TANKS]`, `[DEMANDS]` and `[COORDINATES]`.

use std::collections::BTreeSet;

use super::Reader;
use super::line::{Line, Word};
use crate::base::units::{Flow, Length};
use crate::plant::network::{Node, NodeIndex, NodeKind, Tank};

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
        let min_volume = match words.get(6) {
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
        if let Some(curve) = curve.filter(|word| word.text != "*") {
            let help = "write * and the diameter of a cylinder with the same surface";
            self.add(&curve.span, "a plant's tank is a cylinder: no volume curve", help);
        }
        let overflow = match overflow {
            Some(word) => self.keyword("overflow", word, &["NO", "YES"])? == 1,
            None => false,
        };
        let (initial, min, max, diameter) = (initial?, min?, max?, diameter?);
        let tank = Tank {
            initial_level: Length::m(initial),
            min_level: Length::m(min),
            max_level: Length::m(max),
            diameter: Length::m(diameter),
            overflow,
        };
        if !(min <= initial && initial <= max && min < max) {
            let span = words[2].span.start..words[4].span.end;
            let text = format!("levels must rise: lowest {min}, initial {initial}, highest {max}");
            self.add(&span, text, "the columns are initial, lowest, highest");
        }
        let (min_volume, of_cylinder) = (min_volume?, tank.area_m2() * min);
        if min_volume > 0.0 && (min_volume - of_cylinder).abs() > 0.01 * of_cylinder {
            let text = "the smallest volume does not fit a cylinder";
            self.add(&words[6].span, text, "write 0: EPANET then takes the cylinder's");
        }
        declared?;
        Some((elevation?, NodeKind::Tank(tank)))
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
