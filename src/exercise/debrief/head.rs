//! Which exercise a report is about, and which run of it.

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Material;
use crate::base::hex::hex;
use crate::base::text::Lang;
use crate::base::time::UtcOffset;
use crate::base::{PlantId, Span, Stamp, Text};
use crate::exercise::session::log::{Branch, Direction, Entry, What};

/// The head of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Head {
    /// What the exercise is called.
    pub title: Text,
    /// What is learnt.
    pub goal: Text,
    /// Its file.
    pub file: String,
    /// The plant.
    pub plant: PlantId,
    /// The state of wear it begins in.
    pub condition: String,
    /// Where every draw came from.
    pub seed: u64,
    /// The program's version.
    pub version: &'static str,
    /// Who played: a robot, or a log.
    pub played_by: String,
    /// Everybody who did something.
    pub people: Vec<String>,
    /// Everybody who directed something.
    pub instructors: Vec<String>,
    /// When it began, in simulated time.
    pub start: Stamp,
    /// When it ended.
    pub end: Stamp,
    /// How long it was to last.
    pub duration: Span,
    /// The offset of local time.
    #[serde(skip)]
    pub utc_offset: UtcOffset,
    /// How long it took on the wall, seconds, without the time it stood frozen.
    pub wall_s: f64,
    /// Simulated seconds a second while nothing asked for attention.
    pub speed: f64,
    /// The same while something did.
    pub attend_speed: f64,
    /// Speeds that an instructor set.
    pub speeds_set: Vec<f64>,
    /// How often an instructor froze it.
    pub freezes: usize,
    /// Branches that were left when an instructor went back in time; with any, it is practice.
    pub branches: Vec<Branch>,
    /// SHA-256 of the log as lines of JSON.
    pub log_sha256: String,
}

impl Head {
    /// Who played, as people say it: a robot, or a log by its name.
    pub fn played_by_in(&self, lang: Lang) -> &str {
        let zh = match self.played_by.as_str() {
            "robot: null" => "机器人:无人处置",
            "robot: careless" => "机器人:草率",
            "robot: reference" => "机器人:参考",
            log => log,
        };
        lang.pick(&self.played_by, zh)
    }
}

pub(super) fn head(material: &Material<'_>, log: &[Entry]) -> Result<Head, serde_json::Error> {
    let session = &material.run.session;
    let exercise = session.exercise();
    let scenario = &exercise.scenario;
    let now = session.facts().now;
    let conditions = &session.plant().conditions;
    let directions = || {
        log.iter().filter_map(|entry| match &entry.what {
            What::Directed { direction } => Some((entry, direction)),
            _ => None,
        })
    };
    let did = log.iter().filter(|entry| matches!(entry.what, What::Did { .. }));
    Ok(Head {
        title: scenario.title.clone(),
        goal: exercise.goal.clone(),
        file: scenario.source.path.clone(),
        plant: session.plant().id.clone(),
        condition: conditions
            .get(scenario.condition)
            .map_or_else(String::new, |it| it.name.clone()),
        seed: material.run.played.seed.0,
        version: env!("CARGO_PKG_VERSION"),
        played_by: material.played_by.to_owned(),
        people: names(did),
        instructors: names(directions().map(|(entry, _)| entry)),
        start: scenario.start,
        end: now.at,
        duration: scenario.duration,
        utc_offset: scenario.utc_offset,
        wall_s: now.wall_s,
        speed: exercise.pace.fast,
        attend_speed: exercise.pace.attend,
        speeds_set: directions()
            .filter_map(|(_, direction)| match direction {
                Direction::Speed { fast } => Some(*fast),
                _ => None,
            })
            .collect(),
        freezes: directions().filter(|(_, it)| matches!(it, Direction::Freeze)).count(),
        branches: session.branches().to_vec(),
        log_sha256: hash(log)?,
    })
}

fn names<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<String> {
    let names: BTreeSet<&str> = entries.map(|entry| entry.who.as_str()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// That of the file in which a live run keeps it: a line of JSON for each entry.
fn hash(log: &[Entry]) -> Result<String, serde_json::Error> {
    let mut digest = Sha256::new();
    for entry in log {
        digest.update(serde_json::to_string(entry)?);
        digest.update("\n");
    }
    Ok(hex(&digest.finalize()))
}
