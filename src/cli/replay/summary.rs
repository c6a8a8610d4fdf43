//! What came of a recording, in a few lines and a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::alarms::event::Priority;
use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::{PlantId, Span, Stamp, TagId};
use crate::cli::common::place_name;
use crate::cli::exit::Failure;
use crate::cli::recording::{Recording, shown};
use crate::cli::table;
use crate::exercise::replay::tally::{Raised, Tally};
use crate::inspection::refusal_watch::{REASONS, in_chinese};

/// Names that are shown of many.
const NAMES_MAX: usize = 8;

/// What there is to tell.
pub struct Told<'r> {
    /// The recording.
    pub recording: &'r Recording,
    /// What came of it.
    pub tally: &'r Tally,
    /// What intake refused, by reason.
    pub refused: &'r BTreeMap<String, u64>,
    /// Was it stopped before its end?
    pub is_cut: bool,
}

/// Every fixed word.
struct Words {
    counts: [&'static str; 5],
    lines: [&'static str; 5],
    head: [&'static str; 8],
    priorities: [&'static str; 3],
    stands: &'static str,
    cut: &'static str,
    alarms: [&'static str; 3],
    unheard: [&'static str; 2],
}

const EN: Words = Words {
    counts: ["readings", "without a value", "late", "doubted by the recording", "lab results"],
    lines: ["refused", "flagged", "lost messages", "columns not used", "line"],
    head: ["priority", "rule", "tag", "times", "in all", "longest", "first", "now"],
    priorities: ["low", "medium", "high"],
    stands: "stands",
    cut: "stopped before the end",
    alarms: ["alarms raised", "stand at the end", "no alarm"],
    unheard: ["instruments that are not in it", "that they are silent is no alarm"],
};

const ZH: Words = Words {
    counts: ["读数", "无值", "迟到", "记录自带存疑", "化验结果"],
    lines: ["拒收", "数据质量检验", "丢失的消息", "未用的列", "行"],
    head: ["优先级", "规则", "位号", "次数", "合计", "最长", "首次", "现在"],
    priorities: ["低", "中", "高"],
    stands: "仍在",
    cut: "未到结尾即停止",
    alarms: ["报警", "期末仍在", "无报警"],
    unheard: ["记录中没有的仪表", "其静默不算报警"],
};

impl Told<'_> {
    /// The summary.
    pub fn text(&self, lang: Lang) -> String {
        let words = if lang == Lang::Zh { &ZH } else { &EN };
        let mut text = self.head((words, lang));
        self.refusals((words, lang), &mut text);
        let tally = self.tally;
        if !tally.flagged.is_empty() {
            let counts =
                tally.flagged.iter().map(|(test, n)| format!("{} {n}", test.name_in(lang)));
            line(lang, &mut text, words.lines[1], &counts.collect::<Vec<_>>().join(" · "));
        }
        if tally.lost > 0 {
            line(lang, &mut text, words.lines[2], &tally.lost.to_string());
        }
        let unused = self.recording.unused();
        if !unused.is_empty() {
            line(lang, &mut text, words.lines[3], &some(unused.iter().map(String::as_str), lang));
        }
        let unheard = self.unheard();
        if !unheard.is_empty() {
            let [what, silence] = words.unheard;
            let names = some(unheard.iter().map(|(_, tag)| tag.as_str()), lang);
            let semicolon = lang.pick("; ", ";");
            line(lang, &mut text, what, &format!("{names}{semicolon}{silence}"));
        }
        self.alarms((words, lang), &mut text);
        text
    }

    /// The instruments that the recording does not have.
    fn unheard(&self) -> BTreeSet<(&PlantId, &TagId)> {
        let plants = self.recording.plants.iter().enumerate();
        let all = plants.flat_map(|(at, plant)| {
            let tags = self.tally.unheard(at, plant);
            tags.into_iter().map(|tag| (&plant.id, tag))
        });
        all.collect()
    }

    /// Errors: most of the readings were late, so that nothing was judged as it should be.
    pub fn check_order(&self, lateness: Span) -> Result<(), Failure> {
        let (late, all) = (self.tally.late, self.tally.readings);
        if late * 2 <= all {
            return Ok(());
        }
        let name = &self.recording.name;
        Err(Failure::usage(format!(
            "{name}: {late} of {all} readings come more than {lateness} behind others: the file is \
             not in the order of time, and most of it was not judged; sort it by time, or say how \
             late readings may be with --lateness-min"
        )))
    }

    fn offset(&self) -> UtcOffset {
        let plant = self.recording.plants.first();
        plant.map_or(UtcOffset::UTC, |plant| plant.profile.utc_offset)
    }

    fn local(&self, at: Stamp) -> String {
        let text = at.at(self.offset());
        text.get(..16).map_or(text.clone(), |short| short.replace('T', " "))
    }

    fn head(&self, (words, lang): (&Words, Lang)) -> String {
        let tally = self.tally;
        let [readings, missing, late, doubted, results] = words.counts;
        let (name, comma) = (&self.recording.name, lang.pick(", ", ","));
        let counted = |count: u64, what: &str| match lang {
            Lang::En => format!("{count} {what}"),
            Lang::Zh => format!("{what}{count}"),
        };
        let mut text =
            format!("{name}{}", lang.pick(": ", ":")) + &counted(tally.readings, readings);
        let more = [(tally.missing, missing), (tally.late, late), (tally.doubted, doubted)];
        for (count, what) in more.into_iter().filter(|(count, _)| *count > 0) {
            text.push_str(&format!("{comma}{}", counted(count, what)));
        }
        if tally.results > 0 {
            text.push_str(&format!("{comma}{}", counted(tally.results, results)));
        }
        text.push('\n');
        if let Some((from, to)) = tally.span {
            let (first, last) = (self.local(from), self.local(to));
            let offset = self.offset();
            let _ = writeln!(text, "  {first} – {last} {offset} ({})", whole(to - from));
        }
        if self.is_cut {
            let _ = writeln!(text, "  {}", words.cut);
        }
        text
    }

    fn refusals(&self, (words, lang): (&Words, Lang), text: &mut String) {
        let [refused, .., row] = words.lines;
        for (reason, it) in self.recording.refused.iter() {
            let lines: Vec<String> = it.lines.iter().map(u64::to_string).collect();
            let more = if it.count > it.lines.len() as u64 { ", …" } else { "" };
            let (count, lines, first) = (it.count, lines.join(", "), it.first.get(lang));
            let said = match lang {
                Lang::En => format!("{reason} {count} ({row} {lines}{more}): {first}"),
                Lang::Zh => format!("{} {count}({row} {lines}{more}):{first}", zh(reason)),
            };
            line(lang, text, refused, &said);
        }
        for (reason, count) in self.refused {
            // What was wrong is told in words of the records: those are English.
            let first = self.tally.refused.get(reason).map_or("", String::as_str);
            let said = match lang {
                Lang::En => format!("{reason} {count}: {first}"),
                Lang::Zh => format!("{} {count}", zh(reason)),
            };
            line(lang, text, refused, &said);
        }
    }

    fn alarms(&self, (words, lang): (&Words, Lang), text: &mut String) {
        let mut alarms: Vec<_> = self.tally.alarms.iter().collect();
        let [raised, stand, none] = words.alarms;
        if alarms.is_empty() {
            let _ = writeln!(text, "{none}");
            return;
        }
        let standing = alarms.iter().filter(|(_, it)| it.stands()).count();
        let times: u64 = alarms.iter().map(|(_, it)| it.times).sum();
        let comma = lang.pick(", ", ",");
        let _ = writeln!(text, "{raised} {times}{comma}{stand} {standing}\n");
        alarms.sort_by_key(|(_, it)| std::cmp::Reverse((it.priority, it.times)));
        let plants: BTreeSet<_> = alarms.iter().map(|(id, _)| &id.plant).collect();
        let mut rows = table::plain(&words.head);
        for (id, it) in &alarms {
            let tag = place_name(id.tag.as_ref(), lang);
            let tag = if plants.len() > 1 { format!("{}/{tag}", id.plant) } else { tag.to_owned() };
            rows.add_row(self.row(words, id.rule.as_str(), tag, it));
        }
        for row in rows.lines() {
            let _ = writeln!(text, "{}", row.trim_end());
        }
    }

    fn row(&self, words: &Words, rule: &str, tag: String, it: &Raised) -> [String; 8] {
        let priority = match it.priority {
            Priority::Low => words.priorities[0],
            Priority::Medium => words.priorities[1],
            Priority::High => words.priorities[2],
        };
        let now = if it.stands() { words.stands } else { "" };
        [
            priority.to_owned(),
            rule.to_owned(),
            tag,
            it.times.to_string(),
            whole(it.total),
            whole(it.longest),
            it.first().map_or(String::new(), |at| self.local(at)),
            now.to_owned(),
        ]
    }
}

/// The first of many names.
fn some<'n>(names: impl ExactSizeIterator<Item = &'n str>, lang: Lang) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let first: Vec<String> = names.take(NAMES_MAX).map(shown).collect();
    let comma = lang.pick(", ", "、");
    let more = match (more, lang) {
        (0, _) => String::new(),
        (more, Lang::En) => format!(", … {more}"),
        (more, Lang::Zh) => format!("等,另有{more}个"),
    };
    format!("{}{more}", first.join(comma))
}

fn line(lang: Lang, text: &mut String, what: &str, said: &str) {
    let colon = lang.pick(": ", ":");
    let _ = writeln!(text, "  {what}{colon}{said}");
}

/// Why something is refused, in Chinese; a reason that has no words is its own.
pub(super) fn zh(reason: &str) -> &str {
    match reason {
        "bad-row" => "行不对",
        "torn-line" => "末行不完整",
        "bad-time" => "时间不对",
        "bad-flag" => "质量码不对",
        "bad-unit" => "单位不对",
        "bad-result" => "化验结果不对",
        "bad-topic" => "主题不对",
        "unknown-tag" => "未知位号",
        "unknown-plant" => "未知水厂",
        "unknown-site" => "未知采样点",
        "wrong-point" => "水样类型不符",
        "future" => "时间在将来",
        // What is not said again of a recorded stream.
        "alarms of a monitor" => "监测端的报警",
        "retained: history when it was recorded" => "记录时已是消息服务器保留的旧消息",
        "too large: the recording has only the beginning" => "过大:记录中只有开头",
        "of another plant" => "其他水厂的",
        "outside of every space" => "不在任何空间内",
        other if REASONS.contains(&other) => in_chinese(other),
        other => other,
    }
}

/// Without what is below a minute, of times over an hour.
pub fn whole(span: Span) -> String {
    let ms = span.as_ms();
    if ms < 3_600_000 { span.to_string() } else { Span::minutes(ms / 60_000).to_string() }
}
