//! Which quantities can be measured where.

use crate::base::units::Quantity;
use crate::plant::network::{LinkKind, Network, NodeKind};
use crate::plant::tags::Place;

use super::names::{link_kind, node_kind};

/// What a place is, in words, and the quantities that exist there.
///
/// The same pairs for which the world's truth has a value, and ozone, which the model of the water
/// does not hold: who only monitors a plant may measure it. A test holds them together.
pub(super) fn measurable(place: Place, network: &Network) -> (&'static str, &'static [Quantity]) {
    use Quantity::{
        Ammonia, ChlorineDioxide, CodMn, Conductivity, Energy, Flow, FreeChlorine, Level, Ozone,
        Ph, Pressure, State, Temperature, TotalChlorine, Turbidity, Voltage,
    };
    match place {
        Place::Node(index) => match network.nodes.get(index.0).map(|node| &node.kind) {
            Some(kind @ NodeKind::Junction { .. }) => (
                node_kind(kind),
                &[
                    Pressure,
                    Flow,
                    FreeChlorine,
                    TotalChlorine,
                    ChlorineDioxide,
                    Ozone,
                    Turbidity,
                    Conductivity,
                    Temperature,
                ],
            ),
            Some(kind @ NodeKind::Tank(_)) => (
                node_kind(kind),
                &[
                    Level,
                    FreeChlorine,
                    TotalChlorine,
                    ChlorineDioxide,
                    Ozone,
                    Turbidity,
                    Conductivity,
                    Temperature,
                ],
            ),
            Some(kind @ NodeKind::Reservoir) => (
                node_kind(kind),
                &[
                    FreeChlorine,
                    TotalChlorine,
                    ChlorineDioxide,
                    Ozone,
                    Turbidity,
                    Conductivity,
                    Temperature,
                ],
            ),
            None => ("no node", &[]),
        },
        Place::Link(index) => match network.links.get(index.0).map(|link| &link.kind) {
            Some(kind @ LinkKind::Pump { .. }) => (link_kind(kind), &[Flow, State, Energy]),
            Some(kind) => (link_kind(kind), &[Flow, State]),
            None => ("no link", &[]),
        },
        Place::Raw => (
            "the raw water",
            &[Turbidity, Conductivity, Temperature, Flow, Ph, Ammonia, CodMn, Level],
        ),
        Place::CoagulantPump => ("the coagulant's pump", &[State]),
        Place::CoagulantStock => ("the drum of coagulant", &[Level]),
        Place::Settled => ("settled water", &[Turbidity]),
        Place::Filters => ("the filters", &[Level]),
        Place::Filtered => ("the filters' outlet", &[Turbidity, Flow]),
        Place::DosingPump => ("the dosing pump", &[State]),
        Place::Mains => ("the mains", &[State]),
        Place::Generator => ("the generator", &[State]),
        Place::StationBattery(_) => ("a station's battery", &[Voltage]),
        Place::DosingStock => ("the drum of disinfectant", &[Level]),
    }
}
