//! `sanmen config check` and `sanmen config show`: the files people write.

pub(super) mod found;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::base::problem::{Listed, Problems, Source, Spanned, top_keys};
use crate::cli::common::Shelves;
use crate::cli::exit::Failure;
use crate::cli::library::{self, Library, Script, keep};
use crate::cli::rules;
use crate::cli::settings::Settings;
use crate::exercise::{fleet, judge};
use crate::inspection::book::{Book, Drafts};
use crate::inspection::handling::Handling;
use crate::plant::Plant;
use crate::plant::inp;
use found::Found;

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
        /// Plant folders, files of rules, alarms, scenarios or settings, .inp files, or folders of
        /// them; everything that is compiled in by default
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        shelves: Shelves,
    },
    /// Print the settings in force
    Show {
        /// A file of settings that overrides the defaults
        #[arg(long, value_name = "FILE")]
        settings: Option<PathBuf>,
    },
}

/// Checks or shows.
pub fn run(args: &ConfigArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.what {
        What::Show { settings } => {
            write!(out, "{}", library::settings(settings.as_deref())?.show())?;
            Ok(())
        }
        What::Check { paths, shelves } => check(paths, &shelves.library(), out),
    }
}

fn check(paths: &[PathBuf], library: &Library, out: &mut dyn Write) -> Result<(), Failure> {
    let mut found = Found::default();
    for path in paths {
        found.path(path);
    }
    let mut checker =
        Checker { problems: found.problems, files: found.files, ..Checker::default() };
    checker.has_unread = !checker.problems.is_empty();
    if paths.is_empty() {
        checker.files += library::config_files();
        found.fleets = library::built_in_fleets();
        found.scenarios = library::built_in_scenarios();
        if library.plants.is_none() {
            found.mappings = library::built_in_mappings(); // they name plants that ship
        }
        checker.files += found.scenarios.len();
    }
    // What is checked first is what the rest is checked against.
    checker.plants(library, &found.plants);
    checker.rules(library, &found.rules, paths.is_empty());
    checker.networks(&found.networks);
    checker.fleets(&found.fleets);
    checker.settings(&found.settings);
    checker.alarms(&found.alarms);
    checker.mappings(&found.mappings);
    checker.scenarios(library, &found.scenarios);
    checker.problems.into_result(Some(()))?;
    if !checker.idle.is_empty() {
        let idle = checker.idle.join(", ");
        writeln!(out, "note: rules that watch nothing in these plants: {idle}")?;
    }
    for warning in checker.warnings.iter() {
        writeln!(out, "note: {}", warning.headline())?;
    }
    let noun = if checker.files == 1 { "file" } else { "files" };
    writeln!(out, "{} {noun}, no mistake", checker.files)?;
    Ok(())
}

/// Plants and rules in force, and what has been found wrong.
#[derive(Default)]
struct Checker {
    plants: BTreeMap<String, Arc<Plant>>,
    /// Plants in force have mistakes: scenarios that name one of them cannot be checked.
    broken_library: bool,
    /// The same for plants under check, by name.
    broken_plants: BTreeSet<String>,
    books: Vec<Book>,
    /// Some file under check could not be read: rules may stand in it.
    has_unread: bool,
    /// Some rule file has mistakes: whether a rule exists cannot be said.
    broken_rules: bool,
    /// Rules under check that watch nothing.
    idle: Vec<String>,
    /// What in the rules is worth a second look.
    warnings: Problems,
    files: usize,
    problems: Problems,
}

impl Checker {
    fn fleets(&mut self, sources: &[Arc<Source>]) {
        for source in sources {
            keep(&mut self.problems, library::read_fleet(source));
        }
    }

    /// The plants in force, and those under check, which come before others of the same name.
    fn plants(&mut self, library: &Library, folders: &BTreeSet<PathBuf>) {
        let in_force = keep(&mut self.problems, library.plants());
        self.broken_library = in_force.is_none();
        self.plants = in_force.unwrap_or_default();
        for folder in folders {
            let name = library::folder_name(folder);
            let plant = library::plant_folder(folder).and_then(|sources| {
                self.files += sources.len();
                library::plant(&name, &sources)
            });
            match keep(&mut self.problems, plant) {
                Some(plant) => drop(self.plants.insert(name, Arc::new(plant))),
                None => drop(self.broken_plants.insert(name)),
            }
        }
    }

    /// The rules in force, and those under check; the latter are held against the plants.
    fn rules(&mut self, library: &Library, sources: &[Arc<Source>], check_library: bool) {
        let (in_force, drafts, mistakes) = library.read_rules();
        let handling = keep(&mut self.problems, library.handling());
        let is_sound = mistakes.is_empty() && handling.is_some();
        self.problems.absorb(mistakes);
        if check_library {
            self.hold_against_plants(&in_force.book, &drafts);
        }
        if !sources.is_empty() {
            let (own, drafts, mistakes) = Book::read_part(sources, &[], !self.has_unread);
            self.hold_against_plants(&own.book, &drafts);
            self.broken_rules = !mistakes.is_empty();
            self.problems.absorb(mistakes);
            self.books.push(own.book);
        }
        self.broken_rules |= !is_sound;
        let in_force = in_force.book.with_handling(handling.unwrap_or_default());
        self.books.insert(0, in_force);
    }

    fn hold_against_plants(&mut self, book: &Book, drafts: &Drafts) {
        let review = rules::review(book, drafts, &self.plants);
        self.idle.extend(review.unmatched.iter().map(ToString::to_string));
        self.warnings.absorb(review.warnings);
        self.problems.absorb(review.problems);
    }

    fn networks(&mut self, sources: &[Arc<Source>]) {
        for source in sources {
            keep(&mut self.problems, inp::read(source));
        }
    }

    fn settings(&mut self, sources: &[Arc<Source>]) {
        for source in sources {
            let settings = Settings::load(&library::default_settings(), Some(source));
            keep(&mut self.problems, settings);
        }
    }

    fn alarms(&mut self, sources: &[Arc<Source>]) {
        for source in sources {
            keep(&mut self.problems, Handling::load(source));
        }
    }

    fn mappings(&mut self, sources: &[Arc<Source>]) {
        for source in sources {
            keep(&mut self.problems, library::read_mapping(source, self.plants.values()));
        }
    }

    /// The book of the rules that a scenario names itself, if it names any; none when there is a
    /// mistake in that, which is told.
    fn judging(&mut self, library: &Library, named: Option<&Listed>) -> Option<Vec<Book>> {
        let Some(named) = named else { return Some(Vec::new()) };
        let found = library.judging(self.books.first()?, Some(named)).map(Cow::into_owned);
        keep(&mut self.problems, found).map(|book| vec![book])
    }

    fn scenarios(&mut self, library: &Library, sources: &[Arc<Source>]) {
        for source in sources {
            let named = top_keys(source).0.remove("plant").and_then(Spanned::into_inner);
            let is_broken = |name: &String| {
                let in_library = self.broken_library && !self.plants.contains_key(name);
                in_library || self.broken_plants.contains(name)
            };
            if named.as_ref().is_some_and(is_broken) {
                continue; // the plant's own mistakes are reported already
            }
            if let Some(exercise) = library::exercise(source, &self.plants) {
                let exercise = keep(&mut self.problems, exercise);
                let Some(exercise) = exercise.filter(|_| !self.broken_rules) else { continue };
                let named = exercise.scenario.judged_by.as_ref();
                let Some(own) = self.judging(library, named) else { continue };
                let books: Vec<&Book> = self.books.iter().chain(&own).collect();
                self.problems.absorb(judge::unknown_rules_of(&exercise, &books));
                continue;
            }
            let script = keep(&mut self.problems, library::script(source, &self.plants));
            let Some(script) = script.filter(|_| !self.broken_rules) else { continue };
            let named = match &script {
                Script::Plant(scenario) => scenario.judged_by.as_ref(),
                Script::Fleet(found) => found.scenario.judged_by.as_ref(),
            };
            let Some(own) = self.judging(library, named) else { continue };
            let books: Vec<&Book> = self.books.iter().chain(&own).collect();
            self.problems.absorb(match &script {
                Script::Plant(scenario) => judge::unknown_rules(scenario, &books),
                Script::Fleet(found) => fleet::unknown_rules(&found.scenario, &books),
            });
        }
    }
}
