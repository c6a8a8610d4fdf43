//! What was not accepted: counted for ever, told at most once a minute, one example at a time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{PlantId, Span, Stamp, text};
use crate::ingest::observation::{IngestChange, IngestEvent};
use crate::telemetry::wire::Refusal;

/// Between two reports of one reason.
pub const REPORT_EVERY: Span = Span::MINUTE;

/// Longest topic, sample and detail kept, in characters.
pub const SAMPLE_CHARS_MAX: usize = 120;

/// Counters and waiting reports, per plant of ours (or none) and reason.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Refusals {
    reasons: Vec<Counted>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Counted {
    plant: Option<PlantId>,
    reason: String,
    total: u64,
    reported_at: Stamp,
    waiting: Option<Waiting>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Waiting {
    count: u64,
    topic: String,
    sample: String,
    detail: String,
}

impl Refusals {
    /// Counts one; reports it when this reason has not been reported for a minute. Reasons come
    /// from a fixed list and plants are ours only, so that counters stay bounded.
    pub fn note(
        &mut self,
        plant: Option<&PlantId>,
        refusal: &Refusal,
        message: (&str, &[u8]),
        now: Stamp,
        events: &mut Vec<IngestEvent>,
    ) {
        let known = self
            .reasons
            .iter()
            .position(|known| known.reason == refusal.reason && known.plant.as_ref() == plant);
        let at = known.unwrap_or_else(|| {
            self.reasons.push(Counted {
                plant: plant.cloned(),
                reason: refusal.reason.to_owned(),
                total: 0,
                reported_at: now - REPORT_EVERY,
                waiting: None,
            });
            self.reasons.len() - 1
        });
        let Some(counted) = self.reasons.get_mut(at) else { return };
        counted.total += 1;
        match &mut counted.waiting {
            Some(waiting) => waiting.count += 1,
            None => counted.waiting = Some(Waiting::of(refusal, message)),
        }
        counted.report(now, events);
    }

    /// Reports what has waited for a minute.
    pub fn tick(&mut self, now: Stamp, events: &mut Vec<IngestEvent>) {
        for counted in &mut self.reasons {
            counted.report(now, events);
        }
    }

    /// How many were refused in the name of a plant.
    pub fn total_of(&self, plant: &PlantId) -> u64 {
        let of_plant = self.reasons.iter().filter(|known| known.plant.as_ref() == Some(plant));
        of_plant.map(|known| known.total).sum()
    }

    /// How many were refused, by reason, over all plants and strangers.
    pub fn totals(&self) -> BTreeMap<String, u64> {
        let mut totals = BTreeMap::new();
        for counted in &self.reasons {
            *totals.entry(counted.reason.clone()).or_insert(0) += counted.total;
        }
        totals
    }
}

impl Counted {
    fn report(&mut self, now: Stamp, events: &mut Vec<IngestEvent>) {
        // The monitor's clock may go back: to simulated time, once a plant has spoken.
        if (self.reported_at..self.reported_at + REPORT_EVERY).contains(&now) {
            return;
        }
        let Some(Waiting { count, topic, sample, detail }) = self.waiting.take() else { return };
        self.reported_at = now;
        let reason = self.reason.clone();
        let what = IngestChange::Refused { reason, count, topic, sample, detail };
        events.push(IngestEvent { at: now, plant: self.plant.clone(), what });
    }
}

impl Waiting {
    fn of(refusal: &Refusal, (topic, payload): (&str, &[u8])) -> Self {
        let head = payload.get(..4 * SAMPLE_CHARS_MAX).unwrap_or(payload);
        Self {
            count: 1,
            topic: printable(topic),
            sample: printable(&String::from_utf8_lossy(head)),
            detail: printable(&refusal.detail),
        }
    }
}

/// The beginning of a text, with everything a terminal might obey replaced.
fn printable(text: &str) -> String {
    text.chars().take(SAMPLE_CHARS_MAX).map(text::shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("in range")
    }

    fn note(refusals: &mut Refusals, reason: &'static str, payload: &[u8], s: i64) -> Vec<u64> {
        let mut events = Vec::new();
        let refusal = Refusal { reason, detail: "it is wrong".to_owned() };
        refusals.note(None, &refusal, ("a/b", payload), at(s), &mut events);
        counts(&events)
    }

    fn counts(events: &[IngestEvent]) -> Vec<u64> {
        events
            .iter()
            .filter_map(|event| match &event.what {
                IngestChange::Refused { count, .. } => Some(*count),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn the_first_is_told_at_once_and_the_rest_once_a_minute() {
        let mut refusals = Refusals::default();
        assert_eq!(note(&mut refusals, "not-json", b"x", 0), [1]);
        for s in 1..60 {
            assert!(note(&mut refusals, "not-json", b"x", s).is_empty(), "at {s} s");
        }
        let mut events = Vec::new();
        refusals.tick(at(59), &mut events);
        assert!(events.is_empty());
        refusals.tick(at(60), &mut events);
        assert_eq!(counts(&events), [59]);
        events.clear();
        refusals.tick(at(200), &mut events);
        assert!(events.is_empty(), "nothing new, nothing told");
        assert_eq!(note(&mut refusals, "not-json", b"x", 201), [1]);
        assert_eq!(refusals.totals(), BTreeMap::from([("not-json".to_owned(), 61)]));
    }

    #[test]
    fn reasons_are_told_apart() {
        let mut refusals = Refusals::default();
        assert_eq!(note(&mut refusals, "not-json", b"x", 0), [1]);
        assert_eq!(note(&mut refusals, "too-large", b"x", 0), [1]);
    }

    #[test]
    fn a_sample_is_short_and_harmless() {
        let mut events = Vec::new();
        let payload = vec![0x1b; 100_000];
        let refusal = Refusal { reason: "not-json", detail: "d".repeat(5_000) };
        Refusals::default().note(
            None,
            &refusal,
            (&"t".repeat(5_000), &payload),
            at(0),
            &mut events,
        );
        let Some(IngestChange::Refused { topic, sample, detail, .. }) =
            events.first().map(|event| event.what.clone())
        else {
            panic!("one report")
        };
        for text in [&topic, &sample, &detail] {
            assert_eq!(text.chars().count(), SAMPLE_CHARS_MAX);
            assert!(!text.contains('\u{1b}'));
        }
    }
}
