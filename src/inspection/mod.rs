//! Observations → findings: the rules.
//!
//! In: `Observation`s in order, and time. Out: `Finding`s. Must not know: the simulator, MQTT.
//!
//! A rule's verdict depends on event time alone: whatever is due at a moment is found *at* that
//! moment, however often anybody asks. A reading at a deadline is in time.

pub mod also;
pub mod book;
mod citation;
mod describe;
pub mod event;
pub mod expression;
pub mod finding;
mod grab_file;
pub mod grab_watch;
pub mod handling;
mod kind_file;
mod lab_watch;
pub mod level;
mod level_file;
pub mod limit;
mod limit_file;
mod misses;
pub mod mutant;
pub mod pack;
mod plant_watch;
pub mod plausibility;
pub mod refusal_watch;
pub mod round;
mod round_file;
pub mod round_watch;
mod rule_file;
pub mod rule_test;
pub mod select;
pub mod service_pressure;
pub mod sight;
pub mod signal;
mod silence_watch;
mod tag_watch;
pub mod template;
#[cfg(test)]
mod testing;
pub mod unit_keys;
mod watcher;
pub mod window;

use serde::{Deserialize, Serialize};

use crate::base::{Flag, QualityTests, Stamp};
use crate::ingest::observation::{Observation, PlantIndex, SiteResult};
use crate::inspection::book::Book;
use crate::inspection::finding::{Finding, Verdict, Watch};
use crate::inspection::plant_watch::{PlantState, PlantWatch};
use crate::inspection::sight::Sight;
use crate::inspection::signal::notice::Told;
use crate::plant::profile::Profile;
use crate::plant::tags::Tag;

/// Every rule at work on every instrument of every plant.
#[derive(Debug, Clone)]
pub struct Inspection {
    plants: Vec<PlantWatch>,
    told: Told,
}

/// Windows, timers and verdicts, kept by the names of plants, tags and rules: a restart continues
/// with them even when a rule or an instrument has come or gone in between.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    plants: Vec<PlantState>,
}

impl Inspection {
    /// Sets every rule of `book` to work. `PlantIndex`, `TagIndex` and `RuleIndex` count in
    /// `plants`, in their tags (then in the sampling sites of their profiles), and in
    /// `book.rules()`.
    pub fn new(book: &Book, plants: &[(&Profile, &[Tag])]) -> Self {
        let plants = plants
            .iter()
            .enumerate()
            .map(|(i, (profile, tags))| PlantWatch::new(book, PlantIndex(i), profile, tags))
            .collect();
        Self { plants, told: Told::default() }
    }

    /// What never gives a reading is not missed from now on: a recording may lack instruments.
    pub fn miss_only_what_spoke(&mut self) {
        self.plants.iter_mut().for_each(PlantWatch::miss_only_what_spoke);
    }

    /// Takes a reading; pushes what changes by it. Gives its flag by the tests of signal quality
    /// that are made at once, rolled up with its own, and those tests that set it. Readings of one
    /// instrument come in the order of their time: an older one counts as heard, but is not judged.
    /// The first mention of a plant, here or in `advance`, starts its watch.
    pub fn observe(
        &mut self,
        observation: &Observation,
        findings: &mut Vec<Finding>,
    ) -> (Flag, QualityTests) {
        match self.plants.get_mut(observation.plant.0) {
            Some(plant) => plant.observe(observation, findings, &mut self.told),
            None => (observation.flag, observation.tests),
        }
    }

    /// What there is to tell of doubtful readings since it was last emptied.
    pub fn told(&mut self) -> &mut Told {
        &mut self.told
    }

    /// Takes a laboratory result; pushes what changes by it, at the moment of its report. Results
    /// of one plant come in the order of their reports.
    pub fn result(&mut self, result: &SiteResult, findings: &mut Vec<Finding>) {
        if let Some(plant) = self.plants.get_mut(result.plant.0) {
            plant.result(result, findings);
        }
    }

    /// Every result of a plant that was reported before `to` is there: pushes the rounds that were
    /// due before it and have not been made.
    pub fn settle_results(&mut self, plant: PlantIndex, to: Stamp, findings: &mut Vec<Finding>) {
        if let Some(plant) = self.plants.get_mut(plant.0) {
            plant.settle_results(to, findings);
        }
    }

    /// Something in a plant's name was refused at `at`, for a stable word and a detail.
    pub fn refusal(
        &self,
        plant: PlantIndex,
        (reason, detail): (&str, &str),
        at: Stamp,
        findings: &mut Vec<Finding>,
    ) {
        if let Some(plant) = self.plants.get(plant.0) {
            plant.refusal((reason, detail), at, findings);
        }
    }

    /// A plant's gateway came online, or is known to have gone, at `at`.
    pub fn presence(&mut self, plant: PlantIndex, at: Stamp, online: bool) {
        if let Some(plant) = self.plants.get_mut(plant.0) {
            plant.presence(at, online);
        }
    }

    /// Event time of a plant has reached `to`: readings before it have been delivered, as far as
    /// they come in time. Pushes what was due, each at its own moment, in the order of time.
    pub fn advance(&mut self, plant: PlantIndex, to: Stamp, findings: &mut Vec<Finding>) {
        if let Some(plant) = self.plants.get_mut(plant.0) {
            plant.advance(to, findings, &mut self.told);
        }
    }

    /// Every rule at every place it watches, with the verdict so far (none before the first).
    pub fn watches(&self) -> impl Iterator<Item = (Watch, Option<Verdict>)> + '_ {
        self.plants.iter().flat_map(PlantWatch::watches)
    }

    /// What a rule sees at one place; none when it does not watch there.
    pub fn sight(&self, watch: Watch) -> Option<Sight> {
        self.plants.get(watch.plant.0)?.sight(watch)
    }

    /// Forgets all that was seen of a plant: its time begins again.
    pub fn begin_again(&mut self, plant: PlantIndex) {
        if let Some(plant) = self.plants.get_mut(plant.0) {
            plant.begin_again();
        }
    }

    /// Everything a restart must not forget.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { plants: self.plants.iter().map(PlantWatch::state).collect() }
    }

    /// Continues from a checkpoint. What it does not name starts afresh.
    pub fn resume(&mut self, checkpoint: &Checkpoint) {
        for plant in &mut self.plants {
            if let Some(state) = checkpoint.plants.iter().find(|state| plant.is(state)) {
                plant.resume(state);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{book, profile, tag};
    use super::*;
    use crate::base::units::Quantity;
    use crate::base::{Flag, Span};
    use crate::plant::profile::Disinfectant;
    use crate::plant::tags::{SamplingPoint, TagIndex};

    const PLANT: PlantIndex = PlantIndex(0);
    const CHLORINE: usize = 0;
    const TAP_PRESSURE: usize = 1;
    const NIGHT_FLOW: usize = 2;
    const TURBIDITY: usize = 3;

    fn tags() -> Vec<Tag> {
        vec![
            tag("AIT-301", Quantity::FreeChlorine, SamplingPoint::FinishedWater, 5),
            tag("PIT-501", Quantity::Pressure, SamplingPoint::TapWater, 1),
            tag("FIT-401", Quantity::Flow, SamplingPoint::Network, 1),
            tag("AIT-302", Quantity::Turbidity, SamplingPoint::FinishedWater, 5),
        ]
    }

    /// 2024-12-05, local time of the plant.
    fn at(min: i64) -> Stamp {
        let (midnight, _) = Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time");
        midnight + Span::minutes(min)
    }

    fn reading(tag: usize, min: i64, value: f64) -> Observation {
        Observation {
            plant: PLANT,
            tag: TagIndex(tag),
            observed_at: at(min),
            received_at: at(min),
            value,
            flag: Flag::Good,
            tests: QualityTests::NONE,
        }
    }

    fn inspection() -> Inspection {
        let profile = profile(2_400.0, 16_000, Disinfectant::FreeChlorine);
        Inspection::new(&book(), &[(&profile, &tags())])
    }

    /// `rule/tag verdict HH:MM` of each finding, in the order of time.
    fn told(findings: &[Finding]) -> Vec<String> {
        let book = book();
        let mut findings: Vec<&Finding> = findings.iter().collect();
        findings.sort_by_key(|finding| (finding.at, finding.watch));
        let line = |finding: &&Finding| {
            let rule = &book.rules()[finding.watch.rule.0].id;
            let tag = finding.watch.tag.map_or("plant".to_owned(), |i| tags()[i.0].id.to_string());
            let time = finding.at.hh_mm(crate::base::time::UtcOffset::CHINA);
            format!("{rule}/{tag} {:?} {time}", finding.verdict)
        };
        findings.iter().map(line).collect()
    }

    /// A day in the life: instruments as `value(tag, minute)` says, `None` for no reading.
    fn day(
        minutes: std::ops::Range<i64>,
        value: impl Fn(usize, i64) -> Option<f64>,
    ) -> Vec<Finding> {
        let mut inspection = inspection();
        let mut findings = Vec::new();
        inspection.advance(PLANT, at(minutes.start), &mut findings);
        for minute in minutes {
            for (i, tag) in tags().iter().enumerate() {
                if minute % (tag.poll.as_ms() / 60_000) == 0
                    && let Some(value) = value(i, minute)
                {
                    inspection.observe(&reading(i, minute, value), &mut findings);
                }
            }
            inspection.advance(PLANT, at(minute), &mut findings);
        }
        findings
    }

    /// Readings of a sound plant: they move a little, as readings do.
    fn sound(tag: usize, minute: i64) -> f64 {
        let ripple = ((minute * 7 + tag as i64) % 11) as f64 / 1_000.0;
        let by_day = !(60..300).contains(&(minute % 1_440));
        match tag {
            CHLORINE => 0.60 + ripple,
            TAP_PRESSURE => 250.0 + 100.0 * ripple,
            NIGHT_FLOW if by_day => 90.0 + 100.0 * ripple,
            NIGHT_FLOW => 20.0 + 100.0 * ripple,
            _ => 0.20 + ripple,
        }
    }

    #[test]
    fn a_sound_day_finds_nothing() {
        let findings = day(0..1_440, |tag, minute| Some(sound(tag, minute)));
        assert_eq!(told(&findings), Vec::<String>::new());
    }

    #[test]
    fn low_chlorine_is_found_once_and_says_why() {
        let findings = day(480..600, |tag, minute| {
            let low = tag == CHLORINE && (500..550).contains(&minute);
            Some(if low { 0.21 + sound(tag, minute) / 100.0 } else { sound(tag, minute) })
        });
        let wanted = [
            "finished-chlorine-low/AIT-301 Abnormal 08:20",
            "finished-chlorine-low/AIT-301 Normal 09:10",
        ];
        assert_eq!(told(&findings), wanted);
        let why = &findings[0].why;
        assert_eq!(why.limit, Some(0.30));
        assert_eq!((why.window.len(), why.window.last()), (5, Some(&(at(500), 0.21602))));
        let text = "free chlorine at AIT-301 is 0.22 mg/L, below the limit of 0.30 mg/L";
        assert_eq!(why.text, text);
    }

    #[test]
    fn the_morning_peak_drops_below_the_service_head_of_two_storeys() {
        let findings = day(360..600, |tag, minute| {
            let peak = tag == TAP_PRESSURE && (405..465).contains(&minute);
            Some(sound(tag, minute) - if peak { 160.0 } else { 0.0 })
        });
        let wanted = [
            "service-pressure-low/PIT-501 Abnormal 06:45",
            "service-pressure-low/PIT-501 Normal 07:45",
        ];
        assert_eq!(told(&findings), wanted);
        assert!(findings[0].why.text.contains("the service head for 2 storeys of 98.1 kPa"));
    }

    #[test]
    fn a_burst_at_two_is_found_the_same_night_by_flow_alone() {
        let findings = day(0..600, |tag, minute| {
            let burst = tag == NIGHT_FLOW && minute >= 120;
            Some(sound(tag, minute) + if burst { 40.0 } else { 0.0 })
        });
        assert_eq!(told(&findings), ["night-flow-high/FIT-401 Abnormal 03:30"]);
        let text = "night flow at FIT-401 has been above 30.0 m³/h for 1 h 30 min, last 60.5 m³/h";
        assert_eq!(findings[0].why.text, text);
    }

    #[test]
    fn a_stuck_signal_is_found_and_breaks_no_limit() {
        let stuck = |tag: usize, minute: i64| {
            Some(if tag == TURBIDITY && minute >= 100 { 0.25 } else { sound(tag, minute) })
        };
        let findings = day(0..400, stuck);
        // What is found doubtful is no longer held against limits: three polls later they have no
        // data.
        let wanted = [
            "signal-attenuated/AIT-302 Abnormal 02:35",
            "finished-turbidity-high/AIT-302 NoData 02:45",
            "flat-line-turbidity/AIT-302 Abnormal 04:05",
        ];
        assert_eq!(told(&findings), wanted);
        let text = "turbidity at AIT-302 is 0.25 NTU: a signal that stands still for 2 h 25 min \
                    (30 readings)";
        assert_eq!(findings[2].why.text, text);
    }

    #[test]
    fn a_silent_instrument_has_no_data_and_is_never_normal() {
        let findings = day(480..720, |tag, minute| {
            (tag != CHLORINE || !(500..600).contains(&minute)).then(|| sound(tag, minute))
        });
        // Last reading 08:15, read every 5 minutes, patience 15 minutes.
        let wanted = [
            "finished-chlorine-low/AIT-301 NoData 08:30",
            "finished-chlorine-high/AIT-301 NoData 08:30",
            "tag-silent/AIT-301 Abnormal 08:30",
            "flat-line-chlorine/AIT-301 NoData 08:30",
            "finished-chlorine-low/AIT-301 Normal 10:00",
            "finished-chlorine-high/AIT-301 Normal 10:00",
            "tag-silent/AIT-301 Normal 10:00",
            "flat-line-chlorine/AIT-301 Normal 10:00",
        ];
        let of_quality = ["spikes", "noisy", "jump", "disagrees", "signal-", "attenuated"];
        let mut said = told(&findings);
        said.retain(|line| !of_quality.iter().any(|rule| line.contains(rule)));
        assert_eq!(said, wanted);
    }

    #[test]
    fn a_silent_plant_is_one_finding_and_blames_no_instrument() {
        let findings = day(480..900, |tag, minute| {
            (!(500..800).contains(&minute)).then(|| sound(tag, minute))
        });
        let silences: Vec<String> =
            told(&findings).into_iter().filter(|line| line.contains("silent")).collect();
        let wanted = ["gateway-silent/plant Abnormal 08:29", "gateway-silent/plant Normal 13:20"];
        assert_eq!(silences, wanted);
        let text = "nothing from plant test for 10 min, since 12-05 08:19:00";
        assert_eq!(findings[0].why.text, text);
    }

    #[test]
    fn a_goodbye_is_silence_at_once() {
        let mut inspection = inspection();
        let mut findings = Vec::new();
        inspection.observe(&reading(CHLORINE, 0, 0.6), &mut findings);
        inspection.presence(PLANT, at(3), false);
        inspection.advance(PLANT, at(4), &mut findings);
        inspection.presence(PLANT, at(5), true);
        inspection.advance(PLANT, at(6), &mut findings);
        let wanted = ["gateway-silent/plant Abnormal 00:03", "gateway-silent/plant Normal 00:05"];
        assert_eq!(told(&findings), wanted);
        assert_eq!(findings[0].why.text, "plant test has gone offline at 12-05 00:03:00");
    }

    #[test]
    fn what_the_instrument_itself_doubts_breaks_no_limit() {
        let mut inspection = inspection();
        let mut findings = Vec::new();
        for minute in 0..40 {
            for flag in [Flag::Suspect, Flag::Fail, Flag::Missing] {
                let doubtful = Observation { flag, ..reading(CHLORINE, 5 * minute, 0.0) };
                inspection.observe(&doubtful, &mut findings);
            }
        }
        inspection.advance(PLANT, at(200), &mut findings);
        let low: Vec<String> =
            told(&findings).into_iter().filter(|line| line.contains("chlorine-low")).collect();
        assert_eq!(low, ["finished-chlorine-low/AIT-301 NoData 00:15"]);
    }

    #[test]
    fn an_older_reading_is_not_judged() {
        let mut inspection = inspection();
        let mut findings = Vec::new();
        inspection.observe(&reading(CHLORINE, 10, 0.6), &mut findings);
        inspection.observe(&reading(CHLORINE, 5, 0.1), &mut findings);
        inspection.observe(&reading(CHLORINE, 10, 0.1), &mut findings);
        assert_eq!(findings, []);
    }

    #[test]
    fn a_reading_at_the_end_of_a_block_belongs_to_the_next() {
        let profile = profile(2_400.0, 16_000, Disinfectant::FreeChlorine);
        let meter = tag("FIT-401", Quantity::Flow, SamplingPoint::Network, 10);
        let mut inspection = Inspection::new(&book(), &[(&profile, &[meter])]);
        let mut findings = Vec::new();
        // Nine blocks of one reading each, nobody asking in between: 90 minutes of excess.
        for minute in (0..=210).step_by(10) {
            let flow = if (120..=200).contains(&minute) { 60.0 } else { 20.0 };
            inspection.observe(&reading(0, minute, flow), &mut findings);
        }
        let found: Vec<(Verdict, Stamp)> = findings.iter().map(|f| (f.verdict, f.at)).collect();
        assert_eq!(found, [(Verdict::Abnormal, at(210))]);
    }

    #[test]
    fn a_rule_that_a_checkpoint_does_not_name_starts_afresh_and_the_others_continue() {
        let profile = profile(2_400.0, 16_000, Disinfectant::FreeChlorine);
        let quality = include_str!("../../config/rules/gb5749-2022.toml");
        let sources = [crate::base::problem::Source::new("gb.toml", quality)];
        let old_book = Book::load(&sources).expect("sound");
        let mut old = Inspection::new(&old_book, &[(&profile, &tags())]);
        let mut findings = Vec::new();
        old.observe(&reading(CHLORINE, 0, 0.1), &mut findings);
        assert_eq!(findings.len(), 1);
        let mut new = inspection();
        new.resume(&old.checkpoint());
        findings.clear();
        new.observe(&reading(CHLORINE, 5, 0.1), &mut findings);
        assert_eq!(findings, []); // still low: no news
        new.advance(PLANT, at(20), &mut findings);
        let gateway: Vec<String> =
            told(&findings).into_iter().filter(|line| line.contains("gateway")).collect();
        assert_eq!(gateway, ["gateway-silent/plant Abnormal 00:15"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Random silences, values and flags; asked at random moments, and restarted at one: the
        /// findings are those of a run that is asked every minute.
        #[test]
        fn findings_depend_on_event_time_alone(
            gaps in prop::collection::vec((0_usize..5, 0_i64..700, 5_i64..200), 0..6),
            lows in prop::collection::vec((0_usize..4, 0_i64..700, 1_i64..90), 0..4),
            asked in prop::collection::btree_set(0_i64..800, 0..60),
            restart in 0_i64..800,
        ) {
            let value = |tag: usize, minute: i64| {
                let hit = |list: &[(usize, i64, i64)], tag| list.iter().any(|(which, from, long)| {
                    (*which == tag || *which == 4) && (*from..from + long).contains(&minute)
                });
                let low = if hit(&lows, tag) { 0.01 } else { 1.0 };
                (!hit(&gaps, tag)).then(|| sound(tag, minute) * low)
            };
            let run = |asked: &dyn Fn(i64) -> bool, restart: i64| {
                let mut inspection = inspection();
                let mut findings = Vec::new();
                inspection.advance(PLANT, at(0), &mut findings);
                for minute in 0..800 {
                    if minute == restart {
                        let json = serde_json::to_string(&inspection.checkpoint())
                            .expect("plain values");
                        inspection = self::inspection();
                        inspection.resume(&serde_json::from_str(&json).expect("what was written"));
                    }
                    for (i, tag) in tags().iter().enumerate() {
                        if minute % (tag.poll.as_ms() / 60_000) == 0
                            && let Some(value) = value(i, minute)
                        {
                            inspection.observe(&reading(i, minute, value), &mut findings);
                        }
                    }
                    if asked(minute) {
                        inspection.advance(PLANT, at(minute), &mut findings);
                    }
                }
                inspection.advance(PLANT, at(900), &mut findings);
                findings.sort_by_key(|finding| (finding.at, finding.watch));
                findings
            };
            let steady = run(&|_| true, -1);
            let rare = run(&|minute| asked.contains(&minute), restart);
            prop_assert_eq!(told(&steady), told(&rare));
        }
    }
}
