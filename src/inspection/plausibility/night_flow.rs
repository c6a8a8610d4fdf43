//! Minimum night flow (夜间最小流量): when people sleep, what still flows is leakage.
//!
//! The night's window is cut into blocks; the mean of each is held against what is usual. As soon
//! as the excess has lasted for enough blocks in a row it is declared, so a burst at the start of
//! the window is known in the same night; a single busy block never is. One block back at the
//! usual flow clears it: the smallest flow of the night is what counts. By day nothing is judged,
//! so what was found at night stands until a night shows otherwise.

use serde::{Deserialize, Serialize};

use crate::base::time::UtcOffset;
use crate::base::units::Quantity;
use crate::base::{Span, Stamp};
use crate::inspection::finding::Verdict;
use crate::inspection::limit::{LimitInForce, Side};
use crate::inspection::unit_keys::shown;

/// When and what to hold the night's flow against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NightFlowTest {
    /// The window begins at this time of the plant's day …
    pub from: Span,
    /// … and ends at this one, later on the same day.
    pub to: Span,
    /// Length of a block, whose mean is judged.
    pub average: Span,
    /// The excess must last this long.
    pub sustained: Span,
    /// Excess is more than the usual flow times this …
    pub usual_times: f64,
    /// … and more than the usual flow plus this, m³/h.
    pub excess_m3_per_h: f64,
    /// A block clears at this much below the limit, m³/h.
    pub deadband_m3_per_h: f64,
}

impl NightFlowTest {
    /// The limit in m³/h where `usual` m³/h is usual.
    pub fn limit(&self, usual_m3_per_h: f64) -> LimitInForce {
        let raise = (usual_m3_per_h * self.usual_times).max(usual_m3_per_h + self.excess_m3_per_h);
        LimitInForce { side: Side::Above, raise, clear: raise - self.deadband_m3_per_h }
    }
}

/// The test at one flow meter.
#[derive(Debug, Clone, PartialEq)]
pub struct NightFlow {
    test: NightFlowTest,
    limit: LimitInForce,
    utc_offset: UtcOffset,
    /// A block with fewer readings says nothing.
    readings_needed: u32,
    /// Blocks in a row that make a sustained excess.
    blocks_needed: u32,
    state: NightState,
}

/// What a night has shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct NightState {
    /// End of the night that must be judged next.
    night_end: Option<Stamp>,
    /// Blocks judged in it.
    judged: u32,
    /// The open block.
    block: Option<Block>,
    /// Blocks in excess, in a row.
    run: u32,
    /// Where the last of them ended.
    run_end: Option<Stamp>,
    /// Has an excess been declared?
    excess: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Block {
    start: Stamp,
    sum: f64,
    readings: u32,
}

/// What a block, or a night without any, has come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NightVerdict {
    /// End of the block or of the night.
    pub at: Stamp,
    /// What it says.
    pub verdict: Verdict,
    /// Mean flow of the block, m³/h.
    pub mean: Option<f64>,
}

impl NightFlow {
    /// The test at a meter read every `poll` whose usual minimum is `usual_m3_per_h`.
    pub fn new(
        test: NightFlowTest,
        usual_m3_per_h: f64,
        poll: Span,
        utc_offset: UtcOffset,
    ) -> Self {
        let times = |whole: Span, part: Span| (whole.as_ms() / part.as_ms().max(1)).max(1) as u32;
        Self {
            test,
            limit: test.limit(usual_m3_per_h),
            utc_offset,
            readings_needed: times(test.average, poll).div_ceil(2),
            blocks_needed: times(test.sustained, test.average),
            state: NightState::default(),
        }
    }

    /// The limit that block means are held against.
    pub fn limit(&self) -> LimitInForce {
        self.limit
    }

    /// The watch begins: the first night that must be judged starts at `now` or later.
    pub fn start(&mut self, now: Stamp) {
        let midnight = now.midnight(self.utc_offset);
        let day = if midnight + self.test.from < now { Span::DAY } else { Span::ZERO };
        self.state.night_end = Some(midnight + self.test.to + day);
    }

    /// The next verdict that event time `now` allows, if any; call until there is none.
    pub fn due(&mut self, now: Stamp) -> Option<NightVerdict> {
        loop {
            let block_end = self.state.block.map(|block| block.start + self.test.average);
            if let Some(end) = block_end.filter(|end| *end <= now) {
                if let Some(verdict) = self.close_block(end) {
                    return Some(verdict);
                }
                continue;
            }
            let night_end = self.state.night_end.filter(|end| *end <= now)?;
            self.state.night_end = Some(night_end + Span::DAY);
            let judged = std::mem::take(&mut self.state.judged);
            if judged == 0 {
                let verdict = Verdict::NoData;
                return Some(NightVerdict { at: night_end, verdict, mean: None });
            }
        }
    }

    fn close_block(&mut self, end: Stamp) -> Option<NightVerdict> {
        let block = self.state.block.take()?;
        if block.readings < self.readings_needed {
            return None;
        }
        let mean = block.sum / f64::from(block.readings);
        let state = &mut self.state;
        state.judged += 1;
        if self.limit.breaks(mean) {
            state.run = if state.run_end == Some(block.start) { state.run + 1 } else { 1 };
            state.run_end = Some(end);
        } else {
            state.run = 0;
        }
        state.excess =
            if state.excess { !self.limit.clears(mean) } else { state.run >= self.blocks_needed };
        let verdict = if state.excess { Verdict::Abnormal } else { Verdict::Normal };
        Some(NightVerdict { at: end, verdict, mean: Some(mean) })
    }

    /// Takes a reading; whatever was due before it must have been asked for.
    pub fn observe(&mut self, at: Stamp, m3_per_h: f64) {
        let time = at.time_of_day(self.utc_offset);
        if time < self.test.from || time >= self.test.to {
            return;
        }
        let into_block = (time - self.test.from).as_ms() % self.test.average.as_ms().max(1);
        let fresh = Block { start: at - Span::ms(into_block), sum: 0.0, readings: 0 };
        let block = self.state.block.get_or_insert(fresh);
        block.sum += m3_per_h;
        block.readings += 1;
    }

    /// Before this moment `due` has nothing to say.
    pub fn deadline(&self) -> Option<Stamp> {
        let block_end = self.state.block.map(|block| block.start + self.test.average);
        block_end.into_iter().chain(self.state.night_end).min()
    }

    /// What the night has shown so far, for a checkpoint.
    pub fn state(&self) -> NightState {
        self.state
    }

    /// Continues a night of a checkpoint.
    pub fn resume(&mut self, state: NightState) {
        self.state = state;
    }

    /// One sentence about a block's mean, or about a night without one.
    pub fn sentence(&self, tag: &str, found: NightVerdict) -> String {
        let limit = shown(Quantity::Flow, self.limit.raise);
        let Some(mean) = found.mean.map(|mean| shown(Quantity::Flow, mean)) else {
            return format!("no night flow at {tag} could be judged this night");
        };
        match found.verdict {
            Verdict::Abnormal => format!(
                "night flow at {tag} has been above {limit} for {}, last {mean}",
                self.test.average * i64::from(self.blocks_needed)
            ),
            _ => format!("night flow at {tag} is {mean}, within {limit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: NightFlowTest = NightFlowTest {
        from: Span::hours(2),
        to: Span::hours(4),
        average: Span::minutes(10),
        sustained: Span::minutes(60),
        usual_times: 1.5,
        excess_m3_per_h: 3.0,
        deadband_m3_per_h: 1.0,
    };

    /// Verdict changes of two nights from midnight, read every 5 minutes, as (minute, verdict).
    fn nights(flow: impl Fn(i64) -> Option<f64>) -> Vec<(i64, Verdict)> {
        let start = Stamp::from_ms(0).expect("1970");
        let mut test = NightFlow::new(TEST, 20.0, Span::minutes(5), UtcOffset::UTC);
        test.start(start);
        let mut changes: Vec<(i64, Verdict)> = Vec::new();
        for minute in (0..=2 * 24 * 60).step_by(5) {
            let now = start + Span::minutes(minute);
            while let Some(found) = test.due(now) {
                if changes.last().is_none_or(|last| last.1 != found.verdict) {
                    changes.push(((found.at - start).as_ms() / 60_000, found.verdict));
                }
            }
            if let Some(flow) = flow(minute) {
                test.observe(now, flow);
            }
        }
        changes
    }

    #[test]
    fn a_burst_at_two_is_found_by_three() {
        let changes = nights(|minute| Some(if minute >= 120 { 60.0 } else { 20.0 }));
        assert_eq!(changes, [(130, Verdict::Normal), (180, Verdict::Abnormal)]);
    }

    #[test]
    fn a_quiet_night_never_raises_and_day_flow_is_not_judged() {
        let changes = nights(|minute| {
            let by_day = !(120..240).contains(&(minute % 1440));
            Some(if by_day { 90.0 } else { 20.0 + (minute % 7) as f64 })
        });
        assert_eq!(changes, [(130, Verdict::Normal)]);
    }

    #[test]
    fn a_tank_that_fills_for_forty_minutes_is_no_burst() {
        let changes = nights(|minute| Some(if (130..170).contains(&minute) { 80.0 } else { 20.0 }));
        assert_eq!(changes, [(130, Verdict::Normal)]);
    }

    #[test]
    fn what_was_found_stands_until_a_night_shows_otherwise() {
        let changes = nights(|minute| Some(if minute < 12 * 60 { 60.0 } else { 20.0 }));
        let normal_again = 24 * 60 + 130;
        assert_eq!(
            changes,
            [(130, Verdict::Normal), (180, Verdict::Abnormal), (normal_again, Verdict::Normal)]
        );
    }

    #[test]
    fn a_night_without_readings_is_no_data() {
        let changes = nights(|minute| (minute < 24 * 60).then_some(20.0));
        assert_eq!(changes, [(130, Verdict::Normal), (24 * 60 + 240, Verdict::NoData)]);
        assert_eq!(nights(|_| None), [(240, Verdict::NoData)]);
    }

    #[test]
    fn the_limit_is_the_larger_of_factor_and_absolute_excess() {
        assert_eq!(TEST.limit(20.0).raise, 30.0);
        assert_eq!(TEST.limit(2.0).raise, 5.0);
    }
}
