//! Sample line (取样管断流): no fresh water flows past the sensor; the water in the cell ages.

use crate::base::Span;
use crate::base::units::Quantity;

/// Temperature of a cabinet, to which standing water tends, °C `[D]`.
const AMBIENT_DEG_C: f64 = 20.0;

/// What the cell's water has come to `since` the flow stopped, when it was `held` then.
///
/// The residual decays, turbidity settles, warmth is lost: first order. Salts and pH stay.
pub fn aged(quantity: Quantity, held: f64, decay: Span, since: Span) -> f64 {
    let left = libm::exp(-since.as_seconds() / decay.as_seconds());
    match quantity {
        Quantity::FreeChlorine
        | Quantity::TotalChlorine
        | Quantity::ChlorineDioxide
        | Quantity::Ozone
        | Quantity::Turbidity => held * left,
        Quantity::Temperature => AMBIENT_DEG_C + (held - AMBIENT_DEG_C) * left,
        _ => held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_decay_time_a_third_of_the_chlorine_is_left_and_the_water_has_warmed() {
        let aged = |quantity, held| aged(quantity, held, Span::hours(2), Span::hours(2));
        assert!((aged(Quantity::FreeChlorine, 0.60) - 0.60 / std::f64::consts::E).abs() < 1e-12);
        assert!((aged(Quantity::Temperature, 8.0) - 15.585_446_706).abs() < 1e-9);
        assert_eq!(aged(Quantity::Conductivity, 180.0), 180.0);
    }
}
