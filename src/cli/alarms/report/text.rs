//! A report as text.

use std::io::{self, Write};

use super::Report;
use super::words::Words;
use crate::alarms::event::AlarmId;
use crate::alarms::load::{Actor, Company, PastFlood, PastStop};
use crate::base::{PlantId, Span, Stamp};
use crate::cli::page::Section;
use crate::inspection::template::is_template;

/// Every figure beside the mark it is judged by.
pub(super) fn write(report: &Report, words: &Words, out: &mut dyn Write) -> io::Result<()> {
    for section in sections(report, words) {
        writeln!(out, "{}", section.line)?;
        for row in &section.rows {
            writeln!(out, "  {}", row.join("  "))?;
        }
    }
    Ok(())
}

/// The report, line by line: what the page shows too.
pub(super) fn sections(report: &Report, words: &Words) -> Vec<Section> {
    let mut all = vec![head(report, words), rate(report, words), floods(report, words)];
    all.push(groups(report, words));
    all.extend([chattering(report, words), fleeting(report, words), stale(report, words)]);
    all.extend([top(report, words), priorities(report, words), answers(report, words)]);
    all.extend([shelves(report, words), stops(report, words)]);
    all
}

pub(super) fn local(report: &Report, at: Stamp) -> String {
    at.month_day_time(report.utc_offset)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn head(report: &Report, words: &Words) -> Section {
    let load = &report.load;
    let plants: Vec<&str> = report.plants.iter().map(PlantId::as_str).collect();
    let plants = match plants.as_slice() {
        [first, second, third, _, ..] => format!("{first}, {second}, {third}, … {}", plants.len()),
        few => few.join(", "),
    };
    let [raised, standing] = words.counts;
    Section::line(format!(
        "{} · {} · {plants} · {} – {} ({}) · {raised} {} · {standing} {}",
        words.title,
        report.title,
        local(report, load.from),
        local(report, load.to),
        load.to - load.from,
        load.raised,
        load.standing
    ))
}

fn rate(report: &Report, words: &Words) -> Section {
    let (rate, marks) = (&report.load.rate, &report.marks);
    let [of, mean, most, acceptable, manageable] = words.rate;
    let [above, far_above] = words.above;
    Section::line(format!(
        "{of} {}: {mean} {:.2} · {most} {} · {above} ({acceptable} {} [S44d]): {} · {far_above} \
         ({manageable} {} [M]): {}",
        rate.window,
        rate.mean,
        rate.most,
        marks.acceptable,
        percent(rate.above_acceptable),
        marks.manageable,
        percent(rate.above_manageable)
    ))
}

fn floods(report: &Report, words: &Words) -> Section {
    let (load, marks) = (&report.load, &report.marks);
    let [floods, of_time] = words.floods;
    let [more, within, fewer] = words.flood_marks;
    let line = format!(
        "{floods} ({more} {} {within} {}, {fewer} {} [S44a]): {} · {} {of_time}",
        marks.flood_begins_above,
        marks.window,
        marks.flood_ends_below,
        load.floods.len(),
        percent(load.flood_share)
    );
    let row = |PastFlood { to, flood, .. }: &PastFlood| {
        let (from, to) = (local(report, flood.from), local(report, *to));
        let first = flood.first_out.to_string();
        vec![from, to, flood.alarms.to_string(), flood.peak.to_string(), first]
    };
    let rows = load.floods.iter().map(row).collect();
    Section { line, columns: words.flood_columns.to_vec(), rows }
}

/// Groups that are listed: the largest.
const GROUPS: usize = 10;

fn groups(report: &Report, words: &Words) -> Section {
    let load = &report.load;
    let [groups, of_all] = words.groups;
    let line = format!("{groups}: {} · {} {of_all}", load.groups.len(), percent(load.group_share));
    let row = |it: &Company| {
        let (from, to) = (local(report, it.from), local(report, it.to));
        let cause = it.cause.as_ref().map_or("–".to_owned(), AlarmId::to_string);
        let first = it.first_out.to_string();
        vec![from, to, it.alarms.to_string(), it.raised.to_string(), cause, first]
    };
    let rows = load.groups.iter().take(GROUPS).map(row).collect();
    Section { line, columns: words.group_columns.to_vec(), rows }
}

fn chattering(report: &Report, words: &Words) -> Section {
    let (load, marks) = (&report.load, &report.marks);
    let [chattering, times] = words.chattering;
    let [alarm, _, count, since, _] = words.columns;
    let (least, within) = (marks.chattering_times, marks.chattering_within);
    let line =
        format!("{chattering} (≥ {least} {times} {within} [S44b][D]): {}", load.chattering.len());
    let rows = load
        .chattering
        .iter()
        .map(|it| vec![it.alarm.to_string(), it.times.to_string(), local(report, it.first)]);
    Section { line, columns: vec![alarm, count, since], rows: rows.collect() }
}

fn fleeting(report: &Report, words: &Words) -> Section {
    let (fleeting, count) = (report.marks.fleeting, report.load.fleeting);
    Section::line(format!("{} {fleeting} [D]: {count}", words.fleeting))
}

fn stale(report: &Report, words: &Words) -> Section {
    let (load, after) = (&report.load, report.marks.stale_after);
    let [alarm, .., stood] = words.columns;
    let line = format!("{} {after} [M]: {}", words.stale, load.stale.len());
    let rows = load.stale.iter().map(|it| vec![it.alarm.to_string(), it.stood.to_string()]);
    Section { line, columns: vec![alarm, stood], rows: rows.collect() }
}

fn top(report: &Report, words: &Words) -> Section {
    let load = &report.load;
    let [top, of_all] = words.top;
    let [alarm, what, times, ..] = words.columns;
    let line = format!("{top}: {} {of_all}", percent(load.top_share));
    let rows = load.top.iter().map(|actor| {
        vec![actor.raised.to_string(), actor.alarm.to_string(), title(report, words, actor)]
    });
    Section { line, columns: vec![times, alarm, what], rows: rows.collect() }
}

/// The rule's title in the reader's language, while the book knows the rule.
fn title(report: &Report, words: &Words, actor: &Actor) -> String {
    let rule = report.book.rules().iter().find(|rule| rule.id == actor.alarm.rule);
    let plain = rule.filter(|rule| !is_template(&rule.title.en));
    plain.map_or_else(|| actor.title.clone(), |rule| rule.title.get(words.lang).to_owned())
}

fn priorities(report: &Report, words: &Words) -> Section {
    let [priorities, share, usual] = words.priorities;
    let [_, _, times, ..] = words.columns;
    let line = format!("{priorities} ({usual} [S44c])");
    let rows = report.load.priorities.iter().map(|it| {
        let name = words.priority(it.priority).to_owned();
        vec![name, it.raised.to_string(), percent(it.share), percent(it.usual)]
    });
    Section { line, columns: vec![priorities, times, share, usual], rows: rows.collect() }
}

fn answers(report: &Report, words: &Words) -> Section {
    let answers = &report.load.answers;
    let [title, acknowledged, waiting, median, nine, longest] = words.answers;
    let time = |span: Option<Span>| span.map_or("–".to_owned(), |span| span.to_string());
    Section::line(format!(
        "{title}: {acknowledged} {} · {waiting} {} · {median} {} · {nine} {} · {longest} {}",
        answers.acknowledged,
        answers.waiting,
        time(answers.median),
        time(answers.ninety_percent),
        time(answers.longest)
    ))
}

fn shelves(report: &Report, words: &Words) -> Section {
    let [title, by_hand, by_time] = words.shelves;
    let [taken, expired] = report.load.unshelved;
    Section::line(format!("{title}: {by_hand} {taken} · {by_time} {expired}"))
}

/// Announced stops that are listed: the longest.
const STOPS: usize = 10;

fn stops(report: &Report, words: &Words) -> Section {
    let mut stops: Vec<&PastStop> = report.load.stops.iter().collect();
    stops.sort_by_key(|it| std::cmp::Reverse(it.lasted()));
    let lasted = stops.iter().fold(Span::ZERO, |all, it| all + it.lasted());
    let hours = lasted.as_seconds() / 3_600.0;
    let suppressed: usize = stops.iter().map(|it| it.suppressed).sum();
    let [title, unit, silent] = words.stops;
    let line = format!("{title}: {} · {hours:.1} {unit} · {silent} {suppressed}", stops.len());
    let row = |it: &&PastStop| {
        let by =
            it.by.as_ref().map_or("–".to_owned(), |by| format!("{}: {}", by.name, by.reason));
        let (from, to) = (local(report, it.from), local(report, it.to));
        let [told, suppressed] = [it.told, it.suppressed].map(|count| count.to_string());
        vec![from, to, it.plant.to_string(), told, suppressed, by]
    };
    let rows = stops.iter().take(STOPS).map(row).collect();
    Section { line, columns: words.stop_columns.to_vec(), rows }
}
