//! One rule at one sampling site: what the newest sample says, and since when that is known.
//!
//! A result is about the moment its sample was taken, and is news at the moment of its report. The
//! newest sample decides how things stand. One that was taken before it, and is reported after it,
//! changes that no more; but when it breaks the limit, somebody has to know: it is found abnormal,
//! and normal again at the same moment.

use serde::{Deserialize, Serialize};

use crate::base::analyte::Analyte;
use crate::base::lab_result::LabResult;
use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::{RuleId, Stamp, TagId, Text};
use crate::ingest::observation::PlantIndex;
use crate::inspection::also::Also;
use crate::inspection::book::{Book, Kind};
use crate::inspection::finding::{Finding, RuleIndex, Verdict, Watch, Why};
use crate::inspection::limit::LimitInForce;
use crate::inspection::sight::Sight;
use crate::inspection::unit_keys::Measured;
use crate::inspection::window::Window;
use crate::plant::profile::Profile;
use crate::plant::tags::{Site, TagIndex};

/// All rules at one sampling site.
#[derive(Debug, Clone)]
pub struct SiteWatch {
    id: TagId,
    utc_offset: UtcOffset,
    watches: Vec<LabWatch>,
}

/// One rule at one site.
#[derive(Debug, Clone)]
struct LabWatch {
    watch: Watch,
    analyte: Analyte,
    limit: LimitInForce,
    /// Broken by the same sample too, before anything is abnormal.
    also: Option<Also>,
    state: LabState,
}

/// What a restart must not forget of one rule at one site.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct LabState {
    /// When the newest sample that was judged was taken.
    taken_at: Option<Stamp>,
    verdict: Option<Verdict>,
    changed_at: Option<Stamp>,
    /// The last values, by the time their samples were taken.
    window: Window,
    /// Of a rule about two analytes: the last results that do not keep their own limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    halves: Vec<LabResult>,
}

/// So many results wait for the other analyte of their sample `[D]`.
const HALVES: usize = 8;

/// What a restart must not forget of a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteState {
    id: TagId,
    watches: Vec<(RuleId, LabState)>,
}

impl SiteWatch {
    /// The rules of `book` at a site. `index`: sites count on after the instruments.
    pub fn new(
        book: &Book,
        plant: PlantIndex,
        profile: &Profile,
        index: TagIndex,
        site: &Site,
    ) -> Self {
        let rules = book.rules().iter().enumerate();
        let watches = rules.filter_map(|(at, rule)| {
            let Kind::LabLimit(analyte, limit, also) = rule.kind else { return None };
            let wanted = rule.watches_site(profile, site);
            let watch = Watch { rule: RuleIndex(at), plant, tag: Some(index) };
            wanted.then(|| LabWatch { watch, analyte, limit, also, state: LabState::default() })
        });
        let watches = watches.collect();
        Self { id: site.id.clone(), utc_offset: profile.utc_offset, watches }
    }

    /// Takes a result of this site; pushes what changes by it.
    pub fn observe(&mut self, result: &LabResult, findings: &mut Vec<Finding>) {
        for watch in self.watches.iter_mut().filter(|watch| watch.is_about(result.analyte)) {
            watch.observe(result, self.utc_offset, findings);
        }
    }

    /// Every rule here, with its verdict.
    pub fn watches(&self) -> impl Iterator<Item = (Watch, Option<Verdict>)> + '_ {
        self.watches.iter().map(|it| (it.watch, it.state.verdict))
    }

    /// What a rule sees here; none when it does not watch here.
    pub fn sight(&self, watch: Watch) -> Option<Sight> {
        let own = self.watches.iter().find(|it| it.watch == watch)?;
        let LabState { taken_at, verdict, changed_at, ref window, .. } = own.state;
        let said = Text::of(|lang| {
            let also = own.also.map(|it| it.words(lang)).unwrap_or_default();
            let limit = own.limit.words(Measured::Analyte(own.analyte), lang) + &also;
            let (id, what) = (&self.id, own.analyte.spoken_in(lang));
            match (taken_at.map(|at| local(at, self.utc_offset)), lang) {
                (Some(at), Lang::En) => {
                    format!(
                        "the newest sample of {id} was taken at {at}; a limit is broken {limit}"
                    )
                }
                (Some(at), Lang::Zh) => format!("{id} 最新水样采于 {at};越限条件:{limit}"),
                (None, Lang::En) => format!("no result for {what} at {id} so far"),
                (None, Lang::Zh) => format!("{id} 尚无{what}结果"),
            }
        });
        let judged = window.to_vec();
        Some(Sight { verdict, changed_at, judged, ..Sight::default() }.saying(said))
    }

    /// Forgets all that was seen.
    pub fn begin_again(&mut self) {
        self.watches.iter_mut().for_each(|watch| watch.state = LabState::default());
    }

    /// For a checkpoint; `rules`: ids of all rules.
    pub fn state(&self, rules: &[RuleId]) -> SiteState {
        let watches = self.watches.iter().filter_map(|watch| {
            Some((rules.get(watch.watch.rule.0)?.clone(), watch.state.clone()))
        });
        SiteState { id: self.id.clone(), watches: watches.collect() }
    }

    /// Continues from a checkpoint, if one of `states` is of this site.
    pub fn resume(&mut self, rules: &[RuleId], states: &[SiteState]) {
        let Some(state) = states.iter().find(|state| state.id == self.id) else { return };
        for watch in &mut self.watches {
            let id = rules.get(watch.watch.rule.0);
            if let Some((_, then)) = state.watches.iter().find(|(rule, _)| Some(rule) == id) {
                watch.state = then.clone();
            }
        }
    }
}

impl LabWatch {
    fn is_about(&self, analyte: Analyte) -> bool {
        self.analyte == analyte || self.also.is_some_and(|it| it.analyte == analyte)
    }

    fn limit_of(&self, analyte: Analyte) -> LimitInForce {
        match self.also {
            Some(also) if also.analyte == analyte => also.limit,
            _ => self.limit,
        }
    }

    fn observe(&mut self, result: &LabResult, offset: UtcOffset, findings: &mut Vec<Finding>) {
        let other = if self.also.is_some() { self.other_half(result) } else { None };
        let verdict = match self.judge(result) {
            // One of the two is enough, and one of them alone is not known to be all there is.
            Some(Verdict::Abnormal) if self.also.is_some() => {
                other.as_ref().and_then(|it| self.judge(it)).filter(|it| *it == Verdict::Abnormal)
            }
            verdict => verdict,
        };
        let Some(verdict) = verdict else { return };
        let is_newest = self.state.taken_at.is_none_or(|newest| result.taken_at >= newest);
        if is_newest {
            self.state.taken_at = Some(result.taken_at);
            self.state.window.push(result.taken_at, result.figure());
            let before = self.state.verdict.replace(verdict);
            let is_first = before.is_none() && verdict == Verdict::Normal;
            if before != Some(verdict) && !is_first {
                let text = self.sentence(result, other.as_ref(), offset);
                self.report(result, verdict, text, findings);
            }
        } else if verdict == Verdict::Abnormal && self.state.verdict == Some(Verdict::Normal) {
            let text = self.sentence(result, other.as_ref(), offset);
            self.report(result, Verdict::Abnormal, text.clone(), findings);
            let later = self.state.taken_at.map(|at| local(at, offset)).unwrap_or_default();
            let text = Text {
                en: format!("{}; a sample taken later, {later}, keeps the limit", text.en),
                zh: format!("{};其后 {later} 所采水样未越限", text.zh),
            };
            self.report(result, Verdict::Normal, text, findings);
        }
    }

    /// What the other analyte of its sample was found to be, where it does not keep its limit
    /// either; and remembers a result that does not, until the other one comes.
    fn other_half(&mut self, result: &LabResult) -> Option<LabResult> {
        let is_kept = self.judge(result) == Some(Verdict::Normal);
        let halves = &mut self.state.halves;
        let is_same = |it: &LabResult| it.taken_at == result.taken_at;
        let is_again = |it: &LabResult| is_same(it) && it.analyte == result.analyte;
        halves.retain(|it| !is_again(it));
        let other = halves.iter().find(|it| is_same(it)).filter(|_| !is_kept).cloned();
        if !is_kept {
            if halves.len() == HALVES {
                halves.remove(0);
            }
            halves.push(result.clone());
        }
        other
    }

    /// What a result says of the limit; nothing when the method cannot tell: a limit below what it
    /// finds, or above what it counts.
    fn judge(&self, result: &LabResult) -> Option<Verdict> {
        let (low, high) = result.bounds();
        let stands = self.state.verdict == Some(Verdict::Abnormal);
        let limit = self.limit_of(result.analyte);
        let (low, high) = (limit.judge(stands, low), limit.judge(stands, high));
        let verdict = if low { Verdict::Abnormal } else { Verdict::Normal };
        (low == high).then_some(verdict)
    }

    fn report(
        &mut self,
        result: &LabResult,
        verdict: Verdict,
        said: Text,
        findings: &mut Vec<Finding>,
    ) {
        // A report that came late changes the present verdict, not the past.
        let at = self.state.changed_at.map_or(result.reported_at, |at| at.max(result.reported_at));
        self.state.changed_at = Some(at);
        let why = Why {
            value: Some(result.figure()),
            limit: Some(self.limit_of(result.analyte).raise),
            window: self.state.window.to_vec(),
            ..Why::default()
        };
        let why = why.saying(said);
        findings.push(Finding { watch: self.watch, at, verdict, level: 0, why });
    }

    /// `E. coli at SY-9 is 3.1 /100 mL, above the limit of 0 /100 mL: sample …, taken 12-05 09:30`.
    /// Of two analytes both are named.
    fn sentence(&self, result: &LabResult, other: Option<&LabResult>, offset: UtcOffset) -> Text {
        let stands = |it: &LabResult, lang: Lang| {
            let limit = self.limit_of(it.analyte);
            let relation = limit.relation(it.bounds().0, lang);
            let limit = it.analyte.shown(limit.raise) + limit.mark();
            let found = it.shown();
            match lang {
                Lang::En => format!("is {found}, {relation} the limit of {limit}"),
                Lang::Zh => format!("{found},{relation}限值 {limit}"),
            }
        };
        Text::of(|lang| {
            let (what, site) = (result.analyte.spoken_in(lang), &result.site);
            let (sample, taken) = (&result.sample, local(result.taken_at, offset));
            let first = stands(result, lang);
            let second = other.map(|it| {
                let (what, stands) = (it.analyte.spoken_in(lang), stands(it, lang));
                lang.pick(", and ", ";").to_owned() + what + " " + &stands
            });
            let second = second.unwrap_or_default();
            match lang {
                Lang::En => {
                    format!("{what} at {site} {first}{second}: sample {sample}, taken {taken}")
                }
                Lang::Zh => {
                    format!("{site} {what} {first}{second}:水样 {sample},采于 {taken}")
                }
            }
        })
    }
}

/// `12-05 09:30`.
pub(super) fn local(at: Stamp, offset: UtcOffset) -> String {
    at.month_day_time(offset).chars().take("12-05 09:30".len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::analyte::Sign;
    use crate::base::ids::{MethodId, SampleId};
    use crate::base::sampling::SamplingPoint;
    use crate::base::{Span, Text};
    use crate::inspection::testing::{book, profile};
    use crate::plant::profile::Disinfectant;

    /// 2024-12-05 in China, so many hours from midnight on.
    fn at(hours: i64) -> Stamp {
        Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time").0 + Span::hours(hours)
    }

    fn site(point: SamplingPoint) -> Site {
        let id = TagId::new("SY-9").expect("an id");
        Site { id, title: Text::default(), point, village: None }
    }

    fn watch_of(m3_per_day: f64, point: SamplingPoint) -> SiteWatch {
        let profile = profile(m3_per_day, 16_000, Disinfectant::FreeChlorine);
        SiteWatch::new(&book(), PlantIndex(0), &profile, TagIndex(7), &site(point))
    }

    /// Taken and reported at these hours.
    fn result(
        analyte: Analyte,
        (taken, reported): (i64, i64),
        sign: Sign,
        value: f64,
    ) -> LabResult {
        LabResult {
            sample: SampleId::new("SY-9-1").expect("an id"),
            site: TagId::new("SY-9").expect("an id"),
            point: SamplingPoint::TapWater,
            taken_at: at(taken),
            reported_at: at(reported),
            analyte,
            sign,
            value,
            unit: analyte.unit().to_owned(),
            method: MethodId::new("m").expect("an id"),
        }
    }

    fn e_coli(times: (i64, i64), sign: Sign, value: f64) -> LabResult {
        result(Analyte::EColi, times, sign, value)
    }

    /// `rule verdict hour` of what the results are found to mean.
    fn told(watch: &mut SiteWatch, results: &[LabResult]) -> Vec<String> {
        let mut findings = Vec::new();
        for result in results {
            watch.observe(result, &mut findings);
        }
        let book = book();
        let line = |finding: &Finding| {
            let rule = &book.rules()[finding.watch.rule.0].id;
            let hour = (finding.at - at(0)).as_hours();
            format!("{rule} {:?} {hour}", finding.verdict)
        };
        findings.iter().map(line).collect()
    }

    #[test]
    fn a_limit_is_broken_when_that_is_known_and_clear_with_the_next_good_sample() {
        let mut watch = watch_of(2_400.0, SamplingPoint::TapWater);
        let results = [
            e_coli((9, 33), Sign::Below, 1.0),
            e_coli((33, 57), Sign::Equal, 3.1),
            e_coli((57, 81), Sign::Equal, 1.0),
            e_coli((81, 105), Sign::Below, 1.0),
        ];
        let wanted = ["lab-e-coli Abnormal 57", "lab-e-coli Normal 105"];
        assert_eq!(told(&mut watch, &results), wanted);
        let mut watch = watch_of(2_400.0, SamplingPoint::TapWater);
        let mut findings = Vec::new();
        watch.observe(&results[1], &mut findings);
        let why = &findings[0].why;
        let text = "E. coli at SY-9 is 3.1 /100 mL, above the limit of 0 /100 mL: sample SY-9-1, \
                    taken 12-06 09:00";
        assert_eq!(why.text, text);
        assert_eq!((why.value, why.limit), (Some(3.1), Some(0.0)));
        assert_eq!(why.window, [(at(33), 3.1)]);
        assert_eq!(findings[0].watch.tag, Some(TagIndex(7)));
    }

    #[test]
    fn an_older_sample_that_was_bad_is_told_and_changes_nothing_that_stands() {
        let mut watch = watch_of(2_400.0, SamplingPoint::TapWater);
        let results = [
            e_coli((33, 57), Sign::Below, 1.0),
            e_coli((9, 60), Sign::Equal, 2.0), // was counted twice, and took longer
            e_coli((10, 61), Sign::Below, 1.0),
        ];
        let wanted = ["lab-e-coli Abnormal 60", "lab-e-coli Normal 60"];
        assert_eq!(told(&mut watch, &results), wanted);
        let mut watch = watch_of(2_400.0, SamplingPoint::TapWater);
        let results = [
            e_coli((33, 57), Sign::Equal, 2.0),
            e_coli((9, 60), Sign::Below, 1.0), // good, but before the bad one
            e_coli((57, 81), Sign::Below, 1.0),
        ];
        let wanted = ["lab-e-coli Abnormal 57", "lab-e-coli Normal 81"];
        assert_eq!(told(&mut watch, &results), wanted);
    }

    #[test]
    fn what_a_method_cannot_tell_is_no_verdict() {
        let arsenic = |sign, value| result(Analyte::Arsenic, (1, 2), sign, value);
        // The limit is 0.01 mg/L: a method that finds 0.02 cannot say whether it is kept.
        for (sign, value, wanted) in [
            (Sign::Below, 0.02, vec![]),
            (Sign::Below, 0.01, vec![]),
            (Sign::Equal, 0.01, vec![]),
            (Sign::Equal, 0.0101, vec!["lab-arsenic Abnormal 2"]),
            (Sign::Above, 0.5, vec!["lab-arsenic Abnormal 2"]),
            (Sign::Above, 0.005, vec![]),
        ] {
            let mut watch = watch_of(2_400.0, SamplingPoint::TapWater);
            let found = told(&mut watch, &[arsenic(sign, value)]);
            assert_eq!(found, wanted, "{sign:?} {value}");
            let known = watch.watches().filter(|(_, verdict)| verdict.is_some()).count();
            let is_open = matches!((sign, value), (Sign::Below, 0.02) | (Sign::Above, 0.005));
            assert_eq!(known, usize::from(!is_open), "{sign:?} {value}");
        }
        // None of what has to be there is too little, though no method finds less.
        let dioxide = |sign| {
            let profile = profile(2_400.0, 16_000, Disinfectant::ChlorineDioxide);
            let site = site(SamplingPoint::TapWater);
            let mut watch = SiteWatch::new(&book(), PlantIndex(0), &profile, TagIndex(7), &site);
            told(&mut watch, &[result(Analyte::ChlorineDioxide, (1, 2), sign, 0.02)])
        };
        assert_eq!(dioxide(Sign::Equal), [""; 0]);
        assert_eq!(dioxide(Sign::Below), ["lab-tap-chlorine-dioxide-low Abnormal 2"]);
        // Fewer than ten in a diluted bottle may be none or some.
        let mut watch = watch_of(2_400.0, SamplingPoint::TapWater);
        assert!(told(&mut watch, &[e_coli((1, 2), Sign::Below, 10.0)]).is_empty());
        assert!(watch.watches().all(|(_, verdict)| verdict.is_none()));
    }

    #[test]
    fn limits_hang_on_the_water_and_on_the_size_of_the_supply() {
        let colonies = [result(Analyte::ColonyCount, (0, 48), Sign::Equal, 300.0)];
        let of = |m3_per_day, point| told(&mut watch_of(m3_per_day, point), &colonies);
        assert_eq!(of(2_400.0, SamplingPoint::TapWater), ["lab-colony-count Abnormal 48"]);
        assert!(of(900.0, SamplingPoint::TapWater).is_empty(), "small: 500 in 1 mL");
        assert!(of(2_400.0, SamplingPoint::RawWater).is_empty(), "nobody drinks it");
        let chlorine = [result(Analyte::FreeChlorine, (0, 0), Sign::Equal, 0.2)];
        let of = |point| told(&mut watch_of(2_400.0, point), &chlorine);
        let wanted = ["lab-finished-chlorine-low Abnormal 0"];
        assert_eq!(of(SamplingPoint::FinishedWater), wanted);
        assert!(of(SamplingPoint::TapWater).is_empty(), "at the tap 0.05 mg/L are enough");
    }

    #[test]
    fn of_two_residuals_of_a_sample_one_is_enough_in_whatever_order_they_are_known() {
        let watch = || {
            let profile = profile(2_400.0, 16_000, Disinfectant::MixedChlorineDioxide);
            let site = site(SamplingPoint::FinishedWater);
            SiteWatch::new(&book(), PlantIndex(0), &profile, TagIndex(7), &site)
        };
        let chlorine = |times, value| result(Analyte::FreeChlorine, times, Sign::Equal, value);
        let dioxide = |times, value| result(Analyte::ChlorineDioxide, times, Sign::Equal, value);
        let abnormal = "lab-finished-mixed-residual-low Abnormal 3";
        for (first, second, wanted) in [
            (chlorine((1, 2), 0.29), dioxide((1, 3), 0.09), vec![abnormal]),
            (dioxide((1, 2), 0.09), chlorine((1, 3), 0.29), vec![abnormal]),
            (chlorine((1, 2), 0.3), dioxide((1, 3), 0.0), vec![]),
            (dioxide((1, 2), 0.0), chlorine((1, 3), 0.3), vec![]),
            (dioxide((1, 2), 0.1), chlorine((1, 3), 0.0), vec![]),
            (chlorine((1, 2), 0.29), dioxide((2, 3), 0.09), vec![]), // of another sample
        ] {
            let found = told(&mut watch(), &[first, second]);
            assert_eq!(found, wanted);
        }
        // What waits outlives a restart; the next sample clears by one of its two.
        let rules: Vec<RuleId> = book().rules().iter().map(|rule| rule.id.clone()).collect();
        let mut before = watch();
        assert!(told(&mut before, &[chlorine((1, 2), 0.29)]).is_empty());
        let json = serde_json::to_string(&before.state(&rules)).expect("plain values");
        let mut after = watch();
        after.resume(&rules, &[serde_json::from_str(&json).expect("what was written")]);
        let mut findings = Vec::new();
        after.observe(&dioxide((1, 3), 0.09), &mut findings);
        let text = "chlorine dioxide at SY-9 is 0.09 mg/L, below the limit of 0.1 mg/L [M], and \
                    free chlorine is 0.29 mg/L, below the limit of 0.3 mg/L [M]: sample SY-9-1, \
                    taken 12-05 01:00";
        assert_eq!(findings[0].why.text, text);
        let next = [chlorine((4, 5), 0.1), dioxide((4, 6), 0.1)];
        assert_eq!(told(&mut after, &next), ["lab-finished-mixed-residual-low Normal 6"]);
    }

    #[test]
    fn a_restart_and_a_new_beginning_are_told_apart() {
        let rules: Vec<RuleId> = book().rules().iter().map(|rule| rule.id.clone()).collect();
        let mut watch = watch_of(2_400.0, SamplingPoint::TapWater);
        told(&mut watch, &[e_coli((9, 33), Sign::Equal, 2.0)]);
        let json = serde_json::to_string(&watch.state(&rules)).expect("plain values");
        let mut again = watch_of(2_400.0, SamplingPoint::TapWater);
        again.resume(&rules, &[serde_json::from_str(&json).expect("what was written")]);
        let good = [e_coli((33, 57), Sign::Below, 1.0)];
        assert_eq!(told(&mut again, &good), ["lab-e-coli Normal 57"]);
        watch.begin_again();
        assert!(told(&mut watch, &good).is_empty());
    }
}
