//! The words of a report, in both languages.

use crate::alarms::event::Priority;
use crate::base::text::Lang;

/// Every fixed word of a report.
pub struct Words {
    /// The language.
    pub lang: Lang,
    /// As pages say it.
    pub html_lang: &'static str,
    /// Before from when to when.
    pub title: &'static str,
    /// Raised, standing at the end.
    pub counts: [&'static str; 2],
    /// The rate: before its window, mean, most, acceptable, manageable.
    pub rate: [&'static str; 5],
    /// Windows with more than are acceptable, than are manageable.
    pub above: [&'static str; 2],
    /// Floods; before their share of the time.
    pub floods: [&'static str; 2],
    /// More than, in, until fewer than.
    pub flood_marks: [&'static str; 3],
    /// Columns of the floods: from, to, alarms, peak, first.
    pub flood_columns: [&'static str; 5],
    /// Groups; before the share of alarms that were in company.
    pub groups: [&'static str; 2],
    /// Columns of the groups: from, to, alarms, calls, cause, first.
    pub group_columns: [&'static str; 6],
    /// Chattering; times within.
    pub chattering: [&'static str; 2],
    /// Gone within.
    pub fleeting: &'static str,
    /// Standing for longer than.
    pub stale: &'static str,
    /// The most frequent; their share of all.
    pub top: [&'static str; 2],
    /// Columns: alarm, what, how often, since, how long.
    pub columns: [&'static str; 5],
    /// Priorities; share; usual.
    pub priorities: [&'static str; 3],
    /// Answers: acknowledged, waiting, median, nine of ten within, longest.
    pub answers: [&'static str; 6],
    /// Shelves: taken by a person, expired.
    pub shelves: [&'static str; 3],
    /// Announced stops; hours; alarms suppressed in them.
    pub stops: [&'static str; 3],
    /// Columns of the stops: from, to, plant, alarms told, alarms suppressed, who and what for.
    pub stop_columns: [&'static str; 6],
    /// Low, medium, high.
    names: [&'static str; 3],
    /// None of it.
    pub none: &'static str,
    /// Title of the picture of the rate, of the picture of episodes.
    pub pictures: [&'static str; 2],
    /// At the foot of the page.
    pub foot: &'static str,
}

const EN: Words = Words {
    lang: Lang::En,
    html_lang: "en",
    title: "Alarms",
    counts: ["raised", "standing at the end"],
    rate: ["alarms in", "mean", "most", "acceptable", "manageable"],
    above: ["windows above acceptable", "windows above manageable"],
    floods: ["floods", "of the time"],
    flood_marks: ["more than", "in", "until fewer than"],
    flood_columns: ["from", "to", "alarms", "peak", "first out"],
    groups: ["groups of one cause", "of all alarms in company"],
    group_columns: ["from", "to", "alarms", "calls", "cause", "first out"],
    chattering: ["chattering", "times within"],
    fleeting: "fleeting, gone within",
    stale: "stale, standing longer than",
    top: ["most frequent", "of all alarms"],
    columns: ["alarm", "what", "times", "since", "stood"],
    priorities: ["priorities", "share", "usual"],
    answers: ["answers", "acknowledged", "waiting", "median", "nine of ten within", "longest"],
    shelves: ["shelves ended", "by a person", "by time"],
    stops: ["announced stops", "h in all", "alarms suppressed in them"],
    stop_columns: ["from", "to", "plant", "told", "suppressed", "by whom, what for"],
    names: ["low", "medium", "high"],
    none: "none",
    pictures: ["Alarms raised in each window", "When the most frequent alarms stood"],
    foot: "Marks name the sources of these figures; they are listed in src/docs/sources.md. \
           Averages hide floods [S44d]. Times are the plant's.",
};

const ZH: Words = Words {
    lang: Lang::Zh,
    html_lang: "zh-CN",
    title: "报警",
    counts: ["已触发", "期末仍在"],
    rate: ["报警数,每", "平均", "最多", "可接受", "可应付"],
    above: ["超过可接受的时段", "超过可应付的时段"],
    floods: ["报警洪流", "占时间"],
    flood_marks: ["多于", "每", "降到少于"],
    flood_columns: ["自", "至", "报警数", "峰值", "首出"],
    groups: ["同因报警组", "的报警属于某组"],
    group_columns: ["自", "至", "报警数", "次数", "原因", "首出"],
    chattering: ["抖动报警", "次,在"],
    fleeting: "瞬时报警,消失于",
    stale: "陈旧报警,持续超过",
    top: ["最频繁", "占全部报警"],
    columns: ["报警", "内容", "次数", "自", "持续"],
    priorities: ["优先级", "占比", "通常"],
    answers: ["处置", "已确认", "待确认", "中位", "九成在", "最长"],
    shelves: ["搁置结束", "人工", "到时"],
    stops: ["计划停水", "小时(合计)", "期间抑制报警"],
    stop_columns: ["自", "至", "水厂", "告知报警", "抑制报警", "预告人与事由"],
    names: ["低", "中", "高"],
    none: "无",
    pictures: ["各时段触发的报警", "最频繁报警的持续时间"],
    foot: "方括号为数据来源,见 src/docs/sources.md。平均值会掩盖洪流 [S44d]。时间为水厂当地时间。",
};

impl Words {
    /// The words of `lang`.
    pub fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::En => &EN,
            Lang::Zh => &ZH,
        }
    }

    /// A priority.
    pub fn priority(&self, priority: Priority) -> &'static str {
        self.names[priority as usize]
    }
}
