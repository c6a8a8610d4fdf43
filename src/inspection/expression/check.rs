//! From the text of an expression to a checked tree: names, types, units, windows.
//!
//! CEL leaves types to the moment of evaluation; a rule is not the place to find out then. Every
//! mistake is told at its place in the file.

use std::ops::Range;

use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, Expr, LiteralValue, SourceInfo};
use cel::parser::{Expression as Node, Parser};

use crate::base::Span;
use crate::base::problem::{Spanned, Table, nearest};
use crate::inspection::expression::tree::{Calc, Cond, Figure, Look, Num, Order, Over, Term};
use crate::inspection::expression::unit::{Dimension, FUNCTIONS};
use crate::inspection::expression::{Arity, Input};

/// Most characters of operators in an expression, and most brackets open at once: parser and
/// checker go as deep into the stack as it has operators or is nested.
const OPERATORS_MAX: usize = 200;
const NESTING_MAX: usize = 16;

/// A window is at most this many steps long: memory is bounded by it.
const STEPS_MAX: i64 = 400;

/// Functions besides those that write a unit.
const OTHERS: [&str; 8] = ["last", "mean", "min", "max", "change", "sum", "abs", "duration"];

const ORDERS: [(&str, Order); 4] = [
    (op::LESS, Order::Less),
    (op::LESS_EQUALS, Order::AtMost),
    (op::GREATER, Order::More),
    (op::GREATER_EQUALS, Order::AtLeast),
];

const CALCS: [(&str, Calc); 4] = [
    (op::ADD, Calc::Add),
    (op::SUBSTRACT, Calc::Sub),
    (op::MULTIPLY, Calc::Mul),
    (op::DIVIDE, Calc::Div),
];

/// Checks the conditions of one rule; both share their terms.
pub struct Checker<'a, 't> {
    table: &'a Table<'t>,
    inputs: &'a [Input],
    /// Names of inputs that cannot be read: what hangs on them cannot be told.
    lost: &'a [String],
    dimensions: Vec<Dimension>,
    every: Span,
    /// What the conditions look at so far.
    pub terms: Vec<Term>,
}

/// What a part of an expression is.
enum Part {
    Num(Num, Dimension),
    Cond(Cond),
    Time(Span),
    Input(usize),
    /// A term over every instrument of an input: a set of values.
    Set(Term),
}

impl Part {
    fn kind(&self) -> &'static str {
        match self {
            Self::Num(..) => "a number",
            Self::Cond(_) => "a condition",
            Self::Time(_) => "a time",
            Self::Input(_) => "an instrument",
            Self::Set(_) => "a set of numbers",
        }
    }
}

/// One condition as written, and where it stands in its file.
struct Written<'w, 't> {
    table: &'w Table<'t>,
    text: &'w Spanned<String>,
    info: SourceInfo,
}

impl<'w, 't> Written<'w, 't> {
    fn new(table: &'w Table<'t>, text: &'w Spanned<String>) -> Self {
        Self { table, text, info: SourceInfo::default() }
    }

    fn part(&self, from: usize, to: usize) -> Range<usize> {
        let text = self.text.get_ref();
        if !text.is_ascii() {
            return self.text.span(); // the parser's places are none of bytes
        }
        self.table.within(self.text, from..to.max(from + 1).min(text.len()))
    }

    /// Where a node stands; of a call its name too.
    fn span(&self, node: &Node) -> Range<usize> {
        let Some((from, to)) = self.info.offset_for(node.id) else { return self.text.span() };
        let (from, to) = (from as usize, to as usize + 1);
        let before = self.text.get_ref().get(..from).unwrap_or_default();
        match &node.expr {
            Expr::Call(call) if before.ends_with(&call.func_name) => {
                self.part(from - call.func_name.len(), from)
            }
            _ => self.part(from, to),
        }
    }
}

impl<'a, 't> Checker<'a, 't> {
    /// A checker for a rule with these inputs, judged every so often. `lost`: further ones, that
    /// cannot be read.
    pub fn new(
        table: &'a Table<'t>,
        (inputs, lost): (&'a [Input], &'a [String]),
        every: Span,
    ) -> Self {
        let dimension = |input: &Input| {
            input.select.quantity.map_or(Dimension::NONE, |it| Dimension::of(it.measured_in()))
        };
        let dimensions = inputs.iter().map(dimension).collect();
        Self { table, inputs, lost, dimensions, every, terms: Vec::new() }
    }

    /// The condition that `text` says; none when it has a mistake, which is told.
    pub fn condition(&mut self, text: &Spanned<String>) -> Option<Cond> {
        let mut place = Written::new(self.table, text);
        let (operators, nesting) = size(text.get_ref());
        if operators > OPERATORS_MAX || nesting > NESTING_MAX {
            let what = format!(
                "an expression has at most {OPERATORS_MAX} characters of operators, and brackets \
                 in at most {NESTING_MAX} others"
            );
            self.table.add_with_help(place.part(0, 1), what, "say it in several rules");
            return None;
        }
        let node = match Parser::new().parse_with_source_info(text.get_ref()) {
            Ok((node, info)) => {
                place.info = info;
                node
            }
            Err(mistakes) => {
                for mistake in mistakes.errors {
                    let (line, column) = mistake.pos;
                    let lines = text.get_ref().split_inclusive('\n');
                    let before: usize = lines.take((line - 1).max(0) as usize).map(str::len).sum();
                    let at = (before + (column - 1).max(0) as usize).min(text.get_ref().len());
                    // The crate lists every token there could be; the place says enough.
                    let what = mistake.msg.split(" expecting").next().unwrap_or_default();
                    let what = what.trim_start_matches("Syntax error: ");
                    self.table.add(place.part(at, at + 1), format!("no CEL: {what}"));
                }
                return None;
            }
        };
        match self.part(&node, &place)? {
            Part::Cond(cond) => Some(cond),
            other => {
                let text = format!("this is {}, not a condition", other.kind());
                self.add(&node, &place, text, "compare it: `… > …`");
                None
            }
        }
    }

    fn add(
        &self,
        node: &Node,
        place: &Written<'_, '_>,
        text: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.table.add_with_help(place.span(node), text, help);
    }

    fn part(&mut self, node: &Node, place: &Written<'_, '_>) -> Option<Part> {
        match &node.expr {
            Expr::Literal(LiteralValue::Boolean(it)) => {
                Some(Part::Cond(Cond::Constant(*it.inner())))
            }
            Expr::Literal(LiteralValue::Double(it)) => {
                Some(Part::Num(Num::Constant(*it.inner()), Dimension::NONE))
            }
            Expr::Literal(LiteralValue::Int(it)) => {
                Some(Part::Num(Num::Constant(*it.inner() as f64), Dimension::NONE))
            }
            Expr::Ident(name) => self.input(name, node, place),
            Expr::Call(call) if call.target.is_none() => self.call(call, node, place),
            _ => {
                let help = "use numbers, inputs, functions, comparisons, `&&`, `||`, `!` and `? :`";
                self.add(node, place, "rules have no such part of CEL", help);
                None
            }
        }
    }

    fn input(&self, name: &str, node: &Node, place: &Written<'_, '_>) -> Option<Part> {
        if let Some(at) = self.inputs.iter().position(|input| input.name == name) {
            return Some(Part::Input(at));
        }
        if let Some((_, figure)) = Figure::NAMES.iter().find(|it| it.0 == name) {
            return Some(Part::Num(Num::Plant(*figure), Dimension::of_figure(*figure)));
        }
        let lost: Vec<&str> = self.lost.iter().map(String::as_str).collect();
        if nearest(name, &lost).is_some() {
            return None; // its own mistake is told
        }
        let inputs = self.inputs.iter().map(|input| input.name.as_str());
        let known: Vec<&str> = inputs.chain(Figure::NAMES.iter().map(|it| it.0)).collect();
        self.table.unknown(place.span(node), "input", name, &known);
        None
    }

    fn call(&mut self, call: &CallExpr, node: &Node, place: &Written<'_, '_>) -> Option<Part> {
        let (name, args) = (call.func_name.as_str(), call.args.as_slice());
        match (name, args) {
            (op::LOGICAL_AND | op::LOGICAL_OR, [one, other]) => {
                let (one, other) = (self.cond(one, place), self.cond(other, place));
                let (one, other) = (Box::new(one?), Box::new(other?));
                let is_and = name == op::LOGICAL_AND;
                let cond = if is_and { Cond::And(one, other) } else { Cond::Or(one, other) };
                Some(Part::Cond(cond))
            }
            (op::LOGICAL_NOT, [arg]) => {
                Some(Part::Cond(Cond::Not(Box::new(self.cond(arg, place)?))))
            }
            (op::NEGATE, [arg]) => {
                let (num, dimension) = self.num(arg, place)?;
                Some(Part::Num(Num::Neg(Box::new(num)), dimension))
            }
            (op::CONDITIONAL, [cond, yes, no]) => {
                let cond = self.cond(cond, place);
                let (yes, no, dimension) = self.alike(yes, no, node, place)?;
                let num = Num::If(Box::new(cond?), Box::new(yes), Box::new(no));
                Some(Part::Num(num, dimension))
            }
            (op::EQUALS | op::NOT_EQUALS, _) => {
                let text = "readings are never exactly equal";
                self.add(node, place, text, "use `<`, `<=`, `>` or `>=`");
                None
            }
            (_, [one, other]) if let Some((_, order)) = ORDERS.iter().find(|it| it.0 == name) => {
                let (one, other, _) = self.alike(one, other, node, place)?;
                Some(Part::Cond(Cond::Compare(*order, one, other)))
            }
            (_, [one, other]) if let Some((_, calc)) = CALCS.iter().find(|it| it.0 == name) => {
                self.calc(*calc, (one, other), node, place)
            }
            ("abs", [arg]) => {
                let (num, dimension) = self.num(arg, place)?;
                Some(Part::Num(Num::Abs(Box::new(num)), dimension))
            }
            ("duration", [arg]) => self.duration(arg, place),
            _ if let Some(unit) = FUNCTIONS.iter().find(|it| it.0 == name) => {
                self.unit(unit, args, node, place)
            }
            (_, [set]) if let Some((_, over)) = Over::NAMES.iter().find(|it| it.0 == name) => {
                self.over(*over, set, node, place)
            }
            _ if let Some((_, look)) = Look::NAMES.iter().find(|it| it.0 == name) => {
                self.look(*look, args, node, place)
            }
            _ if OTHERS.contains(&name) => {
                let text = format!("`{name}` takes another number of arguments");
                self.add(node, place, text, usage(name));
                None
            }
            _ => {
                let known: Vec<&str> =
                    OTHERS.into_iter().chain(FUNCTIONS.iter().map(|it| it.0)).collect();
                let near = nearest(name, &known).map(|name| format!("did you mean {name:?}?"));
                let help = near.unwrap_or_else(|| format!("known: {}", known.join(", ")));
                self.add(node, place, format!("function {name:?} is not known"), help);
                None
            }
        }
    }

    fn cond(&mut self, node: &Node, place: &Written<'_, '_>) -> Option<Cond> {
        match self.part(node, place)? {
            Part::Cond(cond) => Some(cond),
            other => {
                let text = format!("this is {}, not a condition", other.kind());
                self.add(node, place, text, "compare it: `… > …`");
                None
            }
        }
    }

    fn num(&mut self, node: &Node, place: &Written<'_, '_>) -> Option<(Num, Dimension)> {
        let part = self.part(node, place)?;
        let kind = part.kind();
        let help = match part {
            Part::Num(num, dimension) => return Some((num, dimension)),
            Part::Time(span) => return Some((Num::Constant(span.as_hours()), Dimension::TIME)),
            Part::Input(at) => {
                let name = self.inputs.get(at).map_or("", |input| input.name.as_str());
                format!(
                    "say what of its readings: `last({name})`, `mean({name}, duration(\"1h\"))`"
                )
            }
            Part::Set(_) => "make one number of it: `sum(…)`, `min(…)` or `max(…)`".to_owned(),
            Part::Cond(_) => "use `… ? … : …` to choose between numbers".to_owned(),
        };
        self.add(node, place, format!("this is {kind}, not a number"), help);
        None
    }

    /// Two numbers of one unit.
    fn alike(
        &mut self,
        one: &Node,
        other: &Node,
        node: &Node,
        place: &Written<'_, '_>,
    ) -> Option<(Num, Num, Dimension)> {
        let (left, right) = (self.num(one, place), self.num(other, place));
        let ((left, one), (right, other)) = (left?, right?);
        if one == other {
            return Some((left, right, one));
        }
        let known = if one == Dimension::NONE { other } else { one };
        let help = match known.function() {
            Some(name) if one == Dimension::NONE || other == Dimension::NONE => {
                format!("a number in {known} is written `{name}(…)`")
            }
            _ => "both sides need one unit".to_owned(),
        };
        self.add(node, place, format!("{one} and {other} cannot stand side by side"), help);
        None
    }

    fn calc(
        &mut self,
        calc: Calc,
        (one, other): (&Node, &Node),
        node: &Node,
        place: &Written<'_, '_>,
    ) -> Option<Part> {
        let two = |one, other| Num::Two(calc, Box::new(one), Box::new(other));
        if matches!(calc, Calc::Add | Calc::Sub) {
            let (one, other, dimension) = self.alike(one, other, node, place)?;
            return Some(Part::Num(two(one, other), dimension));
        }
        let (left, right) = (self.num(one, place), self.num(other, place));
        let ((left, one), (right, other)) = (left?, right?);
        let sign = if calc == Calc::Mul { 1 } else { -1 };
        Some(Part::Num(two(left, right), one.times(other, sign)))
    }

    fn duration(&self, arg: &Node, place: &Written<'_, '_>) -> Option<Part> {
        let span = match &arg.expr {
            Expr::Literal(LiteralValue::String(text)) => parse_duration(text.inner()),
            _ => None,
        };
        if span.is_none() {
            let help = "write `duration(\"24h\")`, `duration(\"10m\")` or `duration(\"1h30m\")`";
            self.add(arg, place, "this is no duration", help);
        }
        span.map(Part::Time)
    }

    fn unit(
        &self,
        (name, dimension, factor): &(&'static str, Dimension, f64),
        args: &[Node],
        node: &Node,
        place: &Written<'_, '_>,
    ) -> Option<Part> {
        let number = match args {
            [Node { expr: Expr::Literal(literal), .. }] => literal_number(literal),
            [Node { expr: Expr::Call(call), .. }] if call.func_name == op::NEGATE => {
                match call.args.as_slice() {
                    [Node { expr: Expr::Literal(it), .. }] => literal_number(it).map(|it| -it),
                    _ => None,
                }
            }
            _ => None,
        };
        if number.is_none() {
            let text = format!("`{name}` gives a unit to a number");
            self.add(node, place, text, format!("write `{name}(1.5)`"));
        }
        number.map(|number| Part::Num(Num::Constant(number * factor), *dimension))
    }

    fn over(
        &mut self,
        over: Over,
        set: &Node,
        node: &Node,
        place: &Written<'_, '_>,
    ) -> Option<Part> {
        let part = self.part(set, place)?;
        let Part::Set(mut term) = part else {
            let name = node_name(node);
            let text = format!("`{name}` of {}: it takes a set of numbers", part.kind());
            self.add(node, place, text, usage(name));
            return None;
        };
        term.text = format!("{}({})", node_name(node), term.text);
        term.over = Some(over);
        Some(self.term(term))
    }

    fn look(
        &mut self,
        look: Look,
        args: &[Node],
        node: &Node,
        place: &Written<'_, '_>,
    ) -> Option<Part> {
        let name = node_name(node);
        let (input, window) = match (look, args) {
            (Look::Last, [input]) => (input, None),
            (Look::Last, _) | (_, [] | [_] | [_, _, _, ..]) => {
                let text = format!("`{name}` takes another number of arguments");
                self.add(node, place, text, usage(name));
                return None;
            }
            (_, [input, window]) => (input, Some(window)),
        };
        let at = match self.part(input, place)? {
            Part::Input(at) => at,
            other => {
                let text = format!("`{name}` of {}: it takes an input", other.kind());
                self.add(input, place, text, usage(name));
                return None;
            }
        };
        let window = match window {
            None => Span::ZERO,
            Some(window) => self.window(window, place)?,
        };
        let input = self.inputs.get(at)?;
        let text = match look {
            Look::Last => format!("{name}({})", input.name),
            _ => format!("{name}({}, {window})", input.name),
        };
        let dimension = self.dimensions.get(at).copied()?;
        let term = Term { input: at, look, window, over: None, dimension, text };
        Some(if input.arity == Arity::Every { Part::Set(term) } else { self.term(term) })
    }

    fn window(&mut self, node: &Node, place: &Written<'_, '_>) -> Option<Span> {
        let span = match self.part(node, place)? {
            Part::Time(span) => span,
            other => {
                let help = "write `duration(\"1h\")`";
                self.add(node, place, format!("a window is a time, not {}", other.kind()), help);
                return None;
            }
        };
        let every = self.every;
        let steps = span.as_ms() / every.as_ms().max(1);
        if steps < 1 || span.as_ms() % every.as_ms().max(1) != 0 {
            let text = format!("a window of {span} is no multiple of the rule's step, {every}");
            self.add(node, place, text, "change it, or `every_min`");
            return None;
        }
        if steps > STEPS_MAX {
            let text = format!("a window of {span} is longer than {STEPS_MAX} steps of {every}");
            self.add(node, place, text, "make `every_min` longer");
            return None;
        }
        Some(span)
    }

    /// The same look is remembered once.
    fn term(&mut self, term: Term) -> Part {
        let dimension = term.dimension;
        let at = self.terms.iter().position(|known| *known == term).unwrap_or_else(|| {
            self.terms.push(term);
            self.terms.len() - 1
        });
        Part::Num(Num::Term(at), dimension)
    }
}

fn node_name(node: &Node) -> &str {
    match &node.expr {
        Expr::Call(call) => &call.func_name,
        _ => "",
    }
}

fn literal_number(literal: &LiteralValue) -> Option<f64> {
    match literal {
        LiteralValue::Double(it) => Some(*it.inner()),
        LiteralValue::Int(it) => Some(*it.inner() as f64),
        _ => None,
    }
}

fn usage(name: &str) -> String {
    match name {
        "last" => "write `last(input)`".to_owned(),
        "sum" => "write `sum(mean(input, duration(\"1h\")))`, of an input with every = true".into(),
        "abs" => "write `abs(number)`".to_owned(),
        "duration" => "write `duration(\"1h\")`".to_owned(),
        name => format!("write `{name}(input, duration(\"1h\"))`"),
    }
}

/// How many characters of operators an expression has, and most brackets that are open at once.
fn size(text: &str) -> (usize, usize) {
    let (mut operators, mut open, mut nesting) = (0, 0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            b'+' | b'-' | b'*' | b'/' | b'%' | b'!' | b'?' | b'&' | b'|' | b'<' | b'>' | b'='
            | b'.' => operators += 1,
            _ => {}
        }
        nesting = nesting.max(open);
    }
    (operators, nesting)
}

/// As CEL writes durations, in hours, minutes and seconds: `1h30m`.
fn parse_duration(text: &str) -> Option<Span> {
    let mut rest = text;
    let mut whole = Span::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest.get(..digits)?.parse().ok().filter(|it| *it <= 1_000_000)?;
        let unit = match rest.as_bytes().get(digits)? {
            b'h' => Span::HOUR,
            b'm' => Span::MINUTE,
            b's' => Span::SECOND,
            _ => return None,
        };
        whole = whole + unit * number;
        rest = rest.get(digits + 1..)?;
    }
    (whole > Span::ZERO).then_some(whole)
}
