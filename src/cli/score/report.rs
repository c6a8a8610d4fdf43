//! The figures, for people and for programs.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::words::Words;
use crate::base::Span;
use crate::cli::page::{Page, Section};
use crate::exercise::score::tune::{JUDGED_BY, Setting};
use crate::exercise::score::{Figures, KindFigures, Score};

/// What is said.
pub(super) struct Report {
    words: &'static Words,
    runs: usize,
    score: Score,
    tuning: Option<Tuning>,
}

/// Which thresholds were chosen on what, and how they do elsewhere.
#[derive(Debug, Serialize)]
pub(super) struct Tuning {
    /// Seeds of training.
    pub train: String,
    /// Seeds of the test.
    pub test: String,
    /// Each rule, as it ships and as it was chosen.
    pub rules: Vec<Tuned>,
}

/// A rule that was tuned.
#[derive(Debug, Serialize)]
pub(super) struct Tuned {
    /// Its id.
    pub rule: String,
    /// As it ships.
    pub shipped: Judged,
    /// What was best in training.
    pub chosen: Judged,
}

/// A setting and its figures.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    /// The setting.
    pub setting: Setting,
    /// On the seeds of training.
    pub train: Figures,
    /// On those of the test.
    pub test: Figures,
}

impl Report {
    /// Of a number of runs.
    pub(super) fn new(words: &'static Words, runs: usize, score: Score) -> Self {
        Self { words, runs, score, tuning: None }
    }

    /// With what was tuned.
    pub(super) fn with(self, tuning: Tuning) -> Self {
        Self { tuning: Some(tuning), ..self }
    }

    fn head(&self) -> String {
        let [runs, days, quiet] = self.words.head;
        let Score { plant_days, quiet_days, .. } = self.score;
        format!("{runs} {} · {days} {plant_days:.1} · {quiet} {quiet_days:.1}", self.runs)
    }

    fn sections(&self) -> Vec<Section> {
        let words = self.words;
        let score = &self.score;
        let mut rows = vec![figures(words.all, &score.all)];
        rows.extend(score.detectors.iter().map(|(name, it)| figures(name, it)));
        let detectors =
            Section { line: words.detectors.to_owned(), columns: words.columns.to_vec(), rows };
        let kinds = Section {
            line: words.kinds.to_owned(),
            columns: words.kind_columns.to_vec(),
            rows: score.kinds.iter().map(kind).collect(),
        };
        self.tuning.iter().map(|it| self.tuned(it)).chain([detectors, kinds]).collect()
    }

    fn tuned(&self, tuning: &Tuning) -> Section {
        let [on, judged] = self.words.tuning;
        let [shipped, chosen] = self.words.settings;
        let row = |rule: &str, name: &str, it: &Judged| {
            let by = |figures: &Figures| number(figures.nab[JUDGED_BY], 1);
            let test = &it.test;
            vec![
                rule.to_owned(),
                name.to_owned(),
                it.setting.outlier_sd.to_string(),
                it.setting.window_steps.to_string(),
                by(&it.train),
                by(test),
                percent(test.recall),
                percent(test.precision),
                minutes(test.delay_median_min),
                number(test.false_per_quiet_day, 3),
            ]
        };
        let rows = tuning.rules.iter().flat_map(|it| {
            [row(&it.rule, shipped, &it.shipped), row(&it.rule, chosen, &it.chosen)]
        });
        Section {
            line: format!("{on} {}, {judged} {}", tuning.train, tuning.test),
            columns: self.words.tuning_columns.to_vec(),
            rows: rows.collect(),
        }
    }

    /// For a terminal.
    pub(super) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.head())?;
        self.sections().iter().try_for_each(|section| section.write_table(out))
    }

    /// One object.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        let Self { runs, score, tuning, .. } = self;
        serde_json::to_string(&json!({ "runs": runs, "score": score, "tuning": tuning }))
    }

    /// One table.
    pub(super) fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = csv::Writer::from_writer(out);
        table.write_record(CSV_COLUMNS)?;
        let mut row = |what: &str, name: &str, figures: &Figures| {
            table.write_record(csv_row(what, name, figures))
        };
        row("all", "", &self.score.all)?;
        for (name, figures) in &self.score.detectors {
            row("alerts", name, figures)?;
        }
        for it in &self.score.kinds {
            let figures = Figures {
                events: it.events,
                found: it.found,
                recall: (it.events > 0).then(|| it.found as f64 / it.events as f64),
                delay_median_min: it.delay_median_min,
                delay_p90_min: it.delay_p90_min,
                ..Figures::default()
            };
            row("kind", &it.kind, &figures)?;
        }
        table.flush()
    }

    /// For a file of documentation.
    pub(super) fn markdown(&self) -> String {
        let sections = self.sections();
        let text = sections.iter().map(|section| format!("\n### {}", section.markdown()));
        format!("{}{}\n{}\n", self.head(), self.words.full_stop, text.collect::<String>())
    }

    /// A page that needs nothing else.
    pub(super) fn html(&self) -> String {
        let words = self.words;
        let (lang, title, none, foot) = (words.html_lang, words.title, words.none, words.foot);
        let (head, sections) = (self.head(), self.sections());
        Page { lang, title, head: &head, pictures: &[], sections: &sections, none, foot }.html()
    }
}

/// Columns of the table for programs.
const CSV_COLUMNS: [&str; 19] = [
    "what",
    "name",
    "events",
    "found",
    "recall",
    "delay_median_min",
    "delay_p90_min",
    "episodes",
    "false_episodes",
    "precision",
    "false_per_quiet_day",
    "true_positive_rate",
    "true_negative_rate",
    "batadal_ttd",
    "batadal_clf",
    "batadal",
    "nab_standard",
    "nab_reward_low_FP_rate",
    "nab_reward_low_FN_rate",
];

fn csv_row(what: &str, name: &str, it: &Figures) -> Vec<String> {
    let cell = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let count = |value: usize| if what == "kind" { String::new() } else { value.to_string() };
    let mut row =
        vec![what.to_owned(), name.to_owned(), it.events.to_string(), it.found.to_string()];
    row.extend([it.recall, it.delay_median_min, it.delay_p90_min].map(cell));
    row.extend([it.episodes, it.false_episodes].map(count));
    let rates =
        [it.precision, it.false_per_quiet_day, it.true_positive_rate, it.true_negative_rate];
    row.extend(rates.map(cell));
    row.extend([it.batadal_ttd, it.batadal_clf, it.batadal].map(cell));
    row.extend(it.nab.map(cell));
    row
}

fn figures(name: &str, it: &Figures) -> Vec<String> {
    let mut row = vec![name.to_owned(), format!("{}/{}", it.found, it.events)];
    row.extend([percent(it.recall), minutes(it.delay_median_min), minutes(it.delay_p90_min)]);
    row.extend([it.episodes.to_string(), percent(it.precision)]);
    row.push(number(it.false_per_quiet_day, 3));
    row.extend([it.batadal_ttd, it.batadal_clf, it.batadal].map(|value| number(value, 2)));
    row.extend(it.nab.map(|value| number(value, 1)));
    row
}

fn kind(it: &KindFigures) -> Vec<String> {
    let first = it.told_first.iter().take(3).map(|(name, times)| format!("{name} {times}"));
    vec![
        it.kind.clone(),
        it.events.to_string(),
        it.found.to_string(),
        minutes(it.delay_median_min),
        minutes(it.delay_p90_min),
        first.collect::<Vec<_>>().join(", "),
    ]
}

fn number(value: Option<f64>, places: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.places$}"))
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

fn minutes(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| {
        Span::from_seconds_f64((value * 60.0).round()).to_string()
    })
}
