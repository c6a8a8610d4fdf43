//! The pictures of a report, as SVG.

use std::fmt::Write as _;

use super::Report;
use super::text::local;
use crate::alarms::event::Priority;
use crate::base::text::escape;
use crate::base::{Span, Stamp};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 200.0;

/// Room for the scale on the left, and for the names of alarms.
const LEFT: f64 = 34.0;
const NAMES: f64 = 330.0;

/// Room for times below.
const BELOW: f64 = 20.0;

/// Bars of the picture; where there are more windows, the worst of several stands for them.
const BARS_MAX: usize = 480;

/// Height of a row of episodes.
const ROW: f64 = 22.0;

/// Where a moment lies between `left` and the right edge.
fn x(report: &Report, at: Stamp, left: f64) -> f64 {
    let (from, to) = (report.load.from, report.load.to);
    let length = (to - from).as_seconds().max(1.0);
    left + (WIDTH - left) * ((at - from).as_seconds() / length).clamp(0.0, 1.0)
}

/// Times at both ends and in the middle.
fn times(report: &Report, left: f64, y: f64, svg: &mut String) {
    let (from, to) = (report.load.from, report.load.to);
    let middle = from + Span::ms((to - from).as_ms() / 2);
    for (at, anchor) in [(from, "start"), (middle, "middle"), (to, "end")] {
        let (x, text) = (x(report, at, left), local(report, at));
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"12\" \
             text-anchor=\"{anchor}\">{text}</text>"
        );
    }
}

/// Alarms in each window, floods behind them, and the two marks as lines.
pub(super) fn rate(report: &Report) -> String {
    let (rate, marks) = (&report.load.rate, &report.marks);
    let most = f64::from(u32::try_from(rate.most).unwrap_or(u32::MAX));
    let top = most.max(marks.manageable) * 1.1;
    let y = |n: f64| HEIGHT - HEIGHT * n / top;
    let height = HEIGHT + BELOW;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n");
    for flood in &report.load.floods {
        let (from, to) = (x(report, flood.flood.from, LEFT), x(report, flood.to, LEFT));
        let width = (to - from).max(1.0);
        let _ = writeln!(
            svg,
            "<rect x=\"{from:.1}\" y=\"0\" width=\"{width:.1}\" height=\"{HEIGHT}\" \
             fill=\"#d1495b\" opacity=\".2\"/>"
        );
    }
    let group = rate.counts.len().div_ceil(BARS_MAX).max(1);
    let bars: Vec<usize> =
        rate.counts.chunks(group).map(|it| it.iter().copied().max().unwrap_or(0)).collect();
    let step = (WIDTH - LEFT) / (bars.len().max(1) as f64);
    for (n, count) in bars.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (left, up) = (LEFT + step * n as f64, y(*count as f64));
        let (width, tall) = ((step * 0.9).max(0.6), HEIGHT - up);
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{up:.1}\" width=\"{width:.1}\" height=\"{tall:.1}\" \
             fill=\"#2e6f95\"><title>{count}</title></rect>"
        );
    }
    for (mark, colour) in [(marks.acceptable, "#3a7d44"), (marks.manageable, "#c77700")] {
        let up = y(mark);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{up:.1}\" y2=\"{up:.1}\" stroke=\"{colour}\" \
             stroke-dasharray=\"4 3\"/><text x=\"0\" y=\"{:.1}\" font-size=\"12\">{mark}</text>",
            up + 4.0
        );
    }
    let _ = writeln!(svg, "<text x=\"0\" y=\"12\" font-size=\"12\">{}</text>", rate.most);
    times(report, LEFT, HEIGHT + BELOW - 4.0, &mut svg);
    svg.push_str("</svg>");
    svg
}

/// A row for each of the most frequent alarms: when it stood, and when it was acknowledged.
pub(super) fn episodes(report: &Report) -> String {
    let rows = &report.load.top;
    let height = ROW * rows.len() as f64 + BELOW;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n");
    for (n, actor) in rows.iter().enumerate() {
        let top = ROW * n as f64;
        let name = escape(&actor.alarm.to_string());
        let base = top + ROW * 0.65;
        let _ = writeln!(svg, "<text x=\"0\" y=\"{base:.1}\" font-size=\"12\">{name}</text>");
        for it in report.load.episodes.iter().filter(|it| it.alarm.is_of(&actor.alarm)) {
            let from = x(report, it.raised, NAMES);
            let to = x(report, it.cleared.unwrap_or(report.load.to), NAMES);
            let (y, tall, width) = (top + 4.0, ROW - 8.0, (to - from).max(1.0));
            let colour = match it.priority {
                Priority::Low => "#7a8793",
                Priority::Medium => "#c77700",
                Priority::High => "#d1495b",
            };
            let said = local(report, it.raised);
            let _ = writeln!(
                svg,
                "<rect x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{tall:.1}\" \
                 fill=\"{colour}\"><title>{said}</title></rect>"
            );
            if let Some(at) = it.acknowledged {
                let at = x(report, at, NAMES);
                let (y1, y2) = (top + 1.0, top + ROW - 1.0);
                let _ = writeln!(
                    svg,
                    "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{y1:.1}\" y2=\"{y2:.1}\" \
                     stroke=\"#3a7d44\" stroke-width=\"3\"/>"
                );
            }
        }
    }
    times(report, NAMES, height - 4.0, &mut svg);
    svg.push_str("</svg>");
    svg
}
