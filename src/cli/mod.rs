//! The command line: one file for each subcommand, exit codes, nothing about water.
//!
//! In: arguments, files, signals. Out: data on stdout, words for people on stderr, an exit code.
//! Must not know: how anything it starts works.

mod access;
mod alarms;
mod broker;
pub mod command;
pub mod common;
pub mod config;
mod cores;
mod data;
pub mod dataset;
mod desk;
mod drill;
mod elsewhere;
mod encoding;
mod exercise;
pub mod exit;
mod explain;
pub mod fleet;
mod guest;
mod held;
pub mod keys;
pub mod library;
mod live;
mod metrics;
pub mod monitor;
pub mod network;
mod page;
pub mod plant;
mod quarantine;
mod ready;
pub mod record;
pub mod recording;
pub mod replay;
mod rounds;
pub mod rules;
pub mod run;
mod score;
pub mod settings;
mod show;
pub mod simulate;
mod stderr;
mod summary;
mod table;
mod talk;
pub mod test;
#[cfg(feature = "otel")]
mod traces;
mod view;
mod webhook;
mod whole;

use std::env;
use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::panic;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use exit::Failure;

/// Simulates rural waterworks over MQTT and monitors drinking water.
#[derive(Debug, Parser)]
#[command(
    name = "sanmen",
    version,
    max_term_width = 100,
    after_help = "Without a command, `sanmen` does `sanmen run`: the story of the Sanmen plant."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// One variant for each file of this folder that is a subcommand.
#[derive(Debug, Subcommand)]
enum Command {
    /// Play a scenario with everything it needs: broker, plant, monitor, ledger, live view
    Run(run::RunArgs),
    /// Play a scenario's plants only, on an MQTT broker
    Simulate(simulate::SimulateArgs),
    /// Watch plants on an MQTT broker: rules, alarms, ledger
    Monitor(Box<monitor::MonitorArgs>),
    /// Show in a browser what a monitor knows, and answer alarms there
    Desk(desk::alone::DeskCommand),
    /// List alarms and answer them: acknowledge, shelve, reset, take out of service
    Alarms(alarms::AlarmsArgs),
    /// Say why the alarm of a rule is raised, or is not, at any moment
    Explain(explain::ExplainArgs),
    /// Show which samples are due where: done, due, late, missed
    Rounds(rounds::RoundsArgs),
    /// Play scenario files offline against their expectations
    Test(test::TestArgs),
    /// List, check and play exercises for people, with the report after them
    Exercise(exercise::ExerciseArgs),
    /// Solve an EPANET file (.inp) and print pressures, flows and quality in SI units
    Network(network::NetworkArgs),
    /// List and check the inspection rules
    Rules(rules::RulesArgs),
    /// List and show plants, and write new ones from EPANET files
    Plant(plant::PlantArgs),
    /// Show the works of a fleet and its totals, or write them as plant folders
    Fleet(fleet::FleetArgs),
    /// Write readings, truth and labels of scenarios, seed by seed, to CSV and Parquet
    Dataset(dataset::DatasetArgs),
    /// Score alarms against what has happened: what was found, how soon, and how often falsely
    Score(score::ScoreArgs),
    /// Record everything that is said in a space of an MQTT broker
    Record(record::RecordArgs),
    /// Take a recording through the monitor: CSV, JSON lines, Parquet, MQTT, a dataset
    Replay(replay::ReplayArgs),
    /// Try an MQTT broker, list public ones, take back what we left with one
    Broker(broker::BrokerArgs),
    /// Order something of a running plant: pumps, valves, doses, generator
    #[command(name = "command")]
    Order(command::CommandArgs),
    /// Check the files people write, or show the settings in force
    Config(config::ConfigArgs),
    Keys(keys::KeysArgs),
    Quarantine(quarantine::QuarantineArgs),
}

impl Command {
    /// Runs the subcommand; `out` is standard output.
    fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Run(args) => run::run(args, out),
            Self::Simulate(args) => simulate::run(args, out),
            Self::Monitor(args) => monitor::run(args, out),
            Self::Desk(args) => desk::alone::run(args, out),
            Self::Alarms(args) => alarms::run(args, out),
            Self::Explain(args) => explain::run(args, out),
            Self::Rounds(args) => rounds::run(args, out),
            Self::Test(args) => test::run(args, out),
            Self::Exercise(args) => exercise::run(args, out),
            Self::Network(args) => network::run(args, out),
            Self::Rules(args) => rules::run(args, out),
            Self::Plant(args) => plant::run(args, out),
            Self::Fleet(args) => fleet::run(args, out),
            Self::Dataset(args) => dataset::run(args, out),
            Self::Score(args) => score::run(args, out),
            Self::Record(args) => record::run(args, out),
            Self::Replay(args) => replay::run(args, out),
            Self::Order(args) => command::run(args, out),
            Self::Broker(args) => broker::run(args, out),
            Self::Config(args) => config::run(args, out),
            Self::Keys(args) => keys::run(args, out),
            Self::Quarantine(args) => quarantine::run(args, out),
        }
    }
}

/// Warnings on stderr; `RUST_LOG=debug` shows more.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    // The embedded broker logs every lost client as a warning; the publisher says it better.
    let quiet = "mqtt5=error".parse().map(|directive| filter.clone().add_directive(directive));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| stderr::Stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_filter(quiet.unwrap_or(filter));
    let log = tracing_subscriber::registry();
    #[cfg(feature = "otel")]
    let log = log.with(traces::layer());
    let _ = log.with(lines).try_init();
}

/// Reads the arguments, runs the subcommand, says once what went wrong, gives the exit code.
pub fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = env::args_os().collect();
    if arguments.len() < 2 {
        arguments.push("run".into()); // what a newcomer wants to see
    }
    let command = arguments[1].to_string_lossy().into_owned();
    let parsed = Cli::try_parse_from(arguments);
    let cli = match parsed.map_err(|error| elsewhere::point(error, &command)) {
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
    log_to_stderr();
    let run = || {
        let mut out = BufWriter::new(io::stdout());
        cli.command.run(&mut out).and_then(|()| out.flush().map_err(Failure::from))
    };
    // A panic has already said where it happened; what is left is the public exit code.
    let result = panic::catch_unwind(run).unwrap_or(Err(Failure::Bug));
    #[cfg(feature = "otel")]
    traces::end();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.say();
            failure.code()
        }
    }
}
