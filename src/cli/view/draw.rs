//! Draws the terminal view: grey while all is well, colour only for what is not; and never colour
//! alone, but a mark and a number beside it.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span as Piece};
use ratatui::widgets::{Block, Borders, Paragraph};

use super::alarm_list::{alarm_lines, alarm_list, form_line};
use super::cells::{AGE, BAR_COLUMN, age, bar, fit, gauge, left, right, value};
use super::desk::Desk;
use super::draw_overview;
use super::model::{EventRow, Level, Link, Overview, PumpRow, Value, View, VillageRow, curve};
use super::words::Words;

pub const CALM: Style = Style::new().fg(Color::Gray);
pub const DIM: Style = Style::new().fg(Color::DarkGray);
pub const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// The smallest terminal that has room for what matters.
const SMALLEST: (u16, u16) = (80, 22);

/// From this width on, villages and works stand side by side.
const WIDE: u16 = 108;

/// From this height on, there is room for what is merely useful.
const TALL: u16 = 28;

/// The style of a level.
pub fn level_style(level: Level) -> Style {
    match level {
        Level::Calm => CALM,
        Level::Low => Style::new().fg(Color::Cyan),
        Level::Medium => Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD),
        Level::High => Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD),
    }
}

/// The mark of a level: its shape, for whoever does not see its colour.
pub fn mark(level: Level) -> &'static str {
    match level {
        Level::High => "■",
        Level::Medium => "▲",
        Level::Low => "●",
        Level::Calm => " ",
    }
}

/// Draws one picture.
pub fn draw(frame: &mut Frame<'_>, view: &View, desk: &Desk) {
    let words = Words::of(view.lang);
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(frame, area, words);
        return;
    }
    match &view.overview {
        Some(overview) => draw_many(frame, view, (overview, desk), words),
        None => draw_one(frame, view, desk, words),
    }
}

/// How many plants the overview shows at a time in a terminal of this height.
pub fn plants_a_page(height: u16) -> usize {
    draw_overview::page(height.saturating_sub(2 + events_of_many(height) + 1))
}

/// Rows for what happened, below many plants.
fn events_of_many(height: u16) -> u16 {
    if height >= TALL { 8 } else { 5 }
}

fn draw_many(
    frame: &mut Frame<'_>,
    view: &View,
    (overview, desk): (&Overview, &Desk),
    words: &Words,
) {
    let area = frame.area();
    let [head, plants, log, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Min(0),
        Constraint::Length(events_of_many(area.height)),
        Constraint::Length(1),
    ])
    .areas(area);
    header(frame, head, view, words);
    draw_overview::list(frame, plants, overview, words);
    events(frame, log, view, words);
    footer(frame, foot, view, desk, words);
}

fn draw_one(frame: &mut Frame<'_>, view: &View, desk: &Desk, words: &Words) {
    let area = frame.area();
    let wide = area.width >= WIDE;
    let values = (view.works.len() + view.tanks.len()) as u16 + 1;
    let villages_rows = view.villages.len() as u16 + 2;
    let pumps = u16::from(wide || area.height >= TALL);
    let middle_rows = if wide {
        values.max(villages_rows + 2)
    } else {
        villages_rows + 1 + (values - 1).div_ceil(2) + pumps
    };
    let events_least = if area.height >= TALL { 4 } else { 2 };
    let room = area.height.saturating_sub(2 + middle_rows + 1 + events_least).max(2);
    let standing = alarm_lines(view, desk, area.width.into(), usize::from(room) - 1, words);
    // A list that keeps its height while it is short does not make the picture jump.
    let alarm_rows = (standing.len() as u16 + 1).max(if area.height >= TALL { 5 } else { 3 });
    let alarm_rows = alarm_rows.min(room);
    let [head, middle, alarms, log, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(middle_rows),
        Constraint::Length(alarm_rows),
        Constraint::Min(events_least),
        Constraint::Length(1),
    ])
    .areas(area);
    header(frame, head, view, words);
    if wide {
        let second = (area.width * 43 / 100).clamp(46, 70);
        let [one, two] = Layout::horizontal([Constraint::Min(0), Constraint::Length(second)])
            .spacing(1)
            .areas(middle);
        let rows = [Constraint::Length(villages_rows), Constraint::Min(0), Constraint::Length(1)];
        let [one, _, line] = Layout::vertical(rows).areas(one);
        villages(frame, one, view, words);
        frame.render_widget(pump_line(&view.pumps), line);
        works(frame, two, view, words, 1);
    } else {
        let rows = [villages_rows, middle_rows - villages_rows - pumps, pumps];
        let [one, two, line] = Layout::vertical(rows.map(Constraint::Length)).areas(middle);
        villages(frame, one, view, words);
        works(frame, two, view, words, 2);
        frame.render_widget(pump_line(&view.pumps), line);
    }
    alarm_list(frame, alarms, view, standing, words);
    events(frame, log, view, words);
    footer(frame, foot, view, desk, words);
}

fn too_small(frame: &mut Frame<'_>, area: Rect, words: &Words) {
    let (width, height) = SMALLEST;
    let lines = vec![
        Line::from(words.too_small),
        Line::from(format!("{width}×{height}  ({}×{})", area.width, area.height)),
    ];
    frame.render_widget(Paragraph::new(lines).alignment(Alignment::Center), area);
}

fn header(frame: &mut Frame<'_>, area: Rect, view: &View, words: &Words) {
    let clock = view.clock.as_deref().unwrap_or(words.waiting);
    let line = Line::from(vec![
        Piece::styled(format!(" {} ", view.title), BOLD.add_modifier(Modifier::REVERSED)),
        Piece::styled(format!("  {clock}"), BOLD),
        Piece::styled(format!("  {}", view.speed), CALM),
    ]);
    let states = state_pieces(view, words);
    let taken: usize = states.iter().map(Piece::width).sum();
    let room = usize::from(area.width).saturating_sub(taken + 2);
    let mut second = progress_pieces(view, room);
    second.extend(states);
    frame.render_widget(Paragraph::new(vec![line, Line::from(second)]), area);
}

/// The connection and the gateway.
fn state_pieces(view: &View, words: &Words) -> Vec<Piece<'static>> {
    let [connecting, connected, lost] = words.link;
    let alert = level_style(Level::High);
    let mut pieces = vec![match &view.link {
        Link::Connecting => Piece::styled(format!("○ {connecting}"), CALM),
        Link::Connected => Piece::styled(format!("● {connected}"), CALM),
        Link::Lost(reason) => Piece::styled(format!("■ {lost}: {}", fit(reason, 40)), alert),
    }];
    if let Some(Overview { totals, .. }) = &view.overview {
        let [online, offline] = words.gateways;
        pieces.push(Piece::styled(
            format!("  ● {online} {} / {}", totals.online, totals.plants),
            CALM,
        ));
        if totals.unsigned > 0 {
            let text = format!("  ▲ {} {}", words.unsigned, totals.unsigned);
            pieces.push(Piece::styled(text, CALM));
        }
        if totals.offline > 0 && !view.finished {
            pieces.push(Piece::styled(format!("  ■ {offline} {}", totals.offline), alert));
        }
        return pieces;
    }
    match view.presence {
        // A plant that says goodbye at its scenario's end is no trouble.
        Some(_) if view.finished => {}
        Some(true) => {
            pieces.push(Piece::styled(format!("  ● {}", words.online), CALM));
            if view.unsigned {
                pieces.push(Piece::styled(format!("  ▲ {}", words.unsigned), CALM));
            }
        }
        Some(false) => pieces.push(Piece::styled(format!("  ■ {}", words.offline), alert)),
        None => {}
    }
    pieces
}

fn progress_pieces(view: &View, room: usize) -> Vec<Piece<'static>> {
    let Some(share) = view.progress else { return vec![Piece::raw(" ")] };
    let cells = room.saturating_sub("  100 %  ".len());
    let full = ((share.clamp(0.0, 1.0) * cells as f64) as usize).min(cells);
    vec![
        Piece::styled(format!(" {}", "━".repeat(full)), CALM),
        Piece::styled("─".repeat(cells - full), DIM),
        Piece::styled(format!(" {:>3.0} %   ", share * 100.0), CALM),
    ]
}

/// A part of the picture with its title above it.
pub fn boxed(title: &str) -> Block<'_> {
    let title = Piece::styled(format!(" {title} "), CALM.add_modifier(Modifier::BOLD));
    Block::new().borders(Borders::TOP).border_style(DIM).title(Line::from(title))
}

fn villages(frame: &mut Frame<'_>, area: Rect, view: &View, words: &Words) {
    let [pressure, needs, enough, chlorine, turbidity] = words.village_columns;
    let residual = view.residual.unwrap_or(chlorine);
    let names = view.villages.iter().map(|village| Piece::raw(village.name.as_str()).width());
    let name = names.max().unwrap_or(0).clamp(8, 20);
    let bar_cells = (usize::from(area.width).saturating_sub(name + BAR_COLUMN)).clamp(8, 24);
    let bar_head = format!("{}┃{enough}", " ".repeat(bar_cells / 2));
    let blanks = " ".repeat(AGE);
    let head = format!(
        " {} {}{blanks}{} {} {}{blanks}{}",
        " ".repeat(name),
        right(pressure, 6),
        right(needs, 5),
        left(&bar_head, bar_cells),
        right(residual, 7),
        right(turbidity, 6),
    );
    let head = Line::styled(head, DIM);
    let row = |village: &VillageRow| {
        let mut pieces = vec![Piece::styled(format!(" {} ", left(&village.name, name)), CALM)];
        pieces.extend(value(&village.pressure, 6, 0));
        pieces.push(age(&village.pressure, AGE));
        pieces.push(Piece::styled(format!("{} ", right(&village.needs, 5)), DIM));
        pieces.extend(bar(&village.pressure, village.share, bar_cells));
        pieces.push(Piece::raw(" "));
        pieces.extend(value(&village.residual, 7, 0));
        pieces.push(age(&village.residual, AGE));
        pieces.extend(value(&village.turbidity, 6, 0));
        pieces.push(age(&village.turbidity, AGE));
        Line::from(pieces)
    };
    let mut lines = vec![head];
    lines.extend(view.villages.iter().map(row));
    frame.render_widget(Paragraph::new(lines).block(boxed(words.villages)), area);
}

/// Values, then tanks, in as many columns.
fn works(frame: &mut Frame<'_>, area: Rect, view: &View, words: &Words, columns: u16) {
    let cells = usize::from(area.width / columns);
    let names = view.works.iter().map(|row| &row.name).chain(view.tanks.iter().map(|t| &t.name));
    let longest = names.map(|name| Piece::raw(name.as_str()).width()).max().unwrap_or(0);
    let name = longest.min(cells.saturating_sub(1 + 6 + 6 + 1 + AGE));
    let last = cells.saturating_sub(1 + name + 6 + 6 + 1).min(16);
    let row = |title: &str, shown: &Value, picture: Vec<Piece<'static>>| {
        let mut pieces = vec![Piece::styled(format!(" {}", left(title, name)), CALM)];
        pieces.extend(value(shown, 6, 6));
        // How old a value is matters more than how it went before.
        if shown.age.is_some() {
            pieces.push(age(shown, last));
        } else {
            pieces.extend(picture);
        }
        Line::from(pieces)
    };
    let values = view.works.iter().map(|part| {
        let picture = Piece::styled(curve(&part.trend, last), DIM);
        row(&part.name, &part.value, vec![picture])
    });
    let tanks = view.tanks.iter().map(|t| row(&t.name, &t.value, gauge(t.share, last)));
    let lines: Vec<Line<'_>> = values.chain(tanks).collect();
    let block = boxed(words.works);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let rows = lines.len().div_ceil(usize::from(columns)).max(1);
    let parts = Layout::horizontal(vec![Constraint::Fill(1); usize::from(columns)]).split(inside);
    for (part, lines) in parts.iter().zip(lines.chunks(rows)) {
        frame.render_widget(Paragraph::new(lines.to_vec()), *part);
    }
}

/// Which pumps run.
fn pump_line(pumps: &[PumpRow]) -> Line<'static> {
    let mut pieces = vec![Piece::raw(" ")];
    for pump in pumps {
        let (sign, style) = match pump.runs {
            Some(true) => ("●", CALM),
            Some(false) => ("○", DIM),
            None => ("?", DIM),
        };
        pieces.push(Piece::styled(format!("{} {sign}   ", pump.name), style));
    }
    Line::from(pieces)
}

/// The newest at the bottom; what has no room is older.
fn events(frame: &mut Frame<'_>, area: Rect, view: &View, words: &Words) {
    let room = usize::from(area.height.saturating_sub(1));
    let skip = view.events.len().saturating_sub(room);
    let longest = words.changes.iter().map(|word| Piece::raw(*word).width()).max().unwrap_or(0);
    let line = |event: &EventRow| {
        let time = left(&event.at, "12-05 07:43".len());
        let style = level_style(event.level);
        let mut pieces = vec![
            Piece::styled(format!(" {time} "), DIM),
            Piece::styled(format!("{} ", mark(event.level)), style),
        ];
        if !event.what.is_empty() {
            pieces.push(Piece::styled(format!("{} ", left(event.what, longest)), style));
        }
        if !event.of.is_empty() {
            pieces.push(Piece::styled(format!("{} · ", event.of), CALM));
        }
        let used: usize = pieces.iter().map(Piece::width).sum();
        let rest = usize::from(area.width).saturating_sub(used);
        pieces.push(Piece::styled(fit(&event.text, rest), CALM));
        Line::from(pieces)
    };
    let lines: Vec<Line<'_>> = view.events.iter().skip(skip).map(line).collect();
    frame.render_widget(Paragraph::new(lines).block(boxed(words.events)), area);
}

fn footer(frame: &mut Frame<'_>, area: Rect, view: &View, desk: &Desk, words: &Words) {
    if let Some(form) = &desk.form {
        let mut line = form_line(form, words);
        line.push_span(Piece::styled(format!("  {}", desk.said), level_style(Level::Medium)));
        frame.render_widget(line, area);
        return;
    }
    let [one, many, one_of_many] = words.keys;
    let keys = match (view.of_many, &view.overview) {
        (_, None) if desk.chosen(&desk.rows(view)).is_some() => words.answers,
        (false, _) => one,
        (true, Some(_)) => many,
        (true, None) => one_of_many,
    };
    let mut pieces = vec![Piece::styled(format!(" {keys}   "), CALM)];
    if view.finished {
        let style = BOLD.add_modifier(Modifier::REVERSED);
        pieces.insert(0, Piece::styled(format!(" {} ", words.finished), style));
    }
    if !desk.said.is_empty() {
        pieces.insert(0, Piece::styled(format!(" {} ", desk.said), BOLD));
    }
    if !view.desk.is_empty() {
        pieces.push(Piece::styled(format!("{}   ", view.desk), CALM));
    }
    pieces.push(Piece::styled(view.health.clone(), DIM));
    frame.render_widget(Line::from(pieces), area);
}
