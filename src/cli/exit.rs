//! Exit codes, which are public: 0 done, 1 expectation not met, 2 usage or bad file,
//! 3 outside world (broker, database, port, disk), 70 bug.
//!
//! Ctrl-C and SIGTERM give 0 too, unless they leave something undone: a plant whose broker does not
//! have everything, a run whose broker never answered, a ledger that cannot store, give 3.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::base::problem::Problems;

/// Wrong arguments, or a file that cannot be used.
pub const USAGE: u8 = 2;

/// What went wrong, with its causes as a chain.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// An expectation was not met; the command has said which (1).
    Unmet,
    /// A file cannot be used; the command has said which, and went on with the others (2).
    Unusable,
    /// Mistakes in files, each shown with its line (2).
    Files(Problems),
    /// Wrong arguments, or a file that cannot be used (2).
    Usage(Cause),
    /// Broker, database, port or disk (3).
    Outside(Cause),
    /// A panic, which has said where it happened (70).
    Bug,
    /// Nobody reads standard output any more: a quiet end (0).
    ReaderGone,
}

impl Failure {
    /// A file or argument that cannot be used; `cause` may be an error or a text.
    pub fn usage(cause: impl Into<Cause>) -> Self {
        Self::Usage(cause.into())
    }

    /// A file or folder that cannot be read or written.
    pub fn file(path: &Path, cause: io::Error) -> Self {
        Self::usage(no_file(path, &cause))
    }

    /// Something outside that does not work; `cause` may be an error or a text.
    pub fn outside(cause: impl Into<Cause>) -> Self {
        Self::Outside(cause.into())
    }

    /// Puts it among mistakes of other files, so that all are told at once; `what`: what it is
    /// about, where it stands in no file.
    pub fn join(self, what: &str, problems: &mut Problems) {
        let text = match self {
            Self::Files(own) => return problems.absorb(own),
            Self::Usage(cause) | Self::Outside(cause) => chain(&*cause),
            other => other.message(false),
        };
        let text = text.strip_prefix(what).and_then(|it| it.strip_prefix(": ")).unwrap_or(&text);
        problems.absorb(Problems::whole(what, text));
    }

    /// The exit code.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::ReaderGone => 0,
            Self::Unmet => 1,
            Self::Unusable | Self::Files(_) | Self::Usage(_) => USAGE,
            Self::Outside(_) => 3,
            Self::Bug => 70,
        })
    }

    /// The message for standard error, with the chain of causes; empty when there is none.
    pub fn message(&self, colour: bool) -> String {
        match self {
            Self::Unmet | Self::Unusable | Self::ReaderGone => String::new(),
            Self::Files(problems) => problems.render(colour),
            Self::Usage(cause) | Self::Outside(cause) => format!("error: {}", chain(&**cause)),
            Self::Bug => "error: this is a bug in sanmen; please report the lines above".to_owned(),
        }
    }

    /// Writes the message to standard error.
    pub fn say(&self) {
        let mut stderr = io::stderr().lock();
        let message = self.message(stderr.is_terminal());
        if !message.is_empty() {
            // With stderr closed there is nobody left to tell.
            let _ = writeln!(stderr, "{message}");
        }
    }
}

/// Both, or what is wrong with either: whoever has two mistakes need not run twice. `what`: what
/// the first is about.
pub fn both<A, B>(
    one: Result<A, Failure>,
    what: &Path,
    other: Result<B, Problems>,
) -> Result<(A, B), Failure> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(failure), Ok(_)) => Err(failure),
        (Ok(_), Err(problems)) => Err(problems.into()),
        (Err(failure), Err(mut problems)) => {
            failure.join(&what.display().to_string(), &mut problems);
            problems.into_result(None::<(A, B)>).map_err(Failure::from)
        }
    }
}

/// An error with its causes: `outer: inner: innermost`.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, ": {cause}");
        next = cause.source();
    }
    text
}

/// Errors of writing to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::outside(NoOutput(error))
        }
    }
}

/// Mistakes in files.
impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Files(problems)
    }
}

/// Why a file or folder cannot be read or written, with its name.
pub fn no_file(path: &Path, cause: &io::Error) -> String {
    format!("{}: {}", path.display(), why_not(cause))
}

/// Why a file or folder cannot be used, in words that are the same on every system.
pub fn why_not(cause: &io::Error) -> String {
    let why = match cause.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder",
        io::ErrorKind::IsADirectory => "this is a folder, not a file",
        io::ErrorKind::NotADirectory => "this, or a part of its path, is a file, not a folder",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::AlreadyExists => "it is there already: choose another name",
        io::ErrorKind::StorageFull => "the disk is full",
        io::ErrorKind::ReadOnlyFilesystem => "this disk may only be read",
        _ => return cause.to_string(),
    };
    why.to_owned()
}

/// Standard output does not take what is written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
struct NoOutput(#[source] io::Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_every_cause_once() {
        let full = io::Error::new(io::ErrorKind::StorageFull, "no space left");
        let failure = Failure::from(full);
        assert_eq!(failure.message(false), "error: cannot write to standard output: no space left");
        assert_eq!(failure.code(), ExitCode::from(3));
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.message(false), "");
        assert_eq!(failure.code(), ExitCode::SUCCESS);
    }
}
