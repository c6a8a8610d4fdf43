//! `sanmen replay`: a recording through the whole monitor, as fast as the processor; or a recorded
//! stream back to a broker.

mod keep;
mod out;
mod polite;
mod said;
mod summary;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::base::Span;
use crate::cli::common::{Format, Shelves, Telling};
use crate::cli::exit::{Failure, both};
use crate::cli::live;
use crate::cli::recording::form::Form;
use crate::cli::recording::pump::{More, Pump};
use crate::cli::recording::{Recording, Request};
use crate::exercise::live::stop::Stop;
use crate::exercise::replay::Replay;
use crate::ingest::Bounds;
use keep::Keeper;
use summary::Told;
pub use summary::whole;

/// Takes a recording through the monitor.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A file that ends with .csv, .tsv, .txt, .jsonl, .ndjson, .json (perhaps with .gz or .zst
    /// behind it) or .parquet; the folder of a part of a dataset; or - for standard input
    #[arg(value_name = "READINGS")]
    readings: PathBuf,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    out: out::OutArgs,
    /// Keep the ledger in this folder, so that `sanmen alarms` and `sanmen rounds` can look into it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    shelves: Shelves,
    #[command(flatten)]
    telling: Telling,
}

/// How a recording is read.
#[derive(Debug, Clone, Args)]
pub struct HowArgs {
    /// A file that says what a foreign recording calls what we know (src/docs/replay.md)
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// How the readings are written, where the name does not say so; of standard input always
    #[arg(long = "as", value_name = "FORM", value_enum)]
    form: Option<Form>,
    /// Whose readings they are, when the recording does not say so; sanmen by default
    #[arg(long, value_name = "NAME")]
    plant: Option<String>,
    /// Readings without the number of their message may be so late; what is later is not judged
    #[arg(long, value_name = "MIN", default_value_t = 2.0, value_parser = minutes)]
    lateness_min: f64,
}

impl HowArgs {
    /// What to read, of `path`.
    pub fn request(&self, path: PathBuf) -> Request {
        let bounds = self.bounds();
        let (map, plant) = (self.map.clone(), self.plant.clone());
        Request { path, form: self.form, map, plant, scenario: None, bounds }
    }

    /// How far times may lie apart.
    pub fn bounds(&self) -> Bounds {
        Bounds { lateness: Span::from_seconds_f64(self.lateness_min * 60.0), ..Bounds::default() }
    }
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if (0.0..=10_080.0).contains(&minutes) => Ok(minutes),
        _ => Err("must be a number of minutes from 0 to 10080, a week".to_owned()),
    }
}

/// Replays until the end of the recording, or until Ctrl-C.
pub fn run(args: &ReplayArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(broker) = args.out.broker() {
        let what = (args.readings.as_path(), args.how.form);
        let plant = args.how.plant.as_deref();
        return out::play(&args.out, broker, what, (plant, args.telling.lang.into()));
    }
    let library = args.shelves.library();
    let recording = Recording::open(&args.how.request(args.readings.clone()), &library);
    let book = library.book_for(recording.iter().flat_map(|it| &it.plants));
    let (recording, book) = both(recording, &args.readings, book)?;
    live::block_on_in(args.telling.lang.into(), |_, stop| async move {
        let plants = recording.plants.clone();
        let replay =
            Replay::new(plants, book, args.how.bounds(), &recording.name).missing_only_what_spoke();
        let json = args.telling.format == Some(Format::Json);
        let keeper = Keeper::new(args.data.as_deref(), &recording.plants, json)?;
        played(args, recording, (replay, keeper), &stop, out).await
    })
}

async fn played(
    args: &ReplayArgs,
    recording: Recording,
    (mut replay, mut keeper): (Replay, Keeper),
    stop: &Stop,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut pump = Pump::new(recording, args.telling.lang.into());
    loop {
        let more = pump.some(stop, &mut |item| {
            replay.take(item, &mut |at, outcome| keeper.hear(at, outcome));
        })?;
        keeper.store(None, out).await?;
        if more == More::No {
            break;
        }
    }
    replay.finish(&mut |at, outcome| keeper.hear(at, outcome));
    let checkpoint = replay.monitors().next().map(|(_, monitor)| monitor.checkpoint());
    keeper.store(checkpoint, out).await?;
    let mut tally = keeper.close().await?;
    tally.settle();
    let recording = pump.recording();
    let refused = replay.refused();
    if tally.readings == 0 && tally.results == 0 && !pump.is_cut {
        return Err(Failure::usage(recording.why_nothing(&refused)));
    }
    let told = Told { recording, tally: &tally, refused: &refused, is_cut: pump.is_cut };
    let text = told.text(args.telling.lang.into());
    if args.telling.format == Some(Format::Json) {
        live::say(text.trim_end());
    } else {
        writeln!(out, "{}", text.trim_end())?;
    }
    told.check_order(args.how.bounds().lateness)
}
