//! Wrong unit (单位错误): the right value, sent in another unit than the birth says.

/// Decimals that are kept, so that 196.1 kPa is sent as 0.1961 and never as 0.19610000000000002.
const DECIMALS: f64 = 1e9;

/// The number of `value` in the other unit.
pub fn number(value: f64, factor: f64, offset: f64) -> f64 {
    ((value * factor + offset) * DECIMALS).round() / DECIMALS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_that_of_the_other_unit_as_people_write_it() {
        assert_eq!(number(196.1, 0.001, 0.0).to_string(), "0.1961"); // kPa as MPa
        assert_eq!(number(8.5, 1.8, 32.0).to_string(), "47.3"); // °C as °F
    }
}
