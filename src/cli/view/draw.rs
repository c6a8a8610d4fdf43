//! Draws the terminal view: grey while all is well, colour only for what is not.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span as Piece};
use ratatui::widgets::{Block, Borders, Cell, Paragraph, Row, Table};

use super::model::{AlarmRow, Level, TankRow, Value, View};
use super::words::Words;
use crate::base::text::Lang;

const CALM: Style = Style::new().fg(Color::Gray);
const DIM: Style = Style::new().fg(Color::DarkGray);
const STALE: Style = Style::new().fg(Color::DarkGray).add_modifier(Modifier::CROSSED_OUT);

/// Draws one picture.
pub fn draw(frame: &mut Frame<'_>, view: &View, lang: Lang) {
    let words = Words::of(lang);
    let alarm_rows = view.alarms.len().clamp(2, 8) as u16 + 3;
    let village_rows = view.villages.len() as u16 + 3;
    let [head, middle, alarms, log, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(village_rows.max(view.works.len() as u16 + 2)),
        Constraint::Length(alarm_rows),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    header(frame, head, view, words);
    let wide = frame.area().width >= 100;
    let sides = if wide { [62, 38] } else { [58, 42] };
    let [left, right] = Layout::horizontal(sides.map(Constraint::Percentage)).areas(middle);
    villages(frame, left, view, words);
    works(frame, right, view, words);
    standing(frame, alarms, view, words);
    events(frame, log, view, words);
    footer(frame, foot, view, words);
}

fn header(frame: &mut Frame<'_>, area: Rect, view: &View, words: &Words) {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let clock = view.clock.as_deref().unwrap_or(words.waiting);
    let mut line = vec![
        Piece::styled(format!(" {} ", view.title), bold.add_modifier(Modifier::REVERSED)),
        Piece::styled(format!("  {clock}"), bold),
        Piece::styled(format!("  {}", view.speed), CALM),
    ];
    if let Some(state) = view.presence {
        let style = if state { CALM } else { level_style(Level::High) };
        let word = if state { words.online } else { words.offline };
        line.push(Piece::styled(format!("  {word}"), style));
    }
    let rows = vec![Line::from(line), progress_line(view, area.width)];
    frame.render_widget(Paragraph::new(rows), area);
}

fn progress_line(view: &View, width: u16) -> Line<'static> {
    let Some(share) = view.progress else { return Line::styled(" ".to_owned(), DIM) };
    let cells = usize::from(width.saturating_sub(2));
    let full = (share.clamp(0.0, 1.0) * cells as f64) as usize;
    Line::from(vec![
        Piece::styled(format!(" {}", "━".repeat(full)), CALM),
        Piece::styled("─".repeat(cells - full), DIM),
    ])
}

fn boxed(title: &str) -> Block<'_> {
    Block::new().borders(Borders::TOP).border_style(DIM).title(Piece::styled(title, CALM))
}

fn villages(frame: &mut Frame<'_>, area: Rect, view: &View, words: &Words) {
    let head = words.village_columns.map(|word| Cell::from(Piece::styled(word, DIM)));
    let rows = view.villages.iter().map(|village| {
        Row::new([
            Cell::from(Piece::styled(village.name.clone(), CALM)),
            value_cell(&village.pressure),
            Cell::from(Piece::styled(village.needs.clone(), DIM)),
            Cell::from(bar(&village.pressure, village.share)),
            value_cell(&village.chlorine),
            value_cell(&village.turbidity),
        ])
    });
    let widths = [
        Constraint::Min(12),
        Constraint::Length(9),
        Constraint::Length(6),
        Constraint::Length(12),
        Constraint::Length(7),
        Constraint::Length(7),
    ];
    let table = Table::new(rows, widths).header(Row::new(head)).block(boxed(words.villages));
    frame.render_widget(table, area);
}

/// Pressure against what the village needs: the mark in the middle is "just enough".
fn bar(value: &Value, share: Option<f64>) -> Line<'static> {
    let Some(share) = share else { return Line::styled("", DIM) };
    let cells = 12_usize;
    let full = ((share / 2.0).clamp(0.0, 1.0) * cells as f64).round() as usize;
    let text: String = (0..cells)
        .map(|cell| match (cell < full, cell == cells / 2) {
            (true, _) => '█',
            (false, true) => '│',
            (false, false) => '·',
        })
        .collect();
    Line::styled(text, if value.stale { DIM } else { level_style(value.level) })
}

fn value_cell(value: &Value) -> Cell<'static> {
    let style = if value.stale { STALE } else { level_style(value.level) };
    let mark = match value.level {
        Level::High | Level::Medium => "▲",
        Level::Low => "△",
        Level::Calm => " ",
    };
    Cell::from(Piece::styled(format!("{mark}{}", value.text), style))
}

fn level_style(level: Level) -> Style {
    match level {
        Level::Calm => CALM,
        Level::Low => Style::new().fg(Color::Cyan),
        Level::Medium => Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD),
        Level::High => Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD),
    }
}

fn works(frame: &mut Frame<'_>, area: Rect, view: &View, words: &Words) {
    let values = view.works.iter().map(|row| {
        Row::new([
            Cell::from(Piece::styled(row.name.clone(), CALM)),
            value_cell(&row.value),
            Cell::from(Piece::styled(row.trend.clone(), DIM)),
        ])
    });
    let tanks = view.tanks.iter().map(|tank| {
        Row::new([
            Cell::from(Piece::styled(tank.name.clone(), CALM)),
            value_cell(&tank.value),
            Cell::from(gauge(tank)),
        ])
    });
    let widths = [Constraint::Min(14), Constraint::Length(13), Constraint::Length(10)];
    let table = Table::new(values.chain(tanks), widths).block(boxed(words.works));
    frame.render_widget(table, area);
}

fn gauge(tank: &TankRow) -> Line<'static> {
    let full = (tank.share.clamp(0.0, 1.0) * 10.0).round() as usize;
    Line::styled(format!("{}{}", "▮".repeat(full), "▯".repeat(10 - full)), CALM)
}

fn standing(frame: &mut Frame<'_>, area: Rect, view: &View, words: &Words) {
    if view.alarms.is_empty() {
        let text = Paragraph::new(Line::styled(format!(" {}", words.no_alarm), DIM));
        frame.render_widget(text.block(boxed(words.alarms)), area);
        return;
    }
    let title = format!("{} ({})", words.alarms, view.alarms.len());
    let rows = view.alarms.iter().take(8).map(alarm_row);
    let widths = [
        Constraint::Length(2),
        Constraint::Length(6),
        Constraint::Length(9),
        Constraint::Percentage(40),
        Constraint::Percentage(60),
    ];
    frame.render_widget(Table::new(rows, widths).block(boxed(&title)), area);
}

fn alarm_row(alarm: &AlarmRow) -> Row<'static> {
    let style = level_style(alarm.level);
    let mark = match alarm.level {
        Level::High => "■",
        Level::Medium => "▲",
        Level::Low | Level::Calm => "●",
    };
    Row::new([
        Cell::from(Piece::styled(mark, style)),
        Cell::from(Piece::styled(alarm.since.clone(), CALM)),
        Cell::from(Piece::styled(alarm.tag.clone(), style)),
        Cell::from(Piece::styled(alarm.title.clone(), style)),
        Cell::from(Piece::styled(alarm.why.clone(), CALM)),
    ])
}

fn events(frame: &mut Frame<'_>, area: Rect, view: &View, words: &Words) {
    let room = usize::from(area.height.saturating_sub(1));
    let skip = view.events.len().saturating_sub(room);
    let lines: Vec<Line<'_>> = view
        .events
        .iter()
        .skip(skip)
        .map(|event| Line::styled(format!(" {}", event.text), level_style(event.level)))
        .collect();
    frame.render_widget(Paragraph::new(lines).block(boxed(words.events)), area);
}

fn footer(frame: &mut Frame<'_>, area: Rect, view: &View, words: &Words) {
    let keys = if view.finished { words.keys_finished } else { words.keys };
    let line = Line::from(vec![
        Piece::styled(format!(" {keys}"), CALM),
        Piece::styled(format!("   {}", view.health), DIM),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}
