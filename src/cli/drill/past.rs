//! An exercise that is over, out of the folder of its run: its report, evaluators' forms and what
//! trainees think of it, which may still be written. Nothing else is done in it any more.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::after::{After, Over};
use super::kept::{Kept, folder_of};
use super::menu::menu;
use super::{LOG, REPORT, fault, refused, reports};
use crate::base::text::Lang;
use crate::cli::exercise::play::read_log;
use crate::cli::exit::{Failure, chain};
use crate::cli::library::{self, Library};
use crate::cli::live::say;
use crate::desk::api::drill::{Doing, Drill as Door, Views, Wanted, Wish};
use crate::exercise::live::drill;
use crate::exercise::offline::PlayError;
use crate::exercise::rehearsal::rehearse;
use crate::exercise::session::hindsight::Hindsight;
use crate::exercise::session::play::{Replayed, replay};

/// An exercise that is over.
pub struct Past {
    /// For the desk.
    pub door: Door,
    /// Where the ledger, log and report of the branch are that was played last.
    pub folder: PathBuf,
}

/// The exercise that was played in `home`, with the plants and rules of `library`; none when none
/// was, or it is not over, which is said. It is played again from its log, and by the robots, which
/// takes about as long as a test of it. Errors: its file or its log does not read.
pub fn open(home: &Path, library: &Library, lang: Lang) -> Result<Option<Past>, Failure> {
    let Some(kept) = Kept::read(home) else { return Ok(None) };
    if !kept.is_ended() {
        say(match lang {
            Lang::En => {
                "the exercise here is not over: it is played at the desk of its `sanmen run`, \
                 which takes it up again after a stop"
            }
            Lang::Zh => "此处的演练尚未结束:请在其`sanmen run`的监控台进行;中断后再次运行即可继续",
        });
        return Ok(None);
    }
    let folder = folder_of(home, kept.branch());
    let after = Arc::new(after(&kept, home, &folder, library)?);
    let (views, hindsight, over) = played(&after, lang)?;
    *after.over.lock().unwrap_or_else(PoisonError::into_inner) = Some(over);
    if !folder.join(REPORT).join("report.html").is_file() {
        after.write_now().map_err(Failure::usage)?;
    }
    say(match lang {
        Lang::En => "the exercise is over: its report and its forms are at the desk",
        Lang::Zh => "演练已结束:报告和评估表可在监控台查看、填写",
    });
    Ok(Some(Past { door: door(views, hindsight, &after), folder }))
}

/// What writes about it, before anything is known of how it was played.
fn after(kept: &Kept, home: &Path, folder: &Path, library: &Library) -> Result<After, Failure> {
    let (plants, book) = library.plants_and_book()?;
    let source = kept.source(home)?;
    let exercise = library::exercise(&source, &plants)
        .ok_or_else(|| Failure::usage(format!("{} is no exercise any more", source.path)))??;
    let id = &exercise.scenario.plant;
    let plant = plants.get(id.as_str()).ok_or_else(|| library::no_plant(id))?;
    let book = library.judging(&book, exercise.scenario.judged_by.as_ref())?.into_owned();
    Ok(After {
        exercise: Arc::new(exercise),
        plant: Arc::clone(plant),
        book,
        seed: kept.seed(),
        folder: folder.to_owned(),
        over: Mutex::new(None),
        forms: Mutex::default(),
    })
}

/// What pages show of it, what was true when, and what its report is made of.
fn played(after: &After, lang: Lang) -> Result<(Views, Arc<Hindsight>, Over), Failure> {
    let failed = |error: PlayError| Failure::usage(chain(&error));
    let After { exercise, plant, book, seed, folder, .. } = after;
    let log = read_log(&folder.join(LOG))?;
    let again = replay(plant, exercise, book, *seed, &log).map_err(failed)?;
    let rehearsal = rehearse(plant, exercise, book, *seed).map_err(failed)?;
    let Replayed { run, simulator, .. } = again;
    let mut session = run.session;
    session.finish();
    let stood = (simulator.at_tags(), simulator.outside());
    let drill::Views { trainee, instructor, news, hindsight } =
        drill::views_of_past(&session, stood, &rehearsal.anchors);
    let views = Views { trainee, instructor, news };
    Ok((views, hindsight.unwrap_or_default(), Over { log, rehearsal, lang }))
}

/// The desk's side of it: forms are kept, and all else is over.
fn door(views: Views, hindsight: Arc<Hindsight>, after: &Arc<After>) -> Door {
    let (_, views) = watch::channel(views); // nothing in it changes
    let menu = Arc::new(menu(&after.exercise, &after.plant));
    let plant = Arc::clone(&after.plant);
    let truth = Arc::new(move |at| hindsight.shown(&plant, at));
    let forms = Arc::clone(after);
    let ask = move |Wanted { wish, .. }: Wanted| -> Doing {
        let after = Arc::clone(&forms);
        Box::pin(async move {
            match wish {
                Wish::Act(_) | Wish::Direct(_) => Err("the exercise is over".to_owned()),
                Wish::Judge(form) => after.judge(form).await,
                Wish::Reflect(form) => after.reflect(&form).await,
            }
        })
    };
    let ledger = after.folder.clone();
    let quarantine = Arc::new(move || Box::pin(refused::refused(ledger.clone())) as _);
    let fault = fault::filling(&after.plant);
    let improvised = fault::making(&after.exercise, &after.plant, &after.folder);
    let report = reports(after);
    Door { views, truth, menu, ask: Arc::new(ask), report, quarantine, fault, improvised }
}
