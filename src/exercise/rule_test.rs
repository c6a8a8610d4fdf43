//! The tests that stand in rule files, played: made-up readings go over the wire to a monitor that
//! knows one rule, in simulated time, and what its alarm does is held against what must follow.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::alarms::event::{AlarmChange, AlarmEvent};
use crate::base::analyte::{Analyte, Sign};
use crate::base::ids::{MethodId, SampleId};
use crate::base::lab_result::LabResult;
use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::{Flag, PlantId, Span, Stamp, TagId, Text};
use crate::ingest::observation::Observation;
use crate::inspection::book::{Book, InspectionRule, Kind};
use crate::inspection::expression::Arity;
use crate::inspection::rule_test::{Expected, Given, RuleTest, Series};
use crate::inspection::select::{Pattern, SIZE_CLASSES, Selector, SizeClasses, Supply};
use crate::inspection::unit_keys::Measured;
use crate::monitor::{Input, Monitor, MonitorSettings, Outcome, Output};
use crate::plant::Plant;
use crate::plant::profile::SourceKind;
use crate::plant::profile::{Disinfectant, Profile, SizeClass, WaterSource};
use crate::plant::tags::{Instrument, NightFlow, Site, Tag};
use crate::telemetry::wire::{Birth, Body, Column, Envelope, Message, TagBirth};

/// What came of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// What its rule's alarm did, as far as the test asks.
    pub came: Vec<Expected>,
    /// What is wrong, in lines; none when it passed.
    pub failing: Option<String>,
}

/// The day of every test; a winter's day, as good as any.
const DAY: &str = "2024-12-05T00:00:00+08:00";

/// How many readings a failure shows before and after the place where things went apart.
const AROUND: usize = 3;

/// Plays a test of `rule`, which is one of `book`. `frame`: any plant; only what no monitor looks
/// at is taken from it.
pub fn play(book: &Book, rule: &InspectionRule, test: &RuleTest, frame: &Plant) -> Tried {
    let book = book.alone(rule);
    let rule = book.rules().first().unwrap_or(rule); // the same, whatever packs are chosen
    let bench = Bench::new(rule, test, frame);
    if let Some(fault) = bench.unwatched(rule) {
        return Tried { came: Vec::new(), failing: Some(fault) };
    }
    let watched = is_about_it(rule).then_some(&test.watched.tag);
    let outcomes = bench.run(book.clone());
    let outputs = outcomes.iter().flat_map(|outcome| &outcome.outputs);
    let events: Vec<&AlarmEvent> = outputs
        .filter_map(|output| match output {
            Output::Alarm(event) => Some(event),
            _ => None,
        })
        .filter(|event| event.id.rule == rule.id && event.id.tag.as_ref() == watched)
        .filter(|event| counts(test, event.change) && event.at <= bench.end)
        .collect();
    let asks = test.expect.iter().any(|expected| expected.priority.is_some());
    let came: Vec<Expected> = events
        .iter()
        .map(|event| {
            let priority = asks.then_some(event.priority.into());
            Expected { at: event.at - bench.start, change: event.change, priority }
        })
        .collect();
    let met = came.len() == test.expect.len()
        && test.expect.iter().zip(&came).all(|(wanted, came)| is_met(wanted, came));
    let failing = (!met).then(|| {
        let observed = outcomes.iter().flat_map(|outcome| &outcome.observations);
        bench.failure(&came, &events, &observed.copied().collect::<Vec<_>>())
    });
    Tried { came, failing }
}

/// What is wrong with a message that is refused.
#[derive(Clone, Copy)]
enum Refused {
    /// It is no JSON.
    Broken,
    /// It says that it is another plant's.
    OfAnother,
}

/// What the rule watches for, among what can be made up.
fn refused_body(rule: &InspectionRule) -> Refused {
    match &rule.kind {
        Kind::Refusal(it) if it.reasons.contains(&"wrong-topic") => Refused::OfAnother,
        _ => Refused::Broken,
    }
}

/// Is it what was wanted, as far as that says?
fn is_met(wanted: &Expected, came: &Expected) -> bool {
    *came == Expected { priority: wanted.priority.or(came.priority), ..*wanted }
}

/// Is the rule's alarm about the instrument or site that the test makes up, and not the plant?
fn is_about_it(rule: &InspectionRule) -> bool {
    match &rule.kind {
        Kind::GatewaySilence { .. } | Kind::Refusal(_) => false,
        Kind::Round(duty) => duty.each_site,
        Kind::Expression(it) => it.inputs.iter().any(|input| input.arity == Arity::Each),
        _ => true,
    }
}

/// Does the test ask for changes of this kind?
fn counts(test: &RuleTest, change: AlarmChange) -> bool {
    matches!(change, AlarmChange::Raised | AlarmChange::Cleared)
        || test.expect.iter().any(|expected| expected.change == change)
}

/// A made-up plant, and what comes from it.
struct Bench<'t> {
    test: &'t RuleTest,
    plant: Arc<Plant>,
    start: Stamp,
    end: Stamp,
}

impl<'t> Bench<'t> {
    fn new(rule: &InspectionRule, test: &'t RuleTest, frame: &Plant) -> Self {
        let midnight = Stamp::parse(DAY).expect("a time with its offset").0;
        let start = midnight + test.starts;
        let lasts =
            |series: &Series| series.every * series.readings.len() as i64 + series.reported_after;
        let last = test.expect.iter().map(|expected| expected.at);
        let span = all(test).map(lasts).chain(last).max().unwrap_or(Span::ZERO);
        let plant = Arc::new(plant(rule, test, frame));
        Self { test, plant, start, end: start + span }
    }

    /// What is wrong when the rule does not look at what the test makes up.
    fn unwatched(&self, rule: &InspectionRule) -> Option<String> {
        let profile = &self.plant.profile;
        let tags: Vec<Tag> = self.plant.instruments.iter().map(|it| Tag::clone(&it.tag)).collect();
        let tag = &self.test.watched.tag;
        let is_watched = match &rule.kind {
            Kind::GatewaySilence { .. } | Kind::Refusal(_) => rule.is_for(profile),
            Kind::Round(duty) if !duty.each_site => rule.watches_plant(profile),
            Kind::LabLimit(..) | Kind::Round(_) => {
                profile.sites.iter().any(|site| rule.watches_site(profile, site))
            }
            Kind::Expression(expression) => match expression.bind(profile, &tags) {
                Ok(bound) if bound.is_empty() => {
                    let names: Vec<&str> =
                        expression.inputs.iter().map(|it| it.name.as_str()).collect();
                    let names = names.join(", ");
                    return Some(format!("not every input has an instrument here: {names}\n"));
                }
                Ok(_) => true,
                Err(twice) => {
                    let (input, tags) = (twice.input, twice.tags.join(", "));
                    return Some(format!("{input} can be only one of {tags}\n"));
                }
            },
            _ => tags.iter().any(|it| it.id == *tag && rule.watches(profile, it)),
        };
        let scope = rule.scope(Lang::En);
        (!is_watched).then(|| format!("the rule does not watch {tag} here: it asks for {scope}\n"))
    }

    fn run(&self, book: Book) -> Vec<Outcome> {
        self.monitored(book).1
    }

    /// The monitor at the end, and what came out of it.
    fn monitored(&self, book: Book) -> (Monitor, Vec<Outcome>) {
        let settings = MonitorSettings::default();
        let refused = book.rules().first().map(refused_body);
        let mut monitor = Monitor::new(vec![Arc::clone(&self.plant)], book, settings);
        let mut outcomes: Vec<Outcome> =
            self.arrivals(refused).iter().map(|input| monitor.accept(input)).collect();
        let now = self.end + settings.bounds.lateness + Span::ms(1);
        outcomes.push(monitor.accept(&Input::Tick { now }));
        (monitor, outcomes)
    }

    /// Every message of the plant, in the order of time.
    fn arrivals(&self, refused: Option<Refused>) -> Vec<Input> {
        let mut moments: BTreeMap<Stamp, (Vec<Column>, Vec<LabResult>)> = BTreeMap::new();
        for series in all(self.test) {
            for (n, given) in series.readings.iter().enumerate() {
                let at = self.start + series.every * n as i64;
                let column = |value, flag, by_its_clock| Column {
                    tag: series.tag.clone(),
                    at: vec![by_its_clock],
                    value: vec![value],
                    flag: vec![flag],
                };
                match *given {
                    Given::Nothing => {}
                    Given::Unread => {
                        moments.entry(at).or_default().0.push(column(None, Flag::Missing, at));
                    }
                    Given::Value(value, flag, off) => {
                        let column = column(Some(value), flag, at + off);
                        moments.entry(at).or_default().0.push(column);
                    }
                    Given::Result(sign, value) => {
                        let Measured::Analyte(analyte) = series.measured else { continue };
                        let result = result(series, n, at, (analyte, sign, value));
                        let known = at + series.reported_after;
                        moments.entry(known).or_default().1.extend(result);
                    }
                    Given::Sample(analytes) => {
                        let results = analytes
                            .iter()
                            .filter_map(|it| result(series, n, at, (it, Sign::Equal, 0.0)));
                        let known = at + series.reported_after;
                        moments.entry(known).or_default().1.extend(results);
                    }
                }
            }
        }
        let mut arrivals = vec![self.arrival(self.start, 0, Body::Birth(birth(&self.plant)))];
        let (mut messages, mut results) = (0, 0);
        for (at, (columns, found)) in moments {
            if !columns.is_empty() {
                messages += 1;
                arrivals.push(self.arrival(at, messages, Body::Data(columns)));
            }
            for result in found {
                results += 1;
                arrivals.push(self.arrival(at, results, Body::Lab(result)));
            }
        }
        for after in &self.test.refused {
            arrivals.extend(refused.map(|refused| self.refused(self.start + *after, refused)));
        }
        arrivals.sort_by_key(|input| match input {
            Input::Arrival { received_at, .. } => *received_at,
            _ => self.start,
        });
        arrivals
    }

    fn arrival(&self, at: Stamp, seq: u64, body: Body) -> Input {
        let topic = format!("sanmen/v1/test/{}/{}", self.plant.id, body.kind().name());
        let plant = self.plant.id.clone();
        let envelope = Envelope { plant, boot_id: 1, seq, sent_at: at, exercise: None };
        Input::arrival(topic, &Message { envelope, body }.encode(), at)
    }

    /// A message in the plant's name that is none of it.
    fn refused(&self, at: Stamp, refused: Refused) -> Input {
        let topic = format!("sanmen/v1/test/{}/death", self.plant.id);
        let payload = match refused {
            Refused::Broken => b"{".to_vec(),
            Refused::OfAnother => {
                let plant = PlantId::new("another").expect("letters");
                let envelope = Envelope { plant, boot_id: 1, seq: 0, sent_at: at, exercise: None };
                Message { envelope, body: Body::Death }.encode()
            }
        };
        Input::arrival(topic, &payload, at)
    }

    /// What was expected, what came, why, and the readings around the first difference.
    fn failure(
        &self,
        came: &[Expected],
        events: &[&AlarmEvent],
        observed: &[Observation],
    ) -> String {
        let expect = &self.test.expect;
        let differs = expect.iter().zip(came).position(|(wanted, came)| !is_met(wanted, came));
        let at = differs.unwrap_or(expect.len().min(came.len()));
        let first = [expect.get(at), came.get(at)].into_iter().flatten().map(|it| it.at).min();
        let mut text = format!("expected  {}\ncame      {}\n", said(expect), said(came));
        if let Some(event) = events.get(at).filter(|event| !event.why.text.is_empty()) {
            text.push_str(&format!("why       {}\n", event.why.text));
        }
        let readings = self.readings(first.unwrap_or(Span::ZERO), observed);
        if !readings.is_empty() {
            text.push_str(&format!("readings  {}\n", readings.join(" · ")));
        }
        text
    }

    /// The readings of what is watched around a moment, each with its flag when it is not good.
    fn readings(&self, around: Span, observed: &[Observation]) -> Vec<String> {
        let watched = &self.test.watched;
        let middle = around.as_ms() / watched.every.as_ms().max(1);
        let middle = usize::try_from(middle).unwrap_or(0).min(watched.readings.len());
        let shown = middle.saturating_sub(AROUND)..(middle + AROUND).min(watched.readings.len());
        let words = shown.filter_map(|n| {
            let given = watched.readings.get(n)?;
            let at = watched.every * n as i64;
            let off = match given {
                Given::Value(_, _, off) => *off,
                _ => Span::ZERO,
            };
            let flag = observed
                .iter()
                .find(|it| it.tag.0 == 0 && it.observed_at == self.start + at + off)
                .map(|it| it.flag);
            let flag = flag.filter(|flag| *flag != Flag::Good);
            let flag = flag.map_or(String::new(), |flag| format!(" ({})", flag.name()));
            Some(format!("{at} {}{flag}", word(given, watched.measured)))
        });
        words.collect()
    }
}

fn word(given: &Given, measured: Measured) -> String {
    match *given {
        Given::Nothing => "nothing".to_owned(),
        Given::Unread => "not read".to_owned(),
        Given::Value(value, ..) => measured.shown(value),
        Given::Result(sign, value) => format!("{}{}", sign.symbol(), measured.shown(value)),
        Given::Sample(analytes) => analytes.spoken(),
    }
}

/// Such as `raised at 15 min, cleared at 35 min`.
fn said(changes: &[Expected]) -> String {
    let words = changes.iter().map(|it| {
        let priority = it.priority.map(|priority| format!(" ({})", priority.name()));
        format!("{} at {}{}", it.change.name(), it.at, priority.unwrap_or_default())
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn all(test: &RuleTest) -> impl Iterator<Item = &Series> {
    std::iter::once(&test.watched).chain(&test.beside)
}

fn result(
    series: &Series,
    n: usize,
    at: Stamp,
    (analyte, sign, value): (Analyte, Sign, f64),
) -> Option<LabResult> {
    Some(LabResult {
        sample: SampleId::new(&format!("sample-{}", n + 1)).ok()?,
        site: series.tag.clone(),
        point: series.point,
        taken_at: at,
        reported_at: at + series.reported_after,
        analyte,
        sign,
        value,
        unit: analyte.unit().to_owned(),
        method: MethodId::new("test").ok()?,
    })
}

fn birth(plant: &Plant) -> Birth {
    let tags = plant.instruments.iter().map(|instrument| &instrument.tag);
    let births = tags.map(|tag| TagBirth {
        tag: tag.id.clone(),
        quantity: tag.quantity,
        unit: tag.quantity.unit().to_owned(),
        range: tag.range,
        poll_ms: tag.poll,
    });
    Birth { tags: births.collect() }
}

/// A plant that suits the rule's selectors, with the instruments and sites of its test.
fn plant(rule: &InspectionRule, test: &RuleTest, frame: &Plant) -> Plant {
    let behind = frame.instruments.first();
    let tags = all(test).filter_map(tag);
    let instruments: Vec<Instrument> = tags
        .filter_map(|tag| Some(Instrument { tag: Arc::new(tag), station: None, ..behind?.clone() }))
        .collect();
    let mut sites: Vec<Site> = Vec::new();
    for series in all(test).filter(|series| matches!(series.measured, Measured::Analyte(_))) {
        let (id, point, village) = (series.tag.clone(), series.point, series.village.clone());
        if sites.iter().all(|site| site.id != id) {
            sites.push(Site { id, title: Text::default(), point, village });
        }
    }
    let name = rule.select.plant.as_ref().map_or("test".to_owned(), Pattern::example);
    let id = PlantId::new(&name).expect("a pattern with letters for its stars is a name");
    let profile = Profile { well: test.well, ..profile(&rule.select, &id, sites, frame) };
    Plant { id, profile, instruments, stations: Vec::new(), ..frame.clone() }
}

/// People and capacity that fit the selectors, as far as any do.
fn profile(select: &Selector, id: &PlantId, sites: Vec<Site>, frame: &Plant) -> Profile {
    let is_small = select.supply == Some(Supply::Small);
    let capacity = match select.size_class.and_then(first) {
        Some(SizeClass::I) => 20_000.0,
        Some(SizeClass::II) => 7_000.0,
        Some(SizeClass::IV) => 500.0,
        Some(SizeClass::V) => 50.0,
        None if is_small => 900.0,
        Some(SizeClass::III) | None => 2_400.0,
    };
    Profile {
        id: id.clone(),
        utc_offset: UtcOffset::CHINA,
        design_capacity_m3_per_day: capacity,
        population: people(select, if is_small { 5_000 } else { 16_000 }),
        disinfectant: select.disinfectant.unwrap_or(Disinfectant::FreeChlorine),
        county: select
            .county
            .clone()
            .map_or(Text::default(), |name| Text { en: name.clone(), zh: name }),
        source: match select.water_source {
            Some(WaterSource::Ground) => SourceKind::Well,
            _ => SourceKind::Reservoir,
        },
        sites,
        ..frame.profile.clone()
    }
}

/// So many people as the selectors ask for; `usual` unless they ask.
fn people(select: &Selector, usual: u32) -> u32 {
    let at_most = select.people_below.map_or(usual, |bound| usual.min(bound.saturating_sub(1)));
    at_most.max(select.people_from.unwrap_or(0))
}

fn first(classes: SizeClasses) -> Option<SizeClass> {
    SIZE_CLASSES.into_iter().map(|(_, class)| class).find(|class| classes.contains(*class))
}

fn tag(series: &Series) -> Option<Tag> {
    let Measured::Quantity(quantity) = series.measured else { return None };
    let night = series.usual_night_m3_per_h;
    Some(Tag {
        id: TagId::clone(&series.tag),
        title: Text::default(),
        quantity,
        point: series.point,
        range: series.range,
        poll: series.every,
        village: series.village.clone(),
        storeys: series.storeys,
        rise_m: series.rise_m,
        night_flow: night.map(|usual_m3_per_h| NightFlow { usual_m3_per_h }),
    })
}

#[cfg(test)]
mod chinese;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::Source;
    use crate::plant::sample;

    const RULE: &str = r#"
[[rule]]
id = "low"
title = { en = "Low", zh = "低" }
source = "a plan [D]"
kind = "limit"
quantity = "free-chlorine"
below_mg_per_l = 0.3
clear_mg_per_l = 0.33
on_delay_min = 5
off_delay_min = 5
priority = "high"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }
"#;

    fn tried(test: &str) -> Tried {
        let text = format!("{RULE}\n[[rule.test]]\n{test}");
        let book = Book::load(&[Source::new("rules.toml", text)]);
        let book = book.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let rule = &book.rules()[0];
        play(&book, rule, &rule.tests[0], &sample::plant())
    }

    const LOW: &str = "series_mg_per_l = \"0.5x10 0.29x11 0.32x9 0.33x10\"\n";

    #[test]
    fn what_must_follow_is_held_to_the_minute_and_nothing_else_may() {
        let sound =
            "expect = [{ at_min = 15, state = \"raised\" }, { at_min = 35, state = \"cleared\" }]";
        assert_eq!(tried(&format!("{LOW}{sound}")).failing, None);
        let late = sound.replace("15", "16");
        insta::assert_snapshot!(tried(&format!("{LOW}{late}")).failing.expect("a minute off"));
        let silent = tried(&format!("{LOW}expect = []"));
        assert!(
            silent
                .failing
                .expect("it was raised")
                .starts_with("expected  nothing\ncame      raised")
        );
    }

    #[test]
    fn an_alarm_carries_labels_runbook_and_texts_with_their_places_filled() {
        let rule = RULE
            .replace("en = \"Low\"", "en = \"{value} of {limit} {unit} at {tag}, {village}\"")
            .replace("id = ", "labels = { team = \"net\" }\nrunbook = \"cards/{tag}.md\"\nid = ");
        let test = format!("{LOW}expect = []");
        let book = Book::load(&[Source::new("r.toml", format!("{rule}[[rule.test]]\n{test}"))]);
        let book = book.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let rule = &book.rules()[0];
        let bench = Bench::new(rule, &rule.tests[0], &sample::plant());
        let outcomes = bench.run(book.alone(rule));
        let outputs = outcomes.iter().flat_map(|outcome| &outcome.outputs);
        let raised = outputs.filter_map(|output| match output {
            Output::Alarm(event) => Some(event),
            _ => None,
        });
        let raised = raised.into_iter().next().expect("it is low");
        assert_eq!(raised.title, "0.29 of 0.30 mg/L at TEST-1, –");
        let texts = raised.texts.as_ref().expect("it has places");
        assert_eq!((texts.title.zh.as_str(), texts.advice.en.as_str()), ("低", "Look."));
        assert_eq!(texts.runbook.as_deref(), Some("cards/TEST-1.md"));
        let labels = raised.labels.as_ref().expect("it has one");
        assert_eq!(labels.0.get("team").map(String::as_str), Some("net"));
    }

    #[test]
    fn doubtful_readings_and_silence_are_no_data() {
        let expect = "expect = [{ at_min = 10, state = \"raised\" }, \
                      { at_min = 29, state = \"no-data\" }]";
        for after in ["0.1~suspectx30", "_x30", "!x30"] {
            let test = format!("series_mg_per_l = \"0.5x5 0.2x10 {after}\"\n{expect}");
            assert_eq!(tried(&test).failing, None, "{after}");
        }
    }
}
