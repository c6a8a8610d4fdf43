//! Complaints beside the alarms of their time and place.
//!
//! The ledger keeps no tie between the two. What is shown as one is an alarm about the water that
//! stood, or was raised, around the time at which the complaint was noticed and filed, and that
//! concerns its village: by an instrument of that village, or of what lies before all villages.

use serde::Serialize;

use crate::alarms::event::{AlarmEvent, AlarmState};
use crate::base::complaint::Problem;
use crate::base::{RuleId, Span, Stamp, TagId};
use crate::desk::catalogue::{Catalogue, PlantCard, TagCard};
use crate::desk::past::{Chronicle, word};
use crate::ingest::observation::TicketEvent;

/// Complaints that anybody gets at a time: the newest.
pub const TICKETS_MAX: usize = 500;

/// An alarm that went so long before a complaint was noticed, or came so long after it was filed,
/// has nothing to do with it `[D]`.
const NEAR: Span = Span::HOUR;

/// Alarms shown beside a complaint.
const BESIDE_MAX: usize = 6;

/// A complaint, and the alarms of its time and place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TicketCard<'c> {
    /// The complaint as it is kept.
    #[serde(flatten)]
    pub ticket: &'c TicketEvent,
    /// What fits it best comes first.
    pub alarms: Vec<Beside>,
}

/// An alarm beside a complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// The occurrence: `plant/rule/tag/n`.
    pub id: String,
    /// Its rule.
    pub rule: RuleId,
    /// Its instrument.
    pub tag: Option<TagId>,
    /// `low`, `medium` or `high`.
    pub priority: &'static str,
    /// When it was raised, ms since 1970.
    pub raised_at: i64,
    /// When it was gone, if it was.
    pub cleared_at: Option<i64>,
    /// Does it speak of what people complain of?
    pub same_problem: bool,
}

/// An occurrence from its beginning to its end.
struct Occurrence<'c> {
    raised: &'c AlarmEvent,
    cleared_at: Option<Stamp>,
}

/// The newest complaints known at a moment, the newest first.
pub fn tickets<'c>(chronicle: &'c Chronicle, cards: &Catalogue, at: Stamp) -> Vec<TicketCard<'c>> {
    let mut tickets: Vec<&TicketEvent> = chronicle.tickets(at).collect();
    tickets.reverse();
    tickets.truncate(TICKETS_MAX);
    let occurrences = occurrences(chronicle, at);
    let beside = |ticket: &'c TicketEvent| {
        let card = cards.plants.iter().find(|card| card.id == ticket.plant);
        let alarms = card.map(|card| beside(ticket, card, cards, &occurrences));
        TicketCard { ticket, alarms: alarms.unwrap_or_default() }
    };
    tickets.into_iter().map(beside).collect()
}

fn occurrences(chronicle: &Chronicle, at: Stamp) -> Vec<Occurrence<'_>> {
    use crate::alarms::event::AlarmChange::{Cleared, Raised};
    let mut found: Vec<Occurrence<'_>> = Vec::new();
    for event in chronicle.alarms(at) {
        let known = found.iter_mut().rev().find(|it| it.raised.id == event.id);
        match (event.change, known) {
            (Raised, None) => found.push(Occurrence { raised: event, cleared_at: None }),
            (Raised, Some(known)) => known.cleared_at = None,
            (Cleared, Some(known)) => known.cleared_at = Some(event.at),
            (_, Some(known)) if event.state == AlarmState::Normal => {
                known.cleared_at = known.cleared_at.or(Some(event.at));
            }
            _ => {}
        }
    }
    found
}

fn beside(
    ticket: &TicketEvent,
    card: &PlantCard,
    cards: &Catalogue,
    occurrences: &[Occurrence<'_>],
) -> Vec<Beside> {
    let (from, to) = (ticket.ticket.noticed_at - NEAR, ticket.ticket.filed_at + NEAR);
    let mut found: Vec<((bool, bool, u8), Beside)> = Vec::new();
    for Occurrence { raised, cleared_at } in occurrences {
        let stood = raised.at <= to && cleared_at.is_none_or(|cleared| cleared >= from);
        if raised.id.plant != ticket.plant || !stood {
            continue;
        }
        let tag = raised.id.tag.as_ref();
        let tag = tag.and_then(|tag| card.tags.iter().find(|it| it.id == *tag));
        let Some(is_of_village) = place(ticket, tag, cards, &raised.id.rule) else { continue };
        let same_problem = tag.is_some_and(|tag| speaks_of(ticket.ticket.problem, tag.quantity));
        let beside = Beside {
            id: raised.id.to_string(),
            rule: raised.id.rule.clone(),
            tag: raised.id.tag.clone(),
            priority: word(raised.priority),
            raised_at: raised.at.as_ms(),
            cleared_at: cleared_at.map(Stamp::as_ms),
            same_problem,
        };
        found.push(((!same_problem, !is_of_village, 2 - raised.priority as u8), beside));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.raised_at.cmp(&a.1.raised_at)));
    found.truncate(BESIDE_MAX);
    found.into_iter().map(|(_, beside)| beside).collect()
}

/// Is the alarm about the water of the complaint's village? Some(false): about what all villages
/// get; none: about neither, or about an instrument rather than the water.
fn place(
    ticket: &TicketEvent,
    tag: Option<&TagCard>,
    cards: &Catalogue,
    rule: &RuleId,
) -> Option<bool> {
    let of_water = cards.rules.get(rule).is_none_or(|rule| rule.of_water);
    match tag.and_then(|tag| tag.village.as_deref()) {
        _ if !of_water => None,
        Some(village) if village == ticket.ticket.village.as_str() => Some(true),
        Some(_) => None,
        None => Some(false),
    }
}

/// Does an instrument of this quantity show what people complain of?
fn speaks_of(problem: Problem, quantity: &str) -> bool {
    match problem {
        Problem::LowPressure | Problem::NoWater => {
            matches!(quantity, "pressure" | "flow" | "level" | "state")
        }
        Problem::Turbid => quantity == "turbidity",
        Problem::Smell => {
            let residuals = ["free-chlorine", "total-chlorine", "chlorine-dioxide", "ozone"];
            residuals.contains(&quantity)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::PlantId;
    use crate::desk::catalogue::{RuleCard, VillageCard};
    use crate::ledger::record::Entry;
    use crate::ledger::store::Page;

    fn entry(record: serde_json::Value) -> Entry {
        let hash = "0".repeat(64);
        let whole = json!({
            "plant": "sanmen", "n": 1, "record": record, "previous": hash, "hash": hash,
        });
        serde_json::from_value(whole).expect("an entry")
    }

    fn alarm(tag: &str, change: &str, time: &str) -> Entry {
        let state = if change == "raised" { "unacknowledged" } else { "normal" };
        entry(json!({
            "kind": "alarm", "id": { "plant": "sanmen", "rule": "low", "tag": tag, "n": 1 },
            "at": format!("2024-12-05T{time}Z"), "change": change, "state": state,
            "priority": "medium", "since": null, "title": "low", "source": "",
            "why": { "value": null, "limit": null, "window": [], "text": "" }, "by": null,
        }))
    }

    fn ticket(village: &str, problem: &str, time: &str) -> Entry {
        let time = format!("2024-12-05T{time}Z");
        entry(json!({
            "kind": "ticket", "at": time, "plant": "sanmen", "n": 0, "village": village,
            "problem": problem, "channel": "hotline", "noticed_at": time, "filed_at": time,
        }))
    }

    fn card(id: &str, quantity: &'static str, village: Option<&str>) -> TagCard {
        TagCard {
            id: TagId::new(id).expect("a tag"),
            title: crate::base::Text::default(),
            quantity,
            unit: "",
            point: "tap-water",
            range: (0.0, 1.0),
            poll_s: 60.0,
            village: village.map(str::to_owned),
            station: None,
            limits: Vec::new(),
            rules: Vec::new(),
            sites: Vec::new(),
            analyte: None,
        }
    }

    fn catalogue(of_water: bool) -> Catalogue {
        let text = crate::base::Text::default;
        let rule = RuleCard {
            title: text(),
            advice: text(),
            condition: String::new(),
            source: String::new(),
            source_zh: None,
            priority: "medium",
            kind: "limit",
            of_water,
            runbook: None,
        };
        let tags = vec![
            card("PIT-401", "pressure", Some("suiyang")),
            card("PIT-402", "pressure", Some("fulin")),
            card("AIT-302", "turbidity", None),
        ];
        let villages = vec![VillageCard { id: "suiyang".to_owned(), title: text(), people: 1 }];
        let plant = PlantCard {
            id: PlantId::new("sanmen").expect("a plant"),
            title: text(),
            county: text(),
            fiction: text(),
            people: 1,
            utc_offset_s: 0,
            residual: "free-chlorine",
            villages,
            tags,
            scheme: Vec::new(),
        };
        let rules = [(RuleId::new("low").expect("a rule"), rule)].into_iter().collect();
        Catalogue { plants: vec![plant], rules, ..Catalogue::default() }
    }

    /// Tags of the alarms beside the only complaint.
    fn beside(entries: Vec<Entry>, of_water: bool) -> Vec<String> {
        let mut chronicle = Chronicle::default();
        let last = entries.len() as u64;
        chronicle.add(0, Page { entries, last, ..Page::default() });
        let cards = catalogue(of_water);
        let found = tickets(&chronicle, &cards, Stamp::MAX);
        let alarms = found[0].alarms.iter();
        alarms.map(|it| it.tag.as_ref().expect("of a tag").to_string()).collect()
    }

    #[test]
    fn an_alarm_of_the_village_and_one_of_all_water_stand_beside_and_of_others_none() {
        let entries = vec![
            alarm("AIT-302", "raised", "08:00:00"),
            alarm("PIT-401", "raised", "08:10:00"),
            alarm("PIT-402", "raised", "08:10:00"),
            ticket("suiyang", "low-pressure", "08:30:00"),
        ];
        assert_eq!(beside(entries.clone(), true), ["PIT-401", "AIT-302"]);
        assert!(beside(entries, false).is_empty(), "an instrument's fault is no bad water");
    }

    #[test]
    fn an_alarm_long_gone_or_long_after_has_nothing_to_do_with_it() {
        let of = |raised: &str, cleared: &str| {
            let entries = vec![
                alarm("PIT-401", "raised", raised),
                alarm("PIT-401", "cleared", cleared),
                ticket("suiyang", "no-water", "12:00:00"),
            ];
            beside(entries, true).len()
        };
        assert_eq!(of("08:00:00", "10:59:59"), 0);
        assert_eq!(of("08:00:00", "11:00:00"), 1, "an hour before it was noticed");
        assert_eq!(of("13:00:00", "14:00:00"), 1, "an hour after it was filed");
        assert_eq!(of("13:00:01", "14:00:00"), 0);
    }

    #[test]
    fn what_people_complain_of_comes_first() {
        let entries = vec![
            alarm("PIT-401", "raised", "11:50:00"),
            alarm("AIT-302", "raised", "11:55:00"),
            ticket("suiyang", "turbid", "12:00:00"),
        ];
        assert_eq!(beside(entries, true), ["AIT-302", "PIT-401"]);
    }
}
