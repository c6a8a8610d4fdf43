//! Changes a TOML text where it must change and nowhere else: comments, order and spelling of all
//! the rest stay as they are, byte for byte.

use std::ops::Range;

use serde_json::Value;

use super::tree::{Form, Node, Tree, extended};
use crate::base::Stamp;
use crate::base::problem::asked::Step;

/// A change that cannot be made, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotEdited(pub String);

/// Keys and what stands behind them, as written.
pub type Pairs = Vec<(String, String)>;

fn no(text: &str) -> NotEdited {
    NotEdited(text.to_owned())
}

/// Puts `value` at `path`; none takes the key away. Errors: there is no table for it.
pub fn set(tree: &Tree<'_>, path: &[Step], value: Option<&Value>) -> Result<String, NotEdited> {
    let found = tree.at(path);
    match (found, value) {
        (Some(node), None) => take_away(tree, node),
        (None, None) => Ok(tree.text.to_owned()),
        (Some(node), Some(value)) => replace(tree, node, value),
        (None, Some(value)) => {
            let Some((Step::Key(key), parent)) = path.split_last() else {
                return Err(no("there is no such item any more; look at the text"));
            };
            let written = format!("{} = {}", key_of(key), literal(value));
            insert_key(tree, parent, &written)
        }
    }
}

/// Puts a new item of these keys into the list at `path`: after the item `after`, or as its last.
/// A list that is not there comes behind the last of `before` that is.
pub fn add(
    tree: &Tree<'_>,
    path: &[Step],
    after: Option<usize>,
    pairs: &Pairs,
    before: &[&str],
) -> Result<String, NotEdited> {
    let count = tree.count(path);
    let Some(last) = count.checked_sub(1) else {
        return first_of_list(tree, path, pairs, before);
    };
    let neighbour = extended(path, Step::At(after.unwrap_or(last).min(last)));
    let node = tree.at(&neighbour).ok_or_else(|| no("there is no such item any more"))?;
    Ok(match node.form {
        Form::Header => put_behind(tree, &block(tree, node), &lines_of(path, pairs)),
        _ => insert_inline(tree, node, &inline(pairs)),
    })
}

/// Takes away the item at `path`.
pub fn remove(tree: &Tree<'_>, path: &[Step]) -> Result<String, NotEdited> {
    let node = tree.at(path).ok_or_else(|| no("there is no such item any more"))?;
    if node.form != Form::Header {
        return remove_inline(tree, path, node);
    }
    let own = block(tree, node);
    let (before, rest) = (&tree.text[..own.start], &tree.text[own.end..]);
    let rest = without_blank_lines(rest);
    if rest.is_empty() {
        return Ok(before.trim_end().to_owned() + newline(tree.text));
    }
    Ok(format!("{before}{rest}"))
}

/// Lets the item at `path` change places with the next, or the one before.
pub fn shift(tree: &Tree<'_>, path: &[Step], forward: bool) -> Result<String, NotEdited> {
    let Some((Step::At(at), list)) = path.split_last() else { return Err(no("it is no item")) };
    let other = if forward { at.checked_add(1) } else { at.checked_sub(1) };
    let other = other.and_then(|at| tree.at(&extended(list, Step::At(at))));
    let own = tree.at(path).ok_or_else(|| no("there is no such item any more"))?;
    let Some(other) = other else { return Ok(tree.text.to_owned()) };
    let range = |node: &Node| match node.form {
        Form::Header => block(tree, node),
        _ => node.span.clone(),
    };
    let (mut first, mut second) = (range(own), range(other));
    if second.start < first.start {
        std::mem::swap(&mut first, &mut second);
    }
    if second.start < first.end {
        return Err(no("these two stand in one another: change it in the text"));
    }
    let text = tree.text;
    let [a, gap, b] = [first.clone(), first.end..second.start, second.clone()].map(|it| &text[it]);
    Ok(format!("{}{b}{gap}{a}{}", &text[..first.start], &text[second.end..]))
}

/// Puts a copy of the item at `path` behind it, called `id` where it has an id.
pub fn duplicate(tree: &Tree<'_>, path: &[Step], id: &str) -> Result<String, NotEdited> {
    let node = tree.at(path).ok_or_else(|| no("there is no such item any more"))?;
    let range = match node.form {
        Form::Header => block(tree, node),
        _ => node.span.clone(),
    };
    let mut copy = tree.text[range.clone()].to_owned();
    if let Some(own) = tree.at(&extended(path, Step::Key("id".to_owned()))) {
        let place = own.span.start - range.start..own.span.end - range.start;
        copy.replace_range(place, &quoted(id));
    }
    Ok(match node.form {
        Form::Header => put_behind(tree, &range, &copy),
        _ => insert_inline(tree, node, &copy),
    })
}

/// The text with `new` in place of what stands there.
pub fn spliced(text: &str, place: &Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..place.start], &text[place.end..])
}

fn replace(tree: &Tree<'_>, node: &Node, value: &Value) -> Result<String, NotEdited> {
    if is_same(&node.value, value) {
        return Ok(tree.text.to_owned());
    }
    if matches!(node.form, Form::Header | Form::Headers | Form::Implied) {
        return Err(no("it is written as a table of its own: change it in the text"));
    }
    let is_bare = !tree.text[node.span.clone()].starts_with(['"', '\'']);
    let new = match value {
        // A time stands without quotes.
        Value::String(time) if is_bare && node.value.is_string() && Stamp::parse(time).is_ok() => {
            time.clone()
        }
        value => literal(value),
    };
    Ok(spliced(tree.text, &node.span, &new))
}

fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn take_away(tree: &Tree<'_>, node: &Node) -> Result<String, NotEdited> {
    let Some(key) = &node.key else { return remove(tree, &node.path) };
    let (_, parent) = node.path.split_last().unwrap_or((&Step::At(0), &[]));
    let holder = tree.at(parent);
    if matches!(node.form, Form::Header | Form::Headers | Form::Implied)
        || holder.is_some_and(|it| it.form == Form::Implied)
    {
        return Err(no("it is written as a table of its own: change it in the text"));
    }
    if holder.is_none_or(|it| it.form == Form::Header) {
        let rest = tree.text[node.span.end..].find('\n');
        let end = rest.map_or(tree.text.len(), |newline| node.span.end + newline + 1);
        return Ok(spliced(tree.text, &(line_start(tree.text, key.start)..end), ""));
    }
    let mut siblings: Vec<&Node> =
        tree.inside(parent).filter(|it| it.path.len() == node.path.len()).collect();
    siblings.sort_by_key(|it| it.span.start);
    let at = siblings.iter().position(|it| it.path == node.path).unwrap_or(0);
    let place = match (at.checked_sub(1), siblings.get(at + 1)) {
        (Some(before), _) => siblings[before].span.end..node.span.end,
        (None, Some(next)) => key.start..next.key.as_ref().map_or(next.span.start, |it| it.start),
        (None, None) => key.start..node.span.end,
    };
    Ok(spliced(tree.text, &place, ""))
}

/// Puts `written` behind the last key of the table at `parent`.
fn insert_key(tree: &Tree<'_>, parent: &[Step], written: &str) -> Result<String, NotEdited> {
    let text = tree.text;
    let holder = tree.at(parent);
    let own = tree.inside(parent).filter(|it| {
        it.path.len() == parent.len() + 1
            && matches!(it.form, Form::Leaf | Form::Inline | Form::Array)
    });
    let last = own.max_by_key(|it| it.span.end);
    match (holder.map(|it| it.form), last) {
        (Some(Form::Inline), Some(last)) => {
            Ok(spliced(text, &(last.span.end..last.span.end), &format!(", {written}")))
        }
        (Some(Form::Inline), None) => {
            let span = &holder.map_or(0..0, |it| it.span.clone());
            Ok(spliced(text, span, &format!("{{ {written} }}")))
        }
        (Some(Form::Header) | None, last) if parent.is_empty() || holder.is_some() => {
            let behind = last.map(|it| it.span.end).or(holder.map(|it| it.span.end));
            let Some(behind) = behind else {
                return Ok(format!("{written}{}{text}", newline(text)));
            };
            let at = line_end(text, behind);
            Ok(spliced(text, &(at..at), &format!("{}{written}", newline(text))))
        }
        _ => Err(no("there is no table for it yet: write it in the text")),
    }
}

/// The first item of a list that is not there, or is empty.
fn first_of_list(
    tree: &Tree<'_>,
    path: &[Step],
    pairs: &Pairs,
    before: &[&str],
) -> Result<String, NotEdited> {
    let Some((Step::Key(key), parent)) = path.split_last() else { return Err(no("it is no list")) };
    if let Some(node) = tree.at(path) {
        return Ok(spliced(tree.text, &node.span, &format!("[{}]", inline(pairs))));
    }
    if !parent.is_empty() {
        let nl = newline(tree.text);
        let written = format!("{} = [{nl}  {},{nl}]", key_of(key), inline(pairs));
        return insert_key(tree, parent, &written);
    }
    let item = lines_of(path, pairs);
    let blocks = tree.nodes.iter().filter(|node| {
        let [Step::Key(top), ..] = node.path.as_slice() else { return false };
        node.form == Form::Header && before.contains(&top.as_str())
    });
    if let Some(last) = blocks.map(|node| block(tree, node)).max_by_key(|it| it.end) {
        return Ok(put_behind(tree, &last, &item));
    }
    let nl = newline(tree.text);
    Ok(format!("{}{nl}{nl}{item}{nl}", tree.text.trim_end()))
}

fn put_behind(tree: &Tree<'_>, block: &Range<usize>, item: &str) -> String {
    let nl = newline(tree.text);
    let item =
        if nl == "\n" || item.contains('\r') { item.to_owned() } else { item.replace('\n', nl) };
    let end = if block.end == tree.text.len() { nl } else { "" };
    spliced(tree.text, &(block.end..block.end), &format!("{nl}{nl}{item}{end}"))
}

fn insert_inline(tree: &Tree<'_>, node: &Node, item: &str) -> String {
    let (text, end) = (tree.text, node.span.end);
    let Some(lead) = own_line(text, node) else {
        return spliced(text, &(end..end), &format!(", {item}"));
    };
    // An item on a line of its own has the next below it, and keeps its comment.
    let (nl, line) = (newline(text), line_end(text, end));
    if text[end..line].trim_start().starts_with(',') {
        return spliced(text, &(line..line), &format!("{nl}{lead}{item},"));
    }
    spliced(text, &(end..end), &format!(",{nl}{lead}{item}"))
}

/// What stands before an item on its line, if nothing else does.
fn own_line<'t>(text: &'t str, node: &Node) -> Option<&'t str> {
    let lead = &text[line_start(text, node.span.start)..node.span.start];
    let rest = text[node.span.end..line_end(text, node.span.end)].trim_start();
    let rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    (lead.trim().is_empty() && (rest.is_empty() || rest.starts_with('#'))).then_some(lead)
}

fn remove_inline(tree: &Tree<'_>, path: &[Step], node: &Node) -> Result<String, NotEdited> {
    let Some((Step::At(at), list)) = path.split_last() else {
        return take_away(tree, node);
    };
    let text = tree.text;
    let neighbour = |at: usize| tree.at(&extended(list, Step::At(at)));
    let before = at.checked_sub(1).and_then(neighbour);
    let place = match (before, neighbour(at + 1)) {
        // The last one of a list takes the list's key with it.
        (None, None) => return set(tree, list, None),
        _ if own_line(text, node).is_some() => {
            let rest = text[node.span.end..].find('\n');
            let end = rest.map_or(text.len(), |newline| node.span.end + newline + 1);
            line_start(text, node.span.start)..end
        }
        (Some(before), _) => before.span.end..node.span.end,
        (None, Some(next)) => node.span.start..next.span.start,
    };
    Ok(spliced(text, &place, ""))
}

/// The lines of an item below a header: with the comment right above it, and all that stands in it.
fn block(tree: &Tree<'_>, node: &Node) -> Range<usize> {
    let text = tree.text;
    let ends = tree.inside(&node.path).map(|it| it.span.end);
    let mut end = line_end(text, ends.fold(node.span.end, usize::max));
    // A comment below belongs to it, unless it stands right above the next header.
    let mut below = end;
    loop {
        let line = text.get(below + 1..).map_or("", |rest| rest.lines().next().unwrap_or(""));
        match line.trim_start() {
            comment if comment.starts_with('#') => below = line_end(text, below + 1),
            next if next.starts_with('[') => break,
            _ => {
                end = below;
                break;
            }
        }
    }
    let mut start = line_start(text, node.span.start);
    while start > 0 {
        let above = line_start(text, start - 1);
        let is_comment = text[above..start].trim_start().starts_with('#');
        let in_value = tree
            .nodes
            .iter()
            .any(|it| it.form == Form::Leaf && it.span.start < above && above < it.span.end);
        if !is_comment || in_value {
            break;
        }
        start = above;
    }
    start..end
}

fn lines_of(path: &[Step], pairs: &Pairs) -> String {
    let keys = path.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key_of(key)),
        Step::At(_) => None,
    });
    let header = format!("[[{}]]", keys.collect::<Vec<_>>().join("."));
    let lines = pairs.iter().map(|(key, value)| format!("\n{key} = {value}"));
    header + &lines.collect::<String>()
}

fn inline(pairs: &Pairs) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn without_blank_lines(text: &str) -> &str {
    let blank = text.len() - text.trim_start().len();
    let start = text[..blank].rfind('\n').map_or(0, |at| at + 1);
    &text[start..]
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the line ends: before its newline.
fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    if text[..end].ends_with('\r') && end > at { end - 1 } else { end }
}

/// A value as TOML writes it, on one line.
pub fn literal(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 && whole.abs() < 1e15 => {
                format!("{}", whole as i64)
            }
            _ => number.to_string(),
        },
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(literal).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(pairs) => {
            let mut pairs: Vec<_> = pairs.iter().collect();
            // What is waited for comes before how long.
            pairs.sort_by_key(|(key, _)| key.ends_with("_min"));
            let pair = |(key, value): (&String, &Value)| (key_of(key), literal(value));
            inline(&pairs.into_iter().map(pair).collect())
        }
    }
}

/// A text in quotes.
pub fn quoted(text: &str) -> String {
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\t' => written.push_str("\\t"),
            c if c.is_control() => written.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => written.push(c),
        }
    }
    written.push('"');
    written
}

fn key_of(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { quoted(key) }
}
