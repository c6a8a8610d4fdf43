#![expect(clippy::disallowed_methods, reason = "edge: keeps who has a link of their own")]
//! People with links of their own, beside the tokens of roles: kept for their owner only, so that
//! a link goes on working after a restart.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::link_of;
use crate::cli::exit::Failure;
use crate::cli::guest::{drawing, picture};
use crate::cli::live::{self, say};
use crate::cli::whole::replace_private;
use crate::desk::api::invite::People;
use crate::desk::person::{Invited, Roll};

/// The file.
const FILE: &str = "desk-people";

/// Who has a link of their own to the desk at `own`: those of before, kept in `home`, and whoever
/// is `invited` now; says their links, as pictures too if `qr`. Errors: the file does not read, or
/// cannot be written; somebody cannot be invited.
pub(super) fn open(
    home: &Path,
    own: SocketAddr,
    (invited, qr): (&[Invited], bool),
) -> Result<Arc<People>, Failure> {
    let path = home.join(FILE);
    let roll = read(&path)?;
    let keep = move |roll: &Roll| {
        let kept = replace_private(&path, roll.to_text().as_bytes());
        kept.map_err(|error| format!("{}: {error}", path.display()))
    };
    let draw = || live::random_space().to_string();
    let lead = move |token: &str| {
        let link = link_of(own, token);
        let picture = drawing(&link);
        (link, picture)
    };
    let people = People::new(roll, Box::new(keep), Box::new(draw), Box::new(lead));
    for person in invited {
        let (link, _) = people.invite(person).map_err(Failure::usage)?;
        say(&format!("{} ({}): {link}", person.name, person.role.name()));
        if let Some(picture) = picture(&link).filter(|_| qr) {
            say(&picture);
        }
    }
    Ok(Arc::new(people))
}

fn read(path: &Path) -> Result<Roll, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Roll::default()),
        Err(error) => return Err(Failure::file(path, error)),
    };
    let broken = "it is no list of people with links: remove it, and invite them anew";
    Roll::parse(&text).ok_or_else(|| Failure::file(path, io::Error::other(broken)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 80);

    #[test]
    fn links_stay_the_same_after_a_restart_and_are_their_owners_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let li = Invited::parse("李明").expect("a name");
        let link = || {
            let people = open(folder.path(), HERE, (&[], false)).map_err(drop).expect("it opens");
            people.invite(&li).expect("there is room").0
        };
        let first = link();
        assert_eq!(link(), first);
        let kept = folder.path().join(FILE);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&kept).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&kept, "operator short 李明\n").expect("ours");
        assert!(open(folder.path(), HERE, (&[], false)).is_err(), "nobody's link is lost silently");
    }
}
