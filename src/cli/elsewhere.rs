//! Flags that people look for at a command that has no use for them, and where they belong.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Command, flag, and the way out.
const ELSEWHERE: [(&str, &str, &str); 24] = [
    ("simulate", "--rules", "rules belong to whoever watches: sanmen monitor --rules DIR"),
    ("simulate", "--format", "plants only publish; records come from sanmen monitor --format json"),
    ("simulate", "--data", "plants keep no ledger: sanmen monitor --data DIR"),
    ("simulate", "--listen", "plants have no desk: sanmen monitor --listen ADDR"),
    ("simulate", "--fleet", "the scenario names its fleet: fleet = \"xianning\""),
    ("run", "--fleet", "the scenario names its fleet: fleet = \"xianning\""),
    ("monitor", "--speed", "how fast plants run is said where they run: sanmen simulate --speed N"),
    ("test", "--settings", "settings are those of live runs: a test has no connection, no clock"),
    ("test", "--speed", "a test plays as fast as the processor; sanmen run --speed N plays live"),
    ("test", "--broker", "a test needs no broker; sanmen run --broker URL plays live"),
    ("dataset", "--rules", "no rule looks at the readings of a dataset"),
    ("dataset", "--seed", "a dataset takes many: --seeds 17 or --seeds 1..100"),
    ("dataset", "--settings", "settings are those of live runs; a dataset is played offline"),
    ("dataset", "--speed", "a dataset is played as fast as the processor"),
    ("network", "--lang", "its words are those of EPANET, which are English"),
    ("record", "--lang", "what is heard is kept as it was: sanmen replay FILE --lang zh tells it"),
    ("broker", "--lang", "what a broker offers is told in English, as its errors are"),
    ("command", "--lang", "the plant answers in English; the desk says it in both languages"),
    ("config", "--lang", "mistakes are told in English, as all errors are"),
    ("keys", "--lang", "keys are told in English, as errors are"),
    ("quarantine", "--lang", "why a message is refused is told in English, as errors are"),
    ("plant", "--rules", "no rule looks at a plant here: sanmen config check --rules DIR"),
    ("fleet", "--plants", "how many works: --works N; plant folders come from --out DIR"),
    ("fleet", "--rules", "no rule looks at a fleet here: sanmen config check --rules DIR"),
];

/// Adds to an error about an unknown flag where the flag belongs, if somebody may have meant that.
pub fn point(mut error: clap::Error, command: &str) -> clap::Error {
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) if error.kind() == ErrorKind::UnknownArgument => flag,
        _ => return error,
    };
    let known = ELSEWHERE.iter().find(|(at, name, _)| *at == command && name == flag);
    if let Some((_, _, way)) = known {
        let tip = ContextValue::StyledStrs(vec![StyledStr::from(*way)]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::cli::Cli;

    fn refusal(arguments: &[&str]) -> String {
        let parsed = Cli::try_parse_from([&["sanmen"], arguments].concat());
        point(parsed.expect_err("it is refused"), arguments[0]).to_string()
    }

    #[test]
    fn a_flag_at_the_wrong_command_is_told_where_it_belongs() {
        let text = refusal(&["simulate", "story", "--rules", "r"]);
        assert!(text.contains("unexpected argument '--rules' found"), "{text}");
        assert!(text.contains("tip: rules belong to whoever watches"), "{text}");
        assert!(!refusal(&["simulate", "story", "--zzz"]).contains("tip: rules"));
    }

    #[test]
    fn every_flag_of_the_list_is_one_that_its_command_refuses() {
        for (command, flag, _) in ELSEWHERE {
            let root = Cli::command();
            let found = root.find_subcommand(command).expect("a command of ours");
            let mut all = vec![found];
            all.extend(found.get_subcommands());
            let has = |command: &&clap::Command| {
                command.get_arguments().any(|arg| arg.get_long() == Some(&flag[2..]))
            };
            assert!(!all.iter().any(has), "{command} takes {flag}");
        }
    }
}
