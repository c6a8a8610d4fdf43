#![expect(clippy::disallowed_methods, reason = "edge: keeps what people write of an exercise")]
//! After an exercise: its marks, its report, and what evaluators and trainees write.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::REPORT;
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::cli::exercise::play::{EVALUATION, SELF_ASSESSMENT, write_files};
use crate::cli::exit::{Failure, chain};
use crate::cli::live::say;
use crate::exercise::assess::assess;
use crate::exercise::debrief::form::{Evaluation, SelfAssessment};
use crate::exercise::debrief::{Material, debrief};
use crate::exercise::rehearsal::Rehearsal;
use crate::exercise::session::Session;
use crate::exercise::session::log::Entry;
use crate::exercise::session::play::replay;
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::scenario::exercise::Exercise;

/// What is needed to write about an exercise, when it is over.
pub struct After {
    /// The exercise.
    pub exercise: Arc<Exercise>,
    /// Its plant.
    pub plant: Arc<Plant>,
    /// The rules.
    pub book: Book,
    /// The run's seed.
    pub seed: Seed,
    /// Where its ledger is.
    pub folder: PathBuf,
    /// Its log and what robots came to, once it is over.
    pub over: Mutex<Option<Over>>,
}

/// An exercise that is over.
pub struct Over {
    log: Vec<Entry>,
    rehearsal: Rehearsal,
    lang: Lang,
}

impl After {
    /// Says what came of the exercise, and writes its report.
    pub async fn finish(
        self: &Arc<Self>,
        session: &Session,
        rehearsed: JoinHandle<Option<Rehearsal>>,
        lang: Lang,
    ) {
        let Ok(Some(rehearsal)) = rehearsed.await else { return };
        let score = assess(session, &rehearsal.anchors);
        for line in &score.lines {
            let (marks, of, text) = (line.marks, line.of, line.text.get(lang));
            say(&format!("{marks:+6.1} of {of:4.1}  {text}"));
        }
        let met = match (score.met, lang) {
            (true, Lang::En) => "every critical task met",
            (false, Lang::En) => "critical tasks missed",
            (true, Lang::Zh) => "关键任务全部完成",
            (false, Lang::Zh) => "关键任务未完成",
        };
        let practice = match (score.practice, lang) {
            (false, _) => "",
            (true, Lang::En) => "; practice: the instructor went back",
            (true, Lang::Zh) => ";教员曾回溯,仅作练习",
        };
        say(&format!("{:.0}/100, {met}{practice}", score.total));
        let over = Over { log: session.log().to_vec(), rehearsal, lang };
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = Some(over);
        match self.write().await {
            Ok(()) => say(&format!("report: {}", self.folder.join(REPORT).display())),
            Err(why) => say(&format!("the report cannot be written: {why}")),
        }
    }

    /// Keeps an evaluator's form. Errors, in words: it does not fit the exercise, or the disk.
    pub async fn judge(self: &Arc<Self>, form: &Value) -> Result<(), String> {
        let form = Evaluation::read(&form.to_string(), &self.exercise);
        self.keep(EVALUATION, &form.map_err(|error| chain(&error))?)?;
        self.write().await
    }

    /// Keeps what trainees think of it. Errors, in words: it is no such form, or the disk.
    pub async fn reflect(self: &Arc<Self>, form: &Value) -> Result<(), String> {
        let form = SelfAssessment::read(&form.to_string());
        self.keep(SELF_ASSESSMENT, &form.map_err(|error| chain(&error))?)?;
        self.write().await
    }

    fn keep(&self, name: &str, form: &impl Serialize) -> Result<(), String> {
        let text = serde_json::to_string_pretty(form).map_err(|error| error.to_string())?;
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes the report, if it is over, with what people have written by then.
    async fn write(self: &Arc<Self>) -> Result<(), String> {
        let own = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || own.write_now());
        written.await.unwrap_or_else(|error| Err(error.to_string()))
    }

    fn write_now(&self) -> Result<(), String> {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Over { log, rehearsal, lang }) = over.as_ref() else { return Ok(()) };
        let again = replay(&self.plant, &self.exercise, &self.book, self.seed, log);
        let run = again.map_err(|error| chain(&error))?.run;
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).ok();
        let evaluation =
            read(EVALUATION).and_then(|text| Evaluation::read(&text, &self.exercise).ok());
        let own = read(SELF_ASSESSMENT).and_then(|text| SelfAssessment::read(&text).ok());
        let debrief = debrief(&Material {
            run: &run,
            played_by: super::LOG,
            rehearsal,
            book: &self.book,
            evaluation: evaluation.as_ref(),
            self_assessment: own.as_ref(),
            log: Some(log),
        });
        let debrief = debrief.map_err(|error| error.to_string())?;
        write_files(&self.folder.join(REPORT), &debrief, (*lang, false)).map_err(|failure| {
            match failure {
                Failure::Usage(cause) | Failure::Outside(cause) => chain(cause.as_ref()),
                _ => "something of ours is broken".to_owned(),
            }
        })
    }
}
