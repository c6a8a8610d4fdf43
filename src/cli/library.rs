//! The files people write: plants, rules, settings, scenarios; from disk, or as compiled in.

mod files;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rust_embed::RustEmbed;

use crate::base::PlantId;
use crate::base::ids::PackId;
use crate::base::problem::asked::Step;
use crate::base::problem::{Listed, Problems, Source, Spanned, nearest, top_keys};
use crate::cli::exit::Failure;
use crate::cli::settings::Settings;
use crate::inspection::book::{Book, Drafts, Part};
use crate::inspection::handling::Handling;
use crate::plant::Plant;
use crate::plant::fleet::{self, Fleet};
use crate::plant::load::{self, Files};
use crate::scenario::draft::{self, Change};
use crate::scenario::exercise::Exercise;
use crate::scenario::fleet::FleetScenario;
use crate::scenario::{self, Scenario};
use crate::telemetry::mapping::Mapping;
pub use files::{bytes, folder_sources, list, source};
use files::{folder_files, shown};

#[derive(RustEmbed)]
#[folder = "config/"]
struct Config;

#[derive(RustEmbed)]
#[folder = "scenarios/"]
struct Scenarios;

/// The files that make a folder a plant's; `conditions/` comes beside them.
pub const PLANT_FILES: [&str; 3] = ["network.inp", "plant.toml", "instruments.toml"];

/// A file that a plant may have besides.
pub const LABORATORY_FILE: &str = "laboratory.toml";

/// Where plants and rules come from.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// A folder of plant folders, instead of those compiled in.
    pub plants: Option<PathBuf>,
    /// A folder of rule files, instead of those compiled in.
    pub rules: Option<PathBuf>,
    /// A file of how alarms are handled, instead of the one compiled in.
    pub alarms: Option<PathBuf>,
    /// Packs of rules in force at plants that choose none, instead of those that say so themselves.
    pub packs: Option<Vec<PackId>>,
}

impl Library {
    /// Every plant, by id. Errors: every mistake of every plant.
    pub fn plants(&self) -> Result<BTreeMap<String, Arc<Plant>>, Problems> {
        let mut plants = BTreeMap::new();
        let mut problems = Problems::new();
        for (name, files) in self.plant_folders(&mut problems) {
            match plant(&name, &files) {
                Ok(plant) => {
                    plants.insert(name, Arc::new(plant));
                }
                Err(found) => problems.absorb(found),
            }
        }
        problems.into_result(Some(plants))
    }

    /// One plant by its id.
    pub fn plant(&self, id: &str) -> Result<Arc<Plant>, Failure> {
        let plants = self.plants()?;
        plants.get(id).cloned().ok_or_else(|| {
            let known: Vec<&str> = plants.keys().map(String::as_str).collect();
            Failure::usage(format!("there is no plant {id:?}; {}", way_out(id, &known)))
        })
    }

    /// The inspection rules, and how their alarms are handled. Errors: every mistake of both.
    pub fn book(&self) -> Result<Book, Problems> {
        let mut problems = Problems::new();
        let rules = keep(&mut problems, self.rules());
        let handling = keep(&mut problems, self.handling());
        let book = rules.zip(handling).map(|(rules, handling)| rules.with_handling(handling));
        problems.into_result(book)
    }

    /// The same, with the packs that the settings choose, unless others are chosen already.
    pub fn with_settings(self, settings: &Settings) -> Self {
        let theirs = (!settings.packs.is_empty()).then(|| settings.packs.clone());
        Self { packs: self.packs.or(theirs), ..self }
    }

    /// The book for these plants. Errors: those of `book`; packs they choose that are none.
    pub fn book_for<'p>(
        &self,
        plants: impl IntoIterator<Item = &'p Arc<Plant>>,
    ) -> Result<Book, Problems> {
        let book = self.book()?;
        let unknown = book.unknown_packs(plants.into_iter().map(|plant| &plant.profile));
        unknown.into_result(Some(book))
    }

    /// Every plant, and the book for them. Errors: every mistake of both.
    pub fn plants_and_book(&self) -> Result<(BTreeMap<String, Arc<Plant>>, Book), Problems> {
        let mut problems = Problems::new();
        let plants = keep(&mut problems, self.plants());
        let book = self.book_for(plants.iter().flat_map(BTreeMap::values));
        let book = keep(&mut problems, book);
        problems.into_result(plants.zip(book))
    }

    /// The book by which the plants of a scenario or fleet are judged: `book`, unless it lists
    /// packs of rules, or files or folders of them, which then are in force at every plant. Paths
    /// count from the folder of the file. Errors: every mistake of the list, and of the files.
    pub fn judging<'b>(
        &self,
        book: &'b Book,
        named: Option<&Listed>,
    ) -> Result<Cow<'b, Book>, Problems> {
        let Some(Listed { source: by, names }) = named else { return Ok(Cow::Borrowed(book)) };
        let mut problems = Problems::new();
        let folder = Path::new(&by.path).parent().unwrap_or(Path::new(""));
        let (paths, packs): (Vec<_>, Vec<_>) = names.iter().partition(|it| is_rules(it.get_ref()));
        let mut files: Vec<Arc<Source>> = Vec::new();
        for path in paths {
            let found = folder.join(path.get_ref());
            if found.exists() {
                let (found, mistakes) = rule_files(&found);
                files.extend(found);
                problems.absorb(mistakes);
            } else {
                let text = format!("there is no file or folder {}", shown(&found));
                let help = "the path counts from this file's folder; a pack's id has no `/`";
                problems.add(by, path.span(), text).help(help);
            }
        }
        let own: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        let book = if files.is_empty() {
            Cow::Borrowed(book)
        } else {
            match keep(&mut problems, self.book_with(files)) {
                Some(book) => Cow::Owned(book),
                None => return Err(problems),
            }
        };
        let mut chosen = Vec::new();
        for pack in packs {
            match PackId::new(pack.get_ref()).map(|id| (book.no_pack(&id), id)) {
                Ok((None, id)) => chosen.push(id),
                Ok((Some((text, help)), _)) => {
                    problems.add(by, pack.span(), text).help(help);
                }
                Err(error) => {
                    problems.add(by, pack.span(), error.to_string());
                }
            }
        }
        let described = book.packs().iter().filter(|it| own.contains(&it.place.source.path));
        let described: Vec<PackId> = described.map(|it| it.id.clone()).collect();
        let book = book.into_owned();
        let book = if chosen.is_empty() {
            book.always(&described)
        } else {
            chosen.extend(described);
            book.settled(&chosen)
        };
        problems.into_result(Some(Cow::Owned(book)))
    }

    fn book_with(&self, files: Vec<Arc<Source>>) -> Result<Book, Problems> {
        let mut sources = self.rule_sources()?;
        sources.retain(|known| !files.iter().any(|file| file.path == known.path));
        sources.extend(files);
        let book = Book::load(&sources)?.with_handling(self.handling()?);
        Ok(match &self.packs {
            Some(chosen) => book.choosing(chosen),
            None => book,
        })
    }

    /// How alarms are handled. Errors: every mistake of the file.
    pub fn handling(&self) -> Result<Handling, Problems> {
        match &self.alarms {
            Some(path) => Handling::load(&source(path)?),
            None => Ok(Handling::default()), // a test holds the compiled file to it
        }
    }

    /// The files of the rules. Errors: a folder that cannot be read, or has none.
    pub fn rule_sources(&self) -> Result<Vec<Arc<Source>>, Problems> {
        let (sources, problems) = self.rule_files();
        problems.into_result(Some(sources))
    }

    /// The files of the rules that can be read, and what is wrong with the others.
    fn rule_files(&self) -> (Vec<Arc<Source>>, Problems) {
        match &self.rules {
            None => {
                let shipped = embedded::<Config>("config/", |name| name.starts_with("rules/"));
                (shipped, Problems::new())
            }
            Some(folder) => rule_files(folder),
        }
    }

    /// The rules in force as far as they can be read, without how their alarms are handled; drafts
    /// of others; and every mistake.
    pub fn read_rules(&self) -> (Part, Drafts, Problems) {
        let (sources, mut problems) = self.rule_files();
        let (mut part, mut drafts, mistakes) = Book::read_part(&sources, &[], problems.is_empty());
        problems.absorb(mistakes);
        let Some(chosen) = &self.packs else { return (part, drafts, problems) };
        // A pack may be described in what cannot be read.
        if problems.is_empty() {
            for (text, help) in chosen.iter().filter_map(|id| part.book.no_pack(id)) {
                problems.absorb(Problems::whole("the packs chosen", format!("{text}; {help}")));
            }
        }
        part.book = part.book.choosing(chosen);
        for pack in drafts.rules.iter_mut().filter_map(|rule| rule.pack.as_mut()) {
            pack.is_usual = chosen.contains(&pack.id);
        }
        (part, drafts, problems)
    }

    fn rules(&self) -> Result<Book, Problems> {
        let (part, _, problems) = self.read_rules();
        problems.into_result(Some(part.book))
    }

    /// The files of each plant, by the folder's name; what cannot be read goes to `problems`.
    fn plant_folders(&self, problems: &mut Problems) -> BTreeMap<String, Vec<Arc<Source>>> {
        let mut folders: BTreeMap<String, Vec<Arc<Source>>> = BTreeMap::new();
        let Some(folder) = &self.plants else {
            for source in embedded::<Config>("config/", |name| name.starts_with("plants/")) {
                let name = source.path.split('/').nth(2).unwrap_or("").to_owned();
                folders.entry(name).or_default().push(source);
            }
            return folders;
        };
        let entries = keep(problems, list(folder)).unwrap_or_default();
        let mut found_any = false;
        for entry in entries.iter().filter(|entry| is_plant(entry)) {
            found_any = true;
            if let Some(files) = keep(problems, plant_folder(entry)) {
                folders.insert(folder_name(entry), files);
            }
        }
        if !found_any && problems.is_empty() {
            problems.absorb(Problems::whole(shown(folder), "there is no plant folder in it"));
        }
        folders
    }
}

/// Does a name in a list of rules say where they stand? A pack's id has no `/` and no ending.
fn is_rules(name: &str) -> bool {
    name.contains('/') || is_path(name)
}

/// A file of rules, or all those of a folder, as far as they can be read; and what is wrong: one
/// cannot be read, or there are none.
fn rule_files(path: &Path) -> (Vec<Arc<Source>>, Problems) {
    let mut problems = Problems::new();
    if !path.is_dir() && path.exists() {
        let file = keep(&mut problems, source(path));
        return (file.into_iter().collect(), problems);
    }
    let found = folder_files(path, "toml", &mut problems);
    if found.is_empty() && problems.is_empty() {
        problems = Problems::whole(shown(path), "there is no rule file in it");
    }
    (found, problems)
}

/// The value, or its mistakes into `problems`.
pub fn keep<T>(problems: &mut Problems, result: Result<T, Problems>) -> Option<T> {
    result.map_err(|found| problems.absorb(found)).ok()
}

/// Is it the folder of a plant? One of a plant's files is enough: what lacks is then reported.
pub fn is_plant(folder: &Path) -> bool {
    PLANT_FILES.iter().any(|name| folder.join(name).is_file())
}

/// A folder's own name, even when it is given as `.`; empty when it has none.
pub fn folder_name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    whole.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files of one plant folder on disk, conditions included. Errors: each that cannot be read.
pub fn plant_folder(folder: &Path) -> Result<Vec<Arc<Source>>, Problems> {
    let mut problems = Problems::new();
    let mut sources = Vec::new();
    for name in PLANT_FILES {
        sources.extend(keep(&mut problems, source(&folder.join(name))));
    }
    let laboratory = folder.join(LABORATORY_FILE);
    if laboratory.is_file() {
        sources.extend(keep(&mut problems, source(&laboratory)));
    }
    let conditions = folder.join("conditions");
    if conditions.is_dir() {
        sources
            .extend(keep(&mut problems, folder_sources(&conditions, "toml")).into_iter().flatten());
    }
    problems.into_result(Some(sources))
}

/// A checked plant from the files of its folder.
pub fn plant(name: &str, sources: &[Arc<Source>]) -> Result<Plant, Problems> {
    let find = |wanted: &str| {
        let found = sources.iter().find(|source| Path::new(&source.path).ends_with(wanted));
        found.cloned().ok_or_else(|| Problems::whole(name, format!("the plant has no {wanted}")))
    };
    let is_condition =
        |path: &Path| path.parent().is_some_and(|folder| folder.ends_with("conditions"));
    let conditions = sources
        .iter()
        .map(|source| (Path::new(&source.path), source))
        .filter(|(path, _)| is_condition(path))
        .map(|(path, source)| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            (name.into_owned(), Arc::clone(source))
        })
        .collect();
    let [network, plant, instruments] = PLANT_FILES;
    let files = Files {
        network: find(network)?,
        plant: find(plant)?,
        instruments: find(instruments)?,
        laboratory: find(LABORATORY_FILE).ok(),
        conditions,
    };
    let id = PlantId::new(name).map_err(|error| {
        Problems::whole(
            &files.plant.path,
            format!("the folder's name names the plant, but {error}"),
        )
    })?;
    load::load(id, &files)
}

/// A mapping of foreign devices to these plants.
pub fn mapping(path: &Path, plants: &[Arc<Plant>]) -> Result<Mapping, Problems> {
    read_mapping(&source(path)?, plants.iter())
}

/// The mappings compiled in.
pub fn built_in_mappings() -> Vec<Arc<Source>> {
    embedded::<Config>("config/", |path| path.starts_with("mappings/"))
}

/// A mapping of foreign devices to these plants.
pub fn read_mapping<'p>(
    source: &Arc<Source>,
    plants: impl Iterator<Item = &'p Arc<Plant>>,
) -> Result<Mapping, Problems> {
    let tags = |plant: &Arc<Plant>| {
        let tags = plant.instruments.iter().map(|it| (it.tag.id.clone(), it.tag.quantity));
        (plant.id.clone(), tags.collect())
    };
    Mapping::load(source, plants.map(tags).collect())
}

/// The settings: the defaults, overridden by `over`.
pub fn settings(over: Option<&Path>) -> Result<Settings, Problems> {
    let over = over.map(source).transpose()?;
    Settings::load(&default_settings(), over.as_ref())
}

/// The file that every setting starts from.
pub fn default_settings() -> Arc<Source> {
    Source::new("config/default.toml", include_str!("../../config/default.toml"))
}

/// How many files of `config/` are compiled in.
pub fn config_files() -> usize {
    Config::iter().count()
}

/// The scenarios compiled in.
pub fn built_in_scenarios() -> Vec<Arc<Source>> {
    embedded::<Scenarios>("scenarios/", |_| true)
}

/// A scenario file: from disk, or by its name among those compiled in; an exercise by its own name
/// too, without the folder.
pub fn scenario_source(name: &Path) -> Result<Arc<Source>, Failure> {
    if name.exists() {
        return Ok(source(name)?);
    }
    let wanted = shown(name);
    let stem = |path: &str| {
        let file = path.strip_prefix("scenarios/").unwrap_or(path);
        file.strip_suffix(".toml").unwrap_or(file).to_owned()
    };
    let all = built_in_scenarios();
    let wanted_stem = stem(&wanted);
    let is_it = |source: &&Arc<Source>| {
        let path = stem(&source.path);
        path == wanted_stem || path.strip_prefix("exercises/") == Some(wanted_stem.as_str())
    };
    if let Some(found) = all.iter().find(is_it) {
        return Ok(Arc::clone(found));
    }
    let stems: Vec<String> = all.iter().map(|source| stem(&source.path)).collect();
    let known: Vec<&str> = stems.iter().map(String::as_str).collect();
    let help = way_out(&wanted_stem, &known);
    Err(Failure::usage(format!("there is no scenario {wanted:?}, as a file or built in; {help}")))
}

/// A scenario's file as it is when its plant starts from another condition. What is not TOML stays
/// as it is: whoever reads it says so.
pub fn starting_from(source: &Arc<Source>, condition: &str) -> Arc<Source> {
    let path = vec![Step::Key("condition".to_owned())];
    let change = Change::Set { path, value: Some(condition.into()) };
    let shelf = draft::Shelf { plants: &[], rules: &[] };
    match draft::changed(&source.text, &change, shelf) {
        Ok(text) => Source::new(source.path.as_str(), text),
        Err(_) => Arc::clone(source),
    }
}

/// The nearest known name, or all of them.
fn way_out(found: &str, known: &[&str]) -> String {
    match nearest(found, known) {
        Some(name) => format!("did you mean {name:?}?"),
        None => format!("known: {}", known.join(", ")),
    }
}

/// A fleet: from disk when the name is a path of a `.toml` file, else compiled in.
pub fn fleet(name: &str) -> Result<Fleet, Failure> {
    if is_path(name) {
        return Ok(read_fleet(&source(Path::new(name))?)?);
    }
    let found = built_in_fleet(name);
    let found =
        found.map_err(|way| Failure::usage(format!("there is no fleet {name:?}; {way}")))?;
    Ok(read_fleet(&found)?)
}

/// Does the name of a fleet say where its file is?
fn is_path(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "toml")
}

/// Errors: the way out.
fn built_in_fleet(name: &str) -> Result<Arc<Source>, String> {
    let all = built_in_fleets();
    let found = all.iter().find(|source| file_stem(&source.path) == name).cloned();
    found.ok_or_else(|| {
        let ids: Vec<String> = all.iter().map(|source| file_stem(&source.path)).collect();
        let known: Vec<&str> = ids.iter().map(String::as_str).collect();
        way_out(name, &known)
    })
}

/// The fleets compiled in.
pub fn built_in_fleets() -> Vec<Arc<Source>> {
    embedded::<Config>("config/", |name| name.starts_with("fleets/"))
}

/// A checked fleet; its file's name is its own.
pub fn read_fleet(source: &Arc<Source>) -> Result<Fleet, Problems> {
    fleet::read(&file_stem(&source.path), source)
}

/// The name of a file without its folders and its ending.
fn file_stem(path: &str) -> String {
    Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A scenario file, read.
pub enum Script {
    /// What happens to one plant.
    Plant(Box<Scenario>),
    /// What happens to a fleet, and the fleet.
    Fleet(Box<FleetScript>),
}

/// A scenario of a fleet, and the fleet.
pub struct FleetScript {
    /// The fleet.
    pub fleet: Fleet,
    /// Its name, as `fleet` takes it: an id, or the path of its file.
    pub name: String,
    /// What happens to it.
    pub scenario: FleetScenario,
}

/// A checked exercise of one of `plants`; none when the file is a scenario without people. Errors:
/// every mistake of the file.
pub fn exercise(
    source: &Arc<Source>,
    plants: &BTreeMap<String, Arc<Plant>>,
) -> Option<Result<Exercise, Problems>> {
    let plants: Vec<Arc<Plant>> = plants.values().cloned().collect();
    let is_one = top_keys(source).0.contains_key("exercise");
    is_one.then(|| scenario::load_exercise(source, &plants))
}

/// A checked scenario, of one of `plants` or of the fleet that it names; of an exercise, what
/// happens when nobody does anything. Errors: every mistake of the file, or those of the fleet's.
pub fn script(
    source: &Arc<Source>,
    plants: &BTreeMap<String, Arc<Plant>>,
) -> Result<Script, Problems> {
    if let Some(exercise) = exercise(source, plants) {
        return Ok(Script::Plant(Box::new(exercise?.scenario)));
    }
    let Some(name) = top_keys(source).0.remove("fleet") else {
        let plants: Vec<Arc<Plant>> = plants.values().cloned().collect();
        return Ok(Script::Plant(Box::new(scenario::load(source, &plants)?)));
    };
    let (fleet, name) = named_fleet(source, &name)?;
    let scenario = scenario::load_fleet(source, &fleet)?;
    Ok(Script::Fleet(Box::new(FleetScript { fleet, name, scenario })))
}

/// The fleet that stands behind `fleet = …` in a scenario, and its name; a path counts from the
/// scenario's file.
fn named_fleet(
    scenario: &Arc<Source>,
    name: &Spanned<Option<String>>,
) -> Result<(Fleet, String), Problems> {
    let wrong = |text: String, way: String| {
        let mut problems = Problems::new();
        problems.add(scenario, name.span(), text).help(way);
        problems
    };
    let Some(text) = name.get_ref() else {
        let text = "`fleet` must be the name of a fleet, or the path of its file".to_owned();
        return Err(wrong(text, "write `fleet = \"xianning\"`".to_owned()));
    };
    if !is_path(text) {
        let found = built_in_fleet(text);
        let found = found.map_err(|way| wrong(format!("there is no fleet {text:?}"), way))?;
        return Ok((read_fleet(&found)?, text.clone()));
    }
    let folder = Path::new(&scenario.path).parent().unwrap_or(Path::new(""));
    let path = folder.join(text);
    if !path.is_file() {
        let text = format!("there is no file {}", shown(&path));
        return Err(wrong(text, "the path counts from this file's folder".to_owned()));
    }
    Ok((read_fleet(&source(&path)?)?, shown(&path)))
}

/// The scenario's plant is not there.
pub fn no_plant(plant: &PlantId) -> Failure {
    Failure::usage(format!("there is no plant {plant}"))
}

fn embedded<T: RustEmbed>(prefix: &str, wanted: impl Fn(&str) -> bool) -> Vec<Arc<Source>> {
    let mut names: Vec<_> = T::iter().filter(|name| wanted(name)).collect();
    names.sort();
    names
        .into_iter()
        .filter_map(|name| {
            let text = String::from_utf8(T::get(&name)?.data.into_owned()).ok()?;
            Some(Source::new(format!("{prefix}{name}"), text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    //! What ships is found by the names that people call it by.

    use super::*;

    #[test]
    fn an_exercise_is_found_with_and_without_its_folder() {
        let path = |name: &str| scenario_source(Path::new(name)).map(|it| it.path.clone()).ok();
        let known = Some("scenarios/exercises/e4-burst.toml".to_owned());
        for name in ["e4-burst", "exercises/e4-burst", "scenarios/exercises/e4-burst.toml"] {
            assert_eq!(path(name), known, "{name}");
        }
        assert_eq!(path("story"), Some("scenarios/story.toml".to_owned()));
        assert_eq!(path("burst"), None);
        // No exercise is called as a scenario is: either would hide the other.
        let names = built_in_scenarios();
        let names = names.iter().map(|it| it.path.rsplit('/').next().unwrap_or_default());
        let mut names: Vec<&str> = names.collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
