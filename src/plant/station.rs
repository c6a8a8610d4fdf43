//! Remote stations: instruments that live on a battery and a solar panel of their own.

use crate::base::Text;
use crate::base::ids::StationId;

/// Latitude of a station that says nothing else, °N `[D]`: the south of Hubei.
pub const LATITUDE_DEG: f64 = 29.7;

/// A station on battery and sun (太阳能遥测站).
#[derive(Debug, Clone, PartialEq)]
pub struct Station {
    /// Its id.
    pub id: StationId,
    /// Its name.
    pub title: Text,
    /// What its battery holds, Wh.
    pub battery_wh: f64,
    /// What instruments and radio take, W.
    pub load_w: f64,
    /// What its panel gives in full sun (1,000 W/m²), W.
    pub panel_w: f64,
    /// Below this share of its charge the load is cut off, to save the battery …
    pub off_below_share: f64,
    /// … and above this one it is switched on again.
    pub on_above_share: f64,
    /// Where it stands, °N.
    pub latitude_deg: f64,
}

impl Station {
    /// How long a full battery carries the load without any sun, hours.
    pub fn hours_without_sun(&self) -> f64 {
        self.battery_wh * (1.0 - self.off_below_share) / self.load_w
    }

    /// Voltage of a battery of 12 V that has this share of its charge, V: a straight line from the
    /// empty to the full one at rest, and up to 0.8 V more while it is charged `[M]`.
    ///
    /// `charging`: power into the battery, W, as a share of the panel's.
    pub fn voltage(charge_share: f64, charging: f64) -> f64 {
        11.4 + 1.4 * charge_share + 0.8 * charging.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_battery_of_twelve_volts_has_its_voltages() {
        assert!((Station::voltage(1.0, 0.0) - 12.8).abs() < 1e-12);
        assert!((Station::voltage(0.2, 0.0) - 11.68).abs() < 1e-12);
        assert!((Station::voltage(1.0, 2.0) - 13.6).abs() < 1e-12);
    }
}
