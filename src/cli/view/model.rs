//! What the terminal view shows, as plain values: built from snapshots and records, drawn
//! elsewhere.

use std::collections::VecDeque;

use crate::alarms::event::{AlarmId, AlarmState};
use crate::base::text::Lang;

/// One picture.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The language of every text in it.
    pub lang: Lang,
    /// Plant and scenario.
    pub title: String,
    /// The plant's clock, local time.
    pub clock: Option<String>,
    /// Such as `600×`.
    pub speed: String,
    /// The connection to the broker.
    pub link: Link,
    /// Is the plant's gateway online; none before its birth.
    pub presence: Option<bool>,
    /// May anybody speak in the plant's name?
    pub unsigned: bool,
    /// Is the plant one of several that can be looked at?
    pub of_many: bool,
    /// All plants in a list, when that is shown instead of one of them.
    pub overview: Option<Overview>,
    /// Share of the scenario that is over.
    pub progress: Option<f64>,
    /// Is the run over, and the terminal to be given back?
    pub closing: bool,
    /// Has the scenario ended?
    pub finished: bool,
    /// One row a village, always in the order of the plant's file: an operator knows the places.
    pub villages: Vec<VillageRow>,
    /// What heads the residual at their taps, where it is not chlorine.
    pub residual: Option<&'static str>,
    /// Values of the works.
    pub works: Vec<WorksRow>,
    /// Tanks and their levels.
    pub tanks: Vec<TankRow>,
    /// Pumps.
    pub pumps: Vec<PumpRow>,
    /// Alarms that somebody must answer, most urgent first; then those that stand; then those that
    /// are set aside.
    pub alarms: Vec<AlarmRow>,
    /// The flood of alarms that goes on, in words.
    pub flood: Option<String>,
    /// What happened lately, oldest first.
    pub events: VecDeque<EventRow>,
    /// Counters of messages, readings, gaps, refusals.
    pub health: String,
    /// The link of the desk in a browser; empty: there is none.
    pub desk: String,
}

impl View {
    /// Alarms that ask for attention now.
    pub fn active(&self) -> usize {
        self.alarms.iter().filter(|alarm| alarm.level > Level::Calm).count()
    }

    /// Chlorine and turbidity of the water that leaves the works.
    pub fn finished_quality(&self) -> impl Iterator<Item = &Value> {
        self.works.iter().filter(|row| row.finished_quality).map(|row| &row.value)
    }
}

/// Many plants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// The one that needs most attention first.
    pub rows: Vec<PlantRow>,
    /// The row that a person has chosen; none: they have not.
    pub chosen: Option<usize>,
    /// All of them together.
    pub totals: Totals,
}

/// Many plants in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many there are.
    pub plants: usize,
    /// Plants with an alarm that asks for attention.
    pub alarmed: usize,
    /// Those alarms.
    pub alarms: usize,
    /// Gateways that are there.
    pub online: usize,
    /// Of these, in whose name anybody may speak.
    pub unsigned: usize,
    /// Gateways that have gone.
    pub offline: usize,
    /// People served.
    pub people: u64,
    /// People whose water has an alarm.
    pub concerned: u64,
}

/// One of many plants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlantRow {
    /// Its name.
    pub name: String,
    /// Its county.
    pub county: String,
    /// Is its gateway there; none before its birth.
    pub online: Option<bool>,
    /// The level of its worst alarm.
    pub level: Level,
    /// People served.
    pub people: u64,
    /// People whose water has an alarm.
    pub concerned: u64,
    /// Alarms that ask for attention, by priority: low, medium, high.
    pub counts: [usize; 3],
    /// Alarms that are gone, and nobody has answered.
    pub unanswered: usize,
    /// The worst alarm.
    pub worst: Option<WorstAlarm>,
}

/// The alarm that a plant is listed for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorstAlarm {
    /// Local time it was raised.
    pub since: String,
    /// The rule's title.
    pub title: String,
    /// Why it was raised.
    pub why: String,
}

/// The connection to the broker, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Link {
    /// Not yet there.
    #[default]
    Connecting,
    /// It stands.
    Connected,
    /// It does not, because.
    Lost(String),
}

/// How much a value asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Not at all.
    #[default]
    Calm,
    /// A low alarm.
    Low,
    /// A medium alarm.
    Medium,
    /// A high alarm.
    High,
}

/// A reading as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Value {
    /// The number, behind `?` when it is suspect and `×` when it has failed; `–` when nothing has
    /// come yet or it could not be read, empty when nothing is measured.
    pub number: String,
    /// Is it suspect, failed or missing?
    pub doubtful: bool,
    /// Its unit.
    pub unit: &'static str,
    /// Is there an alarm on it?
    pub level: Level,
    /// How old it is, such as `12m`, when it is older than it should be.
    pub age: Option<String>,
}

/// One village.
#[derive(Debug, Clone, Default)]
pub struct VillageRow {
    /// Its name.
    pub name: String,
    /// Lowest tap pressure.
    pub pressure: Value,
    /// Pressure its houses need, kPa.
    pub needs: String,
    /// Pressure over need.
    pub share: Option<f64>,
    /// Lowest residual of the disinfectant at its taps.
    pub residual: Value,
    /// Highest turbidity at its taps.
    pub turbidity: Value,
}

/// One value of the works.
#[derive(Debug, Clone, Default)]
pub struct WorksRow {
    /// What it is.
    pub name: String,
    /// Is it what the finished water is judged by: chlorine, turbidity?
    pub finished_quality: bool,
    /// Its reading.
    pub value: Value,
    /// Its last readings, oldest first.
    pub trend: Vec<f64>,
}

/// One tank.
#[derive(Debug, Clone, Default)]
pub struct TankRow {
    /// What it is.
    pub name: String,
    /// Its level.
    pub value: Value,
    /// Level over the instrument's range.
    pub share: f64,
}

/// One pump.
#[derive(Debug, Clone, Default)]
pub struct PumpRow {
    /// Its name.
    pub name: String,
    /// Does it run; none when nobody knows, or knew lately.
    pub runs: Option<bool>,
}

/// One standing alarm.
#[derive(Debug, Clone)]
pub struct AlarmRow {
    /// Which.
    pub id: AlarmId,
    /// The first alarm of those it belongs to, unless it is alone.
    pub group: Option<AlarmId>,
    /// Its state.
    pub state: AlarmState,
    /// Its priority, whatever its state.
    pub priority: Level,
    /// The same; calm when it is gone, or kept silent.
    pub level: Level,
    /// Local time it was raised.
    pub since: String,
    /// The instrument, or the plant.
    pub tag: String,
    /// The rule's title.
    pub title: String,
    /// Why it was raised.
    pub why: String,
    /// What its instrument shows now.
    pub now: String,
}

impl AlarmRow {
    /// The alarm that its line goes by when alarms that belong together stand in one.
    pub fn belongs_to(&self) -> &AlarmId {
        self.group.as_ref().unwrap_or(&self.id)
    }
}

/// One thing that happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventRow {
    /// Local time; empty for what happened to the monitor itself.
    pub at: String,
    /// The plant, where it is one of many; else empty.
    pub of: String,
    /// What happened, in a word; empty when the text says it.
    pub what: &'static str,
    /// A line of text.
    pub text: String,
    /// The colour of the word.
    pub level: Level,
}

/// Time, word and text in one line.
impl std::fmt::Display for EventRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [self.at.as_str(), self.what, self.of.as_str(), self.text.as_str()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        f.write_str(&parts.join("  "))
    }
}

/// A small curve of the last values, `▁` lowest to `█` highest; flat when they hardly differ.
pub fn curve(values: &[f64], cells: usize) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let from = values.len().saturating_sub(cells * 6);
    let values = &values[from..];
    if values.is_empty() || cells == 0 {
        return String::new();
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Below a tenth of the value, noise would look like news.
    let span = (high - low).max(0.1 * high.abs()).max(1e-9);
    let middle = f64::midpoint(low, high);
    values
        .chunks(values.len().div_ceil(cells))
        .map(|chunk| {
            let mean = chunk.iter().sum::<f64>() / chunk.len() as f64;
            let share = ((mean - middle) / span + 0.5).clamp(0.0, 1.0);
            // Not quite eight: a value in the very middle does not flicker between two steps.
            STEPS[((share * 7.99) as usize).min(7)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_rises_with_its_values_and_stays_flat_for_noise() {
        assert_eq!(curve(&[0.0, 1.0, 2.0, 3.0], 4), "▁▃▆█");
        assert_eq!(curve(&[10.0, 10.0001, 10.0], 3), "▄▄▄");
        assert_eq!(curve(&[], 4), "");
        assert_eq!(curve(&[1.0], 0), "");
    }
}
