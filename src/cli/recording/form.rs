//! What form a recording has: said with a flag, or by its name.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::exit::Failure;

/// What stands in place of a file when readings come from another program.
const STANDARD_INPUT: &str = "-";

/// How readings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Text with a head, and `,` `;` tab or `|` between its cells
    Csv,
    /// JSON, one object a line: readings, or a recorded MQTT stream
    Jsonl,
    /// Columns; only of a file (builds with the feature `columns`)
    Parquet,
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// By gzip; several members are one recording, as of rotated logs.
    Gzip,
    /// By Zstandard; several frames are one recording.
    Zstandard,
}

impl Packing {
    /// Every way.
    const ALL: [Self; 2] = [Self::Gzip, Self::Zstandard];

    /// What the name of a packed file ends with.
    fn ending(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstandard => "zst",
        }
    }

    /// The command that unpacks.
    fn undone_by(self) -> &'static str {
        match self {
            Self::Gzip => "gunzip",
            Self::Zstandard => "unzstd",
        }
    }

    /// What its name says.
    pub fn by_name(path: &Path) -> Option<Self> {
        let ending = path.extension()?;
        Self::ALL.into_iter().find(|it| ending.eq_ignore_ascii_case(it.ending()))
    }

    /// What the first four bytes say; no text begins with these.
    pub fn by_bytes(first: &[u8]) -> Option<Self> {
        match first {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A frame, or one that is to be passed over.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Some(Self::Zstandard),
            _ => None,
        }
    }
}

/// Do the readings come from another program?
pub fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == STANDARD_INPUT
}

/// What the recording is called in words for people.
pub fn named(path: &Path) -> PathBuf {
    if is_standard_input(path) { PathBuf::from("standard input") } else { path.to_owned() }
}

impl Form {
    /// Of the recording in `path`: as somebody says, or else as its name does. Errors: neither
    /// does; it has to be read from its end and cannot.
    pub fn of(path: &Path, said: Option<Self>) -> Result<Self, Failure> {
        let packing = Packing::by_name(path);
        let inner = if packing.is_some() { path.with_extension("") } else { path.to_owned() };
        let Some(form) = said.or_else(|| Self::by_name(&inner)) else {
            return Err(unknown(path));
        };
        let name = named(path);
        let name = name.display();
        match packing {
            _ if form != Self::Parquet => Ok(form),
            _ if is_standard_input(path) => Err(Failure::usage(format!(
                "{name}: Parquet is read from its end, and this has none before all is there: \
                 write it into a file first, `cat > readings.parquet`, and name that"
            ))),
            Some(packing) => Err(Failure::usage(format!(
                "{name}: Parquet is compressed in itself and is read from its end: unpack it \
                 with {}",
                packing.undone_by()
            ))),
            None => Ok(form),
        }
    }

    fn by_name(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_string_lossy().to_lowercase();
        match ending.as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "jsonl" | "ndjson" | "json" => Some(Self::Jsonl),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

fn unknown(path: &Path) -> Failure {
    if is_standard_input(path) {
        let text = "standard input: say what comes with --as csv or --as jsonl";
        return Failure::usage(text);
    }
    if !path.exists() {
        return Failure::file(path, std::io::Error::from(std::io::ErrorKind::NotFound));
    }
    Failure::usage(format!(
        "{}: a recording ends with .csv, .tsv, .txt, .jsonl, .ndjson, .json or .parquet, perhaps \
         with .gz or .zst behind it, or is the folder of a part of a dataset; of any other name, \
         say what it is with --as",
        path.display()
    ))
}
