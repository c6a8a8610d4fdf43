//! What happens to the treatment.

use serde::{Deserialize, Serialize};

/// What happens to the treatment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WorksEvent {
    /// Leaves and sand clog the intake's screen (取水口堵塞).
    IntakeClogged {
        /// Share of the capacity that still gets through, 0 to 1.
        share: f64,
    },
    /// No coagulant is dosed (混凝剂中断).
    CoagulantOff,
    /// The coagulant's dose is set to this value.
    CoagulantSet {
        /// mg/L of product.
        dose_mg_per_l: f64,
    },
    /// The coagulant's pump loses its prime: nothing is dosed.
    CoagulantNoFlow {
        /// Does its signal still say that it runs?
        keep_signal: bool,
    },
    /// The stroke of the coagulant's pump is wrong (行程失准).
    CoagulantStroke {
        /// What it gives of what it is set to, as a share.
        share: f64,
    },
    /// This much is left in the coagulant's drum, and nobody fills it.
    CoagulantDrum {
        /// Share of the drum, 0 to 1.
        share: f64,
    },
    /// A filter is washed by hand (反冲洗), once, at the start.
    FilterWash {
        /// Its number, from 1.
        filter: usize,
    },
    /// Sand is lost, or the bed has cracks (滤层穿透).
    FilterLeak {
        /// The turbidity that passes is multiplied by this.
        factor: f64,
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
    /// This much is left in the drum, and nobody refills it (断药).
    DosingDrum {
        /// Share of the drum, 0 to 1.
        share: f64,
    },
    /// The stock is weaker than it should be (药剂失效).
    DosingWeak {
        /// Share of its strength that is left, 0 to 1.
        share: f64,
    },
}
