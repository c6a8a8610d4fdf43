#![expect(clippy::disallowed_methods, reason = "edge: writes the new folder")]
//! `sanmen plant new NAME --network FILE.inp`: any EPANET file becomes a plant.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::average;
use crate::base::PlantId;
use crate::base::problem::Problems;
use crate::cli::exit::Failure;
use crate::cli::library;
use crate::cli::network;
use crate::plant::draft::{Draft, Folder, Known};
use crate::plant::load;
use crate::world::hydraulics::file::decode;

/// Arguments of `sanmen plant new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The new plant: the name of its folder
    name: String,
    /// The EPANET network (.inp)
    #[arg(long, value_name = "FILE.inp")]
    network: PathBuf,
    /// The folder of plant folders to write it to
    #[arg(long, value_name = "DIR", default_value = "plants")]
    out: PathBuf,
    /// The reservoir at which the works stands; guessed by default
    #[arg(long, value_name = "ID")]
    source: Option<String>,
}

/// Writes the folder, then reads it back as `sanmen run` will.
///
/// Errors: it exists already, EPANET or our world refuses the file, the network has no source, no
/// demand or taps without a path to a source.
pub fn run(args: &NewArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let id = PlantId::new(&args.name).map_err(Failure::usage)?;
    let folder = args.out.join(&args.name);
    if folder.exists() {
        let folder = folder.display();
        return Err(Failure::usage(format!(
            "{folder} exists already: remove it, or take another name or another --out"
        )));
    }
    let model = network::plant_model(&args.network)?;
    let text = decode(&library::bytes(&args.network)?);
    let average = average::of(&model, &text);
    let file = args.network.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let known = Known {
        id: id.clone(),
        file,
        source: args.source.clone(),
        leakage_m3_per_h: average.leakage_m3_per_h,
        changes: average.changes,
    };
    let draft = Draft::of_network(average.network, known)
        .map_err(|error| Failure::usage(format!("{}: {error}", args.network.display())))?;
    let texts = draft.folder();
    // What does not load is not written: then the mistake is ours, or the network's.
    load::load(id.clone(), &texts.files("")).map_err(|problems| refused(args, problems))?;
    write(&folder, &texts)?;
    let scenario = folder.join("quiet-day.toml");
    write_file(&scenario, &quiet_day(&args.name))?;
    let plant = library::plant(&args.name, &library::plant_folder(&folder)?)?;
    let (folder, scenario) = (folder.display(), scenario.display());
    writeln!(
        out,
        "{folder}: {} nodes, {} villages, {} people, {} instruments",
        plant.network.nodes.len(),
        plant.profile.villages.len(),
        plant.profile.population,
        plant.instruments.len(),
    )?;
    writeln!(out, "\nguessed, for you to edit ({folder}/plant.toml):")?;
    for guess in &draft.guesses {
        writeln!(out, "- {guess}")?;
    }
    let plants = args.out.display();
    writeln!(
        out,
        "\nnext:\n  sanmen plant show {id} --plants {plants}\n  \
         sanmen run {scenario} --plants {plants}\n  sanmen network {folder}/network.inp"
    )?;
    Ok(())
}

/// The plant that we would write is none: its network has what only a plant cannot have.
fn refused(args: &NewArgs, problems: Problems) -> Failure {
    let path = args.network.display().to_string();
    let mut all = Problems::whole(path, "the plant that would come of it does not load");
    all.absorb(problems);
    Failure::Files(all)
}

/// Writes every text; a folder half written is removed.
pub(in crate::cli) fn write(folder: &Path, texts: &Folder) -> Result<(), Failure> {
    let all = || {
        for (path, text) in &texts.texts {
            write_file(&folder.join(path), text)?;
        }
        Ok(())
    };
    all().inspect_err(|_| {
        // The error says what went wrong; what is left of the folder would be no plant.
        let _ = fs::remove_dir_all(folder);
    })
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|error| Failure::file(parent, error))?;
    fs::write(path, text).map_err(|error| Failure::file(path, error))
}

fn quiet_day(name: &str) -> String {
    format!(
        "# A day on which nothing happens. Its alarms show what to edit in the plant.\n\
         \n\
         title = {{ en = \"A quiet day of {name}\", zh = \"{name}平静的一天\" }}\n\
         plant = \"{name}\"\nstart = 2024-12-05T00:00:00+08:00\nduration_h = 24\nseed = 1\n"
    )
}
