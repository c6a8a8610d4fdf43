//! What an injection decides alone while it is in force: two that decide the same contradict each
//! other.
//!
//! Most injections add up (leaks, storms, faults of one instrument) and decide nothing alone.

use super::{
    AssetEvent, GatewayEvent, Injection, InjectionKind, InstrumentFault, LaboratoryEvent,
    NetworkEvent, PeopleEvent, PowerEvent, SourceEvent, WorksEvent,
};
use crate::base::analyte::Analyte;
use crate::base::ids::InjectionId;

/// How two injections contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// A state that is already there cannot begin again, and cannot end while the other holds it.
    Overlap(&'static str),
    /// Two values at one moment; of two moments the later wins.
    SameMoment(&'static str),
    /// Two dissolved substances, whenever they come: the water of a run holds this one, the first.
    Substance(Analyte),
}

/// Something that only one injection at a time can decide.
#[derive(Debug, PartialEq, Eq)]
struct Claim {
    /// For people.
    what: &'static str,
    /// A position in the plant or a tag; empty when there is only one.
    of: String,
    is_state: bool,
}

/// The water of a run holds one dissolved substance: which of those `before` brings another one
/// than `new` does, and what.
pub fn other_substance<'i>(
    new: &Injection,
    before: impl IntoIterator<Item = &'i Injection>,
) -> Option<(&'i InjectionId, Analyte)> {
    let own = new.kind.substance()?;
    let mut held = before.into_iter().filter_map(|it| Some((&it.id, it.kind.substance()?)));
    held.find(|(_, held)| *held != own)
}

/// How `one` and `other` contradict each other, if they do.
pub fn contradiction(one: &Injection, other: &Injection) -> Option<Contradiction> {
    if let Some((_, held)) = other_substance(other, [one]) {
        return Some(Contradiction::Substance(held));
    }
    let others = claims(&other.kind);
    let shared = claims(&one.kind).into_iter().find(|claim| others.contains(claim))?;
    let ends_after = |a: &Injection, b: &Injection| a.until.is_none_or(|until| b.from < until);
    if shared.is_state {
        let overlap = ends_after(one, other) && ends_after(other, one);
        overlap.then_some(Contradiction::Overlap(shared.what))
    } else {
        (one.from == other.from).then_some(Contradiction::SameMoment(shared.what))
    }
}

fn claims(kind: &InjectionKind) -> Vec<Claim> {
    match kind {
        InjectionKind::Network(event) => of_network(event),
        InjectionKind::Works(event) => of_works(event).into_iter().collect(),
        InjectionKind::Source(SourceEvent::Drought { .. }) => vec![state("the drought", "")],
        InjectionKind::Source(SourceEvent::Weather) => vec![state("the weather", "")],
        InjectionKind::Assets(AssetEvent::Condition { .. } | AssetEvent::Ageing { .. }) => {
            vec![value("the state of wear", "")]
        }
        InjectionKind::Power(PowerEvent::GridCut) => vec![state("whether the mains are off", "")],
        InjectionKind::People(PeopleEvent::CutOff { taps }) => {
            taps.iter().map(|tap| state("whether the tap is cut off", tap.0)).collect()
        }
        InjectionKind::Gateway(event) => of_gateway(event).into_iter().collect(),
        InjectionKind::Laboratory(event) => of_laboratory(event).into_iter().collect(),
        InjectionKind::Instrument { tag, fault } => of_instrument(tag.as_str(), fault),
        _ => Vec::new(),
    }
}

fn of_network(event: &NetworkEvent) -> Vec<Claim> {
    match event {
        NetworkEvent::PumpTrip { pump } => vec![state("whether the pump is tripped", pump.0)],
        NetworkEvent::ValveShut { link } => vec![state("whether the valve is left shut", link.0)],
        NetworkEvent::PumpSwitch { pump, .. } => vec![value("how the pump is switched", pump.0)],
        NetworkEvent::ValveTurn { link, .. } => vec![value("how the valve is turned", link.0)],
        NetworkEvent::PrvFailure { valve, .. } => vec![value("how the valve fails", valve.0)],
        NetworkEvent::Rationing { valves, .. } => {
            valves.iter().map(|valve| state("the hours of the valve", valve.0)).collect()
        }
        _ => Vec::new(),
    }
}

fn of_works(event: &WorksEvent) -> Option<Claim> {
    match event {
        WorksEvent::DosingNoFlow { .. } => Some(state("whether the dosing pump has its prime", "")),
        WorksEvent::DosingSet { .. } => Some(value("the dose", "")),
        WorksEvent::DosingDrum { .. } => Some(value("what is left in the drum", "")),
        WorksEvent::CoagulantNoFlow { .. } => {
            Some(state("whether the coagulant's pump has its prime", ""))
        }
        WorksEvent::CoagulantStroke { .. } => Some(value("the stroke of the coagulant's pump", "")),
        WorksEvent::CoagulantDrum { .. } => Some(value("what is left in the coagulant's drum", "")),
        WorksEvent::CoagulantOff | WorksEvent::CoagulantSet { .. } => {
            Some(value("the coagulant's dose", ""))
        }
        _ => None,
    }
}

fn of_gateway(event: &GatewayEvent) -> Option<Claim> {
    match event {
        GatewayEvent::Silence => Some(state("whether the gateway is silent", "")),
        GatewayEvent::Frozen { .. } => Some(state("whether the gateway is frozen", "")),
        GatewayEvent::LinkOutage { .. } => Some(state("whether the link is down", "")),
        _ => None,
    }
}

fn of_laboratory(event: &LaboratoryEvent) -> Option<Claim> {
    match event {
        LaboratoryEvent::Missed { round } => {
            let of = round.map_or(String::new(), |round| round.to_string());
            Some(state("whether the round is missed", of))
        }
        LaboratoryEvent::Sample { site, .. } => Some(value("what the sample is taken for", site.0)),
        _ => None,
    }
}

fn of_instrument(tag: &str, fault: &InstrumentFault) -> Vec<Claim> {
    match fault {
        InstrumentFault::Stuck | InstrumentFault::StuckAt { .. } => {
            vec![state("whether the instrument is stuck", tag)]
        }
        InstrumentFault::WrongUnit { .. } => vec![state("the instrument's unit", tag)],
        InstrumentFault::BatteryLow { .. } => vec![state("the instrument's battery", tag)],
        InstrumentFault::Swapped { with } => {
            let place = |tag: &str| state("where the instrument is connected", tag);
            vec![place(tag), place(with.as_str())]
        }
        _ => Vec::new(),
    }
}

fn state(what: &'static str, of: impl ToString) -> Claim {
    Claim { what, of: of.to_string(), is_state: true }
}

fn value(what: &'static str, of: impl ToString) -> Claim {
    Claim { what, of: of.to_string(), is_state: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::InjectionId;
    use crate::base::{Span, Stamp, TagId};
    use crate::plant::network::LinkIndex;

    fn from(from: i64, until: Option<i64>, kind: InjectionKind) -> Injection {
        let at = |min| Stamp::from_ms(0).expect("a time") + Span::minutes(min);
        let id = InjectionId::new("i").expect("an id");
        Injection { id, from: at(from), until: until.map(at), kind }
    }

    fn trip(pump: usize) -> InjectionKind {
        InjectionKind::Network(NetworkEvent::PumpTrip { pump: LinkIndex(pump) })
    }

    #[test]
    fn a_state_that_is_there_cannot_begin_again_until_it_has_ended() {
        let first = from(0, Some(60), trip(1));
        let meets = |other: &Injection| contradiction(&first, other).is_some();
        assert!(meets(&from(30, Some(90), trip(1))));
        assert!(meets(&from(59, None, trip(1))));
        assert!(!meets(&from(60, None, trip(1))), "the end is exclusive");
        assert!(!meets(&from(30, Some(90), trip(2))), "another pump");
        let for_good = from(0, None, trip(1));
        assert!(contradiction(&from(9_000, None, trip(1)), &for_good).is_some());
    }

    #[test]
    fn of_two_values_the_later_wins_and_only_one_moment_contradicts() {
        let dose = |dose_mg_per_l| InjectionKind::Works(WorksEvent::DosingSet { dose_mg_per_l });
        let first = from(0, None, dose(1.0));
        assert_eq!(contradiction(&first, &from(1, None, dose(2.0))), None);
        let wanted = Some(Contradiction::SameMoment("the dose"));
        assert_eq!(contradiction(&first, &from(0, Some(9), dose(2.0))), wanted);
        let off = from(5, None, InjectionKind::Works(WorksEvent::CoagulantOff));
        let set = WorksEvent::CoagulantSet { dose_mg_per_l: 3.0 };
        let set = from(5, None, InjectionKind::Works(set));
        assert!(contradiction(&off, &set).is_some(), "two kinds, one dose");
    }

    #[test]
    fn faults_add_up_but_one_instrument_is_in_one_place_only() {
        let fault = |tag: &str, fault| {
            let tag = TagId::new(tag).expect("a tag");
            from(0, None, InjectionKind::Instrument { tag, fault })
        };
        let swap = |tag, with: &str| {
            fault(tag, InstrumentFault::Swapped { with: TagId::new(with).expect("a tag") })
        };
        assert!(contradiction(&swap("A", "B"), &swap("B", "C")).is_some());
        assert_eq!(contradiction(&swap("A", "B"), &swap("C", "D")), None);
        let drift = || fault("A", InstrumentFault::Drift { per_day: 1.0 });
        assert_eq!(contradiction(&drift(), &drift()), None);
        let stuck = fault("A", InstrumentFault::Stuck);
        assert_eq!(contradiction(&stuck, &drift()), None);
        let zero = fault("A", InstrumentFault::StuckAt { value: 0.0 });
        assert!(contradiction(&stuck, &zero).is_some());
    }
}
