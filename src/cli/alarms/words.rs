//! What `sanmen alarms` says to people, in both languages.

use crate::alarms::event::{AlarmState, Priority};
use crate::base::text::Lang;
use crate::cli::view::words::Words;

/// Head of the list: state, priority, since when, which, what, why.
pub(super) fn head(lang: Lang) -> [&'static str; 6] {
    match lang {
        Lang::En => ["state", "priority", "raised", "alarm", "what", "why"],
        Lang::Zh => ["状态", "优先级", "触发时间", "报警", "内容", "原因"],
    }
}

/// A state: in English the word of the records.
pub(super) fn state(lang: Lang, state: AlarmState) -> String {
    match lang {
        Lang::En => state.to_string(),
        Lang::Zh => Words::of(lang).state(state).to_owned(),
    }
}

/// A priority.
pub(super) fn priority(lang: Lang, priority: Priority) -> &'static str {
    Words::of(lang).priorities[priority as usize]
}

/// Nothing is in the list.
pub(super) fn nothing(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "nothing stands, nothing waits",
        Lang::Zh => "无报警,无待办",
    }
}

/// What a flood of a plant is.
pub(super) fn flood(
    lang: Lang,
    (plant, from): (&str, &str),
    (alarms, peak): (usize, usize),
    first: &str,
) -> String {
    match lang {
        Lang::En => format!(
            "flood at {plant} since {from}: {alarms} alarms, {peak} at most at once, first {first}"
        ),
        Lang::Zh => {
            format!("{plant} 自{from}起报警泛滥:共{alarms}条,同时最多{peak}条,首发{first}")
        }
    }
}

/// What stands by rules that are not known here.
pub(super) fn others(lang: Lang, count: usize, rules: &str) -> String {
    match lang {
        Lang::En => format!(
            "{count} more, by rules that are not known here: {rules}; name their folder with \
             --rules, or their packs with --packs"
        ),
        Lang::Zh => format!(
            "另有{count}条由此处未知的规则触发:{rules};请以--rules指明规则目录,或以--packs指明规则包"
        ),
    }
}

/// Which others a line speaks for, with a mark behind it.
pub(super) fn company(lang: Lang, count: usize, rules: &str) -> String {
    match lang {
        Lang::En => format!("with {count} more ({rules}); "),
        Lang::Zh => format!("另有{count}条({rules});"),
    }
}

/// How an alarm chatters, with a mark behind it.
pub(super) fn chattering(lang: Lang, times: u32, since: &str) -> String {
    match lang {
        Lang::En => format!("chattering, {times} times since {since}; "),
        Lang::Zh => format!("自{since}起反复{times}次;"),
    }
}

/// What an answer has done.
pub(super) fn done(lang: Lang, alarm: &str, now: AlarmState) -> String {
    let now = state(lang, now);
    match lang {
        Lang::En => format!("{alarm} is now {now}"),
        Lang::Zh => format!("{alarm} 现为:{now}"),
    }
}

/// It was so before.
pub(super) fn already(lang: Lang, alarm: &str, now: AlarmState) -> String {
    let now = state(lang, now);
    match lang {
        Lang::En => format!("{alarm} is {now} already: nothing to do"),
        Lang::Zh => format!("{alarm} 已为:{now},无需操作"),
    }
}

/// To how many alarms a stop has been announced, or is no longer.
pub(super) fn told(
    lang: Lang,
    is_withdrawn: bool,
    (done, all): (usize, usize),
    at: &str,
) -> String {
    let what = match (lang, is_withdrawn) {
        (Lang::En, true) => "no longer announced",
        (Lang::En, false) => "announced",
        (Lang::Zh, true) => "已撤销预告",
        (Lang::Zh, false) => "已预告",
    };
    match lang {
        Lang::En => format!("{what} to {done} of {all} alarms of {at}"),
        Lang::Zh => format!("{what}:{at}的{all}条报警中{done}条"),
    }
}

/// Before a stop that is announced: still to come, or going on.
pub(super) fn stop(lang: Lang, is_to_come: bool) -> &'static str {
    match (lang, is_to_come) {
        (Lang::En, true) => "stop announced at",
        (Lang::En, false) => "announced stop at",
        (Lang::Zh, true) => "已预告停水",
        (Lang::Zh, false) => "预告的停水进行中",
    }
}

/// From when to when.
pub(super) fn span(lang: Lang, from: &str, until: &str) -> String {
    match lang {
        Lang::En => format!("{from} to {until}"),
        Lang::Zh => format!("{from}至{until}"),
    }
}

/// No monitor of the space says that anything stands; why that may be.
pub(super) fn unheard(lang: Lang) -> [&'static str; 2] {
    match lang {
        Lang::En => [
            "nothing is said to stand",
            "no alarm stands here, or no monitor says so: what is set aside is not said",
        ],
        Lang::Zh => {
            ["未听到任何报警", "此处无报警,或没有监测端在发布;搁置、抑制、停用的报警不发布"]
        }
    }
}

/// Messages that were no lease, or not believed.
pub(super) fn refused(lang: Lang, count: u32, reason: &str) -> String {
    match lang {
        Lang::En => format!("refused: {count} messages ({reason})"),
        Lang::Zh => format!("拒收{count}条报文({reason})"),
    }
}
