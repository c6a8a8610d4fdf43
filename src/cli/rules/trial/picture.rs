//! A signal on a page, as SVG, with its limit and the times of its alarm.

use std::fmt::Write as _;

use super::curve::{Range, extent};
use crate::base::Stamp;
use crate::base::text::escape;
use crate::exercise::replay::tally::Raised;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 150.0;

/// Room for the scale on the left.
const LEFT: f64 = 84.0;

/// Height of the strip for each rule below the signal, and room for times.
const STRIP: f64 = 16.0;
const BELOW: f64 = 20.0;

/// Columns of a picture.
pub const COLUMNS: usize = 800;

/// What a picture shows.
pub struct Picture<'p> {
    /// From when to when.
    pub period: (Stamp, Stamp),
    /// The times, as people read them.
    pub times: [String; 2],
    /// The signal; empty for a rule without one.
    pub columns: &'p [Range],
    /// The limit.
    pub limit: Option<f64>,
    /// A value as people read it.
    pub shown: &'p dyn Fn(f64) -> String,
    /// A strip for each rule: its name, and when it was raised.
    pub strips: &'p [(&'p str, Option<&'p Raised>)],
}

impl Picture<'_> {
    /// As SVG.
    pub fn svg(&self) -> String {
        let signal = self.signal();
        let top = if signal.is_empty() { 0.0 } else { HEIGHT };
        let height = top + STRIP * self.strips.len() as f64 + BELOW;
        let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n");
        self.raised(self.strips.first().and_then(|(_, raised)| *raised), 0.0, top, 0.2, &mut svg);
        svg.push_str(&signal);
        for (n, (name, raised)) in self.strips.iter().enumerate() {
            let y = top + STRIP * n as f64;
            let base = y + STRIP - 4.0;
            let _ = writeln!(
                svg,
                "<text x=\"0\" y=\"{base:.1}\" font-size=\"12\">{}</text>",
                escape(name)
            );
            self.raised(*raised, y + 2.0, STRIP - 4.0, 1.0, &mut svg);
        }
        for (text, x, anchor) in [(&self.times[0], LEFT, "start"), (&self.times[1], WIDTH, "end")] {
            let y = height - 4.0;
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"{y:.1}\" font-size=\"12\" text-anchor=\"{anchor}\">{}</text>",
                escape(text)
            );
        }
        svg.push_str("</svg>");
        svg
    }

    fn x(&self, at: Stamp) -> f64 {
        let (from, to) = self.period;
        let share = (at - from).as_seconds() / (to - from).as_seconds().max(1.0);
        LEFT + (WIDTH - LEFT) * share.clamp(0.0, 1.0)
    }

    /// When it was raised, as bars.
    fn raised(&self, raised: Option<&Raised>, y: f64, tall: f64, opacity: f64, svg: &mut String) {
        for it in raised.map_or(&[][..], |raised| raised.episodes.as_slice()) {
            let (from, to) = (self.x(it.raised), self.x(it.cleared.unwrap_or(self.period.1)));
            let width = (to - from).max(1.0);
            let _ = writeln!(
                svg,
                "<rect x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{tall:.1}\" \
                 fill=\"#d1495b\" opacity=\"{opacity}\"/>"
            );
        }
    }

    /// The band between the least and the most of each column, the limit, and the scale.
    fn signal(&self) -> String {
        let Some((mut low, mut high)) = extent(self.columns) else { return String::new() };
        if let Some(limit) = self.limit {
            (low, high) = (low.min(limit), high.max(limit));
        }
        let span = if high > low { high - low } else { 1.0 };
        let y = |value: f64| 8.0 + (HEIGHT - 16.0) * (high - value) / span;
        let step = (WIDTH - LEFT) / self.columns.len().max(1) as f64;
        let mut svg = String::new();
        for part in parts(self.columns) {
            let mut path = String::new();
            for (n, (_, most)) in &part {
                let _ = write!(path, "{:.1},{:.1} ", LEFT + step * *n as f64, y(*most) - 0.7);
            }
            for (n, (least, _)) in part.iter().rev() {
                let _ = write!(path, "{:.1},{:.1} ", LEFT + step * *n as f64, y(*least) + 0.7);
            }
            let _ = writeln!(svg, "<polygon points=\"{}\" fill=\"#2e6f95\"/>", path.trim_end());
        }
        if let Some(limit) = self.limit {
            let up = y(limit);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{up:.1}\" y2=\"{up:.1}\" \
                 stroke=\"#c77700\" stroke-dasharray=\"4 3\"><title>{}</title></line>",
                escape(&(self.shown)(limit))
            );
        }
        for value in [high, low] {
            let base = y(value) + 4.0;
            let text = escape(&(self.shown)(value));
            let _ = writeln!(svg, "<text x=\"0\" y=\"{base:.1}\" font-size=\"12\">{text}</text>");
        }
        svg
    }
}

/// The columns without their gaps.
fn parts(columns: &[Range]) -> Vec<Vec<(usize, (f64, f64))>> {
    let mut parts: Vec<Vec<(usize, (f64, f64))>> = Vec::new();
    let mut open = false;
    for (n, range) in columns.iter().enumerate() {
        match (range, parts.last_mut().filter(|_| open)) {
            (Some(range), Some(part)) => part.push((n, *range)),
            (Some(range), None) => parts.push(vec![(n, *range)]),
            (None, _) => {}
        }
        open = range.is_some();
    }
    parts
}
