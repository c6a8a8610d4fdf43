//! Draws the list of alarms, the chosen one marked, and the form that shelves it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span as Piece};
use ratatui::widgets::Paragraph;

use super::cells::{fit, left};
use super::desk::{Desk, Form};
use super::draw::{BOLD, CALM, DIM, boxed, level_style, mark};
use super::model::{AlarmRow, Level, View};
use super::words::Words;
use crate::alarms::event::AlarmState;

/// The lines of the list, in at most `room`: the flood that goes on, then two lines an alarm while
/// there is room for that.
pub fn alarm_lines(
    view: &View,
    desk: &Desk,
    width: usize,
    room: usize,
    words: &Words,
) -> Vec<Line<'static>> {
    let Some(flood) = &view.flood else { return rows(view, desk, width, room, words) };
    let flood = fit(&format!(" {} {flood}", words.flood[0]), width);
    let mut lines = vec![Line::styled(flood, level_style(Level::High))];
    lines.extend(rows(view, desk, width, room.saturating_sub(1), words));
    lines
}

fn rows(view: &View, desk: &Desk, width: usize, room: usize, words: &Words) -> Vec<Line<'static>> {
    let rows = desk.rows(view);
    let chosen = desk.chosen(&rows);
    let tag = rows.iter().map(|alarm| Piece::raw(alarm.tag.as_str()).width()).max().unwrap_or(0);
    let line = |(at, alarm): (usize, &&AlarmRow), two: bool| {
        let behind = desk.behind(view, alarm);
        Row { alarm, behind, tag, width, words, chosen: chosen == Some(at) }.lines(two)
    };
    let full: Vec<Line<'_>> = rows.iter().enumerate().flat_map(|row| line(row, true)).collect();
    if full.len() <= room {
        return full;
    }
    let keep = if rows.len() > room { room.saturating_sub(1) } else { room };
    // The chosen one is always on the screen.
    let first = chosen.map_or(0, |at| (at + 1).saturating_sub(keep));
    let shown = rows.iter().enumerate().skip(first).take(keep);
    let mut lines: Vec<Line<'_>> = shown.flat_map(|row| line(row, false)).collect();
    let hidden: Vec<&str> = rows
        .iter()
        .enumerate()
        .filter(|(at, _)| *at < first || *at >= first + keep)
        .map(|(_, alarm)| alarm.tag.as_str())
        .collect();
    if !hidden.is_empty() {
        let text = format!(" … {} {} · {}", words.more, hidden.len(), hidden.join(" "));
        lines.push(Line::styled(fit(&text, width), CALM));
    }
    lines
}

/// One alarm as it is written.
struct Row<'a> {
    alarm: &'a AlarmRow,
    /// How many others its line stands for.
    behind: usize,
    /// Cells of the longest tag.
    tag: usize,
    width: usize,
    words: &'a Words,
    chosen: bool,
}

impl Row<'_> {
    /// Where the reason has no room beside the title, it gets a line of its own, or the title gives
    /// way: the reason is what matters.
    fn lines(&self, two: bool) -> Vec<Line<'static>> {
        let Self { alarm, tag, width, words, .. } = *self;
        let style = self.style();
        let cursor = if self.chosen { "›" } else { " " };
        let sign = if alarm.state.is_unanswered() { "!" } else { " " };
        let mut pieces = vec![
            Piece::styled(cursor, BOLD),
            Piece::styled(format!("{} {}{sign} ", self.mark(), left(self.word(), 6)), style),
            Piece::styled(format!("{} ", alarm.since), CALM),
            Piece::styled(format!("{} ", left(&alarm.tag, tag)), style),
        ];
        let reason = if alarm.now.is_empty() {
            alarm.why.clone()
        } else {
            format!("{} · {} {}", alarm.why, words.now, alarm.now)
        };
        let reason = if self.behind > 0 { format!("+{} · {reason}", self.behind) } else { reason };
        let start: usize = pieces.iter().map(Piece::width).sum();
        let [title, why] = [&alarm.title, &reason].map(|text| Piece::raw(text.as_str()).width());
        if two && start + title + 3 + why > width {
            pieces.push(Piece::styled(fit(&alarm.title, width.saturating_sub(start)), style));
            let why = format!("{}{}", " ".repeat(start), fit(&reason, width.saturating_sub(start)));
            return vec![Line::from(pieces), Line::styled(why, CALM)];
        }
        let title = fit(&alarm.title, width.saturating_sub(start + 3 + why));
        pieces.push(Piece::styled(title, style));
        pieces.push(Piece::styled(format!("   {reason}"), CALM));
        vec![Line::from(pieces)]
    }

    fn style(&self) -> Style {
        let style = level_style(self.alarm.level);
        if self.alarm.state == AlarmState::Acknowledged {
            return style.remove_modifier(Modifier::BOLD);
        }
        style
    }

    /// Full while it is active, hollow when it has returned.
    fn mark(&self) -> &'static str {
        match (self.alarm.state.is_active(), self.alarm.priority) {
            (true, priority) => mark(priority),
            _ if self.alarm.state.is_set_aside() => mark(Level::Calm),
            (false, Level::High) => "□",
            (false, Level::Medium) => "△",
            (false, _) => "○",
        }
    }

    fn word(&self) -> &'static str {
        let words = self.words;
        let [low, medium, high] = words.priorities;
        match self.alarm.state {
            AlarmState::Unacknowledged | AlarmState::Acknowledged => match self.alarm.priority {
                Level::High => high,
                Level::Medium => medium,
                Level::Low | Level::Calm => low,
            },
            state => words.short_state(state),
        }
    }
}

/// The list in its frame; what is set aside is counted there, always.
pub fn alarm_list(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    mut lines: Vec<Line<'static>>,
    words: &Words,
) {
    if lines.is_empty() {
        lines.push(Line::styled(format!(" {}", words.no_alarm), DIM));
    }
    let count = |state| view.alarms.iter().filter(|alarm| alarm.state == state).count();
    let unanswered = view.alarms.iter().filter(|alarm| alarm.state.is_unanswered()).count();
    let mut title = words.alarms.to_owned();
    if view.active() > 0 {
        title = format!("{title} · {}", view.active());
    }
    if unanswered > 0 {
        title = format!("{title} · {} {unanswered}", words.unanswered);
    }
    for state in AlarmState::SET_ASIDE {
        let count = count(state);
        if count > 0 || state != AlarmState::OutOfService {
            title = format!("{title} · {} {count}", words.state(state));
        }
    }
    frame.render_widget(Paragraph::new(lines).block(boxed(&title)), area);
}

/// The form, in place of the last line.
pub fn form_line(form: &Form, words: &Words) -> Line<'static> {
    let [shelve, minutes, reason, keys] = words.form;
    let tag = form.alarm.tag.as_ref().map_or(form.alarm.rule.as_str(), |tag| tag.as_str());
    let field = |text: &str, typed: bool| {
        let style = if typed { BOLD.add_modifier(Modifier::REVERSED) } else { BOLD };
        Piece::styled(format!(" {text}{} ", if typed { "▏" } else { "" }), style)
    };
    Line::from(vec![
        Piece::styled(format!(" {shelve} {tag} "), BOLD),
        field(&form.minutes, !form.at_reason),
        Piece::styled(format!(" {minutes} · {reason} "), CALM),
        field(&form.reason, form.at_reason),
        Piece::styled(format!("  {keys}"), DIM),
    ])
}
