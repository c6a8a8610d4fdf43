//! Tanks: how much water stands at which level, and how it mixes.

use crate::base::units::{Length, Volume};

/// A tank; levels count from its bottom.
#[derive(Debug, Clone, PartialEq)]
pub struct Tank {
    /// Level at the start.
    pub initial_level: Length,
    /// It counts as empty here.
    pub min_level: Length,
    /// It is full here.
    pub max_level: Length,
    /// How much it holds at which level.
    pub shape: Shape,
    /// Does a full tank spill (true), or shut its inflow by a float valve (false)?
    pub overflow: bool,
    /// What becomes of the water that comes in.
    pub mixing: Mixing,
}

/// A tank's form.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Upright walls about a circle.
    Cylinder {
        /// Diameter.
        diameter: Length,
    },
    /// Volumes at levels, both rising, from the lowest level to the highest at least; straight
    /// between them (EPANET's volume curve).
    Curve(Vec<(Length, Volume)>),
}

/// How water mixes in a tank: EPANET's four models.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Mixing {
    /// At once and completely.
    #[default]
    Complete,
    /// In two compartments, each mixed: water comes into and leaves the first, and the second
    /// takes what the first cannot hold.
    TwoCompartments {
        /// The first, as a share of the full tank, above 0 and at most 1.
        inlet_share: f64,
    },
    /// Not at all: what came first leaves first (plug flow).
    FirstInFirstOut,
    /// Not at all: what came last leaves first (layers).
    LastInFirstOut,
}

impl Tank {
    /// A cylinder that mixes completely and shuts its inflow when it is full.
    ///
    /// * `levels`: initial, lowest, highest.
    pub fn cylinder(levels: [Length; 3], diameter: Length) -> Self {
        let [initial_level, min_level, max_level] = levels;
        Self {
            initial_level,
            min_level,
            max_level,
            shape: Shape::Cylinder { diameter },
            overflow: false,
            mixing: Mixing::Complete,
        }
    }

    /// The same tank, holding so much at its lowest level, where that is not the cylinder's; less
    /// than a thousandth of a full tank counts as the cylinder's. 0: nobody has said.
    pub fn with_least_volume(self, least: Volume) -> Self {
        let (low, full) = (self.volume(self.min_level), self.volume(self.max_level));
        let other = (least - low).as_m3();
        if least <= Volume::ZERO || other.abs() <= 1e-3 * full.as_m3() {
            return self;
        }
        let mut points = vec![(self.min_level, least), (self.max_level, least + full - low)];
        if self.min_level > Length::ZERO {
            points.insert(0, (Length::ZERO, Volume::ZERO));
        }
        Self { shape: Shape::Curve(points), ..self }
    }

    /// Water at `level`.
    pub fn volume(&self, level: Length) -> Volume {
        match &self.shape {
            Shape::Cylinder { diameter } => Volume::m3(area_m2(*diameter) * level.as_m()),
            Shape::Curve(points) => {
                Volume::m3(straight(points, level.as_m(), Length::as_m, Volume::as_m3))
            }
        }
    }

    /// The level at which it holds `volume`.
    pub fn level(&self, volume: Volume) -> Length {
        match &self.shape {
            Shape::Cylinder { diameter } => Length::m(volume.as_m3() / area_m2(*diameter)),
            Shape::Curve(points) => {
                let turned: Vec<(Volume, Length)> = points.iter().map(|(l, v)| (*v, *l)).collect();
                Length::m(straight(&turned, volume.as_m3(), Volume::as_m3, Length::as_m))
            }
        }
    }

    /// Water between two levels, m³; negative when it falls.
    pub fn between_m3(&self, from: Length, to: Length) -> f64 {
        match &self.shape {
            Shape::Cylinder { diameter } => area_m2(*diameter) * (to - from).as_m(),
            Shape::Curve(_) => self.volume(to).as_m3() - self.volume(from).as_m3(),
        }
    }

    /// Surface at the middle of its use, m².
    pub fn surface_m2(&self) -> f64 {
        let height = (self.max_level - self.min_level).as_m();
        self.between_m3(self.min_level, self.max_level) / height
    }
}

fn area_m2(diameter: Length) -> f64 {
    std::f64::consts::FRAC_PI_4 * diameter.as_m() * diameter.as_m()
}

/// The height of a rising curve at `x`, straight between its points, flat beyond them.
fn straight<X: Copy, Y: Copy>(
    points: &[(X, Y)],
    x: f64,
    x_of: impl Fn(X) -> f64,
    y_of: impl Fn(Y) -> f64,
) -> f64 {
    let next = points.partition_point(|(at, _)| x_of(*at) < x);
    let point = |at: usize| points.get(at).map(|(x, y)| (x_of(*x), y_of(*y)));
    match (next.checked_sub(1).and_then(point), point(next)) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (None, Some((_, y))) | (Some((_, y)), None) => y,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels() -> [Length; 3] {
        [1.0, 0.5, 3.0].map(Length::m)
    }

    #[test]
    fn a_cylinder_holds_its_surface_times_its_level() {
        let tank = Tank::cylinder(levels(), Length::m(2.0));
        let pi = std::f64::consts::PI;
        assert!((tank.volume(Length::m(1.5)).as_m3() - 1.5 * pi).abs() < 1e-12);
        assert!((tank.level(Volume::m3(pi)).as_m() - 1.0).abs() < 1e-12);
        assert!((tank.between_m3(Length::m(2.0), Length::m(1.5)) + 0.5 * pi).abs() < 1e-12);
        assert!((tank.surface_m2() - pi).abs() < 1e-12);
    }

    #[test]
    fn a_curve_is_straight_between_its_points_both_ways_and_flat_beyond_them() {
        let points = [(0.0, 10.0), (2.0, 30.0), (3.0, 90.0)];
        let curve = points.map(|(level, volume)| (Length::m(level), Volume::m3(volume)));
        let tank =
            Tank { shape: Shape::Curve(curve.to_vec()), ..Tank::cylinder(levels(), Length::ZERO) };
        let volume = |level| tank.volume(Length::m(level)).as_m3();
        assert_eq!([-1.0, 0.0, 1.0, 2.5, 9.0].map(volume), [10.0, 10.0, 20.0, 60.0, 90.0]);
        let level = |volume| tank.level(Volume::m3(volume)).as_m();
        assert_eq!([5.0, 20.0, 30.0, 60.0, 95.0].map(level), [0.0, 1.0, 2.0, 2.5, 3.0]);
        assert_eq!(tank.between_m3(Length::m(1.0), Length::m(2.5)), 40.0);
        assert_eq!(tank.surface_m2(), 30.0);
    }
}
