//! `sanmen plant …`: the plants there are, and new ones from EPANET files.

mod average;
mod balance;
mod compare;
mod list;
mod new;
mod show;

use std::io::Write;

use clap::{Args, Subcommand};

use super::exit::Failure;
pub use list::{source, source_in};
pub(super) use new::write;

/// Arguments of `sanmen plant`.
#[derive(Debug, Args)]
pub struct PlantArgs {
    #[command(subcommand)]
    command: Command,
}

/// One variant for each file of this folder that is a subcommand.
#[derive(Debug, Subcommand)]
enum Command {
    /// List the plants: size, people, network, instruments
    List(list::ListArgs),
    /// Show one plant: villages, treatment, instruments, conditions
    Show(show::ShowArgs),
    /// Compare a plant new, worn and renewed on the same day
    Compare(compare::CompareArgs),
    /// Play a day or a scenario and account for all water and everything in it
    Balance(balance::BalanceArgs),
    /// Write the folder of a new plant from an EPANET file (.inp)
    New(new::NewArgs),
}

/// Runs the subcommand; `out` is standard output.
pub fn run(args: &PlantArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        Command::List(args) => list::run(args, out),
        Command::Show(args) => show::run(args, out),
        Command::Compare(args) => compare::run(args, out),
        Command::Balance(args) => balance::run(args, out),
        Command::New(args) => new::run(args, out),
    }
}
