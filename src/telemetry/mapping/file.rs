//! Mapping files, read and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::pattern::{Pattern, Template};
use super::{Known, Mapping, ReadingMap, TopicMap};
use crate::base::foreign::moment::TimeFormat;
use crate::base::foreign::unit::{self, Conversion};
use crate::base::foreign::words;
use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};
use crate::base::units::Quantity;
use crate::base::{PlantId, Span, TagId};
use crate::telemetry::encoding::is_group;

/// Readings may be this late where the file does not say.
const LATENESS_S: f64 = 10.0;

/// What stands for a value that is missing, where the file does not say.
const MISSING: [&str; 6] = ["", "NaN", "null", "NA", "N/A", "-"];

impl Mapping {
    /// Reads a mapping file for these plants. Errors: every mistake of the file.
    pub fn load(source: &Arc<Source>, known: Known) -> Result<Self, Problems> {
        read_toml(source, |table| read(table, known))
    }
}

fn read(table: &Table<'_>, known: Known) -> Option<Mapping> {
    let lateness = table.opt_number_in("lateness_s", 0.0..=86_400.0);
    let lateness = Span::from_seconds_f64(lateness.map_or(LATENESS_S, Spanned::into_inner));
    let missing: BTreeSet<String> = if table.has("missing") {
        table.texts("missing").into_iter().map(|word| word.into_inner().trim().into()).collect()
    } else {
        MISSING.map(str::to_owned).into()
    };
    let flags = words::flags(table);
    let plants: Vec<&str> = known.keys().map(PlantId::as_str).collect();
    let tags: BTreeSet<&TagId> = known.values().flat_map(BTreeMap::keys).collect();
    let tags: Vec<&str> = tags.into_iter().map(TagId::as_str).collect();
    let renamed_plants = names(table, "plants", "plant", &plants);
    let renamed_tags = names(table, "tags", "instrument", &tags);
    let reader = Reader { known: &known, plants: &renamed_plants, tags: &renamed_tags };
    let found: Vec<Option<TopicMap>> =
        table.tables("topic").iter().map(|entry| reader.topic(entry)).collect();
    let sparkplug = table.opt_text("sparkplug");
    if let Some(group) = sparkplug.as_ref().filter(|it| !is_group(it.get_ref())) {
        let text = format!("{:?} is no group of Sparkplug", group.get_ref());
        table.add_with_help(group.span(), text, "it has no / + or #, and at most 128 bytes");
    }
    if found.is_empty() && sparkplug.is_none() && !table.has_problems() {
        let help = "each kind of message is a [[topic]] with a pattern and [[topic.reading]]";
        table.add_with_help(table.span(), "there is no [[topic]]", help);
    }
    let topics = found.into_iter().collect::<Option<Vec<_>>>()?;
    let (plants, tags) = (renamed_plants, renamed_tags);
    let sparkplug = sparkplug.map(Spanned::into_inner);
    Some(Mapping { topics, known, plants, tags, missing, flags, lateness, sparkplug })
}

/// A section of their names and ours.
fn names(table: &Table<'_>, key: &str, what: &str, known: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(section) = table.opt_table(key) else { return found };
    let keys: Vec<&str> = section.keys().map(Spanned::into_inner).collect();
    for theirs in keys {
        let Some(ours) = section.text(theirs) else { continue };
        if !known.contains(&ours.get_ref().as_str()) {
            section.unknown(ours.span(), what, ours.get_ref(), known);
        }
        found.insert(theirs.to_owned(), ours.into_inner());
    }
    found
}

struct Reader<'r> {
    known: &'r Known,
    plants: &'r BTreeMap<String, String>,
    tags: &'r BTreeMap<String, String>,
}

impl Reader<'_> {
    fn topic(&self, entry: &Table<'_>) -> Option<TopicMap> {
        let pattern = entry.text("pattern").and_then(|text| match Pattern::parse(text.get_ref()) {
            Ok(pattern) => Some(pattern),
            Err((wrong, help)) => {
                entry.add_with_help(text.span(), format!("`pattern`: {wrong}"), help);
                None
            }
        });
        let each = pointer(entry, entry.opt_text("each"));
        let time = pointer(entry, entry.opt_text("time"));
        let is_timed = entry.has("time");
        let format = TimeFormat::of(entry);
        if let Some(span) = entry.key_span("time_format").filter(|_| !is_timed) {
            let text = "`time_format` says nothing without `time`";
            entry.add_with_help(span, text, "say where the time stands: time = \"/ts\"");
        }
        let wild: Vec<&str> = pattern.as_ref().map_or(Vec::new(), Pattern::names);
        let tables = entry.tables("reading");
        let readings: Vec<Option<ReadingMap>> =
            tables.iter().map(|table| self.reading(table, pattern.is_some(), &wild)).collect();
        if readings.is_empty() && !entry.has_problems() {
            let help = "each value of the message is a [[topic.reading]] with value, plant and tag";
            entry.add_with_help(entry.span(), "the topic has no reading", help);
        }
        let readings = readings.into_iter().collect::<Option<Vec<_>>>()?;
        let time = if is_timed { Some((time?, format?)) } else { None };
        if entry.has("each") && each.is_none() {
            return None;
        }
        Some(TopicMap { pattern: pattern?, each, time, readings })
    }

    /// `has_pattern`: are `wild` the names there are, or is the pattern itself wrong?
    fn reading(&self, table: &Table<'_>, has_pattern: bool, wild: &[&str]) -> Option<ReadingMap> {
        let value = pointer(table, table.text("value"));
        let quality = pointer(table, table.opt_text("quality"));
        let wild = has_pattern.then_some(wild);
        let plant = template(table, table.text("plant"), wild);
        let tag = template(table, table.text("tag"), wild);
        let unit = table.opt_text("unit");
        let only = only(table, wild);
        let tags = self.tags_of(table, plant.as_ref())?;
        let quantities = self.quantities(table, tag.as_ref(), &tags)?;
        if let Some(unit) = &unit {
            check_unit(table, unit, &quantities);
        }
        Some(ReadingMap {
            only,
            plant: plant?.into_inner(),
            tag: tag?.into_inner(),
            value: value?,
            quality,
            unit: unit.map(Spanned::into_inner),
        })
    }

    /// The instruments that a reading may be of. None: its plant is nobody's, which is noted.
    fn tags_of(
        &self,
        table: &Table<'_>,
        plant: Option<&Spanned<Template>>,
    ) -> Option<BTreeMap<&str, Quantity>> {
        let named = plant.and_then(|it| literal(it, self.plants));
        if let Some((span, name)) = &named
            && !self.known.contains_key(name.as_str())
        {
            let plants: Vec<&str> = self.known.keys().map(PlantId::as_str).collect();
            table.unknown(span.clone(), "plant", name, &plants);
            return None;
        }
        let is_named = |id: &PlantId| named.as_ref().is_none_or(|(_, name)| id.as_str() == name);
        let inside = self.known.iter().filter(|(id, _)| is_named(id));
        let tags = inside.flat_map(|(_, tags)| tags);
        Some(tags.map(|(tag, quantity)| (tag.as_str(), *quantity)).collect())
    }

    /// What the instruments that a reading may be of measure. None: its instrument is nobody's,
    /// which is noted.
    fn quantities(
        &self,
        table: &Table<'_>,
        tag: Option<&Spanned<Template>>,
        tags: &BTreeMap<&str, Quantity>,
    ) -> Option<BTreeSet<Quantity>> {
        let Some((span, name)) = tag.and_then(|it| literal(it, self.tags)) else {
            return Some(tags.values().copied().collect());
        };
        let quantity = tags.get(name.as_str()).copied();
        if quantity.is_none() {
            let known: Vec<&str> = tags.keys().copied().collect();
            table.unknown(span, "instrument", &name, &known);
        }
        quantity.map(|quantity| BTreeSet::from([quantity]))
    }
}

/// Notes a unit that suits no instrument that the reading may be of.
fn check_unit(table: &Table<'_>, unit: &Spanned<String>, quantities: &BTreeSet<Quantity>) {
    if quantities.iter().any(|it| Conversion::of(*it, unit.get_ref()).is_some()) {
        return;
    }
    let known: BTreeSet<&str> = quantities.iter().flat_map(|it| unit::names(*it)).collect();
    let known: Vec<&str> = known.into_iter().collect();
    let only = quantities.first().filter(|_| quantities.len() == 1);
    let what = only.map_or("`unit`".to_owned(), |it| format!("`unit` of {}", it.name()));
    table.unknown(unit.span(), &what, unit.get_ref(), &known);
}

/// The name of ours that a template always is, if it is always the same.
fn literal(
    template: &Spanned<Template>,
    names: &BTreeMap<String, String>,
) -> Option<(std::ops::Range<usize>, String)> {
    let name = template.get_ref().literal()?;
    let ours = names.get(name).cloned().unwrap_or_else(|| name.to_owned());
    Some((template.span(), ours))
}

/// A JSON pointer.
fn pointer(table: &Table<'_>, text: Option<Spanned<String>>) -> Option<String> {
    let text = text?;
    if text.get_ref().is_empty() || text.get_ref().starts_with('/') {
        return Some(text.into_inner());
    }
    let said = format!("{:?} is no JSON pointer", text.get_ref());
    let help = format!(
        "write /{} (RFC 6901); \"\" is the whole message",
        text.get_ref().replace('.', "/")
    );
    table.add_with_help(text.span(), said, help);
    None
}

fn template(
    table: &Table<'_>,
    text: Option<Spanned<String>>,
    wild: Option<&[&str]>,
) -> Option<Spanned<Template>> {
    let text = text?;
    match Template::parse(text.get_ref()) {
        Err(wrong) => {
            table.add(text.span(), wrong);
            None
        }
        Ok(template) => {
            for name in template.names() {
                if wild.is_some_and(|wild| !wild.contains(&name)) {
                    table.unknown(text.span(), "wild card", name, wild.unwrap_or_default());
                }
            }
            Some(Spanned::new(text.span(), template))
        }
    }
}

/// Which words the wild cards must stand for.
fn only(table: &Table<'_>, wild: Option<&[&str]>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Some(section) = table.opt_table("where") else { return found };
    let keys: Vec<Spanned<&str>> = section.keys().collect();
    for key in keys {
        let Some(wanted) = section.text(key.get_ref()) else { continue };
        if let Some(wild) = wild.filter(|wild| !wild.contains(key.get_ref())) {
            section.unknown(key.span(), "wild card", key.get_ref(), wild);
        }
        found.push(((*key.get_ref()).to_owned(), wanted.into_inner()));
    }
    found
}
