//! Breakpoint chlorination (折点加氯): what chlorine and ammonia make of each other.

use crate::base::units::Concentration;

/// Chlorine by ammonia (of N), by weight, at which all is monochloramine: 70.9 / 14.0, one to one
/// by molecules.
const ALL_COMBINED: f64 = 5.06;

/// The same at the breakpoint, where the ammonia is oxidised: 3 · 70.9 / (2 · 14.0).
const BREAKPOINT: f64 = 7.6;

/// Free and combined chlorine after the instant reactions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residual {
    /// Free.
    pub free: Concentration,
    /// Bound to ammonia; with the free it makes the total.
    pub combined: Concentration,
    /// Ammonia that is not destroyed, free or bound, of N.
    pub ammonia: Concentration,
}

/// What `chlorine` becomes in water with `ammonia` (of N).
///
/// Below 5.06 : 1 all chlorine is combined; from there to 7.6 : 1 more chlorine destroys what there
/// is; beyond, chlorine stays free. The classical curve with straight lines, at once; in water it
/// takes minutes to half an hour.
///
/// * Source: stoichiometry of NH₂Cl and of 2 NH₃ + 3 Cl₂ → N₂ + 6 HCl; White's Handbook of
///   Chlorination `[M]`.
pub fn residual(chlorine: Concentration, ammonia: Concentration) -> Residual {
    let (chlorine, nitrogen) = (chlorine.as_mg_per_l().max(0.0), ammonia.as_mg_per_l().max(0.0));
    let (first, end) = (ALL_COMBINED * nitrogen, BREAKPOINT * nitrogen);
    let (free, combined, ammonia) = if chlorine <= first {
        (0.0, chlorine, nitrogen)
    } else if chlorine < end {
        let left = (end - chlorine) / (end - first);
        (0.0, first * left, nitrogen * left)
    } else {
        (chlorine - end, 0.0, 0.0)
    };
    Residual {
        free: Concentration::mg_per_l(free),
        combined: Concentration::mg_per_l(combined),
        ammonia: Concentration::mg_per_l(ammonia),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(chlorine: f64, ammonia: f64) -> (f64, f64) {
        let residual =
            residual(Concentration::mg_per_l(chlorine), Concentration::mg_per_l(ammonia));
        (residual.free.as_mg_per_l(), residual.combined.as_mg_per_l())
    }

    #[test]
    fn the_curve_rises_falls_to_the_breakpoint_and_rises_again() {
        assert_eq!(of(0.6, 0.0), (0.6, 0.0));
        assert_eq!(of(0.6, 0.5), (0.0, 0.6), "all combined: total stays, free collapses");
        let (free, combined) = of(5.06, 1.0);
        assert!(free == 0.0 && (combined - 5.06).abs() < 1e-12);
        let (free, combined) = of(6.33, 1.0); // half-way from 5.06 to 7.6
        assert!(free == 0.0 && (combined - 2.53).abs() < 1e-9);
        let left = residual(Concentration::mg_per_l(6.33), Concentration::mg_per_l(1.0)).ammonia;
        assert!((left.as_mg_per_l() - 0.5).abs() < 1e-9, "half of the ammonia is destroyed");
        assert_eq!(of(7.6, 1.0), (0.0, 0.0));
        let (free, combined) = of(8.6, 1.0);
        assert!((free - 1.0).abs() < 1e-9 && combined == 0.0);
    }
}
