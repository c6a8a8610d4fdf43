//! What injections make of the state of wear: a condition, or years that pass.

use crate::base::{Span, Stamp};
use crate::plant::{Condition, Plant};
use crate::scenario::injection::{AssetEvent, Injection, InjectionKind, WearFrom};

/// The state of wear of `plant` at `now`: of the `condition` it started from, unless the
/// injections `in_force` say otherwise; later ones win.
pub fn wear<'a>(
    plant: &Plant,
    condition: usize,
    in_force: impl Iterator<Item = &'a Injection>,
    now: Stamp,
) -> Condition {
    let from = WearFrom::of(condition, in_force, now, plant.profile.utc_offset);
    match (from, &plant.ageing) {
        (WearFrom::Condition(at), _) => plant.conditions[at].clone(),
        (WearFrom::Years { new, years }, Some(ageing)) => {
            ageing.wear(&plant.conditions[new], years)
        }
        (WearFrom::Years { new, .. }, None) => plant.conditions[new].clone(),
    }
}

/// The next midnight, when the plant ages day by day.
pub fn next_day(plant: &Plant, injections: &[Injection], now: Stamp) -> Option<Stamp> {
    let ages = |injection: &Injection| {
        let kind = &injection.kind;
        matches!(kind, InjectionKind::Assets(AssetEvent::Ageing { .. })) && injection.is_active(now)
    };
    let offset = plant.profile.utc_offset;
    injections.iter().any(ages).then(|| now.midnight(offset) + Span::DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::InjectionId;
    use crate::plant::ageing::{Ageing, InstrumentAgeing, Part};
    use crate::plant::sample;

    fn at(days: i64) -> Stamp {
        Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time").0 + Span::DAY * days
    }

    fn from(days: i64, event: AssetEvent) -> Injection {
        Injection {
            id: InjectionId::new("i").expect("an id"),
            from: at(days),
            until: None,
            kind: InjectionKind::Assets(event),
        }
    }

    /// A plant whose leaks grow by 2 m³/h a year and whose pumps lose a tenth of their head.
    fn plant() -> Plant {
        let mut plant = sample::plant();
        plant.ageing = Some(Ageing {
            roughness_loss_per_year: 0.0,
            wall_decay_per_year: 0.0,
            leakage_m3_per_h_at_20_m_per_year: 2.0,
            pump_head_loss_per_year: 0.1,
            filter_passage_per_year: 0.0,
            instruments: InstrumentAgeing::default(),
            costs: Part::CHOICES.map(|(_, part)| (part, 0.0)),
        });
        plant
    }

    #[test]
    fn years_pass_day_by_day_and_a_renewal_undoes_them() {
        let plant = plant();
        let new = plant.conditions[2].leakage_m3_per_h_at_20_m;
        let ageing = from(0, AssetEvent::Ageing { new: 2, years: 7.0 });
        let renewal = from(100, AssetEvent::Renewal { parts: vec![Part::Pipes] });
        let injections = [ageing, renewal];
        let on = |day: i64| {
            let in_force = injections.iter().filter(|one| one.is_active(at(day)));
            wear(&plant, 0, in_force, at(day))
        };
        assert!((on(0).leakage_m3_per_h_at_20_m - new - 14.0).abs() < 1e-9);
        assert!((on(99).leakage_m3_per_h_at_20_m - new - 14.0 - 198.0 / 365.25).abs() < 1e-9);
        assert!((on(100).leakage_m3_per_h_at_20_m - new).abs() < 1e-9);
        assert!((on(200).leakage_m3_per_h_at_20_m - new - 200.0 / 365.25).abs() < 1e-9);
        let head = plant.conditions[2].pump_head_factor;
        let worn = head * libm::pow(0.9, 7.0 + 200.0 / 365.25);
        assert!((on(200).pump_head_factor - worn).abs() < 1e-9, "the pumps are not renewed");
        assert_eq!(next_day(&plant, &injections, at(3) + Span::HOUR), Some(at(4)));
        assert_eq!(next_day(&plant, &[], at(3)), None);
    }
}
