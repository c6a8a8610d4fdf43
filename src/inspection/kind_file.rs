//! Reads what a rule looks for, and where: the keys that hang on its kind.

use std::sync::Arc;

use crate::base::Span;
use crate::base::analyte::Analyte;
use crate::base::ids::VillageId;
use crate::base::problem::{Spanned, Table};
use crate::base::units::{Length, Quantity, Unit};
use crate::inspection::also;
use crate::inspection::book::Kind;
use crate::inspection::event;
use crate::inspection::expression;
use crate::inspection::grab_file;
use crate::inspection::limit::{LimitInForce, Side};
use crate::inspection::limit_file::read_limit;
use crate::inspection::plausibility::flow_window::FlowTest;
use crate::inspection::refusal_watch::{REASONS, RefusalRule};
use crate::inspection::round_file;
use crate::inspection::rule_file::{MINUTES_MAX, as_minutes};
use crate::inspection::select::{Pattern, SIZE_CLASSES, Selector, SizeClasses, Supply};
use crate::inspection::service_pressure::ServiceHead;
use crate::inspection::signal::spec_file;
use crate::inspection::unit_keys::{Measured, STEMS};
use crate::plant::profile::{Disinfectant, WaterSource};
use crate::plant::tags::SamplingPoint;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum KindName {
    Limit,
    ServicePressure,
    NightFlow,
    NoDraw,
    Event,
    Quality,
    LabLimit,
    GrabSample,
    Round,
    Expression,
    Refusal,
    TagSilence,
    GatewaySilence,
}

impl KindName {
    /// Is it about what people take to a laboratory, not about instruments?
    pub fn is_about_samples(self) -> bool {
        matches!(self, Self::LabLimit | Self::Round)
    }

    /// Does it judge results when they are reported, with nothing to wait for?
    pub fn is_of_results(self) -> bool {
        self.is_about_samples() || self == Self::GrabSample
    }
}

pub(super) const KINDS: [(&str, KindName); 13] = [
    ("limit", KindName::Limit),
    ("service-pressure", KindName::ServicePressure),
    ("night-flow", KindName::NightFlow),
    ("no-draw", KindName::NoDraw),
    ("event", KindName::Event),
    ("quality", KindName::Quality),
    ("lab-limit", KindName::LabLimit),
    ("grab-sample", KindName::GrabSample),
    ("round", KindName::Round),
    ("expression", KindName::Expression),
    ("refusal", KindName::Refusal),
    ("tag-silence", KindName::TagSilence),
    ("gateway-silence", KindName::GatewaySilence),
];

/// Stands for a limit that cannot be read.
const NO_LIMIT: LimitInForce =
    LimitInForce { side: Side::Above, raise: 0.0, clear: 0.0, unverified: false };

/// Stands for heads that cannot be read.
fn no_head() -> ServiceHead {
    let none = Length::m(0.0);
    ServiceHead { one_storey: none, two_storeys: none, further_storey: none, deadband: none }
}

/// Stands for a test of flow that cannot be read.
fn no_flow(side: Side) -> FlowTest {
    FlowTest {
        from: Span::ZERO,
        to: Span::ZERO,
        average: Span::ZERO,
        sustained: Span::ZERO,
        side,
        usual_times: 0.0,
        excess_m3_per_h: 0.0,
        deadband_m3_per_h: 0.0,
    }
}

/// What a rule looks for.
#[derive(Default)]
pub(super) struct Found {
    /// None: it has a mistake, which is told.
    pub kind: Option<Kind>,
    /// The same with figures that mean nothing: enough to say which further keys the rule may have,
    /// while its own cannot be read. None: they hang on what cannot be read.
    pub stand_in: Option<Kind>,
}

impl Found {
    /// A kind of which nothing further can be said without its figures.
    fn whole(kind: Option<Kind>) -> Self {
        Self { kind, stand_in: None }
    }

    /// Enough to read further keys by.
    pub fn as_far_as_known(&self) -> Option<&Kind> {
        self.kind.as_ref().or(self.stand_in.as_ref())
    }
}

/// Which plants are meant.
pub(super) fn plant_selector(table: &Table<'_>) -> Selector {
    let disinfectant = table.opt_choice("disinfectant", &Disinfectant::CHOICES);
    let people = |key| {
        let number = table.opt_integer_in(key, 1..=1_000_000_000)?.into_inner();
        u32::try_from(number).ok()
    };
    Selector {
        disinfectant: disinfectant.map(Spanned::into_inner),
        supply: table.opt_choice("supply", &Supply::CHOICES).map(Spanned::into_inner),
        size_class: size_classes(table),
        water_source: table
            .opt_choice("water_source", &WaterSource::CHOICES)
            .map(Spanned::into_inner),
        people_from: people("people_from"),
        people_below: people("people_below"),
        plant: table.opt_parse("plant", Pattern::new).map(Spanned::into_inner),
        county: table.opt_text("county").map(Spanned::into_inner),
        ..Selector::default()
    }
}

/// One class, or several.
fn size_classes(table: &Table<'_>) -> Option<SizeClasses> {
    let names = SIZE_CLASSES.map(|(name, _)| name);
    let mut classes = Vec::new();
    for text in table.text_or_texts("size_class") {
        match SIZE_CLASSES.iter().find(|(name, _)| name == text.get_ref()) {
            Some((_, class)) => classes.push(*class),
            None => table.unknown(text.span(), "`size_class`", text.get_ref(), &names),
        }
    }
    (!classes.is_empty()).then(|| SizeClasses::of(classes))
}

/// What a rule of kind `name` looks for, and which instruments it watches.
pub(super) fn read(table: &Table<'_>, name: Option<KindName>) -> (Found, Selector) {
    let mut select = plant_selector(table);
    let Some(kind) = name else {
        read_unexplained(table);
        return (Found::default(), select);
    };
    if !matches!(kind, KindName::GatewaySilence | KindName::Refusal | KindName::Expression) {
        let key = if kind.is_about_samples() { "site" } else { "tag" };
        read_places(table, key, &mut select);
    }
    let found = match kind {
        KindName::Limit => {
            select.quantity = table.meant("quantity", &quantities()).map(Spanned::into_inner);
            read_value_limit(table, select.quantity)
        }
        KindName::Event => {
            let rule = event::spec_file::read_rule(table);
            let first = rule.as_ref().and_then(|rule| rule.signals.first());
            select.quantity = first.map(|signal| signal.quantity);
            Found::whole(rule.map(Kind::Event))
        }
        KindName::Quality => {
            select.quantity = opt_quantity(table);
            let kind = spec_file::read_rule(table).map(Kind::Quality);
            Found { kind, stand_in: Some(Kind::TagSilence) } // their tests have the same keys
        }
        KindName::ServicePressure => {
            select.quantity = Some(Quantity::Pressure);
            let kind = read_service_head(table).map(Kind::ServicePressure);
            Found { kind, stand_in: Some(Kind::ServicePressure(no_head())) }
        }
        KindName::NightFlow | KindName::NoDraw => {
            select.quantity = Some(Quantity::Flow);
            let (side, kind): (_, fn(FlowTest) -> Kind) = match kind {
                KindName::NightFlow => (Side::Above, Kind::NightFlow),
                _ => (Side::Below, Kind::NoDraw),
            };
            Found {
                kind: read_flow_window(table, side).map(kind),
                stand_in: Some(kind(no_flow(side))),
            }
        }
        KindName::LabLimit => read_lab_limit(table),
        KindName::GrabSample => {
            select.quantity = table.meant("quantity", &quantities()).map(Spanned::into_inner);
            Found::whole(grab_file::read(table, select.quantity).map(Kind::GrabSample))
        }
        KindName::Round => Found::whole(round_file::read(table).map(Kind::Round)),
        KindName::Expression => {
            let rule = expression::file::read(table, &select);
            Found::whole(rule.map(|it| Kind::Expression(Arc::new(it))))
        }
        KindName::TagSilence => {
            select.quantity = opt_quantity(table);
            Found::whole(Some(Kind::TagSilence))
        }
        KindName::Refusal => {
            let rule = read_refusal(table).map(|it| Kind::Refusal(Arc::new(it)));
            let stand_in = RefusalRule { reasons: Vec::new(), quiet: Span::ZERO };
            Found { kind: rule, stand_in: Some(Kind::Refusal(Arc::new(stand_in))) }
        }
        KindName::GatewaySilence => {
            let after = table.number_in("after_min", 0.1..=MINUTES_MAX).map(as_minutes);
            let kind = |after| Kind::GatewaySilence { after };
            Found { kind: after.map(kind), stand_in: Some(kind(Span::ZERO)) }
        }
    };
    (found, select)
}

/// Which places of a plant are meant; `key` names its instruments, or its sampling sites.
fn read_places(table: &Table<'_>, key: &str, select: &mut Selector) {
    select.point = table.opt_choice("point", &SamplingPoint::CHOICES).map(Spanned::into_inner);
    select.tag = table.opt_parse(key, Pattern::new).map(Spanned::into_inner);
    select.village = table.opt_parse("village", VillageId::new).map(Spanned::into_inner);
}

fn read_value_limit(table: &Table<'_>, quantity: Option<Quantity>) -> Found {
    let Some(quantity) = quantity else {
        forgive(table);
        return Found::default();
    };
    let limit = read_limit(table, Measured::Quantity(quantity)).map(Kind::Limit);
    Found { kind: limit, stand_in: Some(Kind::Limit(NO_LIMIT)) }
}

fn quantities() -> [(&'static str, Quantity); Quantity::ALL.len()] {
    Quantity::ALL.map(|quantity| (quantity.name(), quantity))
}

fn opt_quantity(table: &Table<'_>) -> Option<Quantity> {
    table.opt_choice("quantity", &quantities()).map(Spanned::into_inner)
}

/// Reads what means the same whatever a rule looks for, while that is missing: what is wrong with
/// it is told beside that.
fn read_unexplained(table: &Table<'_>) {
    opt_quantity(table);
    table.opt_choice("analyte", &Analyte::ALL.map(|analyte| (analyte.name(), analyte)));
    table.opt_choice("point", &SamplingPoint::CHOICES);
    table.opt_parse("tag", Pattern::new);
    table.opt_parse("site", Pattern::new);
    table.opt_parse("village", VillageId::new);
    table.opt_number_in("after_min", 0.1..=MINUTES_MAX);
    forgive(table);
}

/// Keys that only a kind or a quantity explains are not called unknown while that is missing; but
/// what carries a unit is a number.
pub(super) fn forgive(table: &Table<'_>) {
    for key in [
        "quantity",
        "analyte",
        "analytes",
        "point",
        "tag",
        "site",
        "village",
        "after_min",
        "from",
        "to",
        "tests",
        "level",
        "rise_asks_again",
        "also",
    ] {
        table.has(key);
    }
    let keys = Unit::ALL.into_iter().flat_map(|unit| STEMS.map(|stem| unit.key(stem)));
    for key in keys.filter(|key| table.key_span(key).is_some()) {
        table.opt_number(&key);
    }
}

fn read_lab_limit(table: &Table<'_>) -> Found {
    let analytes = Analyte::ALL.map(|analyte| (analyte.name(), analyte));
    let Some(analyte) = table.meant("analyte", &analytes).map(Spanned::into_inner) else {
        forgive(table);
        return Found::default();
    };
    let also = also::read(table, analyte);
    let is_wrong = also.is_none() && table.has("also"); // which is told
    let found = |limit| Kind::LabLimit(analyte, limit, also);
    let limit = read_limit(table, Measured::Analyte(analyte)).filter(|_| !is_wrong).map(found);
    Found { kind: limit, stand_in: (!is_wrong).then(|| found(NO_LIMIT)) }
}

fn read_refusal(table: &Table<'_>) -> Option<RefusalRule> {
    let texts = table.texts("reasons");
    if texts.is_empty() {
        table.add(table.place_of("reasons"), "`reasons` is missing");
    }
    let known = |text: &Spanned<String>| {
        let known = REASONS.into_iter().find(|word| word == text.get_ref());
        if known.is_none() {
            table.unknown(text.span(), "reason", text.get_ref(), &REASONS);
        }
        known
    };
    let reasons: Vec<_> = texts.iter().map(known).collect();
    let quiet = table.number_in("quiet_min", 1.0..=MINUTES_MAX).map(as_minutes);
    let reasons: Vec<&'static str> = reasons.into_iter().collect::<Option<_>>()?;
    (!reasons.is_empty()).then_some(RefusalRule { reasons, quiet: quiet? })
}

fn read_service_head(table: &Table<'_>) -> Option<ServiceHead> {
    let metres = |key| table.number_in(key, 0.0..=100.0);
    let one = metres("head_1_storey_m");
    let two = metres("head_2_storeys_m");
    let further = metres("head_further_storey_m");
    let deadband = metres("deadband_m");
    let (one, two) = (one?, two?);
    if two.get_ref() < one.get_ref() {
        table.add(two.span(), "two storeys cannot need less head than one");
        return None;
    }
    Some(ServiceHead {
        one_storey: Length::m(one.into_inner()),
        two_storeys: Length::m(two.into_inner()),
        further_storey: Length::m(further?.into_inner()),
        deadband: Length::m(deadband?.into_inner()),
    })
}

/// A test of flow above (too much at night) or below (too little by day) a share of the usual one.
fn read_flow_window(table: &Table<'_>, side: Side) -> Option<FlowTest> {
    let from = table.parse("from", Span::parse_time_of_day);
    let to = table.parse("to", Span::parse_time_of_day);
    let average = table.number_in("average_min", 1.0..=120.0).map(as_minutes);
    let sustained = table.number_in("sustained_min", 1.0..=720.0);
    let (times, excess) = match side {
        Side::Above => (
            table.number_in("usual_times", 1.0..=100.0),
            table.number_in("excess_m3_per_h", 0.0..=100_000.0).map(Spanned::into_inner),
        ),
        Side::Below => (table.number_in("usual_times", 0.0..=10.0), Some(0.0)),
    };
    let deadband = table.number_in("deadband_m3_per_h", 0.0..=100_000.0);
    let (from, to, average, sustained) = (from?, to?, average?, sustained?);
    let window = *to.get_ref() - *from.get_ref();
    if window <= Span::ZERO {
        table.add(to.span(), "the window must end later on the same day than it begins");
        return None;
    }
    let place = sustained.span();
    let sustained = as_minutes(sustained);
    if sustained > window || sustained < average {
        let text =
            format!("what lasts {sustained} fits no window of {window} in blocks of {average}");
        table.add(place, text);
        return None;
    }
    Some(FlowTest {
        from: from.into_inner(),
        to: to.into_inner(),
        average,
        sustained,
        side,
        usual_times: times?.into_inner(),
        excess_m3_per_h: excess?,
        deadband_m3_per_h: deadband?.into_inner(),
    })
}
