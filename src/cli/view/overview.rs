//! Many plants in a list: a row each, the one that needs most attention first.

use std::cmp::Reverse;

use crate::alarms::event::{AlarmEvent, Priority};
use crate::inspection::book::Kind;
use crate::monitor::PlantSnapshot;
use crate::plant::tags::SamplingPoint;

use super::model::{Level, Overview, PlantRow, Totals, WorstAlarm};
use super::plant::{Portrait, level};

/// How one plant stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Is its gateway there; none before its birth.
    online: Option<bool>,
    signed: bool,
    level: Level,
    /// Alarms that ask for attention, by priority: low, medium, high.
    counts: [usize; 3],
    /// Alarms that are gone, and nobody has answered.
    unanswered: usize,
    people: u64,
    /// People whose water has an alarm.
    concerned: u64,
    worst: Option<AlarmEvent>,
}

impl Standing {
    /// What a monitor knows of the plant.
    pub fn of(portrait: Portrait<'_>, plant: &PlantSnapshot) -> Self {
        let active = || plant.standing.iter().filter(|event| event.state.is_active());
        let count = |priority| active().filter(|event| event.priority == priority).count();
        let gone = plant.standing.iter().map(|event| event.state);
        let gone = gone.filter(|state| state.is_unanswered() && !state.is_active());
        let worst = active().min_by_key(|event| (Reverse(event.priority), event.at));
        Self {
            online: plant.online,
            signed: plant.signed,
            level: worst.map(|event| level(event.priority)).unwrap_or_default(),
            counts: [Priority::Low, Priority::Medium, Priority::High].map(count),
            unanswered: gone.count(),
            people: u64::from(portrait.plant.profile.population),
            concerned: concerned(portrait, active()),
            worst: worst.cloned(),
        }
    }

    /// Its place in the list: worst alarm, people concerned, people; who was never heard comes
    /// last.
    pub fn rank(&self) -> impl Ord + use<> {
        let heard = self.online.is_some();
        (Reverse(self.level), Reverse(self.concerned), Reverse(heard), Reverse(self.people))
    }
}

/// People whose water has an alarm: those of a village whose taps have one, all when it is the
/// water that leaves the works. A failed instrument concerns nobody's water.
fn concerned<'e>(portrait: Portrait<'_>, active: impl Iterator<Item = &'e AlarmEvent>) -> u64 {
    let profile = &portrait.plant.profile;
    let mut villages = vec![false; profile.villages.len()];
    for event in active {
        let kind = portrait.rule(event).map(|rule| &rule.kind);
        if !matches!(kind, Some(Kind::Limit(_) | Kind::ServicePressure(_) | Kind::Event(_))) {
            continue;
        }
        let mut instruments = portrait.plant.instruments.iter();
        let found = instruments.find(|i| Some(&i.tag.id) == event.id.tag.as_ref());
        let Some(tag) = found.map(|instrument| &instrument.tag) else { continue };
        for (village, is) in profile.villages.iter().zip(&mut villages) {
            *is |= match tag.point {
                SamplingPoint::FinishedWater => true,
                SamplingPoint::TapWater => tag.village.as_ref() == Some(&village.id),
                SamplingPoint::RawWater | SamplingPoint::Process | SamplingPoint::Network => false,
            };
        }
    }
    let concerned = profile.villages.iter().zip(villages).filter(|(_, is)| *is);
    concerned.map(|(village, _)| u64::from(village.people)).sum()
}

impl Overview {
    /// The plants in the order of the list; `chosen`: the row that a person has chosen.
    pub fn new(rows: &[(Portrait<'_>, &Standing)], chosen: Option<usize>) -> Self {
        let mut totals = Totals { plants: rows.len(), ..Totals::default() };
        for (_, standing) in rows {
            totals.alarmed += usize::from(standing.level > Level::Calm);
            totals.alarms += standing.counts.iter().sum::<usize>();
            totals.online += usize::from(standing.online == Some(true));
            totals.unsigned += usize::from(standing.online == Some(true) && !standing.signed);
            totals.offline += usize::from(standing.online == Some(false));
            totals.people += standing.people;
            totals.concerned += standing.concerned;
        }
        Self { rows: rows.iter().map(|(portrait, s)| row(*portrait, s)).collect(), chosen, totals }
    }
}

fn row(portrait: Portrait<'_>, standing: &Standing) -> PlantRow {
    let profile = &portrait.plant.profile;
    PlantRow {
        name: portrait.name().to_owned(),
        county: profile.county.get(portrait.lang).to_owned(),
        online: standing.online,
        level: standing.level,
        people: standing.people,
        concerned: standing.concerned,
        counts: standing.counts,
        unanswered: standing.unanswered,
        worst: standing.worst.as_ref().map(|event| WorstAlarm {
            since: event.at.hh_mm(profile.utc_offset),
            title: portrait.title(event),
            why: portrait.reason(event),
        }),
    }
}
