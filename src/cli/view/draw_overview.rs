//! Draws the list of many plants.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span as Piece};
use ratatui::widgets::Paragraph;

use crate::alarms::event::AlarmState;

use super::cells::{fit, grouped, left, right};
use super::draw::{CALM, DIM, boxed, level_style, mark};
use super::model::{Level, Overview, PlantRow, Totals};
use super::words::Words;

/// From this width on there is room for when and why, beside what.
const WIDE: u16 = 100;

/// Cells of alarms by priority.
const ALARMS: usize = 8;

/// Rows of the list that hold no plant: its title and its head.
const HEAD: u16 = 2;

/// How many plants a list of this height shows at a time.
pub fn page(height: u16) -> usize {
    usize::from(height.saturating_sub(HEAD)).max(1)
}

/// The width of each column before the worst alarm.
struct Columns {
    name: usize,
    county: usize,
    people: usize,
    concerned: usize,
    is_wide: bool,
}

impl Columns {
    fn of(overview: &Overview, width: u16, words: &Words) -> Self {
        let is_wide = width >= WIDE;
        let [_, county, people, concerned, ..] = words.plant_columns.map(cells);
        let rows = || overview.rows.iter();
        let widest = |of: fn(&PlantRow) -> usize| rows().map(of).max().unwrap_or(0);
        let name = widest(|row| cells(&row.name));
        let county = county.max(widest(|row| cells(&row.county)));
        Self {
            name: name.clamp(8, if is_wide { 26 } else { 18 }),
            county: county.min(if is_wide { 16 } else { 9 }),
            people: people.max(widest(|row| grouped(row.people).len())),
            concerned: concerned.max(widest(|row| grouped(row.concerned).len())),
            is_wide,
        }
    }
}

fn cells(text: &str) -> usize {
    Piece::raw(text).width()
}

/// Draws the page that holds the chosen row, or the first.
pub fn list(frame: &mut Frame<'_>, area: Rect, overview: &Overview, words: &Words) {
    let page = page(area.height);
    let first = overview.chosen.unwrap_or(0) / page * page;
    let width = usize::from(area.width);
    let columns = Columns::of(overview, area.width, words);
    let [_, county, people, concerned, alarms, worst] = words.plant_columns;
    let head = format!(
        "   {} {} {} {}  {} {worst}",
        " ".repeat(columns.name),
        left(county, columns.county),
        right(people, columns.people),
        right(concerned, columns.concerned),
        left(alarms, ALARMS),
    );
    let mut lines = vec![Line::styled(fit(&head, width), DIM)];
    for (at, row) in overview.rows.iter().enumerate().skip(first).take(page) {
        let line = line(row, &columns, width, words);
        let chosen = Style::new().add_modifier(Modifier::REVERSED);
        let is_chosen = overview.chosen == Some(at);
        lines.push(if is_chosen { line.patch_style(chosen) } else { line });
    }
    let last = (first + page).min(overview.rows.len());
    let title = title(&overview.totals, (first + 1, last), words);
    frame.render_widget(Paragraph::new(lines).block(boxed(&title)), area);
}

fn title(totals: &Totals, (first, last): (usize, usize), words: &Words) -> String {
    let [plants, ..] = words.plant_columns;
    let [alarmed, concerned, of] = words.totals;
    let all = totals.plants;
    let rows = if last - first + 1 < all { format!(" {first}–{last} /") } else { String::new() };
    format!(
        "{plants}{rows} {all} · {alarmed} {} · {concerned} {} {of} {}",
        totals.alarmed,
        grouped(totals.concerned),
        grouped(totals.people),
    )
}

fn line(row: &PlantRow, columns: &Columns, width: usize, words: &Words) -> Line<'static> {
    let style = level_style(row.level);
    let text = if row.online.is_none() { DIM } else { CALM };
    let concerned = match row.concerned {
        0 => Piece::styled(right("·", columns.concerned), DIM),
        some => Piece::styled(right(&grouped(some), columns.concerned), style),
    };
    let mut pieces = vec![
        Piece::styled(format!(" {} ", mark(row.level)), style),
        Piece::styled(
            left(&row.name, columns.name),
            if row.online.is_none() { DIM } else { style },
        ),
        Piece::styled(format!(" {} ", left(&row.county, columns.county)), text),
        Piece::styled(format!("{} ", right(&grouped(row.people), columns.people)), text),
        concerned,
        Piece::raw("  "),
    ];
    pieces.extend(counts(row));
    pieces.push(Piece::raw(" "));
    let used: usize = pieces.iter().map(Piece::width).sum();
    pieces.push(state(row, columns, width.saturating_sub(used), words));
    Line::from(pieces)
}

/// What there is to say of a plant, in so many cells.
fn state(row: &PlantRow, columns: &Columns, room: usize, words: &Words) -> Piece<'static> {
    let style = level_style(row.level);
    match (&row.worst, row.online) {
        (_, None) => Piece::styled(fit(words.unheard, room), DIM),
        (Some(worst), _) if columns.is_wide => {
            let why = fit(&worst.why, room / 2);
            let title = room.saturating_sub("06:43  · ".len() + cells(&why));
            let title = fit(&worst.title, title);
            Piece::styled(fit(&format!("{} {title} · {why}", worst.since), room), style)
        }
        (Some(worst), _) => Piece::styled(fit(&worst.title, room), style),
        (None, Some(false)) => Piece::styled(fit(words.offline, room), level_style(Level::High)),
        (None, Some(true)) if row.unanswered > 0 => Piece::styled(
            fit(
                &format!("{} {}", row.unanswered, words.state(AlarmState::ReturnedUnacknowledged)),
                room,
            ),
            DIM,
        ),
        (None, Some(true)) => Piece::raw(""),
    }
}

/// Alarms by priority, the highest first: a mark and a number each.
fn counts(row: &PlantRow) -> Vec<Piece<'static>> {
    let levels = [Level::High, Level::Medium, Level::Low];
    let counted = levels.into_iter().zip(row.counts.into_iter().rev()).filter(|(_, n)| *n > 0);
    let mut pieces: Vec<Piece<'_>> = counted
        .map(|(level, n)| Piece::styled(format!("{}{n} ", mark(level)), level_style(level)))
        .collect();
    if pieces.is_empty() {
        pieces.push(Piece::styled("·", DIM));
    }
    let used: usize = pieces.iter().map(Piece::width).sum();
    pieces.push(Piece::raw(" ".repeat(ALARMS.saturating_sub(used))));
    pieces
}
