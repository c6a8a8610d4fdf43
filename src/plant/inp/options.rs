//! `[OPTIONS]`, `[TIMES]`, `[REACTIONS]`, `[CURVES]` and `[PATTERNS]`.

use super::controls::time;
use super::line::{Line, Word};
use super::{Points, Reader};
use crate::base::Span;
use crate::base::units::{Flow, Length};
use crate::plant::network::{Friction, RuleStep};

/// What one unit of the file is in SI, and the demand multiplier.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    m3_per_s: f64,
    pub demand_multiplier: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { m3_per_s: 1.0, demand_multiplier: 1.0 }
    }
}

impl Options {
    /// A flow in the file's unit.
    pub fn flow(&self, value: f64) -> Flow {
        Flow::m3_per_s(value * self.m3_per_s)
    }
}

/// Flow units with the metre as their length, and their size in m³/s.
const UNITS: [(&str, f64); 6] = [
    ("LPS", 1.0 / 1_000.0),
    ("LPM", 1.0 / 60_000.0),
    ("MLD", 1_000.0 / 86_400.0),
    ("CMH", 1.0 / 3_600.0),
    ("CMD", 1.0 / 86_400.0),
    ("CMS", 1.0),
];

const US_UNITS: [&str; 5] = ["CFS", "GPM", "MGD", "IMGD", "AFD"];

/// Options that steer EPANET's own run, its quality solver or its files: ours do that here.
const ACCEPTED: [&str; 22] = [
    "ACCURACY",
    "BACKFLOW",
    "CHECKFREQ",
    "DAMPLIMIT",
    "EMITTER",
    "FLOWCHANGE",
    "HEADERROR",
    "HTOL",
    "HYDRAULICS",
    "MAP",
    "MAXCHECK",
    "PATTERN",
    "PRECISION",
    "QTOL",
    "QUALITY",
    "RQTOL",
    "SEGMENTS",
    "TOLERANCE",
    "TRIALS",
    "UNBALANCED",
    "VERIFY",
    "STATUS",
];

/// Options with a meaning of their own here.
const READ: [&str; 9] = [
    "UNITS",
    "HEADLOSS",
    "DEMAND",
    "MINIMUM",
    "REQUIRED",
    "PRESSURE",
    "SPECIFIC",
    "VISCOSITY",
    "DIFFUSIVITY",
];

/// Kinematic viscosity of water and molecular diffusivity of chlorine at 20 °C, m²/s: EPANET's.
const WATER_M2_PER_S: f64 = 1.1e-5 * 0.3048 * 0.3048;
const CHLORINE_M2_PER_S: f64 = 1.3e-8 * 0.3048 * 0.3048;

const TIMES: [&str; 9] = [
    "DURATION",
    "HYDRAULIC",
    "QUALITY",
    "RULE",
    "PATTERN",
    "REPORT",
    "START",
    "STATISTIC",
    "UNITS",
];

impl<'a> Reader<'a> {
    pub(super) fn read_options(&mut self) {
        let lines = self.lines("OPTIONS");
        let mut has_units = false;
        for line in &lines {
            let Some(first) = line.words.first() else { continue };
            let known: Vec<&'static str> = READ.iter().chain(&ACCEPTED).copied().collect();
            let Some(place) = self.keyword("option", first, &known) else { continue };
            has_units |= known[place] == "UNITS";
            self.read_option(known[place], line);
        }
        if !has_units {
            let help = "EPANET's default is gallons a minute; write UNITS LPS in [OPTIONS]";
            self.add(&(0..0), "UNITS is missing", help);
        }
        self.check_pressures(&lines);
        self.read_times();
        self.read_reactions();
    }

    /// Only the rules' clock is EPANET's; the rest is the scenario's.
    fn read_times(&mut self) {
        let [mut hydraulic, mut rule] = [None; 2];
        for line in self.lines("TIMES") {
            if self.keyword("time", &line.words[0], &TIMES).is_none() {
                continue;
            }
            let step = match &line.words[0] {
                word if word.is("HYDRAULIC") => &mut hydraulic,
                word if word.is("RULE") => &mut rule,
                _ => continue,
            };
            let words: Vec<&str> = line.words.iter().map(|word| word.text).collect();
            *step = match words[..] {
                [.., value] if words.len() == 3 => time(value, ""),
                [.., value, unit] if words.len() == 4 => time(value, unit),
                _ => None,
            };
            if step.is_none_or(|step| step < Span::SECOND) {
                let help = "write hours (0.1) or a time (0:06), at least a second";
                self.add(&line.span(), "this is no time step", help);
            }
        }
        // EPANET's own defaults: an hour, and a tenth of it.
        let hydraulic = hydraulic.unwrap_or(Span::HOUR);
        let rule = rule.unwrap_or(Span::ms(hydraulic.as_ms() / 10)).min(hydraulic);
        self.network.rule_step = RuleStep(rule.max(Span::SECOND));
    }

    fn read_option(&mut self, name: &str, line: &Line<'a>) {
        let Some(value) = line.words.last().filter(|_| line.words.len() > 1).cloned() else {
            self.add(&line.span(), format!("{name} has no value"), "add one, or remove the line");
            return;
        };
        let second_is = |keyword| line.words[1].is(keyword);
        match name {
            "UNITS" => self.read_units(&value),
            "HEADLOSS" => {
                let known = Friction::CHOICES.map(|(word, _)| word);
                if let Some(place) = self.keyword("headloss", &value, &known) {
                    self.network.friction = Friction::CHOICES[place].1;
                }
            }
            "DEMAND" if second_is("MODEL") && (value.is("PDA") || value.is("DDA")) => {}
            "DEMAND" if second_is("MODEL") => {
                self.add(&value.span, "the demand model is not known", "write PDA");
            }
            "DEMAND" => {
                if let Some(factor) = self.positive(&value, "the demand multiplier") {
                    self.options.demand_multiplier = factor;
                }
            }
            "MINIMUM" => {
                if let Some(pressure) = self.not_negative(&value, "the minimum pressure") {
                    self.network.pressure_driven.minimum = Length::m(pressure);
                }
            }
            "REQUIRED" => {
                if let Some(pressure) = self.positive(&value, "the required pressure") {
                    self.network.pressure_driven.required = Length::m(pressure);
                }
            }
            "PRESSURE" if second_is("EXPONENT") => {
                if let Some(exponent) = self.positive(&value, "the pressure exponent") {
                    self.network.pressure_driven.exponent = exponent;
                }
            }
            "PRESSURE" if !value.is("METERS") => {
                self.add(&value.span, "pressure must be in metres", "write PRESSURE METERS");
            }
            "SPECIFIC" => self.check_gravity(&value),
            "VISCOSITY" => {
                let ratio = self.relative(&value, "the viscosity", 1e-3, WATER_M2_PER_S);
                self.network.liquid.viscosity = ratio.unwrap_or(1.0);
            }
            "DIFFUSIVITY" => {
                let ratio = self.relative(&value, "the diffusivity", 1e-4, CHLORINE_M2_PER_S);
                self.network.liquid.diffusivity = ratio.unwrap_or(1.0);
            }
            _ => {}
        }
    }

    /// As EPANET does, takes a small number for a value in m²/s, any other for a ratio to `usual`.
    fn relative(&mut self, value: &Word<'a>, name: &str, small: f64, usual: f64) -> Option<f64> {
        let value = self.positive(value, name)?;
        Some(if value > small { value } else { value / usual })
    }

    fn read_units(&mut self, value: &Word<'a>) {
        if let Some((_, size)) = UNITS.iter().find(|(name, _)| value.is(name)) {
            self.options.m3_per_s = *size;
            return;
        }
        let help = "write UNITS LPS (or CMH, CMD, LPM, MLD, CMS) and convert every value";
        if US_UNITS.iter().any(|name| value.is(name)) {
            self.add(&value.span, format!("{} is a US unit", value.text), help);
        } else {
            self.add(&value.span, format!("unit {:?} is not known", value.text), help);
        }
    }

    fn check_gravity(&mut self, value: &Word<'a>) {
        if self.positive(value, "the ratio").is_some_and(|ratio| ratio != 1.0) {
            self.add(&value.span, "a plant's water is water", "write 1.0");
        }
    }

    fn check_pressures(&mut self, lines: &[Line<'a>]) {
        let driven = self.network.pressure_driven;
        // EPANET refuses a smaller difference (0.1 in the unit of pressure).
        if driven.required.as_m() - driven.minimum.as_m() < 0.1 {
            let of = |line: &&Line<'a>| {
                line.words.first().is_some_and(|word| word.is("REQUIRED") || word.is("MINIMUM"))
            };
            let span = lines.iter().rev().find(of).map_or(0..0, Line::span);
            let text = "the required pressure must be at least 0.1 m above the minimum";
            self.add(&span, text, "write REQUIRED PRESSURE 10");
        }
    }

    fn read_reactions(&mut self) {
        const FIRST: [&str; 7] =
            ["ORDER", "GLOBAL", "LIMITING", "ROUGHNESS", "BULK", "WALL", "TANK"];
        for line in self.lines("REACTIONS") {
            let Some(first) = line.words.first() else { continue };
            let Some(place) = self.keyword("reaction", first, &FIRST) else { continue };
            if place >= 4 {
                let help = "write GLOBAL BULK and GLOBAL WALL: one water, one kind of wall";
                self.add(&line.span(), "a plant's decay is the same everywhere", help);
                continue;
            }
            if !self.has_columns(&line, 3, "keyword kind value") {
                continue;
            }
            let Some(value) = self.number(&line.words[2], "the value") else { continue };
            let is_wall = line.words[1].is("WALL");
            match place {
                0 if value != 1.0 => {
                    self.add(&line.words[2].span, "decay must be of first order", "write 1");
                }
                1 if value > 0.0 => {
                    let text = "chlorine decays: EPANET writes that as a negative rate";
                    self.add(&line.words[2].span, text, format!("write {}", -value));
                }
                1 if is_wall => self.network.reactions.wall_m_per_day = -value,
                1 => self.network.reactions.bulk_per_day = -value,
                2 | 3 if value != 0.0 => {
                    self.add(&line.words[2].span, "it is not used here", "write 0");
                }
                _ => {}
            }
        }
    }

    pub(super) fn read_curves_and_patterns(&mut self) {
        for line in self.lines("CURVES") {
            if !self.has_columns(&line, 3, "id x y") {
                continue;
            }
            let x = self.number(&line.words[1], "x");
            let y = self.number(&line.words[2], "y");
            let points: &mut Points = self.curves.entry(line.words[0].text).or_default();
            points.extend(x.zip(y));
        }
        for line in self.lines("PATTERNS") {
            for word in line.words.iter().skip(1) {
                self.number(word, "a multiplier");
            }
            self.patterns.insert(line.words[0].text);
        }
    }
}
