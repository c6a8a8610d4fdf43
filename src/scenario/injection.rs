//! What a scenario does to the plant: who, what, from when to when.

use serde::{Deserialize, Serialize};

use crate::base::ids::{InjectionId, VillageId};
use crate::base::{Stamp, TagId};
use crate::plant::network::{LinkIndex, NodeIndex};

/// Something that happens to the plant; start inclusive, end exclusive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Injection {
    /// Its name in the scenario.
    pub id: InjectionId,
    /// From then on.
    pub from: Stamp,
    /// Until then (repair); for good when absent.
    pub until: Option<Stamp>,
    /// What happens.
    pub kind: InjectionKind,
}

impl Injection {
    /// Is it in force at `now`?
    pub fn is_active(&self, now: Stamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum InjectionKind {
    /// A pump stops and stays off (跳闸).
    PumpTrip {
        /// The pump.
        pump: LinkIndex,
    },
    /// A pump's head curve sinks to this share.
    PumpWear {
        /// The pump.
        pump: LinkIndex,
        /// Share of the head that is left, 0.3 to 1.
        head_share: f64,
    },
    /// The dosing pump loses its prime: nothing is dosed.
    DosingNoFlow {
        /// Does its signal still say that it runs?
        keep_signal: bool,
    },
    /// The dose is set to this value.
    DosingSet {
        /// mg/L of free chlorine.
        dose_mg_per_l: f64,
    },
    /// A pipe bursts beside a node (爆管).
    Burst {
        /// Where.
        node: NodeIndex,
        /// Water lost at 20 m of pressure, m³/h; follows the root of the pressure.
        m3_per_h_at_20_m: f64,
    },
    /// Demand is multiplied.
    Demand {
        /// One village, or all.
        village: Option<VillageId>,
        /// By this factor, 0 to 10.
        factor: f64,
    },
    /// Rain makes the raw water turbid: a rise to the peak, then an exponential recession.
    RawStorm {
        /// Highest raw turbidity, NTU.
        peak_ntu: f64,
        /// Hours to the peak.
        rise_h: f64,
        /// Hours in which it then falls to 1/e.
        recession_h: f64,
    },
    /// The plant changes into another condition, such as `renewed` (改造).
    Condition {
        /// Position in `Plant::conditions`.
        to: usize,
    },
    /// The gateway sends nothing, and loses what it would have sent.
    GatewaySilence,
    /// An instrument fails.
    Instrument {
        /// Which.
        tag: TagId,
        /// How.
        fault: InstrumentFault,
    },
}

/// How an instrument fails.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum InstrumentFault {
    /// It shows its last value for ever (卡死).
    Stuck,
    /// It drifts by this much a day, from zero at the start (漂移).
    Drift {
        /// In the quantity's unit.
        per_day: f64,
    },
    /// It is off by a constant.
    Bias {
        /// In the quantity's unit.
        by: f64,
    },
    /// It loses this share of its readings, at random.
    Dropout {
        /// 0 to 1; 1 is silent.
        share: f64,
    },
}
