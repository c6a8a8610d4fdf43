//! What alarms ask of the people who answer them: the key figures of ISA-18.2 and EEMUA 191.
//!
//! In: alarm events and floods of a period, as they were recorded, and the marks to judge by.
//! Out: a `Load`. Must not know: readings, who looks at it.

mod floods;
mod groups;
mod stops;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId, AlarmState, Priority};
use crate::alarms::flood::FloodEvent;
use crate::base::{Span, Stamp};
use crate::inspection::handling::LoadMarks;
pub use floods::PastFlood;
pub use groups::Company;
pub use stops::PastStop;

/// The alarms of a period, in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Load {
    /// Its beginning.
    pub from: Stamp,
    /// Its end.
    pub to: Stamp,
    /// Alarms raised; one that asks again counts anew.
    pub raised: usize,
    /// Alarms that stand at the end, set aside or not.
    pub standing: usize,
    /// Alarms a window.
    pub rate: Rate,
    /// Floods of each plant, in the order of time.
    pub floods: Vec<PastFlood>,
    /// Share of the period that lay in floods, of whichever plant.
    pub flood_share: f64,
    /// Alarms that belong together, the largest company first.
    pub groups: Vec<Company>,
    /// Share of all alarms that were in company.
    pub group_share: f64,
    /// Alarms that came and went again and again, the worst first.
    pub chattering: Vec<Chattering>,
    /// How many were gone before anybody could have done anything.
    pub fleeting: usize,
    /// Alarms that stood too long, the longest first.
    pub stale: Vec<Stale>,
    /// The alarms that were raised most, at most ten.
    pub top: Vec<Actor>,
    /// Share of all alarms that these ten made.
    pub top_share: f64,
    /// How many alarms had each priority, low first.
    pub priorities: [PriorityShare; 3],
    /// How people answered.
    pub answers: Answers,
    /// Times on the shelf that a person ended, and that ended by themselves.
    pub unshelved: [usize; 2],
    /// Announced stops of supply that began in the period, in the order of time.
    pub stops: Vec<PastStop>,
    /// Every occurrence, in the order of time: what a picture needs.
    pub episodes: Vec<Episode>,
}

/// Alarms a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rate {
    /// The window.
    pub window: Span,
    /// On average. Averages hide floods `[S44d]`.
    pub mean: f64,
    /// Most in one window that begins at a multiple of its length.
    pub most: usize,
    /// Share of windows with more than are acceptable.
    pub above_acceptable: f64,
    /// Share of windows with more than are manageable.
    pub above_manageable: f64,
    /// How many in each window of the period, from its beginning.
    pub counts: Vec<usize>,
}

/// An alarm that came and went again and again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chattering {
    /// The alarm.
    pub alarm: AlarmId,
    /// How often it came and went, in all.
    pub times: usize,
    /// When it first chattered.
    pub first: Stamp,
}

/// An alarm that stood too long.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stale {
    /// The occurrence.
    pub alarm: AlarmId,
    /// How long it stood; until the end of the period when it still does.
    pub stood: Span,
}

/// An alarm and how often it was raised.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Actor {
    /// The alarm.
    pub alarm: AlarmId,
    /// Its rule's title in English.
    pub title: String,
    /// How often.
    pub raised: usize,
}

/// How many alarms had a priority.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PriorityShare {
    /// The priority.
    pub priority: Priority,
    /// How many.
    pub raised: usize,
    /// Which share of all.
    pub share: f64,
    /// Which share is usual in a healthy system `[S44c]`.
    pub usual: f64,
}

/// How people answered.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Answers {
    /// Calls that were acknowledged.
    pub acknowledged: usize,
    /// Calls that nobody has answered yet.
    pub waiting: usize,
    /// From the call to its acknowledgement: the median.
    pub median: Option<Span>,
    /// The time in which nine of ten were acknowledged.
    pub ninety_percent: Option<Span>,
    /// The longest.
    pub longest: Option<Span>,
}

/// One occurrence of an alarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Episode {
    /// Which.
    pub alarm: AlarmId,
    /// Its priority.
    pub priority: Priority,
    /// When it was raised.
    pub raised: Stamp,
    /// When it cleared, if it did.
    pub cleared: Option<Stamp>,
    /// When it was acknowledged first, if it was.
    pub acknowledged: Option<Stamp>,
}

/// Shares that are usual in a healthy system, by priority, low first `[S44c]`.
const USUAL: [(Priority, f64); 3] =
    [(Priority::Low, 0.80), (Priority::Medium, 0.15), (Priority::High, 0.05)];

/// Alarms in the list of the most frequent.
const TOP: usize = 10;

impl Load {
    /// Measures what happened from `from` to `to`. Events may come in any order, and the floods of
    /// a plant in the order of time.
    pub fn measure(
        events: &[AlarmEvent],
        floods: &[FloodEvent],
        (from, to): (Stamp, Stamp),
        marks: &LoadMarks,
    ) -> Self {
        let mut events: Vec<&AlarmEvent> =
            events.iter().filter(|event| (from..=to).contains(&event.at)).collect();
        events.sort_by_key(|event| event.at);
        let calls: Vec<&AlarmEvent> = events.iter().copied().filter(|it| it.calls()).collect();
        let episodes = episodes(&events);
        let floods = floods::past(floods, &calls, (from, to), marks.window);
        let groups = groups::companies(&events, &calls);
        let in_company: usize = groups.iter().map(|it| it.raised).sum();
        let top = top(&calls);
        let of_top: usize = top.iter().map(|actor| actor.raised).sum();
        let changes = |wanted| events.iter().filter(|event| event.change == wanted).count();
        let stood = |it: &&Episode| it.cleared.is_none();
        Self {
            from,
            to,
            raised: calls.len(),
            standing: episodes.iter().filter(stood).count(),
            rate: rate(&calls, (from, to), marks),
            flood_share: share(floods::covered(&floods).as_seconds(), (to - from).as_seconds()),
            floods,
            group_share: share(in_company as f64, calls.len() as f64),
            groups,
            chattering: chattering(&episodes, marks),
            fleeting: episodes
                .iter()
                .filter(|it| it.lasted() <= Some(marks.fleeting) && it.cleared.is_some())
                .count(),
            stale: stale(&episodes, to, marks),
            top_share: share(of_top as f64, calls.len() as f64),
            top,
            priorities: USUAL.map(|(priority, usual)| {
                let raised = calls.iter().filter(|it| it.priority == priority).count();
                let share = share(raised as f64, calls.len() as f64);
                PriorityShare { priority, raised, share, usual }
            }),
            answers: answers(&events),
            unshelved: [changes(AlarmChange::Unshelved), changes(AlarmChange::ShelfExpired)],
            stops: stops::past(&events, to),
            episodes,
        }
    }
}

impl Episode {
    /// How long it stood, once it has cleared.
    pub fn lasted(&self) -> Option<Span> {
        self.cleared.map(|cleared| cleared - self.raised)
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if part > 0.0 && whole > 0.0 { part / whole } else { 0.0 }
}

fn episodes(events: &[&AlarmEvent]) -> Vec<Episode> {
    let mut found: Vec<Episode> = Vec::new();
    let mut at: BTreeMap<&AlarmId, usize> = BTreeMap::new();
    for event in events {
        if event.change == AlarmChange::Raised {
            at.insert(&event.id, found.len());
            let AlarmEvent { id, priority, at: raised, .. } = *event;
            let (alarm, priority, raised) = (id.clone(), *priority, *raised);
            let (cleared, acknowledged) = (None, None);
            found.push(Episode { alarm, priority, raised, cleared, acknowledged });
            continue;
        }
        let Some(episode) = at.get(&event.id).and_then(|n| found.get_mut(*n)) else { continue };
        match event.change {
            AlarmChange::Cleared => episode.cleared = Some(event.at),
            AlarmChange::Acknowledged => {
                episode.acknowledged = episode.acknowledged.or(Some(event.at));
            }
            _ => {}
        }
    }
    found
}

fn rate(calls: &[&AlarmEvent], (from, to): (Stamp, Stamp), marks: &LoadMarks) -> Rate {
    let step = marks.window.as_ms().max(1);
    let length = (to - from).as_ms();
    let windows = usize::try_from(length.div_euclid(step) + i64::from(length % step > 0));
    let mut counts = vec![0_usize; windows.unwrap_or(0).max(1)];
    for call in calls {
        let n = usize::try_from((call.at - from).as_ms() / step).unwrap_or(0);
        let n = n.min(counts.len() - 1); // the end belongs to the last
        counts[n] += 1;
    }
    let above = |limit: f64| {
        share(counts.iter().filter(|n| **n as f64 > limit).count() as f64, counts.len() as f64)
    };
    Rate {
        window: marks.window,
        mean: share(calls.len() as f64, length as f64 / step as f64),
        most: counts.iter().copied().max().unwrap_or(0),
        above_acceptable: above(marks.acceptable),
        above_manageable: above(marks.manageable),
        counts,
    }
}

/// Occurrences of each alarm, whichever number they have.
fn by_alarm(episodes: &[Episode]) -> BTreeMap<AlarmId, Vec<&Episode>> {
    let mut found: BTreeMap<AlarmId, Vec<&Episode>> = BTreeMap::new();
    for episode in episodes {
        found.entry(episode.alarm.as_such()).or_default().push(episode);
    }
    found
}

/// So many times raised and cleared, from the first raise to the last clear within the time.
fn chattering(episodes: &[Episode], marks: &LoadMarks) -> Vec<Chattering> {
    let mut found = Vec::new();
    for (alarm, of_it) in by_alarm(episodes) {
        let ends: Vec<(Stamp, Stamp)> =
            of_it.iter().filter_map(|it| Some((it.raised, it.cleared?))).collect();
        let fast = |run: &[(Stamp, Stamp)]| match run {
            [(first, _), .., (_, last)] => *last - *first <= marks.chattering_within,
            _ => false,
        };
        let runs = ends.windows(marks.chattering_times);
        if let Some(run) = runs.into_iter().find(|run| fast(run)) {
            found.push(Chattering { alarm, times: ends.len(), first: run[0].0 });
        }
    }
    found.sort_by_key(|it| std::cmp::Reverse(it.times));
    found
}

fn stale(episodes: &[Episode], to: Stamp, marks: &LoadMarks) -> Vec<Stale> {
    let stood = episodes.iter().map(|it| {
        let stood = it.cleared.unwrap_or(to) - it.raised;
        Stale { alarm: it.alarm.clone(), stood }
    });
    let mut found: Vec<Stale> = stood.filter(|it| it.stood > marks.stale_after).collect();
    found.sort_by_key(|it| std::cmp::Reverse(it.stood));
    found
}

fn top(calls: &[&AlarmEvent]) -> Vec<Actor> {
    let mut counts: BTreeMap<AlarmId, Actor> = BTreeMap::new();
    for call in calls {
        let alarm = call.id.as_such();
        let title = call.title.clone();
        let actor = counts.entry(alarm.clone()).or_insert(Actor { alarm, title, raised: 0 });
        actor.raised += 1;
    }
    let mut actors: Vec<Actor> = counts.into_values().collect();
    actors.sort_by_key(|actor| std::cmp::Reverse(actor.raised));
    actors.truncate(TOP);
    actors
}

/// From each call to its acknowledgement. What was set aside meanwhile waits for nobody.
fn answers(events: &[&AlarmEvent]) -> Answers {
    let mut called: BTreeMap<AlarmId, Stamp> = BTreeMap::new();
    let mut times = Vec::new();
    let mut state: BTreeMap<AlarmId, AlarmState> = BTreeMap::new();
    for event in events {
        let alarm = event.id.as_such();
        match event.change {
            _ if event.calls() => {
                called.insert(alarm.clone(), event.at);
            }
            AlarmChange::Acknowledged => {
                times.extend(called.remove(&alarm).map(|call| event.at - call));
            }
            _ => {}
        }
        state.insert(alarm, event.state);
    }
    times.sort_unstable();
    let at = |share: f64| {
        let rank = libm::ceil(share * times.len() as f64) as usize;
        times.get(rank.saturating_sub(1)).copied()
    };
    Answers {
        acknowledged: times.len(),
        waiting: state.values().filter(|state| state.is_unanswered()).count(),
        median: at(0.5),
        ninety_percent: at(0.9),
        longest: times.last().copied(),
    }
}

#[cfg(test)]
mod tests;
