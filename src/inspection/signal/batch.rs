//! The tests as their definitions say, over whole series sorted by time: plain, slow, without any
//! memory from reading to reading. What the streams must come to as well.

use std::collections::BTreeMap;

use super::flat_line::{FlatLineTest, Stretch};
use super::partner::{Multivariate, Neighbour};
use super::range::syntax;
use super::rate::{Change, RateTest};
use super::silence::Patience;
use super::spec::{TestKind, TestSpec, in_force};
use super::spike::SpikeTest;
use super::spread::{Attenuation, Measure};
use super::{Judged, ROUNDING, TwoLimits};
use crate::base::{Flag, QualityTest, Span, Stamp};
use crate::plant::profile::Profile;
use crate::plant::tags::Tag;

/// The readings of one instrument that have a value, by time.
pub type Series = BTreeMap<Stamp, f64>;

/// What all tests together say of each reading of each instrument, in the order of `tags`.
pub fn judge(
    specs: &[TestSpec],
    profile: &Profile,
    tags: &[Tag],
    series: &[Series],
) -> Vec<BTreeMap<Stamp, Judged>> {
    let signals: Vec<Vec<(Stamp, f64)>> = tags
        .iter()
        .zip(series)
        .map(|(tag, series)| {
            let gross = has(specs, profile, tag, QualityTest::GrossRange);
            let sound = |value: f64| {
                syntax(tag.quantity, value) == Flag::Good
                    && (!gross || (tag.range.0..=tag.range.1).contains(&value))
            };
            series.iter().map(|(at, it)| (*at, *it)).filter(|it| sound(it.1)).collect()
        })
        .collect();
    let of = |at: usize| One { specs, profile, tags, at, all: &series[at], signals: &signals };
    (0..tags.len()).map(|at| of(at).judge()).collect()
}

fn has(specs: &[TestSpec], profile: &Profile, tag: &Tag, test: QualityTest) -> bool {
    in_force(specs, profile, tag).iter().any(|spec| spec.kind.test() == test)
}

/// One instrument among others.
struct One<'a> {
    specs: &'a [TestSpec],
    profile: &'a Profile,
    tags: &'a [Tag],
    at: usize,
    all: &'a Series,
    signals: &'a [Vec<(Stamp, f64)>],
}

impl One<'_> {
    fn tag(&self) -> &Tag {
        &self.tags[self.at]
    }

    fn judge(&self) -> BTreeMap<Stamp, Judged> {
        let mut judged: BTreeMap<Stamp, Judged> =
            self.all.keys().map(|at| (*at, Judged::default())).collect();
        let mut note = |test, flags: Vec<(Stamp, Flag)>| {
            for (at, flag) in flags {
                judged.get_mut(&at).expect("a reading").note(test, flag);
            }
        };
        let quantity = self.tag().quantity;
        let all = || self.all.iter().map(|(at, value)| (*at, *value));
        note(QualityTest::Syntax, all().map(|(at, it)| (at, syntax(quantity, it))).collect());
        let specs = in_force(self.specs, self.profile, self.tag());
        if !specs.iter().any(|spec| spec.kind.test() == QualityTest::Timing) {
            note(QualityTest::Timing, all().skip(1).map(|(at, _)| (at, Flag::Good)).collect());
        }
        for spec in specs {
            note(spec.kind.test(), self.flags(&spec.kind));
        }
        judged
    }

    fn flags(&self, kind: &TestKind) -> Vec<(Stamp, Flag)> {
        let signal = &self.signals[self.at];
        match kind {
            TestKind::Timing(pace) => {
                let times: Vec<Stamp> = self.all.keys().copied().collect();
                let judge =
                    |pair: &[Stamp]| (pair[1], pace.judge(Some(pair[0]), self.tag().poll, pair[1]));
                times.windows(2).map(judge).collect()
            }
            TestKind::GrossRange(range) => self
                .all
                .iter()
                .map(|(at, value)| (*at, range.judge(self.tag().range, *value)))
                .collect(),
            TestKind::Climatology(climatology) => signal
                .iter()
                .map(|(at, value)| {
                    let offset = self.profile.utc_offset;
                    (*at, climatology.judge(&mut None, offset, *at, *value))
                })
                .collect(),
            TestKind::Spike(test) => self.spikes(test),
            TestKind::RateOfChange(RateTest::Fixed(change)) => changes(signal, |_| Some(*change)),
            TestKind::RateOfChange(RateTest::Deviations {
                deviations,
                window,
                readings,
                least,
            }) => changes(signal, |i| {
                let (now, _) = signal[i - 1];
                let past = inside(&signal[..i], now, *window);
                let suspect = (deviations * deviation(&past)).max(*least);
                let limits = TwoLimits { suspect, fail: None };
                let change = Change { limits, per: self.tag().poll };
                (past.len() >= *readings as usize).then_some(change)
            }),
            TestKind::FlatLine(test) => self.flat(test),
            TestKind::AttenuatedSignal(test) => self.attenuated(test),
            TestKind::Multivariate(test) => self.multivariate(test),
            TestKind::Neighbour(test) => self.neighbours(test),
        }
    }

    fn spikes(&self, test: &SpikeTest) -> Vec<(Stamp, Flag)> {
        let reach = self.tag().poll.as_ms() as f64 * test.within_polls;
        let near = |a: (Stamp, f64), b: (Stamp, f64)| (b.0 - a.0).as_ms() as f64 <= reach;
        let judge = |three: &[(Stamp, f64)]| {
            let (before, middle, after) = (three[0], three[1], three[2]);
            let both = near(before, middle) && near(middle, after);
            let flag = test.grade(before, middle, after);
            (middle.0, if both { flag } else { Flag::NotEvaluated })
        };
        self.signals[self.at].windows(3).map(judge).collect()
    }

    /// The longest stretch up to each reading; a long silence begins a new one.
    fn flat(&self, test: &FlatLineTest) -> Vec<(Stamp, Flag)> {
        let (signal, range) = (&self.signals[self.at], self.tag().range);
        let patience = Patience::USUAL.for_poll(self.tag().poll);
        let rests = |value: f64| {
            let near = |rest: f64| (value - rest).abs() <= test.tolerance + ROUNDING;
            test.may_rest && (near(0.0) || near(range.0) || near(range.1))
        };
        let silent_before = |at: Stamp| {
            let before = self.all.range(..at).next_back();
            before.is_some_and(|(before, _)| at - *before > patience)
        };
        let judge = |i: usize| {
            let mut from = i;
            while from > 0 && !silent_before(signal[from].0) {
                let part = &signal[from - 1..=i];
                let (low, high) = bounds(part.iter().map(|it| it.1));
                if rests(signal[from - 1].1) || high - low > test.tolerance + ROUNDING {
                    break;
                }
                // A silence that ends with a failed reading is one as well.
                let failed = self.all.range(signal[from - 1].0..signal[from].0).skip(1);
                if failed.into_iter().any(|(at, _)| silent_before(*at)) {
                    break;
                }
                from -= 1;
            }
            let long = |it: Stretch| {
                i + 1 - from >= it.readings as usize && signal[i].0 - signal[from].0 >= it.over
            };
            match (rests(signal[i].1), test.fail.is_some_and(long), long(test.suspect)) {
                (true, ..) => Flag::Good,
                (_, true, _) => Flag::Fail,
                (_, false, true) => Flag::Suspect,
                _ => Flag::Good,
            }
        };
        (0..signal.len()).map(|i| (signal[i].0, judge(i))).collect()
    }

    fn attenuated(&self, test: &Attenuation) -> Vec<(Stamp, Flag)> {
        let (signal, range) = (&self.signals[self.at], self.tag().range);
        let judge = |i: usize| {
            let (now, value) = signal[i];
            let values = inside(&signal[..=i], now, test.window);
            let measured = match test.measure {
                Measure::Deviation => deviation(&values),
                Measure::Range => {
                    let (low, high) = bounds(values.iter().copied());
                    high - low
                }
            };
            let rests = [0.0, range.0, range.1].iter().any(|it| (value - it).abs() <= ROUNDING);
            let few = values.len() < test.readings as usize;
            if few || rests { Flag::NotEvaluated } else { test.limits.below(measured) }
        };
        (0..signal.len()).map(|i| (signal[i].0, judge(i))).collect()
    }

    /// What each partner showed around a moment; those that showed nothing are left out.
    fn around(&self, wants: impl Fn(&Tag) -> bool, at: Stamp, within: Span) -> Vec<(f64, f64)> {
        let mut seen = Vec::new();
        for (tag, signal) in self.tags.iter().zip(self.signals) {
            let inside = signal.iter().filter(|it| it.0 >= at - within && it.0 <= at + within);
            let values: Vec<f64> = inside.map(|it| it.1).collect();
            if wants(tag) && !values.is_empty() {
                seen.push(bounds(values.into_iter()));
            }
        }
        seen
    }

    fn has_partners(&self, wants: impl Fn(&Tag) -> bool) -> bool {
        self.tags.iter().any(wants)
    }

    fn multivariate(&self, test: &Multivariate) -> Vec<(Stamp, Flag)> {
        let confirms = |other: &Tag| test.confirms(self.tag(), other);
        if !self.has_partners(|other| confirms(other).is_some()) {
            return Vec::new();
        }
        let jumps = changes(&self.signals[self.at], |_| Some(test.jump));
        let jumps = jumps.into_iter().filter(|(_, flag)| *flag == Flag::Suspect);
        jumps
            .map(|(at, _)| {
                let all = self.around(|other| confirms(other).is_some(), at, test.within);
                let moved = self.tags.iter().any(|other| {
                    let change = confirms(other).unwrap_or(f64::INFINITY);
                    let seen = self.around(|it| it.id == other.id, at, test.within);
                    seen.iter().any(|(low, high)| high - low >= change - ROUNDING)
                });
                (at, verdict(all.is_empty(), moved))
            })
            .collect()
    }

    fn neighbours(&self, test: &Neighbour) -> Vec<(Stamp, Flag)> {
        let wants = |other: &Tag| test.by.wants(self.tag(), other);
        if !self.has_partners(wants) {
            return Vec::new();
        }
        let judge = |(at, value): &(Stamp, f64)| {
            let seen = self.around(wants, *at, test.within);
            let agrees = seen.iter().any(|seen| test.agrees(*value, *seen));
            (*at, verdict(seen.is_empty(), agrees))
        };
        self.signals[self.at].iter().map(judge).collect()
    }
}

fn verdict(nobody: bool, good: bool) -> Flag {
    match (nobody, good) {
        (true, _) => Flag::NotEvaluated,
        (false, true) => Flag::Good,
        (false, false) => Flag::Suspect,
    }
}

/// Lowest and highest.
fn bounds(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    (low, values.fold(f64::NEG_INFINITY, f64::max))
}

/// The values of the `window` that ends at `now`.
fn inside(signal: &[(Stamp, f64)], now: Stamp, window: Span) -> Vec<f64> {
    signal.iter().filter(|(at, _)| *at > now - window).map(|(_, value)| *value).collect()
}

/// Of the population.
fn deviation(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// Each reading against the one before it, by the limits that hold at it; one that is back where
/// the signal was before a jump is sound.
fn changes(
    signal: &[(Stamp, f64)],
    limits: impl Fn(usize) -> Option<Change>,
) -> Vec<(Stamp, Flag)> {
    let flag = |change: &Change, (then, was): (Stamp, f64), (at, value): (Stamp, f64)| {
        let times = ((at - then).as_ms() as f64 / change.per.as_ms() as f64).max(1.0);
        change.limits.times(times).above((value - was).abs())
    };
    let mut flags: Vec<Flag> = Vec::new();
    for i in 0..signal.len() {
        let found = match (i.checked_sub(1), i.checked_sub(2)) {
            (None, _) => Flag::NotEvaluated,
            (Some(last), before) => match limits(i) {
                None => Flag::NotEvaluated,
                Some(change) => {
                    let jumped = matches!(flags[last], Flag::Suspect | Flag::Fail);
                    let back = before.filter(|_| jumped).is_some_and(|before| {
                        flag(&change, signal[before], signal[i]) == Flag::Good
                    });
                    if back { Flag::Good } else { flag(&change, signal[last], signal[i]) }
                }
            },
        };
        flags.push(found);
    }
    signal.iter().map(|(at, _)| *at).zip(flags).collect()
}
