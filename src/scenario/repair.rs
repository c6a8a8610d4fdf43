//! People who come and repair what a scenario has broken, or do what it orders: they are called,
//! travel, work, and sometimes fail; a crew does one job after the other.

use std::collections::BTreeMap;

use rand::RngExt;

use super::injection::{
    Injection, InjectionKind, NetworkEvent, PeopleEvent, PowerEvent, StationEvent,
};
use crate::base::random::{Seed, stream};
use crate::base::{Span, Stamp};

/// So often somebody comes before it is given up `[D]`.
pub const VISITS_MAX: usize = 3;

/// The repair of one injection.
#[derive(Debug, Clone, PartialEq)]
pub struct Repair {
    /// Of which: position in `Scenario::injections`.
    pub of: usize,
    /// Who comes. What one name has to do is done in the order of the calls; without a name
    /// somebody is always free.
    pub by: Option<String>,
    /// When they are called.
    pub called: Stamp,
    /// On the way, each time.
    pub travel: Span,
    /// At work, each time.
    pub work: Span,
    /// Travel and work are drawn evenly within this share of what they usually take.
    pub spread: f64,
    /// Share of the visits that repair nothing.
    pub fails: f64,
}

/// Somebody was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// When the work began.
    pub from: Stamp,
    /// When it ended.
    pub until: Stamp,
    /// Is it repaired?
    pub is_repaired: bool,
}

/// Can people end what happens? They repair pumps and pipes, open the taps of those who have
/// paid, and change no weather.
pub fn can_be_repaired(kind: &InjectionKind) -> bool {
    match kind {
        InjectionKind::Network(_)
        | InjectionKind::Works(_)
        | InjectionKind::Gateway(_)
        | InjectionKind::Instrument { .. }
        | InjectionKind::People(PeopleEvent::CutOff { .. })
        | InjectionKind::Station(
            StationEvent::SolarDirty { .. } | StationEvent::BatteryWorn { .. },
        )
        | InjectionKind::Power(PowerEvent::GridCut) => true,
        InjectionKind::Source(_)
        | InjectionKind::Assets(_)
        | InjectionKind::Power(_)
        | InjectionKind::Station(_)
        | InjectionKind::People(_)
        | InjectionKind::Laboratory(_) => false,
    }
}

/// Is it something that people are ordered to do? It happens when they have done it.
pub fn is_order(kind: &InjectionKind) -> bool {
    matches!(
        kind,
        InjectionKind::Power(PowerEvent::DosingReset)
            | InjectionKind::Network(
                NetworkEvent::PumpSwitch { .. } | NetworkEvent::ValveTurn { .. }
            )
    )
}

/// Ends each of `injections` when its repair is done, as drawn from `seed`; an order begins then.
///
/// What is given up goes on for good, and an order is never done.
pub fn end_repaired(repairs: &[Repair], seed: Seed, injections: &mut [Injection]) {
    let mut order: Vec<&Repair> = repairs.iter().collect();
    order.sort_by_key(|repair| repair.called); // stable: as in the file at one moment
    let mut free_from: BTreeMap<&str, Stamp> = BTreeMap::new();
    for repair in order {
        let injection = &mut injections[repair.of];
        let waits_for = repair.by.as_deref().and_then(|by| free_from.get(by));
        let leaves = waits_for.map_or(repair.called, |free| repair.called.max(*free));
        let visits = repair.visits(leaves, seed, injection.id.as_str());
        let last = visits.last().copied();
        let done = last.filter(|visit| visit.is_repaired).map(|visit| visit.until);
        if is_order(&injection.kind) {
            injection.from = done.unwrap_or(Stamp::MAX);
        } else if done.is_some() {
            injection.until = done;
        }
        if let Some((by, visit)) = repair.by.as_deref().zip(last) {
            free_from.insert(by, visit.until);
        }
    }
}

impl Repair {
    /// Every visit, the first by people who leave at `leaves`; the last one repairs it, or it is
    /// given up. Each injection draws from a stream of its own.
    fn visits(&self, leaves: Stamp, seed: Seed, id: &str) -> Vec<Visit> {
        let mut rng = stream(seed, &format!("repair/{id}"));
        let mut takes = |usual: Span| {
            let share = 1.0 + self.spread * (2.0 * rng.random::<f64>() - 1.0);
            let fails = rng.random::<f64>() < self.fails;
            (Span::from_seconds_f64(usual.as_seconds() * share), fails)
        };
        let mut visits: Vec<Visit> = Vec::new();
        let mut now = leaves;
        while visits.len() < VISITS_MAX && visits.last().is_none_or(|visit| !visit.is_repaired) {
            let from = now + takes(self.travel).0;
            let (work, fails) = takes(self.work);
            now = from + work;
            visits.push(Visit { from, until: now, is_repaired: !fails });
        }
        visits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::InjectionId;
    use crate::plant::network::LinkIndex;
    use crate::scenario::injection::NetworkEvent;

    fn at(min: i64) -> Stamp {
        Stamp::from_ms(0).expect("a time") + Span::minutes(min)
    }

    fn broken(id: &str) -> Injection {
        let kind = InjectionKind::Network(NetworkEvent::PumpTrip { pump: LinkIndex(0) });
        Injection { id: InjectionId::new(id).expect("an id"), from: at(0), until: None, kind }
    }

    fn repair(of: usize, called: i64) -> Repair {
        Repair {
            of,
            by: Some("north".to_owned()),
            called: at(called),
            travel: Span::minutes(40),
            work: Span::minutes(90),
            spread: 0.0,
            fails: 0.0,
        }
    }

    fn ends(repairs: &[Repair], seed: u64) -> Vec<Option<Stamp>> {
        let mut injections = [broken("a"), broken("b")];
        end_repaired(repairs, Seed(seed), &mut injections);
        injections.map(|injection| injection.until).to_vec()
    }

    #[test]
    fn it_is_repaired_when_somebody_has_come_and_worked() {
        assert_eq!(ends(&[repair(1, 10)], 1), [None, Some(at(140))]);
    }

    #[test]
    fn one_crew_does_what_it_is_called_for_first_and_two_need_not_wait() {
        // Called for `b` at 10, at work until 140; then 130 min for `a`.
        let both = [repair(0, 20), repair(1, 10)];
        assert_eq!(ends(&both, 1), [Some(at(270)), Some(at(140))]);
        let other = [Repair { by: Some("south".to_owned()), ..repair(0, 20) }, repair(1, 10)];
        assert_eq!(ends(&other, 1), [Some(at(150)), Some(at(140))]);
        let anybody = [Repair { by: None, ..repair(0, 20) }, Repair { by: None, ..repair(1, 20) }];
        assert_eq!(ends(&anybody, 1), [Some(at(150)), Some(at(150))]);
    }

    #[test]
    fn what_always_fails_is_given_up_after_three_visits_and_holds_the_crew_up() {
        let hopeless = Repair { fails: 1.0, ..repair(0, 10) };
        assert_eq!(ends(&[hopeless, repair(1, 20)], 1), [None, Some(at(10 + 4 * 130))]);
    }

    #[test]
    fn an_order_is_carried_out_when_somebody_has_come_and_never_when_it_is_given_up() {
        let done = |fails| {
            let kind = InjectionKind::Power(PowerEvent::DosingReset);
            let mut injections = [broken("a"), Injection { kind, ..broken("b") }];
            end_repaired(&[Repair { fails, ..repair(1, 10) }], Seed(1), &mut injections);
            injections[1].from
        };
        assert_eq!(done(0.0), at(140));
        assert_eq!(done(1.0), Stamp::MAX);
    }

    #[test]
    fn visits_fail_as_often_as_they_should_and_times_stay_within_their_spread() {
        let drawn = Repair { spread: 0.25, fails: 0.3, ..repair(0, 0) };
        let mut failed = 0;
        let mut shortest = f64::MAX;
        let mut longest = 0.0_f64;
        for seed in 0..2_000 {
            let visits = drawn.visits(at(0), Seed(seed), "a");
            failed += usize::from(!visits[0].is_repaired);
            let minutes = (visits[0].until - at(0)).as_seconds() / 60.0;
            (shortest, longest) = (shortest.min(minutes), longest.max(minutes));
        }
        // Binomial: 600 of 2000 with a standard deviation of 20.5.
        assert!((520..=680).contains(&failed), "{failed}");
        assert!(shortest >= 97.5 && longest <= 162.5, "{shortest} to {longest} of 130 ± 25 %");
        assert!(longest - shortest > 45.0, "they differ: {shortest} to {longest}");
    }

    #[test]
    fn another_repair_shifts_no_draw() {
        let drawn = |of, called| Repair { spread: 0.5, fails: 0.5, by: None, ..repair(of, called) };
        let alone = ends(&[drawn(1, 10)], 7)[1];
        assert_eq!(ends(&[drawn(0, 5), drawn(1, 10)], 7)[1], alone);
    }
}
