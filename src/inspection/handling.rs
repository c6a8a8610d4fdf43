//! How people may set alarms aside, and by which marks their load is judged: `config/alarms.toml`.
//!
//! In: the file. Out: a `Handling`, or every mistake. Must not know: alarms.

use std::sync::Arc;

use crate::base::Span;
use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};

/// What the file says; the default is what the shipped one says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Handling {
    /// Setting an alarm aside for a time.
    pub shelving: Shelving,
    /// Taking an alarm out of service.
    pub out_of_service: Permit,
    /// The marks of a report.
    pub load: LoadMarks,
}

/// Limits of shelving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelving {
    /// Nobody shelves for longer.
    pub longest: Span,
    /// At one plant, so many alarms lie on the shelf at most.
    pub at_most: usize,
    /// Who may, and why.
    pub permit: Permit,
}

/// Who may do something, and for which reasons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permit {
    /// By these people; by anybody when it is empty.
    pub by: Vec<String>,
    /// Reasons begin with one of these; with anything when it is empty.
    pub reasons: Vec<String>,
}

/// By which marks the load of alarms is judged. Sources stand in `config/alarms.toml`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadMarks {
    /// Alarms are counted in windows of this length.
    pub window: Span,
    /// So many alarms in a window are very likely acceptable.
    pub acceptable: f64,
    /// So many are the most that can be managed.
    pub manageable: f64,
    /// A flood begins with more alarms in a window.
    pub flood_begins_above: usize,
    /// It ends with fewer alarms in a window.
    pub flood_ends_below: usize,
    /// An alarm chatters that comes and goes so often …
    pub chattering_times: usize,
    /// … in this time.
    pub chattering_within: Span,
    /// It is calm when nothing has moved for so long; until then it is announced once. Zero:
    /// nothing is held back.
    pub chattering_calm: Span,
    /// Related alarms belong together when the next is raised within so long of the one before.
    pub group_within: Span,
    /// An alarm that is gone after this time was fleeting.
    pub fleeting: Span,
    /// An alarm that stands for longer is stale.
    pub stale_after: Span,
}

impl Default for Shelving {
    fn default() -> Self {
        Self { longest: Span::hours(8), at_most: 10, permit: Permit::default() }
    }
}

impl Default for LoadMarks {
    fn default() -> Self {
        Self {
            window: Span::minutes(10),
            acceptable: 1.0,
            manageable: 2.0,
            flood_begins_above: 10,
            flood_ends_below: 5,
            chattering_times: 3,
            chattering_within: Span::HOUR,
            chattering_calm: Span::minutes(30),
            group_within: Span::minutes(30),
            fleeting: Span::MINUTE,
            stale_after: Span::DAY,
        }
    }
}

/// Sections of the file; by them it is known.
pub const SECTIONS: [&str; 3] = ["shelving", "out-of-service", "load"];

impl Handling {
    /// Reads a file; what it leaves out is as by default. Errors: every mistake of it.
    pub fn load(source: &Arc<Source>) -> Result<Self, Problems> {
        read_toml(source, |file| {
            let usual = Self::default();
            let section = |name| file.opt_table(name);
            let shelving = section("shelving").map_or(Some(usual.shelving), |it| shelving(&it));
            let out =
                section("out-of-service").map_or(Some(usual.out_of_service), |it| permit(&it));
            let load = section("load").map_or(Some(usual.load), |it| load(&it));
            Some(Self { shelving: shelving?, out_of_service: out?, load: load? })
        })
    }
}

fn shelving(table: &Table<'_>) -> Option<Shelving> {
    let usual = Shelving::default();
    let longest = span(table, "longest_min", (1.0, 525_600.0), Span::MINUTE, usual.longest);
    let at_most = count(table, "at_most", (0, 100_000), usual.at_most);
    let permit = permit(table);
    Some(Shelving { longest: longest?, at_most: at_most?, permit: permit? })
}

fn permit(table: &Table<'_>) -> Option<Permit> {
    let by = texts(table, "by");
    let reasons = texts(table, "reasons");
    Some(Permit { by: by?, reasons: reasons? })
}

fn load(table: &Table<'_>) -> Option<LoadMarks> {
    let usual = LoadMarks::default();
    let week = 10_080.0;
    let window = span(table, "window_min", (1.0, 1_440.0), Span::MINUTE, usual.window);
    let acceptable = number(table, "acceptable", usual.acceptable);
    let manageable = number(table, "manageable", usual.manageable);
    let begins = count(table, "flood_begins_above", (1, 100_000), usual.flood_begins_above);
    let ends = count(table, "flood_ends_below", (1, 100_000), usual.flood_ends_below);
    let times = count(table, "chattering_times", (2, 1_000), usual.chattering_times);
    let within =
        span(table, "chattering_within_min", (0.1, week), Span::MINUTE, usual.chattering_within);
    let calm = span(table, "chattering_calm_min", (0.0, week), Span::MINUTE, usual.chattering_calm);
    let group = span(table, "group_within_min", (0.0, week), Span::MINUTE, usual.group_within);
    let fleeting = span(table, "fleeting_min", (0.0, week), Span::MINUTE, usual.fleeting);
    let stale = span(table, "stale_after_h", (0.1, 8_784.0), Span::HOUR, usual.stale_after);
    check_order(table, (begins, ends), (acceptable, manageable));
    Some(LoadMarks {
        window: window?,
        acceptable: acceptable?,
        manageable: manageable?,
        flood_begins_above: begins?,
        flood_ends_below: ends?,
        chattering_times: times?,
        chattering_within: within?,
        chattering_calm: calm?,
        group_within: group?,
        fleeting: fleeting?,
        stale_after: stale?,
    })
}

/// What contradicts what: a flood that ends above its beginning would never be one.
fn check_order(
    table: &Table<'_>,
    (begins, ends): (Option<usize>, Option<usize>),
    (acceptable, manageable): (Option<f64>, Option<f64>),
) {
    let at = |key| table.key_span(key).unwrap_or_else(|| table.span());
    if let (Some(above), Some(below)) = (begins, ends)
        && below > above
    {
        let text = format!("a flood ends below {below}, but begins above {above}");
        table.add_with_help(at("flood_ends_below"), text, "it must end lower than it begins");
    }
    if acceptable.zip(manageable).is_some_and(|(acceptable, manageable)| manageable < acceptable) {
        let text = "fewer alarms are manageable than are acceptable";
        table.add_with_help(at("manageable"), text, "`manageable` is the larger of the two");
    }
}

fn span(
    table: &Table<'_>,
    key: &'static str,
    (low, high): (f64, f64),
    unit: Span,
    usual: Span,
) -> Option<Span> {
    if !table.has(key) {
        return Some(usual);
    }
    let number = table.opt_number_in(key, low..=high)?.into_inner();
    Some(Span::from_seconds_f64(number * unit.as_seconds()))
}

fn number(table: &Table<'_>, key: &'static str, usual: f64) -> Option<f64> {
    if !table.has(key) {
        return Some(usual);
    }
    table.opt_number_in(key, 0.01..=100_000.0).map(Spanned::into_inner)
}

fn count(
    table: &Table<'_>,
    key: &'static str,
    (low, high): (i64, i64),
    usual: usize,
) -> Option<usize> {
    if !table.has(key) {
        return Some(usual);
    }
    let number = table.opt_integer_in(key, low..=high)?.into_inner();
    usize::try_from(number).ok()
}

/// A list of texts that say something.
fn texts(table: &Table<'_>, key: &'static str) -> Option<Vec<String>> {
    let texts = table.texts(key);
    let mut empty = false;
    for text in texts.iter().filter(|text| text.get_ref().trim().is_empty()) {
        table.add(text.span(), format!("an entry of `{key}` says nothing"));
        empty = true;
    }
    let said = texts.into_iter().map(|text| text.into_inner().trim().to_owned());
    (!empty).then(|| said.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Handling, Problems> {
        Handling::load(&Source::new("alarms.toml", text))
    }

    #[test]
    fn the_shipped_file_says_every_key_and_the_default_is_what_it_says() {
        let shipped = include_str!("../../config/alarms.toml");
        assert_eq!(read(shipped).expect("no mistake"), Handling::default());
        let keys = shipped.lines().filter(|line| line.contains(" = ") && !line.starts_with('#'));
        assert_eq!(keys.count(), 17, "a line each");
    }

    #[test]
    fn a_file_may_say_a_part_only() {
        let text = "[shelving]\nlongest_min = 30\nby = [\"Li\"]\n[load]\nstale_after_h = 8\n";
        let read = read(text).expect("no mistake");
        assert_eq!(read.shelving.longest, Span::minutes(30));
        assert_eq!(read.shelving.permit.by, ["Li"]);
        assert_eq!(read.shelving.at_most, Shelving::default().at_most);
        assert_eq!(read.load.stale_after, Span::hours(8));
        assert_eq!(read.out_of_service, Permit::default());
    }
}
