//! Tests that stand in rule files: a made-up series of readings, and what must follow from it.
//!
//! A `[[rule.test]]` makes up the instrument (or the sampling site) that its rule watches, at a
//! plant that suits the rule's selectors; `[[rule.test.beside]]` makes up others.

use std::ops::Range;

use crate::base::alarm::AlarmChange;
use crate::base::analyte::{Analyte, Sign};
use crate::base::ids::VillageId;
use crate::base::problem::{Spanned, Table};
use crate::base::units::{Quantity, Unit};
use crate::base::{Flag, Span, TagId};
use crate::inspection::book::{Kind, Place, Urgency};
use crate::inspection::rule_file::{MINUTES_MAX, URGENCIES, as_minutes};
use crate::inspection::select::{Pattern, Selector};
use crate::inspection::unit_keys::Measured;
use crate::plant::tags::SamplingPoint;

/// A series is no longer than a week of minutes.
const READINGS_MAX: usize = 10_080;

/// One test of one rule.
#[derive(Debug, Clone)]
pub struct RuleTest {
    /// What it shows, if it says so.
    pub title: Option<String>,
    /// Local time of the day at which its series begin.
    pub starts: Span,
    /// What the rule watches.
    pub watched: Series,
    /// Other instruments of the plant.
    pub beside: Vec<Series>,
    /// Every raising and clearing that must follow, in the order of time; nothing else may. Changes
    /// of other kinds count only when one of their kind is named.
    pub expect: Vec<Expected>,
    /// Where it stands in its file.
    pub place: Place,
}

/// A change of the rule's alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// How long after the beginning.
    pub at: Span,
    /// What changes.
    pub change: AlarmChange,
    /// How urgent it is after that, where the test says so: its level.
    pub priority: Option<Urgency>,
}

/// A made-up instrument or sampling site, and what comes from it.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its name.
    pub tag: TagId,
    /// What it measures.
    pub measured: Measured,
    /// Which water it looks at.
    pub point: SamplingPoint,
    /// What it can show, in its unit.
    pub range: (f64, f64),
    /// How often it is read.
    pub every: Span,
    /// The village whose taps it stands for.
    pub village: Option<VillageId>,
    /// Storeys of the houses that its pressure must serve.
    pub storeys: Option<u32>,
    /// How far the highest house lies above it, m.
    pub rise_m: f64,
    /// Usual flow of the night, m³/h.
    pub usual_night_m3_per_h: Option<f64>,
    /// One for each poll.
    pub readings: Vec<Given>,
}

/// What comes at one poll.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Given {
    /// No message.
    Nothing,
    /// "I could not read."
    Unread,
    /// A value in its own unit, and the instrument's opinion of it.
    Value(f64, Flag),
    /// A laboratory's result.
    Result(Sign, f64),
}

/// The tests of a rule without a mistake in them; none for a rule whose kind is not known.
pub(super) fn read(rule: &Table<'_>, kind: Option<&Kind>, select: &Selector) -> Vec<RuleTest> {
    let tables = rule.tables("test");
    let Some(kind) = kind else {
        tables.iter().for_each(forgive); // its own mistakes come first
        return Vec::new();
    };
    if let (Kind::Round(_), Some(first)) = (kind, tables.first()) {
        let help = "scenarios play days with their laboratory";
        rule.add_with_help(first.span(), "no series of readings can test a round", help);
        tables.iter().for_each(forgive);
        return Vec::new();
    }
    tables.iter().filter_map(|table| read_test(table, kind, select)).collect()
}

/// Nobody can say which keys belong here.
fn forgive(table: &Table<'_>) {
    for key in table.keys() {
        table.has(key.get_ref());
    }
}

fn read_test(table: &Table<'_>, kind: &Kind, select: &Selector) -> Option<RuleTest> {
    let title = table.opt_text("title").map(Spanned::into_inner);
    let starts = table.opt_parse("starts", Span::parse_time_of_day);
    let watched = read_watched(table, kind, select);
    let every = watched.as_ref().map_or(Span::MINUTE, |series| series.every);
    let point = watched.as_ref().map_or(SamplingPoint::FinishedWater, |series| series.point);
    let tables = table.tables("beside");
    let beside: Vec<Option<Series>> =
        tables.iter().map(|it| read_beside(it, every, point)).collect();
    let expect = read_expect(table);
    Some(RuleTest {
        title,
        starts: starts.map_or(Span::hours(8), Spanned::into_inner),
        watched: watched?,
        beside: beside.into_iter().collect::<Option<_>>()?,
        expect: expect?,
        place: Place { source: table.source().clone(), span: table.span() },
    })
}

fn read_expect(table: &Table<'_>) -> Option<Vec<Expected>> {
    if !table.has("expect") {
        let help = "`expect = []` says that nothing may be raised";
        table.add_with_help(table.span(), "`expect` is missing", help);
        return None;
    }
    let tables = table.tables("expect");
    let read = tables.iter().map(|it| {
        let at = it.number_in("at_min", 0.0..=MINUTES_MAX).map(as_minutes);
        let change = it.choice("state", &AlarmChange::CHOICES).map(Spanned::into_inner);
        let priority = it.opt_choice("priority", &URGENCIES).map(Spanned::into_inner);
        Some(Expected { at: at?, change: change?, priority })
    });
    let expect: Vec<Option<Expected>> = read.collect();
    let expect: Vec<Expected> = expect.into_iter().collect::<Option<_>>()?;
    if let Some(at) = expect.windows(2).position(|pair| pair[1].at < pair[0].at) {
        let text = format!("{} comes after {}", expect[at].at, expect[at + 1].at);
        table.add_with_help(tables[at + 1].span(), text, "write `expect` in the order of time");
        return None;
    }
    Some(expect)
}

fn read_watched(table: &Table<'_>, kind: &Kind, select: &Selector) -> Option<Series> {
    let every = opt_every(table);
    let (measured, daily) = match *kind {
        Kind::LabLimit(analyte, _) => (Some(Measured::Analyte(analyte)), true),
        _ => (select.quantity.map(Measured::Quantity).or_else(|| quantity(table)), false),
    };
    let Some(measured) = measured else {
        forgive(table);
        return None;
    };
    let every = every.unwrap_or(if daily { Span::DAY } else { Span::MINUTE });
    let own = match *kind {
        Kind::ServicePressure(_) | Kind::NoDraw(_) => SamplingPoint::TapWater,
        _ => SamplingPoint::FinishedWater,
    };
    let usual = select.point.unwrap_or(own);
    let name = select.tag.as_ref().map_or("TEST-1".to_owned(), Pattern::example);
    let tag = TagId::new(&name).ok();
    let mut series = read_series(table, measured, (tag, usual, every))?;
    series.village = series.village.or_else(|| select.village.clone());
    // What the kind asks of an instrument besides its selectors.
    match kind {
        Kind::ServicePressure(_) => series.storeys = series.storeys.or(Some(2)),
        Kind::NightFlow(_) | Kind::NoDraw(_) => {
            let usual = series.usual_night_m3_per_h;
            series.usual_night_m3_per_h = usual.or(Some(USUAL_NIGHT_M3_PER_H));
            series.village = series.village.or_else(|| VillageId::new("village").ok());
        }
        _ => {}
    }
    Some(series)
}

/// Usual flow of the night of a made-up meter `[D]`.
const USUAL_NIGHT_M3_PER_H: f64 = 20.0;

fn read_beside(table: &Table<'_>, every: Span, point: SamplingPoint) -> Option<Series> {
    let every = opt_every(table).unwrap_or(every);
    if !table.has("tag") {
        table.add(table.span(), "`tag` is missing");
    }
    let Some(measured) = quantity(table) else {
        forgive(table);
        return None;
    };
    read_series(table, measured, (None, point, every))
}

fn quantity(table: &Table<'_>) -> Option<Measured> {
    let quantities = Quantity::ALL.map(|quantity| (quantity.name(), quantity));
    table.choice("quantity", &quantities).map(|it| Measured::Quantity(it.into_inner()))
}

fn opt_every(table: &Table<'_>) -> Option<Span> {
    table.opt_number_in("every_min", 0.01..=MINUTES_MAX).map(as_minutes)
}

/// The keys of one made-up instrument; beside it what it is by default: name, water, poll.
fn read_series(
    table: &Table<'_>,
    measured: Measured,
    (tag, point, every): (Option<TagId>, SamplingPoint, Span),
) -> Option<Series> {
    let own = table.opt_parse("tag", TagId::new).map(Spanned::into_inner);
    let point =
        table.opt_choice("point", &SamplingPoint::CHOICES).map_or(point, Spanned::into_inner);
    let village = table.opt_parse("village", VillageId::new).map(Spanned::into_inner);
    let (mut storeys, mut rise_m, mut usual_night) = (None, None, None);
    match measured {
        Measured::Quantity(Quantity::Pressure) => {
            storeys = table.opt_integer_in("storeys", 1..=100).map(Spanned::into_inner);
            rise_m = table.opt_number_in("rise_m", -200.0..=200.0).map(Spanned::into_inner);
        }
        Measured::Quantity(Quantity::Flow) => {
            usual_night = table.opt_number_in("usual_night_m3_per_h", 0.0..=1e5);
        }
        _ => {}
    }
    let range = read_range(table, measured);
    let readings = read_readings(table, measured);
    Some(Series {
        tag: own.or(tag)?,
        measured,
        point,
        range: range?,
        every,
        village,
        storeys: storeys.and_then(|n| u32::try_from(n).ok()),
        rise_m: rise_m.unwrap_or(0.0),
        usual_night_m3_per_h: usual_night.map(Spanned::into_inner),
        readings: readings?,
    })
}

fn read_range(table: &Table<'_>, measured: Measured) -> Option<(f64, f64)> {
    let Measured::Quantity(quantity) = measured else { return Some((0.0, 0.0)) };
    let key = measured.measured_in().key("range");
    if !table.has(&key) {
        return Some(usual_range(quantity));
    }
    let ends: Vec<f64> = table.numbers(&key).into_iter().map(Spanned::into_inner).collect();
    if let [low, high] = ends[..]
        && low < high
    {
        return Some((low, high));
    }
    let at = table.key_span(&key).unwrap_or_else(|| table.span());
    table.add(at, format!("`{key}` must be two numbers, the lower one first"));
    None
}

/// What instruments of a kind usually show, in the quantity's unit `[D]`.
fn usual_range(quantity: Quantity) -> (f64, f64) {
    match quantity {
        Quantity::Pressure => (0.0, 1_600.0),
        Quantity::Flow => (0.0, 1_000.0),
        Quantity::Level => (0.0, 10.0),
        Quantity::FreeChlorine | Quantity::TotalChlorine | Quantity::ChlorineDioxide => (0.0, 5.0),
        Quantity::Turbidity => (0.0, 100.0),
        Quantity::Conductivity => (0.0, 2_000.0),
        Quantity::Temperature => (-5.0, 50.0),
        Quantity::Ph => (0.0, 14.0),
        Quantity::Ammonia | Quantity::Voltage => (0.0, 20.0),
        Quantity::CodMn => (0.0, 50.0),
        Quantity::State => (0.0, 1.0),
        Quantity::Energy => (0.0, 1e9),
    }
}

/// The series, in whichever unit of the quantity it is written.
fn read_readings(table: &Table<'_>, measured: Measured) -> Option<Vec<Given>> {
    let (own, units) = (measured.measured_in(), measured.units());
    let foreign = Unit::ALL.into_iter().filter(|unit| !units.iter().any(|(own, _)| own == unit));
    let clean = table.refuse_units("series", (measured.name(), own), foreign);
    let found = units.into_iter().find(|(unit, _)| table.has(&unit.key("series")));
    let Some((unit, factor)) = found else {
        if clean {
            let key = own.key("series");
            let help = format!("write `{key} = \"0.5x10 0.2x5\"`: ten readings, then five");
            table.add_with_help(table.span(), format!("`{key}` is missing"), help);
        }
        return None;
    };
    let text = table.text(&unit.key("series"))?;
    let analyte = match measured {
        Measured::Analyte(analyte) => Some(analyte),
        Measured::Quantity(_) => None,
    };
    let mut readings = Vec::new();
    let mut sound = true;
    for (place, word) in words(&text) {
        match series_word(word, factor, analyte) {
            Ok(more) => readings.extend(more),
            Err(help) => {
                table.add_with_help(place, format!("{word:?} is no reading"), help);
                sound = false;
            }
        }
    }
    if sound && !(1..=READINGS_MAX).contains(&readings.len()) {
        let found = readings.len();
        let wrong = format!("a series has 1 to {READINGS_MAX} readings, not {found}");
        table.add(text.span(), wrong);
        return None;
    }
    sound.then_some(readings)
}

/// Each word of a text in quotes, with its place in the file.
fn words(text: &Spanned<String>) -> impl Iterator<Item = (Range<usize>, &str)> {
    let whole = text.get_ref().as_str();
    let start = text.span().start + 1; // behind the quote
    whole.split_whitespace().map(move |word| {
        let at = start + (word.as_ptr() as usize - whole.as_ptr() as usize);
        (at..at + word.len(), word)
    })
}

/// Reads `0.5`, `0.5x10`, `0.2..0.6x5`, `0.5~suspect`, `_` or `!`; `<1` and `>1` of a laboratory.
/// Errors: what would be right.
fn series_word(word: &str, factor: f64, lab: Option<Analyte>) -> Result<Vec<Given>, String> {
    let right = || match lab {
        Some(_) => "write 3, <1, >100, 3x5 (five times) or _ (no sample)".to_owned(),
        None => "write 0.5, 0.5x10 (ten times), 0.2..0.6x5 (a ramp), 0.5~suspect, \
                 _ (nothing comes) or ! (could not read)"
            .to_owned(),
    };
    let (one, times) = match word.rsplit_once('x') {
        Some((one, times)) => (one, times.parse().map_err(|_| right())?),
        None => (word, 1_usize),
    };
    if !(1..=READINGS_MAX).contains(&times) {
        return Err(format!("how often must lie in 1 to {READINGS_MAX}"));
    }
    let same = |given| Ok(vec![given; times]);
    let number = |text: &str| {
        let number: f64 = text.parse().map_err(|_| right())?;
        if number.is_finite() { Ok(number * factor) } else { Err(right()) }
    };
    if one == "_" {
        return same(Given::Nothing);
    }
    if lab.is_some() {
        let (sign, text) = match (one.strip_prefix('<'), one.strip_prefix('>')) {
            (Some(text), _) => (Sign::Below, text),
            (_, Some(text)) => (Sign::Above, text),
            _ => (Sign::Equal, one),
        };
        return same(Given::Result(sign, number(text)?));
    }
    if one == "!" {
        return same(Given::Unread);
    }
    let (values, flag) = match one.split_once('~') {
        Some((values, name)) => {
            let known = Flag::CHOICES.iter().find(|(known, _)| *known == name);
            let names = Flag::CHOICES.map(|(name, _)| name).join(", ");
            (values, known.map(|(_, flag)| *flag).ok_or(format!("flags are {names}"))?)
        }
        None => (one, Flag::Good),
    };
    let Some((from, to)) = values.split_once("..") else {
        return same(Given::Value(number(values)?, flag));
    };
    let (from, to) = (number(from)?, number(to)?);
    let steps = times.saturating_sub(1).max(1) as f64;
    let value = |n: usize| from + (to - from) * n as f64 / steps;
    Ok((0..times).map(|n| Given::Value(value(n), flag)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_series_are_values_ramps_flags_and_gaps() {
        let read = |word| series_word(word, 1.0, None);
        let good = |value| Given::Value(value, Flag::Good);
        assert_eq!(read("0.5"), Ok(vec![good(0.5)]));
        assert_eq!(read("-1x3"), Ok(vec![good(-1.0); 3]));
        assert_eq!(read("1..2x3"), Ok(vec![good(1.0), good(1.5), good(2.0)]));
        assert_eq!(read("0.5~suspectx2"), Ok(vec![Given::Value(0.5, Flag::Suspect); 2]));
        assert_eq!(read("_x2"), Ok(vec![Given::Nothing; 2]));
        assert_eq!(read("!"), Ok(vec![Given::Unread]));
        assert_eq!(series_word("3x1", 10.0, None), Ok(vec![good(30.0)]));
        for bad in ["", "x", "nan", "0.5x0", "0.5x99999", "1..x2", "0.5~fine", "<1", "0.5X2"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let lab = |word| series_word(word, 1.0, Some(Analyte::EColi));
        assert_eq!(lab("<1x2"), Ok(vec![Given::Result(Sign::Below, 1.0); 2]));
        assert_eq!(lab("3"), Ok(vec![Given::Result(Sign::Equal, 3.0)]));
        assert!(lab("!").is_err() && lab("3~good").is_err());
    }
}
