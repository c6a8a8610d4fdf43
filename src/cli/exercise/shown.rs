//! What `sanmen exercise` says, for people and for programs.

use std::io::Write;

use serde_json::{Value, json};

use crate::base::Text;
use crate::base::text::Lang;
use crate::cli::exit::Failure;
use crate::cli::page::Section;
use crate::exercise::debrief::Debrief;
use crate::exercise::judge::Failing;
use crate::exercise::rehearsal::Rehearsal;
use crate::scenario::exercise::Exercise;

/// Words in the language asked for.
fn word<'a>(lang: Lang, en: &'a str, zh: &'a str) -> &'a str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// An exercise as one JSON object; its cause stays hidden.
pub(super) fn line(name: &str, exercise: &Exercise) -> Value {
    let scenario = &exercise.scenario;
    json!({
        "name": name,
        "title": scenario.title,
        "goal": exercise.goal,
        "plant": scenario.plant,
        "start": scenario.start.at(scenario.utc_offset),
        "duration_h": scenario.duration.as_hours(),
        "speed": exercise.pace.fast,
        "attend_speed": exercise.pace.attend,
    })
}

/// A table of exercises.
pub(super) fn list(
    found: &[(String, std::sync::Arc<Exercise>)],
    lang: Lang,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let row = |(name, exercise): &(String, std::sync::Arc<Exercise>)| {
        let (scenario, pace) = (&exercise.scenario, exercise.pace);
        vec![
            name.clone(),
            scenario.title.get(lang).to_owned(),
            format!("{:.1} h, {}×", scenario.duration.as_hours(), pace.fast),
            exercise.goal.get(lang).to_owned(),
        ]
    };
    let columns = match lang {
        Lang::En => vec!["name", "title", "length", "what is learnt"],
        Lang::Zh => vec!["名称", "标题", "时长", "学习目标"],
    };
    let count = found.len();
    let line = match lang {
        Lang::En => format!(
            "{count} exercises; play one: sanmen exercise play NAME; change a copy in a browser: \
             sanmen exercise edit NAME"
        ),
        Lang::Zh => format!(
            "{count}个演练;播放:sanmen exercise play 名称;在浏览器中改编:sanmen exercise edit 名称"
        ),
    };
    Section { line, columns, rows: found.iter().map(row).collect() }.write_table(out)?;
    Ok(())
}

/// What came of a check, as one JSON object.
pub(super) fn checked_line(path: &str, rehearsal: &Rehearsal, failing: &[Failing]) -> Value {
    let [nobody, careless, reference] = rehearsal.scores.each_ref().map(|score| score.total);
    let failing: Vec<String> = failing.iter().map(ToString::to_string).collect();
    json!({
        "file": path,
        "holds": failing.is_empty(),
        "marks": { "nobody": nobody, "careless": careless, "reference": reference },
        "failing": failing,
    })
}

/// The same in words.
pub(super) fn checked(
    path: &str,
    exercise: &Exercise,
    rehearsal: &Rehearsal,
    (failing, lang): (&[Failing], Lang),
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let [null, careless, reference] = rehearsal.scores.each_ref().map(|score| score.total);
    let verdict = match (failing.is_empty(), lang) {
        (true, Lang::En) => "ok    ",
        (false, Lang::En) => "FAILED",
        (true, Lang::Zh) => "通过  ",
        (false, Lang::Zh) => "未通过",
    };
    let title = exercise.scenario.title.get(lang);
    let marks = match lang {
        Lang::En => {
            format!("marks: nobody {null:.0}, careless {careless:.0}, reference {reference:.0}")
        }
        Lang::Zh => format!("得分:无人处置{null:.0},草率{careless:.0},参考{reference:.0}"),
    };
    writeln!(out, "{verdict}  {path}  {title} ({marks})")?;
    for failing in failing {
        for line in failing.to_string().lines() {
            writeln!(out, "        {line}")?;
        }
    }
    Ok(())
}

/// The marks and their reasons, as one JSON object.
pub(super) fn marks_line(debrief: &Debrief) -> Value {
    json!({
        "title": debrief.head.title,
        "seed": debrief.head.seed,
        "played_by": debrief.head.played_by,
        "total": debrief.total,
        "met": debrief.met,
        "practice": debrief.practice,
        "branches": debrief.head.branches,
        "critical": debrief.critical,
        "failed_by": debrief.failed_by,
        "categories": debrief.categories,
        "reasons": debrief.reasons,
        "log_sha256": debrief.head.log_sha256,
        "differences": debrief.differences,
    })
}

/// The same as a table.
pub(super) fn marks(debrief: &Debrief, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let (head, offset) = (&debrief.head, debrief.head.utc_offset);
    let title = head.title.get(lang);
    let (by, seed) = (head.played_by_in(lang), head.seed);
    match lang {
        Lang::En => writeln!(out, "{title} ({by}; seed {seed})")?,
        Lang::Zh => writeln!(out, "{title}({by};种子 {seed})")?,
    }
    let rows = debrief.reasons.iter().map(|reason| {
        let line = &reason.line;
        let at = line.moment.map_or_else(String::new, |moment| moment.at.hh_mm(offset));
        vec![
            line.category.title().get(lang).to_owned(),
            format!("{:.1}", line.marks),
            format!("{:.1}", line.of),
            line.text.get(lang).to_owned(),
            at,
            reason.log_line.map_or_else(String::new, |n| n.to_string()),
        ]
    });
    let columns = match lang {
        Lang::En => vec!["part", "marks", "of", "why", "when", "log line"],
        Lang::Zh => vec!["部分", "得分", "满分", "原因", "时间", "日志行"],
    };
    let met = match (debrief.met, lang) {
        (true, Lang::En) => "every critical task is done",
        (true, Lang::Zh) => "关键任务全部完成",
        (false, Lang::En) => "not met: at most 59",
        (false, Lang::Zh) => "未达标:不超过59分",
    };
    let total = debrief.total;
    let line = match lang {
        Lang::En => format!("{total:.0} of 100, {met}"),
        Lang::Zh => format!("{total:.0}/100,{met}"),
    };
    Section { line, columns, rows: rows.collect() }.write_table(out)?;
    if debrief.practice {
        let (n, head) = (head.branches.len() + 1, word(lang, "practice", "练习,不作考核"));
        writeln!(
            out,
            "  {head}: {} {n}",
            word(lang, "the instructor went back; branch", "教员曾回溯;分支")
        )?;
    }
    let missed = debrief.critical.iter().filter(|it| it.done.is_none()).map(|it| &it.title);
    for title in missed.chain(&debrief.failed_by) {
        let title: &Text = title;
        writeln!(out, "  ✗ {}", title.get(lang))?;
    }
    Ok(())
}
