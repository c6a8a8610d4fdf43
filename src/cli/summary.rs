//! What came of a run, said at its end.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId};
use crate::base::text::{Lang, Text};
use crate::base::{PlantId, RuleId, Span};
use crate::cli::live::say;
use crate::cli::view::cells::left;
use crate::cli::view::model::EventRow;
use crate::cli::view::plant::Portrait;
use crate::cli::view::words::Words;
use crate::ledger::record::Record;

/// Alarms, or rules, that are listed.
const LISTED: usize = 12;

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The language it is said in.
    pub lang: Lang,
    /// Records kept.
    pub records: u64,
    /// Messages and readings, as the view counts them.
    pub counters: String,
    plants: usize,
    alarms: Vec<Episode>,
    /// What lay outside the model, a line each.
    outside: Vec<String>,
}

/// One alarm, from when to when.
#[derive(Debug, Clone)]
struct Episode {
    id: AlarmId,
    from: String,
    until: Option<String>,
    /// The rule's title: the language may change until it is said.
    title: Text,
}

impl Summary {
    /// Of a run with so many plants, in which nothing has happened yet.
    pub fn new(plants: usize) -> Self {
        Self { plants, ..Self::default() }
    }

    /// Counts what was stored of a plant.
    pub fn count(&mut self, record: &Record, portrait: Option<Portrait<'_>>) {
        let (Record::Alarm(event), Some(portrait)) = (record, portrait) else { return };
        match event.change {
            AlarmChange::Raised => self.alarms.push(episode(event, portrait)),
            AlarmChange::Cleared => {
                let mut latest = self.alarms.iter_mut().rev();
                if let Some(alarm) = latest.find(|alarm| alarm.id == event.id) {
                    alarm.until = Some(portrait.local(event.at));
                }
            }
            _ => {}
        }
    }

    /// Something came to lie outside the model.
    pub fn outside(&mut self, row: &EventRow) {
        let of = if row.of.is_empty() { String::new() } else { format!("{} · ", row.of) };
        self.outside.push(format!("{}  {of}{}", row.at, row.text));
    }

    /// Says it, on stderr.
    pub fn say(&self, took: Span, ledger: &str) {
        say(&self.text(took, ledger));
    }

    fn text(&self, took: Span, ledger: &str) -> String {
        let words = Words::of(self.lang);
        let [raised, cleared, ..] = words.summary;
        let [records, taken] = words.ledger;
        let done = self.alarms.iter().filter(|alarm| alarm.until.is_some()).count();
        let count = self.alarms.len();
        let mut lines = vec![String::new()];
        lines.push(format!("{raised} {count}{}{cleared} {done}", words.comma));
        if self.plants > 1 {
            self.add_rules(words, &mut lines);
        } else {
            self.add_alarms(words, &mut lines);
        }
        if !self.outside.is_empty() {
            lines.push(format!("{} {}", words.outside_count, self.outside.len()));
            let listed = self.outside.iter().take(LISTED);
            lines.extend(listed.map(|line| format!("  {line}")));
        }
        lines.push(format!("{} {records} {ledger}", self.records));
        lines.push(self.counters.clone());
        lines.push(format!("{taken} {}", Span::seconds(took.as_ms() / 1_000)));
        lines.join("\n")
    }

    /// Every alarm of one plant.
    fn add_alarms(&self, words: &Words, lines: &mut Vec<String>) {
        let [_, _, stands, more] = words.summary;
        for alarm in self.alarms.iter().take(LISTED) {
            let until = alarm.until.as_deref().unwrap_or(stands);
            let tag = alarm.id.tag.as_ref().map_or(String::new(), |tag| format!("{tag} "));
            let (until, title) = (left(until, 11), alarm.title.get(self.lang));
            lines.push(format!("  {} – {until}  {tag}{title}", alarm.from));
        }
        if self.alarms.len() > LISTED {
            lines.push(format!("  {more} {}", self.alarms.len() - LISTED));
        }
    }

    /// The alarms of many plants by rule: how many plants had one, the most first.
    fn add_rules(&self, words: &Words, lines: &mut Vec<String>) {
        let [_, _, _, more] = words.summary;
        let mut rules: BTreeMap<&RuleId, (&str, BTreeSet<&PlantId>)> = BTreeMap::new();
        for alarm in &self.alarms {
            let rule = rules.entry(&alarm.id.rule).or_default();
            rule.0 = alarm.title.get(self.lang);
            rule.1.insert(&alarm.id.plant);
        }
        let plants: BTreeSet<&PlantId> = self.alarms.iter().map(|alarm| &alarm.id.plant).collect();
        lines.push(format!("{} {} / {}", words.plants_alarmed, plants.len(), self.plants));
        let mut rules: Vec<_> = rules.into_values().collect();
        rules.sort_by_key(|(_, plants)| Reverse(plants.len()));
        for (title, plants) in rules.iter().take(LISTED) {
            lines.push(format!("  {:>5}  {title}", plants.len()));
        }
        if rules.len() > LISTED {
            lines.push(format!("  {more} {}", rules.len() - LISTED));
        }
    }
}

fn episode(event: &AlarmEvent, portrait: Portrait<'_>) -> Episode {
    Episode {
        id: event.id.clone(),
        from: portrait.local(event.at),
        until: None,
        title: portrait.titles(event),
    }
}

#[cfg(test)]
mod tests {
    //! What is said at the end.

    use super::*;

    #[test]
    fn everything_is_said_in_the_language_that_was_chosen_last() {
        let id = AlarmId::parse("sanmen/tap-chlorine-low/AIT-401/1").expect("a name");
        let title = Text { en: "Too little chlorine".to_owned(), zh: "余氯过低".to_owned() };
        let alarm = Episode { id, from: "12-05 08:00".to_owned(), until: None, title };
        for plants in [1, 2] {
            let mut summary = Summary { alarms: vec![alarm.clone()], ..Summary::new(plants) };
            for (lang, wanted, other) in
                [(Lang::En, "Too little", "余氯"), (Lang::Zh, "余氯过低", "Too little")]
            {
                summary.lang = lang;
                let text = summary.text(Span::HOUR, "here");
                assert!(text.contains(wanted) && !text.contains(other), "{text}");
            }
        }
    }
}
