//! The laboratory: people take samples on rounds, and what they were taken for is known later.
//!
//! A sample is what the truth was when it was taken; the result carries that time. Every sample
//! draws its chances from streams of its own, named by site and time, so that one more sample, or
//! one more analyte, changes no other result.

mod method;

use std::collections::{BTreeMap, BTreeSet};

use crate::base::analyte::Analyte;
use crate::base::ids::{MethodId, SampleId};
use crate::base::lab_result::LabResult;
use crate::base::random::{Seed, stream};
use crate::base::sampling::SamplingPoint;
use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp};
use crate::plant::Plant;
use crate::plant::laboratory::SamplingPlan;
use crate::plant::tags::{Place, Site, SiteIndex};
use crate::scenario::injection::{Injection, InjectionKind, LaboratoryEvent};
use crate::world::truth::Truth;
use method::{Drawn, method};

/// Who samples a plant, and the results that are still to come.
#[derive(Debug)]
pub struct Laboratory {
    seed: Seed,
    offset: UtcOffset,
    sites: Vec<Site>,
    plan: SamplingPlan,
    events: Vec<(Injection, LaboratoryEvent)>,
    /// By the time of the report, then in the order of the samples.
    waiting: BTreeMap<(Stamp, u64), LabResult>,
    count: u64,
}

impl Laboratory {
    /// The laboratory of `plant`, to which `injections` happen.
    pub fn new(plant: &Plant, seed: Seed, injections: &[Injection]) -> Self {
        let event = |injection: &Injection| match &injection.kind {
            InjectionKind::Laboratory(event) => Some((injection.clone(), event.clone())),
            _ => None,
        };
        Self {
            seed,
            offset: plant.profile.utc_offset,
            sites: plant.profile.sites.clone(),
            plan: plant.sampling.clone(),
            events: injections.iter().filter_map(event).collect(),
            waiting: BTreeMap::new(),
            count: 0,
        }
    }

    /// Takes every sample due from `from` (inclusive) to `to` (exclusive): between the two the
    /// truth stands still.
    pub fn sample(&mut self, truth: &Truth, from: Stamp, to: Stamp) {
        for ((at, site), analytes) in self.visits(from, to) {
            let place = self.plan.places.get(site.0).copied();
            if let Some(place) = place.filter(|place| has_water(truth, *place)) {
                self.analyse(truth, site, place, at, &analytes);
            }
        }
    }

    /// Every result that is there at `now`, in the order of the reports.
    pub fn report(&mut self, now: Stamp) -> Vec<LabResult> {
        let mut reported = Vec::new();
        while let Some(next) = self.waiting.first_entry().filter(|next| next.key().0 <= now) {
            reported.push(next.remove());
        }
        reported
    }

    /// Who is where, and for what: whoever is there anyway takes one sample for all.
    fn visits(&self, from: Stamp, to: Stamp) -> BTreeMap<(Stamp, SiteIndex), BTreeSet<Analyte>> {
        let mut visits: BTreeMap<_, BTreeSet<Analyte>> = BTreeMap::new();
        for (number, round) in self.plan.rounds.iter().enumerate() {
            for (at, site) in round.visits(from, to, self.offset) {
                if !self.is_missed(number, at) {
                    visits.entry((at, site)).or_default().extend(&round.analytes);
                }
            }
        }
        for (injection, event) in &self.events {
            if let LaboratoryEvent::Sample { site, analytes } = event
                && (from..to).contains(&injection.from)
            {
                visits.entry((injection.from, *site)).or_default().extend(analytes);
            }
        }
        visits
    }

    fn is_missed(&self, number: usize, at: Stamp) -> bool {
        self.active(at).any(|event| match event {
            LaboratoryEvent::Missed { round } => round.is_none_or(|round| round == number),
            _ => false,
        })
    }

    fn active(&self, at: Stamp) -> impl Iterator<Item = &LaboratoryEvent> {
        self.events.iter().filter(move |(it, _)| it.is_active(at)).map(|(_, event)| event)
    }

    fn analyse(
        &mut self,
        truth: &Truth,
        index: SiteIndex,
        place: Place,
        taken_at: Stamp,
        analytes: &BTreeSet<Analyte>,
    ) {
        let Some(site) = self.sites.get(index.0).cloned() else { return };
        let is_here = |at: &Option<SiteIndex>| at.is_none_or(|at| at == index);
        let (mut is_spoilt, mut brought) = (false, 0.0);
        for event in self.active(taken_at) {
            match event {
                LaboratoryEvent::Spoilt { site } if is_here(site) => is_spoilt = true,
                LaboratoryEvent::Contaminated { site, coliforms_per_100_ml } if is_here(site) => {
                    brought += coliforms_per_100_ml;
                }
                _ => {}
            }
        }
        let sample = sample_id(&site, taken_at, self.offset);
        for analyte in analytes {
            let found = method(*analyte).zip(truth.assay(place, *analyte));
            let Some((method, found)) = found else { continue };
            if is_spoilt && method.turnaround > Span::ZERO {
                continue;
            }
            let is_coliform = matches!(analyte, Analyte::EColi | Analyte::TotalColiforms);
            let drawn = Drawn {
                found: if *analyte == Analyte::TotalColiforms { found + brought } else { found },
                e_coli: truth.assay(place, Analyte::EColi).filter(|_| is_coliform).unwrap_or(0.0),
                is_raw: matches!(site.point, SamplingPoint::RawWater | SamplingPoint::Process),
            };
            let name = if is_coliform { "coliforms" } else { analyte.name() };
            let mut rng = stream(self.seed, &format!("laboratory/{sample}/{name}"));
            let reported_at = taken_at + method.turnaround;
            let error = self.error(*analyte, reported_at);
            let (sign, value) = method.measure(drawn, error, &mut rng);
            let result = LabResult {
                sample: sample.clone(),
                site: site.id.clone(),
                point: site.point,
                taken_at,
                reported_at,
                analyte: *analyte,
                sign,
                value,
                unit: analyte.unit().to_owned(),
                method: MethodId::new(method.name).expect("our methods' names are ids"),
            };
            self.waiting.insert((reported_at, self.count), result);
            self.count += 1;
        }
    }

    /// What the laboratory multiplies its result by when it errs at `at`.
    fn error(&self, analyte: Analyte, at: Stamp) -> f64 {
        let factors = self.active(at).filter_map(|event| match event {
            LaboratoryEvent::Error { analyte: of, factor } if *of == analyte => Some(factor),
            _ => None,
        });
        factors.product()
    }
}

/// Nobody draws a sample where nothing runs.
fn has_water(truth: &Truth, place: Place) -> bool {
    match place {
        Place::Node(index) => truth.nodes.get(index.0).is_some_and(|node| !node.is_dry),
        _ => true,
    }
}

/// `SY-9-20241205-093000`: site, and local time of the sample.
fn sample_id(site: &Site, at: Stamp, offset: UtcOffset) -> SampleId {
    let time: String =
        at.at(offset).chars().take(19).filter(|c| c.is_ascii_digit() || *c == 'T').collect();
    let id = format!("{}-{}", site.id, time.replace('T', "-"));
    SampleId::new(&id).expect("a site's name is short enough for this")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::analyte::Sign;
    use crate::base::ids::InjectionId;
    use crate::base::units::{Concentration, Microbes};
    use crate::plant::sample;
    use crate::world::truth::{LinkTruth, NodeTruth, PowerState, WorksTruth};

    /// 2024-12-05 08:00 in China, and so many minutes.
    fn at(min: i64) -> Stamp {
        Stamp::parse("2024-12-05T08:00:00+08:00").expect("a time").0 + Span::minutes(min)
    }

    /// 0.5 mg/L everywhere, and at the village so many E. coli.
    fn truth(now: Stamp, e_coli: f64) -> Truth {
        let mut nodes = vec![NodeTruth::default(); 6];
        for node in &mut nodes {
            node.water.chlorine = Concentration::mg_per_l(0.5);
        }
        nodes[3].water.e_coli = Microbes::per_100_ml(e_coli);
        let links = vec![LinkTruth::default(); 5];
        Truth {
            at: now,
            nodes,
            links,
            works: WorksTruth::default(),
            power: PowerState::USUAL,
            stations: Vec::new(),
        }
    }

    fn event(from_min: i64, until_min: i64, event: LaboratoryEvent) -> Injection {
        Injection {
            id: InjectionId::new("e").expect("an id"),
            from: at(from_min),
            until: Some(at(until_min)),
            kind: InjectionKind::Laboratory(event),
        }
    }

    /// Results of so many hours; until 10:00 there are 50 E. coli in the village.
    fn results(hours: i64, injections: &[Injection]) -> Vec<LabResult> {
        let mut laboratory = Laboratory::new(&sample::plant(), Seed(1), injections);
        let mut reported = Vec::new();
        for min in 0..hours * 60 {
            let e_coli = if min < 120 { 50.0 } else { 0.0 };
            laboratory.sample(&truth(at(min), e_coli), at(min), at(min + 1));
            for result in laboratory.report(at(min + 1)) {
                assert!(result.reported_at <= at(min + 1) && result.reported_at > at(min - 1));
                reported.push(result);
            }
        }
        reported
    }

    fn short(results: &[LabResult]) -> Vec<String> {
        let hours = |at: Stamp| (at - self::at(0)).as_hours();
        let show = |result: &LabResult| {
            let (taken, reported) = (hours(result.taken_at), hours(result.reported_at));
            format!("{} {} {taken:.2} {reported:.2}", result.site, result.analyte.name())
        };
        results.iter().map(show).collect()
    }

    #[test]
    fn chlorine_is_known_on_the_spot_and_microbes_a_day_later_of_the_time_they_were_taken() {
        let found = results(27, &[]);
        let wanted = [
            "FINISHED free-chlorine 1.00 1.00",
            "UPPER free-chlorine 1.33 1.33",
            "FINISHED e-coli 1.00 25.00",
            "FINISHED free-chlorine 25.00 25.00",
            "UPPER e-coli 1.33 25.33",
            "UPPER free-chlorine 25.33 25.33",
        ];
        assert_eq!(short(&found), wanted);
        assert_eq!(found[4].sample.as_str(), "UPPER-20241205-092000");
        assert_eq!((found[2].sign, found[2].value), (Sign::Below, 1.0));
        // The water was bad when the sample was taken, and is good when that is known.
        assert!(found[4].sign == Sign::Equal && found[4].value > 20.0, "{:?}", found[4]);
        assert!(found.iter().all(|result| result.unit == result.analyte.unit()));
    }

    #[test]
    fn somebody_may_take_one_more_sample_and_it_changes_no_other() {
        let sample = |analytes: &[Analyte]| LaboratoryEvent::Sample {
            site: SiteIndex(1),
            analytes: analytes.to_vec(),
        };
        let usual = results(27, &[]);
        let extra = results(27, &[event(30, 31, sample(&[Analyte::Turbidity, Analyte::EColi]))]);
        assert_eq!(extra.len(), usual.len() + 2);
        assert!(usual.iter().all(|result| extra.contains(result)));
        let both = results(27, &[event(80, 81, sample(&[Analyte::EColi, Analyte::Turbidity]))]);
        assert_eq!(both.len(), usual.len() + 1, "at 09:20 somebody is there anyway: one sample");
        assert!(usual.iter().all(|result| both.contains(result)));
    }

    #[test]
    fn a_round_that_is_missed_brings_nothing_and_a_spoilt_sample_only_what_is_known_on_the_spot() {
        let missed = results(27, &[event(0, 61, LaboratoryEvent::Missed { round: Some(0) })]);
        let at_upper = short(&missed)[0].clone();
        assert_eq!(at_upper, "UPPER free-chlorine 1.33 1.33", "whoever leaves later goes");
        let other = results(27, &[event(0, 999, LaboratoryEvent::Missed { round: Some(1) })]);
        assert_eq!(other, results(27, &[]));
        let spoilt = results(27, &[event(0, 70, LaboratoryEvent::Spoilt { site: None })]);
        let of_first = spoilt.iter().filter(|result| result.taken_at == at(60));
        let analytes: Vec<_> = of_first.map(|result| result.analyte).collect();
        assert_eq!(analytes, [Analyte::FreeChlorine]);
        assert_eq!(spoilt.len(), 5);
    }

    #[test]
    fn dirty_hands_bring_coliforms_and_no_e_coli_and_a_slip_multiplies() {
        let sample = LaboratoryEvent::Sample {
            site: SiteIndex(0),
            analytes: vec![Analyte::EColi, Analyte::TotalColiforms],
        };
        let dirt = LaboratoryEvent::Contaminated { site: None, coliforms_per_100_ml: 20.0 };
        let found = results(27, &[event(30, 31, sample), event(0, 40, dirt)]);
        let of = |analyte| {
            let mut all = found.iter().filter(|it| it.taken_at == at(30));
            all.find(|result| result.analyte == analyte).expect("a result")
        };
        assert_eq!(of(Analyte::EColi).sign, Sign::Below);
        assert!(of(Analyte::TotalColiforms).value > 8.0, "{found:?}");
        let slip = LaboratoryEvent::Error { analyte: Analyte::FreeChlorine, factor: 10.0 };
        let wrong = results(2, &[event(0, 70, slip)]);
        let right = results(2, &[]);
        let ratio = wrong[0].value / right[0].value;
        assert!((ratio - 10.0).abs() < 0.2, "{ratio}");
        assert_eq!(wrong[1], right[1], "the next one is right");
    }

    #[test]
    fn a_dry_tap_gives_no_sample() {
        let mut laboratory = Laboratory::new(&sample::plant(), Seed(1), &[]);
        let mut dry = truth(at(0), 0.0);
        dry.nodes[3].is_dry = true;
        laboratory.sample(&dry, at(0), at(120));
        let found = laboratory.report(at(9_999));
        assert!(found.iter().all(|result| result.site.as_str() == "FINISHED"), "{found:?}");
        assert_eq!(found.len(), 2);
    }
}
