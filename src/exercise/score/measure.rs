//! The figures of a set of runs: of all alerts together, of each rule or detector, of each kind of
//! failure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::batadal::{class_score, score, time_score};
use super::interval::{Interval, common, length, union, within};
use super::nab::{self, PROFILES};
use super::{Alert, Event, Run};
use crate::base::{Span, Stamp};

/// Everything that is said of runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Time that counts, days, all runs together.
    pub plant_days: f64,
    /// Of it, without a failure, its aftermath or a circumstance.
    pub quiet_days: f64,
    /// All alerts together.
    pub all: Figures,
    /// Those of somebody who never says anything.
    pub silent: Figures,
    /// Each rule or detector that said anything, by its name.
    pub detectors: BTreeMap<String, Figures>,
    /// Each kind of failure.
    pub kinds: Vec<KindFigures>,
}

/// The figures of a set of alerts.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Failures that ought to be found.
    pub events: usize,
    /// Of them, found while they lasted or in their aftermath.
    pub found: usize,
    /// Share found; none without events.
    pub recall: Option<f64>,
    /// From an event's beginning to its first alert: the median, minutes.
    pub delay_median_min: Option<f64>,
    /// The time in which nine of ten that were found were found, minutes.
    pub delay_p90_min: Option<f64>,
    /// Alerts, grouped; those that are neither right nor false left out.
    pub episodes: usize,
    /// Of them, false.
    pub false_episodes: usize,
    /// Share that is right; none without episodes.
    pub precision: Option<f64>,
    /// False episodes for each day that is quiet; none without such time.
    pub false_per_quiet_day: Option<f64>,
    /// Share of the time with events in which an alert stood.
    pub true_positive_rate: Option<f64>,
    /// Share of the quiet time in which none stood.
    pub true_negative_rate: Option<f64>,
    /// BATADAL's score of time to detection, of classification, and both: 0 to 1.
    pub batadal_ttd: Option<f64>,
    /// See above.
    pub batadal_clf: Option<f64>,
    /// See above.
    pub batadal: Option<f64>,
    /// NAB's score by profile, in the order of `nab::PROFILES`: at most 100.
    pub nab: [Option<f64>; 3],
}

/// How a kind of failure is found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindFigures {
    /// As scenarios write it.
    pub kind: String,
    /// How often it happened.
    pub events: usize,
    /// How often it was found.
    pub found: usize,
    /// The median delay, minutes.
    pub delay_median_min: Option<f64>,
    /// The delay of nine of ten, minutes.
    pub delay_p90_min: Option<f64>,
    /// Who told first, and how often, the most frequent first.
    pub told_first: Vec<(String, usize)>,
}

/// A row of NAB's `[D]`: the step of most scenarios.
const ROW: Span = Span::MINUTE;

/// Measures runs; alerts with less than `gap` between them are one episode.
pub fn measure(runs: &[Run], gap: Span) -> Score {
    let seconds: f64 = runs.iter().map(|run| (run.to - run.from).as_seconds()).sum();
    let quiet: f64 = runs.iter().map(|run| length(&quiet_time(run))).sum();
    let all = figures(runs, gap, |_| true);
    let silent = figures(runs, gap, |_| false);
    let names: BTreeSet<&str> =
        runs.iter().flat_map(|run| run.alerts.iter().map(|alert| alert.by.as_str())).collect();
    let of = |name: &str| (name.to_owned(), figures(runs, gap, |alert| alert.by == name));
    Score {
        plant_days: seconds / Span::DAY.as_seconds(),
        quiet_days: quiet / Span::DAY.as_seconds(),
        all,
        silent,
        detectors: names.into_iter().map(of).collect(),
        kinds: kinds(runs),
    }
}

/// The figures of the alerts that are `wanted`.
fn figures(runs: &[Run], gap: Span, wanted: impl Fn(&Alert) -> bool) -> Figures {
    let mut sum = Sum::default();
    for run in runs {
        let alerts: Vec<&Alert> =
            run.alerts.iter().filter(|alert| wanted(alert) && run.has(alert.from)).collect();
        sum.take(run, &alerts, gap);
    }
    sum.figures()
}

impl Run {
    fn has(&self, at: Stamp) -> bool {
        (self.from..=self.to).contains(&at)
    }

    /// The failures that ought to be found: those that begin in the time that counts.
    fn failures(&self) -> impl Iterator<Item = &Event> {
        let counts = |event: &&Event| event.class.is_failure() && self.has(event.from);
        self.events.iter().filter(counts)
    }
}

/// What is added up over runs.
#[derive(Default)]
struct Sum {
    delays: Vec<Option<Span>>,
    timely: Vec<(Option<Span>, Span)>,
    right: usize,
    wrong: usize,
    /// Seconds: with events, of them with alerts; quiet, of it with alerts.
    busy: f64,
    busy_told: f64,
    quiet: f64,
    quiet_told: f64,
    windows: usize,
    nab: [f64; 3],
}

impl Sum {
    fn take(&mut self, run: &Run, alerts: &[&Alert], gap: Span) {
        for event in run.failures() {
            let first =
                first_of(event, alerts.iter().copied()).map(|alert| alert.from - event.from);
            self.delays.push(first);
            let lasted = event.until - event.from;
            self.timely.push((first.filter(|delay| *delay <= lasted), lasted));
        }
        self.count_episodes(run, alerts, gap);
        let told = union(alerts.iter().map(|it| (it.from, it.until)), Span::ZERO);
        let (busy, quiet) = (busy_time(run), quiet_time(run));
        self.busy += length(&busy);
        self.busy_told += common(&busy, &told);
        self.quiet += length(&quiet);
        self.quiet_told += common(&quiet, &told);
        self.score_by_nab(run, &busy, alerts);
    }

    fn count_episodes(&mut self, run: &Run, alerts: &[&Alert], gap: Span) {
        for episode in union(alerts.iter().map(|it| (it.from, it.until)), gap) {
            let members =
                || alerts.iter().filter(|it| (episode.0..=episode.1).contains(&it.from)).copied();
            match members().map(|alert| verdict(run, alert)).min() {
                Some(Verdict::Right) => self.right += 1,
                Some(Verdict::False) => self.wrong += 1,
                Some(Verdict::Aside) | None => {}
            }
        }
    }

    /// A detection is the minute in which an alert is raised; a window, the time in which events
    /// last. What comes in an aftermath or a circumstance is left out.
    fn score_by_nab(&mut self, run: &Run, busy: &[Interval], alerts: &[&Alert]) {
        let row = |at: Stamp| (at - run.from).as_ms().div_euclid(ROW.as_ms());
        let windows: Vec<nab::Window> =
            busy.iter().map(|(from, to)| (row(*from), row(*to - Span::ms(1)))).collect();
        let is_in = |at: i64| windows.iter().any(|(first, last)| (*first..=*last).contains(&at));
        let counts =
            |alert: &&&Alert| is_in(row(alert.from)) || verdict(run, alert) == Verdict::False;
        let rows: BTreeSet<i64> =
            alerts.iter().filter(counts).map(|alert| row(alert.from)).collect();
        let rows: Vec<i64> = rows.into_iter().collect();
        self.windows += windows.len();
        for (sum, profile) in self.nab.iter_mut().zip(&PROFILES) {
            *sum += nab::raw(profile, &windows, &rows);
        }
    }

    fn figures(self) -> Figures {
        let delays: Vec<Span> = self.delays.iter().copied().flatten().collect();
        let (events, found) = (self.delays.len(), delays.len());
        let episodes = self.right + self.wrong;
        let quiet_days = self.quiet / Span::DAY.as_seconds();
        let true_positive_rate = share(self.busy_told, self.busy);
        let true_negative_rate = share(self.quiet - self.quiet_told, self.quiet);
        let batadal_ttd = time_score(&self.timely);
        let batadal_clf = class_score(true_positive_rate, true_negative_rate);
        let mut nab = [None; 3];
        for ((scaled, raw), profile) in nab.iter_mut().zip(self.nab).zip(&PROFILES) {
            *scaled = nab::normalised(profile, raw, self.windows);
        }
        Figures {
            events,
            found,
            recall: share(found as f64, events as f64),
            delay_median_min: quantile(&delays, 0.5),
            delay_p90_min: quantile(&delays, 0.9),
            episodes,
            false_episodes: self.wrong,
            precision: share(self.right as f64, episodes as f64),
            false_per_quiet_day: share(self.wrong as f64, quiet_days),
            true_positive_rate,
            true_negative_rate,
            batadal_ttd,
            batadal_clf,
            batadal: score(batadal_ttd, batadal_clf),
            nab,
        }
    }
}

/// What an alert is; the first of an episode's is what the episode is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Right,
    Aside,
    False,
}

fn verdict(run: &Run, alert: &Alert) -> Verdict {
    let told = |failure: bool| {
        let mut those = run.events.iter().filter(|it| it.class.is_failure() == failure);
        those.any(|event| event.is_told_by(alert))
    };
    if told(true) {
        Verdict::Right
    } else if told(false) {
        Verdict::Aside
    } else {
        Verdict::False
    }
}

fn first_of<'a>(event: &Event, alerts: impl Iterator<Item = &'a Alert>) -> Option<&'a Alert> {
    let telling = alerts.filter(|alert| event.is_told_by(alert));
    telling.min_by(|a, b| (a.from, &a.by).cmp(&(b.from, &b.by)))
}

/// When failures last, within the time that counts.
fn busy_time(run: &Run) -> Vec<Interval> {
    let lasting = run.failures().map(|event| (event.from, event.until));
    let counted = union(lasting, Span::ZERO).into_iter();
    counted.filter_map(|it| within(it, (run.from, run.to))).collect()
}

/// When nothing is under way or still felt, within the time that counts.
fn quiet_time(run: &Run) -> Vec<Interval> {
    let felt = run.events.iter().map(|it| (it.from, it.until + it.class.aftermath()));
    let mut quiet = Vec::new();
    let mut since = run.from;
    for (from, to) in union(felt, Span::ZERO) {
        quiet.extend(within((since, from), (run.from, run.to)));
        since = since.max(to);
    }
    quiet.extend(within((since, run.to), (run.from, run.to)));
    quiet
}

/// What is known of a kind of failure.
#[derive(Default)]
struct OfKind<'r> {
    events: usize,
    delays: Vec<Span>,
    told_first: BTreeMap<&'r str, usize>,
}

impl OfKind<'_> {
    fn figures(self, kind: &str) -> KindFigures {
        let mut told_first: Vec<(String, usize)> =
            self.told_first.into_iter().map(|(name, times)| (name.to_owned(), times)).collect();
        told_first.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        KindFigures {
            kind: kind.to_owned(),
            events: self.events,
            found: self.delays.len(),
            delay_median_min: quantile(&self.delays, 0.5),
            delay_p90_min: quantile(&self.delays, 0.9),
            told_first,
        }
    }
}

fn kinds(runs: &[Run]) -> Vec<KindFigures> {
    let mut found: BTreeMap<&str, OfKind<'_>> = BTreeMap::new();
    for run in runs {
        for event in run.failures() {
            let of_kind = found.entry(&event.kind).or_default();
            of_kind.events += 1;
            if let Some(first) = first_of(event, run.alerts.iter()) {
                of_kind.delays.push(first.from - event.from);
                *of_kind.told_first.entry(&first.by).or_default() += 1;
            }
        }
    }
    found.into_iter().map(|(kind, of_kind)| of_kind.figures(kind)).collect()
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| (part / whole).clamp(0.0, f64::INFINITY))
}

/// The smallest value that at least this share of all do not exceed (nearest rank), minutes.
fn quantile(spans: &[Span], share: f64) -> Option<f64> {
    let mut sorted = spans.to_vec();
    sorted.sort();
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).map(|span| span.as_seconds() / 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercise::score::EPISODE_GAP;

    fn at(minute: i64) -> Stamp {
        Stamp::from_ms(0).expect("a time") + Span::minutes(minute)
    }

    fn event(kind: &str, from: i64, until: i64) -> Event {
        Event::new(kind, at(from), Some(at(until)), at(100_000))
    }

    fn alert(by: &str, from: i64, until: i64) -> Alert {
        Alert { by: by.to_owned(), from: at(from), until: at(until), late: Span::ZERO }
    }

    fn run(events: Vec<Event>, alerts: Vec<Alert>) -> Run {
        Run { name: "r".to_owned(), from: at(0), to: at(10_000), events, alerts }
    }

    /// A gauge that sticks from 1,000 to 1,100 (felt to 1,160), another from 5,000 to 5,100.
    fn two() -> Vec<Event> {
        vec![event("instrument-stuck", 1_000, 1_100), event("instrument-stuck", 5_000, 5_100)]
    }

    #[test]
    fn events_are_found_and_episodes_are_right_or_false() {
        let alerts = vec![
            alert("a", 1_020, 1_030), // right, after 20 minutes
            alert("b", 1_035, 1_036), // five minutes behind it: the same episode
            alert("b", 3_000, 3_010), // false
            alert("a", 1_150, 1_151), // in the aftermath: right
        ];
        let score = measure(&[run(two(), alerts)], EPISODE_GAP);
        let all = &score.all;
        assert_eq!((all.events, all.found, all.recall), (2, 1, Some(0.5)));
        assert_eq!((all.episodes, all.false_episodes), (3, 1));
        assert_eq!(all.precision, Some(2.0 / 3.0));
        assert_eq!((all.delay_median_min, all.delay_p90_min), (Some(20.0), Some(20.0)));
        // Quiet: 10,000 minutes less twice 160.
        assert!((score.quiet_days - 9_680.0 / 1_440.0).abs() < 1e-12);
        assert!((all.false_per_quiet_day.expect("quiet time") - 1_440.0 / 9_680.0).abs() < 1e-12);
        assert_eq!(all.batadal_ttd, Some(0.4));
        assert_eq!(all.true_positive_rate, Some(11.0 / 200.0));
        assert_eq!(all.true_negative_rate, Some(1.0 - 10.0 / 9_680.0));
        assert_eq!(score.detectors["b"].found, 1);
        assert_eq!((score.detectors["b"].episodes, score.detectors["b"].false_episodes), (2, 1));
        let kind = &score.kinds[0];
        assert_eq!((kind.events, kind.found), (2, 1));
        assert_eq!(kind.told_first, [("a".to_owned(), 1)]);
    }

    #[test]
    fn an_alert_before_an_event_does_not_find_it() {
        let score = measure(&[run(two(), vec![alert("a", 999, 1_100)])], EPISODE_GAP);
        assert_eq!((score.all.found, score.all.false_episodes), (0, 1));
    }

    #[test]
    fn what_comes_in_a_holiday_is_neither_right_nor_false() {
        let events = vec![event("calendar", 2_000, 3_000)];
        let score = measure(&[run(events, vec![alert("a", 2_500, 2_600)])], EPISODE_GAP);
        let all = &score.all;
        assert_eq!((all.events, all.episodes, all.recall, all.precision), (0, 0, None, None));
        assert_eq!(all.nab, [None; 3]);
    }

    #[test]
    fn a_laboratory_may_take_its_days() {
        let mut late = alert("lab", 5_000, 5_000);
        late.late = Span::hours(72);
        let events = vec![event("intrusion", 0, 100)];
        let found = |alert| measure(&[run(events.clone(), vec![alert])], EPISODE_GAP).all.found;
        assert_eq!(found(late), 1);
        assert_eq!(found(alert("other", 5_000, 5_000)), 0);
    }

    #[test]
    fn nab_sees_windows_and_the_minutes_of_alerts() {
        let best = measure(
            &[run(two(), vec![alert("a", 1_000, 1_001), alert("a", 5_000, 5_001)])],
            EPISODE_GAP,
        );
        assert_eq!(best.all.nab, [Some(100.0); 3]);
        let silent = measure(&[run(two(), vec![])], EPISODE_GAP);
        assert_eq!(silent.all.nab, [Some(0.0); 3]);
    }

    #[test]
    fn what_lies_outside_of_the_time_that_counts_does_not_count() {
        let mut run = run(two(), vec![alert("a", 200, 210)]);
        run.from = at(2_000);
        let score = measure(&[run], EPISODE_GAP);
        assert_eq!((score.all.events, score.all.episodes), (1, 0));
    }

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let spans: Vec<Span> = (1..=10).map(Span::minutes).collect();
        assert_eq!((quantile(&spans, 0.5), quantile(&spans, 0.9)), (Some(5.0), Some(9.0)));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
