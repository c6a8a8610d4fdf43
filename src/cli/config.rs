//! `sanmen config check` and `sanmen config show`: the files people write.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::base::PlantId;
use crate::base::problem::{Problems, Source};
use crate::cli::common::Common;
use crate::cli::exit::Failure;
use crate::cli::library::{self, PlantProblem};
use crate::cli::settings::Settings;
use crate::exercise::judge;
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::plant::{inp, profile::Profile, tags::Tag};

/// Checks files, or shows the settings in force.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Report every mistake of plants, rules, scenarios and settings at once
    Check {
        /// Plant folders, rule files, scenario files, settings files, .inp files, or folders of
        /// them; without any, everything that is compiled in
        paths: Vec<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Print the settings in force
    Show {
        #[command(flatten)]
        common: Common,
    },
}

/// Checks or shows.
pub fn run(args: &ConfigArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.what {
        What::Show { common } => {
            let settings = library::settings(common.settings.as_deref())?;
            write!(out, "{}", settings.show())?;
            Ok(())
        }
        What::Check { paths, common } => check(paths, common, out),
    }
}

fn check(paths: &[PathBuf], common: &Common, out: &mut dyn Write) -> Result<(), Failure> {
    let mut checker = Checker::new(common)?;
    if paths.is_empty() {
        checker.built_in(common)?;
    }
    for path in paths {
        checker.path(path)?;
    }
    for warning in &checker.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    let checked = checker.checked;
    checker.problems.into_result(Some(()))?;
    writeln!(out, "{checked} files, no mistake")?;
    Ok(())
}

struct Checker {
    plants: BTreeMap<String, Arc<Plant>>,
    book: Book,
    problems: Problems,
    warnings: Vec<String>,
    checked: usize,
}

impl Checker {
    /// Scenarios are checked against the plants and rules in force.
    fn new(common: &Common) -> Result<Self, Failure> {
        let library = common.library();
        Ok(Self {
            plants: library.plants()?,
            book: library.book()?,
            problems: Problems::new(),
            warnings: Vec::new(),
            checked: 0,
        })
    }

    /// What is compiled in: plants and rules have been read already, by `new`.
    fn built_in(&mut self, common: &Common) -> Result<(), Failure> {
        library::settings(common.settings.as_deref())?;
        self.checked += library::config_files();
        self.review_rules(&self.book.clone());
        for (path, text) in library::built_in_scenarios() {
            self.scenario(&Source::new(path, text));
        }
        Ok(())
    }

    fn path(&mut self, path: &Path) -> Result<(), Failure> {
        if !path.is_dir() {
            let source = library::source(path)?;
            self.file(path, &source);
            return Ok(());
        }
        if path.join("network.inp").exists() {
            return self.plant(path);
        }
        for entry in library::list(path)? {
            if entry.is_dir() || is_ours(&entry) {
                self.path(&entry)?;
            }
        }
        Ok(())
    }

    fn plant(&mut self, folder: &Path) -> Result<(), Failure> {
        let name = folder
            .canonicalize()
            .ok()
            .and_then(|whole| whole.file_name().map(|name| name.to_string_lossy().into_owned()));
        let id = PlantId::new(&name.unwrap_or_default()).map_err(Failure::usage)?;
        let texts = library::plant_folder(folder)?;
        self.checked += texts.len();
        match library::plant(id, texts) {
            Ok(plant) => {
                self.plants.insert(plant.id.to_string(), Arc::new(plant));
                self.review_rules(&self.book.clone());
                Ok(())
            }
            Err(PlantProblem::Files(problems)) => {
                self.problems.absorb(problems);
                Ok(())
            }
            Err(PlantProblem::Missing(failure)) => Err(failure),
        }
    }

    fn file(&mut self, path: &Path, source: &Arc<Source>) {
        self.checked += 1;
        let found = if path.extension().is_some_and(|ending| ending == "inp") {
            inp::read(source).map(|_| ())
        } else {
            match kind_of(&source.text) {
                FileKind::Rules => {
                    Book::load(&[Arc::clone(source)]).map(|book| self.review_rules(&book))
                }
                FileKind::Settings => {
                    Settings::load(&library::default_settings(), Some(source)).map(|_| ())
                }
                FileKind::Scenario => {
                    self.checked -= 1; // counted by `scenario`
                    self.scenario(source);
                    Ok(())
                }
            }
        };
        if let Err(problems) = found {
            self.problems.absorb(problems);
        }
    }

    fn scenario(&mut self, source: &Arc<Source>) {
        self.checked += 1;
        match library::scenario(source, &self.plants) {
            Ok(scenario) => self.problems.absorb(judge::unknown_rules(&scenario, &self.book)),
            Err(problems) => self.problems.absorb(problems),
        }
    }

    /// What rules and plants say of each other.
    fn review_rules(&mut self, book: &Book) {
        let tags: Vec<(&Profile, Vec<Tag>)> = self
            .plants
            .values()
            .map(|plant| {
                let tags = plant.instruments.iter().map(|i| i.tag.as_ref().clone()).collect();
                (&plant.profile, tags)
            })
            .collect();
        let plants: Vec<(&Profile, &[Tag])> =
            tags.iter().map(|(profile, tags)| (*profile, tags.as_slice())).collect();
        let review = book.check_against(&plants);
        self.problems.absorb(review.problems);
        let unmatched = review.unmatched.iter();
        self.warnings.extend(unmatched.map(|rule| format!("rule {rule} watches nothing here")));
    }
}

fn is_ours(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "toml" || ending == "inp")
}

enum FileKind {
    Rules,
    Settings,
    Scenario,
}

/// What a TOML file is, by the tables it has.
fn kind_of(text: &str) -> FileKind {
    let has = |header: &str| text.lines().any(|line| line.trim_start().starts_with(header));
    if has("[[rule]]") {
        FileKind::Rules
    } else if ["[monitor]", "[ledger]", "[publisher]", "[exercise]"].into_iter().any(has) {
        FileKind::Settings
    } else {
        FileKind::Scenario
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_tables() {
        assert!(matches!(kind_of("[[rule]]\nid = \"a\""), FileKind::Rules));
        assert!(matches!(kind_of("[ledger]\nretention_days = 3"), FileKind::Settings));
        assert!(matches!(kind_of("plant = \"sanmen\""), FileKind::Scenario));
    }
}
