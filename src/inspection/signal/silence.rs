//! Silence: nothing has come for too long. Kept as stretches of time in which something was heard
//! recently enough, so that neither the order of readings nor the moments of asking matter.

use serde::{Deserialize, Serialize};

use crate::base::{Span, Stamp};

/// How long an instrument may be silent: some polls, within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// This many polls …
    pub polls: i64,
    /// … but at least this long …
    pub at_least: Span,
    /// … and at most this long.
    pub at_most: Span,
}

impl Patience {
    /// When a rule says nothing else: three polls, 15 to 60 minutes `[D]`.
    pub const USUAL: Self =
        Self { polls: 3, at_least: Span::minutes(15), at_most: Span::minutes(60) };

    /// Silence that is too long for an instrument read every `poll`.
    pub fn for_poll(&self, poll: Span) -> Span {
        (poll * self.polls).max(self.at_least).min(self.at_most)
    }
}

/// Is something silent? Each sound covers the time from itself to `patience` later; silence is
/// time that nothing covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    patience: Span,
    /// Covered stretches not yet judged, in order, apart from each other. The first is the
    /// present one unless it is silent.
    covered: Vec<(Stamp, Stamp)>,
    /// Since when it is silent, if it is.
    silent_since: Option<Stamp>,
    /// When it last said goodbye: what was heard before covers nothing beyond, also when that
    /// comes later.
    #[serde(default)]
    cut_at: Option<Stamp>,
}

/// Silence has begun or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Stamp,
    /// Has it begun?
    pub silent: bool,
}

impl Silence {
    /// Nothing heard, nothing expected: the first sound starts the watch.
    pub fn new(patience: Span) -> Self {
        Self { patience, covered: Vec::new(), silent_since: None, cut_at: None }
    }

    /// The same, with another patience for what is heard from now on.
    pub fn with_patience(self, patience: Span) -> Self {
        Self { patience, ..self }
    }

    /// Something was heard at `at`.
    pub fn hear(&mut self, at: Stamp) {
        let end = at + self.patience;
        let cut_at = self.cut_at.filter(|cut_at| at <= *cut_at);
        self.cover(at, cut_at.map_or(end, |cut_at| end.min(cut_at)));
    }

    fn cover(&mut self, start: Stamp, end: Stamp) {
        if let Some(last) = self.covered.last_mut()
            && last.0 <= start
            && start <= last.1
        {
            last.1 = last.1.max(end);
            return;
        }
        // A sound heard again covers nothing beyond the silence that followed it.
        if self.silent_since.is_some_and(|since| end <= since) {
            return;
        }
        // What has been judged stays judged: time before the floor is history.
        let floor = self.silent_since.or_else(|| self.covered.first().map(|first| first.0));
        let start = floor.map_or(start, |floor| start.max(floor));
        if start > end {
            return;
        }
        let first = self.covered.partition_point(|stretch| stretch.1 < start);
        let beyond = self.covered.partition_point(|stretch| stretch.0 <= end);
        let met = self.covered.get(first..beyond).unwrap_or_default();
        let whole = met
            .iter()
            .fold((start, end), |sum, stretch| (sum.0.min(stretch.0), sum.1.max(stretch.1)));
        self.covered.splice(first..beyond.max(first), [whole]);
    }

    /// It said goodbye at `at`: nothing later counts as covered by what was heard before.
    pub fn cut(&mut self, at: Stamp) {
        self.cut_at = Some(at);
        self.covered.retain(|stretch| stretch.0 <= at);
        if let Some(last) = self.covered.last_mut() {
            last.1 = last.1.min(at);
        }
    }

    /// Time between `from` and `to` is excused, and patience starts again at `to`; only when it was
    /// not silent already at `from`.
    pub fn excuse(&mut self, from: Stamp, to: Stamp) {
        let present = self.covered.first().copied();
        if self.silent_since.is_none()
            && present.is_some_and(|(start, end)| start <= from && from <= end)
        {
            self.cover(from, to + self.patience);
        }
    }

    /// The next change before event time `to`, if any; call until there is none. Silence begins
    /// when event time has passed the deadline: a sound at the deadline itself is in time.
    pub fn due(&mut self, to: Stamp) -> Option<Change> {
        let (start, end) = *self.covered.first()?;
        if self.silent_since.is_some() {
            self.silent_since = None;
            return Some(Change { at: start, silent: false });
        }
        if end >= to {
            return None;
        }
        self.covered.remove(0);
        self.silent_since = Some(end);
        Some(Change { at: end, silent: true })
    }

    /// Before this moment `due` has nothing to say.
    pub fn deadline(&self) -> Option<Stamp> {
        let (start, end) = *self.covered.first()?;
        Some(if self.silent_since.is_some() { start } else { end })
    }

    /// How long a silence is too long.
    pub fn patience(&self) -> Span {
        self.patience
    }

    /// Since when it is silent, as far as judged.
    pub fn silent_since(&self) -> Option<Stamp> {
        self.silent_since
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(min: i64) -> Stamp {
        Stamp::from_ms(min * 60_000).expect("a small number")
    }

    fn changes(silence: &mut Silence, to: Stamp) -> Vec<(i64, bool)> {
        std::iter::from_fn(|| silence.due(to))
            .map(|change| (change.at.as_ms() / 60_000, change.silent))
            .collect()
    }

    #[test]
    fn silence_begins_at_its_deadline_and_ends_with_the_next_sound() {
        let mut silence = Silence::new(Span::minutes(15));
        silence.hear(at(0));
        assert_eq!(changes(&mut silence, at(15)), []);
        assert_eq!(changes(&mut silence, at(16)), [(15, true)]);
        silence.hear(at(40));
        assert_eq!(changes(&mut silence, at(41)), [(40, false)]);
    }

    #[test]
    fn the_last_sound_heard_again_ends_no_silence() {
        let mut silence = Silence::new(Span::minutes(15));
        silence.hear(at(0));
        assert_eq!(changes(&mut silence, at(16)), [(15, true)]);
        silence.hear(at(0));
        assert_eq!(changes(&mut silence, at(17)), []);
        silence.hear(at(40));
        assert_eq!(changes(&mut silence, at(41)), [(40, false)]);
    }

    #[test]
    fn a_sound_at_the_deadline_is_in_time() {
        let mut silence = Silence::new(Span::minutes(15));
        silence.hear(at(0));
        silence.hear(at(15));
        assert_eq!(changes(&mut silence, at(30)), []);
    }

    #[test]
    fn a_goodbye_ends_the_patience_at_once() {
        let mut silence = Silence::new(Span::minutes(15));
        silence.hear(at(0));
        silence.cut(at(5));
        assert_eq!(changes(&mut silence, at(6)), [(5, true)]);
    }

    #[test]
    fn a_goodbye_that_overtakes_what_was_said_before_it_counts_from_its_own_time() {
        let mut silence = Silence::new(Span::minutes(15));
        silence.hear(at(0));
        silence.cut(at(9));
        silence.hear(at(4));
        silence.hear(at(9));
        assert_eq!(changes(&mut silence, at(30)), [(9, true)]);
        silence.hear(at(40));
        assert_eq!(changes(&mut silence, at(50)), [(40, false)]);
    }

    #[test]
    fn an_excuse_starts_patience_again_but_frees_nobody_who_was_silent_before() {
        let mut excused = Silence::new(Span::minutes(15));
        excused.hear(at(0));
        excused.excuse(at(10), at(60));
        assert_eq!(changes(&mut excused, at(75)), []);
        assert_eq!(changes(&mut excused, at(76)), [(75, true)]);
        let mut silent = Silence::new(Span::minutes(15));
        silent.hear(at(0));
        assert_eq!(changes(&mut silent, at(30)), [(15, true)]);
        silent.excuse(at(30), at(60));
        assert_eq!(changes(&mut silent, at(90)), []);
        assert!(silent.silent_since().is_some());
    }

    proptest! {
        #[test]
        fn the_order_of_sounds_and_the_moments_of_asking_change_nothing(
            mut sounds in prop::collection::vec(0_i64..600, 1..30),
            asks in prop::collection::vec(0_i64..600, 0..30),
            swaps in prop::collection::vec((0_usize..30, 0_usize..30), 0..20),
        ) {
            sounds.push(0);
            sounds.sort_unstable();
            let mut steady = Silence::new(Span::minutes(15));
            let mut seen = Vec::new();
            for minute in 0..=700 {
                if sounds.binary_search(&minute).is_ok() {
                    steady.hear(at(minute));
                }
                if asks.contains(&minute) {
                    seen.extend(changes(&mut steady, at(minute)));
                }
            }
            seen.extend(changes(&mut steady, at(701)));
            let mut once = Silence::new(Span::minutes(15));
            once.hear(at(0));
            for (a, b) in swaps {
                let n = sounds.len();
                sounds.swap(a % n, b % n);
            }
            for minute in sounds {
                once.hear(at(minute));
            }
            prop_assert_eq!(seen, changes(&mut once, at(701)));
        }
    }
}
