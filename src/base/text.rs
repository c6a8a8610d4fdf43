//! Texts in the two languages of the desk.

use serde::{Deserialize, Serialize};

/// A text in English and Chinese.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English.
    pub en: String,
    /// Chinese (zh-CN).
    pub zh: String,
}

/// Which of the two languages a person reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese (zh-CN).
    Zh,
}

/// Text as it may stand in a page of HTML or SVG, attributes included.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Can nobody see this character, or does it turn the direction of what stands beside it? Such a
/// one makes a text look like another, or lets a stranger's text write over a terminal.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
}

/// Can all of it be seen, and is there anything to see? Lines may follow each other.
pub fn is_seen(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(|c| is_unseen(c) && c != '\n')
}

/// The character as it may be shown of a stranger's text: `\u{fffd}` for one that nobody can see.
pub fn shown(c: char) -> char {
    if is_unseen(c) { '\u{fffd}' } else { c }
}

impl Lang {
    /// The one of the two that is in this language.
    pub fn pick<T>(self, en: T, zh: T) -> T {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

impl Text {
    /// What `say` says, in both languages.
    pub fn of(say: impl Fn(Lang) -> String) -> Self {
        Self { en: say(Lang::En), zh: say(Lang::Zh) }
    }

    /// The Chinese, where it is not the same as the English: what is added beside that.
    pub fn other_zh(&self) -> Option<&str> {
        (self.zh != self.en).then_some(self.zh.as_str())
    }

    /// The text in `lang`.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }
}
