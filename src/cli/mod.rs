//! The command line: one file for each subcommand, exit codes, nothing about water.
//!
//! In: arguments, files, signals. Out: data on stdout, words for people on stderr, an exit code.
//! Must not know: how anything it starts works.

pub mod exit;
pub mod network;

use std::io::{self, BufWriter, Write};
use std::panic;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use exit::Failure;

/// Simulates rural waterworks over MQTT and monitors drinking water.
#[derive(Debug, Parser)]
#[command(name = "sanmen", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// One variant for each file of this folder that is a subcommand.
#[derive(Debug, Subcommand)]
enum Command {
    /// Solve an EPANET file (.inp) and print pressures, flows and quality in SI units
    Network(network::NetworkArgs),
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For spreadsheets
    Csv,
    /// For programs: one JSON object a line
    Json,
}

impl Command {
    /// Runs the subcommand; `out` is standard output.
    fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Network(args) => network::run(args, out),
        }
    }
}

/// Reads the arguments, runs the subcommand, says once what went wrong, gives the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too; a closed stderr is no second error.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(exit::USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let run = || {
        let mut out = BufWriter::new(io::stdout().lock());
        cli.command.run(&mut out).and_then(|()| out.flush().map_err(Failure::from))
    };
    // A panic has already said where it happened; what is left is the public exit code.
    let result = panic::catch_unwind(run).unwrap_or(Err(Failure::Bug));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.say();
            failure.code()
        }
    }
}
