//! Reads `[[rule]]` tables: every key, its unit, and what contradicts what.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::base::problem::{Spanned, Table};
use crate::base::{Flag, RuleId, Span, Text};
use crate::inspection::book::{AcceptFlags, InspectionRule, Kind, NoData, Place, Urgency};
use crate::inspection::citation;
use crate::inspection::kind_file::{self, KINDS, KindName};
use crate::inspection::level_file;
use crate::inspection::signal::silence::Patience;
use crate::inspection::{rule_test, template};

pub(super) const URGENCIES: [(&str, Urgency); 3] =
    [("high", Urgency::High), ("medium", Urgency::Medium), ("low", Urgency::Low)];

const NO_DATA: [(&str, NoData); 3] =
    [("hold", NoData::Hold), ("alarm", NoData::Alarm), ("clear", NoData::Clear)];

/// A week: no delay of an alarm is longer.
pub(super) const MINUTES_MAX: f64 = 10_080.0;

/// What a file says in `[[rule]]` tables.
pub struct Rules {
    /// Those without a mistake.
    pub sound: Vec<InspectionRule>,
    /// Those with mistakes of which it is yet clear what they watch and what they look for; what
    /// could not be read of them is such that no instrument could mind it.
    pub drafts: Vec<InspectionRule>,
    /// Is there one whose id cannot be read?
    pub has_nameless: bool,
}

/// A rule that has an id, and which other rules it names: whether the rest of it is sound or not.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its id.
    pub id: RuleId,
    /// Where that stands.
    pub place: Place,
    /// The rules that it names.
    pub parents: Vec<Parent>,
    /// Does it judge what a laboratory reports?
    pub is_of_results: bool,
}

/// A rule that another one names.
#[derive(Debug, Clone)]
pub struct Parent {
    /// What it is to that one.
    pub relation: Relation,
    /// Its id.
    pub id: RuleId,
    /// Where it is named.
    pub span: Range<usize>,
}

/// What a rule that is named is to the one that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It suppresses its alarms.
    InhibitedBy,
    /// It brings them about.
    Follows,
}

impl Relation {
    /// Between the two in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::InhibitedBy => "is inhibited by",
            Self::Follows => "follows",
        }
    }
}

impl Named {
    /// Of a rule that is sound.
    pub fn of(rule: &InspectionRule) -> Self {
        let parent = |relation| {
            let span = rule.place.span.clone();
            move |id: &RuleId| Parent { relation, id: id.clone(), span: span.clone() }
        };
        let inhibiting = rule.inhibited_by.iter().map(parent(Relation::InhibitedBy));
        Self {
            id: rule.id.clone(),
            place: rule.place.clone(),
            parents: inhibiting.chain(rule.follows.iter().map(parent(Relation::Follows))).collect(),
            is_of_results: rule.kind.is_of_results(),
        }
    }
}

/// The rules of a file; `named` collects every one that has an id.
pub fn read(file: &Table<'_>, named: &mut Vec<Named>) -> Rules {
    let tables = file.tables("rule");
    if tables.is_empty() && !file.has("rule") && !file.has("quality-test") {
        file.add_with_help(file.span(), "there is no rule in this file", "begin with [[rule]]");
    }
    let mut rules = Rules { sound: Vec::new(), drafts: Vec::new(), has_nameless: false };
    for table in &tables {
        let before = table.mistakes();
        let Written { rule, named: own } = read_rule(table);
        rules.has_nameless |= own.is_none();
        named.extend(own);
        let is_sound = table.mistakes() == before && table.unread().is_empty();
        match rule {
            Some(rule) if is_sound => rules.sound.push(rule),
            Some(rule) if is_clear(table) => rules.drafts.push(rule),
            None if is_sound => table.add(table.span(), "this rule looks for nothing"),
            Some(_) | None => {}
        }
    }
    rules
}

/// Can what a rule watches and looks for be told in spite of keys that are not known? One that was
/// meant for a selector, a limit or a delay changes it.
fn is_clear(table: &Table<'_>) -> bool {
    const HARMLESS: [&str; 18] = [
        "id",
        "title",
        "source",
        "edition",
        "priority",
        "advice",
        "labels",
        "runbook",
        "latched",
        "re_alarm_min",
        "escalate_min",
        "inhibited_by",
        "follows",
        "silent_in_stops",
        "accept_flags",
        "no_data",
        "rise_asks_again",
        "test",
    ];
    let unread = table.unread();
    unread.iter().all(|(_, near)| near.as_ref().is_none_or(|it| HARMLESS.contains(&it.as_str())))
}

/// What a table says; without a rule when nobody can tell what it watches or looks for.
struct Written {
    rule: Option<InspectionRule>,
    named: Option<Named>,
}

/// What a rule tells people.
struct Words {
    title: Option<Text>,
    advice: Option<Text>,
    runbook: Option<String>,
    labels: BTreeMap<String, String>,
    edition: Option<String>,
    source: Option<Text>,
}

impl Words {
    fn read(table: &Table<'_>) -> Self {
        let title = template::bilingual(table, "title");
        let advice = template::bilingual(table, "advice");
        let runbook = table.opt_text("runbook");
        template::check(table, runbook.as_ref());
        let labels = labels(table);
        let edition = table.opt_text("edition");
        let source = citation::read_with_edition(table, edition.as_ref());
        let runbook = runbook.map(Spanned::into_inner);
        Self { title, advice, runbook, labels, edition: edition.map(Spanned::into_inner), source }
    }
}

fn read_rule(table: &Table<'_>) -> Written {
    let id = table.parse("id", RuleId::new);
    let words = Words::read(table);
    let name = table.meant("kind", &KINDS).map(Spanned::into_inner);
    let before = table.mistakes();
    let (found, select) = kind_file::read(table, name);
    let is_clear = table.mistakes() == before;
    let tests = rule_test::read(table, found.as_far_as_known(), &select);
    let priority = table.choice("priority", &URGENCIES).map(Spanned::into_inner);
    let re_alarm = opt_minutes(table, "re_alarm_min", 1.0);
    let escalate = opt_minutes(table, "escalate_min", 1.0);
    let latched = table.opt_bool("latched").is_some_and(Spanned::into_inner);
    let silent_in_stops = table.opt_bool("silent_in_stops").is_some_and(Spanned::into_inner);
    if let Some(span) = table.key_span("escalate_min").filter(|_| priority == Some(Urgency::High)) {
        table.add(span, "an alarm of priority high cannot become more urgent");
    }
    let manner = Manner::of(table, name, found.kind.as_ref());
    let follows = rule_ids(table, "follows");
    let levels = level_file::read(table, &found, &select, priority, manner.delays);
    if name.is_none() {
        forgive_foreign(table);
    }
    let place = Place {
        source: table.source().clone(),
        span: id.as_ref().map_or_else(|| table.span(), Spanned::span),
    };
    let id = id.map(Spanned::into_inner);
    let named = id.as_ref().map(|id| Named {
        id: id.clone(),
        place: place.clone(),
        parents: parents(&manner.inhibited_by, &follows),
        is_of_results: name.is_some_and(KindName::is_of_results),
    });
    let is_unverified = words.source.as_ref().is_some_and(citation::is_unverified);
    let rule = found.kind.filter(|_| is_clear).map(|kind| InspectionRule {
        id: id.unwrap_or_else(nameless),
        title: words.title.unwrap_or_default(),
        pack: None, // it stands at the head of the file
        source: words.source.unwrap_or_default(),
        edition: words.edition,
        select,
        kind: kind.marked(is_unverified),
        accept: manner.accept,
        patience: manner.patience,
        priority: priority.unwrap_or(Urgency::Medium),
        levels: levels.unwrap_or_default(),
        on_delay: manner.delays.0.unwrap_or_default(),
        off_delay: manner.delays.1.unwrap_or_default(),
        latched,
        re_alarm,
        escalate,
        no_data: manner.no_data,
        inhibited_by: manner.inhibited_by.into_iter().map(Spanned::into_inner).collect(),
        follows: follows.into_iter().map(Spanned::into_inner).collect(),
        silent_in_stops,
        advice: words.advice.unwrap_or_default(),
        labels: words.labels,
        runbook: words.runbook,
        tests: tests.into(),
        place,
    });
    Written { rule, named }
}

/// Without a kind nobody can say which further keys a rule may have: what is near none of those of
/// every rule is not called unknown.
fn forgive_foreign(table: &Table<'_>) {
    let foreign = table.unread().into_iter().filter(|(_, near)| near.is_none());
    let foreign: Vec<String> = foreign.map(|(key, _)| key.to_owned()).collect();
    for key in foreign {
        table.has(&key);
    }
}

/// What a rule is called whose id cannot be read.
fn nameless() -> RuleId {
    RuleId::new("without-id").expect("plain words make an id")
}

fn parents(inhibited_by: &[Spanned<RuleId>], follows: &[Spanned<RuleId>]) -> Vec<Parent> {
    let parent = |relation| {
        move |it: &Spanned<RuleId>| Parent { relation, id: it.get_ref().clone(), span: it.span() }
    };
    let inhibiting = inhibited_by.iter().map(parent(Relation::InhibitedBy));
    inhibiting.chain(follows.iter().map(parent(Relation::Follows))).collect()
}

/// Words for whoever sorts alarms: names like ids, texts that say something.
fn labels(table: &Table<'_>) -> BTreeMap<String, String> {
    let Some(words) = table.opt_table("labels") else { return BTreeMap::new() };
    let mut labels = BTreeMap::new();
    for key in words.keys() {
        if let Err(error) = RuleId::new(key.get_ref()) {
            table.add(key.span(), error.to_string());
        }
        let Some(text) = words.opt_text(key.get_ref()) else { continue };
        if text.get_ref().trim().is_empty() {
            table.add(text.span(), format!("label `{}` says nothing", key.get_ref()));
        }
        labels.insert((*key.get_ref()).to_owned(), text.into_inner());
    }
    labels
}

/// How long a rule waits before it raises, and before it clears; none: that cannot be read.
pub(super) type Delays = (Option<Span>, Option<Span>);

/// Which readings of an instrument a rule takes, and how long it waits for what. What cannot be
/// read is such that no instrument could mind it.
struct Manner {
    delays: Delays,
    no_data: NoData,
    accept: AcceptFlags,
    patience: Patience,
    inhibited_by: Vec<Spanned<RuleId>>,
}

impl Manner {
    /// A laboratory result stands for itself: there is nothing to wait for.
    const AT_ONCE: Self = Self {
        delays: (Some(Span::ZERO), Some(Span::ZERO)),
        no_data: NoData::Hold,
        accept: AcceptFlags::USABLE,
        patience: Patience::USUAL,
        inhibited_by: Vec::new(),
    };

    /// Stands for one that cannot be read: longer than any poll.
    const LONGEST: Patience =
        Patience { polls: 1_000, at_least: Span::hours(168), at_most: Span::hours(168) };

    fn of(table: &Table<'_>, name: Option<KindName>, kind: Option<&Kind>) -> Self {
        match kind {
            _ if name.is_some_and(KindName::is_of_results) => Self::AT_ONCE,
            // It is over as it comes: there is nothing to wait for but the next one.
            Some(Kind::Refusal(rule)) => {
                Self { delays: (Some(Span::ZERO), Some(rule.quiet)), ..Self::AT_ONCE }
            }
            None if name == Some(KindName::Refusal) => Self::AT_ONCE,
            _ => Self::read(table, name.is_some()),
        }
    }

    /// `is_known`: it is known that a rule of this kind needs these keys.
    fn read(table: &Table<'_>, is_known: bool) -> Self {
        let delay = |key| {
            if is_known { minutes(table, key) } else { opt_minutes(table, key, 0.0) }
        };
        let delays = (delay("on_delay_min"), delay("off_delay_min"));
        let no_data = if is_known || table.has("no_data") {
            table.choice("no_data", &NO_DATA).map(Spanned::into_inner)
        } else {
            None
        };
        Self {
            delays,
            no_data: no_data.unwrap_or(NoData::Hold),
            accept: accept_flags(table),
            patience: patience(table).unwrap_or(Self::LONGEST),
            inhibited_by: rule_ids(table, "inhibited_by"),
        }
    }
}

fn minutes(table: &Table<'_>, key: &'static str) -> Option<Span> {
    table.number_in(key, 0.0..=MINUTES_MAX).map(as_minutes)
}

fn opt_minutes(table: &Table<'_>, key: &'static str, least: f64) -> Option<Span> {
    table.opt_number_in(key, least..=MINUTES_MAX).map(as_minutes)
}

pub(super) fn as_minutes(number: Spanned<f64>) -> Span {
    Span::from_seconds_f64(number.into_inner() * 60.0)
}

fn accept_flags(table: &Table<'_>) -> AcceptFlags {
    let names: Vec<&str> = Flag::CHOICES.iter().map(|(name, _)| *name).collect();
    let texts = table.texts("accept_flags");
    let mut flags = Vec::new();
    for text in &texts {
        match Flag::CHOICES.iter().find(|(name, _)| name == text.get_ref()) {
            Some((_, flag)) => flags.push(*flag),
            None => table.unknown(text.span(), "flag", text.get_ref(), &names),
        }
    }
    if texts.is_empty() { AcceptFlags::USABLE } else { AcceptFlags::of(&flags) }
}

fn patience(table: &Table<'_>) -> Option<Patience> {
    let usual = Patience::USUAL;
    let before = table.mistakes();
    let polls = table.opt_integer_in("silence_polls", 1..=1_000);
    let at_least = opt_minutes(table, "silence_at_least_min", 0.1).unwrap_or(usual.at_least);
    let at_most = opt_minutes(table, "silence_at_most_min", 0.1).unwrap_or(usual.at_most);
    if table.mistakes() > before {
        return None;
    }
    if at_least > at_most {
        let text = format!(
            "silence of at least {at_least} and at most {at_most} cannot be: the first is longer"
        );
        let says_least = table.has("silence_at_least_min");
        let key = if says_least { "silence_at_least_min" } else { "silence_at_most_min" };
        table.add(table.place_of(key), text);
        return None;
    }
    Some(Patience { polls: polls.map_or(usual.polls, Spanned::into_inner), at_least, at_most })
}

fn rule_ids(table: &Table<'_>, key: &'static str) -> Vec<Spanned<RuleId>> {
    let id = |text: Spanned<String>| match RuleId::new(text.get_ref()) {
        Ok(id) => Some(Spanned::new(text.span(), id)),
        Err(error) => {
            table.add(text.span(), error.to_string());
            None
        }
    };
    table.texts(key).into_iter().filter_map(id).collect()
}
