//! `[RULES]`: EPANET's rule-based controls.

use super::Reader;
use super::controls::time;
use super::line::{Line, Word};
use crate::base::Span;
use crate::plant::network::{
    ControlRule, Join, LinkIndex, LinkKind, Measured, NodeIndex, NodeKind, Premise, Relation,
    RuleAction, SolvedStatus, Test,
};

/// Two values this close are equal, in the file's unit: EPANET's.
const TOLERANCE: f64 = 1e-3;

const CLAUSES: [&str; 8] = ["RULE", "IF", "AND", "OR", "THEN", "ELSE", "PRIORITY", "DISABLED"];

const NODES: [&str; 4] = ["NODE", "JUNCTION", "RESERVOIR", "TANK"];
const LINKS: [&str; 4] = ["LINK", "PIPE", "PUMP", "VALVE"];

const PREMISE: &str = "write IF NODE|TANK id LEVEL|PRESSURE|HEAD|DEMAND ABOVE|BELOW number, \
                       IF LINK id STATUS IS OPEN|CLOSED, IF LINK id FLOW ABOVE number, or \
                       IF SYSTEM CLOCKTIME >= time AM|PM";
const ACTION: &str = "write THEN LINK id STATUS IS OPEN|CLOSED, or THEN LINK id SETTING IS number";

/// How far the reading of a rule has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Its name is known.
    Named,
    If,
    Then,
    Else,
    /// Its priority is known.
    Done,
}

/// A rule in the making.
struct Open {
    rule: ControlRule,
    stage: Stage,
    is_enabled: bool,
    /// A line of it was wrong, which has been told.
    is_broken: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn read_rules(&mut self) {
        let mut open: Option<Open> = None;
        let mut last: Option<Line<'a>> = None;
        for line in self.lines("RULES") {
            let Some(clause) = self.keyword("clause", &line.words[0], &CLAUSES) else {
                if let Some(open) = &mut open {
                    open.is_broken = true;
                }
                continue;
            };
            if clause == 0 {
                self.close(open.take(), last.as_ref());
                open = Some(self.begin(&line));
            } else if let Some(open) = &mut open {
                if self.clause(open, CLAUSES[clause], &line).is_none() {
                    open.is_broken = true;
                }
            } else {
                self.add(&line.span(), "this belongs to no rule", "begin with RULE and a name");
            }
            last = Some(line);
        }
        self.close(open, last.as_ref());
    }

    fn begin(&mut self, line: &Line<'a>) -> Open {
        let is_named = self.has_columns(line, 2, "RULE name");
        let rule = ControlRule {
            id: line.words.get(1).map_or("", |word| word.text).to_owned(),
            premises: Vec::new(),
            then: Vec::new(),
            otherwise: Vec::new(),
            priority: 0.0,
        };
        Open { rule, stage: Stage::Named, is_enabled: true, is_broken: !is_named }
    }

    /// Keeps a rule that is whole; `last`: its last line.
    fn close(&mut self, open: Option<Open>, last: Option<&Line<'a>>) {
        let Some(open) = open.filter(|open| !open.is_broken) else { return };
        if open.rule.premises.is_empty() || open.rule.then.is_empty() {
            let span = last.map_or(0..0, Line::span);
            let text = format!("rule {:?} ends without IF and THEN", open.rule.id);
            self.add(&span, text, "give it a premise and an action");
        } else if open.is_enabled {
            self.network.rules.push(open.rule);
        }
    }

    fn clause(&mut self, open: &mut Open, clause: &str, line: &Line<'a>) -> Option<()> {
        let stage = open.stage;
        match clause {
            "IF" if stage == Stage::Named => {
                open.stage = Stage::If;
                open.rule.premises.push(self.premise(Join::And, line)?);
            }
            "AND" if stage == Stage::If => {
                open.rule.premises.push(self.premise(Join::And, line)?);
            }
            "OR" if stage == Stage::If => open.rule.premises.push(self.premise(Join::Or, line)?),
            "THEN" if stage == Stage::If => {
                open.stage = Stage::Then;
                open.rule.then.push(self.rule_action(line)?);
            }
            "AND" if stage == Stage::Then => open.rule.then.push(self.rule_action(line)?),
            "ELSE" if stage == Stage::Then => {
                open.stage = Stage::Else;
                open.rule.otherwise.push(self.rule_action(line)?);
            }
            "AND" if stage == Stage::Else => open.rule.otherwise.push(self.rule_action(line)?),
            "PRIORITY" if matches!(stage, Stage::Then | Stage::Else) => {
                open.stage = Stage::Done;
                self.has_columns(line, 2, "PRIORITY number").then_some(())?;
                open.rule.priority = self.number(&line.words[1], "the priority")?;
            }
            "DISABLED" if stage >= Stage::Then => open.is_enabled = false,
            _ => {
                let text = format!("{clause} does not belong here");
                let help =
                    "a rule is RULE, IF, THEN, perhaps ELSE, perhaps PRIORITY, in this order";
                self.add(&line.words[0].span, text, help);
                return None;
            }
        }
        Some(())
    }

    fn premise(&mut self, join: Join, line: &Line<'a>) -> Option<Premise> {
        let words = &line.words;
        let is_system = words.get(1).is_some_and(|word| word.is("SYSTEM"));
        let least = if is_system { 5 } else { 6 };
        if !(least..=least + usize::from(is_system)).contains(&words.len()) {
            self.add(&line.span(), "this is no premise", PREMISE);
            return None;
        }
        let test = if is_system { self.system(words) } else { self.place(words) };
        Some(Premise { join, test: test? })
    }

    fn relation(&mut self, word: &Word<'a>) -> Option<Relation> {
        let known = Relation::CHOICES.map(|(word, _)| word);
        self.keyword("relation", word, &known).map(|place| Relation::CHOICES[place].1)
    }

    /// `IF SYSTEM DEMAND|TIME|CLOCKTIME relation value [AM|PM]`
    fn system(&mut self, words: &[Word<'a>]) -> Option<Test> {
        let what = self.keyword("variable", &words[2], &["DEMAND", "TIME", "CLOCKTIME"]);
        let relation = self.relation(&words[3]);
        if what == Some(0) {
            let value = self.number(&words[4], "the demand")?;
            return Some(self.compared(Measured::SystemDemand, relation?, value, Kind::Flow));
        }
        let unit = words.get(5).map_or("", |word| word.text);
        let Some(at) = time(words[4].text, unit) else {
            let help = "write hours (6.5), a time (6:30), or a time with AM or PM";
            let span = words[4].span.start..words[words.len() - 1].span.end;
            self.add(&span, "this is no time", help);
            return None;
        };
        if what? == 1 && at >= Span::DAY {
            let text = "every day of a plant is like the first: this would never come";
            self.add(&words[4].span, text, "give a time of day, below 24:00");
            return None;
        }
        let in_day = Span::ms(at.as_ms().rem_euclid(Span::DAY.as_ms()));
        Some(Test::ClockTime(relation?, in_day))
    }

    /// `IF object id variable relation value`
    fn place(&mut self, words: &[Word<'a>]) -> Option<Test> {
        let objects: Vec<&'static str> = NODES.iter().chain(&LINKS).copied().collect();
        let object = self.keyword("object", &words[1], &objects)?;
        let relation = self.relation(&words[4]);
        if object < NODES.len() {
            let node = self.node(&words[2]);
            let what = self.keyword("variable of a node", &words[3], &NODE_WORDS);
            let value = self.number(&words[5], "the value");
            let (node, relation, value) = (node?, relation?, value?);
            let (of, kind) = node_variable(what?, node);
            let is_tank = matches!(self.network.nodes[node.0].kind, NodeKind::Tank(_));
            if kind == Kind::Hours && !is_tank {
                let text = format!("{:?} is no tank", words[2].text);
                self.add(&words[2].span, text, "only a tank fills and drains");
                return None;
            }
            return Some(self.compared(of, relation, value, kind));
        }
        let link = self.link(&words[2]);
        match self.keyword("variable of a link", &words[3], &["FLOW", "STATUS", "SETTING"])? {
            0 => {
                let value = self.not_negative(&words[5], "the flow")?;
                Some(self.compared(Measured::Flow(link?), relation?, value, Kind::Flow))
            }
            1 => self.status(link, relation, words),
            _ => {
                let value = self.not_negative(&words[5], "the setting")?;
                self.setting(link?, relation?, value, words)
            }
        }
    }

    fn status(
        &mut self,
        link: Option<LinkIndex>,
        relation: Option<Relation>,
        words: &[Word<'a>],
    ) -> Option<Test> {
        let known = SolvedStatus::CHOICES.map(|(word, _)| word);
        let status = self.keyword("status", &words[5], &known)?;
        let is = match relation? {
            Relation::Equal => true,
            Relation::NotEqual => false,
            _ => {
                self.add(&words[4].span, "a status is something or not", "write IS or NOT");
                return None;
            }
        };
        Some(Test::Status { link: link?, is, status: SolvedStatus::CHOICES[status].1 })
    }

    fn setting(
        &mut self,
        link: LinkIndex,
        relation: Relation,
        value: f64,
        words: &[Word<'a>],
    ) -> Option<Test> {
        let of = Measured::Setting(link);
        let (Some(value), Some(tolerance)) =
            (self.link_setting(link, value), self.link_setting(link, TOLERANCE))
        else {
            self.add(&words[3].span, super::links::NO_SETTING, "write STATUS IS OPEN or CLOSED");
            return None;
        };
        Some(Test::Number { of, relation, value, tolerance })
    }

    fn compared(&self, of: Measured, relation: Relation, value: f64, kind: Kind) -> Test {
        let unit = match kind {
            Kind::Flow => self.options.flow(1.0).as_m3_per_s(),
            Kind::Metres => 1.0,
            Kind::Hours => 3_600.0,
        };
        // EPANET compares times in seconds.
        let tolerance = if kind == Kind::Hours { TOLERANCE } else { TOLERANCE * unit };
        Test::Number { of, relation, value: value * unit, tolerance }
    }

    /// `THEN object id STATUS|SETTING IS value`
    fn rule_action(&mut self, line: &Line<'a>) -> Option<RuleAction> {
        let words = &line.words;
        if words.len() != 6 || !(words[4].is("IS") || words[4].is("=")) {
            self.add(&line.span(), "this is no action", ACTION);
            return None;
        }
        self.keyword("object", &words[1], &LINKS)?;
        let link = self.link(&words[2]);
        self.check_is_no_check_valve(link, &words[2]);
        self.keyword("variable", &words[3], &["STATUS", "SETTING"])?;
        let action = self.action(link, &words[5]);
        Some(RuleAction { link: link?, action: action? })
    }
}

/// The unit of a compared value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Flow,
    Metres,
    Hours,
}

const NODE_WORDS: [&str; 7] =
    ["DEMAND", "HEAD", "GRADE", "LEVEL", "PRESSURE", "FILLTIME", "DRAINTIME"];

/// What the word at this place of `NODE_WORDS` asks of a node.
fn node_variable(place: usize, node: NodeIndex) -> (Measured, Kind) {
    match place {
        0 => (Measured::Demand(node), Kind::Flow),
        1 | 2 => (Measured::Head(node), Kind::Metres),
        3 | 4 => (Measured::Pressure(node), Kind::Metres),
        5 => (Measured::FillTime(node), Kind::Hours),
        _ => (Measured::DrainTime(node), Kind::Hours),
    }
}

/// The word before a link's id.
pub(super) fn link_word(kind: &LinkKind) -> &'static str {
    match kind {
        LinkKind::Pipe { .. } => "PIPE",
        LinkKind::Pump { .. } => "PUMP",
        LinkKind::Valve { .. } => "VALVE",
    }
}

#[cfg(test)]
mod tests {
    use crate::base::problem::{Problems, Source};
    use crate::plant::inp;
    use crate::plant::network::Network;

    fn read(rules: &str) -> Result<Network, Problems> {
        let text = format!(
            "[JUNCTIONS]\n A 1 3\n B 1 0\n[RESERVOIRS]\n R 5\n[TANKS]\n T 9 1 0 3 5\n[PIPES]\n\
             P A B 9 100 130\n Q T B 9 100 130\n C A B 9 100 130 0 CV\n[PUMPS]\n\
             PU R A POWER 5\n[OPTIONS]\n UNITS CMH\n HEADLOSS H-W\n[RULES]\n{rules}"
        );
        inp::read(&Source::new("r.inp", text))
    }

    #[test]
    fn a_rule_that_is_disabled_is_left_out_and_keywords_may_be_small() {
        let network = read(
            "Rule a\n if tank T level below 1.5\n then pump PU status = open\n\
             RULE b\nIF SYSTEM TIME > 5\nTHEN LINK P STATUS IS CLOSED\nDISABLED\n",
        );
        let network = network.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        assert_eq!(network.rules.len(), 1);
        assert_eq!(network.rules[0].id, "a");
    }

    #[test]
    fn every_mistake_of_rules_comes_at_its_place() {
        let problems = read(
            "IF TANK T LEVEL ABOVE 3\n\
             RULE 1\nIF TANK X LEVEL ABOVE 3\nAND JUNCTION A LEVL ABOVE 3\n\
             AND NODE A FILLTIME BELOW 2\nOR PUMP PU FLOW ABOVE -1\nOR PUMP PU STATUS > OPEN\n\
             OR PUMP PU STATUS IS ON\nOR PIPE P SETTING = 3\nOR SYSTEM CLOCKTIME >= 13 PM\n\
             OR TANK T LEVEL ABOUT 3\nIF TANK T LEVEL ABOVE\n\
             THEN PIPE C STATUS IS OPEN\nAND PIPE P SETTING IS half\nAND NODE A STATUS IS OPEN\n\
             PRIORITY high\nELSE PUMP PU STATUS IS CLOSED\n\
             RULE 2\nIF TANK T LEVEL ABOVE 2\n\
             RULE\n WHEN IT RAINS\n",
        );
        insta::assert_snapshot!(problems.expect_err("mistakes").render(false));
    }
}
