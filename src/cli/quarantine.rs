//! `sanmen quarantine`: messages that a monitor has refused.

use std::collections::BTreeSet;
use std::io::Write;

use clap::Args;

use crate::base::text;
use crate::base::time::UtcOffset;
use crate::cli::common::Format;
use crate::cli::data::DataArgs;
use crate::cli::exit::Failure;
use crate::cli::table;
use crate::exercise::live::quarantine::{Kept, read};

/// The longest beginning of a payload that a table shows, in characters.
const SHOWN: usize = 60;

/// Shows messages that were refused: a few of each kind are kept beside the ledger.
#[derive(Debug, Args)]
pub struct QuarantineArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Only those refused for this reason, such as `forged`
    #[arg(long, value_name = "WORD")]
    reason: Option<String>,
    /// Only the last so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    last: usize,
    /// What stdout carries: a table, or the messages as a stream that `sanmen replay` reads
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Writes the last of them, oldest first.
pub fn run(args: &QuarantineArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let folder = args.data.folder()?;
    let mut kept = read(&folder).map_err(|error| Failure::file(&folder, error))?;
    let reasons: BTreeSet<String> = kept.iter().map(|it| it.reason.clone()).collect();
    kept.retain(|it| args.reason.as_ref().is_none_or(|reason| it.reason == *reason));
    let shown = &kept[kept.len().saturating_sub(args.last)..];
    if args.format == Format::Json {
        for message in shown {
            let line = serde_json::to_string(message).map_err(|_| Failure::Bug)?;
            writeln!(out, "{line}")?;
        }
        return Ok(());
    }
    if shown.is_empty() {
        let folder = folder.display();
        match &args.reason {
            Some(reason) if !reasons.is_empty() => {
                let reasons: Vec<&str> = reasons.iter().map(String::as_str).collect();
                let reasons = reasons.join(", ");
                writeln!(out, "nothing refused for {reason:?} is kept in {folder}, but {reasons}")?;
            }
            _ => writeln!(out, "nothing refused is kept in {folder}")?,
        }
        return Ok(());
    }
    let mut rows = table::plain(&["received (UTC)", "reason", "topic", "detail", "payload"]);
    for message in shown {
        let at = message.received_at.month_day_time(UtcOffset::UTC);
        let Kept { reason, topic, detail, .. } = message;
        let cells = [at, reason.clone(), harmless(topic), harmless(detail), payload(message)];
        rows.add_row(cells);
    }
    table::write(&rows, out)?;
    if shown.len() < kept.len() {
        writeln!(out, "{} more are kept: --last N shows more", kept.len() - shown.len())?;
    }
    Ok(())
}

fn payload(message: &Kept) -> String {
    match (&message.payload, &message.payload_base64) {
        (Some(text), _) => harmless(text),
        (None, Some(bytes)) => format!("base64 {}", harmless(bytes)),
        (None, None) => String::new(),
    }
}

/// The beginning of a stranger's text, with everything that a terminal might obey replaced.
fn harmless(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).map(text::shown).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}
