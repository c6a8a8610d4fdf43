//! The rule kind `quality`: too many readings of an instrument that the tests have found doubtful.
//!
//! Without a window the last reading decides, test by test. With one, the doubtful readings of the
//! last so many minutes are counted, each once, at the moment at which the doubt became known. The
//! window moves on in twelfths, at whole multiples of them since 1970, so that its counts fit in a
//! few numbers and depend on event time alone. It holds as long as there are too many; it begins to
//! hold only with a doubtful reading.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Judged;
use crate::base::text::Lang;
use crate::base::{QualityTest, QualityTests, Span, Stamp};

/// From which flag on a reading counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Suspect or failed.
    Suspect,
    /// Failed only.
    Fail,
}

/// What a quality rule asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityRule {
    /// By these tests.
    pub tests: QualityTests,
    /// From this flag on.
    pub level: Level,
    /// Over this; none: the last reading decides.
    pub window: Option<Span>,
    /// At least so many readings …
    pub readings: u32,
    /// … and at least this share of all, 0 to 1.
    pub share: f64,
}

/// Parts of a window.
const PARTS: i64 = 12;

/// A quality rule at one instrument: what it has counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Tests whose last word was that a reading is doubtful.
    held: QualityTests,
    /// Parts of the window with anything in them.
    parts: Parts,
}

/// Parts of a window, oldest first. The newest, which almost every reading belongs to, is at hand.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "VecDeque<Part>", into = "VecDeque<Part>")]
struct Parts {
    older: VecDeque<Part>,
    newest: Option<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Part {
    number: i64,
    doubtful: u32,
    all: u32,
}

impl QualityRule {
    /// The tests of `judged` that count for this rule.
    pub fn counting(&self, judged: &Judged) -> QualityTests {
        let found = match self.level {
            Level::Suspect => judged.found(),
            Level::Fail => judged.fail,
        };
        found.and(self.tests)
    }

    fn part(window: Span) -> i64 {
        (window.as_ms() / PARTS).max(1)
    }

    /// Counts a new reading at `at`. Does the rule hold after it, if it held before as told?
    pub fn count(&self, counts: &mut Counts, at: Stamp, judged: &Judged, held: bool) -> bool {
        let doubtful = self.counting(judged);
        counts.held = (counts.held - judged.evaluated) | doubtful;
        self.add(counts, at, u32::from(!doubtful.is_empty()), 1);
        self.holds(counts, held || !doubtful.is_empty())
    }

    /// What `count` does with a reading that no test doubts, while none is held doubtful.
    pub fn count_sound(&self, counts: &mut Counts, at: Stamp) {
        self.add(counts, at, 0, 1);
    }

    /// Counts a verdict on an older reading, known at `at`, beside what had been said `before`.
    pub fn count_later(
        &self,
        counts: &mut Counts,
        at: Stamp,
        (before, now): (&Judged, &Judged),
        held: bool,
    ) -> bool {
        let doubtful = self.counting(now);
        counts.held = (counts.held - now.evaluated.and(self.tests)) | doubtful;
        let is_new = !doubtful.is_empty() && self.counting(before).is_empty();
        self.add(counts, at, u32::from(is_new), 0);
        self.holds(counts, held || is_new || self.window.is_none())
    }

    fn add(&self, counts: &mut Counts, at: Stamp, doubtful: u32, all: u32) {
        let Some(window) = self.window else { return };
        let part = Self::part(window);
        if let Some(last) = counts.parts.newest.as_mut().filter(|last| last.covers(at, part)) {
            // What leaves the window left it when this part began.
            (last.doubtful, last.all) = (last.doubtful + doubtful, last.all + all);
            return;
        }
        let number = at.as_ms().div_euclid(part);
        self.roll(counts, at);
        counts.parts.add(Part { number, doubtful, all });
    }

    /// Time has reached `now`: what has left the window no longer counts.
    fn roll(&self, counts: &mut Counts, now: Stamp) {
        let Some(window) = self.window else { return };
        let number = now.as_ms().div_euclid(Self::part(window));
        counts.parts.drop_until(number - PARTS);
    }

    fn holds(&self, counts: &Counts, may: bool) -> bool {
        if self.window.is_none() {
            return !counts.held.is_empty();
        }
        if !may {
            return false;
        }
        let (doubtful, all) = counts.total();
        let share = f64::from(doubtful) / f64::from(all.max(1));
        doubtful >= self.readings && share >= self.share
    }

    /// Time has reached `now`: does a rule that held still hold?
    pub fn still_holds(&self, counts: &mut Counts, now: Stamp) -> bool {
        self.roll(counts, now);
        self.holds(counts, true)
    }

    /// The next moment at which something leaves the window.
    pub fn next_part(&self, counts: &Counts) -> Option<Stamp> {
        let part = Self::part(self.window?);
        let first = counts.parts.first()?;
        Stamp::from_ms((first.number + PARTS) * part).ok()
    }

    /// What it has seen, as half a sentence: `4 of 58 readings within 1 h`, or nothing without a
    /// window.
    pub fn seen(&self, counts: &Counts, lang: Lang) -> Option<String> {
        let ((doubtful, all), window) = (counts.total(), self.window?);
        Some(match lang {
            Lang::En => format!("{doubtful} of {all} readings within {window}"),
            Lang::Zh => format!("{window} 内 {all} 个读数中有 {doubtful} 个"),
        })
    }

    /// What it has counted at `tag`, and what it asks for.
    pub fn progress(&self, counts: &Counts, tag: &str, lang: Lang) -> String {
        let Some(seen) = self.seen(counts, lang) else {
            let held = counts.held;
            let found = findings(if held.is_empty() { self.tests } else { held }, lang);
            return match (lang, held.is_empty()) {
                (Lang::En, true) => format!("the last reading of {tag} is not doubtful ({found})"),
                (Lang::En, false) => format!("the last reading of {tag} is doubtful ({found})"),
                (Lang::Zh, true) => format!("{tag} 最新读数无可疑({found})"),
                (Lang::Zh, false) => format!("{tag} 最新读数可疑({found})"),
            };
        };
        let (least, found, percent) =
            (self.readings, findings(self.tests, lang), self.share * 100.0);
        match (lang, self.share > 0.0) {
            (Lang::En, false) => {
                format!("{seen} of {tag} are doubtful ({found}); it asks for {least}")
            }
            (Lang::En, true) => format!(
                "{seen} of {tag} are doubtful ({found}); it asks for {least} and {percent:.0} % of \
                 all"
            ),
            (Lang::Zh, false) => format!("{tag} {seen}可疑({found});要求至少 {least} 个"),
            (Lang::Zh, true) => {
                format!("{tag} {seen}可疑({found});要求至少 {least} 个且占 {percent:.0} %")
            }
        }
    }

    /// The tests that its last word is about: those that doubt now, or all it listens to.
    pub fn about(&self, counts: &Counts) -> QualityTests {
        if self.window.is_some() || counts.held.is_empty() { self.tests } else { counts.held }
    }
}

impl Part {
    fn add(&mut self, more: Self) {
        self.doubtful += more.doubtful;
        self.all += more.all;
    }

    /// Does a moment lie in it, when parts are so long? By products, as every reading asks it.
    fn covers(&self, at: Stamp, part_ms: i64) -> bool {
        (self.number * part_ms..(self.number + 1) * part_ms).contains(&at.as_ms())
    }
}

impl Parts {
    fn first(&self) -> Option<&Part> {
        self.older.front().or(self.newest.as_ref())
    }

    /// Adds to the part of this number; where a later verdict belongs to a part that is not the
    /// newest, it is found there.
    fn add(&mut self, more: Part) {
        let Some(newest) = self.newest.as_mut().filter(|newest| newest.number >= more.number)
        else {
            self.older.extend(self.newest.replace(more));
            return;
        };
        if newest.number == more.number {
            return newest.add(more);
        }
        let place = self.older.partition_point(|part| part.number < more.number);
        match self.older.get_mut(place).filter(|part| part.number == more.number) {
            Some(part) => part.add(more),
            None => self.older.insert(place, more),
        }
    }

    /// Forgets the parts up to this number.
    fn drop_until(&mut self, number: i64) {
        while self.older.front().is_some_and(|part| part.number <= number) {
            self.older.pop_front();
        }
        self.newest = self.newest.filter(|newest| newest.number > number);
    }
}

impl From<VecDeque<Part>> for Parts {
    fn from(mut older: VecDeque<Part>) -> Self {
        let newest = older.pop_back();
        Self { older, newest }
    }
}

impl From<Parts> for VecDeque<Part> {
    fn from(parts: Parts) -> Self {
        let Parts { mut older, newest } = parts;
        older.extend(newest);
        older
    }
}

impl Counts {
    /// Was the last word of every test a good one?
    pub fn is_calm(&self) -> bool {
        self.held.is_empty()
    }

    fn total(&self) -> (u32, u32) {
        let sum = |(a, b): (u32, u32), part: &Part| (a + part.doubtful, b + part.all);
        self.parts.older.iter().chain(&self.parts.newest).fold((0, 0), sum)
    }
}

/// What a test finds, in running text.
pub fn finding(test: QualityTest) -> &'static str {
    match test {
        QualityTest::Timing => "out of time",
        QualityTest::Syntax => "no value that can be meant",
        QualityTest::GrossRange => "out of range",
        QualityTest::Climatology => "out of season",
        QualityTest::Spike => "a spike",
        QualityTest::RateOfChange => "a change that is too fast",
        QualityTest::FlatLine => "a signal that stands still",
        QualityTest::AttenuatedSignal => "a signal that hardly moves",
        QualityTest::Multivariate => "a jump that nothing else shows",
        QualityTest::Neighbour => "not what the instruments beside it show",
    }
}

/// The same in Chinese.
fn finding_zh(test: QualityTest) -> &'static str {
    match test {
        QualityTest::Timing => "时间不对",
        QualityTest::Syntax => "不成其为数值",
        QualityTest::GrossRange => "超出量程",
        QualityTest::Climatology => "超出季节范围",
        QualityTest::Spike => "尖峰",
        QualityTest::RateOfChange => "变化过快",
        QualityTest::FlatLine => "信号不动",
        QualityTest::AttenuatedSignal => "信号几乎不动",
        QualityTest::Multivariate => "他处未见的跳变",
        QualityTest::Neighbour => "与旁边仪表不符",
    }
}

/// What several tests find.
pub fn findings(tests: QualityTests, lang: Lang) -> String {
    let found = tests.iter().map(|test| lang.pick(finding(test), finding_zh(test)));
    found.collect::<Vec<_>>().join(lang.pick(" or ", "或"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Flag;

    fn at(min: i64) -> Stamp {
        Stamp::from_ms(min * 60_000).expect("a small number")
    }

    fn rule(readings: u32, share: f64) -> QualityRule {
        let tests = QualityTests::of(QualityTest::Spike);
        let window = Some(Span::HOUR);
        QualityRule { tests, level: Level::Suspect, window, readings, share }
    }

    fn judged(test: QualityTest, flag: Flag) -> Judged {
        let mut judged = Judged::default();
        judged.note(test, flag);
        judged
    }

    #[test]
    fn so_many_doubtful_readings_within_the_window_hold_until_they_have_left_it() {
        let (rule, mut counts) = (rule(2, 0.0), Counts::default());
        let spike = judged(QualityTest::Spike, Flag::Suspect);
        assert!(!rule.count(&mut counts, at(0), &spike, false));
        assert!(rule.count(&mut counts, at(33), &spike, false));
        assert_eq!(rule.seen(&counts, Lang::En).as_deref(), Some("2 of 2 readings within 1 h"));
        assert_eq!(rule.next_part(&counts), Some(at(60)));
        assert!(rule.still_holds(&mut counts, at(59)));
        assert!(!rule.still_holds(&mut counts, at(60)));
    }

    #[test]
    fn a_share_that_grows_because_sound_readings_leave_raises_nothing() {
        let (rule, mut counts) = (rule(1, 0.3), Counts::default());
        let good = judged(QualityTest::Spike, Flag::Good);
        for min in 0..3 {
            assert!(!rule.count(&mut counts, at(min), &good, false));
        }
        assert!(!rule.count(&mut counts, at(30), &judged(QualityTest::Spike, Flag::Fail), false));
        assert!(!rule.count(&mut counts, at(61), &good, false), "half of two, but no news");
    }

    #[test]
    fn a_reading_counts_once_however_many_tests_doubt_it() {
        let mut rule = rule(2, 0.0);
        rule.tests |= QualityTest::RateOfChange.into();
        let mut counts = Counts::default();
        let fast = judged(QualityTest::RateOfChange, Flag::Suspect);
        rule.count(&mut counts, at(0), &fast, false);
        let spike = judged(QualityTest::Spike, Flag::Suspect);
        assert!(!rule.count_later(&mut counts, at(1), (&fast, &spike), false));
        assert_eq!(counts.total(), (1, 1));
    }

    #[test]
    fn without_a_window_the_last_word_of_each_test_decides() {
        let rule = QualityRule { window: None, ..rule(1, 0.0) };
        let mut counts = Counts::default();
        let none = Judged::default();
        let spike = judged(QualityTest::Spike, Flag::Suspect);
        assert!(rule.count_later(&mut counts, at(1), (&none, &spike), false));
        let other = judged(QualityTest::FlatLine, Flag::Good);
        assert!(rule.count(&mut counts, at(2), &other, true), "the spike test has not spoken");
        let sound = judged(QualityTest::Spike, Flag::Good);
        assert!(!rule.count_later(&mut counts, at(2), (&none, &sound), true));
    }
}
