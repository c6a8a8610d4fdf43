//! Parts of the page that are no tables: head, self-assessment, result, timeline, form.

use super::markup::{both, escape, paragraph, section, table, two};
use super::picture;
use crate::base::Text;
use crate::exercise::debrief::form::{Evaluation, Rating, SelfAssessment};
use crate::exercise::debrief::{Beyond, Debrief, Head};
use crate::exercise::session::log::Branch;

/// A list of terms and what is said of them, which is markup.
fn terms(pairs: &[((&str, &str), String)]) -> String {
    let pair = |((en, zh), said): &((&str, &str), String)| {
        format!("<dt>{}</dt><dd>{said}</dd>", two(en, zh))
    };
    format!("<dl>{}</dl>\n", pairs.iter().map(pair).collect::<String>())
}

pub(super) fn head(head: &Head) -> String {
    let local = |at: crate::base::Stamp| escape(&at.at(head.utc_offset));
    let list = |names: &[String]| {
        if names.is_empty() { "–".to_owned() } else { escape(&names.join(", ")) }
    };
    let (speed, attend) = (head.speed, head.attend_speed);
    let set = match head.speeds_set.as_slice() {
        [] => String::new(),
        speeds => {
            let speeds: Vec<String> = speeds.iter().map(|it| format!("{it}×")).collect();
            format!(" · {} {}", two("set to", "改为"), escape(&speeds.join(", ")))
        }
    };
    let freezes = match head.freezes {
        0 => String::new(),
        n => format!(" · {} {n}×", two("frozen", "冻结")),
    };
    let branches = branches(head);
    let (plant, condition) = (head.plant.as_str(), head.condition.as_str());
    let minutes = head.wall_s / 60.0;
    let pairs = [
        (("exercise", "演练"), escape(&head.file)),
        (("plant and condition", "水厂与工况"), escape(&format!("{plant} · {condition}"))),
        (("played by", "来源"), both(&Text::of(|lang| head.played_by_in(lang).to_owned()))),
        (("people", "人员"), list(&head.people)),
        (("instructors", "教员"), list(&head.instructors)),
        (("simulated time", "模拟时间"), format!("{} – {}", local(head.start), local(head.end))),
        (("on the wall", "墙钟"), format!("{minutes:.1} min")),
        (("speeds", "速度"), format!("{speed}× / {attend}×{set}{freezes}")),
        (("branches", "分支"), branches),
        (("seed", "种子"), head.seed.to_string()),
        (("version", "版本"), escape(&format!("sanmen {}", head.version))),
        (("log, SHA-256", "日志 SHA-256"), escape(&head.log_sha256)),
    ];
    let title = both(&head.title);
    let goal = paragraph(&both(&head.goal));
    let exercise = "<p class=\"mark\">演练 EXERCISE</p>";
    let top = format!("{exercise}<h1>{title}</h1>\n{goal}");
    top + &section(1, ("Run", "基本信息"), &terms(&pairs))
}

/// When the model was left: figures of then are to be taken with care.
pub(super) fn outside(debrief: &Debrief) -> String {
    let head = two("Range of the model", "模型范围");
    if debrief.outside.is_empty() {
        return paragraph(&format!("{head}: {}", two("never left.", "全程未超出。")));
    }
    let offset = debrief.head.utc_offset;
    let item = |it: &Beyond| {
        let (from, until) = (it.from.hh_mm(offset), it.until.hh_mm(offset));
        format!("<li>{from}–{until} {}</li>", both(&it.text))
    };
    let items: String = debrief.outside.iter().map(item).collect();
    let note = two(
        "left, as below: what the water did then is an estimate, and a point to speak of rather \
         than to judge by.",
        "曾超出,见下:该时段水情仅为估计,宜讨论,不宜据以评判。",
    );
    format!("<p>◆ {head}: {note}</p><ul>{items}</ul>\n")
}

/// Where an instructor went back: such a run is practice.
fn branches(head: &Head) -> String {
    if head.branches.is_empty() {
        return "–".to_owned();
    }
    let one = |branch: &Branch| {
        let (left, to) = (branch.left.at(head.utc_offset), branch.to.at(head.utc_offset));
        let n = branch.n;
        let en = format!("branch {n} left at {left} for {to}");
        let zh = format!("分支{n}于{left}中止,回到{to}");
        two(&en, &zh)
    };
    let all: Vec<String> = head.branches.iter().map(one).collect();
    let now = head.branches.len() + 1;
    let practice = two(
        &format!("this is branch {now}: practice, no examination"),
        &format!("本次为分支{now}:练习,不作考核"),
    );
    format!("{}; <b>{practice}</b>", all.join("; "))
}

pub(super) fn own(debrief: &Debrief) -> String {
    if debrief.self_assessments.is_empty() {
        let (en, zh) = (
            "Not given. To be written before the marks below are read.",
            "未填写。应在查看下方得分之前填写。",
        );
        return paragraph(&two(en, zh)) + &thoughts(&SelfAssessment::default());
    }
    debrief.self_assessments.iter().map(thoughts).collect()
}

fn thoughts(own: &SelfAssessment) -> String {
    let SelfAssessment { who, planned, happened, why, keep, change } = own;
    let line = |text: &str| format!("<div class=\"lines\">{}</div>", escape(text));
    terms(&[
        (("who", "填写人"), line(who)),
        (("what was planned", "原计划"), line(planned)),
        (("what happened", "实际发生"), line(happened)),
        (("why", "原因"), line(why)),
        (("to keep", "应保持"), line(keep)),
        (("to change", "应改进"), line(change)),
    ])
}

pub(super) fn result(debrief: &Debrief) -> String {
    let total = debrief.total;
    let verdict = if debrief.met {
        two("met", "达标")
    } else {
        format!("<span class=\"worst\">▲ {}</span>", two("not met", "未达标"))
    };
    let critical = debrief.critical.iter().map(|it| {
        let (mark, title) = (if it.done.is_some() { "✓" } else { "✗" }, both(&it.title));
        format!("<li>{mark} {title}</li>")
    });
    let failed = debrief.failed_by.iter().map(|it| format!("<li>✗ {}</li>", both(it)));
    let items: String = critical.chain(failed).collect();
    let tasks = two("critical tasks", "关键任务");
    let practice = if debrief.practice {
        format!("<div><b>{}</b></div>", two("practice", "练习,不作考核"))
    } else {
        String::new()
    };
    let marks = format!(
        "<div class=\"box\"><div class=\"big\">{total:.0}</div><div>{}</div>{practice}</div>\
         <div class=\"box\">{tasks}: {verdict}<ul>{items}</ul></div>",
        two("marks of 100", "分(满分100)")
    );
    let rows = debrief
        .categories
        .iter()
        .map(|it| vec![both(&it.title), format!("{:.1}", it.marks), format!("{:.0}", it.of)]);
    let columns = [("part", "部分"), ("marks", "得分"), ("of", "满分")];
    let rows: Vec<Vec<String>> = rows.collect();
    let opinion = opinion(debrief);
    format!("<div class=\"result\">{marks}{opinion}</div>\n") + &table(&columns, &rows)
}

/// How often each evaluator gave each rating: beside the marks, never in them.
fn opinion(debrief: &Debrief) -> String {
    let title = two("The evaluator's opinion (apart)", "评估员意见(单列)");
    if debrief.evaluations.is_empty() {
        return format!("<div class=\"box\">{title}<br/>{}</div>", two("not given", "未填写"));
    }
    let one = |evaluation: &Evaluation| {
        let count = |rating: Rating| {
            let given = evaluation.objectives.iter().filter(|it| it.rating == Some(rating));
            format!("{} {}", rating.letter(), given.count())
        };
        let counts: Vec<String> = Rating::ALL.into_iter().map(count).collect();
        let who = escape(&evaluation.evaluator);
        format!("<div class=\"box\">{title}: {who}<br/><b>{}</b></div>", counts.join(" · "))
    };
    debrief.evaluations.iter().map(one).collect()
}

pub(super) fn timeline(debrief: &Debrief) -> String {
    let head = &debrief.head;
    let picture = picture::lanes(&debrief.lanes, (head.start, head.end), head.utc_offset);
    let legend = two(
        "▲1 high, ◆2 medium, ●3 low alarm · ▼ something befalls the plant · ▬ message · ■ deed, a \
         bar while somebody is away",
        "▲1高、◆2中、●3低优先级报警 · ▼注入 · ▬消息 · ■操作,横条为外勤时段",
    );
    let note = two(
        "The times are the simulation's. A pointer at a mark shows its whole text; a click leads \
         to its line of the log, and at the desk to the replay of that moment.",
        "时间为模拟时间;指向标记可见全文;点击转到日志行,在监控台打开时转到该时刻的回放。",
    );
    picture + &paragraph(&format!("<span class=\"muted\">{legend}. {note}</span>"))
}

/// The form of each evaluator; an empty one to be printed when there is none.
pub(super) fn form(debrief: &Debrief) -> String {
    let heading = format!("<h3>{}</h3>\n", two("Evaluator's form", "评估表"));
    let legend = |it: Rating| format!("{}: {}", it.letter(), both(&it.title()));
    let legend: Vec<String> = Rating::ALL.into_iter().map(legend).collect();
    let legend = paragraph(&format!("<span class=\"muted\">{}</span>", legend.join(" · ")));
    if debrief.evaluations.is_empty() {
        return heading + &objectives(debrief, None) + &legend;
    }
    let one = |form: &Evaluation| {
        let who = paragraph(&format!("<b>{}</b>", escape(&form.evaluator)));
        who + &objectives(debrief, Some(form)) + &marks(form, debrief)
    };
    heading + &debrief.evaluations.iter().map(one).collect::<String>() + &legend
}

fn objectives(debrief: &Debrief, evaluation: Option<&Evaluation>) -> String {
    let ratings = |given: Option<Rating>| {
        let one = |rating: Rating| {
            let dot = if given == Some(rating) { "●" } else { "○" };
            format!("{} {dot}", rating.letter())
        };
        Rating::ALL.into_iter().map(one).collect::<Vec<String>>().join("  ")
    };
    let mut rows = Vec::new();
    for category in &debrief.categories {
        for task in debrief.tasks.iter().filter(|task| task.part == category.category) {
            let opinion = evaluation.and_then(|form| form.of(&task.id));
            let remark = opinion.map_or("", |it| it.remark.as_str());
            let star = if task.critical { " ★" } else { "" };
            rows.push(vec![
                both(&category.title),
                both(&task.title) + star,
                ratings(opinion.and_then(|it| it.rating)),
                escape(remark),
            ]);
        }
    }
    let columns = [
        ("part", "部分"),
        ("objective (★ critical)", "目标(★关键)"),
        ("P S M U", "P S M U"),
        ("remark", "备注"),
    ];
    table(&columns, &rows)
}

fn marks(evaluation: &Evaluation, debrief: &Debrief) -> String {
    if evaluation.marks.is_empty() {
        return String::new();
    }
    let offset = debrief.head.utc_offset;
    let row = |mark: &crate::exercise::debrief::form::Mark| {
        vec![escape(&mark.at.at(offset)), escape(&mark.remark)]
    };
    let rows: Vec<Vec<String>> = evaluation.marks.iter().map(row).collect();
    table(&[("marked moment", "标记时刻"), ("remark", "备注")], &rows)
}
