//! Places in a file: of values that are read already, and of parts of a text in quotes.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use super::{Table, Value, parse};
use crate::base::problem::{Source, Spanned};

/// Where a value stands in the table that has another one at `beside`, or that itself stands there.
/// `path` leads to it from that table: keys, numbers of items of arrays, from 0; and what ends in
/// `_` stands for the first key that begins so.
pub fn find_value(
    source: &Arc<Source>,
    beside: &Range<usize>,
    path: &[&str],
) -> Option<Range<usize>> {
    let (document, _) = parse(source);
    let tables = document.get_ref().iter().filter_map(|(_, value)| value.get_ref().as_array());
    let is_it = |table: &&Value<'_>| {
        let entries = table.get_ref().as_table();
        table.span() == *beside
            || entries.is_some_and(|it| it.iter().any(|(_, value)| value.span() == *beside))
    };
    let mut found = tables.flat_map(|array| array.iter()).find(is_it)?;
    for step in path {
        found = match found.get_ref() {
            DeValue::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            DeValue::Table(entries) => {
                let is_key =
                    |key: &str| key == *step || step.ends_with('_') && key.starts_with(step);
                entries.iter().find(|(key, _)| is_key(key.get_ref()))?.1
            }
            _ => return None,
        };
    }
    Some(found.span())
}

impl Table<'_> {
    /// Where some bytes of a text stand in the file, whichever quotes and escapes it is written
    /// with.
    pub fn within(&self, text: &Spanned<String>, part: Range<usize>) -> Range<usize> {
        let whole = text.span();
        let written = self.source.text.get(whole.clone()).unwrap_or_default();
        let places = places(written, text.get_ref());
        let at = |byte: usize| places.as_ref()?.get(byte).map(|place| whole.start + place);
        match (at(part.start), at(part.end)) {
            (Some(start), Some(end)) => start..end.max(start + 1),
            _ => whole,
        }
    }
}

/// For each byte of `text`, and for its end, where in the `written` literal it comes from. None:
/// the two do not belong together.
fn places(written: &str, text: &str) -> Option<Vec<usize>> {
    let quote = written.get(..1).filter(|it| ["\"", "'"].contains(it))?;
    let long = quote.repeat(3);
    let mut at = if written.starts_with(&long) { 3 } else { 1 };
    if at == 3 {
        let line = ["\r\n", "\n"].into_iter().find(|line| written[at..].starts_with(line));
        at += line.map_or(0, str::len); // the first line break is none of the text
    }
    let mut places = Vec::with_capacity(text.len() + 1);
    for decoded in text.chars() {
        let mut rest = written.get(at..)?;
        while let Some(behind) = folded(rest).filter(|_| quote == "\"") {
            at += rest.len() - behind.len();
            rest = behind;
        }
        if decoded == '\n' && rest.starts_with("\r\n") {
            at += 1;
            rest = written.get(at..)?;
        }
        places.extend(std::iter::repeat_n(at, decoded.len_utf8()));
        at += match rest.strip_prefix('\\').filter(|_| quote == "\"") {
            None => rest.chars().next()?.len_utf8(),
            Some(escape) => match escape.chars().next()? {
                'x' => 4,
                'u' => 6,
                'U' => 10,
                other => 1 + other.len_utf8(),
            },
        };
    }
    places.push(at);
    Some(places)
}

/// What stands behind a `\` at the end of a line and the blanks that it swallows.
fn folded(rest: &str) -> Option<&str> {
    let behind = rest.strip_prefix('\\')?;
    let line_end = behind.trim_start_matches([' ', '\t']);
    line_end.starts_with(['\n', '\r']).then(|| line_end.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::read_toml;

    /// What stands in the file where `word` stands in the text.
    fn seen(file: &str, word: &str) -> String {
        let source = Source::new("x.toml", file);
        let found = read_toml(&source, |table| {
            let text = table.text("text")?;
            let at = text.get_ref().find(word).expect("it is in the text");
            Some(table.within(&text, at..at + word.len()))
        });
        file[found.expect("sound")].to_owned()
    }

    #[test]
    fn a_part_of_a_text_is_found_whatever_its_quotes_and_escapes() {
        for file in [
            "text = 'one two'",
            "text = \"one two\"",
            "text = \"a \\\"b\\\" \\u6C34\\t two\"",
            "text = \"水 two\"",
            "text = '''\none\ntwo'''",
            "text = '''\r\none\r\ntwo'''",
            "text = \"\"\"\none \\\n     two\"\"\"",
            "text = \"\"\"one\\n \\\r\n\r\n two\"\"\"",
        ] {
            assert_eq!(seen(file, "two"), "two", "{file}");
        }
        assert_eq!(seen("text = \"a\\\"b\"", "\""), "\\\"");
    }

    #[test]
    fn a_value_is_found_beside_another_by_its_path() {
        let text = "[[pump]]\nid = 'P-1'\n[[pump]]\nid = 'P-2'\nabove_kw = 3\n\
                    [[pump.test]]\nat = [1, 22]\n";
        let source = Source::new("x.toml", text);
        let id = text.find("'P-2'").expect("it is there");
        let seen = |path: &[&str]| find_value(&source, &(id..id + 5), path).map(|it| &text[it]);
        assert_eq!(seen(&["above_"]), Some("3"));
        assert_eq!(seen(&["test", "0", "at", "1"]), Some("22"));
        for nowhere in [&["below_"][..], &["above"], &["test", "1"], &["id", "x"]] {
            assert_eq!(seen(nowhere), None, "{nowhere:?}");
        }
    }
}
