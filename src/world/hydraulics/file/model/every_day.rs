//! What the controls of a file mean in a plant.
//!
//! A file is one run that begins at its clock's start; a plant goes on for years, and its first day
//! is like all others. What a file does at a time after the start is done every day at that hour.

use super::super::super::engine::EngineError;
use super::super::super::engine::file::TimeParameter;
use super::super::super::engine::rules::RawRule;
use super::{Purpose, Reader};
use crate::base::Span;
use crate::base::units::Length;
use crate::plant::network::{ControlWhen, NodeIndex, NodeKind, Test};

/// A control this far outside a tank's levels, m, was meant to be at their end.
const ROUNDED_M: f64 = 1e-3;

impl Reader<'_> {
    /// When a control acts in a plant; nothing for one that never does.
    pub(super) fn every_day(
        &mut self,
        link: usize,
        when: ControlWhen,
    ) -> Result<Option<ControlWhen>, EngineError> {
        let found = match when {
            ControlWhen::AtTime(time) if time >= Span::DAY => Err("every day is like the first"),
            ControlWhen::AtTime(time) => Ok(ControlWhen::AtClockTime(self.hour_of(time)?)),
            ControlWhen::AtClockTime(_) => return Ok(Some(when)),
            ControlWhen::Above(node, level) => self
                .within(node, level, |level, _, max| level - max)
                .map(|level| ControlWhen::Above(node, level)),
            ControlWhen::Below(node, level) => self
                .within(node, level, |level, min, _| min - level)
                .map(|level| ControlWhen::Below(node, level)),
        };
        let id = &self.layout.links[link].id;
        match (found, when) {
            (Ok(ControlWhen::AtClockTime(_)), ControlWhen::AtTime(time)) => {
                self.approximated.push(format!("{id}: its control at {time} acts every day"));
            }
            (Err(why), ControlWhen::AtTime(time)) => {
                self.approximated.push(format!("{id}: its control at {time} is left out: {why}"));
            }
            (Err(why), ControlWhen::Above(node, level) | ControlWhen::Below(node, level)) => {
                let (node, level) = (&self.network.nodes[node.0].id, level.as_m());
                self.approximated.push(format!(
                    "{id}: its control at {level:.2} m of {node} is left out: {why}"
                ));
            }
            _ => {}
        }
        Ok(found.ok())
    }

    /// What a premise asks in a plant.
    pub(super) fn asked_every_day(
        &mut self,
        rule: &RawRule,
        test: Test,
    ) -> Result<Test, EngineError> {
        let (Test::Time(relation, time), Purpose::Plant) = (&test, self.purpose) else {
            return Ok(test);
        };
        let (relation, time, id) = (*relation, *time, &rule.id);
        if time >= Span::DAY {
            self.refuse(format!(
                "rule {id}: asks for a time {time} after the start, but a plant's days are alike; \
                 ask for SYSTEM CLOCKTIME"
            ));
            return Ok(test);
        }
        self.approximated
            .push(format!("rule {id}: SYSTEM TIME is the time of day, and it acts every day"));
        Ok(Test::ClockTime(relation, self.hour_of(time)?))
    }

    /// The time of day so long after the file's start.
    fn hour_of(&self, time: Span) -> Result<Span, EngineError> {
        let clock = Span::seconds(self.file.time(TimeParameter::ClockStart)?) + time;
        Ok(Span::ms(clock.as_ms().rem_euclid(Span::DAY.as_ms())))
    }

    /// A level as a tank can have it, when it can come to it from `short` of it.
    fn within(
        &self,
        NodeIndex(node): NodeIndex,
        level: Length,
        short: fn(f64, f64, f64) -> f64,
    ) -> Result<Length, &'static str> {
        let NodeKind::Tank(tank) = &self.network.nodes[node].kind else { return Ok(level) };
        let (level, min, max) = (level.as_m(), tank.min_level.as_m(), tank.max_level.as_m());
        if short(level, min, max) > ROUNDED_M {
            return Err("the tank's level is never there");
        }
        Ok(Length::m(level.clamp(min, max)))
    }
}
