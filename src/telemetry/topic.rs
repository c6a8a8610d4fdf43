//! Topics: `sanmen/v1/{space}/{plant}/{kind}` of plants, built and taken apart; the same with
//! `resend` and `cmd`, where something is asked of a plant, and `answer`, where it answers; and
//! `sanmen/v1/{space}/alarm/{plant}/{rule}/{tag}`, where a monitor says what stands.

use std::fmt;

use crate::base::ids::Space;
use crate::base::{PlantId, RuleId, TagId};

/// Longest topic in bytes that is looked at.
pub const TOPIC_BYTES_MAX: usize = 128;

const ROOT: &str = "sanmen";
const VERSION: &str = "v1";

/// What a message is, as the last level of its topic says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A gateway came up, with these instruments.
    Birth,
    /// Readings.
    Data,
    /// A gateway is gone.
    Death,
    /// How simulated time runs.
    Clock,
    /// A resident complains.
    Ticket,
    /// A laboratory reports.
    Lab,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Birth, Self::Data, Self::Death, Self::Clock, Self::Ticket, Self::Lab];

    /// The word in the topic.
    pub fn name(self) -> &'static str {
        match self {
            Self::Birth => "birth",
            Self::Data => "data",
            Self::Death => "death",
            Self::Clock => "clock",
            Self::Ticket => "ticket",
            Self::Lab => "lab",
        }
    }
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    /// The run's private name.
    pub space: Space,
    /// Who speaks.
    pub plant: PlantId,
    /// What about.
    pub kind: Kind,
}

/// A topic that is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// Longer than `TOPIC_BYTES_MAX`.
    #[error("the topic is longer than {TOPIC_BYTES_MAX} bytes")]
    TooLong,
    /// It does not have the form `sanmen/v1/{space}/{plant}/{kind}`.
    #[error("the topic is not of the form sanmen/v1/SPACE/PLANT/KIND")]
    Foreign,
    /// The last level is no kind.
    #[error("the topic does not end with birth, data, death, clock, ticket or lab")]
    UnknownKind,
    /// A space or plant with characters that no id has.
    #[error("the topic names a space or plant that is no id")]
    NotAnId,
}

impl TopicError {
    /// A stable word for counters: `topic-too-long`, `foreign-topic`, `unknown-kind`, `bad-topic`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "topic-too-long",
            Self::Foreign => "foreign-topic",
            Self::UnknownKind => "unknown-kind",
            Self::NotAnId => "bad-topic",
        }
    }
}

impl Topic {
    /// Takes a topic apart. Errors: it is none of ours.
    pub fn parse(text: &str) -> Result<Self, TopicError> {
        let kind = |word: &str| Kind::ALL.into_iter().find(|known| known.name() == word);
        parse(text, kind).map(|(space, plant, kind)| Self { space, plant, kind })
    }

    /// The topic as it begins for every kind, with the slash before the kind.
    pub fn head(space: &Space, plant: &PlantId) -> String {
        format!("{ROOT}/{VERSION}/{space}/{plant}/")
    }
}

/// A topic of a plant whose last level means something to `kind`.
fn parse<T>(
    text: &str,
    kind: impl Fn(&str) -> Option<T>,
) -> Result<(Space, PlantId, T), TopicError> {
    if text.len() > TOPIC_BYTES_MAX {
        return Err(TopicError::TooLong);
    }
    let mut levels = text.split('/');
    let mut level = || levels.next().ok_or(TopicError::Foreign);
    let (root, version, space, plant, last) = (level()?, level()?, level()?, level()?, level()?);
    if root != ROOT || version != VERSION || levels.next().is_some() {
        return Err(TopicError::Foreign);
    }
    let kind = kind(last).ok_or(TopicError::UnknownKind)?;
    match (Space::new(space), PlantId::new(plant)) {
        (Ok(space), Ok(plant)) => Ok((space, plant, kind)),
        _ => Err(TopicError::NotAnId),
    }
}

/// What passes between a plant and those who ask something of it; no monitor takes it for what a
/// plant says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talk {
    /// Somebody asks for messages again.
    Resend,
    /// An operator orders something.
    Command,
    /// The plant says what came of a command.
    Answer,
}

impl Talk {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Resend, Self::Command, Self::Answer];

    /// The word in the topic.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Command => "cmd",
            Self::Answer => "answer",
        }
    }

    /// What hears it of every plant of a space.
    pub fn filter(self, space: &Space) -> String {
        format!("{ROOT}/{VERSION}/{space}/+/{}", self.name())
    }
}

/// Where it passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TalkTopic {
    /// The run's private name.
    pub space: Space,
    /// The plant.
    pub plant: PlantId,
    /// What about.
    pub talk: Talk,
}

impl TalkTopic {
    /// Takes a topic apart. Errors: it is none of these.
    pub fn parse(text: &str) -> Result<Self, TopicError> {
        let talk = |word: &str| Talk::ALL.into_iter().find(|known| known.name() == word);
        parse(text, talk).map(|(space, plant, talk)| Self { space, plant, talk })
    }
}

impl fmt::Display for TalkTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Topic::head(&self.space, &self.plant), self.talk.name())
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::head(&self.space, &self.plant), self.kind.name())
    }
}

/// Where a monitor says that an alarm stands. No filter of a monitor meets it: it has two levels
/// more than what plants say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlarmTopic {
    /// The run's private name.
    pub space: Space,
    /// The plant.
    pub plant: PlantId,
    /// The rule.
    pub rule: RuleId,
    /// The instrument or sampling site; none (`plant` in the topic) when the rule watches the
    /// plant.
    pub tag: Option<TagId>,
}

impl fmt::Display for AlarmTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { space, plant, rule, tag } = self;
        let tag = tag.as_ref().map_or("plant", TagId::as_str);
        write!(f, "{ROOT}/{VERSION}/{space}/alarm/{plant}/{rule}/{tag}")
    }
}

/// What monitors say of the alarms of a space.
pub fn alarms_filter(space: &Space) -> String {
    format!("{ROOT}/{VERSION}/{space}/alarm/#")
}

/// What a monitor of `space` subscribes to: every plant, every kind it understands, and nothing
/// else that may live in the space.
pub fn filters(space: &Space) -> Vec<String> {
    Kind::ALL.iter().map(|kind| format!("{ROOT}/{VERSION}/{space}/+/{}", kind.name())).collect()
}

/// A name for a run that nobody guesses: 26 characters of base 32 from 128 random bits.
pub fn private_space(random: [u8; 16]) -> Space {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bits = u128::from_be_bytes(random);
    let letter = |place: u32| char::from(ALPHABET[(bits >> (5 * place)) as usize & 31]);
    let text: String = (0..26).rev().map(letter).collect();
    Space::new(&text).expect("26 letters and digits are an id")
}

/// Is it a name that nobody guesses: one as `private_space` draws it?
pub fn is_private(space: &Space) -> bool {
    let text = space.as_str();
    let mut seen: Vec<u8> = text.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    let fits = |b: u8| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b);
    text.len() == 26 && text.bytes().all(fits) && seen.len() >= 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn space() -> Space {
        Space::new("k7").expect("an id")
    }

    #[test]
    fn a_topic_reads_back_as_it_was_written() {
        for kind in Kind::ALL {
            let topic =
                Topic { space: space(), plant: PlantId::new("sanmen-1.a").expect("an id"), kind };
            assert_eq!(Topic::parse(&topic.to_string()), Ok(topic));
        }
    }

    #[test]
    fn foreign_topics_are_told_apart() {
        for (text, why) in [
            ("", TopicError::Foreign),
            ("sanmen/v1/k7/sanmen", TopicError::Foreign),
            ("sanmen/v2/k7/sanmen/data", TopicError::Foreign),
            ("else/v1/k7/sanmen/data", TopicError::Foreign),
            ("sanmen/v1/k7/sanmen/data/", TopicError::Foreign),
            ("sanmen/v1/k7/sanmen/Data", TopicError::UnknownKind),
            ("sanmen/v1/k7//data", TopicError::NotAnId),
            ("sanmen/v1/k7/水厂/data", TopicError::NotAnId),
            ("sanmen/v1/+/sanmen/data", TopicError::NotAnId),
            (&"x/".repeat(100), TopicError::TooLong),
        ] {
            assert_eq!(Topic::parse(text), Err(why), "{text:?}");
        }
    }

    #[test]
    fn what_is_asked_of_a_plant_is_nothing_that_it_says() {
        let plant = PlantId::new("sanmen").expect("an id");
        for talk in Talk::ALL {
            let topic = TalkTopic { space: space(), plant: plant.clone(), talk };
            let text = topic.to_string();
            assert_eq!(TalkTopic::parse(&text), Ok(topic));
            assert_eq!(Topic::parse(&text), Err(TopicError::UnknownKind));
            assert_eq!(
                talk.filter(&space()),
                text.replace("sanmen/v1/k7/sanmen", "sanmen/v1/k7/+")
            );
        }
        assert_eq!(TalkTopic::parse("sanmen/v1/k7/sanmen/data"), Err(TopicError::UnknownKind));
    }

    #[test]
    fn a_monitor_subscribes_inside_its_space_only() {
        assert_eq!(
            filters(&space()),
            [
                "sanmen/v1/k7/+/birth",
                "sanmen/v1/k7/+/data",
                "sanmen/v1/k7/+/death",
                "sanmen/v1/k7/+/clock",
                "sanmen/v1/k7/+/ticket",
                "sanmen/v1/k7/+/lab",
            ]
        );
    }

    #[test]
    fn an_alarm_is_said_where_no_monitor_listens() {
        let rule = RuleId::new("gateway-silent").expect("an id");
        // A plant with the most confusing of names.
        let plant = PlantId::new("birth").expect("an id");
        let tag = TagId::new("AIT-301").expect("an id");
        let whole = AlarmTopic { space: space(), plant, rule, tag: None };
        let one = AlarmTopic { tag: Some(tag), ..whole.clone() };
        assert_eq!(whole.to_string(), "sanmen/v1/k7/alarm/birth/gateway-silent/plant");
        assert_eq!(one.to_string(), "sanmen/v1/k7/alarm/birth/gateway-silent/AIT-301");
        let levels = |text: &str| text.split('/').count();
        for filter in filters(&space()) {
            assert!(levels(&filter) < levels(&whole.to_string()) && !filter.contains('#'));
        }
        assert_eq!(Topic::parse(&one.to_string()), Err(TopicError::Foreign));
    }

    #[test]
    fn a_name_that_somebody_chose_is_not_private() {
        assert!(is_private(&private_space(*b"sixteen random b")));
        let long = "a".repeat(26);
        for chosen in ["k7", "my-first-run", "a-name-that-somebody-chose", &long] {
            assert!(!is_private(&Space::new(chosen).expect("an id")), "{chosen}");
        }
    }

    #[test]
    fn every_random_bit_shows_in_a_private_space() {
        let zero = private_space([0; 16]);
        assert_eq!(zero.as_str(), "a".repeat(26));
        for bit in 0..128 {
            let space = private_space((1_u128 << bit).to_be_bytes());
            assert_ne!(space, zero, "bit {bit}");
            assert_eq!(space.as_str().len(), 26);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,140}") {
            if let Ok(topic) = Topic::parse(&text) {
                prop_assert_eq!(topic.to_string(), text);
            }
        }
    }
}
