//! What is wrong with an EPANET file, from EPANET's own report: every mistake at its line.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::base::problem::{Problems, Source, nearest};

/// Longest token EPANET can repeat in a message; it copies longer ones past its buffer.
const TOKEN_BYTES_MAX: usize = 150;
/// EPANET cuts a line here and reads the rest as another line.
const LINE_BYTES_MAX: usize = 1_022;
/// Longest id EPANET keeps.
const ID_BYTES_MAX: usize = 31;

/// One line of the file, without its end.
struct Line<'a> {
    start: usize,
    text: &'a str,
    /// The section it is in, such as `PIPES`, upper case.
    section: &'a str,
}

impl<'a> Line<'a> {
    /// What is before the comment.
    fn code(&self) -> &'a str {
        self.text.split(';').next().unwrap_or("")
    }

    /// The line without blanks at its ends, as bytes of the file.
    fn span(&self) -> Range<usize> {
        let text = self.text.trim_end();
        let blank = text.len() - text.trim_start().len();
        self.start + blank..self.start + text.len().max(blank)
    }

    /// Where `token` stands in the line, or the whole line.
    fn span_of(&self, token: &str) -> Range<usize> {
        let found = self.code().split_whitespace().find(|word| word.eq_ignore_ascii_case(token));
        match found {
            Some(word) if !token.is_empty() => {
                let start = self.start + (word.as_ptr().addr() - self.text.as_ptr().addr());
                start..start + word.len()
            }
            _ => self.span(),
        }
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut section = "";
    let mut start = 0;
    let mut found = Vec::new();
    for text in text.split_inclusive('\n') {
        let line = text.trim_end_matches(['\n', '\r']);
        if let Some(rest) = line.trim_start().strip_prefix('[') {
            section = rest.split(']').next().unwrap_or("");
        }
        found.push(Line { start, text: line, section });
        start += text.len();
    }
    found
}

/// What EPANET must not even be asked to read, because it would write past its buffers or misread
/// the file without a word.
pub fn unreadable(source: &Arc<Source>) -> Problems {
    let mut problems = Problems::new();
    if let Some(at) = source.text.find('\0') {
        problems
            .add(source, at..at + 1, "is no EPANET file: it contains a zero byte")
            .help("save it as plain text, UTF-8 or ASCII");
        return problems;
    }
    for line in lines(&source.text) {
        if line.text.len() > LINE_BYTES_MAX {
            let text = format!("line of {} bytes, at most {LINE_BYTES_MAX}", line.text.len());
            problems.add(source, line.span(), text);
        }
        let prose = ["TITLE", "LABELS", "BACKDROP"]
            .iter()
            .any(|section| line.section.eq_ignore_ascii_case(section));
        for (n, token) in line.code().split_whitespace().enumerate() {
            let named = line.section.eq_ignore_ascii_case("PATTERNS")
                || line.section.eq_ignore_ascii_case("CURVES");
            let limit = if n == 0 && named { ID_BYTES_MAX } else { TOKEN_BYTES_MAX };
            if token.len() > limit && !prose && !token.starts_with('[') {
                let text = format!("word of {} bytes, at most {limit}", token.len());
                problems.add(source, line.span_of(token), text);
            }
        }
    }
    problems
}

/// The mistakes of an EPANET report, each at its place in the file; empty when it lists none.
///
/// `report`: the lines EPANET has written while it read and checked the file. It names a mistake
/// and repeats the line (`Error 205: undefined time pattern P9 in [DEMANDS] section:`), or names an
/// id (`Error 226: no head curve or power rating for pump 9`).
pub fn in_report<'r>(source: &Arc<Source>, report: impl IntoIterator<Item = &'r str>) -> Problems {
    let lines = lines(&source.text);
    let ids = Ids::of(&lines);
    let mut problems = Problems::new();
    let mut from = 0; // EPANET goes through the file once, from top to bottom
    let mut report = report.into_iter().map(str::trim).peekable();
    while let Some(said) = report.next() {
        let Some((code, words)) = split_code(said) else { continue };
        let words = words.strip_suffix(": section contents ignored.").unwrap_or(words);
        let Some(words) = words.strip_suffix(':').or((code == 299).then_some(words)) else {
            if code != 200 {
                about_an_id(&mut problems, source, &lines, code, words);
            }
            continue;
        };
        let Some(repeated) = report.next_if(|next| split_code(next).is_none()) else { continue };
        if code == 200 {
            continue; // a rule's mistake, which EPANET has already named in its own words
        }
        let at = (from..lines.len()).find(|n| same_words(lines[*n].text, repeated));
        let line = at.map(|n| &lines[n]);
        from = at.unwrap_or(from);
        let (what, token) = match words.rsplit_once(" in [") {
            Some((what, _)) => split_token(what, line),
            None if code == 299 => split_token(words, line),
            None => (words.split(" in following line").next().unwrap_or(words), ""),
        };
        let span = line.map_or(0..0, |line| line.span_of(token));
        let text = sentence(what, token, code);
        let problem = problems.add(source, span, text);
        if let Some(near) = ids.near(code, token) {
            problem.help(format!("there is a {near}"));
        }
    }
    problems
}

/// `undefined node X9 (EPANET error 203)`.
fn sentence(what: &str, token: &str, code: u32) -> String {
    let token = if token.is_empty() { String::new() } else { format!(" {token}") };
    format!("{}{token} (EPANET error {code})", what.trim())
}

/// Code and words of a line such as `Error 203: …` or `Input Error 203: …`.
fn split_code(line: &str) -> Option<(u32, &str)> {
    let rest = line.strip_prefix("Input ").unwrap_or(line).strip_prefix("Error ")?;
    let (code, words) = rest.split_once(':')?;
    Some((code.trim().parse().ok()?, words.trim_start()))
}

/// Splits `undefined node X9` into the words and the token, which stands in the line.
fn split_token<'w>(what: &'w str, line: Option<&Line<'_>>) -> (&'w str, &'w str) {
    match what.rsplit_once(' ') {
        Some((words, token))
            if line
                .is_some_and(|line| line.code().split_whitespace().any(|word| word == token)) =>
        {
            (words, token)
        }
        _ => (what.trim_end(), ""),
    }
}

/// Rules are repeated word by word, other lines as they are.
fn same_words(line: &str, repeated: &str) -> bool {
    let code = line.split(';').next().unwrap_or("").split_whitespace();
    line.trim() == repeated || (!repeated.is_empty() && code.eq(repeated.split_whitespace()))
}

/// A mistake found after reading: EPANET names the id at the end, or nothing at all.
fn about_an_id(
    problems: &mut Problems,
    source: &Arc<Source>,
    lines: &[Line<'_>],
    code: u32,
    words: &str,
) {
    let sections: &[&str] = match code {
        225 => &["TANKS"],
        226 | 227 => &["PUMPS"],
        219 | 220 => &["VALVES"],
        230 | 231 => &["CURVES"],
        232 => &["PATTERNS"],
        234 => &["JUNCTIONS", "TANKS", "RESERVOIRS"],
        _ => &[],
    };
    let id = words.rsplit(' ').next().unwrap_or("");
    let line = lines.iter().find(|line| {
        sections.iter().any(|section| line.section.eq_ignore_ascii_case(section))
            && line.code().split_whitespace().next() == Some(id)
    });
    if line.is_none() && !problems.is_empty() {
        return; // what follows from the mistakes already named
    }
    let span = line.map_or(0..0, |line| line.span_of(id));
    let text = words.strip_prefix("function call contains ").unwrap_or(words);
    problems.add(source, span, format!("{text} (EPANET error {code})"));
}

/// The ids a file defines, by what EPANET calls them.
struct Ids<'a>(BTreeMap<&'static str, Vec<&'a str>>);

impl<'a> Ids<'a> {
    fn of(lines: &[Line<'a>]) -> Self {
        let mut ids: BTreeMap<&'static str, Vec<&'a str>> = BTreeMap::new();
        for line in lines {
            let what = match line.section.to_ascii_uppercase().as_str() {
                "JUNCTIONS" | "TANKS" | "RESERVOIRS" => "node",
                "PIPES" | "PUMPS" | "VALVES" => "link",
                "PATTERNS" => "pattern",
                "CURVES" => "curve",
                _ => continue,
            };
            match line.code().split_whitespace().next() {
                Some(id) if !id.starts_with('[') => ids.entry(what).or_default().push(id),
                _ => {}
            }
        }
        Self(ids)
    }

    /// The id that an undefined one may have meant, as `node J12`.
    fn near(&self, code: u32, token: &str) -> Option<String> {
        let what = match code {
            203 | 212 => "node",
            204 | 216 => "link",
            205 => "pattern",
            206 => "curve",
            _ => return None,
        };
        nearest(token, self.0.get(what)?).map(|near| format!("{what} {near}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::Problem;

    const FILE: &str = "\
[JUNCTIONS]
 J1  10  5  DAY
[PIPES]
 P1  R1  J11  100  ; to nowhere
[PUMPS]
 PU1 R1 J1
[RULES]
RULE 1
IF TANK T9 LEVEL ABOVE 3
";

    fn headlines(report: &[&str]) -> Vec<String> {
        let source = Source::new("net.inp", FILE);
        let problems = in_report(&source, report.iter().copied());
        problems.iter().map(Problem::headline).collect()
    }

    #[test]
    fn a_mistake_is_found_at_the_line_epanet_repeats() {
        let report = [
            "Error 205: undefined time pattern DAY in [JUNCTIONS] section:",
            " J1  10  5  DAY",
            "Error 203: undefined node J11 in [PIPES] section:",
            " P1  R1  J11  100  ; to nowhere",
        ];
        assert_eq!(
            headlines(&report),
            [
                "net.inp:2:13: undefined time pattern DAY (EPANET error 205)",
                "net.inp:4:10: undefined node J11 (EPANET error 203)",
            ]
        );
    }

    #[test]
    fn a_rules_mistake_is_named_once() {
        let report = [
            "Input Error 203: undefined node in following line of RULE 1:",
            "IF TANK T9 LEVEL ABOVE 3",
            "Error 200: one or more errors in input file T9 in [RULES] section:",
            "IF TANK T9 LEVEL ABOVE 3",
        ];
        assert_eq!(headlines(&report), ["net.inp:9:1: undefined node (EPANET error 203)"]);
    }

    #[test]
    fn a_mistake_found_after_reading_is_shown_where_the_id_is_defined() {
        let report = ["Error 226: no head curve or power rating for pump PU1"];
        assert_eq!(
            headlines(&report),
            ["net.inp:6:2: no head curve or power rating for pump PU1 (EPANET error 226)"]
        );
    }

    #[test]
    fn what_is_no_mistake_is_left_alone() {
        assert_eq!(headlines(&["Page 1", "", "Analysis begun Sun", "  "]), [""; 0]);
    }

    #[test]
    fn what_only_follows_from_a_mistake_is_not_repeated() {
        let report = [
            "Error 227: invalid head curve for pump PU1",
            "Error 110: cannot solve network hydraulic equations",
        ];
        assert_eq!(
            headlines(&report),
            ["net.inp:6:2: invalid head curve for pump PU1 (EPANET error 227)"]
        );
    }

    #[test]
    fn an_unknown_section_is_shown_where_it_begins() {
        let source = Source::new("net.inp", "[JUNCTION]\n J1 10\n");
        let report = [
            "Error 299: invalid section keyword [JUNCTION]: section contents ignored.",
            "[JUNCTION]",
        ];
        let problems = in_report(&source, report);
        let headlines: Vec<_> = problems.iter().map(Problem::headline).collect();
        assert_eq!(
            headlines,
            ["net.inp:1:1: invalid section keyword [JUNCTION] (EPANET error 299)"]
        );
    }

    #[test]
    fn a_near_id_is_offered() {
        let source = Source::new("net.inp", FILE);
        let report = ["Error 203: undefined node J11 in [PIPES] section:", "P1 R1 J11 100"];
        let shown = in_report(&source, report).render(false);
        assert!(shown.contains("there is a node J1"), "{shown}");
    }

    #[test]
    fn words_too_long_for_epanet_do_not_reach_it() {
        let long = "x".repeat(200);
        let text = format!("[TITLE]\n{long}\n[PIPES]\n {long}\n[CURVES]\n {}\n", &long[..40]);
        let problems = unreadable(&Source::new("net.inp", text));
        let headlines: Vec<_> = problems.iter().map(Problem::headline).collect();
        assert_eq!(
            headlines,
            [
                "net.inp:4:2: word of 200 bytes, at most 150",
                "net.inp:6:2: word of 40 bytes, at most 31"
            ]
        );
        assert!(unreadable(&Source::new("net.inp", FILE)).is_empty());
    }
}
