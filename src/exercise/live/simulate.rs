//! Plants, live: simulated time paced by the wall clock, their messages published over MQTT.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::base::text::Lang;
use crate::base::time::wall_now;
use crate::base::{PlantId, Span, Stamp};
use crate::exercise::live::LiveError;
use crate::exercise::live::company::{Company, Said, Voices};
use crate::exercise::live::orders::{Given, Orders};
use crate::exercise::live::pace::{Metronome, Pace};
use crate::exercise::live::stop::Stop;
use crate::world::Outside;

/// How long a run that was stopped waits for the broker to have everything.
const GOODBYE: Duration = Duration::from_secs(5);

/// How often the clock is told: a listener takes two seconds without news for silence.
pub(super) const CLOCK: Span = Span::SECOND;

/// See `CLOCK`.
const CLOCK_EVERY: Duration = Duration::from_secs(1);

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Simulated time.
    pub now: Stamp,
    /// Has the scenario ended?
    pub finished: bool,
    /// The real speed, when it is not the one that was asked for.
    pub speed: Option<f64>,
}

impl Progress {
    /// Before the first step.
    pub fn at(start: Stamp) -> Self {
        Self { now: start, finished: false, speed: None }
    }
}

/// What running plants tell beside their messages.
#[derive(Debug)]
pub struct Aside {
    /// How far they are.
    pub progress: watch::Sender<Progress>,
    /// What has just come to lie outside the range of a plant's model.
    pub outside: mpsc::Sender<(PlantId, Outside)>,
}

/// Who listens to it.
#[derive(Debug)]
pub struct Listener {
    /// How far the plants are.
    pub progress: watch::Receiver<Progress>,
    /// What lies outside the range of a plant's model, when it begins.
    pub outside: mpsc::Receiver<(PlantId, Outside)>,
}

/// Lines that may wait for whoever shows them.
const ASIDES_WAITING: usize = 64;

impl Aside {
    /// Of plants that begin at `start`.
    pub fn new(start: Stamp) -> (Self, Listener) {
        let (progress, seen) = watch::channel(Progress::at(start));
        let (outside, heard) = mpsc::channel(ASIDES_WAITING);
        (Self { progress, outside }, Listener { progress: seen, outside: heard })
    }

    /// Says in the log and to whoever listens what has come to lie outside.
    pub(super) async fn say_outside(&self, new: Vec<(PlantId, Outside)>) {
        for (plant, outside) in new {
            let (limit, detail) = (outside.limit, outside.detail(Lang::En));
            let (id, sentence) = (limit.id(), limit.sentence(Lang::En));
            let at = outside.first;
            tracing::warn!(%plant, %at, "outside the model: {id}, {detail}: {sentence}");
            let _ = self.outside.send((plant, outside)).await; // nobody has to listen
        }
    }
}

/// Runs the plants until the scenario's end or a stop, and carries out `orders` between two steps;
/// every message is the broker's before it returns. Errors: besides others, `Undelivered` when a
/// stop leaves the broker five seconds only.
pub async fn simulate(
    mut company: Company,
    mut voices: Voices,
    pace: Pace,
    (aside, mut orders): (Aside, Orders),
    stop: Stop,
) -> Result<(), LiveError> {
    let mut metronome = Metronome::new(pace, company.now(), wall_now());
    let mut clock_due = wall_now();
    while !company.is_over() && !stop.is_set() {
        while let Some(given) = orders.waiting() {
            carry_out(given, &mut company, (&mut orders, &voices), &stop).await?;
        }
        let said = step(&mut company, &voices, pace).await?;
        let now = company.now();
        if let Some(due) = metronome.due(now) {
            // A step cut short by a stop is sent all the same: its messages have their numbers.
            loop {
                tokio::select! {
                    _ = stop.or_until(due) => break,
                    given = orders.next() => {
                        carry_out(given, &mut company, (&mut orders, &voices), &stop).await?;
                    }
                }
            }
        }
        let wall = wall_now();
        metronome.beat(now, wall);
        let clock = (wall >= clock_due).then(|| company.clock(wall, pace.speed())).flatten();
        if clock.is_some() {
            clock_due = wall + CLOCK;
        }
        voices = say_all(voices, clock.into_iter().chain(said), &stop).await?;
        aside.say_outside(company.new_outside()).await;
        let finished = company.is_over();
        let _ = aside.progress.send(Progress { now, finished, speed: metronome.real() });
    }
    for (plant, soundness) in company.unsound() {
        tracing::warn!(%plant, "the plant's numbers cannot be trusted: {soundness}");
    }
    let voices = say_all(voices, company.close(), &stop).await?;
    Ok(voices.drain_until(|| enough(stop.clone())).await?)
}

/// Says it all; gives the voices back. Errors: a stop leaves the broker five seconds only.
pub(super) async fn say_all(
    voices: Voices,
    said: impl IntoIterator<Item = Said>,
    stop: &Stop,
) -> Result<Voices, LiveError> {
    for message in said {
        tokio::select! {
            biased;
            sent = voices.say(message) => sent?,
            () = enough(stop.clone()) => return Err(voices.give_up().into()),
        }
    }
    Ok(voices)
}

/// Carries an order out now, which is the beginning of the next step, and says so to whoever has
/// sent it.
pub(super) async fn carry_out(
    given: Given,
    company: &mut Company,
    (orders, voices): (&mut Orders, &Voices),
    stop: &Stop,
) -> Result<(), LiveError> {
    let Some(answer) = orders.obey(company, given) else { return Ok(()) };
    tokio::select! {
        biased;
        said = voices.answer(answer) => said,
        () = enough(stop.clone()) => Ok(()), // the loop says what is left
    }
}

/// Goes one step on. Data tells the time too, by its `sent_at`; where a step of many plants takes
/// long, the clock tells it, so that nobody takes us for silent.
async fn step(company: &mut Company, voices: &Voices, pace: Pace) -> Result<Vec<Said>, LiveError> {
    let clock = company.clock(wall_now(), pace.speed());
    let mut step = std::pin::pin!(company.step());
    loop {
        tokio::select! {
            biased;
            said = &mut step => return Ok(said?),
            () = tokio::time::sleep(CLOCK_EVERY) => {
                if let Some(clock) = clock.clone() {
                    voices.say(clock).await?;
                }
            }
        }
    }
}

/// Returns some time after a stop: for what waits then, the broker may still answer.
pub(super) async fn enough(stop: Stop) {
    stop.wait().await;
    tokio::time::sleep(GOODBYE).await;
}
