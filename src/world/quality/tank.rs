//! The water in a tank, by how it mixes: EPANET's four models (`qualreact.c`, `tankmix1` to 4).

use super::segment::{Column, End};
use super::{Carried, Load, SPECIES};
use crate::plant::network::{Mixing, Tank};

/// The water of one tank.
#[derive(Debug, Clone)]
pub(super) struct Store {
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    /// All of it is alike.
    Mixed(Part),
    /// Water comes into and leaves `inlet`, which holds `most` m³; `rest` takes what is above.
    Two { inlet: Part, rest: Part, most: f64 },
    /// New water comes in at the column's start. Old water leaves at its end, or what came last
    /// leaves first.
    Layers { column: Column, last_first: bool },
}

/// Some m³ of one mixture.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    volume: f64,
    water: Carried,
}

impl Part {
    /// Mixes a load in.
    fn mix(&mut self, load: &Load) {
        let mut sum = *load;
        sum.add(self.volume, &self.water);
        self.volume = sum.water_m3();
        if self.volume > 0.0 {
            self.water = sum.carried();
        }
    }

    /// Gives up to `volume` m³ and adds them to `load`; gives how much came.
    fn give(&mut self, volume: f64, load: &mut Load) -> f64 {
        let given = volume.clamp(0.0, self.volume);
        load.add(given, &self.water);
        self.volume -= given;
        given
    }
}

/// What moves through a tank in one step, m³.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passing<'a> {
    /// What comes in.
    pub supply: &'a Load,
    /// Leaves through links and to people.
    pub out: f64,
    /// Spills over the rim.
    pub spilled: f64,
    /// What the tank holds afterwards, by the hydraulics.
    pub after: f64,
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passed {
    /// Went over the rim.
    pub spilled: Load,
    /// Gained because volumes do not balance to the last digit.
    pub numerical: Load,
}

impl Store {
    /// A tank at its initial level, full of one water.
    pub fn new(tank: &Tank, water: Carried) -> Self {
        let volume = tank.volume(tank.initial_level).as_m3();
        let part = |volume| Part { volume, water };
        let layers =
            |last_first| Content::Layers { column: Column::new(volume, water), last_first };
        let content = match tank.mixing {
            Mixing::Complete => Content::Mixed(part(volume)),
            Mixing::TwoCompartments { inlet_share } => {
                let most = inlet_share * tank.volume(tank.max_level).as_m3();
                let rest = (volume - most).max(0.0);
                Content::Two { inlet: part(volume - rest), rest: part(rest), most }
            }
            Mixing::FirstInFirstOut => layers(false),
            Mixing::LastInFirstOut => layers(true),
        };
        Self { content }
    }

    /// The water that leaves, or would leave.
    pub fn water(&self) -> Carried {
        match &self.content {
            Content::Mixed(part) | Content::Two { inlet: part, .. } => part.water,
            Content::Layers { column, last_first } => {
                let outlet =
                    if *last_first { column.segments().front() } else { column.segments().back() };
                outlet.map_or([0.0; SPECIES], |segment| segment.carried)
            }
        }
    }

    /// Lets every part react: its volume and its water.
    pub fn react(&mut self, mut act: impl FnMut(f64, &mut Carried)) {
        match &mut self.content {
            Content::Mixed(part) => act(part.volume, &mut part.water),
            Content::Two { inlet, rest, .. } => {
                act(inlet.volume, &mut inlet.water);
                act(rest.volume, &mut rest.water);
            }
            Content::Layers { column, .. } => {
                column.segments_mut().for_each(|layer| act(layer.volume, &mut layer.carried));
            }
        }
    }

    /// Adds what the tank holds to `load`.
    pub fn add_load(&self, load: &mut Load) {
        match &self.content {
            Content::Mixed(part) => load.add(part.volume, &part.water),
            Content::Two { inlet, rest, .. } => {
                load.add(inlet.volume, &inlet.water);
                load.add(rest.volume, &rest.water);
            }
            Content::Layers { column, .. } => column.add_load(load),
        }
    }

    /// Lets one step's water through. Gives the water that leaves, and what became of the rest.
    pub fn pass(&mut self, passing: &Passing<'_>) -> (Carried, Passed) {
        let mut before = Load::ZERO;
        self.add_load(&mut before);
        let mut spilled = Load::ZERO;
        let water = match &mut self.content {
            Content::Mixed(part) => {
                part.mix(passing.supply);
                spilled.add(passing.spilled, &part.water);
                part.volume = passing.after;
                part.water
            }
            Content::Two { inlet, rest, most } => {
                two_pass(inlet, rest, *most, passing, &mut spilled);
                inlet.water
            }
            Content::Layers { column, last_first } => {
                layers_pass(column, *last_first, passing, &mut spilled)
            }
        };
        let mut numerical = spilled;
        self.add_load(&mut numerical);
        numerical.add(passing.out, &water);
        numerical -= &before;
        numerical -= passing.supply;
        (water, Passed { spilled, numerical })
    }
}

fn two_pass(
    inlet: &mut Part,
    rest: &mut Part,
    most: f64,
    passing: &Passing<'_>,
    spilled: &mut Load,
) {
    let net = passing.supply.water_m3() - passing.out;
    inlet.mix(passing.supply);
    if net < 0.0 {
        let mut load = Load::ZERO;
        rest.give(-net, &mut load);
        inlet.mix(&load);
    }
    inlet.volume = (inlet.volume - passing.out).max(0.0);
    let above = (inlet.volume - most).max(0.0);
    if net > 0.0 && above > 0.0 {
        let mut load = Load::ZERO;
        inlet.give(above, &mut load);
        rest.mix(&load);
    }
    let over = rest.give(passing.spilled, spilled);
    inlet.give(passing.spilled - over, spilled);
    inlet.volume = (passing.after - rest.volume).max(0.0);
    rest.volume = passing.after - inlet.volume;
}

fn layers_pass(
    column: &mut Column,
    last_first: bool,
    passing: &Passing<'_>,
    spilled: &mut Load,
) -> Carried {
    let outlet = if last_first { End::Start } else { End::Finish };
    let came = passing.supply.water_m3();
    if came > 0.0 {
        column.push(End::Start, came, &passing.supply.carried());
    }
    let mut load = Load::ZERO;
    let drawn = column.draw(outlet, passing.out, &mut load);
    column.draw(End::Finish, passing.spilled, spilled);
    // What the hydraulics round belongs to the water at the outlet.
    let excess = column.content() - passing.after;
    if excess > 0.0 {
        column.draw(outlet, excess, &mut Load::default());
    } else {
        column.swell(outlet, -excess);
    }
    if drawn > 0.0 {
        load.carried()
    } else {
        let segment = match outlet {
            End::Start => column.segments().front(),
            End::Finish => column.segments().back(),
        };
        segment.map_or([0.0; SPECIES], |segment| segment.carried)
    }
}

#[cfg(test)]
mod tests {
    use super::super::CONDUCTIVITY;
    use super::*;
    use crate::base::units::Length;

    /// 4 m³ when full, 2 m³ of old water at the beginning.
    fn store(mixing: Mixing) -> Store {
        let diameter = Length::m(2.0 / libm::sqrt(std::f64::consts::PI));
        let levels = [2.0, 0.0, 4.0].map(Length::m);
        let tank = Tank { mixing, ..Tank::cylinder(levels, diameter) };
        Store::new(&tank, [0.0; SPECIES])
    }

    /// New water (1 µS/cm) comes in, water leaves; gives the conductivity of what leaves.
    fn pass(store: &mut Store, volume: f64, out: f64, after: f64) -> f64 {
        let mut new = [0.0; SPECIES];
        new[CONDUCTIVITY] = 1.0;
        let mut supply = Load::ZERO;
        supply.add(volume, &new);
        let passing = Passing { supply: &supply, out, spilled: 0.0, after };
        let (water, passed) = store.pass(&passing);
        assert!(passed.numerical[CONDUCTIVITY].abs() < 1e-12, "{passed:?}");
        water[CONDUCTIVITY]
    }

    #[test]
    fn what_came_first_leaves_first_after_the_whole_old_water() {
        let mut store = store(Mixing::FirstInFirstOut);
        let out: Vec<f64> = (0..5).map(|_| pass(&mut store, 0.5, 0.5, 2.0)).collect();
        assert_eq!(out, [0.0, 0.0, 0.0, 0.0, 1.0], "2 m³ at 0.5 m³ a step");
    }

    #[test]
    fn what_came_last_leaves_first_and_the_old_water_stays() {
        let mut store = store(Mixing::LastInFirstOut);
        assert_eq!(pass(&mut store, 1.0, 0.0, 3.0), 1.0);
        assert_eq!(pass(&mut store, 0.5, 0.5, 3.0), 1.0);
        let emptying: Vec<f64> =
            [2.5, 2.0, 1.5].map(|after| pass(&mut store, 0.0, 0.5, after)).into();
        assert_eq!(emptying, [1.0, 1.0, 0.0], "then the old");
    }

    #[test]
    fn two_compartments_hand_over_what_the_first_cannot_hold_and_take_it_back() {
        let mut store = store(Mixing::TwoCompartments { inlet_share: 0.25 });
        // 1 m³ at the inlet, 1 m³ behind it, both old; 1 m³ comes in: half new at the inlet.
        assert_eq!(pass(&mut store, 1.0, 0.0, 3.0), 0.5);
        let Content::Two { inlet, rest, .. } = &store.content else { unreachable!("two") };
        assert_eq!([inlet.volume, rest.volume], [1.0, 2.0]);
        assert_eq!([inlet.water[CONDUCTIVITY], rest.water[CONDUCTIVITY]], [0.5, 0.25]);
        // 1 m³ leaves; as much comes back from behind, and mixes first.
        assert_eq!(pass(&mut store, 0.0, 1.0, 2.0), 0.375);
        // The rest goes last of all from the inlet alone.
        assert_eq!(pass(&mut store, 0.0, 1.5, 0.5), 0.375 / 2.0 + 0.25 / 2.0);
    }

    #[test]
    fn a_mixed_tank_is_one_water() {
        let mut store = store(Mixing::Complete);
        assert_eq!(pass(&mut store, 2.0, 1.0, 3.0), 0.5);
    }
}
