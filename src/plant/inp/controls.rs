//! `[CONTROLS]`: simple controls in all their forms.

use super::Reader;
use super::line::{Line, Word};
use super::links::NO_SETTING;
use crate::base::Span;
use crate::base::units::Length;
use crate::plant::network::{
    ControlAction, ControlWhen, LinkIndex, LinkKind, NodeKind, SimpleControl,
};

const FORMS: &str = "write LINK id OPEN|CLOSED|number IF NODE id ABOVE|BELOW number, \
                     … AT TIME hours, or … AT CLOCKTIME time AM|PM";

impl<'a> Reader<'a> {
    pub(super) fn read_controls(&mut self) {
        for mut line in self.lines("CONTROLS") {
            if line.words.last().is_some_and(|word| word.is("DISABLED")) {
                continue;
            }
            line.words.retain(|word| !word.is("ENABLED"));
            let control = self.control(&line);
            self.network.controls.extend(control);
        }
    }

    fn control(&mut self, line: &Line<'a>) -> Option<SimpleControl> {
        let words = &line.words;
        let is_link =
            |word: &Word<'a>| ["LINK", "PIPE", "PUMP", "VALVE"].iter().any(|k| word.is(k));
        let by_level = words.len() == 8 && words[3].is("IF");
        let by_time = (6..=7).contains(&words.len())
            && words[3].is("AT")
            && (words[4].is("TIME") || words[4].is("CLOCKTIME"));
        if !is_link(&words[0]) || !(by_level || by_time) {
            self.add(&line.span(), "this is no simple control", FORMS);
            return None;
        }
        let link = self.link(&words[1]);
        self.check_is_no_check_valve(link, &words[1]);
        let action = self.action(link, &words[2]);
        let when = if by_level { self.level(words) } else { self.time(&words[4..]) };
        Some(SimpleControl { link: link?, action: action?, when: when? })
    }

    pub(super) fn check_is_no_check_valve(&mut self, link: Option<LinkIndex>, word: &Word<'a>) {
        if let Some(link) = link.filter(|link| self.is_check_valve(*link)) {
            let text = format!("{:?} is a check valve", self.network.links[link.0].id);
            self.add(&word.span, text, "it opens and shuts by itself: remove the control");
        }
    }

    pub(super) fn action(
        &mut self,
        link: Option<LinkIndex>,
        word: &Word<'a>,
    ) -> Option<ControlAction> {
        if word.is("OPEN") {
            return Some(ControlAction::Open);
        }
        if word.is("CLOSED") {
            return Some(ControlAction::Closed);
        }
        let value = self.not_negative(word, "what the control sets")?;
        let link = link?;
        let is_pump = matches!(self.network.links[link.0].kind, LinkKind::Pump { .. });
        let Some(value) = self.link_setting(link, value) else {
            self.add(&word.span, NO_SETTING, "write OPEN or CLOSED");
            return None;
        };
        let stops = is_pump && value == 0.0;
        Some(if stops { ControlAction::Closed } else { ControlAction::Setting(value) })
    }

    fn level(&mut self, words: &[Word<'a>]) -> Option<ControlWhen> {
        let node = self.node(&words[5]);
        let place = self.keyword("condition", &words[6], &["ABOVE", "BELOW"]);
        let value = self.not_negative(&words[7], "the level");
        let (node, place, value) = (node?, place?, value?);
        match &self.network.nodes[node.0].kind {
            NodeKind::Reservoir => {
                let text = format!("{:?} is a reservoir: its level never changes", words[5].text);
                self.add(&words[5].span, text, "name a tank or a junction");
                return None;
            }
            NodeKind::Tank(tank) => {
                let (min, max) = (tank.min_level, tank.max_level);
                if !(min.as_m()..=max.as_m()).contains(&value) {
                    let text = format!("the tank's level never gets there: it is {min} to {max}");
                    self.add(&words[7].span, text, "the level counts from the tank's bottom");
                }
            }
            NodeKind::Junction { .. } => {}
        }
        let level = Length::m(value);
        let above = place == 0;
        Some(if above { ControlWhen::Above(node, level) } else { ControlWhen::Below(node, level) })
    }

    /// `TIME t` or `CLOCKTIME t`, with a unit or AM or PM behind.
    fn time(&mut self, words: &[Word<'a>]) -> Option<ControlWhen> {
        let unit = words.get(2).map_or("", |word| word.text);
        let Some(time) = time(words[1].text, unit) else {
            let help = "write hours (6.5), a time (6:30), or a time with AM or PM";
            let span = words[1].span.start..words[words.len() - 1].span.end;
            self.add(&span, "this is no time", help);
            return None;
        };
        if words[0].is("TIME") && time >= Span::DAY {
            let text = "every day of a plant is like the first: this would never come";
            self.add(&words[1].span, text, "give a time of day, below 24:00");
            return None;
        }
        let in_day = time.as_ms().rem_euclid(Span::DAY.as_ms());
        Some(ControlWhen::AtClockTime(Span::ms(in_day)))
    }
}

/// EPANET's times: decimal hours (or another unit), `H:MM` or `H:MM:SS`; AM and PM for clocks.
pub(super) fn time(text: &str, unit: &str) -> Option<Span> {
    let parts = text.split(':').map(|part| part.parse::<f64>().ok().filter(|n| *n >= 0.0));
    let parts: Vec<f64> = parts.collect::<Option<_>>()?;
    let seconds = match parts[..] {
        [hours] => {
            let unit = unit.to_ascii_uppercase();
            let size = match unit.as_str() {
                "" | "AM" | "PM" => 3_600.0,
                _ if unit.starts_with("SEC") => 1.0,
                _ if unit.starts_with("MIN") => 60.0,
                _ if unit.starts_with("HOU") => 3_600.0,
                _ if unit.starts_with("DAY") => 86_400.0,
                _ => return None,
            };
            hours * size
        }
        [hours, minutes] => hours * 3_600.0 + minutes * 60.0,
        [hours, minutes, seconds] => hours * 3_600.0 + minutes * 60.0 + seconds,
        _ => return None,
    };
    let half_day = 43_200.0;
    let seconds = match unit.to_ascii_uppercase().as_str() {
        "AM" | "PM" if seconds >= 13.0 * 3_600.0 => return None,
        "AM" if seconds >= half_day => seconds - half_day,
        "PM" if seconds < half_day => seconds + half_day,
        _ => seconds,
    };
    let ms = libm::round(seconds * 1_000.0);
    (ms.is_finite() && ms < 1e15).then(|| Span::ms(ms as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_epanet_reads_them() {
        let minutes = |text, unit| time(text, unit).map(|span| span.as_ms() / 60_000);
        assert_eq!(minutes("6.5", ""), Some(390));
        assert_eq!(minutes("6:30", ""), Some(390));
        assert_eq!(minutes("6:30", "PM"), Some(1_110));
        assert_eq!(minutes("12:15", "AM"), Some(15));
        assert_eq!(minutes("12", "PM"), Some(720));
        assert_eq!(minutes("90", "MIN"), Some(90));
        assert_eq!(minutes("26", ""), Some(1_560));
        for wrong in [("six", ""), ("-1", ""), ("13:00", "PM"), ("1:2:3:4", ""), ("1", "LIGHT")] {
            assert_eq!(minutes(wrong.0, wrong.1), None, "{wrong:?}");
        }
    }
}
