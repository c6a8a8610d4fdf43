//! Who is called by a new name is so wherever the file speaks of it.

use serde_json::Value;

use super::edit::{literal, spliced};
use super::tree::{Form, Node, Tree};
use crate::base::problem::asked::Step;

/// Lists whose items are spoken of elsewhere: by which keys, and behind which verb of a deed.
const SPOKEN_OF: [(&str, &[&str], &str); 5] = [
    ("task", &["after", "done", "if_not_done", "unless_done"], ""),
    ("message", &["told"], "answer"),
    ("inject", &["after", "ends", "while", "of"], ""),
    ("check", &[], "check"),
    ("job", &[], "send-crew"),
];

/// Where tasks and injections are both called what comes `after`: tasks in these lists.
const AFTER_A_TASK: [&str; 1] = ["task"];

/// `text`, in which an item of `list` was called `old` and is now called `new`.
pub fn renamed(text: &str, list: &str, old: &str, new: &str) -> String {
    let Some((_, keys, verb)) = SPOKEN_OF.iter().find(|(known, ..)| *known == list) else {
        return text.to_owned();
    };
    let Some(tree) = Tree::of(text) else { return text.to_owned() };
    let mut text = text.to_owned();
    for node in tree.nodes.iter().rev().filter(|node| node.form == Form::Leaf) {
        let Some(said) = node.value.as_str() else { continue };
        let (top, key) = (key_at(node, 0), last_key(node));
        let is_meant = key != "after" || AFTER_A_TASK.contains(&top) == (list == "task");
        let now = if keys.contains(&key) && is_meant && said == old {
            new.to_owned()
        } else if key == "do" && !verb.is_empty() {
            deed(said, verb, old, new)
        } else {
            continue;
        };
        if now != said {
            text = spliced(&text, &node.span, &literal(&Value::String(now)));
        }
    }
    text
}

/// A deed or pattern in which the first word behind `verb` was `old`.
fn deed(said: &str, verb: &str, old: &str, new: &str) -> String {
    let mut words: Vec<String> = said.split_whitespace().map(str::to_owned).collect();
    if let [first, second, ..] = words.as_mut_slice()
        && first == verb
    {
        let each: Vec<&str> =
            second.split('|').map(|it| if it == old { new } else { it }).collect();
        let now = each.join("|");
        if now != *second {
            *second = now;
            return words.join(" ");
        }
    }
    said.to_owned()
}

fn key_at(node: &Node, at: usize) -> &str {
    match node.path.get(at) {
        Some(Step::Key(key)) => key,
        _ => "",
    }
}

fn last_key(node: &Node) -> &str {
    let keys = node.path.iter().rev().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::At(_) => None,
    });
    keys.into_iter().next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_speaks_of_it_uses_its_new_name_and_nobody_else() {
        let text = "[[task]]\nid = \"fix\"\nafter = \"look\" # first\n\
                    do = [\"send-crew look|mend\", \"check look now\"]\n\
                    [[expect]]\nafter = \"look\"\n[[message]]\nwhen = { done = \"look\" }\n";
        let task = renamed(text, "task", "look", "see");
        assert_eq!(
            task,
            text.replace("\"look\" # first", "\"see\" # first")
                .replace("done = \"look\"", "done = \"see\"")
        );
        let inject = renamed(text, "inject", "look", "see");
        assert_eq!(
            inject,
            text.replace("[[expect]]\nafter = \"look\"", "[[expect]]\nafter = \"see\"")
        );
        let job = renamed(text, "job", "look", "see");
        assert_eq!(job, text.replace("look|mend", "see|mend"));
        assert_eq!(renamed(text, "hint", "look", "see"), text);
    }
}
