//! What rules would have done: a table, pictures, JSON, a page.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::curve::Range;
use super::draw;
use super::picture::{self, Picture};
use super::{Beside, Row};
use crate::base::text::Lang;
use crate::base::text::escape;
use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp};
use crate::cli::page::{Page, Section};
use crate::cli::recording::Recording;
use crate::cli::replay::whole;
use crate::cli::table;
use crate::exercise::replay::tally::{Raised, Tally};

/// Pictures on a terminal, and on a page.
const DRAWN_MAX: usize = 6;
const PICTURES_MAX: usize = 60;

/// In less time nothing is said of a day.
const DAY_FROM: Span = Span::hours(6);

/// Every fixed word.
struct Words {
    html_lang: &'static str,
    title: &'static str,
    columns: [&'static str; 8],
    beside: [&'static str; 2],
    strips: [&'static str; 2],
    stands: &'static str,
    never: &'static str,
    none: &'static str,
    foot: &'static str,
}

const EN: Words = Words {
    html_lang: "en",
    title: "Rules tried",
    columns: ["rule", "tag", "times", "in all", "longest", "first", "a day", "now"],
    beside: ["in force: times", "in force: in all"],
    strips: ["raised", "in force"],
    stands: "stands",
    never: "raised nothing",
    none: "these rules watch nothing that the recording has",
    foot: "The dashed line is the limit; red is when the alarm would have been raised, after its \
           delays. Times are the plant's.",
};

const ZH: Words = Words {
    html_lang: "zh-CN",
    title: "规则试运行",
    columns: ["规则", "位号", "次数", "合计", "最长", "首次", "每天", "现在"],
    beside: ["现行:次数", "现行:合计"],
    strips: ["触发", "现行"],
    stands: "仍在",
    never: "未触发",
    none: "记录中没有这些规则监视的仪表",
    foot: "虚线为限值;红色为计入报警延时后报警的时段。时间为水厂当地时间。",
};

/// What is told.
pub struct Telling<'t> {
    rows: &'t [Row<'t>],
    words: &'static Words,
    lang: Lang,
    head: String,
    period: (Stamp, Stamp),
    offset: UtcOffset,
    many: bool,
}

impl<'t> Telling<'t> {
    /// Of what a recording has given.
    pub fn new(recording: &Recording, tally: &Tally, rows: &'t [Row<'t>], lang: Lang) -> Self {
        let words = if lang == Lang::Zh { &ZH } else { &EN };
        let first = recording.plants.first();
        let offset = first.map_or(UtcOffset::UTC, |plant| plant.profile.utc_offset);
        let period = tally.span.unwrap_or((Stamp::MAX, Stamp::MAX));
        let (from, to) = period;
        let head = format!(
            "{}{}, {} – {} {offset} ({})",
            recording.name,
            match lang {
                Lang::En => format!(": {} readings", tally.readings),
                Lang::Zh => format!(":读数{}", tally.readings),
            },
            local(from, offset),
            local(to, offset),
            whole(to - from)
        );
        Self { rows, words, lang, head, period, offset, many: tally.heard.len() > 1 }
    }

    /// A table, and pictures of what was raised.
    pub fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}\n", self.head)?;
        if self.rows.is_empty() {
            return writeln!(out, "{}", self.words.none);
        }
        let section = self.table();
        let mut rows = table::plain(&section.columns);
        rows.add_rows(&section.rows);
        table::write(&rows, out)?;
        for row in self.drawn(DRAWN_MAX) {
            self.draw(row, out)?;
        }
        Ok(())
    }

    /// An object for each rule and place.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        self.rows.iter().try_for_each(|row| writeln!(out, "{}", self.object(row)))
    }

    /// Everything as a page.
    pub fn page(&self) -> String {
        let words = self.words;
        let pictures: Vec<(String, String)> = self
            .drawn(PICTURES_MAX)
            .map(|row| (escape(&name(row, self.lang)), self.svg(row)))
            .collect();
        let pictures: Vec<(&str, String)> =
            pictures.iter().map(|(name, svg)| (name.as_str(), svg.clone())).collect();
        let page = Page {
            lang: words.html_lang,
            title: words.title,
            head: &self.head,
            pictures: &pictures,
            sections: &[self.table()],
            none: words.none,
            foot: words.foot,
        };
        page.html()
    }

    fn has_beside(&self) -> bool {
        self.rows.iter().any(|row| row.beside.is_some())
    }

    fn table(&self) -> Section {
        let mut columns = self.words.columns.to_vec();
        if self.has_beside() {
            columns.extend(self.words.beside);
        }
        let rows = self.rows.iter().map(|row| self.cells(row)).collect();
        Section { line: self.words.title.to_owned(), columns, rows }
    }

    fn cells(&self, row: &Row<'_>) -> Vec<String> {
        let tag = row.place.name(self.lang);
        let tag = if self.many { format!("{}/{tag}", row.plant.id) } else { tag.to_owned() };
        let count = |raised: Option<&Raised>| raised.map_or(0, |it| it.times).to_string();
        let span = |span: Option<Span>| span.map_or("–".to_owned(), whole);
        let raised = row.raised;
        let first = raised.and_then(Raised::first).map(|at| local(at, self.offset));
        let stands = raised.is_some_and(Raised::stands);
        let mut cells = vec![
            row.rule.id.to_string(),
            tag,
            count(raised),
            span(raised.map(|it| it.total)),
            span(raised.map(|it| it.longest)),
            first.unwrap_or_else(|| "–".to_owned()),
            self.a_day(raised).map_or("–".to_owned(), |times| format!("{times:.1}")),
            if stands { self.words.stands.to_owned() } else { String::new() },
        ];
        if self.has_beside() {
            let none = || "–".to_owned();
            cells.push(row.beside.map_or_else(none, |Beside(it)| count(it)));
            cells.push(row.beside.map_or_else(none, |Beside(it)| span(it.map(|it| it.total))));
        }
        cells
    }

    fn a_day(&self, raised: Option<&Raised>) -> Option<f64> {
        let (from, to) = self.period;
        let times = raised.map_or(0, |it| it.times) as f64;
        (to - from >= DAY_FROM).then(|| times / (to - from).as_days())
    }

    /// What is worth a picture: what was raised most often, by either rule; without any, the first
    /// that has a signal.
    fn drawn(&self, most: usize) -> impl Iterator<Item = &Row<'t>> {
        let weight = |row: &&Row<'_>| {
            let times = |raised: Option<&Raised>| raised.map_or(0, |it| it.times);
            times(row.raised).max(row.beside.map_or(0, |Beside(it)| times(it)))
        };
        let mut rows: Vec<&Row<'t>> = self.rows.iter().filter(|row| weight(row) > 0).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(weight(row)));
        if rows.is_empty() {
            rows.extend(self.rows.iter().find(|row| row.curve.is_some()));
        }
        rows.into_iter().take(most)
    }

    fn columns(&self, row: &Row<'_>, count: usize) -> Vec<Range> {
        row.curve.map_or_else(Vec::new, |curve| curve.columns(self.period, count))
    }

    fn draw(&self, row: &Row<'_>, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{}", name(row, self.lang))?;
        let columns = self.columns(row, draw::COLUMNS);
        if let Some((lines, high, low)) = draw::signal(&columns, limit(row)) {
            let last = lines.len().saturating_sub(1);
            for (n, line) in lines.iter().enumerate() {
                let value = match n {
                    0 => shown(row, high),
                    n if n == last => shown(row, low),
                    _ => String::new(),
                };
                writeln!(out, "{}", format!("{value:>12} {line}").trim_end())?;
            }
        }
        for (name, raised) in self.strips(row) {
            writeln!(out, "{} {}", right(name, 12), draw::times(raised, self.period))?;
        }
        if let Some(raised) = row.raised.filter(|it| !it.why.en.is_empty()) {
            writeln!(out, "{:13}{}", "", raised.why.get(self.lang))?;
        } else {
            writeln!(out, "{:13}{}", "", self.words.never)?;
        }
        Ok(())
    }

    fn strips<'r>(&self, row: &Row<'r>) -> Vec<(&'static str, Option<&'r Raised>)> {
        let [ours, theirs] = self.words.strips;
        let beside = row.beside.map(|Beside(it)| (theirs, it));
        std::iter::once((ours, row.raised)).chain(beside).collect()
    }

    fn svg(&self, row: &Row<'_>) -> String {
        let (from, to) = self.period;
        let picture = Picture {
            period: self.period,
            times: [from, to].map(|at| local(at, self.offset)),
            columns: &self.columns(row, picture::COLUMNS),
            limit: limit(row),
            shown: &|value| shown(row, value),
            strips: &self.strips(row),
        };
        picture.svg()
    }

    fn object(&self, row: &Row<'_>) -> Value {
        let minutes = |span: Span| span.as_seconds() / 60.0;
        let of = |raised: Option<&Raised>| {
            json!({
                "times": raised.map_or(0, |it| it.times),
                "total_min": raised.map_or(0.0, |it| minutes(it.total)),
                "longest_min": raised.map_or(0.0, |it| minutes(it.longest)),
                "first": raised.and_then(Raised::first),
                "stands": raised.is_some_and(Raised::stands),
                "episodes": raised.map_or(&[][..], |it| it.episodes.as_slice()),
            })
        };
        json!({
            "rule": row.rule.id,
            "plant": row.plant.id,
            "tag": row.place.tag,
            "limit": limit(row),
            "a_day": self.a_day(row.raised),
            "tried": of(row.raised),
            "in_force": row.beside.map(|Beside(it)| of(it)),
        })
    }
}

fn limit(row: &Row<'_>) -> Option<f64> {
    row.place.limit.map(|(limit, _)| limit.raise)
}

/// Rule, place, and what is looked for there.
fn name(row: &Row<'_>, lang: Lang) -> String {
    let tag = row.place.name(lang);
    let limit = row.place.limit.map(|(limit, measured)| limit.words(measured, lang));
    let looks_for = limit.unwrap_or_else(|| row.rule.condition(lang));
    format!("{} · {tag} · {looks_for}", row.rule.id)
}

fn shown(row: &Row<'_>, value: f64) -> String {
    let tag = row.place.tag.as_ref();
    let instrument = row.plant.instruments.iter().find(|it| Some(&it.tag.id) == tag);
    let text = instrument.map_or_else(
        || format!("{value:.2}"),
        |it| crate::inspection::unit_keys::shown(it.tag.quantity, value),
    );
    // Beside a picture there is no room for a pressure in metres too.
    text.split(" (").next().unwrap_or_default().to_owned()
}

fn local(at: Stamp, offset: UtcOffset) -> String {
    let text = at.at(offset);
    text.get(..16).map_or(text.clone(), |short| short.replace('T', " "))
}

/// Pushed to the right by the cells that a terminal gives it: Chinese takes two each.
fn right(text: &str, cells: usize) -> String {
    let wide: usize = text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    format!("{}{text}", " ".repeat(cells.saturating_sub(wide)))
}
