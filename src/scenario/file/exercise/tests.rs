//! Exercises are read whole, and every mistake of one comes with its way out.

use std::sync::Arc;

use super::*;
use crate::base::Span;
use crate::plant::sample;
use crate::scenario::exercise::attack::AttackKind;
use crate::scenario::exercise::{Part, Trigger, Window};

const HEAD: &str = r#"
title = { en = "A day", zh = "一天" }
plant = "small"
start = 2024-12-05T08:00:00+08:00
duration_h = 6
seed = 1

[exercise]
goal = { en = "Learn", zh = "学" }
briefing = { en = "Begin", zh = "开始" }
speed = 60
attend_speed = 6
cause = "dosing/no-flow"

[[inject]]
id = "prime"
at_min = 30
kind = "dosing-no-flow"
target = "DP-1"
"#;

fn read(rest: &str) -> Result<Exercise, Problems> {
    let source = Source::new("e.toml", format!("{HEAD}{rest}"));
    load_exercise(&source, &[Arc::new(sample::plant())])
}

#[test]
fn an_exercise_is_read_with_triggers_windows_and_defaults() {
    let exercise = read(
        r#"
[[message]]
id = "lead"
when = { if_not_done = "fix", by_min = 90 }
from = "lead"
text = { en = "Well?", zh = "怎么样?" }
choices = [{ id = "yes", en = "Yes", zh = "是" }]

[[job]]
id = "prime-it"
title = { en = "Prime the pump", zh = "排气" }
takes_min = 20
ends = ["prime"]
says = { en = "Done", zh = "完成" }

[[task]]
id = "fix"
title = { en = "Fix it", zh = "修复" }
part = "act"
do = "send-crew prime-it"
since = { truth = "AIT-1", below = 0.3, for_min = 5 }
within_min = 60
points = 20
critical = true

[[task]]
id = "say"
title = { en = "Answer", zh = "答复" }
part = "communicate"
do = "answer lead yes"
since = { told = "lead" }
within_s = 60
points = 5
after = "fix"

[[reference]]
when = { raised = "finished-chlorine-low" }
wait_s = 30
do = "send-crew prime-it"
"#,
    )
    .expect("no mistake");
    let start = exercise.scenario.start;
    assert_eq!(
        exercise.messages[0].when,
        Trigger::Undone { task: 0, by: start + Span::minutes(90) }
    );
    let task = &exercise.tasks[0];
    assert_eq!((task.part, task.critical), (Part::Act, true));
    assert_eq!(task.within, Window::Simulated(Span::HOUR));
    let Trigger::Truth { below: true, bound, lasting, .. } = task.since else { panic!("below") };
    assert_eq!((bound, lasting), (0.3, Span::minutes(5)));
    assert_eq!(exercise.tasks[1].after, Some(0));
    assert_eq!(exercise.jobs[0].ends, [exercise.scenario.injections[0].id.clone()]);
    assert_eq!(exercise.consequence.unsafe_water, 6.0);
    assert_eq!(exercise.robots.reference[0].wait_s, 30.0);
    assert_eq!(exercise.alarm_names().count(), 1);
}

#[test]
fn every_mistake_comes_with_its_way_out() {
    let problems = read(
        r#"
[[task]]
id = "fix"
title = { en = "Fix it", zh = "修复" }
part = "acting"
do = "send-crew pump"
since = { at_min = 10, raised = "x" }
points = 20

[[message]]
id = "lead"
when = { told = "nobody" }
from = "boss"
text = { en = "Well?", zh = "怎么样?" }

[[careless]]
when = { at_min = 1 }
do = "set-doze 2"
"#,
    )
    .expect_err("mistakes");
    let said = problems.to_string();
    for wanted in [
        "`part` \"acting\" is not known",
        "a trigger has one of at_min, raised",
        "a task has one window",
        "message \"nobody\" is not known",
        "`from` \"boss\" is not known",
        "there is no set-doze; did you mean set-dose?",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

#[test]
fn words_that_name_nothing_are_refused() {
    let problems = read(
        r#"
[[task]]
id = "fix"
title = { en = "Fix it", zh = "修复" }
part = "act"
do = ["send-crew pump", "publish-notice boil mars", "diagnose dosing/nothing"]
within_min = 60
points = 20
"#,
    )
    .expect_err("mistakes");
    let said = problems.to_string();
    for wanted in ["\"pump\"", "\"mars\"", "\"dosing/nothing\""] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

const TASK: &str = r#"
[[task]]
id = "tell"
title = { en = "Tell", zh = "报告" }
part = "communicate"
do = "escalate lead"
within_s = 60
points = 5
"#;

#[test]
fn attacks_are_read_with_the_unit_of_their_tag() {
    let exercise = read(&format!(
        r#"{TASK}
[[attack]]
id = "zero"
at_min = 10
for_min = 5
kind = "forged-reading"
tag = "AIT-1"
value_mg_per_l = 0.0

[[attack]]
id = "again"
at_min = 30
for_min = 15
kind = "replay"
of_min = 5

[[attack]]
id = "order"
at_min = 50
kind = "forged-command"
order = "set-dose 0"
"#
    ))
    .expect("no mistake");
    let start = exercise.scenario.start;
    let [zero, again, order] = exercise.attacks.as_slice() else { panic!("three") };
    let AttackKind::ForgedReading { tag, value } = &zero.kind else { panic!("a reading") };
    assert_eq!((tag.as_str(), *value, zero.lasting), ("AIT-1", 0.0, Span::minutes(5)));
    assert_eq!(again.kind, AttackKind::Replay { of: start + Span::minutes(5) });
    assert_eq!((order.at, order.lasting), (start + Span::minutes(50), Span::ZERO));
}

#[test]
fn an_attack_that_cannot_be_is_refused_with_the_way_out() {
    let problems = read(&format!(
        r#"{TASK}
[[attack]]
id = "zero"
at_min = 10
kind = "forged-reading"
tag = "AIT-1"
value_kpa = 0.0

[[attack]]
id = "zero"
at_min = 1000
kind = "forged-command"
order = "escalate lead"
"#
    ))
    .expect_err("mistakes");
    let said = problems.to_string();
    for wanted in ["value_kpa` is in kPa", "no plant takes escalate", "behind the end of the run"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

#[test]
fn what_waits_brings_no_second_dissolved_substance() {
    let brings = |head: &str, analyte: &str| {
        format!(
            "[[{head}]]\nid = \"{analyte}-{}\"\nkind = \"raw-substance\"\n\
             analyte = \"{analyte}\"\nby_mg_per_l = 1\nrise_h = 1\nrecession_h = 1\n",
            &head[..2]
        )
    };
    let inject = brings("inject", "lead") + "at_min = 5\n";
    let waits = |analyte| brings("contingency", analyte) + "when = { at_min = 9 }\n";
    let read = |analyte| read(&format!("{TASK}\n{inject}{}", waits(analyte)));
    assert!(read("lead").is_ok());
    let said = read("zinc").expect_err("another").to_string();
    assert!(said.contains("\"lead-in\" brings lead already"), "{said}");
}
