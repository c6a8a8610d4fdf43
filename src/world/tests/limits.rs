//! When the Sanmen plant leaves the range of the model, and when it does not.

use super::*;
use crate::base::limit::Limit;
use crate::world::Outside;

/// What lies outside in `hours` of this.
fn outside(condition: usize, hours: i64, injections: &[Injection]) -> Vec<Outside> {
    let plant = sanmen();
    run(world(&plant, condition, injections), hours, |_| ()).outside().to_vec()
}

fn limits(outside: &[Outside]) -> Vec<Limit> {
    outside.iter().map(|it| it.limit).collect()
}

fn until(hours: i64, mut injection: Injection) -> Injection {
    injection.until = Some(at(hours));
    injection
}

#[test]
fn a_quiet_day_stays_inside_new_or_worn() {
    assert_eq!(outside(NORMAL, 24, &[]), []);
    assert_eq!(outside(AGED, 24, &[]), []);
}

#[test]
fn a_pump_that_trips_at_speed_says_what_wave_it_could_make() {
    let pump = pump(&sanmen(), "P-1");
    let trip = injection(at(7), InjectionKind::Network(NetworkEvent::PumpTrip { pump }));
    let found = outside(NORMAL, 8, &[trip]);
    let hammer = found.iter().find(|it| it.limit == Limit::WaterHammer).expect("a wave");
    assert_eq!((hammer.first, hammer.last, hammer.lasted), (at(7), at(7), Span::ZERO));
    // 100 m³/h in 246.8 mm is 0.58 m/s; TANK-1 takes over, so that its main turns
    assert!((0.5..0.8).contains(&hammer.value), "{hammer:?}");
    assert!(hammer.place.as_deref().is_some_and(|place| place.starts_with("M-")), "{hammer:?}");
}

#[test]
fn a_village_without_water_has_dry_pipes_until_it_comes_back() {
    let link = sanmen().network.link("SY-P0").expect("the entry of Suiyang");
    let shut = injection(at(6), InjectionKind::Network(NetworkEvent::ValveShut { link }));
    let found = outside(NORMAL, 12, &[until(9, shut)]);
    let dry = found.iter().find(|it| it.limit == Limit::DryPipes).expect("dry pipes");
    assert!((at(6) + Span::minutes(15)..at(6) + Span::minutes(25)).contains(&dry.first), "{dry:?}");
    assert!(dry.last <= at(9) && dry.last > at(9) - Span::minutes(10), "{dry:?}");
    assert!(dry.places >= 9, "{dry:?}");
    assert!(!limits(&found).contains(&Limit::OldWater), "{found:?}");
}

#[test]
fn raw_water_and_chlorine_beyond_what_is_known_are_told_of() {
    let storm = SourceEvent::RawStorm { peak_ntu: 1_500.0, rise_h: 2.0, recession_h: 12.0 };
    let dose = WorksEvent::DosingSet { dose_mg_per_l: 8.0 };
    let found = outside(
        NORMAL,
        24,
        &[
            injection(at(1), InjectionKind::Source(storm)),
            injection(at(1), InjectionKind::Works(dose)),
        ],
    );
    let ids = limits(&found);
    for limit in [Limit::RawTurbidity, Limit::StrongChlorine] {
        assert!(ids.contains(&limit), "{limit:?} in {found:?}");
    }
    assert!(!ids.contains(&Limit::GiardiaFormula), "{found:?}");
    let raw = found.iter().find(|it| it.limit == Limit::RawTurbidity).expect("a storm");
    assert!(raw.place.is_none() && raw.value > 1_450.0, "{raw:?}");
}

#[test]
fn a_pump_is_told_of_that_gives_more_than_its_curve_or_nothing() {
    let plant = sanmen();
    let node = plant.network.node("J-DISCHARGE").expect("a junction");
    let burst = NetworkEvent::Burst { node, m3_per_h_at_20_m: 300.0 };
    let found = outside(NORMAL, 3, &[injection(at(1), InjectionKind::Network(burst))]);
    assert!(limits(&found).contains(&Limit::PumpBeyondCurve), "{found:?}");
    let link = plant.network.link("M-1").expect("the rising main");
    let shut = NetworkEvent::ValveShut { link };
    let found = outside(NORMAL, 12, &[injection(at(1), InjectionKind::Network(shut))]);
    let idle = found.iter().find(|it| it.limit == Limit::PumpWithoutFlow).expect("it runs on");
    assert_eq!(idle.place.as_deref(), Some("P-1"));
}

#[test]
fn water_that_stands_for_days_is_old_when_somebody_draws_it() {
    let link = sanmen().network.link("SY-P0").expect("the entry of Suiyang");
    let shut = injection(at(2), InjectionKind::Network(NetworkEvent::ValveShut { link }));
    let found = outside(NORMAL, 130, &[until(124, shut)]);
    let old = found.iter().find(|it| it.limit == Limit::OldWater).expect("old water");
    assert!(old.first >= at(124) && old.value > 120.0, "{old:?}");
}
