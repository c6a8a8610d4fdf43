#![expect(clippy::disallowed_methods, reason = "edge: reads the files people write")]
//! The files people write: plants, rules, settings, scenarios; from disk, or as compiled in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rust_embed::RustEmbed;

use crate::base::PlantId;
use crate::base::problem::{Problems, Source, nearest};
use crate::cli::exit::Failure;
use crate::cli::settings::Settings;
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::plant::load::{self, Files};
use crate::scenario::{self, Scenario};

#[derive(RustEmbed)]
#[folder = "config/"]
struct Config;

#[derive(RustEmbed)]
#[folder = "scenarios/"]
struct Scenarios;

/// Where plants and rules come from.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// A folder of plant folders, instead of those compiled in.
    pub plants: Option<PathBuf>,
    /// A folder of rule files, instead of those compiled in.
    pub rules: Option<PathBuf>,
}

/// A named text: path as shown to the user, and contents.
type Named = (String, String);

impl Library {
    /// Every plant, by id.
    pub fn plants(&self) -> Result<BTreeMap<String, Arc<Plant>>, Failure> {
        let folders = self.plant_folders()?;
        let mut plants = BTreeMap::new();
        let mut problems = Problems::new();
        for (name, files) in folders {
            let id = PlantId::new(&name)
                .map_err(|error| Failure::usage(format!("plant folder {error}")))?;
            match plant(id, files) {
                Ok(plant) => {
                    plants.insert(name, Arc::new(plant));
                }
                Err(PlantProblem::Files(found)) => problems.absorb(found),
                Err(PlantProblem::Missing(failure)) => return Err(failure),
            }
        }
        problems.into_result(Some(plants)).map_err(Failure::from)
    }

    /// One plant by its id.
    pub fn plant(&self, id: &str) -> Result<Arc<Plant>, Failure> {
        let plants = self.plants()?;
        plants.get(id).cloned().ok_or_else(|| {
            let known: Vec<&str> = plants.keys().map(String::as_str).collect();
            let help = match nearest(id, &known) {
                Some(name) => format!("did you mean {name:?}?"),
                None => format!("known: {}", known.join(", ")),
            };
            Failure::usage(format!("there is no plant {id:?}; {help}"))
        })
    }

    /// The inspection rules.
    pub fn book(&self) -> Result<Book, Failure> {
        let texts = match &self.rules {
            Some(folder) => folder_texts(folder, "toml")?,
            None => embedded::<Config>("config/", |name| name.starts_with("rules/")),
        };
        let sources: Vec<Arc<Source>> =
            texts.into_iter().map(|(path, text)| Source::new(path, text)).collect();
        Book::load(&sources).map_err(Failure::from)
    }

    fn plant_folders(&self) -> Result<BTreeMap<String, Vec<Named>>, Failure> {
        let Some(folder) = &self.plants else {
            let mut folders: BTreeMap<String, Vec<Named>> = BTreeMap::new();
            for (path, text) in embedded::<Config>("config/", |name| name.starts_with("plants/")) {
                let name = path.split('/').nth(2).unwrap_or("").to_owned();
                folders.entry(name).or_default().push((path, text));
            }
            return Ok(folders);
        };
        let mut folders = BTreeMap::new();
        for entry in list(folder)? {
            if entry.is_dir() {
                let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
                folders.insert(name, plant_folder(&entry)?);
            }
        }
        if folders.is_empty() {
            let text = format!("{} holds no plant folder", folder.display());
            return Err(Failure::usage(text));
        }
        Ok(folders)
    }
}

/// Why a plant folder gives no plant.
pub enum PlantProblem {
    /// Mistakes in its files.
    Files(Problems),
    /// A file is not there.
    Missing(Failure),
}

/// The files of one plant folder on disk, conditions included.
pub fn plant_folder(folder: &Path) -> Result<Vec<Named>, Failure> {
    let mut texts = Vec::new();
    for name in ["network.inp", "plant.toml", "instruments.toml"] {
        let path = folder.join(name);
        texts.push((path.display().to_string(), read(&path)?));
    }
    let conditions = folder.join("conditions");
    if conditions.is_dir() {
        texts.extend(folder_texts(&conditions, "toml")?);
    }
    Ok(texts)
}

/// A checked plant from the texts of its folder.
pub fn plant(id: PlantId, texts: Vec<Named>) -> Result<Plant, PlantProblem> {
    let find = |name: &str| {
        texts.iter().find(|(path, _)| path.ends_with(name)).map_or_else(
            || Err(PlantProblem::Missing(Failure::usage(format!("plant {id} has no {name}")))),
            |(path, text)| Ok(Source::new(path.as_str(), text.as_str())),
        )
    };
    let conditions = texts
        .iter()
        .filter(|(path, _)| path.contains("/conditions/") || path.contains("\\conditions\\"))
        .map(|(path, text)| {
            let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
            (name.into_owned(), Source::new(path.as_str(), text.as_str()))
        })
        .collect();
    let files = Files {
        network: find("network.inp")?,
        plant: find("plant.toml")?,
        instruments: find("instruments.toml")?,
        conditions,
    };
    load::load(id, &files).map_err(PlantProblem::Files)
}

/// The settings: the defaults, overridden by `over`.
pub fn settings(over: Option<&Path>) -> Result<Settings, Failure> {
    let defaults = default_settings();
    let over = over.map(source).transpose()?;
    Settings::load(&defaults, over.as_ref()).map_err(Failure::from)
}

/// The file that every setting starts from.
pub fn default_settings() -> Arc<Source> {
    Source::new("config/default.toml", include_str!("../../config/default.toml"))
}

/// How many files of `config/` are compiled in.
pub fn config_files() -> usize {
    Config::iter().count()
}

/// The scenarios compiled in: path and text.
pub fn built_in_scenarios() -> Vec<Named> {
    embedded::<Scenarios>("scenarios/", |_| true)
}

/// A scenario file: from disk, or by its name among those compiled in.
pub fn scenario_source(name: &Path) -> Result<Arc<Source>, Failure> {
    if name.exists() {
        return source(name);
    }
    let wanted = name.display().to_string();
    let stem =
        |path: &str| path.trim_start_matches("scenarios/").trim_end_matches(".toml").to_owned();
    let all = built_in_scenarios();
    if let Some((path, text)) = all.iter().find(|(path, _)| stem(path) == stem(&wanted)) {
        return Ok(Source::new(path.as_str(), text.as_str()));
    }
    let stems: Vec<String> = all.iter().map(|(path, _)| stem(path)).collect();
    let known: Vec<&str> = stems.iter().map(String::as_str).collect();
    let help = match nearest(&stem(&wanted), &known) {
        Some(name) => format!("did you mean {name:?}?"),
        None => format!("built in: {}", known.join(", ")),
    };
    Err(Failure::usage(format!("there is no scenario {wanted:?}, as a file or built in; {help}")))
}

/// A checked scenario.
pub fn scenario(
    source: &Arc<Source>,
    plants: &BTreeMap<String, Arc<Plant>>,
) -> Result<Scenario, Problems> {
    let plants: Vec<Arc<Plant>> = plants.values().cloned().collect();
    scenario::load(source, &plants)
}

/// Reads one file.
pub fn source(path: &Path) -> Result<Arc<Source>, Failure> {
    Ok(Source::new(path.display().to_string(), read(path)?))
}

/// The files below `folder` with the ending, sorted by path.
pub fn folder_texts(folder: &Path, ending: &str) -> Result<Vec<Named>, Failure> {
    let mut texts = Vec::new();
    for path in list(folder)? {
        if path.is_dir() {
            texts.extend(folder_texts(&path, ending)?);
        } else if path.extension().is_some_and(|found| found == ending) {
            texts.push((path.display().to_string(), read(&path)?));
        }
    }
    Ok(texts)
}

/// What stands in a folder, sorted.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let wrong = |error| Failure::file(folder, error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        paths.push(entry.map_err(wrong)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::usage(format!("{}: not UTF-8 text, first at byte {at}", path.display()))
    })
}

fn embedded<T: RustEmbed>(prefix: &str, wanted: impl Fn(&str) -> bool) -> Vec<Named> {
    let mut texts: Vec<Named> = T::iter()
        .filter(|name| wanted(name))
        .filter_map(|name| {
            let file = T::get(&name)?;
            let text = String::from_utf8(file.data.into_owned()).ok()?;
            Some((format!("{prefix}{name}"), text))
        })
        .collect();
    texts.sort();
    texts
}
