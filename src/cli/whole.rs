#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "edge: its tests look at the disk"))]
//! Files that are replaced as a whole: whoever reads one finds what it was or what it is to be,
//! whenever the process or the power goes.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Puts `bytes` in place of what the file holds, if it is there. Errors: the disk does not take
/// them; the file is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, OpenOptions::new().write(true).create(true).truncate(true))
}

/// The same, of a file that nobody but its owner may read.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    put(path, bytes, &options)
}

fn put(path: &Path, bytes: &[u8], options: &OpenOptions) -> io::Result<()> {
    let mut beside = OsString::from(path);
    beside.push(".new");
    let written = (|| {
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside); // of no use
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_what_is_private_stays_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.toml");
        replace(&path, b"a longer text").expect("written");
        replace(&path, b"short").expect("replaced");
        assert_eq!(fs::read(&path).expect("it is there"), b"short");
        let private = folder.path().join("key");
        replace_private(&private, b"secret").expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&private).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(replace(&folder.path().join("no/where"), b"").is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("it reads").count(), 2, "nothing is left");
    }
}
