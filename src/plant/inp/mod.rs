//! Reads a plant's network from EPANET's `.inp` format, 2.2 and 2.3: the part a plant may use.
//!
//! In: the text of a file that EPANET opens unchanged. Out: a `Network` in SI units, or every
//! mistake of the file with its place. Must not know: solvers.

mod check;
mod controls;
mod energy;
mod line;
mod links;
mod nodes;
mod options;
mod rules;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::network::{LinkIndex, Network, NodeIndex};
use crate::base::problem::{Problems, Source, nearest};
use line::{Line, Sections, Word};
use options::Options;
pub use write::write;

/// Longest id that EPANET takes, in bytes.
const ID_BYTES_MAX: usize = 31;

/// Reads a network. Errors: every mistake of the file in one go, in its order.
///
/// * Units: LPS, LPM, MLD, CMH, CMD and CMS are converted to SI; US units are refused.
/// * Patterns: only their names are kept; how people draw water over the day is the plant's.
/// * Source: EPANET 2.2 User Manual, appendix C; 2.3's CMS and overflowing tanks.
pub fn read(source: &Arc<Source>) -> Result<Network, Problems> {
    let mut problems = Problems::new();
    let sections = line::sections(source, &mut problems);
    let mut reader = Reader {
        source,
        sections,
        problems,
        options: Options::default(),
        network: Network::default(),
        nodes: BTreeMap::new(),
        links: BTreeMap::new(),
        curves: BTreeMap::new(),
        patterns: BTreeSet::new(),
    };
    reader.read_title();
    reader.read_options();
    reader.read_curves_and_patterns();
    reader.read_nodes();
    reader.read_links();
    reader.read_energy();
    reader.read_controls();
    reader.read_rules();
    reader.read_mixing();
    reader.check_whole();
    let Reader { network, problems, .. } = reader;
    problems.into_result(Some(network))
}

/// A curve's points in the file's units.
type Points = Vec<(f64, f64)>;

struct Reader<'a> {
    source: &'a Arc<Source>,
    sections: Sections<'a>,
    problems: Problems,
    options: Options,
    network: Network,
    /// Every id a line declares, with its place, even if the rest of the line is wrong: a mistake
    /// in one line must not look like a missing node elsewhere.
    nodes: BTreeMap<&'a str, Range<usize>>,
    links: BTreeMap<&'a str, Range<usize>>,
    curves: BTreeMap<&'a str, Points>,
    patterns: BTreeSet<&'a str>,
}

impl<'a> Reader<'a> {
    fn lines(&mut self, section: &str) -> Vec<Line<'a>> {
        self.sections.remove(section).unwrap_or_default()
    }

    fn add(&mut self, span: &Range<usize>, text: impl Into<String>, help: impl Into<String>) {
        self.problems.add(self.source, span.clone(), text).help(help);
    }

    fn read_title(&mut self) {
        let lines = self.lines("TITLE");
        let texts = lines.iter().filter_map(|line| line.words.first());
        self.network.title = texts.map(|word| word.text.to_owned()).collect();
    }

    /// Has the line between `min` words and as many as `columns` names?
    fn has_columns(&mut self, line: &Line<'a>, min: usize, columns: &str) -> bool {
        let max = columns.split_ascii_whitespace().count();
        let found = line.words.len();
        if (min..=max).contains(&found) {
            return true;
        }
        let wanted = if min == max { format!("{max}") } else { format!("{min} to {max}") };
        let text = format!("{wanted} columns belong here, found {found}");
        self.add(&line.span(), text, format!("write: {columns}"));
        false
    }

    /// A finite number.
    fn number(&mut self, word: &Word<'a>, name: &str) -> Option<f64> {
        match word.text.parse::<f64>() {
            Ok(number) if number.is_finite() => Some(number),
            _ => {
                let text = format!("{name} must be a number, found {:?}", word.text);
                self.problems.add(self.source, word.span.clone(), text);
                None
            }
        }
    }

    /// A number above zero.
    fn positive(&mut self, word: &Word<'a>, name: &str) -> Option<f64> {
        self.bounded(word, name, "above 0", |number| number > 0.0)
    }

    /// A number that is not negative.
    fn not_negative(&mut self, word: &Word<'a>, name: &str) -> Option<f64> {
        self.bounded(word, name, "0 or more", |number| number >= 0.0)
    }

    fn bounded(
        &mut self,
        word: &Word<'a>,
        name: &str,
        bound: &str,
        holds: impl Fn(f64) -> bool,
    ) -> Option<f64> {
        let number = self.number(word, name)?;
        if holds(number) {
            return Some(number);
        }
        let text = format!("{name} must be {bound}, found {number}");
        self.problems.add(self.source, word.span.clone(), text);
        None
    }

    /// Notes an id's place. None (and a mistake) if it is taken or EPANET would not take it.
    fn declare_node(&mut self, word: &Word<'a>) -> Option<()> {
        let taken = self.nodes.get(word.text).cloned();
        self.declare("node", word, taken)?;
        self.nodes.insert(word.text, word.span.clone());
        Some(())
    }

    fn declare_link(&mut self, word: &Word<'a>) -> Option<()> {
        let taken = self.links.get(word.text).cloned();
        self.declare("link", word, taken)?;
        self.links.insert(word.text, word.span.clone());
        Some(())
    }

    fn declare(&mut self, what: &str, word: &Word<'a>, taken: Option<Range<usize>>) -> Option<()> {
        if let Some(first) = taken {
            let text = format!("{what} {:?} is there twice", word.text);
            let help = format!("the first stands at {}", self.source.place(first.start));
            self.add(&word.span, text, help);
            return None;
        }
        if word.text.len() > ID_BYTES_MAX {
            let text = format!("{:?} is too long for an id", word.text);
            self.add(&word.span, text, format!("EPANET takes {ID_BYTES_MAX} bytes"));
            return None;
        }
        Some(())
    }

    /// A node by its id. None without a mistake if its own line is the mistake.
    fn node(&mut self, word: &Word<'a>) -> Option<NodeIndex> {
        if !self.nodes.contains_key(word.text) {
            let known: Vec<&str> = self.nodes.keys().copied().collect();
            self.unknown("node", word, &known);
        }
        self.network.node(word.text)
    }

    /// A link by its id. None without a mistake if its own line is the mistake.
    fn link(&mut self, word: &Word<'a>) -> Option<LinkIndex> {
        if !self.links.contains_key(word.text) {
            let known: Vec<&str> = self.links.keys().copied().collect();
            self.unknown("link", word, &known);
        }
        self.network.link(word.text)
    }

    /// The points of a curve.
    fn curve(&mut self, word: &Word<'a>) -> Option<Points> {
        if let Some(points) = self.curves.get(word.text) {
            return Some(points.clone());
        }
        let known: Vec<&str> = self.curves.keys().copied().collect();
        self.unknown("curve", word, &known);
        None
    }

    fn pattern(&mut self, word: &Word<'a>) -> Option<String> {
        if self.patterns.contains(word.text) {
            return Some(word.text.to_owned());
        }
        let known: Vec<&str> = self.patterns.iter().copied().collect();
        self.unknown("pattern", word, &known);
        None
    }

    fn unknown(&mut self, what: &str, word: &Word<'a>, known: &[&str]) {
        let help = match nearest(word.text, known) {
            Some(name) => format!("did you mean {name:?}?"),
            None if known.is_empty() => "there are none".to_owned(),
            None => format!("known: {}", some_of(known)),
        };
        self.add(&word.span, format!("{what} {:?} is not known", word.text), help);
    }

    /// The known word that `word` is; else a mistake.
    fn keyword(&mut self, what: &str, word: &Word<'a>, known: &[&'static str]) -> Option<usize> {
        let place = known.iter().position(|keyword| word.is(keyword));
        if place.is_none() {
            let upper = word.text.to_ascii_uppercase();
            let help = match nearest(&upper, known) {
                Some(name) => format!("did you mean {name}?"),
                None => format!("known: {}", some_of(known)),
            };
            self.add(&word.span, format!("{what} {:?} is not known", word.text), help);
        }
        place
    }
}

/// The first dozen names: a help is one line.
fn some_of(names: &[&str]) -> String {
    let shown = names.get(..12).unwrap_or(names).join(", ");
    if names.len() > 12 { format!("{shown}, … ({} in all)", names.len()) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::base::units::{Flow, Length};
    use crate::plant::network::{
        ControlAction, ControlWhen, Lift, LinkKind, LinkStatus, NodeKind, ValveKind,
    };

    const SMALL: &str = "\
[TITLE]
A small works; fiction
[JUNCTIONS]
 J1  10  7.2  day
 J2  12  0
 J3  12
[RESERVOIRS]
 R   5
[TANKS]
 T   40  2.5  0.2  3.0  6.0  0  *  YES
[PIPES]
 P1  J1  T   500  150  130
 P2  J1  J2  200  100  120  0.5  Closed
 P3  J3  J2  10   100  120  CV
[PUMPS]
 PU  R   J1  HEAD C1  SPEED 0.9
[VALVES]
 V   J1  J3  100  FCV  3.6  0
[CURVES]
 C1  36  40
[PATTERNS]
 day 1.0 1.2 0.8
[CONTROLS]
 LINK PU CLOSED IF NODE T ABOVE 2.9
 LINK PU 0.8 IF NODE T BELOW 1.0
 LINK V 7.2 AT TIME 2:30
 LINK P2 OPEN AT CLOCKTIME 6 AM
[OPTIONS]
 Units CMH
 Headloss H-W
 Demand Multiplier 2
 Demand Model PDA
 Required Pressure 15
[REACTIONS]
 Global Bulk -0.5
 Global Wall -0.05
[COORDINATES]
 J1 3.5 -2
[END]
";

    fn mistakes(text: &str) -> String {
        let source = Source::new("network.inp", text);
        read(&source).expect_err("the text has mistakes").render(false)
    }

    #[test]
    fn a_file_becomes_a_network_in_si_units() {
        let network = read(&Source::new("network.inp", SMALL)).expect("a sound file");
        let ids: Vec<&str> = network.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids, ["J1", "J2", "J3", "R", "T"]);
        let NodeKind::Junction { base_demand, pattern } = &network.nodes[0].kind else {
            panic!("J1 is a junction")
        };
        assert!((base_demand.as_m3_per_h() - 14.4).abs() < 1e-9);
        assert_eq!(pattern.as_deref(), Some("day"));
        assert_eq!(network.nodes[0].coordinates, Some((3.5, -2.0)));
        assert!(matches!(&network.nodes[4].kind, NodeKind::Tank(tank) if tank.overflow));
        let statuses: Vec<LinkStatus> = network.links.iter().map(|link| link.initial).collect();
        assert_eq!(statuses[1], LinkStatus::Closed);
        assert!(matches!(network.links[0].kind, LinkKind::Pipe { diameter, .. }
            if diameter == Length::m(0.15)));
        assert!(matches!(network.links[2].kind, LinkKind::Pipe { check_valve: true, .. }));
        assert!(matches!(&network.links[3].kind, LinkKind::Pump { lift, speed, .. }
            if *speed == 0.9
                && *lift == Lift::Curve(vec![(Flow::m3_per_h(36.0), Length::m(40.0))])));
        assert!(
            matches!(network.links[4].kind, LinkKind::Valve { kind: ValveKind::Fcv, setting, .. }
            if (setting - 0.001).abs() < 1e-12)
        );
        assert_eq!(network.reactions.bulk_per_day, 0.5);
        assert_eq!(network.reactions.wall_m_per_day, 0.05);
        assert_eq!(network.pressure_driven.required, Length::m(15.0));
    }

    #[test]
    fn controls_keep_the_order_of_the_file_and_its_meaning() {
        let network = read(&Source::new("network.inp", SMALL)).expect("a sound file");
        let tank = network.node("T").expect("there");
        let found: Vec<_> = network.controls.iter().map(|c| (c.action, c.when)).collect();
        let ControlAction::Setting(flow) = found[2].0 else { panic!("a setting") };
        assert!((flow - 0.002).abs() < 1e-12);
        assert_eq!(found[0], (ControlAction::Closed, ControlWhen::Above(tank, Length::m(2.9))));
        assert_eq!(
            found[1],
            (ControlAction::Setting(0.8), ControlWhen::Below(tank, Length::m(1.0)))
        );
        assert_eq!(found[2].1, ControlWhen::AtClockTime(Span::minutes(150)));
        assert_eq!(found[3], (ControlAction::Open, ControlWhen::AtClockTime(Span::hours(6))));
    }

    #[test]
    fn every_mistake_of_a_file_comes_in_one_run() {
        insta::assert_snapshot!(mistakes(
            "\
[JUNCTIONS]
 J1  ten  0
 J2  12  -1  night
 J1  10
 J4
 J5  10
[RESERVOIRS]
 R   5  day
[TANKS]
 T   40  3.5  0.2  3.0  6.0
 T2  40  1  0  3.0  6.0  0  curve
[PIPES]
 P1  J1  T9   500  150  130
 P2  J2  T   -500  150  130  0  Shut
 P3  J2  J2  10  100  120
[PUMPS]
 PU  R  J2  POWER 5
 PV  R  J2  HEAD C2
 PW  R  J2  HEAD C1
[VALVES]
 V   T  J2  100  PRV  30  0
 W   J2  J5  100  GPV  C1
[CURVES]
 C1  10  40
 C1  20  50
[PATTERNS]
 day 1.0 1.2 zero
[EMITTERS]
 J1  0.5
[PIPE]
 P9 J1 J2 1 1 1
[CONTROLS]
 LINK PX CLOSED IF NODE T ABOVE 2.9
 LINK V OPEN WHEN TIRED
[OPTIONS]
 Units GPM
 Headloss D-W
 Colour blue
"
        ));
    }

    #[test]
    fn what_only_the_whole_network_shows_is_reported_too() {
        insta::assert_snapshot!(mistakes(
            "\
[JUNCTIONS]
 J1  10
 J2  10
 J3  10
[PIPES]
 P1  J1  J2  500  150  130
[OPTIONS]
 Headloss H-W
"
        ));
    }

    #[test]
    fn wrong_controls_and_statuses_are_refused_with_the_way_out() {
        let text = SMALL
            .replace("ABOVE 2.9", "ABOVE 3.9")
            .replace("P2 OPEN AT CLOCKTIME 6 AM", "P2 0.5 AT CLOCKTIME 13 PM")
            .replace("LINK V 7.2", "LINK P3 OPEN")
            .replace("V   J1  J3  100  FCV", "V   T   J3  100  PRV")
            .replace("[OPTIONS]", "[STATUS]\n P3 CLOSED\n P1 3\n PUU OPEN\n V OPEN\n[OPTIONS]");
        insta::assert_snapshot!(mistakes(&text));
    }

    #[test]
    fn one_wrong_line_is_one_mistake() {
        let text = SMALL.replace("J1  10  7.2", "J1  1O  7.2");
        let problems = read(&Source::new("network.inp", text)).expect_err("a letter O");
        assert_eq!(problems.len(), 1, "{problems}");
    }
}
