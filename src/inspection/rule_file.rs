//! Reads `[[rule]]` tables: every key, its unit, and what contradicts what.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::analyte::Analyte;
use crate::base::ids::VillageId;
use crate::base::problem::{Spanned, Table};
use crate::base::units::{Length, Quantity, Unit};
use crate::base::{Flag, RuleId, Span};
use crate::inspection::book::{AcceptFlags, InspectionRule, Kind, NoData, Place, Urgency};
use crate::inspection::citation;
use crate::inspection::event;
use crate::inspection::expression;
use crate::inspection::grab_file;
use crate::inspection::level_file;
use crate::inspection::limit::Side;
use crate::inspection::limit_file::read_limit;
use crate::inspection::plausibility::flow_window::FlowTest;
use crate::inspection::refusal_watch::{REASONS, RefusalRule};
use crate::inspection::round_file;
use crate::inspection::select::{Pattern, SIZE_CLASSES, Selector, SizeClasses, Supply};
use crate::inspection::service_pressure::ServiceHead;
use crate::inspection::signal::silence::Patience;
use crate::inspection::signal::spec_file;
use crate::inspection::unit_keys::{Measured, STEMS};
use crate::inspection::{rule_test, template};
use crate::plant::profile::{Disinfectant, WaterSource};
use crate::plant::tags::SamplingPoint;

pub(super) const URGENCIES: [(&str, Urgency); 3] =
    [("high", Urgency::High), ("medium", Urgency::Medium), ("low", Urgency::Low)];

const NO_DATA: [(&str, NoData); 3] =
    [("hold", NoData::Hold), ("alarm", NoData::Alarm), ("clear", NoData::Clear)];

#[derive(Clone, Copy, PartialEq)]
enum KindName {
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
    fn is_about_samples(self) -> bool {
        matches!(self, Self::LabLimit | Self::Round)
    }

    /// Does it judge results when they are reported, with nothing to wait for?
    fn is_of_results(self) -> bool {
        self.is_about_samples() || self == Self::GrabSample
    }
}

const KINDS: [(&str, KindName); 13] = [
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

/// A week: no delay of an alarm is longer.
pub(super) const MINUTES_MAX: f64 = 10_080.0;

/// The rules of a file without a mistake in them; `named` collects every id, with its place.
pub fn read(file: &Table<'_>, named: &mut Vec<(RuleId, Place)>) -> Vec<InspectionRule> {
    let tables = file.tables("rule");
    if tables.is_empty() && !file.has("rule") && !file.has("quality-test") {
        file.add_with_help(file.span(), "there is no rule in this file", "begin with [[rule]]");
    }
    tables.iter().filter_map(|table| read_rule(table, named)).collect()
}

fn read_rule(table: &Table<'_>, named: &mut Vec<(RuleId, Place)>) -> Option<InspectionRule> {
    let id = table.parse("id", RuleId::new);
    if let Some(id) = &id {
        let place = Place { source: table.source().clone(), span: id.span() };
        named.push((id.get_ref().clone(), place));
    }
    let title = template::bilingual(table, "title");
    let advice = template::bilingual(table, "advice");
    let runbook = table.opt_text("runbook");
    template::check(table, runbook.as_ref());
    let labels = labels(table);
    let edition = table.opt_text("edition");
    let source = citation::read_with_edition(table, edition.as_ref());
    let name = table.choice("kind", &KINDS).map(Spanned::into_inner);
    let (kind, select) = read_kind(table, name);
    let unverified = source.as_ref().is_some_and(citation::is_unverified);
    let kind = kind.map(|kind| kind.marked(unverified));
    let tests = rule_test::read(table, kind.as_ref(), &select);
    let re_alarm = opt_minutes(table, "re_alarm_min", 1.0);
    let escalate = opt_minutes(table, "escalate_min", 1.0);
    let latched = table.opt_bool("latched").is_some_and(Spanned::into_inner);
    let silent_in_stops = table.opt_bool("silent_in_stops").is_some_and(Spanned::into_inner);
    let priority = table.choice("priority", &URGENCIES);
    let is_highest = priority.as_ref().is_some_and(|it| *it.get_ref() == Urgency::High);
    if let Some(span) = table.key_span("escalate_min").filter(|_| is_highest) {
        table.add(span, "an alarm of priority high cannot become more urgent");
    }
    let is_of_results = name.is_some_and(KindName::is_of_results);
    let manner = match &kind {
        _ if is_of_results => Some(Manner::AT_ONCE),
        // It is over as it comes: there is nothing to wait for but the next one.
        Some(Kind::Refusal(rule)) => Some(Manner { off_delay: rule.quiet, ..Manner::AT_ONCE }),
        None if name == Some(KindName::Refusal) => Some(Manner::AT_ONCE),
        _ => Manner::read(table),
    };
    let delays = manner.as_ref().map(|it| (it.on_delay, it.off_delay));
    let urgency = priority.as_ref().map(|it| *it.get_ref());
    let follows = rule_ids(table, "follows");
    let levels = level_file::read(table, kind.as_ref(), &select, urgency, delays);
    let (id, manner) = (id?, manner?);
    let place = Place { source: table.source().clone(), span: id.span() };
    Some(InspectionRule {
        id: id.into_inner(),
        title: title?,
        pack: None, // it stands at the head of the file
        source: source?,
        edition: edition.map(Spanned::into_inner),
        select,
        kind: kind?,
        accept: manner.accept,
        patience: manner.patience,
        priority: priority?.into_inner(),
        levels: levels?,
        on_delay: manner.on_delay,
        off_delay: manner.off_delay,
        latched,
        re_alarm,
        escalate,
        no_data: manner.no_data,
        inhibited_by: manner.inhibited_by,
        follows: follows?,
        silent_in_stops,
        advice: advice?,
        labels,
        runbook: runbook.map(Spanned::into_inner),
        tests: tests.into(),
        place,
    })
}

/// Words for whoever sorts alarms: names like ids, texts that say something.
fn labels(table: &Table<'_>) -> BTreeMap<String, String> {
    let Some(words) = table.opt_table("labels") else { return BTreeMap::new() };
    let mut labels = BTreeMap::new();
    for key in words.keys() {
        if let Err(error) = RuleId::new(key.get_ref()) {
            table.add(key.span(), error.to_string());
        }
        let Some(text) = words.opt_text(key.get_ref()) else { continue };
        if text.get_ref().trim().is_empty() {
            table.add(text.span(), format!("label `{}` says nothing", key.get_ref()));
        }
        labels.insert((*key.get_ref()).to_owned(), text.into_inner());
    }
    labels
}

/// Which readings of an instrument a rule takes, and how long it waits for what.
struct Manner {
    on_delay: Span,
    off_delay: Span,
    no_data: NoData,
    accept: AcceptFlags,
    patience: Patience,
    inhibited_by: Vec<RuleId>,
}

impl Manner {
    /// A laboratory result stands for itself: there is nothing to wait for.
    const AT_ONCE: Self = Self {
        on_delay: Span::ZERO,
        off_delay: Span::ZERO,
        no_data: NoData::Hold,
        accept: AcceptFlags::USABLE,
        patience: Patience::USUAL,
        inhibited_by: Vec::new(),
    };

    fn read(table: &Table<'_>) -> Option<Self> {
        let on_delay = minutes(table, "on_delay_min");
        let off_delay = minutes(table, "off_delay_min");
        let no_data = table.choice("no_data", &NO_DATA);
        let accept = accept_flags(table);
        let patience = patience(table);
        let inhibited_by = rule_ids(table, "inhibited_by");
        Some(Self {
            on_delay: on_delay?,
            off_delay: off_delay?,
            no_data: no_data?.into_inner(),
            accept: accept?,
            patience: patience?,
            inhibited_by: inhibited_by?,
        })
    }
}

fn minutes(table: &Table<'_>, key: &'static str) -> Option<Span> {
    table.number_in(key, 0.0..=MINUTES_MAX).map(as_minutes)
}

fn opt_minutes(table: &Table<'_>, key: &'static str, least: f64) -> Option<Span> {
    table.opt_number_in(key, least..=MINUTES_MAX).map(as_minutes)
}

pub(super) fn as_minutes(number: Spanned<f64>) -> Span {
    Span::from_seconds_f64(number.into_inner() * 60.0)
}

fn accept_flags(table: &Table<'_>) -> Option<AcceptFlags> {
    let names: Vec<&str> = Flag::CHOICES.iter().map(|(name, _)| *name).collect();
    let texts = table.texts("accept_flags");
    let mut flags = Vec::new();
    for text in &texts {
        match Flag::CHOICES.iter().find(|(name, _)| name == text.get_ref()) {
            Some((_, flag)) => flags.push(*flag),
            None => table.unknown(text.span(), "flag", text.get_ref(), &names),
        }
    }
    if flags.len() < texts.len() {
        return None;
    }
    Some(if texts.is_empty() { AcceptFlags::USABLE } else { AcceptFlags::of(&flags) })
}

fn patience(table: &Table<'_>) -> Option<Patience> {
    let usual = Patience::USUAL;
    let polls = table.opt_integer_in("silence_polls", 1..=1_000);
    let at_least = opt_minutes(table, "silence_at_least_min", 0.1).unwrap_or(usual.at_least);
    let at_most = opt_minutes(table, "silence_at_most_min", 0.1).unwrap_or(usual.at_most);
    if at_least > at_most {
        let text = format!(
            "silence of at least {at_least} and at most {at_most} cannot be: the first is longer"
        );
        table.add(table.span(), text);
        return None;
    }
    Some(Patience { polls: polls.map_or(usual.polls, Spanned::into_inner), at_least, at_most })
}

fn rule_ids(table: &Table<'_>, key: &'static str) -> Option<Vec<RuleId>> {
    let mut ids = Vec::new();
    let mut sound = true;
    for text in table.texts(key) {
        match RuleId::new(text.get_ref()) {
            Ok(id) => ids.push(id),
            Err(error) => {
                table.add(text.span(), error.to_string());
                sound = false;
            }
        }
    }
    sound.then_some(ids)
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

fn read_kind(table: &Table<'_>, name: Option<KindName>) -> (Option<Kind>, Selector) {
    let mut select = plant_selector(table);
    let Some(kind) = name else {
        forgive(table); // without its kind nobody can say which keys a rule may have
        return (None, select);
    };
    if !matches!(kind, KindName::GatewaySilence | KindName::Refusal | KindName::Expression) {
        select.point = table.opt_choice("point", &SamplingPoint::CHOICES).map(Spanned::into_inner);
        let key = if kind.is_about_samples() { "site" } else { "tag" };
        select.tag = table.opt_parse(key, Pattern::new).map(Spanned::into_inner);
        select.village = table.opt_parse("village", VillageId::new).map(Spanned::into_inner);
    }
    let quantities = Quantity::ALL.map(|quantity| (quantity.name(), quantity));
    let kind = match kind {
        KindName::Limit => {
            select.quantity = table.choice("quantity", &quantities).map(Spanned::into_inner);
            match select.quantity {
                None => {
                    forgive(table);
                    None
                }
                Some(quantity) => read_limit(table, Measured::Quantity(quantity)).map(Kind::Limit),
            }
        }
        KindName::Event => {
            let rule = event::spec_file::read_rule(table);
            let first = rule.as_ref().and_then(|rule| rule.signals.first());
            select.quantity = first.map(|signal| signal.quantity);
            rule.map(Kind::Event)
        }
        KindName::Quality => {
            select.quantity = table.opt_choice("quantity", &quantities).map(Spanned::into_inner);
            spec_file::read_rule(table).map(Kind::Quality)
        }
        KindName::ServicePressure => {
            select.quantity = Some(Quantity::Pressure);
            read_service_head(table).map(Kind::ServicePressure)
        }
        KindName::NightFlow => {
            select.quantity = Some(Quantity::Flow);
            read_flow_window(table, Side::Above).map(Kind::NightFlow)
        }
        KindName::NoDraw => {
            select.quantity = Some(Quantity::Flow);
            read_flow_window(table, Side::Below).map(Kind::NoDraw)
        }
        KindName::LabLimit => read_lab_limit(table),
        KindName::GrabSample => {
            select.quantity = table.choice("quantity", &quantities).map(Spanned::into_inner);
            grab_file::read(table, select.quantity).map(Kind::GrabSample)
        }
        KindName::Round => round_file::read(table).map(Kind::Round),
        KindName::Expression => {
            expression::file::read(table, &select).map(|it| Kind::Expression(Arc::new(it)))
        }
        KindName::TagSilence => {
            select.quantity = table.opt_choice("quantity", &quantities).map(Spanned::into_inner);
            Some(Kind::TagSilence)
        }
        KindName::Refusal => read_refusal(table).map(|it| Kind::Refusal(Arc::new(it))),
        KindName::GatewaySilence => table
            .number_in("after_min", 0.1..=MINUTES_MAX)
            .map(|after| Kind::GatewaySilence { after: as_minutes(after) }),
    };
    (kind, select)
}

fn read_lab_limit(table: &Table<'_>) -> Option<Kind> {
    let analytes = Analyte::ALL.map(|analyte| (analyte.name(), analyte));
    let Some(analyte) = table.choice("analyte", &analytes).map(Spanned::into_inner) else {
        forgive(table);
        return None;
    };
    let limit = read_limit(table, Measured::Analyte(analyte))?;
    Some(Kind::LabLimit(analyte, limit))
}

fn read_refusal(table: &Table<'_>) -> Option<RefusalRule> {
    let texts = table.texts("reasons");
    if texts.is_empty() && !table.has("reasons") {
        table.add(table.span(), "`reasons` is missing");
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

/// Keys that only a kind or a quantity explains are not called unknown while that is missing.
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
    ] {
        table.has(key);
    }
    for unit in Unit::ALL {
        for stem in STEMS {
            table.key_span(&unit.key(stem));
        }
    }
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
