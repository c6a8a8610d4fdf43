//! Tests that stand in rule files: a made-up series of readings, and what must follow from it.
//!
//! A `[[rule.test]]` makes up the instrument (or the sampling site) that its rule watches, at a
//! plant that suits the rule's selectors; `[[rule.test.beside]]` makes up others.

mod series;

use crate::base::alarm::AlarmChange;
use crate::base::analyte::{Analytes, Sign};
use crate::base::ids::VillageId;
use crate::base::problem::{Spanned, Table};
use crate::base::units::Quantity;
use crate::base::{Flag, Span, TagId};
use crate::inspection::book::{Kind, Place, Urgency};
use crate::inspection::event::Method;
use crate::inspection::expression::{Arity, Expression, Input, Villages};
use crate::inspection::rule_file::{MINUTES_MAX, URGENCIES, as_minutes};
use crate::inspection::select::{Pattern, Selector};
use crate::inspection::unit_keys::Measured;
use crate::plant::profile::Well;
use crate::plant::tags::SamplingPoint;
use series::{read_readings, read_samples};

/// A series is no longer than a week of minutes.
const READINGS_MAX: usize = 10_080;

/// Nothing is expected later: the year's rounds, and those of the year after.
const DAYS_MAX: f64 = 1_100.0;

/// The village of made-up instruments that must stand for one.
const VILLAGE: &str = "village";

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
    /// The clear well of the plant.
    pub well: Well,
    /// When a message comes in the plant's name that is refused.
    pub refused: Vec<Span>,
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
    /// So long after its sample a laboratory reports what it had.
    pub reported_after: Span,
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
    /// A value in its own unit, the instrument's opinion of it, and how far its clock is ahead.
    Value(f64, Flag, Span),
    /// A laboratory's result.
    Result(Sign, f64),
    /// A sample of which these results came, whatever they were.
    Sample(Analytes),
}

/// The tests of a rule without a mistake in them; none for a rule whose kind is not known.
pub(super) fn read(rule: &Table<'_>, kind: Option<&Kind>, select: &Selector) -> Vec<RuleTest> {
    let tables = rule.tables("test");
    let Some(kind) = kind else {
        for table in &tables {
            table.opt_text("title");
            table.opt_parse("starts", Span::parse_time_of_day);
            read_expect(table);
            forgive(table); // what is made up hangs on the kind, whose mistakes come first
        }
        return Vec::new();
    };
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
    let tables = table.tables("beside");
    let read = tables.iter().map(|it| read_beside(it, kind, watched.as_ref()));
    let beside: Vec<Option<Series>> = read.collect();
    let refused = match kind {
        Kind::Refusal(_) => table.numbers("refused_at_min"),
        _ => Vec::new(),
    };
    let refused = refused.iter().map(|it| Span::from_seconds_f64(it.get_ref() * 60.0)).collect();
    let expect = read_expect(table);
    let well = read_well(table, kind);
    let (watched, beside) = (watched?, beside.into_iter().collect::<Option<Vec<_>>>()?);
    for (at, series) in beside.iter().enumerate() {
        let mut before = std::iter::once(&watched).chain(&beside[..at]);
        if before.any(|it| it.tag == series.tag && it.measured == series.measured) {
            let text = format!("{} is made up twice", series.tag);
            table.add_with_help(tables[at].span(), text, "give it a `tag` of its own");
        }
    }
    Some(RuleTest {
        title,
        starts: starts.map_or(Span::hours(8), Spanned::into_inner),
        watched,
        beside,
        well: well?,
        refused,
        expect: expect?,
        place: Place { source: table.source().clone(), span: table.span() },
    })
}

/// The well of a rule that asks for it; of others it does not matter.
fn read_well(table: &Table<'_>, kind: &Kind) -> Option<Well> {
    let asks = matches!(kind, Kind::Expression(expression) if expression.asks_for_the_well());
    if !asks {
        return Some(Well { area_m2: 1.0, baffling_factor: 1.0 });
    }
    let area = table.number_in("well_area_m2", 0.1..=1_000_000.0);
    let factor = table.number_in("well_baffling", 0.1..=1.0);
    let (area_m2, baffling_factor) = (area?.into_inner(), factor?.into_inner());
    Some(Well { area_m2, baffling_factor })
}

fn read_expect(table: &Table<'_>) -> Option<Vec<Expected>> {
    if !table.has("expect") {
        let help = "`expect = []` says that nothing may be raised";
        table.add_with_help(table.span(), "`expect` is missing", help);
        return None;
    }
    let tables = table.tables("expect");
    let read = tables.iter().map(|it| {
        let at = read_at(it);
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

/// `at_min`, or for what takes long `at_d`.
fn read_at(table: &Table<'_>) -> Option<Span> {
    if !table.has("at_d") {
        return table.number_in("at_min", 0.0..=MINUTES_MAX).map(as_minutes);
    }
    if let Some(span) = table.key_span("at_min") {
        table.add(span, "`at_min` and `at_d` say the same: one of them");
    }
    let days = table.number_in("at_d", 0.0..=DAYS_MAX)?.into_inner();
    Some(Span::from_seconds_f64(days * 86_400.0))
}

fn read_watched(table: &Table<'_>, kind: &Kind, select: &Selector) -> Option<Series> {
    if let Kind::Expression(expression) = kind {
        let input = read_input(table, expression)?;
        return read_as_input(table, expression, input, Span::MINUTE);
    }
    let every = opt_every(table);
    let (measured, daily) = match kind {
        Kind::LabLimit(analyte, ..) => (Some(Measured::Analyte(*analyte)), true),
        Kind::Round(duty) => (duty.analytes.iter().next().map(Measured::Analyte), true),
        Kind::Event(event) => {
            (event.signals.first().map(|it| Measured::Quantity(it.quantity)), false)
        }
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
    let samples = match kind {
        Kind::Round(duty) => Some(duty.analytes),
        _ => None,
    };
    let mut series = read_series(table, measured, samples, (tag, usual, every))?;
    series.village = series.village.or_else(|| select.village.clone());
    // What the kind asks of an instrument besides its selectors.
    match kind {
        Kind::ServicePressure(_) => series.storeys = series.storeys.or(Some(2)),
        Kind::NightFlow(_) | Kind::NoDraw(_) => {
            let usual = series.usual_night_m3_per_h;
            series.usual_night_m3_per_h = usual.or(Some(USUAL_NIGHT_M3_PER_H));
            series.village = series.village.or_else(|| VillageId::new(VILLAGE).ok());
        }
        Kind::Event(event) if event.method == Method::TimeOfDay => {
            series.village = series.village.or_else(|| VillageId::new(VILLAGE).ok());
        }
        _ => {}
    }
    Some(series)
}

/// Usual flow of the night of a made-up meter `[D]`.
const USUAL_NIGHT_M3_PER_H: f64 = 20.0;

/// Another instrument; as the one that is watched where it says nothing else.
fn read_beside(table: &Table<'_>, kind: &Kind, watched: Option<&Series>) -> Option<Series> {
    let every = watched.map_or(Span::MINUTE, |it| it.every);
    if let Kind::Expression(expression) = kind
        && table.has("input")
    {
        let input = read_input(table, expression)?;
        return read_as_input(table, expression, input, every);
    }
    let every = opt_every(table).unwrap_or(every);
    let point = watched.map_or(SamplingPoint::FinishedWater, |it| it.point);
    // The second analyte of a sample comes from the same site.
    let same = match *kind {
        Kind::LabLimit(.., Some(_)) => watched.map(|it| it.tag.clone()),
        _ => None,
    };
    if !table.has("tag") && same.is_none() {
        table.add(table.span(), "`tag` is missing");
    }
    let measured = match *kind {
        Kind::LabLimit(.., Some(also)) => Some(Measured::Analyte(also.analyte)),
        Kind::GrabSample(grab) if !table.has("quantity") => Some(Measured::Analyte(grab.analyte)),
        _ => quantity(table),
    };
    let Some(measured) = measured else {
        forgive(table);
        return None;
    };
    let mut series = read_series(table, measured, None, (same, point, every))?;
    if matches!(kind, Kind::Event(_) | Kind::GrabSample(_)) {
        let village = || watched.and_then(|it| it.village.clone());
        series.village = series.village.or_else(village); // of the same place
    }
    Some(series)
}

/// Which of the expression's inputs a series is for; the one that is judged one by one, and an only
/// one, need not be named.
fn read_input<'e>(table: &Table<'_>, expression: &'e Expression) -> Option<&'e Input> {
    let inputs = &expression.inputs;
    let names: Vec<&str> = inputs.iter().map(|it| it.name.as_str()).collect();
    let Some(name) = table.opt_text("input") else {
        let each = inputs.iter().find(|it| it.arity == Arity::Each);
        let usual = each.or_else(|| inputs.first().filter(|_| inputs.len() == 1));
        if usual.is_none() {
            if !table.has("input") {
                let help = format!("the rule looks at {}", names.join(", "));
                table.add_with_help(table.span(), "`input` is missing", help);
            }
            forgive(table);
        }
        return usual;
    };
    let found = inputs.iter().find(|it| it.name == *name.get_ref());
    if found.is_none() {
        table.unknown(name.span(), "input of this rule", name.get_ref(), &names);
        forgive(table);
    }
    found
}

/// An instrument that serves an input.
fn read_as_input(
    table: &Table<'_>,
    expression: &Expression,
    input: &Input,
    every: Span,
) -> Option<Series> {
    let every = opt_every(table).unwrap_or(every);
    let point = input.select.point.unwrap_or(SamplingPoint::FinishedWater);
    let name = input.select.tag.as_ref().map_or(input.name.clone(), Pattern::example);
    let measured = Measured::Quantity(input.select.quantity?);
    let tag = TagId::new(&name).ok();
    let mut series = read_series(table, measured, None, (tag, point, every))?;
    let has_same = expression.inputs.iter().any(|it| it.villages == Villages::Same);
    if input.villages != Villages::Any || (has_same && input.arity == Arity::Each) {
        series.village = series.village.or_else(|| VillageId::new(VILLAGE).ok());
    }
    Some(series)
}

fn quantity(table: &Table<'_>) -> Option<Measured> {
    let quantities = Quantity::ALL.map(|quantity| (quantity.name(), quantity));
    table.meant("quantity", &quantities).map(|it| Measured::Quantity(it.into_inner()))
}

fn opt_every(table: &Table<'_>) -> Option<Span> {
    table.opt_number_in("every_min", 0.01..=MINUTES_MAX).map(as_minutes)
}

/// The keys of one made-up instrument, or of the site of a round whose samples are for these
/// analytes; beside them what it is by default: name, water, poll.
fn read_series(
    table: &Table<'_>,
    measured: Measured,
    samples: Option<Analytes>,
    (tag, point, every): (Option<TagId>, SamplingPoint, Span),
) -> Option<Series> {
    let own = table.opt_parse("tag", TagId::new).map(Spanned::into_inner);
    let point =
        table.opt_choice("point", &SamplingPoint::CHOICES).map_or(point, Spanned::into_inner);
    let village = table.opt_parse("village", VillageId::new).map(Spanned::into_inner);
    let (mut storeys, mut rise_m, mut usual_night) = (None, None, None);
    let mut reported_after = None;
    match measured {
        Measured::Analyte(_) => {
            reported_after = table.opt_number_in("reported_after_min", 0.0..=MINUTES_MAX);
        }
        Measured::Quantity(Quantity::Pressure) => {
            storeys = table.opt_integer_in("storeys", 1..=100).map(Spanned::into_inner);
            rise_m = table.opt_number_in("rise_m", -200.0..=200.0).map(Spanned::into_inner);
        }
        Measured::Quantity(Quantity::Flow) => {
            usual_night = table.opt_number_in("usual_night_m3_per_h", 0.0..=1e5);
        }
        Measured::Quantity(_) => {}
    }
    let range = read_range(table, measured);
    let readings = match samples {
        Some(analytes) => read_samples(table, analytes),
        None => read_readings(table, measured),
    };
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
        reported_after: reported_after.map_or(Span::ZERO, as_minutes),
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
    table.add(table.place_of(&key), format!("`{key}` must be two numbers, the lower one first"));
    None
}

/// What instruments of a kind usually show, in the quantity's unit `[D]`.
fn usual_range(quantity: Quantity) -> (f64, f64) {
    match quantity {
        Quantity::Pressure => (0.0, 1_600.0),
        Quantity::Flow => (0.0, 1_000.0),
        Quantity::Level => (0.0, 10.0),
        Quantity::FreeChlorine | Quantity::TotalChlorine | Quantity::ChlorineDioxide => (0.0, 5.0),
        Quantity::Ozone => (0.0, 2.0),
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
