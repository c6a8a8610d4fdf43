//! What to speak about after an exercise: drawn from marks, delays, costs and alarms, each with
//! what it rests on. Who sees to it and until when, people say.

use serde::Serialize;

use super::logic::Verdict;
use super::{AlarmLogic, Clock, Consequences, Delay, Owner, Reason};
use crate::base::Text;
use crate::exercise::assess::Category;

/// A share of marks below which a task is worth speaking of `[D]`.
const HALF: f64 = 0.5;

/// So much more than the reference a run must cost to be worth speaking of `[D]`.
const DEARER: f64 = 1.1;

/// Something to speak about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What was found.
    pub what: Text,
    /// What may make it better.
    pub improve: Text,
    /// Part of the report that it rests on: its number.
    pub rests_on: u8,
    /// Line of the log that it rests on, from 1.
    pub log_line: Option<usize>,
}

/// Sections of the report, as findings name them.
const CLOCKS: u8 = 5;
const REASONS: u8 = 6;
const CONSEQUENCES: u8 = 7;
const ALARMS: u8 = 8;

pub(super) fn findings(
    reasons: &[Reason],
    clocks: &[Clock],
    alarms: &AlarmLogic,
    consequences: &Consequences,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = reasons.iter().filter_map(of_reason).collect();
    findings.extend(clocks.iter().flat_map(of_clock));
    findings.extend(of_consequences(consequences));
    findings.extend(of_alarms(alarms));
    findings
}

fn of_reason(reason: &Reason) -> Option<Finding> {
    let line = &reason.line;
    let lost = line.marks < line.of * HALF || line.marks < 0.0;
    if !lost || line.category == Category::Consequence {
        return None;
    }
    let (en, zh) = match line.category {
        Category::Notice => ("Practise answering alarms in time", "练习及时确认报警"),
        Category::Diagnose => {
            ("Practise comparing what disagrees before naming a cause", "练习先比对再判断原因")
        }
        Category::Act | Category::Consequence => (
            "Practise this step; look whether the procedure card names it",
            "演练该步骤并核对处置卡",
        ),
        Category::Communicate => ("Rehearse who is told what and when", "演练报告与告知流程"),
        Category::Penalty => ("Talk it through: why was it done?", "复盘:为何这样做?"),
    };
    Some(Finding {
        what: line.text.clone(),
        improve: text(en, zh),
        rests_on: REASONS,
        log_line: reason.log_line,
    })
}

fn of_clock(clock: &Clock) -> Vec<Finding> {
    let over = clock.delays.iter().filter(|delay| !delay.ran_out.is_empty());
    over.map(|delay| of_delay(&clock.title, delay)).collect()
}

fn of_delay(title: &Text, delay: &Delay) -> Finding {
    let (Delay { from, to, .. }, whose) = (delay, delay.whose());
    let (en, zh) = match delay.owners.as_slice() {
        [Owner::Physics] => ("Consider a sensor nearer to where it begins", "考虑更靠前的测点"),
        [Owner::Telemetry] => ("Look at polling and the link", "检查轮询与通信"),
        [Owner::Rule] => ("Look at the rule's limit and delay", "检查规则限值与延时"),
        [Owner::Physics, ..] => {
            ("Look where the time went: sensor, link or rule", "查明延时在测点、通信还是规则")
        }
        _ => ("Practise this step against the clock", "计时演练该步骤"),
    };
    let due: Vec<String> = delay.ran_out.iter().map(|at| format!("t{at}")).collect();
    let due = due.join(", ");
    Finding {
        what: Text {
            en: format!(
                "{}: the time for {due} ran out between t{from} and t{to} ({})",
                title.en, whose.en
            ),
            zh: format!("{}:{due}的时限在t{from}至t{to}间用尽({})", title.zh, whose.zh),
        },
        improve: text(en, zh),
        rests_on: CLOCKS,
        log_line: None,
    }
}

fn of_consequences(consequences: &Consequences) -> Option<Finding> {
    let (run, reference) = (consequences.weighed, consequences.anchors.reference);
    (run > reference * DEARER + 1.0).then(|| Finding {
        what: Text {
            en: format!(
                "It cost the people served {run:.0}, weighed; the reference {reference:.0}"
            ),
            zh: format!("对用户的加权代价{run:.0},参考{reference:.0}"),
        },
        improve: text("Compare with the reference, step by step", "与参考处置逐步对照"),
        rests_on: CONSEQUENCES,
        log_line: None,
    })
}

fn of_alarms(alarms: &AlarmLogic) -> Vec<Finding> {
    let finding = |title: &Text, en: &str, zh: &str, improve: Text| Finding {
        what: Text { en: format!("{}: {en}", title.en), zh: format!("{}:{zh}", title.zh) },
        improve,
        rests_on: ALARMS,
        log_line: None,
    };
    let rows = alarms.rows.iter().filter_map(|row| match row.verdict {
        Verdict::Missed => {
            let improve = text("Look at the rule, or at the exercise", "检查规则或演练脚本");
            Some(finding(&row.title, "expected, and raised in no run", "应报未报", improve))
        }
        Verdict::False => {
            let improve = text(
                "Was it the run's doing? Else look at the rule",
                "是否由处置引起?否则检查规则",
            );
            Some(finding(&row.title, "raised, and not expected", "意外报警", improve))
        }
        _ => None,
    });
    let mut findings: Vec<Finding> = rows.collect();
    if alarms.flood_share > 0.0 {
        let improve = text("Look at grouping and delays", "检查分组与延时");
        findings.push(finding(&text("Alarms", "报警"), "came as a flood", "出现洪水", improve));
    }
    findings
}

fn text(en: &str, zh: &str) -> Text {
    Text { en: en.to_owned(), zh: zh.to_owned() }
}
