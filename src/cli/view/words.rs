//! The words of the view and of plain lines, in both languages.

use crate::alarms::event::AlarmState;
use crate::base::text::Lang;

/// Every fixed word people read while a run is shown.
pub struct Words {
    /// Before the first message.
    pub waiting: &'static str,
    /// The connection to the broker: not yet, there, lost.
    pub link: [&'static str; 3],
    /// The plant's gateway is there.
    pub online: &'static str,
    /// Anybody may speak in the plant's name.
    pub unsigned: &'static str,
    /// It is not.
    pub offline: &'static str,
    /// Title of the villages' table.
    pub villages: &'static str,
    /// Its columns: pressure, need, bar, chlorine, turbidity.
    pub village_columns: [&'static str; 5],
    /// Title of the works' table.
    pub works: &'static str,
    /// Title of the alarm list.
    pub alarms: &'static str,
    /// Before how many nobody has acknowledged.
    pub unanswered: &'static str,
    /// States of an alarm, A to I.
    states: [&'static str; 9],
    /// A latched alarm, in six cells.
    latched: &'static str,
    /// The form that shelves: before the instrument, after the minutes, before the reason, its
    /// keys.
    pub form: [&'static str; 4],
    /// What a form lacks.
    pub minutes_wanted: &'static str,
    /// See `minutes_wanted`.
    pub reason_wanted: &'static str,
    /// It is acknowledged already.
    pub nothing_to_answer: &'static str,
    /// The monitor has ended.
    pub no_reply: &'static str,
    /// When it is empty.
    pub no_alarm: &'static str,
    /// Before what an instrument shows now.
    pub now: &'static str,
    /// Before how many alarms have no room.
    pub more: &'static str,
    /// Before a limit.
    pub limit: &'static str,
    /// Before the pressure that houses need.
    pub needs: &'static str,
    /// Priorities, low to high.
    pub priorities: [&'static str; 3],
    /// Title of the list of events.
    pub events: &'static str,
    /// What happened to an alarm: raised, cleared, again, no data, answered, worse, better,
    /// comes and goes, no longer so.
    pub changes: [&'static str; 9],
    /// A flood begins, is over; its alarms; the first of them.
    pub flood: [&'static str; 4],
    /// Reasons that have no limit: flat line, silent instrument, silent gateway, doubtful signal;
    /// empty: the monitor's own sentence is in this language.
    pub reasons: [&'static str; 4],
    /// A complaint, and what it is about: low pressure, no water, turbid, smell.
    pub ticket: &'static str,
    /// See `ticket`.
    pub problems: [&'static str; 4],
    /// By which way a complaint comes.
    pub channels: [&'static str; 4],
    /// Before what has come to lie outside the range of the model.
    pub outside: &'static str,
    /// Summary: before how often something did.
    pub outside_count: &'static str,
    /// The monitor started or was resumed, stopped.
    pub monitor: [&'static str; 2],
    /// Before the counters: messages, readings, lost, refused.
    pub counters: [&'static str; 4],
    /// Before the moment at which an exercise begins again.
    pub again: &'static str,
    /// Before the moments between which the clock of a real plant's gateway has gone back.
    pub clock_back: [&'static str; 2],
    /// Before the number of a message that came after it had been given up.
    pub late: [&'static str; 2],
    /// After the scenario's end.
    pub finished: &'static str,
    /// What the keys do: with one plant, among many, at one of many.
    pub keys: [&'static str; 3],
    /// Before how fast the plants run that cannot keep up; once they can again.
    pub pace: [&'static str; 2],
    /// What was simulated has ended, was stopped; before when.
    pub ended: [&'static str; 2],
    /// Waterworks, in a title.
    pub plants: &'static str,
    /// The list of plants: its title, county, people, people concerned, alarms, the worst.
    pub plant_columns: [&'static str; 6],
    /// Its totals: before plants with alarms, before people concerned, before all people.
    pub totals: [&'static str; 3],
    /// A plant that has not said anything yet.
    pub unheard: &'static str,
    /// Gateways that are there, that have gone; before their number.
    pub gateways: [&'static str; 2],
    /// Summary: before how many plants had alarms; the rules that were broken most.
    pub plants_alarmed: &'static str,
    /// What they do with a chosen alarm.
    pub answers: &'static str,
    /// A terminal too small; before the size it needs.
    pub too_small: &'static str,
    /// Between parts of a sentence.
    pub comma: &'static str,
    /// Line at the start: before the seed, the broker, the space.
    pub start: [&'static str; 3],
    /// Line of an hour: no alarm, one, before more of them.
    pub standing: [&'static str; 3],
    /// Line of an hour: before the taps' pressures, before the finished water.
    pub status: [&'static str; 2],
    /// Summary: alarms raised, of which cleared, an alarm that stands, further ones.
    pub summary: [&'static str; 4],
    /// Summary: records kept in, time taken.
    pub ledger: [&'static str; 2],
}

const EN: Words = Words {
    waiting: "waiting for the first message",
    link: ["connecting", "connected", "NO CONNECTION"],
    online: "plant online",
    unsigned: "unsigned",
    offline: "PLANT OFFLINE",
    villages: "Villages, worst tap",
    village_columns: ["kPa", "needs", "enough", "Cl mg/L", "NTU"],
    works: "Works",
    alarms: "Alarms",
    unanswered: "unacknowledged",
    states: [
        "normal",
        "unacknowledged",
        "acknowledged",
        "cleared, unacknowledged",
        "latched, unacknowledged",
        "latched, acknowledged",
        "shelved",
        "suppressed",
        "out of service",
    ],
    latched: "latch",
    form: ["shelve", "min", "reason", "Tab · Enter · Esc"],
    minutes_wanted: "for how many minutes?",
    reason_wanted: "a reason is needed",
    nothing_to_answer: "nothing to acknowledge here",
    no_reply: "the monitor has ended",
    no_alarm: "none",
    now: "now",
    more: "more:",
    limit: "limit",
    needs: "needs",
    priorities: ["low", "medium", "high"],
    events: "What happened",
    changes: ["ALARM", "clear", "AGAIN", "no data", "answer", "WORSE", "better", "CHATTER", "calm"],
    flood: ["FLOOD", "ebb", "alarms", "first"],
    reasons: ["", "", "", ""],
    ticket: "COMPLAINT",
    problems: ["too little pressure", "no water", "turbid water", "a smell of chlorine"],
    channels: ["hotline 12345", "app", "to an inspector", "in the media"],
    outside: "MODEL",
    outside_count: "outside the model:",
    monitor: ["monitor started", "monitor stopped"],
    counters: ["messages", "readings", "lost", "refused"],
    again: "the exercise begins again at",
    clock_back: ["the gateway's clock went back from", "to"],
    late: ["late: message ", ""],
    finished: "the scenario has ended",
    keys: [
        "q quit · l 中文 · ↑↓ alarms",
        "q quit · ↑↓ PgUp PgDn choose · Enter open · l 中文",
        "q quit · Esc all plants · ↑↓ next plant · Tab alarms · l 中文",
    ],
    pace: ["they cannot keep up; they run at", "they keep up again:"],
    ended: ["the scenario has ended at", "stopped at"],
    plants: "waterworks",
    plant_columns: ["Plants", "county", "people", "concerned", "alarms", "worst alarm"],
    totals: ["with alarms:", "people concerned:", "of"],
    unheard: "nothing heard yet",
    gateways: ["online:", "OFFLINE:"],
    plants_alarmed: "plants with alarms:",
    answers: "a acknowledge · s shelve · u unshelve · r reset · o set aside · g groups",
    too_small: "the terminal is too small; needed:",
    comma: ", ",
    start: ["seed", "broker", "space"],
    standing: ["no alarm", "1 alarm", "alarms:"],
    status: ["taps kPa:", "finished water:"],
    summary: ["alarms raised:", "cleared:", "stands", "and more:"],
    ledger: ["records in", "took"],
};

const ZH: Words = Words {
    waiting: "等待第一条消息",
    link: ["连接中", "已连接", "未连接"],
    online: "水厂在线",
    unsigned: "未签名",
    offline: "水厂离线",
    villages: "各村最不利点",
    village_columns: ["kPa", "需要", "足够", "余氯", "浊度"],
    works: "水厂",
    alarms: "报警",
    unanswered: "未确认",
    states: [
        "正常",
        "未确认",
        "已确认",
        "已恢复未确认",
        "锁存未确认",
        "锁存已确认",
        "搁置",
        "抑制",
        "停用",
    ],
    latched: "锁存",
    form: ["搁置", "分钟", "原因", "Tab · Enter · Esc"],
    minutes_wanted: "搁置多少分钟?",
    reason_wanted: "请填写原因",
    nothing_to_answer: "此处无需确认",
    no_reply: "监测已结束",
    no_alarm: "无",
    now: "现为",
    more: "其余:",
    limit: "限值",
    needs: "需要",
    priorities: ["低", "中", "高"],
    events: "事件",
    changes: ["报警", "恢复", "重报", "无数据", "处置", "加重", "减轻", "抖动", "平稳"],
    flood: ["洪流", "洪流止", "报警", "首出"],
    reasons: ["信号不变", "无有效读数", "收不到水厂消息", "信号可疑"],
    ticket: "诉求",
    problems: ["水压不足", "无水", "水浑", "氯味重"],
    channels: ["12345热线", "监督一点通", "巡查走访", "媒体"],
    outside: "模型",
    outside_count: "超出模型范围:",
    monitor: ["监测开始", "监测停止"],
    counters: ["消息", "读数", "丢失", "拒收"],
    again: "演练重新开始于",
    clock_back: ["网关时钟回拨：从", "到"],
    late: ["迟到：第", "条消息"],
    finished: "情景已结束",
    keys: [
        "q 退出 · l English · ↑↓ 报警",
        "q 退出 · ↑↓ PgUp PgDn 选择 · Enter 打开 · l English",
        "q 退出 · Esc 全部水厂 · ↑↓ 下一水厂 · Tab 报警 · l English",
    ],
    pace: ["模拟跟不上设定速度,现为", "模拟恢复设定速度"],
    ended: ["情景已结束于", "已停止于"],
    plants: "水厂",
    plant_columns: ["水厂", "县市区", "人口", "涉及人口", "报警", "最重报警"],
    totals: ["有报警:", "涉及人口:", "/"],
    unheard: "尚无消息",
    gateways: ["在线:", "离线:"],
    plants_alarmed: "有报警的水厂:",
    answers: "a 确认 · s 搁置 · u 取消搁置 · r 复位 · o 已搁置 · g 归组",
    too_small: "终端窗口太小,至少需要:",
    comma: ",",
    start: ["种子", "消息服务器", "空间"],
    standing: ["无报警", "1个报警", "报警数:"],
    status: ["末梢水压kPa:", "出厂水:"],
    summary: ["报警:", "已恢复:", "未恢复", "其余:"],
    ledger: ["条记录存于", "用时"],
};

impl Words {
    /// The words of `lang`.
    pub fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::En => &EN,
            Lang::Zh => &ZH,
        }
    }

    /// A state of an alarm.
    pub fn state(&self, state: AlarmState) -> &'static str {
        self.states[state as usize]
    }

    /// The same in six cells.
    pub fn short_state(&self, state: AlarmState) -> &'static str {
        match state {
            AlarmState::ReturnedUnacknowledged => self.changes[1],
            AlarmState::LatchedUnacknowledged | AlarmState::LatchedAcknowledged => self.latched,
            state => self.state(state),
        }
    }
}
