//! What people call what happens in an exercise: deeds, alarms, what befalls the plant, what an
//! instructor directs. The words are those of the desk's pages.

use std::collections::BTreeMap;

use crate::base::Text;
use crate::exercise::improvised::improvised;
use crate::exercise::places::place;
use crate::exercise::session::log::{Branch, Direction, Entry, What};
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::scenario::exercise::deed::Deed;
use crate::scenario::exercise::{Exercise, Role};

/// Words of exercises and of what may befall a plant, as pages have them: by language, then by key.
const PAGES: [&str; 2] = [
    include_str!("../desk/assets/words-exercise.json"),
    include_str!("../desk/assets/words-editor.json"),
];

/// Verbs about alarms: a rule, and where it looks.
const OF_ALARMS: [&str; 4] = ["acknowledge", "shelve", "remove-from-service", "open-alarm"];

/// Verbs behind which a place or a pipe of the network stands.
const OF_PLACES: [&str; 6] =
    ["grab-sample", "start-pump", "stop-pump", "pump-auto", "close-valve", "open-valve"];

/// Names of one exercise at its plant.
pub struct Names<'a> {
    exercise: &'a Exercise,
    plant: &'a Plant,
    book: Option<&'a Book>,
    words: BTreeMap<String, Text>,
    /// What the instructor let happen beside the script, by its id.
    improvised: BTreeMap<String, toml::Table>,
}

impl<'a> Names<'a> {
    /// Names of `exercise` at `plant`; rules are called by their ids.
    pub fn new(exercise: &'a Exercise, plant: &'a Plant) -> Self {
        let mut words: BTreeMap<String, Text> = BTreeMap::new();
        for page in PAGES {
            let page: BTreeMap<String, BTreeMap<String, String>> =
                serde_json::from_str(page).expect("a page's words are texts by language and key");
            for (lang, list) in page {
                for (key, word) in list {
                    let text = words.entry(key).or_default();
                    *(if lang == "zh" { &mut text.zh } else { &mut text.en }) = word;
                }
            }
        }
        Self { exercise, plant, book: None, words, improvised: BTreeMap::new() }
    }

    /// The same, with names for what the instructor let happen in `log`, beside the script.
    pub fn with_log(self, log: &[Entry]) -> Self {
        let tables = improvised(log).filter_map(|it| Some((it.id, toml::from_str(it.keys?).ok()?)));
        Self { improvised: tables.collect(), ..self }
    }

    /// The same, with the titles of rules.
    pub fn with_rules(self, book: &'a Book) -> Self {
        Self { book: Some(book), ..self }
    }

    fn word(&self, key: &str) -> Option<Text> {
        self.words.get(key).cloned()
    }

    /// A word of the desk's, or `raw` itself where the desk has none.
    fn word_or(&self, prefix: &str, raw: &str) -> Text {
        self.word(&format!("{prefix}{raw}")).unwrap_or_else(|| same(raw))
    }

    /// Whoever says something.
    pub fn role(&self, role: Role) -> Text {
        self.word_or("ex-role-", role.name())
    }

    /// The title of a rule.
    pub fn rule(&self, id: &str) -> Text {
        let known = self.book.and_then(|book| book.rules().iter().find(|it| it.id.as_str() == id));
        known.map_or_else(|| same(id), |rule| rule.title.clone())
    }

    /// An instrument with its tag, a sampling site, or the plant as a whole.
    pub fn tag(&self, id: &str) -> Text {
        if id == "plant" {
            return self.word_or("ex-word-", id);
        }
        let titles = self.plant.instruments.iter().map(|it| (&it.tag.id, &it.tag.title));
        let mut all = titles.chain(self.plant.profile.sites.iter().map(|it| (&it.id, &it.title)));
        let found = all.find(|(tag, _)| tag.as_str() == id);
        found.map_or_else(|| same(id), |(_, title)| joined(&[title.clone(), same(id)], " "))
    }

    fn village(&self, id: &str) -> Option<Text> {
        let found = self.plant.profile.villages.iter().find(|it| it.id.as_str() == id);
        found.map(|village| village.title.clone())
    }

    /// A village, or whatever else the desk has a word for; as it is where it has none.
    pub fn other(&self, word: &str) -> Text {
        self.village(word).unwrap_or_else(|| self.word_or("ex-word-", word))
    }

    /// A place of the network.
    pub fn place(&self, id: &str) -> Text {
        place(self.plant, id).unwrap_or_else(|| same(id))
    }

    /// A deed: what it is, and of what.
    pub fn deed(&self, deed: &Deed) -> Text {
        let verb = deed.verb().name;
        let words = deed.args().iter().enumerate();
        let words = words.filter_map(|(at, word)| self.behind(deed, at, word));
        let all: Vec<Text> = [self.word_or("ex-verb-", verb)].into_iter().chain(words).collect();
        joined(&all, " · ")
    }

    /// A word behind a verb; none where the next one says it all.
    fn behind(&self, deed: &Deed, at: usize, word: &str) -> Option<Text> {
        let exercise = self.exercise;
        let titled = |title: Option<&Text>| title.cloned().unwrap_or_else(|| self.other(word));
        Some(match deed.verb().name {
            verb if OF_PLACES.contains(&verb) && at == 0 => self.place(word),
            verb if OF_ALARMS.contains(&verb) && at == 0 => self.rule(word),
            verb if OF_ALARMS.contains(&verb) || verb == "open-trend" => self.tag(word),
            "check" => titled(exercise.checks.iter().find(|it| it.id == word).map(|it| &it.title)),
            "send-crew" => {
                titled(exercise.jobs.iter().find(|it| it.id == word).map(|it| &it.title))
            }
            "diagnose" => crate::scenario::exercise::cause::cause(word).map_or_else(
                || same(word),
                |(_, en, zh)| Text { en: (*en).to_owned(), zh: (*zh).to_owned() },
            ),
            "answer" => {
                let asked = exercise.message(deed.arg(0));
                let choices = asked.map_or(&[][..], |asked| &asked.choices);
                let choice = choices.iter().find(|it| it.id == deed.arg(1));
                match (choice, at) {
                    (Some(_), 0) => return None,
                    (Some(choice), _) => choice.text.clone(),
                    (None, _) => same(word),
                }
            }
            _ => self.other(word),
        })
    }

    /// What befalls the plant, and where: by its name in the file, or by that of an instructor's.
    pub fn injection(&self, id: &str) -> Text {
        let own = || self.improvised.get(id).cloned();
        let Some(table) = in_file(self.exercise, id).or_else(own) else {
            return if id.starts_with("ad-hoc-") {
                self.word_or("ex-word-", "ad-hoc")
            } else {
                same(id)
            };
        };
        let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
        let kind = text("kind").map(|kind| self.word_or("ed-kind-", kind));
        let where_it_is = text("target").map(|target| {
            self.village(target)
                .or_else(|| place(self.plant, target))
                .unwrap_or_else(|| self.tag(target))
        });
        let all: Vec<Text> = kind.into_iter().chain(where_it_is).collect();
        if all.is_empty() { same(id) } else { joined(&all, " · ") }
    }

    /// Everything that the file, or the instructor beside it, lets be said or befall the plant, by
    /// its name.
    pub fn script(&self) -> BTreeMap<String, Text> {
        let exercise = self.exercise;
        let befalls = exercise.scenario.injections.iter();
        let befalls = befalls.chain(exercise.contingencies.iter().map(|it| &it.injection));
        let befalls = befalls.map(|it| it.id.to_string()).chain(self.improvised.keys().cloned());
        let all = befalls.chain(exercise.messages.iter().map(|it| it.id.clone()));
        all.map(|id| (id.clone(), self.waiting(&id))).collect()
    }

    /// A message or something that may befall the plant, which waits.
    fn waiting(&self, id: &str) -> Text {
        match self.exercise.message(id) {
            Some(message) => said(&self.role(message.from), &message.text),
            None => self.injection(id),
        }
    }

    /// What an instructor directed.
    pub fn direction(&self, direction: &Direction) -> Text {
        let (key, of) = match direction {
            Direction::Freeze => ("freeze", None),
            Direction::Run => ("run", None),
            Direction::Speed { fast } => ("speed", Some(same(&format!("×{fast}")))),
            Direction::Fire { id } => ("fire", Some(self.waiting(id))),
            Direction::Skip { id } => ("skip", Some(self.waiting(id))),
            Direction::Say { from, text } => ("say", Some(said(&self.role(*from), text))),
            Direction::Inject { .. } => ("inject", None),
            Direction::Mark { name } => ("mark", Some(same(name))),
            Direction::Back { to } => {
                let to = to.at(self.exercise.scenario.utc_offset);
                ("back", Some(same(to.get(11..16).unwrap_or_default())))
            }
            Direction::BackToMark { mark } => ("back-to-mark", Some(same(mark))),
            Direction::End => ("end", None),
        };
        let all: Vec<Text> = [self.word_or("ex-dir-", key)].into_iter().chain(of).collect();
        joined(&all, " · ")
    }

    /// What a line of the log says.
    pub fn entry(&self, entry: &Entry) -> Text {
        match &entry.what {
            What::Did { deed } => self.deed(deed),
            What::Failed { deed, why } => said(&self.deed(deed), &same(why)),
            What::Returned { deed, says } => said(&self.deed(deed), says),
            What::Told { from, text, .. } => said(&self.role(*from), text),
            What::Raised { alarm, .. } => {
                let tag = alarm.tag.as_ref().map(|tag| self.tag(tag.as_str()));
                let all: Vec<Text> =
                    [self.rule(alarm.rule.as_str())].into_iter().chain(tag).collect();
                joined(&all, " · ")
            }
            What::Happened { injection } => self.injection(injection.as_str()),
            What::Hint { text, .. } => text.clone(),
            What::Directed { direction } => self.direction(direction),
            What::Beset => Text {
                en: "a stranger speaks over the broker".to_owned(),
                zh: "陌生人在代理上发报文".to_owned(),
            },
            What::Branched { left } => branch(left),
        }
    }
}

/// A branch that begins.
fn branch(left: &[Branch]) -> Text {
    let n = left.len() + 1;
    Text { en: format!("branch {n} begins"), zh: format!("分支{n}开始") }
}

/// The table of an injection in the exercise's file.
pub fn in_file(exercise: &Exercise, id: &str) -> Option<toml::Table> {
    let table: toml::Table = toml::from_str(&exercise.scenario.source.text).ok()?;
    let lists =
        ["inject", "contingency"].into_iter().filter_map(|name| table.get(name)?.as_array());
    let mut all = lists.flatten().filter_map(toml::Value::as_table);
    all.find(|it| it.get("id").and_then(toml::Value::as_str) == Some(id)).cloned()
}

/// What is written alike in both languages.
fn same(text: &str) -> Text {
    Text { en: text.to_owned(), zh: text.to_owned() }
}

fn said(who: &Text, what: &Text) -> Text {
    Text { en: format!("{}: {}", who.en, what.en), zh: format!("{}:{}", who.zh, what.zh) }
}

fn joined(all: &[Text], with: &str) -> Text {
    let one = |of: fn(&Text) -> &str| all.iter().map(of).collect::<Vec<&str>>().join(with);
    Text { en: one(|it| &it.en), zh: one(|it| &it.zh) }
}
