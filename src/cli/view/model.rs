//! What the terminal view shows, as plain values: built from snapshots and records, drawn
//! elsewhere.

use std::collections::VecDeque;

/// One picture.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Plant and scenario.
    pub title: String,
    /// The plant's clock, local time.
    pub clock: Option<String>,
    /// Such as `600×`.
    pub speed: String,
    /// Is the plant's gateway online; none before its birth.
    pub presence: Option<bool>,
    /// Share of the scenario that is over.
    pub progress: Option<f64>,
    /// Is the run over, and the terminal to be given back?
    pub closing: bool,
    /// Has the scenario ended?
    pub finished: bool,
    /// One row a village, lowest margin first as in the plant's file.
    pub villages: Vec<VillageRow>,
    /// Values of the works.
    pub works: Vec<WorksRow>,
    /// Tanks and their levels.
    pub tanks: Vec<TankRow>,
    /// Standing alarms, most urgent first.
    pub alarms: Vec<AlarmRow>,
    /// What happened lately, oldest first.
    pub events: VecDeque<EventRow>,
    /// Counters of messages, readings, gaps, refusals.
    pub health: String,
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
#[derive(Debug, Clone, Default)]
pub struct Value {
    /// The number; `–` when there is none.
    pub text: String,
    /// Is there an alarm on it?
    pub level: Level,
    /// Is it older than it should be?
    pub stale: bool,
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
    /// Lowest chlorine at its taps.
    pub chlorine: Value,
    /// Highest turbidity at its taps.
    pub turbidity: Value,
}

/// One value of the works.
#[derive(Debug, Clone, Default)]
pub struct WorksRow {
    /// What it is.
    pub name: String,
    /// Its reading with the unit.
    pub value: Value,
    /// Its last readings as a small curve.
    pub trend: String,
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

/// One alarm that a person should see.
#[derive(Debug, Clone, Default)]
pub struct AlarmRow {
    /// Priority.
    pub level: Level,
    /// Does it stand? Otherwise its cause is gone, and nobody has acknowledged it.
    pub stands: bool,
    /// Local time it was raised.
    pub since: String,
    /// The instrument, or the plant.
    pub tag: String,
    /// The rule's title.
    pub title: String,
    /// Why.
    pub why: String,
}

/// One thing that happened.
#[derive(Debug, Clone, Default)]
pub struct EventRow {
    /// A line of text.
    pub text: String,
    /// Its colour.
    pub level: Level,
}

/// A small curve of the values, `▁` lowest to `█` highest; flat when they hardly differ.
pub fn curve(values: &[f64], cells: usize) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let from = values.len().saturating_sub(cells * 6);
    let values = &values[from..];
    if values.is_empty() {
        return String::new();
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Below two per cent of the value, noise would look like news.
    let span = (high - low).max(0.02 * high.abs()).max(1e-9);
    let middle = f64::midpoint(low, high);
    values
        .chunks(values.len().div_ceil(cells))
        .map(|chunk| {
            let mean = chunk.iter().sum::<f64>() / chunk.len() as f64;
            let steps_from_middle = ((mean - middle) / span * 7.0).round();
            STEPS[(4.0 + steps_from_middle).clamp(0.0, 7.0) as usize]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_rises_with_its_values_and_stays_flat_for_noise() {
        assert_eq!(curve(&[0.0, 1.0, 2.0, 3.0], 4), "▁▄▆█");
        assert_eq!(curve(&[10.0, 10.0001, 10.0], 3), "▅▅▅");
        assert_eq!(curve(&[], 4), "");
    }
}
