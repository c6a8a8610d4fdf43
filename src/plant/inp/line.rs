//! Cuts an `.inp` file into sections, lines and words, each with its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::base::problem::{Problems, Source, nearest};

/// One word of a line and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Word<'a> {
    pub text: &'a str,
    pub span: Range<usize>,
}

impl Word<'_> {
    /// Keywords are not case-sensitive; ids are.
    pub fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }
}

/// A line with at least one word.
#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    pub words: Vec<Word<'a>>,
}

impl Line<'_> {
    /// From the first word to the last.
    pub fn span(&self) -> Range<usize> {
        let start = self.words.first().map_or(0, |word| word.span.start);
        start..self.words.last().map_or(start, |word| word.span.end)
    }
}

/// The sections that are read, and those that say nothing about hydraulics.
pub(super) const KNOWN: [&str; 26] = [
    "TITLE",
    "JUNCTIONS",
    "RESERVOIRS",
    "TANKS",
    "PIPES",
    "PUMPS",
    "VALVES",
    "STATUS",
    "CURVES",
    "PATTERNS",
    "DEMANDS",
    "CONTROLS",
    "RULES",
    "OPTIONS",
    "TIMES",
    "REACTIONS",
    "COORDINATES",
    "VERTICES",
    "QUALITY",
    "ENERGY",
    "REPORT",
    "TAGS",
    "LABELS",
    "BACKDROP",
    "MIXING",
    "END",
];

/// Sections of EPANET that a plant cannot have, and what to do instead.
const REFUSED: [(&str, &str); 3] = [
    ("EMITTERS", "remove it: leaks and bursts come from the plant's condition and the scenario"),
    ("LEAKAGE", "remove it: leaks and bursts come from the plant's condition and the scenario"),
    ("SOURCES", "remove it: chlorine and turbidity come from the plant's treatment"),
];

/// The lines of each section, by its name in capitals.
pub(super) type Sections<'a> = BTreeMap<&'static str, Vec<Line<'a>>>;

/// Cuts the text; unknown and refused sections are noted and left out.
pub(super) fn sections<'a>(source: &'a Arc<Source>, problems: &mut Problems) -> Sections<'a> {
    let mut found = Sections::new();
    let mut section = None;
    let mut skipping = false;
    let mut start = 0;
    for raw in source.text.split_inclusive('\n') {
        let (line_start, content) = (start, raw.split(';').next().unwrap_or(""));
        start += raw.len();
        if let Some(name) = content.trim_start().strip_prefix('[') {
            let at = line_start + (content.len() - name.len() - 1);
            section = header(source, problems, at, name);
            skipping = section.is_none();
            if section == Some("END") {
                break;
            }
            continue;
        }
        let words = match section {
            Some("TITLE") => title(line_start, raw),
            _ => words(line_start, content),
        };
        let Some(first) = words.first() else { continue };
        match section {
            Some(name) => found.entry(name).or_default().push(Line { words }),
            None if skipping => {}
            None => {
                let text = "this stands before the first section";
                problems.add(source, first.span.clone(), text).help("start with [TITLE]");
                skipping = true;
            }
        }
    }
    found
}

fn header(
    source: &Arc<Source>,
    problems: &mut Problems,
    at: usize,
    rest: &str,
) -> Option<&'static str> {
    let name = rest.split(']').next().unwrap_or("").trim();
    let upper = name.to_ascii_uppercase();
    if let Some(known) = KNOWN.iter().find(|known| **known == upper) {
        return Some(known);
    }
    let span = at..at + rest.split(']').next().unwrap_or("").trim_end().len() + 2;
    let span = span.start..span.end.min(source.text.len());
    if let Some((_, help)) = REFUSED.iter().find(|(refused, _)| *refused == upper) {
        problems.add(source, span, format!("a plant cannot have [{upper}]")).help(*help);
        return None;
    }
    let help = match nearest(&upper, &KNOWN) {
        Some(known) => format!("did you mean [{known}]?"),
        None => format!("known: {}", KNOWN.join(", ")),
    };
    problems.add(source, span, format!("section {name:?} is not known")).help(help);
    None
}

/// A title line is one word, with its blanks and semicolons.
fn title(line_start: usize, raw: &str) -> Vec<Word<'_>> {
    let text = raw.trim();
    if text.is_empty() || text.starts_with(';') {
        return Vec::new();
    }
    let at = line_start + (raw.len() - raw.trim_start().len());
    vec![Word { text, span: at..at + text.len() }]
}

fn words(line_start: usize, content: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut from = None;
    let is_gap = |c: char| c.is_ascii_whitespace() || c == ',' || c == '"' || c == '\u{feff}';
    for (at, c) in content.char_indices().chain([(content.len(), ' ')]) {
        match (is_gap(c), from) {
            (false, None) => from = Some(at),
            (true, Some(first)) => {
                let text = content.get(first..at).unwrap_or("");
                words.push(Word { text, span: line_start + first..line_start + at });
                from = None;
            }
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_blanks_commas_and_its_comment() {
        let source = Source::new("x.inp", "[PIPES]\r\n P1,\tA  B ; old\r\n;none\r\n");
        let mut problems = Problems::new();
        let found = sections(&source, &mut problems);
        assert!(problems.is_empty());
        let lines = &found["PIPES"];
        let texts: Vec<&str> = lines[0].words.iter().map(|word| word.text).collect();
        assert_eq!((lines.len(), texts), (1, vec!["P1", "A", "B"]));
        for word in &lines[0].words {
            assert_eq!(&source.text[word.span.clone()], word.text);
        }
    }

    #[test]
    fn nothing_is_read_behind_the_end() {
        let source = Source::new("x.inp", "[TITLE]\nA; B\n[END]\n[NONSENSE]\n");
        let mut problems = Problems::new();
        let found = sections(&source, &mut problems);
        assert!(problems.is_empty());
        assert_eq!(found["TITLE"][0].words[0].text, "A; B");
    }
}
