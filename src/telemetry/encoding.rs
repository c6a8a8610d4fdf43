//! Another encoding of what plants say, read at the edge: inside there are messages of our own
//! wire, and readings that came too late for them.

use crate::base::Stamp;
use crate::telemetry::mapping::Foreign;

/// What a message of another encoding says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Translated {
    /// Messages of our own wire, in order: topic and payload.
    pub messages: Vec<(String, Vec<u8>)>,
    /// Readings that do not belong into the order of the others, and what did not fit. When it came
    /// is for the reader to fill in, who knows the monitor's clock.
    pub aside: Option<Foreign>,
    /// What to ask its sender, if anything: topic and payload.
    pub question: Option<(String, Vec<u8>)>,
}

/// Reads another encoding.
pub trait Encoding: Send {
    /// Is a topic one of it?
    fn is_of(&self, topic: &str) -> bool;

    /// What a message says that came at `wall`, by the wall clock.
    fn read(&mut self, topic: &str, payload: &[u8], wall: Stamp) -> Translated;
}

/// May a group of Sparkplug B be called so: 1 to 128 bytes without `/`, `+`, `#` and control
/// characters?
pub fn is_group(text: &str) -> bool {
    text.len() <= 128 && is_level(text)
}

/// May a level of a topic be called so?
pub fn is_level(text: &str) -> bool {
    !text.is_empty() && !text.contains(['+', '#', '/']) && !text.chars().any(char::is_control)
}
