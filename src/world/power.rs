//! Power at a plant: mains, generator, what the gateway lives on, and the dosing pump that a cut
//! throws out.
//!
//! All of it follows from the injections alone, so that the gateway can know it too.

use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp};
use crate::plant::power::OwnPower;
use crate::scenario::injection::{Injection, InjectionKind, PowerEvent};

/// Hour of the day at which somebody looks at the works and switches the dosing on again, if
/// nobody has before `[D]`.
const ROUND: Span = Span::hours(8);

/// What has power at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerState {
    /// Are the mains there?
    pub mains: bool,
    /// Does the generator carry the plant?
    pub generator: bool,
    /// May the dosing pump run? A cut throws it out until somebody resets it.
    pub dosing: bool,
    /// Does the gateway run?
    pub gateway: bool,
}

impl PowerState {
    /// A plant on its mains.
    pub const USUAL: Self = Self { mains: true, generator: false, dosing: true, gateway: true };

    /// Can pumps run?
    pub fn is_powered(self) -> bool {
        self.mains || self.generator
    }
}

/// The power of a plant over a whole run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Power {
    /// From each moment on, by rising time; before the first all is as usual.
    changes: Vec<(Stamp, PowerState)>,
}

impl Power {
    /// What `injections` make of the power of a plant with `own`; the UPS is full again as soon as
    /// there is power `[D]`.
    pub fn of(own: &OwnPower, offset: UtcOffset, injections: &[Injection]) -> Self {
        let of = |event| {
            let kind = InjectionKind::Power(event);
            injections.iter().filter(move |one| one.kind == kind)
        };
        let cuts: Vec<&Injection> = of(PowerEvent::GridCut).collect();
        let starts: Vec<Injection> = own.generator.map_or_else(Vec::new, |generator| {
            let later =
                |one: &Injection| Injection { from: one.from + generator.start, ..one.clone() };
            of(PowerEvent::GeneratorStart).map(later).collect()
        });
        let resets: Vec<Stamp> = of(PowerEvent::DosingReset).map(|one| one.from).collect();
        let edges = cuts.iter().copied().chain(&starts).flat_map(|one| [Some(one.from), one.until]);
        let mut moments: Vec<Stamp> = edges.flatten().chain(resets.iter().copied()).collect();
        moments.sort_unstable();
        let mut changes = Vec::new();
        let mut next = moments.first().copied();
        let mut fuel = own.generator.map_or(Span::ZERO, |generator| generator.fuel);
        let (mut ups, mut dosing) = (own.ups, true);
        while let Some(now) = next {
            let mains = !cuts.iter().any(|cut| cut.is_active(now));
            let is_running = starts.iter().any(|start| start.is_active(now));
            let generator = !mains && is_running && fuel > Span::ZERO;
            let is_powered = mains || generator;
            let is_round = now == now.midnight(offset) + ROUND;
            dosing = is_powered && (dosing || is_round || resets.contains(&now));
            if is_powered {
                ups = own.ups;
            }
            let gateway = is_powered || ups.is_none_or(|left| left > Span::ZERO);
            changes.push((now, PowerState { mains, generator, dosing, gateway }));
            let by_itself = [
                generator.then(|| now + fuel),
                ups.filter(|_| !is_powered && gateway).map(|left| now + left),
                (is_powered && !dosing).then(|| next_round(now, offset)),
            ];
            let later = moments.iter().copied().filter(|moment| *moment > now);
            next = later.chain(by_itself.into_iter().flatten()).min();
            let passed = next.map_or(Span::ZERO, |next| next - now);
            if generator {
                fuel = (fuel - passed).max(Span::ZERO);
            }
            if !is_powered {
                ups = ups.map(|left| (left - passed).max(Span::ZERO));
            }
        }
        Self { changes }
    }

    /// What has power at `now`.
    pub fn at(&self, now: Stamp) -> PowerState {
        let count = self.changes.partition_point(|(from, _)| *from <= now);
        count.checked_sub(1).map_or(PowerState::USUAL, |last| self.changes[last].1)
    }

    /// The first change after `now`, if any.
    pub fn next_change(&self, now: Stamp) -> Option<Stamp> {
        self.changes.iter().map(|(from, _)| *from).find(|from| *from > now)
    }

    /// When the gateway has no power: from, until (for good when none).
    pub fn silences(&self) -> Vec<(Stamp, Option<Stamp>)> {
        let mut silences: Vec<(Stamp, Option<Stamp>)> = Vec::new();
        for (at, state) in &self.changes {
            match silences.last_mut() {
                Some((_, until @ None)) if state.gateway => *until = Some(*at),
                Some((_, None)) => {}
                _ if !state.gateway => silences.push((*at, None)),
                _ => {}
            }
        }
        silences
    }
}

fn next_round(now: Stamp, offset: UtcOffset) -> Stamp {
    let today = now.midnight(offset) + ROUND;
    if today > now { today } else { today + Span::DAY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::InjectionId;
    use crate::plant::power::Generator;

    /// Minutes after 19:00 of a day.
    fn at(minute: i64) -> Stamp {
        let (start, _) = Stamp::parse("2024-12-05T19:00:00+08:00").expect("a time");
        start + Span::minutes(minute)
    }

    fn inject(from: i64, until: Option<i64>, event: PowerEvent) -> Injection {
        Injection {
            id: InjectionId::new("i").expect("an id"),
            from: at(from),
            until: until.map(at),
            kind: InjectionKind::Power(event),
        }
    }

    fn power(own: OwnPower, injections: &[Injection]) -> Power {
        Power::of(&own, UtcOffset::CHINA, injections)
    }

    const OWN: OwnPower = OwnPower {
        generator: Some(Generator { start: Span::minutes(12), fuel: Span::hours(2) }),
        ups: Some(Span::minutes(20)),
    };

    #[test]
    fn a_cut_stops_pumps_at_once_the_gateway_when_its_ups_is_empty_and_both_come_back() {
        let power = power(OWN, &[inject(30, Some(270), PowerEvent::GridCut)]);
        assert_eq!(power.at(at(29)), PowerState::USUAL);
        let dark = PowerState { mains: false, generator: false, dosing: false, gateway: true };
        assert_eq!(power.at(at(30)), dark);
        assert_eq!(power.at(at(49)), dark);
        assert_eq!(power.at(at(50)), PowerState { gateway: false, ..dark });
        assert_eq!(power.at(at(270)), PowerState { dosing: false, ..PowerState::USUAL });
        assert_eq!(power.silences(), [(at(50), Some(at(270)))]);
        let round = at(13 * 60); // 08:00 of the next day
        assert_eq!(power.next_change(at(270)), Some(round));
        assert_eq!((power.at(round), power.next_change(round)), (PowerState::USUAL, None));
    }

    #[test]
    fn a_generator_carries_the_plant_from_its_order_on_until_its_fuel_is_gone() {
        let injections = [
            inject(30, Some(270), PowerEvent::GridCut),
            inject(31, None, PowerEvent::GeneratorStart),
            inject(50, None, PowerEvent::DosingReset),
        ];
        let power = power(OWN, &injections);
        assert!(!power.at(at(42)).is_powered());
        let runs = PowerState { mains: false, generator: true, dosing: false, gateway: true };
        assert_eq!(power.at(at(43)), runs);
        assert_eq!(power.at(at(50)), PowerState { dosing: true, ..runs });
        assert!(power.at(at(162)).generator && !power.at(at(163)).generator, "two hours of fuel");
        assert!(power.at(at(182)).gateway && !power.at(at(183)).gateway, "a UPS that was full");
    }

    #[test]
    fn an_order_without_a_cut_starts_nothing_and_a_reset_in_the_dark_does_not_last() {
        let order = power(OWN, &[inject(0, None, PowerEvent::GeneratorStart)]);
        assert_eq!(order.at(at(60)), PowerState::USUAL);
        let injections =
            [inject(0, Some(60), PowerEvent::GridCut), inject(30, None, PowerEvent::DosingReset)];
        assert!(!power(OWN, &injections).at(at(61)).dosing);
    }

    #[test]
    fn without_ups_times_and_generator_the_gateway_goes_on_and_nothing_starts() {
        let injections =
            [inject(0, None, PowerEvent::GridCut), inject(1, None, PowerEvent::GeneratorStart)];
        let power = power(OwnPower::default(), &injections);
        let state = power.at(at(600));
        assert!(state.gateway && !state.is_powered());
        assert!(power.silences().is_empty());
    }
}
