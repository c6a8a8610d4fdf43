//! Reads what must come before something happens: `{ at_min = 30 }`, `{ raised = "RULE" }` and so
//! on.

use std::collections::BTreeMap;

use crate::base::problem::{Spanned, Table};
use crate::base::{RuleId, Span};
use crate::scenario::AlarmName;
use crate::scenario::exercise::Trigger;
use crate::scenario::file::names::Names;
use crate::scenario::file::{Head, MINUTES, Run, minutes_span};

/// What triggers may name, gathered before any of them is read.
pub struct Known<'h, 'p> {
    pub head: &'h Head<'p>,
    /// Tasks, each with its position.
    pub tasks: BTreeMap<String, usize>,
    /// Messages.
    pub messages: Vec<String>,
}

/// Keys that say what is waited for; one of them stands in each trigger.
const KEYS: [&str; 6] = ["at_min", "raised", "truth", "done", "if_not_done", "told"];

impl<'h, 'p> Known<'h, 'p> {
    /// The names of a file: without a word about those that are wrong, which their readers say.
    pub fn of(table: &Table<'_>, head: &'h Head<'p>) -> Self {
        let ids = |key: &str| table.names_of(key, "id");
        let tasks = ids("task").into_iter().enumerate();
        let tasks = tasks.filter_map(|(at, id)| Some((id?, at))).collect();
        Self { head, tasks, messages: ids("message").into_iter().flatten().collect() }
    }

    pub fn names(&self) -> &'h Names<'p> {
        &self.head.names
    }

    pub fn run(&self) -> Option<Run> {
        self.head.run
    }

    /// The position of the task named by `key`.
    pub fn task(&self, table: &Table<'_>, key: &str) -> Option<usize> {
        table.offer(key, self.tasks.keys().map(String::as_str));
        let name = table.opt_text(key)?;
        let found = self.tasks.get(name.get_ref()).copied();
        if found.is_none() {
            let known: Vec<&str> = self.tasks.keys().map(String::as_str).collect();
            table.unknown(name.span(), "task", name.get_ref(), &known);
        }
        found
    }

    /// Reads the trigger in `key`; the start of the run when there is none.
    pub fn trigger_or_start(&self, table: &Table<'_>, key: &str) -> Option<Trigger> {
        if table.has(key) { self.trigger(table, key) } else { Some(Trigger::At(self.run()?.start)) }
    }

    /// Reads the trigger in `key`.
    pub fn trigger(&self, table: &Table<'_>, key: &str) -> Option<Trigger> {
        let own = table.table(key)?;
        let found: Vec<&str> = KEYS.into_iter().filter(|key| own.has(key)).collect();
        let [one] = found.as_slice() else {
            let help = "for example { at_min = 30 } or { raised = \"finished-chlorine-low\" }";
            let text = format!("a trigger has one of {}", KEYS.join(", "));
            own.add_with_help(own.span(), text, help);
            return None;
        };
        match *one {
            "at_min" => {
                let at = own.number_in("at_min", MINUTES)?;
                let run = self.run()?;
                if run.at_min(*at.get_ref()) > run.end() {
                    let help = format!("the run lasts {}", run.duration);
                    own.add_with_help(at.span(), "it lies behind the end of the run", help);
                }
                Some(Trigger::At(run.at_min(at.into_inner())))
            }
            "raised" => {
                let rule = own.parse("raised", RuleId::new);
                let named = own.opt_text("tag");
                let tag = named.as_ref().and_then(|name| self.names().watched(&own, name));
                let wait = wait(&own);
                let rule = rule?;
                (named.is_none() || tag.is_some()).then(|| Trigger::Raised {
                    alarm: AlarmName { rule_span: rule.span(), rule: rule.into_inner(), tag },
                    wait,
                })
            }
            "truth" => self.truth(&own),
            "done" => {
                let wait = wait(&own);
                Some(Trigger::Done { task: self.task(&own, "done")?, wait })
            }
            "if_not_done" => {
                let by = own.number_in("by_min", MINUTES);
                let task = self.task(&own, "if_not_done");
                let (by, run) = (by?, self.run()?);
                Some(Trigger::Undone { task: task?, by: run.at_min(by.into_inner()) })
            }
            _ => {
                own.offer("told", self.messages.iter().map(String::as_str));
                let name = own.text("told")?;
                let wait = wait(&own);
                if !self.messages.contains(name.get_ref()) {
                    let known: Vec<&str> = self.messages.iter().map(String::as_str).collect();
                    own.unknown(name.span(), "message", name.get_ref(), &known);
                    return None;
                }
                Some(Trigger::Told { message: name.into_inner(), wait })
            }
        }
    }

    fn truth(&self, own: &Table<'_>) -> Option<Trigger> {
        let name = own.text("truth")?;
        let tag = self.names().tag(own, &name).map(|tag| tag.id.clone());
        let (below, above) = (own.opt_number("below"), own.opt_number("above"));
        let lasting = own.opt_number_in("for_min", MINUTES).map_or(0.0, Spanned::into_inner);
        let (below, bound) = match (below, above) {
            (Some(bound), None) => (true, bound.into_inner()),
            (None, Some(bound)) => (false, bound.into_inner()),
            _ => {
                own.add_with_help(own.span(), "it wants a bound", "write `below` or `above`");
                return None;
            }
        };
        Some(Trigger::Truth { tag: tag?, below, bound, lasting: minutes_span(lasting) })
    }
}

fn wait(own: &Table<'_>) -> Span {
    minutes_span(own.opt_number_in("wait_min", MINUTES).map_or(0.0, Spanned::into_inner))
}
