//! The view's words in both languages.

use crate::base::text::Lang;

/// Every fixed word on the screen.
pub struct Words {
    /// Before the first message.
    pub waiting: &'static str,
    /// The plant's gateway is there.
    pub online: &'static str,
    /// It is not.
    pub offline: &'static str,
    /// Title of the villages' table.
    pub villages: &'static str,
    /// Its columns.
    pub village_columns: [&'static str; 6],
    /// Title of the works' table.
    pub works: &'static str,
    /// Title of the alarm list.
    pub alarms: &'static str,
    /// When it is empty.
    pub no_alarm: &'static str,
    /// Title of the list of events.
    pub events: &'static str,
    /// What the keys do.
    pub keys: &'static str,
    /// The same after the scenario's end.
    pub keys_finished: &'static str,
}

const EN: Words = Words {
    waiting: "waiting for the first message",
    online: "online",
    offline: "NOT ONLINE",
    villages: " Villages (worst tap) ",
    village_columns: ["village", " pressure", "needs", "0 ── enough", " Cl mg/L", " NTU"],
    works: " Works ",
    alarms: " Standing alarms ",
    no_alarm: "none",
    events: " What happened ",
    keys: "q quit   l 中文",
    keys_finished: "the scenario has ended   q quit   l 中文",
};

const ZH: Words = Words {
    waiting: "等待第一条消息",
    online: "在线",
    offline: "离线",
    villages: " 各村(最差末梢) ",
    village_columns: ["村", " 水压kPa", "需要", "0 ── 足够", " 余氯", " 浊度"],
    works: " 水厂 ",
    alarms: " 现存报警 ",
    no_alarm: "无",
    events: " 事件 ",
    keys: "q 退出   l English",
    keys_finished: "情景已结束   q 退出   l English",
};

impl Words {
    /// The words of `lang`.
    pub fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::En => &EN,
            Lang::Zh => &ZH,
        }
    }
}
