//! Reads `[[quality-test]]` tables, and the keys of rules of kind `quality`.

use super::TwoLimits;
use super::flat_line::{FlatLineTest, Stretch};
use super::partner::{Multivariate, Neighbour, Partners, Side};
use super::quality::{Level, QualityRule};
use super::range::{Bounds, Climatology, GrossRange};
use super::rate::{Change, RateTest};
use super::spec::{TestKind, TestSpec};
use super::spike::SpikeTest;
use super::spread::{Attenuation, Measure};
use super::timing::Pace;
use crate::base::ids::VillageId;
use crate::base::problem::{Spanned, Table};
use crate::base::text::Lang;
use crate::base::units::{Quantity, Unit};
use crate::base::{QualityTest, QualityTests, RuleId, Span, TagId};
use crate::inspection::book::Place;
use crate::inspection::citation;
use crate::inspection::kind_file::plant_selector;
use crate::inspection::limit_file::in_unit;
use crate::inspection::rule_file::{MINUTES_MAX, as_minutes};
use crate::inspection::select::{Pattern, Selector};
use crate::inspection::unit_keys::{Measured, shown, spoken, units_of};
use crate::plant::tags::SamplingPoint;

/// What keys of tests that carry a unit begin with.
const STEMS: [&str; 6] = ["suspect", "fail", "operator", "least", "tolerance", "offset"];

/// Keys of some test that carry no unit; while its kind is missing nobody can say which it may
/// have.
const PLAIN: [&str; 23] = [
    "quantity",
    "point",
    "tag",
    "gap_polls",
    "early_polls",
    "season",
    "within_polls",
    "percent",
    "confirm",
    "per_min",
    "deviations",
    "window_min",
    "readings",
    "suspect_readings",
    "suspect_min",
    "fail_readings",
    "fail_min",
    "may_rest",
    "measure",
    "by_quantity",
    "by_point",
    "by_tag",
    "within_min",
];

/// What a file says in `[[quality-test]]` tables.
pub struct Tests {
    /// Those without a mistake.
    pub sound: Vec<TestSpec>,
    /// Those with mistakes of which it is yet clear what they watch and look for.
    pub drafts: Vec<TestSpec>,
}

/// The tests of a file; `named` collects every id, with its place.
pub fn read(file: &Table<'_>, named: &mut Vec<(RuleId, Place)>) -> Tests {
    let tables = file.tables("quality-test");
    let mut tests = Tests { sound: Vec::new(), drafts: Vec::new() };
    for table in &tables {
        let before = table.mistakes();
        let spec = read_spec(table, named);
        let unread = table.unread().len();
        match spec {
            Some(spec) if table.mistakes() == before && unread == 0 => tests.sound.push(spec),
            Some(spec) if unread == 0 => tests.drafts.push(spec),
            Some(_) | None => {}
        }
    }
    tests
}

fn read_spec(table: &Table<'_>, named: &mut Vec<(RuleId, Place)>) -> Option<TestSpec> {
    let id = table.parse("id", RuleId::new);
    let place = id.as_ref().map(|id| Place { source: table.source().clone(), span: id.span() });
    if let (Some(id), Some(place)) = (&id, &place) {
        named.push((id.get_ref().clone(), place.clone()));
    }
    let source = citation::read(table);
    let test = table.meant("test", &with_limits()).map(Spanned::into_inner);
    let before = table.mistakes();
    let mut select = plant_selector(table);
    select.point = table.opt_choice("point", &SamplingPoint::CHOICES).map(Spanned::into_inner);
    select.village = table.opt_parse("village", VillageId::new).map(Spanned::into_inner);
    select.tag = table.opt_parse("tag", Pattern::new).map(Spanned::into_inner);
    let Some(test) = test else {
        table.opt_choice("quantity", &quantities());
        forgive(table);
        return None;
    };
    let kind = read_kind(table, test, &mut select).filter(|_| table.mistakes() == before);
    let (id, source) = (id?.into_inner(), source.unwrap_or_default());
    Some(TestSpec { id, source, select, kind: kind?, place: place? })
}

/// The tests that have limits of their own; syntax has none.
fn with_limits() -> Vec<(&'static str, QualityTest)> {
    let all = QualityTest::ALL.into_iter().filter(|test| *test != QualityTest::Syntax);
    all.map(|test| (test.name(), test)).collect()
}

fn quantities() -> [(&'static str, Quantity); Quantity::ALL.len()] {
    Quantity::ALL.map(|quantity| (quantity.name(), quantity))
}

fn read_kind(table: &Table<'_>, test: QualityTest, select: &mut Selector) -> Option<TestKind> {
    if matches!(test, QualityTest::Timing | QualityTest::Syntax) {
        select.quantity = table.opt_choice("quantity", &quantities()).map(Spanned::into_inner);
        return read_pace(table).map(TestKind::Timing);
    }
    if test == QualityTest::GrossRange && !table.has("quantity") {
        // What a sensor can show stands with the instrument: no value, no unit.
        return Some(TestKind::GrossRange(GrossRange::default()));
    }
    let Some(quantity) = table.meant("quantity", &quantities()).map(Spanned::into_inner) else {
        forgive(table);
        return None;
    };
    select.quantity = Some(quantity);
    match test {
        QualityTest::Timing | QualityTest::Syntax => None,
        QualityTest::GrossRange => Some(TestKind::GrossRange(read_gross_range(table, quantity))),
        QualityTest::Climatology => read_climatology(table, quantity)
            .map(|climatology| TestKind::Climatology(Box::new(climatology))),
        QualityTest::Spike => read_spike(table, quantity).map(TestKind::Spike),
        QualityTest::RateOfChange => read_rate(table, quantity).map(TestKind::RateOfChange),
        QualityTest::FlatLine => read_flat_line(table, quantity).map(TestKind::FlatLine),
        QualityTest::AttenuatedSignal => {
            read_attenuation(table, quantity).map(TestKind::AttenuatedSignal)
        }
        QualityTest::Multivariate => read_multivariate(table, quantity).map(TestKind::Multivariate),
        QualityTest::Neighbour => read_neighbour(table, quantity).map(TestKind::Neighbour),
    }
}

fn forgive(table: &Table<'_>) {
    for key in PLAIN.iter().chain(&["same_village", "side"]) {
        table.has(key);
    }
    let keys = Unit::ALL.into_iter().flat_map(|unit| STEMS.map(|stem| (stem, unit.key(stem))));
    for (stem, key) in keys.filter(|(_, key)| table.key_span(key).is_some()) {
        if stem == "operator" {
            table.numbers(&key);
        } else {
            table.opt_number(&key);
        }
    }
}

/// A value in the quantity's unit that must be there and lie within `low` to `high`.
/// The key that begins with `stem`, in a unit that suits `quantity`; it has to be there.
pub fn value(
    table: &Table<'_>,
    quantity: Quantity,
    stem: &str,
    least: f64,
) -> Option<Spanned<f64>> {
    let value = opt_value(table, quantity, stem, least);
    let starts = |key: Spanned<&str>| key.get_ref().starts_with(&format!("{stem}_"));
    if value.is_none() && !table.keys().any(starts) {
        let key = quantity.measured_in().key(stem);
        table.add(table.span(), format!("`{key}` is missing"));
    }
    value
}

fn opt_value(
    table: &Table<'_>,
    quantity: Quantity,
    stem: &str,
    least: f64,
) -> Option<Spanned<f64>> {
    let value = in_unit(table, Measured::Quantity(quantity), stem)?;
    if *value.get_ref() < least {
        let found = shown(quantity, *value.get_ref());
        table.add(value.span(), format!("`{stem}` must be at least {least}, found {found}"));
        return None;
    }
    Some(value)
}

/// `suspect_…`, and `fail_…` beyond it; `above` says on which side of it beyond is.
fn two_limits(table: &Table<'_>, quantity: Quantity, above: bool) -> Option<TwoLimits> {
    let suspect = value(table, quantity, "suspect", 0.0);
    let fail = opt_value(table, quantity, "fail", 0.0);
    let suspect = suspect?.into_inner();
    if let Some(fail) = &fail
        && (above && *fail.get_ref() <= suspect || !above && *fail.get_ref() >= suspect)
    {
        let side = if above { "more" } else { "less" };
        let text = format!("what has failed must be {side} than what is suspect, {suspect}");
        table.add(fail.span(), text);
        return None;
    }
    Some(TwoLimits { suspect, fail: fail.map(Spanned::into_inner) })
}

fn minutes(table: &Table<'_>, key: &'static str) -> Option<Span> {
    table.number_in(key, 0.1..=MINUTES_MAX).map(as_minutes)
}

fn count(table: &Table<'_>, key: &'static str, least: i64) -> Option<u32> {
    u32::try_from(table.integer_in(key, least..=100_000)?.into_inner()).ok()
}

/// `[low, high]` in one of the units that suit the quantity.
fn bounds(table: &Table<'_>, quantity: Quantity, stem: &str) -> Option<Spanned<Bounds>> {
    let right = units_of(quantity);
    let foreign = Unit::ALL.into_iter().filter(|unit| !right.iter().any(|(own, _)| own == unit));
    table.refuse_units(stem, (quantity.name(), quantity.measured_in()), foreign);
    let (key, factor) = right.iter().find_map(|(unit, factor)| {
        let key = unit.key(stem);
        table.has(&key).then_some((key, *factor))
    })?;
    let span = table.key_span(&key)?;
    let numbers: Vec<f64> = table.numbers(&key).into_iter().map(Spanned::into_inner).collect();
    match numbers[..] {
        [low, high] if low < high => Some(Spanned::new(span, (low * factor, high * factor))),
        _ => {
            let help = format!("write {key} = [lowest, highest]");
            table.add_with_help(span, format!("`{key}` is no range"), help);
            None
        }
    }
}

fn required_bounds(table: &Table<'_>, quantity: Quantity, stem: &str) -> Option<Bounds> {
    let found = bounds(table, quantity, stem);
    let starts = |key: Spanned<&str>| key.get_ref().starts_with(&format!("{stem}_"));
    if found.is_none() && !table.keys().any(starts) {
        let key = quantity.measured_in().key(stem);
        table.add(table.span(), format!("`{key}` is missing"));
    }
    found.map(Spanned::into_inner)
}

fn read_pace(table: &Table<'_>) -> Option<Pace> {
    let before = table.mistakes();
    let gap = table.opt_number_in("gap_polls", 1.1..=10_000.0);
    let early = table.opt_number_in("early_polls", 0.0..=0.9);
    if gap.is_none() && early.is_none() && table.mistakes() == before {
        let help = "give gap_polls, early_polls or both; a time that goes back is always found";
        table.add_with_help(table.span(), "this timing test asks for nothing", help);
        return None;
    }
    let number = |it: Option<Spanned<f64>>| it.map(Spanned::into_inner);
    Some(Pace { gap_polls: number(gap), early_polls: number(early) })
}

fn read_gross_range(table: &Table<'_>, quantity: Quantity) -> GrossRange {
    let operator = bounds(table, quantity, "operator").map(Spanned::into_inner);
    GrossRange { operator }
}

fn read_climatology(table: &Table<'_>, quantity: Quantity) -> Option<Climatology> {
    let seasons = table.tables("season");
    if seasons.is_empty() {
        let help = "add [[quality-test.season]] with months and operator_…";
        table.add_with_help(table.place_of("season"), "`season` is missing", help);
    }
    let mut climatology = Climatology::default();
    for season in &seasons {
        let months = season.numbers("months");
        if months.is_empty() && !season.has("months") {
            season.add_with_help(
                season.span(),
                "`months` is missing",
                "such as months = [12, 1, 2]",
            );
        }
        let bounds = required_bounds(season, quantity, "operator");
        for month in months {
            let number = *month.get_ref();
            if number.fract() != 0.0 || !(1.0..=12.0).contains(&number) {
                season.add(month.span(), format!("{number} is no month: 1 to 12"));
                continue;
            }
            let place = &mut climatology.months[number as usize - 1];
            if place.is_some() {
                season.add(month.span(), format!("month {number} has a range already"));
            }
            *place = bounds;
        }
    }
    (!seasons.is_empty()).then_some(climatology)
}

fn read_spike(table: &Table<'_>, quantity: Quantity) -> Option<SpikeTest> {
    let limits = two_limits(table, quantity, true);
    let within = table.opt_number_in("within_polls", 1.0..=100.0);
    let within_polls = within.map_or(NEIGHBOURS_WITHIN_POLLS, Spanned::into_inner);
    let share = table.opt_number_in("percent", 0.0..=1_000.0);
    let share = share.map_or(0.0, |percent| percent.into_inner() / 100.0);
    Some(SpikeTest { limits: limits?, share, within_polls })
}

/// A spike's neighbours lie this near when nothing else is said `[D]`.
const NEIGHBOURS_WITHIN_POLLS: f64 = 3.0;

fn read_rate(table: &Table<'_>, quantity: Quantity) -> Option<RateTest> {
    if !table.has("deviations") {
        return read_change(table, quantity).map(RateTest::Fixed);
    }
    let deviations = table.number_in("deviations", 1.0..=100.0);
    let window = minutes(table, "window_min");
    let readings = count(table, "readings", 3);
    let least = value(table, quantity, "least", 0.0);
    Some(RateTest::Deviations {
        deviations: deviations?.into_inner(),
        window: window?,
        readings: readings?,
        least: least?.into_inner(),
    })
}

fn read_change(table: &Table<'_>, quantity: Quantity) -> Option<Change> {
    let limits = two_limits(table, quantity, true);
    let per = minutes(table, "per_min");
    Some(Change { limits: limits?, per: per? })
}

fn read_flat_line(table: &Table<'_>, quantity: Quantity) -> Option<FlatLineTest> {
    let tolerance = value(table, quantity, "tolerance", 0.0);
    let suspect = (count(table, "suspect_readings", 3), minutes(table, "suspect_min"));
    let asks_fail = table.has("fail_readings") | table.has("fail_min");
    let fail = asks_fail.then(|| (count(table, "fail_readings", 3), minutes(table, "fail_min")));
    let may_rest = table.opt_bool("may_rest").is_none_or(Spanned::into_inner);
    let suspect = Stretch { readings: suspect.0?, over: suspect.1? };
    let fail = match fail {
        Some((readings, over)) => Some(Stretch { readings: readings?, over: over? }),
        None => None,
    };
    if fail.is_some_and(|it| it.readings < suspect.readings || it.over < suspect.over) {
        let is_over = fail.is_some_and(|it| it.over < suspect.over);
        let key = if is_over { "fail_min" } else { "fail_readings" };
        table.add(table.place_of(key), "a flat line cannot fail before it is suspect");
        return None;
    }
    Some(FlatLineTest { tolerance: tolerance?.into_inner(), suspect, fail, may_rest })
}

fn read_attenuation(table: &Table<'_>, quantity: Quantity) -> Option<Attenuation> {
    let measures = [("deviation", Measure::Deviation), ("range", Measure::Range)];
    let measure = table.choice("measure", &measures);
    let limits = two_limits(table, quantity, false);
    let window = minutes(table, "window_min");
    let readings = count(table, "readings", 3);
    Some(Attenuation {
        measure: measure?.into_inner(),
        limits: limits?,
        window: window?,
        readings: readings?,
    })
}

/// Which other instruments are meant.
pub fn partners(table: &Table<'_>) -> Partners {
    Partners {
        tag: table.opt_parse("by_tag", TagId::new).map(Spanned::into_inner),
        quantity: table.opt_choice("by_quantity", &quantities()).map(Spanned::into_inner),
        point: table.opt_choice("by_point", &SamplingPoint::CHOICES).map(Spanned::into_inner),
        same_village: table.opt_bool("same_village").is_some_and(Spanned::into_inner),
    }
}

fn read_multivariate(table: &Table<'_>, quantity: Quantity) -> Option<Multivariate> {
    let limits = value(table, quantity, "suspect", 0.0);
    let per = minutes(table, "per_min");
    let within = minutes(table, "within_min");
    let confirming = table.tables("confirm");
    if confirming.is_empty() {
        let help = "add [[quality-test.confirm]] with by_quantity and change_…";
        table.add_with_help(
            table.place_of("confirm"),
            "`confirm` is missing: what can confirm a jump?",
            help,
        );
    }
    let by: Vec<_> = confirming.iter().map(read_confirm).collect();
    let limits = TwoLimits { suspect: limits?.into_inner(), fail: None };
    let by = by.into_iter().collect::<Option<Vec<_>>>()?;
    let jump = Change { limits, per: per? };
    (!by.is_empty()).then_some(Multivariate { jump, by, within: within? })
}

fn read_confirm(table: &Table<'_>) -> Option<(Partners, f64)> {
    let by = partners(table);
    let Some(other) = by.quantity else {
        if !table.has("by_quantity") {
            table.add(table.span(), "`by_quantity` is missing");
        }
        let keys = Unit::ALL.map(|unit| unit.key("change"));
        for key in keys.iter().filter(|key| table.key_span(key).is_some()) {
            table.opt_number(key); // known, though of no use yet
        }
        return None;
    };
    Some((by, value(table, other, "change", 0.0)?.into_inner()))
}

fn read_neighbour(table: &Table<'_>, quantity: Quantity) -> Option<Neighbour> {
    let tolerance = value(table, quantity, "tolerance", 0.0);
    let offset =
        in_unit(table, Measured::Quantity(quantity), "offset").map_or(0.0, Spanned::into_inner);
    let sides = [("both", Side::Both), ("above", Side::Above), ("below", Side::Below)];
    let side = table.opt_choice("side", &sides).map_or(Side::Both, Spanned::into_inner);
    let mut by = partners(table);
    let other = *by.quantity.get_or_insert(quantity);
    let within = minutes(table, "within_min");
    if other.measured_in() != quantity.measured_in() {
        let span = table.key_span("by_quantity").unwrap_or_else(|| table.span());
        let (one, other) = (spoken(quantity, Lang::En), spoken(other, Lang::En));
        table.add(span, format!("{one} and {other} are in different units: they cannot agree"));
        return None;
    }
    let tolerance = tolerance?.into_inner();
    Some(Neighbour { by, offset, tolerance, side, within: within? })
}

/// The keys of a rule of kind `quality`.
pub fn read_rule(table: &Table<'_>) -> Option<QualityRule> {
    let known: Vec<&str> = QualityTest::ALL.iter().map(|test| test.name()).collect();
    let mut tests = QualityTests::NONE;
    let texts = table.texts("tests");
    if texts.is_empty() {
        let help = format!("known: {}", known.join(", "));
        table.add_with_help(table.place_of("tests"), "`tests` is missing or empty", help);
    }
    let mut sound = !texts.is_empty();
    for text in &texts {
        let named = QualityTest::ALL.into_iter().find(|test| test.name() == text.get_ref());
        if let Some(test) = named {
            tests |= test.into();
        } else {
            table.unknown(text.span(), "test", text.get_ref(), &known);
            sound = false;
        }
    }
    let levels = [("suspect", Level::Suspect), ("fail", Level::Fail)];
    let level = table.opt_choice("level", &levels).map_or(Level::Suspect, Spanned::into_inner);
    let window = table.opt_number_in("window_min", 1.0..=MINUTES_MAX).map(as_minutes);
    let readings = table.opt_integer_in("readings", 1..=100_000);
    let share = table.opt_number_in("share_percent", 0.1..=100.0);
    let lone = readings.as_ref().map(Spanned::span).or(share.as_ref().map(Spanned::span));
    if let Some(span) = lone.filter(|_| window.is_none() && !table.has("window_min")) {
        let help = "add window_min; without it the last reading decides";
        table.add_with_help(span, "readings are counted over a window", help);
        sound = false;
    }
    if let Some(span) = table.key_span("accept_flags") {
        table.add(span, "a quality rule looks at every reading, whatever its flag");
        sound = false;
    }
    let readings = readings.map_or(1, Spanned::into_inner);
    let share = share.map_or(0.0, |share| share.into_inner() / 100.0);
    let readings = u32::try_from(readings).ok()?;
    sound.then_some(QualityRule { tests, level, window, readings, share })
}
