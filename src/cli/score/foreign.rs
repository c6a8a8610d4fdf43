//! Alerts of somebody else's detector, from a file: every mistake at once, each with its line.

use std::path::Path;
use std::sync::Arc;

use csv::{ErrorKind, StringRecord};

use crate::base::problem::{Problems, Source, nearest};
use crate::base::{Span, Stamp};
use crate::cli::exit::Failure;
use crate::cli::library;
use crate::exercise::score::{Alert, Run};

/// A part of a dataset.
pub(super) struct Part {
    /// Its plant.
    pub plant: String,
    /// What happened there.
    pub run: Run,
}

/// The columns that mean something; all others are the detector's own business.
const COLUMNS: [&str; 6] = ["plant", "part", "start", "end", "tag", "detector"];

/// The name of a detector that has none.
const NAMELESS: &str = "detector";

/// Puts the alerts of a file to the parts they are about.
pub(super) fn read(path: &Path, parts: &mut [Part]) -> Result<(), Failure> {
    let source = library::source(path)?;
    let mut file = File { source: &source, problems: Problems::new() };
    let alerts = file.alerts(parts);
    file.problems.into_result(Some(()))?;
    for (at, alert) in alerts {
        if let Some(part) = parts.get_mut(at) {
            part.run.alerts.push(alert);
        }
    }
    Ok(())
}

struct File<'f> {
    source: &'f Arc<Source>,
    problems: Problems,
}

impl File<'_> {
    fn add(&mut self, record: &StringRecord, text: String, help: &str) {
        let from = record.position().map_or(0, |at| at.byte() as usize);
        let rest = self.source.text.get(from..).unwrap_or_default();
        let line = rest.lines().next().map_or(0, str::len);
        self.problems.add(self.source, from..from + line, text).help(help);
    }

    /// Position of its part, and the alert, for each row.
    fn alerts(&mut self, parts: &[Part]) -> Vec<(usize, Alert)> {
        let text = self.source.text.clone();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().cloned().unwrap_or_default();
        let places = COLUMNS.map(|name| head.iter().position(|it| it.trim() == name));
        let [plant, part, start, ..] = places;
        if start.is_none() || (plant.is_none() && part.is_none()) {
            let help =
                "the first line names the columns: part or plant, start, perhaps end, detector";
            self.add(
                &head,
                "there is no column `start`, or none of `part` and `plant`".to_owned(),
                help,
            );
            return Vec::new();
        }
        let mut alerts = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => alerts.extend(self.alert(&record, &places, parts)),
                Err(error) => self.no_row(&error),
            }
        }
        alerts
    }

    fn no_row(&mut self, error: &csv::Error) {
        let mut place = StringRecord::new();
        place.set_position(error.position().cloned());
        let text = match error.kind() {
            ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("{len} values for {expected_len} columns")
            }
            _ => format!("this is no row of the table: {error}"),
        };
        self.add(&place, text, "one value for each column, empty ones too");
    }

    fn alert(
        &mut self,
        record: &StringRecord,
        places: &[Option<usize>; 6],
        parts: &[Part],
    ) -> Option<(usize, Alert)> {
        let [plant, part, start, end, _, detector] = places
            .map(|at| at.and_then(|at| record.get(at)).map(str::trim).filter(|it| !it.is_empty()));
        let from = self.time(record, "start", start);
        let until = match end {
            None => from,
            end => self.time(record, "end", end),
        };
        let (from, until) = (from?, until?);
        if until < from {
            let text = format!("the alert ends at {until}, before it starts at {from}");
            self.add(record, text, "swap start and end");
            return None;
        }
        let at = self.part(record, plant, part, from, parts)?;
        let by = detector.unwrap_or(NAMELESS).to_owned();
        Some((at, Alert { by, from, until, late: Span::ZERO }))
    }

    fn time(&mut self, record: &StringRecord, column: &str, text: Option<&str>) -> Option<Stamp> {
        let help = "write it like 2024-12-05T08:00:00+08:00";
        let Some(text) = text else {
            self.add(record, format!("`{column}` is empty"), help);
            return None;
        };
        let found = Stamp::parse(text).map(|(at, _)| at);
        if found.is_err() {
            self.add(record, format!("`{column}` is no time: {text:?}"), help);
        }
        found.ok()
    }

    /// The one part that is meant: by its name, or by its plant while only one fits.
    fn part(
        &mut self,
        record: &StringRecord,
        plant: Option<&str>,
        part: Option<&str>,
        from: Stamp,
        parts: &[Part],
    ) -> Option<usize> {
        if let Some(name) = part {
            let found = parts.iter().position(|it| it.run.name == name);
            if found.is_none() {
                let known: Vec<&str> = parts.iter().map(|it| it.run.name.as_str()).collect();
                self.unknown(record, "part", name, &known);
            }
            return found;
        }
        let Some(plant) = plant else {
            let text = "neither `part` nor `plant` says where".to_owned();
            self.add(record, text, "name the part as manifest.json has it");
            return None;
        };
        let known: Vec<&str> = parts.iter().map(|it| it.plant.as_str()).collect();
        if !known.contains(&plant) {
            self.unknown(record, "plant", plant, &known);
            return None;
        }
        let those = parts.iter().enumerate().filter(|(_, it)| it.plant == plant);
        let meant: Vec<usize> = those
            .filter(|(_, it)| (it.run.from..=it.run.to).contains(&from))
            .map(|it| it.0)
            .collect();
        match meant.as_slice() {
            [one] => Some(*one),
            [] => {
                let text = format!("no part of {plant} was played at {from}");
                self.add(
                    record,
                    text,
                    "an alert starts between the part's `from` and `until` in manifest.json",
                );
                None
            }
            several => {
                let text = format!("{} parts of {plant} were played at {from}", several.len());
                self.add(record, text, "say which in a column `part`, as manifest.json has it");
                None
            }
        }
    }

    fn unknown(&mut self, record: &StringRecord, what: &str, found: &str, known: &[&str]) {
        let help = match nearest(found, known) {
            Some(name) => format!("did you mean {name:?}?"),
            None => "manifest.json names those there are".to_owned(),
        };
        self.add(record, format!("there is no {what} {found:?} in the dataset"), &help);
    }
}
