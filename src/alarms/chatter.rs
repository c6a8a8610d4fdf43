//! When an alarm chatters: it has been announced too often in too short a time `[S44b]`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::alarms::event::AlarmChange;
use crate::alarms::state::{Change, Input};
use crate::base::{Span, Stamp};
use crate::inspection::handling::LoadMarks;

/// The last announcements of one alarm, as many as make it chatter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Announced {
    times: VecDeque<Stamp>,
    /// It has cleared since the last: of a latched alarm the same occurrence comes again.
    over: bool,
}

impl Announced {
    /// Has nothing been announced?
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Forgets them: time begins again.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Counts announcements; after `chattering_times` of them one more within the time tells the
    /// alarm that it chatters.
    pub fn count(&mut self, changes: &[Change], marks: &LoadMarks) -> Option<(Stamp, Input)> {
        if marks.chattering_calm == Span::ZERO {
            return None; // nothing is held back
        }
        let mut found = None;
        for change in changes {
            match change.change {
                AlarmChange::Calmed => self.forget(),
                AlarmChange::Cleared => self.over = true,
                _ if change.chatter.is_some() => {}
                AlarmChange::Raised => found = self.one_more(change.at, marks),
                AlarmChange::Risen if change.state.is_unanswered() => {
                    found = self.one_more(change.at, marks);
                }
                AlarmChange::ReAlarmed if self.over => found = self.one_more(change.at, marks),
                _ => {}
            }
        }
        found
    }

    fn one_more(&mut self, at: Stamp, marks: &LoadMarks) -> Option<(Stamp, Input)> {
        let enough = marks.chattering_times + 1;
        self.over = false;
        self.times.push_back(at);
        if self.times.len() > enough {
            self.times.pop_front();
        }
        let since = *self.times.front().filter(|_| self.times.len() == enough)?;
        let times = u32::try_from(enough).ok()?;
        (at - since <= marks.chattering_within).then_some((at, Input::Chatters { since, times }))
    }
}
