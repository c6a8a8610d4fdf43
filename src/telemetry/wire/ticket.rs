//! A resident's complaint, as the hotline passes it on.

use serde::{Deserialize, Serialize};

use crate::base::Stamp;
use crate::base::complaint::{Channel, Problem};
use crate::base::ids::VillageId;

/// A complaint (诉求工单).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Where it comes from.
    pub village: VillageId,
    /// What about.
    pub problem: Problem,
    /// By which way.
    pub channel: Channel,
    /// When it was noticed.
    pub noticed_at: Stamp,
    /// When it was told; not before it was noticed.
    pub filed_at: Stamp,
}
