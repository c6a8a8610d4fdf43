//! Nine times of each alarm that was expected, and whose each delay between them is (TRAINING F7).
//!
//! t0 onset, t1 observable, t2 first reading that shows it, t3 alarm, t4 acknowledged, t5 right
//! diagnosis, t6 right action, t7 its effect begins, t8 returned to normal, t9 in the ledger. Rules
//! are judged by t3 − t2, people by t4 to t6, the place of sensors by t1 − t0.

use serde::Serialize;

use super::Material;
use super::lane::{alarm_text, back};
use crate::alarms::event::{AlarmChange, AlarmEvent};
use crate::base::{RuleId, Span, Stamp, TagId, Text};
use crate::exercise::session::log::{Entry, Moment, What};
use crate::plant::tags::TagIndex;
use crate::scenario::exercise::{Part, Task, Trigger, Window as Within};
use crate::scenario::{AlarmName, Wanted, Window};

/// Nine times of an alarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clock {
    /// The rule.
    pub rule: RuleId,
    /// Where.
    pub tag: Option<TagId>,
    /// For people.
    pub title: Text,
    /// t0 to t9, in simulated time; none for what did not come to pass.
    pub times: [Option<Stamp>; 10],
    /// The wall's seconds of t3 to t6, where the log has them.
    pub wall_s: [Option<f64>; 10],
    /// Delays between the times that are known.
    pub delays: Vec<Delay>,
}

/// A delay, and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delay {
    /// Whose; several where the times between are not known.
    pub owners: Vec<Owner>,
    /// From this time …
    pub from: usize,
    /// … to this.
    pub to: usize,
    /// In simulated time.
    pub simulated: Span,
    /// On the wall, seconds, of what people did.
    pub wall_s: Option<f64>,
    /// How much there may be in simulated time.
    pub budget: Option<Span>,
    /// How much there may be on the wall, seconds.
    pub wall_budget_s: Option<f64>,
    /// Times that had been due, and whose budget ran out in this delay: 4 for t4, for example.
    pub ran_out: Vec<usize>,
}

impl Delay {
    /// Its owners for people.
    pub fn whose(&self) -> Text {
        let titles: Vec<Text> = self.owners.iter().map(|owner| owner.title()).collect();
        let join = |of: fn(&Text) -> &str, by: &str| {
            let all: Vec<&str> = titles.iter().map(of).collect();
            all.join(by)
        };
        Text { en: join(|it| &it.en, ", "), zh: join(|it| &it.zh, "、") }
    }
}

/// Whose a delay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// Water takes its time to the sensor.
    Physics,
    /// The reading takes its time.
    Telemetry,
    /// The rule waits.
    Rule,
    /// People: acknowledging.
    Acknowledging,
    /// People: understanding.
    Diagnosing,
    /// People: acting.
    Acting,
    /// The way into the field and the work there.
    Field,
    /// The plant takes its time to recover.
    Recovery,
    /// Until it is in the ledger.
    Oversight,
}

impl Owner {
    /// In the order of the times: the delay up to t1, t2 and so on.
    pub const ALL: [Self; 9] = [
        Self::Physics,
        Self::Telemetry,
        Self::Rule,
        Self::Acknowledging,
        Self::Diagnosing,
        Self::Acting,
        Self::Field,
        Self::Recovery,
        Self::Oversight,
    ];

    /// Its name for people.
    pub fn title(self) -> Text {
        let (en, zh) = match self {
            Self::Physics => ("physics", "物理过程"),
            Self::Telemetry => ("telemetry", "数据传输"),
            Self::Rule => ("rule", "报警规则"),
            Self::Acknowledging => ("people: acknowledge", "人员:确认"),
            Self::Diagnosing => ("people: diagnose", "人员:判断"),
            Self::Acting => ("people: act", "人员:处置"),
            Self::Field => ("field", "现场作业"),
            Self::Recovery => ("recovery", "恢复"),
            Self::Oversight => ("oversight", "台账"),
        };
        Text { en: en.to_owned(), zh: zh.to_owned() }
    }
}

/// A clock for each alarm that must be raised when nobody does anything.
pub(super) fn clocks(material: &Material<'_>) -> Vec<Clock> {
    let expectations = &material.run.session.exercise().scenario.expectations;
    let raised = expectations.iter().filter_map(|expectation| match &expectation.wanted {
        Wanted::Seen(window) if window.change == AlarmChange::Raised && window.occurrence == 1 => {
            Some((&expectation.alarm, window))
        }
        _ => None,
    });
    raised.map(|(alarm, window)| Watch { material, alarm, window }.clock()).collect()
}

struct Watch<'a> {
    material: &'a Material<'a>,
    alarm: &'a AlarmName,
    window: &'a Window,
}

impl Watch<'_> {
    fn clock(&self) -> Clock {
        let log = self.material.run.session.log();
        let onset = self.window.since;
        let raised = self.event(AlarmChange::Raised, onset);
        let alarm_at = raised.map(|event| event.at);
        // An alarm without a truth beyond its limit is a false one: what is observable of it is
        // the reading alone.
        let observable = self.crossing(onset, true);
        let shown = self.crossing(observable.unwrap_or(onset), false);
        let shown = shown.filter(|at| alarm_at.is_none_or(|raised| *at <= raised));
        let heard = self.heard_of(log);
        let answered = raised.and_then(|event| self.event(AlarmChange::Acknowledged, event.at));
        let after =
            |moment: Option<Moment>| moment.filter(|it| alarm_at.is_some_and(|at| it.at >= at));
        let named = alarm_at.and_then(|at| self.right_cause(log, at));
        let acted = after(self.acted());
        let effect = acted.map(|moment| effect(log, moment).unwrap_or(moment.at));
        let cleared = raised.and_then(|event| self.event(AlarmChange::Cleared, event.at));
        let ledger = alarm_at.and_then(|at| did(log, "open-ledger", at));
        let acknowledged = self.did_acknowledge(log);
        let times = [
            Some(onset),
            observable,
            shown,
            alarm_at,
            answered.map(|event| event.at),
            named.map(|moment| moment.at),
            acted.map(|moment| moment.at),
            effect,
            cleared.map(|event| event.at),
            ledger.map(|moment| moment.at),
        ];
        let mut wall_s = [None; 10];
        for (at, moment) in [(3, heard), (4, acknowledged), (5, named), (6, acted)] {
            wall_s[at] = moment.map(|moment| moment.wall_s);
        }
        Clock {
            rule: self.alarm.rule.clone(),
            tag: self.alarm.tag.clone(),
            title: alarm_text(&self.alarm.rule, self.alarm.tag.as_ref(), self.material.book),
            delays: self.delays(&times, &wall_s),
            times,
            wall_s,
        }
    }

    fn event(&self, change: AlarmChange, from: Stamp) -> Option<&AlarmEvent> {
        let played = &self.material.run.played;
        let meant = played.alarm_events().filter(|event| {
            event.change == change
                && event.at >= from
                && self.alarm.covers(&event.id.rule, event.id.tag.as_ref())
        });
        meant.min_by_key(|event| event.at)
    }

    /// When the truth, or what was shown, is first beyond the rule's limit.
    fn crossing(&self, from: Stamp, of_truth: bool) -> Option<Stamp> {
        let plant = self.material.run.session.plant();
        let tag = self.alarm.tag.as_ref()?;
        let at = plant.instruments.iter().position(|it| it.tag.id == *tag)?;
        let rule = self.material.book.rules().iter().find(|it| it.id == self.alarm.rule)?;
        let limit = rule.limit_for(&plant.profile, &plant.instruments[at].tag)?;
        let played = &self.material.run.played;
        let series = if of_truth { &played.truths } else { &played.shown }.of(TagIndex(at));
        let mut later = series.iter().filter(|(at, _)| *at >= from);
        later.find(|(_, value)| limit.breaks(*value)).map(|(at, _)| *at)
    }

    fn heard_of(&self, log: &[Entry]) -> Option<Moment> {
        log.iter().find_map(|entry| match &entry.what {
            What::Raised { alarm, .. } if self.alarm.covers(&alarm.rule, alarm.tag.as_ref()) => {
                Some(entry.moment)
            }
            _ => None,
        })
    }

    fn did_acknowledge(&self, log: &[Entry]) -> Option<Moment> {
        log.iter().find_map(|entry| match &entry.what {
            What::Did { deed } if deed.verb().name == "acknowledge" => {
                let tag = TagId::new(deed.arg(1)).ok().filter(|_| deed.arg(1) != "plant");
                let rule = RuleId::new(deed.arg(0)).ok()?;
                self.alarm.covers(&rule, tag.as_ref()).then_some(entry.moment)
            }
            _ => None,
        })
    }

    /// The first time at which the right cause was named.
    fn right_cause(&self, log: &[Entry], from: Stamp) -> Option<Moment> {
        let right = &self.material.run.session.exercise().cause;
        log.iter().find_map(|entry| match &entry.what {
            What::Did { deed } if deed.verb().name == "diagnose" && deed.arg(0) == right => {
                (entry.moment.at >= from).then_some(entry.moment)
            }
            _ => None,
        })
    }

    /// Tasks that ought to be done because of this alarm.
    fn tasks(&self, part: Part) -> impl Iterator<Item = (usize, &Task)> {
        let tasks = self.material.run.session.exercise().tasks.iter().enumerate();
        tasks.filter(move |(_, task)| {
            let own = match &task.since {
                Trigger::Raised { alarm, .. } => {
                    alarm.rule == self.alarm.rule
                        && (alarm.tag.is_none() || alarm.tag == self.alarm.tag)
                }
                _ => false,
            };
            own && task.part == part
        })
    }

    /// The first thing that was done about it of what ought to be.
    fn acted(&self) -> Option<Moment> {
        let done = &self.material.run.session.facts().done;
        let moments = self.tasks(Part::Act).filter_map(|(at, _)| done[at]);
        moments.min_by_key(|moment| moment.at)
    }

    fn delays(&self, times: &[Option<Stamp>; 10], wall_s: &[Option<f64>; 10]) -> Vec<Delay> {
        let known: Vec<usize> = (0..10).filter(|at| times[*at].is_some()).collect();
        let pairs = known.windows(2).filter_map(|pair| {
            let &[from, to] = pair else { return None };
            // What came before its turn has not waited: an alarm that cleared unanswered.
            let simulated = Some(times[to]? - times[from]?).filter(|it| *it >= Span::ZERO)?;
            let wall = wall_s[to].zip(wall_s[from]).map(|(to, from)| (to - from).max(0.0));
            let (budget, wall_budget_s) = self.budget(from, to);
            let ran_out = (3..=6).filter(|due| self.ran_out(*due, (from, to), times, wall_s));
            let (owners, ran_out) = (Owner::ALL[from..to].to_vec(), ran_out.collect());
            Some(Delay {
                owners,
                from,
                to,
                simulated,
                wall_s: wall,
                budget,
                wall_budget_s,
                ran_out,
            })
        });
        pairs.collect()
    }

    /// Does the budget of the time `due` run out between two times? Whoever lets it run out delays
    /// all that follows.
    fn ran_out(
        &self,
        due: usize,
        (from, to): (usize, usize),
        times: &[Option<Stamp>; 10],
        wall_s: &[Option<f64>; 10],
    ) -> bool {
        // People's tasks count from the alarm, the rule's time from what came before.
        let since = if due == 3 { from } else { 3 };
        let is_part = if due == 3 { to == 3 } else { from >= 3 && to <= due };
        if !is_part || times[due].is_none() {
            return false;
        }
        let (budget, wall_budget_s) = self.budget(since, due);
        let after = |at: usize| times[at].zip(times[since]).map(|(at, since)| at - since);
        let on_wall = |at: usize| wall_s[at].zip(wall_s[since]).map(|(at, since)| at - since);
        budget.is_some_and(|most| after(from) <= Some(most) && after(to) > Some(most))
            || wall_budget_s.is_some_and(|s| on_wall(from) <= Some(s) && on_wall(to) > Some(s))
    }

    /// How long it may take up to a time: the rule's by the exercise's expectation, people's by
    /// their tasks.
    fn budget(&self, from: usize, to: usize) -> (Option<Span>, Option<f64>) {
        let part = match to {
            3 => {
                let rule = self.window.within_rule.filter(|_| from > 0);
                let whole = (from == 0).then(|| self.window.latest - self.window.since);
                return (rule.or(whole), None);
            }
            4 => Part::Notice,
            5 => Part::Diagnose,
            6 => Part::Act,
            _ => return (None, None),
        };
        let mut budgets = (None, None);
        for (_, task) in self.tasks(part) {
            match task.within {
                Within::Simulated(span) => budgets.0 = budgets.0.max(Some(span)),
                Within::Wall(s) => {
                    budgets.1 = Some(budgets.1.map_or(s, |most: f64| most.max(s)));
                }
            }
        }
        budgets
    }
}

/// When what was done at `moment` begins to take effect: when somebody sent out is done.
fn effect(log: &[Entry], moment: Moment) -> Option<Stamp> {
    let is_then = |entry: &&(usize, &Entry)| entry.1.moment.at == moment.at;
    let lines: Vec<(usize, &Entry)> = log.iter().enumerate().collect();
    lines.iter().filter(is_then).find_map(|(at, entry)| match &entry.what {
        What::Did { deed } => back(&log[*at..], deed),
        _ => None,
    })
}

fn did(log: &[Entry], verb: &str, from: Stamp) -> Option<Moment> {
    log.iter().find_map(|entry| match &entry.what {
        What::Did { deed } if deed.verb().name == verb && entry.moment.at >= from => {
            Some(entry.moment)
        }
        _ => None,
    })
}
