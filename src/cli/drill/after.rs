#![expect(clippy::disallowed_methods, reason = "edge: keeps what people write of an exercise")]
//! After an exercise: its marks, its report, and what evaluators and trainees write.

use std::fs;
use std::io;
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
use crate::cli::whole::replace;
use crate::exercise::assess::assess;
use crate::exercise::debrief::form::{Evaluation, FormError, SelfAssessment};
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
    /// Held while forms are read and written: two people never write at once.
    pub forms: Mutex<()>,
}

/// Forms of more people than any exercise has.
const MOST_FORMS: usize = 200;

/// Where a form says which kept one it was filled in upon.
const UPON: &str = "upon";

/// An exercise that is over.
pub struct Over {
    /// Its log.
    pub log: Vec<Entry>,
    /// What robots made of it.
    pub rehearsal: Rehearsal,
    /// The language that its page opens in.
    pub lang: Lang,
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

    /// Keeps an evaluator's form, one for each name. With `upon` it says which kept form of that
    /// name it was filled in upon (null: none), and is refused when that is not the one kept by
    /// now. Errors, in words: that, it does not fit the exercise, or the disk.
    pub async fn judge(self: &Arc<Self>, mut form: Value) -> Result<(), String> {
        let upon = form.as_object_mut().and_then(|form| form.remove(UPON));
        let form = Evaluation::read(&form.to_string(), &self.exercise);
        let form = form.map_err(|error| chain(&error))?;
        let by = form.evaluator.clone();
        let all = |text: &str| Evaluation::read_all(text, &self.exercise);
        self.keep((EVALUATION, all), form, |kept| kept.evaluator == by, upon)?;
        self.write().await
    }

    /// Keeps what a trainee thinks of it, one for each name. Errors, in words: it is no such form,
    /// or the disk.
    pub async fn reflect(self: &Arc<Self>, form: &Value) -> Result<(), String> {
        let form = SelfAssessment::read(&form.to_string()).map_err(|error| chain(&error))?;
        let by = form.who.clone();
        self.keep((SELF_ASSESSMENT, SelfAssessment::read_all), form, |kept| kept.who == by, None)?;
        self.write().await
    }

    /// The forms that evaluators have handed in, as JSON. Errors: the disk.
    pub fn evaluations(&self) -> Result<Vec<u8>, String> {
        let _alone = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let all = |text: &str| Evaluation::read_all(text, &self.exercise);
        serde_json::to_vec(&self.kept(EVALUATION, all)?).map_err(|error| error.to_string())
    }

    fn kept<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<Vec<T>, FormError>,
    ) -> Result<Vec<T>, String> {
        let path = self.folder.join(name);
        let wrong = |why: String| format!("{}: {why}", path.display());
        match fs::read_to_string(&path) {
            Ok(text) => read(&text).map_err(|error| wrong(chain(&error))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// Keeps a form in place of that of the same person, or beside those of others.
    fn keep<T: Serialize>(
        &self,
        (name, read): (&str, impl Fn(&str) -> Result<Vec<T>, FormError>),
        form: T,
        is_theirs: impl Fn(&T) -> bool,
        upon: Option<Value>,
    ) -> Result<(), String> {
        let _alone = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        // What cannot be read is not written over.
        let mut all = self.kept(name, read)?;
        let place = all.iter().position(is_theirs);
        let json = |form: &T| serde_json::to_value(form).map_err(|error| error.to_string());
        let now = place.map_or(Ok(Value::Null), |n| json(&all[n]))?;
        if upon.is_some_and(|upon| upon != now) {
            let text = "a newer form of this name has been kept meanwhile, and stays: reload the \
                        page to go on from it";
            return Err(text.to_owned());
        }
        match place {
            Some(n) => all[n] = form,
            None if all.len() == MOST_FORMS => {
                return Err(format!("forms of {MOST_FORMS} people are kept, and no more"));
            }
            None => all.push(form),
        }
        let text = serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?;
        let path = self.folder.join(name);
        let kept = replace(&path, text.as_bytes());
        kept.map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes the report, if it is over, with what people have written by then.
    async fn write(self: &Arc<Self>) -> Result<(), String> {
        let own = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || own.write_now());
        written.await.unwrap_or_else(|error| Err(error.to_string()))
    }

    /// The same, on this thread.
    pub fn write_now(&self) -> Result<(), String> {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Over { log, rehearsal, lang }) = over.as_ref() else { return Ok(()) };
        let again = replay(&self.plant, &self.exercise, &self.book, self.seed, log);
        let run = again.map_err(|error| chain(&error))?.run;
        let alone = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let all = |text: &str| Evaluation::read_all(text, &self.exercise);
        let evaluations = self.kept(EVALUATION, all)?;
        let own = self.kept(SELF_ASSESSMENT, SelfAssessment::read_all)?;
        drop(alone);
        let debrief = debrief(&Material {
            run: &run,
            played_by: super::LOG,
            rehearsal,
            book: &self.book,
            evaluations: &evaluations,
            self_assessments: &own,
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
