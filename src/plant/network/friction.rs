//! EPANET's three formulas for what pipes take from the water, and how each of them ages.

use crate::base::units::Length;

/// The flow at which pipes of two formulas are alike, m/s: what pipes of a works are made for.
const SPEED: f64 = 1.0;

const G: f64 = 9.81;

/// Kinematic viscosity of water at 20 °C, m²/s.
const VISCOSITY: f64 = 1.004e-6;

/// Exponent of C in Hazen and Williams' formula.
const C_EXPONENT: f64 = 1.852;

/// Roughness heights that the friction factor can be turned back into, m and share of the diameter.
const HEIGHT_LEAST: f64 = 1e-6;
const HEIGHT_MOST: f64 = 0.2;

/// A friction formula; it says what a pipe's roughness is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Friction {
    /// Hazen–Williams: the roughness is C, the higher the smoother.
    #[default]
    HazenWilliams,
    /// Darcy–Weisbach: the roughness is a height in m.
    DarcyWeisbach,
    /// Chezy–Manning: the roughness is Manning's n.
    ChezyManning,
}

impl Friction {
    /// EPANET's word for each.
    pub const CHOICES: [(&'static str, Self); 3] =
        [("H-W", Self::HazenWilliams), ("D-W", Self::DarcyWeisbach), ("C-M", Self::ChezyManning)];

    /// EPANET's word for it.
    pub fn word(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, own)| *own == self).map_or("H-W", |(word, _)| word)
    }

    /// The roughness of a pipe that loses, at 1 m/s, what one with this C loses.
    pub fn like_c(self, c: f64, diameter: Length) -> f64 {
        match self {
            Self::HazenWilliams => c,
            _ => self.roughness(Self::HazenWilliams.slope(c, diameter), diameter),
        }
    }

    /// The roughness of a pipe that has come to lose, at 1 m/s, what a Hazen–Williams pipe loses
    /// more when this share of its C is left: C falls, the height and n grow.
    pub fn worn(self, roughness: f64, diameter: Length, share_of_c: f64) -> f64 {
        match self {
            Self::HazenWilliams => roughness * share_of_c,
            _ if share_of_c == 1.0 => roughness,
            Self::ChezyManning => roughness * libm::pow(share_of_c, -C_EXPONENT / 2.0),
            Self::DarcyWeisbach => {
                let slope = self.slope(roughness, diameter) * libm::pow(share_of_c, -C_EXPONENT);
                self.roughness(slope, diameter)
            }
        }
    }

    /// Head lost at 1 m/s, m per m.
    ///
    /// Source: EPANET 2.2 User Manual, pipe head-loss formulas; Swamee and Jain's friction factor.
    fn slope(self, roughness: f64, diameter: Length) -> f64 {
        let diameter = diameter.as_m();
        match self {
            Self::HazenWilliams => {
                let flow = SPEED * std::f64::consts::FRAC_PI_4 * diameter * diameter;
                10.67 * libm::pow(flow / roughness, C_EXPONENT) / libm::pow(diameter, 4.871)
            }
            Self::DarcyWeisbach => {
                let log = libm::log10(roughness / (3.7 * diameter) + smooth(diameter));
                0.25 / (log * log) * SPEED * SPEED / (2.0 * G * diameter)
            }
            Self::ChezyManning => {
                let n = roughness * SPEED;
                n * n / libm::pow(diameter / 4.0, 4.0 / 3.0)
            }
        }
    }

    /// The roughness that loses so much: `slope` turned round.
    fn roughness(self, slope: f64, diameter: Length) -> f64 {
        let diameter = diameter.as_m();
        match self {
            Self::HazenWilliams => {
                let flow = SPEED * std::f64::consts::FRAC_PI_4 * diameter * diameter;
                flow * libm::pow(10.67 / (slope * libm::pow(diameter, 4.871)), 1.0 / C_EXPONENT)
            }
            Self::DarcyWeisbach => {
                let factor = slope * 2.0 * G * diameter / (SPEED * SPEED);
                let inner = libm::pow(10.0, -0.5 / libm::sqrt(factor));
                let height = 3.7 * diameter * (inner - smooth(diameter));
                height.max(HEIGHT_LEAST).min(HEIGHT_MOST * diameter)
            }
            Self::ChezyManning => libm::sqrt(slope * libm::pow(diameter / 4.0, 4.0 / 3.0)) / SPEED,
        }
    }
}

/// What Swamee and Jain's logarithm has of a smooth pipe.
fn smooth(diameter: f64) -> f64 {
    5.74 / libm::pow(SPEED * diameter / VISCOSITY, 0.9)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Friction; 3] =
        [Friction::HazenWilliams, Friction::DarcyWeisbach, Friction::ChezyManning];

    #[test]
    fn a_pipe_like_a_c_loses_as_much_at_a_metre_a_second() {
        for friction in ALL {
            for (c, diameter) in [(130.0, 0.1), (110.0, 0.3), (80.0, 0.05)] {
                let diameter = Length::m(diameter);
                let slope = friction.slope(friction.like_c(c, diameter), diameter);
                let wanted = Friction::HazenWilliams.slope(c, diameter);
                assert!((slope / wanted - 1.0).abs() < 1e-9, "{friction:?}: {slope} {wanted}");
            }
        }
        // Manning: n² v² / R^(4/3); n = 0.01, D = 0.4 m, R = 0.1 m.
        let slope = Friction::ChezyManning.slope(0.01, Length::m(0.4));
        assert!((slope - 1e-4 / libm::pow(0.1, 4.0 / 3.0)).abs() < 1e-12);
        // A smooth 100 mm pipe has f near 0.018 at 1 m/s (Moody).
        let factor = Friction::DarcyWeisbach.slope(1.5e-6, Length::m(0.1)) * 2.0 * G * 0.1;
        assert!((0.0175..0.0185).contains(&factor), "{factor}");
    }

    #[test]
    fn every_formula_ages_by_the_same_loss() {
        let new = [120.0, 0.0002, 0.012];
        for (friction, roughness) in ALL.into_iter().zip(new) {
            let diameter = Length::m(0.15);
            assert_eq!(friction.worn(roughness, diameter, 1.0), roughness);
            let worn = friction.worn(roughness, diameter, 0.6);
            let more = friction.slope(worn, diameter) / friction.slope(roughness, diameter);
            assert!((more / libm::pow(0.6, -1.852) - 1.0).abs() < 1e-9, "{friction:?}: {more}");
            assert_eq!(worn < roughness, friction == Friction::HazenWilliams, "{worn}");
        }
    }
}
