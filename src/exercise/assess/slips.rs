//! What costs marks: forbidden deeds, needless warnings, hints, alarms put away unseen.

use super::{Category, Line};
use crate::base::Text;
use crate::exercise::session::Session;
use crate::exercise::session::log::{Entry, Moment, What};
use crate::scenario::exercise::Forbidden;
use crate::scenario::exercise::deed::Deed;

/// A warning to the public without need.
const NEEDLESS_NOTICE: f64 = 15.0;

/// A hint.
const HINT: f64 = 1.0;

/// Setting an urgent alarm aside.
const SHELVED_URGENT: f64 = 5.0;

/// Acknowledging many without looking at any.
const UNSEEN: f64 = 5.0;

/// So many acknowledged …
const MANY: usize = 5;

/// … within so many seconds on the wall …
const AT_ONCE_S: f64 = 10.0;

/// … and none opened for so long before.
const LOOKED_S: f64 = 600.0;

/// What costs marks, and what of it fails the exercise.
pub fn of(session: &Session) -> (Vec<Line>, Vec<Text>) {
    let exercise = session.exercise();
    let log = session.log();
    let (mut lines, mut failed) = (Vec::new(), Vec::new());
    for forbidden in &exercise.forbidden {
        if let Some(moment) = forbidden_done(session, forbidden) {
            lines.push(cost(forbidden.penalty, forbidden.title.clone(), moment));
            if forbidden.critical {
                failed.push(forbidden.title.clone());
            }
        }
    }
    let needless = did(log, |deed| {
        deed.verb().name == "publish-notice" && matches!(deed.arg(0), "do-not-drink" | "boil")
    });
    if let Some(moment) = needless.filter(|_| !exercise.notice_needed) {
        let text = text("A warning to the public without need", "不必要的公众告示");
        lines.push(cost(NEEDLESS_NOTICE, text, moment));
    }
    for entry in log.iter().filter(|entry| matches!(entry.what, What::Hint { .. })) {
        lines.push(cost(HINT, text("A hint", "提示"), entry.moment));
    }
    for moment in session.urgent_shelved() {
        let text = text("An urgent alarm set aside", "搁置紧急报警");
        lines.push(cost(SHELVED_URGENT, text, *moment));
    }
    if let Some(moment) = acknowledged_unseen(log) {
        let text = text("Many alarms acknowledged, none opened", "批量确认而未查看");
        lines.push(cost(UNSEEN, text, moment));
    }
    (lines, failed)
}

fn text(en: &str, zh: &str) -> Text {
    Text { en: en.to_owned(), zh: zh.to_owned() }
}

fn cost(marks: f64, text: Text, moment: Moment) -> Line {
    Line { category: Category::Penalty, marks: -marks, of: 0.0, text, moment: Some(moment) }
}

/// When a deed of that kind was done first.
fn did(log: &[Entry], is_it: impl Fn(&Deed) -> bool) -> Option<Moment> {
    log.iter().find_map(|entry| match &entry.what {
        What::Did { deed } if is_it(deed) => Some(entry.moment),
        _ => None,
    })
}

/// When it was done first without what would have allowed it.
fn forbidden_done(session: &Session, forbidden: &Forbidden) -> Option<Moment> {
    let allowed = forbidden.unless.and_then(|task| session.facts().done[task]);
    let is_it = |deed: &Deed| forbidden.by.iter().any(|pattern| pattern.means(deed));
    let done = did(session.log(), is_it)?;
    allowed.is_none_or(|moment| done.at < moment.at).then_some(done)
}

/// When many alarms were acknowledged at once and none had been looked at.
fn acknowledged_unseen(log: &[Entry]) -> Option<Moment> {
    let of = |verbs: &'static [&'static str]| {
        log.iter().filter(move |entry| match &entry.what {
            What::Did { deed } => verbs.contains(&deed.verb().name),
            _ => false,
        })
    };
    let acknowledged: Vec<&Entry> = of(&["acknowledge"]).collect();
    let opened: Vec<f64> =
        of(&["open-alarm", "open-trend"]).map(|entry| entry.moment.wall_s).collect();
    let is_unseen = |now: f64| !opened.iter().any(|at| (now - LOOKED_S..=now).contains(at));
    acknowledged
        .windows(MANY)
        .find(|some| {
            let (first, last) = (some[0].moment.wall_s, some[MANY - 1].moment.wall_s);
            last - first <= AT_ONCE_S
                && some.iter().all(|it| it.who == some[0].who)
                && is_unseen(last)
        })
        .map(|some| some[MANY - 1].moment)
}
