//! What a person does at the terminal view: looks around, chooses an alarm, answers it, says why.
//!
//! Pure: keys and pictures in, deeds out.

use std::collections::BTreeSet;

use crate::alarms::command::{Action, Ask, Reply};
use crate::alarms::event::{AlarmId, By};
use crate::base::Span;
use crate::base::text::Lang;

use super::build::Wish;
use super::model::{AlarmRow, View};
use super::words::Words;

/// A key that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter or another character.
    Char(char),
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first.
    Home,
    /// To the last.
    End,
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Escape.
    Escape,
    /// Ctrl-C.
    Interrupt,
    /// The terminal has another size.
    Redraw,
}

/// What a key has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// End the view.
    Quit,
    /// Another picture.
    Picture(Wish),
    /// Have this done.
    Ask(Ask),
}

/// The person's side of the view.
#[derive(Debug, Clone, Default)]
pub struct Desk {
    /// Who sits here.
    by: String,
    /// The alarm chosen.
    chosen: Option<AlarmId>,
    /// Are alarms listed that are set aside?
    pub aside: bool,
    /// Do alarms that belong together stand in one line?
    pub folded: bool,
    /// The form that is being filled in.
    pub form: Option<Form>,
    /// What came of the last answer.
    pub said: String,
}

/// How long, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The alarm that it is about.
    pub alarm: AlarmId,
    /// Minutes, as typed.
    pub minutes: String,
    /// Reason, as typed.
    pub reason: String,
    /// Which of the two is being typed.
    pub at_reason: bool,
}

/// Characters that a field of a form takes at most.
const FIELD_MAX: usize = 200;

/// Minutes of a shelf as a form begins with.
const SHELF_MIN: &str = "60";

impl Desk {
    /// A desk for this person.
    pub fn new(by: &str) -> Self {
        Self { by: by.to_owned(), ..Self::default() }
    }

    /// The rows that are listed.
    pub fn rows<'v>(&self, view: &'v View) -> Vec<&'v AlarmRow> {
        let mut rows: Vec<&AlarmRow> = view.alarms.iter().filter(|row| self.lists(row)).collect();
        if self.folded {
            let mut folds: BTreeSet<&AlarmId> = BTreeSet::new();
            rows.retain(|&row| folds.insert(row.belongs_to()));
        }
        rows
    }

    fn lists(&self, row: &AlarmRow) -> bool {
        self.aside || !row.state.is_set_aside()
    }

    /// How many alarms stand behind this one in its line.
    pub fn behind(&self, view: &View, row: &AlarmRow) -> usize {
        let alike = |it: &&AlarmRow| it.belongs_to() == row.belongs_to() && self.lists(it);
        if self.folded { view.alarms.iter().filter(alike).count().saturating_sub(1) } else { 0 }
    }

    /// The position of the chosen alarm among the listed rows.
    pub fn chosen(&self, rows: &[&AlarmRow]) -> Option<usize> {
        let chosen = self.chosen.as_ref()?;
        rows.iter().position(|row| row.id.is_of(chosen))
    }

    /// A key was pressed while `view` was shown; a page has so many rows of plants.
    pub fn press(&mut self, key: Key, view: &View, page: usize) -> Option<Deed> {
        let of_one = view.overview.is_none();
        match key {
            Key::Interrupt => return Some(Deed::Quit),
            _ if self.form.is_some() => return self.fill_in(key, view.lang),
            // Esc goes back; where there is nothing to go back to, it ends.
            Key::Escape if !of_one || !view.of_many => return Some(Deed::Quit),
            Key::Char('q') => return Some(Deed::Quit),
            // Among many plants the arrows go from plant to plant, and Tab from alarm to alarm.
            Key::Up | Key::Down if of_one && !view.of_many => self.choose(key == Key::Down, view),
            Key::Tab if of_one => self.choose_next(view),
            Key::Char('o') if of_one => self.aside = !self.aside,
            Key::Char('g') if of_one => self.folded = !self.folded,
            Key::Char(letter @ ('a' | 'r' | 'u' | 's')) if of_one => {
                return self.answer(letter, view);
            }
            _ => return look(key, page).map(Deed::Picture),
        }
        None
    }

    /// What came of an answer.
    pub fn hear(&mut self, alarm: &AlarmId, reply: Option<&Reply>, lang: Lang) {
        let words = Words::of(lang);
        let tag = alarm.tag.as_ref().map_or(alarm.rule.as_str(), |tag| tag.as_str());
        self.said = match reply {
            Some(Reply::Done { state } | Reply::Already { state }) => {
                format!("{tag}: {}", words.state(*state))
            }
            Some(Reply::Refused(refused)) => refused.to_string(),
            None => words.no_reply.to_owned(),
        };
    }

    fn choose(&mut self, down: bool, view: &View) {
        self.said.clear();
        let rows = self.rows(view);
        let last = rows.len().saturating_sub(1);
        let at = match self.chosen(&rows) {
            Some(at) if down => (at + 1).min(last),
            Some(at) => at.saturating_sub(1),
            None if down => 0,
            None => last,
        };
        self.chosen = rows.get(at).map(|row| row.id.clone());
    }

    /// The next one; after the last the first.
    fn choose_next(&mut self, view: &View) {
        let rows = self.rows(view);
        if self.chosen(&rows).is_some_and(|at| at + 1 >= rows.len()) {
            self.chosen = None;
        }
        self.choose(true, view);
    }

    fn answer(&mut self, letter: char, view: &View) -> Option<Deed> {
        let rows = self.rows(view);
        let row = rows.get(self.chosen(&rows)?)?;
        let (alarm, state) = (row.id.clone(), row.state);
        let action = match letter {
            'a' => Action::Acknowledge,
            'r' => Action::Reset,
            'u' => Action::Unshelve,
            's' => {
                self.said.clear();
                let (minutes, reason) = (SHELF_MIN.to_owned(), String::new());
                self.form = Some(Form { alarm, minutes, reason, at_reason: false });
                return None;
            }
            _ => return None,
        };
        if action == Action::Acknowledge && !state.is_unanswered() {
            self.said = Words::of(view.lang).nothing_to_answer.into();
            return None;
        }
        Some(self.ask(alarm, action, String::new()))
    }

    fn ask(&self, alarm: AlarmId, action: Action, reason: String) -> Deed {
        Deed::Ask(Ask { alarm, action, by: By { name: self.by.clone(), reason } })
    }

    fn fill_in(&mut self, key: Key, lang: Lang) -> Option<Deed> {
        let form = self.form.as_mut()?;
        let field = if form.at_reason { &mut form.reason } else { &mut form.minutes };
        match key {
            Key::Char(letter) if field.chars().count() < FIELD_MAX => field.push(letter),
            Key::Backspace => drop(field.pop()),
            Key::Tab | Key::Up | Key::Down => form.at_reason = !form.at_reason,
            Key::Escape => self.form = None,
            Key::Enter if !form.at_reason => form.at_reason = true,
            Key::Enter => return self.hand_in(lang),
            _ => {}
        }
        None
    }

    fn hand_in(&mut self, lang: Lang) -> Option<Deed> {
        let form = self.form.as_mut()?;
        let minutes = form.minutes.trim().parse::<f64>().ok().filter(|it| *it > 0.0);
        let Some(minutes) = minutes else {
            form.at_reason = false;
            self.said = Words::of(lang).minutes_wanted.into();
            return None;
        };
        if form.reason.trim().is_empty() {
            self.said = Words::of(lang).reason_wanted.into();
            return None;
        }
        let form = self.form.take()?;
        self.said.clear();
        let span = Span::from_seconds_f64(minutes * 60.0);
        let reason = form.reason.trim().to_owned();
        Some(self.ask(form.alarm, Action::Shelve(span), reason))
    }
}

/// What a key asks of the picture; a page has so many rows.
fn look(key: Key, page: usize) -> Option<Wish> {
    let page = page.cast_signed();
    Some(match key {
        Key::Char('l') => Wish::Language,
        Key::Escape | Key::Left | Key::Backspace => Wish::Back,
        Key::Enter | Key::Right => Wish::Open,
        Key::Up | Key::Char('k') => Wish::Move(-1),
        Key::Down | Key::Char('j') => Wish::Move(1),
        Key::PageUp => Wish::Move(-page),
        Key::PageDown | Key::Char(' ') => Wish::Move(page),
        Key::Home => Wish::Move(isize::MIN),
        Key::End => Wish::Move(isize::MAX),
        _ => return None,
    })
}
