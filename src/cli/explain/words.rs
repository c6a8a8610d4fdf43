//! An explanation in words.

use std::io::Write;

use crate::alarms::event::{AlarmEvent, AlarmState};
use crate::alarms::state::{Chatter, Phase};
use crate::alarms::stop::Announced;
use crate::base::text::Lang;
use crate::base::units::Quantity;
use crate::base::{RuleId, Span, Stamp};
use crate::cli::exit::Failure;
use crate::cli::view::words::Words;
use crate::inspection::book::{InspectionRule, Kind, NoData};
use crate::inspection::finding::Verdict;
use crate::inspection::unit_keys::shown;
use crate::monitor::explain::Explanation;
use crate::plant::Plant;

/// What an explanation is written with.
pub(super) struct Page<'a> {
    pub(super) rule: &'a InspectionRule,
    pub(super) plant: &'a Plant,
    pub(super) lang: Lang,
}

impl Page<'_> {
    fn say(&self, en: String, zh: String) -> String {
        if self.lang == Lang::Zh { zh } else { en }
    }

    fn word(&self, en: &'static str, zh: &'static str) -> &'static str {
        if self.lang == Lang::Zh { zh } else { en }
    }

    fn clock(&self, at: Stamp) -> String {
        at.month_day_time(self.plant.profile.utc_offset)
    }

    /// One sentence: raised or not, and why.
    pub(super) fn headline(&self, it: &Explanation) -> String {
        if it.sight.is_none() {
            let reasons: Vec<&str> = it.not_for.iter().map(|it| it.get(self.lang)).collect();
            let reasons = reasons.join(self.word("; ", ";"));
            return self
                .say(format!("never raised here: {reasons}"), format!("此处从不报警:{reasons}"));
        }
        let because = self.because(it);
        let aside = match it.alarm.state {
            AlarmState::OutOfService => {
                self.say("out of service: ".to_owned(), "已停用:".to_owned())
            }
            AlarmState::SuppressedByDesign if it.alarm.spoken_for_by.is_empty() => {
                let until = it.alarm.stop.as_ref().map(|it| self.clock(it.stop.until));
                let until = until.unwrap_or_default();
                self.say(
                    format!("kept silent by an announced stop of supply until {until}: "),
                    format!("已预告停水至 {until},期间不报警:"),
                )
            }
            AlarmState::SuppressedByDesign => {
                let parents = it.alarm.spoken_for_by.iter();
                let parents: Vec<String> = parents
                    .map(|(rule, tag)| match tag {
                        Some(tag) => format!("{rule} {tag}"),
                        None => rule.to_string(),
                    })
                    .collect();
                let parents = parents.join(self.word(", ", "、"));
                self.say(
                    format!("kept silent, as {parents} speaks for it: "),
                    format!("被 {parents} 抑制,由其报警:"),
                )
            }
            AlarmState::Shelved => {
                let until = it.alarm.shelved_until.map(|at| self.clock(at)).unwrap_or_default();
                self.say(format!("on the shelf until {until}: "), format!("搁置至 {until}:"))
            }
            _ => String::new(),
        };
        aside + &because + &self.chatters(it)
    }

    fn chatters(&self, it: &Explanation) -> String {
        let Some((Chatter { since, times, .. }, calm)) = it.alarm.chatter.zip(it.alarm.calm_at)
        else {
            return String::new();
        };
        let (since, calm) = (self.clock(since), self.clock(calm));
        self.say(
            format!(
                "; it chatters, {times} times since {since}, and is announced no more until it \
                 calms: at {calm}, if nothing moves before"
            ),
            format!(";正在抖动,自 {since} 起 {times} 次,平稳前不再报出:若无变化,至 {calm}"),
        )
    }

    fn because(&self, it: &Explanation) -> String {
        let (on, off) = (self.rule.on_delay, self.rule.off_delay);
        match it.alarm.phase {
            Phase::Pending { since, from } => {
                let (since, until) = (self.clock(since), self.clock(from + on));
                self.say(
                    format!(
                        "not raised yet: the condition holds since {since}; the on-delay of {on} \
                         runs until {until}"
                    ),
                    format!("尚未报警:条件自 {since} 起成立,报警延时 {on},至 {until}"),
                )
            }
            Phase::Active { since } => {
                let since = self.clock(since);
                let answer = if it.alarm.unanswered {
                    self.word("nobody has answered it", "无人确认")
                } else {
                    self.word("it has been acknowledged", "已确认")
                };
                self.say(
                    format!("raised: the condition holds since {since}; {answer}"),
                    format!("报警中:条件自 {since} 起成立;{answer}"),
                )
            }
            Phase::Clearing { gone, .. } => {
                let until = it.alarm.calm_at.map_or(gone + off, |calm| calm.max(gone + off));
                let (gone, until) = (self.clock(gone), self.clock(until));
                if it.alarm.chatter.is_some() {
                    return self.say(
                        format!(
                            "still raised: the condition is gone since {gone}; it is held until \
                             {until}"
                        ),
                        format!("仍在报警:条件自 {gone} 起消失,保持至 {until}"),
                    );
                }
                self.say(
                    format!(
                        "still raised: the condition is gone since {gone}; the off-delay of {off} \
                         runs until {until}"
                    ),
                    format!("仍在报警:条件自 {gone} 起消失,恢复延时 {off},至 {until} 恢复"),
                )
            }
            Phase::Latched { again: None } => self.say(
                "over, but latched: a person must reset it".to_owned(),
                "条件已消失,但已锁存:须人工复位".to_owned(),
            ),
            Phase::Latched { again: Some(since) } => {
                let since = self.clock(since);
                self.say(
                    format!("latched, and the condition holds again since {since}"),
                    format!("已锁存,条件自 {since} 起再次成立"),
                )
            }
            Phase::Clear => self.not_raised(it),
        }
    }

    fn not_raised(&self, it: &Explanation) -> String {
        let over = it
            .alarm
            .unanswered
            .then(|| self.word("over, and nobody has answered it: ", "已恢复,无人确认:"));
        let why = match it.sight.as_ref().and_then(|sight| sight.verdict) {
            _ if it.reached.is_none() => {
                self.word("nothing has come from this plant", "尚未收到该水厂的任何数据")
            }
            None if matches!(self.rule.kind, Kind::Refusal(_)) => {
                self.word("no such message has come of late", "近来没有这样的消息")
            }
            None => self.word("nothing has been judged yet", "尚无判定"),
            Some(Verdict::Normal) => self.word("the condition does not hold", "条件不成立"),
            Some(Verdict::NoData) if self.rule.no_data == NoData::Hold => self.word(
                "there is nothing to judge by, and without data it keeps its state",
                "无可用数据;无数据时保持原状态",
            ),
            Some(Verdict::NoData) => self.word(
                "there is nothing to judge by, and without data it counts as gone",
                "无可用数据;无数据时视为消失",
            ),
            Some(Verdict::Abnormal) => self.word(
                "the condition has been found, and the alarm has not heard of it yet",
                "条件已成立,报警尚待处理",
            ),
        };
        let not = self.word("not raised: ", "未报警:");
        format!("{}{why}", over.unwrap_or(not))
    }

    /// Everything about one place.
    pub(super) fn write(
        &self,
        it: &Explanation,
        recorded: Option<&AlarmEvent>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let tag = it.tag.as_ref().map(|tag| format!(" {tag}")).unwrap_or_default();
        let reached = match it.reached {
            Some(at) => at.at(self.plant.profile.utc_offset),
            None => "–".to_owned(),
        };
        writeln!(out, "{}{tag} · {} · {reached}", it.rule, it.plant)?;
        writeln!(out, "{}", self.headline(it))?;
        writeln!(out)?;
        for (label, text) in self.lines(it, recorded) {
            if !text.is_empty() {
                let width = if self.lang == Lang::Zh { 4 } else { 10 };
                let fill = width.max(label.chars().count()) - label.chars().count();
                let fill =
                    if self.lang == Lang::Zh { "　".repeat(fill) } else { " ".repeat(fill) };
                writeln!(out, "  {label}{fill}  {text}")?;
            }
        }
        Ok(())
    }

    fn lines(
        &self,
        it: &Explanation,
        recorded: Option<&AlarmEvent>,
    ) -> Vec<(&'static str, String)> {
        let rule = self.rule;
        let mut lines = vec![
            (
                self.word("rule", "规则"),
                format!("{} · {}", rule.title.get(self.lang), rule.source.get(self.lang)),
            ),
            (self.word("watches", "监视"), rule.scope(self.lang)),
            (self.word("raised if", "报警条件"), rule.condition(self.lang)),
            (self.word("delays", "延时"), self.delays()),
        ];
        if let Some(sight) = &it.sight {
            let verdict = match sight.verdict {
                None => self.word("none yet", "尚无"),
                Some(Verdict::Normal) => self.word("normal", "正常"),
                Some(Verdict::Abnormal) => self.word("abnormal", "异常"),
                Some(Verdict::NoData) => self.word("no data", "无数据"),
            };
            let since = sight.changed_at.map(|at| {
                let at = self.clock(at);
                self.say(format!(" since {at}"), format!(",自 {at} 起"))
            });
            let data = sight.no_data_at.map(|at| self.without(at));
            lines.extend([
                (self.word("sees", "所见"), sight.said(self.lang).to_owned()),
                (self.word("verdict", "判定"), format!("{verdict}{}", since.unwrap_or_default())),
                (self.word("judged", "所判读数"), self.values(it, &sight.judged)),
                (self.word("left out", "剔除读数"), self.values(it, &sight.left_out)),
                (self.word("data", "数据"), data.unwrap_or_default()),
            ]);
        }
        lines.extend([
            (self.word("latest", "最新读数"), self.latest(it)),
            (self.word("last alarm", "上次报警"), self.last_alarm(it)),
            (self.word("ledger", "台账"), recorded.map(|it| self.recorded(it)).unwrap_or_default()),
            (self.word("silent if", "受其抑制"), self.parents(it)),
            (self.word("stop", "停水预告"), self.stop(it)),
            (
                self.word("follows", "起因"),
                (rule.follows.iter().map(RuleId::as_str).collect::<Vec<_>>())
                    .join(self.word(", ", "、")),
            ),
            (self.word("advice", "处置"), rule.advice.get(self.lang).to_owned()),
            (self.word("procedure", "规程"), rule.runbook.clone().unwrap_or_default()),
        ]);
        lines
    }

    fn delays(&self) -> String {
        let (on, off) = (self.rule.on_delay, self.rule.off_delay);
        if (on, off) == (Span::ZERO, Span::ZERO) {
            return self
                .word("none: raised and cleared at once", "无:立即报警、立即恢复")
                .to_owned();
        }
        self.say(
            format!("{on} before it is raised, {off} before it clears"),
            format!("报警延时 {on},恢复延时 {off}"),
        )
    }

    /// What follows when nothing usable comes until `at`.
    fn without(&self, at: Stamp) -> String {
        let at = self.clock(at);
        if matches!(self.rule.kind, Kind::TagSilence | Kind::GatewaySilence { .. }) {
            return self.say(
                format!("without anything usable until {at} the condition holds"),
                format!("至 {at} 仍无可用数据,则条件成立"),
            );
        }
        self.say(
            format!("without anything usable until {at} it has nothing to judge by"),
            format!("至 {at} 仍无可用数据,则无从判定"),
        )
    }

    fn values(&self, it: &Explanation, values: &[(Stamp, f64)]) -> String {
        let digits = |value: f64| if value.abs() >= 100.0 { 0 } else { 2 };
        let quantity = self.quantity(it);
        let mut texts: Vec<String> = values
            .iter()
            .map(|(at, value)| {
                let time = at.hh_mm(self.plant.profile.utc_offset);
                let digits = digits(*value);
                format!("{time} {value:.digits$}")
            })
            .collect();
        if let (Some(last), Some(quantity)) = (texts.last_mut(), quantity) {
            let unit = quantity.measured_in().symbol;
            last.push_str(&format!(" {unit}"));
        }
        texts.join("  ").trim_end().to_owned()
    }

    fn quantity(&self, it: &Explanation) -> Option<Quantity> {
        let tag = it.tag.as_ref()?;
        let mut instruments = self.plant.instruments.iter();
        Some(instruments.find(|instrument| instrument.tag.id == *tag)?.tag.quantity)
    }

    fn latest(&self, it: &Explanation) -> String {
        let Some(latest) = &it.latest else { return String::new() };
        let value = match (latest.value, self.quantity(it)) {
            (Some(value), Some(quantity)) => shown(quantity, value),
            (Some(value), None) => value.to_string(),
            (None, _) => self.word("no value", "无值").to_owned(),
        };
        let tests = latest.tests.names_in(self.lang);
        let tests = if tests.is_empty() { tests } else { format!(" ({tests})") };
        format!("{} {value} · {}{tests}", self.clock(latest.at), latest.flag.name_in(self.lang))
    }

    fn last_alarm(&self, it: &Explanation) -> String {
        let Some(at) = it.alarm.raised_at else { return String::new() };
        format!("{} · {}", self.clock(at), it.alarm.why.said(self.lang))
    }

    fn recorded(&self, event: &AlarmEvent) -> String {
        let by = event.by.as_ref().map(|by| format!(" · {}", by.name)).unwrap_or_default();
        let change = self.word(event.change.name(), event.change.zh());
        let state = self.word(event.state.name(), Words::of(Lang::Zh).state(event.state));
        format!("{} {change} · {state}{by}", self.clock(event.at))
    }

    fn stop(&self, it: &Explanation) -> String {
        match &it.alarm.stop {
            Some(Announced { stop, by, .. }) => {
                let [from, until] = [stop.from, stop.until].map(|at| self.clock(at));
                let to = self.word("to", "至");
                format!("{from} {to} {until} · {} · {}", by.reason, by.name)
            }
            None if self.rule.silent_in_stops => self
                .word("none announced; in one it would be silent", "无;预告的停水期间不报警")
                .to_owned(),
            None => String::new(),
        }
    }

    fn parents(&self, it: &Explanation) -> String {
        let holding = &it.alarm.spoken_for_by;
        let parents = self.rule.inhibited_by.iter().map(|parent| {
            let holds = holding.iter().any(|(rule, _)| rule == parent);
            let word = if holds {
                self.word("holds now", "现成立")
            } else {
                self.word("does not hold", "不成立")
            };
            self.say(format!("{parent} ({word})"), format!("{parent}({word})"))
        });
        parents.collect::<Vec<_>>().join(self.word(", ", "、"))
    }

    /// A line a place.
    pub(super) fn write_list(
        &self,
        all: &[Explanation],
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let tag = |it: &Explanation| it.tag.as_ref().map_or("–".to_owned(), ToString::to_string);
        let width = all.iter().map(|it| tag(it).len()).max().unwrap_or(0);
        for it in all {
            // What has not been judged says what it waits for.
            let waits = it.sight.as_ref().filter(|sight| sight.verdict.is_none());
            let waits = waits.map(|sight| sight.said(self.lang)).filter(|said| !said.is_empty());
            let waits = waits.map(|said| format!("{}{said}", self.word(": ", ":")));
            let waits = waits.unwrap_or_default();
            writeln!(out, "{:width$}  {}{waits}", tag(it), self.headline(it))?;
        }
        Ok(())
    }
}
