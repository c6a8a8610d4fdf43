//! Mapping files: what a foreign recording calls what we know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::Flag;
use crate::base::foreign::moment::TimeFormat;
use crate::base::foreign::unit::{self, Conversion};
use crate::base::foreign::words::flags;
use crate::base::problem::{Problems, Source, Spanned, Table, nearest, read_toml};
use crate::plant::Plant;
use crate::plant::tags::TagIndex;

/// How a table holds its readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A row for each time, a column for each instrument.
    Wide,
    /// A row for each reading.
    Long,
}

/// A mapping file, checked against the plants.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The file, for what is wrong with it beside a recording.
    pub source: Arc<Source>,
    /// Whose readings they are.
    pub plant: Option<Arc<Plant>>,
    /// How the table holds its readings.
    pub shape: Shape,
    /// Between cells, of CSV.
    pub separator: Option<u8>,
    /// Are decimals written behind a comma?
    pub decimal_comma: bool,
    /// The columns of the time; several are joined by a space.
    pub time: Vec<Spanned<String>>,
    /// How it is written.
    pub format: TimeFormat,
    /// The columns of a long table: tag, value, quality, unit.
    pub long: [Option<Spanned<String>>; 4],
    /// What stands for a value that is missing.
    pub missing: Option<BTreeSet<String>>,
    /// Words of quality, in lower case.
    pub flags: BTreeMap<String, Flag>,
    /// Instruments that are called otherwise, or measured in another unit.
    pub instruments: Vec<Named>,
}

/// An instrument as a recording has it.
#[derive(Debug, Clone)]
pub struct Named {
    /// Ours.
    pub tag: TagIndex,
    /// Theirs: a column of a wide table, a word of a long one.
    pub name: Spanned<String>,
    /// To our unit.
    pub convert: Conversion,
    /// The column of its quality, of a wide table.
    pub quality: Option<Spanned<String>>,
}

/// The columns of a long table, by their keys.
const LONG: [&str; 4] = ["tag", "value", "quality", "unit"];

impl Mapping {
    /// Reads a mapping file. `plant`: whose readings they are, when the command says so.
    /// Errors: every mistake of the file.
    pub fn load(
        source: &Arc<Source>,
        plants: &BTreeMap<String, Arc<Plant>>,
        plant: Option<&Arc<Plant>>,
        usual: Option<&Arc<Plant>>,
    ) -> Result<Self, Problems> {
        read_toml(source, |table| read(source, table, plants, (plant, usual)))
    }

    /// Notes each name that the recording does not have, at its place in the file.
    pub fn check_names(&self, names: &[String]) -> Problems {
        let mut problems = Problems::new();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let wide = self.instruments.iter().filter(|_| self.shape == Shape::Wide);
        let columns = wide.flat_map(|named| [Some(&named.name), named.quality.as_ref()]);
        let long = self.long.iter().map(Option::as_ref);
        for name in self.time.iter().map(Some).chain(long).chain(columns).flatten() {
            if !known.contains(&name.get_ref().as_str()) {
                let text = format!("the recording has no column {:?}", name.get_ref());
                let help = match nearest(name.get_ref(), &known) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => format!("it has: {}", some(&known)),
                };
                problems.add(&self.source, name.span(), text).help(help);
            }
        }
        problems
    }
}

/// The first of many names.
pub fn some(names: &[&str]) -> String {
    const SOME: usize = 12;
    let shown = names.iter().take(SOME).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SOME) {
        0 => shown,
        more => format!("{shown}, … {more} more"),
    }
}

fn read(
    source: &Arc<Source>,
    table: &Table<'_>,
    plants: &BTreeMap<String, Arc<Plant>>,
    (said, usual): (Option<&Arc<Plant>>, Option<&Arc<Plant>>),
) -> Option<Mapping> {
    let named = table.opt_text("plant").and_then(|name| {
        let found = plants.get(name.get_ref()).cloned();
        if found.is_none() {
            let known: Vec<&str> = plants.keys().map(String::as_str).collect();
            table.unknown(name.span(), "plant", name.get_ref(), &known);
        }
        found
    });
    let plant = said.or(named.as_ref()).cloned();
    let shapes = [("wide", Shape::Wide), ("long", Shape::Long)];
    let shape = table.choice("shape", &shapes).map(Spanned::into_inner);
    let separators = [("comma", b','), ("semicolon", b';'), ("tab", b'\t'), ("bar", b'|')];
    let separator = table.opt_choice("separator", &separators).map(Spanned::into_inner);
    let decimal = table.opt_choice("decimal", &[("point", false), ("comma", true)]);
    let time = table.text_or_texts("time");
    if time.is_empty() && !table.has_problems() {
        table.add_with_help(
            table.span(),
            "`time` is missing",
            "name the column that holds the time, or two in a list: [\"Date\", \"Time\"]",
        );
    }
    let format = TimeFormat::of(table);
    let long = long_columns(table, shape);
    let missing = table.has("missing").then(|| {
        let words = table.texts("missing");
        words.into_iter().map(|word| word.into_inner().trim().to_owned()).collect()
    });
    let flags = flags(table);
    let of_plant = plant.as_ref().or(usual);
    let instruments = instruments(table, shape, of_plant.map(Arc::as_ref));
    Some(Mapping {
        source: Arc::clone(source),
        plant,
        shape: shape?,
        separator,
        decimal_comma: decimal.is_some_and(Spanned::into_inner),
        time,
        format: format?,
        long,
        missing,
        flags,
        instruments,
    })
}

fn long_columns(table: &Table<'_>, shape: Option<Shape>) -> [Option<Spanned<String>>; 4] {
    LONG.map(|key| {
        if shape == Some(Shape::Long) && matches!(key, "tag" | "value") {
            return table.text(key);
        }
        let found = table.opt_text(key)?;
        if shape == Some(Shape::Wide) {
            let text = format!("`{key}` belongs to shape = \"long\"");
            let help = "a wide table has a column for each instrument: [[instrument]]";
            table.add_with_help(found.span(), text, help);
        }
        Some(found)
    })
}

fn instruments(table: &Table<'_>, shape: Option<Shape>, plant: Option<&Plant>) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    for entry in table.tables("instrument") {
        let (tag, name) = (entry.text("tag"), entry.text("name"));
        let (unit, quality) = (entry.opt_text("unit"), entry.opt_text("quality"));
        if let Some(quality) = quality.as_ref().filter(|_| shape == Some(Shape::Long)) {
            let text = "`quality` of an instrument belongs to shape = \"wide\"";
            let help = "name the column for all of them: quality = \"…\" at the top";
            entry.add_with_help(quality.span(), text, help);
        }
        let Some((tag, name)) = tag.zip(name) else { continue };
        let Some(plant) = plant else { continue };
        let at = plant.instruments.iter().position(|it| it.tag.id.as_str() == tag.get_ref());
        let Some(at) = at else {
            let known: Vec<&str> = plant.instruments.iter().map(|it| it.tag.id.as_str()).collect();
            let what = format!("instrument of plant {}:", plant.id);
            entry.unknown(tag.span(), &what, tag.get_ref(), &known);
            continue;
        };
        if let Some(twice) = found.iter().find(|it| it.name.get_ref() == name.get_ref()) {
            let (line, _) = entry.source().line_col(twice.name.span().start);
            let text = format!("{:?} is named in line {line} already", name.get_ref());
            entry.add(name.span(), text);
        }
        let quantity = plant.instruments[at].tag.quantity;
        let mut convert = Conversion::NONE;
        if let Some(unit) = unit {
            if let Some(known) = Conversion::of(quantity, unit.get_ref()) {
                convert = known;
            } else {
                let what = format!("`unit` of {}", quantity.name());
                entry.unknown(unit.span(), &what, unit.get_ref(), &unit::names(quantity));
            }
        }
        found.push(Named { tag: TagIndex(at), name, convert, quality });
    }
    found
}
