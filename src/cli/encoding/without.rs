//! The flags of Sparkplug in a build without it: whoever gives one is told how to get it.

use clap::Args;

/// Said then.
pub const TEXT: &str = "this sanmen was built without Sparkplug B: `cargo build --release \
                        --features sparkplug` builds one with it";

fn refused(_: &str) -> Result<String, &'static str> {
    Err(TEXT)
}

fn json(text: &str) -> Result<String, &'static str> {
    if text == "json" { Ok(text.to_owned()) } else { Err(TEXT) }
}

/// Flags of plants.
#[derive(Debug, Clone, Args)]
pub struct NodeArgs {
    #[arg(long, hide = true, value_parser = json)]
    encoding: Option<String>,
    #[arg(long, hide = true, value_parser = refused)]
    group: Option<String>,
}

/// Flags of monitors.
#[derive(Debug, Clone, Args)]
pub struct HostArgs {
    #[arg(long, hide = true, value_parser = refused)]
    sparkplug: Option<String>,
    #[arg(long, hide = true, value_parser = refused)]
    rebirth: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command};

    use super::*;

    fn said(command: Command, words: &[&str]) -> String {
        let read = command.try_get_matches_from(words);
        read.map_or_else(|error| error.to_string(), |_| "taken".to_owned())
    }

    #[test]
    fn whoever_asks_for_what_is_not_built_is_told_how_to_get_it() {
        let node = || NodeArgs::augment_args(Command::new("simulate"));
        assert_eq!(said(node(), &["simulate", "--encoding", "json"]), "taken");
        let host = || HostArgs::augment_args(Command::new("monitor"));
        for said in [
            said(node(), &["simulate", "--encoding", "sparkplug"]),
            said(node(), &["simulate", "--group", "works"]),
            said(host(), &["monitor", "--sparkplug", "works"]),
            said(host(), &["monitor", "--rebirth", "own"]),
        ] {
            assert!(said.contains("--features sparkplug"), "{said}");
        }
    }
}
