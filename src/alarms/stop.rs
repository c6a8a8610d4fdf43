//! Stops of supply that are announced (计划停水): what they keep silent, and what is owed for them.
//!
//! Works and repairs stop the water for some hours. Whoever has announced that needs no alarm that
//! says so: alarms of rules with `silent_in_stops = true` are suppressed by design in the window,
//! and go on being evaluated. Water that is not back at its end is an alarm, like any other stop.

use serde::Serialize;

use crate::alarms::Alarms;
use crate::alarms::command::CommandRefused;
use crate::alarms::event::{AlarmId, By};
pub use crate::base::alarm::Stop;
use crate::base::{Span, Stamp, Text};
use crate::ingest::observation::PlantIndex;
use crate::inspection::finding::{RuleIndex, Watch};

/// Users are told so long before a planned stop: rural supplies in Hubei, decree 360/2013, article
/// 17 `[S18]`; another rural operator says 48 h `[S-48w]`.
pub const NOTICE: Span = Span::hours(24);

/// A stop that lasts longer needs water from elsewhere, by the same article `[S18]`.
pub const LONGEST_WITHOUT_WATER: Span = Span::hours(72);

/// An announced stop and who announced it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Announced {
    /// From when to when.
    pub stop: Stop,
    /// Who, and why.
    pub by: By,
    /// It has begun.
    pub has_begun: bool,
}

/// What users and the authority are owed for a stop announced at `at`, as far as it is not given:
/// sentences for whoever announces it.
pub fn owed(at: Stamp, stop: Stop) -> Vec<Text> {
    let mut owed = Vec::new();
    let notice = (stop.from - at).max(Span::ZERO);
    if notice < NOTICE {
        owed.push(Text {
            en: format!(
                "announced {notice} before it begins: users are told {NOTICE} before a planned \
                 stop; in an emergency while it is repaired, and the water authority too (Hubei, \
                 rural supplies, article 17 [S18])"
            ),
            zh: format!(
                "仅提前 {notice} 预告:计划停水应提前 {NOTICE} 告知用户;应急抢修可边修边告知,并报告水行政\
                 主管部门(湖北省农村供水管理办法第17条 [S18])"
            ),
        });
    }
    let lasts = stop.until - stop.from;
    if lasts > LONGEST_WITHOUT_WATER {
        owed.push(Text {
            en: format!(
                "it lasts {lasts}: beyond {LONGEST_WITHOUT_WATER} people are supplied by other \
                 means (article 17 [S18])"
            ),
            zh: format!(
                "停水 {lasts}:超过 {LONGEST_WITHOUT_WATER} 应采取临时供水措施(第17条 [S18])"
            ),
        });
    }
    owed
}

impl Alarms {
    /// May the stop be announced for this alarm?
    pub(super) fn may_stop(
        &self,
        watch: Watch,
        stop: Stop,
        at: Stamp,
    ) -> Result<(), CommandRefused> {
        let Stop { from, until } = stop;
        if until <= at || from >= until {
            return Err(CommandRefused::NoStop { at, from, until });
        }
        let is_silent = self.rules.get(watch.rule.0).is_some_and(|rule| rule.silent_in_stops);
        match self.id(watch, 0) {
            Some(alarm) if !is_silent => Err(CommandRefused::NoMatterOfStops { alarm }),
            _ => Ok(()),
        }
    }

    /// What an alarm is called, whichever occurrence.
    pub fn name(&self, watch: Watch) -> Option<AlarmId> {
        self.id(watch, 0)
    }

    /// Is a stop of supply a reason for the alarms of this rule?
    pub fn is_silent_in_stops(&self, rule: RuleIndex) -> bool {
        self.rules.get(rule.0).is_some_and(|rule| rule.silent_in_stops)
    }

    /// The stop that is announced for an alarm and has not ended.
    pub fn announced_at(&self, watch: Watch) -> Option<Announced> {
        let alarm = self.plants.get(watch.plant.0)?.alarms.get(&(watch.rule, watch.tag))?;
        let by = alarm.stop_by.clone()?;
        Some(Announced { stop: alarm.state.stop?, by, has_begun: alarm.state.in_stop })
    }

    /// Every alarm of a plant with an announced stop that has not ended.
    pub fn announced(&self, plant: PlantIndex) -> Vec<(AlarmId, Announced)> {
        let alarms = self.plants.get(plant.0).into_iter().flat_map(|plant| plant.alarms.keys());
        let announced = alarms.filter_map(|(rule, tag)| {
            let watch = Watch { rule: *rule, plant, tag: *tag };
            Some((self.id(watch, 0)?, self.announced_at(watch)?))
        });
        announced.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_notice_and_a_long_stop_are_said_and_what_is_as_it_should_be_is_not() {
        let at = Stamp::from_ms(0).expect("1970");
        let stop = |from: i64, until: i64| Stop {
            from: at + Span::hours(from),
            until: at + Span::hours(until),
        };
        assert_eq!(owed(at, stop(24, 96)), []);
        let [text] = &owed(at, stop(23, 30))[..] else { panic!("one") };
        assert!(text.en.starts_with("announced 23 h before it begins"), "{}", text.en);
        assert!(text.zh.contains("[S18]"), "{}", text.zh);
        assert_eq!(owed(at, stop(-1, 72)).len(), 2);
    }
}
