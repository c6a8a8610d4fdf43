//! The head that houses need (服务水头): by storeys, plus the height of the highest house.

use crate::base::units::Length;
use crate::inspection::limit::{LimitInForce, Side};

/// Minimum service head by storeys.
///
/// Rural figures: 5 m for one storey, 10 m for two, 3.5 m for each further one, plus the height of
/// the user above the connection `[S13w]`. Towns ask for 10, 12 and 4 m (GB 50013-2018, 3.0.10
/// `[S14]`); SL 310 has 5–10 m for one storey `[M]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServiceHead {
    /// For one storey.
    pub one_storey: Length,
    /// For two storeys.
    pub two_storeys: Length,
    /// For each storey from the third.
    pub further_storey: Length,
    /// The pressure must exceed the head by this before the rule clears.
    pub deadband: Length,
}

impl ServiceHead {
    /// Head that houses of `storeys` need at their connection; no storeys count as one.
    pub fn head(&self, storeys: u32) -> Length {
        match storeys {
            0 | 1 => self.one_storey,
            n => self.two_storeys + self.further_storey * f64::from(n - 2),
        }
    }

    /// The limit in kPa for an instrument that stands `rise_m` below the highest house it serves.
    pub fn limit(&self, storeys: u32, rise_m: f64) -> LimitInForce {
        let head = self.head(storeys) + Length::m(rise_m);
        let clear = head + self.deadband;
        let (raise, clear) = (head.as_kpa(), clear.as_kpa());
        LimitInForce { side: Side::Below, raise, clear, unverified: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RURAL: ServiceHead = ServiceHead {
        one_storey: Length::m(5.0),
        two_storeys: Length::m(10.0),
        further_storey: Length::m(3.5),
        deadband: Length::m(1.0),
    };

    #[test]
    fn the_rural_figures_come_out_by_storeys() {
        let heads = [1, 2, 3, 4].map(|storeys| RURAL.head(storeys).as_m());
        assert_eq!(heads, [5.0, 10.0, 13.5, 17.0]);
    }

    #[test]
    fn a_house_above_the_instrument_needs_its_rise_on_top() {
        let limit = RURAL.limit(2, 6.0);
        assert!((limit.raise - 16.0 * 9.807).abs() < 1e-9, "{}", limit.raise);
        assert!((limit.clear - 17.0 * 9.807).abs() < 1e-9, "{}", limit.clear);
        assert!(limit.breaks(156.0) && !limit.breaks(157.0));
    }
}
