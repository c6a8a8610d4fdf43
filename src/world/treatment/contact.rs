//! Contact time in the clear well.

use crate::base::units::{Flow, Volume};

/// Longest contact time told, min: a well at rest would have no end.
pub const CONTACT_MIN_MOST: f64 = 1_440.0;

/// T10 = baffling factor · V/Q: the time nine tenths of the water stays at least.
///
/// * Units: gives min, 0 to `CONTACT_MIN_MOST`. Source: EPA disinfection profiling `[M]`; baffling
///   factor 0.1 unbaffled to 0.7 good.
pub fn contact_min(baffling_factor: f64, volume: Volume, outflow: Flow) -> f64 {
    let minutes = baffling_factor * volume.as_m3() / (outflow.as_m3_per_s() * 60.0);
    if minutes.is_finite() { minutes.clamp(0.0, CONTACT_MIN_MOST) } else { CONTACT_MIN_MOST }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_400_m3_at_100_m3_per_h_is_two_hours() {
        let contact = contact_min(0.5, Volume::m3(400.0), Flow::m3_per_h(100.0));
        assert!((contact - 120.0).abs() < 1e-9);
        assert_eq!(contact_min(0.5, Volume::m3(400.0), Flow::ZERO), CONTACT_MIN_MOST);
        assert_eq!(contact_min(0.5, Volume::ZERO, Flow::ZERO), CONTACT_MIN_MOST);
    }
}
