//! What happens to an alarm when it is told something, or when something is due.

use std::cmp::Ordering;

use super::{Change, Chatter, Due, Input, Phase, State};
use crate::alarms::event::AlarmChange;
use crate::alarms::level::Rungs;
use crate::alarms::policy::Policy;
use crate::base::{Span, Stamp};
use crate::inspection::book::NoData;
use crate::inspection::finding::Verdict;

/// An alarm while something happens to it.
pub(super) struct Running<'a> {
    pub state: State,
    pub policy: &'a Policy,
    pub changes: Vec<Change>,
}

impl Running<'_> {
    fn say(&mut self, change: AlarmChange, at: Stamp) {
        let State { occurrence, said_at, .. } = self.state;
        let at = said_at.map_or(at, |said| said.max(at));
        self.state.said_at = Some(at);
        let (state, since) = (self.state.shown(), self.state.since());
        let (steps, chatter) = (self.state.steps(self.policy), self.state.chatter);
        let stop = self.state.stop;
        self.changes.push(Change { at, change, state, since, steps, chatter, stop, occurrence });
    }

    pub fn fire(&mut self, due: Due, at: Stamp) {
        match due {
            Due::StopBegins => self.begin_stop(at),
            Due::StopEnds => self.end_stop(at),
            Due::Unshelve => self.unshelve(AlarmChange::ShelfExpired, at),
            Due::OnDelay => self.activate(at),
            Due::OffDelay => self.end(at),
            Due::Rise => {
                self.state.rungs.rise(self.policy, at);
                self.settle(at);
            }
            Due::Fall => {
                self.state.rungs.fall(self.policy, self.state.held_for(self.policy), at);
                self.settle(at);
            }
            Due::Calm => self.calm(at),
            Due::ReAlarm => self.ask_again(at),
            Due::Escalate => {
                self.state.level += 1;
                self.state.asks_since = Some(at);
                self.say(AlarmChange::Escalated, at);
            }
        }
    }

    pub fn apply(&mut self, input: Input, now: Stamp) {
        match input {
            Input::Verdict { verdict, level } => self.judge(verdict, level, now),
            Input::BeginAgain => self.begin_again(now),
            Input::Chatters { since, times }
                if self.state.announced && self.state.stands() && self.state.chatter.is_none() =>
            {
                self.state.chatter = Some(Chatter { since, times, moved_at: now });
                self.say(AlarmChange::Chattering, now);
            }
            Input::Acknowledge if self.state.unanswered && !self.state.is_silent() => {
                self.state.unanswered = false;
                self.state.called_at = Some(now);
                self.say(AlarmChange::Acknowledged, now);
                if self.state.level > 0 {
                    self.state.level = 0;
                    self.say(AlarmChange::SteppedDown, now);
                }
            }
            Input::Shelve { until } if until > now && !self.state.out_of_service => {
                self.state.shelved_until = Some(until);
                self.say(AlarmChange::Shelved, now);
            }
            Input::Unshelve if self.state.shelved_until.is_some() => {
                self.unshelve(AlarmChange::Unshelved, now);
            }
            Input::Suppress if !self.state.suppressed => {
                self.state.suppressed = true;
                if self.state.is_known() {
                    self.say(AlarmChange::Suppressed, now);
                }
            }
            Input::Unsuppress if self.state.suppressed => self.unsuppress(now),
            Input::Announce(stop) if stop.until > now && stop.from < stop.until => {
                self.state.stop = Some(stop);
                self.say(AlarmChange::StopAnnounced, now);
                match (self.state.in_stop, stop.from <= now) {
                    (false, true) => self.begin_stop(now),
                    (true, false) => {
                        self.state.in_stop = false;
                        self.speak_for_itself(now);
                    }
                    _ => {}
                }
            }
            Input::Withdraw if self.state.stop.is_some() => {
                self.state.stop = None;
                let had_begun = std::mem::take(&mut self.state.in_stop);
                self.say(AlarmChange::StopWithdrawn, now);
                if had_begun {
                    self.speak_for_itself(now);
                }
            }
            Input::RemoveFromService if !self.state.out_of_service => {
                self.state.out_of_service = true;
                self.say(AlarmChange::RemovedFromService, now);
            }
            Input::ReturnToService if self.state.out_of_service => {
                self.state.out_of_service = false;
                self.say(AlarmChange::ReturnedToService, now);
                self.speak_again(now);
            }
            Input::Reset => self.reset(now),
            _ => {} // time alone, or what does not apply
        }
    }

    fn judge(&mut self, verdict: Verdict, level: u8, now: Stamp) {
        let holds = match (verdict, self.policy.no_data) {
            (Verdict::NoData, NoData::Hold) => return self.lose_data(now),
            (Verdict::Abnormal, _) | (Verdict::NoData, NoData::Alarm) => true,
            (Verdict::Normal, _) | (Verdict::NoData, NoData::Clear) => false,
        };
        if self.state.without_data {
            self.state.without_data = false;
            self.say(AlarmChange::DataBack, now);
        }
        match verdict {
            Verdict::NoData if holds => self.state.rungs.lose_data(),
            _ => {
                let (before, held) = (self.state.rungs, self.state.held_for(self.policy));
                self.state.rungs.tell(if holds { level } else { 0 }, self.policy, held, now);
                if self.state.rungs != before {
                    self.moves(now);
                }
            }
        }
        if holds {
            self.begin(now);
        } else {
            self.cease(now);
        }
        self.settle(now);
    }

    /// Does what the levels in force ask for: one of them raises an alarm whose own on-delay still
    /// runs, and one that stands moves to the highest.
    fn settle(&mut self, at: Stamp) {
        let level = self.state.rungs.highest();
        match self.state.phase {
            Phase::Pending { .. } | Phase::Latched { again: Some(_) } if level > 0 => {
                self.activate(at);
            }
            Phase::Active { .. } | Phase::Clearing { .. } if self.state.announced => {
                match level.cmp(&self.state.reached) {
                    Ordering::Greater => self.rise(level, at),
                    Ordering::Less => {
                        self.state.reached = level;
                        self.say(AlarmChange::Fallen, at);
                    }
                    Ordering::Equal => {}
                }
            }
            _ => {}
        }
    }

    /// It is worse than what people have been told; waiting never makes it less urgent.
    fn rise(&mut self, level: u8, at: Stamp) {
        let before = self.state.steps(self.policy);
        self.state.reached = level;
        self.state.level = before.saturating_sub(self.policy.steps_at(level));
        if self.policy.rise_asks_again {
            self.state.shelved_until = None;
            self.state.unanswered = true;
            (self.state.called_at, self.state.asks_since) = (Some(at), Some(at));
        }
        self.say(AlarmChange::Risen, at);
    }

    /// Nothing to judge by proves neither that the condition holds nor that it has gone: what
    /// stands keeps standing, and a delay that runs starts again with the next verdict.
    fn lose_data(&mut self, now: Stamp) {
        self.state.phase = match self.state.phase {
            Phase::Clear | Phase::Pending { .. } => Phase::Clear,
            Phase::Active { since } | Phase::Clearing { since, .. } => Phase::Active { since },
            Phase::Latched { .. } => Phase::Latched { again: None },
        };
        self.state.rungs.lose_data();
        if self.state.announced && !self.state.without_data {
            self.state.without_data = true;
            self.say(AlarmChange::NoData, now);
        }
    }

    /// The condition holds.
    fn begin(&mut self, now: Stamp) {
        match self.state.phase {
            Phase::Clear => self.state.phase = Phase::Pending { since: now, from: now },
            Phase::Latched { again: None } => {
                self.state.phase = Phase::Latched { again: Some(now) };
            }
            Phase::Clearing { since, gone } => {
                self.state.phase = Phase::Active { since };
                self.moves(now);
                let would_be_new = now - gone >= self.policy.off_delay;
                if let Some(chatter) = self.state.chatter.as_mut().filter(|_| would_be_new) {
                    chatter.times += 1;
                }
                return;
            }
            Phase::Pending { .. } | Phase::Active { .. } | Phase::Latched { .. } => return,
        }
        if self.policy.on_delay == Span::ZERO {
            self.activate(now);
        }
    }

    /// The condition does not hold.
    fn cease(&mut self, now: Stamp) {
        match self.state.phase {
            Phase::Pending { .. } => self.state.phase = Phase::Clear,
            Phase::Latched { .. } => self.state.phase = Phase::Latched { again: None },
            Phase::Active { since } => {
                self.state.phase = Phase::Clearing { since, gone: now };
                self.moves(now);
                let held = self.state.held_for(self.policy);
                if self.policy.off_delay.max(held) == Span::ZERO {
                    self.end(now);
                }
            }
            Phase::Clear | Phase::Clearing { .. } => {}
        }
    }

    /// A condition has come or gone: that is no calm.
    fn moves(&mut self, now: Stamp) {
        if let Some(chatter) = &mut self.state.chatter {
            chatter.moved_at = now;
        }
    }

    /// It no longer comes and goes.
    fn calm(&mut self, at: Stamp) {
        if self.state.chatter.is_some() {
            self.say(AlarmChange::Calmed, at);
            self.state.chatter = None;
        }
    }

    /// The condition has held for the on-delay.
    fn activate(&mut self, at: Stamp) {
        let again = matches!(self.state.phase, Phase::Latched { .. });
        let since = self.state.since().unwrap_or(at);
        self.state.phase = Phase::Active { since };
        if again { self.ask_again(at) } else { self.announce(at) }
    }

    /// Somebody must answer the same occurrence once more.
    fn ask_again(&mut self, at: Stamp) {
        if !self.state.unanswered {
            self.state.asks_since = Some(at);
        }
        self.state.unanswered = true;
        self.state.called_at = Some(at);
        self.state.reached = self.state.rungs.highest();
        self.say(AlarmChange::ReAlarmed, at);
    }

    /// A new occurrence, unless something keeps the alarm silent.
    fn announce(&mut self, at: Stamp) {
        if self.state.is_silent() {
            self.hush(at);
            return;
        }
        self.state.announced = true;
        self.state.unanswered = true;
        self.state.occurrence += 1;
        self.state.called_at = Some(at);
        (self.state.level, self.state.asks_since) = (0, Some(at));
        self.state.reached = self.state.rungs.highest();
        self.say(AlarmChange::Raised, at);
    }

    /// It is on record what an announced stop keeps silent, unless something else would as well.
    fn hush(&mut self, at: Stamp) {
        let State { in_stop, suppressed, out_of_service, shelved_until, hushed, .. } = self.state;
        let is_alone = in_stop && !suppressed && !out_of_service && shelved_until.is_none();
        if is_alone && !hushed {
            self.state.hushed = true;
            self.say(AlarmChange::Suppressed, at);
        }
    }

    /// The condition has been gone for the off-delay.
    fn end(&mut self, at: Stamp) {
        self.state.rungs = Rungs::default(); // what it had reached stays to be read
        self.calm(at);
        if !self.state.announced {
            self.state.phase = Phase::Clear;
            if std::mem::take(&mut self.state.hushed) {
                self.say(AlarmChange::Unsuppressed, at);
            }
            return;
        }
        if self.policy.latched {
            self.state.phase = Phase::Latched { again: None };
        } else {
            self.state.phase = Phase::Clear;
            self.state.announced = false;
        }
        self.say(AlarmChange::Cleared, at);
    }

    fn begin_again(&mut self, now: Stamp) {
        let silent = self.state.suppressed || self.state.in_stop;
        let was_said = self.state.is_known() || std::mem::take(&mut self.state.hushed);
        let (hidden, said) = (silent && was_said, self.changes.len());
        self.state.suppressed = false;
        (self.state.stop, self.state.in_stop) = (None, false);
        self.state.without_data = false;
        self.state.rungs = Rungs::default();
        self.state.said_at = None; // time itself has gone back
        match self.state.phase {
            Phase::Clear | Phase::Pending { .. } => self.state.phase = Phase::Clear,
            Phase::Active { .. } | Phase::Clearing { .. } => self.end(now),
            Phase::Latched { .. } => self.state.phase = Phase::Latched { again: None },
        }
        if hidden && self.changes.len() == said {
            self.say(AlarmChange::Unsuppressed, now);
        }
    }

    fn reset(&mut self, now: Stamp) {
        let Phase::Latched { again } = self.state.phase else { return };
        if self.state.is_silent() {
            return;
        }
        let pending = |since| Phase::Pending { since, from: since };
        self.state.phase = again.map_or(Phase::Clear, pending);
        self.state.announced = false;
        self.state.without_data = false;
        self.say(AlarmChange::Reset, now);
    }

    fn unshelve(&mut self, change: AlarmChange, at: Stamp) {
        self.state.shelved_until = None;
        self.say(change, at);
        self.speak_again(at);
    }

    /// Supply stops, as was announced.
    fn begin_stop(&mut self, at: Stamp) {
        let was_silent = self.state.suppressed;
        self.state.in_stop = true;
        if self.state.is_known() && !was_silent {
            self.say(AlarmChange::Suppressed, at);
        }
    }

    /// By now there should be water again; where there is none, it is an alarm.
    fn end_stop(&mut self, at: Stamp) {
        self.state.stop = None;
        self.state.in_stop = false;
        self.speak_for_itself(at);
    }

    /// The parent alarm has gone.
    fn unsuppress(&mut self, now: Stamp) {
        self.state.suppressed = false;
        self.speak_for_itself(now);
    }

    /// What spoke for it is over. It gets its on-delay again before it is announced: after a link
    /// comes back, every instrument may first send its reading.
    fn speak_for_itself(&mut self, now: Stamp) {
        if self.state.suppressed || self.state.in_stop {
            return; // something else speaks for it still
        }
        let waits = match self.state.phase {
            Phase::Active { since } if !self.state.announced && !self.state.is_silent() => {
                self.state.phase = Phase::Pending { since, from: now };
                self.state.rungs.wait_again(self.policy, now);
                true
            }
            _ => false,
        };
        let hushed = std::mem::take(&mut self.state.hushed);
        if hushed && !waits && !self.state.is_silent() {
            self.state.phase = Phase::Clear; // what is just going away is not announced any more
        }
        if self.state.is_known() || hushed {
            self.say(AlarmChange::Unsuppressed, now);
        }
        if !waits {
            self.speak_again(now);
        } else if self.policy.on_delay == Span::ZERO {
            self.activate(now);
        } else {
            self.settle(now);
        }
    }

    /// Nothing keeps it silent any more: an occurrence that began in silence is announced now, one
    /// that is just going away is not.
    fn speak_again(&mut self, now: Stamp) {
        if self.state.is_silent() {
            return;
        }
        match self.state.phase {
            Phase::Active { .. } | Phase::Clearing { .. } if self.state.announced => {
                self.state.called_at = Some(now);
                self.state.asks_since = Some(now);
            }
            Phase::Active { .. } => self.announce(now),
            Phase::Clearing { .. } => self.state.phase = Phase::Clear,
            Phase::Clear | Phase::Pending { .. } | Phase::Latched { .. } => {}
        }
    }
}
