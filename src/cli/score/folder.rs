#![expect(clippy::disallowed_methods, reason = "edge: reads the folder of a dataset")]
//! What happened in the parts of a dataset: `manifest.json` and `labels.csv`.

use std::path::Path;

use serde::Deserialize;

use super::foreign::Part;
use crate::base::Stamp;
use crate::cli::dataset::part::About;
use crate::cli::exit::Failure;
use crate::exercise::score::{Event, Run};

#[derive(Deserialize)]
struct Manifest {
    parts: Vec<About>,
}

/// The columns of `labels.csv` that say what happened.
#[derive(Deserialize)]
struct Label {
    kind: String,
    from: Stamp,
    until: Option<Stamp>,
}

/// Every part of the dataset in `folder`, without alerts.
pub(super) fn runs(folder: &Path) -> Result<Vec<Part>, Failure> {
    let path = folder.join("manifest.json");
    let bytes = std::fs::read(&path).map_err(|error| Failure::file(&path, error))?;
    let wrong = |error| Failure::usage(format!("{}: {error}", path.display()));
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(wrong)?;
    manifest.parts.iter().map(|about| part(folder, about)).collect()
}

fn part(folder: &Path, about: &About) -> Result<Part, Failure> {
    let (Some(from), Some(to)) = (about.from, about.until) else {
        let text = format!(
            "{} does not say when it was played: an older Sanmen has written it; write it again",
            folder.join(&about.part).display()
        );
        return Err(Failure::usage(text));
    };
    let path = folder.join(&about.part).join("labels.csv");
    if !path.exists() && about.formats.iter().all(|format| format != "csv") {
        let text = format!("{} is not there: write the dataset with --format both", path.display());
        return Err(Failure::usage(text));
    }
    let wrong = |error: csv::Error| Failure::usage(format!("{}: {error}", path.display()));
    let mut reader = csv::Reader::from_path(&path).map_err(wrong)?;
    let labels = reader.deserialize().collect::<Result<Vec<Label>, _>>().map_err(wrong)?;
    let events = labels.iter().map(|it| Event::new(&it.kind, it.from, it.until, to)).collect();
    let run = Run { name: about.part.clone(), from, to, events, alerts: Vec::new() };
    Ok(Part { plant: about.plant.clone(), run })
}
