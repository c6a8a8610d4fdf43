//! `sanmen keys`: who may speak for which plant.

pub mod ring;

use std::fmt;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::base::PlantId;
use crate::base::ids::{OperatorId, Space};
use crate::base::time::wall_now;
use crate::cli::common::Format;
use crate::cli::exit::Failure;
use crate::cli::settings::Settings;
use crate::cli::stderr::say;
use crate::cli::table;
use crate::exercise::live::asking::Sign;
use crate::exercise::live::watch::Look;
use crate::ingest::gate::Gate;
use crate::ingest::trust::{Trust, Unsigned};
use crate::telemetry::signature::{KeyError, KeyId, Keychain, PublicKey, Signer};
use ring::{Entry, Holder, Owner, Ring};

/// Where keys live when nobody says otherwise.
const FOLDER: &str = "sanmen-data/keys";

/// The folder of keys.
#[derive(Debug, Clone, Args)]
pub struct KeysFolder {
    /// The folder of keys
    // Global: behind the subcommands of `sanmen keys` too.
    #[arg(long, global = true, value_name = "DIR", default_value = FOLDER)]
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

/// A key, and the plant that it speaks for, if not for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named(pub Option<PlantId>, pub PublicKey);

impl Named {
    /// The public halves of what plants sign by.
    pub fn all_of(keys: &Keychain) -> Vec<Self> {
        let of_plants = keys.of_plants.iter().map(|(id, it)| Self(Some(id.clone()), it.public()));
        let of_space = keys.of_space.iter().map(|it| Self(None, it.public()));
        of_space.chain(of_plants).collect()
    }
}

/// As flags and addresses of exercises have it.
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(plant, key) = self;
        plant.iter().try_for_each(|plant| write!(f, "{plant}="))?;
        write!(f, "{key}")
    }
}

/// Reads `[PLANT=]KEY`; `*` is every plant.
pub fn named(text: &str) -> Result<Named, String> {
    // A key may end with `=` of its own.
    let (plant, key) = match text.split_once('=') {
        Some(("*", key)) => (None, key),
        Some((plant, key)) if !key.trim_matches('=').is_empty() => {
            (Some(PlantId::new(plant).map_err(|error| error.to_string())?), key)
        }
        _ => (None, text),
    };
    key.parse().map(|key| Named(plant, key)).map_err(|error: KeyError| error.to_string())
}

impl TrustFlags {
    /// Who is believed in a space of a broker, which may be on this machine; also by the keys of an
    /// exercise that was `joined`.
    pub fn load(
        &self,
        (space, joined): (&Space, &[Named]),
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
        for Named(plant, key) in self.trust.iter().chain(joined) {
            trust.add(plant.as_ref(), key.clone(), false);
        }
        Ok(trust)
    }

    /// Looks for the key of a space that plants of this machine draw after the monitor has begun;
    /// none when it is here.
    pub fn later(&self, space: &Space) -> Result<Option<Look>, Failure> {
        let (ring, space) = (self.folder.open()?, space.clone());
        if ring.of_space(&space)?.is_some() {
            return Ok(None);
        }
        let mut complained = false;
        let look = move || match ring.of_space(&space) {
            Ok(found) => {
                let key = found?.public();
                say(&format!("key {} of the space {space} has come: it is believed", key.id()));
                Some(key)
            }
            Err(failure) => {
                // Strangers may make us look again and again.
                if !std::mem::replace(&mut complained, true) {
                    failure.say();
                }
                None
            }
        };
        Ok(Some(Box::new(look)))
    }

    /// Who is believed of what monitors say about alarms: the monitor of this folder, those that it
    /// names, and the keys given.
    pub fn monitors(&self, is_loopback: bool, settings: &Settings) -> Result<Trust, Failure> {
        let usual = settings.unsigned.rule(is_loopback);
        let rule = if self.accept_unsigned { Unsigned::Accept } else { usual };
        let mut trust = Trust::new(rule);
        self.folder.open()?.tell_monitors(&mut trust)?;
        for Named(plant, key) in &self.trust {
            trust.add(plant.as_ref(), key.clone(), false);
        }
        Ok(trust)
    }

    /// Those whose orders a monitor takes for what they are; none when it knows no operator.
    pub fn operators(&self) -> Result<Option<Gate>, Failure> {
        let ring = self.folder.open()?;
        let mut operators = Trust::new(Unsigned::Refuse);
        ring.tell_operators(&mut operators);
        Ok(ring.operators().next().map(|_| Gate::new(operators, wall_now())))
    }

    /// What the monitor signs its questions to plants by: its key, or that of an exercise that is
    /// run from the same folder, which may come later.
    pub fn of_asker(&self, space: &Space) -> Result<Sign, Failure> {
        let (ring, space) = (self.folder.open()?, space.clone());
        let own = ring.of_monitor()?;
        let mut key = if own.is_some() { own } else { ring.of_space(&space)? };
        Ok(Box::new(move || {
            key = key.take().or_else(|| ring.of_space(&space).ok().flatten());
            key.clone()
        }))
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
        #[arg(required_unless_present_any = ["monitor", "operator"])]
        #[arg(value_name = "PLANT", value_parser = PlantId::new)]
        plants: Vec<PlantId>,
        /// Draws one for the monitor too, which then signs the alarms that it says on MQTT
        #[arg(long)]
        monitor: bool,
        /// Draws one for a person who may order something of plants (`sanmen command`)
        #[arg(long, value_name = "NAME", value_parser = OperatorId::new)]
        operator: Vec<OperatorId>,
    },
    /// Shows whom a monitor believes, and which private halves are here
    List {
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Believes a key whose private half is elsewhere
    Trust {
        /// The plant; `*` for every plant; `monitor:NAME` for one that may ask plants for what it
        /// has missed; `operator:NAME` for a person who may order something of them
        #[arg(value_name = "PLANT|*|monitor:NAME|operator:NAME", value_parser = Holder::parse)]
        holder: Holder,
        /// The key's public half, as `new` and `list` show it
        #[arg(value_name = "KEY", value_parser = str::parse::<PublicKey>)]
        key: PublicKey,
    },
    /// Gives a plant, an operator or the monitor a new key; the old one is believed until it is
    /// revoked
    Rotate {
        /// The plant; `operator:NAME`; `monitor` for the one here
        #[arg(value_name = "PLANT|operator:NAME|monitor", value_parser = Owner::parse)]
        owner: Owner,
    },
    /// Believes a key no longer, from the monitor's next start on
    Revoke {
        /// The key's name; or whose all keys are: a plant, `*`, `monitor:NAME`, `operator:NAME`
        #[arg(value_name = "ID|PLANT|*|monitor:NAME|operator:NAME")]
        which: String,
    },
}

/// Does what is asked with the folder of keys.
pub fn run(args: &KeysArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut ring = args.folder.open()?;
    match &args.command {
        KeysCommand::New { plants, monitor, operator } => {
            let operators = operator.iter().cloned().map(Owner::Operator);
            let monitor = monitor.then_some(Owner::Monitor);
            let plants = plants.iter().cloned().map(Owner::Plant);
            for owner in operators.chain(monitor).chain(plants) {
                let key = ring.draw_for(&owner)?.public();
                tell(out, &owner, &key)?;
            }
            Ok(())
        }
        KeysCommand::List { format } => list(&ring, *format, out),
        KeysCommand::Trust { holder, key } => {
            let id = key.id();
            let is_new = ring.believe(holder.clone(), key.clone())?;
            let how = if is_new { "is believed" } else { "was in the list already" };
            match holder {
                Holder::Plants => writeln!(out, "key {id} of every plant {how}")?,
                _ => writeln!(out, "key {id} of {holder} {how}")?,
            }
            Ok(())
        }
        KeysCommand::Rotate { owner } => {
            let (old, signer) = ring.rotate(owner)?;
            tell(out, owner, &signer.public())?;
            let Some(holder) = owner.holder() else {
                writeln!(out, "then, there too: sanmen keys revoke {}", old.id())?;
                return Ok(());
            };
            let left = ring.entries.iter().filter(|it| {
                it.holder == holder && it.revoked.is_none() && it.public.id() != signer.id()
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
fn tell(out: &mut dyn Write, owner: &Owner, key: &PublicKey) -> Result<(), Failure> {
    let id = key.id();
    match owner {
        Owner::Plant(plant) => {
            writeln!(out, "key {id} of {plant}; on the monitor's machine:")?;
            writeln!(out, "  sanmen keys trust {plant} {key}")?;
        }
        Owner::Operator(name) => {
            writeln!(out, "key {id} of operator {name}; on a plant's machine:")?;
            writeln!(out, "  sanmen keys trust operator:{name} {key}")?;
        }
        Owner::Monitor => {
            writeln!(out, "key {id} of the monitor: {key}; on a plant's machine:")?;
            writeln!(out, "  sanmen keys trust monitor:NAME {key}")?;
        }
    }
    Ok(())
}

fn revoke(ring: &mut Ring, which: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let id = which.parse::<KeyId>().ok();
    let is_it = |entry: &Entry| match id {
        Some(id) => entry.public.id() == id,
        None => entry.holder.to_string() == which,
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
    let monitor = ring.of_monitor()?.map(|signer| signer.public());
    let mut rows = Vec::new();
    for entry in &ring.entries {
        let own = match &entry.holder {
            Holder::Plant(plant) => ring.signer(plant)?.map(|it| it.public()),
            Holder::Operator(name) => ring.of_operator(name)?.map(|it| it.public()),
            Holder::Monitor(_) => monitor.clone(),
            Holder::Plants => None,
        };
        let own = own.is_some_and(|it| it == entry.public);
        rows.push((entry, own));
    }
    if format == Format::Json {
        for (entry, own) in &rows {
            let Entry { holder, public, added, revoked } = entry;
            let (id, key) = (public.id().to_string(), public.to_string());
            let row = json!({
                "plant": holder.to_string(), "id": id, "key": key, "added": added,
                "revoked": revoked,
                "private_here": own,
            });
            writeln!(out, "{row}")?;
        }
        if let Some(key) = &monitor {
            let (id, key) = (key.id().to_string(), key.to_string());
            let row = json!({
                "plant": "monitor", "id": id, "key": key, "added": null, "revoked": null,
                "private_here": true,
            });
            writeln!(out, "{row}")?;
        }
        return Ok(());
    }
    if rows.is_empty() && monitor.is_none() {
        writeln!(out, "no keys: `sanmen keys new PLANT` draws one")?;
        return Ok(());
    }
    let mut shown = table::plain(&["plant", "id", "key", "private half", "state"]);
    for (entry, own) in rows {
        let state = entry.revoked.map_or("believed".to_owned(), |at| format!("revoked {at}"));
        let own = if own { "here" } else { "elsewhere" };
        let (id, key) = (entry.public.id().to_string(), entry.public.to_string());
        let holder = entry.holder.to_string();
        shown.add_row([holder.as_str(), id.as_str(), key.as_str(), own, state.as_str()]);
    }
    if let Some(key) = monitor {
        let (id, key) = (key.id().to_string(), key.to_string());
        shown.add_row(["monitor", id.as_str(), key.as_str(), "here", "of this monitor"]);
    }
    Ok(table::write(&shown, out)?)
}

#[cfg(test)]
mod tests {
    //! Flags, wherever they stand.

    use std::path::Path;

    use clap::Parser;

    use crate::cli::{Cli, Command};
    use crate::telemetry::signature::Signer;

    #[test]
    fn the_folder_may_stand_before_and_behind_what_is_done_with_it() {
        let key = &Signer::from_secret(&[7; 32]).public().to_string();
        for done in [
            &["list"][..],
            &["list", "--format", "json"],
            &["new", "sanmen", "--monitor"],
            &["trust", "monitor:m", key],
            &["rotate", "monitor"],
            &["revoke", "sanmen"],
        ] {
            let (flag, keys) = (["--keys", "elsewhere"], ["sanmen", "keys"]);
            for words in [[&keys[..], &flag, done].concat(), [&keys[..], done, &flag].concat()] {
                let cli = Cli::try_parse_from(&words).expect("understood");
                let Command::Keys(args) = cli.command else { panic!("another command: {words:?}") };
                assert_eq!(args.folder.keys, Path::new("elsewhere"), "{words:?}");
            }
        }
        let cli = Cli::try_parse_from(["sanmen", "keys", "list"]).expect("understood");
        let Command::Keys(args) = cli.command else { panic!("another command") };
        assert_eq!(args.folder.keys, Path::new(super::FOLDER));
    }
}
