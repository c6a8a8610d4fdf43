//! Pipes that stand without water: they run empty in time, and are filled before anybody behind
//! them has pressure again.
//!
//! Hydraulics and transport know full pipes only. What a pipe has lost while it was dry is drawn
//! from its ends once there is water again, as a hole would draw it; what people drew from it
//! meanwhile is thereby paid. No air is pushed out, no column of water breaks: see `limits`.

use crate::base::Span;
use crate::base::units::Length;
use crate::plant::network::{Link, LinkKind, Network};

/// So long a dry pipe keeps its water `[D]`: nobody has opened enough taps, no air has come in.
const KEEPS: Span = Span::minutes(15);

/// After that it runs empty in this time `[D]`.
const RUNS_EMPTY_IN: Span = Span::HOUR;

/// Share of its volume that an empty pipe has lost `[D]`: its sags stay full.
const LOST: f64 = 0.5;

/// In this time an empty pipe would fill at `FILL_PRESSURE_M` of pressure `[D]`.
const FILLS_IN: Span = Span::minutes(10);

/// Pressure head at which filling is stated, as leaks are.
const FILL_PRESSURE_M: f64 = 20.0;

/// How empty the pipes of a network are.
#[derive(Debug, Clone)]
pub struct Emptying {
    pipes: Vec<Pipe>,
    /// Per node: m³/h at 20 m that pipes take there to fill.
    filling: Vec<f64>,
}

/// One link; those that are no pipes have no volume and never empty.
#[derive(Debug, Clone, Copy)]
struct Pipe {
    ends: [usize; 2],
    /// What it loses when it is empty, m³.
    volume: f64,
    /// How long it has been dry.
    dry: Span,
    /// Share of `volume` that is missing.
    missing: f64,
}

impl Pipe {
    fn new(link: &Link) -> Self {
        let volume = match &link.kind {
            LinkKind::Pipe { length, diameter, .. } => {
                let diameter = diameter.as_m();
                std::f64::consts::FRAC_PI_4 * diameter * diameter * length.as_m() * LOST
            }
            LinkKind::Pump { .. } | LinkKind::Valve { .. } => 0.0,
        };
        Self { ends: [link.start.0, link.end.0], volume, dry: Span::ZERO, missing: 0.0 }
    }

    /// m³/h at each end at 20 m; without pressure nothing comes.
    fn fills_by(&self) -> f64 {
        if self.missing > 0.0 { self.volume / FILLS_IN.as_hours() / 2.0 } else { 0.0 }
    }
}

impl Emptying {
    /// Every pipe full.
    pub fn new(network: &Network) -> Self {
        Self {
            pipes: network.links.iter().map(Pipe::new).collect(),
            filling: vec![0.0; network.nodes.len()],
        }
    }

    /// Per node: what pipes take there to fill, m³/h at 20 m; it follows the root of the pressure.
    pub fn filling(&mut self) -> &[f64] {
        self.filling.fill(0.0);
        for pipe in &self.pipes {
            for end in pipe.ends {
                self.filling[end] += pipe.fills_by();
            }
        }
        &self.filling
    }

    /// What pipes take at a node with this pressure, m³/h, by the last `filling`.
    pub fn filling_at(&self, node: usize, pressure: Length) -> f64 {
        self.filling[node] * root(pressure)
    }

    /// How long the pipe at `at` has been dry, once it runs empty; none while it is full.
    pub fn empties_for(&self, at: usize) -> Option<Span> {
        let pipe = self.pipes.get(at)?;
        (pipe.volume > 0.0 && pipe.dry > KEEPS).then_some(pipe.dry)
    }

    /// Lets `span` pass for the pipe at `at`. `is_dry`: is there no water at either end?
    ///
    /// Gives what was missing, 0 to 1, when water has just come back to it after a long time.
    pub fn advance(
        &mut self,
        at: usize,
        is_dry: bool,
        pressure: &[Length],
        span: Span,
    ) -> Option<f64> {
        let pipe = &mut self.pipes[at];
        if pipe.volume == 0.0 {
            return None;
        }
        if is_dry {
            let before = (pipe.dry - KEEPS).max(Span::ZERO);
            pipe.dry = pipe.dry + span;
            let after = (pipe.dry - KEEPS).max(Span::ZERO);
            let lost = (after - before).as_seconds() / RUNS_EMPTY_IN.as_seconds();
            pipe.missing = (pipe.missing + lost).min(1.0);
            return None;
        }
        let came_back = (pipe.dry > KEEPS).then_some(pipe.missing);
        let filled: f64 = pipe.ends.iter().map(|end| pipe.fills_by() * root(pressure[*end])).sum();
        pipe.missing = (pipe.missing - filled * span.as_hours() / pipe.volume).max(0.0);
        pipe.dry = Span::ZERO;
        came_back
    }
}

fn root(pressure: Length) -> f64 {
    (pressure.as_m().max(0.0) / FILL_PRESSURE_M).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::sample;

    const PIPE: usize = 2; // L-1, 500 m of 100 mm: 3.927 m³, of which half is lost

    fn pressures(m: f64) -> Vec<Length> {
        vec![Length::m(m); 6]
    }

    #[test]
    fn a_pipe_keeps_its_water_for_a_while_and_then_runs_empty_in_an_hour() {
        let mut pipes = Emptying::new(&sample::plant().network);
        let mut after =
            |minutes, is_dry| pipes.advance(PIPE, is_dry, &pressures(0.0), Span::minutes(minutes));
        assert_eq!((after(15, true), after(1, false)), (None, None));
        assert_eq!((after(15, true), after(30, true)), (None, None));
        assert_eq!(after(1, false), Some(0.5));
        assert_eq!(after(1, false), None, "only once");
        assert_eq!((after(600, true), after(1, false)), (None, Some(1.0)));
    }

    #[test]
    fn an_empty_pipe_takes_half_its_volume_before_it_is_full() {
        let mut pipes = Emptying::new(&sample::plant().network);
        let volume = std::f64::consts::FRAC_PI_4 * 0.01 * 500.0 / 2.0;
        pipes.advance(PIPE, true, &pressures(0.0), Span::hours(3));
        let mut taken = 0.0;
        let mut minutes = 0;
        while pipes.filling().iter().any(|rate| *rate > 0.0) {
            taken += (0..6).map(|node| pipes.filling_at(node, Length::m(20.0))).sum::<f64>() / 60.0;
            pipes.advance(PIPE, false, &pressures(20.0), Span::MINUTE);
            minutes += 1;
        }
        assert_eq!(minutes, 10, "at 20 m");
        assert!((taken / volume - 1.0).abs() < 1e-9, "{taken} of {volume} m³");
    }
}
