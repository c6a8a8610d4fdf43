//! Places in a file: of values that are read already, and of parts of a text in quotes.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{Table, Value};
use crate::base::problem::{Source, Spanned};

/// Where a value stands in the table that has another one at `beside`, or that itself stands there.
/// `path` leads to it from that table: keys, numbers of items of arrays, from 0; and what ends in
/// `_` stands for the first key that begins so.
pub fn find_value(
    source: &Arc<Source>,
    beside: &Range<usize>,
    path: &[&str],
) -> Option<Range<usize>> {
    let text = &source.text;
    // One item of a long file is read, not all of it for each of its mistakes.
    let item = item_around(text, beside);
    let own = text.get(item.clone()).map(|part| found_in(part, item.start, beside, path));
    own.unwrap_or(Err(Elsewhere))
        .or_else(|Elsewhere| found_in(text, 0, beside, path))
        .unwrap_or_default()
}

/// The table is not in this part of the file.
struct Elsewhere;

/// The same in `part`, which begins at `from`; none when the table there has no such value.
fn found_in(
    part: &str,
    from: usize,
    beside: &Range<usize>,
    path: &[&str],
) -> Result<Option<Range<usize>>, Elsewhere> {
    let here = |place: usize| place.checked_sub(from).ok_or(Elsewhere);
    let beside = here(beside.start)?..here(beside.end)?;
    let (document, _) = DeTable::parse_recoverable(part);
    let tables = document.get_ref().iter().filter_map(|(_, value)| value.get_ref().as_array());
    let is_it = |table: &&Value<'_>| {
        let entries = table.get_ref().as_table();
        table.span() == beside
            || entries.is_some_and(|it| it.iter().any(|(_, value)| value.span() == beside))
    };
    let table = tables.flat_map(|array| array.iter()).find(is_it).ok_or(Elsewhere)?;
    let value = path.iter().try_fold(table, |value, step| below(value, step));
    Ok(value.map(|value| value.span().start + from..value.span().end + from))
}

/// One step of a path.
fn below<'v, 't>(value: &'v Value<'t>, step: &str) -> Option<&'v Value<'t>> {
    match value.get_ref() {
        DeValue::Array(items) => items.get(step.parse::<usize>().ok()?),
        DeValue::Table(entries) => {
            let is_key = |key: &str| key == step || step.ends_with('_') && key.starts_with(step);
            Some(entries.iter().find(|(key, _)| is_key(key.get_ref()))?.1)
        }
        _ => None,
    }
}

/// From the last `[[…]]` at the file's top that does not stand behind a place, to the next one.
fn item_around(text: &str, place: &Range<usize>) -> Range<usize> {
    let line_of = |at: usize| {
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let line = text[start..].split('\n').next().unwrap_or_default();
        top_item(line).map(|_| start)
    };
    let before = text.get(..place.end).unwrap_or(text);
    let behind = text.get(place.end..).unwrap_or_default();
    let start = before.rmatch_indices("[[").find_map(|(at, _)| line_of(at));
    let end = behind.match_indices("[[").find_map(|(at, _)| line_of(place.end + at));
    start.unwrap_or(0)..end.unwrap_or(text.len())
}

/// The array of tables at the top of a file of which an item begins with this line.
pub(super) fn top_item(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start().strip_prefix("[[")?.split_once("]]")?;
    let name = name.trim();
    let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
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
        let inline =
            "pump = [{ id = 'P-1', kw = 1 }, { id = 'P-2', kw = 22 }]\n[[valve]]\nid = 'V'\n";
        let source = Source::new("x.toml", inline);
        let id = inline.find("'P-2'").expect("it is there");
        let found = find_value(&source, &(id..id + 5), &["kw"]).expect("it is there");
        assert_eq!(&inline[found], "22");
    }

    #[test]
    fn an_item_is_what_stands_between_two_heads_at_the_top() {
        let text = "x = 1\n[[pump]]\nid = 'P'\n at = [\n[[1, 2]],\n]\n[[pump.test]]\na = 1\n\
                    \x20 [[ valve ]] # next\nid = 'V'\n";
        let of = |word: &str| {
            let at = text.find(word).expect("it is there");
            text[item_around(text, &(at..at + 1))].lines().next().unwrap_or_default()
        };
        let heads = ["x = 1", "[[pump]]", "[[pump]]", "  [[ valve ]] # next"];
        assert_eq!(["x =", "'P'", "a = 1", "'V'"].map(of), heads);
    }
}
