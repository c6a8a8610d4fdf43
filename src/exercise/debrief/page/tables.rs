//! Tables of the page: clocks, reasons, costs, alarms, findings, the log.

use super::markup::{both, escape, heads, log_line, paragraph, table, two};
use crate::base::{Span, Stamp, Text};
use crate::exercise::debrief::logic::{Came, Expected, Verdict};
use crate::exercise::debrief::{AlarmLogic, Clock, Debrief, Delay};
use crate::exercise::score::nab::PROFILES;
use crate::exercise::session::log::What;

/// What a cell shows when there is nothing.
const NONE: &str = "–";

/// Local time of day, with the day when it is not the run's first.
fn local(debrief: &Debrief, at: Stamp) -> String {
    let head = &debrief.head;
    let is_first = at.midnight(head.utc_offset) == head.start.midnight(head.utc_offset);
    let text =
        if is_first { at.hh_mm(head.utc_offset) } else { at.month_day_time(head.utc_offset) };
    escape(&text)
}

fn time(debrief: &Debrief, at: Option<Stamp>) -> String {
    at.map_or_else(|| NONE.to_owned(), |at| local(debrief, at))
}

fn minutes(span: Span) -> String {
    format!("{:.0} min", span.as_seconds() / 60.0)
}

pub(super) fn clocks(debrief: &Debrief) -> String {
    let names = [
        ("onset", "起因"),
        ("observable", "可观测"),
        ("first reading", "首个读数"),
        ("alarm", "报警"),
        ("acknowledged", "确认"),
        ("diagnosed", "判断"),
        ("acted", "处置"),
        ("effect begins", "见效"),
        ("returned", "恢复"),
        ("ledger", "台账"),
    ];
    let heads: Vec<(String, String)> = names
        .iter()
        .enumerate()
        .map(|(n, (en, zh))| (format!("t{n} {en}"), format!("t{n} {zh}")))
        .collect();
    let mut columns: Vec<(&str, &str)> = vec![("alarm", "报警")];
    columns.extend(heads.iter().map(|(en, zh)| (en.as_str(), zh.as_str())));
    let row = |clock: &Clock| {
        let mut cells = vec![both(&clock.title)];
        cells.extend(clock.times.iter().map(|at| time(debrief, *at)));
        cells
    };
    let rows: Vec<Vec<String>> = debrief.clocks.iter().map(row).collect();
    if rows.is_empty() {
        return paragraph(&two("No alarm was expected.", "无预期报警。"));
    }
    let delays: Vec<Vec<String>> = debrief
        .clocks
        .iter()
        .flat_map(|clock| clock.delays.iter().map(|it| delay(&clock.title, it)))
        .collect();
    let owners = [
        ("alarm", "报警"),
        ("delay", "时段"),
        ("whose", "归属"),
        ("simulated", "模拟时间"),
        ("on the wall", "墙钟"),
        ("budget", "时限"),
        ("in time", "是否超时"),
    ];
    let heading = format!("<h3>{}</h3>\n", two("Whose each delay is", "各段延时归属"));
    let note = two(
        "Rules are judged by t3 − t2, people by t4 to t6, the place of sensors by t1 − t0. Budgets \
         of people count from t3; the mark stands where one ran out. A truth that never crosses \
         the limit has no t1: a false alarm.",
        "规则看t3−t2,人员看t4至t6,测点位置看t1−t0;人员时限从t3起算,标记在时限用尽的一段。真值始终未越限则无t1,即误报。",
    );
    let note = paragraph(&format!("<span class=\"muted\">{note}</span>"));
    table(&columns, &rows) + &heading + &table(&owners, &delays) + &note
}

fn delay(title: &Text, delay: &Delay) -> Vec<String> {
    let budget = match (delay.budget, delay.wall_budget_s) {
        (Some(span), Some(s)) => format!("{} · {s:.0} s", minutes(span)),
        (Some(span), None) => minutes(span),
        (None, Some(s)) => format!("{s:.0} s"),
        (None, None) => NONE.to_owned(),
    };
    let over = if delay.ran_out.is_empty() {
        String::new()
    } else {
        let due: Vec<String> = delay.ran_out.iter().map(|at| format!("t{at}")).collect();
        format!("<span class=\"bad\">◆ {} {}</span>", two("over", "超时"), due.join(" "))
    };
    vec![
        both(title),
        format!("t{} – t{}", delay.from, delay.to),
        both(&delay.whose()),
        minutes(delay.simulated),
        delay.wall_s.map_or_else(|| NONE.to_owned(), |s| format!("{s:.0} s")),
        budget,
        over,
    ]
}

pub(super) fn reasons(debrief: &Debrief) -> String {
    let row = |reason: &crate::exercise::debrief::Reason| {
        let line = &reason.line;
        let lost = line.marks - line.of;
        let lost = if lost < -0.05 { format!("{lost:+.1}") } else { NONE.to_owned() };
        vec![
            both(&line.category.title()),
            format!("{:.1}", line.marks),
            format!("{:.1}", line.of),
            lost,
            both(&line.text),
            time(debrief, line.moment.map(|moment| moment.at)),
            log_line(reason.log_line),
        ]
    };
    let rows: Vec<Vec<String>> = debrief.reasons.iter().map(row).collect();
    let columns = [
        ("part", "部分"),
        ("marks", "得分"),
        ("of", "满分"),
        ("lost", "失分"),
        ("why", "原因"),
        ("when", "时间"),
        ("log line", "日志行"),
    ];
    let mut text = table(&columns, &rows);
    if !debrief.met {
        let (en, zh) = (
            "A critical task is missed, or something was done that fails the exercise: at most 59.",
            "关键任务未完成或有致命操作,总分不超过59。",
        );
        text.push_str(&paragraph(&two(en, zh)));
    }
    text
}

/// The villages that it cost something in this run.
pub(super) fn costs(debrief: &Debrief) -> String {
    let costs = &debrief.consequences;
    let anchors = &costs.anchors;
    let sums = format!(
        "{}: {:.0} · {}: {:.0} · {}: {:.0} · {}: {:.0}",
        two("weighed: nobody", "加权:无人处置"),
        anchors.null,
        two("careless", "草率"),
        anchors.careless,
        two("this run", "本次"),
        costs.weighed,
        two("reference", "参考"),
        anchors.reference
    );
    let villages = costs
        .run
        .villages
        .iter()
        .filter(|(_, hours)| hours.low + hours.dry + hours.unsafe_water + hours.deprived > 0.5);
    let number = |value: f64| format!("{value:.0}");
    let rows: Vec<Vec<String>> = villages
        .map(|(village, hours)| {
            let values = [hours.low, hours.dry, hours.unsafe_water, hours.deprived];
            let name = escape(village.as_str());
            [vec![name], values.map(number).to_vec()].concat()
        })
        .collect();
    let sums = paragraph(&sums);
    if rows.is_empty() {
        return sums;
    }
    let columns = [
        ("village, person-hours", "村,人·时"),
        ("low pressure", "低压"),
        ("dry", "断水"),
        ("unsafe", "水质不安全"),
        ("needless warnings", "不必要告示"),
    ];
    sums + &table(&columns, &rows)
}

pub(super) fn alarms(debrief: &Debrief) -> String {
    let alarms = &debrief.alarms;
    let came = |came: Came| match (came.times, came.first) {
        (0, _) | (_, None) => NONE.to_owned(),
        (times, Some(at)) => format!("{times}× {}", local(debrief, at)),
    };
    let row = |row: &crate::exercise::debrief::Row| {
        vec![
            both(&row.title),
            escape(row.rule.as_str()),
            expected(row.expected),
            came(row.nobody),
            came(row.run),
            came(row.reference),
            row.delay.map_or_else(|| NONE.to_owned(), minutes),
            verdict(row.verdict),
        ]
    };
    let rows: Vec<Vec<String>> = alarms.rows.iter().map(row).collect();
    let columns = [
        ("alarm", "报警"),
        ("rule", "规则"),
        ("expected", "预期"),
        ("nobody's run", "无人处置"),
        ("this run", "本次"),
        ("reference", "参考"),
        ("onset to alarm", "起因至报警"),
        ("verdict", "结论"),
    ];
    let key_figures = format!("<h3>{}</h3>\n", two("Key figures", "指标"));
    table(&columns, &rows) + &key_figures + &figures(alarms)
}

fn expected(expected: Expected) -> String {
    match expected {
        Expected::Raised => two("raised", "应报"),
        Expected::Never => two("never", "不应报"),
        Expected::Allowed => two("allowed", "可报"),
        Expected::Unnamed => two("not named", "未列"),
    }
}

fn verdict(verdict: Verdict) -> String {
    let bad = |markup: String| format!("<span class=\"bad\">◆ {markup}</span>");
    match verdict {
        Verdict::Right => two("right", "正确"),
        Verdict::Prevented => two("prevented", "已避免"),
        Verdict::Missed => bad(two("missed", "漏报")),
        Verdict::False => bad(two("not expected", "意外")),
        Verdict::Silent => two("silent, as it ought", "正确静默"),
        Verdict::Either => two("either", "均可"),
    }
}

/// Scores of detectors, and what alarms asked of people.
fn figures(alarms: &AlarmLogic) -> String {
    let (figures, load) = (&alarms.figures, &alarms.load);
    let number = |value: Option<f64>, places: usize| {
        value.map_or_else(|| NONE.to_owned(), |value| format!("{value:.places$}"))
    };
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let mut rows: Vec<(String, String)> = vec![
        (two("failures found", "发现的故障"), format!("{} / {}", figures.found, figures.events)),
        (
            two("median time to the first alarm, min", "首报时间中位数,分"),
            number(figures.delay_median_min, 0),
        ),
        (
            two("false episodes of all", "误报段数/总段数"),
            format!("{} / {}", figures.false_episodes, figures.episodes),
        ),
        ("BATADAL S_TTD · S_CLF · S".to_owned(), {
            let all = [figures.batadal_ttd, figures.batadal_clf, figures.batadal];
            all.map(|it| number(it, 3)).join(" · ")
        }),
    ];
    rows.extend(
        PROFILES
            .iter()
            .zip(figures.nab)
            .map(|(profile, score)| (escape(&format!("NAB {}", profile.name)), number(score, 1))),
    );
    let [low, medium, high] = &load.priorities;
    rows.extend([
        (two("alarms raised", "报警总数"), load.raised.to_string()),
        (
            two("alarms in 10 min: mean, most", "每10分钟报警:平均、最多"),
            format!("{:.2} · {}", load.rate.mean, load.rate.most),
        ),
        (two("time in floods", "洪水时间占比"), percent(alarms.flood_share)),
        (two("share of the ten most frequent", "前十占比"), percent(load.top_share)),
        (
            two("chattering · fleeting · stale", "抖动·瞬时·陈旧"),
            format!("{} · {} · {}", load.chattering.len(), load.fleeting, load.stale.len()),
        ),
        (
            two("priorities: high, medium, low", "优先级:高、中、低"),
            [high, medium, low]
                .map(|it| format!("{} ({})", it.raised, percent(it.share)))
                .join(" · "),
        ),
        (two("set aside", "搁置次数"), alarms.shelved.to_string()),
        (
            two("acknowledged · unanswered", "已确认·未确认"),
            format!("{} · {}", load.answers.acknowledged, load.answers.waiting),
        ),
        (
            two("deeds for each acknowledgement", "每次确认对应的处置数"),
            number(alarms.deeds_per_acknowledgement, 1),
        ),
    ]);
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name, value]).collect();
    table(&[("figure", "指标"), ("value", "数值")], &rows)
}

pub(super) fn findings(debrief: &Debrief) -> String {
    let mut rows: Vec<Vec<String>> = debrief
        .findings
        .iter()
        .map(|finding| {
            let n = finding.rests_on;
            let line = finding.log_line.map(|_| log_line(finding.log_line));
            let line = line.map_or_else(String::new, |line| format!(" · {line}"));
            let rests_on = format!("<a href=\"#s{n}\">§{n}</a>{line}");
            let (owner, due) = (String::new(), String::new());
            vec![both(&finding.what), both(&finding.improve), rests_on, owner, due]
        })
        .collect();
    let forms = debrief.evaluations.iter();
    let items = forms.flat_map(|form| form.improvements.iter().map(move |item| (form, item)));
    rows.extend(items.map(|(form, item)| {
        let by = format!("{} {}", two("evaluator", "评估员"), escape(&form.evaluator));
        vec![String::new(), escape(&item.what), by, escape(&item.owner), escape(&item.due)]
    }));
    let columns = [
        ("found", "发现"),
        ("improvement", "改进"),
        ("rests on", "依据"),
        ("owner", "责任人"),
        ("due", "期限"),
    ];
    let differences = differences(debrief);
    if rows.is_empty() {
        return paragraph(&two("Nothing stands out.", "无突出问题。")) + &differences;
    }
    table(&columns, &rows) + &differences
}

/// Where the replay that this report rests on came to something else.
fn differences(debrief: &Debrief) -> String {
    if debrief.differences.is_empty() {
        return String::new();
    }
    let item = |text: &String| format!("<li>{}</li>", escape(text));
    let items: String = debrief.differences.iter().map(item).collect();
    let head = two(
        "Played again, it did not come to all that the log says; figures may be off:",
        "重放结果与日志不完全一致,数值可能有偏差:",
    );
    format!("<p class=\"bad\">◆ {head}</p><ul>{items}</ul>\n")
}

/// What a line of the log is.
fn kind(what: &What) -> (&'static str, &'static str) {
    match what {
        What::Did { .. } => ("did", "操作"),
        What::Failed { .. } => ("failed", "未成"),
        What::Returned { .. } => ("returned", "回报"),
        What::Told { .. } => ("told", "消息"),
        What::Raised { .. } => ("raised", "报警"),
        What::Happened { .. } => ("happened", "事件"),
        What::Hint { .. } => ("hint", "提示"),
        What::Directed { .. } => ("directed", "教员指令"),
        What::Beset => ("beset", "受扰"),
        What::Branched { .. } => ("branched", "分支"),
    }
}

pub(super) fn log(debrief: &Debrief) -> String {
    let heading = format!("<h3>{}</h3>\n", two("Log", "日志"));
    let names = [
        ("line", "行"),
        ("simulated", "模拟时间"),
        ("wall, s", "墙钟,秒"),
        ("who", "谁"),
        ("what", "类别"),
        ("detail", "内容"),
    ];
    let head = heads(&names);
    let offset = debrief.head.utc_offset;
    let row = |(at, entry): (usize, &crate::exercise::session::log::Entry)| {
        let what = kind(&entry.what);
        let (n, wall) = (at + 1, entry.moment.wall_s);
        let (time, who) = (escape(&entry.moment.at.at(offset)), escape(&entry.who));
        format!(
            "<tr id=\"l{n}\"><td>{n}</td><td>{time}</td><td>{wall:.1}</td><td>{who}</td>\
             <td>{}</td><td>{}</td></tr>\n",
            two(what.0, what.1),
            both(&debrief.told[at])
        )
    };
    let rows: String = debrief.log.iter().enumerate().map(row).collect();
    format!(
        "{heading}<div class=\"wide\" tabindex=\"0\" role=\"group\">\
         <table class=\"log\"><thead><tr>{head}</tr></thead>\
         <tbody>\n{rows}</tbody></table></div>\n"
    )
}
