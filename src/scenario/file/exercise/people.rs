//! Reads what simulated roles say, what trainees ought to do, and how robots play.

use super::field::no_double;
use super::trigger::Known;
use crate::base::ids::InjectionId;
use crate::base::problem::{Spanned, Table};
use crate::plant::Plant;
use crate::scenario::exercise::deed::{Deed, Pattern};
use crate::scenario::exercise::words::{Own, words_of};
use crate::scenario::exercise::{
    Choice, Contingency, Forbidden, Message, Move, Part, Robots, Role, Task, Window,
};
use crate::scenario::file::Head;
use crate::scenario::file::injections::{check_substance, read_waiting};
use crate::scenario::file::{MINUTES, minutes_span};

/// Seconds on the wall that somebody may take.
const WALL_S: std::ops::RangeInclusive<f64> = 0.0..=86_400.0;

/// Weights and penalties.
const POINTS: std::ops::RangeInclusive<f64> = 0.0..=100.0;

/// Reads every `[[message]]`.
pub fn read_messages(table: &Table<'_>, known: &Known<'_, '_>) -> Vec<Message> {
    let read = |own: &Table<'_>| {
        let id = own.parse("id", InjectionId::new);
        let when = known.trigger(own, "when");
        let from = own.choice("from", &Role::CHOICES);
        let text = own.bilingual("text");
        let choices = own.tables("choices");
        let choice = |own: &Table<'_>| {
            let (id, en, zh) = (own.parse("id", InjectionId::new), own.text("en"), own.text("zh"));
            let text = crate::base::Text { en: en?.into_inner(), zh: zh?.into_inner() };
            Some(Choice { id: id?.into_inner().as_str().to_owned(), text })
        };
        let choices = choices.iter().filter_map(choice).collect();
        Some(Message {
            id: id?.into_inner().as_str().to_owned(),
            when: when?,
            from: from?.into_inner(),
            text: text?,
            choices,
        })
    };
    let found = table.tables("message").iter().filter_map(read).collect();
    no_double(table, "message");
    found
}

/// Reads every `[[contingency]]`.
pub fn read_contingencies(table: &Table<'_>, known: &Known<'_, '_>) -> Vec<Contingency> {
    let mut all: Vec<Contingency> = Vec::new();
    for own in table.tables("contingency") {
        let when = known.trigger(&own, "when");
        let injection = read_waiting(&own, known.names(), known.run());
        let Some(injection) = injection else { continue };
        let planned = known.head.injections.iter().filter_map(|found| found.injection.as_ref());
        check_substance(&own, &injection, planned.chain(all.iter().map(|it| &it.injection)));
        all.extend(when.map(|when| Contingency { when, injection }));
    }
    all
}

/// Reads every `[[task]]`.
pub fn read_tasks(table: &Table<'_>, known: &Known<'_, '_>) -> Vec<Task> {
    let read = |own: &Table<'_>| {
        let id = own.parse("id", InjectionId::new);
        let title = own.bilingual("title");
        let part = own.choice("part", &Part::CHOICES);
        let by = read_patterns(own);
        let since = known.trigger_or_start(own, "since");
        let within = read_window(own);
        let points = own.number_in("points", POINTS);
        let critical = own.opt_bool("critical").is_some_and(Spanned::into_inner);
        let after = known.task(own, "after");
        Some(Task {
            id: id?.into_inner().as_str().to_owned(),
            place: own.source().place(own.span().start),
            title: title?,
            part: part?.into_inner(),
            by,
            since: since?,
            within: within?,
            points: points?.into_inner(),
            critical,
            after,
        })
    };
    let all = table.tables("task");
    let found = all.iter().filter_map(read).collect();
    no_double(table, "task");
    if all.is_empty() {
        let help = "write at least one [[task]]";
        table.add_with_help(table.span(), "nobody has anything to do", help);
    }
    found
}

fn read_window(own: &Table<'_>) -> Option<Window> {
    let wall = own.opt_number_in("within_s", WALL_S);
    let simulated = own.opt_number_in("within_min", MINUTES);
    match (wall, simulated) {
        (Some(wall), None) => Some(Window::Wall(wall.into_inner())),
        (None, Some(simulated)) => Some(Window::Simulated(minutes_span(simulated.into_inner()))),
        // What is there and wrong has been noted.
        (None, None) if own.has("within_s") || own.has("within_min") => None,
        _ => {
            let help = "write `within_s`, seconds on the wall, or `within_min`, simulated minutes";
            own.add_with_help(own.span(), "a task has one window", help);
            None
        }
    }
}

/// The deeds of `do`: a text or several.
fn read_patterns(own: &Table<'_>) -> Vec<Pattern> {
    if !own.has("do") {
        own.add_with_help(own.span(), "`do` is missing", "write do = \"acknowledge RULE\"");
        return Vec::new();
    }
    let pattern = |text: Spanned<String>| match Pattern::parse(text.get_ref()) {
        Ok(pattern) => Some(pattern),
        Err(why) => {
            own.add(text.span(), why.to_string());
            None
        }
    };
    own.text_or_texts("do").into_iter().filter_map(pattern).collect()
}

/// Reads every `[[forbidden]]`.
pub fn read_forbidden(table: &Table<'_>, known: &Known<'_, '_>) -> Vec<Forbidden> {
    let read = |own: &Table<'_>| {
        let title = own.bilingual("title");
        let by = read_patterns(own);
        let unless = known.task(own, "unless_done");
        let penalty = own.number_in("penalty", POINTS);
        let critical = own.opt_bool("critical").is_some_and(Spanned::into_inner);
        Some(Forbidden { title: title?, by, unless, penalty: penalty?.into_inner(), critical })
    };
    table.tables("forbidden").iter().filter_map(read).collect()
}

/// Reads the moves of robots: `[[careless]]` and `[[reference]]`.
pub fn read_robots(table: &Table<'_>, known: &Known<'_, '_>) -> Robots {
    let read = |own: &Table<'_>| {
        let when = known.trigger(own, "when");
        let wait = own.opt_number_in("wait_s", WALL_S).map_or(0.0, Spanned::into_inner);
        let deed = own.parse("do", Deed::parse);
        let place = own.source().place(own.span().start);
        Some(Move { place, when: when?, wait_s: wait, deed: deed?.into_inner() })
    };
    let moves = |key: &str| table.tables(key).iter().filter_map(read).collect();
    Robots { careless: moves("careless"), reference: moves("reference") }
}

/// Notes words behind verbs that name nothing of the plant or of the exercise. `messages` are those
/// that could be read: while one could not, nothing is said of answers.
pub fn check_words(table: &Table<'_>, messages: &[Message], head: &Head<'_>) {
    let Some(plant) = head.plant else { return };
    let ids = |key: &str| table.names_of(key, "id");
    let names = |key: &str| ids(key).into_iter().flatten().collect();
    let own = Own { checks: names("check"), jobs: names("job"), ..Own::asked(messages) };
    let all_read = ids("message").len() == messages.len();
    let words = Words { plant, own, all_read };
    let texts = |key: &str| table.texts_of(key, "do").into_iter().flatten();
    for text in texts("task").chain(texts("forbidden")) {
        let Ok(pattern) = Pattern::parse(text.get_ref()) else { continue };
        for (at, word) in pattern.names() {
            words.check(table, pattern.verb(), (at, word), &text);
        }
    }
    for text in texts("careless").chain(texts("reference")) {
        let Ok(deed) = Deed::parse(text.get_ref()) else { continue };
        for (at, word) in deed.args().iter().enumerate() {
            words.check(table, deed.verb().name, (at, word), &text);
        }
    }
}

struct Words<'a> {
    plant: &'a Plant,
    own: Own,
    all_read: bool,
}

impl Words<'_> {
    /// Notes a word that is not known at that place behind its verb.
    fn check(
        &self,
        table: &Table<'_>,
        verb: &str,
        (at, word): (usize, &str),
        text: &Spanned<String>,
    ) {
        let Some(known) = words_of(self.plant, &self.own, verb, at) else { return };
        let is_known = known.iter().any(|it| it == word) || (verb == "answer" && !self.all_read);
        if !is_known {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            table.unknown(text.span(), &format!("behind {verb},"), word, &known);
        }
    }
}
