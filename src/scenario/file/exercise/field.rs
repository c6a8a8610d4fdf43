//! Reads what people can be sent to look at and to do.

use crate::base::ids::InjectionId;
use crate::base::problem::{Spanned, Table};
use crate::scenario::exercise::{Check, Job};
use crate::scenario::file::{Head, minutes_span};

/// Minutes that a way and a piece of work may take: a day.
const TAKES: std::ops::RangeInclusive<f64> = 0.0..=1_440.0;

/// Reads every `[[check]]`.
pub fn read_checks(table: &Table<'_>, head: &Head<'_>) -> Vec<Check> {
    let read = |own: &Table<'_>| {
        let id = own.parse("id", InjectionId::new);
        let (title, says) = (own.bilingual("title"), own.bilingual("says"));
        let takes = own.number_in("takes_min", TAKES);
        own.offer("while", head.injection_ids());
        let of = own.opt_text("while").and_then(|name| injection(own, head, &name));
        let otherwise = own.opt_bilingual("otherwise");
        if own.has("while") != own.has("otherwise") {
            let help = "`while` names an injection, `otherwise` says what they find without it";
            own.add_with_help(own.span(), "`while` and `otherwise` belong together", help);
        }
        Some(Check {
            id: id?.into_inner().as_str().to_owned(),
            title: title?,
            takes: minutes_span(takes?.into_inner()),
            says: says?,
            otherwise: of.zip(otherwise),
        })
    };
    let found = table.tables("check").iter().filter_map(read).collect();
    no_double(table, "check");
    found
}

/// Reads every `[[job]]`.
pub fn read_jobs(table: &Table<'_>, head: &Head<'_>) -> Vec<Job> {
    let read = |own: &Table<'_>| {
        let id = own.parse("id", InjectionId::new);
        let (title, says) = (own.bilingual("title"), own.bilingual("says"));
        let takes = own.number_in("takes_min", TAKES);
        let ends = own.texts("ends");
        own.offer("ends", head.injection_ids());
        let ends: Vec<_> = ends.iter().filter_map(|name| injection(own, head, name)).collect();
        let id_of = |at: &usize| head.injections[*at].id.as_ref().map(|id| id.get_ref().clone());
        Some(Job {
            id: id?.into_inner().as_str().to_owned(),
            title: title?,
            takes: minutes_span(takes?.into_inner()),
            ends: ends.iter().filter_map(id_of).collect(),
            says: says?,
        })
    };
    let found = table.tables("job").iter().filter_map(read).collect();
    no_double(table, "job");
    found
}

/// The position of an injection by its name.
fn injection(table: &Table<'_>, head: &Head<'_>, name: &Spanned<String>) -> Option<usize> {
    let ids = || head.injections.iter().map(|found| Some(found.id.as_ref()?.get_ref().as_str()));
    let found = ids().position(|id| id == Some(name.get_ref().as_str()));
    if found.is_none() {
        let known: Vec<&str> = ids().flatten().collect();
        table.unknown(name.span(), "injection", name.get_ref(), &known);
    }
    found
}

/// Notes ids that stand twice, each where it stands again.
pub fn no_double(table: &Table<'_>, what: &str) {
    let mut seen = std::collections::BTreeSet::new();
    for id in table.texts_of(what, "id").into_iter().flatten() {
        if !seen.insert(id.get_ref().clone()) {
            let text = format!("two of [[{what}]] are called {:?}", id.get_ref());
            table.add_with_help(id.span(), text, "each needs a name of its own");
        }
    }
}
