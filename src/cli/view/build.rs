//! From snapshots and records to pictures.

use crate::alarms::event::{AlarmChange, AlarmEvent, Priority};
use crate::base::text::Lang;
use crate::base::units::Quantity;
use crate::base::{Span, Stamp};
use crate::exercise::live::simulate::Progress;
use crate::ingest::observation::{IngestChange, IngestEvent};
use crate::inspection::book::{Book, Kind};
use crate::ledger::record::Record;
use crate::monitor::{PlantSnapshot, Snapshot, TagSnapshot};
use crate::plant::Plant;
use crate::plant::profile::Village;
use crate::plant::tags::{SamplingPoint, Tag};
use crate::scenario::Scenario;

use super::model::{AlarmRow, EventRow, Level, TankRow, Value, View, VillageRow, WorksRow, curve};

/// Events kept for the screen.
const EVENTS_MAX: usize = 200;

/// Cells of a small curve.
const CURVE_CELLS: usize = 10;

/// Keeps a picture up to date.
pub struct Builder<'a> {
    plant: &'a Plant,
    book: &'a Book,
    scenario: Option<&'a Scenario>,
    lang: Lang,
    view: View,
}

impl<'a> Builder<'a> {
    /// An empty picture of `plant`, in the run of a scenario if there is one.
    pub fn new(
        plant: &'a Plant,
        book: &'a Book,
        scenario: Option<&'a Scenario>,
        lang: Lang,
    ) -> Self {
        let name = plant.profile.title.get(lang);
        let title = match scenario {
            Some(scenario) => format!("{name} · {}", scenario.title.get(lang)),
            None => name.to_owned(),
        };
        Self { plant, book, scenario, lang, view: View { title, ..View::default() } }
    }

    /// The picture.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The scenario has moved on.
    pub fn progress(&mut self, progress: Progress) {
        if let Some(scenario) = self.scenario {
            let passed = (progress.now - scenario.start).as_seconds();
            self.view.progress = Some(passed / scenario.duration.as_seconds());
            self.view.finished = progress.finished;
        }
    }

    /// A record was stored: a line of the list of events, if people want to know it.
    pub fn record(&mut self, record: &Record) -> Option<EventRow> {
        let row = match record {
            Record::Alarm(event) => self.alarm_line(event)?,
            Record::Ingest(event) => self.ingest_line(event),
            Record::Monitor(event) => EventRow {
                text: format!("{}  monitor {}", self.local(event.at), event.change),
                level: Level::Calm,
            },
        };
        if self.view.events.len() == EVENTS_MAX {
            self.view.events.pop_front();
        }
        self.view.events.push_back(row.clone());
        Some(row)
    }

    /// The monitor's state has changed.
    pub fn snapshot(&mut self, snapshot: &Snapshot) {
        let Some(plant) = snapshot.plants.iter().find(|plant| plant.id == self.plant.id) else {
            return;
        };
        self.view.clock = plant.frontier.map(|at| self.local(at));
        self.view.speed =
            plant.clock.map(|clock| format!("{}×", clock.speed.round())).unwrap_or_default();
        self.view.presence = plant.online;
        self.view.villages =
            self.plant.profile.villages.iter().map(|v| self.village(plant, v)).collect();
        self.view.works = self.works(plant);
        self.view.tanks = self.tanks(plant);
        self.view.alarms = self.alarms(plant);
        self.view.health = health(plant);
    }

    fn village(&self, plant: &PlantSnapshot, village: &Village) -> VillageRow {
        let at_taps = |quantity| {
            self.tags(plant).filter(move |(tag, _)| {
                tag.point == SamplingPoint::TapWater
                    && tag.quantity == quantity
                    && tag.village.as_ref() == Some(&village.id)
            })
        };
        let lowest = |quantity| at_taps(quantity).min_by(|a, b| last(a.1).total_cmp(&last(b.1)));
        let highest = |quantity| at_taps(quantity).max_by(|a, b| last(a.1).total_cmp(&last(b.1)));
        let pressure = lowest(Quantity::Pressure);
        let needs = pressure.and_then(|(tag, _)| self.needed(tag));
        VillageRow {
            name: village.title.get(self.lang).to_owned(),
            pressure: Self::value(plant, pressure, 0, ""),
            needs: needs.map(|kpa| format!("{kpa:.0}")).unwrap_or_default(),
            share: pressure
                .zip(needs)
                .and_then(|((_, tag), needs)| tag.latest.map(|latest| latest.value / needs)),
            chlorine: Self::value(plant, lowest(Quantity::FreeChlorine), 2, ""),
            turbidity: Self::value(plant, highest(Quantity::Turbidity), 2, ""),
        }
    }

    /// What the rules ask of a tap's pressure, kPa.
    fn needed(&self, tag: &Tag) -> Option<f64> {
        let mut rules = self.book.rules().iter();
        let rule = rules.find(|rule| matches!(rule.kind, Kind::ServicePressure(_)))?;
        rule.limit_for(&self.plant.profile, tag).map(|limit| limit.raise)
    }

    fn works(&self, plant: &PlantSnapshot) -> Vec<WorksRow> {
        let shown = |tag: &Tag| {
            let quantity = matches!(
                tag.quantity,
                Quantity::FreeChlorine | Quantity::Turbidity | Quantity::Flow | Quantity::Pressure
            );
            let point = matches!(
                tag.point,
                SamplingPoint::RawWater | SamplingPoint::Process | SamplingPoint::FinishedWater
            );
            quantity && point
        };
        self.tags(plant)
            .filter(|(tag, _)| shown(tag))
            .map(|(tag, state)| WorksRow {
                name: tag.title.get(self.lang).to_owned(),
                value: Self::value(
                    plant,
                    Some((tag, state)),
                    decimals(tag.quantity),
                    tag.quantity.unit(),
                ),
                trend: curve(&state.trend, CURVE_CELLS),
            })
            .collect()
    }

    fn tanks(&self, plant: &PlantSnapshot) -> Vec<TankRow> {
        self.tags(plant)
            .filter(|(tag, _)| tag.quantity == Quantity::Level)
            .map(|(tag, state)| TankRow {
                name: tag.title.get(self.lang).to_owned(),
                value: Self::value(plant, Some((tag, state)), 2, "m"),
                share: last(state) / tag.range.1.max(1e-9),
            })
            .collect()
    }

    fn alarms(&self, plant: &PlantSnapshot) -> Vec<AlarmRow> {
        let mut standing: Vec<&AlarmEvent> = plant.standing.iter().collect();
        standing.sort_by_key(|event| (std::cmp::Reverse(event.priority), event.at));
        standing
            .into_iter()
            .map(|event| AlarmRow {
                stands: event.state.is_active(),
                level: if event.state.is_active() { level(event.priority) } else { Level::Calm },
                since: event.at.hh_mm(self.plant.profile.utc_offset),
                tag: event.id.tag.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string),
                title: event.title.clone(),
                why: event.why.text.clone(),
            })
            .collect()
    }

    fn tags<'s>(
        &'s self,
        plant: &'s PlantSnapshot,
    ) -> impl Iterator<Item = (&'s Tag, &'s TagSnapshot)> {
        self.plant.instruments.iter().map(|instrument| instrument.tag.as_ref()).zip(&plant.tags)
    }

    fn value(
        plant: &PlantSnapshot,
        of: Option<(&Tag, &TagSnapshot)>,
        decimals: usize,
        unit: &str,
    ) -> Value {
        let Some((tag, state)) = of else { return Value::default() };
        let Some(latest) = state.latest else {
            return Value { text: "–".to_owned(), stale: true, level: Level::Calm };
        };
        let old = plant.frontier.is_some_and(|now| now - latest.observed_at > stale_after(tag));
        let alarms = plant
            .standing
            .iter()
            .filter(|event| event.state.is_active() && event.id.tag.as_ref() == Some(&tag.id));
        Value {
            text: format!("{:.decimals$} {unit}", latest.value).trim_end().to_owned(),
            level: alarms.map(|event| level(event.priority)).max().unwrap_or_default(),
            stale: old,
        }
    }

    fn alarm_line(&self, event: &AlarmEvent) -> Option<EventRow> {
        let at = self.local(event.at);
        let tag = event.id.tag.as_ref().map_or("", |tag| tag.as_str());
        let (verb, level) = match event.change {
            AlarmChange::Raised => ("ALARM", level(event.priority)),
            AlarmChange::Cleared => ("clear", Level::Calm),
            AlarmChange::ReAlarmed => ("again", level(event.priority)),
            AlarmChange::NoData => ("no data", Level::Low),
            AlarmChange::Acknowledged
            | AlarmChange::Reset
            | AlarmChange::Shelved
            | AlarmChange::Unshelved
            | AlarmChange::RemovedFromService
            | AlarmChange::ReturnedToService => ("answer", Level::Calm),
            AlarmChange::Suppressed | AlarmChange::Unsuppressed | AlarmChange::DataBack => {
                return None;
            }
        };
        let text = format!("{at}  {verb}  {} {tag}: {}", event.title, event.why.text);
        Some(EventRow { text, level })
    }

    fn ingest_line(&self, event: &IngestEvent) -> EventRow {
        let at = self.local(event.at);
        let plant = event.plant.as_ref().map_or("", |plant| plant.as_str());
        let (text, level) = match &event.what {
            IngestChange::Online { boot_id } => {
                (format!("{plant} online (boot {boot_id})"), Level::Calm)
            }
            IngestChange::Offline { .. } => (format!("{plant} offline"), Level::Low),
            IngestChange::ClockBack { to, .. } => {
                (format!("{plant} begins again at {}", self.local(*to)), Level::Calm)
            }
            IngestChange::Gap { from, to, .. } => {
                (format!("{plant}: messages {from} to {to} were lost"), Level::Low)
            }
            IngestChange::Late { seq, .. } => {
                (format!("{plant}: message {seq} came late"), Level::Calm)
            }
            IngestChange::Refused { reason, count, detail, .. } => {
                (format!("{count} messages refused, {reason}: {detail}"), Level::Low)
            }
            IngestChange::TagMismatch { tag, detail } => {
                (format!("{plant} {tag}: {detail}"), Level::Low)
            }
        };
        EventRow { text: format!("{at}  {text}"), level }
    }

    fn local(&self, at: Stamp) -> String {
        at.month_day_time(self.plant.profile.utc_offset)
    }
}

fn last(state: &TagSnapshot) -> f64 {
    state.latest.map_or(f64::NAN, |latest| latest.value)
}

/// A value this old is drawn as stale.
fn stale_after(tag: &Tag) -> Span {
    (tag.poll * 3).max(Span::minutes(3))
}

fn decimals(quantity: Quantity) -> usize {
    match quantity {
        Quantity::Pressure => 0,
        Quantity::Flow => 1,
        _ => 2,
    }
}

fn level(priority: Priority) -> Level {
    match priority {
        Priority::Low => Level::Low,
        Priority::Medium => Level::Medium,
        Priority::High => Level::High,
    }
}

fn health(plant: &PlantSnapshot) -> String {
    let counters = &plant.counters;
    format!(
        "messages {} · readings {} · lost {} · refused {}",
        counters.messages, counters.readings, counters.lost, plant.refused
    )
}
