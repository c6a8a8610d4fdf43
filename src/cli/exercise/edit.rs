#![expect(clippy::disallowed_methods, reason = "edge: reads and keeps the file that is edited")]
//! `sanmen exercise edit` and `new`: an exercise written in a browser, alone: without a broker,
//! a monitor or a ledger.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::cards::cards;
use super::keep::{fingerprint, keep, place};
use super::rehearsing::Rehearsing;
use super::{Hall, shipped, short_name};
use crate::base::problem::Source;
use crate::cli::common::{SettingsFile, Shelves};
use crate::cli::desk::{DeskArgs, say_where};
use crate::cli::exit::Failure;
use crate::cli::{library, live};
use crate::desk::api::editor::{Denied, Doing, Editor, TEXT_MAX, Want, serve};
use crate::desk::role::{Role, Tokens};
use crate::plant::Plant;
use crate::scenario::draft::{Change, Shelf, changed, described};

/// A small exercise that holds: what `sanmen exercise new` writes.
const BEGINNING: &str = include_str!("beginning.txt");

#[derive(Debug, Args)]
pub(super) struct EditArgs {
    /// An exercise file, or the name of one that ships: a copy of that is kept under another name
    #[arg(value_name = "FILE|NAME")]
    file: PathBuf,
    #[command(flatten)]
    desk: DeskArgs,
    #[command(flatten)]
    shelves: Shelves,
    #[command(flatten)]
    settings: SettingsFile,
}

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The file to write; it must not be there yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Writes the small exercise as a new file.
pub(super) fn new(args: &NewArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let written = std::fs::File::create_new(&args.file)
        .and_then(|mut file| file.write_all(BEGINNING.as_bytes()));
    written.map_err(|error| Failure::file(&args.file, error))?;
    let shown = args.file.display();
    writeln!(out, "{shown}: edit it with: sanmen exercise edit {shown}")?;
    Ok(())
}

/// Lets somebody edit in a browser until Ctrl-C.
pub(super) fn run(args: &EditArgs) -> Result<(), Failure> {
    let opened = Opened::find(&args.file)?;
    let hall = Hall::open(&args.shelves)?;
    let settings = args.settings.load()?;
    let Some(plan) = args.desk.plan(&settings)? else {
        return Err(Failure::usage("without an address nobody can edit: --listen ADDR"));
    };
    live::block_on(|_, stopped| async move {
        let (listener, own) = plan.bind().await?;
        let tokens = Tokens::draw(|| live::random_space().to_string());
        say_where(own, tokens.of(Role::Instructor), false);
        let desk = Arc::new(Table::new(opened, hall));
        let rehearsing = desk.rehearsing.clone();
        let door = Arc::new(move |want, said| answer(Arc::clone(&desk), want, said));
        let editor = Editor { tokens, hosts: plan.hosts(), door };
        // An open page does not hold up the end, nor does a robot.
        let served = tokio::select! {
            served = serve(editor, listener, std::future::pending()) => served,
            () = stopped.wait() => Ok(()),
        };
        rehearsing.stop();
        served.map_err(Failure::outside)
    })
}

/// What is edited.
#[derive(Debug, Clone)]
struct Opened {
    /// The folder in which it is kept.
    folder: PathBuf,
    /// Its name; of a copy: one to begin with.
    name: String,
    /// What it is a copy of, if it is one.
    copy_of: Option<Arc<Source>>,
}

impl Opened {
    /// A file, or a copy of one that ships. Errors: neither is there; it is no text.
    fn find(named: &Path) -> Result<Self, Failure> {
        if named.exists() {
            let whole = named.canonicalize().map_err(|error| Failure::file(named, error))?;
            let size = std::fs::metadata(&whole).map_or(0, |it| it.len());
            if size > TEXT_MAX as u64 {
                let most = TEXT_MAX / 1024;
                let text = format!("{} is longer than {most} KiB: no exercise", named.display());
                return Err(Failure::usage(text));
            }
            library::source(&whole)?;
            let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let folder = whole.parent().unwrap_or(Path::new(".")).to_owned();
            return Ok(Self { folder, name, copy_of: None });
        }
        let wanted = named.to_string_lossy();
        let short = |source: &Arc<Source>| short_name(&source.path) == short_name(&wanted);
        let Some(found) = shipped().into_iter().find(short) else {
            let names: Vec<String> =
                shipped().iter().map(|source| short_name(&source.path).to_owned()).collect();
            let known = names.join(", ");
            let way = format!("begin one with: sanmen exercise new {wanted}; known: {known}");
            return Err(Failure::usage(format!("there is no exercise {wanted:?}; {way}")));
        };
        let folder = std::env::current_dir().map_err(Failure::outside)?;
        let name = format!("my-{}.toml", short_name(&found.path));
        Ok(Self { folder, name, copy_of: Some(found) })
    }

    /// The text as it is now on disk, and what it is known by; a copy is on no disk yet.
    fn read(&self) -> Result<(String, Option<String>), Denied> {
        if let Some(source) = &self.copy_of {
            return Ok((source.text.clone(), None));
        }
        self.read_named(&self.name)
    }

    fn read_named(&self, name: &str) -> Result<(String, Option<String>), Denied> {
        let path = place(&self.folder, name)?;
        let bytes = std::fs::read(&path).map_err(|error| {
            Denied::Failed(format!("{} cannot be read: {error}", path.display()))
        })?;
        let seen = fingerprint(&bytes);
        let text = String::from_utf8(bytes)
            .map_err(|_| Denied::Conflict("the file is not UTF-8 text".to_owned()))?;
        Ok((text, Some(seen)))
    }
}

/// What lies before whoever edits.
struct Table {
    /// Another once it is saved under another name.
    opened: Mutex<Opened>,
    plants: Vec<Arc<Plant>>,
    rules: Vec<String>,
    cards: Value,
    hall: Hall,
    rehearsing: Rehearsing,
}

/// What a page says: each wish has its own part of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    text: String,
    change: Option<Change>,
    name: Option<String>,
    seen: Option<String>,
}

impl Table {
    fn new(opened: Opened, hall: Hall) -> Self {
        let rules = hall.book.rules().iter().map(|rule| rule.id.as_str().to_owned()).collect();
        let plants = hall.plants.values().cloned().collect();
        let (cards, rehearsing) = (cards(&hall), Rehearsing::default());
        Self { opened: Mutex::new(opened), plants, rules, cards, hall, rehearsing }
    }

    fn now(&self) -> Opened {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn shelf(&self) -> Shelf<'_> {
        Shelf { plants: &self.plants, rules: &self.rules }
    }

    fn source(&self, text: String) -> Arc<Source> {
        Source::new(self.now().name, text)
    }

    /// What was opened. With a name: that file again, as it is now.
    fn opened(&self, name: Option<&str>) -> Result<Value, Denied> {
        let opened = self.now();
        let (text, seen) = match name {
            Some(name) => opened.read_named(name)?,
            None => opened.read()?,
        };
        Ok(json!({
            "name": name.unwrap_or(&opened.name),
            "folder": opened.folder.display().to_string(),
            "copy_of": opened.copy_of.as_ref().map(|source| short_name(&source.path)),
            "text": text,
            "seen": seen,
            "cards": self.cards,
        }))
    }

    fn described(&self, text: String) -> Value {
        let source = self.source(text);
        let (draft, exercise) = described(&source, self.shelf());
        json!({
            "text": source.text,
            "form": draft.form,
            "mistakes": draft.mistakes,
            "holds": exercise.is_some(),
        })
    }

    fn changed(&self, said: &Said) -> Result<Value, Denied> {
        let change = said.change.as_ref();
        let change = change.ok_or_else(|| Denied::Senseless("say the change".to_owned()))?;
        let text = changed(&said.text, change, self.shelf());
        Ok(self.described(text.map_err(|why| Denied::Conflict(why.to_string()))?))
    }

    fn saved(&self, said: &Said) -> Result<Value, Denied> {
        let opened = self.now();
        let name = said.name.as_deref().unwrap_or(&opened.name);
        let path = place(&opened.folder, name)?;
        let seen = keep(&path, &said.text, said.seen.as_deref())?;
        let saved = Opened { name: name.to_owned(), copy_of: None, ..opened.clone() };
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = saved;
        Ok(json!({ "name": name, "seen": seen, "path": path.display().to_string() }))
    }

    fn rehearsed(self: &Arc<Self>, text: String) -> Result<Value, Denied> {
        let source = self.source(text);
        let (draft, exercise) = described(&source, self.shelf());
        let plant = exercise
            .as_ref()
            .and_then(|it| self.hall.plants.get(it.scenario.plant.as_str()).cloned());
        let Some((exercise, plant)) = exercise.map(Arc::new).zip(plant) else {
            let first = draft.mistakes.first().map_or("", |mistake| mistake.text.as_str());
            let text = format!("robots cannot play it while it has mistakes: {first}");
            return Err(Denied::Conflict(text));
        };
        let book = self
            .hall
            .judging(&exercise)
            .map_err(|problems| Denied::Conflict(format!("robots cannot play it: {problems}")))?;
        let book = book.into_owned();
        let turn = self.rehearsing.begin();
        let own = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            own.rehearsing.play(turn, &exercise, &plant, &book);
        });
        Ok(self.rehearsing.shown())
    }
}

fn answer(desk: Arc<Table>, want: Want, said: Value) -> Doing {
    Box::pin(async move {
        // Reading takes milliseconds, of which the runtime's own threads are not for.
        let done = tokio::task::spawn_blocking(move || done(&desk, want, said)).await;
        done.unwrap_or_else(|error| Err(Denied::Failed(error.to_string())))
    })
}

fn done(desk: &Arc<Table>, want: Want, said: Value) -> Result<Value, Denied> {
    let said = match said {
        Value::Null => Said { text: String::new(), change: None, name: None, seen: None },
        said => serde_json::from_value(said).map_err(|why| Denied::Senseless(why.to_string()))?,
    };
    if said.text.len() > TEXT_MAX {
        return Err(Denied::Conflict(format!("the text is longer than {} KiB", TEXT_MAX / 1024)));
    }
    match want {
        Want::Opened => desk.opened(said.name.as_deref()),
        Want::Described => Ok(desk.described(said.text)),
        Want::Changed => desk.changed(&said),
        Want::Saved => desk.saved(&said),
        Want::Rehearsed => desk.rehearsed(said.text),
        Want::Rehearsal => Ok(desk.rehearsing.shown()),
        Want::Stopped => {
            desk.rehearsing.stop();
            Ok(Value::Null)
        }
    }
}
