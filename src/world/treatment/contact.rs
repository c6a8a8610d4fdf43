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

/// Orders of magnitude that chlorine takes from Giardia cysts: L of
/// CT = 0.2828 · pH^2.69 · Cl^0.15 · 0.933^(T − 5) · L.
///
/// * Units: `ct` mg·min/L, `chlorine` mg/L, °C. Range: 0.5 to 25 °C, pH 6 to 9; beyond it the value
///   at its end. Within 11 % of EPA's tables.
/// * Source: Smith, Clark, Pierce and Regli 1995, EPA disinfection profiling `[S36]`.
pub fn giardia_log(ct: f64, chlorine: f64, ph: f64, deg_c: f64) -> f64 {
    if ct <= 0.0 || chlorine <= 0.0 {
        return 0.0;
    }
    let warmth = libm::pow(0.933, deg_c.clamp(0.5, 25.0) - 5.0);
    let per_log = 0.2828 * libm::pow(ph.clamp(6.0, 9.0), 2.69) * libm::pow(chlorine, 0.15) * warmth;
    ct / per_log
}

/// CT of chlorine dioxide for 3 log of Giardia cysts, mg·min/L, by °C `[S64]`.
const CHLORINE_DIOXIDE_3_LOG: [(f64, f64); 6] =
    [(1.0, 63.0), (5.0, 26.0), (10.0, 23.0), (15.0, 19.0), (20.0, 15.0), (25.0, 11.0)];

/// Orders of magnitude that chlorine dioxide takes from Giardia cysts, by EPA's table.
///
/// * Units: `ct` mg·min/L, °C. Range: pH 6 to 9, 1 to 25 °C, beyond it as at its end; between two
///   temperatures of the table in a straight line.
/// * Source: EPA 815-R-20-003, table B-3 `[S64]`.
pub fn giardia_log_of_chlorine_dioxide(ct: f64, deg_c: f64) -> f64 {
    let table = CHLORINE_DIOXIDE_3_LOG;
    let mut three_log = if deg_c < table[0].0 { table[0].1 } else { table[table.len() - 1].1 };
    for pair in table.windows(2) {
        let [(cold, of_cold), (warm, of_warm)] = [pair[0], pair[1]];
        if (cold..=warm).contains(&deg_c) {
            three_log = of_cold + (of_warm - of_cold) * (deg_c - cold) / (warm - cold);
        }
    }
    3.0 * ct.max(0.0) / three_log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chlorine_dioxide_takes_giardia_as_epas_table_says() {
        for (deg_c, ct) in CHLORINE_DIOXIDE_3_LOG {
            assert!((giardia_log_of_chlorine_dioxide(ct, deg_c) - 3.0).abs() < 1e-12);
            assert!((giardia_log_of_chlorine_dioxide(ct / 3.0, deg_c) - 1.0).abs() < 1e-12);
        }
        let at = |deg_c| giardia_log_of_chlorine_dioxide(21.0, deg_c);
        assert!((at(12.5) - 3.0).abs() < 1e-12, "half-way from 23 to 19");
        assert_eq!((at(-1.0), at(30.0)), (at(1.0), at(25.0)));
        assert_eq!(giardia_log_of_chlorine_dioxide(0.0, 10.0), 0.0);
    }

    /// CT for 3 log of Giardia by free chlorine: °C, mg/L, pH, mg·min/L; EPA 815-R-20-003,
    /// table B-1, its corners and what is between them `[S64]`.
    const CELLS_B1: [(f64, f64, f64, f64); 24] = [
        (0.5, 0.4, 6.0, 137.0),
        (0.5, 1.0, 7.5, 253.0),
        (0.5, 3.0, 9.0, 552.0),
        (5.0, 0.4, 6.0, 97.0),
        (5.0, 0.6, 7.0, 143.0),
        (5.0, 1.0, 7.5, 179.0),
        (5.0, 2.0, 8.0, 243.0),
        (5.0, 3.0, 9.0, 389.0),
        (10.0, 0.4, 7.0, 104.0),
        (10.0, 1.0, 7.5, 134.0),
        (10.0, 2.0, 8.5, 221.0),
        (10.0, 3.0, 6.0, 95.0),
        (15.0, 0.4, 7.5, 83.0),
        (15.0, 1.0, 7.0, 75.0),
        (15.0, 2.0, 8.0, 122.0),
        (15.0, 3.0, 9.0, 195.0),
        (20.0, 0.6, 7.0, 54.0),
        (20.0, 1.0, 8.0, 81.0),
        (20.0, 2.0, 7.5, 75.0),
        (20.0, 3.0, 9.0, 146.0),
        (25.0, 0.4, 6.0, 24.0),
        (25.0, 1.0, 7.5, 45.0),
        (25.0, 2.0, 8.5, 74.0),
        (25.0, 3.0, 9.0, 97.0),
    ];

    #[test]
    fn twenty_four_cells_of_epas_table_are_met_within_eleven_percent() {
        let mut mean = 0.0;
        for (deg_c, chlorine, ph, ct) in CELLS_B1 {
            let found = giardia_log(ct, chlorine, ph, deg_c) / 3.0;
            assert!((1.0 / found - 1.0).abs() < 0.11, "{found} at {deg_c} °C, pH {ph}");
            mean += found / CELLS_B1.len() as f64;
        }
        assert!((mean - 1.0).abs() < 0.03, "{mean}: neither bold nor shy on the whole");
    }

    #[test]
    fn giardia_goes_as_epas_tables_say_within_eight_percent() {
        // (CT, log, mg/L, pH, °C) of EPA's tables [S37][S37b]
        for (ct, log, chlorine, ph, deg_c) in
            [(92.0, 3.0, 1.2, 7.5, 15.0), (60.0, 2.0, 1.0, 7.5, 15.0)]
        {
            let found = giardia_log(ct, chlorine, ph, deg_c);
            assert!((found / log - 1.0).abs() < 0.08, "{found} for {log}");
        }
        let at = |deg_c| giardia_log(50.0, 0.8, 7.0, deg_c);
        assert!(at(15.0) / at(5.0) > 1.9, "cold water needs twice the CT in 10 °C");
        assert_eq!((giardia_log(0.0, 0.0, 7.0, 10.0), at(30.0)), (0.0, at(25.0)));
    }

    #[test]
    fn half_of_400_m3_at_100_m3_per_h_is_two_hours() {
        let contact = contact_min(0.5, Volume::m3(400.0), Flow::m3_per_h(100.0));
        assert!((contact - 120.0).abs() < 1e-9);
        assert_eq!(contact_min(0.5, Volume::m3(400.0), Flow::ZERO), CONTACT_MIN_MOST);
        assert_eq!(contact_min(0.5, Volume::ZERO, Flow::ZERO), CONTACT_MIN_MOST);
    }
}
