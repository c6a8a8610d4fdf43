//! `sanmen keys`: who may speak for which plant.

pub mod ring;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::base::PlantId;
use crate::base::ids::Space;
use crate::cli::common::Format;
use crate::cli::exit::Failure;
use crate::cli::settings::Settings;
use crate::cli::table;
use crate::ingest::trust::{Trust, Unsigned};
use crate::telemetry::signature::{KeyError, KeyId, PublicKey, Signer};
use ring::{Entry, Ring};

/// Where keys live when nobody says otherwise.
const FOLDER: &str = "sanmen-data/keys";

/// The folder of keys.
#[derive(Debug, Clone, Args)]
pub struct KeysFolder {
    /// The folder of keys
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    keys: PathBuf,
}

impl KeysFolder {
    /// What is in it.
    pub fn open(&self) -> Result<Ring, Failure> {
        Ring::open(&self.keys)
    }
}

/// Whom a monitor believes.
#[derive(Debug, Clone, Args)]
pub struct TrustFlags {
    #[command(flatten)]
    folder: KeysFolder,
    /// Believe this key too: of an exercise, as `sanmen simulate` says it, or of one plant
    #[arg(long, value_name = "[PLANT=]KEY", value_parser = named)]
    trust: Vec<Named>,
    /// Take plants without a key at their word, whatever the broker
    #[arg(long)]
    accept_unsigned: bool,
}

/// A key, and whose it is.
#[derive(Debug, Clone)]
struct Named(Whose, PublicKey);

fn named(text: &str) -> Result<Named, String> {
    // A key may end with `=` of its own.
    let (plant, key) = match text.split_once('=') {
        Some((plant, key)) if !key.trim_matches('=').is_empty() => (whose(plant)?, key),
        _ => (Whose(None), text),
    };
    key.parse().map(|key| Named(plant, key)).map_err(|error: KeyError| error.to_string())
}

impl TrustFlags {
    /// Who is believed in a space of a broker, which may be on this machine.
    pub fn load(
        &self,
        space: &Space,
        is_loopback: bool,
        settings: &Settings,
    ) -> Result<Trust, Failure> {
        let usual = settings.unsigned.rule(is_loopback);
        let rule = if self.accept_unsigned { Unsigned::Accept } else { usual };
        let mut trust = Trust::new(rule);
        let ring = self.folder.open()?;
        ring.tell(&mut trust);
        if let Some(signer) = ring.of_space(space)? {
            trust.add(None, signer.public(), false);
        }
        for Named(Whose(plant), key) in &self.trust {
            trust.add(plant.as_ref(), key.clone(), false);
        }
        Ok(trust)
    }

    /// What the monitor signs its alarms by, if it has a key.
    pub fn of_monitor(&self) -> Result<Option<Signer>, Failure> {
        self.folder.open()?.of_monitor()
    }
}

/// Signatures of plants: draws, lists, changes and revokes keys.
#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
    #[command(flatten)]
    folder: KeysFolder,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Draws a key for each plant: its private half stays here, its public half is believed
    New {
        /// The plants
        #[arg(required_unless_present = "monitor")]
        #[arg(value_name = "PLANT", value_parser = PlantId::new)]
        plants: Vec<PlantId>,
        /// Draws one for the monitor too, which then signs the alarms that it says on MQTT
        #[arg(long)]
        monitor: bool,
    },
    /// Shows whom a monitor believes, and which private halves are here
    List {
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Believes a key whose private half is elsewhere
    Trust {
        /// The plant; `*` for every plant
        #[arg(value_name = "PLANT", value_parser = whose)]
        plant: Whose,
        /// The key's public half, as `new` and `list` show it
        #[arg(value_name = "KEY", value_parser = str::parse::<PublicKey>)]
        key: PublicKey,
    },
    /// Gives a plant a new key; the old one is believed until it is revoked
    Rotate {
        /// The plant
        #[arg(value_name = "PLANT", value_parser = PlantId::new)]
        plant: PlantId,
    },
    /// Believes a key no longer, from the monitor's next start on
    Revoke {
        /// The key's name, or a plant for all of its keys
        #[arg(value_name = "ID|PLANT")]
        which: String,
    },
}

/// A plant, or all.
#[derive(Debug, Clone)]
struct Whose(Option<PlantId>);

fn whose(text: &str) -> Result<Whose, String> {
    ring::whose(text).map(Whose)
}

/// Does what is asked with the folder of keys.
pub fn run(args: &KeysArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut ring = args.folder.open()?;
    match &args.command {
        KeysCommand::New { plants, monitor } => {
            if *monitor {
                let key = ring.new_of_monitor()?.public();
                writeln!(out, "key {} of the monitor: {key}", key.id())?;
            }
            for plant in plants {
                let signer = ring.new_of_plant(plant)?;
                tell(out, plant, &signer.public())?;
            }
            Ok(())
        }
        KeysCommand::List { format } => list(&ring, *format, out),
        KeysCommand::Trust { plant, key } => {
            let (whose, id) = (plant.0.as_ref().map_or("every plant", PlantId::as_str), key.id());
            let is_new = ring.believe(plant.0.clone(), key.clone())?;
            let how = if is_new { "is believed" } else { "was in the list already" };
            Ok(writeln!(out, "key {id} of {whose} {how}")?)
        }
        KeysCommand::Rotate { plant } => {
            let signer = ring.rotate(plant)?;
            tell(out, plant, &signer.public())?;
            let left = ring.entries.iter().filter(|it| {
                it.plant.as_ref() == Some(plant)
                    && it.revoked.is_none()
                    && it.public.id() != signer.id()
            });
            for Entry { public, .. } in left {
                let id = public.id();
                writeln!(out, "its key {id} is believed until `sanmen keys revoke {id}`")?;
            }
            Ok(())
        }
        KeysCommand::Revoke { which } => revoke(&mut ring, which, out),
    }
}

/// What somebody needs who is to believe it elsewhere.
fn tell(out: &mut dyn Write, plant: &PlantId, key: &PublicKey) -> Result<(), Failure> {
    writeln!(out, "key {} of {plant}; on the monitor's machine:", key.id())?;
    writeln!(out, "  sanmen keys trust {plant} {key}")?;
    Ok(())
}

fn revoke(ring: &mut Ring, which: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let id = which.parse::<KeyId>().ok();
    let is_it = |entry: &Entry| match id {
        Some(id) => entry.public.id() == id,
        None => entry.whose() == which,
    };
    if !ring.entries.iter().any(is_it) {
        return Err(Failure::usage(format!(
            "no key is named {which}, and no plant of that name has one: see `sanmen keys list`"
        )));
    }
    let count = ring.revoke(is_it)?;
    let keys = if count == 1 { "1 key is" } else { &format!("{count} keys are") };
    writeln!(out, "{keys} no longer believed, from the monitor's next start on")?;
    Ok(())
}

fn list(ring: &Ring, format: Format, out: &mut dyn Write) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for entry in &ring.entries {
        let own = match &entry.plant {
            Some(plant) => ring.signer(plant)?.is_some_and(|it| it.public() == entry.public),
            None => false,
        };
        rows.push((entry, own));
    }
    if format == Format::Json {
        for (entry, own) in &rows {
            let Entry { public, added, revoked, .. } = entry;
            let (id, key) = (public.id().to_string(), public.to_string());
            let row = json!({
                "plant": entry.whose(), "id": id, "key": key, "added": added, "revoked": revoked,
                "private_here": own,
            });
            writeln!(out, "{row}")?;
        }
        return Ok(());
    }
    if rows.is_empty() {
        writeln!(out, "no keys: `sanmen keys new PLANT` draws one")?;
        return Ok(());
    }
    let mut shown = table::plain(&["plant", "id", "key", "private half", "state"]);
    for (entry, own) in rows {
        let state = entry.revoked.map_or("believed".to_owned(), |at| format!("revoked {at}"));
        let own = if own { "here" } else { "elsewhere" };
        let (id, key) = (entry.public.id().to_string(), entry.public.to_string());
        shown.add_row([entry.whose(), id.as_str(), key.as_str(), own, state.as_str()]);
    }
    Ok(table::write(&shown, out)?)
}
