//! Which files stand below the paths a user names, by their kind.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::problem::{Problems, Source, top_keys};
use crate::cli::library::{self, keep};
use crate::inspection::handling::SECTIONS;

/// The files below some paths, by kind; each once.
#[derive(Default)]
pub struct Found {
    /// Folders of plants.
    pub plants: BTreeSet<PathBuf>,
    /// Files with `[[rule]]` or `[[quality-test]]`.
    pub rules: Vec<Arc<Source>>,
    /// Files with `[[template]]`.
    pub fleets: Vec<Arc<Source>>,
    /// Files that name a plant.
    pub scenarios: Vec<Arc<Source>>,
    /// Files with a section of the settings.
    pub settings: Vec<Arc<Source>>,
    /// Files with a section of how alarms are handled.
    pub alarms: Vec<Arc<Source>>,
    /// Files with `[[topic]]`: what messages of foreign devices say.
    pub mappings: Vec<Arc<Source>>,
    /// EPANET files outside a plant's folder.
    pub networks: Vec<Arc<Source>>,
    /// How many files, without those of plants.
    pub files: usize,
    /// Files that cannot be read or are of no known kind.
    pub problems: Problems,
    seen: BTreeSet<PathBuf>,
}

enum Kind {
    Rules,
    Settings,
    Alarms,
    Fleet,
    Mapping,
    Scenario,
}

impl Found {
    /// Takes in a file, or every .toml and .inp file below a folder.
    pub fn path(&mut self, path: &Path) {
        let before = self.seen.len() + self.plants.len() + self.problems.len();
        self.walk(path);
        if path.is_dir() && self.seen.len() + self.plants.len() + self.problems.len() == before {
            let text = "there is no .toml or .inp file in this folder";
            self.problems.absorb(Problems::whole(path.display().to_string(), text));
        }
    }

    fn walk(&mut self, path: &Path) {
        if !path.is_dir() {
            return self.file(path);
        }
        if library::is_plant(path) {
            self.plants.insert(path.to_owned());
            return;
        }
        for entry in keep(&mut self.problems, library::list(path)).unwrap_or_default() {
            let ours = entry.extension().is_some_and(|ending| ending == "toml" || ending == "inp");
            if entry.is_dir() || ours {
                self.walk(&entry);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        if let Some(folder) = plant_of(path) {
            self.plants.insert(folder.to_owned());
            return;
        }
        if !self.seen.insert(path.to_owned()) {
            return;
        }
        self.files += 1;
        let Some(source) = keep(&mut self.problems, library::source(path)) else { return };
        if path.extension().is_some_and(|ending| ending == "inp") {
            return self.networks.push(source);
        }
        let (keys, broken) = top_keys(&source);
        match kind_of(|key| keys.contains_key(key)) {
            Some(Kind::Rules) => self.rules.push(source),
            Some(Kind::Settings) => self.settings.push(source),
            Some(Kind::Alarms) => self.alarms.push(source),
            Some(Kind::Fleet) => self.fleets.push(source),
            Some(Kind::Mapping) => self.mappings.push(source),
            Some(Kind::Scenario) => self.scenarios.push(source),
            None if broken.is_empty() => self.unknown(&source),
            None => self.problems.absorb(broken),
        }
    }

    fn unknown(&mut self, source: &Arc<Source>) {
        let first_line = source.text.find('\n').unwrap_or(source.text.len());
        self.problems.add(source, 0..first_line, "this is no kind of file that Sanmen reads").help(
            "a scenario names its `plant` or `fleet`, rules begin with [[rule]], settings have a \
             section such as [monitor], the handling of alarms one such as [shelving], a mapping \
             has [[topic]]; a plant is a folder with network.inp, plant.toml and instruments.toml",
        );
    }
}

/// The plant's folder, when the file is one of a plant's.
fn plant_of(path: &Path) -> Option<&Path> {
    let folder = path.parent().filter(|_| path.is_file())?;
    let is_main = |file: &Path| library::PLANT_FILES.iter().any(|name| file.ends_with(name));
    // `network.inp` alone, without its path, stands in the current folder.
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let is_beside = path.ends_with(library::LABORATORY_FILE) && library::is_plant(here);
    if is_main(path) || is_beside {
        return Some(here);
    }
    folder.parent().filter(|plant| folder.ends_with("conditions") && library::is_plant(plant))
}

/// What a TOML file is, by the keys at its top.
fn kind_of(has: impl Fn(&str) -> bool) -> Option<Kind> {
    if has("rule") || has("quality-test") {
        Some(Kind::Rules)
    } else if has("template") || has("rural_residents") {
        Some(Kind::Fleet)
    } else if (has("exercise") || has("rules")) && (has("plant") || has("fleet")) {
        Some(Kind::Scenario) // settings have sections of these names too
    } else if ["monitor", "ledger", "publisher", "webhook", "metrics", "otel", "exercise", "rules"]
        .into_iter()
        .any(&has)
    {
        Some(Kind::Settings)
    } else if SECTIONS.into_iter().any(&has) {
        Some(Kind::Alarms)
    } else if has("topic") || has("sparkplug") {
        Some(Kind::Mapping)
    } else if ["plant", "fleet", "inject", "expect", "allow", "duration_h"].into_iter().any(&has) {
        Some(Kind::Scenario)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_the_keys_at_its_top() {
        let kind = |keys: &[&str]| kind_of(|key| keys.contains(&key));
        assert!(matches!(kind(&["rule"]), Some(Kind::Rules)));
        assert!(matches!(kind(&["ledger"]), Some(Kind::Settings)));
        assert!(matches!(kind(&["load"]), Some(Kind::Alarms)));
        assert!(matches!(kind(&["lateness_s", "topic"]), Some(Kind::Mapping)));
        assert!(matches!(kind(&["sparkplug"]), Some(Kind::Mapping)));
        assert!(matches!(kind(&["plant", "title"]), Some(Kind::Scenario)));
        assert!(matches!(kind(&["plant", "exercise"]), Some(Kind::Scenario)));
        assert!(matches!(kind(&["exercise"]), Some(Kind::Settings)));
        assert!(matches!(kind(&["county", "template"]), Some(Kind::Fleet)));
        // Who names rules: settings a section of them, all others a list.
        assert!(matches!(kind(&["rules"]), Some(Kind::Settings)));
        assert!(matches!(kind(&["plant", "rules"]), Some(Kind::Scenario)));
        assert!(matches!(kind(&["fleet", "rules"]), Some(Kind::Scenario)));
        assert!(matches!(kind(&["rules", "template"]), Some(Kind::Fleet)));
        assert!(kind(&["package", "dependencies"]).is_none());
    }
}
