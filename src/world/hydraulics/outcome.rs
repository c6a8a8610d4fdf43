//! What a solver says besides numbers.

/// What EPANET found odd about a solution that it still gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// Still moving after all trials (EPANET's warning 1).
    Unbalanced,
    /// Settled only after statuses were frozen (2).
    Unstable,
    /// Nodes with demand have no path to water (3).
    Disconnected,
    /// A pump cannot give the flow or the head (4).
    Pumps,
    /// A valve cannot give its setting (5).
    Valves,
    /// Nodes with demand have negative pressure (6).
    NegativePressure,
}

/// Why EPANET gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// A value that must not reach EPANET.
    #[error("{0}")]
    Input(String),
    /// The equations have no solution that EPANET finds.
    #[error("the hydraulic equations have no solution")]
    NotConverged,
    /// Any other refusal.
    #[error("EPANET {text}")]
    Engine {
        /// EPANET's code, from 101.
        code: i32,
        /// EPANET's words for it.
        text: String,
    },
}
