//! Other friction formulas as a Hazen–Williams C.

/// The flow at which both formulas lose as much, m/s: what pipes of a works are made for.
const SPEED: f64 = 1.0;

const G: f64 = 9.81;
/// Kinematic viscosity of water at 20 °C, m²/s.
const VISCOSITY: f64 = 1.004e-6;

/// A file's friction formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadLoss {
    /// Its roughness is C itself.
    HazenWilliams,
    /// Its roughness is a height.
    DarcyWeisbach,
    /// Its roughness is Manning's n.
    ChezyManning,
}

impl HeadLoss {
    /// The C of a pipe that loses as much at 1 m/s. `value`: the file's roughness; `height_m`: the
    /// same as a height in m; `diameter` in m.
    ///
    /// Source: EPANET 2.2 User Manual, pipe head-loss formulas; Swamee and Jain's friction factor.
    pub fn as_c(self, value: f64, height_m: f64, diameter: f64) -> f64 {
        let slope = match self {
            Self::HazenWilliams => return value,
            Self::DarcyWeisbach => {
                let reynolds = SPEED * diameter / VISCOSITY;
                let inner = height_m / (3.7 * diameter) + 5.74 / libm::pow(reynolds, 0.9);
                let log = libm::log10(inner);
                0.25 / (log * log) * SPEED * SPEED / (2.0 * G * diameter)
            }
            Self::ChezyManning => {
                value * value * SPEED * SPEED / libm::pow(diameter / 4.0, 4.0 / 3.0)
            }
        };
        let flow = SPEED * std::f64::consts::FRAC_PI_4 * diameter * diameter;
        flow * libm::pow(10.67 / (slope * libm::pow(diameter, 4.871)), 1.0 / 1.852)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c_has_the_loss_of_the_formula_it_stands_for() {
        let slope = |c: f64, d: f64| {
            let q = std::f64::consts::FRAC_PI_4 * d * d;
            10.67 * libm::pow(q / c, 1.852) / libm::pow(d, 4.871)
        };
        // Manning: n² v² / R^(4/3); n = 0.01, D = 0.4 m, R = 0.1 m.
        let c = HeadLoss::ChezyManning.as_c(0.01, 0.0, 0.4);
        assert!((slope(c, 0.4) / (1e-4 / libm::pow(0.1, 4.0 / 3.0)) - 1.0).abs() < 1e-9);
        // A smooth 100 mm pipe has f near 0.018 at 1 m/s (Moody): C near 145.
        let c = HeadLoss::DarcyWeisbach.as_c(0.0015, 1.5e-6, 0.1);
        assert!((140.0..155.0).contains(&c), "{c}");
        assert_eq!(HeadLoss::HazenWilliams.as_c(120.0, 0.0, 0.1), 120.0);
    }
}
