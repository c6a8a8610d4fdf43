//! Flags that mean the same in every command.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::base::ids::PackId;
use crate::base::problem::Source;
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::base::time::NotATime;
use crate::base::{Stamp, TagId};
use crate::cli::exit::Failure;
use crate::cli::library::{self, Library};
use crate::cli::settings::Settings;

/// The broker when none is named: one on this machine.
pub const BROKER: &str = "mqtt://127.0.0.1:1883";

/// An instrument or a sampling site by its name; none is the plant as a whole.
pub fn place_name(tag: Option<&TagId>, lang: Lang) -> &str {
    tag.map_or_else(|| lang.pick("plant", "全厂"), TagId::as_str)
}

/// Where plants come from.
#[derive(Debug, Clone, Args)]
pub struct PlantShelf {
    /// A folder of plant folders, instead of those compiled in
    #[arg(long, value_name = "DIR")]
    plants: Option<PathBuf>,
}

/// Where the files come from that describe plants and rules.
#[derive(Debug, Clone, Args)]
pub struct Shelves {
    #[command(flatten)]
    plants: PlantShelf,
    /// A folder of rule files, instead of those compiled in
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// A file of how alarms are handled, instead of the one compiled in
    #[arg(long = "alarms", value_name = "FILE")]
    handling: Option<PathBuf>,
    /// Packs of rules in force at plants that choose none, such as `gb5749-2006,rural-heads`
    #[arg(long, value_name = "ID,…", value_delimiter = ',', value_parser = PackId::new)]
    packs: Option<Vec<PackId>>,
}

impl PlantShelf {
    /// The plants; the rules are those compiled in.
    pub fn library(&self) -> Library {
        Library { plants: self.plants.clone(), ..Library::default() }
    }
}

impl Shelves {
    /// Where plants and rules come from.
    pub fn library(&self) -> Library {
        let (rules, alarms) = (self.rules.clone(), self.handling.clone());
        let packs = self.packs.clone();
        Library { rules, alarms, packs, ..self.plants.library() }
    }
}

/// The settings of what runs live.
#[derive(Debug, Clone, Args)]
pub struct SettingsFile {
    /// A file of settings that overrides the defaults; `sanmen config show` prints those
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl SettingsFile {
    /// The settings in force; what they ask to be told to others begins.
    pub fn load(&self) -> Result<Settings, Failure> {
        let settings = library::settings(self.settings.as_deref())?;
        #[cfg(feature = "otel")]
        if let Some(endpoint) = &settings.otel {
            crate::cli::traces::start(endpoint)?;
        }
        Ok(settings)
    }
}

/// The seed of what is played.
#[derive(Debug, Clone, Copy, Args)]
pub struct SeedFlag {
    /// Seed of every random draw, instead of the scenario's
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
}

impl SeedFlag {
    /// The seed in force.
    pub fn or(self, own: Seed) -> Seed {
        self.seed.map_or(own, Seed)
    }
}

/// The condition that a plant starts from.
#[derive(Debug, Clone, Args)]
pub struct ConditionFlag {
    /// Start from this condition of the plant, such as `aged`, instead of the scenario's own; they
    /// are listed by `sanmen plant show`
    #[arg(long, value_name = "NAME")]
    condition: Option<String>,
}

impl ConditionFlag {
    /// Is one named?
    pub fn is_given(&self) -> bool {
        self.condition.is_some()
    }

    /// A scenario's file as it is with this condition.
    pub fn of(&self, source: Arc<Source>) -> Arc<Source> {
        match &self.condition {
            Some(name) => library::starting_from(&source, name),
            None => source,
        }
    }
}

/// How what happens is told.
#[derive(Debug, Clone, Copy, Args)]
pub struct Telling {
    /// What stdout carries: text for people, or the ledger's records as JSON lines
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    pub lang: Language,
}

/// Output for people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: one JSON object a line
    Json,
}

/// Language of text for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Chinese (中文)
    Zh,
    /// English
    En,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::Zh => Self::Zh,
            Language::En => Self::En,
        }
    }
}

/// Simulated seconds per second, or as fast as it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// This many.
    Times(f64),
    /// As fast as the processor and the broker allow.
    Max,
}

/// Reads `600`, `600x` or `max`.
pub fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    match text.trim_end_matches(['x', '×']).parse::<f64>() {
        Ok(times) if (0.01..=1e6).contains(&times) => Ok(Speed::Times(times)),
        _ => Err("must be `max` or a number from 0.01 to 1000000".to_owned()),
    }
}

/// A moment that a person names. Errors: it is none.
pub fn moment(text: &str) -> Result<Stamp, NotATime> {
    Stamp::parse(text).map(|(stamp, _)| stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_or_max() {
        assert_eq!(speed("600"), Ok(Speed::Times(600.0)));
        assert_eq!(speed("60x"), Ok(Speed::Times(60.0)));
        assert_eq!(speed("max"), Ok(Speed::Max));
        for bad in ["", "fast", "0", "-1", "nan", "1e9"] {
            assert!(speed(bad).is_err(), "{bad}");
        }
    }
}
