//! From snapshots and records to pictures, of one plant or of many.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::base::text::Lang;
use crate::base::{PlantId, Text};
use crate::cli::ready::Outline;
use crate::exercise::live::pace::Pace;
use crate::exercise::live::simulate::Progress;
use crate::inspection::book::Book;
use crate::ledger::record::{Entry, Record};
use crate::monitor::{PlantSnapshot, Snapshot};
use crate::plant::Plant;
use crate::telemetry::link::LinkState;
use crate::world::Outside;

use super::model::{EventRow, Link, Overview, View};
use super::overview::Standing;
use super::plant::Portrait;
use super::words::Words;

/// Events kept for the screen, of each plant and of all together.
const EVENTS_MAX: usize = 200;

/// Below this speed the clock shows seconds: above, they only flicker.
const SECONDS_BELOW: f64 = 60.0;

/// What a person asks of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The other language.
    Language,
    /// The plant so many rows further down; negative: up.
    Move(isize),
    /// The chosen plant.
    Open,
    /// Back to all plants.
    Back,
}

/// Something that people may want to know.
#[derive(Debug)]
pub enum News {
    /// The monitor has stored it.
    Record(Box<Record>),
    /// A plant's model has come to its limits.
    Outside(Outside),
}

/// Keeps a picture up to date.
pub struct Builder<'a> {
    plants: &'a [Arc<Plant>],
    by_id: BTreeMap<&'a PlantId, usize>,
    book: &'a Book,
    title: Option<&'a Text>,
    outline: Option<&'a Outline>,
    lang: Lang,
    /// The plant in the picture; none: all of them.
    opened: Option<usize>,
    /// The plant a person has chosen in the overview; none: they have not.
    chosen: Option<usize>,
    /// Positions of the plants in the order of the overview.
    order: Vec<usize>,
    /// Kept to say everything again in the other language, or of another plant.
    histories: Vec<VecDeque<Arc<News>>>,
    history: VecDeque<(Option<usize>, Arc<News>)>,
    last: Option<Snapshot>,
    progress: Option<Progress>,
    view: View,
}

impl<'a> Builder<'a> {
    /// An empty picture of `plants`, in a run if there is one. `title`: what they are together.
    pub fn new(
        plants: &'a [Arc<Plant>],
        book: &'a Book,
        title: Option<&'a Text>,
        outline: Option<&'a Outline>,
        lang: Lang,
    ) -> Self {
        let mut builder = Self {
            plants,
            by_id: plants.iter().enumerate().map(|(at, plant)| (&plant.id, at)).collect(),
            book,
            title,
            outline,
            lang,
            opened: (plants.len() == 1).then_some(0),
            chosen: None,
            order: (0..plants.len()).collect(),
            histories: plants.iter().map(|_| VecDeque::new()).collect(),
            history: VecDeque::new(),
            last: None,
            progress: None,
            view: View { of_many: plants.len() > 1, ..View::default() },
        };
        builder.say_again();
        builder
    }

    /// The same, that says where the desk is.
    pub fn with_desk(mut self, link: Option<&str>) -> Self {
        link.unwrap_or_default().clone_into(&mut self.view.desk);
        self
    }

    /// The picture.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Does what a person asks for.
    pub fn wish(&mut self, wish: Wish) {
        let place = |plant: Option<usize>| self.order.iter().position(|at| Some(*at) == plant);
        match wish {
            Wish::Language => {
                self.lang = match self.lang {
                    Lang::En => Lang::Zh,
                    Lang::Zh => Lang::En,
                }
            }
            Wish::Move(rows) if self.view.of_many => {
                let row = place(self.chosen).unwrap_or(0);
                let row = row.saturating_add_signed(rows).min(self.order.len() - 1);
                self.chosen = self.order.get(row).copied();
                self.opened = self.opened.and(self.chosen);
            }
            Wish::Open if self.view.of_many => {
                self.chosen = self.chosen.or(self.order.first().copied());
                self.opened = self.chosen;
            }
            Wish::Back if self.view.of_many => self.opened = None,
            Wish::Move(_) | Wish::Open | Wish::Back => {}
        }
        self.say_again();
    }

    /// Says everything on the screen once more.
    fn say_again(&mut self) {
        let lang = self.lang;
        self.view.lang = lang;
        let run = self.outline.map(|outline| outline.title.get(lang));
        let whose = match self.opened {
            Some(at) => Some(self.portrait(at).name()),
            None => self.title.map(|title| title.get(lang)),
        };
        let parts: Vec<&str> = whose.into_iter().chain(run).collect();
        self.view.title = if parts.is_empty() {
            format!("Sanmen · {}", Words::of(lang).plants)
        } else {
            parts.join(" · ")
        };
        self.view.events = if let Some(at) = self.opened {
            let own = self.histories[at].iter();
            own.filter_map(|news| self.portrait(at).line(news)).collect()
        } else {
            let all = self.history.iter();
            all.filter_map(|(plant, news)| self.line_of_many(*plant, news)).collect()
        };
        if let Some(snapshot) = self.last.take() {
            self.snapshot(snapshot);
        }
    }

    fn portrait(&self, at: usize) -> Portrait<'a> {
        Portrait { plant: &self.plants[at], book: self.book, lang: self.lang }
    }

    /// The scenario has moved on.
    pub fn progress(&mut self, progress: Progress) {
        if let Some(outline) = self.outline {
            let passed = (progress.now - outline.start).as_seconds();
            self.view.progress = Some(passed / outline.duration.as_seconds());
            self.view.finished = progress.finished;
            self.progress = Some(progress);
        }
    }

    /// The connection to the broker has changed.
    pub fn link(&mut self, state: &LinkState) {
        self.view.link = match state {
            LinkState::Connecting => Link::Connecting,
            LinkState::Connected => Link::Connected,
            LinkState::Disconnected { reason }
            | LinkState::Refused { reason }
            | LinkState::Ended { reason } => Link::Lost(reason.clone()),
        };
    }

    /// An entry was stored: a line of the list of events, if people want to know it.
    pub fn entry(&mut self, entry: &Entry) -> Option<EventRow> {
        let plant = entry.plant.as_ref().and_then(|id| self.by_id.get(id).copied());
        self.tell(plant, News::Record(Box::new(entry.record.clone())))
    }

    /// Something has come to lie outside the range of a plant's model.
    pub fn outside(&mut self, plant: &PlantId, outside: &Outside) -> Option<EventRow> {
        let plant = self.by_id.get(plant).copied();
        self.tell(plant, News::Outside(outside.clone()))
    }

    fn tell(&mut self, plant: Option<usize>, news: News) -> Option<EventRow> {
        let row = if self.view.of_many {
            self.line_of_many(plant, &news)
        } else {
            self.portrait(0).line(&news)
        }?;
        let news = Arc::new(news);
        for at in plant.map_or(0..self.plants.len(), |at| at..at + 1) {
            keep(&mut self.histories[at], Arc::clone(&news));
        }
        if self.view.of_many {
            keep(&mut self.history, (plant, Arc::clone(&news)));
        }
        let shown = match self.opened {
            None => Some(row.clone()),
            Some(at) if plant.is_none_or(|plant| plant == at) => self.portrait(at).line(&news),
            Some(_) => None,
        };
        if let Some(shown) = shown {
            keep(&mut self.view.events, shown);
        }
        Some(row)
    }

    /// A line among those of other plants: it says which.
    fn line_of_many(&self, plant: Option<usize>, news: &News) -> Option<EventRow> {
        let row = self.portrait(plant.unwrap_or(0)).line(news)?;
        Some(match plant {
            Some(at) => EventRow { of: self.portrait(at).name().to_owned(), ..row },
            None => row,
        })
    }

    /// Of one of the plants.
    pub fn of(&self, plant: &PlantId) -> Option<Portrait<'a>> {
        self.by_id.get(plant).map(|at| self.portrait(*at))
    }

    /// The monitor's state has changed.
    pub fn snapshot(&mut self, snapshot: Snapshot) {
        self.tell_time(&snapshot);
        self.counters(&snapshot);
        if self.view.of_many {
            self.look_over(&snapshot);
        }
        if let Some(at) = self.opened
            && let Some(plant) = snapshot.plants.get(at)
        {
            self.portrait(at).see(plant, &mut self.view);
        }
        self.last = Some(snapshot);
    }

    /// Only the counters of this state: the picture stays.
    pub fn counters(&mut self, snapshot: &Snapshot) {
        let shown = self.shown(snapshot);
        let sum = |count: fn(&PlantSnapshot) -> u64| shown.iter().map(count).sum::<u64>();
        let [messages, readings, lost, refused] = Words::of(self.lang).counters;
        self.view.health = format!(
            "{messages} {} · {readings} {} · {lost} {} · {refused} {}",
            sum(|plant| plant.counters.messages),
            sum(|plant| plant.counters.readings),
            sum(|plant| plant.counters.lost),
            sum(|plant| plant.refused),
        );
    }

    fn is_unpaced(&self) -> bool {
        self.outline.is_some_and(|outline| outline.pace == Pace::Max)
    }

    /// The plants in the picture.
    fn shown<'s>(&self, snapshot: &'s Snapshot) -> &'s [PlantSnapshot] {
        match self.opened {
            Some(at) => snapshot.plants.get(at..=at).unwrap_or_default(),
            None => &snapshot.plants,
        }
    }

    fn tell_time(&mut self, snapshot: &Snapshot) {
        // One plant of a fleet tells the time for all.
        let clock = snapshot.plants.iter().find_map(|plant| plant.clock);
        let speed = clock.map_or(1.0, |clock| clock.speed);
        let real = self.progress.and_then(|progress| progress.speed);
        self.view.speed = match (self.progress, real, clock) {
            (_, Some(real), _) if self.is_unpaced() => format!("{real:.0}×"),
            (_, Some(real), _) => format!("{real:.0}× / {speed:.0}×"),
            (_, None, Some(_)) if !self.is_unpaced() => format!("{speed:.0}×"),
            _ => String::new(),
        };
        let at = self.shown(snapshot).iter().filter_map(|plant| plant.frontier).max();
        let offset = self.plants[self.opened.unwrap_or(0)].profile.utc_offset;
        self.view.clock = at.map(|at| {
            let mut time = at.month_day_time(offset);
            if speed >= SECONDS_BELOW {
                time.truncate("12-05 07:43".len());
            }
            time
        });
    }

    /// The rows of all plants, the one that needs most attention first.
    fn look_over(&mut self, snapshot: &Snapshot) {
        let all = snapshot.plants.iter().enumerate();
        let standings: Vec<Standing> =
            all.map(|(at, plant)| Standing::of(self.portrait(at), plant)).collect();
        self.order.sort_by_key(|at| (standings[*at].rank(), *at));
        self.view.overview = self.opened.is_none().then(|| {
            let chosen = self.order.iter().position(|at| Some(*at) == self.chosen);
            let rows = self.order.iter().map(|at| (self.portrait(*at), &standings[*at]));
            Overview::new(&rows.collect::<Vec<_>>(), chosen)
        });
    }
}

/// Adds to a list that forgets what is oldest.
fn keep<T>(list: &mut VecDeque<T>, new: T) {
    if list.len() == EVENTS_MAX {
        list.pop_front();
    }
    list.push_back(new);
}
