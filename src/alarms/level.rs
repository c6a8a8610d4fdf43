//! The levels of one alarm beyond its rule's own limit: each has delays of its own.

use serde::{Deserialize, Serialize};

use crate::alarms::policy::Policy;
use crate::base::{Span, Stamp};
use crate::inspection::level::LEVELS_MAX;

/// Where a level stands with its delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// Its limit is not broken.
    #[default]
    Off,
    /// It is broken; the on-delay runs.
    Rising {
        /// Since when.
        from: Stamp,
    },
    /// It has been broken for the on-delay.
    On,
    /// It is clear; the off-delay runs.
    Falling {
        /// Since when.
        gone: Stamp,
    },
}

/// The levels of one alarm, from the least urgent one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rungs([Rung; LEVELS_MAX]);

impl Rungs {
    /// Does no limit beyond the rule's own matter?
    pub fn are_off(&self) -> bool {
        *self == Self::default()
    }

    /// The highest level in force, from 1; 0: the rule's own limit alone.
    pub fn highest(&self) -> u8 {
        let on = |rung: &Rung| matches!(rung, Rung::On | Rung::Falling { .. });
        self.0.iter().rposition(on).map_or(0, |at| at as u8 + 1)
    }

    /// The value has reached so many levels.
    pub(super) fn tell(&mut self, level: u8, policy: &Policy, held: Span, now: Stamp) {
        for (n, rung) in (0_u8..).zip(&mut self.0) {
            *rung = match (*rung, n < level) {
                (Rung::Off, true) => Rung::Rising { from: now },
                (Rung::Falling { .. }, true) => Rung::On,
                (Rung::Rising { .. }, false) => Rung::Off,
                (Rung::On, false) => Rung::Falling { gone: now },
                (same, _) => same,
            };
        }
        self.turn_at_once(policy, held, now);
    }

    /// There is nothing to judge by: a delay that runs starts again with the next verdict.
    pub(super) fn lose_data(&mut self) {
        for rung in &mut self.0 {
            *rung = match *rung {
                Rung::Off | Rung::Rising { .. } => Rung::Off,
                Rung::On | Rung::Falling { .. } => Rung::On,
            };
        }
    }

    /// What is in force must hold for its on-delay once more.
    pub(super) fn wait_again(&mut self, policy: &Policy, now: Stamp) {
        for rung in &mut self.0 {
            *rung = match *rung {
                Rung::Off | Rung::Falling { .. } => Rung::Off,
                Rung::Rising { .. } | Rung::On => Rung::Rising { from: now },
            };
        }
        self.turn_at_once(policy, Span::ZERO, now);
    }

    /// Where there is no delay, nothing waits.
    fn turn_at_once(&mut self, policy: &Policy, held: Span, now: Stamp) {
        for (rung, level) in self.0.iter_mut().zip(policy.levels) {
            let Some(level) = level else { continue };
            match *rung {
                Rung::Rising { .. } if level.on_delay == Span::ZERO => *rung = Rung::On,
                Rung::Falling { gone }
                    if gone == now && level.off_delay.max(held) == Span::ZERO =>
                {
                    *rung = Rung::Off;
                }
                _ => {}
            }
        }
    }

    /// When the next level begins to be in force.
    pub(super) fn next_rise(&self, policy: &Policy) -> Option<Stamp> {
        let delays = self.0.iter().zip(policy.levels).filter_map(|(rung, level)| match rung {
            Rung::Rising { from } => Some(*from + level?.on_delay),
            _ => None,
        });
        delays.min()
    }

    /// When the next level ceases to be in force; none before it has been clear for `held`.
    pub(super) fn next_fall(&self, policy: &Policy, held: Span) -> Option<Stamp> {
        let delays = self.0.iter().zip(policy.levels).filter_map(|(rung, level)| match rung {
            Rung::Falling { gone } => Some(*gone + level?.off_delay.max(held)),
            _ => None,
        });
        delays.min()
    }

    /// Every level whose on-delay is over at `at` is in force.
    pub(super) fn rise(&mut self, policy: &Policy, at: Stamp) {
        for (rung, level) in self.0.iter_mut().zip(policy.levels) {
            if let (Rung::Rising { from }, Some(level)) = (*rung, level)
                && from + level.on_delay <= at
            {
                *rung = Rung::On;
            }
        }
    }

    /// No level whose off-delay is over at `at` is in force.
    pub(super) fn fall(&mut self, policy: &Policy, held: Span, at: Stamp) {
        for (rung, level) in self.0.iter_mut().zip(policy.levels) {
            if let (Rung::Falling { gone }, Some(level)) = (*rung, level)
                && gone + level.off_delay.max(held) <= at
            {
                *rung = Rung::Off;
            }
        }
    }
}
