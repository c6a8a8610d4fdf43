//! What one plant looks like: its values, its alarms, what happened to it.

use crate::alarms::event::{AlarmChange, AlarmEvent, Priority};
use crate::alarms::flood::{Flood, FloodChange, FloodEvent};
use crate::base::text::{Lang, Text};
use crate::base::units::Quantity;
use crate::base::{Flag, QualityTest, QualityTests, Span, Stamp};
use crate::ingest::observation::{IngestChange, IngestEvent, TicketEvent};
use crate::inspection::book::{Book, InspectionRule, Kind};
use crate::ledger::record::{MonitorRecord, Record};
use crate::monitor::{PlantSnapshot, TagSnapshot};
use crate::plant::Plant;
use crate::plant::profile::Village;
use crate::plant::tags::{Place, SamplingPoint, Tag};
use crate::world::Outside;

use super::build::News;
use super::model::{
    AlarmRow, EventRow, Level, PumpRow, TankRow, Value, View, VillageRow, WorksRow,
};
use super::words::Words;

/// Says in one language what a monitor knows of one plant.
#[derive(Clone, Copy)]
pub struct Portrait<'a> {
    /// The plant.
    pub plant: &'a Plant,
    /// The rules, for what a tap needs.
    pub book: &'a Book,
    /// The language of every text.
    pub lang: Lang,
}

impl<'a> Portrait<'a> {
    fn words(&self) -> &'static Words {
        Words::of(self.lang)
    }

    /// The plant's name.
    pub fn name(&self) -> &'a str {
        self.plant.profile.title.get(self.lang)
    }

    /// The title of a rule, in the language shown.
    pub fn title(&self, event: &AlarmEvent) -> String {
        event.title_in(self.rule(event), self.lang).to_owned()
    }

    /// The same in every language.
    pub fn titles(&self, event: &AlarmEvent) -> Text {
        Text::of(|lang| event.title_in(self.rule(event), lang).to_owned())
    }

    /// Puts the plant's state into the picture.
    pub fn see(&self, plant: &PlantSnapshot, view: &mut View) {
        view.presence = plant.online;
        view.unsigned = !plant.signed;
        view.villages =
            self.plant.profile.villages.iter().map(|v| self.village(plant, v)).collect();
        view.residual = match self.plant.profile.disinfectant.residual() {
            Quantity::ChlorineDioxide => Some("ClO₂"),
            Quantity::Ozone => Some("O₃"),
            _ => None,
        };
        view.works = self.works(plant);
        view.tanks = self.tanks(plant);
        view.pumps = self.pumps(plant);
        view.alarms = self.alarms(plant);
        view.flood = plant.flood.as_ref().map(|flood| self.flood(flood));
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
        // A tap without a value is never the worst while another has one.
        let height = |state: &TagSnapshot| {
            Some(last(state)).filter(|value| !value.is_nan()).unwrap_or(f64::NEG_INFINITY)
        };
        let highest =
            |quantity| at_taps(quantity).max_by(|a, b| height(a.1).total_cmp(&height(b.1)));
        // Taps of one village may lie at different heights: the worst is the one least above need.
        let pressure =
            at_taps(Quantity::Pressure).min_by(|a, b| self.share(*a).total_cmp(&self.share(*b)));
        let needs = pressure.and_then(|(tag, _)| self.needed(tag));
        VillageRow {
            name: village.title.get(self.lang).to_owned(),
            pressure: value(plant, pressure),
            needs: needs.map(|kpa| format!("{kpa:.0}")).unwrap_or_default(),
            share: pressure.map(|tap| self.share(tap)).filter(|share| share.is_finite()),
            residual: value(plant, lowest(self.plant.profile.disinfectant.residual())),
            turbidity: value(plant, highest(Quantity::Turbidity)),
        }
    }

    /// Pressure over need; not a number while either is unknown.
    fn share(&self, (tag, state): (&Tag, &TagSnapshot)) -> f64 {
        last(state) / self.needed(tag).unwrap_or(f64::NAN)
    }

    /// What the rules ask of a tap's pressure, kPa.
    fn needed(&self, tag: &Tag) -> Option<f64> {
        let mut rules = self.book.rules().iter();
        let rule = rules.find(|rule| matches!(rule.kind, Kind::ServicePressure(_)))?;
        rule.limit_for(&self.plant.profile, tag).map(|limit| limit.raise)
    }

    fn works(&self, plant: &PlantSnapshot) -> Vec<WorksRow> {
        let residual = self.plant.profile.disinfectant.residual();
        let shown = |tag: &Tag| {
            let others = [Quantity::Turbidity, Quantity::Flow, Quantity::Pressure];
            let quantity = tag.quantity == residual || others.contains(&tag.quantity);
            let point = matches!(
                tag.point,
                SamplingPoint::RawWater | SamplingPoint::Process | SamplingPoint::FinishedWater
            );
            quantity && point
        };
        let row = |(tag, state): (&Tag, &TagSnapshot)| WorksRow {
            name: self.tag_name(tag),
            finished_quality: tag.point == SamplingPoint::FinishedWater
                && (tag.quantity == residual || tag.quantity == Quantity::Turbidity),
            value: value(plant, Some((tag, state))),
            trend: state.trend.clone(),
        };
        self.tags(plant).filter(|(tag, _)| shown(tag)).map(row).collect()
    }

    fn tanks(&self, plant: &PlantSnapshot) -> Vec<TankRow> {
        let row = |(tag, state): (&Tag, &TagSnapshot)| TankRow {
            name: self.tag_name(tag),
            value: value(plant, Some((tag, state))),
            share: last(state) / tag.range.1.max(1e-9),
        };
        self.tags(plant).filter(|(tag, _)| tag.quantity == Quantity::Level).map(row).collect()
    }

    fn pumps(&self, plant: &PlantSnapshot) -> Vec<PumpRow> {
        let instruments = self.plant.instruments.iter().zip(&plant.tags);
        instruments
            .filter(|(instrument, _)| instrument.tag.quantity == Quantity::State)
            .map(|(instrument, state)| PumpRow {
                name: match instrument.place {
                    Place::Link(link) => self.plant.network.links[link.0].id.clone(),
                    Place::DosingPump => self.plant.train.dosing.id.clone(),
                    _ => instrument.tag.id.to_string(),
                },
                runs: state
                    .latest
                    .filter(|_| age(plant, &instrument.tag, state).is_none())
                    .filter(|_| !last(state).is_nan())
                    .map(|latest| latest.value > 0.5),
            })
            .collect()
    }

    fn alarms(&self, plant: &PlantSnapshot) -> Vec<AlarmRow> {
        let mut standing: Vec<&AlarmEvent> = plant.standing.iter().collect();
        standing.sort_by_key(|event| event.rank());
        let row = |event: &AlarmEvent| {
            let tag = event.id.tag.as_ref();
            let now = self.tags(plant).find(|(known, _)| Some(&known.id) == tag);
            AlarmRow {
                id: event.id.clone(),
                group: event.group.as_ref().map(|group| group.first_out.clone()),
                state: event.state,
                priority: level(event.priority),
                level: if event.state.is_active() { level(event.priority) } else { Level::Calm },
                since: event.at.hh_mm(self.plant.profile.utc_offset),
                tag: tag.map_or(event.id.plant.as_str(), |tag| tag.as_str()).to_owned(),
                title: self.title(event),
                why: self.why_listed(event),
                now: now
                    .map(|now| value(plant, Some(now)))
                    .filter(|value| value.age.is_none())
                    .map(|value| format!("{} {}", value.number, value.unit))
                    .unwrap_or_default(),
            }
        };
        standing.into_iter().map(row).collect()
    }

    fn tags<'s>(
        &'s self,
        plant: &'s PlantSnapshot,
    ) -> impl Iterator<Item = (&'s Tag, &'s TagSnapshot)> {
        self.plant.instruments.iter().map(|instrument| instrument.tag.as_ref()).zip(&plant.tags)
    }

    /// A tag's title; in English without the word every title of a waterworks has.
    fn tag_name(&self, tag: &Tag) -> String {
        tag.title.get(self.lang).replace(" water ", " ")
    }

    /// The rule behind an alarm.
    pub fn rule(&self, event: &AlarmEvent) -> Option<&'a InspectionRule> {
        self.book.rules().iter().find(|rule| rule.id == event.id.rule)
    }

    /// Why an alarm changed: value and limit, in short; else the monitor's own sentence.
    pub fn reason(&self, event: &AlarmEvent) -> String {
        let words = self.words();
        let mut tags = self.plant.instruments.iter().map(|instrument| &instrument.tag);
        let tag = tags.find(|tag| Some(&tag.id) == event.id.tag.as_ref());
        let kind = self.rule(event).map(|rule| &rule.kind);
        if let (Some(tag), Some(value), Some(limit)) = (tag, event.why.value, event.why.limit) {
            let unit = unit(tag.quantity);
            let word = match kind {
                Some(Kind::ServicePressure(_)) => words.needs,
                _ => words.limit,
            };
            let places = decimals(tag.quantity, value.min(limit));
            return format!("{value:.places$} {unit}{}{word} {limit:.places$}", words.comma);
        }
        let [flat, silent, gateway, doubtful] = words.reasons;
        let flat_line = QualityTests::of(QualityTest::FlatLine);
        let word = match kind {
            Some(Kind::Quality(rule)) if rule.tests == flat_line => flat,
            Some(Kind::Quality(_)) => doubtful,
            Some(Kind::TagSilence) => silent,
            Some(Kind::GatewaySilence { .. }) => gateway,
            _ => "",
        };
        if word.is_empty() { event.why.said(self.lang).to_owned() } else { word.to_owned() }
    }

    /// The same, of an alarm that chatters with how often it has come.
    fn why_listed(&self, event: &AlarmEvent) -> String {
        let reason = self.reason(event);
        let Some(chattering) = &event.chattering else { return reason };
        let [.., chatters, _] = self.words().changes;
        format!("{chatters} ×{} · {reason}", chattering.times)
    }

    /// A piece of news as a line of the list of events, if people want to know it.
    pub fn line(&self, news: &News) -> Option<EventRow> {
        match news {
            News::Record(record) => self.record_line(record),
            News::Outside(outside) => Some(self.outside_line(outside)),
        }
    }

    fn record_line(&self, record: &Record) -> Option<EventRow> {
        match record {
            Record::Alarm(event) => self.alarm_line(event),
            Record::Ingest(event) => Some(self.ingest_line(event)),
            Record::Ticket(event) => Some(self.ticket_line(event)),
            // What breaks a limit, or stays doubtful, is an alarm: that is the news.
            Record::Lab(_) | Record::Quality(_) => None,
            Record::Flood(event) => Some(self.flood_line(event)),
            Record::Monitor(event) => Some(self.monitor_line(event)),
        }
    }

    fn outside_line(&self, outside: &Outside) -> EventRow {
        let lang = self.lang;
        let (limit, detail) = (outside.limit, outside.detail(lang));
        let parts = [limit.name(lang), detail.as_str(), limit.sentence(lang)];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let (at, what) = (self.local(outside.first), self.words().outside);
        EventRow { at, what, text: parts.join(" · "), ..EventRow::default() }
    }

    fn ticket_line(&self, event: &TicketEvent) -> EventRow {
        let ticket = &event.ticket;
        let village = self.plant.profile.village(ticket.village.as_str());
        let village = village.map_or(ticket.village.as_str(), |it| it.title.get(self.lang));
        let problem = self.words().problems[ticket.problem as usize];
        let channel = self.words().channels[ticket.channel as usize];
        let text = format!("{village} · {problem} · {channel}");
        let at = self.local(ticket.filed_at);
        let what = self.words().ticket;
        EventRow { at, what, text, level: Level::Low, ..EventRow::default() }
    }

    fn monitor_line(&self, event: &MonitorRecord) -> EventRow {
        let [started, stopped] = self.words().monitor;
        let text = if event.change == "stopped" { stopped } else { started };
        EventRow { text: text.to_owned(), ..EventRow::default() }
    }

    fn alarm_line(&self, event: &AlarmEvent) -> Option<EventRow> {
        let [raised, cleared, again, no_data, answer, worse, better, chatters, calm] =
            self.words().changes;
        let (what, level) = match event.change {
            AlarmChange::Raised => (raised, level(event.priority)),
            AlarmChange::Cleared => (cleared, Level::Calm),
            AlarmChange::ReAlarmed | AlarmChange::Escalated => (again, level(event.priority)),
            AlarmChange::Risen => (worse, level(event.priority)),
            AlarmChange::Chattering => (chatters, level(event.priority)),
            AlarmChange::Calmed => (calm, Level::Calm),
            AlarmChange::Fallen => (better, Level::Calm),
            AlarmChange::NoData => (no_data, Level::Low),
            AlarmChange::Acknowledged
            | AlarmChange::SteppedDown
            | AlarmChange::Reset
            | AlarmChange::Shelved
            | AlarmChange::Unshelved
            | AlarmChange::ShelfExpired
            | AlarmChange::RemovedFromService
            | AlarmChange::ReturnedToService => (answer, Level::Calm),
            AlarmChange::Suppressed
            | AlarmChange::Unsuppressed
            | AlarmChange::StopAnnounced
            | AlarmChange::StopWithdrawn
            | AlarmChange::DataBack => return None,
        };
        let tag = event.id.tag.as_ref().map_or(event.id.plant.as_str(), |tag| tag.as_str());
        let text = format!("{tag} {} · {}", self.title(event), self.reason(event));
        let at = self.local(event.at);
        Some(EventRow { at, what, text, level, ..EventRow::default() })
    }

    fn flood_line(&self, event: &FloodEvent) -> EventRow {
        let [flood, over, ..] = self.words().flood;
        let (what, level) = match event.change {
            FloodChange::Begun => (flood, Level::High),
            FloodChange::Ended => (over, Level::Calm),
        };
        let text = self.flood(&event.flood);
        EventRow { at: self.local(event.at), what, text, level, ..EventRow::default() }
    }

    /// Such as `13 alarms since 10:12 · first sanmen/gateway-silent/plant/1`.
    fn flood(&self, flood: &Flood) -> String {
        let [_, _, alarms, first] = self.words().flood;
        let (since, id) = (self.local(flood.from), &flood.first_out);
        format!("{since} · {alarms} {} · {first} {id}", flood.alarms)
    }

    fn ingest_line(&self, event: &IngestEvent) -> EventRow {
        let [_, _, lost, refused] = self.words().counters;
        let (text, level) = match &event.what {
            IngestChange::Online { .. } => (self.words().online.to_owned(), Level::Calm),
            IngestChange::Offline { .. } => (self.words().offline.to_owned(), Level::Low),
            IngestChange::ClockBack { from, to, real: true, .. } => {
                let ([before, after], from) = (self.words().clock_back, self.local(*from));
                (format!("{before} {from} {after} {}", self.local(*to)), Level::Low)
            }
            IngestChange::ClockBack { to, .. } => {
                (format!("{} {}", self.words().again, self.local(*to)), Level::Calm)
            }
            IngestChange::Gap { from, to, .. } => (format!("{lost}: {from}–{to}"), Level::Low),
            IngestChange::Late { seq, .. } => {
                let [before, after] = self.words().late;
                (format!("{before}{seq}{after}"), Level::Calm)
            }
            IngestChange::Refused { reason, count, detail, .. } => {
                (format!("{refused}: {count} × {reason}, {detail}"), Level::Low)
            }
            IngestChange::TagMismatch { tag, detail } => (format!("{tag}: {detail}"), Level::Low),
        };
        EventRow { at: self.local(event.at), text, level, ..EventRow::default() }
    }

    /// The plant's local time, `MM-DD HH:MM`.
    pub fn local(&self, at: Stamp) -> String {
        let mut time = at.month_day_time(self.plant.profile.utc_offset);
        time.truncate("12-05 07:43".len());
        time
    }
}

fn value(plant: &PlantSnapshot, of: Option<(&Tag, &TagSnapshot)>) -> Value {
    let Some((tag, state)) = of else { return Value::default() };
    let unit = unit(tag.quantity);
    let Some(latest) = state.latest else {
        return Value { number: "–".to_owned(), unit, ..Value::default() };
    };
    let alarms = plant
        .standing
        .iter()
        .filter(|event| event.state.is_active() && event.id.tag.as_ref() == Some(&tag.id));
    let decimals = decimals(tag.quantity, latest.value);
    // Not the place of the alarm's mark: a doubtful value may have an alarm too.
    let number = match latest.flag {
        Flag::Good | Flag::NotEvaluated => format!("{:.decimals$}", latest.value),
        Flag::Suspect => format!("?{:.decimals$}", latest.value),
        Flag::Fail if latest.value.abs() < 1e6 => format!("×{:.decimals$}", latest.value),
        Flag::Fail => "×".to_owned(),
        Flag::Missing => "–".to_owned(),
    };
    Value {
        number,
        doubtful: !latest.flag.is_usable(),
        unit,
        level: alarms.map(|event| level(event.priority)).max().unwrap_or_default(),
        age: age(plant, tag, state),
    }
}

/// How old a reading is, when it is older than it should be.
fn age(plant: &PlantSnapshot, tag: &Tag, state: &TagSnapshot) -> Option<String> {
    let age = plant.frontier? - state.latest?.observed_at;
    let due = (tag.poll * 3).max(Span::minutes(3));
    (age > due).then(|| short(age))
}

/// `40s`, `12m`, `3h`, `2d`.
fn short(age: Span) -> String {
    let seconds = age.as_ms() / 1_000;
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The last value, unless it is none or has failed.
fn last(state: &TagSnapshot) -> f64 {
    let latest = state.latest.filter(|it| !matches!(it.flag, Flag::Missing | Flag::Fail));
    latest.map_or(f64::NAN, |latest| latest.value)
}

fn decimals(quantity: Quantity, value: f64) -> usize {
    match quantity {
        Quantity::Pressure if value.abs() < 100.0 => 1,
        Quantity::Pressure => 0,
        Quantity::Flow => 1,
        Quantity::Turbidity if value.abs() >= 10.0 => 1,
        _ => 2,
    }
}

/// Units as people write them.
pub fn unit(quantity: Quantity) -> &'static str {
    match quantity.unit() {
        "m3/h" => "m³/h",
        "uS/cm" => "µS/cm",
        "degC" => "°C",
        unit => unit,
    }
}

/// The level of a priority.
pub fn level(priority: Priority) -> Level {
    match priority {
        Priority::Low => Level::Low,
        Priority::Medium => Level::Medium,
        Priority::High => Level::High,
    }
}

#[cfg(test)]
mod tests {
    //! What lines say of a gateway's clock.

    use super::*;
    use crate::cli::library::Library;
    use crate::cli::view::build::Builder;
    use crate::ledger::record::Entry;

    fn line(lang: Lang, real: bool) -> String {
        let (library, offset) = (Library::default(), "2024-12-05T08:30:00+08:00");
        let plants = [library.plant("sanmen").expect("it is built in")];
        let book = library.book().expect("it is built in");
        let mut builder = Builder::new(&plants, &book, None, None, lang);
        let (to, _) = Stamp::parse(offset).expect("a time");
        let from = to + Span::HOUR;
        let what = IngestChange::ClockBack { boot_id: 2, from, to, real };
        let plant = Some(plants[0].id.clone());
        let record = Record::Ingest(IngestEvent { at: from, plant: plant.clone(), what });
        let (previous, hash) = (String::new(), String::new());
        let row = builder.entry(&Entry { plant, n: 1, record, previous, hash });
        row.expect("it is told").text
    }

    #[test]
    fn only_an_exercise_begins_again_when_a_clock_goes_back() {
        assert_eq!(line(Lang::En, false), "the exercise begins again at 12-05 08:30");
        let real = "the gateway's clock went back from 12-05 09:30 to 12-05 08:30";
        assert_eq!(line(Lang::En, true), real);
        assert_eq!(line(Lang::Zh, true), "网关时钟回拨：从 12-05 09:30 到 12-05 08:30");
    }
}
