//! The treatment train as described: intake, coagulation and filters, dosing, clear well.

use crate::plant::network::{LinkIndex, NodeIndex};

/// From raw water to the clear well.
#[derive(Debug, Clone)]
pub struct Train {
    /// The reservoir of the network file that stands for the filters' outlet.
    pub outlet: NodeIndex,
    /// The flow-control valve that the works' production is set by.
    pub production: LinkIndex,
    /// The clear well (清水池), a tank of the network file.
    pub clear_well: NodeIndex,
    /// The works produces at most this, m³/h.
    pub capacity_m3_per_h: f64,
    /// Production starts below this level of the clear well, m, and stops at `stop_level_m`.
    pub start_level_m: f64,
    /// See `start_level_m`.
    pub stop_level_m: f64,
    /// Raw water on a usual day.
    pub raw: RawWater,
    /// Coagulation, sedimentation, filters as one removal step.
    pub filters: Filters,
    /// Disinfectant dosing.
    pub dosing: Dosing,
    /// Share of the clear well's volume that counts as contact volume (T10/T), 0.1 to 1.
    pub baffling_factor: f64,
}

/// Raw water on a usual day, which is dry.
#[derive(Debug, Clone, Copy)]
pub struct RawWater {
    /// Where it comes from.
    pub kind: SourceKind,
    /// NTU.
    pub turbidity_ntu: f64,
    /// µS/cm.
    pub conductivity_us_per_cm: f64,
    /// °C, daily mean; with `seasons`, those say it.
    pub temperature_deg_c: f64,
    /// pH.
    pub ph: f64,
    /// Colour, mg/L Pt-Co.
    pub colour_pt_co: f64,
    /// Permanganate index (CODMn), mg/L of O₂.
    pub codmn_mg_per_l: f64,
    /// Ammonia, mg/L of N.
    pub ammonia_mg_per_l: f64,
    /// Algae, million cells a litre.
    pub algae_million_per_l: f64,
    /// E. coli, MPN in 100 mL.
    pub e_coli_per_100_ml: f64,
    /// What the source gives at most, m³/h; none: more than the works ever takes.
    pub yield_m3_per_h: Option<f64>,
    /// Depth of the water at the intake, m.
    pub depth_m: f64,
    /// Coldest and warmest of the year; none: every day is like the next.
    pub seasons: Option<Seasons>,
}

impl RawWater {
    /// A clean mountain stream of this turbidity (NTU), conductivity (µS/cm) and temperature (°C);
    /// what the three do not say is invented `[D]`, within GB 3838-2002 class II `[M]`.
    pub const fn of(turbidity_ntu: f64, conductivity_us_per_cm: f64, deg_c: f64) -> Self {
        Self {
            kind: SourceKind::River,
            turbidity_ntu,
            conductivity_us_per_cm,
            temperature_deg_c: deg_c,
            ph: 7.4,
            colour_pt_co: 10.0,
            codmn_mg_per_l: 2.0,
            ammonia_mg_per_l: 0.06,
            algae_million_per_l: 0.5,
            e_coli_per_100_ml: 200.0,
            yield_m3_per_h: None,
            depth_m: 3.0,
            seasons: None,
        }
    }
}

/// Where raw water comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A river or a stream (河流).
    River,
    /// A reservoir or a lake (水库).
    Reservoir,
    /// A spring (山泉).
    Spring,
    /// A well (水井).
    Well,
}

/// The year's temperatures of a river beside the source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seasons {
    /// In late January, °C.
    pub coldest_deg_c: f64,
    /// In late July, °C.
    pub warmest_deg_c: f64,
}

/// Coagulation, sedimentation and filters as one step with a delay.
#[derive(Debug, Clone, Copy)]
pub struct Filters {
    /// Share of the raw turbidity that passes on a usual day.
    pub passage: f64,
    /// Raw turbidity above which the step is overloaded, NTU; passage grows linearly beyond it.
    pub overload_ntu: f64,
    /// Growth of the passage per NTU above `overload_ntu`.
    pub overload_passage_per_ntu: f64,
    /// Lowest turbidity the filters reach, NTU.
    pub floor_ntu: f64,
    /// Water in the step, m³: with the flow it gives the delay.
    pub volume_m3: f64,
}

/// The dosing pump and its drum.
#[derive(Debug, Clone)]
pub struct Dosing {
    /// Its name, such as `DP-1`: injections refer to it.
    pub id: String,
    /// Dose it is set to, mg/L of free chlorine.
    pub dose_mg_per_l: f64,
    /// Chlorine that the filtered water takes up at once, mg/L.
    pub instant_demand_mg_per_l: f64,
    /// Strength of the stock solution, g/L of free chlorine.
    pub stock_g_per_l: f64,
    /// Volume of the drum, L.
    pub drum_l: f64,
    /// Height of the drum when full, m.
    pub drum_height_m: f64,
    /// Share of the drum that is full at the start, and after a refill.
    pub initial_share: f64,
    /// On the morning round the operator refills a drum that has less than this share left;
    /// 0: nobody does.
    pub refill_below_share: f64,
}
