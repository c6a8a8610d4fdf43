//! Names of things. An id is short, printable, and safe in a topic, a file name and a URL.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest id in bytes: it must fit topics, file names and terminal columns.
pub const ID_BYTES_MAX: usize = 48;

/// A text that cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no id: use 1 to 48 of A-Z a-z 0-9 . _ -")]
pub struct NotAnId {
    /// What was given.
    pub text: String,
}

fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text`: 1 to 48 letters, digits, `.`, `_` or `-`.
            pub fn new(text: &str) -> Result<Self, NotAnId> {
                if is_id(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(NotAnId { text: text.chars().take(ID_BYTES_MAX).collect() })
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id! {
    /// A waterworks: the name of its folder, and of its place in a topic.
    PlantId
}
id! {
    /// An instrument, by its ISA-style tag (`AIT-301`).
    TagId
}
id! {
    /// An inspection rule.
    RuleId
}
id! {
    /// A pack of inspection rules.
    PackId
}
id! {
    /// A village.
    VillageId
}
id! {
    /// A remote station on battery and sun.
    StationId
}
id! {
    /// An injection of a scenario, named so that expectations can refer to it.
    InjectionId
}
id! {
    /// A sample as the laboratory knows it.
    SampleId
}
id! {
    /// How a laboratory measured.
    MethodId
}
id! {
    /// Something asked of a plant over MQTT: random, so that no two are alike.
    RequestId
}
id! {
    /// A person who may order something of a plant.
    OperatorId
}
id! {
    /// A run's private name in every topic: `sanmen/v1/{space}/…`.
    Space
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_refuse_what_a_topic_cannot_carry() {
        for bad in ["", "a/b", "a+", "#", "水", "a b", &"x".repeat(49)] {
            assert!(TagId::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(TagId::new("AIT-301").map(|id| id.to_string()), Ok("AIT-301".to_owned()));
    }
}
