//! The pages: every file is compiled in.

use rust_embed::RustEmbed;

/// Files of `src/desk/assets`.
#[derive(RustEmbed)]
#[folder = "src/desk/assets"]
struct Files;

/// A file as a browser gets it.
pub struct Asset {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub kind: &'static str,
    /// Changes when it does.
    pub tag: String,
}

/// Media types by the ending of a name.
const KINDS: [(&str, &str); 6] = [
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("svg", "image/svg+xml"),
    ("webmanifest", "application/manifest+json"),
];

/// The file of this path, if it is one that a browser may have.
pub fn asset(path: &str) -> Option<Asset> {
    let kind = kind(path)?;
    let file = Files::get(path)?;
    let tag = file.metadata.sha256_hash().into_iter().take(12).map(|byte| format!("{byte:02x}"));
    Some(Asset { tag: format!("\"{}\"", tag.collect::<String>()), bytes: file.data.into(), kind })
}

/// The media type of a path that a browser may have.
pub fn kind(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    KINDS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        let digits = Sha256::digest(bytes);
        digits.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    #[test]
    fn files_of_others_are_what_their_list_says_and_none_is_missing_in_it() {
        let list = include_str!("assets/vendor/VENDOR.md");
        let mut listed = 0;
        for name in
            Files::iter().filter(|name| name.starts_with("vendor/") && !name.ends_with(".md"))
        {
            let file = Files::get(&name).expect("it is one of ours");
            let row = format!("`{}` |", name.trim_start_matches("vendor/"));
            let line = list.lines().find(|line| line.contains(&row)).expect("each has a row");
            assert!(line.contains(&hex(&file.data)), "{name}: {}", hex(&file.data));
            listed += 1;
        }
        assert_eq!(list.matches("| `").count(), listed, "no row without its file");
    }

    #[test]
    fn a_page_needs_less_than_a_hundred_thousand_bytes_before_its_data() {
        let later = ["vendor/uPlot", "pages/point.js", "vendor/VENDOR.md"];
        let of_page = |name: &&str| !later.iter().any(|later| name.starts_with(later));
        let names: Vec<_> = Files::iter().collect();
        let bytes: usize = names
            .iter()
            .map(AsRef::as_ref)
            .filter(of_page)
            .filter_map(Files::get)
            .map(|file| file.data.len())
            .sum();
        assert!(bytes < 100_000, "{bytes}");
    }

    #[test]
    fn both_languages_say_everything() {
        let words = Files::get("words.json").expect("the words");
        let words: serde_json::Value = serde_json::from_slice(&words.data).expect("JSON");
        let keys = |lang: &str| {
            let words = words[lang].as_object().expect("a language");
            let said =
                words.iter().filter(|(_, text)| text.as_str().is_some_and(|t| !t.is_empty()));
            said.map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys("en"), keys("zh"));
        assert!(keys("en").len() > 50);
        let mut missing = Vec::new();
        for name in Files::iter().filter(|name| name.ends_with(".js") && !name.contains("vendor")) {
            let file = Files::get(&name).expect("it is one of ours");
            let code = String::from_utf8_lossy(&file.data).into_owned();
            for call in code.split("say(\"").skip(1).chain(code.split("say('").skip(1)) {
                let key: String = call.chars().take_while(|c| !"\"'".contains(*c)).collect();
                // A key that goes on with a `-` is one of several.
                let is_stem = key.ends_with('-');
                let is_known = keys("en")
                    .iter()
                    .any(|known| if is_stem { known.starts_with(&key) } else { *known == key });
                if !is_known {
                    missing.push(format!("{name}: {key}"));
                }
            }
        }
        assert!(missing.is_empty(), "no words for {missing:?}");
    }

    #[test]
    fn no_page_puts_data_into_markup_or_runs_text() {
        for name in Files::iter().filter(|name| name.ends_with(".js") && !name.contains("vendor")) {
            let file = Files::get(&name).expect("it is one of ours");
            let code = String::from_utf8_lossy(&file.data).into_owned();
            for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "unsafeHTML"] {
                assert!(!code.contains(word), "{name}: {word}");
            }
        }
    }
}
