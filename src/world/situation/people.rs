//! What injections make of the demand.

use crate::base::ids::VillageId;
use crate::plant::Plant;
use crate::plant::profile::Village;
use crate::scenario::injection::{CalendarEvent, PeopleEvent};
use crate::world::demand::{Mood, home_more};

/// Households that let a tap run against frost when a scenario says no more `[D]`.
const FROST_HOUSEHOLDS: f64 = 0.6;

/// What people are up to.
#[derive(Debug, Clone, PartialEq)]
pub struct PeopleState {
    /// What a scenario makes of the day, beside the calendar: one per village.
    pub moods: Vec<Mood>,
    /// What multiplies demand: one factor per village.
    pub demand: Vec<f64>,
    /// The same for taps of no village.
    pub other_demand: f64,
    /// Taps at which nobody gets water: one per node.
    pub is_cut: Vec<bool>,
}

impl PeopleState {
    /// Usual demand.
    pub fn new(plant: &Plant) -> Self {
        let villages = plant.profile.villages.len();
        Self {
            moods: vec![Mood::default(); villages],
            demand: vec![1.0; villages],
            other_demand: 1.0,
            is_cut: vec![false; plant.network.nodes.len()],
        }
    }

    /// Lets `event` happen on top of what is.
    pub fn apply(&mut self, plant: &Plant, event: &PeopleEvent) {
        match event {
            PeopleEvent::Demand { village, factor } => {
                for (at, _) in meant(plant, village.as_ref()) {
                    self.demand[at] *= factor;
                }
                if village.is_none() {
                    self.other_demand *= factor;
                }
            }
            PeopleEvent::CutOff { taps } => {
                for tap in taps {
                    self.is_cut[tap.0] = true;
                }
            }
            PeopleEvent::Calendar { event, village, share } => {
                for (at, village) in meant(plant, village.as_ref()) {
                    let mood = mood(plant, village, *event, *share);
                    self.moods[at] = self.moods[at].most(mood);
                }
            }
        }
    }
}

/// The villages that are meant: the one that is named, or all; with their positions.
fn meant<'p>(
    plant: &'p Plant,
    named: Option<&VillageId>,
) -> impl Iterator<Item = (usize, &'p Village)> {
    let villages = plant.profile.villages.iter().enumerate();
    villages.filter(move |(_, village)| named.is_none_or(|id| village.id == *id))
}

/// What an event makes of the day in `village`.
fn mood(plant: &Plant, village: &Village, event: CalendarEvent, share: Option<f64>) -> Mood {
    let (calendar, usual) = (&plant.calendar, Mood::default());
    match event {
        CalendarEvent::MarketDay => Mood { market: share.unwrap_or(calendar.market.more), ..usual },
        CalendarEvent::Harvest => Mood { harvest: share.unwrap_or(calendar.harvest.more), ..usual },
        CalendarEvent::FestivalReturn => {
            let home = share.unwrap_or_else(|| home_more(village.away_share));
            Mood { festive: 1.0, home, ..usual }
        }
        CalendarEvent::Heat => Mood { heat: share.unwrap_or(calendar.heat.more), ..usual },
        CalendarEvent::Frost => Mood { frost: share.unwrap_or(FROST_HOUSEHOLDS), ..usual },
    }
}
