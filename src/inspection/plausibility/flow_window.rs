//! A flow within a window of the day, held against the usual one of the night.
//!
//! *Minimum night flow* (夜间最小流量): when people sleep, what still flows is leakage; more is more
//! leakage. *No draw*: when people are awake they draw water; a meter at its night flow has nobody
//! behind it, only leaks.
//!
//! The window is cut into blocks; the mean of each is judged. As soon as the excess, or the want,
//! has lasted for enough blocks in a row it is declared, so a burst at the start of the night is
//! known in the same night; a single busy block never is. One block back at the usual flow clears
//! it: the smallest flow of the night, and the largest of the day, is what counts. Outside of the
//! window nothing is judged, so what was found stands until the next one shows otherwise.

use serde::{Deserialize, Serialize};

use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::units::Quantity;
use crate::base::{Span, Stamp};
use crate::inspection::finding::Verdict;
use crate::inspection::limit::{LimitInForce, Side};
use crate::inspection::unit_keys::shown;

/// When and what to hold the flow against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowTest {
    /// The window begins at this time of the plant's day …
    pub from: Span,
    /// … and ends at this one, later on the same day.
    pub to: Span,
    /// Length of a block, whose mean is judged.
    pub average: Span,
    /// What is wrong must last this long.
    pub sustained: Span,
    /// Above: too much. Below: too little.
    pub side: Side,
    /// The limit is the usual flow of the night times this …
    pub usual_times: f64,
    /// … and, above, at least this much more than it, m³/h.
    pub excess_m3_per_h: f64,
    /// A block clears at this much on the good side of the limit, m³/h.
    pub deadband_m3_per_h: f64,
}

impl FlowTest {
    /// The limit in m³/h where `usual` m³/h is usual at night.
    pub fn limit(&self, usual_m3_per_h: f64) -> LimitInForce {
        let by_share = usual_m3_per_h * self.usual_times;
        let (side, deadband) = (self.side, self.deadband_m3_per_h);
        match side {
            Side::Above => {
                let raise = by_share.max(usual_m3_per_h + self.excess_m3_per_h);
                LimitInForce { side, raise, clear: raise - deadband, unverified: false }
            }
            Side::Below => {
                let clear = by_share + deadband;
                LimitInForce { side, raise: by_share, clear, unverified: false }
            }
        }
    }
}

/// The test at one flow meter.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowWindow {
    test: FlowTest,
    limit: LimitInForce,
    utc_offset: UtcOffset,
    /// A block with fewer readings says nothing.
    readings_needed: u32,
    /// Blocks in a row that make it lasting.
    blocks_needed: u32,
    state: FlowState,
}

/// What a window has shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct FlowState {
    /// End of the window that must be judged next.
    window_end: Option<Stamp>,
    /// Blocks judged in it.
    judged: u32,
    /// The open block.
    block: Option<Block>,
    /// Blocks beyond the limit, in a row.
    run: u32,
    /// Where the last of them ended.
    run_end: Option<Stamp>,
    /// Has it been declared?
    is_declared: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Block {
    start: Stamp,
    sum: f64,
    readings: u32,
}

/// What a block, or a window without any, has come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowVerdict {
    /// End of the block or of the window.
    pub at: Stamp,
    /// What it says.
    pub verdict: Verdict,
    /// Mean flow of the block, m³/h.
    pub mean: Option<f64>,
}

impl FlowWindow {
    /// The test at a meter read every `poll` whose usual minimum is `usual_m3_per_h`.
    pub fn new(test: FlowTest, usual_m3_per_h: f64, poll: Span, utc_offset: UtcOffset) -> Self {
        let times = |whole: Span, part: Span| (whole.as_ms() / part.as_ms().max(1)).max(1) as u32;
        Self {
            test,
            limit: test.limit(usual_m3_per_h),
            utc_offset,
            readings_needed: times(test.average, poll).div_ceil(2),
            blocks_needed: times(test.sustained, test.average),
            state: FlowState::default(),
        }
    }

    /// The limit that block means are held against.
    pub fn limit(&self) -> LimitInForce {
        self.limit
    }

    /// The watch begins: the first window that must be judged starts at `now` or later.
    pub fn start(&mut self, now: Stamp) {
        let midnight = now.midnight(self.utc_offset);
        let day = if midnight + self.test.from < now { Span::DAY } else { Span::ZERO };
        self.state.window_end = Some(midnight + self.test.to + day);
    }

    /// The next verdict that event time `now` allows, if any; call until there is none.
    pub fn due(&mut self, now: Stamp) -> Option<FlowVerdict> {
        loop {
            let block_end = self.state.block.map(|block| block.start + self.test.average);
            if let Some(end) = block_end.filter(|end| *end <= now) {
                if let Some(verdict) = self.close_block(end) {
                    return Some(verdict);
                }
                continue;
            }
            let window_end = self.state.window_end.filter(|end| *end <= now)?;
            self.state.window_end = Some(window_end + Span::DAY);
            let judged = std::mem::take(&mut self.state.judged);
            if judged == 0 {
                let verdict = Verdict::NoData;
                return Some(FlowVerdict { at: window_end, verdict, mean: None });
            }
        }
    }

    fn close_block(&mut self, end: Stamp) -> Option<FlowVerdict> {
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
        state.is_declared = if state.is_declared {
            !self.limit.clears(mean)
        } else {
            state.run >= self.blocks_needed
        };
        let verdict = if state.is_declared { Verdict::Abnormal } else { Verdict::Normal };
        Some(FlowVerdict { at: end, verdict, mean: Some(mean) })
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
        block_end.into_iter().chain(self.state.window_end).min()
    }

    /// What the window has shown so far, for a checkpoint.
    pub fn state(&self) -> FlowState {
        self.state
    }

    /// Continues a window of a checkpoint.
    pub fn resume(&mut self, state: FlowState) {
        self.state = state;
    }

    /// What it has seen of the flow at `tag` so far.
    pub fn progress(&self, tag: &str, lang: Lang) -> String {
        let FlowTest { from, to, average, .. } = self.test;
        let (limit, needed) = (shown(Quantity::Flow, self.limit.raise), self.blocks_needed);
        let side = self.limit.side.word(lang);
        let open = self.state.block.map_or(String::new(), |block| {
            let mean = shown(Quantity::Flow, block.sum / f64::from(block.readings.max(1)));
            let since = block.start.hh_mm(self.utc_offset);
            match lang {
                Lang::En => format!("; the block open since {since} has a mean of {mean} so far"),
                Lang::Zh => format!(";自 {since} 起的一段目前均值 {mean}"),
            }
        });
        let (run, from, to) = (self.state.run, clock(from), clock(to));
        match lang {
            Lang::En => format!(
                "from {from} to {to} the flow at {tag} is judged in blocks of {average}: {run} in \
                 a row {side} {limit}, it asks for {needed}{open}"
            ),
            Lang::Zh => format!(
                "{from} 至 {to} 按 {average} 一段判断 {tag} 的流量:已连续 {run} 段{side} {limit},\
                 须 {needed} 段{open}"
            ),
        }
    }

    /// One sentence about a block's mean, or about a window without one.
    pub fn sentence(&self, tag: &str, found: FlowVerdict, lang: Lang) -> String {
        let limit = shown(Quantity::Flow, self.limit.raise);
        let what = match self.limit.side {
            Side::Above => lang.pick("night flow", "夜间流量"),
            Side::Below => lang.pick("flow by day", "白天流量"),
        };
        let Some(mean) = found.mean.map(|mean| shown(Quantity::Flow, mean)) else {
            return match lang {
                Lang::En => format!("no {what} at {tag} could be judged this time"),
                Lang::Zh => format!("{tag} 本次{what}无法判断"),
            };
        };
        let lasted = self.test.average * i64::from(self.blocks_needed);
        match (lang, found.verdict, self.limit.side) {
            (Lang::En, Verdict::Abnormal, Side::Above) => {
                format!("{what} at {tag} has been above {limit} for {lasted}, last {mean}")
            }
            (Lang::En, Verdict::Abnormal, Side::Below) => format!(
                "{what} at {tag} has been below {limit}, as if everybody slept, for {lasted}, \
                 last {mean}"
            ),
            (Lang::En, _, Side::Above) => format!("{what} at {tag} is {mean}, within {limit}"),
            (Lang::En, _, Side::Below) => format!("{what} at {tag} is {mean}: people draw water"),
            (Lang::Zh, Verdict::Abnormal, Side::Above) => {
                format!("{tag} {what}已 {lasted} 高于 {limit},最近为 {mean}")
            }
            (Lang::Zh, Verdict::Abnormal, Side::Below) => {
                format!("{tag} {what}已 {lasted} 低于 {limit},如同人人在睡,最近为 {mean}")
            }
            (Lang::Zh, _, Side::Above) => format!("{tag} {what} {mean},未超过 {limit}"),
            (Lang::Zh, _, Side::Below) => format!("{tag} {what} {mean}:有人用水"),
        }
    }
}

/// A time of the day, `02:00`.
fn clock(time: Span) -> String {
    let minutes = time.as_ms() / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: FlowTest = FlowTest {
        from: Span::hours(2),
        to: Span::hours(4),
        average: Span::minutes(10),
        sustained: Span::minutes(60),
        side: Side::Above,
        usual_times: 1.5,
        excess_m3_per_h: 3.0,
        deadband_m3_per_h: 1.0,
    };

    /// Nobody draws water from 07:00 to 21:00.
    const NO_DRAW: FlowTest = FlowTest {
        from: Span::hours(7),
        to: Span::hours(21),
        sustained: Span::hours(3),
        side: Side::Below,
        usual_times: 1.0,
        ..TEST
    };

    fn nights(flow: impl Fn(i64) -> Option<f64>) -> Vec<(i64, Verdict)> {
        two_days(TEST, flow)
    }

    /// Verdict changes of two days from midnight, read every 5 minutes, as (minute, verdict).
    fn two_days(test: FlowTest, flow: impl Fn(i64) -> Option<f64>) -> Vec<(i64, Verdict)> {
        let start = Stamp::from_ms(0).expect("1970");
        let mut test = FlowWindow::new(test, 20.0, Span::minutes(5), UtcOffset::UTC);
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
    fn a_village_that_draws_nothing_by_day_is_found_after_three_hours_until_it_draws_again() {
        let noon = 12 * 60;
        let cut = |minute: i64| {
            let is_cut = (9 * 60..24 * 60 + noon).contains(&minute);
            Some(if is_cut || minute % 1_440 < 5 * 60 { 18.0 } else { 60.0 })
        };
        let found = two_days(NO_DRAW, cut);
        let again = 24 * 60 + noon + 10;
        let wanted = [(430, Verdict::Normal), (noon, Verdict::Abnormal), (again, Verdict::Normal)];
        assert_eq!(found, wanted);
        let lull = |minute: i64| Some(if (600..760).contains(&minute) { 18.0 } else { 60.0 });
        assert_eq!(two_days(NO_DRAW, lull), [(430, Verdict::Normal)]);
        assert_eq!(NO_DRAW.limit(20.0).clear, 21.0);
    }

    #[test]
    fn the_limit_is_the_larger_of_factor_and_absolute_excess() {
        assert_eq!(TEST.limit(20.0).raise, 30.0);
        assert_eq!(TEST.limit(2.0).raise, 5.0);
    }
}
