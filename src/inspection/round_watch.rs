//! One rule about rounds, at one plant or at one of its sampling sites.

use serde::{Deserialize, Serialize};

use crate::base::analyte::Analytes;
use crate::base::lab_result::LabResult;
use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::{RuleId, Span, Stamp, Text};
use crate::ingest::observation::{PlantIndex, SiteResult};
use crate::inspection::book::{Book, Kind};
use crate::inspection::finding::{Finding, RuleIndex, Verdict, Watch, Why};
use crate::inspection::round::{Change, Duty, Period, Progress, Status};
use crate::inspection::sight::Sight;
use crate::plant::profile::Profile;
use crate::plant::tags::{SiteIndex, TagIndex};

/// Every round that is due at a plant.
#[derive(Debug, Clone)]
pub struct Rounds {
    utc_offset: UtcOffset,
    watches: Vec<RoundWatch>,
    /// Nothing is due before this moment.
    deadline: Stamp,
}

#[derive(Debug, Clone)]
struct RoundWatch {
    watch: Watch,
    /// Whose samples count.
    sites: Vec<SiteIndex>,
    /// `finished water`, or the site's name.
    what: String,
    /// The same in Chinese.
    what_zh: String,
    duty: Duty,
    /// What stands behind how often it is due.
    mark: &'static str,
    progress: Progress,
    changed_at: Option<Stamp>,
}

/// What a restart must not forget of one rule, at the plant or at a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundState {
    rule: RuleId,
    what: String,
    progress: Progress,
    changed_at: Option<Stamp>,
}

impl Rounds {
    /// The rounds of `book` at a plant; none where nobody samples. `tags`: how many instruments it
    /// has, as sites count on after them.
    pub fn new(book: &Book, plant: PlantIndex, profile: &Profile, tags: usize) -> Self {
        let mut watches = Vec::new();
        for (at, rule) in book.rules().iter().enumerate() {
            let Kind::Round(duty) = rule.kind else { continue };
            let duty = duty.for_people(profile.population);
            if profile.sites.is_empty() || !rule.is_for(profile) {
                continue;
            }
            let sites = profile.sites.iter().enumerate();
            let sites = sites.filter(|(_, site)| rule.select.wants_site(site));
            let watch = |tag| Watch { rule: RuleIndex(at), plant, tag };
            let new = |watch, sites, what: Text| RoundWatch {
                watch,
                sites,
                what: what.en,
                what_zh: what.zh,
                duty,
                mark: rule.mark(),
                progress: Progress::default(),
                changed_at: None,
            };
            if duty.each_site {
                watches.extend(sites.map(|(i, site)| {
                    let watch = watch(Some(TagIndex(tags + i)));
                    new(watch, vec![SiteIndex(i)], Text::of(|_| site.id.to_string()))
                }));
            } else {
                let water = |lang: Lang| {
                    let point = rule.select.point.map(|point| point.spoken_in(lang));
                    point.unwrap_or(lang.pick("water", "水")).to_owned()
                };
                let sites = sites.map(|(i, _)| SiteIndex(i)).collect();
                watches.push(new(watch(None), sites, Text::of(water)));
            }
        }
        Self { utc_offset: profile.utc_offset, watches, deadline: Stamp::MAX }
    }

    /// Takes a result, in the order of the reports; pushes what changes by it, and what was due
    /// before.
    pub fn observe(&mut self, result: &SiteResult, findings: &mut Vec<Finding>) {
        let (site, result) = (result.site, &result.result);
        self.advance(result.reported_at, findings);
        for watch in &mut self.watches {
            watch.observe(site, result, self.utc_offset, findings);
        }
        self.reckon();
    }

    /// Every result that was reported before `to` is there: pushes what was due before it.
    pub fn advance(&mut self, to: Stamp, findings: &mut Vec<Finding>) {
        if to <= self.deadline {
            return;
        }
        let first = findings.len();
        for watch in &mut self.watches {
            while let Some(changes) = watch.progress.due(&watch.duty, to, self.utc_offset) {
                for change in changes {
                    watch.report(change, self.utc_offset, findings);
                }
            }
        }
        if let Some(new) = findings.get_mut(first..) {
            new.sort_by_key(|finding| (finding.at, finding.watch));
        }
        self.reckon();
    }

    fn reckon(&mut self) {
        let due = |watch: &RoundWatch| watch.progress.deadline(&watch.duty, self.utc_offset);
        self.deadline = self.watches.iter().map(due).min().unwrap_or(Stamp::MAX);
    }

    /// Every rule here, with its verdict.
    pub fn watches(&self) -> impl Iterator<Item = (Watch, Option<Verdict>)> + '_ {
        self.watches.iter().map(|it| (it.watch, it.verdict()))
    }

    /// How every rule stands at `now`, up to which all has been judged: the rule, at which site or
    /// water.
    pub fn statuses(&self, now: Stamp) -> impl Iterator<Item = (Watch, &str, Status)> {
        self.watches.iter().map(move |it| {
            let status = it.progress.status(&it.duty, now, self.utc_offset);
            (it.watch, it.what.as_str(), status)
        })
    }

    /// What a rule sees; none when it does not watch there.
    pub fn sight(&self, watch: Watch) -> Option<Sight> {
        let own = self.watches.iter().find(|it| it.watch == watch)?;
        let due = own.progress.deadline(&own.duty, self.utc_offset);
        let said = Text::of(|lang| {
            let (what, duty, mark) = (own.what_in(lang), own.duty.words(lang), own.mark);
            let until = local(due, self.utc_offset);
            match (due == Stamp::MAX, lang) {
                (true, Lang::En) => {
                    format!("no sample of {what} so far: rounds count from the first")
                }
                (true, Lang::Zh) => format!("尚无{what}的水样:自第一个水样起计"),
                (false, Lang::En) => {
                    format!("{what}: {duty}{mark}; results are waited for until {until}")
                }
                (false, Lang::Zh) => format!("{what}:{duty}{mark};结果等至 {until}"),
            }
        });
        let (verdict, changed_at) = (own.verdict(), own.changed_at);
        Some(Sight { verdict, changed_at, ..Sight::default() }.saying(said))
    }

    /// Forgets all that was seen.
    pub fn begin_again(&mut self) {
        for watch in &mut self.watches {
            (watch.progress, watch.changed_at) = (Progress::default(), None);
        }
        self.reckon();
    }

    /// For a checkpoint; `rules`: ids of all rules.
    pub fn state(&self, rules: &[RuleId]) -> Vec<RoundState> {
        let state = |it: &RoundWatch| {
            let (rule, what) = (rules.get(it.watch.rule.0)?.clone(), it.what.clone());
            let (progress, changed_at) = (it.progress.clone(), it.changed_at);
            Some(RoundState { rule, what, progress, changed_at })
        };
        self.watches.iter().filter_map(state).collect()
    }

    /// Continues from a checkpoint.
    pub fn resume(&mut self, rules: &[RuleId], states: &[RoundState]) {
        for watch in &mut self.watches {
            let rule = rules.get(watch.watch.rule.0);
            let is_its = |it: &&RoundState| Some(&it.rule) == rule && it.what == watch.what;
            if let Some(state) = states.iter().find(is_its) {
                watch.progress = state.progress.clone();
                watch.changed_at = state.changed_at;
            }
        }
        self.reckon();
    }
}

impl RoundWatch {
    fn what_in(&self, lang: Lang) -> &str {
        lang.pick(&self.what, &self.what_zh)
    }

    fn verdict(&self) -> Option<Verdict> {
        match (self.progress.is_missed(), self.progress.is_judged()) {
            (true, _) => Some(Verdict::Abnormal),
            (false, true) => Some(Verdict::Normal),
            (false, false) => None,
        }
    }

    fn observe(
        &mut self,
        site: SiteIndex,
        result: &LabResult,
        offset: UtcOffset,
        findings: &mut Vec<Finding>,
    ) {
        let (taken_at, at) = (result.taken_at, result.reported_at);
        self.progress.begin(&self.duty, taken_at, offset);
        if self.sites.contains(&site) {
            let sample = (result.analyte, taken_at);
            if let Some(change) = self.progress.take(&self.duty, sample, at, offset) {
                self.report(change, offset, findings);
            }
        }
    }

    fn report(&mut self, change: Change, offset: UtcOffset, findings: &mut Vec<Finding>) {
        let (verdict, at, said) = match change {
            Change::Missed(period, at, lacking) => {
                let said = Text::of(|lang| self.missed((period, at, lacking), offset, lang));
                (Verdict::Abnormal, at, said)
            }
            Change::Done(period, at) => {
                let said = Text::of(|lang| {
                    let (what, span) = (self.what_in(lang), shown(period, offset, lang));
                    match lang {
                        Lang::En => format!("{what} has been sampled in {span}"),
                        Lang::Zh => format!("{what}在 {span} 已采样"),
                    }
                });
                (Verdict::Normal, at, said)
            }
        };
        // A report that came late changes the present verdict, not the past.
        let at = self.changed_at.map_or(at, |before| before.max(at));
        self.changed_at = Some(at);
        let why = Why::default().saying(said);
        findings.push(Finding { watch: self.watch, at, verdict, level: 0, why });
    }

    fn missed(
        &self,
        (period, at, lacking): (Period, Stamp, Analytes),
        offset: UtcOffset,
        lang: Lang,
    ) -> String {
        let (what, lacking) = (self.what_in(lang), lacking.spoken_in(lang));
        let (span, by, times) = (shown(period, offset, lang), local(at, offset), self.duty.times);
        let text = match (lang, times) {
            (Lang::En, 1) => {
                format!("no sample of {what} for {lacking} in {span}, nor a result by {by}")
            }
            (Lang::En, _) => format!(
                "no sample of {times} days of {what} for {lacking} in {span}, nor a result by {by}"
            ),
            (Lang::Zh, 1) => format!("{span} 未采{what}检{lacking},至 {by} 亦无结果"),
            (Lang::Zh, _) => {
                format!("{span} 未在 {times} 天采{what}检{lacking},至 {by} 亦无结果")
            }
        };
        match (self.mark, lang) {
            ("", _) => text,
            (mark, Lang::En) => format!("{text}; that it is due so often:{mark}"),
            (mark, Lang::Zh) => format!("{text};如此频次的依据:{mark}"),
        }
    }
}

/// `2024-12-05`, or `2024-12-01 to 2024-12-31`.
pub fn shown(period: Period, offset: UtcOffset, lang: Lang) -> String {
    let day = |at: Stamp| at.at(offset).chars().take("2024-12-05".len()).collect::<String>();
    let (first, last) = (day(period.from), day(period.until - Span::MINUTE));
    let to = lang.pick("to", "至");
    if first == last { first } else { format!("{first} {to} {last}") }
}

/// `12-05 09:30`.
fn local(at: Stamp, offset: UtcOffset) -> String {
    at.month_day_time(offset).chars().take("12-05 09:30".len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::analyte::{Analyte, Sign};
    use crate::base::ids::{MethodId, SampleId};
    use crate::base::sampling::SamplingPoint;
    use crate::base::{TagId, Text};
    use crate::inspection::testing::{book, profile};
    use crate::plant::profile::Disinfectant;
    use crate::plant::tags::Site;

    /// 2024-12-05 in China, so many hours from midnight on.
    fn at(hours: i64) -> Stamp {
        Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time").0 + Span::hours(hours)
    }

    fn rounds_of(m3_per_day: f64) -> Rounds {
        let mut profile = profile(m3_per_day, 16_000, Disinfectant::FreeChlorine);
        profile.sites = [("RAW", SamplingPoint::RawWater), ("OUT", SamplingPoint::FinishedWater)]
            .map(|(id, point)| Site {
                id: TagId::new(id).expect("an id"),
                title: Text::default(),
                point,
                village: None,
            })
            .to_vec();
        Rounds::new(&book(), PlantIndex(0), &profile, 10)
    }

    /// Of the finished water, taken and reported at these hours.
    fn result(analyte: Analyte, taken: i64, reported: i64) -> SiteResult {
        let result = LabResult {
            sample: SampleId::new("OUT-1").expect("an id"),
            site: TagId::new("OUT").expect("an id"),
            point: SamplingPoint::FinishedWater,
            taken_at: at(taken),
            reported_at: at(reported),
            analyte,
            sign: Sign::Equal,
            value: 0.5,
            unit: analyte.unit().to_owned(),
            method: MethodId::new("m").expect("an id"),
        };
        SiteResult { plant: PlantIndex(0), site: SiteIndex(1), result }
    }

    /// `rule verdict hour` of what is found about chlorine.
    fn told(findings: &[Finding]) -> Vec<String> {
        let book = book();
        let line = |finding: &Finding| {
            let rule = &book.rules()[finding.watch.rule.0].id;
            format!("{rule} {:?} {}", finding.verdict, (finding.at - at(0)).as_hours())
        };
        let lines = findings.iter().map(line);
        lines.filter(|line| line.contains("round-finished-chlorine")).collect()
    }

    #[test]
    fn a_missed_round_is_found_when_its_grace_is_over_and_after_a_restart_too() {
        let chlorine = |day: i64| result(Analyte::FreeChlorine, 24 * day + 9, 24 * day + 9);
        let wanted = [
            "round-finished-chlorine Abnormal 60", // the 6th: until noon of the 7th
            "round-finished-chlorine Normal 81",   // the 8th, at nine
        ];
        for restart in [None, Some(1), Some(60), Some(61), Some(80)] {
            let rules: Vec<RuleId> = book().rules().iter().map(|rule| rule.id.clone()).collect();
            let (mut rounds, mut findings) = (rounds_of(2_400.0), Vec::new());
            for hour in 0..85 {
                if restart == Some(hour) {
                    let json = serde_json::to_string(&rounds.state(&rules)).expect("plain");
                    rounds = rounds_of(2_400.0);
                    rounds.resume(&rules, &serde_json::from_str::<Vec<_>>(&json).expect("ours"));
                }
                if [9, 81].contains(&hour) {
                    rounds.observe(&chlorine(hour / 24), &mut findings);
                }
                rounds.advance(at(hour), &mut findings);
            }
            assert_eq!(told(&findings), wanted, "{restart:?}");
        }
    }

    #[test]
    fn what_is_found_says_what_is_lacking_and_of_which_day() {
        let (mut rounds, mut findings) = (rounds_of(2_400.0), Vec::new());
        rounds.observe(&result(Analyte::FreeChlorine, 9, 9), &mut findings);
        rounds.observe(&result(Analyte::Turbidity, 33, 39), &mut findings);
        rounds.advance(at(61), &mut findings);
        let texts: Vec<&str> = findings.iter().map(|it| it.why.text.as_str()).collect();
        let wanted = [
            "no sample of raw water for turbidity, colour, permanganate index in 2024-12-06, nor a \
             result by 12-07 12:00",
            "no sample of finished water for colour in 2024-12-06, nor a result by 12-07 12:00",
            "no sample of finished water for free chlorine in 2024-12-06, nor a result by 12-07 \
             12:00",
        ];
        assert_eq!(texts, wanted);
        assert!(findings.iter().all(|it| it.watch.tag.is_none()), "any site would do");
    }

    #[test]
    fn the_plants_class_says_how_often() {
        for (m3_per_day, standing, chlorine_rules) in
            [(1_000.0, "round-finished-chlorine", 2), (999.0, "round-finished-chlorine-iv", 1)]
        {
            let book = book();
            let rounds = rounds_of(m3_per_day);
            let rules = rounds.statuses(at(0)).map(|(watch, _, _)| &book.rules()[watch.rule.0].id);
            let of: Vec<&str> =
                rules.map(RuleId::as_str).filter(|id| id.contains("chlor")).collect();
            assert_eq!(of[0], standing, "{m3_per_day}");
            assert_eq!(of.len(), chlorine_rules, "tap water has a duty from class III on");
        }
    }
}
