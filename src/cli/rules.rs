//! `sanmen rules …`: the inspection rules, listed, checked, tested and tried.

mod check;
mod list;
mod mutate;
mod test;
mod trial;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::exit::Failure;
use crate::inspection::book::{Book, Drafts, Review};
use crate::plant::Plant;
use crate::plant::profile::Profile;
use crate::plant::tags::Tag;

/// Arguments of `sanmen rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    #[command(subcommand)]
    command: Command,
}

/// One variant for each file of this folder that is a subcommand.
#[derive(Debug, Subcommand)]
enum Command {
    /// List the rules: what each watches, its limits, delays, priority and source
    List(list::ListArgs),
    /// Report every mistake of rule files at once, and what in them is worth a second look
    Check(check::CheckArgs),
    /// Try rules on a recording or a scenario before they are used: how often, how long, pictures
    Try(trial::TryArgs),
    /// Play the tests that stand in rule files: made-up readings, and what must follow
    Test(test::TestArgs),
    /// Make every rule wrong on purpose, and see whether a test or a scenario notices
    Mutate(mutate::MutateArgs),
}

/// Runs the subcommand; `out` is standard output.
pub fn run(args: &RulesArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        Command::List(args) => list::run(args, out),
        Command::Check(args) => check::run(args, out),
        Command::Try(args) => trial::run(args, out),
        Command::Test(args) => test::run(args, out),
        Command::Mutate(args) => mutate::run(args, out),
    }
}

/// Holds rules against plants, and drafts of others.
pub(super) fn review(
    book: &Book,
    drafts: &Drafts,
    plants: &BTreeMap<String, Arc<Plant>>,
) -> Review {
    let tags: Vec<(&Profile, Vec<Tag>)> =
        plants.values().map(|plant| (&plant.profile, tags_of(plant))).collect();
    let tags: Vec<(&Profile, &[Tag])> =
        tags.iter().map(|(profile, tags)| (*profile, tags.as_slice())).collect();
    book.review(drafts, &tags)
}

fn tags_of(plant: &Plant) -> Vec<Tag> {
    plant.instruments.iter().map(|instrument| instrument.tag.as_ref().clone()).collect()
}
