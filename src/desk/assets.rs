//! The pages: every file is compiled in.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::base::hex::hex;

/// Files of `src/desk/assets`.
#[derive(RustEmbed)]
#[folder = "src/desk/assets"]
struct Files;

/// A file as a browser gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// The same by gzip; none where that is no shorter.
    pub packed: Option<Vec<u8>>,
    /// Its media type.
    pub kind: &'static str,
    /// Changes when it does.
    pub tag: String,
}

/// Every file that a browser may have, by its path; compressed once, when the desk opens.
#[derive(Debug)]
pub struct Pages {
    files: BTreeMap<String, Asset>,
    version: String,
}

/// What pages write before a path, as `@/app.js`: there the version of all files is put, so that a
/// browser need never ask whether what it has of it is still so.
const VERSIONED: &str = "\"@/";

/// Media types by the ending of a name.
const KINDS: [(&str, &str); 6] = [
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("svg", "image/svg+xml"),
    ("webmanifest", "application/manifest+json"),
];

impl Pages {
    /// Takes all files, and compresses them.
    pub fn pack() -> Self {
        let mut version = Sha256::new();
        Files::iter().filter_map(|path| Files::get(&path)).for_each(|file| {
            version.update(file.metadata.sha256_hash());
        });
        let version = hex(&version.finalize()[..6]);
        let files = Files::iter().filter_map(|path| {
            let (kind, file) = (kind(&path)?, Files::get(&path)?);
            let tag = hex(&file.metadata.sha256_hash()[..12]);
            let asset = match std::str::from_utf8(&file.data) {
                Ok(page) if path.ends_with(".html") => {
                    let page = page.replace(VERSIONED, &format!("\"@{version}/"));
                    Asset::new(page.into_bytes(), kind, tag + &version)
                }
                _ => Asset::new(file.data.into(), kind, tag),
            };
            Some((path.into_owned(), asset))
        });
        Self { files: files.collect(), version }
    }

    /// The file of this path, if it is one that a browser may have. `@…/` before it is not part of
    /// it.
    pub fn get(&self, path: &str) -> Option<&Asset> {
        self.files.get(versionless(path))
    }

    /// Does this path name a file for good, by the version that all files have?
    pub fn is_for_good(&self, path: &str) -> bool {
        path.strip_prefix('@').and_then(|it| it.split_once('/')).map(|(it, _)| it)
            == Some(&self.version)
    }
}

/// The path without the version before it.
pub fn versionless(path: &str) -> &str {
    path.strip_prefix('@').and_then(|it| it.split_once('/')).map_or(path, |(_, rest)| rest)
}

impl Asset {
    /// Of its bytes; `tag` changes when they do.
    pub fn new(bytes: Vec<u8>, kind: &'static str, tag: String) -> Self {
        let packed = gzip(&bytes).filter(|packed| packed.len() < bytes.len());
        Self { bytes, packed, kind, tag }
    }
}

/// Without a time or a name in it: the same bytes give the same bytes.
fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// The media type of a path that a browser may have.
pub fn kind(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    KINDS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a first page may fetch before its data, compressed; half of what people were promised
    /// (100 kB), so that what is added later finds room.
    const WIRE_MAX: usize = 50_000;

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
            let digest = hex(&Sha256::digest(&file.data));
            assert!(line.contains(&digest), "{name}: {digest}");
            listed += 1;
        }
        assert_eq!(list.matches("| `").count(), listed, "no row without its file");
    }

    /// The files that a file asks for by itself, and what those ask for: not what it may load
    /// later.
    fn needs(pages: &Pages, path: &str, found: &mut BTreeMap<String, usize>) {
        let asset = pages.get(path).unwrap_or_else(|| panic!("{path} is not there"));
        let bytes = asset.packed.as_ref().unwrap_or(&asset.bytes).len();
        if found.insert(path.to_owned(), bytes).is_some() {
            return;
        }
        let text = String::from_utf8_lossy(&asset.bytes).into_owned();
        let (folder, _) = path.rsplit_once('/').unwrap_or_default();
        let asked = text.split(" from \"").skip(1).chain(text.split("from\"").skip(1));
        let asked = asked.filter(|it| it.starts_with('.')).filter_map(|it| it.split('"').next());
        for asked in asked {
            let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
            for part in asked.split('/') {
                match part {
                    "." => {}
                    ".." => drop(parts.pop()),
                    part => parts.push(part),
                }
            }
            needs(pages, &parts.join("/"), found);
        }
    }

    #[test]
    fn a_first_page_needs_less_than_a_hundred_thousand_bytes_on_the_wire_before_its_data() {
        let pages = Pages::pack();
        let shell =
            ["index.html", "desk.css", "icon.svg", "words.json", "come-in.js", "stream-worker.js"];
        for first in ["pages/overview.js", "pages/plant.js", "pages/alarms.js"] {
            let mut found = BTreeMap::new();
            for path in shell.into_iter().chain(["app.js", first]) {
                needs(&pages, path, &mut found);
            }
            assert!(found.contains_key("vendor/lit-html/directive.js"), "{found:?}");
            let others = found.keys().filter(|it| it.starts_with("pages/") && *it != first);
            assert!(others.count() <= 3, "a page that is not open is not fetched: {found:?}");
            let bytes: usize = found.values().sum();
            assert!(bytes < WIRE_MAX, "{first}: {bytes} {found:?}");
        }
    }

    #[test]
    fn the_station_with_the_forms_of_faults_keeps_to_what_was_promised() {
        let pages = Pages::pack();
        let mut found = BTreeMap::new();
        for path in [
            "index.html",
            "desk.css",
            "icon.svg",
            "words.json",
            "come-in.js",
            "stream-worker.js",
            "app.js",
            "words-exercise.json",
            "pages/station.js",
            // What only whoever leads has.
            "pages/injector.js",
            "words-editor.json",
            "editor/editor.css",
        ] {
            needs(&pages, path, &mut found);
        }
        assert!(found.contains_key("editor/form.js"), "its forms are the editor's: {found:?}");
        assert!(!found.contains_key("editor/editor.js"), "and nothing else of it: {found:?}");
        let bytes: usize = found.values().sum();
        assert!(bytes < 100_000, "{bytes} {found:?}");
    }

    #[test]
    fn what_is_compressed_is_the_file_and_the_same_every_time() {
        let pages = Pages::pack();
        let asset = pages.get("app.js").expect("it is one of ours");
        let packed = asset.packed.as_ref().expect("it is long enough");
        let mut text = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(packed.as_slice());
        std::io::Read::read_to_end(&mut decoder, &mut text).expect("it is gzip");
        assert_eq!(text, asset.bytes);
        assert_eq!(gzip(&text).as_ref(), Some(packed));
        assert!(Asset::new(b"x".to_vec(), "text/plain", String::new()).packed.is_none());
        assert!(pages.get("vendor/VENDOR.md").is_none(), "not for browsers");
    }

    #[test]
    fn a_page_names_its_files_by_a_version_and_is_another_when_they_are() {
        let pages = Pages::pack();
        let index = pages.get("index.html").expect("it is one of ours");
        let text = String::from_utf8(index.bytes.clone()).expect("text");
        assert!(!text.contains(VERSIONED));
        let app = format!("@{}/app.js", pages.version);
        assert!(text.contains(&format!("\"{app}\"")), "{text}");
        assert!(pages.is_for_good(&app) && pages.get(&app) == pages.get("app.js"));
        assert!(!pages.is_for_good("app.js") && !pages.is_for_good("@old/app.js"));
        assert_eq!(pages.get("@old/app.js"), pages.get("app.js"), "a page of before goes on");
        assert!(index.tag.ends_with(&pages.version));
    }

    #[test]
    fn both_languages_say_everything() {
        let of = |name: &str, lang: &str| {
            let file = Files::get(name).expect("the words");
            let words: serde_json::Value = serde_json::from_slice(&file.data).expect("JSON");
            let words = words[lang].as_object().expect("a language").clone();
            let said =
                words.into_iter().filter(|(_, text)| text.as_str().is_some_and(|t| !t.is_empty()));
            said.map(|(key, _)| key).collect::<Vec<_>>()
        };
        let files = ["words.json", "words-exercise.json", "words-editor.json"];
        let keys = |lang: &str| files.map(|name| of(name, lang)).concat();
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
