//! The words of figures, in both languages.

use crate::base::text::Lang;

/// Every fixed word.
pub(super) struct Words {
    /// As pages say it.
    pub html_lang: &'static str,
    /// Of the whole.
    pub title: &'static str,
    /// Runs, days, quiet days.
    pub head: [&'static str; 3],
    /// Above the figures of all alerts and of each rule.
    pub detectors: &'static str,
    /// Columns of figures: who, and what `figures` gives.
    pub columns: [&'static str; 14],
    /// All alerts together.
    pub all: &'static str,
    /// Above the kinds of failure.
    pub kinds: &'static str,
    /// Columns of the kinds.
    pub kind_columns: [&'static str; 6],
    /// Before the seeds of training, before those of the test.
    pub tuning: [&'static str; 2],
    /// Columns of what was chosen.
    pub tuning_columns: [&'static str; 10],
    /// As it ships, as it was chosen.
    pub settings: [&'static str; 2],
    /// At the end of a sentence.
    pub full_stop: &'static str,
    /// None of it.
    pub none: &'static str,
    /// At the foot of a page.
    pub foot: &'static str,
}

const EN: Words = Words {
    html_lang: "en",
    title: "Detection",
    head: ["runs", "plant-days", "quiet days"],
    detectors: "Alerts against events",
    columns: [
        "alerts of",
        "found",
        "recall",
        "median",
        "9 of 10",
        "episodes",
        "precision",
        "false/quiet day",
        "S_TTD",
        "S_CLF",
        "S",
        "NAB",
        "NAB low FP",
        "NAB low FN",
    ],
    all: "all together",
    kinds: "Kinds of failure",
    kind_columns: ["kind", "events", "found", "median", "9 of 10", "told first"],
    tuning: ["Thresholds: chosen on seeds", "judged on seeds"],
    tuning_columns: [
        "rule",
        "setting",
        "outlier SD",
        "steps",
        "train: NAB low FP",
        "test: NAB low FP",
        "recall",
        "precision",
        "median",
        "false/quiet day",
    ],
    settings: ["shipped", "chosen"],
    full_stop: ".",
    none: "none",
    foot: "What these figures mean, and what they do not: src/docs/detection.md.",
};

const ZH: Words = Words {
    html_lang: "zh-CN",
    title: "检测评分",
    head: ["运行", "水厂·日", "无事日"],
    detectors: "报警对照事件",
    columns: [
        "报警来源",
        "发现",
        "召回率",
        "延迟中位",
        "九成在",
        "报警段",
        "准确率",
        "误报/无事日",
        "S_TTD",
        "S_CLF",
        "S",
        "NAB",
        "NAB 少误报",
        "NAB 少漏报",
    ],
    all: "全部合计",
    kinds: "故障类别",
    kind_columns: ["类别", "事件", "发现", "延迟中位", "九成在", "最先报警"],
    tuning: ["阈值:选定所用种子", "检验所用种子"],
    tuning_columns: [
        "规则",
        "设置",
        "离群 SD",
        "步数",
        "训练:NAB 少误报",
        "检验:NAB 少误报",
        "召回率",
        "准确率",
        "延迟中位",
        "误报/无事日",
    ],
    settings: ["随附", "选定"],
    full_stop: "。",
    none: "无",
    foot: "各项含义与局限见 src/docs/detection.md。",
};

impl Words {
    /// The words of `lang`.
    pub(super) fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::En => &EN,
            Lang::Zh => &ZH,
        }
    }
}
