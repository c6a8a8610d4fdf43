//! The keys of an expression rule: inputs, conditions, step.

use std::ops::Range;

use crate::base::Span;
use crate::base::problem::{Spanned, Table};
use crate::base::units::Quantity;
use crate::inspection::expression::check::Checker;
use crate::inspection::expression::tree::Figure;
use crate::inspection::expression::{Arity, Expression, Input, Villages};
use crate::inspection::select::{Pattern, Selector};
use crate::plant::tags::SamplingPoint;

/// When a rule says nothing else it is judged this often `[D]`.
const EVERY: Span = Span::minutes(5);

const VILLAGES: [(&str, Villages); 3] =
    [("any", Villages::Any), ("some", Villages::Some), ("same", Villages::Same)];

/// Reads `[rule.inputs]`, `when`, `clear` and `every_min`; `plants` says which plants are meant.
pub fn read(table: &Table<'_>, plants: &Selector) -> Option<Expression> {
    let every = table.opt_integer_in("every_min", 1..=60).map(Spanned::into_inner);
    let every = every.map_or(EVERY, Span::minutes);
    let inputs = read_inputs(table, plants);
    let (when, clear) = (table.text("when"), table.opt_text("clear"));
    let Inputs { read: inputs, spans, lost, is_sound } = inputs?;
    let mut checker = Checker::new(table, (&inputs, &lost), every);
    let holds = when.as_ref().and_then(|it| checker.condition(it));
    let clears = clear.as_ref().map(|it| checker.condition(it));
    let terms = std::mem::take(&mut checker.terms);
    let before = table.mistakes();
    let is_whole = holds.is_some() && clears.as_ref().is_none_or(Option::is_some);
    let is_used = |at: usize| terms.iter().any(|it| it.input == at);
    for (at, span) in spans.into_iter().enumerate().filter(|(at, _)| is_whole && !is_used(*at)) {
        let text = format!("no condition looks at the input {:?}", inputs[at].name);
        table.add_with_help(span, text, "use it, or leave it out");
    }
    if let Some(clear) = clear.filter(|_| holds.is_some() && clears.as_ref() == Some(&holds)) {
        let text = "what raises the alarm cannot clear it";
        let help = "leave `clear` out: it clears when `when` is false";
        table.add_with_help(clear.span(), text, help);
    }
    if table.mistakes() > before || !is_sound {
        return None;
    }
    let (holds, clears) = (holds?, clears.map_or(Some(None), |it| it.map(Some))?);
    let text = when?.into_inner().split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Expression { inputs, terms, when: holds, clear: clears, text, every })
}

/// The inputs of a rule.
#[derive(Default)]
struct Inputs {
    read: Vec<Input>,
    /// Where their names stand.
    spans: Vec<Range<usize>>,
    /// The names of those that cannot be read.
    lost: Vec<String>,
    is_sound: bool,
}

fn read_inputs(table: &Table<'_>, plants: &Selector) -> Option<Inputs> {
    let named = table.table("inputs")?;
    let mut inputs = Inputs { is_sound: true, ..Inputs::default() };
    let mut each: Option<String> = None;
    for key in named.keys().collect::<Vec<_>>() {
        let input = named.table(key.get_ref()).and_then(|it| read_input(&it, &key, plants));
        let Some(input) = input else {
            inputs.is_sound = false;
            inputs.lost.push((*key.get_ref()).to_owned());
            continue;
        };
        if input.arity == Arity::Each
            && let Some(first) = each.replace(input.name.clone())
        {
            let text = format!("{first:?} is judged one by one already");
            named.add_with_help(key.span(), text, "one input of a rule has each = true");
            inputs.is_sound = false;
        }
        inputs.read.push(input);
        inputs.spans.push(key.span());
    }
    let mut same = inputs.read.iter().filter(|it| it.villages == Villages::Same);
    // One that is judged one by one may be among those that cannot be read.
    let has_each = each.is_some() || !inputs.lost.is_empty();
    if let Some(alone) = same.find(|it| !has_each || it.arity == Arity::Each) {
        let text = format!("{:?} asks for the same village, but of which instrument?", alone.name);
        let span = named.place_of(&alone.name);
        named.add_with_help(span, text, "give another input each = true");
        inputs.is_sound = false;
    }
    if inputs.read.is_empty() && inputs.lost.is_empty() {
        named.add(named.span(), "there is no input");
        inputs.is_sound = false;
    }
    Some(inputs)
}

fn read_input(table: &Table<'_>, name: &Spanned<&str>, plants: &Selector) -> Option<Input> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_name = name.get_ref().chars().all(plain)
        && name.get_ref().starts_with(|c: char| c.is_ascii_lowercase());
    if !is_name {
        let text = format!("{:?} is no name for an input", name.get_ref());
        table.add_with_help(name.span(), text, "use a to z, 0 to 9 and _, a letter first");
    }
    if Figure::NAMES.iter().any(|it| it.0 == *name.get_ref()) {
        let text = format!("{:?} is a figure of the plant already", name.get_ref());
        table.add_with_help(name.span(), text, "choose another name");
        return None;
    }
    let quantities = Quantity::ALL.map(|quantity| (quantity.name(), quantity));
    let quantity = table.meant("quantity", &quantities).map(Spanned::into_inner);
    let point = table.opt_choice("point", &SamplingPoint::CHOICES).map(Spanned::into_inner);
    let tag = table.opt_parse("tag", Pattern::new).map(Spanned::into_inner);
    let (every, each) = (table.opt_bool("every"), table.opt_bool("each"));
    let villages = table.opt_choice("village", &VILLAGES).map(Spanned::into_inner);
    let villages = villages.unwrap_or(Villages::Any);
    let is = |flag: &Option<Spanned<bool>>| flag.as_ref().is_some_and(|it| *it.get_ref());
    let arity = match (is(&every), is(&each)) {
        (true, true) => {
            table.add(table.place_of("each"), "an input is taken as a set or one by one, not both");
            return None;
        }
        (true, false) => Arity::Every,
        (false, true) => Arity::Each,
        (false, false) => Arity::One,
    };
    let select = Selector { quantity: Some(quantity?), point, tag, ..plants.clone() };
    let name = (*name.get_ref()).to_owned();
    is_name.then_some(Input { name, select, arity, villages })
}
