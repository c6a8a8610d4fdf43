//! Kinds that happen to the state of wear.

use super::super::names::Names;
use super::Part as Kinds;
use crate::base::problem::Table;
use crate::plant::ageing::{NEW, Part};
use crate::scenario::injection::{AssetEvent, InjectionKind};

pub const PART: Kinds = Kinds {
    kinds: &[("condition", condition), ("ageing", ageing), ("renewal", renewal)],
    keys: &["to", "age_years", "parts"],
};

fn condition(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let to = names.condition(table, &table.text("to")?)?;
    Some(InjectionKind::Assets(AssetEvent::Condition { to }))
}

fn ageing(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let years = table.number_in("age_years", 0.0..=100.0);
    can_age(table, names)?;
    let Some(new) = names.find_condition(NEW) else {
        let text = format!("the plant has no condition {NEW:?} to age from");
        table.add(table.span(), text);
        return None;
    };
    let years = years?.into_inner();
    Some(InjectionKind::Assets(AssetEvent::Ageing { new, years }))
}

fn renewal(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let named = table.texts("parts");
    can_age(table, names)?;
    let known = Part::CHOICES.map(|(name, _)| name);
    table.offer("parts", known.into_iter());
    let mut parts = Vec::new();
    for name in &named {
        match Part::CHOICES.iter().find(|(known, _)| known == name.get_ref()) {
            Some((_, part)) => parts.push(*part),
            None => table.unknown(name.span(), "part", name.get_ref(), &known),
        }
    }
    if named.is_empty() {
        parts = Part::CHOICES.map(|(_, part)| part).to_vec(); // the whole plant
    }
    (named.is_empty() || parts.len() == named.len())
        .then_some(InjectionKind::Assets(AssetEvent::Renewal { parts }))
}

fn can_age(table: &Table<'_>, names: &Names<'_>) -> Option<()> {
    if names.ages()? {
        return Some(());
    }
    let help = "describe it under [ageing] in plant.toml";
    table.add_with_help(table.span(), "the plant does not say how it ages", help);
    None
}
