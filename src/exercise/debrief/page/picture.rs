//! Pictures of a report: lanes of time, and what runs cost.

use super::markup::escape;
use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp, Text};
use crate::exercise::debrief::{Consequences, Item, Kind, Lanes};
use crate::exercise::session::toll::Hours;

/// Width of a picture, and where its time begins and ends, px.
const WIDTH: f64 = 1_160.0;
const LEFT: f64 = 110.0;
const RIGHT: f64 = 1_145.0;

/// Height of a row of a lane, px.
const ROW: f64 = 25.0;

/// Longest label, characters.
const LABEL: usize = 44;

/// A lane's name in English and Chinese, what is in it, and whether it is drawn faintly.
type Lane<'a> = ((&'a str, &'a str), &'a [Item], bool);

/// Lanes under each other, over one axis of simulated time.
pub(super) fn lanes(lanes: &Lanes, (from, to): (Stamp, Stamp), offset: UtcOffset) -> String {
    let scale = Scale { from, length: (to - from).as_seconds().max(1.0) };
    let all: [Lane<'_>; 4] = [
        (("Plant, messages", "水厂与消息"), &lanes.happened, false),
        (("Alarms", "报警"), &lanes.alarms, false),
        (("People", "人员"), &lanes.people, false),
        (("Reference", "参考"), &lanes.reference, true),
    ];
    let mut body = String::new();
    let mut top = 24.0;
    for ((en, zh), items, faint) in all {
        let placed = scale.place(items);
        let rows = placed.iter().map(|it| it.row + 1).max().unwrap_or(1);
        let height = rows as f64 * ROW + 10.0;
        let (middle, y) = (top + height / 2.0 + 4.0, top + 5.0);
        body.push_str(&format!(
            "<rect x=\"0\" y=\"{top:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" \
             fill=\"none\" stroke=\"#b5b5b5\"/>{}",
            labels(8.0, middle, (en, zh), "muted", "start")
        ));
        for it in &placed {
            body.push_str(&it.draw(y, faint));
        }
        top += height;
    }
    let grid = scale.grid(top, offset);
    let name = escape("timeline 时间线");
    let bottom = top + 4.0;
    format!(
        "<div class=\"wide\"><svg class=\"lanes\" viewBox=\"0 0 {WIDTH} {bottom:.0}\" \
         role=\"group\" aria-label=\"{name}\">{grid}{body}</svg></div>\n"
    )
}

struct Scale {
    from: Stamp,
    /// Seconds.
    length: f64,
}

/// An item at its place.
struct Placed<'a> {
    item: &'a Item,
    x: f64,
    end: f64,
    row: usize,
    /// Does its label stand left of it, because there is no room on the right?
    left: bool,
}

impl Scale {
    fn x(&self, at: Stamp) -> f64 {
        let share = ((at - self.from).as_seconds() / self.length).clamp(0.0, 1.0);
        LEFT + share * (RIGHT - LEFT)
    }

    /// Items in rows, so that no label lies over another.
    fn place<'a>(&self, items: &'a [Item]) -> Vec<Placed<'a>> {
        let mut rows: Vec<f64> = Vec::new();
        let mut placed = Vec::new();
        let mut sorted: Vec<&Item> = items.iter().collect();
        sorted.sort_by_key(|item| item.at);
        for item in sorted {
            let x = self.x(item.at);
            let lasts = item.until.or((is_alarm(item.kind)).then_some(Stamp::MAX));
            let end = lasts.map_or(x, |until| self.x(until));
            let width = width(&short(&item.text.en)).max(width(&short(&item.text.zh))) + 16.0;
            let left = x + width > WIDTH && x - width > LEFT;
            let (first, last) =
                if left { (x - width, end + 8.0) } else { (x - 6.0, end.max(x + width)) };
            let free = rows.iter().position(|taken| *taken <= first);
            let row = free.unwrap_or(rows.len());
            if row == rows.len() {
                rows.push(last);
            } else {
                rows[row] = last;
            }
            placed.push(Placed { item, x, end, row, left });
        }
        placed
    }

    /// Lines at whole hours, with their times.
    fn grid(&self, bottom: f64, offset: UtcOffset) -> String {
        let hours = [0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0, 168.0];
        let fits = |hours: &f64| self.length / (hours * 3_600.0) <= 13.0;
        let step = Span::from_seconds_f64(hours.into_iter().find(fits).unwrap_or(720.0) * 3_600.0);
        let mut at = self.from.midnight(offset);
        let mut grid = String::new();
        while self.from > at {
            at += step;
        }
        while (at - self.from).as_seconds() <= self.length {
            let (x, time) = (self.x(at), at.hh_mm(offset));
            grid.push_str(&format!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"18\" y2=\"{bottom:.0}\" \
                 stroke=\"#d0d0d0\"/><text class=\"axis\" x=\"{x:.1}\" y=\"13\" \
                 text-anchor=\"middle\">{time}</text>"
            ));
            at += step;
        }
        grid
    }
}

impl Placed<'_> {
    fn draw(&self, top: f64, faint: bool) -> String {
        let (item, x, y) = (self.item, self.x, top + self.row as f64 * ROW);
        let middle = y + 8.0;
        let bar = if self.end > x {
            let fill = if faint { "#dedede" } else { "#c4c4c4" };
            let width = self.end - x;
            let height = if faint { 8.0 } else { 14.0 };
            let y = middle - height / 2.0;
            format!(
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" \
                 fill=\"{fill}\"/>"
            )
        } else {
            String::new()
        };
        let shape = shape(item.kind, x, middle, faint);
        let (at, anchor) = if self.left { (x - 8.0, "end") } else { (x + 9.0, "start") };
        let Text { en, zh } = &item.text;
        let texts = (short(en), short(zh));
        let class = if faint { "muted" } else { "" };
        let label = labels(at, middle + 4.0, (&texts.0, &texts.1), class, anchor);
        let line = item.log_line.map_or_else(|| "s10".to_owned(), |line| format!("l{line}"));
        let at = item.at.as_ms();
        format!(
            "<a href=\"#{line}\" data-at=\"{at}\"><g><title>{} · {}</title>{bar}{shape}{label}\
             </g></a>",
            escape(en),
            escape(zh)
        )
    }
}

fn is_alarm(kind: Kind) -> bool {
    matches!(kind, Kind::HighAlarm | Kind::MediumAlarm | Kind::LowAlarm)
}

/// A shape for what an item is: colour is for what is abnormal, and never alone.
fn shape(kind: Kind, x: f64, y: f64, faint: bool) -> String {
    let (fill, number, points) = match kind {
        Kind::HighAlarm => ("#b00020", "1", vec![(0.0, -7.0), (7.0, 6.0), (-7.0, 6.0)]),
        Kind::MediumAlarm => {
            ("#f28c00", "2", vec![(0.0, -7.0), (7.0, 0.0), (0.0, 7.0), (-7.0, 0.0)])
        }
        Kind::LowAlarm => {
            let octagon = [(3, 7), (7, 3), (7, -3), (3, -7), (-3, -7), (-7, -3), (-7, 3), (-3, 7)];
            let octagon = octagon.map(|(x, y)| (f64::from(x), f64::from(y)));
            ("#ffd400", "3", octagon.to_vec())
        }
        Kind::Injection => ("#1f2328", "", vec![(-5.0, -5.0), (5.0, -5.0), (0.0, 6.0)]),
        Kind::Message => ("#f2f2f2", "", vec![(-6.0, -4.0), (6.0, -4.0), (6.0, 4.0), (-6.0, 4.0)]),
        Kind::Direction => ("#7a7a7a", "", vec![(-5.0, -5.0), (6.0, 0.0), (-5.0, 5.0)]),
        Kind::Failed => ("#f2f2f2", "×", vec![(-6.0, -6.0), (6.0, -6.0), (6.0, 6.0), (-6.0, 6.0)]),
        Kind::Hint => ("#f2f2f2", "?", vec![(-6.0, -6.0), (6.0, -6.0), (6.0, 6.0), (-6.0, 6.0)]),
        Kind::Deed | Kind::Errand => {
            ("#4a4f55", "", vec![(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)])
        }
    };
    let fill = if faint { "#a9a9a9" } else { fill };
    let points: Vec<String> =
        points.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx, y + dy)).collect();
    let ink = if kind == Kind::HighAlarm { "#fff" } else { "#000" };
    let number = if number.is_empty() {
        String::new()
    } else {
        let y = y + 4.0;
        format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" \
             style=\"fill:{ink};font-size:9px\">{number}</text>"
        )
    };
    let points = points.join(" ");
    format!("<polygon points=\"{points}\" fill=\"{fill}\" stroke=\"#4a4f55\"/>{number}")
}

/// A text in both languages at a place.
fn labels(x: f64, y: f64, (en, zh): (&str, &str), class: &str, anchor: &str) -> String {
    let one = |lang: &str, text: &str| {
        format!(
            "<text{lang} class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" \
             text-anchor=\"{anchor}\">{}</text>",
            escape(text)
        )
    };
    if en == zh {
        return one("", en);
    }
    one(" lang=\"en\"", en) + &one(" lang=\"zh\"", zh)
}

fn short(text: &str) -> String {
    if text.chars().count() <= LABEL {
        return text.to_owned();
    }
    text.chars().take(LABEL - 1).chain(['…']).collect()
}

/// About how wide a label is, px.
fn width(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 6.2 } else { 11.5 }).sum()
}

/// A kind of cost: its name in English and Chinese, and how much of it there is.
type Cost = (&'static str, &'static str, fn(&Hours) -> f64);

/// What runs cost, as bars under each other, each kind on its own scale.
pub(super) fn costs(consequences: &Consequences) -> String {
    let kinds: [Cost; 5] = [
        ("low pressure, person-hours", "低压,人·时", |it| it.low),
        ("without water, person-hours", "断水,人·时", |it| it.dry),
        ("water that is unsafe, person-hours", "水质不安全,人·时", |it| it.unsafe_water),
        ("needless warnings, person-hours", "不必要告示,人·时", |it| it.deprived),
        ("water lost, m³", "漏失水量,m³", |it| it.lost_m3),
    ];
    let runs = [
        (("nobody", "无人处置"), &consequences.nobody.all, "#9a9a9a"),
        (("this run", "本次"), &consequences.run.all, "#1f2328"),
        (("reference", "参考"), &consequences.reference.all, "#c4c4c4"),
    ];
    let mut body = String::new();
    let mut y = 20.0;
    for (en, zh, of) in kinds {
        let most = runs.iter().map(|(_, hours, _)| of(hours)).fold(1e-9, f64::max);
        body.push_str(&labels(8.0, y, (en, zh), "", "start"));
        for (name, hours, fill) in &runs {
            let value = of(hours);
            let width = value / most * 620.0;
            let width = if value > 0.0 { width.max(1.0) } else { 0.0 };
            let (top, text, after) = (y - 10.0, y, 362.0 + width);
            body.push_str(&labels(340.0, text, *name, "muted", "end"));
            body.push_str(&format!(
                "<rect x=\"350\" y=\"{top:.0}\" width=\"{width:.1}\" height=\"12\" \
                 fill=\"{fill}\" stroke=\"#4a4f55\"/>\
                 <text x=\"{after:.1}\" y=\"{text:.0}\">{value:.0}</text>"
            ));
            y += 17.0;
        }
        y += 10.0;
    }
    let name = escape("consequences 后果");
    format!("<svg viewBox=\"0 0 {WIDTH} {y:.0}\" role=\"img\" aria-label=\"{name}\">{body}</svg>\n")
}
