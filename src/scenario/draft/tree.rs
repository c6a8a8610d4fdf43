//! Where everything stands in a TOML text.

use std::ops::Range;

use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

use crate::base::problem::asked::{Path, Step};

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A text, a number, a time, true or false.
    Leaf,
    /// `{ … }`.
    Inline,
    /// A table below its header, `[…]` or one of `[[…]]`.
    Header,
    /// `[ … ]`.
    Array,
    /// Tables below `[[…]]`.
    Headers,
    /// A table that only its keys or its children speak of.
    Implied,
}

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// From the top of the file.
    pub path: Path,
    /// Where its key stands, in bytes.
    pub key: Option<Range<usize>>,
    /// Where it stands itself; a table below a header: the header.
    pub span: Range<usize>,
    /// How it is written.
    pub form: Form,
    /// What it is; a time as its text.
    pub value: Value,
}

/// Every value of a text, in the order of the text.
#[derive(Debug, Clone)]
pub struct Tree<'t> {
    /// The text.
    pub text: &'t str,
    /// Its values: each before those in it.
    pub nodes: Vec<Node>,
}

impl<'t> Tree<'t> {
    /// Of a text; none when it is not TOML.
    pub fn of(text: &'t str) -> Option<Self> {
        let (document, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return None;
        }
        let mut tree = Self { text, nodes: Vec::new() };
        tree.take_table(&Path::new(), document.get_ref());
        tree.nodes.sort_by(|a, b| {
            let place = |node: &Node| (node.span.start, node.path.len());
            place(a).cmp(&place(b))
        });
        Some(tree)
    }

    fn take_table(&mut self, path: &Path, table: &DeTable<'_>) {
        for (key, value) in table {
            let step = Step::Key(key.get_ref().to_string());
            self.take(extended(path, step), Some(key.span()), value.span(), value.get_ref());
        }
    }

    fn take(
        &mut self,
        path: Path,
        key: Option<Range<usize>>,
        span: Range<usize>,
        value: &DeValue<'_>,
    ) {
        let form = self.form(&span, value);
        self.nodes.push(Node { path: path.clone(), key, span, form, value: json_of(value) });
        match value {
            DeValue::Table(table) => self.take_table(&path, table),
            DeValue::Array(array) => {
                for (at, item) in array.iter().enumerate() {
                    let path = extended(&path, Step::At(at));
                    self.take(path, None, item.span(), item.get_ref());
                }
            }
            _ => {}
        }
    }

    fn form(&self, span: &Range<usize>, value: &DeValue<'_>) -> Form {
        let starts =
            |with: &str| self.text.get(span.start..).is_some_and(|it| it.starts_with(with));
        match value {
            DeValue::Table(_) if starts("{") => Form::Inline,
            DeValue::Table(_) if starts("[") => Form::Header,
            DeValue::Table(_) => Form::Implied,
            // A header's own brackets are two; so are those of an array whose first item is one.
            DeValue::Array(array) if starts("[[") && first_is_table_at(array, span) => {
                Form::Headers
            }
            DeValue::Array(_) => Form::Array,
            _ => Form::Leaf,
        }
    }

    /// The value at a path.
    pub fn at(&self, path: &[Step]) -> Option<&Node> {
        self.nodes.iter().find(|node| node.path == path)
    }

    /// How many items the array at a path has.
    pub fn count(&self, path: &[Step]) -> usize {
        self.at(path).and_then(|node| node.value.as_array()).map_or(0, Vec::len)
    }

    /// Values inside that at a path, whatever depth.
    pub fn inside<'s>(&'s self, path: &'s [Step]) -> impl Iterator<Item = &'s Node> {
        self.nodes.iter().filter(move |it| it.path.len() > path.len() && it.path.starts_with(path))
    }

    /// The innermost value whose key or itself covers `span`; none: the whole file.
    pub fn covering(&self, span: &Range<usize>) -> Option<&Node> {
        let covers = |own: &Range<usize>| own.start <= span.start && span.end <= own.end;
        let size = |node: &Node| {
            let ranges = [Some(&node.span), node.key.as_ref()];
            let sizes = ranges.into_iter().flatten().filter(|own| covers(own));
            sizes.map(|own| own.end - own.start).min()
        };
        let found = self.nodes.iter().filter_map(|node| Some((size(node)?, node)));
        found.min_by_key(|(size, node)| (*size, usize::MAX - node.path.len())).map(|it| it.1)
    }
}

/// Is it an array of tables that stand below headers of their own?
fn first_is_table_at(array: &toml::de::DeArray<'_>, span: &Range<usize>) -> bool {
    array
        .iter()
        .next()
        .is_some_and(|first| first.get_ref().is_table() && first.span().start == span.start)
}

/// A path one step longer.
pub fn extended(path: &[Step], step: Step) -> Path {
    let mut path = path.to_vec();
    path.push(step);
    path
}

/// A path from words; numbers are places in lists.
pub fn steps(words: &[&str]) -> Path {
    let step = |word: &&str| word.parse().map_or(Step::Key((*word).to_owned()), Step::At);
    words.iter().map(step).collect()
}

fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text.as_ref()),
        DeValue::Integer(number) => {
            json!(i64::from_str_radix(number.as_str(), number.radix()).ok())
        }
        DeValue::Float(number) => json!(number.as_str().parse::<f64>().ok()),
        DeValue::Boolean(flag) => json!(flag),
        DeValue::Datetime(time) => json!(time.to_string()),
        DeValue::Array(array) => array.iter().map(|item| json_of(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let pairs = table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref())));
            Value::Object(pairs.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_form_and_place() {
        let text = "a = 1\nb = { c = \"x\" }\nd = [[1], [2]]\n\n[e]\nf.g = true\n\n\
                    [[h]]\ni = 1.5\n[[h]]\n[[h.j]]\nk = 1979-05-27\n";
        let tree = Tree::of(text).expect("TOML");
        for (words, form, at) in [
            (&["a"][..], Form::Leaf, "1"),
            (&["b"], Form::Inline, "{ c = \"x\" }"),
            (&["b", "c"], Form::Leaf, "\"x\""),
            (&["d"], Form::Array, "[[1], [2]]"),
            (&["d", "1", "0"], Form::Leaf, "2"),
            (&["e"], Form::Header, "[e]"),
            (&["h"], Form::Headers, "[[h]]"),
            (&["h", "1"], Form::Header, "[[h]]"),
            (&["h", "1", "j", "0", "k"], Form::Leaf, "1979-05-27"),
        ] {
            let node = tree.at(&steps(words)).unwrap_or_else(|| panic!("{words:?}"));
            assert_eq!((node.form, &text[node.span.clone()]), (form, at), "{words:?}");
        }
        assert_eq!(tree.at(&steps(&["e", "f"])).expect("it is there").form, Form::Implied);
        assert_eq!(tree.count(&steps(&["h"])), 2);
        let place = text.find("1.5").expect("it is there");
        let found = tree.covering(&(place..place + 3)).expect("a value");
        assert_eq!(found.path, steps(&["h", "0", "i"]));
        let header = text.find("[[h]]").expect("it is there");
        let found = tree.covering(&(header..header + 5)).expect("a table");
        assert_eq!(found.path, steps(&["h", "0"]), "the item, not the list");
        assert!(Tree::of("a = = 1").is_none());
    }
}
