//! Topics: `spBv1.0/{group}/{kind}/{edge node}` and, for a device of the node, one level more.

use std::fmt;

use crate::telemetry::encoding::{is_group, is_level};

/// Every topic of Sparkplug B begins so.
pub const NAMESPACE: &str = "spBv1.0";

/// Longest topic in bytes that is looked at.
const TOPIC_BYTES_MAX: usize = 512;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A birth: these are my metrics.
    Birth,
    /// Values.
    Data,
    /// A death.
    Death,
    /// Somebody asks something of the node.
    Command,
}

/// Kinds as topics say them, of nodes and of devices.
const KINDS: [(Kind, &str, &str); 4] = [
    (Kind::Birth, "NBIRTH", "DBIRTH"),
    (Kind::Data, "NDATA", "DDATA"),
    (Kind::Death, "NDEATH", "DDEATH"),
    (Kind::Command, "NCMD", "DCMD"),
];

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic<'t> {
    /// The group of nodes.
    pub group: &'t str,
    /// What it is.
    pub kind: Kind,
    /// Whose it is.
    pub node: &'t str,
    /// Of which of the node's devices; none: of the node itself.
    pub device: Option<&'t str>,
}

impl<'t> Topic<'t> {
    /// Takes a topic apart; none when it is none of Sparkplug B, or a host's own (`STATE`).
    pub fn parse(text: &'t str) -> Option<Self> {
        if text.len() > TOPIC_BYTES_MAX {
            return None;
        }
        let mut levels = text.split('/');
        let mut level = || levels.next();
        let (namespace, group, word, node, device) =
            (level()?, level()?, level()?, level()?, level());
        if namespace != NAMESPACE || levels.next().is_some() {
            return None;
        }
        let of = |(_, of_node, of_device): &&(Kind, &str, &str)| match device {
            None => *of_node == word,
            Some(_) => *of_device == word,
        };
        let (kind, ..) = KINDS.iter().find(of)?;
        let is_said = [Some(group), Some(node), device].into_iter().flatten().all(is_level);
        is_said.then_some(Self { group, kind: *kind, node, device })
    }
}

impl fmt::Display for Topic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, kind, node, device } = self;
        let known = KINDS.iter().find(|(known, ..)| known == kind);
        let (_, of_node, of_device) = known.copied().unwrap_or(KINDS[0]);
        match device {
            None => write!(f, "{NAMESPACE}/{group}/{of_node}/{node}"),
            Some(device) => write!(f, "{NAMESPACE}/{group}/{of_device}/{node}/{device}"),
        }
    }
}

/// A group of edge nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group(String);

/// A text that names no group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no group: 1 to 128 bytes without / + # and control characters")]
pub struct NotAGroup {
    /// What was given.
    pub text: String,
}

impl Group {
    /// Checks `text`: 1 to 128 bytes, no `/`, `+`, `#`, no control characters.
    pub fn new(text: &str) -> Result<Self, NotAGroup> {
        if is_group(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAGroup { text: text.chars().take(128).collect() })
        }
    }

    /// The group as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a host of the group subscribes to: what nodes and devices say, and nothing else.
    pub fn filters(&self) -> Vec<String> {
        let said = KINDS.iter().filter(|(kind, ..)| *kind != Kind::Command);
        let filters = said.flat_map(|(_, of_node, of_device)| {
            let Self(group) = self;
            [
                format!("{NAMESPACE}/{group}/{of_node}/+"),
                format!("{NAMESPACE}/{group}/{of_device}/+/+"),
            ]
        });
        filters.collect()
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_topic_reads_back_as_it_was_written() {
        for (kind, ..) in KINDS {
            for device in [None, Some("instruments")] {
                let topic = Topic { group: "水厂", kind, node: "sanmen", device };
                assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
            }
        }
    }

    #[test]
    fn what_is_none_of_sparkplug_is_told_apart() {
        for text in [
            "",
            "spBv1.0/STATE/host",
            "spBv1.0/g/NDATA",
            "spBv1.0/g/NDATA/n/d",
            "spBv1.0/g/DDATA/n",
            "spBv1.0/g/DDATA/n/d/e",
            "spAv1.0/g/NDATA/n",
            "spBv1.0//NDATA/n",
            "spBv1.0/g/NDATA/",
            "spBv1.0/+/NDATA/n",
            &format!("spBv1.0/g/NDATA/{}", "n".repeat(600)),
        ] {
            assert_eq!(Topic::parse(text), None, "{text}");
        }
        assert!(Group::new("a/b").is_err() && Group::new("").is_err());
        assert!(Group::new("rural-water").is_ok_and(|it| it.filters().len() == 6));
    }

    proptest! {
        #[test]
        fn any_text_may_come(text in "(spBv1.0/)?.{0,60}") {
            if let Some(topic) = Topic::parse(&text) {
                prop_assert_eq!(topic.to_string(), text);
            }
        }
    }
}
