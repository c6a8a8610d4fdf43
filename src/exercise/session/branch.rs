//! Going back in time: a run goes on from an earlier moment as another branch of it.

use super::log::{Branch, Direction, Entry, What};
use super::{NotNow, Session};
use crate::base::Stamp;
use crate::base::text::is_seen;

/// Longest name of a mark, characters.
const NAME_MAX: usize = 60;

/// Where an instructor wants to go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// A minute.
    To(Stamp),
    /// A mark, by its name.
    ToMark(String),
}

impl Back {
    /// What of `log` has happened by then, and which time that is; none when there is no such mark.
    ///
    /// Deeds stand in the log at the end of the step before them: those at the minute itself have
    /// been done after it.
    pub fn cut<'a>(&self, log: &'a [Entry]) -> Option<(&'a [Entry], Stamp)> {
        match self {
            Self::To(to) => {
                let kept = log.iter().take_while(|entry| entry.moment.at < *to).count();
                Some((&log[..kept], *to))
            }
            Self::ToMark(wanted) => {
                let is_it = |entry: &Entry| mark_of(entry).is_some_and(|name| name == wanted);
                let at = log.iter().position(is_it)?;
                Some((&log[..=at], log[at].moment.at))
            }
        }
    }
}

fn mark_of(entry: &Entry) -> Option<&str> {
    match &entry.what {
        What::Directed { direction: Direction::Mark { name } } => Some(name),
        _ => None,
    }
}

impl Session {
    /// Marks that the instructor set: name, and when.
    pub fn marks(&self) -> impl Iterator<Item = (&str, Stamp)> {
        self.log.iter().filter_map(|entry| Some((mark_of(entry)?, entry.moment.at)))
    }

    /// Branches of this run that were left; none while nobody has gone back.
    pub fn branches(&self) -> &[Branch] {
        let left = self.log.iter().rev().find_map(|entry| match &entry.what {
            What::Branched { left } => Some(left.as_slice()),
            _ => None,
        });
        left.unwrap_or_default()
    }

    /// Where the instructor wants to go back to; then this branch is over.
    pub fn going_back(&self) -> Option<&Back> {
        self.back.as_ref()
    }

    /// Is nothing more to come of this branch: ended, or left?
    pub fn is_done(&self) -> bool {
        self.ended || self.back.is_some()
    }

    /// Goes on as another branch, of a run whose last one had `left` these, and which `who` has
    /// left.
    pub fn branch(&mut self, who: &str, left: Vec<Branch>) {
        self.note(who, What::Branched { left });
    }

    /// Does the exercise's stranger speak?
    pub fn is_beset(&self) -> bool {
        self.log.iter().any(|entry| entry.what == What::Beset)
    }

    /// From now on he does; nothing when he does already.
    pub fn beset(&mut self) {
        if !self.is_beset() {
            self.note("", What::Beset);
        }
    }

    /// Errors, in words: it cannot be a mark's name.
    pub(super) fn check_mark(&self, name: &str) -> Result<(), NotNow> {
        if !is_seen(name) || name.contains('\n') || name.trim().chars().count() > NAME_MAX {
            let text =
                format!("give the mark a name of 1 to {NAME_MAX} characters, all to be seen");
            return Err(NotNow(text));
        }
        if self.marks().any(|(known, _)| known == name) {
            return Err(NotNow(format!("there is a mark {name} already")));
        }
        Ok(())
    }

    /// This branch is to be left. Errors, in words: that is no moment to go back to.
    pub(super) fn go_back(&mut self, back: Back) -> Result<(), NotNow> {
        self.check_back(&back)?;
        self.back = Some(back);
        Ok(())
    }

    fn check_back(&self, back: &Back) -> Result<(), NotNow> {
        if self.ended {
            return Err(NotNow("the exercise is over".to_owned()));
        }
        let start = self.exercise.scenario.start;
        let now = self.facts.now.at;
        match back {
            Back::To(to) if *to < start || *to >= now => {
                let offset = self.exercise.scenario.utc_offset;
                let (start, now) = (start.at(offset), now.at(offset));
                Err(NotNow(format!("one can go back to a time from {start} on, before {now}")))
            }
            Back::ToMark(wanted) if !self.marks().any(|(name, _)| name == wanted) => {
                Err(NotNow(format!("there is no mark {wanted}")))
            }
            _ => Ok(()),
        }
    }
}
