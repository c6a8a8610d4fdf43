//! Who is there: a plant's gateway by its births and deaths, a tag by its last reading.

use serde::{Deserialize, Serialize};

use crate::base::Stamp;
use crate::ingest::observation::{IngestChange, Observation};

/// Whether a gateway is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// Nothing has been heard of it yet.
    #[default]
    Unknown,
    /// It has said that it is there.
    Online,
    /// It has said goodbye, or its will came.
    Offline,
}

/// What is known of one plant's presence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Presence {
    /// Is its gateway there?
    pub link: Link,
    /// Since when, on the monitor's clock.
    pub since: Option<Stamp>,
    /// When its last message came, on the monitor's clock.
    pub heard_at: Option<Stamp>,
    /// Per tag, in the order of the plant's tags: when its last reading came.
    pub seen_at: Vec<Option<Stamp>>,
    /// The boot that `link` is about.
    boot_id: Option<u64>,
}

impl Presence {
    /// Nothing heard yet of a plant with so many tags.
    pub fn new(tags: usize) -> Self {
        Self { seen_at: vec![None; tags], ..Self::default() }
    }

    /// A birth has come.
    pub fn born(&mut self, boot_id: u64, now: Stamp) -> Option<IngestChange> {
        let news = self.link != Link::Online || self.boot_id != Some(boot_id);
        news.then(|| self.set(Link::Online, boot_id, now))?;
        Some(IngestChange::Online { boot_id })
    }

    /// Readings have come. They show life in a boot not heard of yet (its birth was lost), and
    /// after a death that they were sent after (the will of a connection that was replaced). Late
    /// ones of an older boot show nothing.
    pub fn spoke(&mut self, boot_id: u64, sent_at: Stamp, now: Stamp) -> Option<IngestChange> {
        let dead_before = match self.link {
            Link::Unknown => true,
            Link::Online => self.boot_id < Some(boot_id),
            Link::Offline => {
                self.boot_id < Some(boot_id) || self.since.is_some_and(|since| sent_at > since)
            }
        };
        if dead_before { self.born(boot_id, now) } else { None }
    }

    /// A death has come. A late will of an older boot changes nothing.
    pub fn died(&mut self, boot_id: u64, now: Stamp) -> Option<IngestChange> {
        if self.boot_id > Some(boot_id) {
            return None;
        }
        if self.link == Link::Offline && self.boot_id == Some(boot_id) {
            return None;
        }
        self.set(Link::Offline, boot_id, now);
        Some(IngestChange::Offline { boot_id })
    }

    /// A reading of a tag has come.
    pub fn saw(&mut self, observation: &Observation) {
        if let Some(seen) = self.seen_at.get_mut(observation.tag.0) {
            *seen = (*seen).max(Some(observation.received_at));
        }
    }

    fn set(&mut self, link: Link, boot_id: u64, now: Stamp) {
        self.link = link;
        self.since = Some(now);
        self.boot_id = Some(boot_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("in range")
    }

    #[test]
    fn a_birth_is_news_once_and_a_death_too() {
        let mut presence = Presence::new(0);
        assert_eq!(presence.born(1, at(0)), Some(IngestChange::Online { boot_id: 1 }));
        assert_eq!(presence.born(1, at(1)), None);
        assert_eq!(presence.died(1, at(2)), Some(IngestChange::Offline { boot_id: 1 }));
        assert_eq!(presence.died(1, at(3)), None);
        assert_eq!((presence.link, presence.since), (Link::Offline, Some(at(2))));
    }

    #[test]
    fn the_late_will_of_an_old_boot_changes_nothing() {
        let mut presence = Presence::new(0);
        presence.born(2, at(0));
        assert_eq!(presence.died(1, at(1)), None);
        assert_eq!(presence.link, Link::Online);
    }

    #[test]
    fn readings_sent_before_the_death_do_not_bring_a_gateway_back() {
        let mut presence = Presence::new(0);
        presence.born(1, at(0));
        presence.died(1, at(10));
        assert_eq!(presence.spoke(1, at(9), at(11)), None);
        assert_eq!(presence.spoke(1, at(12), at(12)), Some(IngestChange::Online { boot_id: 1 }));
    }

    #[test]
    fn readings_of_an_unknown_boot_show_that_it_is_there() {
        let mut presence = Presence::new(0);
        assert_eq!(presence.spoke(1, at(0), at(0)), Some(IngestChange::Online { boot_id: 1 }));
        assert_eq!(presence.spoke(1, at(1), at(1)), None);
        assert_eq!(presence.spoke(2, at(2), at(2)), Some(IngestChange::Online { boot_id: 2 }));
    }
}
