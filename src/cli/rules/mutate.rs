//! `sanmen rules mutate`: does anything notice when a rule is wrong?
//!
//! Every rule is made wrong in each way that `inspection::mutant` knows. Its own tests see it
//! first: a second for all. What they do not notice every scenario is held against: simulated once,
//! and heard once by all those wrong rules together, each under a name of its own. A rule acts on
//! others by its alarms alone, so only where these come out otherwise the scenario is held, by
//! itself, against the book with that mistake.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::check::named;
use super::list::places;
use crate::alarms::event::{AlarmChange, AlarmId, Priority};
use crate::base::problem::{Problems, Source};
use crate::base::{RuleId, Span, Stamp, TagId};
use crate::cli::common::{Format, Shelves};
use crate::cli::cores::{bar, on_all_cores, threads};
use crate::cli::exit::{Failure, both, chain};
use crate::cli::explain::rule_of;
use crate::cli::library::{self, Library, Script};
use crate::cli::test::scenario_sources;
use crate::exercise::judge;
use crate::exercise::offline::{self, PlayError, Played, Tape};
use crate::exercise::rule_test;
use crate::inspection::book::{Book, InspectionRule};
use crate::inspection::mutant::{Mutant, mutants};
use crate::inspection::rule_test::RuleTest;
use crate::plant::Plant;
use crate::scenario::{AlarmName, Scenario, Wanted};

/// Arguments of `sanmen rules mutate`.
#[derive(Debug, Args)]
pub struct MutateArgs {
    /// Rule files, or folders of them, that make one book; the rules in force by default
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only this rule; may be given again
    #[arg(long, value_name = "ID")]
    rule: Vec<String>,
    /// Scenario files, or folders of them; those that ship with Sanmen by default
    #[arg(long, value_name = "PATH")]
    on: Vec<PathBuf>,
    /// Ask scenarios alone, as if the rules had no tests of their own
    #[arg(long)]
    without_tests: bool,
    /// Leave out scenarios that last longer than this
    #[arg(long, value_name = "N", default_value_t = 14)]
    days: u32,
    /// How many cores to work on; all by default
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
    threads: Option<NonZero<usize>>,
    #[command(flatten)]
    shelves: Shelves,
    /// What stdout carries: text for people, or one JSON object a mistake
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A scenario that passes, and what reaches the monitor in it.
struct Recorded {
    scenario: Scenario,
    /// It ships, and is held against a book of one's own.
    is_foreign: bool,
    plant: Arc<Plant>,
    tape: Tape,
    /// The mistakes that change what alarms do in it.
    other: Vec<bool>,
    /// The rules that it names itself.
    own: Option<Book>,
}

/// What the alarms of a rule do: where, which occurrence, what, when, how urgent.
type Life = Vec<(Option<TagId>, u64, AlarmChange, Stamp, Priority)>;

/// Why a scenario is not held against wrong rules.
enum Left {
    /// It is no scenario of one plant, or lasts too long.
    Out(String),
    /// It ships, and has nothing to say about the rules of a book of one's own.
    Foreign,
    /// It does not pass with the rules as they are.
    Failing(String),
}

/// Who noticed a mistake: `file:line` of a test of the rule, or a scenario's file.
type Witness = Option<String>;

/// Makes every mistake, one at a time. Fails as unmet when nobody notices one of them.
pub fn run(args: &MutateArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let library = args.shelves.library();
    let plants = library.plants().map_err(Failure::from);
    let (plants, part) = both(plants, Path::new("plants"), named(&args.paths, &library))?;
    let book = part.book;
    if args.paths.is_empty() {
        book.unknown_packs(plants.values().map(|plant| &plant.profile)).into_result(Some(()))?;
    }
    let wanted: Vec<&InspectionRule> =
        args.rule.iter().map(|id| Ok(rule_of(&book, id)?.1)).collect::<Result<_, Failure>>()?;
    let own = book.rules().iter().filter(|rule| !part.lent.contains(&rule.id));
    let rules: Vec<&InspectionRule> = if wanted.is_empty() { own.collect() } else { wanted };
    // Scenarios that ship are about the rules that ship: of a book of one's own they know what has
    // the same name.
    let is_own = !args.paths.is_empty() && args.on.is_empty();
    let ours: Option<BTreeSet<&RuleId>> = is_own.then(|| rules.iter().map(|it| &it.id).collect());
    let frame = plants.values().next().ok_or(Failure::Bug)?;
    let sources = scenario_sources(&args.on)?;
    let wrong: Vec<Mutant> = rules.iter().flat_map(|rule| mutants(&book, rule)).collect();
    let shown = if args.without_tests { &[] } else { &wrong[..] };
    let mut by_tests = with_bar(args, shown.len(), "mistakes shown to tests", |at| {
        by_its_tests(&shown[at], &book, frame)
    });
    by_tests.resize(wrong.len(), Some(None));
    let mut noticed = by_tests.into_iter().collect::<Option<Vec<Witness>>>().ok_or(Failure::Bug)?;
    let open: Vec<&Mutant> =
        wrong.iter().zip(&noticed).filter(|it| it.1.is_none()).map(|it| it.0).collect();
    if open.is_empty() {
        return tell(args, &wrong, &noticed, out); // nothing is left to be noticed
    }
    let crowd = Crowd::new(&book, &open);
    let heard = with_bar(args, sources.len(), "scenarios played", |at| {
        record(&sources[at], (&plants, &library), &crowd, (args.days, ours.as_ref()))
    });
    let mut found: Vec<Witness> = vec![None; open.len()];
    let mut foreign = 0;
    for (source, recorded) in sources.iter().zip(heard) {
        match recorded.ok_or(Failure::Bug)? {
            Ok(recorded) => recorded.notice(args, &book, &open, &mut found),
            Err(Left::Out(why)) if args.format == Format::Text => {
                writeln!(out, "left out: {} {why}", source.path)?;
            }
            Err(Left::Out(_)) => {}
            Err(Left::Foreign) => foreign += 1,
            Err(Left::Failing(why)) => {
                return Err(Failure::usage(format!(
                    "{} fails with the rules as they are: {why}",
                    source.path
                )));
            }
        }
    }
    if is_own && args.format == Format::Text {
        tell_scope(sources.len() - foreign, out)?;
    }
    let still = noticed.iter_mut().filter(|witness| witness.is_none());
    still.zip(found).for_each(|(witness, found)| *witness = found);
    tell(args, &wrong, &noticed, out)
}

/// Says what a book of one's own was held against.
fn tell_scope(scenarios: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let own_tests = match scenarios {
        0 => "no scenario that ships names these rules, so their tests alone count".to_owned(),
        1 => "beside their tests, 1 scenario that ships names these rules".to_owned(),
        n => format!("beside their tests, {n} scenarios that ship name these rules"),
    };
    writeln!(out, "note: {own_tests}; `--on PATH` names scenarios of your own")?;
    Ok(())
}

/// Runs `work` on all cores, and shows how far it is.
fn with_bar<R: Send>(
    args: &MutateArgs,
    count: usize,
    what: &'static str,
    work: impl Fn(usize) -> R + Sync,
) -> Vec<Option<R>> {
    let bar = bar(count, what);
    let done = on_all_cores(count, args.threads, |at| {
        let made = work(at);
        bar.inc(1);
        ControlFlow::Continue(made)
    });
    bar.finish_and_clear();
    done
}

fn record(
    source: &Arc<Source>,
    (plants, library): (&BTreeMap<String, Arc<Plant>>, &Library),
    crowd: &Crowd<'_>,
    (days, ours): (u32, Option<&BTreeSet<&RuleId>>),
) -> Result<Recorded, Left> {
    let failing = |why: String| match ours {
        // It ships, and is about other rules too: nobody here can mend it.
        Some(_) => Left::Out(format!("fails with the rules as they are: {why}")),
        None => Left::Failing(why),
    };
    let mistaken = |problems: Problems| failing(problems.to_string());
    let out = |why: String| if ours.is_some() { Left::Foreign } else { Left::Out(why) };
    if library::exercise(source, plants).is_some() {
        return Err(out("is an exercise: what is expected there waits for people".to_owned()));
    }
    let Script::Plant(mut scenario) = library::script(source, plants).map_err(mistaken)? else {
        return Err(out("is about a fleet".to_owned()));
    };
    if let Some(ours) = ours {
        scenario = about(*scenario, ours, crowd.book).map(Box::new).ok_or(Left::Foreign)?;
    }
    if scenario.duration > Span::hours(24) * i64::from(days) {
        return Err(Left::Out(format!("lasts {}", scenario.duration)));
    }
    let own = match library.judging(crowd.book, scenario.judged_by.as_ref()).map_err(mistaken)? {
        Cow::Borrowed(_) => None,
        Cow::Owned(own) => Some(own),
    };
    let others = own.as_ref().map(|own| Crowd::new(own, crowd.open));
    let crowd = others.as_ref().unwrap_or(crowd);
    let book = crowd.book;
    let plant = plants.get(scenario.plant.as_str()).cloned();
    let plant = plant.ok_or_else(|| failing("its plant is not there".to_owned()))?;
    let broken = |error: &dyn std::error::Error| failing(chain(error));
    let unknown = judge::unknown_rules(&scenario, &[book]);
    if !unknown.is_empty() {
        return Err(failing(unknown.to_string()));
    }
    let (played, tape) =
        offline::record(&plant, &scenario, book, None).map_err(|error| broken(&error))?;
    let is_foreign = ours.is_some();
    if let Some(first) = judged((&scenario, is_foreign), &plant, book, &played).first() {
        return Err(failing(first.to_string()));
    }
    let other = crowd.differ(&plant, &scenario, &tape).map_err(|error| broken(&error))?;
    Ok(Recorded { scenario: *scenario, is_foreign, plant, tape, other, own })
}

/// What a scenario that ships says about `ours`, with all that it says of rules that `book` does
/// not have left out; none when it expects nothing of ours.
fn about(mut scenario: Scenario, ours: &BTreeSet<&RuleId>, book: &Book) -> Option<Scenario> {
    let has = |alarm: &AlarmName| book.index(alarm.rule.as_str()).is_some();
    scenario.expectations.retain(|expectation| has(&expectation.alarm));
    for expectation in &mut scenario.expectations {
        if let Wanted::Seen(window) = &mut expectation.wanted {
            window.before = window.before.take().filter(has);
            window.cause = window.cause.take().filter(has);
        }
    }
    scenario.answers.retain(|answer| has(&answer.alarm));
    scenario.allowed.retain(has);
    scenario.floods.clear(); // they count the alarms of all rules
    let is_ours = scenario.expectations.iter().any(|it| ours.contains(&it.alarm.rule));
    is_ours.then_some(scenario)
}

/// The scenario, allowing every alarm of rules that it does not name: it cannot know them.
fn allowing_others(scenario: &Scenario, book: &Book) -> Scenario {
    let named: BTreeSet<&RuleId> = scenario.alarm_names().map(|it| &it.rule).collect();
    let others = book.rules().iter().map(|rule| &rule.id).filter(|id| !named.contains(id));
    let allow = |id: &RuleId| AlarmName { rule: id.clone(), rule_span: 0..0, tag: None };
    let allowed = scenario.allowed.iter().cloned().chain(others.map(allow)).collect();
    Scenario { allowed, ..scenario.clone() }
}

fn by_its_tests(mutant: &Mutant, book: &Book, frame: &Plant) -> Witness {
    let rule = book.rule(book.index(mutant.rule.as_str())?)?;
    let wrong = mutant.book(book);
    let fails = |test: &&RuleTest| match mutant.wrong() {
        Some(rule) => rule_test::play(&wrong, rule, test, frame).failing.is_some(),
        None => !test.expect.is_empty(),
    };
    let test = rule.tests.iter().find(fails)?;
    Some(test.place.source.place(test.place.span.start))
}

/// The book as it is, with all wrong rules in it as well.
struct Crowd<'m> {
    book: &'m Book,
    together: Book,
    open: &'m [&'m Mutant],
}

impl<'m> Crowd<'m> {
    fn new(book: &'m Book, open: &'m [&'m Mutant]) -> Self {
        let named = |(n, mutant): (usize, &&Mutant)| {
            let rule = mutant.wrong().filter(|_| mutant.is_alone())?;
            let pack = book.rule(book.index(rule.id.as_str())?)?.pack.clone();
            Some(InspectionRule { id: alias(n), pack, ..rule.clone() })
        };
        let wrong = open.iter().enumerate().filter_map(named);
        let together = book.with_rules(book.rules().iter().cloned().chain(wrong).collect());
        Self { book, together, open }
    }

    /// Which of the mistakes change what the alarms of their rule do.
    fn differ(
        &self,
        plant: &Arc<Plant>,
        scenario: &Scenario,
        tape: &Tape,
    ) -> Result<Vec<bool>, PlayError> {
        let lives = lives(&tape.play(plant, scenario, &self.together)?);
        let life = |id: &RuleId| lives.get(id).cloned().unwrap_or_default();
        let mut differ = Vec::new();
        for (n, mutant) in self.open.iter().enumerate() {
            let as_it_is = life(&mutant.rule);
            differ.push(match mutant.wrong() {
                None => !as_it_is.is_empty(),
                Some(_) if mutant.is_alone() => life(&alias(n)) != as_it_is,
                Some(rule) if places(rule, plant).is_empty() => false,
                Some(rule) => {
                    let alone = mutant.book(self.book).only(std::slice::from_ref(&rule.id));
                    let played = self::lives(&tape.play(plant, scenario, &alone)?);
                    played.get(&rule.id).cloned().unwrap_or_default() != as_it_is
                }
            });
        }
        Ok(differ)
    }
}

/// The name of a wrong rule among all others.
fn alias(n: usize) -> RuleId {
    RuleId::new(&format!("mistake-{n}")).expect("plain words make an id")
}

fn lives(played: &Played) -> BTreeMap<RuleId, Life> {
    let mut lives: BTreeMap<RuleId, Life> = BTreeMap::new();
    for event in played.alarm_events() {
        let AlarmId { rule, tag, n, .. } = event.id.clone();
        let life = lives.entry(rule).or_default();
        life.push((tag, n, event.change, event.at, event.priority));
    }
    lives
}

impl Recorded {
    /// Names itself as the witness of each mistake that makes it fail, and that nobody has noticed.
    fn notice(&self, args: &MutateArgs, book: &Book, open: &[&Mutant], found: &mut [Witness]) {
        let asked: Vec<usize> =
            (0..open.len()).filter(|n| self.other[*n] && found[*n].is_none()).collect();
        let book = self.own.as_ref().unwrap_or(book);
        let fails = on_all_cores(asked.len(), args.threads, |at| {
            ControlFlow::Continue(self.fails(&open[asked[at]].book(book)))
        });
        for (n, fails) in asked.into_iter().zip(fails) {
            if fails == Some(true) {
                found[n] = Some(self.scenario.source.path.clone());
            }
        }
    }

    /// Does the scenario fail with these rules?
    fn fails(&self, book: &Book) -> bool {
        if !judge::unknown_rules(&self.scenario, &[book]).is_empty() {
            return true;
        }
        match self.tape.play(&self.plant, &self.scenario, book) {
            Ok(played) => {
                let scenario = (&self.scenario, self.is_foreign);
                !judged(scenario, &self.plant, book, &played).is_empty()
            }
            Err(_) => true,
        }
    }
}

/// What of a scenario is not met with these rules.
fn judged(
    (scenario, is_foreign): (&Scenario, bool),
    plant: &Plant,
    book: &Book,
    played: &Played,
) -> Vec<judge::Failing> {
    let scenario = if is_foreign {
        Cow::Owned(allowing_others(scenario, book))
    } else {
        Cow::Borrowed(scenario)
    };
    judge::judge(&scenario, plant, book, played)
}

fn tell(
    args: &MutateArgs,
    wrong: &[Mutant],
    noticed: &[Witness],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let made = wrong.iter().zip(noticed);
    let missed = noticed.iter().filter(|witness| witness.is_none()).count();
    for (mutant, witness) in made {
        match (args.format, witness) {
            (Format::Json, _) => writeln!(out, "{}", object(mutant, witness))?,
            (Format::Text, None) => {
                writeln!(out, "MISSED  {}: {}", mutant.rule, mutant.mistake)?;
            }
            (Format::Text, Some(witness)) if !args.rule.is_empty() => {
                writeln!(out, "noticed {}: {}: {witness}", mutant.rule, mutant.mistake)?;
            }
            (Format::Text, Some(_)) => {}
        }
    }
    if args.format == Format::Text {
        let found = noticed.len() - missed;
        writeln!(out, "{} mistakes: {found} noticed, {missed} missed", noticed.len())?;
    }
    if missed > 0 { Err(Failure::Unmet) } else { Ok(()) }
}

fn object(mutant: &Mutant, witness: &Witness) -> Value {
    json!({
        "rule": mutant.rule,
        "mistake": mutant.mistake.to_string(),
        "noticed_by": witness,
    })
}
