//! One file, one of two engines.

use std::path::Path;

use super::{no_solution, open};
use crate::base::problem::Problems;
use crate::cli::exit::Failure;
use crate::world::hydraulics::HydraulicsError;
use crate::world::hydraulics::file::model::{Model, ModelError};
use crate::world::hydraulics::file::{FileRun, Layout, Step, StepWarning, Times, Totals};
use crate::world::network_run::NetworkRun;

/// A file on its way through time.
pub enum Run {
    /// With EPANET's own stepping.
    Epanet(Box<FileRun>),
    /// With ours.
    World(Box<NetworkRun>),
}

impl Run {
    /// The file in our world. Errors: EPANET's, and everything that our world cannot do.
    pub fn world(path: &Path, times: Times) -> Result<Self, Failure> {
        let model = told(path, times, |path| Model::read(path, times))?;
        let run = NetworkRun::new(model).map_err(|error| unsolved(path, error))?;
        Ok(Self::World(Box::new(run)))
    }

    /// Names and times.
    pub fn layout(&self) -> &Layout {
        match self {
            Self::Epanet(run) => run.layout(),
            Self::World(run) => run.layout(),
        }
    }

    /// Positions of each link's start and end node; only our world knows them.
    pub fn ends(&self) -> Vec<(usize, usize)> {
        match self {
            Self::Epanet(_) => Vec::new(),
            Self::World(run) => run.ends(),
        }
    }

    /// The next step to report; none after the end.
    pub fn next_step(&mut self, path: &Path) -> Result<Option<&Step>, Failure> {
        match self {
            Self::Epanet(run) => run.next_step().map_err(|error| no_solution(path, error)),
            Self::World(run) => run.next_step().map_err(|error| unsolved(path, error)),
        }
    }

    /// Warnings since the last reported step.
    pub fn warnings(&self) -> &[StepWarning] {
        match self {
            Self::Epanet(run) => run.warnings(),
            Self::World(_) => &[],
        }
    }

    /// Water over the borders so far.
    pub fn totals(&self) -> Totals {
        match self {
            Self::Epanet(run) => run.totals(),
            Self::World(run) => run.totals(),
        }
    }

    /// How far it came, s.
    pub fn solved_s(&self) -> i64 {
        match self {
            Self::Epanet(run) => run.solved_s(),
            Self::World(run) => run.layout().duration_s,
        }
    }
}

/// What a plant can use of the file. Errors: those of `Run::world`.
pub fn plant_model(path: &Path) -> Result<Model, Failure> {
    told(path, Times::default(), Model::read_for_plant)
}

/// The file as `read` takes it, or what is wrong with it.
fn told(
    path: &Path,
    times: Times,
    read: impl Fn(&Path) -> Result<Model, ModelError>,
) -> Result<Model, Failure> {
    // EPANET lists the mistakes of a file better than we do.
    drop(open(path, times)?);
    read(path).map_err(|error| match error {
        ModelError::Engine(error) => no_solution(path, error.into()),
        ModelError::Unsupported(found) => {
            let mut problems = Problems::new();
            for text in found {
                let text = format!("the engine `world` does not take {text}");
                problems.absorb(Problems::whole(path.display().to_string(), text));
            }
            Failure::Files(problems)
        }
    })
}

fn unsolved(path: &Path, error: HydraulicsError) -> Failure {
    match error {
        HydraulicsError::Engine(error) => no_solution(path, error.into()),
        other => Failure::usage(format!("{}: {other}", path.display())),
    }
}
