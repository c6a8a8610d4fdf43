//! Flags that mean the same in every command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::base::ids::Space;
use crate::base::text::Lang;
use crate::cli::library::Library;

/// The broker when none is named: one on this machine.
pub const BROKER: &str = "mqtt://127.0.0.1:1883";

/// Flags that mean the same in every command.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// A folder of plant folders, instead of those compiled in.
    #[arg(long, value_name = "DIR")]
    pub plants: Option<PathBuf>,
    /// A folder of rule files, instead of those compiled in.
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// A file of settings, overriding the defaults that `sanmen config show` prints.
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Seed of every random draw, instead of the scenario's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Text for people, or the ledger's records as JSON lines on stdout.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Language of text for people.
    #[arg(long, value_enum, default_value_t = Language::En)]
    pub lang: Language,
}

/// Flags of commands that talk MQTT.
#[derive(Debug, Clone, Args)]
pub struct Wire {
    /// The run's private name in every topic; drawn at random when left out.
    #[arg(long, value_name = "NAME", value_parser = Space::new)]
    pub space: Option<Space>,
    /// Where the ledger lives.
    #[arg(long, value_name = "DIR", default_value = "sanmen-data")]
    pub data: PathBuf,
}

/// Output for people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// JSON lines.
    Json,
}

/// Language of text for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// 中文
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

impl Common {
    /// Where plants and rules come from.
    pub fn library(&self) -> Library {
        Library { plants: self.plants.clone(), rules: self.rules.clone() }
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
