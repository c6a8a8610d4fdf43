//! What pumps take from the mains.

use crate::base::units::{Flow, KPA_PER_M, Length, Power};
use crate::plant::network::{Link, LinkKind};

/// Electrical power of a pump that lifts `flow` by `lift` at a relative `speed`; none for other
/// links and without flow. `head_share`: what is left of its head.
///
/// ρ·g·Q·H/η with ρ·g = 9.807 kN/m³. A worn pump keeps its shaft power at a flow and gives less
/// head for it: its efficiency sinks as its head does `[D]`.
pub fn power(link: &Link, flow: Flow, lift: Length, speed: f64, head_share: f64) -> Power {
    let LinkKind::Pump { efficiency, .. } = &link.kind else { return Power::ZERO };
    if flow <= Flow::ZERO || speed <= 0.0 {
        return Power::ZERO;
    }
    let share = efficiency.share(flow, speed) * head_share;
    Power::kw(KPA_PER_M * flow.as_m3_per_s() * lift.as_m().max(0.0) / share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::sample;

    #[test]
    fn a_pump_takes_what_it_lifts_through_its_losses() {
        let network = sample::plant().network;
        let (pump, pipe) = (&network.links[1], &network.links[2]);
        let (flow, lift) = (Flow::m3_per_h(20.0), Length::m(50.0)); // its best point
        let taken = |flow, lift, share| power(pump, flow, lift, 1.0, share).as_kw();
        // 9.807 kN/m³ · 20/3600 m³/s · 50 m / 0.65
        assert!((taken(flow, lift, 1.0) - 4.191_025_6).abs() < 1e-6);
        assert_eq!(taken(Flow::ZERO, lift, 1.0), 0.0);
        assert_eq!(power(pipe, flow, lift, 1.0, 1.0), Power::ZERO);
        // Worn to 80 %, at the same flow: 80 % of the head for the same power.
        let worn = taken(flow, Length::m(40.0), 0.8);
        assert!((worn - taken(flow, lift, 1.0)).abs() < 1e-12, "{worn}");
    }
}
