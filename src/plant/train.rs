//! The treatment train as described: intake, coagulation and filters, dosing, clear well.

use crate::base::Span;
use crate::plant::network::{LinkIndex, NodeIndex};
use crate::plant::profile::SourceKind;

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
    /// Coagulation and sedimentation by themselves.
    pub clarifying: Clarifying,
    /// The filters by themselves.
    pub bank: FilterBank,
    /// Disinfectant dosing.
    pub dosing: Dosing,
    /// Share of the clear well's volume that counts as contact volume (T10/T), 0.1 to 1.
    pub baffling_factor: f64,
}

/// Raw water on a usual day, which is dry.
#[derive(Debug, Clone, Copy)]
pub struct RawWater {
    /// Where it comes from: the profile says it.
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
    /// Iron, mg/L.
    pub iron_mg_per_l: f64,
    /// Manganese, mg/L.
    pub manganese_mg_per_l: f64,
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
            iron_mg_per_l: 0.2,
            manganese_mg_per_l: 0.04,
            yield_m3_per_h: None,
            depth_m: 3.0,
            seasons: None,
        }
    }
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

/// Coagulation, flocculation and sedimentation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clarifying {
    /// Share of the raw turbidity that goes over to the filters on a usual day.
    pub settled_share: f64,
    /// Coagulant dosed, mg/L of product; none: as a jar test would find, up to `dose_max_mg_per_l`.
    pub dose_mg_per_l: Option<f64>,
    /// What the pump can dose at most, mg/L.
    pub dose_max_mg_per_l: f64,
    /// Volume of the coagulant's drum, L.
    pub drum_l: f64,
    /// Height of that drum when full, m.
    pub drum_height_m: f64,
    /// Product in a litre of what the drum holds, g.
    pub stock_g_per_l: f64,
}

impl Clarifying {
    /// A works whose sheet does not say `[D]`: settled water of 1 NTU from raw water of 12 (target
    /// at most 3 `[M]`), a pump for 80 mg/L of PAC (5 to 30 in usual water `[M]`).
    /// The drum holds a solution of 10 % `[M]`.
    pub const USUAL: Self = Self {
        settled_share: 0.08,
        dose_mg_per_l: None,
        dose_max_mg_per_l: 80.0,
        drum_l: 960.0,
        drum_height_m: 1.0,
        stock_g_per_l: 100.0,
    };

    /// The usual ones for this capacity (m³/h): a drum for two days at 20 mg/L `[D]`.
    pub fn for_capacity(capacity_m3_per_h: f64) -> Self {
        let kg = capacity_m3_per_h * 48.0 * 0.02;
        Self { drum_l: kg * 1_000.0 / Self::USUAL.stock_g_per_l, ..Self::USUAL }
    }
}

/// Rapid sand filters in parallel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FilterBank {
    /// How many.
    pub count: usize,
    /// Sand of each, m².
    pub area_m2: f64,
    /// Rate at which the sheet's figures hold, m/h: 6 to 9 `[M]`.
    pub design_rate_m_per_h: f64,
    /// Head loss of clean sand at that rate, m.
    pub clean_head_loss_m: f64,
    /// Growth of the head loss, m per NTU·m of solids held, at that rate.
    pub head_loss_per_solids: f64,
    /// Head loss at which a filter is washed, m.
    pub head_loss_max_m: f64,
    /// Longest run without a wash.
    pub run_max: Span,
}

impl FilterBank {
    /// A works whose sheet does not say `[D]`: three filters that are washed at 1.8 m (rural
    /// gravity filters: 1.5 to 2.0 m `[M]`) or after 48 h (24 to 72 `[M]`).
    pub const USUAL: Self = Self {
        count: 3,
        area_m2: 5.0,
        design_rate_m_per_h: 7.0,
        clean_head_loss_m: 0.3,
        head_loss_per_solids: 0.006,
        head_loss_max_m: 1.8,
        run_max: Span::hours(48),
    };

    /// The usual bank, its sand for this capacity (m³/h) at the design rate.
    pub fn for_capacity(capacity_m3_per_h: f64) -> Self {
        let usual = Self::USUAL;
        let area_m2 = capacity_m3_per_h / (usual.design_rate_m_per_h * usual.count as f64);
        Self { area_m2, ..usual }
    }

    /// Head loss, m, of a filter that holds `solids` (NTU·m) at `rate` (m/h): laminar in sand, so
    /// in proportion to the rate (Darcy).
    pub fn head_loss_m(&self, solids: f64, rate: f64) -> f64 {
        let at_design = self.clean_head_loss_m + self.head_loss_per_solids * solids;
        at_design * rate / self.design_rate_m_per_h
    }

    /// Solids, NTU·m, with which a filter has this head loss (m) at the design rate.
    pub fn solids_at(&self, head_loss_m: f64) -> f64 {
        (head_loss_m - self.clean_head_loss_m).max(0.0) / self.head_loss_per_solids
    }
}

/// What disinfects the water, of what the model can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Agent {
    /// Chlorine, as hypochlorite.
    #[default]
    Chlorine,
    /// Chlorine dioxide (二氧化氯), of a generator.
    ChlorineDioxide,
}

/// The dosing pump and its drum; a generator of chlorine dioxide and the drum of its feed.
#[derive(Debug, Clone)]
pub struct Dosing {
    /// Its name, such as `DP-1`: injections refer to it.
    pub id: String,
    /// What it doses.
    pub agent: Agent,
    /// Dose it is set to, mg/L of the agent.
    pub dose_mg_per_l: f64,
    /// What the filtered water takes up of it at once, mg/L.
    pub instant_demand_mg_per_l: f64,
    /// Strength of a fresh stock solution, g/L of the agent (that the feed makes, in a generator).
    pub stock_g_per_l: f64,
    /// Share of its strength that the stock loses in a day at 20 °C.
    pub stock_decay_per_day: f64,
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
