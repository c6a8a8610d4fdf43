//! When the works produces: the clear well's level starts and stops it.

use crate::base::units::{Flow, Length};
use crate::plant::network::{ControlAction, ControlWhen, Network, SimpleControl};
use crate::plant::train::Train;

/// The network with the train's control of production in place of the file's.
///
/// The train says what the works does; an `.inp` has its own controls so that it runs in EPANET.
pub fn with_production_control(network: &Network, train: &Train) -> Network {
    let mut network = network.clone();
    network.controls.retain(|control| control.link != train.production);
    let capacity = Flow::m3_per_h(train.capacity_m3_per_h).as_m3_per_s();
    let level = Length::m;
    network.controls.push(SimpleControl {
        link: train.production,
        action: ControlAction::Setting(capacity),
        when: ControlWhen::Below(train.clear_well, level(train.start_level_m)),
    });
    network.controls.push(SimpleControl {
        link: train.production,
        action: ControlAction::Closed,
        when: ControlWhen::Above(train.clear_well, level(train.stop_level_m)),
    });
    network
}
