//! Reads the `[[answer]]` tables of a scenario: who answers which alarm, when, and how.

use super::expectations::{read_after, read_alarm};
use super::injections::Found;
use super::names::Names;
use super::{MINUTES, Run, minutes_span};
use crate::base::alarm::Action;
use crate::base::problem::{Spanned, Table};
use crate::scenario::answer::{Answer, When};

/// Reads every `[[answer]]`.
pub fn read_answers(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
    injections: &[Found],
) -> Vec<Answer> {
    let read = |table: &Table<'_>| read_answer(table, names, run, injections);
    table.tables("answer").iter().filter_map(read).collect()
}

fn read_answer(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
    injections: &[Found],
) -> Option<Answer> {
    let alarm = read_alarm(table, names);
    let when = read_when(table, run, injections);
    let what = read_what(table);
    let by = table.text("by");
    if let Some(by) = by.as_ref().filter(|by| by.get_ref().trim().is_empty()) {
        table.add(by.span(), "`by` must name somebody");
    }
    let reason = table.opt_text("reason").map(Spanned::into_inner).unwrap_or_default();
    if what.is_some_and(Action::needs_reason) && reason.trim().is_empty() {
        let text = "nobody sets an alarm aside without a `reason`";
        table.add_with_help(table.span(), text, "add `reason = \"…\"`");
    }
    let place = table.source().place(table.span().start);
    let by = by?.into_inner();
    Some(Answer { place, alarm: alarm?, when: when?, what: what?, by, reason })
}

fn read_when(table: &Table<'_>, run: Option<Run>, injections: &[Found]) -> Option<When> {
    let since = read_after(table, run, injections);
    let at = table.opt_number_in("at_min", MINUTES);
    let raised = table.opt_number_in("after_raised_min", MINUTES);
    match (at, raised) {
        (Some(at), None) => {
            let (since, run) = (since?, run?);
            let moment = since + minutes_span(*at.get_ref());
            if moment > run.end() {
                let help = format!("the run lasts {}", run.duration);
                table.add_with_help(at.span(), "the answer comes after the run", help);
            }
            Some(When::At(moment))
        }
        (None, Some(raised)) => {
            if table.has("after") {
                let text = "`after` has no meaning beside `after_raised_min`";
                table.add(table.span(), text);
            }
            Some(When::AfterRaised(minutes_span(raised.into_inner())))
        }
        (Some(_), Some(raised)) => {
            let text = "`at_min` and `after_raised_min` are two times for one answer";
            table.add_with_help(raised.span(), text, "keep one of them");
            None
        }
        (None, None) if table.has("at_min") || table.has("after_raised_min") => None,
        (None, None) => {
            let help = "write `at_min`, minutes after the start (or after the injection named by \
                        `after`), or `after_raised_min`";
            table.add_with_help(table.span(), "it does not say when", help);
            None
        }
    }
}

fn read_what(table: &Table<'_>) -> Option<Action> {
    let what = table.choice("what", &Action::CHOICES);
    let long = table.opt_number_in("for_min", 0.1..=*MINUTES.end());
    let what = what?;
    match (what.get_ref(), long) {
        (Action::Shelve(_), Some(long)) => Some(Action::Shelve(minutes_span(long.into_inner()))),
        (Action::Shelve(_), None) => {
            if !table.has("for_min") {
                let help = "add `for_min = 60`";
                table.add_with_help(what.span(), "a shelf has an end: `for_min` is missing", help);
            }
            None
        }
        (other, Some(long)) => {
            table.add(long.span(), "`for_min` has a meaning beside `what = \"shelve\"` only");
            Some(*other)
        }
        (other, None) => Some(*other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Span;
    use crate::base::problem::{Problems, Source};
    use crate::plant::sample;
    use crate::scenario::{Scenario, load};

    const HEAD: &str = "title = { en = \"A\", zh = \"甲\" }\nplant = \"small\"\n\
        start = 2024-12-05T08:00:00+08:00\nduration_h = 24\nseed = 1\n\
        [[inject]]\nid = \"trip\"\nat_min = 60\nkind = \"pump-trip\"\ntarget = \"P-1\"\n";

    fn read(rest: &str) -> Result<Scenario, Problems> {
        load(&Source::new("s.toml", format!("{HEAD}{rest}")), &[Arc::new(sample::plant())])
    }

    #[test]
    fn an_answer_has_its_time_from_the_start_an_injection_or_the_alarm() {
        let text = "[[answer]]\nrule = \"r\"\ntag = \"AIT-1\"\nat_min = 30\nby = \"Li\"\n\
            what = \"acknowledge\"\n\
            [[answer]]\nrule = \"r\"\nafter = \"trip\"\nat_min = 30\nwhat = \"shelve\"\n\
            for_min = 45\nby = \"Li\"\nreason = \"work\"\n\
            [[answer]]\nrule = \"s\"\nafter_raised_min = 5\nwhat = \"reset\"\nby = \"Li\"\n";
        let scenario = read(text).expect("no mistake");
        let [first, second, third] = &scenario.answers[..] else { panic!("three") };
        assert_eq!(first.when, When::At(scenario.start + Span::minutes(30)));
        assert_eq!(second.when, When::At(scenario.start + Span::minutes(90)));
        assert_eq!(second.what, Action::Shelve(Span::minutes(45)));
        assert_eq!(third.when, When::AfterRaised(Span::minutes(5)));
        let rules: Vec<&str> = scenario.alarm_names().map(|name| name.rule.as_str()).collect();
        assert_eq!(rules, ["r", "r", "s"]);
    }

    #[test]
    fn every_mistake_of_an_answer_comes_with_its_way_out() {
        let text = "[[answer]]\nrule = \"r\"\ntag = \"AIT-9\"\nwhat = \"acknowlege\"\nby = \"Li\"\n\
            [[answer]]\nrule = \"r\"\nat_min = 2000\nwhat = \"shelve\"\nby = \" \"\n\
            [[answer]]\nrule = \"r\"\nafter = \"tripp\"\nat_min = 1\nafter_raised_min = 1\n\
            what = \"reset\"\nfor_min = 3\nby = \"Li\"\n\
            [[answer]]\nafter = \"trip\"\nafter_raised_min = -1\nwhat = \"remove-from-service\"\n";
        insta::assert_snapshot!(read(text).expect_err("mistakes").render(false));
    }
}
