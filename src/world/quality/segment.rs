//! The water in one pipe as a row of segments, each with one mixture.

use std::collections::VecDeque;

use super::{
    AGE, ALUMINIUM, AMMONIA, BY_PRODUCT, CHLORATE, CHLORINE, CHLORITE, COMBINED, CONDUCTIVITY,
    Carried, E_COLI, Load, MANGANESE, ORGANICS, SPECIES, SUBSTANCE, TURBIDITY,
};

/// Most segments a pipe keeps; beyond it the least different neighbours become one.
pub const SEGMENTS_MAX: usize = 100;

/// New water joins the newest segment when no species differs by more than this.
///
/// EPANET's usual quality tolerance is 0.01 mg/L; ours is finer, and 0.1 h of age is what
/// chlorine of 0.6 mg/L at 0.5 /d needs to lose 0.001 mg/L `[D]`.
const JOIN_WITHIN: Carried = {
    let mut within = [0.0; SPECIES];
    within[CHLORINE] = 0.002;
    within[TURBIDITY] = 0.005;
    within[CONDUCTIVITY] = 0.5;
    within[AGE] = 0.1;
    within[CHLORATE] = 0.002;
    within[COMBINED] = 0.002;
    within[E_COLI] = 0.1;
    within[BY_PRODUCT] = 0.001;
    within[ORGANICS] = 0.05;
    within[AMMONIA] = 0.01;
    within[ALUMINIUM] = 0.01;
    within[MANGANESE] = 0.005;
    within[CHLORITE] = 0.005;
    within[SUBSTANCE] = 1.0;
    within
};

/// A leftover below this share of the pipe joins its neighbour.
const DUST: f64 = 1e-12;

/// An end of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At the link's start node.
    Start,
    /// At the link's end node.
    Finish,
}

/// Water of one mixture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// m³.
    pub volume: f64,
    /// What it carries.
    pub carried: Carried,
}

impl Segment {
    fn absorb(&mut self, other: &Self) {
        let volume = self.volume + other.volume;
        if volume > 0.0 {
            let share = other.volume / volume;
            for (own, new) in self.carried.iter_mut().zip(&other.carried) {
                *own += (new - *own) * share;
            }
        }
        self.volume = volume;
    }

    /// How far apart two mixtures are, in units of `JOIN_WITHIN`.
    fn distance(&self, carried: &Carried) -> f64 {
        let mut most = 0.0_f64;
        for i in 0..SPECIES {
            most = most.max((self.carried[i] - carried[i]).abs() / JOIN_WITHIN[i]);
        }
        most
    }
}

/// A pipe full of water: segments from its start to its end, and what settled on its floor.
#[derive(Debug, Clone)]
pub struct Column {
    segments: VecDeque<Segment>,
    volume: f64,
    /// Settled turbidity, NTU · m³.
    pub deposit: f64,
}

impl Column {
    /// A pipe of `volume` m³ full of one mixture.
    pub fn new(volume: f64, carried: Carried) -> Self {
        Self { segments: VecDeque::from([Segment { volume, carried }]), volume, deposit: 0.0 }
    }

    /// The pipe's volume, m³.
    pub fn volume(&self) -> f64 {
        self.volume
    }

    /// The segments from start to end.
    pub fn segments(&self) -> &VecDeque<Segment> {
        &self.segments
    }

    /// The segments from start to end, to react.
    pub fn segments_mut(&mut self) -> std::collections::vec_deque::IterMut<'_, Segment> {
        self.segments.iter_mut()
    }

    /// Water in the pipe, m³; between two draws and pushes it may differ from `volume`.
    pub fn content(&self) -> f64 {
        self.segments.iter().map(|segment| segment.volume).sum()
    }

    /// Pushes `volume` m³ in at one end.
    pub fn push(&mut self, at: End, volume: f64, carried: &Carried) {
        if volume <= 0.0 {
            return;
        }
        let new = Segment { volume, carried: *carried };
        let newest = match at {
            End::Start => self.segments.front_mut(),
            End::Finish => self.segments.back_mut(),
        };
        if let Some(newest) = newest
            && newest.distance(carried) <= 1.0
        {
            newest.absorb(&new);
            return;
        }
        match at {
            End::Start => self.segments.push_front(new),
            End::Finish => self.segments.push_back(new),
        }
        if self.segments.len() > SEGMENTS_MAX {
            self.join_least_different();
        }
    }

    /// Draws up to `volume` m³ out at one end, adds its load to `load`; gives the volume drawn.
    pub fn draw(&mut self, at: End, volume: f64, load: &mut Load) -> f64 {
        let mut left = volume;
        while left > 0.0 {
            let outermost = match at {
                End::Start => self.segments.front_mut(),
                End::Finish => self.segments.back_mut(),
            };
            let Some(segment) = outermost else { break };
            let taken = segment.volume.min(left);
            load.add(taken, &segment.carried);
            segment.volume -= taken;
            left -= taken;
            if segment.volume <= DUST * self.volume {
                self.drop_outermost(at);
            }
        }
        volume - left.max(0.0)
    }

    /// Makes the outermost segment at one end larger by `volume` m³.
    pub fn swell(&mut self, at: End, volume: f64) {
        let outermost = match at {
            End::Start => self.segments.front_mut(),
            End::Finish => self.segments.back_mut(),
        };
        if let Some(segment) = outermost {
            segment.volume += volume;
        }
    }

    fn drop_outermost(&mut self, at: End) {
        let (rest, next) = match at {
            End::Start => (self.segments.pop_front(), self.segments.front_mut()),
            End::Finish => (self.segments.pop_back(), self.segments.back_mut()),
        };
        if let (Some(rest), Some(next)) = (rest, next) {
            next.absorb(&rest); // dust, kept so that no volume is ever lost
        }
    }

    fn join_least_different(&mut self) {
        let mut best = (f64::INFINITY, 0);
        for i in 1..self.segments.len() {
            let distance = self.segments[i - 1].distance(&self.segments[i].carried);
            if distance < best.0 {
                best = (distance, i);
            }
        }
        if let Some(gone) = self.segments.remove(best.1) {
            self.segments[best.1 - 1].absorb(&gone);
        }
    }

    /// Adds what the pipe holds to `load`.
    pub fn add_load(&self, load: &mut Load) {
        for segment in &self.segments {
            load.add(segment.volume, &segment.carried);
        }
        load[TURBIDITY] += self.deposit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chlorine(value: f64) -> Carried {
        let mut carried = [0.0; SPECIES];
        carried[CHLORINE] = value;
        carried
    }

    #[test]
    fn water_leaves_in_the_order_it_came() {
        let mut column = Column::new(1.0, chlorine(0.0));
        column.push(End::Start, 0.6, &chlorine(1.0));
        column.push(End::Start, 0.6, &chlorine(2.0));
        let mut load = Load::ZERO;
        assert_eq!(column.draw(End::Finish, 1.2, &mut load), 1.2);
        assert!((load[CHLORINE] - 0.2).abs() < 1e-12, "the old water and 0.2 m³ of the first");
        assert!((column.content() - 1.0).abs() < 1e-12);
        let mut back = Load::ZERO;
        column.draw(End::Start, 0.6, &mut back);
        assert!((back[CHLORINE] - 1.2).abs() < 1e-12, "turned round, the newest comes first");
    }

    #[test]
    fn the_number_of_segments_has_a_ceiling_and_joining_loses_nothing() {
        let mut column = Column::new(1000.0, chlorine(0.0));
        for i in 0..1_000 {
            column.push(End::Start, 1.0, &chlorine(f64::from(i % 7)));
        }
        assert!(column.segments().len() <= SEGMENTS_MAX);
        let mut load = Load::ZERO;
        column.add_load(&mut load);
        let pushed: f64 = (0..1_000).map(|i| f64::from(i % 7)).sum();
        assert!((load[CHLORINE] - pushed).abs() < 1e-8);
        assert!((column.content() - 2_000.0).abs() < 1e-8);
    }

    #[test]
    fn nearly_equal_water_joins_and_different_water_does_not() {
        let mut column = Column::new(1.0, chlorine(0.500));
        column.push(End::Finish, 1.0, &chlorine(0.501));
        assert_eq!(column.segments().len(), 1);
        column.push(End::Finish, 1.0, &chlorine(0.510));
        assert_eq!(column.segments().len(), 2);
    }
}
