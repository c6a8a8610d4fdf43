//! What is expected besides alarms: floods of them, complaints, energy, the limits of the model.

use super::{Court, Failing, named};
use crate::alarms::flood::{FloodChange, FloodEvent};
use crate::base::Stamp;
use crate::base::limit::Limit;
use crate::base::text::Lang;
use crate::scenario::{EnergyExpectation, FloodExpectation, LimitExpectation, TicketExpectation};
use crate::world::Outside;

/// How many there must be, in words.
pub fn number(least: u32, most: Option<u32>) -> String {
    match (least, most) {
        (_, Some(0)) => "no".to_owned(),
        (0, Some(most)) => format!("at most {most}"),
        (least, Some(most)) if least == most => least.to_string(),
        (least, Some(most)) => format!("{least} to {most}"),
        (least, None) => format!("at least {least}"),
    }
}

/// Does the expectation speak of this time?
pub fn means(expectation: &LimitExpectation, outside: &Outside) -> bool {
    expectation.limit.is_none_or(|limit| limit == outside.limit)
        && outside.first <= expectation.until
        && outside.last >= expectation.from
}

impl Court<'_> {
    /// Did the model keep to its range, or leave it, as expected?
    pub fn bound(&self, expectation: &LimitExpectation) -> Option<Failing> {
        let mut times = self.played.outside.iter().filter(|outside| means(expectation, outside));
        let found = times.next();
        if expectation.never != found.is_some() {
            return None;
        }
        let (from, until) = (self.local(expectation.from), self.local(expectation.until));
        let limit = expectation.limit.map_or("anything", Limit::id);
        let never = if expectation.never { "never " } else { "" };
        let came = match found {
            Some(outside) => {
                let (first, last) = (self.local(outside.first), self.local(outside.last));
                let (id, detail) = (outside.limit.id(), outside.detail(Lang::En));
                format!("{id} was, from {first} to {last} ({detail})")
            }
            None => "it never was".to_owned(),
        };
        Some(Failing {
            place: expectation.place.clone(),
            expected: format!("{limit} {never}to lie outside the model between {from} and {until}"),
            came,
            readings: Vec::new(),
        })
    }

    /// Did floods of alarms begin or end as expected?
    pub fn count(&self, expectation: &FloodExpectation) -> Option<Failing> {
        let (from, until, change) = (expectation.from, expectation.until, expectation.change);
        let began_so = |event: &&FloodEvent| {
            let first = &event.flood.first_out;
            let wanted = expectation.first_out.as_ref();
            wanted.is_none_or(|alarm| alarm.covers(&first.rule, first.tag.as_ref()))
        };
        let in_time =
            |event: &&FloodEvent| event.change == change && (from..=until).contains(&event.at);
        let there: Vec<&FloodEvent> = self.played.floods().filter(in_time).collect();
        let count = there.iter().copied().filter(began_so).count();
        let (least, most) = (expectation.at_least, expectation.at_most);
        if count >= least as usize && most.is_none_or(|most| count <= most as usize) {
            return None;
        }
        let wanted = number(least, most);
        let to_do = match change {
            FloodChange::Begun => "to begin",
            FloodChange::Ended => "to end",
        };
        let by = expectation.first_out.as_ref().map(|it| format!(" (first {})", named(it)));
        let by = by.unwrap_or_default();
        let (from, until) = (self.local(from), self.local(until));
        let told = there.iter().take(8).map(|event| {
            let flood = &event.flood;
            let at = self.local(event.at);
            format!("; at {at} one of {} alarms, first {}", flood.alarms, flood.first_out)
        });
        Some(Failing {
            place: expectation.place.clone(),
            expected: format!("{wanted} floods of alarms{by} {to_do} between {from} and {until}"),
            came: format!("there were {}{}", there.len(), told.collect::<String>()),
            readings: Vec::new(),
        })
    }

    /// Did people complain as expected?
    pub fn hear(&self, expectation: &TicketExpectation) -> Option<Failing> {
        let (from, until) = (expectation.from, expectation.until);
        let tickets: Vec<Stamp> = (self.played.tickets().map(|event| &event.ticket))
            .filter(|ticket| ticket.problem == expectation.problem)
            .filter(|ticket| expectation.village.as_ref().is_none_or(|v| *v == ticket.village))
            .filter(|ticket| expectation.channel.is_none_or(|by| by == ticket.channel))
            .map(|ticket| ticket.filed_at)
            .filter(|filed_at| (from..=until).contains(filed_at))
            .collect();
        let count = tickets.len();
        let (least, most) = (expectation.at_least, expectation.at_most);
        if count >= least as usize && most.is_none_or(|most| count <= most as usize) {
            return None;
        }
        let wanted = number(least, most);
        let problem = expectation.problem.name();
        let village = match &expectation.village {
            Some(village) => format!(" from {village}"),
            None => String::new(),
        };
        let way = expectation.channel.map(|by| format!(" by {}", by.name())).unwrap_or_default();
        let (from, until) = (self.local(from), self.local(until));
        let first = tickets.first().map(|at| format!(", the first at {}", self.local(*at)));
        Some(Failing {
            place: expectation.place.clone(),
            expected: format!(
                "{wanted} {problem} tickets{village}{way} between {from} and {until}"
            ),
            came: format!("there were {count}{}", first.unwrap_or_default()),
            readings: Vec::new(),
        })
    }

    /// Did a pump take as much as expected for the water it lifted?
    pub fn measure(&self, expectation: &EnergyExpectation) -> Option<Failing> {
        let series = self.played.pumps.get(&expectation.pump)?;
        let at = |moment: Stamp| {
            let after = series.partition_point(|lifting| lifting.at <= moment);
            series.get(after.saturating_sub(1))
        };
        let (from, until) = (at(expectation.from)?, at(expectation.until)?);
        let (kwh, m3) = (until.kwh - from.kwh, until.m3 - from.m3);
        let (least, most) = (expectation.at_least, expectation.at_most);
        if m3 > 0.0 && (least..=most).contains(&(kwh / m3)) {
            return None;
        }
        let wanted = if most.is_finite() && least > 0.0 {
            format!("{least} to {most}")
        } else if most.is_finite() {
            format!("at most {most}")
        } else {
            format!("at least {least}")
        };
        let (from, until) = (self.local(expectation.from), self.local(expectation.until));
        let came = if m3 > 0.0 {
            format!("it took {:.4} ({kwh:.1} kWh for {m3:.0} m³)", kwh / m3)
        } else {
            "it lifted nothing".to_owned()
        };
        let name = &expectation.name;
        Some(Failing {
            place: expectation.place.clone(),
            expected: format!("{name} to take {wanted} kWh/m³ between {from} and {until}"),
            came,
            readings: Vec::new(),
        })
    }
}
