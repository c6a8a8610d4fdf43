//! What a person in an exercise may do, as words: a closed list, so that scoring is exact.

use std::fmt;

use crate::base::Span;

/// Where a deed takes place, and so how long it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// At the desk: at once.
    Desk,
    /// Somebody goes there: so long until it is done, unless the exercise says otherwise.
    Field(Span),
}

/// A verb, what follows it, and where it takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb {
    /// The word.
    pub name: &'static str,
    /// What follows the word, for people; a word for each, the last may be left out when it ends
    /// with `?`, and may be many words when it ends with `…`.
    pub wants: &'static [&'static str],
    /// Where it takes place.
    pub reach: Reach,
    /// Is it an order to the plant, as `sanmen command` knows it?
    pub is_order: bool,
}

const fn desk(name: &'static str, wants: &'static [&'static str]) -> Verb {
    Verb { name, wants, reach: Reach::Desk, is_order: false }
}

const fn order(name: &'static str, wants: &'static [&'static str]) -> Verb {
    Verb { name, wants, reach: Reach::Desk, is_order: true }
}

const fn field(name: &'static str, wants: &'static [&'static str], min: i64) -> Verb {
    Verb { name, wants, reach: Reach::Field(Span::minutes(min)), is_order: false }
}

const fn field_order(name: &'static str, wants: &'static [&'static str], min: i64) -> Verb {
    Verb { name, wants, reach: Reach::Field(Span::minutes(min)), is_order: true }
}

/// Every verb. Times in the field are invented `[D]`: a valve 25 min, a sample 20 min at the works
/// (a village doubles it), a tanker 45 min.
pub const VERBS: [Verb; 35] = [
    desk("acknowledge", &["RULE", "TAG?"]),
    desk("shelve", &["RULE", "TAG?"]),
    desk("remove-from-service", &["RULE", "TAG?"]),
    desk("open-alarm", &["RULE", "TAG?"]),
    desk("open-trend", &["TAG"]),
    desk("open-quarantine", &[]),
    desk("diagnose", &["CAUSE"]),
    field("check", &["CHECK"], 15),
    field("grab-sample", &["POINT", "QUANTITY"], 20),
    field("send-crew", &["JOB"], 60),
    order("start-pump", &["PUMP"]),
    order("stop-pump", &["PUMP"]),
    order("pump-auto", &["PUMP"]),
    field_order("close-valve", &["LINK"], 25),
    field_order("open-valve", &["LINK"], 25),
    order("cut-intake", &[]),
    order("resume-intake", &[]),
    order("set-dose", &["MG_PER_L"]),
    order("set-coagulant", &["MG_PER_L"]),
    field_order("reset-dosing", &[], 10),
    order("start-generator", &[]),
    field("dispatch-tanker", &["VILLAGE"], 45),
    desk("publish-notice", &["NOTICE", "VILLAGE…"]),
    desk("withdraw-notice", &["NOTICE"]),
    desk("reply-tickets", &["VILLAGE"]),
    desk("answer", &["MESSAGE", "CHOICE"]),
    desk("escalate", &["LEVEL"]),
    desk("quarantine", &["SOURCE"]),
    desk("release", &["SOURCE"]),
    desk("rotate-key", &[]),
    desk("switch-broker", &[]),
    desk("report", &["SUBJECT"]),
    desk("open-ledger", &[]),
    desk("request-upgrade", &[]),
    desk("take-hint", &[]),
];

/// The verb of this name.
pub fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

/// Levels to escalate to, the lowest first.
pub const LEVELS: [&str; 3] = ["lead", "bureau", "county"];

/// Notices to the public.
pub const NOTICES: [&str; 4] = ["do-not-drink", "boil", "low-pressure", "interruption"];

/// Something that a person does.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Deed {
    words: Vec<String>,
}

/// Words that are no deed, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotADeed(pub String);

impl Deed {
    /// Reads `verb arg arg`. Errors: no such verb, too few or too many words behind it.
    pub fn parse(text: &str) -> Result<Self, NotADeed> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let Some(name) = words.first() else { return Err(NotADeed("nothing is done".to_owned())) };
        let verb = known_verb(name)?;
        let (least, most) = bounds(verb);
        if (least..=most).contains(&(words.len() - 1)) {
            return Ok(Self { words });
        }
        let wants = verb.wants.join(" ");
        let way = if wants.is_empty() { "nothing".to_owned() } else { wants };
        Err(NotADeed(format!("behind {name} comes {way}")))
    }

    /// Its verb.
    pub fn verb(&self) -> &'static Verb {
        verb(&self.words[0]).expect("checked when it was read")
    }

    /// What follows the verb.
    pub fn args(&self) -> &[String] {
        &self.words[1..]
    }

    /// The `n`th word behind the verb; empty when there is none.
    pub fn arg(&self, n: usize) -> &str {
        self.words.get(n + 1).map_or("", String::as_str)
    }
}

fn known_verb(name: &str) -> Result<&'static Verb, NotADeed> {
    verb(name).ok_or_else(|| {
        let names: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
        let hint = match crate::base::problem::nearest(name, &names) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => format!("known: {}", names.join(", ")),
        };
        NotADeed(format!("there is no {name}; {hint}"))
    })
}

/// Fewest and most words behind a verb.
fn bounds(verb: &Verb) -> (usize, usize) {
    let count = verb.wants.len();
    match verb.wants.last() {
        Some(last) if last.ends_with('?') => (count - 1, count),
        Some(last) if last.ends_with('…') => (count, usize::MAX),
        _ => (count, count),
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(" "))
    }
}

impl TryFrom<String> for Deed {
    type Error = NotADeed;

    fn try_from(text: String) -> Result<Self, NotADeed> {
        Self::parse(&text)
    }
}

impl From<Deed> for String {
    fn from(deed: Deed) -> Self {
        deed.to_string()
    }
}

/// Deeds that are meant: a verb, then for each word `*`, `one|other`, `>2`, `<0.5` or the word
/// itself. Words that are left out are any.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    verb: &'static str,
    words: Vec<Wanted>,
}

#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Any,
    OneOf(Vec<String>),
    Above(f64),
    Below(f64),
}

impl Pattern {
    /// Reads it. Errors: no such verb, more words than it takes, no number behind `>` or `<`.
    pub fn parse(text: &str) -> Result<Self, NotADeed> {
        let mut words = text.split_whitespace();
        let Some(name) = words.next() else { return Err(NotADeed("nothing is meant".to_owned())) };
        let verb = known_verb(name)?;
        let words: Vec<Wanted> = words.map(wanted).collect::<Result<_, _>>()?;
        if words.len() > bounds(verb).1 {
            return Err(NotADeed(format!("behind {name} comes {}", verb.wants.join(" "))));
        }
        Ok(Self { verb: verb.name, words })
    }

    /// Is this deed meant?
    pub fn means(&self, deed: &Deed) -> bool {
        let words = self.words.iter().zip(deed.args().iter().map(Some).chain([None].repeat(8)));
        deed.verb().name == self.verb
            && words.into_iter().all(|(wanted, word)| match (wanted, word) {
                (Wanted::Any, _) => true,
                (Wanted::OneOf(known), Some(word)) => known.contains(word),
                (Wanted::Above(bound), Some(word)) => word.parse().is_ok_and(|it: f64| it > *bound),
                (Wanted::Below(bound), Some(word)) => word.parse().is_ok_and(|it: f64| it < *bound),
                (_, None) => false,
            })
    }

    /// The verb.
    pub fn verb(&self) -> &'static str {
        self.verb
    }

    /// Words that must be there literally, with their place behind the verb.
    pub fn names(&self) -> impl Iterator<Item = (usize, &str)> {
        let words = self.words.iter().enumerate();
        words.flat_map(|(at, wanted)| {
            let known: &[String] = match wanted {
                Wanted::OneOf(known) => known,
                _ => &[],
            };
            known.iter().map(move |word| (at, word.as_str()))
        })
    }
}

fn wanted(word: &str) -> Result<Wanted, NotADeed> {
    let number = |text: &str| {
        text.parse::<f64>()
            .map_err(|_| NotADeed(format!("{word:?} wants a number behind its sign")))
    };
    Ok(match word.split_at_checked(1) {
        Some(("*", "")) => Wanted::Any,
        Some((">", bound)) => Wanted::Above(number(bound)?),
        Some(("<", bound)) => Wanted::Below(number(bound)?),
        _ => Wanted::OneOf(word.split('|').map(str::to_owned).collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_has_as_many_words_as_its_verb_takes() {
        for good in ["cut-intake", "acknowledge flat-line", "publish-notice boil a b c"] {
            assert_eq!(Deed::parse(good).expect(good).to_string(), good);
        }
        for (bad, why) in [
            ("", "nothing is done"),
            ("explode", "there is no explode; known: acknowledge"),
            ("set-doze 1", "there is no set-doze; did you mean set-dose?"),
            ("set-dose", "behind set-dose comes MG_PER_L"),
            ("cut-intake now", "behind cut-intake comes nothing"),
            ("publish-notice boil", "behind publish-notice comes NOTICE VILLAGE…"),
        ] {
            let said = Deed::parse(bad).expect_err(bad).0;
            assert!(said.starts_with(why), "{bad}: {said}");
        }
    }

    #[test]
    fn a_pattern_means_words_numbers_and_what_is_left_out() {
        let means = |pattern: &str, deed: &str| {
            let deed = Deed::parse(deed).expect(deed);
            Pattern::parse(pattern).expect(pattern).means(&deed)
        };
        assert!(means("set-dose >2", "set-dose 2.5"));
        assert!(!means("set-dose >2", "set-dose 2"));
        assert!(!means("set-dose >2", "set-dose much"));
        assert!(means("grab-sample A|B", "grab-sample B turbidity"));
        assert!(!means("grab-sample A|B turbidity", "grab-sample A ph"));
        assert!(means("grab-sample * <3", "grab-sample A 2"));
        assert!(means("acknowledge flat-line", "acknowledge flat-line AIT-1"));
        assert!(!means("acknowledge flat-line AIT-1", "acknowledge flat-line"));
        assert!(!means("open-valve", "close-valve A"));
    }
}
