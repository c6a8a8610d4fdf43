//! Texts of rules with places for what an alarm knows: `{value} {unit} at {tag}`.

use std::ops::Range;

use crate::base::Text;
use crate::base::problem::{Spanned, Table, nearest};
use crate::base::text::Lang;

/// What may stand in braces.
pub const PLACEHOLDERS: [&str; 7] = ["value", "limit", "unit", "tag", "plant", "village", "since"];

/// What an alarm knows; what it does not know shows as `–`.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The value judged.
    pub value: Option<f64>,
    /// The limit it was held against.
    pub limit: Option<f64>,
    /// Their unit.
    pub unit: &'static str,
    /// The instrument or the sampling site.
    pub tag: Option<String>,
    /// The plant's name.
    pub plant: Text,
    /// The village's name.
    pub village: Option<Text>,
    /// Since when the condition holds, local time.
    pub since: Option<String>,
}

/// Is there a place for anything in it?
pub fn is_template(text: &str) -> bool {
    text.contains(['{', '}'])
}

/// The text in both languages, with every place filled.
pub fn fill(text: &Text, facts: &Facts) -> Text {
    Text { en: fill_in(&text.en, facts, Lang::En), zh: fill_in(&text.zh, facts, Lang::Zh) }
}

/// `text` with every place filled; `{{` and `}}` are braces.
pub fn fill_in(text: &str, facts: &Facts, lang: Lang) -> String {
    let mut filled = String::new();
    for part in parts(text) {
        match part {
            Part::Plain(text) => filled.push_str(text),
            Part::Place(_, name) => {
                let word = facts.word(name, lang);
                filled.push_str(word.as_deref().unwrap_or("–"));
            }
            Part::Broken(_) => {}
        }
    }
    filled
}

impl Facts {
    fn word(&self, name: &str, lang: Lang) -> Option<String> {
        match name {
            "value" => self.value.map(number),
            "limit" => self.limit.map(number),
            "unit" => Some(self.unit.to_owned()),
            "tag" => self.tag.clone(),
            "plant" => Some(self.plant.get(lang).to_owned()),
            "village" => self.village.as_ref().map(|it| it.get(lang).to_owned()),
            "since" => self.since.clone(),
            _ => None,
        }
    }
}

/// As a person reads it: the decimals that matter.
fn number(value: f64) -> String {
    match value {
        _ if value == value.trunc() => format!("{value:.0}"),
        _ if value.abs() >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A piece of a template.
enum Part<'t> {
    Plain(&'t str),
    /// A place for something: where it stands, its name.
    Place(Range<usize>, &'t str),
    /// A brace without its other one.
    Broken(Range<usize>),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find(['{', '}']) {
        let at = from + found;
        parts.push(Part::Plain(&text[from..at]));
        let rest = &text[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            parts.push(Part::Plain(&rest[..1]));
            from = at + 2;
            continue;
        }
        let end = rest.find('}').filter(|end| *end > 0 && !rest[1..*end].contains('{'));
        if let Some(end) = end {
            parts.push(Part::Place(at..at + end + 1, rest[1..end].trim()));
            from = at + end + 1;
        } else {
            parts.push(Part::Broken(at..at + 1));
            from = at + 1;
        }
    }
    parts.push(Part::Plain(&text[from..]));
    parts
}

/// A text in both languages that may be a template; notes every place for what no alarm knows.
pub(super) fn bilingual(table: &Table<'_>, key: &str) -> Option<Text> {
    let text = table.bilingual(key);
    if let Some(both) = table.has(key).then(|| table.opt_table(key)).flatten() {
        for lang in ["en", "zh"] {
            check(table, both.opt_text(lang).as_ref());
        }
    }
    text
}

/// Notes every place of a template for what no alarm knows.
pub(super) fn check(table: &Table<'_>, text: Option<&Spanned<String>>) {
    let Some(text) = text else { return };
    for part in parts(text.get_ref()) {
        match part {
            Part::Place(at, name) if !PLACEHOLDERS.contains(&name) => {
                let help = match nearest(name, &PLACEHOLDERS) {
                    Some(known) => format!("did you mean {{{known}}}?"),
                    None => format!("known: {}", PLACEHOLDERS.join(", ")),
                };
                let wrong = format!("no alarm knows {{{name}}}");
                table.add_with_help(table.within(text, at), wrong, help);
            }
            Part::Broken(at) => {
                let help = "a brace that is meant is written twice";
                let wrong = "a brace without its other one";
                table.add_with_help(table.within(text, at), wrong, help);
            }
            Part::Place(..) | Part::Plain(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_what_is_not_known_is_a_dash() {
        let village = Text { en: "Yunding".to_owned(), zh: "云顶村".to_owned() };
        let facts = Facts {
            value: Some(0.2857),
            limit: Some(0.3),
            unit: "mg/L",
            village: Some(village),
            ..Facts::default()
        };
        let fill = |text| fill_in(text, &facts, Lang::En);
        assert_eq!(fill("{value} of {limit} {unit} in {village}"), "0.29 of 0.30 mg/L in Yunding");
        assert_eq!(fill("{{x}} since {since}"), "{x} since –");
        assert_eq!(fill_in("{village}缺水", &facts, Lang::Zh), "云顶村缺水");
        assert_eq!([number(3.0), number(97.24), number(-0.126)], ["3", "97.2", "-0.13"]);
    }
}
