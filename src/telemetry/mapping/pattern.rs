//! Topics with named wild cards, and names made of what they stand for.

use std::fmt;

/// A topic whose levels may be named wild cards: `factory/{site}/{device}/telemetry`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Level>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Level {
    Is(String),
    Any(String),
}

/// What the wild cards of a topic stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<'t>(Vec<(&'t str, &'t str)>);

impl Pattern {
    /// Reads a pattern. Errors: what is wrong with it, and the way out.
    pub(super) fn parse(text: &str) -> Result<Self, (String, &'static str)> {
        let mut levels = Vec::new();
        for part in text.split('/') {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            let level = match name {
                Some(name) if is_name(name) => Level::Any(name.to_owned()),
                None if !part.contains(['{', '}', '+', '#', '\0']) => Level::Is(part.to_owned()),
                _ => {
                    let text = format!("{part:?} is no level of a topic, and no wild card");
                    return Err((text, "a wild card is a whole level with a name: {device}"));
                }
            };
            if levels.contains(&level) && matches!(level, Level::Any(_)) {
                return Err((format!("{part} stands there twice"), "give each its own name"));
            }
            levels.push(level);
        }
        match levels.first() {
            Some(Level::Is(first)) if first == "sanmen" => {
                let text = "the pattern is of our own wire".to_owned();
                Err((text, "what speaks it needs no mapping (src/docs/wire.md)"))
            }
            Some(Level::Is(first)) if !first.is_empty() && !first.starts_with('$') => {
                Ok(Self(levels))
            }
            _ => {
                let text = "the first level must be a name".to_owned();
                Err((text, "a monitor listens to nobody whom it does not know"))
            }
        }
    }

    /// The names of its wild cards.
    pub(super) fn names(&self) -> Vec<&str> {
        let levels = self.0.iter().filter_map(|level| match level {
            Level::Any(name) => Some(name.as_str()),
            Level::Is(_) => None,
        });
        levels.collect()
    }

    /// The filter of MQTT.
    pub(super) fn filter(&self) -> String {
        let level = |level: &Level| match level {
            Level::Is(text) => text.clone(),
            Level::Any(_) => "+".to_owned(),
        };
        self.0.iter().map(level).collect::<Vec<_>>().join("/")
    }

    /// What the wild cards stand for in a topic; none when it is another one.
    pub(super) fn find<'t>(&'t self, topic: &'t str) -> Option<Found<'t>> {
        let mut parts = topic.split('/');
        let mut found = Vec::new();
        for level in &self.0 {
            let part = parts.next()?;
            match level {
                Level::Is(text) if text == part => {}
                Level::Is(_) => return None,
                Level::Any(name) => found.push((name.as_str(), part)),
            }
        }
        parts.next().is_none().then_some(Found(found))
    }
}

impl Found<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Do these wild cards stand for these words?
    pub(super) fn is_so(&self, only: &[(String, String)]) -> bool {
        only.iter().all(|(name, wanted)| self.get(name) == Some(wanted))
    }
}

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(|(name, is)| format!("{name} = {is:?}")).collect();
        f.write_str(if all.is_empty() { "this topic" } else { "" })?;
        f.write_str(&all.join(", "))
    }
}

/// A name in which `{device}` stands for what the topic says there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Name(String),
}

impl Template {
    /// Reads a template. Errors: a brace that is not closed.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').map(|at| open + at);
            let close = close.ok_or_else(|| format!("{text:?} has a brace that is not closed"))?;
            if open > 0 {
                pieces.push(Piece::Text(rest[..open].to_owned()));
            }
            pieces.push(Piece::Name(rest[open + 1..close].to_owned()));
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The names in it.
    pub(super) fn names(&self) -> Vec<&str> {
        let pieces = self.0.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        });
        pieces.collect()
    }

    /// The text, where no name is in it.
    pub(super) fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The name for a topic.
    pub(super) fn fill(&self, found: &Found<'_>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Name(name) => found.get(name).unwrap_or_default().to_owned(),
        };
        self.0.iter().map(piece).collect()
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
