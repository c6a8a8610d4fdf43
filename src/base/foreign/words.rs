//! Words of quality.

use std::collections::BTreeMap;

use crate::base::Flag;
use crate::base::problem::Table;

const FLAGS: [(&str, Flag); 5] = [
    ("good", Flag::Good),
    ("not-evaluated", Flag::NotEvaluated),
    ("suspect", Flag::Suspect),
    ("fail", Flag::Fail),
    ("missing", Flag::Missing),
];

/// The section `[flags]` of a file, whose words are kept in lower case.
pub fn flags(table: &Table<'_>) -> BTreeMap<String, Flag> {
    let mut found: BTreeMap<String, Flag> = BTreeMap::new();
    let Some(words) = table.opt_table("flags") else { return found };
    for (name, flag) in FLAGS {
        for word in words.texts(name) {
            let key = word.get_ref().trim().to_lowercase();
            match found.get(&key) {
                Some(other) if *other != flag => {
                    let text = format!("{:?} is {} already", word.get_ref(), other.name());
                    words.add(word.span(), text);
                }
                _ => {
                    found.insert(key, flag);
                }
            }
        }
    }
    found
}

/// What a word says of quality; `words` come before our own. None: it is no known word.
pub fn flag(words: &BTreeMap<String, Flag>, text: &str) -> Option<Flag> {
    let text = text.trim().to_lowercase();
    let number = || text.parse::<u8>().ok().and_then(|number| Flag::try_from(number).ok());
    words.get(&text).copied().or_else(number).or(match text.as_str() {
        "good" => Some(Flag::Good),
        "not-evaluated" => Some(Flag::NotEvaluated),
        "suspect" | "uncertain" => Some(Flag::Suspect),
        "fail" | "bad" => Some(Flag::Fail),
        "missing" => Some(Flag::Missing),
        _ => None,
    })
}
