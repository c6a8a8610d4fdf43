//! Tests that look at other instruments: QARTOD's multivariate and neighbour tests.
//!
//! * *Multivariate*: a jump that no other instrument shows too, in the time around it, is suspect.
//!   A burst moves pressure and flow; a changed unit moves one signal alone.
//! * *Neighbour*: a reading that lies further from every neighbour than it may, from all that they
//!   showed in the time around it, is suspect.
//!
//! Both know once event time has passed the reading by `within`: then all readings of that time
//! have come, whatever the order in which they came.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::range::Bounds;
use super::rate::Change;
use super::{Judged, ROUNDING};
use crate::base::units::Quantity;
use crate::base::{Flag, Span, Stamp, TagId};
use crate::plant::tags::{SamplingPoint, Tag};

/// Which other instruments of the plant; what is none is not asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Partners {
    /// This one, by its tag.
    pub tag: Option<TagId>,
    /// What it measures.
    pub quantity: Option<Quantity>,
    /// Which water it looks at.
    pub point: Option<SamplingPoint>,
    /// Does it stand for the same village?
    pub same_village: bool,
}

impl Partners {
    /// Is `other` a partner of `tag`?
    pub fn wants(&self, tag: &Tag, other: &Tag) -> bool {
        tag.id != other.id
            && self.tag.as_ref().is_none_or(|wanted| *wanted == other.id)
            && self.quantity.is_none_or(|wanted| wanted == other.quantity)
            && self.point.is_none_or(|wanted| wanted == other.point)
            && (!self.same_village || tag.village.is_some() && tag.village == other.village)
    }
}

/// When a jump is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Multivariate {
    /// What is a jump; its second limit is not used.
    pub jump: Change,
    /// Who can confirm it, by moving at least so much, in its own unit …
    pub by: Vec<(Partners, f64)>,
    /// … from so long before to so long after it.
    pub within: Span,
}

impl Multivariate {
    /// By how much `other` must move to confirm a jump of `tag`, if it can.
    pub fn confirms(&self, tag: &Tag, other: &Tag) -> Option<f64> {
        let wanted = self.by.iter().filter(|(by, _)| by.wants(tag, other));
        wanted.map(|(_, change)| *change).min_by(f64::total_cmp)
    }
}

/// Which side of its neighbours a reading may not be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Neither.
    Both,
    /// Not above them.
    Above,
    /// Not below them.
    Below,
}

/// How far a reading may lie from its neighbours.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// Who they are.
    pub by: Partners,
    /// It usually shows so much more than they do.
    pub offset: f64,
    /// So far from that it may lie.
    pub tolerance: f64,
    /// On which side that counts.
    pub side: Side,
    /// What they showed from so long before to so long after it.
    pub within: Span,
}

impl Neighbour {
    /// Does `value` agree with a neighbour that showed `seen`?
    pub fn agrees(&self, value: f64, seen: Bounds) -> bool {
        let usual = value - self.offset;
        let too_high = usual > seen.1 + self.tolerance + ROUNDING;
        let too_low = usual < seen.0 - self.tolerance - ROUNDING;
        match self.side {
            Side::Both => !too_high && !too_low,
            Side::Above => !too_high,
            Side::Below => !too_low,
        }
    }
}

/// A reading that waits for what others show.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// When it was taken.
    pub observed_at: Stamp,
    /// Its value.
    pub value: f64,
    /// When everybody's readings of the time around it have come.
    pub due: Stamp,
    /// What the tests have said of it so far.
    pub before: Judged,
}

/// Readings that wait at most; an older one is then not evaluated.
pub const WAITING_MAX: usize = 64;

/// What an instrument showed lately, for its partners.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Recent {
    panes: VecDeque<Pane>,
}

/// Readings of a short time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Pane {
    first: Stamp,
    last: Stamp,
    low: f64,
    high: f64,
}

/// Panes that a stretch of time is cut into at most.
const PANES: i64 = 64;

impl Recent {
    /// Adds a reading; what is older than `keep` is forgotten. Readings closer together than a 64th
    /// of it are remembered by their lowest and highest.
    pub fn push(&mut self, keep: Span, at: Stamp, value: f64) {
        while self.panes.front().is_some_and(|pane| pane.last < at - keep) {
            self.panes.pop_front();
        }
        let width = Span::ms(keep.as_ms() / PANES);
        match self.panes.back_mut().filter(|pane| at - pane.first < width) {
            Some(pane) => {
                pane.last = at;
                (pane.low, pane.high) = (pane.low.min(value), pane.high.max(value));
            }
            None => self.panes.push_back(Pane { first: at, last: at, low: value, high: value }),
        }
    }

    /// Lowest and highest value from `from` to `to`, both included; none without a reading.
    pub fn between(&self, from: Stamp, to: Stamp) -> Option<Bounds> {
        let inside = self.panes.iter().filter(|pane| pane.last >= from && pane.first <= to);
        inside.fold(None, |bounds: Option<Bounds>, pane| {
            let (low, high) = bounds.unwrap_or((pane.low, pane.high));
            Some((low.min(pane.low), high.max(pane.high)))
        })
    }
}

/// What is said of a reading of this value, from what each partner showed in the time around it: of
/// a neighbour, or else of a jump that a partner confirms by moving so much.
pub fn decide(
    value: f64,
    neighbour: Option<&Neighbour>,
    seen: impl Iterator<Item = (Option<Bounds>, f64)>,
) -> Flag {
    let (mut heard, mut good) = (false, false);
    for (bounds, confirm) in seen {
        let Some((low, high)) = bounds else { continue };
        heard = true;
        good |= match neighbour {
            Some(test) => test.agrees(value, (low, high)),
            None => high - low >= confirm - ROUNDING,
        };
    }
    match (heard, good) {
        (false, _) => Flag::NotEvaluated,
        (true, true) => Flag::Good,
        (true, false) => Flag::Suspect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("a small number")
    }

    #[test]
    fn what_was_shown_lately_is_remembered_by_its_extremes_and_in_bounded_memory() {
        let mut recent = Recent::default();
        for s in 0..10_000 {
            recent.push(Span::minutes(20), at(s), (s % 100) as f64);
        }
        assert!(recent.panes.len() <= PANES as usize + 1, "{}", recent.panes.len());
        assert_eq!(recent.between(at(9_500), at(9_900)), Some((0.0, 99.0)));
        assert_eq!(recent.between(at(0), at(1_000)), None);
    }

    #[test]
    fn one_neighbour_that_agrees_is_enough_and_without_any_nothing_is_said() {
        let test = Neighbour {
            by: Partners::default(),
            offset: 0.1,
            tolerance: 0.2,
            side: Side::Both,
            within: Span::MINUTE,
        };
        let say = |seen: &[Option<Bounds>]| {
            decide(1.0, Some(&test), seen.iter().map(|seen| (*seen, 0.0)))
        };
        assert_eq!(say(&[None]), Flag::NotEvaluated);
        assert_eq!(say(&[Some((0.2, 0.5)), None]), Flag::Suspect);
        assert_eq!(say(&[Some((0.2, 0.5)), Some((0.6, 0.7))]), Flag::Good);
        assert_eq!(say(&[Some((1.1, 1.2))]), Flag::Good, "0.1 more than it usually would");
    }

    #[test]
    fn a_side_that_does_not_count_is_free() {
        let test = |side| Neighbour {
            by: Partners::default(),
            offset: 0.0,
            tolerance: 0.1,
            side,
            within: Span::MINUTE,
        };
        assert!(test(Side::Above).agrees(0.0, (1.0, 1.0)));
        assert!(!test(Side::Above).agrees(1.2, (1.0, 1.0)));
        assert!(test(Side::Below).agrees(1.2, (1.0, 1.0)));
        assert!(!test(Side::Below).agrees(0.8, (1.0, 1.0)));
    }
}
