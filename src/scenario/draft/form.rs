//! The form of an exercise: a field for every question of its reader, with what stands there.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::tree::{Node, Tree, extended};
use crate::base::problem::asked::{Asked, Path, Step, Want};
use crate::base::problem::{Problem, Problems, Source, nearest};

/// What pages draw of a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Draft {
    /// The form; none while the text is not TOML.
    pub form: Option<Table>,
    /// Every mistake, in the order of the text.
    pub mistakes: Vec<Mistake>,
}

/// A table of the form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// Where it is.
    pub path: Path,
    /// In which line, from 1; none where it is not.
    pub line: Option<usize>,
    /// Its fields: those that the reader asks for, then keys that it does not know.
    pub fields: Vec<Field>,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// Its key.
    pub key: String,
    /// What the reader takes; none when it does not know the key.
    #[serde(flatten)]
    pub want: Option<Want>,
    /// Must it be there?
    pub needed: bool,
    /// What may stand there, when there is a list of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
    /// What stands there; none when nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The table that stands there, or the tables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
}

/// A mistake at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The value that is wrong, or where one is missing; empty: the file.
    pub path: Path,
    /// In which line, from 1.
    pub line: usize,
    /// At which character of it, from 1.
    pub column: usize,
    /// What is wrong.
    pub text: String,
    /// The way out.
    pub help: Option<String>,
}

/// Keys that name a rule.
const RULES: [&str; 2] = ["rule", "raised"];

impl Draft {
    /// Of a text that could be parsed, with its reader's questions; and of what is wrong with it.
    pub(super) fn new(
        source: &Arc<Source>,
        parsed: Option<(&Tree<'_>, Vec<Asked>)>,
        problems: Option<Problems>,
        rules: &[String],
    ) -> Self {
        let tree = parsed.as_ref().map(|(tree, _)| *tree);
        let mut problems = problems.unwrap_or_default();
        if let Some(tree) = tree {
            check_rules(source, tree, rules, &mut problems);
        }
        let mut mistakes: Vec<Mistake> =
            problems.iter().map(|problem| mistake(source, tree, problem)).collect();
        mistakes.sort_by_key(|it| (it.line, it.column));
        let form = parsed.map(|(tree, asked)| Drawing::new(source, tree, &asked, rules).table(&[]));
        Self { form, mistakes }
    }
}

fn mistake(source: &Source, tree: Option<&Tree<'_>>, problem: &Problem) -> Mistake {
    let (line, column) = source.line_col(problem.span().start);
    let node = tree.and_then(|tree| tree.covering(&problem.span()));
    let mut path = node.map(|node| node.path.clone()).unwrap_or_default();
    if let Some(key) = problem.missing() {
        path.push(Step::Key(key.to_owned()));
    }
    let help = problem.way_out().map(str::to_owned);
    Mistake { path, line, column, text: problem.text().to_owned(), help }
}

/// Notes rules that nobody knows.
fn check_rules(source: &Arc<Source>, tree: &Tree<'_>, rules: &[String], problems: &mut Problems) {
    let known: Vec<&str> = rules.iter().map(String::as_str).collect();
    for node in tree.nodes.iter().filter(|node| names_rule(node)) {
        let Some(rule) = node.value.as_str().filter(|rule| !known.contains(rule)) else { continue };
        let is_noted = problems.iter().any(|problem| problem.span() == node.span);
        if !is_noted {
            let problem =
                problems.add(source, node.span.clone(), format!("there is no rule {rule:?}"));
            let help = nearest(rule, &known).map(|name| format!("did you mean {name:?}?"));
            problem.help(help.unwrap_or_else(|| "choose one of the list".to_owned()));
        }
    }
}

fn names_rule(node: &Node) -> bool {
    matches!(node.path.last(), Some(Step::Key(key)) if RULES.contains(&key.as_str()))
}

/// What a form is drawn from.
struct Drawing<'d> {
    source: &'d Source,
    nodes: BTreeMap<&'d [Step], &'d Node>,
    asked: BTreeMap<&'d [Step], Vec<&'d Asked>>,
    rules: &'d [String],
}

impl<'d> Drawing<'d> {
    fn new(
        source: &'d Source,
        tree: &'d Tree<'_>,
        asked: &'d [Asked],
        rules: &'d [String],
    ) -> Self {
        let nodes = tree.nodes.iter().map(|node| (node.path.as_slice(), node)).collect();
        let mut by_table: BTreeMap<&[Step], Vec<&Asked>> = BTreeMap::new();
        for question in asked {
            by_table.entry(&question.table).or_default().push(question);
        }
        Self { source, nodes, asked: by_table, rules }
    }

    fn table(&self, path: &[Step]) -> Table {
        let empty = Vec::new();
        let asked = self.asked.get(path).unwrap_or(&empty);
        let mut fields: Vec<Field> = asked.iter().map(|it| self.field(path, it)).collect();
        let value = self.nodes.get(path).map(|node| &node.value);
        let keys: Vec<&String> = match value {
            Some(Value::Object(pairs)) => pairs.keys().collect(),
            Some(_) => Vec::new(),
            None => self.top_keys(),
        };
        for key in keys.into_iter().filter(|key| asked.iter().all(|it| it.key != **key)) {
            let path = extended(path, Step::Key(key.clone()));
            let value = self.nodes.get(path.as_slice()).map(|node| node.value.clone());
            let (key, want) = (key.clone(), None);
            fields.push(Field { key, want, value, needed: false, known: vec![], tables: vec![] });
        }
        let line = self.nodes.get(path).map(|node| self.source.line_col(node.span.start).0);
        Table { path: path.to_vec(), line, fields }
    }

    fn top_keys(&self) -> Vec<&String> {
        let tops = self.nodes.keys().filter(|path| path.len() == 1);
        let keys = tops.filter_map(|path| match path.first() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        });
        keys.collect()
    }

    fn field(&self, table: &[Step], asked: &Asked) -> Field {
        let path = extended(table, Step::Key(asked.key.clone()));
        let value = self.nodes.get(path.as_slice()).map(|node| &node.value);
        let tables = match (&asked.want, value) {
            (Want::Table, Some(Value::Object(_))) => vec![self.table(&path)],
            (Want::Tables, Some(Value::Array(items))) => {
                (0..items.len()).map(|at| self.table(&extended(&path, Step::At(at)))).collect()
            }
            _ => Vec::new(),
        };
        let of_rules = RULES.contains(&asked.key.as_str());
        Field {
            key: asked.key.clone(),
            want: Some(asked.want.clone()),
            needed: asked.needed,
            known: if of_rules { self.rules.to_vec() } else { asked.known.clone() },
            value: value.filter(|_| tables.is_empty()).cloned(),
            tables,
        }
    }
}
