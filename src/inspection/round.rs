//! Rounds that are due (采样巡检): how many samples of a water in which time, for what.
//!
//! A duty counts in periods of the plant's calendar: days, weeks from Monday on, months, quarters,
//! years, or some months of each year. A sample counts for the time at which it was taken, however
//! late its result comes; who waits for microbes leaves them that time as grace. The first period
//! that counts is the first whole one after the first sample that was ever heard of at the plant:
//! nobody has missed what was due before anybody listened.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::analyte::{Analyte, Analytes};
use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp};

/// So many samples in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// What they are taken for: each of these.
    pub analytes: Analytes,
    /// On so many different days of the period …
    pub times: u8,
    /// … or on one for each so many people, begun ones too; `for_people` reckons them.
    pub people_per_time: Option<u32>,
    /// The period.
    pub every: Every,
    /// Results may come this long after the period's end.
    pub grace: Span,
    /// Must every site of that water be sampled, or is one of them enough?
    pub each_site: bool,
}

impl Duty {
    /// The same at a plant that serves so many: as many times as its people ask for, as far as the
    /// period has days.
    pub fn for_people(self, population: u32) -> Self {
        let Some(each) = self.people_per_time else { return self };
        let times = population.div_ceil(each).clamp(1, self.every.days_at_least());
        let times = u8::try_from(times).unwrap_or(u8::MAX);
        Self { times, people_per_time: None, ..self }
    }
}

/// A period of the plant's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// From midnight to midnight.
    Day,
    /// From Monday on.
    Week,
    /// Months that begin with the month `first` (January is 1), `length` of them, every `stride`.
    Months {
        /// The first month of one of them.
        first: u8,
        /// From one to the next.
        stride: u8,
        /// How long it is.
        length: u8,
    },
}

/// From one moment (inclusive) to another (exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its beginning.
    pub from: Stamp,
    /// Its end.
    pub until: Stamp,
}

impl Every {
    /// What stands behind `each`: `day`, or `year from month 7 to 9`.
    pub fn word(self, lang: Lang) -> String {
        if lang == Lang::En {
            return self.to_string();
        }
        match self {
            Self::Day => "日".to_owned(),
            Self::Week => "周".to_owned(),
            Self::Months { stride: 1, .. } => "月".to_owned(),
            Self::Months { stride: 3, length: 3, .. } => "季".to_owned(),
            Self::Months { length: 12, .. } => "年".to_owned(),
            Self::Months { first, length, .. } => {
                let last = (first + length + 10) % 12 + 1;
                format!("年{first}月至{last}月")
            }
        }
    }

    /// Periods by the word that files write.
    pub const CHOICES: [(&'static str, Self); 5] = [
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Months { first: 1, stride: 1, length: 1 }),
        ("quarter", Self::Months { first: 1, stride: 3, length: 3 }),
        ("year", Self::Months { first: 1, stride: 12, length: 12 }),
    ];

    /// The months `first` to `last` (January is 1) of each year, or from one year into the next.
    pub fn season(first: u8, last: u8) -> Self {
        Self::Months { first, stride: 12, length: (last + 12 - first) % 12 + 1 }
    }

    /// The first whole period that begins at `from` or later.
    pub fn next(self, from: Stamp, offset: UtcOffset) -> Period {
        let midnight = from.midnight(offset);
        let midnight = if midnight < from { midnight + Span::DAY } else { midnight };
        match self {
            Self::Day => Period { from: midnight, until: midnight + Span::DAY },
            Self::Week => {
                let since_thursday = midnight.day_number(offset); // as 1970 began
                let since_monday = (since_thursday + 3).rem_euclid(7);
                let monday = midnight + Span::DAY * ((7 - since_monday) % 7);
                Period { from: monday, until: monday + Span::DAY * 7 }
            }
            Self::Months { first, stride, length } => {
                let begins = |ahead: &i64| {
                    let month = midnight.first_of_month(offset, *ahead);
                    let since = i64::from(month.month(offset)) - i64::from(first);
                    month >= midnight && since.rem_euclid(i64::from(stride)) == 0
                };
                let ahead = (0..=24).find(begins).unwrap_or(0);
                let until = ahead + i64::from(length);
                let at = |ahead| midnight.first_of_month(offset, ahead);
                Period { from: at(ahead), until: at(until) }
            }
        }
    }

    /// Days in the shortest of them.
    pub fn days_at_least(self) -> u32 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Months { length, .. } => u32::from(length) * 28,
        }
    }
}

/// `month`, or `year from month 7 to 9`.
impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (Self::CHOICES.iter().find(|(_, known)| known == self), self) {
            (Some((word, _)), _) => f.write_str(word),
            (None, Self::Months { first, length, .. }) => {
                let last = (first + length + 10) % 12 + 1;
                write!(f, "year from month {first} to {last}")
            }
            (None, _) => Ok(()), // every other period has its word
        }
    }
}

/// How a round stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its time is over, and its samples are not there.
    Missed,
    /// Its period is over; there is still time for results to come.
    Late,
    /// Its period runs.
    Due,
    /// Every result of this period is there.
    Done,
    /// No sample of this plant has been heard of, or its first whole period has not begun.
    NotBegun,
}

/// What has become of a duty, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// How it stands.
    pub standing: Standing,
    /// The period that this is about, once one has begun.
    pub period: Option<Period>,
    /// What has too few results in it.
    pub lacking: Analytes,
    /// Periods that were done, of those whose time is over.
    pub done: u32,
    /// Periods that were missed, of those whose time is over.
    pub missed: u32,
}

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// At this moment the time for a period was over, and these analytes had too few results.
    Missed(Period, Stamp, Analytes),
    /// A missed period was made good, or a later one is done.
    Done(Period, Stamp),
}

/// What is known of one duty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The oldest period whose time is not over begins here.
    next: Option<Stamp>,
    /// The newest missed period, while neither it nor a later one is done.
    missed: Option<Stamp>,
    /// Results by the local day of their samples.
    taken: BTreeSet<(i64, Analyte)>,
    done_count: u32,
    missed_count: u32,
}

impl Progress {
    /// A sample of this plant was heard of, taken at `at`; only the first counts.
    pub fn begin(&mut self, duty: &Duty, at: Stamp, offset: UtcOffset) {
        self.next.get_or_insert_with(|| duty.every.next(at, offset).from);
    }

    /// Before this moment nothing is due.
    pub fn deadline(&self, duty: &Duty, offset: UtcOffset) -> Stamp {
        let next = self.next.map(|next| duty.every.next(next, offset).until + duty.grace);
        next.unwrap_or(Stamp::MAX)
    }

    /// Is the last that is known of it that it was missed?
    pub fn is_missed(&self) -> bool {
        self.missed.is_some()
    }

    /// Has a period run out yet?
    pub fn is_judged(&self) -> bool {
        self.done_count + self.missed_count > 0
    }

    /// A result of a sample taken at `taken_at` is known at `at`.
    pub fn take(
        &mut self,
        duty: &Duty,
        (analyte, taken_at): (Analyte, Stamp),
        at: Stamp,
        offset: UtcOffset,
    ) -> Option<Change> {
        let oldest = self.missed.or(self.next)?;
        if taken_at < oldest || !duty.analytes.contains(analyte) {
            return None;
        }
        let period = Self::period_of(duty, oldest, taken_at, offset)?;
        self.taken.insert((taken_at.day_number(offset), analyte));
        let made_good = self.missed.is_some() && self.lacking(duty, period, offset).is_none();
        if !made_good {
            return None;
        }
        self.missed = None;
        self.forget(offset);
        Some(Change::Done(period, at))
    }

    /// The next period whose time was over before `to`, judged.
    pub fn due(&mut self, duty: &Duty, to: Stamp, offset: UtcOffset) -> Option<Vec<Change>> {
        let deadline = self.deadline(duty, offset);
        let next = self.next.filter(|_| deadline < to)?;
        let period = duty.every.next(next, offset);
        self.next = Some(duty.every.next(period.until, offset).from);
        let Some(lacking) = self.lacking(duty, period, offset) else {
            self.done_count += 1;
            self.forget(offset);
            return Some(Vec::new());
        };
        self.missed_count += 1;
        let stood = self.missed.replace(period.from).is_some();
        let mut changes = Vec::new();
        if !stood {
            changes.push(Change::Missed(period, deadline, lacking));
        }
        if let Some(later) = self.done_since(duty, period, deadline, offset) {
            self.missed = None;
            changes.push(Change::Done(later, deadline));
        }
        self.forget(offset);
        Some(changes)
    }

    /// How it stands at `now`, to which all that was due has been judged.
    pub fn status(&self, duty: &Duty, now: Stamp, offset: UtcOffset) -> Status {
        let of = |standing, period, lacking: Option<Analytes>| Status {
            standing,
            period,
            lacking: lacking.unwrap_or_default(),
            done: self.done_count,
            missed: self.missed_count,
        };
        if let Some(missed) = self.missed {
            let period = duty.every.next(missed, offset);
            return of(Standing::Missed, Some(period), self.lacking(duty, period, offset));
        }
        let Some(mut next) = self.next else { return of(Standing::NotBegun, None, None) };
        let mut last = None;
        loop {
            let period = duty.every.next(next, offset);
            if period.from > now {
                break; // between two seasons, the last one counts
            }
            let lacking = self.lacking(duty, period, offset);
            let is_over = period.until <= now;
            last = Some(match (lacking, is_over) {
                (None, _) => of(Standing::Done, Some(period), None),
                (_, true) => return of(Standing::Late, Some(period), lacking),
                (_, false) => of(Standing::Due, Some(period), lacking),
            });
            next = period.until;
        }
        last.unwrap_or_else(|| {
            let before = if self.is_judged() { Standing::Done } else { Standing::NotBegun };
            of(before, None, None)
        })
    }

    /// The period in which a sample was taken, from one that begins at `oldest` on.
    fn period_of(duty: &Duty, oldest: Stamp, taken_at: Stamp, offset: UtcOffset) -> Option<Period> {
        let mut period = duty.every.next(oldest, offset);
        while period.until <= taken_at {
            period = duty.every.next(period.until, offset);
        }
        (period.from <= taken_at).then_some(period)
    }

    /// The first period after `period` that is done at `at`.
    fn done_since(
        &self,
        duty: &Duty,
        period: Period,
        at: Stamp,
        offset: UtcOffset,
    ) -> Option<Period> {
        let mut later = duty.every.next(period.until, offset);
        while later.from <= at {
            if self.lacking(duty, later, offset).is_none() {
                return Some(later);
            }
            later = duty.every.next(later.until, offset);
        }
        None
    }

    /// What has too few results in a period; none when it is done.
    fn lacking(&self, duty: &Duty, period: Period, offset: UtcOffset) -> Option<Analytes> {
        let days = period.from.day_number(offset)..period.until.day_number(offset);
        let days_with = |analyte: Analyte| {
            let of_it = self.taken.iter().filter(|(_, of)| *of == analyte);
            of_it.filter(|(day, _)| days.contains(day)).count()
        };
        let few = |analyte: &Analyte| days_with(*analyte) < usize::from(duty.times);
        let lacking = duty.analytes.iter().filter(few).fold(Analytes::default(), Analytes::with);
        (lacking != Analytes::default()).then_some(lacking)
    }

    /// What is older than all that can still be judged need not be kept.
    fn forget(&mut self, offset: UtcOffset) {
        if let Some(oldest) = self.missed.or(self.next) {
            let first = oldest.day_number(offset);
            self.taken.retain(|(day, _)| *day >= first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHINA: UtcOffset = UtcOffset::CHINA;

    fn at(text: &str) -> Stamp {
        Stamp::parse(&format!("{text}:00+08:00")).expect("a time").0
    }

    fn shown(period: Period) -> String {
        let day = |at: Stamp| at.at(CHINA).chars().take(10).collect::<String>();
        format!("{}..{}", day(period.from), day(period.until))
    }

    fn duty(every: Every, times: u8) -> Duty {
        let analytes = Analytes::default().with(Analyte::Turbidity).with(Analyte::Colour);
        let grace = Span::hours(12);
        Duty { analytes, times, people_per_time: None, every, grace, each_site: false }
    }

    #[test]
    fn periods_are_those_of_the_calendar() {
        // 2024-12-05 was a Thursday.
        let every = |word: &str| {
            let found = Every::CHOICES.into_iter().find(|(name, _)| *name == word);
            found.expect("a word of the list").1
        };
        for (every, from, wanted) in [
            (every("day"), "2024-12-05T00:00", "2024-12-05..2024-12-06"),
            (every("day"), "2024-12-05T08:00", "2024-12-06..2024-12-07"),
            (every("week"), "2024-12-05T08:00", "2024-12-09..2024-12-16"),
            (every("week"), "2024-12-09T00:00", "2024-12-09..2024-12-16"),
            (every("month"), "2024-12-01T00:00", "2024-12-01..2025-01-01"),
            (every("month"), "2024-12-01T00:01", "2025-01-01..2025-02-01"),
            (every("quarter"), "2024-12-05T08:00", "2025-01-01..2025-04-01"),
            (every("year"), "2024-01-01T00:00", "2024-01-01..2025-01-01"),
            (every("year"), "2024-02-01T00:00", "2025-01-01..2026-01-01"),
            (Every::season(4, 5), "2024-12-05T08:00", "2025-04-01..2025-06-01"),
            (Every::season(7, 9), "2024-07-01T00:00", "2024-07-01..2024-10-01"),
            (Every::season(11, 2), "2024-12-05T08:00", "2025-11-01..2026-03-01"),
        ] {
            assert_eq!(shown(every.next(at(from), CHINA)), wanted, "{every:?} {from}");
        }
        let winter = Every::season(11, 2);
        assert_eq!(
            (winter.days_at_least(), winter.to_string().as_str()),
            (112, "year from month 11 to 2")
        );
        assert_eq!(every("quarter").to_string(), "quarter");
    }

    /// Plays results (analyte, taken, known) in their order; gives what changed, and the progress.
    fn play(duty: &Duty, results: &[(Analyte, &str, &str)], to: &str) -> (Vec<String>, Progress) {
        let (mut progress, mut said) = (Progress::default(), Vec::new());
        let mut say = |change: &Change| {
            said.push(match change {
                Change::Missed(period, at, lacking) => {
                    let (day, time) = (shown(*period), at.month_day_time(CHINA));
                    format!("{} missed {} at {}", &day[5..10], lacking.spoken(), &time[..11])
                }
                Change::Done(period, at) => {
                    let (day, time) = (shown(*period), at.month_day_time(CHINA));
                    format!("{} done at {}", &day[5..10], &time[..11])
                }
            });
        };
        let advance = |progress: &mut Progress, to, say: &mut dyn FnMut(&Change)| {
            while let Some(changes) = progress.due(duty, to, CHINA) {
                changes.iter().for_each(&mut *say);
            }
        };
        for (analyte, taken, known) in results {
            let (taken, known) = (at(taken), at(known));
            advance(&mut progress, known, &mut say);
            progress.begin(duty, taken, CHINA);
            progress.take(duty, (*analyte, taken), known, CHINA).iter().for_each(&mut say);
        }
        advance(&mut progress, at(to), &mut say);
        (said, progress)
    }

    const T: Analyte = Analyte::Turbidity;
    const C: Analyte = Analyte::Colour;

    #[test]
    fn a_day_without_a_sample_is_missed_when_its_grace_is_over_and_the_next_one_clears_it() {
        let duty = duty(Every::CHOICES[0].1, 1);
        let sampled = |day: &'static str| [(T, day), (C, day)];
        let days = ["2024-12-03T08:40", "2024-12-04T08:40", "2024-12-06T08:40"].map(sampled);
        let results: Vec<_> = days.as_flattened().iter().map(|(of, at)| (*of, *at, *at)).collect();
        let (said, progress) = play(&duty, &results, "2024-12-06T09:00");
        // The 6th was done before the grace of the 5th was over.
        assert_eq!(said, Vec::<String>::new());
        assert_eq!(progress.status(&duty, at("2024-12-06T09:00"), CHINA).standing, Standing::Late);
        let (said, progress) = play(&duty, &results, "2024-12-08T09:00");
        let wanted = ["12-05 missed turbidity, colour at 12-06 12:00", "12-06 done at 12-06 12:00"];
        assert_eq!(said, wanted);
        let status = progress.status(&duty, at("2024-12-08T09:00"), CHINA);
        assert_eq!((status.standing, status.done, status.missed), (Standing::Late, 2, 1));
        let (said, progress) = play(&duty, &results, "2024-12-09T00:00");
        assert_eq!(
            said.last().map(String::as_str),
            Some("12-07 missed turbidity, colour at 12-08 12:00")
        );
        let status = progress.status(&duty, at("2024-12-09T00:00"), CHINA);
        assert_eq!((status.standing, status.missed), (Standing::Missed, 2));
        assert_eq!(status.period.map(shown).as_deref(), Some("2024-12-07..2024-12-08"));
    }

    #[test]
    fn a_result_that_comes_late_counts_for_the_day_of_its_sample() {
        let duty = duty(Every::CHOICES[0].1, 1);
        let mut results = vec![
            (T, "2024-12-03T08:40", "2024-12-03T08:40"),
            (T, "2024-12-04T08:40", "2024-12-04T14:40"),
            // Colour is known the next day at 11:00: within the grace of twelve hours.
            (C, "2024-12-04T08:40", "2024-12-05T11:00"),
        ];
        let (said, _) = play(&duty, &results, "2024-12-05T13:00");
        assert_eq!(said, Vec::<String>::new());
        // At 13:00 it is too late, and made good.
        results[2].2 = "2024-12-05T13:00";
        let (said, _) = play(&duty, &results, "2024-12-05T14:00");
        let wanted = ["12-04 missed colour at 12-05 12:00", "12-04 done at 12-05 13:00"];
        assert_eq!(said, wanted);
    }

    #[test]
    fn twice_a_month_means_on_two_days() {
        let duty = duty(Every::CHOICES[2].1, 2);
        let both = |taken: &'static str| [(T, taken, taken), (C, taken, taken)];
        let mut results = both("2024-12-20T09:00").to_vec();
        results.extend(both("2025-01-05T09:00"));
        results.extend(both("2025-01-05T09:40")); // another site, the same day
        let (said, progress) = play(&duty, &results, "2025-02-01T12:01");
        assert_eq!(said, ["01-01 missed turbidity, colour at 02-01 12:00"]);
        assert!(progress.is_missed());
        results.extend(both("2025-01-20T09:00"));
        let (said, progress) = play(&duty, &results, "2025-02-01T12:01");
        assert_eq!(said, Vec::<String>::new());
        assert_eq!(progress.taken.len(), 0, "a judged month is forgotten");
    }

    #[test]
    fn before_the_first_whole_period_nothing_is_missed() {
        let duty = duty(Every::season(7, 9), 1);
        let (_, progress) = play(&duty, &[], "2030-01-01T00:00");
        assert_eq!(progress.deadline(&duty, CHINA), Stamp::MAX);
        assert_eq!(
            progress.status(&duty, at("2030-01-01T00:00"), CHINA).standing,
            Standing::NotBegun
        );
        let first = [(T, "2024-08-01T09:00", "2024-08-01T09:00")];
        let (said, progress) = play(&duty, &first, "2025-09-30T00:00");
        assert_eq!(said, Vec::<String>::new());
        let of = |text| progress.status(&duty, at(text), CHINA).standing;
        assert_eq!(of("2025-06-30T23:59"), Standing::NotBegun);
        assert_eq!(of("2025-09-30T00:00"), Standing::Due);
        assert_eq!(of("2025-10-01T00:00"), Standing::Late);
    }
}
