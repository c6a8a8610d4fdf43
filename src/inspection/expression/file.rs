//! The keys of an expression rule: inputs, conditions, step.

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
    let (inputs, when) = (inputs?, when?);
    let mut checker = Checker::new(table, &inputs, every);
    let (holds, clears) =
        (checker.condition(&when), clear.as_ref().map(|it| checker.condition(it)));
    let terms = std::mem::take(&mut checker.terms);
    let (holds, clears) = (holds?, clears.map_or(Some(None), |it| it.map(Some))?);
    let unused = inputs.iter().enumerate().find(|(i, _)| terms.iter().all(|it| it.input != *i));
    if let Some((_, input)) = unused {
        let text = format!("no condition looks at the input {:?}", input.name);
        table.add_with_help(when.span(), text, "use it, or leave it out");
        return None;
    }
    if let Some(clear) = clear.filter(|_| clears.as_ref() == Some(&holds)) {
        let text = "what raises the alarm cannot clear it";
        table.add_with_help(
            clear.span(),
            text,
            "leave `clear` out: it clears when `when` is false",
        );
        return None;
    }
    let text = when.into_inner().split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Expression { inputs, terms, when: holds, clear: clears, text, every })
}

fn read_inputs(table: &Table<'_>, plants: &Selector) -> Option<Vec<Input>> {
    let named = table.table("inputs")?;
    let mut inputs = Vec::new();
    let mut sound = true;
    let mut each: Option<String> = None;
    for key in named.keys().collect::<Vec<_>>() {
        let input = named.table(key.get_ref()).and_then(|it| read_input(&it, &key, plants));
        let Some(input) = input else {
            sound = false;
            continue;
        };
        if input.arity == Arity::Each
            && let Some(first) = each.replace(input.name.clone())
        {
            let text = format!("{first:?} is judged one by one already");
            named.add_with_help(key.span(), text, "one input of a rule has each = true");
            sound = false;
        }
        inputs.push(input);
    }
    let mut same = inputs.iter().filter(|it| it.villages == Villages::Same);
    if let Some(alone) = same.find(|it| each.is_none() || it.arity == Arity::Each) {
        let text = format!("{:?} asks for the same village, but of which instrument?", alone.name);
        named.add_with_help(named.span(), text, "give another input each = true");
        sound = false;
    }
    if inputs.is_empty() && sound {
        named.add(named.span(), "there is no input");
        sound = false;
    }
    sound.then_some(inputs)
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
    let quantity = table.choice("quantity", &quantities).map(Spanned::into_inner);
    let point = table.opt_choice("point", &SamplingPoint::CHOICES).map(Spanned::into_inner);
    let tag = table.opt_parse("tag", Pattern::new).map(Spanned::into_inner);
    let (every, each) = (table.opt_bool("every"), table.opt_bool("each"));
    let villages = table.opt_choice("village", &VILLAGES).map(Spanned::into_inner);
    let villages = villages.unwrap_or(Villages::Any);
    let is = |flag: &Option<Spanned<bool>>| flag.as_ref().is_some_and(|it| *it.get_ref());
    let arity = match (is(&every), is(&each)) {
        (true, true) => {
            table.add(table.span(), "an input is taken as a set or one by one, not both");
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
