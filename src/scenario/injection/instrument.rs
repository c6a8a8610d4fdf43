//! How an instrument fails.

use serde::{Deserialize, Serialize};

use crate::base::units::{KPA_PER_M, Quantity, Unit};
use crate::base::{Span, TagId};

/// How an instrument fails. Amounts are in the quantity's unit, shares 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum InstrumentFault {
    /// No fresh water flows past the sensor: what it sees ages in the cell (取样管断流).
    SampleLineLoss {
        /// In this time the residual falls to 1/e, turbidity settles, warmth is lost.
        decay: Span,
    },
    /// It answers more slowly than it should (响应迟缓).
    SlowResponse {
        /// Time constant instead of its own.
        lag: Span,
    },
    /// Dirt shifts it, until it is cleaned (污堵).
    Fouling {
        /// A day, since the last cleaning.
        per_day: f64,
        /// How often it is cleaned; the first time so long after the start.
        clean_every: Span,
    },
    /// It drifts by this much a day, from zero at the start (漂移).
    Drift {
        /// A day.
        per_day: f64,
    },
    /// It is off by a constant (偏差).
    Bias {
        /// So much.
        by: f64,
        /// How it grows in.
        ramp: Ramp,
    },
    /// Its calibration is wrong: gain and zero (校准错误).
    Calibration {
        /// Added to the gain: 0.1 shows 10 % too much.
        gain: f64,
        /// Shown at zero.
        offset: f64,
        /// How it grows in.
        ramp: Ramp,
    },
    /// It is noisier than it should be (噪声增大).
    Noise {
        /// Standard deviation in addition to its own.
        spread: f64,
        /// How it grows in.
        ramp: Ramp,
    },
    /// Single readings jump up or down (尖峰).
    Spikes {
        /// Of the readings.
        share: f64,
        /// Each by as much as this at most, evenly drawn.
        up_to: f64,
    },
    /// Air in the cell: single readings jump up (气泡).
    Bubbles {
        /// Of the readings.
        share: f64,
        /// Each by as much as this at most, evenly drawn.
        up_to: f64,
    },
    /// It cannot show what lies outside (削顶).
    Clip {
        /// Shows no less.
        low: Option<f64>,
        /// Shows no more.
        high: Option<f64>,
    },
    /// It shows its last value for ever (卡死).
    Stuck,
    /// It shows this value for ever, such as zero.
    StuckAt {
        /// Which.
        value: f64,
    },
    /// It reports in another unit than it says (单位错误): `value · factor + offset`.
    WrongUnit {
        /// Of the other unit in ours.
        factor: f64,
        /// The other unit's value at our zero.
        offset: f64,
    },
    /// It loses this share of its readings, one by one, at random (丢数).
    Dropout {
        /// 1 is silent.
        share: f64,
    },
    /// It loses readings in rows (成段丢数).
    BurstLoss {
        /// Of all readings.
        share: f64,
        /// Mean length of a row of losses, readings.
        mean: f64,
    },
    /// Its battery runs down: readings get rarer, then there are none (电池欠压).
    BatteryLow {
        /// From the start to the last reading.
        lasts: Span,
    },
    /// Its clock is off by a constant (时钟偏差).
    ClockSkew {
        /// Positive: it is ahead.
        by: Span,
    },
    /// Its clock drifts (时钟漂移).
    ClockDrift {
        /// A day; positive: it gains.
        per_day: Span,
    },
    /// It sends readings twice (重复).
    Duplicate {
        /// Of the readings.
        share: f64,
    },
    /// It sends readings late, behind newer ones (乱序).
    Late {
        /// Of the readings.
        share: f64,
        /// By so much.
        by: Span,
    },
    /// It and another instrument have changed places (位号接反).
    Swapped {
        /// The other one.
        with: TagId,
    },
}

/// How a fault grows in, from nothing at its start to all of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    /// Its course.
    pub shape: RampShape,
    /// How long it takes.
    pub over: Span,
}

/// The course of a ramp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RampShape {
    /// By as much each minute.
    Linear,
    /// Fast at first: `1 − e^(−t/over)`.
    Exponential,
    /// Slow, fast, slow: `3x² − 2x³`.
    Smooth,
}

impl Ramp {
    /// All of it at once.
    pub const STEP: Self = Self { shape: RampShape::Linear, over: Span::ZERO };

    /// The share that has grown in, 0 to 1, so long after the start.
    pub fn share(self, since: Span) -> f64 {
        if self.over <= Span::ZERO {
            return 1.0;
        }
        let x = since.as_seconds().max(0.0) / self.over.as_seconds();
        match self.shape {
            RampShape::Linear => x.min(1.0),
            RampShape::Exponential => 1.0 - libm::exp(-x),
            RampShape::Smooth => {
                let x = x.min(1.0);
                x * x * (3.0 - 2.0 * x)
            }
        }
    }
}

/// Units that an instrument of `quantity` may be set to by mistake: name, factor, offset.
///
/// Source: definitions of the units; 1 m of water = 9.807 kPa as everywhere here.
pub fn foreign_units(quantity: Quantity) -> &'static [(&'static str, (f64, f64))] {
    const KPA: [(&str, (f64, f64)); 4] = [
        ("MPa", (0.001, 0.0)),
        ("bar", (0.01, 0.0)),
        ("m", (1.0 / KPA_PER_M, 0.0)),
        ("psi", (1.0 / 6.894_757, 0.0)),
    ];
    match quantity.measured_in() {
        Unit::KPA => &KPA,
        Unit::M3_PER_H => &[("L/s", (1.0 / 3.6, 0.0)), ("m3/d", (24.0, 0.0))],
        Unit::M => &[("cm", (100.0, 0.0)), ("mm", (1_000.0, 0.0))],
        Unit::MG_PER_L => &[("ug/L", (1_000.0, 0.0))],
        Unit::NTU => &[("mNTU", (1_000.0, 0.0))],
        Unit::US_PER_CM => &[("mS/cm", (0.001, 0.0))],
        Unit::DEG_C => &[("degF", (1.8, 32.0))],
        Unit::KWH => &[("MWh", (0.001, 0.0)), ("MJ", (3.6, 0.0))],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_grows_from_nothing_to_all_in_its_own_shape() {
        let share =
            |shape, minutes| Ramp { shape, over: Span::minutes(10) }.share(Span::minutes(minutes));
        assert_eq!([0, 5, 10, 20].map(|m| share(RampShape::Linear, m)), [0.0, 0.5, 1.0, 1.0]);
        // a quarter of the way: 3/16 - 2/64
        assert!((share(RampShape::Smooth, 5) - 0.5).abs() < 1e-12);
        let quarter = Ramp { shape: RampShape::Smooth, over: Span::minutes(20) };
        assert!((quarter.share(Span::minutes(5)) - 0.156_25).abs() < 1e-12);
        assert!((share(RampShape::Exponential, 10) - 0.632_120_558).abs() < 1e-9);
        assert_eq!(Ramp::STEP.share(Span::ZERO), 1.0);
    }

    #[test]
    fn foreign_units_convert_as_defined() {
        let convert = |quantity, name: &str, value: f64| {
            let (_, (factor, offset)) = foreign_units(quantity)
                .iter()
                .find(|(unit, _)| *unit == name)
                .expect("the unit is listed");
            value * factor + offset
        };
        assert!((convert(Quantity::Pressure, "MPa", 350.0) - 0.35).abs() < 1e-12);
        assert!((convert(Quantity::Pressure, "psi", 100.0) - 14.503_774).abs() < 1e-5);
        assert!((convert(Quantity::Temperature, "degF", 20.0) - 68.0).abs() < 1e-12);
        assert!((convert(Quantity::Flow, "L/s", 36.0) - 10.0).abs() < 1e-12);
        assert!(foreign_units(Quantity::Ph).is_empty());
    }
}
