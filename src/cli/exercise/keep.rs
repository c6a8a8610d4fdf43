#![expect(clippy::disallowed_methods, reason = "edge: keeps what is edited as a file")]
//! Keeps the text of an exercise as a file: whole or not at all, and never over what somebody else
//! has written meanwhile.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::base::hex::hex;
use crate::desk::api::editor::{Denied, TEXT_MAX};

/// What is on disk is known by this.
pub fn fingerprint(text: &[u8]) -> String {
    hex(&Sha256::digest(text))
}

/// Where a text is to be kept: `name` in `folder`. Errors: it is no name of a file of exercises.
pub fn place(folder: &Path, name: &str) -> Result<PathBuf, Denied> {
    let stem = name.strip_suffix(".toml").unwrap_or("");
    let is_fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    let is_name = !stem.is_empty()
        && name.len() <= 120
        && !name.starts_with(['.', ' '])
        && name.chars().all(is_fine);
    if !is_name {
        let way = "letters, digits, - and _, and .toml at its end, such as my-exercise.toml";
        return Err(Denied::Conflict(format!("{name:?} cannot be the name of the file: {way}")));
    }
    Ok(folder.join(name))
}

/// Keeps `text` at `path`, whose text is known by `seen`; none: nothing is there yet. Gives what
/// the text is known by from now on.
pub fn keep(path: &Path, text: &str, seen: Option<&str>) -> Result<String, Denied> {
    if text.len() > TEXT_MAX {
        return Err(Denied::Conflict(format!("the text is longer than {} KiB", TEXT_MAX / 1024)));
    }
    let own = fingerprint(text.as_bytes());
    let there = match fs::read(path) {
        Ok(bytes) => Some(fingerprint(&bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(failed(path, &error)),
    };
    // What was kept already, because the answer was lost, is kept.
    if there.as_ref() == Some(&own) {
        return Ok(own);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match (there.as_deref(), seen) {
        (None, None) => write(path, text, true).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Denied::Conflict(taken(&name)),
            _ => failed(path, &error),
        })?,
        (Some(_), None) => return Err(Denied::Conflict(taken(&name))),
        (None, Some(_)) => {
            let text = format!("somebody has taken {name} away meanwhile: save it as another file");
            return Err(Denied::Conflict(text));
        }
        (Some(there), Some(seen)) if there != seen => {
            let text = format!("somebody has changed {name} on disk meanwhile");
            let way = "save yours as another file, or read theirs";
            return Err(Denied::Conflict(format!("{text}: {way}")));
        }
        (Some(_), Some(_)) => write(path, text, false).map_err(|error| failed(path, &error))?,
    }
    Ok(own)
}

fn taken(name: &str) -> String {
    format!("there is a {name} already: choose another name")
}

fn failed(path: &Path, error: &io::Error) -> Denied {
    Denied::Failed(format!("{} cannot be kept: {error}", path.display()))
}

/// Writes beside it first, so that a text is there whole or not at all.
fn write(path: &Path, text: &str, is_new: bool) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = (|| {
        let mut file = fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if is_new {
            // A link is refused where a file is; a rename would take its place. Some disks have no
            // links.
            return match fs::hard_link(&beside, path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    let mut file = fs::File::create_new(path)?;
                    file.write_all(text.as_bytes())?;
                    file.sync_all()
                }
                linked => linked,
            };
        }
        fs::set_permissions(&beside, fs::metadata(path)?.permissions())?;
        fs::rename(&beside, path)
    })();
    let _ = fs::remove_file(&beside); // gone by now, or of no use
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_is_never_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.toml");
        let first = keep(&path, "a = 1", None).expect("it is new");
        assert!(matches!(keep(&path, "a = 2", None), Err(Denied::Conflict(_))), "it is there");
        let second = keep(&path, "a = 2", Some(&first)).expect("as it was seen");
        assert_eq!(keep(&path, "a = 2", Some(&first)), Ok(second.clone()), "said twice");
        fs::write(&path, "theirs").expect("written");
        let Err(Denied::Conflict(why)) = keep(&path, "a = 3", Some(&second)) else {
            panic!("it is theirs")
        };
        assert!(why.contains("somebody has changed a.toml"), "{why}");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "theirs");
        fs::remove_file(&path).expect("removed");
        assert!(matches!(keep(&path, "a = 3", Some(&second)), Err(Denied::Conflict(_))));
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 0, "nothing half written is left");
    }

    #[test]
    fn a_name_leads_nowhere_but_into_the_folder() {
        let folder = Path::new("/exercises");
        assert_eq!(place(folder, "演练-1.toml"), Ok(folder.join("演练-1.toml")));
        for bad in ["../a.toml", "a/b.toml", "/a.toml", ".toml", ".a.toml", "a", "a.toml\0", ""] {
            assert!(place(folder, bad).is_err(), "{bad:?}");
        }
    }
}
