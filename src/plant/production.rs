//! When the works produces: the clear well's level starts and stops it.

use super::network::{ControlAction, ControlWhen, Network, SimpleControl};
use super::train::Train;
use crate::base::units::{Flow, Length};

/// Puts the train's control of production in place of the file's.
///
/// The train says what the works does; an `.inp` has its own controls so that it runs in EPANET.
pub(super) fn control_production(network: &mut Network, train: &Train) {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::network::{LinkIndex, NodeIndex};
    use crate::plant::train::{Agent, Clarifying, Dosing, FilterBank, Filters, RawWater};

    #[test]
    fn the_train_replaces_the_files_control_of_production_and_no_other() {
        let control = |link, level| SimpleControl {
            link: LinkIndex(link),
            action: ControlAction::Closed,
            when: ControlWhen::Above(NodeIndex(1), Length::m(level)),
        };
        let mut network =
            Network { controls: vec![control(0, 9.0), control(3, 9.0)], ..<_>::default() };
        let train = Train {
            outlet: NodeIndex(0),
            production: LinkIndex(0),
            clear_well: NodeIndex(1),
            capacity_m3_per_h: 36.0,
            start_level_m: 2.0,
            stop_level_m: 3.0,
            raw: RawWater::of(10.0, 180.0, 10.0),
            filters: Filters {
                passage: 0.01,
                overload_ntu: 100.0,
                overload_passage_per_ntu: 0.0,
                floor_ntu: 0.1,
                volume_m3: 100.0,
            },
            clarifying: Clarifying::USUAL,
            bank: FilterBank::USUAL,
            dosing: Dosing {
                agent: Agent::Chlorine,
                id: "DP-1".to_owned(),
                dose_mg_per_l: 1.0,
                instant_demand_mg_per_l: 0.4,
                stock_g_per_l: 100.0,
                stock_decay_per_day: 0.0,
                drum_l: 300.0,
                drum_height_m: 0.9,
                initial_share: 0.8,
                refill_below_share: 0.25,
            },
            baffling_factor: 0.5,
        };
        control_production(&mut network, &train);
        let controls = network.controls;
        assert_eq!(controls.len(), 3);
        assert_eq!(controls[0].link, LinkIndex(3));
        assert_eq!(controls[1].action, ControlAction::Setting(0.01));
        let stops = ControlWhen::Above(NodeIndex(1), Length::m(3.0));
        assert_eq!((controls[2].action, controls[2].when), (ControlAction::Closed, stops));
    }
}
