//! Which column of a table is what, and readings out of its rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::map::{Mapping, Shape, some};
use super::moment::LastTime;
use super::refused::{Refused, Wrong, named, shown, told};
use super::rows::{Cell, Rows};
use crate::base::foreign::moment::TimeFormat;
use crate::base::foreign::unit::Conversion;
use crate::base::foreign::words;
use crate::base::problem::{Spanned, nearest};
use crate::base::units::Quantity;
use crate::base::{Flag, Stamp};
use crate::cli::exit::Failure;
use crate::exercise::replay::{Given, Sent};
use crate::plant::Plant;
use crate::plant::tags::TagIndex;

/// What the column of the time may be called, without a mapping.
const TIMES: [&str; 6] = ["observed_at", "time", "timestamp", "datetime", "ts", "at"];

/// What stands for a missing value, without a mapping.
const MISSING: [&str; 7] = ["NaN", "nan", "null", "NULL", "NA", "N/A", "-"];

/// Columns of our own tables that say nothing here.
const OURS: [&str; 4] = ["scenario", "seed", "quantity", "received_at"];

/// What later objects may say although the first one does not.
const MAY_COME: [&str; 3] = ["flag", "unit", "plant"];

const WAY: &str = "a mapping file says what is what: --map FILE (src/docs/replay.md)";

/// Unknown names that are remembered, to say why nothing was read.
const UNKNOWN_MAX: usize = 12;

/// Which column is what.
pub struct Layout {
    plants: Vec<Arc<Plant>>,
    time: Vec<usize>,
    format: TimeFormat,
    decimal_comma: bool,
    missing: BTreeSet<String>,
    flags: BTreeMap<String, Flag>,
    columns: Columns,
    /// Columns of a wide table that are nobody's.
    pub unused: Vec<String>,
    /// Names in rows of a long table that are nobody's.
    pub unknown: BTreeSet<String>,
    joined: String,
    last: [LastTime; 3],
}

enum Columns {
    Wide(Vec<Point>),
    Long(Long),
}

/// A column of a wide table.
struct Point {
    column: usize,
    tag: TagIndex,
    convert: Conversion,
    quality: Option<usize>,
}

/// The columns of a long table.
struct Long {
    tag: usize,
    value: usize,
    quality: Option<usize>,
    unit: Option<usize>,
    plant: Option<usize>,
    /// Number, time of sending, time of receipt of the message.
    sent: Option<[usize; 3]>,
    /// For each plant: their name, our instrument.
    names: Vec<BTreeMap<String, (TagIndex, Conversion)>>,
    by_id: BTreeMap<String, usize>,
    /// For each plant: what its instruments measure.
    quantities: Vec<Vec<Quantity>>,
}

impl Layout {
    /// Finds out which column of `rows` is what. `plants`: those whose readings they may be; where
    /// no column says so, those of the first. Errors: names of the mapping that are not there;
    /// a table that does not explain itself.
    pub fn find(
        rows: &mut Rows,
        plants: Vec<Arc<Plant>>,
        map: Option<&Mapping>,
    ) -> Result<Self, Failure> {
        let first = plants.first().ok_or(Failure::Bug)?;
        let own = own_names(first);
        if let Some(map) = map {
            let named = map.instruments.iter();
            let theirs = named.flat_map(|it| [Some(&it.name), it.quality.as_ref()]);
            rows.also(theirs.flatten().map(|name| name.get_ref().clone()));
        }
        let seen = rows.names().len();
        rows.also(own.keys().cloned());
        if map.is_none() {
            rows.also(MAY_COME.map(str::to_owned).into_iter());
        }
        let names = rows.names().to_vec();
        let (time, format, columns) = match map {
            Some(map) => {
                map.check_names(&names).into_result(Some(()))?;
                by_map(map, &names, &own, first)
            }
            None => by_names(&names, &names[..seen], &plants)?,
        };
        let used = columns.used(&time);
        let unused = names.iter().take(seen).enumerate();
        let is_ours = |name: &str| map.is_none() && OURS.contains(&name);
        let unused = unused
            .filter(|(at, name)| !used.contains(at) && !name.is_empty() && !is_ours(name.as_str()));
        let unused = unused.map(|(_, name)| name.clone()).collect();
        let missing = map.and_then(|map| map.missing.clone());
        let mut plants = plants;
        if !columns.tell_the_plant() {
            plants.truncate(1);
        }
        Ok(Self {
            plants,
            time,
            format,
            decimal_comma: map.is_some_and(|map| map.decimal_comma),
            missing: missing.unwrap_or_else(|| MISSING.map(str::to_owned).into()),
            flags: map.map_or_else(BTreeMap::new, |map| map.flags.clone()),
            columns,
            unused,
            unknown: BTreeSet::new(),
            joined: String::new(),
            last: std::array::from_fn(|_| LastTime::default()),
        })
    }

    /// The plants that `Given::plant` counts in.
    pub fn plants(&self) -> &[Arc<Plant>] {
        &self.plants
    }

    /// Why nothing could be read, when nothing was.
    pub fn why_nothing(&self) -> String {
        let tags = self.plants.first().map(|plant| own_names(plant)).unwrap_or_default();
        let tags: Vec<&str> = tags.keys().map(String::as_str).collect();
        let found: Vec<&str> = match &self.columns {
            Columns::Wide(_) => self.unused.iter().map(String::as_str).collect(),
            Columns::Long(_) => self.unknown.iter().map(String::as_str).collect(),
        };
        format!("{}; {WAY}", expected_and_found(&found, &tags))
    }

    /// The readings of the present row.
    pub fn readings(
        &mut self,
        rows: &Rows,
        line: u64,
        out: &mut Vec<Given>,
        refused: &mut Refused,
    ) {
        let time = if let [one] = self.time.as_slice() {
            self.last[0].read(&self.format, rows.cell(*one))
        } else {
            self.joined.clear();
            for at in &self.time {
                let Cell::Text(text) = rows.cell(*at) else { continue };
                if !self.joined.is_empty() {
                    self.joined.push(' ');
                }
                self.joined.push_str(text);
            }
            self.last[0].read(&self.format, Cell::Text(&self.joined))
        };
        let observed_at = match time {
            Ok(time) => time,
            Err(text) => return refused.note("bad-time", line, || text),
        };
        let words =
            Words { missing: &self.missing, flags: &self.flags, decimal_comma: self.decimal_comma };
        match &self.columns {
            Columns::Wide(points) => {
                for point in points {
                    match point.given(rows, &words, observed_at) {
                        Ok(given) => out.extend(given),
                        Err((reason, text)) => refused.note(reason, line, || text),
                    }
                }
            }
            Columns::Long(long) => {
                let [_, sent, received] = &mut self.last;
                let format = &self.format;
                match long.given(rows, &words, observed_at, (format, sent, received)) {
                    Ok(given) => out.push(given),
                    Err((reason, text)) => {
                        if reason == "unknown-tag" && self.unknown.len() < UNKNOWN_MAX {
                            self.unknown.insert(text.en.clone());
                        }
                        refused.note(reason, line, || text);
                    }
                }
            }
        }
    }
}

/// Our names of a plant's instruments.
fn own_names(plant: &Plant) -> BTreeMap<String, TagIndex> {
    let tags = plant.instruments.iter().enumerate();
    tags.map(|(at, instrument)| (instrument.tag.id.to_string(), TagIndex(at))).collect()
}

/// The columns as a mapping names them; all of them are there.
fn by_map(
    map: &Mapping,
    names: &[String],
    own: &BTreeMap<String, TagIndex>,
    plant: &Plant,
) -> (Vec<usize>, TimeFormat, Columns) {
    let at = |name: &str| names.iter().position(|known| known == name);
    let time = map.time.iter().filter_map(|name| at(name.get_ref())).collect();
    let [tag, value, quality, unit] = &map.long;
    let long = |column: &Option<Spanned<String>>| at(column.as_ref()?.get_ref());
    let is_long = map.shape == Shape::Long;
    let columns = if let (true, Some(tag), Some(value)) = (is_long, long(tag), long(value)) {
        let none = own.iter().map(|(name, tag)| (name.clone(), (*tag, Conversion::NONE)));
        let mut known: BTreeMap<_, _> = none.collect();
        for named in &map.instruments {
            known.insert(named.name.get_ref().clone(), (named.tag, named.convert));
        }
        let (quality, unit) = (long(quality), long(unit));
        let (plant, quantities) = (None, vec![quantities(plant)]);
        let (names, by_id) = (vec![known], BTreeMap::new());
        let sent = None;
        Columns::Long(Long { tag, value, quality, unit, plant, sent, names, by_id, quantities })
    } else {
        let named = map.instruments.iter().filter_map(|named| {
            let quality = named.quality.as_ref().and_then(|name| at(name.get_ref()));
            let (tag, convert) = (named.tag, named.convert);
            Some(Point { column: at(named.name.get_ref())?, tag, convert, quality })
        });
        let mut points: Vec<Point> = named.collect();
        // Those that are called as we call them need no line in the mapping.
        for point in own_points(names, own) {
            let is_named = |it: &Point| it.tag == point.tag || it.column == point.column;
            if !points.iter().any(is_named) {
                points.push(point);
            }
        }
        Columns::Wide(points)
    };
    (time, map.format.clone(), columns)
}

fn own_points<'n>(
    names: &'n [String],
    own: &'n BTreeMap<String, TagIndex>,
) -> impl Iterator<Item = Point> + 'n {
    names.iter().enumerate().filter_map(|(column, name)| {
        let tag = *own.get(name)?;
        Some(Point { column, tag, convert: Conversion::NONE, quality: None })
    })
}

fn quantities(plant: &Plant) -> Vec<Quantity> {
    plant.instruments.iter().map(|instrument| instrument.tag.quantity).collect()
}

/// The columns by our own names. `seen`: those that the file is known to have.
fn by_names(
    names: &[String],
    seen: &[String],
    plants: &[Arc<Plant>],
) -> Result<(Vec<usize>, TimeFormat, Columns), Failure> {
    let find = |wanted: &[&str]| {
        let is = |wanted: &str| seen.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        wanted.iter().find_map(|wanted| is(wanted))
    };
    let own = plants.first().map(|plant| own_names(plant)).unwrap_or_default();
    let known: Vec<&str> = own.keys().map(String::as_str).collect();
    let found: Vec<&str> = seen.iter().map(String::as_str).collect();
    let nothing = |text: &str| {
        Failure::usage(format!("{text}; {}; {WAY}", expected_and_found(&found, &known)))
    };
    let Some(time) = find(&TIMES) else {
        let known = TIMES.join(", ");
        return Err(nothing(&format!("no column is called as a time is ({known})")));
    };
    let columns = match (find(&["tag"]), find(&["value"])) {
        (Some(tag), Some(value)) => {
            let every = |columns: [&str; 3]| {
                let [a, b, c] = columns.map(|name| find(&[name]));
                Some([a?, b?, c?])
            };
            let none = |plant: &Arc<Plant>| {
                let names = own_names(plant).into_iter();
                names.map(|(name, tag)| (name, (tag, Conversion::NONE))).collect()
            };
            let may_come = |wanted: &[&str]| {
                let later = || names.iter().position(|name| wanted.contains(&name.as_str()));
                find(wanted).or_else(later)
            };
            // Where the first does not say whose it is, all are of the first plant.
            let told = if find(&["plant"]).is_some() { plants } else { plants.split_at(1).0 };
            let ids = told.iter().enumerate().map(|(at, plant)| (plant.id.to_string(), at));
            Columns::Long(Long {
                tag,
                value,
                quality: may_come(&["flag", "quality"]),
                unit: may_come(&["unit"]),
                plant: may_come(&["plant"]),
                sent: every(["seq", "sent_at", "received_at"]),
                names: plants.iter().map(none).collect(),
                by_id: ids.collect(),
                quantities: plants.iter().map(|plant| quantities(plant)).collect(),
            })
        }
        _ if own_points(seen, &own).next().is_some() => {
            Columns::Wide(own_points(names, &own).collect())
        }
        _ => return Err(nothing("no column is an instrument, and there are no tag and value")),
    };
    Ok((vec![time], TimeFormat::Rfc3339, columns))
}

/// What is there, what would be understood, and what may be meant.
fn expected_and_found(found: &[&str], known: &[&str]) -> String {
    let near = found.iter().find_map(|name| Some((name, nearest(name, known)?)));
    let near = near.map(|(name, near)| format!("; did you mean {near:?} by {name:?}?"));
    let (found, known) = (shown_list(found), some(known));
    format!("found: {found}; known: {known}{}", near.unwrap_or_default())
}

fn shown_list(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| shown(name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() { "nothing".to_owned() } else { some(&names) }
}

impl Columns {
    fn tell_the_plant(&self) -> bool {
        matches!(self, Self::Long(long) if long.by_id.len() > 1)
    }

    /// The columns that are somebody's.
    fn used(&self, time: &[usize]) -> BTreeSet<usize> {
        let mut used: BTreeSet<usize> = time.iter().copied().collect();
        match self {
            Self::Wide(points) => {
                used.extend(points.iter().flat_map(|it| [Some(it.column), it.quality]).flatten());
            }
            Self::Long(long) => {
                used.extend([long.tag, long.value]);
                used.extend([long.quality, long.unit, long.plant].into_iter().flatten());
                used.extend(long.sent.into_iter().flatten());
            }
        }
        used
    }
}

/// How cells are read.
struct Words<'l> {
    missing: &'l BTreeSet<String>,
    flags: &'l BTreeMap<String, Flag>,
    decimal_comma: bool,
}

impl Words<'_> {
    /// A value; none when it is missing.
    fn value(&self, cell: Cell<'_>) -> Result<Option<f64>, Wrong> {
        let wrong = |text: &str| {
            let found = shown(text);
            ("bad-value", told(format!("{found:?} is no number"), format!("{found:?}不是数")))
        };
        match cell {
            Cell::Empty | Cell::Absent => Ok(None),
            Cell::Foreign => {
                let text = told("no number: bytes that are no text", "不是数:并非文本的字节");
                Err(("bad-value", text))
            }
            Cell::Time(time) => Err(wrong(&time.to_string())),
            Cell::Number(number) if number.is_nan() => Ok(None),
            Cell::Number(number) if self.missing.contains(&number.to_string()) => Ok(None),
            Cell::Number(number) => Ok(Some(number)),
            Cell::Text(text) if self.missing.contains(text) => Ok(None),
            Cell::Text(text) => {
                let number = if self.decimal_comma {
                    text.replace(',', ".").parse()
                } else {
                    text.parse::<f64>()
                };
                match number {
                    Ok(number) if number.is_finite() => Ok(Some(number)),
                    _ => Err(wrong(text)),
                }
            }
        }
    }

    /// What a cell says of quality; nothing is good.
    fn flag(&self, cell: Cell<'_>) -> Result<Flag, Wrong> {
        let text = match cell {
            Cell::Empty | Cell::Absent => return Ok(Flag::Good),
            Cell::Text(text) => text.to_owned(),
            Cell::Number(number) => number.to_string(),
            Cell::Time(_) | Cell::Foreign => String::new(),
        };
        words::flag(self.flags, &text).ok_or_else(|| {
            let found = shown(&text);
            let zh = format!("{found:?}不是已知的质量码");
            ("bad-flag", told(format!("{found:?} is no known quality"), zh))
        })
    }
}

impl Point {
    fn given(
        &self,
        rows: &Rows,
        words: &Words<'_>,
        observed_at: Stamp,
    ) -> Result<Option<Given>, Wrong> {
        let cell = rows.cell(self.column);
        // A blank cell of a wide table belongs to an instrument that is read more seldom.
        let is_blank = matches!(cell, Cell::Absent) || (rows.is_fixed() && cell == Cell::Empty);
        if is_blank && !words.missing.contains("") {
            return Ok(None);
        }
        let value = words.value(cell)?;
        let flag = self.quality.map_or(Ok(Flag::Good), |at| words.flag(rows.cell(at)))?;
        let tag = self.tag;
        Ok(Some(given((0, tag), observed_at, value.map(|it| self.convert.apply(it)), flag, None)))
    }
}

impl Long {
    fn given(
        &self,
        rows: &Rows,
        words: &Words<'_>,
        observed_at: Stamp,
        (format, sent, received): (&TimeFormat, &mut LastTime, &mut LastTime),
    ) -> Result<Given, Wrong> {
        let plant = match self.plant.map(|at| rows.cell(at)) {
            Some(Cell::Text(name)) => {
                *self.by_id.get(name).ok_or_else(|| ("unknown-plant", named(shown(name))))?
            }
            Some(Cell::Number(number)) => return Err(("unknown-plant", named(number.to_string()))),
            _ => 0,
        };
        let found = match rows.cell(self.tag) {
            Cell::Text(name) => self.names.get(plant).and_then(|names| names.get(name)).ok_or(name),
            _ => Err(""),
        };
        let (tag, mut convert) = *found.map_err(|name| ("unknown-tag", named(shown(name))))?;
        if let Some(Cell::Text(unit)) = self.unit.map(|at| rows.cell(at)) {
            let quantity = self.quantity(plant, tag);
            if let Some(quantity) = quantity.filter(|quantity| quantity.unit() != unit) {
                let known = Conversion::of(quantity, unit);
                convert = known.ok_or_else(|| {
                    let (found, en) = (shown(unit), quantity.name());
                    let zh = format!("{found:?}不是{}的单位", quantity.zh());
                    ("bad-unit", told(format!("{found:?} is none of {en}"), zh))
                })?;
            }
        }
        let value = words.value(rows.cell(self.value))?;
        let flag = self.quality.map_or(Ok(Flag::Good), |at| words.flag(rows.cell(at)))?;
        let sent = self.sent.map(|[seq, sent_at, received_at]| {
            let seq = match rows.cell(seq) {
                Cell::Text(text) => text.parse().ok(),
                Cell::Number(number) => Some(number as u64),
                _ => None,
            };
            let seq = seq.ok_or_else(|| ("bad-seq", told("there is no number", "没有序号")))?;
            let bad = |text| ("bad-time", text);
            let sent_at = sent.read(format, rows.cell(sent_at)).map_err(bad)?;
            let received_at = received.read(format, rows.cell(received_at)).map_err(bad)?;
            Ok(Sent { seq, sent_at, received_at })
        });
        let sent = sent.transpose()?;
        let value = value.map(|it| convert.apply(it));
        Ok(given((plant, tag), observed_at, value, flag, sent))
    }

    fn quantity(&self, plant: usize, tag: TagIndex) -> Option<Quantity> {
        let TagIndex(at) = tag;
        self.quantities.get(plant)?.get(at).copied()
    }
}

fn given(
    (plant, tag): (usize, TagIndex),
    observed_at: Stamp,
    value: Option<f64>,
    flag: Flag,
    sent: Option<Sent>,
) -> Given {
    // A recording that says missing means it, whatever stands in place of the value.
    let value = value.filter(|value| flag != Flag::Missing && value.is_finite());
    Given { plant, tag, observed_at, value, flag, sent }
}
