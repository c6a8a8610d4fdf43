//! What an operator may order of a plant, as words: the same acts as the kinds of `[[inject]]` that
//! somebody does on purpose.
//!
//! An order becomes an injection that begins when it is carried out, so a run with orders can be
//! played again from its scenario and a list of them.

use std::fmt::Write as _;

use crate::base::Stamp;
use crate::base::ids::{InjectionId, OperatorId};
use crate::plant::Plant;
use crate::plant::network::{LinkIndex, LinkKind};
use crate::scenario::injection::{
    Injection, InjectionKind, NetworkEvent, PowerEvent, Switch, WorksEvent,
};

/// Something ordered by somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Who.
    pub by: OperatorId,
    /// What: one of `VERBS`.
    pub verb: String,
    /// Of what, or how much.
    pub args: Vec<String>,
}

/// An order that is not carried out, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotDone(pub String);

fn not_done<T>(text: impl Into<String>) -> Result<T, NotDone> {
    Err(NotDone(text.into()))
}

/// What an order wants: its word, what follows the word, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Verb {
    /// The word.
    pub name: &'static str,
    /// What follows it, for people; nothing when it is empty.
    pub wants: &'static str,
    /// Where a number follows, in mg/L: the most that it may be; the least is 0.
    pub most: Option<f64>,
    meaning: fn(&Plant, &str) -> Result<InjectionKind, NotDone>,
}

/// Every verb.
pub const VERBS: [Verb; 11] = [
    verb("start-pump", "PUMP", |plant, name| pump(plant, name, Switch::On)),
    verb("stop-pump", "PUMP", |plant, name| pump(plant, name, Switch::Off)),
    verb("pump-auto", "PUMP", |plant, name| pump(plant, name, Switch::Auto)),
    verb("close-valve", "PIPE|VALVE", |plant, name| valve(plant, name, false)),
    verb("open-valve", "PIPE|VALVE", |plant, name| valve(plant, name, true)),
    verb("cut-intake", "", |plant, _| Ok(turn(plant.train.production, false))),
    verb("resume-intake", "", |plant, _| Ok(turn(plant.train.production, true))),
    amount("set-dose", DOSE_MAX, |_, text| {
        let dose_mg_per_l = number(text, DOSE_MAX)?;
        Ok(InjectionKind::Works(WorksEvent::DosingSet { dose_mg_per_l }))
    }),
    amount("set-coagulant", COAGULANT_MAX, |_, text| {
        let dose_mg_per_l = number(text, COAGULANT_MAX)?;
        Ok(InjectionKind::Works(WorksEvent::CoagulantSet { dose_mg_per_l }))
    }),
    verb("reset-dosing", "", |_, _| Ok(InjectionKind::Power(PowerEvent::DosingReset))),
    verb("start-generator", "", |plant, _| match plant.own_power.generator {
        Some(_) => Ok(InjectionKind::Power(PowerEvent::GeneratorStart)),
        None => not_done("the plant has no generator"),
    }),
];

/// As in scenarios.
const DOSE_MAX: f64 = 20.0;
/// As in scenarios.
const COAGULANT_MAX: f64 = 200.0;

const fn verb(
    name: &'static str,
    wants: &'static str,
    meaning: fn(&Plant, &str) -> Result<InjectionKind, NotDone>,
) -> Verb {
    Verb { name, wants, most: None, meaning }
}

const fn amount(
    name: &'static str,
    most: f64,
    meaning: fn(&Plant, &str) -> Result<InjectionKind, NotDone>,
) -> Verb {
    Verb { name, wants: "MG_PER_L", most: Some(most), meaning }
}

/// The verb of this name.
pub fn verb_of(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

/// The verb of an order, if it can be given as far as that can be told without the plant. Errors,
/// in words: no such verb, too few or too many words behind it, a number out of its range.
pub fn check(verb: &str, args: &[String]) -> Result<&'static Verb, NotDone> {
    let Some(verb) = verb_of(verb) else {
        let names: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
        return not_done(format!("there is no {verb}: {}", names.join(", ")));
    };
    match (verb.wants, args) {
        ("", []) => Ok(verb),
        ("", _) => not_done(format!("nothing follows {}", verb.name)),
        (_, [one]) => verb.most.map_or(Ok(verb), |most| number(one, most).map(|_| verb)),
        (wants, _) => not_done(format!("{} wants one {wants}", verb.name)),
    }
}

impl Order {
    /// What it means at `plant`. Errors, in words: no such verb, no such place, no such number.
    pub fn meaning(&self, plant: &Plant) -> Result<InjectionKind, NotDone> {
        let verb = check(&self.verb, &self.args)?;
        (verb.meaning)(plant, self.args.first().map_or("", String::as_str))
    }
}

fn pump(plant: &Plant, name: &str, to: Switch) -> Result<InjectionKind, NotDone> {
    let pump = link(plant, "pump", name, |kind| matches!(kind, LinkKind::Pump { .. }))?;
    Ok(InjectionKind::Network(NetworkEvent::PumpSwitch { pump, to }))
}

fn valve(plant: &Plant, name: &str, open: bool) -> Result<InjectionKind, NotDone> {
    let is_one = |kind: &LinkKind| !matches!(kind, LinkKind::Pump { .. });
    Ok(turn(link(plant, "pipe or valve", name, is_one)?, open))
}

fn turn(link: LinkIndex, open: bool) -> InjectionKind {
    InjectionKind::Network(NetworkEvent::ValveTurn { link, open })
}

fn link(
    plant: &Plant,
    what: &str,
    name: &str,
    fits: impl Fn(&LinkKind) -> bool,
) -> Result<LinkIndex, NotDone> {
    let links = || plant.network.links.iter().enumerate().filter(|(_, link)| fits(&link.kind));
    if let Some((at, _)) = links().find(|(_, link)| link.id == name) {
        return Ok(LinkIndex(at));
    }
    let known: Vec<&str> = links().map(|(_, link)| link.id.as_str()).collect();
    let nearest = crate::base::problem::nearest(name, &known);
    let hint = nearest.map_or(String::new(), |nearest| format!("; did you mean {nearest}?"));
    not_done(format!("the plant has no {what} {name}{hint}"))
}

fn number(text: &str, most: f64) -> Result<f64, NotDone> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=most).contains(&number) => Ok(number),
        _ => not_done(format!("{text} is no number from 0 to {most} mg/L")),
    }
}

/// An order that was carried out, as the `[[inject]]` of a scenario that began at `start`: put
/// behind it, it plays again what happened.
pub fn as_inject(plant: &Plant, done: &Injection, order: &Order, start: Stamp) -> String {
    let minutes = (done.from - start).as_ms() as f64 / 60_000.0;
    let by = &order.by;
    let words = std::iter::once(&order.verb).chain(&order.args);
    let words: Vec<&str> = words.map(String::as_str).collect();
    let mut text = format!("\n[[inject]] # {by}: {}\n", words.join(" "));
    write!(text, "id = \"{}\"\nat_min = {minutes:?}\n", done.id).expect("a string");
    let id = |link: LinkIndex| plant.network.links[link.0].id.as_str();
    let target = |name: &str| format!("target = {name:?}\n");
    let dosing = plant.train.dosing.id.as_str();
    let (kind, keys) = match &done.kind {
        InjectionKind::Network(NetworkEvent::PumpSwitch { pump, to }) => {
            (to.kind(), target(id(*pump)))
        }
        InjectionKind::Network(NetworkEvent::ValveTurn { link, open }) => {
            (if *open { "valve-open" } else { "valve-close" }, target(id(*link)))
        }
        InjectionKind::Works(WorksEvent::DosingSet { dose_mg_per_l }) => {
            ("dosing-set", format!("{}dose_mg_per_l = {dose_mg_per_l:?}\n", target(dosing)))
        }
        InjectionKind::Works(WorksEvent::CoagulantSet { dose_mg_per_l }) => {
            ("coagulant-set", format!("dose_mg_per_l = {dose_mg_per_l:?}\n"))
        }
        InjectionKind::Power(PowerEvent::DosingReset) => ("dosing-reset", target(dosing)),
        _ => ("generator-start", String::new()), // the only other that an order can mean
    };
    write!(text, "kind = \"{kind}\"\n{keys}").expect("a string");
    text
}

/// The name of the `n`th order of a run, counted from 1.
pub fn id(n: usize) -> InjectionId {
    InjectionId::new(&format!("order-{n}")).expect("letters and digits are an id")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Span;
    use crate::base::problem::Source;
    use crate::plant::power::Generator;
    use crate::plant::sample;
    use crate::scenario::load;

    const SCENARIO: &str = r#"
title = { en = "A", zh = "甲" }
plant = "small"
start = 2024-12-05T08:00:00+08:00
duration_h = 24
seed = 1
"#;

    fn plant() -> Plant {
        let mut plant = sample::plant();
        let generator = Generator { start: Span::MINUTE, fuel: Span::HOUR };
        plant.own_power.generator = Some(generator);
        plant
    }

    fn order(words: &str) -> Order {
        let mut words = words.split(' ').map(str::to_owned);
        let by = OperatorId::new("li").expect("an id");
        Order { by, verb: words.next().expect("a verb"), args: words.collect() }
    }

    #[test]
    fn every_order_that_was_carried_out_can_be_put_behind_a_scenario() {
        let plant = Arc::new(plant());
        let (start, _) = Stamp::parse("2024-12-05T08:00:00+08:00").expect("a time");
        let mut text = SCENARIO.to_owned();
        let mut wanted = Vec::new();
        let orders = [
            "start-pump P-1",
            "stop-pump P-1",
            "pump-auto P-1",
            "close-valve L-IN",
            "open-valve L-IN",
            "cut-intake",
            "resume-intake",
            "set-dose 1.25",
            "set-coagulant 30",
            "reset-dosing",
            "start-generator",
        ];
        for (verb, words) in VERBS.iter().zip(orders) {
            let order = order(words);
            assert_eq!(order.verb, verb.name, "every verb has its turn");
            let (n, kind) = (wanted.len() + 1, order.meaning(&plant).expect("it can be done"));
            let from = start + Span::seconds(90 * n as i64);
            let done = Injection { id: id(n), from, until: None, kind };
            text.push_str(&as_inject(&plant, &done, &order, start));
            wanted.push(done);
        }
        let scenario = load(&Source::new("again.toml", text), &[plant]).expect("no mistake");
        assert_eq!(scenario.injections, wanted);
    }

    #[test]
    fn what_cannot_be_done_is_said_with_the_way_out() {
        let plant = sample::plant();
        for (words, why) in [
            ("start-pump P-11", "the plant has no pump P-11; did you mean P-1?"),
            ("close-valve P-1", "the plant has no pipe or valve P-1"),
            ("start-pump", "start-pump wants one PUMP"),
            ("start-pump P-1 P-1", "start-pump wants one PUMP"),
            ("cut-intake now", "nothing follows cut-intake"),
            ("set-dose much", "much is no number from 0 to 20 mg/L"),
            ("set-dose 21", "21 is no number from 0 to 20 mg/L"),
            ("set-dose NaN", "NaN is no number from 0 to 20 mg/L"),
            ("set-dose -1", "-1 is no number from 0 to 20 mg/L"),
            ("set-coagulant 1e308", "1e308 is no number from 0 to 200 mg/L"),
            ("start-generator", "the plant has no generator"),
            ("explode", "there is no explode: start-pump, stop-pump,"),
        ] {
            let order = order(words);
            let said = order.meaning(&plant).expect_err(words).0;
            assert!(said.starts_with(why), "{words}: {said}");
            // What needs no plant to be told is told before there is one.
            let of_plant = why.starts_with("the plant has no");
            assert_eq!(check(&order.verb, &order.args).is_ok(), of_plant, "{words}");
        }
    }
}
