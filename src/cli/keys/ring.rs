#![expect(clippy::disallowed_methods, reason = "edge: keys live in files")]
//! The folder of keys: the private half of each key in a file of its own, and one list of the
//! public halves that are believed.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::TryRng;
use rand::rngs::SysRng;

use crate::base::ids::Space;
use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};
use crate::base::time::wall_now;
use crate::base::{PlantId, Stamp};
use crate::cli::exit::Failure;
use crate::ingest::trust::Trust;
use crate::telemetry::signature::{Keychain, PublicKey, Signer};

/// A key that is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Whose it is; none: of a whole space, it speaks for every plant.
    pub plant: Option<PlantId>,
    /// The half that everybody may know.
    pub public: PublicKey,
    /// Since when it is in the list, if that is known.
    pub added: Option<Stamp>,
    /// Since when it is no longer believed.
    pub revoked: Option<Stamp>,
}

impl Entry {
    /// The plant, or `*`.
    pub fn whose(&self) -> &str {
        self.plant.as_ref().map_or("*", PlantId::as_str)
    }
}

/// A folder of keys.
#[derive(Debug, Clone)]
pub struct Ring {
    folder: PathBuf,
    /// In the order in which they were added.
    pub entries: Vec<Entry>,
}

const LIST: &str = "trusted.toml";

const HEAD: &str = "\
# Who may speak for which plant: the public halves of keys that this monitor believes. Written by
# `sanmen keys`; `plant = \"*\"` speaks for every plant.
";

impl Ring {
    /// Opens a folder of keys; one that is not there is empty. Errors: every mistake in its list.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(LIST);
        let entries = match fs::read_to_string(&path) {
            Ok(text) => read(&Source::new(path.display().to_string(), text))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Failure::file(&path, error)),
        };
        Ok(Self { folder: folder.to_owned(), entries })
    }

    /// Who is believed, with `trust` as it stands.
    pub fn tell(&self, trust: &mut Trust) {
        for Entry { plant, public, revoked, .. } in &self.entries {
            trust.add(plant.as_ref(), public.clone(), revoked.is_some());
        }
    }

    /// The private key of a plant; none when it is not here. Errors: its file cannot be used.
    pub fn signer(&self, plant: &PlantId) -> Result<Option<Signer>, Failure> {
        read_private(&self.private(plant))
    }

    /// The private keys of those plants that have one here.
    pub fn keychain<'a>(
        &self,
        plants: impl IntoIterator<Item = &'a PlantId>,
    ) -> Result<Keychain, Failure> {
        let mut keys = Keychain::default();
        for plant in plants {
            if let Some(signer) = self.signer(plant)? {
                keys.of_plants.insert(plant.clone(), signer);
            }
        }
        Ok(keys)
    }

    /// The key of a space: for exercises, whose plants need no keys of their own.
    pub fn of_space(&self, space: &Space) -> Result<Option<Signer>, Failure> {
        read_private(&self.space(space))
    }

    /// What the monitor signs by.
    pub fn of_monitor(&self) -> Result<Option<Signer>, Failure> {
        read_private(&self.folder.join("monitor.key"))
    }

    /// Draws a key for the monitor. Errors: it has one.
    pub fn new_of_monitor(&self) -> Result<Signer, Failure> {
        let signer = draw()?;
        write_private(&self.folder.join("monitor.key"), &signer)?;
        Ok(signer)
    }

    /// What an exercise in a space signs by: the space's key, drawn if there is none, and kept here
    /// if the space is `named` by somebody who may come again.
    pub fn of_exercise(&self, space: &Space, named: bool) -> Result<Signer, Failure> {
        if let Some(kept) = self.of_space(space)? {
            return Ok(kept);
        }
        let signer = draw()?;
        if named {
            write_private(&self.space(space), &signer)?;
        }
        Ok(signer)
    }

    /// Draws a key for a plant, keeps it here, and believes it. Errors: it has one already, or the
    /// folder cannot be written.
    pub fn new_of_plant(&mut self, plant: &PlantId) -> Result<Signer, Failure> {
        let path = self.private(plant);
        if path.exists() {
            return Err(Failure::usage(format!(
                "{plant} has a key, {}: `sanmen keys rotate {plant}` gives it another",
                path.display()
            )));
        }
        let signer = draw()?;
        write_private(&path, &signer)?;
        self.believe(Some(plant.clone()), signer.public())?;
        Ok(signer)
    }

    /// Gives a plant a new key; the old one is believed until it is revoked, and kept beside.
    pub fn rotate(&mut self, plant: &PlantId) -> Result<Signer, Failure> {
        let path = self.private(plant);
        let Some(old) = read_private(&path)? else {
            return Err(Failure::usage(format!(
                "{plant} has no key in {}: `sanmen keys new {plant}` draws one",
                self.folder.display()
            )));
        };
        let signer = draw()?;
        let aside = self.folder.join(format!("plant-{plant}.{}.old", old.id()));
        fs::rename(&path, &aside).map_err(|error| Failure::file(&aside, error))?;
        write_private(&path, &signer)?;
        self.believe(Some(plant.clone()), signer.public())?;
        Ok(signer)
    }

    /// Believes a key; one that is in the list stays as it is. Gives whether it is new.
    pub fn believe(&mut self, plant: Option<PlantId>, public: PublicKey) -> Result<bool, Failure> {
        if self.entries.iter().any(|it| it.plant == plant && it.public == public) {
            return Ok(false);
        }
        self.entries.push(Entry { plant, public, added: Some(wall_now()), revoked: None });
        self.save().map(|()| true)
    }

    /// Believes no longer what `chosen` names; gives how many keys that were.
    pub fn revoke(&mut self, chosen: impl Fn(&Entry) -> bool) -> Result<usize, Failure> {
        let now = wall_now();
        let mut count = 0;
        for entry in self.entries.iter_mut().filter(|it| it.revoked.is_none() && chosen(it)) {
            entry.revoked = Some(now);
            count += 1;
        }
        if count > 0 {
            self.save()?;
        }
        Ok(count)
    }

    fn private(&self, plant: &PlantId) -> PathBuf {
        self.folder.join(format!("plant-{plant}.key"))
    }

    fn space(&self, space: &Space) -> PathBuf {
        self.folder.join(format!("space-{space}.key"))
    }

    /// The list is replaced as a whole: a kill leaves the old one or the new one.
    fn save(&self) -> Result<(), Failure> {
        let mut text = HEAD.to_owned();
        for entry in &self.entries {
            let Entry { public, added, revoked, .. } = entry;
            let id = public.id();
            text.push_str(&format!("\n[[key]] # {id}\nplant = \"{}\"\n", entry.whose()));
            text.push_str(&format!("public = \"{public}\"\n"));
            for (key, at) in [("added", added), ("revoked", revoked)] {
                if let Some(at) = at {
                    text.push_str(&format!("{key} = \"{at}\"\n"));
                }
            }
        }
        let path = self.folder.join(LIST);
        let new = self.folder.join("trusted.toml.new");
        let written = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&new, text))
            .and_then(|()| fs::rename(&new, &path));
        written.map_err(|error| Failure::file(&path, error))
    }
}

fn read(source: &Arc<Source>) -> Result<Vec<Entry>, Problems> {
    read_toml(source, |file| {
        let tables = file.tables("key");
        let entries: Vec<Option<Entry>> = tables.iter().map(read_entry).collect();
        entries.into_iter().collect()
    })
}

fn read_entry(table: &Table<'_>) -> Option<Entry> {
    let plant = table.parse("plant", whose).map(Spanned::into_inner);
    let public = table.parse("public", str::parse::<PublicKey>);
    let time = |key| table.opt_parse(key, Stamp::parse).map(|it| it.into_inner().0);
    let (added, revoked) = (time("added"), time("revoked"));
    Some(Entry { plant: plant?, public: public?.into_inner(), added, revoked })
}

/// A plant's id, or `*` for all.
pub fn whose(text: &str) -> Result<Option<PlantId>, String> {
    if text == "*" { Ok(None) } else { PlantId::new(text).map(Some).map_err(|e| e.to_string()) }
}

fn read_private(path: &Path) -> Result<Option<Signer>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Signer::from_pem(&text)
            .map(Some)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file(path, error)),
    }
}

/// A private key is its owner's alone, from the first byte on, and never written over another.
fn write_private(path: &Path, signer: &Signer) -> Result<(), Failure> {
    let pem = signer.to_pem().map_err(|_| Failure::Bug)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder)
        .and_then(|()| options.open(path))
        .and_then(|mut file| file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| Failure::file(path, error))
}

/// A key that nobody can guess. Errors: the system has no randomness to give.
pub fn draw() -> Result<Signer, Failure> {
    let mut secret = [0_u8; 32];
    SysRng.try_fill_bytes(&mut secret).map_err(|error| {
        Failure::outside(format!("no randomness for a key from the system: {error}"))
    })?;
    Ok(Signer::from_secret(&secret))
}
