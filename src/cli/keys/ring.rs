#![expect(clippy::disallowed_methods, reason = "edge: keys live in files")]
//! The folder of keys: the private half of each key in a file of its own, and one list of the
//! public halves that are believed.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::TryRng;
use rand::rngs::SysRng;

use crate::base::ids::{OperatorId, Space};
use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};
use crate::base::time::wall_now;
use crate::base::{PlantId, Stamp};
use crate::cli::exit::Failure;
use crate::cli::whole::replace;
use crate::ingest::trust::Trust;
use crate::telemetry::signature::{Keychain, PublicKey, Signer};

/// Whose a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Of a plant.
    Plant(PlantId),
    /// Of a whole space: it speaks for every plant.
    Plants,
    /// Of a monitor, which may ask plants for what it has missed.
    Monitor(OperatorId),
    /// Of a person who may order something of plants.
    Operator(OperatorId),
}

impl Holder {
    /// The key in the list, and its value.
    fn row(&self) -> (&'static str, &str) {
        match self {
            Self::Plant(plant) => ("plant", plant.as_str()),
            Self::Plants => ("plant", "*"),
            Self::Monitor(name) => ("monitor", name.as_str()),
            Self::Operator(name) => ("operator", name.as_str()),
        }
    }

    fn read(role: &str, name: &str) -> Result<Self, String> {
        let id = || OperatorId::new(name).map_err(|error| error.to_string());
        match role {
            "monitor" => id().map(Self::Monitor),
            "operator" => id().map(Self::Operator),
            _ if name == "*" => Ok(Self::Plants),
            _ => PlantId::new(name).map(Self::Plant).map_err(|error| error.to_string()),
        }
    }

    /// A plant's id, `*` for all, `operator:NAME` or `monitor:NAME`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((role @ ("operator" | "monitor" | "plant"), name)) => Self::read(role, name),
            _ => Self::read("plant", text),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row() {
            ("plant", plant) => f.pad(plant),
            (role, name) => write!(f, "{role}:{name}"),
        }
    }
}

/// Whose private half may be in a folder of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A plant's.
    Plant(PlantId),
    /// A person's who may order something of plants.
    Operator(OperatorId),
    /// The monitor's that uses the folder.
    Monitor,
}

impl Owner {
    /// A plant's id, `operator:NAME`, or `monitor`; `plant:monitor` is a plant of that name.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "monitor" {
            return Ok(Self::Monitor);
        }
        match Holder::parse(text)? {
            Holder::Plant(plant) => Ok(Self::Plant(plant)),
            Holder::Operator(name) => Ok(Self::Operator(name)),
            Holder::Plants | Holder::Monitor(_) => {
                Err("name a plant, operator:NAME, or monitor for the one here".to_owned())
            }
        }
    }

    /// Who is believed by its public half here; none for the monitor, which others believe.
    pub fn holder(&self) -> Option<Holder> {
        match self {
            Self::Plant(plant) => Some(Holder::Plant(plant.clone())),
            Self::Operator(name) => Some(Holder::Operator(name.clone())),
            Self::Monitor => None,
        }
    }

    /// The name of the file of its private half, without the ending.
    fn stem(&self) -> String {
        match self {
            Self::Plant(plant) => format!("plant-{plant}"),
            Self::Operator(name) => format!("operator-{name}"),
            Self::Monitor => "monitor".to_owned(),
        }
    }

    /// The flags with which `sanmen keys new` draws it.
    fn flags(&self) -> String {
        match self {
            Self::Plant(plant) => plant.to_string(),
            Self::Operator(name) => format!("--operator {name}"),
            Self::Monitor => "--monitor".to_owned(),
        }
    }
}

/// As `parse` takes it.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plant(plant) if plant.as_str() == "monitor" => write!(f, "plant:{plant}"),
            Self::Plant(plant) => f.pad(plant.as_str()),
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Monitor => f.pad("monitor"),
        }
    }
}

/// A key that is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Whose it is.
    pub holder: Holder,
    /// The half that everybody may know.
    pub public: PublicKey,
    /// Since when it is in the list, if that is known.
    pub added: Option<Stamp>,
    /// Since when it is no longer believed.
    pub revoked: Option<Stamp>,
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
# Who may speak for which plant, and who may ask plants for something: the public halves of keys
# that are believed here. Written by `sanmen keys`; `plant = \"*\"` speaks for every plant.
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

    /// Who is believed to be which plant, with `trust` as it stands.
    pub fn tell(&self, trust: &mut Trust) {
        for Entry { holder, public, revoked, .. } in &self.entries {
            let plant = match holder {
                Holder::Plant(plant) => Some(plant),
                Holder::Plants => None,
                Holder::Monitor(_) | Holder::Operator(_) => continue,
            };
            trust.add(plant, public.clone(), revoked.is_some());
        }
    }

    /// Adds to `trust` those who may ask plants for what they have missed: the monitor of this
    /// folder, and those that it names.
    pub fn tell_monitors(&self, trust: &mut Trust) -> Result<(), Failure> {
        if let Some(own) = self.of_monitor()? {
            trust.add(None, own.public(), false);
        }
        for Entry { public, revoked, .. } in
            self.entries.iter().filter(|entry| matches!(entry.holder, Holder::Monitor(_)))
        {
            trust.add(None, public.clone(), revoked.is_some());
        }
        Ok(())
    }

    /// Adds to `trust` those who may order something of plants.
    pub fn tell_operators(&self, trust: &mut Trust) {
        for Entry { holder, public, revoked, .. } in &self.entries {
            if matches!(holder, Holder::Operator(_)) {
                trust.add(None, public.clone(), revoked.is_some());
            }
        }
    }

    /// The operators in the list.
    pub fn operators(&self) -> impl Iterator<Item = &OperatorId> {
        self.entries.iter().filter_map(|entry| match &entry.holder {
            Holder::Operator(name) => Some(name),
            _ => None,
        })
    }

    /// The private key of an operator; none when it is not here.
    pub fn of_operator(&self, name: &OperatorId) -> Result<Option<Signer>, Failure> {
        read_private(&self.private(&Owner::Operator(name.clone())))
    }

    /// The private key of a plant; none when it is not here. Errors: its file cannot be used.
    pub fn signer(&self, plant: &PlantId) -> Result<Option<Signer>, Failure> {
        read_private(&self.private(&Owner::Plant(plant.clone())))
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
        read_private(&self.private(&Owner::Monitor))
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

    /// Draws a key, keeps it here, and believes it. Errors: its owner has one already, or the
    /// folder cannot be written.
    pub fn draw_for(&mut self, owner: &Owner) -> Result<Signer, Failure> {
        let path = self.private(owner);
        if path.exists() {
            return Err(Failure::usage(format!(
                "{owner} has a key, {}: `sanmen keys rotate {owner}` gives it another",
                path.display()
            )));
        }
        let signer = draw()?;
        write_private(&path, &signer)?;
        self.believe_owner(owner, &signer)?;
        Ok(signer)
    }

    /// Gives its owner a new key; gives the old one, which is believed until it is revoked and kept
    /// beside, and the new one.
    pub fn rotate(&mut self, owner: &Owner) -> Result<(Signer, Signer), Failure> {
        let path = self.private(owner);
        let Some(old) = read_private(&path)? else {
            return Err(Failure::usage(format!(
                "{owner} has no key in {}: `sanmen keys new {}` draws one",
                self.folder.display(),
                owner.flags()
            )));
        };
        let signer = draw()?;
        let aside = self.folder.join(format!("{}.{}.old", owner.stem(), old.id()));
        fs::rename(&path, &aside).map_err(|error| Failure::file(&aside, error))?;
        write_private(&path, &signer)?;
        self.believe_owner(owner, &signer)?;
        Ok((old, signer))
    }

    fn believe_owner(&mut self, owner: &Owner, signer: &Signer) -> Result<(), Failure> {
        let Some(holder) = owner.holder() else { return Ok(()) };
        self.believe(holder, signer.public()).map(|_| ())
    }

    /// Believes a key; one that is in the list stays as it is. Gives whether it is new. Errors: it
    /// was revoked, whoever held it.
    pub fn believe(&mut self, holder: Holder, public: PublicKey) -> Result<bool, Failure> {
        let same = |it: &&Entry| it.public == public;
        let revoked = self.entries.iter().filter(same).find_map(|it| Some((it, it.revoked?)));
        if let Some((Entry { holder, .. }, at)) = revoked {
            return Err(Failure::usage(format!(
                "key {} of {holder} was revoked at {at}, so it is not believed again: draw another \
                 with `sanmen keys new` or `rotate`, or, if that was a mistake, take it out of {}",
                public.id(),
                self.folder.join(LIST).display()
            )));
        }
        if self.entries.iter().any(|it| it.holder == holder && it.public == public) {
            return Ok(false);
        }
        self.entries.push(Entry { holder, public, added: Some(wall_now()), revoked: None });
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

    fn private(&self, owner: &Owner) -> PathBuf {
        self.folder.join(format!("{}.key", owner.stem()))
    }

    fn space(&self, space: &Space) -> PathBuf {
        self.folder.join(format!("space-{space}.key"))
    }

    /// The list is replaced as a whole: a kill leaves the old one or the new one.
    fn save(&self) -> Result<(), Failure> {
        let mut text = HEAD.to_owned();
        for entry in &self.entries {
            let Entry { holder, public, added, revoked } = entry;
            let (id, (role, name)) = (public.id(), holder.row());
            text.push_str(&format!("\n[[key]] # {id}\n{role} = \"{name}\"\n"));
            text.push_str(&format!("public = \"{public}\"\n"));
            for (key, at) in [("added", added), ("revoked", revoked)] {
                if let Some(at) = at {
                    text.push_str(&format!("{key} = \"{at}\"\n"));
                }
            }
        }
        let path = self.folder.join(LIST);
        let written = fs::create_dir_all(&self.folder);
        let written = written.and_then(|()| replace(&path, text.as_bytes()));
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
    let other = ["operator", "monitor"].into_iter().find(|role| table.has(role));
    let role = other.unwrap_or("plant");
    let holder = table.parse(role, |name| Holder::read(role, name)).map(Spanned::into_inner);
    let public = table.parse("public", str::parse::<PublicKey>);
    let time = |key| table.opt_parse(key, Stamp::parse).map(|it| it.into_inner().0);
    let (added, revoked) = (time("added"), time("revoked"));
    Some(Entry { holder: holder?, public: public?.into_inner(), added, revoked })
}

/// Errors: it is no key, or others than its owner may read it, so that anybody may have it.
fn read_private(path: &Path) -> Result<Option<Signer>, Failure> {
    match fs::read_to_string(path) {
        Ok(_) if is_open_to_others(path) => Err(Failure::usage(format!(
            "others than its owner may read the private key {path}: `chmod 600 {path}`, and if \
             somebody may have read it, `sanmen keys rotate`",
            path = path.display()
        ))),
        Ok(text) => Signer::from_pem(&text)
            .map(Some)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file(path, error)),
    }
}

/// May anybody but the owner read or write a file?
fn is_open_to_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|it| it.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false // other systems keep that elsewhere
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
