//! Who may speak for which plant.
//!
//! A plant with a key must sign: nothing that is not signed by a key of its own is taken, however
//! well it reads. A plant without one is taken at its word, or not at all, as the settings say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::PlantId;
use crate::telemetry::signature::{PublicKey, Signed};
use crate::telemetry::topic::Topic;

/// What is believed of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Belief {
    /// That its plant may have written it: nobody has to sign.
    #[default]
    Unsigned,
    /// That its plant wrote it, by a key that we trust.
    Signed,
    /// Nothing, however well it reads.
    Doubted {
        /// Why.
        doubt: Doubt,
        /// What exactly, for a person.
        detail: String,
    },
}

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// It is not signed, and would have to be.
    Unsigned,
    /// It is signed by a key that nobody has named as its plant's.
    UnknownKey,
    /// By a key that is no longer believed.
    RevokedKey,
    /// It is not what the holder of the key that it names has signed.
    Forged,
    /// What should be a request to a plant is none.
    NoRequest,
    /// It is asked of another plant than its topic says.
    WrongTopic,
    /// A request whose time is over, or that was made before anybody listened.
    Expired,
    /// A request that has been heard before.
    Replayed,
    /// A request of a time to come.
    Early,
    /// More requests than anybody makes.
    TooMany,
}

impl Doubt {
    /// A stable word for counters.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::UnknownKey => "unknown-key",
            Self::RevokedKey => "revoked-key",
            Self::Forged => "forged",
            Self::NoRequest => "wrong-shape",
            Self::WrongTopic => "wrong-topic",
            Self::Expired => "expired",
            Self::Replayed => "replayed",
            Self::Early => "future",
            Self::TooMany => "too-many",
        }
    }
}

impl Belief {
    /// Is it one of somebody who need not sign?
    pub fn is_unsigned(&self) -> bool {
        *self == Self::Unsigned
    }
}

/// What is done with the messages of plants without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unsigned {
    /// Taken at their word, and marked as unsigned.
    #[default]
    Accept,
    /// Refused.
    Refuse,
}

/// The keys that are believed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trust {
    /// Keys of single plants.
    of_plants: BTreeMap<PlantId, Vec<Known>>,
    /// Keys of whole spaces: they speak for every plant.
    of_all: Vec<Known>,
    unsigned: Unsigned,
}

#[derive(Debug, Clone, PartialEq)]
struct Known {
    key: PublicKey,
    revoked: bool,
}

impl Trust {
    /// No keys yet; `unsigned`: what becomes of plants that have none.
    pub fn new(unsigned: Unsigned) -> Self {
        Self { unsigned, ..Self::default() }
    }

    /// Believes `key`, or knows that it is `revoked`; of a plant, or of every plant.
    pub fn add(&mut self, plant: Option<&PlantId>, key: PublicKey, revoked: bool) {
        let keys = match plant {
            Some(plant) => self.of_plants.entry(plant.clone()).or_default(),
            None => &mut self.of_all,
        };
        keys.push(Known { key, revoked });
    }

    /// The keys that are not revoked, those of all plants first, and whose each is; none: of all.
    pub fn keys(&self) -> impl Iterator<Item = (Option<&PlantId>, &PublicKey)> {
        let of_all = self.of_all.iter().map(|it| (None, it));
        let of_plants = self.of_plants.iter();
        let of_plants = of_plants.flat_map(|(id, keys)| keys.iter().map(move |it| (Some(id), it)));
        of_all.chain(of_plants).filter(|(_, it)| !it.revoked).map(|(id, it)| (id, &it.key))
    }

    /// Must a plant sign?
    pub fn must_sign(&self, plant: &PlantId) -> bool {
        !self.of_all.is_empty() || self.of_plants.contains_key(plant)
    }

    /// What becomes of plants without a key.
    pub fn unsigned(&self) -> Unsigned {
        self.unsigned
    }

    /// What is believed of a message that came under `topic`. What is no message of a plant is for
    /// others to refuse.
    pub fn belief(&self, topic: &str, payload: &[u8]) -> Belief {
        match Topic::parse(topic) {
            Ok(Topic { plant, .. }) => self.believe(&plant, topic, payload),
            Err(_) => Belief::Unsigned,
        }
    }

    /// What is believed of a message about `plant`, whatever the kind of its topic.
    pub fn believe(&self, plant: &PlantId, topic: &str, payload: &[u8]) -> Belief {
        let doubt = |doubt, detail| Belief::Doubted { doubt, detail };
        if !self.must_sign(plant) {
            return match self.unsigned {
                Unsigned::Accept => Belief::Unsigned,
                Unsigned::Refuse => match Signed::read(payload) {
                    Some(Signed { key, .. }) => {
                        let detail =
                            format!("signed by {key}, and no key of {plant} is known to us");
                        doubt(Doubt::UnknownKey, detail)
                    }
                    None => doubt(Doubt::Unsigned, format!("no key of {plant} is known to us")),
                },
            };
        }
        let Some(signed) = Signed::read(payload) else {
            return doubt(Doubt::Unsigned, format!("{plant} has a key, and this is not signed"));
        };
        let (key, own) = (signed.key, self.of_plants.get(plant));
        let known = own.into_iter().flatten().chain(&self.of_all).find(|it| it.key.id() == key);
        match known {
            None => doubt(Doubt::UnknownKey, format!("key {key} is none of {plant}")),
            Some(known) if known.revoked => {
                doubt(Doubt::RevokedKey, format!("key {key} of {plant} is revoked"))
            }
            Some(known) if known.key.verifies(topic, &signed) => Belief::Signed,
            Some(_) => {
                let detail = format!("not what the holder of key {key} signed for this topic");
                doubt(Doubt::Forged, detail)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::signature::Signer;

    const TOPIC: &str = "sanmen/v1/k7/sanmen/data";
    const OTHER: &str = "sanmen/v1/k7/elsewhere/data";
    const MESSAGE: &[u8] = br#"{"plant":"sanmen"}"#;

    fn signer(n: u8) -> Signer {
        Signer::from_secret(&[n; 32])
    }

    fn plant(name: &str) -> PlantId {
        PlantId::new(name).expect("an id")
    }

    fn said(trust: &Trust, topic: &str, payload: &[u8]) -> &'static str {
        match trust.belief(topic, payload) {
            Belief::Signed => "signed",
            Belief::Unsigned => "as it says",
            Belief::Doubted { doubt, .. } => doubt.reason(),
        }
    }

    #[test]
    fn a_plant_with_a_key_is_believed_by_it_alone() {
        let mut trust = Trust::new(Unsigned::Accept);
        trust.add(Some(&plant("sanmen")), signer(1).public(), false);
        trust.add(Some(&plant("sanmen")), signer(2).public(), false);
        trust.add(Some(&plant("sanmen")), signer(3).public(), true);
        trust.add(Some(&plant("qingxi")), signer(4).public(), false);
        for n in [1, 2] {
            assert_eq!(said(&trust, TOPIC, &signer(n).sign(TOPIC, MESSAGE.to_vec())), "signed");
        }
        let elsewhere = signer(1).sign("sanmen/v1/k7/sanmen/birth", MESSAGE.to_vec());
        for (payload, reason) in [
            (MESSAGE.to_vec(), "unsigned"),
            (signer(3).sign(TOPIC, MESSAGE.to_vec()), "revoked-key"),
            (signer(4).sign(TOPIC, MESSAGE.to_vec()), "unknown-key"),
            (elsewhere, "forged"),
        ] {
            assert_eq!(said(&trust, TOPIC, &payload), reason);
        }
        assert_eq!(said(&trust, OTHER, MESSAGE), "as it says");
        let strict = Trust::new(Unsigned::Refuse);
        assert_eq!(said(&strict, OTHER, MESSAGE), "unsigned");
        assert_eq!(said(&strict, TOPIC, &signer(1).sign(TOPIC, MESSAGE.to_vec())), "unknown-key");
        // What others are to believe has no key that is revoked.
        trust.add(None, signer(5).public(), false);
        let keys: Vec<_> = trust.keys().map(|(id, key)| (id.cloned(), key.id())).collect();
        let of = |name: &str, n| (Some(plant(name)), signer(n).id());
        let expected = [(None, signer(5).id()), of("qingxi", 4), of("sanmen", 1), of("sanmen", 2)];
        assert_eq!(keys, expected);
    }

    #[test]
    fn the_key_of_a_space_speaks_for_every_plant() {
        let mut trust = Trust::new(Unsigned::Accept);
        trust.add(None, signer(1).public(), false);
        assert!(trust.must_sign(&plant("anybody")));
        assert_eq!(said(&trust, OTHER, &signer(1).sign(OTHER, MESSAGE.to_vec())), "signed");
        assert_eq!(said(&trust, OTHER, MESSAGE), "unsigned");
        assert_eq!(said(&trust, "other/topics", MESSAGE), "as it says");
    }
}
