#![expect(clippy::disallowed_methods, reason = "edge: reads the files people write")]
//! Files and folders that users name, read whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keep;
use crate::base::problem::{Problems, Source};
use crate::cli::exit::why_not;

/// The bytes of one file. Errors: it is not there, a folder, a pipe or a device, not ours to read.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Problems> {
    if std::fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir()) {
        // A pipe may never end, and nothing says that anybody writes to it.
        let text = "this is no file but a pipe or a device: write what it gives to a file first";
        return Err(Problems::whole(shown(path), text));
    }
    std::fs::read(path).map_err(|error| Problems::whole(shown(path), why_not(&error)))
}

/// The text of one file. Errors: those of `bytes`; it is not UTF-8, or empty.
pub fn source(path: &Path) -> Result<Arc<Source>, Problems> {
    let bytes = bytes(path)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problems::whole(shown(path), "the file is empty"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(shown(path), text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            let mut problems = Problems::new();
            let place = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
            problems
                .add(&Source::new(shown(path), text), place, "not UTF-8 text")
                .help("save the file as UTF-8");
            Err(problems)
        }
    }
}

/// The files below `folder` with the ending, sorted by path. Errors: each that cannot be read.
pub fn folder_sources(folder: &Path, ending: &str) -> Result<Vec<Arc<Source>>, Problems> {
    let mut problems = Problems::new();
    let sources = folder_files(folder, ending, &mut problems);
    problems.into_result(Some(sources))
}

/// The files below `folder` with the ending that can be read, sorted by path; what is wrong with
/// the others goes to `problems`.
pub(super) fn folder_files(
    folder: &Path,
    ending: &str,
    problems: &mut Problems,
) -> Vec<Arc<Source>> {
    let mut sources = Vec::new();
    for path in keep(problems, list(folder)).unwrap_or_default() {
        if path.is_dir() {
            sources.extend(folder_files(&path, ending, problems));
        } else if path.extension().is_some_and(|found| found == ending) {
            sources.extend(keep(problems, source(&path)));
        }
    }
    sources
}

/// What stands in a folder, sorted; hidden entries are left out.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, Problems> {
    let wrong = |error| Problems::whole(shown(folder), why_not(&error));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// A path as messages show it: as it was given, without a leading `./`.
pub(super) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}
