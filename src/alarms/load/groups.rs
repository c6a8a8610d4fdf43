//! Alarms that belong together, as their records say.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::alarms::event::{AlarmEvent, AlarmId};
use crate::base::Stamp;

/// Two alarms or more that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Company {
    /// The first of them that was raised.
    pub first_out: AlarmId,
    /// The one that the others come from, as their rules say.
    pub cause: Option<AlarmId>,
    /// When the first of them called.
    pub from: Stamp,
    /// When the last of them called.
    pub to: Stamp,
    /// How many alarms.
    pub alarms: usize,
    /// How often they called.
    pub raised: usize,
}

impl Company {
    /// What speaks for them: their cause, else the first of them.
    pub fn lead(&self) -> &AlarmId {
        self.cause.as_ref().unwrap_or(&self.first_out)
    }
}

/// The groups of `calls`, which are in the order of time, the most alarms first. What has become of
/// their causes stands in all `events`.
pub(super) fn companies(events: &[&AlarmEvent], calls: &[&AlarmEvent]) -> Vec<Company> {
    let mut groups: BTreeMap<&AlarmId, Vec<&AlarmEvent>> = BTreeMap::new();
    for call in calls {
        groups.entry(call.belongs_to()).or_default().push(call);
    }
    let mut causes: BTreeMap<&AlarmId, &AlarmId> = BTreeMap::new();
    for group in events.iter().filter_map(|event| event.group.as_deref()) {
        causes.extend(group.cause.as_ref().map(|cause| (&group.first_out, cause)));
    }
    let company = |(first_out, calls): (&AlarmId, Vec<&AlarmEvent>)| {
        let alarms: BTreeSet<AlarmId> = calls.iter().map(|call| call.id.as_such()).collect();
        let (first, last) = (calls.first()?, calls.last()?);
        (alarms.len() > 1).then(|| Company {
            first_out: first_out.clone(),
            cause: causes.get(first_out).map(|cause| AlarmId::clone(cause)),
            from: first.at,
            to: last.at,
            alarms: alarms.len(),
            raised: calls.len(),
        })
    };
    let mut found: Vec<Company> = groups.into_iter().filter_map(company).collect();
    found.sort_by_key(|it| (Reverse(it.alarms), it.from));
    found
}
